//! The lead score of one user: the definition that the columns are held to.

use serde::{Deserialize, Serialize};

use super::definition::{EventRule, LeadDefinition};
use super::grade::Matrix;
use crate::error::Result;
use crate::rule::{Subject, Truth, event_rows, judge};
use crate::time::Timestamp;
use crate::value::Value;

/// One user's lead score, with what every rule gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadScore {
    /// What the user is.
    pub fit: LeadPart,
    /// What the user does.
    pub engagement: LeadPart,
    /// Both together, kept within the limits of the whole.
    pub points: f64,
    /// The cell of the matrix: both grades in one word.
    pub cell: String,
    /// The group of leads, by an override or by the cell.
    pub group: String,
    /// Which override put the user there, counted from 0; none where the cell did.
    pub override_index: Option<usize>,
}

impl LeadScore {
    /// The values of the columns `fit_points`, `engagement_points`, `points`, `fit_grade`, `engagement_grade`, `cell` and
    /// `group`, as [`LeadScores::columns`](super::LeadScores::columns) has them for all users.
    #[must_use]
    pub fn values(&self) -> [Value; 7] {
        [
            Value::Integer(self.fit.points as i64),
            Value::Float(self.engagement.points),
            Value::Float(self.points),
            Value::Text(self.fit.grade.as_str().into()),
            Value::Text(self.engagement.grade.as_str().into()),
            Value::Text(self.cell.as_str().into()),
            Value::Text(self.group.as_str().into()),
        ]
    }
}

/// One user's points of fit or of engagement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadPart {
    /// The points, kept within the limits of the dimension; whole for fit.
    pub points: f64,
    /// The grade.
    pub grade: String,
    /// What each group gave.
    pub groups: Vec<LeadGroupPoints>,
}

/// What a group of rules gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadGroupPoints {
    /// The name of the group.
    pub group: String,
    /// The sum of what its rules gave.
    pub sum: f64,
    /// The sum kept within the limits of the group.
    pub points: f64,
    /// What each rule gave, and then each rule over events.
    pub rules: Vec<LeadRulePoints>,
}

/// What a rule gave.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadRulePoints {
    /// The name of the rule.
    pub rule: String,
    /// Its points.
    pub points: f64,
    /// Whether it holds; none for a rule over events.
    pub truth: Option<Truth>,
    /// How many events counted; none for another rule.
    pub event_count: Option<u64>,
}

/// The lead score of one user as of an instant.
///
/// Takes O(the user's events) for each rule. An event name that no event of the log has matches none;
/// [`LeadDefinition::check_against`] refuses it.
///
/// # Errors
/// As [`LeadDefinition::check`], and `UnknownName` and `TypeMismatch` for a property, an attribute or a definition that the
/// log or the context does not have or has otherwise.
pub fn score_lead(definition: &LeadDefinition, subject: &Subject<'_>) -> Result<LeadScore> {
    definition.check()?;
    Ok(Observed::new(definition, subject)?.score(subject.as_of()))
}

/// What was seen of one user: which rules hold, and when the events happened that count.
#[derive(Debug)]
pub(super) struct Observed<'d> {
    definition: &'d LeadDefinition,
    matrix: Matrix,
    /// Of fit and of engagement.
    dimensions: [Vec<ObservedGroup>; 2],
    override_index: Option<usize>,
}

#[derive(Debug)]
struct ObservedGroup {
    truths: Vec<Truth>,
    /// For each rule over events the instants that count, the latest first.
    times: Vec<Vec<i64>>,
}

impl<'d> Observed<'d> {
    pub(super) fn new(definition: &'d LeadDefinition, subject: &Subject<'_>) -> Result<Self> {
        let matrix = Matrix::new(definition)?;
        let mut override_index = None;
        for (index, given) in definition.overrides.iter().enumerate() {
            if given.unknown.decide(judge(&given.when, subject)?) {
                override_index = Some(index);
                break;
            }
        }
        let mut dimensions = [Vec::new(), Vec::new()];
        for (dimension, groups) in definition.dimensions().iter().zip(&mut dimensions) {
            for group in dimension.groups {
                let truths = group.rules.iter().map(|rule| judge(&rule.when, subject)).collect::<Result<_>>()?;
                let times = group.events.iter().map(|rule| times_of(rule, subject)).collect::<Result<_>>()?;
                groups.push(ObservedGroup { truths, times });
            }
        }
        Ok(Self { definition, matrix, dimensions, override_index })
    }

    /// The score as of an instant at which the same rules hold and the same events count.
    pub(super) fn score(&self, as_of: Timestamp) -> LeadScore {
        let [fit, engagement] = [0, 1].map(|index| self.part(index, as_of));
        let points = self.definition.points(fit.points, engagement.points);
        let [fit_grade, engagement_grade] = self.definition.dimensions().map(|dimension| dimension.grades);
        let cell = self.matrix.cell(fit_grade.place(fit.points), engagement_grade.place(engagement.points));
        let group = match self.override_index {
            Some(index) => self.matrix.group_of_override[index],
            None => self.matrix.group_of_cell[cell],
        };
        LeadScore {
            points,
            cell: self.matrix.cells[cell].clone(),
            group: self.matrix.groups[group].clone(),
            override_index: self.override_index,
            fit,
            engagement,
        }
    }

    fn part(&self, index: usize, as_of: Timestamp) -> LeadPart {
        let dimension = self.definition.dimensions()[index];
        let mut groups = Vec::with_capacity(dimension.groups.len());
        let mut sum = 0.0;
        for (group, observed) in dimension.groups.iter().zip(&self.dimensions[index]) {
            let held = group.rules.iter().zip(&observed.truths).map(|(rule, truth)| LeadRulePoints {
                rule: rule.name.clone(),
                points: if rule.unknown.decide(*truth) { rule.points as f64 } else { 0.0 },
                truth: Some(*truth),
                event_count: None,
            });
            let happened = group.events.iter().zip(&observed.times).map(|(rule, times)| LeadRulePoints {
                rule: rule.name.clone(),
                points: points_of(rule, times, as_of),
                truth: None,
                event_count: Some(times.len() as u64),
            });
            let rules: Vec<LeadRulePoints> = held.chain(happened).collect();
            let of_group = rules.iter().fold(0.0, |sum, rule| sum + rule.points);
            let points = group.keep(of_group);
            sum += points;
            groups.push(LeadGroupPoints { group: group.name.clone(), sum: of_group, points, rules });
        }
        let points = dimension.keep(sum);
        LeadPart { points, grade: dimension.grades.name(dimension.grades.place(points)).to_owned(), groups }
    }

    /// The rules over events that decay, with the instants that count, of the dimension and group they are in.
    pub(super) fn decaying(&self) -> impl Iterator<Item = (&'d EventRule, &[i64])> {
        let groups = self.definition.dimensions().into_iter().map(|dimension| dimension.groups);
        let groups = groups.flatten().zip(self.dimensions.iter().flatten());
        let rules = groups.flat_map(|(group, observed)| group.events.iter().zip(&observed.times));
        rules
            .filter(|(rule, times)| rule.half_life.is_some() && !times.is_empty())
            .map(|(rule, times)| (rule, &times[..]))
    }

    /// The first instant after `as_of` at which a window lets go of an event that counts.
    pub(super) fn next_leaving(&self) -> Option<Timestamp> {
        let groups = self.definition.dimensions().into_iter().map(|dimension| dimension.groups);
        let groups = groups.flatten().zip(self.dimensions.iter().flatten());
        let rules = groups.flat_map(|(group, observed)| group.events.iter().zip(&observed.times));
        rules.filter_map(|(rule, times)| Some(Timestamp::from_micros(*times.last()?).plus(rule.within?))).min()
    }

    /// The least and the most points of engagement between two instants, while the same events count: each rule over
    /// events goes one way, towards nothing, so that its ends are its bounds.
    pub(super) fn engagement_bounds(&self, ends: [Timestamp; 2]) -> (f64, f64) {
        let dimension = self.definition.dimensions()[1];
        let (mut least, mut most) = (0.0, 0.0);
        for (group, observed) in dimension.groups.iter().zip(&self.dimensions[1]) {
            let held = group.rules.iter().zip(&observed.truths).filter(|(rule, truth)| rule.unknown.decide(**truth));
            let held = held.fold(0.0, |sum, (rule, _)| sum + rule.points as f64);
            let (mut low, mut high) = (held, held);
            for (rule, times) in group.events.iter().zip(&observed.times) {
                let [from, until] = ends.map(|instant| points_of(rule, times, instant));
                low += from.min(until);
                high += from.max(until);
            }
            least += group.keep(low);
            most += group.keep(high);
        }
        (dimension.keep(least), dimension.keep(most))
    }

    /// The place of the grade that these points of engagement stand in.
    pub(super) fn engagement_place(&self, points: f64) -> usize {
        self.definition.engagement.grades.place(points)
    }
}

/// The instants of the events that count, the latest first.
fn times_of(rule: &EventRule, subject: &Subject<'_>) -> Result<Vec<i64>> {
    let rows = event_rows(&rule.query(), subject)?.unwrap_or_default();
    let times = rows.into_iter().rev().map(|row| subject.log().time_micros()[row]);
    Ok(times.take(rule.at_most.map_or(usize::MAX, |count| count as usize)).collect())
}

/// The points that these events give, added up from the latest on.
fn points_of(rule: &EventRule, times: &[i64], as_of: Timestamp) -> f64 {
    let weight = times.iter().fold(0.0, |sum, time| sum + EventRule::weight(rule.half_life, *time, as_of));
    rule.points as f64 * weight
}
