//! The order ladder against a naive one that sorts and counts in plain vectors.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::analytics::interval::wilson_interval;
use userops::analytics::ladder::{
    LadderOptions, LadderPart, LadderRules, OrderUnit, Rung, build_ladder, climb, rung_name,
};
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::UserIx;
use userops::ingest::{AttributeMapping, Ingest, Mapping, RawBatch, RawColumn, RawValue};
use userops::log::EventLog;
use userops::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Timestamp, Zone};

/// Midnight of 2025-11-01 UTC.
const START: i64 = 1_761_955_200 * 1_000_000;
/// Midnight of 2010-11-05 UTC. Two days later the clock of St. John's goes back from 00:01 to 23:01 of the day before,
/// so that one date shows, then the one before it, then the first again.
const BEFORE_CLOCK_CHANGE: i64 = 1_288_915_200 * 1_000_000;
/// The half hours around that change.
const AROUND_CLOCK_CHANGE: std::ops::Range<i64> = 96..106;

fn schema(zone: &str) -> EventSchema {
    let events = ["view", "order", "renewal"].map(str::to_owned).to_vec();
    EventSchema { zone: zone.parse().unwrap(), events, ..EventSchema::default() }
}

fn log_of(zone: &str, events: &[(i64, i64, &str)]) -> EventLog {
    let events: Vec<Event> =
        events.iter().map(|(user, micros, name)| Event::new(*user, Timestamp::from_micros(*micros), *name)).collect();
    EventLog::from_events(schema(zone), &events).unwrap().0
}

fn events() -> impl Strategy<Value = Vec<(i64, i64, &'static str)>> {
    let half_hours = prop_oneof![0i64..200, AROUND_CLOCK_CHANGE];
    let event = (0i64..8, half_hours, prop::sample::select(vec!["view", "order", "renewal"]))
        .prop_map(|(user, half_hours, name)| (user, BEFORE_CLOCK_CHANGE + half_hours * MICROS_PER_HOUR / 2, name));
    prop::collection::vec(event, 0..60)
}

fn zones() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["UTC", "America/New_York", "America/St_Johns", "Asia/Shanghai"])
}

fn units() -> impl Strategy<Value = OrderUnit> {
    prop::sample::select(vec![OrderUnit::Order, OrderUnit::PurchaseDay])
}

fn day(zone: Zone, micros: i64) -> i64 {
    (micros + zone.offset_micros_at(Timestamp::from_micros(micros))).div_euclid(MICROS_PER_DAY)
}

/// The days before each order or purchase day of a user whose events are given in order.
fn naive_gaps(zone: Zone, events: &[(i64, &str)], options: &LadderOptions) -> Vec<f64> {
    let Some((first_seen, _)) = events.first() else { return Vec::new() };
    let orders = events.iter().filter(|(_, name)| options.orders.iter().any(|order| order == name));
    match options.unit {
        OrderUnit::Order => {
            let marks: Vec<i64> = std::iter::once(*first_seen).chain(orders.map(|(micros, _)| *micros)).collect();
            marks.windows(2).map(|pair| (pair[1] - pair[0]) as f64 / MICROS_PER_DAY as f64).collect()
        }
        OrderUnit::PurchaseDay => {
            let (mut seen, mut gaps) = (BTreeSet::new(), Vec::new());
            for (micros, _) in orders {
                let date = day(zone, *micros);
                let gap = match seen.last() {
                    None => (date - day(zone, *first_seen)).max(0),
                    Some(latest) => (date - latest).abs(),
                };
                if seen.insert(date) {
                    gaps.push(gap as f64);
                }
            }
            gaps
        }
    }
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() < 1e-6
}

fn naive_quantile(sorted: &[f64], part: f64) -> f64 {
    let position = (sorted.len() - 1) as f64 * part;
    let (low, high) = (sorted[position.floor() as usize], sorted[position.ceil() as usize]);
    low + (high - low) * position.fract()
}

fn check_rung(rung: &Rung, number: usize, gaps: &BTreeMap<i64, Vec<f64>>, highest: usize) {
    let reached = |number: usize| gaps.values().filter(|gaps| gaps.len() >= number).count() as u64;
    assert_eq!(usize::from(rung.number), number);
    assert_eq!(rung.reached_count, reached(number));
    let next = if number == highest { 0 } else { reached(number + 1) };
    assert_eq!(rung.standing_count, reached(number) - next);
    assert_eq!((rung.share.count, rung.share.of_count), (reached(number), reached(0)));
    if number == 0 {
        assert!(rung.conversion.is_none() && rung.days.is_none());
        return;
    }
    let conversion = rung.conversion.unwrap();
    let below = reached(number - 1);
    assert_eq!((conversion.count, conversion.of_count), (reached(number), below));
    assert_eq!(conversion.ratio, (below > 0).then(|| reached(number) as f64 / below as f64));
    assert_eq!(conversion.interval, wilson_interval(reached(number), below));
    let mut days: Vec<f64> = gaps.values().filter_map(|gaps| gaps.get(number - 1).copied()).collect();
    days.sort_by(f64::total_cmp);
    let Some(spread) = rung.days else { return assert!(days.is_empty()) };
    assert_eq!(spread.user_count, days.len() as u64);
    assert!(close(spread.mean_days, days.iter().sum::<f64>() / days.len() as f64));
    assert!(close(spread.quartile_1_days, naive_quantile(&days, 0.25)));
    assert!(close(spread.median_days, naive_quantile(&days, 0.5)));
    assert!(close(spread.quartile_3_days, naive_quantile(&days, 0.75)));
}

proptest! {
    #[test]
    fn the_ladder_equals_a_naive_one(
        events in events(), zone in zones(), unit in units(), rungs_max in 1u8..7, two in any::<bool>(), until in 0i64..210,
    ) {
        let log = log_of(zone, &events);
        let as_of = Timestamp::from_micros(BEFORE_CLOCK_CHANGE + until * MICROS_PER_HOUR / 2);
        let orders = if two { vec!["order", "renewal"] } else { vec!["order"] };
        let options = LadderOptions::new(orders).unit(unit).rungs_max(rungs_max);
        let mut visible: BTreeMap<i64, Vec<(i64, &str)>> = BTreeMap::new();
        for (user, micros, name) in events.iter().filter(|(_, micros, _)| *micros <= as_of.as_micros()) {
            visible.entry(*user).or_default().push((*micros, name));
        }
        let mut gaps = BTreeMap::new();
        for (user, events) in &mut visible {
            events.sort_by_key(|(micros, _)| *micros);
            gaps.insert(*user, naive_gaps(log.zone(), events, &options));
        }
        let ladder = build_ladder(&log, as_of, options).unwrap();
        prop_assert_eq!(ladder.rungs().len(), usize::from(rungs_max) + 1);
        for (number, rung) in ladder.rungs().iter().enumerate() {
            check_rung(rung, number, &gaps, usize::from(rungs_max));
        }
        prop_assert_eq!(ladder.to_table().unwrap().row_count(), ladder.rungs().len());
        prop_assert_eq!(ladder.to_string().lines().count(), ladder.rungs().len() + 1);
    }

    #[test]
    fn the_kernel_equals_climbing_user_by_user(events in events(), zone in zones(), unit in units(), until in 0i64..210) {
        let log = log_of(zone, &events);
        let as_of = Timestamp::from_micros(BEFORE_CLOCK_CHANGE + until * MICROS_PER_HOUR / 2);
        let options = LadderOptions::new(["order"]).unit(unit).rungs_max(3);
        let rules = LadderRules::new(&log, options.clone()).unwrap();
        let ladder = build_ladder(&log, as_of, options).unwrap();
        let climbs: Vec<_> = log.iter().map(|events| climb(events, as_of, &rules)).collect();
        let rungs: Vec<_> = climbs.iter().map(|climb| climb.rung()).collect();
        prop_assert_eq!(ladder.user_rungs().iter().collect::<Vec<_>>(), rungs.clone());
        prop_assert_eq!(ladder.user_column().len(), log.user_count());
        for rung in ladder.rungs() {
            let standing = rungs.iter().filter(|of_user| **of_user == Some(rung.number)).count() as u64;
            prop_assert_eq!(rung.standing_count, standing);
        }
        for climb in &climbs {
            prop_assert_eq!(climb.steps.len() as u64, climb.order_count.min(3));
            prop_assert!(climb.steps.is_sorted_by_key(|step| step.at));
            prop_assert!(!climb.explain().to_string().is_empty());
        }
    }

    #[test]
    fn merged_parts_equal_the_whole_in_any_order(
        events in events(), unit in units(), parts in 1i64..5, backwards in any::<bool>(),
    ) {
        let as_of = Timestamp::from_micros(BEFORE_CLOCK_CHANGE + 90 * MICROS_PER_HOUR);
        let options = LadderOptions::new(["order"]).unit(unit);
        let whole = build_ladder(&log_of("America/St_Johns", &events), as_of, options.clone()).unwrap();
        let mut built: Vec<LadderPart> = (0..parts)
            .map(|part| {
                let own: Vec<_> = events.iter().copied().filter(|(user, ..)| user % parts == part).collect();
                let log = log_of("America/St_Johns", &own);
                LadderPart::build(&log, as_of, &LadderRules::new(&log, options.clone()).unwrap())
            })
            .collect();
        if backwards {
            built.reverse();
        }
        let log = log_of("America/St_Johns", &[]);
        let rules = LadderRules::new(&log, options).unwrap();
        let right = built.split_off(built.len() / 2);
        let join = |parts: Vec<LadderPart>| {
            let mut sum = LadderPart::empty(as_of, &rules);
            parts.into_iter().for_each(|part| sum.merge(part).unwrap());
            sum
        };
        let mut sum = join(built);
        sum.merge(join(right)).unwrap();
        prop_assert_eq!(sum.rungs(), whole.rungs());
    }

    #[test]
    fn later_events_do_not_exist_yet(events in events(), unit in units(), until in 0i64..210) {
        let as_of = Timestamp::from_micros(BEFORE_CLOCK_CHANGE + until * MICROS_PER_HOUR / 2);
        let options = LadderOptions::new(["order"]).unit(unit);
        let past: Vec<_> = events.iter().copied().filter(|(_, micros, _)| *micros <= as_of.as_micros()).collect();
        let with_future = build_ladder(&log_of("UTC", &events), as_of, options.clone()).unwrap();
        let without = build_ladder(&log_of("UTC", &past), as_of, options).unwrap();
        prop_assert_eq!(with_future.rungs(), without.rungs());
    }

    #[test]
    fn standing_users_add_up_to_all_known(events in events(), unit in units(), rungs_max in 1u8..6) {
        let log = log_of("UTC", &events);
        let as_of = Timestamp::from_micros(BEFORE_CLOCK_CHANGE + 300 * MICROS_PER_HOUR);
        let ladder = build_ladder(&log, as_of, LadderOptions::new(["order"]).unit(unit).rungs_max(rungs_max)).unwrap();
        let standing: u64 = ladder.rungs().iter().map(|rung| rung.standing_count).sum();
        prop_assert_eq!(standing, log.user_count() as u64);
        prop_assert!(ladder.rungs().is_sorted_by(|below, above| below.reached_count >= above.reached_count));
    }
}

#[test]
fn orders_at_one_instant_are_separate_and_as_of_counts() {
    let events = [(1, START, "view"), (1, START + MICROS_PER_DAY, "order"), (1, START + MICROS_PER_DAY, "order")];
    let log = log_of("UTC", &events);
    let rules = LadderRules::new(&log, "order").unwrap();
    let at = |micros| climb(log.events_of(UserIx(0)), Timestamp::from_micros(micros), &rules);
    let both = at(START + MICROS_PER_DAY);
    assert_eq!(both.steps.iter().map(|step| step.days_since_previous).collect::<Vec<_>>(), [1.0, 0.0]);
    assert_eq!(at(START + MICROS_PER_DAY - 1).rung(), Some(0));
    assert_eq!(at(START - 1).rung(), None);
    let days = LadderRules::new(&log, LadderOptions::new(["order"]).unit(OrderUnit::PurchaseDay)).unwrap();
    assert_eq!(climb(log.events_of(UserIx(0)), Timestamp::MAX, &days).order_count, 1);
}

#[test]
fn a_date_that_shows_twice_is_one_purchase_day() {
    let instants = ["07T02:30:00Z", "07T02:31:00Z", "07T03:00:00Z", "07T03:30:00Z", "08T12:00:00Z"];
    let events = instants.map(|at| (1, format!("2010-11-{at}").parse::<Timestamp>().unwrap().as_micros(), "order"));
    let log = log_of("America/St_Johns", &events);
    let rules = LadderRules::new(&log, LadderOptions::new(["order"]).unit(OrderUnit::PurchaseDay)).unwrap();
    let climb = climb(log.events_of(UserIx(0)), Timestamp::MAX, &rules);
    let days: Vec<String> = climb.steps.iter().map(|step| step.day.to_string()).collect();
    assert_eq!(days, ["2010-11-07", "2010-11-06", "2010-11-08"]);
    assert_eq!(climb.steps.iter().map(|step| step.days_since_previous).collect::<Vec<_>>(), [0.0, 1.0, 1.0]);
}

#[test]
fn users_known_by_attributes_alone_are_registered() {
    let mut ingest = Ingest::new(schema("UTC"), Mapping::new("user", "time").event("event")).unwrap();
    let mut batch = RawBatch::new("users", 2);
    batch.push("user", RawColumn::values([1, 2].into_iter().map(|id| Some(RawValue::Integer(id)))));
    batch.push("city", RawColumn::values(["a", "b"].into_iter().map(|city| Some(RawValue::Text(city)))));
    ingest.push_attributes(&batch, &AttributeMapping::new("user")).unwrap();
    let log = ingest.finish().unwrap().0;
    let ladder = build_ladder(&log, Timestamp::MIN, "order").unwrap();
    assert_eq!(ladder.rungs()[0].standing_count, 2);
    assert_eq!(ladder.rungs()[1].conversion.unwrap().ratio, Some(0.0));
    assert_eq!(ladder.rungs()[2].conversion.unwrap().ratio, None);
}

#[test]
fn a_climb_explains_itself() {
    let day = |day: i64| START + day * MICROS_PER_DAY;
    let events = [(1, day(0), "view"), (1, day(1), "order"), (1, day(18), "order"), (1, day(18) + 1, "order")];
    let log = log_of("Asia/Shanghai", &events);
    let user = log.events_of(UserIx(0));
    let rules = LadderRules::new(&log, LadderOptions::new(["order"]).rungs_max(2)).unwrap();
    let text = |micros, rules| climb(user, Timestamp::from_micros(micros), rules).explain().to_string();
    assert_eq!(text(day(-1), &rules), "not known yet");
    assert_eq!(text(day(0), &rules), "registered, no order yet; the first order makes a first-order user");
    let first = "first order on 2025-11-02, 1 day after first seen; one more order makes a second-order user";
    assert_eq!(text(day(1), &rules), first);
    let second = "second order on 2025-11-19, 17 days after the first; the ladder ends here";
    assert_eq!(text(day(18), &rules), second);
    let beyond = "second order on 2025-11-19, 17 days after the first; 3 orders in all, and the ladder ends here";
    assert_eq!(text(day(20), &rules), beyond);
    let days = LadderRules::new(&log, LadderOptions::new(["order"]).unit(OrderUnit::PurchaseDay)).unwrap();
    let second = "second purchase day on 2025-11-19, 17 days after the first; \
                  one more purchase day makes a third-order user";
    assert_eq!(text(day(20), &days), second);
    assert_eq!([10, 11, 22, 113].map(rung_name), ["tenth order", "11th order", "22nd order", "113th order"]);
}

#[test]
fn wrong_options_are_refused() {
    let log = log_of("UTC", &[(1, START, "order")]);
    let kind = |options: LadderOptions| build_ladder(&log, Timestamp::MAX, options).unwrap_err().kind();
    assert_eq!(kind(LadderOptions::new(Vec::<String>::new())), ErrorKind::InvalidArgument);
    assert_eq!(kind(LadderOptions::from("order").rungs_max(0)), ErrorKind::InvalidArgument);
    let error = build_ladder(&log, Timestamp::MAX, "oder").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnknownName);
    assert!(error.to_string().contains("did you mean \"order\"?"), "{error}");
    let part = |rungs| {
        LadderPart::empty(
            Timestamp::MAX,
            &LadderRules::new(&log, LadderOptions::from("order").rungs_max(rungs)).unwrap(),
        )
    };
    assert_eq!(part(2).merge(part(3)).unwrap_err().kind(), ErrorKind::InvalidArgument);
    let json = r#"{"orders":["order"],"unit":"purchase_day"}"#;
    let options: LadderOptions = serde_json::from_str(json).unwrap();
    assert_eq!(options, LadderOptions::from("order").unit(OrderUnit::PurchaseDay));
}

/// Counts that `sort | uniq -c` gives for the file, and the mean and inclusive quartiles of Python's `statistics`.
#[test]
fn the_ladder_of_cdnow() {
    let text = include_str!("../../../../examples/data/cdnow_master.txt");
    let events: Vec<Event> = text
        .lines()
        .skip(1)
        .map(|line| {
            let mut fields = line.split_whitespace();
            let user: i64 = fields.next().unwrap().parse().unwrap();
            let date = fields.next().unwrap();
            let instant = format!("{}-{}-{}T00:00:00Z", &date[..4], &date[4..6], &date[6..]);
            Event::new(user, instant.parse().unwrap(), "order")
        })
        .collect();
    let log = EventLog::from_events(EventSchema::default(), &events).unwrap().0;
    let as_of = "1998-06-30T23:59:59Z".parse().unwrap();
    let reached = |unit| {
        let ladder = build_ladder(&log, as_of, LadderOptions::new(["order"]).unit(unit)).unwrap();
        ladder.rungs().iter().map(|rung| rung.reached_count).collect::<Vec<_>>()
    };
    assert_eq!(reached(OrderUnit::Order), [23_570, 23_570, 11_662, 7_583, 5_366, 3_925]);
    assert_eq!(reached(OrderUnit::PurchaseDay), [23_570, 23_570, 11_516, 7_476, 5_271, 3_835]);
    let ladder = build_ladder(&log, as_of, "order").unwrap();
    assert_eq!(ladder.to_string().lines().nth(3).unwrap(), CDNOW_SECOND_ORDER);
}

const CDNOW_SECOND_ORDER: &str =
    "second order    11662      4079      49.5 %    48.8–50.1 %   49.5 %      108.4    54.0  16.0–168.0";
