//! Python environments under the target folder, made once for the requirements they were made for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::process::{root, run};

/// An environment with packages installed.
pub(crate) struct Venv {
    folder: PathBuf,
}

impl Venv {
    /// The environment `name` under the target folder, with the packages of a requirements file. It is made where it
    /// is missing or was made for others: the copy of that file inside says what was installed.
    pub(crate) fn prepare(target: &Path, name: &str, requirements: &str) -> Result<Self, String> {
        let venv = Self { folder: target.join(name) };
        let stamp = venv.folder.join("installed-requirements.txt");
        let path = root().join(requirements);
        let wanted = fs::read(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        if venv.program("python").exists() && fs::read(&stamp).is_ok_and(|installed| installed == wanted) {
            return Ok(venv);
        }
        run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&venv.folder))?;
        run(venv
            .python(&["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"])
            .arg(path))?;
        fs::write(&stamp, wanted).map_err(|error| format!("cannot write {}: {error}", stamp.display()))?;
        Ok(venv)
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
