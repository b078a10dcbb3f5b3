//! Which events are conversions, and which are touches of which channel.

use std::collections::BTreeSet;
use std::ops::Range;

use super::options::{AttributionOptions, TouchSource};
use super::row::UNATTRIBUTED;
use crate::column::{Packed, PackedCursor};
use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::log::EventLog;
use crate::rule::{EventMasks, EventPattern, MaskScratch, PATTERNS_MAX};
use crate::series::Codes;
use crate::time::Timestamp;

/// The most channels of one answer: more are campaigns or pages mapped as channels.
pub const CHANNELS_MAX: usize = 1_000;
/// The most patterns of touches: the conversion is a kind of event besides.
const TOUCH_PATTERNS_MAX: usize = PATTERNS_MAX - 1;
/// The bit of the conversion.
const CONVERSION: u64 = 1;

/// Reads events as conversions and touches.
#[derive(Debug)]
pub(super) struct ChannelReader<'a> {
    masks: EventMasks<'a>,
    /// The channels' names, ascending.
    pub(super) names: Vec<String>,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// The channel of each row.
    Property(Packed<u32>),
    /// The channel of each pattern.
    Patterns(Vec<u32>),
}

/// What an event is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Role {
    pub(super) is_conversion: bool,
    pub(super) channel: Option<u32>,
}

/// Memory that [`ChannelReader::read`] uses again.
#[derive(Debug, Default)]
pub(super) struct RoleScratch {
    masks: MaskScratch,
    words: Vec<u64>,
}

impl<'a> ChannelReader<'a> {
    /// # Errors
    /// `UnknownName` and `TypeMismatch` for patterns and the property; `LimitExceeded` for too many patterns or channels;
    /// `InvalidDefinition` for a channel with a name that stands for something else.
    pub(super) fn new(log: &'a EventLog, as_of: Timestamp, options: &AttributionOptions) -> Result<Self> {
        let mut patterns = vec![options.conversion.clone()];
        let (names, source) = match &options.touches {
            TouchSource::Property { property, touch } => {
                patterns.push(touch.clone());
                let codes = Codes::new(property, log.property(property)?)?;
                check_count(codes.len())?;
                by_name(&codes, options)
            }
            TouchSource::Patterns(touches) => {
                if touches.len() > TOUCH_PATTERNS_MAX {
                    return Err(limit_exceeded(format!(
                        "{} patterns of touches are more than the limit {TOUCH_PATTERNS_MAX}; a pattern may hold any \
                         number of names, or let a property say the channel",
                        touches.len()
                    )));
                }
                patterns.extend(touches.iter().map(|touch| -> EventPattern { touch.pattern() }));
                let names = touches.iter().map(|touch| touch.channel.as_str());
                let names = all_names(names, options);
                let place = |name: &String| names.partition_point(|known| known < name) as u32;
                let of_pattern = touches.iter().map(|touch| place(&touch.channel)).collect();
                (names, Source::Patterns(of_pattern))
            }
        };
        check_count(names.len())?;
        if names.iter().any(|name| name == UNATTRIBUTED) {
            let message = format!("a channel cannot be named {UNATTRIBUTED:?}, which the answer uses itself");
            return Err(invalid_definition(message));
        }
        Ok(Self { masks: EventMasks::new(log, &log.calendar(as_of), &patterns)?, names, source })
    }

    pub(super) fn cursor(&self) -> Option<PackedCursor<'_, u32>> {
        match &self.source {
            Source::Property(channels) => Some(PackedCursor::new(channels)),
            Source::Patterns(_) => None,
        }
    }

    /// Shows the role of each of these rows that has one.
    #[inline]
    pub(super) fn read(
        &self,
        rows: Range<usize>,
        scratch: &mut RoleScratch,
        channels: &mut Option<PackedCursor<'_, u32>>,
        mut visit: impl FnMut(usize, Role),
    ) {
        self.masks.fill(rows.clone(), &mut scratch.masks, &mut scratch.words);
        for (row, mask) in rows.zip(&scratch.words) {
            if *mask == 0 {
                continue;
            }
            let touch = mask & !CONVERSION;
            let channel = match (&self.source, channels.as_mut()) {
                _ if touch == 0 => None,
                (Source::Patterns(of_pattern), _) => of_pattern.get(touch.trailing_zeros() as usize - 1).copied(),
                (Source::Property(_), Some(cursor)) => cursor.get(row),
                (Source::Property(channels), None) => channels.get(row),
            };
            let is_conversion = mask & CONVERSION != 0;
            if is_conversion || channel.is_some() {
                visit(row, Role { is_conversion, channel });
            }
        }
    }
}

fn check_count(count: usize) -> Result<()> {
    if count > CHANNELS_MAX {
        return Err(limit_exceeded(format!(
            "{count} channels are more than the limit {CHANNELS_MAX}; map them to fewer with patterns"
        )));
    }
    Ok(())
}

/// The names of channels that are touched, or cost something.
fn all_names<'b>(touched: impl Iterator<Item = &'b str>, options: &'b AttributionOptions) -> Vec<String> {
    let names: BTreeSet<&str> = touched.chain(options.cost_minor.keys().map(String::as_str)).collect();
    names.into_iter().map(str::to_owned).collect()
}

fn by_name(codes: &Codes, options: &AttributionOptions) -> (Vec<String>, Source) {
    let names = all_names(codes.labels.iter().map(String::as_str), options);
    let of_code: Vec<u32> =
        codes.labels.iter().map(|label| names.partition_point(|name| name < label) as u32).collect();
    (names, Source::Property(codes.of_row.map(|code| of_code[code as usize])))
}
