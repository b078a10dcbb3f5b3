//! The playbook's part of the report: stages, milestones, tags, segments, who moved, one customer explained.

use std::fmt::Write as _;

use userops::analytics::period::{CalendarPeriod, period_ends};
use userops::error::{ErrorKind, Result};
use userops::id::UserIx;
use userops::lifecycle::{MixOverTime, derive_thresholds, mix_over_time, stage_columns};
use userops::log::EventLog;
use userops::milestone::summarize_milestones;
use userops::playbook::{Comparison, EvaluateOptions, Lifecycle, Outcome, Playbook, compare};
use userops::time::{Span, Timestamp};
use userops::value::ValueRef;

use crate::layout::{TextTable, count, heading, percent, share};

/// The mix of stages is shown for so many month ends before the report's instant.
const MONTHS_SHOWN: usize = 8;
/// "Who moved" looks back so many days.
const MOVED_DAYS: i64 = 30;

/// A playbook's answers as of the report's instant and a month before.
#[derive(Debug)]
pub struct Operations {
    /// What the report is about.
    pub playbook: Playbook,
    /// Why the lifecycle's thresholds are given ones where they should have been derived.
    pub thresholds_note: Option<String>,
    /// The answers.
    pub outcome: Outcome,
    /// The answers a month before; none where nothing had happened by then.
    pub earlier: Option<Outcome>,
    /// Who moved since.
    pub moved: Option<Comparison>,
    /// The stages at month ends, where there is a lifecycle.
    pub mix: Option<MixOverTime>,
}

impl Operations {
    /// Evaluates the playbook.
    ///
    /// # Errors
    /// Those of [`Playbook::evaluate`].
    pub fn new(log: &EventLog, playbook: &Playbook, as_of: Timestamp) -> Result<Self> {
        let (playbook, thresholds_note) = settle_thresholds(log, playbook, as_of)?;
        let outcome = playbook.evaluate(log, as_of, &EvaluateOptions::new())?;
        let month_ago = Timestamp::from_micros(as_of.as_micros() - Span::from_days(MOVED_DAYS).as_micros());
        let earlier = match log.time_span() {
            // By the cuts and thresholds of today: only users move.
            Some((first, _)) if first <= month_ago => none_if_empty(playbook.evaluate(
                log,
                month_ago,
                &EvaluateOptions::new().calibration(outcome.calibration()),
            ))?,
            _ => None,
        };
        let moved = earlier.as_ref().map(|earlier| compare(earlier, &outcome)).transpose()?;
        let mix = match &outcome.stages {
            None => None,
            Some(stages) => {
                let instants = month_ends(log, as_of)?;
                let columns = stage_columns(log, &stages.definition, &instants)?;
                Some(mix_over_time(&stages.definition, &instants, &columns)?)
            }
        };
        Ok(Self { playbook, thresholds_note, outcome, earlier, moved, mix })
    }

    /// The playbook's sections of the report.
    ///
    /// # Errors
    /// Those of the tables.
    pub fn render(&self, log: &EventLog) -> Result<String> {
        let mut text = self.stage_section(log);
        text += &self.milestone_section();
        text += &self.summary_section()?;
        text += &self.moved_section(log)?;
        Ok(text)
    }

    fn stage_section(&self, log: &EventLog) -> String {
        let (Some(stages), Some(mix)) = (&self.outcome.stages, &self.mix) else { return String::new() };
        let mut text = heading("Lifecycle: customers by stage at each month's end");
        if let Some(derived) = &stages.derived {
            let _ = writeln!(text, "  {}", derived.rule);
        }
        if let Some(note) = &self.thresholds_note {
            let _ = writeln!(text, "  {note}");
        }
        let calendar = log.calendar(self.outcome.as_of);
        let mut columns = vec!["as of".to_owned()];
        columns.extend(mix.stages.iter().cloned());
        columns.push("not there yet".to_owned());
        let mut table = TextTable::new(&columns.iter().map(String::as_str).collect::<Vec<_>>());
        for at in &mix.mixes {
            let mut row = vec![calendar.day(at.at).to_string()];
            row.extend(at.user_counts.iter().map(|users| count(*users)));
            row.push(count(at.none_count));
            table.row(row);
        }
        text + &table.render()
    }

    fn milestone_section(&self) -> String {
        let Some(milestones) = &self.outcome.milestones else { return String::new() };
        let mut table = TextTable::new(&["milestone", "customers", "of the one before", "of the first", "median days"]);
        for step in summarize_milestones(milestones) {
            table.row([
                step.name,
                count(step.reached_count),
                percent(step.from_previous.and_then(|share| share.ratio)),
                percent(step.from_first.ratio),
                step.days.map_or_else(|| "–".to_owned(), |days| format!("{:.1}", days.median_days)),
            ]);
        }
        heading("Milestones") + &table.render()
    }

    fn summary_section(&self) -> Result<String> {
        let summary = self.outcome.summary()?;
        let users = self.outcome.user_count() as f64;
        let mut table = TextTable::new(&["", "name", "value", "customers", "share"]);
        for row in 0..summary.row_count() {
            let cell = |name: &str| summary.get(row, name).map(|value| value.to_string()).unwrap_or_default();
            if cell("kind") == "stage" {
                continue;
            }
            let Some(ValueRef::Integer(members)) = summary.get(row, "users") else { continue };
            let members = members.unsigned_abs();
            table.row([cell("kind"), cell("name"), cell("value"), count(members), share(members as f64, users)]);
        }
        Ok(heading("Tags and segments") + &table.render())
    }

    fn moved_section(&self, log: &EventLog) -> Result<String> {
        let (Some(earlier), Some(moved)) = (&self.earlier, &self.moved) else { return Ok(String::new()) };
        let calendar = log.calendar(self.outcome.as_of);
        let mut text = heading(&format!("Who moved since {}", calendar.day(earlier.as_of)));
        let mut table = TextTable::new(&["segment", "entered", "left", "now"]);
        for (name, diff) in &moved.segments {
            let now = self.outcome.segment(name)?.len();
            table.row([
                name.clone(),
                count(diff.entered.len() as u64),
                count(diff.left.len() as u64),
                count(now as u64),
            ]);
        }
        text += &table.render();
        let mut table = TextTable::new(&["stage before", "stage now", "customers"]);
        for ((before, after), users) in self.stage_moves() {
            table.row([before, after, count(users)]);
        }
        text.push('\n');
        text += &table.render();
        Ok(text)
    }

    /// How many customers went from which stage to which, the most first.
    fn stage_moves(&self) -> Vec<((String, String), u64)> {
        let mut counts = std::collections::BTreeMap::<(String, String), u64>::new();
        for moved in self.moved.iter().flat_map(|moved| &moved.stage_moves) {
            let name = |stage: &Option<String>| stage.clone().unwrap_or_else(|| "not there yet".to_owned());
            *counts.entry((name(&moved.before), name(&moved.after))).or_default() += 1;
        }
        let mut moves: Vec<_> = counts.into_iter().collect();
        moves.sort_by_key(|(_, users)| std::cmp::Reverse(*users));
        moves
    }

    /// Why a customer is where they are, by the playbook.
    ///
    /// # Errors
    /// Those of [`Playbook::explain`].
    pub fn explain(&self, log: &EventLog, user: UserIx) -> Result<String> {
        Ok(self.playbook.explain(log, &self.outcome, user, &EvaluateOptions::new())?.render())
    }
}

/// The playbook as it is, or, where the log has too few returns to derive the thresholds of its lifecycle from, with those
/// that it gives: a young or small log is reported on as well. Then the second part says so.
fn settle_thresholds(log: &EventLog, playbook: &Playbook, as_of: Timestamp) -> Result<(Playbook, Option<String>)> {
    let mut settled = playbook.clone();
    let Some(Lifecycle::Derived { given, options }) = &playbook.lifecycle else { return Ok((settled, None)) };
    if none_if_empty(derive_thresholds(log, as_of, given, *options))?.is_some() {
        return Ok((settled, None));
    }
    let note = format!(
        "too few returns to derive thresholds from (fewer than {}): dormancy begins on day {} of silence, churn on day \
         {}, as given",
        options.gaps_min, given.dormant_days, given.churn_days
    );
    settled.lifecycle = Some(Lifecycle::Standard(given.clone()));
    Ok((settled, Some(note)))
}

/// Nothing in place of the error that there is too little to answer from.
fn none_if_empty<T>(answer: Result<T>) -> Result<Option<T>> {
    match answer {
        Err(error) if error.kind() == ErrorKind::Empty => Ok(None),
        answer => answer.map(Some),
    }
}

/// The ends of the last months before `as_of`, and `as_of` itself.
fn month_ends(log: &EventLog, as_of: Timestamp) -> Result<Vec<Timestamp>> {
    let first = log.time_span().map_or(as_of, |(first, _)| first);
    let mut ends = period_ends(CalendarPeriod::Month, first, as_of, &log.calendar(as_of))?;
    ends.retain(|end| *end < as_of);
    ends.drain(..ends.len().saturating_sub(MONTHS_SHOWN));
    ends.push(as_of);
    Ok(ends)
}
