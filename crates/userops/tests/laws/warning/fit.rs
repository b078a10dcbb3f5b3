//! Fits against naive labels, their laws, and what happens where there is nothing to learn.

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema, Field};
use userops::ingest::{AttributeMapping, Ingest, Mapping, RawBatch, RawColumn, RawValue};
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::EventPattern;
use userops::time::{MICROS_PER_DAY, Timestamp};
use userops::value::ValueType;
use userops::warning::{
    EvaluationOptions, WarningCalibration, WarningCutKind, WarningFit, WarningModel, WarningNoteKind, WarningOptions,
    WarningPopulation, WarningRanking, WarningScoreOptions, WarningScores, WatchListOptions, WatchOrder,
    evaluate_ranking, fit_warning,
};

use super::feature::{model, naive};
use crate::world::{World, day_of, days, matches, with_threads, worlds};

/// Silence of those at risk, and whether each was lost within the horizon.
fn naive_cut(world: &World, at: Timestamp, options: &WarningOptions) -> Vec<(u32, bool)> {
    let today = day_of(&world.calendar(), at.as_micros()).0;
    let nothing = WarningPopulation { gap_mean_days: None, gap_weight: 1.0, rhythm: None };
    let until = at.as_micros() + days(i64::from(options.horizon_days));
    let is_later = |time: i64| time > at.as_micros() && time <= until;
    let users = world.by_user(at);
    let at_risk = users.iter().filter_map(|(user, events)| {
        let features = naive(world, events, today, options, &nothing)?;
        let stayed = world
            .events
            .iter()
            .any(|event| event.user == *user && is_later(event.time) && matches(&options.activity, event));
        Some((features.silence_days, !stayed))
    });
    at_risk.collect()
}

fn questions() -> impl Strategy<Value = (i64, WarningOptions)> {
    let activity = prop::sample::select(vec![EventPattern::default(), EventPattern::new(["view", "order"])]);
    let ticks = prop_oneof![6 => 48i64 * 15..48 * 40, 1 => 0i64..48 * 15];
    (ticks, activity, 2u32..8, 3u32..20, 1u32..4, prop::sample::select(vec![1.0, 0.1])).prop_map(
        |(ticks, activity, horizon, silence, cuts, ridge)| {
            let options = WarningOptions::new(activity).horizon_days(horizon).silence_days_max(silence);
            (ticks, options.training_cut_count(cuts).ridge(ridge))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]
    #[test]
    fn cuts_and_judgements_equal_naive_labels(world in worlds(70), asked in prop::collection::vec(questions(), 4)) {
        let log = world.log();
        for (ticks, options) in asked {
            let as_of = world.as_of(ticks);
            let backs = (1..=2 + options.training_cut_count).rev();
            let at = |back: u32| {
                Timestamp::from_micros(as_of.as_micros() - i64::from(back * options.horizon_days) * MICROS_PER_DAY)
            };
            let cuts: Vec<Vec<(u32, bool)>> = backs.map(|back| naive_cut(&world, at(back), &options)).collect();
            let learnt: Vec<bool> = cuts[..cuts.len() - 2].iter().flatten().map(|user| user.1).collect();
            let found = fit_warning(&log, as_of, &options);
            if learnt.is_empty() || learnt.iter().all(|lost| *lost) || !learnt.contains(&true) {
                let kind = if learnt.is_empty() { ErrorKind::Empty } else { ErrorKind::InvalidArgument };
                prop_assert_eq!(found.unwrap_err().kind(), kind);
                continue;
            }
            let found = found.unwrap();
            prop_assert!(found.converged && found.model.check().is_ok());
            let counts = |cut: &Vec<(u32, bool)>| (cut.len() as u64, cut.iter().filter(|user| user.1).count() as u64);
            let expected: Vec<(u64, u64)> = cuts.iter().map(counts).collect();
            prop_assert_eq!(found.cuts.iter().map(|cut| (cut.user_count, cut.lost_count)).collect::<Vec<_>>(), expected);
            prop_assert_eq!(found.cuts.last().map(|cut| (cut.kind, cut.at)), Some((WarningCutKind::Test, at(1))));

            let (scores, lost): (Vec<f64>, Vec<bool>) =
                cuts[cuts.len() - 1].iter().map(|user| (f64::from(user.0), user.1)).unzip();
            let expected = evaluate_ranking(&scores, &lost, &EvaluationOptions::of_scores()).ok();
            prop_assert_eq!(found.evaluation(WarningRanking::SilenceDays), expected.as_ref());
            let untested = found.notes.iter().any(|note| note.kind == WarningNoteKind::Untested);
            prop_assert_eq!(untested, expected.is_none_or(|one| one.auc.is_none()));
            // Of so few users none can put probabilities right.
            prop_assert_eq!(found.model.calibration, WarningCalibration::NONE);

            let scored = found.model.score(&log, at(1), WarningScoreOptions::default()).unwrap();
            let scores: Vec<f64> = scored.scores.iter().map(|one| one.probability).collect();
            let expected = evaluate_ranking(&scores, &lost, &EvaluationOptions::default()).ok();
            prop_assert_eq!(found.evaluation(WarningRanking::Model), expected.as_ref());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn what_comes_later_and_threads_change_no_fit(world in worlds(70), (ticks, options) in questions()) {
        let as_of = world.as_of(ticks);
        let log = world.log();
        let fit = |log: &EventLog| fit_warning(log, as_of, &options).map_err(|error| error.to_string());
        let found = with_threads(1, || fit(&log));
        prop_assert_eq!(&with_threads(3, || fit(&log)), &found);
        let mut before = world.clone();
        before.events.retain(|event| event.time <= as_of.as_micros());
        prop_assert_eq!(&fit(&before.log()), &found);
        prop_assert_eq!(&fit(&world.arriving_backwards().log()), &found);
        if let Ok(found) = found {
            let json = serde_json::to_string(&found).unwrap();
            prop_assert_eq!(&serde_json::from_str::<WarningFit>(&json).unwrap(), &found);
            for table in [
                found.to_table(), found.to_cut_table(), found.to_evaluation_table(), found.to_top_table(),
                found.to_calibration_table(), found.to_note_table(),
            ] {
                prop_assert!(table.is_ok());
            }
        }
    }

    #[test]
    fn a_list_is_the_first_of_all_in_order(world in worlds(60), ticks in 0i64..48 * 40, capacity in 1u64..9, by_loss in any::<bool>()) {
        let log = world.log();
        let population = WarningPopulation { gap_mean_days: Some(3.0), gap_weight: 1.0, rhythm: None };
        let model = model(WarningOptions::default().horizon_days(5), population);
        let scores = model.score(&log, world.as_of(ticks), WarningScoreOptions::default()).unwrap();
        let order = if by_loss { WatchOrder::ExpectedLoss } else { WatchOrder::Probability };
        let list = scores.watch_list(WatchListOptions { capacity, order }).unwrap();
        let mut expected = scores.scores.clone();
        expected.sort_by(|a, b| {
            let first = if by_loss { b.expected_loss.partial_cmp(&a.expected_loss).unwrap() } else { std::cmp::Ordering::Equal };
            first.then(b.probability.partial_cmp(&a.probability).unwrap()).then(a.user.cmp(&b.user))
        });
        expected.truncate(capacity as usize);
        prop_assert_eq!(&list.scores.scores, &expected);
        prop_assert_eq!(list.at_risk_count, scores.scores.len() as u64);
        let loss = |rows: &[userops::warning::WarningScore]| rows.iter().filter_map(|row| row.expected_loss).sum::<f64>();
        prop_assert_eq!(list.expected_loss, loss(&expected));
        prop_assert_eq!(list.expected_loss_ratio.is_some(), loss(&scores.scores) > 0.0);
        let table = list.to_table(&log).unwrap();
        prop_assert_eq!(table.row_count(), expected.len());
        prop_assert!(list.to_summary_table().unwrap().row_count() == 1);
    }
}

/// Orders of users on days, at noon UTC from 2026-01-01 on.
fn orders(orders: &[(i64, &[i64])]) -> EventLog {
    let start = "2026-01-01T12:00:00Z".parse::<Timestamp>().unwrap().as_micros();
    let events: Vec<Event> = orders
        .iter()
        .flat_map(|(user, days)| days.iter().map(move |day| (*user, *day)))
        .map(|(user, day)| {
            let time = Timestamp::from_micros(start + day * MICROS_PER_DAY);
            Event::new(user, time, "order").with_amount(Money::from_minor(1_000))
        })
        .collect();
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

fn day(day: i64) -> Timestamp {
    let start = "2026-01-01T23:00:00Z".parse::<Timestamp>().unwrap().as_micros();
    Timestamp::from_micros(start + day * MICROS_PER_DAY)
}

#[test]
fn where_there_is_nothing_to_learn_it_is_said() {
    let options = || WarningOptions::default().horizon_days(10).silence_days_max(20);
    let refused = |log: &EventLog, at: i64| {
        let error = fit_warning(log, day(at), options()).unwrap_err();
        (error.kind(), error.to_string())
    };
    // Ten users every four days, or only once.
    let every: Vec<i64> = (0..15).map(|index| index * 4).collect();
    let steady: Vec<(i64, &[i64])> = (0..10).map(|user| (user, &every[..])).collect();
    let once: Vec<(i64, &[i64])> = (0..10).map(|user| (user, &every[..1])).collect();
    let (kind, message) = refused(&orders(&steady), 50);
    assert!(kind == ErrorKind::InvalidArgument && message.contains("none of the 10 users"), "{message}");
    assert!(message.contains("shorter horizon_days"), "{message}");
    let (kind, message) = refused(&orders(&once), 40);
    assert!(kind == ErrorKind::InvalidArgument && message.contains("all of the 10 users"), "{message}");
    let (kind, message) = refused(&orders(&steady), 20);
    assert!(kind == ErrorKind::Empty && message.contains("three horizons of 10 days before as_of"), "{message}");
    assert_eq!(refused(&orders(&[]), 20).0, ErrorKind::Empty);
    assert_eq!(refused(&orders(&[(1, &[0, 3])]), 40).0, ErrorKind::InvalidArgument);

    // Half leave after day 20: there is something to learn, and much of it is weak.
    let mixed: Vec<(i64, &[i64])> =
        (0..10).map(|user| (user, if user < 5 { &every[..] } else { &every[..6] })).collect();
    let fit = fit_warning(&orders(&mixed), day(50), options()).unwrap();
    let has = |kind| fit.notes.iter().any(|note| note.kind == kind);
    assert!(has(WarningNoteKind::FewOutcomes) && has(WarningNoteKind::Uncalibrated) && has(WarningNoteKind::LeftOut));
    assert_eq!(fit.model.calibration, WarningCalibration::NONE);
    assert_eq!(
        fit.cuts.iter().map(|cut| (cut.user_count, cut.lost_count)).collect::<Vec<_>>(),
        [(10, 5), (10, 5), (10, 5)]
    );
}

#[test]
fn a_value_may_come_from_an_attribute() {
    let schema = EventSchema {
        attributes: vec![Field { name: "worth".into(), value_type: ValueType::Float }],
        ..EventSchema::default()
    };
    let log = orders(&[(1, &[0, 4, 8]), (2, &[0, 4, 8]), (3, &[0, 4, 8]), (4, &[0, 4, 8])]);
    let mut batch = RawBatch::new("users", 4);
    batch.push("user", RawColumn::values((1..=4).map(|user| Some(RawValue::Integer(user)))));
    batch.push(
        "worth",
        RawColumn::values([Some(20.0), None, Some(50.0), Some(20.0)].map(|one| one.map(RawValue::Float)).into_iter()),
    );
    let mut ingest = Ingest::new(schema, Mapping::new("user", "time").event("event")).unwrap();
    ingest.push_attributes(&batch, &AttributeMapping::new("user")).unwrap();
    let log = log.merge(&ingest.finish().unwrap().0).unwrap();
    let population = WarningPopulation { gap_mean_days: Some(4.0), gap_weight: 1.0, rhythm: None };
    let model = model(WarningOptions::default().horizon_days(10), population);
    let scores = model.score(&log, day(10), WarningScoreOptions::default().value_attribute("worth")).unwrap();
    assert_eq!(
        scores.scores.iter().map(|one| one.value).collect::<Vec<_>>(),
        [Some(20.0), None, Some(50.0), Some(20.0)]
    );
    let list = scores.watch_list(10).unwrap();
    let ranked: Vec<u32> = list.scores.scores.iter().map(|one| one.user.0).collect();
    assert_eq!(ranked, [2, 0, 3, 1], "equal ones in the order of users, the unknown last");
    let explained = scores.explain(list.scores.scores[0].user).unwrap();
    assert!(explained.find("expected_loss").is_some() && explained.find("silence_days").is_some());
    assert_eq!(scores.explain(userops::id::UserIx(9)), None);

    // By spending: 30.00 within 365 days, for ten days of them.
    let scores = model.score(&log, day(10), WarningScoreOptions::default()).unwrap();
    assert!((scores.scores[0].value.unwrap() - 30.0 * 10.0 / 365.0).abs() < 1e-12);
    let error = scores.watch_list(0).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains("capacity is 0"), "{error}");
    let refuse = |options: WarningScoreOptions| model.score(&log, day(10), options).unwrap_err().kind();
    assert_eq!(refuse(WarningScoreOptions::default().value_attribute("wealth")), ErrorKind::UnknownName);
    assert_eq!(refuse(WarningScoreOptions::default().value_days(0)), ErrorKind::InvalidArgument);
    assert_eq!(
        refuse(WarningScoreOptions { reason_count: 10, ..WarningScoreOptions::default() }),
        ErrorKind::InvalidArgument
    );
}

#[test]
fn models_that_cannot_be_are_refused() {
    let population = WarningPopulation { gap_mean_days: Some(4.0), gap_weight: 1.0, rhythm: None };
    let good = model(WarningOptions::default(), population);
    assert!(good.check().is_ok());
    let log = orders(&[(1, &[0])]);
    let refuse = |change: &dyn Fn(&mut WarningModel), name: &str| {
        let mut bad = good.clone();
        change(&mut bad);
        let error = bad.score(&log, day(1), WarningScoreOptions::default()).unwrap_err();
        assert!(error.to_string().contains(name), "{error}");
    };
    refuse(&|model| model.intercept = f64::NAN, "intercept is NaN");
    refuse(&|model| model.calibration.slope = 0.0, "slope is 0");
    refuse(&|model| model.coefficients[1].scale = 0.0, "scale of silence_ratio is 0");
    refuse(&|model| model.coefficients[1].feature = model.coefficients[0].feature, "two coefficients");
    refuse(&|model| model.population.gap_mean_days = Some(-1.0), "gap_mean_days is -1");
    refuse(&|model| model.population.gap_weight = f64::INFINITY, "gap_weight is inf");
    refuse(&|model| model.options.horizon_days = 0, "horizon_days is 0");
    let text = serde_json::to_string(&good).unwrap();
    assert_eq!(serde_json::from_str::<WarningModel>(&text).unwrap(), good);
    let empty = good.score(&orders(&[]), day(1), WarningScoreOptions::default()).unwrap();
    assert!(empty.scores.is_empty() && empty.watch_list(3).unwrap().expected_loss_ratio.is_none());
    let json = serde_json::to_string(&empty).unwrap();
    assert_eq!(serde_json::from_str::<WarningScores>(&json).unwrap(), empty);
}
