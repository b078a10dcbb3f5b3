//! Random rules over small random logs: ties, clocks that change, unknown values, events after `as_of`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::strategy::Union;
use userops::column::{Column, TextColumn};
use userops::event::{Event, EventSchema, Field};
use userops::id::UserId;
use userops::ingest::{
    AttributeMapping, Ingest, Mapping, PropertyMapping, RawBatch, RawColumn, RawData, RawValue, UserIdType,
};
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::{
    AMOUNT, AgeUnit, Bucket, BucketHash, Context, Definition, EventPattern, EventQuery, EventWindow, Filter, Measure,
    Observed, Rule, Sequence, Step, Test, Truth,
};
use userops::time::{Day, LeapDayPolicy, Span, Timestamp, Weekday, Window, Zone};
use userops::value::{Value, ValueType};

/// A log, what it was made of, and rules that every one of its users can be asked.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) log: EventLog,
    /// In order of arrival.
    pub(crate) events: Vec<Event>,
    /// In the order of the log's directory.
    pub(crate) users: Vec<UserId>,
    /// The known attributes of each user.
    pub(crate) attributes: Vec<BTreeMap<&'static str, Value>>,
    pub(crate) context: Context,
    pub(crate) rules: Vec<Rule>,
    pub(crate) as_of: Timestamp,
}

pub(crate) const NAMES: [&str; 4] = ["view", "order", "refund", "下单"];
/// A name that no event has.
pub(crate) const NEVER: &str = "never_seen";
pub(crate) const PROPERTIES: [(&str, ValueType); 6] = [
    ("due", ValueType::Date),
    ("gift", ValueType::Bool),
    ("qty", ValueType::Integer),
    ("ship", ValueType::Time),
    ("sku", ValueType::Text),
    ("weight", ValueType::Float),
];
pub(crate) const ATTRIBUTES: [(&str, ValueType); 6] = [
    ("born", ValueType::Date),
    ("city", ValueType::Text),
    ("level", ValueType::Integer),
    ("ratio", ValueType::Float),
    ("seen", ValueType::Time),
    ("vip", ValueType::Bool),
];
const TEXTS: [&str; 6] = ["", "red", "Red", "reddish", "é", "a long text of many bytes"];
const STAGES: [&str; 3] = ["new", "active", "lapsed"];
const LEAP_DAYS: [LeapDayPolicy; 3] = [LeapDayPolicy::February28, LeapDayPolicy::March1, LeapDayPolicy::Skip];

/// Zones and local midnights near which their clocks do something odd.
const PLACES: [(&str, &str); 7] = [
    ("UTC", "2024-02-29T00:00:00Z"),
    ("Asia/Shanghai", "2025-12-31T16:00:00Z"),
    ("America/New_York", "2025-03-09T05:00:00Z"),
    ("America/New_York", "2025-11-02T04:00:00Z"),
    // Midnight of 26 April does not exist.
    ("Africa/Cairo", "2024-04-25T22:00:00Z"),
    // The clock is set back from 00:01 to 23:01 of the day before, so that a date shows twice.
    ("America/St_Johns", "1996-10-27T02:30:00Z"),
    ("America/Sao_Paulo", "2018-11-04T03:00:00Z"),
];

/// Instants around a place's midnight, often on a boundary or a microsecond beside it.
fn arbitrary_instant(midnight: Timestamp, days: std::ops::Range<i64>) -> BoxedStrategy<Timestamp> {
    let hour = prop::sample::select(vec![0i64, 0, 0, 1, 2, 6, 12, 23]);
    let minute = prop::sample::select(vec![0i64, 0, 0, 0, 1, 31]);
    let odd = prop::sample::select(vec![0i64, 0, 0, 1, -1]);
    let near = prop_oneof![3 => -2i64..3, 3 => days];
    (near, hour, minute, odd)
        .prop_map(move |(day, hour, minute, odd)| {
            Timestamp::from_micros(midnight.as_micros() + ((day * 24 + hour) * 60 + minute) * 60_000_000 + odd)
        })
        .boxed()
}

fn arbitrary_date(midnight: Timestamp) -> BoxedStrategy<Day> {
    let today = Day((midnight.as_micros() / 86_400_000_000) as i32);
    let far = prop::sample::select(vec!["2000-02-29", "1990-12-28", "1988-01-31", "2030-03-01", "1904-02-29"]);
    prop_oneof![
        (-40i32..40, 0i32..40).prop_map(move |(days, years)| Day(today.0 + days - 365 * years)),
        far.prop_map(|date| date.parse().unwrap()),
    ]
    .boxed()
}

fn arbitrary_float() -> BoxedStrategy<f64> {
    prop_oneof![
        6 => (-8i32..12).prop_map(|halves| f64::from(halves) / 2.0),
        2 => prop::sample::select(vec![0.1, 0.2, 0.3, -0.0, 9_007_199_254_740_992.0, 1e300, -1e-300]),
    ]
    .boxed()
}

fn arbitrary_integer() -> BoxedStrategy<i64> {
    prop_oneof![
        9 => -3i64..7,
        1 => prop::sample::select(vec![9_007_199_254_740_993, 9_007_199_254_740_992, -9_007_199_254_740_993]),
    ]
    .boxed()
}

fn arbitrary_value(value_type: ValueType, midnight: Timestamp) -> BoxedStrategy<Value> {
    match value_type {
        ValueType::Bool => any::<bool>().prop_map(Value::from).boxed(),
        ValueType::Integer => arbitrary_integer().prop_map(Value::from).boxed(),
        ValueType::Float => arbitrary_float().prop_map(Value::from).boxed(),
        ValueType::Text => prop::sample::select(&TEXTS[..]).prop_map(Value::from).boxed(),
        ValueType::Time => arbitrary_instant(midnight, -40..40).prop_map(Value::from).boxed(),
        ValueType::Date => arbitrary_date(midnight).prop_map(Value::from).boxed(),
        _ => unreachable!("a new type of value"),
    }
}

type Fields = BTreeMap<&'static str, Value>;

fn arbitrary_fields(fields: &'static [(&'static str, ValueType)], midnight: Timestamp) -> BoxedStrategy<Fields> {
    let field = |(name, value_type): &(&'static str, ValueType)| {
        let name = *name;
        let value = prop::option::weighted(0.7, arbitrary_value(*value_type, midnight));
        value.prop_map(move |value| value.map(|value| (name, value))).boxed()
    };
    let fields: Vec<_> = fields.iter().map(field).collect();
    fields.prop_map(|fields| fields.into_iter().flatten().collect()).boxed()
}

/// A user's number and the event.
fn arbitrary_event(midnight: Timestamp) -> BoxedStrategy<(usize, Event)> {
    let amount = prop::option::weighted(0.7, prop_oneof![-2_000i64..10_000, prop::sample::select(vec![0, 50, 100])]);
    (0..4usize, arbitrary_instant(midnight, -45..12), 0..NAMES.len(), amount, arbitrary_fields(&PROPERTIES, midnight))
        .prop_map(|(user, time, name, amount, fields)| {
            let mut event = Event::new(0, time, NAMES[name]);
            event.amount = amount.map(Money::from_minor);
            event.properties = fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
            (user, event)
        })
        .boxed()
}

/// What the context holds for one user.
#[derive(Debug, Clone)]
struct Standing {
    tags: (Option<bool>, Option<&'static str>, Option<i64>),
    scores: (Option<i64>, Option<f64>),
    stage: Option<&'static str>,
    segment: Truth,
}

fn arbitrary_standing() -> BoxedStrategy<Standing> {
    let often = |strategy| prop::option::weighted(0.7, strategy);
    (
        prop::option::weighted(0.7, any::<bool>()),
        prop::option::weighted(0.7, prop::sample::select(&TEXTS[..])),
        often(arbitrary_integer()),
        often(arbitrary_integer()),
        prop::option::weighted(0.7, arbitrary_float()),
        prop::option::weighted(0.7, prop::sample::select(&STAGES[..])),
        prop::sample::select(vec![Truth::False, Truth::Unknown, Truth::True]),
    )
        .prop_map(|(flag, tier, grade, recency, value, stage, segment)| Standing {
            tags: (flag, tier, grade),
            scores: (recency, value),
            stage,
            segment,
        })
        .boxed()
}

fn context(standings: &[Standing]) -> Context {
    let mut context = Context::default();
    context.tags.insert("flag".into(), Column::Bool(standings.iter().map(|standing| standing.tags.0).collect()));
    context.tags.insert("tier".into(), Column::texts(standings.iter().map(|standing| standing.tags.1)));
    context.tags.insert("grade".into(), Column::Integer(standings.iter().map(|standing| standing.tags.2).collect()));
    context.scores.insert("rfm.recency".into(), Column::Integer(standings.iter().map(|s| s.scores.0).collect()));
    context.scores.insert("clv".into(), Column::Float(standings.iter().map(|s| s.scores.1).collect()));
    context.stage = Some(standings.iter().map(|standing| standing.stage).collect::<TextColumn>());
    context.segments.insert("loyal".into(), standings.iter().map(|standing| standing.segment).collect());
    context
}

pub(crate) fn schema(zone: Zone) -> EventSchema {
    let fields = |fields: &[(&str, ValueType)]| {
        fields.iter().map(|(name, value_type)| Field { name: (*name).into(), value_type: *value_type }).collect()
    };
    EventSchema { zone, properties: fields(&PROPERTIES), attributes: fields(&ATTRIBUTES), ..EventSchema::default() }
}

/// A log of these events, in which all of these users are known with their attributes.
pub(crate) fn log_of(schema: EventSchema, events: &[Event], users: &[UserId], attributes: &[Fields]) -> EventLog {
    let user_type = match users.first() {
        Some(UserId::Text(_)) => UserIdType::Text,
        _ => UserIdType::Integer,
    };
    let mut mapping = Mapping::new("user", "time").event("event").minor_amount("amount").user_type(user_type);
    let mut batch = RawBatch::new("events", events.len());
    batch.push("user", ids(events.iter().map(|event| &event.user)));
    batch.push("time", RawColumn::values(events.iter().map(|event| Some(event.time.into()))));
    batch.push("event", RawColumn::new(RawData::Text(events.iter().map(|event| event.name.as_str()).collect())));
    let amounts = events.iter().map(|event| event.amount.map(|amount| RawValue::Integer(amount.minor())));
    batch.push("amount", RawColumn::values(amounts));
    for (name, _) in PROPERTIES {
        let values = events.iter().map(|event| Some(event.properties.get(name)?.as_ref().into()));
        batch.push(name, RawColumn::values(values));
        mapping = mapping.property(PropertyMapping::column(name));
    }
    let mut ingest = Ingest::new(schema, mapping).unwrap();
    ingest.push(&batch).unwrap();
    let mut table = RawBatch::new("users", users.len());
    table.push("user", ids(users.iter()));
    for (name, _) in ATTRIBUTES {
        let values = attributes.iter().map(|known| Some(known.get(name)?.as_ref().into()));
        table.push(name, RawColumn::values(values));
    }
    ingest.push_attributes(&table, &AttributeMapping::new("user").user_type(user_type)).unwrap();
    let (log, report) = ingest.finish().unwrap();
    assert_eq!(report.rejected, 0, "{report:?}");
    assert_eq!((log.event_count(), log.user_count()), (events.len(), users.len()));
    log
}

fn ids<'a>(ids: impl Iterator<Item = &'a UserId>) -> RawColumn<'a> {
    RawColumn::values(ids.map(|id| Some(id.as_ref().into())))
}

/// Up to four users with up to twelve events each and some after `as_of`, and a few dozen rules.
pub(crate) fn arbitrary_case() -> impl Strategy<Value = Case> {
    prop::sample::select(&PLACES[..]).prop_flat_map(|(zone, midnight)| {
        let midnight: Timestamp = midnight.parse().unwrap();
        let zone: Zone = zone.parse().unwrap();
        (
            Just(zone),
            any::<bool>(),
            prop::collection::vec((arbitrary_fields(&ATTRIBUTES, midnight), arbitrary_standing()), 1..=4),
            prop::collection::vec(arbitrary_event(midnight), 0..=30),
            prop::collection::vec(arbitrary_rule(midnight), 12..=24),
            arbitrary_instant(midnight, -20..20),
        )
            .prop_map(make_case)
    })
}

type CaseParts = (Zone, bool, Vec<(Fields, Standing)>, Vec<(usize, Event)>, Vec<Rule>, Timestamp);

fn make_case((zone, texts, people, events, rules, as_of): CaseParts) -> Case {
    let id =
        |user: usize| if texts { UserId::from(["a", "aa", "b", "é"][user]) } else { UserId::from(user as i64 + 7) };
    let users: Vec<UserId> = (0..people.len()).map(id).collect();
    let of_user = |(user, mut event): (usize, Event)| {
        event.user = users[user % users.len()].clone();
        event
    };
    let events: Vec<Event> = events.into_iter().map(of_user).collect();
    let (attributes, standings): (Vec<Fields>, Vec<Standing>) = people.into_iter().unzip();
    let log = log_of(schema(zone), &events, &users, &attributes);
    Case { log, events, users, attributes, context: context(&standings), rules, as_of }
}

/// Any rule of depth up to three.
pub(crate) fn arbitrary_rule(midnight: Timestamp) -> BoxedStrategy<Rule> {
    let few = |rule: BoxedStrategy<Rule>| prop::collection::vec(rule, 0..4);
    arbitrary_condition(midnight)
        .prop_recursive(3, 8, 3, move |rule| {
            let rule = rule.boxed();
            prop_oneof![
                few(rule.clone()).prop_map(Rule::All),
                few(rule.clone()).prop_map(Rule::Any),
                rule.clone().prop_map(|rule| Rule::Not(Box::new(rule))),
                (1u32..4, prop::collection::vec(rule, 1..4)).prop_map(|(count, of)| Rule::AtLeast { count, of }),
            ]
        })
        .boxed()
}

/// A rule without parts.
pub(crate) fn arbitrary_condition(midnight: Timestamp) -> BoxedStrategy<Rule> {
    let anniversary =
        (prop::sample::select(vec!["born", "seen"]), 0u32..9, 0u32..9, prop::sample::select(&LEAP_DAYS[..]));
    let list = prop::collection::vec(
        prop_oneof![
            (5i64..12).prop_map(UserId::from),
            prop::sample::select(vec!["a", "b", "z"]).prop_map(UserId::from)
        ],
        0..4,
    );
    prop_oneof![
        14 => arbitrary_measure_rule(midnight),
        4 => arbitrary_sequence(midnight).prop_map(Rule::Sequence),
        1 => anniversary.prop_map(|(attribute, days_before, days_after, leap_day)| Rule::Anniversary {
            attribute: attribute.into(),
            days_before,
            days_after,
            leap_day,
        }),
        1 => prop_oneof![
            prop::sample::select(vec!["flag", "tier", "grade"]).prop_map(|tag| Rule::In(Definition::Tag(tag.into()))),
            Just(Rule::segment("loyal")),
            prop::sample::select(vec!["new", "active", "nowhere"]).prop_map(Rule::stage),
        ],
        1 => list.prop_map(Rule::Users),
    ]
    .boxed()
}

/// What decides which tests fit: money is told from other numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Money,
    Plain(ValueType),
}

/// A measure that passes a test that fits it.
fn arbitrary_measure_rule(midnight: Timestamp) -> BoxedStrategy<Rule> {
    let rule = |kind: Kind, weight: u32| {
        let both = (arbitrary_measure_of(kind, midnight), arbitrary_test(kind, midnight));
        (weight, both.prop_map(|(measure, test)| measure.is(test)).boxed())
    };
    Union::new_weighted(vec![
        rule(Kind::Plain(ValueType::Integer), 10),
        rule(Kind::Plain(ValueType::Float), 2),
        rule(Kind::Money, 3),
        rule(Kind::Plain(ValueType::Text), 2),
        rule(Kind::Plain(ValueType::Bool), 1),
        rule(Kind::Plain(ValueType::Time), 2),
        rule(Kind::Plain(ValueType::Date), 2),
    ])
    .boxed()
}

fn arbitrary_measure_of(kind: Kind, midnight: Timestamp) -> BoxedStrategy<Measure> {
    let over = || arbitrary_query(midnight);
    let property: &'static str = match kind {
        Kind::Money => AMOUNT,
        Kind::Plain(value_type) => PROPERTIES.iter().find(|(_, of)| *of == value_type).unwrap().0,
    };
    let latest = over().prop_map(move |over| Measure::Latest { property: property.into(), over }).boxed();
    let extreme = prop_oneof![
        over().prop_map(move |over| Measure::Min { property: property.into(), over }),
        over().prop_map(move |over| Measure::Max { property: property.into(), over }),
    ]
    .boxed();
    let sum = over().prop_map(move |over| Measure::Sum { property: property.into(), over }).boxed();
    let mean = |property: &'static str| over().prop_map(move |over| Measure::Mean { property: property.into(), over });
    let one = |measure: Measure| Just(measure).boxed();
    match kind {
        Kind::Money => prop_oneof![3 => sum, 1 => mean(AMOUNT), 1 => extreme, 1 => latest].boxed(),
        Kind::Plain(ValueType::Integer) => prop_oneof![
            4 => over().prop_map(Measure::Count),
            2 => over().prop_map(Measure::ActiveDays),
            4 => arbitrary_days_since(midnight),
            1 => sum,
            1 => extreme,
            1 => latest,
            1 => arbitrary_distinct(midnight),
            2 => arbitrary_age(),
            1 => Union::new(vec![
                one(Measure::attribute("level")),
                one(Measure::Score("rfm.recency".into())),
                one(Measure::Tag("grade".into())),
                arbitrary_bucket(),
            ]),
        ]
        .boxed(),
        Kind::Plain(ValueType::Float) => {
            let plain = Union::new(vec![one(Measure::attribute("ratio")), one(Measure::Score("clv".into()))]);
            prop_oneof![sum, mean("weight"), mean("qty"), extreme, latest, plain].boxed()
        }
        Kind::Plain(ValueType::Text) => Union::new(vec![
            latest,
            one(Measure::attribute("city")),
            one(Measure::Tag("tier".into())),
            one(Measure::Stage),
        ])
        .boxed(),
        Kind::Plain(ValueType::Bool) => {
            Union::new(vec![latest, one(Measure::attribute("vip")), one(Measure::Tag("flag".into()))]).boxed()
        }
        Kind::Plain(ValueType::Time) => prop_oneof![
            over().prop_map(Measure::FirstTime),
            over().prop_map(Measure::LastTime),
            extreme,
            latest,
            one(Measure::attribute("seen")),
        ]
        .boxed(),
        Kind::Plain(_) => prop_oneof![extreme, latest, one(Measure::attribute("born"))].boxed(),
    }
}

fn arbitrary_days_since(midnight: Timestamp) -> BoxedStrategy<Measure> {
    let over = || arbitrary_query(midnight);
    prop_oneof![
        over().prop_map(Measure::DaysSinceFirst),
        over().prop_map(Measure::DaysSinceLast),
        (1u32..6, over()).prop_map(|(silence_days, over)| Measure::DaysSinceReturn { silence_days, over }),
    ]
    .boxed()
}

fn arbitrary_distinct(midnight: Timestamp) -> BoxedStrategy<Measure> {
    let property = prop::sample::select(vec![AMOUNT, "due", "gift", "qty", "ship", "sku", "weight"]);
    let over = arbitrary_query(midnight);
    (property, over).prop_map(|(property, over)| Measure::Distinct { property: property.into(), over }).boxed()
}

fn arbitrary_age() -> BoxedStrategy<Measure> {
    let unit = prop::sample::select(vec![AgeUnit::Years, AgeUnit::Months, AgeUnit::Days]);
    let attribute = prop::sample::select(vec!["born", "seen"]);
    (attribute, unit).prop_map(|(attribute, unit)| Measure::Age { attribute: attribute.into(), unit }).boxed()
}

fn arbitrary_bucket() -> BoxedStrategy<Measure> {
    let hash = prop::sample::select(vec![BucketHash::Userops, BucketHash::Fnv1a, BucketHash::Murmur3]);
    ("[a-z]{0,6}", 1u32..8, hash)
        .prop_map(|(salt, buckets, hash)| Measure::Bucket(Bucket { salt, buckets, hash }))
        .boxed()
}

/// A test that fits values of this kind.
pub(crate) fn arbitrary_test(kind: Kind, midnight: Timestamp) -> BoxedStrategy<Test> {
    let literal = arbitrary_literal(kind, midnight);
    let compare = (0..6usize, literal.clone()).prop_map(|(operator, value)| match operator {
        0 => Test::Eq(value),
        1 => Test::Ne(value),
        2 => Test::Lt(value),
        3 => Test::Le(value),
        4 => Test::Gt(value),
        _ => Test::Ge(value),
    });
    let equal = (any::<bool>(), literal.clone())
        .prop_map(|(equal, value)| if equal { Test::Eq(value) } else { Test::Ne(value) });
    let one_of = prop::collection::vec(literal, 0..4).prop_map(Test::OneOf);
    let known = prop::sample::select(vec![Test::Known, Test::Unknown]);
    match kind {
        Kind::Plain(ValueType::Bool) => prop_oneof![3 => equal, 1 => one_of, 1 => known].boxed(),
        Kind::Plain(ValueType::Text) => {
            let part = prop::sample::select(vec!["", "r", "red", "d", "ish", "é"]);
            let text = (0..3, part).prop_map(|(kind, part)| match kind {
                0 => Test::StartsWith(part.into()),
                1 => Test::EndsWith(part.into()),
                _ => Test::Contains(part.into()),
            });
            prop_oneof![4 => compare, 2 => one_of, 3 => text, 1 => Just(Test::Empty), 1 => known].boxed()
        }
        _ => prop_oneof![12 => compare, 2 => one_of, 1 => known].boxed(),
    }
}

fn arbitrary_literal(kind: Kind, midnight: Timestamp) -> BoxedStrategy<Value> {
    match kind {
        Kind::Money => prop_oneof![
            (-20i64..100).prop_map(Value::from),
            (-2_000i32..10_000).prop_map(|cents| Value::from(f64::from(cents) / 100.0)),
        ]
        .boxed(),
        Kind::Plain(ValueType::Integer | ValueType::Float) => {
            let days = (0i64..50).prop_map(Value::from);
            prop_oneof![
                4 => arbitrary_integer().prop_map(Value::from),
                2 => arbitrary_float().prop_map(Value::from),
                3 => days
            ]
            .boxed()
        }
        Kind::Plain(ValueType::Text) => {
            prop::sample::select(vec!["", "red", "Red", "é", "new", "active", "none"]).prop_map(Value::from).boxed()
        }
        Kind::Plain(ValueType::Time) => {
            let instant = arbitrary_instant(midnight, -40..20);
            prop_oneof![
                2 => instant.clone().prop_map(Value::from),
                1 => instant.prop_map(|instant| Value::from(instant.to_string())),
                1 => arbitrary_date(midnight).prop_map(Value::from),
                1 => arbitrary_date(midnight).prop_map(|day| Value::from(day.to_string())),
            ]
            .boxed()
        }
        Kind::Plain(ValueType::Date) => prop_oneof![
            arbitrary_date(midnight).prop_map(Value::from),
            arbitrary_date(midnight).prop_map(|day| Value::from(day.to_string())),
        ]
        .boxed(),
        Kind::Plain(other) => arbitrary_value(other, midnight),
    }
}

fn arbitrary_names() -> BoxedStrategy<Vec<String>> {
    let name = prop::sample::select(vec![NAMES[0], NAMES[1], NAMES[2], NAMES[3], NEVER]);
    prop_oneof![
        1 => Just(Vec::new()),
        3 => name.clone().prop_map(|name| vec![name.to_owned()]),
        2 => prop::collection::vec(name.prop_map(str::to_owned), 2..4),
    ]
    .boxed()
}

/// A condition on one event, of depth up to two.
pub(crate) fn arbitrary_filter(midnight: Timestamp) -> BoxedStrategy<Filter> {
    let amount = arbitrary_test(Kind::Money, midnight).prop_map(|test| Filter::property(AMOUNT, test)).boxed();
    let plain = PROPERTIES.iter().map(|(name, value_type)| {
        arbitrary_test(Kind::Plain(*value_type), midnight).prop_map(|test| Filter::property(*name, test)).boxed()
    });
    Union::new(plain.chain([amount]))
        .prop_recursive(2, 4, 2, |filter| {
            prop_oneof![
                prop::collection::vec(filter.clone(), 0..3).prop_map(Filter::All),
                prop::collection::vec(filter.clone(), 0..3).prop_map(Filter::Any),
                filter.prop_map(|filter| Filter::Not(Box::new(filter))),
            ]
        })
        .boxed()
}

fn arbitrary_span() -> BoxedStrategy<Span> {
    let micros = prop::sample::select(vec![1, 3_600_000_000, 6 * 3_600_000_000, 25 * 3_600_000_000]);
    prop_oneof![micros.prop_map(Span::from_micros), (1i64..40).prop_map(Span::from_days)].boxed()
}

/// Every kind of window.
pub(crate) fn arbitrary_window(midnight: Timestamp) -> BoxedStrategy<Window> {
    let instant = || arbitrary_instant(midnight, -40..20);
    let week_start = prop::sample::select(&Weekday::ALL[..]);
    prop_oneof![
        2 => Just(Window::All),
        4 => arbitrary_span().prop_map(|span| Window::Rolling { span }),
        3 => (1u32..20, any::<bool>()).prop_map(|(n, include_today)| Window::CalendarDays { n, include_today }),
        2 => (1u32..4, any::<bool>(), week_start)
            .prop_map(|(n, include_current, week_start)| Window::CalendarWeeks { n, include_current, week_start }),
        2 => (1u32..3, any::<bool>())
            .prop_map(|(n, include_current)| Window::CalendarMonths { n, include_current }),
        1 => instant().prop_map(|start| Window::Since { start }),
        1 => (instant(), instant()).prop_map(|(a, b)| Window::Between { start: a.min(b), end: a.max(b) }),
    ]
    .boxed()
}

pub(crate) fn arbitrary_event_window(midnight: Timestamp) -> BoxedStrategy<EventWindow> {
    let attribute = prop::sample::select(vec!["seen", "born"]);
    let around = (attribute, -30i64..5, arbitrary_span()).prop_map(|(attribute, from, length)| {
        let from = Span::from_days(from);
        let until = Span::from_micros(from.as_micros() + length.as_micros());
        EventWindow::Attribute { attribute: attribute.into(), from, until }
    });
    prop_oneof![7 => arbitrary_window(midnight).prop_map(EventWindow::Window), 1 => around].boxed()
}

/// The events of a measure.
pub(crate) fn arbitrary_query(midnight: Timestamp) -> BoxedStrategy<EventQuery> {
    let filter = prop::option::weighted(0.3, arbitrary_filter(midnight));
    let observed = prop_oneof![3 => Just(Observed::Any), 1 => Just(Observed::Window)];
    (arbitrary_names(), filter, arbitrary_event_window(midnight), observed)
        .prop_map(|(events, filter, window, observed)| EventQuery { events, filter, window, observed })
        .boxed()
}

fn arbitrary_step(midnight: Timestamp) -> BoxedStrategy<Step> {
    let filter = || prop::option::weighted(0.2, arbitrary_filter(midnight));
    let without = (arbitrary_names(), filter()).prop_map(|(events, filter)| EventPattern { events, filter });
    let gaps = prop_oneof![
        2 => Just((None, None)),
        1 => arbitrary_span().prop_map(|gap| (Some(gap), None)),
        2 => arbitrary_span().prop_map(|gap| (None, Some(gap))),
        1 => (arbitrary_span(), arbitrary_span()).prop_map(|(a, b)| (Some(a.min(b)), Some(a.max(b)))),
    ];
    let without = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(without, 1..3)];
    (arbitrary_names(), filter(), gaps, without)
        .prop_map(|(events, filter, (gap_min, gap_max), without)| Step { events, filter, gap_min, gap_max, without })
        .boxed()
}

/// One to three steps.
pub(crate) fn arbitrary_sequence(midnight: Timestamp) -> BoxedStrategy<Sequence> {
    let steps = prop::collection::vec(arbitrary_step(midnight), 1..4);
    let within = prop::option::weighted(0.4, arbitrary_span());
    (steps, arbitrary_event_window(midnight), within, any::<bool>())
        .prop_map(|(mut steps, window, within, strictly_later)| {
            steps[0] = Step { events: steps[0].events.clone(), filter: steps[0].filter.clone(), ..Step::default() };
            Sequence { steps, window, within, strictly_later }
        })
        .boxed()
}
