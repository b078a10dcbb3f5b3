//! Early warning: who is about to leave, how likely, why, and what it will cost.
//!
//! [`fit_warning`] learns from a log's own past. It goes back to an instant of it, reads what was known of every user
//! then ([`read_features`]: silence beside the user's usual gap, whether activity and behaviour shrink, the rhythm of
//! coming and leaving, complaints, refunds), looks who was not active within a horizon after it, and fits a logistic
//! regression. A later instant puts the probabilities right, and a still later one judges the model beside what is
//! simpler. The [`WarningModel`] scores users as pure functions, says why, and ranks them by the loss to expect.
//!
//! [`evaluate_ranking`] judges any ranking, and [`fit_logistic`] fits any table, by themselves.

mod evaluation;
mod feature;
mod fit;
mod history;
mod learn;
mod logistic;
mod model;
mod note;
mod options;
mod population;
mod score;

pub use evaluation::{
    CALIBRATION_BINS, CALIBRATION_BINS_MAX, CalibrationBin, EvaluationOptions, LOG_LOSS_LEAST, RankingEvaluation,
    TOP_RATIOS, TopShare, evaluate_ranking, evaluate_ranking_table,
};
pub use feature::{UserFeatures, WarningFeature};
pub use fit::{WarningCut, WarningCutKind, WarningEvaluation, WarningFit, WarningRanking, fit_warning};
pub use learn::OUTCOMES_PER_COEFFICIENT_MIN;
pub use logistic::{
    LOGISTIC_COLUMNS_MAX, LOGISTIC_ITERATIONS_MAX, LogisticCoefficient, LogisticFit, LogisticOptions, fit_logistic,
};
pub use model::{WarningCalibration, WarningCoefficient, WarningModel, WarningReason};
pub use note::{WarningNote, WarningNoteKind};
pub use options::{HORIZON_DAYS, RIDGE, SILENCE_DAYS_MAX, TRAINING_CUTS_MAX, WARNING_DAYS_MAX, WarningOptions};
pub use population::{GAP_WEIGHT, GAP_WEIGHT_MAX, WarningFeatures, WarningPopulation, read_features};
pub use score::{
    REASON_COUNT, VALUE_DAYS, WarningScore, WarningScoreOptions, WarningScores, WatchList, WatchListOptions, WatchOrder,
};
