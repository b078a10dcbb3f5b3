//! Stable hash buckets: the same user falls into the same bucket everywhere and always.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a user is hashed into a bucket.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BucketHash {
    /// The library's own: the first eight bytes of nothing but arithmetic over `salt`, a zero byte, and the id as text.
    #[default]
    Userops,
    /// 32-bit FNV-1a, as some feature-flag services use; over `salt`, `.`, and the id as text. Its lowest bits
    /// tell two salts apart by a constant at most, so that two splits into even numbers of buckets are not independent.
    Fnv1a,
    /// 32-bit MurmurHash3 with seed 0; over `salt`, `.`, and the id as text.
    Murmur3,
}

/// A bucket in `0..buckets`, by a hash of a salt and the user's id; never of a display name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bucket {
    /// What makes one split independent of another: the name of the experiment.
    pub salt: String,
    /// How many buckets; at least 1.
    pub buckets: u32,
    /// How a user is hashed.
    #[serde(default)]
    pub hash: BucketHash,
}
