//! The touches that lead to a conversion, or to none.

use std::ops::Range;

use super::channel::{ChannelReader, RoleScratch};
use super::options::AttributionOptions;
use crate::column::PackedCursor;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::time::Timestamp;

/// One touch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Touch {
    pub(super) time: i64,
    pub(super) channel: u32,
}

/// What a journey comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A conversion; it may have no touch.
    Converted {
        time: i64,
        amount_minor: i64,
        /// Whether it is the user's first of all.
        is_first: bool,
    },
    /// No conversion, and the touches are too old for one to come.
    Ended,
    /// No conversion yet.
    Open,
}

/// Reads the journeys of users.
#[derive(Debug)]
pub(super) struct JourneyReader<'a> {
    log: &'a EventLog,
    as_of: Timestamp,
    options: &'a AttributionOptions,
    pub(super) channels: ChannelReader<'a>,
    /// Which conversions count, `[start, end)`.
    window: Range<i64>,
}

impl<'a> JourneyReader<'a> {
    pub(super) fn new(log: &'a EventLog, as_of: Timestamp, options: &'a AttributionOptions) -> Result<Self> {
        let range = options.window.range(as_of, &log.calendar(as_of))?;
        let channels = ChannelReader::new(log, as_of, options)?;
        Ok(Self { log, as_of, options, channels, window: range.start.as_micros()..range.end.as_micros() })
    }

    /// Shows the journeys that count: those that come to a conversion of the window, and those whose last touch is in it
    /// and that come to none.
    pub(super) fn visit(&self, users: Range<usize>, mut visit: impl FnMut(&[Touch], Outcome)) {
        let (mut scratch, mut cursor, mut touches) = (RoleScratch::default(), self.channels.cursor(), Vec::new());
        let mut amounts = PackedCursor::new(self.log.amount_minor());
        let times = self.log.time_micros();
        let lookback = self.options.lookback.as_micros();
        for user in users {
            touches.clear();
            // Touches before this have been shown with a conversion or without one.
            let (mut shown, mut is_first) = (0, true);
            let rows = self.log.events_of(UserIx(user as u32)).until(self.as_of).rows();
            self.channels.read(rows, &mut scratch, &mut cursor, |row, role| {
                let time = times[row];
                if role.is_conversion {
                    let oldest = time.saturating_sub(lookback);
                    let within = touches.partition_point(|touch: &Touch| touch.time < oldest);
                    if shown < within {
                        self.show_unconverted(&touches[shown..within], Outcome::Ended, &mut visit);
                    }
                    let start = if self.options.touches_reused { within } else { within.max(shown) };
                    shown = touches.len();
                    let amount_minor = amounts.get(row).unwrap_or(0);
                    if self.window.contains(&time) {
                        visit(&touches[start..], Outcome::Converted { time, amount_minor, is_first });
                    }
                    is_first = false;
                }
                if let Some(channel) = role.channel {
                    touches.push(Touch { time, channel });
                }
            });
            if let Some(last) = touches[shown..].last() {
                let is_open = last.time.saturating_add(lookback) > self.as_of.as_micros();
                let outcome = if is_open { Outcome::Open } else { Outcome::Ended };
                self.show_unconverted(&touches[shown..], outcome, &mut visit);
            }
        }
    }

    fn show_unconverted(&self, touches: &[Touch], outcome: Outcome, visit: &mut impl FnMut(&[Touch], Outcome)) {
        if touches.last().is_some_and(|last| self.window.contains(&last.time)) {
            visit(touches, outcome);
        }
    }
}
