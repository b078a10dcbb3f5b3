//! A durable engine on a thread of its own, for many callers: a bounded queue, and one flush to disk for all that wait.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use userops::error::{Error, ErrorKind, Result};
use userops::live::Engine;

use crate::durable::{Applied, DurableEngine, DurableOptions, Fate};
use crate::store::Entry;

/// How a service works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceOptions {
    /// How the engine is kept.
    pub durable: DurableOptions,
    /// How many requests may wait; one more is refused.
    pub queue_max: usize,
    /// How many entries are put on disk at a time, at the most, where many wait.
    pub batch_max: usize,
}

impl Default for ServiceOptions {
    /// 1,024 requests, 10,000 entries at a time: at that size the flush costs little beside the work.
    fn default() -> Self {
        Self { durable: DurableOptions::default(), queue_max: 1_024, batch_max: 10_000 }
    }
}

/// What is asked of the thread.
enum Request {
    Apply(Vec<Entry>, SyncSender<Result<Applied>>),
    Ask(Box<dyn FnOnce(&mut DurableEngine) + Send>),
}

/// An engine that many threads talk to.
///
/// Requests are worked off in the order in which they come. Those that wait together are put on disk together, and each is answered when
/// its own entries are there. Dropping the service works off what waits, takes a snapshot and closes the folder.
#[derive(Debug)]
pub struct Service {
    queue: Option<SyncSender<Request>>,
    queue_max: usize,
    thread: Option<JoinHandle<Result<()>>>,
}

impl Service {
    /// Opens the engine of a folder, as [`DurableEngine::open`], and starts its thread.
    ///
    /// # Errors
    /// As [`DurableEngine::open`]; `InvalidArgument` for a queue or batch of none; `Io` where no thread can be started.
    pub fn start(
        folder: impl AsRef<Path>,
        options: &ServiceOptions,
        make: impl FnOnce() -> Result<Engine>,
    ) -> Result<Self> {
        let engine = DurableEngine::open(folder, options.durable.clone(), make)?;
        Self::of(engine, options)
    }

    /// Starts the thread of an engine that is open.
    ///
    /// # Errors
    /// `InvalidArgument` for a queue or batch of none; `Io` where no thread can be started.
    pub fn of(engine: DurableEngine, options: &ServiceOptions) -> Result<Self> {
        if options.queue_max == 0 || options.batch_max == 0 {
            return Err(Error::new(ErrorKind::InvalidArgument, "`queue_max` and `batch_max` are at least 1"));
        }
        let (queue, requests) = sync_channel(options.queue_max);
        let batch_max = options.batch_max;
        let thread = std::thread::Builder::new()
            .name("userops-live".to_owned())
            .spawn(move || serve(engine, &requests, batch_max))
            .map_err(|error| Error::new(ErrorKind::Io, format!("the engine's thread cannot be started: {error}")))?;
        Ok(Self { queue: Some(queue), queue_max: options.queue_max, thread: Some(thread) })
    }

    /// Takes entries in, and waits until they are on disk and count.
    ///
    /// # Errors
    /// `LimitExceeded` where the queue is full: nothing of it is taken, and it may be sent again later. Otherwise as
    /// [`DurableEngine::apply`]; a request that fails on disk fails with all that waited with it.
    pub fn apply(&self, entries: Vec<Entry>) -> Result<Applied> {
        let (answer, answered) = sync_channel(1);
        self.send(Request::Apply(entries, answer))?;
        answered.recv().map_err(|_| stopped())?
    }

    /// Asks the engine something, between two batches.
    ///
    /// # Errors
    /// `LimitExceeded` where the queue is full; those of the question.
    pub fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&mut DurableEngine) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (answer, answered) = sync_channel(1);
        self.send(Request::Ask(Box::new(move |engine| {
            // Who asked may have gone.
            let _ = answer.send(question(engine));
        })))?;
        answered.recv().map_err(|_| stopped())?
    }

    fn send(&self, request: Request) -> Result<()> {
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.try_send(request).map_err(|error| match error {
            TrySendError::Full(_) => Error::new(
                ErrorKind::LimitExceeded,
                format!("{} requests wait, which is the limit `queue_max`: send it again in a while", self.queue_max),
            ),
            TrySendError::Disconnected(_) => stopped(),
        })
    }

    /// Works off what waits, takes a snapshot, and closes the folder.
    ///
    /// # Errors
    /// `Io` where the snapshot cannot be written.
    pub fn stop(mut self) -> Result<()> {
        self.join()
    }

    fn join(&mut self) -> Result<()> {
        drop(self.queue.take());
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(served)) => served,
            Some(Err(_)) => Err(stopped()),
            None => Ok(()),
        }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // Without a snapshot the next start works off more.
        let _ = self.join();
    }
}

fn stopped() -> Error {
    Error::new(ErrorKind::Io, "the engine has stopped: what was acknowledged is on disk; start it again")
}

fn serve(mut engine: DurableEngine, requests: &Receiver<Request>, batch_max: usize) -> Result<()> {
    let mut waiting = requests.recv().ok();
    while let Some(request) = waiting.take() {
        match request {
            Request::Ask(question) => question(&mut engine),
            Request::Apply(entries, answer) => {
                let mut batch = vec![(entries, answer)];
                let mut count = batch[0].0.len();
                while count < batch_max {
                    match requests.try_recv() {
                        Ok(Request::Apply(entries, answer)) => {
                            count += entries.len();
                            batch.push((entries, answer));
                        }
                        Ok(other) => {
                            waiting = Some(other);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                apply_together(&mut engine, batch);
            }
        }
        if waiting.is_none() {
            waiting = requests.recv().ok();
        }
    }
    engine.snapshot()
}

/// Puts the entries of several requests on disk at once, and gives each its own answer.
fn apply_together(engine: &mut DurableEngine, batch: Vec<(Vec<Entry>, SyncSender<Result<Applied>>)>) {
    let counts: Vec<usize> = batch.iter().map(|(entries, _)| entries.len()).collect();
    let (entries, answers): (Vec<Vec<Entry>>, Vec<_>) = batch.into_iter().unzip();
    let applied = engine.apply(&entries.concat());
    let Applied { fates, changes } = match applied {
        Ok(applied) => applied,
        Err(error) => {
            let (kind, message) = (error.kind(), error.to_string());
            answers.iter().for_each(|answer| drop(answer.send(Err(Error::new(kind, message.clone())))));
            return;
        }
    };
    let (mut fates, mut changes) = (fates.into_iter(), changes.into_iter().peekable());
    for (count, answer) in counts.into_iter().zip(answers) {
        let fates: Vec<Fate> = fates.by_ref().take(count).collect();
        let last = fates.iter().rev().find_map(|fate| match fate {
            Fate::Taken { sequence } => Some(*sequence),
            _ => None,
        });
        let mut of_request = Vec::new();
        while let Some(change) = changes.next_if(|change| last.is_some_and(|last| change.id.sequence <= last)) {
            of_request.push(change);
        }
        // Who asked may have gone: the entries count all the same.
        let _ = answer.send(Ok(Applied { fates, changes: of_request }));
    }
}
