//! Events in order: whether some chain of a user's events keeps every gap.
//!
//! A step's event takes the latest event of the step before that it may follow: of all chains that end there it starts
//! last, and if something comes between or the gap is too long, that holds for all earlier ones too. So a step is one walk
//! over its events with a pointer into those of the step before, and the whole takes O(events · steps).

use std::ops::Range;

use super::bits::{first_one, ones};
use crate::rule::Sequence;

/// A step: which pattern it is, and how it follows the one before.
#[derive(Debug, Clone)]
pub(crate) struct StepProgram {
    pub(crate) pattern: usize,
    pub(crate) without: Vec<usize>,
    pub(crate) gap_min: i64,
    pub(crate) gap_max: Option<i64>,
}

/// A sequence whose patterns are numbers.
#[derive(Debug, Clone)]
pub(crate) struct SequenceProgram {
    steps: Vec<StepProgram>,
    within: Option<i64>,
    strictly_later: bool,
}

/// The end of a chain.
#[derive(Debug, Clone, Copy)]
struct Link {
    row: usize,
    time: i64,
    /// The instant of the first step: the latest that leads here.
    start: i64,
}

/// What is used again for every user.
#[derive(Debug, Clone, Default)]
pub(crate) struct SequenceScratch {
    before: Vec<Link>,
    links: Vec<Link>,
}

impl SequenceProgram {
    pub(crate) fn new(sequence: &Sequence, steps: Vec<StepProgram>) -> Self {
        let within = sequence.within.map(|within| within.as_micros());
        Self { steps, within, strictly_later: sequence.strictly_later }
    }

    /// Whether a chain lies in these rows. `time` and `patterns` are those of the rows of a block, from its first on.
    pub(crate) fn holds(
        &self,
        rows: &Range<usize>,
        time: &[i64],
        patterns: &[Vec<u64>],
        scratch: &mut SequenceScratch,
    ) -> bool {
        let SequenceScratch { before, links } = scratch;
        for (index, step) in self.steps.iter().enumerate() {
            std::mem::swap(before, links);
            links.clear();
            if index == 0 {
                let first = ones(&patterns[step.pattern], rows.clone());
                links.extend(first.map(|row| Link { row, time: time[row], start: time[row] }));
            } else {
                self.follow(step, rows, time, patterns, before, links);
            }
            if links.is_empty() {
                return false;
            }
        }
        self.within.is_none_or(|within| links.iter().any(|link| link.time.saturating_sub(link.start) <= within))
    }

    fn follow(
        &self,
        step: &StepProgram,
        rows: &Range<usize>,
        time: &[i64],
        patterns: &[Vec<u64>],
        before: &[Link],
        links: &mut Vec<Link>,
    ) {
        let mut reached = 0;
        for row in ones(&patterns[step.pattern], rows.clone()) {
            let instant = time[row];
            let latest = instant.saturating_sub(step.gap_min);
            while before.get(reached).is_some_and(|link| {
                link.row < row && link.time <= latest && (link.time < instant || !self.strictly_later)
            }) {
                reached += 1;
            }
            let Some(link) = before[..reached].last() else { continue };
            let is_late = step.gap_max.is_some_and(|gap_max| instant.saturating_sub(link.time) > gap_max);
            let is_broken =
                || step.without.iter().any(|without| first_one(&patterns[*without], link.row + 1..row).is_some());
            if !is_late && !is_broken() {
                links.push(Link { row, time: instant, start: link.start });
            }
        }
    }
}
