//! Fits a model to a log's own past, and holds it against what came later.

use serde::{Deserialize, Serialize};

use super::evaluation::{EvaluationOptions, RankingEvaluation, evaluate_ranking};
use super::feature::WarningFeature;
use super::history::{read_histories, read_losses};
use super::logistic::{LOGISTIC_ITERATIONS_MAX, Maximum, Sample, maximise};
use super::model::{WarningCalibration, WarningCoefficient, WarningModel};
use super::note::{WarningNote, WarningNoteKind};
use super::options::WarningOptions;
use super::population::{WarningFeatures, WarningPopulation};
use crate::column::Column;
use crate::error::{Result, empty, invalid_argument};
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{Span, Timestamp};

/// With fewer outcomes of the rarer kind for each coefficient estimates are unreliable: Peduzzi, Concato, Kemper, Holford,
/// Feinstein, "A simulation study of the number of events per variable in logistic regression analysis", Journal of Clinical
/// Epidemiology 49 (1996).
pub const OUTCOMES_PER_COEFFICIENT_MIN: u64 = 10;
/// A signal that deviates less, beside its size, is the same for all but for rounding.
const DEVIATION_MIN: f64 = 1e-9;

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
/// With h the horizon, users at risk at each training instant (as_of − 3h, as_of − 4h …) are labelled by whether they were
/// active in the h after it. A logistic regression with a ridge is fitted to their signals, each less its mean and divided by
/// its deviation, an unknown one being 0. Those at risk at as_of − 2h put its log-odds right (Platt, "Probabilistic outputs for
/// support vector machines and comparisons to regularized likelihood methods", 1999): a logistic regression of being lost on
/// the log-odds, with targets (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2). Those at risk at as_of − h judge the model, and
/// nothing else. No outcome that is learnt from, or put right by, lies after the instant at which the model is judged.
///
/// Users are held against the population of the earliest training instant, at every instant. With several
/// training instants a user is learnt from several times, and standard errors are smaller than they should be.
///
/// # Errors
/// Those of the options, and of events, properties and filters; `Empty` where nobody is at risk to learn from, such as where the log
/// is shorter than three horizons; `InvalidArgument` where all of those, or none, were lost. What is merely weak is
/// told in [`WarningFit::notes`].
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

/// Users at risk at an instant, and whether each was lost.
struct Labelled {
    features: WarningFeatures,
    lost: Vec<bool>,
}

impl Labelled {
    fn lost_count(&self) -> u64 {
        self.lost.iter().filter(|lost| **lost).count() as u64
    }

    fn summary(&self, kind: WarningCutKind) -> WarningCut {
        let (user_count, lost_count) = (self.lost.len() as u64, self.lost_count());
        WarningCut { kind, at: self.features.at, user_count, lost_count }
    }

    /// How many were lost, or how many were not, whichever is less.
    fn rarer_count(&self) -> u64 {
        self.lost_count().min(self.lost.len() as u64 - self.lost_count())
    }
}

struct Past<'a> {
    log: &'a EventLog,
    options: &'a WarningOptions,
    population: WarningPopulation,
}

impl Past<'_> {
    /// Those at risk `back` horizons before `as_of`, and whether they were lost within one.
    fn cut(&self, at: Timestamp, as_of: Timestamp, back: i64) -> Result<Labelled> {
        let (histories, today) = read_histories(self.log, at, self.options)?;
        let features = WarningFeatures::of(&histories, today, at, self.population, self.options.clone());
        let until = as_of.plus(Span::from_days(-(back - 1) * i64::from(self.options.horizon_days)));
        let lost = read_losses(self.log, &self.options.activity, &features.users, (at, until))?;
        Ok(Labelled { features, lost })
    }
}

fn check_training(training: &[Labelled], options: &WarningOptions) -> Result<()> {
    let users: usize = training.iter().map(|cut| cut.lost.len()).sum();
    let lost: u64 = training.iter().map(Labelled::lost_count).sum();
    let (horizon, at) = (options.horizon_days, training.last().map_or(Timestamp::MIN, |cut| cut.features.at));
    if users == 0 {
        let silence = options.silence_days_max;
        return Err(empty(format!(
            "nobody was at risk at {at}, three horizons of {horizon} days before as_of: active until then, and not silent for \
             more than {silence} days; take a shorter horizon_days, or a log that reaches further back"
        )));
    }
    if lost > 0 && lost < users as u64 {
        return Ok(());
    }
    let (what, way_out) = if lost == 0 { ("none", "shorter") } else { ("all", "longer") };
    Err(invalid_argument(format!(
        "{what} of the {users} users at risk at {at} were lost within {horizon} days: there is nothing to tell apart; take a \
         {way_out} horizon_days, or other events as activity"
    )))
}

struct Learnt {
    model: WarningModel,
    maximum: Maximum,
}

/// Fits the coefficients.
fn learn(
    training: &[Labelled],
    population: WarningPopulation,
    options: &WarningOptions,
    notes: &mut Vec<WarningNote>,
) -> Result<Learnt> {
    let mut coefficients: Vec<WarningCoefficient> = Vec::new();
    for feature in WarningFeature::ALL {
        // What nobody asked for is nothing to note.
        if feature != WarningFeature::ComplaintCount || options.complaints.is_some() {
            coefficients.extend(scale(training, feature, notes));
        }
    }
    let users = || training.iter().flat_map(|cut| cut.features.features.iter());
    let cells: Vec<f64> = users().flat_map(|user| coefficients.iter().map(move |one| one.standardised(user))).collect();
    let targets: Vec<f64> = training.iter().flat_map(|cut| &cut.lost).map(|lost| f64::from(u8::from(*lost))).collect();
    let sample = Sample { columns: coefficients.len(), cells: &cells, targets: &targets };
    let maximum = maximise(&sample, options.ridge, LOGISTIC_ITERATIONS_MAX).map_err(|redundant| {
        let name = redundant.column.checked_sub(1).map_or("intercept", |column| coefficients[column].feature.name());
        invalid_argument(format!("{name} says nothing that other features do not say: take a ridge above 0"))
    })?;
    let size = coefficients.len() + 1;
    for (index, one) in coefficients.iter_mut().enumerate() {
        one.coefficient = maximum.beta[index + 1];
        let cell = (index + 1) * size + index + 1;
        one.standard_error = maximum.covariance.as_ref().map(|cells| cells[cell].sqrt());
    }
    note_weakness(training, &maximum, size, notes);
    let intercept = maximum.beta[0];
    let options = options.clone();
    let model = WarningModel { options, population, intercept, coefficients, calibration: WarningCalibration::NONE };
    Ok(Learnt { model, maximum })
}

/// Mean and deviation of a signal; `None`, with a note, where it does not differ.
fn scale(training: &[Labelled], feature: WarningFeature, notes: &mut Vec<WarningNote>) -> Option<WarningCoefficient> {
    let signals = || training.iter().flat_map(|cut| &cut.features.features).map(|user| user.signal(feature));
    let (known, all) = (signals().flatten().count(), signals().count());
    let name = feature.name();
    let mut note = |kind, message: String| notes.push(WarningNote::new(kind, Some(feature), message));
    if known == 0 {
        note(WarningNoteKind::LeftOut, format!("{name} is unknown for all {all} users learnt from, and left out"));
        return None;
    }
    let mean = signals().flatten().sum::<f64>() / known as f64;
    let squares: f64 = signals().flatten().map(|signal| (signal - mean) * (signal - mean)).sum();
    let scale = (squares / known as f64).sqrt();
    if scale <= DEVIATION_MIN * (1.0 + mean.abs()) {
        note(WarningNoteKind::LeftOut, format!("{name} is the same for all {known} users learnt from, and left out"));
        return None;
    }
    if 2 * known < all {
        note(
            WarningNoteKind::OftenUnknown,
            format!("{name} is known for {known} of {all} users learnt from; the others are taken to be at its mean"),
        );
    }
    Some(WarningCoefficient { feature, mean, scale, coefficient: 0.0, standard_error: None })
}

fn note_weakness(training: &[Labelled], maximum: &Maximum, size: usize, notes: &mut Vec<WarningNote>) {
    let lost: u64 = training.iter().map(Labelled::lost_count).sum();
    let kept: u64 = training.iter().map(|cut| cut.lost.len() as u64).sum::<u64>() - lost;
    let mut note = |kind, message: String| notes.push(WarningNote::new(kind, None, message));
    if lost.min(kept) < OUTCOMES_PER_COEFFICIENT_MIN * size as u64 {
        note(
            WarningNoteKind::FewOutcomes,
            format!(
                "{lost} lost and {kept} kept users for {size} coefficients: with fewer than {OUTCOMES_PER_COEFFICIENT_MIN} of \
                 each for a coefficient none is reliable; take more training cuts, or a greater ridge"
            ),
        );
    }
    if maximum.separated {
        let message = "the features tell the lost from the kept without an error: coefficients are as great as the ridge lets \
                       them be, and probabilities are too sure";
        note(WarningNoteKind::Separated, message.to_owned());
    }
    if !maximum.converged {
        let steps = maximum.iteration_count;
        note(WarningNoteKind::Unsettled, format!("no maximum after {steps} steps: take a ridge above 0"));
    }
}

/// Puts log-odds right by later outcomes; leaves them, with a note, where these say too little.
fn calibrate(model: &WarningModel, cut: &Labelled, notes: &mut Vec<WarningNote>) -> WarningCalibration {
    const COEFFICIENTS: u64 = 2;
    let least = COEFFICIENTS * OUTCOMES_PER_COEFFICIENT_MIN;
    let mut leave = |why: String| {
        let message = format!("probabilities are as the fit has them: {why}");
        notes.push(WarningNote::new(WarningNoteKind::Uncalibrated, None, message));
        WarningCalibration::NONE
    };
    let (lost, kept) = (cut.lost_count(), cut.lost.len() as u64 - cut.lost_count());
    if cut.rarer_count() < least {
        return leave(format!(
            "{lost} users were lost and {kept} kept after {}, and each takes {least}",
            cut.features.at
        ));
    }
    let log_odds: Vec<f64> = cut.features.features.iter().map(|user| model.raw_log_odds(user)).collect();
    let (high, low) = ((lost as f64 + 1.0) / (lost as f64 + 2.0), 1.0 / (kept as f64 + 2.0));
    let targets: Vec<f64> = cut.lost.iter().map(|lost| if *lost { high } else { low }).collect();
    let sample = Sample { columns: 1, cells: &log_odds, targets: &targets };
    match maximise(&sample, 0.0, LOGISTIC_ITERATIONS_MAX) {
        Ok(maximum) if maximum.beta[1] > 0.0 && maximum.beta.iter().all(|beta| beta.is_finite()) => {
            WarningCalibration { intercept: maximum.beta[0], slope: maximum.beta[1] }
        }
        Ok(_) => leave(format!("after {} the model had users in the wrong order", cut.features.at)),
        Err(_) => leave(format!("after {} the model had one probability for all", cut.features.at)),
    }
}

/// Judges the model, and what is simpler, by the users of the test.
fn evaluate(
    model: &WarningModel,
    training: &[Labelled],
    test: &Labelled,
    notes: &mut Vec<WarningNote>,
) -> Result<Vec<WarningEvaluation>> {
    let users = &test.features.features;
    let at = test.features.at;
    if test.rarer_count() == 0 {
        let (all, lost) = (users.len(), test.lost_count());
        let message =
            format!("of {all} users at risk at {at} {lost} were lost: they cannot tell how good the model is");
        notes.push(WarningNote::new(WarningNoteKind::Untested, None, message));
    }
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let all: usize = training.iter().map(|cut| cut.lost.len()).sum();
    let base = training.iter().map(Labelled::lost_count).sum::<u64>() as f64 / all as f64;
    let by =
        |score: &dyn Fn(&super::UserFeatures) -> Option<f64>| users.iter().map(score).collect::<Option<Vec<f64>>>();
    let scores = [
        (WarningRanking::Model, true, by(&|user| Some(model.probability(user)))),
        (WarningRanking::SilenceDays, false, by(&|user| Some(f64::from(user.silence_days)))),
        (WarningRanking::GoneProbability, true, by(&|user| user.alive_probability.map(|alive| 1.0 - alive))),
        (WarningRanking::NoActivityProbability, true, by(&|user| user.no_activity_probability)),
        (WarningRanking::BaseRatio, true, by(&|_| Some(base))),
    ];
    let mut found = Vec::new();
    for (ranking, probabilities, scores) in scores {
        let Some(scores) = scores else { continue };
        let options = EvaluationOptions { probabilities, ..EvaluationOptions::default() };
        found.push(WarningEvaluation { ranking, evaluation: evaluate_ranking(&scores, &test.lost, &options)? });
    }
    note_no_advantage(&found, notes);
    Ok(found)
}

fn note_no_advantage(found: &[WarningEvaluation], notes: &mut Vec<WarningNote>) {
    let auc = |one: &WarningEvaluation| one.evaluation.auc.map(|auc| (one.ranking, auc));
    let Some((_, model)) = found.first().and_then(auc) else { return };
    let best = found.iter().skip(1).filter_map(auc).reduce(|best, other| if other.1 > best.1 { other } else { best });
    if let Some((ranking, best)) = best.filter(|(_, best)| *best >= model) {
        let message = format!(
            "on held-out users the model's AUC of {model:.4} is no better than that of {}, {best:.4}",
            ranking.name()
        );
        notes.push(WarningNote::new(WarningNoteKind::NoAdvantage, None, message));
    }
}

impl WarningFit {
    /// How well a ranking did on the test; `None` where it was not judged.
    #[must_use]
    pub fn evaluation(&self, ranking: WarningRanking) -> Option<&RankingEvaluation> {
        self.evaluations.iter().find(|one| one.ranking == ranking).map(|one| &one.evaluation)
    }

    /// A row for the intercept and for each feature: `feature`, `coefficient` (log-odds for each deviation), `standard_error`,
    /// `mean` and `scale` of the signal.
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
        let floats = |value: fn(&RankingEvaluation) -> Option<f64>| {
            rows.iter().map(|row| value(&row.evaluation)).collect::<Vec<_>>()
        };
        Table::new(rows.len())
            .with("ranking", rows.iter().map(|row| row.ranking.name()).collect::<Vec<_>>())?
            .with("user_count", rows.iter().map(|row| row.evaluation.user_count as i64).collect::<Vec<_>>())?
            .with("positive_count", rows.iter().map(|row| row.evaluation.positive_count as i64).collect::<Vec<_>>())?
            .with("auc", floats(|one| one.auc))?
            .with("average_precision", floats(|one| one.average_precision))?
            .with("brier_score", floats(|one| one.brier_score))?
            .with("log_loss", floats(|one| one.log_loss))?
            .with("expected_calibration_error", floats(|one| one.expected_calibration_error))
    }

    /// A row per ranking and share: `ranking`, and the columns of [`RankingEvaluation::to_top_table`].
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_top_table(&self) -> Result<Table> {
        let rows: Vec<_> = self
            .evaluations
            .iter()
            .flat_map(|one| one.evaluation.top_shares.iter().map(|top| (one.ranking.name(), top)))
            .collect();
        Table::new(rows.len())
            .with("ranking", rows.iter().map(|row| row.0).collect::<Vec<_>>())?
            .with("top_ratio", rows.iter().map(|row| row.1.top_ratio).collect::<Vec<_>>())?
            .with("user_count", rows.iter().map(|row| row.1.user_count as i64).collect::<Vec<_>>())?
            .with("positive_count", rows.iter().map(|row| row.1.positive_count).collect::<Vec<_>>())?
            .with("precision_ratio", rows.iter().map(|row| row.1.precision_ratio).collect::<Vec<_>>())?
            .with("lift", rows.iter().map(|row| row.1.lift).collect::<Vec<_>>())?
            .with("capture_ratio", rows.iter().map(|row| row.1.capture_ratio).collect::<Vec<_>>())
    }

    /// What the model foretold on the test and what was observed: [`RankingEvaluation::to_calibration_table`]; no row where
    /// nobody was at risk then.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_calibration_table(&self) -> Result<Table> {
        const NOBODY: RankingEvaluation = RankingEvaluation {
            user_count: 0,
            positive_count: 0,
            auc: None,
            average_precision: None,
            top_shares: Vec::new(),
            brier_score: None,
            log_loss: None,
            expected_calibration_error: None,
            bins: Vec::new(),
        };
        self.evaluation(WarningRanking::Model).unwrap_or(&NOBODY).to_calibration_table()
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
