//! Literals of tests, read as what they are compared with.

use std::cmp::Ordering;

use super::bits::WORD_BITS;
use super::cut::Cut;
use crate::column::{Column, Dictionary};
use crate::error::{Error, Result, invalid_argument, invalid_money, invalid_time, type_mismatch};
use crate::money::{AmountReader, AmountUnit, Currency, Rounding};
use crate::rule::Test;
use crate::time::{Calendar, Day, Timestamp};
use crate::value::Value;

/// What a test is asked of.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Subject<'a> {
    Bool,
    Integer,
    Float,
    Text(&'a Dictionary),
    Time,
    Date,
    /// Integers in minor units, compared with literals in major units.
    Money(Currency),
    /// Floats in minor units, compared with literals in major units.
    MoneyMean(Currency),
}

impl<'a> Subject<'a> {
    /// What the values of a column are.
    pub(crate) fn of(column: &'a Column) -> Self {
        match column {
            Column::Bool(_) => Self::Bool,
            Column::Integer(_) => Self::Integer,
            Column::Float(_) => Self::Float,
            Column::Text(column) => Self::Text(&column.dictionary),
            Column::Time(_) => Self::Time,
            Column::Date(_) => Self::Date,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bool => "a bool",
            Self::Integer => "an integer",
            Self::Float => "a float",
            Self::Text(_) => "a text",
            Self::Time => "a time",
            Self::Date => "a date",
            Self::Money(_) | Self::MoneyMean(_) => "an amount of money",
        }
    }
}

/// How a value lies to a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
}

/// The greatest number of the column's kind that is not above the literal, and the least that is not below: the same
/// where the literal is such a number.
#[derive(Debug, Clone, Copy)]
enum Place {
    Whole(i128, i128),
    Real(f64, f64),
}

/// Reads the literals of a test. `what` names what is tested, for messages.
///
/// # Errors
/// `TypeMismatch`, `InvalidTime`, `InvalidMoney` or `InvalidArgument` for a literal that cannot be compared.
pub(crate) fn cut(test: &Test, subject: Subject<'_>, calendar: &Calendar, what: &str) -> Result<Cut> {
    let reader = Reader { subject, calendar, what };
    match test {
        Test::Eq(value) => reader.compare(Relation::Eq, value),
        Test::Ne(value) => reader.compare(Relation::Ne, value),
        Test::Lt(value) => reader.compare(Relation::Lt, value),
        Test::Le(value) => reader.compare(Relation::Le, value),
        Test::Gt(value) => reader.compare(Relation::Gt, value),
        Test::Ge(value) => reader.compare(Relation::Ge, value),
        Test::OneOf(values) => reader.one_of(values),
        Test::StartsWith(prefix) => Ok(starts_with(reader.dictionary(test)?, prefix)),
        Test::EndsWith(suffix) => Ok(codes(reader.dictionary(test)?, |text| text.ends_with(&**suffix))),
        Test::Contains(part) => Ok(codes(reader.dictionary(test)?, |text| text.contains(&**part))),
        Test::Empty => {
            reader.dictionary(test)?;
            reader.compare(Relation::Eq, &Value::from(""))
        }
        Test::Known => Ok(Cut::Known),
        Test::Unknown => Ok(Cut::Unknown),
    }
}

struct Reader<'a> {
    subject: Subject<'a>,
    calendar: &'a Calendar,
    what: &'a str,
}

impl Reader<'_> {
    fn mismatch(&self, value: &Value) -> Error {
        let (what, subject) = (self.what, self.subject.name());
        type_mismatch(format!("{what} is {subject}, which is not compared with the {} {value}", value.value_type()))
    }

    fn dictionary(&self, test: &Test) -> Result<&Dictionary> {
        match self.subject {
            Subject::Text(dictionary) => Ok(dictionary),
            other => {
                let (what, subject) = (self.what, other.name());
                Err(type_mismatch(format!("{what} is {subject}, and {test:?} is a test of texts")))
            }
        }
    }

    fn compare(&self, relation: Relation, value: &Value) -> Result<Cut> {
        if let (Subject::Text(dictionary), Value::Text(text)) = (self.subject, value) {
            return Ok(compare_text(dictionary, relation, text));
        }
        if matches!(self.subject, Subject::Bool) && !matches!(relation, Relation::Eq | Relation::Ne) {
            let (what, relation) = (self.what, format!("{relation:?}").to_lowercase());
            return Err(type_mismatch(format!(
                "{what} is a bool, which has no order: eq and ne test it, not {relation}"
            )));
        }
        Ok(match self.place(value)? {
            Place::Whole(floor, ceil) => compare_whole(relation, floor, ceil),
            Place::Real(floor, ceil) => compare_real(relation, floor, ceil),
        })
    }

    fn one_of(&self, values: &[Value]) -> Result<Cut> {
        if let Subject::Text(dictionary) = self.subject {
            let mut set = vec![0u64; dictionary.len().div_ceil(WORD_BITS)];
            for value in values {
                let Value::Text(text) = value else { return Err(self.mismatch(value)) };
                if let Some(code) = dictionary.code(text) {
                    set[code as usize / WORD_BITS] |= 1 << (code as usize % WORD_BITS);
                }
            }
            return Ok(Cut::Codes(set));
        }
        let (mut whole, mut real) = (Vec::new(), Vec::new());
        for value in values {
            match self.place(value)? {
                Place::Whole(floor, ceil) if floor == ceil => whole.extend(i64::try_from(floor)),
                Place::Real(floor, ceil) if floor == ceil => real.push(floor),
                Place::Whole(..) | Place::Real(..) => {}
            }
        }
        whole.sort_unstable();
        Ok(match self.subject {
            Subject::Float | Subject::MoneyMean(_) => Cut::OneOfFloats(real),
            _ => Cut::OneOf(whole),
        })
    }

    /// Where the literal lies among the numbers of the column.
    fn place(&self, value: &Value) -> Result<Place> {
        let whole = |number: i64| Place::Whole(i128::from(number), i128::from(number));
        if let Value::Float(number) = value
            && number.is_nan()
        {
            return Err(invalid_argument(format!("{} is compared with NaN, which is no number", self.what)));
        }
        Ok(match (self.subject, value) {
            (Subject::Bool, Value::Bool(value)) => whole(i64::from(*value)),
            (Subject::Integer, Value::Integer(number)) => whole(*number),
            (Subject::Integer, Value::Float(number)) => Place::Whole(number.floor() as i128, number.ceil() as i128),
            (Subject::Float, Value::Float(number)) => Place::Real(*number, *number),
            (Subject::Float, Value::Integer(number)) => place_among_floats(*number),
            (Subject::Money(currency), _) => whole(self.minor(currency, value)?),
            (Subject::MoneyMean(currency), _) => place_among_floats(self.minor(currency, value)?),
            (Subject::Time, _) => whole(self.instant(value)?.as_micros()),
            (Subject::Date, _) => whole(i64::from(self.day(value)?.0)),
            _ => return Err(self.mismatch(value)),
        })
    }

    fn minor(&self, currency: Currency, value: &Value) -> Result<i64> {
        if !matches!(value, Value::Integer(_) | Value::Float(_)) {
            return Err(self.mismatch(value));
        }
        let reader = AmountReader::new(currency, AmountUnit::Major, Rounding::Refuse);
        reader.read_text(&value.to_string()).map_err(|_| {
            let (what, decimals) = (self.what, currency.decimals());
            invalid_money(format!(
                "{what} is compared with {value}, which is no amount of {currency}: it has at most {decimals} decimals \
                 and fits 64 bits of minor units"
            ))
        })
    }

    fn instant(&self, value: &Value) -> Result<Timestamp> {
        match value {
            Value::Time(instant) => Ok(*instant),
            Value::Date(day) => Ok(self.calendar.day_start(*day)),
            Value::Text(text) => text.parse().or_else(|_| {
                let day: Result<Day> = text.parse();
                day.map(|day| self.calendar.day_start(day)).map_err(|_| {
                    let what = self.what;
                    invalid_time(format!(
                        "{what} is compared with {text:?}, which is neither an instant such as 2026-03-01T09:30:00Z \
                         nor a date such as 2026-03-01"
                    ))
                })
            }),
            other => Err(self.mismatch(other)),
        }
    }

    fn day(&self, value: &Value) -> Result<Day> {
        match value {
            Value::Date(day) => Ok(*day),
            Value::Text(text) => text.parse().map_err(|error: Error| error.at(self.what)),
            other => Err(self.mismatch(other)),
        }
    }
}

/// The floats next to an integer: itself where it has one.
fn place_among_floats(number: i64) -> Place {
    let near = number as f64;
    match (near as i128).cmp(&i128::from(number)) {
        Ordering::Equal => Place::Real(near, near),
        Ordering::Less => Place::Real(near, near.next_up()),
        Ordering::Greater => Place::Real(near.next_down(), near),
    }
}

fn compare_whole(relation: Relation, floor: i128, ceil: i128) -> Cut {
    let (least, greatest) = (i128::from(i64::MIN), i128::from(i64::MAX));
    let (low, high) = match relation {
        Relation::Eq | Relation::Ne if floor == ceil => (floor, ceil),
        Relation::Eq | Relation::Ne => (1, 0),
        Relation::Lt => (least, ceil.saturating_sub(1)),
        Relation::Le => (least, floor),
        Relation::Gt => (floor.saturating_add(1), greatest),
        Relation::Ge => (ceil, greatest),
    };
    let inside = relation != Relation::Ne;
    if low > high || low > greatest || high < least {
        return Cut::Within { low: 1, high: 0, inside };
    }
    Cut::Within { low: low.max(least) as i64, high: high.min(greatest) as i64, inside }
}

fn compare_real(relation: Relation, floor: f64, ceil: f64) -> Cut {
    let (low, high) = match relation {
        Relation::Eq | Relation::Ne if floor == ceil => (floor, ceil),
        Relation::Eq | Relation::Ne => (1.0, 0.0),
        Relation::Lt => (f64::NEG_INFINITY, ceil.next_down()),
        Relation::Le => (f64::NEG_INFINITY, floor),
        Relation::Gt => (floor.next_up(), f64::INFINITY),
        Relation::Ge => (ceil, f64::INFINITY),
    };
    Cut::WithinFloats { low, high, inside: relation != Relation::Ne }
}

/// The dictionary ascends, so that an order of texts is an order of codes.
fn compare_text(dictionary: &Dictionary, relation: Relation, text: &str) -> Cut {
    let (below, not_above) = match dictionary.texts().binary_search(text) {
        Ok(code) => (code as i64, code as i64 + 1),
        Err(place) => (place as i64, place as i64),
    };
    let (low, high) = match relation {
        Relation::Eq | Relation::Ne => (below, not_above - 1),
        Relation::Lt => (0, below - 1),
        Relation::Le => (0, not_above - 1),
        Relation::Gt => (not_above, i64::MAX),
        Relation::Ge => (below, i64::MAX),
    };
    Cut::Within { low, high, inside: relation != Relation::Ne }
}

/// Texts with the same beginning stand side by side.
fn starts_with(dictionary: &Dictionary, prefix: &str) -> Cut {
    let (Ok(first) | Err(first)) = dictionary.texts().binary_search(prefix);
    let (mut low, mut high) = (first, dictionary.len());
    while low < high {
        let middle = low + (high - low) / 2;
        if dictionary.texts().text(middle).starts_with(prefix) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    Cut::Within { low: first as i64, high: low as i64 - 1, inside: true }
}

fn codes(dictionary: &Dictionary, pass: impl Fn(&str) -> bool) -> Cut {
    let mut set = vec![0u64; dictionary.len().div_ceil(WORD_BITS)];
    for (code, _) in dictionary.iter().enumerate().filter(|(_, text)| pass(text)) {
        set[code / WORD_BITS] |= 1 << (code % WORD_BITS);
    }
    Cut::Codes(set)
}
