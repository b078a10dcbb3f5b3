//! Which of at most 64 kinds of events each event is, as the bits of a word.

use std::ops::Range;

use super::event_query::EventPattern;
use super::kernel::bits::{Ternary, ones};
use super::kernel::pattern::Pattern;
use crate::error::{Result, limit_exceeded};
use crate::log::EventLog;
use crate::time::Calendar;

/// How many patterns there may be: one for each bit of a word.
pub(crate) const PATTERNS_MAX: usize = u64::BITS as usize;

/// Patterns made ready for a log.
#[derive(Debug)]
pub(crate) struct EventMasks<'a> {
    log: &'a EventLog,
    /// For each code of a name the patterns without a filter that it matches.
    name_masks: Vec<u64>,
    /// The patterns with a filter, and their bits.
    filtered: Vec<(usize, Pattern<'a>)>,
}

/// Memory that [`EventMasks::fill`] uses again.
#[derive(Debug, Default)]
pub(crate) struct MaskScratch {
    ternary: Ternary,
    words: Vec<u64>,
}

impl<'a> EventMasks<'a> {
    /// Bit `i` stands for `patterns[i]`. A pattern without names matches every event.
    ///
    /// # Errors
    /// `LimitExceeded` for more than [`PATTERNS_MAX`] patterns; `UnknownName` for an event that is neither in the log nor
    /// declared, or a property that the log lacks; `TypeMismatch` for a test that does not fit a property.
    pub(crate) fn new(log: &'a EventLog, calendar: &Calendar, patterns: &[EventPattern]) -> Result<Self> {
        if patterns.len() > PATTERNS_MAX {
            let message =
                format!("{} kinds of events are asked for at once, where {PATTERNS_MAX} are the limit", patterns.len());
            return Err(limit_exceeded(message));
        }
        let mut masks = Self { log, name_masks: vec![0; log.names().len()], filtered: Vec::new() };
        for (bit, pattern) in patterns.iter().enumerate() {
            let codes = log.occurring_codes(&pattern.events)?;
            if pattern.filter.is_some() {
                let compiled = Pattern::compile(log, calendar, &pattern.events, pattern.filter.as_ref())?;
                masks.filtered.push((bit, compiled));
            } else if pattern.events.is_empty() {
                masks.name_masks.iter_mut().for_each(|mask| *mask |= 1 << bit);
            } else {
                codes.into_iter().for_each(|code| masks.name_masks[usize::from(code)] |= 1 << bit);
            }
        }
        Ok(masks)
    }

    /// For each code of a name the patterns that it matches, where no pattern has a filter: then a kernel can look the mask
    /// of an event up by its code, and needs no [`EventMasks::fill`].
    pub(crate) fn by_name(&self) -> Option<&[u64]> {
        self.filtered.is_empty().then_some(&self.name_masks)
    }

    /// The masks of these rows, in place of what `out` held. A filter that cannot be told does not match.
    pub(crate) fn fill(&self, rows: Range<usize>, scratch: &mut MaskScratch, out: &mut Vec<u64>) {
        out.clear();
        out.extend(self.log.name_codes()[rows.clone()].iter().map(|code| self.name_masks[usize::from(*code)]));
        for (bit, pattern) in &self.filtered {
            pattern.rows(self.log, &rows, &mut scratch.ternary, &mut scratch.words);
            ones(&scratch.words, 0..rows.len()).for_each(|row| out[row] |= 1 << bit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::id::UserIx;
    use crate::rule::{Context, EventQuery, Filter, Subject, Test, event_rows};
    use crate::sample::{self, SampleKind, SampleOptions};

    fn query(pattern: &EventPattern) -> EventQuery {
        EventQuery { events: pattern.events.clone(), filter: pattern.filter.clone(), ..EventQuery::default() }
    }

    #[test]
    fn masks_say_what_the_scalar_query_says() {
        let log = sample::log(SampleKind::ContentApp, SampleOptions::default()).unwrap();
        let as_of = log.time_span().unwrap().1;
        let calendar = log.calendar(as_of);
        let mut patterns: Vec<EventPattern> = log.names().iter().map(|name| EventPattern::new([name])).collect();
        patterns.push(EventPattern::default());
        let masks = EventMasks::new(&log, &calendar, &patterns).unwrap();
        assert!(masks.by_name().is_some());
        let paid = Filter::property(crate::rule::AMOUNT, Test::Known);
        patterns.push(EventPattern::default().filter(paid.clone()));
        patterns.push(EventPattern::new([log.names().iter().next().unwrap()]).filter(Filter::Not(Box::new(paid))));
        let masks = EventMasks::new(&log, &calendar, &patterns).unwrap();
        assert!(masks.by_name().is_none());
        let (mut scratch, mut out) = (MaskScratch::default(), Vec::new());
        let context = Context::default();
        for user in 0..log.user_count() {
            let user = UserIx(user as u32);
            masks.fill(log.rows(user), &mut scratch, &mut out);
            let subject = Subject::new(&log, user, as_of, &calendar, &context);
            for (bit, pattern) in patterns.iter().enumerate() {
                let rows: Vec<usize> =
                    log.rows(user).zip(&out).filter(|(_, mask)| *mask >> bit & 1 == 1).map(|(row, _)| row).collect();
                assert_eq!(event_rows(&query(pattern), &subject).unwrap(), Some(rows));
            }
        }
    }

    #[test]
    fn too_many_patterns_are_refused() {
        let log = sample::log(SampleKind::ContentApp, SampleOptions::default()).unwrap();
        let calendar = log.calendar(log.time_span().unwrap().1);
        let error = EventMasks::new(&log, &calendar, &vec![EventPattern::default(); 65]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::LimitExceeded);
        assert!(error.to_string().contains("65") && error.to_string().contains("64"), "{error}");
    }
}
