//! Where each window begins and ends among the rows of each user.

use std::ops::Range;

use super::bits::WORD_BITS;
use crate::attribute::AttributeTable;
use crate::column::{Column, PackedCursor};
use crate::error::{Result, type_mismatch};
use crate::log::EventLog;
use crate::rule::EventWindow;
use crate::time::{Calendar, Day, Timestamp};

/// Above this many rows a binary search is the shorter way to an instant.
const SCAN_ROWS_MAX: usize = 64;

/// A row number per user of a block.
pub(crate) type RowOfUser = [u32; WORD_BITS];

/// A window as two instants, or two spans around an attribute.
#[derive(Debug, Clone)]
pub(crate) enum Reach<'a> {
    /// Rows between two cuts, which lie at the same instants for all users.
    Fixed {
        /// Index of the cut at which it begins.
        from: usize,
        /// Index of the cut at which it ends, not before `from`.
        until: usize,
        /// The first instant, or `None` for all of history, for which everybody was there.
        start: Option<i64>,
    },
    /// Rows around an attribute.
    Around { attribute: &'a Column, from: i64, until: i64 },
}

/// The windows of a plan, as seen from one instant.
#[derive(Debug, Clone)]
pub(crate) struct Reaches<'a> {
    /// The instants at which windows begin or end: ascending, distinct, the first before all events and the last the
    /// first that is not visible.
    pub(crate) cuts: Vec<i64>,
    pub(crate) windows: Vec<Reach<'a>>,
}

impl<'a> Reaches<'a> {
    /// # Errors
    /// Those of [`Window::range`](crate::time::Window::range); `UnknownName` or `TypeMismatch` for an attribute.
    pub(crate) fn new(
        log: &'a EventLog,
        windows: &[EventWindow],
        as_of: Timestamp,
        calendar: &Calendar,
    ) -> Result<Self> {
        let after = as_of.as_micros().saturating_add(1);
        let mut ranges = Vec::with_capacity(windows.len());
        let mut cuts = vec![i64::MIN, after];
        for window in windows {
            let range = match window {
                EventWindow::Window(window) => {
                    let range = window.range(as_of, calendar)?;
                    let start = range.start.as_micros().min(after);
                    let end = range.end.as_micros().clamp(start, after);
                    cuts.extend([start, end]);
                    Some((start, end))
                }
                EventWindow::Attribute { .. } => None,
            };
            ranges.push(range);
        }
        cuts.sort_unstable();
        cuts.dedup();
        let place = |instant: i64| cuts.partition_point(|cut| *cut < instant);
        let windows = windows.iter().zip(ranges).map(|(window, range)| match (window, range) {
            (EventWindow::Attribute { attribute, from, until }, _) => Ok(Reach::Around {
                attribute: instants(log.attributes(), attribute)?,
                from: from.as_micros(),
                until: until.as_micros(),
            }),
            (_, Some((start, end))) => {
                Ok(Reach::Fixed { from: place(start), until: place(end), start: (!window.is_all()).then_some(start) })
            }
            (_, None) => Ok(Reach::Fixed { from: 0, until: 0, start: None }),
        });
        let windows = windows.collect::<Result<_>>()?;
        Ok(Self { cuts, windows })
    }
}

/// A date or time attribute.
///
/// # Errors
/// `UnknownName` where there is none; `TypeMismatch` where it is of another type.
pub(crate) fn instants<'a>(attributes: &'a AttributeTable, name: &str) -> Result<&'a Column> {
    match attributes.column(name)? {
        column @ (Column::Time(_) | Column::Date(_)) => Ok(column),
        other => Err(type_mismatch(format!(
            "the attribute {name:?} is of type {}, where a time or a date is needed",
            other.value_type()
        ))),
    }
}

/// The rows of up to 64 users, cut at the instants of the plan.
#[derive(Debug, Clone)]
pub(crate) struct BlockRows {
    /// The users.
    pub(crate) users: Range<usize>,
    /// All their rows.
    pub(crate) rows: Range<usize>,
    /// For each cut, the first row of each user that is not before it.
    pub(crate) cuts: Vec<RowOfUser>,
    /// The users for whom a cut has to be searched, and among how many rows.
    open: Vec<(usize, u32)>,
}

impl BlockRows {
    pub(crate) fn new(cuts: usize) -> Self {
        Self { users: 0..0, rows: 0..0, cuts: vec![[0; WORD_BITS]; cuts], open: Vec::new() }
    }

    /// Moves to other users.
    pub(crate) fn load(&mut self, log: &EventLog, cuts: &[i64], users: Range<usize>) {
        let offsets = &log.offsets()[users.start..=users.end];
        let time = log.time_micros();
        self.rows = offsets[0] as usize..offsets[users.len()] as usize;
        let mut from = [0u32; WORD_BITS];
        from.iter_mut().zip(offsets).for_each(|(from, offset)| *from = *offset as u32);
        for (instant, rows) in cuts.iter().zip(&mut self.cuts) {
            self.open.clear();
            for (user, (from, until)) in from.iter().zip(&offsets[1..]).enumerate() {
                let slice = &time[*from as usize..*until as usize];
                match count_before(slice, *instant) {
                    Some(skip) => rows[user] = from + skip as u32,
                    None => {
                        rows[user] = *from;
                        self.open.push((user, slice.len() as u32));
                    }
                }
            }
            search_together(time, *instant, &self.open, rows);
            from = *rows;
        }
        self.users = users;
    }

    /// The first row and the row after the last that are visible, of one user of the block.
    #[inline]
    pub(crate) fn visible(&self, user: usize) -> Range<usize> {
        match self.cuts.as_slice() {
            [first, .., last] => first[user] as usize..last[user] as usize,
            _ => 0..0,
        }
    }
}

/// How many of some ascending instants are before `instant`; `None` where a search is the shorter way to tell.
#[inline]
fn count_before(time: &[i64], instant: i64) -> Option<usize> {
    match (time.first(), time.last()) {
        (_, Some(last)) if *last < instant => Some(time.len()),
        (Some(first), _) if *first >= instant => Some(0),
        // No branch per event, which would be guessed wrong once per user.
        _ if time.len() <= SCAN_ROWS_MAX => Some(time.iter().map(|time| usize::from(*time < instant)).sum()),
        _ => None,
    }
}

/// Moves the rows of these users, with so many instants from there on, past those that are before `instant`.
///
/// All users take each step of a binary search together, so that memory is waited for once and not by each.
fn search_together(time: &[i64], instant: i64, users: &[(usize, u32)], rows: &mut RowOfUser) {
    let Some(longest) = users.iter().map(|(_, len)| *len).max() else { return };
    let first = *rows;
    let mut step = 1 << longest.ilog2();
    while step > 0 {
        for (user, len) in users {
            let (end, probe) = (first[*user] + len, rows[*user] + step);
            let is_before = probe <= end && time[probe.min(end) as usize - 1] < instant;
            rows[*user] += if is_before { step } else { 0 };
        }
        step /= 2;
    }
}

/// The rows of one window for the users of a block.
#[derive(Debug, Clone)]
pub(crate) struct WindowRows {
    pub(crate) from: RowOfUser,
    pub(crate) until: RowOfUser,
    /// Whether it is known where the window lies.
    pub(crate) known: u64,
    /// Whether the user was there when the window began.
    pub(crate) observed: u64,
}

impl WindowRows {
    pub(crate) fn new() -> Self {
        Self { from: [0; WORD_BITS], until: [0; WORD_BITS], known: u64::MAX, observed: u64::MAX }
    }

    /// Finds the rows of a window, and whether the user was there when it began if `asks_observed`.
    pub(crate) fn load(
        &mut self,
        log: &EventLog,
        reach: &Reach<'_>,
        asks_observed: bool,
        block: &BlockRows,
        calendar: &Calendar,
    ) {
        let seen = |user: usize, start: i64| {
            let rows = block.visible(user);
            !rows.is_empty() && log.time_micros()[rows.start] <= start
        };
        match *reach {
            Reach::Fixed { from, until, start } => {
                self.from = block.cuts[from];
                self.until = block.cuts[until];
                (self.known, self.observed) = (u64::MAX, u64::MAX);
                if !asks_observed {
                    return;
                }
                let bits =
                    (0..block.users.len()).map(|user| u64::from(start.is_none_or(|start| seen(user, start))) << user);
                self.observed = bits.fold(0, |word, bit| word | bit);
            }
            Reach::Around { attribute, from, until } => {
                (self.known, self.observed) = (0, 0);
                let mut origin = Origins::new(attribute, calendar);
                for user in 0..block.users.len() {
                    let visible = block.visible(user);
                    (self.from[user], self.until[user]) = (visible.start as u32, visible.start as u32);
                    let Some(origin) = origin.get(block.users.start + user) else { continue };
                    let (start, end) = (origin.saturating_add(from), origin.saturating_add(until));
                    let time = &log.time_micros()[visible.clone()];
                    let first = visible.start + time.partition_point(|time| *time < start);
                    let last = visible.start + time.partition_point(|time| *time < end);
                    (self.from[user], self.until[user]) = (first as u32, last.max(first) as u32);
                    self.known |= 1 << user;
                    self.observed |= u64::from(seen(user, start)) << user;
                }
            }
        }
    }

    /// The rows of one user of the block, counted from the block's first.
    #[inline]
    pub(crate) fn bits(&self, user: usize, block: &BlockRows) -> Range<usize> {
        self.from[user] as usize - block.rows.start..self.until[user] as usize - block.rows.start
    }
}

/// Reads an attribute as an instant, users ascending.
enum Origins<'a> {
    Time(PackedCursor<'a, i64>),
    Date(PackedCursor<'a, i32>, &'a Calendar),
    None,
}

impl<'a> Origins<'a> {
    fn new(attribute: &'a Column, calendar: &'a Calendar) -> Self {
        match attribute {
            Column::Time(packed) => Self::Time(PackedCursor::new(packed)),
            Column::Date(packed) => Self::Date(PackedCursor::new(packed), calendar),
            _ => Self::None,
        }
    }

    fn get(&mut self, user: usize) -> Option<i64> {
        match self {
            Self::Time(cursor) => cursor.get(user),
            Self::Date(cursor, calendar) => cursor.get(user).map(|day| calendar.day_start(Day(day)).as_micros()),
            Self::None => None,
        }
    }
}
