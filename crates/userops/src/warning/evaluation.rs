//! How well a ranking tells who will be lost: its order, its first places, and what its probabilities are worth.

use serde::{Deserialize, Serialize};

use crate::analytics::interval::{Interval, wilson_interval};
use crate::analytics::top::top_count;
use crate::column::Column;
use crate::error::{Result, empty, invalid_argument, type_mismatch};
use crate::table::Table;

/// The shares of the ranking that campaigns usually reach.
pub const TOP_RATIOS: [f64; 4] = [0.01, 0.05, 0.1, 0.2];
/// Tenths: enough to see a bend, few enough that each holds something.
pub const CALIBRATION_BINS: u32 = 10;
/// The most bins of a calibration.
pub const CALIBRATION_BINS_MAX: u32 = 1_000;
/// A probability of 0 or 1 that is wrong costs as much as one that is this far from it, not infinitely much.
pub const LOG_LOSS_LEAST: f64 = 1e-15;

/// What is asked of a ranking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationOptions {
    /// Whether the scores are probabilities, so that it can be asked whether they are right.
    pub probabilities: bool,
    /// The shares of the ranking, from the highest score on, that are looked at by themselves; each above 0, at most 1.
    pub top_ratios: Vec<f64>,
    /// How many bins a calibration has.
    pub bin_count: u32,
}

impl Default for EvaluationOptions {
    fn default() -> Self {
        Self { probabilities: true, top_ratios: TOP_RATIOS.to_vec(), bin_count: CALIBRATION_BINS }
    }
}

impl EvaluationOptions {
    /// Scores that are in order but are not probabilities, such as days.
    #[must_use]
    pub fn of_scores() -> Self {
        Self { probabilities: false, ..Self::default() }
    }

    /// Refuses shares and bins that are none.
    ///
    /// # Errors
    /// `InvalidArgument`, naming the option and its bounds.
    pub fn check(&self) -> Result<()> {
        if let Some(bad) = self.top_ratios.iter().find(|ratio| !(**ratio > 0.0 && **ratio <= 1.0)) {
            return Err(invalid_argument(format!("top_ratios holds {bad}; a share is above 0 and at most 1")));
        }
        super::options::check_whole("bin_count", self.bin_count, CALIBRATION_BINS_MAX)
    }
}

/// The first places of a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TopShare {
    /// Which share of all it is.
    pub top_ratio: f64,
    /// How many users that is: rounded up.
    pub user_count: u64,
    /// How many of them had the outcome. Of users with the score at the edge as many are taken as there is room for,
    /// each for that part.
    pub positive_count: f64,
    /// The share of them that had the outcome.
    pub precision_ratio: f64,
    /// How many times more that is than among all; `None` where nobody had the outcome.
    pub lift: Option<f64>,
    /// The share of all with the outcome that are among them; `None` where nobody had it.
    pub capture_ratio: Option<f64>,
}

/// Users with about the same probability.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CalibrationBin {
    /// Which bin, from 0, by rank.
    pub bin: u32,
    /// How many users it holds.
    pub user_count: u64,
    /// The least probability.
    pub lowest: f64,
    /// The greatest.
    pub highest: f64,
    /// What was foretold: their mean.
    pub predicted_ratio: f64,
    /// How many had the outcome.
    pub positive_count: u64,
    /// The share that had it.
    pub observed_ratio: f64,
    /// The 95 % interval of that share; see [`wilson_interval`].
    pub interval: Option<Interval>,
}

/// How well a ranking did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RankingEvaluation {
    /// How many users were ranked.
    pub user_count: u64,
    /// How many had the outcome.
    pub positive_count: u64,
    /// The chance that of two users, one with the outcome and one without, the first has the higher score, a tie for
    /// half; one half is chance. `None` where all or none had the outcome.
    pub auc: Option<f64>,
    /// The mean of the precision over those with the outcome: the area under the curve of precision and recall, without
    /// interpolation. `None` where nobody had the outcome.
    pub average_precision: Option<f64>,
    /// The first places, by share.
    pub top_shares: Vec<TopShare>,
    /// The mean squared distance of the probability from the outcome; `None` where scores are no probabilities.
    pub brier_score: Option<f64>,
    /// The mean of −ln of the probability of what came true; `None` where scores are no probabilities.
    pub log_loss: Option<f64>,
    /// The mean distance of what was foretold from what was observed, over bins; `None` where scores are no
    /// probabilities.
    pub expected_calibration_error: Option<f64>,
    /// What was foretold and what was observed, bin by bin; empty where scores are no probabilities.
    pub bins: Vec<CalibrationBin>,
}

/// Holds scores against outcomes: the higher the score, the more the outcome is expected.
///
/// Users with equal scores are equal: no figure depends on their order. With n users and G groups of equal scores, from
/// the highest on:
///
/// * AUC is (pairs in order + ½ ties) / pairs, worked out in whole numbers: Mann & Whitney, Annals of Mathematical
///   Statistics 18 (1947);
/// * average precision is Σ over groups of the share of positives in the group times the precision up to and with it;
/// * a top share holds ⌈ratio · n⌉ users;
/// * the Brier score is Σ (p − y)² / n: Brier, Monthly Weather Review 78 (1950); log loss takes probabilities as at
///   least [`LOG_LOSS_LEAST`] away from 0 and 1;
/// * the bin of a user is ⌊bins · #(lower scores) / n⌋, so that equal scores share one, and the expected calibration
///   error is Σ over bins of |foretold − observed| · users / n.
///
/// Takes O(n log n).
///
/// # Errors
/// `InvalidArgument` for slices of different lengths, a score that is not a number, a probability that is none, bad
/// options; `Empty` without users.
pub fn evaluate_ranking(scores: &[f64], outcomes: &[bool], options: &EvaluationOptions) -> Result<RankingEvaluation> {
    options.check()?;
    if scores.len() != outcomes.len() {
        let message =
            format!("{} scores with {} outcomes: there is one of each for a user", scores.len(), outcomes.len());
        return Err(invalid_argument(message));
    }
    if scores.is_empty() {
        return Err(empty("there is nobody to evaluate a ranking of"));
    }
    let is_bad = |score: &f64| score.is_nan() || (options.probabilities && !(0.0..=1.0).contains(score));
    if let Some(row) = scores.iter().position(is_bad) {
        let way_out = if options.probabilities {
            "a probability is from 0 to 1; say where scores are none"
        } else {
            "leave the user out"
        };
        return Err(invalid_argument(format!("row {row}: the score is {}: {way_out}", scores[row])));
    }
    let groups = Groups::new(scores, outcomes);
    let (count, positives) = (scores.len() as u64, groups.positives());
    let top_shares = options.top_ratios.iter().map(|ratio| groups.top_share(*ratio, count, positives)).collect();
    let mean = |part: fn(f64, bool) -> f64| {
        let of_group = |group: &Group| {
            let negatives = (group.count - group.positives) as f64;
            group.positives as f64 * part(group.score, true) + negatives * part(group.score, false)
        };
        options.probabilities.then(|| groups.0.iter().map(of_group).sum::<f64>() / count as f64)
    };
    let bins = if options.probabilities { groups.bins(count, options.bin_count) } else { Vec::new() };
    let error = |bin: &CalibrationBin| (bin.predicted_ratio - bin.observed_ratio).abs() * bin.user_count as f64;
    let errors: f64 = bins.iter().map(error).sum();
    Ok(RankingEvaluation {
        user_count: count,
        positive_count: positives,
        auc: groups.auc(count, positives),
        average_precision: groups.average_precision(positives),
        top_shares,
        brier_score: mean(|score, outcome| (score - f64::from(u8::from(outcome))).powi(2)),
        log_loss: mean(log_loss),
        expected_calibration_error: options.probabilities.then_some(errors / count as f64),
        bins,
    })
}

fn log_loss(probability: f64, outcome: bool) -> f64 {
    let right = if outcome { probability } else { 1.0 - probability };
    -libm::log(right.clamp(LOG_LOSS_LEAST, 1.0 - LOG_LOSS_LEAST))
}

/// Users with one score.
struct Group {
    score: f64,
    count: u64,
    positives: u64,
}

/// All users by score, from the highest on.
struct Groups(Vec<Group>);

impl Groups {
    fn new(scores: &[f64], outcomes: &[bool]) -> Self {
        let mut users: Vec<(f64, bool)> = scores.iter().copied().zip(outcomes.iter().copied()).collect();
        users.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let mut groups: Vec<Group> = Vec::new();
        for (score, outcome) in users {
            match groups.last_mut().filter(|group| group.score == score) {
                Some(group) => {
                    group.count += 1;
                    group.positives += u64::from(outcome);
                }
                None => groups.push(Group { score, count: 1, positives: u64::from(outcome) }),
            }
        }
        Self(groups)
    }

    fn positives(&self) -> u64 {
        self.0.iter().map(|group| group.positives).sum()
    }

    fn auc(&self, count: u64, positives: u64) -> Option<f64> {
        let negatives = count - positives;
        if positives == 0 || negatives == 0 {
            return None;
        }
        let mut negatives_below = negatives;
        let mut twice_in_order = 0u128;
        for group in &self.0 {
            let own = group.count - group.positives;
            negatives_below -= own;
            twice_in_order += u128::from(group.positives) * u128::from(2 * negatives_below + own);
        }
        Some(twice_in_order as f64 / (2 * u128::from(positives) * u128::from(negatives)) as f64)
    }

    fn average_precision(&self, positives: u64) -> Option<f64> {
        if positives == 0 {
            return None;
        }
        let (mut seen, mut hits, mut sum) = (0u64, 0u64, 0.0);
        for group in &self.0 {
            seen += group.count;
            hits += group.positives;
            sum += group.positives as f64 * (hits as f64 / seen as f64);
        }
        Some(sum / positives as f64)
    }

    fn top_share(&self, top_ratio: f64, count: u64, positives: u64) -> TopShare {
        let user_count = top_count(top_ratio, count);
        let mut room = user_count;
        let mut positive_count = 0.0;
        for group in &self.0 {
            let taken = room.min(group.count);
            positive_count += group.positives as f64 * (taken as f64 / group.count as f64);
            room -= taken;
            if room == 0 {
                break;
            }
        }
        let precision_ratio = positive_count / user_count as f64;
        let among_all = (positives > 0).then(|| positives as f64 / count as f64);
        TopShare {
            top_ratio,
            user_count,
            positive_count,
            precision_ratio,
            lift: among_all.map(|ratio| precision_ratio / ratio),
            capture_ratio: (positives > 0).then(|| positive_count / positives as f64),
        }
    }

    fn bins(&self, count: u64, bin_count: u32) -> Vec<CalibrationBin> {
        let mut bins: Vec<CalibrationBin> = Vec::new();
        let mut below = 0u64;
        for group in self.0.iter().rev() {
            // Less than bin_count, as below is less than count.
            let number = (u128::from(below) * u128::from(bin_count) / u128::from(count)) as u32;
            below += group.count;
            if bins.last().is_none_or(|bin| bin.bin != number) {
                bins.push(CalibrationBin {
                    bin: number,
                    user_count: 0,
                    lowest: group.score,
                    highest: group.score,
                    predicted_ratio: 0.0,
                    positive_count: 0,
                    observed_ratio: 0.0,
                    interval: None,
                });
            }
            if let Some(bin) = bins.last_mut() {
                bin.user_count += group.count;
                bin.highest = group.score;
                bin.predicted_ratio += group.score * group.count as f64;
                bin.positive_count += group.positives;
            }
        }
        for bin in &mut bins {
            // Rounding must not put the mean outside its bin.
            bin.predicted_ratio = (bin.predicted_ratio / bin.user_count as f64).clamp(bin.lowest, bin.highest);
            bin.observed_ratio = bin.positive_count as f64 / bin.user_count as f64;
            bin.interval = wilson_interval(bin.positive_count, bin.user_count);
        }
        bins
    }
}

/// Holds the column `score` of a table against its column `outcome` (booleans, or 0 and 1); see [`evaluate_ranking`].
///
/// # Errors
/// As there; `UnknownName` and `TypeMismatch` for the columns; `InvalidArgument` where a row is unknown.
pub fn evaluate_ranking_table(table: &Table, options: &EvaluationOptions) -> Result<RankingEvaluation> {
    let (score, outcome) = (table.column("score")?, table.column("outcome")?);
    let rows = (0..table.row_count()).map(|row| {
        let unknown = || invalid_argument(format!("row {row}: score or outcome is unknown: leave the row out"));
        Ok((number(score, "score", row)?.ok_or_else(unknown)?, truth(outcome, row)?.ok_or_else(unknown)?))
    });
    let (scores, outcomes): (Vec<f64>, Vec<bool>) = rows.collect::<Result<Vec<_>>>()?.into_iter().unzip();
    evaluate_ranking(&scores, &outcomes, options)
}

/// The number in a row of a column.
pub(super) fn number(column: &Column, name: &str, row: usize) -> Result<Option<f64>> {
    match column {
        Column::Integer(values) => Ok(values.get(row).map(|value| value as f64)),
        Column::Float(values) => Ok(values.get(row)),
        other => Err(type_mismatch(format!(
            "the column {name:?} is of type {}, where numbers are needed",
            other.value_type()
        ))),
    }
}

/// The outcome in a row of a column.
pub(super) fn truth(column: &Column, row: usize) -> Result<Option<bool>> {
    if let Column::Bool(values) = column {
        return Ok(values.get(row));
    }
    match number(column, "outcome", row)? {
        None => Ok(None),
        Some(value) if value == 0.0 || value == 1.0 => Ok(Some(value == 1.0)),
        Some(value) => Err(invalid_argument(format!("row {row}: the outcome is {value}; it is 0 or 1"))),
    }
}

impl RankingEvaluation {
    /// One row: `user_count`, `positive_count`, `auc`, `average_precision`, `brier_score`, `log_loss`,
    /// `expected_calibration_error`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        evaluation_table(&[self])
    }

    /// A row per share: `top_ratio`, `user_count`, `positive_count`, `precision_ratio`, `lift`, `capture_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_top_table(&self) -> Result<Table> {
        top_table(&self.top_shares.iter().collect::<Vec<_>>())
    }

    /// A row per bin that holds anybody: `bin`, `user_count`, `lowest`, `highest`, `predicted_ratio`, `positive_count`,
    /// `observed_ratio`, `observed_low`, `observed_high`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_calibration_table(&self) -> Result<Table> {
        calibration_table(&self.bins)
    }
}

/// The columns of [`RankingEvaluation::to_table`], a row for each.
pub(super) fn evaluation_table(rows: &[&RankingEvaluation]) -> Result<Table> {
    let floats = |value: fn(&RankingEvaluation) -> Option<f64>| rows.iter().map(|row| value(row)).collect::<Vec<_>>();
    Table::new(rows.len())
        .with("user_count", rows.iter().map(|row| row.user_count as i64).collect::<Vec<_>>())?
        .with("positive_count", rows.iter().map(|row| row.positive_count as i64).collect::<Vec<_>>())?
        .with("auc", floats(|row| row.auc))?
        .with("average_precision", floats(|row| row.average_precision))?
        .with("brier_score", floats(|row| row.brier_score))?
        .with("log_loss", floats(|row| row.log_loss))?
        .with("expected_calibration_error", floats(|row| row.expected_calibration_error))
}

/// The columns of [`RankingEvaluation::to_top_table`].
pub(super) fn top_table(rows: &[&TopShare]) -> Result<Table> {
    Table::new(rows.len())
        .with("top_ratio", rows.iter().map(|row| row.top_ratio).collect::<Vec<_>>())?
        .with("user_count", rows.iter().map(|row| row.user_count as i64).collect::<Vec<_>>())?
        .with("positive_count", rows.iter().map(|row| row.positive_count).collect::<Vec<_>>())?
        .with("precision_ratio", rows.iter().map(|row| row.precision_ratio).collect::<Vec<_>>())?
        .with("lift", rows.iter().map(|row| row.lift).collect::<Vec<_>>())?
        .with("capture_ratio", rows.iter().map(|row| row.capture_ratio).collect::<Vec<_>>())
}

/// The columns of [`RankingEvaluation::to_calibration_table`].
pub(super) fn calibration_table(rows: &[CalibrationBin]) -> Result<Table> {
    let floats = |value: fn(&CalibrationBin) -> f64| rows.iter().map(value).collect::<Vec<_>>();
    let end = |end: fn(Interval) -> f64| rows.iter().map(|row| row.interval.map(end)).collect::<Vec<_>>();
    Table::new(rows.len())
        .with("bin", rows.iter().map(|row| row.bin).collect::<Vec<_>>())?
        .with("user_count", rows.iter().map(|row| row.user_count as i64).collect::<Vec<_>>())?
        .with("lowest", floats(|row| row.lowest))?
        .with("highest", floats(|row| row.highest))?
        .with("predicted_ratio", floats(|row| row.predicted_ratio))?
        .with("positive_count", rows.iter().map(|row| row.positive_count as i64).collect::<Vec<_>>())?
        .with("observed_ratio", floats(|row| row.observed_ratio))?
        .with("observed_low", end(|interval| interval.low))?
        .with("observed_high", end(|interval| interval.high))
}
