//! Which funnels have a meaning; the others are refused by name, with the reason.

use super::definition::{
    EventUse, Exclusion, Funnel, FunnelStep, Noise, NoiseKind, Repetition, Scope, StepOrder, TiePolicy, WindowFrom,
};
use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::rule::PATTERNS_MAX;
use crate::time::Span;

/// The most events that a funnel asks for, repeats counted.
pub(crate) const SLOTS_MAX: usize = 64;

impl Funnel {
    /// Refuses a funnel that cannot be gone through, or whose options together have no meaning.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the options and the way out; `LimitExceeded` for more than 64 steps,
    /// repeats counted, or more than 64 exclusions.
    pub fn check(&self) -> Result<()> {
        self.check_count()?;
        self.steps.iter().enumerate().try_for_each(|(index, step)| self.check_step(index, step))?;
        self.check_window()?;
        self.exclusions.iter().enumerate().try_for_each(|(index, exclusion)| self.check_exclusion(index, exclusion))?;
        match self.order {
            StepOrder::Ordered => self.check_other_step()?,
            StepOrder::Strict => self.check_strict()?,
            StepOrder::Any => self.check_any()?,
        }
        self.check_end()?;
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
        if step.optional && (index == 0 || number == self.steps.len()) {
            return refuse(format!(
                "step {number} cannot be optional: an attempt begins with the first step and ends with the last"
            ));
        }
        let has_gap = step.gap_min.is_some() || step.gap_max.is_some();
        if index == 0 && has_gap && step.times == 1 {
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
        let has_event_before = index > 0 || step.times > 1;
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
        let optional = [from, until].into_iter().find(|step| self.steps[*step as usize - 1].optional);
        optional.map_or(Ok(()), |step| {
            refuse(format!(
                "exclusion {number} ends at step {step}, which is optional and may not be there: name a step that is \
                 always done"
            ))
        })
    }

    fn check_strict(&self) -> Result<()> {
        if self.ties == TiePolicy::StepOrder {
            return refuse(
                "`strict` asks for the very next event, and `step_order` lets any event of an instant come next: take \
                 the ties `as_ordered` or `strictly_later`",
            );
        }
        if self.noise == Noise::End {
            return refuse(
                "`strict` lets nothing come between, so `end` would leave the first start alone: take the entry \
                 `first` with the noise `restart`",
            );
        }
        if self.noise_kind != NoiseKind::OutOfTurn || self.repetition != Repetition::Ignore {
            return refuse(
                "`strict` lets no event come between: `noise_kind` and `repetition` have nothing left to say; leave \
                 them out, or take the order `ordered`",
            );
        }
        Ok(())
    }

    fn check_other_step(&self) -> Result<()> {
        if self.noise_kind != NoiseKind::OtherStep || self.noise == Noise::Ignore {
            return Ok(());
        }
        if self.noise == Noise::End {
            return refuse(
                "with the noise kind `other_step` what is noise to one attempt carries another on, so it cannot `end` \
                 the search for all: take the noise `restart`",
            );
        }
        if self.ties != TiePolicy::AsOrdered {
            return refuse(
                "with the noise kind `other_step` the very next event tells, which only the ties `as_ordered` know: \
                 take them, or another `noise_kind`",
            );
        }
        Ok(())
    }

    fn check_any(&self) -> Result<()> {
        let refusal = if self.steps.iter().any(|step| step.gap_min.is_some() || step.gap_max.is_some()) {
            "no step has another before it: take `gap_min` and `gap_max` away"
        } else if self.steps.iter().any(|step| step.optional) {
            "a step that may be left out asks for nothing: take the optional steps away"
        } else if self.window_from == WindowFrom::Previous {
            "no step has another before it: measure the window from `first`"
        } else if self.ties == TiePolicy::StrictlyLater {
            "no step has another before it to be later than: take the ties `as_ordered`"
        } else if self.event_use == EventUse::Once && self.steps.iter().any(|step| step.times > 1) {
            "events that serve once can be shared out among repeated steps in ways that cannot all be tried: take the \
             event use `reuse`, or steps without repeats"
        } else if self.noise_kind == NoiseKind::OtherStep {
            "no step has its turn: take the noise kind `no_step`"
        } else if self.repetition == Repetition::End {
            "a step may come at any time: leave `repetition` out"
        } else if self.exclusions.iter().any(|one| one.from != 1 || one.until as usize != self.steps.len()) {
            "steps have no order for an exclusion to be between: let it span from step 1 to the last"
        } else {
            return Ok(());
        };
        refuse(format!("the order is `any`, in which {refusal}"))
    }

    /// What ends the search does so for all attempts at once.
    fn check_end(&self) -> Result<()> {
        let (noise, repetition) = (self.noise == Noise::End, self.repetition == Repetition::End);
        if !noise && !repetition {
            return Ok(());
        }
        let name = if noise { "noise" } else { "repetition" };
        if !self.held.is_empty() || self.scope.is_some() {
            return refuse(format!(
                "`{name}` is `end`, which ends the search for all attempts at once, but with `held` or `scope` they \
                 see different events: take the noise `restart`, or leave `held` and `scope` out"
            ));
        }
        if noise && self.order == StepOrder::Any && !self.exclusions.is_empty() {
            return refuse(
                "in `any` order an excluded event is noise too, so that the noise `end` has ended the search before the \
                 exclusion is asked: leave one of them out",
            );
        }
        if repetition && self.steps.iter().any(|step| step.times > 1) {
            return refuse(
                "`repetition` is `end`, which forbids a step to come again, and `times` asks for it: leave one \
                 of them out",
            );
        }
        Ok(())
    }
}

fn refuse<T>(message: impl Into<String>) -> Result<T> {
    Err(invalid_definition(message))
}
