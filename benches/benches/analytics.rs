//! Criterion families of event analytics, from funnels to series.

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]
#![allow(clippy::expect_used, reason = "a bench that cannot make its input has nothing to measure")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use userops::activity::{ActiveDayOptions, ActiveUserOptions, count_active_days, count_active_users};
use userops::analytics::growth::account_growth;
use userops::analytics::period::CalendarPeriod;
use userops::attribution::{AttributionOptions, TouchSource, attribute_conversions};
use userops::driver::{DriverOptions, find_drivers};
use userops::funnel::{Funnel, FunnelPreset, FunnelStep, measure_conversion, time_conversion};
use userops::log::EventLog;
use userops::path::{PathOptions, PathTreeOptions, build_path_tree, count_transitions};
use userops::retention::{CohortStart, RetentionOptions, measure_retention};
use userops::rule::EventPattern;
use userops::sequence::{NextQuery, Pattern, count_sequences, next_events};
use userops::series::{SeriesOptions, build_series};
use userops::session::{SessionOptions, find_sessions};
use userops::time::Span;
use userops_benches::frozen::{freeze, raw_batch};
use userops_benches::{LogOptions, answer, generate_log};

/// As for the other family.
const EVENTS: u32 = 1_000_000;

fn of(name: &str) -> EventPattern {
    EventPattern::new([name])
}

fn analytics(criterion: &mut Criterion) {
    let columns = generate_log(&LogOptions::new(EVENTS));
    let log = freeze(&raw_batch(&columns)).expect("the log fits its limits");
    let mut group = criterion.benchmark_group("analytics");
    group.throughput(Throughput::Elements(u64::from(EVENTS))).sample_size(10);
    let mut bench = |name: &str, run: &dyn Fn(&EventLog)| {
        group.bench_function(name, |bencher| bencher.iter(|| run(black_box(&log))));
    };
    let as_of = answer::as_of();

    let steps = ["view", "add_to_cart", "order_paid"].map(|name| FunnelStep::new([name]));
    let funnel = Funnel::new(steps.clone()).within(Span::from_days(7));
    bench("funnel, one pass", &|log| drop(black_box(measure_conversion(log, as_of, &funnel))));
    let strict = FunnelPreset::PosthogStrict.funnel(steps, Span::from_days(7));
    bench("funnel, general search", &|log| drop(black_box(measure_conversion(log, as_of, &strict))));
    bench("funnel, times", &|log| drop(black_box(time_conversion(log, as_of, &funnel))));

    let pattern = Pattern::new("(?1)(?t<=3600)(?2)", [of("view"), of("add_to_cart")]);
    bench("sequences", &|log| drop(black_box(count_sequences(log, as_of, &pattern))));
    let query = NextQuery::after([of("view")]);
    bench("next events", &|log| drop(black_box(next_events(log, as_of, &query))));

    let weekly = RetentionOptions::new(CalendarPeriod::Week { week_start: userops::time::Weekday::Monday });
    bench("retention, weekly", &|log| drop(black_box(measure_retention(log, as_of, weekly.clone()))));
    let recurring = weekly.clone().start(CohortStart::Recurring(of("view")));
    bench("retention, recurring", &|log| drop(black_box(measure_retention(log, as_of, recurring.clone()))));

    let active = ActiveUserOptions::default();
    bench("active users", &|log| drop(black_box(count_active_users(log, as_of, &active))));
    let days = ActiveDayOptions::last_days(28);
    bench("active days", &|log| drop(black_box(count_active_days(log, as_of, &days))));
    bench("growth", &|log| drop(black_box(account_growth(log, as_of, CalendarPeriod::Month))));
    let sessions = SessionOptions::default();
    bench("sessions", &|log| drop(black_box(find_sessions(log, as_of, &sessions))));

    let paths = PathOptions::default();
    bench("transitions", &|log| drop(black_box(count_transitions(log, as_of, paths.clone()))));
    let tree = PathTreeOptions::after(of("login"));
    bench("path tree", &|log| drop(black_box(build_path_tree(log, as_of, tree.clone()))));
    let drivers = DriverOptions::new(of("order_paid"));
    bench("drivers", &|log| drop(black_box(find_drivers(log, as_of, drivers.clone()))));
    let touches = TouchSource::property("channel", of("login"));
    let credit = AttributionOptions::new(of("order_paid"), touches);
    bench("attribution", &|log| drop(black_box(attribute_conversions(log, as_of, credit.clone()))));
    let series = SeriesOptions::new(CalendarPeriod::Day);
    bench("series", &|log| drop(black_box(build_series(log, as_of, series.clone()))));
    group.finish();
}

criterion_group!(benches, analytics);
criterion_main!(benches);
