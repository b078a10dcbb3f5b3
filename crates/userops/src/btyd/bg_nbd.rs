//! BG/NBD: customers may leave after each repeat purchase.

use serde::{Deserialize, Serialize};

use super::beta_geometric::BetaGeometric;
use super::history::PurchaseHistory;
use super::model::PurchaseModel;

/// The BG/NBD model: Fader, Hardie, Lee, "Counting Your Customers the Easy Way", Marketing Science 24 (2005).
///
/// While a customer is there, purchases are a Poisson process; its rate is Γ(r, α) among customers. After each repeat
/// purchase the customer leaves with a probability that is B(a, b) among customers. So who has bought once cannot have
/// left, and the probability of being there is 1: ask for the probability of no purchase, or take another model.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BgNbd {
    /// How alike purchase rates are.
    pub r: f64,
    /// The scale of purchase rates, which are r / α in the mean; a time in the unit of the data.
    pub alpha: f64,
    /// With b: the probability to leave is a / (a + b) in the mean.
    pub a: f64,
    /// The greater a + b, the more alike probabilities to leave are.
    pub b: f64,
}

/// The functions that a model of this family offers, by its inner form.
macro_rules! beta_geometric_model {
    ($model:ident, $extra:literal) => {
        impl $model {
            pub(super) const EXTRA: u32 = $extra;

            pub(super) fn inner(&self) -> BetaGeometric {
                let Self { r, alpha, a, b } = *self;
                BetaGeometric { r, alpha, a, b, extra: Self::EXTRA }
            }

            /// The logarithm of the likelihood of one customer.
            #[must_use]
            pub fn log_likelihood(&self, history: &PurchaseHistory) -> f64 {
                self.inner().log_likelihood(history)
            }

            /// The probability that the customer is there still.
            #[must_use]
            pub fn alive_probability(&self, history: &PurchaseHistory) -> f64 {
                self.inner().alive(history)
            }

            /// How many purchases the customer will make within `t`, in the mean.
            #[must_use]
            pub fn expected_purchases(&self, history: &PurchaseHistory, t: f64) -> f64 {
                let inner = self.inner();
                inner.expected(inner.alive(history), history, t)
            }

            /// How many repeat purchases a new customer will make within `t`, in the mean.
            #[must_use]
            pub fn expected_new_purchases(&self, t: f64) -> f64 {
                self.inner().expected_new(t)
            }

            /// The probability that the customer buys nothing within `t`.
            #[must_use]
            pub fn no_purchase_probability(&self, history: &PurchaseHistory, t: f64) -> f64 {
                let inner = self.inner();
                inner.quiet(inner.alive(history), history, t)
            }
        }
    };
}
pub(super) use beta_geometric_model;

beta_geometric_model!(BgNbd, 0);
