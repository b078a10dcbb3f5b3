//! Milestones as data, and the five of AARRR.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::event::check_names;
use crate::rule::{self, EventQuery, Measure, Rule};

/// The most milestones in one list: they are read by people.
pub const MILESTONES_MAX: usize = 64;

/// A milestone: reached at the first instant at which the rule is true. Unknown counts as no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Milestone {
    /// The name, unique in its list.
    pub name: String,
    /// What has to hold.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::schema")]
    pub when: Rule,
}

impl Milestone {
    /// A milestone.
    pub fn new(name: impl Into<String>, when: Rule) -> Self {
        Self { name: name.into(), when }
    }

    /// Refuses a rule that has no first instant.
    ///
    /// # Errors
    /// `InvalidDefinition` for a rule that reads tags, segments, scores or the stage, which are known as of one instant
    /// only.
    pub fn check(&self) -> Result<()> {
        match self.when.references().first() {
            None => Ok(()),
            Some(read) => Err(invalid_definition(format!(
                "the milestone {:?} reads {read}, whose past is not kept, so it has no first instant; write the condition \
                 itself into the milestone's rule",
                self.name
            ))),
        }
    }
}

/// Refuses a list of milestones that cannot be told apart.
///
/// # Errors
/// `InvalidDefinition` without a milestone, and for names that are empty or occur twice; as [`Milestone::check`];
/// `LimitExceeded` for more than [`MILESTONES_MAX`] milestones.
pub fn check_milestones(milestones: &[Milestone]) -> Result<()> {
    let count = milestones.len();
    if count == 0 {
        return Err(invalid_definition("there is no milestone; give at least one"));
    }
    if count > MILESTONES_MAX {
        return Err(limit_exceeded(format!("{count} milestones are more than the limit {MILESTONES_MAX}")));
    }
    check_names("milestone", milestones.iter().map(|milestone| milestone.name.as_str()))?;
    milestones.iter().try_for_each(Milestone::check)
}

/// The events behind the five milestones of AARRR. A list that is empty leaves its milestone out, but for acquisition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct AarrrEvents {
    /// The user came: the first of these events; of any event where none is named.
    pub acquisition: Vec<String>,
    /// The user got something out of it: the first of these events.
    pub activation: Vec<String>,
    /// The user came back: these events on `retention_days` days.
    pub retention: Vec<String>,
    /// On how many local days the events of retention have to come; at least 2.
    pub retention_days: u32,
    /// The user paid: the first of these events.
    pub revenue: Vec<String>,
    /// The user brought others: the first of these events.
    pub referral: Vec<String>,
}

impl Default for AarrrEvents {
    /// No event named; the second day of activity is the first that shows a return.
    fn default() -> Self {
        Self {
            acquisition: Vec::new(),
            activation: Vec::new(),
            retention: Vec::new(),
            retention_days: 2,
            revenue: Vec::new(),
            referral: Vec::new(),
        }
    }
}

/// Acquisition, activation, retention, revenue, referral, by the events given.
///
/// # Errors
/// `InvalidDefinition` for fewer than 2 days of retention.
pub fn aarrr_milestones(events: &AarrrEvents) -> Result<Vec<Milestone>> {
    if events.retention_days < 2 {
        return Err(invalid_definition(format!(
            "retention_days is {}; a user who came on fewer than 2 days has not come back",
            events.retention_days
        )));
    }
    let query = |names: &[String]| EventQuery::new(names.iter().map(String::as_str));
    let once = |names: &[String]| Measure::Count(query(names)).at_least(1i64);
    let retained = Measure::ActiveDays(query(&events.retention)).at_least(events.retention_days);
    let mut milestones = vec![Milestone::new("acquisition", once(&events.acquisition))];
    let later = [
        ("activation", &events.activation, once(&events.activation)),
        ("retention", &events.retention, retained),
        ("revenue", &events.revenue, once(&events.revenue)),
        ("referral", &events.referral, once(&events.referral)),
    ];
    let named = later.into_iter().filter(|(_, names, _)| !names.is_empty());
    milestones.extend(named.map(|(name, _, when)| Milestone::new(name, when)));
    Ok(milestones)
}
