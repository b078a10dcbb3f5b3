//! A playbook made ready to be answered user by user, event by event.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::job::{Bits, Folds, Job, MovingWindow};
use super::node::{Node, Source};
use super::read::Reader;
use super::row::Row;
use crate::column::Interner;
use crate::error::{Result, invalid_argument};
use crate::id::UserId;
use crate::lifecycle::{Guards, Presence};
use crate::playbook::{Calibration, Playbook};
use crate::profile::Interests;
use crate::rule::UnknownFold;
use crate::time::{Calendar, Day, Span, Timestamp};
use crate::value::ValueType;

/// The first and the last year of the clock: 1970 to 2149.
const FIRST_DAY: i32 = 0;
const LAST_DAY: i32 = 65_744;

/// How an engine is to work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LiveOptions {
    /// How late an event may come: one whose instant lies further back from the engine's is refused. The longer, the more
    /// of each user's events are kept.
    pub lateness: Span,
    /// How far ahead of the engine's instant an event may be; none by default. With it, a clock that is wrong cannot move all
    /// users into the future. For engines that are told the time.
    pub ahead_max: Option<Span>,
}

impl Default for LiveOptions {
    /// A day: what phones without a network, queues and hourly loads bring late.
    fn default() -> Self {
        Self { lateness: Span::from_days(1), ahead_max: None }
    }
}

/// A column of answers: what it is called in tables, and the type of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AnswerColumn {
    pub(super) title: String,
    /// The name of the definition.
    pub(super) name: Arc<str>,
    pub(super) value_type: ValueType,
    pub(super) kind: AnswerKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum AnswerKind {
    Score,
    /// A tag, or one of its later ranks.
    Tag {
        is_first: bool,
    },
    Stage,
    Segment,
}

impl AnswerKind {
    /// Whether hosts are told of its changes.
    pub(super) fn is_told(self) -> bool {
        !matches!(self, Self::Score | Self::Tag { is_first: false })
    }
}

/// One definition of the playbook.
#[derive(Debug, Clone)]
pub(super) struct LiveDefinition {
    pub(super) kind: DefinitionKind,
    /// Its columns of answers.
    pub(super) columns: std::ops::Range<usize>,
    /// The definitions that read its answers.
    pub(super) readers: Bits,
}

#[derive(Debug, Clone)]
pub(super) enum DefinitionKind {
    Score {
        /// Its place in the playbook, and that of its model in the calibration.
        index: usize,
        measures: Vec<Source>,
        population: Option<Node>,
    },
    Tag {
        index: usize,
        value: TagValue,
    },
    Stage {
        nodes: Vec<Node>,
        names: Vec<u32>,
    },
    Segment {
        node: Node,
        unknown: UnknownFold,
        include: Vec<UserId>,
        exclude: Vec<UserId>,
    },
}

#[derive(Debug, Clone)]
pub(super) enum TagValue {
    Rule(Node, UnknownFold),
    Cases {
        cases: Vec<(Node, u32)>,
        otherwise: Option<u32>,
        unknown: UnknownFold,
    },
    Value(Source),
    /// The job of a preference.
    Ranked(usize),
    Manual {
        is_flag: bool,
    },
}

/// The lifecycle, as far as it hangs on more than rules.
#[derive(Debug, Clone)]
pub(super) struct Stages {
    pub(super) presence: Presence,
    /// The attribute that presence names.
    pub(super) arrival: Option<usize>,
    pub(super) guards: Option<Guards>,
    /// Which definition it is.
    pub(super) definition: usize,
}

/// A playbook and its calibration, compiled: which events and attributes matter, what each of them can change, and how.
///
/// It holds nothing of any user; the state of a user does.
#[derive(Debug, Clone)]
pub struct LivePlan {
    pub(super) playbook: Playbook,
    pub(super) calibration: Calibration,
    pub(super) options: LiveOptions,
    pub(super) calendar: Calendar,
    pub(super) reader: Reader,
    pub(super) attributes: Vec<(String, ValueType)>,
    /// Of each attribute the definitions that look at it.
    pub(super) attribute_readers: Vec<Bits>,
    pub(super) windows: Vec<MovingWindow>,
    pub(super) jobs: Vec<Job>,
    /// Words of a user's folds.
    pub(super) words: usize,
    /// The half-lives of the preferences that are kept.
    pub(super) half_lives: Vec<Span>,
    /// The patterns and the places of jobs that look at events whatever the instant, and are fed as events come.
    pub(super) whole: Vec<(u64, usize)>,
    /// Jobs whose value hangs on the local day, and the definitions that read them.
    pub(super) by_day: Vec<usize>,
    pub(super) day_readers: Bits,
    /// Preferences whose values can come to weigh too little.
    pub(super) falling: Vec<usize>,
    /// Definitions to look at whenever a user is: those that change without an event or a day.
    pub(super) always: Bits,
    /// Of each pattern, how far back its events are needed whatever comes late.
    pub(super) reach: Vec<i64>,
    /// In the order in which they build on each other.
    pub(super) definitions: Vec<LiveDefinition>,
    pub(super) columns: Vec<AnswerColumn>,
    pub(super) stages: Option<Stages>,
}

/// Equal plans are made of equal playbooks, calibrations and options.
impl PartialEq for LivePlan {
    fn eq(&self, other: &Self) -> bool {
        self.playbook == other.playbook && self.calibration == other.calibration && self.options == other.options
    }
}

impl LivePlan {
    /// Compiles a playbook with what it takes from a population. Its texts join `texts`.
    ///
    /// # Errors
    /// As [`Playbook::check`] and [`Playbook::check_calibration`]; as evaluating it on a log without properties and attributes but
    /// those of its schema; `LimitExceeded` for more than 64 kinds of events or 32 properties; `InvalidDefinition` for a lead score,
    /// whose points change all the time, and for a lateness below 0.
    pub(super) fn compile(
        playbook: &Playbook,
        calibration: &Calibration,
        options: LiveOptions,
        texts: &mut Interner,
    ) -> Result<Self> {
        if options.lateness < Span::default() {
            return Err(invalid_argument(format!("lateness is {}: it is not below 0", options.lateness)));
        }
        let first = Timestamp::from_micros(i64::from(FIRST_DAY) * crate::time::MICROS_PER_DAY);
        let last = Timestamp::from_micros(i64::from(LAST_DAY) * crate::time::MICROS_PER_DAY);
        let calendar = Calendar::new(playbook.schema.zone, first, last);
        super::compile::compile(playbook, calibration, options, calendar, texts)
    }

    /// Refuses an instant that the clock does not cover.
    pub(super) fn check_instant(&self, instant: Timestamp) -> Result<()> {
        let days = FIRST_DAY..LAST_DAY;
        let day = instant.as_micros().div_euclid(crate::time::MICROS_PER_DAY);
        if i32::try_from(day).is_ok_and(|day| days.contains(&day)) {
            return Ok(());
        }
        Err(crate::error::invalid_time(format!(
            "{instant} is not between {} and {}, which a live engine covers",
            Day(FIRST_DAY),
            Day(LAST_DAY - 1)
        )))
    }

    /// The last instant that the clock covers.
    pub(super) fn last_instant(&self) -> Timestamp {
        Timestamp::from_micros(i64::from(LAST_DAY) * crate::time::MICROS_PER_DAY - 1)
    }

    /// The jobs that an event feeds whatever the instant.
    pub(super) fn whole_jobs(&self, row: Row<'_>) -> impl Iterator<Item = &Job> {
        let patterns = row.patterns();
        self.whole.iter().filter(move |(known, _)| known & patterns != 0).map(|(_, job)| &self.jobs[*job])
    }

    /// What is kept of no event.
    pub(super) fn no_folds(&self) -> Folds {
        let tallies = self.half_lives.iter().map(|half_life| Interests::new(*half_life)).collect();
        Folds { words: vec![0; self.words].into(), tallies }
    }

    /// Whether an event may come after one that happened later.
    pub(super) fn may_be_late(&self) -> bool {
        self.options.lateness > Span::default()
    }

    /// Whether a user's whole history is kept, because the stage hangs on it.
    pub(super) fn keeps_history(&self) -> bool {
        self.stages.as_ref().is_some_and(|stages| stages.guards.is_some())
    }

    /// How many columns of answers there are.
    #[must_use]
    pub fn column_count(&self) -> usize {
        self.columns.len()
    }

    /// The playbook.
    #[must_use]
    pub fn playbook(&self) -> &Playbook {
        &self.playbook
    }

    /// What was taken from a population.
    #[must_use]
    pub fn calibration(&self) -> &Calibration {
        &self.calibration
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &LiveOptions {
        &self.options
    }
}
