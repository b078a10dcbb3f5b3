//! What is known of all users together, against which one is held: the usual gap, and the rhythm of coming and leaving.

use serde::{Deserialize, Serialize};

use super::feature::UserFeatures;
use super::history::{History, read_histories};
use super::note::{WarningNote, WarningNoteKind};
use super::options::WarningOptions;
use crate::btyd::{BtydModel, BtydModelKind, BtydOptions, MbgNbd, PurchaseHistory, fit_btyd};
use crate::error::{Result, invalid_definition};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::table::{Table, user_column};
use crate::time::{Day, Timestamp};

/// So much the mean gap of all weighs where gaps say nothing of how much users differ: as one gap of the user's own.
pub const GAP_WEIGHT: f64 = 1.0;
/// Where users differ no more than by chance their own gaps say nothing; the mean of all then weighs this much.
pub const GAP_WEIGHT_MAX: f64 = 1e6;

/// What all users together tell: how long gaps are, how much users differ in them, and how users come and leave.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningPopulation {
    /// The mean gap between active days, in local days; `None` where nobody came twice.
    pub gap_mean_days: Option<f64>,
    /// How many gaps of a user's own the mean of all weighs as much as: k of the credibility n / (n + k).
    pub gap_weight: f64,
    /// The rhythm of active days, in days; `None` where it could not be fitted.
    pub rhythm: Option<MbgNbd>,
}

impl WarningPopulation {
    /// What was known of all users at an instant, lost ones included.
    ///
    /// The gaps of user i, nᵢ of them with mean mᵢ, are taken to vary by s² around a mean of the user's own, and those
    /// means by a around that of all. By moments, with I users and N gaps: s² = Σ (gap − mᵢ)² / (N − I), a = (Σ nᵢ (mᵢ
    /// − m)² − (I − 1) s²) / (N − Σ nᵢ² / N), k = s² / a, and the mean of all is that of mᵢ weighted with nᵢ / (nᵢ +
    /// k): Bühlmann & Straub, Mitteilungen der Vereinigung schweizerischer Versicherungsmathematiker 70 (1970). k is
    /// [`GAP_WEIGHT`] where no user has two gaps, and [`GAP_WEIGHT_MAX`] where users differ no more than by chance.
    /// Gaps that are still open are not counted. The rhythm is an [`MbgNbd`] of active days.
    ///
    /// # Errors
    /// Those of the options, of [`EventPattern`](crate::rule::EventPattern) and of the property.
    pub fn fit(log: &EventLog, at: Timestamp, options: &WarningOptions) -> Result<Self> {
        options.check()?;
        let (histories, today) = read_histories(log, at, options)?;
        Ok(Self::of(&histories, today).0)
    }

    /// The same of histories, and what is weak about it.
    pub(super) fn of(histories: &[History], today: Day) -> (Self, Vec<WarningNote>) {
        let mut notes = Vec::new();
        let gaps = gap_moments(histories);
        if gaps.is_none() {
            let message = "nobody had been active on two days: there are no usual gaps";
            notes.push(WarningNote::new(WarningNoteKind::NoGaps, None, message));
        }
        let (gap_mean_days, gap_weight) = gaps.map_or((None, GAP_WEIGHT), |(mean, weight)| (Some(mean), weight));
        let rhythm = fit_rhythm(histories, today, &mut notes);
        (Self { gap_mean_days, gap_weight, rhythm }, notes)
    }

    /// Refuses numbers that cannot be.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the number.
    pub fn check(&self) -> Result<()> {
        if let Some(mean) = self.gap_mean_days.filter(|mean| !(mean.is_finite() && *mean > 0.0)) {
            return Err(invalid_definition(format!("gap_mean_days is {mean}; it is finite and above 0")));
        }
        if !(self.gap_weight.is_finite() && self.gap_weight >= 0.0) {
            return Err(invalid_definition(format!("gap_weight is {}; it is a number from 0 on", self.gap_weight)));
        }
        self.rhythm.map_or(Ok(()), |rhythm| BtydModel::MbgNbd(rhythm).check())
    }

    /// The features of a user, as seen on a day.
    pub(super) fn features(&self, history: &History, today: Day, options: &WarningOptions) -> UserFeatures {
        let since = |day: Day| (i64::from(today.0) - i64::from(day.0)).max(0) as u32;
        let gaps = f64::from(history.gap_count());
        let usual_gap_days = self
            .gap_mean_days
            .map(|mean| (f64::from(history.span_days()) + self.gap_weight * mean) / (gaps + self.gap_weight));
        let rhythm = self.rhythm.zip(purchases(history, today));
        let recent_days = options.recent_window_days();
        UserFeatures {
            silence_days: since(history.last_day),
            usual_gap_days: usual_gap_days.filter(|gap| gap.is_finite()).or(self.gap_mean_days),
            recent_active_day_count: history.recent_active_day_count,
            before_active_day_count: history.before_active_day_count,
            recent_kind_count: history.recent_kind_count,
            before_kind_count: history.before_kind_count,
            is_comparable: since(history.first_day) + 1 >= 2 * recent_days,
            complaint_count: options.complaints.as_ref().map(|_| history.complaint_count),
            refund_count: history.refund_count,
            tenure_days: since(history.first_day),
            active_day_count: history.active_day_count,
            alive_probability: rhythm.map(|(model, past)| model.alive_probability(&past)),
            no_activity_probability: rhythm
                .map(|(model, past)| model.no_purchase_probability(&past, f64::from(options.horizon_days))),
        }
    }
}

/// Active days as purchases: repeats, the age at the last, the age. Days are at most some millions, and repeats no
/// more.
fn purchases(history: &History, today: Day) -> Option<PurchaseHistory> {
    let last = f64::from(history.span_days());
    // A clock that was set back may show an active day after today.
    let age = f64::from((today.0 - history.first_day.0).max(0)).max(last);
    PurchaseHistory::new(history.gap_count(), last, age).ok()
}

/// The mean gap of all, and k; `None` without gaps. Sums of days are whole numbers.
fn gap_moments(histories: &[History]) -> Option<(f64, f64)> {
    let with_gaps = || histories.iter().filter(|history| history.gap_count() > 0);
    let (mut users, mut gaps, mut days, mut squares, mut count_squares) = (0u64, 0u64, 0u64, 0u128, 0u128);
    let mut between_raw = 0.0;
    for history in with_gaps() {
        let (count, span) = (u64::from(history.gap_count()), u64::from(history.span_days()));
        users += 1;
        gaps += count;
        days += span;
        squares += u128::from(history.gap_square_sum);
        count_squares += u128::from(count) * u128::from(count);
        between_raw += span as f64 * (span as f64 / count as f64);
    }
    if gaps == 0 {
        return None;
    }
    let total = gaps as f64;
    let weight = if gaps == users {
        GAP_WEIGHT
    } else {
        let within = (squares as f64 - between_raw).max(0.0) / (gaps - users) as f64;
        let spread = between_raw - days as f64 * (days as f64 / total);
        let between = (spread - (users - 1) as f64 * within) / (total - count_squares as f64 / total);
        // Where there is one user, 0 / 0 is no number.
        if between > 0.0 { (within / between).min(GAP_WEIGHT_MAX) } else { GAP_WEIGHT_MAX }
    };
    let (mut sum, mut weights) = (0.0, 0.0);
    for history in with_gaps() {
        let count = f64::from(history.gap_count());
        let credibility = count / (count + weight);
        sum += credibility * (f64::from(history.span_days()) / count);
        weights += credibility;
    }
    Some((sum / weights, weight))
}

/// Fits the rhythm. What it cannot be fitted to is no error here: it is left out, with a note.
fn fit_rhythm(histories: &[History], today: Day, notes: &mut Vec<WarningNote>) -> Option<MbgNbd> {
    let rows: Vec<PurchaseHistory> = histories.iter().filter_map(|history| purchases(history, today)).collect();
    let table = Table::new(rows.len())
        .with("x", rows.iter().map(|row| row.x).collect::<Vec<_>>())
        .and_then(|table| table.with("t_x", rows.iter().map(|row| row.t_x).collect::<Vec<_>>()))
        .and_then(|table| table.with("T", rows.iter().map(|row| row.age).collect::<Vec<_>>()));
    let fit = table.and_then(|table| fit_btyd(&table, BtydOptions::new(BtydModelKind::MbgNbd).time_unit("day")));
    let trouble = match fit {
        Ok(fit) => match fit.model {
            BtydModel::MbgNbd(model) if fit.converged => {
                let weak: Vec<String> = fit.notes.iter().map(|note| note.message.clone()).collect();
                if !weak.is_empty() {
                    let message = format!("the rhythm of active days is weak: {}", weak.join("; "));
                    notes.push(WarningNote::new(WarningNoteKind::WeakRhythm, None, message));
                }
                return Some(model);
            }
            _ => "the fit does not settle".to_owned(),
        },
        Err(error) => error.to_string(),
    };
    let message = format!("there is no rhythm of active days ({trouble}): the model does without it");
    notes.push(WarningNote::new(WarningNoteKind::NoRhythm, None, message));
    None
}

/// The features of everyone at risk at an instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarningFeatures {
    /// What was asked for.
    pub options: WarningOptions,
    /// The instant. No later event has any say.
    pub at: Timestamp,
    /// What users are held against.
    pub population: WarningPopulation,
    /// Who is at risk, ascending: active before, and not silent for more than the limit.
    pub users: Vec<UserIx>,
    /// The features of each of them.
    pub features: Vec<UserFeatures>,
}

/// Reads the features of everyone at risk at an instant: who was active at or before it, and not silent for more than
/// `silence_days_max` local days.
///
/// Users are held against what was known of all of them at that instant; see [`WarningPopulation::fit`]. Events after
/// the instant change nothing. One pass over the events, shared out over rayon's threads.
///
/// # Errors
/// Those of the options; `UnknownName` and `TypeMismatch` for events, properties and filters.
pub fn read_features(log: &EventLog, at: Timestamp, options: impl Into<WarningOptions>) -> Result<WarningFeatures> {
    let options = options.into();
    options.check()?;
    let (histories, today) = read_histories(log, at, &options)?;
    let (population, _) = WarningPopulation::of(&histories, today);
    Ok(WarningFeatures::of(&histories, today, at, population, options))
}

impl WarningFeatures {
    pub(super) fn of(
        histories: &[History],
        today: Day,
        at: Timestamp,
        population: WarningPopulation,
        options: WarningOptions,
    ) -> Self {
        let silence = |history: &History| i64::from(today.0) - i64::from(history.last_day.0);
        let at_risk = histories.iter().filter(|history| silence(history) <= i64::from(options.silence_days_max));
        let (users, features) =
            at_risk.map(|history| (history.user, population.features(history, today, &options))).unzip();
        Self { options, at, population, users, features }
    }

    /// A row per user: `user`, a column for each [`WarningFeature`](super::WarningFeature) as people read it,
    /// `usual_gap_days` and `alive_probability`. The log is the one that was read.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        let mut table =
            Table::new(self.users.len()).with("user", user_column(log.users(), self.users.iter().copied()))?;
        for feature in super::WarningFeature::ALL {
            table = table.with(feature.name(), self.column(|one| one.value(feature)))?;
        }
        table
            .with("usual_gap_days", self.column(|one| one.usual_gap_days))?
            .with("alive_probability", self.column(|one| one.alive_probability))
    }

    fn column(&self, value: impl Fn(&UserFeatures) -> Option<f64>) -> Vec<Option<f64>> {
        self.features.iter().map(value).collect()
    }
}
