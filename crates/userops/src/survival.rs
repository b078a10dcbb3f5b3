//! Survival analysis: how long until something happens, where for some it has not happened yet.
//!
//! A row of a [`Table`](crate::table::Table) is a life: how long it was observed, and whether the event ended it. A
//! life without the event is censored: nothing is known of it but that it lasted at least so long. To leave such rows
//! out, or to take their length for the whole, makes lives look shorter than they are.
//!
//! [`estimate_survival`] gives the share that is left after each time, by group where asked. [`compare_survival`] asks
//! whether groups differ. [`fit_cox`] says by how much each covariate raises or lowers the risk. Durations are of one
//! unit, which is the caller's; answers are of the same.
//!
//! ```
//! use userops::survival::{SurvivalOptions, estimate_survival};
//! use userops::table::Table;
//!
//! // Weeks from the first order to cancelling; two customers of five have not cancelled yet.
//! let lives = Table::new(5)
//!     .with("weeks", vec![2i64, 4, 4, 6, 9])?
//!     .with("cancelled", vec![true, true, false, true, false])?;
//! let survival = estimate_survival(&lives, SurvivalOptions::new("weeks", "cancelled"))?;
//! let curve = &survival.groups[0].curve;
//! assert_eq!(curve.survival_at(4.0), Some(0.8 * 0.75));
//! assert_eq!(curve.quantile(0.5).time, Some(6.0));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod concordance;
mod cox;
mod curve;
mod life;
mod log_rank;
mod newton;
mod options;
mod product_limit;

pub use cox::{CoxCoefficient, CoxFit, fit_cox};
pub use curve::{
    GroupSurvival, RestrictedMean, Survival, SurvivalCurve, SurvivalPoint, SurvivalQuantile, estimate_survival,
};
pub use log_rank::{LogRank, LogRankGroup, compare_survival};
pub use options::{COVARIATES_MAX, CoxOptions, GROUPS_MAX, LogRankOptions, SurvivalInterval, SurvivalOptions};
pub(crate) use product_limit::{ProductLimit, RiskStep, risk_steps};
