//! Logistic regression against the conditions of a maximum and a naive inverse, and against scikit-learn.

use proptest::prelude::*;
use serde_json::Value;
use userops::column::Column;
use userops::error::ErrorKind;
use userops::table::Table;
use userops::warning::{EvaluationOptions, LogisticFit, LogisticOptions, evaluate_ranking, fit_logistic};

use crate::world::with_threads;

const ROSSI: &str = include_str!("../../../../../testdata/golden/rossi.csv");
const GOLDEN: &str = include_str!("../../../../../testdata/golden/logistic_rossi.json");

fn table_of(rows: &[(Vec<f64>, bool)]) -> Table {
    let mut table = Table::new(rows.len());
    for column in 0..rows[0].0.len() {
        table.push(format!("x{column}"), rows.iter().map(|row| row.0[column]).collect::<Vec<_>>().into()).unwrap();
    }
    table.with("y", rows.iter().map(|row| row.1).collect::<Vec<_>>()).unwrap()
}

fn fit(rows: &[(Vec<f64>, bool)], ridge: f64) -> LogisticFit {
    fit_logistic(&table_of(rows), &LogisticOptions::new("y").ridge(ridge)).unwrap()
}

/// The log-likelihood less the ridge, its slope and the curvature with its sign turned round, straight from the
/// definition.
fn naive(rows: &[(Vec<f64>, bool)], beta: &[f64], ridge: f64) -> (f64, Vec<f64>, Vec<Vec<f64>>) {
    let size = beta.len();
    let (mut value, mut slope, mut curve) = (0.0, vec![0.0; size], vec![vec![0.0; size]; size]);
    for (cells, outcome) in rows {
        let x: Vec<f64> = std::iter::once(1.0).chain(cells.iter().copied()).collect();
        let linear: f64 = x.iter().zip(beta).map(|(x, beta)| x * beta).sum();
        let p = 1.0 / (1.0 + (-linear).exp());
        value += if *outcome { -(-linear).exp().ln_1p() } else { -linear.exp().ln_1p() };
        for i in 0..size {
            slope[i] += (f64::from(u8::from(*outcome)) - p) * x[i];
            for j in 0..size {
                curve[i][j] += p * (1.0 - p) * x[i] * x[j];
            }
        }
    }
    for i in 1..size {
        slope[i] -= ridge * beta[i];
        curve[i][i] += ridge;
    }
    (value, slope, curve)
}

/// The diagonal of the inverse, by elimination with the greatest pivot.
fn inverse_diagonal(matrix: &[Vec<f64>]) -> Vec<f64> {
    let size = matrix.len();
    let unit = |row: usize| (0..size).map(move |column| f64::from(u8::from(row == column)));
    let mut rows: Vec<Vec<f64>> =
        matrix.iter().enumerate().map(|(row, cells)| cells.iter().copied().chain(unit(row)).collect()).collect();
    for pivot in 0..size {
        let best = (pivot..size).max_by(|a, b| rows[*a][pivot].abs().total_cmp(&rows[*b][pivot].abs())).unwrap();
        rows.swap(pivot, best);
        let head = rows[pivot].clone();
        for (row, cells) in rows.iter_mut().enumerate() {
            let factor = cells[pivot] / head[pivot];
            for (cell, head_cell) in cells.iter_mut().zip(&head) {
                if row == pivot {
                    *cell = head_cell / head[pivot];
                } else {
                    *cell -= factor * head_cell;
                }
            }
        }
    }
    (0..size).map(|row| rows[row][size + row]).collect()
}

fn samples() -> impl Strategy<Value = Vec<(Vec<f64>, bool)>> {
    (0usize..4).prop_flat_map(|columns| {
        let cell = prop_oneof![2 => (-2i8..=2).prop_map(f64::from), 3 => -3.0f64..3.0];
        prop::collection::vec((prop::collection::vec(cell, columns), any::<bool>()), 2..30)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_300))]
    #[test]
    fn a_fit_is_the_maximum_and_knows_its_errors(mut rows in samples(), ridge in prop_oneof![Just(1.0), 0.05f64..5.0]) {
        rows[0].1 = true;
        rows[1].1 = false;
        let found = fit(&rows, ridge);
        prop_assert!(found.converged, "{found:?}");
        let beta: Vec<f64> = found.coefficients.iter().map(|one| one.value).collect();
        let (value, slope, curve) = naive(&rows, &beta, ridge);
        prop_assert!((found.log_likelihood - value).abs() < 1e-10 * (1.0 + value.abs()));
        prop_assert!(slope.iter().all(|slope| slope.abs() < 1e-6), "{slope:?}");
        for (one, cell) in found.coefficients.iter().zip(inverse_diagonal(&curve)) {
            prop_assert!((one.standard_error.unwrap() - cell.sqrt()).abs() < 1e-7 * cell.sqrt(), "{one:?} {cell}");
        }
        let positives = rows.iter().filter(|row| row.1).count();
        prop_assert_eq!((found.row_count, found.positive_count, found.left_out_count), (rows.len() as u64, positives as u64, 0));
        // The intercept is free, so that as many are foretold as there are.
        let table = found.score(&table_of(&rows)).unwrap();
        let Column::Float(scores) = table.column("probability").unwrap() else { panic!("numbers") };
        prop_assert!((scores.values().iter().sum::<f64>() - positives as f64).abs() < 1e-6);
        prop_assert_eq!(scores.get(0), Some(found.probability(&rows[0].0).unwrap()));
        let (least, greatest) = rows.iter().zip(scores.iter()).fold((2.0f64, -1.0f64), |(least, greatest), (row, score)| {
            if row.1 { (least.min(score.unwrap()), greatest) } else { (least, greatest.max(score.unwrap())) }
        });
        prop_assert_eq!(found.separated, least > greatest);
        let json = serde_json::to_string(&found).unwrap();
        prop_assert_eq!(serde_json::from_str::<LogisticFit>(&json).unwrap(), found);
    }
}

#[test]
fn threads_and_unknown_rows_do_not_matter() {
    let mut seed = 7u64;
    let mut draw = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) as f64 / f64::from(1u32 << 31)
    };
    let rows: Vec<(Vec<f64>, bool)> = (0..5_000)
        .map(|_| {
            let (a, b) = (draw() * 2.0 - 1.0, draw() * 4.0);
            (vec![a, b], draw() < 1.0 / (1.0 + (-(0.5 + a - b)).exp()))
        })
        .collect();
    let found = with_threads(1, || fit(&rows, 0.0));
    assert_eq!(found, with_threads(3, || fit(&rows, 0.0)));
    assert!((found.coefficients[1].value - 1.0).abs() < 4.0 * found.coefficients[1].standard_error.unwrap());

    let table = table_of(&rows[..4]);
    let with_gap = Table::new(4).with("x0", vec![Some(1.0), None, Some(0.0), Some(0.5)]).unwrap();
    let with_gap = with_gap.with("y", vec![Some(1i64), Some(0), Some(0), None]).unwrap();
    let found = fit_logistic(&with_gap, &LogisticOptions::new("y").ridge(1.0)).unwrap();
    assert_eq!((found.row_count, found.left_out_count), (2, 2));
    assert_eq!(found.score(&with_gap).unwrap().get(1, "probability"), None);
    assert!(found.to_table().unwrap().row_count() == 2 && found.to_summary_table().unwrap().row_count() == 1);
    assert_eq!(found.score(&table.with("x9", vec![1.0; 4]).unwrap()).unwrap().row_count(), 4);
}

#[test]
fn a_ridge_keeps_what_separates_finite() {
    let rows: Vec<(Vec<f64>, bool)> = (0..10).map(|row| (vec![f64::from(row)], row >= 5)).collect();
    let found = fit(&rows, 0.0);
    assert!(found.separated && !found.converged && found.coefficients[1].standard_error.is_none(), "{found:?}");
    assert!(found.coefficients.iter().all(|one| one.value.is_finite()));
    let found = fit(&rows, 1.0);
    assert!(found.separated && found.converged && found.coefficients[1].value < 2.0, "{found:?}");
}

#[test]
fn tables_that_say_nothing_are_refused() {
    let ask = |rows: &[(Vec<f64>, bool)], options: &LogisticOptions| {
        let error = fit_logistic(&table_of(rows), options).unwrap_err();
        (error.kind(), error.to_string())
    };
    let rows = |cells: &[f64], outcomes: &[bool]| {
        cells.iter().zip(outcomes).map(|(cell, outcome)| (vec![*cell, 2.0 * cell], *outcome)).collect::<Vec<_>>()
    };
    let options = LogisticOptions::new("y");
    let (kind, message) = ask(&rows(&[1.0, 2.0], &[true, true]), &options);
    assert!(kind == ErrorKind::InvalidArgument && message.contains("all of 2 rows"), "{message}");
    assert!(ask(&rows(&[1.0, 2.0], &[false, false]), &options).1.contains("none of 2 rows"));
    let (kind, message) = ask(&rows(&[1.0, 2.0, 4.0], &[true, false, true]), &options);
    assert!(kind == ErrorKind::InvalidArgument && message.contains("\"x1\" is the same in all rows"), "{message}");
    assert!(ask(&rows(&[1.0, 1.0], &[true, false]), &options).1.contains("\"x0\""));
    let (kind, message) = ask(&rows(&[1.0, f64::NAN], &[true, false]), &options);
    assert!(kind == ErrorKind::InvalidArgument && message.contains("row 1: \"x0\" is NaN"), "{message}");
    let good = rows(&[1.0, 2.0], &[true, false]);
    for ridge in [-1.0, f64::NAN, f64::INFINITY] {
        assert_eq!(ask(&good, &LogisticOptions::new("y").ridge(ridge)).0, ErrorKind::InvalidArgument);
    }
    assert_eq!(ask(&good, &LogisticOptions::new("z")).0, ErrorKind::UnknownName);
    assert_eq!(ask(&good, &LogisticOptions::new("y").columns(["x7"])).0, ErrorKind::UnknownName);
    let empty = Table::new(0).with("y", Vec::<bool>::new()).unwrap();
    assert_eq!(fit_logistic(&empty, &options).unwrap_err().kind(), ErrorKind::Empty);
}

fn rossi() -> (Table, Vec<f64>, Vec<bool>) {
    let mut lines = ROSSI.lines();
    let heading: Vec<&str> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<i64>> = lines.map(|line| line.split(',').map(|cell| cell.parse().unwrap()).collect()).collect();
    let mut table = Table::new(rows.len());
    for (column, name) in heading.iter().enumerate() {
        table.push(*name, rows.iter().map(|row| row[column]).collect::<Vec<_>>().into()).unwrap();
    }
    let column = |name: &str| heading.iter().position(|known| *known == name).unwrap();
    let prio = rows.iter().map(|row| row[column("prio")] as f64).collect();
    let outcomes = rows.iter().map(|row| row[column("arrest")] == 1).collect();
    (table, prio, outcomes)
}

#[test]
fn arrests_are_told_as_by_scikit_learn() {
    let (table, prio, outcomes) = rossi();
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let close = |found: f64, expected: &Value, tolerance: f64| {
        let expected = expected.as_f64().unwrap();
        assert!((found - expected).abs() <= tolerance * expected.abs(), "{found} {expected}");
    };
    let columns: Vec<&str> = golden["columns"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    for expected in golden["fits"].as_array().unwrap() {
        let options =
            LogisticOptions::new("arrest").columns(columns.clone()).ridge(expected["ridge"].as_f64().unwrap());
        let fit = fit_logistic(&table, &options).unwrap();
        assert!(fit.converged && fit.left_out_count == 0);
        for (index, one) in fit.coefficients.iter().enumerate() {
            close(one.value, &expected["coefficients"][index], 1e-12);
            close(one.standard_error.unwrap(), &expected["standard_errors"][index], 1e-12);
        }
        close(fit.log_likelihood, &expected["log_likelihood"], 1e-14);
        let scores = fit.score(&table).unwrap();
        let Column::Float(scores) = scores.column("probability").unwrap() else { panic!("numbers") };
        let found = evaluate_ranking(scores.values(), &outcomes, &EvaluationOptions::default()).unwrap();
        close(found.auc.unwrap(), &expected["auc"], 1e-14);
        close(found.average_precision.unwrap(), &expected["average_precision"], 1e-13);
        close(found.brier_score.unwrap(), &expected["brier_score"], 1e-13);
        close(found.log_loss.unwrap(), &expected["log_loss"], 1e-13);
    }
    let found = evaluate_ranking(&prio, &outcomes, &EvaluationOptions::of_scores()).unwrap();
    close(found.auc.unwrap(), &golden["by_prio"]["auc"], 1e-14);
    close(found.average_precision.unwrap(), &golden["by_prio"]["average_precision"], 1e-14);
}
