//! A set of users, held as a Roaring bitmap.

use roaring::RoaringBitmap;

use crate::column::Bitmap;
use crate::error::{Result, invalid_argument, name_list, unknown_name};
use crate::id::{UserDirectory, UserId, UserIdRef, UserIx};
use crate::rule::{Truths, UnknownFold};

const WORD_BITS: usize = u64::BITS as usize;
/// Words that are turned into a bitmap at a time: a whole number of Roaring's containers of 2¹⁶ users.
const CHUNK_WORDS: usize = 1 << 16;
/// Names that an error lists before it only counts.
const NAMES_SHOWN_MAX: usize = 5;

/// A set of users of one log, out of the universe of all its users.
///
/// It holds [`UserIx`], so it is meaningful only beside the log that it was made with. Memory is at most a bit per user
/// and about two bytes per member; an empty set takes none.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub(super) members: RoaringBitmap,
    pub(super) user_count: usize,
}

/// Some ids that were looked up: who is known, and who is not.
#[derive(Debug, Clone, PartialEq)]
pub struct FoundUsers {
    /// The users who are in the directory.
    pub segment: Segment,
    /// The ids that are not, in the order given, each once for every time it was given.
    pub unknown: Vec<UserId>,
}

impl Segment {
    /// Nobody, out of so many users.
    #[must_use]
    pub fn nobody(user_count: usize) -> Self {
        Self { members: RoaringBitmap::new(), user_count }
    }

    /// Everybody: the universe of all known users.
    #[must_use]
    pub fn everybody(user_count: usize) -> Self {
        let mut members = RoaringBitmap::new();
        members.insert_range(0..index_end(user_count));
        Self { members, user_count }
    }

    /// The users for whom it holds, and those for whom it is unknown where `unknown` says so.
    #[must_use]
    pub fn from_truths(truths: &Truths, unknown: UnknownFold) -> Self {
        Self::from_words(&unknown.decide_words(truths), truths.len())
    }

    /// From words of 64 users each, least significant bit first; bits past `user_count` are cleared.
    #[must_use]
    pub fn from_words(words: &[u64], user_count: usize) -> Self {
        let words = &words[..words.len().min(user_count.div_ceil(WORD_BITS))];
        let mut members = RoaringBitmap::new();
        let mut bytes = Vec::with_capacity(words.len().min(CHUNK_WORDS) * size_of::<u64>());
        for (chunk, words) in words.chunks(CHUNK_WORDS).enumerate() {
            let Ok(first) = u32::try_from(chunk * CHUNK_WORDS * WORD_BITS) else { break };
            bytes.clear();
            bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
            members |= RoaringBitmap::from_lsb0_bytes(first, &bytes);
        }
        if let Ok(end) = u32::try_from(user_count) {
            members.remove_range(end..);
        }
        Self { members, user_count }
    }

    /// These users; one named twice is in it once.
    ///
    /// # Errors
    /// `InvalidArgument` for a user who is not among `user_count`.
    pub fn of_users(user_count: usize, users: impl IntoIterator<Item = UserIx>) -> Result<Self> {
        let mut members = RoaringBitmap::new();
        for user in users {
            if user.index() >= user_count {
                return Err(invalid_argument(format!("user {} is not among {user_count} users", user.index())));
            }
            members.insert(user.0);
        }
        Ok(Self { members, user_count })
    }

    /// The users of these external ids.
    ///
    /// # Errors
    /// `UnknownName`, listing the ids that the directory does not know; see [`Segment::find_ids`] to go on without them.
    pub fn of_ids<'a>(users: &UserDirectory, ids: impl IntoIterator<Item = &'a UserId>) -> Result<Self> {
        let FoundUsers { segment, unknown } = Self::find_ids(users, ids);
        if unknown.is_empty() {
            return Ok(segment);
        }
        let unknown: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        Err(unknown_name(format!(
            "the log does not know the users {}: correct or take out these ids",
            name_list(unknown.iter().map(String::as_str), NAMES_SHOWN_MAX)
        )))
    }

    /// The users of these external ids, as far as they are known, and the ids that are not.
    #[must_use]
    pub fn find_ids<'a>(users: &UserDirectory, ids: impl IntoIterator<Item = &'a UserId>) -> FoundUsers {
        let mut found = FoundUsers { segment: Self::nobody(users.len()), unknown: Vec::new() };
        for id in ids {
            match users.find(id) {
                Some(user) => {
                    found.segment.members.insert(user.0);
                }
                None => found.unknown.push(id.clone()),
            }
        }
        found
    }

    /// How many users there are, in the segment and outside.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.user_count
    }

    /// How many users are in it.
    #[must_use]
    pub fn len(&self) -> usize {
        self.members.len() as usize
    }

    /// Whether nobody is in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }

    /// The members' share of all users; `None` where there is no user.
    #[must_use]
    pub fn ratio(&self) -> Option<f64> {
        (self.user_count > 0).then(|| self.len() as f64 / self.user_count as f64)
    }

    /// Whether the user is in it.
    #[must_use]
    pub fn contains(&self, user: UserIx) -> bool {
        self.members.contains(user.0)
    }

    /// The members in the order of the log's directory.
    pub fn iter(&self) -> impl Iterator<Item = UserIx> + '_ {
        self.members.iter().map(UserIx)
    }

    /// The members' external ids, ascending; users that the directory does not have are left out.
    pub fn ids<'a>(&'a self, users: &'a UserDirectory) -> impl Iterator<Item = UserIdRef<'a>> + 'a {
        self.iter().filter_map(|user| users.id(user))
    }

    /// A bit per user in words of 64, least significant bit first.
    #[must_use]
    pub fn to_words(&self) -> Vec<u64> {
        let mut words = vec![0u64; self.user_count.div_ceil(WORD_BITS)];
        for user in self.iter() {
            words[user.index() / WORD_BITS] |= 1 << (user.index() % WORD_BITS);
        }
        words
    }

    /// A bit per user, for portraits.
    #[must_use]
    pub fn to_bitmap(&self) -> Bitmap {
        Bitmap::from_words(self.to_words(), self.user_count)
    }

    /// A known truth per user, for rules that build on the segment and for [`count_users`](super::count_users).
    #[must_use]
    pub fn to_truths(&self) -> Truths {
        let known = vec![u64::MAX; self.user_count.div_ceil(WORD_BITS)];
        Truths::from_words(self.to_words(), known, self.user_count)
    }

    /// Refuses segments of which it is plain that they are not of one log.
    ///
    /// # Errors
    /// `InvalidArgument` where they are out of different numbers of users.
    pub fn check_same_universe(&self, other: &Self) -> Result<()> {
        if self.user_count == other.user_count {
            return Ok(());
        }
        Err(invalid_argument(format!(
            "a segment out of {} users and one out of {} are not of one log: compare them by user id",
            self.user_count, other.user_count
        )))
    }
}

impl From<&Bitmap> for Segment {
    fn from(members: &Bitmap) -> Self {
        Self::from_words(members.words(), members.len())
    }
}

/// One past the greatest index of `user_count` users; a log holds at most [`USERS_MAX`](crate::id::USERS_MAX).
pub(super) fn index_end(user_count: usize) -> u32 {
    u32::try_from(user_count).unwrap_or(u32::MAX)
}
