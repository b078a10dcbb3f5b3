//! The tree of what comes after an anchor, or came before it.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::branch::{Branches, ROOT};
use super::node::{EXIT_CODE, LEFT_OUT, OTHER_CODE, PathNodeKind, START_CODE};
use super::options::{AnchorChoice, PathDirection, PathTreeOptions};
use super::read::{Path, PathReader, PathScratch, is_on_path};
use crate::error::Result;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::Timestamp;

/// A node of the tree: all paths that have come to the same step the same way.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathTreeNode {
    /// The node before it, by its place in the tree; none for the root.
    pub parent: Option<u32>,
    /// How many steps from the anchor: 0 for the root.
    pub step: u8,
    /// What the node is called.
    pub node: String,
    /// What it is.
    pub kind: PathNodeKind,
    /// How many anchors lead here.
    pub count: u64,
    /// By how many users.
    pub user_count: u64,
    /// The share of its parent's count; none for the root.
    pub ratio: Option<f64>,
    /// The share of all anchors; none where there are none.
    pub anchor_ratio: Option<f64>,
}

/// The tree of paths around an anchor.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PathTree {
    /// What was asked for.
    pub options: PathTreeOptions,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// The root, and after each node its children: events by count, descending, then by name; then what is no event.
    pub nodes: Vec<PathTreeNode>,
}

/// Builds the tree of what follows an anchor, or went before it, from the events that have happened at `as_of`.
///
/// An anchor's steps are the events of its path that come after it in order of time and arrival (before it, the nearest
/// first), at most `depth` of them and none further away than `within`. Where repeats are collapsed, steps of the
/// anchor's own node right beside it belong to it. A path with fewer steps ends in [`EXIT`](super::EXIT), or
/// [`OPEN`](super::OPEN) where a further step could still come; going back, in [`START`](super::START). So the count of a
/// node above the last step is the sum of its children's. Branches below `ratio_min` of all anchors are one leaf,
/// [`OTHER`](super::OTHER), of their parent. Without any anchor the root stands alone with a count of 0. Takes O(events +
/// anchors · depth) time, shared out over rayon's threads, twice where branches are folded.
///
/// # Errors
/// Those of [`count_transitions`](super::count_transitions); `InvalidArgument` for a depth, a span or a ratio out of its
/// range; `LimitExceeded` for a tree of more than ten million nodes.
pub fn build_path_tree(log: &EventLog, as_of: Timestamp, options: impl Into<PathTreeOptions>) -> Result<PathTree> {
    let options = options.into();
    options.check()?;
    let reader = PathReader::new(log, as_of, &options.paths, options.anchor.as_ref())?;
    let climb = Climb { reader: &reader, options: &options, as_of };
    let grown = climb.in_parts(log, |users| {
        let mut tree = Branches::new();
        climb.visit(users, |user, codes| {
            let mut at = ROOT;
            tree.pass(at, user);
            for code in codes {
                at = tree.grow(at, *code);
                tree.pass(at, user);
            }
        });
        tree
    });
    grown.check()?;
    let tree = match fold(&grown, options.ratio_min) {
        None => grown,
        // Users who come by several of the folded branches are counted once, which only the paths can tell.
        Some(folded) => climb.in_parts(log, |users| {
            let mut tree = folded.clone();
            climb.visit(users, |user, codes| pass_folded(&mut tree, user, codes));
            tree
        }),
    };
    let nodes = climb.nodes(&tree);
    Ok(PathTree { options, as_of, nodes })
}

impl PathTree {
    /// A row per node, parents before their children: `step`, `parent` (a row number from 0, unknown for the root),
    /// `node`, `kind`, `count`, `user_count`, `ratio`, `anchor_ratio`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let nodes = &self.nodes;
        Table::new(nodes.len())
            .with("step", nodes.iter().map(|node| node.step).collect::<Vec<_>>())?
            .with("parent", nodes.iter().map(|node| node.parent).collect::<Vec<_>>())?
            .with("node", nodes.iter().map(|node| node.node.as_str()).collect::<Vec<_>>())?
            .with("kind", nodes.iter().map(|node| node.kind.name()).collect::<Vec<_>>())?
            .with("count", nodes.iter().map(|node| node.count as i64).collect::<Vec<_>>())?
            .with("user_count", nodes.iter().map(|node| node.user_count as i64).collect::<Vec<_>>())?
            .with("ratio", nodes.iter().map(|node| node.ratio).collect::<Vec<_>>())?
            .with("anchor_ratio", nodes.iter().map(|node| node.anchor_ratio).collect::<Vec<_>>())
    }
}

/// The same tree, empty, with small branches folded; none where no branch is small.
fn fold(tree: &Branches, ratio_min: f64) -> Option<Branches> {
    let least = ratio_min * tree.all[ROOT as usize].count as f64;
    let is_small = |index: usize| {
        let branch = &tree.all[index];
        PathNodeKind::of(branch.code) == PathNodeKind::Event && (branch.count as f64) < least
    };
    if !(1..tree.all.len()).any(is_small) {
        return None;
    }
    let mut folded = Branches::new();
    let mut place = vec![None; tree.all.len()];
    place[ROOT as usize] = Some(ROOT);
    for (index, branch) in tree.all.iter().enumerate().skip(1) {
        let Some(parent) = place[branch.parent as usize] else { continue };
        if is_small(index) {
            folded.grow(parent, OTHER_CODE);
        } else {
            place[index] = Some(folded.grow(parent, branch.code));
        }
    }
    Some(folded.emptied())
}

fn pass_folded(tree: &mut Branches, user: usize, codes: &[u16]) {
    let mut at = ROOT;
    tree.pass(at, user);
    for code in codes {
        if let Some(next) = tree.find(at, *code) {
            tree.pass(next, user);
            at = next;
            continue;
        }
        if let Some(other) = tree.find(at, OTHER_CODE) {
            tree.pass(other, user);
        }
        return;
    }
}

/// Follows the paths from their anchors.
struct Climb<'a> {
    reader: &'a PathReader<'a>,
    options: &'a PathTreeOptions,
    as_of: Timestamp,
}

/// Where on a path an anchor stands.
#[derive(Debug, Clone, Copy)]
struct Anchor {
    time: i64,
    /// Its node, where it is on the path.
    node: u16,
    /// How many steps are before it, and before what comes after it.
    before: usize,
    after: usize,
}

/// The steps of one path, in memory that is used again.
#[derive(Debug, Default)]
struct Steps {
    nodes: Vec<u16>,
    times: Vec<i64>,
    /// For each step the first after it that is of another node, and the first of those of its own node around it.
    run_ends: Vec<usize>,
    run_starts: Vec<usize>,
    anchors: Vec<Anchor>,
}

impl Steps {
    fn read(&mut self, path: &Path<'_>, options: &PathTreeOptions) {
        self.nodes.clear();
        self.times.clear();
        self.anchors.clear();
        let has_anchor = options.anchor.is_some();
        for ((&time, &node), &is_anchor) in path.times.iter().zip(path.nodes).zip(path.anchors) {
            let before = self.nodes.len();
            if is_on_path(node) {
                self.nodes.push(node);
                self.times.push(time);
            }
            if is_anchor && has_anchor {
                self.anchors.push(Anchor { time, node, before, after: self.nodes.len() });
            }
        }
        match options.choice {
            AnchorChoice::First => self.anchors.truncate(1),
            AnchorChoice::Last => drop(self.anchors.drain(..self.anchors.len().saturating_sub(1))),
            AnchorChoice::Every => {}
        }
        if let (false, [first, ..], [.., last]) = (has_anchor, &self.times[..], &self.times[..]) {
            let time = if options.direction == PathDirection::After { *first } else { *last };
            self.anchors.push(Anchor { time, node: LEFT_OUT, before: self.nodes.len(), after: 0 });
        }
        if !self.anchors.is_empty() {
            self.mark_runs(options.paths.repeats_collapsed);
        }
    }

    fn mark_runs(&mut self, collapsed: bool) {
        let len = self.nodes.len();
        self.run_starts.clear();
        self.run_starts.extend(0..len);
        self.run_ends.clear();
        self.run_ends.extend(1..=len);
        if collapsed {
            for step in 1..len {
                if self.nodes[step] == self.nodes[step - 1] {
                    self.run_starts[step] = self.run_starts[step - 1];
                }
            }
            for step in (1..len).rev() {
                if self.nodes[step] == self.nodes[step - 1] {
                    self.run_ends[step - 1] = self.run_ends[step];
                }
            }
        }
    }
}

impl Climb<'_> {
    fn in_parts(&self, log: &EventLog, count: impl Fn(Range<usize>) -> Branches + Send + Sync) -> Branches {
        let parts: Vec<Branches> = log.thread_ranges().into_par_iter().map(count).collect();
        parts.into_iter().reduce(|all, part| all.merge(&part)).unwrap_or_else(Branches::new)
    }

    /// Shows the nodes on the way from every anchor, the end of the path included where it is reached.
    fn visit(&self, users: Range<usize>, mut visit: impl FnMut(usize, &[u16])) {
        let (mut scratch, mut steps, mut codes) = (PathScratch::default(), Steps::default(), Vec::new());
        for user in users {
            self.reader.visit(user, &mut scratch, |path| {
                steps.read(path, self.options);
                for anchor in &steps.anchors {
                    codes.clear();
                    match self.options.direction {
                        PathDirection::After => self.follow(path, &steps, anchor, &mut codes),
                        PathDirection::Before => self.go_back(&steps, anchor, &mut codes),
                    }
                    visit(user, &codes);
                }
            });
        }
    }

    fn follow(&self, path: &Path<'_>, steps: &Steps, anchor: &Anchor, codes: &mut Vec<u16>) {
        let limit = self.options.within.map(|within| anchor.time.saturating_add(within.as_micros()));
        let mut at = anchor.after;
        if self.options.paths.repeats_collapsed && steps.nodes.get(at) == Some(&anchor.node) {
            at = steps.run_ends[at];
        }
        let depth = usize::from(self.options.depth);
        while let Some(&time) = steps.times.get(at).filter(|_| codes.len() < depth) {
            if limit.is_some_and(|limit| time > limit) {
                codes.push(EXIT_CODE);
                return;
            }
            codes.push(steps.nodes[at]);
            at = steps.run_ends[at];
        }
        if codes.len() < depth {
            codes.push(path.end_code(self.as_of, limit));
        }
    }

    fn go_back(&self, steps: &Steps, anchor: &Anchor, codes: &mut Vec<u16>) {
        let limit = self.options.within.map_or(i64::MIN, |within| anchor.time.saturating_sub(within.as_micros()));
        let mut end = anchor.before;
        if self.options.paths.repeats_collapsed && end > 0 && steps.nodes[end - 1] == anchor.node {
            end = steps.run_starts[end - 1];
        }
        let depth = usize::from(self.options.depth);
        while codes.len() < depth && end > 0 && steps.times[end - 1] >= limit {
            codes.push(steps.nodes[end - 1]);
            end = steps.run_starts[end - 1];
        }
        if codes.len() < depth {
            codes.push(START_CODE);
        }
    }

    fn root(&self) -> (String, PathNodeKind) {
        let code = match (&self.options.anchor, self.options.direction) {
            (Some(anchor), _) if anchor.events.is_empty() => return ("(anchor)".to_owned(), PathNodeKind::Event),
            (Some(anchor), _) => return (anchor.events.join(" | "), PathNodeKind::Event),
            (None, PathDirection::After) => START_CODE,
            (None, PathDirection::Before) => EXIT_CODE,
        };
        (self.reader.nodes.name(code).to_owned(), PathNodeKind::of(code))
    }

    fn nodes(&self, tree: &Branches) -> Vec<PathTreeNode> {
        let total = tree.all[ROOT as usize].count;
        let share = |count: u64, of: u64| (of > 0).then(|| count as f64 / of as f64);
        let mut children = tree.children();
        let rank = |index: &u32| {
            let branch = &tree.all[*index as usize];
            (PathNodeKind::of(branch.code), std::cmp::Reverse(branch.count), self.reader.nodes.name(branch.code))
        };
        children.iter_mut().for_each(|children| children.sort_by(|a, b| rank(a).cmp(&rank(b))));
        let mut nodes: Vec<PathTreeNode> = Vec::with_capacity(tree.all.len());
        let mut open = vec![(ROOT, None::<u32>)];
        while let Some((index, parent)) = open.pop() {
            let branch = &tree.all[index as usize];
            let above = parent.map(|parent| &nodes[parent as usize]);
            let (node, kind) = match above {
                None => self.root(),
                Some(_) => (self.reader.nodes.name(branch.code).to_owned(), PathNodeKind::of(branch.code)),
            };
            let (step, ratio) =
                (above.map_or(0, |above| above.step + 1), above.and_then(|a| share(branch.count, a.count)));
            let place = nodes.len() as u32;
            open.extend(children[index as usize].iter().rev().map(|child| (*child, Some(place))));
            nodes.push(PathTreeNode {
                parent,
                step,
                node,
                kind,
                count: branch.count,
                user_count: branch.user_count,
                ratio,
                anchor_ratio: share(branch.count, total),
            });
        }
        nodes
    }
}
