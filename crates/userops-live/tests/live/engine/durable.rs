//! What a durable engine does with batches, versions and faults.

use std::ops::ControlFlow;

use userops::error::ErrorKind;
use userops::event::Event;
use userops::live::{Engine, LiveOptions};
use userops::playbook::Playbook;
use userops::tag::ManualTag;
use userops_live::store::{ChangeId, Entry};
use userops_live::{DurableEngine, DurableOptions, Fate};

use super::world::{PLAYBOOK, batch, engine, instant, playbook};

fn open(folder: &std::path::Path) -> DurableEngine {
    DurableEngine::open(folder, DurableOptions::default(), || Ok(engine())).unwrap()
}

#[test]
fn what_is_refused_is_left_out_and_said() {
    let folder = tempfile::tempdir().unwrap();
    let mut durable = open(folder.path());
    let event = |time: &str, name: &str| Event::new(1, instant(time), name);
    let entries = [
        Entry::Event(event("2026-03-05T10:00:00Z", "visit").with_id("a")),
        Entry::Event(event("2026-03-05T10:00:00Z", "vist")),
        Entry::Event(event("2026-03-05T10:00:00Z", "visit").with_id("a")),
        Entry::Event(event("2026-03-01T10:00:00Z", "visit")),
        Entry::Advance(instant("2026-03-05T09:00:00Z")),
        Entry::Event(Event::new("text", instant("2026-03-05T10:00:00Z"), "visit")),
        Entry::ManualTag(ManualTag::add(1, "actve", "ann", instant("2026-03-05T10:00:00Z"))),
        Entry::Advance(instant("2026-03-06T10:00:00Z")),
    ];
    let applied = durable.apply(&entries).unwrap();
    let refused: Vec<String> = applied
        .fates
        .iter()
        .map(|fate| match fate {
            Fate::Taken { sequence } => format!("taken {sequence}"),
            Fate::Duplicate { sequence, .. } => format!("duplicate {sequence}"),
            Fate::Refused(error) => error.to_string(),
        })
        .collect();
    for (line, word) in refused.iter().zip([
        "taken 1",
        "visit",
        "duplicate 1",
        "lateness",
        "does not go back",
        "type",
        "active",
        "taken 2",
    ]) {
        assert!(line.contains(word), "{word:?} is not in {line:?}");
    }
    assert_eq!(durable.store().last_sequence(), 2);
    assert!(durable.verify().unwrap().is_empty());
    let error = durable.observe(event("2026-03-01T10:00:00Z", "visit")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::LimitExceeded);
}

#[test]
fn a_restart_goes_on_where_it_was_with_and_without_a_snapshot() {
    for with_snapshot in [false, true] {
        let folder = tempfile::tempdir().unwrap();
        let mut durable = open(folder.path());
        for number in 0..30 {
            durable.apply(&batch(number)).unwrap();
            if with_snapshot && number == 17 {
                durable.snapshot().unwrap();
            }
        }
        let (table, as_of) = (durable.engine().to_table().unwrap(), durable.engine().as_of());
        drop(durable);
        let mut durable = open(folder.path());
        assert_eq!(durable.engine().to_table().unwrap(), table);
        assert_eq!(durable.engine().as_of(), as_of);
        for number in 30..50 {
            durable.apply(&batch(number)).unwrap();
        }
        assert!(durable.verify().unwrap().is_empty());
    }
}

#[test]
fn a_new_version_is_built_beside_the_old_and_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut durable = open(folder.path());
    for number in 0..25 {
        durable.apply(&batch(number)).unwrap();
    }
    let next = Playbook::from_toml(&PLAYBOOK.replace(">= 3'", ">= 1'")).unwrap();
    let options = LiveOptions { lateness: playbook_lateness(&durable), ..LiveOptions::default() };
    let before = durable.engine().tagged("active").unwrap().len();
    let changes = durable.replace(Engine::new(&next, options).unwrap()).unwrap();
    let after = durable.engine().tagged("active").unwrap().len();
    assert!(after > before && !changes.is_empty());
    assert!(durable.verify().unwrap().is_empty());
    drop(durable);
    // The folder is that of the new version now.
    let error = DurableEngine::open(folder.path(), DurableOptions::default(), || Ok(engine())).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidDefinition);
    let durable = DurableEngine::reopen(folder.path(), DurableOptions::default()).unwrap();
    assert_eq!(durable.engine().plan().playbook(), &next);
    assert_eq!(durable.engine().tagged("active").unwrap().len(), after);
}

#[test]
fn a_replacement_that_is_stopped_leaves_the_old_engine_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let mut durable = open(folder.path());
    for number in 0..10 {
        durable.apply(&batch(number)).unwrap();
    }
    let table = durable.engine().to_table().unwrap();
    let next = Playbook::from_toml(&PLAYBOOK.replace(">= 3'", ">= 1'")).unwrap();
    let next = || Engine::new(&next, LiveOptions::default()).unwrap();
    let mut asked = 0;
    let stop_at_7 = |sequence| {
        asked = sequence;
        if sequence == 7 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    let error = durable.replace_with_progress(next(), stop_at_7).unwrap_err();
    assert_eq!((error.kind(), asked), (ErrorKind::Cancelled, 7));
    assert_eq!(durable.engine().to_table().unwrap(), table);
    durable.apply(&batch(10)).unwrap();
    drop(durable);
    assert!(open(folder.path()).verify().unwrap().is_empty());
}

fn playbook_lateness(durable: &DurableEngine) -> userops::time::Span {
    durable.engine().plan().options().lateness
}

#[test]
fn changes_are_handed_out_until_they_are_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let mut durable = open(folder.path());
    let cursor = durable.subscribe("mail").unwrap();
    assert_eq!(cursor, ChangeId::START);
    let mut made = Vec::new();
    for number in 0..12 {
        made.extend(durable.apply(&batch(number)).unwrap().changes);
    }
    assert_eq!(durable.changes_after(cursor, usize::MAX).unwrap(), made);
    let first = durable.changes_after(cursor, 5).unwrap();
    durable.acknowledge("mail", first[4].id).unwrap();
    drop(durable);
    let mut durable = open(folder.path());
    let cursor = durable.subscribe("mail").unwrap();
    assert_eq!(cursor, first[4].id);
    assert_eq!(durable.changes_after(cursor, usize::MAX).unwrap(), made[5..]);
}

#[test]
fn a_second_engine_on_a_folder_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let _durable = open(folder.path());
    let error = DurableEngine::open(folder.path(), DurableOptions::default(), || Ok(engine())).unwrap_err();
    assert!(error.to_string().contains(&folder.path().display().to_string()), "{error}");
    assert_eq!(playbook().name, "small");
}
