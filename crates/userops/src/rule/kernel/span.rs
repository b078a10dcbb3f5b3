//! Where each window begins and ends among the rows of each user.

use std::ops::Range;

use super::bits::{WORD_BITS, first_bits, pass_words, rank, sum_before, word_of_pairs, word_of_users};
use crate::attribute::AttributeTable;
use crate::column::{Column, PackedCursor};
use crate::error::{Result, type_mismatch};
use crate::log::{DayRows, EventLog};
use crate::rule::EventWindow;
use crate::time::{Calendar, Day, MICROS_PER_DAY, Timestamp};

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
        /// Whether all events of the log are inside.
        is_whole: bool,
    },
    /// Rows around an attribute.
    Around { attribute: &'a Column, from: i64, until: i64 },
}

impl Reach<'_> {
    /// Whether all events of the log are inside.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(self, Self::Fixed { is_whole: true, .. })
    }
}

/// The windows of a plan, as seen from one instant.
#[derive(Debug, Clone)]
pub(crate) struct Reaches<'a> {
    /// The instants at which windows begin or end: ascending, distinct, the first before all events and the last the
    /// first that is not visible.
    pub(crate) cuts: Vec<RowCut>,
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
        let is_whole =
            |start: i64, end: i64| Side::of(start, log) == Side::BeforeAll && Side::of(end, log) == Side::AfterAll;
        let windows = windows.iter().zip(ranges).map(|(window, range)| match (window, range) {
            (EventWindow::Attribute { attribute, from, until }, _) => Ok(Reach::Around {
                attribute: instants(log.attributes(), attribute)?,
                from: from.as_micros(),
                until: until.as_micros(),
            }),
            (_, Some((start, end))) => Ok(Reach::Fixed {
                from: place(start),
                until: place(end),
                start: (!window.is_all()).then_some(start),
                is_whole: is_whole(start, end),
            }),
            (_, None) => Ok(Reach::Fixed { from: 0, until: 0, start: None, is_whole: false }),
        });
        let windows = windows.collect::<Result<_>>()?;
        Ok(Self { cuts: cuts.into_iter().map(|cut| RowCut::new(cut, log, calendar)).collect(), windows })
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

/// An instant at which the rows of users are cut, and what is known of it without a look at their instants.
#[derive(Debug, Clone)]
pub(crate) struct RowCut {
    instant: i64,
    side: Side,
    /// Events on earlier days are before it, and on later days not; on these days, in the numbers of the log, the instant tells.
    open_days: Range<u16>,
}

/// Where a cut lies among all events of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    BeforeAll,
    Between,
    AfterAll,
}

impl RowCut {
    /// The calendar is one over the log's events.
    pub(crate) fn new(instant: i64, log: &EventLog, calendar: &Calendar) -> Self {
        let side = Side::of(instant, log);
        let open_days = match (side, log.local_days(), log.time_span()) {
            (Side::Between, Some(days), Some(span)) => open_days(instant, span, days.first(), calendar),
            _ => 0..0,
        };
        Self { instant, side, open_days }
    }
}

impl Side {
    fn of(instant: i64, log: &EventLog) -> Self {
        match log.time_span() {
            Some((first, _)) if instant <= first.as_micros() => Self::BeforeAll,
            Some((_, last)) if instant <= last.as_micros() => Self::Between,
            _ => Self::AfterAll,
        }
    }
}

/// The numbers of the days, from `first` on, that events before and after an instant may both lie on.
fn open_days(instant: i64, span: (Timestamp, Timestamp), first: Day, calendar: &Calendar) -> Range<u16> {
    let (stretch, offset) = calendar.stretch(Timestamp::from_micros(instant));
    let local = instant + offset;
    let number = (local.div_euclid(MICROS_PER_DAY) as i32 - first.0) as u16;
    let is_even = stretch.contains(&span.0.as_micros()) && stretch.contains(&span.1.as_micros());
    match is_even {
        true => number..number + u16::from(local.rem_euclid(MICROS_PER_DAY) != 0),
        // A clock that is set back, by a day at most, shows the day before again.
        false => number.saturating_sub(1)..number.saturating_add(2),
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
    earlier: EarlierDays,
}

impl BlockRows {
    pub(crate) fn new(cuts: usize) -> Self {
        Self { users: 0..0, rows: 0..0, cuts: vec![[0; WORD_BITS]; cuts], earlier: EarlierDays::default() }
    }

    /// Moves to other users.
    pub(crate) fn load(&mut self, log: &EventLog, cuts: &[RowCut], users: Range<usize>) {
        let offsets = &log.offsets()[users.start..=users.end];
        self.rows = offsets[0] as usize..offsets[users.len()] as usize;
        let days = log.day_rows(&users);
        for (cut, rows) in cuts.iter().zip(&mut self.cuts) {
            match (cut.side, days) {
                (Side::BeforeAll, _) => rows.iter_mut().zip(offsets).for_each(|(row, offset)| *row = *offset as u32),
                (Side::AfterAll, _) => rows.iter_mut().zip(&offsets[1..]).for_each(|(row, end)| *row = *end as u32),
                (Side::Between, Some(days)) => self.earlier.cut(log, days, cut, rows),
                (Side::Between, None) => {
                    for (row, bounds) in rows.iter_mut().zip(offsets.windows(2)) {
                        let time = &log.time_micros()[bounds[0] as usize..bounds[1] as usize];
                        *row = bounds[0] as u32 + time.partition_point(|time| *time < cut.instant) as u32;
                    }
                }
            }
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

/// The days of a block that are before a cut, as bits: what is done to all of them is done to several at once, and nothing has to be
/// guessed for each user.
#[derive(Debug, Clone, Default)]
struct EarlierDays {
    words: Vec<u64>,
    before: Vec<u32>,
}

impl EarlierDays {
    /// The first row of each user that is not before a cut. Instants are looked at only where the day does not tell.
    fn cut(&mut self, log: &EventLog, days: DayRows<'_>, cut: &RowCut, rows: &mut RowOfUser) {
        let (numbers, open) = (days.numbers(), &cut.open_days);
        self.words.resize(numbers.len().div_ceil(WORD_BITS), 0);
        pass_words(numbers, &mut self.words, |day| day < open.start);
        sum_before(&self.words, &mut self.before);
        let mut start_rank = 0;
        let mut first_later = [0u32; WORD_BITS];
        for ((row, day), of_user) in rows.iter_mut().zip(&mut first_later).zip(days.of_users()) {
            let end_rank = rank(&self.words, &self.before, of_user.end);
            *day = of_user.start as u32 + (end_rank - start_rank);
            *row = days.first_row(*day as usize);
            start_rank = end_rank;
        }
        if open.is_empty() {
            return;
        }
        for ((row, day), of_user) in rows.iter_mut().zip(first_later).zip(days.of_users()) {
            let day = day as usize;
            if day < of_user.end && numbers[day] < open.end {
                let later = (day..of_user.end).find(|day| numbers[*day] >= open.end).unwrap_or(of_user.end);
                let time = &log.time_micros()[*row as usize..days.first_row(later) as usize];
                // A day has few events: to count them all is quicker than to guess where to look.
                *row += time.iter().map(|time| u32::from(*time < cut.instant)).sum::<u32>();
            }
        }
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
    /// Whether all events of the users are inside, so that one user's end where the next one's begin.
    pub(crate) is_whole: bool,
    /// The users with events inside.
    pub(crate) busy: u64,
}

impl WindowRows {
    pub(crate) fn new() -> Self {
        Self {
            from: [0; WORD_BITS],
            until: [0; WORD_BITS],
            known: u64::MAX,
            observed: u64::MAX,
            is_whole: false,
            busy: 0,
        }
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
            !block.visible(user).is_empty() && log.end_micros(false)[block.users.start + user] <= start
        };
        self.is_whole = reach.is_whole();
        match *reach {
            Reach::Fixed { from, until, start, .. } => {
                self.from = block.cuts[from];
                self.until = block.cuts[until];
                (self.known, self.observed) = (u64::MAX, u64::MAX);
                if let (true, Some(start)) = (asks_observed, start) {
                    self.observed = word_of_users(block.users.len(), |user| seen(user, start));
                }
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
        self.busy = word_of_pairs(&self.from, &self.until, |from, until| from < until) & first_bits(block.users.len());
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
