//! Buying till you die: how often customers will buy again, who is still there, and what a purchase will be worth.
//!
//! Where no contract ends, nobody says when a customer has left. These models tell from how often and how lately each
//! customer bought, against all others. A population is fitted by [`fit_btyd`] into a [`BtydModel`], which serde writes and
//! reads, and which scores one customer as a pure function: the probability of being there still, how many purchases to
//! expect, the probability of none.
//!
//! | model | purchases | leaving |
//! | --- | --- | --- |
//! | [`BgNbd`] | any time | after a repeat purchase: who has bought once is there for certain |
//! | [`MbgNbd`] | any time | after any purchase |
//! | [`ParetoNbd`] | any time | any time |
//! | [`BgBb`] | at fixed occasions | before an occasion |
//! | [`ShiftedBetaGeometric`] | contracts renewed each period | cancelling at its end, which is seen |
//! | [`GammaGamma`] | what they are worth | — |
//!
//! [`summarise_purchases`] makes their input of an event log.
//!
//! ```
//! use userops::btyd::{BtydModel, MbgNbd, PurchaseHistory};
//!
//! // Weeks; the parameters of CDNOW's customers in 1997.
//! let model = MbgNbd { r: 0.525, alpha: 6.183, a: 0.891, b: 1.614 };
//! let lately = PurchaseHistory::new(2, 30.43, 38.86)?;
//! let once = PurchaseHistory::new(0, 0.0, 38.86)?;
//! assert!((model.alive_probability(&lately) - 0.706).abs() < 1e-3);
//! assert!((model.alive_probability(&once) - 0.390).abs() < 1e-3);
//! assert!((model.expected_purchases(&lately, 39.0) - 1.263).abs() < 1e-3);
//!
//! let text = serde_json::to_string(&BtydModel::MbgNbd(model)).unwrap_or_default();
//! assert_eq!(text, r#"{"model":"mbg_nbd","r":0.525,"alpha":6.183,"a":0.891,"b":1.614}"#);
//! # Ok::<(), userops::error::Error>(())
//! ```

mod beta_geometric;
mod bg_bb;
mod bg_nbd;
mod fit;
mod gamma_gamma;
mod history;
mod mbg_nbd;
mod model;
mod newton;
mod next_purchase;
mod note;
mod options;
mod pareto_likelihood;
mod pareto_nbd;
mod purchase;
mod quadrature;
mod read;
mod repeat;
mod score;
mod series;
mod shifted_beta_geometric;
mod simulation;
mod special;

pub use bg_bb::{BgBb, OCCASIONS_MAX, OccasionHistory};
pub use bg_nbd::BgNbd;
pub use fit::{BtydFit, FittedParameter, fit_btyd};
pub(crate) use gamma_gamma::read_spends;
pub use gamma_gamma::{GammaGamma, SpendHistory};
pub(crate) use history::read_histories;
pub use history::{PurchaseHistory, REPEATS_MAX};
pub use mbg_nbd::MbgNbd;
pub(crate) use model::PurchaseModel;
pub use model::{BtydModel, STEPS_MAX};
pub use next_purchase::{NextPurchaseOptions, NextPurchaseReview};
pub use note::{CORRELATION_MAX, FitNote, FitNoteKind, LOG_ERROR_MAX};
pub use options::{BtydModelKind, BtydOptions, BtydScoreOptions, ITERATIONS_MAX};
pub use pareto_nbd::ParetoNbd;
pub use purchase::{CustomerPurchases, PurchaseOptions, PurchaseSummary, summarise_purchases};
pub(crate) use read::{has, numbers};
pub use shifted_beta_geometric::{Contract, PERIODS_MAX, ShiftedBetaGeometric};
pub use simulation::BtydSimulationOptions;

#[cfg(test)]
mod tests {
    use super::newton::{Likelihood, PARAMETERS_MAX, cell};

    /// Holds slope and curvature against differences of the value and of the slope.
    pub(super) fn check_derivatives<L: Likelihood>(likelihood: &L, at: [f64; PARAMETERS_MAX]) {
        let here = likelihood.at(&at);
        for index in 0..L::COUNT {
            let step = 1e-5 * at[index];
            let moved = |sign: f64| {
                let mut parameters = at;
                parameters[index] += sign * step;
                likelihood.at(&parameters)
            };
            let (up, down) = (moved(1.0), moved(-1.0));
            let slope = (up.value - down.value) / (2.0 * step);
            let scale = 1.0 + here.slope[index].abs();
            assert!((slope - here.slope[index]).abs() < 1e-6 * scale, "slope {index}: {slope} {:?}", here.slope);
            for other in 0..L::COUNT {
                let curve = (up.slope[other] - down.slope[other]) / (2.0 * step);
                let found = here.curve[cell(index, other)];
                assert!((curve - found).abs() < 1e-6 * (1.0 + found.abs()), "{index} {other}: {curve} {found}");
            }
        }
    }
}
