//! Where in a playbook's text a definition stands.

use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue};

/// One step into a document: a key of a table, or a place in an array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
}

/// The way from the root to a value, such as `tags[2].kind.rule`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Path(pub(super) Vec<Step>);

impl Path {
    /// The value of a key here.
    pub(super) fn key(&self, key: &str) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Key(key.to_owned()));
        path
    }

    /// The value at a place here.
    pub(super) fn index(&self, index: usize) -> Self {
        let mut path = self.clone();
        path.0.push(Step::Index(index));
        path
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            match step {
                Step::Key(key) if position == 0 => f.write_str(key)?,
                Step::Key(key) => write!(f, ".{key}")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}

/// The line and column, counted from 1, of the value at the end of the path, or of the last value on the way that
/// there is; none where the text is no TOML.
pub(super) fn position_in_toml(text: &str, path: &Path) -> Option<(usize, usize)> {
    let root = DeTable::parse(text).ok()?;
    let offset = offset_in_table(root.get_ref(), &path.0).unwrap_or(root.span().start);
    Some(line_and_column(text, offset))
}

fn offset_in_table(table: &DeTable<'_>, steps: &[Step]) -> Option<usize> {
    let Some((Step::Key(key), rest)) = steps.split_first() else { return None };
    let value: &Spanned<DeValue<'_>> = table.get(key.as_str())?;
    offset_in_value(value, rest)
}

fn offset_in_array(array: &DeArray<'_>, steps: &[Step]) -> Option<usize> {
    let Some((Step::Index(index), rest)) = steps.split_first() else { return None };
    offset_in_value(array.get(*index)?, rest)
}

fn offset_in_value(value: &Spanned<DeValue<'_>>, steps: &[Step]) -> Option<usize> {
    let deeper = match value.get_ref() {
        DeValue::Table(table) => offset_in_table(table, steps),
        DeValue::Array(array) => offset_in_array(array, steps),
        _ => None,
    };
    Some(deeper.unwrap_or(value.span().start))
}

/// The line and column of a byte offset, both counted from 1, the column in characters.
pub(super) fn line_and_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |position| position + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// As [`position_in_toml`], in JSON.
pub(super) fn position_in_json(text: &str, path: &Path) -> Option<(usize, usize)> {
    let mut scan = Scan { text: text.as_bytes(), at: 0 };
    scan.skip_space();
    let mut found = scan.at;
    for step in &path.0 {
        if !scan.enter(step) {
            break;
        }
        found = scan.at;
    }
    (!text.is_empty()).then(|| line_and_column(text, found))
}

/// Walks over JSON that is known to be well-formed.
struct Scan<'a> {
    text: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn skip_space(&mut self) {
        while self.peek().is_ascii_whitespace() || matches!(self.peek(), b',' | b':') {
            self.at += 1;
        }
    }

    /// Goes to a member of the value here; false where there is none.
    fn enter(&mut self, step: &Step) -> bool {
        let open = match step {
            Step::Key(_) => b'{',
            Step::Index(_) => b'[',
        };
        if self.peek() != open {
            return false;
        }
        self.at += 1;
        let mut index = 0;
        loop {
            self.skip_space();
            if self.at >= self.text.len() || matches!(self.peek(), b'}' | b']') {
                return false;
            }
            let found = match step {
                Step::Key(key) => {
                    let start = self.at;
                    self.skip_value();
                    let name = std::str::from_utf8(&self.text[start..self.at]).unwrap_or_default();
                    let name: String = serde_json::from_str(name).unwrap_or_default();
                    self.skip_space();
                    name == *key
                }
                Step::Index(wanted) => index == *wanted,
            };
            if found {
                return true;
            }
            self.skip_value();
            index += 1;
        }
    }

    fn skip_value(&mut self) {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                0 if self.at >= self.text.len() => return,
                b'"' => self.skip_text(),
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.saturating_sub(1);
                    self.at += 1;
                }
                _ => self.skip_plain(),
            }
            if depth == 0 {
                return;
            }
            self.skip_space();
        }
    }

    fn skip_text(&mut self) {
        self.at += 1;
        while self.at < self.text.len() && self.peek() != b'"' {
            self.at += if self.peek() == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
    }

    fn skip_plain(&mut self) {
        self.at += 1;
        while self.at < self.text.len() && !matches!(self.peek(), b',' | b']' | b'}' | b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_found_in_both_formats() {
        let path = Path::default().key("tags").index(1).key("when");
        assert_eq!(path.to_string(), "tags[1].when");
        let toml = "version = 1\n[[tags]]\nname = 'a'\n[[tags]]\nname = 'é'\nwhen = 'x'\n";
        assert_eq!(position_in_toml(toml, &path), Some((6, 8)));
        let json = "{\"version\": 1,\n \"tags\": [{\"name\": \"a]\\\"\"},\n  {\"name\": \"é\", \"when\": \"x\"}]}";
        assert_eq!(position_in_json(json, &path), Some((3, 25)));
        let missing = Path::default().key("tags").index(1).key("nothing");
        assert_eq!(position_in_toml(toml, &missing), Some((4, 1)));
        assert_eq!(position_in_json(json, &missing), Some((3, 3)));
    }
}
