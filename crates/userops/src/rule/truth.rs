//! Kleene logic, for one user and for columns of users.

use serde::{Deserialize, Serialize};

/// True, false or unknown. Unknown is less than true and more than false: `and` is the least, `or` the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// It does not hold.
    False,
    /// It cannot be told.
    #[default]
    Unknown,
    /// It holds.
    True,
}

impl Truth {
    /// Whether it holds for certain.
    #[must_use]
    pub const fn is_true(self) -> bool {
        matches!(self, Self::True)
    }

    /// Both hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    /// One of the two holds, or both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    /// At least `count` of these hold: true where enough are true, false where even the unknown ones would not do.
    pub fn at_least(count: usize, truths: impl IntoIterator<Item = Self>) -> Self {
        let (mut holding, mut possible) = (0, 0);
        for truth in truths {
            holding += usize::from(truth == Self::True);
            possible += usize::from(truth != Self::False);
        }
        match () {
            () if holding >= count => Self::True,
            () if possible < count => Self::False,
            () => Self::Unknown,
        }
    }
}

impl std::ops::Not for Truth {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
            Self::True => Self::False,
        }
    }
}

impl From<bool> for Truth {
    fn from(holds: bool) -> Self {
        if holds { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Truth {
    fn from(holds: Option<bool>) -> Self {
        holds.map_or(Self::Unknown, Self::from)
    }
}

/// A truth per user, as two bits: whether it is true, and whether it is known. Both logics are a few operations per 64
/// users.
///
/// No bit is set in `holds` that is not set in `known`, and none past `len`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Truths {
    holds: Vec<u64>,
    known: Vec<u64>,
    len: usize,
}

const WORD_BITS: usize = u64::BITS as usize;

impl Truths {
    /// The same truth for every user.
    #[must_use]
    pub fn constant(truth: Truth, len: usize) -> Self {
        let words = len.div_ceil(WORD_BITS);
        let of = |set: bool| vec![if set { u64::MAX } else { 0 }; words];
        Self::from_words(of(truth == Truth::True), of(truth != Truth::Unknown), len)
    }

    /// From words, 64 users each, least significant bit first; what is past `len`, or true but not known, is cleared.
    #[must_use]
    pub fn from_words(mut holds: Vec<u64>, mut known: Vec<u64>, len: usize) -> Self {
        let words = len.div_ceil(WORD_BITS);
        holds.resize(words, 0);
        known.resize(words, 0);
        if let (Some(last), tail @ 1..) = (known.last_mut(), len % WORD_BITS) {
            *last &= (1 << tail) - 1;
        }
        holds.iter_mut().zip(&known).for_each(|(holds, known)| *holds &= known);
        Self { holds, known, len }
    }

    /// How many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The truth for one user; unknown past the end.
    #[must_use]
    pub fn get(&self, user: usize) -> Truth {
        let bit = |words: &[u64]| words.get(user / WORD_BITS).is_some_and(|word| word >> (user % WORD_BITS) & 1 == 1);
        match (bit(&self.known), bit(&self.holds)) {
            (false, _) => Truth::Unknown,
            (true, holds) => Truth::from(holds),
        }
    }

    /// The words of what is true.
    #[must_use]
    pub fn true_words(&self) -> &[u64] {
        &self.holds
    }

    /// The words of what is known.
    #[must_use]
    pub fn known_words(&self) -> &[u64] {
        &self.known
    }

    /// For how many users it holds.
    #[must_use]
    pub fn true_count(&self) -> usize {
        self.holds.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// All users' truths.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Truth> + '_ {
        (0..self.len).map(|user| self.get(user))
    }

    /// The negation, user by user.
    #[must_use]
    pub fn not(&self) -> Self {
        let holds = self.holds.iter().zip(&self.known).map(|(holds, known)| known & !holds).collect();
        Self { holds, known: self.known.clone(), len: self.len }
    }

    /// Both, user by user.
    ///
    /// # Panics
    /// In debug builds, where the columns differ in length.
    #[must_use]
    pub fn and(&self, other: &Self) -> Self {
        self.zip(other, |(a, known_a), (b, known_b)| (a & b, (known_a & known_b) | (known_a & !a) | (known_b & !b)))
    }

    /// One of the two or both, user by user.
    ///
    /// # Panics
    /// In debug builds, where the columns differ in length.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        self.zip(other, |(a, known_a), (b, known_b)| (a | b, (known_a & known_b) | a | b))
    }

    fn zip(&self, other: &Self, join: impl Fn((u64, u64), (u64, u64)) -> (u64, u64)) -> Self {
        debug_assert_eq!(self.len, other.len);
        let words = |truths: &Self| truths.holds.iter().copied().zip(truths.known.iter().copied()).collect::<Vec<_>>();
        let (holds, known) = words(self).into_iter().zip(words(other)).map(|(a, b)| join(a, b)).unzip();
        Self { holds, known, len: self.len }
    }
}

impl FromIterator<Truth> for Truths {
    fn from_iter<I: IntoIterator<Item = Truth>>(truths: I) -> Self {
        let mut column = Self::default();
        for truth in truths {
            let bit = column.len % WORD_BITS;
            if bit == 0 {
                column.holds.push(0);
                column.known.push(0);
            }
            let word = column.len / WORD_BITS;
            column.holds[word] |= u64::from(truth == Truth::True) << bit;
            column.known[word] |= u64::from(truth != Truth::Unknown) << bit;
            column.len += 1;
        }
        column
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn truths() -> impl Strategy<Value = Vec<Truth>> {
        let truth = prop_oneof![Just(Truth::False), Just(Truth::Unknown), Just(Truth::True)];
        prop::collection::vec(truth, 0..200)
    }

    proptest! {
        #[test]
        fn columns_equal_the_logic_of_one_user((a, b) in truths().prop_flat_map(|a| {
            let len = a.len();
            (Just(a), truths().prop_map(move |mut b| { b.resize(len, Truth::Unknown); b }))
        })) {
            let (x, y): (Truths, Truths) = (a.iter().copied().collect(), b.iter().copied().collect());
            prop_assert_eq!(x.iter().collect::<Vec<_>>(), a.clone());
            let both: Truths = a.iter().zip(&b).map(|(a, b)| a.and(*b)).collect();
            let either: Truths = a.iter().zip(&b).map(|(a, b)| a.or(*b)).collect();
            let negated: Truths = a.iter().map(|a| !*a).collect();
            prop_assert_eq!(x.and(&y), both);
            prop_assert_eq!(x.or(&y), either);
            prop_assert_eq!(x.not(), negated);
            prop_assert_eq!(x.true_count(), a.iter().filter(|truth| truth.is_true()).count());
        }
    }

    #[test]
    fn at_least_is_unknown_only_where_the_unknown_decide() {
        use Truth::{False, True, Unknown};
        assert_eq!(Truth::at_least(2, [True, Unknown, True]), True);
        assert_eq!(Truth::at_least(2, [True, Unknown, False]), Unknown);
        assert_eq!(Truth::at_least(2, [False, Unknown, False]), False);
        assert_eq!(Truth::at_least(1, []), False);
    }
}
