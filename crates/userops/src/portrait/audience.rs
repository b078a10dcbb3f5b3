//! The users whom a portrait is of.

use std::borrow::Cow;

use crate::column::{Bitmap, Packed};
use crate::error::{Result, invalid_argument};
use crate::id::UserIx;
use crate::segment::Segment;

/// A set of users: a bit per user, in the order of the log's directory.
///
/// A bool per user makes one too; a user of whom it is unknown is not in the audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience<'a> {
    members: Cow<'a, Bitmap>,
}

impl Audience<'static> {
    /// The audience of these users out of `user_count`; one named twice is in it once.
    ///
    /// # Errors
    /// `InvalidArgument` for a user who is not among `user_count`.
    pub fn of_users(user_count: usize, users: impl IntoIterator<Item = UserIx>) -> Result<Self> {
        let mut bits = vec![false; user_count];
        for user in users {
            let Some(bit) = bits.get_mut(user.index()) else {
                return Err(invalid_argument(format!("user {} is not among {user_count} users", user.index())));
            };
            *bit = true;
        }
        Ok(bits.into())
    }
}

impl Audience<'_> {
    /// A bit per user.
    #[must_use]
    pub fn members(&self) -> &Bitmap {
        &self.members
    }

    /// How many users there are, in the audience and outside.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.members.len()
    }
}

impl<'a> From<&'a Bitmap> for Audience<'a> {
    fn from(members: &'a Bitmap) -> Self {
        Self { members: Cow::Borrowed(members) }
    }
}

impl From<Bitmap> for Audience<'_> {
    fn from(members: Bitmap) -> Self {
        Self { members: Cow::Owned(members) }
    }
}

impl From<Vec<bool>> for Audience<'_> {
    fn from(members: Vec<bool>) -> Self {
        members.into_iter().collect::<Bitmap>().into()
    }
}

impl From<&Segment> for Audience<'_> {
    fn from(segment: &Segment) -> Self {
        segment.to_bitmap().into()
    }
}

impl From<&Packed<bool>> for Audience<'_> {
    fn from(members: &Packed<bool>) -> Self {
        members.iter().map(|member| member == Some(true)).collect::<Bitmap>().into()
    }
}
