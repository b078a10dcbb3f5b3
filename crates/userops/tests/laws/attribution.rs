//! Attribution against one conversion at a time, and the conservation of credit.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use userops::attribution::{
    Attribution, AttributionModel, AttributionOptions, Coalition, TouchChannel, TouchSource, UNATTRIBUTED,
    attribute_conversions,
};
use userops::error::ErrorKind;
use userops::rule::EventPattern;
use userops::time::{MICROS_PER_DAY, Span, Timestamp, Window};

use crate::stream::{CHANNELS, Deed, MINUTE, START, Stream, matches, patterns, streams, with_threads};

fn all_models() -> Vec<AttributionModel> {
    vec![
        AttributionModel::First,
        AttributionModel::Last,
        AttributionModel::LastNonDirect,
        AttributionModel::Linear,
        AttributionModel::Position { first_ratio: 0.4, last_ratio: 0.4 },
        AttributionModel::TimeDecay { half_life: Span::from_days(1) },
        AttributionModel::Markov,
        AttributionModel::Shapley { coalition: Coalition::Conversions },
        AttributionModel::Shapley { coalition: Coalition::Rate },
    ]
}

fn attribution_options() -> impl Strategy<Value = AttributionOptions> {
    let channel = prop::sample::select(vec!["direct", "paid", "email"]);
    let touches = prop_oneof![
        patterns().prop_map(|touch| TouchSource::property("channel", touch)),
        Just(TouchSource::property("level", EventPattern::default())),
        prop::collection::vec((channel, patterns()), 0..4).prop_map(|touches| TouchSource::Patterns(
            touches.into_iter().map(|(channel, pattern)| TouchChannel::new(channel, pattern)).collect()
        )),
    ];
    let conversion = prop_oneof![2 => Just(EventPattern::new(["order"])), 1 => patterns()];
    let window = prop_oneof![
        3 => Just(Window::All),
        1 => (0i64..6, 0i64..10).prop_map(|(from, long)| Window::Between {
            start: Timestamp::from_micros(START + from * MICROS_PER_DAY / 2),
            end: Timestamp::from_micros(START + (from + long) * MICROS_PER_DAY / 2),
        }),
    ];
    let lookback = prop::sample::select(vec![20 * MINUTE, 50 * MINUTE, MICROS_PER_DAY, 30 * MICROS_PER_DAY]);
    let cost = prop::collection::vec((prop::sample::select(vec!["direct", "email", "1", "tv"]), 0i64..300), 0..3);
    let direct = prop::sample::select(vec![vec![], vec!["direct".to_owned()], vec!["1".into(), "search".into()]]);
    let ratios = prop::sample::select(vec![(0.4, 0.4), (0.0, 1.0), (0.3, 0.1), (1.0 / 3.0, 1.0 / 3.0)]);
    (conversion, touches, window, lookback, any::<bool>(), direct, cost, ratios).prop_map(
        |(conversion, touches, window, lookback, touches_reused, direct_channels, cost, (first_ratio, last_ratio))| {
            let mut options = AttributionOptions::new(conversion, touches).lookback(Span::from_micros(lookback));
            options.models = all_models();
            options.models[4] = AttributionModel::Position { first_ratio, last_ratio };
            options.window = window;
            options.touches_reused = touches_reused;
            options.direct_channels = direct_channels;
            cost.into_iter().fold(options, |options, (channel, cost)| options.cost(channel, cost))
        },
    )
}

fn channel_of(options: &AttributionOptions, deed: &Deed) -> Option<String> {
    match &options.touches {
        TouchSource::Property { property, touch } if matches(touch, deed) => match property.as_str() {
            "channel" => deed.channel.map(str::to_owned),
            _ => deed.level.map(|level| level.to_string()),
        },
        TouchSource::Property { .. } => None,
        TouchSource::Patterns(touches) => touches
            .iter()
            .find(|touch| {
                let pattern = EventPattern { events: touch.events.clone(), filter: touch.filter.clone() };
                matches(&pattern, deed)
            })
            .map(|touch| touch.channel.clone()),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Outcome {
    Converted { time: i64, amount: i64, is_first: bool },
    Ended,
    Open,
}

type Journey = (Vec<(String, i64)>, Outcome);

/// The journeys of all users, those that do not count left out.
fn naive_journeys(stream: &Stream, options: &AttributionOptions) -> Vec<Journey> {
    let inside = |time: i64| match options.window {
        Window::Between { start, end } => start.as_micros() <= time && time < end.as_micros(),
        _ => true,
    };
    let mut journeys = Vec::new();
    for deeds in stream.by_user() {
        let is_conversion = |at: usize| matches(&options.conversion, &deeds[at]);
        let conversions: Vec<usize> = (0..deeds.len()).filter(|at| is_conversion(*at)).collect();
        let touches: Vec<(usize, String)> =
            (0..deeds.len()).filter_map(|at| Some((at, channel_of(options, &deeds[at])?))).collect();
        let mut taken: BTreeSet<usize> = BTreeSet::new();
        for (number, at) in conversions.iter().enumerate() {
            let from = if options.touches_reused || number == 0 { 0 } else { conversions[number - 1] };
            let oldest = deeds[*at].time - options.lookback.as_micros();
            let own: Vec<&(usize, String)> =
                touches.iter().filter(|(t, _)| from <= *t && t < at && deeds[*t].time >= oldest).collect();
            taken.extend(own.iter().map(|(t, _)| *t));
            if inside(deeds[*at].time) {
                let amount = deeds[*at].amount.unwrap_or(0);
                let steps = own.iter().map(|(t, channel)| (channel.clone(), deeds[*t].time)).collect();
                journeys.push((steps, Outcome::Converted { time: deeds[*at].time, amount, is_first: number == 0 }));
            }
        }
        // Touches that no conversion takes, by how many conversions are at or before them.
        for stretch in 0..=conversions.len() {
            let before = |at: usize| conversions.iter().filter(|conversion| **conversion <= at).count();
            let rest: Vec<(String, i64)> = touches
                .iter()
                .filter(|(t, _)| !taken.contains(t) && before(*t) == stretch)
                .map(|(t, channel)| (channel.clone(), deeds[*t].time))
                .collect();
            let Some((_, last)) = rest.last().cloned().filter(|(_, last)| inside(*last)) else { continue };
            let may_convert = stretch == conversions.len() && last + options.lookback.as_micros() > stream.as_of;
            journeys.push((rest, if may_convert { Outcome::Open } else { Outcome::Ended }));
        }
    }
    journeys
}

/// The shares of the touches of one conversion, for the models that look at one.
fn naive_weights(model: &AttributionModel, options: &AttributionOptions, steps: &[(String, i64)]) -> Vec<f64> {
    let count = steps.len();
    let only = |chosen: usize| (0..count).map(|at| f64::from(u8::from(at == chosen))).collect();
    match model {
        AttributionModel::First => only(0),
        AttributionModel::Last => only(count - 1),
        AttributionModel::LastNonDirect => {
            only((0..count).rev().find(|at| !options.direct_channels.contains(&steps[*at].0)).unwrap_or(count - 1))
        }
        AttributionModel::Linear => vec![1.0 / count as f64; count],
        AttributionModel::Position { first_ratio, last_ratio } => match count {
            1 => vec![1.0],
            2 => vec![first_ratio / (first_ratio + last_ratio), last_ratio / (first_ratio + last_ratio)],
            _ => {
                let between = (1.0 - first_ratio - last_ratio) / (count - 2) as f64;
                let share = |at| {
                    if at == 0 {
                        *first_ratio
                    } else if at == count - 1 {
                        *last_ratio
                    } else {
                        between
                    }
                };
                (0..count).map(share).collect()
            }
        },
        AttributionModel::TimeDecay { half_life } => {
            let raw: Vec<f64> = steps
                .iter()
                .map(|(_, time)| ((time - steps[count - 1].1) as f64 / half_life.as_micros() as f64).exp2())
                .collect();
            raw.iter().map(|weight| weight / raw.iter().sum::<f64>()).collect()
        }
        _ => panic!("{model:?} looks at all conversions"),
    }
}

/// The probability of a conversion without a channel, by following the chain until nothing moves any more.
fn naive_probability(journeys: &[Journey], removed: Option<&str>) -> f64 {
    let mut steps: BTreeMap<(String, String), f64> = BTreeMap::new();
    let mut leaving: BTreeMap<String, f64> = BTreeMap::new();
    for (touches, outcome) in journeys {
        let mut way = vec!["(start)".to_owned()];
        way.extend(touches.iter().map(|(channel, _)| channel.clone()));
        way.push(if matches!(outcome, Outcome::Converted { .. }) { "(conversion)" } else { "(null)" }.to_owned());
        for pair in way.windows(2) {
            *steps.entry((pair[0].clone(), pair[1].clone())).or_default() += 1.0;
            *leaving.entry(pair[0].clone()).or_default() += 1.0;
        }
    }
    let mut at: BTreeMap<String, f64> = BTreeMap::from([("(start)".to_owned(), 1.0)]);
    let mut converted = 0.0;
    for _ in 0..100_000 {
        let mut next: BTreeMap<String, f64> = BTreeMap::new();
        for ((source, target), count) in &steps {
            let moved = at.get(source).copied().unwrap_or(0.0) * count / leaving[source];
            if target == "(conversion)" {
                converted += moved;
            } else if target != "(null)" && removed != Some(target) {
                *next.entry(target.clone()).or_default() += moved;
            }
        }
        at = next;
        // What is still under way is small beside what has converted: a rare conversion is not less exact than a common one.
        if at.values().sum::<f64>() < 1e-10 * converted.max(1e-6) {
            break;
        }
    }
    converted
}

/// The Shapley values over all orders of joining.
fn naive_shapley(channels: &[String], worth: impl Fn(&BTreeSet<&str>) -> f64) -> Vec<f64> {
    let mut orders: Vec<Vec<usize>> = vec![Vec::new()];
    for place in 0..channels.len() {
        orders = orders
            .into_iter()
            .flat_map(|order| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, place);
                    longer
                })
            })
            .collect();
    }
    let mut values = vec![0.0; channels.len()];
    for order in &orders {
        let mut coalition: BTreeSet<&str> = BTreeSet::new();
        for channel in order {
            let before = worth(&coalition);
            coalition.insert(&channels[*channel]);
            values[*channel] += (worth(&coalition) - before) / orders.len() as f64;
        }
    }
    values
}

type Credits = BTreeMap<String, [f64; 3]>;

/// Conversions, first conversions and amounts by channel.
fn naive_credits(model: &AttributionModel, options: &AttributionOptions, journeys: &[Journey]) -> Credits {
    let over: Vec<Journey> = journeys
        .iter()
        .filter(|(touches, outcome)| *outcome != Outcome::Open && !touches.is_empty())
        .cloned()
        .collect();
    let channels: BTreeSet<String> =
        over.iter().chain(journeys).flat_map(|(touches, _)| touches.iter().map(|touch| touch.0.clone())).collect();
    let channels: Vec<String> = channels.into_iter().collect();
    let within = |set: &BTreeSet<&str>| {
        over.iter()
            .filter(|(touches, _)| touches.iter().all(|(channel, _)| set.contains(channel.as_str())))
            .collect::<Vec<_>>()
    };
    let converted = |journeys: &[&Journey]| {
        journeys.iter().filter(|(_, outcome)| matches!(outcome, Outcome::Converted { .. })).count() as f64
    };
    let mut credits: Credits = channels.iter().map(|channel| (channel.clone(), [0.0; 3])).collect();
    let mut totals = [0.0; 3];
    for (touches, outcome) in &over {
        let Outcome::Converted { amount, is_first, .. } = outcome else { continue };
        let worth = [1.0, f64::from(u8::from(*is_first)), *amount as f64];
        totals = [0, 1, 2].map(|index| totals[index] + worth[index]);
        let shares: Vec<(String, f64)> = match model {
            AttributionModel::Markov | AttributionModel::Shapley { .. } => continue,
            _ => touches.iter().map(|touch| touch.0.clone()).zip(naive_weights(model, options, touches)).collect(),
        };
        for (channel, share) in shares {
            let credit = credits.get_mut(&channel).unwrap();
            *credit = [0, 1, 2].map(|index| credit[index] + share * worth[index]);
        }
    }
    let shares: Vec<f64> = match model {
        AttributionModel::Markov => {
            let whole = naive_probability(&over, None);
            channels
                .iter()
                .map(|channel| if whole > 0.0 { 1.0 - naive_probability(&over, Some(channel)) / whole } else { 0.0 })
                .collect()
        }
        AttributionModel::Shapley { coalition: Coalition::Rate } => naive_shapley(&channels, |set| {
            let journeys = within(set);
            if journeys.is_empty() { 0.0 } else { converted(&journeys) / journeys.len() as f64 }
        }),
        AttributionModel::Shapley { coalition: Coalition::Conversions } => {
            let values: [Vec<f64>; 3] = [0, 1, 2].map(|index| {
                naive_shapley(&channels, |set| {
                    let worth = |(_, outcome): &&Journey| match outcome {
                        Outcome::Converted { amount, is_first, .. } => {
                            [1.0, f64::from(u8::from(*is_first)), *amount as f64][index]
                        }
                        _ => 0.0,
                    };
                    within(set).iter().map(worth).sum()
                })
            });
            for (place, channel) in channels.iter().enumerate() {
                credits.insert(channel.clone(), [values[0][place], values[1][place], values[2][place]]);
            }
            return credits;
        }
        _ => return credits,
    };
    let sum: f64 = shares.iter().sum();
    let alike = 1.0 / channels.len().max(1) as f64;
    for (channel, share) in channels.iter().zip(&shares) {
        let share = if sum > 0.0 { share / sum } else { alike };
        credits.insert(channel.clone(), totals.map(|total| total * share));
    }
    credits
}

/// Days until what a channel earns comes to its cost.
fn naive_payback(
    model: &AttributionModel,
    options: &AttributionOptions,
    journeys: &[Journey],
    channel: &str,
) -> Option<f64> {
    let cost = *options.cost_minor.get(channel)? as f64;
    if cost == 0.0 {
        return Some(0.0);
    }
    let mut earnings: BTreeMap<i64, f64> = BTreeMap::new();
    let mut first = i64::MAX;
    for journey in journeys {
        let (touches, Outcome::Converted { time, .. }) = journey else { continue };
        first = touches.iter().filter(|touch| touch.0 == channel).map(|touch| touch.1).fold(first, i64::min);
        if touches.iter().any(|touch| touch.0 == channel) {
            let earned = naive_credits(model, options, std::slice::from_ref(journey))[channel][2];
            *earnings.entry(*time).or_default() += earned;
        }
    }
    let mut sum = 0.0;
    for (time, earned) in earnings {
        sum += earned;
        // A sum that comes to the cost but for rounding has come to it.
        if sum >= cost - cost * 1e-9 - 1e-6 {
            return Some((time - first) as f64 / MICROS_PER_DAY as f64);
        }
    }
    None
}

fn near(a: f64, b: f64) -> bool {
    (a - b).abs() <= 1e-7 * (1.0 + a.abs().max(b.abs()))
}

fn check(stream: &Stream, found: &Attribution) -> Result<(), TestCaseError> {
    let options = &found.options;
    let journeys = naive_journeys(stream, options);
    let outcomes = |outcome: Outcome| journeys.iter().filter(|journey| journey.1 == outcome).count() as u64;
    prop_assert_eq!((found.ended_count, found.open_count), (outcomes(Outcome::Ended), outcomes(Outcome::Open)));
    let (mut count, mut without, mut value) = (0, 0, 0);
    for (touches, outcome) in &journeys {
        if let Outcome::Converted { amount, .. } = outcome {
            (count, without, value) = (count + 1, without + u64::from(touches.is_empty()), value + amount);
        }
    }
    prop_assert_eq!((found.conversion_count, found.unattributed_count, found.value_minor), (count, without, value));

    for model in &options.models {
        let rows: Vec<_> = found.rows.iter().filter(|row| row.model == model.name()).collect();
        // Nothing is lost and nothing is made.
        prop_assert!(near(rows.iter().map(|row| row.conversion_credit).sum::<f64>(), count as f64));
        prop_assert!(near(rows.iter().map(|row| row.value_minor).sum::<f64>(), value as f64));
        prop_assert_eq!(&rows[rows.len() - 1].channel, UNATTRIBUTED);
        prop_assert_eq!(rows[rows.len() - 1].conversion_credit, without as f64);

        let credits = naive_credits(model, options, &journeys);
        let shown: BTreeSet<&str> = rows[..rows.len() - 1].iter().map(|row| row.channel.as_str()).collect();
        let touched = credits.keys().chain(options.cost_minor.keys()).map(String::as_str).collect();
        prop_assert_eq!(shown, touched);
        for row in &rows[..rows.len() - 1] {
            let [conversions, customers, value] = credits.get(&row.channel).copied().unwrap_or_default();
            prop_assert!(
                near(row.conversion_credit, conversions),
                "{} {}: {} {conversions}",
                row.model,
                row.channel,
                row.conversion_credit
            );
            prop_assert!(near(row.customer_credit, customers));
            prop_assert!(near(row.value_minor, value), "{} {}: {} {value}", row.model, row.channel, row.value_minor);
            let touches =
                journeys.iter().flat_map(|(touches, _)| touches).filter(|touch| touch.0 == row.channel).count();
            prop_assert_eq!(row.touch_count, touches as u64);
            let cost = options.cost_minor.get(&row.channel).copied();
            prop_assert_eq!(row.cost_minor, cost);
            prop_assert_eq!(row.return_ratio, cost.filter(|cost| *cost > 0).map(|cost| row.value_minor / cost as f64));
            let per = cost.filter(|_| row.conversion_credit > 0.0).map(|cost| cost as f64 / row.conversion_credit);
            prop_assert_eq!(row.cost_per_conversion_minor, per);
            match model {
                AttributionModel::Markov | AttributionModel::Shapley { coalition: Coalition::Rate } => {
                    prop_assert_eq!(row.payback_days, None);
                }
                _ => prop_assert_eq!(row.payback_days, naive_payback(model, options, &journeys, &row.channel)),
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn attribution_equals_one_conversion_at_a_time(
        stream in streams(), options in prop::collection::vec(attribution_options(), 7),
    ) {
        let log = stream.log();
        for options in options {
            let found = attribute_conversions(&log, stream.as_of(), options).unwrap();
            check(&stream, &found)?;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn attribution_does_not_depend_on_arrival_threads_or_parts(stream in streams(), options in attribution_options()) {
        let (log, as_of) = (stream.log(), stream.as_of());
        let whole = with_threads(|| attribute_conversions(&log, as_of, options.clone()).unwrap());
        prop_assert_eq!(&attribute_conversions(&stream.rearranged().log(), as_of, options.clone()).unwrap(), &whole);
        let json = serde_json::to_string(&whole).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Attribution>(&json).unwrap(), &whole);
        prop_assert_eq!(whole.to_table().unwrap().row_count(), whole.rows.len());
        let mut sums: BTreeMap<(String, String), (f64, f64)> = BTreeMap::new();
        for users in [vec![0, 2, 4], vec![1, 3, 5]] {
            for row in attribute_conversions(&stream.log_of(&users), as_of, options.clone()).unwrap().rows {
                let sum = sums.entry((row.model, row.channel)).or_default();
                *sum = (sum.0 + row.conversion_credit, sum.1 + row.value_minor);
            }
        }
        for row in whole.rows.iter().filter(|row| !["markov", "shapley_rate"].contains(&row.model.as_str())) {
            let (conversions, value) = sums[&(row.model.clone(), row.channel.clone())];
            prop_assert!(near(row.conversion_credit, conversions) && near(row.value_minor, value));
        }
    }
}

fn stream_of(deeds: &[(i64, i64, &'static str, &'static str)]) -> Stream {
    let deed = |(user, day, name, channel): &(i64, i64, &'static str, &'static str)| Deed {
        user: *user,
        time: START + day * MICROS_PER_DAY,
        name,
        amount: (*name == "order").then_some(1_000),
        channel: Some(channel).filter(|channel| !channel.is_empty()).copied(),
        level: None,
    };
    Stream {
        deeds: deeds.iter().map(deed).collect(),
        zone: "UTC",
        cities: vec![None; 6],
        as_of: START + 99 * MICROS_PER_DAY,
    }
}

fn by_channel(stream: &Stream, model: AttributionModel) -> Vec<(String, f64)> {
    let touches = TouchSource::property("channel", EventPattern::new(["view"]));
    let options = AttributionOptions::new(EventPattern::new(["order"]), touches).models([model]);
    let found = attribute_conversions(&stream.log(), stream.as_of(), options).unwrap();
    found.rows.into_iter().map(|row| (row.channel, row.conversion_credit)).collect()
}

#[test]
fn removal_effects_worked_by_hand_come_out() {
    // Journeys direct > email > search > order; direct; email > search. From the start two in three go to direct, one in
    // three to email; of direct one in two goes on to email; email always goes to search; search converts one in two. A
    // conversion has the probability (2/3 · 1/2 + 1/3) · 1/2 = 1/3, without direct 1/6, without email or search 0: removal
    // effects of 1/2, 1 and 1.
    let stream = stream_of(&[
        (0, 0, "view", "direct"),
        (0, 1, "view", "email"),
        (0, 2, "view", "search"),
        (0, 3, "order", ""),
        (1, 0, "view", "direct"),
        (2, 0, "view", "email"),
        (2, 1, "view", "search"),
    ]);
    let credits = by_channel(&stream, AttributionModel::Markov);
    for ((channel, credit), expected) in credits.iter().zip([0.2, 0.4, 0.4, 0.0]) {
        assert!((credit - expected).abs() < 1e-9, "{channel}: {credit}");
    }
}

#[test]
fn shapley_values_worked_by_hand_come_out() {
    // Journeys: direct alone, of two one converts; email alone, does not convert; both, converts. Rates: {direct} 1/2,
    // {email} 0, both 2/4. Direct adds 1/2 first and 1/2 second, email 0 and 0: all goes to direct.
    let stream = stream_of(&[
        (0, 0, "view", "direct"),
        (0, 1, "order", ""),
        (1, 0, "view", "direct"),
        (2, 0, "view", "email"),
        (3, 0, "view", "direct"),
        (3, 1, "view", "email"),
        (3, 2, "order", ""),
    ]);
    let rate = by_channel(&stream, AttributionModel::Shapley { coalition: Coalition::Rate });
    assert!((rate[0].1 - 2.0).abs() < 1e-9 && rate[1].1.abs() < 1e-9, "{rate:?}");
    // By conversions: one is direct's, one is shared by both.
    let conversions = by_channel(&stream, AttributionModel::Shapley { coalition: Coalition::Conversions });
    assert_eq!((conversions[0].1, conversions[1].1), (1.5, 0.5));
}

#[test]
fn what_cannot_be_is_refused() {
    let stream = stream_of(&[(0, 0, "view", "direct"), (0, 1, "order", "")]);
    let log = stream.log();
    let of = |touches| AttributionOptions::new(EventPattern::new(["order"]), touches);
    let base = || of(TouchSource::property("channel", EventPattern::default()));
    let many = |count: usize| {
        let touch = |index: usize| TouchChannel::new(format!("channel {index}"), EventPattern::default());
        of(TouchSource::Patterns((0..count).map(touch).collect()))
    };
    for (options, kind, part) in [
        (base().models([]), ErrorKind::InvalidArgument, "models is empty"),
        (base().models([AttributionModel::Last; 2]), ErrorKind::InvalidDefinition, "\"last\" is asked for twice"),
        (base().lookback(Span::from_days(0)), ErrorKind::InvalidArgument, "lookback = 0d"),
        (base().cost("email", -1), ErrorKind::InvalidArgument, "the cost of \"email\" is -1"),
        (
            base().models([AttributionModel::Position { first_ratio: 0.7, last_ratio: 0.4 }]),
            ErrorKind::InvalidArgument,
            "first_ratio = 0.7",
        ),
        (
            base().models([AttributionModel::TimeDecay { half_life: Span::from_days(0) }]),
            ErrorKind::InvalidArgument,
            "half_life = 0d",
        ),
        (of(TouchSource::property("chanel", EventPattern::default())), ErrorKind::UnknownName, "did you mean"),
        (base().cost(UNATTRIBUTED, 1), ErrorKind::InvalidDefinition, UNATTRIBUTED),
        (many(64), ErrorKind::LimitExceeded, "64 patterns"),
        (
            many(17).models([AttributionModel::Shapley { coalition: Coalition::Rate }]),
            ErrorKind::LimitExceeded,
            "17 channels are more than the limit of 16",
        ),
        (
            (0..101)
                .fold(base(), |options, index| options.cost(index.to_string(), 1))
                .models([AttributionModel::Markov]),
            ErrorKind::LimitExceeded,
            "more than the limit of 100",
        ),
    ] {
        let error = attribute_conversions(&log, stream.as_of(), options).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(part), "{error}");
    }
    assert_eq!(CHANNELS.len(), 3);
    let json = r#"{"conversion": {"events": ["order"]}, "touches": {"property": {"property": "channel"}},
                   "models": ["last", {"time_decay": {}}, {"shapley": {"coalition": "rate"}}]}"#;
    let read: AttributionOptions = serde_json::from_str(json).unwrap();
    assert_eq!(read.models[1], AttributionModel::RULES[5]);
    assert_eq!(read.direct_channels, ["direct"]);
}
