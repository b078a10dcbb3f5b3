//! Why an answer is what it is, as data.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::value::Value;

/// Spaces by which each level of [`Explanation::render`] is indented.
const INDENT_WIDTH: usize = 2;

/// A tree that tells where an answer comes from: what was observed, which threshold it met, what would change it.
///
/// A node has a stable `label` for programs, a `value` where there is one, a `text` for people, and the parts it was
/// made of. Serde leaves out what is absent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// What the node is about, stable enough to look up: `recency`, `cut_next`.
    pub label: String,
    /// The value observed or worked out, where the node has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Value>,
    /// What the value means: the comparison made, the threshold met, the step missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What the node was made of, in the order of reading.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Explanation>,
}

impl Explanation {
    /// A node with a label and nothing else.
    #[must_use]
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), value: None, text: None, parts: Vec::new() }
    }

    /// The same node with a value.
    #[must_use]
    pub fn value(mut self, value: impl Into<Value>) -> Self {
        self.value = Some(value.into());
        self
    }

    /// The same node with a text.
    #[must_use]
    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// The same node with one part more, put last.
    #[must_use]
    pub fn part(mut self, part: Self) -> Self {
        self.parts.push(part);
        self
    }

    /// The same node with more parts, put last.
    #[must_use]
    pub fn parts(mut self, parts: impl IntoIterator<Item = Self>) -> Self {
        self.parts.extend(parts);
        self
    }

    /// The first part with this label, not looking deeper; `None` where there is none.
    #[must_use]
    pub fn find(&self, label: &str) -> Option<&Self> {
        self.parts.iter().find(|part| part.label == label)
    }

    /// The tree as text: a line per node, `label: value (text)`, parts indented by two spaces, no final line break.
    #[must_use]
    pub fn render(&self) -> String {
        self.to_string()
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        write!(f, "{:indent$}{}", "", self.label, indent = depth * INDENT_WIDTH)?;
        match (&self.value, &self.text) {
            (Some(value), Some(text)) => write!(f, ": {value} ({text})")?,
            (Some(value), None) => write!(f, ": {value}")?,
            (None, Some(text)) => write!(f, ": {text}")?,
            (None, None) => {}
        }
        self.parts.iter().try_for_each(|part| {
            f.write_str("\n")?;
            part.write(f, depth + 1)
        })
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example() -> Explanation {
        Explanation::new("rfm").value("545").part(
            Explanation::new("recency")
                .value(12i64)
                .text("score 5 of 5")
                .part(Explanation::new("note").text("the best score there is")),
        )
    }

    #[test]
    fn it_reads_as_indented_text() {
        let text = "rfm: 545\n  recency: 12 (score 5 of 5)\n    note: the best score there is";
        assert_eq!(example().render(), text);
        assert_eq!(example().find("recency").and_then(|part| part.value.clone()), Some(Value::Integer(12)));
        assert_eq!(example().find("note"), None);
    }

    #[test]
    fn serde_leaves_out_what_is_absent() {
        let json = serde_json::to_string(&example()).unwrap();
        assert!(json.starts_with(r#"{"label":"rfm","value":"545","parts":[{"label":"recency","value":12"#), "{json}");
        assert_eq!(serde_json::from_str::<Explanation>(&json).unwrap(), example());
    }
}
