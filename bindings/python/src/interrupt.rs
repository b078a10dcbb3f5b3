//! Long calls, in which Ctrl-C is heard: the work runs on another thread, and the caller listens meanwhile.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::thread::Builder;
use std::time::Duration;

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use userops::error::{Error, ErrorKind};

use crate::failure::Result;
use crate::log::EventLog;

/// How long the caller waits between two looks for a signal: not felt by who has pressed Ctrl-C, and 50 looks a second
/// cost nothing.
const LISTEN_EVERY: Duration = Duration::from_millis(20);

/// Events or rows up to which work stays on the calling thread: it is over in about a millisecond.
const SMALL_ROWS: usize = 10_000;

/// As much as a main thread usually has, so that no work needs more than it would have had there.
const STACK_BYTES: usize = 8 << 20;

type Job = Box<dyn FnOnce() + Send>;

/// Runs work over a log without the interpreter's lock, and hears Ctrl-C.
///
/// It runs on a thread of the pool that it divides itself over anyway: a thread of its own, whose memory is all new, would
/// cost a short kernel a twentieth of its time.
///
/// # Errors
/// What the work fails with; as [`run`].
pub(crate) fn run_on_log<T, F>(log: &Bound<'_, EventLog>, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&userops::log::EventLog) -> userops::error::Result<T> + Send + 'static,
{
    let frozen = Arc::clone(&log.get().log);
    let start = |job: Job| {
        rayon::spawn(job);
        Ok(())
    };
    Ok(run_by(log.py(), frozen.event_count(), move || work(&frozen), start)??)
}

/// Runs work over so many rows without the interpreter's lock, and hears Ctrl-C where Python does: in its main thread.
/// Elsewhere, and where there are few rows, the work runs on the calling thread.
///
/// Work cannot be stopped half way. After an interrupt it goes on to its end in the background, and its answer is
/// dropped; so it must own all that it needs, and change nothing that others see, or all of it at once. A panic in it goes on
/// in the caller.
///
/// # Errors
/// What a signal handler raises, such as `KeyboardInterrupt`; `Io` where no thread can be started.
pub(crate) fn run<T, F>(py: Python<'_>, rows: usize, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    run_by(py, rows, work, |job| {
        let thread = Builder::new().name("userops".to_owned()).stack_size(STACK_BYTES).spawn(job);
        thread
            .map(drop)
            .map_err(|error| Error::new(ErrorKind::Io, format!("no thread could be started: {error}")).caused_by(error))
    })
}

/// [`run`], for work that can be stopped: after an interrupt it is told so, and is to end soon. Nobody waits for that.
///
/// # Errors
/// As [`run`].
pub(crate) fn run_stoppable<T, F>(py: Python<'_>, rows: usize, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce(&AtomicBool) -> T + Send + 'static,
{
    let is_stopped = Arc::new(AtomicBool::new(false));
    let of_work = Arc::clone(&is_stopped);
    let done = run(py, rows, move || work(&of_work));
    is_stopped.store(done.is_err(), Ordering::Relaxed);
    done
}

/// [`run`], with what starts a job elsewhere.
fn run_by<T, F>(
    py: Python<'_>,
    rows: usize,
    work: F,
    start: impl FnOnce(Job) -> userops::error::Result<()> + Send,
) -> Result<T>
where
    T: Send + 'static,
    F: FnOnce() -> T + Send + 'static,
{
    if rows <= SMALL_ROWS || !hears_signals(py)? {
        return Ok(py.detach(work));
    }
    py.detach(|| {
        let (sender, receiver) = sync_channel(1);
        start(Box::new(move || {
            // Nobody waits for the answer after an interrupt.
            let _ = sender.send(catch_unwind(AssertUnwindSafe(work)));
        }))?;
        loop {
            match receiver.recv_timeout(LISTEN_EVERY) {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(panic)) => resume_unwind(panic),
                Err(RecvTimeoutError::Timeout) => Python::attach(|py| py.check_signals())?,
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Error::new(ErrorKind::Io, "the thread of a call ended without an answer").into());
                }
            }
        }
    })
}

/// Whether this is the main thread, in which alone Python runs the handlers of signals.
fn hears_signals(py: Python<'_>) -> PyResult<bool> {
    static THIS: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static MAIN: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let this = THIS.import(py, "threading", "get_ident")?.call0()?;
    // Asked each time: after a fork another thread is the main one.
    let main = MAIN.import(py, "threading", "main_thread")?.call0()?.getattr(pyo3::intern!(py, "ident"))?;
    this.eq(main)
}
