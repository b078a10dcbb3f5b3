//! The churn standard against plain lists of days, its laws, and the whole of CDNOW.

mod golden;

use std::collections::BTreeSet;

use proptest::prelude::*;
use userops::churn::{ChurnGaps, ChurnOptions, ChurnRule, ChurnStandard, ReturnCurve, set_churn_standard};
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::{AMOUNT, EventPattern, Filter, Test};
use userops::time::{Calendar, MICROS_PER_DAY, MICROS_PER_HOUR, Timestamp};

/// Midnight of 2010-10-30 UTC; on 7 November the clock of St. John's goes back across midnight.
const START: i64 = 1_288_396_800 * 1_000_000;

/// User, instant, name, and whether it has an amount.
type Row = (i64, i64, &'static str, bool);

fn log_of(zone: &str, rows: &[Row]) -> EventLog {
    let events = ["order", "view"].map(String::from).to_vec();
    let schema = EventSchema { zone: zone.parse().unwrap(), events, ..EventSchema::default() };
    let event = |(user, time, name, paid): &Row| {
        let event = Event::new(*user, Timestamp::from_micros(*time), *name);
        if *paid { event.with_amount(Money::from_minor(1)) } else { event }
    };
    let events: Vec<Event> = rows.iter().map(event).collect();
    EventLog::from_events(schema, &events).unwrap().0
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Around the change of clocks, over a month, and far off.
    let half_hours = prop_oneof![6 => 0i64..48 * 40, 3 => 48 * 8i64..48 * 8 + 12, 1 => Just(48i64 * 2_000)];
    let row = (0i64..6, half_hours, prop::sample::select(vec!["order", "view"]), any::<bool>());
    let row = row.prop_map(|(user, at, name, paid)| (user, START + at * MICROS_PER_HOUR / 2, name, paid));
    prop::collection::vec(row, 0..40)
}

fn rules() -> impl Strategy<Value = ChurnRule> {
    let curve = prop::sample::select(ReturnCurve::ALL.to_vec());
    let share = (1u32..20).prop_map(|twentieths| f64::from(twentieths) / 20.0);
    prop_oneof![
        curve.clone().prop_map(|curve| ChurnRule::Knee { curve }),
        share.clone().prop_map(|ratio| ChurnRule::Percentile { ratio }),
        (curve, share).prop_map(|(curve, at_most)| ChurnRule::ReturnRatio { curve, at_most }),
        Just(ChurnRule::LeastError),
    ]
}

fn options() -> impl Strategy<Value = ChurnOptions> {
    let paid = || EventPattern::new(["order"]).filter(Filter::property(AMOUNT, Test::Known));
    let activity = prop_oneof![Just(EventPattern::default()), Just(EventPattern::new(["order"])), Just(paid())];
    (activity, rules(), 1u32..4, 4u32..30, 1u32..12, 0u32..5).prop_map(
        |(activity, rule, step_days, days_max, horizon_days, shift_days)| ChurnOptions {
            activity,
            rule,
            step_days,
            days_max,
            horizon_days,
            shift_days,
            gaps_min: 5,
        },
    )
}

/// Of each user with an active day the days, ascending.
fn active_days(log: &EventLog, rows: &[Row], as_of: Timestamp, activity: &EventPattern) -> Vec<Vec<i64>> {
    let calendar = Calendar::new(log.zone(), as_of, as_of);
    let counts = |row: &&Row| {
        row.1 <= as_of.as_micros()
            && (activity.events.is_empty() || row.2 == "order")
            && (activity.filter.is_none() || row.3)
    };
    let users: BTreeSet<i64> = rows.iter().map(|row| row.0).collect();
    let days = |user: i64| -> Vec<i64> {
        let own = rows.iter().filter(counts).filter(|row| row.0 == user);
        let days: BTreeSet<i64> = own.map(|row| i64::from(calendar.day(Timestamp::from_micros(row.1)).0)).collect();
        days.into_iter().collect()
    };
    users.into_iter().map(days).filter(|days| !days.is_empty()).collect()
}

/// Everything about the gaps from lists of days.
struct Naive {
    users: Vec<Vec<i64>>,
    today: i64,
    horizon: i64,
}

impl Naive {
    fn closed(&self) -> Vec<i64> {
        self.users.iter().flat_map(|days| days.windows(2).map(|pair| pair[1] - pair[0])).collect()
    }

    /// The silence of a user; a day that shows after today is today.
    fn open(&self, days: &[i64]) -> i64 {
        (self.today - days[days.len() - 1]).max(0)
    }

    fn lost(&self, threshold: i64) -> u64 {
        self.users.iter().filter(|days| self.open(days) > threshold).count() as u64
    }

    /// Eligible, silent and returned episodes; silent and returned users.
    fn counts(&self, n: i64) -> [u64; 5] {
        let mut counts = [0; 5];
        for days in &self.users {
            for day in days.iter().filter(|day| self.today - **day >= n) {
                let silent = !days.iter().any(|other| day < other && *other <= day + n);
                let returned = silent && days.iter().any(|other| other > day);
                [true, silent, returned].iter().zip(&mut counts).for_each(|(is, count)| *count += u64::from(*is));
            }
            let returned = days.windows(2).any(|pair| pair[1] - pair[0] > n);
            counts[3] += u64::from(returned || self.open(days) > n);
            counts[4] += u64::from(returned);
        }
        counts
    }

    /// Kaplan–Meier: the share of gaps longer than n; `None` beyond the longest, unless all have ended.
    fn survival(&self, n: i64) -> Option<f64> {
        let closed = self.closed();
        let open: Vec<i64> = self.users.iter().map(|days| self.open(days)).collect();
        let product = |n: i64| -> f64 {
            let lengths: BTreeSet<i64> = closed.iter().copied().filter(|length| *length <= n).collect();
            let factor = |length: i64| {
                let at_risk = closed.iter().chain(&open).filter(|other| **other >= length).count() as f64;
                1.0 - closed.iter().filter(|other| **other == length).count() as f64 / at_risk
            };
            lengths.into_iter().map(factor).product()
        };
        let longest = closed.iter().chain(&open).copied().max()?;
        (n <= longest || product(longest) < 1e-12).then(|| product(n))
    }

    /// Of users who returned within the horizon the share silent for more than n days before it; of the others the
    /// share silent for n or fewer.
    fn errors(&self, n: i64) -> [Option<f64>; 2] {
        let judged = self.today - self.horizon;
        let silences = |returned: bool| -> Vec<i64> {
            let of_user = |days: &Vec<i64>| {
                let last = days.iter().rfind(|day| **day <= judged)?;
                (days.iter().any(|day| *day > judged) == returned).then_some(judged - last)
            };
            self.users.iter().filter_map(of_user).collect()
        };
        let share = |silences: Vec<i64>, test: &dyn Fn(i64) -> bool| {
            let hits = silences.iter().filter(|silence| test(**silence)).count();
            (!silences.is_empty()).then(|| hits as f64 / silences.len() as f64)
        };
        [share(silences(true), &|silence| silence > n), share(silences(false), &|silence| silence <= n)]
    }
}

fn same(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() < 1e-9,
        (a, b) => a.is_none() && b.is_none(),
    }
}

/// Compares the curve with the lists.
fn judge_points(standard: &ChurnStandard, naive: &Naive) -> Result<(), TestCaseError> {
    let options = &standard.options;
    let longest = naive.users.iter().flatten().map(|day| naive.today - day).max().unwrap();
    let days = (1..=options.days_max / options.step_days).map(|number| number * options.step_days);
    let expected: Vec<u32> = days.filter(|days| i64::from(*days) <= longest).collect();
    prop_assert_eq!(standard.points.iter().map(|point| point.days).collect::<Vec<_>>(), expected);
    let last = naive.survival(i64::from(u32::MAX)).or_else(|| {
        let open = naive.users.iter().map(|days| naive.open(days)).max()?;
        naive.survival(naive.closed().into_iter().max()?.max(open))
    });
    for point in &standard.points {
        let n = i64::from(point.days);
        let counts = [
            point.eligible_count,
            point.silent_count,
            point.returned_count,
            point.silent_user_count,
            point.returned_user_count,
        ];
        prop_assert_eq!(counts, naive.counts(n), "{} days", n);
        let left = naive.survival(n);
        prop_assert!(same(point.survival_ratio, left));
        let until = |later: Option<f64>| match (left, later) {
            (Some(left), Some(later)) if left > 1e-12 => Some(1.0 - later / left),
            _ => None,
        };
        prop_assert!(same(point.later_return_ratio, until(last)), "{:?} {:?}", point, last);
        prop_assert!(same(point.within_return_ratio, until(naive.survival(n + naive.horizon))));
        let [false_alarm, miss] = naive.errors(n);
        prop_assert!(same(point.false_alarm_ratio, false_alarm) && same(point.miss_ratio, miss), "{:?}", point);
    }
    Ok(())
}

/// What each rule picks is what its definition says of the points, which have been compared.
fn judge_rules(standard: &ChurnStandard, naive: &Naive) -> Result<(), TestCaseError> {
    prop_assert_eq!(standard.rules[0].threshold_days, Some(standard.threshold_days));
    prop_assert_eq!(standard.rules[0].rule, standard.options.rule);
    for picked in &standard.rules {
        let days = picked.threshold_days;
        prop_assert_eq!(picked.lost_count, days.map(|days| naive.lost(i64::from(days))));
        match picked.rule {
            ChurnRule::Percentile { ratio } => {
                let closed = naive.closed();
                let within = |days: u32| closed.iter().filter(|gap| **gap <= i64::from(days)).count() as f64;
                let least = (0..).find(|days| within(*days) >= ratio * closed.len() as f64 - 1e-9);
                prop_assert_eq!(days, least);
            }
            ChurnRule::ReturnRatio { curve, at_most } => {
                let known: Vec<(u32, f64)> =
                    standard.points.iter().filter_map(|point| Some((point.days, point.ratio(curve)?))).collect();
                let before = known.iter().take_while(|(other, _)| days.is_none_or(|days| *other < days));
                prop_assert!(before.clone().all(|(_, ratio)| *ratio > at_most));
                let at = known.iter().find(|(other, _)| Some(*other) == days);
                prop_assert_eq!(at.is_none(), days.is_none());
                prop_assert!(at.is_none_or(|(_, ratio)| *ratio <= at_most));
            }
            ChurnRule::LeastError => {
                let known = standard.points.iter().filter_map(|point| Some((point.days, point.error_ratio()?)));
                let least = known.min_by(|a, b| a.1.total_cmp(&b.1));
                prop_assert_eq!(days, least.map(|(days, _)| days));
            }
            ChurnRule::Knee { curve } => {
                let known: Vec<(f64, f64)> = standard
                    .points
                    .iter()
                    .filter_map(|point| Some((f64::from(point.days), point.ratio(curve)?)))
                    .collect();
                let ends = |value: fn(&(f64, f64)) -> f64| {
                    let values = || known.iter().map(value);
                    (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
                };
                let ((left, right), (low, high)) = (ends(|point| point.0), ends(|point| point.1));
                let depths =
                    known.iter().map(|(x, y)| (*x, 1.0 - (x - left) / (right - left) - (y - low) / (high - low)));
                let deepest = depths.filter(|(_, depth)| depth.is_finite()).max_by(|a, b| a.1.total_cmp(&b.1));
                let deepest = deepest.filter(|(_, depth)| *depth > 1e-9);
                prop_assert!(same(picked.value.filter(|value| *value > 1e-9), deepest.map(|(_, depth)| depth)));
            }
        }
    }
    Ok(())
}

proptest! {
    // Four options to each log.
    #![proptest_config(ProptestConfig::with_cases(2_560))]

    #[test]
    fn a_standard_is_what_lists_of_days_say(
        rows in rows(),
        zone in prop::sample::select(vec!["UTC", "America/St_Johns", "Asia/Shanghai"]),
        until in prop_oneof![4 => 0i64..48 * 60, 1 => Just(48i64 * 2_100)],
        several in prop::collection::vec(options(), 4),
    ) {
        let log = log_of(zone, &rows);
        let as_of = Timestamp::from_micros(START + until * MICROS_PER_HOUR / 2);
        for options in several {
            let users = active_days(&log, &rows, as_of, &options.activity);
            let today = i64::from(Calendar::new(log.zone(), as_of, as_of).day(as_of).0);
            let naive = Naive { users, today, horizon: i64::from(options.horizon_days) };
            let gaps = ChurnGaps::collect(&log, as_of, &options).unwrap();
            let mut closed = naive.closed();
            closed.sort_unstable();
            let counted = |counts: &userops::churn::DayCounts| -> Vec<i64> {
                counts.by_length().flat_map(|(days, count)| vec![i64::from(days); count as usize]).collect()
            };
            prop_assert_eq!(counted(&gaps.closed), closed.clone());
            prop_assert_eq!(gaps.open.count(), naive.users.len() as u64);
            let standard = match gaps.standard(options.clone()) {
                Err(error) => {
                    prop_assert_eq!(error.kind(), ErrorKind::Empty);
                    let says = match (naive.users.len(), closed.len()) {
                        (0, _) => "no day was active",
                        (_, 0) => "nobody came back",
                        _ => "finds no threshold",
                    };
                    prop_assert!(error.to_string().contains(says), "{}", error);
                    continue;
                }
                Ok(standard) => standard,
            };
            prop_assert!(!closed.is_empty());
            judge_points(&standard, &naive)?;
            judge_rules(&standard, &naive)?;
            prop_assert_eq!(standard.closed.count, closed.len() as u64);
            prop_assert!(same(standard.closed.mean_days, Some(closed.iter().sum::<i64>() as f64 / closed.len() as f64)));
            prop_assert_eq!(
                standard.one_day_user_count,
                naive.users.iter().filter(|days| days.len() == 1).count() as u64
            );
            let [less, at, more] = standard.shifted;
            prop_assert!(less.1 >= at.1 && at.1 >= more.1 && at == (standard.threshold_days, standard.lost_count));
            prop_assert_eq!(less.1, naive.lost(i64::from(standard.threshold_days.saturating_sub(options.shift_days))));
            prop_assert_eq!(more.1, naive.lost(i64::from(standard.threshold_days + options.shift_days)));
            prop_assert_eq!(standard.to_table().unwrap().row_count(), standard.points.len());
            prop_assert_eq!(standard.to_threshold_table().unwrap().row_count(), standard.rules.len() + 2);
            prop_assert_eq!(standard.to_summary_table().unwrap().row_count(), 1);
            let json = serde_json::to_string(&standard).unwrap();
            prop_assert_eq!(serde_json::from_str::<ChurnStandard>(&json).unwrap(), standard);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn gaps_of_parts_merge_to_those_of_all_in_any_order_on_any_threads(
        rows in rows(), options in options(), until in 0i64..48 * 60, threads in 1usize..5,
    ) {
        let as_of = Timestamp::from_micros(START + until * MICROS_PER_HOUR / 2);
        let part = |keep: &dyn Fn(i64) -> bool| {
            let some: Vec<Row> = rows.iter().filter(|row| keep(row.0)).copied().collect();
            ChurnGaps::collect(&log_of("America/St_Johns", &some), as_of, &options).unwrap()
        };
        let whole = part(&|_| true);
        let (even, odd) = (part(&|user| user % 2 == 0), part(&|user| user % 2 == 1));
        prop_assert_eq!(&even.merge(&odd).unwrap(), &whole);
        prop_assert_eq!(&odd.merge(&even).unwrap(), &whole);
        let mut turned = rows.clone();
        turned.reverse();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        let log = log_of("America/St_Johns", &turned);
        prop_assert_eq!(&pool.install(|| ChurnGaps::collect(&log, as_of, &options).unwrap()), &whole);
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(&serde_json::from_str::<ChurnGaps>(&json).unwrap(), &whole);
        let other = ChurnOptions { horizon_days: options.horizon_days + 1, ..options.clone() };
        let other = ChurnGaps::collect(&log, as_of, &other).unwrap();
        prop_assert_eq!(whole.merge(&other).unwrap_err().kind(), ErrorKind::InvalidArgument);
        prop_assert_eq!(other.standard(options).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

fn day(days: i64) -> i64 {
    START + days * MICROS_PER_DAY
}

#[test]
fn weak_standards_say_so() {
    // Nine users who never come back, and one who does after 3 days, ten days ago.
    let mut rows: Vec<Row> = (1..10).map(|user| (user, day(0), "order", false)).collect();
    rows.extend([(0, day(0), "order", false), (0, day(3), "order", false)]);
    let as_of = Timestamp::from_micros(day(10));
    let options = ChurnOptions::default().rule(ChurnRule::Percentile { ratio: 0.5 });
    let standard = set_churn_standard(&log_of("UTC", &rows), as_of, options).unwrap();
    let names: Vec<&str> = standard.weaknesses.iter().map(|weakness| weakness.name()).collect();
    assert_eq!((standard.threshold_days, standard.lost_count), (3, 10));
    assert_eq!(names, ["few_gaps", "most_never_returned"]);
    assert_eq!(standard.median_days, None);
    let late = ChurnOptions::default().rule(ChurnRule::LeastError).curve(1, 20).horizon_days(8);
    let standard = set_churn_standard(&log_of("UTC", &rows), as_of, late).unwrap();
    let names: Vec<&str> = standard.weaknesses.iter().map(|weakness| weakness.name()).collect();
    assert_eq!(standard.threshold_days, 1);
    assert_eq!(names, ["few_gaps", "most_never_returned", "at_the_edge"]);
}

#[test]
fn bad_options_are_refused_by_name() {
    let log = log_of("UTC", &[(1, day(0), "order", false)]);
    let ask = |options: ChurnOptions| set_churn_standard(&log, Timestamp::from_micros(day(9)), options).unwrap_err();
    let default = ChurnOptions::default;
    for (options, kind, part) in [
        (default().curve(0, 9), ErrorKind::InvalidArgument, "step_days is 0"),
        (default().curve(7, 6), ErrorKind::InvalidArgument, "days_max is 6"),
        (default().curve(1, 20_000), ErrorKind::LimitExceeded, "20000 points"),
        (default().horizon_days(0), ErrorKind::InvalidArgument, "horizon_days is 0"),
        (default().rule(ChurnRule::Percentile { ratio: 1.0 }), ErrorKind::InvalidArgument, "percentile 1"),
        (default().activity("oder"), ErrorKind::UnknownName, "did you mean \"order\"?"),
        (default(), ErrorKind::Empty, "nobody came back: each of 1 users"),
        (default().activity("view"), ErrorKind::Empty, "no day was active"),
    ] {
        let error = ask(options);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let nan = ChurnRule::ReturnRatio { curve: ReturnCurve::User, at_most: f64::NAN };
    assert_eq!(ask(default().rule(nan)).kind(), ErrorKind::InvalidArgument);
    assert_eq!(serde_json::from_str::<ChurnOptions>("{}").unwrap(), ChurnOptions::default());
    let knee = serde_json::from_str::<ChurnOptions>("{\"rule\":{\"knee\":{\"curve\":\"user\"}}}").unwrap();
    assert_eq!(knee.rule, ChurnRule::Knee { curve: ReturnCurve::User });
    assert!(serde_json::from_str::<ChurnOptions>("{\"rules\":1}").is_err());
}
