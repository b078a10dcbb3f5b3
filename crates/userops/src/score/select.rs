//! Order statistics by selection: the values that would stand at given places of a sorted column, without sorting it.

use std::cmp::Ordering;

/// Puts the values at `ranks` where ascending order would have them; the rest of `values` ends up in no stated order.
///
/// `ranks` are ascending places within `values`. Each selection splits the range for the next ones, so that `r` ranks
/// over `n` values cost O(n log r), not the O(n log n) of sorting. Equal values make no difference to any rank.
pub(super) fn place_ranks<T>(values: &mut [T], ranks: &[usize], compare: impl Fn(&T, &T) -> Ordering + Copy) {
    place_in_range(values, 0, ranks, compare);
}

fn place_in_range<T, F>(values: &mut [T], start: usize, ranks: &[usize], compare: F)
where
    F: Fn(&T, &T) -> Ordering + Copy,
{
    let Some(rank) = ranks.get(ranks.len() / 2).copied() else { return };
    let (below, _, above) = values.select_nth_unstable_by(rank - start, compare);
    let smaller = &ranks[..ranks.partition_point(|other| *other < rank)];
    let larger = &ranks[ranks.partition_point(|other| *other <= rank)..];
    place_in_range(below, start, smaller, compare);
    place_in_range(above, rank + 1, larger, compare);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn selection_equals_sorting(
            values in prop::collection::vec(-20i64..20, 1..300),
            ranks in prop::collection::btree_set(0usize..300, 0..12),
        ) {
            let ranks: Vec<usize> = ranks.into_iter().filter(|rank| *rank < values.len()).collect();
            let (mut placed, mut sorted) = (values.clone(), values);
            place_ranks(&mut placed, &ranks, i64::cmp);
            sorted.sort_unstable();
            for rank in ranks {
                prop_assert_eq!(placed[rank], sorted[rank]);
            }
        }
    }
}
