//! Neither the size of blocks nor the number of threads shows in a log.

use proptest::prelude::*;
use userops::event::EventSchema;
use userops::ingest::IngestReport;
use userops::log::EventLog;
use userops_io::{CsvOptions, FileFormat, LogReader};

use crate::support::{plain_mapping, read};

fn read_with(format: &FileFormat, bytes: &[u8], block_bytes: usize, threads: usize) -> (EventLog, IngestReport) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    pool.install(|| {
        let mapping = plain_mapping().property("note");
        let reader = LogReader::new(EventSchema::default(), mapping).format(format.clone()).block_bytes(block_bytes);
        read(reader.bytes("input", bytes.to_vec())).unwrap()
    })
}

/// Lines of which some are broken, with quotes that span lines.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&[u8]> = vec![
        b"a,2026-03-01,x,1.50,n\n",
        b"b,2026-03-01 10:00:00.250,y,,\r\n",
        b"\"c\",2026-03-02,\"x\ny\n\nz\",3,\"say \"\"so\"\"\"\n",
        b"c,2026-03-02,x,3,\"\"\n",
        b"c,2026-03-02,x\n",
        b"c,yesterday,x,3,n\n",
        b"\xc3,2026-03-02,x,3,n\n",
        b"\"\xc3\n\",2026-03-02,x,3,n\n",
        b"c,2026-03-02,x 5\" wide,3,n\n",
        b"\n",
        "é,2026-03-02,中,3,😀\n".as_bytes(),
    ];
    prop::sample::select(lines).prop_map(<[u8]>::to_vec)
}

proptest! {
    #[test]
    fn csv_does_not_depend_on_blocks(lines in prop::collection::vec(line(), 0..60), block_bytes in 1usize..300, threads in 1usize..4) {
        let mut bytes = b"user,time,event,amount,note\n".to_vec();
        bytes.extend(lines.concat());
        let format = FileFormat::Csv(CsvOptions::new());
        prop_assert_eq!(read_with(&format, &bytes, block_bytes, threads), read_with(&format, &bytes, 1 << 20, 1));
    }

    #[test]
    fn json_lines_do_not_depend_on_blocks(
        lines in prop::collection::vec(prop::sample::select(vec![
            r#"{"user":"a","time":"2026-03-01","event":"x","amount":1,"note":"n"}"#,
            r#"{"note":null,"event":"\u0078","time":"2026-03-02T00:00:00Z","user":"b"}"#,
            r#"{"user":1,"time":"2026-03-01","event":"x","note":1.5}"#,
            r#"{"user":"a","time":"2026-03-01","event":"x","amount":[]}"#,
            "{", "", "null",
        ]), 0..60),
        block_bytes in 1usize..300,
        threads in 1usize..4,
    ) {
        // The first line has every column, so that none is missing.
        let whole = r#"{"user":"a","time":"2026-03-01","event":"x","amount":1,"note":"n"}"#;
        let bytes = format!("{whole}\n{}", lines.join("\n"));
        let format = FileFormat::JsonLines;
        prop_assert_eq!(
            read_with(&format, bytes.as_bytes(), block_bytes, threads),
            read_with(&format, bytes.as_bytes(), 1 << 20, 1)
        );
    }
}

#[test]
fn quotes_in_a_large_file_leave_row_numbers_exact() {
    let mut text = "user,time,event,amount,note\n".to_owned();
    let mut bad_rows = Vec::new();
    for row in 1..=60_000 {
        match row % 1_000 {
            17 => text += "a,2026-03-01,x,1,\"two\nlines, and a \"\"quote\"\"\"\n",
            500 => {
                bad_rows.push(row);
                text += "a,never,x,1,n\n";
            }
            700 => {
                bad_rows.push(row);
                text += "a,2026-03-01,x,1\n";
            }
            _ => text += "a,2026-03-01,x,1,n\n",
        }
    }
    for (block_bytes, threads) in [(1 << 24, 1), (10_000, 2), (333, 4)] {
        let (log, report) = read_with(&FileFormat::Auto, text.as_bytes(), block_bytes, threads);
        assert_eq!(report.rejections.iter().map(|rejection| rejection.row).collect::<Vec<_>>(), bad_rows);
        assert_eq!(log.event_count(), 60_000 - bad_rows.len());
    }
}
