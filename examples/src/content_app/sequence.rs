//! Sequences: how often a share follows on a view, and what users do right after their first view.

use std::fmt::Write as _;

use userops::analytics::interval::Share;
use userops::error::Result;
use userops::log::EventLog;
use userops::sequence::{NextEvents, NextQuery, Pattern, SequenceCounts, count_sequences, next_events};
use userops::time::Timestamp;

use super::{NamedTable, SHARE, VIEW};
use crate::layout::{TextTable, count, heading, percent, percent_range};

/// A view, and at most an hour after it a share, whatever comes between.
const PATTERN: &str = "(?1)(?t<=1h)(?2)";
/// Users with so many matches or more are told together.
const MATCHES_TOGETHER: u32 = 5;

/// The answers about sequences.
#[derive(Debug)]
pub struct SequencePart {
    /// How often a share follows on a view.
    pub shared: SequenceCounts,
    /// What comes right after the first view.
    pub next: NextEvents,
}

impl SequencePart {
    pub(super) fn new(log: &EventLog, as_of: Timestamp) -> Result<Self> {
        let pattern = Pattern::new(PATTERN, [VIEW.into(), SHARE.into()]);
        Ok(Self {
            shared: count_sequences(log, as_of, &pattern)?,
            next: next_events(log, as_of, &NextQuery::after([VIEW.into()]))?,
        })
    }

    pub(super) fn tables(&self) -> Result<Vec<NamedTable>> {
        Ok(vec![("view_then_share", self.shared.to_table()?), ("after_first_view", self.next.to_table()?)])
    }

    pub(super) fn render(&self) -> String {
        self.shared_section() + &self.next_section()
    }

    fn shared_section(&self) -> String {
        let Share { count: users, of_count: all, ratio, .. } = self.shared.users;
        if users == 0 {
            return String::new();
        }
        let mut text = heading("Sequence: a share within an hour of a view");
        let _ = writeln!(
            text,
            "  {} of {} users ({}) did so, {} times in all.",
            count(users),
            count(all),
            percent(ratio),
            count(self.shared.match_count),
        );
        let mut table = TextTable::new(&["times", "users", "of those"]);
        for times in 1..=MATCHES_TOGETHER {
            let together = times == MATCHES_TOGETHER;
            let is_meant = |matches: &&u32| **matches == times || (together && **matches > times);
            let those = Share::new(self.shared.counts.iter().filter(is_meant).count() as u64, users);
            let label = if together { format!("{times} or more") } else { times.to_string() };
            table.row([label, count(those.count), percent(those.ratio)]);
        }
        text + &table.render()
    }

    fn next_section(&self) -> String {
        let Some(first) = self.next.rows.first() else { return String::new() };
        let name = |event: &Option<String>| event.clone().unwrap_or_else(|| "nothing more".to_owned());
        let mut text = heading("What comes right after the first view");
        let _ = writeln!(
            text,
            "  Of {} users who viewed something, {} went on with {:?}.",
            count(self.next.users.count),
            percent(first.users.ratio),
            name(&first.event),
        );
        let mut table = TextTable::new(&["next", "users", "share", "95 % interval"]);
        for row in &self.next.rows {
            table.row([
                name(&row.event),
                count(row.users.count),
                percent(row.users.ratio),
                percent_range(row.users.interval),
            ]);
        }
        text + &table.render()
    }
}
