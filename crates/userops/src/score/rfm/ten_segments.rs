//! The ten segments over recency and frequency.

use super::{CellScheme, SegmentRule};

/// Scores per measure that the ten segments are defined on.
const BINS: [u8; 3] = [5; 3];

impl CellScheme {
    /// The ten segments over recency and frequency scores of 1 to 5; the monetary score makes no difference.
    ///
    /// | segment | recency | frequency |
    /// | --- | --- | --- |
    /// | champions | 5 | 4–5 |
    /// | loyal_customers | 3–4 | 4–5 |
    /// | potential_loyalists | 4–5 | 2–3 |
    /// | new_customers | 5 | 1 |
    /// | promising | 4 | 1 |
    /// | need_attention | 3 | 3 |
    /// | about_to_sleep | 3 | 1–2 |
    /// | at_risk | 1–2 | 3–4 |
    /// | cant_lose | 1–2 | 5 |
    /// | hibernating | 1–2 | 1–2 |
    ///
    /// This is the two-score map that most published RFM code uses; each of the 25 cells has one name.
    #[must_use]
    pub fn ten_segments() -> Self {
        let rules = [
            SegmentRule::new("champions").recency(5).frequency(4..=5),
            SegmentRule::new("loyal_customers").recency(3..=4).frequency(4..=5),
            SegmentRule::new("potential_loyalists").recency(4..=5).frequency(2..=3),
            SegmentRule::new("new_customers").recency(5).frequency(1),
            SegmentRule::new("promising").recency(4).frequency(1),
            SegmentRule::new("need_attention").recency(3).frequency(3),
            SegmentRule::new("about_to_sleep").recency(3).frequency(1..=2),
            SegmentRule::new("at_risk").recency(1..=2).frequency(3..=4),
            SegmentRule::new("cant_lose").recency(1..=2).frequency(5),
            SegmentRule::new("hibernating").recency(1..=2).frequency(1..=2),
        ];
        Self::from_rules(BINS, rules.into(), None)
    }
}
