//! The community's playbook in Rust, over an invented log.

use userops::sample::{self, SampleKind, SampleOptions};
use userops::value::ValueRef;

use super::recount::{DAY, Definition, Facts, Stages, User, text, yes};
use super::{Case, Recount, StageDays, plain, read_playbook};

const WRITTEN: &[&str] = &["post_answer", "ask"];
const ANSWER: &[&str] = &["post_answer"];

const RECOUNT: Recount = Recount {
    score: "influence",
    measures: [
        |user| user.days_since_last(&["post_answer", "ask", "comment"]),
        |user| Some(user.count(WRITTEN) as i64),
        |user| Some(user.count(&["like", "comment", "share"]) as i64),
    ],
    has_groups: false,
    activity: &["login", "view", "comment", "post_answer", "ask", "like"],
    stages: StageDays::Given(Stages {
        growth: 3,
        maturity: 8,
        dormant: 14,
        churn: 30,
        reactivated: 14,
        gaps: 0,
        open_gaps: 0,
    }),
    definitions: DEFINITIONS,
};

const DEFINITIONS: &[(&str, Definition)] = &[
    ("tag age_band", |user, _| {
        text(match user.age()? {
            ..0 => return None,
            0..18 => "under 18",
            18..25 => "18 to 24",
            25..35 => "25 to 34",
            35.. => "35 and over",
        })
    }),
    ("tag role", |user, _| {
        text(match user {
            _ if user.count_recent(ANSWER, 30) >= 3 => "creator",
            _ if user.count_recent(&["ask"], 30) >= 1 => "asker",
            _ if user.count_recent(&["comment", "like"], 30) >= 5 => "commenter",
            _ if user.count_recent(&["view", "search"], 30) >= 1 => "reader",
            _ => "lurker",
        })
    }),
    ("tag activated", |user, _| yes(is_activated(user))),
    ("tag birthday_week", |user, _| yes(user.has_birthday_within(7))),
    ("tag advocate", |user, _| yes(user.count_recent(&["share"], 30) >= 2 || user.count(&["invite"]) >= 1)),
    ("segment rising_creators", |user, told| {
        yes(told.is("tag role", "creator") && user.days_since_first(ANSWER).is_some_and(|days| days <= 60))
    }),
    ("segment silent_creators", |user, told| {
        yes(user.count(ANSWER) >= 3 && user.count_recent(ANSWER, 30) == 0 && !told.is("stage", "churn"))
    }),
    ("segment at_least_two_ways_in", |user, told| {
        let ways = [told.has("tag advocate"), told.has("tag activated"), user.count(&["pay"]) >= 1];
        yes(ways.into_iter().filter(|is_so| *is_so).count() >= 2)
    }),
    ("segment newsletter_test", |user, _| {
        yes(bucket("newsletter", 10, user.id) == 0 && user.days_since_last(&[]).is_some_and(|days| days <= 30))
    }),
    ("milestone acquisition", |user, _| user.first(|user| user.count(&["register"]) >= 1)),
    ("milestone activation", |user, _| {
        user.first(|user| user.count(&["follow", "comment", "post_answer", "ask"]) >= 1)
    }),
    ("milestone retention", |user, _| user.first(|user| user.active_days(&["login", "view"]) >= 3)),
    ("milestone revenue", |user, _| user.first(|user| user.count(&["pay"]) >= 1)),
    ("milestone referral", |user, _| user.first(|user| user.count(&["invite"]) >= 1)),
];

/// Registered, followed somebody within a week, and logged in within a week of that: any three events in this order.
fn is_activated(user: &User<'_>) -> bool {
    let is = |at: usize, name: &str| user.events[at].event.name == name;
    let within_a_week = |at: usize, then: usize| user.events[then].time - user.events[at].time <= 7 * DAY;
    let all = user.events.len();
    (0..all).filter(|registered| is(*registered, "register")).any(|registered| {
        (registered + 1..all)
            .filter(|followed| is(*followed, "follow") && within_a_week(registered, *followed))
            .any(|followed| (followed + 1..all).any(|back| is(back, "login") && within_a_week(followed, back)))
    })
}

/// FNV-1a of 64 bits over salt, zero byte and id, mixed as SplitMix64 ends, and scaled to the number of buckets.
fn bucket(salt: &str, buckets: u128, id: &str) -> u128 {
    let mut hash: u64 = 14_695_981_039_346_656_037;
    for byte in salt.bytes().chain([0]).chain(id.bytes()) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(1_099_511_628_211);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(13_787_848_793_156_543_929);
    hash = (hash ^ (hash >> 27)).wrapping_mul(10_723_151_780_598_845_931);
    hash ^= hash >> 31;
    u128::from(hash) * buckets / (1 << 64)
}

/// The sample's log, and the same events and users one by one.
pub(super) fn case() -> Case {
    let playbook = read_playbook("community.toml");
    let options = SampleOptions::default().users(1_000).seed(7).zone(playbook.schema.zone);
    let mut facts = Facts::new(8, sample::events(SampleKind::Community, options).unwrap().into_iter().map(plain));
    let users = sample::users(SampleKind::Community, options).unwrap();
    for row in 0..users.row_count() {
        let birth_day = users.get(row, "birth_date").map(|value| match value {
            ValueRef::Date(day) => i64::from(day.0),
            other => panic!("{other}"),
        });
        assert!(users.get(row, "channel").is_some(), "every user has come by some channel");
        facts.add_attributes(users.get(row, "user").unwrap().to_string(), birth_day);
    }
    Case {
        playbook,
        log: sample::community(options).unwrap(),
        facts,
        recount: RECOUNT,
        // A second and a microsecond before a local midnight, which is at 16:00 of UTC, at one, and at no special time.
        instants: &[
            "2025-03-01T15:59:59Z",
            "2025-04-05T15:59:59.999999Z",
            "2025-05-20T16:00:00Z",
            "2025-06-11T03:00:00Z",
            "2025-07-04T12:00:00Z",
        ],
    }
}
