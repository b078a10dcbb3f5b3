//! Series against counting by period, and bands against medians by sorting.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::analytics::period::CalendarPeriod;
use userops::error::ErrorKind;
use userops::rule::EventPattern;
use userops::series::{
    BandOptions, PortraitSeries, PortraitSeriesOptions, Series, SeriesMeasure, SeriesOptions, SeriesSplit, SplitBy,
    build_portrait_series, build_series,
};
use userops::time::{Calendar, Day, MICROS_PER_DAY, Timestamp, Weekday};

use crate::stream::{Deed, START, Stream, matches, patterns, streams, with_threads};

fn periods() -> impl Strategy<Value = CalendarPeriod> {
    prop::sample::select(vec![
        CalendarPeriod::Day,
        CalendarPeriod::Week { week_start: Weekday::Sunday },
        CalendarPeriod::Month,
    ])
}

fn splits() -> impl Strategy<Value = SeriesSplit> {
    let by = prop::sample::select(vec![
        SplitBy::Property("channel".into()),
        SplitBy::Property("level".into()),
        SplitBy::Attribute("city".into()),
    ]);
    (by, 1u16..4).prop_map(|(by, values_max)| SeriesSplit { by, values_max })
}

fn series_options() -> impl Strategy<Value = SeriesOptions> {
    let band = (1u16..5, 1u16..5, prop::sample::select(vec![0.0, 1.0, 4.5]), prop::sample::select(vec![0.0, 0.1]));
    (periods(), prop::collection::vec(patterns(), 0..3), prop::option::of(splits()), band).prop_map(
        |(period, patterns, split, (long, short, mad_factor, width_ratio_min))| {
            let mut options = SeriesOptions::new(period).band(BandOptions {
                baseline_periods: long.max(short),
                baseline_periods_min: short.min(long),
                mad_factor,
                width_ratio_min,
            });
            options.split = split;
            patterns
                .into_iter()
                .enumerate()
                .fold(options, |options, (index, pattern)| options.event(index.to_string(), pattern))
        },
    )
}

/// The period that a day is in, by its first day.
fn first_day(period: CalendarPeriod, day: Day) -> Day {
    match period {
        CalendarPeriod::Day => day,
        CalendarPeriod::Week { week_start } => {
            (0..7).map(|back| Day(day.0 - back)).find(|d| d.weekday() == week_start).unwrap()
        }
        CalendarPeriod::Month => day.month().first_day(),
    }
}

fn value_of(stream: &Stream, by: &SplitBy, deed: &Deed) -> Option<String> {
    match by {
        SplitBy::Property(name) if name == "channel" => deed.channel.map(str::to_owned),
        SplitBy::Property(_) => deed.level.map(|level| level.to_string()),
        SplitBy::Attribute(_) => stream.cities[deed.user as usize].map(str::to_owned),
    }
}

/// The values with a line of their own, from counts of events.
fn top_values(stream: &Stream, by: &SplitBy, values_max: u16, kinds: &[EventPattern]) -> Vec<String> {
    let mut counts: BTreeMap<String, i64> = BTreeMap::new();
    for deed in stream.by_user().concat().iter().filter(|deed| kinds.iter().any(|kind| matches(kind, deed))) {
        if let Some(value) = value_of(stream, by, deed) {
            *counts.entry(value).or_default() += 1;
        }
    }
    let mut ranked: Vec<(String, i64)> = counts.into_iter().collect();
    ranked.sort_by_key(|(_, count)| -count);
    ranked.into_iter().take(usize::from(values_max)).map(|(value, _)| value).collect()
}

#[derive(Default)]
struct Tally {
    events: u64,
    users: BTreeSet<i64>,
    new_users: BTreeSet<i64>,
    amount: i64,
}

type Key = (String, Option<String>, Day);

fn naive_cells(stream: &Stream, options: &SeriesOptions, events: &[(String, EventPattern)]) -> BTreeMap<Key, Tally> {
    let calendar = Calendar::new(stream.zone.parse().unwrap(), stream.as_of(), stream.as_of());
    let kinds: Vec<EventPattern> = events.iter().map(|(_, pattern)| pattern.clone()).collect();
    let mut cells: BTreeMap<Key, Tally> = BTreeMap::new();
    for (name, pattern) in events {
        for deeds in stream.by_user() {
            for (index, deed) in deeds.iter().filter(|deed| matches(pattern, deed)).enumerate() {
                let split = options.split.as_ref().map(|split| match value_of(stream, &split.by, deed) {
                    None => "(unknown)".to_owned(),
                    Some(value) if top_values(stream, &split.by, split.values_max, &kinds).contains(&value) => value,
                    Some(_) => "(other)".to_owned(),
                });
                let day = first_day(options.period, calendar.day(Timestamp::from_micros(deed.time)));
                let tally = cells.entry((name.clone(), split, day)).or_default();
                tally.events += 1;
                tally.users.insert(deed.user);
                tally.amount += deed.amount.unwrap_or(0);
                if index == 0 {
                    tally.new_users.insert(deed.user);
                }
            }
        }
    }
    cells
}

fn naive_value(tally: &Tally, measure: SeriesMeasure) -> Option<f64> {
    let users = tally.users.len() as f64;
    match measure {
        SeriesMeasure::EventCount => Some(tally.events as f64),
        SeriesMeasure::UserCount => Some(users),
        SeriesMeasure::NewUserCount => Some(tally.new_users.len() as f64),
        SeriesMeasure::AmountMinor => Some(tally.amount as f64),
        SeriesMeasure::MeanEventCount => (users > 0.0).then(|| tally.events as f64 / users),
        SeriesMeasure::MeanAmountMinor => (users > 0.0).then(|| tally.amount as f64 / users),
    }
}

fn naive_median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    low * 0.5 + high * 0.5
}

fn check_bands(series: &Series) -> Result<(), TestCaseError> {
    let options = &series.options.band;
    for line in &series.lines {
        for (at, point) in line.points.iter().enumerate() {
            let wanted = |back: usize| match series.options.period {
                CalendarPeriod::Day => 7 * back,
                _ => back,
            };
            let backs = (1..=usize::from(options.baseline_periods)).filter(|back| wanted(*back) <= at);
            let past: Vec<f64> = backs.filter_map(|back| line.points[at - wanted(back)].value).collect();
            if past.len() < usize::from(options.baseline_periods_min) {
                prop_assert_eq!((point.band, point.is_anomaly), (None, None));
                continue;
            }
            let middle = naive_median(past.clone());
            let spread = naive_median(past.iter().map(|value| (value - middle).abs()).collect());
            let half = f64::max(options.mad_factor * spread, options.width_ratio_min * middle.abs());
            let band = point.band.unwrap();
            prop_assert_eq!((band.expected, band.range.low, band.range.high), (middle, middle - half, middle + half));
            let outside = point.value.map(|value| value < middle - half || middle + half < value);
            prop_assert_eq!(point.is_anomaly, outside.filter(|_| point.complete));
        }
    }
    Ok(())
}

fn check_series(stream: &Stream, series: &Series) -> Result<(), TestCaseError> {
    let options = &series.options;
    let names: BTreeSet<&str> = stream.deeds.iter().map(|deed| deed.name).collect();
    let events: Vec<(String, EventPattern)> = if options.events.is_empty() {
        names.iter().map(|name| ((*name).to_owned(), EventPattern::new([*name]))).collect()
    } else {
        options
            .events
            .iter()
            .map(|event| {
                (event.name.clone(), EventPattern { events: event.events.clone(), filter: event.filter.clone() })
            })
            .collect()
    };
    let mut cells = naive_cells(stream, options, &events);
    let Some(start) = stream.deeds.iter().map(|deed| deed.time).min().filter(|start| *start <= stream.as_of) else {
        prop_assert!(series.lines.is_empty());
        return Ok(());
    };
    let calendar = Calendar::new(stream.zone.parse().unwrap(), stream.as_of(), stream.as_of());
    let none = Tally::default();
    for line in &series.lines {
        let days: Vec<Day> = line.points.iter().map(|point| point.first_day).collect();
        prop_assert!(days.windows(2).all(|pair| first_day(options.period, Day(pair[1].0 - 1)) == pair[0]));
        // A date that shows twice may leave an empty period in front, or another one behind.
        let first = first_day(options.period, calendar.day(Timestamp::from_micros(start)));
        let last = first_day(options.period, calendar.day(stream.as_of()));
        prop_assert!(days[0] == first || (days[0] < first && days[1] == first));
        prop_assert!(days[days.len() - 1] == last || days[days.len() - 2] == last);
        prop_assert!(line.points.iter().rev().skip(2).all(|point| point.complete));
        for point in &line.points {
            let key = (line.event.clone(), line.split.as_ref().map(|split| split.value.clone()), point.first_day);
            prop_assert_eq!(point.value, naive_value(cells.get(&key).unwrap_or(&none), line.measure));
        }
    }
    // Every cell has its place on some line.
    for line in &series.lines {
        for point in &line.points {
            let split = line.split.as_ref().map(|split| split.value.clone());
            cells.remove(&(line.event.clone(), split, point.first_day));
        }
    }
    prop_assert!(cells.is_empty());
    check_bands(series)
}

fn check_portrait(stream: &Stream, found: &PortraitSeries) -> Result<(), TestCaseError> {
    let by = SplitBy::Attribute("city".into());
    let options = SeriesOptions::new(found.options.period)
        .split(SeriesSplit { by, values_max: found.options.values_max })
        .event("active", found.options.activity.clone());
    let cells = naive_cells(stream, &options, &[("active".into(), found.options.activity.clone())]);
    let none = Tally::default();
    for row in &found.rows {
        let of_day: usize =
            cells.iter().filter(|(key, _)| key.2 == row.first_day).map(|(_, tally)| tally.users.len()).sum();
        let users =
            cells.get(&("active".into(), Some(row.value.value.clone()), row.first_day)).unwrap_or(&none).users.len();
        prop_assert_eq!((row.user_count, row.active_count), (users as u64, of_day as u64));
        prop_assert_eq!(row.ratio, (of_day > 0).then(|| users as f64 / of_day as f64));
    }
    let counted: u64 = found.rows.iter().map(|row| row.user_count).sum();
    prop_assert_eq!(counted as usize, cells.values().map(|tally| tally.users.len()).sum::<usize>());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn series_equal_counting_by_period(stream in streams(), options in prop::collection::vec(series_options(), 7)) {
        let log = stream.log();
        for options in options {
            let series = build_series(&log, stream.as_of(), options).unwrap();
            check_series(&stream, &series)?;
        }
    }

    #[test]
    fn portraits_over_time_equal_counting_by_period(
        stream in streams(), options in prop::collection::vec((periods(), patterns(), 1u16..4), 7),
    ) {
        let log = stream.log();
        for (period, activity, values_max) in options {
            let options = PortraitSeriesOptions::new("city", period).activity(activity).values_max(values_max);
            let found = build_portrait_series(&log, stream.as_of(), options).unwrap();
            check_portrait(&stream, &found)?;
            prop_assert_eq!(found.to_table().unwrap().row_count(), found.rows.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn series_do_not_depend_on_arrival_threads_or_parts(stream in streams(), options in series_options()) {
        let (log, as_of) = (stream.log(), stream.as_of());
        let whole = with_threads(|| build_series(&log, as_of, options.clone()).unwrap());
        prop_assert_eq!(&build_series(&stream.rearranged().log(), as_of, options.clone()).unwrap(), &whole);
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Series>(&json).unwrap(), &whole);
        prop_assert_eq!(whole.to_table().unwrap().row_count(), whole.lines.iter().map(|line| line.points.len()).sum::<usize>());

        let whole = build_series(&log, as_of, SeriesOptions { split: None, ..options.clone() }).unwrap();
        let mut sums: BTreeMap<(String, &str, Day), f64> = BTreeMap::new();
        let counts = |line: &&userops::series::SeriesLine| !line.measure.name().starts_with("mean");
        for users in [vec![0, 2, 4], vec![1, 3, 5]] {
            let part = build_series(&stream.log_of(&users), as_of, SeriesOptions { split: None, ..options.clone() }).unwrap();
            for line in part.lines.iter().filter(counts) {
                for point in &line.points {
                    *sums.entry((line.event.clone(), line.measure.name(), point.first_day)).or_default() += point.value.unwrap();
                }
            }
        }
        for line in whole.lines.iter().filter(counts) {
            for point in &line.points {
                let sum = sums.get(&(line.event.clone(), line.measure.name(), point.first_day)).copied().unwrap_or(0.0);
                prop_assert_eq!(point.value, Some(sum));
            }
        }
    }
}

#[test]
fn what_cannot_be_is_refused() {
    let deed = Deed { user: 0, time: START, name: "view", amount: None, channel: None, level: None };
    let far = Deed { time: START + 100_001 * MICROS_PER_DAY, ..deed };
    let stream = Stream { deeds: vec![deed, far], zone: "UTC", cities: vec![None; 6], as_of: far.time };
    let log = stream.log();
    let refused = |options: SeriesOptions| build_series(&log, Timestamp::from_micros(START), options).unwrap_err();
    let day = || SeriesOptions::new(CalendarPeriod::Day);
    let band = |band: BandOptions| day().band(band);
    for (options, kind, part) in [
        (
            band(BandOptions { baseline_periods: 0, ..BandOptions::default() }),
            ErrorKind::InvalidArgument,
            "baseline_periods = 0",
        ),
        (
            band(BandOptions { baseline_periods_min: 9, ..BandOptions::default() }),
            ErrorKind::InvalidArgument,
            "baseline_periods_min = 9 is not in the range 1 to 8",
        ),
        (
            band(BandOptions { mad_factor: -1.0, ..BandOptions::default() }),
            ErrorKind::InvalidArgument,
            "mad_factor = -1",
        ),
        (day().split(SeriesSplit::property("channel").values_max(0)), ErrorKind::InvalidArgument, "values_max = 0"),
        (day().split(SeriesSplit::property("chanel")), ErrorKind::UnknownName, "did you mean \"channel\"?"),
        (day().split(SeriesSplit::attribute("town")), ErrorKind::UnknownName, "city"),
        (day().event("", EventPattern::default()), ErrorKind::InvalidDefinition, "series 0"),
        (
            day().event("a", EventPattern::default()).event("a", EventPattern::default()),
            ErrorKind::InvalidDefinition,
            "two series are named \"a\"",
        ),
    ] {
        let error = refused(options);
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    let error = build_series(&log, stream.as_of(), day()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded, "{error}");
}
