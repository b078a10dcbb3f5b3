//! The main job from end to end: from files to scores, and from the command line to the report.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use userops::event::EventSchema;
use userops::ingest::{IngestReport, Mapping, UserIdType};
use userops::log::EventLog;
use userops::score::Comparison;
use userops::score::rfm::{
    BuyerOptions, CellScheme, EightGroupOptions, EightGroupScheme, RfmModel, ThresholdKind, measure_buyers,
};
use userops::table::Table;
use userops::time::TimeFormat;
use userops::value::ValueRef;
use userops_examples::analysis::Analysis;
use userops_examples::arguments::{Arguments, Command};
use userops_examples::outlook::Outlook;
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

/// One customer of ten of the CDNOW log.
fn sample() -> (EventLog, IngestReport) {
    let columns = ["master", "id", "date", "cds", "dollars"];
    let mapping = Mapping::new("id", "date").user_type(UserIdType::Integer).time_format(TimeFormat::CompactDate);
    LogReader::new(EventSchema::default(), mapping.constant_event("purchase").amount("dollars"))
        .format(FileFormat::Csv(CsvOptions::blanks().without_header().columns(columns)))
        .file(root().join("testdata/golden/cdnow_sample.txt"))
        .read()
        .unwrap()
}

#[test]
fn the_cdnow_sample_scores_as_published() {
    let (log, ingest) = sample();
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
    the_playbook_is_reported_on(&analysis, &text);
    the_outlook_is_reported_on(&analysis, &text);

    let folder = std::env::temp_dir().join(format!("userops-main-job-{}", std::process::id()));
    for format in [TableFormat::Csv, TableFormat::Parquet, TableFormat::JsonLines] {
        tables::write(&analysis, &folder, format).unwrap();
    }
    let read = |name: &str| std::fs::read_to_string(folder.join(format!("{name}.csv"))).unwrap();
    for (name, heading) in [
        ("segments", "user,recency_days,purchase_days,"),
        ("operations", "user,score.rfm.recency,"),
        ("operations_summary", "kind,name,value,users,user_ratio"),
        ("moved", "kind,name,user,before,after"),
        ("stages_over_time", "at,stage,user_count,ratio"),
        ("milestones", "user,acquisition,retention,revenue"),
        ("return_curve", "days,"),
        ("churn_thresholds", "rule,threshold_days,"),
        ("forecast_quality", "repeats,customer_count,actual,bg_nbd,mbg_nbd,pareto_nbd"),
        ("lifetime_values", "user,expected_purchases,"),
        ("lifetime_values_by_segment", "group,customer_count,"),
        ("win_back", "row,user,silent_for,"),
        ("watch_list", "rank,user,probability,"),
        ("warning_evaluation", "ranking,"),
    ] {
        assert!(read(name).starts_with(heading), "{name}");
        for extension in ["parquet", "jsonl"] {
            assert!(folder.join(format!("{name}.{extension}")).is_file(), "{name}.{extension}");
        }
    }
    for name in ["segments", "operations", "milestones"] {
        assert_eq!(read(name).lines().count(), 23_571, "{name}: a heading and a row per customer, all of whom bought");
    }
    assert!(read("operations_summary").contains("tag,repeat_buyer,true,11516,"));
    std::fs::remove_dir_all(&folder).unwrap();
}

/// The sections of the playbook, and that each accounts for every customer.
fn the_playbook_is_reported_on(analysis: &Analysis, text: &str) {
    for section in [
        "Lifecycle: customers by stage at each month's end",
        "Milestones",
        "Tags and segments",
        "Who moved since 1998-05-31",
    ] {
        assert!(text.contains(section), "{section}");
    }
    // Who bought on two days is a matter of the file alone: sorted and counted, it gives 11,516.
    for row in ["retention 11,516 48.9 % 48.9 %", "tag repeat_buyer true 11,516 48.9 %"] {
        let found = text.lines().any(|line| line.split_whitespace().collect::<Vec<_>>().join(" ").starts_with(row));
        assert!(found, "{row}");
    }
    assert!(text.contains("user: 12304 (by the playbook \"cdnow\" as of 1998-06-30T00:00:00Z)"), "one is explained");

    let operations = &analysis.operations;
    assert_eq!(operations.thresholds_note, None);
    let mix = operations.mix.as_ref().unwrap();
    assert_eq!(mix.mixes.len(), 9, "eight month ends and the report's instant");
    for at in &mix.mixes {
        assert_eq!(at.user_counts.iter().sum::<u64>() + at.none_count, 23_570, "{}", at.at);
    }
    let moved = operations.moved.as_ref().unwrap();
    for (name, diff) in &moved.segments {
        let [before, now] = [operations.earlier.as_ref().unwrap(), &operations.outcome]
            .map(|outcome| outcome.segment(name).unwrap().len() as i64);
        assert_eq!(now - before, diff.entered.len() as i64 - diff.left.len() as i64, "{name}");
    }
}

/// What is to come, and that each part accounts for every customer.
fn the_outlook_is_reported_on(analysis: &Analysis, text: &str) {
    for section in ["Churn standard", "Forecast quality", "Value to come, by segment", "Watch-list", "Win-back"] {
        assert!(text.contains(section), "{section}");
    }
    assert!(!text.contains("The log does not tell"));
    let outlook = &analysis.outlook;
    let standard = outlook.churn.as_ref().unwrap();
    assert!(text.contains(&format!("silent for more than {} days", standard.threshold_days)));
    let review = outlook.review.as_ref().unwrap();
    assert_eq!((review.last_day.to_string(), review.holdout_days), ("1997-09-30".to_owned(), 273));
    assert_eq!(review.classes.iter().map(|class| class.customer_count).sum::<u64>(), 23_570);
    let worth = outlook.worth.as_ref().unwrap();
    let segments = worth.forecast.to_group_table(&worth.customers, "segment").unwrap();
    let total = |name: &str| -> f64 { column(&segments, name).iter().sum() };
    let summary = worth.forecast.to_summary_table().unwrap();
    for name in ["customer_count", "historic_value", "predicted_value"] {
        let whole = column(&summary, name)[0];
        assert!((total(name) - whole).abs() < 1e-9 * whole, "{name}: {} {whole}", total(name));
    }
    let (lost, at_risk) = (standard.lost_count, outlook.warning.as_ref().unwrap().watch_list.at_risk_count);
    assert_eq!(lost + at_risk, 23_570, "everyone is lost or at risk");
    assert!(worth.lost_count as u64 <= lost);
}

fn column(table: &Table, name: &str) -> Vec<f64> {
    let number = |row: usize| match table.get(row, name) {
        Some(ValueRef::Float(value)) => value,
        Some(ValueRef::Integer(value)) => value as f64,
        other => panic!("{name}: {other:?}"),
    };
    (0..table.row_count()).map(number).collect()
}

#[test]
fn the_sample_is_foretold_as_published() {
    let (log, _) = sample();
    // Fader, Hardie & Lee, Marketing Science 24 (2005): 1,882 purchases in the 39 weeks after September 1997.
    let as_of = "1998-06-30T23:00:00Z".parse().unwrap();
    let outlook = Outlook::new(&log, "purchase", as_of, |_| "all".to_owned()).unwrap();
    let review = outlook.review.as_ref().unwrap();
    assert_eq!(review.classes.iter().map(|class| class.actual).sum::<u64>(), 1_882);
    let golden: serde_json::Value = serde_json::from_str(
        &std::fs::read_to_string(root().join("testdata/golden/cdnow_holdout_aggregates.json")).unwrap(),
    )
    .unwrap();
    for (place, model) in ["bg", "mbg", "pn"].into_iter().enumerate() {
        let golden = &golden[model];
        let expected: f64 = review.classes.iter().map(|class| class.expected[place]).sum();
        assert!((expected / golden["sum_expected_39w"].as_f64().unwrap() - 1.0).abs() < 1e-9, "{model}");
        for (class, row) in review.classes.iter().zip(golden["by_x"].as_array().unwrap()) {
            let [repeats, mean, actual, customers] = [0, 1, 2, 3].map(|cell| row[cell].as_f64().unwrap());
            assert_eq!((f64::from(class.repeats), class.customer_count as f64), (repeats, customers));
            assert!((class.expected[place] / customers / mean - 1.0).abs() < 1e-9, "{model} {repeats}");
            assert!((class.actual as f64 / customers / actual - 1.0).abs() < 1e-9);
        }
    }
    // The same from the command line, of a file without a heading.
    let (analysis, arguments) = analyse(&format!(
        "cdnow --input {} --blanks --columns master,id,date,cds,dollars --user id --amount dollars --time-format compact_date",
        root().join("testdata/golden/cdnow_sample.txt").display()
    ));
    let text = report::render(&analysis, &arguments).unwrap();
    let told = "2,357 customers had bought by 1997-09-30; in the 39 weeks after it they bought on 1,882 days";
    assert!(text.contains(told), "{text}");
}

#[test]
fn a_broken_playbook_is_refused_by_file_line_and_column() {
    let path = std::env::temp_dir().join(format!("userops-broken-playbook-{}.toml", std::process::id()));
    let broken = "version = 1\nname = \"broken\"\n\n[[segments]]\nname = \"many\"\nwhen = 'cuont(\"purchase\") >= 2'\n";
    std::fs::write(&path, broken).unwrap();
    let words = ["cdnow", "--playbook", path.to_str().unwrap()].map(OsString::from);
    let message = Arguments::parse(words).unwrap_err().to_string();
    std::fs::remove_file(&path).unwrap();
    assert!(message.starts_with(&format!("{}: line 6, column ", path.display())), "{message}");
    assert!(message.contains("cuont") && message.contains("count"), "{message}");
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
    assert!(text.contains("too few returns to derive thresholds from"), "{text}");
    // One customer who bought on two days: nothing to foretell from.
    assert!(text.contains("The log does not tell: "), "{text}");
}
