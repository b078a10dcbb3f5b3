//! The input of the models against plain lists of days.

use std::collections::BTreeSet;

use proptest::prelude::*;
use userops::btyd::{CustomerPurchases, PurchaseOptions, summarise_purchases};
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::UserIx;
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::EventPattern;
use userops::time::{Calendar, Day, MICROS_PER_DAY, MICROS_PER_HOUR, Timestamp};

/// Midnight of 2010-10-30 UTC; on 7 November the clock of St. John's goes back across midnight.
const START: i64 = 1_288_396_800 * 1_000_000;

/// User, instant, name, amount.
type Row = (i64, i64, &'static str, Option<i64>);

fn log_of(zone: &str, rows: &[Row]) -> EventLog {
    let events = ["order", "view"].map(String::from).to_vec();
    let schema = EventSchema { zone: zone.parse().unwrap(), events, ..EventSchema::default() };
    let event = |(user, time, name, amount): &Row| {
        let event = Event::new(*user, Timestamp::from_micros(*time), *name);
        amount.map_or(event.clone(), |minor| event.with_amount(Money::from_minor(minor)))
    };
    let events: Vec<Event> = rows.iter().map(event).collect();
    EventLog::from_events(schema, &events).unwrap().0
}

fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Around the change of clocks, over a month, and far off.
    let half_hours = prop_oneof![6 => 0i64..48 * 40, 3 => 48 * 8i64..48 * 8 + 12, 1 => Just(48i64 * 2_000)];
    let amount = prop_oneof![2 => (1i64..900).prop_map(Some), 1 => (-900i64..0).prop_map(Some), 1 => Just(None)];
    let row = (0i64..5, half_hours, prop::sample::select(vec!["order", "order", "view"]), amount);
    let row = row.prop_map(|(user, at, name, amount)| (user, START + at * MICROS_PER_HOUR / 2, name, amount));
    prop::collection::vec(row, 0..40)
}

/// One user, by looking through all rows again for every number.
fn naive(log: &EventLog, rows: &[Row], as_of: Timestamp, options: &PurchaseOptions) -> (Vec<CustomerPurchases>, u64) {
    let calendar = Calendar::new(log.zone(), as_of, as_of);
    let day = |row: &Row| calendar.day(Timestamp::from_micros(row.1));
    let last_day = options.calibration_last_day.unwrap_or(calendar.day(as_of));
    let names = &options.purchases.events;
    let counts =
        |row: &&Row| row.1 <= as_of.as_micros() && (names.is_empty() || names.iter().any(|name| name == row.2));
    let is_purchase = |row: &&Row| row.3.is_none_or(|amount| amount >= 0);
    let users: BTreeSet<i64> = rows.iter().map(|row| row.0).collect();
    let (mut customers, mut unmatched) = (Vec::new(), 0);
    for (index, user) in users.iter().enumerate() {
        let mut own: Vec<&Row> = rows.iter().filter(counts).filter(|row| row.0 == *user).collect();
        own.sort_by_key(|row| row.1);
        // Of each row the day that its money belongs to; None for a refund of nothing.
        let mut money: Vec<(Option<Day>, i64)> = Vec::new();
        for (position, row) in own.iter().enumerate() {
            let before = own[..position].iter().rev().find(|row| is_purchase(row));
            let amount = row.3.unwrap_or(0);
            if is_purchase(row) {
                money.push((Some(day(row)), amount));
            } else if let Some(before) = before {
                let late = day(before) <= last_day && day(row) > last_day;
                money.push((Some(if late { Day(last_day.0 + 1) } else { day(before) }), amount));
            } else {
                unmatched += 1;
            }
        }
        let days: BTreeSet<Day> = own.iter().filter(|row| is_purchase(row)).map(|row| day(row)).collect();
        let Some(first) = days.iter().copied().next().filter(|first| *first <= last_day) else { continue };
        let seen: Vec<Day> = days.iter().copied().filter(|day| *day <= last_day).collect();
        let sum = |of: &dyn Fn(Day) -> bool| {
            money.iter().filter(|(day, _)| day.is_some_and(of)).map(|(_, amount)| *amount).sum::<i64>()
        };
        let apart = |day: Day| (day.0 - first.0) as u32;
        customers.push(CustomerPurchases {
            user: UserIx(index as u32),
            first_day: first,
            repeat_count: seen.len() as u32 - 1,
            last_days: apart(*seen.last().unwrap()),
            observed_days: apart(last_day),
            first_spend_minor: sum(&|day| day == first),
            repeat_spend_minor: sum(&|day| day > first && day <= last_day),
            holdout_count: (days.len() - seen.len()) as u32,
            holdout_spend_minor: sum(&|day| day > last_day),
            holdout_next_days: days.iter().find(|day| **day > last_day).map(|day| (day.0 - last_day.0) as u32),
        });
    }
    (customers, unmatched)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_250))]

    /// 1,250 logs, each asked in eight ways: 10,000 cases.
    #[test]
    fn purchases_are_counted_as_by_hand(
        rows in rows(),
        zone in prop::sample::select(vec!["UTC", "America/St_Johns", "Asia/Shanghai"]),
    ) {
        let log = log_of(zone, &rows);
        let start = log.calendar(Timestamp::from_micros(START)).day(Timestamp::from_micros(START));
        for as_of in [START + 9 * MICROS_PER_DAY, START + 3_000 * MICROS_PER_DAY] {
            for held in [None, Some(5)] {
                for purchases in [EventPattern::default(), EventPattern::new(["order"])] {
                    let as_of = Timestamp::from_micros(as_of);
                    let mut options = PurchaseOptions::new(purchases);
                    options.calibration_last_day = held.map(|days| Day(start.0 + days));
                    let summary = summarise_purchases(&log, as_of, options.clone()).unwrap();
                    let (customers, unmatched) = naive(&log, &rows, as_of, &options);
                    prop_assert_eq!(&summary.customers, &customers);
                    prop_assert_eq!(summary.unmatched_refund_count, unmatched);
                    let table = summary.to_table(&log).unwrap();
                    prop_assert_eq!(table.row_count(), customers.len());
                }
            }
        }
    }
}

#[test]
fn a_unit_and_a_last_day_that_cannot_be_are_refused() {
    let log = log_of("UTC", &[(1, START, "order", Some(100))]);
    let as_of = Timestamp::from_micros(START);
    for unit in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = summarise_purchases(&log, as_of, PurchaseOptions::default().unit_days(unit)).unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("unit_days"), "{error}");
    }
    let late = PurchaseOptions::default().calibrate_until("2010-10-31".parse().unwrap());
    assert_eq!(summarise_purchases(&log, as_of, late).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let unknown = PurchaseOptions::new("ordr");
    assert_eq!(summarise_purchases(&log, as_of, unknown).unwrap_err().kind(), ErrorKind::UnknownName);
}
