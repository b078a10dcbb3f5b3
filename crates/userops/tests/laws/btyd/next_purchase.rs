//! The next purchase against the probability of none, which has an oracle of its own.

use proptest::prelude::*;
use userops::btyd::{BtydModel, BtydModelKind, BtydScoreOptions, NextPurchaseOptions, PurchaseHistory};
use userops::error::ErrorKind;
use userops::table::Table;
use userops::value::ValueRef;

use super::{close, histories, purchase_kinds, table_of};

fn model(kind: BtydModelKind) -> BtydModel {
    let text = match kind {
        BtydModelKind::ParetoNbd => r#"{"model":"pareto_nbd","r":0.55,"alpha":10.6,"s":0.6,"beta":11.7}"#.to_owned(),
        other => format!(r#"{{"model":"{}","r":0.5,"alpha":6.2,"a":0.9,"b":1.6}}"#, other.name()),
    };
    serde_json::from_str(&text).unwrap()
}

fn float(table: &Table, row: usize, name: &str) -> f64 {
    match table.get(row, name) {
        Some(ValueRef::Float(value)) => value,
        other => panic!("{name} in row {row}: {other:?}"),
    }
}

/// The probability of a purchase within `t`, by the score.
fn buys(model: &BtydModel, one: &PurchaseHistory, t: f64) -> f64 {
    let scores = model.score(&table_of(&[*one]), BtydScoreOptions::default().horizon(t)).unwrap();
    1.0 - float(&scores, 0, "no_purchase_probability")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// 2,000 times some of 10 customers, each with three quantiles.
    #[test]
    fn intervals_hold_what_they_say(
        histories in histories(10),
        kind in purchase_kinds(),
        horizon in 0.5f64..90.0,
        confidence in 0.05f64..0.99,
        next in prop::collection::vec(prop::option::weighted(0.7, 0.01f64..100.0), 10),
    ) {
        let model = model(kind);
        let table = table_of(&histories);
        let options = NextPurchaseOptions::new(horizon).confidence(confidence);
        let told = model.predict_next_purchase(&table, &options).unwrap();
        let next = &next[..histories.len()];
        let review = model.review_next_purchase(&table.with("holdout_next", next.to_vec()).unwrap(), &options).unwrap();
        let (mut returned, mut covered, mut expected) = (0, 0, 0.0);
        for (row, history) in histories.iter().enumerate() {
            let whole = buys(&model, history, horizon);
            prop_assert!(close(float(&told, row, "return_probability"), whole, 1e-9));
            // Where the chance is tiny, one less the probability of none has lost its digits.
            if whole > 1e-3 {
                for (name, level) in
                    [("lower", (1.0 - confidence) / 2.0), ("median", 0.5), ("upper", (1.0 + confidence) / 2.0)]
                {
                    let t = float(&told, row, name);
                    prop_assert!(t > 0.0 && t <= horizon);
                    prop_assert!(close(buys(&model, history, t) / whole, level, 1e-9), "{} {:?}", name, history);
                }
            }
            expected += whole;
            if let Some(time) = next[row].filter(|time| *time <= horizon) {
                returned += 1;
                covered += u64::from((float(&told, row, "lower")..=float(&told, row, "upper")).contains(&time));
            }
        }
        prop_assert_eq!((review.customer_count, review.return_count), (histories.len() as u64, returned));
        prop_assert_eq!(review.covered_count, covered);
        prop_assert_eq!(review.part_counts.iter().sum::<u64>(), returned);
        prop_assert!(close(review.expected_return_count, expected, 1e-9));
    }
}

#[test]
fn days_are_told_beside_times() {
    let histories = [PurchaseHistory::new(3, 20.0, 24.0).unwrap(), PurchaseHistory::new(0, 0.0, 30.0).unwrap()];
    let options = NextPurchaseOptions::new(13.0).days("1997-09-30".parse().unwrap(), 7.0);
    for kind in [BtydModelKind::BgNbd, BtydModelKind::ParetoNbd] {
        let told = model(kind).predict_next_purchase(&table_of(&histories), &options).unwrap();
        for row in 0..2 {
            for name in ["lower", "median", "upper"] {
                let days = (float(&told, row, name) * 7.0).ceil() as i32;
                let Some(ValueRef::Date(day)) = told.get(row, &format!("{name}_day")) else { panic!("{told:?}") };
                let last: userops::time::Day = "1997-09-30".parse().unwrap();
                assert_eq!(day.0, last.0 + days);
            }
        }
    }
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let table = table_of(&[PurchaseHistory::new(3, 20.0, 24.0).unwrap()]);
    let bg = model(BtydModelKind::BgNbd);
    let refused = |options: NextPurchaseOptions, what: &str| {
        let error = bg.predict_next_purchase(&table, &options).unwrap_err();
        assert!(error.kind() == ErrorKind::InvalidArgument && error.to_string().contains(what), "{error}");
    };
    for horizon in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        refused(NextPurchaseOptions::new(horizon), "horizon");
    }
    for confidence in [0.0, 1.0, f64::NAN] {
        refused(NextPurchaseOptions::new(4.0).confidence(confidence), "confidence");
    }
    refused(NextPurchaseOptions::new(4.0).days("1997-09-30".parse().unwrap(), 0.0), "unit_days");
    let contracts: BtydModel =
        serde_json::from_str(r#"{"model":"shifted_beta_geometric","alpha":0.7,"beta":1.2}"#).unwrap();
    let error = contracts.predict_next_purchase(&table, &NextPurchaseOptions::new(4.0)).unwrap_err();
    assert!(error.to_string().contains("take bg_nbd, mbg_nbd or pareto_nbd"), "{error}");
    // What was held out is a time after the end; nobody to look at is said.
    let at_once = table.with("holdout_next", vec![0.0]).unwrap();
    let error = bg.review_next_purchase(&at_once, &NextPurchaseOptions::new(4.0)).unwrap_err();
    assert!(error.to_string().contains("row 0: holdout_next is 0"), "{error}");
    let nobody = table_of(&[]).with("holdout_next", Vec::<f64>::new()).unwrap();
    let error = bg.review_next_purchase(&nobody, &NextPurchaseOptions::new(4.0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Empty);
}
