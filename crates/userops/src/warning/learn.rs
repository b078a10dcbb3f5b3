//! The steps of a fit: who was lost, what tells, what probabilities are worth.

use super::evaluation::{EvaluationOptions, evaluate_ranking};
use super::feature::{UserFeatures, WarningFeature};
use super::fit::{WarningCut, WarningCutKind, WarningEvaluation, WarningRanking};
use super::history::{read_histories, read_losses};
use super::logistic::{LOGISTIC_ITERATIONS_MAX, Maximum, Sample, maximise};
use super::model::{WarningCalibration, WarningCoefficient, WarningModel};
use super::note::{WarningNote, WarningNoteKind};
use super::options::WarningOptions;
use super::population::{WarningFeatures, WarningPopulation};
use crate::error::{Result, empty, invalid_argument};
use crate::log::EventLog;
use crate::time::{Span, Timestamp};

/// With fewer outcomes of the rarer kind for each coefficient estimates are unreliable: Peduzzi, Concato, Kemper,
/// Holford, Feinstein, "A simulation study of the number of events per variable in logistic regression analysis",
/// Journal of Clinical Epidemiology 49 (1996).
pub const OUTCOMES_PER_COEFFICIENT_MIN: u64 = 10;
/// A signal that deviates less, beside its size, is the same for all but for rounding.
const DEVIATION_MIN: f64 = 1e-9;

/// Users at risk at an instant, and whether each was lost.
pub(super) struct Labelled {
    features: WarningFeatures,
    lost: Vec<bool>,
}

impl Labelled {
    fn lost_count(&self) -> u64 {
        self.lost.iter().filter(|lost| **lost).count() as u64
    }

    pub(super) fn summary(&self, kind: WarningCutKind) -> WarningCut {
        let (user_count, lost_count) = (self.lost.len() as u64, self.lost_count());
        WarningCut { kind, at: self.features.at, user_count, lost_count }
    }

    /// How many were lost, or how many were not, whichever is less.
    fn rarer_count(&self) -> u64 {
        self.lost_count().min(self.lost.len() as u64 - self.lost_count())
    }
}

pub(super) struct Past<'a> {
    pub(super) log: &'a EventLog,
    pub(super) options: &'a WarningOptions,
    pub(super) population: WarningPopulation,
}

impl Past<'_> {
    /// Those at risk `back` horizons before `as_of`, and whether they were lost within one.
    pub(super) fn cut(&self, at: Timestamp, as_of: Timestamp, back: i64) -> Result<Labelled> {
        let (histories, today) = read_histories(self.log, at, self.options)?;
        let features = WarningFeatures::of(&histories, today, at, self.population, self.options.clone());
        let until = as_of.plus(Span::from_days(-(back - 1) * i64::from(self.options.horizon_days)));
        let lost = read_losses(self.log, &self.options.activity, &features.users, (at, until))?;
        Ok(Labelled { features, lost })
    }
}

pub(super) fn check_training(training: &[Labelled], options: &WarningOptions) -> Result<()> {
    let users: usize = training.iter().map(|cut| cut.lost.len()).sum();
    let lost: u64 = training.iter().map(Labelled::lost_count).sum();
    let (horizon, at) = (options.horizon_days, training.last().map_or(Timestamp::MIN, |cut| cut.features.at));
    if users == 0 {
        let silence = options.silence_days_max;
        return Err(empty(format!(
            "nobody was at risk at {at}, three horizons of {horizon} days before as_of: active until then, and not \
             silent for more than {silence} days; take a shorter horizon_days, or a log that reaches further back"
        )));
    }
    if lost > 0 && lost < users as u64 {
        return Ok(());
    }
    let (what, way_out) = if lost == 0 { ("none", "shorter") } else { ("all", "longer") };
    Err(invalid_argument(format!(
        "{what} of the {users} users at risk at {at} were lost within {horizon} days: there is nothing to tell apart; \
         take a {way_out} horizon_days, or other events as activity"
    )))
}

pub(super) struct Learnt {
    pub(super) model: WarningModel,
    pub(super) maximum: Maximum,
}

/// Fits the coefficients.
pub(super) fn learn(
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
    let users = || training.iter().flat_map(|cut| &cut.features.features);
    if feature == WarningFeature::Narrowing
        && users().all(|user| user.recent_kind_count.max(user.before_kind_count) < 2)
    {
        note(
            WarningNoteKind::LeftOut,
            format!("{name} is left out: nobody learnt from did two kinds of things in a window"),
        );
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
                "{lost} lost and {kept} kept users for {size} coefficients: with fewer than \
                 {OUTCOMES_PER_COEFFICIENT_MIN} of each for a coefficient none is reliable; take more training \
                 cuts, or a greater ridge"
            ),
        );
    }
    if maximum.separated {
        let message = "the features tell the lost from the kept without an error: coefficients are as great as the \
                       ridge lets them be, and probabilities are too sure";
        note(WarningNoteKind::Separated, message.to_owned());
    }
    if !maximum.converged {
        let steps = maximum.iteration_count;
        note(WarningNoteKind::Unsettled, format!("no maximum after {steps} steps: take a ridge above 0"));
    }
}

/// Puts log-odds right by later outcomes; leaves them, with a note, where these say too little.
pub(super) fn calibrate(model: &WarningModel, cut: &Labelled, notes: &mut Vec<WarningNote>) -> WarningCalibration {
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
pub(super) fn evaluate(
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
    let by = |score: &dyn Fn(&UserFeatures) -> Option<f64>| users.iter().map(score).collect::<Option<Vec<f64>>>();
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
