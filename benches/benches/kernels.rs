//! Criterion families: freezing a log, profiles, order totals, RFM, ladder, rules and portrait on one generated log.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::expect_used, reason = "a bench that cannot make its input has nothing to measure")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use userops::analytics::ladder::{LadderOptions, build_ladder};
use userops::column::Bitmap;
use userops::portrait::{Dimension, PortraitOptions, build_portrait};
use userops::profile::{ProfileOptions, build_profile, build_profiles};
use userops::score::rfm::{BuyerOptions, RfmModel, measure_buyers};
use userops_benches::frozen::{freeze, raw_batch};
use userops_benches::tag::tag_rules;
use userops_benches::{LogOptions, answer, generate_log};

/// Events of the log: large enough to leave the caches, small enough for a run of minutes.
const EVENTS: u32 = 1_000_000;

fn kernels(criterion: &mut Criterion) {
    let columns = generate_log(&LogOptions::new(EVENTS));
    let batch = raw_batch(&columns);
    let log = freeze(&batch).expect("the log fits its limits");
    let as_of = answer::as_of();
    let orders = ["order_paid"];
    let mut group = criterion.benchmark_group("kernels");
    group.throughput(Throughput::Elements(u64::from(EVENTS))).sample_size(20);

    group.bench_function("ingest and freeze", |bencher| bencher.iter(|| freeze(black_box(&batch))));
    group.bench_function("profiles, core", |bencher| {
        bencher.iter(|| build_profiles(black_box(&log), as_of, ProfileOptions::core()));
    });
    let whole = ProfileOptions::default().orders(orders).channel("channel").category("country");
    group.bench_function("profiles, all parts", |bencher| {
        bencher.iter(|| build_profiles(black_box(&log), as_of, whole.clone()));
    });
    let profiles = build_profiles(&log, as_of, whole).expect("the options fit the log");
    group.bench_function("profiles, one user", |bencher| {
        let busiest = log.iter().max_by_key(|events| events.len()).expect("the log has users");
        let calendar = log.calendar(as_of);
        bencher.iter(|| build_profile(black_box(busiest), as_of, profiles.rules(), &calendar));
    });
    group.bench_function("buyers", |bencher| {
        bencher.iter(|| measure_buyers(black_box(&log), as_of, BuyerOptions::new(orders)));
    });
    let buyers = measure_buyers(&log, as_of, BuyerOptions::new(orders)).expect("somebody bought");
    group.bench_function("rfm, fit", |bencher| {
        bencher.iter(|| RfmModel::fit(black_box(&buyers.measures()), buyers.rfm_options()));
    });
    let model = RfmModel::fit(&buyers.measures(), buyers.rfm_options()).expect("somebody bought");
    group.bench_function("rfm, score", |bencher| {
        bencher.iter(|| model.score_columns(black_box(&buyers.measures())));
    });
    group.bench_function("ladder", |bencher| {
        bencher.iter(|| build_ladder(black_box(&log), as_of, LadderOptions::new(orders)));
    });
    let audience: Bitmap = profiles.orders().iter().map(|order| order.order_count > 0).collect();
    let active = Dimension::new("active days", profiles.active_days().to_vec());
    let rules = tag_rules();
    group.bench_function("rules, twenty", |bencher| bencher.iter(|| answer::truths(black_box(&log), &rules)));
    group.bench_function("rules, one", |bencher| bencher.iter(|| answer::truths(black_box(&log), &rules[..1])));
    group.bench_function("portrait, one dimension", |bencher| {
        bencher
            .iter(|| build_portrait(black_box(&audience), std::slice::from_ref(&active), PortraitOptions::default()));
    });
    group.finish();
}

criterion_group!(benches, kernels);
criterion_main!(benches);
