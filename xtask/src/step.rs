//! Steps: named checks that run in order, are timed, and stop at the first failure.

use std::process::ExitCode;
use std::time::Instant;

use crate::process::Outcome;

/// A named check.
pub(crate) struct Step {
    name: &'static str,
    run: fn() -> Outcome,
}

impl Step {
    pub(crate) const fn new(name: &'static str, run: fn() -> Outcome) -> Self {
        Self { name, run }
    }
}

/// Runs the steps until one fails; the last line printed counts them.
pub(crate) fn run_steps(steps: &[Step]) -> ExitCode {
    let passed = steps.iter().take_while(|step| passes(step)).count();
    println!("\n{}", summary(passed, steps.len()));
    if passed == steps.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn passes(step: &Step) -> bool {
    println!("\n== {}", step.name);
    let start = Instant::now();
    let outcome = (step.run)();
    let seconds = start.elapsed().as_secs_f64();
    match &outcome {
        Ok(()) => println!("== {}: passed in {seconds:.1} s", step.name),
        Err(message) => {
            eprintln!("error: {message}");
            println!("== {}: failed after {seconds:.1} s", step.name);
        }
    }
    outcome.is_ok()
}

/// Steps after the first failure do not run, so at most one has failed.
fn summary(passed: usize, total: usize) -> String {
    format!("{passed} passed, {} failed", usize::from(passed < total))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASS: Step = Step::new("pass", || Ok(()));
    const FAIL: Step = Step::new("fail", || Err("wrong".to_owned()));
    const NEVER: Step = Step::new("never", || panic!("runs after a failure"));

    #[test]
    fn the_first_failure_stops_the_run() {
        assert_eq!(run_steps(&[PASS, FAIL, NEVER]), ExitCode::FAILURE);
        assert_eq!(run_steps(&[PASS, PASS]), ExitCode::SUCCESS);
    }

    #[test]
    fn the_summary_counts_steps() {
        assert_eq!(summary(3, 3), "3 passed, 0 failed");
        assert_eq!(summary(1, 3), "1 passed, 1 failed");
    }
}
