//! Criterion families of buying till you die: fits of a sample and of a million customers, scores of a million.
//!
//! Three inputs of a million rows: rows drawn from the sample, of which many are equal; customers drawn from a fitted model
//! with times in whole days; the same with continuous times, none of which are equal but those of customers who bought once
//! at one instant.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::expect_used, reason = "a bench that cannot make its input has nothing to measure")]

use std::collections::BTreeMap;
use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use userops::btyd::{BtydModelKind, BtydScoreOptions, BtydSimulationOptions, fit_btyd};
use userops::table::Table;
use userops::time::Day;
use userops::value::ValueRef;

const SAMPLE: &str = include_str!("../../testdata/golden/cdnow_sample.txt");
const ROWS: usize = 1_000_000;
const KINDS: [BtydModelKind; 3] = [BtydModelKind::BgNbd, BtydModelKind::MbgNbd, BtydModelKind::ParetoNbd];
const DAYS: f64 = 7.0;

/// x, t_x and T in weeks.
type Row = (u32, f64, f64);

/// The customers of the sample as of the end of September 1997.
fn cdnow() -> Vec<Row> {
    let mut days: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for line in SAMPLE.lines() {
        let cells: Vec<&str> = line.split_whitespace().collect();
        let text = format!("{}-{}-{}", &cells[2][..4], &cells[2][4..6], &cells[2][6..8]);
        let day: Day = text.parse().expect("the sample has dates");
        days.entry(cells[1]).or_default().push(day.0);
    }
    let end = "1997-09-30".parse::<Day>().expect("a date").0;
    let row = |own: &mut Vec<i32>| {
        own.retain(|day| *day <= end);
        own.sort_unstable();
        own.dedup();
        let (first, last) = (*own.first()?, *own.last()?);
        let weeks = |from: i32, to: i32| f64::from(to - from) / DAYS;
        Some((own.len() as u32 - 1, weeks(first, last), weeks(first, end)))
    };
    days.values_mut().filter_map(row).collect()
}

fn table(rows: &[Row]) -> Table {
    Table::new(rows.len())
        .with("x", rows.iter().map(|row| row.0).collect::<Vec<_>>())
        .and_then(|table| table.with("t_x", rows.iter().map(|row| row.1).collect::<Vec<_>>()))
        .and_then(|table| table.with("T", rows.iter().map(|row| row.2).collect::<Vec<_>>()))
        .expect("columns of one length")
}

fn number(table: &Table, row: usize, name: &str) -> f64 {
    match table.get(row, name) {
        Some(ValueRef::Float(value)) => value,
        Some(ValueRef::Integer(value)) => value as f64,
        _ => f64::NAN,
    }
}

/// The same customers with times rounded up to whole days.
fn by_days(customers: &Table) -> Table {
    let days = |time: f64| (time * DAYS).ceil() / DAYS;
    let row = |row: usize| {
        let [x, t_x, age] = ["x", "t_x", "T"].map(|name| number(customers, row, name));
        (x as u32, days(t_x), days(age))
    };
    table(&(0..customers.row_count()).map(row).collect::<Vec<_>>())
}

fn btyd(criterion: &mut Criterion) {
    let small = cdnow();
    let sample = table(&small);
    // Every row in turn, at a distance that shares no factor with their number.
    let drawn = table(&(0..ROWS).map(|row| small[row * 7_919 % small.len()]).collect::<Vec<_>>());
    let ages: Vec<f64> = (0..ROWS).map(|row| 27.0 + 12.0 * (row as f64 / ROWS as f64)).collect();
    let observed = Table::new(ROWS).with("T", ages).expect("one column");
    let model = fit_btyd(&sample, BtydModelKind::BgNbd).expect("the sample tells").model;
    let continuous = model.simulate(&observed, BtydSimulationOptions::new(1)).expect("times are observed");
    let inputs = [("drawn", &drawn), ("whole days", &by_days(&continuous)), ("continuous", &continuous)];

    let mut group = criterion.benchmark_group("btyd");
    group.sample_size(10);
    for kind in KINDS {
        let name = kind.name();
        group.bench_function(format!("fit {name}, CDNOW"), |bencher| {
            bencher.iter(|| fit_btyd(black_box(&sample), kind));
        });
        let model = fit_btyd(&sample, kind).expect("the sample tells").model;
        let ask = BtydScoreOptions::default().horizon(39.0);
        group.throughput(Throughput::Elements(ROWS as u64));
        for (input, rows) in inputs {
            group.bench_function(format!("fit {name}, {input}"), |bencher| {
                bencher.iter(|| fit_btyd(black_box(rows), kind));
            });
            group.bench_function(format!("score {name}, {input}"), |bencher| {
                bencher.iter(|| model.score(black_box(rows), ask));
            });
        }
        group.throughput(Throughput::Elements(small.len() as u64));
    }
    group.finish();
}

criterion_group!(benches, btyd);
criterion_main!(benches);
