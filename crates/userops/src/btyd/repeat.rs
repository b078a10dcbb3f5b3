//! Equal customers within a part of a table: each is looked at once.
//!
//! Times are whole days as a rule, and most customers have bought once, so that many are equal.

use super::history::PurchaseHistory;

/// So many customers tell whether it is worth while to look for equal ones.
const TRIAL: usize = 1_024;
/// Where more of them differ, no others are looked for.
const DIFFERENT_MAX: usize = TRIAL / 8 * 7;
/// The place of nobody.
const NOBODY: u32 = u32::MAX;

/// The different customers of a part of a table, and which of them each one is.
#[derive(Debug, Default)]
pub(super) struct Different {
    pub(super) customers: Vec<PurchaseHistory>,
    /// For each one the place among the different ones.
    pub(super) places: Vec<u32>,
    /// Places by hashes, as many as a power of two, at least twice the customers.
    slots: Vec<u32>,
}

impl Different {
    /// Finds them. Where few are equal some of the different ones are equal too.
    pub(super) fn find(&mut self, customers: &[PurchaseHistory]) {
        self.customers.clear();
        self.places.clear();
        let slot_count = (2 * customers.len()).next_power_of_two().max(2);
        self.slots.clear();
        self.slots.resize(slot_count, NOBODY);
        let shift = u64::BITS - slot_count.trailing_zeros();
        let (trial, others) = customers.split_at(customers.len().min(TRIAL));
        trial.iter().for_each(|one| self.find_one(one, shift));
        if self.customers.len() <= DIFFERENT_MAX {
            others.iter().for_each(|one| self.find_one(one, shift));
        } else {
            let first = self.customers.len() as u32;
            self.places.extend((0..others.len() as u32).map(|place| first + place));
            self.customers.extend_from_slice(others);
        }
    }

    #[inline]
    fn find_one(&mut self, one: &PurchaseHistory, shift: u32) {
        /// 2⁶⁴ divided by the golden ratio, and another odd number without a pattern.
        const MULTIPLIERS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xd6e8_feb8_6659_fd93];
        let (x, t_x, age) = one.key();
        let mixed = (t_x ^ u64::from(x)).wrapping_mul(MULTIPLIERS[0]).rotate_left(32) ^ age;
        let mut slot = (mixed.wrapping_mul(MULTIPLIERS[1]) >> shift) as usize;
        // Half of the slots stay free, so that the way ends.
        loop {
            let place = self.slots[slot];
            if place == NOBODY {
                let place = self.customers.len() as u32;
                self.slots[slot] = place;
                self.places.push(place);
                self.customers.push(*one);
                return;
            }
            if self.customers[place as usize].key() == (x, t_x, age) {
                self.places.push(place);
                return;
            }
            slot = (slot + 1) & (self.slots.len() - 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everyone_is_found_among_the_different_ones() {
        let mut different = Different::default();
        let one = |index: usize, kinds: usize| {
            let kind = index * 7_919 % kinds;
            let age = kind as f64 / 7.0;
            PurchaseHistory { x: (kind % 5) as u32, t_x: age / 2.0, age }
        };
        for (count, kinds) in [(0, 1), (1, 1), (700, 3), (5_000, 60), (5_000, 4_999), (3_000, 100_000)] {
            let customers: Vec<_> = (0..count).map(|index| one(index, kinds)).collect();
            different.find(&customers);
            assert_eq!(different.places.len(), count);
            for (customer, place) in customers.iter().zip(&different.places) {
                assert_eq!(different.customers[*place as usize], *customer);
            }
            let few = kinds <= 60;
            assert!(!few || different.customers.len() == count.min(kinds), "{count} {kinds}");
        }
    }
}
