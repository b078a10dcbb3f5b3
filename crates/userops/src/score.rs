//! Scores: a population is fitted into a model, and the model scores one user as a pure function.
//!
//! A score is worked out from plain measures: numbers per user, such as days since the last purchase, purchase days,
//! or revenue in minor units. [`rfm`] grades users by three of them and names groups of grades; [`contribution`] tells
//! core, middle and outer users apart. Every model keeps the cuts it used, scores a user without seeing the
//! population again, and explains itself as an [`Explanation`].
//!
//! The measures are taken as they are: a model neither knows where they come from nor what time it is.
//!
//! [`lead`] is another kind of score: points by rules that people write, for what someone is and does. Nothing is fitted.

pub mod contribution;
mod cut;
mod definition;
pub mod lead;
mod measure;
pub mod rfm;
mod rfm_definition;
mod select;

pub use crate::explanation::Explanation;
pub use cut::{Comparison, CutValues, Cuts};
pub(crate) use definition::SCORE_COLUMNS_MAX;
pub use definition::{ScoreColumns, ScoreDefinition, ScoreKind, ScoreModel};
pub use measure::{Direction, MeasureValue, MeasureValues};
pub use rfm_definition::RfmDefinition;
