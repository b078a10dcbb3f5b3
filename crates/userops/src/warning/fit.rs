//! Fits a model to a log's own past, and holds it against what came later.

use serde::{Deserialize, Serialize};

use super::evaluation::{RankingEvaluation, TopShare, calibration_table, evaluation_table, top_table};
use super::feature::WarningFeature;
use super::history::read_histories;
use super::learn::{Learnt, Past, calibrate, check_training, evaluate, learn};
use super::model::WarningModel;
use super::note::WarningNote;
use super::options::WarningOptions;
use super::population::WarningPopulation;
use crate::column::Column;
use crate::error::Result;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{Span, Timestamp};

/// What an instant of the past is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningCutKind {
    /// Coefficients are learnt from it.
    Training,
    /// Probabilities are put right by it.
    Calibration,
    /// The model is judged by it, and by nothing else.
    Test,
}

impl WarningCutKind {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Training => "training",
            Self::Calibration => "calibration",
            Self::Test => "test",
        }
    }
}

/// An instant of the past, of which it is known who was lost within the horizon after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningCut {
    /// What it is used for.
    pub kind: WarningCutKind,
    /// The instant.
    pub at: Timestamp,
    /// How many users were at risk.
    pub user_count: u64,
    /// How many of them were lost.
    pub lost_count: u64,
}

/// By what users of the test are ranked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WarningRanking {
    /// The probability of the model.
    Model,
    /// The days since the last active one.
    SilenceDays,
    /// 1 less the probability of being there still, by MBG/NBD.
    GoneProbability,
    /// The probability of no active day within the horizon, by MBG/NBD.
    NoActivityProbability,
    /// The same probability for all: the share of users learnt from that were lost.
    BaseRatio,
}

impl WarningRanking {
    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::SilenceDays => "silence_days",
            Self::GoneProbability => "gone_probability",
            Self::NoActivityProbability => "no_activity_probability",
            Self::BaseRatio => "base_ratio",
        }
    }
}

/// How well a ranking did on the test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningEvaluation {
    /// By what users are ranked.
    pub ranking: WarningRanking,
    /// How well it did.
    pub evaluation: RankingEvaluation,
}

/// A model that was fitted to a log's past, and how well it did afterwards.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningFit {
    /// The instant of evaluation: no later event has any say.
    pub as_of: Timestamp,
    /// The model: all that a score needs.
    pub model: WarningModel,
    /// The standard error of the intercept; `None` where there is no maximum.
    pub intercept_standard_error: Option<f64>,
    /// The instants, from the earliest on.
    pub cuts: Vec<WarningCut>,
    /// The model and what is simpler, on the test; empty where nobody was at risk then.
    pub evaluations: Vec<WarningEvaluation>,
    /// How many steps the fit took.
    pub iteration_count: u32,
    /// Whether it came to a maximum.
    pub converged: bool,
    /// What is weak; empty where nothing is.
    pub notes: Vec<WarningNote>,
}

/// Learns from a log's own past who will be lost.
///
/// With h the horizon, users at risk at each training instant (as_of − 3h, as_of − 4h …) are labelled by whether they
/// were active in the h after it. A logistic regression with a ridge is fitted to their signals, each less its mean and
/// divided by its deviation, an unknown one being 0. Those at risk at as_of − 2h put its log-odds right (Platt,
/// "Probabilistic outputs for support vector machines and comparisons to regularized likelihood methods", 1999): a
/// logistic regression of being lost on the log-odds, with targets (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2). Those at risk
/// at as_of − h judge the model, and nothing else. No outcome that is learnt from, or put right by, lies after the
/// instant at which the model is judged.
///
/// Users are held against the population of the earliest training instant, at every instant. With several
/// training instants a user is learnt from several times, and standard errors are smaller than they should be.
///
/// # Errors
/// Those of the options, and of events, properties and filters; `Empty` where nobody is at risk to learn from, such as
/// where the log is shorter than three horizons; `InvalidArgument` where all of those, or none, were lost. What is
/// merely weak is told in [`WarningFit::notes`].
pub fn fit_warning(log: &EventLog, as_of: Timestamp, options: impl Into<WarningOptions>) -> Result<WarningFit> {
    let options = options.into();
    options.check()?;
    let horizons = 2 + i64::from(options.training_cut_count);
    let at = |back: i64| as_of.plus(Span::from_days(-back * i64::from(options.horizon_days)));
    let (histories, today) = read_histories(log, at(horizons), &options)?;
    let (population, mut notes) = WarningPopulation::of(&histories, today);
    let past = Past { log, options: &options, population };
    let training = (3..=horizons).rev().map(|back| past.cut(at(back), as_of, back)).collect::<Result<Vec<_>>>()?;
    let (calibration, test) = (past.cut(at(2), as_of, 2)?, past.cut(at(1), as_of, 1)?);
    check_training(&training, &options)?;

    let learnt = learn(&training, population, &options, &mut notes)?;
    let Learnt { mut model, maximum } = learnt;
    model.calibration = calibrate(&model, &calibration, &mut notes);
    let evaluations = evaluate(&model, &training, &test, &mut notes)?;
    let kinds = std::iter::repeat_n(WarningCutKind::Training, training.len());
    let kinds = kinds.chain([WarningCutKind::Calibration, WarningCutKind::Test]);
    let cuts = training.iter().chain([&calibration, &test]).zip(kinds).map(|(cut, kind)| cut.summary(kind)).collect();
    Ok(WarningFit {
        as_of,
        intercept_standard_error: maximum.covariance.as_ref().map(|cells| cells[0].sqrt()),
        model,
        cuts,
        evaluations,
        iteration_count: maximum.iteration_count,
        converged: maximum.converged,
        notes,
    })
}

impl WarningFit {
    /// How well a ranking did on the test; `None` where it was not judged.
    #[must_use]
    pub fn evaluation(&self, ranking: WarningRanking) -> Option<&RankingEvaluation> {
        self.evaluations.iter().find(|one| one.ranking == ranking).map(|one| &one.evaluation)
    }

    /// A row for the intercept and for each feature: `feature`, `coefficient` (log-odds for each deviation),
    /// `standard_error`, `mean` and `scale` of the signal.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.model.coefficients;
        let names = std::iter::once("intercept").chain(rows.iter().map(|row| row.feature.name()));
        let values = std::iter::once(self.model.intercept).chain(rows.iter().map(|row| row.coefficient));
        let errors = std::iter::once(self.intercept_standard_error).chain(rows.iter().map(|row| row.standard_error));
        let means = std::iter::once(None).chain(rows.iter().map(|row| Some(row.mean)));
        let scales = std::iter::once(None).chain(rows.iter().map(|row| Some(row.scale)));
        Table::new(rows.len() + 1)
            .with("feature", names.collect::<Vec<_>>())?
            .with("coefficient", values.collect::<Vec<_>>())?
            .with("standard_error", errors.collect::<Vec<_>>())?
            .with("mean", means.collect::<Vec<_>>())?
            .with("scale", scales.collect::<Vec<_>>())
    }

    /// A row per instant: `kind`, `at`, `user_count`, `lost_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_cut_table(&self) -> Result<Table> {
        let rows = &self.cuts;
        Table::new(rows.len())
            .with("kind", rows.iter().map(|row| row.kind.name()).collect::<Vec<_>>())?
            .with("at", Column::Time(rows.iter().map(|row| Some(row.at.as_micros())).collect()))?
            .with("user_count", rows.iter().map(|row| row.user_count as i64).collect::<Vec<_>>())?
            .with("lost_count", rows.iter().map(|row| row.lost_count as i64).collect::<Vec<_>>())
    }

    /// A row per ranking: `ranking`, and the columns of [`RankingEvaluation::to_table`].
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_evaluation_table(&self) -> Result<Table> {
        let rows = &self.evaluations;
        let evaluations: Vec<&RankingEvaluation> = rows.iter().map(|row| &row.evaluation).collect();
        Table::new(rows.len())
            .with("ranking", rows.iter().map(|row| row.ranking.name()).collect::<Vec<_>>())?
            .beside(&evaluation_table(&evaluations)?)
    }

    /// A row per ranking and share: `ranking`, and the columns of [`RankingEvaluation::to_top_table`].
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_top_table(&self) -> Result<Table> {
        let of_one = |one: &WarningEvaluation| vec![one.ranking.name(); one.evaluation.top_shares.len()];
        let names: Vec<&str> = self.evaluations.iter().flat_map(of_one).collect();
        let shares: Vec<&TopShare> = self.evaluations.iter().flat_map(|one| &one.evaluation.top_shares).collect();
        Table::new(names.len()).with("ranking", names)?.beside(&top_table(&shares)?)
    }

    /// What the model foretold on the test and what was observed: [`RankingEvaluation::to_calibration_table`]; no row
    /// where nobody was at risk then.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_calibration_table(&self) -> Result<Table> {
        calibration_table(self.evaluation(WarningRanking::Model).map_or(&[], |one| &one.bins))
    }

    /// A row per note: `kind`, `feature`, `message`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_note_table(&self) -> Result<Table> {
        let rows = &self.notes;
        Table::new(rows.len())
            .with("kind", rows.iter().map(|note| note.kind.name()).collect::<Vec<_>>())?
            .with("feature", rows.iter().map(|note| note.feature.map(WarningFeature::name)).collect::<Vec<_>>())?
            .with("message", rows.iter().map(|note| note.message.as_str()).collect::<Vec<_>>())
    }
}
