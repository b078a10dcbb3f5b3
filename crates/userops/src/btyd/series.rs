//! Power series of positive terms, whose coefficients are kept from one argument to the next.

/// Coefficients that are worked out, kept and added up together.
const BLOCK: usize = 8;
/// Blocks that a series has at most: longer ones are better summed in another way.
const BLOCKS_MAX: usize = 64;
/// How many terms a series has at most.
pub(super) const TERMS_MAX: usize = BLOCK * BLOCKS_MAX;
/// What is left out is a smaller part of the sum, and does not change it.
const NEGLIGIBLE: f64 = 1e-17;
/// The arguments of so many equal parts of 0 to 1 take the same number of blocks.
const PARTS: usize = 64;

/// The coefficients of a series, one after the other, all positive.
pub(super) trait Coefficients {
    /// The next coefficient.
    fn next(&mut self) -> f64;

    /// What the coefficient after the last one is as a multiple of it.
    fn ratio(&self) -> f64;
}

/// What is known of the coefficients after a block.
#[derive(Debug, Clone, Copy)]
struct Tail {
    /// The first coefficient after the block.
    next: f64,
    /// No coefficient after that one is more than so many times the one before it.
    ratio: f64,
}

/// A series with the coefficients that were needed so far.
#[derive(Debug, Clone)]
pub(super) struct Series<C> {
    coefficients: C,
    blocks: Vec<[f64; BLOCK]>,
    tails: Vec<Tail>,
    /// How many blocks an argument of a part takes: 0 where that is not known yet, and more than there may be where the
    /// series is too long.
    block_counts: [u8; PARTS + 1],
}

impl<C: Coefficients> Series<C> {
    pub(super) fn new(coefficients: C) -> Self {
        Self { coefficients, blocks: Vec::new(), tails: Vec::new(), block_counts: [0; PARTS + 1] }
    }

    /// The sum at an argument from 0 to 1, or `None` where it has more than [`TERMS_MAX`] terms. What was asked for before
    /// makes no difference.
    #[inline]
    pub(super) fn sum(&mut self, u: f64) -> Option<f64> {
        let part = (u * PARTS as f64) as usize;
        let block_count = match self.block_counts[part] {
            0 => self.count_blocks(part),
            count => usize::from(count),
        };
        let blocks = self.blocks.get(..block_count)?;
        let (u2, u4) = (u * u, (u * u) * (u * u));
        let u8 = u4 * u4;
        let mut power = 1.0;
        // Terms that lie eight apart are added up by themselves, so that none waits for the one before it.
        let mut sums = [0.0; BLOCK];
        for block in blocks {
            for (sum, coefficient) in sums.iter_mut().zip(block) {
                *sum += coefficient * power;
            }
            power *= u8;
        }
        let low = (sums[0] + sums[1] * u) + (sums[2] + sums[3] * u) * u2;
        let high = (sums[4] + sums[5] * u) + (sums[6] + sums[7] * u) * u2;
        Some(low + high * u4)
    }

    /// Counts the blocks that the greatest argument of a part takes. At a lesser one the terms left are a lesser part of the
    /// sum.
    #[cold]
    fn count_blocks(&mut self, part: usize) -> usize {
        let u = (part + 1) as f64 / PARTS as f64;
        let (mut power, mut least) = (1.0, 0.0);
        let mut count = 0;
        while count < BLOCKS_MAX {
            if count == self.blocks.len() {
                self.extend();
            }
            least += self.blocks[count][0] * power;
            power *= libm::pow(u, BLOCK as f64);
            let tail = self.tails[count];
            count += 1;
            // The terms left fall at least as fast as a geometric series.
            if tail.next * power <= NEGLIGIBLE * least * (1.0 - u * tail.ratio) {
                self.block_counts[part] = count as u8;
                return count;
            }
        }
        self.block_counts[part] = u8::MAX;
        usize::from(u8::MAX)
    }

    /// Works out a block more.
    fn extend(&mut self) {
        let block: [f64; BLOCK] = std::array::from_fn(|_| self.coefficients.next());
        let ratio = self.coefficients.ratio();
        self.tails.push(Tail { next: block[BLOCK - 1] * ratio, ratio: ratio.max(1.0) });
        self.blocks.push(block);
    }
}

/// What is the same for all customers with equally many purchases, kept for the numbers that most customers have.
#[derive(Debug)]
pub(super) struct ByRepeats<T> {
    few: Vec<Option<T>>,
    many: Option<T>,
}

impl<T> Default for ByRepeats<T> {
    fn default() -> Self {
        Self { few: Vec::new(), many: None }
    }
}

impl<T> ByRepeats<T> {
    /// Numbers of purchases up to here are kept.
    const FEW: usize = 64;

    #[inline]
    pub(super) fn get(&mut self, repeats: u32, make: impl FnOnce() -> T) -> &mut T {
        let place = repeats as usize;
        if place >= Self::FEW {
            return self.many.insert(make());
        }
        if place >= self.few.len() {
            self.few.resize_with(Self::FEW, || None);
        }
        self.few[place].get_or_insert_with(make)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// (1 − u)^−shape = Σ (shape)ₙ / n! · uⁿ.
    struct Binomial {
        shape: f64,
        n: f64,
        last: f64,
    }

    impl Coefficients for Binomial {
        fn next(&mut self) -> f64 {
            self.last = if self.n == 0.0 { 1.0 } else { self.last * (self.shape + self.n - 1.0) / self.n };
            self.n += 1.0;
            self.last
        }

        fn ratio(&self) -> f64 {
            (self.shape + self.n - 1.0) / self.n
        }
    }

    #[test]
    fn a_series_is_summed_to_the_last_digits_whatever_was_asked_before() {
        for shape in [0.3, 1.0, 2.5, 40.0] {
            let series = || Series::new(Binomial { shape, n: 0.0, last: 1.0 });
            let mut kept = series();
            for u in [0.0, 0.8, 1e-9, 0.1, 0.5, 0.6, 1e-300] {
                let Some(found) = kept.sum(u) else {
                    // The greatest terms are about the hundred and sixtieth.
                    assert_eq!((shape, u), (40.0, 0.8));
                    continue;
                };
                let expected = libm::pow(1.0 - u, -shape);
                assert!((found / expected - 1.0).abs() < 4e-15 * (1.0 + shape), "{shape} {u}: {found} {expected}");
                assert_eq!(series().sum(u).unwrap().to_bits(), found.to_bits());
            }
            assert_eq!((kept.sum(0.999), kept.sum(1.0), series().sum(1.0)), (None, None, None));
        }
    }

    #[test]
    fn few_are_kept_and_many_are_made_anew() {
        let mut kept = ByRepeats::default();
        let mut made = 0;
        for repeats in [0, 3, 63, 3, 0, 64, 64, 1_000_000] {
            let value = *kept.get(repeats, || {
                made += 1;
                repeats
            });
            assert_eq!(value, repeats);
        }
        assert_eq!(made, 6);
    }
}
