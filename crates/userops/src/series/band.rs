//! The band in which a value is to be expected, from the values before it.

use serde::{Deserialize, Serialize};

use crate::analytics::interval::Interval;
use crate::analytics::period::CalendarPeriod;
use crate::analytics::quantile::quantile;
use crate::error::{Result, invalid_argument};

/// Periods that are looked back at unless asked otherwise: of days, two months of the same weekday.
pub const BASELINE_PERIODS: u16 = 8;
/// The most of them: with days, ten years.
pub const BASELINE_PERIODS_MAX: u16 = 520;
/// The fewest that a band is made from unless asked otherwise: of three values a median deviation says nearly nothing.
pub const BASELINE_PERIODS_MIN: u16 = 4;
/// Half the width of the band in median absolute deviations unless asked otherwise.
///
/// Of normal values the standard deviation is 1.4826 median absolute deviations (Rousseeuw & Croux, *Journal of the
/// American Statistical Association* 88, 1993), so 4.5 of them are three standard deviations.
pub const MAD_FACTOR: f64 = 4.5;
/// Half the width of the band, at least this share of the expected value, unless asked otherwise: where the past was
/// constant the deviation is 0, and a change by less than a tenth is still no news.
pub const WIDTH_RATIO_MIN: f64 = 0.1;
/// Days of one weekday are this far apart.
const WEEK_DAYS: usize = 7;

/// How the expected band is made.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BandOptions {
    /// How many periods before are looked at, 1 to [`BASELINE_PERIODS_MAX`]: of days those of the same weekday, of weeks
    /// and months those right before.
    pub baseline_periods: u16,
    /// How many known values among them make a band, 1 to `baseline_periods`.
    pub baseline_periods_min: u16,
    /// Half the width in median absolute deviations; not negative.
    pub mad_factor: f64,
    /// Half the width as a share of the expected value, at least; not negative.
    pub width_ratio_min: f64,
}

impl Default for BandOptions {
    fn default() -> Self {
        Self {
            baseline_periods: BASELINE_PERIODS,
            baseline_periods_min: BASELINE_PERIODS_MIN,
            mad_factor: MAD_FACTOR,
            width_ratio_min: WIDTH_RATIO_MIN,
        }
    }
}

impl BandOptions {
    pub(super) fn check(&self) -> Result<()> {
        let ranges = [
            ("baseline_periods", self.baseline_periods, BASELINE_PERIODS_MAX),
            ("baseline_periods_min", self.baseline_periods_min, self.baseline_periods),
        ];
        for (name, value, max) in ranges {
            if !(1..=max).contains(&value) {
                return Err(invalid_argument(format!("{name} = {value} is not in the range 1 to {max}")));
            }
        }
        for (name, value) in [("mad_factor", self.mad_factor), ("width_ratio_min", self.width_ratio_min)] {
            if !(value.is_finite() && value >= 0.0) {
                return Err(invalid_argument(format!("{name} = {value} is not a number of 0 or more")));
            }
        }
        Ok(())
    }
}

/// What a value is expected to be.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Band {
    /// The median of the values looked back at.
    pub expected: f64,
    /// From where to where a value is no surprise, both ends included.
    pub range: Interval,
}

/// Makes the bands of one line; the memory is used again.
#[derive(Debug, Default)]
pub(super) struct BandMaker {
    values: Vec<f64>,
}

impl BandMaker {
    /// The band of the value at `at`, from values before it; none where too few of them are known.
    ///
    /// The middle is the median m of the baseline, half the width the greater of `mad_factor` times the median of the
    /// |value − m| and `width_ratio_min` times |m|. Medians are of type 7.
    pub(super) fn band(
        &mut self,
        line: &[Option<f64>],
        at: usize,
        period: CalendarPeriod,
        options: &BandOptions,
    ) -> Option<Band> {
        let step = if period == CalendarPeriod::Day { WEEK_DAYS } else { 1 };
        self.values.clear();
        let before = (1..=usize::from(options.baseline_periods)).map_while(|back| at.checked_sub(back * step));
        self.values.extend(before.filter_map(|index| line[index]));
        if self.values.len() < usize::from(options.baseline_periods_min) {
            return None;
        }
        let expected = self.median()?;
        self.values.iter_mut().for_each(|value| *value = (*value - expected).abs());
        let half = (options.mad_factor * self.median()?).max(options.width_ratio_min * expected.abs());
        Some(Band { expected, range: Interval { low: expected - half, high: expected + half } })
    }

    fn median(&mut self) -> Option<f64> {
        self.values.sort_unstable_by(f64::total_cmp);
        quantile(self.values.len(), 1, 2, |index| self.values[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outlier_in_the_past_does_not_widen_the_band() {
        // Leys et al., Journal of Experimental Social Psychology 49 (2013), 764–766: of 1, 3, 3, 6, 8, 10, 10, 1000 the median
        // is 7, and the deviations 6, 4, 4, 1, 1, 3, 3, 993 have the median 3.5.
        let line: Vec<Option<f64>> = [1.0, 3.0, 3.0, 6.0, 8.0, 10.0, 10.0, 1000.0, 0.0].map(Some).to_vec();
        let options = BandOptions { mad_factor: 2.0, ..BandOptions::default() };
        let band = BandMaker::default().band(&line, 8, CalendarPeriod::Month, &options).unwrap();
        assert_eq!((band.expected, band.range.low, band.range.high), (7.0, 0.0, 14.0));
    }

    #[test]
    fn days_look_back_at_their_weekday_and_need_enough_of_it() {
        let line: Vec<Option<f64>> = (0..36).map(|day| Some(f64::from(day % 7) * 10.0)).collect();
        let options = BandOptions::default();
        let mut maker = BandMaker::default();
        assert_eq!(maker.band(&line, 27, CalendarPeriod::Day, &options), None);
        let band = maker.band(&line, 33, CalendarPeriod::Day, &options).unwrap();
        assert_eq!((band.expected, band.range.low, band.range.high), (50.0, 45.0, 55.0));
        let mut gaps = line;
        gaps[12] = None;
        assert_eq!(maker.band(&gaps, 33, CalendarPeriod::Day, &options), None);
    }
}
