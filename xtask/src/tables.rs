//! The tables of the main job in Rust, which the main job in every other language must write as well, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{cargo, target_folder};
use crate::process::{Outcome, read, run};

/// The log of the main job.
pub(crate) const LOG: &str = "examples/data/cdnow_master.txt";
/// Its playbook.
pub(crate) const PLAYBOOK: &str = "examples/playbooks/cdnow.toml";

/// The folder with the tables that the Rust example wrote.
pub(crate) fn of_rust() -> Result<PathBuf, String> {
    run(&mut cargo(&["build", "--locked", "--package", "userops-examples", "--example", "cdnow"]))?;
    let target = target_folder()?;
    let tables = target.join("tables-of-rust");
    let name = format!("cdnow{}", std::env::consts::EXE_SUFFIX);
    read(Command::new(target.join("debug/examples").join(name)).arg("--out").arg(&tables))?;
    Ok(tables)
}

/// Compares tables in CSV by name.
pub(crate) fn judge(names: &[&str], wanted: &Path, made: &Path) -> Outcome {
    names.iter().try_for_each(|table| {
        let name = format!("{table}.csv");
        compare(&name, &read_file(&wanted.join(&name))?, &read_file(&made.join(&name))?)
    })
}

/// A file as text.
pub(crate) fn read_file(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

/// Fails with the first line that differs.
pub(crate) fn compare(name: &str, wanted: &str, found: &str) -> Outcome {
    if wanted == found {
        return Ok(());
    }
    let differ = wanted.lines().zip(found.lines()).zip(1..).find(|((wanted, found), _)| wanted != found);
    Err(match differ {
        Some(((wanted, found), line)) => format!("{name}, line {line}: {found:?}, where Rust writes {wanted:?}"),
        None => format!("{name} has {} bytes, where Rust writes {}", found.len(), wanted.len()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_difference_is_named() {
        assert!(compare("a", "x\ny\n", "x\ny\n").is_ok());
        assert!(compare("a", "x\ny\n", "x\nz\n").unwrap_err().contains("a, line 2: \"z\""));
        assert!(compare("a", "x\ny\n", "x\n").unwrap_err().contains("2 bytes"));
    }
}
