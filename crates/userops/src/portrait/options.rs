//! How a portrait is divided into values, and what it keeps from view.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument};

/// Bins of a number unless asked otherwise: fifths, the grading that RFM scores use as well.
pub const BINS: u8 = 5;
/// The most bins: each holds at least a twentieth of the users who differ.
pub const BINS_MAX: u8 = 20;
/// Whole numbers with at most this many distinct values are categories: months of a year, levels, ratings.
pub const INTEGER_CATEGORIES_MAX: usize = 12;
/// Values of a dimension unless asked otherwise: what can be compared at a glance, on half a page.
pub const VALUES_MAX: u16 = 20;
/// The most values of a dimension that can be asked for: more are a table of counts, not a portrait.
pub const VALUES_LIMIT: u16 = 1_000;
/// The fewest users of a cell that is shown, unless asked otherwise.
///
/// The minimum-frequency rule of statistical disclosure control; thresholds from 3 to 10 are common (Hundepool et al.,
/// *Statistical Disclosure Control*, 2012), and 5 is the one met most often.
pub const CELL_USERS_MIN: u32 = 5;

/// What becomes of cells that hold so few users that they tell about persons.
///
/// A cell is small where it holds at least 1 but fewer than `cell_users_min` users of the audience, or of the users
/// outside it: a reader sees the latter as well, by subtraction. A count of 0 is of nobody and is not small. Where
/// hiding small cells would leave a sum that is small itself, and that subtraction from the totals would reveal, the
/// cells with the fewest users are hidden with them until it does not; at worst the whole dimension is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SmallCells {
    /// They are shown: for data that are not about persons, or readers who may see them.
    Show,
    /// They are joined into the row `(other)` of the dimension; where that is small too, it is suppressed.
    #[default]
    Merge,
    /// Each keeps its row, whose counts are suppressed.
    Suppress,
}

/// How a portrait is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PortraitOptions {
    /// How many bins numbers are cut into, 2 to [`BINS_MAX`]; ties can make them fewer.
    pub bins: u8,
    /// The most values of a dimension, 1 to [`VALUES_LIMIT`]; the rest share a row. `(empty)`, `(other)` and
    /// `(unknown)` come on top.
    pub values_max: u16,
    /// What becomes of small cells.
    pub small_cells: SmallCells,
    /// The fewest users of a cell that is shown, at least 1.
    pub cell_users_min: u32,
}

impl Default for PortraitOptions {
    fn default() -> Self {
        Self { bins: BINS, values_max: VALUES_MAX, small_cells: SmallCells::default(), cell_users_min: CELL_USERS_MIN }
    }
}

impl PortraitOptions {
    /// The default options.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same options with this many bins.
    #[must_use]
    pub fn bins(mut self, bins: u8) -> Self {
        self.bins = bins;
        self
    }

    /// The same options with at most this many values of a dimension.
    #[must_use]
    pub fn values_max(mut self, values_max: u16) -> Self {
        self.values_max = values_max;
        self
    }

    /// The same options with small cells dealt with in this way.
    #[must_use]
    pub fn small_cells(mut self, small_cells: SmallCells) -> Self {
        self.small_cells = small_cells;
        self
    }

    /// The same options with this least number of users of a cell.
    #[must_use]
    pub fn cell_users_min(mut self, cell_users_min: u32) -> Self {
        self.cell_users_min = cell_users_min;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let ranges = [
            ("bins", u32::from(self.bins), 2, u32::from(BINS_MAX)),
            ("values_max", u32::from(self.values_max), 1, u32::from(VALUES_LIMIT)),
            ("cell_users_min", self.cell_users_min, 1, u32::MAX),
        ];
        for (name, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return Err(invalid_argument(format!("{name} = {value} is not in the range {min} to {max}")));
            }
        }
        Ok(())
    }

    /// Whether a count of users is too small to be shown.
    pub(super) fn is_small_count(&self, users: u64) -> bool {
        self.small_cells != SmallCells::Show && (1..u64::from(self.cell_users_min)).contains(&users)
    }
}

impl From<SmallCells> for PortraitOptions {
    fn from(small_cells: SmallCells) -> Self {
        Self::default().small_cells(small_cells)
    }
}
