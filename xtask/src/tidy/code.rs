//! Reading Rust just well enough for the rules, trusting the shape that rustfmt gives it.

/// A line of code: its number, counted from one, and its text.
pub(crate) type Line<'a> = (usize, &'a str);

/// The lines outside `#[cfg(test)]` items of the top level.
pub(crate) fn lines_outside_tests(text: &str) -> Vec<Line<'_>> {
    let mut kept = Vec::new();
    let mut lines = (1..).zip(text.lines());
    while let Some((number, line)) = lines.next() {
        if line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test") {
            skip_item(lines.by_ref().map(|(_, line)| line));
        } else {
            kept.push((number, line));
        }
    }
    kept
}

/// Passes over one item: to its `;`, or from its `{` at the end of a line to a `}` at the beginning of one.
fn skip_item<'a>(mut lines: impl Iterator<Item = &'a str>) {
    while let Some(line) = lines.next() {
        if line.ends_with('{') {
            lines.find(|line| line.starts_with('}'));
            return;
        }
        if line.ends_with([';', '}']) {
            return;
        }
    }
}

/// The lines with their comments cut off. A `//` in a string is cut too, which hides only the rest of that line.
pub(crate) fn without_comments<'a>(lines: &[Line<'a>]) -> Vec<Line<'a>> {
    lines.iter().map(|&(number, line)| (number, line.split("//").next().unwrap_or(line))).collect()
}

/// The names that directly follow `prefix::` in the code, with their lines: `b` and `c` in `use a::{b::d, c};`.
pub(crate) fn names_after(lines: &[Line<'_>], prefix: &str) -> Vec<(usize, String)> {
    let text = lines.iter().map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
    let start = format!("{prefix}::");
    let mut names = Vec::new();
    for (at, _) in text.match_indices(&start) {
        if text[..at].ends_with(|before: char| before == ':' || is_word(before)) {
            continue;
        }
        let line = text[..at].matches('\n').count();
        let number = lines.get(line).map_or(0, |(number, _)| *number);
        names.extend(first_names(&text[at + start.len()..]).into_iter().map(|name| (number, name)));
    }
    names
}

/// The first name of a path, or of each path in a `{…}` group.
fn first_names(text: &str) -> Vec<String> {
    let Some(group) = text.strip_prefix('{') else {
        return name_at(text).into_iter().collect();
    };
    let mut names: Vec<String> = name_at(group).into_iter().collect();
    let mut depth = 1;
    for (at, character) in group.char_indices() {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 1 => names.extend(name_at(&group[at + 1..])),
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    names
}

fn name_at(text: &str) -> Option<String> {
    let name: String = text.trim_start().chars().take_while(|character| is_word(*character)).collect();
    (!name.is_empty()).then_some(name)
}

/// Whether a character may be part of a name.
pub(crate) fn is_word(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<usize> {
        lines_outside_tests(text).into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn test_items_are_passed_over() {
        assert_eq!(numbers("a\n#[cfg(test)]\nmod tests {\n    b\n}\nc\n"), [1, 6]);
        assert_eq!(numbers("a\n#[cfg(test)]\nmod tests;\nc\n"), [1, 4]);
        assert_eq!(numbers("#[cfg(test)]\nfn f(\n    a: u8,\n) {\n    b\n}\nc\n"), [7]);
        assert_eq!(numbers("a\nfn f() {\n    #[cfg(test)]\n    b();\n}\n"), [1, 2, 3, 4, 5]);
    }

    #[test]
    fn names_are_read_from_paths_and_groups() {
        let names = |text: &str| {
            let lines: Vec<Line<'_>> = (1..).zip(text.lines()).collect();
            names_after(&without_comments(&lines), "crate")
        };
        let of = |expected: &[(usize, &str)]| -> Vec<(usize, String)> {
            expected.iter().map(|(line, name)| (*line, (*name).to_owned())).collect()
        };
        assert_eq!(names("use crate::id::UserIx;\nlet a = crate::time::Day(1);\n"), of(&[(1, "id"), (2, "time")]));
        assert_eq!(names("use crate::{\n    id::{A, B},\n    time,\n};\n"), of(&[(1, "id"), (1, "time")]));
        assert_eq!(names("// crate::log\n/// [`crate::log::A`]\nuse other_crate::log;\n"), of(&[]));
    }
}
