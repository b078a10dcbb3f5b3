//! The gaps of all CDNOW customers, as counted elsewhere; see testdata/golden/README.md.

use serde_json::Value;
use userops::churn::{ChurnOptions, ChurnRule, ChurnStandard, ReturnCurve, set_churn_standard};
use userops::event::{Event, EventSchema};
use userops::log::EventLog;

const CURVE: &str = include_str!("../../../../../testdata/golden/churn_cdnow_master_return_curve.csv");
const SURVIVAL: &str = include_str!("../../../../../testdata/golden/churn_cdnow_master_km_gaps.csv");
const THRESHOLDS: &str = include_str!("../../../../../testdata/golden/churn_thresholds.json");

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

fn standard(log: &EventLog, rule: ChurnRule) -> ChurnStandard {
    set_churn_standard(log, "1998-06-30T23:00:00Z".parse().unwrap(), ChurnOptions::default().rule(rule)).unwrap()
}

fn rows(text: &str) -> Vec<Vec<f64>> {
    text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect()
}

fn close(actual: Option<f64>, expected: f64) -> bool {
    actual.is_some_and(|actual| (actual - expected).abs() <= 1e-12 * expected.abs().max(1e-3))
}

#[test]
fn silences_and_returns_are_those_counted_elsewhere() {
    let log = log();
    let standard = standard(&log, ChurnRule::default());
    let (curve, survival) = (rows(CURVE), rows(SURVIVAL));
    assert_eq!((standard.points.len(), curve.len(), survival.len()), (52, 52, 52));
    for (point, (counts, chances)) in standard.points.iter().zip(curve.iter().zip(&survival)) {
        let found = [
            u64::from(point.days),
            point.eligible_count,
            point.silent_count,
            point.returned_count,
            point.silent_user_count,
            point.returned_user_count,
        ];
        let expected = [0, 1, 2, 3, 5, 6].map(|column| counts[column] as u64);
        assert_eq!(found, expected);
        assert!(close(point.return_ratio, counts[4]) && close(point.user_return_ratio, counts[7]), "{point:?}");
        assert!(close(point.survival_ratio, chances[1]), "{point:?}");
        assert!(close(point.later_return_ratio, chances[3]), "{point:?}");
        assert!(close(point.within_return_ratio, chances[4]), "{point:?}");
    }
}

#[test]
fn quantiles_and_thresholds_are_those_found_elsewhere() {
    let log = log();
    let golden: Value = serde_json::from_str(THRESHOLDS).unwrap();
    let golden = &golden["cdnow_master"];
    let knee = |curve| standard(&log, ChurnRule::Knee { curve });
    let episode = knee(ReturnCurve::Episode);
    assert_eq!(golden["users"].as_u64(), Some(episode.user_count));
    assert_eq!(golden["closed_gaps"].as_u64(), Some(episode.closed.count));
    let quantiles = &golden["gap_quantiles_type7"];
    for (name, found) in [
        ("p50", episode.closed.median_days),
        ("p75", episode.closed.p75_days),
        ("p80", episode.closed.p80_days),
        ("p85", episode.closed.p85_days),
        ("p90", episode.closed.p90_days),
        ("p95", episode.closed.p95_days),
        ("p99", episode.closed.p99_days),
    ] {
        assert_eq!(found, quantiles[name].as_f64(), "{name}");
    }
    assert!(close(episode.closed.mean_days, golden["gap_mean"].as_f64().unwrap()));
    let longest = &golden["per_user_max_gap_quantiles"];
    assert_eq!(episode.longest_closed.median_days, longest["p50"].as_f64());
    assert_eq!(episode.longest_closed.p75_days, longest["p75"].as_f64());
    assert_eq!(episode.longest_closed.p90_days, longest["p90"].as_f64());
    assert_eq!(episode.median_days, golden["km_median_gap"].as_f64());
    for (curve, name) in [
        (ReturnCurve::Episode, "knee_episode"),
        (ReturnCurve::User, "knee_user"),
        (ReturnCurve::Survival, "knee_km_return"),
    ] {
        let found = &knee(curve).rules[0];
        assert_eq!(found.threshold_days.map(f64::from), golden[name][0].as_f64(), "{name}");
        assert!(close(found.value, golden[name][1].as_f64().unwrap()), "{name} {found:?}");
    }
    let tenth = standard(&log, ChurnRule::ReturnRatio { curve: ReturnCurve::User, at_most: 0.1 });
    assert_eq!(golden["first_N_user_return_le_10pct"].as_u64(), Some(u64::from(tenth.threshold_days)));
    // By no week of the first year at most a twentieth returns, and the way out is told.
    let rule = ChurnRule::ReturnRatio { curve: ReturnCurve::User, at_most: 0.05 };
    let as_of = "1998-06-30T23:00:00Z".parse().unwrap();
    let error = set_churn_standard(&log, as_of, ChurnOptions::default().rule(rule)).unwrap_err();
    assert!(error.to_string().contains("finds no threshold") && error.to_string().contains("days_max"), "{error}");
}
