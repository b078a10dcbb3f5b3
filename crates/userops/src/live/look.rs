//! Looks at one user at one instant: the values that rules ask for, each worked out once.

use super::job::{Job, JobKind, Moment, Ranked, SpanOf};
use super::node::Source;
use super::plan::LivePlan;
use super::slot::Slot;
use super::user::LiveUser;
use crate::column::Interner;
use crate::error::Result;
use crate::profile::{Interest, Interests};
use crate::rule::{SequenceScratch, age, first_anniversary};
use crate::time::{Anniversary, Day, Timestamp};
use crate::value::ValueType;

/// What is used again for every look.
#[derive(Debug, Clone, Default)]
pub(super) struct LookScratch {
    memo: Vec<(u64, Slot)>,
    look: u64,
    words: Vec<u64>,
    bits: Vec<Vec<u64>>,
    times: Vec<i64>,
    sequence: SequenceScratch,
    ranked: Vec<Interest>,
    /// Patterns of a window's jobs, and how many events each may lose yet before an answer can change.
    pub(super) idle: Vec<(u64, usize)>,
    /// Of each calendar window the local day that it was asked for, and its first instant and the one after its last.
    bounds: Vec<(i32, i64, i64)>,
}

impl LookScratch {
    /// Forgets the values of the user before.
    pub(super) fn begin(&mut self, plan: &LivePlan) {
        self.look += 1;
        self.memo.resize(plan.jobs.len(), (0, Slot::Unknown));
        if self.bounds.len() != plan.windows.len() {
            self.bounds = vec![(i32::MIN, 0, 0); plan.windows.len()];
        }
    }

    /// The first instant of a moving window and the one after its last, which lies beyond every row where it ends now.
    pub(super) fn bounds(&mut self, plan: &LivePlan, window: usize, at: i64, today: i32) -> (i64, i64) {
        let moving = &plan.windows[window].window;
        if let crate::time::Window::Rolling { span } = moving {
            return (at.saturating_sub(span.as_micros()).saturating_add(1), i64::MAX);
        }
        let (day, start, end) = self.bounds[window];
        if day == today {
            return (start, end);
        }
        let range = moving.range(Timestamp::from_micros(at), &plan.calendar);
        let Ok(range) = range else { return (i64::MAX, i64::MAX) };
        // A window that ends now is the same all day, but for what has not happened yet.
        let is_open = range.end.as_micros() == at.saturating_add(1);
        let end = if is_open { i64::MAX } else { range.end.as_micros() };
        self.bounds[window] = (today, range.start.as_micros(), end);
        (range.start.as_micros(), end)
    }
}

/// One user at one instant.
#[derive(Debug)]
pub(super) struct Look<'l> {
    pub(super) plan: &'l LivePlan,
    pub(super) user: &'l LiveUser,
    pub(super) moment: Moment<'l>,
    pub(super) texts: &'l Interner,
    pub(super) scratch: &'l mut LookScratch,
}

impl<'l> Look<'l> {
    pub(super) fn source(&mut self, source: Source) -> Result<Slot> {
        match source {
            Source::Job(job) => self.job(job),
            Source::Attribute(attribute) => Ok(self.user.attributes[attribute]),
            Source::Answer(column) => Ok(self.user.answers[column]),
        }
    }

    /// The value of a job.
    pub(super) fn job(&mut self, index: usize) -> Result<Slot> {
        let (look, slot) = self.scratch.memo[index];
        if look == self.scratch.look {
            return Ok(slot);
        }
        let slot = self.work_out(&self.plan.jobs[index])?;
        self.scratch.memo[index] = (self.scratch.look, slot);
        Ok(slot)
    }

    fn work_out(&mut self, job: &'l Job) -> Result<Slot> {
        match &job.kind {
            JobKind::Fold { fold, is_observed } => {
                let Some((start, rows)) = self.span(job.span) else { return Ok(Slot::Unknown) };
                let is_all = matches!(job.span, SpanOf::Whole { start: i64::MIN, end: i64::MAX });
                if *is_observed && !is_all && (!self.user.has_events() || self.user.first_time > start) {
                    return Ok(Slot::Unknown);
                }
                let kept = fold.words();
                if job.is_kept() {
                    return fold.value(&self.user.folds.words[job.offset..job.offset + kept], self.moment.today);
                }
                let mut words = std::mem::take(&mut self.scratch.words);
                words.clear();
                words.resize(kept, 0);
                let matching = rows.map(|row| self.user.rows.get(row)).filter(|row| row.patterns() & job.patterns != 0);
                let value = if let super::fold::Fold::Distinct { field, value_type } = *fold {
                    let key = |word: u64| if value_type == ValueType::Float { zero_is_one(word) } else { word };
                    words.extend(matching.filter_map(|row| row.field(field)).map(key));
                    words.sort_unstable();
                    words.dedup();
                    Ok(Slot::Integer(words.len() as i64))
                } else {
                    matching.for_each(|row| fold.add(&mut words, row));
                    fold.value(&words, self.moment.today)
                };
                self.scratch.words = words;
                value
            }
            JobKind::Sequence { program, patterns } => {
                let Some((_, rows)) = self.span(job.span) else { return Ok(Slot::Unknown) };
                let LookScratch { bits, times, sequence, .. } = &mut *self.scratch;
                times.clear();
                bits.resize_with(bits.len().max(patterns.len()), Vec::new);
                for bits in &mut bits[..patterns.len()] {
                    bits.clear();
                    bits.resize(rows.len().div_ceil(64), 0);
                }
                let matching = rows.map(|row| self.user.rows.get(row)).filter(|row| row.patterns() & job.patterns != 0);
                for (place, row) in matching.enumerate() {
                    times.push(row.time());
                    for (bits, pattern) in bits.iter_mut().zip(patterns) {
                        bits[place / 64] |= (row.patterns() >> pattern & 1) << (place % 64);
                    }
                }
                Ok(Slot::Bool(program.holds(&(0..times.len()), times, bits, sequence)))
            }
            JobKind::Age { attribute, unit } => Ok(match self.local_day(*attribute) {
                Some(origin) => Slot::Integer(age(origin, Day(self.moment.today), *unit)),
                None => Slot::Unknown,
            }),
            JobKind::Anniversary { attribute, days_before, days_after, leap_day } => {
                let Some(origin) = self.local_day(*attribute) else { return Ok(Slot::Unknown) };
                let earliest = Day(self.moment.today.saturating_sub_unsigned(*days_after));
                let latest = Day(self.moment.today.saturating_add_unsigned(*days_before));
                let next = first_anniversary(Anniversary { origin, leap_day: *leap_day }, earliest);
                Ok(Slot::Bool(next.is_some_and(|day| day <= latest)))
            }
            JobKind::Bucket(bucket) => Ok(Slot::Integer(bucket.of(&self.moment.id).into())),
            JobKind::Ranked(_) => Ok(Slot::Unknown),
        }
    }

    /// Where a span begins, and the rows that lie in it; `None` where it hangs on an attribute that is not known.
    pub(super) fn span(&mut self, span: SpanOf) -> Option<(i64, std::ops::Range<usize>)> {
        let rows = &self.user.rows;
        let between = |start: i64, end: i64| {
            let first = rows.count_until(|row| row.time() >= start);
            first..rows.count_until(|row| row.time() >= end).max(first)
        };
        match span {
            SpanOf::Whole { start: i64::MIN, end: i64::MAX } => Some((i64::MIN, 0..rows.len())),
            SpanOf::Whole { start, end } => Some((start, between(start, end))),
            SpanOf::Moving(window) => {
                let (start, _) = self.scratch.bounds(self.plan, window, self.moment.at, self.moment.today);
                let (head, tail) = self.user.heads[window];
                Some((start, head as usize..tail as usize))
            }
            SpanOf::Around { attribute, from, until } => {
                let origin = self.instant(attribute)?;
                let (start, end) = (origin.saturating_add(from), origin.saturating_add(until));
                Some((start, between(start, end)))
            }
            SpanOf::Nothing => Some((i64::MIN, 0..0)),
        }
    }

    /// The instant of a time or date attribute.
    pub(super) fn instant(&self, attribute: usize) -> Option<i64> {
        match self.user.attributes[attribute] {
            Slot::Time(instant) => Some(instant),
            Slot::Date(day) => Some(self.plan.calendar.day_start(Day(day)).as_micros()),
            _ => None,
        }
    }

    /// The local day of a time or date attribute.
    pub(super) fn local_day(&self, attribute: usize) -> Option<Day> {
        match self.user.attributes[attribute] {
            Slot::Time(instant) => Some(self.plan.calendar.day(Timestamp::from_micros(instant))),
            Slot::Date(day) => Some(Day(day)),
            _ => None,
        }
    }

    /// The ranked values of a preference, best first, as codes.
    pub(super) fn rank(&mut self, job: usize, ranks: &mut Vec<Slot>) {
        ranks.clear();
        let JobKind::Ranked(Ranked { preference, .. }) = &self.plan.jobs[job].kind else { return };
        let mut ranked = std::mem::take(&mut self.scratch.ranked);
        let (as_of, texts) = (Timestamp::from_micros(self.moment.at), self.texts.texts());
        // Codes are in order of coming here: equals go by text.
        let order = |a: u32, b: u32| texts.text(a as usize).cmp(texts.text(b as usize));
        self.with_interests(job, |interests| {
            interests.rank_by(as_of, preference.weight_min, preference.top.into(), &mut ranked, order);
        });
        ranks.extend(ranked.iter().map(|interest| Slot::Text(interest.category)));
        self.scratch.ranked = ranked;
    }

    /// The first instant after the moment at which a value of a preference weighs too little.
    pub(super) fn falls_below_at(&mut self, job: usize, until: i64) -> Option<i64> {
        let JobKind::Ranked(Ranked { preference, .. }) = &self.plan.jobs[job].kind else { return None };
        let (from, until) = (Timestamp::from_micros(self.moment.at), Timestamp::from_micros(until));
        let mut falls = None;
        self.with_interests(job, |interests| falls = interests.falls_below_at(preference.weight_min, from, until));
        falls.map(Timestamp::as_micros)
    }

    /// Runs `ask` with what the events of a preference weigh.
    fn with_interests(&mut self, job: usize, ask: impl FnOnce(&Interests)) {
        let job = &self.plan.jobs[job];
        let JobKind::Ranked(ranked) = &job.kind else { return };
        if job.is_kept() {
            return ask(&self.user.folds.tallies[job.offset]);
        }
        let mut interests = Interests::new(ranked.preference.half_life);
        if let Some((_, rows)) = self.span(job.span) {
            let rows = rows.map(|row| self.user.rows.get(row)).filter(|row| row.patterns() & job.patterns != 0);
            rows.for_each(|row| ranked.add(&mut interests, row));
        }
        ask(&interests);
    }
}

/// The two zeros of floats are one value.
fn zero_is_one(word: u64) -> u64 {
    (f64::from_bits(word) + 0.0).to_bits()
}
