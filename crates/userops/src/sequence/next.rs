//! What comes right after, or came right before, a chain of events.

use std::collections::BTreeMap;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::analytics::interval::Share;
use crate::error::{Result, invalid_definition};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{EventMasks, EventPattern, MaskScratch, PATTERNS_MAX};
use crate::table::Table;
use crate::time::Timestamp;

/// Which way to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextDirection {
    /// Later.
    #[default]
    Forward,
    /// Earlier: the chain is read from its first event back in time.
    Backward,
}

/// Where the chain begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NextBase {
    /// At the first event that meets the base and the first of the chain.
    #[default]
    FirstMatch,
    /// At the last such event.
    LastMatch,
    /// At the first event of the user; forward only.
    Head,
    /// At the last event of the user; backward only.
    Tail,
}

/// What is asked: as `sequenceNextNode` of ClickHouse.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NextQuery {
    /// The chain: events one right after the other, at least one and at most 63.
    pub chain: Vec<EventPattern>,
    /// What the event at which the chain begins meets besides; every event where it is not given.
    pub base_condition: EventPattern,
    /// Where the chain begins. There is one such place; where the chain does not go on from it, the user has no match.
    pub base: NextBase,
    /// Which way to go.
    pub direction: NextDirection,
}

impl NextQuery {
    /// What comes right after the first such chain.
    pub fn after(chain: impl IntoIterator<Item = EventPattern>) -> Self {
        Self { chain: chain.into_iter().collect(), ..Self::default() }
    }

    /// Refuses a query that no user can meet.
    ///
    /// # Errors
    /// `InvalidDefinition`, with the way out.
    pub fn check(&self) -> Result<()> {
        if self.chain.is_empty() || self.chain.len() >= PATTERNS_MAX {
            return Err(invalid_definition(format!(
                "a chain has 1 to {} events, not {}",
                PATTERNS_MAX - 1,
                self.chain.len()
            )));
        }
        match (self.base, self.direction) {
            (NextBase::Head, NextDirection::Backward) => Err(invalid_definition(
                "nothing comes before the base `head`: take the direction `forward`, or the base `tail`",
            )),
            (NextBase::Tail, NextDirection::Forward) => Err(invalid_definition(
                "nothing comes after the base `tail`: take the direction `backward`, or the base `head`",
            )),
            _ => Ok(()),
        }
    }
}

/// The users whose next event has one name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextEventCount {
    /// The name; `None` where the chain is the end.
    pub event: Option<String>,
    /// The users, of those with the chain.
    pub users: Share,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NextEvents {
    /// What was asked for.
    pub query: NextQuery,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// Descending by users, then ascending by name, the end last.
    pub rows: Vec<NextEventCount>,
    /// The users with the chain, of those with an event.
    pub users: Share,
}

/// What users do right after a chain of events, or did right before it, from the events that have happened at `as_of`.
///
/// One answer a user. Events that the chain does not name are not passed over. Takes O(events), shared out over rayon's
/// threads.
///
/// # Errors
/// Those of [`NextQuery::check`]; `UnknownName` for an event or property that the log does not have;
/// `TypeMismatch` for a filter that does not fit a property.
pub fn next_events(log: &EventLog, as_of: Timestamp, query: &NextQuery) -> Result<NextEvents> {
    query.check()?;
    let calendar = log.calendar(as_of);
    let patterns: Vec<EventPattern> =
        std::iter::once(query.base_condition.clone()).chain(query.chain.iter().cloned()).collect();
    let event_masks = EventMasks::new(log, &calendar, &patterns)?;
    let parts: Vec<(BTreeMap<Option<u16>, u64>, u64)> = log
        .thread_ranges()
        .into_par_iter()
        .map(|users| {
            let (mut scratch, mut masks) = (MaskScratch::default(), Vec::new());
            let (mut counts, mut present) = (BTreeMap::new(), 0);
            for user in users {
                let events = log.events_of(UserIx(user as u32)).until(as_of);
                present += u64::from(!events.is_empty());
                event_masks.fill(events.rows(), &mut scratch, &mut masks);
                if query.direction == NextDirection::Backward {
                    masks.reverse();
                }
                let Some(next) = next_of(query, &masks) else { continue };
                let next = match query.direction {
                    NextDirection::Forward => Some(next),
                    NextDirection::Backward => events.len().checked_sub(next + 1),
                };
                let code = next.and_then(|next| events.name_codes().get(next).copied());
                *counts.entry(code).or_insert(0) += 1;
            }
            (counts, present)
        })
        .collect();
    let present = parts.iter().map(|(_, present)| present).sum();
    let mut counts = BTreeMap::<Option<u16>, u64>::new();
    for (code, count) in parts.into_iter().flat_map(|(counts, _)| counts) {
        *counts.entry(code).or_insert(0) += count;
    }
    let matched: u64 = counts.values().sum();
    let mut rows: Vec<(Option<u16>, u64)> = counts.into_iter().collect();
    // Codes are in the order of the names.
    rows.sort_by_key(|(code, count)| (code.is_none(), std::cmp::Reverse(*count), *code));
    let row = |(code, count): (Option<u16>, u64)| NextEventCount {
        event: code.and_then(|code| log.names().get(u32::from(code))).map(str::to_owned),
        users: Share::new(count, matched),
    };
    Ok(NextEvents {
        query: query.clone(),
        as_of,
        rows: rows.into_iter().map(row).collect(),
        users: Share::new(matched, present),
    })
}

/// The position behind the chain, which may be that of no event; `None` where the user has not the chain.
fn next_of(query: &NextQuery, masks: &[u64]) -> Option<usize> {
    let begins = |position: &usize| masks[*position] & 0b11 == 0b11;
    let start = match (query.base, query.direction) {
        (NextBase::Head | NextBase::Tail, _) => (!masks.is_empty()).then_some(0).filter(begins),
        // Backward the first in time is the last in the direction of travel.
        (NextBase::FirstMatch, NextDirection::Forward) | (NextBase::LastMatch, NextDirection::Backward) => {
            (0..masks.len()).find(begins)
        }
        _ => (0..masks.len()).rfind(begins),
    }?;
    let meets = |index: usize| masks.get(start + index).is_some_and(|mask| mask >> (index + 1) & 1 == 1);
    (0..query.chain.len()).all(meets).then_some(start + query.chain.len())
}

impl NextEvents {
    /// A row per next event: `event`, unknown where the chain is the end, `user_count`, `ratio` of those with the
    /// chain, `ratio_low`, `ratio_high`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.rows;
        let interval = |row: &NextEventCount| row.users.interval;
        Table::new(rows.len())
            .with("event", rows.iter().map(|row| row.event.clone()).collect::<Vec<Option<String>>>())?
            .with("user_count", rows.iter().map(|row| row.users.count as i64).collect::<Vec<_>>())?
            .with("ratio", rows.iter().map(|row| row.users.ratio).collect::<Vec<_>>())?
            .with("ratio_low", rows.iter().map(|row| interval(row).map(|one| one.low)).collect::<Vec<_>>())?
            .with("ratio_high", rows.iter().map(|row| interval(row).map(|one| one.high)).collect::<Vec<_>>())
    }
}
