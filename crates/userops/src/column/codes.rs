//! The codes of a text column: bytes where a dictionary is small, as most are.

use serde::{Serialize, Serializer};

use super::{Packed, PackedCursor};

/// So many texts have codes of a byte.
const NARROW_MAX: usize = 1 << u8::BITS;

/// The codes of a text column, of which some may be unknown: what reads them reads no more memory than it has to.
///
/// Equal codes are equal, however wide they are. Serde writes a sequence with null for unknown.
#[derive(Debug, Clone)]
pub enum Codes {
    /// A byte each, where the dictionary has at most 256 texts.
    Narrow(Packed<u8>),
    /// Four bytes each.
    Wide(Packed<u32>),
}

/// Calls a method of [`Packed`] on whatever the codes are.
macro_rules! with_packed {
    ($codes:expr, $packed:ident => $body:expr) => {
        match $codes {
            Codes::Narrow($packed) => $body,
            Codes::Wide($packed) => $body,
        }
    };
}

impl Codes {
    /// Codes into a dictionary of so many texts.
    #[must_use]
    pub fn new(codes: Packed<u32>, texts: usize) -> Self {
        match Self::is_narrow(texts) {
            true => Self::Narrow(codes.map(|code| code as u8)),
            false => Self::Wide(codes),
        }
    }

    /// Whether the codes of so many texts fit a byte.
    pub(crate) fn is_narrow(texts: usize) -> bool {
        texts <= NARROW_MAX
    }

    /// How many rows there are, known or not.
    #[must_use]
    pub fn len(&self) -> usize {
        with_packed!(self, codes => codes.len())
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows are known.
    #[must_use]
    pub fn known_count(&self) -> usize {
        with_packed!(self, codes => codes.known_count())
    }

    /// Whether the code in this row is known; not where it is out of range.
    #[must_use]
    pub fn is_known(&self, row: usize) -> bool {
        with_packed!(self, codes => codes.is_known(row))
    }

    /// The code in this row, or `None` where it is unknown or out of range.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> Option<u32> {
        match self {
            Self::Narrow(codes) => codes.get(row).map(u32::from),
            Self::Wide(codes) => codes.get(row),
        }
    }

    /// All codes, in row order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<u32>> + '_ {
        let mut cursor = CodesCursor::new(self);
        (0..self.len()).map(move |row| cursor.get(row))
    }

    /// How many rows have each code, of those of a dictionary of so many texts.
    ///
    /// ```
    /// use userops::column::{Codes, Packed};
    ///
    /// let codes = Codes::new([Some(1), None, Some(1)].into_iter().collect::<Packed<u32>>(), 2);
    /// assert_eq!(codes.counts(2), [0, 2]);
    /// ```
    ///
    /// # Panics
    /// Where a code is past the dictionary.
    #[must_use]
    pub fn counts(&self, texts: usize) -> Vec<usize> {
        let mut counts = vec![0; texts];
        with_packed!(self, codes => codes.values().iter().for_each(|code| counts[*code as usize] += 1));
        counts
    }

    /// The codes as numbers of four bytes.
    #[must_use]
    pub fn to_wide(&self) -> Packed<u32> {
        match self {
            Self::Narrow(codes) => codes.map(u32::from),
            Self::Wide(codes) => codes.clone(),
        }
    }
}

impl Default for Codes {
    fn default() -> Self {
        Self::Narrow(Packed::default())
    }
}

impl PartialEq for Codes {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Narrow(a), Self::Narrow(b)) => a == b,
            (Self::Wide(a), Self::Wide(b)) => a == b,
            _ => self.len() == other.len() && self.iter().eq(other.iter()),
        }
    }
}

impl Serialize for Codes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        with_packed!(self, codes => codes.serialize(serializer))
    }
}

/// Reads codes in ascending order of row, as [`PackedCursor`] reads values.
#[derive(Debug, Clone)]
pub enum CodesCursor<'a> {
    /// Of a byte each.
    Narrow(PackedCursor<'a, u8>),
    /// Of four.
    Wide(PackedCursor<'a, u32>),
}

impl<'a> CodesCursor<'a> {
    /// A cursor at the first row.
    #[must_use]
    pub fn new(codes: &'a Codes) -> Self {
        match codes {
            Codes::Narrow(codes) => Self::Narrow(PackedCursor::new(codes)),
            Codes::Wide(codes) => Self::Wide(PackedCursor::new(codes)),
        }
    }

    /// The code in this row, or `None` where it is unknown or out of range. Rows may come in any order; ascending ones are fast.
    #[inline]
    pub fn get(&mut self, row: usize) -> Option<u32> {
        match self {
            Self::Narrow(cursor) => cursor.get(row).map(u32::from),
            Self::Wide(cursor) => cursor.get(row),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn width_changes_nothing(rows in prop::collection::vec(prop::option::of(0u32..256), 0..300)) {
            let packed: Packed<u32> = rows.iter().copied().collect();
            let (narrow, wide) = (Codes::new(packed.clone(), NARROW_MAX), Codes::new(packed.clone(), NARROW_MAX + 1));
            prop_assert!(matches!((&narrow, &wide), (Codes::Narrow(_), Codes::Wide(_))));
            let mut counts = vec![0; NARROW_MAX];
            rows.iter().flatten().for_each(|code| counts[*code as usize] += 1);
            for codes in [&narrow, &wide] {
                prop_assert_eq!(codes, &narrow);
                prop_assert_eq!(codes, &wide);
                prop_assert_eq!(codes.iter().collect::<Vec<_>>(), rows.clone());
                for row in 0..rows.len() + 1 {
                    let code = rows.get(row).copied().flatten();
                    prop_assert_eq!((codes.get(row), codes.is_known(row)), (code, code.is_some()));
                }
                prop_assert_eq!((codes.len(), codes.known_count()), (rows.len(), rows.iter().flatten().count()));
                prop_assert_eq!(&codes.to_wide(), &packed);
                prop_assert_eq!(codes.counts(NARROW_MAX), counts.clone());
                prop_assert_eq!(serde_json::to_string(codes).unwrap(), serde_json::to_string(&packed).unwrap());
            }
            let mut longer = rows.clone();
            longer.push(None);
            prop_assert_ne!(&wide, &Codes::new(longer.into_iter().collect(), NARROW_MAX));
        }
    }
}
