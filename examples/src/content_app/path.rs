//! Paths: what users do after one another within a visit.

use std::fmt::Write as _;

use userops::error::Result;
use userops::log::EventLog;
use userops::path::{
    PathNodeKind, PathOptions, PathTree, PathTreeNode, PathTreeOptions, Transitions, build_path_tree, count_transitions,
};
use userops::time::{Span, Timestamp};

use super::{BREAK_MINUTES, NamedTable, VISIT};
use crate::layout::{TextTable, count, duration, heading, percent};

/// The transitions that are printed; the table that is written has them all.
const TRANSITIONS_SHOWN: usize = 12;
/// Steps of the tree, and the share of all visits below which branches are told together.
const STEPS: u8 = 3;
const BRANCH_RATIO_MIN: f64 = 0.03;

/// The answers about paths.
#[derive(Debug)]
pub struct PathPart {
    /// What follows on what.
    pub transitions: Transitions,
    /// What follows on a visit, step by step.
    pub tree: PathTree,
}

impl PathPart {
    pub(super) fn new(log: &EventLog, as_of: Timestamp) -> Result<Self> {
        let paths = PathOptions::default().session_gap(Span::from_minutes(BREAK_MINUTES));
        let tree = PathTreeOptions::after(VISIT.into()).paths(paths.clone()).depth(STEPS).ratio_min(BRANCH_RATIO_MIN);
        Ok(Self { transitions: count_transitions(log, as_of, paths)?, tree: build_path_tree(log, as_of, tree)? })
    }

    pub(super) fn tables(&self) -> Result<Vec<NamedTable>> {
        Ok(vec![
            ("transitions", self.transitions.to_table()?),
            ("path_tree", self.tree.to_table()?),
            ("path_flows", self.tree.to_flow_table()?),
        ])
    }

    pub(super) fn render(&self) -> String {
        self.transition_section() + &self.tree_section()
    }

    fn transition_section(&self) -> String {
        // Where paths start is one event in this app, which tells nothing.
        let rows = || self.transitions.rows.iter().filter(|row| row.source_kind != PathNodeKind::Start);
        let Some(first) = rows().next() else { return String::new() };
        let mut text = heading("Paths: what follows on what within a visit");
        let _ = writeln!(
            text,
            "  In {} visits the most frequent step is from {:?} to {:?}: {} times, {} of what follows on {:?}.",
            count(self.transitions.path_count),
            first.source,
            first.target,
            count(first.count),
            percent(first.ratio),
            first.source,
        );
        text += "  The same event several times in a row is one step.\n";
        let mut table = TextTable::new(&["from", "to", "times", "users", "of what follows", "median time between"]);
        for row in rows().take(TRANSITIONS_SHOWN) {
            table.row([
                row.source.clone(),
                row.target.clone(),
                count(row.count),
                count(row.user_count),
                percent(row.ratio),
                duration(row.gap_median_seconds),
            ]);
        }
        text + &table.render()
    }

    fn tree_section(&self) -> String {
        let nodes = &self.tree.nodes;
        let Some(root) = nodes.first().filter(|root| root.count > 0) else { return String::new() };
        let mut text = heading("Paths: the first steps of a visit");
        // What is no event comes last among siblings.
        if let Some(main) = nodes.iter().find(|node| node.step == 1) {
            let _ = writeln!(
                text,
                "  Of {} visits, {} go on with {:?}; branches of less than {} of them are told together as \"(other)\".",
                count(root.count),
                percent(main.ratio),
                main.node,
                percent(BRANCH_RATIO_MIN),
            );
        }
        let is_open = |node: &&PathTreeNode| node.kind == PathNodeKind::Open;
        let open: u64 = nodes.iter().filter(is_open).map(|node| node.count).sum();
        if open > 0 {
            let _ = writeln!(text, "  Not shown: where visits stand that are not over ({}).", count(open));
        }
        let mut table = TextTable::new(&["step", "visits", "of the step before", "of all visits", "users"]);
        for node in nodes.iter().filter(|node| !is_open(node)) {
            let name = if node.parent.is_none() { VISIT } else { &node.node };
            table.row([
                format!("{}{name}", "  ".repeat(usize::from(node.step))),
                count(node.count),
                percent(node.ratio),
                percent(node.anchor_ratio),
                count(node.user_count),
            ]);
        }
        text + &table.render()
    }
}
