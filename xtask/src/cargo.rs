//! Cargo as the other commands use it: the cargo that runs this tool, its components and its metadata.

use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use crate::process::{Outcome, capture, read};

/// A cargo command: the cargo that started this tool, or the one on the path.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words);
    command
}

/// Whether cargo has this subcommand.
pub(crate) fn has_subcommand(name: &str) -> bool {
    capture(&mut cargo(&[name, "--version"])).is_ok_and(|output| output.status.success())
}

/// An error that says how to install a toolchain component, where its subcommand is missing.
pub(crate) fn require_component(subcommand: &str, component: &str) -> Outcome {
    if has_subcommand(subcommand) {
        return Ok(());
    }
    Err(format!("{component} is missing from the toolchain: install it with `rustup component add {component}`"))
}

/// The facts cargo knows about the workspace and every package this machine's build uses.
pub(crate) fn metadata() -> Result<Value, String> {
    let host = host_triple()?;
    // Without the filter cargo would download the packages of every platform there is.
    let text = read(&mut cargo(&["metadata", "--format-version", "1", "--locked", "--filter-platform", &host]))?;
    serde_json::from_str(&text).map_err(|error| format!("`cargo metadata` is no JSON: {error}"))
}

/// The folder that cargo builds into.
pub(crate) fn target_folder() -> Result<PathBuf, String> {
    let metadata = metadata()?;
    let folder = metadata["target_directory"].as_str().ok_or("`cargo metadata` names no target directory")?;
    Ok(PathBuf::from(folder))
}

pub(crate) fn host_triple() -> Result<String, String> {
    let facts = read(Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into())).arg("-vV"))?;
    let host = facts.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).ok_or_else(|| "`rustc -vV` names no host".to_owned())
}
