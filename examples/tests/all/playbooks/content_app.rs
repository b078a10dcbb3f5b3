//! The content app's playbook in Rust, over an invented log.

use std::collections::BTreeMap;

use userops::id::UserId;
use userops::log::EventLog;
use userops::sample::{self, SampleKind, SampleOptions};
use userops::value::Value;

use super::recount::{Answer, DAY, Definition, Facts, User, yes};
use super::{Case, Recount, StageDays, plain, read_playbook};

const VISIT: &[&str] = &["visit"];

const RECOUNT: Recount = Recount {
    score: "rfm",
    measures: [
        |user| user.days_since_last(VISIT),
        |user| Some(user.count(VISIT) as i64),
        |user| Some(user.count(&["post"]) as i64),
    ],
    has_groups: false,
    activity: &["visit", "post"],
    stages: StageDays::Derived,
    definitions: DEFINITIONS,
};

const DEFINITIONS: &[(&str, Definition)] = &[
    ("tag active_week", |user, _| yes(user.count_recent(VISIT, 7) >= 3)),
    ("tag lapsing", |user, _| {
        yes(user.count_recent(VISIT, 30) >= 5 && user.is_observed(7) && user.count_recent(VISIT, 7) == 0)
    }),
    ("tag creator", |user, _| yes(user.count_recent(&["post"], 30) >= 2)),
    ("tag payer", |user, _| yes(user.minor(&["pay"]) > 0)),
    ("tag favourite", |user, _| favourite(user, 1)),
    ("tag favourite.2", |user, _| favourite(user, 2)),
    ("tag favourite.3", |user, _| favourite(user, 3)),
    ("tag reading_time", |user, _| {
        let seconds = user.recent(&["view"], 30).map(|view| match view.property("seconds") {
            Some(Value::Integer(seconds)) => *seconds,
            None => 0,
            other => panic!("{other:?}"),
        });
        Some(seconds.sum::<i64>().to_string())
    }),
    ("segment push_tonight", |_, told| yes(told.has("tag lapsing") && told.at_least("score rfm.frequency", 4))),
    ("segment premium_curious", |user, told| {
        let premium = user.recent(&["view"], 30).filter(|view| view.property("premium") == Some(&Value::Bool(true)));
        yes(premium.count() >= 2 && !told.has("tag payer"))
    }),
    ("segment champions", |_, told| yes(told.is("score rfm.segment", "champions"))),
    ("milestone acquisition", |user, _| user.first(|user| user.count(VISIT) >= 1)),
    ("milestone activation", |user, _| user.first(|user| user.count(&["view"]) >= 3)),
    ("milestone retention", |user, _| user.first(|user| user.active_days(VISIT) >= 3)),
    ("milestone revenue", |user, _| user.first(|user| user.count(&["pay"]) >= 1)),
    ("milestone referral", |user, _| user.first(|user| user.count(&["invite", "share"]) >= 1)),
];

/// The category of a rank: a view weighs 1 when it happens, and half of it two weeks later; equals go by text.
fn favourite(user: &User<'_>, rank: usize) -> Answer {
    let mut weights = BTreeMap::<&str, f64>::new();
    for view in user.events(&["view"]) {
        if let Some(Value::Text(category)) = view.property("category") {
            let half_lives = (user.as_of - view.time) as f64 / (14 * DAY) as f64;
            *weights.entry(category).or_default() += (-half_lives).exp2();
        }
    }
    let mut ranked: Vec<(&str, f64)> = weights.into_iter().collect();
    ranked.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    ranked.get(rank - 1).map(|(category, _)| (*category).to_owned())
}

/// The sample's events, and a log made of them.
///
/// In the sample premium is what payers have, so that nobody else could be curious about it. So only users with an even
/// number keep their payments.
pub(super) fn case() -> Case {
    let playbook = read_playbook("content_app.toml");
    let options = SampleOptions::default().users(1_000).seed(7).zone(playbook.schema.zone);
    let mut events = sample::events(SampleKind::ContentApp, options).unwrap();
    events.retain(|event| event.name != "pay" || matches!(event.user, UserId::Integer(user) if user % 2 == 0));
    let (log, report) = EventLog::from_events(playbook.schema.clone(), &events).unwrap();
    assert_eq!(report.accepted, events.len() as u64);
    Case {
        playbook,
        log,
        facts: Facts::new(8, events.into_iter().map(plain)),
        recount: RECOUNT,
        // At a local midnight, a microsecond before one, and at no special time.
        instants: &[
            "2025-03-10T16:00:00Z",
            "2025-05-20T15:59:59.999999Z",
            "2025-06-11T03:00:00Z",
            "2025-07-04T12:00:00Z",
        ],
    }
}
