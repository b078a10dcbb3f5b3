//! The Python package against ClickHouse: the same questions about random logs, with the answers compared user by user.

use crate::cargo::target_folder;
use crate::process::run;
use crate::python;
use crate::step::{Step, Verdict};
use crate::venv::{Prepared, Venv};

const REQUIREMENTS: &str = "bindings/python/differential/requirements.txt";
const TESTS: [&str; 6] =
    ["-m", "pytest", "--quiet", "-c", "bindings/python/pyproject.toml", "bindings/python/differential"];

/// Skipped where chDB cannot be installed: a machine without a network can still run every other step. Where it is
/// installed, nothing is skipped.
pub(crate) const STEP: Step = Step::where_possible("differential", test);

fn test() -> Result<Verdict, String> {
    let target = target_folder()?;
    let venv = match Venv::prepare_where_possible(&target, "differential-venv", REQUIREMENTS)? {
        Prepared::Ready(venv) => venv,
        Prepared::NotInstalled(said) => {
            return Ok(Verdict::Skipped(format!("chDB could not be installed: {said}")));
        }
    };
    venv.install_wheel(&python::debug_wheel(&target)?)?;
    run(&mut venv.python(&TESTS))?;
    Ok(Verdict::Passed)
}
