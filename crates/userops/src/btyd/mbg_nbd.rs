//! MBG/NBD: customers may leave after each purchase, the first one included.

use serde::{Deserialize, Serialize};

use super::beta_geometric::BetaGeometric;
use super::bg_nbd::beta_geometric_model;
use super::history::PurchaseHistory;
use super::model::PurchaseModel;

/// The MBG/NBD model: Batislam, Denizel, Filiztekin, "Empirical validation and comparison of models for customer base
/// analysis", International Journal of Research in Marketing 24 (2007).
///
/// As [`BgNbd`](super::BgNbd), but the customer may leave after the first purchase as well, so that of those who bought
/// once not all are taken to be there.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MbgNbd {
    /// How alike purchase rates are.
    pub r: f64,
    /// The scale of purchase rates, which are r / α in the mean; a time in the unit of the data.
    pub alpha: f64,
    /// With b: the probability to leave is a / (a + b) in the mean.
    pub a: f64,
    /// The greater a + b, the more alike probabilities to leave are.
    pub b: f64,
}

beta_geometric_model!(MbgNbd, 1);
