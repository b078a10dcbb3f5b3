//! Rules that stay true once they are: the instant is that of the nth event, found without asking the rule again.

use crate::error::Result;
use crate::log::{EventLog, LocalDays, UserEvents};
use crate::rule::{EventKinds, EventPattern, EventQuery, KindBlock, Measure, Observed, Rule, Test};
use crate::time::{Calendar, Day, Timestamp};
use crate::value::Value;

const WORD_BITS: usize = u64::BITS as usize;

/// A rule that only events can make true, and nothing can make untrue again.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Lasting {
    /// The count with this number in [`Counts`] is complete.
    Count(usize),
    /// So many of these.
    AtLeast { count: usize, of: Vec<Lasting> },
}

/// What the lasting rules count: for each the nth of its events, or the first of them on the nth distinct local day.
#[derive(Debug, Default)]
pub(super) struct Counts {
    counts: Vec<Count>,
    /// What they count, each once.
    kinds: Vec<EventPattern>,
    /// For 64 counts at a time, a word per event name: which of them its events add to.
    words: Vec<Vec<u64>>,
}

#[derive(Debug, Clone, Copy)]
struct Count {
    nth: usize,
    by_day: bool,
    /// Which of the kinds it counts.
    kind: usize,
}

/// How far one user has come in each count.
#[derive(Debug, Default)]
pub(super) struct Tally {
    missing: Vec<usize>,
    days: Vec<Vec<Day>>,
    /// The days of one count, as numbers of the log.
    numbers: Vec<u16>,
    instants: Vec<Option<i64>>,
    /// The instants of all users of a block, as many for each as there are counts.
    of_block: Vec<Option<i64>>,
    rows: Vec<Option<usize>>,
}

impl Lasting {
    /// The lasting form of a rule over a log, or `None` where the rule has none. What it counts joins `counts`.
    pub(super) fn of(rule: &Rule, log: &EventLog, counts: &mut Counts) -> Option<Self> {
        let known = counts.counts.len();
        let lasting = Self::build(rule, log, counts);
        if lasting.is_none() {
            counts.counts.truncate(known);
        }
        lasting
    }

    fn build(rule: &Rule, log: &EventLog, counts: &mut Counts) -> Option<Self> {
        let mut all =
            |rules: &[Rule]| rules.iter().map(|rule| Self::build(rule, log, counts)).collect::<Option<Vec<_>>>();
        match rule {
            // Of none, all hold at any instant, which no event makes so.
            Rule::All(rules) if !rules.is_empty() => Some(Self::AtLeast { count: rules.len(), of: all(rules)? }),
            Rule::Any(rules) => Some(Self::AtLeast { count: 1, of: all(rules)? }),
            Rule::AtLeast { count, of } if *count > 0 => Some(Self::AtLeast { count: *count as usize, of: all(of)? }),
            Rule::Measure { measure: Measure::Count(over), test } => counts.push(over, test, false, log),
            Rule::Measure { measure: Measure::ActiveDays(over), test } => counts.push(over, test, true, log),
            _ => None,
        }
    }

    /// The instant at which the rule becomes true, once the user's events are counted.
    pub(super) fn instant(&self, tally: &Tally) -> Option<i64> {
        match self {
            Self::Count(number) => tally.instants[*number],
            Self::AtLeast { count, of } => {
                let mut instants: Vec<i64> = of.iter().filter_map(|rule| rule.instant(tally)).collect();
                instants.sort_unstable();
                instants.get(count.checked_sub(1)?).copied()
            }
        }
    }
}

impl Counts {
    /// Adds a count of the query's events, where the query is over names and all of history alone.
    fn push(&mut self, over: &EventQuery, test: &Test, by_day: bool, log: &EventLog) -> Option<Lasting> {
        let nth = least(test)?;
        if over.filter.is_some() || !over.window.is_all() || over.observed != Observed::Any {
            return None;
        }
        let number = self.counts.len();
        let kind = EventPattern { events: over.events.clone(), filter: None };
        let known = self.kinds.iter().position(|other| *other == kind);
        let place = known.unwrap_or(self.kinds.len());
        if known.is_none() {
            self.kinds.push(kind);
        }
        self.counts.push(Count { nth, by_day, kind: place });
        if number / WORD_BITS == self.words.len() {
            self.words.push(vec![0; log.names().len()]);
        }
        let named = |name: &str| over.events.is_empty() || over.events.iter().any(|event| event == name);
        for (name, word) in log.names().iter().zip(&mut self.words[number / WORD_BITS]) {
            // A count that was given up may have left its bit.
            *word = *word & !(1 << (number % WORD_BITS)) | u64::from(named(name)) << (number % WORD_BITS);
        }
        Some(Lasting::Count(number))
    }

    /// What is counted, ready for many users.
    ///
    /// # Errors
    /// None that a checked rule has.
    pub(super) fn event_kinds<'a>(
        &self,
        log: &'a EventLog,
        calendar: &Calendar,
        as_of: Timestamp,
    ) -> Result<EventKinds<'a>> {
        EventKinds::new(log, calendar, &self.kinds, as_of)
    }

    /// Counts for the users of a block of [`Counts::event_kinds`], to be [taken](Tally::take) one by one.
    pub(super) fn tally_block(
        &self,
        log: &EventLog,
        block: &KindBlock,
        users: usize,
        days: &LocalDays,
        tally: &mut Tally,
    ) {
        tally.rows.clear();
        for user in 0..users {
            for count in &self.counts {
                let row = match count.by_day {
                    false => block.nth(count.kind, user, count.nth),
                    true => tally.nth_day(block.rows(count.kind, user), count.nth, days),
                };
                tally.rows.push(row);
            }
        }
        // All at once, so that memory is waited for once and not for each.
        tally.of_block.clear();
        tally.of_block.extend(tally.rows.iter().map(|row| row.map(|row| log.time_micros()[row])));
    }

    /// Counts one user's visible events, for all counts in one look at each event.
    pub(super) fn tally(&self, events: &UserEvents<'_>, calendar: &Calendar, tally: &mut Tally) {
        tally.begin(&self.counts);
        for (word, (adds, counts)) in self.words.iter().zip(self.counts.chunks(WORD_BITS)).enumerate() {
            let mut open = u64::MAX >> (WORD_BITS - counts.len());
            for (&time, &code) in events.time_micros().iter().zip(events.name_codes()) {
                let mut met = adds.get(usize::from(code)).map_or(0, |word| word & open);
                while met != 0 {
                    let bit = met.trailing_zeros() as usize;
                    met &= met - 1;
                    let by_day = counts[bit].by_day.then_some(calendar);
                    if tally.add(word * WORD_BITS + bit, time, by_day) {
                        open &= !(1 << bit);
                    }
                }
                if open == 0 {
                    break;
                }
            }
        }
    }
}

impl Tally {
    /// Goes to the counts of this user of a block.
    pub(super) fn take(&mut self, user: usize, counts: &Counts) {
        let count = counts.counts.len();
        self.instants.clear();
        self.instants.extend_from_slice(&self.of_block[user * count..(user + 1) * count]);
    }

    /// The first of these rows that is on the nth different day.
    fn nth_day(&mut self, mut rows: impl Iterator<Item = usize>, nth: usize, days: &LocalDays) -> Option<usize> {
        self.numbers.clear();
        rows.find(|row| {
            let day = days.numbers()[*row];
            // Ascending, but where a clock is set back across midnight.
            if let Err(place) = self.numbers.binary_search(&day) {
                self.numbers.insert(place, day);
            }
            self.numbers.len() == nth
        })
    }

    fn begin(&mut self, counts: &[Count]) {
        self.missing.clear();
        self.missing.extend(counts.iter().map(|count| count.nth));
        self.instants.clear();
        self.instants.resize(counts.len(), None);
        self.days.iter_mut().for_each(Vec::clear);
        self.days.resize(counts.len(), Vec::new());
    }

    /// Adds an event to a count, of days where there is a calendar; whether the count is complete with it.
    fn add(&mut self, number: usize, time: i64, by_day: Option<&Calendar>) -> bool {
        if let Some(calendar) = by_day {
            let day = calendar.day(Timestamp::from_micros(time));
            // Ascending, but where a clock is set back across midnight.
            let Err(place) = self.days[number].binary_search(&day) else { return false };
            self.days[number].insert(place, day);
        }
        self.missing[number] -= 1;
        let complete = self.missing[number] == 0;
        if complete {
            self.instants[number] = Some(time);
        }
        complete
    }
}

/// The least number that passes, where every greater one passes too and 0 does not.
fn least(test: &Test) -> Option<usize> {
    let least = match test {
        Test::Ge(Value::Integer(least)) => *least,
        Test::Gt(Value::Integer(below)) => below.checked_add(1)?,
        _ => return None,
    };
    usize::try_from(least).ok().filter(|least| *least > 0)
}
