//! A full queue is answered with 503 at once, and nothing that was queued is lost.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::mpsc::channel;

use userops::event::Event;
use userops::playbook::Playbook;
use userops::time::Span;
use userops_backend::{Live, LiveSettings, Worker, now};

fn live(folder: &Path) -> Live {
    let text = "version = 1\nname = 'x'\n[[tags]]\nname = 'seen'\nkind = { rule = 'count() >= 1' }";
    let (lateness, ahead_max) = (Span::from_days(1), Span::from_minutes(5));
    let playbook = Playbook::from_toml(text).unwrap();
    Live::open(LiveSettings { playbook, calibration: None, folder: folder.to_owned(), lateness, ahead_max }).unwrap()
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let (queue, worker) = Worker::start(live(folder.path()), 2).unwrap();
    let (go, wait) = channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let held = queue.put(move |_| {
        begun.send(()).unwrap();
        wait.recv().unwrap();
    });
    held.await.unwrap();
    has_begun.await.unwrap();
    // The engine is busy, and two more wait.
    let events = |id: &str| vec![Event::new("ann", now(), "visit").with_id(id)];
    let (one, two) = (events("1"), events("2"));
    queue.put(move |live| drop(live.take(one).unwrap())).await.unwrap();
    queue.put(move |live| drop(live.take(two).unwrap())).await.unwrap();
    let refused = queue.ask(|live| live.user("ann")).await.unwrap_err();
    assert_eq!(refused.status(), 503);
    assert!(refused.message().contains("2 requests wait for the engine"), "{}", refused.message());
    assert_eq!((queue.free(), queue.max()), (0, 2));

    go.send(()).unwrap();
    let user = loop {
        match queue.ask(|live| live.user("ann")).await {
            Ok(user) => break user,
            // Those before are being worked off.
            Err(failure) => assert_eq!(failure.status(), 503),
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(user["tags"]["seen"], true);
    worker.finish().await.unwrap();
    assert_eq!(queue.ask(|live| live.user("ann")).await.unwrap_err().message(), "the back end is stopping");
    assert_eq!(live(folder.path()).user("ann").unwrap()["tags"]["seen"], true);
}
