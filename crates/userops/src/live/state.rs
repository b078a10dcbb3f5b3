//! Answers of an engine, for hosts to read: one user, a group, everybody.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::engine::Engine;
use super::plan::AnswerKind;
use super::slot::Slot;
use super::user::LiveUser;
use crate::column::Column;
use crate::error::{Result, unknown_name};
use crate::event::unknown;
use crate::id::UserId;
use crate::table::Table;
use crate::time::Timestamp;
use crate::value::{Value, ValueRef};

/// What a playbook says of one user, as of the engine's instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UserState {
    /// The user.
    pub user: UserId,
    /// The engine's instant.
    pub as_of: Timestamp,
    /// The tags that the user has, in the order of the playbook: `true` for tags that are on or off; of a preference the
    /// first value.
    pub tags: Vec<(String, Value)>,
    /// The stage; none for a user in no stage, and without a lifecycle.
    pub stage: Option<String>,
    /// The segments that the user is in, in the order of the playbook.
    pub segments: Vec<String>,
    /// The scores that the user has, by name and column, such as `rfm.recency`.
    pub scores: BTreeMap<String, Value>,
    /// The next instant at which time alone can change an answer; none where it never will.
    pub next_look_at: Option<Timestamp>,
    /// How many events are kept of the user.
    pub event_count_kept: usize,
    /// Bytes that the user's state takes.
    pub memory_bytes: usize,
}

impl Engine {
    /// What the playbook says of a user.
    ///
    /// # Errors
    /// `UnknownName` for a user of whom nothing was heard.
    pub fn state(&self, user: &UserId) -> Result<UserState> {
        let state = self.user(user)?;
        let value = |slot: Slot| slot.value(&self.work.texts).map(ValueRef::to_owned);
        let (mut tags, mut stage, mut segments, mut scores) = (Vec::new(), None, Vec::new(), BTreeMap::new());
        for (column, slot) in self.plan.columns.iter().zip(&state.answers) {
            let Some(found) = value(*slot).filter(|_| slot.is_had() || column.kind == AnswerKind::Score) else {
                continue;
            };
            let name = column.name.to_string();
            match column.kind {
                AnswerKind::Tag { is_first: true } => tags.push((name, found)),
                AnswerKind::Tag { is_first: false } => {}
                AnswerKind::Stage => stage = Some(found.to_string()),
                AnswerKind::Segment => segments.push(name),
                AnswerKind::Score => {
                    scores.insert(name, found);
                }
            }
        }
        Ok(UserState {
            user: user.clone(),
            as_of: Timestamp::from_micros(self.as_of),
            tags,
            stage,
            segments,
            scores,
            next_look_at: Some(state.next_at()).filter(|at| *at != i64::MAX).map(Timestamp::from_micros),
            event_count_kept: state.rows.len(),
            memory_bytes: state.byte_len(),
        })
    }

    pub(super) fn user(&self, user: &UserId) -> Result<&LiveUser> {
        let place = self.find(user);
        place
            .map(|place| &self.users[place])
            .ok_or_else(|| unknown_name(format!("nothing was heard of the user {user}")))
    }

    /// The users who are in a segment, in the order in which they first came.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn membership(&self, segment: &str) -> Result<Vec<&UserId>> {
        let column = self.find_column("segment", segment, AnswerKind::Segment)?;
        Ok(self.who(|user| user.answers[column].is_had()))
    }

    /// The users who have a tag, in the order in which they first came.
    ///
    /// # Errors
    /// `UnknownName` with the nearest name.
    pub fn tagged(&self, tag: &str) -> Result<Vec<&UserId>> {
        let column = self.find_column("tag", tag, AnswerKind::Tag { is_first: true })?;
        Ok(self.who(|user| user.answers[column].is_had()))
    }

    fn who(&self, is_in: impl Fn(&LiveUser) -> bool) -> Vec<&UserId> {
        self.ids.iter().zip(&self.users).filter(|(_, user)| is_in(user)).map(|(id, _)| id).collect()
    }

    fn find_column(&self, what: &str, name: &str, kind: AnswerKind) -> Result<usize> {
        let columns = self.plan.columns.iter();
        let found = columns.clone().position(|column| column.kind == kind && *column.name == *name);
        let names = columns.filter(|column| column.kind == kind).map(|column| &*column.name);
        found.ok_or_else(|| unknown(what, name, names))
    }

    /// A row per user in the order of their ids, with the columns of [`Outcome::to_table`](crate::playbook::Outcome::to_table):
    /// `user`, a column per score, tag, stage and segment. The values are those of a batch evaluation with the same
    /// calibration over the same events as of the engine's instant.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let mut order: Vec<usize> = (0..self.ids.len()).collect();
        order.sort_by(|a, b| self.ids[*a].cmp(&self.ids[*b]));
        let user = match self.ids.first() {
            Some(UserId::Integer(_)) => Column::from(
                order
                    .iter()
                    .map(|place| if let UserId::Integer(id) = self.ids[*place] { id } else { 0 })
                    .collect::<Vec<i64>>(),
            ),
            _ => Column::texts(order.iter().map(|place| match &self.ids[*place] {
                UserId::Text(text) => Some(&**text),
                UserId::Integer(_) => None,
            })),
        };
        let mut table = Table::new(order.len()).with("user", user)?;
        for (index, column) in self.plan.columns.iter().enumerate() {
            let values: Vec<Option<Value>> = order
                .iter()
                .map(|place| self.users[*place].answers[index].value(&self.work.texts).map(ValueRef::to_owned))
                .collect();
            table.push(column.title.clone(), Column::from_values(column.value_type, &values))?;
        }
        Ok(table)
    }
}
