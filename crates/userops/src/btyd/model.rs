//! A model with its parameters, and the scores of the customers of a table.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::bg_bb::{BgBb, read_occasions};
use super::bg_nbd::BgNbd;
use super::gamma_gamma::{GammaGamma, read_spends};
use super::mbg_nbd::MbgNbd;
use super::newton::PARAMETERS_MAX;
use super::options::{BtydModelKind, BtydScoreOptions};
use super::pareto_nbd::ParetoNbd;
pub(crate) use super::score::PurchaseModel;
use super::score::score_purchases;
use super::shifted_beta_geometric::{ShiftedBetaGeometric, read_periods};
use crate::error::{Result, invalid_argument, invalid_definition};
use crate::table::Table;

/// The most occasions or periods that a score looks ahead: each costs a step.
pub const STEPS_MAX: u32 = 1_000_000;
/// Rows that one task takes.
const CHUNK: usize = 4_096;

/// A model with its parameters: all that is needed to score a customer. Serde writes its kind as `model` beside them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "model", rename_all = "snake_case")]
pub enum BtydModel {
    /// See [`BgNbd`].
    BgNbd(BgNbd),
    /// See [`MbgNbd`].
    MbgNbd(MbgNbd),
    /// See [`ParetoNbd`].
    ParetoNbd(ParetoNbd),
    /// See [`BgBb`].
    BgBb(BgBb),
    /// See [`ShiftedBetaGeometric`].
    ShiftedBetaGeometric(ShiftedBetaGeometric),
    /// See [`GammaGamma`].
    GammaGamma(GammaGamma),
}

impl BtydModel {
    /// The model of a kind with these parameters, in order; those past the last are not looked at.
    pub(crate) fn of(kind: BtydModelKind, [one, two, three, four]: [f64; PARAMETERS_MAX]) -> Self {
        match kind {
            BtydModelKind::BgNbd => Self::BgNbd(BgNbd { r: one, alpha: two, a: three, b: four }),
            BtydModelKind::MbgNbd => Self::MbgNbd(MbgNbd { r: one, alpha: two, a: three, b: four }),
            BtydModelKind::ParetoNbd => Self::ParetoNbd(ParetoNbd { r: one, alpha: two, s: three, beta: four }),
            BtydModelKind::BgBb => Self::BgBb(BgBb { alpha: one, beta: two, gamma: three, delta: four }),
            BtydModelKind::ShiftedBetaGeometric => {
                Self::ShiftedBetaGeometric(ShiftedBetaGeometric { alpha: one, beta: two })
            }
            BtydModelKind::GammaGamma => Self::GammaGamma(GammaGamma { p: one, q: two, v: three }),
        }
    }

    /// Which model it is.
    #[must_use]
    pub fn kind(&self) -> BtydModelKind {
        match self {
            Self::BgNbd(_) => BtydModelKind::BgNbd,
            Self::MbgNbd(_) => BtydModelKind::MbgNbd,
            Self::ParetoNbd(_) => BtydModelKind::ParetoNbd,
            Self::BgBb(_) => BtydModelKind::BgBb,
            Self::ShiftedBetaGeometric(_) => BtydModelKind::ShiftedBetaGeometric,
            Self::GammaGamma(_) => BtydModelKind::GammaGamma,
        }
    }

    /// The parameters with their names, in order.
    #[must_use]
    pub fn parameters(&self) -> Vec<(&'static str, f64)> {
        let values = match *self {
            Self::BgNbd(BgNbd { r, alpha, a, b }) | Self::MbgNbd(MbgNbd { r, alpha, a, b }) => vec![r, alpha, a, b],
            Self::ParetoNbd(ParetoNbd { r, alpha, s, beta }) => vec![r, alpha, s, beta],
            Self::BgBb(BgBb { alpha, beta, gamma, delta }) => vec![alpha, beta, gamma, delta],
            Self::ShiftedBetaGeometric(ShiftedBetaGeometric { alpha, beta }) => vec![alpha, beta],
            Self::GammaGamma(GammaGamma { p, q, v }) => vec![p, q, v],
        };
        self.kind().parameter_names().iter().copied().zip(values).collect()
    }

    /// The model as one of purchases at any time.
    ///
    /// # Errors
    /// `InvalidArgument` where it is none.
    pub(crate) fn purchases(&self) -> Result<Box<dyn PurchaseModel>> {
        match self {
            Self::BgNbd(model) => Ok(Box::new(model.inner())),
            Self::MbgNbd(model) => Ok(Box::new(model.inner())),
            Self::ParetoNbd(model) => Ok(Box::new(*model)),
            Self::BgBb(_) | Self::ShiftedBetaGeometric(_) | Self::GammaGamma(_) => Err(invalid_argument(format!(
                "{} is no model of purchases at any time: take bg_nbd, mbg_nbd or pareto_nbd",
                self.kind().name()
            ))),
        }
    }

    /// Refuses parameters that are not finite and above 0.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the parameter.
    pub fn check(&self) -> Result<()> {
        match self.parameters().into_iter().find(|(_, value)| !value.is_finite() || *value <= 0.0) {
            Some((name, value)) => Err(invalid_definition(format!(
                "the parameter {name} of {} is {value}; it is finite and above 0",
                self.kind().name()
            ))),
            None => Ok(()),
        }
    }

    /// The scores of the customers of a table, a row for each; unknown where the row is.
    ///
    /// | model | columns read | columns told |
    /// | --- | --- | --- |
    /// | BG/NBD, MBG/NBD, Pareto/NBD | `x`, `t_x`, `T` | `alive_probability`; with a horizon `expected_purchases`, `no_purchase_probability`; with a discount, of Pareto/NBD, `discounted_purchases` |
    /// | BG/BB | `x`, `t_x`, `n` | the first three, for the next occasion or the next `horizon` of them |
    /// | shifted beta-geometric | `duration` | `survival_ratio`, `retention_ratio`; with a discount `discounted_lifetime` |
    /// | Gamma-Gamma | `x`, `mean_spend` | `expected_spend`, unknown where it is infinite |
    ///
    /// Takes some tens of nanoseconds for each row of purchases at any time, less where many customers are equal.
    ///
    /// # Errors
    /// `InvalidDefinition` for parameters that are none; `UnknownName`, `TypeMismatch` and `InvalidArgument` for the
    /// columns, for a horizon or a discount that is none, and where the model has no use for it.
    pub fn score(&self, customers: &Table, options: impl Into<BtydScoreOptions>) -> Result<Table> {
        self.check()?;
        let BtydScoreOptions { horizon, discount_rate: discount } = options.into();
        check_options(self.kind(), horizon, discount)?;
        match self {
            Self::BgNbd(model) => score_purchases(customers, horizon, discount, &model.inner()),
            Self::MbgNbd(model) => score_purchases(customers, horizon, discount, &model.inner()),
            Self::ParetoNbd(model) => score_purchases(customers, horizon, discount, model),
            Self::BgBb(model) => {
                let rows = read_occasions(customers)?.rows;
                let steps = horizon.map(occasions).transpose()?;
                let told = [
                    Some(("alive_probability", told(&rows, |row| Some(model.alive_probability(row))))),
                    steps.map(|t| ("expected_purchases", told(&rows, |row| Some(model.expected_purchases(row, t))))),
                    steps.map(|t| {
                        ("no_purchase_probability", told(&rows, |row| Some(model.no_purchase_probability(row, t))))
                    }),
                ];
                table_of(rows.len(), told)
            }
            Self::ShiftedBetaGeometric(model) => {
                let rows = read_periods(customers)?.rows;
                let lifetime =
                    |row: &u32| discount.and_then(|rate| model.discounted_lifetime(*row, rate).ok().flatten());
                let told = [
                    Some(("survival_ratio", told(&rows, |row| Some(model.survival_ratio(*row))))),
                    Some(("retention_ratio", told(&rows, |row| Some(model.retention_ratio(*row))))),
                    discount.map(|_| ("discounted_lifetime", told(&rows, lifetime))),
                ];
                table_of(rows.len(), told)
            }
            Self::GammaGamma(model) => {
                let rows = read_spends(customers)?.rows;
                table_of(rows.len(), [Some(("expected_spend", told(&rows, |row| model.expected_spend(row))))])
            }
        }
    }

    /// What a new customer will do within each of some horizons: a row for each, with `horizon` and `expected_purchases`,
    /// or, of the shifted beta-geometric model, `survival_ratio`.
    ///
    /// # Errors
    /// `InvalidDefinition` for parameters that are none; `InvalidArgument` for a horizon that is none, and for Gamma-Gamma,
    /// which knows no time.
    pub fn project_new_customer(&self, horizons: &[f64]) -> Result<Table> {
        self.check()?;
        let value = |horizon: f64| {
            check_options(self.kind(), Some(horizon), None)?;
            Ok(match self {
                Self::BgNbd(model) => model.expected_new_purchases(horizon),
                Self::MbgNbd(model) => model.expected_new_purchases(horizon),
                Self::ParetoNbd(model) => model.expected_new_purchases(horizon),
                Self::BgBb(model) => model.expected_new_purchases(occasions(horizon)?),
                Self::ShiftedBetaGeometric(model) => model.survival_ratio(occasions(horizon)?),
                Self::GammaGamma(_) => f64::NAN,
            })
        };
        let is_contract = self.kind() == BtydModelKind::ShiftedBetaGeometric;
        let name = if is_contract { "survival_ratio" } else { "expected_purchases" };
        let values = horizons.iter().map(|horizon| value(*horizon)).collect::<Result<Vec<_>>>()?;
        Table::new(horizons.len()).with("horizon", horizons.to_vec())?.with(name, values)
    }
}

pub(super) fn check_options(kind: BtydModelKind, horizon: Option<f64>, discount: Option<f64>) -> Result<()> {
    let name = kind.name();
    if let Some(horizon) = horizon {
        if kind == BtydModelKind::GammaGamma {
            return Err(invalid_argument(format!("{name} knows no time: leave the horizon out")));
        }
        if !horizon.is_finite() || horizon < 0.0 {
            return Err(invalid_argument(format!("the horizon is {horizon}; it is a time from 0 on")));
        }
    }
    match discount {
        Some(rate) if !rate.is_finite() || rate < 0.0 => {
            Err(invalid_argument(format!("discount_rate is {rate}; it is a number from 0 on for one unit of time")))
        }
        Some(_) if !matches!(kind, BtydModelKind::ParetoNbd | BtydModelKind::ShiftedBetaGeometric) => {
            Err(invalid_argument(format!(
                "{name} has no closed form with a discount: take pareto_nbd, or leave discount_rate out"
            )))
        }
        _ => Ok(()),
    }
}

/// A horizon as a number of occasions or periods.
pub(super) fn occasions(horizon: f64) -> Result<u32> {
    if horizon.fract() == 0.0 && (0.0..=f64::from(STEPS_MAX)).contains(&horizon) {
        return Ok(horizon as u32);
    }
    Err(invalid_argument(format!("the horizon is {horizon}; it is a whole number of occasions, at most {STEPS_MAX}")))
}

/// One value for each row that is known, by rayon's threads.
fn told<T: Sync>(rows: &[Option<T>], value: impl Fn(&T) -> Option<f64> + Sync) -> Vec<Option<f64>> {
    let part = |chunk: &[Option<T>]| chunk.iter().map(|row| row.as_ref().and_then(&value)).collect::<Vec<_>>();
    rows.par_chunks(CHUNK).flat_map_iter(part).collect()
}

/// A column that is told where it is asked for, with its name.
type Told<'a> = Option<(&'a str, Vec<Option<f64>>)>;

fn table_of<const N: usize>(len: usize, columns: [Told<'_>; N]) -> Result<Table> {
    columns.into_iter().flatten().try_fold(Table::new(len), |table, (name, column)| table.with(name, column))
}
