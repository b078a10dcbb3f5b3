//! Plain loops over the plain events of one user.

use std::collections::{BTreeMap, BTreeSet};

use userops::event::Event;
use userops::time::Timestamp;
use userops::value::Value;

pub(super) const DAY: i64 = 24 * 60 * 60 * 1_000_000;

/// What a user is told by one definition: a value as text, and `None` for unknown, for false, and for no.
pub(super) type Answer = Option<String>;
/// One definition of a playbook, of a user and of what the user has been told so far.
pub(super) type Definition = fn(&User<'_>, &Told) -> Answer;

pub(super) fn yes(is_so: bool) -> Answer {
    is_so.then(|| "true".to_owned())
}

pub(super) fn text(value: &str) -> Answer {
    Some(value.to_owned())
}

/// One event, and the local day on which it happened, counted from 1970-01-01.
pub(super) struct Happened {
    pub(super) time: i64,
    pub(super) day: i64,
    pub(super) event: Event,
}

/// What there is to know of all users.
pub(super) struct Facts {
    /// How far local clocks are ahead of UTC; the zones of the playbooks have no summer time in these years.
    ahead: i64,
    users: BTreeMap<String, Person>,
}

#[derive(Default)]
struct Person {
    events: Vec<Happened>,
    has_attributes: bool,
    birth_day: Option<i64>,
}

impl Facts {
    pub(super) fn new(hours_ahead: i64, events: impl IntoIterator<Item = (String, Event)>) -> Self {
        let ahead = hours_ahead * DAY / 24;
        let mut users = BTreeMap::<String, Person>::new();
        for (user, event) in events {
            let time = event.time.as_micros();
            let happened = Happened { time, day: (time + ahead).div_euclid(DAY), event };
            users.entry(user).or_default().events.push(happened);
        }
        // Stable: events of one instant stay as they came.
        users.values_mut().for_each(|person| person.events.sort_by_key(|happened| happened.time));
        Self { ahead, users }
    }

    /// The same with a user of whom some attribute is known.
    pub(super) fn add_attributes(&mut self, user: String, birth_day: Option<i64>) {
        let person = self.users.entry(user).or_default();
        (person.has_attributes, person.birth_day) = (true, birth_day);
    }

    /// The users as they are at an instant: later events do not exist yet.
    pub(super) fn users_at(&self, as_of: i64) -> impl Iterator<Item = User<'_>> {
        self.users.iter().map(move |(id, person)| User {
            id,
            as_of,
            today: (as_of + self.ahead).div_euclid(DAY),
            events: &person.events[..person.events.iter().filter(|happened| happened.time <= as_of).count()],
            has_attributes: person.has_attributes,
            birth_day: person.birth_day,
        })
    }
}

/// One user at one instant.
#[derive(Clone, Copy)]
pub(super) struct User<'a> {
    pub(super) id: &'a str,
    pub(super) as_of: i64,
    pub(super) today: i64,
    pub(super) events: &'a [Happened],
    has_attributes: bool,
    birth_day: Option<i64>,
}

impl<'a> User<'a> {
    /// The events of these names; all of them where there is none.
    pub(super) fn events(&self, names: &[&str]) -> impl Iterator<Item = &'a Happened> {
        self.events.iter().filter(move |happened| names.is_empty() || names.contains(&happened.event.name.as_str()))
    }

    /// Those of the last days, of 24 hours each.
    pub(super) fn recent(&self, names: &[&str], days: i64) -> impl Iterator<Item = &'a Happened> {
        let before = self.as_of - days * DAY;
        self.events(names).filter(move |happened| happened.time > before)
    }

    pub(super) fn count(&self, names: &[&str]) -> usize {
        self.events(names).count()
    }

    pub(super) fn count_recent(&self, names: &[&str], days: i64) -> usize {
        self.recent(names, days).count()
    }

    /// Whether the first event of all is as old as a window of so many days, which begins a microsecond after their start.
    pub(super) fn is_observed(&self, days: i64) -> bool {
        self.events.first().is_some_and(|first| first.time <= self.as_of - days * DAY + 1)
    }

    pub(super) fn minor(&self, names: &[&str]) -> i64 {
        self.events(names).filter_map(|happened| happened.event.amount).map(|amount| amount.minor()).sum()
    }

    pub(super) fn days(&self, names: &[&str]) -> Vec<i64> {
        self.events(names).map(|happened| happened.day).collect::<BTreeSet<_>>().into_iter().collect()
    }

    pub(super) fn active_days(&self, names: &[&str]) -> i64 {
        self.days(names).len() as i64
    }

    pub(super) fn days_since_first(&self, names: &[&str]) -> Option<i64> {
        self.events(names).next().map(|first| self.today - first.day)
    }

    pub(super) fn days_since_last(&self, names: &[&str]) -> Option<i64> {
        self.events(names).last().map(|last| self.today - last.day)
    }

    /// Completed years on the day of evaluation.
    pub(super) fn age(&self) -> Option<i64> {
        let (birth_year, birthday) = date(self.birth_day?);
        let (year, today) = date(self.today);
        Some(year - birth_year - i64::from(today < birthday))
    }

    /// Whether a birthday is on one of the days from today to so many days ahead; that of 29 February is on 28 in other years.
    pub(super) fn has_birthday_within(&self, days: i64) -> bool {
        let Some(birth_day) = self.birth_day else { return false };
        let birthday = date(birth_day).1;
        (self.today..=self.today + days).any(|day| {
            let (year, of_day) = date(day);
            of_day == birthday || (birthday == (2, 29) && of_day == (2, 28) && !is_leap(year))
        })
    }

    /// The first event after which a rule holds. For rules that time alone does not change, and that stay true.
    pub(super) fn first(&self, holds: impl Fn(&User<'_>) -> bool) -> Answer {
        let then = |last: usize| {
            let Happened { time, day, .. } = self.events[last];
            User { events: &self.events[..=last], as_of: time, today: day, ..*self }
        };
        let reached = (0..self.events.len()).find(|last| holds(&then(*last)))?;
        Some(Timestamp::from_micros(self.events[reached].time).to_string())
    }
}

impl Happened {
    pub(super) fn property(&self, name: &str) -> Option<&Value> {
        self.event.properties.get(name)
    }
}

/// Year, and month and day, of a day counted from 1970-01-01, by counting.
fn date(day: i64) -> (i64, (u32, u32)) {
    let (mut year, mut left) = (1970, day);
    let days_of = |year| if is_leap(year) { 366 } else { 365 };
    while left < 0 {
        year -= 1;
        left += days_of(year);
    }
    while left >= days_of(year) {
        left -= days_of(year);
        year += 1;
    }
    let february = if is_leap(year) { 29 } else { 28 };
    for (month, length) in (1..).zip([31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]) {
        if left < length {
            return (year, (month, left as u32 + 1));
        }
        left -= length;
    }
    unreachable!("a year has twelve months")
}

fn is_leap(year: i64) -> bool {
    (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
}

/// What a user has been told, by definition.
#[derive(Default)]
pub(super) struct Told(BTreeMap<String, Answer>);

impl Told {
    pub(super) fn add(&mut self, name: &str, answer: Answer) {
        assert!(self.0.insert(name.to_owned(), answer).is_none(), "{name} is recounted twice");
    }

    pub(super) fn into_answers(self) -> impl Iterator<Item = (String, Answer)> {
        self.0.into_iter()
    }

    fn answer(&self, name: &str) -> Option<&str> {
        self.0.get(name).unwrap_or_else(|| panic!("{name} is not recounted so far")).as_deref()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.answer(name).is_some()
    }

    pub(super) fn is(&self, name: &str, value: &str) -> bool {
        self.answer(name) == Some(value)
    }

    pub(super) fn at_least(&self, name: &str, least: i64) -> bool {
        self.answer(name).is_some_and(|number| number.parse::<i64>().unwrap() >= least)
    }
}

/// The days of the standard lifecycle, and the gaps that they come from, where they do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stages {
    pub(super) growth: i64,
    pub(super) maturity: i64,
    pub(super) dormant: i64,
    pub(super) churn: i64,
    pub(super) reactivated: i64,
    pub(super) gaps: u64,
    pub(super) open_gaps: u64,
}

impl Stages {
    /// Dormancy on the first day by which 80 of 100 gaps were over, churn on that of 95 of 100.
    pub(super) fn derive(users: &[User<'_>], activity: &[&str]) -> Self {
        let (mut gaps, mut open_gaps) = (Vec::new(), 0);
        for user in users {
            let days = user.days(activity);
            gaps.extend(days.windows(2).map(|pair| pair[1] - pair[0]));
            open_gaps += u64::from(days.last().is_some_and(|last| *last < user.today));
        }
        let shorter = |day: i64| gaps.iter().filter(|gap| **gap < day).count();
        let first_day = |hundredths: usize| (1..).find(|day| 100 * shorter(*day) >= hundredths * gaps.len()).unwrap();
        let dormant = first_day(80);
        let churn = first_day(95).max(dormant + 1);
        Self { growth: 2, maturity: 5, dormant, churn, reactivated: dormant, gaps: gaps.len() as u64, open_gaps }
    }

    pub(super) fn stage_of(&self, user: &User<'_>, activity: &[&str]) -> Answer {
        if user.events.is_empty() && !user.has_attributes {
            return None;
        }
        let days = user.days(activity);
        let Some(last) = days.last() else { return text("prospect") };
        let silent = user.today - last;
        let came_back = days.windows(2).filter(|pair| pair[1] - pair[0] >= self.churn).map(|pair| pair[1]).max();
        text(match days.len() as i64 {
            _ if silent >= self.churn => "churn",
            _ if silent >= self.dormant => "dormancy",
            _ if came_back.is_some_and(|day| user.today - day < self.reactivated) => "reactivated",
            active if active >= self.maturity => "maturity",
            active if active >= self.growth => "growth",
            _ => "introduction",
        })
    }
}
