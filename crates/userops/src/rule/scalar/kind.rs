//! What kind of value a measure gives, told without looking at any user.

use super::select::PropertyColumn;
use crate::column::Column;
use crate::error::{Result, invalid_definition, type_mismatch};
use crate::log::EventLog;
use crate::rule::context::Context;
use crate::rule::event_query::EventWindow;
use crate::rule::measure::Measure;
use crate::value::ValueType;

/// What decides which tests fit a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// Minor units of the log's currency, whole or (a mean) with a fraction; tests speak of major units.
    Money,
    /// Any other value.
    Plain(ValueType),
}

impl Kind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Money => "money",
            Self::Plain(value_type) => value_type.name(),
        }
    }

    /// Whether it has a sum and a mean.
    fn is_number(self) -> bool {
        matches!(self, Self::Money | Self::Plain(ValueType::Integer | ValueType::Float))
    }

    fn is_instant(self) -> bool {
        matches!(self, Self::Plain(ValueType::Time | ValueType::Date))
    }
}

/// The kind of a measure's values.
///
/// # Errors
/// `UnknownName` for what the log or the context lacks, `TypeMismatch` for a property or attribute of which there is no
/// such measure, `InvalidDefinition` for no bucket.
pub(crate) fn kind_of(measure: &Measure, log: &EventLog, context: &Context) -> Result<Kind> {
    let property = |property: &str| Ok(PropertyColumn::find(log, property)?.kind());
    let needs = |fits: bool, kind: Kind, of: &str, name: &str, needed: &str| {
        let say = || format!("{of} needs {needed}, and {name:?} is of type {}", kind.name());
        if fits { Ok(kind) } else { Err(type_mismatch(say())) }
    };
    Ok(match measure {
        Measure::Attribute(name) => Kind::Plain(log.attributes().column(name)?.value_type()),
        Measure::Age { attribute, .. } => {
            instant_column(log, attribute, "an age")?;
            Kind::Plain(ValueType::Integer)
        }
        Measure::Sum { property: name, .. } => {
            let kind = property(name)?;
            needs(kind.is_number(), kind, "a sum", name, "a number")?
        }
        Measure::Mean { property: name, .. } => {
            let kind = property(name)?;
            match needs(kind.is_number(), kind, "a mean", name, "a number")? {
                Kind::Money => Kind::Money,
                Kind::Plain(_) => Kind::Plain(ValueType::Float),
            }
        }
        Measure::Min { property: name, .. } | Measure::Max { property: name, .. } => {
            let kind = property(name)?;
            let fits = kind.is_number() || kind.is_instant();
            needs(fits, kind, "a least or greatest value", name, "a number, a time or a date")?
        }
        Measure::Latest { property: name, .. } => property(name)?,
        Measure::Distinct { property: name, .. } => {
            property(name)?;
            Kind::Plain(ValueType::Integer)
        }
        Measure::Count(_)
        | Measure::ActiveDays(_)
        | Measure::DaysSinceFirst(_)
        | Measure::DaysSinceLast(_)
        | Measure::DaysSinceReturn { .. } => Kind::Plain(ValueType::Integer),
        Measure::FirstTime(_) | Measure::LastTime(_) => Kind::Plain(ValueType::Time),
        Measure::Score(name) => Kind::Plain(context.score(name)?.value_type()),
        Measure::Tag(name) => Kind::Plain(context.tag(name)?.value_type()),
        Measure::Stage => {
            context.stages()?;
            Kind::Plain(ValueType::Text)
        }
        Measure::Bucket(bucket) if bucket.buckets == 0 => {
            return Err(invalid_definition("users cannot fall into 0 buckets; there is at least 1"));
        }
        Measure::Bucket(_) => Kind::Plain(ValueType::Integer),
    })
}

/// An attribute that is a time or a date.
pub(crate) fn instant_column<'a>(log: &'a EventLog, attribute: &str, of: &str) -> Result<&'a Column> {
    let column = log.attributes().column(attribute)?;
    match column.value_type() {
        ValueType::Time | ValueType::Date => Ok(column),
        other => Err(type_mismatch(format!("{of} needs a time or a date, and {attribute:?} is of type {other}"))),
    }
}

impl EventWindow {
    /// Refuses a window that cannot be, or that this log cannot tell.
    pub(super) fn check_in(&self, log: &EventLog) -> Result<()> {
        self.check()?;
        match self {
            Self::Window(_) => Ok(()),
            Self::Attribute { attribute, .. } => instant_column(log, attribute, "a window").map(|_| ()),
        }
    }
}
