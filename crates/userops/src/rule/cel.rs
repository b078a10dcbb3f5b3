//! Rules as text, in the syntax of CEL (the Common Expression Language).
//!
//! [`Rule::parse`] and [`Measure::parse`] read a text; `Display` writes one. What is written reads back as the same
//! rule in its normal form, see [`Rule::normalize`]. The language is described in docs/rules.md.
//!
//! ```
//! use userops::rule::Rule;
//!
//! let rule = Rule::parse(r#"count("order", last(days(30))) >= 2 && !has_tag("staff")"#)?;
//! assert_eq!(Rule::parse(&rule.to_string())?, rule);
//!
//! let error = Rule::parse(r#"cuont("order") >= 2"#).unwrap_err().to_string();
//! assert!(error.contains(r#"line 1, column 1"#) && error.contains(r#"did you mean "count"?"#));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod arguments;
mod function;
mod literal;
mod normal;
mod query;
mod read;
mod scan;
mod syntax;
mod write;

pub use function::functions;
pub use scan::{BYTES_MAX, DEPTH_MAX};

use std::fmt;
use std::str::FromStr;

use super::condition::Rule;
use super::event_query::Filter;
use super::measure::Measure;
use crate::error::{Error, Result};

impl Rule {
    /// Reads a rule from text.
    ///
    /// # Errors
    /// `InvalidDefinition`, `UnknownName` or `LimitExceeded`. The message begins with the place in the text, as in
    /// `line 1, column 7`, counted from 1 in characters.
    pub fn parse(text: &str) -> Result<Self> {
        let (source, root) = syntax::parse(text)?;
        Ok(read::rule(&source, &root)?.normalize())
    }
}

impl Measure {
    /// Reads a measure from text, such as `count("order", last(days(30)))` or `user.city`.
    ///
    /// # Errors
    /// As [`Rule::parse`].
    pub fn parse(text: &str) -> Result<Self> {
        let (source, root) = syntax::parse(text)?;
        Ok(read::measure(&source, &root)?.normalize())
    }
}

impl FromStr for Rule {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl FromStr for Measure {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl fmt::Display for Rule {
    /// The rule's text, in its normal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write::rule(f, &self.clone().normalize())
    }
}

impl fmt::Display for Measure {
    /// The measure's text, in its normal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write::measure(f, &self.clone().normalize())
    }
}

impl fmt::Display for Filter {
    /// The text that stands inside `where(…)`, in its normal form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write::filter(f, &self.clone().normalize())
    }
}
