//! Funnels against every way of giving events to steps, and their laws.

mod naive;
mod population;

use naive::{Naive, Seen};
use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema, Field};
use userops::funnel::{
    EntryChoice, EntryStatus, EventUse, Exclusion, Funnel, FunnelStep, LevelTally, Noise, NoiseKind, Repetition, Scope,
    StepOrder, StopReason, TiePolicy, Trace, WindowFrom, measure_conversion, trace_funnel,
};
use userops::id::UserIx;
use userops::log::EventLog;
use userops::rule::{Filter, Test};
use userops::time::{MICROS_PER_HOUR, Span, Timestamp};
use userops::value::ValueType;

/// 2025-03-09T00:00 UTC; at 07:00 the clock of New York goes from 02:00 to 03:00.
const START: i64 = 1_741_478_400 * 1_000_000;
const NAMES: [&str; 5] = ["a", "b", "c", "d", "x"];

/// A pool of one thread, made once.
pub(super) static ONE_THREAD: std::sync::LazyLock<rayon::ThreadPool> =
    std::sync::LazyLock::new(|| rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());

type Row = (i64, i64, &'static str, Option<i64>);

fn hour(hour: i64) -> i64 {
    START + hour * MICROS_PER_HOUR
}

fn log_of(zone: &str, rows: &[Row]) -> EventLog {
    let schema = EventSchema {
        zone: zone.parse().unwrap(),
        events: NAMES.iter().map(|name| (*name).to_owned()).collect(),
        properties: vec![Field { name: "v".into(), value_type: ValueType::Integer }],
        ..EventSchema::default()
    };
    let event = |(user, at, name, value): &Row| {
        let event = Event::new(*user, Timestamp::from_micros(hour(*at)), *name);
        value.map_or(event.clone(), |value| event.with_property("v", value))
    };
    EventLog::from_events(schema, &rows.iter().map(event).collect::<Vec<_>>()).unwrap().0
}

fn rows(events: usize) -> impl Strategy<Value = Vec<Row>> {
    rows_at(prop_oneof![6 => 0i64..9, 2 => 18i64..32, 1 => Just(2_000i64)], events)
}

/// Most events at the instant of another.
fn dense_rows(events: usize) -> impl Strategy<Value = Vec<Row>> {
    rows_at(prop_oneof![9 => 0i64..4, 1 => 22i64..32], events)
}

fn rows_at(at: impl Strategy<Value = i64>, events: usize) -> impl Strategy<Value = Vec<Row>> {
    let name = prop::sample::select(vec!["a", "a", "b", "b", "c", "c", "d", "x"]);
    let value = prop_oneof![1 => Just(None), 4 => (0i64..2).prop_map(Some)];
    let user = prop::collection::vec((at, name, value), 0..=events);
    prop::collection::vec(user, 4).prop_map(|users| {
        let rows = users.into_iter().enumerate();
        rows.flat_map(|(user, rows)| rows.into_iter().map(move |(at, name, value)| (user as i64, at, name, value)))
            .collect()
    })
}

fn span() -> impl Strategy<Value = Option<Span>> {
    prop_oneof![2 => Just(None), 3 => (0i64..10).prop_map(|hours| Some(Span::from_hours(hours)))]
}

fn names() -> impl Strategy<Value = Vec<String>> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "b", "c"]).prop_map(|name| vec![name.to_owned()]),
        2 => prop::sample::subsequence(vec!["a", "b", "c", "d"].into_iter().map(String::from).collect::<Vec<_>>(), 2),
        1 => Just(Vec::new()),
    ]
}

fn filter() -> impl Strategy<Value = Option<Filter>> {
    prop_oneof![8 => Just(None), 1 => Just(Some(Filter::property("v", Test::Known)))]
}

fn step() -> impl Strategy<Value = FunnelStep> {
    let rarely = || prop_oneof![4 => Just(None), 1 => (0i64..4).prop_map(|hours| Some(Span::from_hours(hours)))];
    let times = prop_oneof![6 => Just(1u32), 1 => Just(2)];
    let optional = prop_oneof![4 => Just(false), 1 => Just(true)];
    (names(), filter(), rarely(), rarely(), optional, times).prop_map(
        |(events, filter, gap_min, gap_max, optional, times)| FunnelStep {
            events,
            filter,
            gap_min,
            gap_max,
            optional,
            times,
            name: None,
        },
    )
}

fn exclusion() -> impl Strategy<Value = Exclusion> {
    (prop::sample::select(vec!["x", "d", "b"]), 1u32..3, 1u32..3, any::<bool>(), any::<bool>()).prop_map(
        |(name, from, length, from_included, until_included)| {
            let mut exclusion = Exclusion::new([name], from, from + length);
            exclusion.from_included = from_included;
            exclusion.until_included = until_included;
            exclusion
        },
    )
}

fn pick<T: Clone + std::fmt::Debug + 'static>(values: &[T]) -> impl Strategy<Value = T> + use<T> {
    prop::sample::select(values.to_vec())
}

/// The funnel without what has no meaning beside the rest.
fn with_meaning(mut funnel: Funnel) -> Funnel {
    let count = funnel.steps.len() as u32;
    if funnel.steps.iter().all(|step| step.optional) {
        funnel.steps[0].optional = false;
    }
    if funnel.order == StepOrder::Any {
        // Every order of more than five events is too many: one step repeats.
        funnel.steps.iter_mut().filter(|step| step.times > 1).skip(1).for_each(|step| step.times = 1);
    } else if funnel.steps[0].times == 1 {
        (funnel.steps[0].gap_min, funnel.steps[0].gap_max) = (None, None);
    }
    if funnel.window.is_none() {
        funnel.window_from = WindowFrom::First;
    }
    let is_kept = |one: &Exclusion| one.until <= count && one.from < one.until;
    funnel.exclusions.retain(is_kept);
    funnel
}

/// Any funnel, nearly always one with a meaning.
fn funnel() -> impl Strategy<Value = Funnel> {
    funnel_in(&[StepOrder::Ordered, StepOrder::Ordered, StepOrder::Strict, StepOrder::Any])
}

fn funnel_in(orders: &[StepOrder]) -> impl Strategy<Value = Funnel> + use<> {
    let steps = (prop::collection::vec(step(), 1..=4), any::<bool>()).prop_map(|(mut steps, plain)| {
        for step in &mut steps {
            if plain {
                *step = FunnelStep { events: step.events.clone(), ..FunnelStep::default() };
            }
        }
        steps
    });
    let first = (
        steps,
        span(),
        pick(&[WindowFrom::First, WindowFrom::First, WindowFrom::Previous]),
        pick(orders),
        pick(&[TiePolicy::AsOrdered, TiePolicy::StepOrder, TiePolicy::StrictlyLater]),
        pick(&[EventUse::Once, EventUse::Reuse]),
    );
    let held = prop_oneof![4 => Just(Vec::new()), 1 => Just(vec!["v".to_owned()])];
    let scope = prop_oneof![
        5 => Just(None),
        1 => Just(Some(Scope::CalendarDay)),
        1 => (0i64..4).prop_map(|hours| Some(Scope::Session { gap: Span::from_hours(hours) })),
    ];
    let second = (
        pick(&[Noise::Ignore, Noise::Ignore, Noise::Restart, Noise::End]),
        pick(&[NoiseKind::OutOfTurn, NoiseKind::OutOfTurn, NoiseKind::NoStep, NoiseKind::OtherStep]),
        pick(&[Repetition::Ignore, Repetition::Ignore, Repetition::Ignore, Repetition::End]),
        prop_oneof![3 => Just(Vec::new()), 2 => prop::collection::vec(exclusion(), 1..=2)],
        held,
        scope,
        pick(&[EntryChoice::Best, EntryChoice::Best, EntryChoice::First, EntryChoice::Every]),
    );
    (first, second).prop_map(|(first, second)| {
        let (steps, window, window_from, order, ties, event_use) = first;
        let (noise, noise_kind, repetition, exclusions, held, scope, entry) = second;
        with_meaning(Funnel {
            steps,
            window,
            window_from,
            order,
            ties,
            event_use,
            noise,
            noise_kind,
            repetition,
            exclusions,
            held,
            scope,
            entry,
        })
    })
}

/// The events of one user as the definition of the funnel sees them, from scratch.
fn seen(funnel: &Funnel, rows: &[Row], user: i64, as_of: i64) -> Vec<Seen> {
    let mut own: Vec<&Row> = rows.iter().filter(|row| row.0 == user && hour(row.1) <= as_of).collect();
    own.sort_by_key(|row| row.1);
    let matches = |names: &[String], filter: bool, row: &Row| {
        (names.is_empty() || names.iter().any(|name| name == row.2)) && (!filter || row.3.is_some())
    };
    let gap = match funnel.scope {
        Some(Scope::Session { gap }) => gap.as_micros(),
        _ => i64::MAX,
    };
    let mut session = 0;
    let mut before: Option<i64> = None;
    let mut out = Vec::new();
    for row in own {
        let time = hour(row.1);
        session += usize::from(before.is_some_and(|before| time - before > gap));
        before = Some(time);
        let steps = funnel.steps.iter().enumerate();
        let steps = steps.filter(|(_, step)| matches(&step.events, step.filter.is_some(), row)).map(|(index, _)| index);
        let bans = funnel.exclusions.iter().enumerate();
        let bans = bans.filter(|(_, ban)| matches(&ban.events, ban.filter.is_some(), row)).map(|(index, _)| index);
        out.push(Seen { time, steps: steps.collect(), bans: bans.collect(), value: row.3, session });
    }
    out
}

fn naive_entries(funnel: &Funnel, log: &EventLog, rows: &[Row], user: i64, as_of: i64) -> Vec<naive::Entry> {
    let calendar = log.calendar(Timestamp::from_micros(as_of));
    Naive::new(funnel, &calendar, as_of, seen(funnel, rows, user, as_of)).entries()
}

fn tallies(funnel: &Funnel, entries: &[naive::Entry]) -> Vec<LevelTally> {
    let mut tallies = vec![LevelTally::default(); funnel.steps.len()];
    for entry in entries {
        let tally = &mut tallies[entry.level - 1];
        match entry.status {
            EntryStatus::Converted => tally.converted_count += 1,
            EntryStatus::Pending => tally.pending_count += 1,
            EntryStatus::Excluded => tally.excluded_count += 1,
            EntryStatus::Dropped => tally.dropped_count += 1,
        }
    }
    tallies
}

fn check_against_naive(rows: &[Row], funnels: &[Funnel], zone: &str, until: i64) -> Result<(), TestCaseError> {
    let log = log_of(zone, rows);
    let as_of = hour(until);
    for funnel in funnels.iter().filter(|funnel| funnel.check().is_ok()) {
        let mut all = Vec::new();
        for (index, id) in log.users().integers().unwrap_or_default().iter().enumerate() {
            let user = UserIx(index as u32);
            let expected = naive_entries(funnel, &log, rows, *id, as_of);
            let first = log.rows(user).start;
            let found = trace_funnel(&log, user, Timestamp::from_micros(as_of), funnel).unwrap();
            let brief = |trace: &Trace| {
                let events: Vec<usize> = trace.events.iter().map(|event| event.row as usize - first).collect();
                (trace.level as usize, trace.status, trace.start.as_micros(), trace.end.as_micros(), events)
            };
            let expected_brief = |entry: &naive::Entry| {
                let events: Vec<usize> = entry.chain.iter().map(|(_, event)| *event).collect();
                (entry.level, entry.status, entry.start, entry.end, events)
            };
            prop_assert_eq!(
                found.iter().map(brief).collect::<Vec<_>>(),
                expected.iter().map(expected_brief).collect::<Vec<_>>(),
                "user {} of {:?}",
                id,
                funnel
            );
            all.extend(expected);
        }
        let conversion = measure_conversion(&log, Timestamp::from_micros(as_of), funnel).unwrap();
        prop_assert_eq!(&conversion.tallies, &tallies(funnel, &all), "{:?}", funnel);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn the_search_equals_every_way_of_giving_events_to_steps(
        rows in rows(6), funnels in prop::collection::vec(funnel(), 12),
        zone in prop::sample::select(vec!["UTC", "America/New_York"]),
        until in prop_oneof![4 => 0i64..40, 1 => Just(3_000i64)],
    ) {
        check_against_naive(&rows, &funnels, zone, until)?;
    }

    #[test]
    fn steps_in_any_order_are_found_as_by_every_sequence_of_events(
        rows in dense_rows(5), funnels in prop::collection::vec(funnel_in(&[StepOrder::Any]), 12),
        zone in prop::sample::select(vec!["UTC", "America/New_York"]),
        until in prop_oneof![4 => 0i64..12, 1 => Just(3_000i64)],
    ) {
        check_against_naive(&rows, &funnels, zone, until)?;
    }

    #[test]
    fn strict_steps_are_found_as_by_every_way_of_giving_events_to_steps(
        rows in dense_rows(6), funnels in prop::collection::vec(funnel_in(&[StepOrder::Strict]), 12),
        until in prop_oneof![4 => 0i64..12, 1 => Just(3_000i64)],
    ) {
        check_against_naive(&rows, &funnels, "UTC", until)?;
    }

    #[test]
    fn the_scan_of_plain_funnels_equals_every_way_of_giving_events_to_steps(
        rows in rows(8),
        steps in prop::collection::vec(prop::collection::vec(names(), 1..=4), 2),
        window in span(), until in prop_oneof![4 => 0i64..40, 1 => Just(3_000i64)], filter in filter(),
    ) {
        let mut funnels = Vec::new();
        for steps in steps {
            for ties in [TiePolicy::AsOrdered, TiePolicy::StepOrder, TiePolicy::StrictlyLater] {
                for event_use in [EventUse::Once, EventUse::Reuse] {
                    for entry in [EntryChoice::Best, EntryChoice::First] {
                        let mut steps: Vec<FunnelStep> = steps.iter().cloned().map(FunnelStep::new).collect();
                        steps.last_mut().unwrap().filter.clone_from(&filter);
                        funnels.push(Funnel { steps, window, ties, event_use, entry, ..Funnel::default() });
                    }
                }
            }
        }
        check_against_naive(&rows, &funnels, "UTC", until)?;
    }
}

fn a_user(text: &str) -> EventLog {
    let names: Vec<&'static str> =
        text.split(' ').map(|name| *NAMES.iter().find(|known| **known == name).unwrap()).collect();
    log_of("UTC", &names.iter().enumerate().map(|(at, name)| (1, at as i64, *name, None)).collect::<Vec<Row>>())
}

fn only_trace(log: &EventLog, funnel: &Funnel) -> Trace {
    let as_of = log.time_span().unwrap().1;
    trace_funnel(log, UserIx(0), as_of, funnel).unwrap().remove(0)
}

#[test]
fn noise_restarts_or_ends() {
    let log = a_user("a b x a b c");
    let end = Funnel { noise: Noise::End, ..Funnel::new(["a", "b", "c"]) };
    assert_eq!(only_trace(&log, &end).level, 2, "as ClickHouse's strict_order");
    assert_eq!(only_trace(&log, &end).reason, StopReason::Interrupted);
    let restart = Funnel { order: StepOrder::Strict, noise: Noise::Restart, ..Funnel::new(["a", "b", "c"]) };
    assert_eq!(only_trace(&log, &restart).level, 3, "as PostHog's strict order");
}

#[test]
fn strictly_later_steps_are_found_among_ties() {
    let mut rows: Vec<Row> = vec![(1, 1, "a", None)];
    for at in 2..=4 {
        rows.extend(["b", "c", "d"].map(|name| (1, at, name, None)));
    }
    let funnel = Funnel { ties: TiePolicy::StrictlyLater, ..Funnel::new(["a", "b", "c", "d"]) };
    assert_eq!(only_trace(&log_of("UTC", &rows), &funnel).level, 4);
}

#[test]
fn reasons_name_what_was_in_the_way() {
    let reason = |text: &str, funnel: Funnel| {
        let log = a_user(text);
        let as_of = hour(1_000);
        trace_funnel(&log, UserIx(0), Timestamp::from_micros(as_of), &funnel).unwrap()[0].reason
    };
    let within = |hours| Funnel::new(["a", "b"]).within(Span::from_hours(hours));
    assert_eq!(reason("a x b", within(1)), StopReason::TooLate);
    assert_eq!(reason("a x b", within(2)), StopReason::Completed);
    assert_eq!(reason("a x c", within(2)), StopReason::Missing);
    let banned = Funnel { exclusions: vec![Exclusion::new(["x"], 1, 2)], ..within(2) };
    assert_eq!(reason("a x b", banned), StopReason::Excluded);
    let mut early = within(9);
    early.steps[1].gap_min = Some(Span::from_hours(3));
    assert_eq!(reason("a x b", early), StopReason::TooEarly);
    let apart = Funnel { scope: Some(Scope::Session { gap: Span::default() }), ..within(9) };
    assert_eq!(reason("a x b", apart), StopReason::Apart);
    assert_eq!(reason("a b", Funnel::new(["a", "b", "c"])), StopReason::WindowOpen);
    for reason in StopReason::ALL {
        assert_eq!(serde_json::to_value(reason).unwrap(), reason.name());
    }
}

#[test]
fn a_step_is_read_from_the_name_of_its_event() {
    let read = |text: &str| serde_json::from_str::<Funnel>(text);
    let short = read(r#"{"steps": ["a", {"events": ["b"], "times": 2}], "window": "7d"}"#).unwrap();
    let mut long = Funnel::new(["a", "b"]).within(Span::from_days(7));
    long.steps[1].times = 2;
    assert_eq!(short, long);
    let error = read(r#"{"steps": [{"event": "a"}]}"#).unwrap_err().to_string();
    assert!(error.contains("unknown field `event`"), "{error}");
    let error = read(r#"{"steps": [1]}"#).unwrap_err().to_string();
    assert!(error.contains("the name of an event"), "{error}");
}

#[test]
fn funnels_without_a_meaning_are_refused() {
    let refusal = |change: fn(&mut Funnel)| {
        let mut funnel = Funnel::new(["a", "b", "c"]);
        change(&mut funnel);
        let error = funnel.check().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::InvalidDefinition | ErrorKind::LimitExceeded), "{error}");
        error.to_string()
    };
    assert!(refusal(|funnel| funnel.steps.clear()).contains("at least one step"));
    assert!(refusal(|funnel| funnel.steps[2].times = 63).contains("65 events"));
    let error = refusal(|funnel| funnel.steps.iter_mut().for_each(|step| step.optional = true));
    assert!(error.contains("every step is optional"), "{error}");
    assert!(refusal(|funnel| funnel.steps[0].gap_min = Some(Span::from_hours(1))).contains("step 1"));
    assert!(refusal(|funnel| funnel.window = Some(Span::from_hours(-1))).contains("-1h"));
    assert!(refusal(|funnel| funnel.window_from = WindowFrom::Previous).contains("window_from"));
    assert!(refusal(|funnel| funnel.exclusions = vec![Exclusion::new(["x"], 2, 2)]).contains("exclusion 1"));
    let error = refusal(|funnel| {
        (funnel.order, funnel.ties) = (StepOrder::Any, TiePolicy::StrictlyLater);
        funnel.steps[0].gap_max = Some(Span::default());
    });
    assert!(error.contains("which no event can"), "{error}");
}
