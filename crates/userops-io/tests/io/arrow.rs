//! Arrow streams.

use std::borrow::Cow;
use std::sync::Arc;

use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::Int64Type;
use arrow_array::{
    Array, ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array,
    LargeStringArray, NullArray, RecordBatch, RecordBatchIterator, StringArray, TimestampMicrosecondArray,
    TimestampSecondArray,
};
use arrow_schema::ArrowError;
use userops::error::ErrorKind;
use userops::event::EventSchema;
use userops::ingest::{AttributeMapping, Mapping, RawData};
use userops::value::ValueRef;
use userops_io::{LogReader, read_batches, record_batch_to_raw};

use crate::support::{check_counts, plain_mapping, read};

fn batch(users: &[i64]) -> RecordBatch {
    let texts: DictionaryArray<Int64Type> = users.iter().map(|id| (id % 2 == 0).then_some("even")).collect();
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(Int64Array::from(users.to_vec()))),
        ("time", Arc::new(TimestampSecondArray::from(users.to_vec()).with_timezone("UTC"))),
        ("event", Arc::new(users.iter().map(|_| Some("x")).collect::<LargeStringArray>())),
        (
            "amount",
            Arc::new(
                Decimal128Array::from_iter_values(users.iter().map(|id| i128::from(*id)))
                    .with_precision_and_scale(20, -2)
                    .unwrap(),
            ),
        ),
        ("parity", Arc::new(texts)),
        ("none", Arc::new(NullArray::new(users.len()))),
        ("flag", Arc::new(users.iter().map(|id| (*id != 3).then_some(id % 2 == 0)).collect::<BooleanArray>())),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, array)| (name, array, true))).unwrap()
}

#[test]
fn a_stream_of_batches_becomes_a_log() {
    let batches: Vec<_> = [vec![1, 2], vec![], vec![3]].iter().map(|users| Ok(batch(users))).collect();
    let mapping = plain_mapping().property("parity").property("none").property("flag");
    let stream = RecordBatchIterator::new(batches, batch(&[]).schema());
    let (log, report) = read_batches(EventSchema::default(), mapping, stream).unwrap();
    check_counts(&log, &report);
    assert_eq!(log.users().integers(), Some(&[1, 2, 3][..]));
    assert_eq!(log.amount_minor().values(), [10_000, 20_000, 30_000]);
    let parity = log.property("parity").unwrap();
    assert_eq!((0..3).map(|row| parity.get(row)).collect::<Vec<_>>(), [None, Some(ValueRef::Text("even")), None]);
    assert_eq!(log.property("none").unwrap().known_count(), 0);
    assert_eq!(log.property("flag").unwrap().known_count(), 2);
}

/// What crosses the C interface is read where it lies.
#[test]
fn numbers_of_a_foreign_stream_are_not_copied() {
    let ids: Vec<i64> = (0..1000).collect();
    let columns: [(&str, ArrayRef); 5] = [
        ("user", Arc::new(Int64Array::from(ids.clone()))),
        ("time", Arc::new(TimestampMicrosecondArray::from(ids.clone()).with_timezone("UTC"))),
        ("score", Arc::new(ids.iter().map(|id| Some(*id as f64)).collect::<Float64Array>())),
        ("amount", Arc::new(Decimal128Array::from_iter_values(ids.iter().map(|id| i128::from(*id))))),
        ("day", Arc::new(Date32Array::from_iter_values(0..1000))),
    ];
    let addresses = columns.each_ref().map(|(_, array)| array.to_data().buffers()[0].as_ptr().addr());
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let schema = batch.schema();
    let foreign = FFI_ArrowArrayStream::new(Box::new(RecordBatchIterator::new([Ok(batch)], schema)));
    let read = RecordBatchStreamReader::try_new(foreign).unwrap().next().unwrap().unwrap();
    let raw = record_batch_to_raw("table", &read, None).unwrap();
    for (name, address) in ["user", "time", "score", "amount", "day"].into_iter().zip(addresses) {
        let found = match raw.column(name).unwrap().data() {
            RawData::Integer(Cow::Borrowed(values)) => values.as_ptr().addr(),
            RawData::Float(Cow::Borrowed(values)) => values.as_ptr().addr(),
            RawData::Time { values: Cow::Borrowed(values), .. } => values.as_ptr().addr(),
            RawData::Decimal { values: Cow::Borrowed(values), .. } => values.as_ptr().addr(),
            RawData::Date(Cow::Borrowed(values)) => values.as_ptr().addr(),
            other => panic!("{name} was copied: {other:?}"),
        };
        assert_eq!(found, address, "{name}");
    }
}

#[test]
fn rows_are_numbered_through_all_batches() {
    let mut users: Vec<i64> = (0..200_000).collect();
    let bad = -70_000_000_000_000;
    users[150_000] = bad;
    let stream = RecordBatchIterator::new([Ok(batch(&[bad])), Ok(batch(&users))], batch(&[]).schema());
    let (log, report) = read_batches(EventSchema::default(), plain_mapping(), stream).unwrap();
    assert_eq!(log.event_count(), 199_999);
    assert_eq!(report.rejections.iter().map(|rejection| rejection.row).collect::<Vec<_>>(), [1, 150_002]);
}

#[test]
fn a_stream_that_fails_is_an_error() {
    let failure = ArrowError::ComputeError("the producer broke".to_owned());
    let stream = RecordBatchIterator::new([Ok(batch(&[1])), Err(failure)], batch(&[]).schema());
    let error = read_batches(EventSchema::default(), plain_mapping(), stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidFormat);
    assert!(error.to_string().starts_with("arrow: "), "{error}");
    let stream = RecordBatchIterator::new([Ok(batch(&[1]))], batch(&[]).schema());
    let error = read_batches(EventSchema::default(), Mapping::new("user", "when"), stream).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingColumn);
}

#[test]
fn attributes_come_from_streams_too() {
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("user", Arc::new(Int64Array::from(vec![Some(1), Some(9), None]))),
        ("city", Arc::new(StringArray::from(vec![Some("Ulm"), None, Some("Bern")]))),
    ];
    let attributes = RecordBatch::try_from_iter(columns).unwrap();
    let schema = attributes.schema();
    let reader = LogReader::new(EventSchema::default(), plain_mapping())
        .arrow("events", RecordBatchIterator::new([Ok(batch(&[1, 2]))], batch(&[]).schema()))
        .attributes_arrow("users", RecordBatchIterator::new([Ok(attributes)], schema), AttributeMapping::new("user"));
    let (log, report) = read(reader).unwrap();
    assert_eq!(log.user_count(), 3);
    assert_eq!((report.attributes_read, report.attributes_rejected), (3, 1));
    let user = log.users().find(1).unwrap();
    assert_eq!(log.attributes().column("city").unwrap().get(user.index()), Some(ValueRef::Text("Ulm")));
}

#[test]
fn raw_batches_hold_the_wanted_columns() {
    let batch = batch(&[1, 2]);
    let wanted = ["event".to_owned(), "user".to_owned()];
    let raw = record_batch_to_raw("batch", &batch, Some(&wanted)).unwrap();
    assert_eq!(raw.columns().map(|(name, _)| name).collect::<Vec<_>>(), ["user", "event"]);
    assert_eq!(record_batch_to_raw("batch", &batch, None).unwrap().columns().len(), 7);
}
