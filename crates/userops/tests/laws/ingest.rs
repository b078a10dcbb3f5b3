//! Every row that comes in is accounted for, whatever columns it comes in.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use userops::column::Bitmap;
use userops::error::{Error, ErrorKind, Result};
use userops::event::{EventSchema, Field, Limits};
use userops::id::UserIx;
use userops::ingest::{
    AttributeMapping, ChunkBuilder, EventName, Ingest, IngestReport, Mapping, Properties, PropertyMapping, RawBatch,
    RawColumn, RawData, RawFault, RawValue, Record, RejectReason, Rejection, TimeUnit, UserIdType,
};
use userops::log::EventLog;
use userops::money::{AmountUnit, Rounding};
use userops::time::{Day, TimeFormat, Timestamp};
use userops::value::{Value, ValueRef, ValueType};

const TYPES: [ValueType; 6] =
    [ValueType::Bool, ValueType::Integer, ValueType::Float, ValueType::Text, ValueType::Time, ValueType::Date];
const TEXTS: [&str; 20] = [
    "",
    " ",
    "7",
    "-3",
    " 12.50 ",
    "1.005",
    "nan",
    "Infinity",
    "yes",
    "FALSE",
    "2026-03-01",
    "2026-03-01T09:30:00Z",
    "2026-03-01 09:30",
    "20260301",
    "9223372036854775808",
    "USD",
    "view",
    "a text that is longer than the limit",
    "中文",
    "e\u{301}\u{0}",
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn arbitrary_text() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&TEXTS[..])
}

fn arbitrary_unit() -> impl Strategy<Value = TimeUnit> {
    prop::sample::select(&[TimeUnit::Seconds, TimeUnit::Millis, TimeUnit::Micros, TimeUnit::Nanos][..])
}

fn arbitrary_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => (-2_000i32..2_000).prop_map(|number| f64::from(number) / 4.0),
        1 => any::<i32>().prop_map(f64::from),
        1 => prop::num::f64::ANY,
        1 => prop::sample::select(&[f64::NAN, f64::INFINITY, -0.0, 1e17][..]),
    ]
}

fn arbitrary_integer() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -3i64..30, 1 => Just(20_260_301), 1 => Just(i64::MIN), 1 => any::<i64>()]
}

fn arbitrary_value() -> impl Strategy<Value = RawValue<'static>> {
    prop_oneof![
        any::<bool>().prop_map(RawValue::Bool),
        arbitrary_integer().prop_map(RawValue::Integer),
        any::<u64>().prop_map(RawValue::Unsigned),
        arbitrary_float().prop_map(RawValue::Float),
        (any::<i128>(), any::<u8>()).prop_map(|(value, scale)| RawValue::Decimal(value, scale)),
        (-5_000i128..5_000, 0u8..4).prop_map(|(value, scale)| RawValue::Decimal(value, scale)),
        arbitrary_text().prop_map(RawValue::Text),
        (any::<i64>(), arbitrary_unit(), any::<bool>()).prop_map(|(value, unit, zoned)| RawValue::Time {
            value,
            unit,
            zoned
        }),
        prop_oneof![any::<i32>(), -1_000i32..30_000].prop_map(RawValue::Date),
        Just(RawValue::Other("[1, 2]")),
    ]
}

/// A column of any kind, in which anything may be missing.
fn arbitrary_column(rows: usize) -> impl Strategy<Value = RawColumn<'static>> {
    fn vec<T: std::fmt::Debug + Clone + 'static>(
        value: impl Strategy<Value = T>,
        rows: usize,
    ) -> impl Strategy<Value = Cow<'static, [T]>> {
        prop::collection::vec(value, rows).prop_map(Cow::Owned)
    }
    let instants = prop_oneof![3 => -40_000i64..2_000_000_000, 1 => any::<i64>()];
    let dictionary = prop::collection::vec(arbitrary_text(), 0..5);
    let data = prop_oneof![
        1 => Just(RawData::Null(rows)),
        1 => vec(any::<bool>(), rows).prop_map(RawData::Bool),
        3 => vec(arbitrary_integer(), rows).prop_map(RawData::Integer),
        1 => vec(prop_oneof![0u64..40, any::<u64>()], rows).prop_map(RawData::Unsigned),
        2 => vec(arbitrary_float(), rows).prop_map(RawData::Float),
        1 => (vec(-9_999i128..9_999, rows), 0u8..5).prop_map(|(values, scale)| RawData::Decimal { values, scale }),
        1 => (vec(any::<i128>(), rows), any::<u8>()).prop_map(|(values, scale)| RawData::Decimal { values, scale }),
        3 => vec(arbitrary_text(), rows).prop_map(RawData::Text),
        2 => (vec(0u32..6, rows), dictionary)
            .prop_map(|(codes, texts)| RawData::Dictionary { codes, texts: Cow::Owned(texts) }),
        2 => (vec(instants, rows), arbitrary_unit(), any::<bool>())
            .prop_map(|(values, unit, zoned)| RawData::Time { values, unit, zoned }),
        1 => vec(prop_oneof![3 => -1_000i32..30_000, 1 => any::<i32>()], rows).prop_map(RawData::Date),
        2 => vec(prop::option::weighted(0.8, arbitrary_value()), rows).prop_map(RawData::Values),
    ];
    let valid = prop::option::weighted(0.4, prop::collection::vec(prop::bool::weighted(0.8), rows));
    (data, valid).prop_map(|(data, valid)| match valid {
        Some(valid) => RawColumn::with_valid(data, valid.into_iter().collect::<Bitmap>()),
        None => RawColumn::new(data),
    })
}

/// A column that reads well as its role, so that rows get past it.
fn tame_column(role: &'static str, rows: usize) -> BoxedStrategy<RawColumn<'static>> {
    let texts = |texts: &'static [&'static str]| {
        prop::collection::vec(prop::sample::select(texts), rows)
            .prop_map(|texts| RawColumn::new(RawData::Text(texts.into())))
    };
    match role {
        "user" => texts(&["7", "8", "-3"]).boxed(),
        "time" => texts(&["2026-03-01", "2026-03-01T09:30:00Z", "2026-03-08 02:30"]).boxed(),
        "event" => texts(&["view", "order"]).boxed(),
        "currency" => texts(&["USD", "USD", "USD", "EUR"]).boxed(),
        "id" => texts(&["", "", "a", "b", "c", "d"]).boxed(),
        _ => texts(&["", "12.50", "1", "0"]).boxed(),
    }
}

const ROLES: [&str; 12] =
    ["user", "time", "event", "amount", "currency", "id", "bool", "integer", "float", "text", "time_2", "date"];

#[derive(Debug, Clone)]
struct Input {
    rows: usize,
    columns: Vec<(&'static str, RawColumn<'static>)>,
    schema: EventSchema,
    mapping: Mapping,
}

impl Input {
    fn batch(&self) -> RawBatch<'static> {
        let mut batch = RawBatch::new("input", self.rows);
        self.columns.iter().for_each(|(name, column)| batch.push(*name, column.clone()));
        batch
    }

    /// The same values, type by type, of these rows.
    fn batch_of_values(&self, rows: &[usize]) -> RawBatch<'_> {
        let mut batch = RawBatch::new("input", rows.len()).numbered(rows.iter().map(|row| *row as u64 + 1).collect());
        for (name, column) in &self.columns {
            batch.push(*name, RawColumn::values(rows.iter().map(|row| column.get(*row))));
        }
        batch
    }

    fn ingest(&self, batches: &[RawBatch<'_>]) -> Result<(EventLog, IngestReport)> {
        let mut ingest = Ingest::new(self.schema.clone(), self.mapping.clone())?;
        batches.iter().try_for_each(|batch| ingest.push(batch))?;
        ingest.finish()
    }
}

fn arbitrary_input() -> impl Strategy<Value = Input> {
    let options = (
        prop::sample::select(&TimeFormat::ALL[..]),
        prop::sample::select(&[UserIdType::Integer, UserIdType::Text][..]),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
        (0usize..9, prop_oneof![9 => Just("UTC"), 1 => Just("America/New_York")]),
    );
    options.prop_flat_map(|(format, user_type, is_minor, is_rounded, is_listed, is_tame, (rows, zone))| {
        let columns: Vec<_> = ROLES
            .iter()
            .map(|role| {
                let wild = if is_tame { 1 } else { 6 };
                prop_oneof![wild => arbitrary_column(rows), 6 => tame_column(role, rows)]
                    .prop_map(move |column| (*role, column))
                    .boxed()
            })
            .collect();
        let mut mapping = Mapping::new("user", "time")
            .user_type(user_type)
            .time_format(if is_tame { TimeFormat::Auto } else { format })
            .amount("amount")
            .rounding(if is_rounded { Rounding::HalfEven } else { Rounding::Refuse })
            .id("id");
        let amount = mapping.amount.as_mut().unwrap();
        amount.unit = if is_minor { AmountUnit::Minor } else { AmountUnit::Major };
        amount.currency = is_listed.then(|| "currency".to_owned());
        for (column, value_type) in ["bool", "integer", "float", "text", "time_2", "date"].into_iter().zip(TYPES) {
            mapping = mapping.property(PropertyMapping::column(column).typed(value_type));
        }
        let events = if is_listed { vec!["view".to_owned(), "order".to_owned()] } else { Vec::new() };
        let limits = Limits { text_bytes_max: 30, id_bytes_max: 19, ..Limits::default() };
        let schema = EventSchema { events, limits, zone: zone.parse().unwrap(), ..EventSchema::default() };
        columns.prop_map(move |columns| Input { rows, columns, schema: schema.clone(), mapping: mapping.clone() })
    })
}

/// Whether an input may be refused as a whole: a typed column that can never be its role, or amounts beyond 64 bits.
fn is_fair_refusal(error: &Error) -> bool {
    error.kind() == ErrorKind::TypeMismatch
        || (error.kind() == ErrorKind::LimitExceeded && error.to_string().contains("add up to"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn read_is_accepted_and_duplicate_and_rejected(input in arbitrary_input()) {
        let (log, report) = match input.ingest(&[input.batch()]) {
            Err(error) => {
                prop_assert!(is_fair_refusal(&error), "{}", error);
                return Ok(());
            }
            Ok(made) => made,
        };
        prop_assert_eq!(report.read, input.rows as u64);
        prop_assert_eq!(report.read, report.accepted + report.duplicate + report.rejected);
        prop_assert_eq!(report.accepted, log.event_count() as u64);
        prop_assert_eq!(report.rejected, report.rejections.len() as u64);
        prop_assert!(report.rejections.is_sorted_by(|a, b| a.row < b.row), "a row is rejected once");
        prop_assert_eq!(report.rejected_by_reason().values().sum::<u64>(), report.rejected);
        prop_assert_eq!(report.rejections_table().unwrap().row_count() as u64, report.rejected);
        for rejection in &report.rejections {
            let column = &input.columns.iter().find(|(name, _)| *name == &*rejection.field).unwrap().1;
            let text = column.get(rejection.row as usize - 1).map(|value| value.to_string()).unwrap_or_default();
            let quoted: String = text.chars().take(120).collect();
            let quoted = if quoted == text { text } else { format!("{quoted}… ({} bytes)", text.len()) };
            prop_assert_eq!(&rejection.text, &quoted);
            prop_assert!(report.to_string().contains(rejection.reason.message()));
        }
        for events in log.iter() {
            prop_assert!(!events.is_empty(), "a user without an event has no place in a log without attributes");
        }
    }

    #[test]
    fn a_column_reads_as_its_values_one_by_one(input in arbitrary_input()) {
        let Ok((log, report)) = input.ingest(&[input.batch()]) else { return Ok(()) };
        let rows: Vec<usize> = (0..input.rows).collect();
        let (by_value, value_report) = input.ingest(&[input.batch_of_values(&rows)]).unwrap();
        prop_assert_eq!(&by_value, &log);
        prop_assert_eq!(&value_report, &report);

        let by_row: Vec<RawBatch<'_>> = rows.iter().map(|row| input.batch_of_values(&[*row])).collect();
        let mut ingest = Ingest::new(input.schema.clone(), input.mapping.clone()).unwrap();
        ingest.push(&input.batch_of_values(&[])).unwrap();
        by_row.iter().for_each(|batch| ingest.push(batch).unwrap());
        let (by_row, row_report) = ingest.finish().unwrap();
        prop_assert_eq!(&by_row, &log);
        prop_assert_eq!(&row_report, &report);
    }

    #[test]
    fn rejected_and_duplicate_rows_leave_no_trace(input in arbitrary_input()) {
        let Ok((log, report)) = input.ingest(&[input.batch()]) else { return Ok(()) };
        let rejected: BTreeSet<usize> = report.rejections.iter().map(|rejection| rejection.row as usize - 1).collect();
        let ids = &input.columns.iter().find(|(name, _)| *name == "id").unwrap().1;
        let mut seen = BTreeSet::new();
        let kept: Vec<usize> = (0..input.rows)
            .filter(|row| !rejected.contains(row))
            .filter(|row| {
                let id = ids.get(*row).map(|value| value.to_string()).filter(|id| !id.is_empty());
                id.is_none_or(|id| seen.insert(id))
            })
            .collect();
        prop_assert_eq!(report.accepted, kept.len() as u64);
        let (without, rest) = input.ingest(&[input.batch_of_values(&kept)]).unwrap();
        prop_assert_eq!(&without, &log);
        prop_assert_eq!((rest.duplicate, rest.rejected), (0, 0));
    }

    #[test]
    fn what_was_rejected_is_written_out_in_full(input in arbitrary_input()) {
        let Ok((_, report)) = input.ingest(&[input.batch()]) else { return Ok(()) };
        let table = report.rejections_table().unwrap();
        for (index, rejection) in report.rejections.iter().enumerate() {
            prop_assert_eq!(table.get(index, "rejected_row"), Some(ValueRef::Integer(rejection.row as i64)));
            for (name, column) in input.columns.iter().filter(|(name, _)| report.columns.iter().any(|used| used == name)) {
                let text = column.get(rejection.row as usize - 1).map(|value| value.to_string());
                prop_assert_eq!(table.get(index, name), text.as_deref().map(ValueRef::Text));
            }
        }
        let json = serde_json::to_string(&report).unwrap();
        prop_assert_eq!(&serde_json::from_str::<IngestReport>(&json).unwrap(), &report);
        let toml = toml::to_string(&report).unwrap();
        prop_assert_eq!(&toml::from_str::<IngestReport>(&toml).unwrap(), &report);
    }

    #[test]
    fn rejected_attributes_leave_no_trace(
        columns in (0usize..8).prop_flat_map(|rows| {
            let user = prop_oneof![arbitrary_column(rows).boxed(), tame_column("user", rows)];
            (Just(rows), user, arbitrary_column(rows), arbitrary_column(rows))
        }),
        user_type in prop::sample::select(&[UserIdType::Integer, UserIdType::Text][..]),
        types in (prop::sample::select(&TYPES[..]), prop::sample::select(&TYPES[..])),
    ) {
        let (rows, users, first, second) = columns;
        let schema = EventSchema {
            limits: Limits { text_bytes_max: 30, id_bytes_max: 19, ..Limits::default() },
            ..EventSchema::default()
        };
        let mapping = AttributeMapping::new("user")
            .user_type(user_type)
            .attribute(PropertyMapping::column("first").typed(types.0))
            .attribute(PropertyMapping::column("second").named("2nd").typed(types.1));
        let make = |batches: &[RawBatch<'_>]| -> Result<(EventLog, IngestReport)> {
            let mut ingest = Ingest::new(schema.clone(), Mapping::new("user", "time"))?;
            batches.iter().try_for_each(|batch| ingest.push_attributes(batch, &mapping))?;
            ingest.finish()
        };
        let columns = [("user", &users), ("first", &first), ("second", &second)];
        let of_rows = |rows: &[usize]| {
            let mut batch = RawBatch::new("users", rows.len());
            for (name, column) in columns {
                batch.push(name, RawColumn::values(rows.iter().map(|row| column.get(*row))));
            }
            batch
        };
        let mut whole = RawBatch::new("users", rows);
        columns.into_iter().for_each(|(name, column)| whole.push(name, column.clone()));
        let (log, report) = match make(&[whole]) {
            Err(error) => {
                prop_assert!(is_fair_refusal(&error), "{}", error);
                return Ok(());
            }
            Ok(made) => made,
        };
        prop_assert_eq!((report.read, report.rejected), (0, 0), "a row of attributes is no event");
        prop_assert_eq!(report.attributes_read, rows as u64);
        prop_assert_eq!(report.attributes_rejected, report.rejections.len() as u64);
        let rejected: BTreeSet<usize> = report.rejections.iter().map(|rejection| rejection.row as usize - 1).collect();
        let kept: Vec<usize> = (0..rows).filter(|row| !rejected.contains(row)).collect();
        prop_assert_eq!(&make(&[of_rows(&kept)]).unwrap().0, &log);
        let by_row: Vec<RawBatch<'_>> = kept.iter().map(|row| of_rows(&[*row])).collect();
        if !kept.is_empty() {
            prop_assert_eq!(&make(&by_row).unwrap().0, &log);
        }

        // Each user's last known value, by brute force.
        let alone = |row: usize, name: &str| {
            let (log, _) = make(&[of_rows(&[row])]).unwrap();
            log.attributes().get(UserIx(0), name).map(ValueRef::to_owned)
        };
        let mut known: BTreeMap<String, [Option<Value>; 2]> = BTreeMap::new();
        for row in kept {
            let (one, _) = make(&[of_rows(&[row])]).unwrap();
            let known = known.entry(one.users().id(UserIx(0)).unwrap().to_string()).or_default();
            for (slot, name) in known.iter_mut().zip(["first", "2nd"]) {
                *slot = alone(row, name).or(slot.take());
            }
        }
        prop_assert_eq!(log.user_count(), known.len());
        for (id, values) in known {
            let user = log.users().find_text(&id).unwrap();
            for (name, value) in ["first", "2nd"].into_iter().zip(values) {
                prop_assert_eq!(log.attributes().get(user, name).map(ValueRef::to_owned), value);
            }
        }
    }
}

/// One row, all of it good but for what is put in place of a column.
fn one_row<'a>(field: &str, value: Option<RawValue<'a>>) -> RawBatch<'a> {
    let mut batch = RawBatch::new("row.csv", 1).starting_at(41);
    for (name, good) in [
        ("user", RawValue::Integer(7)),
        ("time", RawValue::Text("2026-03-01T09:30:00Z")),
        ("event", RawValue::Text("order")),
        ("amount", RawValue::Text("12.50")),
        ("currency", RawValue::Text("USD")),
        ("id", RawValue::Text("o-1")),
        ("bool", RawValue::Bool(true)),
        ("integer", RawValue::Integer(1)),
        ("float", RawValue::Float(0.5)),
        ("text", RawValue::Text("red")),
        ("time_2", RawValue::Text("2026-03-01")),
        ("date", RawValue::Text("2026-03-01")),
    ] {
        batch.push(name, RawColumn::values([if name == field { value } else { Some(good) }].into_iter()));
    }
    batch
}

fn ingest_one(field: &str, value: Option<RawValue<'_>>, edit: impl Fn(&mut Mapping)) -> (EventLog, IngestReport) {
    let mut mapping = Mapping::new("user", "time").user_type(UserIdType::Integer).amount("amount").id("id");
    mapping.amount.as_mut().unwrap().currency = Some("currency".to_owned());
    for (column, value_type) in ["bool", "integer", "float", "text", "time_2", "date"].into_iter().zip(TYPES) {
        mapping = mapping.property(PropertyMapping::column(column).typed(value_type));
    }
    edit(&mut mapping);
    let limits = Limits { text_bytes_max: 30, id_bytes_max: 19, ..Limits::default() };
    let events = ["order", "view"].map(str::to_owned).to_vec();
    let zone = "Asia/Shanghai".parse().unwrap();
    let mut ingest = Ingest::new(EventSchema { events, limits, zone, ..EventSchema::default() }, mapping).unwrap();
    ingest.push(&one_row(field, value)).unwrap();
    ingest.finish().unwrap()
}

fn text(text: &str) -> Option<RawValue<'_>> {
    Some(RawValue::Text(text))
}

fn time(value: i64, unit: TimeUnit, zoned: bool) -> Option<RawValue<'static>> {
    Some(RawValue::Time { value, unit, zoned })
}

#[test]
fn each_reason_for_rejection_names_row_field_and_text() {
    use RejectReason as Reason;
    let long = "a text of more than thirty bytes";
    let beyond = RawValue::Date(i32::MAX);
    let beyond_text = beyond.to_string();
    let cases: Vec<(&str, Option<RawValue<'_>>, Reason, &str)> = vec![
        ("user", None, Reason::Missing, ""),
        ("user", text(""), Reason::Missing, ""),
        ("user", text("seven"), Reason::WrongType, "seven"),
        ("user", Some(RawValue::Float(7.5)), Reason::WrongType, "7.5"),
        ("user", Some(RawValue::Float(f64::NAN)), Reason::NotFinite, "NaN"),
        ("user", Some(RawValue::Unsigned(u64::MAX)), Reason::WrongType, "18446744073709551615"),
        ("user", Some(RawValue::Other("[7]")), Reason::WrongType, "[7]"),
        ("time", None, Reason::Missing, ""),
        ("time", text("  "), Reason::Missing, "  "),
        ("time", text("1 March"), Reason::NotAnInstant, "1 March"),
        ("time", text("2026-02-29"), Reason::NotAnInstant, "2026-02-29"),
        ("time", Some(RawValue::Integer(20_260_301)), Reason::NotAnInstant, "20260301"),
        ("time", Some(RawValue::Decimal(20_260_301, 0)), Reason::NotAnInstant, "20260301"),
        ("time", Some(RawValue::Float(f64::INFINITY)), Reason::NotFinite, "inf"),
        ("time", Some(RawValue::Bool(true)), Reason::WrongType, "true"),
        (
            "time",
            time(i64::MAX, TimeUnit::Micros, true),
            Reason::TimeOutOfRange,
            "9223372036854775807 Micros since 1970",
        ),
        (
            "time",
            time(i64::MAX, TimeUnit::Seconds, true),
            Reason::TimeOutOfRange,
            "9223372036854775807 Seconds since 1970",
        ),
        ("time", Some(beyond), Reason::TimeOutOfRange, &beyond_text),
        ("event", None, Reason::Missing, ""),
        ("event", text(""), Reason::Missing, ""),
        ("event", text("oder"), Reason::UnknownEvent, "oder"),
        ("event", text(long), Reason::TooLong, long),
        ("event", Some(RawValue::Other("{}")), Reason::WrongType, "{}"),
        ("amount", text("twelve"), Reason::NotAnAmount, "twelve"),
        ("amount", text("1,250.00"), Reason::NotAnAmount, "1,250.00"),
        ("amount", text("NaN"), Reason::NotFinite, "NaN"),
        ("amount", Some(RawValue::Float(f64::NEG_INFINITY)), Reason::NotFinite, "-inf"),
        ("amount", text("0.005"), Reason::AmountTooFine, "0.005"),
        ("amount", Some(RawValue::Decimal(5, 3)), Reason::AmountTooFine, "0.005"),
        ("amount", Some(RawValue::Float(0.005)), Reason::AmountTooFine, "0.005"),
        ("amount", text("92233720368547758.08"), Reason::AmountTooLarge, "92233720368547758.08"),
        ("amount", Some(RawValue::Unsigned(u64::MAX)), Reason::AmountTooLarge, "18446744073709551615"),
        ("amount", Some(RawValue::Float(1e17)), Reason::AmountTooLarge, "100000000000000000"),
        ("amount", Some(RawValue::Bool(true)), Reason::WrongType, "true"),
        ("currency", text("EUR"), Reason::OtherCurrency, "EUR"),
        ("currency", text("usd"), Reason::OtherCurrency, "usd"),
        ("currency", None, Reason::Missing, ""),
        ("currency", Some(RawValue::Integer(840)), Reason::WrongType, "840"),
        ("id", text("an id of twenty bytes"), Reason::TooLong, "an id of twenty bytes"),
        ("id", Some(RawValue::Other("[]")), Reason::WrongType, "[]"),
        ("bool", text("perhaps"), Reason::WrongType, "perhaps"),
        ("bool", Some(RawValue::Integer(2)), Reason::WrongType, "2"),
        ("integer", text("1.0"), Reason::WrongType, "1.0"),
        ("integer", Some(RawValue::Float(1.5)), Reason::WrongType, "1.5"),
        ("float", text("1e999"), Reason::NotFinite, "1e999"),
        ("float", Some(RawValue::Bool(true)), Reason::WrongType, "true"),
        ("text", text(long), Reason::TooLong, long),
        ("text", Some(RawValue::Float(f64::NAN)), Reason::NotFinite, "NaN"),
        ("time_2", text("soon"), Reason::NotAnInstant, "soon"),
        ("date", text("2026-3-1"), Reason::NotAnInstant, "2026-3-1"),
        ("date", Some(beyond), Reason::TimeOutOfRange, &beyond_text),
        ("date", Some(RawValue::Integer(20_260_301)), Reason::WrongType, "20260301"),
    ];
    let mut seen = BTreeSet::new();
    for (field, value, reason, quoted) in cases {
        let (log, report) = ingest_one(field, value, |_| ());
        assert_eq!((report.read, report.rejected, log.user_count()), (1, 1, 0), "{field} {value:?}");
        let rejection = &report.rejections[0];
        let told = (&*rejection.source, rejection.row, &*rejection.field, rejection.reason, rejection.text.as_str());
        assert_eq!(told, ("row.csv", 41, field, reason, quoted));
        assert_eq!(rejection.to_string(), format!("row.csv row 41, {field}: {reason}: {quoted:?}"));
        seen.insert(reason);
    }
    for reason in [Reason::InvalidUtf8, Reason::WrongFieldCount, Reason::Malformed] {
        let mut batch = one_row("user", Some(RawValue::Integer(1)));
        batch.push_fault(RawFault { row: 40, reason, line: "7;x\u{fffd}".to_owned() });
        let mut ingest = Ingest::new(EventSchema::default(), Mapping::new("user", "time")).unwrap();
        ingest.push(&batch).unwrap();
        let (log, report) = ingest.finish().unwrap();
        assert_eq!((report.read, report.accepted, report.rejected, log.event_count()), (2, 1, 1, 1));
        assert_eq!(report.rejections[0].to_string(), format!("row.csv row 40: {reason}: \"7;x\u{fffd}\""));
        assert_eq!(report.rejections[0].record, Record::Line("7;x\u{fffd}".to_owned()));
        seen.insert(reason);
    }
    assert_eq!(seen.len(), 14, "every reason is tried");
}

#[test]
fn each_value_is_read_as_its_field_asks() {
    let event = |field: &str, value: Option<RawValue<'_>>| {
        let (log, report) = ingest_one(field, value, |_| ());
        assert_eq!(report.accepted, 1, "{field} {value:?}: {report}");
        log.iter().next().unwrap().event(0).unwrap()
    };
    for (value, user) in [
        (RawValue::Integer(i64::MIN), i64::MIN),
        (RawValue::Unsigned(9), 9),
        (RawValue::Float(-3.0), -3),
        (RawValue::Decimal(12, 0), 12),
        (RawValue::Text(" 007 "), 7),
    ] {
        assert_eq!(event("user", Some(value)).user, user.into(), "{value:?}");
    }
    for (value, instant) in [
        (text("2026-03-01"), "2026-02-28T16:00:00Z"),
        (text(" 2026-03-01 09:30 "), "2026-03-01T01:30:00Z"),
        (time(1_772_357_400, TimeUnit::Seconds, true), "2026-03-01T09:30:00Z"),
        (time(1_772_357_400_000, TimeUnit::Millis, false), "2026-03-01T01:30:00Z"),
        (time(-1, TimeUnit::Nanos, true), "1969-12-31T23:59:59.999999Z"),
        (Some(RawValue::Date(0)), "1969-12-31T16:00:00Z"),
    ] {
        assert_eq!(event("time", value).time, at(instant), "{value:?}");
        assert_eq!(event("time_2", value).properties["time_2"], at(instant).into(), "{value:?}");
    }
    for (value, minor) in [
        (None, None),
        (text(" "), None),
        (text("-0.10"), Some(-10)),
        (Some(RawValue::Integer(12)), Some(1_200)),
        (Some(RawValue::Float(19.99)), Some(1_999)),
        (Some(RawValue::Decimal(-19_990, 3)), Some(-1_999)),
    ] {
        assert_eq!(event("amount", value).amount.map(|amount| amount.minor()), minor, "{value:?}");
    }
    let no_amount = ingest_one("amount", None, |_| ());
    assert_eq!(no_amount.1.accepted, 1);
    for (value, id) in [
        (None, None),
        (text(""), None),
        (text(" "), Some(" ")),
        (Some(RawValue::Integer(-7)), Some("-7")),
        (Some(RawValue::Bool(true)), Some("true")),
    ] {
        assert_eq!(event("id", value).id.as_deref(), id, "{value:?}");
    }
    let properties: [(&str, Option<RawValue<'_>>, Option<Value>); 24] = [
        ("bool", text(" Yes "), Some(true.into())),
        ("bool", text("0"), Some(false.into())),
        ("bool", Some(RawValue::Unsigned(1)), Some(true.into())),
        ("bool", text(""), None),
        ("integer", text(" -7 "), Some((-7i64).into())),
        ("integer", Some(RawValue::Float(4.0)), Some(4i64.into())),
        ("integer", Some(RawValue::Unsigned(4)), Some(4i64.into())),
        ("integer", text(""), None),
        ("integer", None, None),
        ("float", text("1e3"), Some(1000.0.into())),
        ("float", Some(RawValue::Integer(2)), Some(2.0.into())),
        ("float", Some(RawValue::Decimal(-25, 1)), Some((-2.5).into())),
        ("float", text(""), None),
        ("text", text(""), Some("".into())),
        ("text", None, None),
        ("text", Some(RawValue::Float(2.5)), Some("2.5".into())),
        ("text", Some(RawValue::Decimal(250, 2)), Some("2.50".into())),
        ("text", Some(RawValue::Date(0)), Some("1970-01-01".into())),
        ("text", time(0, TimeUnit::Seconds, true), Some("1970-01-01T00:00:00Z".into())),
        ("text", time(0, TimeUnit::Seconds, false), Some("1970-01-01T00:00:00".into())),
        ("date", text(" 2026-03-01 "), Some(Day::from_ymd(2026, 3, 1).unwrap().into())),
        ("date", time(1_772_323_200, TimeUnit::Seconds, true), Some(Day::from_ymd(2026, 3, 1).unwrap().into())),
        ("date", time(1_772_294_400, TimeUnit::Seconds, true), Some(Day::from_ymd(2026, 3, 1).unwrap().into())),
        ("date", text(""), None),
    ];
    for (field, value, expected) in properties {
        assert_eq!(event(field, value).properties.get(field), expected.as_ref(), "{field} {value:?}");
    }
}

#[test]
fn numbers_are_instants_only_by_a_stated_format() {
    for (format, value, instant) in [
        (TimeFormat::EpochSeconds, RawValue::Integer(1_772_357_400), "2026-03-01T09:30:00Z"),
        (TimeFormat::EpochSeconds, RawValue::Float(1_772_357_400.25), "2026-03-01T09:30:00.250Z"),
        (TimeFormat::EpochSeconds, RawValue::Decimal(1_772_357_400, 0), "2026-03-01T09:30:00Z"),
        (TimeFormat::EpochMillis, RawValue::Unsigned(1_772_357_400_001), "2026-03-01T09:30:00.001Z"),
        (TimeFormat::EpochMillis, RawValue::Float(1_772_357_400_001.0), "2026-03-01T09:30:00.001Z"),
        (TimeFormat::EpochMicros, RawValue::Integer(-1), "1969-12-31T23:59:59.999999Z"),
        (TimeFormat::CompactDate, RawValue::Integer(20_260_301), "2026-02-28T16:00:00Z"),
        (TimeFormat::CompactDate, RawValue::Text("20260301"), "2026-02-28T16:00:00Z"),
    ] {
        let (log, report) = ingest_one("time", Some(value), |mapping| mapping.time.format = format);
        // The property that is a time is written in the same way, and so is refused by some formats.
        let (log, report) = match report.accepted {
            1 => (log, report),
            _ => ingest_one("time", Some(value), |mapping| {
                mapping.time.format = format;
                mapping.properties = Properties::None;
            }),
        };
        assert_eq!(report.accepted, 1, "{report}");
        assert_eq!(log.time_micros(), [at(instant).as_micros()], "{format} {value:?}");
    }
    let numbers: [RawData<'_>; 4] = [
        RawData::Integer(vec![1].into()),
        RawData::Unsigned(vec![1].into()),
        RawData::Float(vec![1.0].into()),
        RawData::Decimal { values: vec![1].into(), scale: 0 },
    ];
    for data in numbers {
        for format in [TimeFormat::Auto, TimeFormat::Rfc3339, TimeFormat::Date] {
            let mut batch = RawBatch::new("log.parquet", 1);
            batch.push("user", RawColumn::new(RawData::Integer(vec![1].into())));
            batch.push("time", RawColumn::new(data.clone()));
            let mapping = Mapping::new("user", "time").constant_event("view").time_format(format);
            refused(push_one(mapping, &batch), ErrorKind::TypeMismatch, &["\"time\"", "numbers", "epoch_seconds"]);
        }
    }
}

#[test]
fn local_times_follow_the_zone_through_gaps_and_folds() {
    let local = |text: &str| text.parse::<chrono::NaiveDateTime>().unwrap().and_utc().timestamp_micros();
    for (shown, instant) in [
        ("2025-03-09T01:59:59", "2025-03-09T06:59:59Z"),
        ("2025-03-09T02:30:00", "2025-03-09T07:30:00Z"),
        ("2025-03-09T03:00:00", "2025-03-09T07:00:00Z"),
        ("2025-11-02T01:30:00", "2025-11-02T05:30:00Z"),
        ("2025-11-02T02:00:00", "2025-11-02T07:00:00Z"),
        ("1884-01-01T00:00:00", "1884-01-01T05:00:00Z"),
        ("2050-07-01T00:00:00", "2050-07-01T04:00:00Z"),
    ] {
        let typed = time(local(shown), TimeUnit::Micros, false);
        let spaced = shown.replace('T', " ");
        for value in [typed, text(shown), text(&spaced)] {
            let (log, report) =
                ingest_one("time", value, |mapping| mapping.time.zone = Some("America/New_York".parse().unwrap()));
            assert_eq!(report.accepted, 1, "{report}");
            assert_eq!(log.time_micros(), [at(instant).as_micros()], "{shown}");
            assert_eq!(log.zone().name(), "Asia/Shanghai", "the mapping's zone is that of the input alone");
        }
    }
}

#[test]
fn amounts_are_rounded_only_where_the_mapping_says_so() {
    for (value, refused, rounded) in [
        (RawValue::Text("0.005"), None, 0),
        (RawValue::Text("0.015"), None, 2),
        (RawValue::Decimal(-15, 3), None, -2),
        (RawValue::Float(0.125), None, 12),
        (RawValue::Text("0.0100"), Some(1), 1),
        (RawValue::Float(0.07), Some(7), 7),
    ] {
        let minor = |rounding: Rounding| {
            let (log, report) =
                ingest_one("amount", Some(value), |mapping| mapping.amount.as_mut().unwrap().rounding = rounding);
            let reasons: Vec<RejectReason> = report.rejections.iter().map(|rejection| rejection.reason).collect();
            assert!(reasons.is_empty() || reasons == [RejectReason::AmountTooFine]);
            log.amount_minor().values().first().copied()
        };
        assert_eq!((minor(Rounding::Refuse), minor(Rounding::HalfEven)), (refused, Some(rounded)), "{value:?}");
    }
    let (log, _) = ingest_one("amount", Some(RawValue::Integer(1_250)), |mapping| {
        mapping.amount.as_mut().unwrap().unit = AmountUnit::Minor;
    });
    assert_eq!(log.amount_total().minor(), 1_250);
}

fn push_one(mapping: Mapping, batch: &RawBatch<'_>) -> Result<()> {
    let mut ingest = Ingest::new(EventSchema::default(), mapping)?;
    ingest.push(batch)?;
    ingest.finish().map(|_| ())
}

fn refused<T: std::fmt::Debug>(result: Result<T>, kind: ErrorKind, parts: &[&str]) {
    let error = result.unwrap_err();
    assert_eq!(error.kind(), kind, "{error}");
    for part in parts {
        assert!(error.to_string().contains(part), "{error} does not name {part}");
    }
}

#[test]
fn a_mapping_that_does_not_fit_is_refused_with_the_way_out() {
    let good = || one_row("", None);
    refused(
        push_one(Mapping::new("usr", "time"), &good()),
        ErrorKind::MissingColumn,
        &["row.csv", "no column \"usr\" for user", "\"user\", \"time\", \"event\"", "did you mean \"user\"?"],
    );
    for (mapping, role) in [
        (Mapping::new("user", "when"), "time"),
        (Mapping::new("user", "time").event("x"), "event"),
        (Mapping::new("user", "time").amount("x"), "amount"),
        (Mapping::new("user", "time").id("x"), "id"),
        (Mapping::new("user", "time").property("x"), "property"),
    ] {
        refused(push_one(mapping, &good()), ErrorKind::MissingColumn, &[&format!("for {role};")]);
    }
    let mut typed = RawBatch::new("log.parquet", 1);
    typed.push("user", RawColumn::new(RawData::Bool(vec![true].into())));
    typed.push("time", RawColumn::new(RawData::Date(vec![0].into())));
    typed.push("short", RawColumn::new(RawData::Date(Vec::new().into())));
    let constant = |user: &str| Mapping::new(user, "time").constant_event("view");
    refused(push_one(constant("user"), &typed), ErrorKind::TypeMismatch, &["\"user\" is of type bool", "as user"]);
    refused(push_one(constant("time"), &typed), ErrorKind::TypeMismatch, &["\"time\" is of type date"]);
    refused(push_one(constant("time").amount("user"), &typed), ErrorKind::TypeMismatch, &["as user"]);
    refused(push_one(constant("short"), &typed), ErrorKind::InvalidArgument, &["\"short\" has 0 rows", "batch has 1"]);
    let as_bool = PropertyMapping::column("time").typed(ValueType::Bool);
    refused(
        push_one(Mapping::new("event", "time").property(as_bool), &{
            let mut batch = RawBatch::new("log.parquet", 1);
            batch.push("event", RawColumn::new(RawData::Text(vec!["view"].into())));
            batch.push("time", RawColumn::new(RawData::Date(vec![0].into())));
            batch
        }),
        ErrorKind::TypeMismatch,
        &["\"time\" is of type date, but as property it must be one of bool, integer, text"],
    );

    let twice = Mapping::new("user", "time").property("text").property(PropertyMapping::column("id").named("text"));
    refused(push_one(twice, &good()), ErrorKind::InvalidDefinition, &["property \"text\" is named twice"]);
    let unnamed = Mapping::new("user", "time").property(PropertyMapping::column("id").named(""));
    refused(push_one(unnamed, &good()), ErrorKind::InvalidDefinition, &["empty name"]);
    let nameless = Mapping::new("user", "time").constant_event("");
    refused(push_one(nameless, &good()), ErrorKind::InvalidDefinition, &["constant event name is empty"]);
    let schema = EventSchema { events: vec!["order_paid".to_owned()], ..EventSchema::default() };
    refused(
        Ingest::new(schema, constant("user").constant_event("oder_paid")),
        ErrorKind::InvalidDefinition,
        &["\"oder_paid\" is no event of the schema", "did you mean \"order_paid\"?"],
    );
    let mut doubled = good();
    doubled.push("text", RawColumn::new(RawData::Text(vec!["x"].into())));
    refused(
        push_one(Mapping::new("user", "time").all_other_columns(), &doubled),
        ErrorKind::InvalidDefinition,
        &["property \"text\" is named twice"],
    );
}

#[test]
fn a_schema_that_contradicts_itself_is_refused() {
    let field = |name: &str| Field { name: name.to_owned(), value_type: ValueType::Text };
    let base = EventSchema::default();
    for (schema, part) in [
        (EventSchema { events: vec!["a".to_owned(), "a".to_owned()], ..base.clone() }, "event \"a\" is named twice"),
        (EventSchema { events: vec![String::new()], ..base.clone() }, "event has an empty name"),
        (EventSchema { properties: vec![field("p"), field("p")], ..base.clone() }, "property \"p\" is named twice"),
        (EventSchema { attributes: vec![field("")], ..base.clone() }, "attribute has an empty name"),
    ] {
        refused(Ingest::new(schema, Mapping::new("user", "time")), ErrorKind::InvalidDefinition, &[part]);
    }
}

#[test]
fn all_other_columns_become_properties_under_their_own_names() {
    let mut ingest = Ingest::new(
        EventSchema {
            properties: vec![Field { name: "float".to_owned(), value_type: ValueType::Text }],
            ..EventSchema::default()
        },
        Mapping::new("user", "time").id("id").all_other_columns(),
    )
    .unwrap();
    ingest.push(&one_row("", None)).unwrap();
    let (log, report) = ingest.finish().unwrap();
    let types: Vec<(&str, ValueType)> = log.properties().map(|(name, column)| (name, column.value_type())).collect();
    assert_eq!(
        types,
        [
            ("amount", ValueType::Text),
            ("bool", ValueType::Bool),
            ("currency", ValueType::Text),
            ("date", ValueType::Text),
            ("float", ValueType::Text),
            ("integer", ValueType::Integer),
            ("text", ValueType::Text),
            ("time_2", ValueType::Text),
        ],
        "the schema's type goes before the column's"
    );
    assert_eq!(report.columns.len(), 12);
}

/// A table of users whose ids are texts where they do not all read as integers.
fn table<'a>(users: &[&'a str], columns: &[(&'a str, &[Option<RawValue<'a>>])]) -> RawBatch<'a> {
    let mut batch = RawBatch::new("users", users.len());
    batch.push("user", RawColumn::new(RawData::Text(users.to_vec().into())));
    columns.iter().for_each(|(name, values)| batch.push(*name, RawColumn::values(values.iter().copied())));
    batch
}

fn attribute<'a>(log: &'a EventLog, user: &str, name: &str) -> Option<ValueRef<'a>> {
    log.attributes().get(log.users().find_text(user).unwrap(), name)
}

#[test]
fn attributes_come_from_several_tables_the_later_value_first() {
    let mut ingest = Ingest::new(EventSchema::default(), Mapping::new("user", "time")).unwrap();
    let mut events = RawBatch::new("events", 1);
    events.push("user", RawColumn::new(RawData::Text(vec!["b"].into())));
    events.push("time", RawColumn::new(RawData::Text(vec!["2026-03-01"].into())));
    events.push("event", RawColumn::new(RawData::Text(vec!["view"].into())));
    let mapping = AttributeMapping::new("user");
    ingest
        .push_attributes(
            &table(
                &["a", "b", "a", "", "z"],
                &[
                    ("city", &[text("Berlin"), text("Paris"), text(""), text("Rome"), None]),
                    (
                        "age",
                        &[
                            Some(RawValue::Integer(30)),
                            None,
                            None,
                            Some(RawValue::Integer(1)),
                            Some(RawValue::Other("{}")),
                        ],
                    ),
                ],
            ),
            &mapping,
        )
        .unwrap();
    ingest.push(&events).unwrap();
    let renamed =
        AttributeMapping::new("user").attribute(PropertyMapping::column("town").named("city")).attribute("vip");
    ingest
        .push_attributes(
            &table(
                &["c", "b"],
                &[
                    ("town", &[None, text("Lyon")]),
                    ("vip", &[Some(RawValue::Bool(true)), None]),
                    ("unused", &[text("x"), text("y")]),
                ],
            ),
            &renamed,
        )
        .unwrap();
    let (log, report) = ingest.finish().unwrap();

    let users: Vec<String> = log.users().iter().map(|id| id.to_string()).collect();
    assert_eq!(users, ["a", "b", "c"], "the user of a rejected row is not known, one without events is");
    assert_eq!(attribute(&log, "a", "city"), Some(ValueRef::Text("")), "a later text that is empty is known");
    assert_eq!(attribute(&log, "a", "age"), Some(ValueRef::Integer(30)), "a later unknown value replaces nothing");
    assert_eq!(attribute(&log, "b", "city"), Some(ValueRef::Text("Lyon")));
    assert_eq!(attribute(&log, "b", "vip"), None);
    assert_eq!(attribute(&log, "c", "vip"), Some(ValueRef::Bool(true)));
    assert_eq!(attribute(&log, "c", "city"), None);
    let userops::column::Column::Text(city) = log.attributes().column("city").unwrap() else { panic!("a text") };
    assert!(city.dictionary.iter().eq(["", "Lyon"]), "texts that were replaced or rejected are gone");
    assert!(log.attributes().column("unused").is_err());

    assert_eq!((report.read, report.accepted, report.rejected), (1, 1, 0));
    assert_eq!((report.attributes_read, report.attributes_rejected), (7, 2));
    let told: Vec<(u64, &str, RejectReason)> =
        report.rejections.iter().map(|rejection| (rejection.row, &*rejection.field, rejection.reason)).collect();
    assert_eq!(told, [(4, "user", RejectReason::Missing), (5, "age", RejectReason::WrongType)]);
}

#[test]
fn tables_of_attributes_that_do_not_agree_are_refused() {
    let fresh = || Ingest::new(EventSchema::default(), Mapping::new("user", "time")).unwrap();
    let mapping = AttributeMapping::new("user");
    let integers = [Some(RawValue::Integer(1))];
    let first = table(&["1"], &[("a", &integers)]);

    let mut ingest = fresh();
    ingest.push_attributes(&first, &mapping).unwrap();
    let stated = AttributeMapping::new("user").attribute(PropertyMapping::column("a").typed(ValueType::Text));
    refused(
        ingest.push_attributes(&first, &stated),
        ErrorKind::TypeMismatch,
        &["\"a\" is integer in one table and text"],
    );
    let users = AttributeMapping::new("user").user_type(UserIdType::Integer);
    refused(ingest.push_attributes(&first, &users), ErrorKind::TypeMismatch, &["stated to be integer", "were text"]);
    let missing = AttributeMapping::new("user").attribute("a").attribute("b");
    refused(ingest.push_attributes(&first, &missing), ErrorKind::MissingColumn, &["no column \"b\" for attribute"]);
    let twice = AttributeMapping::new("user").attribute("a").attribute("a");
    refused(ingest.push_attributes(&first, &twice), ErrorKind::InvalidDefinition, &["attribute \"a\" is named twice"]);
    let (log, report) = ingest.finish().unwrap();
    assert_eq!((log.user_count(), report.attributes_read), (1, 1), "what was refused left nothing behind");

    let schema = EventSchema {
        attributes: vec![Field { name: "a".to_owned(), value_type: ValueType::Bool }],
        ..EventSchema::default()
    };
    let mut declared = Ingest::new(schema, Mapping::new("user", "time")).unwrap();
    declared.push_attributes(&first, &mapping).unwrap();
    let log = declared.finish().unwrap().0;
    assert_eq!(attribute(&log, "1", "a"), Some(ValueRef::Bool(true)), "the schema's type goes first");

    let mut other_ids = fresh();
    other_ids.push(&one_row("", None)).unwrap();
    other_ids.push_attributes(&first, &mapping).unwrap();
    refused(other_ids.finish(), ErrorKind::TypeMismatch, &["integer user ids", "declare one type of user id"]);
}

#[test]
fn a_batch_that_is_refused_is_left_out_as_a_whole() {
    let mapping = Mapping::new("user", "time").user_type(UserIdType::Integer).id("id");
    let mut ingest = Ingest::new(EventSchema::default(), mapping.clone()).unwrap();
    ingest.push(&one_row("", None)).unwrap();
    let mut lacking = RawBatch::new("part-2", 1);
    lacking.push("user", RawColumn::new(RawData::Integer(vec![99].into())));
    lacking.push("time", RawColumn::new(RawData::Text(vec!["2026-03-01"].into())));
    refused(ingest.push(&lacking), ErrorKind::MissingColumn, &["part-2: no column \"event\""]);
    ingest.push(&one_row("id", text("o-2"))).unwrap();
    let (log, report) = ingest.finish().unwrap();
    assert_eq!((report.read, report.accepted, log.user_count()), (2, 2, 1));
    let mut whole = Ingest::new(EventSchema::default(), mapping).unwrap();
    whole.push(&one_row("", None)).unwrap();
    whole.push(&one_row("id", text("o-2"))).unwrap();
    assert_eq!(whole.finish().unwrap().0, log);
}

#[test]
fn nothing_is_made_of_an_ingest_beyond_a_limit() {
    let defaults = Limits::default();
    let names: Vec<String> = (0..70_000).map(|name| name.to_string()).collect();
    let texts: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut batch = RawBatch::new("log.csv", texts.len());
    batch.push("user", RawColumn::new(RawData::Integer(vec![1; texts.len()].into())));
    batch.push("time", RawColumn::new(RawData::Date(vec![0; texts.len()].into())));
    batch.push("event", RawColumn::new(RawData::Text(texts.into())));
    batch.push("nothing", RawColumn::new(RawData::Null(names.len())));
    let limited = |limits: Limits| EventSchema { limits, ..EventSchema::default() };
    let by_name = Mapping::new("user", "time");
    let by_property = Mapping::new("user", "time").constant_event("view").property("event");
    let by_user = Mapping::new("nothing", "time").constant_event("view");
    for (schema, mapping, name) in [
        (limited(Limits { names_max: 1 << 16, ..defaults }), by_name, "names_max = 65536"),
        (limited(Limits { texts_max: 50_000, ..defaults }), by_property, "texts_max = 50000"),
        (limited(Limits { rejections_max: 60_000, ..defaults }), by_user, "rejections_max = 60000"),
    ] {
        let mut ingest = Ingest::new(schema.clone(), mapping.clone()).unwrap();
        refused(ingest.push(&batch), ErrorKind::LimitExceeded, &[name]);
        refused(ingest.push(&batch), ErrorKind::LimitExceeded, &[name]);
        refused(ingest.finish(), ErrorKind::LimitExceeded, &[name]);

        let mut ingest = Ingest::new(schema, mapping).unwrap();
        let mut builder = ChunkBuilder::new(ingest.plan(&batch).unwrap());
        refused(builder.push(&batch), ErrorKind::LimitExceeded, &[name]);
        refused(ingest.append(builder.finish()), ErrorKind::LimitExceeded, &[name]);
        refused(ingest.finish(), ErrorKind::LimitExceeded, &[name]);
    }
}

#[test]
fn a_chunk_of_another_plan_is_refused() {
    let batch = one_row("", None);
    let mut other = Ingest::new(EventSchema::default(), Mapping::new("user", "time").property("text")).unwrap();
    let mut builder = ChunkBuilder::new(other.plan(&batch).unwrap());
    builder.push(&batch).unwrap();
    let mut ingest = Ingest::new(EventSchema::default(), Mapping::new("user", "time").all_other_columns()).unwrap();
    refused(ingest.append(builder.finish()), ErrorKind::InvalidArgument, &["plan of another ingest"]);
    assert_eq!(ingest.finish().unwrap().0.event_count(), 0);
}

#[test]
fn rejections_are_told_by_source_and_row_however_they_arrived() {
    let mut ingest = Ingest::new(EventSchema::default(), Mapping::new("user", "time")).unwrap();
    let batch = |source: &'static str, first_row: u64| {
        let mut batch = RawBatch::new(source, 2).starting_at(first_row);
        batch.push("user", RawColumn::new(RawData::Null(2)));
        batch.push("time", RawColumn::new(RawData::Text(vec!["2026-03-01"; 2].into())));
        batch.push("event", RawColumn::new(RawData::Text(vec!["view"; 2].into())));
        batch
    };
    let plan = ingest.plan(&batch("b.csv", 1)).unwrap();
    let mut builder = ChunkBuilder::new(Arc::clone(&plan));
    builder.push(&batch("b.csv", 1)).unwrap();
    let chunk = builder.finish();
    assert_eq!(chunk.rows_read(), 2);
    for batch in [batch("b.csv", 7), batch("a.csv", 5), batch("b.csv", 1)] {
        ingest.push(&batch).unwrap();
    }
    ingest.append(chunk.after_rows(2)).unwrap();
    let report = ingest.finish().unwrap().1;
    let told: Vec<(&str, u64)> =
        report.rejections.iter().map(|rejection| (&*rejection.source, rejection.row)).collect();
    let b = [1, 2, 3, 4, 7, 8].map(|row| ("b.csv", row));
    assert_eq!(told, b.into_iter().chain([("a.csv", 5), ("a.csv", 6)]).collect::<Vec<_>>());
    assert_eq!(
        report.to_string(),
        "read 8 = accepted 0 + duplicate 0 + rejected 8\n  8 × user: the value is missing\n  \
         b.csv row 1, user: the value is missing: \"\"\n  b.csv row 2, user: the value is missing: \"\"\n  \
         b.csv row 3, user: the value is missing: \"\"\n  … and 5 more"
    );
}

fn round_trip<T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    let toml = toml::to_string(value).unwrap();
    assert_eq!(&toml::from_str::<T>(&toml).unwrap(), value, "{toml}");
}

#[test]
fn definitions_read_what_they_write() {
    let plain = Mapping::new("user", "time");
    let mut full = Mapping::new("u", "t")
        .user_type(UserIdType::Text)
        .time_format(TimeFormat::EpochMillis)
        .zone("Asia/Shanghai".parse().unwrap())
        .constant_event("order")
        .minor_amount("a")
        .rounding(Rounding::HalfEven)
        .id("i")
        .property("p")
        .property(PropertyMapping::column("q").named("r").typed(ValueType::Date));
    full.amount.as_mut().unwrap().currency = Some("c".to_owned());
    for mapping in [plain.clone(), full, plain.clone().all_other_columns(), plain.amount("a")] {
        round_trip(&mapping);
    }
    let fields = TYPES.map(|value_type| Field { name: value_type.to_string(), value_type });
    round_trip(&EventSchema::default());
    round_trip(&EventSchema {
        zone: "Africa/Cairo".parse().unwrap(),
        currency: "JPY".parse().unwrap(),
        events: vec!["view".to_owned()],
        properties: fields.to_vec(),
        attributes: fields.to_vec(),
        limits: Limits { rows_max: 7, ..Limits::default() },
    });
    round_trip(&AttributeMapping::new("user"));
    round_trip(&AttributeMapping::new("user").user_type(UserIdType::Integer).attribute("city"));
    round_trip(&Rejection {
        source: "a".into(),
        row: 1,
        field: "".into(),
        reason: RejectReason::Malformed,
        text: String::new(),
        record: Record::Line("x".to_owned()),
    });
}

#[test]
fn a_definition_states_only_what_differs_and_nothing_unknown() {
    let mapping: Mapping = toml::from_str("user = 'u'\ntime = { column = 't' }\nevent = { column = 'event' }").unwrap();
    assert_eq!(mapping, Mapping::new("u", "t"));
    assert_eq!(mapping.event, EventName::Column("event".to_owned()));
    let schema: EventSchema = toml::from_str("zone = 'Asia/Shanghai'").unwrap();
    assert_eq!(schema, EventSchema { zone: "Asia/Shanghai".parse().unwrap(), ..EventSchema::default() });
    for text in [
        "user = 'u'\ntime = { column = 't' }\nevent = { column = 'event' }\nevnet = 1",
        "user = 'u'\ntime = { column = 't', fromat = 'auto' }\nevent = { column = 'event' }",
        "user = 'u'\ntime = { column = 't' }\nevent = { column = 'event' }\namount = { column = 'a', unti = 'minor' }",
    ] {
        assert!(toml::from_str::<Mapping>(text).unwrap_err().to_string().contains("unknown field"), "{text}");
    }
    for text in ["zon = 'UTC'", "limits = { row_max = 1 }"] {
        assert!(toml::from_str::<EventSchema>(text).unwrap_err().to_string().contains("unknown field"), "{text}");
    }
    assert!(toml::from_str::<EventSchema>("zone = 'Asia/Shangai'").unwrap_err().to_string().contains("Asia/Shanghai"));
    assert!(toml::from_str::<EventSchema>("properties = [{ name = 'p', type = 'integer', typ = 1 }]").is_err());
}
