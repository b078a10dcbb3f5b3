//! The models of buying till you die against integrals over single customers, their laws, and published answers.

mod discrete;
mod golden;
mod next_purchase;
mod published;
mod purchase;
mod simulation;

use std::num::NonZeroUsize;

use proptest::prelude::*;
use userops::btyd::{
    BgNbd, BtydFit, BtydModel, BtydModelKind, BtydOptions, BtydScoreOptions, BtydSimulationOptions, FitNoteKind,
    GammaGamma, MbgNbd, ParetoNbd, PurchaseHistory, fit_btyd,
};
use userops::error::ErrorKind;
use userops::table::Table;
use userops::value::ValueRef;

/// A density on a grid of the logarithm (of a rate) or of the log-odds (of a probability), where sums at equal distances
/// are as good as integrals.
struct Grid {
    values: Vec<f64>,
    weights: Vec<f64>,
}

impl Grid {
    /// Rates with a density of rate^(shape − 1) e^(−scale · rate).
    fn gamma(shape: f64, scale: f64) -> Self {
        Self::gamma_by(0.25, shape, scale)
    }

    /// The same with points closer to each other, for steep likelihoods.
    fn gamma_by(step: f64, shape: f64, scale: f64) -> Self {
        let log = |w: f64| shape * w - scale * w.exp();
        Self::new(step, -32.0 / shape.min(1.0) - scale.ln(), 5.0 - scale.ln(), log, f64::exp)
    }

    /// Probabilities with a density of p^(a − 1) (1 − p)^(b − 1).
    fn beta(a: f64, b: f64) -> Self {
        let p = |w: f64| 1.0 / (1.0 + (-w).exp());
        Self::new(0.25, -32.0 / a.min(1.0), 32.0 / b.min(1.0), |w| a * p(w).ln() - b * w.exp().ln_1p(), p)
    }

    fn new(step: f64, from: f64, to: f64, log: impl Fn(f64) -> f64, value: impl Fn(f64) -> f64) -> Self {
        let at: Vec<f64> = (0..((to - from) / step) as usize).map(|index| from + step * index as f64).collect();
        let weights: Vec<f64> = at.iter().map(|w| log(*w).exp()).collect();
        let sum: f64 = weights.iter().sum();
        Self {
            values: at.into_iter().map(value).collect(),
            weights: weights.iter().map(|weight| weight / sum).collect(),
        }
    }

    fn mean(&self, f: impl Fn(f64) -> f64) -> f64 {
        self.values.iter().zip(&self.weights).map(|(value, weight)| weight * f(*value)).sum()
    }

    /// f of every value, so that it is worked out once.
    fn map(&self, f: impl Fn(f64) -> f64) -> Vec<f64> {
        self.values.iter().map(|value| f(*value)).collect()
    }
}

fn close(found: f64, expected: f64, tolerance: f64) -> bool {
    (found - expected).abs() <= tolerance * expected.abs().max(1e-9)
}

/// The logarithm of a likelihood may be 0, beside which only its own error means something.
fn close_log(found: f64, likelihood: f64) -> bool {
    let expected = likelihood.ln();
    (found - expected).abs() <= 1e-8 * expected.abs().max(1.0)
}

fn histories(count: usize) -> impl Strategy<Value = Vec<PurchaseHistory>> {
    let history = (0u32..7, 0.01f64..1.0, 0.5f64..60.0, prop::bool::weighted(0.2));
    let history = history.prop_map(|(x, part, age, at_end)| {
        let t_x = if x == 0 {
            0.0
        } else if at_end {
            age
        } else {
            part * age
        };
        PurchaseHistory::new(x, t_x, age).unwrap()
    });
    prop::collection::vec(history, count)
}

/// What the definition says of one customer: the likelihood of a rate and a probability to leave, as a sum of two terms.
struct BetaOracle {
    rates: Grid,
    leaving: Grid,
    extra: i32,
}

impl BetaOracle {
    /// The likelihood of being there still, and of having left.
    fn terms(&self, history: &PurchaseHistory) -> (f64, f64) {
        let x = history.x as i32;
        let occasions = x + self.extra;
        let rate = |time: f64| self.rates.mean(|rate| rate.powi(x) * (-rate * time).exp());
        let stayed = rate(history.age) * self.leaving.mean(|p| (1.0 - p).powi(occasions));
        if occasions == 0 {
            return (stayed, 0.0);
        }
        (stayed, rate(history.t_x) * self.leaving.mean(|p| p * (1.0 - p).powi(occasions - 1)))
    }

    /// Purchases within t, and the probability of none, times the likelihood of being there.
    fn to_come(&self, history: &PurchaseHistory, t: f64) -> (f64, f64) {
        let x = history.x as i32;
        let occasions = x + self.extra;
        let there = self.rates.map(|rate| rate.powi(x) * (-rate * history.age).exp());
        let there: Vec<f64> = there.iter().zip(&self.rates.weights).map(|(there, weight)| there * weight).collect();
        // With a rate and a probability p to leave after each purchase, 1 − e^(−rate p t) times 1 / p are made within t.
        let purchases = |p: f64| {
            let made = |rate: f64| -(-rate * p * t).exp_m1() / p;
            self.rates.values.iter().zip(&there).map(|(rate, there)| there * made(*rate)).sum::<f64>()
        };
        let quiet: f64 = self.rates.values.iter().zip(&there).map(|(rate, there)| there * (-rate * t).exp()).sum();
        let stay = |p: f64| (1.0 - p).powi(occasions);
        (self.leaving.mean(|p| stay(p) * purchases(p)), quiet * self.leaving.mean(stay))
    }
}

/// The answers of one of the two models.
struct Answers {
    log_likelihood: f64,
    alive: f64,
    expected: f64,
    quiet: f64,
}

fn check_beta(oracle: &BetaOracle, history: &PurchaseHistory, t: f64, found: &Answers) -> Result<(), TestCaseError> {
    let (stayed, left) = oracle.terms(history);
    prop_assert!(close_log(found.log_likelihood, stayed + left), "{}", found.log_likelihood);
    let alive = stayed / (stayed + left);
    prop_assert!(close(found.alive, alive, 1e-7), "{} {alive}", found.alive);
    let (expected, quiet) = oracle.to_come(history, t);
    let expected = expected / (stayed + left);
    prop_assert!(close(found.expected, expected, 1e-6), "expected {} {expected}", found.expected);
    let quiet = (quiet + left) / (stayed + left);
    prop_assert!(close(found.quiet, quiet, 1e-7), "quiet {} {quiet}", found.quiet);
    Ok(())
}

fn shape() -> impl Strategy<Value = f64> {
    // The closed forms divide by zero at 1.
    prop_oneof![5 => 0.5f64..3.0, 1 => Just(1.0), 1 => Just(2.0)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(640))]

    /// 640 models with 16 customers each: 10,240 cases.
    #[test]
    fn beta_geometric_models_are_their_definition(
        (r, alpha, a, b) in (shape(), 0.5f64..15.0, shape(), shape()),
        histories in histories(16),
        t in 0.5f64..80.0,
    ) {
        for extra in [0, 1] {
            let oracle = BetaOracle { rates: Grid::gamma(r, alpha), leaving: Grid::beta(a, b), extra };
            // Half of the customers for each model: the definition is slow.
            for history in histories.iter().skip(extra as usize).step_by(2) {
                let found = if extra == 0 {
                    let model = BgNbd { r, alpha, a, b };
                    Answers {
                        log_likelihood: model.log_likelihood(history),
                        alive: model.alive_probability(history),
                        expected: model.expected_purchases(history, t),
                        quiet: model.no_purchase_probability(history, t),
                    }
                } else {
                    let model = MbgNbd { r, alpha, a, b };
                    Answers {
                        log_likelihood: model.log_likelihood(history),
                        alive: model.alive_probability(history),
                        expected: model.expected_purchases(history, t),
                        quiet: model.no_purchase_probability(history, t),
                    }
                };
                check_beta(&oracle, history, t, &found)?;
            }
        }
    }

    #[test]
    fn pareto_nbd_is_its_definition(
        (r, alpha, s, beta) in (shape(), 0.5f64..15.0, shape(), 0.5f64..15.0),
        histories in histories(16),
        t in 0.5f64..80.0,
        discount in 0.001f64..0.5,
    ) {
        let model = ParetoNbd { r, alpha, s, beta };
        let (rates, leaving) = (Grid::gamma(r, alpha), Grid::gamma(s, beta));
        for history in &histories {
            let x = history.x as i32;
            let at = |grid: &Grid, time: f64| grid.map(|rate| (-rate * time).exp());
            let powers = rates.map(|rate| rate.powi(x));
            let (buy_end, leave_end) = (at(&rates, history.age), at(&leaving, history.age));
            let (buy_last, leave_last) = (at(&rates, history.t_x), at(&leaving, history.t_x));
            let (buy_later, leave_later) = (at(&rates, t), at(&leaving, t));
            // Per rate of purchases: the sums over rates of leaving.
            let (mut stayed, mut left, mut expected, mut quiet, mut worth) = (0.0, 0.0, 0.0, 0.0, 0.0);
            for (i, rate) in rates.values.iter().enumerate() {
                let (mut s0, mut l0, mut e0, mut q0, mut w0) = (0.0, 0.0, 0.0, 0.0, 0.0);
                for (j, leave) in leaving.values.iter().enumerate() {
                    let weight = leaving.weights[j];
                    let (end, last) = (buy_end[i] * leave_end[j], buy_last[i] * leave_last[j]);
                    let share = leave / (rate + leave);
                    s0 += weight * end;
                    l0 += weight * share * (last - end);
                    e0 += weight * end * (1.0 - leave_later[j]) / leave;
                    // Nothing bought: neither bought nor left, or left first.
                    let nothing = buy_later[i] * leave_later[j];
                    q0 += weight * end * (nothing + share * (1.0 - nothing));
                    w0 += weight * end / (leave + discount);
                }
                let weight = rates.weights[i] * powers[i];
                stayed += weight * s0;
                left += weight * l0;
                expected += weight * rate * e0;
                quiet += weight * q0;
                worth += weight * rate * w0;
            }
            let total = stayed + left;
            prop_assert!(close_log(model.log_likelihood(history), total));
            prop_assert!(close(model.alive_probability(history), stayed / total, 1e-7));
            prop_assert!(close(model.expected_purchases(history, t), expected / total, 1e-6));
            prop_assert!(close(model.no_purchase_probability(history, t), (quiet + left) / total, 1e-7));
            prop_assert!(close(model.discounted_purchases(history, discount).unwrap(), worth / total, 1e-6));
        }
    }
}

fn table_of(histories: &[PurchaseHistory]) -> Table {
    Table::new(histories.len())
        .with("x", histories.iter().map(|one| one.x).collect::<Vec<_>>())
        .and_then(|table| table.with("t_x", histories.iter().map(|one| one.t_x).collect::<Vec<_>>()))
        .and_then(|table| table.with("T", histories.iter().map(|one| one.age).collect::<Vec<_>>()))
        .unwrap()
}

/// Customers on a grid of whole weeks, so that many are equal.
fn weekly(count: std::ops::Range<usize>) -> impl Strategy<Value = Vec<PurchaseHistory>> {
    let history = (0u32..5, 1u32..20, 0u32..10).prop_map(|(x, t_x, more)| {
        let t_x = if x == 0 { 0.0 } else { f64::from(t_x) };
        PurchaseHistory::new(x, t_x, t_x + f64::from(more)).unwrap()
    });
    prop::collection::vec(history, count)
}

fn purchase_kinds() -> impl Strategy<Value = BtydModelKind> {
    prop::sample::select(vec![BtydModelKind::BgNbd, BtydModelKind::MbgNbd, BtydModelKind::ParetoNbd])
}

fn with_threads<T: Send>(count: usize, f: impl FnOnce() -> T + Send) -> T {
    let threads = NonZeroUsize::new(count).unwrap().get();
    rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(f)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_fit_depends_neither_on_order_nor_on_grouping_nor_on_threads(
        histories in weekly(5..400),
        kind in purchase_kinds(),
    ) {
        prop_assume!(histories.iter().any(|one| one.x > 0));
        let options = BtydOptions::new(kind).ridge(0.1);
        let fit = fit_btyd(&table_of(&histories), options.clone()).unwrap();
        let backwards: Vec<_> = histories.iter().rev().copied().collect();
        let alone = with_threads(1, || fit_btyd(&table_of(&backwards), options.clone()).unwrap());
        prop_assert_eq!(&fit, &alone);
        // Every second customer as a row of its own, the others counted twice.
        let halves = table_of(&histories).with("count", vec![3i64; histories.len()]).unwrap();
        let thrice: Vec<_> = histories.iter().chain(&histories).chain(&histories).copied().collect();
        let options = BtydOptions::new(kind).ridge(0.1);
        prop_assert_eq!(fit_btyd(&halves, options.clone()).unwrap(), fit_btyd(&table_of(&thrice), options).unwrap());
    }

    #[test]
    fn no_neighbour_is_likelier(histories in weekly(40..200), kind in purchase_kinds()) {
        prop_assume!(histories.iter().any(|one| one.x > 0));
        let fit = fit_btyd(&table_of(&histories), kind).unwrap();
        prop_assume!(fit.converged);
        let likelihood = |model: &BtydModel| -> f64 { histories.iter().map(|one| log_likelihood(model, one)).sum() };
        prop_assert!(close(likelihood(&fit.model), fit.log_likelihood, 1e-10));
        let text = serde_json::to_string(&fit.model).unwrap();
        for (name, value) in fit.model.parameters() {
            for factor in [0.8, 0.99, 1.01, 1.25] {
                let mut other: serde_json::Value = serde_json::from_str(&text).unwrap();
                other[name] = (value * factor).into();
                let other: BtydModel = serde_json::from_value(other).unwrap();
                prop_assert!(likelihood(&other) <= fit.log_likelihood + 1e-6, "{} {}: {:?}", name, factor, fit);
            }
        }
    }

    #[test]
    fn a_fit_survives_serde(histories in weekly(5..60), kind in purchase_kinds()) {
        prop_assume!(histories.iter().any(|one| one.x > 0));
        let fit = fit_btyd(&table_of(&histories), kind).unwrap();
        let text = serde_json::to_string(&fit).unwrap();
        prop_assert_eq!(serde_json::from_str::<BtydFit>(&text).unwrap(), fit);
    }
}

fn log_likelihood(model: &BtydModel, history: &PurchaseHistory) -> f64 {
    match model {
        BtydModel::BgNbd(model) => model.log_likelihood(history),
        BtydModel::MbgNbd(model) => model.log_likelihood(history),
        BtydModel::ParetoNbd(model) => model.log_likelihood(history),
        other => panic!("{other:?}"),
    }
}

proptest! {
    #[test]
    fn a_table_is_scored_as_its_rows(histories in histories(20), kind in purchase_kinds(), t in 0.0f64..90.0) {
        let text = match kind {
            BtydModelKind::ParetoNbd => r#"{"model":"pareto_nbd","r":0.55,"alpha":10.6,"s":0.6,"beta":11.7}"#.to_owned(),
            other => format!(r#"{{"model":"{}","r":0.5,"alpha":6.2,"a":0.9,"b":1.6}}"#, other.name()),
        };
        let model: BtydModel = serde_json::from_str(&text).unwrap();
        let whole = table_of(&histories);
        let scores = model.score(&whole, BtydScoreOptions::default().horizon(t)).unwrap();
        for (index, history) in histories.iter().enumerate() {
            let one = model.score(&table_of(&[*history]), BtydScoreOptions::default().horizon(t)).unwrap();
            for (name, _) in scores.columns() {
                prop_assert_eq!(scores.get(index, name), one.get(0, name));
            }
        }
    }
}

/// The three scores of one customer by the functions of the model.
fn scalar_scores(model: &BtydModel, history: &PurchaseHistory, t: f64) -> [f64; 3] {
    macro_rules! scores {
        ($model:expr) => {
            [
                $model.alive_probability(history),
                $model.expected_purchases(history, t),
                $model.no_purchase_probability(history, t),
            ]
        };
    }
    match model {
        BtydModel::BgNbd(model) => scores!(model),
        BtydModel::MbgNbd(model) => scores!(model),
        BtydModel::ParetoNbd(model) => scores!(model),
        other => panic!("{other:?}"),
    }
}

fn purchase_model(kind: BtydModelKind, [one, two, three, four]: [f64; 4]) -> BtydModel {
    match kind {
        BtydModelKind::BgNbd => BtydModel::BgNbd(BgNbd { r: one, alpha: two, a: three, b: four }),
        BtydModelKind::MbgNbd => BtydModel::MbgNbd(MbgNbd { r: one, alpha: two, a: three, b: four }),
        _ => BtydModel::ParetoNbd(ParetoNbd { r: one, alpha: two, s: three, beta: four }),
    }
}

const SCORES: [&str; 3] = ["alive_probability", "expected_purchases", "no_purchase_probability"];

fn bits(table: &Table, row: usize) -> Vec<Option<u64>> {
    let float = |name: &&str| match table.get(row, name) {
        Some(ValueRef::Float(value)) => Some(value.to_bits()),
        other => other.map(|value| panic!("{value:?}")),
    };
    SCORES.iter().map(float).collect()
}

/// Customers of all ages and numbers of purchases, of whom some are equal.
fn mixed() -> impl Strategy<Value = Vec<PurchaseHistory>> {
    let many = (60u32..2_000, 0.01f64..1.0, 1.0f64..900.0)
        .prop_map(|(x, part, age)| PurchaseHistory::new(x, part * age, age).unwrap());
    let apart = (weekly(1..24), histories(24), prop::collection::vec(many, 0..4));
    apart.prop_map(|(equal, other, many)| [equal.clone(), other, many, equal].concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(320))]

    /// 320 models with some 60 customers each: 19,200 cases.
    #[test]
    fn scores_have_the_bits_of_the_scalar_functions(
        histories in mixed(),
        kind in purchase_kinds(),
        logs in prop::array::uniform4(-4.0f64..4.0),
        t in prop_oneof![4 => 0.0f64..90.0, 1 => Just(0.0), 1 => 90.0f64..5_000.0],
        unknown in prop::option::of(0usize..24),
    ) {
        let model = purchase_model(kind, logs.map(f64::exp));
        let count = histories.len();
        let ages = (0..count).map(|row| (unknown != Some(row)).then_some(histories[row].age)).collect::<Vec<_>>();
        let table = Table::new(count)
            .with("x", histories.iter().map(|one| f64::from(one.x)).collect::<Vec<_>>())
            .and_then(|table| table.with("t_x", histories.iter().map(|one| one.t_x).collect::<Vec<_>>()))
            .and_then(|table| table.with("T", ages))
            .unwrap();
        let scores = model.score(&table, BtydScoreOptions::default().horizon(t)).unwrap();
        for (row, history) in histories.iter().enumerate() {
            let expected = scalar_scores(&model, history, t).map(|value| (unknown != Some(row)).then(|| value.to_bits()));
            prop_assert_eq!(bits(&scores, row), expected.to_vec(), "{:?} {:?} {}", model, history, t);
        }
    }
}

#[test]
fn scores_depend_neither_on_parts_of_the_table_nor_on_threads() {
    let history = |index: u32| {
        // The first half of them in whole weeks, with many equal ones, then none equal.
        let part = if index < 30_000 { 0.0 } else { f64::from(index) * 1e-7 };
        let x = index * 7_919 % 11 % 6;
        let age = f64::from(index * 31 % 47) + 2.0 + part;
        PurchaseHistory::new(x, if x == 0 { 0.0 } else { 1.0 + part }, age).unwrap()
    };
    let histories: Vec<_> = (0..60_000).map(history).collect();
    let known = table_of(&histories);
    let ages: Vec<_> =
        histories.iter().enumerate().map(|(row, one)| (row % 20_001 != 20_000).then_some(one.age)).collect();
    let gaps = Table::new(histories.len())
        .with("x", histories.iter().map(|one| one.x).collect::<Vec<_>>())
        .and_then(|table| table.with("t_x", histories.iter().map(|one| one.t_x).collect::<Vec<_>>()))
        .and_then(|table| table.with("T", ages))
        .unwrap();
    let ask = BtydScoreOptions::default().horizon(39.0);
    for kind in [BtydModelKind::BgNbd, BtydModelKind::MbgNbd, BtydModelKind::ParetoNbd] {
        let model = purchase_model(kind, [0.55, 10.6, 0.61, 11.7]);
        let scores = model.score(&known, ask).unwrap();
        assert_eq!(with_threads(1, || model.score(&known, ask).unwrap()), scores);
        assert_eq!(with_threads(3, || model.score(&known, ask).unwrap()), scores);
        let with_gaps = model.score(&gaps, ask).unwrap();
        for (row, history) in histories.iter().enumerate() {
            let expected = scalar_scores(&model, history, 39.0).map(|value| Some(value.to_bits()));
            assert_eq!(bits(&scores, row), expected);
            assert_eq!(bits(&with_gaps, row), if row % 20_001 == 20_000 { vec![None; 3] } else { expected.to_vec() });
        }
    }
    // The first row that cannot be is named, though others are read at the same time.
    let mut broken: Vec<f64> = histories.iter().map(|one| one.age).collect();
    (broken[59_999], broken[17_000], broken[40_000]) = (-1.0, f64::NAN, f64::INFINITY);
    let broken = Table::new(histories.len())
        .with("x", histories.iter().map(|one| one.x).collect::<Vec<_>>())
        .and_then(|table| table.with("t_x", histories.iter().map(|one| one.t_x).collect::<Vec<_>>()))
        .and_then(|table| table.with("T", broken))
        .unwrap();
    let model = purchase_model(BtydModelKind::BgNbd, [0.55, 10.6, 0.61, 11.7]);
    for error in [model.score(&broken, ask).unwrap_err(), fit_btyd(&broken, BtydModelKind::BgNbd).unwrap_err()] {
        assert!(error.to_string().contains("row 17000"), "{error}");
    }
}

#[test]
fn a_fit_of_very_many_different_customers_leads_back_to_their_model() {
    let ages: Vec<f64> = (0..70_000).map(|row| 20.0 + f64::from(row) * 3e-4).collect();
    let observed = Table::new(ages.len()).with("T", ages).unwrap();
    for kind in [BtydModelKind::MbgNbd, BtydModelKind::ParetoNbd] {
        let model = purchase_model(kind, [0.9, 6.0, 1.4, 9.0]);
        let drawn = model.simulate(&observed, BtydSimulationOptions::new(3)).unwrap();
        let fit = fit_btyd(&drawn, kind).unwrap();
        assert!(fit.converged && fit.group_count == 70_000, "{fit:?}");
        for (parameter, (name, truth)) in fit.parameters.iter().zip(model.parameters()) {
            let error = (parameter.value - truth) / parameter.standard_error.unwrap();
            assert!(parameter.name == name && error.abs() < 4.0, "{fit:?}");
        }
        assert_eq!(with_threads(1, || fit_btyd(&drawn, kind).unwrap()), fit);
    }
}

#[test]
fn customers_who_say_nothing_are_refused() {
    let once = PurchaseHistory::new(0, 0.0, 30.0).unwrap();
    for kind in [BtydModelKind::BgNbd, BtydModelKind::MbgNbd, BtydModelKind::ParetoNbd] {
        let error = fit_btyd(&table_of(&[once; 50]), kind).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("none of 50 customers has bought again"), "{error}");
        assert_eq!(fit_btyd(&table_of(&[]), kind).unwrap_err().kind(), ErrorKind::Empty);
        // One customer, or several alike, cannot tell how different customers are.
        let one = PurchaseHistory::new(3, 20.0, 30.0).unwrap();
        for count in [1, 40] {
            let fit = fit_btyd(&table_of(&vec![one; count]), kind).unwrap();
            assert!(!fit.notes.is_empty() && fit.log_likelihood.is_finite(), "{fit:?}");
            let drawn = fit_btyd(&table_of(&vec![one; count]), BtydOptions::new(kind).ridge(0.5)).unwrap();
            assert!(drawn.converged && drawn.parameters.iter().all(|one| one.standard_error.is_some()), "{drawn:?}");
        }
    }
}

#[test]
fn rows_that_cannot_be_are_named() {
    let table = |x: f64, t_x: f64, age: f64| {
        let table = Table::new(2).with("x", vec![0.0, x])?.with("t_x", vec![0.0, t_x])?.with("T", vec![9.0, age])?;
        fit_btyd(&table, BtydModelKind::ParetoNbd)
    };
    for ((x, t_x, age), what) in [
        ((1.0, 12.0, 10.0), "more than T"),
        ((1.0, -2.0, 10.0), "0 on"),
        ((1.5, 2.0, 10.0), "whole number"),
        ((-1.0, 2.0, 10.0), "whole number"),
        ((1.0, f64::NAN, 10.0), "NaN"),
        ((1.0, 3.0, f64::INFINITY), "inf"),
        ((0.0, 3.0, 10.0), "exactly where"),
        ((2.0, 0.0, 10.0), "exactly where"),
        ((2e6, 3.0, 10.0), "1000000"),
    ] {
        let error = table(x, t_x, age).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("row 1") && error.to_string().contains(what), "{error}");
    }
    for spend in [-5.0, 0.0, f64::NAN] {
        let table =
            Table::new(1).with("x", vec![2i64]).and_then(|table| table.with("mean_spend", vec![spend])).unwrap();
        let error = fit_btyd(&table, BtydModelKind::GammaGamma).unwrap_err();
        assert!(error.to_string().contains("row 0") && error.to_string().contains("mean_spend"), "{error}");
    }
    let missing = Table::new(1).with("x", vec![1i64]).unwrap();
    assert_eq!(fit_btyd(&missing, BtydModelKind::BgBb).unwrap_err().kind(), ErrorKind::UnknownName);
    let text = Table::new(1).with("x", vec!["a"]).and_then(|table| table.with("mean_spend", vec![1.0])).unwrap();
    assert_eq!(fit_btyd(&text, BtydModelKind::GammaGamma).unwrap_err().kind(), ErrorKind::TypeMismatch);
}

#[test]
fn options_that_cannot_be_are_named() {
    let customers = table_of(&[PurchaseHistory::new(1, 2.0, 9.0).unwrap()]);
    for options in [
        BtydOptions::new(BtydModelKind::BgNbd).ridge(-1.0),
        BtydOptions::new(BtydModelKind::BgNbd).ridge(f64::NAN),
        BtydOptions::new(BtydModelKind::BgNbd).iterations_max(0),
    ] {
        assert_eq!(fit_btyd(&customers, options).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    let model = BtydModel::BgNbd(BgNbd { r: 0.2, alpha: 4.0, a: 0.8, b: 2.4 });
    let ask = BtydScoreOptions::default();
    for options in [ask.horizon(-1.0), ask.horizon(f64::NAN), ask.discount_rate(0.1)] {
        assert_eq!(model.score(&customers, options).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
    let broken = BtydModel::BgNbd(BgNbd { r: 0.2, alpha: 4.0, a: 0.0, b: 2.4 });
    let error = broken.score(&customers, ask).unwrap_err();
    assert!(error.kind() == ErrorKind::InvalidDefinition && error.to_string().contains("parameter a"), "{error}");
    let spend = BtydModel::GammaGamma(GammaGamma { p: 6.0, q: 3.7, v: 15.0 });
    assert!(spend.project_new_customer(&[3.0]).is_err());
}

#[test]
fn a_model_that_nothing_settles_says_so() {
    // Everybody keeps buying to the end: nobody seems to leave, so a / b and s / beta go to 0.
    let histories: Vec<PurchaseHistory> = (1..40).map(|x| PurchaseHistory::new(x, 30.0, 30.0).unwrap()).collect();
    for kind in [BtydModelKind::BgNbd, BtydModelKind::ParetoNbd] {
        let fit = fit_btyd(&table_of(&histories), kind).unwrap();
        assert!(fit.notes.iter().any(|note| note.kind != FitNoteKind::Correlated), "{fit:?}");
        assert!(fit.to_note_table().unwrap().row_count() == fit.notes.len());
    }
}
