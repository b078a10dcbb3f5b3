//! Laws of profiles: columns equal the scalar function, which equals counting by hand; the future is never seen.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, TimeZone, Timelike};
use proptest::prelude::*;
use userops::event::{Event, EventSchema};
use userops::id::{UserId, UserIx};
use userops::log::EventLog;
use userops::money::Money;
use userops::profile::{
    Profile, ProfileOptions, ProfileRules, ProfileTable, build_profile, build_profiles, total_orders,
};
use userops::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Timestamp, Zone};

const ZONES: [&str; 3] = ["UTC", "America/New_York", "Africa/Cairo"];
/// 2025-03-01: New York's clocks change on the 9th, Cairo's on 25 April.
const START: i64 = 1_740_787_200_000_000;

/// Few users and hours, so that ties, busy days and quiet users all occur; about one property in three is unknown.
fn event() -> impl Strategy<Value = Event> {
    let time = prop_oneof![
        (0i64..24 * 60).prop_map(|hour| START + hour * MICROS_PER_HOUR),
        (0i64..60 * MICROS_PER_DAY).prop_map(|micros| START + micros),
    ];
    let name = prop::sample::select(vec!["order", "view", "refund", "gift"]);
    let amount = prop::option::of(-500i64..5_000);
    let text = || prop::option::of(prop::sample::select(vec!["", "a", "b", "c"]));
    (0i64..6, time, name, amount, text(), text()).prop_map(|(user, time, name, amount, channel, category)| {
        let mut event = Event::new(user, Timestamp::from_micros(time), name);
        event.amount = amount.map(Money::from_minor);
        for (property, value) in [("channel", channel), ("category", category)] {
            if let Some(value) = value {
                event = event.with_property(property, value);
            }
        }
        event
    })
}

fn log_of(zone: Zone, events: &[Event]) -> EventLog {
    // One event of each name and property, so that every option's names exist; far in the future, so never visible.
    let mut events = events.to_vec();
    for name in ["order", "view", "refund", "gift"] {
        let event = Event::new(0, Timestamp::from_micros(START + 10_000 * MICROS_PER_DAY), name);
        events.push(event.with_property("channel", "z").with_property("category", "z"));
    }
    let schema = EventSchema { zone, ..EventSchema::default() };
    let (log, report) = EventLog::from_events(schema, &events).unwrap();
    assert_eq!(report.rejections, []);
    log
}

fn options() -> ProfileOptions {
    ProfileOptions::default().orders(["order", "gift"]).channel("channel").category("category")
}

fn rows(log: &EventLog, table: &ProfileTable) -> BTreeMap<UserId, Profile> {
    let users = log.users().iter().enumerate();
    users.map(|(user, id)| (id.to_owned(), table.profile(log, UserIx(user as u32)).unwrap())).collect()
}

/// The naive profile of one user, from the events themselves.
fn by_hand(zone: Zone, user: i64, events: &[Event], as_of: Timestamp) -> Profile {
    let tz: chrono_tz::Tz = zone.name().parse().unwrap();
    let local = |time: Timestamp| tz.from_utc_datetime(&time.to_chrono().unwrap().naive_utc());
    let day = |time: Timestamp| local(time).date_naive();
    let mut mine: Vec<&Event> =
        events.iter().filter(|event| event.user == UserId::Integer(user) && event.time <= as_of).collect();
    mine.sort_by_key(|event| event.time);
    let money = |events: &[&Event]| -> Money {
        Money::from_minor(events.iter().filter_map(|event| event.amount).map(Money::minor).sum())
    };
    let gaps = |events: &[&Event]| {
        let days: Vec<_> = events.iter().map(|event| day(event.time)).collect::<BTreeSet<_>>().into_iter().collect();
        let mut gaps: Vec<i64> = days.windows(2).map(|pair| (pair[1] - pair[0]).num_days()).collect();
        gaps.sort_unstable();
        let n = gaps.len();
        userops::profile::Gaps {
            mean_days: (n > 0).then(|| gaps.iter().sum::<i64>() as f64 / n as f64),
            median_days: (n > 0).then(|| (gaps[(n - 1) / 2] + gaps[n / 2]) as f64 / 2.0),
        }
    };
    let is_order = |event: &&&Event| ["order", "gift"].contains(&event.name.as_str());
    let orders: Vec<&Event> = mine.iter().filter(is_order).copied().collect();
    let since = |time: Timestamp| (day(as_of) - day(time)).num_days() as u32;
    let mut profile = Profile {
        event_count: mine.len() as u32,
        first_seen: mine.first().map(|event| event.time),
        last_seen: mine.last().map(|event| event.time),
        active_days: mine.iter().map(|event| day(event.time)).collect::<BTreeSet<_>>().len() as u32,
        days_since_last: mine.last().map(|event| since(event.time)),
        amount: money(&mine),
        gaps: gaps(&mine),
        ..Profile::default()
    };
    for days in [7u32, 30, 90] {
        let inside = |event: &&&Event| as_of.since(event.time).as_micros() < i64::from(days) * MICROS_PER_DAY;
        let in_window: Vec<&Event> = mine.iter().filter(inside).copied().collect();
        let orders: Vec<&Event> = in_window.iter().filter(is_order).copied().collect();
        profile.windows.push(userops::profile::WindowProfile {
            days,
            event_count: in_window.len() as u32,
            orders: userops::profile::OrderWindow { order_count: orders.len() as u32, revenue: money(&orders) },
        });
    }
    for name in ["gift", "order", "refund", "view"] {
        let named: Vec<&Event> = mine.iter().filter(|event| event.name == name).copied().collect();
        if let (Some(first), Some(last)) = (named.first(), named.last()) {
            profile.events.push(userops::profile::EventProfile {
                name: name.to_owned(),
                count: named.len() as u32,
                amount: money(&named),
                first: Some(first.time),
                last: Some(last.time),
            });
        }
    }
    profile.orders = userops::profile::OrderProfile {
        order_count: orders.len() as u32,
        purchase_days: orders.iter().map(|event| day(event.time)).collect::<BTreeSet<_>>().len() as u32,
        revenue: money(&orders),
        first: orders.first().map(|event| event.time),
        last: orders.last().map(|event| event.time),
        days_since_last: orders.last().map(|event| since(event.time)),
        gaps: gaps(&orders),
    };
    for event in &mine {
        profile.habits.by_hour[local(event.time).hour() as usize] += 1;
        profile.habits.by_weekday[local(event.time).weekday().num_days_from_monday() as usize] += 1;
    }
    let text = |event: &Event, property: &str| event.properties.get(property).map(ToString::to_string);
    profile.channel = mine.iter().find_map(|event| text(event, "channel"));
    let mut interests: BTreeMap<String, f64> = BTreeMap::new();
    for event in &mine {
        if let Some(category) = text(event, "category") {
            let age_days = as_of.since(event.time).as_micros() as f64 / MICROS_PER_DAY as f64;
            *interests.entry(category).or_default() += 0.5f64.powf(age_days / 30.0);
        }
    }
    profile.interests = interests.into_iter().collect();
    profile.interests.sort_by(|a, b| b.1.total_cmp(&a.1));
    profile.interests.truncate(3);
    profile
}

/// Equal but for the last digits of interests, whose sums the two sides may take in another way.
fn assert_close(mut a: Profile, mut b: Profile) -> Result<(), TestCaseError> {
    let (a_interests, b_interests) = (std::mem::take(&mut a.interests), std::mem::take(&mut b.interests));
    prop_assert_eq!(a, b);
    prop_assert_eq!(a_interests.len(), b_interests.len());
    for (a, b) in a_interests.iter().zip(&b_interests) {
        prop_assert!((a.1 - b.1).abs() <= 1e-12 * a.1, "{a:?} {b:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn columns_equal_the_scalar_which_equals_counting_by_hand(
        events in prop::collection::vec(event(), 0..60),
        zone in 0..ZONES.len(),
        as_of in -5i64..70 * 24,
    ) {
        let zone: Zone = ZONES[zone].parse().unwrap();
        let log = log_of(zone, &events);
        let as_of = Timestamp::from_micros(START + as_of * MICROS_PER_HOUR);
        let table = build_profiles(&log, as_of, options()).unwrap();
        let rules = ProfileRules::new(&log, options()).unwrap();
        let calendar = log.calendar(as_of);
        for events_of in log.iter() {
            let scalar = build_profile(events_of, as_of, &rules, &calendar);
            prop_assert_eq!(&table.profile(&log, events_of.user()).unwrap(), &scalar);
            let Some(UserId::Integer(user)) = events_of.user_id().map(|id| id.to_owned()) else { unreachable!() };
            assert_close(scalar, by_hand(zone, user, &events, as_of))?;
        }
        // The lean totals say the same as the order columns.
        let totals = total_orders(&log, as_of, rules.order_codes(), Some(&log.calendar(as_of)));
        let buyers: Vec<UserIx> = log.iter().map(|events| events.user())
            .filter(|user| table.orders()[user.index()].order_count > 0).collect();
        prop_assert_eq!(&totals.users, &buyers);
        for (index, user) in buyers.iter().enumerate() {
            let orders = table.orders()[user.index()];
            prop_assert_eq!(totals.order_count[index], i64::from(orders.order_count));
            prop_assert_eq!(totals.purchase_days[index], i64::from(orders.purchase_days));
            prop_assert_eq!(totals.revenue_minor[index], orders.revenue.minor());
            prop_assert_eq!(Some(Timestamp::from_micros(totals.last_micros[index])), orders.last);
        }
    }

    #[test]
    fn the_future_is_never_seen(events in prop::collection::vec(event(), 0..60), as_of in 0i64..60 * 24) {
        let as_of = Timestamp::from_micros(START + as_of * MICROS_PER_HOUR);
        let past: Vec<Event> = events.iter().filter(|event| event.time <= as_of).cloned().collect();
        let (whole, known) = (log_of(Zone::UTC, &events), log_of(Zone::UTC, &past));
        let whole_rows = rows(&whole, &build_profiles(&whole, as_of, options()).unwrap());
        for (user, profile) in rows(&known, &build_profiles(&known, as_of, options()).unwrap()) {
            prop_assert_eq!(&whole_rows[&user], &profile);
        }
    }

    #[test]
    fn an_update_equals_a_rebuild(
        events in prop::collection::vec(event(), 0..60),
        cut in 0usize..60,
        hours in (0i64..60 * 24, 0i64..20 * 24),
    ) {
        let before = Timestamp::from_micros(START + hours.0 * MICROS_PER_HOUR);
        let after = before.plus(userops::time::Span::from_hours(hours.1));
        // Arrivals in two parts: those of the second may be late.
        let old = log_of(Zone::UTC, &events[..cut.min(events.len())]);
        let (added, _) = EventLog::from_events(EventSchema::default(), &events[cut.min(events.len())..]).unwrap();
        let new = old.merge(&added).unwrap();
        let table = build_profiles(&old, before, options()).unwrap();
        let updated = table.update(&old, &new, after).unwrap();
        prop_assert_eq!(&updated, &build_profiles(&new, after, options()).unwrap());
        prop_assert_eq!(updated.to_table(&new).unwrap().row_count(), new.user_count());
        prop_assert!(table.update(&old, &new, Timestamp::from_micros(before.as_micros() - 1)).is_err());
    }

    #[test]
    fn thread_count_does_not_matter(events in prop::collection::vec(event(), 0..60)) {
        let log = log_of(Zone::UTC, &events);
        let as_of = Timestamp::from_micros(START + 40 * MICROS_PER_DAY);
        let with_threads = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| (build_profiles(&log, as_of, options()).unwrap(), total_orders(&log, as_of, &[0, 1], None)))
        };
        let one = with_threads(1);
        for threads in [2, 7] {
            prop_assert_eq!(&with_threads(threads), &one);
        }
    }
}

#[test]
fn names_that_the_log_lacks_are_refused_with_the_nearest() {
    let log = log_of(Zone::UTC, &[]);
    let refuse = |options: ProfileOptions| build_profiles(&log, Timestamp::default(), options).unwrap_err().to_string();
    assert!(refuse(ProfileOptions::default().orders(["oder"])).contains("did you mean \"order\"?"));
    assert!(refuse(ProfileOptions::default().channel("chanel")).contains("did you mean \"channel\"?"));
    assert!(refuse(ProfileOptions { windows_days: vec![0], ..ProfileOptions::default() }).contains("at least 1 day"));
}

#[test]
fn an_empty_log_has_no_profiles() {
    let (log, _) = EventLog::from_events(EventSchema::default(), &[]).unwrap();
    let table = build_profiles(&log, Timestamp::default(), ProfileOptions::default()).unwrap();
    assert!(table.is_empty());
    assert_eq!(table.to_table(&log).unwrap().row_count(), 0);
}
