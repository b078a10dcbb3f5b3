//! Reads what is known of each user at an instant, in one pass over the events.

use std::ops::Range;

use rayon::prelude::*;

use super::options::WarningOptions;
use crate::activity::{ChoiceScratch, EventChoice};
use crate::column::{Codes, CodesCursor};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::EventPattern;
use crate::time::{Calendar, Day, MICROS_PER_DAY, Timestamp};

/// The place of a pattern among those asked for at once.
const ACTIVITY: usize = 0;
const BEHAVIOUR: usize = 1;
const COMPLAINTS: usize = 2;

/// A user's events up to an instant, as counts. Days are local ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct History {
    pub(super) user: UserIx,
    pub(super) first_day: Day,
    pub(super) last_day: Day,
    pub(super) active_day_count: u32,
    /// The sum of the squares of the gaps between active days.
    pub(super) gap_square_sum: u64,
    pub(super) recent_active_day_count: u32,
    pub(super) before_active_day_count: u32,
    pub(super) recent_kind_count: u32,
    pub(super) before_kind_count: u32,
    pub(super) complaint_count: u32,
    pub(super) refund_count: u32,
}

impl History {
    /// From the first active day to the last.
    pub(super) fn span_days(&self) -> u32 {
        self.last_day.0.abs_diff(self.first_day.0)
    }

    /// Gaps between active days.
    pub(super) fn gap_count(&self) -> u32 {
        self.active_day_count - 1
    }
}

/// Everyone who was active at `at` or before, ascending, and the local day of `at`.
///
/// # Errors
/// Those of patterns and of the property.
pub(super) fn read_histories(log: &EventLog, at: Timestamp, options: &WarningOptions) -> Result<(Vec<History>, Day)> {
    let calendar = log.calendar(at);
    let reader = Reader::new(log, &calendar, at, options)?;
    let part = |users: Range<usize>| {
        let mut scratch = Scratch::new(&reader.kinds);
        users.filter_map(|user| reader.read(UserIx(user as u32), at, &mut scratch)).collect::<Vec<_>>()
    };
    Ok((log.thread_ranges().into_par_iter().flat_map_iter(part).collect(), calendar.day(at)))
}

/// One user, where active at `at` or before, and the local day of `at`.
///
/// # Errors
/// Those of patterns and of the property.
pub(super) fn read_history(
    log: &EventLog,
    at: Timestamp,
    user: UserIx,
    options: &WarningOptions,
) -> Result<(Option<History>, Day)> {
    let calendar = log.calendar(at);
    let reader = Reader::new(log, &calendar, at, options)?;
    let mut scratch = Scratch::new(&reader.kinds);
    Ok((reader.read(user, at, &mut scratch), calendar.day(at)))
}

/// By what things are told apart: a code of each row, and how many codes there are.
enum Kinds<'a> {
    Name(usize),
    Property(&'a Codes, usize),
}

/// Memory of one thread. A kind was seen in a window where its mark is the user's.
struct Scratch<'a> {
    choice: ChoiceScratch,
    days: Vec<Day>,
    recent_marks: Vec<u32>,
    before_marks: Vec<u32>,
    cursor: Option<CodesCursor<'a>>,
}

impl<'a> Scratch<'a> {
    fn new(kinds: &Kinds<'a>) -> Self {
        let (cursor, count) = match kinds {
            Kinds::Name(count) => (None, *count),
            Kinds::Property(codes, count) => (Some(CodesCursor::new(codes)), *count),
        };
        let marks = vec![0; count];
        Self {
            choice: ChoiceScratch::default(),
            days: Vec::new(),
            recent_marks: marks.clone(),
            before_marks: marks,
            cursor,
        }
    }
}

/// The local day of an event.
#[inline]
fn day_of_row(log: &EventLog, calendar: &Calendar, row: usize) -> Day {
    match log.local_days() {
        Some(days) => Day(days.first().0 + i32::from(days.numbers()[row])),
        None => calendar.day(Timestamp::from_micros(log.time_micros()[row])),
    }
}

struct Reader<'a> {
    log: &'a EventLog,
    choice: EventChoice<'a>,
    calendar: &'a Calendar,
    kinds: Kinds<'a>,
    recent_first: Day,
    before_first: Day,
    has_complaints: bool,
}

impl<'a> Reader<'a> {
    fn new(log: &'a EventLog, calendar: &'a Calendar, at: Timestamp, options: &WarningOptions) -> Result<Self> {
        let mut patterns = vec![options.activity.clone(), options.behaviour.clone()];
        patterns.extend(options.complaints.clone());
        let choice = EventChoice::new(log, calendar, &patterns)?;
        let kinds = match &options.behaviour_property {
            Some(name) => {
                let column = log.text_property(name)?;
                Kinds::Property(&column.codes, column.dictionary.len())
            }
            None => Kinds::Name(log.names().len()),
        };
        let recent_days = options.recent_window_days() as i32;
        let recent_first = Day(calendar.day(at).0.saturating_sub(recent_days - 1));
        let before_first = Day(recent_first.0.saturating_sub(recent_days));
        let has_complaints = options.complaints.is_some();
        Ok(Self { log, choice, calendar, kinds, recent_first, before_first, has_complaints })
    }

    #[inline]
    fn day(&self, row: usize) -> Day {
        day_of_row(self.log, self.calendar, row)
    }

    fn read(&self, user: UserIx, at: Timestamp, scratch: &mut Scratch<'a>) -> Option<History> {
        let rows = self.log.events_of(user).until(at).rows();
        self.choice.load(rows.clone(), &mut scratch.choice);
        self.collect_days(rows.clone(), scratch);
        let (&first_day, &last_day) = (scratch.days.first()?, scratch.days.last()?);
        let gaps = scratch.days.windows(2).map(|pair| u64::from(pair[0].0.abs_diff(pair[1].0)));
        let count_since = |day: Day| (scratch.days.len() - scratch.days.partition_point(|one| *one < day)) as u32;
        let recent = count_since(self.recent_first);
        let mut found = History {
            user,
            first_day,
            last_day,
            active_day_count: scratch.days.len() as u32,
            gap_square_sum: gaps.map(|gap| gap * gap).sum(),
            recent_active_day_count: recent,
            before_active_day_count: count_since(self.before_first) - recent,
            recent_kind_count: 0,
            before_kind_count: 0,
            complaint_count: 0,
            refund_count: 0,
        };
        // A clock that is set back may show a day of the window before an earlier instant.
        let from = self.calendar.day_start(self.before_first).as_micros() - MICROS_PER_DAY;
        let start = rows.start + self.log.time_micros()[rows.clone()].partition_point(|time| *time < from);
        for row in start..rows.end {
            self.look(row, scratch, &mut found);
        }
        Some(found)
    }

    /// The active days, ascending, each once.
    fn collect_days(&self, rows: Range<usize>, scratch: &mut Scratch<'a>) {
        scratch.days.clear();
        for row in rows {
            if self.choice.has(ACTIVITY, row, &scratch.choice) {
                let day = self.day(row);
                if scratch.days.last() != Some(&day) {
                    scratch.days.push(day);
                }
            }
        }
        // A clock that is set back across midnight shows yesterday after today.
        if !scratch.days.is_sorted() {
            scratch.days.sort_unstable();
            scratch.days.dedup();
        }
    }

    /// Counts one event of the windows.
    #[inline]
    fn look(&self, row: usize, scratch: &mut Scratch<'a>, found: &mut History) {
        let day = self.day(row);
        if day < self.before_first {
            return;
        }
        let is_recent = day >= self.recent_first;
        if self.choice.has(BEHAVIOUR, row, &scratch.choice) {
            let kind = match (&self.kinds, &mut scratch.cursor) {
                (Kinds::Property(..), Some(cursor)) => cursor.get(row),
                _ => Some(u32::from(self.log.name_codes()[row])),
            };
            let mark = found.user.0 + 1;
            let (marks, count) = if is_recent {
                (&mut scratch.recent_marks, &mut found.recent_kind_count)
            } else {
                (&mut scratch.before_marks, &mut found.before_kind_count)
            };
            if let Some(seen) = kind.and_then(|kind| marks.get_mut(kind as usize)).filter(|seen| **seen != mark) {
                *seen = mark;
                *count += 1;
            }
        }
        if is_recent {
            let is_complaint = self.has_complaints && self.choice.has(COMPLAINTS, row, &scratch.choice);
            found.complaint_count += u32::from(is_complaint);
            found.refund_count += u32::from(self.log.amount_minor().get(row).is_some_and(|amount| amount < 0));
        }
    }
}

/// Whether each of these users has no activity in `(after, until]`.
///
/// # Errors
/// Those of the pattern.
pub(super) fn read_losses(
    log: &EventLog,
    activity: &EventPattern,
    users: &[UserIx],
    (after, until): (Timestamp, Timestamp),
) -> Result<Vec<bool>> {
    let choice = EventChoice::new(log, &log.calendar(until), std::slice::from_ref(activity))?;
    let one = |scratch: &mut ChoiceScratch, user: &UserIx| {
        let rows = log.events_of(*user).until(until).since(after.as_micros().saturating_add(1)).rows();
        choice.load(rows.clone(), scratch);
        choice.first(0, rows, scratch).is_none()
    };
    Ok(users.par_iter().map_init(ChoiceScratch::default, one).collect())
}

/// What each of these users spent, less refunds, on the last local days, today included, in minor units.
///
/// # Errors
/// Those of the pattern.
pub(super) fn read_spends(
    log: &EventLog,
    spending: &EventPattern,
    users: &[UserIx],
    at: Timestamp,
    days: u32,
) -> Result<Vec<i64>> {
    let calendar = log.calendar(at);
    let choice = EventChoice::new(log, &calendar, std::slice::from_ref(spending))?;
    let first_day = Day(calendar.day(at).0.saturating_sub(days as i32 - 1));
    let first = calendar.day_start(first_day).as_micros();
    let one = |scratch: &mut ChoiceScratch, user: &UserIx| {
        let rows = log.events_of(*user).until(at).since(first).rows();
        choice.load(rows.clone(), scratch);
        // Where a clock was set back, an earlier date may show after the first instant.
        let counts = |row: &usize| choice.has(0, *row, scratch) && day_of_row(log, &calendar, *row) >= first_day;
        let amounts = rows.filter(counts).filter_map(|row| log.amount_minor().get(row));
        amounts.fold(0i64, i64::saturating_add)
    };
    Ok(users.par_iter().map_init(ChoiceScratch::default, one).collect())
}
