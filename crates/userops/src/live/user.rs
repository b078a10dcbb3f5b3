//! The state of one user: the least from which every answer follows, now and as time goes on.

use serde::{Deserialize, Serialize};

use super::job::{Bits, Folds, Moment};
use super::look::{Look, LookScratch};
use super::plan::LivePlan;
use super::row::{Row, Rows};
use super::slot::Slot;
use super::work::LiveWork;
use crate::error::Result;
use crate::id::UserIdRef;
use crate::lifecycle::Spell;
use crate::tag::ManualTag;
use crate::time::{Timestamp, Window};

/// What is kept of one user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LiveUser {
    pub(super) rows: Rows,
    /// Rows before this one are in `base`: too late for anything to come before them.
    pub(super) folded: u32,
    /// What jobs over instants that do not move keep of what lies before; none where nothing does yet, or nothing may come late.
    pub(super) base: Option<Box<Folds>>,
    /// What all jobs keep.
    pub(super) folds: Folds,
    /// Of each moving window its first row and the one after its last.
    pub(super) heads: Box<[(u32, u32)]>,
    /// Of each moving window whether the user was there when it began.
    pub(super) covered: u64,
    pub(super) attributes: Box<[Slot]>,
    /// Whether an attribute is known that the playbook's schema does not declare: a log may have more than a playbook reads.
    pub(super) is_known: bool,
    /// Acts of people in order of their instants, then of their coming.
    #[serde(with = "super::snapshot::acts")]
    pub(super) acts: Vec<ManualTag>,
    pub(super) answers: Box<[Slot]>,
    /// The instant of the first event of any name.
    pub(super) first_time: i64,
    /// The instant that the state is of; answers hold until `next_at`.
    pub(super) at: i64,
    pub(super) today: i32,
    /// The next instant at which time alone can change an answer.
    pub(super) next_at: i64,
    /// Whether an answer could not be worked out.
    pub(super) is_stale: bool,
    /// Rows are swept where there are so many, or so many before all windows.
    pub(super) sweep_at: (u32, u32),
    /// None where the lifecycle is not guarded.
    pub(super) stay: Option<Box<Stay>>,
}

/// How much of a user to ask memory for, each part once the one before has come.
#[derive(Debug, Clone, Copy)]
pub(super) enum Warmth {
    /// What lies in the user itself.
    User,
    /// Answers, and what is kept of events.
    State,
    /// The first events of windows.
    Rows,
}

/// Where a user is in a guarded lifecycle.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub(super) struct Stay {
    /// The last spell.
    pub(super) spells: Vec<Spell>,
    /// The spells before the last instant at which the user could move, and that instant: what comes at the same instant moves anew.
    pub(super) before: Option<(i64, Vec<Spell>)>,
    /// When a guard that holds the user runs out.
    pub(super) guard_end: Option<i64>,
}

impl Stay {
    fn byte_len(&self) -> usize {
        let before = self.before.as_ref().map_or(0, |(_, spells)| spells.capacity());
        size_of::<Self>() + (self.spells.capacity() + before) * size_of::<Spell>()
    }
}

/// Rows that may be kept for nothing until they are worth sweeping, and the share of all rows.
const ROWS_IDLE: u32 = 16;
const ROWS_IDLE_SHARE: u32 = 4;

impl LiveUser {
    /// Nobody knows anything of the user yet.
    #[must_use]
    pub(super) fn new(plan: &LivePlan) -> Self {
        Self {
            rows: Rows::new(plan.reader.fields.len()),
            folded: 0,
            base: None,
            folds: plan.no_folds(),
            heads: vec![(0, 0); plan.windows.len()].into(),
            covered: 0,
            attributes: vec![Slot::Unknown; plan.attributes.len()].into(),
            is_known: false,
            acts: Vec::new(),
            answers: vec![Slot::Unknown; plan.columns.len()].into(),
            first_time: i64::MAX,
            at: i64::MIN,
            today: i32::MIN,
            next_at: i64::MAX,
            is_stale: false,
            sweep_at: (ROWS_IDLE, ROWS_IDLE),
            stay: None,
        }
    }

    /// Whether the state has the shape of the plan's users.
    pub(super) fn fits(&self, plan: &LivePlan) -> bool {
        let is_of_plan =
            |folds: &Folds| folds.words.len() == plan.words && folds.tallies.len() == plan.half_lives.len();
        let rows = self.rows.len() as u32;
        let is_within = |(head, tail): &(u32, u32)| head <= tail && *tail <= rows;
        is_of_plan(&self.folds)
            && self.base.as_deref().is_none_or(is_of_plan)
            && self.attributes.len() == plan.attributes.len()
            && self.answers.len() == plan.columns.len()
            && self.heads.len() == plan.windows.len()
            && self.heads.iter().all(is_within)
            && self.rows.has_fields(plan.reader.fields.len())
            && self.folded <= rows
    }

    /// Whether there was any event.
    pub(super) fn has_events(&self) -> bool {
        self.first_time != i64::MAX
    }

    /// The next instant at which time alone can change an answer.
    #[must_use]
    pub(super) fn next_at(&self) -> i64 {
        self.next_at
    }

    /// Reads of each cache line that a look will need a word, and does nothing with it.
    ///
    /// Most users lie nowhere near the processor. Asked for together, their lines take the time of one; asked for one after the
    /// other, as answers call for them, each makes the look wait. Where what lies at the end of a pointer is asked for after the
    /// pointer has come, nothing waits at all: see [`Warmth`].
    pub(super) fn warm(&self, warmth: Warmth) {
        match warmth {
            Warmth::User => {
                let Self { rows, folds, heads, answers, first_time, next_at, .. } = self;
                let lengths = rows.is_empty() ^ folds.words.is_empty() ^ heads.is_empty() ^ answers.is_empty();
                std::hint::black_box((lengths, *first_time, *next_at));
            }
            Warmth::State => {
                let words = self.folds.words.iter().step_by(8).fold(0, |all, word| all ^ word);
                let answers = self.answers.iter().step_by(4).filter(|slot| slot.is_had()).count();
                let sums = self.folds.tallies.iter().filter(|tally| tally.is_empty()).count();
                let heads = self.heads.iter().step_by(8).fold(0, |all, (head, _)| all ^ head);
                std::hint::black_box((words, answers, sums, heads));
            }
            Warmth::Rows => {
                let firsts = self.heads.iter().fold(0, |all, (head, _)| all ^ self.rows.time_at(*head as usize));
                std::hint::black_box(firsts);
            }
        }
    }

    /// Bytes that the state takes.
    pub(super) fn byte_len(&self) -> usize {
        let folds = self.folds.byte_len() + self.base.as_ref().map_or(0, |base| base.byte_len());
        let slots = self.attributes.len() + self.answers.len();
        let stay = self.stay.as_ref().map_or(0, |stay| stay.byte_len());
        size_of::<Self>()
            + self.rows.byte_len()
            + folds
            + self.heads.len() * size_of::<(u32, u32)>()
            + slots * size_of::<Slot>()
            + self.acts.capacity() * size_of::<ManualTag>()
            + stay
    }

    /// Brings the state to an instant at or after its own, with what happens then; nothing may happen, and nothing change
    /// by time alone, in between. Changes of answers go to `work`.
    pub(super) fn touch<'r>(
        &mut self,
        plan: &LivePlan,
        id: UserIdRef<'_>,
        at: i64,
        rows: impl Iterator<Item = Row<'r>>,
        work: &mut LiveWork,
    ) -> Result<()> {
        let today = plan.calendar.day(Timestamp::from_micros(at)).0;
        let is_new = self.at == i64::MIN;
        if is_new || self.is_stale {
            (0..plan.definitions.len()).for_each(|definition| work.dirty.insert(definition));
        }
        for row in rows {
            self.append(plan, row, &mut work.dirty);
        }
        work.scratch.begin(plan);
        self.slide(plan, at, today, &mut work.scratch, &mut work.dirty);
        if today != self.today {
            work.dirty.add_all(&plan.day_readers);
        }
        self.mark_by_hand(plan, &mut work.dirty);
        work.dirty.add_all(&plan.always);
        (self.at, self.today) = (at, today);
        let moment = Moment { id, at, today };
        let answered = self.answer(plan, moment, work);
        self.is_stale = answered.is_err();
        self.next_at = i64::MAX;
        answered?;
        self.next_at = self.next_change(plan, moment, work)?;
        Ok(())
    }

    /// Takes the next event in order of time.
    pub(super) fn append(&mut self, plan: &LivePlan, row: Row<'_>, dirty: &mut Bits) {
        if !self.has_events() {
            // Presence, and what is for those who were there, begin with any event.
            self.first_time = row.time();
            (0..plan.definitions.len()).for_each(|definition| dirty.insert(definition));
        }
        if row.patterns() == 0 {
            return;
        }
        self.rows.push(row);
        for job in plan.whole_jobs(row) {
            job.add_whole(&mut self.folds, row);
            dirty.add_all(&job.readers);
        }
    }

    /// Moves the windows to an instant.
    fn slide(&mut self, plan: &LivePlan, at: i64, today: i32, scratch: &mut LookScratch, dirty: &mut Bits) {
        let Self { rows, folds, heads, .. } = self;
        let len = rows.len();
        for (index, window) in plan.windows.iter().enumerate() {
            let (start, end) = scratch.bounds(plan, index, at, today);
            let (mut head, mut tail) = (heads[index].0 as usize, heads[index].1 as usize);
            let mut meet = |place: usize, is_coming: bool, folds: &mut Folds| {
                let row = rows.get(place);
                if row.patterns() & window.patterns == 0 {
                    return;
                }
                for job in window.jobs.iter().map(|job| &plan.jobs[*job]) {
                    if job.patterns & row.patterns() != 0 {
                        job.meet_moving(folds, row, is_coming);
                        dirty.add_all(&job.readers);
                    }
                }
            };
            // Where a clock is set back, a window of days moves back.
            let is_back = !matches!(window.window, Window::Rolling { .. })
                && (head > 0 && rows.get(head - 1).time() >= start || tail > head && rows.get(tail - 1).time() >= end);
            if is_back {
                while tail > head {
                    meet(head, false, folds);
                    head += 1;
                }
                head = rows.count_until(|row| row.time() >= start);
                tail = head;
            }
            while head < tail && rows.get(head).time() < start {
                meet(head, false, folds);
                head += 1;
            }
            while head == tail && head < len && rows.get(head).time() < start {
                head += 1;
                tail += 1;
            }
            while tail < len && rows.get(tail).time() < end {
                meet(tail, true, folds);
                tail += 1;
            }
            heads[index] = (head as u32, tail as u32);
            let is_covered = self.first_time <= start;
            if is_covered != (self.covered >> index & 1 == 1) {
                self.covered ^= 1 << index;
                dirty.add_all(&window.observers);
            }
        }
    }

    /// Forgets what no answer needs any more, once it is worth the while. `as_of` is the engine's instant.
    pub(super) fn sweep(&mut self, plan: &LivePlan, as_of: i64) {
        if (self.rows.len() as u32) < self.sweep_at.0 && self.rows_before_windows() < self.sweep_at.1 {
            return;
        }
        // The windows stand at the user's own instant, which may be long before the engine's.
        let latest = as_of.saturating_sub(plan.options.lateness.as_micros()).min(self.at);
        self.fold_before(plan, latest);
        let mut places: Vec<&mut u32> = vec![&mut self.folded];
        places.extend(self.heads.iter_mut().flat_map(|(head, tail)| [head, tail]));
        let folded = *places[0] as usize;
        let reach = |patterns: u64| {
            let reach = plan.reach.iter().enumerate().filter(|(bit, _)| patterns >> bit & 1 == 1);
            reach.map(|(_, reach)| *reach).max().unwrap_or(0)
        };
        let is_needed = |row: Row<'_>| row.time() >= latest.saturating_sub(reach(row.patterns()));
        self.rows.retain(|place, row| place >= folded || is_needed(row), &mut places);
        self.rows.shrink();
        // What is before all windows still is kept for what has none, or for what may come late.
        let len = self.rows.len() as u32;
        self.sweep_at = (ROWS_IDLE.max(2 * len), self.rows_before_windows() + ROWS_IDLE.max(len / ROWS_IDLE_SHARE));
    }

    /// Rows that no window will hold any more, unless a clock is set back.
    fn rows_before_windows(&self) -> u32 {
        self.heads.iter().map(|(head, _)| *head).min().unwrap_or(self.rows.len() as u32)
    }

    /// Puts into `base` what lies before an instant: nothing will come before it any more.
    fn fold_before(&mut self, plan: &LivePlan, instant: i64) {
        while (self.folded as usize) < self.rows.len() {
            let row = self.rows.get(self.folded as usize);
            if row.time() >= instant {
                break;
            }
            if plan.may_be_late() {
                let base = self.base.get_or_insert_with(|| Box::new(plan.no_folds()));
                plan.whole_jobs(row).for_each(|job| job.add_whole(base, row));
            }
            self.folded += 1;
        }
    }
}

/// One user at one instant.
pub(super) fn look<'l>(
    plan: &'l LivePlan,
    user: &'l LiveUser,
    moment: Moment<'l>,
    texts: &'l crate::column::Interner,
    scratch: &'l mut LookScratch,
) -> Look<'l> {
    Look { plan, user, moment, texts, scratch }
}
