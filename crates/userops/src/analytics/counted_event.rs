//! Which events count as activity, by their names.

use crate::error::Result;
use crate::log::EventLog;

/// The events that count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CountedEvents {
    /// Every event, so that nobody has to look at its name.
    Every,
    /// For each code of a name whether it counts.
    Names(Vec<bool>),
}

impl CountedEvents {
    /// The events of these names; every event where no name is given.
    ///
    /// # Errors
    /// `UnknownName` for an event that is neither in the log nor declared, with the nearest name.
    pub(crate) fn new(log: &EventLog, names: &[String]) -> Result<Self> {
        if names.is_empty() {
            return Ok(Self::Every);
        }
        let mut counts = vec![false; log.names().len()];
        for code in log.occurring_codes(names)? {
            counts[usize::from(code)] = true;
        }
        Ok(Self::Names(counts))
    }

    /// Whether an event of this name counts.
    #[inline]
    pub(crate) fn has(&self, code: u16) -> bool {
        match self {
            Self::Every => true,
            Self::Names(counts) => counts[usize::from(code)],
        }
    }
}
