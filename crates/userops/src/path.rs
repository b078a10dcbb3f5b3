//! Paths: what users do after one another, step by step.
//!
//! A user's events of a window are cut into *paths*, at long breaks where sessions are asked for. Each event becomes a
//! node: the name of the first group that it matches, else what [`Ungrouped`] says. [`count_transitions`] counts which
//! node follows which over all paths. [`build_path_tree`] follows the paths from an anchor on, or back from it, and
//! gives a tree and flows that a Sankey diagram is drawn from.
//!
//! ```
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//! use userops::path::{PathOptions, count_transitions};
//!
//! let events = [("ann", "09:00", "view"), ("ann", "09:05", "cart"), ("ann", "09:20", "pay"), ("bob", "10:00", "view")]
//!     .map(|(user, time, event)| Event::new(user, format!("2026-03-01T{time}:00Z").parse().unwrap(), event));
//! let (log, _) = EventLog::from_events(EventSchema::default(), &events)?;
//! let transitions = count_transitions(&log, "2026-03-02T00:00:00Z".parse()?, PathOptions::default())?;
//! let cart = transitions.row("view", "cart").unwrap();
//! assert_eq!((cart.count, cart.ratio, cart.gap_median_seconds), (1, 0.5, Some(300.0)));
//! assert_eq!(transitions.row("view", "(exit)").map(|row| row.count), Some(1));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod branch;
mod flow;
mod node;
mod options;
mod read;
mod transition;
mod tree;

pub use flow::PathFlow;
pub use node::{EXIT, NODES_MAX, OPEN, OTHER, PathNodeKind, START, UNGROUPED};
pub use options::{
    AnchorChoice, DEPTH, DEPTH_MAX, GROUPS_MAX, PathDirection, PathGroup, PathOptions, PathTreeOptions, Ungrouped,
};
pub use transition::{Transition, Transitions, count_transitions};
pub use tree::{PathTree, PathTreeNode, build_path_tree};
