//! Customers drawn from a model have what the model expects of them, and lead back to it.

use userops::btyd::{BtydModel, BtydScoreOptions, BtydSimulationOptions, fit_btyd};
use userops::error::ErrorKind;
use userops::table::Table;
use userops::value::ValueRef;

use super::with_threads;

const CUSTOMERS: usize = 20_000;

fn models() -> Vec<BtydModel> {
    [
        r#"{"model":"bg_nbd","r":0.7,"alpha":5.0,"a":0.8,"b":2.4}"#,
        r#"{"model":"mbg_nbd","r":0.9,"alpha":6.2,"a":0.9,"b":2.6}"#,
        r#"{"model":"pareto_nbd","r":0.8,"alpha":8.0,"s":0.9,"beta":12.0}"#,
        r#"{"model":"bg_bb","alpha":1.2,"beta":0.75,"gamma":0.66,"delta":2.78}"#,
        r#"{"model":"shifted_beta_geometric","alpha":0.7,"beta":1.2}"#,
        r#"{"model":"gamma_gamma","p":6.0,"q":4.5,"v":15.0}"#,
    ]
    .map(|text| serde_json::from_str(text).unwrap())
    .to_vec()
}

/// How long each customer is observed, in all the columns that models read it from.
fn observed(count: usize) -> Table {
    let spread = |row: usize| 20 + (row * 7 % 21) as i64;
    Table::new(count)
        .with("T", (0..count).map(|row| spread(row) as f64).collect::<Vec<_>>())
        .and_then(|table| table.with("n", (0..count).map(|row| spread(row) / 4).collect::<Vec<_>>()))
        .and_then(|table| table.with("duration", vec![8i64; count]))
        .and_then(|table| table.with("x", (0..count).map(|row| 1 + (row % 9) as i64).collect::<Vec<_>>()))
        .unwrap()
}

fn column(table: &Table, name: &str) -> Vec<f64> {
    let value = |row: usize| match table.get(row, name) {
        Some(ValueRef::Float(value)) => value,
        Some(ValueRef::Integer(value)) => value as f64,
        other => panic!("{name}: {other:?}"),
    };
    (0..table.row_count()).map(value).collect()
}

/// The mean of differences, in its standard errors.
fn deviation(found: &[f64], expected: &[f64]) -> f64 {
    let len = found.len() as f64;
    let differences: Vec<f64> = found.iter().zip(expected).map(|(found, expected)| found - expected).collect();
    let mean = differences.iter().sum::<f64>() / len;
    let variance = differences.iter().map(|one| (one - mean) * (one - mean)).sum::<f64>() / len;
    mean / (variance / len).sqrt()
}

#[test]
fn drawn_customers_do_what_is_expected_of_them() {
    for model in models().into_iter().take(4) {
        let horizon = 12.0;
        let options = BtydSimulationOptions::new(7).horizon(horizon);
        let drawn = model.simulate(&observed(CUSTOMERS), options).unwrap();
        let scores = model.score(&drawn, BtydScoreOptions::default().horizon(horizon)).unwrap();
        let later = column(&drawn, "future_x");
        let quiet: Vec<f64> = later.iter().map(|count| f64::from(u8::from(*count == 0.0))).collect();
        let mut compared = vec![(later, column(&scores, "expected_purchases"), "purchases")];
        compared.push((quiet, column(&scores, "no_purchase_probability"), "silence"));
        // Of BG/BB the score is of the occasion after the last, before which the customer may leave.
        if !matches!(model, BtydModel::BgBb(_)) {
            compared.push((column(&drawn, "alive"), column(&scores, "alive_probability"), "alive"));
        }
        for (found, expected, what) in &compared {
            let deviation = deviation(found, expected);
            assert!(deviation.abs() < 4.0, "{model:?} {what}: {deviation}");
        }
    }
}

#[test]
fn drawn_customers_lead_back_to_their_model() {
    for model in models() {
        let drawn = model.simulate(&observed(CUSTOMERS), BtydSimulationOptions::new(11)).unwrap();
        let fit = fit_btyd(&drawn, model.kind()).unwrap();
        assert!(fit.converged, "{fit:?}");
        for (fitted, (name, value)) in fit.parameters.iter().zip(model.parameters()) {
            let deviation = (fitted.value / value).ln() / fitted.log_standard_error.unwrap();
            assert!(deviation.abs() < 4.0, "{name}: {fitted:?}, drawn with {value}");
        }
    }
}

#[test]
fn draws_depend_on_the_seed_and_the_row_alone() {
    for model in models() {
        let seed = BtydSimulationOptions::new(3);
        let drawn = model.simulate(&observed(5_000), seed).unwrap();
        assert_eq!(with_threads(1, || model.simulate(&observed(5_000), seed).unwrap()), drawn);
        let few = model.simulate(&observed(50), seed).unwrap();
        let same = |name: &str, row: usize| few.get(row, name) == drawn.get(row, name);
        assert!(few.columns().all(|(name, _)| (0..50).all(|row| same(name, row))));
        assert_ne!(model.simulate(&observed(5_000), BtydSimulationOptions::new(4)).unwrap(), drawn);
    }
}

#[test]
fn a_future_that_a_model_does_not_tell_is_refused() {
    let future = BtydSimulationOptions::new(1).horizon(3.0);
    for model in models().into_iter().skip(4) {
        assert_eq!(model.simulate(&observed(3), future).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    let negative = Table::new(1).with("T", vec![-1.0]).unwrap();
    let error = models()[0].simulate(&negative, future).unwrap_err();
    assert!(error.to_string().contains("row 0"), "{error}");
}
