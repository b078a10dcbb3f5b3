//! The models of occasions, contracts and spend against sums over single customers.

use proptest::prelude::*;
use userops::btyd::{BgBb, Contract, GammaGamma, OccasionHistory, ShiftedBetaGeometric, SpendHistory};

use super::{Grid, close, close_log, shape};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(640))]

    /// 640 models with 16 customers each: 10,240 cases.
    #[test]
    fn bg_bb_is_its_definition(
        (alpha, beta, gamma, delta) in (shape(), shape(), shape(), shape()),
        customers in prop::collection::vec((0u32..12, 0u32..12, 0u32..12), 16),
        more in 0u32..9,
    ) {
        let model = BgBb { alpha, beta, gamma, delta };
        let (buying, leaving) = (Grid::beta(alpha, beta), Grid::beta(gamma, delta));
        for (x, t_x, n) in customers {
            let t_x = if x == 0 { 0 } else { x.max(t_x) };
            let history = OccasionHistory::new(x, t_x, n.max(t_x)).unwrap();
            let n = history.n as i32;
            let bought = |m: i32| buying.mean(|p| p.powi(x as i32) * (1.0 - p).powi(m - x as i32));
            let there = |m: i32| leaving.mean(|q| (1.0 - q).powi(m));
            let left_after = |m: i32| leaving.mean(|q| q * (1.0 - q).powi(m));
            let stayed = bought(n) * there(n);
            let total = stayed + (t_x as i32..n).map(|m| bought(m) * left_after(m)).sum::<f64>();
            prop_assert!(close_log(model.log_likelihood(&history), total));
            let next = bought(n) * there(n + 1) / total;
            prop_assert!(close(model.alive_probability(&history), next, 1e-7));
            let buys = buying.mean(|p| p.powi(x as i32 + 1) * (1.0 - p).powi(n - x as i32));
            let expected: f64 = (1..=more as i32).map(|step| buys * there(n + step)).sum::<f64>() / total;
            prop_assert!(close(model.expected_purchases(&history, more), expected, 1e-7));
            // To have left already, to leave after k quiet occasions more, or to stay for all of them.
            let more = more as i32;
            let quiet: f64 = (0..more).map(|step| bought(n + step) * left_after(n + step)).sum();
            let quiet = (total - stayed + quiet + bought(n + more) * there(n + more)) / total;
            prop_assert!(close(model.no_purchase_probability(&history, more as u32), quiet, 1e-7));
        }
    }

    #[test]
    fn contracts_are_their_definition(
        (alpha, beta) in (shape(), shape()),
        contracts in prop::collection::vec((1u32..40, any::<bool>()), 16),
        discount in 0.01f64..0.5,
    ) {
        let model = ShiftedBetaGeometric { alpha, beta };
        let cancelling = Grid::beta(alpha, beta);
        for (periods, cancelled) in contracts {
            let contract = Contract::new(periods, cancelled).unwrap();
            let stayed = |n: u32| cancelling.mean(|p| (1.0 - p).powi(n as i32));
            let ended = cancelling.mean(|p| p * (1.0 - p).powi(periods as i32 - 1));
            let likelihood = if cancelled { ended } else { stayed(periods) };
            prop_assert!(close_log(model.log_likelihood(&contract), likelihood));
            prop_assert!(close(model.survival_ratio(periods), stayed(periods), 1e-8));
            prop_assert!(close(model.retention_ratio(periods), stayed(periods + 1) / stayed(periods), 1e-8));
            let worth = cancelling.mean(|p| (1.0 - p).powi(periods as i32) / (1.0 - (1.0 - p) / (1.0 + discount)));
            let found = model.discounted_lifetime(periods, discount).unwrap().unwrap();
            prop_assert!(close(found, worth / stayed(periods), 1e-7));
            let whole = model.discounted_lifetime(periods, 0.0).unwrap();
            prop_assert_eq!(whole.is_some(), alpha > 1.0);
        }
    }

    #[test]
    fn gamma_gamma_is_its_definition(
        (p, q, v) in (shape(), 1.5f64..6.0, 1.0f64..40.0),
        customers in prop::collection::vec((1u32..9, 0.5f64..200.0), 16),
    ) {
        let model = GammaGamma { p, q, v };
        let rates = Grid::gamma_by(1.0 / 16.0, q, v);
        for (x, mean_spend) in customers {
            let history = SpendHistory::new(x, mean_spend).unwrap();
            // The density of the mean of x amounts of Γ(p, rate): Γ(p x, x rate).
            let shape = p * f64::from(x);
            let log_gamma: f64 = log_gamma(shape);
            let density = |rate: f64| {
                let scale = rate * f64::from(x);
                (shape * scale.ln() + (shape - 1.0) * mean_spend.ln() - scale * mean_spend - log_gamma).exp()
            };
            let total = rates.mean(density);
            prop_assert!(close_log(model.log_likelihood(&history), total));
            let expected = rates.mean(|rate| density(rate) * p / rate) / total;
            prop_assert!(close(model.expected_spend(&history).unwrap(), expected, 1e-6));
        }
        let endless = GammaGamma { p, q: 0.9, v };
        prop_assert_eq!(endless.expected_spend(&SpendHistory { x: 0, mean_spend: 0.0 }), None);
    }
}

/// ln Γ(x) as ∫ of e^(x w − e^w) over w, where sums at equal distances are as good as integrals.
fn log_gamma(x: f64) -> f64 {
    const STEP: f64 = 1.0 / 64.0;
    let from = -40.0 / x.min(1.0);
    let count = ((6.0 - from) / STEP) as usize;
    let greatest = x * x.ln() - x;
    let sum: f64 = (0..count).map(|index| from + STEP * index as f64).map(|w| (x * w - w.exp() - greatest).exp()).sum();
    greatest + (sum * STEP).ln()
}
