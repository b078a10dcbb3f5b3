//! Grades of points, and the matrix of two grades.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::definition::LeadDefinition;
use crate::column::{Column, Interner, TextColumn};
use crate::error::{Result, invalid_definition};
use crate::event::{check_names, unknown};

/// More grades than this do not tell users apart that one would treat apart; a matrix has at most 256 cells.
pub(super) const GRADES_MAX: usize = 16;

/// From how many points on a grade begins unless told otherwise: four grades of equal width on a scale of a hundred.
const CUTS_DEFAULT: [i64; 3] = [75, 50, 25];

/// Good fit, and engaged: sales should call.
const CONVERSION: &str = "conversion";
/// Not there yet: keep in touch.
const NURTURING: &str = "nurturing";
/// Not a customer that the product is for.
const DISQUALIFIED: &str = "disqualified";

/// Grades of a dimension, the best first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Grades {
    /// The names, the best first. A single one leaves the dimension out of the matrix.
    pub names: Vec<String>,
    /// From how many points on each grade but the last begins, descending; one fewer than names.
    pub cuts: Vec<i64>,
}

impl Grades {
    /// Grades of these names, the best first, and where each but the last begins.
    pub fn new<N: Into<String>>(names: impl IntoIterator<Item = N>, cuts: impl IntoIterator<Item = i64>) -> Self {
        Self { names: names.into_iter().map(Into::into).collect(), cuts: cuts.into_iter().collect() }
    }

    /// A from 75 points, B from 50, C from 25, else D.
    #[must_use]
    pub fn letters() -> Self {
        Self::new(["A", "B", "C", "D"], CUTS_DEFAULT)
    }

    /// 1 from 75 points, 2 from 50, 3 from 25, else 4.
    #[must_use]
    pub fn digits() -> Self {
        Self::new(["1", "2", "3", "4"], CUTS_DEFAULT)
    }

    /// The place of the grade that these points stand in, 0 for the best.
    #[inline]
    pub(super) fn place(&self, points: f64) -> usize {
        self.cuts.iter().take_while(|cut| points < **cut as f64).count()
    }

    pub(super) fn name(&self, place: usize) -> &str {
        self.names.get(place).map_or("", String::as_str)
    }

    /// Refuses grades that are not told apart, or that nobody could be in or out of.
    pub(super) fn check(&self, dimension: &str, points_min: i64, points_max: i64) -> Result<()> {
        let Self { names, cuts } = self;
        if names.is_empty() || names.len() > GRADES_MAX || cuts.len() + 1 != names.len() {
            return Err(invalid_definition(format!(
                "{dimension} has {} grades and {} cuts: there are 1 to {GRADES_MAX} grades, and a cut for each but the \
                 last",
                names.len(),
                cuts.len()
            )));
        }
        check_names(&format!("grade of {dimension}"), names.iter().map(String::as_str))?;
        if let Some(pair) = cuts.windows(2).find(|pair| pair[0] <= pair[1]) {
            return Err(invalid_definition(format!(
                "the cuts of {dimension} descend, since the best grade comes first: {} stands before {}",
                pair[0], pair[1]
            )));
        }
        match cuts.iter().find(|cut| !(points_min + 1..=points_max).contains(*cut)) {
            None => Ok(()),
            Some(cut) => Err(invalid_definition(format!(
                "a grade of {dimension} begins at {cut} where points run from {points_min} to {points_max}: take a cut \
                 above the least and not above the most, or state other limits"
            ))),
        }
    }
}

/// A group of leads, who are treated alike: the cells of the matrix that are in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadGroup {
    /// The name of the group.
    pub name: String,
    /// The cells, each the grade of fit and that of engagement in one word, such as `B2`.
    pub cells: Vec<String>,
}

impl LeadGroup {
    /// A group of this name with these cells.
    pub fn new<C: Into<String>>(name: impl Into<String>, cells: impl IntoIterator<Item = C>) -> Self {
        Self { name: name.into(), cells: cells.into_iter().map(Into::into).collect() }
    }

    /// The usual groups over the grades A to D and 1 to 4: `conversion` for A and B with 1 and 2, `disqualified` for D,
    /// and `nurturing` for the others.
    ///
    /// Customers, whom relationship sales puts into a group of service, are told by what they bought and not by points:
    /// that is an [override](super::LeadOverride).
    #[must_use]
    pub fn standard() -> Vec<Self> {
        vec![
            Self::new(CONVERSION, ["A1", "A2", "B1", "B2"]),
            Self::new(NURTURING, ["A3", "A4", "B3", "B4", "C1", "C2", "C3", "C4"]),
            Self::new(DISQUALIFIED, ["D1", "D2", "D3", "D4"]),
        ]
    }
}

/// The matrix as it is used: for each cell, row by row, the name of its group.
#[derive(Debug, Clone)]
pub(super) struct Matrix {
    /// The names of cells, the best fit first, and in it the best engagement.
    pub(super) cells: Vec<String>,
    /// For each cell the place of its group among `groups`.
    pub(super) group_of_cell: Vec<usize>,
    /// For each override the place of its group among `groups`.
    pub(super) group_of_override: Vec<usize>,
    /// The names of groups, in order of definition, those of overrides alone last.
    pub(super) groups: Vec<String>,
    /// How many cells a row has.
    width: usize,
}

impl Matrix {
    /// # Errors
    /// `InvalidDefinition` where two cells have one name, or a cell is in no group or in two; `UnknownName` for a cell
    /// that is none.
    pub(super) fn new(definition: &LeadDefinition) -> Result<Self> {
        let (fit, engagement) = (&definition.fit.grades, &definition.engagement.grades);
        let row = |fit: &String| engagement.names.iter().map(|name| format!("{fit}{name}")).collect::<Vec<_>>();
        let cells: Vec<String> = fit.names.iter().flat_map(row).collect();
        check_names("cell", cells.iter().map(String::as_str))?;
        check_names("group of leads", definition.groups.iter().map(|group| group.name.as_str()))?;
        let mut found = vec![None; cells.len()];
        for (place, group) in definition.groups.iter().enumerate() {
            for cell in &group.cells {
                let at = cells.iter().position(|known| known == cell).ok_or_else(|| {
                    unknown("cell", cell, cells.iter().map(String::as_str))
                        .at(format_args!("group of leads {:?}", group.name))
                })?;
                if let Some(other) = found[at].replace(place) {
                    let other = &definition.groups[other].name;
                    let message = format!("the cell {cell:?} is in the groups {other:?} and {:?}", group.name);
                    return Err(invalid_definition(message));
                }
            }
        }
        if let Some(at) = found.iter().position(Option::is_none) {
            let message = format!(
                "the cell {:?} is in no group: each of the {} cells is in one; put it into one, or state `groups` for the \
                 grades there are",
                cells[at],
                cells.len()
            );
            return Err(invalid_definition(message));
        }
        let mut groups: Vec<String> = definition.groups.iter().map(|group| group.name.clone()).collect();
        let mut group_of_override = Vec::with_capacity(definition.overrides.len());
        for given in &definition.overrides {
            let place = groups.iter().position(|name| *name == given.group).unwrap_or(groups.len());
            if place == groups.len() {
                groups.push(given.group.clone());
            }
            group_of_override.push(place);
        }
        let group_of_cell = found.into_iter().flatten().collect();
        Ok(Self { cells, group_of_cell, group_of_override, groups, width: engagement.names.len() })
    }

    /// The place of a cell, row by row.
    pub(super) fn cell(&self, fit: usize, engagement: usize) -> usize {
        fit * self.width + engagement
    }
}

/// A column of names that are given by their places.
pub(super) fn named_column(names: &[String], places: impl Iterator<Item = usize>) -> Column {
    let mut interner = Interner::default();
    let codes: Vec<u32> = names.iter().map(|name| interner.intern(name)).collect();
    let (dictionary, sorted) = interner.into_sorted();
    let codes = places.map(|place| codes.get(place).map(|code| sorted[*code as usize])).collect();
    Column::Text(TextColumn::new(codes, dictionary))
}
