//! A table as an Arrow record batch.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, RecordBatchIterator,
    RecordBatchOptions, RecordBatchReader, StringArray, TimestampMicrosecondArray,
};
use arrow_schema::{DataType, Field, Schema};
use userops::column::Column;
use userops::error::{Error, ErrorKind, Result};
use userops::table::Table;

/// The table as one record batch: texts as `Utf8`, instants as timestamps in microseconds UTC, dates as `Date32`, and
/// null where a value is unknown.
///
/// # Errors
/// `LimitExceeded` where the texts of a column take more than 2 GiB together.
pub fn table_to_arrow(table: &Table) -> Result<RecordBatch> {
    let mut fields = Vec::new();
    let mut arrays = Vec::new();
    for (name, column) in table.columns() {
        check_texts(name, column)?;
        let array = to_array(column);
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(table.row_count()));
    RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), arrays, &options)
        .map_err(|error| Error::new(ErrorKind::InvalidArgument, error.to_string()).caused_by(error))
}

/// The table as a stream of one batch, as it is handed to other libraries; see [`table_to_arrow`].
///
/// # Errors
/// As [`table_to_arrow`].
pub fn table_to_stream(table: &Table) -> Result<impl RecordBatchReader + Send + use<>> {
    let batch = table_to_arrow(table)?;
    let schema = batch.schema();
    Ok(RecordBatchIterator::new([Ok(batch)], schema))
}

/// Refuses texts beyond the 32-bit offsets of `Utf8`.
fn check_texts(name: &str, column: &Column) -> Result<()> {
    let Column::Text(texts) = column else { return Ok(()) };
    let bytes: usize = texts.dictionary.iter().zip(texts.counts()).map(|(text, count)| text.len() * count).sum();
    if i32::try_from(bytes).is_ok() {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::LimitExceeded,
        format!("the texts of column {name:?} take {bytes} bytes, more than the {} of an Arrow column", i32::MAX),
    ))
}

fn to_array(column: &Column) -> ArrayRef {
    match column {
        Column::Bool(values) => Arc::new(BooleanArray::from_iter(values.iter())),
        Column::Integer(values) => Arc::new(Int64Array::from_iter(values.iter())),
        Column::Float(values) => Arc::new(Float64Array::from_iter(values.iter())),
        Column::Time(values) => Arc::new(TimestampMicrosecondArray::from_iter(values.iter()).with_timezone("UTC")),
        Column::Date(values) => Arc::new(Date32Array::from_iter(values.iter())),
        Column::Text(texts) => Arc::new(StringArray::from_iter((0..texts.codes.len()).map(|row| texts.get(row)))),
        _ => arrow_array::new_null_array(&DataType::Null, column.len()),
    }
}

#[cfg(test)]
mod tests {
    use arrow_schema::TimeUnit;
    use userops::column::Packed;

    use super::*;

    #[test]
    fn columns_become_arrays_of_their_own_type() {
        let table = Table::new(2)
            .with("bool", vec![true, false])
            .unwrap()
            .with("text", vec![Some("a"), None])
            .unwrap()
            .with("time", Column::Time(Packed::from(vec![1i64, 2])))
            .unwrap()
            .with("date", Column::Date(Packed::from(vec![1i32, 2])))
            .unwrap();
        let batch = table_to_arrow(&table).unwrap();
        let types: Vec<&DataType> = batch.schema_ref().fields().iter().map(|field| field.data_type()).collect();
        let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
        assert_eq!(types, [&DataType::Boolean, &DataType::Utf8, &utc, &DataType::Date32]);
        assert_eq!(batch.column(1).null_count(), 1);
        assert_eq!(table_to_arrow(&Table::new(3)).unwrap().num_rows(), 3);
    }
}
