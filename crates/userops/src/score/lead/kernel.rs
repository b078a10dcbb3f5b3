//! What each user's events are worth, in one pass from the latest to the earliest.

use std::ops::Range;

use super::definition::{EventRule, LeadDefinition};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{EventMasks, MaskScratch, PATTERNS_MAX};
use crate::time::{Span, Timestamp};

/// The rules over events of a lead score, made ready for a log and an instant.
#[derive(Debug)]
pub(super) struct EventWeights<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    masks: EventMasks<'a>,
    rules: Vec<Counted>,
    /// No event before this instant counts for any rule.
    since: i64,
}

/// Which of a kind of events count, and how they decay.
#[derive(Debug, Clone, Copy)]
struct Counted {
    at_most: u32,
    since: i64,
    half_life: Option<Span>,
}

/// Memory of a walk over users: what each rule has so far.
#[derive(Debug, Default)]
struct Tally {
    weights: Vec<f64>,
    counts: Vec<u32>,
}

impl<'a> EventWeights<'a> {
    pub(super) fn new(log: &'a EventLog, definition: &LeadDefinition, as_of: Timestamp) -> Result<Self> {
        let patterns: Vec<_> = definition.event_rules().map(EventRule::pattern).collect();
        let masks = EventMasks::new(log, &log.calendar(as_of), &patterns)?;
        let counted = |rule: &EventRule| Counted {
            at_most: rule.at_most.unwrap_or(u32::MAX),
            // A window that looks back reaches to what is later than its start.
            since: rule
                .within
                .map_or(i64::MIN, |span| as_of.as_micros().saturating_sub(span.as_micros()).saturating_add(1)),
            half_life: rule.half_life,
        };
        let rules: Vec<Counted> = definition.event_rules().map(counted).collect();
        let since = rules.iter().map(|rule| rule.since).min().unwrap_or(i64::MAX);
        Ok(Self { log, as_of, masks, rules, since })
    }

    /// Hands over each of these users with the weight of the events of each rule: their number, or the sum of
    /// 2^(−age / half-life) from the latest on. Takes O(events of the users).
    pub(super) fn visit(&self, users: Range<usize>, mut visit: impl FnMut(usize, &[f64])) {
        let mut tally = Tally { weights: vec![0.0; self.rules.len()], counts: vec![0; self.rules.len()] };
        let (mut scratch, mut masks) = (MaskScratch::default(), Vec::new());
        for user in users {
            tally.weights.fill(0.0);
            tally.counts.fill(0);
            let events = self.log.events_of(UserIx(user as u32)).until(self.as_of);
            let events = if self.since == i64::MIN { events } else { events.since(self.since) };
            if let Some(by_name) = self.masks.by_name() {
                let codes = events.name_codes();
                self.add(events.time_micros(), |index| by_name[usize::from(codes[index])], &mut tally);
            } else {
                self.masks.fill(events.rows(), &mut scratch, &mut masks);
                self.add(events.time_micros(), |index| masks[index], &mut tally);
            }
            visit(user, &tally.weights);
        }
    }

    #[inline]
    fn add(&self, times: &[i64], mask_of: impl Fn(usize) -> u64, tally: &mut Tally) {
        // The rules that may still count earlier events.
        let mut open = match self.rules.len() {
            PATTERNS_MAX => u64::MAX,
            count => (1 << count) - 1,
        };
        for (index, time) in times.iter().enumerate().rev() {
            let mut matched = mask_of(index) & open;
            while matched != 0 {
                let bit = matched.trailing_zeros() as usize;
                matched &= matched - 1;
                let rule = &self.rules[bit];
                if *time < rule.since {
                    open &= !(1 << bit);
                    continue;
                }
                tally.weights[bit] += EventRule::weight(rule.half_life, *time, self.as_of);
                tally.counts[bit] += 1;
                if tally.counts[bit] == rule.at_most {
                    open &= !(1 << bit);
                }
            }
            if open == 0 {
                return;
            }
        }
    }
}
