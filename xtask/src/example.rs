//! The main example and the worked one as smoke tests: they answer, and on bad input they fail with a message.

use std::process::{Command, Output};

use crate::cargo::{cargo, target_folder};
use crate::process::{Outcome, capture, root, run};

const MAIN: &str = "cdnow";
const WORKED: &str = "content_app";
const MISSING_FILE: &str = "/nonexistent";
/// A playbook whose rule asks for a function that there is none of, on its sixth line.
const BROKEN_PLAYBOOK: &str = "\
version = 1
name = \"broken\"

[[segments]]
name = \"many\"
when = 'cuont(\"purchase\") >= 2'
";

/// Whether the examples are there to be run.
pub(crate) fn exists() -> bool {
    root().join("examples").join(format!("{MAIN}.rs")).is_file()
}

/// The examples run to their ends and print something.
pub(crate) fn answers() -> Outcome {
    let package = ["build", "--release", "--locked", "--package", "userops-examples"];
    run(cargo(&package).args(["--example", MAIN, "--example", WORKED]))?;
    [MAIN, WORKED].into_iter().try_for_each(|name| judge_answer(name, &run_example(name, &[])?))
}

/// An input that is not there is an error that names it, not a panic.
pub(crate) fn refuses_a_missing_file() -> Outcome {
    let refuse = |name| judge_refusal(name, &run_example(name, &["--input", MISSING_FILE])?, MISSING_FILE);
    [MAIN, WORKED].into_iter().try_for_each(refuse)
}

/// A playbook that cannot be read is an error that names the file and the line.
pub(crate) fn refuses_a_broken_playbook() -> Outcome {
    let path = target_folder()?.join("broken_playbook.toml");
    let name = path.to_string_lossy();
    std::fs::write(&path, BROKEN_PLAYBOOK).map_err(|error| format!("cannot write {name}: {error}"))?;
    judge_refusal(MAIN, &run_example(MAIN, &["--playbook", &name])?, &format!("{name}: line 6, column "))
}

/// The built program itself: what cargo adds to the output would hide an empty one.
fn run_example(name: &str, words: &[&str]) -> Result<Output, String> {
    let program = target_folder()?.join("release/examples").join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    capture(Command::new(program).args(words))
}

fn judge_answer(name: &str, output: &Output) -> Outcome {
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        return Err(format!("the example {name} ended with {}: {}", output.status, said.trim()));
    }
    if output.stdout.trim_ascii().is_empty() {
        return Err(format!("the example {name} printed nothing"));
    }
    Ok(())
}

/// Refused is what ends with exit code 1 and a message that says what was wrong.
fn judge_refusal(name: &str, output: &Output, named: &str) -> Outcome {
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() {
        return Err(format!("the example {name} succeeded where it had to refuse {named:?}"));
    }
    if said.contains("panicked at") {
        return Err(format!("the example {name} panicked: {}", said.trim()));
    }
    if output.status.code() != Some(1) {
        return Err(format!("the example {name} ended with {}, not with 1: {}", output.status, said.trim()));
    }
    if !said.contains(named) {
        return Err(format!("the message of the example {name} does not say {named:?}: {:?}", said.trim()));
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn output(code: i32, stdout: &str, stderr: &str) -> Output {
        Output { status: ExitStatus::from_raw(code << 8), stdout: stdout.into(), stderr: stderr.into() }
    }

    #[test]
    fn an_answer_is_printed_and_succeeds() {
        assert!(judge_answer(MAIN, &output(0, "23570 users\n", "")).is_ok());
        assert!(judge_answer(MAIN, &output(0, " \n", "")).is_err());
        assert!(judge_answer(MAIN, &output(1, "23570 users\n", "")).is_err());
    }

    #[test]
    fn a_refusal_fails_and_names_the_file() {
        let judge = |code, said| judge_refusal(MAIN, &output(code, "", said), MISSING_FILE);
        assert!(judge(1, "error: cannot open /nonexistent").is_ok());
        assert!(judge(0, "error: cannot open /nonexistent").is_err());
        assert!(judge(2, "error: cannot open /nonexistent").is_err());
        assert!(judge(1, "").is_err());
        assert!(judge(101, "thread 'main' panicked at main.rs: /nonexistent").is_err());
    }
}
