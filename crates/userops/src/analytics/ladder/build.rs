//! The column kernel: the ladder of all users of a log.

use std::ops::Range;

use rayon::prelude::*;

use super::climb::{is_known, walk};
use super::options::{LadderOptions, LadderRules};
use super::part::{LadderPart, Rung};
use crate::column::{Column, Packed};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

/// The order ladder of all users of a log, as of one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Ladder {
    as_of: Timestamp,
    options: LadderOptions,
    rungs: Vec<Rung>,
    user_rungs: Packed<u8>,
}

/// Builds the ladder from the events that have happened at `as_of`, which itself counts.
///
/// Every user is counted as [`climb`](super::climb) says; those not known yet at `as_of` are left out. A log without
/// users has all rungs, with counts of 0 and no ratios. Takes O(events + n log n) of the n orders on the ladder; the
/// work is shared out over rayon's threads and the answer does not depend on their number.
///
/// # Errors
/// As [`LadderRules::new`].
pub fn build_ladder(log: &EventLog, as_of: Timestamp, options: impl Into<LadderOptions>) -> Result<Ladder> {
    let rules = LadderRules::new(log, options)?;
    let (part, user_rungs) = climb_all(log, as_of, &rules);
    Ok(Ladder { as_of, options: rules.options().clone(), rungs: part.rungs(), user_rungs })
}

impl LadderPart {
    /// The part of all users of one log, to be merged with those of logs with other users.
    ///
    /// Takes O(events).
    #[must_use]
    pub fn build(log: &EventLog, as_of: Timestamp, rules: &LadderRules) -> Self {
        climb_all(log, as_of, rules).0
    }
}

impl Ladder {
    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The options it was built with.
    #[must_use]
    pub fn options(&self) -> &LadderOptions {
        &self.options
    }

    /// The rungs, from registered to the highest.
    #[must_use]
    pub fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The rung that each user stands on, a row per user in the order of the log's directory; unknown for users not
    /// known yet.
    #[must_use]
    pub fn user_rungs(&self) -> &Packed<u8> {
        &self.user_rungs
    }

    /// The same as a column of integers, for rules and tables.
    #[must_use]
    pub fn user_column(&self) -> Column {
        Column::Integer(self.user_rungs.map(i64::from))
    }
}

fn climb_all(log: &EventLog, as_of: Timestamp, rules: &LadderRules) -> (LadderPart, Packed<u8>) {
    let ranges = log.thread_ranges();
    let parts: Vec<(LadderPart, Vec<Option<u8>>)> =
        ranges.into_par_iter().map(|users| climb_range(log, users, as_of, rules)).collect();
    let mut whole = LadderPart::empty(as_of, rules);
    let mut user_rungs = Vec::with_capacity(log.user_count());
    for (part, rungs) in parts {
        whole.absorb(part);
        user_rungs.extend(rungs);
    }
    (whole, user_rungs.into_iter().collect())
}

fn climb_range(
    log: &EventLog,
    users: Range<usize>,
    as_of: Timestamp,
    rules: &LadderRules,
) -> (LadderPart, Vec<Option<u8>>) {
    let rungs_max = usize::from(rules.options().rungs_max);
    let mut part = LadderPart::empty(as_of, rules);
    let mut rungs = Vec::with_capacity(users.len());
    for user in users {
        let visible = log.events_of(UserIx(user as u32)).until(as_of);
        let mut rung = 0;
        walk(visible.time_micros(), visible.name_codes(), rules, |_, ticks| {
            part.add_step(rung, ticks);
            rung += 1;
            rung < rungs_max
        });
        let known = is_known(&visible);
        if known {
            part.add_user(rung);
        }
        rungs.push(known.then_some(rung as u8));
    }
    (part, rungs)
}
