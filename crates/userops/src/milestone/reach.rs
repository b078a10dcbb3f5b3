//! When each user reached each milestone, in columns.

use std::ops::Range;

use rayon::prelude::*;

use super::definition::{Milestone, check_milestones};
use super::first_instant::Firsts;
use super::nth::Tally;
use crate::column::{Column, Packed, PackedRows};
use crate::error::{Result, unknown_name};
use crate::event::unknown;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{Context, EventKinds, Subject, block_ranges};
use crate::table::{Table, user_column};
use crate::time::Timestamp;

/// The instants at which the users of a log reached some milestones; a row per user, in the order of the directory.
#[derive(Debug, Clone, PartialEq)]
pub struct MilestoneTable {
    as_of: Timestamp,
    names: Vec<String>,
    instants: Vec<Packed<i64>>,
}

/// Finds the instant at which each user reached each milestone, from the events that have happened at `as_of`.
///
/// It is the first instant, from the user's first event on, at which the rule is true: that of an event, or one at which
/// time alone makes it true. A user without visible event reaches nothing. Counts and active days over all of history,
/// and rules that join them by and, or, at-least, take one pass over the events; other rules are judged again at every
/// event and at every instant at which time alone can change them, until they are true. Users are shared out over
/// rayon's threads.
///
/// # Errors
/// As [`check_milestones`]; as judging the rules.
pub fn reach_milestones(log: &EventLog, milestones: &[Milestone], as_of: Timestamp) -> Result<MilestoneTable> {
    check_milestones(milestones)?;
    let calendar = log.calendar(as_of);
    let (firsts, context) = (Firsts::of(milestones, log), Context::default());
    let kinds = firsts.counts().event_kinds(log, &calendar, as_of)?;
    let of_range = |users: Range<usize>| -> Result<Vec<PackedRows<i64>>> {
        let mut columns = vec![PackedRows::with_capacity(users.len()); milestones.len()];
        let (mut tally, mut block) = (Tally::default(), kinds.block());
        for users in EventKinds::blocks(users) {
            let subject = |user: usize| Subject::new(log, UserIx(user as u32), as_of, &calendar, &context);
            let Some(days) = log.local_days() else {
                for user in users {
                    for (column, instant) in columns.iter_mut().zip(firsts.instants(&subject(user), &mut tally)) {
                        column.push(instant?);
                    }
                }
                continue;
            };
            kinds.load(users.clone(), &mut block);
            firsts.counts().tally_block(log, &mut block, users.len(), days, &mut tally);
            for (column, first) in columns.iter_mut().zip(firsts.iter()) {
                if let Some(instants) = first.count_in_block(&tally) {
                    column.push_block(instants.known, users.len(), &instants.micros);
                    continue;
                }
                for (place, user) in users.clone().enumerate() {
                    column.push(first.instant_in_block(&tally, place, || subject(user))?);
                }
            }
        }
        Ok(columns)
    };
    let parts: Vec<Vec<PackedRows<i64>>> = block_ranges(log).into_par_iter().map(of_range).collect::<Result<_>>()?;
    let mut parts: Vec<_> = parts.into_iter().map(Vec::into_iter).collect();
    let mut next = || PackedRows::join(parts.iter_mut().filter_map(Iterator::next).collect());
    Ok(MilestoneTable {
        as_of,
        names: milestones.iter().map(|milestone| milestone.name.clone()).collect(),
        instants: milestones.iter().map(|_| next()).collect(),
    })
}

impl MilestoneTable {
    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// The milestones with their instants in microseconds UTC, in the order of the definition; unknown for users who
    /// have not reached them.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = (&str, &Packed<i64>)> + Clone + '_ {
        self.names.iter().map(String::as_str).zip(&self.instants)
    }

    /// When a user reached a milestone; `None` where the user has not.
    ///
    /// # Errors
    /// `UnknownName` for a milestone that is not in the table, or a user who is not of the log.
    pub fn instant(&self, user: UserIx, milestone: &str) -> Result<Option<Timestamp>> {
        let names = self.names.iter().map(String::as_str);
        let column = self.columns().find(|(name, _)| *name == milestone).map(|(_, instants)| instants);
        let column = column.ok_or_else(|| unknown("milestone", milestone, names))?;
        if user.index() >= column.len() {
            let users = column.len();
            return Err(unknown_name(format!("there is no user {}; the table has {users}", user.index())));
        }
        Ok(column.get(user.index()).map(Timestamp::from_micros))
    }

    /// A row per user: `user`, and a time column per milestone, named as it is.
    ///
    /// # Errors
    /// `InvalidArgument` where the log is not the one that the table is of, or a milestone is called `user`.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        let users = (0..log.user_count()).map(|user| UserIx(user as u32));
        let table = Table::new(log.user_count()).with("user", user_column(log.users(), users))?;
        self.columns().try_fold(table, |table, (name, instants)| table.with(name, Column::Time(instants.clone())))
    }
}
