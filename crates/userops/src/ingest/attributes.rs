//! Collects attributes of users from tables with a row per user.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::builder::{ColumnBuilder, UserBuilder};
use super::chunk::{Fault, rejections};
use super::coerce::{check_readable, natural_type};
use super::mapping::{Properties, PropertyMapping, UserIdType};
use super::plan::{find, readable_as, time_reader, user_type};
use super::raw::RawBatch;
use super::report::IngestReport;
use crate::attribute::AttributeTable;
use crate::column::{Column, Interner, Packed, TextColumn};
use crate::error::{Result, type_mismatch};
use crate::event::EventSchema;
use crate::log::{ChunkColumn, ChunkUsers};
use crate::time::TimeFormat;

/// Which columns of a table of users hold the id and the attributes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeMapping {
    /// The column of user ids.
    pub user: String,
    /// What user ids are; by default what the first batch's column holds.
    #[serde(default)]
    pub user_type: Option<UserIdType>,
    /// The columns that become attributes; by default all others.
    #[serde(default = "all_others")]
    pub attributes: Properties,
}

fn all_others() -> Properties {
    Properties::AllOthers
}

impl AttributeMapping {
    /// A mapping by the column of user ids; every other column becomes an attribute.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), user_type: None, attributes: Properties::AllOthers }
    }

    /// What user ids are.
    #[must_use]
    pub fn user_type(mut self, user_type: UserIdType) -> Self {
        self.user_type = Some(user_type);
        self
    }

    /// One more column that becomes an attribute; once one is listed, only those listed do.
    #[must_use]
    pub fn attribute(mut self, attribute: impl Into<PropertyMapping>) -> Self {
        match &mut self.attributes {
            Properties::Listed(listed) => listed.push(attribute.into()),
            other => *other = Properties::Listed(vec![attribute.into()]),
        }
        self
    }
}

/// The rows pushed so far, of all tables together.
#[derive(Debug, Default)]
pub(super) struct AttributeCollector {
    users: Option<UserBuilder>,
    row_count: usize,
    /// Each attribute, with the row at which its first value comes: attributes of a later table begin late.
    columns: Vec<(String, Vec<(usize, ChunkColumn)>)>,
    /// Rows that were rejected, ascending: their values do not count.
    rejected: Vec<usize>,
}

impl AttributeCollector {
    pub(super) fn push(
        &mut self,
        schema: &Arc<EventSchema>,
        report: &mut IngestReport,
        batch: &RawBatch<'_>,
        mapping: &AttributeMapping,
    ) -> Result<()> {
        let limits = &schema.limits;
        let mut faults: Vec<Fault> = Vec::new();
        let user_type = user_type(batch, &mapping.user, mapping.user_type)?;
        let listed: Vec<PropertyMapping> = match &mapping.attributes {
            Properties::None => Vec::new(),
            Properties::Listed(listed) => listed.clone(),
            Properties::AllOthers => {
                batch.columns().filter(|(name, _)| *name != mapping.user).map(|(name, _)| name.into()).collect()
            }
        };
        crate::event::check_names("attribute", listed.iter().map(PropertyMapping::name))?;
        let mut columns: Vec<Arc<str>> = vec![mapping.user.as_str().into()];
        columns.extend(listed.iter().map(|attribute| Arc::from(attribute.column.as_str())));

        let user_column = find(batch, &mapping.user, "user")?;
        let mut types = Vec::with_capacity(listed.len());
        for attribute in &listed {
            let column = find(batch, &attribute.column, "attribute")?;
            let known = self.columns.iter().find(|(name, _)| name == attribute.name());
            let known = known.and_then(|(_, parts)| parts.first()).map(|(_, part)| part.value_type());
            let stated = attribute.value_type.or_else(|| schema.attribute_type(attribute.name()));
            let value_type = stated.or(known).unwrap_or_else(|| natural_type(column));
            if let Some(known) = known.filter(|known| *known != value_type) {
                return Err(type_mismatch(format!(
                    "the attribute {:?} is {known} in one table and {value_type} in another",
                    attribute.name()
                )));
            }
            check_readable(&attribute.column, column, "attribute", readable_as(value_type))?;
            types.push((column, value_type));
        }
        let users = self.users.get_or_insert_with(|| UserBuilder::new(user_type));
        if let Some(stated) = mapping.user_type.filter(|stated| *stated != users.user_type()) {
            return Err(type_mismatch(format!(
                "{}: user ids are stated to be {stated} here and were {} in a table before; state one type for both",
                batch.source(),
                users.user_type()
            )));
        }
        users.push(user_column, limits.id_bytes_max, |row, reason| faults.push(Fault { row, column: 0, reason }));
        let times = time_reader(TimeFormat::Auto, schema.zone);
        for (index, (attribute, (column, value_type))) in listed.iter().zip(types).enumerate() {
            let mut builder = ColumnBuilder::new(value_type);
            builder.push(column, &times, limits.text_bytes_max, |row, reason| {
                faults.push(Fault { row, column: index + 1, reason });
            });
            builder.check_texts(attribute.name(), limits.texts_max)?;
            let part = (self.row_count, builder.finish());
            match self.columns.iter_mut().find(|(name, _)| name == attribute.name()) {
                Some((_, parts)) => parts.push(part),
                None => self.columns.push((attribute.name().to_owned(), vec![part])),
            }
        }
        faults.sort_by_key(|fault| (fault.row, fault.column));
        faults.dedup_by_key(|fault| fault.row);
        self.rejected.extend(faults.iter().map(|fault| self.row_count + fault.row));
        self.row_count += batch.row_count();
        let rejections = rejections(batch, &columns, &faults);
        report.attributes_read += (batch.row_count() + batch.faults().len()) as u64;
        report.attributes_rejected += rejections.len() as u64;
        let columns: Vec<String> = columns.iter().map(|column| column.to_string()).collect();
        report.keep(rejections, &columns, limits.rejections_max)
    }

    /// The users of the rows that were not rejected.
    pub(super) fn take_users(&mut self) -> Option<ChunkUsers> {
        let kept = |row: usize| self.rejected.binary_search(&row).is_err();
        Some(match self.users.take()?.finish() {
            ChunkUsers::Integer(ids) => {
                let ids = ids.into_iter().enumerate().filter(|(row, _)| kept(*row)).map(|(_, id)| id);
                ChunkUsers::Integer(ids.collect())
            }
            ChunkUsers::Text { codes, texts } => {
                let mut interner = Interner::default();
                let codes = codes.into_iter().enumerate().filter(|(row, _)| kept(*row));
                let codes = codes.map(|(_, code)| interner.intern(texts.get(code as usize).unwrap_or_default()));
                ChunkUsers::Text { codes: codes.collect(), texts: interner.into_texts() }
            }
        })
    }

    /// The table, given the user of each row that was not rejected. A later known value replaces an earlier one.
    pub(super) fn finish(self, user_count: usize, users: &[u32]) -> Result<AttributeTable> {
        let mut user_of_row: Vec<Option<u32>> = vec![None; self.row_count];
        let kept = (0..self.row_count).filter(|row| self.rejected.binary_search(row).is_err());
        for (row, user) in kept.zip(users) {
            user_of_row[row] = Some(*user);
        }
        let columns = self.columns.into_iter().map(|(name, parts)| {
            let last = LastValues { user_count, user_of_row: &user_of_row, parts: &parts };
            let column = match parts[0].1 {
                ChunkColumn::Bool(_) => Column::Bool(last.pick(|part| part.bools())),
                ChunkColumn::Integer(_) => Column::Integer(last.pick(|part| part.integers())),
                ChunkColumn::Float(_) => Column::Float(last.pick(|part| part.floats())),
                ChunkColumn::Time(_) => Column::Time(last.pick(|part| part.times())),
                ChunkColumn::Date(_) => Column::Date(last.pick(|part| part.dates())),
                ChunkColumn::Text { .. } => Column::Text(last.pick_texts()),
            };
            (name, column)
        });
        Ok(AttributeTable::new(columns.collect()))
    }
}

/// Picks each user's last known value of one attribute.
struct LastValues<'a> {
    user_count: usize,
    user_of_row: &'a [Option<u32>],
    parts: &'a [(usize, ChunkColumn)],
}

impl<'a> LastValues<'a> {
    fn pick<T: Copy + 'a>(&self, values: impl Fn(&'a ChunkColumn) -> Option<&'a Packed<T>>) -> Packed<T> {
        let mut picked: Vec<Option<T>> = vec![None; self.user_count];
        for (first_row, part) in self.parts {
            let Some(values) = values(part) else { continue };
            for (user, value) in self.user_of_row[*first_row..].iter().zip(values.iter()) {
                if let (Some(user), Some(value)) = (user, value) {
                    picked[*user as usize] = Some(value);
                }
            }
        }
        picked.into_iter().collect()
    }

    fn pick_texts(&self) -> TextColumn {
        let mut picked: Vec<Option<&str>> = vec![None; self.user_count];
        for (first_row, part) in self.parts {
            let ChunkColumn::Text { codes, texts } = part else { continue };
            for (user, code) in self.user_of_row[*first_row..].iter().zip(codes.iter()) {
                if let (Some(user), Some(code)) = (user, code) {
                    picked[*user as usize] = texts.get(code as usize);
                }
            }
        }
        picked.into_iter().collect()
    }
}

macro_rules! part_values {
    ($($method:ident => $variant:ident: $type:ty),* $(,)?) => {
        impl ChunkColumn {
            $(fn $method(&self) -> Option<&Packed<$type>> {
                if let Self::$variant(values) = self { Some(values) } else { None }
            })*
        }
    };
}

part_values! {
    bools => Bool: bool, integers => Integer: i64, floats => Float: f64, times => Time: i64, dates => Date: i32,
}
