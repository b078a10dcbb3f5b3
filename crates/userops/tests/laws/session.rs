//! Sessions against cutting each user's events one by one.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::log::EventLog;
use userops::rule::EventPattern;
use userops::session::{SessionDay, SessionOptions, Sessions, Spread, find_sessions};
use userops::time::{Calendar, MICROS_PER_HOUR, Span, Timestamp};
use userops::value::ValueRef;

use crate::world::{Happening, World, as_of_ticks, day_of, matches, patterns, with_threads, worlds};

/// A session from scratch: its events.
fn naive(world: &World, as_of: Timestamp, options: &SessionOptions) -> Vec<(i64, Vec<Happening>)> {
    let calendar = world.calendar();
    let mut sessions: Vec<(i64, Vec<Happening>)> = Vec::new();
    for (user, events) in world.by_user(as_of) {
        let mut of_user: Vec<Vec<Happening>> = Vec::new();
        for event in events.into_iter().filter(|event| matches(&options.events, event)) {
            let joins = of_user.last().is_some_and(|session| joins(&calendar, options, session, &event));
            match of_user.last_mut() {
                Some(session) if joins => session.push(event),
                _ => of_user.push(vec![event]),
            }
        }
        sessions.extend(of_user.into_iter().map(|session| (user, session)));
    }
    sessions
}

/// Whether an event belongs to a session.
fn joins(calendar: &Calendar, options: &SessionOptions, session: &[Happening], event: &Happening) -> bool {
    let (first, last) = (&session[0], &session[session.len() - 1]);
    event.time - last.time <= options.gap.as_micros()
        && options.length_max.is_none_or(|length| event.time - first.time <= length.as_micros())
        && !(options.split_at_midnight && day_of(calendar, event.time) != day_of(calendar, last.time))
        && !options.starts.as_ref().is_some_and(|starts| matches(starts, event))
}

fn options() -> impl Strategy<Value = SessionOptions> {
    let half_hours = |most: i64| (0..most).prop_map(|ticks| Span::from_micros(ticks * MICROS_PER_HOUR / 2));
    (patterns(), half_hours(10), prop::option::of(half_hours(20)), any::<bool>(), prop::option::of(patterns()))
        .prop_map(|(events, gap, length_max, split_at_midnight, starts)| SessionOptions {
            events,
            gap,
            length_max,
            split_at_midnight,
            starts,
        })
}

fn minor(events: &[Happening]) -> i64 {
    events.iter().filter_map(|event| event.minor).sum()
}

/// Type 7 from its definition, on a sorted list.
fn near_quantile(sorted: &[f64], part: f64, found: f64) -> bool {
    let position = (sorted.len() - 1) as f64 * part;
    let (below, above) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    (found - (below + (above - below) * position.fract())).abs() < 1e-6
}

fn check_spread(mut values: Vec<f64>, spread: Option<Spread>) -> Result<(), TestCaseError> {
    values.sort_by(f64::total_cmp);
    let Some(spread) = spread else {
        prop_assert!(values.is_empty());
        return Ok(());
    };
    prop_assert!((spread.mean - values.iter().sum::<f64>() / values.len() as f64).abs() < 1e-6);
    for (part, found) in [
        (0.25, spread.quartile_1),
        (0.5, spread.median),
        (0.75, spread.quartile_3),
        (0.9, spread.percentile_90),
        (0.99, spread.percentile_99),
    ] {
        prop_assert!(near_quantile(&values, part, found), "{part}: {found}");
    }
    Ok(())
}

fn check(world: &World, log: &EventLog, as_of: Timestamp, options: &SessionOptions) -> Result<(), TestCaseError> {
    let sessions = find_sessions(log, as_of, options).unwrap();
    let expected = naive(world, as_of, options);
    prop_assert_eq!(sessions.rows().len(), expected.len());
    let calendar = world.calendar();
    let next = |name: &'static str, minor: Option<i64>, user: i64| Happening {
        user,
        time: as_of.as_micros() + 1,
        name,
        minor,
    };
    for (index, (session, (user, events))) in sessions.rows().iter().zip(&expected).enumerate() {
        prop_assert_eq!(log.users().find(*user), Some(session.user));
        prop_assert_eq!(session.start.as_micros(), events[0].time);
        prop_assert_eq!(session.end.as_micros(), events[events.len() - 1].time);
        prop_assert_eq!(session.event_count as usize, events.len());
        prop_assert_eq!(session.revenue.minor(), minor(events));
        // An event of a kind that begins no session is what could still come.
        let without_starts = SessionOptions { starts: None, ..options.clone() };
        let is_last = expected.get(index + 1).is_none_or(|(other, _)| other != user);
        let open = is_last && joins(&calendar, &without_starts, events, &next("view", None, *user));
        prop_assert_eq!(session.open, open);
    }
    let table = sessions.to_table(log).unwrap();
    for (row, (_, events)) in expected.iter().enumerate() {
        let event_of = |session: u64| log.names().get(u32::from(log.name_codes()[session as usize]));
        prop_assert_eq!(table.get(row, "first_event"), Some(ValueRef::Text(events[0].name)));
        prop_assert_eq!(event_of(sessions.rows()[row].last_row), Some(events[events.len() - 1].name));
    }
    check_sums(world, log, &sessions, &expected)
}

fn check_sums(
    world: &World,
    log: &EventLog,
    sessions: &Sessions,
    expected: &[(i64, Vec<Happening>)],
) -> Result<(), TestCaseError> {
    let summary = sessions.summary();
    let seconds = |events: &[Happening]| (events[events.len() - 1].time - events[0].time) as f64 / 1e6;
    let mut per_user: BTreeMap<i64, f64> = BTreeMap::new();
    expected.iter().for_each(|(user, _)| *per_user.entry(*user).or_default() += 1.0);
    check_spread(expected.iter().map(|(_, events)| seconds(events)).collect(), summary.duration_seconds)?;
    check_spread(expected.iter().map(|(_, events)| events.len() as f64).collect(), summary.depth_events)?;
    check_spread(per_user.values().copied().collect(), summary.sessions_per_user)?;
    prop_assert_eq!(summary.bounces.count as usize, expected.iter().filter(|(_, events)| events.len() == 1).count());
    prop_assert_eq!(summary.event_count as usize, expected.iter().map(|(_, events)| events.len()).sum::<usize>());
    prop_assert_eq!(summary.revenue_minor, expected.iter().map(|(_, events)| minor(events)).sum::<i64>());

    let trend = sessions.trend().unwrap();
    prop_assert!(trend.windows(2).all(|pair| pair[0].day.0 + 1 == pair[1].day.0));
    prop_assert!(trend.first().is_none_or(|day| day.session_count > 0));
    let calendar = world.calendar();
    for day in &trend {
        let of_day: Vec<&(i64, Vec<Happening>)> =
            expected.iter().filter(|(_, events)| day_of(&calendar, events[0].time) == day.day).collect();
        prop_assert_eq!(day.session_count as usize, of_day.len());
        let users: std::collections::BTreeSet<i64> = of_day.iter().map(|(user, _)| *user).collect();
        prop_assert_eq!(day.user_count as usize, users.len());
        prop_assert_eq!(day.event_count as usize, of_day.iter().map(|(_, events)| events.len()).sum::<usize>());
        prop_assert_eq!(day.bounce_count as usize, of_day.iter().filter(|(_, events)| events.len() == 1).count());
        prop_assert_eq!(day.revenue_minor, of_day.iter().map(|(_, events)| minor(events)).sum::<i64>());
    }
    let counted: u64 = trend.iter().map(|day: &SessionDay| day.session_count).sum();
    prop_assert_eq!(counted, summary.session_count);
    let users = sessions.user_table(log).unwrap();
    for (user, count) in per_user {
        let row = log.users().find(user).unwrap().index();
        prop_assert_eq!(users.get(row, "session_count"), Some(ValueRef::Integer(count as i64)));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_200))]
    #[test]
    fn sessions_equal_cutting_one_by_one(
        world in worlds(50),
        asked in prop::collection::vec((as_of_ticks(), options()), 9),
    ) {
        let log = world.log();
        for (as_of, options) in asked {
            check(&world, &log, world.as_of(as_of), &options)?;
        }
    }
}

proptest! {
    #[test]
    fn parts_threads_and_arrival_do_not_matter(world in worlds(60), as_of in as_of_ticks(), options in options()) {
        let (as_of, log) = (world.as_of(as_of), world.log());
        let ask = |log: &EventLog| find_sessions(log, as_of, &options).unwrap();
        let whole = ask(&log);
        for threads in [1, 3] {
            prop_assert_eq!(&with_threads(threads, || ask(&log)), &whole);
        }
        prop_assert_eq!(&ask(&world.arriving_backwards().log()), &whole);
        let spans = |log: &EventLog| -> Vec<(i64, i64, u32)> {
            let of = |session: &userops::session::Session| {
                (session.start.as_micros(), session.end.as_micros(), session.event_count)
            };
            ask(log).rows().iter().map(of).collect()
        };
        let mut parts = [0, 1].map(|part| spans(&world.log_of(|user| user % 2 == part))).concat();
        let mut all = spans(&log);
        parts.sort_unstable();
        all.sort_unstable();
        prop_assert_eq!(parts, all);
    }

    #[test]
    fn sessions_cover_every_event_once(world in worlds(60), as_of in as_of_ticks(), options in options()) {
        let (as_of, log) = (world.as_of(as_of), world.log());
        let sessions = find_sessions(&log, as_of, &options).unwrap();
        let counted: u64 = sessions.rows().iter().map(|session| u64::from(session.event_count)).sum();
        let events = world.by_user(as_of).into_values().flatten();
        prop_assert_eq!(counted as usize, events.filter(|event| matches(&options.events, event)).count());
        // A longer silence never makes more sessions, as long as silence alone cuts.
        let plain = SessionOptions { length_max: None, ..options };
        let longer = SessionOptions { gap: Span::from_micros(plain.gap.as_micros() * 2), ..plain.clone() };
        let count = |options: &SessionOptions| find_sessions(&log, as_of, options).unwrap().rows().len();
        prop_assert!(count(&longer) <= count(&plain));
    }
}

fn log_of(zone: &'static str, times: &[&str]) -> (World, EventLog) {
    let happening = |time: &&str| Happening {
        user: 1,
        time: time.parse::<Timestamp>().unwrap().as_micros(),
        name: "view",
        minor: None,
    };
    let events = times.iter().map(happening).collect();
    let world = World { zone, start: 0, events, created: vec![None; 8], plan: vec![None; 8] };
    let log = world.log();
    (world, log)
}

#[test]
fn a_gap_is_strict_and_half_an_hour_by_default() {
    let times = ["2026-03-02T10:00:00Z", "2026-03-02T10:30:00Z", "2026-03-02T11:00:00.000001Z"];
    let (_, log) = log_of("UTC", &times);
    let at = |as_of: &str| find_sessions(&log, as_of.parse().unwrap(), &SessionOptions::default()).unwrap();
    let sessions = at("2026-03-03T00:00:00Z");
    assert_eq!(sessions.rows().iter().map(|session| session.event_count).collect::<Vec<_>>(), [2, 1]);
    assert_eq!(sessions.rows()[0].duration(), Span::from_micros(1_800_000_000));
    assert_eq!(sessions.summary().bounces.ratio, Some(0.5));
    // At 10:59:59.999999 an event a microsecond later still belongs to the session; at 11:00 it does not.
    assert!(at("2026-03-02T10:59:59.999999Z").rows()[0].open);
    assert!(!at("2026-03-02T11:00:00Z").rows()[0].open);
    let summary = find_sessions(&log, Timestamp::MIN, &SessionOptions::default()).unwrap().summary();
    assert_eq!((summary.session_count, summary.duration_seconds, summary.bounces.ratio), (0, None, None));
}

#[test]
fn midnight_is_local_where_it_splits() {
    // Midnight in Shanghai is 16:00 UTC.
    let (_, log) = log_of("Asia/Shanghai", &["2026-03-02T15:50:00Z", "2026-03-02T16:00:00Z", "2026-03-03T00:00:00Z"]);
    let as_of = "2026-03-03T00:10:00Z".parse().unwrap();
    let gap = SessionOptions::with_gap(Span::from_hours(12));
    let counts = |options: SessionOptions| -> Vec<u32> {
        let sessions = find_sessions(&log, as_of, &options).unwrap();
        sessions.rows().iter().map(|session| session.event_count).collect()
    };
    assert_eq!(counts(gap.clone()), [3]);
    assert_eq!(counts(gap.clone().split_at_midnight(true)), [1, 2]);
    assert_eq!(counts(gap.clone().length_max(Span::from_hours(8))), [2, 1]);
    assert_eq!(counts(gap.starts(EventPattern::new(["view"]))), [1, 1, 1]);
}

#[test]
fn lengths_that_are_none_and_other_logs_are_refused() {
    let (_, log) = log_of("UTC", &["2026-03-02T10:00:00Z"]);
    let as_of = "2026-03-03T00:00:00Z".parse().unwrap();
    let ask = |options: SessionOptions| find_sessions(&log, as_of, &options).unwrap_err();
    let error = ask(SessionOptions::with_gap(Span::from_hours(-1)));
    assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    assert!(error.to_string().contains("`gap` is -1h"), "{error}");
    assert_eq!(ask(SessionOptions::default().events(EventPattern::new(["viw"]))).kind(), ErrorKind::UnknownName);
    let sessions = find_sessions(&log, as_of, &SessionOptions::default()).unwrap();
    let other = EventLog::from_events(userops::event::EventSchema::default(), &[]).unwrap().0;
    assert_eq!(sessions.to_table(&other).unwrap_err().kind(), ErrorKind::InvalidArgument);
}
