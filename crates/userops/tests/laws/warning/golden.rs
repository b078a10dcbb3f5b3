//! The whole of CDNOW, as worked out elsewhere; see testdata/golden/README.md.

use serde_json::Value;
use userops::btyd::MbgNbd;
use userops::event::{Event, EventSchema};
use userops::log::EventLog;
use userops::warning::{WarningNoteKind, WarningOptions, WarningRanking, fit_warning};

const GOLDEN: &str = include_str!("../../../../../testdata/golden/warning_cdnow.json");

fn log() -> EventLog {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/cdnow_master.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let event = |line: &str| {
        let mut cells = line.split_whitespace();
        let (user, day) = (cells.next()?.parse::<i64>().ok()?, cells.next()?);
        let time = format!("{}-{}-{}T12:00:00Z", day.get(..4)?, day.get(4..6)?, day.get(6..8)?);
        Some(Event::new(user, time.parse().ok()?, "order"))
    };
    let events: Vec<Event> = text.lines().filter_map(event).collect();
    assert_eq!(events.len(), 69_659);
    EventLog::from_events(EventSchema::default(), &events).unwrap().0
}

fn close(found: f64, expected: &Value, tolerance: f64, what: &str) {
    let expected = expected.as_f64().unwrap();
    assert!((found - expected).abs() <= tolerance * expected.abs().max(1e-3), "{what}: {found} {expected}");
}

#[test]
fn customers_are_warned_of_as_worked_out_elsewhere() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let fit = fit_warning(&log(), "1998-06-30T23:00:00Z".parse().unwrap(), WarningOptions::new("order")).unwrap();
    let cuts: Vec<[u64; 2]> = fit.cuts.iter().map(|cut| [cut.user_count, cut.lost_count]).collect();
    assert_eq!(serde_json::to_value(cuts).unwrap(), golden["cuts"]);

    let population = &fit.model.population;
    close(population.gap_mean_days.unwrap(), &golden["gap_mean_days"], 1e-12, "mean gap");
    close(population.gap_weight, &golden["gap_weight"], 1e-10, "weight");
    // The rhythm is given there, not fitted.
    let MbgNbd { r, alpha, a, b } = population.rhythm.unwrap();
    for (name, found) in [("r", r), ("alpha", alpha), ("a", a), ("b", b)] {
        close(found, &golden["rhythm"][name], 1e-9, name);
    }

    close(fit.model.intercept, &golden["intercept"], 1e-9, "intercept");
    close(fit.intercept_standard_error.unwrap(), &golden["standard_errors"][0], 1e-9, "its error");
    let names: Vec<&str> = fit.model.coefficients.iter().map(|one| one.feature.name()).collect();
    assert_eq!(serde_json::to_value(names).unwrap(), golden["features"]);
    for (index, one) in fit.model.coefficients.iter().enumerate() {
        let name = one.feature.name();
        close(one.mean, &golden["means"][index], 1e-9, name);
        close(one.scale, &golden["scales"][index], 1e-9, name);
        close(one.coefficient, &golden["coefficients"][index], 1e-8, name);
        close(one.standard_error.unwrap(), &golden["standard_errors"][index + 1], 1e-8, name);
    }
    close(fit.model.calibration.intercept, &golden["calibration"]["intercept"], 1e-8, "calibration");
    close(fit.model.calibration.slope, &golden["calibration"]["slope"], 1e-8, "calibration");

    for ranking in [
        WarningRanking::Model,
        WarningRanking::SilenceDays,
        WarningRanking::GoneProbability,
        WarningRanking::NoActivityProbability,
    ] {
        let (found, expected) = (fit.evaluation(ranking).unwrap(), &golden["evaluations"][ranking.name()]);
        close(found.auc.unwrap(), &expected["auc"], 1e-9, ranking.name());
        close(found.average_precision.unwrap(), &expected["average_precision"], 1e-9, ranking.name());
        if let (Some(brier), Some(loss)) = (found.brier_score, found.log_loss) {
            close(brier, &expected["brier_score"], 1e-9, ranking.name());
            close(loss, &expected["log_loss"], 1e-9, ranking.name());
        } else {
            assert_eq!(ranking, WarningRanking::SilenceDays);
        }
    }
    // One kind of event and no refunds: two features say nothing. The order is no better than that of the rhythm, which
    // is told.
    let kinds: Vec<WarningNoteKind> = fit.notes.iter().map(|note| note.kind).collect();
    assert_eq!(kinds, [WarningNoteKind::LeftOut, WarningNoteKind::LeftOut, WarningNoteKind::NoAdvantage]);
}
