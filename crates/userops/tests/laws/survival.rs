//! Survival analysis against exact fractions, plain loops over pairs, and published answers.

mod golden;

use std::collections::BTreeSet;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::survival::{
    CoxOptions, LogRankOptions, SurvivalInterval, SurvivalOptions, compare_survival, estimate_survival, fit_cox,
};
use userops::table::Table;

/// A life: how long it was observed, whether the event ended it, its group, and two covariates.
type Life = (i64, bool, i64, i64, i64);

fn lives(len_max: usize) -> impl Strategy<Value = Vec<Life>> {
    // Few distinct durations make ties; a long one makes a gap.
    let duration = prop_oneof![8 => 0i64..7, 1 => Just(100_000i64)];
    let life = (duration, prop::bool::weighted(0.6), 0i64..4, -2i64..3, 0i64..2);
    prop::collection::vec(life, 1..len_max)
}

fn table_of(lives: &[Life]) -> Table {
    Table::new(lives.len())
        .with("duration", lives.iter().map(|life| life.0).collect::<Vec<_>>())
        .and_then(|table| table.with("event", lives.iter().map(|life| life.1).collect::<Vec<_>>()))
        .and_then(|table| table.with("group", lives.iter().map(|life| life.2).collect::<Vec<_>>()))
        .and_then(|table| table.with("x", lives.iter().map(|life| life.3).collect::<Vec<_>>()))
        .and_then(|table| table.with("y", lives.iter().map(|life| life.4).collect::<Vec<_>>()))
        .unwrap()
}

/// A fraction, exactly.
#[derive(Debug, Clone, Copy)]
struct Fraction(u128, u128);

impl Fraction {
    fn times(self, above: u64, below: u64) -> Self {
        let (above, below) = (self.0 * u128::from(above), self.1 * u128::from(below));
        let (mut a, mut b) = (above, below);
        while b > 0 {
            (a, b) = (b, a % b);
        }
        Self(above / a, below / a)
    }

    fn float(self) -> f64 {
        self.0 as f64 / self.1 as f64
    }

    /// Whether this is at most a quarter times `quarters`.
    fn is_at_most(self, quarters: u128) -> bool {
        self.0 * 4 <= self.1 * quarters
    }
}

/// Time, at risk, events, censored, and the share left, by counting from scratch at each time.
fn naive_curve(lives: &[Life]) -> Vec<(i64, u64, u64, u64, Fraction)> {
    let times: BTreeSet<i64> = lives.iter().map(|life| life.0).collect();
    let mut left = Fraction(1, 1);
    let row = |time: i64| {
        let count = |test: &dyn Fn(&Life) -> bool| lives.iter().filter(|life| test(life)).count() as u64;
        let at_risk = count(&|life| life.0 >= time);
        let events = count(&|life| life.0 == time && life.1);
        left = left.times(at_risk - events, at_risk);
        (time, at_risk, events, count(&|life| life.0 == time && !life.1), left)
    };
    times.into_iter().map(row).collect()
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-10 * (1.0 + b.abs())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_240))]

    #[test]
    fn a_curve_is_the_product_of_exact_fractions(lives in lives(20), plain in any::<bool>(), until in 0i64..8) {
        let interval = if plain { SurvivalInterval::Plain } else { SurvivalInterval::LogLog };
        let survival = estimate_survival(&table_of(&lives), SurvivalOptions::default().interval(interval)).unwrap();
        let (curve, naive) = (&survival.groups[0].curve, naive_curve(&lives));
        prop_assert_eq!(curve.points.len(), naive.len());
        let (mut greenwood, mut hazard, mut variance) = (0.0, 0.0, 0.0);
        for (point, (time, at_risk, events, censored, left)) in curve.points.iter().zip(&naive) {
            prop_assert_eq!(
                (point.time, point.at_risk_count, point.event_count, point.censored_count),
                (*time as f64, *at_risk, *events, *censored)
            );
            prop_assert!(close(point.survival_ratio, left.float()));
            let (n, d) = (*at_risk as f64, *events as f64);
            greenwood += if d > 0.0 { d / n / (n - d) } else { 0.0 };
            hazard += d / n;
            variance += d / n / n;
            prop_assert!(close(point.hazard, hazard) && close(point.hazard_standard_error.powi(2), variance));
            prop_assert_eq!(point.interval.is_none(), left.0 == 0);
            if let (Some(error), Some(interval)) = (point.standard_error, point.interval) {
                prop_assert!(close(error, left.float() * greenwood.sqrt()));
                prop_assert!(0.0 <= interval.low && interval.high <= 1.0);
                prop_assert!(interval.low <= point.survival_ratio + 1e-12 && point.survival_ratio <= interval.high + 1e-12);
                if !plain && left.0 < left.1 {
                    // The ends lie z errors away on the scale of log(−log), whose derivative is 1 / (S log S).
                    let scale = |share: f64| (-share.ln()).ln();
                    let error = greenwood.sqrt() / left.float().ln().abs();
                    for end in [interval.low, interval.high] {
                        let distance = (scale(end) - scale(left.float())).abs() / error;
                        // An end at 0 or 1 has lost its place to rounding.
                        prop_assert!(!(1e-12..1.0 - 1e-12).contains(&end) || (distance - 1.959963984540054).abs() < 1e-3);
                    }
                }
            }
            let fallen = naive.iter().filter(|row| row.0 <= *time).map(|row| row.4.float()).fold(1.0, f64::min);
            prop_assert_eq!(curve.survival_at(*time as f64).map(|share| close(share, fallen)), Some(true));
        }
        for quarters in 1..4u128 {
            let expected = naive.iter().find(|row| row.4.is_at_most(4 - quarters)).map(|row| row.0 as f64);
            let quantile = curve.quantile(quarters as f64 / 4.0);
            prop_assert_eq!(quantile.time, expected);
            let known = quantile.time.unwrap_or(f64::INFINITY);
            prop_assert!(quantile.low.unwrap_or(f64::INFINITY) <= known && known <= quantile.high.unwrap_or(f64::INFINITY));
        }
        let last = naive.last().unwrap();
        match curve.restricted_mean(until as f64) {
            Err(error) => {
                prop_assert!(last.4.0 > 0 && until > last.0);
                prop_assert_eq!(error.kind(), ErrorKind::InvalidArgument);
            }
            Ok(mean) => {
                // Durations are whole: the area is the sum of the shares at each whole time before.
                let share = |time: i64| naive.iter().rfind(|row| row.0 <= time).map_or(1.0, |row| row.4.float());
                let area = |from: i64| (from..until).map(share).sum::<f64>();
                prop_assert!(close(mean.mean, area(0)));
                let terms = naive.iter().filter(|row| row.0 <= until && row.1 > row.2);
                let variance: f64 =
                    terms.map(|row| area(row.0).powi(2) * row.2 as f64 / row.1 as f64 / (row.1 - row.2) as f64).sum();
                prop_assert!(close(mean.standard_error.powi(2), variance));
            }
        }
        let mut turned = lives.clone();
        turned.reverse();
        let again = estimate_survival(&table_of(&turned), SurvivalOptions::default().interval(interval)).unwrap();
        prop_assert_eq!(&again, &survival);
        let json = serde_json::to_string(&survival).unwrap();
        prop_assert_eq!(serde_json::from_str::<userops::survival::Survival>(&json).unwrap(), survival);
    }

    #[test]
    fn groups_are_estimated_each_by_itself_and_compared_as_by_hand(lives in lives(24)) {
        let (table, groups) = (table_of(&lives), lives.iter().map(|life| life.2).collect::<BTreeSet<_>>());
        let survival = estimate_survival(&table, SurvivalOptions::default().group("group")).unwrap();
        prop_assert_eq!(survival.groups.len(), groups.len());
        for (found, group) in survival.groups.iter().zip(&groups) {
            let members: Vec<Life> = lives.iter().filter(|life| life.2 == *group).copied().collect();
            let alone = estimate_survival(&table_of(&members), SurvivalOptions::default()).unwrap();
            prop_assert_eq!(&found.curve, &alone.groups[0].curve);
            prop_assert_eq!(found.group.clone(), Some(group.to_string()));
            prop_assert_eq!(found.restricted_mean.until, survival.groups[0].restricted_mean.until);
        }
        let compared = compare_survival(&table, LogRankOptions::new("duration", "event", "group"));
        if groups.len() < 2 {
            prop_assert_eq!(compared.unwrap_err().kind(), ErrorKind::InvalidArgument);
            return Ok(());
        }
        let compared = compared.unwrap();
        let names: Vec<i64> = groups.into_iter().collect();
        let naive = naive_log_rank(&lives, &names);
        for (found, (observed, expected)) in compared.groups.iter().zip(naive.observed.iter().zip(&naive.expected)) {
            prop_assert_eq!(found.event_count, *observed);
            prop_assert!(close(found.expected_count, *expected));
        }
        prop_assert_eq!(compared.degrees, naive.degrees);
        prop_assert_eq!(compared.p_value.is_none(), compared.degrees == 0);
        if naive.degrees as usize == names.len() - 1 {
            prop_assert!((compared.chi_square - naive.chi_square).abs() < 1e-8 * (1.0 + naive.chi_square));
        }
        // A longer unit of time and twice the same order change nothing.
        let slow: Vec<Life> = lives.iter().rev().map(|life| (life.0 * 7, life.1, life.2, life.3, life.4)).collect();
        let again = compare_survival(&table_of(&slow), LogRankOptions::new("duration", "event", "group")).unwrap();
        prop_assert_eq!((again.chi_square, again.degrees), (compared.chi_square, compared.degrees));
    }

    #[test]
    fn a_fit_of_one_covariate_is_the_maximum_or_says_why_there_is_none(lives in lives(16), float in any::<bool>()) {
        let table = table_of(&lives);
        let table = match float {
            true => table.with("z", lives.iter().map(|life| life.3 as f64 * 0.1).collect::<Vec<_>>()).unwrap(),
            false => table,
        };
        let (name, scale) = if float { ("z", 0.1) } else { ("x", 1.0) };
        let fit = fit_cox(&table, CoxOptions::default().covariates([name]));
        let x = |life: &Life| life.3 as f64 * scale;
        let fit = match (naive_fate(&lives), fit) {
            (Fate::NoEvent, Err(error)) => {
                prop_assert_eq!(error.kind(), ErrorKind::Empty);
                return Ok(());
            }
            (Fate::Redundant, Err(error)) => {
                prop_assert!(error.to_string().contains("never differs"), "{}", error);
                return Ok(());
            }
            (Fate::Separated, Err(error)) => {
                prop_assert!(error.to_string().contains("separates"), "{}", error);
                return Ok(());
            }
            (Fate::Fits, Ok(fit)) => fit,
            (fate, fit) => {
                prop_assert!(false, "{:?} where {:?}", fit, fate);
                unreachable!()
            }
        };
        let (found, beta) = (&fit.coefficients[0], [fit.coefficients[0].coefficient]);
        let [naive] = naive_partial(&lives, &[&x], &beta)[..] else { unreachable!() };
        prop_assert!(close(fit.log_likelihood, naive.0), "{} {}", fit.log_likelihood, naive.0);
        prop_assert!(close(fit.null_log_likelihood, naive_partial(&lives, &[&x], &[0.0])[0].0));
        prop_assert!((naive.1 * found.standard_error).abs() < 1e-7, "slope {}", naive.1);
        prop_assert!((found.standard_error.powi(-2) / naive.2 - 1.0).abs() < 1e-6);
        prop_assert!(close(found.z, found.coefficient / found.standard_error));
        prop_assert!(close(found.hazard_ratio, found.coefficient.exp()));
        prop_assert_eq!(fit.concordance_ratio, naive_concordance(&lives, found.coefficient));
        // The unit of time does not matter, and the order of rows does not beyond rounding.
        let slow: Vec<Life> = lives.iter().rev().map(|life| (life.0 * 7, life.1, life.2, life.3, life.4)).collect();
        if !float {
            let again = fit_cox(&table_of(&slow), CoxOptions::default().covariates([name])).unwrap();
            prop_assert!((again.coefficients[0].coefficient - found.coefficient).abs() < 1e-7 * (1.0 + found.standard_error));
        }
    }

    #[test]
    fn a_fit_of_two_covariates_has_no_slope(lives in lives(24)) {
        let Ok(fit) = fit_cox(&table_of(&lives), CoxOptions::default().covariates(["x", "y"])) else { return Ok(()) };
        let beta = [fit.coefficients[0].coefficient, fit.coefficients[1].coefficient];
        let parts = naive_partial(&lives, &[&|life: &Life| life.3 as f64, &|life: &Life| life.4 as f64], &beta);
        prop_assert!(close(fit.log_likelihood, parts[0].0));
        for (found, part) in fit.coefficients.iter().zip(&parts) {
            prop_assert!((part.1 * found.standard_error).abs() < 1e-6, "slope {}", part.1);
            // What another covariate tells of this one only makes it less certain.
            prop_assert!(found.standard_error.powi(-2) <= part.2 * (1.0 + 1e-6));
        }
        prop_assert!(fit.likelihood_ratio >= 0.0 && fit.log_likelihood >= fit.null_log_likelihood - 1e-9);
        prop_assert!((0.0..=1.0).contains(&fit.likelihood_ratio_p_value));
        // A combination of others is refused by name.
        let sum = lives.iter().map(|life| life.3 - 2 * life.4).collect::<Vec<_>>();
        let error = fit_cox(
            &table_of(&lives).with("sum", sum).unwrap(),
            CoxOptions::default().covariates(["x", "y", "sum"]),
        ).unwrap_err();
        prop_assert!(error.to_string().contains("\"sum\""), "{}", error);
    }
}

struct NaiveLogRank {
    observed: Vec<u64>,
    expected: Vec<f64>,
    chi_square: f64,
    degrees: u32,
}

/// Sums over times, each counted from scratch; the inverse by Gauss and Jordan; the degrees by who is ever compared.
#[allow(clippy::needless_range_loop, reason = "matrices, as they are written in books")]
fn naive_log_rank(lives: &[Life], groups: &[i64]) -> NaiveLogRank {
    let size = groups.len();
    let times: BTreeSet<i64> = lives.iter().filter(|life| life.1).map(|life| life.0).collect();
    let (mut observed, mut expected) = (vec![0; size], vec![0.0; size]);
    let mut variance = vec![vec![0.0; size]; size];
    let mut block: Vec<usize> = (0..size).collect();
    for time in times {
        let count = |test: &dyn Fn(&Life) -> bool| lives.iter().filter(|life| test(life)).count() as f64;
        let at_risk: Vec<f64> = groups.iter().map(|group| count(&|life| life.0 >= time && life.2 == *group)).collect();
        let (n, d) = (at_risk.iter().sum::<f64>(), count(&|life| life.0 == time && life.1));
        for g in 0..size {
            observed[g] += count(&|life| life.0 == time && life.1 && life.2 == groups[g]) as u64;
            expected[g] += d * at_risk[g] / n;
            for h in 0..size {
                let same = if g == h { at_risk[g] / n } else { 0.0 };
                if n > 1.0 {
                    variance[g][h] += d * (n - d) / (n - 1.0) * (same - at_risk[g] * at_risk[h] / n / n);
                }
                if n > d && at_risk[g] > 0.0 && at_risk[h] > 0.0 {
                    let (from, to) = (block[h], block[g]);
                    block.iter_mut().filter(|other| **other == from).for_each(|other| *other = to);
                }
            }
        }
    }
    let blocks: BTreeSet<usize> = block.into_iter().collect();
    let mut rows: Vec<Vec<f64>> = (0..size - 1)
        .map(|g| variance[g][..size - 1].iter().copied().chain([observed[g] as f64 - expected[g]]).collect())
        .collect();
    let differences: Vec<f64> = rows.iter().map(|row| row[size - 1]).collect();
    for pivot in 0..size - 1 {
        let scale = rows[pivot][pivot];
        rows[pivot].iter_mut().for_each(|cell| *cell /= scale);
        for other in (0..size - 1).filter(|other| *other != pivot) {
            let factor = rows[other][pivot];
            for column in 0..size {
                rows[other][column] -= factor * rows[pivot][column];
            }
        }
    }
    let chi_square = differences.iter().zip(&rows).map(|(difference, row)| difference * row[size - 1]).sum();
    NaiveLogRank { observed, expected, chi_square, degrees: (size - blocks.len()) as u32 }
}

#[derive(Debug)]
enum Fate {
    NoEvent,
    Redundant,
    Separated,
    Fits,
}

/// What becomes of a fit by one covariate, by comparing those with the event to all at risk beside them.
fn naive_fate(lives: &[Life]) -> Fate {
    let pairs = || {
        let events = lives.iter().filter(|life| life.1);
        events.flat_map(|event| lives.iter().filter(|life| life.0 >= event.0).map(|life| event.3 - life.3))
    };
    match () {
        () if !lives.iter().any(|life| life.1) => Fate::NoEvent,
        () if pairs().all(|difference| difference == 0) => Fate::Redundant,
        () if pairs().all(|difference| difference >= 0) || pairs().all(|difference| difference <= 0) => Fate::Separated,
        () => Fate::Fits,
    }
}

/// The logarithm of Efron's likelihood and for each covariate its slope and information, event by event and life by
/// life.
fn naive_partial(lives: &[Life], x: &[&dyn Fn(&Life) -> f64], beta: &[f64]) -> Vec<(f64, f64, f64)> {
    let risk = |life: &Life| x.iter().zip(beta).map(|(x, beta)| x(life) * beta).sum::<f64>().exp();
    let times: BTreeSet<i64> = lives.iter().filter(|life| life.1).map(|life| life.0).collect();
    let part = |x: &&dyn Fn(&Life) -> f64| {
        let (mut log, mut slope, mut information) = (0.0, 0.0, 0.0);
        for time in &times {
            let tied: Vec<&Life> = lives.iter().filter(|life| life.0 == *time && life.1).collect();
            for (index, event) in tied.iter().enumerate() {
                let share = index as f64 / tied.len() as f64;
                let weight = |life: &Life| match life.0 == *time && life.1 {
                    true => risk(life) * (1.0 - share),
                    false => risk(life),
                };
                let sum = |power: i32| -> f64 {
                    lives.iter().filter(|life| life.0 >= *time).map(|life| weight(life) * x(life).powi(power)).sum()
                };
                log += risk(event).ln() - sum(0).ln();
                slope += x(event) - sum(1) / sum(0);
                information += sum(2) / sum(0) - (sum(1) / sum(0)).powi(2);
            }
        }
        (log, slope, information)
    };
    x.iter().map(part).collect()
}

/// Pairs in which the one is known to be the shorter, one by one.
fn naive_concordance(lives: &[Life], coefficient: f64) -> Option<f64> {
    let risk = |life: &Life| {
        if coefficient > 0.0 {
            life.3
        } else if coefficient < 0.0 {
            -life.3
        } else {
            0
        }
    };
    let (mut pairs, mut doubled) = (0u64, 0u64);
    for short in lives.iter().filter(|life| life.1) {
        for long in lives.iter().filter(|life| life.0 > short.0 || (life.0 == short.0 && !life.1)) {
            pairs += 1;
            doubled += match risk(short).cmp(&risk(long)) {
                std::cmp::Ordering::Greater => 2,
                std::cmp::Ordering::Equal => 1,
                std::cmp::Ordering::Less => 0,
            };
        }
    }
    (pairs > 0).then(|| doubled as f64 / (2.0 * pairs as f64))
}

#[test]
fn unknown_values_are_counted_and_bad_ones_refused() {
    let table = |durations: Vec<Option<f64>>, events: Vec<Option<i64>>| {
        Table::new(durations.len()).with("duration", durations).unwrap().with("event", {
            let column: userops::column::Column = events.into();
            column
        })
    };
    let good = table(vec![Some(1.5), None, Some(2.0), Some(-0.0)], vec![Some(1), Some(1), None, Some(0)]).unwrap();
    let survival = estimate_survival(&good, SurvivalOptions::default()).unwrap();
    assert_eq!((survival.left_out_count, survival.groups[0].curve.row_count), (2, 2));
    assert_eq!(survival.to_table().unwrap().row_count(), 2);
    assert_eq!(survival.to_summary_table().unwrap().row_count(), 1);
    for (durations, events, kind, part) in [
        (vec![Some(-1.0)], vec![Some(1)], ErrorKind::InvalidArgument, "-1 in row 0"),
        (vec![Some(f64::NAN)], vec![Some(1)], ErrorKind::InvalidArgument, "NaN in row 0"),
        (vec![Some(f64::INFINITY)], vec![Some(1)], ErrorKind::InvalidArgument, "inf in row 0"),
        (vec![Some(1.0)], vec![Some(2)], ErrorKind::InvalidArgument, "2 in row 0"),
        (vec![None], vec![Some(1)], ErrorKind::Empty, "no row of 1"),
        (vec![], vec![], ErrorKind::Empty, "no row of 0"),
    ] {
        let error = estimate_survival(&table(durations, events).unwrap(), SurvivalOptions::default()).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let text = Table::new(1).with("duration", vec!["a"]).unwrap().with("event", vec![true]).unwrap();
    assert_eq!(estimate_survival(&text, SurvivalOptions::default()).unwrap_err().kind(), ErrorKind::TypeMismatch);
    let error = fit_cox(&text, CoxOptions::default()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Empty, "{error}");
    let many: Vec<i64> = (0..101).collect();
    let many = Table::new(101).with("duration", many.clone()).unwrap().with("event", vec![true; 101]).unwrap();
    let error = estimate_survival(&many, SurvivalOptions::default().group("duration")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    let error = estimate_survival(&many, SurvivalOptions::new("durations", "event")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(serde_json::from_str::<SurvivalOptions>("{\"durations\":\"d\"}").is_err());
}

#[test]
fn options_are_read_with_their_defaults() {
    assert_eq!(serde_json::from_str::<SurvivalOptions>("{}").unwrap(), SurvivalOptions::default());
    assert_eq!(serde_json::from_str::<CoxOptions>("{}").unwrap(), CoxOptions::default());
    let options = serde_json::from_str::<LogRankOptions>("{\"group\":\"plan\"}").unwrap();
    assert_eq!(options, LogRankOptions::new("duration", "event", "plan"));
    assert!(serde_json::from_str::<LogRankOptions>("{}").is_err());
}
