//! Answers as plain text: cells in aligned columns.

use std::fmt;

use super::interval::Interval;

/// What stands where a number is not defined.
const ABSENT: &str = "–";
/// Spaces between two columns.
const GUTTER: usize = 2;
/// The most characters of a text in a cell: what leaves room for the numbers on a line of 120.
const TEXT_CHARS_MAX: usize = 40;

/// Writes a line of heads and a line per row; the first `text_columns` columns start flush, the others end flush.
pub(crate) fn write_grid(
    f: &mut fmt::Formatter<'_>,
    heads: &[&str],
    text_columns: usize,
    rows: &[Vec<String>],
) -> fmt::Result {
    let heads: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
    let lines = || std::iter::once(&heads).chain(rows);
    let mut widths = vec![0; heads.len()];
    for line in lines() {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(display_width(cell));
        }
    }
    for line in lines() {
        let mut text = String::new();
        for (index, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let room = width - display_width(cell);
            let (before, after) = if index < text_columns { (0, room) } else { (room, 0) };
            let gutter = if index == 0 { 0 } else { GUTTER };
            text.push_str(&" ".repeat(gutter + before));
            text.push_str(cell);
            text.push_str(&" ".repeat(after));
        }
        writeln!(f, "{}", text.trim_end())?;
    }
    Ok(())
}

/// The columns that a terminal gives to a text: two for each character of the East Asian blocks, one for any other.
fn display_width(text: &str) -> usize {
    let is_wide = |c: char| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
            | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| 1 + usize::from(is_wide(c))).sum()
}

/// A text that keeps to its line: cut to its first characters, without line breaks and other control characters.
pub(crate) fn clip(text: &str) -> String {
    let mut clipped: String = text.chars().take(TEXT_CHARS_MAX).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(TEXT_CHARS_MAX).is_some() {
        clipped.pop();
        clipped.push('…');
    }
    clipped
}

/// A ratio in percent with one decimal.
pub(crate) fn percent(ratio: Option<f64>) -> String {
    ratio.map_or_else(|| ABSENT.to_owned(), |ratio| format!("{:.1} %", ratio * 100.0))
}

/// The ends of an interval in percent with one decimal.
pub(crate) fn percent_range(interval: Option<Interval>) -> String {
    interval
        .map_or_else(|| ABSENT.to_owned(), |Interval { low, high }| format!("{:.1}–{:.1} %", low * 100.0, high * 100.0))
}

/// A number with this many decimals.
pub(crate) fn decimal(number: Option<f64>, decimals: usize) -> String {
    number.map_or_else(|| ABSENT.to_owned(), |number| format!("{number:.decimals$}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sample;

    impl fmt::Display for Sample {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let rows = [vec!["北京".to_owned(), percent(Some(0.5))], vec!["a".to_owned(), percent(None)]];
            write_grid(f, &["city", "share"], 1, &rows)
        }
    }

    #[test]
    fn cells_are_aligned_and_wide_characters_count_twice() {
        assert_eq!(Sample.to_string(), "city   share\n北京  50.0 %\na          –\n");
    }

    #[test]
    fn long_texts_and_line_breaks_stay_in_their_cell() {
        assert_eq!(clip("a\nb"), "a b");
        assert_eq!(clip(&"é".repeat(40)), "é".repeat(40));
        assert_eq!(clip(&"é".repeat(41)), "é".repeat(39) + "…");
    }
}
