//! The core has no I/O and no clock, and does not know Arrow or Parquet: the host passes data and `as_of`.

use super::code::{Line, is_word, lines_outside_tests, names_after, without_comments};
use super::source::{Finding, SourceFile};

const CORE: &str = "crates/userops/";
const FOREIGN_CRATES: [&str; 2] = ["arrow", "parquet"];
const FORBIDDEN_STD: [&str; 4] = ["env", "fs", "net", "process"];
const CLOCKS: [&str; 4] = ["SystemTime", "Instant::now", "Utc::now", "Local::now"];

pub(crate) fn judge(files: &[SourceFile]) -> Vec<Finding> {
    let core = files.iter().filter(|file| file.path.starts_with(CORE) && !file.is_test());
    core.flat_map(|file| match file.extension() {
        "rs" => judge_code(file),
        "toml" if file.name() == "Cargo.toml" => judge_manifest(file),
        _ => Vec::new(),
    })
    .collect()
}

fn judge_code(file: &SourceFile) -> Vec<Finding> {
    let lines = without_comments(&lines_outside_tests(&file.text));
    let mut findings: Vec<Finding> = names_after(&lines, "std")
        .into_iter()
        .filter(|(_, name)| FORBIDDEN_STD.contains(&name.as_str()))
        .map(|(line, name)| file.finding(line, format!("the core does no I/O, but uses `std::{name}`")))
        .collect();
    findings.extend(lines.iter().filter_map(|line| judge_clock(file, *line)));
    findings
}

fn judge_clock(file: &SourceFile, (number, line): Line<'_>) -> Option<Finding> {
    let clock = CLOCKS.into_iter().find(|clock| {
        line.match_indices(clock)
            .any(|(at, _)| !line[..at].ends_with(is_word) && !line[at + clock.len()..].starts_with(is_word))
    })?;
    Some(file.finding(number, format!("the core reads no clock, but uses `{clock}`: take `as_of` from the caller")))
}

/// Development dependencies are left alone: they are not in what a host links.
fn judge_manifest(file: &SourceFile) -> Vec<Finding> {
    let manifest: toml::Table = match file.text.parse() {
        Ok(manifest) => manifest,
        Err(error) => return vec![file.finding(1, format!("the manifest is no TOML: {error}"))],
    };
    let sections = ["dependencies", "build-dependencies"];
    let for_targets = manifest.get("target").and_then(toml::Value::as_table).into_iter().flatten();
    let tables = std::iter::once(&manifest).chain(for_targets.filter_map(|(_, target)| target.as_table()));
    tables
        .flat_map(|table| sections.iter().filter_map(|section| table.get(*section)?.as_table()))
        .flat_map(|dependencies| dependencies.keys())
        .filter(|name| FOREIGN_CRATES.iter().any(|foreign| name.starts_with(foreign)))
        .map(|name| file.finding(1, format!("the core does not depend on `{name}`: crates/userops-io does")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        judge(&[SourceFile::new(path, text)]).len()
    }

    #[test]
    fn clocks_and_files_are_kept_out_of_the_core() {
        let path = "crates/userops/src/time.rs";
        assert_eq!(count(path, "let a = Instant::now();\n"), 1);
        assert_eq!(count(path, "use std::{collections::HashMap, fs::File};\n"), 1);
        assert_eq!(count(path, "let a = std::time::SystemTime::now();\n"), 1);
        assert_eq!(count(path, "use std::net::IpAddr;\n"), 1);
    }

    #[test]
    fn the_rest_of_std_tests_and_comments_are_free() {
        let text = "//! Never `Instant::now`.\nuse std::fmt;\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n";
        assert_eq!(count("crates/userops/src/time.rs", text), 0);
        assert_eq!(count("crates/userops/tests/suite.rs", "use std::fs;\n"), 0);
        assert_eq!(count("crates/userops-io/src/read.rs", "use std::fs;\n"), 0);
    }

    #[test]
    fn arrow_stays_outside() {
        let path = "crates/userops/Cargo.toml";
        assert_eq!(count(path, "[dependencies]\narrow-array.workspace = true\n"), 1);
        assert_eq!(count(path, "[target.'cfg(unix)'.dependencies]\nparquet = \"1\"\n"), 1);
        assert_eq!(count(path, "[dependencies]\nchrono = \"1\"\n[dev-dependencies]\narrow = \"1\"\n"), 0);
        assert_eq!(count("crates/userops-io/Cargo.toml", "[dependencies]\nparquet = \"1\"\n"), 0);
    }
}
