//! Who moved where between two outcomes: two instants, or two playbooks.

use std::collections::BTreeMap;

use super::outcome::Outcome;
use crate::column::Column;
use crate::error::Result;
use crate::id::{UserDirectory, UserIx};
use crate::lifecycle::{TransitionMatrix, transition_matrix};
use crate::segment::{SegmentDiff, diff_segments};
use crate::table::{Table, user_column};

/// What differs between two outcomes over the same users.
#[derive(Debug, Clone, PartialEq)]
pub struct Comparison {
    /// For each tag of either outcome, the users whose value differs. A tag that one of them lacks is none there.
    pub tags: Vec<(String, Vec<ValueMove>)>,
    /// For each segment of either outcome, who entered and who left. A segment that one of them lacks is empty there.
    pub segments: Vec<(String, SegmentDiff)>,
    /// For each score column of either outcome, the users whose value differs.
    pub scores: Vec<(String, Vec<ValueMove>)>,
    /// How many users went from which stage to which, where both have a lifecycle.
    pub stages: Option<TransitionMatrix>,
    /// The users whose stage differs.
    pub stage_moves: Vec<ValueMove>,
}

/// One user's value before and after, as text; `None` where there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueMove {
    /// The user.
    pub user: UserIx,
    /// The value before.
    pub before: Option<String>,
    /// The value after.
    pub after: Option<String>,
}

/// Compares two outcomes over the same log: of one playbook at two instants, or of two playbooks.
///
/// # Errors
/// `InvalidDefinition` where they do not have the same number of users.
pub fn compare(before: &Outcome, after: &Outcome) -> Result<Comparison> {
    before.check_same_users(after)?;
    let users = before.user_count();
    let tags = moves_by_name(&before.context.tags, &after.context.tags, users);
    let scores = moves_by_name(&before.context.scores, &after.context.scores, users);
    let nobody = crate::segment::Segment::nobody(users);
    let mut segments = Vec::new();
    for name in names(before.segments.iter().chain(&after.segments).map(|(name, _)| name)) {
        let of = |outcome: &Outcome| outcome.segment(&name).cloned().unwrap_or_else(|_| nobody.clone());
        segments.push((name.clone(), diff_segments(&of(before), &of(after))?));
    }
    let (stages, stage_moves) = match (&before.context.stage, &after.context.stage) {
        (Some(earlier), Some(later)) => (
            Some(transition_matrix(earlier, later)?),
            moves(&Column::Text(earlier.clone()), &Column::Text(later.clone()), users),
        ),
        _ => (None, Vec::new()),
    };
    Ok(Comparison { tags, segments, scores, stages, stage_moves })
}

impl Comparison {
    /// A row per user and definition that differ: `kind`, `name`, `user`, `before`, `after`.
    ///
    /// # Errors
    /// `InvalidArgument` where the directory has another number of users.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let mut rows: Vec<(&str, &str, ValueMove)> = Vec::new();
        let stage = [(String::new(), self.stage_moves.clone())];
        for (kind, list) in [("stage", &stage[..]), ("tag", &self.tags[..]), ("score", &self.scores[..])] {
            for (name, moves) in list {
                rows.extend(moves.iter().map(|moved| (kind, name.as_str(), moved.clone())));
            }
        }
        let (inside, outside) = (Some("in".to_owned()), Some("out".to_owned()));
        for (name, diff) in &self.segments {
            let entered = diff.entered.iter().map(|user| (user, outside.clone(), inside.clone()));
            let left = diff.left.iter().map(|user| (user, inside.clone(), outside.clone()));
            let moves = entered.chain(left).map(|(user, before, after)| ValueMove { user, before, after });
            rows.extend(moves.map(|moved| ("segment", name.as_str(), moved)));
        }
        Table::new(rows.len())
            .with("kind", rows.iter().map(|row| row.0).collect::<Vec<_>>())?
            .with("name", rows.iter().map(|row| row.1).collect::<Vec<_>>())?
            .with("user", user_column(users, rows.iter().map(|row| row.2.user)))?
            .with("before", rows.iter().map(|row| row.2.before.clone()).collect::<Vec<_>>())?
            .with("after", rows.iter().map(|row| row.2.after.clone()).collect::<Vec<_>>())
    }
}

fn names<'a>(all: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut names = Vec::new();
    for name in all {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

fn moves_by_name<'a>(
    before: &'a BTreeMap<String, Column>,
    after: &'a BTreeMap<String, Column>,
    users: usize,
) -> Vec<(String, Vec<ValueMove>)> {
    let nothing = Column::unknown(crate::value::ValueType::Bool, users);
    let moves_of = |name: String| {
        let of = |columns: &'a BTreeMap<String, Column>| columns.get(&name).unwrap_or(&nothing);
        let moves = moves(of(before), of(after), users);
        (name, moves)
    };
    names(before.keys().chain(after.keys())).into_iter().map(moves_of).collect()
}

fn moves(before: &Column, after: &Column, users: usize) -> Vec<ValueMove> {
    (0..users)
        .filter(|user| before.get(*user) != after.get(*user))
        .map(|user| {
            let text = |column: &Column| column.get(user).map(|value| value.to_string());
            ValueMove { user: UserIx(user as u32), before: text(before), after: text(after) }
        })
        .collect()
}
