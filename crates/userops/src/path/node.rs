//! The nodes of paths: which node each event is, and what nodes are called.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::options::{PathOptions, Ungrouped};
use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::log::EventLog;

/// The most nodes of one answer: every pair of them is counted, and nobody reads a diagram of more.
pub const NODES_MAX: usize = 500;
/// Where a path begins.
pub const START: &str = "(start)";
/// Where a path ends.
pub const EXIT: &str = "(exit)";
/// Where a path stands that has not come to its end as of the instant of evaluation.
pub const OPEN: &str = "(open)";
/// Small branches in one.
pub const OTHER: &str = "(other)";
/// Events that are in no group, in one.
pub const UNGROUPED: &str = "(ungrouped)";

/// The code of an event that is not on the path.
pub(super) const LEFT_OUT: u16 = u16::MAX;
/// The codes of nodes that are no events.
pub(super) const START_CODE: u16 = u16::MAX - 1;
pub(super) const EXIT_CODE: u16 = u16::MAX - 2;
pub(super) const OPEN_CODE: u16 = u16::MAX - 3;
pub(super) const OTHER_CODE: u16 = u16::MAX - 4;

/// What a node stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathNodeKind {
    /// Events: a group, a name, or all ungrouped ones.
    Event,
    /// Small branches in one.
    Other,
    /// The start of a path.
    Start,
    /// The end of a path.
    Exit,
    /// A path that may yet go on.
    Open,
}

impl PathNodeKind {
    /// The stable name of the kind, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Other => "other",
            Self::Start => "start",
            Self::Exit => "exit",
            Self::Open => "open",
        }
    }

    pub(super) fn of(code: u16) -> Self {
        match code {
            START_CODE => Self::Start,
            EXIT_CODE => Self::Exit,
            OPEN_CODE => Self::Open,
            OTHER_CODE => Self::Other,
            _ => Self::Event,
        }
    }
}

/// Whether a name stands for something else than events of that name.
pub(super) fn is_reserved(name: &str) -> bool {
    [START, EXIT, OPEN, OTHER, UNGROUPED].contains(&name)
}

/// The names of the nodes that events can be, and the node of each group and each event name.
#[derive(Debug)]
pub(super) struct NodeNames {
    names: Vec<String>,
    pub(super) of_group: Vec<u16>,
    /// By code of an event name, where the event is in no group.
    pub(super) of_name: Vec<u16>,
}

impl NodeNames {
    /// `needed` says of each event name whether an event of it can be in no group.
    ///
    /// # Errors
    /// `InvalidDefinition` for an event with a name that stands for something else; `LimitExceeded` for more than
    /// [`NODES_MAX`] nodes.
    pub(super) fn new(log: &EventLog, options: &PathOptions, needed: impl Fn(usize) -> bool) -> Result<Self> {
        let mut codes: BTreeMap<&str, u16> = BTreeMap::new();
        let mut names: Vec<String> = Vec::new();
        let mut code_of = |name| {
            *codes.entry(name).or_insert_with(|| {
                names.push(name.to_owned());
                (names.len() - 1) as u16
            })
        };
        let of_group = options.groups.iter().map(|group| code_of(group.name.as_str())).collect();
        let mut of_name = vec![LEFT_OUT; log.names().len()];
        for (index, name) in log.names().iter().enumerate().filter(|(index, _)| needed(*index)) {
            of_name[index] = match options.ungrouped {
                Ungrouped::Name if is_reserved(name) => {
                    return Err(invalid_definition(format!(
                        "the log has events named {name:?}, which stands for something else on a path; put them in a group"
                    )));
                }
                Ungrouped::Name => code_of(name),
                Ungrouped::Together => code_of(UNGROUPED),
                Ungrouped::LeaveOut => LEFT_OUT,
            };
        }
        if names.len() > NODES_MAX {
            return Err(limit_exceeded(format!(
                "{} kinds of events are more than the limit of {NODES_MAX} nodes; put events in groups, and take the \
                 ungrouped ones together or leave them out",
                names.len()
            )));
        }
        Ok(Self { names, of_group, of_name })
    }

    /// How many nodes events can be; their codes are below this.
    pub(super) fn len(&self) -> usize {
        self.names.len()
    }

    pub(super) fn name(&self, code: u16) -> &str {
        match code {
            START_CODE => START,
            EXIT_CODE => EXIT,
            OPEN_CODE => OPEN,
            OTHER_CODE => OTHER,
            code => self.names.get(usize::from(code)).map_or("", String::as_str),
        }
    }
}
