//! Active users, stickiness and active days against sets of users by day.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::activity::{
    ActiveDayOptions, ActiveUserOptions, ActiveUsers, StickinessOptions, count_active_days, count_active_users,
    measure_stickiness,
};
use userops::analytics::period::CalendarPeriod;
use userops::error::ErrorKind;
use userops::rule::EventPattern;
use userops::time::{Day, Timestamp, Weekday};

use crate::world::{World, as_of_ticks, day_of, days, matches, patterns, with_threads, worlds};

/// The days on which each user was active.
fn active_days(world: &World, as_of: Timestamp, pattern: &EventPattern) -> BTreeMap<i64, BTreeSet<i32>> {
    let calendar = world.calendar();
    let users = world.by_user(as_of).into_iter().map(|(user, events)| {
        let counted = events.iter().filter(|event| matches(pattern, event));
        (user, counted.map(|event| day_of(&calendar, event.time).0).collect())
    });
    users.collect()
}

/// The users of a window, for each day by looking at all its days.
fn naive_active(active: &BTreeMap<i64, BTreeSet<i32>>, day: i32, window: u32) -> u64 {
    let from = i64::from(day) - i64::from(window) + 1;
    let within = |days: &BTreeSet<i32>| days.iter().any(|active| (from..=i64::from(day)).contains(&i64::from(*active)));
    active.values().filter(|days| within(days)).count() as u64
}

fn periods() -> impl Strategy<Value = CalendarPeriod> {
    let week = prop::sample::select(Weekday::ALL.to_vec()).prop_map(|week_start| CalendarPeriod::Week { week_start });
    prop_oneof![week, Just(CalendarPeriod::Month)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_300))]
    #[test]
    fn active_users_equal_sets_of_users(
        world in worlds(40),
        asked in prop::collection::vec((as_of_ticks(), patterns(), prop::collection::btree_set(1u32..40, 1..4)), 8),
    ) {
        let log = world.log();
        for (as_of, events, windows) in asked {
            let as_of = world.as_of(as_of);
            let active = active_days(&world, as_of, &events);
            let windows: Vec<u32> = windows.into_iter().rev().collect();
            let options = ActiveUserOptions::default().activity(events).windows_days(windows.clone());
            let answer = count_active_users(&log, as_of, &options).unwrap();
            let Some(first) = active.values().filter_map(|days| days.first()).min() else {
                prop_assert!(answer.rows.is_empty());
                continue;
            };
            let calendar = world.calendar();
            let today = day_of(&calendar, as_of.as_micros()).0;
            prop_assert_eq!(answer.rows[0].day, Day(*first));
            // Where a clock goes back, the day of `as_of` may be earlier than one that has shown already.
            prop_assert!((0..=1).contains(&(answer.rows.last().unwrap().day.0 - today)));
            prop_assert!(answer.rows.windows(2).all(|pair| pair[0].day.0 + 1 == pair[1].day.0));
            let ever = active.values().filter(|days| !days.is_empty()).count() as u64;
            for row in &answer.rows {
                let expected: Vec<u64> = windows.iter().map(|days| naive_active(&active, row.day.0, *days)).collect();
                prop_assert_eq!(&row.active_counts, &expected, "{}", row.day);
                // Windows are in descending order: a longer one has no fewer users, and none more than ever came.
                prop_assert!(row.active_counts.is_sorted_by(|longer, shorter| longer >= shorter));
                prop_assert!(row.active_counts[0] <= ever);
                prop_assert_eq!(row.complete, calendar.day_start(Day(row.day.0 + 1)) <= Timestamp::from_micros(as_of.as_micros() + 1));
                let (shortest, longest) = (expected[expected.len() - 1], expected[0]);
                let ratio = (longest > 0).then(|| shortest as f64 / longest as f64);
                prop_assert_eq!(row.stickiness_ratio, ratio);
            }
        }
    }

    #[test]
    fn stickiness_and_active_days_equal_counting_days(
        world in worlds(40),
        asked in prop::collection::vec((as_of_ticks(), patterns(), periods(), 1u32..60, any::<bool>()), 8),
    ) {
        let log = world.log();
        let calendar = world.calendar();
        for (as_of, events, period, window, include_today) in asked {
            let as_of = world.as_of(as_of);
            let active = active_days(&world, as_of, &events);
            let answer = measure_stickiness(&log, as_of, StickinessOptions::new(period).activity(events.clone())).unwrap();
            let mut expected: BTreeMap<(i32, u32), u64> = BTreeMap::new();
            for days in active.values() {
                let mut counts: BTreeMap<i32, u32> = BTreeMap::new();
                days.iter().for_each(|day| *counts.entry(period.number(Day(*day))).or_default() += 1);
                counts.into_iter().for_each(|cell| *expected.entry(cell).or_default() += 1);
            }
            let shown = answer.rows.iter().filter(|row| row.exactly_count > 0);
            let shown: BTreeMap<(i32, u32), u64> =
                shown.map(|row| ((period.number(row.first_day), row.day_count), row.exactly_count)).collect();
            prop_assert_eq!(shown, expected);
            for row in &answer.rows {
                let of_period = answer.rows.iter().filter(|other| other.first_day == row.first_day);
                let total: u64 = of_period.clone().map(|other| other.exactly_count).sum();
                let at_least: u64 =
                    of_period.filter(|other| other.day_count >= row.day_count).map(|other| other.exactly_count).sum();
                prop_assert_eq!(row.at_least_count, at_least);
                prop_assert_eq!(row.exactly_ratio, (total > 0).then(|| row.exactly_count as f64 / total as f64));
            }

            let options = ActiveDayOptions::last_days(window).activity(events).include_today(include_today);
            let counts = count_active_days(&log, as_of, &options).unwrap();
            let last = day_of(&calendar, as_of.as_micros()).0 - i32::from(!include_today);
            let expected: Vec<u32> = active
                .values()
                .map(|days| days.range(last - window as i32 + 1..=last).count() as u32)
                .collect();
            prop_assert_eq!(&counts.day_counts, &expected);
            for point in counts.power_curve() {
                let exactly = expected.iter().filter(|days| **days == point.day_count).count() as u64;
                let at_least = expected.iter().filter(|days| **days >= point.day_count).count() as u64;
                prop_assert_eq!((point.exactly_count, point.at_least_count), (exactly, at_least));
            }
            prop_assert_eq!(counts.to_table(log.users()).unwrap().row_count(), log.user_count());
        }
    }
}

proptest! {
    #[test]
    fn parts_threads_and_arrival_do_not_matter(world in worlds(60), as_of in as_of_ticks(), events in patterns()) {
        let as_of = world.as_of(as_of);
        let options = ActiveUserOptions::default().activity(events.clone());
        let sticky = StickinessOptions::new(CalendarPeriod::Month).activity(events.clone());
        let last_days = ActiveDayOptions::default().activity(events);
        let log = world.log();
        let whole = count_active_users(&log, as_of, &options).unwrap();
        let ask = |log: &userops::log::EventLog| {
            (
                count_active_users(log, as_of, &options).unwrap(),
                measure_stickiness(log, as_of, sticky.clone()).unwrap(),
                count_active_days(log, as_of, &last_days).unwrap(),
            )
        };
        for threads in [1, 3] {
            prop_assert_eq!(with_threads(threads, || ask(&log)), ask(&log));
        }
        prop_assert_eq!(ask(&world.arriving_backwards().log()), ask(&log));
        let parts = [0, 1].map(|part| world.log_of(|user| user % 2 == part));
        let parts = parts.map(|log| count_active_users(&log, as_of, &options).unwrap());
        let mut sums: BTreeMap<Day, Vec<u64>> = BTreeMap::new();
        for row in parts.iter().flat_map(|part| &part.rows) {
            let sum = sums.entry(row.day).or_insert_with(|| vec![0; row.active_counts.len()]);
            sum.iter_mut().zip(&row.active_counts).for_each(|(sum, count)| *sum += count);
        }
        let shown: BTreeMap<Day, Vec<u64>> = whole.rows.iter().map(|row| (row.day, row.active_counts.clone())).collect();
        prop_assert_eq!(shown, sums);
        if whole.rows.len() < 50 {
            let json = serde_json::to_string(&whole).unwrap();
            prop_assert_eq!(serde_json::from_str::<ActiveUsers>(&json).unwrap(), whole);
        }
    }
}

#[test]
fn questions_without_an_answer_are_refused() {
    let world = World { zone: "UTC", start: 0, events: Vec::new(), created: vec![None; 8], plan: vec![None; 8] };
    let log = world.log();
    let as_of = Timestamp::from_micros(days(1));
    let ask = |windows: Vec<u32>| {
        count_active_users(&log, as_of, &ActiveUserOptions::default().windows_days(windows)).unwrap_err()
    };
    for (windows, text) in [
        (vec![], "0 windows"),
        (vec![1; 17], "17 windows"),
        (vec![7, 0], "a window of 0 days"),
        (vec![7, 7], "the window of 7 days is asked for twice"),
        (vec![100_001], "a window of 100001 days"),
    ] {
        let error = ask(windows);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(text), "{error}");
    }
    let error = measure_stickiness(&log, as_of, CalendarPeriod::Day).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let error = count_active_days(&log, as_of, &ActiveDayOptions::last_days(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    let unknown = ActiveUserOptions::default().activity(EventPattern::new(["oder"]));
    let error = count_active_users(&log, as_of, &unknown).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.to_string().contains("did you mean \"order\"?"), "{error}");
}
