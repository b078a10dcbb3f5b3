//! Random whole numbers that are the same on every machine and in every release.

/// The generator SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
///
/// Its period is 2^64, and it is not meant for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: u64,
}

/// The paper's increment: 2^64 divided by the golden ratio, made odd.
const GOLDEN_GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// A stream of its own for each user of each product; neighbours' states lie far apart, as each part is mixed.
    pub(crate) fn of_user(seed: u64, salt: u64, user: u32) -> Self {
        let product = Self::new(seed ^ mix(salt)).bits();
        Self::new(mix(product ^ u64::from(user).wrapping_mul(GOLDEN_GAMMA)))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN_GAMMA);
        mix(self.state)
    }

    /// A whole number below `limit`, or 0 where that is 0, by one multiplication (Lemire 2019).
    ///
    /// The rejection step is left out: below a limit of 32 bits its bias is less than 2^-32.
    pub(super) fn below(&mut self, limit: u32) -> u32 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u32
    }

    /// A whole number from `low` to `high`, both included; `low` where `high` is less.
    pub(super) fn between(&mut self, low: u32, high: u32) -> u32 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// True so many times in a thousand.
    pub(super) fn chance(&mut self, per_mille: u32) -> bool {
        self.below(1_000) < per_mille
    }

    /// The position of one weight, each with its share of their sum; 0 where that is 0.
    pub(super) fn weighted(&mut self, weights: impl ExactSizeIterator<Item = u32> + Clone) -> usize {
        let mut rest = self.below(weights.clone().sum());
        for (position, weight) in weights.enumerate() {
            if rest < weight {
                return position;
            }
            rest -= weight;
        }
        0
    }

    /// One of the items, each with its weight; `None` where there is none.
    pub(super) fn pick<T: Copy>(&mut self, items: &[(T, u32)]) -> Option<T> {
        let position = self.weighted(items.iter().map(|(_, weight)| *weight));
        items.get(position).map(|(item, _)| *item)
    }
}

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference program in C for the state 1234567.
    #[test]
    fn the_stream_equals_the_reference_program() {
        let mut random = Random::new(1_234_567);
        let first: [u64; 3] = std::array::from_fn(|_| random.bits());
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_have_their_means_and_bounds() {
        let mut random = Random::of_user(1, 2, 3);
        let mut counts = [0u32; 4];
        for _ in 0..100_000 {
            assert!((5..=9).contains(&random.between(5, 9)));
            counts[random.weighted([1, 0, 3].into_iter())] += 1;
            counts[3] += u32::from(random.chance(300));
        }
        assert!(
            counts[0].abs_diff(25_000) < 1_000 && counts[1] == 0 && counts[3].abs_diff(30_000) < 1_000,
            "{counts:?}"
        );
        assert_eq!((random.below(0), random.between(7, 3), random.pick::<u8>(&[])), (0, 7, None));
    }
}
