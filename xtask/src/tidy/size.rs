//! Files and functions can be read in one sitting: limits, and a ratchet for what is still over them.

use super::code::{Line, lines_outside_tests};
use super::ratchet::{FILES, FUNCTIONS};
use super::source::{Finding, SourceFile};

const FILE_LINES_MAX: usize = 450;
const FUNCTION_LINES_MAX: usize = 80;
/// Larger data belongs in a generator or a download, not in the history.
const FILE_BYTES_MAX: usize = 2_500_000;
const RATCHET: &str = "xtask/src/tidy/ratchet.rs";

pub(crate) fn judge(files: &[SourceFile]) -> Vec<Finding> {
    judge_with(files, FILES, FUNCTIONS)
}

fn judge_with(
    files: &[SourceFile],
    long_files: &[(&str, usize)],
    long_functions: &[(&str, &str, usize)],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in files {
        if file.size_bytes > FILE_BYTES_MAX {
            findings.push(file.finding(1, format!("{} bytes are more than {FILE_BYTES_MAX}", file.size_bytes)));
        }
        if file.extension() != "rs" || file.is_test() {
            continue;
        }
        let lines = lines_outside_tests(&file.text);
        let listed = long_files.iter().find(|(path, _)| *path == file.path).map(|(_, lines)| *lines);
        let objection = judge_length("the file", lines.len(), FILE_LINES_MAX, listed);
        findings.extend(objection.map(|message| file.finding(1, message)));
        for (line, name, length) in functions(&lines) {
            let is_listed = |(path, function, _): &&(&str, &str, usize)| *path == file.path && *function == name;
            let listed = long_functions.iter().find(is_listed).map(|(_, _, lines)| *lines);
            let objection = judge_length(&format!("`{name}`"), length, FUNCTION_LINES_MAX, listed);
            findings.extend(objection.map(|message| file.finding(line, message)));
        }
    }
    let listed = long_files.iter().map(|(path, _)| path).chain(long_functions.iter().map(|(path, _, _)| path));
    let gone = listed.filter(|path| !files.iter().any(|file| file.path == **path));
    findings.extend(gone.map(|path| {
        let message = format!("{path} is gone: take it off the list");
        Finding { path: RATCHET.to_owned(), line: 1, message }
    }));
    findings
}

/// A listed length is exact, so that what became shorter cannot grow back.
fn judge_length(what: &str, lines: usize, max: usize, listed: Option<usize>) -> Option<String> {
    match listed {
        None if lines > max => Some(format!("{what} has {lines} lines, more than {max}: split it by what it is about")),
        Some(_) if lines <= max => Some(format!("{what} is within {max} lines now: take it off {RATCHET}")),
        Some(listed) if lines > listed => Some(format!("{what} has grown from {listed} to {lines} lines")),
        Some(listed) if lines < listed => Some(format!("{what} has {lines} lines now: lower {listed} in {RATCHET}")),
        _ => None,
    }
}

/// Line, name and length of each function, found by the indentation that rustfmt gives it.
fn functions<'a>(lines: &[Line<'a>]) -> Vec<(usize, &'a str, usize)> {
    let mut found = Vec::new();
    for (at, (number, line)) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let indent = &line[..line.len() - line.trim_start().len()];
        let own = |text: &'a str| text.strip_prefix(indent).filter(|rest| !rest.starts_with(' '));
        for (end, text) in lines[at..].iter().filter_map(|(end, text)| Some((end, own(text)?))) {
            // A `;` ends a declaration, a `}` at either end of the line a body.
            if text.ends_with(';') {
                break;
            }
            if text.starts_with('}') || text.ends_with('}') {
                found.push((*number, name, end - number + 1));
                break;
            }
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.trim_start().split_once("fn ").map(|(before, after)| (before.trim_end(), after))?;
    let is_qualifier = |word: &str| {
        word.starts_with("pub") || word.starts_with('"') || ["const", "async", "unsafe", "extern"].contains(&word)
    };
    if !before.split_whitespace().all(is_qualifier) {
        return None;
    }
    after.split(['(', '<']).next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, lines: usize) -> SourceFile {
        SourceFile::new(path, &"a\n".repeat(lines))
    }

    fn function(head: &str, lines: usize) -> String {
        format!("{head} {{\n{}}}\n", "    a();\n".repeat(lines - 2))
    }

    #[test]
    fn lines_outside_tests_are_limited() {
        assert!(judge(&[file("a.rs", FILE_LINES_MAX)]).is_empty());
        assert_eq!(judge(&[file("a.rs", FILE_LINES_MAX + 1)]).len(), 1);
        assert!(judge(&[file("a/tests/b.rs", FILE_LINES_MAX + 1), file("a.md", FILE_LINES_MAX + 1)]).is_empty());
        let with_tests = format!("a\n#[cfg(test)]\nmod tests {{\n{}}}\n", "    b\n".repeat(FILE_LINES_MAX));
        assert!(judge(&[SourceFile::new("a.rs", &with_tests)]).is_empty());
    }

    #[test]
    fn the_ratchet_only_turns_one_way() {
        let judge_500 = |listed| judge_with(&[file("a.rs", 500)], &[("a.rs", listed)], &[]);
        assert!(judge_500(500).is_empty());
        assert!(judge_500(499)[0].message.contains("grown"));
        assert!(judge_500(501)[0].message.contains("lower 501"));
        assert!(judge_with(&[file("a.rs", 9)], &[("a.rs", 500)], &[])[0].message.contains("take it off"));
        assert!(judge_with(&[], &[("a.rs", 500)], &[])[0].message.contains("is gone"));
    }

    #[test]
    fn functions_are_limited() {
        let judge_text = |text: &str| judge(&[SourceFile::new("a.rs", text)]);
        assert!(judge_text(&function("pub(crate) fn f(a: u8)", FUNCTION_LINES_MAX)).is_empty());
        let long = judge_text(&function("pub const unsafe extern \"C\" fn f<A>(a: A)", FUNCTION_LINES_MAX + 1));
        assert!(long[0].message.contains("`f` has 81 lines"), "{long:?}");
        let listed = [("a.rs", "f", FUNCTION_LINES_MAX + 1)];
        let file = SourceFile::new("a.rs", &function("fn f()", FUNCTION_LINES_MAX + 1));
        assert!(judge_with(&[file], &[], &listed).is_empty());
    }

    #[test]
    fn functions_end_at_their_own_brace() {
        let text = "trait T {\n    fn a(\n        b: u8,\n    );\n    fn c() {}\n    fn d<B>()\n    where\n        B: T,\n    {\n        if e {\n        }\n    }\n}\n";
        let lines = lines_outside_tests(text);
        assert_eq!(functions(&lines), [(5, "c", 1), (6, "d", 7)]);
    }

    #[test]
    fn bytes_are_limited() {
        let mut file = SourceFile::new("data.bin", "");
        file.size_bytes = FILE_BYTES_MAX;
        assert!(judge(std::slice::from_ref(&file)).is_empty());
        file.size_bytes += 1;
        assert_eq!(judge(&[file]).len(), 1);
    }
}
