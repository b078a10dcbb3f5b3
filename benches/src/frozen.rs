//! A generated log as the engine holds it, without a file in between.

use userops::column::Bitmap;
use userops::error::Result;
use userops::event::EventSchema;
use userops::ingest::{Ingest, Mapping, RawBatch, RawColumn, RawData, TimeUnit};
use userops::log::EventLog;

use crate::generate::{CHANNELS, COUNTRIES, DEVICES, EVENT_NAMES, LogColumns};

/// The columns of a generated log, as ingest takes them.
#[must_use]
pub fn raw_batch(columns: &LogColumns) -> RawBatch<'_> {
    let mut batch = RawBatch::new("generated", columns.len());
    batch.push("uid", RawColumn::new(RawData::Integer((&columns.uid[..]).into())));
    let time = RawData::Time { values: (&columns.ts_ms[..]).into(), unit: TimeUnit::Millis, zoned: true };
    batch.push("ts", RawColumn::new(time));
    batch.push("event", texts(&columns.event, &EVENT_NAMES));
    let known: Bitmap = columns.amount_cents.iter().map(Option::is_some).collect();
    let cents: Vec<i64> = columns.amount_cents.iter().map(|cents| cents.unwrap_or_default()).collect();
    batch.push("amount", RawColumn::with_valid(RawData::Integer(cents.into()), known));
    batch.push("country", texts(&columns.country, &COUNTRIES));
    batch.push("channel", texts(&columns.channel, &CHANNELS));
    batch.push("device", texts(&columns.device, &DEVICES));
    batch
}

fn texts<'a>(codes: &[u8], names: &[&'static str]) -> RawColumn<'a> {
    let codes: Vec<u32> = codes.iter().map(|code| u32::from(*code)).collect();
    let names: Vec<&'a str> = names.to_vec();
    RawColumn::new(RawData::Dictionary { codes: codes.into(), texts: names.into() })
}

/// The log of a batch.
///
/// # Errors
/// Those of [`Ingest`], none for a [`raw_batch`].
pub fn freeze(batch: &RawBatch<'_>) -> Result<EventLog> {
    let mapping = Mapping::new("uid", "ts").minor_amount("amount").all_other_columns();
    let mut ingest = Ingest::new(EventSchema::default(), mapping)?;
    ingest.push(batch)?;
    Ok(ingest.finish()?.0)
}
