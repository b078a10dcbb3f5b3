//! Coerces batches into a chunk of accepted events, column by column.

use std::sync::Arc;

use super::builder::{ColumnBuilder, UserBuilder};
use super::coerce::{TimeReader, dictionary_codes, text_codes, to_amount, to_text};
use super::mapping::EventName;
use super::plan::{Plan, find};
use super::raw::{RawBatch, RawColumn, RawData, RawValue};
use super::report::{Record, RejectReason, Rejection, check_rejections, shorten};
use crate::column::{Bitmap, BitmapBuilder, Interner, TextArena};
use crate::error::{ErrorKind, Result, limit_exceeded};
use crate::event::NAMES_MAX;
use crate::log::{Chunk, ChunkIds, PackedBuilder};
use crate::time::Timestamp;

/// A finished part of an ingest, ready for [`Ingest::append`](super::Ingest::append).
#[derive(Debug)]
pub struct IngestChunk {
    pub(super) plan: Arc<Plan>,
    pub(super) chunk: Chunk,
    pub(super) read: u64,
    pub(super) rejections: Vec<Rejection>,
    pub(super) refusal: Refusal,
}

/// The limit that was exceeded, in words. What exceeded it is incomplete, so nothing may be made of it.
#[derive(Debug, Default)]
pub(super) struct Refusal(Option<String>);

impl Refusal {
    /// The error again, where there was one.
    pub(super) fn check(&self) -> Result<()> {
        self.0.as_deref().map_or(Ok(()), |message| Err(limit_exceeded(message)))
    }

    /// Remembers a limit that was exceeded; other errors leave everything as it was.
    pub(super) fn note<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && error.kind() == ErrorKind::LimitExceeded
        {
            self.0 = Some(error.to_string());
        }
        result
    }
}

impl IngestChunk {
    /// The same chunk with the number of each rejected row raised by `rows_before`: for a part of a source that was
    /// coerced, its rows numbered from 1, before it was known how many rows come before it.
    #[must_use]
    pub fn after_rows(mut self, rows_before: u64) -> Self {
        self.rejections.iter_mut().for_each(|rejection| rejection.row += rows_before);
        self
    }

    /// How many rows were read into it, rejected ones included.
    #[must_use]
    pub fn rows_read(&self) -> u64 {
        self.read
    }
}

/// Coerces batches, one after the other, into one chunk. Builders of one plan may work side by side.
#[derive(Debug)]
pub struct ChunkBuilder {
    plan: Arc<Plan>,
    users: UserBuilder,
    time: Vec<i64>,
    names: Interner,
    name: Vec<u16>,
    amount: PackedBuilder<i64>,
    properties: Vec<ColumnBuilder>,
    ids: Option<(BitmapBuilder, TextArena)>,
    read: u64,
    rejections: Vec<Rejection>,
    /// Rows of the chunk that hold a rejected row's place until the chunk is finished, ascending.
    dropped: Vec<usize>,
    refusal: Refusal,
}

/// What is wrong with one value of a batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fault {
    pub(super) row: usize,
    /// Position of the column in order of preference to be named; see [`Plan::columns`].
    pub(super) column: usize,
    pub(super) reason: RejectReason,
}

impl ChunkBuilder {
    /// A builder of an empty chunk.
    #[must_use]
    pub fn new(plan: Arc<Plan>) -> Self {
        Self {
            users: UserBuilder::new(plan.user_type),
            time: Vec::new(),
            names: Interner::default(),
            name: Vec::new(),
            amount: PackedBuilder::default(),
            properties: plan.properties.iter().map(|field| ColumnBuilder::new(field.value_type)).collect(),
            ids: plan.mapping.id.is_some().then(Default::default),
            read: 0,
            rejections: Vec::new(),
            dropped: Vec::new(),
            refusal: Refusal::default(),
            plan,
        }
    }

    /// Makes room for this many rows more, where their number is known: columns that grow are copied as they do.
    pub fn reserve(&mut self, rows: usize) {
        self.users.reserve(rows);
        self.time.reserve(rows);
        self.name.reserve(rows);
        self.properties.iter_mut().for_each(|property| property.reserve(rows));
    }

    /// How many rows were pushed, rejected ones included.
    #[must_use]
    pub fn row_count(&self) -> usize {
        self.time.len()
    }

    /// Appends a batch.
    ///
    /// # Errors
    /// `MissingColumn` where the batch lacks a column of the plan; `InvalidArgument` where its columns differ in
    /// length; either way the batch is left out as a whole. `LimitExceeded` for more event names, distinct texts or
    /// rejected rows than the schema allows: the builder then takes nothing more, and its chunk will not be appended.
    pub fn push(&mut self, batch: &RawBatch<'_>) -> Result<()> {
        self.refusal.check()?;
        self.plan.check(batch)?;
        let pushed = self.push_columns(batch);
        self.refusal.note(pushed)
    }

    fn push_columns(&mut self, batch: &RawBatch<'_>) -> Result<()> {
        let plan = Arc::clone(&self.plan);
        let mapping = &plan.mapping;
        let limits = &plan.schema.limits;
        let mut faults = Vec::new();
        let position = |name: &str| plan.columns.iter().position(|column| **column == *name).unwrap_or_default();
        let mut fault = |row: usize, column: &str, reason| faults.push(Fault { row, column: position(column), reason });

        let user = find(batch, &mapping.user, "user")?;
        self.users.push(user, limits.id_bytes_max, |row, reason| fault(row, &mapping.user, reason));
        let time = find(batch, &mapping.time.column, "time")?;
        push_times(&mut self.time, time, &plan.times, |row, reason| fault(row, &mapping.time.column, reason));
        self.push_names(batch, &plan, &mut fault)?;
        self.push_amounts(batch, &plan, &mut fault)?;
        self.push_ids(batch, &plan, &mut fault)?;
        for ((builder, field), name) in self.properties.iter_mut().zip(&plan.properties).zip(&plan.property_columns) {
            let column = find(batch, name, "property")?;
            builder.push(column, &plan.times, limits.text_bytes_max, |row, reason| fault(row, name, reason));
            builder.check_texts(&field.name, limits.texts_max)?;
        }
        self.reject(batch, &plan, faults);
        check_rejections(&self.rejections, limits.rejections_max)
    }

    fn push_names(
        &mut self,
        batch: &RawBatch<'_>,
        plan: &Plan,
        fault: &mut impl FnMut(usize, &str, RejectReason),
    ) -> Result<()> {
        let schema = &plan.schema;
        let EventName::Column(column_name) = &plan.mapping.event else {
            if let EventName::Constant(name) = &plan.mapping.event {
                let code = self.names.intern(name) as u16;
                self.name.resize(self.name.len() + batch.row_count(), code);
            }
            return Ok(());
        };
        let accept = |name: &str| match name {
            "" => Err(RejectReason::Missing),
            name if name.len() as u64 > schema.limits.text_bytes_max => Err(RejectReason::TooLong),
            name if !schema.events.is_empty() && !schema.events.iter().any(|known| known == name) => {
                Err(RejectReason::UnknownEvent)
            }
            _ => Ok(()),
        };
        let column = find(batch, column_name, "event")?;
        if let Some((table, codes)) = dictionary_codes(column, &mut self.names, accept) {
            self.name.extend(codes.iter().map(|code| table[*code as usize] as u16));
        } else {
            let names = &mut self.name;
            text_codes(column, &mut self.names, accept, |row, code| {
                let code = code.and_then(|code| code.ok_or(RejectReason::Missing));
                names.push(code.unwrap_or_else(|reason| {
                    fault(row, column_name, reason);
                    0
                }) as u16);
            });
        }
        let names_max = schema.limits.names_max.min(NAMES_MAX as u64);
        if self.names.len() as u64 > names_max {
            return Err(limit_exceeded(format!(
                "{}: the column {column_name:?} holds {} event names, more than the limit names_max = {names_max}; is \
                 the event mapped to the right column?",
                batch.source(),
                self.names.len()
            )));
        }
        Ok(())
    }

    fn push_amounts(
        &mut self,
        batch: &RawBatch<'_>,
        plan: &Plan,
        fault: &mut impl FnMut(usize, &str, RejectReason),
    ) -> Result<()> {
        let Some(mapping) = &plan.mapping.amount else {
            self.amount.push_unknown(batch.row_count());
            return Ok(());
        };
        let column = find(batch, &mapping.column, "amount")?;
        let mut currency =
            mapping.currency.as_deref().map(|name| Ok((name, find(batch, name, "currency")?))).transpose()?;
        let mut next = 0;
        for row in present_rows(column) {
            let Some(value) = column.get(row) else { continue };
            let amount = to_amount(value, plan.amounts).unwrap_or_else(|reason| {
                fault(row, &mapping.column, reason);
                None
            });
            if let (Some(_), Some((name, codes))) = (amount, &mut currency) {
                match codes.get(row) {
                    Some(RawValue::Text(code)) if code == plan.schema.currency.code() => {}
                    None | Some(RawValue::Text("")) => fault(row, name, RejectReason::Missing),
                    Some(RawValue::Text(_)) => fault(row, name, RejectReason::OtherCurrency),
                    Some(_) => fault(row, name, RejectReason::WrongType),
                }
            }
            self.amount.push_unknown(row - next);
            self.amount.push(amount);
            next = row + 1;
        }
        self.amount.push_unknown(column.len() - next);
        Ok(())
    }

    fn push_ids(
        &mut self,
        batch: &RawBatch<'_>,
        plan: &Plan,
        fault: &mut impl FnMut(usize, &str, RejectReason),
    ) -> Result<()> {
        let (Some(name), Some((known, texts))) = (&plan.mapping.id, &mut self.ids) else { return Ok(()) };
        let column = find(batch, name, "id")?;
        let mut buffer = String::new();
        for row in 0..column.len() {
            let id = match column.get(row) {
                None => Ok(""),
                Some(value) => to_text(value, &mut buffer),
            };
            match id {
                Ok(id) if id.len() as u64 <= plan.schema.limits.id_bytes_max => {
                    known.push(!id.is_empty());
                    if !id.is_empty() {
                        texts.push(id);
                    }
                }
                faulty => {
                    known.push(false);
                    fault(row, name, faulty.err().unwrap_or(RejectReason::TooLong));
                }
            }
        }
        Ok(())
    }

    /// Notes which of the rows just pushed are rejected, each by the first of its faults in order of the columns.
    fn reject(&mut self, batch: &RawBatch<'_>, plan: &Plan, mut faults: Vec<Fault>) {
        self.read += (batch.row_count() + batch.faults().len()) as u64;
        let first_row = self.time.len() - batch.row_count();
        faults.sort_by_key(|fault| (fault.row, fault.column));
        faults.dedup_by_key(|fault| fault.row);
        self.dropped.extend(faults.iter().map(|fault| first_row + fault.row));
        self.rejections.extend(rejections(batch, &plan.columns, &faults));
    }

    /// The chunk, without the rejected rows.
    #[must_use]
    pub fn finish(self) -> IngestChunk {
        // What was refused has columns of several lengths.
        let rows = if self.refusal.0.is_none() { self.time.len() } else { 0 };
        let mut chunk = Chunk {
            users: self.users.finish(),
            time: self.time,
            names: self.names.into_texts(),
            name: self.name,
            amount: self.amount.finish(),
            properties: self.properties.into_iter().map(ColumnBuilder::finish).collect(),
            ids: self.ids.map(|(known, texts)| ChunkIds { known: known.finish(), texts }),
        };
        if rows > 0 && !self.dropped.is_empty() {
            let mut dropped = self.dropped.into_iter().peekable();
            let keep: Bitmap = (0..rows).map(|row| dropped.next_if_eq(&row).is_none()).collect();
            chunk.retain(&keep);
        }
        IngestChunk { plan: self.plan, chunk, read: self.read, rejections: self.rejections, refusal: self.refusal }
    }
}

/// The rejections of a batch: rows with a fault, and rows that could not be split into columns.
pub(super) fn rejections(batch: &RawBatch<'_>, columns: &[Arc<str>], faults: &[Fault]) -> Vec<Rejection> {
    if faults.is_empty() && batch.faults().is_empty() {
        return Vec::new();
    }
    let source: Arc<str> = batch.source().into();
    let text = |row: usize, column: &str| batch.column(column)?.get(row).map(|value| value.to_string());
    let of_values = faults.iter().map(|fault| Rejection {
        source: Arc::clone(&source),
        row: batch.row_number(fault.row),
        field: Arc::clone(&columns[fault.column]),
        reason: fault.reason,
        text: shorten(&text(fault.row, &columns[fault.column]).unwrap_or_default()),
        record: Record::Fields(
            columns.iter().filter_map(|column| Some((Arc::clone(column), text(fault.row, column)?))).collect(),
        ),
    });
    let of_lines = batch.faults().iter().map(|fault| Rejection {
        source: Arc::clone(&source),
        row: fault.row,
        field: "".into(),
        reason: fault.reason,
        text: shorten(&fault.line),
        record: Record::Line(fault.line.clone()),
    });
    of_values.chain(of_lines).collect()
}

/// The rows whose values may be there: most amounts are missing, and are passed over 64 at a time.
fn present_rows<'a>(column: &'a RawColumn<'_>) -> Box<dyn Iterator<Item = usize> + 'a> {
    match column.valid() {
        Some(valid) => Box::new(valid.ones()),
        None => Box::new(0..column.len()),
    }
}

fn push_times(
    time: &mut Vec<i64>,
    column: &RawColumn<'_>,
    reader: &TimeReader,
    mut fault: impl FnMut(usize, RejectReason),
) {
    time.reserve(column.len());
    if let (RawData::Time { values, unit, zoned: true }, None) = (column.data(), column.valid()) {
        // The usual case of typed columns, without a look at each value's type.
        let checked = |value: &i64| unit.to_micros(*value).and_then(Timestamp::checked);
        for (row, value) in values.iter().enumerate() {
            time.push(checked(value).map_or_else(
                || {
                    fault(row, RejectReason::TimeOutOfRange);
                    0
                },
                Timestamp::as_micros,
            ));
        }
        return;
    }
    for row in 0..column.len() {
        let instant = column.get(row).ok_or(RejectReason::Missing).and_then(|value| reader.read(value));
        time.push(instant.unwrap_or_else(|reason| {
            fault(row, reason);
            0
        }));
    }
}
