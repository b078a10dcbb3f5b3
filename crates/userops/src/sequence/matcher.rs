//! The matches of a pattern in one user's events, by one pass from the last element to the first.

use super::pattern::{Element, Link};

/// No event.
const NONE: u32 = u32::MAX;

/// What is used again for every user.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    /// For each element, from each event on, the next at which it can be met with all behind it met too.
    next: Vec<Vec<u32>>,
}

impl Matcher {
    /// Hands over the events of each match, none overlapping another. The first match is the one that begins first; of
    /// those the one whose second event comes first, and so on; the next one is looked for behind its last event.
    ///
    /// Takes O(elements · events · log events).
    pub(crate) fn visit(
        &mut self,
        elements: &[Element],
        times: &[i64],
        masks: &[u64],
        mut visit: impl FnMut(&[usize]),
    ) {
        self.look_ahead(elements, times, masks);
        let mut events = Vec::with_capacity(elements.len());
        let mut from = 0;
        while let Some(first) = self.at(0, from) {
            events.clear();
            events.push(first);
            for (index, element) in elements.iter().enumerate().skip(1) {
                let before = events[events.len() - 1];
                if let Some(next) = self.following(index, &element.link, before, times, masks) {
                    events.push(next);
                }
            }
            visit(&events);
            from = events[events.len() - 1] + 1;
        }
    }

    fn look_ahead(&mut self, elements: &[Element], times: &[i64], masks: &[u64]) {
        self.next.resize_with(elements.len(), Vec::new);
        for index in (0..elements.len()).rev() {
            let mut next = std::mem::take(&mut self.next[index]);
            next.clear();
            next.resize(times.len() + 1, NONE);
            for event in (0..times.len()).rev() {
                let mask = elements[index].mask;
                let meets = mask == u64::MAX || masks[event] & mask != 0;
                let goes_on = || {
                    elements
                        .get(index + 1)
                        .is_none_or(|element| self.following(index + 1, &element.link, event, times, masks).is_some())
                };
                next[event] = if meets && goes_on() { event as u32 } else { next[event + 1] };
            }
            self.next[index] = next;
        }
    }

    fn at(&self, element: usize, event: usize) -> Option<usize> {
        self.next[element].get(event).filter(|event| **event != NONE).map(|event| *event as usize)
    }

    /// The first event behind another at which an element can be met.
    fn following(&self, element: usize, link: &Link, before: usize, times: &[i64], masks: &[u64]) -> Option<usize> {
        let time = times[before];
        if !link.passes {
            return self.at(element, before + 1).filter(|event| *event == before + 1);
        }
        let earliest = time.saturating_add(link.gap_min);
        let from = before + 1 + times[before + 1..].partition_point(|other| *other < earliest);
        let event = self.at(element, from)?;
        let is_in_time = times[event].saturating_sub(time) <= link.gap_max;
        let is_clear = link.without == 0 || masks[before + 1..event].iter().all(|mask| mask & link.without == 0);
        (is_in_time && is_clear).then_some(event)
    }
}
