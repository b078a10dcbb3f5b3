//! A stretch of accepted events in order of arrival, in columns: what ingest hands over and freezing sorts.

use crate::column::{Bitmap, BitmapBuilder, Interner, Packed, TextArena};
use crate::value::ValueType;

/// Accepted events in order of arrival. All columns have the same length.
#[derive(Debug)]
pub(crate) struct Chunk {
    pub(crate) users: ChunkUsers,
    pub(crate) time: Vec<i64>,
    /// The names that occur, in any order; `name` holds positions in it.
    pub(crate) names: TextArena,
    pub(crate) name: Vec<u16>,
    pub(crate) amount: Packed<i64>,
    /// One column per property of the plan, in its order.
    pub(crate) properties: Vec<ChunkColumn>,
    pub(crate) ids: Option<ChunkIds>,
}

/// The user of each event.
#[derive(Debug)]
pub(crate) enum ChunkUsers {
    Integer(Vec<i64>),
    /// Positions in `texts`, which are distinct and in any order.
    Text {
        codes: Vec<u32>,
        texts: TextArena,
    },
}

/// The ids of the events that have one: the n-th known row has the n-th text.
#[derive(Debug, Default)]
pub(crate) struct ChunkIds {
    pub(crate) known: Bitmap,
    pub(crate) texts: TextArena,
}

/// A property of each event; texts are codes into the chunk's own texts, in any order.
#[derive(Debug)]
pub(crate) enum ChunkColumn {
    Bool(Packed<bool>),
    Integer(Packed<i64>),
    Float(Packed<f64>),
    Text { codes: Packed<u32>, texts: TextArena },
    Time(Packed<i64>),
    Date(Packed<i32>),
}

impl ChunkColumn {
    pub(crate) fn value_type(&self) -> ValueType {
        match self {
            Self::Bool(_) => ValueType::Bool,
            Self::Integer(_) => ValueType::Integer,
            Self::Float(_) => ValueType::Float,
            Self::Text { .. } => ValueType::Text,
            Self::Time(_) => ValueType::Time,
            Self::Date(_) => ValueType::Date,
        }
    }

    fn retain(&mut self, keep: &Bitmap) {
        match self {
            Self::Bool(values) => *values = retain_packed(values, keep),
            Self::Integer(values) | Self::Time(values) => *values = retain_packed(values, keep),
            Self::Float(values) => *values = retain_packed(values, keep),
            Self::Text { codes, texts } => {
                *codes = retain_packed(codes, keep);
                let moved = prune(texts, codes.values().iter().copied());
                *codes = codes.map(|code| moved[code as usize]);
            }
            Self::Date(values) => *values = retain_packed(values, keep),
        }
    }
}

impl Chunk {
    pub(crate) fn len(&self) -> usize {
        self.time.len()
    }

    /// Leaves out the events whose bit is not set.
    pub(crate) fn retain(&mut self, keep: &Bitmap) {
        match &mut self.users {
            ChunkUsers::Integer(ids) => retain_dense(ids, keep),
            ChunkUsers::Text { codes, texts } => {
                retain_dense(codes, keep);
                let moved = prune(texts, codes.iter().copied());
                codes.iter_mut().for_each(|code| *code = moved[*code as usize]);
            }
        }
        retain_dense(&mut self.time, keep);
        retain_dense(&mut self.name, keep);
        let moved = prune(&mut self.names, self.name.iter().copied().map(u32::from));
        self.name.iter_mut().for_each(|code| *code = moved[usize::from(*code)] as u16);
        self.amount = retain_packed(&self.amount, keep);
        self.properties.iter_mut().for_each(|column| column.retain(keep));
        if let Some(ids) = &mut self.ids {
            let kept = |row: &usize| keep.get(*row);
            let texts = ids.known.ones().enumerate().filter(|(_, row)| kept(row)).map(|(rank, _)| ids.texts.text(rank));
            let texts = texts.collect();
            let known = (0..ids.known.len()).filter(kept).map(|row| ids.known.get(row)).collect();
            *ids = ChunkIds { known, texts };
        }
    }
}

/// Leaves out the texts that no code names, and gives the new code of each text that stays: a user, name or value of
/// nothing but rejected rows is not in the log.
fn prune(texts: &mut TextArena, codes: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut used = vec![false; texts.len()];
    codes.for_each(|code| used[code as usize] = true);
    let mut kept = TextArena::default();
    let mut moved = vec![0; texts.len()];
    for (code, text) in texts.iter().enumerate().filter(|(code, _)| used[*code]) {
        moved[code] = kept.len() as u32;
        kept.push(text);
    }
    *texts = kept;
    moved
}

fn retain_dense<T>(values: &mut Vec<T>, keep: &Bitmap) {
    let mut row = 0;
    values.retain(|_| {
        row += 1;
        keep.get(row - 1)
    });
}

fn retain_packed<T: Copy>(values: &Packed<T>, keep: &Bitmap) -> Packed<T> {
    values.iter().zip(keep.iter()).filter(|(_, keep)| *keep).map(|(value, _)| value).collect()
}

/// Collects a column of which some values may be unknown. The bitmap begins with the first unknown value.
#[derive(Debug)]
pub(crate) struct PackedBuilder<T> {
    known: Option<BitmapBuilder>,
    values: Vec<T>,
}

impl<T> Default for PackedBuilder<T> {
    fn default() -> Self {
        Self { known: None, values: Vec::new() }
    }
}

impl<T: Copy> PackedBuilder<T> {
    #[inline]
    pub(crate) fn push(&mut self, value: Option<T>) {
        match (value, &mut self.known) {
            (Some(value), None) => self.values.push(value),
            (Some(value), Some(known)) => {
                known.push(true);
                self.values.push(value);
            }
            (None, _) => self.push_unknown(1),
        }
    }

    pub(crate) fn reserve(&mut self, rows: usize) {
        self.values.reserve(rows);
    }

    pub(crate) fn push_unknown(&mut self, count: usize) {
        if count == 0 {
            return;
        }
        let all_known = self.values.len();
        let known = self.known.get_or_insert_with(|| {
            let mut known = BitmapBuilder::default();
            known.push_many(true, all_known);
            known
        });
        known.push_many(false, count);
    }

    pub(crate) fn extend_known(&mut self, values: impl ExactSizeIterator<Item = T>) {
        if let Some(known) = &mut self.known {
            known.push_many(true, values.len());
        }
        self.values.extend(values);
    }

    pub(crate) fn finish(self) -> Packed<T> {
        match self.known {
            None => self.values.into(),
            Some(known) => Packed::from_parts(known.finish(), self.values),
        }
    }
}

impl ChunkUsers {
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Integer(ids) => ids.is_empty(),
            Self::Text { codes, .. } => codes.is_empty(),
        }
    }

    /// Integers that a table by value would not fit, as codes: the distinct ids and a code per row.
    pub(crate) fn intern_integers(ids: &[i64]) -> (Vec<i64>, Vec<u32>) {
        let mut codes = hashbrown::HashMap::<i64, u32, foldhash::fast::RandomState>::default();
        let mut distinct = Vec::new();
        let of_row = ids
            .iter()
            .map(|id| {
                *codes.entry(*id).or_insert_with(|| {
                    distinct.push(*id);
                    (distinct.len() - 1) as u32
                })
            })
            .collect();
        (distinct, of_row)
    }
}

/// Joins dictionaries that were made apart: the sorted whole, and for each part its codes there.
pub(crate) fn join_texts<'a>(
    parts: impl IntoIterator<Item = &'a TextArena>,
) -> (crate::column::Dictionary, Vec<Vec<u32>>) {
    let mut interner = Interner::default();
    let first_codes: Vec<Vec<u32>> =
        parts.into_iter().map(|texts| texts.iter().map(|text| interner.intern(text)).collect()).collect();
    let (dictionary, sorted_code) = interner.into_sorted();
    let codes = first_codes.into_iter().map(|codes| codes.into_iter().map(|code| sorted_code[code as usize]).collect());
    (dictionary, codes.collect())
}
