//! Rows and columns of plain Python values: dicts of what is known, or lists side by side.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDict, PyFloat, PyInt, PyString, PyType};
use userops::column::Column;
use userops::error::{Error, ErrorKind};
use userops::ingest::{RawBatch, RawColumn, RawValue, TimeUnit};
use userops::table::Table;
use userops::value::ValueType;

use crate::failure::{Failure, Result, refuse};
use crate::time;

/// The most digits after the point that a decimal keeps, and the most digits in all.
const DECIMAL_DIGITS_MAX: u32 = 38;

/// A value as Python has it.
#[derive(Debug, Clone)]
enum Cell {
    Bool(bool),
    Integer(i64),
    Unsigned(u64),
    Float(f64),
    Decimal(i128, u8),
    Text(String),
    Time { micros: i64, zoned: bool },
    Date(i32),
}

impl Cell {
    fn new(object: &Bound<'_, PyAny>) -> Result<Option<Self>> {
        if object.is_none() {
            return Ok(None);
        }
        if let Ok(text) = object.cast::<PyString>() {
            return Ok(Some(Self::Text(text.to_str()?.to_owned())));
        }
        if let Ok(value) = object.cast::<PyBool>() {
            return Ok(Some(Self::Bool(value.is_true())));
        }
        if object.cast::<PyInt>().is_ok() {
            let signed = object.extract().map(Self::Integer);
            let either = signed.or_else(|_| object.extract().map(Self::Unsigned));
            return either.map(Some).map_err(|_| {
                refuse(ErrorKind::LimitExceeded, format!("{object} is beyond 64 bits: give it as a text"))
            });
        }
        if let Ok(value) = object.cast::<PyFloat>() {
            return Ok(Some(Self::Float(value.value())));
        }
        if let Some(instant) = time::instant_of(object)? {
            return Ok(Some(Self::Time { micros: instant.micros, zoned: instant.zoned }));
        }
        if let Some(day) = time::day_of(object)? {
            return Ok(Some(Self::Date(day.0)));
        }
        if let Some((value, scale)) = decimal(object)? {
            return Ok(Some(Self::Decimal(value, scale)));
        }
        // Scalars of arrays know the plain value they hold.
        match object.getattr_opt("item")?.filter(Bound::is_callable) {
            Some(item) => Self::new(&item.call0()?),
            None => {
                let (kind, shown) = (object.get_type().name()?, object.repr()?);
                Err(refuse(ErrorKind::TypeMismatch, format!("{shown} is of type {kind}, which no column holds")))
            }
        }
    }

    fn raw(&self) -> RawValue<'_> {
        match self {
            Self::Bool(value) => RawValue::Bool(*value),
            Self::Integer(value) => RawValue::Integer(*value),
            Self::Unsigned(value) => RawValue::Unsigned(*value),
            Self::Float(value) => RawValue::Float(*value),
            Self::Decimal(value, scale) => RawValue::Decimal(*value, *scale),
            Self::Text(text) => RawValue::Text(text),
            Self::Time { micros, zoned } => RawValue::Time { value: *micros, unit: TimeUnit::Micros, zoned: *zoned },
            Self::Date(days) => RawValue::Date(*days),
        }
    }

    /// The type of a table's column that holds the value.
    fn value_type(&self) -> ValueType {
        match self {
            Self::Bool(_) => ValueType::Bool,
            Self::Integer(_) | Self::Unsigned(_) => ValueType::Integer,
            Self::Float(_) | Self::Decimal(..) => ValueType::Float,
            Self::Text(_) => ValueType::Text,
            Self::Time { .. } => ValueType::Time,
            Self::Date(_) => ValueType::Date,
        }
    }
}

/// A `decimal.Decimal` as a whole number and the digits after its point; nothing for an object of another class.
fn decimal(object: &Bound<'_, PyAny>) -> Result<Option<(i128, u8)>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if !object.is_instance(CLASS.import(object.py(), "decimal", "Decimal")?)? {
        return Ok(None);
    }
    let too_long = || {
        let message = format!("{object} is no decimal of at most {DECIMAL_DIGITS_MAX} digits");
        refuse(ErrorKind::LimitExceeded, message)
    };
    let (sign, digits, exponent): (u8, Vec<u8>, i32) =
        object.call_method0("as_tuple")?.extract().map_err(|_| too_long())?;
    let shift = u32::try_from(exponent.max(0)).unwrap_or(u32::MAX);
    let scale = exponent.min(0).unsigned_abs();
    if scale > DECIMAL_DIGITS_MAX {
        return Err(too_long());
    }
    let digits = digits.iter().try_fold(0i128, |sum, digit| sum.checked_mul(10)?.checked_add(i128::from(*digit)));
    let value = digits.zip(10i128.checked_pow(shift)).and_then(|(digits, power)| digits.checked_mul(power));
    let value = value.ok_or_else(too_long)?;
    Ok(Some((if sign == 1 { -value } else { value }, scale as u8)))
}

/// Named columns of equal length, with values of any types.
#[derive(Debug)]
pub(crate) struct Rows {
    columns: Vec<(String, Vec<Option<Cell>>)>,
    row_count: usize,
}

impl Rows {
    /// Columns of a dict of iterables, or rows of an iterable of dicts.
    ///
    /// # Errors
    /// `TypeMismatch` for anything else and for values that no column holds, with row and column; `InvalidArgument`
    /// for columns of different lengths.
    pub(crate) fn new(object: &Bound<'_, PyAny>) -> Result<Self> {
        match object.cast::<PyDict>() {
            Ok(columns) => Self::from_columns(columns),
            Err(_) => Self::from_rows(object),
        }
    }

    fn from_columns(dict: &Bound<'_, PyDict>) -> Result<Self> {
        let mut columns: Vec<(String, Vec<Option<Cell>>)> = Vec::with_capacity(dict.len());
        for (name, values) in dict {
            let name: String = name.extract()?;
            let cells = column_cells(&name, &values)?;
            if let Some((first, others)) = columns.first()
                && others.len() != cells.len()
            {
                return Err(refuse(
                    ErrorKind::InvalidArgument,
                    format!("column {name:?} has {} values where {first:?} has {}", cells.len(), others.len()),
                ));
            }
            columns.push((name, cells));
        }
        let row_count = columns.first().map_or(0, |(_, cells)| cells.len());
        Ok(Self { columns, row_count })
    }

    fn from_rows(object: &Bound<'_, PyAny>) -> Result<Self> {
        let rows = object.try_iter().map_err(|_| not_a_source(object))?;
        let mut columns: Vec<(String, Vec<Option<Cell>>)> = Vec::new();
        let mut row_count = 0;
        for row in rows {
            let row = row?;
            let row = row.cast::<PyDict>().map_err(|_| not_a_source(object))?;
            for (name, value) in row {
                let name: String = name.extract()?;
                let cell = Cell::new(&value).map_err(|failure| failure.at(place(row_count, &name)))?;
                let column = match columns.iter().position(|(known, _)| *known == name) {
                    Some(column) => column,
                    None => {
                        columns.push((name, vec![None; row_count]));
                        columns.len() - 1
                    }
                };
                columns[column].1.push(cell);
            }
            row_count += 1;
            columns.iter_mut().for_each(|(_, cells)| cells.resize(row_count, None));
        }
        Ok(Self { columns, row_count })
    }

    /// Whether there is neither a row nor a column.
    pub(crate) fn is_nothing(&self) -> bool {
        self.columns.is_empty() && self.row_count == 0
    }

    /// The rows as a batch; every column that some row has is there.
    pub(crate) fn batch(&self, source: &'static str) -> RawBatch<'_> {
        let mut batch = RawBatch::new(source, self.row_count);
        for (name, cells) in &self.columns {
            batch.push(name.as_str(), RawColumn::values(cells.iter().map(|cell| cell.as_ref().map(Cell::raw))));
        }
        batch
    }

    /// The rows as a table, in which every column has one type.
    ///
    /// # Errors
    /// `TypeMismatch` where a column has values of several types, or times without a zone.
    pub(crate) fn into_table(self) -> Result<Table, Error> {
        self.columns.into_iter().try_fold(Table::new(self.row_count), |table, (name, cells)| {
            let column = column_of(&cells).map_err(|error| error.at(format_args!("column {name:?}")))?;
            table.with(name, column)
        })
    }
}

/// The values of one column.
fn column_cells(name: &str, values: &Bound<'_, PyAny>) -> Result<Vec<Option<Cell>>> {
    let values = values.try_iter().map_err(|_| {
        refuse(ErrorKind::TypeMismatch, format!("the column {name:?} is no list of values, but {values}"))
    })?;
    let cell = |(row, value): (usize, PyResult<Bound<'_, PyAny>>)| {
        Cell::new(&value?).map_err(|failure| failure.at(place(row, name)))
    };
    values.enumerate().map(cell).collect()
}

/// A list of values as a column of one type, integers among floats being floats. Of nothing but `None` it is of texts.
///
/// # Errors
/// `TypeMismatch` where the values are of several types; as [`Cell::new`].
pub(crate) fn read_column(name: &str, values: &Bound<'_, PyAny>) -> Result<Column> {
    let cells = column_cells(name, values)?;
    Ok(column_of(&cells).map_err(|error| error.at(format_args!("column {name:?}")))?)
}

fn column_of(cells: &[Option<Cell>]) -> Result<Column, Error> {
    let mut types: Vec<ValueType> = Vec::new();
    for cell in cells.iter().flatten() {
        let value_type = cell.value_type();
        if !types.contains(&value_type) {
            types.push(value_type);
        }
    }
    if types.contains(&ValueType::Float) {
        types.retain(|value_type| *value_type != ValueType::Integer);
    }
    if let [first, second, ..] = types[..] {
        let message = format!("there are values of type {first} and of type {second}, where a column has one type");
        return Err(Error::new(ErrorKind::TypeMismatch, message));
    }
    let known = || cells.iter().map(Option::as_ref);
    let out_of_range = |cell: &Cell| {
        let message = match cell {
            Cell::Time { .. } => "a time without a zone is no instant: give it one".to_owned(),
            other => format!("{other:?} is beyond the integers of a column"),
        };
        Error::new(ErrorKind::TypeMismatch, message)
    };
    let integers = |pick: fn(&Cell) -> Option<i64>| -> Result<Vec<Option<i64>>, Error> {
        known().map(|cell| cell.map(|cell| pick(cell).ok_or_else(|| out_of_range(cell))).transpose()).collect()
    };
    Ok(match types.first() {
        Some(ValueType::Bool) => Column::Bool(known().map(|cell| matches!(cell?, Cell::Bool(true)).into()).collect()),
        Some(ValueType::Integer) => Column::Integer(
            integers(|cell| if let Cell::Integer(value) = cell { Some(*value) } else { None })?.into_iter().collect(),
        ),
        Some(ValueType::Float) => Column::Float(known().map(|cell| cell.and_then(float)).collect()),
        Some(ValueType::Time) => Column::Time(
            integers(|cell| if let Cell::Time { micros, zoned: true } = cell { Some(*micros) } else { None })?
                .into_iter()
                .collect(),
        ),
        Some(ValueType::Date) => {
            Column::Date(known().map(|cell| if let Cell::Date(days) = cell? { Some(*days) } else { None }).collect())
        }
        // Texts, and columns of nothing.
        _ => Column::texts(known().map(|cell| if let Cell::Text(text) = cell? { Some(text.as_str()) } else { None })),
    })
}

fn float(cell: &Cell) -> Option<f64> {
    match cell {
        Cell::Float(value) => Some(*value),
        Cell::Integer(value) => Some(*value as f64),
        Cell::Unsigned(value) => Some(*value as f64),
        Cell::Decimal(value, scale) => Some(*value as f64 / 10f64.powi(i32::from(*scale))),
        _ => None,
    }
}

/// A row, counted from one, and a column.
fn place(row: usize, name: &str) -> String {
    format!("row {}, column {name:?}", row + 1)
}

fn not_a_source(object: &Bound<'_, PyAny>) -> Failure {
    let kind = object.get_type().name().map_or_else(|_| "?".to_owned(), |name| name.to_string());
    refuse(
        ErrorKind::TypeMismatch,
        format!(
            "a {kind} is no source of rows: give a path, bytes, a data frame or anything with __arrow_c_stream__, an \
             iterable of dicts, or a dict of lists"
        ),
    )
}
