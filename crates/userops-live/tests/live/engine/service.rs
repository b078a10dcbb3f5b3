//! Many callers at once: each is answered for its own, and a full queue says so.

use std::sync::mpsc::channel;
use std::sync::{Arc, Barrier};
use std::thread;

use userops::error::ErrorKind;
use userops::event::Event;
use userops_live::store::Entry;
use userops_live::{Fate, Service, ServiceOptions};

use super::world::{engine, instant};

fn visit(user: i64, id: String) -> Entry {
    Entry::Event(Event::new(user, instant("2026-03-05T10:00:00Z"), "visit").with_id(id))
}

#[test]
fn each_caller_is_answered_for_its_own_entries() {
    let folder = tempfile::tempdir().unwrap();
    let service = Arc::new(Service::start(folder.path(), &ServiceOptions::default(), || Ok(engine())).unwrap());
    let threads: Vec<_> = (0..8)
        .map(|user: i64| {
            let service = Arc::clone(&service);
            thread::spawn(move || {
                for number in 0..20 {
                    let entries =
                        vec![visit(user, format!("{user}-{number}")), visit(user, format!("{user}-{number}"))];
                    let applied = service.apply(entries).unwrap();
                    assert!(matches!(applied.fates[..], [Fate::Taken { .. }, Fate::Duplicate { .. }]));
                    assert!(applied.changes.iter().all(|change| change.change.user == user.into()));
                    assert_eq!(
                        applied.changes.is_empty(),
                        number != 0 && number != 2,
                        "{number} {:?}",
                        applied.changes
                    );
                }
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let tagged = service.ask(|durable| Ok(durable.engine().tagged("active")?.len())).unwrap();
    assert_eq!(tagged, 8);
    Arc::into_inner(service).unwrap().stop().unwrap();
    let service = Service::start(folder.path(), &ServiceOptions::default(), || Ok(engine())).unwrap();
    assert!(service.ask(|durable| durable.verify()).unwrap().is_empty());
}

#[test]
fn a_full_queue_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let options = ServiceOptions { queue_max: 2, ..ServiceOptions::default() };
    let service = Arc::new(Service::start(folder.path(), &options, || Ok(engine())).unwrap());
    // The engine is held by a question that waits.
    let (release, held) = channel::<()>();
    let barrier = Arc::new(Barrier::new(2));
    let asker = {
        let (service, barrier) = (Arc::clone(&service), Arc::clone(&barrier));
        thread::spawn(move || {
            service.ask(move |_| {
                barrier.wait();
                held.recv().ok();
                Ok(())
            })
        })
    };
    barrier.wait();
    let (answer, answers) = channel();
    for user in 0..5 {
        let (service, answer) = (Arc::clone(&service), answer.clone());
        thread::spawn(move || {
            let applied = service.apply(vec![visit(user, format!("w{user}"))]);
            answer.send(applied.map(drop).map_err(|error| (error.kind(), error.to_string()))).unwrap();
        });
    }
    // Two wait; the others are told at once.
    for _ in 0..3 {
        let (kind, message) = answers.recv().unwrap().unwrap_err();
        assert_eq!(kind, ErrorKind::LimitExceeded);
        assert!(message.contains("queue_max"), "{message}");
    }
    release.send(()).unwrap();
    asker.join().unwrap().unwrap();
    assert_eq!([answers.recv().unwrap(), answers.recv().unwrap()], [Ok(()), Ok(())]);
}
