//! JSON Lines.

use userops::error::ErrorKind;
use userops::event::{EventSchema, Field};
use userops::ingest::{Mapping, UserIdType};
use userops::value::{ValueRef, ValueType};
use userops_io::{FileFormat, LogReader};

use crate::support::{plain_mapping, read, read_bytes, refusal, rejections};

#[test]
fn nested_objects_are_columns_with_dotted_names() {
    let text = concat!(
        r#"{"user":{"id":7},"time":"2026-03-01T00:00:00Z","event":"x","amount":12.50,"properties":{"plan":"pro\n","n":1}}"#,
        "\n\n",
        r#"  {"properties":{"n":1.5,"tags":["a"]},"time":"2026-03-02","user":{"id":9007199254740993},"event":"y"}  "#,
        "\r\n",
    );
    let mapping = Mapping::new("user.id", "time").amount("amount").property("properties.plan").property("properties.n");
    let (log, report) = read_bytes(mapping, text).unwrap();
    assert_eq!(report.rejected, 0, "{report}");
    assert_eq!(log.users().integers(), Some(&[7, 9_007_199_254_740_993][..]));
    assert_eq!(log.amount_minor().get(0), Some(1250));
    assert_eq!(log.property("properties.n").unwrap().get(0), Some(ValueRef::Float(1.0)));
    assert_eq!(log.property("properties.n").unwrap().get(1), Some(ValueRef::Float(1.5)));
    assert_eq!(log.property("properties.plan").unwrap().get(0), Some(ValueRef::Text("pro\n")));
}

#[test]
fn types_are_those_of_the_whole_input() {
    let line = |extra: &str| format!("{{\"user\":\"a\",\"time\":\"2026-03-01\",\"event\":\"x\"{extra}}}\n");
    let mut text = line("").repeat(20_000);
    text += &line(",\"late\":1");
    text += &line(",\"late\":1.5,\"later\":true");
    for block_bytes in [1 << 10, 1 << 24] {
        let mapping = Mapping::new("user", "time").all_other_columns();
        let reader = LogReader::new(EventSchema::default(), mapping).format(FileFormat::JsonLines);
        let (log, report) = read(reader.block_bytes(block_bytes).bytes("input", text.clone())).unwrap();
        assert_eq!(report.rejected, 0);
        let types: Vec<_> = log.properties().map(|(name, column)| (name, column.value_type())).collect();
        assert_eq!(types, [("late", ValueType::Float), ("later", ValueType::Bool)]);
    }
}

#[test]
fn lines_that_are_no_objects_are_rejected_with_their_text() {
    let text = [
        br#"{"user":"a","time":"2026-03-01","event":"x"}"#.as_slice(),
        b"[1]",
        br#"{"user":"a","#,
        b"",
        b"\xff",
        br#"{"user":"a","time":"2026-03-01","event":["x"]}"#,
        br#"{"user":"a","time":7,"event":"x"}"#,
        br#"{"user":null,"time":"2026-03-01","event":"x"}"#,
        br#"{"user":"a","time":"2026-03-01","event":"x","amount":true}"#,
        br#"{"user":"a","time":"2026-03-01","event":"x","amount":1e999}"#,
        br#"{"user":"a","time":"2026-03-01","event":"x","amount":0.1,"amount":0.3}"#,
    ]
    .join(&b"\n"[..]);
    let (log, report) = read_bytes(plain_mapping(), &text).unwrap();
    assert_eq!(log.amount_minor().iter().collect::<Vec<_>>(), [None, Some(30)]);
    assert_eq!(
        rejections(&report),
        [
            "input row 2: not a record of its format: \"[1]\"",
            "input row 3: not a record of its format: \"{\\\"user\\\":\\\"a\\\",\"",
            "input row 4: not valid UTF-8: \"\u{fffd}\"",
            "input row 5, event: the value is of the wrong type: \"[\\\"x\\\"]\"",
            "input row 6, time: not an instant in the stated format: \"7\"",
            "input row 7, user: the value is missing: \"\"",
            "input row 8, amount: the value is of the wrong type: \"true\"",
            "input row 9, amount: not a finite number: \"inf\"",
        ]
    );
}

#[test]
fn a_mapped_column_that_no_line_has_is_missing() {
    let error = refusal(plain_mapping(), "{\"user\":\"a\",\"time\":\"2026-03-01\",\"amount\":1}\n");
    assert_eq!(error.kind(), ErrorKind::MissingColumn);
    assert!(
        error.to_string().contains("no column \"event\" for event; the columns are \"user\", \"time\", \"amount\""),
        "{error}"
    );
    let error = refusal(plain_mapping(), "{\"user\":[1],\"time\":1700000000,\"event\":\"x\",\"amount\":1}\n");
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
}

#[test]
fn an_empty_file_is_no_events_and_an_array_is_refused() {
    for bytes in [&b""[..], b"\n \n", b"\xef\xbb\xbf"] {
        let reader = LogReader::new(EventSchema::default(), plain_mapping()).format(FileFormat::JsonLines);
        let (log, report) = read(reader.bytes("input", bytes)).unwrap();
        assert_eq!((log.event_count(), report.read), (0, 0));
    }
    let reader = LogReader::new(EventSchema::default(), plain_mapping()).format(FileFormat::JsonLines);
    let error = read(reader.bytes("input", "[\n{}\n]")).unwrap_err();
    assert_eq!(error.to_string(), "input: the file is one JSON array, where an object per line is needed");
}

#[test]
fn a_declared_type_is_kept_and_large_integers_are_exact() {
    let text = "{\"user\":18446744073709551616,\"time\":\"2026-03-01\",\"event\":\"x\",\"n\":3.0}\n";
    let schema = EventSchema {
        properties: vec![Field { name: "n".to_owned(), value_type: ValueType::Integer }],
        ..EventSchema::default()
    };
    let mapping = Mapping::new("user", "time").user_type(UserIdType::Text).property("n");
    let (log, _) = read(LogReader::new(schema, mapping).bytes("input", text)).unwrap();
    assert!(log.users().find_text("18446744073709551616").is_some());
    assert_eq!(log.property("n").unwrap().get(0), Some(ValueRef::Integer(3)));
}
