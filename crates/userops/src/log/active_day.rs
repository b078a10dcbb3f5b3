//! The local days on which each user was there, made once.
//!
//! What asks for days, weeks or months with any event at all reads these in place of the events, of which a day may hold many.

use std::ops::Range;

use rayon::prelude::*;

use super::{LocalDays, RANGES_PER_THREAD, balanced_ranges};
use crate::column::{Bitmap, BitmapBuilder, read_lines};

const WORD_BITS: usize = u64::BITS as usize;

/// Each user's days with an event, ascending and each once, as [`LocalDays`] numbers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ActiveDays {
    /// `user_count + 1` places in `numbers`, ascending, the first 0.
    offsets: Vec<u32>,
    numbers: Vec<u16>,
    /// For each day its first row, and after the last the number of rows; empty where anybody's clock showed an earlier day after
    /// a later one.
    first_rows: Vec<u32>,
    /// A bit per row, whether it is the first of a day, and a word of zeros; empty where `first_rows` is.
    starts: Vec<u64>,
    /// For each user whether an event of the first day is later than the first event.
    later_on_first_day: Bitmap,
}

/// The days of some users in a row, with the rows of each day: all events of a day are together, and days ascend.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DayRows<'a> {
    /// For each user, and after the last, where its days begin in [`ActiveDays::numbers`]; less the first of these, in `numbers`.
    offsets: &'a [u32],
    numbers: &'a [u16],
    first_rows: &'a [u32],
}

/// The days of a range of users.
struct Part {
    ends: Vec<u32>,
    numbers: Vec<u16>,
    first_rows: Vec<u32>,
    later_on_first_day: Vec<bool>,
    ascending: bool,
}

impl ActiveDays {
    /// The days of the users whose rows `offsets` bounds; `None` where there are more than 32 bits can number. Takes
    /// O(rows) time, shared out over rayon's threads, a bit a row, 6 bytes a day and 4 bytes and a bit a user.
    pub(super) fn new(offsets: &[u64], days: &LocalDays, times: &[i64]) -> Option<Self> {
        let ranges = balanced_ranges(offsets, rayon::current_num_threads() * RANGES_PER_THREAD);
        let collect = |users: Range<usize>| Part::new(&offsets[users.start..=users.end], days.numbers(), times);
        let parts: Vec<Part> = ranges.into_par_iter().map(collect).collect();
        let count: usize = parts.iter().map(|part| part.numbers.len()).sum();
        u32::try_from(count.max(times.len())).ok()?;
        let ascending = parts.iter().all(|part| part.ascending);
        let mut all = Self {
            offsets: vec![0],
            numbers: Vec::with_capacity(count),
            first_rows: Vec::with_capacity(if ascending { count + 1 } else { 0 }),
            starts: Vec::new(),
            later_on_first_day: Bitmap::default(),
        };
        let mut later_on_first_day = BitmapBuilder::default();
        for part in parts {
            let before = all.numbers.len() as u32;
            all.offsets.extend(part.ends.iter().map(|end| before + end));
            all.numbers.extend(part.numbers);
            if ascending {
                all.first_rows.extend(part.first_rows);
            }
            part.later_on_first_day.iter().for_each(|later| later_on_first_day.push(*later));
        }
        if ascending {
            all.starts = vec![0; times.len().div_ceil(WORD_BITS) + 1];
            all.first_rows
                .iter()
                .for_each(|row| all.starts[*row as usize / WORD_BITS] |= 1 << (*row as usize % WORD_BITS));
            all.first_rows.push(times.len() as u32);
        }
        all.later_on_first_day = later_on_first_day.finish();
        Some(all)
    }

    /// A bit for each row of the log, whether it is the first of a day of its user, and a word of zeros after them; `None` where days
    /// are not [ascending](Self::is_ascending).
    #[inline]
    pub(crate) fn starts(&self) -> Option<&[u64]> {
        self.is_ascending().then_some(&self.starts)
    }

    /// The days of these users with their rows; `None` where days are not [ascending](Self::is_ascending).
    #[inline]
    pub(crate) fn rows(&self, users: &Range<usize>) -> Option<DayRows<'_>> {
        let offsets = &self.offsets[users.start..=users.end];
        let (start, end) = (offsets[0] as usize, offsets[users.len()] as usize);
        let first_rows = self.first_rows.get(start..=end)?;
        Some(DayRows { offsets, numbers: &self.numbers[start..end], first_rows })
    }

    /// The days of a user, ascending and each once; none for who has no event.
    #[inline]
    pub(crate) fn of(&self, user: usize) -> &[u16] {
        &self.numbers[self.offsets[user] as usize..self.offsets[user + 1] as usize]
    }

    /// Whether an event of a user's first day is later than the first event. It tells nothing where days are not
    /// [ascending](Self::is_ascending).
    #[inline]
    pub(crate) fn has_later_on_first_day(&self, user: usize) -> bool {
        self.later_on_first_day.get(user)
    }

    /// Whether every user's events, in their order, lie on days that never go back, so that the first day is that of the
    /// first event. They go back where a clock is set back across midnight.
    pub(crate) fn is_ascending(&self) -> bool {
        !self.first_rows.is_empty()
    }
}

impl<'a> DayRows<'a> {
    /// The days of all users, each user's ascending, as [`LocalDays`] numbers them.
    #[inline]
    pub(crate) fn numbers(&self) -> &'a [u16] {
        self.numbers
    }

    /// For each user which of the days are the user's.
    #[inline]
    pub(crate) fn of_users(&self) -> impl Iterator<Item = Range<usize>> + 'a {
        let base = self.offsets[0];
        self.offsets.windows(2).map(move |bounds| (bounds[0] - base) as usize..(bounds[1] - base) as usize)
    }

    /// Reads a value of each line of memory that the days lie in.
    pub(crate) fn look_ahead(&self) {
        read_lines(self.numbers);
        read_lines(self.first_rows);
    }

    /// The first row of a day; of the day after the last, the row after the last.
    #[inline]
    pub(crate) fn first_row(&self, day: usize) -> u32 {
        self.first_rows[day]
    }
}

impl Part {
    fn new(offsets: &[u64], days: &[u16], times: &[i64]) -> Self {
        let users = offsets.len() - 1;
        let mut part = Self {
            ends: Vec::with_capacity(users),
            numbers: Vec::new(),
            first_rows: Vec::new(),
            later_on_first_day: Vec::with_capacity(users),
            ascending: true,
        };
        for bounds in offsets.windows(2) {
            let rows = bounds[0] as usize..bounds[1] as usize;
            part.later_on_first_day.push(has_later_on_first_day(&days[rows.clone()], &times[rows.clone()]));
            part.add(&days[rows], bounds[0] as u32);
            part.ends.push(part.numbers.len() as u32);
        }
        part
    }

    /// Adds the days of a user's events. Each is written, and kept where it differs from the one before, so that no branch
    /// depends on it.
    fn add(&mut self, days: &[u16], first_row: u32) {
        let Some(first) = days.first() else { return };
        let start = self.numbers.len();
        self.numbers.resize(start + days.len(), *first);
        self.first_rows.resize(start + days.len(), first_row);
        let (numbers, rows) = (&mut self.numbers[start..], &mut self.first_rows[start..]);
        let (mut kept, mut ascending) = (1, true);
        for (row, pair) in (first_row..).zip(days.windows(2)) {
            numbers[kept] = pair[1];
            rows[kept] = row + 1;
            kept += usize::from(pair[0] != pair[1]);
            ascending &= pair[0] <= pair[1];
        }
        self.numbers.truncate(start + kept);
        self.first_rows.truncate(start + kept);
        if !ascending {
            self.ascending = false;
            let mut own = self.numbers.split_off(start);
            own.sort_unstable();
            own.dedup();
            self.numbers.append(&mut own);
        }
    }
}

fn has_later_on_first_day(days: &[u16], times: &[i64]) -> bool {
    let (Some(day), Some(time)) = (days.first(), times.first()) else { return false };
    let same_day = days[1..].iter().take_while(|other| *other == day).count();
    times[1..=same_day].iter().any(|other| other > time)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::time::{MICROS_PER_HOUR, Zone};

    /// Some days before the clock of St. John's goes back across midnight.
    const START: i64 = 1_288_396_800 * 1_000_000;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        #[test]
        fn days_are_the_sets_of_days_of_the_events(
            users in prop::collection::vec(prop::collection::vec(prop_oneof![0i64..200, 480i64..600], 0..12), 0..6),
            zone in prop::sample::select(vec!["UTC", "America/St_Johns"]),
        ) {
            let (mut offsets, mut times) = (vec![0u64], Vec::new());
            for mut hours in users {
                hours.sort_unstable();
                times.extend(hours.iter().map(|quarter| START + quarter * MICROS_PER_HOUR / 2));
                offsets.push(times.len() as u64);
            }
            let zone: Zone = zone.parse().unwrap();
            let span = (times.iter().copied().min().unwrap_or(0), times.iter().copied().max().unwrap_or(0));
            let Some(days) = LocalDays::new(&times, span, zone) else { return Ok(()) };
            let active = ActiveDays::new(&offsets, &days, &times).unwrap();
            let rows_of = |user: usize| offsets[user] as usize..offsets[user + 1] as usize;
            for user in 0..offsets.len() - 1 {
                let distinct: BTreeSet<u16> = days.numbers()[rows_of(user)].iter().copied().collect();
                prop_assert_eq!(active.of(user), distinct.into_iter().collect::<Vec<u16>>());
                if days.numbers()[rows_of(user)].is_sorted() {
                    let is_later = |row: usize| {
                        let first = rows_of(user).start;
                        days.numbers()[row] == days.numbers()[first] && times[row] > times[first]
                    };
                    prop_assert_eq!(active.has_later_on_first_day(user), rows_of(user).any(is_later));
                }
            }
            let is_sorted = |user: usize| days.numbers()[rows_of(user)].is_sorted();
            prop_assert_eq!(active.is_ascending(), (0..offsets.len() - 1).all(is_sorted));
            let first_of_day = |row: usize| {
                let is_first_row = offsets.contains(&(row as u64));
                is_first_row || days.numbers()[row] != days.numbers()[row - 1]
            };
            if let Some(starts) = active.starts() {
                prop_assert!((0..times.len()).all(|row| (starts[row / 64] >> (row % 64) & 1 == 1) == first_of_day(row)));
                prop_assert_eq!(starts.len(), times.len().div_ceil(64) + 1);
            }
            for users in (0..offsets.len()).flat_map(|end| (0..end).map(move |start| start..end)) {
                let rows = active.rows(&users);
                prop_assert_eq!(rows.is_some(), active.is_ascending());
                let Some(rows) = rows else { continue };
                for (of_user, user) in rows.of_users().zip(users) {
                    prop_assert_eq!(&rows.numbers()[of_user.clone()], active.of(user));
                    let told = of_user.flat_map(|day| {
                        (rows.first_row(day)..rows.first_row(day + 1)).map(move |row| (row as usize, rows.numbers()[day]))
                    });
                    let expected = rows_of(user).map(|row| (row, days.numbers()[row]));
                    prop_assert_eq!(told.collect::<Vec<_>>(), expected.collect::<Vec<_>>());
                }
            }
        }
    }
}
