//! The same events through every format are the same log.

use std::sync::Arc;

use arrow_array::RecordBatchIterator;
use proptest::prelude::*;
use userops::id::UserId;
use userops::ingest::UserIdType;
use userops::log::EventLog;
use userops_io::{CsvOptions, FileFormat, LogReader, TableFormat, table_to_arrow};

use crate::support::{check_counts, events, gzip, mapping, read, schema, table_of, to_bytes, zstd};

proptest! {
    #[test]
    fn every_format_gives_the_log_of_the_events(
        events in events(),
        block_bytes in 1usize..200,
        cut in 1usize..20,
        compress in 0..3,
    ) {
        let integers = events.iter().all(|event| matches!(event.user, UserId::Integer(_)));
        let user_type = if integers { UserIdType::Integer } else { UserIdType::Text };
        let mapping = mapping().user_type(user_type);
        let table = table_of(&events);
        let (expected, expected_report) = EventLog::from_events(schema(), &events).unwrap();
        check_counts(&expected, &expected_report);
        let expected_rows: Vec<u64> = expected_report.rejections.iter().map(|rejection| rejection.row).collect();
        let expected_counts = (expected_report.read, expected_report.accepted, expected_report.duplicate);

        let mut readers = Vec::new();
        for format in TableFormat::ALL {
            let bytes = to_bytes(&table, format);
            let (bytes, stated) = match format {
                TableFormat::Parquet => (bytes, FileFormat::Parquet),
                TableFormat::JsonLines => (bytes, FileFormat::JsonLines),
                _ => (bytes, FileFormat::Csv(CsvOptions::new().delimiter(b','))),
            };
            let bytes = match compress {
                1 if format != TableFormat::Parquet => gzip(&bytes),
                2 if format != TableFormat::Parquet => zstd(&bytes),
                _ => bytes,
            };
            let reader = LogReader::new(schema(), mapping.clone()).block_bytes(block_bytes);
            readers.push((format!("{format:?}"), reader.format(stated).bytes("bytes", bytes)));
        }
        let batch = table_to_arrow(&table).unwrap();
        let slices: Vec<_> = (0..batch.num_rows())
            .step_by(cut)
            .map(|start| Ok(batch.slice(start, cut.min(batch.num_rows() - start))))
            .collect();
        let stream = RecordBatchIterator::new(slices, Arc::clone(&batch.schema()));
        readers.push(("Arrow".to_owned(), LogReader::new(schema(), mapping.clone()).arrow("arrow", stream)));

        for (name, reader) in readers {
            let (log, report) = read(reader).unwrap();
            prop_assert_eq!(&log, &expected, "{}", name);
            prop_assert_eq!((report.read, report.accepted, report.duplicate), expected_counts, "{}", name);
            let rows: Vec<u64> = report.rejections.iter().map(|rejection| rejection.row).collect();
            prop_assert_eq!(&rows, &expected_rows, "{}", name);
        }
    }
}
