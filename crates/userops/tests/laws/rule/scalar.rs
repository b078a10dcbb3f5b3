//! One user at a time equals the naive judge.

use std::collections::BTreeMap;

use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::event::{Event, EventSchema};
use userops::id::{UserId, UserIx};
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::{
    AMOUNT, AgeUnit, Bucket, BucketHash, Context, EventPattern, EventQuery, EventWindow, Filter, Measure, Observed,
    Rule, Sequence, Step, Subject, Test, Truth, judge, match_sequence, read_measure,
};
use userops::time::{Span, Timestamp, Window, Zone};
use userops::value::Value;

use super::generate::{Case, arbitrary_case, log_of, schema};
use super::naive::Naive;

/// Every rule in the tree, the root first.
pub(crate) fn tree(rule: &Rule) -> Vec<&Rule> {
    let mut rules = vec![rule];
    rules.extend(rule.parts().iter().flat_map(tree));
    rules
}

/// Every user of the case, with the subject and the naive judge.
pub(crate) fn each_subject(
    case: &Case,
    mut look: impl FnMut(usize, Subject<'_>, Naive<'_>) -> Result<(), TestCaseError>,
) -> Result<(), TestCaseError> {
    let calendar = case.log.calendar(case.as_of);
    (0..case.users.len()).try_for_each(|user| {
        let subject = Subject::new(&case.log, UserIx(user as u32), case.as_of, &calendar, &case.context);
        look(user, subject, Naive::new(case, user))
    })
}

proptest! {
    #[test]
    fn the_scalar_function_equals_the_naive_judge(case in arbitrary_case()) {
        each_subject(&case, |user, subject, naive| {
            for rule in &case.rules {
                prop_assert_eq!(judge(rule, &subject).unwrap(), naive.judge(rule), "user {}: {:#?}", user, rule);
                for part in tree(rule) {
                    if let Rule::Measure { measure, .. } = part {
                        prop_assert_eq!(read_measure(measure, &subject).unwrap(), naive.measure(measure), "{:#?}", measure);
                    }
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn not_is_true_exactly_where_the_rule_is_false(case in arbitrary_case()) {
        each_subject(&case, |_, subject, _| {
            for rule in &case.rules {
                let (plain, negated) = (judge(rule, &subject).unwrap(), judge(&!rule.clone(), &subject).unwrap());
                prop_assert_eq!(negated == Truth::True, plain == Truth::False, "{:#?}", rule);
                prop_assert_eq!(negated == Truth::Unknown, plain == Truth::Unknown, "{:#?}", rule);
            }
            Ok(())
        })?;
    }

    #[test]
    fn as_of_never_sees_the_future(case in arbitrary_case()) {
        let past: Vec<Event> = case.events.iter().filter(|event| event.time <= case.as_of).cloned().collect();
        let log = log_of(schema(case.log.zone()), &past, &case.users, &case.attributes);
        let calendar = log.calendar(case.as_of);
        each_subject(&case, |user, subject, _| {
            let without = Subject::new(&log, UserIx(user as u32), case.as_of, &calendar, &case.context);
            for rule in &case.rules {
                prop_assert_eq!(judge(rule, &subject).unwrap(), judge(rule, &without).unwrap(), "{:#?}", rule);
            }
            Ok(())
        })?;
    }

    #[test]
    fn a_sequence_shows_the_way_that_is_complete_first_and_starts_last(case in arbitrary_case()) {
        each_subject(&case, |_, subject, naive| {
            for rule in case.rules.iter().flat_map(tree) {
                let Rule::Sequence(sequence) = rule else { continue };
                let first_row = subject.events().rows().start;
                let found = match_sequence(sequence, &subject).unwrap();
                let found = found.map(|rows| rows.into_iter().map(|row| row - first_row).collect::<Vec<_>>());
                let all = naive.sequences(sequence);
                let complete = all.iter().map(|path| path[path.len() - 1]).min();
                let start = all.iter().filter(|path| path.last() == complete.as_ref()).map(|path| path[0]).max();
                prop_assert_eq!(found.as_ref().map(|path| path[path.len() - 1]), complete, "{:#?}", sequence);
                prop_assert_eq!(found.as_ref().map(|path| path[0]), start, "{:#?}", sequence);
                prop_assert!(found.is_none_or(|path| all.contains(&path)), "{sequence:#?}");
            }
            Ok(())
        })?;
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A log of one user, 7, who is known besides by these attributes.
fn one_user(events: &[Event], attributes: &[(&'static str, Value)]) -> EventLog {
    let attributes: BTreeMap<&'static str, Value> = attributes.iter().cloned().collect();
    log_of(schema(Zone::UTC), events, &[UserId::from(7)], &[attributes])
}

fn judge_one(log: &EventLog, rule: &Rule, as_of: &str) -> userops::error::Result<Truth> {
    let calendar = log.calendar(at(as_of));
    judge(rule, &Subject::new(log, UserIx(0), at(as_of), &calendar, &Context::default()))
}

fn order(time: &str, cents: i64) -> Event {
    Event::new(7, at(time), "order").with_amount(Money::from_minor(cents))
}

#[test]
fn a_definition_that_does_not_fit_the_log_is_refused_whoever_is_asked() {
    let log = one_user(&[order("2026-01-01T00:00:00Z", 100)], &[]);
    let count = |filter: Filter| Measure::count(EventQuery::new(["order"]).filter(filter)).at_least(1i64);
    let over = || EventQuery::new(["never_seen"]);
    let sum = |property: &str| Measure::sum(property, over()).at_least(1i64);
    let extreme = |property: &str| Measure::Min { property: property.into(), over: over() }.is(Test::Known);
    let around = |attribute: &str, until: i64| EventWindow::Attribute {
        attribute: attribute.into(),
        from: Span::from_days(1),
        until: Span::from_days(until),
    };
    let windowed = |window: EventWindow| Measure::count(over().window(window)).at_least(1i64);
    let age = |attribute: &str| Measure::Age { attribute: attribute.into(), unit: AgeUnit::Days }.at_least(1i64);
    let empty = Bucket { salt: String::new(), buckets: 0, hash: BucketHash::default() };
    for (rule, kind, parts) in [
        (sum("wieght"), ErrorKind::UnknownName, &["property \"wieght\"", "did you mean \"weight\"?"][..]),
        (Measure::attribute("ciyt").is(Test::Known), ErrorKind::UnknownName, &["attribute \"ciyt\"", "\"city\""]),
        (Rule::tag("vip"), ErrorKind::UnknownName, &["tag \"vip\""]),
        (Rule::segment("loyal"), ErrorKind::UnknownName, &["segment \"loyal\""]),
        (Rule::stage("new"), ErrorKind::UnknownName, &["lifecycle"]),
        (Measure::Score("clv".into()).at_least(1i64), ErrorKind::UnknownName, &["score \"clv\""]),
        (sum("sku"), ErrorKind::TypeMismatch, &["a sum", "\"sku\"", "text"]),
        (sum("due"), ErrorKind::TypeMismatch, &["a sum", "\"due\"", "date"]),
        (extreme("gift"), ErrorKind::TypeMismatch, &["least", "\"gift\"", "bool"]),
        (age("city"), ErrorKind::TypeMismatch, &["\"city\"", "text", "a time or a date"]),
        (windowed(around("level", 2)), ErrorKind::TypeMismatch, &["\"level\"", "integer"]),
        (windowed(around("born", 1)), ErrorKind::InvalidDefinition, &["\"born\"", "1d"]),
        (windowed(Window::rolling_days(0).into()), ErrorKind::InvalidArgument, &["positive"]),
        (Measure::attribute("vip").at_least(true), ErrorKind::TypeMismatch, &["no order", "bool"]),
        (Measure::attribute("level").is(Test::StartsWith("1".into())), ErrorKind::TypeMismatch, &["integer"]),
        (Measure::attribute("born").is(Test::Empty), ErrorKind::TypeMismatch, &["date", "known"]),
        (Measure::attribute("city").at_least(1i64), ErrorKind::TypeMismatch, &["1 is of type integer", "text"]),
        (Measure::attribute("born").at_least(at("2026-01-01T00:00:00Z")), ErrorKind::TypeMismatch, &["time", "date"]),
        (Measure::attribute("born").at_least("soon"), ErrorKind::InvalidTime, &["\"soon\""]),
        (Measure::attribute("seen").at_least("2026-01-01T00:00"), ErrorKind::InvalidTime, &["2026-01-01T00:00"]),
        (Measure::attribute("ratio").at_least(f64::NAN), ErrorKind::InvalidDefinition, &["NaN"]),
        (
            sum(AMOUNT).and(Measure::sum(AMOUNT, over()).at_least(0.125)),
            ErrorKind::InvalidMoney,
            &["0.125", "USD", "2"],
        ),
        (Measure::sum(AMOUNT, over()).at_least(i64::MAX), ErrorKind::InvalidMoney, &["64 bits"]),
        (Measure::sum(AMOUNT, over()).at_least("1.50"), ErrorKind::TypeMismatch, &["1.50", "money"]),
        (count(Filter::property("sku", Test::Eq(1i64.into()))), ErrorKind::TypeMismatch, &["sku", "1 is of type"]),
        (count(Filter::property("skv", Test::Known)), ErrorKind::UnknownName, &["\"skv\""]),
        (Measure::Bucket(empty).at_least(1i64), ErrorKind::InvalidDefinition, &["0 buckets"]),
        (Rule::Sequence(Sequence::new(Vec::new())), ErrorKind::InvalidDefinition, &["at least one step"]),
    ] {
        // Neither a part that decides alone nor the lack of events hides it.
        for rule in [rule.clone(), Rule::All(vec![Rule::Any(Vec::new()), rule])] {
            let error = judge_one(&log, &rule, "2020-01-01T00:00:00Z").unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            for part in parts {
                assert!(error.to_string().contains(part), "{error:?} lacks {part:?}");
            }
        }
    }
}

#[test]
fn a_sum_beyond_64_bits_is_refused() {
    let event = |qty: i64| order("2026-01-01T00:00:00Z", 1).with_property("qty", qty);
    let sum = Measure::sum("qty", "order").at_least(0i64);
    let judge = |events: &[Event]| judge_one(&one_user(events, &[]), &sum, "2026-01-02T00:00:00Z");
    let error = judge(&[event(i64::MAX), event(1)]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
    assert!(error.to_string().contains("9223372036854775808"), "{error}");
    assert_eq!(judge(&[event(i64::MAX), event(1), event(-1)]).unwrap(), Truth::True, "only the whole sum has to fit");
}

#[test]
fn amounts_are_tested_in_major_units_of_the_currency() {
    for (currency, minor, literal, truth) in [
        ("USD", 9_950, Value::from(99.5), Truth::True),
        ("USD", 9_949, Value::from(99.5), Truth::False),
        ("USD", 10, Value::from(0.1), Truth::True),
        ("JPY", 100, Value::from(100i64), Truth::True),
        ("JPY", 99, Value::from(100.0), Truth::False),
        ("KWD", 1_234, Value::from(1.234), Truth::True),
    ] {
        let schema = EventSchema { currency: currency.parse().unwrap(), ..EventSchema::default() };
        let log = EventLog::from_events(schema, &[order("2026-01-01T00:00:00Z", minor)]).unwrap().0;
        let big = Filter::property(AMOUNT, Test::Ge(literal.clone()));
        for rule in [
            Measure::sum(AMOUNT, "order").at_least(literal.clone()),
            Measure::count(EventQuery::new(["order"]).filter(big)).at_least(1i64),
            Measure::Mean { property: AMOUNT.into(), over: "order".into() }.at_least(literal.clone()),
        ] {
            assert_eq!(judge_one(&log, &rule, "2026-01-02T00:00:00Z").unwrap(), truth, "{currency} {literal}");
        }
    }
    let schema = EventSchema { currency: "JPY".parse().unwrap(), ..EventSchema::default() };
    let log = EventLog::from_events(schema, &[order("2026-01-01T00:00:00Z", 1)]).unwrap().0;
    let error = judge_one(&log, &Measure::sum(AMOUNT, "order").at_least(99.5), "2026-01-02T00:00:00Z").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidMoney, "{error}");
}

#[test]
fn a_user_too_young_for_the_window_is_unknown() {
    let log = one_user(&[order("2026-01-10T00:00:00Z", 1)], &[]);
    let quiet = |observed| {
        let over = EventQuery::new(["refund"]).last_days(30).observed(observed);
        Measure::count(over).eq(0i64)
    };
    assert_eq!(judge_one(&log, &quiet(Observed::Any), "2026-01-20T00:00:00Z").unwrap(), Truth::True);
    assert_eq!(judge_one(&log, &quiet(Observed::Window), "2026-01-20T00:00:00Z").unwrap(), Truth::Unknown);
    assert_eq!(judge_one(&log, &quiet(Observed::Window), "2026-02-08T23:59:59.999998Z").unwrap(), Truth::Unknown);
    assert_eq!(judge_one(&log, &quiet(Observed::Window), "2026-02-08T23:59:59.999999Z").unwrap(), Truth::True);
    assert_eq!(
        judge_one(&log, &quiet(Observed::Window), "2026-01-01T00:00:00Z").unwrap(),
        Truth::Unknown,
        "nobody yet"
    );
}

#[test]
fn an_event_between_breaks_a_sequence_and_one_that_is_a_step_does_not() {
    let event = |minute: u32, name: &str| Event::new(7, at(&format!("2026-01-01T00:{minute:02}:00Z")), name);
    let log =
        one_user(&[event(0, "view"), event(1, "refund"), event(2, "order"), event(3, "view"), event(4, "order")], &[]);
    let sequence = |without: &str| {
        let then = Step::new(["order"]).without(EventPattern::new([without]));
        Sequence::new(vec![Step::new(["view"]), then])
    };
    let calendar = log.calendar(at("2026-01-02T00:00:00Z"));
    let context = Context::default();
    let subject = Subject::new(&log, UserIx(0), at("2026-01-02T00:00:00Z"), &calendar, &context);
    let rows = |without: &str| match_sequence(&sequence(without), &subject).unwrap();
    assert_eq!(rows("never_seen"), Some(vec![0, 2]));
    assert_eq!(rows("refund"), Some(vec![3, 4]));
    assert_eq!(rows("order"), Some(vec![0, 2]));
    assert_eq!(rows("view"), Some(vec![0, 2]));
    let before = subject.at(at("2026-01-01T00:03:30Z"));
    assert_eq!(match_sequence(&sequence("refund"), &before).unwrap(), None);
}
