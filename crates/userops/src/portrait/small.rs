//! Keeps small cells from view, and what would let them be computed.

use super::cell::{Cell, Counts};
use super::options::{PortraitOptions, SmallCells};
use super::row::CellKind;

/// The same users in cells of which none that is small is in view, as [`SmallCells`] says.
pub(super) fn protect(cells: Vec<Cell>, options: &PortraitOptions) -> Vec<Cell> {
    let mut cells = join_rest(cells, options);
    for cell in &mut cells {
        cell.is_hidden = is_small(cell.counts, options);
    }
    hide_complements(&mut cells, options);
    cells
}

fn is_small(counts: Counts, options: &PortraitOptions) -> bool {
    options.is_small_count(counts.audience) || options.is_small_count(counts.outside())
}

/// Joins the values beyond the greatest `values_max` into one cell, and with them the small ones where those merge.
fn join_rest(cells: Vec<Cell>, options: &PortraitOptions) -> Vec<Cell> {
    let merges = |cell: &Cell| options.small_cells == SmallCells::Merge && is_small(cell.counts, options);
    let (small, mut kept): (Vec<Cell>, Vec<Cell>) = cells.into_iter().partition(merges);
    let mut rest = small;
    let is_value = |cell: &Cell| cell.kind == CellKind::Value;
    if kept.iter().filter(|cell| is_value(cell)).count() > usize::from(options.values_max) {
        let (mut values, others): (Vec<Cell>, Vec<Cell>) = kept.into_iter().partition(is_value);
        values.sort_by_key(|cell| (std::cmp::Reverse(cell.counts.everyone), cell.position));
        rest.extend(values.split_off(usize::from(options.values_max)));
        kept = values;
        kept.extend(others);
    }
    if !rest.is_empty() {
        let mut counts = Counts::default();
        rest.iter().for_each(|cell| counts.add(cell.counts));
        kept.push(Cell::new(CellKind::Other, CellKind::Other.label(), usize::MAX, counts));
    }
    kept
}

/// Hides more cells, the fewest users first, until those hidden are together not small: their sum is what anybody can
/// compute from the totals and the cells in view. A lone small cell is never left, since it is its own sum.
fn hide_complements(cells: &mut [Cell], options: &PortraitOptions) {
    loop {
        let mut hidden = Counts::default();
        cells.iter().filter(|cell| cell.is_hidden).for_each(|cell| hidden.add(cell.counts));
        if !is_small(hidden, options) {
            return;
        }
        let lacks_audience = options.is_small_count(hidden.audience);
        let lacks_outside = options.is_small_count(hidden.outside());
        // A cell that adds nobody where users are lacking would be hidden in vain.
        let in_vain = |counts: Counts| {
            u8::from(lacks_audience && counts.audience == 0) + u8::from(lacks_outside && counts.outside() == 0)
        };
        let next = cells
            .iter_mut()
            .filter(|cell| !cell.is_hidden)
            .min_by_key(|cell| (in_vain(cell.counts), cell.counts.everyone, cell.counts.audience, cell.position));
        match next {
            Some(cell) => cell.is_hidden = true,
            None => return,
        }
    }
}
