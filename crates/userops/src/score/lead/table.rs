//! Lead scores as tables.

use super::assign::{LeadScores, holds};
use super::definition::LeadDefinition;
use super::grade::{Matrix, named_column};
use super::kernel::EventWeights;
use crate::column::{Column, ones_of_words};
use crate::error::{Result, invalid_argument};
use crate::id::{UserDirectory, UserIx};
use crate::log::EventLog;
use crate::rule::{Context, Measures, Plan, Vocabulary, measure_users};
use crate::table::{Table, user_column};
use crate::time::Timestamp;

impl LeadScores {
    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.fit_points.len()
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.fit_points.is_empty()
    }

    /// Points of fit and engagement together, a row per user.
    #[must_use]
    pub fn points(&self) -> Vec<f64> {
        let both = self.fit_points.iter().zip(&self.engagement_points);
        both.map(|(fit, engagement)| self.definition.points(*fit as f64, *engagement)).collect()
    }

    /// The group of leads that a user is in; `None` for a user who is not of this log.
    #[must_use]
    pub fn group(&self, user: UserIx) -> Option<&str> {
        let place = *self.group_places.get(user.index())?;
        self.group_names.get(place as usize).map(String::as_str)
    }

    /// The columns with their names: `fit_points`, `engagement_points`, `points`, `fit_grade`, `engagement_grade`, `cell`,
    /// `group`. None is unknown.
    ///
    /// # Errors
    /// As [`LeadDefinition::check`].
    pub fn columns(&self) -> Result<Vec<(&'static str, Column)>> {
        let matrix = Matrix::new(&self.definition)?;
        let places = |places: &[u8], names: &[String]| named_column(names, places.iter().map(|at| usize::from(*at)));
        Ok(vec![
            ("fit_points", self.fit_points.clone().into()),
            ("engagement_points", self.engagement_points.clone().into()),
            ("points", self.points().into()),
            ("fit_grade", places(&self.fit_places, &self.definition.fit.grades.names)),
            ("engagement_grade", places(&self.engagement_places, &self.definition.engagement.grades.names)),
            ("cell", named_column(&matrix.cells, self.cells(&matrix))),
            ("group", named_column(&self.group_names, self.group_places.iter().map(|place| *place as usize))),
        ])
    }

    /// A row per user: `user`, and the [columns](LeadScores::columns).
    ///
    /// # Errors
    /// `InvalidArgument` where the directory has another number of users.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let all = (0..users.len()).map(|user| UserIx(user as u32));
        let table = Table::new(users.len()).with("user", user_column(users, all))?;
        self.columns()?.into_iter().try_fold(table, |table, (name, column)| table.with(name, column))
    }

    /// A row per cell of the matrix, the best fit first and in it the best engagement: `cell`, `fit_grade`,
    /// `engagement_grade`, `group` (that of the cell), `user_count`, `user_ratio` (unknown without users), and
    /// `overridden_count` (users of the cell whom an override put into a group).
    ///
    /// # Errors
    /// As [`LeadDefinition::check`].
    pub fn cell_table(&self) -> Result<Table> {
        let matrix = Matrix::new(&self.definition)?;
        let mut counts = vec![[0i64; 2]; matrix.cells.len()];
        for (cell, group) in self.cells(&matrix).zip(&self.group_places) {
            // Scores that were read back may hold anything.
            let Some([all, overridden]) = counts.get_mut(cell) else { continue };
            *all += 1;
            *overridden += i64::from(matrix.group_of_cell[cell] != *group as usize);
        }
        let [fit, engagement] = self.definition.dimensions().map(|dimension| &dimension.grades.names);
        let (cells, width) = (0..matrix.cells.len(), engagement.len());
        Table::new(matrix.cells.len())
            .with("cell", matrix.cells.clone())?
            .with("fit_grade", cells.clone().map(|cell| fit[cell / width].clone()).collect::<Vec<_>>())?
            .with("engagement_grade", cells.clone().map(|cell| engagement[cell % width].clone()).collect::<Vec<_>>())?
            .with("group", cells.map(|cell| matrix.groups[matrix.group_of_cell[cell]].clone()).collect::<Vec<_>>())?
            .with("user_count", counts.iter().map(|count| count[0]).collect::<Vec<_>>())?
            .with("user_ratio", counts.iter().map(|count| self.ratio(count[0])).collect::<Vec<_>>())?
            .with("overridden_count", counts.iter().map(|count| count[1]).collect::<Vec<_>>())
    }

    /// A row per group of leads, in order of definition: `group`, `user_count`, `user_ratio` (unknown without users).
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn group_table(&self) -> Result<Table> {
        let mut counts = vec![0i64; self.group_names.len()];
        for place in &self.group_places {
            counts.get_mut(*place as usize).into_iter().for_each(|count| *count += 1);
        }
        let ratios: Vec<Option<f64>> = counts.iter().map(|count| self.ratio(*count)).collect();
        Table::new(counts.len())
            .with("group", self.group_names.clone())?
            .with("user_count", counts)?
            .with("user_ratio", ratios)
    }

    /// Who moved between groups from this instant to that of other scores of the same users: a row per pair of groups that
    /// anybody is in, those who stayed included: `from_group`, `to_group`, `user_count`.
    ///
    /// # Errors
    /// `InvalidArgument` where the other scores are of another number of users.
    pub fn move_table(&self, later: &Self) -> Result<Table> {
        if self.len() != later.len() {
            return Err(invalid_argument(format!(
                "the scores before have {} users and those after {}: score the same log at both instants",
                self.len(),
                later.len()
            )));
        }
        let width = later.group_names.len();
        let mut counts = vec![0i64; self.group_names.len() * width];
        for (from, to) in self.group_places.iter().zip(&later.group_places) {
            let count = counts.get_mut(*from as usize * width + *to as usize);
            count.into_iter().for_each(|count| *count += 1);
        }
        let rows: Vec<(usize, i64)> = counts.into_iter().enumerate().filter(|(_, count)| *count > 0).collect();
        Table::new(rows.len())
            .with("from_group", rows.iter().map(|row| self.group_names[row.0 / width].clone()).collect::<Vec<_>>())?
            .with("to_group", rows.iter().map(|row| later.group_names[row.0 % width].clone()).collect::<Vec<_>>())?
            .with("user_count", rows.iter().map(|row| row.1).collect::<Vec<_>>())
    }

    /// The place of each user's cell.
    fn cells<'a>(&'a self, matrix: &'a Matrix) -> impl Iterator<Item = usize> + 'a {
        let both = self.fit_places.iter().zip(&self.engagement_places);
        both.map(|(fit, engagement)| matrix.cell(usize::from(*fit), usize::from(*engagement)))
    }

    fn ratio(&self, count: i64) -> Option<f64> {
        (!self.is_empty()).then(|| count as f64 / self.len() as f64)
    }
}

/// What each rule gives each user: a row per user with `user`, and a column of points per rule and per rule over events,
/// `fit.group.rule`, in order of definition, before limits.
///
/// Takes 8 bytes a user and rule.
///
/// # Errors
/// As [`score_leads`](super::score_leads), and `InvalidArgument` where two columns would have one name.
pub fn list_lead_points(
    log: &EventLog,
    definition: &LeadDefinition,
    as_of: Timestamp,
    context: &Context,
) -> Result<Table> {
    definition.check()?;
    definition.check_against(&Vocabulary::of_log(log).answers(context))?;
    let plan = Plan::new(log, definition.rules(), [])?;
    let measures = measure_users(log, &plan, as_of)?;
    let mut weights = weigh_events(&measures, definition)?.into_iter();
    let users = log.user_count();
    let mut table =
        Table::new(users).with("user", user_column(log.users(), (0..users).map(|user| UserIx(user as u32))))?;
    for dimension in definition.dimensions() {
        for group in dimension.groups {
            let name = |rule: &str| format!("{}.{}.{rule}", dimension.name, group.name);
            for rule in &group.rules {
                let mut points = vec![0.0; users];
                ones_of_words(&holds(rule, &measures, context)?).for_each(|user| points[user] = rule.points as f64);
                table.push(name(&rule.name), points.into())?;
            }
            for (rule, weights) in group.events.iter().zip(weights.by_ref()) {
                let points: Vec<f64> = weights.into_iter().map(|weight| rule.points as f64 * weight).collect();
                table.push(name(&rule.name), points.into())?;
            }
        }
    }
    Ok(table)
}

/// For each rule over events the weight of each user's events.
fn weigh_events(measures: &Measures<'_>, definition: &LeadDefinition) -> Result<Vec<Vec<f64>>> {
    let events = EventWeights::new(measures.log(), definition, measures.as_of())?;
    let mut columns = vec![Vec::with_capacity(measures.len()); definition.event_rules().count()];
    events.visit(0..measures.len(), |_, weights| {
        columns.iter_mut().zip(weights).for_each(|(column, weight)| column.push(*weight));
    });
    Ok(columns)
}
