//! CSV and whitespace-separated text.

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::EventSchema;
use userops::ingest::{Mapping, Record, RejectReason, UserIdType};
use userops::time::TimeFormat;
use userops_io::{CsvOptions, FileFormat, LogReader};

use crate::support::{plain_mapping, read, read_bytes, refusal, rejections};

const HEADING: &str = "user,time,event,amount\n";

fn with_options(
    options: CsvOptions,
    mapping: Mapping,
    text: &str,
) -> (userops::log::EventLog, userops::ingest::IngestReport) {
    let format = FileFormat::Csv(options);
    read(LogReader::new(EventSchema::default(), mapping).format(format).bytes("input", text.to_owned())).unwrap()
}

#[test]
fn cdnow_has_its_published_totals() {
    let mapping = Mapping::new("customer_id", "date")
        .user_type(UserIdType::Integer)
        .time_format(TimeFormat::CompactDate)
        .constant_event("purchase")
        .amount("dollar_value")
        .property("number_of_cds");
    for block_bytes in [1 << 12, 1 << 20] {
        let reader = LogReader::new(EventSchema::default(), mapping.clone())
            .format(FileFormat::Csv(CsvOptions::blanks()))
            .block_bytes(block_bytes)
            .file(concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/data/cdnow_master.txt"));
        let (log, report) = read(reader).unwrap();
        assert_eq!((log.event_count(), log.user_count(), report.rejected), (69_659, 23_570, 0));
        let total: i64 = log.amount_minor().values().iter().sum();
        assert_eq!(total, CDNOW_TOTAL_MINOR);
    }
}

/// The sum of the file's last column in cents.
const CDNOW_TOTAL_MINOR: i64 = 250_031_563;

#[test]
fn lines_end_in_any_of_the_usual_ways() {
    let expected = read_bytes(plain_mapping(), format!("{HEADING}a,2026-03-01,x,1\nb,2026-03-02,y,\n")).unwrap().0;
    for text in [
        "user,time,event,amount\r\na,2026-03-01,x,1\r\nb,2026-03-02,y,\r\n",
        "user,time,event,amount\na,2026-03-01,x,1\nb,2026-03-02,y,",
        "\u{feff}user,time,event,amount\n\n\na,2026-03-01,x,1\n\r\n\nb,2026-03-02,y,\n\n\n",
        "\n\nuser,time,event,amount\na,2026-03-01,x,1\nb,2026-03-02,y,\r",
        "\u{feff}\"user\",\"time\",\"event\",\"amount\"\n\"a\",\"2026-03-01\",\"x\",\"1\"\n\"b\",2026-03-02,y,\"\"\n",
        "user;time;event;amount\na;2026-03-01;x;1\nb;2026-03-02;y;\n",
        "user\ttime\tevent\tamount\na\t2026-03-01\tx\t1\nb\t2026-03-02\ty\t\n",
        "event|amount|user|time\nx|1|a|2026-03-01\ny||b|2026-03-02\n",
    ] {
        let (log, report) = read_bytes(plain_mapping(), text).unwrap();
        assert_eq!(log, expected, "{text:?}");
        assert_eq!(report.rejected, 0);
    }
}

#[test]
fn faulty_rows_are_numbered_and_kept() {
    let text = [
        HEADING.as_bytes(),
        b"a,2026-03-01,x,1\n",
        b"a,2026-03-01,x\n",
        b"\n",
        b"a,2026-03-01,x,1,2\n",
        b"\xff\xfe,2026-03-01,x,1\n",
        b"a,2026-03-32,x,1\n",
        b",2026-03-01,x,1\n",
        b"a,2026-03-01,x,NaN\n",
        b"a,2026-03-01,x,inf\n",
        b"a,2026-03-01,x,1.005\n",
        b"a,12026-03-01,x,1\n",
        b"b,2026-03-01,\"x\ny\",1\n",
        b"b,2026-03-01,,1\n",
        b"b,2026-03-01,\"never closed,1\n",
    ]
    .concat();
    let (log, report) = read_bytes(plain_mapping(), &text).unwrap();
    assert_eq!(log.event_count(), 2);
    assert_eq!(
        rejections(&report),
        [
            "input row 2: another number of fields than the heading: \"a,2026-03-01,x\"",
            "input row 3: another number of fields than the heading: \"a,2026-03-01,x,1,2\"",
            "input row 4: not valid UTF-8: \"\u{fffd}\u{fffd},2026-03-01,x,1\"",
            "input row 5, time: not an instant in the stated format: \"2026-03-32\"",
            "input row 6, user: the value is missing: \"\"",
            "input row 7, amount: not a finite number: \"NaN\"",
            "input row 8, amount: not a finite number: \"inf\"",
            "input row 9, amount: finer than the currency's minor unit; state a rounding to accept it: \"1.005\"",
            "input row 10, time: not an instant in the stated format: \"12026-03-01\"",
            "input row 12, event: the value is missing: \"\"",
            "input row 13: not a record of its format: \"b,2026-03-01,\\\"never closed,1\"",
        ]
    );
    assert_eq!(report.rejections[0].record, Record::Line("a,2026-03-01,x".to_owned()));
}

#[test]
fn an_unquoted_nothing_is_missing_and_a_quoted_one_is_empty() {
    let text = "user,time,event,note\na,2026-03-01,x,\na,2026-03-02,x,\"\"\na,2026-03-03,\"x\",\" \"\n";
    let (log, _) = read_bytes(Mapping::new("user", "time").property("note"), text).unwrap();
    let notes = log.text_property("note").unwrap();
    assert_eq!((0..3).map(|row| notes.get(row)).collect::<Vec<_>>(), [None, Some(""), Some(" ")]);
}

#[test]
fn columns_may_be_named_by_the_caller_or_numbered() {
    let text = "a,2026-03-01,x\nb,2026-03-02,y\n";
    let numbered = Mapping::new("column_1", "column_2").event("column_3");
    let (log, _) = with_options(CsvOptions::new().without_header(), numbered, text);
    assert_eq!(log.event_count(), 2);
    let options = CsvOptions::new().without_header().columns(["u", "t", "e"]);
    assert_eq!(with_options(options, Mapping::new("u", "t").event("e"), text).0, log);
    let options = CsvOptions::new().columns(["u", "t", "e"]);
    assert_eq!(with_options(options, Mapping::new("u", "t").event("e"), text).0.event_count(), 1);
}

#[test]
fn comments_and_other_quotes_are_options() {
    let text = "# made \"by hand\nuser,time,event\n#\"\n'a,\"',2026-03-01,it''s\n'b''',2026-03-01,x\n#end";
    let options = CsvOptions::new().comment(b'#').quote(Some(b'\''));
    let (log, report) = with_options(options, Mapping::new("user", "time"), text);
    assert_eq!(report.read, 2);
    assert!(log.users().find_text("a,\"").is_some() && log.users().find_text("b'").is_some());
    assert!(log.name_code("it''s").is_ok());
    let options = CsvOptions::new().quote(None).delimiter(b',');
    let (log, _) = with_options(options, Mapping::new("user", "time"), "user,time,event\n\"a,2026-03-01,\"\n");
    assert!(log.users().find_text("\"a").is_some());
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    for options in [
        CsvOptions::new().delimiter(b'"'),
        CsvOptions::new().delimiter(b'\n'),
        CsvOptions::new().delimiter(0xe9),
        CsvOptions::new().comment(b'"'),
    ] {
        let reader = LogReader::new(EventSchema::default(), plain_mapping()).format(FileFormat::Csv(options));
        assert_eq!(read(reader.bytes("input", HEADING)).unwrap_err().kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn files_that_are_no_csv_are_refused_with_the_reason() {
    for (bytes, kind, message) in [
        (&b""[..], ErrorKind::Empty, "input: the file is empty: it has not even a heading"),
        (
            b"user,time\na,2026-03-01\n",
            ErrorKind::MissingColumn,
            "input: no column \"event\" for event; the columns are \"user\", \"time\"",
        ),
        (b"user,time,evnt,amount\n", ErrorKind::MissingColumn, "did you mean \"evnt\"?"),
        (b"\xff\xfeu\0s\0", ErrorKind::InvalidFormat, "input: the file is encoded as UTF-16; save it as UTF-8"),
        (b"us\xe9r,time\n", ErrorKind::InvalidFormat, "the first line is not valid UTF-8"),
        (b"user,time,event,amount,time\n", ErrorKind::InvalidFormat, "input: two columns are named \"time\""),
    ] {
        let error = refusal(plain_mapping(), bytes);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(message), "{error}");
    }
}

#[test]
fn a_heading_without_rows_is_an_empty_log() {
    for text in [HEADING, HEADING.trim_end(), "user,time,event,amount\r\n\r\n"] {
        let (log, report) = read_bytes(plain_mapping(), text).unwrap();
        assert_eq!((log.event_count(), report.read), (0, 0));
    }
}

#[test]
fn a_long_record_is_judged_by_the_limits() {
    let long = "x".repeat(1_000_000);
    let text = format!("{HEADING}{long},2026-03-01,x,1\n\"{long}\",2026-03-01,x,1\nb,2026-03-01,x,1\n");
    let (log, report) = read_bytes(plain_mapping(), &text).unwrap();
    assert_eq!((log.event_count(), report.rejected), (1, 2));
    assert!(report.rejections.iter().all(|rejection| rejection.reason == RejectReason::TooLong));
    assert!(report.rejections[0].text.len() < 1_000);

    let reader = LogReader::new(EventSchema::default(), plain_mapping());
    let error = read(reader.block_bytes(1_000).record_bytes_max(10_000).bytes("input", text)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.to_string().ends_with("longer than the limit of 10000 bytes; is a quote not closed?"), "{error}");
}

/// What the `csv` crate reads from the same text: the fields of each record, blank lines left out.
fn oracle(text: &str) -> Vec<Vec<String>> {
    let mut reader = ::csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .terminator(::csv::Terminator::Any(b'\n'))
        .from_reader(text.as_bytes());
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

proptest! {
    #[test]
    fn records_are_those_of_the_csv_crate(
        text in prop::collection::vec(prop::sample::select(vec!["\"", "\"\"", ",", ",", "\n", "a", "é ", "b"]), 0..60),
        block_bytes in 1usize..40,
    ) {
        let body = text.concat();
        let records = oracle(&body);
        let options = CsvOptions::new().delimiter(b',').without_header().columns(["a", "b", "c"]);
        let mapping = Mapping::new("a", "b").constant_event("x").property("c");
        let reader = LogReader::new(EventSchema::default(), mapping).format(FileFormat::Csv(options));
        let (_, report) = read(reader.block_bytes(block_bytes).bytes("input", body.clone())).unwrap();
        // No `b` is an instant, so every row is rejected and shows itself.
        let unclosed = report.rejections.iter().filter(|rejection| rejection.reason == RejectReason::Malformed).count();
        prop_assert!(unclosed <= 1);
        prop_assert_eq!(report.read as usize, records.len(), "{:?}", body);
        for (rejection, record) in report.rejections.iter().zip(&records) {
            match &rejection.record {
                Record::Fields(fields) => {
                    let value = |column: &str| fields.iter().find(|(name, _)| **name == *column).map(|(_, value)| value);
                    let fields = ["a", "b", "c"].map(|column| value(column).map_or("", String::as_str));
                    prop_assert_eq!(&fields[..], &record[..], "{:?}", body);
                }
                Record::Line(_) if rejection.reason == RejectReason::Malformed => {}
                Record::Line(_) => prop_assert_ne!(record.len(), 3, "{:?}", body),
            }
        }
    }
}
