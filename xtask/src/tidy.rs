//! The tidy rules: what the compiler does not check, read from the repository's own files.

mod code;
mod layer;
mod licence;
mod link;
mod module_doc;
mod purity;
mod ratchet;
mod size;
mod source;
mod whitespace;
mod word;

use crate::process::Outcome;
use source::{Finding, SourceFile, read_sources};

/// Judges the repository by every rule; an error lists each finding on a line of its own.
pub(crate) fn tidy() -> Outcome {
    let mut findings = judge(&read_sources()?);
    // Cargo refuses to answer where a manifest and the lock file differ, which must not hide the other findings.
    findings.extend(
        licence::judge_dependencies()
            .unwrap_or_else(|message| vec![Finding { path: "Cargo.lock".to_owned(), line: 1, message }]),
    );
    report(&findings)
}

fn report(findings: &[Finding]) -> Outcome {
    let lines: Vec<String> = findings.iter().map(|finding| format!("\n{finding}")).collect();
    match lines.len() {
        0 => Ok(()),
        1 => Err(format!("1 finding{}", lines.concat())),
        count => Err(format!("{count} findings{}", lines.concat())),
    }
}

/// Judges the files by every rule that needs nothing but the files.
fn judge(files: &[SourceFile]) -> Vec<Finding> {
    let rules =
        [layer::judge, link::judge, module_doc::judge, purity::judge, size::judge, whitespace::judge, word::judge];
    let mut findings: Vec<Finding> = rules.iter().flat_map(|rule| rule(files)).collect();
    findings.sort();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    /// So that a plain `cargo test` holds the line too.
    #[test]
    fn the_repository_is_tidy() {
        if let Err(message) = tidy() {
            panic!("{message}");
        }
    }

    #[test]
    fn each_rule_takes_part() {
        let text = format!("use crate::report::Report;\n{} \n", concat!("TO", "DO"));
        let files = [SourceFile::new("crates/userops/src/id.rs", &text), SourceFile::new("a.md", "[b](c.md)\n")];
        let shown = judge(&files).iter().map(Finding::to_string).collect::<Vec<_>>().join("\n");
        for part in ["later", "c.md", "module doc", "forbidden", "white space"] {
            assert!(shown.contains(part), "{part} is not in {shown}");
        }
    }
}
