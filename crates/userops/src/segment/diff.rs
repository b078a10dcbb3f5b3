//! Who entered and who left a segment.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::Segment;
use crate::error::Result;
use crate::id::{UserDirectory, UserId, UserIdRef, UserIx};
use crate::table::{Table, user_column};

/// What became of a user's membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Movement {
    /// The user is in the segment and was not.
    Entered,
    /// The user was in the segment and is not any more.
    Left,
}

impl Movement {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Entered => "entered",
            Self::Left => "left",
        }
    }
}

/// Two states of a segment over one log: two instants, or two versions of its definition.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentDiff {
    /// Who is in the later and not in the earlier.
    pub entered: Segment,
    /// Who is in the earlier and not in the later.
    pub left: Segment,
    /// Who is in both.
    pub stayed: Segment,
}

/// Compares two states of a segment over one log.
///
/// # Errors
/// `InvalidArgument` where they are out of different numbers of users: see [`diff_by_id`].
pub fn diff_segments(before: &Segment, after: &Segment) -> Result<SegmentDiff> {
    before.check_same_universe(after)?;
    Ok(SegmentDiff { entered: after - before, left: before - after, stayed: before & after })
}

impl SegmentDiff {
    /// Whether nobody entered and nobody left.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entered.is_empty() && self.left.is_empty()
    }

    /// Everybody who moved, in the order of the log's directory.
    pub fn movements(&self) -> impl Iterator<Item = (UserIx, Movement)> + '_ {
        let moved = &self.entered | &self.left;
        moved.members.into_iter().map(|user| {
            let entered = self.entered.members.contains(user);
            (UserIx(user), if entered { Movement::Entered } else { Movement::Left })
        })
    }

    /// Who moved as a table, a row per user in the order of the directory: `user`, `movement`.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self, users: &UserDirectory) -> Result<Table> {
        let movements: Vec<&str> = self.movements().map(|(_, movement)| movement.name()).collect();
        Table::new(movements.len())
            .with("user", user_column(users, self.movements().map(|(user, _)| user)))?
            .with("movement", movements)
    }
}

/// Two states of a segment over two logs, by the users' ids, each list ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdDiff {
    /// Who is in the later and not in the earlier.
    pub entered: Vec<UserId>,
    /// Who is in the earlier and not in the later.
    pub left: Vec<UserId>,
    /// Who is in both.
    pub stayed: Vec<UserId>,
    /// How many of `entered` the earlier log did not know at all.
    pub entered_new_count: usize,
    /// How many of `left` the later log does not know any more.
    pub left_gone_count: usize,
}

/// Compares segments of two logs, such as of yesterday's and today's export, each beside its directory.
///
/// Takes O(members log users). Ids of different kinds, integers and texts, are never the same user.
#[must_use]
pub fn diff_by_id(before: (&Segment, &UserDirectory), after: (&Segment, &UserDirectory)) -> IdDiff {
    let mut diff = IdDiff::default();
    let mut earlier = before.0.ids(before.1).peekable();
    let mut later = after.0.ids(after.1).peekable();
    loop {
        let order = match (earlier.peek(), later.peek()) {
            (None, None) => return diff,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(a), Some(b)) => a.cmp(b),
        };
        if order == Ordering::Less
            && let Some(id) = earlier.next()
        {
            diff.left_gone_count += usize::from(is_new(id, after.1));
            diff.left.push(id.to_owned());
        } else if let Some(id) = later.next() {
            if order == Ordering::Equal {
                earlier.next();
                diff.stayed.push(id.to_owned());
            } else {
                diff.entered_new_count += usize::from(is_new(id, before.1));
                diff.entered.push(id.to_owned());
            }
        }
    }
}

fn is_new(id: UserIdRef<'_>, users: &UserDirectory) -> bool {
    users.find(id).is_none()
}
