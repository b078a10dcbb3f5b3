//! The bounded queue between requests and the one thread that owns the engine.

use std::thread::{Builder, JoinHandle};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{mpsc, oneshot};
use tokio::task::spawn_blocking;
use userops::error::{Error, ErrorKind, Result};

use crate::failure::Failure;
use crate::live::Live;

/// Work for the engine's thread, or none for it to end.
type Job = Option<Box<dyn FnOnce(&mut Live) + Send>>;

/// The way to the engine.
#[derive(Debug, Clone)]
pub struct Queue {
    jobs: mpsc::Sender<Job>,
}

/// The thread that owns the engine.
#[derive(Debug)]
pub struct Worker {
    jobs: mpsc::Sender<Job>,
    thread: JoinHandle<Result<()>>,
}

impl Worker {
    /// Starts the thread, and opens the way to it, on which at most `jobs_max` jobs wait.
    ///
    /// # Errors
    /// `Io` where no thread can be started.
    pub fn start(mut live: Live, jobs_max: usize) -> Result<(Queue, Self)> {
        let (jobs, mut waiting) = mpsc::channel::<Job>(jobs_max.max(1));
        let work = move || {
            while let Some(Some(job)) = waiting.blocking_recv() {
                job(&mut live);
            }
            live.close()
        };
        let thread = Builder::new().name("engine".to_owned()).spawn(work).map_err(|error| {
            Error::new(ErrorKind::Io, format!("no thread could be started: {error}")).caused_by(error)
        })?;
        Ok((Queue { jobs: jobs.clone() }, Self { jobs, thread }))
    }

    /// Ends the thread: everything that was queued before is done, and the engine closed.
    ///
    /// # Errors
    /// As [`Live::close`].
    pub async fn finish(self) -> Result<()> {
        // It may have ended by itself, which joining tells.
        let _ = self.jobs.send(None).await;
        match spawn_blocking(|| self.thread.join()).await {
            Ok(Ok(closed)) => closed,
            _ => Err(Error::new(ErrorKind::Io, "the engine's thread ended by a fault of its own")),
        }
    }
}

impl Queue {
    /// Has work done by the engine's thread, and waits for the answer. Where as many jobs wait as may, the answer is no at
    /// once: who asks knows it, and can ask again later.
    ///
    /// # Errors
    /// What the work fails with; a failure with status 503 where the queue is full, or the engine is gone.
    pub async fn ask<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: FnOnce(&mut Live) -> Result<T> + Send + 'static,
    {
        let (tell, told) = oneshot::channel();
        // Who asked may have gone away meanwhile.
        let job = move |live: &mut Live| drop(tell.send(work(live)));
        self.jobs.try_send(Some(Box::new(job))).map_err(|refused| match refused {
            TrySendError::Full(_) => {
                let waiting = self.jobs.max_capacity();
                Failure::busy(format!("{waiting} requests wait for the engine, which is the limit: ask again later"))
            }
            TrySendError::Closed(_) => stopped(),
        })?;
        Ok(told.await.map_err(|_| stopped())??)
    }

    /// Puts work into the queue as soon as there is a place, and does not wait for it to be done.
    ///
    /// # Errors
    /// As [`Queue::ask`], where the engine is gone.
    pub async fn put(&self, work: impl FnOnce(&mut Live) + Send + 'static) -> Result<(), Failure> {
        self.jobs.send(Some(Box::new(work))).await.map_err(|_| stopped())
    }

    /// How many more jobs may wait.
    #[must_use]
    pub fn free(&self) -> usize {
        self.jobs.capacity()
    }

    /// How many jobs may wait.
    #[must_use]
    pub fn max(&self) -> usize {
        self.jobs.max_capacity()
    }

    /// Whether the engine is there.
    #[must_use]
    pub fn is_open(&self) -> bool {
        !self.jobs.is_closed()
    }

    /// Waits until the engine is gone.
    pub async fn closed(&self) {
        self.jobs.closed().await;
    }
}

fn stopped() -> Failure {
    Failure::busy("the back end is stopping")
}
