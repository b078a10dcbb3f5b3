//! One event as the host hands it over, and the schema that a log's events obey.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition, limit_exceeded, name_hint, unknown_name};
use crate::id::UserId;
use crate::money::{Currency, Money};
use crate::time::{Timestamp, Zone};
use crate::value::{Value, ValueType};

/// The most event names and properties one log can have: a name's code is a `u16`.
pub const NAMES_MAX: usize = 1 << 16;
/// The most events one log can hold: a row's number is a `u32`.
pub const ROWS_MAX: u64 = u32::MAX as u64;

/// One thing that one user did at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Who did it.
    pub user: UserId,
    /// When.
    pub time: Timestamp,
    /// What, such as `order_paid`.
    pub name: String,
    /// The money that it moved, where it moved any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// The event's own id, by which a second copy of it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Anything else that is known of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Value>,
}

impl Event {
    /// An event without amount, id or properties.
    pub fn new(user: impl Into<UserId>, time: Timestamp, name: impl Into<String>) -> Self {
        Self { user: user.into(), time, name: name.into(), amount: None, id: None, properties: BTreeMap::new() }
    }

    /// The same event with an amount.
    #[must_use]
    pub fn with_amount(mut self, amount: Money) -> Self {
        self.amount = Some(amount);
        self
    }

    /// The same event with an id.
    #[must_use]
    pub fn with_id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The same event with a property.
    #[must_use]
    pub fn with_property(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.properties.insert(name.into(), value.into());
        self
    }
}

/// A property or attribute: its name and type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name, unique in its schema.
    pub name: String,
    /// The type of its values.
    #[serde(rename = "type")]
    pub value_type: ValueType,
}

/// What a log may hold, and how its times and amounts are meant.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EventSchema {
    /// The zone of local calendars, and of times in the input that state none.
    pub zone: Zone,
    /// The currency of every amount.
    pub currency: Currency,
    /// The event names that may occur; empty for any.
    pub events: Vec<String>,
    /// Properties whose type is fixed; others may come in through a mapping.
    pub properties: Vec<Field>,
    /// User attributes whose type is fixed; others may come in through a mapping.
    pub attributes: Vec<Field>,
    /// How much the log may hold.
    pub limits: Limits,
}

impl EventSchema {
    /// Refuses a schema that contradicts itself.
    ///
    /// # Errors
    /// `InvalidDefinition` for names that are empty or occur twice, `LimitExceeded` for limits above the crate's own.
    pub fn check(&self) -> Result<()> {
        check_names("event", self.events.iter().map(String::as_str))?;
        check_names("property", self.properties.iter().map(|field| field.name.as_str()))?;
        check_names("attribute", self.attributes.iter().map(|field| field.name.as_str()))?;
        self.limits.check()
    }

    /// The declared type of a property, where it is declared.
    #[must_use]
    pub fn property_type(&self, name: &str) -> Option<ValueType> {
        self.properties.iter().find(|field| field.name == name).map(|field| field.value_type)
    }

    /// The declared type of an attribute, where it is declared.
    #[must_use]
    pub fn attribute_type(&self, name: &str) -> Option<ValueType> {
        self.attributes.iter().find(|field| field.name == name).map(|field| field.value_type)
    }
}

/// Refuses empty and repeated names.
pub(crate) fn check_names<'a>(what: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for name in names {
        if name.is_empty() {
            return Err(invalid_definition(format!("a {what} has an empty name")));
        }
        if !seen.insert(name) {
            return Err(invalid_definition(format!("the {what} {name:?} is named twice")));
        }
    }
    if seen.len() > NAMES_MAX {
        return Err(limit_exceeded(format!("{} names of kind {what} are more than the limit {NAMES_MAX}", seen.len())));
    }
    Ok(())
}

/// The error for a name that is not among the known ones.
pub(crate) fn unknown<'a>(
    what: &str,
    name: &str,
    known: impl IntoIterator<Item = &'a str> + Clone,
) -> crate::error::Error {
    unknown_name(format!("there is no {what} {name:?}{}", name_hint(name, known)))
}

/// How much one log may hold before more is refused. Raise a limit only with the memory for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Events, after duplicates are taken out.
    pub rows_max: u64,
    /// Users.
    pub users_max: u64,
    /// Distinct event names.
    pub names_max: u64,
    /// Distinct values of one text property or attribute.
    pub texts_max: u64,
    /// Bytes of one user id or event id.
    pub id_bytes_max: u64,
    /// Bytes of one text value or event name.
    pub text_bytes_max: u64,
    /// Rejected rows; more mean a wrong mapping rather than bad rows.
    pub rejections_max: u64,
}

impl Default for Limits {
    /// Far above what one machine is asked for by mistake; docs/defaults.md gives the reasons one by one.
    fn default() -> Self {
        Self {
            rows_max: ROWS_MAX,
            users_max: 1 << 30,
            names_max: 10_000,
            texts_max: 1 << 26,
            id_bytes_max: 1_024,
            text_bytes_max: 65_536,
            rejections_max: 1_000_000,
        }
    }
}

impl Limits {
    fn check(&self) -> Result<()> {
        for (name, value, max) in [
            ("rows_max", self.rows_max, ROWS_MAX),
            ("users_max", self.users_max, crate::id::USERS_MAX as u64),
            ("names_max", self.names_max, NAMES_MAX as u64),
            ("texts_max", self.texts_max, u64::from(u32::MAX)),
        ] {
            if value > max {
                return Err(limit_exceeded(format!("the limit {name} = {value} is above the library's own, {max}")));
            }
        }
        Ok(())
    }
}
