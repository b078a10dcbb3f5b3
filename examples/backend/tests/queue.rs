//! A full queue is answered with 503 at once, and nothing that was queued is lost.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;
use std::sync::mpsc::channel;

use userops::event::Event;
use userops::playbook::Playbook;
use userops::time::Span;
use userops_backend::{Live, LiveSettings, now};

fn live(folder: &Path) -> Live {
    let text = "version = 1\nname = 'x'\n[[tags]]\nname = 'seen'\nkind = { rule = 'count() >= 1' }";
    let (lateness, ahead_max) = (Span::from_days(1), Span::from_minutes(5));
    let (playbook, folder) = (Playbook::from_toml(text).unwrap(), folder.to_owned());
    Live::start(LiveSettings { playbook, calibration: None, folder, lateness, ahead_max, queue_max: 2 }).unwrap()
}

#[tokio::test]
async fn a_full_queue_refuses_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let started = live(folder.path());
    let (go, wait) = channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let asked = started.clone();
    let held = tokio::spawn(async move {
        let hold = move |_: &mut _| {
            begun.send(()).unwrap();
            wait.recv().unwrap();
            Ok(())
        };
        asked.ask(hold).await.unwrap();
    });
    has_begun.await.unwrap();
    // The engine is busy. Of many more requests two wait, and the others are told.
    let mut asked = tokio::task::JoinSet::new();
    for user in ["ann", "bob", "cai", "dan", "eve"] {
        let live = started.clone();
        asked.spawn(async move { live.take(vec![Event::new(user, now(), "visit")]).await });
    }
    for _ in 0..3 {
        let refused = asked.join_next().await.unwrap().unwrap().unwrap_err();
        assert_eq!(refused.status(), 503);
        assert!(refused.message().contains("2 requests wait"), "{}", refused.message());
    }
    go.send(()).unwrap();
    held.await.unwrap();
    while let Some(taken) = asked.join_next().await {
        taken.unwrap().unwrap();
    }
    let user_count = started.ask(|durable| Ok(durable.engine().user_count())).await.unwrap();
    assert_eq!(user_count, 2);
    started.stop().unwrap();
    let again = live(folder.path());
    assert_eq!(again.ask(|durable| Ok(durable.engine().user_count())).await.unwrap(), 2);
}
