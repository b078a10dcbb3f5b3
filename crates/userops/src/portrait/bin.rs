//! Numbers in bins: where the cuts are, and what the bins are called.

use super::options::INTEGER_CATEGORIES_MAX;

/// The most decimals a cut is rounded to; finer ones are left as they are.
const DECIMALS_MAX: i32 = 12;

/// The values or bins of a dimension of numbers: bin i holds the values in (cut i − 1, cut i].
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Bins<T> {
    /// The upper ends of all bins but the last, ascending.
    pub(super) cuts: Vec<T>,
    /// A name per bin, one more than there are cuts; none where there are no values.
    pub(super) labels: Vec<String>,
}

impl<T: PartialOrd + Copy> Bins<T> {
    /// The bin of a value.
    pub(super) fn position(&self, value: T) -> usize {
        self.cuts.partition_point(|cut| *cut < value)
    }
}

/// The bins of whole numbers in ascending order: one per value where these are few.
pub(super) fn integer_bins(sorted: &[i64], bins: u8, show: impl Fn(i64) -> String) -> Bins<i64> {
    let mut distinct: Vec<i64> =
        sorted.chunk_by(|a, b| a == b).map(|run| run[0]).take(INTEGER_CATEGORIES_MAX + 1).collect();
    if distinct.len() <= INTEGER_CATEGORIES_MAX {
        let labels = distinct.iter().map(|value| show(*value)).collect();
        distinct.pop();
        return Bins { cuts: distinct, labels };
    }
    let cuts = rank_cuts(sorted, bins);
    let ends = cuts.iter().copied().map(Some).chain([None]);
    let mut low = None;
    let labels = ends.map(|high| {
        let label = match (low, high) {
            (None, Some(high)) if sorted.first() == Some(&high) => show(high),
            (None, Some(high)) => format!("≤ {}", show(high)),
            (Some(low), Some(high)) if low == high => show(high),
            (Some(low), Some(high)) => range(&show(low), &show(high)),
            (Some(low), None) => format!("≥ {}", show(low)),
            (None, None) => String::new(),
        };
        low = high.map(|high| high.saturating_add(1));
        label
    });
    Bins { labels: labels.collect(), cuts }
}

/// The bins of floats in ascending order.
pub(super) fn float_bins(sorted: &[f64], bins: u8) -> Bins<f64> {
    let (Some(&least), Some(&greatest)) = (sorted.first(), sorted.last()) else {
        return Bins { cuts: Vec::new(), labels: Vec::new() };
    };
    let cuts = round_cuts(&rank_cuts(sorted, bins), greatest);
    let mut labels = Vec::with_capacity(cuts.len() + 1);
    let mut low = None;
    for &high in &cuts {
        labels.push(match low {
            None if high == least => number(high),
            None => format!("≤ {}", number(high)),
            Some(low) => range(&number(low), &number(high)),
        });
        low = Some(high);
    }
    labels.push(low.map_or_else(|| number(greatest), |low| format!("> {}", number(low))));
    Bins { cuts, labels }
}

/// The values of rank ⌈n·i/bins⌉ for i from 1 to bins − 1, each once; the greatest value is none of them, but gives
/// way to the next below.
fn rank_cuts<T: PartialOrd + Copy>(sorted: &[T], bins: u8) -> Vec<T> {
    let Some(&greatest) = sorted.last() else { return Vec::new() };
    let below_greatest = sorted[..sorted.partition_point(|value| *value < greatest)].last().copied();
    let rank = |i: u8| (sorted.len() as u128 * u128::from(i)).div_ceil(u128::from(bins)) as usize;
    let at = |i| Some(sorted[rank(i) - 1]).filter(|value| *value < greatest).or(below_greatest);
    let mut cuts: Vec<T> = (1..bins).filter_map(at).collect();
    cuts.dedup();
    cuts
}

/// Cuts rounded up, so that what was below a cut stays there, and by so little that no cut reaches the next.
fn round_cuts(cuts: &[f64], greatest: f64) -> Vec<f64> {
    let nexts = cuts.iter().skip(1).copied().chain([greatest]);
    let gap = cuts.iter().zip(nexts).map(|(cut, next)| next - cut).fold(f64::INFINITY, f64::min);
    let decimals = (2.0 - libm::log10(gap).floor()).clamp(0.0, f64::from(DECIMALS_MAX) + 1.0) as i32;
    if decimals > DECIMALS_MAX {
        return cuts.to_vec();
    }
    cuts.iter().map(|cut| round_up(*cut, decimals)).collect()
}

/// The least number of this many decimals that is not below `value`, or `value` itself where floats are too coarse.
fn round_up(value: f64, decimals: i32) -> f64 {
    let rounded = |value: f64| format!("{value:.*}", decimals.unsigned_abs() as usize).parse::<f64>().ok();
    let near = rounded(value).filter(|near| *near >= value);
    let up = near.or_else(|| rounded(value + 10f64.powi(-decimals)).filter(|up| *up >= value));
    // Adding 0 makes a negative zero positive.
    up.unwrap_or(value) + 0.0
}

/// A float as short as it can be said exactly.
fn number(value: f64) -> String {
    if value == 0.0 || (1e-5..1e16).contains(&value.abs()) { value.to_string() } else { format!("{value:e}") }
}

/// `3–7`, and `-7 to -3` where a dash could be taken for a sign.
fn range(low: &str, high: &str) -> String {
    if low.starts_with('-') || high.starts_with('-') { format!("{low} to {high}") } else { format!("{low}–{high}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_whole_numbers_are_categories_and_many_are_bins() {
        let show = |value: i64| value.to_string();
        let few = integer_bins(&[1, 1, 2, 9], 5, show);
        assert_eq!((few.cuts, few.labels), (vec![1, 2], vec!["1".to_owned(), "2".to_owned(), "9".to_owned()]));
        let many: Vec<i64> = (-4..16).collect();
        let bins = integer_bins(&many, 4, show);
        assert_eq!(bins.cuts, [0, 5, 10]);
        assert_eq!(bins.labels, ["≤ 0", "1–5", "6–10", "≥ 11"]);
        let mut zeros = vec![0; 50];
        zeros.extend(1..=50);
        assert_eq!(integer_bins(&zeros, 5, show).labels, ["0", "1–10", "11–30", "≥ 31"]);
        assert_eq!(integer_bins(&(-20..-5).collect::<Vec<_>>(), 3, show).labels, ["≤ -16", "-15 to -11", "≥ -10"]);
        assert!(integer_bins(&[], 5, show).labels.is_empty());
    }

    #[test]
    fn a_value_that_most_share_has_its_own_bin() {
        let mut sorted: Vec<i64> = (0..15).collect();
        sorted.extend([15; 200]);
        assert_eq!(integer_bins(&sorted, 5, |value| value.to_string()).labels, ["≤ 14", "≥ 15"]);
    }

    #[test]
    fn cuts_of_floats_are_rounded_up_but_never_past_the_next() {
        let thirds: Vec<f64> = (0..100).map(|value| f64::from(value) / 3.0).collect();
        let bins = float_bins(&thirds, 4);
        assert_eq!(bins.cuts, [8.0, 16.34, 24.67]);
        assert_eq!(bins.labels, ["≤ 8", "8–16.34", "16.34–24.67", "> 24.67"]);
        for sorted in [[1.0, 1.0 + 1e-15, 1.0 + 2e-15], [1e-300, 2e-300, 3e-300], [-1e308, 0.0, 1e308]] {
            let bins = float_bins(&sorted, 3);
            assert_eq!(bins.labels.len(), 3, "{bins:?}");
            assert_eq!(sorted.map(|value| bins.position(value)), [0, 1, 2], "{bins:?}");
        }
        assert_eq!(float_bins(&[0.5; 9], 5).labels, ["0.5"]);
        assert!(float_bins(&[], 5).labels.is_empty());
    }
}
