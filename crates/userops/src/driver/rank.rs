//! Candidates beside the target, ranked.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::contingency::{ContingencyTable, PValue, adjust_p_values};
use super::feature::{Holders, Observer};
use super::options::{DriverEvent, DriverOptions, DriverRank, FEATURES_MAX};
use super::population::{DriverPopulation, Population};
use crate::analytics::interval::{Interval, wilson_interval};
use crate::error::{Result, limit_exceeded};
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::table::Table;
use crate::time::{MICROS_PER_DAY, Timestamp};

/// What a candidate is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverKind {
    /// An event was done at least so often in so many days.
    Event,
    /// An observed event has this value of a property.
    Property,
    /// The user has this value of an attribute.
    Attribute,
}

impl DriverKind {
    /// The stable name of the kind, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Property => "property",
            Self::Attribute => "attribute",
        }
    }
}

/// A candidate and how it goes with the target.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Driver {
    /// What the candidate is about.
    pub kind: DriverKind,
    /// The kind of events, the property or the attribute.
    pub name: String,
    /// The value; none for events.
    pub value: Option<String>,
    /// How often, at least; none for values.
    pub count_min: Option<u32>,
    /// In how many days; none for values.
    pub days: Option<f64>,
    /// Users with and without it who did and did not reach the target.
    pub table: ContingencyTable,
    /// The share of users with it.
    pub support_ratio: f64,
    /// The share of those with it who reached the target.
    pub with_ratio: f64,
    /// The 95 % interval of that share, see [`wilson_interval`].
    pub with_interval: Interval,
    /// The share of those without it who reached the target.
    pub without_ratio: f64,
    /// See [`ContingencyTable::lift`].
    pub lift: Option<f64>,
    /// See [`ContingencyTable::phi`].
    pub phi: Option<f64>,
    /// See [`ContingencyTable::odds_ratio`].
    pub odds_ratio: f64,
    /// See [`ContingencyTable::odds_interval`].
    pub odds_interval: Interval,
    /// See [`ContingencyTable::p_value`].
    pub p_value: PValue,
    /// The p-value with respect to all candidates of the answer, see [`adjust_p_values`].
    pub q_value: f64,
}

/// The candidates, ranked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drivers {
    /// What was asked for.
    pub options: DriverOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Who counts, and who is left out.
    pub population: DriverPopulation,
    /// Candidates that are left out because all users who count have them, or none.
    pub constant_count: u64,
    /// The candidates in order of rank, equals in the order asked for: events, properties, attributes; a value of more users
    /// before one of fewer; shorter windows and lower counts first.
    pub rows: Vec<Driver>,
}

/// Lays each candidate beside the target and ranks them, from the events that have happened at `as_of`.
///
/// A user is observed in `[start, start + observation)` and reaches the target in `[end, end + within)` from the end of the
/// observation on, so that no candidate knows anything of the target. Users for whom the latter is not over at `as_of` are
/// left out and counted. Of candidates that are close to each other, such as an event done at least twice and at least
/// three times, all are ranked; q-values hold under such positive dependence (Benjamini & Yekutieli, *The Annals of
/// Statistics* 29, 2001). Takes O(events) time per 64 kinds of events and per property, shared out over rayon's threads.
///
/// # Errors
/// `UnknownName` and `TypeMismatch` for patterns, properties and attributes; `InvalidArgument` and `InvalidDefinition` for
/// options out of their range; `LimitExceeded` for more than [`FEATURES_MAX`] candidates.
pub fn find_drivers(log: &EventLog, as_of: Timestamp, options: impl Into<DriverOptions>) -> Result<Drivers> {
    let options = options.into();
    options.check()?;
    let events: Vec<DriverEvent> = match &options.events {
        Some(events) => events.clone(),
        None => log.names().iter().map(|name| DriverEvent::new(name, EventPattern::new([name]))).collect(),
    };
    let of_events = events.len() * options.spans().len() * options.sorted_counts().len();
    let of_values = (options.properties.len() + options.attributes.len()) * usize::from(options.values_max);
    if of_events + of_values > FEATURES_MAX {
        return Err(limit_exceeded(format!(
            "{} candidates are more than the limit {FEATURES_MAX}; name fewer events, counts, days or values",
            of_events + of_values
        )));
    }
    let population = Population::new(log, as_of, &options)?;
    let observer = Observer { log, as_of, options: &options, population: &population };
    let mut candidates = event_candidates(&observer, &events)?;
    for name in &options.properties {
        let codes = Observer::codes(name, log.property(name)?)?;
        let holders = observer.property_holders(&codes);
        candidates.extend(value_candidates(DriverKind::Property, name, &codes.labels, &holders, options.values_max));
    }
    for name in &options.attributes {
        let codes = Observer::codes(name, log.attributes().column(name)?)?;
        let holders = observer.attribute_holders(&codes);
        candidates.extend(value_candidates(DriverKind::Attribute, name, &codes.labels, &holders, options.values_max));
    }
    let counts = population.counts;
    let all = candidates.len();
    candidates.retain(|candidate| (1..counts.user_count).contains(&candidate.holders.count));
    let constant_count = (all - candidates.len()) as u64;
    let rows = rank(candidates, &counts, options.rank_by);
    Ok(Drivers { options, as_of, population: counts, constant_count, rows })
}

/// A feature, and who has it.
struct Candidate {
    kind: DriverKind,
    name: String,
    value: Option<String>,
    count_min: Option<u32>,
    days: Option<f64>,
    holders: Holders,
}

fn event_candidates(observer: &Observer<'_>, events: &[DriverEvent]) -> Result<Vec<Candidate>> {
    let patterns: Vec<EventPattern> = events.iter().map(DriverEvent::pattern).collect();
    let mut holders = observer.event_holders(&patterns)?.into_iter();
    let (spans, counts) = (observer.options.spans(), observer.options.sorted_counts());
    let mut candidates = Vec::new();
    for event in events {
        for span in &spans {
            for (count_min, holders) in counts.iter().zip(&mut holders) {
                candidates.push(Candidate {
                    kind: DriverKind::Event,
                    name: event.name.clone(),
                    value: None,
                    count_min: Some(*count_min),
                    days: Some(*span as f64 / MICROS_PER_DAY as f64),
                    holders,
                });
            }
        }
    }
    Ok(candidates)
}

/// The values of the most users, equals by value.
fn value_candidates(
    kind: DriverKind,
    name: &str,
    labels: &[String],
    holders: &[Holders],
    values_max: u16,
) -> Vec<Candidate> {
    let mut ranked: Vec<usize> = (0..holders.len()).filter(|code| holders[*code].count > 0).collect();
    ranked.sort_by_key(|code| std::cmp::Reverse(holders[*code].count));
    ranked.truncate(usize::from(values_max));
    let candidate = |code: usize| Candidate {
        kind,
        name: name.to_owned(),
        value: Some(labels[code].clone()),
        count_min: None,
        days: None,
        holders: holders[code],
    };
    ranked.into_iter().map(candidate).collect()
}

fn rank(candidates: Vec<Candidate>, population: &DriverPopulation, rank_by: DriverRank) -> Vec<Driver> {
    let (users, hits) = (population.user_count, population.hit_count);
    let table = |holders: &Holders| ContingencyTable::of_margins(users, hits, holders.count, holders.hit_count);
    let tables: Vec<ContingencyTable> = candidates.iter().map(|candidate| table(&candidate.holders)).collect();
    let p_values: Vec<PValue> = tables.iter().map(ContingencyTable::p_value).collect();
    let q_values = adjust_p_values(&p_values.iter().map(|p_value| p_value.value).collect::<Vec<_>>());
    let mut rows: Vec<Driver> = Vec::with_capacity(candidates.len());
    for (index, candidate) in candidates.into_iter().enumerate() {
        let table = tables[index];
        // A candidate that all or none have is left out before, so that both shares and the interval exist.
        let Some(with_interval) = wilson_interval(table.with_hit, table.with_count()) else { continue };
        rows.push(Driver {
            kind: candidate.kind,
            name: candidate.name,
            value: candidate.value,
            count_min: candidate.count_min,
            days: candidate.days,
            table,
            support_ratio: table.support_ratio().unwrap_or(0.0),
            with_ratio: table.with_hit as f64 / table.with_count() as f64,
            with_interval,
            without_ratio: table.without_hit as f64 / table.without_count() as f64,
            lift: table.lift(),
            phi: table.phi(),
            odds_ratio: table.odds_ratio(),
            odds_interval: table.odds_interval(),
            p_value: p_values[index],
            q_value: q_values[index],
        });
    }
    let least = f64::NEG_INFINITY;
    rows.sort_by(|a, b| match rank_by {
        DriverRank::Phi => descending(a.phi.map_or(least, f64::abs), b.phi.map_or(least, f64::abs)),
        DriverRank::Lift => descending(a.lift.unwrap_or(least), b.lift.unwrap_or(least)),
        DriverRank::QValue => a.q_value.total_cmp(&b.q_value).then(a.p_value.value.total_cmp(&b.p_value.value)),
    });
    rows
}

fn descending(a: f64, b: f64) -> Ordering {
    b.total_cmp(&a)
}

impl Drivers {
    /// A row per candidate: `kind`, `name`, `value`, `count_min`, `days`, `with_hit`, `with_miss`, `without_hit`,
    /// `without_miss`, `support_ratio`, `with_ratio`, `with_low`, `with_high`, `without_ratio`, `lift`, `phi`, `odds_ratio`,
    /// `odds_low`, `odds_high`, `p_value`, `test`, `q_value`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.rows;
        let counts = |value: fn(&Driver) -> u64| rows.iter().map(|row| value(row) as i64).collect::<Vec<_>>();
        let floats = |value: fn(&Driver) -> f64| rows.iter().map(value).collect::<Vec<_>>();
        Table::new(rows.len())
            .with("kind", rows.iter().map(|row| row.kind.name()).collect::<Vec<_>>())?
            .with("name", rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|row| row.value.as_deref()).collect::<Vec<_>>())?
            .with("count_min", rows.iter().map(|row| row.count_min).collect::<Vec<_>>())?
            .with("days", rows.iter().map(|row| row.days).collect::<Vec<_>>())?
            .with("with_hit", counts(|row| row.table.with_hit))?
            .with("with_miss", counts(|row| row.table.with_miss))?
            .with("without_hit", counts(|row| row.table.without_hit))?
            .with("without_miss", counts(|row| row.table.without_miss))?
            .with("support_ratio", floats(|row| row.support_ratio))?
            .with("with_ratio", floats(|row| row.with_ratio))?
            .with("with_low", floats(|row| row.with_interval.low))?
            .with("with_high", floats(|row| row.with_interval.high))?
            .with("without_ratio", floats(|row| row.without_ratio))?
            .with("lift", rows.iter().map(|row| row.lift).collect::<Vec<_>>())?
            .with("phi", rows.iter().map(|row| row.phi).collect::<Vec<_>>())?
            .with("odds_ratio", floats(|row| row.odds_ratio))?
            .with("odds_low", floats(|row| row.odds_interval.low))?
            .with("odds_high", floats(|row| row.odds_interval.high))?
            .with("p_value", floats(|row| row.p_value.value))?
            .with("test", rows.iter().map(|row| row.p_value.test.name()).collect::<Vec<_>>())?
            .with("q_value", floats(|row| row.q_value))
    }

    /// One row: `user_count`, `hit_count`, `open_count`, `absent_count`, `early_count`, `constant_count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_summary_table(&self) -> Result<Table> {
        let of = &self.population;
        Table::new(1)
            .with("user_count", vec![of.user_count as i64])?
            .with("hit_count", vec![of.hit_count as i64])?
            .with("open_count", vec![of.open_count as i64])?
            .with("absent_count", vec![of.absent_count as i64])?
            .with("early_count", vec![of.early_count as i64])?
            .with("constant_count", vec![self.constant_count as i64])
    }
}
