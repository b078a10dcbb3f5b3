//! The check of rules against a vocabulary.

use std::collections::BTreeSet;

use userops::error::ErrorKind::{self, InvalidArgument, InvalidDefinition, InvalidMoney, TypeMismatch, UnknownName};
use userops::event::{Event, EventSchema, Field};
use userops::log::EventLog;
use userops::rule::{Measure, Reference, Rule, Vocabulary, check_measure, check_rule};
use userops::time::Timestamp;
use userops::value::ValueType::{self, Bool, Date, Float, Integer, Text, Time};

fn vocabulary() -> Vocabulary {
    Vocabulary::new()
        .events(["order", "view", "cart"])
        .property("category", Text)
        .property("quantity", Integer)
        .property("weight", Float)
        .property("gift", Bool)
        .property("due", Date)
        .property("sent", Time)
        .attribute("city", Text)
        .attribute("vip", Bool)
        .attribute("level", Integer)
        .attribute("balance", Float)
        .attribute("birth_date", Date)
        .attribute("signup", Time)
        .tag("staff", Bool)
        .tag("favourite", Text)
        .segment("buyers")
        .stages(["new", "growth"])
        .score("rfm.recency", Integer)
        .currency("EUR".parse().unwrap())
}

fn check(text: &str) -> Result<(), (ErrorKind, String)> {
    check_rule(&Rule::parse(text).unwrap(), &vocabulary()).map_err(|error| (error.kind(), error.to_string()))
}

#[test]
fn what_can_be_passes() {
    for text in [
        "count(\"order\", last(days(30))) >= 2",
        "count(\"order\") == 0",
        "count(\"order\") <= 0.5",
        "count(\"order\", last(days(30)), observed()) >= 0",
        "count(\"order\", around(user.signup, days(0), days(7))) >= 0",
        "days_since_last(\"order\") >= 0",
        "user.city == \"Berlin\" && user.city.startsWith(\"B\") && !is_empty(user.city)",
        "user.level >= 1.5 || user.balance > 3",
        "user.vip || user.vip != false || user.vip in [true]",
        "user.birth_date < date(\"2000-01-01\") || user.birth_date < \"2000-01-01\"",
        "user.signup < timestamp(\"2026-01-01T00:00:00Z\") || user.signup < date(\"2026-01-01\")",
        "user.signup < \"2026-01-01T00:00:00Z\" || user.signup < \"2026-01-01\"",
        "sum(event.amount, \"order\") >= 99.5 && min(event.amount) > -2.50 && mean(event.amount) > 3",
        "max(event.due) < date(\"2026-01-01\") && min(event.sent) < date(\"2026-01-01\")",
        "latest(event.category, \"view\") == \"books\" && distinct(event.gift) == 2",
        "count(\"order\", where(event.amount == 9.99 && event.gift && event.due < \"2026-01-01\")) >= 1",
        "age(user.birth_date) >= 18 && age(user.signup, \"days\") < 7 && age(user.signup, \"days\") < 0",
        "anniversary(user.birth_date, 7, 7) && anniversary(user.signup)",
        "has_tag(\"staff\") && tag(\"staff\") && tag(\"favourite\") == \"a\" && in_segment(\"buyers\") && in_stage(\"new\")",
        "stage() in [\"new\", \"growth\"] && score(\"rfm.recency\") >= 4",
        "bucket(\"x\", 10) < 9 && bucket(\"x\", 10) == 9 && bucket(\"x\", 10) >= 1",
        "at_least(2, user.vip, has_tag(\"staff\"))",
        "sequence(step(\"view\"), step(\"cart\", within(days(1)), without(\"order\", where(event.gift))))",
        "is_user(1) && true && !false",
        "is_set(user.level) && is_null(user.vip) && is_set(stage())",
    ] {
        assert_eq!(check(text), Ok(()), "{text}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    for (text, kind, message) in [
        ("count(\"oder\") >= 2", UnknownName, "did you mean \"order\"?"),
        ("count(\"order\", where(event.categry == \"a\")) >= 2", UnknownName, "did you mean \"category\"?"),
        ("sum(event.wieght) >= 2", UnknownName, "did you mean \"weight\"?"),
        ("user.ctiy == \"a\"", UnknownName, "did you mean \"city\"?"),
        ("age(user.birthdate) > 3", UnknownName, "did you mean \"birth_date\"?"),
        ("has_tag(\"staf\")", UnknownName, "did you mean \"staff\"?"),
        ("tag(\"favorite\") == \"a\"", UnknownName, "did you mean \"favourite\"?"),
        ("in_segment(\"buyer\")", UnknownName, "did you mean \"buyers\"?"),
        ("in_stage(\"grwoth\")", UnknownName, "did you mean \"growth\"?"),
        ("stage() == \"grwoth\"", UnknownName, "did you mean \"growth\"?"),
        ("score(\"rfm.recncy\") > 3", UnknownName, "did you mean \"rfm.recency\"?"),
        ("sequence(step(\"viw\"))", UnknownName, "did you mean \"view\"?"),
        ("sequence(step(\"view\"), step(\"cart\", without(\"ordr\")))", UnknownName, "did you mean \"order\"?"),
        ("sequence(step(\"view\", where(event.gft)))", UnknownName, "did you mean \"gift\"?"),
        ("count(around(user.sinup, days(0), days(1))) > 0", UnknownName, "did you mean \"signup\"?"),
        ("user.city == 3", TypeMismatch, "`user.city` is of type text, not integer such as 3"),
        ("user.level == \"3\"", TypeMismatch, "`user.level` is of type integer, not text such as \"3\""),
        ("user.level", TypeMismatch, "not bool such as true: compare it with a number"),
        ("user.vip == 1", TypeMismatch, "true or false"),
        ("user.vip > false", TypeMismatch, "no order"),
        ("user.birth_date < 3", TypeMismatch, "date(\"2026-01-31\")"),
        ("user.birth_date < \"soon\"", TypeMismatch, "date(\"2026-01-31\")"),
        ("user.birth_date < timestamp(\"2026-01-01T00:00:00Z\")", TypeMismatch, "of type date, not time"),
        ("user.signup < \"soon\"", TypeMismatch, "timestamp("),
        ("user.level.startsWith(\"1\")", TypeMismatch, "asked of texts"),
        ("is_empty(user.level)", TypeMismatch, "is_null"),
        ("user.level in [1, \"2\"]", TypeMismatch, "such as \"2\""),
        ("count(\"order\") == \"two\"", TypeMismatch, "`count(\"order\")` is of type integer"),
        ("sum(event.category) > 3", TypeMismatch, "\"category\" is of type text"),
        ("mean(event.gift) > 3", TypeMismatch, "numbers or money"),
        ("min(event.category) > 3", TypeMismatch, "dates or instants"),
        ("max(event.gift) > 3", TypeMismatch, "dates or instants"),
        ("sum(event.amount) > \"3\"", TypeMismatch, "of type money"),
        ("age(user.city) > 3", TypeMismatch, "date or instant"),
        ("anniversary(user.level)", TypeMismatch, "date or instant"),
        ("count(around(user.city, days(0), days(1))) > 0", TypeMismatch, "date or instant"),
        ("first_time(\"order\") > 3", TypeMismatch, "timestamp("),
        ("tag(\"favourite\") > 3", TypeMismatch, "text in quotes"),
        ("tag(\"favourite\")", TypeMismatch, "text in quotes"),
        ("score(\"rfm.recency\") == \"a\"", TypeMismatch, "a number"),
        ("stage() == 3", TypeMismatch, "text in quotes"),
        ("count(\"order\", where(event.gift == 3)) > 0", TypeMismatch, "`event.gift` is of type bool"),
        ("count(\"order\", where(event.amount > 9.999)) > 0", InvalidMoney, "9.999 has 3 decimals, and EUR has 2"),
        ("sum(event.amount) > 0.001", InvalidMoney, "round the amount"),
        ("sum(event.amount) > 1e18", InvalidMoney, "more than an amount can be"),
        ("sum(event.amount) > 9223372036854775807", InvalidMoney, "more than an amount can be"),
        ("count(\"order\") < 0", InvalidDefinition, "never holds: `count(\"order\")` is a whole number, 0 or more"),
        ("count(\"order\") <= -1", InvalidDefinition, "never"),
        ("count(\"order\") == -1", InvalidDefinition, "never"),
        ("count(\"order\") == 1.5", InvalidDefinition, "never"),
        ("active_days(\"order\") in [-1, 0.5]", InvalidDefinition, "never"),
        ("distinct(event.category) < -0.5", InvalidDefinition, "never"),
        ("days_since_last(\"order\") < 0", InvalidDefinition, "never"),
        ("days_since_return(7, \"order\") <= -1", InvalidDefinition, "never"),
        ("count(\"order\") >= 0", InvalidDefinition, "everybody"),
        ("count(\"order\") > -1", InvalidDefinition, "everybody"),
        ("count(\"order\") != -1", InvalidDefinition, "everybody"),
        ("bucket(\"x\", 10) >= 10", InvalidDefinition, "from 0 to 9"),
        ("bucket(\"x\", 10) > 9", InvalidDefinition, "never"),
        ("bucket(\"x\", 10) == 10", InvalidDefinition, "never"),
        ("bucket(\"x\", 10) < 10", InvalidDefinition, "everybody"),
        ("bucket(\"x\", 10) <= 9", InvalidDefinition, "everybody"),
        ("bucket(\"x\", 0) == 0", InvalidDefinition, "at least 1 bucket"),
        ("days_since_return(0, \"order\") > 3", InvalidDefinition, "at least 1 day"),
        ("at_least(0, user.vip)", InvalidDefinition, "from 1"),
        ("at_least(2, user.vip)", InvalidDefinition, "from 1"),
        ("anniversary(user.birth_date, 200, 200)", InvalidDefinition, "whole year"),
        ("sequence()", InvalidDefinition, "at least one step"),
        ("sequence(step(\"view\", within(days(1))))", InvalidDefinition, "step 1"),
        ("sequence(step(\"view\"), step(\"cart\", after(days(2)), within(days(1))))", InvalidDefinition, "step 2"),
        ("count(around(user.signup, days(2), days(1))) > 0", InvalidDefinition, "cannot end"),
        ("count(last(days(0))) > 0", InvalidArgument, "positive"),
        ("count(calendar_days(0)) > 0", InvalidArgument, "at least 1"),
        ("count(between(\"2026-02-01T00:00:00Z\", \"2026-01-01T00:00:00Z\")) > 0", InvalidArgument, "cannot end"),
    ] {
        // Wherever in a rule it stands.
        for text in [text.to_owned(), format!("at_least(1, true, true && !(has_tag(\"staff\") || !({text})))")] {
            let (found, error) = check(&text).unwrap_err();
            assert_eq!(found, kind, "{text}: {error}");
            assert!(error.contains(message), "{text}: {error}");
        }
    }
}

#[test]
fn a_measure_has_the_type_of_its_column() {
    for (text, value_type) in [
        ("count(\"order\")", Integer),
        ("user.city", Text),
        ("user.vip", Bool),
        ("age(user.birth_date)", Integer),
        ("sum(event.amount)", Integer),
        ("mean(event.amount)", Float),
        ("sum(event.quantity)", Integer),
        ("sum(event.weight)", Float),
        ("mean(event.quantity)", Float),
        ("min(event.due)", Date),
        ("latest(event.sent)", Time),
        ("last_time()", Time),
        ("tag(\"favourite\")", Text),
        ("stage()", Text),
        ("score(\"rfm.recency\")", Integer),
        ("bucket(\"x\", 3)", Integer),
    ] {
        assert_eq!(check_measure(&Measure::parse(text).unwrap(), &vocabulary()).unwrap(), Some(value_type), "{text}");
    }
    let error = check_measure(&Measure::parse("sum(event.gift)").unwrap(), &vocabulary()).unwrap_err();
    assert!(error.to_string().starts_with("`sum(event.gift)`: "), "{error}");
}

#[test]
fn open_names_pass_untyped_and_closed_ones_do_not() {
    let rule = Rule::parse("user.any == 3 && count(\"any\", where(event.any == \"x\")) > 1").unwrap();
    assert!(check_rule(&rule, &Vocabulary::new()).is_ok());
    assert!(check_rule(&rule, &vocabulary().open()).is_ok());
    assert!(check_rule(&rule, &vocabulary()).is_err());
    assert!(check_rule(&rule, &Vocabulary::new().close()).is_err());
    assert!(check_rule(&Rule::parse("count(\"any\") > 1").unwrap(), &Vocabulary::new().close()).is_ok());
    assert!(check_rule(&Rule::parse("count(\"any\") > 1").unwrap(), &Vocabulary::new().events(["a"]).close()).is_err());
    let measure = Measure::parse("latest(event.any)").unwrap();
    assert_eq!(check_measure(&measure, &Vocabulary::new()).unwrap(), None);
    // What is not open: definitions of the playbook.
    for text in ["has_tag(\"a\")", "in_segment(\"a\")", "in_stage(\"a\")", "stage() == \"a\"", "score(\"a\") > 1"] {
        let error = check_rule(&Rule::parse(text).unwrap(), &Vocabulary::new()).unwrap_err();
        assert_eq!(error.kind(), UnknownName, "{text}");
    }
}

#[test]
fn schemas_and_logs_are_vocabularies() {
    let field = |name: &str, value_type: ValueType| Field { name: name.to_owned(), value_type };
    let mut schema = EventSchema { properties: vec![field("category", Text)], ..EventSchema::default() };
    let at = Timestamp::from_micros(0);
    let events = [Event::new("ann", at, "order").with_property("category", "a").with_property("quantity", 2)];
    let passes = |vocabulary: &Vocabulary, text: &str| check_rule(&Rule::parse(text).unwrap(), vocabulary).is_ok();

    let declared = Vocabulary::of_schema(&schema);
    assert!(passes(&declared, "count(\"anything\", where(event.other == 3)) > 1"));
    assert!(!passes(&declared, "count(where(event.category == 3)) > 1"));
    assert!(!passes(&declared, "count(where(event.amount > 0.001)) > 1"), "the dollar of the schema has two decimals");

    let (log, report) = EventLog::from_events(schema.clone(), &events).unwrap();
    assert_eq!(report.rejected, 0);
    let occurring = Vocabulary::of_log(&log);
    assert!(passes(&occurring, "count(\"refund\") == 0"), "it may yet occur");
    assert!(passes(&occurring, "count(where(event.category == \"a\")) > 1"));
    assert!(!passes(&occurring, "count(where(event.other == 3)) > 1"));
    assert!(!passes(&occurring, "user.other == 3"));

    schema.events = vec!["order".to_owned(), "view".to_owned()];
    let (log, _) = EventLog::from_events(schema, &events).unwrap();
    let listed = Vocabulary::of_log(&log);
    assert!(passes(&listed, "count(\"view\") == 0"), "listed, though none occurs");
    assert!(!passes(&listed, "count(\"refund\") == 0"));
}

#[test]
fn references_are_found_at_any_depth() {
    let rule = Rule::parse(
        "at_least(1, !(has_tag(\"a\") || tag(\"b\") == 1), in_segment(\"c\") && score(\"d\") > 1, in_stage(\"e\"), \
         stage() == \"f\", count(\"g\") > 1)",
    )
    .unwrap();
    let expected = BTreeSet::from([
        Reference::Tag("a".to_owned()),
        Reference::Tag("b".to_owned()),
        Reference::Segment("c".to_owned()),
        Reference::Score("d".to_owned()),
        Reference::Lifecycle,
    ]);
    assert_eq!(rule.references(), expected);
    assert!(Rule::parse("user.a").unwrap().references().is_empty());
}
