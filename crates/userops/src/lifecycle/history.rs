//! Histories: every stay of every user in a stage, with instants and causes.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::definition::LifecycleDefinition;
use super::replay::Spell;
use super::target::Walker;
use crate::column::{Column, TextColumn};
use crate::error::{Result, unknown_name};
use crate::id::UserIx;
use crate::log::EventLog;
use crate::table::{Table, user_column};
use crate::time::Timestamp;

/// What made a user enter a stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StageCause {
    /// Nothing: the user was in it before anything is known to have happened.
    Beginning,
    /// An event; where several came at the same instant, the last of them.
    Event {
        /// Its name.
        name: String,
        /// Its row in the log.
        row: u64,
    },
    /// Time alone: a silence grew long, a window moved on, a guard ran out, the instant of an attribute came.
    Time,
}

impl StageCause {
    /// The stable name of the kind of cause.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Beginning => "beginning",
            Self::Event { .. } => "event",
            Self::Time => "time",
        }
    }
}

/// A stay in a stage, `[from, until)`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StageSpan {
    /// The stage.
    pub stage: String,
    /// When it was entered; `None` where that was before anything is known to have happened.
    pub from: Option<Timestamp>,
    /// When it was left; `None` where the user is in it at the end of the history.
    pub until: Option<Timestamp>,
    /// What made the user enter it.
    pub cause: StageCause,
}

/// The history of one user up to `until`, which itself counts: the stays in order of time.
///
/// Where one stay ends and the next does not begin at that instant, the user was in no stage. The history is exact: it
/// is followed from event to event, and between them to each instant at which time alone changes a rule. A shorter
/// history is the beginning of a longer one. It begins with the user's first event, or the instant of the attribute
/// that the lifecycle's presence names; who was there before that begins in the stage that the rules said just before.
///
/// # Errors
/// As [`LifecycleDefinition::check`]; `InvalidDefinition` where a rule reads tags, segments or scores, whose past is not
/// kept; `UnknownName` where the user is not of the log; as judging the rules.
pub fn stage_history(
    log: &EventLog,
    definition: &LifecycleDefinition,
    user: UserIx,
    until: Timestamp,
) -> Result<Vec<StageSpan>> {
    let calendar = log.calendar(until);
    let walker = Walker::new(log, definition, &calendar)?;
    if user.index() >= log.user_count() {
        let users = log.user_count();
        return Err(unknown_name(format!("there is no user {}; the log has {users}", user.index())));
    }
    let names: Vec<&str> = definition.names().collect();
    Ok(walker.spells(user, until)?.iter().map(|spell| span(log, user, &names, spell)).collect())
}

/// The furthest stage of a history on the lifecycle's ladder; `None` where no stage of it was reached.
#[must_use]
pub fn furthest_stage<'a>(definition: &'a LifecycleDefinition, history: &[StageSpan]) -> Option<&'a str> {
    let reached = |stage: &&String| history.iter().any(|span| span.stage == **stage);
    definition.ladder.iter().rfind(reached).map(String::as_str)
}

/// The spell with names and cause.
fn span(log: &EventLog, user: UserIx, names: &[&str], spell: &Spell) -> StageSpan {
    StageSpan {
        stage: names.get(usize::from(spell.stage)).copied().unwrap_or_default().to_owned(),
        from: spell.from.map(Timestamp::from_micros),
        until: spell.until.map(Timestamp::from_micros),
        cause: cause(log, user, spell),
    }
}

fn cause(log: &EventLog, user: UserIx, spell: &Spell) -> StageCause {
    let Some(from) = spell.from else { return StageCause::Beginning };
    let events = log.events_of(user);
    let after = events.time_micros().partition_point(|time| *time <= from);
    match after.checked_sub(1).filter(|last| events.time_micros()[*last] == from) {
        Some(last) => StageCause::Event {
            name: events.name(last).unwrap_or_default().to_owned(),
            row: (events.rows().start + last) as u64,
        },
        None => StageCause::Time,
    }
}

/// The histories of all users of a log up to one instant, in columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageHistories {
    stages: Vec<String>,
    /// The ladder as positions of stages.
    ladder: Vec<u16>,
    until: Timestamp,
    /// `user_count + 1` positions in `spells`, ascending.
    offsets: Vec<u64>,
    spells: Vec<Spell>,
}

/// Follows the history of every user; see [`stage_history`]. Users are shared out over rayon's threads.
///
/// Takes O(changes · rules · events of a user) for each user, where changes are the user's events and the instants
/// between them at which time alone changes a rule.
///
/// # Errors
/// As [`stage_history`].
pub fn stage_histories(log: &EventLog, definition: &LifecycleDefinition, until: Timestamp) -> Result<StageHistories> {
    let calendar = log.calendar(until);
    let walker = Walker::new(log, definition, &calendar)?;
    let of_user = |user: usize| walker.spells(UserIx(user as u32), until);
    let users: Vec<Vec<Spell>> =
        (0..log.user_count()).into_par_iter().with_min_len(64).map(of_user).collect::<Result<_>>()?;
    let mut offsets = vec![0u64];
    offsets.extend(users.iter().scan(0, |end, spells| {
        *end += spells.len() as u64;
        Some(*end)
    }));
    Ok(StageHistories {
        stages: definition.names().map(str::to_owned).collect(),
        ladder: definition.ladder.iter().map(|name| Ok(definition.position(name)? as u16)).collect::<Result<_>>()?,
        until,
        offsets,
        spells: users.concat(),
    })
}

impl StageHistories {
    /// The instant up to which the histories go.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.until
    }

    /// The stages, in the order of the lifecycle.
    #[must_use]
    pub fn stages(&self) -> &[String] {
        &self.stages
    }

    /// How many users there are.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The history of a user, as [`stage_history`] gives it; empty where the user is not of the log.
    #[must_use]
    pub fn spans(&self, log: &EventLog, user: UserIx) -> Vec<StageSpan> {
        let names: Vec<&str> = self.stages.iter().map(String::as_str).collect();
        self.spells_of(user.index()).iter().map(|spell| span(log, user, &names, spell)).collect()
    }

    /// The furthest stage on the ladder that each user has reached; unknown for users who reached none.
    #[must_use]
    pub fn furthest(&self) -> TextColumn {
        let reached = |user: usize, stage: u16| self.spells_of(user).iter().any(|spell| spell.stage == stage);
        let furthest = |user: usize| self.ladder.iter().rfind(|stage| reached(user, **stage));
        let name = |stage: &u16| self.stages[usize::from(*stage)].as_str();
        (0..self.user_count()).map(|user| furthest(user).map(name)).collect()
    }

    /// A row per stay, users in the order of the directory: `user`, `stage`, `from`, `until` (unknown for stays without
    /// beginning or end), `cause` (`beginning`, `event` or `time`), and `event`, the name of the event.
    ///
    /// # Errors
    /// `InvalidArgument` where the log is not the one that the histories are of.
    pub fn to_table(&self, log: &EventLog) -> Result<Table> {
        let rows =
            || (0..self.user_count()).flat_map(|user| self.spells_of(user).iter().map(move |spell| (user, spell)));
        let causes: Vec<StageCause> = rows().map(|(user, spell)| cause(log, UserIx(user as u32), spell)).collect();
        let event = |cause: &StageCause| match cause {
            StageCause::Event { name, .. } => Some(name.clone()),
            _ => None,
        };
        Table::new(self.spells.len())
            .with("user", user_column(log.users(), rows().map(|(user, _)| UserIx(user as u32))))?
            .with("stage", rows().map(|(_, spell)| self.stages[usize::from(spell.stage)].as_str()).collect::<Vec<_>>())?
            .with("from", Column::Time(rows().map(|(_, spell)| spell.from).collect()))?
            .with("until", Column::Time(rows().map(|(_, spell)| spell.until).collect()))?
            .with("cause", causes.iter().map(StageCause::name).collect::<Vec<_>>())?
            .with("event", causes.iter().map(event).collect::<Vec<_>>())
    }

    pub(super) fn spells_of(&self, user: usize) -> &[Spell] {
        match self.offsets.get(user..user + 2) {
            Some(&[start, end]) => &self.spells[start as usize..end as usize],
            _ => &[],
        }
    }

    pub(super) fn spells(&self) -> &[Spell] {
        &self.spells
    }
}
