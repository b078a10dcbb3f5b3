//! One user: who it is, and all that the user does.

use super::SampleOptions;
use super::live::{Visit, visits};
use super::random::Random;
use super::rhythm;
use super::world::{Draft, Person, World};
use crate::money::Money;
use crate::time::{Calendar, Day, MICROS_PER_DAY, MICROS_PER_SECOND, Span, Timestamp};

const MICROS_PER_MILLI: i64 = 1_000;
/// Of a thousand users, those who were there before the log begins, and over how many days they had joined.
const EARLIER: u32 = 400;
const EARLIER_DAYS: u32 = 730;
/// Days with a second session, and of these with a third, per mille.
const SECOND_SESSION: u32 = 280;
const THIRD_SESSION: u32 = 300;
/// The most events of a session of a user who is on trial.
const TRIAL_SESSION_EVENTS_MAX: u32 = 3;
/// Seconds between two events of a session, and those spent on one thing.
const GAP_SECONDS: (u32, u32) = (4, 150);
const STAY_SECONDS: (u32, u32) = (3, 600);
/// Of a thousand events about a subject, those about the user's own interest.
const OWN_INTEREST: u32 = 600;
/// Of a thousand sessions, those that a message on the phone brought about.
const PUSHED: u32 = 200;
/// Per mille of users of whom each is unknown.
const CITY_UNKNOWN: u32 = 100;
const GENDER_UNKNOWN: u32 = 200;
const BIRTH_DATE_UNKNOWN: u32 = 300;
/// Ages in years at the start of the log, and their weights.
const AGES: [((u32, u32), u32); 5] = [((15, 17), 6), ((18, 24), 34), ((25, 34), 36), ((35, 49), 18), ((50, 69), 6)];
const DAYS_PER_YEAR: u32 = 365;
const CITIES: [(&str, u32); 10] = [
    ("beijing", 18),
    ("shanghai", 18),
    ("guangzhou", 12),
    ("shenzhen", 14),
    ("hangzhou", 10),
    ("chengdu", 8),
    ("wuhan", 6),
    ("nanjing", 5),
    ("xian", 5),
    ("changsha", 4),
];
const GENDERS: [(&str, u32); 2] = [("female", 48), ("male", 52)];
const DEVICES: [(&str, u32); 4] = [("android", 48), ("ios", 30), ("web", 14), ("tablet", 8)];

/// What all users of a log share.
#[derive(Debug)]
pub(super) struct Stage<'a> {
    world: &'static World,
    options: &'a SampleOptions,
    calendar: Calendar,
    end: Timestamp,
}

impl<'a> Stage<'a> {
    pub(super) fn new(world: &'static World, options: &'a SampleOptions) -> Self {
        let midnight = |day: Day| Timestamp::from_micros(i64::from(day.0) * MICROS_PER_DAY);
        let last = Day(options.start.0 + i32::from(options.days));
        let calendar = Calendar::new(options.zone, midnight(options.start), midnight(last));
        let end = calendar.day_start(last);
        Self { world, options, calendar, end }
    }

    /// The user of this number with all events, ascending by time.
    pub(super) fn draw(&self, user: u32) -> (Person, Vec<Draft>) {
        let mut random = Random::of_user(self.options.seed, self.world.salt, user);
        let mut person = self.draw_person(&mut random);
        let visits = visits(&person, self.options, &mut random);
        let mut doings = Doings { random, drafts: Vec::new() };
        for visit in visits {
            let sessions = self.draw_sessions(&visit, &mut doings.random);
            if let (true, Some(first)) = (visit.joins, sessions.first()) {
                person.signup = *first;
            }
            for (number, start) in sessions.into_iter().enumerate() {
                self.draw_opening(&visit, start, number == 0, &mut doings);
                self.draw_session(&person, &visit, start, &mut doings);
            }
        }
        let mut drafts = doings.drafts;
        // Sessions of one day can overlap. Stable: joining stays first.
        drafts.sort_by_key(|draft| draft.time);
        mark_premium(&mut drafts);
        (person, drafts)
    }

    fn draw_person(&self, random: &mut Random) -> Person {
        let personas = self.world.personas;
        let persona = &personas[random.weighted(personas.iter().map(|persona| persona.weight))];
        let days = u32::from(self.options.days);
        let joins_on = if random.chance(EARLIER) {
            -(random.between(1, EARLIER_DAYS) as i32)
        } else {
            // The later of two days: so many more join late than early.
            random.below(days).max(random.below(days)) as i32
        };
        let day = Day(self.options.start.0 + joins_on);
        let (low, high) = random.pick(&AGES).unwrap_or((18, 24));
        let age_days = random.between(low * DAYS_PER_YEAR, (high + 1) * DAYS_PER_YEAR) as i32;
        let mut known = |unknown: u32| !random.chance(unknown);
        let (has_city, has_gender, has_birth) = (known(CITY_UNKNOWN), known(GENDER_UNKNOWN), known(BIRTH_DATE_UNKNOWN));
        Person {
            persona,
            joins_on,
            channel: random.pick(self.world.channels).unwrap_or_default(),
            city: random.pick(&CITIES).filter(|_| has_city),
            gender: random.pick(&GENDERS).filter(|_| has_gender),
            birth_date: has_birth.then_some(Day(self.options.start.0 - age_days)),
            device: random.pick(&DEVICES).unwrap_or_default(),
            interest: random.pick(self.world.subjects).unwrap_or_default(),
            signup: self.instant(day, rhythm::draw_millis(day, random)),
        }
    }

    /// The instants at which the sessions of a day begin, ascending.
    fn draw_sessions(&self, visit: &Visit, random: &mut Random) -> Vec<Timestamp> {
        let day = Day(self.options.start.0 + visit.day);
        let second = random.chance(SECOND_SESSION);
        let count = 1 + u32::from(second) + u32::from(second && random.chance(THIRD_SESSION));
        // A gap of the local clock before the last midnight would move a late session beyond the log's end.
        let last = Timestamp::from_micros(self.end.as_micros() - 1);
        let mut start = || self.instant(day, rhythm::draw_millis(day, random)).min(last);
        let mut starts: Vec<_> = (0..count).map(|_| start()).collect();
        starts.sort_unstable();
        starts
    }

    fn instant(&self, day: Day, millis: i64) -> Timestamp {
        self.calendar.instant_of_local(i64::from(day.0) * MICROS_PER_DAY + millis * MICROS_PER_MILLI)
    }

    /// Adds the events that open a session at its start: of the first one of all, joining comes before.
    fn draw_opening(&self, visit: &Visit, start: Timestamp, opens_day: bool, doings: &mut Doings) {
        if let Some(join) = self.world.join.filter(|_| visit.joins && opens_day) {
            doings.drafts.push(blank(start, join));
        }
        let source = draw_source(visit, opens_day, &mut doings.random);
        doings.drafts.push(Draft { source: Some(source), ..blank(start, self.world.open) });
    }

    /// Adds the events of a session after its opening, the last of them before the log ends.
    fn draw_session(&self, person: &Person, visit: &Visit, start: Timestamp, doings: &mut Doings) {
        let mut time = start;
        let most = if visit.at_home { person.persona.session_events_max } else { TRIAL_SESSION_EVENTS_MAX };
        for _ in 0..doings.random.between(0, most) {
            time = time.plus(draw_gap(&mut doings.random));
            let name = doings.random.weighted(person.persona.events.iter().copied());
            if time >= self.end {
                break;
            }
            // Nobody pays on trial.
            if name != self.world.pay || visit.at_home {
                let draft = self.draw_event(person, blank(time, name), &mut doings.random);
                doings.drafts.push(draft);
            }
        }
    }

    /// Adds to an event what is known of it beside its name.
    fn draw_event(&self, person: &Person, mut draft: Draft, random: &mut Random) -> Draft {
        if draft.name == self.world.pay {
            let prices = self.world.prices;
            let price = prices[random.weighted(prices.iter().map(|price| price.weight))];
            draft.amount = Some(Money::from_minor(price.minor));
            draft.premium_days = price.premium_days;
        }
        if self.world.about.contains(&draft.name) {
            let own = random.chance(OWN_INTEREST);
            draft.subject = if own { Some(person.interest) } else { random.pick(self.world.subjects) };
        }
        if self.world.timed == Some(draft.name) {
            // The less of two draws: most stay for a short while.
            let (low, high) = STAY_SECONDS;
            draft.seconds = Some(i64::from(random.between(low, high).min(random.between(low, high))));
        }
        draft
    }
}

/// What a user has done so far.
#[derive(Debug)]
struct Doings {
    random: Random,
    drafts: Vec<Draft>,
}

fn blank(time: Timestamp, name: usize) -> Draft {
    Draft { time, name, amount: None, source: None, subject: None, seconds: None, premium_days: 0, premium: false }
}

/// Says of each event, in order of time, whether the user has premium then: from a payment on, for the days paid, of
/// 24 hours each. Days paid while there are some left come on top.
fn mark_premium(drafts: &mut [Draft]) {
    let mut until = Timestamp::MIN;
    for draft in drafts {
        if draft.premium_days > 0 {
            until = until.max(draft.time).plus(Span::from_days(draft.premium_days));
        }
        draft.premium = draft.time < until;
    }
}

fn draw_gap(random: &mut Random) -> Span {
    let (low, high) = GAP_SECONDS;
    Span::from_micros(i64::from(random.between(low, high)) * MICROS_PER_SECOND)
}

/// What brought a session about.
fn draw_source(visit: &Visit, opens_day: bool, random: &mut Random) -> &'static str {
    if visit.returns && opens_day {
        "recall"
    } else if random.chance(PUSHED) {
        "push"
    } else {
        "direct"
    }
}
