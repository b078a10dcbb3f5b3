//! Reads an event into the row that a user's state keeps of it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::job::FIELDS_MAX;
use super::row::{Row, push_head};
use super::slot::Slot;
use crate::column::Interner;
use crate::error::{Result, invalid_argument, name_hint, type_mismatch, unknown_name};
use crate::event::{Event, Limits};
use crate::ingest::{TimeReader, coerce_value};
use crate::rule::{Test, Truth, passes};
use crate::time::{Calendar, Timestamp};
use crate::value::{Value, ValueRef, ValueType};

/// A property that filters or folds look at; `None` is the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Input {
    pub(super) name: Option<String>,
    pub(super) value_type: ValueType,
}

/// A filter with its properties found.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    All(Vec<Self>),
    Any(Vec<Self>),
    Not(Box<Self>),
    Input(usize, Test),
}

impl Condition {
    fn judge(&self, inputs: &[Option<ValueRef<'_>>]) -> Truth {
        match self {
            Self::All(parts) => parts.iter().fold(Truth::True, |all, part| all.and(part.judge(inputs))),
            Self::Any(parts) => parts.iter().fold(Truth::False, |any, part| any.or(part.judge(inputs))),
            Self::Not(part) => !part.judge(inputs),
            Self::Input(input, test) => passes(test, inputs[*input]),
        }
    }
}

/// Which patterns an event of some name can match.
#[derive(Debug, Clone, Default)]
pub(super) struct Patterns {
    /// Those that it matches by its name alone.
    pub(super) plain: u64,
    /// Those with a filter, and the filter's place.
    pub(super) filtered: Vec<(u64, usize)>,
}

/// Turns events into rows.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    /// Names that some pattern names.
    pub(super) names: HashMap<String, Patterns>,
    /// Of every other name.
    pub(super) others: Patterns,
    pub(super) filters: Vec<Condition>,
    pub(super) inputs: Vec<Input>,
    pub(super) input_of: HashMap<String, usize>,
    /// The inputs that rows keep.
    pub(super) fields: Vec<usize>,
    /// The events that may occur; empty for any.
    pub(super) events: HashSet<String>,
    pub(super) properties: BTreeMap<String, ValueType>,
    pub(super) limits: Limits,
    pub(super) times: TimeReader,
}

/// One event as the definitions of a playbook see it; made once, and used again for the next.
#[derive(Debug, Clone, Default)]
pub(super) struct LiveEvent {
    words: Vec<u64>,
}

impl LiveEvent {
    pub(super) fn row(&self) -> Row<'_> {
        Row::new(&self.words)
    }
}

impl Reader {
    /// Reads an event.
    ///
    /// # Errors
    /// `UnknownName` for an event that the schema does not list; `TypeMismatch` for a property that is not of its type;
    /// `InvalidArgument` for a text that is too long, or empty where none may be.
    pub(super) fn read(
        &self,
        event: &Event,
        calendar: &Calendar,
        texts: &mut Interner,
        out: &mut LiveEvent,
    ) -> Result<()> {
        self.check_name(event)?;
        if let Some(coerced) = self.coerce(event)? {
            return self.read(&coerced, calendar, texts, out);
        }
        let mut inputs: [Option<ValueRef<'_>>; FIELDS_MAX] = [None; FIELDS_MAX];
        for (place, input) in self.inputs.iter().enumerate() {
            if input.name.is_none() {
                inputs[place] = event.amount.map(|amount| ValueRef::Integer(amount.minor()));
            }
        }
        if !self.input_of.is_empty() {
            for (name, value) in &event.properties {
                if let Some(input) = self.input_of.get(name) {
                    inputs[*input] = Some(value.as_ref());
                }
            }
        }
        let Patterns { plain, filtered } = self.names.get(&event.name).unwrap_or(&self.others);
        let mut patterns = *plain;
        for (pattern, filter) in filtered {
            if self.filters[*filter].judge(&inputs).is_true() {
                patterns |= pattern;
            }
        }
        let known = |place: usize| inputs[self.fields[place]].is_some();
        let known = (0..self.fields.len()).fold(0u32, |bits, place| bits | u32::from(known(place)) << place);
        out.words.clear();
        push_head(&mut out.words, event.time.as_micros(), patterns, calendar.day(event.time).0, known);
        for input in &self.fields {
            let slot = inputs[*input].map_or(Slot::Unknown, |value| Slot::of(value, texts));
            out.words.push(slot.to_word());
        }
        Ok(())
    }

    fn check_name(&self, event: &Event) -> Result<()> {
        let name = &event.name;
        if !self.events.is_empty() && !self.events.contains(name) {
            let hint = name_hint(name, self.events.iter().map(String::as_str));
            return Err(unknown_name(format!("there is no event {name:?} in the playbook's schema{hint}")));
        }
        let Limits { text_bytes_max, id_bytes_max, .. } = self.limits;
        let too_long = |what: &str, len: usize, limit: &str, max: u64| {
            Err(invalid_argument(format!("{what} has {len} bytes; the limit {limit} is {max}")))
        };
        if name.is_empty() {
            return Err(invalid_argument("an event has an empty name"));
        }
        if name.len() as u64 > text_bytes_max {
            return too_long("the name of an event", name.len(), "text_bytes_max", text_bytes_max);
        }
        match &event.id {
            Some(id) if id.len() as u64 > id_bytes_max => {
                too_long("the id of an event", id.len(), "id_bytes_max", id_bytes_max)
            }
            _ => Ok(()),
        }
    }

    /// The event with every declared property in its type, where one is not; properties that are not declared are left
    /// alone, and no definition sees them.
    fn coerce(&self, event: &Event) -> Result<Option<Event>> {
        let mut coerced: Option<Event> = None;
        for (name, value) in &event.properties {
            let Some(value_type) = self.properties.get(name) else { continue };
            if is_plain(value, *value_type, self.limits.text_bytes_max) {
                continue;
            }
            let read = self.coerce_one(name, value, *value_type)?;
            let event = coerced.get_or_insert_with(|| event.clone());
            match read {
                Some(value) => event.properties.insert(name.clone(), value),
                None => event.properties.remove(name),
            };
        }
        Ok(coerced)
    }

    /// A value of a property or attribute in its declared type; none for an empty text that stands for no value.
    pub(super) fn coerce_one(&self, name: &str, value: &Value, value_type: ValueType) -> Result<Option<Value>> {
        coerce_value(value.as_ref(), value_type, &self.times, self.limits.text_bytes_max)
            .map_err(|reason| type_mismatch(format!("{name:?} is {value}, which is no {value_type}: {reason}")))
    }
}

/// Whether a value needs no coercion.
fn is_plain(value: &Value, value_type: ValueType, bytes_max: u64) -> bool {
    match value {
        Value::Float(float) => value_type == ValueType::Float && float.is_finite(),
        Value::Text(text) => value_type == ValueType::Text && text.len() as u64 <= bytes_max,
        Value::Time(instant) => value_type == ValueType::Time && Timestamp::checked(instant.as_micros()).is_some(),
        Value::Date(_) => value_type == ValueType::Date,
        _ => value.value_type() == value_type,
    }
}
