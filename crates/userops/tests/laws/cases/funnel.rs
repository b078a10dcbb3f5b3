//! Cases of funnels and sequences: rows of their tables, and what became of each user.

use serde::Deserialize;
use userops::event::EventSchema;
use userops::funnel::{EntryStatus, Funnel, StopReason, measure_conversion, trace_funnel};
use userops::id::UserId;
use userops::log::EventLog;
use userops::sequence::{NextQuery, Pattern, count_sequences, next_events, trace_sequence};
use userops::table::Table;
use userops::time::Timestamp;
use userops::value::ValueRef;

use super::ingest::{EventInput, read_events};
use super::{Judge, Verdict};

/// Events as plain data, and a funnel as of an instant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FunnelCase {
    #[serde(default)]
    schema: EventSchema,
    events: Vec<EventInput>,
    as_of: Timestamp,
    funnel: Funnel,
    expect: FunnelExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct FunnelExpect {
    steps: Option<Vec<toml::Table>>,
    #[serde(default)]
    users: Vec<UserExpect>,
    refused: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserExpect {
    user: UserId,
    entries: Vec<EntryExpect>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct EntryExpect {
    level: Option<u32>,
    status: Option<EntryStatus>,
    reason: Option<StopReason>,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
    /// The instants of the events that were taken, in the order of the steps.
    times: Option<Vec<Timestamp>>,
}

impl Judge for FunnelCase {
    fn judge(self, verdict: &mut Verdict) {
        let (log, _) = read_events(self.schema, &self.events).unwrap();
        let measured = measure_conversion(&log, self.as_of, &self.funnel);
        judge_message(self.expect.message.as_deref(), measured.as_ref().err(), verdict);
        let Some(conversion) = verdict.result(self.expect.refused.as_deref(), measured) else { return };
        if let Some(steps) = &self.expect.steps {
            judge_rows("step", steps, &conversion.to_table().unwrap(), verdict);
        }
        for expect in &self.expect.users {
            let what = |what: &str| format!("{what} of user {:?}", expect.user);
            let Some(user) = log.users().find(expect.user.as_ref()) else {
                verdict.fail(what("no row"));
                continue;
            };
            let traces = trace_funnel(&log, user, self.as_of, &self.funnel).unwrap();
            verdict.equal(&what("the number of entries"), Some(expect.entries.len()), traces.len());
            let level = traces.iter().map(|trace| trace.level).max().unwrap_or(0);
            verdict.equal(&what("the level"), Some(level), u32::from(conversion.levels[user.index()]));
            for (expect, trace) in expect.entries.iter().zip(&traces) {
                verdict.equal(&what("level"), expect.level, trace.level);
                verdict.equal(&what("status"), expect.status, trace.status);
                verdict.equal(&what("reason"), expect.reason, trace.reason);
                verdict.equal(&what("start"), expect.start, trace.start);
                verdict.equal(&what("end"), expect.end, trace.end);
                let times: Vec<Timestamp> = trace.events.iter().map(|event| event.time).collect();
                verdict.equal(&what("times"), expect.times.as_ref(), &times);
            }
        }
    }
}

/// Events as plain data, and a pattern to count, or a chain to go on from.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SequenceCase {
    #[serde(default)]
    schema: EventSchema,
    events: Vec<EventInput>,
    as_of: Timestamp,
    pattern: Option<Pattern>,
    next: Option<NextQuery>,
    expect: SequenceExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SequenceExpect {
    /// How many users have how many matches.
    counts: Option<Vec<toml::Table>>,
    #[serde(default)]
    users: Vec<MatchExpect>,
    /// What comes next; an event that is left out is the end.
    next: Option<Vec<toml::Table>>,
    refused: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchExpect {
    user: UserId,
    match_count: u32,
}

impl Judge for SequenceCase {
    fn judge(self, verdict: &mut Verdict) {
        let (log, _) = read_events(self.schema.clone(), &self.events).unwrap();
        if let Some(pattern) = &self.pattern {
            self.judge_pattern(&log, pattern, verdict);
        }
        if let Some(query) = &self.next {
            let next = next_events(&log, self.as_of, query);
            judge_message(self.expect.message.as_deref(), next.as_ref().err(), verdict);
            let Some(next) = verdict.result(self.expect.refused.as_deref(), next) else { return };
            if let Some(rows) = &self.expect.next {
                judge_rows("next event", rows, &next.to_table().unwrap(), verdict);
            }
        }
    }
}

impl SequenceCase {
    fn judge_pattern(&self, log: &EventLog, pattern: &Pattern, verdict: &mut Verdict) {
        let counted = count_sequences(log, self.as_of, pattern);
        judge_message(self.expect.message.as_deref(), counted.as_ref().err(), verdict);
        let Some(counts) = verdict.result(self.expect.refused.as_deref(), counted) else { return };
        if let Some(rows) = &self.expect.counts {
            judge_rows("count", rows, &counts.to_table().unwrap(), verdict);
        }
        for expect in &self.expect.users {
            let user = log.users().find(expect.user.as_ref()).unwrap();
            let what = format!("the matches of user {:?}", expect.user);
            verdict.equal(&what, Some(expect.match_count), counts.counts[user.index()]);
            let matches = trace_sequence(log, user, self.as_of, pattern).unwrap();
            verdict.equal(&what, Some(expect.match_count as usize), matches.len());
        }
    }
}

fn judge_message(message: Option<&str>, error: Option<&userops::error::Error>, verdict: &mut Verdict) {
    if let (Some(message), Some(error)) = (message, error) {
        verdict.equal("whether the message says so", Some(true), error.to_string().contains(message));
    }
}

/// Compares the cells that are expected; a text column that is not named is not compared.
fn judge_rows(what: &str, expected: &[toml::Table], table: &Table, verdict: &mut Verdict) {
    verdict.equal(&format!("the number of rows of {what}"), Some(expected.len()), table.row_count());
    for (row, expect) in expected.iter().enumerate() {
        for (name, value) in expect {
            let what = format!("{name} of {what} {}", row + 1);
            match (value, table.column(name).unwrap().get(row)) {
                (toml::Value::Integer(value), Some(ValueRef::Integer(actual))) => {
                    verdict.equal(&what, Some(*value), actual);
                }
                (toml::Value::Float(value), Some(ValueRef::Float(actual))) => {
                    verdict.close(&what, Some(*value), Some(actual));
                }
                (toml::Value::String(value), Some(ValueRef::Text(actual))) => {
                    verdict.equal(&what, Some(value.as_str()), actual);
                }
                (value, actual) => verdict.fail(format!("{what} is {actual:?}, not {value:?}")),
            }
        }
    }
}
