//! Every Rust file begins with a module doc whose first line is one short sentence.

use super::source::{Finding, SourceFile};

const LINE_CHARS_MAX: usize = 120;

pub(crate) fn judge(files: &[SourceFile]) -> Vec<Finding> {
    files.iter().filter(|file| file.extension() == "rs").filter_map(judge_file).collect()
}

fn judge_file(file: &SourceFile) -> Option<Finding> {
    let first = file.text.lines().next().unwrap_or_default();
    let message = if !first.starts_with("//! ") {
        "the file does not begin with a `//!` module doc".to_owned()
    } else if first.chars().count() > LINE_CHARS_MAX {
        format!("the first line of the module doc is longer than {LINE_CHARS_MAX} characters")
    } else if !first.ends_with(['.', ':']) {
        "the first line of the module doc is not one sentence: end it with `.` or `:`".to_owned()
    } else {
        return None;
    };
    Some(file.finding(1, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        judge(&[SourceFile::new(path, text)]).len()
    }

    #[test]
    fn a_sentence_is_accepted() {
        assert_eq!(count("a.rs", "//! Days and instants.\n"), 0);
        assert_eq!(count("a.rs", "//! Three kinds of gap:\n//!\n//! - open\n"), 0);
        assert_eq!(count("a.py", "print()\n"), 0);
    }

    #[test]
    fn a_missing_long_or_unfinished_doc_is_found() {
        assert_eq!(count("a.rs", "use std::fmt;\n"), 1);
        assert_eq!(count("a.rs", ""), 1);
        assert_eq!(count("a.rs", "//! Days and\n//! instants.\n"), 1);
        assert_eq!(count("a.rs", &format!("//! {}.\n", "d".repeat(LINE_CHARS_MAX))), 1);
    }
}
