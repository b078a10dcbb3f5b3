//! What becomes of "unknown" where a decision has to be made.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::truth::{Truth, Truths};

/// How a definition decides about users for whom its rule is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnknownFold {
    /// They are out: what cannot be told does not count.
    #[default]
    Out,
    /// They are in: for rules that let everybody pass who is not known to fail.
    In,
}

impl UnknownFold {
    /// The decision for one user.
    #[must_use]
    pub fn decide(self, truth: Truth) -> bool {
        match truth {
            Truth::True => true,
            Truth::Unknown => self == Self::In,
            Truth::False => false,
        }
    }

    /// The decision for every user, as words of 64 users, least significant bit first; bits past the last user are 0.
    #[must_use]
    pub fn decide_words(self, truths: &Truths) -> Vec<u64> {
        let mut words = truths.true_words().to_vec();
        if self == Self::In {
            words.iter_mut().zip(truths.known_words()).for_each(|(word, known)| *word |= !known);
            if let (Some(last), tail @ 1..) = (words.last_mut(), truths.len() % u64::BITS as usize) {
                *last &= (1 << tail) - 1;
            }
        }
        words
    }

    /// Whether this is the default, which serde leaves out.
    #[must_use]
    pub fn is_out(&self) -> bool {
        *self == Self::Out
    }
}
