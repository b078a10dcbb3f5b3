//! Laws of sample logs: the same everywhere, as large as asked for, and of the shape that is promised.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::column::Column;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::{UserId, UserIx};
use userops::log::EventLog;
use userops::money::Money;
use userops::sample::{self, SampleKind, SampleOptions};
use userops::time::{Day, MICROS_PER_DAY, Span, Timestamp, Zone};
use userops::value::{Value, ValueRef};

fn kind() -> impl Strategy<Value = SampleKind> {
    prop::sample::select(SampleKind::ALL.to_vec())
}

fn options() -> impl Strategy<Value = SampleOptions> {
    let zone = prop::sample::select(vec!["UTC", "Asia/Shanghai", "America/New_York", "Africa/Cairo"]);
    (any::<u64>(), 0u32..60, 1u16..70, 18_000i32..22_000, zone).prop_map(|(seed, users, days, start, zone)| {
        let zone: Zone = zone.parse().unwrap();
        SampleOptions::default().seed(seed).users(users).days(days).start(Day(start)).zone(zone)
    })
}

fn fnv_1a(events: &[Event]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for event in events {
        let properties: Vec<String> = event.properties.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let amount = event.amount.map_or(-1, Money::minor);
        let line = format!("{} {} {} {amount} {}\n", event.user, event.time, event.name, properties.join(" "));
        for byte in line.bytes() {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

/// A change of these numbers changes every tutorial that prints an answer: say so in the changelog.
#[test]
fn a_sample_never_changes() {
    let options = SampleOptions::default().users(200).days(60).seed(7);
    let hashes = SampleKind::ALL.map(|kind| fnv_1a(&sample::events(kind, options).unwrap()));
    assert_eq!(hashes, [12_615_715_776_692_202_987, 4_888_270_967_015_971_386]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_same_seed_gives_the_same_log_and_another_one_another(kind in kind(), options in options()) {
        let log = sample::log(kind, options).unwrap();
        prop_assert_eq!(&log, &sample::log(kind, options).unwrap());
        let other = sample::log(kind, options.seed(options.seed ^ 1)).unwrap();
        prop_assert!(options.users == 0 || log != other);
    }

    #[test]
    fn users_are_as_many_as_asked_for(kind in kind(), options in options()) {
        let log = sample::log(kind, options).unwrap();
        prop_assert_eq!(log.user_count(), options.users as usize);
        prop_assert_eq!(sample::users(kind, options).unwrap().row_count(), options.users as usize);
    }

    #[test]
    fn events_one_by_one_and_users_are_those_of_the_log(kind in kind(), options in options()) {
        let log = sample::log(kind, options).unwrap();
        let events = sample::events(kind, options).unwrap();
        prop_assert!(events.is_sorted_by_key(|event| (event.time, event.user.to_string().len(), event.user.to_string())));
        let mut of_user: BTreeMap<UserId, Vec<Event>> = BTreeMap::new();
        for event in events {
            of_user.entry(event.user.clone()).or_default().push(event);
        }
        let users = sample::users(kind, options).unwrap();
        for (row, user) in log.iter().enumerate() {
            let id = user.user_id().unwrap().to_owned();
            prop_assert_eq!(user.iter().collect::<Vec<_>>(), of_user.remove(&id).unwrap_or_default());
            prop_assert_eq!(users.get(row, "user").unwrap().to_string(), id.to_string());
            for (name, column) in log.attributes().columns() {
                prop_assert_eq!(users.get(row, name), column.get(row), "{} of {}", name, id);
            }
        }
        prop_assert!(of_user.is_empty());
    }

    #[test]
    fn every_event_is_inside_the_days_asked_for(kind in kind(), options in options()) {
        let log = sample::log(kind, options).unwrap();
        prop_assert_eq!(log.zone(), options.zone);
        let calendar = log.calendar(Timestamp::from_micros(i64::from(options.start.0) * MICROS_PER_DAY));
        for micros in log.time_micros() {
            let day = calendar.day(Timestamp::from_micros(*micros)).0 - options.start.0;
            prop_assert!((0..i32::from(options.days)).contains(&day), "day {}", day);
        }
    }

    #[test]
    fn the_users_of_a_smaller_log_are_the_first_of_a_larger_one(kind in kind(), options in options()) {
        let small = sample::log(kind, options).unwrap();
        let large = sample::log(kind, options.users(options.users + 7)).unwrap();
        for (small, large) in small.iter().zip(large.iter()) {
            prop_assert_eq!(small.user_id(), large.user_id());
            prop_assert!(small.iter().eq(large.iter()));
        }
    }

    #[test]
    fn events_make_a_log_of_their_own(kind in kind(), options in options()) {
        let events = sample::events(kind, options).unwrap();
        let (log, report) = EventLog::from_events(EventSchema::default(), &events).unwrap();
        prop_assert_eq!((report.rejected, report.duplicate), (0, 0));
        prop_assert_eq!(log.event_count(), sample::log(kind, options).unwrap().event_count());
    }
}

/// Users of whom something holds, per mille of those given.
fn per_mille<'a>(log: &EventLog, users: impl Iterator<Item = UserIx> + 'a, holds: impl Fn(UserIx) -> bool) -> u32 {
    let users: Vec<UserIx> = users.filter(|user| user.index() < log.user_count()).collect();
    (users.iter().filter(|user| holds(**user)).count() * 1_000 / users.len().max(1)) as u32
}

fn has(log: &EventLog, user: UserIx, name: &str) -> bool {
    log.events_of(user).iter().any(|event| event.name == name)
}

fn all(log: &EventLog) -> impl Iterator<Item = UserIx> + use<> {
    (0..log.user_count() as u32).map(UserIx)
}

fn active_days(log: &EventLog, user: UserIx) -> usize {
    let days = log.events_of(user).time_micros().iter().map(|micros| micros.div_euclid(MICROS_PER_DAY));
    days.collect::<BTreeSet<_>>().len()
}

#[track_caller]
fn within(what: &str, value: impl Into<u64>, low: u64, high: u64) {
    let value = value.into();
    assert!((low..=high).contains(&value), "{what}: {value} is not from {low} to {high}");
}

#[test]
fn the_community_has_the_promised_shape() {
    let options = SampleOptions::default().users(4_000);
    let log = sample::community(options).unwrap();
    let names: Vec<&str> = log.names().iter().collect();
    let sorted = [
        "ask",
        "comment",
        "follow",
        "invite",
        "like",
        "login",
        "pay",
        "post_answer",
        "register",
        "search",
        "share",
        "view",
    ];
    assert_eq!(names, sorted);
    within("events per user", (log.event_count() / log.user_count()) as u64, 70, 110);
    within("registered in the log", per_mille(&log, all(&log), |user| has(&log, user, "register")), 570, 630);
    within("answer", per_mille(&log, all(&log), |user| has(&log, user, "post_answer")), 90, 140);
    within("pay", per_mille(&log, all(&log), |user| has(&log, user, "pay")), 130, 180);
    within("without events", per_mille(&log, all(&log), |user| log.events_of(user).is_empty()), 140, 200);
    let newcomers = || all(&log).filter(|user| has(&log, *user, "register"));
    within(
        "newcomers of one to three days",
        per_mille(&log, newcomers(), |user| active_days(&log, user) <= 3),
        580,
        670,
    );
    within(
        "newcomers of ten days or more",
        per_mille(&log, newcomers(), |user| active_days(&log, user) >= 10),
        170,
        250,
    );
    let recalled = |user: UserIx| {
        log.events_of(user).iter().any(|event| event.properties.get("source") == Some(&Value::from("recall")))
    };
    within("recalled", per_mille(&log, all(&log), recalled), 180, 250);
    for (attribute, low, high) in [("birth_date", 270, 330), ("city", 80, 120), ("gender", 175, 225), ("channel", 0, 0)]
    {
        let unknown = |user| log.attributes().get(user, attribute).is_none();
        within(attribute, per_mille(&log, all(&log), unknown), low, high);
    }
    assert!(matches!(log.attributes().column("birth_date"), Ok(Column::Date(_))));
    for user in log.iter().filter(|user| has(&log, user.user(), "register")) {
        let first = user.event(0).unwrap();
        assert_eq!(first.name, "register");
        assert_eq!(log.attributes().get(user.user(), "signup"), Some(ValueRef::Time(first.time)));
        assert_eq!(user.iter().filter(|event| event.name == "register").count(), 1);
    }
    for event in log.iter().flat_map(|user| user.iter().collect::<Vec<_>>()) {
        assert_eq!(event.name == "pay", event.amount.is_some_and(|amount| amount.minor() > 0));
        assert_eq!(event.name == "login", event.properties.contains_key("source"));
        let plain = ["register", "login", "invite", "pay"].contains(&event.name.as_str());
        assert_eq!(!plain, event.properties.contains_key("topic"), "{event:?}");
    }
}

#[test]
fn people_sleep_at_night_and_come_less_on_saturdays() {
    let log = sample::community(SampleOptions::default().users(2_000).days(182).zone("Asia/Shanghai".parse().unwrap()))
        .unwrap();
    let calendar = log.calendar(log.time_span().unwrap().1);
    let (mut hours, mut weekdays) = ([0u32; 24], [0u32; 7]);
    for micros in log.time_micros() {
        let instant = Timestamp::from_micros(*micros);
        hours[usize::from(calendar.hour(instant))] += 1;
        weekdays[calendar.weekday(instant) as usize] += 1;
    }
    assert!(hours[21] > 10 * hours[3], "{hours:?}");
    assert!(weekdays[5] < weekdays[0], "{weekdays:?}");
}

#[test]
fn the_content_app_has_the_promised_shape() {
    let log = sample::content_app(SampleOptions::default().users(4_000)).unwrap();
    assert_eq!(log.names().iter().collect::<Vec<_>>(), ["invite", "like", "pay", "post", "share", "view", "visit"]);
    assert!(log.users().integers().is_some());
    within("events per user", (log.event_count() / log.user_count()) as u64, 110, 170);
    within("post", per_mille(&log, all(&log), |user| has(&log, user, "post")), 130, 180);
    within("share", per_mille(&log, all(&log), |user| has(&log, user, "share")), 400, 500);
    within("pay", per_mille(&log, all(&log), |user| has(&log, user, "pay")), 160, 215);
    for user in log.iter() {
        let mut paid_until = Timestamp::MIN;
        for event in user.iter() {
            assert_eq!(event.name == "view", event.properties.contains_key("seconds"));
            assert_eq!(event.name == "pay", event.amount.is_some());
            if let Some(amount) = event.amount {
                let days = [(1_200, 30), (3_000, 90), (9_800, 365)];
                let days = days.into_iter().find(|(minor, _)| *minor == amount.minor()).unwrap().1;
                paid_until = paid_until.max(event.time).plus(Span::from_days(days));
            }
            assert_eq!(event.properties.get("premium"), Some(&Value::Bool(event.time < paid_until)), "{event:?}");
        }
    }
}

#[test]
fn what_cannot_be_made_is_refused_with_the_way_out() {
    for (options, kind, words) in [
        (SampleOptions::default().days(0), ErrorKind::InvalidArgument, "at least 1"),
        (SampleOptions::default().users(u32::MAX).days(u16::MAX), ErrorKind::LimitExceeded, "200000000"),
        (SampleOptions::default().start(Day(i32::MAX)), ErrorKind::InvalidArgument, "1900 to 2200"),
        (SampleOptions::default().start(Day(i32::MIN)), ErrorKind::InvalidArgument, "1900 to 2200"),
    ] {
        for sample in SampleKind::ALL {
            for error in [
                sample::log(sample, options).unwrap_err(),
                sample::events(sample, options).unwrap_err(),
                sample::users(sample, options).unwrap_err(),
            ] {
                assert_eq!(error.kind(), kind);
                assert!(error.to_string().contains(words), "{error}");
            }
        }
    }
    let message = "content-app".parse::<SampleKind>().unwrap_err().to_string();
    assert!(message.contains("content_app"), "{message}");
}
