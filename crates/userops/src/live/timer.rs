//! When time alone can change an answer of a user: the next instant at which to look again.

use super::job::{JobKind, Moment};
use super::look::Look;
use super::plan::LivePlan;
use super::slot::Slot;
use super::user::{LiveUser, look};
use super::work::LiveWork;
use crate::error::Result;
use crate::rule::{age_origin, first_anniversary};
use crate::time::{Anniversary, Day, MICROS_PER_DAY, Timestamp, Window};

/// A threshold in days that was reached so long ago is not left again, however clocks are set back.
const SET_BACK_DAYS_MAX: i64 = 2;

impl LiveUser {
    /// The first instant after the moment at which time alone can change an answer; the greatest number where it never
    /// will, or not while the clock is covered.
    pub(super) fn next_change(&self, plan: &LivePlan, moment: Moment<'_>, work: &mut LiveWork) -> Result<i64> {
        let mut look = look(plan, self, moment, &work.texts, &mut work.scratch);
        let mut next = Next { at: moment.at, first: i64::MAX };
        for window in 0..plan.windows.len() {
            self.of_window(&mut look, window, &mut next);
        }
        for index in plan.by_day.iter().copied() {
            match &plan.jobs[index].kind {
                JobKind::Fold { .. } => {
                    let Slot::Integer(days) = look.job(index)? else { continue };
                    let origin = i64::from(moment.today) - days;
                    look.thresholds_of(index, origin, days, &mut next);
                }
                JobKind::Age { attribute, unit } => {
                    let Some(origin) = look.local_day(*attribute) else { continue };
                    let job = &plan.jobs[index];
                    if job.is_plain_value {
                        look.crossing(i64::from(moment.today) + 1, &mut next);
                        look.crossing(i64::from(moment.today), &mut next);
                    }
                    for units in &job.thresholds {
                        if let Some(day) = age_origin(origin, *units, *unit) {
                            look.crossing(day, &mut next);
                        }
                    }
                }
                JobKind::Anniversary { attribute, days_before, days_after, leap_day } => {
                    let Some(origin) = look.local_day(*attribute) else { continue };
                    let anniversary = Anniversary { origin, leap_day: *leap_day };
                    let (before, after) = (i64::from(*days_before), i64::from(*days_after));
                    let today = i64::from(moment.today);
                    let from = |day: i64| {
                        let day = i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX });
                        first_anniversary(anniversary, Day(day)).map(|day| i64::from(day.0))
                    };
                    let begins = from(today + before + 1).map(|day| day - before);
                    let ends = from(today - after).map(|day| day + after + 1);
                    [begins, ends, Some(today)].into_iter().flatten().for_each(|day| look.crossing(day, &mut next));
                }
                _ => {}
            }
        }
        for index in plan.falling.iter().copied() {
            let until = next.first.min(plan.last_instant().as_micros());
            look.falls_below_at(index, until).into_iter().for_each(|instant| next.offer(instant));
        }
        for act in &self.acts {
            [Some(act.at), act.expires].into_iter().flatten().for_each(|instant| next.offer(instant.as_micros()));
        }
        if let Some(stages) = &plan.stages {
            let (_, first) = self.arrival(plan, stages);
            let guard_end = self.stay.as_ref().and_then(|stay| stay.guard_end);
            first.into_iter().chain(guard_end).for_each(|instant| next.offer(instant));
        }
        Ok(next.first)
    }

    /// When a moving window lets go of an event, takes one in, or has been there for long enough.
    fn of_window(&self, look: &mut Look<'_>, index: usize, next: &mut Next) {
        let (plan, moment) = (look.plan, look.moment);
        let window = &plan.windows[index];
        let (start, _) = look.scratch.bounds(plan, index, moment.at, moment.today);
        let (head, tail) = self.heads[index];
        if let Window::Rolling { span } = window.window {
            let jobs = window.jobs.iter().map(|job| &plan.jobs[*job]);
            let idle = jobs.filter_map(|job| Some((job.patterns, job.idle_count(&self.folds)?)));
            look.scratch.idle.clear();
            look.scratch.idle.extend(idle);
            // Rows leave in order: the first of which some job has waited enough is the next that matters.
            let idle = &mut look.scratch.idle;
            for row in (head as usize..tail as usize).map(|place| self.rows.get(place)) {
                let mut matters = idle.is_empty();
                for (_, idle) in idle.iter_mut().filter(|(patterns, _)| row.patterns() & patterns != 0) {
                    matters |= *idle == 0;
                    *idle = idle.saturating_sub(1);
                }
                if matters {
                    if !idle.is_empty() {
                        next.offer(row.time().saturating_add(span.as_micros()));
                    }
                    break;
                }
            }
            if !window.observers.is_empty() && self.has_events() && self.first_time > start {
                next.offer(self.first_time.saturating_add(span.as_micros()).saturating_sub(1));
            }
            return;
        }
        let past = start.saturating_sub(SET_BACK_DAYS_MAX * MICROS_PER_DAY);
        let last = self.rows.iter().rev().find(|row| row.patterns() & window.patterns != 0);
        let is_observed = !window.observers.is_empty() && self.has_events() && self.first_time >= past;
        if is_observed || last.is_some_and(|row| row.time() >= past) {
            look.crossing(i64::from(moment.today) + 1, next);
            look.crossing(i64::from(moment.today), next);
        }
    }
}

/// The earliest instant so far after one.
struct Next {
    at: i64,
    first: i64,
}

impl Next {
    fn offer(&mut self, instant: i64) {
        if instant > self.at {
            self.first = self.first.min(instant);
        }
    }
}

impl Look<'_> {
    /// Offers the instant at which the local date comes to be a day, or ceases to be it or later.
    fn crossing(&self, day: i64, next: &mut Next) {
        let today = i64::from(self.moment.today);
        let until = match day <= today {
            true if day + SET_BACK_DAYS_MAX < today => return,
            // It is reached: only a clock that is set back can leave it, and soon.
            true => self.moment.at.saturating_add((SET_BACK_DAYS_MAX + 1) * MICROS_PER_DAY),
            false => next.first,
        };
        let until = until.min(self.plan.last_instant().as_micros());
        let after = Timestamp::from_micros(self.moment.at);
        if let Some(instant) = self.plan.calendar.crossing(after, day, Timestamp::from_micros(until)) {
            next.offer(instant.as_micros());
        }
    }

    /// Offers the days on which a count of days from `origin`, now `days`, reaches what an answer hangs on.
    fn thresholds_of(&self, job: usize, origin: i64, days: i64, next: &mut Next) {
        let job = &self.plan.jobs[job];
        if job.is_plain_value {
            self.crossing(origin + days + 1, next);
            self.crossing(origin + days, next);
            return;
        }
        let reached = job.thresholds.partition_point(|threshold| *threshold <= days);
        if let Some(day) = job.thresholds.get(reached).and_then(|threshold| origin.checked_add(*threshold)) {
            self.crossing(day, next);
        }
        for threshold in job.thresholds[..reached].iter().rev() {
            let Some(day) = origin.checked_add(*threshold) else { continue };
            if day + SET_BACK_DAYS_MAX < origin + days {
                break;
            }
            self.crossing(day, next);
        }
    }
}
