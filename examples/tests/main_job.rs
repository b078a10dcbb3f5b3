//! The main job from end to end: from files to scores, and from the command line to the report.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking, in its helpers too"
)]

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use userops::event::EventSchema;
use userops::ingest::{Mapping, UserIdType};
use userops::score::Comparison;
use userops::score::rfm::{
    BuyerOptions, CellScheme, EightGroupOptions, EightGroupScheme, RfmModel, ThresholdKind, measure_buyers,
};
use userops::time::TimeFormat;
use userops_examples::analysis::Analysis;
use userops_examples::arguments::{Arguments, Command};
use userops_examples::{report, tables};
use userops_io::{CsvOptions, FileFormat, LogReader, TableFormat};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The golden rows by customer: low-rank score, segment, and the eight groups under four conventions.
fn golden() -> BTreeMap<i64, Vec<String>> {
    let text = std::fs::read_to_string(root().join("testdata/golden/rfm_cdnow.csv")).unwrap();
    let rows = text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    rows.map(|row| (row[0].parse().unwrap(), row)).collect()
}

#[test]
fn the_cdnow_sample_scores_as_published() {
    let columns = ["master", "id", "date", "cds", "dollars"];
    let mapping = Mapping::new("id", "date").user_type(UserIdType::Integer).time_format(TimeFormat::CompactDate);
    let (log, ingest) = LogReader::new(EventSchema::default(), mapping.constant_event("purchase").amount("dollars"))
        .format(FileFormat::Csv(CsvOptions::blanks().without_header().columns(columns)))
        .file(root().join("testdata/golden/cdnow_sample.txt"))
        .read()
        .unwrap();
    assert_eq!((ingest.read, ingest.accepted, log.user_count()), (6_919, 6_919, 2_357));

    let as_of = "1998-06-30T00:00:00Z".parse().unwrap();
    let buyers = measure_buyers(&log, as_of, BuyerOptions::new(["purchase"])).unwrap();
    let model = RfmModel::fit(&buyers.measures(), buyers.rfm_options()).unwrap();
    let scores = model.score_columns(&buyers.measures()).unwrap();
    let segments = CellScheme::ten_segments();
    let groups = |kind, comparison| {
        let options = EightGroupOptions::default().threshold(kind).comparison(comparison);
        EightGroupScheme::fit(&buyers.measures(), options).unwrap().groups(&buyers.measures()).unwrap()
    };
    let eight = [
        groups(ThresholdKind::Mean, Comparison::AtLeast),
        groups(ThresholdKind::Mean, Comparison::Above),
        groups(ThresholdKind::Median, Comparison::AtLeast),
        groups(ThresholdKind::Median, Comparison::Above),
    ];
    let golden = golden();
    assert_eq!(golden.len(), buyers.users().len());
    for (row, user) in buyers.users().iter().enumerate() {
        let id = log.users().integers().unwrap()[user.index()];
        let expected = &golden[&id];
        let score = scores.get(row).unwrap();
        assert_eq!(score.to_string(), expected[4], "low rank of customer {id}");
        assert_eq!(segments.segment(score).unwrap(), expected[7], "segment of customer {id}");
        for (groups, expected) in eight.iter().zip(&expected[8..]) {
            let high = |digit: usize| expected.as_bytes()[digit] == b'1';
            let group = userops::score::rfm::ValueGroup::from_high(high(0), high(1), high(2));
            assert_eq!(groups[row], group, "group of customer {id}");
        }
    }
}

fn analyse(line: &str) -> (Analysis, Arguments) {
    let words = line.split_whitespace().map(OsString::from);
    let Command::Report(arguments) = Arguments::parse(words).unwrap() else { panic!("{line} is a report") };
    let (log, ingest) = arguments.reader().read().unwrap();
    (Analysis::new(log, ingest, &arguments).unwrap(), *arguments)
}

#[test]
fn the_whole_cdnow_log_is_reported_on() {
    let (analysis, arguments) = analyse("cdnow");
    assert_eq!(analysis.ingest.read, 69_659);
    assert_eq!(analysis.ingest.read, analysis.ingest.accepted + analysis.ingest.duplicate + analysis.ingest.rejected);
    assert_eq!(analysis.log.user_count(), 23_570);
    assert_eq!(analysis.log.amount_total().minor(), 250_031_563);
    // Nobody is lost between the parts: each table adds up to all customers.
    assert_eq!(analysis.ladder.rungs()[0].reached_count, 23_570);
    assert_eq!(analysis.scores.len(), 23_570);
    let text = report::render(&analysis, &arguments).unwrap();
    for section in
        ["What was read", "Portrait", "Order ladder", "RFM", "Ten segments", "八大客户群", "Core", "explained"]
    {
        assert!(text.contains(section), "{section}");
    }

    let folder = std::env::temp_dir().join(format!("userops-main-job-{}", std::process::id()));
    for format in [TableFormat::Csv, TableFormat::Parquet, TableFormat::JsonLines] {
        tables::write(&analysis, &folder, format).unwrap();
    }
    let lines = std::fs::read_to_string(folder.join("segments.csv")).unwrap().lines().count();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(lines, 23_571, "a heading and a row per buyer");
}

#[test]
fn a_file_of_ones_own_is_reported_on_by_its_columns() {
    let path = std::env::temp_dir().join(format!("userops-own-file-{}.csv", std::process::id()));
    let rows = "who,at,what,paid,key\n\
                a,2026-01-01T10:00:00+08:00,order,10.00,1\n\
                a,2026-01-05T10:00:00+08:00,order,20.00,2\n\
                b,2026-01-05T10:00:00+08:00,view,,3\n\
                b,not a time,order,5.00,4\n\
                a,2026-01-05T10:00:00+08:00,order,20.00,2\n";
    std::fs::write(&path, rows).unwrap();
    let line = format!(
        "cdnow --input {} --user who --time at --event what --amount paid --id key --zone Asia/Shanghai --currency CNY",
        path.display()
    );
    let (analysis, arguments) = analyse(&line);
    std::fs::remove_file(&path).unwrap();
    let ingest = &analysis.ingest;
    assert_eq!((ingest.read, ingest.accepted, ingest.duplicate, ingest.rejected), (5, 3, 1, 1));
    assert_eq!(analysis.buyers.users().len(), 1, "b has looked, not bought");
    let text = report::render(&analysis, &arguments).unwrap();
    assert!(text.contains("CNY 30.00"), "{text}");
    assert!(text.contains("not a time"), "{text}");
}
