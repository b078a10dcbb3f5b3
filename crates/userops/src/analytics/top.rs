//! How many are the first of a ranking, by their share of all.

/// A share of a whole number may be off by rounding: 0.07 · 100 is a little more than 7.
const ROUNDING: f64 = 1e-9;

/// How many of `count` the share is: rounded up, at least one, at most all. `count` is above 0.
pub(crate) fn top_count(ratio: f64, count: u64) -> u64 {
    ((ratio * count as f64 - ROUNDING).ceil() as u64).clamp(1, count)
}

#[cfg(test)]
mod tests {
    use super::top_count;

    #[test]
    fn shares_of_whole_numbers_are_whole() {
        for (ratio, count, expected) in [(0.07, 100, 7), (0.1, 30, 3), (0.1, 31, 4), (1e-6, 5, 1), (1.0, 5, 5)] {
            assert_eq!(top_count(ratio, count), expected, "{ratio} of {count}");
        }
    }
}
