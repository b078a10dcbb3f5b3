//! Small logs around changes of the clock, and lifecycles over them.

use proptest::prelude::*;
use userops::event::{Event, EventSchema, Field};
use userops::ingest::{AttributeMapping, Ingest, Mapping, RawBatch, RawColumn, RawValue};
use userops::lifecycle::{LifecycleDefinition, LifecycleThresholds, Presence, StageDefinition};
use userops::log::EventLog;
use userops::rule::{EventQuery, Measure, Rule};
use userops::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Span, Timestamp, Window};
use userops::value::ValueType;

/// Midnight of 2010-11-01 UTC; on 7 November the clocks of New York and St. John's go back, St. John's over midnight.
pub(crate) const START: i64 = 1_288_569_600 * 1_000_000;
pub(crate) const HOURS: i64 = 14 * 24;

pub(crate) fn hour(hour: i64) -> Timestamp {
    Timestamp::from_micros(START + hour * MICROS_PER_HOUR)
}

/// The instants at which anything can change in these logs: half hours, and the minute before one in St. John's.
pub(crate) fn grid(until: i64) -> impl Iterator<Item = Timestamp> {
    let minute = MICROS_PER_HOUR / 60;
    // Two hours before the first event, where the earliest instants that are asked about lie.
    (-4..=2 * until).flat_map(move |half| {
        let at = START + half * MICROS_PER_HOUR / 2;
        [at, at + minute].map(Timestamp::from_micros)
    })
}

pub(crate) type Row = (i64, i64, &'static str);

pub(crate) fn events() -> impl Strategy<Value = Vec<Row>> {
    let hours = prop_oneof![3 => 0..HOURS, 1 => 6 * 24..6 * 24 + 8i64];
    prop::collection::vec((0i64..4, hours, prop::sample::select(vec!["order", "view"])), 0..24)
}

pub(crate) fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["UTC", "America/New_York", "America/St_Johns", "Asia/Shanghai"])
}

/// The events, and of some users the hour of signing up as an attribute.
pub(crate) fn log_of(zone: &str, events: &[Row], signups: &[(i64, i64)]) -> EventLog {
    let schema = EventSchema {
        zone: zone.parse().unwrap(),
        events: vec!["order".into(), "view".into()],
        attributes: vec![Field { name: "signup".into(), value_type: ValueType::Time }],
        ..EventSchema::default()
    };
    let events: Vec<Event> = events.iter().map(|(user, at, name)| Event::new(*user, hour(*at), *name)).collect();
    let log = EventLog::from_events(schema.clone(), &events).unwrap().0;
    let mut ingest = Ingest::new(schema, Mapping::new("user", "time").event("event")).unwrap();
    let texts: Vec<String> = signups.iter().map(|(_, at)| hour(*at).to_string()).collect();
    let mut batch = RawBatch::new("users", signups.len());
    batch.push("user", RawColumn::values(signups.iter().map(|(id, _)| Some(RawValue::Integer(*id)))));
    batch.push("signup", RawColumn::values(texts.iter().map(|at| Some(RawValue::Text(at)))));
    ingest.push_attributes(&batch, &AttributeMapping::new("user")).unwrap();
    let (attributes, report) = ingest.finish().unwrap();
    assert_eq!(report.rejected, 0);
    log.merge(&attributes).unwrap()
}

pub(crate) fn signups() -> impl Strategy<Value = Vec<(i64, i64)>> {
    prop::collection::vec(0..HOURS, 0..4).prop_map(|hours| (2i64..).zip(hours).collect())
}

fn rules() -> impl Strategy<Value = Rule> {
    let names = prop_oneof![Just(vec!["order"]), Just(vec!["view"]), Just(Vec::new())];
    let window = prop_oneof![
        Just(Window::All),
        (1i64..80).prop_map(|hours| Window::Rolling { span: Span::from_hours(hours) }),
        (1u32..4, any::<bool>()).prop_map(|(n, include_today)| Window::CalendarDays { n, include_today }),
    ];
    (names, window, 0i64..3, 1i64..4, 0u8..5).prop_map(|(names, window, least, days, kind)| {
        let over = EventQuery::new(names).window(window);
        match kind {
            0 => Measure::Count(over).at_least(least + 1),
            1 => Measure::Count(over).eq(least),
            2 => Measure::DaysSinceLast(over).at_least(days),
            3 => Measure::DaysSinceReturn { silence_days: 2, over }.below(days),
            _ => Measure::ActiveDays(over).at_least(least),
        }
    })
}

fn presences() -> impl Strategy<Value = Presence> {
    prop_oneof![
        Just(Presence::Known),
        Just(Presence::Always),
        Just(Presence::FirstEvent),
        Just(Presence::Attribute("signup".into())),
    ]
}

/// Three or four stages over random rules; half of them with guards.
pub(crate) fn definitions() -> impl Strategy<Value = LifecycleDefinition> {
    let guard = prop::option::of(prop_oneof![(1i64..60).prop_map(Span::from_hours), Just(Span::from_days(3))]);
    let moves = prop::option::of(prop::collection::vec(any::<bool>(), 4));
    let stage = (rules(), guard, moves);
    (prop::collection::vec(stage, 3), any::<bool>(), any::<bool>(), presences()).prop_map(
        |(stages, guarded, catch_all, presence)| {
            let names = ["a", "b", "c", "rest"];
            let mut definition = LifecycleDefinition::new(Vec::new()).presence(presence);
            for (name, (rule, dwell_min, moves)) in names.into_iter().zip(stages) {
                let mut stage = StageDefinition::new(name, rule);
                if guarded {
                    stage.dwell_min = dwell_min;
                    stage.moves = moves.map(|moves| {
                        let named = names.iter().take(if catch_all { 4 } else { 3 }).zip(moves);
                        named.filter(|(to, allowed)| *allowed && **to != name).map(|(to, _)| (*to).into()).collect()
                    });
                }
                // A rule that comes twice can never be entered by the second.
                if definition.rules().all(|rule| *rule != stage.when) {
                    definition.stages.push(stage);
                }
            }
            if catch_all {
                definition.stages.push(StageDefinition::new("rest", Rule::All(Vec::new())));
            }
            let known: Vec<String> = definition.names().map(str::to_owned).collect();
            for moves in definition.stages.iter_mut().filter_map(|stage| stage.moves.as_mut()) {
                moves.retain(|to| known.contains(to));
            }
            definition.ladder(known)
        },
    )
}

pub(crate) fn thresholds() -> LifecycleThresholds {
    LifecycleThresholds {
        growth_days: 2,
        maturity_days: 4,
        dormant_days: 2,
        churn_days: 4,
        reactivated_days: 2,
        ..LifecycleThresholds::new(["order"])
    }
}

/// The local day, without the calendar's table.
pub(crate) fn local_day(log: &EventLog, at: Timestamp) -> i64 {
    (at.as_micros() + log.zone().offset_micros_at(at)).div_euclid(MICROS_PER_DAY)
}
