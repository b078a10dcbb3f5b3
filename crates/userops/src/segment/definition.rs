//! What a segment is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition};
use crate::id::UserId;
use crate::rule::{self, Rule, UnknownFold};

/// Who is in a segment: everybody for whom the rule holds, with those put in by hand, without those kept out by hand.
///
/// `exclude` wins over `include`, and `include` over the rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SegmentDefinition {
    /// The name, by which rules speak of it.
    pub name: String,
    /// What it is for, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// The rule.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::schema")]
    pub when: Rule,
    /// What becomes of users for whom the rule is unknown.
    #[serde(default, skip_serializing_if = "UnknownFold::is_out")]
    pub unknown: UnknownFold,
    /// Users who are in, whatever the rule says.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<UserId>,
    /// Users who are out, whatever the rule and `include` say.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<UserId>,
}

impl SegmentDefinition {
    /// Everybody for whom the rule holds.
    pub fn new(name: impl Into<String>, when: Rule) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            when,
            unknown: UnknownFold::default(),
            include: Vec::new(),
            exclude: Vec::new(),
        }
    }

    /// The same segment, with a decision about users for whom the rule is unknown.
    #[must_use]
    pub fn unknown(mut self, unknown: UnknownFold) -> Self {
        self.unknown = unknown;
        self
    }

    /// The same segment with users put in by hand.
    #[must_use]
    pub fn include<I: Into<UserId>>(mut self, users: impl IntoIterator<Item = I>) -> Self {
        self.include.extend(users.into_iter().map(Into::into));
        self
    }

    /// The same segment with users kept out by hand.
    #[must_use]
    pub fn exclude<I: Into<UserId>>(mut self, users: impl IntoIterator<Item = I>) -> Self {
        self.exclude.extend(users.into_iter().map(Into::into));
        self
    }

    /// Refuses a definition without a name.
    ///
    /// # Errors
    /// `InvalidDefinition`, saying what is wrong.
    pub fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(invalid_definition("a segment has an empty name"));
        }
        Ok(())
    }
}
