//! Retention against a naive reading of its definition, user by user and event by event.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::analytics::period::CalendarPeriod;
use userops::error::ErrorKind;
use userops::log::EventLog;
use userops::retention::{
    CohortStart, PeriodRange, Retention, RetentionOptions, ReturnMeasure, ReturnPeriod, RevenueScope,
    measure_retention, retention_of_users,
};
use userops::rule::EventPattern;
use userops::time::{Calendar, Day, MICROS_PER_HOUR, Span, Timestamp, Weekday};
use userops::value::ValueRef;

use crate::world::{Happening, World, as_of_ticks, day_of, level_of, matches, patterns, with_threads, worlds};

/// A start from scratch: cohort, period 0, instant, and the last instant that is no return.
struct NaiveStart {
    cohort: i32,
    period: i32,
    origin: i64,
    after: i64,
}

struct Naive<'a> {
    world: &'a World,
    calendar: Calendar,
    as_of: Timestamp,
    options: &'a RetentionOptions,
}

impl Naive<'_> {
    fn start_at(&self, day: Day, origin: i64, after: i64) -> NaiveStart {
        let period = match self.options.period {
            ReturnPeriod::Calendar(period) => period.number(day),
            ReturnPeriod::Rolling(_) => 0,
        };
        NaiveStart { cohort: self.options.cohort_period().number(day), period, origin, after }
    }

    fn starts(&self, user: i64, events: &[Happening]) -> Vec<NaiveStart> {
        let at = |time: i64| self.start_at(day_of(&self.calendar, time), time, time);
        let created = self.world.created[user as usize];
        match &self.options.start {
            CohortStart::FirstEvent => events.first().map(|event| at(event.time)).into_iter().collect(),
            CohortStart::FirstMatch(pattern) => {
                events.iter().find(|event| matches(pattern, event)).map(|event| at(event.time)).into_iter().collect()
            }
            CohortStart::Recurring(pattern) => {
                let mut cohorts = BTreeMap::new();
                for event in events.iter().filter(|event| matches(pattern, event)) {
                    let start = at(event.time);
                    cohorts.entry(start.cohort).or_insert(start);
                }
                cohorts.into_values().collect()
            }
            CohortStart::Attribute(name) if name == "created_on" => {
                let day = created.map(|created| day_of(&self.calendar, created));
                let start = day.map(|day| {
                    let origin = self.calendar.day_start(day).as_micros();
                    self.start_at(day, origin, origin - 1)
                });
                start.into_iter().filter(|start| start.origin <= self.as_of.as_micros()).collect()
            }
            CohortStart::Attribute(_) => {
                created.filter(|created| *created <= self.as_of.as_micros()).map(at).into_iter().collect()
            }
        }
    }

    /// The period of an instant, counted from a start.
    fn period(&self, start: &NaiveStart, time: i64) -> i64 {
        match self.options.period {
            ReturnPeriod::Calendar(period) => {
                i64::from((period.number(day_of(&self.calendar, time)) - start.period).max(0))
            }
            ReturnPeriod::Rolling(length) => (time - start.origin) / length.as_micros(),
        }
    }

    fn retained(&self, periods: &[i64], columns: &[PeriodRange], column: usize) -> bool {
        let (first, last) = (i64::from(columns[column].first), i64::from(columns[column].last));
        match self.options.measure {
            ReturnMeasure::On => periods.iter().any(|period| first <= *period && *period <= last),
            ReturnMeasure::OnOrAfter => periods.iter().any(|period| first <= *period),
            ReturnMeasure::OnOrBefore => periods.iter().any(|period| *period <= last),
            ReturnMeasure::Streak => columns[..=column].iter().all(|range| {
                let (first, last) = (i64::from(range.first), i64::from(range.last));
                first == 0 || periods.iter().any(|period| first <= *period && *period <= last)
            }),
        }
    }

    fn group(&self, user: i64) -> Option<String> {
        match self.options.by.as_deref() {
            Some("plan") => self.world.plan[user as usize].map(str::to_owned),
            Some("level") => Some(level_of(user).to_string()),
            _ => None,
        }
    }

    /// For each cohort and group the size, and for each column the retained users and the revenue.
    fn cohorts(&self, columns: &[PeriodRange]) -> BTreeMap<NaiveKey, (u64, Vec<(u64, i64)>)> {
        let mut cohorts: BTreeMap<NaiveKey, (u64, Vec<(u64, i64)>)> = BTreeMap::new();
        for (user, events) in self.world.by_user(self.as_of) {
            for start in self.starts(user, &events) {
                let group = naive_group(self.group(user));
                let key = (start.cohort, group.is_none(), group);
                let cohort = cohorts.entry(key).or_insert_with(|| (0, vec![(0, 0); columns.len()]));
                cohort.0 += 1;
                let matching = || events.iter().filter(|event| matches(&self.options.returns, event));
                let later = matching().filter(|event| event.time > start.after);
                let periods: Vec<i64> = later.map(|event| self.period(&start, event.time)).collect();
                let paying = matching().filter(|event| match self.options.revenue {
                    Some(RevenueScope::FromStart) => event.time >= start.origin,
                    _ => event.time > start.after,
                });
                for (column, cell) in cohort.1.iter_mut().enumerate() {
                    cell.0 += u64::from(self.retained(&periods, columns, column));
                    for event in paying.clone() {
                        let period = self.period(&start, event.time);
                        let within =
                            (i64::from(columns[column].first)..=i64::from(columns[column].last)).contains(&period);
                        cell.1 += event.minor.filter(|_| within).unwrap_or(0);
                    }
                }
            }
        }
        cohorts
    }

    /// The last day of the period that a day is in.
    fn last_day(period: CalendarPeriod, mut day: Day) -> Day {
        while period.number(Day(day.0 + 1)) == period.number(day) {
            day = Day(day.0 + 1);
        }
        day
    }

    /// The instant just before that of the day after.
    fn end_of(&self, day: Day) -> i64 {
        self.calendar.day_start(Day(day.0 + 1)).as_micros() - 1
    }

    fn is_complete(&self, first_day: Day, range: PeriodRange) -> bool {
        let cohort_end = Self::last_day(self.options.cohort_period(), first_day);
        match self.options.period {
            ReturnPeriod::Calendar(period) => {
                let mut day = Self::last_day(period, cohort_end);
                for _ in 0..range.last {
                    day = Self::last_day(period, Day(day.0 + 1));
                }
                self.end_of(day) <= self.as_of.as_micros()
            }
            ReturnPeriod::Rolling(length) => {
                let last_start = self.end_of(cohort_end);
                last_start + (i64::from(range.last) + 1) * length.as_micros() - 1 <= self.as_of.as_micros()
            }
        }
    }

    fn has_begun(&self, first_day: Day, range: PeriodRange) -> bool {
        match self.options.period {
            ReturnPeriod::Calendar(period) => {
                let today = period.number(day_of(&self.calendar, self.as_of.as_micros()));
                range.first == 0 || period.number(first_day) + range.first as i32 <= today
            }
            ReturnPeriod::Rolling(length) => {
                let first_start = self.calendar.day_start(first_day).as_micros();
                range.first == 0 || first_start + i64::from(range.first) * length.as_micros() <= self.as_of.as_micros()
            }
        }
    }
}

/// Cohort and group: unknown groups last, numbers by value and first.
type NaiveKey = (i32, bool, Option<(bool, i64, String)>);

fn naive_group(group: Option<String>) -> Option<(bool, i64, String)> {
    group.map(|text| (text.parse::<i64>().is_err(), text.parse().unwrap_or(0), text))
}

fn calendar_periods() -> impl Strategy<Value = CalendarPeriod> {
    let week = prop::sample::select(vec![Weekday::Monday, Weekday::Sunday, Weekday::Thursday]);
    prop_oneof![
        Just(CalendarPeriod::Day),
        week.prop_map(|week_start| CalendarPeriod::Week { week_start }),
        Just(CalendarPeriod::Month),
    ]
}

fn starts() -> impl Strategy<Value = CohortStart> {
    prop_oneof![
        3 => Just(CohortStart::FirstEvent),
        2 => patterns().prop_map(CohortStart::FirstMatch),
        3 => patterns().prop_map(CohortStart::Recurring),
        2 => prop::sample::select(vec!["created_at", "created_on"]).prop_map(|name| CohortStart::Attribute(name.into())),
    ]
}

fn options() -> impl Strategy<Value = RetentionOptions> {
    let rolling =
        prop::sample::select(vec![1i64, 24, 24, 60]).prop_map(|hours| ReturnPeriod::Rolling(Span::from_hours(hours)));
    let period = prop_oneof![3 => calendar_periods().prop_map(ReturnPeriod::Calendar), 2 => rolling];
    let measure = prop::sample::select(vec![
        ReturnMeasure::On,
        ReturnMeasure::On,
        ReturnMeasure::OnOrAfter,
        ReturnMeasure::OnOrBefore,
        ReturnMeasure::Streak,
    ]);
    let columns = prop_oneof![
        3 => (0u32..12).prop_map(|last| (Some(last), Vec::new())),
        2 => prop::collection::btree_set(0u32..20, 2..5).prop_map(|bounds| (None, bounds.into_iter().collect())),
    ];
    let by = prop::sample::select(vec![None, None, Some("plan"), Some("level")]);
    let revenue = prop::sample::select(vec![None, Some(RevenueScope::Returns), Some(RevenueScope::FromStart)]);
    (starts(), patterns(), period, prop::option::weighted(0.3, calendar_periods()), measure, columns, by, revenue)
        .prop_map(|(start, returns, period, cohort, measure, (period_last, brackets), by, revenue)| RetentionOptions {
            start,
            returns,
            period,
            cohort,
            measure,
            period_last,
            brackets,
            by: by.map(str::to_owned),
            revenue,
        })
}

fn check(world: &World, log: &EventLog, as_of: Timestamp, options: &RetentionOptions) -> Result<(), TestCaseError> {
    let answer = measure_retention(log, as_of, options.clone()).unwrap();
    let naive = Naive { world, calendar: world.calendar(), as_of, options };
    let expected = naive.cohorts(&answer.columns);
    let cohort = options.cohort_period();
    let keys: Vec<NaiveKey> = answer
        .cohorts
        .iter()
        .map(|row| (cohort.number(row.first_day), row.group.is_none(), naive_group(row.group.clone())))
        .collect();
    prop_assert_eq!(&keys, &expected.keys().cloned().collect::<Vec<_>>());
    for (row, (size, cells)) in answer.cohorts.iter().zip(expected.values()) {
        prop_assert_eq!(row.size_count, *size);
        let begun = answer.columns.iter().take_while(|range| naive.has_begun(row.first_day, **range)).count();
        prop_assert_eq!(row.cells.len(), begun);
        for (column, cell) in row.cells.iter().enumerate() {
            prop_assert_eq!(cell.retained_count, cells[column].0, "{} column {}", row.first_day, column);
            prop_assert_eq!(cell.revenue_minor, options.revenue.map(|_| cells[column].1));
            prop_assert_eq!(cell.complete, naive.is_complete(row.first_day, answer.columns[column]));
        }
    }
    if !matches!(options.start, CohortStart::Recurring(_)) {
        prop_assert_eq!(answer.cohorts.iter().map(|cohort| cohort.size_count).sum::<u64>(), answer.user_count);
    }
    check_curve(&answer)?;
    prop_assert_eq!(
        answer.to_table().unwrap().row_count(),
        answer.cohorts.iter().map(|c| c.cells.len()).sum::<usize>()
    );
    check_users(log, as_of, options, &answer)
}

/// Averages by adding up complete cells one by one.
fn check_curve(answer: &Retention) -> Result<(), TestCaseError> {
    for (column, point) in answer.curve().into_iter().enumerate() {
        let (mut retained, mut size, mut ratios, mut revenue) = (0, 0, Vec::new(), 0);
        for cohort in &answer.cohorts {
            if let Some(cell) = cohort.cells.get(column).filter(|cell| cell.complete) {
                retained += cell.retained_count;
                size += cohort.size_count;
                ratios.push(cell.retained_count as f64 / cohort.size_count as f64);
                revenue += cohort.cells[..=column].iter().map(|cell| cell.revenue_minor.unwrap_or(0)).sum::<i64>();
            }
        }
        prop_assert_eq!((point.pooled.count, point.pooled.of_count), (retained, size));
        prop_assert_eq!(point.cohort_count as usize, ratios.len());
        let near = |found: Option<f64>, expected: f64| found.is_some_and(|found| (found - expected).abs() < 1e-9);
        if size == 0 {
            prop_assert_eq!((point.simple_ratio, point.size_weighted_ratio), (None, None));
            continue;
        }
        prop_assert!(near(point.simple_ratio, ratios.iter().sum::<f64>() / ratios.len() as f64));
        prop_assert!(near(point.size_weighted_ratio, retained as f64 / size as f64));
        let ltv = answer.options.revenue.map(|_| revenue as f64 / size as f64);
        prop_assert_eq!(point.cumulative_ltv_minor, ltv);
    }
    Ok(())
}

/// The table of users adds up to the cells.
fn check_users(
    log: &EventLog,
    as_of: Timestamp,
    options: &RetentionOptions,
    answer: &Retention,
) -> Result<(), TestCaseError> {
    let table = retention_of_users(log, as_of, options.clone()).unwrap();
    prop_assert_eq!(table.row_count() as u64, answer.cohorts.iter().map(|cohort| cohort.size_count).sum::<u64>());
    for cohort in answer.cohorts.iter().filter(|cohort| cohort.group.is_none() && options.by.is_none()) {
        let of_cohort = |row: &usize| table.get(*row, "cohort") == Some(ValueRef::Date(cohort.first_day));
        for (cell, range) in cohort.cells.iter().zip(&answer.columns) {
            let name = format!("period_{}", range.first);
            let retained = (0..table.row_count())
                .filter(of_cohort)
                .filter(|row| table.get(*row, &name) == Some(ValueRef::Bool(true)));
            let known = (0..table.row_count()).filter(of_cohort).all(|row| table.get(row, &name).is_some());
            let count = retained.count() as u64;
            prop_assert!(count == cell.retained_count || (!known && count < cell.retained_count), "{}", name);
            prop_assert!(known || !cell.complete);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_200))]
    #[test]
    fn cohorts_equal_the_naive_reading(
        world in worlds(40),
        asked in prop::collection::vec((as_of_ticks(), options()), 10),
    ) {
        let log = world.log();
        for (as_of, options) in asked {
            check(&world, &log, world.as_of(as_of), &options)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn parts_threads_and_arrival_do_not_matter(
        world in worlds(60),
        as_of in as_of_ticks(),
        mut options in options(),
        unlimited in any::<bool>(),
    ) {
        if unlimited && !matches!(options.period, ReturnPeriod::Rolling(_)) {
            (options.period_last, options.brackets) = (None, Vec::new());
        }
        let (as_of, log) = (world.as_of(as_of), world.log());
        let ask = |log: &EventLog| measure_retention(log, as_of, options.clone()).unwrap();
        let whole = ask(&log);
        for threads in [1, 3] {
            prop_assert_eq!(&with_threads(threads, || ask(&log)), &whole);
        }
        prop_assert_eq!(&ask(&world.arriving_backwards().log()), &whole);
        let mut merged = ask(&world.log_of(|user| user % 2 == 0));
        merged.merge(ask(&world.log_of(|user| user % 2 == 1))).unwrap();
        // A part without any start does not know the columns.
        prop_assert_eq!((&merged.cohorts, merged.user_count), (&whole.cohorts, whole.user_count));
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<Retention>(&json).unwrap(), whole);
    }

    #[test]
    fn measures_are_in_order(world in worlds(60), as_of in as_of_ticks(), options in options()) {
        let (as_of, log) = (world.as_of(as_of), world.log());
        let [on, after, before, streak] =
            [ReturnMeasure::On, ReturnMeasure::OnOrAfter, ReturnMeasure::OnOrBefore, ReturnMeasure::Streak]
                .map(|measure| measure_retention(&log, as_of, options.clone().measure(measure)).unwrap().cohorts);
        for (index, cohort) in on.iter().enumerate() {
            let counts = |cohorts: &[userops::retention::Cohort]| -> Vec<u64> {
                cohorts[index].cells.iter().map(|cell| cell.retained_count).collect()
            };
            let [on, after, before, streak] = [&on, &after, &before, &streak].map(|cohorts| counts(cohorts));
            prop_assert!(on.iter().zip(&after).all(|(on, after)| on <= after && *after <= cohort.size_count));
            prop_assert!(on.iter().zip(&before).all(|(on, before)| on <= before && *before <= cohort.size_count));
            prop_assert!(after.is_sorted_by(|a, b| a >= b) && before.is_sorted() && streak.is_sorted_by(|a, b| a >= b));
            let first = measure_retention(&log, as_of, options.clone()).unwrap().columns[0].first;
            let kept = streak.iter().zip(&on).skip(usize::from(first == 0));
            prop_assert!(kept.clone().all(|(streak, on)| streak <= on));
        }
    }
}

fn small(zone: &'static str, events: &[(i64, &str, &'static str)]) -> World {
    let happening = |(user, time, name): &(i64, &str, &'static str)| Happening {
        user: *user,
        time: time.parse::<Timestamp>().unwrap().as_micros(),
        name,
        minor: None,
    };
    let events = events.iter().map(happening).collect();
    World { zone, start: 0, events, created: vec![None; 8], plan: vec![None; 8] }
}

fn counts(world: &World, as_of: &str, options: RetentionOptions) -> Vec<(u64, Vec<(u64, bool)>)> {
    let answer = measure_retention(&world.log(), as_of.parse().unwrap(), options).unwrap();
    let cells = |cohort: &userops::retention::Cohort| {
        cohort.cells.iter().map(|cell| (cell.retained_count, cell.complete)).collect()
    };
    answer.cohorts.iter().map(|cohort| (cohort.size_count, cells(cohort))).collect()
}

#[test]
fn period_zero_asks_for_a_later_event() {
    // Two events at once are one start and no return; a microsecond later is a return.
    let world = small(
        "UTC",
        &[
            (1, "2026-03-02T10:00:00Z", "view"),
            (1, "2026-03-02T10:00:00Z", "order"),
            (2, "2026-03-02T10:00:00Z", "view"),
            (2, "2026-03-02T10:00:00.000001Z", "view"),
            (2, "2026-03-04T00:00:00Z", "view"),
        ],
    );
    let days = RetentionOptions::new(CalendarPeriod::Day);
    let cells = counts(&world, "2026-03-04T00:00:00Z", days.clone());
    assert_eq!(cells, [(2, vec![(1, true), (0, true), (1, false)])]);
    let streak = counts(&world, "2026-03-04T00:00:00Z", days.clone().measure(ReturnMeasure::Streak));
    assert_eq!(streak, [(2, vec![(2, true), (0, true), (0, false)])]);
    // Counted in periods of 24 hours from 10:00, midnight of the 4th is in the second.
    let rolling = RetentionOptions::new(ReturnPeriod::Rolling(Span::from_days(1)));
    let cells = counts(&world, "2026-03-04T10:00:00Z", rolling.period_last(2));
    assert_eq!(cells, [(2, vec![(1, true), (1, false), (0, false)])]);
    let orders = days.start(CohortStart::FirstMatch(EventPattern::new(["order"])));
    assert_eq!(counts(&world, "2026-03-02T12:00:00Z", orders), [(1, vec![(0, false)])]);
}

#[test]
fn an_earlier_date_after_the_start_is_period_zero() {
    // In St. John's the clock went from 00:01 on 7 November 2010 back to 23:01 on the 6th.
    let world = small("America/St_Johns", &[(1, "2010-11-07T02:30:30Z", "view"), (1, "2010-11-07T03:00:00Z", "view")]);
    let cells = counts(&world, "2010-11-10T00:00:00Z", RetentionOptions::new(CalendarPeriod::Day).period_last(1));
    assert_eq!(cells, [(1, vec![(1, true), (0, true)])]);
}

#[test]
fn contradictory_options_are_refused() {
    let log = small("UTC", &[(1, "2026-03-02T10:00:00Z", "view")]).log();
    let ask = |options: RetentionOptions| {
        let as_of: Timestamp = "2026-03-04T00:00:00Z".parse().unwrap();
        let error = measure_retention(&log, as_of, options.clone()).unwrap_err();
        assert_eq!(retention_of_users(&log, as_of, options).map(|_| ()).unwrap_err().kind(), error.kind());
        (error.kind(), error.to_string())
    };
    let days = RetentionOptions::new(CalendarPeriod::Day);
    let none = RetentionOptions::new(ReturnPeriod::Rolling(Span::from_days(0)));
    for (options, kind, text) in [
        (none, ErrorKind::InvalidDefinition, "a rolling period of 0d"),
        (days.clone().period_last(3).brackets([0, 2]), ErrorKind::InvalidDefinition, "are both given"),
        (days.clone().brackets([3]), ErrorKind::InvalidDefinition, "[3, 4] has one"),
        (days.clone().brackets([0, 3, 3]), ErrorKind::InvalidDefinition, "from 3 up to 3 holds no period"),
        (days.clone().period_last(200_000), ErrorKind::InvalidDefinition, "period 200000"),
        (days.clone().returns(EventPattern::new(["oder"])), ErrorKind::UnknownName, "did you mean \"order\"?"),
        (days.clone().start(CohortStart::Attribute("creatd_at".into())), ErrorKind::UnknownName, "created_at"),
        (days.clone().start(CohortStart::Attribute("plan".into())), ErrorKind::TypeMismatch, "is of type text"),
    ] {
        let (found, message) = ask(options);
        assert_eq!(found, kind, "{message}");
        assert!(message.contains(text), "{message}");
    }
    let as_of = Timestamp::from_micros(365_000 * 24 * MICROS_PER_HOUR);
    let hours = RetentionOptions::new(ReturnPeriod::Rolling(Span::from_hours(1)));
    let error = measure_retention(&log, as_of, hours).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let by = measure_retention(&log, as_of, days.by("created_at").period_last(1)).unwrap_err();
    assert_eq!(by.kind(), ErrorKind::TypeMismatch);
}
