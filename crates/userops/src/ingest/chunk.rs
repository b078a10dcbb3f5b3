//! Coerces batches into a chunk of accepted events, column by column.

use std::sync::Arc;

use super::coerce::{
    Coerced, TimeReader, check_readable, natural_type, text_codes, to_amount, to_bool, to_date, to_float, to_integer,
    to_text,
};
use super::mapping::{EventName, Mapping, Properties, UserIdType};
use super::raw::{RawBatch, RawColumn, RawData, RawValue};
use super::report::{Record, RejectReason, Rejection, shorten};
use crate::column::{Bitmap, BitmapBuilder, Interner, TextArena};
use crate::error::{Error, ErrorKind, Result, invalid_argument, limit_exceeded, name_hint, type_mismatch};
use crate::event::{EventSchema, Field, NAMES_MAX};
use crate::log::{Chunk, ChunkColumn, ChunkIds, ChunkUsers, PackedBuilder};
use crate::money::AmountReader;
use crate::time::{Calendar, TimeFormat, Timestamp, Zone};
use crate::value::ValueType;

/// Local times from 1990 to 2040 are read through a table; others ask the zone database.
const CALENDAR_FIRST: Timestamp = Timestamp::from_micros(631_152_000_000_000);
const CALENDAR_LAST: Timestamp = Timestamp::from_micros(2_208_988_800_000_000);

/// How the columns of batches become those of chunks: the mapping, with every type settled.
#[derive(Debug)]
pub struct Plan {
    schema: Arc<EventSchema>,
    mapping: Mapping,
    user_type: UserIdType,
    times: TimeReader,
    amounts: AmountReader,
    /// The properties, and the column of each.
    properties: Vec<Field>,
    property_columns: Vec<String>,
    /// Every column that is used, by name; a fault names one of them by its position.
    columns: Vec<Arc<str>>,
}

impl Plan {
    /// The plan for batches like this one.
    ///
    /// # Errors
    /// As [`Ingest::plan`](super::Ingest::plan).
    pub(super) fn new(schema: &Arc<EventSchema>, mapping: &Mapping, batch: &RawBatch<'_>) -> Result<Self> {
        for (column, role) in mapping.named_columns() {
            find(batch, column, role)?;
        }
        let user_type = user_type(batch, &mapping.user, mapping.user_type)?;
        check_time(batch, mapping)?;
        let amount = mapping.amount.as_ref();
        if let Some(amount) = amount {
            let readable = [ValueType::Integer, ValueType::Float, ValueType::Text];
            check_readable(&amount.column, find(batch, &amount.column, "amount")?, "amount", &readable)?;
        }
        let (properties, property_columns) = property_fields(schema, mapping, batch)?;
        let mut columns: Vec<Arc<str>> = Vec::new();
        let named = mapping.named_columns().into_iter().map(|(column, _)| column);
        for column in named.chain(property_columns.iter().map(String::as_str)) {
            if !columns.iter().any(|known| **known == *column) {
                columns.push(column.into());
            }
        }
        Ok(Self {
            user_type,
            times: time_reader(mapping.time.format, mapping.time.zone.unwrap_or(schema.zone)),
            amounts: amount.map_or_else(AmountReader::default, |amount| {
                AmountReader::new(schema.currency, amount.unit, amount.rounding)
            }),
            properties,
            property_columns,
            columns,
            schema: Arc::clone(schema),
            mapping: mapping.clone(),
        })
    }

    /// The properties that the log will have.
    #[must_use]
    pub fn properties(&self) -> &[Field] {
        &self.properties
    }

    /// The columns of the input that are used.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> + '_ {
        self.columns.iter().map(|column| &**column)
    }
}

pub(super) fn time_reader(format: TimeFormat, zone: Zone) -> TimeReader {
    TimeReader { format, calendar: Calendar::new(zone, CALENDAR_FIRST, CALENDAR_LAST) }
}

/// A column by name.
pub(super) fn find<'b, 'a>(batch: &'b RawBatch<'a>, name: &str, role: &str) -> Result<&'b RawColumn<'a>> {
    let column = batch.column(name).ok_or_else(|| {
        let columns = batch.columns().map(|(name, _)| name);
        let list = crate::error::name_list(columns.clone(), usize::MAX);
        let hint = match name_hint(name, columns) {
            hint if hint.contains("did you mean") => hint,
            _ => String::new(),
        };
        let message = format!("{}: no column {name:?} for {role}; the columns are {list}{hint}", batch.source());
        Error::new(ErrorKind::MissingColumn, message)
    })?;
    if column.len() != batch.row_count() {
        return Err(invalid_argument(format!(
            "{}: the column {name:?} has {} rows where the batch has {}",
            batch.source(),
            column.len(),
            batch.row_count()
        )));
    }
    Ok(column)
}

pub(super) fn user_type(batch: &RawBatch<'_>, name: &str, stated: Option<UserIdType>) -> Result<UserIdType> {
    let column = find(batch, name, "user")?;
    check_readable(name, column, "user", &[ValueType::Integer, ValueType::Float, ValueType::Text])?;
    Ok(stated.unwrap_or(match natural_type(column) {
        ValueType::Text => UserIdType::Text,
        _ => UserIdType::Integer,
    }))
}

fn check_time(batch: &RawBatch<'_>, mapping: &Mapping) -> Result<()> {
    let name = &mapping.time.column;
    let column = find(batch, name, "time")?;
    let readable = [ValueType::Time, ValueType::Date, ValueType::Text, ValueType::Integer, ValueType::Float];
    check_readable(name, column, "time", &readable)?;
    let numbers = matches!(column.data(), RawData::Integer(_) | RawData::Unsigned(_) | RawData::Float(_));
    let format = mapping.time.format;
    if numbers && matches!(format, TimeFormat::Auto | TimeFormat::Rfc3339 | TimeFormat::Date) {
        return Err(type_mismatch(format!(
            "the column {name:?} holds numbers, and the time format {format} does not say what they count; state \
             epoch_seconds, epoch_millis, epoch_micros or compact_date"
        )));
    }
    Ok(())
}

/// The properties of the log with their types, and the column of each.
fn property_fields(schema: &EventSchema, mapping: &Mapping, batch: &RawBatch<'_>) -> Result<(Vec<Field>, Vec<String>)> {
    let used: Vec<&str> = mapping.named_columns().into_iter().map(|(column, _)| column).collect();
    let listed: Vec<super::PropertyMapping> = match &mapping.properties {
        Properties::None => Vec::new(),
        Properties::Listed(listed) => listed.clone(),
        Properties::AllOthers => {
            let others = batch.columns().filter(|(name, _)| !used.contains(name));
            others.map(|(name, _)| super::PropertyMapping::from(name)).collect()
        }
    };
    let mut fields = Vec::with_capacity(listed.len());
    for property in &listed {
        let column = find(batch, &property.column, "property")?;
        let declared = property.value_type.or_else(|| schema.property_type(property.name()));
        let value_type = declared.unwrap_or_else(|| natural_type(column));
        check_readable(&property.column, column, "property", readable_as(value_type))?;
        fields.push(Field { name: property.name().to_owned(), value_type });
    }
    crate::event::check_names("property", fields.iter().map(|field| field.name.as_str()))?;
    Ok((fields, listed.into_iter().map(|property| property.column).collect()))
}

/// The natural types from which values of a type can be read.
pub(super) fn readable_as(value_type: ValueType) -> &'static [ValueType] {
    match value_type {
        ValueType::Bool => &[ValueType::Bool, ValueType::Integer, ValueType::Text],
        ValueType::Integer | ValueType::Float => &[ValueType::Integer, ValueType::Float, ValueType::Text],
        ValueType::Time | ValueType::Date => &[ValueType::Time, ValueType::Date, ValueType::Text],
        ValueType::Text => {
            &[ValueType::Text, ValueType::Bool, ValueType::Integer, ValueType::Float, ValueType::Time, ValueType::Date]
        }
    }
}

/// A finished part of an ingest, ready for [`Ingest::append`](super::Ingest::append).
#[derive(Debug)]
pub struct IngestChunk {
    pub(super) chunk: Chunk,
    pub(super) read: u64,
    pub(super) rejections: Vec<Rejection>,
    pub(super) columns: Vec<String>,
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
            plan,
        }
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
    /// length; `LimitExceeded` for more event names or distinct texts than the schema allows.
    pub fn push(&mut self, batch: &RawBatch<'_>) -> Result<()> {
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
        Ok(())
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
        let codes = &mut self.name;
        text_codes(find(batch, column_name, "event")?, &mut self.names, accept, |row, code| {
            let code = code.and_then(|code| code.ok_or(RejectReason::Missing));
            codes.push(code.unwrap_or_else(|reason| {
                fault(row, column_name, reason);
                0
            }) as u16);
        });
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
        for row in 0..column.len() {
            let amount = match column.get(row) {
                None => Ok(None),
                Some(value) => to_amount(value, plan.amounts),
            };
            let amount = amount.unwrap_or_else(|reason| {
                fault(row, &mapping.column, reason);
                None
            });
            self.amount.push(amount);
            if let (Some(_), Some((name, codes))) = (amount, &mut currency) {
                match codes.get(row) {
                    Some(RawValue::Text(code)) if code == plan.schema.currency.code() => {}
                    Some(RawValue::Text(_)) => fault(row, name, RejectReason::OtherCurrency),
                    Some(_) => fault(row, name, RejectReason::WrongType),
                    None => fault(row, name, RejectReason::Missing),
                }
            }
        }
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
        let rows = self.time.len();
        let mut chunk = Chunk {
            users: self.users.finish(),
            time: self.time,
            names: self.names.into_texts(),
            name: self.name,
            amount: self.amount.finish(),
            properties: self.properties.into_iter().map(ColumnBuilder::finish).collect(),
            ids: self.ids.map(|(known, texts)| ChunkIds { known: known.finish(), texts }),
        };
        if !self.dropped.is_empty() {
            let mut dropped = self.dropped.into_iter().peekable();
            let keep: Bitmap = (0..rows).map(|row| dropped.next_if_eq(&row).is_none()).collect();
            chunk.retain(&keep);
        }
        IngestChunk {
            chunk,
            read: self.read,
            rejections: self.rejections,
            columns: self.plan.columns().map(str::to_owned).collect(),
        }
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
        record: Record::Fields(columns.iter().map(|column| (Arc::clone(column), text(fault.row, column))).collect()),
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

fn push_times(
    time: &mut Vec<i64>,
    column: &RawColumn<'_>,
    reader: &TimeReader,
    mut fault: impl FnMut(usize, RejectReason),
) {
    time.reserve(column.len());
    for row in 0..column.len() {
        let instant = column.get(row).ok_or(RejectReason::Missing).and_then(|value| reader.read(value));
        time.push(instant.unwrap_or_else(|reason| {
            fault(row, reason);
            0
        }));
    }
}

/// Collects user ids.
#[derive(Debug)]
pub(super) enum UserBuilder {
    Integer(Vec<i64>),
    Text(Vec<u32>, Interner),
}

impl UserBuilder {
    pub(super) fn new(user_type: UserIdType) -> Self {
        match user_type {
            UserIdType::Integer => Self::Integer(Vec::new()),
            UserIdType::Text => Self::Text(Vec::new(), Interner::default()),
        }
    }

    pub(super) fn push(&mut self, column: &RawColumn<'_>, bytes_max: u64, mut fault: impl FnMut(usize, RejectReason)) {
        match self {
            Self::Integer(ids) => match (column.data(), column.valid()) {
                (RawData::Integer(values), None) => ids.extend_from_slice(values),
                _ => ids.extend((0..column.len()).map(|row| {
                    let id = match column.get(row) {
                        None | Some(RawValue::Text("")) => Err(RejectReason::Missing),
                        Some(value) => to_integer(value),
                    };
                    id.unwrap_or_else(|reason| {
                        fault(row, reason);
                        0
                    })
                })),
            },
            Self::Text(codes, interner) => {
                let accept = |id: &str| match id {
                    "" => Err(RejectReason::Missing),
                    id if id.len() as u64 > bytes_max => Err(RejectReason::TooLong),
                    _ => Ok(()),
                };
                text_codes(column, interner, accept, |row, code| {
                    let code = code.and_then(|code| code.ok_or(RejectReason::Missing));
                    codes.push(code.unwrap_or_else(|reason| {
                        fault(row, reason);
                        0
                    }));
                });
            }
        }
    }

    pub(super) fn finish(self) -> ChunkUsers {
        match self {
            Self::Integer(ids) => ChunkUsers::Integer(ids),
            Self::Text(codes, interner) => ChunkUsers::Text { codes, texts: interner.into_texts() },
        }
    }
}

/// Collects a property or attribute.
#[derive(Debug)]
pub(super) enum ColumnBuilder {
    Bool(PackedBuilder<bool>),
    Integer(PackedBuilder<i64>),
    Float(PackedBuilder<f64>),
    Text(PackedBuilder<u32>, Interner),
    Time(PackedBuilder<i64>),
    Date(PackedBuilder<i32>),
}

impl ColumnBuilder {
    pub(super) fn new(value_type: ValueType) -> Self {
        match value_type {
            ValueType::Bool => Self::Bool(PackedBuilder::default()),
            ValueType::Integer => Self::Integer(PackedBuilder::default()),
            ValueType::Float => Self::Float(PackedBuilder::default()),
            ValueType::Text => Self::Text(PackedBuilder::default(), Interner::default()),
            ValueType::Time => Self::Time(PackedBuilder::default()),
            ValueType::Date => Self::Date(PackedBuilder::default()),
        }
    }

    pub(super) fn push(
        &mut self,
        column: &RawColumn<'_>,
        times: &TimeReader,
        bytes_max: u64,
        mut fault: impl FnMut(usize, RejectReason),
    ) {
        match self {
            Self::Bool(builder) => push_values(builder, column, to_bool, fault),
            Self::Integer(builder) => push_values(builder, column, to_integer, fault),
            Self::Float(builder) => push_values(builder, column, to_float, fault),
            Self::Time(builder) => push_values(builder, column, |value| times.read(value), fault),
            Self::Date(builder) => push_values(builder, column, |value| to_date(value, times), fault),
            Self::Text(builder, interner) => {
                let accept =
                    |text: &str| if text.len() as u64 > bytes_max { Err(RejectReason::TooLong) } else { Ok(()) };
                text_codes(column, interner, accept, |row, code| {
                    builder.push(code.unwrap_or_else(|reason| {
                        fault(row, reason);
                        None
                    }));
                });
            }
        }
    }

    pub(super) fn check_texts(&self, name: &str, texts_max: u64) -> Result<()> {
        match self {
            Self::Text(_, interner) if interner.len() as u64 > texts_max => Err(limit_exceeded(format!(
                "{} distinct texts of {name:?} are more than the limit texts_max = {texts_max}",
                interner.len()
            ))),
            _ => Ok(()),
        }
    }

    pub(super) fn finish(self) -> ChunkColumn {
        match self {
            Self::Bool(builder) => ChunkColumn::Bool(builder.finish()),
            Self::Integer(builder) => ChunkColumn::Integer(builder.finish()),
            Self::Float(builder) => ChunkColumn::Float(builder.finish()),
            Self::Text(builder, interner) => {
                ChunkColumn::Text { codes: builder.finish(), texts: interner.into_texts() }
            }
            Self::Time(builder) => ChunkColumn::Time(builder.finish()),
            Self::Date(builder) => ChunkColumn::Date(builder.finish()),
        }
    }
}

/// Appends values of a type other than text, to which an empty text is unknown.
fn push_values<T: Copy>(
    builder: &mut PackedBuilder<T>,
    column: &RawColumn<'_>,
    read: impl Fn(RawValue<'_>) -> Coerced<T>,
    mut fault: impl FnMut(usize, RejectReason),
) {
    for row in 0..column.len() {
        let value = match column.get(row) {
            None | Some(RawValue::Text("")) => Ok(None),
            Some(value) => read(value).map(Some),
        };
        builder.push(value.unwrap_or_else(|reason| {
            fault(row, reason);
            None
        }));
    }
}
