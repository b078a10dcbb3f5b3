//! The share that is left after each time, by group.

use serde::{Deserialize, Serialize};

use super::life::{Lives, read_groups};
use super::options::{SurvivalInterval, SurvivalOptions};
use super::product_limit::{ProductLimit, RiskStep, greenwood_term, is_at_most, risk_steps};
use crate::analytics::interval::{Interval, Z_95};
use crate::error::{Result, invalid_argument};
use crate::table::Table;

/// The estimate at one time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SurvivalPoint {
    /// The time.
    pub time: f64,
    /// How many lives had lasted up to it, and were observed at it.
    pub at_risk_count: u64,
    /// How many of them the event ended at it.
    pub event_count: u64,
    /// Of how many the observation ended at it; they were still there when the events happened.
    pub censored_count: u64,
    /// The share that lasts longer: Kaplan–Meier.
    pub survival_ratio: f64,
    /// Greenwood's standard error of the share; `None` where nothing is left.
    pub standard_error: Option<f64>,
    /// The 95 % interval of the share; `None` where nothing is left.
    pub interval: Option<Interval>,
    /// The cumulative hazard, Σ dᵢ / nᵢ: Nelson–Aalen.
    pub hazard: f64,
    /// Its standard error, √(Σ dᵢ / nᵢ²).
    pub hazard_standard_error: f64,
    /// Its 95 % interval, symmetric on the scale of the logarithm; `None` before the first event.
    pub hazard_interval: Option<Interval>,
}

/// When a share of lives has ended.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SurvivalQuantile {
    /// The share of lives that has ended.
    pub ratio: f64,
    /// The least time at which so many have; `None` where the curve does not fall so low.
    pub time: Option<f64>,
    /// The least time at which the lower end of the interval is so low.
    pub low: Option<f64>,
    /// The least time at which the upper end of the interval is so low; `None` where it stays above.
    pub high: Option<f64>,
}

/// The mean of lives that are cut off at a time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct RestrictedMean {
    /// Where lives are cut off.
    pub until: f64,
    /// The area under the curve up to there.
    pub mean: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Its 95 % interval.
    pub interval: Interval,
}

/// The curve of some lives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SurvivalCurve {
    /// How many lives there are.
    pub row_count: u64,
    /// How many of them the event ended.
    pub event_count: u64,
    /// A point for each distinct duration, ascending.
    pub points: Vec<SurvivalPoint>,
}

/// The curve of a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupSurvival {
    /// The value that makes the group; `None` where all rows are one.
    pub group: Option<String>,
    /// Its curve.
    pub curve: SurvivalCurve,
    /// The mean of its lives up to one time for all groups.
    pub restricted_mean: RestrictedMean,
}

/// The curves of all groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Survival {
    /// What was asked for.
    pub options: SurvivalOptions,
    /// A curve per group, in the order of their values.
    pub groups: Vec<GroupSurvival>,
    /// Rows that are left out because something is unknown of them.
    pub left_out_count: u64,
}

/// Estimates how many lives last longer than each time, from the rows of a table.
///
/// A row is a life, see the [module](super); rows of which the duration, the event or the group is unknown are counted
/// and left out. Of an event and an end of observation at one time the event comes first. Takes O(n log n).
///
/// # Errors
/// `UnknownName` and `TypeMismatch` of columns; `InvalidArgument` for durations below 0, for events that are neither 0
/// nor 1, and for a restricted mean beyond what is known; `Empty` without rows; `LimitExceeded` for more than
/// [`GROUPS_MAX`](super::GROUPS_MAX) groups.
pub fn estimate_survival(table: &Table, options: impl Into<SurvivalOptions>) -> Result<Survival> {
    let options = options.into();
    let group = options.group.as_deref().map(|name| Ok((name, table.column(name)?))).transpose()?;
    let lives = Lives::read(table, &options.duration, &options.event, group.map(|(_, column)| column).as_slice())?;
    let (group_of, names) = match group {
        Some((name, column)) => read_groups(column, name, &lives)?,
        None => (vec![0; lives.len()], vec![String::new()]),
    };
    // Events and ends of observation of each group, ascending as the lives are.
    let mut parts: Vec<[Vec<f64>; 2]> = names.iter().map(|_| [Vec::new(), Vec::new()]).collect();
    for (life, group) in group_of.iter().enumerate() {
        parts[*group][usize::from(!lives.is_event[life])].push(lives.durations[life]);
    }
    let curves: Vec<SurvivalCurve> = parts
        .iter()
        .map(|[events, censored]| SurvivalCurve::of_steps(risk_steps(events, censored, 0), options.interval))
        .collect();
    let known_until = curves.iter().map(SurvivalCurve::known_until).fold(f64::INFINITY, f64::min);
    let longest = lives.durations.last().copied().unwrap_or(0.0);
    let until = options.restricted_until.unwrap_or(known_until.min(longest));
    let one_group = |(name, curve): (String, SurvivalCurve)| {
        let restricted_mean = curve.restricted_mean(until)?;
        let group = options.group.is_some().then_some(name);
        Ok(GroupSurvival { group, curve, restricted_mean })
    };
    let groups = names.into_iter().zip(curves).map(one_group).collect::<Result<_>>()?;
    Ok(Survival { groups, left_out_count: lives.left_out_count, options })
}

impl SurvivalCurve {
    /// The curve of steps in ascending order of time.
    pub(crate) fn of_steps(steps: impl Iterator<Item = RiskStep<f64>>, scale: SurvivalInterval) -> Self {
        let (mut estimate, mut hazard, mut variance) = (ProductLimit::default(), 0.0, 0.0);
        let point = |step: RiskStep<f64>| {
            let (at_risk, events) = (step.at_risk_count as f64, step.event_count as f64);
            estimate.step(step.at_risk_count, step.event_count);
            hazard += events / at_risk;
            variance += events / (at_risk * at_risk);
            let hazard_interval = (hazard > 0.0).then(|| {
                let spread = libm::exp(Z_95 * f64::sqrt(variance) / hazard);
                Interval { low: hazard / spread, high: hazard * spread }
            });
            SurvivalPoint {
                time: step.time,
                at_risk_count: step.at_risk_count,
                event_count: step.event_count,
                censored_count: step.censored_count,
                survival_ratio: estimate.left(),
                standard_error: estimate.standard_error(),
                interval: match scale {
                    SurvivalInterval::LogLog => estimate.log_log_interval(),
                    SurvivalInterval::Plain => estimate.plain_interval(),
                },
                hazard,
                hazard_standard_error: f64::sqrt(variance),
                hazard_interval,
            }
        };
        let points: Vec<SurvivalPoint> = steps.map(point).collect();
        Self {
            row_count: points.first().map_or(0, |point| point.at_risk_count),
            event_count: points.iter().map(|point| point.event_count).sum(),
            points,
        }
    }

    /// Until when the curve is known: for ever where nothing is left, else to the longest life.
    fn known_until(&self) -> f64 {
        self.points.last().map_or(0.0, |last| if last.survival_ratio > 0.0 { last.time } else { f64::INFINITY })
    }

    /// The share that lasts longer than a time; `None` beyond what was observed, unless nothing is left.
    #[must_use]
    pub fn survival_at(&self, time: f64) -> Option<f64> {
        let reached = self.points.partition_point(|point| point.time <= time);
        let left = reached.checked_sub(1).map_or(1.0, |last| self.points[last].survival_ratio);
        (time <= self.known_until()).then_some(left)
    }

    /// When the share `ratio` of lives has ended, with the 95 % interval that the curve's own gives.
    ///
    /// Brookmeyer & Crowley, "A Confidence Interval for the Median Survival Time", Biometrics 38 (1982), 29–41, on the
    /// scale of the curve's intervals. The median is the quantile of 0.5.
    #[must_use]
    pub fn quantile(&self, ratio: f64) -> SurvivalQuantile {
        let left = 1.0 - ratio;
        let first = |is_there: &dyn Fn(&SurvivalPoint) -> bool| {
            self.points.iter().find(|point| point.event_count > 0 && is_there(point)).map(|point| point.time)
        };
        SurvivalQuantile {
            ratio,
            time: first(&|point| is_at_most(point.survival_ratio, left)),
            low: first(&|point| point.interval.is_none_or(|interval| is_at_most(interval.low, left))),
            high: first(&|point| point.interval.is_some_and(|interval| is_at_most(interval.high, left))),
        }
    }

    /// The mean of lives that are cut off at `until`.
    ///
    /// The area under the curve; its variance is Σ Aᵢ² dᵢ / (nᵢ (nᵢ − dᵢ)) over the times of events, with Aᵢ the area
    /// from there on: Klein & Moeschberger, "Survival Analysis", 2nd ed. 2003, section 4.5.
    ///
    /// # Errors
    /// `InvalidArgument` for a time below 0 or beyond what is known of the curve.
    pub fn restricted_mean(&self, until: f64) -> Result<RestrictedMean> {
        if !until.is_finite() || !(0.0..=self.known_until()).contains(&until) {
            return Err(invalid_argument(format!(
                "a mean restricted to {until}: the curve is known from 0 to {}",
                self.known_until()
            )));
        }
        let (mut area, mut variance, mut end) = (0.0, 0.0, until);
        let reached = self.points.partition_point(|point| point.time <= until);
        for point in self.points[..reached].iter().rev() {
            area += point.survival_ratio * (end - point.time);
            end = point.time;
            // Where nothing is left no area follows.
            if point.event_count > 0 && point.survival_ratio > 0.0 {
                variance += area * area * greenwood_term(point.at_risk_count, point.event_count);
            }
        }
        let (mean, standard_error) = (area + end, f64::sqrt(variance));
        let half = Z_95 * standard_error;
        let interval = Interval { low: (mean - half).max(0.0), high: (mean + half).min(until) };
        Ok(RestrictedMean { until, mean, standard_error, interval })
    }
}

impl Survival {
    /// A row per group and time: `group` where there are groups, `time`, `at_risk_count`, `event_count`,
    /// `censored_count`, `survival_ratio`, `standard_error`, `survival_low`, `survival_high`, `hazard`,
    /// `hazard_standard_error`, `hazard_low`, `hazard_high`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let points = || self.groups.iter().flat_map(|group| &group.curve.points);
        let floats = |value: fn(&SurvivalPoint) -> f64| points().map(value).collect::<Vec<_>>();
        let known = |value: fn(&SurvivalPoint) -> Option<f64>| points().map(value).collect::<Vec<_>>();
        let counts = |value: fn(&SurvivalPoint) -> u64| points().map(|one| value(one) as i64).collect::<Vec<_>>();
        let mut table = Table::new(points().count());
        if self.options.group.is_some() {
            let names = self.groups.iter().flat_map(|one| one.curve.points.iter().map(|_| one.group.as_deref()));
            table = table.with("group", names.collect::<Vec<_>>())?;
        }
        table
            .with("time", floats(|point| point.time))?
            .with("at_risk_count", counts(|point| point.at_risk_count))?
            .with("event_count", counts(|point| point.event_count))?
            .with("censored_count", counts(|point| point.censored_count))?
            .with("survival_ratio", floats(|point| point.survival_ratio))?
            .with("standard_error", known(|point| point.standard_error))?
            .with("survival_low", known(|point| point.interval.map(|one| one.low)))?
            .with("survival_high", known(|point| point.interval.map(|one| one.high)))?
            .with("hazard", floats(|point| point.hazard))?
            .with("hazard_standard_error", floats(|point| point.hazard_standard_error))?
            .with("hazard_low", known(|point| point.hazard_interval.map(|one| one.low)))?
            .with("hazard_high", known(|point| point.hazard_interval.map(|one| one.high)))
    }

    /// A row per group: `group` where there are groups, `row_count`, `event_count`, `quartile_1`, `median`,
    /// `quartile_3`, `median_low`, `median_high`, `restricted_until`, `restricted_mean`, `restricted_standard_error`,
    /// `restricted_low`, `restricted_high`, and of all of them `left_out_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        let groups = &self.groups;
        let quantiles = |ratio: f64, value: fn(SurvivalQuantile) -> Option<f64>| {
            groups.iter().map(|group| value(group.curve.quantile(ratio))).collect::<Vec<_>>()
        };
        let means = |value: fn(&RestrictedMean) -> f64| {
            groups.iter().map(|group| value(&group.restricted_mean)).collect::<Vec<_>>()
        };
        let mut table = Table::new(groups.len());
        if self.options.group.is_some() {
            table = table.with("group", groups.iter().map(|one| one.group.as_deref()).collect::<Vec<_>>())?;
        }
        table
            .with("row_count", groups.iter().map(|one| one.curve.row_count as i64).collect::<Vec<_>>())?
            .with("event_count", groups.iter().map(|one| one.curve.event_count as i64).collect::<Vec<_>>())?
            .with("quartile_1", quantiles(0.25, |quantile| quantile.time))?
            .with("median", quantiles(0.5, |quantile| quantile.time))?
            .with("quartile_3", quantiles(0.75, |quantile| quantile.time))?
            .with("median_low", quantiles(0.5, |quantile| quantile.low))?
            .with("median_high", quantiles(0.5, |quantile| quantile.high))?
            .with("restricted_until", means(|mean| mean.until))?
            .with("restricted_mean", means(|mean| mean.mean))?
            .with("restricted_standard_error", means(|mean| mean.standard_error))?
            .with("restricted_low", means(|mean| mean.interval.low))?
            .with("restricted_high", means(|mean| mean.interval.high))?
            .with("left_out_count", vec![self.left_out_count as i64; groups.len()])
    }
}
