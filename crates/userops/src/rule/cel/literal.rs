//! Values to compare with, and the tests that compare with them.

use ::cel::common::ast::operators::{EQUALS, GREATER, GREATER_EQUALS, IN, LESS, LESS_EQUALS, NEGATE, NOT_EQUALS};
use ::cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};

use super::arguments::{Arguments, text};
use super::syntax::Source;
use crate::error::Result;
use crate::rule::test::Test;
use crate::value::Value;

/// The node as a whole number.
pub(super) fn integer(node: &IdedExpr) -> Option<i64> {
    match &node.expr {
        Expr::Literal(LiteralValue::Int(number)) => Some(*number.inner()),
        Expr::Call(CallExpr { func_name, target: None, args }) if func_name == NEGATE => match args.as_slice() {
            [number] => integer(number)?.checked_neg(),
            _ => None,
        },
        _ => None,
    }
}

/// The node as a float.
fn float(node: &IdedExpr) -> Option<f64> {
    match &node.expr {
        Expr::Literal(LiteralValue::Double(number)) => Some(*number.inner()),
        Expr::Call(CallExpr { func_name, target: None, args }) if func_name == NEGATE => match args.as_slice() {
            [number] => float(number).map(|number| -number),
            _ => None,
        },
        _ => None,
    }
}

/// The node as a value, where it is one.
fn literal(source: &Source<'_>, node: &IdedExpr) -> Result<Option<Value>> {
    if let Some(number) = integer(node) {
        return Ok(Some(Value::Integer(number)));
    }
    if let Some(number) = float(node) {
        return Ok(Some(Value::Float(number)));
    }
    match &node.expr {
        Expr::Literal(LiteralValue::Boolean(flag)) => Ok(Some(Value::Bool(*flag.inner()))),
        Expr::Literal(LiteralValue::String(text)) => Ok(Some(Value::from(text.inner()))),
        Expr::Literal(LiteralValue::Null) => {
            Err(source.fail(node, "nothing compares with `null`: write `is_null(user.city)` or `is_set(user.city)`"))
        }
        Expr::Literal(_) => Err(source.fail(node, "values are true, false, numbers, texts, dates and instants")),
        Expr::List(_) => Err(source.fail(node, "a list stands only after `in`, as in `user.city in [\"a\", \"b\"]`")),
        _ => match Arguments::of(source, node) {
            Some(mut call) if call.name == "date" => {
                let day = call.text("a date as text")?.parse().map_err(|error| source.at(node, error))?;
                call.end()?;
                Ok(Some(Value::Date(day)))
            }
            Some(mut call) if call.name == "timestamp" => {
                let instant = call.text("an instant as text")?.parse().map_err(|error| source.at(node, error))?;
                call.end()?;
                Ok(Some(Value::Time(instant)))
            }
            _ => Ok(None),
        },
    }
}

/// The node as a test of something, with what is tested; `None` where it is no test.
pub(super) fn test<'a>(source: &Source<'_>, node: &'a IdedExpr) -> Result<Option<(&'a IdedExpr, Test)>> {
    let Expr::Call(call) = &node.expr else { return Ok(None) };
    match (call.func_name.as_str(), call.target.as_deref(), call.args.as_slice()) {
        (operator @ (EQUALS | NOT_EQUALS | LESS | LESS_EQUALS | GREATER | GREATER_EQUALS), None, [left, right]) => {
            comparison(source, node, operator, left, right).map(Some)
        }
        (IN, None, [subject, list]) => Ok(Some((subject, one_of(source, subject, list)?))),
        (name @ ("startsWith" | "endsWith" | "contains"), Some(subject), [part]) => {
            let Some(part) = text(part) else {
                return Err(source.fail(part, format!("`{name}` takes a text, as in `user.city.{name}(\"a\")`")));
            };
            let test = match name {
                "startsWith" => Test::StartsWith(part.to_owned()),
                "endsWith" => Test::EndsWith(part.to_owned()),
                _ => Test::Contains(part.to_owned()),
            };
            Ok(Some((subject, test)))
        }
        (name, Some(_), _) => Err(source.fail(
            node,
            format!("after a dot come only `startsWith`, `endsWith` and `contains`, with one text each, not `{name}`"),
        )),
        ("is_set", None, [subject]) => Ok(Some((subject, Test::Known))),
        ("is_null", None, [subject]) => Ok(Some((subject, Test::Unknown))),
        ("is_empty", None, [subject]) => Ok(Some((subject, Test::Empty))),
        _ => Ok(None),
    }
}

fn comparison<'a>(
    source: &Source<'_>,
    node: &IdedExpr,
    operator: &str,
    left: &'a IdedExpr,
    right: &'a IdedExpr,
) -> Result<(&'a IdedExpr, Test)> {
    match (literal(source, left)?, literal(source, right)?) {
        (None, Some(value)) => Ok((left, compare(operator, value))),
        (Some(value), None) => Ok((right, compare(turned(operator), value))),
        (Some(_), Some(_)) => {
            Err(source.fail(node, "both sides are values: compare something of the user, as in `user.age >= 18`"))
        }
        (None, None) => Err(source.fail(
            node,
            "two measures cannot be compared with each other: compare each with a value, as in `count(\"order\") >= 2`",
        )),
    }
}

fn compare(operator: &str, value: Value) -> Test {
    match operator {
        EQUALS => Test::Eq(value),
        NOT_EQUALS => Test::Ne(value),
        LESS => Test::Lt(value),
        LESS_EQUALS => Test::Le(value),
        GREATER => Test::Gt(value),
        _ => Test::Ge(value),
    }
}

/// The operator with its sides exchanged.
fn turned(operator: &str) -> &str {
    match operator {
        LESS => GREATER,
        LESS_EQUALS => GREATER_EQUALS,
        GREATER => LESS,
        GREATER_EQUALS => LESS_EQUALS,
        same => same,
    }
}

fn one_of(source: &Source<'_>, subject: &IdedExpr, list: &IdedExpr) -> Result<Test> {
    let Expr::List(elements) = &list.expr else {
        return Err(source.fail(list, "after `in` comes a list, as in `user.city in [\"a\", \"b\"]`"));
    };
    if literal(source, subject)?.is_some() {
        return Err(source.fail(subject, "before `in` comes a measure, as in `user.city in [\"a\", \"b\"]`"));
    }
    let values: Result<Vec<Value>> = elements
        .elements
        .iter()
        .map(|element| literal(source, element)?.ok_or_else(|| source.fail(element, "a list holds values only")))
        .collect();
    Ok(Test::OneOf(values?))
}
