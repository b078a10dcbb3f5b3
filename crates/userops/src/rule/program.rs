//! Rules bound to columns: what is looked up by name is found once, and then answered for 64 users a word.

use std::collections::HashMap;
use std::ops::Range;

use super::condition::{Definition, Rule};
use super::context::Context;
use super::kernel::bits::{Ternary, WORD_BITS};
use super::kernel::cell::{Cells, Kind, Measured};
use super::kernel::cut::Cut;
use super::kernel::literal::{Subject, cut};
use super::measure::Measure;
use super::test::Test;
use super::truth::Truths;
use crate::column::{Column, TextColumn};
use crate::error::{Result, invalid_argument};
use crate::id::UserId;
use crate::log::EventLog;
use crate::time::Calendar;
use crate::value::Value;

/// Measured columns of some users in a row, the first of whom is a multiple of 64.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame<'f, 'a> {
    pub(super) columns: &'f [Measured<'a>],
    pub(super) first: usize,
}

/// What the names of a rule are looked up in.
pub(super) struct Compiler<'m> {
    pub(super) log: &'m EventLog,
    pub(super) calendar: &'m Calendar,
    pub(super) context: &'m Context,
    pub(super) job_of: &'m HashMap<String, usize>,
    /// Of each column of a plan, what its numbers are.
    pub(super) kinds: &'m [Kind<'m>],
}

impl<'m> Compiler<'m> {
    fn measured(&self, key: &str) -> Result<(usize, Kind<'m>)> {
        let found = self.job_of.get(key).and_then(|job| Some((*job, *self.kinds.get(*job)?)));
        found.ok_or_else(|| invalid_argument(format!("the plan was made without {key}: make it with all rules")))
    }

    fn check_len(&self, len: usize, what: &str) -> Result<()> {
        let users = self.log.user_count();
        if len == users {
            return Ok(());
        }
        Err(invalid_argument(format!("{what} has {len} users, where the log has {users}")))
    }

    /// Where the values of a measure are.
    ///
    /// # Errors
    /// As [`Compiler::compile`], but for literals.
    pub(super) fn source(&self, measure: &Measure) -> Result<Source<'m>> {
        let (column, what) = match measure {
            Measure::Attribute(name) => return self.log.attributes().column(name).map(Source::Column),
            Measure::Tag(name) => (self.context.tag(name)?, format!("the tag {name:?}")),
            Measure::Score(name) => (self.context.score(name)?, format!("the score {name:?}")),
            Measure::Stage => {
                let stages = self.context.stages()?;
                self.check_len(stages.codes.len(), "the column of stages")?;
                return Ok(Source::Stage(stages));
            }
            measure => {
                let (column, kind) = self.measured(&format!("{measure:?}"))?;
                return Ok(Source::Measured(column, kind));
            }
        };
        self.check_len(column.len(), &what)?;
        Ok(Source::Column(column))
    }

    /// A rule, ready to be answered.
    ///
    /// # Errors
    /// `UnknownName` for a definition that is not in the context; `TypeMismatch`, `InvalidTime` or `InvalidMoney` for a
    /// literal that cannot be compared with its measure; `InvalidArgument` for a rule that the plan was not made with,
    /// and for a context of another number of users.
    pub(super) fn compile(&self, rule: &Rule) -> Result<Node<'m>> {
        let parts = |rules: &[Rule]| -> Result<Vec<Node<'m>>> { rules.iter().map(|rule| self.compile(rule)).collect() };
        Ok(match rule {
            Rule::All(rules) => Node::All(parts(rules)?),
            Rule::Any(rules) => Node::Any(parts(rules)?),
            Rule::Not(rule) => Node::Not(Box::new(self.compile(rule)?)),
            Rule::AtLeast { count, of } => Node::AtLeast(*count as usize, parts(of)?),
            Rule::Measure { measure, test } => {
                let source = self.source(measure)?;
                let cut = cut(test, source.subject(), self.calendar, &named(measure))?;
                Node::Test(source, cut)
            }
            Rule::Sequence(sequence) => self.truth(&format!("{sequence:?}"))?,
            Rule::Anniversary { .. } => self.truth(&format!("{rule:?}"))?,
            Rule::In(definition) => self.member(definition)?,
            Rule::Users(ids) => Node::Owned(self.listed(ids)),
        })
    }

    fn truth(&self, key: &str) -> Result<Node<'m>> {
        let (column, kind) = self.measured(key)?;
        Ok(Node::Test(Source::Measured(column, kind), IS_TRUE))
    }

    fn member(&self, definition: &Definition) -> Result<Node<'m>> {
        match definition {
            Definition::Tag(name) => {
                let source = self.source(&Measure::Tag(name.clone()))?;
                Ok(match source {
                    Source::Column(Column::Bool(_)) => Node::Test(source, IS_TRUE),
                    source => Node::Test(source, Cut::Known),
                })
            }
            Definition::Segment(name) => {
                let truths = self.context.segment(name)?;
                self.check_len(truths.len(), &format!("the segment {name:?}"))?;
                Ok(Node::Known(truths))
            }
            Definition::Stage(name) => {
                let source = self.source(&Measure::Stage)?;
                let test = Test::Eq(Value::from(name.as_str()));
                let cut = cut(&test, source.subject(), self.calendar, "the stage")?;
                Ok(Node::Sure(Box::new(Node::Test(source, cut))))
            }
        }
    }

    fn listed(&self, ids: &[UserId]) -> Truths {
        let users = self.log.user_count();
        let words = users.div_ceil(WORD_BITS);
        let mut holds = vec![0u64; words];
        for user in ids.iter().filter_map(|id| self.log.users().find(id.as_ref())) {
            holds[user.index() / WORD_BITS] |= 1 << (user.index() % WORD_BITS);
        }
        Truths::from_words(holds, vec![u64::MAX; words], users)
    }
}

/// The test of a boolean that it is true.
const IS_TRUE: Cut = Cut::Within { low: 1, high: 1, inside: true };

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
pub(super) enum Source<'m> {
    /// A column of the plan.
    Measured(usize, Kind<'m>),
    Column(&'m Column),
    Stage(&'m TextColumn),
}

impl<'m> Source<'m> {
    fn subject(&self) -> Subject<'m> {
        match self {
            Self::Measured(_, kind) => kind.subject(),
            Self::Column(column) => Subject::of(column),
            Self::Stage(stage) => Subject::Text(&stage.dictionary),
        }
    }

    /// The answers of a test for users from a multiple of 64 on.
    fn run(&self, cut: &Cut, users: Range<usize>, frame: Frame<'_, '_>, out: &mut Ternary) {
        let measured = match self {
            Self::Measured(column, _) => &frame.columns[*column],
            Self::Column(column) => return cut.column(column, users, out),
            Self::Stage(stage) => return cut.texts(stage, users, out),
        };
        let users = users.start - frame.first..users.end - frame.first;
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
pub(super) enum Node<'m> {
    All(Vec<Node<'m>>),
    Any(Vec<Node<'m>>),
    Not(Box<Node<'m>>),
    AtLeast(usize, Vec<Node<'m>>),
    Test(Source<'m>, Cut),
    /// Answers that are there.
    Known(&'m Truths),
    Owned(Truths),
    /// What cannot be told does not hold.
    Sure(Box<Node<'m>>),
}

impl Node<'_> {
    /// The answers for users from a multiple of 64 on.
    pub(super) fn run(&self, users: Range<usize>, frame: Frame<'_, '_>, out: &mut Ternary) {
        match self {
            Self::Test(source, cut) => source.run(cut, users, frame, out),
            Self::Known(truths) => copy_truths(truths, &users, out),
            Self::Owned(truths) => copy_truths(truths, &users, out),
            Self::Not(node) => {
                node.run(users, frame, out);
                out.negate();
            }
            Self::Sure(node) => {
                node.run(users, frame, out);
                out.known.fill(u64::MAX);
            }
            Self::All(nodes) => join(nodes, users, frame, out, (true, Ternary::and)),
            Self::Any(nodes) => join(nodes, users, frame, out, (false, Ternary::or)),
            Self::AtLeast(count, nodes) => at_least(*count, nodes, users, frame, out),
        }
    }
}

fn copy_truths(truths: &Truths, users: &Range<usize>, out: &mut Ternary) {
    let words = users.start / WORD_BITS..users.end.div_ceil(WORD_BITS);
    out.reset(users.len());
    out.holds.copy_from_slice(&truths.true_words()[words.clone()]);
    out.known.copy_from_slice(&truths.known_words()[words]);
}

/// Joins the answers of some rules; first what none of them come to, and how two are joined.
fn join(
    nodes: &[Node<'_>],
    users: Range<usize>,
    frame: Frame<'_, '_>,
    out: &mut Ternary,
    (of_none, with): (bool, fn(&mut Ternary, &Ternary)),
) {
    let Some((first, rest)) = nodes.split_first() else {
        out.reset(users.len());
        if of_none {
            out.fill_true();
        }
        return;
    };
    first.run(users.clone(), frame, out);
    let mut part = Ternary::default();
    for node in rest {
        node.run(users.clone(), frame, &mut part);
        with(out, &part);
    }
}

/// True where enough hold, false where even the unknown ones would not do.
fn at_least(count: usize, nodes: &[Node<'_>], users: Range<usize>, frame: Frame<'_, '_>, out: &mut Ternary) {
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
        node.run(users.clone(), frame, &mut part);
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
