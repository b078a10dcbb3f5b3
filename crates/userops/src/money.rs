//! Amounts of money in whole minor units of one currency.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result, invalid_money, name_hint};

/// An amount in minor units (cents, fen, yen); negative for refunds. The currency is the log's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(i64);

impl Money {
    /// An amount of this many minor units.
    #[must_use]
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// The amount in minor units.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.0
    }
}

impl schemars::JsonSchema for Currency {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "description": "An ISO 4217 code.", "examples": ["CNY"] })
    }
}

/// A currency by its ISO 4217 code, with the number of decimals of its minor unit. Serde writes the code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Currency {
    code: &'static str,
    decimals: u8,
}

/// The currencies known by code, with the decimals of ISO 4217 (list one of 2024): all that do not have two decimals,
/// and the most traded of those that do. Any other comes in by adding a line here.
const CURRENCIES: [(&str, u8); 66] = [
    ("AED", 2),
    ("ARS", 2),
    ("AUD", 2),
    ("BDT", 2),
    ("BGN", 2),
    ("BHD", 3),
    ("BIF", 0),
    ("BRL", 2),
    ("CAD", 2),
    ("CHF", 2),
    ("CLF", 4),
    ("CLP", 0),
    ("CNY", 2),
    ("COP", 2),
    ("CZK", 2),
    ("DJF", 0),
    ("DKK", 2),
    ("EGP", 2),
    ("EUR", 2),
    ("GBP", 2),
    ("GHS", 2),
    ("GNF", 0),
    ("HKD", 2),
    ("HUF", 2),
    ("IDR", 2),
    ("ILS", 2),
    ("INR", 2),
    ("IQD", 3),
    ("ISK", 0),
    ("JOD", 3),
    ("JPY", 0),
    ("KES", 2),
    ("KMF", 0),
    ("KRW", 0),
    ("KWD", 3),
    ("KZT", 2),
    ("LYD", 3),
    ("MAD", 2),
    ("MOP", 2),
    ("MXN", 2),
    ("MYR", 2),
    ("NGN", 2),
    ("NOK", 2),
    ("NZD", 2),
    ("OMR", 3),
    ("PEN", 2),
    ("PHP", 2),
    ("PKR", 2),
    ("PLN", 2),
    ("PYG", 0),
    ("RON", 2),
    ("RUB", 2),
    ("RWF", 0),
    ("SAR", 2),
    ("SEK", 2),
    ("SGD", 2),
    ("THB", 2),
    ("TND", 3),
    ("TRY", 2),
    ("TWD", 2),
    ("UAH", 2),
    ("UGX", 0),
    ("USD", 2),
    ("UYW", 4),
    ("VND", 0),
    ("ZAR", 2),
];

impl Currency {
    /// The US dollar, the currency of a log that states none.
    pub const USD: Self = Self { code: "USD", decimals: 2 };

    /// The ISO 4217 code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.code
    }

    /// How many decimals the minor unit has: 2 for cents, 0 for yen.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }

    /// Minor units in one major unit: 100 for cents.
    #[must_use]
    pub const fn minor_per_major(self) -> i64 {
        10i64.pow(self.decimals as u32)
    }

    /// An amount as people write it: `-12.50`, without the code.
    #[must_use]
    pub fn format(self, amount: Money) -> String {
        let (unit, minor) = (self.minor_per_major().unsigned_abs(), amount.0.unsigned_abs());
        let sign = if amount.0 < 0 { "-" } else { "" };
        let major = minor / unit;
        match usize::from(self.decimals) {
            0 => format!("{sign}{major}"),
            decimals => format!("{sign}{major}.{:0decimals$}", minor % unit),
        }
    }
}

impl Default for Currency {
    fn default() -> Self {
        Self::USD
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code)
    }
}

impl FromStr for Currency {
    type Err = Error;

    fn from_str(code: &str) -> Result<Self> {
        let found = CURRENCIES.binary_search_by_key(&code, |(code, _)| code);
        match found {
            Ok(index) => Ok(Self { code: CURRENCIES[index].0, decimals: CURRENCIES[index].1 }),
            Err(_) => {
                let hint = name_hint(code, CURRENCIES.iter().map(|(code, _)| *code));
                Err(invalid_money(format!("{code:?} is not a known ISO 4217 currency code{hint}")))
            }
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// What the numbers of an amount column count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountUnit {
    /// Major units with decimals: `12.50` dollars.
    #[default]
    Major,
    /// Whole minor units: `1250` cents.
    Minor,
}

/// What becomes of an amount that is finer than the currency's minor unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rounding {
    /// It is refused, since money would be made or lost. A float that lies within [`FLOAT_TOLERANCE`] of a minor unit
    /// is that minor unit.
    #[default]
    Refuse,
    /// It goes to the nearest minor unit, a half to the even one.
    HalfEven,
}

/// How far from a minor unit a binary float may lie and still mean it, in minor units: this, or four units in the last
/// place of its 53 bits where that is more, since a decimal price and its product by a hundred are each rounded once.
pub const FLOAT_TOLERANCE: f64 = 1e-6;

/// Why a number is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AmountFault {
    /// It is not a decimal number.
    NotANumber,
    /// It is NaN or infinite.
    NotFinite,
    /// It is finer than the minor unit.
    TooFine,
    /// It does not fit 64 bits of minor units.
    TooLarge,
}

/// Reads amounts of one currency, unit and rounding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AmountReader {
    /// Decimals that one whole number in the input has: the currency's for major units, 0 for minor.
    decimals: u32,
    rounding: Rounding,
}

impl AmountReader {
    pub(crate) fn new(currency: Currency, unit: AmountUnit, rounding: Rounding) -> Self {
        let decimals = match unit {
            AmountUnit::Major => u32::from(currency.decimals),
            AmountUnit::Minor => 0,
        };
        Self { decimals, rounding }
    }

    /// Reads a decimal text, exactly: `[+-]digits[.digits]`, no thousands separators.
    pub(crate) fn read_text(self, text: &str) -> Result<i64, AmountFault> {
        let bytes = text.trim_ascii().as_bytes();
        let (negative, digits) = match bytes.split_first() {
            Some((b'-', digits)) => (true, digits),
            Some((b'+', digits)) => (false, digits),
            _ => (false, bytes),
        };
        let point = digits.iter().position(|byte| *byte == b'.').unwrap_or(digits.len());
        let (whole, fraction) = (&digits[..point], digits.get(point + 1..).unwrap_or_default());
        if whole.is_empty() && fraction.is_empty() {
            return Err(word_fault(text));
        }
        if !whole.iter().chain(fraction).all(u8::is_ascii_digit) {
            return Err(word_fault(text));
        }
        // Digits past the minor unit only decide the rounding, so that there may be any number of them.
        let (minor, finer) = fraction.split_at(fraction.len().min(self.decimals as usize));
        let digits = whole.iter().chain(minor).map(|byte| i128::from(byte - b'0'));
        let value = digits.fold(0i128, |value, digit| value.saturating_mul(10).saturating_add(digit));
        let half = match finer.split_first() {
            None => Ordering::Less,
            Some((first, rest)) => first.cmp(&b'5').then(rest.iter().any(|byte| *byte != b'0').cmp(&false)),
        };
        if self.rounding == Rounding::Refuse && finer.iter().any(|byte| *byte != b'0') {
            return Err(AmountFault::TooFine);
        }
        let value = value.saturating_mul(10i128.pow(self.decimals - minor.len() as u32));
        let value = value.saturating_add(i128::from(rounds_up(value, half)));
        i64::try_from(if negative { -value } else { value }).map_err(|_| AmountFault::TooLarge)
    }

    /// Reads `value / 10^scale`, exactly.
    pub(crate) fn read_decimal(self, value: i128, scale: u32) -> Result<i64, AmountFault> {
        let minor = if scale <= self.decimals {
            value.checked_mul(10i128.pow(self.decimals - scale)).ok_or(AmountFault::TooLarge)?
        } else {
            // Where the unit is beyond 128 bits, the value is less than half of it.
            let unit = 10i128.checked_pow(scale - self.decimals);
            let (quotient, rest) = unit.map_or((0, value), |unit| (value / unit, value % unit));
            if rest != 0 && self.rounding == Rounding::Refuse {
                return Err(AmountFault::TooFine);
            }
            let rest = rest.unsigned_abs();
            let half = unit.map_or(Ordering::Less, |unit| rest.cmp(&(unit.unsigned_abs() - rest)));
            quotient + if rounds_up(quotient, half) { value.signum() } else { 0 }
        };
        i64::try_from(minor).map_err(|_| AmountFault::TooLarge)
    }

    /// Reads a float.
    pub(crate) fn read_float(self, value: f64) -> Result<i64, AmountFault> {
        if !value.is_finite() {
            return Err(AmountFault::NotFinite);
        }
        let minor = value * 10f64.powi(self.decimals as i32);
        let nearest = minor.round_ties_even();
        let tolerance = FLOAT_TOLERANCE.max(4.0 * f64::EPSILON * minor.abs());
        if self.rounding == Rounding::Refuse && (minor - nearest).abs() > tolerance {
            return Err(AmountFault::TooFine);
        }
        // Beyond 2^53 minor units a float no longer tells one minor unit from the next.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        if nearest.abs() > EXACT_MAX {
            return Err(AmountFault::TooLarge);
        }
        Ok(nearest as i64)
    }
}

/// Whether half-even rounding moves a magnitude up, given how what is cut off compares to a half.
fn rounds_up(kept: i128, half: Ordering) -> bool {
    half == Ordering::Greater || (half == Ordering::Equal && kept % 2 != 0)
}

/// Texts for floats that are no number are told apart from other texts.
fn word_fault(text: &str) -> AmountFault {
    let word = text.trim_ascii().trim_start_matches(['+', '-']).to_ascii_lowercase();
    if ["nan", "inf", "infinity"].contains(&word.as_str()) { AmountFault::NotFinite } else { AmountFault::NotANumber }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn reader(rounding: Rounding) -> AmountReader {
        AmountReader::new(Currency::USD, AmountUnit::Major, rounding)
    }

    #[test]
    fn currencies_are_sorted_and_known_by_code() {
        assert!(CURRENCIES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!("JPY".parse::<Currency>().unwrap().minor_per_major(), 1);
        assert!("cny".parse::<Currency>().unwrap_err().to_string().contains("did you mean \"CNY\"?"));
    }

    #[test]
    fn amounts_are_read_exactly_or_refused() {
        let refuse = reader(Rounding::Refuse);
        for (text, minor) in [("11.77", 1177), ("-0.5", -50), ("+7", 700), (" 12. ", 1200), (".05", 5), ("1.500", 150)]
        {
            assert_eq!(refuse.read_text(text), Ok(minor), "{text}");
        }
        for (text, fault) in [
            ("", AmountFault::NotANumber),
            (".", AmountFault::NotANumber),
            ("1,000", AmountFault::NotANumber),
            ("1e3", AmountFault::NotANumber),
            ("--1", AmountFault::NotANumber),
            ("NaN", AmountFault::NotFinite),
            ("-Infinity", AmountFault::NotFinite),
            ("1.005", AmountFault::TooFine),
            ("92233720368547758.08", AmountFault::TooLarge),
        ] {
            assert_eq!(refuse.read_text(text), Err(fault), "{text}");
        }
        assert_eq!(refuse.read_text(&"9".repeat(1_000)), Err(AmountFault::TooLarge));
        assert_eq!(refuse.read_text("92233720368547758.07"), Ok(i64::MAX));
        assert_eq!(refuse.read_text("-92233720368547758.08"), Ok(i64::MIN));
        assert_eq!(refuse.read_text(&format!("1.{}", "0".repeat(1_000))), Ok(100));
        assert_eq!(refuse.read_decimal(0, 255), Ok(0));
        assert_eq!(refuse.read_decimal(1, 255), Err(AmountFault::TooFine));
        assert_eq!(refuse.read_float(f64::NAN), Err(AmountFault::NotFinite));
        assert_eq!(refuse.read_float(1.005), Err(AmountFault::TooFine));
        assert_eq!(refuse.read_float(1e300), Err(AmountFault::TooLarge));
    }

    #[test]
    fn half_goes_to_even() {
        let half_even = reader(Rounding::HalfEven);
        for (text, minor) in [("0.005", 0), ("0.015", 2), ("-0.005", 0), ("-0.015", -2), ("0.0051", 1), ("-0.0149", -1)]
        {
            assert_eq!(half_even.read_text(text), Ok(minor), "{text}");
        }
        assert_eq!(half_even.read_text(&"0.3".replace('3', &"3".repeat(1_000))), Ok(33));
        assert_eq!(half_even.read_text(&format!("0.005{}1", "0".repeat(1_000))), Ok(1));
        assert_eq!(half_even.read_decimal(i128::MAX, 40), Ok(2));
        assert_eq!(half_even.read_decimal(i128::MIN, 38), Ok(-170));
        assert_eq!(half_even.read_decimal(i128::MAX, 255), Ok(0));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(minor in any::<i64>(), code in 0..CURRENCIES.len()) {
            let currency: Currency = CURRENCIES[code].0.parse().unwrap();
            let text = currency.format(Money::from_minor(minor));
            prop_assert_eq!(AmountReader::new(currency, AmountUnit::Major, Rounding::Refuse).read_text(&text), Ok(minor));
        }

        #[test]
        fn a_decimal_is_read_as_its_text_is(value in any::<i64>(), scale in 0u32..22, is_rounded in any::<bool>()) {
            let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale as usize + 1);
            let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
            let text = format!("{}{whole}.{fraction}", if value < 0 { "-" } else { "" });
            let reader = reader(if is_rounded { Rounding::HalfEven } else { Rounding::Refuse });
            prop_assert_eq!(reader.read_decimal(i128::from(value), scale), reader.read_text(&text), "{}", text);
        }

        #[test]
        fn floats_of_prices_are_exact(minor in -100_000_000_000_i64..100_000_000_000) {
            prop_assert_eq!(reader(Rounding::Refuse).read_float(minor as f64 / 100.0), Ok(minor));
        }
    }
}
