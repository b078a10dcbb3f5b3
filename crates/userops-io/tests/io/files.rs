//! Files: where they are, how they are compressed, many at once, and word of how far a read has come.

use std::fs;
use std::ops::ControlFlow;

use tempfile::TempDir;
use userops::error::ErrorKind;
use userops::event::EventSchema;
use userops::ingest::{AttributeMapping, Mapping, Record};
use userops::value::{ValueRef, ValueType};
use userops_io::{FileFormat, LogReader, write_table};

use crate::support::{gzip, plain_mapping, read, read_bytes, rejections, zstd};

const TEXT: &str = "user,time,event,amount\na,2026-03-01,x,1\nb,2026-03-02,y,2.50\na,2026-03-03,x,\n";

fn reader() -> LogReader<'static> {
    LogReader::new(EventSchema::default(), plain_mapping())
}

#[test]
fn what_cannot_be_opened_is_an_error_with_its_path() {
    let folder = TempDir::new().unwrap();
    let missing = folder.path().join("missing.csv");
    for path in [missing.as_path(), folder.path()] {
        let error = read(reader().file(path)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.to_string().starts_with(&format!("{}: ", path.display())), "{error}");
    }
}

#[test]
fn empty_files_say_what_they_lack() {
    let folder = TempDir::new().unwrap();
    for (name, expected) in
        [("a.csv", Some(ErrorKind::Empty)), ("a.parquet", Some(ErrorKind::InvalidFormat)), ("a.jsonl", None)]
    {
        let path = folder.path().join(name);
        fs::write(&path, "").unwrap();
        let outcome = read(reader().file(&path));
        assert_eq!(outcome.as_ref().err().map(|error| error.kind()), expected);
        if let Err(error) = outcome {
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}

#[test]
fn compressed_files_are_told_by_their_first_bytes() {
    let folder = TempDir::new().unwrap();
    let (expected, _) = read_bytes(plain_mapping(), TEXT).unwrap();
    let (head, tail) = TEXT.split_at(40);
    let two_members = [gzip(head.as_bytes()), gzip(tail.as_bytes())].concat();
    let two_frames = [zstd(head.as_bytes()), zstd(tail.as_bytes())].concat();
    for bytes in [gzip(TEXT.as_bytes()), zstd(TEXT.as_bytes()), two_members, two_frames] {
        let path = folder.path().join("events.csv");
        fs::write(&path, &bytes).unwrap();
        assert_eq!(read(reader().file(&path)).unwrap().0, expected);
        for cut in [bytes.len() / 2, bytes.len() - 1] {
            fs::write(&path, &bytes[..cut]).unwrap();
            let error = read(reader().file(&path)).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidFormat, "{error}");
            assert!(error.to_string().contains("events.csv: the compressed data"), "{error}");
        }
    }
}

#[test]
fn the_format_is_told_by_content_then_by_name() {
    let folder = TempDir::new().unwrap();
    let (expected, _) = read_bytes(plain_mapping(), TEXT).unwrap();
    let json = "{\"user\":\"a\",\"time\":\"2026-03-01\",\"event\":\"x\",\"amount\":1}\n\
                {\"user\":\"b\",\"time\":\"2026-03-02\",\"event\":\"y\",\"amount\":2.5}\n\
                {\"user\":\"a\",\"time\":\"2026-03-03\",\"event\":\"x\"}\n";
    for (name, bytes) in [
        ("a.csv", TEXT.as_bytes().to_vec()),
        ("a", TEXT.as_bytes().to_vec()),
        ("a.tsv", TEXT.replace(',', "\t").into_bytes()),
        ("a.txt", TEXT.replace(',', ";").into_bytes()),
        ("a.jsonl", json.as_bytes().to_vec()),
        ("a.ndjson.gz", gzip(json.as_bytes())),
        ("unknown", json.as_bytes().to_vec()),
        ("unknown.gz", gzip(json.as_bytes())),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        assert_eq!(read(reader().file(&path)).unwrap().0, expected, "{name}");
    }
}

#[test]
fn many_files_in_different_orders_are_one_log() {
    let folder = TempDir::new().unwrap();
    let parts = [
        ("1.csv", "user,time,event,amount\na,2026-03-01,x,1\nb,bad,x,1\n"),
        ("2.csv", "amount,extra,event,user,time\n2.50,1,y,b,2026-03-02\n"),
        ("3.jsonl", "{\"event\":\"x\",\"user\":\"a\",\"time\":\"2026-03-03\"}\n[]\n"),
    ];
    let paths = parts.map(|(name, text)| {
        fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name)
    });
    let (log, report) = read(reader().files(&paths)).unwrap();
    assert_eq!(log, read_bytes(plain_mapping(), TEXT).unwrap().0);
    let places: Vec<(bool, u64)> =
        report.rejections.iter().map(|rejection| (rejection.source.ends_with("1.csv"), rejection.row)).collect();
    assert_eq!(places, [(true, 2), (false, 2)]);

    // All other columns: what one file lacks is unknown there, and what only the second has is not lost.
    let mapping = Mapping::new("user", "time").all_other_columns();
    let reader = LogReader::new(EventSchema::default(), mapping).files(&paths);
    let (log, _) = read(reader).unwrap();
    assert_eq!(log.properties().map(|(name, _)| name).collect::<Vec<_>>(), ["amount", "extra"]);
    assert_eq!(log.property("extra").unwrap().known_count(), 1);

    // A column that the mapping names has to be in every file that has a heading.
    let error =
        read(LogReader::new(EventSchema::default(), plain_mapping().property("extra")).files(&paths)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingColumn);
    assert!(error.to_string().contains("1.csv: no column \"extra\""), "{error}");
}

#[test]
fn attributes_are_read_from_every_format() {
    let folder = TempDir::new().unwrap();
    let users = folder.path().join("users.csv");
    fs::write(&users, "user,city,age\na,Ulm,7\n,Bern,8\nc,,x\n").unwrap();
    let more = folder.path().join("more.jsonl");
    fs::write(&more, "{\"user\":\"a\",\"vip\":true}\n{\"user\":\"d\",\"vip\":null}\n").unwrap();
    let reader = reader()
        .bytes("events", TEXT)
        .attributes_file(&users, AttributeMapping::new("user"))
        .attributes_file(&more, AttributeMapping::new("user"));
    let (log, report) = read(reader).unwrap();
    assert_eq!((report.attributes_read, report.attributes_rejected), (5, 1));
    assert!(rejections(&report)[0].ends_with("users.csv row 2, user: the value is missing: \"\""));
    assert_eq!(log.user_count(), 4);
    let value = |user: &str, name: &str| {
        let row = log.users().find_text(user).unwrap().index();
        log.attributes().column(name).unwrap().get(row).map(|value| value.to_string())
    };
    assert_eq!(value("a", "city").as_deref(), Some("Ulm"));
    assert_eq!(value("c", "city"), None);
    assert_eq!(value("a", "vip").as_deref(), Some("true"));
    assert_eq!(log.attributes().column("vip").unwrap().value_type(), ValueType::Bool);

    let error =
        read(self::reader().attributes_file(&users, AttributeMapping::new("user").attribute("town"))).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MissingColumn);
}

#[test]
fn rejected_rows_are_written_mended_and_read_again() {
    let folder = TempDir::new().unwrap();
    let text = "user,time,event,amount\na,2026-03-01,x,1\nb,02.03.2026,y,\"2,50\"\na,2026-03-03,\"\",\nc\n";
    let (log, report) = read_bytes(plain_mapping(), text).unwrap();
    assert_eq!((log.event_count(), report.rejected), (1, 3));
    let path = folder.path().join("rejected.csv");
    write_table(&report.rejections_table().unwrap(), &path).unwrap();
    let written = fs::read_to_string(&path).unwrap();
    let mended =
        written.replace(",02.03.2026,y,\"2,50\"", ",2026-03-02,y,2.50").replace(",2026-03-03,\"\",", ",2026-03-03,x,");
    fs::write(&path, &mended).unwrap();
    let (again, report) = read(reader().file(&path)).unwrap();
    assert_eq!((again.event_count(), report.rejected), (2, 1), "{report}\n{mended}");
    assert!(matches!(report.rejections[0].record, Record::Fields(_)));
    assert_eq!(log.merge(&again).unwrap(), read_bytes(plain_mapping(), TEXT).unwrap().0);
}

#[test]
fn progress_only_grows_and_ends_with_everything() {
    let text = TEXT.to_owned() + &"a,2026-03-01,x,1\n".repeat(20_000);
    for bytes in [text.clone().into_bytes(), gzip(text.as_bytes())] {
        let total = bytes.len() as u64;
        let mut seen = Vec::new();
        let reader = reader().block_bytes(10_000).bytes("input", bytes).progress(|progress| {
            assert_eq!((progress.bytes_total, progress.source), (total, "input"));
            seen.push((progress.bytes_read, progress.rows_read));
            ControlFlow::Continue(())
        });
        let (_, report) = read(reader).unwrap();
        assert!(seen.len() > 10);
        assert!(seen.is_sorted());
        assert_eq!(seen.last(), Some(&(total, report.read)));
    }
}

#[test]
fn a_read_stops_when_the_host_asks() {
    let text = TEXT.to_owned() + &"a,2026-03-01,x,1\n".repeat(20_000);
    let mut calls = 0;
    let reader = reader().block_bytes(1_000).bytes("input", text).progress(|_| {
        calls += 1;
        if calls == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    let error = read(reader).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(calls, 3);
}

#[test]
fn a_reader_of_nothing_makes_an_empty_log() {
    let (log, report) = read(reader()).unwrap();
    assert_eq!((log.event_count(), log.user_count(), report.read), (0, 0, 0));
    assert_eq!(ValueRef::Integer(0).value_type(), ValueType::Integer);
    let format = FileFormat::default();
    assert_eq!(format, FileFormat::Auto);
}
