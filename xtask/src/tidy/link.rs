//! Relative links in Markdown lead to files of the repository.

use std::collections::HashSet;

use super::source::{Finding, SourceFile};

pub(crate) fn judge(files: &[SourceFile]) -> Vec<Finding> {
    let known = known_paths(files);
    let pages = files.iter().filter(|file| file.extension() == "md");
    pages
        .flat_map(|page| {
            let broken = links(&page.text).into_iter().filter(|(_, target)| !leads_to(&page.path, target, &known));
            broken.map(|(line, target)| page.finding(line, format!("the link {target:?} leads to no file")))
        })
        .collect()
}

/// Files, and the folders they are in.
fn known_paths(files: &[SourceFile]) -> HashSet<&str> {
    files
        .iter()
        .flat_map(|file| file.path.match_indices('/').map(|(at, _)| &file.path[..at]).chain([file.path.as_str()]))
        .collect()
}

fn leads_to(page: &str, target: &str, known: &HashSet<&str>) -> bool {
    let target = target.split('#').next().unwrap_or(target);
    let is_elsewhere = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
    is_elsewhere || resolve(page, target).is_some_and(|path| path.is_empty() || known.contains(path.as_str()))
}

/// The path from the root, or nothing for one that leaves the repository.
fn resolve(page: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

/// The targets of `[text](target)` and `[name]: target` outside code, with their lines.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut found = Vec::new();
    let mut in_code = false;
    for (number, line) in (1..).zip(text.lines()) {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        // Every second piece between backquotes is code.
        let prose: String = line.split('`').step_by(2).collect();
        let inline = prose.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let named = prose.strip_prefix('[').and_then(|rest| Some(rest.split_once("]: ")?.1));
        let targets = inline.chain(named).filter_map(|target| target.split_whitespace().next());
        found.extend(targets.map(|target| (number, target.trim_matches(['<', '>']).to_owned())));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(text: &str) -> Vec<String> {
        let files = [
            SourceFile::new("docs/page.md", text),
            SourceFile::new("docs/other.md", ""),
            SourceFile::new("README.md", ""),
        ];
        judge(&files).into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn links_to_files_folders_and_elsewhere_are_accepted() {
        let text = "[a](other.md) [b](./other.md#part \"title\") [c](../README.md) [d](../docs/)\n[e](#here)\n\
                    [f](https://example.org/x.md)\n[g]: ../README.md\n";
        assert!(broken(text).is_empty(), "{:?}", broken(text));
    }

    #[test]
    fn broken_links_are_found_with_their_lines() {
        assert!(broken("one\n[a](other.md) [b](gone.md)\n")[0].starts_with("docs/page.md:2: the link \"gone.md\""));
        assert_eq!(broken("[a](../../README.md)\n[b]: gone.md\n[`c`](README.md)\n").len(), 3);
    }

    #[test]
    fn code_is_no_link() {
        assert!(broken("`[a](gone.md)`\n```\n[b](gone.md)\n```\n").is_empty());
    }
}
