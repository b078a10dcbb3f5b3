//! The value of groups of customers: of cohorts, of segments, of whatever a column says.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::forecast::{Gradient, LifetimeValueForecast};
use crate::analytics::period::CalendarPeriod;
use crate::column::Column;
use crate::error::{Result, invalid_argument, type_mismatch};
use crate::table::Table;
use crate::time::Day;
use crate::value::ValueRef;

/// What the customers of one group have brought and will bring.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GroupValue {
    /// How many customers there are.
    pub customer_count: u64,
    /// Of how many nothing could be predicted, because something is unknown; they are in no sum of predicted values.
    pub unpredicted_count: u64,
    /// The sum of historic values that are known.
    pub historic_value: f64,
    /// The sum of predicted values.
    pub predicted_value: f64,
    /// How sure that sum is; `None` where the parameters are not settled.
    pub predicted_standard_error: Option<f64>,
}

/// Which customers are looked at together: those with one value of a column, or with dates of one period.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueGroups {
    /// A column of the table of customers: a segment, or `first_day`, say.
    pub by: String,
    /// Takes the dates of the column by calendar periods, of which the first days are told: cohorts.
    #[serde(default)]
    pub period: Option<CalendarPeriod>,
}

impl ValueGroups {
    /// Customers with one value of this column.
    #[must_use]
    pub fn new(by: impl Into<String>) -> Self {
        Self { by: by.into(), period: None }
    }

    /// Customers whose dates in this column are of one period.
    #[must_use]
    pub fn cohorts(by: impl Into<String>, period: CalendarPeriod) -> Self {
        Self { by: by.into(), period: Some(period) }
    }

    fn column(&self, customers: &Table) -> Result<Column> {
        let column = customers.column(&self.by)?;
        let Some(period) = self.period else { return Ok(column.clone()) };
        let Column::Date(days) = column else {
            let (name, found) = (&self.by, column.value_type());
            return Err(type_mismatch(format!("periods are of dates, and the column {name:?} is of type {found}")));
        };
        let start = |day: Option<i32>| day.map(|day| period.first_day(period.number(Day(day))).0);
        Ok(Column::Date(days.iter().map(start).collect()))
    }
}

impl From<&str> for ValueGroups {
    fn from(by: &str) -> Self {
        Self::new(by)
    }
}

impl LifetimeValueForecast {
    /// A row per group of customers, by a column of a table with the rows of the forecast's own, or of more columns: `group`, ascending,
    /// unknown last, then `customer_count`, `unpredicted_count`, `historic_value`, `predicted_value`, `predicted_standard_error`,
    /// `predicted_low`, `predicted_high`, `total_value` and `mean_value`, the predicted value per customer of whom one is.
    ///
    /// A sum is hardly surer than its parts: they hang on the same parameters.
    ///
    /// # Errors
    /// `UnknownName` for the column; `TypeMismatch` where there is a period and the column holds no dates; `InvalidArgument`
    /// where the table has another number of rows than there are customers.
    pub fn to_group_table(&self, customers: &Table, groups: impl Into<ValueGroups>) -> Result<Table> {
        let column = groups.into().column(customers)?;
        if column.len() != self.customers.len() {
            return Err(invalid_argument(format!(
                "the table of groups has {} rows where there are {} customers",
                column.len(),
                self.customers.len()
            )));
        }
        let mut rows: Vec<usize> = (0..column.len()).collect();
        // A stable sort: sums are in the order of rows whatever the groups are.
        rows.sort_by(|one, other| compare(column.get(*one), column.get(*other)));
        let same = |one: &usize, other: &usize| compare(column.get(*one), column.get(*other)) == Ordering::Equal;
        let parts: Vec<&[usize]> = rows.chunk_by(same).collect();
        let names: Vec<_> = parts.iter().map(|part| column.get(part[0]).map(ValueRef::to_owned)).collect();
        let values = self.group_rows(parts.iter().map(|part| part.to_vec()));
        let names = Column::from_values(column.value_type(), &names);
        Table::new(names.len()).with("group", names)?.beside(&self.group_columns(&values)?)
    }

    pub(super) fn group_rows(&self, groups: impl Iterator<Item = Vec<usize>>) -> Vec<GroupValue> {
        groups.map(|rows| self.group_value(&rows)).collect()
    }

    fn group_value(&self, rows: &[usize]) -> GroupValue {
        let mut group = GroupValue { customer_count: rows.len() as u64, ..GroupValue::default() };
        let mut gradient: Gradient = Default::default();
        for row in rows {
            let customer = &self.customers[*row];
            group.historic_value += customer.historic_value.unwrap_or(0.0);
            match customer.predicted.and_then(|predicted| predicted.predicted_value) {
                None => group.unpredicted_count += 1,
                Some(value) => {
                    group.predicted_value += value;
                    gradient.iter_mut().zip(&customer.gradient).for_each(|(sum, part)| *sum += part);
                }
            }
        }
        group.predicted_standard_error = self.standard_error(&gradient);
        group
    }

    pub(super) fn group_columns(&self, groups: &[GroupValue]) -> Result<Table> {
        let interval = |group: &GroupValue| {
            group.predicted_standard_error.map(|error| Self::interval(group.predicted_value, error))
        };
        let mean = |group: &GroupValue| {
            let count = group.customer_count - group.unpredicted_count;
            (count > 0).then(|| group.predicted_value / count as f64)
        };
        let column = |value: &dyn Fn(&GroupValue) -> f64| groups.iter().map(value).collect::<Vec<_>>();
        let maybe = |value: &dyn Fn(&GroupValue) -> Option<f64>| groups.iter().map(value).collect::<Vec<_>>();
        Table::new(groups.len())
            .with("customer_count", groups.iter().map(|group| group.customer_count as i64).collect::<Vec<_>>())?
            .with("unpredicted_count", groups.iter().map(|group| group.unpredicted_count as i64).collect::<Vec<_>>())?
            .with("historic_value", column(&|group| group.historic_value))?
            .with("predicted_value", column(&|group| group.predicted_value))?
            .with("predicted_standard_error", maybe(&|group| group.predicted_standard_error))?
            .with("predicted_low", maybe(&|group| interval(group).map(|interval| interval.low)))?
            .with("predicted_high", maybe(&|group| interval(group).map(|interval| interval.high)))?
            .with("total_value", column(&|group| group.historic_value + group.predicted_value))?
            .with("mean_value", maybe(&mean))
    }
}

/// The order of values of one type; unknown is last.
fn compare(one: Option<ValueRef<'_>>, other: Option<ValueRef<'_>>) -> Ordering {
    match (one, other) {
        (Some(ValueRef::Bool(one)), Some(ValueRef::Bool(other))) => one.cmp(&other),
        (Some(ValueRef::Integer(one)), Some(ValueRef::Integer(other))) => one.cmp(&other),
        (Some(ValueRef::Float(one)), Some(ValueRef::Float(other))) => one.total_cmp(&other),
        (Some(ValueRef::Text(one)), Some(ValueRef::Text(other))) => one.cmp(other),
        (Some(ValueRef::Time(one)), Some(ValueRef::Time(other))) => one.cmp(&other),
        (Some(ValueRef::Date(one)), Some(ValueRef::Date(other))) => one.cmp(&other),
        (one, other) => one.is_none().cmp(&other.is_none()),
    }
}
