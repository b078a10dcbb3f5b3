//! What rules need of the events and attributes of a log, each thing once.

use std::collections::HashMap;

use super::bucket::Bucket;
use super::condition::Rule;
use super::event_query::{EventPattern, EventWindow, Filter, Observed};
use super::kernel::cell::Kind;
use super::kernel::fold::Fold;
use super::kernel::instants;
use super::kernel::pattern::{Field, Pattern};
use super::kernel::sequence::{SequenceProgram, StepProgram};
use super::kernel::user::UserFold;
use super::measure::Measure;
use super::sequence::Sequence;
use crate::error::{Result, invalid_argument, invalid_definition};
use crate::log::EventLog;
use crate::time::{Calendar, Timestamp};

/// The distinct measures and sequences of some rules, bound to a log: names are codes, properties are columns, and the
/// literals of filters are numbers.
///
/// One pass over the events, by [`measure_users`](super::measure_users), takes them all, so that twenty rules cost little
/// more than one. A plan does not depend on the instant of evaluation and can be used for many.
#[derive(Debug, Clone)]
pub struct Plan<'a> {
    pub(super) log: &'a EventLog,
    pub(super) patterns: Vec<Pattern<'a>>,
    pub(super) windows: Vec<EventWindow>,
    pub(super) jobs: Vec<Job<'a>>,
    /// Which job answers a measure, sequence or anniversary, by its text for developers.
    pub(super) job_of: HashMap<String, usize>,
}

/// One thing to work out, which becomes one column.
#[derive(Debug, Clone)]
pub(super) struct Job<'a> {
    pub(super) kind: Kind<'a>,
    pub(super) task: Task<'a>,
    pub(super) may_be_unknown: bool,
}

/// How a column is worked out. Patterns and windows are numbers of the plan's.
#[derive(Debug, Clone)]
pub(super) enum Task<'a> {
    Fold { pattern: usize, window: usize, is_observed: bool, fold: Fold<'a> },
    Sequence { window: usize, patterns: Vec<usize>, program: SequenceProgram },
    User(UserFold<'a>),
}

impl<'a> Plan<'a> {
    /// Collects what the rules, and the measures beside them, need of the log.
    ///
    /// An event name that no event of the log has matches no event. What other definitions answer (tags, segments, stages,
    /// scores) is not looked for: rules are given it when they are evaluated.
    ///
    /// # Errors
    /// `UnknownName` for a property or attribute that the log lacks; `TypeMismatch`, `InvalidTime` or `InvalidMoney` for
    /// a filter whose literal cannot be compared with its property, and for a measure that its property's type does not
    /// have; `InvalidArgument` or `InvalidDefinition` for a window or sequence that nothing can be in.
    pub fn new<'r>(
        log: &'a EventLog,
        rules: impl IntoIterator<Item = &'r Rule>,
        measures: impl IntoIterator<Item = &'r Measure>,
    ) -> Result<Self> {
        // Only the zone matters here: dates in literals stand for their first local instant.
        let (first, _) = log.time_span().unwrap_or((Timestamp::from_micros(0), Timestamp::from_micros(0)));
        let plan = Self { log, patterns: Vec::new(), windows: Vec::new(), jobs: Vec::new(), job_of: HashMap::new() };
        let mut builder = Builder { plan, calendar: log.calendar(first), pattern_of: HashMap::new() };
        for rule in rules {
            builder.rule(rule)?;
        }
        for measure in measures {
            builder.measure(measure)?;
        }
        Ok(builder.plan)
    }

    /// How many distinct columns one pass fills.
    #[must_use]
    pub fn column_count(&self) -> usize {
        self.jobs.len()
    }
}

struct Builder<'a> {
    plan: Plan<'a>,
    calendar: Calendar,
    /// Patterns by their text for developers.
    pattern_of: HashMap<String, usize>,
}

impl<'a> Builder<'a> {
    fn rule(&mut self, rule: &Rule) -> Result<()> {
        match rule {
            Rule::Measure { measure, .. } => self.measure(measure),
            Rule::Sequence(sequence) => self.sequence(sequence),
            Rule::Anniversary { attribute, days_before, days_after, leap_day } => {
                let attribute = instants(self.plan.log.attributes(), attribute)?;
                let (days_before, days_after, leap_day) = (*days_before, *days_after, *leap_day);
                let fold = UserFold::Anniversary { attribute, days_before, days_after, leap_day };
                self.add(format!("{rule:?}"), Job { kind: Kind::Truth, task: Task::User(fold), may_be_unknown: true });
                Ok(())
            }
            Rule::In(_) | Rule::Users(_) => Ok(()),
            Rule::All(_) | Rule::Any(_) | Rule::Not(_) | Rule::AtLeast { .. } => {
                rule.parts().iter().try_for_each(|part| self.rule(part))
            }
        }
    }

    fn add(&mut self, key: String, job: Job<'a>) {
        if !self.plan.job_of.contains_key(&key) {
            self.plan.job_of.insert(key, self.plan.jobs.len());
            self.plan.jobs.push(job);
        }
    }

    fn measure(&mut self, measure: &Measure) -> Result<()> {
        let key = format!("{measure:?}");
        if self.plan.job_of.contains_key(&key) {
            return Ok(());
        }
        match measure {
            Measure::Attribute(name) => self.plan.log.attributes().column(name).map(drop),
            Measure::Score(_) | Measure::Tag(_) | Measure::Stage => Ok(()),
            Measure::Age { attribute, unit } => {
                let fold = UserFold::Age { attribute: instants(self.plan.log.attributes(), attribute)?, unit: *unit };
                self.add(key, Job { kind: Kind::Integer, task: Task::User(fold), may_be_unknown: true });
                Ok(())
            }
            Measure::Bucket(Bucket { buckets: 0, salt, .. }) => {
                Err(invalid_definition(format!("the split {salt:?} has 0 buckets: it takes at least 1")))
            }
            Measure::Bucket(bucket) => {
                let task = Task::User(UserFold::Bucket(bucket.clone()));
                self.add(key, Job { kind: Kind::Count, task, may_be_unknown: false });
                Ok(())
            }
            measure => self.aggregate(key, measure),
        }
    }

    /// A measure over events.
    fn aggregate(&mut self, key: String, measure: &Measure) -> Result<()> {
        let Some(over) = measure.over() else { return Ok(()) };
        let fold = self.fold(measure)?;
        let kind = fold.kind(self.plan.log, measure.property().unwrap_or_default())?;
        let is_observed = over.observed == Observed::Window;
        let pattern = self.pattern(&over.events, over.filter.as_ref())?;
        let window = self.window(&over.window)?;
        let is_around = matches!(over.window, EventWindow::Attribute { .. });
        let may_be_unknown = fold.may_be_unknown() || is_observed || is_around;
        self.add(key, Job { kind, task: Task::Fold { pattern, window, is_observed, fold }, may_be_unknown });
        Ok(())
    }

    fn fold(&self, measure: &Measure) -> Result<Fold<'a>> {
        let field = |name: &str| Field::find(self.plan.log, name);
        Ok(match measure {
            Measure::ActiveDays(_) => Fold::ActiveDays,
            Measure::Sum { property, .. } => Fold::Sum(field(property)?),
            Measure::Min { property, .. } => Fold::Min(field(property)?),
            Measure::Max { property, .. } => Fold::Max(field(property)?),
            Measure::Mean { property, .. } => Fold::Mean(field(property)?),
            Measure::Distinct { property, .. } => Fold::Distinct(field(property)?),
            Measure::Latest { property, .. } => Fold::Latest(field(property)?),
            Measure::FirstTime(_) => Fold::Time { is_last: false },
            Measure::LastTime(_) => Fold::Time { is_last: true },
            Measure::DaysSinceFirst(_) => Fold::Days { is_last: false },
            Measure::DaysSinceLast(_) => Fold::Days { is_last: true },
            Measure::DaysSinceReturn { silence_days: 0, .. } => {
                return Err(invalid_argument("a silence that ends in a return lasts at least 1 day, not 0"));
            }
            Measure::DaysSinceReturn { silence_days, .. } => Fold::Return { silence_days: *silence_days },
            _ => Fold::Count,
        })
    }

    fn pattern(&mut self, events: &[String], filter: Option<&Filter>) -> Result<usize> {
        let mut names: Vec<&String> = events.iter().collect();
        names.sort_unstable();
        names.dedup();
        let key = format!("{names:?} {filter:?}");
        if let Some(pattern) = self.pattern_of.get(&key) {
            return Ok(*pattern);
        }
        let pattern = Pattern::compile(self.plan.log, &self.calendar, events, filter)?;
        self.pattern_of.insert(key, self.plan.patterns.len());
        self.plan.patterns.push(pattern);
        Ok(self.plan.patterns.len() - 1)
    }

    fn window(&mut self, window: &EventWindow) -> Result<usize> {
        window.check()?;
        if let EventWindow::Attribute { attribute, .. } = window {
            instants(self.plan.log.attributes(), attribute)?;
        }
        if let Some(known) = self.plan.windows.iter().position(|known| known == window) {
            return Ok(known);
        }
        self.plan.windows.push(window.clone());
        Ok(self.plan.windows.len() - 1)
    }

    fn sequence(&mut self, sequence: &Sequence) -> Result<()> {
        let key = format!("{sequence:?}");
        if self.plan.job_of.contains_key(&key) {
            return Ok(());
        }
        sequence.check()?;
        let window = self.window(&sequence.window)?;
        let mut patterns = Vec::new();
        let mut steps = Vec::with_capacity(sequence.steps.len());
        for step in &sequence.steps {
            let without =
                step.without.iter().map(|EventPattern { events, filter }| self.pattern(events, filter.as_ref()));
            let without = without.collect::<Result<Vec<usize>>>()?;
            let pattern = self.pattern(&step.events, step.filter.as_ref())?;
            patterns.extend(without.iter().copied().chain([pattern]));
            let gap_min = step.gap_min.unwrap_or_default().as_micros();
            steps.push(StepProgram { pattern, without, gap_min, gap_max: step.gap_max.map(|gap| gap.as_micros()) });
        }
        let task = Task::Sequence { window, patterns, program: SequenceProgram::new(sequence, steps) };
        let may_be_unknown = matches!(sequence.window, EventWindow::Attribute { .. });
        self.add(key, Job { kind: Kind::Truth, task, may_be_unknown });
        Ok(())
    }
}
