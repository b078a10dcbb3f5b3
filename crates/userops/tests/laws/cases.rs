//! The shared case suite: every file of `testdata`, judged through this crate.
//!
//! The format is described in testdata/README.md. A new kind is a type that reads its case and judges it, and a line in
//! [`judge`]; a new file is a line in [`FILES`].

mod btyd;
mod contribution;
mod funnel;
mod ingest;
mod ladder;
mod lifetime_value;
mod live;
mod money;
mod playbook;
mod portrait;
mod presence;
mod profile;
mod rfm;
mod rule_text;
mod survival;
mod table;
mod time;
mod warning;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::PathBuf;

use serde::de::DeserializeOwned;
use userops::error::Result;

use presence::PresenceCase;

/// What a case says of itself, with its kind's part still unread.
struct Case {
    name: String,
    body: toml::Table,
}

/// What became of one case.
#[derive(Debug, Default)]
pub(crate) struct Verdict {
    asserted: usize,
    failures: Vec<String>,
}

/// A kind of case: it reads its inputs and what is expected from the case's table, and strictly so.
pub(crate) trait Judge: DeserializeOwned {
    /// Compares what is expected with what comes out.
    fn judge(self, verdict: &mut Verdict);
}

impl Verdict {
    /// Compares where the case expects something.
    pub(crate) fn equal<T: PartialEq + Debug>(&mut self, what: &str, expected: Option<T>, actual: T) {
        if let Some((expected, actual)) = expected.map(|expected| (expected, actual)) {
            self.asserted += 1;
            if expected != actual {
                self.failures.push(format!("{what} is {actual:?}, not {expected:?}"));
            }
        }
    }

    /// Compares to one in 10¹², where the case expects a number: decimal fractions are no floats.
    pub(crate) fn close(&mut self, what: &str, expected: Option<f64>, actual: Option<f64>) {
        let Some(expected) = expected else { return };
        self.asserted += 1;
        if !actual.is_some_and(|actual| (actual - expected).abs() <= 1e-12 * expected.abs()) {
            self.failures.push(format!("{what} is {actual:?}, not {expected:?}"));
        }
    }

    /// Hands out the result, where the case expects one; else compares the kind of the error with the one expected.
    pub(crate) fn result<T>(&mut self, refused: Option<&str>, result: Result<T>) -> Option<T> {
        match (refused, result) {
            (None, Ok(value)) => return Some(value),
            (None, Err(error)) => self.fail(format!("refused as {}: {error}", error.kind())),
            (Some(kind), Ok(_)) => self.fail(format!("not refused, which {kind} was to be")),
            (Some(kind), Err(error)) => {
                self.equal("the error", Some((kind, true)), (error.kind().name(), !error.to_string().is_empty()));
            }
        }
        None
    }

    /// Notes that the case does not hold, or makes no sense.
    pub(crate) fn fail(&mut self, message: impl Into<String>) {
        self.failures.push(message.into());
    }
}

/// One test per file.
macro_rules! files {
    ($($file:ident),* $(,)?) => {
        const FILES: &[&str] = &[$(concat!(stringify!($file), ".toml")),*];

        $(
            #[test]
            fn $file() {
                run(concat!(stringify!($file), ".toml"));
            }
        )*
    };
}

files! {
    active_days, active_users, anniversary, attribution, btyd, calendar, calibration, churn, contribution, driver,
    event_log, funnel, ingest, ladder, lead, lifecycle, lifetime_value, live, milestone, money, month_arithmetic, path,
    playbook, portrait, profile, purchase, ranking, retention, rfm, rfm_scheme, rule_event, rule_sequence, rule_text,
    rule_time, rule_truth, score, segment, sequence, series, session, stickiness, survival, tag, time_format,
    time_window, time_window_dst, value_group, warning,
}

fn judge(kind: &str, body: toml::Table, verdict: &mut Verdict) {
    match kind {
        "active_days" => judge_as::<PresenceCase<presence::ActiveDaysQuestion>>(body, verdict),
        "active_users" => judge_as::<PresenceCase<presence::ActiveUsersQuestion>>(body, verdict),
        "anniversary" => judge_as::<time::AnniversaryCase>(body, verdict),
        "calendar" => judge_as::<time::CalendarCase>(body, verdict),
        "contribution" => judge_as::<contribution::ContributionCase>(body, verdict),
        "event_log" => judge_as::<ingest::EventLogCase>(body, verdict),
        "funnel" => judge_as::<funnel::FunnelCase>(body, verdict),
        "ingest" => judge_as::<ingest::IngestCase>(body, verdict),
        "ladder" => judge_as::<ladder::LadderCase>(body, verdict),
        "lead" => judge_as::<PresenceCase<presence::LeadQuestion>>(body, verdict),
        "live" => judge_as::<live::LiveCase>(body, verdict),
        "money" => judge_as::<money::MoneyCase>(body, verdict),
        "month_arithmetic" => judge_as::<time::MonthArithmeticCase>(body, verdict),
        "playbook" => judge_as::<playbook::PlaybookCase>(body, verdict),
        "attribution" | "churn" | "driver" | "path" | "purchase" | "series" | "warning" => {
            judge_as::<table::TableCase>(body, verdict);
        }
        "portrait" => judge_as::<portrait::PortraitCase>(body, verdict),
        "profile" => judge_as::<profile::ProfileCase>(body, verdict),
        "retention" => judge_as::<PresenceCase<presence::RetentionQuestion>>(body, verdict),
        "rfm" => judge_as::<rfm::RfmCase>(body, verdict),
        "rfm_scheme" => judge_as::<rfm::RfmSchemeCase>(body, verdict),
        "rule_text" => judge_as::<rule_text::RuleTextCase>(body, verdict),
        "session" => judge_as::<PresenceCase<presence::SessionQuestion>>(body, verdict),
        "stickiness" => judge_as::<PresenceCase<presence::StickinessQuestion>>(body, verdict),
        "btyd" => judge_as::<btyd::BtydCase>(body, verdict),
        "lifetime_value" => judge_as::<lifetime_value::LifetimeValueCase>(body, verdict),
        "ranking" => judge_as::<warning::RankingCase>(body, verdict),
        "survival" => judge_as::<survival::SurvivalCase>(body, verdict),
        "sequence" => judge_as::<funnel::SequenceCase>(body, verdict),
        "time_format" => judge_as::<time::TimeFormatCase>(body, verdict),
        "time_window" => judge_as::<time::TimeWindowCase>(body, verdict),
        "value_group" => judge_as::<rfm::ValueGroupCase>(body, verdict),
        _ => verdict.fail(format!("{kind:?} is no kind of case")),
    }
}

fn judge_as<C: Judge>(body: toml::Table, verdict: &mut Verdict) {
    match body.try_into::<C>() {
        Ok(case) => case.judge(verdict),
        Err(error) => verdict.fail(format!("cannot be read: {error}")),
    }
}

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../testdata")
}

fn run(file: &str) {
    let text = std::fs::read_to_string(directory().join(file)).unwrap();
    let failures = failures(&text);
    assert!(failures.is_empty(), "testdata/{file}:\n  {}", failures.join("\n  "));
}

/// Everything that is wrong with a file, each with the name of its case.
fn failures(text: &str) -> Vec<String> {
    let (kind, cases) = match read(text) {
        Ok(read) => read,
        Err(message) => return vec![message],
    };
    let mut failures = Vec::new();
    let mut names = BTreeSet::new();
    for Case { name, body } in cases {
        let mut verdict = Verdict::default();
        if !names.insert(name.clone()) {
            verdict.fail("another case has this name");
        }
        let judged = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| judge(&kind, body, &mut verdict)));
        if judged.is_err() {
            verdict.fail("panicked");
        }
        if verdict.asserted == 0 && verdict.failures.is_empty() {
            verdict.fail("asserts nothing");
        }
        failures.extend(verdict.failures.iter().map(|failure| format!("{name}: {failure}")));
    }
    failures
}

fn read(text: &str) -> Result<(String, Vec<Case>), String> {
    let mut document: toml::Table = text.parse().map_err(|error| format!("is no TOML: {error}"))?;
    let Some(toml::Value::String(kind)) = document.remove("kind") else {
        return Err("states no kind".to_owned());
    };
    let Some(toml::Value::Array(cases)) = document.remove("case") else {
        return Err("has no case".to_owned());
    };
    if let Some(key) = document.keys().next() {
        return Err(format!("has an unknown key {key:?}"));
    }
    if cases.is_empty() {
        return Err("has no case".to_owned());
    }
    Ok((kind, cases.into_iter().map(read_case).collect::<Result<_, _>>()?))
}

fn read_case(case: toml::Value) -> Result<Case, String> {
    let toml::Value::Table(mut body) = case else { return Err("a case is no table".to_owned()) };
    let mut text = |key: &str| match body.remove(key) {
        Some(toml::Value::String(text)) if !text.trim().is_empty() => Ok(text),
        _ => Err(format!("a case states no {key}")),
    };
    let name = text("name")?;
    text("description").map_err(|message| format!("{name}: {message}"))?;
    Ok(Case { name, body })
}

#[test]
fn every_file_is_run() {
    let found: BTreeSet<String> = std::fs::read_dir(directory())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    assert!(found.iter().map(String::as_str).eq(FILES.iter().copied()), "{found:?} where {FILES:?} are run");
}

#[test]
fn the_runner_is_strict() {
    let case = |body: &str| format!("kind = 'month_arithmetic'\n[[case]]\nname = 'n'\ndescription = 'd'\n{body}");
    let good = "day = '2025-01-31'\nmonths = 1\nexpect = { day = '2025-02-28' }";
    assert!(failures(&case(good)).is_empty());
    for (text, part) in [
        (String::new(), "states no kind"),
        ("kind = 'money'".to_owned(), "has no case"),
        ("kind = 'money'\ncase = []\ncases = 1".to_owned(), "unknown key \"cases\""),
        (case(good).replace("month_arithmetic", "month"), "n: \"month\" is no kind of case"),
        (case(good).replace("name = 'n'", ""), "a case states no name"),
        (case(good).replace("'d'", "''"), "n: a case states no description"),
        (case(good) + "\n[[case]]\nname = 'n'\ndescription = 'd'\n" + good, "n: another case has this name"),
        (case(good).replace("months", "month"), "n: cannot be read"),
        (case(good).replace("{ day", "{ dya"), "n: cannot be read"),
        (case(good).replace("02-28", "03-03"), "n: the day is Day("),
        (case("day = '2025-01-31'\nmonths = 1\nexpect = {}"), "n: asserts nothing"),
        (case("day = '2025-01-31'\nmonths = 1"), "n: cannot be read"),
    ] {
        let failures = failures(&text);
        assert!(failures.iter().any(|failure| failure.contains(part)), "{part}: {failures:?}");
    }
    // A file whose list of cases is empty proves nothing.
    assert_eq!(failures("kind = 'money'\ncase = []"), ["has no case"]);
}
