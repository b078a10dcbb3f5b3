//! The arithmetic of buckets.

use super::bucket::{Bucket, BucketHash};
use crate::id::UserIdRef;

impl Bucket {
    /// The user's bucket, below `buckets`; 0 where `buckets` is 0, which is not a valid split.
    ///
    /// [`BucketHash::Userops`] is the 64-bit FNV-1a of salt, zero byte and id, mixed by the finaliser of SplitMix64 and
    /// scaled by `hash * buckets / 2^64`: of 1000 buckets, salt `exp` puts `user-1` into 292 and the number 42 into 254.
    /// The other two give the remainder of the 32-bit hash by `buckets`.
    #[must_use]
    pub fn of(&self, user: &UserIdRef<'_>) -> u32 {
        let id = user.to_string();
        let bytes = |separator: &'static [u8]| {
            self.salt.bytes().chain(separator.iter().copied()).chain(id.bytes()).collect::<Vec<u8>>()
        };
        let remainder = |hash: u32| hash.checked_rem(self.buckets).unwrap_or(0);
        match self.hash {
            BucketHash::Userops => {
                let hash = mix(fnv1a_64(&bytes(b"\0")));
                // The product shifted by 64 is below `buckets`, so that it fits.
                ((u128::from(hash) * u128::from(self.buckets)) >> u64::BITS) as u32
            }
            BucketHash::Fnv1a => remainder(fnv1a_32(&bytes(b"."))),
            BucketHash::Murmur3 => remainder(murmur3_32(&bytes(b"."))),
        }
    }
}

/// FNV-1a of 32 bits. Source: G. Fowler, L. C. Noll, K.-P. Vo, D. Eastlake, "The FNV Non-Cryptographic Hash Algorithm".
fn fnv1a_32(bytes: &[u8]) -> u32 {
    const OFFSET_BASIS: u32 = 0x811c_9dc5;
    const PRIME: u32 = 0x0100_0193;
    bytes.iter().fold(OFFSET_BASIS, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(PRIME))
}

/// FNV-1a of 64 bits, of the same source.
fn fnv1a_64(bytes: &[u8]) -> u64 {
    const OFFSET_BASIS: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    bytes.iter().fold(OFFSET_BASIS, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(PRIME))
}

/// The finaliser of SplitMix64, since the high bits of FNV alone hardly depend on the last bytes. Source: S. Vigna,
/// `splitmix64.c`.
fn mix(hash: u64) -> u64 {
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// MurmurHash3_x86_32 with seed 0. Source: A. Appleby, `MurmurHash3.cpp`.
fn murmur3_32(bytes: &[u8]) -> u32 {
    let scramble = |block: u32| block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
    let little_endian = |bytes: &[u8]| bytes.iter().rev().fold(0, |block: u32, byte| (block << 8) | u32::from(*byte));
    let blocks = bytes.chunks_exact(4);
    let rest = scramble(little_endian(blocks.remainder()));
    let hash = blocks.fold(0u32, |hash, block| {
        (hash ^ scramble(little_endian(block))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64)
    });
    let hash = hash ^ rest ^ bytes.len() as u32;
    let hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    let hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the test vectors of the FNV reference code (also in draft-eastlake-fnv, appendix).
    #[test]
    fn fnv1a_gives_its_published_values() {
        for (text, narrow, wide) in [
            ("", 0x811c_9dc5, 0xcbf2_9ce4_8422_2325),
            ("a", 0xe40c_292c, 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0xbf9c_f968, 0x8594_4171_f739_67e8),
        ] {
            assert_eq!((fnv1a_32(text.as_bytes()), fnv1a_64(text.as_bytes())), (narrow, wide), "{text:?}");
        }
    }

    /// Source: the table of MurmurHash3 test values on Wikipedia; "a" and "foobar" by an independent program.
    #[test]
    fn murmur3_gives_its_published_values() {
        for (text, hash) in [
            ("", 0),
            ("a", 0x3c25_69b2),
            ("test", 0xba6b_d213),
            ("foobar", 0xa4c4_d4bd),
            ("Hello, world!", 0xc036_3e43),
            ("The quick brown fox jumps over the lazy dog", 0x2e4f_f723),
        ] {
            assert_eq!(murmur3_32(text.as_bytes()), hash, "{text:?}");
        }
    }

    /// The buckets by an independent program.
    #[test]
    fn a_user_falls_into_the_same_bucket_everywhere() {
        for (salt, id, userops, fnv1a, murmur3) in [
            ("exp", "user-1", 292, 435, 974),
            ("exp", "42", 254, 56, 446),
            ("", "ann", 535, 780, 12),
            ("checkout_color", "8f3c", 142, 221, 972),
            ("实验", "甲", 695, 596, 399),
        ] {
            let of = |hash, id: UserIdRef<'_>| Bucket { salt: salt.to_owned(), buckets: 1000, hash }.of(&id);
            let all = |id| [BucketHash::Userops, BucketHash::Fnv1a, BucketHash::Murmur3].map(|hash| of(hash, id));
            assert_eq!(all(UserIdRef::Text(id)), [userops, fnv1a, murmur3], "{salt:?} {id:?}");
            if let Ok(number) = id.parse() {
                assert_eq!(all(UserIdRef::Integer(number)), [userops, fnv1a, murmur3]);
            }
        }
    }

    /// Of 16,000 users, how many fall into each pair of buckets, four by one salt and four by another.
    fn pairs(hash: BucketHash) -> [[u32; 4]; 4] {
        let bucket = |salt: &str| Bucket { salt: salt.to_owned(), buckets: 4, hash };
        let (one, other) = (bucket("one"), bucket("other"));
        let mut counts = [[0; 4]; 4];
        for user in 0..16_000 {
            let user = UserIdRef::Integer(user);
            counts[one.of(&user) as usize][other.of(&user) as usize] += 1;
        }
        counts
    }

    #[test]
    fn buckets_are_about_equally_full() {
        for hash in [BucketHash::Userops, BucketHash::Fnv1a, BucketHash::Murmur3] {
            let counts = pairs(hash).map(|others| others.iter().sum::<u32>());
            // The standard deviation of a bucket is about 55.
            assert!(counts.iter().all(|count| count.abs_diff(4_000) < 280), "{hash:?} {counts:?}");
        }
        assert_eq!(Bucket { salt: String::new(), buckets: 0, hash: BucketHash::Murmur3 }.of(&UserIdRef::Integer(1)), 0);
    }

    /// Not so by FNV-1a, whose lowest bits hardly mix.
    #[test]
    fn salts_split_independently() {
        for hash in [BucketHash::Userops, BucketHash::Murmur3] {
            let counts = pairs(hash);
            // The standard deviation of a cell is about 31.
            assert!(counts.as_flattened().iter().all(|count| count.abs_diff(1_000) < 160), "{hash:?} {counts:?}");
        }
    }
}
