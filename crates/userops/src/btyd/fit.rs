//! Fits: the likeliest parameters, how sure they are, and what is weak about them.

use serde::{Deserialize, Serialize};

use super::beta_geometric::BetaGeometricSample;
use super::bg_bb::{OccasionHistory, OccasionSample, read_occasions};
use super::gamma_gamma::{SpendSample, read_spends};
use super::history::{PurchaseHistory, read_histories};
use super::model::BtydModel;
use super::newton::{Likelihood, Maximum, PARAMETERS_MAX, climb_from_all};
use super::note::{FitNote, report};
use super::options::{BtydModelKind, BtydOptions};
use super::pareto_likelihood::ParetoSample;
use super::read::Groups;
use super::shifted_beta_geometric::{ContractSample, read_contracts};
use crate::error::{Result, empty, invalid_argument};
use crate::table::Table;

/// Groups that the starts beside the first are tried with.
const PART_GROUPS: usize = 96;
/// From so many groups on, a fit goes on with a larger part before it takes them all.
const LARGE_GROUPS: usize = 65_536;
/// Groups of the larger part: they cost a sixteenth of all or less, and settle two digits of the parameters.
const LARGER_PART_GROUPS: usize = 4_096;

/// A parameter as the data have it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FittedParameter {
    /// The name.
    pub name: String,
    /// The likeliest value.
    pub value: f64,
    /// Its standard error, by the observed information; `None` where the data do not settle it.
    pub standard_error: Option<f64>,
    /// The standard error of its natural logarithm, which is that of its value as a part of it.
    pub log_standard_error: Option<f64>,
}

/// A model that was fitted to customers, and how well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BtydFit {
    /// What was asked for.
    pub options: BtydOptions,
    /// The model with its parameters: all that a score needs.
    pub model: BtydModel,
    /// The parameters with their errors.
    pub parameters: Vec<FittedParameter>,
    /// The covariance of the parameters, row by row; `None` where the data do not settle all of them.
    pub covariance: Option<Vec<Vec<f64>>>,
    /// How much better the best known combination of the parameters' logarithms is known than the least known, as a ratio
    /// of variances; `None` where something is not known at all.
    pub condition: Option<f64>,
    /// The logarithm of the likelihood, without the ridge.
    pub log_likelihood: f64,
    /// How many customers it is of.
    pub customer_count: u64,
    /// How many different ones there are among them.
    pub group_count: u64,
    /// Rows that are left out, because something is unknown of them, or, of [`GammaGamma`](super::GammaGamma), because
    /// there are no purchases.
    pub left_out_count: u64,
    /// How many steps the fit took with all customers, after those with a part of them.
    pub iteration_count: u32,
    /// Whether it came to a maximum.
    pub converged: bool,
    /// What is weak about the fit; empty where nothing is.
    pub notes: Vec<FitNote>,
}

/// Fits a model to the customers of a table, a row for each, or for as many as a column `count` says.
///
/// Reads `x`, `t_x` and `T` of BG/NBD, MBG/NBD and Pareto/NBD (see [`PurchaseHistory`]), `x`, `t_x` and `n` of BG/BB
/// ([`OccasionHistory`]), `x` and `mean_spend` of Gamma-Gamma, `duration` and `event` of the shifted
/// beta-geometric model. Other columns are not looked at. Rows with something unknown are left out and counted.
///
/// The likelihood is maximised by Newton's method in the logarithms of the parameters, from several starts. Equal customers
/// are looked at once; every step costs a few hundred operations for each different one. The same customers give the same
/// answer in any order and with any number of threads.
///
/// # Errors
/// `UnknownName` and `TypeMismatch` for the columns; `InvalidArgument` for a row that cannot be, for bad options, and for
/// customers who say nothing: nobody bought again, or nobody cancelled; `Empty` without customers. A fit that does not
/// settle is no error: see [`BtydFit::converged`] and [`BtydFit::notes`].
pub fn fit_btyd(customers: &Table, options: impl Into<BtydOptions>) -> Result<BtydFit> {
    let options = options.into();
    options.check()?;
    match options.model {
        BtydModelKind::BgNbd | BtydModelKind::MbgNbd => {
            let groups = purchases(customers)?;
            let extra = u32::from(options.model == BtydModelKind::MbgNbd);
            let starts = beta_geometric_starts(&groups.groups);
            fit(options, groups, |groups| BetaGeometricSample { groups, extra }, &starts)
        }
        BtydModelKind::ParetoNbd => {
            let groups = purchases(customers)?;
            let starts = pareto_starts(&groups.groups);
            fit(options, groups, |groups| ParetoSample { groups }, &starts)
        }
        BtydModelKind::BgBb => {
            let rows = read_occasions(customers)?;
            let key = |history: &OccasionHistory| (history.x, history.t_x, history.n);
            let groups = rows.groups(|history| history.n > 0, key);
            check_telling(&groups, |history| history.x > 0, "bought again")?;
            let starts = [[1.0, 1.0, 0.5, 3.0], [2.0, 2.0, 1.0, 10.0], [0.5, 0.5, 2.0, 2.0]];
            fit(options, groups, |groups| OccasionSample { groups }, &starts)
        }
        BtydModelKind::ShiftedBetaGeometric => {
            let rows = read_contracts(customers)?;
            let groups =
                rows.groups(|contract| contract.periods > 0, |contract| (contract.periods, contract.cancelled));
            check_telling(&groups, |contract| contract.cancelled, "cancelled")?;
            let starts = [1.0, 0.4, 4.0].map(|a| [a, 3.0 * a, 1.0, 1.0]);
            fit(options, groups, |groups| ContractSample { groups }, &starts)
        }
        BtydModelKind::GammaGamma => {
            let rows = read_spends(customers)?;
            let groups = rows.groups(|history| history.x > 0, |history| (history.x, history.mean_spend.to_bits()));
            check_telling(&groups, |_| true, "bought, for a known amount")?;
            let count = groups.customer_count as f64;
            let mean: f64 = groups.groups.iter().map(|(history, weight)| history.mean_spend / count * weight).sum();
            let starts = [(5.0, 4.0), (1.0, 2.0), (20.0, 3.0)].map(|(p, q)| [p, q, mean * (q - 1.0) / p, 1.0]);
            fit(options, groups, |groups| SpendSample { groups }, &starts)
        }
    }
}

fn purchases(customers: &Table) -> Result<Groups<PurchaseHistory>> {
    let groups = read_histories(customers)?.equal();
    check_telling(&groups, |history| history.x > 0, "bought again")?;
    Ok(groups)
}

/// Refuses customers of whom none has done what the model is about.
fn check_telling<T>(groups: &Groups<T>, tells: impl Fn(&T) -> bool, what: &str) -> Result<()> {
    if groups.customer_count == 0 {
        return Err(empty(format!(
            "there is nothing to fit: no customer, or none that says anything ({} rows left out)",
            groups.left_out_count
        )));
    }
    if groups.groups.iter().any(|(customer, _)| tells(customer)) {
        return Ok(());
    }
    let count = groups.customer_count;
    Err(invalid_argument(format!(
        "none of {count} customers has {what}: they say nothing of what the model is about; observe them for longer"
    )))
}

/// Purchases per unit of time and the mean time observed, as far as there is any.
fn pace(groups: &[(PurchaseHistory, f64)]) -> (f64, f64) {
    let (mut count, mut repeats, mut time) = (0.0, 0.0, 0.0);
    for (history, weight) in groups {
        count += weight;
        repeats += weight * f64::from(history.x);
        time += weight * history.age;
    }
    (repeats / time, time / count)
}

fn beta_geometric_starts(groups: &[(PurchaseHistory, f64)]) -> [[f64; PARAMETERS_MAX]; 3] {
    let (pace, _) = pace(groups);
    [[0.5, 0.33 / pace, 0.8, 2.5], [2.0, 1.33 / pace, 0.3, 4.0], [0.2, 0.07 / pace, 2.0, 2.0]]
}

fn pareto_starts(groups: &[(PurchaseHistory, f64)]) -> [[f64; PARAMETERS_MAX]; 3] {
    let (pace, time) = pace(groups);
    [[0.6, 0.4 / pace, 0.6, 0.4 * time], [2.0, 1.33 / pace, 1.5, 2.0 * time], [0.3, 0.1 / pace, 0.3, 0.1 * time]]
}

fn fit<T: Copy, L: Likelihood>(
    options: BtydOptions,
    groups: Groups<T>,
    sample: impl Fn(Vec<(T, f64)>) -> L,
    starts: &[[f64; PARAMETERS_MAX]],
) -> Result<BtydFit> {
    let part = sample(groups.some(PART_GROUPS));
    let larger_part = (groups.groups.len() >= LARGE_GROUPS).then(|| sample(groups.some(LARGER_PART_GROUPS)));
    let Groups { groups, customer_count, left_out_count } = groups;
    let group_count = groups.len() as u64;
    let likelihood = sample(groups);
    let maximum =
        climb_from_all(&likelihood, &part, larger_part.as_ref(), starts, options.ridge, options.iterations_max);
    let Maximum { parameters, log_likelihood, iteration_count, converged, .. } = maximum;
    let report = report(&maximum, options.model);
    Ok(BtydFit {
        model: BtydModel::of(options.model, parameters),
        parameters: report.parameters,
        covariance: report.covariance,
        condition: report.condition,
        notes: report.notes,
        options,
        log_likelihood,
        customer_count,
        group_count,
        left_out_count,
        iteration_count,
        converged,
    })
}

impl BtydFit {
    /// A row per parameter: `parameter`, `value`, `standard_error`, `log_standard_error`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.parameters;
        Table::new(rows.len())
            .with("parameter", rows.iter().map(|one| one.name.as_str()).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|one| one.value).collect::<Vec<_>>())?
            .with("standard_error", rows.iter().map(|one| one.standard_error).collect::<Vec<_>>())?
            .with("log_standard_error", rows.iter().map(|one| one.log_standard_error).collect::<Vec<_>>())
    }

    /// A row per pair of parameters: `parameter`, `other`, `covariance`; no row where the data do not settle all.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_covariance_table(&self) -> Result<Table> {
        let cells: Vec<f64> = self.covariance.iter().flatten().flatten().copied().collect();
        let names = || self.parameters.iter().map(|one| one.name.as_str());
        let pairs: Vec<(&str, &str)> = names().flat_map(|one| names().map(move |other| (one, other))).collect();
        let pairs = if cells.is_empty() { Vec::new() } else { pairs };
        Table::new(cells.len())
            .with("parameter", pairs.iter().map(|pair| pair.0).collect::<Vec<_>>())?
            .with("other", pairs.iter().map(|pair| pair.1).collect::<Vec<_>>())?
            .with("covariance", cells)
    }

    /// One row: `model`, `log_likelihood`, `customer_count`, `group_count`, `left_out_count`, `iteration_count`,
    /// `converged`, `condition`, `weak`, whether there is a note.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        Table::new(1)
            .with("model", vec![self.options.model.name()])?
            .with("log_likelihood", vec![self.log_likelihood])?
            .with("customer_count", vec![self.customer_count as i64])?
            .with("group_count", vec![self.group_count as i64])?
            .with("left_out_count", vec![self.left_out_count as i64])?
            .with("iteration_count", vec![self.iteration_count])?
            .with("converged", vec![self.converged])?
            .with("condition", vec![self.condition])?
            .with("weak", vec![!self.notes.is_empty()])
    }

    /// A row per note: `kind`, `parameter`, `message`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_note_table(&self) -> Result<Table> {
        FitNote::table(&self.notes)
    }
}
