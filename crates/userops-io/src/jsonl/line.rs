//! One line: an object, flattened to names and values.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// Objects within objects are columns down to this depth; deeper ones are values like arrays.
const DEPTH_MAX: usize = 32;
/// The most digits of a decimal that surely fits 128 bits.
const DIGITS_MAX: usize = 38;

/// A value as it stands in a line.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json<'a> {
    Null,
    Bool(bool),
    /// A number, not yet read.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// An array, or an object too deep.
    Other(&'a str),
}

/// A number in the type that holds it exactly, where there is one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    Integer(i64),
    Unsigned(u64),
    /// The digits without the point, and how many come after it.
    Decimal(i128, u8),
    Float(f64),
}

impl Number {
    /// Reads a number; `exact` keeps decimals that a float would round.
    pub(super) fn read(text: &str, exact: bool) -> Self {
        if let Ok(integer) = text.parse() {
            return Self::Integer(integer);
        }
        if let Ok(unsigned) = text.parse() {
            return Self::Unsigned(unsigned);
        }
        let whole = !text.contains(['.', 'e', 'E']);
        match Self::decimal(text).filter(|_| exact || whole) {
            Some(decimal) => decimal,
            // A number too large for a float is infinite, which no column takes.
            None => Self::Float(text.parse().unwrap_or(f64::NAN)),
        }
    }

    fn decimal(text: &str) -> Option<Self> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
        if whole.len() + fraction.len() > DIGITS_MAX {
            return None;
        }
        let unscaled = format!("{whole}{fraction}").parse().ok()?;
        Some(Self::Decimal(unscaled, u8::try_from(fraction.len()).ok()?))
    }
}

/// Calls `value` with the name and value of every field of the object in this line.
///
/// # Errors
/// Where the line is no JSON object, or `value` fails. Some fields may have been given by then.
pub(super) fn flatten<'a>(line: &'a str, value: &mut impl FnMut(&str, Json<'a>)) -> Result<(), serde_json::Error> {
    object(line, &mut String::new(), 1, value)
}

fn object<'a>(
    text: &'a str,
    prefix: &mut String,
    depth: usize,
    value: &mut impl FnMut(&str, Json<'a>),
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer.deserialize_map(Fields { prefix, depth, value })?;
    deserializer.end()
}

struct Fields<'f, F> {
    prefix: &'f mut String,
    depth: usize,
    value: &'f mut F,
}

#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow, deserialize_with = "borrowed")] Cow<'a, str>);

/// A text without escapes is borrowed.
fn borrowed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'de, str>, D::Error> {
    struct Text;
    impl<'de> Visitor<'de> for Text {
        type Value = Cow<'de, str>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a text")
        }

        fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
            Ok(Cow::Borrowed(text))
        }

        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Cow::Owned(text.to_owned()))
        }
    }
    deserializer.deserialize_str(Text)
}

impl<'a, F: FnMut(&str, Json<'a>)> Visitor<'a> for Fields<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<(), A::Error> {
        let Self { prefix, depth, value } = self;
        let prefix_len = prefix.len();
        while let Some((Key(key), raw)) = fields.next_entry::<Key<'a>, &'a RawValue>()? {
            let text = raw.get();
            if text.starts_with('{') && depth < DEPTH_MAX {
                prefix.push_str(&key);
                prefix.push('.');
                object(text, prefix, depth + 1, value).map_err(A::Error::custom)?;
            } else {
                let json = scalar(text).map_err(A::Error::custom)?;
                if prefix_len == 0 {
                    value(&key, json);
                } else {
                    prefix.push_str(&key);
                    value(prefix, json);
                }
            }
            prefix.truncate(prefix_len);
        }
        Ok(())
    }
}

fn scalar(text: &str) -> Result<Json<'_>, serde_json::Error> {
    Ok(match text.as_bytes().first() {
        Some(b'n') | None => Json::Null,
        Some(b't') => Json::Bool(true),
        Some(b'f') => Json::Bool(false),
        Some(b'"') => Json::Text(borrowed(&mut serde_json::Deserializer::from_str(text))?),
        Some(b'[' | b'{') => Json::Other(text),
        Some(_) => Json::Number(text),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(line: &str) -> Option<Vec<(String, Json<'_>)>> {
        let mut fields = Vec::new();
        flatten(line, &mut |name, value| fields.push((name.to_owned(), value))).ok()?;
        Some(fields)
    }

    #[test]
    fn objects_are_flattened() {
        let line = r#"{"a":1,"b":{"c":"x\n","d":{},"e":{"f":null}},"g":[1,{"h":2}],"b.c":true,"\u0061":"é"}"#;
        let text = |text: &'static str| Json::Text(text.into());
        let expected = [
            ("a", Json::Number("1")),
            ("b.c", text("x\n")),
            ("b.e.f", Json::Null),
            ("g", Json::Other(r#"[1,{"h":2}]"#)),
            ("b.c", Json::Bool(true)),
            ("a", text("é")),
        ];
        let expected: Vec<(String, Json<'_>)> =
            expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        assert_eq!(fields(line).unwrap(), expected);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for line in [
            "",
            "1",
            "[]",
            "{",
            "{\"a\":1}x",
            "{\"a\":1}{}",
            "{\"a\":01}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":\"\t\"}",
            "{a:1}",
        ] {
            assert!(fields(line).is_none(), "{line:?}");
        }
    }

    #[test]
    fn deep_nesting_ends_as_a_value() {
        let line = "{\"a\":".repeat(100_000) + "1" + &"}".repeat(100_000);
        let fields = fields(&line).unwrap();
        assert_eq!(fields[0].0, ["a"; DEPTH_MAX].join("."));
        assert!(matches!(fields[0].1, Json::Other(_)));
    }

    #[test]
    fn numbers_keep_what_their_type_can_hold() {
        assert_eq!(Number::read("-9223372036854775808", false), Number::Integer(i64::MIN));
        assert_eq!(Number::read("18446744073709551615", false), Number::Unsigned(u64::MAX));
        assert_eq!(Number::read("18446744073709551616", false), Number::Decimal(1 << 64, 0));
        assert_eq!(Number::read("0.10", true), Number::Decimal(10, 2));
        assert_eq!(Number::read("0.10", false), Number::Float(0.1));
        assert_eq!(Number::read("1e2", true), Number::Float(100.0));
        assert_eq!(Number::read("1e999", true), Number::Float(f64::INFINITY));
        assert_eq!(Number::read(&"9".repeat(60), true), Number::Float(1e60));
    }
}
