//! The back end as a program: started on a port of its own, driven over HTTP, stopped by a signal, started again.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, in its helpers too")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use userops::playbook::{EvaluateOptions, Playbook};
use userops::sample;
use userops::time::Timestamp;

const PLAYBOOK: &str = r#"
version = 1
name = "shop"
lifecycle = { standard = { activity = ["visit", "order"] } }

[schema]
events = ["visit", "order"]
properties = [{ name = "channel", type = "text" }]

[[tags]]
name = "regular"
kind = { rule = 'count("visit") >= 2' }

[[tags]]
name = "here_now"
kind = { rule = 'count("visit", last(hours(1))) >= 1' }

[[segments]]
name = "to_thank"
when = 'has_tag("regular") && count("order") >= 1'

[[scores]]
name = "spent"
kind = { value = { measure = 'sum(event.amount, "order")' } }
"#;

/// How long anything may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

struct Running {
    child: Child,
    address: String,
}

impl Running {
    fn start(folder: &Path, more: &[&str]) -> Self {
        let playbook = folder.join("playbook.toml");
        if !playbook.exists() {
            std::fs::write(&playbook, PLAYBOOK).unwrap();
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_userops-backend"));
        command.arg("--playbook").arg(playbook).arg("--folder").arg(folder.join("data"));
        let mut child = command.args(["--address", "127.0.0.1:0"]).args(more).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    fn send(&self, request: &str) -> (u16, Value) {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}")))
    }

    fn get(&self, path: &str) -> (u16, Value) {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    }

    fn post(&self, body: &str) -> (u16, Value) {
        let head = format!("Host: x\r\nConnection: close\r\nContent-Length: {}\r\n", body.len());
        self.send(&format!("POST /events HTTP/1.1\r\n{head}\r\n{body}"))
    }

    fn stop(mut self, signal: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(0), "{signal} ended the back end with {status}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves nothing behind; one that did not has stopped it.
        let _ = (self.child.kill(), self.child.wait());
    }
}

/// An instant so many seconds ago.
fn ago(seconds: i64) -> Timestamp {
    Timestamp::from_micros(userops_backend::now().as_micros() - seconds * 1_000_000)
}

fn event(user: &str, name: &str, time: Timestamp, id: &str) -> Value {
    json!({ "user": user, "name": name, "time": time, "id": id })
}

fn kinds(answer: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let changes = answer["changes"].as_array().unwrap();
    changes.iter().map(|change| (text(&change["kind"]), text(&change["name"]))).collect()
}

#[test]
fn events_change_answers_which_outlive_the_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &[]);
    assert_eq!(server.get("/health").0, 200);

    let (status, answer) = server.post(&event("ann", "visit", ago(30), "v-1").to_string());
    assert_eq!((status, &answer["fates"]), (200, &json!(["taken"])), "{answer}");
    let expected = [("tag", "here_now"), ("stage", "")].map(|(kind, name)| (kind.to_owned(), name.to_owned()));
    assert_eq!(kinds(&answer), expected, "{answer}");

    let order = json!({ "user": "ann", "name": "order", "time": ago(20), "id": "o-1", "amount": 1250,
        "properties": { "channel": "shop" } });
    let batch = json!([event("ann", "visit", ago(30), "v-1"), order, event("ann", "visit", ago(25), "v-2")]);
    let (status, answer) = server.post(&batch.to_string());
    assert_eq!((status, &answer["fates"]), (200, &json!(["duplicate", "taken", "taken"])), "{answer}");

    let (status, ann) = server.get("/users/ann");
    assert_eq!(status, 200);
    assert_eq!(ann["tags"], json!({ "regular": true, "here_now": true }));
    assert_eq!((&ann["stage"], &ann["segments"]), (&json!("introduction"), &json!(["to_thank"])));
    assert_eq!(ann["scores"], json!({ "spent.value": 1250 }));
    let (status, why) = server.get("/users/ann/explanation");
    assert_eq!(status, 200);
    assert!(why["text"].as_str().unwrap().contains("to_thank"), "{why}");
    let (_, page) = server.get("/segments/to_thank?limit=1");
    assert_eq!((&page["users"], &page["user_count"], &page["next_offset"]), (&json!(["ann"]), &json!(1), &json!(null)));

    let (_, all) = server.get("/changes");
    let cursor = all["cursor"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&format!("/changes?after={cursor}")).1["changes"], json!([]));
    server.stop("TERM");

    let server = Running::start(folder.path(), &[]);
    let (_, again) = server.get("/users/ann");
    assert_eq!((&again["tags"], &again["segments"]), (&ann["tags"], &ann["segments"]));
    assert_eq!(server.get("/changes").1, all, "what was told is told again, and nothing twice");
    let (_, answer) = server.post(&order.to_string());
    assert_eq!(answer, json!({ "fates": ["duplicate"], "changes": [] }));
    server.stop("INT");

    // Another version of the playbook takes over what was told so far.
    std::fs::write(
        folder.path().join("playbook.toml"),
        PLAYBOOK.replace("count(\"visit\") >= 2", "count(\"visit\") >= 3"),
    )
    .unwrap();
    let server = Running::start(folder.path(), &[]);
    assert_eq!(server.get("/users/ann").1["segments"], json!([]));
    server.stop("TERM");
}

#[test]
fn time_alone_changes_answers() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &[]);
    // Two seconds before the visit is an hour old.
    let (_, answer) = server.post(&event("bob", "visit", ago(3_598), "v-1").to_string());
    let mut cursor = answer["changes"].as_array().unwrap().last().unwrap()["cursor"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    let lost = loop {
        assert!(begun.elapsed() < PATIENCE, "the tag was not lost");
        let (_, news) = server.get(&format!("/changes?after={cursor}"));
        news["cursor"].as_str().unwrap().clone_into(&mut cursor);
        let changes = news["changes"].as_array().unwrap().clone();
        if let Some(lost) = changes.into_iter().find(|change| change["name"] == "here_now") {
            break lost;
        }
        std::thread::sleep(Duration::from_millis(100));
    };
    assert_eq!((&lost["user"], &lost["from"], &lost["to"]), (&json!("bob"), &json!(true), &json!(null)));
    assert_eq!(server.get("/users/bob").1["tags"], json!({}));
    server.stop("TERM");
}

/// What was answered is there after the process was killed, and what a client sends again counts once.
#[test]
fn a_killed_process_has_lost_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Running::start(folder.path(), &[]);
    let batch = json!([event("ann", "visit", ago(30), "v-1"), event("ann", "visit", ago(20), "v-2")]).to_string();
    assert_eq!(server.post(&batch).0, 200);
    let (before, changes) = (server.get("/users/ann").1, server.get("/changes").1);
    server.child.kill().unwrap();
    server.child.wait().unwrap();

    let server = Running::start(folder.path(), &[]);
    assert_eq!(server.get("/users/ann").1["tags"], before["tags"]);
    assert_eq!(server.get("/changes").1, changes);
    assert_eq!(server.post(&batch).1, json!({ "fates": ["duplicate", "duplicate"], "changes": [] }));
    server.stop("TERM");
}

#[test]
fn bad_requests_are_told_what_is_wrong() {
    let folder = tempfile::tempdir().unwrap();
    let server = Running::start(folder.path(), &[]);
    let refused = |(status, answer): (u16, Value), wanted: u16, words: &[&str]| {
        assert_eq!(status, wanted, "{answer}");
        let message = answer["message"].as_str().unwrap();
        words.iter().for_each(|word| assert!(message.contains(word), "{message} lacks {word:?}"));
    };
    refused(server.post("{"), 400, &["no event", "line 1"]);
    refused(server.post(r#"{"user": "ann", "name": "visit", "amout": 3}"#), 400, &["unknown field `amout`"]);
    refused(
        server.post(r#"{"user": "ann", "name": "vist"}"#),
        400,
        &["event 1", "\"vist\"", "did you mean \"visit\"?"],
    );
    let late = event("ann", "visit", ago(90_000), "2");
    refused(server.post(&late.to_string()), 400, &["event 1", "lateness"]);
    refused(server.get("/users/ann"), 404, &["ann"]);
    let ahead = event("ann", "visit", ago(-3_600), "3");
    refused(server.post(&ahead.to_string()), 400, &["event 1", "ahead_max"]);
    let (status, some) = server.post(&json!([event("ann", "visit", ago(10), "1"), late]).to_string());
    assert_eq!((status, &some["fates"][0]), (200, &json!("taken")));
    assert!(some["fates"][1]["refused"].as_str().unwrap().contains("lateness"), "{some}");
    refused(
        server.post(r#"{"user": 7, "name": "visit"}"#),
        400,
        &["event 1", "7", "ids are all integers or all texts"],
    );
    refused(server.get("/users/nobody"), 404, &["nobody"]);
    refused(server.get("/users/nobody/explanation"), 404, &["nobody"]);
    refused(server.get("/segments/to_thnk"), 404, &["did you mean \"to_thank\"?"]);
    refused(server.get("/segments/to_thank?limit=0"), 400, &["limit = 0 is not 1 to"]);
    refused(server.get("/segments/to_thank?ofset=1"), 400, &["ofset"]);
    refused(server.get("/changes?after=then"), 400, &["\"then\" is no cursor"]);
    refused(server.get("/nothing"), 404, &["no such address"]);
    server.stop("TERM");
}

#[test]
fn what_was_taken_from_a_population_is_given_to_the_back_end() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "{PLAYBOOK}{}",
        r#"
[[scores]]
name = "rfm"
[scores.kind.rfm]
recency = 'days_since_last("visit")'
frequency = 'active_days("visit")'
monetary = 'sum(event.amount, "order")'
"#
    );
    let text = text.replace("events = [\"visit\", \"order\"]", "").replace("\"visit\"", "\"view\"");
    let text = text.replace("\"order\"", "\"pay\"");
    let playbook = Playbook::from_toml(&text).unwrap();
    std::fs::write(folder.path().join("playbook.toml"), &text).unwrap();
    let options = sample::SampleOptions::default().users(100).zone(playbook.schema.zone);
    let log = sample::log(sample::SampleKind::Community, options).unwrap();
    let (_, as_of) = log.time_span().unwrap();
    let calibration = playbook.calibrate(&log, as_of, &EvaluateOptions::new()).unwrap();
    let path = folder.path().join("calibration.json");
    std::fs::write(&path, calibration.to_json().unwrap()).unwrap();
    let server = Running::start(folder.path(), &["--calibration", path.to_str().unwrap()]);
    let pay = json!({ "user": "ann", "name": "pay", "time": ago(20), "amount": 1_000_000 });
    let batch = json!([event("ann", "view", ago(30), "1"), pay]);
    assert_eq!(server.post(&batch.to_string()).0, 200);
    let (_, ann) = server.get("/users/ann");
    assert_eq!(ann["scores"]["rfm.recency"], json!(5), "{ann}");
    assert_eq!(ann["scores"]["rfm.monetary"], json!(5), "{ann}");
    let (status, why) = server.get("/users/ann/explanation");
    assert!(status == 200 && why["text"].as_str().unwrap().contains("rfm"), "{why}");
    server.stop("TERM");

    let mut without = Command::new(env!("CARGO_BIN_EXE_userops-backend"));
    without.arg("--playbook").arg(folder.path().join("playbook.toml"));
    let refused = without.arg("--folder").arg(folder.path().join("other")).output().unwrap();
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("score \"rfm\""));
}
