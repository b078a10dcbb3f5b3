//! Sequences against every way of giving events to a pattern, and published examples.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::UserIx;
use userops::log::EventLog;
use userops::rule::EventPattern;
use userops::sequence::{
    NextBase, NextDirection, NextQuery, Pattern, SeenEvents, count_sequences, next_events, trace_sequence,
};
use userops::time::{MICROS_PER_SECOND, Timestamp};

const START: i64 = 1_741_478_400;

fn at(second: i64) -> i64 {
    (START + second) * MICROS_PER_SECOND
}

fn log_of(rows: &[(i64, i64, &str)]) -> EventLog {
    let events: Vec<Event> =
        rows.iter().map(|(user, second, name)| Event::new(*user, Timestamp::from_micros(at(*second)), *name)).collect();
    let names = ["a", "b", "c", "x", "1", "2", "3", "4", "home", "gift", "exit", "basket"].map(str::to_owned).to_vec();
    EventLog::from_events(EventSchema { events: names, ..EventSchema::default() }, &events).unwrap().0
}

/// A part of a pattern: its text, and what it asks of the stretch before the next event.
#[derive(Debug, Clone)]
enum Part {
    Condition(usize),
    Any,
    Star,
    Bound(&'static str, i64),
    Without(usize),
}

fn text(parts: &[Part]) -> String {
    let text = |part: &Part| match part {
        Part::Condition(number) => format!("(?{number})"),
        Part::Any => ".".to_owned(),
        Part::Star => ".*".to_owned(),
        Part::Bound(sign, seconds) => format!("(?t{sign}{seconds})"),
        Part::Without(number) => format!("(?!{number})"),
    };
    parts.iter().map(text).collect()
}

/// Whether events at these places make the pattern, asked as a whole.
fn fits(parts: &[Part], places: &[usize], events: &[(i64, Vec<usize>)]) -> bool {
    let mut taken = places.iter();
    let mut before: Option<usize> = None;
    let (mut passes, mut ok) = (true, true);
    let mut pending: Vec<&Part> = Vec::new();
    for part in parts {
        let is_element = matches!(part, Part::Condition(_) | Part::Any);
        if !is_element {
            pending.push(part);
            passes = true;
            continue;
        }
        let place = *taken.next().unwrap();
        if let Part::Condition(number) = part {
            ok &= events[place].1.contains(number);
        }
        if let Some(before) = before {
            ok &= if passes { place > before } else { place == before + 1 };
            let gap = events[place].0 - events[before].0;
            for one in &pending {
                ok &= match one {
                    Part::Bound("<=", seconds) => gap <= *seconds,
                    Part::Bound("<", seconds) => gap < *seconds,
                    Part::Bound(">=", seconds) => gap >= *seconds,
                    Part::Bound(">", seconds) => gap > *seconds,
                    Part::Bound(_, seconds) => gap == *seconds,
                    Part::Without(number) => {
                        (before + 1..place.max(before + 1)).all(|between| !events[between].1.contains(number))
                    }
                    _ => true,
                };
            }
        }
        before = Some(place);
        passes = false;
        pending.clear();
    }
    ok
}

/// All ways in ascending order; the first is taken, and then the next behind its end.
fn naive(parts: &[Part], events: &[(i64, Vec<usize>)]) -> Vec<Vec<usize>> {
    let count = parts.iter().filter(|part| matches!(part, Part::Condition(_) | Part::Any)).count();
    let mut ways: Vec<Vec<usize>> = vec![Vec::new()];
    for _ in 0..count {
        ways = ways
            .into_iter()
            .flat_map(|way| {
                let from = way.last().map_or(0, |last: &usize| last + 1);
                (from..events.len()).map(move |next| {
                    let mut longer = way.clone();
                    longer.push(next);
                    longer
                })
            })
            .collect();
    }
    ways.retain(|way| fits(parts, way, events));
    ways.sort_unstable();
    let mut found: Vec<Vec<usize>> = Vec::new();
    for way in ways {
        if found.last().is_none_or(|last| way[0] > last[last.len() - 1]) {
            found.push(way);
        }
    }
    found
}

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let element = || prop_oneof![4 => (1usize..4).prop_map(Part::Condition), 1 => Just(Part::Any)];
    let sign = prop::sample::select(vec!["<=", "<", ">=", ">", "=="]);
    let between = prop_oneof![
        3 => Just(Part::Star),
        3 => (sign, 0i64..6).prop_map(|(sign, seconds)| Part::Bound(sign, seconds)),
        1 => (1usize..4).prop_map(Part::Without),
    ];
    let link = prop::collection::vec(between, 0..3);
    (element(), prop::collection::vec((link, element()), 0..3)).prop_map(|(first, rest)| {
        let rest = rest.into_iter().flat_map(|(link, element)| link.into_iter().chain([element]));
        std::iter::once(first).chain(rest).collect()
    })
}

const CONDITIONS: [&[&str]; 3] = [&["a"], &["b", "c"], &["c"]];

fn conditions() -> Vec<EventPattern> {
    CONDITIONS.iter().map(|names| EventPattern::new(names.iter().copied())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_700))]

    #[test]
    fn matches_equal_every_way_of_giving_events_to_the_pattern(
        rows in prop::collection::vec((0i64..3, 0i64..12, prop::sample::select(vec!["a", "b", "c", "x"])), 0..24),
        patterns in prop::collection::vec(parts(), 6), sees_all in any::<bool>(), until in 0i64..16,
    ) {
        let log = log_of(&rows);
        let sees = if sees_all { SeenEvents::All } else { SeenEvents::Matching };
        let as_of = Timestamp::from_micros(at(until));
        for parts in patterns {
            let pattern = Pattern { sees, ..Pattern::new(text(&parts), conditions()) };
            let counts = count_sequences(&log, as_of, &pattern).unwrap();
            for (index, id) in log.users().integers().unwrap_or_default().iter().enumerate() {
                let mut own: Vec<_> = rows.iter().filter(|row| row.0 == *id && row.1 <= until).collect();
                own.sort_by_key(|row| row.1);
                let met = |name: &str| -> Vec<usize> {
                    (1..=3).filter(|number| CONDITIONS[number - 1].contains(&name)).collect()
                };
                let seen: Vec<(usize, (i64, Vec<usize>))> = own.iter().enumerate()
                    .map(|(place, row)| (place, (row.1, met(row.2))))
                    .filter(|(_, (_, met))| sees_all || !met.is_empty()).collect();
                let events: Vec<(i64, Vec<usize>)> = seen.iter().map(|(_, event)| event.clone()).collect();
                let expected: Vec<Vec<u64>> = naive(&parts, &events).iter()
                    .map(|way| way.iter().map(|place| seen[*place].0 as u64).collect()).collect();
                let first = log.rows(UserIx(index as u32)).start as u64;
                let found = trace_sequence(&log, UserIx(index as u32), as_of, &pattern).unwrap();
                let found: Vec<Vec<u64>> =
                    found.into_iter().map(|rows| rows.into_iter().map(|row| row - first).collect()).collect();
                prop_assert_eq!(&found, &expected, "{} of user {}", pattern.pattern, id);
                prop_assert_eq!(counts.counts[index] as usize, expected.len());
            }
            let matched = counts.counts.iter().filter(|count| **count > 0).count() as u64;
            prop_assert_eq!(counts.users.count, matched);
            prop_assert_eq!(counts.match_count, counts.counts.iter().map(|count| u64::from(*count)).sum::<u64>());
            let alone = crate::funnel::ONE_THREAD.install(|| count_sequences(&log, as_of, &pattern).unwrap());
            prop_assert_eq!(alone, counts);
        }
    }
}

fn next_queries() -> impl Strategy<Value = NextQuery> {
    use NextBase::{FirstMatch, Head, LastMatch, Tail};
    use NextDirection::{Backward, Forward};
    let pattern = || prop::sample::subsequence(vec!["a", "b", "c", "x"], 0..3).prop_map(EventPattern::new);
    let ways = vec![
        (Forward, FirstMatch),
        (Forward, LastMatch),
        (Forward, Head),
        (Backward, FirstMatch),
        (Backward, LastMatch),
        (Backward, Tail),
    ];
    (prop::collection::vec(pattern(), 1..4), pattern(), prop::sample::select(ways))
        .prop_map(|(chain, base_condition, (direction, base))| NextQuery { chain, base_condition, base, direction })
}

/// What comes behind the chain of one user, who did these things in this order: an event, or the end.
fn naive_next(query: &NextQuery, names: &[&str]) -> Option<Option<String>> {
    let meets =
        |pattern: &EventPattern, name: &str| pattern.events.is_empty() || pattern.events.iter().any(|n| n == name);
    let is_backward = query.direction == NextDirection::Backward;
    let bases = (0..names.len())
        .filter(|place| meets(&query.base_condition, names[*place]) && meets(&query.chain[0], names[*place]));
    let base = match query.base {
        NextBase::FirstMatch => bases.min(),
        NextBase::LastMatch => bases.max(),
        NextBase::Head => bases.min().filter(|place| *place == 0),
        NextBase::Tail => bases.max().filter(|place| place + 1 == names.len()),
    }?;
    let mut way: Vec<&str> = if is_backward { names[..=base].to_vec() } else { names[base..].to_vec() };
    if is_backward {
        way.reverse();
    }
    let chain = query.chain.iter().enumerate();
    chain.map(|(step, pattern)| meets(pattern, way.get(step)?).then_some(())).collect::<Option<Vec<()>>>()?;
    Some(way.get(query.chain.len()).map(|name| (*name).to_owned()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_700))]

    #[test]
    fn what_comes_next_equals_walking_from_the_base(
        rows in prop::collection::vec((0i64..4, 0i64..12, prop::sample::select(vec!["a", "b", "c", "x"])), 0..24),
        queries in prop::collection::vec(next_queries(), 6), until in 0i64..16,
    ) {
        let (log, as_of) = (log_of(&rows), Timestamp::from_micros(at(until)));
        for query in queries {
            let mut expected: BTreeMap<Option<String>, u64> = BTreeMap::new();
            let mut present = 0;
            for user in 0..4 {
                let mut own: Vec<_> = rows.iter().filter(|row| row.0 == user && row.1 <= until).collect();
                own.sort_by_key(|row| row.1);
                present += u64::from(!own.is_empty());
                let names: Vec<&str> = own.iter().map(|row| row.2).collect();
                if let Some(next) = naive_next(&query, &names) {
                    *expected.entry(next).or_default() += 1;
                }
            }
            let found = next_events(&log, as_of, &query).unwrap();
            let matched: u64 = expected.values().sum();
            prop_assert_eq!((found.users.count, found.users.of_count), (matched, present));
            let mut sorted: Vec<(Option<String>, u64)> = expected.into_iter().collect();
            sorted.sort_by_key(|(name, count)| (name.is_none(), std::cmp::Reverse(*count), name.clone()));
            let rows: Vec<_> = found.rows.iter().map(|row| (row.event.clone(), row.users.count)).collect();
            prop_assert_eq!(rows, sorted, "{:?}", query);
            prop_assert!(found.rows.iter().all(|row| row.users.of_count == matched));
            prop_assert_eq!(crate::funnel::ONE_THREAD.install(|| next_events(&log, as_of, &query).unwrap()), found);
        }
    }
}

fn numbers(text: &str) -> EventLog {
    let rows: Vec<(i64, i64, &str)> = text.split(' ').enumerate().map(|(at, name)| (1, at as i64 + 1, name)).collect();
    log_of(&rows)
}

fn count(log: &EventLog, pattern: &str, names: &[&str]) -> u64 {
    let pattern = Pattern::new(pattern, names.iter().map(|name| EventPattern::new([*name])));
    count_sequences(log, log.time_span().unwrap().1, &pattern).unwrap().match_count
}

#[test]
fn published_examples_of_clickhouse_come_out() {
    // Reference of sequenceMatch: 1, 3, 2; an event of no condition is not looked at, one of a third condition is.
    let log = numbers("1 3 2");
    assert_eq!(count(&log, "(?1)(?2)", &["1", "2"]), 1);
    assert_eq!(count(&log, "(?1)(?2)", &["1", "2", "3"]), 0);
    assert_eq!(count(&log, "(?1)(?2)", &["1", "2", "4"]), 1);
    // Reference of sequenceCount: 1, 3, 2, 1, 3, 2.
    assert_eq!(count(&numbers("1 3 2 1 3 2"), "(?1).*(?2)", &["1", "2"]), 2);
    // By hand: a bound of time passes others over, and counts from the event before.
    assert_eq!(count(&numbers("1 3 2"), "(?1)(?t<=2)(?2)", &["1", "2", "3"]), 1);
    assert_eq!(count(&numbers("1 3 2"), "(?1)(?t<2)(?2)", &["1", "2", "3"]), 0);
    assert_eq!(count(&numbers("1 3 2"), "(?1)(?t>=1s)(?!3)(?2)", &["1", "2", "3"]), 0);
}

#[test]
fn published_examples_of_the_next_node_come_out() {
    // Reference of sequenceNextNode: three users with their pages.
    let mut rows = Vec::new();
    for (user, pages) in [(1, "home gift exit"), (2, "home home gift basket"), (3, "gift home gift basket")] {
        rows.extend(pages.split(' ').enumerate().map(|(at, page)| (user, at as i64, page)));
    }
    let log = log_of(&rows);
    let ask = |direction, base, base_condition: &str, chain: &[&str]| -> Vec<(Option<String>, u64)> {
        let query = NextQuery {
            direction,
            base,
            base_condition: EventPattern::new([base_condition]),
            chain: chain.iter().map(|page| EventPattern::new([*page])).collect(),
        };
        let next = next_events(&log, log.time_span().unwrap().1, &query).unwrap();
        next.rows.into_iter().map(|row| (row.event, row.users.count)).collect()
    };
    let named = |name: &str, count| (Some(name.to_owned()), count);
    use NextBase::{FirstMatch, Head, LastMatch, Tail};
    use NextDirection::{Backward, Forward};
    assert_eq!(ask(Forward, Head, "home", &["home", "gift"]), [named("exit", 1)]);
    assert_eq!(ask(Backward, Tail, "basket", &["basket", "gift"]), [named("home", 2)]);
    assert_eq!(ask(Forward, FirstMatch, "gift", &["gift"]), [named("basket", 1), named("exit", 1), named("home", 1)]);
    assert_eq!(ask(Forward, FirstMatch, "gift", &["gift", "home"]), [named("gift", 1)]);
    assert_eq!(ask(Backward, LastMatch, "gift", &["gift"]), [named("home", 3)]);
    assert_eq!(ask(Backward, LastMatch, "gift", &["gift", "home"]), [named("gift", 1), named("home", 1), (None, 1)]);
}

#[test]
fn texts_that_are_no_pattern_are_refused_at_their_place() {
    for (text, word) in [
        ("", "no event"),
        ("(?3)", "from 1 to 2"),
        ("(?0)", "from 1 to 2"),
        ("(?1", "ends with )"),
        ("(?1)x", "byte 4"),
        ("(?t<=5)(?1)", "no event before"),
        ("(?1)(?t<=5)", "no event behind"),
        ("(?1)(?t=5)(?2)", "signs"),
        ("(?1)(?t<=-5)(?2)", "length of time"),
        ("(?1)(?t<=5w)(?2)", "length of time"),
        ("(?!1)(?2)", "no event before"),
        ("(?1)é", "byte 4"),
    ] {
        let error = Pattern::new(text, [EventPattern::new(["a"]), EventPattern::new(["b"])]).check().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
        assert!(error.to_string().contains(word), "{text}: {error}");
    }
    let error = NextQuery { base: NextBase::Tail, ..NextQuery::after([EventPattern::new(["a"])]) }.check().unwrap_err();
    assert!(error.to_string().contains("tail"), "{error}");
}
