//! One opaque error for the whole crate, with a kind to match on and a message to read.

use std::fmt;

/// What went wrong, coarse enough to act on.
///
/// Every binding maps each kind to its own exception class or status code; [`ErrorKind::ALL`] lets a test prove that
/// none is forgotten.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorKind {
    /// An option or argument has a value that no computation can use.
    InvalidArgument,
    /// A text or number is not an instant, date, time zone or duration, or lies outside the supported range.
    InvalidTime,
    /// A text or number is not an amount of the expected currency, or a currency is unknown.
    InvalidMoney,
    /// A value or column has another type than the schema or the operation asks for.
    TypeMismatch,
    /// A column that the mapping names is not in the input.
    MissingColumn,
    /// An event, property, attribute, user or measure is asked for by a name that does not exist.
    UnknownName,
    /// The definition of a schema, model or scheme contradicts itself.
    InvalidDefinition,
    /// A stated limit (rows, users, names, text length, rejections, totals) would be exceeded.
    LimitExceeded,
    /// There is nothing to compute from, where an answer needs at least one user or event.
    Empty,
    /// The bytes of a file or stream are not what its format asks for.
    InvalidFormat,
    /// The operating system refused to read or write.
    Io,
    /// The host asked to stop, through a progress callback.
    Cancelled,
}

impl ErrorKind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 12] = [
        Self::InvalidArgument,
        Self::InvalidTime,
        Self::InvalidMoney,
        Self::TypeMismatch,
        Self::MissingColumn,
        Self::UnknownName,
        Self::InvalidDefinition,
        Self::LimitExceeded,
        Self::Empty,
        Self::InvalidFormat,
        Self::Io,
        Self::Cancelled,
    ];

    /// The stable name of the kind, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidArgument => "invalid_argument",
            Self::InvalidTime => "invalid_time",
            Self::InvalidMoney => "invalid_money",
            Self::TypeMismatch => "type_mismatch",
            Self::MissingColumn => "missing_column",
            Self::UnknownName => "unknown_name",
            Self::InvalidDefinition => "invalid_definition",
            Self::LimitExceeded => "limit_exceeded",
            Self::Empty => "empty",
            Self::InvalidFormat => "invalid_format",
            Self::Io => "io",
            Self::Cancelled => "cancelled",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync + 'static>;

/// An error whose message names the bad value, the place, the limit and the way out.
#[derive(Debug, thiserror::Error)]
#[error("{}", inner.message)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    source: Option<Source>,
}

impl Error {
    /// An error of this kind with this message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { inner: Box::new(Inner { kind, message: message.into(), source: None }) }
    }

    /// The same error, remembering what caused it; see [`Error::cause`].
    #[must_use]
    pub fn caused_by(mut self, source: impl Into<Source>) -> Self {
        self.inner.source = Some(source.into());
        self
    }

    /// The same error with `place` put before its message, as in `orders.csv: no column "user"`.
    #[must_use]
    pub fn at(mut self, place: impl fmt::Display) -> Self {
        self.inner.message = format!("{place}: {}", self.inner.message);
        self
    }

    /// What went wrong.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The error of another library that led to this one, where there is one.
    #[must_use]
    pub fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.inner.source.as_deref()
    }
}

/// Shorthands for the kinds that the crate raises most.
macro_rules! shorthand {
    ($($name:ident => $kind:ident),* $(,)?) => {$(
        pub(crate) fn $name(message: impl Into<String>) -> Error {
            Error::new(ErrorKind::$kind, message)
        }
    )*};
}

shorthand! {
    invalid_argument => InvalidArgument,
    invalid_time => InvalidTime,
    invalid_money => InvalidMoney,
    type_mismatch => TypeMismatch,
    unknown_name => UnknownName,
    invalid_definition => InvalidDefinition,
    limit_exceeded => LimitExceeded,
    empty => Empty,
}

/// `"a", "b" and 3 more`: at most `max` names, quoted, for messages.
pub(crate) fn name_list<'a>(names: impl IntoIterator<Item = &'a str>, max: usize) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    let shown: Vec<String> = names.iter().take(max).map(|name| format!("{name:?}")).collect();
    match names.len() {
        0 => "none".to_owned(),
        n if n > max => format!("{} and {} more", shown.join(", "), n - max),
        _ => shown.join(", "),
    }
}

/// The candidate nearest to `name` by edit distance, where one is near enough to be a slip of the pen.
pub(crate) fn nearest_name<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed: Vec<char> = name.chars().flat_map(char::to_lowercase).collect();
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(&typed, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.chars().count().max(typed.len()).div_ceil(3))
        .min()
        .map(|(_, candidate)| candidate)
}

/// `; did you mean "x"?` where there is a near name, else the list of known names.
pub(crate) fn name_hint<'a>(name: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> String {
    const NAMES_SHOWN_MAX: usize = 12;
    match nearest_name(name, known.clone()) {
        Some(near) => format!("; did you mean {near:?}?"),
        None => format!("; known: {}", name_list(known, NAMES_SHOWN_MAX)),
    }
}

/// Levenshtein distance, ignoring case.
fn edit_distance(typed: &[char], candidate: &str) -> usize {
    let mut row: Vec<usize> = (0..=typed.len()).collect();
    for (i, c) in candidate.chars().flat_map(char::to_lowercase).enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, t) in typed.iter().enumerate() {
            let substituted = diagonal + usize::from(*t != c);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[typed.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_listed_once_and_named() {
        let mut names: Vec<_> = ErrorKind::ALL.iter().map(|kind| kind.name()).collect();
        names.dedup();
        assert_eq!(names.len(), ErrorKind::ALL.len());
        assert!(ErrorKind::ALL.is_sorted());
    }

    #[test]
    fn a_slip_of_the_pen_is_named() {
        assert_eq!(nearest_name("oder_paid", ["view", "order_paid"]), Some("order_paid"));
        assert_eq!(nearest_name("Zahlung", ["view", "order_paid"]), None);
        assert_eq!(name_hint("viw", ["view", "like"]), "; did you mean \"view\"?");
    }
}
