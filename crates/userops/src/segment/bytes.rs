//! Segments as bytes in the portable format of Roaring bitmaps.

use roaring::RoaringBitmap;

use super::Segment;
use super::set::index_end;
use crate::error::{Error, ErrorKind, Result};

/// The first four bytes where no container is of runs.
const COOKIE_PLAIN: u32 = 12_346;
/// The lower half of the first four bytes where some are; the upper half is the number of containers less one.
const COOKIE_RUNS: u32 = 12_347;
/// The most containers there can be: one for each value of a user's upper 16 bits.
const CONTAINERS_MAX: u32 = 1 << 16;
/// Bytes that a container takes at least: its description of four bytes and a value of two.
const CONTAINER_BYTES_MIN: usize = 6;

impl Segment {
    /// The members' indices in Roaring's portable format, which its libraries in other languages read as well.
    ///
    /// The bytes do not tell which log they are of: keep them beside it, or beside its number of users.
    /// See <https://github.com/RoaringBitmap/RoaringFormatSpec>.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut members = self.members.clone();
        members.optimize();
        let mut bytes = Vec::with_capacity(members.serialized_size());
        // Writing into memory does not fail; were it to, the bytes would be cut short and not be read again.
        let _ = members.serialize_into(&mut bytes);
        bytes
    }

    /// The segment of these bytes, out of so many users.
    ///
    /// Everything is checked: the header, the order and sizes of the containers, that no byte is left over, and that
    /// every member is among the users. Memory stays within a small multiple of the bytes, whatever they claim.
    ///
    /// # Errors
    /// `InvalidFormat`, saying what is wrong and where.
    pub fn from_bytes(bytes: &[u8], user_count: usize) -> Result<Self> {
        check_header(bytes)?;
        let mut rest = bytes;
        let members = RoaringBitmap::deserialize_from(&mut rest).map_err(|error| {
            invalid(bytes, &format!("at byte {} at the latest: {error}", bytes.len() - rest.len())).caused_by(error)
        })?;
        if !rest.is_empty() {
            return Err(invalid(bytes, &format!("{} bytes follow after its end", rest.len())));
        }
        match members.max() {
            Some(user) if user >= index_end(user_count) => Err(invalid(
                bytes,
                &format!(
                    "it holds user {user}, and there are {user_count} users: it is of another log, or of a later state of it"
                ),
            )),
            _ => Ok(Self { members, user_count }),
        }
    }
}

/// Refuses a first word that no writer writes, and a number of containers that the bytes cannot hold.
fn check_header(bytes: &[u8]) -> Result<()> {
    let word = |at: usize| -> Result<u32> {
        match bytes.get(at..at + 4) {
            Some(&[a, b, c, d]) => Ok(u32::from_le_bytes([a, b, c, d])),
            _ => Err(invalid(bytes, "it ends within its header")),
        }
    };
    let cookie = word(0)?;
    let containers = match cookie {
        COOKIE_PLAIN => word(4)?,
        cookie if cookie & 0xffff == COOKIE_RUNS => (cookie >> 16) + 1,
        _ => return Err(invalid(bytes, &format!("it begins with {cookie}, not with {COOKIE_PLAIN} or {COOKIE_RUNS}"))),
    };
    let held = bytes.len() / CONTAINER_BYTES_MIN;
    if containers > CONTAINERS_MAX || containers as usize > held {
        return Err(invalid(bytes, &format!("its header claims {containers} containers, where it can hold {held}")));
    }
    Ok(())
}

fn invalid(bytes: &[u8], what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidFormat,
        format!("these {} bytes are no segment in Roaring's portable format: {what}", bytes.len()),
    )
}
