//! A column that stores only its known values.

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::bitmap::ones_of_words;
use super::{Bitmap, BitmapBuilder};

/// Values in row order, of which some may be unknown; only known ones are stored.
///
/// Without a bitmap every value is known and `values` is the column itself. With one, the value of a row is found by
/// counting the known rows before it, in O(1). Serde writes a sequence with null for unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct Packed<T> {
    known: Option<Bitmap>,
    values: Vec<T>,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Self { known: None, values: Vec::new() }
    }
}

impl<T> From<Vec<T>> for Packed<T> {
    fn from(values: Vec<T>) -> Self {
        Self { known: None, values }
    }
}

impl<T: Copy> Packed<T> {
    /// A column of `len` unknown values.
    #[must_use]
    pub fn unknown(len: usize) -> Self {
        Self::from_parts(Bitmap::from_words(Vec::new(), len), Vec::new())
    }

    /// A column from the bitmap of known rows and their values, in row order.
    ///
    /// Values beyond the bitmap's count of known rows are dropped; the bitmap is dropped where all are known, so that
    /// equal content is equal however it was made.
    #[must_use]
    pub(crate) fn from_parts(known: Bitmap, mut values: Vec<T>) -> Self {
        debug_assert_eq!(known.count_ones(), values.len());
        values.truncate(known.count_ones());
        Self { known: (known.count_ones() < known.len()).then_some(known), values }
    }

    /// How many rows there are, known or not.
    #[must_use]
    pub fn len(&self) -> usize {
        self.known.as_ref().map_or(self.values.len(), Bitmap::len)
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rows are known.
    #[must_use]
    pub fn known_count(&self) -> usize {
        self.values.len()
    }

    /// The value in this row, or `None` where it is unknown or out of range.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> Option<T> {
        match &self.known {
            None => self.values.get(row).copied(),
            Some(known) if known.get(row) => self.values.get(known.rank(row)).copied(),
            Some(_) => None,
        }
    }

    /// Whether the value in this row is known; not where it is out of range.
    #[inline]
    #[must_use]
    pub fn is_known(&self, row: usize) -> bool {
        match &self.known {
            None => row < self.values.len(),
            Some(known) => known.get(row),
        }
    }

    /// The bitmap of known rows, or `None` where all are known.
    #[must_use]
    pub fn known(&self) -> Option<&Bitmap> {
        self.known.as_ref()
    }

    /// The known values, in row order.
    #[must_use]
    pub fn values(&self) -> &[T] {
        &self.values
    }

    /// All values, in row order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Option<T>> + '_ {
        let mut next = 0;
        (0..self.len()).map(move |row| {
            let known = self.known.as_ref().is_none_or(|known| known.get(row));
            next += usize::from(known);
            known.then(|| self.values[next - 1])
        })
    }

    /// The part of `values()` that belongs to a range of rows.
    #[inline]
    #[must_use]
    pub fn values_in(&self, rows: std::ops::Range<usize>) -> &[T] {
        match &self.known {
            None => self.values.get(rows).unwrap_or_default(),
            Some(known) => self.values.get(known.rank(rows.start)..known.rank(rows.end)).unwrap_or_default(),
        }
    }

    /// The same column with each known value mapped.
    #[must_use]
    pub fn map<U: Copy>(&self, f: impl FnMut(T) -> U) -> Packed<U> {
        Packed { known: self.known.clone(), values: self.values.iter().copied().map(f).collect() }
    }
}

/// Reads a column in ascending order of row, without counting the known rows before each from the start.
#[derive(Debug, Clone)]
pub struct PackedCursor<'a, T> {
    column: &'a Packed<T>,
    row: usize,
    /// Known rows before `row`.
    rank: usize,
}

impl<'a, T: Copy> PackedCursor<'a, T> {
    /// Beyond this many rows ahead the bitmap's own directory is the shorter way.
    const STEP_ROWS_MAX: usize = 512;

    /// A cursor at the first row.
    #[must_use]
    pub fn new(column: &'a Packed<T>) -> Self {
        Self { column, row: 0, rank: 0 }
    }

    /// The value in this row, or `None` where it is unknown or out of range. Rows may come in any order; ascending
    /// ones are fast.
    #[inline]
    pub fn get(&mut self, row: usize) -> Option<T> {
        match &self.column.known {
            None => self.column.values.get(row).copied(),
            Some(known) if known.get(row) => {
                self.advance(known, row);
                self.column.values.get(self.rank).copied()
            }
            Some(_) => None,
        }
    }

    /// The known values of a range of rows, as [`Packed::values_in`].
    #[inline]
    pub fn values_in(&mut self, rows: std::ops::Range<usize>) -> &'a [T] {
        let Some(known) = &self.column.known else { return self.column.values.get(rows).unwrap_or_default() };
        self.advance(known, rows.start);
        let start = self.rank;
        self.advance(known, rows.end);
        self.column.values.get(start..self.rank).unwrap_or_default()
    }

    /// The known rows among the 64 from row `64 · word` on, least significant bit first, and their values.
    #[inline]
    pub(crate) fn word(&mut self, word: usize) -> (u64, &'a [T]) {
        const ROWS: usize = u64::BITS as usize;
        let rows = word * ROWS..(word * ROWS + ROWS).min(self.column.len());
        let known = match &self.column.known {
            None => u64::MAX,
            Some(known) => known.words().get(word).copied().unwrap_or(0),
        };
        (known, self.values_in(rows))
    }

    #[inline]
    fn advance(&mut self, known: &Bitmap, row: usize) {
        if row == self.row {
            return;
        }
        if row < self.row || row - self.row > Self::STEP_ROWS_MAX {
            self.rank = known.rank(row);
        } else {
            self.rank += known.count_ones_in(self.row..row);
        }
        self.row = row;
    }
}

impl<T: Copy> FromIterator<Option<T>> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = Option<T>>>(rows: I) -> Self {
        let rows = rows.into_iter();
        let mut all = PackedRows::with_capacity(rows.size_hint().0);
        rows.for_each(|value| all.push(value));
        PackedRows::join(vec![all])
    }
}

/// The values of some rows, collected one by one.
#[derive(Debug, Clone)]
pub(crate) struct PackedRows<T> {
    known: BitmapBuilder,
    values: Vec<T>,
}

impl<T: Copy> PackedRows<T> {
    /// Room for so many values: to grow is to ask for new memory, again and again.
    pub(crate) fn with_capacity(rows: usize) -> Self {
        Self { known: BitmapBuilder::with_capacity(rows), values: Vec::with_capacity(rows) }
    }

    /// Appends a row.
    #[inline]
    pub(crate) fn push(&mut self, value: Option<T>) {
        self.known.push(value.is_some());
        self.values.extend(value);
    }

    /// Appends up to 64 rows, after a multiple of 64 rows, of which `known` says by bits which have the value at their place.
    #[inline]
    pub(crate) fn push_block(&mut self, known: u64, rows: usize, values: &[T]) {
        self.known.push_word(known, rows);
        self.values.extend(ones_of_words(&[known]).map(|row| values[row]));
    }

    /// One column of some parts, each of which has a multiple of 64 rows, but the last.
    pub(crate) fn join(parts: Vec<Self>) -> Packed<T> {
        let rows: usize = parts.iter().map(|part| part.known.len()).sum();
        let count: usize = parts.iter().map(|part| part.values.len()).sum();
        let mut parts = parts.into_iter();
        let Some(Self { mut known, mut values }) = parts.next() else { return Packed::default() };
        values.reserve_exact(count - values.len());
        for part in parts {
            known.append(part.known);
            values.extend_from_slice(&part.values);
        }
        if count < rows / 2 {
            values.shrink_to_fit();
        }
        Packed::from_parts(known.finish(), values)
    }
}

impl<T: Copy + Serialize> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Copy + Deserialize<'de>> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let rows = Vec::<Option<T>>::deserialize(deserializer)
            .map_err(|error| D::Error::custom(format!("a column is a sequence of values or nulls: {error}")))?;
        Ok(rows.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn packed_equals_a_vector_of_options(
            rows in prop::collection::vec(prop::option::of(any::<i32>()), 0..700),
            start in 0usize..700,
            len in 0usize..700,
        ) {
            let packed: Packed<i32> = rows.iter().copied().collect();
            let mut by_blocks = PackedRows::with_capacity(rows.len());
            for block in rows.chunks(64) {
                let known = (0..).zip(block).fold(0, |word, (row, value)| word | u64::from(value.is_some()) << row);
                let values: Vec<i32> = block.iter().map(|value| value.unwrap_or(-1)).collect();
                by_blocks.push_block(known, block.len(), &values);
            }
            prop_assert_eq!(&PackedRows::join(vec![by_blocks]), &packed);
            prop_assert_eq!(packed.len(), rows.len());
            prop_assert_eq!(packed.iter().collect::<Vec<_>>(), rows.clone());
            for (row, value) in rows.iter().enumerate() {
                prop_assert_eq!(packed.get(row), *value);
            }
            prop_assert_eq!(packed.get(rows.len()), None);
            let range = start.min(rows.len())..(start + len).min(rows.len());
            let naive: Vec<i32> = rows[range.clone()].iter().flatten().copied().collect();
            prop_assert_eq!(packed.values_in(range.clone()), &naive[..]);
            let mut cursor = PackedCursor::new(&packed);
            for (row, value) in rows.iter().enumerate() {
                prop_assert_eq!(cursor.get(row), *value);
            }
            prop_assert_eq!(cursor.values_in(range), &naive[..], "backwards");
            let mut cursor = PackedCursor::new(&packed);
            let mut collected = Vec::new();
            for start in (0..rows.len()).step_by(1 + len % 70) {
                collected.extend_from_slice(cursor.values_in(start..(start + 1 + len % 70).min(rows.len())));
            }
            prop_assert_eq!(&collected[..], packed.values());
            let json = serde_json::to_string(&packed).unwrap();
            prop_assert_eq!(serde_json::from_str::<Packed<i32>>(&json).unwrap(), packed);
        }
    }
}
