//! White space that an editor hides: blanks at line ends, tabs, a last line without an end.

use super::source::{Finding, SourceFile};

/// Endings of files that people write; a name without an ending is one too. Data keeps the bytes of its source.
const WRITTEN: [&str; 11] = ["", "c", "h", "md", "py", "pyi", "rs", "sh", "toml", "yaml", "yml"];
const WITHOUT_TABS: [&str; 2] = ["rs", "toml"];
/// Inputs of the fuzz targets have no ending, and their odd bytes are the point of them.
const INPUT_FOLDERS: [&str; 2] = ["fuzz/corpus/", "fuzz/regressions/"];

pub(crate) fn judge(files: &[SourceFile]) -> Vec<Finding> {
    let is_input = |file: &SourceFile| INPUT_FOLDERS.iter().any(|folder| file.path.starts_with(folder));
    files.iter().filter(|file| WRITTEN.contains(&file.extension()) && !is_input(file)).flat_map(judge_file).collect()
}

fn judge_file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.split('\n')) {
        if line.ends_with(char::is_whitespace) {
            findings.push(file.finding(number, "white space at the end of the line"));
        }
        if line.contains('\t') && WITHOUT_TABS.contains(&file.extension()) {
            findings.push(file.finding(number, "a tab: indent with spaces, and write `\\t` in a string"));
        }
    }
    if !file.text.is_empty() && !file.text.ends_with('\n') {
        findings.push(file.finding(file.text.lines().count(), "the last line does not end with a newline"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        judge(&[SourceFile::new(path, text)]).len()
    }

    #[test]
    fn clean_text_and_data_are_accepted() {
        assert_eq!(count("a.rs", "fn a() {\n}\n"), 0);
        assert_eq!(count("a.rs", ""), 0);
        assert_eq!(count("a.txt", "1 \r\n2\t"), 0);
        assert_eq!(count("fuzz/corpus/csv/blanks", "1 \t"), 0);
    }

    #[test]
    fn hidden_white_space_is_found() {
        assert_eq!(count("a.md", "one \n"), 1);
        assert_eq!(count("a.py", "one\r\n"), 1);
        assert_eq!(count("a.toml", "a =\t1\n"), 1);
        assert_eq!(count(".ci/run", "one"), 1);
    }

    #[test]
    fn tabs_are_free_where_a_format_wants_them() {
        assert_eq!(count("Makefile", "all:\n\ttrue\n"), 0);
    }
}
