//! The steps behind `cargo xtask test` and `cargo xtask check`, each a plain command of the toolchain.

use std::env;
use std::process::Command;

use crate::api;
use crate::c;
use crate::cargo::{cargo, has_subcommand, require_component};
use crate::differential;
use crate::example;
use crate::process::{Outcome, run};
use crate::python;
use crate::step::Step;
use crate::tidy;

/// The quick steps: form and lints.
pub(crate) fn check_steps() -> Vec<Step> {
    vec![
        Step::new("fmt", fmt),
        Step::new("clippy", clippy),
        Step::new("tidy", tidy::tidy),
        Step::new("api", api::check),
    ]
}

/// Everything that must hold before a change is merged. The quick steps come first, so that a slip shows early.
pub(crate) fn test_steps() -> Vec<Step> {
    let mut steps = check_steps();
    steps.push(Step::new("tests", tests));
    steps.push(Step::new("doc tests", doc_tests));
    steps.push(Step::new("docs", docs));
    steps.extend(c::steps());
    if example::exists() {
        steps.push(Step::new("examples", example::answers));
        steps.push(Step::new("examples on bad input", example::refuses_a_missing_file));
        steps.push(Step::new("example on a broken playbook", example::refuses_a_broken_playbook));
    }
    steps.push(Step::new("python", python::test));
    steps.push(differential::STEP);
    steps
}

fn fmt() -> Outcome {
    require_component("fmt", "rustfmt")?;
    run(&mut cargo(&["fmt", "--all", "--check"]))
}

fn clippy() -> Outcome {
    require_component("clippy", "clippy")?;
    run(&mut cargo(&["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]))
}

/// Where proptest takes its random cases from.
const CASES_FROM: &str = "PROPTEST_RNG_SEED";

/// With the same random cases each time, so that what is red is a change's doing; `soak` looks for others.
fn tests() -> Outcome {
    let mut command = all_tests();
    if env::var_os(CASES_FROM).is_none() {
        command.env(CASES_FROM, "1");
    }
    run(&mut command)
}

fn all_tests() -> Command {
    if has_subcommand("nextest") {
        cargo(&["nextest", "run", "--workspace", "--locked"])
    } else {
        cargo(&["test", "--workspace", "--lib", "--bins", "--tests", "--locked"])
    }
}

/// `cargo xtask soak [ROUNDS]`: all Rust tests so many times, each with random cases of its own. A case that fails is written
/// to `proptest-regressions`, from where every later run replays it.
pub(crate) fn soak(words: &[String]) -> Outcome {
    let rounds: u32 = match words {
        [] => 1,
        [text] => text.parse().map_err(|error| format!("soak cannot take {text:?} rounds: {error}"))?,
        [_, extra, ..] => return Err(format!("soak takes one number of rounds, but got {extra:?} too")),
    };
    for _ in 0..rounds {
        run(all_tests().env_remove(CASES_FROM))?;
    }
    Ok(())
}

/// On their own because nextest does not run them.
fn doc_tests() -> Outcome {
    run(&mut cargo(&["test", "--doc", "--workspace", "--locked"]))
}

fn docs() -> Outcome {
    run(cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"))
}
