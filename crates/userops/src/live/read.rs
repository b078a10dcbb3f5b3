//! Reads an event into the row that a user's state keeps of it.

use std::collections::HashMap;

use foldhash::fast::RandomState;

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

/// What is asked of a property.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Known {
    /// The type that it is declared with.
    pub(super) declared: Option<ValueType>,
    /// Its place among the inputs.
    pub(super) input: Option<usize>,
}

/// Turns events into rows.
#[derive(Debug, Clone)]
pub(super) struct Reader {
    /// Of names that some pattern names, and of those that the schema lists.
    pub(super) names: HashMap<String, Patterns, RandomState>,
    /// Of every other name.
    pub(super) others: Patterns,
    /// Whether there may be no other name.
    pub(super) is_closed: bool,
    pub(super) filters: Vec<Condition>,
    pub(super) inputs: Vec<Input>,
    /// The input that is the money.
    pub(super) amount: Option<usize>,
    /// The inputs that rows keep.
    pub(super) fields: Vec<usize>,
    pub(super) properties: HashMap<String, Known, RandomState>,
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
        let Patterns { plain, filtered } = self.patterns_of(event)?;
        let mut inputs: [Option<ValueRef<'_>>; FIELDS_MAX] = [None; FIELDS_MAX];
        if let (Some(place), Some(amount)) = (self.amount, event.amount) {
            inputs[place] = Some(ValueRef::Integer(amount.minor()));
        }
        for (name, value) in &event.properties {
            let Some(known) = self.properties.get(name) else { continue };
            if known.declared.is_some_and(|value_type| !is_plain(value, value_type, self.limits.text_bytes_max)) {
                return self.read(&self.coerced(event)?, calendar, texts, out);
            }
            if let Some(input) = known.input {
                inputs[input] = Some(value.as_ref());
            }
        }
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

    fn patterns_of(&self, event: &Event) -> Result<&Patterns> {
        let name = &event.name;
        let patterns = match self.names.get(name) {
            Some(patterns) => patterns,
            None if !self.is_closed => &self.others,
            None => {
                let mut names: Vec<&str> = self.names.keys().map(String::as_str).collect();
                names.sort_unstable();
                let hint = name_hint(name, names);
                return Err(unknown_name(format!("there is no event {name:?} in the playbook's schema{hint}")));
            }
        };
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
            _ => Ok(patterns),
        }
    }

    /// The event with every declared property in its type; properties that are not declared are left alone.
    fn coerced(&self, event: &Event) -> Result<Event> {
        let mut coerced = event.clone();
        for (name, value) in &event.properties {
            let declared = self.properties.get(name).and_then(|known| known.declared);
            let Some(value_type) = declared.filter(|known| !is_plain(value, *known, self.limits.text_bytes_max)) else {
                continue;
            };
            match self.coerce_one(name, value, value_type)? {
                Some(value) => coerced.properties.insert(name.clone(), value),
                None => coerced.properties.remove(name),
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
