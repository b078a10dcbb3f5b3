//! What rules read besides events and attributes: the answers of definitions that were worked out before.

use std::collections::BTreeMap;

use super::truth::Truths;
use crate::column::{Column, TextColumn};
use crate::error::Result;
use crate::event::unknown;

/// The definitions that a rule may name, each with a row per user of the log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Context {
    /// Tags by name. A user has a tag where its value is known and, in a column of [`Column::Bool`], true.
    pub tags: BTreeMap<String, Column>,
    /// Segments by name.
    pub segments: BTreeMap<String, Truths>,
    /// The stage of each user, where there is a lifecycle; unknown for users in none.
    pub stage: Option<TextColumn>,
    /// Scores by name, such as `rfm.recency`.
    pub scores: BTreeMap<String, Column>,
}

impl Context {
    /// A tag's values.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn tag(&self, name: &str) -> Result<&Column> {
        find(&self.tags, "tag", name)
    }

    /// A segment's members.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn segment(&self, name: &str) -> Result<&Truths> {
        find(&self.segments, "segment", name)
    }

    /// A score's values.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn score(&self, name: &str) -> Result<&Column> {
        find(&self.scores, "score", name)
    }

    /// The stage of each user.
    ///
    /// # Errors
    /// `UnknownName` where there is no lifecycle.
    pub fn stages(&self) -> Result<&TextColumn> {
        self.stage.as_ref().ok_or_else(|| unknown("lifecycle", "stage", []))
    }
}

fn find<'a, T>(definitions: &'a BTreeMap<String, T>, what: &str, name: &str) -> Result<&'a T> {
    definitions.get(name).ok_or_else(|| unknown(what, name, definitions.keys().map(String::as_str)))
}
