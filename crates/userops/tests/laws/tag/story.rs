//! Tags worked out by hand.

use userops::event::{Event, EventSchema};
use userops::explanation::Explanation;
use userops::id::UserIx;
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::{Context, EventQuery, Measure, Plan, Rule, Subject, measure_users};
use userops::segment::{Movement, SegmentDefinition, diff_segments, explain_moves};
use userops::tag::{
    Band, Bands, ManualPolicy, ManualTag, ManualTags, Preference, TagDefinition, TagKind, TagMovement, TagTable,
    assign_tags, tag_changes, tag_of,
};
use userops::time::{Span, Timestamp};
use userops::value::{Value, ValueRef};

fn at(day: &str) -> Timestamp {
    format!("2026-{day}T12:00:00Z").parse().unwrap()
}

fn order(user: &str, day: &str, cents: i64, sku: &str) -> Event {
    Event::new(user, at(day), "order").with_amount(Money::from_minor(cents)).with_property("sku", sku)
}

/// Ann orders twice, bob once, cai never.
fn log() -> EventLog {
    let events = [
        order("ann", "01-01", 999, "tea"),
        order("ann", "01-31", 1_000, "milk"),
        order("bob", "01-15", 5_000, "tea"),
        Event::new("cai", at("01-02"), "view"),
    ];
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

const ANN: UserIx = UserIx(0);
const BOB: UserIx = UserIx(1);
const CAI: UserIx = UserIx(2);

fn assign(log: &EventLog, tags: &[TagDefinition], list: &[ManualTag], as_of: Timestamp) -> (TagTable, Context) {
    let needs: Vec<_> = tags.iter().map(TagDefinition::needs).collect();
    let rules = needs.iter().flat_map(|(rules, _)| rules.iter().copied());
    let measures = needs.iter().flat_map(|(_, measures)| measures.iter().copied());
    let plan = Plan::new(log, rules, measures).unwrap();
    let measures = measure_users(log, &plan, as_of).unwrap();
    let manual = ManualTags::new(tags, log.users(), list).unwrap();
    let mut context = Context::default();
    let table = assign_tags(tags, &measures, log, as_of, &mut context, &manual).unwrap();
    (table, context)
}

fn recent_buyer() -> TagDefinition {
    TagDefinition::rule("recent", Measure::count(EventQuery::new(["order"]).last_days(30)).at_least(1i64))
}

#[test]
fn a_tag_comes_the_moment_it_holds_and_goes_the_moment_it_does_not() {
    let log = log();
    let tags = [recent_buyer()];
    let micro = Span::from_micros(1);
    let entered = at("01-15");
    let left = entered.plus(Span::from_days(30));
    for (as_of, has) in [
        (entered.plus(Span::from_micros(-1)), false),
        (entered, true),
        (left.plus(Span::from_micros(-1)), true),
        (left, false),
        (left.plus(micro), false),
    ] {
        assert_eq!(assign(&log, &tags, &[], as_of).0.tag("recent").unwrap().has(BOB), has, "as of {as_of}");
    }
    let context = Context::default();
    let calendar = log.calendar(entered);
    let subject = Subject::new(&log, BOB, entered, &calendar, &context);
    let explanation = tags[0].explain(&subject, &ManualTags::default()).unwrap();
    assert_eq!(explanation.value, Some(Value::Bool(true)));
    assert_eq!(explanation.find("next_change").unwrap().value, Some(Value::Time(left)), "{explanation}");
    assert!(explanation.find("rule").is_some());
}

#[test]
fn a_person_comes_before_the_rules_or_after_them() {
    let log = log();
    let list = [
        ManualTag::add("cai", "recent", "eve", at("01-10")).reason("a friend").expires(at("01-20")),
        ManualTag::remove("bob", "recent", "eve", at("01-16")),
    ];
    let has = |policy: ManualPolicy, day: &str| {
        let (table, _) = assign(&log, &[recent_buyer().manual(policy)], &list, at(day));
        [ANN, BOB, CAI].map(|user| table.tag("recent").unwrap().has(user))
    };
    assert_eq!(has(ManualPolicy::ManualFirst, "01-09"), [true, false, false]);
    assert_eq!(has(ManualPolicy::ManualFirst, "01-15"), [true, true, true]);
    assert_eq!(has(ManualPolicy::ManualFirst, "01-17"), [true, false, true], "taken off bob, whatever the rules say");
    assert_eq!(has(ManualPolicy::RuleFirst, "01-17"), [true, true, true], "the rules give it to bob");
    assert_eq!(has(ManualPolicy::ManualFirst, "01-20"), [true, false, false], "gone at its expiry");

    let tag = recent_buyer();
    let manual = ManualTags::new(std::slice::from_ref(&tag), log.users(), &list).unwrap();
    let (context, calendar) = (Context::default(), log.calendar(at("01-17")));
    let cai = Subject::new(&log, CAI, at("01-17"), &calendar, &context);
    let explanation = tag.explain(&cai, &manual).unwrap();
    let act = explanation.find("manual").unwrap();
    assert_eq!(act.find("author").unwrap().value, Some("eve".into()));
    assert_eq!(act.find("at").unwrap().value, Some(Value::Time(at("01-10"))));
    assert_eq!(act.find("reason").unwrap().value, Some("a friend".into()));
    assert_eq!(act.find("expires").unwrap().value, Some(Value::Time(at("01-20"))));
    assert!(act.text.as_deref().unwrap().starts_with("put on by eve, until 2026-01-20"), "{act}");
    assert_eq!(explanation.find("next_change").unwrap().value, Some(Value::Time(at("01-20"))));
}

#[test]
fn the_latest_act_that_has_not_expired_counts() {
    let log = log();
    let tag = TagDefinition::new("tier", TagKind::Manual { values: vec!["gold".into(), "silver".into()] });
    let add = |value: &str, day: &str| ManualTag::add("ann", "tier", "eve", at(day)).value(value);
    let list = [
        add("silver", "01-01"),
        add("gold", "01-05").expires(at("01-10")),
        ManualTag::remove("ann", "tier", "eve", at("01-20")),
        add("gold", "01-25"),
        add("silver", "01-25"),
    ];
    let manual = ManualTags::new(std::slice::from_ref(&tag), log.users(), &list).unwrap();
    let (context, calendar) = (Context::default(), log.calendar(at("02-01")));
    for (day, value) in [
        ("01-04", Some("silver")),
        ("01-05", Some("gold")),
        ("01-10", Some("silver")),
        ("01-20", None),
        ("01-25", Some("silver")),
    ] {
        let ann = Subject::new(&log, ANN, at(day), &calendar, &context);
        assert_eq!(tag_of(&tag, &ann, &manual).unwrap(), value.map(Value::from), "on {day}");
        let (table, _) = assign(&log, std::slice::from_ref(&tag), &list, at(day));
        assert_eq!(table.tag("tier").unwrap().value(ANN), value.map(ValueRef::Text), "on {day}");
    }
}

#[test]
fn bands_of_money_are_in_major_units_and_explain_the_next_one() {
    let log = log();
    let bands = Bands {
        measure: Measure::sum("amount", "order"),
        bands: vec![Band::new("some", 0.01), Band::new("more", 19.99), Band::new("much", 50i64)],
        below: Some("nothing".into()),
    };
    let tag = TagDefinition::new("spend", TagKind::Bands(bands));
    let (table, context) = assign(&log, std::slice::from_ref(&tag), &[], at("02-01"));
    let value = |user| table.tag("spend").unwrap().value(user);
    assert_eq!(value(ANN), Some(ValueRef::Text("more")), "9.99 and 10.00 are 19.99");
    assert_eq!(value(BOB), Some(ValueRef::Text("much")));
    assert_eq!(value(CAI), Some(ValueRef::Text("nothing")));
    let calendar = log.calendar(at("02-01"));
    let ann = Subject::new(&log, ANN, at("02-01"), &calendar, &context);
    let explanation = tag.explain(&ann, &ManualTags::default()).unwrap();
    let band = explanation.find("band").unwrap();
    assert_eq!((band.value.clone(), band.text.as_deref()), (Some("more".into()), Some("from 19.99 to below 50")));
    assert_eq!(explanation.find("next_band").unwrap().value, Some("much".into()));
}

#[test]
fn a_preference_halves_with_age() {
    let log = log();
    // On 31 January the tea of the first is two half-lives old: 9.99 / 4 against 10.00 for the milk.
    let preference = Preference::new("sku", "order", Span::from_days(15)).top(2).weight("amount");
    let tag = TagDefinition::new("likes", TagKind::Preference(preference.clone()));
    let (table, context) = assign(&log, std::slice::from_ref(&tag), &[], at("01-31"));
    let likes = table.tag("likes").unwrap();
    assert_eq!(likes.ranked(ANN), [ValueRef::Text("milk"), ValueRef::Text("tea")]);
    assert_eq!((likes.ranked(BOB), likes.ranked(CAI)), (vec![ValueRef::Text("tea")], vec![]));
    let columns: Vec<String> = {
        let table = table.to_table(log.users()).unwrap();
        table.columns().map(|(name, _)| name.to_owned()).collect()
    };
    assert_eq!(columns, ["user", "likes", "likes.2"]);
    let calendar = log.calendar(at("01-31"));
    let ann = Subject::new(&log, ANN, at("01-31"), &calendar, &context);
    let explanation = tag.explain(&ann, &ManualTags::default()).unwrap();
    let weights: Vec<&str> =
        explanation.parts.iter().filter(|part| part.label == "rank").filter_map(|part| part.text.as_deref()).collect();
    assert!(
        weights[0].starts_with("rank 1, weight 10.000") && weights[1].starts_with("rank 2, weight 2.498"),
        "{weights:?}"
    );

    let enough = TagDefinition::new("likes", TagKind::Preference(preference.weight_min(2.5)));
    let (table, _) = assign(&log, std::slice::from_ref(&enough), &[], at("01-31"));
    assert_eq!(table.tag("likes").unwrap().ranked(ANN), [ValueRef::Text("milk")]);
}

#[test]
fn equal_preferences_are_in_order_of_text() {
    let events = [order("ann", "01-01", 1, "tea"), order("ann", "01-01", 1, "milk")];
    let log = EventLog::from_events(EventSchema::default(), &events).unwrap().0;
    let tag =
        TagDefinition::new("likes", TagKind::Preference(Preference::new("sku", "order", Span::from_days(1)).top(2)));
    let (table, _) = assign(&log, std::slice::from_ref(&tag), &[], at("01-03"));
    assert_eq!(table.tag("likes").unwrap().ranked(ANN), [ValueRef::Text("milk"), ValueRef::Text("tea")]);
}

#[test]
fn gains_and_losses_between_two_instants_are_a_table() {
    let log = log();
    let tags = [
        recent_buyer(),
        TagDefinition::rule("recent_friend", Rule::tag("recent").and(Rule::Users(vec!["ann".into()]))),
    ];
    let (before, _) = assign(&log, &tags, &[], at("01-20"));
    let (after, _) = assign(&log, &tags, &[], at("02-20"));
    let changes = tag_changes(&before, &after).unwrap();
    let recent = changes.tag("recent").unwrap();
    assert_eq!((recent.count(TagMovement::Gained), recent.count(TagMovement::Lost)), (0, 1));
    assert_eq!(recent.changes[0].user, BOB);
    assert!(changes.tag("recent_friend").unwrap().changes.is_empty());
    let table = changes.to_table(log.users()).unwrap();
    let row =
        ["tag", "user", "change", "before", "after"].map(|name| table.get(0, name).map(|value| value.to_string()));
    assert_eq!(
        row,
        [Some("recent"), Some("bob"), Some("lost"), Some("true"), None].map(|text| text.map(str::to_owned))
    );
    let other = TagTable::new(at("01-20"), 2);
    assert!(tag_changes(&other, &after).unwrap_err().to_string().contains("of 2 users and of 3 users"));
    assert!(before.tag("recnt").unwrap_err().to_string().contains("did you mean \"recent\"?"));
}

#[test]
fn who_entered_and_left_a_segment_and_why() {
    let log = log();
    let definition =
        SegmentDefinition::new("recent", Measure::count(EventQuery::new(["order"]).last_days(20)).at_least(1i64));
    let definition = definition.exclude(["cai"]);
    let plan = Plan::new(&log, [&definition.when], []).unwrap();
    let context = Context::default();
    let calendar = log.calendar(at("02-10"));
    let segment =
        |as_of| definition.assign(&measure_users(&log, &plan, as_of).unwrap(), log.users(), &context).unwrap();
    let diff = diff_segments(&segment(at("01-30")), &segment(at("02-10"))).unwrap();
    let subject = |as_of| {
        let (log, calendar, context) = (&log, &calendar, &context);
        move |user| Subject::new(log, user, as_of, calendar, context)
    };
    let moves =
        explain_moves(&diff, (&definition, subject(at("01-30"))), (&definition, subject(at("02-10"))), 10).unwrap();
    let who: Vec<(UserIx, Movement)> = moves.iter().map(|moved| (moved.user, moved.movement)).collect();
    assert_eq!(who, [(ANN, Movement::Entered), (BOB, Movement::Left)]);
    let is_in = |explanation: &Explanation| explanation.value == Some(Value::Bool(true));
    for moved in &moves {
        assert_ne!(is_in(&moved.before), is_in(&moved.after));
        assert_eq!(is_in(&moved.after), moved.movement == Movement::Entered);
        assert!(moved.after.find("rule").is_some_and(|rule| !rule.parts.is_empty()));
    }
    assert_eq!(moves[0].after.find("next_change").unwrap().value, Some(Value::Time(at("02-20"))));
    let cai = definition.explain(&subject(at("01-30"))(CAI)).unwrap();
    assert!(cai.find("exclude").is_some() && cai.find("next_change").is_none());
    let stranger = definition.clone().exclude(["dan"]);
    let measures = measure_users(&log, &plan, at("02-10")).unwrap();
    let error = stranger.assign(&measures, log.users(), &context).unwrap_err().to_string();
    assert!(error.starts_with("segment \"recent\": the log does not know the users \"dan\""), "{error}");
    assert_eq!(stranger.assign_known(&measures, log.users(), &context).unwrap().unknown, ["dan".into()]);
}
