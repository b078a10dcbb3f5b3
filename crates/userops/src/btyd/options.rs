//! Which model is fitted and how, and what is asked of it.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument};

/// More steps than any fit with a maximum takes.
pub const ITERATIONS_MAX: u32 = 200;

/// The models of buying till you die.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BtydModelKind {
    /// [`BgNbd`](super::BgNbd): reads `x`, `t_x`, `T`.
    BgNbd,
    /// [`MbgNbd`](super::MbgNbd): reads `x`, `t_x`, `T`.
    MbgNbd,
    /// [`ParetoNbd`](super::ParetoNbd): reads `x`, `t_x`, `T`.
    ParetoNbd,
    /// [`BgBb`](super::BgBb): reads `x`, `t_x`, `n`.
    BgBb,
    /// [`ShiftedBetaGeometric`](super::ShiftedBetaGeometric): reads `duration`, `event`.
    ShiftedBetaGeometric,
    /// [`GammaGamma`](super::GammaGamma): reads `x`, `mean_spend`.
    GammaGamma,
}

impl BtydModelKind {
    /// Every kind.
    pub const ALL: [Self; 6] =
        [Self::BgNbd, Self::MbgNbd, Self::ParetoNbd, Self::BgBb, Self::ShiftedBetaGeometric, Self::GammaGamma];

    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::BgNbd => "bg_nbd",
            Self::MbgNbd => "mbg_nbd",
            Self::ParetoNbd => "pareto_nbd",
            Self::BgBb => "bg_bb",
            Self::ShiftedBetaGeometric => "shifted_beta_geometric",
            Self::GammaGamma => "gamma_gamma",
        }
    }

    /// The names of the parameters, in order.
    #[must_use]
    pub const fn parameter_names(self) -> &'static [&'static str] {
        match self {
            Self::BgNbd | Self::MbgNbd => &["r", "alpha", "a", "b"],
            Self::ParetoNbd => &["r", "alpha", "s", "beta"],
            Self::BgBb => &["alpha", "beta", "gamma", "delta"],
            Self::ShiftedBetaGeometric => &["alpha", "beta"],
            Self::GammaGamma => &["p", "q", "v"],
        }
    }
}

fn iterations_max() -> u32 {
    ITERATIONS_MAX
}

/// How a model is fitted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BtydOptions {
    /// The model.
    pub model: BtydModelKind,
    /// What is taken off the log-likelihood for each parameter: so many times the square of its natural logarithm. It
    /// draws parameters towards 1, and keeps those that the data say nothing of from running away; 0 for none.
    #[serde(default)]
    pub ridge: f64,
    /// The most steps of a fit.
    #[serde(default = "iterations_max")]
    pub iterations_max: u32,
    /// What one unit of time is, such as "week": only kept with the model, for those who read its numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_unit: Option<String>,
}

impl From<BtydModelKind> for BtydOptions {
    fn from(model: BtydModelKind) -> Self {
        Self::new(model)
    }
}

impl BtydOptions {
    /// The likeliest parameters of a model.
    #[must_use]
    pub fn new(model: BtydModelKind) -> Self {
        Self { model, ridge: 0.0, iterations_max: ITERATIONS_MAX, time_unit: None }
    }

    /// The same with a ridge.
    #[must_use]
    pub fn ridge(mut self, ridge: f64) -> Self {
        self.ridge = ridge;
        self
    }

    /// The same with at most so many steps.
    #[must_use]
    pub fn iterations_max(mut self, iterations_max: u32) -> Self {
        self.iterations_max = iterations_max;
        self
    }

    /// The same with a name for the unit of time.
    #[must_use]
    pub fn time_unit(mut self, unit: impl Into<String>) -> Self {
        self.time_unit = Some(unit.into());
        self
    }

    /// Refuses a ridge that is none, and a fit without steps.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the option and its bound.
    pub fn check(&self) -> Result<()> {
        if !self.ridge.is_finite() || self.ridge < 0.0 {
            return Err(invalid_argument(format!(
                "ridge is {}; it is a number from 0 on, where 0 is none",
                self.ridge
            )));
        }
        if self.iterations_max == 0 {
            return Err(invalid_argument("iterations_max is 0; a fit takes at least one step"));
        }
        Ok(())
    }
}

/// What is asked of each customer.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BtydScoreOptions {
    /// How far to look ahead, in the unit of the data, or in occasions of BG/BB. Without it only the probability of being
    /// there is told.
    pub horizon: Option<f64>,
    /// How much less a purchase is worth for each unit of time until it is made: e^(−rate) of Pareto/NBD, 1 / (1 + rate) a
    /// period of the shifted beta-geometric model.
    pub discount_rate: Option<f64>,
}

impl BtydScoreOptions {
    /// Looks so far ahead.
    #[must_use]
    pub fn horizon(mut self, horizon: f64) -> Self {
        self.horizon = Some(horizon);
        self
    }

    /// The same with a discount.
    #[must_use]
    pub fn discount_rate(mut self, rate: f64) -> Self {
        self.discount_rate = Some(rate);
        self
    }
}
