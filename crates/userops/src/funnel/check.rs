//! Which funnels have a meaning; the others are refused by name, with the reason.

use super::definition::{Exclusion, Funnel, FunnelStep, Scope, StepOrder, TiePolicy, WindowFrom};
use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::rule::PATTERNS_MAX;
use crate::time::Span;

/// The most events that a funnel asks for, repeats counted.
pub(crate) const SLOTS_MAX: usize = 64;

impl Funnel {
    /// Refuses a funnel that cannot be gone through, or that says something which no event can keep.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the options and the way out; `LimitExceeded` for more than 64 steps,
    /// repeats counted, or more than 64 exclusions.
    pub fn check(&self) -> Result<()> {
        self.check_count()?;
        self.steps.iter().enumerate().try_for_each(|(index, step)| self.check_step(index, step))?;
        self.check_window()?;
        self.exclusions.iter().enumerate().try_for_each(|(index, exclusion)| self.check_exclusion(index, exclusion))?;
        match self.scope {
            Some(Scope::Session { gap }) if gap < Span::default() => {
                refuse(format!("the gap {gap} of a session is negative: the longest pause is at least 0s"))
            }
            _ => Ok(()),
        }
    }

    fn check_count(&self) -> Result<()> {
        if self.steps.is_empty() {
            return refuse("a funnel has at least one step");
        }
        if self.steps.iter().all(|step| step.optional) {
            return refuse("every step is optional, so that nothing has to be done: take `optional` away from one");
        }
        let count: u64 = self.steps.iter().map(|step| u64::from(step.times)).sum();
        if count > SLOTS_MAX as u64 {
            let message =
                format!("the steps of a funnel take {count} events, repeats counted; the limit is {SLOTS_MAX}");
            return Err(limit_exceeded(message));
        }
        if self.exclusions.len() > PATTERNS_MAX {
            let count = self.exclusions.len();
            return Err(limit_exceeded(format!("a funnel has {count} exclusions; the limit is {PATTERNS_MAX}")));
        }
        Ok(())
    }

    fn check_step(&self, index: usize, step: &FunnelStep) -> Result<()> {
        let number = index + 1;
        if step.times == 0 {
            return refuse(format!("step {number} is made by 0 events: `times` is at least 1"));
        }
        let is_any = self.order == StepOrder::Any && self.steps.len() > 1;
        let has_event_before = index > 0 || step.times > 1 || is_any;
        if !has_event_before && (step.gap_min.is_some() || step.gap_max.is_some()) {
            return refuse("step 1 has no event before it: take its `gap_min` and `gap_max` away");
        }
        let mut least = step.gap_min.unwrap_or_default();
        if least < Span::default() {
            return refuse(format!("`gap_min` of step {number} is {least}, and cannot be negative"));
        }
        if self.ties == TiePolicy::StrictlyLater {
            least = least.max(Span::from_micros(1));
        }
        let within = self.window.filter(|_| self.window_from == WindowFrom::Previous);
        let most = step.gap_max.into_iter().chain(within).min();
        match most {
            Some(most) if most < least && has_event_before => refuse(format!(
                "step {number} comes at least {least} and at most {most} after the event before it, which no event can"
            )),
            _ => Ok(()),
        }
    }

    fn check_window(&self) -> Result<()> {
        match self.window {
            Some(window) if window < Span::default() => {
                refuse(format!("the window {window} is negative: an attempt cannot end before it begins"))
            }
            None if self.window_from == WindowFrom::Previous => {
                refuse("`window_from` is `previous` and there is no window: give `window`, or leave `window_from` out")
            }
            _ => Ok(()),
        }
    }

    fn check_exclusion(&self, index: usize, exclusion: &Exclusion) -> Result<()> {
        let (number, count) = (index + 1, self.steps.len());
        let Exclusion { from, until, .. } = *exclusion;
        if from < 1 || until <= from || until as usize > count {
            return refuse(format!(
                "exclusion {number} is between steps {from} and {until}, where 1 ≤ `from` < `until` ≤ {count} is needed"
            ));
        }
        Ok(())
    }
}

fn refuse<T>(message: impl Into<String>) -> Result<T> {
    Err(invalid_definition(message))
}
