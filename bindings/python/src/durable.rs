//! A live engine that is kept in a folder.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};
use userops::error::{Error, ErrorKind, Result as EngineResult};
use userops_live::store::{ChangeId, Entry, StoreOptions};
use userops_live::{Applied, DurableEngine, DurableOptions, Fate, NumberedChange};

use crate::calibration::Calibration;
use crate::explanation::Explanation;
use crate::failure::{Failure, Result};
use crate::interrupt::{run, run_stoppable};
use crate::live;
use crate::log::EventLog;
use crate::playbook::Playbook;
use crate::table::Table;
use crate::time::{self, AsOf};
use crate::value;

type Dicts<'py> = Vec<Bound<'py, PyDict>>;

/// A live engine that is kept in a folder: what it has acknowledged it knows again after a crash.
#[pyclass(frozen, module = "userops")]
#[derive(Debug)]
pub(crate) struct DurableLiveEngine {
    /// Nothing once it is closed.
    engine: Arc<Mutex<Option<DurableEngine>>>,
    folder: PathBuf,
}

/// Works on an engine that is open.
fn work_on<T>(
    shared: &Mutex<Option<DurableEngine>>,
    work: impl FnOnce(&mut DurableEngine) -> EngineResult<T>,
) -> EngineResult<T> {
    match live::lock(shared)?.as_mut() {
        Some(engine) => work(engine),
        None => Err(Error::new(ErrorKind::InvalidArgument, "the engine is closed: open its folder again")),
    }
}

impl DurableLiveEngine {
    fn new(folder: PathBuf, engine: DurableEngine) -> Self {
        Self { engine: Arc::new(Mutex::new(Some(engine))), folder }
    }

    /// Asks or tells the engine something short, without the interpreter's lock.
    fn with<T: Send>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&mut DurableEngine) -> EngineResult<T> + Send,
    ) -> Result<T> {
        Ok(py.detach(|| work_on(&self.engine, work))?)
    }

    /// Asks the engine something that reads all entries, while Ctrl-C is heard.
    fn ask<T: Send + 'static>(
        &self,
        py: Python<'_>,
        work: impl FnOnce(&DurableEngine) -> EngineResult<T> + Send + 'static,
    ) -> Result<T> {
        let rows = self.with(py, |engine| Ok(engine.store().len()))?;
        let shared = Arc::clone(&self.engine);
        Ok(run(py, usize::try_from(rows).unwrap_or(usize::MAX), move || work_on(&shared, |engine| work(engine)))??)
    }

    fn tell<'py>(
        &self,
        py: Python<'py>,
        work: impl FnOnce(&mut DurableEngine) -> EngineResult<Applied> + Send,
    ) -> Result<Dicts<'py>> {
        write_numbered(py, &self.with(py, work)?.changes)
    }
}

#[pymethods]
impl DurableLiveEngine {
    /// Opens the engine of a folder, or puts a new one into an empty folder.
    #[classmethod]
    #[pyo3(signature = (
        folder, playbook, *, calibration = None, lateness = None, ahead_max = None, snapshot_entries = None,
        journal = true, verify_pages = true
    ))]
    #[allow(clippy::too_many_arguments, reason = "keywords of Python, not positions")]
    fn open(
        class: &Bound<'_, PyType>,
        folder: PathBuf,
        playbook: &Bound<'_, Playbook>,
        calibration: Option<&Bound<'_, Calibration>>,
        lateness: Option<&Bound<'_, PyAny>>,
        ahead_max: Option<&Bound<'_, PyAny>>,
        snapshot_entries: Option<u64>,
        journal: bool,
        verify_pages: bool,
    ) -> Result<Self> {
        let first = live::make(playbook, calibration, live::options(lateness, ahead_max)?)?;
        let options = durable_options(snapshot_entries, journal, verify_pages);
        let opened = class.py().detach(|| DurableEngine::open(&folder, options, || Ok(first)))?;
        Ok(Self::new(folder, opened))
    }

    /// Opens the engine of a folder as it is, whatever its playbook.
    #[classmethod]
    #[pyo3(signature = (folder, *, snapshot_entries = None, journal = true, verify_pages = true))]
    fn reopen(
        class: &Bound<'_, PyType>,
        folder: PathBuf,
        snapshot_entries: Option<u64>,
        journal: bool,
        verify_pages: bool,
    ) -> Result<Self> {
        let options = durable_options(snapshot_entries, journal, verify_pages);
        let opened = class.py().detach(|| DurableEngine::reopen(&folder, options))?;
        Ok(Self::new(folder, opened))
    }

    /// Takes one event or several in with one flush to disk: what became of each, and the changes.
    fn observe<'py>(&self, events: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>> {
        let py = events.py();
        let (events, is_one) = live::read_events(events)?;
        let entries: Vec<Entry> = events.into_iter().map(Entry::Event).collect();
        // After an interrupt the batch still goes to disk as a whole.
        let (count, shared) = (entries.len(), Arc::clone(&self.engine));
        let applied = run(py, count, move || work_on(&shared, |engine| engine.apply(&entries)))??;
        let mut fates = Vec::with_capacity(applied.fates.len());
        for fate in applied.fates {
            fates.push(match fate {
                Fate::Refused(error) if is_one => return Err(error.into()),
                fate => write_fate(py, fate)?,
            });
        }
        let answer = PyDict::new(py);
        answer.set_item("fates", fates)?;
        answer.set_item("changes", write_numbered(py, &applied.changes)?)?;
        Ok(answer)
    }

    /// Moves the clock on, and tells what time alone has changed.
    fn advance_to<'py>(&self, py: Python<'py>, instant: AsOf) -> Result<Dicts<'py>> {
        self.tell(py, |engine| engine.advance_to(instant.0))
    }

    /// Learns attributes of a user.
    fn set_attributes<'py>(&self, user: &Bound<'py, PyAny>, attributes: &Bound<'py, PyDict>) -> Result<Dicts<'py>> {
        let (py, user, attributes) = (user.py(), value::user_id(user)?, live::read_values(attributes)?);
        self.tell(py, |engine| engine.set_attributes(user, attributes))
    }

    /// Puts a tag on a user, or takes it off, by hand.
    fn tag_by_hand<'py>(&self, act: &Bound<'py, PyAny>) -> Result<Dicts<'py>> {
        let (py, act) = (act.py(), live::read_act(act)?);
        self.tell(py, |engine| engine.tag_by_hand(act))
    }

    /// The instant of all answers; none before the first event.
    #[getter]
    fn as_of<'py>(&self, py: Python<'py>) -> Result<Option<Bound<'py, PyAny>>> {
        let as_of = self.with(py, |durable| Ok(durable.engine().as_of()))?;
        Ok(as_of.map(|as_of| time::to_datetime(py, as_of)).transpose()?)
    }

    /// How many users are known.
    #[getter]
    fn user_count(&self, py: Python<'_>) -> Result<usize> {
        self.with(py, |durable| Ok(durable.engine().user_count()))
    }

    /// Whether it is closed.
    #[getter]
    fn is_closed(&self, py: Python<'_>) -> Result<bool> {
        Ok(py.detach(|| live::lock(&self.engine).map(|engine| engine.is_none()))?)
    }

    /// What the playbook says of a user.
    fn state<'py>(&self, user: &Bound<'py, PyAny>) -> Result<Bound<'py, PyDict>> {
        let (py, user) = (user.py(), value::user_id(user)?);
        live::write_state(py, &self.with(py, |durable| durable.engine().state(&user))?)
    }

    /// Why the answers of a user are what they are.
    fn explain(&self, user: &Bound<'_, PyAny>) -> Result<Explanation> {
        let (py, user) = (user.py(), value::user_id(user)?);
        Ok(self.with(py, |durable| durable.engine().explain(&user))?.into())
    }

    /// What will change of a user until an instant, if nothing happens before.
    fn forecast<'py>(&self, user: &Bound<'py, PyAny>, until: AsOf) -> Result<Dicts<'py>> {
        let (py, user) = (user.py(), value::user_id(user)?);
        live::write_changes(py, &self.with(py, |durable| durable.engine().forecast(&user, until.0))?)
    }

    /// The users who are in a segment.
    fn membership<'py>(&self, py: Python<'py>, segment: &str) -> Result<Vec<Bound<'py, PyAny>>> {
        live::write_users(py, &self.with(py, |durable| Ok(live::owned(durable.engine().membership(segment)?)))?)
    }

    /// The users who have a tag.
    fn tagged<'py>(&self, py: Python<'py>, tag: &str) -> Result<Vec<Bound<'py, PyAny>>> {
        live::write_users(py, &self.with(py, |durable| Ok(live::owned(durable.engine().tagged(tag)?)))?)
    }

    /// A row per user, with the columns of an outcome.
    fn to_table(&self, py: Python<'_>) -> Result<Table> {
        Ok(self.ask(py, |durable| durable.engine().to_table())?.into())
    }

    /// Every answer that differs from a batch evaluation over all that is kept: none.
    fn verify<'py>(&self, py: Python<'py>) -> Result<Dicts<'py>> {
        live::write_differences(py, &self.ask(py, DurableEngine::verify)?)
    }

    /// All events and attributes so far as a log.
    fn to_event_log(&self, py: Python<'_>) -> Result<EventLog> {
        Ok(self.ask(py, DurableEngine::to_event_log)?.into())
    }

    /// Writes all events to a Parquet file, and what is known of users to one beside it, whose path is given back.
    fn export_parquet(&self, py: Python<'_>, path: PathBuf) -> Result<PathBuf> {
        let exported = self.ask(py, move |durable| {
            let schema = durable.engine().plan().playbook().schema.clone();
            durable.store().export_parquet(schema, path)
        })?;
        Ok(exported.attributes)
    }

    /// Keeps the state as it is, so that opening need not work off what came before.
    fn snapshot(&self, py: Python<'_>) -> Result<()> {
        self.with(py, DurableEngine::snapshot)
    }

    /// The cursor of a subscriber, who is new where there is none of the name.
    fn subscribe(&self, py: Python<'_>, name: &str) -> Result<(u64, u32)> {
        let cursor = self.with(py, |engine| engine.subscribe(name))?;
        Ok((cursor.sequence, cursor.index))
    }

    /// The changes after a cursor, in order.
    #[pyo3(signature = (cursor, *, limit = 1_000))]
    fn changes_after<'py>(&self, py: Python<'py>, cursor: (u64, u32), limit: usize) -> Result<Dicts<'py>> {
        let cursor = ChangeId::new(cursor.0, cursor.1);
        write_numbered(py, &self.with(py, |engine| engine.changes_after(cursor, limit))?)
    }

    /// Moves a subscriber's cursor on: what stands up to it is dealt with.
    fn acknowledge(&self, py: Python<'_>, name: &str, cursor: (u64, u32)) -> Result<()> {
        self.with(py, |engine| engine.acknowledge(name, ChangeId::new(cursor.0, cursor.1)))
    }

    /// Puts another version of the playbook in the place of this one, and tells what differs.
    #[pyo3(signature = (playbook, *, calibration = None))]
    fn replace<'py>(
        &self,
        playbook: &Bound<'py, Playbook>,
        calibration: Option<&Bound<'py, Calibration>>,
    ) -> Result<Dicts<'py>> {
        let py = playbook.py();
        let told = |durable: &mut DurableEngine| Ok((durable.engine().plan().options().clone(), durable.store().len()));
        let (options, entries) = self.with(py, told)?;
        let next = live::make(playbook, calibration, options)?;
        let shared = Arc::clone(&self.engine);
        let replace = move |is_stopped: &AtomicBool| {
            let progress = |_| match is_stopped.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            };
            work_on(&shared, |engine| engine.replace_with_progress(next, progress))
        };
        let changes = run_stoppable(py, usize::try_from(entries).unwrap_or(usize::MAX), replace)??;
        live::write_changes(py, &changes)
    }

    /// Lets the folder go. Closing twice is no error.
    fn close(&self, py: Python<'_>) -> Result<()> {
        Ok(py.detach(|| live::lock(&self.engine).map(|mut engine| drop(engine.take())))?)
    }

    fn __enter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, py: Python<'_>, _error: &Bound<'_, pyo3::types::PyTuple>) -> Result<()> {
        self.close(py)
    }

    fn __repr__(&self, py: Python<'_>) -> Result<String> {
        let folder = self.folder.display();
        let what = py.detach(|| -> EngineResult<_> {
            let guard = live::lock(&self.engine)?;
            Ok(guard.as_ref().map_or("closed".to_owned(), |durable| live::describe(durable.engine())))
        })?;
        Ok(format!("<DurableLiveEngine in {folder}, {what}>"))
    }
}

fn durable_options(snapshot_entries: Option<u64>, journal: bool, verify_pages: bool) -> DurableOptions {
    let DurableOptions { snapshot_entries: usual, .. } = DurableOptions::default();
    let store = StoreOptions::default().verify(verify_pages);
    DurableOptions { store, snapshot_entries: snapshot_entries.unwrap_or(usual), journal }
}

/// What became of an event as a dict.
fn write_fate(py: Python<'_>, fate: Fate) -> Result<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    match fate {
        Fate::Taken { sequence } => {
            dict.set_item("fate", "taken")?;
            dict.set_item("sequence", sequence)?;
        }
        Fate::Duplicate { sequence, is_conflicting } => {
            dict.set_item("fate", "duplicate")?;
            dict.set_item("sequence", sequence)?;
            dict.set_item("is_conflicting", is_conflicting)?;
        }
        Fate::Refused(error) => {
            dict.set_item("fate", "refused")?;
            let raised = PyErr::from(Failure::from(error));
            dict.set_item("error", raised.into_value(py))?;
        }
    }
    Ok(dict)
}

/// Changes as dicts, each with the cursor that stands behind it.
fn write_numbered<'py>(py: Python<'py>, changes: &[NumberedChange]) -> Result<Dicts<'py>> {
    let write = |numbered: &NumberedChange| {
        let dict = live::write_change(py, &numbered.change)?;
        dict.set_item("cursor", (numbered.id.sequence, numbered.id.index))?;
        Ok(dict)
    };
    changes.iter().map(write).collect()
}
