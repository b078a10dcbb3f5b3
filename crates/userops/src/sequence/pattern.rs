//! A pattern of events: its text, and the elements and links that it stands for.

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_definition, limit_exceeded};
use crate::rule::{EventPattern, PATTERNS_MAX};
use crate::time::{MICROS_PER_SECOND, Span};

/// The most events of one pattern.
const ELEMENTS_MAX: usize = 64;

/// Which events a pattern looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenEvents {
    /// Those that meet a condition; others are as if they were not there. This is what ClickHouse does.
    #[default]
    Matching,
    /// All.
    All,
}

/// A pattern of events of one user, in the order of the log: time, then arrival.
///
/// The text is made of these parts, without spaces:
///
/// - `(?1)`: an event that meets the first of the conditions; `(?2)` the second, and so on.
/// - `.`: any event that is looked at.
/// - `.*`: any number of events are passed over before the next one.
/// - `(?t<=3600)`: the next event is at most 3600 seconds after the one before, and events between them are passed
///   over. The signs are `<=`, `<`, `>=`, `>` and `==`; the length is in seconds, or a span such as `12h`. Several
///   bounds between two events hold together.
/// - `(?!3)`: events are passed over before the next one, but none that meets the third condition.
///
/// Two events with nothing between them in the text are one right after the other. A match may begin anywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    /// The text.
    pub pattern: String,
    /// The conditions that numbers in the text stand for, from 1.
    pub conditions: Vec<EventPattern>,
    /// Which events are looked at.
    #[serde(default)]
    pub sees: SeenEvents,
}

impl Pattern {
    /// A pattern over these conditions.
    pub fn new(pattern: impl Into<String>, conditions: impl IntoIterator<Item = EventPattern>) -> Self {
        Self { pattern: pattern.into(), conditions: conditions.into_iter().collect(), sees: SeenEvents::default() }
    }

    /// Refuses a text that is no pattern, or names a condition that is not there.
    ///
    /// # Errors
    /// `InvalidDefinition`, with the place in the text; `LimitExceeded` for more than 64 conditions or events.
    pub fn check(&self) -> Result<()> {
        self.elements().map(drop)
    }

    /// The events of the pattern, each with what may come before it.
    pub(crate) fn elements(&self) -> Result<Vec<Element>> {
        if self.conditions.len() > PATTERNS_MAX {
            let count = self.conditions.len();
            return Err(limit_exceeded(format!("a pattern has {count} conditions; the limit is {PATTERNS_MAX}")));
        }
        let mut reader = Reader { text: &self.pattern, at: 0, condition_count: self.conditions.len() };
        let mut elements: Vec<Element> = Vec::new();
        let mut link = Link::ADJACENT;
        let mut has_bound = false;
        while reader.at < self.pattern.len() {
            let at = reader.at;
            match reader.part()? {
                Part::Element(mask) => {
                    elements.push(Element { mask, link });
                    (link, has_bound) = (Link::ADJACENT, false);
                }
                Part::Skip => link.passes = true,
                Part::Bound(earliest, latest) => {
                    if elements.is_empty() {
                        return Err(reader.refuse(at, "a bound of time has no event before it to count from"));
                    }
                    link.passes = true;
                    link.gap_min = link.gap_min.max(earliest);
                    link.gap_max = link.gap_max.min(latest);
                    has_bound = true;
                }
                Part::Without(mask) => {
                    if elements.is_empty() {
                        return Err(reader.refuse(at, "there is no event before to begin the stretch without"));
                    }
                    link.passes = true;
                    link.without |= mask;
                    has_bound = true;
                }
            }
        }
        if elements.is_empty() {
            return Err(invalid_definition(format!(
                "the pattern {:?} asks for no event: write (?1) or .",
                self.pattern
            )));
        }
        if has_bound {
            return Err(reader.refuse(reader.at, "what stands last has no event behind it to bound"));
        }
        if elements.len() > ELEMENTS_MAX {
            let count = elements.len();
            return Err(limit_exceeded(format!("a pattern asks for {count} events; the limit is {ELEMENTS_MAX}")));
        }
        // Before the first event anything may be passed over.
        elements[0].link.passes = true;
        Ok(elements)
    }
}

/// One event of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Element {
    /// The conditions of which the event meets one, as bits; all bits for any event.
    pub(crate) mask: u64,
    pub(crate) link: Link,
}

/// What may come between an event and the one before it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link {
    /// Whether events are passed over.
    pub(crate) passes: bool,
    /// Microseconds, both inclusive.
    pub(crate) gap_min: i64,
    pub(crate) gap_max: i64,
    /// Conditions that no event in between meets.
    pub(crate) without: u64,
}

impl Link {
    const ADJACENT: Self = Self { passes: false, gap_min: 0, gap_max: i64::MAX, without: 0 };
}

enum Part {
    Element(u64),
    Skip,
    Bound(i64, i64),
    Without(u64),
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    condition_count: usize,
}

impl Reader<'_> {
    fn part(&mut self) -> Result<Part> {
        let at = self.at;
        if self.takes(".*") {
            return Ok(Part::Skip);
        }
        if self.takes(".") {
            return Ok(Part::Element(u64::MAX));
        }
        if !self.takes("(?") {
            return Err(self.refuse(at, "a part is (?1), ., .*, (?t<=60) or (?!1)"));
        }
        let part = if self.takes("t") {
            self.bound(at)?
        } else if self.takes("!") {
            Part::Without(self.condition(at)?)
        } else {
            Part::Element(self.condition(at)?)
        };
        if self.takes(")") { Ok(part) } else { Err(self.refuse(at, "a part that begins with ( ends with )")) }
    }

    fn takes(&mut self, text: &str) -> bool {
        let is_next = self.text[self.at..].starts_with(text);
        self.at += if is_next { text.len() } else { 0 };
        is_next
    }

    /// The text up to the next closing bracket.
    fn inside(&mut self) -> &str {
        let rest = &self.text[self.at..];
        let inside = &rest[..rest.find(')').unwrap_or(rest.len())];
        self.at += inside.len();
        inside
    }

    fn condition(&mut self, at: usize) -> Result<u64> {
        let count = self.condition_count;
        match self.inside().parse::<usize>() {
            Ok(number) if (1..=count).contains(&number) => Ok(1 << (number - 1)),
            _ => Err(self.refuse(at, &format!("a condition is a number from 1 to {count}"))),
        }
    }

    fn bound(&mut self, at: usize) -> Result<Part> {
        let signs = ["<=", "<", ">=", ">", "=="];
        let Some(sign) = signs.into_iter().find(|sign| self.takes(sign)) else {
            return Err(self.refuse(at, "a bound of time has one of the signs <=, <, >=, > and =="));
        };
        let length = self.inside();
        let micros = match length.parse::<i64>() {
            Ok(seconds) => seconds.checked_mul(MICROS_PER_SECOND),
            Err(_) => length.parse::<Span>().ok().map(Span::as_micros),
        };
        let Some(micros) = micros.filter(|micros| *micros >= 0) else {
            return Err(self.refuse(at, "a length of time is a number of seconds, or a span such as 90m"));
        };
        Ok(match sign {
            "<=" => Part::Bound(0, micros),
            "<" => Part::Bound(0, micros - 1),
            ">=" => Part::Bound(micros, i64::MAX),
            ">" => Part::Bound(micros.saturating_add(1), i64::MAX),
            _ => Part::Bound(micros, micros),
        })
    }

    fn refuse(&self, at: usize, reason: &str) -> crate::error::Error {
        let rest = &self.text[at.min(self.text.len())..];
        invalid_definition(format!("the pattern {:?} is wrong at byte {at}, {rest:?}: {reason}", self.text))
    }
}
