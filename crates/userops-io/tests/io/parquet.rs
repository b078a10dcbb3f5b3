//! Parquet.

use std::sync::Arc;

use arrow_array::types::{Int8Type, UInt16Type};
use arrow_array::{
    ArrayRef, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array, Int32Array, ListArray,
    RecordBatch, StringArray, StringViewArray, TimestampMillisecondArray, TimestampNanosecondArray, UInt64Array,
};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::EventSchema;
use userops::ingest::Mapping;
use userops::table::Table;
use userops_io::{FileFormat, LogReader, TableFormat};

use crate::support::{plain_mapping, read, read_bytes, refusal, rejections, to_bytes};

/// Writes a batch with this many rows in a group.
pub(crate) fn parquet_of(batch: &RecordBatch, group_rows: usize) -> Vec<u8> {
    let properties = WriterProperties::builder().set_max_row_group_row_count(Some(group_rows)).build();
    let mut writer = ArrowWriter::try_new(Vec::new(), batch.schema(), Some(properties)).unwrap();
    writer.write(batch).unwrap();
    writer.into_inner().unwrap()
}

fn small_table() -> Table {
    Table::new(3)
        .with("user", vec!["a", "b", "a"])
        .unwrap()
        .with("time", vec!["2026-03-01", "2026-03-02", "bad"])
        .unwrap()
        .with("event", vec!["x", "y", "x"])
        .unwrap()
        .with("amount", vec![Some(1.5), None, Some(2.0)])
        .unwrap()
}

#[test]
fn types_of_other_writers_are_read() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(UInt64Array::from(vec![Some(1), Some(2), Some(u64::MAX), None]))),
        ("time", Arc::new(TimestampNanosecondArray::from(vec![1_999, 2_000, 3_000, 4_000]))),
        (
            "event",
            Arc::new(vec![Some("x"), Some("y"), Some("x"), None].into_iter().collect::<DictionaryArray<Int8Type>>()),
        ),
        (
            "amount",
            Arc::new(
                Decimal128Array::from(vec![Some(1250), None, Some(0), Some(0)]).with_precision_and_scale(9, 2).unwrap(),
            ),
        ),
        ("day", Arc::new(Date32Array::from(vec![1, 2, 3, 4]))),
        ("narrow", Arc::new(Int32Array::from(vec![1, 2, 3, 4]))),
        ("short", Arc::new(Float32Array::from(vec![0.1, 2.0, 3.0, 4.0]))),
        ("view", Arc::new(StringViewArray::from(vec![Some("a long text that is not inlined"), None, Some(""), None]))),
        ("zoned", Arc::new(TimestampMillisecondArray::from(vec![1, 2, 3, 4]).with_timezone("Asia/Shanghai"))),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let mapping = plain_mapping();
    let mapping = ["day", "narrow", "short", "view", "zoned"].into_iter().fold(mapping, |m, name| m.property(name));
    let (log, report) = read_bytes(mapping, parquet_of(&batch, 2)).unwrap();
    assert_eq!(
        rejections(&report),
        [
            "input row 3, user: the value is of the wrong type: \"18446744073709551615\"",
            "input row 4, user: the value is missing: \"\""
        ]
    );
    assert_eq!(log.time_micros(), [1, 2]);
    assert_eq!(log.amount_minor().iter().collect::<Vec<_>>(), [Some(1250), None]);
    let shown: Vec<String> = log
        .properties()
        .map(|(name, column)| format!("{name} {} {}", column.value_type(), column.get(0).unwrap()))
        .collect();
    assert_eq!(
        shown,
        [
            "day date 1970-01-02",
            "narrow integer 1",
            "short float 0.1",
            "view text a long text that is not inlined",
            "zoned time 1970-01-01T00:00:00.001Z",
        ]
    );
}

#[test]
fn a_column_of_a_foreign_type_matters_only_where_it_is_used() {
    let list: ListArray = ListArray::from_iter_primitive::<UInt16Type, _, _>([Some([Some(1)]), None]);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(StringArray::from(vec!["a", "b"]))),
        ("list", Arc::new(list)),
        ("time", Arc::new(StringArray::from(vec!["2026-03-01", "2026-03-01"]))),
        ("event", Arc::new(StringArray::from(vec!["x", "x"]))),
    ];
    let bytes = parquet_of(&RecordBatch::try_from_iter(columns).unwrap(), 10);
    assert_eq!(read_bytes(Mapping::new("user", "time"), &bytes).unwrap().0.event_count(), 2);
    let error = refusal(Mapping::new("user", "time").all_other_columns(), &bytes);
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    assert!(error.to_string().starts_with("input: the column \"list\" is of type List("), "{error}");
}

#[test]
fn missing_columns_and_wrong_types_are_refused_at_once() {
    let bytes = to_bytes(&small_table(), TableFormat::Parquet);
    let error = refusal(Mapping::new("user", "when"), &bytes);
    assert_eq!(error.kind(), ErrorKind::MissingColumn);
    assert!(error.to_string().contains("the columns are \"user\", \"time\", \"event\", \"amount\""), "{error}");
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(Date32Array::from(vec![1]))),
        ("time", Arc::new(Date32Array::from(vec![1]))),
        ("event", Arc::new(StringArray::from(vec!["x"]))),
        ("amount", Arc::new(Float64Array::from(vec![1.0]))),
    ];
    let error = refusal(plain_mapping(), parquet_of(&RecordBatch::try_from_iter(columns).unwrap(), 10));
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
}

#[test]
fn damaged_files_are_refused() {
    let bytes = to_bytes(&small_table(), TableFormat::Parquet);
    let (_, report) = read_bytes(plain_mapping(), &bytes).unwrap();
    assert_eq!(rejections(&report), ["input row 3, time: not an instant in the stated format: \"bad\""]);
    for damaged in [&bytes[..0], &bytes[..3], &bytes[..bytes.len() / 2], &bytes[..bytes.len() - 1], &[0u8; 4_096][..]] {
        let reader = LogReader::new(EventSchema::default(), plain_mapping()).format(FileFormat::Parquet);
        let error = read(reader.bytes("input", damaged.to_vec())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidFormat, "{error}");
        assert!(error.to_string().starts_with("input: "), "{error}");
    }
}

#[test]
fn row_groups_of_any_size_give_the_same_log() {
    let users: Vec<String> = (0..5_000).map(|row| format!("user {}", row * 7 % 311)).collect();
    let events: Vec<String> = (0..5_000).map(|row| format!("event {}", row % 13)).collect();
    let table = Table::new(users.len())
        .with("user", users)
        .unwrap()
        .with("time", (0..5_000).map(|row| format!("2026-03-{:02}", row % 40)).collect::<Vec<_>>())
        .unwrap()
        .with("event", events)
        .unwrap()
        .with("amount", (0..5_000i64).collect::<Vec<_>>())
        .unwrap();
    let batch = userops_io::table_to_arrow(&table).unwrap();
    let (expected, expected_report) = read_bytes(plain_mapping(), to_bytes(&table, TableFormat::Csv)).unwrap();
    for group_rows in [1_000_000, 1_024, 7] {
        let (log, report) = read_bytes(plain_mapping(), parquet_of(&batch, group_rows)).unwrap();
        assert_eq!(log, expected);
        assert_eq!(rejections(&report), rejections(&expected_report));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn no_damage_makes_it_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = to_bytes(&small_table(), TableFormat::Parquet);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let reader = LogReader::new(EventSchema::default(), plain_mapping()).format(FileFormat::Parquet);
        // Some damage goes unseen; what is seen is an error.
        let _ = read(reader.bytes("input", bytes));
    }
}
