//! Funnels by trying every way of giving events to steps, judged as a whole.

use userops::funnel::{
    EntryChoice, EntryStatus, EventUse, Funnel, Noise, NoiseKind, Repetition, Scope, StepOrder, TiePolicy, WindowFrom,
};
use userops::time::{Calendar, Timestamp};

/// One event of the user.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub time: i64,
    pub steps: Vec<usize>,
    pub bans: Vec<usize>,
    /// The value that is held, where one is.
    pub value: Option<i64>,
    pub session: usize,
}

/// Slot and event.
pub(super) type Chain = Vec<(usize, usize)>;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entry {
    pub level: usize,
    pub status: EntryStatus,
    pub start: i64,
    pub end: i64,
    pub chain: Chain,
}

type Place = (i64, usize, usize);

pub(super) struct Naive<'a> {
    pub funnel: &'a Funnel,
    pub calendar: &'a Calendar,
    pub as_of: i64,
    pub events: Vec<Seen>,
    with_bans: bool,
    end: Option<Place>,
    /// Step (from 0) and repeat (from 1) of each slot.
    slots: Vec<(usize, u32)>,
}

impl<'a> Naive<'a> {
    pub(super) fn new(funnel: &'a Funnel, calendar: &'a Calendar, as_of: i64, events: Vec<Seen>) -> Self {
        let repeats =
            |(index, step): (usize, &userops::funnel::FunnelStep)| (1..=step.times).map(move |one| (index, one));
        let slots = funnel.steps.iter().enumerate().flat_map(repeats).collect();
        let mut naive = Self { funnel, calendar, as_of, events, with_bans: true, end: None, slots };
        naive.end = naive.end_place();
        naive
    }

    pub(super) fn entries(mut self) -> Vec<Entry> {
        let starts: Vec<usize> = (0..self.events.len()).filter(|event| self.is_start(*event)).collect();
        match self.funnel.entry {
            EntryChoice::First => starts.first().and_then(|start| self.entry(&[*start])).into_iter().collect(),
            EntryChoice::Best => self.entry(&starts).into_iter().collect(),
            EntryChoice::Every => {
                let (mut from, mut entries) = (0, Vec::new());
                for start in starts {
                    if start < from {
                        continue;
                    }
                    if let Some(entry) = self.entry(&[start]) {
                        from = entry.chain.iter().map(|(_, event)| *event).max().unwrap() + 1;
                        entries.push(entry);
                    }
                }
                entries
            }
        }
    }

    fn is_start(&self, event: usize) -> bool {
        let seen = &self.events[event];
        let is_step =
            if self.funnel.order == StepOrder::Any { !seen.steps.is_empty() } else { seen.steps.contains(&0) };
        let is_known = self.funnel.held.is_empty() || seen.value.is_some();
        // What is behind the end of the search does not begin anything.
        is_step
            && is_known
            && (0..self.funnel.steps.len()).any(|step| {
                seen.steps.contains(&step)
                    && (step == 0 || self.funnel.order == StepOrder::Any)
                    && self.end.is_none_or(|end| self.place(event, step + 1) < end)
            })
    }

    fn entry(&mut self, starts: &[usize]) -> Option<Entry> {
        let mut best: Option<(usize, Chain)> = None;
        let mut is_open = false;
        for start in starts {
            let is_any = self.funnel.order == StepOrder::Any;
            if is_any && self.end.is_none() {
                is_open |= self.can_convert(*start, &Vec::new());
            }
            for chain in self.chains(*start) {
                is_open |= !is_any && self.end.is_none() && self.can_convert(*start, &chain);
                if self.level(&chain) > 0
                    && self.is_complete(&chain)
                    && best.as_ref().is_none_or(|(known, other)| self.is_better(*start, &chain, *known, other))
                {
                    best = Some((*start, chain));
                }
            }
        }
        let (start, chain) = best?;
        let level = self.level(&chain);
        let status = if level == self.funnel.steps.len() {
            EntryStatus::Converted
        } else if is_open {
            EntryStatus::Pending
        } else if self.free_level(starts) > level {
            EntryStatus::Excluded
        } else {
            EntryStatus::Dropped
        };
        Some(Entry { level, status, start: self.events[start].time, end: self.end_of(&chain), chain })
    }

    fn free_level(&mut self, starts: &[usize]) -> usize {
        self.with_bans = false;
        let level = starts.iter().flat_map(|start| self.chains(*start)).map(|chain| self.level(&chain)).max();
        self.with_bans = true;
        level.unwrap_or(0)
    }

    fn is_better(&self, start: usize, chain: &Chain, known_start: usize, known: &Chain) -> bool {
        let done = |chain: &Chain| {
            let mut steps: Vec<usize> = chain.iter().map(|(slot, _)| self.slots[*slot].0).collect();
            steps.dedup();
            steps.len()
        };
        let rank = |start: usize, chain: &Chain| {
            (self.level(chain), -self.end_of(chain), self.events[start].time, done(chain))
        };
        let key = |start: usize, chain: &Chain| {
            let by_slot: Vec<(usize, usize)> = if self.funnel.order == StepOrder::Any {
                let event_of = |slot| chain.iter().find(|one| one.0 == slot).map_or(usize::MAX, |one| one.1);
                (0..self.slots.len()).map(|slot| (slot, event_of(slot))).collect()
            } else {
                chain.clone()
            };
            (start, by_slot)
        };
        let (new, old) = (rank(start, chain), rank(known_start, known));
        new > old || (new == old && key(start, chain) < key(known_start, known))
    }

    fn end_of(&self, chain: &Chain) -> i64 {
        chain.iter().map(|(_, event)| self.events[*event].time).max().unwrap()
    }

    /// The last step that the chain completes; in any order how many.
    fn level(&self, chain: &Chain) -> usize {
        let complete = |(slot, _): &&(usize, usize)| self.completes(*slot);
        match self.funnel.order {
            StepOrder::Any => chain.iter().filter(complete).count(),
            _ => chain.iter().filter(complete).map(|(slot, _)| self.slots[*slot].0 + 1).max().unwrap_or(0),
        }
    }

    fn completes(&self, slot: usize) -> bool {
        self.slots.get(slot + 1).is_none_or(|next| next.0 != self.slots[slot].0)
    }

    fn is_complete(&self, chain: &Chain) -> bool {
        self.completes(chain.last().unwrap().0)
    }

    /// Every valid chain from a start, unfinished ones as well.
    fn chains(&self, start: usize) -> Vec<Chain> {
        let mut found = Vec::new();
        if self.funnel.order == StepOrder::Any {
            self.choose(start, 0, &mut Vec::new(), &mut found);
        } else {
            self.extend(vec![(0, start)], &mut found);
        }
        found
    }

    fn extend(&self, chain: Chain, found: &mut Vec<Chain>) {
        if !self.is_valid(&chain) {
            return;
        }
        for slot in self.nexts(chain.last().unwrap().0) {
            for event in 0..self.events.len() {
                let mut longer = chain.clone();
                longer.push((slot, event));
                self.extend(longer, found);
            }
        }
        found.push(chain);
    }

    fn nexts(&self, slot: usize) -> Vec<usize> {
        let mut nexts = Vec::new();
        for next in slot + 1..self.slots.len() {
            let (step, repeat) = self.slots[next];
            if step == self.slots[slot].0 {
                return vec![next];
            }
            if repeat == 1 {
                nexts.push(next);
                if !self.funnel.steps[step].optional {
                    break;
                }
            }
        }
        nexts
    }

    /// In any order: each step takes its events or is left out.
    fn choose(&self, start: usize, slot: usize, chain: &mut Chain, found: &mut Vec<Chain>) {
        let Some((step, repeat)) = self.slots.get(slot).copied() else {
            if !chain.is_empty() && self.is_valid_in_any_order(start, chain) {
                found.push(chain.clone());
            }
            return;
        };
        if repeat == 1 {
            self.choose(start, slot + self.funnel.steps[step].times as usize, chain, found);
        }
        for event in start..self.events.len() {
            let follows = repeat == 1 || chain.last().is_some_and(|(_, last)| event > *last);
            if self.events[event].steps.contains(&step) && follows {
                chain.push((slot, event));
                self.choose(start, slot + 1, chain, found);
                chain.pop();
            }
        }
    }

    fn is_valid_in_any_order(&self, start: usize, chain: &Chain) -> bool {
        let first = &self.events[start];
        let last_time = self.end_of(chain);
        let last = chain.iter().map(|(_, event)| *event).max().unwrap();
        let is_once = self.funnel.event_use == EventUse::Once;
        let repeats = |one: &(usize, usize)| chain.iter().filter(|other| other.1 == one.1).count() > 1;
        if is_once && chain.iter().any(repeats) {
            return false;
        }
        let fits = |(slot, event): &(usize, usize)| {
            self.is_of_start(start, *event)
                && (self.funnel.held.is_empty() || self.events[*event].value.is_some())
                && self.end.is_none_or(|end| self.place(*event, self.slots[*slot].0 + 1) < end)
        };
        if !chain.iter().all(fits) {
            return false;
        }
        if self.funnel.window.is_some_and(|window| last_time - first.time > window.as_micros()) {
            return false;
        }
        if self.funnel.noise == Noise::Restart {
            let is_noise = |event: &usize| self.sees(start, *event) && self.steps(*event).is_empty();
            let is_broken = match self.funnel.ties {
                TiePolicy::AsOrdered => (start + 1..last).any(|event| is_noise(&event)),
                _ => (0..self.events.len()).filter(is_noise).any(|event| {
                    let time = self.events[event].time;
                    first.time < time && time <= last_time
                }),
            };
            if is_broken {
                return false;
            }
        }
        self.with_bans.then(|| self.funnel.exclusions.iter().enumerate()).into_iter().flatten().all(|(index, ban)| {
            // Whether an attempt is on is a matter of its start and its last event alone.
            let others = chain.iter().any(|(_, event)| *event != start);
            !others
                || (0..self.events.len()).filter(|event| self.sees(start, *event)).all(|event| {
                    let time = self.events[event].time;
                    let after = time > first.time || (ban.from_included && time == first.time);
                    // The latest event other than the start must not come behind the ban.
                    let reach = chain.iter().filter(|(_, one)| *one != start).map(|(_, one)| self.events[*one].time);
                    let reach = reach.max().unwrap();
                    let before = time < reach || (ban.until_included && time == reach);
                    !(self.events[event].bans.contains(&index) && after && before)
                })
        })
    }

    fn is_valid(&self, chain: &Chain) -> bool {
        let start = chain[0].1;
        let each = chain.iter().all(|(slot, event)| {
            let (step, _) = self.slots[*slot];
            self.events[*event].steps.contains(&step)
                && self.is_of_start(start, *event)
                && (self.funnel.held.is_empty() || self.events[*event].value.is_some())
                && self.end.is_none_or(|end| self.place(*event, step + 1) < end)
        });
        each && chain.windows(2).all(|pair| self.follows(start, pair[0], pair[1]))
            && self.uses_fit(chain)
            && (!self.with_bans || self.funnel.exclusions.iter().enumerate().all(|(index, _)| self.keeps(index, chain)))
    }

    fn uses_fit(&self, chain: &Chain) -> bool {
        let is_once = self.funnel.event_use == EventUse::Once;
        chain.iter().enumerate().all(|(index, (slot, event))| {
            chain[..index]
                .iter()
                .all(|(other, used)| event != used || (!is_once && self.slots[*slot].0 != self.slots[*other].0))
        })
    }

    fn follows(&self, start: usize, (slot, event): (usize, usize), (next_slot, next): (usize, usize)) -> bool {
        let funnel = self.funnel;
        let (time, next_time) = (self.events[event].time, self.events[next].time);
        let is_repeat = self.slots[slot].0 == self.slots[next_slot].0;
        let in_order = match funnel.ties {
            TiePolicy::AsOrdered => event <= next,
            TiePolicy::StepOrder => time < next_time || (time == next_time && (!is_repeat || event < next)),
            TiePolicy::StrictlyLater => time < next_time,
        };
        let step = &funnel.steps[self.slots[next_slot].0];
        let gap = next_time - time;
        let window = funnel.window.map_or(i64::MAX, |window| window.as_micros());
        let in_window = match funnel.window_from {
            WindowFrom::First => next_time - self.events[start].time <= window,
            WindowFrom::Previous => gap <= window,
        };
        in_order
            && in_window
            && step.gap_min.is_none_or(|least| gap >= least.as_micros())
            && step.gap_max.is_none_or(|most| gap <= most.as_micros())
            && !self.is_interrupted(start, (slot, event), (next_slot, next))
    }

    fn is_interrupted(&self, start: usize, (slot, event): (usize, usize), (next_slot, next): (usize, usize)) -> bool {
        let funnel = self.funnel;
        let seen = |other: &usize| self.sees(start, *other);
        if funnel.order == StepOrder::Strict {
            let counts = |other: &usize| funnel.noise == Noise::Restart || !self.steps(*other).is_empty();
            return (event + 1..next).filter(seen).any(|other| counts(&other));
        }
        if funnel.noise != Noise::Restart {
            return false;
        }
        if funnel.noise_kind == NoiseKind::OtherStep {
            let step = self.slots[slot].0;
            return (event + 1..next).filter(seen).any(|other| !self.steps(other).contains(&step));
        }
        let (from, until) = (self.place(event, self.slots[slot].0 + 1), self.place(next, self.slots[next_slot].0 + 1));
        let turn = self.nexts(slot).into_iter().map(|next| self.slots[next].0).max().unwrap_or(self.slots[slot].0);
        (0..self.events.len()).filter(seen).any(|other| {
            self.matches(other).into_iter().any(|step| {
                let is_noise = step == 0 || (funnel.noise_kind == NoiseKind::OutOfTurn && step - 1 > turn);
                let place = self.place(other, step);
                is_noise && from < place && place < until
            })
        })
    }

    /// The steps of an event, from 1; 0 for an event of none.
    fn matches(&self, event: usize) -> Vec<usize> {
        let steps = self.steps(event);
        if steps.is_empty() { vec![0] } else { steps.into_iter().map(|step| step + 1).collect() }
    }

    /// An event whose held value is unknown is of no step.
    fn steps(&self, event: usize) -> Vec<usize> {
        let seen = &self.events[event];
        if self.funnel.held.is_empty() || seen.value.is_some() { seen.steps.clone() } else { Vec::new() }
    }

    fn place(&self, event: usize, step: usize) -> Place {
        match self.funnel.ties {
            TiePolicy::AsOrdered => (event as i64, step, 0),
            _ => (self.events[event].time, step, event),
        }
    }

    fn keeps(&self, index: usize, chain: &Chain) -> bool {
        let ban = &self.funnel.exclusions[index];
        let time_of = |event: usize| self.events[event].time;
        let from = chain.iter().find(|(slot, _)| self.slots[*slot].0 + 1 == ban.from as usize && self.completes(*slot));
        let Some((_, from)) = from else { return true };
        let until = chain.iter().find(|(slot, _)| self.slots[*slot] == (ban.until as usize - 1, 1));
        let end = until.map_or_else(|| time_of(chain.last().unwrap().1), |(_, event)| time_of(*event));
        let from = time_of(*from);
        !(0..self.events.len()).any(|event| {
            let time = time_of(event);
            let after = time > from || (time == from && ban.from_included);
            let before = time < end || (time == end && ban.until_included && until.is_some());
            self.sees(chain[0].1, event) && self.events[event].bans.contains(&index) && after && before
        })
    }

    /// In the same scope as the start, with no other value.
    fn is_of_start(&self, start: usize, event: usize) -> bool {
        let (first, other) = (&self.events[start], &self.events[event]);
        let day = |seen: &Seen| self.calendar.day(Timestamp::from_micros(seen.time));
        let in_scope = match self.funnel.scope {
            None => true,
            Some(Scope::CalendarDay) => day(first) == day(other),
            Some(Scope::Session { .. }) => first.session == other.session,
        };
        in_scope && (self.funnel.held.is_empty() || other.value.is_none() || other.value == first.value)
    }

    fn sees(&self, start: usize, event: usize) -> bool {
        self.is_of_start(start, event)
    }

    /// Whether events to come, the least that is needed, would carry the chain to the end.
    fn can_convert(&self, start: usize, chain: &Chain) -> bool {
        let mut future = Self {
            funnel: self.funnel,
            calendar: self.calendar,
            as_of: self.as_of,
            events: self.events.clone(),
            with_bans: self.with_bans,
            end: None,
            slots: self.slots.clone(),
        };
        if self.funnel.order == StepOrder::Any {
            return future.any_order_can_convert(start);
        }
        future.goes_on(start, chain, 0)
    }

    fn fake(&self, start: usize, time: i64, steps: Vec<usize>) -> Option<Seen> {
        let first = &self.events[start];
        let last = self.events.iter().rfind(|event| event.time <= self.as_of).unwrap();
        let session = match self.funnel.scope {
            Some(Scope::Session { gap }) => {
                let goes_on = self.as_of + 1 - last.time <= gap.as_micros();
                if goes_on { last.session } else { usize::MAX }
            }
            _ => 0,
        };
        Some(Seen { time, steps, bans: Vec::new(), value: first.value, session })
    }

    fn goes_on(&mut self, start: usize, chain: &Chain, depth: usize) -> bool {
        let (slot, event) = *chain.last().unwrap();
        let time = self.events[event].time;
        let nexts = self.nexts(slot);
        if nexts.is_empty() {
            return depth > 0;
        }
        for next in nexts {
            let step = self.slots[next].0;
            let gap_min = self.funnel.steps[step].gap_min.map_or(0, |gap| gap.as_micros());
            let soonest = [self.as_of + 1, time + gap_min, time + 1].into_iter().filter(|time| *time > self.as_of);
            for instant in soonest.collect::<Vec<_>>() {
                let Some(fake) = self.fake(start, instant, vec![step]) else { continue };
                if self.events.last().is_some_and(|last| last.time > instant) {
                    continue;
                }
                self.events.push(fake);
                let mut longer = chain.clone();
                longer.push((next, self.events.len() - 1));
                let goes_on = self.is_valid(&longer) && self.goes_on(start, &longer, depth + 1);
                self.events.pop();
                if goes_on {
                    return true;
                }
            }
        }
        false
    }

    /// All steps at once, after `as_of`.
    fn any_order_can_convert(&mut self, start: usize) -> bool {
        let mut longer = Vec::new();
        for slot in 0..self.slots.len() {
            let Some(fake) = self.fake(start, self.as_of + 1, vec![self.slots[slot].0]) else { return false };
            self.events.push(fake);
            longer.push((slot, self.events.len() - 1));
        }
        self.is_valid_in_any_order(start, &longer)
    }

    fn end_place(&self) -> Option<Place> {
        let funnel = self.funnel;
        if funnel.noise != Noise::End && funnel.repetition != Repetition::End {
            return None;
        }
        let starts = (0..self.events.len()).filter(|event| self.is_start(*event));
        let is_any = funnel.order == StepOrder::Any;
        let starts: Vec<usize> =
            if funnel.entry == EntryChoice::First { starts.take(1).collect() } else { starts.collect() };
        let mut reached: Vec<(usize, Place)> = Vec::new();
        for start in starts {
            if is_any {
                reached.push((0, self.place(start, *self.matches(start).first().unwrap())));
                continue;
            }
            for chain in self.chains(start) {
                let (slot, event) = *chain.last().unwrap();
                reached.push((slot, self.place(event, self.slots[slot].0 + 1)));
            }
        }
        let mut places: Vec<(Place, usize)> = Vec::new();
        for event in 0..self.events.len() {
            places.extend(self.matches(event).into_iter().map(|step| (self.place(event, step), step)));
        }
        places.sort_unstable();
        let ends = |(place, step): &(Place, usize)| {
            let before: Vec<usize> = reached.iter().filter(|(_, other)| other < place).map(|(slot, _)| *slot).collect();
            let Some(furthest) = before.iter().max() else { return false };
            let turn = self.nexts(*furthest).into_iter().map(|next| self.slots[next].0).max();
            let turn = turn.unwrap_or(self.slots[*furthest].0);
            let is_late = !is_any && funnel.noise_kind == NoiseKind::OutOfTurn && *step > turn + 1;
            let is_noise = funnel.noise == Noise::End && (*step == 0 || is_late);
            let is_again = |step: usize| before.iter().any(|slot| self.slots[*slot].0 + 1 == step);
            is_noise || (funnel.repetition == Repetition::End && *step > 1 && is_again(*step))
        };
        places.iter().find(|one| ends(one)).map(|(place, _)| *place)
    }
}
