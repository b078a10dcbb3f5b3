//! Transitions: which node follows which, how often, and how long it takes.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::node::{EXIT_CODE, OPEN_CODE, PathNodeKind, START_CODE};
use super::options::PathOptions;
use super::read::{PathReader, PathScratch, is_on_path};
use crate::analytics::quantile::quantile;
use crate::error::Result;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{MICROS_PER_SECOND, Timestamp};

/// Pairs of nodes up to which every range of users has its own cells, of 24 bytes each; beyond, every thread has.
const CELLS_PER_RANGE_MAX: usize = 1 << 14;

/// One node after another, over all paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transition {
    /// Where from: a node of events, or [`START`](super::START).
    pub source: String,
    /// What the source is.
    pub source_kind: PathNodeKind,
    /// Where to: a node of events, [`EXIT`](super::EXIT) or [`OPEN`](super::OPEN).
    pub target: String,
    /// What the target is.
    pub target_kind: PathNodeKind,
    /// How often.
    pub count: u64,
    /// By how many users.
    pub user_count: u64,
    /// The share of all that leaves the source, exits included.
    pub ratio: f64,
    /// The median of the times between the two steps; none where one of them is no event.
    pub gap_median_seconds: Option<f64>,
}

/// All transitions of all paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transitions {
    /// What was asked for.
    pub options: PathOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Paths with at least one step.
    pub path_count: u64,
    /// Users with such a path.
    pub user_count: u64,
    /// Those that occur, the most frequent first, equals by source and target.
    pub rows: Vec<Transition>,
}

/// Counts which node follows which, over the paths of all users, from the events that have happened at `as_of`.
///
/// Every path leads from [`START`](super::START) over its steps to [`EXIT`](super::EXIT), or to [`OPEN`](super::OPEN)
/// where a further event could still belong to it: so of each node what comes in equals what goes out. Without a session
/// gap the end of a user's events is an exit. Order is that of time, then of arrival. Medians are exact, of type 7.
/// Takes O(events) time, shared out over rayon's threads, and 16 bytes per transition at most.
///
/// # Errors
/// `UnknownName` and `TypeMismatch` for the patterns of groups; `InvalidDefinition` for the name of a group;
/// `InvalidArgument` for a window or a gap; `LimitExceeded` for more than [`GROUPS_MAX`](super::GROUPS_MAX) groups or
/// [`NODES_MAX`](super::NODES_MAX) nodes.
pub fn count_transitions(log: &EventLog, as_of: Timestamp, options: impl Into<PathOptions>) -> Result<Transitions> {
    let options = options.into();
    options.check()?;
    let reader = PathReader::new(log, as_of, &options, None)?;
    let walk = Walk { reader: &reader, as_of, repeats_collapsed: options.repeats_collapsed };
    let parts: Vec<Part> = walk.ranges(log).into_par_iter().map(|users| walk.count(users)).collect();
    let rows = walk.rows(&parts);
    let path_count = parts.iter().map(|part| part.path_count).sum();
    let user_count = parts.iter().map(|part| part.user_count).sum();
    Ok(Transitions { options, as_of, path_count, user_count, rows })
}

impl Transitions {
    /// The transition from one node to another, where it occurs.
    #[must_use]
    pub fn row(&self, source: &str, target: &str) -> Option<&Transition> {
        self.rows.iter().find(|row| row.source == source && row.target == target)
    }

    /// A row per transition: `source`, `source_kind`, `target`, `target_kind`, `count`, `user_count`, `ratio`,
    /// `gap_median_seconds`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.rows;
        Table::new(rows.len())
            .with("source", rows.iter().map(|row| row.source.as_str()).collect::<Vec<_>>())?
            .with("source_kind", rows.iter().map(|row| row.source_kind.name()).collect::<Vec<_>>())?
            .with("target", rows.iter().map(|row| row.target.as_str()).collect::<Vec<_>>())?
            .with("target_kind", rows.iter().map(|row| row.target_kind.name()).collect::<Vec<_>>())?
            .with("count", rows.iter().map(|row| row.count as i64).collect::<Vec<_>>())?
            .with("user_count", rows.iter().map(|row| row.user_count as i64).collect::<Vec<_>>())?
            .with("ratio", rows.iter().map(|row| row.ratio).collect::<Vec<_>>())?
            .with("gap_median_seconds", rows.iter().map(|row| row.gap_median_seconds).collect::<Vec<_>>())
    }
}

/// Walks over paths and counts pairs of neighbours. Nodes of events have their own codes; after them come, as a source,
/// the start, and as targets the exit and the open end.
struct Walk<'a> {
    reader: &'a PathReader<'a>,
    as_of: Timestamp,
    repeats_collapsed: bool,
}

/// What one pair of nodes comes to in a range of users.
#[derive(Debug, Clone, Copy, Default)]
struct Cell {
    count: u64,
    user_count: u64,
    /// The last user counted, from 1; 0 for none.
    last_user: u32,
}

struct Part {
    cells: Vec<Cell>,
    /// The times between the nodes of each pair, pair after pair.
    gaps: Vec<i64>,
    path_count: u64,
    user_count: u64,
}

impl Walk<'_> {
    fn events(&self) -> usize {
        self.reader.nodes.len()
    }

    fn width(&self) -> usize {
        self.events() + 2
    }

    fn ranges(&self, log: &EventLog) -> Vec<Range<usize>> {
        if self.width() * self.width() > CELLS_PER_RANGE_MAX {
            return log.user_ranges(rayon::current_num_threads());
        }
        log.thread_ranges()
    }

    /// Visits every pair of neighbours as a cell, with the time between them where both are events.
    #[inline]
    fn visit(&self, users: Range<usize>, mut visit: impl FnMut(usize, usize, Option<i64>)) {
        let mut scratch = PathScratch::default();
        let (events, width) = (self.events(), self.width());
        for user in users {
            self.reader.visit(user, &mut scratch, |path| {
                let (mut source, mut entered) = (events, None);
                for (&time, &node) in path.times.iter().zip(path.nodes) {
                    let node_index = usize::from(node);
                    if !is_on_path(node) || (self.repeats_collapsed && node_index == source) {
                        continue;
                    }
                    visit(user, source * width + node_index, entered.map(|entered| time - entered));
                    (source, entered) = (node_index, Some(time));
                }
                if entered.is_some() {
                    let is_open = path.end_code(self.as_of, None) == OPEN_CODE;
                    visit(user, source * width + events + usize::from(is_open), None);
                }
            });
        }
    }

    fn count(&self, users: Range<usize>) -> Part {
        let (events, width) = (self.events(), self.width());
        let mut cells = vec![Cell::default(); (events + 1) * width];
        let (mut path_count, mut user_count, mut last_user) = (0, 0, 0);
        self.visit(users.clone(), |user, cell, _| {
            let tag = user as u32 + 1;
            if cell >= events * width {
                path_count += 1;
                user_count += u64::from(last_user != tag);
                last_user = tag;
            }
            let cell = &mut cells[cell];
            cell.count += 1;
            cell.user_count += u64::from(cell.last_user != tag);
            cell.last_user = tag;
        });
        // Where the gaps of each pair go: a second walk is cheaper than to remember every step of the first.
        let mut places = Vec::with_capacity(cells.len());
        let mut total = 0;
        for (index, cell) in cells.iter().enumerate() {
            places.push(total);
            total += if self.has_gaps(index) { cell.count as usize } else { 0 };
        }
        let mut gaps = vec![0; total];
        self.visit(users, |_, cell, gap| {
            if let Some(gap) = gap {
                gaps[places[cell]] = gap;
                places[cell] += 1;
            }
        });
        Part { cells, gaps, path_count, user_count }
    }

    /// Whether both nodes of a pair are events.
    fn has_gaps(&self, cell: usize) -> bool {
        cell / self.width() < self.events() && cell % self.width() < self.events()
    }

    fn rows(&self, parts: &[Part]) -> Vec<Transition> {
        let Some(first) = parts.first() else { return Vec::new() };
        let (events, width) = (self.events(), self.width());
        let nodes = &self.reader.nodes;
        let mut taken = vec![0; parts.len()];
        let (mut rows, mut gaps) = (Vec::new(), Vec::<i64>::new());
        for source in 0..=events {
            let targets = source * width..(source + 1) * width;
            let count_of = |cell: usize| parts.iter().map(|part| part.cells[cell].count).sum::<u64>();
            let leaving: u64 = targets.clone().map(count_of).sum();
            for cell in targets.filter(|cell| *cell < first.cells.len()) {
                let count = count_of(cell);
                if count == 0 {
                    continue;
                }
                gaps.clear();
                if self.has_gaps(cell) {
                    for (part, taken) in parts.iter().zip(&mut taken) {
                        let end = *taken + part.cells[cell].count as usize;
                        gaps.extend(&part.gaps[*taken..end]);
                        *taken = end;
                    }
                }
                let target = cell % width;
                let source_code = if source == events { START_CODE } else { source as u16 };
                let target_code = match target.checked_sub(events) {
                    None => target as u16,
                    Some(0) => EXIT_CODE,
                    Some(_) => OPEN_CODE,
                };
                rows.push(Transition {
                    source: nodes.name(source_code).to_owned(),
                    source_kind: PathNodeKind::of(source_code),
                    target: nodes.name(target_code).to_owned(),
                    target_kind: PathNodeKind::of(target_code),
                    count,
                    user_count: parts.iter().map(|part| part.cells[cell].user_count).sum(),
                    ratio: count as f64 / leaving as f64,
                    gap_median_seconds: median_seconds(&mut gaps),
                });
            }
        }
        rows.sort_by(|a, b| {
            b.count.cmp(&a.count).then_with(|| a.source.cmp(&b.source)).then_with(|| a.target.cmp(&b.target))
        });
        rows
    }
}

fn median_seconds(gaps: &mut [i64]) -> Option<f64> {
    gaps.sort_unstable();
    quantile(gaps.len(), 1, 2, |index| gaps[index] as f64 / MICROS_PER_SECOND as f64)
}
