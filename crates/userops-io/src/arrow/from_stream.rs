//! A stream of Arrow batches as a table.

use arrow_array::RecordBatchReader;
use arrow_schema::DataType;
use userops::column::{Column, Interner, TextColumn};
use userops::error::{Error, ErrorKind, Result};
use userops::ingest::RawValue;
use userops::table::Table;
use userops::value::ValueType;

use super::column::to_raw;
use super::stream_error;

/// All batches of a stream as one table.
///
/// Integers, floats, booleans, texts (also dictionary-coded), dates and timestamps with a zone become columns of their
/// type; decimals become floats, and a null is an unknown value. A column of type null is one of unknown floats.
///
/// # Errors
/// `TypeMismatch`, naming column and row, for a type that no column has, an integer beyond 64 signed bits and a timestamp
/// without a zone, which is no instant; `InvalidArgument` for a float that is not finite, and two columns of one name;
/// `Io` and `InvalidFormat` where the stream fails.
pub fn table_from_arrow(stream: impl RecordBatchReader) -> Result<Table> {
    let schema = stream.schema();
    let mut values: Vec<Values> =
        schema.fields().iter().map(|field| Values::new(field.data_type())).collect::<Result<_>>()?;
    let mut row_count = 0;
    for batch in stream {
        let batch = batch.map_err(stream_error)?;
        for ((field, array), values) in schema.fields().iter().zip(batch.columns()).zip(&mut values) {
            let raw = to_raw(field.name(), array)?;
            for row in 0..raw.len() {
                values.push(raw.get(row)).map_err(|error| {
                    error.at(format_args!("column {:?}, row {}", field.name(), row_count + row + 1))
                })?;
            }
        }
        row_count += batch.num_rows();
    }
    let columns = schema.fields().iter().zip(values);
    columns
        .into_iter()
        .try_fold(Table::new(row_count), |table, (field, values)| table.with(field.name().as_str(), values.finish()))
}

/// The values of a column, as far as they are read.
enum Values {
    Bool(Vec<Option<bool>>),
    Integer(Vec<Option<i64>>),
    Float(Vec<Option<f64>>),
    Text(Interner, Vec<Option<u32>>),
    Time(Vec<Option<i64>>),
    Date(Vec<Option<i32>>),
}

impl Values {
    fn new(data_type: &DataType) -> Result<Self> {
        Ok(match super::kind_of(data_type) {
            crate::heading::Kind::Typed(ValueType::Bool) => Self::Bool(Vec::new()),
            crate::heading::Kind::Typed(ValueType::Integer) => Self::Integer(Vec::new()),
            crate::heading::Kind::Typed(ValueType::Text) => Self::Text(Interner::default(), Vec::new()),
            crate::heading::Kind::Typed(ValueType::Time) => Self::Time(Vec::new()),
            crate::heading::Kind::Typed(ValueType::Date) => Self::Date(Vec::new()),
            _ => Self::Float(Vec::new()),
        })
    }

    fn push(&mut self, value: Option<RawValue<'_>>) -> Result<()> {
        match (self, value) {
            (Self::Bool(values), None) => values.push(None),
            (Self::Integer(values) | Self::Time(values), None) => values.push(None),
            (Self::Float(values), None) => values.push(None),
            (Self::Text(_, codes), None) => codes.push(None),
            (Self::Date(values), None) => values.push(None),
            (Self::Bool(values), Some(RawValue::Bool(value))) => values.push(Some(value)),
            (Self::Integer(values), Some(RawValue::Integer(value))) => values.push(Some(value)),
            (Self::Integer(values), Some(RawValue::Unsigned(value))) => {
                let signed = i64::try_from(value);
                values.push(Some(signed.map_err(|_| refuse(&format!("{value} is more than 64 signed bits hold")))?));
            }
            (Self::Float(values), Some(RawValue::Float(value))) if value.is_finite() => values.push(Some(value)),
            (Self::Float(values), Some(RawValue::Decimal(value, scale))) => {
                values.push(Some(value as f64 / 10f64.powi(i32::from(scale))));
            }
            (Self::Text(interner, codes), Some(RawValue::Text(text))) => codes.push(Some(interner.intern(text))),
            (Self::Time(values), Some(RawValue::Time { value, unit, zoned: true })) => {
                let micros = unit.to_micros(value);
                values.push(Some(micros.ok_or_else(|| refuse(&format!("{value} is out of the range of instants")))?));
            }
            (Self::Date(values), Some(RawValue::Date(days))) => values.push(Some(days)),
            (Self::Time(_), Some(value)) => {
                return Err(refuse(&format!("{value} has no zone, so it is no instant; give the timestamps a zone")));
            }
            (Self::Float(_), Some(value @ RawValue::Float(_))) => {
                return Err(Error::new(ErrorKind::InvalidArgument, format!("{value} is not finite")));
            }
            (_, Some(value)) => return Err(refuse(&format!("{value} is no value of the column"))),
        }
        Ok(())
    }

    fn finish(self) -> Column {
        match self {
            Self::Bool(values) => Column::Bool(values.into_iter().collect()),
            Self::Integer(values) => Column::Integer(values.into_iter().collect()),
            Self::Float(values) => Column::Float(values.into_iter().collect()),
            Self::Time(values) => Column::Time(values.into_iter().collect()),
            Self::Date(values) => Column::Date(values.into_iter().collect()),
            Self::Text(interner, codes) => {
                let (dictionary, sorted_code) = interner.into_sorted();
                let codes = codes.into_iter().map(|code| code.map(|code| sorted_code[code as usize])).collect();
                Column::Text(TextColumn::new(codes, dictionary))
            }
        }
    }
}

fn refuse(message: &str) -> Error {
    Error::new(ErrorKind::TypeMismatch, message)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Float64Array, RecordBatch, RecordBatchIterator, TimestampSecondArray, UInt64Array};
    use userops::column::Packed;

    use super::super::table_to_stream;
    use super::*;

    fn read(array: ArrayRef) -> Result<Table> {
        let batch = RecordBatch::try_from_iter([("x", array)]).unwrap();
        table_from_arrow(RecordBatchIterator::new([Ok(batch.clone()), Ok(batch.clone())], batch.schema()))
    }

    #[test]
    fn a_table_comes_back_as_it_went_out() {
        let table = Table::new(3)
            .with("text", vec![Some("b"), None, Some("a")])
            .and_then(|table| table.with("integer", vec![Some(1i64), None, Some(-3)]))
            .and_then(|table| table.with("float", vec![0.5, 1.5, 2.5]))
            .and_then(|table| table.with("bool", vec![true, false, true]))
            .and_then(|table| table.with("time", Column::Time(Packed::from(vec![1i64, 2, 3]))))
            .and_then(|table| table.with("date", Column::Date(Packed::from(vec![1i32, 2, 3]))))
            .unwrap();
        assert_eq!(table_from_arrow(table_to_stream(&table).unwrap()).unwrap(), table);
    }

    #[test]
    fn batches_are_joined() {
        let table = read(Arc::new(UInt64Array::from(vec![1, 2]))).unwrap();
        assert_eq!(table, Table::new(4).with("x", vec![1i64, 2, 1, 2]).unwrap());
    }

    #[test]
    fn what_no_column_holds_is_refused_with_its_row() {
        let mismatch = ErrorKind::TypeMismatch;
        for (array, kind, part) in [
            (Arc::new(UInt64Array::from(vec![1, u64::MAX])) as ArrayRef, mismatch, "row 2: 18446744073709551615 is"),
            (
                Arc::new(Float64Array::from(vec![f64::NAN])),
                ErrorKind::InvalidArgument,
                "\"x\", row 1: NaN is not finite",
            ),
            (Arc::new(TimestampSecondArray::from(vec![0])), mismatch, "has no zone"),
        ] {
            let error = read(array).unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains(part), "{error}");
        }
    }
}
