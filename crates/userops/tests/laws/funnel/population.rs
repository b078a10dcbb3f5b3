//! Laws of the answers about a population: sums, times, and what other options would have given.

use proptest::prelude::*;
use userops::analytics::period::CalendarPeriod;
use userops::column::{Bitmap, BitmapBuilder};
use userops::error::ErrorKind;
use userops::funnel::{
    Breakdown, Conversion, EntryChoice, EntryStatus, EventUse, Funnel, FunnelPreset, FunnelStep, LevelTally, Noise,
    NoiseKind, Repetition, StepOrder, TiePolicy, break_down_conversion, compare_conversion, measure_conversion,
    time_conversion, trend_conversion,
};
use userops::log::EventLog;
use userops::time::{Span, Timestamp, Weekday};
use userops::value::Value;

use super::naive::Entry;
use super::{NAMES, Row, funnel, hour, log_of, naive_entries, names, rows, span, tallies};

fn sum<'a>(parts: impl Iterator<Item = &'a Vec<LevelTally>>, count: usize) -> Vec<LevelTally> {
    let mut sums = vec![LevelTally::default(); count];
    for part in parts {
        for (sum, tally) in sums.iter_mut().zip(part) {
            sum.converted_count += tally.converted_count;
            sum.pending_count += tally.pending_count;
            sum.excluded_count += tally.excluded_count;
            sum.dropped_count += tally.dropped_count;
        }
    }
    sums
}

fn measure(zone: &str, rows: &[Row], as_of: i64, funnel: &Funnel) -> Conversion {
    measure_conversion(&log_of(zone, rows), Timestamp::from_micros(as_of), funnel).unwrap()
}

fn bits(len: usize, bit: impl Fn(usize) -> bool) -> Bitmap {
    let mut builder = BitmapBuilder::default();
    (0..len).for_each(|index| builder.push(bit(index)));
    builder.finish()
}

/// Funnels whose answers know no arrival order, even of events of one instant.
fn is_free_of_arrival(funnel: &Funnel) -> bool {
    let by_event = funnel.order == StepOrder::Strict
        || (funnel.noise == Noise::Restart && funnel.noise_kind == NoiseKind::OtherStep);
    // Of two events of one instant that are of one step the second one is by arrival.
    funnel.repetition == Repetition::Ignore
        && funnel.ties != TiePolicy::AsOrdered
        && (funnel.ties == TiePolicy::StepOrder || !by_event)
        && funnel.entry == EntryChoice::Best
        && funnel.held.is_empty()
}

/// The sums of one funnel over one log and its two parts; with `all` also what is the same for every funnel.
fn check_sums(
    [log, even, odd]: &[EventLog; 3],
    rows: &[Row],
    as_of: i64,
    funnel: &Funnel,
    period: CalendarPeriod,
    all: bool,
) -> Result<(), TestCaseError> {
    let (at, count) = (Timestamp::from_micros(as_of), funnel.steps.len());
    let whole = measure_conversion(log, at, funnel).unwrap();
    let parts = [even, odd].map(|part| measure_conversion(part, at, funnel).unwrap().tallies);
    prop_assert_eq!(sum(parts.iter(), count), whole.tallies.clone());

    let ids = log.users().integers().unwrap_or_default();
    let entries: Vec<_> = ids.iter().map(|id| naive_entries(funnel, log, rows, *id, as_of)).collect();
    let trend = trend_conversion(log, at, funnel, period).unwrap();
    prop_assert_eq!(sum(trend.rows.iter().map(|row| &row.tallies), count), whole.tallies.clone());
    prop_assert!(trend.rows.windows(2).all(|pair| pair[0].first_day < pair[1].first_day));
    let calendar = log.calendar(at);
    for row in &trend.rows {
        let begins = |entry: &&Entry| {
            let day = calendar.day(Timestamp::from_micros(entry.start));
            trend
                .rows
                .iter()
                .rfind(|other| other.first_day <= day)
                .is_some_and(|other| other.first_day == row.first_day)
        };
        let own: Vec<Entry> = entries.iter().flatten().filter(begins).cloned().collect();
        prop_assert_eq!(&row.tallies, &tallies(funnel, &own), "{:?} of {:?}", row.first_day, funnel);
        prop_assert_eq!(row.steps(funnel).len(), count);
    }
    for breakdown in [
        Breakdown::First("v".into()),
        Breakdown::Last("v".into()),
        Breakdown::EachStep("v".into()),
        Breakdown::Step { property: "v".into(), step: count as u32 },
    ] {
        let broken = break_down_conversion(log, at, funnel, &breakdown).unwrap();
        prop_assert_eq!(sum(broken.groups.iter().map(|group| &group.tallies), count), whole.tallies.clone());
        for group in &broken.groups {
            let own = ids.iter().zip(&entries).flat_map(|(id, entries)| {
                entries.iter().filter(|entry| value_of(funnel, &breakdown, rows, *id, as_of, entry) == group.value)
            });
            let own: Vec<Entry> = own.cloned().collect();
            prop_assert_eq!(&group.tallies, &tallies(funnel, &own), "{:?} of {:?}", breakdown, funnel);
        }
        prop_assert!(!all || broken.to_table().is_ok());
    }
    let [first, second] = [1, 2].map(|part| bits(ids.len(), |user| ids[user] % 3 == part));
    let comparison = compare_conversion(log, at, funnel, &first, &second).unwrap();
    let own = |part: i64| -> Vec<Entry> {
        let users = ids.iter().zip(&entries).filter(|(id, _)| **id % 3 == part);
        users.flat_map(|(_, entries)| entries.iter().cloned()).collect()
    };
    let [first, second] = [own(1), own(2)];
    for (step, level) in comparison.steps.iter().zip(1..) {
        let reached = |entries: &[Entry]| entries.iter().filter(|entry| entry.level >= level).count();
        let counts = [reached(&first), reached(&second)];
        prop_assert_eq!([step.first.count, step.second.count].map(|count| count as usize), counts);
        let ratio = |part: usize, of: &[Entry]| part as f64 / of.len() as f64;
        let difference = ratio(counts[0], &first) - ratio(counts[1], &second);
        prop_assert!(step.difference.is_none_or(|known| (known - difference).abs() < 1e-12));
        prop_assert_eq!(step.difference.is_none(), first.is_empty() || second.is_empty());
        // So few entries are for the exact test, which two equal shares do not contradict.
        prop_assert!(step.p_value.is_none_or(|value| value > 0.0 && value <= 1.0 + 1e-9));
        prop_assert!(difference != 0.0 || step.p_value.is_none_or(|value| (value - 1.0).abs() < 1e-9));
    }

    let steps = whole.steps();
    prop_assert!(steps.windows(2).all(|pair| pair[0].count >= pair[1].count), "a later step has no more");
    prop_assert_eq!(whole.converted().count, steps[count - 1].count);
    let settled = whole.converted_of_settled().ratio;
    prop_assert!(settled.is_none() || whole.converted().ratio <= settled);
    for (step, level) in steps.iter().zip(1u8..) {
        let reached = whole.levels.iter().filter(|one| **one >= level).count() as u64;
        prop_assert!(funnel.entry == EntryChoice::Every || reached == step.count);
    }
    if all {
        prop_assert_eq!(trend.to_table().unwrap().row_count(), trend.rows.len() * count);
        let alone = super::ONE_THREAD.install(|| measure_conversion(log, at, funnel).unwrap());
        prop_assert_eq!(alone, whole);
        let json = serde_json::to_string(funnel).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Funnel>(&json).unwrap(), funnel);
    }
    Ok(())
}

/// Times of one funnel and the values of its steps, against those of the events that were taken.
fn check_times(log: &EventLog, rows: &[Row], as_of: i64, mut funnel: Funnel, plain: bool) -> Result<(), TestCaseError> {
    if plain {
        let steps = funnel.steps.iter().map(|step| FunnelStep::new(step.events.clone())).collect();
        let entry = if funnel.entry == EntryChoice::Every { EntryChoice::Best } else { funnel.entry };
        let (window, ties, event_use) = (funnel.window, funnel.ties, funnel.event_use);
        funnel = Funnel { steps, window, ties, event_use, entry, ..Funnel::default() };
    }
    if funnel.check().is_err() {
        return Ok(());
    }
    let mut whole = Vec::new();
    let mut open = Vec::new();
    let mut steps = vec![Vec::new(); funnel.steps.len()];
    let mut values = vec![[0u64; 3]; funnel.steps.len()];
    for id in log.users().integers().unwrap_or_default() {
        for entry in naive_entries(&funnel, log, rows, *id, as_of) {
            match entry.status {
                EntryStatus::Converted => whole.push(entry.end - entry.start),
                EntryStatus::Pending => open.push(as_of - entry.start),
                _ => {}
            }
            let mut own: Vec<&Row> = rows.iter().filter(|row| row.0 == *id && hour(row.1) <= as_of).collect();
            own.sort_by_key(|row| row.1);
            let steps_of = funnel.steps.iter().enumerate();
            let slots: Vec<(usize, u32)> =
                steps_of.flat_map(|(step, one)| (1..=one.times).map(move |repeat| (step, repeat))).collect();
            let mut before = None;
            for (slot, event) in &entry.chain {
                let (step, repeat) = slots[*slot];
                if repeat == 1 {
                    values[step][own[*event].3.map_or(2, |value| value as usize)] += 1;
                }
                if repeat == funnel.steps[step].times {
                    let time = hour(own[*event].1);
                    if let Some(before) = before.filter(|_| funnel.order != StepOrder::Any) {
                        steps[step].push(time - before);
                    }
                    before = Some(time);
                }
            }
        }
    }
    whole.sort_unstable();
    open.sort_unstable();
    steps.iter_mut().for_each(|step| step.sort_unstable());
    let times = time_conversion(log, Timestamp::from_micros(as_of), &funnel).unwrap();
    prop_assert_eq!(&times.whole_micros, &whole, "{:?}", funnel);
    prop_assert_eq!(&times.open_micros, &open);
    prop_assert_eq!(&times.step_micros, &steps, "{:?}", funnel);
    prop_assert_eq!(times.to_table().unwrap().row_count(), funnel.steps.len());
    let binned = times.histogram(Span::from_hours(2)).unwrap();
    let column = binned.column("count").unwrap();
    let counts: i64 = (0..binned.row_count())
        .filter_map(|row| match column.get(row) {
            Some(userops::value::ValueRef::Integer(count)) => Some(count),
            _ => None,
        })
        .sum();
    prop_assert_eq!(counts as usize, whole.len());
    let curve = times.curve();
    prop_assert!(curve.windows(2).all(|pair| pair[0].ratio <= pair[1].ratio));
    prop_assert!(curve.windows(2).all(|pair| pair[0].after_micros < pair[1].after_micros));
    if open.is_empty() && !whole.is_empty() {
        let share = whole.len() as f64 / (whole.len() as f64 + times.lost_count as f64);
        prop_assert!((curve[curve.len() - 1].ratio - share).abs() < 1e-12);
    }
    let broken =
        break_down_conversion(log, Timestamp::from_micros(as_of), &funnel, &Breakdown::EachStep("v".into())).unwrap();
    let mut counted = vec![[0u64; 3]; funnel.steps.len()];
    for group in &broken.groups {
        let index = match group.value {
            Some(Value::Integer(value)) => value as usize,
            _ => 2,
        };
        group.step_counts.iter().enumerate().for_each(|(step, count)| counted[step][index] += count);
    }
    // Of a step that was not done there is no event, and no value that is unknown.
    prop_assert_eq!(counted, values, "{:?}", funnel);
    Ok(())
}

/// The value under which an entry is counted.
fn value_of(
    funnel: &Funnel,
    breakdown: &Breakdown,
    rows: &[Row],
    user: i64,
    as_of: i64,
    entry: &Entry,
) -> Option<Value> {
    let mut own: Vec<&Row> = rows.iter().filter(|row| row.0 == user && hour(row.1) <= as_of).collect();
    own.sort_by_key(|row| row.1);
    let events = entry.chain.iter().map(|(_, event)| *event);
    let event = match breakdown {
        Breakdown::First(_) => events.min(),
        Breakdown::Last(_) | Breakdown::EachStep(_) => events.max(),
        Breakdown::Step { step, .. } => {
            let slot: u32 = funnel.steps[..*step as usize - 1].iter().map(|step| step.times).sum();
            entry.chain.iter().find(|one| one.0 == slot as usize).map(|one| one.1)
        }
        Breakdown::Attribute(_) => None,
    };
    event.and_then(|event| own[event].3).map(Value::Integer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn parts_and_slots_and_values_sum_to_the_whole(
        rows in rows(6), funnels in prop::collection::vec(funnel(), 12), until in 0i64..40,
        period in prop::sample::select(vec![
            CalendarPeriod::Day, CalendarPeriod::Week { week_start: Weekday::Monday }, CalendarPeriod::Month,
        ]),
        zone in prop::sample::select(vec!["UTC", "UTC", "America/New_York"]),
        turn in 0usize..4,
    ) {
        let (even, odd): (Vec<Row>, Vec<Row>) = rows.iter().copied().partition(|row| row.0 % 2 == 0);
        let logs = [&rows, &even, &odd].map(|rows| log_of(zone, rows));
        for (index, funnel) in funnels.iter().filter(|funnel| funnel.check().is_ok()).enumerate() {
            check_sums(&logs, &rows, hour(until), funnel, period, index % 4 == turn)?;
        }
    }

    #[test]
    fn times_and_values_are_those_of_the_events_that_were_taken(
        rows in rows(6), funnels in prop::collection::vec((funnel(), any::<bool>()), 12), until in 0i64..40,
    ) {
        let (log, as_of) = (log_of("UTC", &rows), hour(until));
        for (funnel, plain) in funnels {
            check_times(&log, &rows, as_of, funnel, plain)?;
        }
    }

    #[test]
    fn a_longer_window_takes_nobody_back_and_arrival_does_not_matter(
        rows in rows(6), funnels in prop::collection::vec(funnel(), 4), until in 0i64..40, more in 0i64..5, turn in 0usize..24,
    ) {
        for funnel in funnels.into_iter().filter(|funnel| funnel.check().is_ok()) {
        let as_of = hour(until);
        let whole = measure("UTC", &rows, as_of, &funnel);
        // Noise and repetitions that end the search depend on what was reached, and so may come sooner.
        let ends = funnel.noise == Noise::End || funnel.repetition == Repetition::End;
        if let Some(window) = funnel.window.filter(|_| funnel.entry != EntryChoice::Every && !ends) {
            let longer = Span::from_micros(window.as_micros() + Span::from_hours(more).as_micros());
            let wider = measure("UTC", &rows, as_of, &Funnel { window: Some(longer), ..funnel.clone() });
            prop_assert!(whole.levels.iter().zip(&wider.levels).all(|(level, wider)| level <= wider), "{:?}", funnel);
        }
        let mut turned = rows.clone();
        if !turned.is_empty() {
            let len = turned.len();
            turned.rotate_left(turn % len);
        }
        let has_ties = rows.iter().enumerate().any(|(index, row)| {
            rows[..index].iter().any(|other| (other.0, other.1) == (row.0, row.1))
        });
        if !has_ties || is_free_of_arrival(&funnel) {
            prop_assert_eq!(measure("UTC", &turned, as_of, &funnel).tallies, whole.tallies, "{:?}", funnel);
        }
        }
    }

    #[test]
    fn presets_of_clickhouse_are_its_published_algorithm(
        rows in rows(8), steps in prop::collection::vec(names(), 1..=4), window in span(), until in 0i64..40,
    ) {
        let (log, as_of) = (log_of("UTC", &rows), hour(until));
        let window = window.unwrap_or(Span::from_hours(5_000));
        for preset in [
            FunnelPreset::Clickhouse, FunnelPreset::ClickhouseStrictOrder,
            FunnelPreset::ClickhouseStrictDeduplication, FunnelPreset::ClickhouseAllowReentry,
        ] {
            let funnel = preset.funnel(steps.iter().cloned().map(FunnelStep::new), window);
            let levels = measure_conversion(&log, Timestamp::from_micros(as_of), &funnel).unwrap().levels;
            for (index, id) in log.users().integers().unwrap_or_default().iter().enumerate() {
                let level = window_funnel(&rows, *id, &steps, window.as_micros(), as_of, preset);
                prop_assert_eq!(usize::from(levels[index]), level, "{} of user {} in {:?}", preset, id, steps);
            }
        }
    }
}

/// The level that ClickHouse's `windowFunnel` gives: one pass over (instant, step) pairs with an instant for each step.
fn window_funnel(
    rows: &[Row],
    user: i64,
    steps: &[Vec<String>],
    window: i64,
    as_of: i64,
    preset: FunnelPreset,
) -> usize {
    let is_strict = matches!(preset, FunnelPreset::ClickhouseStrictOrder | FunnelPreset::ClickhouseAllowReentry);
    let mut pairs = Vec::new();
    for row in rows.iter().filter(|row| row.0 == user && hour(row.1) <= as_of) {
        let matches = |names: &Vec<String>| names.is_empty() || names.iter().any(|name| name == row.2);
        let met: Vec<usize> = (0..steps.len()).filter(|step| matches(&steps[*step])).collect();
        if met.is_empty() && is_strict {
            pairs.push((hour(row.1), 0));
        }
        pairs.extend(met.into_iter().map(|step| (hour(row.1), step + 1)));
    }
    pairs.sort_unstable();
    let mut starts: Vec<Option<i64>> = vec![None; steps.len()];
    for (time, step) in pairs {
        let reached = starts.iter().filter(|start| start.is_some()).count();
        if step == 0 {
            if reached > 0 {
                return reached;
            }
        } else if step == 1 {
            starts[0] = Some(time);
        } else if preset == FunnelPreset::ClickhouseStrictDeduplication && starts[step - 1].is_some() {
            return reached;
        } else if let Some(start) = starts[step - 2] {
            if time <= start + window {
                starts[step - 1] = Some(start);
            }
        } else if preset == FunnelPreset::ClickhouseStrictOrder && reached > 0 {
            return reached;
        }
    }
    starts.iter().filter(|start| start.is_some()).count()
}

fn level_of(text: &str, steps: &[&'static str], preset: FunnelPreset) -> u8 {
    let row = |(at, name): (usize, &str)| (1, at as i64, *NAMES.iter().find(|known| **known == name).unwrap(), None);
    let rows: Vec<Row> = text.split(' ').enumerate().map(row).collect();
    measure("UTC", &rows, hour(100), &preset.funnel(steps.iter().copied(), Span::from_hours(50))).levels[0]
}

#[test]
fn published_examples_of_presets_come_out() {
    // ClickHouse, reference of windowFunnel: in A → B → D → C, strict_order stops at D.
    assert_eq!(level_of("a b d c", &["a", "b", "c"], FunnelPreset::ClickhouseStrictOrder), 2);
    assert_eq!(level_of("a b d c", &["a", "b", "c"], FunnelPreset::Clickhouse), 3);
    // The same page: with strict_deduplication an event that repeats interrupts; by hand, at the second B.
    assert_eq!(level_of("a b c b d", &["a", "b", "c", "d"], FunnelPreset::ClickhouseStrictDeduplication), 3);
    // The same page: allow_reentry finds A → B → C in A → A → B → C.
    assert_eq!(level_of("a a b c", &["a", "b", "c"], FunnelPreset::ClickhouseAllowReentry), 3);
    assert_eq!(level_of("a c b c", &["a", "b", "c"], FunnelPreset::ClickhouseAllowReentry), 3);
    assert_eq!(level_of("a c b c", &["a", "b", "c"], FunnelPreset::ClickhouseStrictOrder), 1);
    // The same page: strict_once counts an event once in the chain, even if it meets several conditions; by hand.
    assert_eq!(level_of("a b", &["a", "b", "b"], FunnelPreset::Clickhouse), 3);
    assert_eq!(level_of("a b", &["a", "b", "b"], FunnelPreset::ClickhouseStrictOnce), 2);
    // PostHog, funnels: sequential lets others between, strict does not and begins anew, any order takes any; by hand,
    // with repeats as the source of its aggregate function treats them (funnel-udf/src/steps.rs).
    assert_eq!(level_of("a x b c", &["a", "b", "c"], FunnelPreset::PosthogOrdered), 3);
    assert_eq!(level_of("a b x a b c", &["a", "b", "c"], FunnelPreset::PosthogStrict), 3);
    assert_eq!(level_of("a x b c", &["a", "b", "c"], FunnelPreset::PosthogStrict), 1);
    assert_eq!(level_of("a b b c", &["a", "b", "c"], FunnelPreset::PosthogStrict), 3);
    assert_eq!(level_of("a b a c", &["a", "b", "c"], FunnelPreset::PosthogStrict), 2);
    assert_eq!(level_of("c x a b", &["a", "b", "c"], FunnelPreset::PosthogUnordered), 3);
    for preset in FunnelPreset::ALL {
        assert_eq!(preset.name().parse::<FunnelPreset>().unwrap(), preset);
        preset.funnel(["a", "b"], Span::from_days(1)).check().unwrap();
    }
    assert_eq!("clickhouse_strict".parse::<FunnelPreset>().unwrap_err().kind(), ErrorKind::UnknownName);
}

#[test]
fn audiences_are_compared_step_by_step() {
    // 20 users of the first audience of whom 15 buy, 20 of the second of whom 5 do.
    let mut rows: Vec<Row> = Vec::new();
    for user in 0..40 {
        rows.push((user, 0, "a", None));
        if user < 15 || (20..25).contains(&user) {
            rows.push((user, 1, "b", None));
        }
    }
    let log = log_of("UTC", &rows);
    let funnel = Funnel { event_use: EventUse::Once, ..Funnel::new(["a", "b"]).within(Span::from_hours(2)) };
    let (first, second) = (bits(40, |user| user < 20), bits(40, |user| user >= 20));
    let comparison = compare_conversion(&log, Timestamp::from_micros(hour(9)), &funnel, &first, &second).unwrap();
    let step = &comparison.steps[1];
    assert_eq!((step.first.count, step.second.count, step.difference), (15, 5, Some(0.5)));
    // z = 0.5 / √(0.5 · 0.5 · 2 / 20) = √10, whose two-sided tail is 0.00156540.
    assert!((step.p_value.unwrap() - 0.001_565_402).abs() < 1e-8, "{step:?}");
    assert_eq!(comparison.to_table().unwrap().row_count(), 2);
    let both = compare_conversion(&log, Timestamp::from_micros(hour(9)), &funnel, &first, &first).unwrap_err();
    assert!(both.to_string().contains("in common"), "{both}");
    let short = compare_conversion(&log, Timestamp::from_micros(hour(9)), &funnel, &first, &bits(3, |_| false));
    assert_eq!(short.unwrap_err().kind(), ErrorKind::InvalidArgument);
}
