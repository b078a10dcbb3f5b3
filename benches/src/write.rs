//! A log as the files that the engine and its peers load.

use std::error::Error;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMillisecondArray};
use arrow_schema::{ArrowError, DataType, Field, Schema, SchemaRef, TimeUnit};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use crate::generate::{CHANNELS, COUNTRIES, DAY_MS, DAYS, DEVICES, EVENT_NAMES, LogColumns, START_MS};

/// Rows of a Parquet row group: 1 Mi, the default of several writers, enough groups to share among
/// threads.
const ROW_GROUP_ROWS: usize = 1 << 20;

/// Names of the columns in both kinds of file.
const COLUMN_NAMES: [&str; 8] = ["user_id", "uid", "ts", "event", "amount", "country", "channel", "device"];

/// Returns the text form of a user's number: `u` and at least eight digits.
pub fn user_id(uid: i64) -> String {
    format!("u{uid:08}")
}

/// Writes a log as Parquet: Snappy pages, row groups of 1 Mi rows, dictionaries where they fit.
///
/// Texts are plain Arrow strings, not Arrow dictionaries, so that the file tells no reader how to
/// hold them.
///
/// # Errors
///
/// Fails when `out` does.
pub fn write_parquet(log: &LogColumns, out: impl Write + Send) -> Result<(), Box<dyn Error>> {
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(true)
        .set_max_row_group_row_count(Some(ROW_GROUP_ROWS))
        .build();
    let schema = parquet_schema();
    let mut writer = ArrowWriter::try_new(out, Arc::clone(&schema), Some(properties))?;
    for start in (0..log.len()).step_by(ROW_GROUP_ROWS) {
        let rows = start..log.len().min(start + ROW_GROUP_ROWS);
        writer.write(&record_batch(log, rows, Arc::clone(&schema))?)?;
        writer.flush()?;
    }
    writer.close()?;
    Ok(())
}

fn parquet_schema() -> SchemaRef {
    let types = [
        DataType::Utf8,
        DataType::Int64,
        DataType::Timestamp(TimeUnit::Millisecond, Some("UTC".into())),
        DataType::Utf8,
        DataType::Int64,
        DataType::Utf8,
        DataType::Utf8,
        DataType::Utf8,
    ];
    let field = |(name, data_type)| Field::new(name, data_type, name == "amount");
    Arc::new(Schema::new(COLUMN_NAMES.into_iter().zip(types).map(field).collect::<Vec<_>>()))
}

fn record_batch(log: &LogColumns, rows: Range<usize>, schema: SchemaRef) -> Result<RecordBatch, ArrowError> {
    let ids = StringArray::from_iter_values(log.uid[rows.clone()].iter().map(|&uid| user_id(uid)));
    let instants = TimestampMillisecondArray::from(log.ts_ms[rows.clone()].to_vec()).with_timezone("UTC");
    let columns: Vec<ArrayRef> = vec![
        Arc::new(ids),
        Arc::new(Int64Array::from(log.uid[rows.clone()].to_vec())),
        Arc::new(instants),
        texts(&log.event[rows.clone()], &EVENT_NAMES),
        Arc::new(Int64Array::from(log.amount_cents[rows.clone()].to_vec())),
        texts(&log.country[rows.clone()], &COUNTRIES),
        texts(&log.channel[rows.clone()], &CHANNELS),
        texts(&log.device[rows], &DEVICES),
    ];
    RecordBatch::try_new(schema, columns)
}

fn texts(codes: &[u8], names: &[&str]) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(codes.iter().map(|&code| names[usize::from(code)])))
}

/// Writes a log as CSV with a header, instants as `2025-01-06 00:00:00.000`, a missing amount as
/// nothing.
///
/// Give it a buffered `out`.
///
/// # Errors
///
/// Fails when `out` does.
pub fn write_csv(log: &LogColumns, mut out: impl Write) -> std::io::Result<()> {
    let dates = calendar_dates();
    writeln!(out, "{}", COLUMN_NAMES.join(","))?;
    for row in 0..log.len() {
        let uid = log.uid[row];
        write!(out, "u{uid:08},{uid},")?;
        write_instant(&mut out, log.ts_ms[row] - START_MS, &dates)?;
        write!(out, ",{},", EVENT_NAMES[usize::from(log.event[row])])?;
        if let Some(cents) = log.amount_cents[row] {
            write!(out, "{cents}")?;
        }
        writeln!(
            out,
            ",{},{},{}",
            COUNTRIES[usize::from(log.country[row])],
            CHANNELS[usize::from(log.channel[row])],
            DEVICES[usize::from(log.device[row])],
        )?;
    }
    out.flush()
}

fn write_instant(out: &mut impl Write, offset_ms: i64, dates: &[String]) -> std::io::Result<()> {
    let date = &dates[(offset_ms / DAY_MS) as usize];
    let of_day_ms = offset_ms % DAY_MS;
    let (hour, minute) = (of_day_ms / 3_600_000, of_day_ms / 60_000 % 60);
    let (second, milli) = (of_day_ms / 1_000 % 60, of_day_ms % 1_000);
    write!(out, "{date} {hour:02}:{minute:02}:{second:02}.{milli:03}")
}

/// Returns the date of each day of the log, from 2025-01-06 on; the log ends within that year.
fn calendar_dates() -> Vec<String> {
    const MONTH_DAYS: [u32; 12] = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    const FIRST_DAY_OF_YEAR: usize = 5;
    let year = (1..).zip(MONTH_DAYS).flat_map(|(month, days)| (1..=days).map(move |day| (month, day)));
    year.skip(FIRST_DAY_OF_YEAR)
        .take(usize::from(DAYS))
        .map(|(month, day)| format!("2025-{month:02}-{day:02}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use arrow_array::Array;
    use arrow_array::cast::AsArray;
    use arrow_array::types::{Int64Type, TimestampMillisecondType};
    use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

    use super::*;
    use crate::generate::{LogOptions, generate_log};

    #[test]
    fn the_calendar_starts_on_6_january_and_ends_on_4_july() {
        let dates = calendar_dates();
        assert_eq!(dates.len(), usize::from(DAYS));
        assert_eq!((dates[0].as_str(), dates[179].as_str()), ("2025-01-06", "2025-07-04"));
        assert_eq!((dates[25].as_str(), dates[26].as_str()), ("2025-01-31", "2025-02-01"));
    }

    #[test]
    fn csv_rows_read_as_documented() -> Result<(), Box<dyn Error>> {
        let order = LogColumns {
            uid: vec![12_345, 6],
            ts_ms: vec![START_MS, START_MS + DAY_MS + 3_723_004],
            event: vec![2, 6],
            amount_cents: vec![None, Some(990)],
            country: vec![0, 1],
            channel: vec![0, 1],
            device: vec![0, 1],
        };
        let mut text = Vec::new();
        write_csv(&order, &mut text)?;
        let expected = "user_id,uid,ts,event,amount,country,channel,device\n\
                        u00012345,12345,2025-01-06 00:00:00.000,view,,CN,organic,android\n\
                        u00000006,6,2025-01-07 01:02:03.004,order_paid,990,US,ads_douyin,ios\n";
        assert_eq!(String::from_utf8(text)?, expected);
        Ok(())
    }

    #[test]
    fn parquet_gives_the_columns_back() -> Result<(), Box<dyn Error>> {
        let log = generate_log(&LogOptions::new(1_000));
        let file = tempfile::tempfile()?;
        write_parquet(&log, file.try_clone()?)?;
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)?.build()?;
        let mut row = 0;
        for batch in reader {
            let batch = batch?;
            for index in 0..batch.num_rows() {
                let text = |column: usize| batch.column(column).as_string::<i32>().value(index);
                let amount = batch.column(4).as_primitive::<Int64Type>();
                assert_eq!(text(0), user_id(log.uid[row]));
                assert_eq!(batch.column(1).as_primitive::<Int64Type>().value(index), log.uid[row]);
                assert_eq!(batch.column(2).as_primitive::<TimestampMillisecondType>().value(index), log.ts_ms[row]);
                assert_eq!(text(3), EVENT_NAMES[usize::from(log.event[row])]);
                assert_eq!(amount.is_valid(index).then(|| amount.value(index)), log.amount_cents[row]);
                row += 1;
            }
        }
        assert_eq!(row, log.len());
        Ok(())
    }
}
