//! Counts of events and sums of money over names and windows, all of them in one look at each event.
//!
//! The instants at which windows begin and end cut a user's events into segments. Events are counted by segment and by
//! slot, a slot being names that the same measures ask for; a window is then a difference of two suffix sums.

use std::collections::HashMap;
use std::ops::Range;

use super::bits::{WORD_BITS, copy_bits, count_ones, ones};
use super::cell::{CellsMut, MeasuredMut};
use super::span::BlockRows;
use crate::log::EventLog;

/// Above so many cells a user, the cells of a block leave the nearest cache, and measures are better taken one by one.
const CELLS_MAX: usize = 1024;

/// A measure that a grid can take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct GridMeasure<'p> {
    /// Which column it fills.
    pub(crate) column: usize,
    /// The cuts at which its window begins and ends.
    pub(crate) cuts: (usize, usize),
    /// For each name whether it matches; `None` where all do.
    pub(crate) names: Option<&'p [bool]>,
}

/// How one column comes out of the cells.
#[derive(Debug, Clone)]
struct Part {
    column: usize,
    cuts: (usize, usize),
    slots: Vec<usize>,
}

/// Cells by segment, slot and user of a block: the users of a cell lie side by side, so that what is done to all of them
/// is done to several at once.
#[derive(Debug, Clone)]
struct Cells<T> {
    /// For each name the place of its slot's first user within a segment.
    slot_of_name: Vec<u16>,
    slots: usize,
    segments: usize,
    parts: Vec<Part>,
    cells: Vec<T>,
}

/// The measures that are taken together.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    /// Counts of every event, which the cuts tell alone.
    every: Vec<Part>,
    counts: Cells<u32>,
    sums: Cells<i64>,
    known: Vec<u64>,
}

impl Grid {
    /// A grid for these measures, or `None` where they are too many for it.
    pub(crate) fn new(names: usize, cuts: usize, counts: &[GridMeasure<'_>], sums: &[GridMeasure<'_>]) -> Option<Self> {
        let (every, counts): (Vec<_>, Vec<_>) = counts.iter().copied().partition(|measure| measure.names.is_none());
        let every = every.iter().map(|measure| Part { column: measure.column, cuts: measure.cuts, slots: Vec::new() });
        Some(Self {
            every: every.collect(),
            counts: Cells::new(names, cuts, &counts)?,
            sums: Cells::new(names, cuts, sums)?,
            known: Vec::new(),
        })
    }

    /// Fills the columns for the users of a block, which are `users` of the columns.
    pub(crate) fn fill(
        &mut self,
        log: &EventLog,
        block: &BlockRows,
        users: &Range<usize>,
        columns: &mut [MeasuredMut<'_>],
    ) {
        for part in &self.every {
            if let CellsMut::Small(out) = columns[part.column].cells.block(users.clone()) {
                let (from, until) = (&block.cuts[part.cuts.0], &block.cuts[part.cuts.1]);
                for ((out, from), until) in out.iter_mut().zip(from).zip(until) {
                    *out = until - from;
                }
            }
        }
        if !self.counts.parts.is_empty() {
            self.count(log.name_codes(), block);
            self.counts.add_suffixes();
            for part in &self.counts.parts {
                if let CellsMut::Small(out) = columns[part.column].cells.block(users.clone()) {
                    self.counts.write(part, out);
                }
            }
        }
        if !self.sums.parts.is_empty() {
            self.sum(log, block);
            self.sums.add_suffixes();
            for part in &self.sums.parts {
                if let CellsMut::Whole(out) = columns[part.column].cells.block(users.clone()) {
                    self.sums.write(part, out);
                }
            }
        }
    }

    fn count(&mut self, names: &[u16], block: &BlockRows) {
        let Cells { slot_of_name, slots, cells, .. } = &mut self.counts;
        cells.fill(0);
        for user in 0..block.users.len() {
            for (segment, cells) in cells.chunks_exact_mut(*slots * WORD_BITS).enumerate() {
                let rows = block.cuts[segment][user] as usize..block.cuts[segment + 1][user] as usize;
                for name in &names[rows] {
                    cells[usize::from(slot_of_name[usize::from(*name)]) + user] += 1;
                }
            }
        }
    }

    fn sum(&mut self, log: &EventLog, block: &BlockRows) {
        let Cells { slot_of_name, slots, cells, .. } = &mut self.sums;
        let amounts = log.amount_minor();
        let width = *slots * WORD_BITS;
        cells.fill(0);
        match amounts.known() {
            Some(known) => copy_bits(known, block.rows.clone(), &mut self.known),
            None => {
                self.known.clear();
                self.known.resize(block.rows.len().div_ceil(WORD_BITS), u64::MAX);
            }
        }
        let first = block.rows.start;
        let mut values = amounts.values_in(block.rows.clone());
        let names = &log.name_codes()[block.rows.clone()];
        let mut seen = 0;
        for user in 0..block.users.len() {
            // Amounts between the visible events of the user before and this one's are skipped.
            let visible = block.visible(user);
            values = &values[count_ones(&self.known, seen..visible.start - first) as usize..];
            seen = visible.end - first;
            let mut segment = 0;
            let mut until = block.cuts[1][user] as usize - first;
            for row in ones(&self.known, visible.start - first..seen) {
                while row >= until {
                    segment += 1;
                    until = block.cuts[segment + 1][user] as usize - first;
                }
                let Some((value, rest)) = values.split_first() else { return };
                cells[segment * width + usize::from(slot_of_name[usize::from(names[row])]) + user] += value;
                values = rest;
            }
        }
    }
}

impl<T: Copy + Default + std::ops::AddAssign + std::ops::SubAssign> Cells<T> {
    fn new(names: usize, cuts: usize, measures: &[GridMeasure<'_>]) -> Option<Self> {
        let segments = cuts - 1;
        let mut signatures: HashMap<Vec<bool>, u16> = HashMap::new();
        let mut slot_of_name = Vec::with_capacity(names);
        for name in 0..names {
            let signature = measures.iter().map(|measure| measure.names.is_none_or(|names| names[name])).collect();
            let next = u16::try_from(signatures.len()).ok()?;
            let slot = *signatures.entry(signature).or_insert(next);
            slot_of_name.push(slot.checked_mul(WORD_BITS as u16)?);
        }
        let slots = signatures.len().max(1);
        if slots * segments > CELLS_MAX {
            return None;
        }
        let parts = measures.iter().enumerate().map(|(index, measure)| {
            let mut slots: Vec<usize> = signatures
                .iter()
                .filter(|(signature, _)| signature[index])
                .map(|(_, slot)| usize::from(*slot))
                .collect();
            slots.sort_unstable();
            Part { column: measure.column, cuts: measure.cuts, slots }
        });
        let parts: Vec<Part> = parts.collect();
        let len = if parts.is_empty() { 0 } else { slots * segments * WORD_BITS };
        Some(Self { slot_of_name, slots, segments, parts, cells: vec![T::default(); len] })
    }

    /// Makes each cell the sum of its slot from its segment on.
    fn add_suffixes(&mut self) {
        let width = self.slots * WORD_BITS;
        for segment in (1..self.segments).rev() {
            let (earlier, later) = self.cells.split_at_mut(segment * width);
            let earlier = &mut earlier[(segment - 1) * width..];
            earlier.iter_mut().zip(later).for_each(|(earlier, later)| *earlier += *later);
        }
    }

    /// The cells of all users for a segment and slot.
    fn lanes(&self, segment: usize, slot: usize) -> &[T] {
        &self.cells[(segment * self.slots + slot) * WORD_BITS..][..WORD_BITS]
    }

    fn write(&self, part: &Part, out: &mut [T]) {
        let (from, until) = part.cuts;
        let mut slots = part.slots.iter();
        match slots.next() {
            Some(first) if from < until => out.copy_from_slice(&self.lanes(from, *first)[..out.len()]),
            _ => return out.fill(T::default()),
        }
        for slot in slots {
            out.iter_mut().zip(self.lanes(from, *slot)).for_each(|(out, cell)| *out += *cell);
        }
        if until < self.segments {
            for slot in &part.slots {
                out.iter_mut().zip(self.lanes(until, *slot)).for_each(|(out, cell)| *out -= *cell);
            }
        }
    }
}
