//! Texts side by side in one buffer, sorted dictionaries of them, and the hash table that finds their codes.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;
use hashbrown::HashTable;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Texts stored end to end in one buffer. Serde writes a sequence of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextArena {
    /// `len + 1` byte positions, ascending, the first 0.
    ends: Vec<u64>,
    bytes: String,
}

impl Default for TextArena {
    fn default() -> Self {
        Self { ends: vec![0], bytes: String::new() }
    }
}

impl TextArena {
    /// An arena with room for this many texts of this many bytes in all.
    #[must_use]
    pub fn with_capacity(texts: usize, bytes: usize) -> Self {
        let mut ends = Vec::with_capacity(texts + 1);
        ends.push(0);
        Self { ends, bytes: String::with_capacity(bytes) }
    }

    /// Appends a text.
    #[inline]
    pub fn push(&mut self, text: &str) {
        self.bytes.push_str(text);
        self.ends.push(self.bytes.len() as u64);
    }

    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len() - 1
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of all texts together.
    #[must_use]
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// A text by position, or `None` past the end.
    #[inline]
    #[must_use]
    pub fn get(&self, index: usize) -> Option<&str> {
        let end = *self.ends.get(index + 1)? as usize;
        self.bytes.get(self.ends[index] as usize..end)
    }

    /// A text by position, empty past the end: for positions that are known to be there.
    #[inline]
    pub(crate) fn text(&self, index: usize) -> &str {
        self.get(index).unwrap_or_default()
    }

    /// All texts, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + '_ {
        (0..self.len()).map(|index| self.text(index))
    }

    /// Where `text` is, or where it would go, in an arena whose texts ascend.
    ///
    /// # Errors
    /// The position at which it could be inserted, as the standard library's binary search says it.
    pub fn binary_search(&self, text: &str) -> Result<usize, usize> {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            match self.text(middle).cmp(text) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
                std::cmp::Ordering::Equal => return Ok(middle),
            }
        }
        Err(low)
    }

    /// The positions of the texts in ascending order of text.
    pub(crate) fn sorted_order(&self) -> Vec<u32> {
        // The first eight bytes decide nearly all comparisons without a look at the buffer.
        let mut keyed: Vec<(u64, u32)> =
            self.iter().enumerate().map(|(index, text)| (prefix_key(text), index as u32)).collect();
        keyed.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.text(a.1 as usize).cmp(self.text(b.1 as usize))));
        keyed.into_iter().map(|(_, index)| index).collect()
    }
}

/// The first eight bytes as a number that sorts as they do; shorter texts are padded with zeros.
fn prefix_key(text: &str) -> u64 {
    let bytes = text.as_bytes();
    let mut key = [0u8; 8];
    let len = bytes.len().min(8);
    key[..len].copy_from_slice(&bytes[..len]);
    u64::from_be_bytes(key)
}

impl<T: AsRef<str>> FromIterator<T> for TextArena {
    fn from_iter<I: IntoIterator<Item = T>>(texts: I) -> Self {
        let mut arena = Self::default();
        texts.into_iter().for_each(|text| arena.push(text.as_ref()));
        arena
    }
}

impl Serialize for TextArena {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de> Deserialize<'de> for TextArena {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Vec::<String>::deserialize(deserializer)?.into_iter().collect())
    }
}

/// Distinct texts, ascending; the position of a text is its code.
///
/// Sorted codes make the codes of equal content equal, whatever order it came in.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Dictionary {
    texts: TextArena,
}

impl Dictionary {
    /// How many texts there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The text of a code, or `None` where there is no such code.
    #[inline]
    #[must_use]
    pub fn get(&self, code: u32) -> Option<&str> {
        self.texts.get(code as usize)
    }

    /// The code of a text, or `None` where the text does not occur.
    #[must_use]
    pub fn code(&self, text: &str) -> Option<u32> {
        self.texts.binary_search(text).ok().and_then(|index| u32::try_from(index).ok())
    }

    /// All texts, ascending.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> + Clone + '_ {
        (0..self.len()).map(|index| self.texts.text(index))
    }

    /// The texts themselves.
    #[must_use]
    pub fn texts(&self) -> &TextArena {
        &self.texts
    }

    /// The texts themselves, owned.
    #[must_use]
    pub fn into_texts(self) -> TextArena {
        self.texts
    }
}

impl<'de> Deserialize<'de> for Dictionary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = TextArena::deserialize(deserializer)?;
        if !texts.iter().is_sorted_by(|a, b| a < b) {
            return Err(D::Error::custom("the texts of a dictionary are distinct and ascend"));
        }
        Ok(Self { texts })
    }
}

/// Gives each distinct text a code, in order of first appearance.
#[derive(Debug, Clone, Default)]
pub struct Interner {
    table: HashTable<u32>,
    hasher: RandomState,
    texts: TextArena,
}

impl Interner {
    /// The code of a text, a new one where it was not seen before. The caller limits the number of texts to `u32`.
    #[inline]
    pub fn intern(&mut self, text: &str) -> u32 {
        let Self { table, hasher, texts } = self;
        let hash = hasher.hash_one(text);
        let entry = table.entry(
            hash,
            |code| texts.text(*code as usize) == text,
            |code| hasher.hash_one(texts.text(*code as usize)),
        );
        match entry {
            hashbrown::hash_table::Entry::Occupied(entry) => *entry.get(),
            hashbrown::hash_table::Entry::Vacant(entry) => {
                let code = texts.len() as u32;
                entry.insert(code);
                texts.push(text);
                code
            }
        }
    }

    /// The code of a text; `None` where it was not seen before.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<u32> {
        let hash = self.hasher.hash_one(text);
        self.table.find(hash, |code| self.texts.text(*code as usize) == text).copied()
    }

    /// The texts in order of code.
    #[must_use]
    pub fn texts(&self) -> &TextArena {
        &self.texts
    }

    /// How many distinct texts were seen.
    #[must_use]
    pub fn len(&self) -> usize {
        self.texts.len()
    }

    /// Whether none was.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// The texts in order of code, without the hash table.
    #[must_use]
    pub fn into_texts(self) -> TextArena {
        self.texts
    }

    /// The sorted dictionary, and for each code given out its code there.
    #[must_use]
    pub fn into_sorted(self) -> (Dictionary, Vec<u32>) {
        let order = self.texts.sorted_order();
        let mut sorted_code = vec![0; order.len()];
        let mut texts = TextArena::with_capacity(order.len(), self.texts.byte_len());
        for (code, &index) in order.iter().enumerate() {
            sorted_code[index as usize] = code as u32;
            texts.push(self.texts.text(index as usize));
        }
        (Dictionary { texts }, sorted_code)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_dictionary_does_not_depend_on_the_order_of_arrival(texts in prop::collection::vec("[a-c\u{0}é]{0,10}", 0..60)) {
            let mut interner = Interner::default();
            let codes: Vec<u32> = texts.iter().map(|text| interner.intern(text)).collect();
            let (dictionary, sorted_code) = interner.into_sorted();
            let naive: BTreeSet<&str> = texts.iter().map(String::as_str).collect();
            prop_assert_eq!(dictionary.iter().collect::<Vec<_>>(), naive.into_iter().collect::<Vec<_>>());
            for (text, code) in texts.iter().zip(codes) {
                prop_assert_eq!(dictionary.code(text), Some(sorted_code[code as usize]));
                prop_assert_eq!(dictionary.get(sorted_code[code as usize]), Some(text.as_str()));
            }
            prop_assert_eq!(dictionary.code("zz"), None);
        }
    }

    #[test]
    fn a_dictionary_out_of_order_is_refused() {
        assert!(serde_json::from_str::<Dictionary>(r#"["b","a"]"#).is_err());
        assert!(serde_json::from_str::<Dictionary>(r#"["a","a"]"#).is_err());
    }
}
