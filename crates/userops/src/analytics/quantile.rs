//! Quantiles of values in ascending order.

/// The quantile `part / parts` of `len` values, which `value` gives in ascending order.
///
/// Definition 7 of Hyndman & Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996):
/// linear between the neighbours of position (n − 1) · part / parts, counted from 0. The median of an even number of
/// values is the mean of the middle two. `None` without values or for a part beyond the whole.
pub(crate) fn quantile(len: usize, part: usize, parts: usize, value: impl Fn(usize) -> f64) -> Option<f64> {
    if len == 0 || part > parts || parts == 0 {
        return None;
    }
    let position = (len - 1) as u128 * part as u128;
    let below = (position / parts as u128) as usize;
    let weight = (position % parts as u128) as f64 / parts as f64;
    let low = value(below);
    if weight == 0.0 {
        return Some(low);
    }
    let high = value(below + 1);
    // Rounding must not put the quantile outside its neighbours.
    Some((low * (1.0 - weight) + high * weight).clamp(low, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_7_interpolates_between_neighbours() {
        let values = [1.0, 2.0, 4.0, 8.0];
        let at = |part, parts| quantile(values.len(), part, parts, |index| values[index]);
        assert_eq!(at(0, 4), Some(1.0));
        assert_eq!(at(1, 4), Some(1.75));
        assert_eq!(at(1, 2), Some(3.0));
        assert_eq!(at(3, 4), Some(5.0));
        assert_eq!(at(4, 4), Some(8.0));
        assert_eq!(quantile(1, 1, 2, |_| 7.0), Some(7.0));
        assert_eq!(quantile(0, 1, 2, |_| 7.0), None);
        assert_eq!(quantile(2, 1, 2, |index| [f64::MIN, f64::MAX][index]), Some(0.0));
    }
}
