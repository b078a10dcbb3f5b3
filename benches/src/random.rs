//! Random numbers that are the same on every machine and in every release.
//!
//! Published generators change their streams between releases; a benchmark log must not. The two
//! algorithms here are fixed by their papers. All distributions are built from the four operations,
//! `sqrt` (both exact under IEEE 754) and `libm`, so that no platform's mathematics library can
//! change a bit.

/// The generator xoshiro256++ of Blackman and Vigna.
///
/// Source: D. Blackman, S. Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS
/// 47(4), 2021. Its period is 2^256 − 1 and it is not meant for secrets.
#[derive(Debug, Clone)]
pub(crate) struct Random {
    state: [u64; 4],
}

impl Random {
    /// Fills the state from a seed by SplitMix64, as the authors of xoshiro advise.
    pub(crate) fn new(seed: u64) -> Self {
        let mut split = seed;
        let state = std::array::from_fn(|_| split_mix_64(&mut split));
        Self { state }
    }

    /// Returns the next 64 random bits.
    pub(crate) fn bits(&mut self) -> u64 {
        let s = &mut self.state;
        let result = s[0].wrapping_add(s[3]).rotate_left(23).wrapping_add(s[0]);
        let shifted = s[1] << 17;
        s[2] ^= s[0];
        s[3] ^= s[1];
        s[1] ^= s[2];
        s[0] ^= s[3];
        s[2] ^= shifted;
        s[3] = s[3].rotate_left(45);
        result
    }

    /// Returns a multiple of 2^-53 in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        const STEP: f64 = 1.0 / (1_u64 << 53) as f64;
        (self.bits() >> 11) as f64 * STEP
    }

    /// Returns a whole number below `limit` by one multiplication (Lemire 2019).
    ///
    /// The rejection step is left out: for the small limits used here its bias is below 2^-32.
    pub(crate) fn below(&mut self, limit: u32) -> u32 {
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u32
    }

    /// Returns true with the given probability.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Draws from the exponential distribution with the given mean, by inversion.
    pub(crate) fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Draws from the normal distribution by Marsaglia's polar method (1964).
    pub(crate) fn normal(&mut self, mean: f64, deviation: f64) -> f64 {
        loop {
            let x = 2.0 * self.unit() - 1.0;
            let y = 2.0 * self.unit() - 1.0;
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                return mean + deviation * x * libm::sqrt(-2.0 * libm::log(square) / square);
            }
        }
    }

    /// Returns the position of one weight; a weight counts parts in their common sum.
    pub(crate) fn weighted<const N: usize>(&mut self, weights: &[u32; N]) -> u8 {
        let mut rest = self.below(weights.iter().sum());
        for (position, &weight) in (0_u8..).zip(weights) {
            if rest < weight {
                return position;
            }
            rest -= weight;
        }
        // Not reached while a weight is positive: `rest` starts below the sum.
        0
    }

    /// Puts the items in random order (Fisher and Yates, in Durstenfeld's form).
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

/// The generator SplitMix64: G. Steele, D. Lea, C. Flood, "Fast splittable pseudorandom number
/// generators", OOPSLA 2014.
fn split_mix_64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference programs in C, for state 1234567 and for state 1, 2, 3,
    /// 4.
    #[test]
    fn streams_equal_the_reference_programs() {
        let mut split = 1_234_567;
        let first: [u64; 3] = std::array::from_fn(|_| split_mix_64(&mut split));
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);

        let mut random = Random { state: [1, 2, 3, 4] };
        let first: [u64; 4] = std::array::from_fn(|_| random.bits());
        assert_eq!(first, [41_943_041, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386]);
    }

    #[test]
    fn distributions_have_their_means() {
        const DRAWS: u32 = 100_000;
        let mut random = Random::new(1);
        let mut mean = |mut draw: Box<dyn FnMut(&mut Random) -> f64>| {
            (0..DRAWS).map(|_| draw(&mut random)).sum::<f64>() / f64::from(DRAWS)
        };
        assert!((mean(Box::new(Random::unit)) - 0.5).abs() < 0.01);
        assert!((mean(Box::new(|r| r.exponential(3.0))) - 3.0).abs() < 0.05);
        assert!((mean(Box::new(|r| r.normal(-2.0, 4.0))) + 2.0).abs() < 0.05);
        assert!((mean(Box::new(|r| f64::from(r.below(11)))) - 5.0).abs() < 0.05);
        assert!((mean(Box::new(|r| f64::from(r.weighted(&[1, 0, 3])))) - 1.5).abs() < 0.05);
    }

    #[test]
    fn shuffling_keeps_the_items() {
        let mut items: Vec<u32> = (0..1000).collect();
        Random::new(1).shuffle(&mut items);
        assert!(!items.is_sorted());
        items.sort_unstable();
        assert!(items.into_iter().eq(0..1000));
    }
}
