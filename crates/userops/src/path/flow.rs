//! Flows between the steps of a tree, from which a Sankey diagram is drawn.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::node::PathNodeKind;
use super::options::PathDirection;
use super::tree::PathTree;
use crate::error::Result;
use crate::table::Table;

/// How many go from a node of one step to a node of the next, in the order of time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PathFlow {
    /// The step of the source; that of the target is one more. The anchor's is 0, those before it are negative.
    pub step: i16,
    /// The earlier node.
    pub source: String,
    /// What the source is.
    pub source_kind: PathNodeKind,
    /// The later node.
    pub target: String,
    /// What the target is.
    pub target_kind: PathNodeKind,
    /// How many anchors' paths.
    pub count: u64,
}

impl PathTree {
    /// The flows between neighbouring steps, all branches with the same node at the same step taken together.
    ///
    /// Ordered by step, then by count, descending, then by source and target. Of a node between the first and the last step
    /// what comes in equals what goes out; [`OTHER`](super::OTHER) goes no further.
    #[must_use]
    pub fn flows(&self) -> Vec<PathFlow> {
        let mut counts: BTreeMap<_, u64> = BTreeMap::new();
        for node in &self.nodes {
            let Some(parent) = node.parent.map(|parent| &self.nodes[parent as usize]) else { continue };
            let (step, source, target) = match self.options.direction {
                PathDirection::After => (i16::from(parent.step), parent, node),
                PathDirection::Before => (-i16::from(node.step), node, parent),
            };
            *counts.entry((step, &source.node, source.kind, &target.node, target.kind)).or_default() += node.count;
        }
        let flow = |((step, source, source_kind, target, target_kind), count): ((_, &String, _, &String, _), _)| {
            PathFlow { step, source: source.clone(), source_kind, target: target.clone(), target_kind, count }
        };
        let mut flows: Vec<PathFlow> = counts.into_iter().map(flow).collect();
        flows.sort_by_key(|flow| (flow.step, Reverse(flow.count)));
        flows
    }

    /// A row per flow: `step`, `source`, `source_kind`, `target`, `target_kind`, `count`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_flow_table(&self) -> Result<Table> {
        let flows = self.flows();
        Table::new(flows.len())
            .with("step", flows.iter().map(|flow| i64::from(flow.step)).collect::<Vec<_>>())?
            .with("source", flows.iter().map(|flow| flow.source.as_str()).collect::<Vec<_>>())?
            .with("source_kind", flows.iter().map(|flow| flow.source_kind.name()).collect::<Vec<_>>())?
            .with("target", flows.iter().map(|flow| flow.target.as_str()).collect::<Vec<_>>())?
            .with("target_kind", flows.iter().map(|flow| flow.target_kind.name()).collect::<Vec<_>>())?
            .with("count", flows.iter().map(|flow| flow.count as i64).collect::<Vec<_>>())
    }
}
