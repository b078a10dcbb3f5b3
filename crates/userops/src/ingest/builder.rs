//! Collects the values of one column: of users, properties or attributes.

use super::coerce::{Coerced, TimeReader, dictionary_codes, text_codes, to_bool, to_date, to_float, to_integer};
use super::mapping::UserIdType;
use super::raw::{RawColumn, RawData, RawValue};
use super::report::RejectReason;
use crate::column::Interner;
use crate::error::{Result, limit_exceeded};
use crate::log::{ChunkColumn, ChunkUsers, PackedBuilder};
use crate::value::ValueType;

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

    pub(super) fn reserve(&mut self, rows: usize) {
        match self {
            Self::Integer(ids) => ids.reserve(rows),
            Self::Text(codes, _) => codes.reserve(rows),
        }
    }

    pub(super) fn user_type(&self) -> UserIdType {
        match self {
            Self::Integer(_) => UserIdType::Integer,
            Self::Text(..) => UserIdType::Text,
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

    pub(super) fn reserve(&mut self, rows: usize) {
        match self {
            Self::Bool(builder) => builder.reserve(rows),
            Self::Integer(builder) | Self::Time(builder) => builder.reserve(rows),
            Self::Float(builder) => builder.reserve(rows),
            Self::Text(builder, _) => builder.reserve(rows),
            Self::Date(builder) => builder.reserve(rows),
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
            Self::Time(builder) => push_values(builder, column, |value| times.read_property(value), fault),
            Self::Date(builder) => push_values(builder, column, |value| to_date(value, times), fault),
            Self::Text(builder, interner) => {
                let accept =
                    |text: &str| if text.len() as u64 > bytes_max { Err(RejectReason::TooLong) } else { Ok(()) };
                if let Some((table, codes)) = dictionary_codes(column, interner, accept) {
                    builder.extend_known(codes.iter().map(|code| table[*code as usize]));
                    return;
                }
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
