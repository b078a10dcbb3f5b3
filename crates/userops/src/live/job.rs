//! What definitions need to know of a user, each thing once, and where in a user's state it is kept.

use serde::{Deserialize, Serialize};

use super::fold::Fold;
use super::row::Row;
use crate::id::UserIdRef;
use crate::profile::Interests;
use crate::rule::{AgeUnit, Bucket, SequenceProgram};
use crate::tag::Preference;
use crate::time::{LeapDayPolicy, Window};

/// The most event patterns that the definitions of one playbook can have: a row has a bit for each.
pub(super) const PATTERNS_MAX: usize = 64;
/// The most windows that move with the instant: a user's state has a bit for each.
pub(super) const WINDOWS_MAX: usize = 64;
/// The most properties that folds and filters can read: a row has a bit for each.
pub(super) const FIELDS_MAX: usize = 32;

/// A set of small numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Bits(Vec<u64>);

impl Bits {
    pub(super) fn insert(&mut self, place: usize) {
        if self.0.len() <= place / 64 {
            self.0.resize(place / 64 + 1, 0);
        }
        self.0[place / 64] |= 1 << (place % 64);
    }

    pub(super) fn contains(&self, place: usize) -> bool {
        self.0.get(place / 64).is_some_and(|word| word >> (place % 64) & 1 == 1)
    }

    pub(super) fn add_all(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        self.0.iter_mut().zip(&other.0).for_each(|(word, other)| *word |= other);
    }

    pub(super) fn clear(&mut self) {
        self.0.iter_mut().for_each(|word| *word = 0);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

/// One thing to know.
#[derive(Debug, Clone)]
pub(super) struct Job {
    pub(super) kind: JobKind,
    /// The patterns of the events that it looks at.
    pub(super) patterns: u64,
    pub(super) span: SpanOf,
    /// Where its words are in a user's folds; of a preference that is kept, which of their tallies it is.
    pub(super) offset: usize,
    /// The definitions that look at it.
    pub(super) readers: Bits,
    /// Whole numbers on reaching which, or falling below them, a count of days or events can change an answer.
    pub(super) thresholds: Vec<i64>,
    /// Whether every other value makes another answer.
    pub(super) is_plain_value: bool,
}

#[derive(Debug, Clone)]
pub(super) enum JobKind {
    Fold {
        fold: Fold,
        /// Unknown to users who were not there when the window began.
        is_observed: bool,
    },
    Sequence {
        program: SequenceProgram,
        /// The pattern of each of the program's patterns.
        patterns: Vec<u32>,
    },
    Age {
        attribute: usize,
        unit: AgeUnit,
    },
    Anniversary {
        attribute: usize,
        days_before: u32,
        days_after: u32,
        leap_day: LeapDayPolicy,
    },
    Bucket(Bucket),
    /// The events of a preference, which its tag ranks.
    Ranked(Ranked),
}

/// A preference with its fields found.
#[derive(Debug, Clone)]
pub(super) struct Ranked {
    pub(super) preference: Preference,
    pub(super) category: usize,
    /// What an event weighs by: a field, and by how much to divide it; whether it is a float.
    pub(super) weight: Option<(usize, f64, bool)>,
}

impl Ranked {
    /// Weighs the next event.
    pub(super) fn add(&self, interests: &mut Interests, row: Row<'_>) {
        let weight = match self.weight {
            None => Some(1.0),
            Some((field, _, true)) => row.field(field).map(f64::from_bits),
            Some((field, divisor, false)) => row.field(field).map(|word| word as i64 as f64 / divisor),
        };
        if let (Some(category), Some(weight)) = (row.field(self.category), weight) {
            interests.add(category as u32, weight, row.time());
        }
    }
}

/// What is kept of the events of one user: the words of folds, and the tallies of preferences.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Folds {
    pub(super) words: Box<[u64]>,
    pub(super) tallies: Box<[Interests]>,
}

impl Folds {
    pub(super) fn byte_len(&self) -> usize {
        let tallies = self.tallies.iter().map(Interests::byte_len).sum::<usize>();
        size_of_val(&*self.words) + size_of_val(&*self.tallies) + tallies
    }
}

/// Which instants a job looks at.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum SpanOf {
    /// Instants that do not move.
    Whole { start: i64, end: i64 },
    /// A window that moves, by its number.
    Moving(usize),
    /// Instants around an attribute.
    Around { attribute: usize, from: i64, until: i64 },
    /// None: it does not look at events.
    Nothing,
}

impl Job {
    /// Whether its words are kept up to date event by event.
    pub(super) fn is_kept(&self) -> bool {
        match (&self.kind, self.span) {
            (JobKind::Fold { fold, .. }, SpanOf::Whole { .. }) => fold.is_kept(),
            (JobKind::Fold { fold, .. }, SpanOf::Moving(_)) => fold.can_remove(),
            (JobKind::Ranked(_), SpanOf::Whole { .. }) => true,
            _ => false,
        }
    }

    /// How many words those are.
    pub(super) fn words(&self) -> usize {
        match &self.kind {
            JobKind::Fold { fold, .. } if self.is_kept() => fold.words(),
            _ => 0,
        }
    }

    /// Whether values of a preference can come to weigh too little.
    pub(super) fn is_falling(&self) -> bool {
        matches!(&self.kind, JobKind::Ranked(ranked) if ranked.preference.weight_min > 0.0)
    }

    /// Whether the value hangs on the local day.
    pub(super) fn is_by_day(&self) -> bool {
        match &self.kind {
            JobKind::Fold { fold, .. } => fold.is_in_days(),
            JobKind::Age { .. } | JobKind::Anniversary { .. } => true,
            _ => false,
        }
    }

    /// Takes the next event, where the job keeps what came at instants that do not move.
    pub(super) fn add_whole(&self, folds: &mut Folds, row: Row<'_>) {
        let SpanOf::Whole { start, end } = self.span else { return };
        if !self.is_kept() || row.time() < start || row.time() >= end {
            return;
        }
        match &self.kind {
            JobKind::Fold { fold, .. } => {
                fold.add(&mut folds.words[self.offset..self.offset + fold.words()], row);
            }
            JobKind::Ranked(ranked) => ranked.add(&mut folds.tallies[self.offset], row),
            _ => {}
        }
    }

    /// Takes an event that a moving window takes in, or gives one back that it lets go of.
    pub(super) fn meet_moving(&self, folds: &mut Folds, row: Row<'_>, is_coming: bool) {
        let JobKind::Fold { fold, .. } = &self.kind else { return };
        if !fold.can_remove() {
            return;
        }
        let words = &mut folds.words[self.offset..self.offset + fold.words()];
        if is_coming { fold.add(words, row) } else { fold.remove(words, row) }
    }

    /// How many events the window may let go of before the next one can change an answer; `None` where no number can.
    ///
    /// A count that is only tested matters where it falls below a number that it is tested by. Of anything else every event does.
    pub(super) fn idle_count(&self, folds: &Folds) -> Option<usize> {
        if self.is_plain_value || !matches!(self.kind, JobKind::Fold { fold: Fold::Count, .. }) {
            return Some(0);
        }
        let count = folds.words[self.offset] as i64;
        let passed = self.thresholds[..self.thresholds.partition_point(|threshold| *threshold <= count)].last()?;
        usize::try_from(count - passed).ok()
    }

    pub(super) fn is_observed(&self) -> bool {
        matches!(self.kind, JobKind::Fold { is_observed: true, .. })
    }
}

/// A window that moves with the instant.
#[derive(Debug, Clone)]
pub(super) struct MovingWindow {
    pub(super) window: Window,
    /// The patterns of all its jobs.
    pub(super) patterns: u64,
    pub(super) jobs: Vec<usize>,
    /// The definitions that look at a job that only users can be told who were there when the window began.
    pub(super) observers: Bits,
}

impl MovingWindow {
    /// How far back events matter, by day or more too much: a clock may be set back.
    pub(super) fn reach_micros(&self) -> i64 {
        let days = |count: u32, of_each: i64| (i64::from(count) + 1).saturating_mul(of_each).saturating_add(3);
        let days = match self.window {
            Window::Rolling { span } => return span.as_micros(),
            Window::CalendarDays { n, .. } => days(n, 1),
            Window::CalendarWeeks { n, .. } => days(n, 7),
            Window::CalendarMonths { n, .. } => days(n, 31),
            Window::All | Window::Since { .. } | Window::Between { .. } => return i64::MAX,
        };
        days.saturating_mul(crate::time::MICROS_PER_DAY)
    }
}

/// Who is looked at, and when.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment<'i> {
    pub(super) id: UserIdRef<'i>,
    pub(super) at: i64,
    /// The local day of `at`.
    pub(super) today: i32,
}
