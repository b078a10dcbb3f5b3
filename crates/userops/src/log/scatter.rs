//! Moves columns from order of arrival to order of user, at the speed of memory.

use rayon::prelude::*;

use crate::column::{Bitmap, Packed};

/// Rows in one block of the target: 8-byte values of a block fit the second-level cache, and a row's place within its
/// block fits a `u16`.
const BLOCK_BITS: u32 = 16;
const BLOCK_ROWS: usize = 1 << BLOCK_BITS;

/// Columns with fewer than one known value in this many rows move value by value, not as whole columns.
const SPARSE_RATIO: usize = 8;

/// Where each row of each chunk goes.
///
/// A direct scatter would miss the cache at every row. Instead each chunk first groups its values by block of the
/// target, writing a few hundred streams side by side, and then each block is filled from its groups while it is in
/// the cache. The groups' layout depends on rows alone, so it is worked out once for all columns.
#[derive(Debug)]
pub(crate) struct Placement {
    row_count: usize,
    chunks: Vec<ChunkPlacement>,
}

#[derive(Debug)]
struct ChunkPlacement {
    /// The target of each row.
    targets: Vec<u32>,
    /// Where each block's group begins; one more than there are blocks.
    group_starts: Vec<u32>,
    /// Place within the block, in order of group.
    places: Vec<u16>,
}

impl Placement {
    /// A placement by the target row of each row of each chunk: together a permutation of `0..row_count`.
    pub(crate) fn new(row_count: usize, targets: Vec<Vec<u32>>) -> Self {
        let blocks = row_count.div_ceil(BLOCK_ROWS);
        let chunks = targets.into_par_iter().map(|targets| ChunkPlacement::new(targets, blocks)).collect();
        Self { row_count, chunks }
    }

    /// How many rows there are.
    pub(crate) fn row_count(&self) -> usize {
        self.row_count
    }

    /// The target of each row, chunk by chunk.
    pub(crate) fn targets(&self) -> impl Iterator<Item = &[u32]> {
        self.chunks.iter().map(|chunk| chunk.targets.as_slice())
    }

    /// Moves a column without unknown values, given chunk by chunk; each value passes through `map` on the way.
    pub(crate) fn scatter<S, T>(&self, sources: &[&[S]], map: impl Fn(usize, S) -> T + Sync) -> Vec<T>
    where
        S: Copy + Send + Sync,
        T: Copy + Default + Send + Sync,
    {
        self.scatter_as(sources, map, |value| value)
    }

    /// As [`Placement::scatter`], with a smaller type on the way: `group`, then `widen`.
    fn scatter_as<S, G, T>(
        &self,
        sources: &[&[S]],
        group: impl Fn(usize, S) -> G + Sync,
        widen: impl Fn(G) -> T + Sync,
    ) -> Vec<T>
    where
        S: Copy + Send + Sync,
        G: Copy + Default + Send + Sync,
        T: Copy + Default + Send + Sync,
    {
        let grouped: Vec<Vec<G>> = self
            .chunks
            .par_iter()
            .zip(sources.par_iter())
            .enumerate()
            .map(|(index, (chunk, source))| chunk.group(source, |value| group(index, value)))
            .collect();
        let mut target = vec![T::default(); self.row_count];
        target.par_chunks_mut(BLOCK_ROWS).enumerate().for_each(|(block, rows)| {
            for (chunk, values) in self.chunks.iter().zip(&grouped) {
                chunk.fill_block(block, values, rows, &widen);
            }
        });
        target
    }

    /// Moves a column of which some values may be unknown.
    pub(crate) fn scatter_packed<S, T>(&self, sources: &[&Packed<S>], map: impl Fn(usize, S) -> T + Sync) -> Packed<T>
    where
        S: Copy + Send + Sync,
        T: Copy + Default + Send + Sync,
    {
        let known: usize = sources.iter().map(|source| source.known_count()).sum();
        if known == self.row_count {
            let dense: Vec<&[S]> = sources.iter().map(|source| source.values()).collect();
            return self.scatter(&dense, map).into();
        }
        if known < self.row_count / SPARSE_RATIO {
            return self.scatter_sparse(sources, map);
        }
        let dense: Vec<Vec<Option<S>>> = sources.par_iter().map(|source| source.iter().collect()).collect();
        let dense: Vec<&[Option<S>]> = dense.iter().map(Vec::as_slice).collect();
        self.scatter(&dense, |chunk, value| value.map(|value| map(chunk, value))).into_iter().collect()
    }

    /// Moves codes, each mapped by its chunk's table into `0..code_count`. Codes of small dictionaries travel as bytes.
    pub(crate) fn scatter_codes<S, T>(&self, sources: &[&[S]], tables: &[Vec<u32>], code_count: usize) -> Vec<T>
    where
        S: Copy + Send + Sync + TryInto<usize>,
        T: Copy + Default + Send + Sync + From<u8> + TryFrom<u32>,
    {
        let look_up = |chunk: usize, code: S| {
            let code = code.try_into().unwrap_or_default();
            tables[chunk][code]
        };
        if code_count <= 1 << u8::BITS {
            return self.scatter_as(sources, |chunk, code| look_up(chunk, code) as u8, T::from);
        }
        self.scatter(sources, |chunk, code| T::try_from(look_up(chunk, code)).unwrap_or_default())
    }

    fn scatter_sparse<S, T>(&self, sources: &[&Packed<S>], map: impl Fn(usize, S) -> T + Sync) -> Packed<T>
    where
        S: Copy + Send + Sync,
        T: Copy + Send + Sync,
    {
        let mut moved: Vec<(u32, T)> = Vec::with_capacity(sources.iter().map(|source| source.known_count()).sum());
        for (index, (chunk, source)) in self.chunks.iter().zip(sources).enumerate() {
            let rows = source.known().map(|known| known.ones().collect::<Vec<_>>());
            let rows = rows.unwrap_or_else(|| (0..source.len()).collect());
            let values = rows.into_iter().zip(source.values());
            moved.extend(values.map(|(row, value)| (chunk.targets[row], map(index, *value))));
        }
        moved.par_sort_unstable_by_key(|(target, _)| *target);
        let mut words = vec![0u64; self.row_count.div_ceil(64)];
        for (target, _) in &moved {
            words[*target as usize / 64] |= 1 << (target % 64);
        }
        let values = moved.into_iter().map(|(_, value)| value).collect();
        Packed::from_parts(Bitmap::from_words(words, self.row_count), values)
    }
}

impl ChunkPlacement {
    fn new(targets: Vec<u32>, blocks: usize) -> Self {
        let mut group_starts = vec![0u32; blocks + 1];
        for target in &targets {
            group_starts[(target >> BLOCK_BITS) as usize + 1] += 1;
        }
        for block in 0..blocks {
            group_starts[block + 1] += group_starts[block];
        }
        let mut chunk = Self { targets, group_starts, places: Vec::new() };
        chunk.places = chunk.group(&chunk.targets, |target| target as u16);
        chunk
    }

    /// The values in order of the block that they go to, in order of arrival within a block.
    fn group<S: Copy, T: Copy + Default>(&self, source: &[S], map: impl Fn(S) -> T) -> Vec<T> {
        let mut cursors = self.group_starts.clone();
        let mut grouped = vec![T::default(); source.len()];
        for (target, value) in self.targets.iter().zip(source) {
            let cursor = &mut cursors[(target >> BLOCK_BITS) as usize];
            grouped[*cursor as usize] = map(*value);
            *cursor += 1;
        }
        grouped
    }

    fn fill_block<G: Copy, T>(&self, block: usize, grouped: &[G], rows: &mut [T], widen: impl Fn(G) -> T) {
        let group = self.group_starts[block] as usize..self.group_starts[block + 1] as usize;
        for (value, place) in grouped[group.clone()].iter().zip(&self.places[group]) {
            rows[usize::from(*place)] = widen(*value);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn scattering_is_the_permutation_it_is_given(
            (rows, cut, salt) in (1usize..200_000).prop_flat_map(|rows| (Just(rows), 0..=rows, any::<u64>())),
            one_in in 1u64..20,
        ) {
            let mut order: Vec<u32> = (0..rows as u32).collect();
            order.sort_by_key(|row| (u64::from(*row) ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15));
            let source: Vec<Option<u64>> =
                (0..rows as u64).map(|row| (row.wrapping_mul(salt | 1) >> 8).is_multiple_of(one_in).then_some(row * 3)).collect();
            let mut expected = vec![None; rows];
            for (row, target) in order.iter().enumerate() {
                expected[*target as usize] = source[row].map(|value| value + 1);
            }
            let placement = Placement::new(rows, vec![order[..cut].to_vec(), order[cut..].to_vec()]);
            let parts: [Packed<u64>; 2] = [source[..cut].iter().copied().collect(), source[cut..].iter().copied().collect()];
            let moved = placement.scatter_packed(&[&parts[0], &parts[1]], |_, value| value + 1);
            prop_assert_eq!(moved, expected.into_iter().collect());
        }
    }
}
