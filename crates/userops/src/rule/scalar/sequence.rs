//! Whether events came in order, and which ones.

use super::select::{Matcher, range_of, rows_in};
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::sequence::{Sequence, Step};
use crate::rule::subject::Subject;
use crate::time::{Calendar, Span};

/// Rows of the log that make the sequence, one per step; `None` where it did not happen, or the window cannot be told.
///
/// Of all ways in which it happened this is one that is complete first, by row, and of those one that starts last. Takes
/// O(steps × events²) in the worst case, less by what gaps and `without` leave to look at.
///
/// # Errors
/// As [`judge`](super::judge).
pub fn match_sequence(sequence: &Sequence, subject: &Subject<'_>) -> Result<Option<Vec<usize>>> {
    sequence.check()?;
    let (log, calendar) = (subject.log(), subject.calendar());
    let steps: Vec<StepMatcher<'_>> =
        sequence.steps.iter().map(|step| StepMatcher::new(step, log, calendar)).collect::<Result<_>>()?;
    let Some(range) = range_of(&sequence.window, subject)? else { return Ok(None) };
    let rows = rows_in(range, subject);
    let times = &log.time_micros()[rows.clone()];
    let mut reached: Vec<Vec<Option<Reached>>> = Vec::with_capacity(steps.len());
    for step in &steps {
        let row = |index: usize| rows.start + index;
        let before = reached.last();
        let mut barrier = 0;
        let mut here: Vec<Option<Reached>> = vec![None; times.len()];
        for index in 0..times.len() {
            if step.matcher.matches(row(index)) {
                here[index] = match before {
                    None => Some(Reached { start: index, from: index }),
                    Some(before) => (barrier..index)
                        .rev()
                        .take_while(|from| step.gap_max.is_none_or(|gap_max| times[index] - times[*from] <= gap_max))
                        .filter(|from| {
                            let gap = times[index] - times[*from];
                            gap >= step.gap_min && (gap > 0 || !sequence.strictly_later)
                        })
                        .filter_map(|from| Some(Reached { start: before[from]?.start, from }))
                        // The later the start, the more room `within` leaves.
                        .max_by_key(|reached| reached.start)
                        .filter(|reached| fits(sequence.within, times[index] - times[reached.start])),
                };
            }
            // What must not come between keeps later rows from every step before it, but not from itself.
            if step.without.iter().any(|without| without.matches(row(index))) {
                barrier = index;
            }
        }
        reached.push(here);
    }
    Ok(witness(&reached).map(|indices| indices.into_iter().map(|index| rows.start + index).collect()))
}

/// How a step was reached at an event: indices into the events of the window.
#[derive(Debug, Clone, Copy)]
struct Reached {
    /// The event of the first step; the latest possible.
    start: usize,
    /// The event of the step before.
    from: usize,
}

#[derive(Debug)]
struct StepMatcher<'a> {
    matcher: Matcher<'a>,
    without: Vec<Matcher<'a>>,
    gap_min: i64,
    gap_max: Option<i64>,
}

impl<'a> StepMatcher<'a> {
    fn new(step: &Step, log: &'a EventLog, calendar: &Calendar) -> Result<Self> {
        Ok(Self {
            matcher: Matcher::new(&step.events, step.filter.as_ref(), log, calendar)?,
            without: step
                .without
                .iter()
                .map(|pattern| Matcher::of_pattern(pattern, log, calendar))
                .collect::<Result<_>>()?,
            gap_min: step.gap_min.map_or(0, Span::as_micros),
            gap_max: step.gap_max.map(Span::as_micros),
        })
    }
}

fn fits(within: Option<Span>, length: i64) -> bool {
    within.is_none_or(|within| length <= within.as_micros())
}

/// The way back from the first event at which the last step was reached.
fn witness(reached: &[Vec<Option<Reached>>]) -> Option<Vec<usize>> {
    let mut index = reached.last()?.iter().position(Option::is_some)?;
    let mut path = Vec::with_capacity(reached.len());
    for step in reached.iter().rev() {
        path.push(index);
        index = step[index]?.from;
    }
    path.reverse();
    Some(path)
}
