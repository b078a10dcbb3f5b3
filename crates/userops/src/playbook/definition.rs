//! The playbook as a document: read, written, checked, fingerprinted.

use std::fmt::Write as _;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::check::{Fault, check};
use super::position::{line_and_column, position_in_json, position_in_toml};
use crate::error::{Error, Result, invalid_definition};
use crate::event::EventSchema;
use crate::lifecycle::{DeriveOptions, LifecycleDefinition, LifecycleThresholds};
use crate::milestone::Milestone;
use crate::profile::ProfileOptions;
use crate::score::ScoreDefinition;
use crate::segment::SegmentDefinition;
use crate::tag::TagDefinition;

/// The version of the format that this library reads and writes.
pub const FORMAT_VERSION: u32 = 1;

/// How a product runs its users, as one document.
///
/// Order within a list does not decide what is worked out first: a definition may name any other that does not lead
/// back to it. It does decide the order of columns in tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Playbook {
    /// The version of the format: 1.
    pub version: u32,
    /// The name of the playbook.
    pub name: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// What the log may hold: zone, currency, events, properties, attributes. Names that rules use are checked against
    /// those that are stated here, kind by kind; of a kind that states none, against the log when it is evaluated.
    #[serde(default)]
    pub schema: EventSchema,
    /// What profiles hold.
    #[serde(default = "ProfileOptions::core")]
    pub profile: ProfileOptions,
    /// Scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<ScoreDefinition>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<TagDefinition>,
    /// The lifecycle, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifecycle: Option<Lifecycle>,
    /// Segments.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentDefinition>,
    /// Milestones, such as those of AARRR, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub milestones: Vec<Milestone>,
}

/// Which lifecycle a playbook has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Lifecycle {
    /// The default template by thresholds that are given: prospect, introduction, growth, maturity, dormancy, churn,
    /// reactivated.
    Standard(LifecycleThresholds),
    /// The default template by thresholds that are derived from the log's own gaps.
    Derived {
        /// The events that count as activity, and the counts of active days.
        given: LifecycleThresholds,
        /// The quantiles.
        #[serde(default)]
        options: DeriveOptions,
    },
    /// Stages of one's own.
    Custom(LifecycleDefinition),
}

impl Playbook {
    /// A playbook of this name with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            version: FORMAT_VERSION,
            name: name.into(),
            description: String::new(),
            schema: EventSchema::default(),
            profile: ProfileOptions::core(),
            scores: Vec::new(),
            tags: Vec::new(),
            lifecycle: None,
            segments: Vec::new(),
            milestones: Vec::new(),
        }
    }

    /// Reads TOML, and checks it.
    ///
    /// # Errors
    /// `InvalidDefinition` or a more special kind, with the line and column of what is wrong.
    pub fn from_toml(text: &str) -> Result<Self> {
        let playbook: Self = toml::from_str(text).map_err(|error| {
            let (line, column) = error.span().map_or((1, 1), |span| line_and_column(text, span.start));
            invalid_definition(format!("line {line}, column {column}: {}", error.message().trim())).caused_by(error)
        })?;
        check(&playbook).map_err(|fault| locate(fault, |path| position_in_toml(text, path)))?;
        Ok(playbook)
    }

    /// Reads JSON, and checks it.
    ///
    /// # Errors
    /// As [`Playbook::from_toml`].
    pub fn from_json(text: &str) -> Result<Self> {
        let playbook: Self = serde_json::from_str(text).map_err(|error| {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            invalid_definition(format!("line {}, column {}: {message}", error.line(), error.column())).caused_by(error)
        })?;
        check(&playbook).map_err(|fault| locate(fault, |path| position_in_json(text, path)))?;
        Ok(playbook)
    }

    /// Checks a playbook that was made in code. [`Playbook::from_toml`] and [`Playbook::from_json`] have done so.
    ///
    /// # Errors
    /// As [`Playbook::from_toml`], with the path to what is wrong.
    pub fn check(&self) -> Result<()> {
        check(self).map_err(|fault| locate(fault, |_| None))
    }

    /// The playbook as TOML, which reads back as an equal one.
    ///
    /// # Errors
    /// `InvalidDefinition` for what TOML cannot hold, such as integers beyond 64 bits.
    pub fn to_toml(&self) -> Result<String> {
        toml::to_string_pretty(self)
            .map_err(|error| invalid_definition(format!("playbook {:?} as TOML: {error}", self.name)).caused_by(error))
    }

    /// The playbook as JSON, which reads back as an equal one.
    ///
    /// # Errors
    /// `InvalidDefinition` for what JSON cannot hold.
    pub fn to_json(&self) -> Result<String> {
        serde_json::to_string_pretty(self)
            .map_err(|error| invalid_definition(format!("playbook {:?} as JSON: {error}", self.name)).caused_by(error))
    }

    /// The JSON Schema of playbooks, for editors that complete and check as one types.
    #[must_use]
    pub fn json_schema() -> serde_json::Value {
        schemars::schema_for!(Self).to_value()
    }

    /// A SHA-256 over every field, in hexadecimal: equal for equal playbooks, whichever form they were read from.
    ///
    /// # Errors
    /// As [`Playbook::to_json`].
    pub fn fingerprint(&self) -> Result<String> {
        let bytes = serde_json::to_vec(self).map_err(|error| {
            invalid_definition(format!("playbook {:?} as JSON: {error}", self.name)).caused_by(error)
        })?;
        Ok(Sha256::digest(&bytes).iter().fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        }))
    }
}

/// The error of a fault, with its place in the text where that is known, and its path.
fn locate(fault: Fault, position: impl Fn(&super::position::Path) -> Option<(usize, usize)>) -> Error {
    let Fault { path, error } = fault;
    let error = if path.0.is_empty() { error } else { error.at(&path) };
    match position(&path) {
        Some((line, column)) => error.at(format!("line {line}, column {column}")),
        None => error,
    }
}
