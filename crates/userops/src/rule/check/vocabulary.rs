//! What rules may speak of.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::Kind;
use crate::column::Column;
use crate::error::Result;
use crate::event::{EventSchema, unknown};
use crate::log::EventLog;
use crate::money::Currency;
use crate::rule::context::Context;
use crate::rule::measure::AMOUNT;
use crate::value::ValueType;

/// The names that rules may use, with their types.
///
/// Events, properties and attributes are each *open* until one is named: then a name that is not listed is refused, unless
/// the list is opened again. Of an open list every name is taken, and its type is not checked. Tags, segments, stages and
/// scores are those that are named.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vocabulary {
    events: Names<()>,
    properties: Names<ValueType>,
    attributes: Names<ValueType>,
    tags: BTreeMap<String, ValueType>,
    segments: BTreeSet<String>,
    stages: BTreeSet<String>,
    scores: BTreeMap<String, ValueType>,
    currency: Option<Currency>,
}

#[derive(Debug, Clone, PartialEq)]
struct Names<T> {
    known: BTreeMap<String, T>,
    closed: bool,
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { known: BTreeMap::new(), closed: false }
    }
}

impl<T: Copy> Names<T> {
    fn add(&mut self, name: impl Into<String>, value: T) {
        self.known.insert(name.into(), value);
        self.closed = true;
    }

    fn get(&self, what: &str, name: &str) -> Result<Option<T>> {
        match self.known.get(name) {
            Some(value) => Ok(Some(*value)),
            None if self.closed => Err(unknown(what, name, self.known.keys().map(String::as_str))),
            None => Ok(None),
        }
    }
}

impl Vocabulary {
    /// A vocabulary of any event, property and attribute, and no other definition.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What a log has: its properties and attributes and no other, and its currency. Events are those that the schema
    /// lists and those that occur; any where the schema lists none, since one may yet occur.
    #[must_use]
    pub fn of_log(log: &EventLog) -> Self {
        let mut vocabulary = Self::of_schema(log.schema());
        let open = !vocabulary.events.closed;
        for name in log.names().iter() {
            vocabulary.events.add(name, ());
        }
        vocabulary.events.closed = !open;
        for (name, column) in log.properties() {
            vocabulary.properties.add(name, column.value_type());
        }
        for (name, column) in log.attributes().columns() {
            vocabulary.attributes.add(name, column.value_type());
        }
        vocabulary.properties.closed = true;
        vocabulary.attributes.closed = true;
        vocabulary
    }

    /// What a schema declares, and its currency. Properties and attributes stay open, since a mapping may add some;
    /// see [`Vocabulary::close`].
    #[must_use]
    pub fn of_schema(schema: &EventSchema) -> Self {
        let mut vocabulary = Self::new().events(schema.events.iter().cloned()).currency(schema.currency);
        for field in &schema.properties {
            vocabulary.properties.add(&field.name, field.value_type);
        }
        for field in &schema.attributes {
            vocabulary.attributes.add(&field.name, field.value_type);
        }
        vocabulary.properties.closed = false;
        vocabulary.attributes.closed = false;
        vocabulary
    }

    /// The same, with these events besides; none leaves the list as it is.
    #[must_use]
    pub fn events<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        names.into_iter().for_each(|name| self.events.add(name, ()));
        self
    }

    /// The same, with an event property.
    #[must_use]
    pub fn property(mut self, name: impl Into<String>, value_type: ValueType) -> Self {
        self.properties.add(name, value_type);
        self
    }

    /// The same, with a user attribute.
    #[must_use]
    pub fn attribute(mut self, name: impl Into<String>, value_type: ValueType) -> Self {
        self.attributes.add(name, value_type);
        self
    }

    /// The same, with a tag and the type of its values; a tag without values is of type bool.
    #[must_use]
    pub fn tag(mut self, name: impl Into<String>, value_type: ValueType) -> Self {
        self.tags.insert(name.into(), value_type);
        self
    }

    /// The same, with a segment.
    #[must_use]
    pub fn segment(mut self, name: impl Into<String>) -> Self {
        self.segments.insert(name.into());
        self
    }

    /// The same, with the tags, segments, scores and stages that a context has answers for.
    #[must_use]
    pub fn answers(mut self, context: &Context) -> Self {
        let types = |columns: &BTreeMap<String, Column>| -> Vec<(String, ValueType)> {
            columns.iter().map(|(name, column)| (name.clone(), column.value_type())).collect()
        };
        self.tags.extend(types(&context.tags));
        self.scores.extend(types(&context.scores));
        self.segments.extend(context.segments.keys().cloned());
        self.stages.extend(context.stage.iter().flat_map(|stages| stages.dictionary.iter()).map(str::to_owned));
        self
    }

    /// The same, with these lifecycle stages.
    #[must_use]
    pub fn stages<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.stages.extend(names.into_iter().map(Into::into));
        self
    }

    /// The same, with a score and the type of its values.
    #[must_use]
    pub fn score(mut self, name: impl Into<String>, value_type: ValueType) -> Self {
        self.scores.insert(name.into(), value_type);
        self
    }

    /// The same, with the currency by which the decimals of amounts are judged; without one they are not.
    #[must_use]
    pub fn currency(mut self, currency: Currency) -> Self {
        self.currency = Some(currency);
        self
    }

    /// The same names, and of each kind of which any is known, of events, properties and attributes, no other.
    #[must_use]
    pub fn close_listed(mut self) -> Self {
        self.events.closed = !self.events.known.is_empty();
        self.properties.closed = !self.properties.known.is_empty();
        self.attributes.closed = !self.attributes.known.is_empty();
        self
    }

    /// The same names, and any other event, property and attribute.
    #[must_use]
    pub fn open(mut self) -> Self {
        (self.events.closed, self.properties.closed, self.attributes.closed) = (false, false, false);
        self
    }

    /// The same names, and no other property or attribute, nor any other event where one is listed: as in a schema, no
    /// list of events stands for any.
    #[must_use]
    pub fn close(mut self) -> Self {
        (self.properties.closed, self.attributes.closed) = (true, true);
        self.events.closed = !self.events.known.is_empty();
        self
    }

    pub(crate) fn check_event(&self, name: &str) -> Result<()> {
        self.events.get("event", name).map(drop)
    }

    pub(super) fn property_kind(&self, name: &str) -> Result<Kind> {
        if name == AMOUNT {
            return Ok(Kind::Money);
        }
        self.properties.get("property", name).map(Kind::of)
    }

    pub(super) fn attribute_kind(&self, name: &str) -> Result<Kind> {
        self.attributes.get("attribute", name).map(Kind::of)
    }

    /// The type of an event property, where it is known.
    pub(crate) fn property_type(&self, name: &str) -> Result<Option<ValueType>> {
        self.property_kind(name).map(Kind::value_type)
    }

    /// The type of a user attribute, where it is known.
    pub(crate) fn attribute_type(&self, name: &str) -> Result<Option<ValueType>> {
        self.attribute_kind(name).map(Kind::value_type)
    }

    pub(super) fn tag_type(&self, name: &str) -> Result<ValueType> {
        find(&self.tags, "tag", name)
    }

    pub(super) fn score_type(&self, name: &str) -> Result<ValueType> {
        find(&self.scores, "score", name)
    }

    pub(super) fn check_segment(&self, name: &str) -> Result<()> {
        contains(&self.segments, "segment", name)
    }

    pub(super) fn check_stage(&self, name: &str) -> Result<()> {
        self.check_lifecycle()?;
        contains(&self.stages, "stage", name)
    }

    /// Refuses to speak of stages where there are none.
    pub(super) fn check_lifecycle(&self) -> Result<()> {
        match self.stages.is_empty() {
            true => Err(crate::error::unknown_name("there is no lifecycle, and so no stage: define one first")),
            false => Ok(()),
        }
    }

    pub(super) fn money(&self) -> Option<Currency> {
        self.currency
    }
}

fn find(known: &BTreeMap<String, ValueType>, what: &str, name: &str) -> Result<ValueType> {
    known.get(name).copied().ok_or_else(|| unknown(what, name, known.keys().map(String::as_str)))
}

fn contains(known: &BTreeSet<String>, what: &str, name: &str) -> Result<()> {
    match known.contains(name) {
        true => Ok(()),
        false => Err(unknown(what, name, known.iter().map(String::as_str))),
    }
}
