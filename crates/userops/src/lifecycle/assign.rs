//! The stage of every user, at one instant and at several.

use super::definition::LifecycleDefinition;
use super::history::{StageHistories, stage_histories};
use super::presence::{Arrival, Arrivals};
use crate::column::{Interner, TextColumn};
use crate::error::Result;
use crate::log::EventLog;
use crate::rule::{Context, Measures, Plan, measure_users};
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
    let arrived: Vec<Arrival> = log.iter().map(|events| arrivals.of(&events)).collect();
    let targets = targets(measures, definition, context, log.user_count())?;
    if !definition.is_guarded() {
        return Ok(column(definition, &targets, |user, target| target.filter(|_| arrived[user].is_there(as_of))));
    }
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
    let arrivals = Arrivals::new(log, definition, &calendar)?;
    let arrived: Vec<Arrival> = log.iter().map(|events| arrivals.of(&events)).collect();
    let histories = match definition.is_guarded() {
        true => Some(stage_histories(log, definition, last)?),
        false => None,
    };
    let at = |as_of: &Timestamp| {
        let measures = measure_users(log, &plan, *as_of)?;
        let targets = targets(&measures, definition, &Context::default(), log.user_count())?;
        Ok(match &histories {
            Some(histories) => guarded_column(definition, &targets, histories, &arrived, *as_of),
            None => column(definition, &targets, |user, target| target.filter(|_| arrived[user].is_there(*as_of))),
        })
    };
    instants.iter().map(at).collect()
}

/// The position of the first stage whose rule is true, for each user.
fn targets(
    measures: &Measures<'_>,
    definition: &LifecycleDefinition,
    context: &Context,
    users: usize,
) -> Result<Vec<Option<u16>>> {
    const WORD_BITS: usize = u64::BITS as usize;
    let mut targets = vec![None; users];
    let mut open = vec![u64::MAX; users.div_ceil(WORD_BITS)];
    for (position, rule) in definition.rules().enumerate() {
        let truths = measures.evaluate(rule, context)?;
        for (word, (open, holds)) in open.iter_mut().zip(truths.true_words()).enumerate() {
            let mut entered = *open & holds;
            *open &= !entered;
            while entered != 0 {
                if let Some(target) = targets.get_mut(word * WORD_BITS + entered.trailing_zeros() as usize) {
                    *target = Some(position as u16);
                }
                entered &= entered - 1;
            }
        }
    }
    Ok(targets)
}

/// From a user's arrival on, the stage is that of the history; before it, nobody knows since when, it is the target.
fn guarded_column(
    definition: &LifecycleDefinition,
    targets: &[Option<u16>],
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
        spell.until.is_none_or(|until| micros < until).then_some(spell.stage)
    })
}

/// A column of names from positions. Its dictionary holds all stages, so that columns of one lifecycle share it.
fn column(
    definition: &LifecycleDefinition,
    targets: &[Option<u16>],
    stage: impl Fn(usize, Option<u16>) -> Option<u16>,
) -> TextColumn {
    let mut interner = Interner::default();
    definition.names().for_each(|name| {
        interner.intern(name);
    });
    let (dictionary, codes) = interner.into_sorted();
    let code = |stage: u16| codes.get(usize::from(stage)).copied();
    let codes = targets.iter().enumerate().map(|(user, target)| stage(user, *target).and_then(code)).collect();
    TextColumn { codes, dictionary }
}
