//! Rules in files: a field that holds a rule as text or as a tree.
//!
//! The derived serde form of [`Rule`] and [`Measure`] is a tree. A field marked `#[serde(with = "userops::rule::form")]`
//! reads either a text, as [`Rule::parse`] does, or that tree, and writes the text. It may be a rule, a measure, or an
//! `Option` or `Vec` of them; give an `Option` that may be left out `#[serde(default)]` besides. The format must know
//! texts from tables, as JSON and TOML do. A tree is taken as it is; a text stands for the normal form.
//!
//! ```
//! use serde::{Deserialize, Serialize};
//! use userops::rule::{Rule, form};
//!
//! #[derive(Serialize, Deserialize)]
//! struct Audience {
//!     #[serde(with = "form")]
//!     rule: Rule,
//! }
//!
//! let text: Audience = serde_json::from_str(r#"{"rule": "has_tag(\"vip\")"}"#)?;
//! let tree: Audience = serde_json::from_str(r#"{"rule": {"in": {"tag": "vip"}}}"#)?;
//! assert_eq!(text.rule, tree.rule);
//! assert_eq!(serde_json::to_string(&tree)?, r#"{"rule":"has_tag(\"vip\")"}"#);
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::fmt;
use std::marker::PhantomData;

use schemars::{Schema, SchemaGenerator, json_schema};
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serializer};

use super::condition::Rule;
use super::measure::Measure;
use crate::error::Result as ParseResult;

/// Writes rules and measures as text.
///
/// # Errors
/// Those of the serializer.
pub fn serialize<T: Form, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    value.write(serializer)
}

/// Reads rules and measures from text or tree.
///
/// # Errors
/// Those of the deserializer, and as [`Rule::parse`] for a text.
pub fn deserialize<'de, T: Form, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    T::read(deserializer)
}

/// The JSON schema of such a field, for `#[schemars(schema_with = "form::schema")]`: a text, or the tree of a rule or
/// measure.
pub fn schema(generator: &mut SchemaGenerator) -> Schema {
    let (rule, measure) = (generator.subschema_for::<Rule>(), generator.subschema_for::<Measure>());
    json_schema!({
        "description": "A rule or measure: text in the syntax of CEL, or the same as a tree.",
        "anyOf": [{ "type": "string", "minLength": 1 }, rule, measure],
    })
}

/// The same for a field that is always a rule.
pub fn rule_schema(generator: &mut SchemaGenerator) -> Schema {
    let tree = generator.subschema_for::<Rule>();
    json_schema!({
        "description": "A rule: text in the syntax of CEL, or the same as a tree.",
        "anyOf": [{ "type": "string", "minLength": 1 }, tree],
    })
}

/// The same for a field that is always a measure.
pub fn measure_schema(generator: &mut SchemaGenerator) -> Schema {
    let tree = generator.subschema_for::<Measure>();
    json_schema!({
        "description": "A measure: text in the syntax of CEL, or the same as a tree.",
        "anyOf": [{ "type": "string", "minLength": 1 }, tree],
    })
}

/// What has both forms: [`Rule`], [`Measure`], and options and lists of them.
pub trait Form: Sized {
    /// Writes it as text.
    ///
    /// # Errors
    /// Those of the serializer.
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads it from text or tree.
    ///
    /// # Errors
    /// Those of the deserializer, and as [`Rule::parse`] for a text.
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
}

impl Form for Rule {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTree { parse: Self::parse, what: "rule" })
    }
}

impl Form for Measure {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextOrTree { parse: Self::parse, what: "measure" })
    }
}

impl<T: Form> Form for Option<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => serializer.serialize_some(&Written(value)),
            None => serializer.serialize_none(),
        }
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::<Read<T>>::deserialize(deserializer)?.map(|read| read.0))
    }
}

impl<T: Form> Form for Vec<T> {
    fn write<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(Written))
    }

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Sequence(PhantomData))
    }
}

struct Written<'a, T>(&'a T);

impl<T: Form> serde::Serialize for Written<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write(serializer)
    }
}

struct Read<T>(T);

impl<'de, T: Form> Deserialize<'de> for Read<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer).map(Self)
    }
}

struct Sequence<T>(PhantomData<T>);

impl<'de, T: Form> Visitor<'de> for Sequence<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of texts or trees")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while let Some(Read(element)) = elements.next_element()? {
            read.push(element);
        }
        Ok(read)
    }
}

struct TextOrTree<T> {
    parse: fn(&str) -> ParseResult<T>,
    what: &'static str,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for TextOrTree<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a {}, as text or as a tree", self.what)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).map_err(|error| E::custom(error.at(self.what)))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map)).map_err(A::Error::custom)
    }
}
