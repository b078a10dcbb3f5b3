//! Running other programs, with an error that names the command.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Nothing on success; on failure what went wrong and the way out.
pub(crate) type Outcome = Result<(), String>;

/// The root of the repository, where every command runs.
pub(crate) fn root() -> PathBuf {
    // Cargo says at run time where this package is; what it said at build time may be another checkout that shares the
    // target folder.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = Path::new(&here);
    here.parent().unwrap_or(here).to_path_buf()
}

/// Runs a command at the root of the repository, letting it print.
pub(crate) fn run(command: &mut Command) -> Outcome {
    let shown = show(command);
    let status = command.current_dir(root()).status().map_err(|error| format!("cannot run `{shown}`: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` ended with {status}")) }
}

/// Runs a command at the root of the repository and keeps what it prints and how it ends.
pub(crate) fn capture(command: &mut Command) -> Result<Output, String> {
    let shown = show(command);
    command.current_dir(root()).output().map_err(|error| format!("cannot run `{shown}`: {error}"))
}

/// Runs a command that must succeed, and keeps what it prints.
pub(crate) fn read(command: &mut Command) -> Result<String, String> {
    let output = capture(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` ended with {}: {}", show(command), output.status, said.trim()))
}

/// The command as a person would type it.
fn show(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or(command.get_program());
    let words = std::iter::once(program).chain(command.get_args());
    words.map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_is_named() {
        let error = run(Command::new("no-such-program").arg("--flag")).unwrap_err();
        assert!(error.contains("no-such-program --flag"), "{error}");
    }

    #[test]
    fn a_failing_program_is_an_error() {
        assert!(run(Command::new(env!("CARGO")).arg("no-such-command").stderr(std::process::Stdio::null())).is_err());
    }
}
