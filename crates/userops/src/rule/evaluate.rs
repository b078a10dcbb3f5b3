//! Rules over measured columns: words of 64 users, joined by Kleene logic.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use super::UnknownFold;
use super::condition::Rule;
use super::context::Context;
use super::kernel::bits::{Ternary, WORD_BITS};
use super::kernel::cell::{Kind, Measured};
use super::kernel::measure_parts;
use super::measure::Measure;
use super::plan::Plan;
use super::program::{Compiler, Frame, Source};
use super::truth::Truths;
use crate::column::Column;
use crate::error::Result;
use crate::log::EventLog;
use crate::time::{Calendar, Timestamp};

/// Users that are evaluated at a time: enough to be worth a task, few enough for the nearest cache.
const CHUNK_WORDS: usize = 256;
/// Users that are measured and evaluated at a time: so few that some dozens of columns stay in a core's own cache.
const PART_WORDS: usize = 64;

/// What the rules of a plan need to know of all users as of one instant: a column per measure, a row per user of the log.
#[derive(Debug, Clone)]
pub struct Measures<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    calendar: Calendar,
    columns: Vec<Measured<'a>>,
    kinds: Vec<Kind<'a>>,
    job_of: HashMap<String, usize>,
}

impl<'a> Measures<'a> {
    pub(super) fn new(
        log: &'a EventLog,
        plan: &Plan<'a>,
        as_of: Timestamp,
        calendar: Calendar,
        columns: Vec<Measured<'a>>,
    ) -> Self {
        let kinds = plan.jobs.iter().map(|job| job.kind).collect();
        Self { log, as_of, calendar, columns, kinds, job_of: plan.job_of.clone() }
    }

    /// The log.
    #[must_use]
    pub fn log(&self) -> &'a EventLog {
        self.log
    }

    /// The instant of evaluation.
    #[must_use]
    pub fn as_of(&self) -> Timestamp {
        self.as_of
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.log.user_count()
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For whom a rule holds. The context answers what the rule asks of other definitions.
    ///
    /// # Errors
    /// `UnknownName` for a definition that is not in the context; `TypeMismatch`, `InvalidTime` or `InvalidMoney` for a
    /// literal that cannot be compared with its measure; `InvalidArgument` for a rule that the plan was not made with,
    /// and for a context of another number of users.
    pub fn evaluate(&self, rule: &Rule, context: &Context) -> Result<Truths> {
        let node = self.compiler(context).compile(rule)?;
        let frame = Frame { columns: &self.columns, first: 0 };
        let users = self.len();
        let words = users.div_ceil(WORD_BITS);
        let (mut holds, mut known) = (vec![0u64; words], vec![0u64; words]);
        let chunks = holds.par_chunks_mut(CHUNK_WORDS).zip(known.par_chunks_mut(CHUNK_WORDS)).enumerate();
        chunks.for_each(|(chunk, (holds, known))| {
            let first = chunk * CHUNK_WORDS * WORD_BITS;
            let mut out = Ternary::default();
            node.run(first..(first + holds.len() * WORD_BITS).min(users), frame, &mut out);
            holds.copy_from_slice(&out.holds);
            known.copy_from_slice(&out.known);
        });
        Ok(Truths::from_words(holds, known, users))
    }

    /// For each user the position of the first of these rules that holds; `None` where none does.
    ///
    /// # Errors
    /// As [`Measures::evaluate`].
    pub(crate) fn first_of<'r>(
        &self,
        rules: impl IntoIterator<Item = &'r Rule>,
        unknown: UnknownFold,
        context: &Context,
    ) -> Result<Vec<Option<u32>>> {
        let mut first = vec![None; self.len()];
        let mut open = vec![u64::MAX; self.len().div_ceil(WORD_BITS)];
        for (position, rule) in rules.into_iter().enumerate() {
            let holds = unknown.decide_words(&self.evaluate(rule, context)?);
            for ((users, open), holds) in first.chunks_mut(WORD_BITS).zip(&mut open).zip(holds) {
                let mut taken = holds & *open;
                *open &= !taken;
                while taken != 0 {
                    users[taken.trailing_zeros() as usize] = Some(position as u32);
                    taken &= taken - 1;
                }
            }
        }
        Ok(first)
    }

    /// The values of a measure: a count as an integer, money as an integer in minor units, or a float for its mean.
    ///
    /// # Errors
    /// `UnknownName` for a definition that is not in the context; `InvalidArgument` for a measure that the plan was not
    /// made with, and for a context of another number of users.
    pub fn column(&self, measure: &Measure, context: &Context) -> Result<Column> {
        Ok(match self.compiler(context).source(measure)? {
            Source::Measured(column, _) => self.columns[column].column(self.len()),
            Source::Column(column) => column.clone(),
            Source::Stage(stage) => Column::Text(stage.clone()),
        })
    }

    fn compiler<'m>(&'m self, context: &'m Context) -> Compiler<'m> {
        let Self { log, calendar, job_of, kinds, .. } = self;
        Compiler { log, calendar, context, job_of, kinds }
    }
}

/// For whom each of these rules holds, as of an instant: what [`Measures::evaluate`] says of them, without keeping what was
/// measured.
///
/// Users go through in parts, each measured and judged before the next, so that what is measured never leaves a core's
/// cache. Where measures are wanted as well, or later rules build on the answers of earlier ones, [`measure_users`] is
/// the way. Memory: a quarter of a byte a user and rule.
///
/// [`measure_users`]: super::measure_users
///
/// # Errors
/// As [`Plan::new`], [`measure_users`] and [`Measures::evaluate`].
pub fn evaluate_rules(log: &EventLog, rules: &[Rule], as_of: Timestamp, context: &Context) -> Result<Vec<Truths>> {
    let plan = Plan::new(log, rules, [])?;
    let calendar = log.calendar(as_of);
    let kinds: Vec<Kind<'_>> = plan.jobs.iter().map(|job| job.kind).collect();
    let compiler = Compiler { log, calendar: &calendar, context, job_of: &plan.job_of, kinds: &kinds };
    let nodes = rules.iter().map(|rule| compiler.compile(rule)).collect::<Result<Vec<_>>>()?;

    let users = log.user_count();
    let words = users.div_ceil(WORD_BITS);
    let mut answers: Vec<(Vec<u64>, Vec<u64>)> = rules.iter().map(|_| (vec![0; words], vec![0; words])).collect();
    let starts = (0..users).step_by(PART_WORDS * WORD_BITS);
    let part = |start: usize| (start..(start + PART_WORDS * WORD_BITS).min(users), Vec::with_capacity(rules.len()));
    let mut parts: Vec<Part<'_>> = starts.map(part).collect();
    for (holds, known) in &mut answers {
        let words = holds.chunks_mut(PART_WORDS).zip(known.chunks_mut(PART_WORDS));
        parts.iter_mut().zip(words).for_each(|((_, out), words)| out.push(words));
    }
    measure_parts(&plan, as_of, &calendar, parts, |users, columns, out| {
        let frame = Frame { columns, first: users.start };
        let mut answer = Ternary::default();
        for (node, (holds, known)) in nodes.iter().zip(out) {
            node.run(users.clone(), frame, &mut answer);
            holds.copy_from_slice(&answer.holds);
            known.copy_from_slice(&answer.known);
        }
    })?;
    Ok(answers.into_iter().map(|(holds, known)| Truths::from_words(holds, known, users)).collect())
}

/// Users in a row, and where the answers about them go, by rule.
type Part<'w> = (Range<usize>, Vec<(&'w mut [u64], &'w mut [u64])>);
