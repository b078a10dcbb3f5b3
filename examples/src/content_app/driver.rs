//! Drivers: what users who come back had done in their first week, and others had not.

use std::fmt::Write as _;

use userops::driver::{Driver, DriverKind, DriverOptions, Drivers, OBSERVATION_DAYS, WITHIN_DAYS, find_drivers};
use userops::error::Result;
use userops::log::EventLog;
use userops::rule::EventPattern;
use userops::time::Timestamp;

use super::NamedTable;
use crate::layout::{TextTable, count, decimal, heading, percent, probability};

/// The candidates that are printed; the tables that are written have them all.
const SHOWN: usize = 10;
/// A q-value up to this is a finding: of findings one in twenty is expected to be none.
const Q_VALUE_MAX: f64 = 0.05;
/// What candidates are about, as the report calls it.
const KINDS: [(DriverKind, &str); 3] = [
    (DriverKind::Event, "events"),
    (DriverKind::Property, "property values"),
    (DriverKind::Attribute, "attribute values"),
];
/// Properties and attributes whose values are candidates.
const PROPERTIES: [&str; 2] = ["category", "premium"];
const ATTRIBUTES: [&str; 2] = ["channel", "device"];

/// The answers about drivers.
#[derive(Debug)]
pub struct DriverPart {
    /// What was done at all, what it was about, and who the user is.
    pub drivers: Drivers,
    /// What was done how often in how many first days.
    pub aha: Drivers,
}

impl DriverPart {
    pub(super) fn new(log: &EventLog, as_of: Timestamp) -> Result<Self> {
        // To come back is to do anything.
        let back = EventPattern::default();
        let options = PROPERTIES.into_iter().fold(DriverOptions::new(back.clone()), DriverOptions::property);
        let known = ATTRIBUTES.into_iter().filter(|name| log.attributes().column(name).is_ok());
        let options = known.fold(options, DriverOptions::attribute);
        Ok(Self {
            drivers: find_drivers(log, as_of, options)?,
            aha: find_drivers(log, as_of, DriverOptions::aha(back))?,
        })
    }

    pub(super) fn tables(&self) -> Result<Vec<NamedTable>> {
        Ok(vec![("drivers", self.drivers.to_table()?), ("aha", self.aha.to_table()?)])
    }

    pub(super) fn render(&self) -> String {
        if self.drivers.rows.is_empty() || self.aha.rows.is_empty() {
            return String::new();
        }
        self.driver_section() + &self.aha_section()
    }

    fn driver_section(&self) -> String {
        let of = &self.drivers.population;
        let found = |(kind, name): (DriverKind, &str)| {
            let of_kind = self.drivers.rows.iter().filter(|row| row.kind == kind);
            let (all, found) = (of_kind.clone().count(), of_kind.filter(|row| row.q_value <= Q_VALUE_MAX).count());
            (all > 0).then(|| format!("{found} of {all} {name}"))
        };
        let mut text = heading("Drivers: what in the first week goes with coming back");
        let _ = writeln!(
            text,
            "  Of {} users, {} came back in the {WITHIN_DAYS} days after their first {OBSERVATION_DAYS} in the log; \
             {} came too late to tell.",
            count(of.user_count),
            count(of.hit_count),
            count(of.open_count),
        );
        let _ = writeln!(
            text,
            "  More than chance (q up to {Q_VALUE_MAX}): {}.",
            KINDS.into_iter().filter_map(found).collect::<Vec<_>>().join(", "),
        );
        text += "  Going with it is not causing it: whoever comes more often does more of everything.\n";
        text += &driver_table("did, or had", &self.drivers);
        text + "  Lift: the share that came back over that of all. φ: how closely both go together, −1 to 1.\n"
    }

    fn aha_section(&self) -> String {
        let Some(first) = self.aha.rows.first() else { return String::new() };
        let mut text = heading("Aha moment: how often in how many first days");
        let _ = writeln!(
            text,
            "  The closest is {}: {} of those who did so came back, and {} of the others (lift {}, q {}).",
            candidate(first),
            percent(first.with_ratio),
            percent(first.without_ratio),
            decimal(first.lift, 2),
            probability(first.q_value),
        );
        text + &driver_table("event, times, days", &self.aha)
    }
}

fn driver_table(name: &str, drivers: &Drivers) -> String {
    let headings = [name, "users", "support", "came back", "without it", "lift", "odds ratio", "φ", "q"];
    let mut table = TextTable::new(&headings);
    for row in drivers.rows.iter().take(SHOWN) {
        table.row([
            candidate(row),
            count(row.table.with_count()),
            percent(row.support_ratio),
            percent(row.with_ratio),
            percent(row.without_ratio),
            decimal(row.lift, 2),
            decimal(row.odds_ratio, 2),
            decimal(row.phi, 2),
            probability(row.q_value),
        ]);
    }
    table.render()
}

/// A candidate in words: `view 3+ in 7 days`, `category music`.
fn candidate(row: &Driver) -> String {
    let name = &row.name;
    match (row.kind, row.count_min, row.days) {
        (DriverKind::Event, Some(times), Some(days)) => {
            format!("{name} {times}+ in {days:.0} {}", if days > 1.0 { "days" } else { "day" })
        }
        _ => format!("{name} {}", row.value.as_deref().unwrap_or("–")),
    }
}
