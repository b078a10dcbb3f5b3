//! Where a user came from, and what the user cares for.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::ProfileRules;
use super::decay::{DecayedSum, HalfLife};
use crate::column::{CodesCursor, TextColumn};
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

/// What one user cares for, event by event: a sum per category.
///
/// Events are added in order of time, each category's in the order of the calls, so that the sums are always the same. The
/// instant of asking decides what weights are, never which is greater.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Interests {
    half_life: HalfLife,
    /// In order of category.
    sums: Vec<(u32, DecayedSum)>,
}

impl Interests {
    /// No interest yet.
    pub(crate) fn new(half_life: Span) -> Self {
        Self { half_life: HalfLife::new(half_life), sums: Vec::new() }
    }

    /// Forgets all events.
    pub(crate) fn clear(&mut self) {
        self.sums.clear();
    }

    /// Whether there was no event.
    pub(crate) fn is_empty(&self) -> bool {
        self.sums.first().is_none_or(|(_, sum)| !sum.is_positive())
    }

    /// Bytes that the sums take.
    pub(crate) fn byte_len(&self) -> usize {
        self.sums.capacity() * size_of::<(u32, DecayedSum)>()
    }

    /// Adds an event of this category and weight, not earlier than those before.
    #[inline]
    pub(crate) fn add(&mut self, category: u32, weight: f64, micros: i64) {
        let place = match self.sums.binary_search_by_key(&category, |(category, _)| *category) {
            Ok(place) => place,
            Err(place) => {
                self.sums.insert(place, (category, DecayedSum::EMPTY));
                place
            }
        };
        self.sums[place].1.add(weight, micros, self.half_life);
    }

    /// The strongest categories, `top` at most, with more than nothing and at least `weight_min` at an instant not before
    /// the last event; the strongest first, equals in order of category. They take the place of what `ranked` held.
    pub(crate) fn rank_into(&self, as_of: Timestamp, weight_min: f64, top: u16, ranked: &mut Vec<Interest>) {
        self.rank_by(as_of, weight_min, top, ranked, |a, b| a.cmp(&b));
    }

    /// As [`Interests::rank_into`], with equals in an order of their own.
    pub(crate) fn rank_by(
        &self,
        as_of: Timestamp,
        weight_min: f64,
        top: u16,
        ranked: &mut Vec<Interest>,
        order: impl Fn(u32, u32) -> Ordering,
    ) {
        ranked.clear();
        let positive = self.sums.iter().enumerate().filter(|(_, (_, sum))| sum.is_positive());
        let weigh = |sum: &DecayedSum| sum.at(as_of.as_micros(), self.half_life);
        // By place first, since sums tell more than weights do.
        let by_place = positive.map(|(place, (_, sum))| Interest { category: place as u32, weight: weigh(sum) });
        ranked.extend(by_place.filter(|interest| interest.weight >= weight_min));
        let sum = |interest: &Interest| &self.sums[interest.category as usize].1;
        let category = |interest: &Interest| self.sums[interest.category as usize].0;
        ranked.sort_unstable_by(|a, b| sum(b).compare(sum(a)).then_with(|| order(category(a), category(b))));
        ranked.truncate(top.into());
        ranked.iter_mut().for_each(|interest| interest.category = self.sums[interest.category as usize].0);
    }

    /// The first instant from `from` to `until` at which a category that has at least `weight_min` at `from` has less;
    /// `None` where none falls.
    pub(crate) fn falls_below_at(&self, weight_min: f64, from: Timestamp, until: Timestamp) -> Option<Timestamp> {
        let falls = self.sums.iter().filter(|(_, sum)| sum.is_positive()).filter_map(|(_, sum)| {
            let is_there = sum.at(from.as_micros(), self.half_life) >= weight_min;
            is_there.then(|| sum.falls_below_at(weight_min, self.half_life, from, until)).flatten()
        });
        falls.min()
    }
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
    let (mut codes, mut interests) = (CodesCursor::new(&column.codes), Interests::new(options.interest_half_life));
    for (row, time) in events.rows().zip(events.time_micros()) {
        if let Some(category) = codes.get(row) {
            interests.add(category, 1.0, *time);
        }
    }
    let mut ranked = Vec::new();
    interests.rank_into(as_of, 0.0, options.interests_max, &mut ranked);
    ranked
}

fn property<'a>(events: UserEvents<'a>, name: Option<&str>) -> Option<&'a TextColumn> {
    events.log().text_property(name?).ok()
}
