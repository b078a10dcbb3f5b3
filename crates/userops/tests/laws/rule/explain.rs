//! Explanations agree with the answer, and say what a person would.

use proptest::prelude::*;
use userops::event::Event;
use userops::explanation::Explanation;
use userops::id::{UserId, UserIx};
use userops::log::EventLog;
use userops::money::Money;
use userops::rule::{
    AMOUNT, AgeUnit, Context, EventQuery, EventWindow, Filter, Measure, Observed, Rule, Sequence, Step, Subject, Test,
    Truth, explain_rule, judge, next_change_at, read_measure,
};
use userops::time::{Day, Span, Timestamp, Window, Zone};
use userops::value::Value;

use super::generate::{arbitrary_case, log_of, schema};
use super::scalar::each_subject;

fn name_of(truth: Truth) -> Option<Value> {
    Some(Value::from(match truth {
        Truth::False => "false",
        Truth::Unknown => "unknown",
        Truth::True => "true",
    }))
}

/// Every node says what its rule is, and the parts of a rule come first among the parts of its node.
fn agree(rule: &Rule, node: &Explanation, subject: &Subject<'_>) -> Result<(), TestCaseError> {
    prop_assert_eq!(&node.value, &name_of(judge(rule, subject).unwrap()), "{:#?}", rule);
    prop_assert!(node.text.as_ref().is_some_and(|text| !text.is_empty()), "{node}");
    prop_assert!(node.parts.len() >= rule.parts().len());
    rule.parts().iter().zip(&node.parts).try_for_each(|(rule, node)| agree(rule, node, subject))?;
    if let Rule::Measure { measure, .. } = rule {
        let value = read_measure(measure, subject).unwrap();
        prop_assert_eq!(&node.find("observed").unwrap().value, &value);
        let known_elsewhere = measure.over().is_none() && value.is_some();
        prop_assert!(known_elsewhere || node.find("reason").is_some() || node.find("events").is_some(), "{node}");
        prop_assert!(value.is_some() || node.find("reason").is_some(), "what is unknown has a reason: {node}");
        if let (Some(events), Measure::Count(_), Some(Value::Integer(count))) = (node.find("events"), measure, value) {
            prop_assert_eq!((&events.value, events.parts.len() as i64), (&Some(Value::from(count)), count.min(3)));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_node_says_what_its_rule_is(case in arbitrary_case()) {
        let horizon = Timestamp::from_micros(case.as_of.as_micros() + Span::from_days(367).as_micros());
        each_subject(&case, |_, subject, _| {
            for rule in &case.rules {
                let explanation = explain_rule(rule, &subject).unwrap();
                agree(rule, &explanation, &subject)?;
                let next = next_change_at(rule, &subject, horizon).unwrap();
                let told = explanation.parts.iter().rfind(|part| part.label == "next_change");
                prop_assert_eq!(
                    told.and_then(|part| part.value.clone()),
                    next.map(|(instant, _)| Value::from(instant)),
                    "{:#?}", rule
                );
            }
            Ok(())
        })?;
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn shop() -> EventLog {
    let order = |time: &str, cents| Event::new(7, at(time), "order").with_amount(Money::from_minor(cents));
    let events = [
        Event::new(7, at("2026-01-05T08:00:00Z"), "view"),
        order("2026-01-10T12:00:00Z", 1_250),
        order("2026-02-20T12:00:00Z", 5_000),
        order("2026-02-21T12:00:00Z", 700),
        Event::new(7, at("2026-03-05T00:00:00Z"), "order"),
    ];
    let known = [("born", Value::from("1990-03-08".parse::<Day>().unwrap()))].into();
    log_of(schema(Zone::UTC), &events, &[UserId::from(7)], &[known])
}

fn explained(rule: &Rule) -> Explanation {
    let (log, as_of) = (shop(), at("2026-03-01T00:00:00Z"));
    let (calendar, context) = (log.calendar(as_of), Context::default());
    explain_rule(rule, &Subject::new(&log, UserIx(0), as_of, &calendar, &context)).unwrap()
}

fn recent(event: &str) -> EventQuery {
    EventQuery::new([event]).last_days(30)
}

#[test]
fn a_missing_order_reads_as_a_person_would_say_it() {
    let text = "\
count: false (the number of \"order\" events in the last 30 days is 2; needed: at least 3)
  observed: 2 (2)
  threshold: 3 (at least 3)
  window: from 2026-01-30T00:00:00.000001Z on, before 2026-03-01T00:00:00.000001Z
  events: 2 (newest first)
    event: 2026-02-21T12:00:00Z (order, 7.00 USD)
    event: 2026-02-20T12:00:00Z (order, 50.00 USD)
  change: 1 more \"order\" event in the last 30 days: needs 3, has 2";
    assert_eq!(explained(&Measure::count(recent("order")).at_least(3i64)).render(), text);
}

#[test]
fn an_answer_that_lapses_says_when() {
    let rule =
        Measure::sum(AMOUNT, recent("order")).at_least(50i64).and(Measure::days_since_last("order").at_most(60i64));
    let text = "\
all: true (all of 2 hold)
  sum: true (the sum of amount over \"order\" events in the last 30 days is 57.00 USD; needed: at least 50.00 USD)
    observed: 5700 (57.00 USD)
    threshold: 50 (at least 50.00 USD)
    window: from 2026-01-30T00:00:00.000001Z on, before 2026-03-01T00:00:00.000001Z
    events: 2 (newest first)
      event: 2026-02-21T12:00:00Z (order, 7.00 USD)
      event: 2026-02-20T12:00:00Z (order, 50.00 USD)
    next_change: 2026-03-22T12:00:00Z (lapses then, unless \"order\" happens before)
  days_since_last: true (the number of days since the last of \"order\" events is 8; needed: at most 60)
    observed: 8 (8)
    threshold: 60 (at most 60)
    events: 3 (newest first)
      event: 2026-02-21T12:00:00Z (order, 7.00 USD)
      event: 2026-02-20T12:00:00Z (order, 50.00 USD)
      event: 2026-01-10T12:00:00Z (order, 12.50 USD)
    next_change: 2026-04-23T00:00:00Z (lapses then, unless \"order\" happens before)
  next_change: 2026-03-22T12:00:00Z (lapses then, unless something happens before)";
    let explanation = explained(&rule);
    assert_eq!(explanation.render(), text);
    let json = serde_json::to_string(&explanation).unwrap();
    assert!(json.contains(r#""label":"next_change","value":"2026-03-22T12:00:00Z""#), "{json}");
}

#[test]
fn never_not_in_the_window_too_young_and_unknown_are_told_apart() {
    let reason = |rule: Rule| {
        let explanation = explained(&rule);
        let reason = explanation.find("reason").unwrap_or_else(|| panic!("{explanation}")).clone();
        (reason.value.unwrap().to_string(), reason.text.unwrap())
    };
    let zero = |over: EventQuery| Measure::count(over).eq(0i64);
    let is = |name: &str, text: &str| (name.to_owned(), text.to_owned());
    assert_eq!(reason(zero(recent("refund"))), is("never", "it has never happened"));
    assert_eq!(
        reason(zero(recent("view"))),
        is("not_in_window", "the last was at 2026-01-05T08:00:00Z, before the window")
    );
    let january = Window::Between { start: at("2026-01-20T00:00:00Z"), end: at("2026-02-01T00:00:00Z") };
    assert_eq!(
        reason(zero(
            EventQuery::new(["order"]).window(january).filter(Filter::property(AMOUNT, Test::Lt(10i64.into())))
        )),
        is("not_in_window", "there are some after the window")
    );
    assert_eq!(
        reason(zero(EventQuery::new(["refund"]).last_days(60).observed(Observed::Window))),
        is("too_young", "known since 2026-01-05T08:00:00Z, and the window starts at 2025-12-31T00:00:00.000001Z")
    );
    let seen = EventWindow::Attribute { attribute: "seen".into(), from: Span::default(), until: Span::from_days(7) };
    assert_eq!(
        reason(zero(EventQuery::new(["order"]).window(seen))),
        is("unknown", "the attribute \"seen\", from which the window is reckoned, is not known")
    );
    assert_eq!(reason(Measure::attribute("city").eq("Paris")), is("unknown", "the attribute \"city\" is not known"));
    let latest = Measure::Latest { property: "sku".into(), over: "order".into() };
    assert_eq!(reason(latest.eq("red")), is("unknown", "the latest of the events has no \"sku\""));
}

#[test]
fn a_birthday_and_a_sequence_say_what_they_wait_for() {
    let birthday = Rule::Anniversary {
        attribute: "born".into(),
        days_before: 3,
        days_after: 0,
        leap_day: userops::time::LeapDayPolicy::default(),
    };
    let text = "\
anniversary: false (the day is at most 3 days before or 0 days after an anniversary of \"born\")
  observed: 1990-03-08 (the day is 2026-03-01; the next anniversary is 2026-03-08)
  next_change: 2026-03-05T00:00:00Z (holds from then on, unless the attribute changes before)";
    assert_eq!(explained(&birthday).render(), text);

    let funnel = Sequence::new(vec![
        Step::new(["view"]),
        Step::new(["order"]).within(Span::from_days(7)),
        Step::new(["refund"]),
    ]);
    let text = "\
sequence: false (3 steps in order)
  steps: 2 (of 3)
    step: 2026-01-05T08:00:00Z (view)
    step: 2026-01-10T12:00:00Z (order, 12.50 USD)
  reason: step_missing (step 3 is missing: no \"refund\" event after 2026-01-10T12:00:00Z that keeps the gaps)";
    assert_eq!(explained(&Rule::Sequence(funnel)).render(), text);
    let age = Measure::Age { attribute: "born".into(), unit: AgeUnit::Years }.at_least(36i64);
    assert_eq!(
        explained(&age).find("next_change").unwrap().to_string(),
        "next_change: 2026-03-08T00:00:00Z (holds from then on, unless the attribute changes before)"
    );
}
