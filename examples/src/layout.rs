//! Plain text that lines up: tables, bars, and numbers as people write them.

use userops::analytics::interval::Interval;
use userops::money::{Currency, Money};
use userops::time::{Calendar, MICROS_PER_DAY, MICROS_PER_SECOND, Timestamp};

const SECONDS_PER_MINUTE: f64 = 60.0;
const SECONDS_PER_HOUR: f64 = 3_600.0;
const SECONDS_PER_DAY: f64 = 86_400.0;
const MICROS_PER_MINUTE: i64 = 60 * MICROS_PER_SECOND;
/// Lengths are told in days from here on, in hours before.
const DAYS_FROM: f64 = 2.0 * SECONDS_PER_DAY;
/// A smaller probability is told as being smaller.
const PROBABILITY_MIN: f64 = 0.001;

/// Cells of a table; the first row is the heading, the first column is aligned left and all others right, but for words.
#[derive(Debug, Default)]
pub struct TextTable {
    rows: Vec<Vec<String>>,
    words: Option<usize>,
}

impl TextTable {
    /// A table with these headings.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()], words: None }
    }

    /// The same with words in its last column, which is aligned left as well.
    #[must_use]
    pub fn words_last(mut self) -> Self {
        self.words = self.rows[0].len().checked_sub(1);
        self
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().collect());
    }

    /// The lines of the table, indented by two blanks.
    #[must_use]
    pub fn render(&self) -> String {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or_default();
        let width_of = |column: usize| {
            self.rows.iter().filter_map(|row| row.get(column)).map(|cell| width(cell)).max().unwrap_or_default()
        };
        let widths: Vec<usize> = (0..columns).map(width_of).collect();
        let mut text = String::new();
        for row in &self.rows {
            let mut line = String::new();
            for (index, (cell, column)) in row.iter().zip(&widths).enumerate() {
                let padding = " ".repeat(column - width(cell));
                line += if index == 0 { "  " } else { "   " };
                line += &if index == 0 || self.words == Some(index) {
                    format!("{cell}{padding}")
                } else {
                    format!("{padding}{cell}")
                };
            }
            text += line.trim_end();
            text.push('\n');
        }
        text
    }
}

/// How many columns of a terminal a text takes: Chinese characters take two.
#[must_use]
pub fn width(text: &str) -> usize {
    text.chars().map(|c| if ('\u{2e80}'..='\u{ffef}').contains(&c) { 2 } else { 1 }).sum()
}

/// A whole number with its thousands set apart: `69,659`.
#[must_use]
pub fn count(number: impl TryInto<u64>) -> String {
    let digits = number.try_into().unwrap_or_default().to_string();
    group(&digits)
}

fn group(digits: &str) -> String {
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// A share as a percentage with one decimal; a dash where it is not defined.
#[must_use]
pub fn percent(ratio: impl Into<Option<f64>>) -> String {
    ratio.into().map_or_else(|| "–".to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
}

/// One number over another as a percentage.
#[must_use]
pub fn share(part: f64, whole: f64) -> String {
    percent((whole != 0.0).then(|| part / whole))
}

/// An amount with thousands set apart, without its currency.
#[must_use]
pub fn money(currency: Currency, minor: i64) -> String {
    let text = currency.format(Money::from_minor(minor));
    let (sign, rest) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    match rest.split_once('.') {
        Some((whole, fraction)) => format!("{sign}{}.{fraction}", group(whole)),
        None => format!("{sign}{}", group(rest)),
    }
}

/// The ends of an interval of shares: `11.0–13.7 %`; a dash where it is not defined.
#[must_use]
pub fn percent_range(interval: Option<Interval>) -> String {
    interval.map_or_else(|| "–".to_owned(), |of| format!("{:.1}–{:.1} %", of.low * 100.0, of.high * 100.0))
}

/// A number with so many decimals; a dash where it is not defined.
#[must_use]
pub fn decimal(number: impl Into<Option<f64>>, decimals: usize) -> String {
    number.into().map_or_else(|| "–".to_owned(), |number| format!("{number:.decimals$}"))
}

/// A length of time in the unit that suits it: `45 s`, `12.5 min`, `5.3 h`, `2.4 days`; a dash where there is none.
#[must_use]
pub fn duration(seconds: impl Into<Option<f64>>) -> String {
    let Some(seconds) = seconds.into() else { return "–".to_owned() };
    match seconds {
        less if less < SECONDS_PER_MINUTE => format!("{less:.0} s"),
        less if less < SECONDS_PER_HOUR => format!("{:.1} min", less / SECONDS_PER_MINUTE),
        less if less < DAYS_FROM => format!("{:.1} h", less / SECONDS_PER_HOUR),
        more => format!("{:.1} days", more / SECONDS_PER_DAY),
    }
}

/// A probability of an error: `0.034`, or `< 0.001`; a dash where it is not defined.
#[must_use]
pub fn probability(value: impl Into<Option<f64>>) -> String {
    match value.into() {
        None => "–".to_owned(),
        Some(value) if value < PROBABILITY_MIN => format!("< {PROBABILITY_MIN}"),
        Some(value) => format!("{value:.3}"),
    }
}

/// An instant on the local clock, to the minute.
#[must_use]
pub fn clock(calendar: &Calendar, instant: Timestamp) -> String {
    let local = (instant.as_micros() + calendar.offset_micros(instant)).rem_euclid(MICROS_PER_DAY);
    let minutes = local / MICROS_PER_MINUTE;
    format!("{} {:02}:{:02}", calendar.day(instant), minutes / 60, minutes % 60)
}

/// A cell with a star where it may yet change; all others keep the place of the star free, so that numbers line up.
#[must_use]
pub fn starred(cell: &str, complete: bool) -> String {
    format!("{cell}{}", if complete { ' ' } else { '*' })
}

/// A heading with a line under it.
#[must_use]
pub fn heading(title: &str) -> String {
    format!("\n{title}\n{}\n", "─".repeat(width(title)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_as_people_write_them() {
        assert_eq!(count(69_659u64), "69,659");
        assert_eq!(count(999u32), "999");
        assert_eq!(money(Currency::USD, -123_456_789), "-1,234,567.89");
        assert_eq!(share(1.0, 0.0), "–");
        assert_eq!(percent(0.125), "12.5 %");
        assert_eq!(percent_range(Some(Interval { low: 0.1, high: 0.125 })), "10.0–12.5 %");
        assert_eq!(decimal(1.25, 1), "1.2");
        assert_eq!(decimal(None, 1), "–");
        let lengths = [0.0, 59.0, 750.0, 19_080.0, 207_360.0].map(duration);
        assert_eq!(lengths, ["0 s", "59 s", "12.5 min", "5.3 h", "2.4 days"]);
        assert_eq!([0.034, 0.000_9].map(probability), ["0.034", "< 0.001"]);
    }

    #[test]
    fn instants_are_told_by_the_local_clock() {
        let instant: Timestamp = "2025-03-01T23:05:00Z".parse().unwrap();
        let calendar = Calendar::new("Asia/Shanghai".parse().unwrap(), instant, instant);
        assert_eq!(clock(&calendar, instant), "2025-03-02 07:05");
    }

    #[test]
    fn tables_line_up_with_wide_characters() {
        let mut table = TextTable::new(&["group", "users"]);
        table.row(["重要价值".to_owned(), "7".to_owned()]);
        table.row(["all".to_owned(), "1,000".to_owned()]);
        assert_eq!(table.render(), "  group      users\n  重要价值       7\n  all        1,000\n");
    }
}
