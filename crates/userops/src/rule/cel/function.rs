//! The functions of the language, by name, with how each is written.

use ::cel::common::ast::IdedExpr;

use super::syntax::Source;
use crate::error::{Error, name_hint, unknown_name};

/// Where a function may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Where a rule may stand.
    Condition,
    /// On one side of a comparison.
    Measure,
    /// On the other side of a comparison.
    Value,
    /// Inside another function.
    Argument,
}

use Role::{Argument, Condition, Measure, Value};

const FUNCTIONS: [(&str, Role, &str); 51] = [
    ("count", Measure, "count(\"order\", last(days(30)))"),
    ("active_days", Measure, "active_days(\"visit\", last(days(30)))"),
    ("sum", Measure, "sum(event.amount, \"order\")"),
    ("min", Measure, "min(event.amount, \"order\")"),
    ("max", Measure, "max(event.amount, \"order\")"),
    ("mean", Measure, "mean(event.amount, \"order\")"),
    ("distinct", Measure, "distinct(event.category, \"view\")"),
    ("latest", Measure, "latest(event.plan, \"subscribe\")"),
    ("first_time", Measure, "first_time(\"order\")"),
    ("last_time", Measure, "last_time(\"order\")"),
    ("days_since_first", Measure, "days_since_first(\"order\")"),
    ("days_since_last", Measure, "days_since_last(\"order\")"),
    ("days_since_return", Measure, "days_since_return(30, \"visit\")"),
    ("age", Measure, "age(user.birth_date, \"years\")"),
    ("score", Measure, "score(\"rfm.recency\")"),
    ("tag", Measure, "tag(\"favourite\")"),
    ("stage", Measure, "stage()"),
    ("bucket", Measure, "bucket(\"experiment\", 100)"),
    ("is_set", Condition, "is_set(user.city)"),
    ("is_null", Condition, "is_null(user.city)"),
    ("is_empty", Condition, "is_empty(user.city)"),
    ("at_least", Condition, "at_least(2, user.vip, has_tag(\"a\"), has_tag(\"b\"))"),
    ("has_tag", Condition, "has_tag(\"vip\")"),
    ("in_segment", Condition, "in_segment(\"buyers\")"),
    ("in_stage", Condition, "in_stage(\"growth\")"),
    ("anniversary", Condition, "anniversary(user.birth_date, 7, 0)"),
    ("is_user", Condition, "is_user(\"u1\", 2)"),
    ("sequence", Condition, "sequence(step(\"view\"), step(\"pay\", within(days(1))))"),
    ("date", Value, "date(\"2026-01-31\")"),
    ("timestamp", Value, "timestamp(\"2026-01-31T09:30:00Z\")"),
    ("last", Argument, "last(days(30))"),
    ("calendar_days", Argument, "calendar_days(7, true)"),
    ("calendar_weeks", Argument, "calendar_weeks(4, false, \"monday\")"),
    ("calendar_months", Argument, "calendar_months(3)"),
    ("since", Argument, "since(\"2026-01-01T00:00:00Z\")"),
    ("between", Argument, "between(\"2026-01-01T00:00:00Z\", \"2026-02-01T00:00:00Z\")"),
    ("around", Argument, "around(user.signup, days(0), days(7))"),
    ("where", Argument, "where(event.amount >= 100)"),
    ("observed", Argument, "observed()"),
    ("step", Argument, "step(\"pay\", within(days(1)))"),
    ("within", Argument, "within(days(1))"),
    ("after", Argument, "after(hours(1))"),
    ("without", Argument, "without(\"refund\")"),
    ("total", Argument, "total(days(7))"),
    ("strictly_later", Argument, "strictly_later()"),
    ("days", Argument, "days(30)"),
    ("hours", Argument, "hours(12)"),
    ("minutes", Argument, "minutes(90)"),
    ("seconds", Argument, "seconds(45)"),
    ("milliseconds", Argument, "milliseconds(250)"),
    ("microseconds", Argument, "microseconds(7)"),
];

/// The text functions, which follow what they look at.
const METHODS: [&str; 3] = ["startsWith", "endsWith", "contains"];

/// Every function of the language with an example of how it is written, in the order of docs/rules.md.
pub fn functions() -> impl Iterator<Item = (&'static str, &'static str)> {
    FUNCTIONS.into_iter().map(|(name, _, usage)| (name, usage))
}

/// How a function is written, for messages.
pub(super) fn usage(name: &str) -> &'static str {
    FUNCTIONS.into_iter().find(|(known, ..)| *known == name).map_or("", |(_, _, usage)| usage)
}

/// The error for a function where it has no place: it is unknown, or it belongs elsewhere.
pub(super) fn misplaced(source: &Source<'_>, node: &IdedExpr, name: &str, wanted: &str) -> Error {
    let Some((_, role, usage)) = FUNCTIONS.into_iter().find(|(known, ..)| *known == name) else {
        if METHODS.contains(&name) {
            return source
                .fail(node, format!("`{name}` follows a text, as in `user.city.{name}(\"a\")`; here {wanted} is due"));
        }
        let known = FUNCTIONS.into_iter().map(|(known, ..)| known).chain(METHODS);
        return source.at(node, unknown_name(format!("there is no function {name:?}{}", name_hint(name, known))));
    };
    let place = match role {
        Measure => "is a value: compare it with another, as in",
        Condition => "is a condition and stands by itself, as in",
        Value => "is a value to compare with, as in",
        Argument => "stands inside another function, as in",
    };
    let example = match role {
        Measure => format!("{usage} >= 2"),
        Condition => usage.to_owned(),
        Value => format!("user.birth_date < {usage}"),
        Argument => around(name, usage),
    };
    source.fail(node, format!("here {wanted} is due; `{name}` {place} `{example}`"))
}

/// An argument in the function that it is an argument of.
fn around(name: &str, usage: &str) -> String {
    match name {
        "step" | "total" | "strictly_later" => format!("sequence(step(\"view\"), step(\"pay\"), {usage})"),
        "within" | "after" | "without" => format!("sequence(step(\"view\"), step(\"pay\", {usage}))"),
        "days" | "hours" | "minutes" | "seconds" | "milliseconds" | "microseconds" => format!("last({usage})"),
        _ => format!("count(\"order\", {usage})"),
    }
}
