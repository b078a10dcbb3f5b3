//! Rules that stay true once they are: the instant is that of the nth event, found without asking the rule again.

use crate::error::Result;
use crate::log::{EventLog, LocalDays, UserEvents};
use crate::rule::{EventKinds, EventPattern, EventQuery, KindBlock, Measure, Observed, Rule, Test, each_bit};
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
    /// Of each count, for the users of a block.
    of_block: Vec<BlockInstants>,
}

/// The instants of up to 64 users.
#[derive(Debug, Clone)]
pub(super) struct BlockInstants {
    /// Who has one, as bits.
    pub(super) known: u64,
    pub(super) micros: [i64; WORD_BITS],
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
        self.instant_by(&|number| tally.instants[number])
    }

    /// As [`Lasting::instant`], for a user of a block.
    pub(super) fn instant_in_block(&self, tally: &Tally, user: usize) -> Option<i64> {
        self.instant_by(&|number| {
            let BlockInstants { known, micros } = &tally.of_block[number];
            (known >> user & 1 == 1).then(|| micros[user])
        })
    }

    /// The count that the rule is, where it is one, for the users of a block.
    pub(super) fn count_in_block<'t>(&self, tally: &'t Tally) -> Option<&'t BlockInstants> {
        match self {
            Self::Count(number) => tally.of_block.get(*number),
            Self::AtLeast { .. } => None,
        }
    }

    fn instant_by(&self, of_count: &dyn Fn(usize) -> Option<i64>) -> Option<i64> {
        match self {
            Self::Count(number) => of_count(*number),
            Self::AtLeast { count, of } => {
                let mut instants: Vec<i64> = of.iter().filter_map(|rule| rule.instant_by(of_count)).collect();
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
        let by_day = self.counts.iter().filter(|count| count.by_day).map(|count| count.kind);
        Ok(EventKinds::new(log, calendar, &self.kinds, as_of)?.by_day(by_day))
    }

    /// Counts for the users of a block of [`Counts::event_kinds`].
    pub(super) fn tally_block(
        &self,
        log: &EventLog,
        block: &mut KindBlock,
        users: usize,
        days: &LocalDays,
        tally: &mut Tally,
    ) {
        tally.of_block.resize(self.counts.len(), BlockInstants { known: 0, micros: [0; WORD_BITS] });
        let mut rows = [0; WORD_BITS];
        for (number, count) in self.counts.iter().enumerate() {
            let known = match count.by_day && !block.has_days() {
                false => block.nth(count.kind, count.nth, count.by_day, &mut rows),
                true => (0..users).fold(0, |known, user| {
                    let row = tally.nth_day(block.rows(count.kind, user), count.nth, days);
                    rows[user] = row.unwrap_or_default();
                    known | u64::from(row.is_some()) << user
                }),
            };
            let of_count = &mut tally.of_block[number];
            of_count.known = known;
            // All at once, so that memory is waited for once and not for each.
            each_bit(known, |user| of_count.micros[user as usize] = log.time_micros()[rows[user as usize]]);
        }
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
