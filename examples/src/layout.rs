//! Plain text that lines up: tables, bars, and numbers as people write them.

use userops::money::{Currency, Money};

/// Cells of a table; the first row is the heading, the first column is aligned left and all others right.
#[derive(Debug, Default)]
pub struct TextTable {
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table with these headings.
    #[must_use]
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| (*heading).to_owned()).collect()] }
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
                line += &if index == 0 { format!("{cell}{padding}") } else { format!("{padding}{cell}") };
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
    }

    #[test]
    fn tables_line_up_with_wide_characters() {
        let mut table = TextTable::new(&["group", "users"]);
        table.row(["重要价值".to_owned(), "7".to_owned()]);
        table.row(["all".to_owned(), "1,000".to_owned()]);
        assert_eq!(table.render(), "  group      users\n  重要价值       7\n  all        1,000\n");
    }
}
