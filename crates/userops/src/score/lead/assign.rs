//! The lead scores of all users.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::definition::{Dimension, LeadDefinition, LeadRule};
use super::grade::Matrix;
use super::kernel::EventWeights;
use crate::column::ones_of_words;
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::{Context, Measures, Plan, Vocabulary, measure_users};
use crate::time::Timestamp;

/// The lead scores of all users, a row per user of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LeadScores {
    /// What was asked for.
    pub definition: LeadDefinition,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Points of fit.
    pub fit_points: Vec<i64>,
    /// Points of engagement; whole where nothing decays.
    pub engagement_points: Vec<f64>,
    /// For each user the place of the grade of fit, 0 for the best.
    pub fit_places: Vec<u8>,
    /// For each user the place of the grade of engagement, 0 for the best.
    pub engagement_places: Vec<u8>,
    /// For each user the place of the group of leads among `group_names`.
    pub group_places: Vec<u32>,
    /// The groups of leads, in order of definition, those of overrides alone last.
    pub group_names: Vec<String>,
}

/// Scores all users of a log as leads, as of an instant. The context answers what rules ask of other definitions.
///
/// A user's score depends on that user alone: nothing is fitted, and partitions of a log give the same rows. Everybody has a
/// score; who did nothing and of whom nothing is known has that of no rule. Takes one pass over the events for the rules,
/// and one for the events that count one by one, both shared out over rayon's threads; O(users) memory.
///
/// # Errors
/// As [`LeadDefinition::check`] and [`LeadDefinition::check_against`].
pub fn score_leads(
    log: &EventLog,
    definition: &LeadDefinition,
    as_of: Timestamp,
    context: &Context,
) -> Result<LeadScores> {
    definition.check()?;
    definition.check_against(&Vocabulary::of_log(log).answers(context))?;
    let plan = Plan::new(log, definition.rules(), [])?;
    definition.score(&measure_users(log, &plan, as_of)?, context)
}

impl LeadDefinition {
    /// The same over measures from a plan with the definition's [rules](LeadDefinition::rules).
    ///
    /// # Errors
    /// As [`LeadDefinition::check`], and those of evaluating the rules.
    pub fn score(&self, measures: &Measures<'_>, context: &Context) -> Result<LeadScores> {
        self.check()?;
        let matrix = Matrix::new(self)?;
        let [fit, engagement] = self.dimensions();
        let of_fit = RulePoints::new(&fit, measures, context)?;
        let fit_points: Vec<f64> = (0..measures.len()).map(|user| of_fit.add_up(&fit, user, &[])).collect();
        let of_rules = RulePoints::new(&engagement, measures, context)?;
        let events = EventWeights::new(measures.log(), self, measures.as_of())?;
        let ranges = measures.log().thread_ranges().into_par_iter();
        let parts: Vec<Vec<f64>> = ranges
            .map(|users| {
                let mut points = Vec::with_capacity(users.len());
                events.visit(users, |user, weights| points.push(of_rules.add_up(&engagement, user, weights)));
                points
            })
            .collect();
        let engagement_points = parts.concat();
        let places = |dimension: &Dimension<'_>, points: &[f64]| -> Vec<u8> {
            points.iter().map(|points| dimension.grades.place(*points) as u8).collect()
        };
        let (fit_places, engagement_places) = (places(&fit, &fit_points), places(&engagement, &engagement_points));
        let by_cell = fit_places.iter().zip(&engagement_places);
        let by_cell = by_cell.map(|(fit, engagement)| matrix.cell(usize::from(*fit), usize::from(*engagement)));
        let mut group_places: Vec<u32> = by_cell.map(|cell| matrix.group_of_cell[cell] as u32).collect();
        // The first override that holds counts, so that the last ones are written first.
        for (given, group) in self.overrides.iter().zip(&matrix.group_of_override).rev() {
            let holds = given.unknown.decide_words(&measures.evaluate(&given.when, context)?);
            ones_of_words(&holds).for_each(|user| group_places[user] = *group as u32);
        }
        Ok(LeadScores {
            definition: self.clone(),
            as_of: measures.as_of(),
            fit_points: fit_points.into_iter().map(|points| points as i64).collect(),
            engagement_points,
            fit_places,
            engagement_places,
            group_places,
            group_names: matrix.groups,
        })
    }
}

/// What the rules of each group give each user, before limits; nothing for a group without rules.
struct RulePoints {
    groups: Vec<Vec<i64>>,
}

impl RulePoints {
    fn new(dimension: &Dimension<'_>, measures: &Measures<'_>, context: &Context) -> Result<Self> {
        let mut groups = Vec::with_capacity(dimension.groups.len());
        for group in dimension.groups {
            let mut points = if group.rules.is_empty() { Vec::new() } else { vec![0; measures.len()] };
            for rule in &group.rules {
                ones_of_words(&holds(rule, measures, context)?).for_each(|user| points[user] += rule.points);
            }
            groups.push(points);
        }
        Ok(Self { groups })
    }

    /// The points of a user, given the weights of events in the order of the dimension's rules over them.
    #[inline]
    fn add_up(&self, dimension: &Dimension<'_>, user: usize, weights: &[f64]) -> f64 {
        let (mut sum, mut weights) = (0.0, weights.iter());
        for (group, points) in dimension.groups.iter().zip(&self.groups) {
            let of_rules = points.get(user).map_or(0.0, |points| *points as f64);
            let events = group.events.iter().zip(weights.by_ref());
            sum += group.keep(events.fold(of_rules, |sum, (rule, weight)| sum + rule.points as f64 * weight));
        }
        dimension.keep(sum)
    }
}

/// For whom the points of a rule are given, as words of 64 users.
pub(super) fn holds(rule: &LeadRule, measures: &Measures<'_>, context: &Context) -> Result<Vec<u64>> {
    Ok(rule.unknown.decide_words(&measures.evaluate(&rule.when, context)?))
}
