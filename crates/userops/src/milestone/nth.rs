//! Rules that stay true once they are: the instant is that of the nth event, found without asking the rule again.

use crate::log::{EventLog, UserEvents};
use crate::rule::{EventQuery, Measure, Observed, Rule, Test};
use crate::time::{Calendar, Timestamp};
use crate::value::Value;

/// A rule that only events can make true, and nothing can make untrue again.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lasting {
    /// The nth of these events.
    Event { codes: Vec<bool>, nth: usize },
    /// The first of these events on the nth distinct local day.
    Day { codes: Vec<bool>, nth: usize },
    /// So many of these.
    AtLeast { count: usize, of: Vec<Lasting> },
}

impl Lasting {
    /// The lasting form of a rule over a log, or `None` where the rule has none.
    pub(super) fn of(rule: &Rule, log: &EventLog) -> Option<Self> {
        let all = |rules: &[Rule]| rules.iter().map(|rule| Self::of(rule, log)).collect::<Option<Vec<_>>>();
        match rule {
            // Of none, all hold at any instant, which no event makes so.
            Rule::All(rules) if !rules.is_empty() => Some(Self::AtLeast { count: rules.len(), of: all(rules)? }),
            Rule::Any(rules) => Some(Self::AtLeast { count: 1, of: all(rules)? }),
            Rule::AtLeast { count, of } if *count > 0 => Some(Self::AtLeast { count: *count as usize, of: all(of)? }),
            Rule::Measure { measure: Measure::Count(over), test } => {
                Some(Self::Event { codes: codes(over, log)?, nth: least(test)? })
            }
            Rule::Measure { measure: Measure::ActiveDays(over), test } => {
                Some(Self::Day { codes: codes(over, log)?, nth: least(test)? })
            }
            _ => None,
        }
    }

    /// The instant of one user's visible events at which the rule becomes true.
    pub(super) fn instant(&self, events: &UserEvents<'_>, calendar: &Calendar) -> Option<i64> {
        let matching = |codes: &[bool], time: &i64, code: &u16| {
            codes.get(usize::from(*code)).copied().unwrap_or(false).then_some(*time)
        };
        let mut rows = events.time_micros().iter().zip(events.name_codes());
        match self {
            Self::Event { codes, nth } => {
                rows.filter_map(|(time, code)| matching(codes, time, code)).nth(nth.checked_sub(1)?)
            }
            Self::Day { codes, nth } => {
                // Ascending, but where a clock is set back across midnight.
                let mut days = Vec::new();
                rows.by_ref().filter_map(|(time, code)| matching(codes, time, code)).find(|time| {
                    let day = calendar.day(Timestamp::from_micros(*time));
                    if let Err(place) = days.binary_search(&day) {
                        days.insert(place, day);
                    }
                    days.len() == *nth
                })
            }
            Self::AtLeast { count, of } => {
                let mut instants: Vec<i64> = of.iter().filter_map(|rule| rule.instant(events, calendar)).collect();
                instants.sort_unstable();
                instants.get(count.checked_sub(1)?).copied()
            }
        }
    }
}

/// For each code whether the query's events have it, where the query is over names and all of history alone.
fn codes(over: &EventQuery, log: &EventLog) -> Option<Vec<bool>> {
    let plain = over.filter.is_none() && over.window.is_all() && over.observed == Observed::Any;
    let named = |name: &str| over.events.is_empty() || over.events.iter().any(|event| event == name);
    plain.then(|| log.names().iter().map(named).collect())
}

/// The least number that passes, where every greater one passes too and 0 does not.
fn least(test: &Test) -> Option<usize> {
    let least = match test {
        Test::Ge(Value::Integer(least)) => *least,
        Test::Gt(Value::Integer(below)) => below.checked_add(1)?,
        _ => return None,
    };
    usize::try_from(least).ok().filter(|least| *least > 0)
}
