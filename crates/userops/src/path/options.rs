//! How events become the nodes of paths, and which part of a path is looked at.

use serde::{Deserialize, Serialize};

use super::node::is_reserved;
use crate::error::{Result, invalid_argument, invalid_definition, limit_exceeded};
use crate::rule::{EventPattern, Filter, PATTERNS_MAX};
use crate::time::{Span, Window};

/// The most groups: the anchor of a tree is a kind of event besides.
pub const GROUPS_MAX: usize = PATTERNS_MAX - 1;
/// Steps of a tree unless asked otherwise: beyond a few steps hardly two paths are alike.
pub const DEPTH: u8 = 5;
/// The most steps of a tree: the tree may have a node for every step of every path.
pub const DEPTH_MAX: u8 = 20;

/// Events that are one node under a name of their own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathGroup {
    /// The name of the node. A group may have the name of an event, and is one node with it then.
    pub name: String,
    /// The names that match, any of them; empty for every event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the properties must be besides.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

impl PathGroup {
    /// These events under this name.
    #[must_use]
    pub fn new(name: impl Into<String>, pattern: EventPattern) -> Self {
        Self { name: name.into(), events: pattern.events, filter: pattern.filter }
    }

    /// Which events are in the group, beside those of the groups before it.
    #[must_use]
    pub fn pattern(&self) -> EventPattern {
        EventPattern { events: self.events.clone(), filter: self.filter.clone() }
    }
}

/// What becomes of events that are in no group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ungrouped {
    /// Each is a node under the name of the event.
    #[default]
    Name,
    /// All are one node, [`UNGROUPED`](super::UNGROUPED).
    Together,
    /// They are not on the path. They still keep a session going.
    LeaveOut,
}

/// How events become paths.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathOptions {
    /// Which instants count, as seen from `as_of`.
    pub window: Window,
    /// Groups of events, at most [`GROUPS_MAX`]; an event is in the first that it matches.
    pub groups: Vec<PathGroup>,
    /// What becomes of the other events.
    pub ungrouped: Ungrouped,
    /// Whether events of one node in a row are one step, whose instant is that of the first of them. Events that are left
    /// out do not come between.
    pub repeats_collapsed: bool,
    /// The longest break within a path, and positive: after a longer one, whatever the events, a new path begins. Without
    /// it all events of a user in the window are one path.
    pub session_gap: Option<Span>,
}

impl Default for PathOptions {
    fn default() -> Self {
        Self {
            window: Window::All,
            groups: Vec::new(),
            ungrouped: Ungrouped::default(),
            repeats_collapsed: true,
            session_gap: None,
        }
    }
}

impl PathOptions {
    /// The same paths within sessions, which end with a break longer than this.
    #[must_use]
    pub fn session_gap(mut self, gap: Span) -> Self {
        self.session_gap = Some(gap);
        self
    }

    /// The same paths of a window.
    #[must_use]
    pub fn window(mut self, window: impl Into<Window>) -> Self {
        self.window = window.into();
        self
    }

    /// The same paths with one group more.
    #[must_use]
    pub fn group(mut self, name: impl Into<String>, pattern: EventPattern) -> Self {
        self.groups.push(PathGroup::new(name, pattern));
        self
    }

    /// The same paths with this made of events that are in no group.
    #[must_use]
    pub fn ungrouped(mut self, ungrouped: Ungrouped) -> Self {
        self.ungrouped = ungrouped;
        self
    }

    /// The same paths with repeated steps as one, or each by itself.
    #[must_use]
    pub fn repeats_collapsed(mut self, collapsed: bool) -> Self {
        self.repeats_collapsed = collapsed;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.groups.len() > GROUPS_MAX {
            let message = format!(
                "{} groups of events are more than the limit {GROUPS_MAX}; a group may hold any number of names",
                self.groups.len()
            );
            return Err(limit_exceeded(message));
        }
        for (index, PathGroup { name, .. }) in self.groups.iter().enumerate() {
            if name.is_empty() {
                return Err(invalid_definition(format!(
                    "group {index} (from 0) has no name; a node is shown by its name"
                )));
            }
            if is_reserved(name) {
                return Err(invalid_definition(format!(
                    "a group cannot be named {name:?}, which the answer uses itself"
                )));
            }
        }
        check_positive("session_gap", self.session_gap)
    }
}

/// Which way a tree follows the paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PathDirection {
    /// What comes after the anchor.
    #[default]
    After,
    /// What came before it, the nearest step first.
    Before,
}

/// Which of several anchors on one path count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnchorChoice {
    /// The first of each path.
    #[default]
    First,
    /// The last of each path.
    Last,
    /// Each of them, repeats in a row as well: then stretches of a path are counted more than once.
    Every,
}

/// Which tree is built.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PathTreeOptions {
    /// How events become paths.
    pub paths: PathOptions,
    /// Where the tree is rooted. Without it the root is the start of each path, or going back the end of it.
    pub anchor: Option<EventPattern>,
    /// Which of several anchors on a path count.
    pub choice: AnchorChoice,
    /// Which way.
    pub direction: PathDirection,
    /// How many steps, 1 to [`DEPTH_MAX`].
    pub depth: u8,
    /// How far from the anchor a step may be, that far included; not negative. Without an anchor it is counted from the
    /// first step of the path, or going back from the last. Of a step that repeats, the event nearest to the anchor counts.
    pub within: Option<Span>,
    /// Branches with a smaller share of all anchors, from 0 to 1, become [`OTHER`](super::OTHER).
    pub ratio_min: f64,
}

impl Default for PathTreeOptions {
    fn default() -> Self {
        Self {
            paths: PathOptions::default(),
            anchor: None,
            choice: AnchorChoice::default(),
            direction: PathDirection::default(),
            depth: DEPTH,
            within: None,
            ratio_min: 0.0,
        }
    }
}

impl PathTreeOptions {
    /// What comes after these events.
    #[must_use]
    pub fn after(anchor: EventPattern) -> Self {
        Self { anchor: Some(anchor), ..Self::default() }
    }

    /// What came before these events.
    #[must_use]
    pub fn before(anchor: EventPattern) -> Self {
        Self { anchor: Some(anchor), direction: PathDirection::Before, ..Self::default() }
    }

    /// The same tree over these paths.
    #[must_use]
    pub fn paths(mut self, paths: PathOptions) -> Self {
        self.paths = paths;
        self
    }

    /// The same tree of this many steps.
    #[must_use]
    pub fn depth(mut self, depth: u8) -> Self {
        self.depth = depth;
        self
    }

    /// The same tree with steps no further than this from the anchor.
    #[must_use]
    pub fn within(mut self, span: Span) -> Self {
        self.within = Some(span);
        self
    }

    /// The same tree with smaller branches folded.
    #[must_use]
    pub fn ratio_min(mut self, ratio: f64) -> Self {
        self.ratio_min = ratio;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if !(1..=DEPTH_MAX).contains(&self.depth) {
            return Err(invalid_argument(format!("depth = {} is not in the range 1 to {DEPTH_MAX}", self.depth)));
        }
        if !(0.0..=1.0).contains(&self.ratio_min) {
            return Err(invalid_argument(format!("ratio_min = {} is not in the range 0 to 1", self.ratio_min)));
        }
        if let Some(within) = self.within.filter(|within| within.as_micros() < 0) {
            return Err(invalid_argument(format!(
                "within = {within} is negative; a step is 0s or more from the anchor"
            )));
        }
        self.paths.check()
    }
}

fn check_positive(name: &str, span: Option<Span>) -> Result<()> {
    match span.filter(|span| span.as_micros() <= 0) {
        Some(span) => Err(invalid_argument(format!("{name} = {span} is not positive; take a span such as 30m"))),
        None => Ok(()),
    }
}
