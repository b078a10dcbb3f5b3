//! Sets of users.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyType};
use userops::error::{Error, ErrorKind};
use userops::id::{UserDirectory, UserId};
use userops::segment::{OverlapMatrix, count_users as count, diff_by_id as diff_ids, diff_segments};
use userops::table::user_column;

use crate::failure::{Failure, Result};
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::table::Table;
use crate::value;

/// A set of users of one log.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct Segment {
    pub(crate) log: Py<EventLog>,
    pub(crate) segment: userops::segment::Segment,
}

impl Segment {
    pub(crate) fn new(log: &Py<EventLog>, segment: userops::segment::Segment) -> Self {
        Python::attach(|py| Self { log: log.clone_ref(py), segment })
    }

    fn users(&self) -> &UserDirectory {
        self.log.get().log.users()
    }

    /// Refuses a segment of other users, of which the same numbers mean others.
    fn check_same_users(&self, other: &Self) -> Result<()> {
        if self.log.is(&other.log) || self.users() == other.users() {
            return Ok(());
        }
        Err(Error::new(
            ErrorKind::InvalidArgument,
            "the segments are of logs with different users: compare them by user id, with diff_by_id",
        )
        .into())
    }

    fn join(&self, other: &Bound<'_, Self>, join: JoinSegments) -> Result<Self> {
        let (py, other) = (other.py(), other.get());
        self.check_same_users(other)?;
        Ok(Self::new(&self.log, py.detach(|| join(&self.segment, &other.segment))))
    }

    fn count(&self, other: &Bound<'_, Self>, count: CountUsers) -> Result<usize> {
        let other = other.get();
        self.check_same_users(other)?;
        Ok(count(&self.segment, &other.segment))
    }
}

type JoinSegments = fn(&userops::segment::Segment, &userops::segment::Segment) -> userops::segment::Segment;
type CountUsers = fn(&userops::segment::Segment, &userops::segment::Segment) -> usize;

fn user_ids(ids: &Bound<'_, PyAny>) -> Result<Vec<UserId>> {
    ids.try_iter()?.map(|id| value::user_id(&id?)).collect()
}

#[pymethods]
impl Segment {
    /// The users of these ids.
    #[classmethod]
    fn of_ids(_class: &Bound<'_, PyType>, log: Py<EventLog>, ids: &Bound<'_, PyAny>) -> Result<Self> {
        let ids = user_ids(ids)?;
        let segment = userops::segment::Segment::of_ids(log.get().log.users(), &ids)?;
        Ok(Self { log, segment })
    }

    /// The users of these ids as far as the log knows them, and the ids that it does not know.
    #[classmethod]
    fn find_ids<'py>(
        class: &Bound<'py, PyType>,
        log: Py<EventLog>,
        ids: &Bound<'py, PyAny>,
    ) -> Result<(Self, Vec<Bound<'py, PyAny>>)> {
        let found = userops::segment::Segment::find_ids(log.get().log.users(), &user_ids(ids)?);
        let unknown = found.unknown.iter().map(|id| value::id_to_python(class.py(), id.as_ref()));
        let unknown = unknown.collect::<PyResult<_>>()?;
        Ok((Self { log, segment: found.segment }, unknown))
    }

    /// Everybody.
    #[classmethod]
    fn everybody(_class: &Bound<'_, PyType>, log: Py<EventLog>) -> Self {
        let segment = userops::segment::Segment::everybody(log.get().log.user_count());
        Self { log, segment }
    }

    /// Nobody.
    #[classmethod]
    fn nobody(_class: &Bound<'_, PyType>, log: Py<EventLog>) -> Self {
        let segment = userops::segment::Segment::nobody(log.get().log.user_count());
        Self { log, segment }
    }

    /// Who is in at least `count` of the segments.
    #[classmethod]
    #[pyo3(signature = (count, *segments))]
    fn at_least(class: &Bound<'_, PyType>, count: usize, segments: Vec<Bound<'_, Self>>) -> Result<Self> {
        let members: Vec<&userops::segment::Segment> = segments.iter().map(|segment| &segment.get().segment).collect();
        if let Some((first, others)) = segments.split_first() {
            others.iter().try_for_each(|other| first.get().check_same_users(other.get()))?;
            let segment = class.py().detach(|| userops::segment::Segment::at_least(count, &members))?;
            return Ok(Self::new(&first.get().log, segment));
        }
        Err(Error::new(ErrorKind::InvalidArgument, "there is no segment: give at least one").into())
    }

    /// The segment of bytes in the portable format of Roaring bitmaps.
    #[classmethod]
    fn from_bytes(_class: &Bound<'_, PyType>, log: Py<EventLog>, bytes: &[u8]) -> Result<Self> {
        let segment = userops::segment::Segment::from_bytes(bytes, log.get().log.user_count())?;
        Ok(Self { log, segment })
    }

    /// The members in the portable format of Roaring bitmaps.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.segment.to_bytes())
    }

    /// The log that the users are of.
    #[getter]
    fn log(&self, py: Python<'_>) -> Py<EventLog> {
        self.log.clone_ref(py)
    }

    /// How many users there are, in the segment and outside.
    #[getter]
    fn user_count(&self) -> usize {
        self.segment.user_count()
    }

    /// The members' share of all users; nothing where there is no user.
    #[getter]
    fn ratio(&self) -> Option<f64> {
        self.segment.ratio()
    }

    /// The ids of the members, ascending.
    fn ids<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyAny>>> {
        self.segment.ids(self.users()).map(|id| value::id_to_python(py, id)).collect()
    }

    /// A table of the members: `user`.
    fn to_table(&self) -> Result<Table> {
        let ids = user_column(self.users(), self.segment.iter());
        Ok(userops::table::Table::new(self.segment.len()).with("user", ids)?.into())
    }

    fn __len__(&self) -> usize {
        self.segment.len()
    }

    fn __contains__(&self, user: &Bound<'_, PyAny>) -> bool {
        let found = value::user_id(user).ok().and_then(|id| self.users().find(&id));
        found.is_some_and(|user| self.segment.contains(user))
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.ids(py)?.into_pyobject(py)?.try_iter()?.into_any())
    }

    /// Who is in both.
    fn __and__(&self, other: &Bound<'_, Self>) -> Result<Self> {
        self.join(other, |a, b| a & b)
    }

    /// Who is in one of the two, or both.
    fn __or__(&self, other: &Bound<'_, Self>) -> Result<Self> {
        self.join(other, |a, b| a | b)
    }

    /// Who is in this one and not in the other.
    fn __sub__(&self, other: &Bound<'_, Self>) -> Result<Self> {
        self.join(other, |a, b| a - b)
    }

    /// Who is in one of the two and not in both.
    fn __xor__(&self, other: &Bound<'_, Self>) -> Result<Self> {
        self.join(other, |a, b| a ^ b)
    }

    /// Who is not in it, out of all users of the log.
    fn __invert__(&self) -> Self {
        Self::new(&self.log, !&self.segment)
    }

    fn __eq__(&self, other: &Bound<'_, PyAny>) -> bool {
        other.cast::<Self>().is_ok_and(|other| {
            let other = other.get();
            self.segment == other.segment && self.check_same_users(other).is_ok()
        })
    }

    fn __hash__(&self) -> usize {
        self.segment.len().rotate_left(16) ^ self.segment.user_count()
    }

    fn __le__(&self, other: &Bound<'_, Self>) -> Result<bool> {
        self.issubset(other)
    }

    fn __ge__(&self, other: &Bound<'_, Self>) -> Result<bool> {
        self.check_same_users(other.get())?;
        Ok(other.get().segment.is_subset(&self.segment))
    }

    /// Whether every member is in the other as well.
    fn issubset(&self, other: &Bound<'_, Self>) -> Result<bool> {
        self.check_same_users(other.get())?;
        Ok(self.segment.is_subset(&other.get().segment))
    }

    /// Whether no user is in both.
    fn isdisjoint(&self, other: &Bound<'_, Self>) -> Result<bool> {
        self.check_same_users(other.get())?;
        Ok(self.segment.is_disjoint(&other.get().segment))
    }

    /// How many are in both, without making the segment.
    fn and_count(&self, other: &Bound<'_, Self>) -> Result<usize> {
        self.count(other, userops::segment::Segment::and_count)
    }

    /// How many are in one of the two or both, without making the segment.
    fn or_count(&self, other: &Bound<'_, Self>) -> Result<usize> {
        self.count(other, userops::segment::Segment::or_count)
    }

    /// How many are in this one and not in the other, without making the segment.
    fn and_not_count(&self, other: &Bound<'_, Self>) -> Result<usize> {
        self.count(other, userops::segment::Segment::and_not_count)
    }

    /// How many are in one of the two and not in both, without making the segment.
    fn xor_count(&self, other: &Bound<'_, Self>) -> Result<usize> {
        self.count(other, userops::segment::Segment::xor_count)
    }

    /// Who enters, leaves and stays from this segment to a later one of the same users.
    fn diff(&self, after: &Bound<'_, Self>) -> Result<SegmentDiff> {
        self.check_same_users(after.get())?;
        Ok(SegmentDiff::new(&self.log, diff_segments(&self.segment, &after.get().segment)?))
    }

    fn __repr__(&self) -> String {
        format!("<Segment of {} among {} users>", self.segment.len(), self.segment.user_count())
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_bytes", (&self.log, self.to_bytes(py)))?)
    }
}

/// Who entered, left and stayed.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct SegmentDiff {
    log: Py<EventLog>,
    diff: userops::segment::SegmentDiff,
}

impl SegmentDiff {
    pub(crate) fn new(log: &Py<EventLog>, diff: userops::segment::SegmentDiff) -> Self {
        Python::attach(|py| Self { log: log.clone_ref(py), diff })
    }
}

#[pymethods]
impl SegmentDiff {
    /// Who is in it after and was not before.
    #[getter]
    fn entered(&self) -> Segment {
        Segment::new(&self.log, self.diff.entered.clone())
    }

    /// Who was in it before and is not after.
    #[getter]
    fn left(&self) -> Segment {
        Segment::new(&self.log, self.diff.left.clone())
    }

    /// Who is in it before and after.
    #[getter]
    fn stayed(&self) -> Segment {
        Segment::new(&self.log, self.diff.stayed.clone())
    }

    /// A row per user who moved: `user`, `movement`.
    fn to_table(&self) -> Result<Table> {
        Ok(self.diff.to_table(self.log.get().log.users())?.into())
    }

    fn __repr__(&self) -> String {
        let (entered, left) = (self.diff.entered.len(), self.diff.left.len());
        format!("<SegmentDiff: {entered} entered, {left} left, {} stayed>", self.diff.stayed.len())
    }

    /// A difference is pickled as the two segments, and taken again.
    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        let userops::segment::SegmentDiff { entered, left, stayed } = &self.diff;
        let (before, after) = (stayed | left, stayed | entered);
        Ok(reduce::<Segment>(py, "diff", (Segment::new(&self.log, before), Segment::new(&self.log, after)))?)
    }
}

/// Who enters, leaves and stays between segments of two logs, told by user id: a dict.
#[pyfunction]
pub(crate) fn diff_by_id<'py>(before: &Bound<'py, Segment>, after: &Bound<'py, Segment>) -> Result<Bound<'py, PyDict>> {
    let py = before.py();
    let (before, after) = (before.get(), after.get());
    let diff = diff_ids((&before.segment, before.users()), (&after.segment, after.users()));
    let dict = PyDict::new(py);
    for (name, ids) in [("entered", &diff.entered), ("left", &diff.left), ("stayed", &diff.stayed)] {
        let ids: Vec<_> = ids.iter().map(|id| value::id_to_python(py, id.as_ref())).collect::<PyResult<_>>()?;
        dict.set_item(name, ids)?;
    }
    dict.set_item("entered_new_count", diff.entered_new_count)?;
    dict.set_item("left_gone_count", diff.left_gone_count)?;
    Ok(dict)
}

/// How many users segments share, pair by pair: a table.
#[pyfunction]
pub(crate) fn overlap(segments: &Bound<'_, PyDict>) -> Result<Table> {
    let py = segments.py();
    let named = |(name, segment): (Bound<'_, PyAny>, Bound<'_, PyAny>)| -> Result<(String, Py<Segment>)> {
        Ok((name.extract()?, segment.cast_into::<Segment>().map_err(PyErr::from)?.unbind()))
    };
    let segments: Vec<(String, Py<Segment>)> = segments.iter().map(named).collect::<Result<_>>()?;
    if let Some(((_, first), others)) = segments.split_first() {
        others.iter().try_for_each(|(_, other)| first.get().check_same_users(other.get()))?;
    }
    let pairs: Vec<_> = segments.iter().map(|(name, segment)| (name.as_str(), &segment.get().segment)).collect();
    Ok(py.detach(|| OverlapMatrix::new(pairs)?.to_table())?.into())
}

/// How many users are in all segments of `inside` and in none of `outside`, without making a segment.
#[pyfunction]
#[pyo3(signature = (inside, outside = Vec::new()))]
pub(crate) fn count_users(
    py: Python<'_>,
    inside: Vec<Bound<'_, Segment>>,
    outside: Vec<Bound<'_, Segment>>,
) -> Result<usize> {
    let all: Vec<&Segment> = inside.iter().chain(&outside).map(|segment| segment.get()).collect();
    if let Some((first, others)) = all.split_first() {
        others.iter().try_for_each(|other| first.check_same_users(other))?;
    }
    let inside_count = inside.len();
    py.detach(|| -> Result<usize, Error> {
        let truths: Vec<_> = all.iter().map(|segment| segment.segment.to_truths()).collect();
        let (with, without) = truths.split_at(inside_count);
        count(&with.iter().collect::<Vec<_>>(), &without.iter().collect::<Vec<_>>())
    })
    .map_err(Failure::from)
}
