//! Features against sets of days and names, and the law that the future changes nothing.

use std::collections::BTreeSet;

use proptest::prelude::*;
use userops::btyd::{MbgNbd, PurchaseHistory};
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::UserIx;
use userops::log::EventLog;
use userops::rule::EventPattern;
use userops::time::Timestamp;
use userops::warning::{
    GAP_WEIGHT, GAP_WEIGHT_MAX, UserFeatures, WarningCalibration, WarningCoefficient, WarningFeature, WarningModel,
    WarningOptions, WarningPopulation, WarningScoreOptions, WarningScores, read_features,
};

use crate::world::{Happening, World, as_of_ticks, day_of, matches, patterns, with_threads, worlds};

const RHYTHM: MbgNbd = MbgNbd { r: 0.7, alpha: 5.0, a: 0.8, b: 1.5 };

pub(super) fn options() -> impl Strategy<Value = WarningOptions> {
    (patterns(), patterns(), prop::option::of(patterns()), 1u32..12, prop::option::of(1u32..9), 1u32..20).prop_map(
        |(activity, behaviour, complaints, horizon_days, recent_days, silence_days_max)| WarningOptions {
            activity,
            behaviour,
            complaints,
            horizon_days,
            recent_days,
            silence_days_max,
            ..WarningOptions::default()
        },
    )
}

/// A model that is not fitted to anything.
pub(super) fn model(options: WarningOptions, population: WarningPopulation) -> WarningModel {
    let coefficient = |(index, feature): (usize, WarningFeature)| WarningCoefficient {
        feature,
        mean: index as f64 / 4.0,
        scale: 0.5 + index as f64 / 8.0,
        coefficient: [0.8, -0.4, 0.3][index % 3],
        standard_error: None,
    };
    let coefficients = WarningFeature::ALL.into_iter().enumerate().map(coefficient).collect();
    let calibration = WarningCalibration { intercept: 0.1, slope: 0.9 };
    WarningModel { options, population, intercept: -0.25, coefficients, calibration }
}

pub(super) fn population() -> impl Strategy<Value = WarningPopulation> {
    (prop::option::weighted(0.9, 1.0f64..30.0), 0.0f64..5.0, any::<bool>()).prop_map(
        |(gap_mean_days, gap_weight, knows_rhythm)| WarningPopulation {
            gap_mean_days,
            gap_weight,
            rhythm: knows_rhythm.then_some(RHYTHM),
        },
    )
}

type Question = (i64, WarningOptions, WarningPopulation, EventPattern, u32);

/// When is asked, by which options, held against whom, and over which spending.
fn questions() -> impl Strategy<Value = Question> {
    (as_of_ticks(), options(), population(), patterns(), 1u32..30)
}

/// The local days with events of a pattern, of one user.
fn days(world: &World, events: &[Happening], pattern: &EventPattern) -> BTreeSet<i32> {
    let calendar = world.calendar();
    events.iter().filter(|event| matches(pattern, event)).map(|event| day_of(&calendar, event.time).0).collect()
}

/// What is known of one user, from the definitions; `None` for one who is not at risk.
pub(super) fn naive(
    world: &World,
    events: &[Happening],
    today: i32,
    options: &WarningOptions,
    population: &WarningPopulation,
) -> Option<UserFeatures> {
    let calendar = world.calendar();
    let active = days(world, events, &options.activity);
    let (first, last) = (*active.first()?, *active.last()?);
    let silence = (today - last).max(0);
    if silence > options.silence_days_max as i32 {
        return None;
    }
    let window = options.recent_days.unwrap_or(options.horizon_days) as i32;
    let is_recent = |day: i32| day > today - window;
    let is_before = |day: i32| day > today - 2 * window && !is_recent(day);
    let kinds = |counts: &dyn Fn(i32) -> bool| {
        let in_window = events.iter().filter(|event| counts(day_of(&calendar, event.time).0));
        let names: BTreeSet<&str> =
            in_window.filter(|event| matches(&options.behaviour, event)).map(|event| event.name).collect();
        names.len() as u32
    };
    let recent = || events.iter().filter(|event| is_recent(day_of(&calendar, event.time).0));
    let complaints = |pattern: &EventPattern| recent().filter(|event| matches(pattern, event)).count() as u32;
    let gaps = (active.len() - 1) as f64;
    let gap = |mean: f64| {
        let all = gaps + population.gap_weight;
        if all > 0.0 { (f64::from(last - first) + population.gap_weight * mean) / all } else { mean }
    };
    let age = (today - first).max(last - first);
    let past = PurchaseHistory::new(active.len() as u32 - 1, f64::from(last - first), f64::from(age)).unwrap();
    Some(UserFeatures {
        silence_days: silence as u32,
        usual_gap_days: population.gap_mean_days.map(gap),
        recent_active_day_count: active.iter().filter(|day| is_recent(**day)).count() as u32,
        before_active_day_count: active.iter().filter(|day| is_before(**day)).count() as u32,
        recent_kind_count: kinds(&is_recent),
        before_kind_count: kinds(&is_before),
        is_comparable: first <= today - 2 * window + 1,
        complaint_count: options.complaints.as_ref().map(complaints),
        refund_count: recent().filter(|event| event.minor.is_some_and(|minor| minor < 0)).count() as u32,
        tenure_days: (today - first).max(0) as u32,
        active_day_count: active.len() as u32,
        alive_probability: population.rhythm.map(|rhythm| rhythm.alive_probability(&past)),
        no_activity_probability: population
            .rhythm
            .map(|rhythm| rhythm.no_purchase_probability(&past, f64::from(options.horizon_days))),
    })
}

fn close(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= 1e-12 * expected.abs().max(1.0),
        (found, expected) => found == expected,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_700))]
    #[test]
    fn scores_equal_what_sets_of_days_and_names_say(
        world in worlds(45), questions in prop::collection::vec(questions(), 6),
    ) {
        let log = world.log();
        let calendar = world.calendar();
        for (ticks, options, population, spending, value_days) in questions {
        let as_of = world.as_of(ticks);
        let model = model(options, population);
        let score_options = WarningScoreOptions { spending, value_days, ..WarningScoreOptions::default() };
        let scores = model.score(&log, as_of, score_options.clone()).unwrap();
        let today = day_of(&calendar, as_of.as_micros()).0;
        let mut found = scores.scores.iter();
        for (user, events) in world.by_user(as_of) {
            let Some(expected) = naive(&world, &events, today, &model.options, &population) else { continue };
            let score = found.next().unwrap();
            prop_assert_eq!(log.users().id(score.user).unwrap().to_string(), user.to_string());
            prop_assert!(close(score.features.usual_gap_days, expected.usual_gap_days));
            prop_assert_eq!(UserFeatures { usual_gap_days: expected.usual_gap_days, ..score.features }, expected);

            let spent: i64 = events
                .iter()
                .filter(|event| matches(&score_options.spending, event))
                .filter(|event| day_of(&calendar, event.time).0 > today - value_days as i32)
                .filter_map(|event| event.minor)
                .sum();
            let value = spent.max(0) as f64 / 100.0 * f64::from(model.options.horizon_days) / f64::from(value_days);
            prop_assert!(close(score.value, Some(value)), "{:?} {value}", score.value);
            prop_assert!(close(score.expected_loss, Some(value * score.probability)));

            // The log-odds are those of a user at the mean, and what each feature adds.
            let reasons = model.reasons(&score.features);
            let sum: f64 = reasons.iter().map(|reason| reason.log_odds).sum();
            let log_odds = 0.1 + 0.9 * -0.25 + sum;
            prop_assert!(close(Some(score.probability), Some(1.0 / (1.0 + (-log_odds).exp()))));
            prop_assert!(reasons.is_sorted_by(|a, b| a.log_odds >= b.log_odds));
            prop_assert!(reasons.iter().all(|reason| reason.value.is_some() || reason.log_odds == 0.0));
            prop_assert_eq!(model.explain(&score.features).parts.len(), 1 + WarningFeature::COUNT);
            prop_assert!(scores.reasons(score).len() <= 3);
        }
        prop_assert!(found.next().is_none());
        prop_assert_eq!(scores.to_table(&log).unwrap().row_count(), scores.scores.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(250))]
    #[test]
    fn what_comes_later_changes_nothing(world in worlds(45), ticks in as_of_ticks(), options in options()) {
        let at = world.as_of(ticks);
        let whole = world.log();
        let mut before = world.clone();
        before.events.retain(|event| event.time <= at.as_micros());
        let truncated = before.log();
        let (found, expected) = (read_features(&whole, at, &options), read_features(&truncated, at, &options));
        let (found, expected) = (found.unwrap(), expected.unwrap());
        prop_assert_eq!(&found.population, &expected.population);
        prop_assert_eq!(&found.features, &expected.features);
        prop_assert_eq!(found.to_table(&whole).unwrap(), expected.to_table(&truncated).unwrap());
    }

    #[test]
    fn parts_threads_and_arrival_do_not_matter(
        world in worlds(45), ticks in as_of_ticks(), options in options(), population in population(),
    ) {
        let as_of = world.as_of(ticks);
        let (log, model) = (world.log(), model(options, population));
        let score = |log: &EventLog| model.score(log, as_of, WarningScoreOptions::default()).unwrap();
        let whole = score(&log);
        prop_assert_eq!(&with_threads(3, || score(&log)), &with_threads(1, || score(&log)));
        for user in 0..log.user_count() {
            let user = UserIx(user as u32);
            let of_all = whole.scores.iter().find(|one| one.user == user).map(|one| one.features);
            prop_assert_eq!(model.read_user(&log, as_of, user).unwrap(), of_all);
        }
        // Sums of money do not depend on the order of events, and nothing else looks at it.
        prop_assert_eq!(&score(&world.arriving_backwards().log()), &whole);
        let parts = [world.log_of(|user| user % 2 == 0), world.log_of(|user| user % 2 == 1)];
        let mut scores: Vec<(String, String)> = Vec::new();
        for part in &parts {
            for one in score(part).scores {
                let user = part.users().id(one.user).unwrap().to_string();
                scores.push((user, format!("{:?}", (one.features, one.probability, one.value))));
            }
        }
        scores.sort();
        let expected: Vec<(String, String)> = whole
            .scores
            .iter()
            .map(|one| (log.users().id(one.user).unwrap().to_string(), format!("{:?}", (one.features, one.probability, one.value))))
            .collect();
        prop_assert_eq!(scores, expected);
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(serde_json::from_str::<WarningScores>(&json).unwrap(), whole);
    }

    #[test]
    fn gaps_are_held_against_moments(world in worlds(45), ticks in as_of_ticks(), options in options()) {
        let at = world.as_of(ticks);
        let found = WarningPopulation::fit(&world.log(), at, &options).unwrap();
        let users: Vec<Vec<f64>> = world
            .by_user(at)
            .values()
            .map(|events| days(&world, events, &options.activity).into_iter().collect::<Vec<i32>>())
            .map(|days| days.windows(2).map(|pair| f64::from(pair[1] - pair[0])).collect::<Vec<f64>>())
            .filter(|gaps| !gaps.is_empty())
            .collect();
        let total: f64 = users.iter().map(|gaps| gaps.len() as f64).sum();
        if users.is_empty() {
            prop_assert_eq!((found.gap_mean_days, found.gap_weight), (None, GAP_WEIGHT));
            return Ok(());
        }
        let mean = |gaps: &[f64]| gaps.iter().sum::<f64>() / gaps.len() as f64;
        let all = mean(&users.concat());
        let weight = if total == users.len() as f64 {
            GAP_WEIGHT
        } else {
            let squares = |gaps: &Vec<f64>| gaps.iter().map(|gap| (gap - mean(gaps)).powi(2)).sum::<f64>();
            let within = users.iter().map(squares).sum::<f64>() / (total - users.len() as f64);
            let spread: f64 = users.iter().map(|gaps| gaps.len() as f64 * (mean(gaps) - all).powi(2)).sum();
            let counts: f64 = users.iter().map(|gaps| (gaps.len() as f64).powi(2)).sum();
            let between = (spread - (users.len() as f64 - 1.0) * within) / (total - counts / total);
            // Next to nothing is nothing but for rounding.
            prop_assume!(between.is_nan() || between.abs() >= 1e-9);
            if between > 0.0 { (within / between).min(GAP_WEIGHT_MAX) } else { GAP_WEIGHT_MAX }
        };
        prop_assert!((found.gap_weight - weight).abs() <= 1e-6 * weight.max(1e-3), "{found:?} {weight}");
        let credibility = |gaps: &Vec<f64>| gaps.len() as f64 / (gaps.len() as f64 + weight);
        let sum: f64 = users.iter().map(|gaps| credibility(gaps) * mean(gaps)).sum();
        let expected = sum / users.iter().map(credibility).sum::<f64>();
        prop_assert!(close(found.gap_mean_days.map(|mean| mean / expected), Some(1.0)) || weight < 1e-3, "{found:?} {expected}");
    }
}

#[test]
fn kinds_may_be_values_of_a_property() {
    let event = |day: &str, topic: Option<&str>| {
        let event = Event::new("ann", format!("2026-03-{day}T10:00:00Z").parse().unwrap(), "read");
        match topic {
            Some(topic) => event.with_property("topic", topic),
            None => event,
        }
    };
    let events = [
        event("01", Some("art")),
        event("02", Some("music")),
        event("02", Some("art")),
        event("03", Some("sport")),
        event("06", Some("art")),
        event("06", None),
        event("07", Some("art")),
    ];
    let log = EventLog::from_events(EventSchema::default(), &events).unwrap().0;
    let at: Timestamp = "2026-03-08T12:00:00Z".parse().unwrap();
    let options =
        WarningOptions { behaviour_property: Some("topic".into()), ..WarningOptions::default().recent_days(4) };
    let found = read_features(&log, at, &options).unwrap();
    let ann = found.features[0];
    // The 5th to the 8th, and the 1st to the 4th.
    assert_eq!((ann.recent_kind_count, ann.before_kind_count), (1, 3));
    assert_eq!((ann.recent_active_day_count, ann.before_active_day_count, ann.is_comparable), (2, 3, true));
    assert_eq!((ann.silence_days, ann.tenure_days, ann.active_day_count), (1, 7, 5));
    let by_hand = ((3.0f64 + 0.5) / (1.0 + 0.5)).ln();
    assert!(close(ann.value(WarningFeature::Narrowing), Some(by_hand)));
    assert!(close(ann.value(WarningFeature::ActivitySlope), Some((2.5f64 / 3.5).ln())));
    // Four gaps of 1, 1, 3 and 1 days; there is one user, so that nothing says how users differ.
    assert_eq!(found.population.gap_mean_days, Some(1.5));
    assert_eq!(found.population.gap_weight, GAP_WEIGHT_MAX);
    assert!(close(ann.value(WarningFeature::SilenceRatio), Some(1.0 / 1.5)));
    assert_eq!(ann.value(WarningFeature::ComplaintCount), None);

    let options = WarningOptions { behaviour_property: Some("topics".into()), ..WarningOptions::default() };
    assert_eq!(read_features(&log, at, &options).unwrap_err().kind(), ErrorKind::UnknownName);
    assert_eq!(read_features(&log, at, EventPattern::new(["write"])).unwrap_err().kind(), ErrorKind::UnknownName);
    let before = read_features(&log, "2026-02-01T00:00:00Z".parse().unwrap(), WarningOptions::default()).unwrap();
    assert!(before.users.is_empty() && before.population.gap_mean_days.is_none());
}

#[test]
fn options_out_of_bounds_are_refused() {
    let log = EventLog::from_events(EventSchema::default(), &[]).unwrap().0;
    let plain = WarningOptions::default;
    for (bad, name) in [
        (plain().horizon_days(0), "horizon_days is 0"),
        (plain().horizon_days(4_000), "horizon_days is 4000"),
        (plain().recent_days(0), "recent_days is 0"),
        (plain().silence_days_max(0), "silence_days_max is 0"),
        (plain().training_cut_count(0), "training_cut_count is 0"),
        (plain().ridge(f64::NAN), "ridge is NaN"),
    ] {
        let error = read_features(&log, Timestamp::from_micros(0), bad).unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains(name), "{error}");
    }
    assert!(serde_json::from_str::<WarningOptions>(r#"{"horizon": 30}"#).is_err());
}
