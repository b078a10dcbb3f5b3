//! The engine against batch evaluation: the same answers for every user at every instant, whatever comes when.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::event::{Event, EventSchema};
use userops::id::UserId;
use userops::lifecycle::{LifecycleDefinition, LifecycleThresholds, Presence};
use userops::live::{Arrival, Change, ChangeKind, Engine, LiveOptions};
use userops::log::EventLog;
use userops::playbook::{EvaluateOptions, Lifecycle, Playbook};
use userops::rule::{EventQuery, Measure, Rule, Test};
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
            let given = attributes.iter().map(|(name, value)| ((*name).to_owned(), Some(value.clone()))).collect();
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
        Deed::Restore => Ok(Vec::new()),
    }
}

fn check_equal(engine: &Engine, known: &Known, schema: &EventSchema) -> Result<(), TestCaseError> {
    if engine.as_of().is_none() {
        return Ok(());
    }
    let differences = engine.verify(&known.log(schema)).unwrap();
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
