//! Counts events by kind, split value and period.

use std::ops::Range;

use rayon::prelude::*;

use super::split::{Codes, Slots, SplitBy};
use crate::analytics::period::{CalendarPeriod, check_period_count};
use crate::column::PackedCursor;
use crate::error::{Result, limit_exceeded};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{EventMasks, EventPattern, MaskScratch};
use crate::time::{Calendar, Day, MICROS_PER_DAY, Timestamp};

/// The most cells of an answer: kinds of events times values of the split times periods. A cell takes 40 bytes.
pub const CELLS_MAX: usize = 1_000_000;

/// What happened of one kind, with one value, in one period.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Cell {
    pub(super) event_count: u64,
    pub(super) user_count: u64,
    pub(super) new_user_count: u64,
    pub(super) amount_minor: i64,
    /// The last user counted, from 1; 0 for none.
    last_user: u32,
}

/// Events of some kinds as of an instant, ready to be counted.
pub(super) struct Counter<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    calendar: Calendar,
    masks: EventMasks<'a>,
    kinds: usize,
    period: CalendarPeriod,
    /// The number of the first period.
    first: i32,
    /// How many periods there are; 0 where nothing has happened.
    pub(super) periods: usize,
}

/// Which split value an event has.
#[derive(Clone, Copy)]
enum Place<'a> {
    None,
    Property(&'a Slots),
    Attribute(&'a Slots),
}

impl<'a> Counter<'a> {
    pub(super) fn new(
        log: &'a EventLog,
        as_of: Timestamp,
        period: CalendarPeriod,
        patterns: &[EventPattern],
    ) -> Result<Self> {
        let calendar = log.calendar(as_of);
        let masks = EventMasks::new(log, &calendar, patterns)?;
        let (mut first, mut periods) = (0, 0);
        if let Some((start, _)) = log.time_span().filter(|(start, _)| *start <= as_of) {
            let last = period.number(last_shown_day(as_of, &calendar));
            first = period.number(first_shown_day(start, &calendar)).min(last);
            check_period_count(first, last)?;
            periods = (last - first + 1) as usize;
        }
        Ok(Self { log, as_of, calendar, masks, kinds: patterns.len(), period, first, periods })
    }

    /// The first day of each period, and whether it is over.
    pub(super) fn periods(&self) -> Vec<(Day, bool)> {
        let numbers = self.first..self.first + self.periods as i32;
        let of =
            |number| (self.period.first_day(number), self.period.last_instant(number, &self.calendar) <= self.as_of);
        numbers.map(of).collect()
    }

    /// The lines of a split: its values with the most events of the kinds.
    ///
    /// # Errors
    /// `UnknownName` for a property or attribute that the log lacks; those of [`Codes::new`].
    pub(super) fn slots(&self, by: &SplitBy, values_max: u16) -> Result<Slots> {
        let codes = match by {
            SplitBy::Property(name) => Codes::new(name, self.log.property(name)?)?,
            SplitBy::Attribute(name) => Codes::new(name, self.log.attributes().column(name)?)?,
        };
        let of_events = matches!(by, SplitBy::Property(_));
        let count = |users: Range<usize>| {
            let mut counts = vec![0u64; codes.len() + 1];
            let mut cursor = PackedCursor::new(&codes.of_row);
            self.visit(users, |event| {
                let code = cursor.get(if of_events { event.row } else { event.user });
                counts[code.map_or(codes.len(), |code| code as usize)] += 1;
            });
            counts
        };
        let zeros = || vec![0; codes.len() + 1];
        let counts = self.log.thread_ranges().into_par_iter().map(count).reduce(zeros, |mut all, part| {
            all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
            all
        });
        Ok(codes.slots(&counts, values_max))
    }

    /// The cells, of each kind by split value, of each value by period.
    ///
    /// # Errors
    /// `LimitExceeded` for more than [`CELLS_MAX`] cells.
    pub(super) fn cells(&self, split: Option<(&SplitBy, &Slots)>) -> Result<Vec<Cell>> {
        let values = split.map_or(1, |(_, slots)| slots.values.len());
        let len = self.kinds * values * self.periods;
        if len > CELLS_MAX {
            return Err(limit_exceeded(format!(
                "{} kinds of events × {values} values × {} periods are {len} cells, where {CELLS_MAX} are the limit; take \
                 longer periods or fewer kinds and values",
                self.kinds, self.periods
            )));
        }
        let place = match split {
            None => Place::None,
            Some((SplitBy::Property(_), slots)) => Place::Property(slots),
            Some((SplitBy::Attribute(_), slots)) => Place::Attribute(slots),
        };
        let parts = self.log.thread_ranges().into_par_iter();
        Ok(parts.map(|users| self.tally(users, place, values, len)).reduce(|| vec![Cell::default(); len], add_cells))
    }

    fn tally(&self, users: Range<usize>, place: Place<'_>, values: usize, len: usize) -> Vec<Cell> {
        let mut cells = vec![Cell::default(); len];
        let mut amounts = PackedCursor::new(self.log.amount_minor());
        let mut slots = match place {
            Place::None => None,
            Place::Property(slots) | Place::Attribute(slots) => Some((PackedCursor::new(&slots.of_row), slots.unknown)),
        };
        let (mut last_tag, mut seen) = (0, 0u64);
        self.visit(users, |event| {
            let tag = event.user as u32 + 1;
            if last_tag != tag {
                (last_tag, seen) = (tag, 0);
            }
            let amount = amounts.get(event.row).unwrap_or(0);
            let value = match (&mut slots, place) {
                (Some((cursor, unknown)), Place::Property(_)) => cursor.get(event.row).unwrap_or(*unknown),
                (Some((cursor, unknown)), _) => cursor.get(event.user).unwrap_or(*unknown),
                (None, _) => 0,
            };
            let mut kinds = event.mask;
            while kinds != 0 {
                let kind = kinds.trailing_zeros() as usize;
                kinds &= kinds - 1;
                let cell = &mut cells[(kind * values + usize::from(value)) * self.periods + event.period];
                cell.event_count += 1;
                cell.amount_minor += amount;
                cell.user_count += u64::from(cell.last_user != tag);
                cell.last_user = tag;
                cell.new_user_count += u64::from(seen >> kind & 1 == 0);
                seen |= 1 << kind;
            }
        });
        cells
    }

    /// Shows every visible event of any kind.
    #[inline]
    fn visit(&self, users: Range<usize>, mut visit: impl FnMut(&Seen)) {
        let (mut scratch, mut words) = (MaskScratch::default(), Vec::new());
        // The instants of the day of the event before, and its period: most events share them.
        let (mut same_day, mut period) = (0..0, 0);
        for user in users {
            let events = self.log.events_of(UserIx(user as u32)).until(self.as_of);
            let rows = events.rows();
            if self.masks.by_name().is_none() {
                self.masks.fill(rows.clone(), &mut scratch, &mut words);
            }
            for (index, &time) in events.time_micros().iter().enumerate() {
                let mask = match self.masks.by_name() {
                    Some(by_name) => by_name[usize::from(events.name_codes()[index])],
                    None => words[index],
                };
                if mask == 0 {
                    continue;
                }
                if !same_day.contains(&time) {
                    (same_day, period) = self.day_around(time);
                }
                visit(&Seen { user, row: rows.start + index, mask, period });
            }
        }
    }

    /// The instants of the same local day around an instant, and the index of its period.
    fn day_around(&self, time: i64) -> (Range<i64>, usize) {
        let (stretch, offset) = self.calendar.stretch(Timestamp::from_micros(time));
        let day = time.saturating_add(offset).div_euclid(MICROS_PER_DAY);
        let start = day.saturating_mul(MICROS_PER_DAY).saturating_sub(offset);
        let instants = start.max(stretch.start)..start.saturating_add(MICROS_PER_DAY).min(stretch.end);
        (instants, (self.period.number(Day(day as i32)) - self.first) as usize)
    }
}

/// An event of some kinds.
struct Seen {
    user: usize,
    row: usize,
    mask: u64,
    period: usize,
}

fn add_cells(mut all: Vec<Cell>, part: Vec<Cell>) -> Vec<Cell> {
    for (all, part) in all.iter_mut().zip(part) {
        all.event_count += part.event_count;
        all.user_count += part.user_count;
        all.new_user_count += part.new_user_count;
        all.amount_minor += part.amount_minor;
    }
    all
}

/// The first local day that any instant from this one on can show: where a clock is set back across midnight, an instant
/// a little later shows an earlier date.
fn first_shown_day(first: Timestamp, calendar: &Calendar) -> Day {
    let clock_change = Timestamp::from_micros(calendar.stretch(first).0.end);
    calendar.day(first).min(calendar.day(clock_change))
}

/// The last local day that any instant up to this one can show.
fn last_shown_day(last: Timestamp, calendar: &Calendar) -> Day {
    let before_change = Timestamp::from_micros(calendar.stretch(last).0.start.saturating_sub(1));
    calendar.day(last).max(calendar.day(before_change))
}
