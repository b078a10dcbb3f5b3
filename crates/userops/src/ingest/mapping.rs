//! Which column of the input plays which part.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition, name_hint};
use crate::event::EventSchema;
use crate::money::{AmountUnit, Rounding};
use crate::time::{TimeFormat, Zone};
use crate::value::ValueType;

/// Which columns hold user, time, event, amount, id and properties, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mapping {
    /// The column of user ids.
    pub user: String,
    /// What user ids are; by default what the first batch's column holds.
    #[serde(default)]
    pub user_type: Option<UserIdType>,
    /// The column of instants.
    pub time: TimeMapping,
    /// Where the event's name comes from.
    pub event: EventName,
    /// The column of amounts, where there is one. A missing amount is unknown.
    #[serde(default)]
    pub amount: Option<AmountMapping>,
    /// The column of the events' own ids, where there is one. An event without one is never a duplicate.
    #[serde(default)]
    pub id: Option<String>,
    /// The columns that become properties.
    #[serde(default)]
    pub properties: Properties,
}

/// What user ids are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UserIdType {
    /// 64-bit integers; a text that is one is read as it.
    Integer,
    /// Texts; a number is written out.
    Text,
}

impl std::fmt::Display for UserIdType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Integer => "integer",
            Self::Text => "text",
        })
    }
}

/// Where instants are, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TimeMapping {
    /// The column.
    pub column: String,
    /// How they are written.
    #[serde(default)]
    pub format: TimeFormat,
    /// The zone of times that state none; by default the schema's.
    #[serde(default)]
    pub zone: Option<Zone>,
}

/// Where an event's name comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventName {
    /// From a column.
    Column(String),
    /// All events have this name: for a log that holds one kind of event.
    Constant(String),
}

/// Where amounts are, and what they count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmountMapping {
    /// The column.
    pub column: String,
    /// Whether it holds major units with decimals, or whole minor units.
    #[serde(default)]
    pub unit: AmountUnit,
    /// What becomes of amounts finer than the minor unit.
    #[serde(default)]
    pub rounding: Rounding,
    /// A column of currency codes; an amount in another currency than the log's is rejected.
    #[serde(default)]
    pub currency: Option<String>,
}

/// Which columns become properties.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Properties {
    /// None.
    #[default]
    None,
    /// These.
    Listed(Vec<PropertyMapping>),
    /// All that play no other part, under their own names.
    AllOthers,
}

/// A column that becomes a property.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PropertyMapping {
    /// The column.
    pub column: String,
    /// The property's name, by default the column's.
    #[serde(default)]
    pub name: Option<String>,
    /// The property's type: by default the schema's, or else what the first batch's column holds.
    #[serde(default, rename = "type")]
    pub value_type: Option<ValueType>,
}

impl PropertyMapping {
    /// A property of the column's name and type.
    pub fn column(column: impl Into<String>) -> Self {
        Self { column: column.into(), name: None, value_type: None }
    }

    /// The same property under another name.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// The same property with a stated type.
    #[must_use]
    pub fn typed(mut self, value_type: ValueType) -> Self {
        self.value_type = Some(value_type);
        self
    }

    /// The property's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.column)
    }
}

impl From<&str> for PropertyMapping {
    fn from(column: &str) -> Self {
        Self::column(column)
    }
}

impl Mapping {
    /// A mapping by the columns of user and time; the event's name is expected in a column `event`.
    pub fn new(user: impl Into<String>, time: impl Into<String>) -> Self {
        Self {
            user: user.into(),
            user_type: None,
            time: TimeMapping { column: time.into(), format: TimeFormat::Auto, zone: None },
            event: EventName::Column("event".to_owned()),
            amount: None,
            id: None,
            properties: Properties::None,
        }
    }

    /// What user ids are.
    #[must_use]
    pub fn user_type(mut self, user_type: UserIdType) -> Self {
        self.user_type = Some(user_type);
        self
    }

    /// How times are written.
    #[must_use]
    pub fn time_format(mut self, format: TimeFormat) -> Self {
        self.time.format = format;
        self
    }

    /// The zone of times that state none.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.time.zone = Some(zone);
        self
    }

    /// The column of event names.
    #[must_use]
    pub fn event(mut self, column: impl Into<String>) -> Self {
        self.event = EventName::Column(column.into());
        self
    }

    /// One name for all events.
    #[must_use]
    pub fn constant_event(mut self, name: impl Into<String>) -> Self {
        self.event = EventName::Constant(name.into());
        self
    }

    /// The column of amounts, in major units.
    #[must_use]
    pub fn amount(self, column: impl Into<String>) -> Self {
        self.amount_in(column, AmountUnit::Major)
    }

    /// The column of amounts, in whole minor units.
    #[must_use]
    pub fn minor_amount(self, column: impl Into<String>) -> Self {
        self.amount_in(column, AmountUnit::Minor)
    }

    fn amount_in(mut self, column: impl Into<String>, unit: AmountUnit) -> Self {
        self.amount = Some(AmountMapping { column: column.into(), unit, rounding: Rounding::Refuse, currency: None });
        self
    }

    /// What becomes of amounts finer than the minor unit; without a column of amounts, nothing.
    #[must_use]
    pub fn rounding(mut self, rounding: Rounding) -> Self {
        if let Some(amount) = &mut self.amount {
            amount.rounding = rounding;
        }
        self
    }

    /// The column of the events' own ids.
    #[must_use]
    pub fn id(mut self, column: impl Into<String>) -> Self {
        self.id = Some(column.into());
        self
    }

    /// One more column that becomes a property.
    #[must_use]
    pub fn property(mut self, property: impl Into<PropertyMapping>) -> Self {
        match &mut self.properties {
            Properties::Listed(listed) => listed.push(property.into()),
            other => *other = Properties::Listed(vec![property.into()]),
        }
        self
    }

    /// All columns that play no other part become properties.
    #[must_use]
    pub fn all_other_columns(mut self) -> Self {
        self.properties = Properties::AllOthers;
        self
    }

    /// Refuses a mapping that contradicts itself or the schema.
    pub(super) fn check(&self, schema: &EventSchema) -> Result<()> {
        match &self.event {
            EventName::Constant(name) if name.is_empty() => {
                return Err(invalid_definition("the constant event name is empty"));
            }
            EventName::Constant(name) if !schema.events.is_empty() && !schema.events.contains(name) => {
                let hint = name_hint(name, schema.events.iter().map(String::as_str));
                return Err(invalid_definition(format!(
                    "the constant event name {name:?} is no event of the schema{hint}"
                )));
            }
            EventName::Constant(_) | EventName::Column(_) => {}
        }
        match &self.properties {
            Properties::Listed(listed) => {
                crate::event::check_names("property", listed.iter().map(PropertyMapping::name))
            }
            Properties::None | Properties::AllOthers => Ok(()),
        }
    }

    /// The columns that the mapping names, each with what it is for.
    pub(super) fn named_columns(&self) -> Vec<(&str, &'static str)> {
        let mut columns = vec![(self.user.as_str(), "user"), (self.time.column.as_str(), "time")];
        if let EventName::Column(column) = &self.event {
            columns.push((column, "event"));
        }
        if let Some(amount) = &self.amount {
            columns.push((&amount.column, "amount"));
            columns.extend(amount.currency.as_deref().map(|column| (column, "currency")));
        }
        columns.extend(self.id.as_deref().map(|column| (column, "id")));
        if let Properties::Listed(listed) = &self.properties {
            columns.extend(listed.iter().map(|property| (property.column.as_str(), "property")));
        }
        columns
    }
}
