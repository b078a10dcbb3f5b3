//! When time alone moves a lead.

use rayon::prelude::*;

use super::definition::LeadDefinition;
use super::scalar::{LeadScore, Observed};
use crate::column::Column;
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{Context, Subject, Vocabulary, next_change_at};
use crate::table::{Table, user_column};
use crate::time::{Span, Timestamp};

/// Where points are taken away and decay too, a sum may rise and fall by turns. Stretches in which it moves by less than
/// this are not looked into further: no one cuts leads by a millionth of a point.
const POINTS_TOLERANCE: f64 = 1e-6;

const MICRO: Span = Span::from_micros(1);

/// The first instant after `as_of` and not after `until` at which the user is in another cell or group, and the score then,
/// if nothing happens before; `None` where both stay.
///
/// It counts with decay, with windows that let go of events, and with rules that change by time alone; what other
/// definitions answer is taken as it is. Exact to the microsecond, up to the rounding of floats, where the events that decay
/// all give points or all take some. Where some give and others take, a grade that is left for so short that the sum of
/// what decays moves by less than a millionth of a point meanwhile may be passed over.
///
/// Takes O(the user's events) for each change of a rule and each event that a window lets go of before the answer, and O(events
/// that count) for each step of a search by halves, of which there are some forty in between.
///
/// # Errors
/// As [`score_lead`](super::score_lead).
pub fn next_lead_change_at(
    definition: &LeadDefinition,
    subject: &Subject<'_>,
    until: Timestamp,
) -> Result<Option<(Timestamp, LeadScore)>> {
    definition.check()?;
    let until = until.min(Timestamp::MAX);
    let mut at = *subject;
    let mut observed = Observed::new(definition, &at)?;
    let now = observed.score(at.as_of());
    while at.as_of() < until {
        let next = next_step(definition, &observed, &at, until)?;
        let last = next.map_or(until, |next| next.plus(Span::from_micros(-1)));
        if let Some(instant) = observed.first_other_grade(at.as_of(), last) {
            return Ok(Some((instant, observed.score(instant))));
        }
        let Some(next) = next else { break };
        at = subject.at(next);
        observed = Observed::new(definition, &at)?;
        let then = observed.score(next);
        if then.cell != now.cell || then.group != now.group {
            return Ok(Some((next, then)));
        }
    }
    Ok(None)
}

/// Who is in another cell or group by time alone after `as_of` and not after `until`, if nothing happens before: a row per such
/// user, in the order of the log's directory, with `user`, `next_change_at`, and the `cell` and `group` then. It is what a
/// host's timers are set by.
///
/// Takes [`next_lead_change_at`] for each user, shared out over rayon's threads.
///
/// # Errors
/// As [`score_leads`](super::score_leads).
pub fn list_lead_changes(
    log: &EventLog,
    definition: &LeadDefinition,
    as_of: Timestamp,
    until: Timestamp,
    context: &Context,
) -> Result<Table> {
    definition.check()?;
    definition.check_against(&Vocabulary::of_log(log).answers(context))?;
    let calendar = log.calendar(as_of);
    let change_of = |user: usize| -> Result<Option<(UserIx, Timestamp, LeadScore)>> {
        let user = UserIx(user as u32);
        let subject = Subject::new(log, user, as_of, &calendar, context);
        let change = next_lead_change_at(definition, &subject, until)?;
        Ok(change.map(|(instant, score)| (user, instant, score)))
    };
    let ranges = log.thread_ranges().into_par_iter();
    let parts = ranges.map(|users| users.filter_map(|user| change_of(user).transpose()).collect::<Result<Vec<_>>>());
    let changes = parts.collect::<Result<Vec<_>>>()?.concat();
    Table::new(changes.len())
        .with("user", user_column(log.users(), changes.iter().map(|change| change.0)))?
        .with("next_change_at", Column::Time(changes.iter().map(|change| Some(change.1.as_micros())).collect()))?
        .with("cell", changes.iter().map(|change| change.2.cell.clone()).collect::<Vec<_>>())?
        .with("group", changes.iter().map(|change| change.2.group.clone()).collect::<Vec<_>>())
}

/// The first instant after that of the subject and not after `until` at which another rule holds or another event counts.
fn next_step(
    definition: &LeadDefinition,
    observed: &Observed<'_>,
    subject: &Subject<'_>,
    until: Timestamp,
) -> Result<Option<Timestamp>> {
    let mut first = observed.next_leaving().filter(|instant| *instant <= until);
    for rule in definition.rules() {
        let change = next_change_at(rule, subject, first.unwrap_or(until))?;
        first = change.map(|(instant, _)| instant).or(first);
    }
    Ok(first)
}

impl Observed<'_> {
    /// The first instant after `first` and not after `last` at which decay alone has moved the grade of engagement.
    fn first_other_grade(&self, first: Timestamp, last: Timestamp) -> Option<Timestamp> {
        let mut signs = self.decaying().map(|(rule, _)| rule.points.signum()).filter(|sign| *sign != 0);
        let sign = signs.next()?;
        let goes_one_way = signs.all(|other| other == sign);
        let place_at = |instant: Timestamp| self.engagement_place(self.engagement_bounds([instant; 2]).0);
        let now = place_at(first);
        // Stretches that are still to be looked into, the earliest last. The grade at the beginning of each is `now`.
        let mut stretches = vec![(first, last)];
        while let Some((start, end)) = stretches.pop() {
            let (least, most) = self.engagement_bounds([start, end]);
            if start >= end || self.engagement_place(least) == self.engagement_place(most) {
                continue;
            }
            let width = end.as_micros() - start.as_micros();
            if goes_one_way || width == 1 || most - least < POINTS_TOLERANCE {
                if place_at(end) != now {
                    return Some(first_where(start, end, |instant| place_at(instant) != now));
                }
                continue;
            }
            let middle = start.plus(Span::from_micros(width / 2));
            stretches.extend([(middle, end), (start, middle)]);
        }
        None
    }
}

/// An instant at which something holds that did not hold a microsecond before, given that it does not hold at `start` and
/// holds at `end`: the first one, where it goes on holding.
fn first_where(mut start: Timestamp, mut end: Timestamp, holds: impl Fn(Timestamp) -> bool) -> Timestamp {
    while start.plus(MICRO) < end {
        let middle = start.plus(Span::from_micros((end.as_micros() - start.as_micros()) / 2));
        if holds(middle) { end = middle } else { start = middle }
    }
    end
}
