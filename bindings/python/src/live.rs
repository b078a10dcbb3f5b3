//! A playbook answered event by event, in memory; and what both live engines take and tell.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyType};
use userops::error::{Error, ErrorKind, Result as EngineResult};
use userops::event::Event;
use userops::id::UserId;
use userops::live::{Change, ChangeKind, Difference, Engine, LiveOptions, UserState};
use userops::money::Money;
use userops::tag::ManualTag;
use userops::value::Value;
use userops_live::{read_snapshot, write_snapshot};

use crate::calibration::Calibration;
use crate::data;
use crate::explanation::Explanation;
use crate::failure::{Result, invalid_argument};
use crate::interrupt::{run, run_on_log, run_stoppable};
use crate::log::EventLog;
use crate::pickle::{Reduced, reduce};
use crate::playbook::Playbook;
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

/// What an event may state.
const EVENT_KEYS: [&str; 6] = ["user", "time", "event", "amount_minor", "id", "properties"];
/// Events that are read between two looks for a signal: some milliseconds.
const LISTEN_EVENTS: usize = 4_096;

type Dicts<'py> = Vec<Bound<'py, PyDict>>;

/// A playbook that is answered event by event.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct LiveEngine {
    engine: Arc<Mutex<Engine>>,
}

impl From<Engine> for LiveEngine {
    fn from(engine: Engine) -> Self {
        Self { engine: Arc::new(Mutex::new(engine)) }
    }
}

impl LiveEngine {
    /// Asks or tells the engine something short, without the interpreter's lock.
    fn with<T: Send>(&self, py: Python<'_>, work: impl FnOnce(&mut Engine) -> EngineResult<T> + Send) -> Result<T> {
        Ok(py.detach(|| work(&mut *lock(&self.engine)?))?)
    }
}

#[pymethods]
impl LiveEngine {
    #[new]
    #[pyo3(signature = (playbook, *, calibration = None, lateness = None, ahead_max = None))]
    fn new(
        playbook: &Bound<'_, Playbook>,
        calibration: Option<&Bound<'_, Calibration>>,
        lateness: Option<&Bound<'_, PyAny>>,
        ahead_max: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        Ok(make(playbook, calibration, options(lateness, ahead_max)?)?.into())
    }

    /// The engine that has seen the events of a log up to an instant.
    #[classmethod]
    #[pyo3(signature = (log, playbook, *, as_of, calibration = None, lateness = None, ahead_max = None))]
    fn from_log(
        _class: &Bound<'_, PyType>,
        log: &Bound<'_, EventLog>,
        playbook: &Bound<'_, Playbook>,
        as_of: AsOf,
        calibration: Option<&Bound<'_, Calibration>>,
        lateness: Option<&Bound<'_, PyAny>>,
        ahead_max: Option<&Bound<'_, PyAny>>,
    ) -> Result<Self> {
        let mut engine = make(playbook, calibration, options(lateness, ahead_max)?)?;
        Ok(run_on_log(log, move |frozen| engine.load(frozen, as_of.0).map(|()| engine))?.into())
    }

    /// Takes one event or several in, and tells the changes. Where one of several is refused beforehand, none counts.
    fn observe<'py>(&self, events: &Bound<'py, PyAny>) -> Result<Dicts<'py>> {
        let py = events.py();
        let (events, is_one) = read_events(events)?;
        let count = events.len();
        let engine = Arc::clone(&self.engine);
        let tell = move |is_stopped: &AtomicBool| observe_all(&mut *lock(&engine)?, &events, is_one, is_stopped);
        let changes = run_stoppable(py, count, tell)??;
        write_changes(py, &changes)
    }

    /// Moves the clock on, and tells what time alone has changed.
    fn advance_to<'py>(&self, py: Python<'py>, instant: AsOf) -> Result<Dicts<'py>> {
        write_changes(py, &self.with(py, |engine| engine.advance_to(instant.0))?)
    }

    /// Learns attributes of a user.
    fn set_attributes<'py>(&self, user: &Bound<'py, PyAny>, attributes: &Bound<'py, PyDict>) -> Result<Dicts<'py>> {
        let (py, user, attributes) = (user.py(), value::user_id(user)?, read_values(attributes)?);
        write_changes(py, &self.with(py, |engine| engine.set_attributes(&user, &attributes))?)
    }

    /// Puts a tag on a user, or takes it off, by hand.
    fn tag_by_hand<'py>(&self, act: &Bound<'py, PyAny>) -> Result<Dicts<'py>> {
        let (py, act) = (act.py(), read_act(act)?);
        write_changes(py, &self.with(py, |engine| engine.tag_by_hand(&act))?)
    }

    /// The instant of all answers; none before the first event.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        let as_of = self.with(py, |engine| Ok(engine.as_of()))?;
        Ok(as_of.map(|as_of| time::to_datetime(py, as_of)).transpose()?)
    }

    /// How many users are known.
    #[getter]
    fn user_count(&self, py: Python<'_>) -> Result<usize> {
        self.with(py, |engine| Ok(engine.user_count()))
    }

    /// Bytes that the users take, without their ids.
    fn memory_bytes(&self, py: Python<'_>) -> Result<usize> {
        self.with(py, |engine| Ok(engine.memory_bytes()))
    }

    /// What the playbook says of a user.
    fn state<'py>(&self, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>> {
        let (py, user) = (user.py(), value::user_id(user)?);
        write_state(py, &self.with(py, |engine| engine.state(&user))?)
    }

    /// Why the answers of a user are what they are.
    fn explain(&self, user: &Bound<'_, PyAny>) -> Result<Explanation> {
        let (py, user) = (user.py(), value::user_id(user)?);
        Ok(self.with(py, |engine| engine.explain(&user))?.into())
    }

    /// What will change of a user until an instant, if nothing happens before.
    fn forecast<'py>(&self, user: &Bound<'py, PyAny>, until: AsOf) -> Result<Dicts<'py>> {
        let (py, user) = (user.py(), value::user_id(user)?);
        write_changes(py, &self.with(py, |engine| engine.forecast(&user, until.0))?)
    }

    /// The users who are in a segment.
    fn membership<'py>(&self, py: Python<'py>, segment: &str) -> Result<Vec<Bound<'py, PyAny>>> {
        write_users(py, &self.with(py, |engine| Ok(owned(engine.membership(segment)?)))?)
    }

    /// The users who have a tag.
    fn tagged<'py>(&self, py: Python<'py>, tag: &str) -> Result<Vec<Bound<'py, PyAny>>> {
        write_users(py, &self.with(py, |engine| Ok(owned(engine.tagged(tag)?)))?)
    }

    /// A row per user, with the columns of an outcome.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        let (rows, engine) = (self.user_count(py)?, Arc::clone(&self.engine));
        Ok(run(py, rows, move || lock(&engine)?.to_table())??.into())
    }

    /// Every answer that differs from a batch evaluation over a log: none, where it holds what the engine was told.
    fn verify<'py>(&self, log: &Bound<'py, EventLog>) -> Result<Dicts<'py>> {
        let engine = Arc::clone(&self.engine);
        write_differences(log.py(), &run_on_log(log, move |frozen| lock(&engine)?.verify(frozen))?)
    }

    /// The engine as bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyBytes>> {
        Ok(PyBytes::new(py, &self.with(py, |engine| write_snapshot(engine))?))
    }

    /// The engine of some bytes.
    #[classmethod]
    fn from_bytes(class: &Bound<'_, PyType>, data: Vec<u8>) -> Result<Self> {
        Ok(class.py().detach(|| read_snapshot(&data))?.into())
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        self.with(py, |engine| Ok(format!("<LiveEngine of {}>", describe(engine))))
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Result<Reduced<'py>> {
        Ok(reduce::<Self>(py, "from_bytes", (self.to_bytes(py)?,))?)
    }
}

/// What is in there, for as long as the guard lives.
///
/// # Errors
/// `Io` where a call before has panicked, and may have left half of its work.
pub(crate) fn lock<T>(shared: &Mutex<T>) -> EngineResult<MutexGuard<'_, T>> {
    let broken = "a call before has panicked, so that the engine is not to be trusted: make or open it again";
    shared.lock().map_err(|_| Error::new(ErrorKind::Io, broken))
}

/// An engine without users.
pub(crate) fn make(
    playbook: &Bound<'_, Playbook>,
    calibration: Option<&Bound<'_, Calibration>>,
    options: LiveOptions,
) -> Result<Engine> {
    let playbook = &playbook.get().playbook;
    Ok(match calibration {
        Some(calibration) => Engine::with_calibration(playbook, &calibration.get().calibration, options)?,
        None => Engine::new(playbook, options)?,
    })
}

/// Takes events in, none of them where one is refused beforehand, and until it is stopped, which is heard between two of them.
fn observe_all(
    engine: &mut Engine,
    events: &[Event],
    is_one: bool,
    is_stopped: &AtomicBool,
) -> EngineResult<Vec<Change>> {
    let place = |index: usize, error: Error| if is_one { error } else { error.at(format!("event {}", index + 1)) };
    let go_on = |index: usize| match is_stopped.load(Ordering::Relaxed) {
        true => Err(Error::new(ErrorKind::Cancelled, format!("stopped before event {}", index + 1))),
        false => Ok(()),
    };
    let mut clock = engine.as_of();
    for (index, event) in events.iter().enumerate() {
        go_on(index)?;
        engine.check_at(event, clock).map_err(|error| place(index, error))?;
        clock = clock.max(Some(event.time));
    }
    let mut changes = Vec::new();
    for (index, event) in events.iter().enumerate() {
        go_on(index)?;
        engine.observe_into(event, &mut changes).map_err(|error| place(index, error))?;
    }
    Ok(changes)
}

/// The options of keywords; what is left out is as by default.
pub(crate) fn options(
    lateness: Option<&Bound<'_, PyAny>>,
    ahead_max: Option<&Bound<'_, PyAny>>,
) -> Result<LiveOptions> {
    let mut options = LiveOptions::default();
    if let Some(lateness) = lateness {
        options.lateness = time::span(lateness)?;
    }
    options.ahead_max = ahead_max.map(time::span).transpose()?;
    Ok(options)
}

/// One event or several, and whether one was given.
///
/// # Errors
/// `InvalidArgument` for a dict that is no event, with its place; as [`value::from_python`].
pub(crate) fn read_events(events: &Bound<'_, PyAny>) -> Result<(Vec<Event>, bool)> {
    if let Ok(event) = events.cast::<PyDict>() {
        return Ok((vec![read_event(event)?], true));
    }
    let read = |(index, event): (usize, PyResult<Bound<'_, PyAny>>)| {
        if index % LISTEN_EVENTS == 0 {
            events.py().check_signals()?;
        }
        let event = event?;
        let dict = event.cast::<PyDict>().map_err(|_| invalid_argument("an event is a dict"));
        dict.and_then(read_event).map_err(|failure| failure.at(format!("event {}", index + 1)))
    };
    Ok((events.try_iter()?.enumerate().map(read).collect::<Result<_>>()?, false))
}

fn read_event(dict: &Bound<'_, PyDict>) -> Result<Event> {
    for key in dict.keys() {
        if !key.extract::<&str>().is_ok_and(|key| EVENT_KEYS.contains(&key)) {
            let known = EVENT_KEYS.join(", ");
            return Err(invalid_argument(format!("an event has no {}: it has {known}", key.repr()?)));
        }
    }
    let known = |key: &str| -> PyResult<_> { Ok(dict.get_item(key)?.filter(|value| !value.is_none())) };
    let needed = |key: &str| known(key)?.ok_or_else(|| invalid_argument(format!("the event has no {key:?}")));
    let (user, time) = (value::user_id(&needed("user")?)?, time::instant(&needed("time")?)?);
    let mut event = Event::new(user, time, needed("event")?.extract::<String>()?);
    if let Some(amount) = known("amount_minor")? {
        event.amount = Some(Money::from_minor(amount.extract()?));
    }
    event.id = known("id")?.map(|id| id.extract()).transpose()?;
    if let Some(properties) = known("properties")? {
        event.properties = read_values(properties.cast::<PyDict>()?)?;
    }
    Ok(event)
}

/// Values by name; those that are `None` are left out.
pub(crate) fn read_values(dict: &Bound<'_, PyDict>) -> Result<BTreeMap<String, Value>> {
    let mut values = BTreeMap::new();
    for (name, known) in dict.iter().filter(|(_, known)| !known.is_none()) {
        let name: String = name.extract()?;
        let read = value::from_python(&known).map_err(|failure| failure.at(&name))?;
        values.insert(name, read);
    }
    Ok(values)
}

/// What a person says of a user.
pub(crate) fn read_act(act: &Bound<'_, PyAny>) -> Result<ManualTag> {
    data::read("manual tag", act)
}

/// Changes as dicts.
pub(crate) fn write_changes<'py>(py: Python<'py>, changes: &[Change]) -> Result<Dicts<'py>> {
    changes.iter().map(|change| write_change(py, change)).collect()
}

/// A change as a dict.
pub(crate) fn write_change<'py>(py: Python<'py>, change: &Change) -> Result<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("user", value::id_to_python(py, change.user.as_ref())?)?;
    match &change.what {
        ChangeKind::Tag { name, from, to } => {
            dict.set_item("kind", "tag")?;
            dict.set_item("name", &**name)?;
            dict.set_item("from", maybe(py, from.as_ref())?)?;
            dict.set_item("to", maybe(py, to.as_ref())?)?;
        }
        ChangeKind::Stage { from, to } => {
            dict.set_item("kind", "stage")?;
            dict.set_item("from", from.as_deref())?;
            dict.set_item("to", to.as_deref())?;
        }
        ChangeKind::Segment { name, entered } => {
            dict.set_item("kind", "segment")?;
            dict.set_item("name", &**name)?;
            dict.set_item("entered", entered)?;
        }
        // A kind that is newer than this wrapper, as plain data.
        other => dict.update(data::write(py, other)?.cast::<PyDict>()?.as_mapping())?,
    }
    dict.set_item("effective_at", time::to_datetime(py, change.effective_at)?)?;
    dict.set_item("recorded_at", time::to_datetime(py, change.recorded_at)?)?;
    Ok(dict)
}

fn maybe<'py>(py: Python<'py>, known: Option<&Value>) -> PyResult<Option<Bound<'py, PyAny>>> {
    known.map(|known| value::to_python(py, known.as_ref())).transpose()
}

/// What is said of a user as a dict.
pub(crate) fn write_state<'py>(py: Python<'py>, state: &UserState) -> Result<Bound<'py, PyDict>> {
    let (tags, scores, dict) = (PyDict::new(py), PyDict::new(py), PyDict::new(py));
    for (name, known) in &state.tags {
        tags.set_item(name, value::to_python(py, known.as_ref())?)?;
    }
    for (name, known) in &state.scores {
        scores.set_item(name, value::to_python(py, known.as_ref())?)?;
    }
    dict.set_item("user", value::id_to_python(py, state.user.as_ref())?)?;
    dict.set_item("as_of", time::to_datetime(py, state.as_of)?)?;
    dict.set_item("tags", tags)?;
    dict.set_item("stage", state.stage.as_deref().map(|stage| PyString::new(py, stage)))?;
    dict.set_item("segments", &state.segments)?;
    dict.set_item("scores", scores)?;
    dict.set_item("next_look_at", state.next_look_at.map(|at| time::to_datetime(py, at)).transpose()?)?;
    dict.set_item("event_count_kept", state.event_count_kept)?;
    dict.set_item("memory_bytes", state.memory_bytes)?;
    Ok(dict)
}

/// Differences as dicts.
pub(crate) fn write_differences<'py>(py: Python<'py>, differences: &[Difference]) -> Result<Dicts<'py>> {
    let write = |difference: &Difference| {
        let dict = PyDict::new(py);
        dict.set_item("user", value::id_to_python(py, difference.user.as_ref())?)?;
        dict.set_item("column", &difference.column)?;
        dict.set_item("live", maybe(py, difference.live.as_ref())?)?;
        dict.set_item("batch", maybe(py, difference.batch.as_ref())?)?;
        Ok(dict)
    };
    differences.iter().map(write).collect()
}

/// Ids as Python has them.
pub(crate) fn write_users<'py>(py: Python<'py>, users: &[UserId]) -> Result<Vec<Bound<'py, PyAny>>> {
    Ok(users.iter().map(|id| value::id_to_python(py, id.as_ref())).collect::<PyResult<_>>()?)
}

pub(crate) fn owned(users: Vec<&UserId>) -> Vec<UserId> {
    users.into_iter().cloned().collect()
}

/// The playbook, its users and the instant.
pub(crate) fn describe(engine: &Engine) -> String {
    let (name, users) = (&engine.plan().playbook().name, engine.user_count());
    let when = engine.as_of().map_or("before any instant".to_owned(), |as_of| format!("as of {as_of}"));
    format!("{name:?}: {users} users {when}")
}
