//! Growth accounting against sets of users, and its laws of conservation.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::analytics::growth::{GrowthOptions, GrowthRow, NewUser, account_growth};
use userops::analytics::period::CalendarPeriod;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::log::EventLog;
use userops::time::{Calendar, Day, MICROS_PER_HOUR, Timestamp, Weekday};

/// Midnight of 2010-10-30 UTC; on 7 November the clock of St. John's goes back across midnight.
const START: i64 = 1_288_396_800 * 1_000_000;

fn log_of(zone: &str, events: &[(i64, i64, &str)]) -> EventLog {
    let schema = EventSchema {
        zone: zone.parse().unwrap(),
        events: vec!["order".into(), "view".into()],
        ..EventSchema::default()
    };
    let events: Vec<Event> =
        events.iter().map(|(user, time, name)| Event::new(*user, Timestamp::from_micros(*time), *name)).collect();
    EventLog::from_events(schema, &events).unwrap().0
}

fn events() -> impl Strategy<Value = Vec<(i64, i64, &'static str)>> {
    let half_hours = prop_oneof![0i64..48 * 80, 48 * 8i64..48 * 8 + 12];
    let event = (0i64..7, half_hours, prop::sample::select(vec!["order", "view"]));
    let event = event.prop_map(|(user, half_hours, name)| (user, START + half_hours * MICROS_PER_HOUR / 2, name));
    prop::collection::vec(event, 0..60)
}

/// The number of the period from scratch: days since a Monday, or year and month.
fn naive_number(period: CalendarPeriod, day: Day) -> i64 {
    use chrono::Datelike;
    match period {
        CalendarPeriod::Day => i64::from(day.0),
        CalendarPeriod::Week { week_start } => {
            let mut first = day;
            while first.weekday() != week_start {
                first = Day(first.0 - 1);
            }
            i64::from(first.0).div_euclid(7)
        }
        CalendarPeriod::Month => i64::from(day.to_chrono().year()) * 12 + i64::from(day.to_chrono().month0()),
    }
}

type Sets = BTreeMap<i64, BTreeSet<i64>>;

/// Counts of active, new, returning, resurrecting, dormant by sets of users, for the periods `first..=last`.
fn naive(active: &Sets, new_in: &BTreeMap<i64, i64>, first: i64, last: i64) -> Vec<[u64; 5]> {
    let none = BTreeSet::new();
    let row = |number: i64| {
        let now = active.get(&number).unwrap_or(&none);
        let before = active.get(&(number - 1)).unwrap_or(&none);
        let come: Vec<i64> = now.difference(before).copied().collect();
        let new = come.iter().filter(|user| new_in.get(user) == Some(&number)).count();
        let counts =
            [now.len(), new, now.intersection(before).count(), come.len() - new, before.difference(now).count()];
        counts.map(|count| count as u64)
    };
    (first..=last).map(row).collect()
}

fn counts(row: &GrowthRow) -> [u64; 5] {
    [row.active_count, row.new_count, row.returning_count, row.resurrecting_count, row.dormant_count]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_200))]
    #[test]
    fn growth_equals_sets_of_users_and_conserves_them(
        events in events(),
        zone in prop::sample::select(vec!["UTC", "America/St_Johns", "Asia/Shanghai"]),
        period in prop::sample::select(vec![
            CalendarPeriod::Day, CalendarPeriod::Week { week_start: Weekday::Sunday }, CalendarPeriod::Month,
        ]),
        only_orders in any::<bool>(), by_activity in any::<bool>(), until in prop_oneof![0i64..48 * 90, 48 * 80i64..48 * 90],
    ) {
        let log = log_of(zone, &events);
        let as_of = Timestamp::from_micros(START + until * MICROS_PER_HOUR / 2);
        let new_user = if by_activity { NewUser::FirstActivity } else { NewUser::FirstEvent };
        let mut options = GrowthOptions::new(period).new_user(new_user);
        if only_orders {
            options = options.activity(["order"]);
        }
        let growth = account_growth(&log, as_of, options).unwrap();

        let calendar = Calendar::new(log.zone(), as_of, as_of);
        let number = |micros: i64| naive_number(period, calendar.day(Timestamp::from_micros(micros)));
        let mut sorted = events.clone();
        sorted.sort_by_key(|(_, time, _)| *time);
        let (mut active, mut new_in, mut active_in) = (Sets::new(), BTreeMap::new(), BTreeMap::<i64, i64>::new());
        for (user, time, name) in sorted.iter().filter(|(_, time, _)| *time <= as_of.as_micros()) {
            new_in.entry(*user).or_insert(number(*time));
            if *name == "order" || !only_orders {
                let first = active_in.entry(*user).or_insert(i64::MAX);
                *first = number(*time).min(*first);
                active.entry(number(*time)).or_default().insert(*user);
            }
        }
        let Some((first, _)) = active.first_key_value() else {
            prop_assert!(growth.rows.is_empty());
            return Ok(());
        };
        // A date that shows twice may leave an empty period in front, or another one behind.
        let front = naive_number(period, growth.rows[0].first_day);
        prop_assert!((0..=1).contains(&(first - front)));
        let expected = naive(&active, if by_activity { &active_in } else { &new_in }, front, front + growth.rows.len() as i64 - 1);
        prop_assert!((0..=1).contains(&(front + growth.rows.len() as i64 - 1 - number(as_of.as_micros()))));
        prop_assert_eq!(growth.rows.iter().map(counts).collect::<Vec<_>>(), expected);

        let mut before = 0;
        for row in &growth.rows {
            prop_assert_eq!(row.active_count, row.new_count + row.returning_count + row.resurrecting_count);
            prop_assert_eq!(before, row.returning_count + row.dormant_count);
            prop_assert_eq!(row.net_count(), row.active_count as i64 - before as i64);
            before = row.active_count;
        }
        prop_assert!(growth.rows.iter().rev().skip(1).all(|row| row.complete));
        prop_assert_eq!(growth.to_table().unwrap().row_count(), growth.rows.len());
        let json = serde_json::to_string(&growth).unwrap();
        prop_assert_eq!(serde_json::from_str::<userops::analytics::growth::Growth>(&json).unwrap(), growth);
    }
}

#[test]
fn the_open_period_is_marked() {
    let day = 24 * MICROS_PER_HOUR;
    let log = log_of("UTC", &[(1, START, "order"), (1, START + day, "order"), (2, START, "view")]);
    let growth = |as_of| account_growth(&log, Timestamp::from_micros(as_of), CalendarPeriod::Day).unwrap().rows;
    let rows = growth(START + 2 * day - 1);
    assert!(rows.iter().all(|row| row.complete));
    assert_eq!(rows.iter().map(counts).collect::<Vec<_>>(), [[2, 2, 0, 0, 0], [1, 0, 1, 0, 1]]);
    assert_eq!((rows[1].retention_ratio(), rows[1].quick_ratio()), (Some(0.5), Some(0.0)));
    assert!(!growth(START + 2 * day - 2)[1].complete);
    assert!(growth(START - 1).is_empty());
}

#[test]
fn unknown_names_and_types_are_refused() {
    let log = log_of("UTC", &[(1, START, "order")]);
    let ask = |options: GrowthOptions| account_growth(&log, Timestamp::from_micros(START), options).unwrap_err();
    let error = ask(GrowthOptions::new(CalendarPeriod::Day).activity(["oder"]));
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.to_string().contains("did you mean \"order\"?"), "{error}");
    let error = ask(GrowthOptions::new(CalendarPeriod::Day).new_user(NewUser::Attribute("born".into())));
    assert_eq!(error.kind(), ErrorKind::UnknownName);
}
