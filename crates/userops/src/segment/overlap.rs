//! How much segments overlap, each with each.

use super::Segment;
use crate::error::{Result, invalid_argument, limit_exceeded};
use crate::table::Table;

/// The most segments of a matrix: its table has a row per pair, and a million rows are read by nobody.
pub const OVERLAP_SEGMENTS_MAX: usize = 1_000;

/// How many users each two of some segments share.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlapMatrix {
    names: Vec<String>,
    /// Row by row.
    counts: Vec<usize>,
}

impl OverlapMatrix {
    /// Counts the users that each two segments share. Takes O(segments² × users / 64) at worst.
    ///
    /// # Errors
    /// `InvalidArgument` where two segments have one name, or are out of different numbers of users; `LimitExceeded`
    /// above [`OVERLAP_SEGMENTS_MAX`] segments.
    pub fn new<'a>(segments: impl IntoIterator<Item = (&'a str, &'a Segment)>) -> Result<Self> {
        let segments: Vec<(&str, &Segment)> = segments.into_iter().collect();
        let size = segments.len();
        if size > OVERLAP_SEGMENTS_MAX {
            return Err(limit_exceeded(format!(
                "{size} segments are more than the {OVERLAP_SEGMENTS_MAX} that a matrix of overlaps can have"
            )));
        }
        let mut counts = vec![0; size * size];
        for (row, (name, segment)) in segments.iter().enumerate() {
            for (column, (other_name, other)) in segments.iter().enumerate().take(row) {
                if name == other_name {
                    return Err(invalid_argument(format!("two segments of the matrix have the name {name:?}")));
                }
                segment.check_same_universe(other)?;
                let count = segment.and_count(other);
                counts[row * size + column] = count;
                counts[column * size + row] = count;
            }
            counts[row * size + row] = segment.len();
        }
        Ok(Self { names: segments.iter().map(|(name, _)| (*name).to_owned()).collect(), counts })
    }

    /// The segments' names, in the order of rows and columns.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// How many users the two share; in the diagonal, how many the segment has. 0 for what is not in the matrix.
    #[must_use]
    pub fn count(&self, row: usize, column: usize) -> usize {
        let size = self.names.len();
        if row < size && column < size { self.counts[row * size + column] } else { 0 }
    }

    /// The shared users among those of either: Jaccard's index. `None` where both are empty.
    #[must_use]
    pub fn jaccard_ratio(&self, row: usize, column: usize) -> Option<f64> {
        let both = self.count(row, column);
        let either = self.count(row, row) + self.count(column, column) - both;
        (either > 0).then(|| both as f64 / either as f64)
    }

    /// The shared users among those of the row's segment. `None` where that is empty.
    #[must_use]
    pub fn row_ratio(&self, row: usize, column: usize) -> Option<f64> {
        let members = self.count(row, row);
        (members > 0).then(|| self.count(row, column) as f64 / members as f64)
    }

    /// The matrix as a table with a row per ordered pair: `segment`, `other`, `shared_count`, `segment_count`,
    /// `other_count`, `jaccard_ratio`, `segment_ratio` (the share of `segment` that is in `other`).
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let size = self.names.len();
        let pairs = || (0..size).flat_map(move |row| (0..size).map(move |column| (row, column)));
        let names =
            |pick: fn((usize, usize)) -> usize| pairs().map(|pair| self.names[pick(pair)].as_str()).collect::<Vec<_>>();
        let counts = |of: fn(usize, usize) -> (usize, usize)| {
            pairs()
                .map(|(row, column)| {
                    let (row, column) = of(row, column);
                    self.count(row, column) as i64
                })
                .collect::<Vec<_>>()
        };
        Table::new(size * size)
            .with("segment", names(|(row, _)| row))?
            .with("other", names(|(_, column)| column))?
            .with("shared_count", counts(|row, column| (row, column)))?
            .with("segment_count", counts(|row, _| (row, row)))?
            .with("other_count", counts(|_, column| (column, column)))?
            .with("jaccard_ratio", pairs().map(|(row, column)| self.jaccard_ratio(row, column)).collect::<Vec<_>>())?
            .with("segment_ratio", pairs().map(|(row, column)| self.row_ratio(row, column)).collect::<Vec<_>>())
    }
}
