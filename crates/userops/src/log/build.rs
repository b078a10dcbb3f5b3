//! Freezes chunks of arrivals into a log, and merges two logs by the same way.

use std::ops::Range;

use rayon::prelude::*;

use super::chunk::{Chunk, ChunkColumn, ChunkIds, ChunkUsers, join_texts};
use super::dedupe::{DuplicateCounts, remove_duplicates};
use super::directory::index_users;
use super::scatter::Placement;
use super::{ActiveDays, EventIds, EventLog, LocalDays, NameRows};
use crate::attribute::AttributeTable;
use crate::column::{Bitmap, Codes, Column, Packed, TextArena, TextColumn};
use crate::error::{Result, limit_exceeded, type_mismatch};
use crate::event::{EventSchema, Field, Limits, NAMES_MAX};
use crate::value::ValueType;

/// Users that are worth a task of their own.
const CHUNK_USERS: usize = 1 << 14;

/// What freezing found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct FreezeCounts {
    pub(crate) duplicates: DuplicateCounts,
    /// Events whose time lies before that of an earlier arrival.
    pub(crate) late: u64,
}

/// Sorts arrivals into a log. `properties` names the columns that every chunk has, in their order; a column is of the
/// same type in all chunks. `attribute_users` are users to know even without events.
///
/// # Errors
/// `LimitExceeded` by name of the limit, or where the amounts together overflow 64 bits; `TypeMismatch` where chunks
/// disagree on the type of user ids.
pub(crate) fn freeze(
    schema: EventSchema,
    properties: &[Field],
    mut chunks: Vec<Chunk>,
    attribute_users: Option<ChunkUsers>,
) -> Result<(EventLog, Vec<u32>, FreezeCounts)> {
    chunks.retain(|chunk| chunk.len() > 0);
    let duplicates = remove_duplicates(&mut chunks);
    let row_count = check_rows(&chunks, &schema.limits)?;
    let late = count_late(&chunks);
    let span = time_span(&chunks);

    let mut users: Vec<ChunkUsers> = chunks.iter_mut().map(Chunk::take_users).collect();
    // No users are of no type: a table of attributes without a single good row does not clash with the events.
    users.extend(attribute_users.filter(|users| !users.is_empty()));
    let (directory, mut indexes) = index_users(users, schema.limits.users_max)?;
    let attribute_rows = if indexes.len() > chunks.len() { indexes.pop().unwrap_or_default() } else { Vec::new() };

    let (offsets, mut targets) = rank_rows(&indexes, directory.len());
    drop(indexes);
    if late > 0 {
        order_by_time(&chunks, &offsets, &mut targets);
    }
    let placement = Placement::new(row_count, targets);

    let (names, name) = move_names(&placement, &mut chunks, &schema.limits)?;
    let time = take_dense(&placement, &mut chunks, |chunk| std::mem::take(&mut chunk.time));
    let amounts: Vec<Packed<i64>> = chunks.iter_mut().map(|chunk| std::mem::take(&mut chunk.amount)).collect();
    let amount = placement.scatter_packed(&amounts.iter().collect::<Vec<_>>(), |_, minor| minor);
    drop(amounts);
    let mut columns = Vec::with_capacity(properties.len());
    for (index, property) in properties.iter().enumerate() {
        let parts: Vec<ChunkColumn> = chunks.iter_mut().map(|chunk| chunk.take_property(index)).collect();
        columns.push((property.name.clone(), move_column(&placement, property, &parts, &schema.limits)?));
    }
    columns.sort_by(|a, b| a.0.cmp(&b.0));
    let ids = move_ids(&placement, &chunks);

    let days = LocalDays::new(&time, span, schema.zone);
    let active_days = days.as_ref().and_then(|days| ActiveDays::new(&offsets, days, &time));
    let name_rows = NameRows::new(&name, names.len());
    let user_spans = [user_ends(&offsets, |rows| time[rows.start]), user_ends(&offsets, |rows| time[rows.end - 1])];
    let log = EventLog {
        schema,
        users: directory,
        offsets,
        time,
        span,
        user_spans,
        days,
        active_days,
        name,
        names,
        name_rows,
        amount,
        properties: columns,
        ids,
        attributes: AttributeTable::default(),
    };
    Ok((log, attribute_rows, FreezeCounts { duplicates, late }))
}

impl Chunk {
    fn take_users(&mut self) -> ChunkUsers {
        std::mem::replace(&mut self.users, ChunkUsers::Integer(Vec::new()))
    }

    fn take_property(&mut self, index: usize) -> ChunkColumn {
        std::mem::replace(&mut self.properties[index], ChunkColumn::Bool(Packed::default()))
    }
}

/// The number of rows, within the limit, whose amounts together fit 64 bits: no kernel that adds some of them can
/// overflow.
fn check_rows(chunks: &[Chunk], limits: &Limits) -> Result<usize> {
    let row_count: usize = chunks.iter().map(Chunk::len).sum();
    if row_count as u64 > limits.rows_max {
        return Err(limit_exceeded(format!(
            "{row_count} events are more than the limit rows_max = {}; raise it or split the log by user",
            limits.rows_max
        )));
    }
    let amounts = chunks.par_iter().flat_map_iter(|chunk| chunk.amount.values());
    let total: u128 = amounts.map(|minor| u128::from(minor.unsigned_abs())).sum();
    if total > i64::MAX as u128 {
        return Err(limit_exceeded(format!(
            "the amounts add up to {total} minor units, more than 64 bits hold ({}); state a coarser currency unit",
            i64::MAX
        )));
    }
    Ok(row_count)
}

/// A number for each user with events, 0 for others.
fn user_ends(offsets: &[u64], end: impl Fn(Range<usize>) -> i64 + Sync) -> Vec<i64> {
    let users = offsets.par_windows(2).with_min_len(CHUNK_USERS);
    let rows = users.map(|bounds| bounds[0] as usize..bounds[1] as usize);
    rows.map(|rows| if rows.is_empty() { 0 } else { end(rows) }).collect()
}

/// How many events come after one with a later time.
fn count_late(chunks: &[Chunk]) -> u64 {
    let mut latest = i64::MIN;
    let mut late = 0;
    for time in chunks.iter().flat_map(|chunk| &chunk.time) {
        late += u64::from(*time < latest);
        latest = latest.max(*time);
    }
    late
}

/// The first and the last instant; the greatest and the least number where there is none.
fn time_span(chunks: &[Chunk]) -> (i64, i64) {
    let span_of = |time: &[i64]| {
        time.iter().fold((i64::MAX, i64::MIN), |(first, last), time| (first.min(*time), last.max(*time)))
    };
    let spans = chunks.par_iter().map(|chunk| span_of(&chunk.time));
    spans.reduce(|| (i64::MAX, i64::MIN), |a, b| (a.0.min(b.0), a.1.max(b.1)))
}

/// The log's offsets, and the target of each row where rows are ordered by user, then arrival: a counting sort.
fn rank_rows(indexes: &[Vec<u32>], user_count: usize) -> (Vec<u64>, Vec<Vec<u32>>) {
    // One histogram per group of chunks, so that groups can be ranked side by side.
    let group = indexes.len().div_ceil(rayon::current_num_threads()).max(1);
    let mut counts: Vec<Vec<u32>> = indexes
        .par_chunks(group)
        .map(|chunks| {
            let mut counts = vec![0u32; user_count];
            chunks.iter().flatten().for_each(|user| counts[*user as usize] += 1);
            counts
        })
        .collect();
    let mut offsets = Vec::with_capacity(user_count + 1);
    let mut next = 0u32;
    for user in 0..user_count {
        offsets.push(u64::from(next));
        for group in &mut counts {
            next += std::mem::replace(&mut group[user], next);
        }
    }
    offsets.push(u64::from(next));
    let targets = indexes
        .par_chunks(group)
        .zip(&mut counts)
        .flat_map_iter(|(chunks, next)| {
            chunks.iter().map(|users| {
                users
                    .iter()
                    .map(|user| {
                        let next = &mut next[*user as usize];
                        *next += 1;
                        *next - 1
                    })
                    .collect()
            })
        })
        .collect();
    (offsets, targets)
}

/// Moves the targets within each user so that time ascends and ties keep their order of arrival.
fn order_by_time(chunks: &[Chunk], offsets: &[u64], targets: &mut [Vec<u32>]) {
    let placement = Placement::new(targets.iter().map(Vec::len).sum(), targets.to_vec());
    let times: Vec<&[i64]> = chunks.iter().map(|chunk| chunk.time.as_slice()).collect();
    let time = placement.scatter(&times, |_, time| time);
    drop(placement);
    // `moved[row]` is where the row goes that was ranked by arrival alone.
    let mut moved: Vec<u32> = (0..time.len() as u32).collect();
    let mut rest = moved.as_mut_slice();
    let mut slices = Vec::new();
    for rows in offsets.windows(2) {
        let (start, end) = (rows[0] as usize, rows[1] as usize);
        let (slice, after) = rest.split_at_mut(end - start);
        rest = after;
        if !time[start..end].is_sorted() {
            slices.push((start, slice));
        }
    }
    slices.into_par_iter().for_each(|(start, slice)| {
        let mut order: Vec<u32> = slice.to_vec();
        order.sort_by_key(|row| time[*row as usize]);
        for (position, row) in order.into_iter().enumerate() {
            slice[row as usize - start] = (start + position) as u32;
        }
    });
    targets.par_iter_mut().flatten().for_each(|target| *target = moved[*target as usize]);
}

fn take_dense<T: Copy + Default + Send + Sync>(
    placement: &Placement,
    chunks: &mut [Chunk],
    take: impl Fn(&mut Chunk) -> Vec<T>,
) -> Vec<T> {
    let parts: Vec<Vec<T>> = chunks.iter_mut().map(take).collect();
    placement.scatter(&parts.iter().map(Vec::as_slice).collect::<Vec<_>>(), |_, value| value)
}

fn move_names(
    placement: &Placement,
    chunks: &mut [Chunk],
    limits: &Limits,
) -> Result<(crate::column::Dictionary, Vec<u16>)> {
    let (names, codes) = join_texts(chunks.iter().map(|chunk| &chunk.names));
    let names_max = limits.names_max.min(NAMES_MAX as u64);
    if names.len() as u64 > names_max {
        return Err(limit_exceeded(format!(
            "{} event names are more than the limit names_max = {names_max}; is the event mapped to the right column?",
            names.len()
        )));
    }
    let parts: Vec<Vec<u16>> = chunks.iter_mut().map(|chunk| std::mem::take(&mut chunk.name)).collect();
    let parts: Vec<&[u16]> = parts.iter().map(Vec::as_slice).collect();
    let name = placement.scatter_codes(&parts, &codes, names.len());
    Ok((names, name))
}

/// Moves a property, whose parts must all be of its type.
fn move_column(placement: &Placement, property: &Field, parts: &[ChunkColumn], limits: &Limits) -> Result<Column> {
    let Field { name, value_type } = property;
    if let Some(other) = parts.iter().map(ChunkColumn::value_type).find(|other| other != value_type) {
        return Err(type_mismatch(format!(
            "the property {name:?} is {value_type} in one input and {other} in another; declare its type"
        )));
    }
    macro_rules! packed {
        ($kind:ident) => {{
            let parts: Vec<_> = parts
                .iter()
                .filter_map(|part| if let ChunkColumn::$kind(values) = part { Some(values) } else { None })
                .collect();
            Column::$kind(placement.scatter_packed(&parts, |_, value| value))
        }};
    }
    Ok(match value_type {
        ValueType::Bool => packed!(Bool),
        ValueType::Integer => packed!(Integer),
        ValueType::Float => packed!(Float),
        ValueType::Time => packed!(Time),
        ValueType::Date => packed!(Date),
        ValueType::Text => {
            let parts: Vec<(&Packed<u32>, &TextArena)> = parts
                .iter()
                .filter_map(
                    |part| if let ChunkColumn::Text { codes, texts } = part { Some((codes, texts)) } else { None },
                )
                .collect();
            let (dictionary, codes) = join_texts(parts.iter().map(|(_, texts)| *texts));
            if dictionary.len() as u64 > limits.texts_max {
                return Err(limit_exceeded(format!(
                    "{} distinct texts of the property {name:?} are more than the limit texts_max = {}",
                    dictionary.len(),
                    limits.texts_max
                )));
            }
            let parts: Vec<&Packed<u32>> = parts.into_iter().map(|(codes, _)| codes).collect();
            let look_up = |chunk: usize, code: u32| codes[chunk][code as usize];
            let codes = match Codes::is_narrow(dictionary.len()) {
                true => Codes::Narrow(placement.scatter_packed(&parts, |chunk, code| look_up(chunk, code) as u8)),
                false => Codes::Wide(placement.scatter_packed(&parts, look_up)),
            };
            Column::Text(TextColumn { codes, dictionary })
        }
    })
}

/// Puts the ids in row order: each row asks for its arrival. None where no event has an id, whether or not there was a
/// column of them.
fn move_ids(placement: &Placement, chunks: &[Chunk]) -> Option<EventIds> {
    if chunks.iter().all(|chunk| chunk.ids.as_ref().is_none_or(|ids| ids.texts.is_empty())) {
        return None;
    }
    let mut arrivals = vec![(0u32, 0u32); placement.row_count()];
    for (chunk, targets) in placement.targets().enumerate() {
        for (row, target) in targets.iter().enumerate() {
            arrivals[*target as usize] = (chunk as u32, row as u32);
        }
    }
    let id_of = |(chunk, row): (u32, u32)| {
        let ids: &ChunkIds = chunks[chunk as usize].ids.as_ref()?;
        ids.known.get(row as usize).then(|| ids.texts.text(ids.known.rank(row as usize)))
    };
    let known: Bitmap = arrivals.iter().map(|arrival| id_of(*arrival).is_some()).collect();
    let texts: TextArena = arrivals.iter().filter_map(|arrival| id_of(*arrival)).collect();
    Some(EventIds { known, texts })
}

impl EventLog {
    pub(crate) fn set_attributes(&mut self, attributes: AttributeTable) {
        self.attributes = attributes;
    }
}
