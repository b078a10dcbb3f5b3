//! Reads users' events as paths of nodes.

use std::ops::Range;

use super::node::{EXIT_CODE, LEFT_OUT, NodeNames, OPEN_CODE};
use super::options::{PathGroup, PathOptions};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{EventMasks, EventPattern, MaskScratch};
use crate::time::Timestamp;

/// Reads the paths of users of one log.
#[derive(Debug)]
pub(super) struct PathReader<'a> {
    log: &'a EventLog,
    masks: EventMasks<'a>,
    /// The node of each event name, and whether it is an anchor, where that can be told by the name alone.
    by_name: Option<Vec<(u16, bool)>>,
    pub(super) nodes: NodeNames,
    /// The instants that count, `[start, end)`.
    window: Range<i64>,
    /// The longest break within a path.
    gap: Option<i64>,
    as_of: i64,
    anchor: Option<u64>,
    groups: u64,
}

/// Memory that [`PathReader::visit`] uses again.
#[derive(Debug, Default)]
pub(super) struct PathScratch {
    masks: MaskScratch,
    words: Vec<u64>,
    nodes: Vec<u16>,
    anchors: Vec<bool>,
}

/// One path: its events in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Path<'a> {
    pub(super) times: &'a [i64],
    /// The node of each event; [`LEFT_OUT`] where it is not on the path.
    pub(super) nodes: &'a [u16],
    /// Of each event whether it is an anchor.
    pub(super) anchors: &'a [bool],
    /// The last instant at which a further event would still be on this path; before the instant of evaluation where
    /// the path is over.
    pub(super) open_until: Option<i64>,
}

impl Path<'_> {
    /// What the path comes to where no step is left and only those up to `limit` would count.
    pub(super) fn end_code(&self, as_of: Timestamp, limit: Option<i64>) -> u16 {
        let until = match (self.open_until, limit) {
            (Some(open), Some(limit)) => Some(open.min(limit)),
            (open, limit) => open.or(limit),
        };
        if until.is_some_and(|until| until > as_of.as_micros()) { OPEN_CODE } else { EXIT_CODE }
    }
}

impl<'a> PathReader<'a> {
    /// # Errors
    /// Those of [`EventMasks::new`] and [`NodeNames::new`]; `InvalidArgument` for a window that no instant can be in.
    pub(super) fn new(
        log: &'a EventLog,
        as_of: Timestamp,
        options: &PathOptions,
        anchor: Option<&EventPattern>,
    ) -> Result<Self> {
        let calendar = log.calendar(as_of);
        let range = options.window.range(as_of, &calendar)?;
        let mut patterns: Vec<EventPattern> = options.groups.iter().map(PathGroup::pattern).collect();
        patterns.extend(anchor.cloned());
        let masks = EventMasks::new(log, &calendar, &patterns)?;
        let groups = (1u64 << options.groups.len()) - 1;
        let anchor = anchor.map(|_| groups + 1);
        let in_group = |index: usize| masks.by_name().is_some_and(|by_name| by_name[index] & groups != 0);
        let nodes = NodeNames::new(log, options, |index| !in_group(index))?;
        let node = |(mask, name): (&u64, &u16)| {
            let node = group_of(*mask & groups, &nodes.of_group).unwrap_or(*name);
            (node, mask & anchor.unwrap_or(0) != 0)
        };
        let by_name = masks.by_name().map(|by_name| by_name.iter().zip(&nodes.of_name).map(node).collect());
        Ok(Self {
            log,
            by_name,
            nodes,
            window: range.start.as_micros()..range.end.as_micros(),
            gap: options.session_gap.map(|gap| gap.as_micros()),
            as_of: as_of.as_micros(),
            anchor,
            groups,
            masks,
        })
    }

    /// Shows the paths of a user that has any event in the window, in order of time.
    #[inline]
    pub(super) fn visit(&self, user: usize, scratch: &mut PathScratch, mut visit: impl FnMut(&Path<'_>)) {
        let rows = self.log.rows(UserIx(user as u32));
        let times = &self.log.time_micros()[rows.clone()];
        let from = times.partition_point(|time| *time < self.window.start);
        let until = times.partition_point(|time| *time < self.window.end);
        if from >= until {
            return;
        }
        let times = &times[from..until];
        self.fill(rows.start + from..rows.start + until, scratch);
        let mut start = 0;
        while start < times.len() {
            let end = self.path_end(times, start);
            visit(&Path {
                times: &times[start..end],
                nodes: &scratch.nodes[start..end],
                anchors: &scratch.anchors[start..end],
                open_until: self.open_until(times[end - 1], end == times.len()),
            });
            start = end;
        }
    }

    /// The node of each row, and whether it is an anchor.
    fn fill(&self, rows: Range<usize>, scratch: &mut PathScratch) {
        let codes = &self.log.name_codes()[rows.clone()];
        scratch.nodes.clear();
        scratch.anchors.clear();
        if let Some(by_name) = &self.by_name {
            scratch.nodes.extend(codes.iter().map(|code| by_name[usize::from(*code)].0));
            scratch.anchors.extend(codes.iter().map(|code| by_name[usize::from(*code)].1));
            return;
        }
        self.masks.fill(rows, &mut scratch.masks, &mut scratch.words);
        let anchor = self.anchor.unwrap_or(0);
        scratch.anchors.extend(scratch.words.iter().map(|mask| mask & anchor != 0));
        scratch.nodes.extend(scratch.words.iter().zip(codes).map(|(mask, code)| {
            group_of(mask & self.groups, &self.nodes.of_group).unwrap_or(self.nodes.of_name[usize::from(*code)])
        }));
    }

    fn path_end(&self, times: &[i64], start: usize) -> usize {
        let Some(gap) = self.gap else { return times.len() };
        let breaks = times[start..].windows(2).position(|pair| pair[1].saturating_sub(pair[0]) > gap);
        breaks.map_or(times.len(), |at| start + at + 1)
    }

    /// See [`Path::open_until`]. A window that has come to its end takes no further event, nor does a path that another
    /// one follows.
    fn open_until(&self, last: i64, is_last: bool) -> Option<i64> {
        if !is_last || self.window.end <= self.as_of {
            return Some(last);
        }
        self.gap.map(|gap| last.saturating_add(gap))
    }
}

/// The node of the first group among the bits of a mask.
#[inline]
fn group_of(mask: u64, of_group: &[u16]) -> Option<u16> {
    of_group.get(mask.trailing_zeros() as usize).copied()
}

/// Whether an event is on the path.
#[inline]
pub(super) fn is_on_path(node: u16) -> bool {
    node != LEFT_OUT
}
