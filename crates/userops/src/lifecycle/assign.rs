//! The stage of every user, at one instant and at several.

use super::definition::LifecycleDefinition;
use super::history::{StageHistories, stage_histories};
use super::presence::{Arrival, Arrivals};
use crate::column::{Interner, TextColumn};
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::{Context, Measures, Plan, UnknownFold, measure_users};
use crate::time::Timestamp;

/// The stage of each user of a log as of an instant; unknown for users in none. A row per user, in the order of the
/// directory.
///
/// `measures` are those of a plan that holds the definition's rules; their log and instant are meant. Without guards that is
/// all there is to it. With guards the history of every user is followed, see
/// [`stage_histories`](super::stage_histories), and the rules cannot read the context.
///
/// # Errors
/// As [`LifecycleDefinition::check`]; as evaluating the rules; as [`stage_histories`](super::stage_histories).
pub fn assign_stages(
    measures: &Measures<'_>,
    definition: &LifecycleDefinition,
    context: &Context,
) -> Result<TextColumn> {
    definition.check()?;
    let (log, as_of) = (measures.log(), measures.as_of());
    let calendar = log.calendar(as_of);
    let arrivals = Arrivals::new(log, definition, &calendar)?;
    let targets = measures.first_of(definition.rules(), UnknownFold::Out, context)?;
    if !definition.is_guarded() {
        return Ok(column(definition, &targets, |user, target| target.filter(|_| arrivals.is_there(user, as_of))));
    }
    let arrived = arrivals.of_all();
    let histories = stage_histories(log, definition, as_of)?;
    Ok(guarded_column(definition, &targets, &histories, &arrived, as_of))
}

/// The stage of each user at several instants, a column for each, in the order given.
///
/// # Errors
/// As [`assign_stages`]; `UnknownName` where a rule reads a tag, segment or score: there is no context.
pub fn stage_columns(
    log: &EventLog,
    definition: &LifecycleDefinition,
    instants: &[Timestamp],
) -> Result<Vec<TextColumn>> {
    definition.check()?;
    let Some(&last) = instants.iter().max() else { return Ok(Vec::new()) };
    let plan = Plan::new(log, definition.rules(), [])?;
    let calendar = log.calendar(last);
    let arrived = Arrivals::new(log, definition, &calendar)?.of_all();
    let histories = match definition.is_guarded() {
        true => Some(stage_histories(log, definition, last)?),
        false => None,
    };
    let at = |as_of: &Timestamp| {
        let measures = measure_users(log, &plan, *as_of)?;
        let targets = measures.first_of(definition.rules(), UnknownFold::Out, &Context::default())?;
        Ok(match &histories {
            Some(histories) => guarded_column(definition, &targets, histories, &arrived, *as_of),
            None => column(definition, &targets, |user, target| target.filter(|_| arrived[user].is_there(*as_of))),
        })
    };
    instants.iter().map(at).collect()
}

/// From a user's arrival on, the stage is that of the history; before it, nobody knows since when, it is the target.
fn guarded_column(
    definition: &LifecycleDefinition,
    targets: &[Option<u32>],
    histories: &StageHistories,
    arrived: &[Arrival],
    as_of: Timestamp,
) -> TextColumn {
    let micros = as_of.as_micros();
    column(definition, targets, |user, target| {
        let arrival = arrived[user];
        if arrival.first.is_none_or(|first| first > micros) {
            return target.filter(|_| arrival.before);
        }
        let spells = histories.spells_of(user);
        let entered = spells.partition_point(|spell| spell.from.is_none_or(|from| from <= micros));
        let spell = spells.get(entered.checked_sub(1)?)?;
        spell.until.is_none_or(|until| micros < until).then_some(u32::from(spell.stage))
    })
}

/// A column of names from positions. Its dictionary holds all stages, so that columns of one lifecycle share it.
fn column(
    definition: &LifecycleDefinition,
    targets: &[Option<u32>],
    stage: impl Fn(usize, Option<u32>) -> Option<u32>,
) -> TextColumn {
    let mut interner = Interner::default();
    definition.names().for_each(|name| {
        interner.intern(name);
    });
    let (dictionary, codes) = interner.into_sorted();
    let code = |stage: u32| codes.get(stage as usize).copied();
    let codes = targets.iter().enumerate().map(|(user, target)| stage(user, *target).and_then(code)).collect();
    TextColumn::new(codes, dictionary)
}
