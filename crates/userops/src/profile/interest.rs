//! Where a user came from, and what the user cares for.

use serde::{Deserialize, Serialize};

use super::ProfileRules;
use crate::column::{PackedCursor, TextColumn};
use crate::log::UserEvents;
use crate::time::{Span, Timestamp};

/// A category and how much the user cares for it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Interest {
    /// The category, as a code of the category property's dictionary.
    pub category: u32,
    /// The sum over the category's events of 2^(−age / half-life): an event now weighs 1.
    pub weight: f64,
}

/// What an event of weight 1 still weighs at `as_of`: 2^(−age / half-life).
pub(crate) fn decay(time: Timestamp, as_of: Timestamp, half_life: Span) -> f64 {
    let age = as_of.since(time).as_micros() as f64;
    // That of libm is the same on every machine.
    libm::exp2(-age / half_life.as_micros() as f64)
}

/// Adds an event's weight to its category. `interests` are in order of category; a category's weights are added in the
/// order of the calls, so that the sum is always the same.
pub(crate) fn add_interest(interests: &mut Vec<Interest>, category: u32, weight: f64) {
    match interests.binary_search_by_key(&category, |interest| interest.category) {
        Ok(place) => interests[place].weight += weight,
        Err(place) => interests.insert(place, Interest { category, weight }),
    }
}

/// The strongest first; equals in order of category.
pub(crate) fn rank_interests(interests: &mut [Interest]) {
    interests.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then(a.category.cmp(&b.category)));
}

/// The first known channel of a user's events, in order of time.
pub(super) fn first_channel(events: UserEvents<'_>, rules: &ProfileRules) -> Option<u32> {
    let column = property(events, rules.options().channel.as_deref())?;
    events.rows().find_map(|row| column.codes.get(row))
}

/// The strongest interests, strongest first; equals in order of category.
pub(super) fn top_interests(events: UserEvents<'_>, as_of: Timestamp, rules: &ProfileRules) -> Vec<Interest> {
    let options = rules.options();
    let Some(column) = property(events, options.category.as_deref()) else { return Vec::new() };
    let (mut codes, mut interests) = (PackedCursor::new(&column.codes), Vec::new());
    for (row, time) in events.rows().zip(events.time_micros()) {
        if let Some(category) = codes.get(row) {
            let weight = decay(Timestamp::from_micros(*time), as_of, options.interest_half_life);
            add_interest(&mut interests, category, weight);
        }
    }
    rank_interests(&mut interests);
    interests.truncate(usize::from(options.interests_max));
    interests
}

fn property<'a>(events: UserEvents<'a>, name: Option<&str>) -> Option<&'a TextColumn> {
    events.log().text_property(name?).ok()
}
