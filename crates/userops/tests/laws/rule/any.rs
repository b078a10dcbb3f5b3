//! Any rule at all, for laws: every kind of measure, test, window and filter.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use userops::id::UserId;
use userops::rule::{
    AgeUnit, Bucket, BucketHash, Definition, EventPattern, EventQuery, EventWindow, Filter, Measure, Observed, Rule,
    Sequence, Step, Test,
};
use userops::time::{Day, LeapDayPolicy, Span, Timestamp, Weekday, Window};
use userops::value::Value;

/// Names, some of them odd.
pub(crate) fn names() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec!["a", "order", "view", "amount", "in", "true", "user", "城市", "", "odd name", "x-1", "1st"])
            .prop_map(str::to_owned),
        1 => "\\PC{0,6}",
        1 => any::<String>(),
    ]
}

pub(crate) fn values() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-100i64..100).prop_map(Value::from),
        (any::<f64>().prop_filter("floats are finite", |value| value.is_finite())).prop_map(Value::from),
        (-10.0..10.0).prop_map(Value::from),
        names().prop_map(Value::from),
        instants().prop_map(Value::from),
        (-719_162..2_932_896).prop_map(|day| Value::from(Day(day))),
    ]
}

fn instants() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        Timestamp::MIN.as_micros()..=Timestamp::MAX.as_micros(),
        (0i64..4_000_000_000).prop_map(|second| second * 1_000_000),
    ]
    .prop_map(Timestamp::from_micros)
}

fn spans() -> impl Strategy<Value = Span> {
    prop_oneof![
        (-400i64..400).prop_map(Span::from_days),
        (-400i64..400).prop_map(Span::from_hours),
        any::<i64>().prop_map(Span::from_micros),
        (-400i64..400).prop_map(|millis| Span::from_micros(millis * 1_000)),
    ]
}

pub(crate) fn tests() -> impl Strategy<Value = Test> {
    prop_oneof![
        values().prop_map(Test::Eq),
        values().prop_map(Test::Ne),
        values().prop_map(Test::Lt),
        values().prop_map(Test::Le),
        values().prop_map(Test::Gt),
        values().prop_map(Test::Ge),
        vec(values(), 0..4).prop_map(Test::OneOf),
        names().prop_map(Test::StartsWith),
        names().prop_map(Test::EndsWith),
        names().prop_map(Test::Contains),
        Just(Test::Known),
        Just(Test::Unknown),
        Just(Test::Empty),
    ]
}

fn filters() -> impl Strategy<Value = Filter> {
    let leaf = (names(), tests()).prop_map(|(name, test)| Filter::property(name, test));
    leaf.prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..3).prop_map(Filter::All),
            vec(inner.clone(), 0..3).prop_map(Filter::Any),
            inner.prop_map(|filter| Filter::Not(Box::new(filter))),
        ]
    })
}

fn windows() -> impl Strategy<Value = EventWindow> {
    prop_oneof![
        3 => Just(EventWindow::default()),
        1 => spans().prop_map(|span| Window::Rolling { span }.into()),
        1 => (any::<u32>(), any::<bool>()).prop_map(|(n, include_today)| Window::CalendarDays { n, include_today }.into()),
        1 => (any::<u32>(), any::<bool>(), 0..7usize).prop_map(|(n, include_current, day)| {
            Window::CalendarWeeks { n, include_current, week_start: Weekday::ALL[day] }.into()
        }),
        1 => (any::<u32>(), any::<bool>())
            .prop_map(|(n, include_current)| Window::CalendarMonths { n, include_current }.into()),
        1 => instants().prop_map(|start| Window::Since { start }.into()),
        1 => (instants(), instants()).prop_map(|(start, end)| Window::Between { start, end }.into()),
        1 => (names(), spans(), spans())
            .prop_map(|(attribute, from, until)| EventWindow::Attribute { attribute, from, until }),
    ]
}

fn queries() -> impl Strategy<Value = EventQuery> {
    (vec(names(), 0..3), option::of(filters()), windows(), any::<bool>()).prop_map(
        |(events, filter, window, observed)| EventQuery {
            events,
            filter,
            window,
            observed: if observed { Observed::Window } else { Observed::Any },
        },
    )
}

pub(crate) fn measures() -> impl Strategy<Value = Measure> {
    let units = prop::sample::select(vec![AgeUnit::Years, AgeUnit::Months, AgeUnit::Days]);
    let hashes = prop::sample::select(vec![BucketHash::Userops, BucketHash::Fnv1a, BucketHash::Murmur3]);
    prop_oneof![
        2 => names().prop_map(Measure::Attribute),
        1 => (names(), units).prop_map(|(attribute, unit)| Measure::Age { attribute, unit }),
        2 => (0..6usize, queries()).prop_map(|(kind, over)| match kind {
            0 => Measure::Count(over),
            1 => Measure::ActiveDays(over),
            2 => Measure::FirstTime(over),
            3 => Measure::LastTime(over),
            4 => Measure::DaysSinceFirst(over),
            _ => Measure::DaysSinceLast(over),
        }),
        2 => (0..6usize, names(), queries()).prop_map(|(kind, property, over)| match kind {
            0 => Measure::Sum { property, over },
            1 => Measure::Min { property, over },
            2 => Measure::Max { property, over },
            3 => Measure::Mean { property, over },
            4 => Measure::Distinct { property, over },
            _ => Measure::Latest { property, over },
        }),
        1 => (any::<u32>(), queries())
            .prop_map(|(silence_days, over)| Measure::DaysSinceReturn { silence_days, over }),
        1 => names().prop_map(Measure::Score),
        1 => names().prop_map(Measure::Tag),
        1 => Just(Measure::Stage),
        1 => (names(), any::<u32>(), hashes)
            .prop_map(|(salt, buckets, hash)| Measure::Bucket(Bucket { salt, buckets, hash })),
    ]
}

fn steps() -> impl Strategy<Value = Step> {
    let pattern =
        (vec(names(), 0..2), option::of(filters())).prop_map(|(events, filter)| EventPattern { events, filter });
    (vec(names(), 0..2), option::of(filters()), option::of(spans()), option::of(spans()), vec(pattern, 0..2))
        .prop_map(|(events, filter, gap_min, gap_max, without)| Step { events, filter, gap_min, gap_max, without })
}

fn sequences() -> impl Strategy<Value = Sequence> {
    (vec(steps(), 0..3), windows(), option::of(spans()), any::<bool>())
        .prop_map(|(steps, window, within, strictly_later)| Sequence { steps, window, within, strictly_later })
}

fn users() -> impl Strategy<Value = UserId> {
    prop_oneof![any::<i64>().prop_map(UserId::from), names().prop_map(UserId::from)]
}

pub(crate) fn rules() -> impl Strategy<Value = Rule> {
    let policies = prop::sample::select(vec![LeapDayPolicy::February28, LeapDayPolicy::March1, LeapDayPolicy::Skip]);
    let leaf = prop_oneof![
        6 => (measures(), tests()).prop_map(|(measure, test)| measure.is(test)),
        1 => sequences().prop_map(Rule::Sequence),
        1 => (names(), 0..9u32, 0..9u32, policies).prop_map(|(attribute, days_before, days_after, leap_day)| {
            Rule::Anniversary { attribute, days_before, days_after, leap_day }
        }),
        1 => (0..3usize, names()).prop_map(|(kind, name)| Rule::In(match kind {
            0 => Definition::Tag(name),
            1 => Definition::Segment(name),
            _ => Definition::Stage(name),
        })),
        1 => vec(users(), 0..3).prop_map(Rule::Users),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..4).prop_map(Rule::All),
            vec(inner.clone(), 0..4).prop_map(Rule::Any),
            inner.clone().prop_map(|rule| Rule::Not(Box::new(rule))),
            (0..3u32, vec(inner, 0..3)).prop_map(|(count, of)| Rule::AtLeast { count, of }),
        ]
    })
}
