//! Instants, dates, spans and zones between Python and the engine, and the calendar questions about them.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyString, PyType};
use userops::error::ErrorKind;
use userops::time::{Anniversary, Calendar, Day, Span, TimeFormat, Timestamp, Weekday, Window, Zone};

use crate::data;
use crate::failure::{Failure, Result, refuse};

/// Days from 0001-01-01, the first of Python's ordinals, to 1970-01-01.
const EPOCH_ORDINAL: i32 = 719_163;

fn class<'py>(py: Python<'py>, cell: &'static PyOnceLock<Py<PyType>>, name: &str) -> PyResult<&'py Bound<'py, PyType>> {
    cell.import(py, "datetime", name)
}

fn datetime_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    class(py, &CLASS, "datetime")
}

fn date_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    class(py, &CLASS, "date")
}

fn timedelta_class(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    class(py, &CLASS, "timedelta")
}

/// 1970-01-01T00:00:00Z, or the same wall clock time without a zone.
fn epoch(py: Python<'_>, zoned: bool) -> PyResult<&Bound<'_, PyAny>> {
    static ZONED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static LOCAL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let cell = if zoned { &ZONED } else { &LOCAL };
    let made = cell.get_or_try_init(py, || {
        let local = datetime_class(py)?.call1((1970, 1, 1))?;
        if !zoned {
            return PyResult::Ok(local.unbind());
        }
        let utc = py.import("datetime")?.getattr("timezone")?.getattr("utc")?;
        let keywords = PyDict::new(py);
        keywords.set_item("tzinfo", utc)?;
        Ok(local.call_method("replace", (), Some(&keywords))?.unbind())
    })?;
    Ok(made.bind(py))
}

fn one_microsecond(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static CELL: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let made = CELL.get_or_try_init(py, || PyResult::Ok(timedelta_class(py)?.call1((0, 0, 1))?.unbind()))?;
    Ok(made.bind(py))
}

/// An instant or wall clock time of Python: microseconds, and whether they count from midnight UTC.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Instant {
    pub(crate) micros: i64,
    pub(crate) zoned: bool,
}

/// The instant of a `datetime`; nothing for an object of another class.
pub(crate) fn instant_of(object: &Bound<'_, PyAny>) -> Result<Option<Instant>> {
    let py = object.py();
    if !object.is_instance(datetime_class(py)?)? {
        return Ok(None);
    }
    let zoned = !object.call_method0("utcoffset")?.is_none();
    let since = object.call_method1("__sub__", (epoch(py, zoned)?,))?;
    Ok(Some(Instant { micros: since.call_method1("__floordiv__", (one_microsecond(py)?,))?.extract()?, zoned }))
}

/// The day of a `date` that is no `datetime`; nothing for an object of another class.
pub(crate) fn day_of(object: &Bound<'_, PyAny>) -> Result<Option<Day>> {
    let py = object.py();
    if !object.is_instance(date_class(py)?)? || object.is_instance(datetime_class(py)?)? {
        return Ok(None);
    }
    Ok(Some(Day(object.call_method0("toordinal")?.extract::<i32>()? - EPOCH_ORDINAL)))
}

/// The length of a `timedelta`; nothing for an object of another class.
pub(crate) fn span_of(object: &Bound<'_, PyAny>) -> Result<Option<Span>> {
    let py = object.py();
    if !object.is_instance(timedelta_class(py)?)? {
        return Ok(None);
    }
    let micros = object.call_method1("__floordiv__", (one_microsecond(py)?,))?.extract::<i64>();
    let micros =
        micros.map_err(|_| refuse(ErrorKind::InvalidTime, format!("{object} is beyond 64 bits of microseconds")))?;
    Ok(Some(Span::from_micros(micros)))
}

/// An instant, date, span or zone as the text that definitions hold; nothing for anything else.
///
/// # Errors
/// `InvalidTime` for a time without a zone.
pub(crate) fn text_of(object: &Bound<'_, PyAny>) -> Result<Option<String>> {
    if let Some(instant) = instant_of(object)? {
        return Ok(Some(zoned(object, instant)?.to_string()));
    }
    if let Some(day) = day_of(object)? {
        return Ok(Some(day.to_string()));
    }
    if let Some(span) = span_of(object)? {
        return Ok(Some(span.to_string()));
    }
    match object.getattr_opt("key")? {
        Some(key) if object.hasattr("utcoffset")? => Ok(Some(key.extract()?)),
        _ => Ok(None),
    }
}

fn zoned(object: &Bound<'_, PyAny>, instant: Instant) -> Result<Timestamp> {
    if !instant.zoned {
        return Err(refuse(
            ErrorKind::InvalidTime,
            format!(
                "{object} has no time zone, and none is guessed: state it, as in \
                 .replace(tzinfo=zoneinfo.ZoneInfo(\"Europe/Berlin\")) or datetime.now(timezone.utc)"
            ),
        ));
    }
    Ok(Timestamp::from_micros(instant.micros))
}

/// An instant argument: a `datetime` with a zone, or a text as RFC 3339 has it.
///
/// # Errors
/// `InvalidTime` for a time without a zone or a text that is no instant, `TypeMismatch` for anything else.
pub(crate) fn instant(object: &Bound<'_, PyAny>) -> Result<Timestamp> {
    if let Some(instant) = instant_of(object)? {
        return zoned(object, instant);
    }
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.to_str()?.parse()?);
    }
    let shown = object.repr()?;
    let way_out = match day_of(object)? {
        Some(_) => "a date begins at another instant in each zone: give a datetime with a zone",
        None => "give a datetime with a zone, or a text such as \"2026-03-01T09:30:00Z\"",
    };
    Err(refuse(ErrorKind::TypeMismatch, format!("{shown} is no instant: {way_out}")))
}

/// A day argument: a `date`, or a text such as `2026-03-01`.
///
/// # Errors
/// `InvalidTime` for a text that is no date, `TypeMismatch` for anything else.
pub(crate) fn day(object: &Bound<'_, PyAny>) -> Result<Day> {
    if let Some(day) = day_of(object)? {
        return Ok(day);
    }
    match object.cast::<PyString>() {
        Ok(text) => Ok(text.to_str()?.parse()?),
        Err(_) => Err(refuse(
            ErrorKind::TypeMismatch,
            format!("{} is no date: give a date, or a text such as \"2026-03-01\"", object.repr()?),
        )),
    }
}

/// A zone argument: a `ZoneInfo`, or the name of a zone.
///
/// # Errors
/// `InvalidTime` for a name that is not in the zone database, `TypeMismatch` for anything else.
pub(crate) fn zone(object: &Bound<'_, PyAny>) -> Result<Zone> {
    if let Ok(text) = object.cast::<PyString>() {
        return Ok(text.to_str()?.parse()?);
    }
    match text_of(object)? {
        Some(text) => Ok(text.parse()?),
        None => Err(refuse(
            ErrorKind::TypeMismatch,
            format!("{} is no zone: give a ZoneInfo, or a name such as \"Asia/Shanghai\"", object.repr()?),
        )),
    }
}

/// A span argument: a `timedelta`, or a text such as `30d`.
///
/// # Errors
/// `InvalidTime` for a text that is no span, `TypeMismatch` for anything else.
pub(crate) fn span(object: &Bound<'_, PyAny>) -> Result<Span> {
    if let Some(span) = span_of(object)? {
        return Ok(span);
    }
    match object.cast::<PyString>() {
        Ok(text) => Ok(text.to_str()?.parse()?),
        Err(_) => Err(refuse(
            ErrorKind::TypeMismatch,
            format!("{} is no span: give a timedelta, or a text such as \"30d\"", object.repr()?),
        )),
    }
}

/// An instant as a `datetime` in UTC.
pub(crate) fn to_datetime(py: Python<'_>, instant: Timestamp) -> PyResult<Bound<'_, PyAny>> {
    epoch(py, true)?.call_method1("__add__", (timedelta_class(py)?.call1((0, 0, instant.as_micros()))?,))
}

/// A day as a `date`.
pub(crate) fn to_date(py: Python<'_>, day: Day) -> PyResult<Bound<'_, PyAny>> {
    date_class(py)?.call_method1("fromordinal", (day.0 + EPOCH_ORDINAL,))
}

/// A `datetime`, or nothing for an instant beyond its years.
type MaybeDatetime<'py> = Option<Bound<'py, PyAny>>;

/// What a local clock and calendar show in a zone, and when its days begin.
#[pyclass(frozen, eq, module = "userops", name = "Calendar")]
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LocalCalendar {
    zone: Zone,
}

impl LocalCalendar {
    /// Asked about single instants, so that nothing has to be covered ahead.
    fn calendar(&self) -> Calendar {
        Calendar::new(self.zone, Timestamp::default(), Timestamp::default())
    }
}

#[pymethods]
impl LocalCalendar {
    #[new]
    fn new(zone: &Bound<'_, PyAny>) -> Result<Self> {
        Ok(Self { zone: self::zone(zone)? })
    }

    /// The name of the zone.
    #[getter]
    fn zone(&self) -> &'static str {
        self.zone.name()
    }

    /// The local date at an instant.
    fn day<'py>(&self, py: Python<'py>, instant: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        Ok(to_date(py, self.calendar().day(self::instant(instant)?))?)
    }

    /// The local hour at an instant, 0 to 23.
    fn hour(&self, instant: &Bound<'_, PyAny>) -> Result<u8> {
        Ok(self.calendar().hour(self::instant(instant)?))
    }

    /// The first instant of a local day.
    fn day_start<'py>(&self, py: Python<'py>, day: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        Ok(to_datetime(py, self.calendar().day_start(self::day(day)?))?)
    }

    /// The first instant inside a window as seen from `as_of`, and the first after it; nothing for one beyond the years
    /// of `datetime`.
    #[pyo3(signature = (window, *, as_of))]
    fn window_range<'py>(
        &self,
        py: Python<'py>,
        window: &Bound<'py, PyAny>,
        as_of: AsOf,
    ) -> Result<(MaybeDatetime<'py>, MaybeDatetime<'py>)> {
        let window: Window = data::read("window", window)?;
        let range = window.range(as_of.0, &self.calendar())?;
        let datetime = |instant: Timestamp| {
            Timestamp::checked(instant.as_micros()).map(|instant| to_datetime(py, instant)).transpose()
        };
        Ok((datetime(range.start)?, datetime(range.end)?))
    }

    /// The instant that a text or whole number stands for, or nothing where it is not one in this format.
    fn parse<'py>(
        &self,
        py: Python<'py>,
        format: &Bound<'py, PyAny>,
        value: &Bound<'py, PyAny>,
    ) -> Result<Option<Bound<'py, PyAny>>> {
        let format: TimeFormat = data::read("format", format)?;
        let instant = match value.cast::<PyString>() {
            Ok(text) => format.parse_text(text.to_str()?, &self.calendar()),
            Err(_) => format.parse_integer(value.extract()?, &self.calendar()),
        };
        Ok(instant.map(|instant| to_datetime(py, instant)).transpose()?)
    }

    fn __repr__(&self) -> String {
        format!("Calendar({:?})", self.zone.name())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyType>, (&'static str,))> {
        Ok((py.get_type::<Self>(), (self.zone.name(),)))
    }
}

/// The date so many months later; a day that the month lacks becomes its last.
#[pyfunction]
pub(crate) fn plus_months<'py>(py: Python<'py>, day: &Bound<'py, PyAny>, months: i32) -> Result<Bound<'py, PyAny>> {
    Ok(to_date(py, self::day(day)?.plus_months(months))?)
}

/// The first day of the week that a date lies in.
#[pyfunction]
#[pyo3(signature = (day, *, week_start = None))]
pub(crate) fn week_start<'py>(
    py: Python<'py>,
    day: &Bound<'py, PyAny>,
    week_start: Option<&Bound<'py, PyAny>>,
) -> Result<Bound<'py, PyAny>> {
    let week_start = week_start.map_or(Ok(Weekday::default()), |name| data::read("week_start", name))?;
    Ok(to_date(py, self::day(day)?.week_start(week_start))?)
}

fn anniversary(origin: &Bound<'_, PyAny>, leap_day: Option<&Bound<'_, PyAny>>) -> Result<Anniversary> {
    let leap_day = leap_day.map_or(Ok(Default::default()), |name| data::read("leap_day", name))?;
    Ok(Anniversary { origin: day(origin)?, leap_day })
}

/// The date of an anniversary in a year, or nothing where there is none.
#[pyfunction]
#[pyo3(signature = (origin, year, *, leap_day = None))]
pub(crate) fn anniversary_in_year<'py>(
    py: Python<'py>,
    origin: &Bound<'py, PyAny>,
    year: i32,
    leap_day: Option<&Bound<'py, PyAny>>,
) -> Result<Option<Bound<'py, PyAny>>> {
    Ok(anniversary(origin, leap_day)?.in_year(year).map(|day| to_date(py, day)).transpose()?)
}

/// Whether an anniversary is today or within so many days from now.
#[pyfunction]
#[pyo3(signature = (origin, day, days, *, leap_day = None))]
pub(crate) fn is_anniversary_within(
    origin: &Bound<'_, PyAny>,
    day: &Bound<'_, PyAny>,
    days: u16,
    leap_day: Option<&Bound<'_, PyAny>>,
) -> Result<bool> {
    Ok(anniversary(origin, leap_day)?.is_within(self::day(day)?, days))
}

/// How many years are completed on a day.
#[pyfunction]
#[pyo3(signature = (origin, day, *, leap_day = None))]
pub(crate) fn years_on(
    origin: &Bound<'_, PyAny>,
    day: &Bound<'_, PyAny>,
    leap_day: Option<&Bound<'_, PyAny>>,
) -> Result<i32> {
    Ok(anniversary(origin, leap_day)?.years_on(self::day(day)?))
}

/// An instant argument, read as [`instant`] does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AsOf(pub(crate) Timestamp);

impl<'a, 'py> FromPyObject<'a, 'py> for AsOf {
    type Error = Failure;

    fn extract(object: Borrowed<'a, 'py, PyAny>) -> Result<Self> {
        instant(&object).map(Self)
    }
}
