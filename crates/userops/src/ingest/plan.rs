//! Settles which column plays which part, and of which type, before any row is coerced.

use std::sync::Arc;

use super::coerce::{TimeReader, check_readable, natural_type};
use super::mapping::{Mapping, Properties, PropertyMapping, UserIdType};
use super::raw::{RawBatch, RawColumn, RawData};
use crate::error::{Error, ErrorKind, Result, invalid_argument, name_hint, type_mismatch};
use crate::event::{EventSchema, Field};
use crate::money::AmountReader;
use crate::time::{Calendar, TimeFormat, Timestamp, Zone};
use crate::value::ValueType;

/// Local times from 1990 to 2040 are read through a table; others ask the zone database.
const CALENDAR_FIRST: Timestamp = Timestamp::from_micros(631_152_000_000_000);
const CALENDAR_LAST: Timestamp = Timestamp::from_micros(2_208_988_800_000_000);

/// How the columns of batches become those of chunks: the mapping, with every type settled.
#[derive(Debug)]
pub struct Plan {
    pub(super) schema: Arc<EventSchema>,
    pub(super) mapping: Mapping,
    pub(super) user_type: UserIdType,
    pub(super) times: TimeReader,
    pub(super) amounts: AmountReader,
    /// The properties, and the column of each.
    pub(super) properties: Vec<Field>,
    pub(super) property_columns: Vec<String>,
    /// Every column that is used, by name; a fault names one of them by its position.
    pub(super) columns: Vec<Arc<str>>,
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

    /// Refuses a batch that lacks a column of the plan, or whose columns differ in length.
    pub(super) fn check(&self, batch: &RawBatch<'_>) -> Result<()> {
        let properties = self.property_columns.iter().map(|column| (column.as_str(), "property"));
        for (column, role) in self.mapping.named_columns().into_iter().chain(properties) {
            find(batch, column, role)?;
        }
        Ok(())
    }

    /// The columns of the input that are used.
    pub fn columns(&self) -> impl ExactSizeIterator<Item = &str> + '_ {
        self.columns.iter().map(|column| &**column)
    }
}

pub(crate) fn time_reader(format: TimeFormat, zone: Zone) -> TimeReader {
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
    let numbers = matches!(natural_type(column), ValueType::Integer | ValueType::Float)
        && !matches!(column.data(), RawData::Values(_));
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
    let listed: Vec<PropertyMapping> = match &mapping.properties {
        Properties::None => Vec::new(),
        Properties::Listed(listed) => listed.clone(),
        Properties::AllOthers => {
            let others = batch.columns().filter(|(name, _)| !used.contains(name));
            others.map(|(name, _)| PropertyMapping::from(name)).collect()
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
