//! Rules as text, as a tree, and in files: three forms of one thing.

use std::path::PathBuf;

use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use userops::error::ErrorKind;
use userops::rule::build::{count, event};
use userops::rule::cel::{BYTES_MAX, DEPTH_MAX, functions};
use userops::rule::{Measure, Rule, form};

use super::any::{measures, rules};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Held {
    #[serde(with = "form")]
    rule: Rule,
    #[serde(with = "form")]
    measure: Measure,
    #[serde(with = "form", default, skip_serializing_if = "Option::is_none")]
    option: Option<Rule>,
    #[serde(with = "form", default)]
    list: Vec<Rule>,
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn a_text_reads_back_as_the_normal_form(rule in rules()) {
        let text = rule.to_string();
        let read = Rule::parse(&text);
        prop_assert!(read.is_ok(), "{text}: {}", read.unwrap_err());
        let read = read.unwrap();
        prop_assert_eq!(&read, &rule.normalize(), "{}", text);
        prop_assert_eq!(read.to_string(), text);
    }

    #[test]
    fn the_text_of_a_measure_reads_back(measure in measures()) {
        let text = measure.to_string();
        prop_assert_eq!(Measure::parse(&text).unwrap(), measure.normalize(), "{}", text);
    }

    #[test]
    fn a_normal_form_is_its_own(rule in rules()) {
        let normal = rule.normalize();
        prop_assert_eq!(normal.clone().normalize(), normal);
    }

    #[test]
    fn trees_come_back_from_json_and_toml(rule in rules()) {
        let json = serde_json::to_string(&rule).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Rule>(&json).unwrap(), &rule, "{}", json);
        let toml = toml::to_string(&rule);
        // A rule that is a list at its root is no TOML document; as a field it is.
        if let Ok(toml) = toml {
            prop_assert_eq!(&toml::from_str::<Rule>(&toml).unwrap(), &rule, "{}", toml);
        }
    }

    #[test]
    fn fields_take_texts_and_trees_alike(rule in rules(), measure in measures()) {
        let texts = Held {
            rule: rule.clone().normalize(),
            measure: measure.clone().normalize(),
            option: Some(rule.clone().normalize()),
            list: vec![rule.clone().normalize()],
        };
        for held in [
            serde_json::from_str::<Held>(&serde_json::to_string(&texts).unwrap()).unwrap(),
            toml::from_str::<Held>(&toml::to_string(&texts).unwrap()).unwrap(),
        ] {
            prop_assert_eq!(&held, &texts);
        }
        // The stage is the one measure whose tree is a text; `stage()` is how it is written in a field.
        prop_assume!(measure != Measure::Stage);
        let tree = serde_json::json!({ "rule": rule, "measure": measure, "list": [rule] });
        let held: Held = serde_json::from_value(tree).unwrap();
        prop_assert_eq!(held, Held { rule: rule.clone(), measure, option: None, list: vec![rule] });
    }

    #[test]
    fn no_text_of_tokens_panics(tokens in proptest::collection::vec(0..TOKENS.len(), 0..24)) {
        let text: String = tokens.into_iter().map(|token| TOKENS[token]).collect();
        judge(&text)?;
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,40}") {
        judge(&text)?;
    }

    #[test]
    fn no_damaged_rule_panics(rule in rules(), cuts in proptest::collection::vec((any::<prop::sample::Index>(), 0..TOKENS.len()), 1..4)) {
        let mut chars: Vec<char> = rule.to_string().chars().collect();
        for (at, token) in cuts {
            let at = at.index(chars.len() + 1);
            chars.splice(at..(at + token % 3).min(chars.len()), TOKENS[token].chars());
        }
        judge(&chars.into_iter().collect::<String>())?;
    }
}

const TOKENS: [&str; 64] = [
    "has",
    "all",
    "x.map(",
    "exists_one(",
    "`",
    "\"\"\"",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "&&",
    "||",
    "!",
    "==",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    " in ",
    "-",
    "+",
    "?",
    ":",
    "{",
    "}",
    " ",
    "\n",
    "user",
    "event",
    "count",
    "where",
    "last",
    "days",
    "step",
    "sequence",
    "at_least",
    "is_set",
    "has_tag",
    "user.vip",
    "user[\"a b\"]",
    "event.amount",
    "\"x\"",
    "'y'",
    "\"",
    "\\",
    "1",
    "3",
    "1.5",
    "1e3",
    "0x1f",
    "9223372036854775808",
    "true",
    "null",
    "in",
    "if",
    "//",
    "城",
    "r\"a\"",
    "3u",
    "count(\"a\")",
    "date(\"2026-01-01\")",
];

/// A text is read or refused; what is read reads back, what is refused says where.
fn judge(text: &str) -> Result<(), TestCaseError> {
    match Rule::parse(text) {
        Ok(rule) => prop_assert_eq!(Rule::parse(&rule.to_string()).unwrap(), rule),
        Err(error) => {
            let message = error.to_string();
            prop_assert!(message.starts_with("line "), "{message}");
            prop_assert!(!message.contains('\n'), "{message}");
        }
    }
    let _ = Measure::parse(text);
    Ok(())
}

fn refused(text: &str) -> String {
    match Rule::parse(text) {
        Ok(rule) => panic!("{text} is read as {rule}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn a_refusal_is_one_line_whatever_it_quotes() {
    for text in [".\n", "count(\n.\n", "\"\n"] {
        assert!(!refused(text).contains('\n'), "{text:?}");
    }
}

#[test]
fn equal_texts_are_equal_rules() {
    for (a, b) in [
        ("3 <= count('order')", "count(\"order\") >= 3"),
        ("3 > count()", "count() < 3"),
        ("\"a\" == user.city", "user.city == \"a\""),
        ("user.vip", "user.vip == true"),
        ("!user.vip", "!(user.vip == true)"),
        ("tag(\"vip\")", "tag(\"vip\") == true"),
        ("count(\"a\", where(event.paid))==1", "count(\"a\", where(event.paid == true)) == 1"),
        ("(user.a && user.b) && user.c", "user.a && (user.b && user.c)"),
        ("user.a || user.b && user.c", "user.a || (user.b && user.c)"),
        ("!!user.a", "user.a"),
        ("!(!user.a)", "user.a"),
        ("true && user.a", "user.a"),
        ("user['city'] == 'x'", "user.city == \"x\""),
        ("count(last(days(2)), \"a\") > 1", "count(\"a\", last(hours(48))) > 1"),
        ("count(since(timestamp(\"2026-01-01T08:00:00+08:00\"))) > 1", "count(since(\"2026-01-01T00:00:00Z\")) > 1"),
        ("age(user.born) >= 18", "age(user.born, \"years\") >= 18"),
        ("user.n == -5", "-5 == user.n"),
        ("user.n == 0x10 // sixteen", "user.n\n==\n16"),
        ("anniversary(user.born)", "anniversary(user.born, 0, 0, \"february28\")"),
        ("count(calendar_weeks(2)) > 0", "count(calendar_weeks(2, false, \"monday\")) > 0"),
    ] {
        assert_eq!(Rule::parse(a).unwrap(), Rule::parse(b).unwrap(), "{a} and {b}");
    }
}

#[test]
fn numbers_keep_their_type() {
    for text in ["user.n == 3", "user.n == 3.0", "user.n == -9223372036854775808", "user.n == 1e300", "user.n == 1e-7"]
    {
        let rule = Rule::parse(text).unwrap();
        assert_eq!(rule.to_string(), text);
        assert_eq!(serde_json::from_str::<Rule>(&serde_json::to_string(&rule).unwrap()).unwrap(), rule);
        assert_eq!(toml::from_str::<Rule>(&toml::to_string(&rule).unwrap()).unwrap(), rule);
    }
    assert_ne!(Rule::parse("user.n == 3").unwrap(), Rule::parse("user.n == 3.0").unwrap());
}

#[test]
fn what_is_refused_says_where_and_what_to_write() {
    for (text, place, message) in [
        ("", "line 1, column 1", "not empty"),
        ("  \n ", "line 1, column 1", "not empty"),
        ("count(\"a\") + 1 > 2", "line 1, column 12", "do not compute"),
        ("user.a - 1 > 2", "line 1, column 8", "do not compute"),
        ("user.a / 2 > 2", "line 1, column 8", "do not compute"),
        ("user.a ? true : false", "line 1, column 8", "a && b || !a && c"),
        ("user.a &&\n  cuont(\"x\") > 1", "line 2, column 3", "did you mean \"count\"?"),
        ("user.城市 == \"x\"", "line 1, column 6", "user[\"城市\"]"),
        ("user[\"城市\"] == \"北京\" && x", "line 1, column 23", "user.x"),
        ("user.a = 1", "line 1, column 8", "`==`"),
        ("user.a & user.b", "line 1, column 8", "`&&`"),
        ("user.a and user.b", "line 1, column 8", "`&&`"),
        ("not user.a", "line 1, column 1", "`!`"),
        ("1 < user.a < 3", "line 1, column 12", "do not chain"),
        ("user.a == 3u", "line 1, column 11", "no suffix"),
        ("count(last(30d)) > 1", "line 1, column 12", "days(30)"),
        ("count(last(30)) > 1", "line 1, column 12", "days(30)"),
        ("user.a == null", "line 1, column 11", "is_null"),
        ("has(user.a)", "line 1, column 1", "is_set(user.name)"),
        ("[1, 2].all(x, x > 1)", "line 1, column 8", "macro"),
        ("user.a == {}", "line 1, column 11", "maps"),
        ("user.a == [1]", "line 1, column 11", "after `in`"),
        ("user.a in \"x\"", "line 1, column 11", "a list"),
        ("count(\"a\")", "line 1, column 1", "compare it"),
        ("count(\"a\") > count(\"b\")", "line 1, column 1", "two measures"),
        ("1 == 1", "line 1, column 1", "both sides"),
        ("last(days(3)) > 2", "line 1, column 1", "inside another function"),
        ("event.amount > 3", "line 1, column 1", "where"),
        ("user.a.b == 3", "line 1, column 1", "names after a dot"),
        ("user == 3", "line 1, column 1", "needs a name"),
        ("city == 3", "line 1, column 1", "user.city"),
        ("count(\"a\", \"b\", 3) > 1", "line 1, column 17", "event's name"),
        ("count(last(days(1)), last(days(2))) > 1", "line 1, column 22", "one window"),
        ("count(where(user.a > 1)) > 1", "line 1, column 13", "event's properties"),
        ("count(where(count() > 1)) > 1", "line 1, column 13", "condition on the event"),
        ("sum(user.a, \"x\") > 1", "line 1, column 5", "an event property"),
        ("bucket(\"x\", -1) > 1", "line 1, column 13", "from 0 to"),
        ("bucket(\"x\", 10, \"md5\") > 1", "line 1, column 17", "murmur3"),
        ("count(since(\"2026-01-01\")) > 1", "line 1, column 13", "instant"),
        ("user.d == date(\"2026-02-30\")", "line 1, column 11", "date"),
        ("user.a.matches(\"x\")", "line 1, column 1", "startsWith"),
        ("user.a == \"x", "line 1, column 11", "not closed"),
        ("count(\"a\"", "line 1, column 6", "never closed"),
        ("count(\"a\"]", "line 1, column 10", "`)` is due"),
        ("user.a)", "line 1, column 7", "closes nothing"),
        ("user.a user.b", "line 1, column 8", "side by side"),
        ("user.a &&", "line 1, column 10", "does not read on"),
        ("user.a == “x”", "line 1, column 11", "straight quotes"),
        ("user.a == r\"x\"", "line 1, column 11", "quote"),
        ("has_tag(\"a\", \"b\")", "line 1, column 14", "no more"),
        ("has_tag()", "line 1, column 1", "lacks"),
        ("stage() == \"a\" && in_stage(a)", "line 1, column 28", "the stage's name"),
        ("count(last(days(9223372036854775807))) > 1", "line 1, column 12", "292,000 years"),
        ("user.n == 9223372036854775808", "line 1, column 11", "invalid int"),
    ] {
        let error = refused(text);
        assert!(error.starts_with(&format!("{place},")), "{text}: {error}");
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn long_and_deep_texts_are_refused_and_long_lists_are_not() {
    let long = format!("user.a == \"{}\"", "x".repeat(BYTES_MAX));
    assert_eq!(Rule::parse(&long).unwrap_err().kind(), ErrorKind::LimitExceeded);
    for (open, close) in
        [("(", ")"), ("!(", ")"), ("at_least(1, ", ")"), ("[", "]"), ("user[", "]"), ("count(where(", "))")]
    {
        let deep = |depth: usize| format!("{}user.a{}", open.repeat(depth), close.repeat(depth));
        let kind = |depth| Rule::parse(&deep(depth)).unwrap_err().kind();
        assert_eq!(kind(DEPTH_MAX + 1), ErrorKind::LimitExceeded);
        assert_eq!(kind(5_000), ErrorKind::LimitExceeded);
        if close == ")" {
            assert!(Rule::parse(&deep(DEPTH_MAX)).is_ok());
        }
    }
    for chain in ["user.a == ", "!", "user.a.", "user.a + ", "-", "a[0]"] {
        let text = format!("{}user.a", chain.repeat(5_000));
        assert_eq!(Rule::parse(&text).is_ok(), chain == "!", "{chain}");
    }
    for joined in [" && ", " || "] {
        let text = vec!["user.a"; 6_000].join(joined);
        assert_eq!(Rule::parse(&text).unwrap().parts().len(), 6_000);
    }
    let text = format!("user.a in [{}1]", "1,".repeat(20_000));
    assert!(Rule::parse(&text).is_ok());
}

#[test]
fn the_deepest_text_is_read_on_a_small_stack() {
    const STACK_BYTES: usize = 1 << 20;
    for (open, close) in [("(", ")"), ("!(", ")"), ("at_least(1, ", ")"), ("true && (false || ", ")"), ("user[", "]")] {
        let text = format!("{}user.a{}", open.repeat(DEPTH_MAX), close.repeat(DEPTH_MAX));
        let read = move || Rule::parse(&text).map(|rule| Rule::parse(&rule.to_string()).unwrap()).is_ok();
        let read = std::thread::Builder::new().stack_size(STACK_BYTES).spawn(read).unwrap().join().unwrap();
        assert_eq!(read, close == ")");
    }
}

/// The fenced `cel` blocks of the page that describes the language; blocks that show what is refused are ` ```text `.
fn page() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/rules.md");
    std::fs::read_to_string(path).unwrap()
}

fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    page.split(&format!("```{language}\n")).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn every_example_of_the_page_reads_and_every_function_has_one() {
    let page = page();
    let examples: Vec<&str> = blocks(&page, "cel").into_iter().flat_map(|block| block.split("\n\n")).collect();
    assert!(examples.len() > 40, "{} examples", examples.len());
    for example in &examples {
        let rule = Rule::parse(example).unwrap_or_else(|error| panic!("{example}: {error}"));
        assert_eq!(Rule::parse(&rule.to_string()).unwrap(), rule);
    }
    for (function, _) in functions() {
        assert!(examples.iter().any(|example| example.contains(&format!("{function}("))), "{function} has no example");
    }
}

#[test]
fn every_refusal_of_the_page_is_one() {
    let page = page();
    let refusals: Vec<(&str, &str)> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| refused: `"))
        .map(|line| line.split_once('`').unwrap())
        .collect();
    assert!(refusals.len() > 8);
    for (text, _) in refusals {
        refused(&text.replace("\\|", "|"));
    }
}

#[test]
fn the_three_forms_of_the_page_are_one_rule() {
    let page = page();
    let section = page.split("## Three forms").nth(1).unwrap();
    let text = Rule::parse(blocks(section, "cel")[0]).unwrap();
    let json: Rule = serde_json::from_str(blocks(section, "json")[0]).unwrap();
    let toml: toml::Table = toml::from_str(blocks(section, "toml")[0]).unwrap();
    assert_eq!(json, text);
    assert_eq!(toml["rule"].clone().try_into::<Rule>().unwrap(), text);
    let code = count(event("order").last_days(30)).at_least(2).and(!Rule::tag("staff"));
    assert_eq!(code, text);
    assert!(section.contains("count(event(\"order\").last_days(30)).at_least(2).and(!Rule::tag(\"staff\"))"));
}

#[test]
fn the_usage_of_every_function_is_right() {
    for (name, usage) in functions() {
        let contexts = [
            usage.to_owned(),
            format!("is_set({usage})"),
            format!("user.x == {usage}"),
            format!("count(\"order\", {usage})  > 1"),
            format!("count(last({usage})) > 1"),
            format!("sequence(step(\"view\"), {usage})"),
            format!("sequence(step(\"view\"), step(\"pay\", {usage}))"),
        ];
        assert!(contexts.iter().any(|text| Rule::parse(text).is_ok()), "{name}: {usage}");
    }
}

#[test]
fn a_schema_takes_texts_and_trees() {
    let generator = &mut schemars::SchemaGenerator::default();
    for schema in [form::schema(generator), form::rule_schema(generator), form::measure_schema(generator)] {
        assert_eq!(schema.as_value()["anyOf"][0]["type"], "string");
        assert!(schema.as_value()["anyOf"][1]["$ref"].is_string());
    }
}
