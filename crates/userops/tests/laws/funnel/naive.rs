//! Funnels by trying every way of giving events to steps, judged as a whole.

use userops::funnel::{
    EntryChoice, EntryStatus, EventUse, Exclusion, Funnel, Noise, NoiseKind, Repetition, Scope, StepOrder, TiePolicy,
    WindowFrom,
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
        if !naive.ends_apart() {
            naive.end = naive.end_place(None);
        }
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

    fn is_any(&self) -> bool {
        self.funnel.order == StepOrder::Any
    }

    /// Whether attempts see different events, so that each has an end of its own.
    fn ends_apart(&self) -> bool {
        !self.funnel.held.is_empty() || self.funnel.scope.is_some()
    }

    /// The last step that is not optional.
    fn last_required(&self) -> usize {
        self.funnel.steps.iter().rposition(|step| !step.optional).unwrap()
    }

    /// Whether an attempt may begin with the step: all before it may be left out.
    fn begins(&self, step: usize) -> bool {
        self.is_any() || self.funnel.steps[..step].iter().all(|before| before.optional)
    }

    fn is_start(&self, event: usize) -> bool {
        let seen = &self.events[event];
        let is_known = self.funnel.held.is_empty() || seen.value.is_some();
        // What is behind the end of the search does not begin anything.
        is_known
            && (0..self.funnel.steps.len()).any(|step| {
                seen.steps.contains(&step)
                    && self.begins(step)
                    && self.end.is_none_or(|end| self.place(event, step + 1) < end)
            })
    }

    fn entry(&mut self, starts: &[usize]) -> Option<Entry> {
        let mut best: Option<(usize, Chain)> = None;
        let mut is_open = false;
        for start in starts {
            self.end_apart(*start);
            for chain in self.chains(*start) {
                is_open = is_open || (self.end.is_none() && self.can_convert(*start, &chain));
                let chain = self.counted(&chain);
                if !chain.is_empty()
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

    fn end_apart(&mut self, start: usize) {
        if self.ends_apart() {
            self.end = None;
            self.end = self.end_place(Some(start));
        }
    }

    fn free_level(&mut self, starts: &[usize]) -> usize {
        let mut level = 0;
        for start in starts {
            self.end_apart(*start);
            self.with_bans = false;
            let levels = self.chains(*start).into_iter().map(|chain| self.level(&self.counted(&chain)));
            level = levels.max().unwrap_or(0).max(level);
            self.with_bans = true;
        }
        level
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
            let by_slot: Vec<(usize, usize)> = if self.is_any() {
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

    /// What counts of a chain: the events of the steps that it completes, in order of steps; in order, only what ends with
    /// a complete step.
    fn counted(&self, chain: &Chain) -> Chain {
        if !self.is_any() {
            let is_complete = self.completes(chain.last().unwrap().0);
            return if is_complete { chain.clone() } else { Vec::new() };
        }
        let is_done = |step: usize| chain.iter().any(|(slot, _)| self.slots[*slot].0 == step && self.completes(*slot));
        let mut counted: Chain = chain.iter().copied().filter(|(slot, _)| is_done(self.slots[*slot].0)).collect();
        counted.sort_unstable();
        counted
    }

    /// When the level was reached: optional steps behind it do not move the end.
    fn end_of(&self, chain: &Chain) -> i64 {
        let is_whole = self.level(chain) == self.funnel.steps.len();
        let tells = |slot: usize| {
            let step = self.slots[slot].0;
            !is_whole || if self.is_any() { !self.funnel.steps[step].optional } else { step <= self.last_required() }
        };
        chain.iter().filter(|(slot, _)| tells(*slot)).map(|(_, event)| self.events[*event].time).max().unwrap()
    }

    /// The last step that the chain completes; in any order how many. All, where only optional ones are left.
    fn level(&self, chain: &Chain) -> usize {
        let steps = chain.iter().filter(|(slot, _)| self.completes(*slot)).map(|(slot, _)| self.slots[*slot].0);
        let done: Vec<usize> = steps.collect();
        let is_whole = if self.is_any() {
            (0..self.funnel.steps.len()).all(|step| self.funnel.steps[step].optional || done.contains(&step))
        } else {
            done.iter().any(|step| *step >= self.last_required())
        };
        match (is_whole, self.is_any()) {
            (true, _) => self.funnel.steps.len(),
            (false, true) => done.len(),
            (false, false) => done.into_iter().map(|step| step + 1).max().unwrap_or(0),
        }
    }

    fn completes(&self, slot: usize) -> bool {
        self.slots.get(slot + 1).is_none_or(|next| next.0 != self.slots[slot].0)
    }

    /// Every valid chain from a start, unfinished ones as well.
    fn chains(&self, start: usize) -> Vec<Chain> {
        let mut found = Vec::new();
        for slot in 0..self.slots.len() {
            let (step, repeat) = self.slots[slot];
            if repeat == 1 && self.begins(step) {
                self.extend(vec![(slot, start)], &mut found);
            }
        }
        found
    }

    fn extend(&self, chain: Chain, found: &mut Vec<Chain>) {
        if !self.is_valid(&chain) {
            return;
        }
        for slot in self.nexts_of(&chain) {
            // In any order nothing that came before the start is taken, but of its instant where order of arrival is none.
            let has_end = self.funnel.noise == Noise::End || self.funnel.repetition == Repetition::End;
            let is_free = self.funnel.ties == TiePolicy::StepOrder
                && self.funnel.entry != EntryChoice::Every
                && !(has_end && self.ends_apart());
            for event in if self.is_any() && !is_free { chain[0].1 } else { 0 }..self.events.len() {
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

    /// In any order each step's first event that is not there yet.
    fn nexts_of(&self, chain: &Chain) -> Vec<usize> {
        if !self.is_any() {
            return self.nexts(chain.last().unwrap().0);
        }
        let is_taken = |slot: usize| chain.iter().any(|(other, _)| *other == slot);
        let is_next = |slot: &usize| !is_taken(*slot) && (self.slots[*slot].1 == 1 || is_taken(*slot - 1));
        (0..self.slots.len()).filter(is_next).collect()
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
            chain[..index].iter().all(|(other, used)| {
                let is_repeat = self.slots[*slot].0 == self.slots[*other].0;
                if is_repeat { event > used } else { event != used || !is_once }
            })
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
        let seen = |other: &usize| self.sees(start, *other) && self.is_looked_at(*other);
        let (time, next_time) = (self.events[event].time, self.events[next].time);
        // By events; in order of steps nothing is between at the instants of the events that are taken.
        let lies_between = |other: &usize| match funnel.ties {
            TiePolicy::StepOrder => time < self.events[*other].time && self.events[*other].time < next_time,
            _ => event < *other && *other < next,
        };
        let between = || (0..self.events.len()).filter(seen).filter(lies_between);
        if funnel.order == StepOrder::Strict {
            return between().any(|other| funnel.noise != Noise::Ignore || !self.steps(other).is_empty());
        }
        if funnel.noise != Noise::Restart {
            return false;
        }
        if funnel.noise_kind == NoiseKind::OtherStep {
            let step = self.slots[slot].0;
            return between().any(|other| !self.steps(other).contains(&step));
        }
        if self.is_any() {
            let is_noise = |other: &usize| self.steps(*other).is_empty();
            return (0..self.events.len()).filter(seen).filter(is_noise).any(|other| match funnel.ties {
                TiePolicy::AsOrdered => event < other && other < next,
                _ => time < self.events[other].time && self.events[other].time <= next_time,
            });
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

    /// What comes behind the end of the search is not looked at.
    fn is_looked_at(&self, event: usize) -> bool {
        self.end.is_none_or(|end| self.matches(event).into_iter().any(|step| self.place(event, step) < end))
    }

    /// The steps of an event, from 1; 0 for an event of none.
    fn matches(&self, event: usize) -> Vec<usize> {
        let steps = self.known_steps(event);
        if steps.is_empty() { vec![0] } else { steps.into_iter().map(|step| step + 1).collect() }
    }

    /// An event whose held value is unknown is of no step.
    fn known_steps(&self, event: usize) -> Vec<usize> {
        let seen = &self.events[event];
        if self.funnel.held.is_empty() || seen.value.is_some() { seen.steps.clone() } else { Vec::new() }
    }

    /// Those of them before the end of the search.
    fn steps(&self, event: usize) -> Vec<usize> {
        let mut steps = self.known_steps(event);
        steps.retain(|step| self.end.is_none_or(|end| self.place(event, step + 1) < end));
        steps
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
        let (from, until) =
            if self.is_any() { self.ends_in_any_order(ban, chain) } else { self.ends_in_order(ban, chain) };
        let Some(from) = from else { return true };
        let last = chain.len() - 1;
        let end = time_of(chain[until.unwrap_or(last)].1);
        let begin = time_of(chain[from].1);
        if until.is_some_and(|until| until <= from) || (self.is_any() && begin == end) {
            return true;
        }
        // In any order the last event of an attempt that has not come so far is an end as well.
        let until_included = ban.until_included && (until.is_some() || self.is_any());
        !(0..self.events.len()).any(|event| {
            let time = time_of(event);
            let after = time > begin || (time == begin && ban.from_included);
            let before = time < end || (time == end && until_included);
            self.sees(chain[0].1, event)
                && self.is_looked_at(event)
                && self.events[event].bans.contains(&index)
                && after
                && before
        })
    }

    /// The last event of one step and the first of another, or the next that is taken where the step is left out.
    fn ends_in_order(&self, ban: &Exclusion, chain: &Chain) -> (Option<usize>, Option<usize>) {
        let last_of = self.slots.iter().rposition(|slot| slot.0 + 1 == ban.from as usize).unwrap();
        let first_of = self.slots.iter().position(|slot| slot.0 + 1 == ban.until as usize).unwrap();
        (chain.iter().position(|one| one.0 >= last_of), chain.iter().position(|one| one.0 >= first_of))
    }

    /// The event with which one step more begins, and the one with which one more is complete, as they come.
    fn ends_in_any_order(&self, ban: &Exclusion, chain: &Chain) -> (Option<usize>, Option<usize>) {
        let begun = |last: &usize| chain[..=*last].iter().filter(|(slot, _)| self.slots[*slot].1 == 1).count();
        let done = |last: &usize| chain[..=*last].iter().filter(|(slot, _)| self.completes(*slot)).count();
        let from = (0..chain.len()).find(|last| begun(last) >= ban.from as usize);
        (from, (0..chain.len()).find(|last| done(last) >= ban.until as usize))
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
        if self.level(&self.counted(chain)) == self.funnel.steps.len() {
            return depth > 0;
        }
        let time = self.events[chain.last().unwrap().1].time;
        for next in self.nexts_of(chain) {
            let step = self.slots[next].0;
            let gap_min = self.funnel.steps[step].gap_min.map_or(0, |gap| gap.as_micros());
            let mut soonest = vec![self.as_of + 1, time + gap_min, time + 1];
            if self.is_any() {
                // There are many orders: of each only the soonest.
                let later = i64::from(self.funnel.ties == TiePolicy::StrictlyLater);
                soonest = vec![(self.as_of + 1).max(time + gap_min.max(later))];
            }
            soonest.retain(|time| *time > self.as_of);
            for instant in soonest {
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

    /// Where the search ends: for all attempts, or for the one that begins at an event.
    fn end_place(&self, only: Option<usize>) -> Option<Place> {
        let funnel = self.funnel;
        if funnel.noise != Noise::End && funnel.repetition != Repetition::End {
            return None;
        }
        let starts = (0..self.events.len()).filter(|event| self.is_start(*event));
        let starts: Vec<usize> = match only {
            Some(start) => vec![start],
            None if funnel.entry == EntryChoice::First => starts.take(1).collect(),
            None => starts.collect(),
        };
        let mut started: Vec<Place> = Vec::new();
        let mut reached: Vec<(usize, Place)> = Vec::new();
        for start in &starts {
            let first = self.matches(*start).into_iter().find(|step| self.begins(*step - 1)).unwrap();
            started.push(self.place(*start, first));
            for chain in self.chains(*start) {
                let (slot, event) = *chain.last().unwrap();
                reached.push((slot, self.place(event, self.slots[slot].0 + 1)));
            }
        }
        let mut places: Vec<(Place, usize, usize)> = Vec::new();
        for event in (0..self.events.len()).filter(|event| only.is_none_or(|start| self.sees(start, *event))) {
            places.extend(self.matches(event).into_iter().map(|step| (self.place(event, step), step, event)));
        }
        places.sort_unstable();
        let ends = |(place, step, event): &(Place, usize, usize)| {
            if !started.iter().any(|start| start < place) {
                return false;
            }
            let before: Vec<usize> = reached.iter().filter(|(_, other)| other < place).map(|(slot, _)| *slot).collect();
            let is_late = !self.is_any() && {
                let furthest = *before.iter().max().unwrap();
                let nexts: Vec<usize> = self.nexts(furthest).into_iter().map(|next| self.slots[next].0).collect();
                let own = self.slots[furthest].0;
                match funnel.noise_kind {
                    NoiseKind::OutOfTurn => *step > nexts.iter().max().unwrap_or(&own) + 1,
                    NoiseKind::NoStep => false,
                    NoiseKind::OtherStep => {
                        let steps = self.steps(*event);
                        !steps.iter().any(|step| *step == own || nexts.contains(step))
                    }
                }
            };
            let is_noise = funnel.noise == Noise::End && (*step == 0 || is_late);
            let is_again = || before.iter().any(|slot| self.slots[*slot].0 + 1 == *step && self.completes(*slot));
            let may_come_again = *step == 0 || (*step == 1 && !self.is_any());
            is_noise || (funnel.repetition == Repetition::End && !may_come_again && is_again())
        };
        places.iter().find(|one| ends(one)).map(|(place, _, _)| *place)
    }
}
