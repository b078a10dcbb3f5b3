//! Figures of rankings against counts over all pairs and all thresholds.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::analytics::interval::wilson_interval;
use userops::error::ErrorKind;
use userops::table::Table;
use userops::warning::{
    EvaluationOptions, LOG_LOSS_LEAST, RankingEvaluation, evaluate_ranking, evaluate_ranking_table,
};

fn close(found: f64, expected: f64) -> bool {
    (found - expected).abs() <= 1e-12 * expected.abs().max(1.0)
}

fn close_some(found: Option<f64>, expected: Option<f64>) -> bool {
    match (found, expected) {
        (Some(found), Some(expected)) => close(found, expected),
        (found, expected) => found == expected,
    }
}

/// Scores with many ties, 0 and 1 among them.
fn rankings() -> impl Strategy<Value = Vec<(f64, bool)>> {
    let score =
        prop_oneof![4 => (0u8..=10).prop_map(|tenths| f64::from(tenths) / 10.0), 2 => 0.0f64..=1.0, 1 => Just(-0.0)];
    prop::collection::vec((score, any::<bool>()), 1..40)
}

fn naive_auc(rows: &[(f64, bool)]) -> Option<f64> {
    let (mut pairs, mut sum) = (0u64, 0.0);
    for (one, _) in rows.iter().filter(|row| row.1) {
        for (other, _) in rows.iter().filter(|row| !row.1) {
            pairs += 1;
            sum += if one > other { 1.0 } else { f64::from(u8::from(one == other)) / 2.0 };
        }
    }
    (pairs > 0).then(|| sum / pairs as f64)
}

/// Σ (recall − recall before) · precision over all thresholds.
fn naive_average_precision(rows: &[(f64, bool)]) -> Option<f64> {
    let positives = rows.iter().filter(|row| row.1).count();
    let mut thresholds: Vec<f64> = rows.iter().map(|row| row.0).collect();
    thresholds.sort_by(|a, b| b.total_cmp(a));
    let (mut sum, mut before) = (0.0, 0.0);
    for threshold in thresholds {
        let taken = rows.iter().filter(|row| row.0 >= threshold).count();
        let hits = rows.iter().filter(|row| row.0 >= threshold && row.1).count();
        let recall = hits as f64 / positives as f64;
        sum += (recall - before) * (hits as f64 / taken as f64);
        before = recall;
    }
    (positives > 0).then_some(sum)
}

/// How many with the outcome are among the first `room`, each user taken for the part for which there is room.
fn naive_top(rows: &[(f64, bool)], room: usize) -> f64 {
    let part = |score: f64| {
        let higher = rows.iter().filter(|row| row.0 > score).count() as f64;
        let equal = rows.iter().filter(|row| row.0 == score).count() as f64;
        ((room as f64 - higher) / equal).clamp(0.0, 1.0)
    };
    rows.iter().filter(|row| row.1).map(|row| part(row.0)).sum()
}

fn evaluate(rows: &[(f64, bool)], options: &EvaluationOptions) -> RankingEvaluation {
    let (scores, outcomes): (Vec<f64>, Vec<bool>) = rows.iter().copied().unzip();
    evaluate_ranking(&scores, &outcomes, options).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_500))]
    #[test]
    fn figures_equal_counts_over_all_pairs_and_thresholds(
        rows in rankings(), bin_count in 1u32..12, ratio in prop_oneof![Just(1.0), Just(0.1), 0.001f64..1.0],
    ) {
        let options = EvaluationOptions { bin_count, top_ratios: vec![0.05, ratio], ..EvaluationOptions::default() };
        let found = evaluate(&rows, &options);
        let count = rows.len();
        let positives = rows.iter().filter(|row| row.1).count();
        prop_assert_eq!((found.user_count, found.positive_count), (count as u64, positives as u64));
        prop_assert!(close_some(found.auc, naive_auc(&rows)), "{:?}", found.auc);
        prop_assert!(close_some(found.average_precision, naive_average_precision(&rows)), "{:?}", found.average_precision);

        for top in &found.top_shares {
            let room = top.user_count as usize;
            // The least whole number that is not less than the share, but for rounding.
            prop_assert!(room as f64 > top.top_ratio * count as f64 - 1e-6 && (room as f64 - 1.0) < top.top_ratio * count as f64);
            let hits = naive_top(&rows, room);
            prop_assert!(close(top.positive_count, hits));
            prop_assert!(close(top.precision_ratio, hits / room as f64));
            let base = positives as f64 / count as f64;
            prop_assert!(close_some(top.lift, (positives > 0).then(|| hits / room as f64 / base)));
            prop_assert!(close_some(top.capture_ratio, (positives > 0).then(|| hits / positives as f64)));
        }

        let mut bins: BTreeMap<u32, Vec<(f64, bool)>> = BTreeMap::new();
        for row in &rows {
            let below = rows.iter().filter(|other| other.0 < row.0).count();
            bins.entry((below * bin_count as usize / count) as u32).or_default().push(*row);
        }
        prop_assert_eq!(found.bins.iter().map(|bin| bin.bin).collect::<Vec<_>>(), bins.keys().copied().collect::<Vec<_>>());
        let mut error = 0.0;
        for (bin, rows) in found.bins.iter().zip(bins.values()) {
            let hits = rows.iter().filter(|row| row.1).count();
            let mean = rows.iter().map(|row| row.0).sum::<f64>() / rows.len() as f64;
            prop_assert_eq!((bin.user_count, bin.positive_count), (rows.len() as u64, hits as u64));
            prop_assert!(close(bin.predicted_ratio, mean) && close(bin.observed_ratio, hits as f64 / rows.len() as f64));
            prop_assert!(rows.iter().all(|row| bin.lowest <= row.0 && row.0 <= bin.highest));
            prop_assert_eq!(bin.interval, wilson_interval(hits as u64, rows.len() as u64));
            error += (mean - hits as f64 / rows.len() as f64).abs() * rows.len() as f64 / count as f64;
        }
        prop_assert!(close_some(found.expected_calibration_error, Some(error)));

        let mean = |part: &dyn Fn(f64, f64) -> f64| {
            rows.iter().map(|row| part(row.0, f64::from(u8::from(row.1)))).sum::<f64>() / count as f64
        };
        prop_assert!(close_some(found.brier_score, Some(mean(&|p, y| (p - y) * (p - y)))));
        let loss = mean(&|p, y| {
            let p = p.clamp(LOG_LOSS_LEAST, 1.0 - LOG_LOSS_LEAST);
            -(y * p.ln() + (1.0 - y) * (1.0 - p).ln())
        });
        // ln(1 − p) is as rough as 1 − p is, near 1.
        prop_assert!((found.log_loss.unwrap() - loss).abs() < 1e-2 * loss.max(1e-12), "{:?} {loss}", found.log_loss);
    }

    #[test]
    fn order_and_scale_of_scores_do_not_matter(rows in rankings(), turn in 0usize..40) {
        let options = EvaluationOptions::default();
        let found = evaluate(&rows, &options);
        let mut turned = rows.clone();
        turned.rotate_left(turn % rows.len());
        prop_assert_eq!(&evaluate(&turned, &options), &found);

        let of_scores = EvaluationOptions::of_scores();
        let plain = evaluate(&rows, &of_scores);
        prop_assert_eq!((plain.auc, plain.average_precision, &plain.top_shares), (found.auc, found.average_precision, &found.top_shares));
        prop_assert!(plain.brier_score.is_none() && plain.log_loss.is_none() && plain.bins.is_empty());
        let stretched: Vec<(f64, bool)> = rows.iter().map(|row| (row.0 * 1024.0 - 5.0, row.1)).collect();
        prop_assert_eq!(evaluate(&stretched, &of_scores), plain.clone());

        // Turned round, the order is as bad as it was good.
        let upside_down: Vec<(f64, bool)> = rows.iter().map(|row| (-row.0, row.1)).collect();
        prop_assert!(close_some(evaluate(&upside_down, &of_scores).auc, found.auc.map(|auc| 1.0 - auc)));
        let json = serde_json::to_string(&found).unwrap();
        prop_assert_eq!(serde_json::from_str::<RankingEvaluation>(&json).unwrap(), found);
    }
}

#[test]
fn a_ranking_by_hand() {
    // Of the 3 · 2 pairs 0.9 wins both, 0.6 wins one and ties one, 0.2 ties one: 4 of 6.
    let rows = [(0.9, true), (0.6, true), (0.6, false), (0.2, true), (0.2, false)];
    let found =
        evaluate(&rows, &EvaluationOptions { top_ratios: vec![0.4], bin_count: 2, ..EvaluationOptions::default() });
    assert_eq!(found.auc, Some(4.0 / 6.0));
    // 1/3 · 1 + 1/3 · 2/3 + 1/3 · 3/5.
    assert!(close(found.average_precision.unwrap(), (1.0 + 2.0 / 3.0 + 0.6) / 3.0));
    // Two of five: the first, and half of the two at 0.6, of whom one is lost.
    let top = found.top_shares[0];
    assert_eq!((top.user_count, top.positive_count, top.precision_ratio), (2, 1.5, 0.75));
    assert!(close(top.lift.unwrap(), 1.25) && close(top.capture_ratio.unwrap(), 0.5));
    // The two at 0.2 and the two at 0.6 have ranks 0 and 2 of 5, both in the lower half.
    assert_eq!(found.bins.iter().map(|bin| (bin.user_count, bin.positive_count)).collect::<Vec<_>>(), [(4, 2), (1, 1)]);
    assert!(close(found.bins[0].predicted_ratio, 0.4));
    assert!(close(found.expected_calibration_error.unwrap(), 0.8 * 0.1 + 0.2 * 0.1));
    assert!(close(found.brier_score.unwrap(), (0.01 + 0.16 + 0.36 + 0.64 + 0.04) / 5.0));
    for table in [found.to_table(), found.to_top_table(), found.to_calibration_table()] {
        assert!(table.unwrap().row_count() > 0);
    }
}

#[test]
fn one_outcome_for_all_has_no_order() {
    for (outcome, precision) in [(true, Some(1.0)), (false, None)] {
        let found = evaluate(&[(0.5, outcome), (0.7, outcome)], &EvaluationOptions::default());
        assert_eq!((found.auc, found.average_precision), (None, precision));
        assert_eq!(found.top_shares[0].lift.is_some(), outcome);
    }
}

#[test]
fn bad_rankings_are_refused() {
    let ask = |scores: &[f64], outcomes: &[bool], options: &EvaluationOptions| {
        let error = evaluate_ranking(scores, outcomes, options).unwrap_err();
        (error.kind(), error.to_string())
    };
    let options = EvaluationOptions::default();
    let (kind, message) = ask(&[0.1], &[], &options);
    assert!(kind == ErrorKind::InvalidArgument && message.contains("1 scores with 0 outcomes"), "{message}");
    assert_eq!(ask(&[], &[], &options).0, ErrorKind::Empty);
    let (kind, message) = ask(&[0.1, 1.5], &[true, false], &options);
    assert!(kind == ErrorKind::InvalidArgument && message.contains("row 1: the score is 1.5"), "{message}");
    assert_eq!(ask(&[f64::NAN], &[true], &EvaluationOptions::of_scores()).0, ErrorKind::InvalidArgument);
    for bad in [
        EvaluationOptions { bin_count: 0, ..options.clone() },
        EvaluationOptions { bin_count: 1_001, ..options.clone() },
        EvaluationOptions { top_ratios: vec![0.0], ..options.clone() },
        EvaluationOptions { top_ratios: vec![f64::NAN], ..options.clone() },
        EvaluationOptions { top_ratios: vec![1.1], ..options.clone() },
    ] {
        assert_eq!(ask(&[0.1], &[true], &bad).0, ErrorKind::InvalidArgument);
    }
    let infinite = evaluate(&[(f64::INFINITY, true), (1.0, false)], &EvaluationOptions::of_scores());
    assert_eq!(infinite.auc, Some(1.0));
}

#[test]
fn tables_are_read_row_by_row() {
    let table = |scores: Vec<Option<f64>>, outcomes: Vec<i64>| {
        Table::new(2).with("score", scores).unwrap().with("outcome", outcomes).unwrap()
    };
    let options = EvaluationOptions::default();
    let found = evaluate_ranking_table(&table(vec![Some(0.2), Some(0.4)], vec![0, 1]), &options).unwrap();
    assert_eq!(found, evaluate(&[(0.2, false), (0.4, true)], &options));
    let error = evaluate_ranking_table(&table(vec![Some(0.2), None], vec![0, 1]), &options).unwrap_err();
    assert!(error.to_string().contains("row 1"), "{error}");
    let error = evaluate_ranking_table(&table(vec![Some(0.2), Some(0.3)], vec![0, 2]), &options).unwrap_err();
    assert!(error.to_string().contains("row 1: the outcome is 2"), "{error}");
    let texts = Table::new(1).with("score", vec!["a"]).unwrap().with("outcome", vec![true]).unwrap();
    assert_eq!(evaluate_ranking_table(&texts, &options).unwrap_err().kind(), ErrorKind::TypeMismatch);
}
