//! Series: what happens per day, week or month, what was to be expected, and where the two part.
//!
//! [`build_series`] gives, for each kind of event and each measure, a value per calendar period, with a band around what
//! the same weekdays before let expect. [`build_portrait_series`] gives, period by period, who the active users are by an
//! attribute. Both are long tables: a row per period of each line, ready for a chart or a monitor.
//!
//! ```
//! use userops::analytics::period::CalendarPeriod;
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//! use userops::series::{SeriesMeasure, SeriesOptions, build_series};
//!
//! let events = [("ann", "2026-03-02"), ("bob", "2026-03-02"), ("ann", "2026-03-04")]
//!     .map(|(user, day)| Event::new(user, format!("{day}T09:00:00Z").parse().unwrap(), "view"));
//! let (log, _) = EventLog::from_events(EventSchema::default(), &events)?;
//! let options = SeriesOptions::new(CalendarPeriod::Day).measures([SeriesMeasure::UserCount]);
//! let series = build_series(&log, "2026-03-04T12:00:00Z".parse()?, options)?;
//! let values: Vec<_> = series.lines[0].points.iter().map(|point| point.value).collect();
//! assert_eq!(values, [Some(2.0), Some(0.0), Some(1.0)]);
//! assert!(!series.lines[0].points[2].complete);
//! # Ok::<(), userops::error::Error>(())
//! ```

mod band;
mod line;
mod options;
mod portrait;
mod split;
mod tally;

pub use band::{
    BASELINE_PERIODS, BASELINE_PERIODS_MAX, BASELINE_PERIODS_MIN, Band, BandOptions, MAD_FACTOR, WIDTH_RATIO_MIN,
};
pub use line::{Series, SeriesLine, SeriesPoint, build_series};
pub use options::{SeriesEvent, SeriesMeasure, SeriesOptions};
pub use portrait::{PortraitSeries, PortraitSeriesOptions, PortraitSeriesRow, build_portrait_series};
pub(crate) use split::Codes;
pub use split::{SPLIT_VALUES, SPLIT_VALUES_MAX, SeriesSplit, SplitBy, SplitKind, SplitValue};
pub use tally::CELLS_MAX;
