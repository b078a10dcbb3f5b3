//! The files that the rules read, and what a rule says about them.

use std::fmt;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::process::{read, root};

/// Folders that hold what a build or a tool made. Only used where git does not say which files are ours.
const MADE_FOLDERS: [&str; 7] = [".git", "target", ".venv", "venv", "__pycache__", ".pytest_cache", "node_modules"];

/// A file of the repository.
#[derive(Debug, Clone)]
pub(crate) struct SourceFile {
    /// Relative to the root, with `/` between the parts.
    pub(crate) path: String,
    /// Empty for a file that is no text.
    pub(crate) text: String,
    pub(crate) size_bytes: usize,
}

impl SourceFile {
    fn from_bytes(path: String, bytes: Vec<u8>) -> Self {
        let size_bytes = bytes.len();
        let text = String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).unwrap_or_default();
        Self { path, text, size_bytes }
    }

    /// The last part of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The ending of the name without its dot; empty for a name such as `run` or `.gitignore`.
    pub(crate) fn extension(&self) -> &str {
        Path::new(&self.path).extension().and_then(|extension| extension.to_str()).unwrap_or_default()
    }

    /// Whether the whole file is a test: a `tests` folder or a `tests.rs`.
    pub(crate) fn is_test(&self) -> bool {
        self.path.split('/').any(|part| part == "tests" || part == "tests.rs")
    }

    /// A file as the rules' tests write it.
    #[cfg(test)]
    pub(crate) fn new(path: &str, text: &str) -> Self {
        Self::from_bytes(path.to_owned(), text.into())
    }

    /// A finding about one line of this file, counted from one.
    pub(crate) fn finding(&self, line: usize, message: impl Into<String>) -> Finding {
        Finding { path: self.path.clone(), line, message: message.into() }
    }
}

/// What a rule has against a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    pub(crate) path: String,
    pub(crate) line: usize,
    pub(crate) message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}: {}", self.path, self.line, self.message)
    }
}

/// Every file of the repository that git tracks or would offer to track; without git, every file not made by a build.
pub(crate) fn read_sources() -> Result<Vec<SourceFile>, String> {
    let root = root();
    let mut paths = match list_with_git(&root) {
        Some(paths) => paths,
        None => walk(&root)?,
    };
    paths.sort();
    paths.dedup();
    paths.into_iter().filter(|path| root.join(path).is_file()).map(|path| read_source(&root, path)).collect()
}

fn read_source(root: &Path, path: String) -> Result<SourceFile, String> {
    let bytes = fs::read(root.join(&path)).map_err(|error| format!("cannot read {path}: {error}"))?;
    Ok(SourceFile::from_bytes(path, bytes))
}

/// Nothing where git is missing, or where the root belongs to no repository or to another one.
fn list_with_git(root: &Path) -> Option<Vec<String>> {
    if !root.join(".git").exists() {
        return None;
    }
    let listing = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"];
    let text = read(Command::new("git").args(listing)).ok()?;
    Some(text.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(root: &Path) -> Result<Vec<String>, String> {
    let mut paths = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        let explain = |error: std::io::Error| format!("cannot list {folder:?}: {error}");
        for entry in fs::read_dir(root.join(&folder)).map_err(explain)? {
            let entry = entry.map_err(explain)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if folder.is_empty() { name.clone() } else { format!("{folder}/{name}") };
            if !entry.file_type().map_err(explain)?.is_dir() {
                paths.push(path);
            } else if !MADE_FOLDERS.contains(&name.as_str()) {
                folders.push(path);
            }
        }
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_no_text_has_a_size_only() {
        let file = SourceFile::from_bytes("a.bin".to_owned(), vec![0xff, 0x00]);
        assert_eq!((file.text.as_str(), file.size_bytes), ("", 2));
    }

    #[test]
    fn names_and_extensions_are_parts_of_the_path() {
        let of = |path: &str| {
            let file = SourceFile::new(path, "");
            (file.name().to_owned(), file.extension().to_owned(), file.is_test())
        };
        assert_eq!(of("a/b.rs"), ("b.rs".to_owned(), "rs".to_owned(), false));
        assert_eq!(of(".ci/run"), ("run".to_owned(), String::new(), false));
        assert_eq!(of("a/tests/b.rs"), ("b.rs".to_owned(), "rs".to_owned(), true));
        assert!(of("a/src/b/tests.rs").2);
    }

    #[test]
    fn the_walk_finds_what_git_finds() {
        let walked = walk(&root()).unwrap();
        for path in ["Cargo.toml", "xtask/src/tidy/source.rs", ".cargo/config.toml"] {
            assert!(walked.iter().any(|found| found == path), "{path}");
        }
        assert!(!walked.iter().any(|path| path.starts_with("target/") || path.starts_with(".git/")));
    }
}
