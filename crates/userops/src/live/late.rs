//! Events that come late: what they make of the past since, and what of it holds now.

use super::plan::LivePlan;
use super::row::{Row, Rows};
use super::slot::Slot;
use super::user::LiveUser;
use super::work::{AnswerChange, LiveWork};
use crate::error::Result;
use crate::id::UserIdRef;

impl LiveUser {
    /// Takes an event, in order or late, and brings the state to `as_of`. Of a late one the changes tell what is otherwise than
    /// was told before, and since when.
    pub(super) fn observe(
        &mut self,
        plan: &LivePlan,
        id: UserIdRef<'_>,
        row: Row<'_>,
        as_of: i64,
        work: &mut LiveWork,
    ) -> Result<()> {
        if self.at == i64::MIN && plan.keeps_history() {
            // A guarded stage begins with the one before anything happened.
            let from = work.changes.len();
            self.touch(plan, id, row.time() - 1, std::iter::empty(), work)?;
            work.changes.truncate(from);
        }
        if row.time() >= self.at {
            self.touch(plan, id, row.time(), std::iter::once(row), work)?;
            self.run(plan, id, &Rows::new(0), i64::MAX, as_of, work)?;
        } else {
            self.correct(plan, id, row, as_of, work)?;
        }
        self.sweep(plan, as_of);
        Ok(())
    }

    /// Goes on to `as_of`, from one instant at which something happens or time changes something to the next.
    fn run(
        &mut self,
        plan: &LivePlan,
        id: UserIdRef<'_>,
        coming: &Rows,
        first_time: i64,
        as_of: i64,
        work: &mut LiveWork,
    ) -> Result<()> {
        let mut next = 0;
        loop {
            let by_row = if next < coming.len() { coming.get(next).time() } else { i64::MAX };
            // The first event of all may be one that no row is kept of.
            let by_first = if self.first_time > first_time { first_time } else { i64::MAX };
            let at = by_row.min(by_first).min(self.next_at);
            if at > as_of || at == i64::MAX {
                return Ok(());
            }
            let until = coming.count_until(|row| row.time() > at).max(next);
            if by_first == at {
                self.first_time = at;
                (0..plan.definitions.len()).for_each(|definition| work.dirty.insert(definition));
            }
            self.touch(plan, id, at, (next..until).map(|place| coming.get(place)), work)?;
            next = until;
        }
    }

    /// Wakes at the instant at which time alone may change an answer.
    pub(super) fn wake(&mut self, plan: &LivePlan, id: UserIdRef<'_>, as_of: i64, work: &mut LiveWork) -> Result<()> {
        let at = self.next_at;
        self.touch(plan, id, at, std::iter::empty(), work)?;
        self.sweep(plan, as_of);
        Ok(())
    }

    /// Puts a late event where it belongs.
    fn correct(
        &mut self,
        plan: &LivePlan,
        id: UserIdRef<'_>,
        row: Row<'_>,
        as_of: i64,
        work: &mut LiveWork,
    ) -> Result<()> {
        let from = work.changes.len();
        let (start, coming) = self.rewound(plan, id, row.time(), work)?;
        let mut told = start.clone();
        told.run(plan, id, &coming, self.first_time, as_of, work)?;
        let told_changes = work.changes.split_off(from);
        let mut coming = coming;
        if row.patterns() != 0 {
            let place = coming.count_until(|known| known.time() > row.time());
            coming.insert(place, row);
        }
        let mut corrected = start;
        corrected.run(plan, id, &coming, self.first_time.min(row.time()), as_of, work)?;
        let changes = work.changes.split_off(from);
        work.changes.extend((0..plan.columns.len()).filter_map(|column| {
            let (then, now) = (self.answers[column], corrected.answers[column]);
            let at = || differ_since(column, &told_changes, &changes, (then, now));
            (then != now).then(|| AnswerChange { column, from: then, to: now, at: at().unwrap_or(row.time()) })
        }));
        *self = corrected;
        Ok(())
    }

    /// The state just before an instant, and the rows that came from it on.
    fn rewound(&self, plan: &LivePlan, id: UserIdRef<'_>, instant: i64, work: &mut LiveWork) -> Result<(Self, Rows)> {
        let from = work.changes.len();
        let mut state = Self::new(plan);
        state.attributes.clone_from(&self.attributes);
        state.is_known = self.is_known;
        state.acts.clone_from(&self.acts);
        let mut coming = self.rows.clone();
        if plan.keeps_history() {
            let first = coming.iter().next().map_or(i64::MAX, Row::time).min(self.first_time).min(instant);
            let arrival = plan.stages.as_ref().and_then(|stages| self.arrival(plan, stages).1);
            let before = first.min(arrival.unwrap_or(i64::MAX)).saturating_sub(1);
            let place = coming.count_until(|row| row.time() >= instant);
            let mut past = coming.clone();
            past.truncate(place);
            state.touch(plan, id, before, std::iter::empty(), work)?;
            state.run(plan, id, &past, self.first_time, instant - 1, work)?;
            coming.retain(|index, _| index >= place, &mut []);
        } else {
            let place = coming.count_until(|row| row.time() >= instant);
            state.rows = self.rows.clone();
            state.rows.truncate(place);
            coming.retain(|index, _| index >= place, &mut []);
            state.folded = self.folded;
            state.base.clone_from(&self.base);
            state.folds = self.base.as_deref().cloned().unwrap_or_else(|| plan.no_folds());
            if self.first_time < instant {
                state.first_time = self.first_time;
            }
            for place in state.folded as usize..state.rows.len() {
                let row = state.rows.get(place);
                plan.whole_jobs(row).for_each(|job| job.add_whole(&mut state.folds, row));
            }
            state.touch(plan, id, instant - 1, std::iter::empty(), work)?;
        }
        state.sweep_at = self.sweep_at;
        work.changes.truncate(from);
        Ok((state, coming))
    }

    /// Works out everything anew from the rows, for a lifecycle that hangs on the past.
    pub(super) fn relive(&mut self, plan: &LivePlan, id: UserIdRef<'_>, as_of: i64, work: &mut LiveWork) -> Result<()> {
        let from = work.changes.len();
        let (mut state, _) = self.rewound(plan, id, as_of.saturating_add(1), work)?;
        if state.at < as_of {
            state.touch(plan, id, as_of, std::iter::empty(), work)?;
        }
        work.changes.truncate(from);
        let columns = self.answers.iter().zip(&state.answers).enumerate().filter(|(_, (then, now))| then != now);
        work.changes.extend(columns.map(|(column, (then, now))| AnswerChange {
            column,
            from: *then,
            to: *now,
            at: as_of,
        }));
        *self = state;
        Ok(())
    }

    /// Takes an event of the past into a state that is not asked yet; see [`LiveUser::settle`].
    pub(super) fn put(&mut self, plan: &LivePlan, row: Row<'_>) {
        self.append(plan, row, &mut super::job::Bits::default());
    }

    /// Works out a state into which its events were [put](LiveUser::put) in order.
    pub(super) fn settle(&mut self, plan: &LivePlan, id: UserIdRef<'_>, as_of: i64, work: &mut LiveWork) -> Result<()> {
        if plan.keeps_history() {
            self.relive(plan, id, as_of, work)?;
        } else {
            self.touch(plan, id, as_of, std::iter::empty(), work)?;
        }
        self.sweep(plan, as_of);
        Ok(())
    }

    /// Looks again at an instant at what `work` says may have changed, and at tags by hand: something was learnt that bears none.
    pub(super) fn review(&mut self, plan: &LivePlan, id: UserIdRef<'_>, as_of: i64, work: &mut LiveWork) -> Result<()> {
        if plan.keeps_history() {
            return self.relive(plan, id, as_of, work);
        }
        self.touch(plan, id, as_of, std::iter::empty(), work)
    }
}

/// Since when two histories of a column differ without a break up to now, where it is `now` in each.
fn differ_since(column: usize, told: &[AnswerChange], corrected: &[AnswerChange], now: (Slot, Slot)) -> Option<i64> {
    let of_column = |changes: &[AnswerChange]| -> Vec<AnswerChange> {
        changes.iter().filter(|change| change.column == column).copied().collect()
    };
    let (mut told, mut corrected) = (of_column(told), of_column(corrected));
    let mut at = now;
    loop {
        let latest = told.last().into_iter().chain(corrected.last()).map(|change| change.at).max()?;
        while let Some(change) = told.pop_if(|change| change.at == latest) {
            at.0 = change.from;
        }
        while let Some(change) = corrected.pop_if(|change| change.at == latest) {
            at.1 = change.from;
        }
        if at.0 == at.1 {
            return Some(latest);
        }
    }
}
