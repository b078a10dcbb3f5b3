//! Steps: named checks that run in order, are timed, and stop at the first failure.

use std::process::ExitCode;
use std::time::Instant;

use crate::process::Outcome;

/// A named check.
pub(crate) struct Step {
    name: &'static str,
    run: Run,
}

/// What a check needs may be out of reach, such as a package on a machine without a network.
enum Run {
    Always(fn() -> Outcome),
    WherePossible(fn() -> Result<Verdict, String>),
}

/// What a step that did not fail has come to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// The reason.
    Skipped(String),
}

impl Step {
    pub(crate) const fn new(name: &'static str, run: fn() -> Outcome) -> Self {
        Self { name, run: Run::Always(run) }
    }

    /// A check that may say why it did not run.
    pub(crate) const fn where_possible(name: &'static str, run: fn() -> Result<Verdict, String>) -> Self {
        Self { name, run: Run::WherePossible(run) }
    }
}

/// Runs the steps until one fails; the last line printed counts them.
pub(crate) fn run_steps(steps: &[Step]) -> ExitCode {
    let verdicts: Vec<Verdict> = steps.iter().map_while(judge).collect();
    println!("\n{}", summary(&verdicts, steps.len()));
    if verdicts.len() == steps.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs a step and says what has come of it; nothing where it failed.
fn judge(step: &Step) -> Option<Verdict> {
    println!("\n== {}", step.name);
    let start = Instant::now();
    let verdict = match step.run {
        Run::Always(run) => run().map(|()| Verdict::Passed),
        Run::WherePossible(run) => run(),
    };
    let seconds = start.elapsed().as_secs_f64();
    match &verdict {
        Ok(Verdict::Passed) => println!("== {}: passed in {seconds:.1} s", step.name),
        Ok(Verdict::Skipped(reason)) => println!("== {}: skipped, {reason}", step.name),
        Err(message) => {
            eprintln!("error: {message}");
            println!("== {}: failed after {seconds:.1} s", step.name);
        }
    }
    verdict.ok()
}

/// Steps after the first failure do not run, so at most one has failed. Skipped ones have neither passed nor failed.
fn summary(verdicts: &[Verdict], total: usize) -> String {
    let passed = verdicts.iter().filter(|verdict| **verdict == Verdict::Passed).count();
    let counts = format!("{passed} passed, {} failed", usize::from(verdicts.len() < total));
    match verdicts.len() - passed {
        0 => counts,
        skipped => format!("{counts}, {skipped} skipped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASS: Step = Step::new("pass", || Ok(()));
    const FAIL: Step = Step::new("fail", || Err("wrong".to_owned()));
    const NEVER: Step = Step::new("never", || panic!("runs after a failure"));
    const SKIP: Step = Step::where_possible("skip", || Ok(skipped()));
    const FIND: Step = Step::where_possible("find", || Err("wrong".to_owned()));

    fn skipped() -> Verdict {
        Verdict::Skipped("there is no network".to_owned())
    }

    #[test]
    fn the_first_failure_stops_the_run() {
        assert_eq!(run_steps(&[PASS, FAIL, NEVER]), ExitCode::FAILURE);
        assert_eq!(run_steps(&[PASS, FIND, NEVER]), ExitCode::FAILURE);
        assert_eq!(run_steps(&[PASS, PASS]), ExitCode::SUCCESS);
    }

    #[test]
    fn a_step_that_is_skipped_does_not_stop_the_run() {
        assert_eq!(run_steps(&[SKIP, PASS]), ExitCode::SUCCESS);
        assert_eq!(run_steps(&[SKIP, FAIL]), ExitCode::FAILURE);
    }

    #[test]
    fn the_summary_counts_steps() {
        let passed = || Verdict::Passed;
        assert_eq!(summary(&[passed(), passed(), passed()], 3), "3 passed, 0 failed");
        assert_eq!(summary(&[passed()], 3), "1 passed, 1 failed");
        assert_eq!(summary(&[passed(), skipped()], 2), "1 passed, 0 failed, 1 skipped");
        assert_eq!(summary(&[skipped(), passed()], 3), "1 passed, 1 failed, 1 skipped");
    }
}
