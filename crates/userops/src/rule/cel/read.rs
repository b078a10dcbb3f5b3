//! From the syntax tree to rules and measures.

use ::cel::common::ast::operators::{LOGICAL_AND, LOGICAL_NOT, LOGICAL_OR};
use ::cel::common::ast::{Expr, IdedExpr, LiteralValue};

use super::arguments::{Arguments, name_of, text};
use super::function::misplaced;
use super::literal::{integer, test};
use super::query::{query, sequence};
use super::syntax::Source;
use crate::error::{Error, Result};
use crate::id::UserId;
use crate::rule::bucket::{Bucket, BucketHash};
use crate::rule::condition::Rule;
use crate::rule::measure::{AgeUnit, Measure};
use crate::time::LeapDayPolicy;

/// What becomes of 29 February, as texts, the default first.
pub(super) const LEAP_DAYS: [(&str, LeapDayPolicy); 3] =
    [("february28", LeapDayPolicy::February28), ("march1", LeapDayPolicy::March1), ("skip", LeapDayPolicy::Skip)];
/// Units of an age as texts, the default first.
pub(super) const AGE_UNITS: [(&str, AgeUnit); 3] =
    [("years", AgeUnit::Years), ("months", AgeUnit::Months), ("days", AgeUnit::Days)];
/// Hashes of a bucket as texts, the default first.
pub(super) const HASHES: [(&str, BucketHash); 3] =
    [("userops", BucketHash::Userops), ("fnv1a", BucketHash::Fnv1a), ("murmur3", BucketHash::Murmur3)];

/// The rule that a node stands for.
pub(super) fn rule(source: &Source<'_>, node: &IdedExpr) -> Result<Rule> {
    if let Expr::Literal(LiteralValue::Boolean(flag)) = &node.expr {
        return Ok(if *flag.inner() { Rule::All(Vec::new()) } else { Rule::Any(Vec::new()) });
    }
    if let Some(call) = Arguments::of(source, node) {
        match (call.name, call.rest) {
            (LOGICAL_AND, [a, b]) => return Ok(Rule::All(vec![rule(source, a)?, rule(source, b)?])),
            (LOGICAL_OR, [a, b]) => return Ok(Rule::Any(vec![rule(source, a)?, rule(source, b)?])),
            (LOGICAL_NOT, [a]) => return Ok(Rule::Not(Box::new(rule(source, a)?))),
            _ => {}
        }
        if let Some(rule) = condition(call)? {
            return Ok(rule);
        }
    }
    if let Some((subject, test)) = test(source, node)? {
        return Ok(measure(source, subject)?.is(test));
    }
    let is_tag = Arguments::of(source, node).is_some_and(|call| call.name == "tag");
    if is_tag || name_of(node, "user").is_some() {
        return Ok(measure(source, node)?.eq(true));
    }
    Err(unfit(source, node, "a condition"))
}

/// The rule of a function that is a condition by itself; `None` for any other call.
fn condition(mut call: Arguments<'_>) -> Result<Option<Rule>> {
    let rule = match call.name {
        "at_least" => {
            let count = call.count("how many of the conditions must hold")?;
            let of: Result<Vec<Rule>> = call.rest.iter().map(|node| rule(call.source, node)).collect();
            call.rest = &[];
            Rule::AtLeast { count, of: of? }
        }
        "has_tag" => Rule::tag(call.text("the tag's name")?),
        "in_segment" => Rule::segment(call.text("the segment's name")?),
        "in_stage" => Rule::stage(call.text("the stage's name")?),
        "anniversary" => Rule::Anniversary {
            attribute: call.name_of("user")?,
            days_before: days(&mut call)?,
            days_after: days(&mut call)?,
            leap_day: call.choice("when 29 February is kept in other years", &LEAP_DAYS)?,
        },
        "is_user" => Rule::Users(users(&mut call)?),
        "sequence" => return Ok(Some(Rule::Sequence(sequence(call)?))),
        _ => return Ok(None),
    };
    call.end()?;
    Ok(Some(rule))
}

/// A number of days; 0 where the arguments end.
fn days(call: &mut Arguments<'_>) -> Result<u32> {
    if call.rest.is_empty() { Ok(0) } else { call.count("how many days") }
}

fn users(call: &mut Arguments<'_>) -> Result<Vec<UserId>> {
    let mut users = Vec::with_capacity(call.rest.len());
    while let Some(node) = call.next() {
        users.push(match (text(node), integer(node)) {
            (Some(id), _) => UserId::from(id),
            (_, Some(id)) => UserId::from(id),
            _ => return Err(call.source.fail(node, "`is_user` takes user ids: texts or whole numbers")),
        });
    }
    Ok(users)
}

/// The measure that a node stands for.
pub(super) fn measure(source: &Source<'_>, node: &IdedExpr) -> Result<Measure> {
    if let Some(attribute) = name_of(node, "user") {
        return Ok(Measure::Attribute(attribute));
    }
    let Some(mut call) = Arguments::of(source, node) else { return Err(unfit(source, node, "a measure")) };
    let measure = match call.name {
        "count" => Measure::Count(query(call)?),
        "active_days" => Measure::ActiveDays(query(call)?),
        "first_time" => Measure::FirstTime(query(call)?),
        "last_time" => Measure::LastTime(query(call)?),
        "days_since_first" => Measure::DaysSinceFirst(query(call)?),
        "days_since_last" => Measure::DaysSinceLast(query(call)?),
        "days_since_return" => {
            let silence_days = call.count("how many days of silence end in a return")?;
            Measure::DaysSinceReturn { silence_days, over: query(call)? }
        }
        "sum" | "min" | "max" | "mean" | "distinct" | "latest" => of_property(call)?,
        _ => {
            let Some(measure) = of_user(&mut call)? else { return Err(unfit(source, node, "a measure")) };
            call.end()?;
            measure
        }
    };
    Ok(measure)
}

/// A measure of a property of events.
fn of_property(mut call: Arguments<'_>) -> Result<Measure> {
    let name = call.name;
    let property = call.name_of("event")?;
    let over = query(call)?;
    Ok(match name {
        "sum" => Measure::Sum { property, over },
        "min" => Measure::Min { property, over },
        "max" => Measure::Max { property, over },
        "mean" => Measure::Mean { property, over },
        "distinct" => Measure::Distinct { property, over },
        _ => Measure::Latest { property, over },
    })
}

/// A measure of the user, not of events; `None` for any other call.
fn of_user(call: &mut Arguments<'_>) -> Result<Option<Measure>> {
    Ok(Some(match call.name {
        "age" => Measure::Age { attribute: call.name_of("user")?, unit: call.choice("a unit", &AGE_UNITS)? },
        "score" => Measure::Score(call.text("the score's name")?.to_owned()),
        "tag" => Measure::Tag(call.text("the tag's name")?.to_owned()),
        "stage" => Measure::Stage,
        "bucket" => Measure::Bucket(Bucket {
            salt: call.text("the salt: the name of the experiment")?.to_owned(),
            buckets: call.count("how many buckets")?,
            hash: call.choice("a hash", &HASHES)?,
        }),
        _ => return Ok(None),
    }))
}

/// The error for a node where something else is due.
fn unfit(source: &Source<'_>, node: &IdedExpr, wanted: &str) -> Error {
    let example = match wanted {
        "a measure" => "such as `user.city` or `count(\"order\")`",
        _ => "such as `count(\"order\") >= 2` or `has_tag(\"vip\")`",
    };
    let message = match &node.expr {
        Expr::Ident(name) if name == "user" || name == "event" => {
            format!("`{name}` needs a name after it, as in `{name}.city`")
        }
        Expr::Ident(name) => {
            format!(
                "{name:?} is not known here: an attribute is `user.{name}`, a function is `name(…)`, a text is in quotes"
            )
        }
        Expr::Select(_) if name_of(node, "event").is_some() => {
            "a property of events stands inside `where(…)` or as the first argument of sum, min, max, mean, distinct \
             or latest"
                .to_owned()
        }
        Expr::Select(_) => "only `user.name` and `event.name` have names after a dot".to_owned(),
        Expr::Call(call) if call.func_name.starts_with(|c: char| c.is_ascii_alphabetic()) => {
            return misplaced(source, node, &call.func_name, &format!("{wanted} {example}"));
        }
        Expr::Call(_) if wanted == "a measure" => {
            format!("here {wanted} is due {example}, not a condition or a computation")
        }
        _ => format!("here {wanted} is due, {example}"),
    };
    source.fail(node, message)
}
