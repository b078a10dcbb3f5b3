//! Drivers against lists of events, and statistics against published and exact values.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::driver::{
    ContingencyTable, Driver, DriverEvent, DriverKind, DriverOptions, DriverRank, Drivers, ObservationStart,
    SignificanceTest, adjust_p_values, find_drivers,
};
use userops::error::ErrorKind;
use userops::rule::EventPattern;
use userops::time::{MICROS_PER_DAY, Span, Timestamp};

use crate::stream::{Deed, NAMES, START, Stream, matches, patterns, streams, with_threads};

fn driver_options() -> impl Strategy<Value = DriverOptions> {
    let start = prop_oneof![
        Just(ObservationStart::FirstEvent),
        (0i64..300)
            .prop_map(|hours| ObservationStart::Until(Timestamp::from_micros(START + hours * MICROS_PER_DAY / 24))),
    ];
    let days = prop::collection::vec(1u16..4, 0..3);
    let rank = prop::sample::select(vec![DriverRank::Phi, DriverRank::Lift, DriverRank::QValue]);
    (
        (patterns(), 1u32..3, any::<bool>(), prop::bool::weighted(0.3), start),
        (3i64..5, 1i64..9, prop::option::of(prop::collection::vec(patterns(), 0..3))),
        (prop::collection::vec(1u32..4, 1..3), days, 1u16..4, rank),
    )
        .prop_map(
            |(
                (target, least, absent, newcomers, start),
                (observation, within, events),
                (counts, days, values, rank),
            )| {
                let event = |(index, pattern): (usize, EventPattern)| DriverEvent::new(index.to_string(), pattern);
                DriverOptions {
                    target_count_min: least,
                    target_absent: absent,
                    newcomers_only: newcomers,
                    start,
                    observation: Span::from_days(observation),
                    within: Span::from_days(within),
                    events: events.map(|events| events.into_iter().enumerate().map(event).collect()),
                    counts,
                    days,
                    properties: vec!["channel".into(), "level".into()],
                    attributes: vec!["city".into()],
                    values_max: values,
                    rank_by: rank,
                    ..DriverOptions::new(target)
                }
            },
        )
}

/// A candidate: kind, name, value, least count, days.
type Key = (DriverKind, String, Option<String>, Option<u32>, Option<i64>);

/// What users who count did while observed, whether they reached the target, and how many were left out why.
struct Naive {
    users: Vec<(i64, Vec<Deed>, i64, i64, bool)>,
    left_out: [u64; 3],
}

fn naive_population(stream: &Stream, options: &DriverOptions) -> Naive {
    let mut naive = Naive { users: Vec::new(), left_out: [0; 3] };
    for (user, deeds) in stream.by_user().into_iter().enumerate() {
        let (start, end) = match (options.start, deeds.first()) {
            (ObservationStart::FirstEvent, Some(first)) => (first.time, first.time + options.observation.as_micros()),
            (ObservationStart::Until(end), Some(first)) if first.time < end.as_micros() => {
                (end.as_micros() - options.observation.as_micros(), end.as_micros())
            }
            _ => {
                naive.left_out[0] += 1;
                continue;
            }
        };
        let last = end + options.within.as_micros();
        if last - 1 > stream.as_of {
            naive.left_out[1] += 1;
            continue;
        }
        let within = |from: i64, until: i64| deeds.iter().filter(move |deed| from <= deed.time && deed.time < until);
        if options.newcomers_only && within(start, end).any(|deed| matches(&options.target, deed)) {
            naive.left_out[2] += 1;
            continue;
        }
        let done = within(end, last).filter(|deed| matches(&options.target, deed)).count();
        let hit = (done >= options.target_count_min as usize) != options.target_absent;
        naive.users.push((user as i64, within(start, end).copied().collect(), start, end, hit));
    }
    naive
}

/// The candidates in the order asked for, each with the users who have it.
fn naive_candidates(stream: &Stream, options: &DriverOptions, naive: &Naive) -> Vec<(Key, BTreeSet<i64>)> {
    let events = options.events.clone().unwrap_or_else(|| {
        let names: BTreeSet<&str> = stream.deeds.iter().map(|deed| deed.name).collect();
        names.into_iter().map(|name| DriverEvent::new(name, EventPattern::new([name]))).collect()
    });
    let days: BTreeSet<i64> = match options.days.is_empty() {
        true => BTreeSet::from([options.observation.as_micros() / MICROS_PER_DAY]),
        false => options.days.iter().map(|days| i64::from(*days)).collect(),
    };
    let mut candidates = Vec::new();
    for event in &events {
        let pattern = EventPattern { events: event.events.clone(), filter: event.filter.clone() };
        for days in &days {
            for count in options.counts.iter().collect::<BTreeSet<_>>() {
                let has = |(_, deeds, start, end, _): &&(i64, Vec<Deed>, i64, i64, bool)| {
                    let inside = |deed: &&Deed| match options.start {
                        ObservationStart::FirstEvent => deed.time < start + days * MICROS_PER_DAY,
                        ObservationStart::Until(_) => deed.time >= end - days * MICROS_PER_DAY,
                    };
                    deeds.iter().filter(inside).filter(|deed| matches(&pattern, deed)).count() >= *count as usize
                };
                let users = naive.users.iter().filter(has).map(|user| user.0).collect();
                candidates.push(((DriverKind::Event, event.name.clone(), None, Some(*count), Some(*days)), users));
            }
        }
    }
    type Value = fn(&Stream, &Deed) -> Option<String>;
    let properties: [(&str, Value); 2] = [
        ("channel", |_, deed| deed.channel.map(str::to_owned)),
        ("level", |_, deed| deed.level.map(|level| level.to_string())),
    ];
    for (name, value) in properties {
        let mut holders: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
        for (user, deeds, ..) in &naive.users {
            for value in deeds.iter().filter_map(|deed| value(stream, deed)) {
                holders.entry(value).or_default().insert(*user);
            }
        }
        candidates.extend(top(DriverKind::Property, name, holders, options.values_max));
    }
    let mut holders: BTreeMap<String, BTreeSet<i64>> = BTreeMap::new();
    for (user, ..) in &naive.users {
        if let Some(city) = stream.cities[*user as usize] {
            holders.entry(city.to_owned()).or_default().insert(*user);
        }
    }
    candidates.extend(top(DriverKind::Attribute, "city", holders, options.values_max));
    candidates
}

fn top(
    kind: DriverKind,
    name: &str,
    holders: BTreeMap<String, BTreeSet<i64>>,
    values_max: u16,
) -> Vec<(Key, BTreeSet<i64>)> {
    let mut ranked: Vec<_> = holders.into_iter().collect();
    ranked.sort_by_key(|(_, users)| std::cmp::Reverse(users.len()));
    let key = |value: String| (kind, name.to_owned(), Some(value), None, None);
    ranked.into_iter().take(usize::from(values_max)).map(|(value, users)| (key(value), users)).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-10 * a.abs().max(b.abs()).max(1e-300)
}

/// The correlation of two lists of zeros and ones, by its definition.
fn naive_phi(table: &ContingencyTable) -> Option<f64> {
    let cells = [
        (1.0, 1.0, table.with_hit),
        (1.0, 0.0, table.with_miss),
        (0.0, 1.0, table.without_hit),
        (0.0, 0.0, table.without_miss),
    ];
    let n: f64 = cells.iter().map(|cell| cell.2 as f64).sum();
    let sum = |value: fn(f64, f64) -> f64| cells.iter().map(|(x, y, count)| value(*x, *y) * *count as f64).sum::<f64>();
    let (mean_x, mean_y) = (sum(|x, _| x) / n, sum(|_, y| y) / n);
    let (var_x, var_y) = (mean_x - mean_x * mean_x, mean_y - mean_y * mean_y);
    let any_zero = [table.with_count(), table.without_count(), table.hit_count(), table.miss_count()].contains(&0);
    (!any_zero).then(|| (sum(|x, y| x * y) / n - mean_x * mean_y) / (var_x * var_y).sqrt())
}

/// How many ways there are to choose `k` of `n`.
fn choose(n: u64, k: u64) -> u128 {
    (0..u128::from(k)).fold(1, |ways, i| ways * (u128::from(n) - i) / (i + 1))
}

/// The exact two-sided probability with whole numbers.
fn naive_fisher(table: &ContingencyTable) -> f64 {
    let (with, without, hit) = (table.with_count(), table.without_count(), table.hit_count());
    let ways =
        |k: u64| if k > with || k > hit || hit - k > without { 0 } else { choose(with, k) * choose(without, hit - k) };
    let own = ways(table.with_hit);
    let extreme: u128 = (0..=hit).map(ways).filter(|ways| *ways <= own).sum();
    extreme as f64 / choose(with + without, hit) as f64
}

/// The probability of a χ² of one degree of freedom above `x`, from the area of the normal curve by Simpson's rule.
fn naive_chi_square_tail(x: f64) -> f64 {
    let (from, until, steps) = (x.sqrt(), x.sqrt() + 12.0, 20_000);
    let width = (until - from) / f64::from(steps);
    let curve = |step: i32| {
        let z = from + width * f64::from(step);
        (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    };
    let weight = |step: i32| {
        if step == 0 || step == steps {
            1.0
        } else if step % 2 == 1 {
            4.0
        } else {
            2.0
        }
    };
    2.0 * width / 3.0 * (0..=steps).map(|step| weight(step) * curve(step)).sum::<f64>()
}

fn naive_chi_square(table: &ContingencyTable) -> f64 {
    let n = table.user_count() as f64;
    let cells = [
        (table.with_hit, table.with_count(), table.hit_count()),
        (table.with_miss, table.with_count(), table.miss_count()),
        (table.without_hit, table.without_count(), table.hit_count()),
        (table.without_miss, table.without_count(), table.miss_count()),
    ];
    cells
        .iter()
        .map(|(seen, row, column)| {
            let expected = *row as f64 * *column as f64 / n;
            (*seen as f64 - expected).powi(2) / expected
        })
        .sum()
}

fn naive_q_values(p_values: &[f64]) -> Vec<f64> {
    let m = p_values.len() as f64;
    let scaled = |p: f64| m * p / p_values.iter().filter(|other| **other <= p).count() as f64;
    let q = |p: f64| p_values.iter().filter(|other| **other >= p).map(|other| scaled(*other)).fold(1.0, f64::min);
    p_values.iter().map(|p| q(*p)).collect()
}

fn check(stream: &Stream, found: &Drivers) -> Result<(), TestCaseError> {
    let options = &found.options;
    let naive = naive_population(stream, options);
    let hits: BTreeSet<i64> = naive.users.iter().filter(|user| user.4).map(|user| user.0).collect();
    let counts = found.population;
    prop_assert_eq!((counts.user_count, counts.hit_count), (naive.users.len() as u64, hits.len() as u64));
    prop_assert_eq!([counts.absent_count, counts.open_count, counts.early_count], naive.left_out);
    let mut candidates = naive_candidates(stream, options, &naive);
    let all = candidates.len();
    candidates.retain(|(_, users)| !users.is_empty() && users.len() < naive.users.len());
    prop_assert_eq!(found.constant_count, (all - candidates.len()) as u64);
    prop_assert_eq!(found.rows.len(), candidates.len());

    let key =
        |row: &Driver| (row.kind, row.name.clone(), row.value.clone(), row.count_min, row.days.map(|days| days as i64));
    let place = |row: &Driver| candidates.iter().position(|(candidate, _)| *candidate == key(row)).unwrap();
    for row in &found.rows {
        let (_, users) = &candidates[place(row)];
        let with_hit = users.intersection(&hits).count() as u64;
        let table = ContingencyTable {
            with_hit,
            with_miss: users.len() as u64 - with_hit,
            without_hit: hits.len() as u64 - with_hit,
            without_miss: (naive.users.len() + with_hit as usize - users.len() - hits.len()) as u64,
        };
        prop_assert_eq!(row.table, table);
        check_statistics(&table)?;
        let share = |a: u64, b: u64| a as f64 / b as f64;
        prop_assert_eq!(row.support_ratio, share(table.with_count(), table.user_count()));
        prop_assert_eq!(row.with_ratio, share(with_hit, table.with_count()));
        prop_assert_eq!(row.without_ratio, share(table.without_hit, table.without_count()));
        prop_assert!(row.with_interval.contains(row.with_ratio) && row.odds_interval.contains(row.odds_ratio));
        prop_assert_eq!((row.lift, row.phi, row.p_value), (table.lift(), table.phi(), table.p_value()));
    }
    let p_values: Vec<f64> = found.rows.iter().map(|row| row.p_value.value).collect();
    let q_values: Vec<f64> = found.rows.iter().map(|row| row.q_value).collect();
    prop_assert!(naive_q_values(&p_values).iter().zip(&q_values).all(|(a, b)| close(*a, *b)));
    for pair in found.rows.windows(2) {
        let rank = |row: &Driver| match options.rank_by {
            DriverRank::Phi => -row.phi.map_or(-1.0, f64::abs),
            DriverRank::Lift => -row.lift.unwrap_or(-1.0),
            DriverRank::QValue => row.q_value,
        };
        let (first, second) = (rank(&pair[0]), rank(&pair[1]));
        let is_tie = first == second
            && (options.rank_by != DriverRank::QValue || pair[0].p_value.value == pair[1].p_value.value);
        prop_assert!(first < second || (first == second && !is_tie) || place(&pair[0]) < place(&pair[1]));
    }
    Ok(())
}

fn check_statistics(table: &ContingencyTable) -> Result<(), TestCaseError> {
    match (table.phi(), naive_phi(table)) {
        (Some(phi), Some(naive)) => prop_assert!((phi - naive).abs() < 1e-12, "{phi} {naive}"),
        (phi, naive) => prop_assert_eq!(phi, naive),
    }
    let half = |count: u64| count as f64 + 0.5;
    let odds = half(table.with_hit) * half(table.without_miss) / (half(table.with_miss) * half(table.without_hit));
    prop_assert!(close(table.odds_ratio(), odds));
    let error = [table.with_hit, table.with_miss, table.without_hit, table.without_miss].map(|count| 1.0 / half(count));
    let interval = table.odds_interval();
    prop_assert!((interval.high.ln() - odds.ln() - 1.959963984540054 * error.iter().sum::<f64>().sqrt()).abs() < 1e-9);
    prop_assert!((interval.low.ln() + interval.high.ln() - 2.0 * odds.ln()).abs() < 1e-9);
    let p_value = table.p_value();
    let least = table.with_count().min(table.without_count()) as f64 * table.hit_count().min(table.miss_count()) as f64;
    if least / (table.user_count() as f64) < 5.0 {
        prop_assert_eq!(p_value.test, SignificanceTest::FisherExact);
        prop_assert!((p_value.value - naive_fisher(table)).abs() < 1e-9, "{table:?} {p_value:?}");
    } else {
        prop_assert_eq!(p_value.test, SignificanceTest::ChiSquare);
        prop_assert!(
            (p_value.value - naive_chi_square_tail(naive_chi_square(table))).abs() < 1e-9,
            "{table:?} {p_value:?}"
        );
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn drivers_equal_lists_of_events(stream in streams(), options in prop::collection::vec(driver_options(), 7)) {
        let log = stream.log();
        for options in options {
            let found = find_drivers(&log, stream.as_of(), options).unwrap();
            check(&stream, &found)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn statistics_equal_exact_and_integrated_ones(cells in prop::array::uniform4(prop_oneof![0u64..4, 0u64..25])) {
        let [with_hit, with_miss, without_hit, without_miss] = cells;
        prop_assume!(cells.iter().sum::<u64>() > 0);
        check_statistics(&ContingencyTable { with_hit, with_miss, without_hit, without_miss })?;
    }

    #[test]
    fn q_values_keep_the_order_of_p_values(p_values in prop::collection::vec(prop_oneof![0.0f64..=1.0, Just(0.05)], 0..30)) {
        let q_values = adjust_p_values(&p_values);
        prop_assert!(naive_q_values(&p_values).iter().zip(&q_values).all(|(a, b)| close(*a, *b)));
        for (p, q) in p_values.iter().zip(&q_values) {
            prop_assert!(p <= q && *q <= 1.0);
            for (other_p, other_q) in p_values.iter().zip(&q_values) {
                prop_assert!(p > other_p || q <= other_q);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn drivers_do_not_depend_on_arrival_threads_or_parts(stream in streams(), options in driver_options()) {
        let (log, as_of) = (stream.log(), stream.as_of());
        let options = DriverOptions { values_max: 100, ..options };
        let whole = with_threads(|| find_drivers(&log, as_of, options.clone()).unwrap());
        prop_assert_eq!(&find_drivers(&stream.rearranged().log(), as_of, options.clone()).unwrap(), &whole);
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Drivers>(&json).unwrap(), &whole);
        prop_assert_eq!(whole.to_table().unwrap().row_count(), whole.rows.len());
        let parts = [vec![0, 2, 4], vec![1, 3, 5]]
            .map(|users| find_drivers(&stream.log_of(&users), as_of, options.clone()).unwrap().population);
        prop_assert_eq!(whole.population.user_count, parts[0].user_count + parts[1].user_count);
        prop_assert_eq!(whole.population.hit_count, parts[0].hit_count + parts[1].hit_count);
        prop_assert_eq!(whole.population.open_count, parts[0].open_count + parts[1].open_count);

        // What comes after the observation changes the target and nothing else.
        let mut later = stream.clone();
        later.deeds.retain(|deed| match naive_population(&stream, &options).users.iter().find(|user| user.0 == deed.user) {
            Some((_, _, _, end, _)) => deed.time < *end,
            None => true,
        });
        let without_target = find_drivers(&later.log(), as_of, DriverOptions { events: Some(Vec::new()), ..options.clone() });
        let with_target = find_drivers(&log, as_of, DriverOptions { events: Some(Vec::new()), ..options.clone() });
        let margins = |drivers: Drivers| -> BTreeSet<(String, Option<String>, u64)> {
            drivers.rows.into_iter().map(|row| (row.name, row.value, row.table.with_count())).collect()
        };
        prop_assert_eq!(margins(without_target.unwrap()), margins(with_target.unwrap()));
    }
}

#[test]
fn published_statistics_come_out() {
    // Fisher's lady tasting tea, The Design of Experiments (1935), chapter II, with three of four cups right: of 70 ways 1 + 16 are
    // as good or better, and by symmetry as many as bad or worse.
    let tea = ContingencyTable { with_hit: 3, with_miss: 1, without_hit: 1, without_miss: 3 };
    assert_eq!(tea.p_value().test, SignificanceTest::FisherExact);
    assert!((tea.p_value().value - 34.0 / 70.0).abs() < 1e-15);
    // Agresti, An Introduction to Categorical Data Analysis (2007), table 2.3: aspirin and heart attacks.
    // Without the ½ the odds ratio is 1.83, its interval 1.44 to 2.33.
    let aspirin = ContingencyTable { with_hit: 189, with_miss: 10_845, without_hit: 104, without_miss: 10_933 };
    assert!((aspirin.odds_ratio() - 1.83).abs() < 5e-3);
    assert!((aspirin.odds_interval().low - 1.44).abs() < 5e-3 && (aspirin.odds_interval().high - 2.33).abs() < 1e-2);
    let p_value = aspirin.p_value();
    assert_eq!(p_value.test, SignificanceTest::ChiSquare);
    // χ² = 22071 · (189 · 10933 − 10845 · 104)² / (11034 · 11037 · 293 · 21778) = 25.014.
    assert!((aspirin.phi().unwrap().powi(2) * 22_071.0 - 25.014).abs() < 5e-4);
    assert!((p_value.value - naive_chi_square_tail(25.013_9)).abs() < 1e-10);
    // χ² of 3.841459 is the 95 % quantile of one degree of freedom.
    assert!((naive_chi_square_tail(3.841_459) - 0.05).abs() < 1e-7);
}

#[test]
fn the_published_false_discovery_rates_come_out() {
    // The example of Benjamini & Hochberg (1995): of 15 comparisons the four least are discoveries at 0.05, the fifth is not.
    let p_values = [
        0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528, 0.7590,
        1.0,
    ];
    let q_values = adjust_p_values(&p_values);
    assert_eq!(q_values.iter().filter(|q| **q <= 0.05).count(), 4);
    assert!((q_values[3] - 0.0095 * 15.0 / 4.0).abs() < 1e-15);
    assert_eq!(q_values[14], 1.0);
    assert!(adjust_p_values(&[]).is_empty());
}

#[test]
fn what_cannot_be_is_refused() {
    let stream = Stream { deeds: Vec::new(), zone: "UTC", cities: vec![None; 6], as_of: START };
    let log = stream.log();
    let base = || DriverOptions::new(EventPattern::new(["order"]));
    for (options, kind, part) in [
        (base().observation(Span::from_days(0)), ErrorKind::InvalidArgument, "observation = 0d"),
        (base().within(Span::from_days(-3)), ErrorKind::InvalidArgument, "within = -3d"),
        (DriverOptions { counts: vec![0], ..base() }, ErrorKind::InvalidArgument, "counts = 0"),
        (DriverOptions { counts: vec![], ..base() }, ErrorKind::InvalidArgument, "counts is empty"),
        (DriverOptions { days: vec![8], ..base() }, ErrorKind::InvalidArgument, "days = 8 is not between 1 and"),
        (DriverOptions { target_count_min: 0, ..base() }, ErrorKind::InvalidArgument, "target_count_min = 0"),
        (base().property("chanel"), ErrorKind::UnknownName, "did you mean \"channel\"?"),
        (base().attribute("town"), ErrorKind::UnknownName, "city"),
        (DriverOptions::new(EventPattern::new(["oder"])), ErrorKind::UnknownName, "did you mean \"order\"?"),
        (
            base().events([
                DriverEvent::new("a", EventPattern::default()),
                DriverEvent::new("a", EventPattern::default()),
            ]),
            ErrorKind::InvalidDefinition,
            "two candidates are named \"a\"",
        ),
        (
            DriverOptions {
                counts: (1..=5001).collect(),
                ..base().events(["a", "b"].map(|name| DriverEvent::new(name, EventPattern::default())))
            },
            ErrorKind::LimitExceeded,
            "10002 candidates",
        ),
    ] {
        let error = find_drivers(&log, stream.as_of(), options).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(NAMES.len(), 5);
}
