//! Rules over measured columns: words of 64 users, joined by Kleene logic.

use std::collections::HashMap;
use std::ops::Range;

use rayon::prelude::*;

use super::UnknownFold;
use super::condition::{Definition, Rule};
use super::context::Context;
use super::kernel::bits::{Ternary, WORD_BITS};
use super::kernel::cell::{Cells, Measured};
use super::kernel::cut::Cut;
use super::kernel::literal::{Subject, cut};
use super::measure::Measure;
use super::plan::Plan;
use super::test::Test;
use super::truth::{Truth, Truths};
use crate::column::{Column, TextColumn};
use crate::error::{Result, invalid_argument};
use crate::id::UserId;
use crate::log::EventLog;
use crate::time::{Calendar, Timestamp};
use crate::value::Value;

/// Users that are evaluated at a time: enough to be worth a task, few enough for the nearest cache.
const CHUNK_WORDS: usize = 256;

/// What the rules of a plan need to know of all users as of one instant: a column per measure, a row per user of the log.
#[derive(Debug, Clone)]
pub struct Measures<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    calendar: Calendar,
    columns: Vec<Measured<'a>>,
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
        Self { log, as_of, calendar, columns, job_of: plan.job_of.clone() }
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
        let node = self.compile(rule, context)?;
        let users = self.len();
        let words = users.div_ceil(WORD_BITS);
        let (mut holds, mut known) = (vec![0u64; words], vec![0u64; words]);
        let chunks = holds.par_chunks_mut(CHUNK_WORDS).zip(known.par_chunks_mut(CHUNK_WORDS)).enumerate();
        chunks.for_each(|(chunk, (holds, known))| {
            let first = chunk * CHUNK_WORDS * WORD_BITS;
            let mut out = Ternary::default();
            node.run(first..(first + holds.len() * WORD_BITS).min(users), &mut out);
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
        Ok(match self.source(measure, context)? {
            Source::Measured(measured) => measured.column(self.len()),
            Source::Column(column) => column.clone(),
            Source::Stage(stage) => Column::Text(stage.clone()),
        })
    }

    fn measured(&self, key: &str) -> Result<&Measured<'a>> {
        let found = self.job_of.get(key).and_then(|job| self.columns.get(*job));
        found.ok_or_else(|| invalid_argument(format!("the plan was made without {key}: make it with all rules")))
    }

    fn check_len(&self, len: usize, what: &str) -> Result<()> {
        if len == self.len() {
            return Ok(());
        }
        Err(invalid_argument(format!("{what} has {len} users, where the log has {}", self.len())))
    }

    fn source<'m>(&'m self, measure: &Measure, context: &'m Context) -> Result<Source<'m>> {
        let (column, what) = match measure {
            Measure::Attribute(name) => return self.log.attributes().column(name).map(Source::Column),
            Measure::Tag(name) => (context.tag(name)?, format!("the tag {name:?}")),
            Measure::Score(name) => (context.score(name)?, format!("the score {name:?}")),
            Measure::Stage => {
                let stages = context.stages()?;
                self.check_len(stages.codes.len(), "the column of stages")?;
                return Ok(Source::Stage(stages));
            }
            measure => return self.measured(&format!("{measure:?}")).map(Source::Measured),
        };
        self.check_len(column.len(), &what)?;
        Ok(Source::Column(column))
    }

    fn compile<'m>(&'m self, rule: &Rule, context: &'m Context) -> Result<Node<'m>> {
        let parts = |rules: &[Rule]| -> Result<Vec<Node<'m>>> {
            rules.iter().map(|rule| self.compile(rule, context)).collect()
        };
        Ok(match rule {
            Rule::All(rules) => Node::All(parts(rules)?),
            Rule::Any(rules) => Node::Any(parts(rules)?),
            Rule::Not(rule) => Node::Not(Box::new(self.compile(rule, context)?)),
            Rule::AtLeast { count, of } => Node::AtLeast(*count as usize, parts(of)?),
            Rule::Measure { measure, test } => {
                let source = self.source(measure, context)?;
                let cut = cut(test, source.subject(), &self.calendar, &named(measure))?;
                Node::Test(source, cut)
            }
            Rule::Sequence(sequence) => self.truth(&format!("{sequence:?}"))?,
            Rule::Anniversary { .. } => self.truth(&format!("{rule:?}"))?,
            Rule::In(definition) => self.member(definition, context)?,
            Rule::Users(ids) => Node::Owned(self.listed(ids)),
        })
    }

    fn truth<'m>(&'m self, key: &str) -> Result<Node<'m>> {
        let measured = self.measured(key)?;
        match &measured.cells {
            Cells::Truth(holds) => Ok(Node::Words { holds, known: measured.known.as_deref() }),
            _ => Ok(Node::Owned(Truths::constant(Truth::Unknown, self.len()))),
        }
    }

    fn member<'m>(&'m self, definition: &Definition, context: &'m Context) -> Result<Node<'m>> {
        match definition {
            Definition::Tag(name) => {
                let source = self.source(&Measure::Tag(name.clone()), context)?;
                Ok(match source {
                    Source::Column(Column::Bool(_)) => {
                        Node::Test(source, Cut::Within { low: 1, high: 1, inside: true })
                    }
                    source => Node::Test(source, Cut::Known),
                })
            }
            Definition::Segment(name) => {
                let truths = context.segment(name)?;
                self.check_len(truths.len(), &format!("the segment {name:?}"))?;
                Ok(Node::Words { holds: truths.true_words(), known: Some(truths.known_words()) })
            }
            Definition::Stage(name) => {
                let source = self.source(&Measure::Stage, context)?;
                let test = Test::Eq(Value::from(name.as_str()));
                let cut = cut(&test, source.subject(), &self.calendar, "the stage")?;
                Ok(Node::Sure(Box::new(Node::Test(source, cut))))
            }
        }
    }

    fn listed(&self, ids: &[UserId]) -> Truths {
        let words = self.len().div_ceil(WORD_BITS);
        let mut holds = vec![0u64; words];
        for user in ids.iter().filter_map(|id| self.log.users().find(id.as_ref())) {
            holds[user.index() / WORD_BITS] |= 1 << (user.index() % WORD_BITS);
        }
        Truths::from_words(holds, vec![u64::MAX; words], self.len())
    }
}

/// A measure as messages name it.
fn named(measure: &Measure) -> String {
    match measure {
        Measure::Attribute(name) => format!("the attribute {name:?}"),
        Measure::Tag(name) => format!("the tag {name:?}"),
        Measure::Score(name) => format!("the score {name:?}"),
        Measure::Stage => "the stage".to_owned(),
        measure => match measure.property() {
            Some(property) => format!("a measure of the property {property:?}"),
            None => format!("{measure:?}"),
        },
    }
}

/// Where values come from.
enum Source<'m> {
    Measured(&'m Measured<'m>),
    Column(&'m Column),
    Stage(&'m TextColumn),
}

impl<'m> Source<'m> {
    fn subject(&self) -> Subject<'m> {
        match self {
            Self::Measured(measured) => measured.kind.subject(),
            Self::Column(column) => Subject::of(column),
            Self::Stage(stage) => Subject::Text(&stage.dictionary),
        }
    }

    /// The answers of a test for users from a multiple of 64 on.
    fn run(&self, cut: &Cut, users: Range<usize>, out: &mut Ternary) {
        let measured = match self {
            Self::Measured(measured) => measured,
            Self::Column(column) => return cut.column(column, users, out),
            Self::Stage(stage) => return cut.texts(stage, users, out),
        };
        let words = users.start / WORD_BITS..users.end.div_ceil(WORD_BITS);
        out.reset(users.len());
        match &measured.cells {
            Cells::Small(cells) => cut.small(&cells[users], &mut out.holds),
            Cells::Whole(cells) => cut.whole(&cells[users], |value| value, &mut out.holds),
            Cells::Real(cells) => cut.real(&cells[users], |value| value, &mut out.holds),
            Cells::Truth(cells) => out.holds.copy_from_slice(&cells[words.clone()]),
        }
        if let Some(known) = &measured.known {
            out.known.copy_from_slice(&known[words]);
        }
        cut.settle(out);
    }
}

/// A rule with its columns.
enum Node<'m> {
    All(Vec<Node<'m>>),
    Any(Vec<Node<'m>>),
    Not(Box<Node<'m>>),
    AtLeast(usize, Vec<Node<'m>>),
    Test(Source<'m>, Cut),
    /// Known where `known` says so, or everywhere.
    Words {
        holds: &'m [u64],
        known: Option<&'m [u64]>,
    },
    Owned(Truths),
    /// What cannot be told does not hold.
    Sure(Box<Node<'m>>),
}

impl Node<'_> {
    /// The answers for users from a multiple of 64 on.
    fn run(&self, users: Range<usize>, out: &mut Ternary) {
        let words = users.start / WORD_BITS..users.end.div_ceil(WORD_BITS);
        match self {
            Self::Test(source, cut) => source.run(cut, users, out),
            Self::Words { holds, known } => {
                out.reset(users.len());
                out.holds.copy_from_slice(&holds[words.clone()]);
                if let Some(known) = known {
                    out.known.copy_from_slice(&known[words]);
                }
                out.holds.iter_mut().zip(&out.known).for_each(|(holds, known)| *holds &= known);
            }
            Self::Owned(truths) => {
                out.reset(users.len());
                out.holds.copy_from_slice(&truths.true_words()[words.clone()]);
                out.known.copy_from_slice(&truths.known_words()[words]);
            }
            Self::Not(node) => {
                node.run(users, out);
                out.negate();
            }
            Self::Sure(node) => {
                node.run(users, out);
                out.known.fill(u64::MAX);
            }
            Self::All(nodes) => join(nodes, users, out, true, Ternary::and),
            Self::Any(nodes) => join(nodes, users, out, false, Ternary::or),
            Self::AtLeast(count, nodes) => at_least(*count, nodes, users, out),
        }
    }
}

fn join(nodes: &[Node<'_>], users: Range<usize>, out: &mut Ternary, of_none: bool, with: fn(&mut Ternary, &Ternary)) {
    let Some((first, rest)) = nodes.split_first() else {
        out.reset(users.len());
        if of_none {
            out.fill_true();
        }
        return;
    };
    first.run(users.clone(), out);
    let mut part = Ternary::default();
    for node in rest {
        node.run(users.clone(), &mut part);
        with(out, &part);
    }
}

/// True where enough hold, false where even the unknown ones would not do.
fn at_least(count: usize, nodes: &[Node<'_>], users: Range<usize>, out: &mut Ternary) {
    out.reset(users.len());
    if count > nodes.len() {
        return;
    }
    // Entry `n` of each has the users for whom at least `n` of the rules so far hold, or may hold.
    let mut holding = vec![vec![0u64; out.holds.len()]; count + 1];
    holding[0].fill(u64::MAX);
    let mut possible = holding.clone();
    let mut part = Ternary::default();
    for node in nodes {
        node.run(users.clone(), &mut part);
        for n in (1..=count).rev() {
            for word in 0..part.holds.len() {
                holding[n][word] |= holding[n - 1][word] & part.holds[word];
                possible[n][word] |= possible[n - 1][word] & (part.holds[word] | !part.known[word]);
            }
        }
    }
    out.holds.copy_from_slice(&holding[count]);
    for ((known, holding), possible) in out.known.iter_mut().zip(&holding[count]).zip(&possible[count]) {
        *known = holding | !possible;
    }
}
