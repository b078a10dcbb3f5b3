//! The days on which a user comes: joining, habit, sleep, being woken, leaving and being won back.

use super::SampleOptions;
use super::random::Random;
use super::rhythm;
use super::world::{Person, Persona};
use crate::time::Day;

/// Of those who were there before the log: still active, asleep, gone.
const EARLIER_PHASES: [(Phase, u32); 3] = [(Phase::Active, 400), (Phase::Asleep, 250), (Phase::Gone, 350)];
/// That one who is gone is won back, per mille of a day: about one in six over half a year.
const WON_BACK: u32 = 1;
/// Days for which a newcomer who does not find the way in still looks around, and the chance of it per mille.
const TRIAL_DAYS: i32 = 3;
const TRIAL_COMES: u32 = 250;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Joined and not at home yet, until the day of this number.
    Trial(i32),
    Active,
    Asleep,
    Gone,
}

/// A day on which a user comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Visit {
    /// Counted from the first day of the log.
    pub(super) day: i32,
    /// Whether this is the day of joining.
    pub(super) joins: bool,
    /// Whether the user comes back after a sleep or from being gone.
    pub(super) returns: bool,
    /// Whether the user is at home here; one on trial does little.
    pub(super) at_home: bool,
}

/// The days on which this user comes, ascending.
pub(super) fn visits(person: &Person, options: &SampleOptions, random: &mut Random) -> Vec<Visit> {
    let persona = person.persona;
    let mut visits = Vec::new();
    let mut phase = if person.joins_on >= 0 {
        let at_home = random.chance(persona.activates);
        visits.push(Visit { day: person.joins_on, joins: true, returns: false, at_home });
        if at_home { Phase::Active } else { Phase::Trial(person.joins_on + TRIAL_DAYS) }
    } else {
        random.pick(&EARLIER_PHASES).unwrap_or(Phase::Gone)
    };
    let first = if person.joins_on >= 0 { person.joins_on + 1 } else { 0 };
    for day in first..i32::from(options.days) {
        let (comes, returns) = step(&mut phase, day, options.start, persona, random);
        if comes {
            visits.push(Visit { day, joins: false, returns, at_home: phase == Phase::Active });
        }
        if phase == Phase::Active && random.chance(persona.falls_asleep) {
            phase = Phase::Asleep;
        }
    }
    visits
}

/// Whether a user comes on a day, and whether that ends an absence.
fn step(phase: &mut Phase, day: i32, start: Day, persona: &Persona, random: &mut Random) -> (bool, bool) {
    match *phase {
        Phase::Trial(end) if day >= end => {
            *phase = Phase::Gone;
            (false, false)
        }
        Phase::Trial(_) => (random.chance(TRIAL_COMES), false),
        Phase::Active => {
            let percent = rhythm::percent_on(Day(start.0 + day));
            (random.chance(persona.comes * percent / 100), false)
        }
        Phase::Asleep if random.chance(persona.wakes) => {
            *phase = Phase::Active;
            (true, true)
        }
        Phase::Asleep => {
            if random.chance(persona.leaves) {
                *phase = Phase::Gone;
            }
            (false, false)
        }
        Phase::Gone => {
            let won_back = random.chance(WON_BACK);
            if won_back {
                *phase = Phase::Active;
            }
            (won_back, won_back)
        }
    }
}
