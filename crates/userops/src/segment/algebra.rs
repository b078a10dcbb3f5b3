//! Segments joined: and, or, without, either, complement, at least k; and counts that make no segment.

use std::ops::{BitAnd, BitOr, BitXor, Not, Sub};

use super::Segment;
use crate::error::{Result, invalid_argument};

/// The operators join two segments of one log user by user.
///
/// The result is out of the larger of the two numbers of users; segments of different logs make no sense together, and
/// the named functions, which can fail, refuse them where they can tell.
macro_rules! operator {
    ($trait:ident, $method:ident, $doc:literal) => {
        impl $trait for &Segment {
            type Output = Segment;

            #[doc = $doc]
            fn $method(self, other: Self) -> Segment {
                Segment {
                    members: $trait::$method(&self.members, &other.members),
                    user_count: self.user_count.max(other.user_count),
                }
            }
        }

        impl $trait for Segment {
            type Output = Segment;

            #[doc = $doc]
            fn $method(self, other: Self) -> Segment {
                Segment {
                    user_count: self.user_count.max(other.user_count),
                    members: $trait::$method(self.members, other.members),
                }
            }
        }
    };
}

operator!(BitAnd, bitand, "Who is in both.");
operator!(BitOr, bitor, "Who is in one of the two, or both.");
operator!(Sub, sub, "Who is in the first and not in the second.");
operator!(BitXor, bitxor, "Who is in one of the two and not in both.");

impl Not for &Segment {
    type Output = Segment;

    /// Who is not in it, out of all known users.
    fn not(self) -> Segment {
        &Segment::everybody(self.user_count) - self
    }
}

impl Not for Segment {
    type Output = Self;

    /// Who is not in it, out of all known users.
    fn not(self) -> Self {
        !&self
    }
}

impl Segment {
    /// How many are in both, without making the segment.
    #[must_use]
    pub fn and_count(&self, other: &Self) -> usize {
        self.members.intersection_len(&other.members) as usize
    }

    /// How many are in one of the two or both, without making the segment.
    #[must_use]
    pub fn or_count(&self, other: &Self) -> usize {
        self.members.union_len(&other.members) as usize
    }

    /// How many are in this one and not in the other, without making the segment.
    #[must_use]
    pub fn and_not_count(&self, other: &Self) -> usize {
        self.members.difference_len(&other.members) as usize
    }

    /// How many are in one of the two and not in both, without making the segment.
    #[must_use]
    pub fn xor_count(&self, other: &Self) -> usize {
        self.members.symmetric_difference_len(&other.members) as usize
    }

    /// Whether every member is in the other as well.
    #[must_use]
    pub fn is_subset(&self, other: &Self) -> bool {
        self.members.is_subset(&other.members)
    }

    /// Whether no user is in both.
    #[must_use]
    pub fn is_disjoint(&self, other: &Self) -> bool {
        self.members.is_disjoint(&other.members)
    }

    /// Who is in at least `count` of the segments, a segment given twice counting twice.
    ///
    /// Takes O(users × segments / 64) and the counters of 64 users at a time.
    ///
    /// # Errors
    /// `InvalidArgument` where `count` is 0 or more than there are segments, and for segments out of different numbers
    /// of users.
    pub fn at_least(count: usize, segments: &[&Self]) -> Result<Self> {
        if count == 0 || count > segments.len() {
            return Err(invalid_argument(format!(
                "at least {count} of {} segments: ask for 1 to {}",
                segments.len(),
                segments.len()
            )));
        }
        let first = segments[0];
        segments.iter().try_for_each(|segment| first.check_same_universe(segment))?;
        let words: Vec<Vec<u64>> = segments.iter().map(|segment| segment.to_words()).collect();
        // A counter per user, a bit of it per plane: adding a word of members is a carry through the planes.
        let planes = usize::BITS as usize - segments.len().leading_zeros() as usize;
        let mut counters = vec![0u64; planes];
        let enough = (0..words[0].len()).map(|word| {
            counters.fill(0);
            for members in &words {
                let mut carry = members[word];
                for plane in &mut counters {
                    (*plane, carry) = (*plane ^ carry, *plane & carry);
                }
            }
            not_less(&counters, count)
        });
        Ok(Self::from_words(&enough.collect::<Vec<u64>>(), first.user_count))
    }
}

/// Where the numbers, a bit per plane and the least first, are not less than `limit`.
fn not_less(planes: &[u64], limit: usize) -> u64 {
    let (mut greater, mut equal) = (0u64, u64::MAX);
    for (bit, plane) in planes.iter().enumerate().rev() {
        if limit >> bit & 1 == 1 {
            equal &= plane;
        } else {
            greater |= equal & plane;
            equal &= !plane;
        }
    }
    greater | equal
}
