//! Customer lifetime value: what customers have brought, and what they will bring.
//!
//! The value of a customer is what purchases leave: historic, of those made; predicted, of those to come. A
//! [`LifetimeValueModel`] puts a model of purchases and one of spend together, and says by which formula, horizon, margin
//! and discount ([`LifetimeValueOptions::formula`]). [`forecast_lifetime_value`] adds how sure the values are, given how sure
//! the parameters are, for one customer, for groups of them and for all. Lost customers are ranked by
//! [`LifetimeValueModel::rank_win_back`]; [`share_of_top`] tells how few carry how much.
//!
//! ```
//! use userops::btyd::{BtydModel, GammaGamma, MbgNbd, PurchaseHistory, SpendHistory};
//! use userops::lifetime_value::{LifetimeValueModel, LifetimeValueOptions};
//!
//! // Weeks and dollars; the parameters of CDNOW's customers in 1997.
//! let model = LifetimeValueModel {
//!     purchases: BtydModel::MbgNbd(MbgNbd { r: 0.525, alpha: 6.183, a: 0.891, b: 1.614 }),
//!     spend: GammaGamma { p: 6.25, q: 3.74, v: 15.45 },
//!     options: LifetimeValueOptions::new(39).margin_ratio(0.3),
//! };
//! let (history, spend) = (PurchaseHistory::new(2, 30.43, 38.86)?, SpendHistory::new(2, 22.35)?);
//! let value = model.predict(&history, &spend)?;
//! assert!((value.expected_purchases.unwrap_or(0.0) - 1.263).abs() < 1e-3);
//! assert!((value.predicted_value.unwrap_or(0.0) - 9.34).abs() < 1e-2);
//! assert_eq!(
//!     model.options.formula(),
//!     "0.3 · expected spend · expected purchases within 39 periods of 1 unit of time"
//! );
//! # Ok::<(), userops::error::Error>(())
//! ```

mod concentration;
mod forecast;
mod group;
mod model;
mod options;
mod win_back;

pub use concentration::{ValueShare, share_of_top};
pub use forecast::{CustomerValue, LifetimeValueForecast, forecast_lifetime_value};
pub use group::{GroupValue, ValueGroups};
pub use model::{LifetimeValueModel, PredictedValue};
pub use options::{LifetimeValueOptions, PERIODS_MAX};
pub use win_back::WinBackOptions;
