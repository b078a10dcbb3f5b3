//! The shared cases of live engines, judged by one in a folder, which is opened again after every step.

use serde_json::Value;
use userops::live::{Change, Engine, LiveOptions};
use userops::playbook::Playbook;
use userops_live::store::{ChangeId, Entry};
use userops_live::{DurableEngine, DurableOptions, Fate};

#[test]
fn the_shared_cases_hold_in_a_folder() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/live.toml");
    let document: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
    let cases = document["case"].as_array().unwrap();
    cases.iter().for_each(|case| judge(case.as_table().unwrap()));
}

fn judge(case: &toml::Table) {
    let name = case["name"].as_str().unwrap();
    let playbook = Playbook::from_toml(case["playbook"].as_str().unwrap()).unwrap();
    let span = |key: &str| case.get(key).map(|span| span.clone().try_into().unwrap());
    let usual = LiveOptions::default();
    let options = LiveOptions { lateness: span("lateness").unwrap_or(usual.lateness), ahead_max: span("ahead_max") };
    let folder = tempfile::tempdir().unwrap();
    let open = || {
        let make = || Engine::new(&playbook, options.clone());
        DurableEngine::open(folder.path(), DurableOptions::default(), make).unwrap()
    };
    let mut told = Vec::new();
    for (number, step) in (1..).zip(case["steps"].as_array().unwrap()) {
        let mut durable = open();
        let applied = durable.apply(&[entry_of(step)]).unwrap();
        let fate = match &applied.fates[0] {
            Fate::Taken { .. } => "taken",
            Fate::Duplicate { .. } => "duplicate",
            Fate::Refused(error) => error.kind().name(),
        };
        let is_copy = step.get("arrival").is_some_and(|arrival| arrival.as_str() == Some("duplicate"));
        let taken = if is_copy { "duplicate" } else { "taken" };
        assert_eq!(fate, step.get("refused").map_or(taken, |kind| kind.as_str().unwrap()), "{name}: step {number}");
        let changes: Vec<Value> = applied.changes.iter().map(|numbered| of_told(&numbered.change)).collect();
        assert_eq!(changes, of_case(step.get("changes")), "{name}: step {number}");
        // Some steps are worked off again, and some are in a snapshot.
        if number % 2 == 0 {
            durable.snapshot().unwrap();
        }
        told.extend(applied.changes);
    }
    let durable = open();
    assert_eq!(durable.changes_after(ChangeId::START, usize::MAX).unwrap(), told, "{name}");
    assert_eq!(durable.verify().unwrap(), [], "{name}");
    if let Some(asked) = case.get("forecast") {
        let (user, until) = (asked["user"].clone().try_into().unwrap(), asked["until"].clone().try_into().unwrap());
        let forecast: Vec<Value> = durable.engine().forecast(&user, until).unwrap().iter().map(of_told).collect();
        assert_eq!(forecast, of_case(case["expect"].get("forecast")), "{name}");
    }
}

/// What a step tells.
fn entry_of(step: &toml::Value) -> Entry {
    let mut said = step.as_table().unwrap().clone();
    ["arrival", "changes", "refused"].iter().for_each(|key| drop(said.remove(*key)));
    toml::Value::Table(said).try_into().unwrap()
}

/// Changes as a case has them, with what it leaves out.
fn of_case(changes: Option<&toml::Value>) -> Vec<Value> {
    let complete = |change: &toml::Value| {
        let mut change = serde_json::to_value(change).unwrap();
        let effective_at = change["effective_at"].clone();
        change.as_object_mut().unwrap().entry("recorded_at").or_insert(effective_at);
        change
    };
    changes.map_or(Vec::new(), |changes| changes.as_array().unwrap().iter().map(complete).collect())
}

/// A change as a case has it: without what is not there.
fn of_told(change: &Change) -> Value {
    let mut change = serde_json::to_value(change).unwrap();
    change.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    change
}
