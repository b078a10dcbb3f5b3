//! Tags: columns against one user at a time against a naive judge, and the order between people and rules.

mod definition;
mod story;

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::id::UserIx;
use userops::rule::{AMOUNT, Context, EventQuery, Measure, Plan, Rule, Subject, Truth, UnknownFold, measure_users};
use userops::segment::{Segment, SegmentDefinition};
use userops::tag::{
    Band, Bands, Cases, ManualAction, ManualPolicy, ManualTag, ManualTags, Preference, TagColumn, TagDefinition,
    TagKind, TagMovement, TagTable, assign_tags, next_tag_change_at, rank_tag, tag_changes, tag_of,
};
use userops::time::{Span, Timestamp};
use userops::value::{Value, ValueRef};

use super::rule::generate::{Case, arbitrary_case, arbitrary_query};
use super::rule::naive::Naive;

/// The tags of all users, and the context with them in it.
fn assign(case: &Case, definitions: &[TagDefinition], list: &[ManualTag], as_of: Timestamp) -> (TagTable, Context) {
    let needs: Vec<_> = definitions.iter().map(TagDefinition::needs).collect();
    let rules = needs.iter().flat_map(|(rules, _)| rules.iter().copied());
    let measures = needs.iter().flat_map(|(_, measures)| measures.iter().copied());
    let plan = Plan::new(&case.log, rules, measures).unwrap();
    let measures = measure_users(&case.log, &plan, as_of).unwrap();
    let manual = ManualTags::new(definitions, case.log.users(), list).unwrap();
    let mut context = case.context.clone();
    let table = assign_tags(definitions, &measures, &case.log, as_of, &mut context, &manual).unwrap();
    (table, context)
}

/// What a definition says of a user, worked out naively; the naive judge sees earlier tags through its context.
fn naive_tag(
    definition: &TagDefinition,
    naive: &Naive<'_>,
    case: &Case,
    user: usize,
    acts: &[ManualTag],
    as_of: Timestamp,
) -> Vec<Value> {
    let decide =
        |truth: Truth| truth == Truth::True || (truth == Truth::Unknown && definition.unknown == UnknownFold::In);
    let computed: Vec<Value> = match &definition.kind {
        TagKind::Rule(rule) => vec![decide(naive.judge(rule)).into()],
        TagKind::Cases(cases) => {
            let found = cases.cases.iter().find(|case| decide(naive.judge(&case.when))).map(|case| case.value.clone());
            found.or(cases.otherwise.clone()).map(Value::from).into_iter().collect()
        }
        TagKind::Bands(bands) => naive_band(bands, naive).into_iter().collect(),
        TagKind::Value(measure) => naive.measure(measure).into_iter().collect(),
        TagKind::Preference(preference) => naive_preference(preference, naive, as_of),
        TagKind::Manual { values } if values.is_empty() => vec![false.into()],
        _ => Vec::new(),
    };
    let mine = acts.iter().enumerate().filter(|(_, act)| act.user == case.users[user] && act.tag == definition.name);
    let visible = mine.filter(|(_, act)| act.at <= as_of && act.expires.is_none_or(|expires| expires > as_of));
    let Some((_, act)) = visible.max_by_key(|(index, act)| (act.at, *index)) else { return computed };
    let has = computed.first().is_some_and(|value| *value != Value::Bool(false));
    if has && definition.manual == ManualPolicy::RuleFirst {
        return computed;
    }
    let flag = matches!(computed.first(), Some(Value::Bool(_)));
    match (act.action, &act.value) {
        (ManualAction::Remove, _) if flag => vec![false.into()],
        (ManualAction::Remove, _) => Vec::new(),
        (ManualAction::Add, None) => vec![true.into()],
        (ManualAction::Add, Some(value)) => {
            let top = if let TagKind::Preference(preference) = &definition.kind { preference.top } else { 1 };
            let mut values = vec![value.clone()];
            values.extend(computed.into_iter().filter(|other| other != value));
            values.truncate(usize::from(top));
            values
        }
    }
}

fn naive_band(bands: &Bands, naive: &Naive<'_>) -> Option<Value> {
    let money = bands.measure.property() == Some(AMOUNT) && !matches!(bands.measure, Measure::Distinct { .. });
    // Integers of the tests are far below 2⁵³, so floats hold them; money is in cents.
    let number = match naive.measure(&bands.measure)? {
        Value::Integer(value) => value as f64,
        Value::Float(value) => value,
        other => panic!("{other:?} is no number"),
    };
    let number = if money { number / 100.0 } else { number };
    let from = |band: &Band| match band.from {
        Value::Integer(from) => from as f64,
        Value::Float(from) => from,
        _ => panic!("a band from {:?}", band.from),
    };
    let band = bands.bands.iter().rev().find(|band| number >= from(band));
    band.map(|band| &band.label).or(bands.below.as_ref()).map(|label| label.as_str().into())
}

fn naive_preference(preference: &Preference, naive: &Naive<'_>, as_of: Timestamp) -> Vec<Value> {
    let Some(events) = naive.matching(&preference.over) else { return Vec::new() };
    let half_life = preference.half_life.as_micros();
    // How many half-lives have begun since 1970, and the power of 2 of what is left over.
    let split = |time: Timestamp| {
        let rest = time.as_micros().rem_euclid(half_life) as f64 / half_life as f64;
        (time.as_micros().div_euclid(half_life), rest.exp2())
    };
    let scaled = |weight: f64, halvings: i64| weight * 2f64.powi(-halvings as i32);
    // Each in units of its own last event, so that no number becomes too small.
    let mut weights: BTreeMap<String, (f64, i64)> = BTreeMap::new();
    for event in events {
        let Some(Value::Text(value)) = event.properties.get(&preference.property) else { continue };
        let weight = match preference.weight.as_deref() {
            None => Some(1.0),
            Some(AMOUNT) => event.amount.map(|amount| amount.minor() as f64 / 100.0),
            Some(name) => event.properties.get(name).map(|value| match value {
                Value::Integer(value) => *value as f64,
                Value::Float(value) => *value,
                other => panic!("{other:?} is no weight"),
            }),
        };
        let Some(weight) = weight else { continue };
        let (begun, power) = split(event.time);
        let sum = weights.entry(value.to_string()).or_insert((0.0, begun));
        *sum = (scaled(sum.0, begun - sum.1) + weight * power, begun);
    }
    let (begun, power) = split(as_of);
    weights.retain(|_, (sum, last)| *sum > 0.0 && scaled(*sum / power, begun - *last) >= preference.weight_min);
    let mut ranked: Vec<(String, (f64, i64))> = weights.into_iter().collect();
    // As numbers from 1 to 2 and how often they were doubled.
    for (_, (sum, doublings)) in &mut ranked {
        while *sum >= 2.0 {
            (*sum, *doublings) = (*sum / 2.0, *doublings + 1);
        }
        while *sum < 1.0 {
            (*sum, *doublings) = (*sum * 2.0, *doublings - 1);
        }
    }
    // Stable: equal weights stay in order of text.
    ranked.sort_by(|(_, a), (_, b)| (b.1, b.0).partial_cmp(&(a.1, a.0)).unwrap());
    ranked.into_iter().take(usize::from(preference.top)).map(|(value, _)| value.into()).collect()
}

fn preference(over: EventQuery) -> impl Strategy<Value = Preference> {
    (
        1u8..5,
        prop::sample::select(vec![1i64, 24, 24 * 14]),
        prop::option::of(prop::sample::select(vec![AMOUNT, "qty", "weight"])),
        prop::sample::select(vec![0.0, 0.0, 0.25, 1.0]),
    )
        .prop_map(move |(top, hours, weight, weight_min)| Preference {
            weight: weight.map(str::to_owned),
            ..Preference::new("sku", over.clone(), Span::from_hours(hours)).top(top).weight_min(weight_min)
        })
}

fn bands(over: &EventQuery) -> impl Strategy<Value = Bands> + use<> {
    let property = |property: &str| Measure::Sum { property: property.into(), over: over.clone() };
    let measure = prop::sample::select(vec![
        Measure::Count(over.clone()),
        Measure::DaysSinceLast(over.clone()),
        property(AMOUNT),
        property("weight"),
        Measure::attribute("level"),
    ]);
    let bounds = prop::collection::btree_set(-6i32..9, 1..4);
    (measure, bounds, any::<bool>(), prop::option::of(Just("below".to_owned()))).prop_map(
        |(measure, bounds, halves, below)| {
            let band = |(index, bound): (usize, i32)| {
                let from = if halves { Value::Float(f64::from(bound) / 2.0) } else { Value::Integer(i64::from(bound)) };
                Band::new(format!("band {index}"), from)
            };
            Bands { measure, bands: bounds.into_iter().enumerate().map(band).collect(), below }
        },
    )
}

/// Every kind of tag, over the rules of the case; the last ones build on earlier ones.
fn definitions(rules: Vec<Rule>, over: EventQuery) -> impl Strategy<Value = Vec<TagDefinition>> {
    let folds = prop::collection::vec(prop::sample::select(vec![UnknownFold::Out, UnknownFold::In]), 2);
    let policies =
        prop::collection::vec(prop::sample::select(vec![ManualPolicy::ManualFirst, ManualPolicy::RuleFirst]), 7);
    (folds, policies, preference(over.clone()), bands(&over), any::<bool>()).prop_map(
        move |(folds, policies, preference, bands, has_otherwise)| {
            let cases = Cases::default().case("first", rules[1].clone()).case("second", rules[2].clone());
            let cases = cases.case("third", rules[3].clone());
            let cases = if has_otherwise { cases.otherwise("none of them") } else { cases };
            let built = Rule::tag("cases").and(Rule::tag("flag_here")).or(rules[4].clone());
            let manual =
                |values: &[&str]| TagKind::Manual { values: values.iter().map(|value| (*value).into()).collect() };
            vec![
                TagDefinition::rule("flag_here", rules[0].clone()).unknown(folds[0]).manual(policies[0]),
                TagDefinition::new("cases", TagKind::Cases(cases)).unknown(folds[1]).manual(policies[1]),
                TagDefinition::new("bands", TagKind::Bands(bands)).manual(policies[2]),
                TagDefinition::new("likes", TagKind::Preference(preference)).manual(policies[3]),
                TagDefinition::new("count", TagKind::Value(Measure::Count(over.clone()))),
                TagDefinition::new("by_hand", manual(&[])).manual(policies[4]),
                TagDefinition::new("one_of", manual(&["a", "b"])).manual(policies[5]),
                TagDefinition::rule("built", built).manual(policies[6]),
            ]
        },
    )
}

/// Acts of people around `as_of`, some of them at one instant.
fn acts(case: &Case) -> impl Strategy<Value = Vec<ManualTag>> + use<> {
    let (users, as_of) = (case.users.clone(), case.as_of);
    let tags = prop::sample::select(vec!["flag_here", "cases", "bands", "likes", "by_hand", "one_of", "built"]);
    let act = (any::<prop::sample::Index>(), tags, any::<bool>(), -3i64..2, prop::option::of(1i64..4), any::<bool>());
    prop::collection::vec(act, 0..14).prop_map(move |acts| {
        let act =
            |(user, tag, adds, hours, lasts, second): (prop::sample::Index, &str, bool, i64, Option<i64>, bool)| {
                let at = as_of.plus(Span::from_hours(hours));
                let mut act = ManualTag::add(users[user.index(users.len())].clone(), tag, "ann", at);
                act.expires = lasts.map(|hours| at.plus(Span::from_hours(hours)));
                let values = match tag {
                    "cases" => ["first", "third"],
                    "bands" => ["band 0", "band 0"],
                    "likes" => ["red", "never bought"],
                    "one_of" => ["a", "b"],
                    _ => return if adds { act } else { ManualTag { action: ManualAction::Remove, ..act } },
                };
                if adds {
                    act.value(values[usize::from(second)])
                } else {
                    ManualTag { action: ManualAction::Remove, ..act }
                }
            };
        acts.into_iter().map(act).collect()
    })
}

fn arbitrary_tags() -> impl Strategy<Value = (Case, Vec<TagDefinition>, Vec<ManualTag>)> {
    arbitrary_case().prop_flat_map(|case| {
        let over = arbitrary_query(case.as_of);
        let rules = case.rules.clone();
        let definitions = over.prop_flat_map(move |over| definitions(rules.clone(), over));
        let acts = acts(&case);
        (Just(case), definitions, acts)
    })
}

/// The value of a user as the columns have it, ranks included.
fn column_values(tag: &TagColumn, user: usize) -> Vec<Value> {
    let columns = std::iter::once(tag.values()).chain(tag.ranks());
    columns.map_while(|column| column.get(user)).map(ValueRef::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn columns_equal_the_scalar_function_and_the_naive_judge((case, definitions, list) in arbitrary_tags()) {
        let (table, context) = assign(&case, &definitions, &list, case.as_of);
        let manual = ManualTags::new(&definitions, case.log.users(), &list).unwrap();
        let calendar = case.log.calendar(case.as_of);
        // The naive judge reads its case's context, which the tags have joined.
        let case = Case { context, ..case };
        for user in 0..case.users.len() {
            let subject = Subject::new(&case.log, UserIx(user as u32), case.as_of, &calendar, &case.context);
            let naive = Naive::new(&case, user);
            for definition in &definitions {
                let tag = table.tag(&definition.name).unwrap();
                let columns = column_values(tag, user);
                let scalar = rank_tag(definition, &subject, &manual).unwrap();
                prop_assert_eq!(&columns, &scalar, "{:?} of user {}", definition, user);
                prop_assert_eq!(tag_of(definition, &subject, &manual).unwrap(), scalar.first().cloned());
                let naive = naive_tag(definition, &naive, &case, user, &list, case.as_of);
                prop_assert_eq!(&scalar, &naive, "{:?} of user {}", definition, user);
                let value = scalar.first().filter(|value| **value != Value::Bool(false));
                prop_assert_eq!(tag.value(UserIx(user as u32)).map(ValueRef::to_owned), value.cloned());
            }
        }
    }

    #[test]
    fn an_explanation_holds_the_value_and_the_next_change((case, definitions, list) in arbitrary_tags()) {
        let (_, context) = assign(&case, &definitions, &list, case.as_of);
        let manual = ManualTags::new(&definitions, case.log.users(), &list).unwrap();
        let calendar = case.log.calendar(case.as_of);
        for user in 0..case.users.len() {
            let subject = Subject::new(&case.log, UserIx(user as u32), case.as_of, &calendar, &context);
            for definition in &definitions {
                let explanation = definition.explain(&subject, &manual).unwrap();
                let value = tag_of(definition, &subject, &manual).unwrap();
                prop_assert_eq!(&explanation.label, &definition.name);
                prop_assert_eq!(&explanation.value, &value, "{}", explanation.render());
                let change = explanation.find("next_change").unwrap();
                let until = case.as_of.plus(userops::tag::LOOKAHEAD);
                let next = next_tag_change_at(definition, &subject, &manual, until).unwrap();
                prop_assert_eq!(change.value.clone(), next.map(|(at, _)| Value::Time(at)));
            }
        }
    }

    #[test]
    fn nothing_changes_before_the_next_change(
        (case, definitions, list) in arbitrary_tags(),
        part in 0.0..1.0f64,
    ) {
        let manual = ManualTags::new(&definitions, case.log.users(), &list).unwrap();
        let calendar = case.log.calendar(case.as_of);
        let until = case.as_of.plus(Span::from_days(60));
        let (_, context) = assign(&case, &definitions, &list, case.as_of);
        for user in 0..case.users.len() {
            let subject = Subject::new(&case.log, UserIx(user as u32), case.as_of, &calendar, &context);
            for definition in &definitions {
                if matches!(definition.kind, TagKind::Value(_)) {
                    continue;
                }
                let now = tag_of(definition, &subject, &manual).unwrap();
                let next = next_tag_change_at(definition, &subject, &manual, until).unwrap();
                let at = |instant: Timestamp| tag_of(definition, &subject.at(instant), &manual).unwrap();
                let end = next.as_ref().map_or(until, |(next, _)| next.plus(Span::from_micros(-1)));
                let span = (end.as_micros() - case.as_of.as_micros()) as f64;
                let between = case.as_of.plus(Span::from_micros((span * part) as i64));
                prop_assert_eq!(&at(between), &now, "at {} before {:?} of {:?}", between, next, definition);
                prop_assert_eq!(&at(end), &now, "just before {:?} of {:?}", next, definition);
                if let Some((next, then)) = next {
                    prop_assert_ne!(&then, &now);
                    prop_assert_eq!(&at(next), &then);
                }
            }
        }
    }

    #[test]
    fn time_alone_does_not_turn_a_preference(
        (case, preference) in arbitrary_case().prop_flat_map(|case| (Just(case), preference(EventQuery::default()))),
        later in 0i64..400 * 24 * 3_600_000_000,
    ) {
        let definition = TagDefinition::new("likes", TagKind::Preference(preference.weight_min(0.0)));
        let manual = ManualTags::default();
        let calendar = case.log.calendar(case.as_of);
        for user in 0..case.users.len() {
            let subject = Subject::new(&case.log, UserIx(user as u32), case.as_of, &calendar, &case.context);
            let now = rank_tag(&definition, &subject, &manual).unwrap();
            let then = subject.at(case.as_of.plus(Span::from_micros(later)));
            prop_assert_eq!(&now, &rank_tag(&definition, &then, &manual).unwrap());
            let until = case.as_of.plus(Span::from_days(10_000));
            prop_assert_eq!(next_tag_change_at(&definition, &subject, &manual, until).unwrap(), None);
        }
    }

    #[test]
    fn changes_are_those_of_each_user((case, definitions, list) in arbitrary_tags(), days in 0i64..30) {
        let later = case.as_of.plus(Span::from_days(days));
        let (before, _) = assign(&case, &definitions, &list, case.as_of);
        let (after, _) = assign(&case, &definitions, &list, later);
        let changes = tag_changes(&before, &after).unwrap();
        let mut rows = 0;
        for diff in &changes.tags {
            let (earlier, later) = (before.tag(&diff.tag).unwrap(), after.tag(&diff.tag).unwrap());
            for user in 0..case.users.len() {
                let user = UserIx(user as u32);
                let values = (earlier.value(user).map(ValueRef::to_owned), later.value(user).map(ValueRef::to_owned));
                let movement = match &values {
                    (None, Some(_)) => Some(TagMovement::Gained),
                    (Some(_), None) => Some(TagMovement::Lost),
                    (before, after) => (before != after).then_some(TagMovement::Changed),
                };
                let change = diff.changes.iter().find(|change| change.user == user);
                prop_assert_eq!(change.map(|change| change.movement), movement);
                if let Some(change) = change {
                    prop_assert_eq!((change.before.clone(), change.after.clone()), values);
                }
            }
            rows += diff.changes.len();
            let moved = |movement| diff.count(movement) as i64;
            let growth = later.holder_count() as i64 - earlier.holder_count() as i64;
            prop_assert_eq!(growth, moved(TagMovement::Gained) - moved(TagMovement::Lost), "holders are conserved");
        }
        prop_assert_eq!(changes.to_table(case.log.users()).unwrap().row_count(), rows);
        prop_assert!(tag_changes(&after, &after).unwrap().tags.iter().all(|diff| diff.changes.is_empty()));
        let nothing = TagTable::new(case.as_of, case.users.len());
        for diff in &tag_changes(&nothing, &after).unwrap().tags {
            prop_assert_eq!(diff.count(TagMovement::Gained), after.tag(&diff.tag).unwrap().holder_count());
        }
    }

    #[test]
    fn segments_equal_their_scalar_function_and_the_naive_judge(
        case in arbitrary_case(),
        fold in prop::sample::select(vec![UnknownFold::Out, UnknownFold::In]),
        lists in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>()), 0..5),
    ) {
        let mut definition = SegmentDefinition::new("some", case.rules[0].clone()).unknown(fold);
        for (user, includes) in lists {
            let id = case.users[user.index(case.users.len())].clone();
            if includes { definition.include.push(id) } else { definition.exclude.push(id) }
        }
        let plan = Plan::new(&case.log, [&definition.when], []).unwrap();
        let measures = measure_users(&case.log, &plan, case.as_of).unwrap();
        let segment: Segment = definition.assign(&measures, case.log.users(), &case.context).unwrap();
        let calendar = case.log.calendar(case.as_of);
        for (user, id) in case.users.iter().enumerate() {
            let subject = Subject::new(&case.log, UserIx(user as u32), case.as_of, &calendar, &case.context);
            let truth = Naive::new(&case, user).judge(&definition.when);
            let by_rule = truth == Truth::True || (truth == Truth::Unknown && fold == UnknownFold::In);
            let naive = (by_rule || definition.include.contains(id)) && !definition.exclude.contains(id);
            prop_assert_eq!(segment.contains(UserIx(user as u32)), naive);
            prop_assert_eq!(definition.judge(&subject).unwrap(), naive);
            prop_assert_eq!(definition.explain(&subject).unwrap().value, Some(Value::Bool(naive)));
        }
    }
}
