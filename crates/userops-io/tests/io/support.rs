//! What the tests share: events as tables and bytes, and readers that check the counts of every report.

use std::io::Write as _;

use proptest::prelude::*;
use userops::column::Column;
use userops::error::{Error, Result};
use userops::event::{Event, EventSchema, Field};
use userops::id::UserId;
use userops::ingest::{IngestReport, Mapping};
use userops::log::EventLog;
use userops::money::Money;
use userops::table::Table;
use userops::time::{Day, Timestamp};
use userops::value::{Value, ValueRef, ValueType};
use userops_io::{LogReader, TableFormat, write_table_to};

/// The properties of random events, with their types.
pub(crate) const PROPERTIES: [(&str, ValueType); 6] = [
    ("plan", ValueType::Text),
    ("score", ValueType::Float),
    ("count", ValueType::Integer),
    ("new", ValueType::Bool),
    ("seen", ValueType::Time),
    ("born", ValueType::Date),
];

pub(crate) fn schema() -> EventSchema {
    let properties =
        PROPERTIES.iter().map(|(name, value_type)| Field { name: (*name).to_owned(), value_type: *value_type });
    EventSchema { properties: properties.collect(), ..EventSchema::default() }
}

pub(crate) fn mapping() -> Mapping {
    let mapping = Mapping::new("user", "time").minor_amount("amount").id("id");
    PROPERTIES.iter().fold(mapping, |mapping, (name, _)| mapping.property(*name))
}

/// A mapping of what the hand-written inputs have.
pub(crate) fn plain_mapping() -> Mapping {
    Mapping::new("user", "time").amount("amount")
}

/// Reads, and checks that the counts add up.
pub(crate) fn read(reader: LogReader<'_>) -> Result<(EventLog, IngestReport)> {
    let (log, report) = reader.read()?;
    check_counts(&log, &report);
    Ok((log, report))
}

pub(crate) fn check_counts(log: &EventLog, report: &IngestReport) {
    assert_eq!(report.read, report.accepted + report.duplicate + report.rejected, "{report}");
    assert_eq!(report.accepted, log.event_count() as u64);
    assert_eq!(report.rejected + report.attributes_rejected, report.rejections.len() as u64);
}

pub(crate) fn read_bytes(mapping: Mapping, bytes: impl AsRef<[u8]>) -> Result<(EventLog, IngestReport)> {
    read(LogReader::new(EventSchema::default(), mapping).bytes("input", bytes.as_ref().to_vec()))
}

/// Reads what must not be read.
pub(crate) fn refusal(mapping: Mapping, bytes: impl AsRef<[u8]>) -> Error {
    read_bytes(mapping, bytes).expect_err("is refused")
}

/// The rejections, one line each.
pub(crate) fn rejections(report: &IngestReport) -> Vec<String> {
    report.rejections.iter().map(ToString::to_string).collect()
}

pub(crate) fn to_bytes(table: &Table, format: TableFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_table_to(table, &mut bytes, format).unwrap();
    bytes
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::stream::encode_all(bytes, 1).unwrap()
}

/// Events as a table with a column per field, in order of arrival.
pub(crate) fn table_of(events: &[Event]) -> Table {
    let integers = events.iter().all(|event| matches!(event.user, UserId::Integer(_)));
    let users: Column = if integers {
        let ids = events.iter().map(|event| match &event.user {
            UserId::Integer(id) => *id,
            UserId::Text(_) => 0,
        });
        ids.collect::<Vec<i64>>().into()
    } else {
        Column::texts(events.iter().map(|event| match &event.user {
            UserId::Text(id) => Some(&**id),
            UserId::Integer(_) => None,
        }))
    };
    let times = Column::Time(events.iter().map(|event| Some(event.time.as_micros())).collect());
    let mut table = Table::new(events.len())
        .with("id", Column::texts(events.iter().map(|event| event.id.as_deref())))
        .unwrap()
        .with("time", times)
        .unwrap()
        .with("user", users)
        .unwrap()
        .with("event", Column::texts(events.iter().map(|event| Some(event.name.as_str()))))
        .unwrap()
        .with("amount", events.iter().map(|event| event.amount.map(Money::minor)).collect::<Vec<_>>())
        .unwrap();
    for (name, value_type) in PROPERTIES {
        table.push(name, property_column(events, name, value_type)).unwrap();
    }
    table
}

fn property_column(events: &[Event], name: &str, value_type: ValueType) -> Column {
    let values = events.iter().map(|event| event.properties.get(name).map(Value::as_ref));
    macro_rules! pick {
        ($variant:ident, $value:ident => $map:expr) => {
            values.map(|value| if let Some(ValueRef::$variant($value)) = value { Some($map) } else { None }).collect()
        };
    }
    match value_type {
        ValueType::Bool => Column::Bool(pick!(Bool, value => value)),
        ValueType::Integer => Column::Integer(pick!(Integer, value => value)),
        ValueType::Float => Column::Float(pick!(Float, value => value)),
        ValueType::Text => Column::Text(pick!(Text, value => value)),
        ValueType::Time => Column::Time(pick!(Time, value => value.as_micros())),
        ValueType::Date => Column::Date(pick!(Date, value => value.0)),
        other => panic!("no column of {other}"),
    }
}

/// Texts that formats find hard.
fn odd_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[a-c]{1,2}",
        prop::collection::vec(
            prop::sample::select(vec![
                "\"", ",", "\n", "\r", "\r\n", "é", "中", " ", "#", "=", "\\", "\u{0}", "😀", "a"
            ]),
            1..6
        )
        .prop_map(|parts| parts.concat()),
    ]
}

fn instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        (Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros()).prop_map(Timestamp::from_micros),
        (0i64..40).prop_map(|seconds| Timestamp::from_micros(1_700_000_000_000_000 + seconds * 1_000_000)),
    ]
}

fn finite() -> impl Strategy<Value = f64> {
    prop_oneof![prop::num::f64::NORMAL, prop::num::f64::SUBNORMAL, Just(0.0), Just(1e300), Just(0.1)]
}

fn event(integers: bool) -> impl Strategy<Value = Event> {
    let user = if integers {
        prop_oneof![(0i64..5), any::<i64>()].prop_map(UserId::from).boxed()
    } else {
        odd_text().prop_map(UserId::from).boxed()
    };
    let id = prop::option::of("[a-z\"]{1,2}");
    let properties = (
        prop::option::of(odd_text()),
        prop::option::of(finite()),
        prop::option::of(any::<i64>()),
        prop::option::of(any::<bool>()),
        prop::option::of(instant()),
        prop::option::of(-700_000i32..2_900_000),
    );
    (user, instant(), odd_text(), prop::option::of(any::<i64>()), id, properties).prop_map(
        |(user, time, name, amount, id, (plan, score, count, new, seen, born))| {
            let mut event = Event::new(user, time, name);
            // The whole log's amounts have to sum up within 64 bits.
            event.amount = amount.map(|minor| Money::from_minor(minor / 256));
            event.id = id;
            let values: [(&str, Option<Value>); 6] = [
                ("plan", plan.map(Value::from)),
                ("score", score.map(Value::from)),
                ("count", count.map(Value::from)),
                ("new", new.map(Value::from)),
                ("seen", seen.map(Value::from)),
                ("born", born.map(|days| Value::from(Day(days)))),
            ];
            event.properties = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
            event
        },
    )
}

/// Random events, all of one type of user id.
pub(crate) fn events() -> impl Strategy<Value = Vec<Event>> {
    any::<bool>().prop_flat_map(|integers| prop::collection::vec(event(integers), 0..40))
}
