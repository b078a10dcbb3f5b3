//! The engine against batch evaluation: the same answers for every user at every instant, whatever comes when.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::event::{Event, EventSchema};
use userops::id::UserId;
use userops::lifecycle::{LifecycleDefinition, LifecycleThresholds, Presence};
use userops::live::{Arrival, Change, ChangeKind, Engine, LiveOptions};
use userops::log::EventLog;
use userops::playbook::{EvaluateOptions, Lifecycle, Playbook};
use userops::rule::{AMOUNT, EventQuery, Measure, Rule};
use userops::sample::{SampleOptions, content_app};
use userops::score::{RfmDefinition, ScoreDefinition, ScoreKind};
use userops::segment::SegmentDefinition;
use userops::tag::{Band, Bands, Cases, ManualTag, Preference, TagDefinition, TagKind};
use userops::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Span, Timestamp};
use userops::value::Value;

use crate::lifecycle::sample::definitions;
use crate::rule::generate::{Case, arbitrary_case, log_of};

const DAY: i64 = MICROS_PER_DAY;

fn later(instant: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(instant.as_micros() + micros)
}

/// A playbook of random rules, on top of definitions that they name.
fn playbook_of(schema: &EventSchema, rules: &[Rule], lifecycle: &LifecycleDefinition) -> Playbook {
    let mut playbook = Playbook { schema: schema.clone(), ..Playbook::new("live") };
    let mut lifecycle = lifecycle.clone();
    if matches!(lifecycle.presence, Presence::Attribute(_)) {
        lifecycle.presence = Presence::Attribute("seen".into());
    }
    let first = lifecycle.names().next().unwrap_or_default().to_owned();
    playbook.lifecycle = Some(Lifecycle::Custom(lifecycle));
    // Some random stages hold of everybody, which a playbook refuses.
    if playbook.check().is_err() {
        playbook.lifecycle =
            Some(Lifecycle::Standard(LifecycleThresholds { churn_days: 31, ..LifecycleThresholds::default() }));
    }
    let in_first = match playbook.lifecycle {
        Some(Lifecycle::Custom(_)) => Rule::stage(first),
        _ => Rule::stage("churn"),
    };
    let count = |name: &str| Measure::count(EventQuery::new([name]).last_days(9));
    let grade = Measure::DaysSinceLast(EventQuery::new(["view"]));
    playbook.scores = vec![ScoreDefinition {
        name: "rfm".into(),
        description: String::new(),
        kind: ScoreKind::Rfm(Box::new(RfmDefinition::of_orders(["order", "view"]))),
    }];
    let tier = Cases::default().case("red", count("order").at_least(1i64)).case("Red", count("view").at_least(2i64));
    let bands = vec![Band::new("few", 1i64), Band::new("many", 3i64)];
    let active = Measure::ActiveDays(EventQuery::new(Vec::<String>::new()).last_days(20));
    playbook.tags = vec![
        TagDefinition::rule("flag", count("view").at_least(1i64)),
        TagDefinition::new("tier", TagKind::Cases(tier)),
        TagDefinition::new("grade", TagKind::Value(grade)),
        TagDefinition::new("activity", TagKind::Bands(Bands { measure: active, bands, below: Some("none".into()) })),
        TagDefinition::new("by_hand", TagKind::Manual { values: Vec::new() }),
        TagDefinition::new(
            "favourite",
            TagKind::Preference(
                Preference::new("sku", EventQuery::new(["view", "order"]).last_days(12), Span::from_days(3)).top(2),
            ),
        ),
    ];
    let loves = Preference::new("sku", EventQuery::default(), Span::from_days(2)).top(3).weight("qty").weight_min(0.4);
    playbook.tags.push(TagDefinition::new("loves", TagKind::Preference(loves)));
    let spends = Preference::new("sku", EventQuery::new(["order", "refund"]), Span::from_hours(30)).weight(AMOUNT);
    playbook.tags.push(TagDefinition::new("spends", TagKind::Preference(spends)));
    playbook.segments = vec![
        SegmentDefinition::new("in_first", in_first),
        SegmentDefinition::new("loyal", Rule::tag("flag").and(count("order").at_least(1i64))),
    ];
    for (index, rule) in rules.iter().enumerate() {
        let mut next = playbook.clone();
        match index % 3 {
            0 => next.tags.push(TagDefinition::rule(format!("t{index}"), rule.clone())),
            1 => next.segments.push(SegmentDefinition::new(format!("s{index}"), rule.clone())),
            _ => {
                let cases = Cases::default().case("yes", rule.clone()).otherwise("no");
                next.tags.push(TagDefinition::new(format!("t{index}"), TagKind::Cases(cases)));
            }
        }
        // Some rules name what is not there, or can never hold.
        if next.check().is_ok() {
            playbook = next;
        }
    }
    playbook
}

/// What happens to an engine.
#[derive(Debug, Clone)]
enum Deed {
    Event(Event),
    Advance(i64),
    Attributes(usize),
    ByHand(usize, bool, i64),
    /// Goes on from a copy that was written out and read again.
    Restore,
}

/// The events of a case in order of time, some of them late or twice, and other things in between.
fn deeds(case: &Case, delays: &[i64], others: &[(usize, u8, i64)]) -> Vec<Deed> {
    let mut events: Vec<(i64, Event)> = case
        .events
        .iter()
        .enumerate()
        .map(|(index, event)| {
            let delay = delays[index % delays.len()];
            (event.time.as_micros() + delay, event.clone().with_id(format!("e{index}")))
        })
        .collect();
    events.sort_by_key(|(at, _)| *at);
    let mut deeds: Vec<Deed> = events.into_iter().map(|(_, event)| Deed::Event(event)).collect();
    for (place, kind, hours) in others {
        let place = place % (deeds.len() + 1);
        let deed = match kind {
            0 | 1 => Deed::Advance(hours * MICROS_PER_HOUR),
            2 => Deed::Attributes(*hours as usize),
            3 => Deed::ByHand(*hours as usize, hours % 3 == 0, hours * MICROS_PER_HOUR),
            4 => Deed::Restore,
            _ => match deeds.get(place) {
                Some(Deed::Event(event)) => Deed::Event(event.clone()),
                _ => continue,
            },
        };
        deeds.insert(place, deed);
    }
    deeds
}

/// What the engine should know.
#[derive(Debug, Clone, Default)]
struct Known {
    events: Vec<Event>,
    attributes: BTreeMap<UserId, BTreeMap<&'static str, Value>>,
    users: Vec<UserId>,
}

impl Known {
    fn meet(&mut self, user: &UserId) {
        if !self.users.contains(user) {
            self.users.push(user.clone());
        }
    }

    fn log(&self, schema: &EventSchema) -> EventLog {
        let attributes: Vec<_> =
            self.users.iter().map(|user| self.attributes.get(user).cloned().unwrap_or_default()).collect();
        log_of(schema.clone(), &self.events, &self.users, &attributes)
    }
}

fn lateness() -> impl Strategy<Value = Span> {
    prop::sample::select(vec![Span::default(), Span::from_hours(6), Span::from_days(4), Span::from_days(3_000)])
}

fn delays() -> impl Strategy<Value = Vec<i64>> {
    let delay = prop_oneof![3 => Just(0), 1 => (0i64..40).prop_map(|hours| hours * MICROS_PER_HOUR), 1 => (0i64..30).prop_map(|days| days * DAY)];
    prop::collection::vec(delay, 1..7)
}

fn others() -> impl Strategy<Value = Vec<(usize, u8, i64)>> {
    prop::collection::vec((0usize..60, 0u8..6, 0i64..200), 0..10)
}

/// An engine of the case, calibrated on all its events.
fn engine_of(case: &Case, lifecycle: &LifecycleDefinition, lateness: Span) -> Engine {
    let playbook = playbook_of(case.log.schema(), &case.rules, lifecycle);
    let calibration = playbook.calibrate(&case.log, case.as_of, &EvaluateOptions::new()).unwrap();
    Engine::with_calibration(&playbook, &calibration, LiveOptions { lateness, ..LiveOptions::default() }).unwrap()
}

/// Does a deed to an engine, and to what it should know. The changes are returned.
fn act(engine: &mut Engine, case: &Case, known: &mut Known, deed: &Deed) -> Result<Vec<Change>, TestCaseError> {
    match deed {
        Deed::Event(event) => {
            let lateness = engine.plan().options().lateness;
            let is_refused = engine.as_of().is_some_and(|as_of| as_of.since(event.time) > lateness);
            let is_duplicate = known.events.iter().any(|other| other.id == event.id);
            match engine.observe(event) {
                Ok(observed) => {
                    prop_assert_eq!(observed.arrival == Arrival::Duplicate, is_duplicate);
                    prop_assert!(!is_refused);
                    if !is_duplicate {
                        known.meet(&event.user);
                        known.events.push(event.clone());
                    }
                    Ok(observed.changes)
                }
                Err(error) => {
                    prop_assert!(is_refused, "{}", error);
                    prop_assert!(error.to_string().contains("lateness"), "{}", error);
                    Ok(Vec::new())
                }
            }
        }
        Deed::Advance(by) => match engine.as_of() {
            Some(as_of) => Ok(engine.advance_to(later(as_of, *by)).unwrap()),
            None => Ok(Vec::new()),
        },
        Deed::Attributes(place) => {
            let place = place % case.users.len();
            let (user, attributes) = (&case.users[place], &case.attributes[place]);
            let Some(_) = engine.as_of() else { return Ok(Vec::new()) };
            known.meet(user);
            known.attributes.insert(user.clone(), attributes.clone());
            let given = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            Ok(engine.set_attributes(user, &given).unwrap())
        }
        Deed::ByHand(place, is_off, micros) => {
            let user = &case.users[place % case.users.len()];
            let Some(as_of) = engine.as_of() else { return Ok(Vec::new()) };
            known.meet(user);
            let mut tag = match is_off {
                true => ManualTag::remove(user.clone(), "flag", "ann", as_of),
                false => ManualTag::add(user.clone(), "by_hand", "bob", later(as_of, micros / 2)),
            };
            tag.expires = Some(later(as_of, micros + DAY));
            Ok(engine.tag_by_hand(&tag).unwrap())
        }
        Deed::Restore => {
            let written = serde_json::to_vec(&engine).unwrap();
            *engine = serde_json::from_slice(&written).unwrap();
            Ok(Vec::new())
        }
    }
}

fn check_equal(engine: &Engine, known: &Known, schema: &EventSchema) -> Result<(), TestCaseError> {
    if engine.as_of().is_none() {
        return Ok(());
    }
    check_equal_log(engine, &known.log(schema))
}

fn check_equal_log(engine: &Engine, log: &EventLog) -> Result<(), TestCaseError> {
    let differences = engine.verify(log).unwrap();
    let Some(first) = differences.first() else { return Ok(()) };
    let playbook = engine.plan().playbook();
    let name = first.column.rsplit('.').next().unwrap_or_default();
    let tag = playbook.tags.iter().find(|tag| tag.name == name);
    let segment = playbook.segments.iter().find(|segment| segment.name == name);
    let stages = playbook.lifecycle.as_ref().filter(|_| name == "stage");
    let as_of = engine.as_of();
    prop_assert!(false, "{:?} as of {:?}: {:?} {:?} {:?}", first, as_of, tag, segment, stages);
    Ok(())
}

/// What a change says of a user: the column, and the values before and after.
fn told(change: &Change) -> (String, Option<Value>, Option<Value>) {
    let text = |text: &Option<Box<str>>| text.as_deref().map(Value::from);
    match &change.what {
        ChangeKind::Tag { name, from, to } => (format!("tag.{name}"), from.clone(), to.clone()),
        ChangeKind::Stage { from, to } => ("stage".to_owned(), text(from), text(to)),
        ChangeKind::Segment { name, entered } => {
            let truth = |holds: bool| holds.then_some(Value::Bool(true));
            (format!("segment.{name}"), truth(!entered), truth(*entered))
        }
        _ => unreachable!("a new kind of change"),
    }
}

/// The told columns of all users by batch: values that a user has.
fn batch_of(engine: &Engine, log: &EventLog, as_of: Timestamp) -> BTreeMap<(UserId, String), Value> {
    let options = EvaluateOptions::new().calibration(engine.plan().calibration().clone()).without_profiles();
    let table = engine.plan().playbook().evaluate(log, as_of, &options).unwrap().to_table(log.users()).unwrap();
    let mut answers = BTreeMap::new();
    for (name, column) in table.columns() {
        let rank = name.rsplit('.').next().unwrap().parse::<u8>();
        if name == "user" || name.starts_with("score.") || rank.is_ok() {
            continue;
        }
        for (row, user) in log.users().iter().enumerate() {
            if let Some(value) =
                column.get(row).map(|value| value.to_owned()).filter(|value| *value != Value::Bool(false))
            {
                answers.insert((user.to_owned(), name.to_owned()), value);
            }
        }
    }
    answers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    /// Nothing comes late here: each change is one of the batch at its very instant, and together they are all there are.
    #[test]
    fn every_change_holds_from_its_instant_on(
        case in arbitrary_case(),
        lifecycle in definitions(),
        lateness in lateness(),
        waits in prop::collection::vec(0i64..60, 3),
    ) {
        let mut engine = engine_of(&case, &lifecycle, lateness);
        let schema = case.log.schema().clone();
        let mut events = case.events.clone();
        events.sort_by_key(|event| event.time);
        let Some(first) = events.first() else { return Ok(()) };
        // All is known of users from the beginning on, so that batch and live can be asked about any instant.
        let begin = later(first.time, -1);
        let mut changes = engine.advance_to(begin).unwrap();
        for (user, attributes) in case.users.iter().zip(&case.attributes) {
            let given = attributes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
            changes.extend(engine.set_attributes(user, &given).unwrap());
        }
        for event in &events {
            changes.extend(engine.observe(event).unwrap().changes);
        }
        let mut end = events[events.len() - 1].time;
        for hours in waits {
            end = later(end, hours * hours * MICROS_PER_HOUR);
            let foreseen: Vec<Vec<Change>> = case.users.iter().map(|user| engine.forecast(user, end).unwrap()).collect();
            let made = engine.advance_to(end).unwrap();
            for (user, foreseen) in case.users.iter().zip(foreseen) {
                let of_user = made.iter().filter(|change| change.user == *user);
                let of_user: Vec<_> = of_user.map(|change| (&change.what, change.effective_at)).collect();
                let foreseen: Vec<_> = foreseen.iter().map(|change| (&change.what, change.effective_at)).collect();
                prop_assert_eq!(of_user, foreseen);
                prop_assert!(engine.explain(user).is_ok());
            }
            changes.extend(made);
        }
        let log = log_of(schema, &events, &case.users, &case.attributes);
        let mut mirror: BTreeMap<(UserId, String), Value> = BTreeMap::new();
        let mut last = begin;
        for (index, change) in changes.iter().enumerate() {
            let (column, from, to) = told(change);
            let key = (change.user.clone(), column);
            prop_assert!(last <= change.effective_at && change.effective_at <= change.recorded_at, "{:?}", change);
            last = change.effective_at;
            prop_assert_eq!(mirror.get(&key), from.as_ref(), "{:?}", change);
            match &to {
                Some(value) => drop(mirror.insert(key.clone(), value.clone())),
                None => drop(mirror.remove(&key)),
            }
            // Of several events at one instant each may tell of a change; the batch knows the last.
            let is_last = changes[index + 1..].iter().all(|next| next.effective_at > last || next.user != change.user);
            if index % 5 == 0 && is_last {
                let then = batch_of(&engine, &log, last);
                prop_assert_eq!(then.get(&key), to.as_ref(), "{:?}", change);
                let changed = |next: &&Change| next.user == change.user && next.effective_at == last && told(next).0 == key.1;
                if last > begin && changes.iter().filter(changed).count() == 1 {
                    let before = batch_of(&engine, &log, later(last, -1));
                    prop_assert_eq!(before.get(&key), from.as_ref(), "{:?}", change);
                }
            }
        }
        prop_assert_eq!(mirror, batch_of(&engine, &log, end));
    }

    /// What comes late makes the same state as if it had come in time, and says since when the answers are others.
    #[test]
    fn corrections_say_since_when(
        case in arbitrary_case(),
        lifecycle in definitions(),
        place in 0usize..30,
        hours in 0i64..300,
    ) {
        let mut engine = engine_of(&case, &lifecycle, Span::from_days(3_000));
        let schema = case.log.schema().clone();
        let mut events = case.events.clone();
        events.sort_by_key(|event| event.time);
        if events.len() < 2 {
            return Ok(());
        }
        let late = events.remove(place % (events.len() - 1));
        for event in &events {
            engine.observe(event).unwrap();
        }
        let end = later(events[events.len() - 1].time, hours * MICROS_PER_HOUR);
        engine.advance_to(end).unwrap();
        let log_of_known = |engine: &Engine, events: &[Event]| {
            let users: Vec<UserId> = case.users.iter().filter(|user| engine.state(user).is_ok()).cloned().collect();
            log_of(schema.clone(), events, &users, &vec![BTreeMap::new(); users.len()])
        };
        if engine.state(&late.user).is_err() {
            return Ok(());
        }
        let without = log_of_known(&engine, &events);
        let observed = engine.observe(&late).unwrap();
        events.push(late.clone());
        events.sort_by_key(|event| event.time);
        let with = log_of_known(&engine, &events);
        let (was, is) = (batch_of(&engine, &without, end), batch_of(&engine, &with, end));
        for change in &observed.changes {
            let (column, from, to) = told(change);
            let key = (change.user.clone(), column);
            prop_assert_eq!(&change.user, &late.user);
            // Late for the engine, but not for its user: all of it is told, as if it had come in time.
            if observed.changes.iter().filter(|other| told(other).0 == key.1).count() > 1 {
                continue;
            }
            prop_assert_eq!((was.get(&key), is.get(&key)), (from.as_ref(), to.as_ref()), "{:?}", change);
            prop_assert!(late.time <= change.effective_at && change.effective_at <= end);
            let at = |log: &EventLog, instant| batch_of(&engine, log, instant).remove(&key);
            prop_assert_ne!(at(&without, change.effective_at), at(&with, change.effective_at), "{:?}", change);
            let before = later(change.effective_at, -1);
            prop_assert_eq!(at(&without, before), at(&with, before), "{:?}", change);
        }
        let changed = was.iter().chain(&is).filter(|(key, _)| was.get(key) != is.get(key)).map(|(key, _)| key);
        let changed: std::collections::BTreeSet<_> = changed.collect();
        let told: std::collections::BTreeSet<_> = observed.changes.iter().map(|change| told(change).0).collect();
        prop_assert!(changed.iter().all(|(_, column)| told.contains(column)), "{:?} {:?}", changed, told);
    }

    /// A log that is loaded makes the engine that has seen its events one by one.
    #[test]
    fn a_loaded_log_is_one_that_was_observed(case in arbitrary_case(), lifecycle in definitions(), hours in 0i64..900) {
        let mut engine = engine_of(&case, &lifecycle, Span::from_days(2));
        engine.load(&case.log, case.as_of).unwrap();
        check_equal_log(&engine, &case.log)?;
        engine.advance_to(later(case.as_of, hours * MICROS_PER_HOUR)).unwrap();
        let until = case.as_of;
        let events: Vec<Event> = case.events.iter().filter(|event| event.time <= until).cloned().collect();
        let log = log_of(case.log.schema().clone(), &events, &case.users, &case.attributes);
        check_equal_log(&engine, &log)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn every_answer_is_that_of_the_batch(
        case in arbitrary_case(),
        lifecycle in definitions(),
        lateness in lateness(),
        delays in delays(),
        others in others(),
        looks in prop::collection::vec(0usize..40, 4),
    ) {
        let mut engine = engine_of(&case, &lifecycle, lateness);
        let (mut known, schema) = (Known::default(), case.log.schema().clone());
        for (index, deed) in deeds(&case, &delays, &others).iter().enumerate() {
            act(&mut engine, &case, &mut known, deed)?;
            if looks.contains(&index) {
                check_equal(&engine, &known, &schema)?;
            }
        }
        check_equal(&engine, &known, &schema)?;
    }
}

/// The log knows more of users than the playbook reads, and some of them before they do anything.
#[test]
fn a_sample_log_is_answered_as_by_batch_on_every_tenth_day() {
    let playbook = Playbook::from_toml(include_str!("../../../../examples/playbooks/content_app.toml")).unwrap();
    let options = SampleOptions::default().users(60).days(120).zone(playbook.schema.zone);
    let log = content_app(options).unwrap();
    let (first, last) = log.time_span().unwrap();
    let calibration = playbook.calibrate(&log, last, &EvaluateOptions::new()).unwrap();
    for days in (1..140).step_by(10) {
        let as_of = later(first, days * DAY);
        let mut engine = Engine::with_calibration(&playbook, &calibration, LiveOptions::default()).unwrap();
        engine.load(&log, as_of).unwrap();
        assert_eq!(engine.verify(&log).unwrap(), [], "{as_of}");
    }
}
