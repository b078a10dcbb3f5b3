//! Lead scores against a count of each user's events by hand, and when time alone moves a lead.

use std::sync::LazyLock;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::{UserIdRef, UserIx};
use userops::log::EventLog;
use userops::playbook::{EvaluateOptions, Playbook};
use userops::rule::{Context, EventPattern, Rule, Subject, UnknownFold};
use userops::score::lead::{
    EventRule, Grades, LeadDefinition, LeadGroup, LeadOverride, LeadRule, LeadScores, PointGroup, explain_lead,
    list_lead_changes, list_lead_points, next_lead_change_at, score_lead, score_leads,
};
use userops::time::{MICROS_PER_DAY, Span, Timestamp};
use userops::value::{Value, ValueRef};

use crate::world::{Happening, World, as_of_ticks, level_of, matches, patterns, with_threads, worlds};

/// Rules that can be told from scratch: their text, and whether they hold for a user.
const RULES: [&str; 5] = [
    r#"user.plan == "free""#,
    "user.level >= 10",
    r#"count("order") >= 2"#,
    "count(last(days(5))) >= 1",
    r#"count("view", last(hours(30))) < 2"#,
];

fn holds(rule: usize, world: &World, user: i64, events: &[Happening], as_of: i64) -> Option<bool> {
    let since = |micros: i64| events.iter().filter(move |event| event.time > as_of - micros);
    Some(match rule {
        0 => world.plan[user as usize]? == "free",
        1 => level_of(user) >= 10,
        2 => events.iter().filter(|event| event.name == "order").count() >= 2,
        3 => since(5 * MICROS_PER_DAY).count() >= 1,
        _ => since(30 * MICROS_PER_DAY / 24).filter(|event| event.name == "view").count() < 2,
    })
}

/// The same, parsed once.
static PARSED: LazyLock<[Rule; 5]> = LazyLock::new(|| RULES.map(|text| Rule::parse(text).unwrap()));

fn rule_number(rule: &Rule) -> usize {
    PARSED.iter().position(|known| known == rule).unwrap()
}

fn folds() -> impl Strategy<Value = UnknownFold> {
    prop::sample::select(vec![UnknownFold::Out, UnknownFold::In])
}

fn limits() -> impl Strategy<Value = (Option<i64>, Option<i64>)> {
    prop_oneof![
        3 => Just((None, None)),
        3 => (0i64..50).prop_map(|max| (None, Some(max))),
        1 => (-20i64..10).prop_map(|min| (Some(min), None)),
        1 => (-20i64..10, 0i64..40).prop_map(|(min, width)| (Some(min), Some(min + width))),
    ]
}

fn event_rules() -> impl Strategy<Value = (EventPattern, i64, Option<u32>, Option<Span>, Option<Span>)> {
    let half_life = prop::sample::select(vec!["1h", "5d", "400d", "7us"]);
    let within = prop::sample::select(vec!["1h", "3d", "30d", "900d"]);
    let span = |text: Option<&str>| text.map(|text| text.parse::<Span>().unwrap());
    (
        patterns(),
        -15i64..40,
        prop::option::weighted(0.4, 1u32..4),
        prop::option::weighted(0.6, half_life).prop_map(span),
        prop::option::weighted(0.5, within).prop_map(span),
    )
}

type Rules = Vec<(usize, i64, UnknownFold)>;

fn rules(max: usize) -> impl Strategy<Value = Rules> {
    prop::collection::vec((0..RULES.len(), -20i64..60, folds()), 0..=max)
}

fn point_groups(groups_max: usize, events_max: usize) -> impl Strategy<Value = Vec<PointGroup>> {
    let group = (limits(), rules(2), prop::collection::vec(event_rules(), 0..=events_max));
    prop::collection::vec(group, 0..=groups_max).prop_map(|groups| {
        let built = groups.into_iter().enumerate().map(|(place, ((points_min, points_max), rules, events))| {
            let mut group = PointGroup { points_min, points_max, ..PointGroup::new(format!("g{place}")) };
            for (place, (rule, points, unknown)) in rules.into_iter().enumerate() {
                let when = PARSED[rule].clone();
                group.rules.push(LeadRule { name: format!("r{place}"), when, points, unknown });
            }
            for (place, (pattern, points, at_most, half_life, within)) in events.into_iter().enumerate() {
                let rule = EventRule::new(format!("e{place}"), points, pattern);
                group = group.event(EventRule { at_most, half_life, within, ..rule });
            }
            group
        });
        built.collect()
    })
}

/// The least and most points, and grades between them.
fn scales(letters: &'static str) -> impl Strategy<Value = (i64, i64, Grades)> {
    (prop::sample::select(vec![(0, 100), (-30, 40), (0, 12)]), prop::collection::btree_set(1i64..=70, 0..4)).prop_map(
        move |((min, max), cuts)| {
            let cuts: Vec<i64> = cuts.into_iter().rev().map(|cut| min + cut).filter(|cut| *cut <= max).collect();
            let names: Vec<String> = letters.chars().take(cuts.len() + 1).map(String::from).collect();
            (min, max, Grades::new(names, cuts))
        },
    )
}

fn definitions() -> impl Strategy<Value = LeadDefinition> {
    (
        (point_groups(2, 0), scales("ABCD")),
        (point_groups(3, 3), scales("1234")),
        limits(),
        prop::collection::vec(0usize..3, 16),
        prop::collection::vec((0..RULES.len(), 0usize..5, folds()), 0..3),
    )
        .prop_map(|((fit, fit_scale), (engagement, scale), (points_min, points_max), groups, overrides)| {
            let mut definition = LeadDefinition { points_min, points_max, ..LeadDefinition::new(fit, engagement) };
            let given = &mut definition.fit;
            (given.points_min, given.points_max, given.grades) = fit_scale;
            let given = &mut definition.engagement;
            (given.points_min, given.points_max, given.grades) = scale;
            definition.groups = (0..3).map(|place| LeadGroup::new(format!("q{place}"), [""; 0])).collect();
            let mut groups = groups.into_iter();
            for fit in &definition.fit.grades.names {
                for engagement in &definition.engagement.grades.names {
                    definition.groups[groups.next().unwrap()].cells.push(format!("{fit}{engagement}"));
                }
            }
            definition.overrides = overrides
                .into_iter()
                .map(|(rule, group, unknown)| LeadOverride {
                    group: format!("q{group}"),
                    when: PARSED[rule].clone(),
                    unknown,
                })
                .collect();
            definition
        })
}

/// Fit, engagement and both; cell and group.
type Row = (f64, f64, f64, String, String);

fn limited(points: f64, min: Option<i64>, max: Option<i64>) -> f64 {
    match (min, max) {
        (_, Some(max)) if points > max as f64 => max as f64,
        (Some(min), _) if points < min as f64 => min as f64,
        _ => points,
    }
}

/// What an event rule gives, by going through all events of the user.
fn naive_event_points(rule: &EventRule, events: &[Happening], as_of: i64) -> f64 {
    let pattern = EventPattern { events: rule.events.clone(), filter: rule.filter.clone() };
    let mut ages: Vec<i64> =
        events.iter().filter(|event| matches(&pattern, event)).map(|event| as_of - event.time).collect();
    ages.retain(|age| rule.within.is_none_or(|span| *age < span.as_micros()));
    ages.sort_unstable();
    ages.truncate(rule.at_most.map_or(usize::MAX, |most| most as usize));
    let worth = |age: &i64| rule.half_life.map_or(1.0, |half| libm::exp2(-(*age as f64) / half.as_micros() as f64));
    rule.points as f64 * ages.iter().map(worth).fold(0.0, |sum, worth| sum + worth)
}

fn naive(definition: &LeadDefinition, world: &World, user: i64, events: &[Happening], as_of: i64) -> Row {
    let given = |rule: &Rule, unknown: UnknownFold| {
        holds(rule_number(rule), world, user, events, as_of).unwrap_or(unknown == UnknownFold::In)
    };
    let dimension = |groups: &[PointGroup], min: i64, max: i64| {
        let mut sum = 0.0;
        for group in groups {
            let mut points = 0.0;
            for rule in &group.rules {
                points += if given(&rule.when, rule.unknown) { rule.points as f64 } else { 0.0 };
            }
            for rule in &group.events {
                points += naive_event_points(rule, events, as_of);
            }
            sum += limited(points, group.points_min, group.points_max);
        }
        limited(sum, Some(min), Some(max))
    };
    let grade = |grades: &Grades, points: f64| {
        let reached = grades.names.iter().zip(&grades.cuts).find(|(_, cut)| points >= **cut as f64);
        reached.map_or(grades.names[grades.names.len() - 1].clone(), |(name, _)| name.clone())
    };
    let (fit, engagement) = (&definition.fit, &definition.engagement);
    let fit_points = dimension(&fit.groups, fit.points_min, fit.points_max);
    let points = dimension(&engagement.groups, engagement.points_min, engagement.points_max);
    let cell = grade(&fit.grades, fit_points) + &grade(&engagement.grades, points);
    let group = match definition.overrides.iter().find(|one| given(&one.when, one.unknown)) {
        Some(one) => one.group.clone(),
        None => definition.groups.iter().find(|group| group.cells.contains(&cell)).unwrap().name.clone(),
    };
    let both = limited(fit_points + points, definition.points_min, definition.points_max);
    (fit_points, points, both, cell, group)
}

fn text(value: Option<ValueRef<'_>>) -> String {
    match value {
        Some(ValueRef::Text(text)) => text.to_owned(),
        other => panic!("{other:?} is no text"),
    }
}

/// The columns, a row per user.
fn rows(scores: &LeadScores) -> Vec<Row> {
    let columns = scores.columns().unwrap();
    let column = |name: &str| &columns.iter().find(|(known, _)| *known == name).unwrap().1;
    let float = |value: Option<ValueRef<'_>>| match value {
        Some(ValueRef::Integer(value)) => value as f64,
        Some(ValueRef::Float(value)) => value,
        other => panic!("{other:?} is no number"),
    };
    let row = |user: usize| {
        let cell = text(column("cell").get(user));
        assert_eq!(cell, text(column("fit_grade").get(user)) + &text(column("engagement_grade").get(user)));
        assert_eq!(Some(text(column("group").get(user)).as_str()), scores.group(UserIx(user as u32)));
        let points = ["fit_points", "engagement_points", "points"].map(|name| float(column(name).get(user)));
        (points[0], points[1], points[2], cell, text(column("group").get(user)))
    };
    (0..scores.len()).map(row).collect()
}

fn number(id: Option<UserIdRef<'_>>) -> i64 {
    match id {
        Some(UserIdRef::Integer(id)) => id,
        other => panic!("{other:?} is no number"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_600))]

    /// Four definitions and instants on each log: 10,400 random cases.
    #[test]
    fn scores_equal_a_count_by_hand(
        world in worlds(40), asked in prop::collection::vec((definitions(), as_of_ticks()), 4),
    ) {
        let log = world.log();
        for (definition, ticks) in asked {
            let as_of = world.as_of(ticks);
            let scores = score_leads(&log, &definition, as_of, &Context::default()).unwrap();
            let by_user = world.by_user(as_of);
            prop_assert_eq!(scores.len(), log.user_count());
            for (user, row) in rows(&scores).into_iter().enumerate() {
                let id = number(log.users().id(UserIx(user as u32)));
                prop_assert_eq!(row, naive(&definition, &world, id, &by_user[&id], as_of.as_micros()), "user {}", id);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_kernel_equals_the_scalar_function_however_the_log_is_cut(
        world in worlds(60), definition in definitions(), ticks in as_of_ticks(), threads in 1usize..4,
    ) {
        let (log, as_of, context) = (world.log(), world.as_of(ticks), Context::default());
        let scores = with_threads(threads, || score_leads(&log, &definition, as_of, &context)).unwrap();
        prop_assert_eq!(&score_leads(&log, &definition, as_of, &context).unwrap(), &scores);
        let backwards = world.arriving_backwards().log();
        prop_assert_eq!(&score_leads(&backwards, &definition, as_of, &context).unwrap(), &scores);

        let all = rows(&scores);
        let calendar = log.calendar(as_of);
        let points = list_lead_points(&log, &definition, as_of, &context).unwrap();
        for (user, row) in all.iter().enumerate() {
            let subject = Subject::new(&log, UserIx(user as u32), as_of, &calendar, &context);
            let score = score_lead(&definition, &subject).unwrap();
            let of_user = (score.fit.points, score.engagement.points, score.points, score.cell.clone(), score.group.clone());
            prop_assert_eq!(&of_user, row);
            for (dimension, part) in [("fit", &score.fit), ("engagement", &score.engagement)] {
                for group in &part.groups {
                    for rule in &group.rules {
                        let name = format!("{dimension}.{}.{}", group.group, rule.rule);
                        prop_assert_eq!(points.get(user, &name), Some(ValueRef::Float(rule.points)));
                    }
                }
            }
        }

        for rest in 0..2 {
            let part = world.log_of(|user| user % 2 == rest);
            let scores = score_leads(&part, &definition, as_of, &context).unwrap();
            let ids = (0..part.user_count()).map(|user| number(part.users().id(UserIx(user as u32))));
            let whole = ids.map(|id| all[log.users().find(id).unwrap().index()].clone()).collect::<Vec<_>>();
            prop_assert_eq!(rows(&scores), whole);
        }

        let counted = |table: &userops::table::Table| -> i64 {
            let count = |row| match table.get(row, "user_count") { Some(ValueRef::Integer(count)) => count, _ => 0 };
            (0..table.row_count()).map(count).sum()
        };
        prop_assert_eq!(counted(&scores.cell_table().unwrap()), log.user_count() as i64);
        prop_assert_eq!(counted(&scores.group_table().unwrap()), log.user_count() as i64);
        prop_assert_eq!(counted(&scores.move_table(&scores).unwrap()), log.user_count() as i64);
        prop_assert_eq!(scores.to_table(log.users()).unwrap().row_count(), log.user_count());
        let json = serde_json::to_string(&scores).unwrap();
        prop_assert_eq!(serde_json::from_str::<LeadScores>(&json).unwrap(), scores);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_200))]

    #[test]
    fn time_alone_moves_a_lead_when_it_is_foretold(
        world in worlds(30), definition in definitions(), ticks in as_of_ticks(), days in 1i64..400,
        looks in prop::collection::vec(0.0..1.0f64, 12),
    ) {
        let (log, as_of, context) = (world.log(), world.as_of(ticks), Context::default());
        let until = as_of.plus(Span::from_days(days));
        let calendar = log.calendar(as_of);
        for user in 0..log.user_count().min(3) {
            let subject = Subject::new(&log, UserIx(user as u32), as_of, &calendar, &context);
            let place = |instant: Timestamp| {
                let score = score_lead(&definition, &subject.at(instant)).unwrap();
                (score.cell, score.group)
            };
            let now = place(as_of);
            let change = next_lead_change_at(&definition, &subject, until).unwrap();
            if let Some((instant, score)) = &change {
                prop_assert!(as_of < *instant && *instant <= until);
                prop_assert_eq!(&place(*instant), &(score.cell.clone(), score.group.clone()));
                prop_assert_ne!(&place(*instant), &now);
                prop_assert_eq!(&place(instant.plus(Span::from_micros(-1))), &now);
            }
            let end = change.map_or(until, |(instant, _)| instant.plus(Span::from_micros(-1)));
            let width = end.as_micros() - as_of.as_micros();
            let looks = looks.iter().map(|share| (width as f64 * share) as i64);
            // Where events leave windows, or lose most of their worth.
            let edges = subject.events().time_micros().iter().flat_map(|time| {
                ["1h", "3d", "30d", "5d", "30h"].map(|span| time + span.parse::<Span>().unwrap().as_micros())
            });
            for instant in looks.chain(edges.map(|edge| edge - as_of.as_micros())).filter(|after| (0..=width).contains(after)) {
                prop_assert_eq!(&place(as_of.plus(Span::from_micros(instant))), &now, "{} µs after", instant);
            }
        }
    }
}

/// A user on a free plan who looked on the first day and opened two mails on the eleventh; a limit bites.
fn example() -> (World, LeadDefinition) {
    let day = |day: i64| 1_288_396_800_000_000 + day * MICROS_PER_DAY;
    let event = |time: i64, name: &'static str| Happening { user: 0, time, name, minor: None };
    let world = World {
        zone: "UTC",
        start: day(0),
        events: vec![event(day(0), "view"), event(day(10), "open"), event(day(10), "open")],
        created: vec![None; 8],
        plan: vec![Some("free"), None, None, None, None, None, None, None],
    };
    let definition = LeadDefinition::new(
        [PointGroup::new("firm").points_max(60).rule("free", 70, Rule::parse(RULES[0]).unwrap())],
        [
            PointGroup::new("trial").event(EventRule::new("seen", 80, "view").half_life(Span::from_days(10))),
            PointGroup::new("mail").event(EventRule::new("opened", 5, "open").at_most(1).within(Span::from_days(7))),
        ],
    );
    (world, definition)
}

#[test]
fn an_event_is_worth_all_at_its_instant_and_half_after_a_half_life() {
    let (world, definition) = example();
    let log = world.log();
    let score = |day: i64, micros: i64| {
        let as_of = world.as_of(day * 48).plus(Span::from_micros(micros));
        rows(&score_leads(&log, &definition, as_of, &Context::default()).unwrap())[0].clone()
    };
    let row = |fit: f64, engagement: f64, cell: &str, group: &str| {
        (fit, engagement, fit + engagement, cell.to_owned(), group.to_owned())
    };
    assert_eq!(score(0, -1), row(60.0, 0.0, "B4", "nurturing"), "nothing has happened yet");
    assert_eq!(score(0, 0), row(60.0, 80.0, "B1", "conversion"));
    assert_eq!(score(10, 0), row(60.0, 45.0, "B3", "nurturing"), "half of 80, and 5 for one mail of two");
    assert_eq!(score(17, -1).1, 5.0 + 80.0 * libm::exp2(-(17.0 * 86_400e6 - 1.0) / 864e9));
    assert_eq!(score(17, 0).1, 80.0 * libm::exp2(-1.7), "the mail is out");
}

#[test]
fn a_change_is_foretold_to_the_microsecond() {
    let (world, definition) = example();
    let log = world.log();
    let (context, as_of) = (Context::default(), world.as_of(0));
    let calendar = log.calendar(as_of);
    let subject = Subject::new(&log, UserIx(0), as_of, &calendar, &context);
    let (instant, score) =
        next_lead_change_at(&definition, &subject, as_of.plus(Span::from_days(30))).unwrap().unwrap();
    // 80 · 2^(−d / 10) is 75 after 10 · log2(80 / 75) days.
    let exact = 10.0 * 86_400e6 * (80.0f64 / 75.0).log2();
    assert_eq!(instant.since(as_of).as_micros(), exact.floor() as i64 + 1);
    assert_eq!((score.cell.as_str(), score.group.as_str()), ("B2", "conversion"));
    assert_eq!(next_lead_change_at(&definition, &subject, instant.plus(Span::from_micros(-1))).unwrap(), None);
    assert_eq!(next_lead_change_at(&definition, &subject, as_of).unwrap(), None);
    let list = list_lead_changes(&log, &definition, as_of, as_of.plus(Span::from_days(30)), &context).unwrap();
    assert_eq!((list.row_count(), list.get(0, "user")), (1, Some(ValueRef::Integer(0))));
    assert_eq!(list.get(0, "next_change_at"), Some(ValueRef::Time(instant)));
    assert_eq!((text(list.get(0, "cell")), text(list.get(0, "group"))), (score.cell, score.group));
}

#[test]
fn sums_that_rise_and_fall_are_foretold_too() {
    let (world, mut definition) = example();
    // It rises first, as the complaint is forgotten, from 40 past 50; later it falls past 50 again, and past 25.
    definition.engagement.groups = vec![
        PointGroup::new("trial")
            .event(EventRule::new("seen", 70, "view").half_life(Span::from_days(100)))
            .event(EventRule::new("complained", -30, "view").half_life(Span::from_days(1))),
    ];
    let log = world.log();
    let (context, as_of) = (Context::default(), world.as_of(0));
    let calendar = log.calendar(as_of);
    let mut subject = Subject::new(&log, UserIx(0), as_of, &calendar, &context);
    let mut cells = Vec::new();
    while let Some((instant, score)) =
        next_lead_change_at(&definition, &subject, as_of.plus(Span::from_days(400))).unwrap()
    {
        let points = |days: f64| 70.0 * libm::exp2(-days / 100.0) - 30.0 * libm::exp2(-days);
        let days = instant.since(as_of).as_days();
        let cut = if score.cell == "B4" { 25.0 } else { 50.0 };
        assert!((points(days) - cut).abs() < 1e-6, "{days} {}", points(days));
        cells.push(score.cell);
        subject = subject.at(instant);
    }
    assert_eq!(cells, ["B2", "B3", "B4"]);
}

#[test]
fn an_explanation_tells_limits_what_is_missing_and_what_time_does() {
    let (world, definition) = example();
    let definition = definition.override_group("service", Rule::parse(r#"count("order") >= 1"#).unwrap());
    let log = world.log();
    let (context, as_of) = (Context::default(), world.as_of(10 * 48));
    let calendar = log.calendar(as_of);
    let subject = Subject::new(&log, UserIx(0), as_of, &calendar, &context);
    let node = explain_lead(&definition, &subject).unwrap();
    assert_eq!((node.label.as_str(), node.value.clone()), ("lead", Some(Value::from("nurturing"))));
    assert!(node.find("override").is_none());
    let fit = node.find("fit").unwrap();
    assert_eq!(fit.value, Some(Value::Integer(60)));
    assert!(fit.find("group").unwrap().text.as_deref().unwrap().contains("70 cut down"), "{fit}");
    assert_eq!(fit.find("next_grade").unwrap().value, Some(Value::Integer(15)));
    let engagement = node.find("engagement").unwrap();
    assert_eq!(engagement.find("next_grade").unwrap().value, Some(Value::Integer(5)));
    let trial = engagement.find("group").unwrap().find("events").unwrap();
    assert_eq!(trial.value, Some(Value::Integer(40)));
    assert_eq!(trial.find("observed").unwrap().value, Some(Value::Integer(1)));
    // After the mail is out at 17 days there are 80 · 2^(−1.7) = 24.6 points, below 25.
    assert_eq!(node.find("next_change").unwrap().value, Some(Value::Time(world.as_of(17 * 48))));
    assert!(node.render().contains("time alone puts the user into cell B4"), "{node}");
}

#[test]
fn events_that_may_yet_occur_give_nothing() {
    let (world, mut definition) = example();
    let mail = &mut definition.engagement.groups[1];
    mail.events.insert(0, EventRule::new("never", 50, "never"));
    mail.events.insert(1, EventRule::new("either", 1, EventPattern::new(["never", "open"])));
    let as_of = world.as_of(10 * 48);
    let log = world.log();
    let row = |log: &EventLog, definition: &LeadDefinition| {
        rows(&score_leads(log, definition, as_of, &Context::default()).unwrap())[0].1
    };
    assert_eq!(row(&log, &definition), 47.0, "two mails by either rule, and one by the rule that counts one");
    // Where no events are declared, any name may yet occur, as in rules.
    let happened: Vec<Event> = log.events_of(UserIx(0)).iter().collect();
    let open = EventLog::from_events(EventSchema::default(), &happened).unwrap().0;
    definition.fit.groups.clear();
    definition.engagement.groups[1].events[0].events = vec!["some day".into()];
    assert_eq!(row(&open, &definition), 47.0);
}

#[test]
fn overrides_put_users_into_groups_whatever_their_grades() {
    let (world, definition) = example();
    let when = |text: &str| Rule::parse(text).unwrap();
    let mut definition = definition
        .override_group("service", when(r#"count("view") >= 1"#))
        .override_group("nurturing", when("count() >= 1"));
    let log = world.log();
    let group = |definition: &LeadDefinition| {
        let scores = score_leads(&log, definition, world.as_of(48), &Context::default()).unwrap();
        assert_eq!(scores.group_names, ["conversion", "nurturing", "disqualified", "service"]);
        scores.group(UserIx(0)).unwrap().to_owned()
    };
    assert_eq!(group(&definition), "service", "the first that holds");
    definition.overrides[0].when = when(r#"user.plan == "10""#);
    assert_eq!(group(&definition), "nurturing");
    definition.overrides[1].when = when(r#"user.plan != "free""#);
    assert_eq!(group(&definition), "conversion");
}

#[test]
fn definitions_that_contradict_themselves_are_refused() {
    type Change = fn(&mut LeadDefinition);
    let cases: &[(Change, ErrorKind, &str)] = &[
        (|d| d.fit.groups[0].name.clear(), ErrorKind::InvalidDefinition, "empty name"),
        (|d| d.engagement.groups[1].name = "trial".into(), ErrorKind::InvalidDefinition, "named twice"),
        (|d| d.fit.groups[0].rules[0].points = 10_001, ErrorKind::InvalidDefinition, "10000"),
        (
            |d| d.fit.groups[0].points_min = Some(61),
            ErrorKind::InvalidDefinition,
            "points_min 61 is above points_max 60",
        ),
        (|d| d.points_max = Some(-5_000_000_000), ErrorKind::InvalidDefinition, "beyond"),
        (|d| d.engagement.groups[0].events[0].at_most = Some(0), ErrorKind::InvalidDefinition, "at_most is 0"),
        (
            |d| d.engagement.groups[0].events[0].half_life = Some(Span::default()),
            ErrorKind::InvalidDefinition,
            "half_life is 0d",
        ),
        (
            |d| d.engagement.groups[0].events[0].within = Some(Span::from_days(-1)),
            ErrorKind::InvalidDefinition,
            "within is -1d",
        ),
        (|d| d.fit.groups = d.engagement.groups.clone(), ErrorKind::InvalidDefinition, "move it to engagement"),
        (|d| d.fit.points_max = 50, ErrorKind::InvalidDefinition, "begins at 75 where points run from 0 to 50"),
        (|d| d.fit.grades.cuts = vec![75, 75, 25], ErrorKind::InvalidDefinition, "descend"),
        (|d| d.fit.grades.names = vec!["A".into()], ErrorKind::InvalidDefinition, "1 grades and 3 cuts"),
        (|d| d.fit.grades = Grades::new(["A", "B"], [50]), ErrorKind::UnknownName, "\"C1\""),
        (|d| drop(d.groups[0].cells.pop()), ErrorKind::InvalidDefinition, "\"B2\" is in no group"),
        (|d| d.groups[1].cells.push("A1".into()), ErrorKind::InvalidDefinition, "\"conversion\" and \"nurturing\""),
        (|d| d.engagement.grades.names[3] = "1".into(), ErrorKind::InvalidDefinition, "named twice"),
        (|d| *d = d.clone().override_group("", Rule::All(vec![])), ErrorKind::InvalidDefinition, "empty name"),
        (
            |d| d.engagement.groups[0].events = vec![EventRule::new("x", 1, "view"); 65],
            ErrorKind::InvalidDefinition,
            "named twice",
        ),
        (
            |d| {
                let many = (0..65).map(|place| EventRule::new(format!("{place}"), 1, "view"));
                d.engagement.groups[0].events = many.collect();
            },
            ErrorKind::LimitExceeded,
            "64",
        ),
        (
            |d| d.engagement.groups[0].events[0].events = vec!["veiw".into()],
            ErrorKind::UnknownName,
            "did you mean \"view\"?",
        ),
        (
            |d| d.fit.groups[0].rules[0].when = Rule::parse("user.lvel >= 2").unwrap(),
            ErrorKind::UnknownName,
            "fit, group \"firm\", rule \"free\"",
        ),
        (|d| *d = d.clone().override_group("x", Rule::tag("vip")), ErrorKind::UnknownName, "override to \"x\""),
    ];
    let (world, definition) = example();
    let log = world.log();
    for (change, kind, part) in cases {
        let mut broken = definition.clone();
        change(&mut broken);
        let error = score_leads(&log, &broken, world.as_of(0), &Context::default()).unwrap_err();
        assert_eq!(error.kind(), *kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert!(serde_json::from_str::<LeadDefinition>(r#"{"fits": {}}"#).is_err());
    let read: LeadDefinition = serde_json::from_str(
        r#"{"fit": {"groups": [{"name": "firm", "points_max": 60, "rules": [{"name": "free", "points": 70, "when": "user.plan == \"free\""}]}]},
            "engagement": {"groups": [
                {"name": "trial", "events": [{"name": "seen", "points": 80, "events": ["view"], "half_life": "10d"}]},
                {"name": "mail", "events": [{"name": "opened", "points": 5, "events": ["open"], "at_most": 1, "within": "7d"}]}]}}"#,
    )
    .unwrap();
    assert_eq!(read, definition);
    assert_eq!(serde_json::from_str::<LeadDefinition>(&serde_json::to_string(&read).unwrap()).unwrap(), read);
}

/// A playbook with the lead score of [`example`], a tag that it uses, and a segment that uses it.
const SALES: &str = r#"version = 1
name = "sales"

[schema]
events = ["view", "order", "open", "never"]

[[tags]]
name = "free"
kind = { rule = 'user.plan == "free"' }

[[scores]]
name = "lead"
[[scores.kind.lead.fit.groups]]
name = "firm"
points_max = 60
rules = [{ name = "free", points = 70, when = 'has_tag("free")' }]
[[scores.kind.lead.engagement.groups]]
name = "trial"
events = [{ name = "seen", points = 80, events = ["view"], half_life = "10d" }]
[[scores.kind.lead.engagement.groups]]
name = "mail"
events = [
    { name = "opened", points = 5, events = ["open"], at_most = 1, within = "7d" },
]
[[scores.kind.lead.overrides]]
group = "service"
when = 'count("order") >= 1'

[[segments]]
name = "call"
when = 'score("lead.group") == "conversion" && score("lead.engagement_points") >= 75.0'
"#;

#[test]
fn a_playbook_gives_what_the_score_gives() {
    let (world, definition) = example();
    let (log, playbook) = (world.log(), Playbook::from_toml(SALES).unwrap());
    assert_eq!(Playbook::from_toml(&playbook.to_toml().unwrap()).unwrap(), playbook);
    assert_eq!(Playbook::from_json(&playbook.to_json().unwrap()).unwrap(), playbook);
    let options = EvaluateOptions::new();
    for day in [0, 10] {
        let as_of = world.as_of(day * 48);
        let outcome = playbook.evaluate(&log, as_of, &options).unwrap();
        let alone = score_leads(&log, &definition, as_of, &Context::default()).unwrap();
        let columns = alone.columns().unwrap().into_iter().map(|(name, column)| (name.to_owned(), column));
        let of_playbook = &outcome.score("lead").unwrap().columns;
        for ((name, column), (known, alone)) in of_playbook.iter().zip(columns) {
            assert_eq!(*name, known);
            let rows = 0..log.user_count();
            assert!(rows.into_iter().all(|row| column.get(row) == alone.get(row)), "{name} on day {day}");
        }
        assert_eq!(outcome.segment("call").unwrap().len(), usize::from(day == 0));
        assert_eq!(
            text(outcome.to_table(log.users()).unwrap().get(0, "score.lead.cell")),
            ["B1", "B3"][usize::from(day > 0)]
        );
        let node = playbook.explain(&log, &outcome, UserIx(0), &options).unwrap();
        let lead = node.find("scores").unwrap().find("lead").unwrap();
        assert_eq!(lead.value, Some(Value::from(alone.group(UserIx(0)).unwrap())));
    }
    let mut other = playbook.clone();
    let userops::score::ScoreKind::Lead(lead) = &mut other.scores[0].kind else { panic!("the score is none of leads") };
    lead.engagement.groups[0].events[0].half_life = None;
    assert_ne!(other.fingerprint().unwrap(), playbook.fingerprint().unwrap());
    let schema = Playbook::json_schema().to_string();
    assert!(["at_most", "half_life", "points_max", "overrides", "cells"].iter().all(|key| schema.contains(key)));
}

#[test]
fn a_playbook_names_the_place_of_what_is_wrong_with_a_lead_score() {
    let cases: [(&str, &str, &[&str]); 7] = [
        (
            r#"["open"]"#,
            r#"["opne"]"#,
            &["line 23", "engagement.groups[1].events[0].events[0]", "did you mean \"open\"?"],
        ),
        (
            r#"has_tag("free")"#,
            r#"has_tag("fere")"#,
            &["line 16", "fit.groups[0].rules[0].when", "did you mean \"free\"?"],
        ),
        (
            r#"count("order") >= 1"#,
            r#"count("odrer") >= 1"#,
            &["line 27", "overrides[0].when", "did you mean \"order\"?"],
        ),
        (
            "at_most = 1",
            "at_most = 0",
            &["line 11", "score \"lead\"", "group \"mail\"", "rule \"opened\"", "at_most is 0"],
        ),
        ("half_life", "halflife", &["line 19", "halflife"]),
        (r#"has_tag("free")"#, r#"score("lead.points") > 1.0"#, &["circle"]),
        (r#"score("lead.group")"#, r#"score("lead.gruop")"#, &["line 31", "did you mean \"lead.group\"?"]),
    ];
    for (from, to, words) in cases {
        let error = Playbook::from_toml(&SALES.replace(from, to)).unwrap_err().to_string();
        assert!(words.iter().all(|word| error.contains(word)), "{to}: {error}");
    }
}
