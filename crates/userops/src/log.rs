//! The event log: frozen columns, each user's events one slice of them, in order of time.

mod active_day;
mod build;
mod chunk;
mod day;
mod dedupe;
mod directory;
mod merge;
mod name_rows;
mod scatter;
mod table;
mod view;

pub use view::UserEvents;

pub(crate) use active_day::{ActiveDays, DayRows};
pub(crate) use build::freeze;
pub(crate) use chunk::{Chunk, ChunkColumn, ChunkIds, ChunkUsers, PackedBuilder};
pub(crate) use day::LocalDays;
pub(crate) use name_rows::{NameRanks, NameRows};

use std::ops::Range;

use crate::attribute::AttributeTable;
use crate::column::{Bitmap, Column, Dictionary, Packed, TextArena};
use crate::error::{Result, type_mismatch};
use crate::event::{EventSchema, unknown};
use crate::id::{UserDirectory, UserIx};
use crate::money::{Currency, Money};
use crate::time::{Calendar, Timestamp, Zone};
use crate::value::ValueType;

/// Ranges of users for each thread: few enough that a range is worth taking, enough that none is left waiting.
const RANGES_PER_THREAD: usize = 8;

/// All events of all users, in columns.
///
/// Rows are sorted by user, then time, then arrival; a user's rows are one range. Users are in the order of their
/// external ids and dictionaries are sorted, so two logs with the same content are equal however they were made.
/// Memory: 12 bytes an event (time, local day and name), a bit and a half an event for each of up to 16 names and a bit for days, what
/// the amounts and properties that are known take, 6 bytes for each day on which a user was there, and 28 bytes a user beside the id.
#[derive(Debug, Clone, PartialEq)]
pub struct EventLog {
    schema: EventSchema,
    users: UserDirectory,
    /// `user_count + 1` row numbers, ascending, the first 0.
    offsets: Vec<u64>,
    time: Vec<i64>,
    /// The first and the last instant of any event; the greatest and the least number without events.
    span: (i64, i64),
    /// The first and the last instant of each user; 0 for who has no event. What asks every user for these finds them side by side.
    user_spans: [Vec<i64>; 2],
    /// `None` where the events are centuries apart.
    days: Option<LocalDays>,
    /// `None` where there are no local days.
    active_days: Option<ActiveDays>,
    name: Vec<u16>,
    names: Dictionary,
    /// `None` where there are many names.
    name_rows: Option<NameRows>,
    amount: Packed<i64>,
    properties: Vec<(String, Column)>,
    ids: Option<EventIds>,
    attributes: AttributeTable,
}

/// The events' own ids, in row order; an event without one has none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EventIds {
    known: Bitmap,
    texts: TextArena,
}

impl EventIds {
    fn get(&self, row: usize) -> Option<&str> {
        self.known.get(row).then(|| self.texts.text(self.known.rank(row)))
    }
}

impl EventLog {
    /// The schema: zone, currency, declared names and limits.
    #[must_use]
    pub fn schema(&self) -> &EventSchema {
        &self.schema
    }

    /// The zone of the log's calendar.
    #[must_use]
    pub fn zone(&self) -> Zone {
        self.schema.zone
    }

    /// The currency of all amounts.
    #[must_use]
    pub fn currency(&self) -> Currency {
        self.schema.currency
    }

    /// The users' external ids.
    #[must_use]
    pub fn users(&self) -> &UserDirectory {
        &self.users
    }

    /// How many users there are, those known only by their attributes included.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.users.len()
    }

    /// How many events there are.
    #[must_use]
    pub fn event_count(&self) -> usize {
        self.time.len()
    }

    /// Whether there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Where each user's rows begin: `user_count + 1` row numbers, ascending, the last the number of rows.
    #[must_use]
    pub fn offsets(&self) -> &[u64] {
        &self.offsets
    }

    /// The rows of a user; none where the index is not of this log.
    #[must_use]
    pub fn rows(&self, user: UserIx) -> Range<usize> {
        match self.offsets.get(user.index()..user.index() + 2) {
            Some(&[start, end]) => start as usize..end as usize,
            _ => 0..0,
        }
    }

    /// The instants of all events in microseconds UTC, ascending within a user.
    #[must_use]
    pub fn time_micros(&self) -> &[i64] {
        &self.time
    }

    /// The codes of all events' names.
    #[must_use]
    pub fn name_codes(&self) -> &[u16] {
        &self.name
    }

    /// The event names; the position of a name is its code.
    #[must_use]
    pub fn names(&self) -> &Dictionary {
        &self.names
    }

    /// The rows of each event name as bits; `None` where there are many names.
    #[inline]
    pub(crate) fn name_rows(&self) -> Option<&NameRows> {
        self.name_rows.as_ref()
    }

    /// The code of an event name.
    ///
    /// # Errors
    /// `UnknownName` where no event has it, with the nearest name.
    pub fn name_code(&self, name: &str) -> Result<u16> {
        let code = self.names.code(name).and_then(|code| u16::try_from(code).ok());
        code.ok_or_else(|| unknown("event", name, self.names.iter()))
    }

    /// The codes of those of some event names that have occurred; a declared event is one that may yet occur.
    ///
    /// # Errors
    /// `UnknownName` for an event that is neither in the log nor declared, with the nearest name.
    pub(crate) fn occurring_codes(&self, names: &[String]) -> Result<Vec<u16>> {
        let declared = &self.schema.events;
        let code_of = |name: &String| match self.names.code(name).and_then(|code| u16::try_from(code).ok()) {
            None if !declared.contains(name) => {
                Err(unknown("event", name, self.names.iter().chain(declared.iter().map(String::as_str))))
            }
            code => Ok(code),
        };
        names.iter().filter_map(|name| code_of(name).transpose()).collect()
    }

    /// The amounts in minor units of the log's currency.
    #[must_use]
    pub fn amount_minor(&self) -> &Packed<i64> {
        &self.amount
    }

    /// The properties with their names, ascending by name.
    pub fn properties(&self) -> impl ExactSizeIterator<Item = (&str, &Column)> + Clone + '_ {
        self.properties.iter().map(|(name, column)| (name.as_str(), column))
    }

    /// A property by name.
    ///
    /// # Errors
    /// `UnknownName` where there is none, with the nearest name.
    pub fn property(&self, name: &str) -> Result<&Column> {
        let found = self.properties.binary_search_by(|(known, _)| known.as_str().cmp(name));
        found
            .map(|index| &self.properties[index].1)
            .map_err(|_| unknown("property", name, self.properties.iter().map(|(name, _)| name.as_str())))
    }

    /// A text property by name.
    ///
    /// # Errors
    /// `UnknownName` where there is none; `TypeMismatch` where it is not a text.
    pub fn text_property(&self, name: &str) -> Result<&crate::column::TextColumn> {
        match self.property(name)? {
            Column::Text(column) => Ok(column),
            other => Err(type_mismatch(format!(
                "the property {name:?} is of type {}, where {} is needed",
                other.value_type(),
                ValueType::Text
            ))),
        }
    }

    /// Whether any event has an id of its own.
    #[must_use]
    pub fn has_event_ids(&self) -> bool {
        self.ids.is_some()
    }

    /// The event's own id, where it has one.
    #[must_use]
    pub fn event_id(&self, row: usize) -> Option<&str> {
        self.ids.as_ref()?.get(row)
    }

    /// The users' attributes.
    #[must_use]
    pub fn attributes(&self) -> &AttributeTable {
        &self.attributes
    }

    /// The events of one user; none where the index is not of this log.
    #[must_use]
    pub fn events_of(&self, user: UserIx) -> UserEvents<'_> {
        UserEvents::new(self, user)
    }

    /// All users with their events, in the order of the directory.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = UserEvents<'_>> + '_ {
        (0..self.user_count()).map(|index| UserEvents::new(self, UserIx(index as u32)))
    }

    /// The first and the last instant of any event, or `None` without events.
    #[must_use]
    pub fn time_span(&self) -> Option<(Timestamp, Timestamp)> {
        let (first, last) = self.span;
        (first <= last).then(|| (Timestamp::from_micros(first), Timestamp::from_micros(last)))
    }

    /// The last instant of any event in microseconds, or the least number without events.
    pub(crate) fn last_micros(&self) -> i64 {
        self.span.1
    }

    /// The first instant of each user in microseconds, or the last; 0 for who has no event.
    #[inline]
    pub(crate) fn end_micros(&self, is_last: bool) -> &[i64] {
        &self.user_spans[usize::from(is_last)]
    }

    /// The local day of every event; `None` where the events are centuries apart.
    #[inline]
    pub(crate) fn local_days(&self) -> Option<&LocalDays> {
        self.days.as_ref()
    }

    /// The local days on which each user was there, where all events have happened at `as_of`; `None` where some have not, or
    /// the events are centuries apart.
    pub(crate) fn active_days(&self, as_of: Timestamp) -> Option<&ActiveDays> {
        self.active_days.as_ref().filter(|_| self.last_micros() <= as_of.as_micros())
    }

    /// The local days of some users with the rows of each day; `None` where the events are centuries apart, or a clock that was set
    /// back showed an earlier day after a later one.
    #[inline]
    pub(crate) fn day_rows(&self, users: &Range<usize>) -> Option<DayRows<'_>> {
        self.active_days.as_ref()?.rows(users)
    }

    /// A bit for each row, whether it is the first of a local day of its user, and a word of zeros after them; `None` as for
    /// [`EventLog::day_rows`].
    #[inline]
    pub(crate) fn day_starts(&self) -> Option<&[u64]> {
        self.active_days.as_ref()?.starts()
    }

    /// A calendar in the log's zone that is fast over all its events and up to `as_of`.
    #[must_use]
    pub fn calendar(&self, as_of: Timestamp) -> Calendar {
        let (first, last) = self.time_span().unwrap_or((as_of, as_of));
        Calendar::new(self.zone(), first.min(as_of), last.max(as_of))
    }

    /// The sum of all amounts. It fits, because freezing a log refuses one whose amounts could overflow.
    #[must_use]
    pub fn amount_total(&self) -> Money {
        Money::from_minor(self.amount.values().iter().sum())
    }

    /// Ranges of users that hold about equally many events, for parallel work; they cover all users in order.
    #[must_use]
    pub fn user_ranges(&self, parts: usize) -> Vec<Range<usize>> {
        balanced_ranges(&self.offsets, parts)
    }

    /// Ranges of users for each thread to take part in, more than there are threads: one that is slow, or comes late,
    /// leaves its ranges to others.
    pub(crate) fn thread_ranges(&self) -> Vec<Range<usize>> {
        self.user_ranges(rayon::current_num_threads() * RANGES_PER_THREAD)
    }

    /// Both logs' events in one, as if the other's had arrived after this one's.
    ///
    /// An event of the other with an id that this one has is a duplicate and is left out, and with it a user of whom
    /// nothing else is known. Attributes of the other replace this one's where they are known. Declared events, properties
    /// and attributes are those of both; the limits are this one's.
    ///
    /// # Errors
    /// `InvalidArgument` where zone or currency differ; `TypeMismatch` where user ids, a property or an attribute are
    /// of different types; `LimitExceeded` where both together are too large.
    pub fn merge(&self, other: &Self) -> Result<Self> {
        merge::merge(self, other)
    }
}

/// Cuts `offsets` into at most `parts` ranges of users with about equal numbers of rows (users count as a row each).
fn balanced_ranges(offsets: &[u64], parts: usize) -> Vec<Range<usize>> {
    let users = offsets.len().saturating_sub(1);
    let weight_before = |user: usize| offsets[user] + user as u64;
    let total = if users == 0 { 0 } else { weight_before(users) };
    let parts = (parts.max(1) as u64).min(total.max(1));
    let mut ranges = Vec::with_capacity(parts as usize);
    let mut start = 0;
    for part in 1..=parts {
        let goal = (u128::from(total) * u128::from(part) / u128::from(parts)) as u64;
        let (mut low, mut high) = (start, users);
        while low < high {
            let middle = low + (high - low) / 2;
            if weight_before(middle) < goal {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        let end = if part == parts { users } else { low };
        if start < end {
            ranges.push(start..end);
        }
        start = end;
    }
    ranges
}
