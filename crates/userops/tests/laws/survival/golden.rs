//! Published data sets, as lifelines 0.30.3 works them out; see testdata/golden/README.md.

use serde_json::Value;
use userops::survival::{
    CoxOptions, LogRankOptions, Survival, SurvivalOptions, compare_survival, estimate_survival, fit_cox,
};
use userops::table::Table;

const SUMMARY: &str = include_str!("../../../../../testdata/golden/survival_summary.json");
const ROSSI: &str = include_str!("../../../../../testdata/golden/rossi.csv");
macro_rules! tables {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../../../../../testdata/golden/km_", $name, ".csv")))),*]
    };
}
const CURVES: [(&str, &str); 7] =
    tables!["leukemia_rx0", "leukemia_rx1", "lung", "rossi", "waltons_all", "waltons_control", "waltons_miR_137",];

/// A table as numbers; what is missing is NaN.
fn rows(text: &str) -> Vec<Vec<f64>> {
    text.lines().skip(1).map(|line| line.split(',').map(|cell| cell.parse().unwrap_or(f64::NAN)).collect()).collect()
}

/// The lives behind a table of counts.
fn lives(text: &str) -> Vec<(f64, bool)> {
    let of_row = |row: Vec<f64>| {
        let events = vec![(row[0], true); row[2] as usize];
        [events, vec![(row[0], false); row[3] as usize]].concat()
    };
    rows(text).into_iter().flat_map(of_row).collect()
}

fn table_of(groups: &[(&str, Vec<(f64, bool)>)]) -> Table {
    let all = || groups.iter().flat_map(|(name, lives)| lives.iter().map(move |life| (*name, life)));
    Table::new(all().count())
        .with("duration", all().map(|(_, life)| life.0).collect::<Vec<_>>())
        .and_then(|table| table.with("event", all().map(|(_, life)| life.1).collect::<Vec<_>>()))
        .and_then(|table| table.with("group", all().map(|(name, _)| name).collect::<Vec<_>>()))
        .unwrap()
}

fn curve_table(name: &str) -> &'static str {
    CURVES.iter().find(|(known, _)| *known == name).unwrap().1
}

fn close(actual: f64, expected: f64) -> bool {
    (actual - expected).abs() <= 1e-9 * expected.abs() + 1e-15
}

fn summary() -> Value {
    serde_json::from_str(&SUMMARY.replace("Infinity", "null")).unwrap()
}

#[test]
fn curves_are_those_of_lifelines() {
    for (name, text) in CURVES {
        let survival: Survival =
            estimate_survival(&table_of(&[(name, lives(text))]), SurvivalOptions::default()).unwrap();
        let curve = &survival.groups[0].curve;
        let expected: Vec<Vec<f64>> = rows(text).into_iter().filter(|row| row[1] > 0.0).collect();
        assert_eq!(curve.points.len(), expected.len());
        for (point, row) in curve.points.iter().zip(expected) {
            let counts = [point.event_count, point.censored_count, point.at_risk_count].map(|count| count as f64);
            assert_eq!((point.time, counts), (row[0], [row[2], row[3], row[5]]), "{name}");
            assert!(close(point.survival_ratio, row[6]), "{name} {point:?}");
            assert!(close(point.hazard, row[10]), "{name} {point:?}");
            match point.interval {
                Some(interval) => {
                    assert!(close(interval.low, row[7]) && close(interval.high, row[8]), "{name} {point:?}");
                    assert!(close(point.standard_error.unwrap(), row[9]), "{name} {point:?}");
                }
                None => assert!(row[6] == 0.0 && row[9].is_nan()),
            }
        }
        let (summary, all) = (summary(), curve.quantile(0.5));
        let expected = &summary[name];
        assert_eq!(expected["n"].as_u64(), Some(curve.row_count));
        assert_eq!(expected["events"].as_u64(), Some(curve.event_count));
        assert_eq!(expected["median"].as_f64(), all.time);
        for (time, share) in expected["S_at"].as_object().unwrap() {
            assert!(close(curve.survival_at(time.parse().unwrap()).unwrap(), share.as_f64().unwrap()), "{name} {time}");
        }
        // The mean goes to the median of the durations, ended or not.
        let durations: Vec<f64> = lives(text).iter().map(|life| life.0).collect();
        let until = (durations[(durations.len() - 1) / 2] + durations[durations.len() / 2]) / 2.0;
        let mean = curve.restricted_mean(until).unwrap();
        assert!(close(mean.mean, expected["rmst_at_median"].as_f64().unwrap()), "{name} {mean:?}");
    }
}

#[test]
fn the_standard_error_of_a_restricted_mean_is_the_published_one() {
    // Klein & Moeschberger, "Survival Analysis", 2nd ed. 2003, example 4.2 (continued, section 4.5): 6-MP up to week
    // 35.
    let survival = estimate_survival(
        &table_of(&[("6-MP", lives(curve_table("leukemia_rx0")))]),
        SurvivalOptions::default().restricted_until(35.0),
    );
    let mean = survival.unwrap().groups[0].restricted_mean;
    assert!((mean.mean - 23.287).abs() < 5e-4 && (mean.standard_error - 2.827).abs() < 5e-3, "{mean:?}");
}

#[test]
fn log_rank_tests_are_those_of_lifelines() {
    let expected = summary();
    for (name, groups) in [
        ("logrank_waltons", ["waltons_control", "waltons_miR_137"]),
        ("logrank_leukemia", ["leukemia_rx0", "leukemia_rx1"]),
    ] {
        let table = table_of(&groups.map(|group| (group, lives(curve_table(group)))));
        let test = compare_survival(&table, LogRankOptions::new("duration", "event", "group")).unwrap();
        assert!(close(test.chi_square, expected[name]["stat"].as_f64().unwrap()), "{name} {test:?}");
        assert!(close(test.p_value.unwrap(), expected[name]["p"].as_f64().unwrap()), "{name} {test:?}");
    }
}

/// Week, arrest, and the covariates of the data set.
fn rossi() -> Table {
    let names: Vec<&str> = ROSSI.lines().next().unwrap().split(',').collect();
    let rows = rows(ROSSI);
    let column = |index: usize| rows.iter().map(|row| row[index] as i64).collect::<Vec<_>>();
    names
        .iter()
        .enumerate()
        .fold(Table::new(rows.len()), |table, (index, name)| table.with(*name, column(index)).unwrap())
}

#[test]
fn the_cox_fit_is_that_of_lifelines() {
    let (summary, table) = (summary(), rossi());
    let fit = fit_cox(&table, CoxOptions::new("week", "arrest")).unwrap();
    assert_eq!((fit.row_count, fit.event_count, fit.coefficients.len()), (432, 114, 7));
    // lifelines stops a little before the maximum.
    for (name, tolerance) in [("cox_rossi", 1e-7), ("cox_rossi_exact", 1e-12)] {
        for one in &fit.coefficients {
            let (beta, error) = (&summary[name]["params"][&one.covariate], &summary[name]["se"][&one.covariate]);
            assert!((one.coefficient / beta.as_f64().unwrap() - 1.0).abs() < tolerance, "{name} {one:?}");
            assert!((one.standard_error / error.as_f64().unwrap() - 1.0).abs() < tolerance, "{name} {one:?}");
        }
    }
    let expected = &summary["cox_rossi"];
    assert!(close(fit.log_likelihood, expected["loglik"].as_f64().unwrap()), "{fit:?}");
    assert!(close(fit.concordance_ratio.unwrap(), expected["concordance"].as_f64().unwrap()), "{fit:?}");
    assert_eq!(fit.to_table().unwrap().row_count(), 7);
    assert_eq!(fit.to_summary_table().unwrap().row_count(), 1);

    let test = compare_survival(&table, LogRankOptions::new("week", "arrest", "fin")).unwrap();
    assert!(close(test.chi_square, summary["logrank_rossi_fin"]["stat"].as_f64().unwrap()), "{test:?}");
    assert!(close(test.p_value.unwrap(), summary["logrank_rossi_fin"]["p"].as_f64().unwrap()), "{test:?}");
}
