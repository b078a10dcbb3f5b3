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
    /// A rule for each bit of a mask. Those whose events have not happened to anybody yet have none.
    rules: Vec<Counted>,
    /// How many rules there are in all.
    rule_count: usize,
    /// No event before this instant counts for any rule.
    since: i64,
}

/// Which of a kind of events count, and how they decay.
#[derive(Debug, Clone, Copy)]
struct Counted {
    /// Which of all rules it is.
    place: usize,
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
        let (mut rules, mut patterns) = (Vec::new(), Vec::new());
        for (place, rule) in definition.event_rules().enumerate() {
            let mut pattern = rule.pattern();
            pattern.events.retain(|name| log.names().code(name).is_some());
            // Without names a pattern would be one of all events.
            if pattern.events.is_empty() && !rule.events.is_empty() {
                continue;
            }
            patterns.push(pattern);
            let at_most = rule.at_most.unwrap_or(u32::MAX);
            // A window that looks back reaches to what is later than its start.
            let after = |span: Span| as_of.as_micros().saturating_sub(span.as_micros()).saturating_add(1);
            rules.push(Counted {
                place,
                at_most,
                since: rule.within.map_or(i64::MIN, after),
                half_life: rule.half_life,
            });
        }
        let masks = EventMasks::new(log, &log.calendar(as_of), &patterns)?;
        let since = rules.iter().map(|rule| rule.since).min().unwrap_or(i64::MAX);
        Ok(Self { log, as_of, masks, rules, rule_count: definition.event_rules().count(), since })
    }

    /// Hands over each of these users with the weight of the events of each rule: their number, or the sum of
    /// 2^(−age / half-life) from the latest on. Takes O(events of the users).
    pub(super) fn visit(&self, users: Range<usize>, mut visit: impl FnMut(usize, &[f64])) {
        let mut tally = Tally { weights: vec![0.0; self.rule_count], counts: vec![0; self.rules.len()] };
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
                tally.weights[rule.place] += EventRule::weight(rule.half_life, *time, self.as_of);
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
