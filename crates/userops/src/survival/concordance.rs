//! How often the life with the greater risk is the shorter one.

use super::life::Lives;

/// The share of pairs in which the life that is known to be the shorter has the greater risk; pairs of equal risk count
/// half. `None` where no pair can be told.
///
/// A pair can be told where the shorter life ended by the event; of two equal durations one that ended by the event is
/// the shorter beside one that did not. Harrell, Lee & Mark, "Multivariable Prognostic Models", Statistics in
/// Medicine 15 (1996), 361–387. Takes O(n log n).
pub(super) fn concordance(lives: &Lives, risks: &[f64]) -> Option<f64> {
    let mut sorted = risks.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.dedup();
    let rank_of = |life: usize| sorted.partition_point(|risk| *risk < risks[life]);
    let mut longer = Ranks { sums: vec![0; sorted.len() + 1] };
    let (mut longer_count, mut pairs, mut doubled) = (0u64, 0u64, 0u128);
    let mut end = lives.len();
    while end > 0 {
        let time = lives.durations[end - 1];
        let start = lives.durations[..end].partition_point(|other| *other < time);
        for life in (start..end).filter(|life| !lives.is_event[*life]) {
            longer.add(rank_of(life));
            longer_count += 1;
        }
        for life in (start..end).filter(|life| lives.is_event[*life]) {
            let rank = rank_of(life);
            let (below, at_most) = (longer.below(rank), longer.below(rank + 1));
            pairs += longer_count;
            doubled += u128::from(below + at_most);
        }
        for life in (start..end).filter(|life| lives.is_event[*life]) {
            longer.add(rank_of(life));
            longer_count += 1;
        }
        end = start;
    }
    (pairs > 0).then(|| doubled as f64 / (2.0 * pairs as f64))
}

/// How many there are of each rank, as a tree of sums (Fenwick, Software: Practice and Experience 24, 1994).
struct Ranks {
    sums: Vec<u64>,
}

impl Ranks {
    fn add(&mut self, rank: usize) {
        let mut place = rank + 1;
        while place < self.sums.len() {
            self.sums[place] += 1;
            place += place & place.wrapping_neg();
        }
    }

    /// How many have a lesser rank.
    fn below(&self, rank: usize) -> u64 {
        let (mut place, mut sum) = (rank, 0);
        while place > 0 {
            sum += self.sums[place];
            place &= place - 1;
        }
        sum
    }
}
