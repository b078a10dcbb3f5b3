//! From the user ids of many chunks to one sorted directory and a dense index per row.

use std::ops::RangeInclusive;

use rayon::prelude::*;

use super::chunk::{ChunkUsers, join_texts};
use crate::column::{Bitmap, TextArena};
use crate::error::{Result, limit_exceeded, type_mismatch};
use crate::id::UserDirectory;

/// Integer ids get a table by value where it has at most this many bits per row: two bytes, less than an id takes.
const TABLE_BITS_PER_ROW: u64 = 16;
/// A table this small is used whatever the number of rows.
const TABLE_BITS_ALWAYS: u64 = 1 << 20;

/// The directory of all users of all chunks, and the index of each row's user, chunk by chunk. Frees the ids.
///
/// # Errors
/// `TypeMismatch` where some ids are integers and some texts; `LimitExceeded` above `users_max`.
pub(crate) fn index_users(chunks: Vec<ChunkUsers>, users_max: u64) -> Result<(UserDirectory, Vec<Vec<u32>>)> {
    let mut integers = Vec::new();
    let mut texts = Vec::new();
    let chunk_count = chunks.len();
    for chunk in chunks {
        match chunk {
            ChunkUsers::Integer(ids) => integers.push(ids),
            ChunkUsers::Text { codes, texts: ids } => texts.push((codes, ids)),
        }
    }
    let (directory, indexes) = match (integers.len(), texts.len()) {
        (_, 0) => index_integers(integers)?,
        (0, _) => index_texts(texts)?,
        _ => {
            return Err(type_mismatch(format!(
                "{} of {chunk_count} inputs have integer user ids and {} have text ones; declare one type of user id in the mapping",
                integers.len(),
                texts.len()
            )));
        }
    };
    if directory.len() as u64 > users_max {
        return Err(limit_exceeded(format!(
            "{} users are more than the limit users_max = {users_max}; raise it or split the input by user",
            directory.len()
        )));
    }
    Ok((directory, indexes))
}

fn index_integers(chunks: Vec<Vec<i64>>) -> Result<(UserDirectory, Vec<Vec<u32>>)> {
    let rows: usize = chunks.iter().map(Vec::len).sum();
    let bounds = chunks
        .par_iter()
        .filter_map(|ids| Some((*ids.iter().min()?, *ids.iter().max()?)))
        .reduce_with(|a, b| (a.0.min(b.0), a.1.max(b.1)));
    let Some((min, max)) = bounds else {
        return Ok((UserDirectory::default(), chunks.iter().map(|_| Vec::new()).collect()));
    };
    let bits = max.abs_diff(min).saturating_add(1);
    if bits <= TABLE_BITS_ALWAYS.max((rows as u64).saturating_mul(TABLE_BITS_PER_ROW)) {
        return index_by_table(chunks, min..=max);
    }
    let coded: Vec<(Vec<i64>, Vec<u32>)> =
        chunks.into_par_iter().map(|ids| ChunkUsers::intern_integers(&ids)).collect();
    let mut ids: Vec<i64> = coded.iter().flat_map(|(distinct, _)| distinct).copied().collect();
    ids.par_sort_unstable();
    ids.dedup();
    let indexes = coded
        .into_par_iter()
        .map(|(distinct, mut codes)| {
            let index_of: Vec<u32> = distinct.iter().map(|id| ids.partition_point(|known| known < id) as u32).collect();
            codes.iter_mut().for_each(|code| *code = index_of[*code as usize]);
            codes
        })
        .collect();
    Ok((UserDirectory::from_sorted_integers(ids)?, indexes))
}

/// Ids that lie close together: a bit per possible id, and the index of an id is the number of bits before its own.
fn index_by_table(chunks: Vec<Vec<i64>>, ids: RangeInclusive<i64>) -> Result<(UserDirectory, Vec<Vec<u32>>)> {
    let (min, bits) = (*ids.start(), ids.end().abs_diff(*ids.start()) as usize + 1);
    let place = |id: i64| id.wrapping_sub(min) as u64 as usize;
    let group = chunks.len().div_ceil(rayon::current_num_threads()).max(1);
    let words = chunks
        .par_chunks(group)
        .map(|chunks| {
            let mut words = vec![0u64; bits.div_ceil(64)];
            for id in chunks.iter().flatten() {
                words[place(*id) / 64] |= 1 << (place(*id) % 64);
            }
            words
        })
        .reduce_with(|mut a, b| {
            a.iter_mut().zip(b).for_each(|(a, b)| *a |= b);
            a
        });
    let table = Bitmap::from_words(words.unwrap_or_default(), bits);
    let directory = table.ones().map(|place| min.wrapping_add(place as i64)).collect();
    let ranks: Vec<u32> = table
        .words()
        .iter()
        .scan(0u32, |before, word| {
            let rank = *before;
            *before += word.count_ones();
            Some(rank)
        })
        .collect();
    let index_of = |id: i64| {
        let place = place(id);
        let below = table.words()[place / 64] & ((1 << (place % 64)) - 1);
        ranks[place / 64] + below.count_ones()
    };
    let indexes = chunks.into_par_iter().map(|ids| ids.into_iter().map(index_of).collect()).collect();
    Ok((UserDirectory::from_sorted_integers(directory)?, indexes))
}

fn index_texts(chunks: Vec<(Vec<u32>, TextArena)>) -> Result<(UserDirectory, Vec<Vec<u32>>)> {
    let (directory, code_maps) = join_texts(chunks.iter().map(|(_, texts)| texts));
    let indexes = chunks
        .into_par_iter()
        .zip(code_maps)
        .map(|((mut codes, _), index_of)| {
            codes.iter_mut().for_each(|code| *code = index_of[*code as usize]);
            codes
        })
        .collect();
    Ok((UserDirectory::from_sorted_texts(directory.into_texts())?, indexes))
}
