//! Python environments under the target folder, made once for the requirements they were made for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{Outcome, capture, root, run};

/// An environment with packages installed.
pub(crate) struct Venv {
    folder: PathBuf,
}

/// An environment, or why pip could not install its packages: what pip said last.
pub(crate) enum Prepared {
    Ready(Venv),
    NotInstalled(String),
}

impl Venv {
    /// The environment `name` under the target folder, with the packages of a requirements file. It is made where it
    /// is missing or was made for others: the copy of that file inside says what was installed.
    pub(crate) fn prepare(target: &Path, name: &str, requirements: &str) -> Result<Self, String> {
        match Self::prepare_where_possible(target, name, requirements)? {
            Prepared::Ready(venv) => Ok(venv),
            Prepared::NotInstalled(said) => Err(format!("pip could not install {requirements}: {said}")),
        }
    }

    /// The same, where packages that cannot be installed are no error. That there is no Python is one.
    pub(crate) fn prepare_where_possible(target: &Path, name: &str, requirements: &str) -> Result<Prepared, String> {
        let venv = Self { folder: target.join(name) };
        let stamp = venv.folder.join("installed-requirements.txt");
        let path = root().join(requirements);
        let wanted = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if venv.program("python").exists() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(Prepared::Ready(venv));
        }
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv.folder))?;
        let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
        let output = capture(venv.python(&install).arg(path))?;
        let said = String::from_utf8_lossy(&output.stderr);
        eprint!("{said}");
        if !output.status.success() {
            let silent = || format!("nothing, and ended with {}", output.status);
            return Ok(Prepared::NotInstalled(last_line(&said).map_or_else(silent, str::to_owned)));
        }
        fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
        Ok(Prepared::Ready(venv))
    }

    /// Installs a wheel in place of an earlier one of the same version. What it depends on must be there.
    pub(crate) fn install_wheel(&self, wheel: &Path) -> Outcome {
        let words =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--force-reinstall", "--no-deps"];
        run(self.python(&words).arg(wheel))
    }

    /// The path of a program of the environment.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        let folder = if cfg!(windows) { "Scripts" } else { "bin" };
        self.folder.join(folder).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
    }

    /// The environment's Python with these words.
    pub(crate) fn python(&self, words: &[&str]) -> Command {
        let mut command = Command::new(self.program("python"));
        command.args(words);
        command
    }
}

/// The last line with something on it.
fn last_line(text: &str) -> Option<&str> {
    text.lines().map(str::trim).rfind(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_is_the_last_with_something_on_it() {
        assert_eq!(last_line("WARNING: again\n  ERROR: no such version  \n\n"), Some("ERROR: no such version"));
        assert_eq!(last_line(" \n"), None);
    }
}
