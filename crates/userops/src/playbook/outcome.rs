//! The answers of a playbook, as data and as tables.

use serde::{Deserialize, Serialize};

use crate::column::Column;
use crate::error::{Result, invalid_definition};
use crate::event::unknown;
use crate::id::{UserDirectory, UserIx};
use crate::lifecycle::{DerivedThresholds, LifecycleDefinition};
use crate::milestone::MilestoneTable;
use crate::profile::ProfileTable;
use crate::rule::Context;
use crate::score::ScoreColumns;
use crate::segment::Segment;
use crate::table::{Table, user_column};
use crate::tag::{TagColumn, TagTable};
use crate::time::Timestamp;

/// Everything that a playbook says of the users of a log, as of an instant. Rows are users in the order of the log's
/// directory; definitions are in the order of the playbook.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The name of the playbook.
    pub playbook: String,
    /// Its fingerprint.
    pub fingerprint: String,
    /// The instant of evaluation.
    pub as_of: Timestamp,
    /// The instant of the population that scores and thresholds are taken from: that of the calibration where one was
    /// given, else `as_of`; none where the playbook takes nothing from a population.
    pub calibrated_as_of: Option<Timestamp>,
    /// The profiles, unless they were left out.
    pub profiles: Option<ProfileTable>,
    /// The scores by name, with the models they come from.
    pub scores: Vec<(String, ScoreColumns)>,
    /// The tags.
    pub tags: TagTable,
    /// The segments by name.
    pub segments: Vec<(String, Segment)>,
    /// The lifecycle that was used, where the playbook has one; each user's stage is in `context`.
    pub stages: Option<StageAnswer>,
    /// When each user reached each milestone, where the playbook has some.
    pub milestones: Option<MilestoneTable>,
    /// The same answers as rules read them.
    pub context: Context,
}

/// The lifecycle as it was used.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageAnswer {
    /// The stages.
    pub definition: LifecycleDefinition,
    /// How its thresholds were derived, where they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub derived: Option<DerivedThresholds>,
}

impl Outcome {
    /// A tag by name.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn tag(&self, name: &str) -> Result<&TagColumn> {
        self.tags.tag(name)
    }

    /// A segment by name.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn segment(&self, name: &str) -> Result<&Segment> {
        find(&self.segments, "segment", name)
    }

    /// A score by name.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn score(&self, name: &str) -> Result<&ScoreColumns> {
        find(&self.scores, "score", name)
    }

    /// A user's stage; `None` for a user in no stage, and where there is no lifecycle.
    #[must_use]
    pub fn stage(&self, user: UserIx) -> Option<&str> {
        self.context.stage.as_ref().and_then(|stages| stages.get(user.index()))
    }

    /// How many users are in each stage, in the order of the lifecycle; users in no stage are left out.
    #[must_use]
    pub fn stage_counts(&self) -> Vec<(&str, usize)> {
        let (Some(answer), Some(column)) = (&self.stages, &self.context.stage) else { return Vec::new() };
        let counts = column.counts();
        let count_of = |name: &str| column.dictionary.code(name).map_or(0, |code| counts[code as usize]);
        answer.definition.names().map(|name| (name, count_of(name))).collect()
    }

    /// A row per user: the id, and a column per score, tag, stage and segment, under their names as rules spell them:
    /// `score.rfm.recency`, `tag.vip`, `stage`, `segment.win_back`.
    ///
    /// # Errors
    /// `InvalidArgument` where the directory has another number of users than the outcome.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let all = (0..users.len()).map(|user| UserIx(user as u32));
        let mut table = Table::new(users.len()).with("user", user_column(users, all))?;
        for (name, score) in &self.scores {
            for (column, values) in &score.columns {
                table.push(format!("score.{name}.{column}"), values.clone())?;
            }
        }
        for tag in self.tags.tags() {
            table.push(format!("tag.{}", tag.name()), tag.values().clone())?;
            for (rank, values) in (2..).zip(tag.ranks()) {
                table.push(format!("tag.{}.{rank}", tag.name()), values.clone())?;
            }
        }
        if let Some(stages) = &self.context.stage {
            table.push("stage", Column::Text(stages.clone()))?;
        }
        for (name, segment) in &self.segments {
            let members: Vec<bool> = segment.to_bitmap().iter().collect();
            table.push(format!("segment.{name}"), Column::from(members))?;
        }
        Ok(table)
    }

    /// A row per tag value, stage and segment: how many users, and their share of all.
    ///
    /// # Errors
    /// None that the outcome itself could cause.
    pub fn summary(&self) -> Result<Table> {
        let mut rows: Vec<(&str, String, String, usize)> = Vec::new();
        for tag in self.tags.tags() {
            let counts = value_counts(tag.values()).into_iter();
            rows.extend(counts.map(|(value, count)| ("tag", tag.name().to_owned(), value, count)));
        }
        rows.extend(
            self.stage_counts().into_iter().map(|(name, count)| ("stage", name.to_owned(), String::new(), count)),
        );
        rows.extend(
            self.segments.iter().map(|(name, segment)| ("segment", name.clone(), String::new(), segment.len())),
        );
        let user_count = self.user_count();
        let ratio = |count: usize| (user_count > 0).then(|| count as f64 / user_count as f64);
        Table::new(rows.len())
            .with("kind", rows.iter().map(|row| row.0).collect::<Vec<_>>())?
            .with("name", rows.iter().map(|row| row.1.as_str()).collect::<Vec<_>>())?
            .with("value", rows.iter().map(|row| row.2.as_str()).collect::<Vec<_>>())?
            .with("users", rows.iter().map(|row| row.3 as i64).collect::<Vec<_>>())?
            .with("user_ratio", rows.iter().map(|row| ratio(row.3)).collect::<Vec<_>>())
    }

    /// How many users there are.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.tags.user_count()
    }

    /// Refuses two outcomes that do not speak of the same users.
    pub(super) fn check_same_users(&self, other: &Self) -> Result<()> {
        if self.user_count() == other.user_count() {
            return Ok(());
        }
        Err(invalid_definition(format!(
            "one outcome has {} users and the other {}: evaluate both over the same log, at two instants if need be",
            self.user_count(),
            other.user_count()
        )))
    }
}

fn find<'a, T>(answers: &'a [(String, T)], what: &str, name: &str) -> Result<&'a T> {
    let found = answers.iter().find(|(known, _)| known == name).map(|(_, answer)| answer);
    found.ok_or_else(|| unknown(what, name, answers.iter().map(|(name, _)| name.as_str())))
}

/// How many users have each value; of numbers, instants and dates only how many have any.
fn value_counts(column: &Column) -> Vec<(String, usize)> {
    match column {
        Column::Bool(values) => {
            vec![("true".to_owned(), values.values().iter().filter(|holds| **holds).count())]
        }
        Column::Text(texts) => {
            let counts = texts.dictionary.iter().zip(texts.counts()).filter(|(_, count)| *count > 0);
            counts.map(|(text, count)| (text.to_owned(), count)).collect()
        }
        other => vec![("any".to_owned(), other.known_count())],
    }
}
