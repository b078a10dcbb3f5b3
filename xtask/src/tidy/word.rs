//! Words that do not belong in the repository: unfinished work, and places on somebody's machine.

use super::code::is_word;
use super::source::{Finding, SourceFile};

/// Written in two parts, so that this list does not find itself; compared without regard to case where it says so.
const FORBIDDEN: [(&str, bool); 12] = [
    (concat!("TO", "DO"), false),
    (concat!("FIX", "ME"), false),
    (concat!("XX", "X"), false),
    (concat!("dbg", "!"), false),
    (concat!("/ro", "ot/"), false),
    (concat!("/ho", "me/"), false),
    (concat!("/wo", "rk/"), false),
    (concat!("/tmp", "/wt"), false),
    (concat!("issue", " #"), true),
    (concat!("index.", "crates.io"), true),
    (concat!("pypi.org", "/simple"), true),
    (concat!("registry.", "npmjs.org"), true),
];

pub(crate) fn judge(files: &[SourceFile]) -> Vec<Finding> {
    // The lock file is cargo's own text.
    files.iter().filter(|file| file.name() != "Cargo.lock").flat_map(judge_file).collect()
}

fn judge_file(file: &SourceFile) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        let folded = line.to_ascii_lowercase();
        for (word, any_case) in FORBIDDEN {
            if is_in(if any_case { &folded } else { line }, word) {
                findings.push(file.finding(number, format!("{word:?} is a forbidden word")));
            }
        }
    }
    findings
}

/// Whether the word stands alone: not inside a longer word, and for a path not in the middle of a longer path.
fn is_in(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        let starts = if word.starts_with('/') {
            !before.ends_with(|character: char| is_word(character) || ".-)]}*~".contains(character))
        } else {
            !before.ends_with(is_word)
        };
        starts && !(word.ends_with(is_word) && after.starts_with(is_word))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(path: &str, text: &str) -> usize {
        judge(&[SourceFile::new(path, text)]).len()
    }

    #[test]
    fn each_forbidden_word_is_found() {
        for (word, any_case) in FORBIDDEN {
            assert_eq!(count("a.md", &format!("see {word} there\n")), 1, "{word}");
            assert_eq!(count("a.md", &format!("({word})\n")), 1, "{word}");
            let upper = count("a.md", &format!("see {} there\n", word.to_uppercase()));
            assert!(!any_case || upper == 1, "{word}");
        }
    }

    #[test]
    fn parts_of_longer_words_and_paths_are_free() {
        for text in ["allow-dbg-in-tests", "XXXL", "https://a.example/home/", "target/work/", "../root/x", "an issue"] {
            assert_eq!(count("a.md", text), 0, "{text}");
        }
    }

    #[test]
    fn the_lock_file_and_files_without_text_are_free() {
        assert_eq!(count("Cargo.lock", FORBIDDEN[9].0), 0);
        assert_eq!(count("a.bin", ""), 0);
    }
}
