//! Thresholds from gaps against counting gaps by hand.

use std::collections::BTreeSet;

use proptest::prelude::*;
use userops::churn::ChurnRule;
use userops::error::ErrorKind;
use userops::lifecycle::{DeriveOptions, LifecycleThresholds, derive_thresholds};

use super::sample::{HOURS, events, hour, local_day, log_of, zones};

proptest! {
    #[test]
    fn derived_days_are_the_first_by_which_enough_gaps_were_over(
        events in events(), zone in zones(), until in 0..HOURS, dormant in 1u32..10, more in 1u32..10,
    ) {
        let log = log_of(zone, &events, &[]);
        let options = DeriveOptions {
            dormant_quantile: f64::from(dormant) / 20.0,
            churn_quantile: f64::from(dormant + more) / 20.0,
            gaps_min: 1,
            ..DeriveOptions::default()
        };
        let given = LifecycleThresholds::new(["order"]);
        let (mut gaps, mut open) = (Vec::new(), 0);
        for user in log.iter() {
            let visible = user.until(hour(until));
            let orders = visible.iter().filter(|event| event.name == "order");
            let days: Vec<i64> = orders.map(|event| local_day(&log, event.time)).collect::<BTreeSet<_>>().into_iter().collect();
            gaps.extend(days.windows(2).map(|pair| (pair[1] - pair[0]) as u32));
            open += u64::from(days.last().is_some_and(|last| *last < local_day(&log, hour(until))));
        }
        let derived = derive_thresholds(&log, hour(until), &given, options);
        if gaps.is_empty() {
            prop_assert_eq!(derived.unwrap_err().kind(), ErrorKind::Empty);
            return Ok(());
        }
        let derived = derived.unwrap();
        let shorter = |days: u32| gaps.iter().filter(|gap| **gap < days).count() as f64;
        let over = |quantile: f64| (1..).find(|days| shorter(*days) >= quantile * gaps.len() as f64 - 1e-9).unwrap();
        let dormant = over(options.dormant_quantile);
        let churn = over(options.churn_quantile);
        prop_assert_eq!(derived.thresholds.dormant_days, dormant);
        prop_assert_eq!(derived.thresholds.reactivated_days, dormant);
        prop_assert_eq!(derived.churn_raised, churn == dormant);
        prop_assert_eq!(derived.thresholds.churn_days, churn.max(dormant + 1));
        prop_assert_eq!((derived.gap_count, derived.open_gap_count), (gaps.len() as u64, open));
        prop_assert_eq!(derived.median_days, over(0.5) - 1);
        prop_assert!((derived.shorter_than_churn_ratio - shorter(churn.max(dormant + 1)) / gaps.len() as f64).abs() < 1e-12);
        prop_assert!(derived.rule.contains(&format!("day {dormant} of silence")), "{}", derived.rule);
    }
}

#[test]
fn too_few_gaps_and_quantiles_out_of_order_are_refused() {
    let log = log_of("UTC", &[(0, 0, "order"), (0, 48, "order")], &[]);
    let ask = |options| derive_thresholds(&log, hour(60), &LifecycleThresholds::new(["order"]), options);
    let error = ask(DeriveOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Empty);
    assert!(error.to_string().contains("active days: 1, fewer than the 30"), "{error}");
    let swapped = DeriveOptions { dormant_quantile: 0.9, churn_quantile: 0.8, gaps_min: 1, ..DeriveOptions::default() };
    assert_eq!(ask(swapped).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let derived = ask(DeriveOptions { gaps_min: 1, ..DeriveOptions::default() }).unwrap();
    assert_eq!((derived.thresholds.dormant_days, derived.thresholds.churn_days), (3, 4));
    // By a rule of the churn standard churn begins on the day after its threshold.
    let by_rule = |ratio| DeriveOptions {
        gaps_min: 1,
        churn_rule: Some(ChurnRule::Percentile { ratio }),
        ..DeriveOptions::default()
    };
    let derived = ask(by_rule(0.9)).unwrap();
    assert_eq!((derived.thresholds.churn_days, derived.churn_raised), (4, true));
    assert!(derived.rule.contains("by the rule \"percentile 0.9\""), "{}", derived.rule);
    assert_eq!(ask(by_rule(1.5)).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let knee = DeriveOptions { gaps_min: 1, churn_rule: Some(ChurnRule::default()), ..DeriveOptions::default() };
    assert_eq!(ask(knee).unwrap_err().kind(), ErrorKind::Empty);
    let json = serde_json::to_string(&derived).unwrap();
    assert_eq!(serde_json::from_str::<userops::lifecycle::DerivedThresholds>(&json).unwrap(), derived);
}
