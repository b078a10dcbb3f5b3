//! The server: it listens, moves the clock on, and stops without losing anything.

use std::future::Future;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};
use userops::error::{Error, ErrorKind, Result};

use crate::clock::now;
use crate::live::Live;
use crate::queue::{Queue, Worker};
use crate::route::routes;

/// How often the clock moves the engine on.
const TICK: Duration = Duration::from_secs(1);
/// How long requests that have begun may take once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// How the server works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServeSettings {
    /// How many requests may wait for the engine; more are answered with 503.
    pub queue_max: usize,
}

/// Serves until `stop` is ready, then ends the requests that have begun and closes the engine.
///
/// # Errors
/// `Io` where the server fails, or the disk does under the clock; as [`Live::close`].
pub async fn serve(
    listener: TcpListener,
    mut live: Live,
    settings: ServeSettings,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    // The engine knows the time before the first event, which is late or ahead by it.
    live.advance(now())?;
    let (queue, worker) = Worker::start(live, settings.queue_max)?;
    let (break_down, broken) = oneshot::channel();
    let clock = tokio::spawn(tick(queue.clone(), break_down));
    let (stopping, stopped) = oneshot::channel();
    let gone = queue.clone();
    let stop = async move {
        let fault = tokio::select! {
            () = stop => None,
            // Without an engine there is nothing to serve.
            () = gone.closed() => None,
            Ok(error) = broken => Some(error),
        };
        // The server may have ended already.
        let _ = stopping.send(fault);
    };
    let mut server = tokio::spawn(axum::serve(listener, routes(queue)).with_graceful_shutdown(stop).into_future());
    let (served, fault) = tokio::select! {
        served = &mut server => (served, None),
        // A connection that never ends must not hold the back end up for ever.
        fault = stopped => (timeout(GRACE, &mut server).await.unwrap_or(Ok(Ok(()))), fault.ok().flatten()),
    };
    server.abort();
    clock.abort();
    let closed = worker.finish().await;
    match fault {
        Some(error) => Err(error),
        None => closed.and(match served {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(Error::new(ErrorKind::Io, format!("the server: {error}")).caused_by(error)),
            Err(error) => Err(Error::new(ErrorKind::Io, format!("the server: {error}")).caused_by(error)),
        }),
    }
}

/// Moves the clock on until the engine is gone or its disk fails, which is told. A tick that could not be worked off in time is not
/// made up for: the next one brings the engine to where it is to be.
async fn tick(queue: Queue, break_down: oneshot::Sender<Error>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        let (tell, told) = oneshot::channel();
        let advance = move |live: &mut Live| drop(tell.send(live.advance(now())));
        if queue.put(advance).await.is_err() {
            return;
        }
        match told.await {
            // What one user's numbers do not allow is no reason to stop for all others.
            Ok(Err(error)) if matches!(error.kind(), ErrorKind::Io | ErrorKind::InvalidFormat) => {
                let _ = break_down.send(error.at("the clock"));
                return;
            }
            Ok(_) => {}
            Err(_) => return,
        }
    }
}
