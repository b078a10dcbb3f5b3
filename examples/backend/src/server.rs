//! The server: it listens, moves the clock on, and stops without losing anything.

use std::future::Future;
use std::time::Duration;

use axum::http::StatusCode;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};
use userops::error::{Error, ErrorKind, Result};

use crate::clock::now;
use crate::failure::Failure;
use crate::live::Live;
use crate::route::routes;

/// How often the clock moves the engine on.
const TICK: Duration = Duration::from_secs(1);
/// How long requests that have begun may take once the server is asked to stop.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` is ready, then ends the requests that have begun and closes the engine.
///
/// # Errors
/// `Io` where the server fails, or the disk does under the clock; as [`Live::stop`].
pub async fn serve(listener: TcpListener, live: Live, stop: impl Future<Output = ()> + Send + 'static) -> Result<()> {
    // The engine knows the time before the first event, which is late or ahead by it.
    live.advance(now()).await.map_err(|failure| failed(failure.message()))?;
    let (break_down, broken) = oneshot::channel();
    let clock = tokio::spawn(tick(live.clone(), break_down));
    let (stopping, stopped) = oneshot::channel();
    let stop = async move {
        let fault = tokio::select! {
            () = stop => None,
            Ok(failure) = broken => Some(failure),
        };
        // The server may have ended already.
        let _ = stopping.send(fault);
    };
    let app = routes(live.clone());
    let mut server = tokio::spawn(axum::serve(listener, app).with_graceful_shutdown(stop).into_future());
    let (served, fault) = tokio::select! {
        served = &mut server => (served, None),
        // A connection that never ends must not hold the back end up for ever.
        fault = stopped => (timeout(GRACE, &mut server).await.unwrap_or(Ok(Ok(()))), fault.ok().flatten()),
    };
    server.abort();
    clock.abort();
    // Both hold the engine until they have ended, in whichever way.
    let _ = clock.await;
    let closed = live.stop();
    match (fault, served) {
        (Some(failure), _) => Err(failed(&format!("the clock: {}", failure.message()))),
        (None, Ok(Ok(()))) => closed,
        (None, Ok(Err(error))) => Err(failed(&format!("the server: {error}")).caused_by(error)),
        (None, Err(error)) => Err(failed(&format!("the server: {error}")).caused_by(error)),
    }
}

/// Moves the clock on until the disk fails, which is told. A tick that finds no place in the queue is not made up for: the next one
/// brings the engine to where it is to be.
async fn tick(live: Live, break_down: oneshot::Sender<Failure>) {
    let mut ticks = interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        match live.advance(now()).await {
            Err(failure) if failure.status() == StatusCode::INTERNAL_SERVER_ERROR => {
                let _ = break_down.send(failure);
                return;
            }
            _ => {}
        }
    }
}

fn failed(message: &str) -> Error {
    Error::new(ErrorKind::Io, message)
}
