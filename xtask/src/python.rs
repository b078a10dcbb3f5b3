//! The Python package: its wheel, and everything that judges it.

use std::fs;
use std::path::{Path, PathBuf};

use crate::cargo::target_folder;
use crate::process::{Outcome, read, run};
use crate::tables;
use crate::venv::Venv;

const MANIFEST: &str = "bindings/python/Cargo.toml";
const EXAMPLE: &str = "bindings/python/examples/cdnow.py";
const REQUIREMENTS: &str = "bindings/python/requirements-dev.txt";
/// The tables that the main job in Python writes: all.
const TABLES: [&str; 11] = [
    "contribution",
    "ladder",
    "milestones",
    "moved",
    "operations",
    "operations_summary",
    "portrait",
    "profiles",
    "rejections",
    "segments",
    "stages_over_time",
];
/// What judges the installed wheel and its sources, each a module of Python with its arguments.
const JUDGES: [&[&str]; 5] = [
    &["-m", "ruff", "check", "--quiet", "bindings/python"],
    &["-m", "ruff", "format", "--quiet", "--check", "bindings/python"],
    &[
        "-m",
        "mypy",
        "--config-file",
        "bindings/python/pyproject.toml",
        "bindings/python/python",
        "bindings/python/tests",
        "bindings/python/examples",
        "bindings/python/differential",
    ],
    &["-W", "ignore", "-m", "mypy.stubtest", "--mypy-config-file", "bindings/python/pyproject.toml", "userops"],
    &["-m", "pytest", "--quiet", "-c", "bindings/python/pyproject.toml", "bindings/python/tests"],
];

/// `cargo xtask wheel`: a release wheel in `wheels` under the target folder.
pub(crate) fn wheel() -> Outcome {
    println!("{}", build_wheel(&target_folder()?)?.display());
    Ok(())
}

/// Builds the release wheel under the target folder.
pub(crate) fn build_wheel(target: &Path) -> Result<PathBuf, String> {
    build(&prepare(target)?, &target.join("wheels"), &["--release"])
}

/// Builds a debug wheel, installs it into the environment under the target folder, and judges it there.
pub(crate) fn test() -> Outcome {
    let target = target_folder()?;
    let venv = prepare(&target)?;
    venv.install_wheel(&debug_wheel(&target)?)?;
    JUDGES.iter().try_for_each(|words| run(&mut venv.python(words)))?;
    judge_example(&venv, &target.join("tables-of-python"))
}

/// A wheel without optimization; made anew, which takes little where nothing has changed.
pub(crate) fn debug_wheel(target: &Path) -> Result<PathBuf, String> {
    build(&prepare(target)?, &target.join("debug-wheels"), &[])
}

/// The main job in Python writes the tables that the main job in Rust writes.
fn judge_example(venv: &Venv, made: &Path) -> Outcome {
    let wanted = tables::of_rust()?;
    read(venv.python(&["-W", "ignore", EXAMPLE, tables::LOG, tables::PLAYBOOK]).arg(made))?;
    tables::judge(&TABLES, &wanted, made)?;
    println!("{} tables in Python are those in Rust", TABLES.len());
    Ok(())
}

fn prepare(target: &Path) -> Result<Venv, String> {
    Venv::prepare(target, "python-venv", REQUIREMENTS)
}

/// The wheel that maturin makes, alone in its folder.
fn build(venv: &Venv, out: &Path, words: &[&str]) -> Result<PathBuf, String> {
    if out.exists() {
        fs::remove_dir_all(out).map_err(|error| format!("cannot empty {}: {error}", out.display()))?;
    }
    let maturin = ["-m", "maturin", "build", "--locked", "--quiet", "--manifest-path", MANIFEST];
    run(venv.python(&maturin).args(words).arg("--out").arg(out))?;
    let entries = fs::read_dir(out).map_err(|error| format!("cannot list {}: {error}", out.display()))?;
    let wheel = entries.filter_map(Result::ok).map(|entry| entry.path());
    wheel.last().ok_or_else(|| format!("maturin left no wheel in {}", out.display()))
}
