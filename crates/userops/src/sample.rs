//! Invented logs of two products, the same to the last bit on every machine: for tutorials, tests and demonstrations.
//!
//! A [`community`] is one of knowledge: people register, read, ask, answer, follow and pay for answers. A
//! [`content_app`] is one that people visit to read and post, and pay to read without limits. In both, two users in five
//! were there before the log begins, the others join within it, more of them late than early. Newcomers find their way
//! in or are gone after a few days. Who stays has habits (a few create, more react, most read), hours and weekdays, falls
//! asleep, is woken or leaves, and is now and then won back. The numbers behind it are plausible, not measured of any
//! product.
//!
//! **How they stay the same.** Everything is drawn in whole numbers by the generator SplitMix64, whose stream its paper
//! fixes; no float takes part, hence no platform's mathematics library. A user has a stream of their own, made of seed,
//! product and the user's number, so that the users of a smaller log are the first users of a larger one. Instants
//! follow local hours by the zone; only in a zone other than UTC do they rest on the time zone database of the build.
//!
//! ```
//! use userops::sample::{SampleOptions, community};
//!
//! let log = community(SampleOptions::default().users(100).days(30).seed(42))?;
//! assert_eq!(log.user_count(), 100);
//! assert!(log.names().iter().any(|name| name == "post_answer"));
//! # Ok::<(), userops::error::Error>(())
//! ```

mod assemble;
mod community;
mod content_app;
mod draw;
mod live;
mod random;
mod rhythm;
mod world;

pub(crate) use random::Random;

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, invalid_argument, limit_exceeded, name_hint};
use crate::event::Event;
use crate::log::EventLog;
use crate::table::Table;
use crate::time::{Day, Zone};
use world::World;

/// The most users times days a sample may have: about a hundred million events, which take some gigabytes.
pub const USER_DAYS_MAX: u64 = 200_000_000;
/// The years in which a sample may start: calendars before and after are of no use to a tutorial.
const START_YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;

/// Which product a sample is of.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SampleKind {
    /// See [`community`].
    Community,
    /// See [`content_app`].
    ContentApp,
}

impl SampleKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Community, Self::ContentApp];

    /// The stable name: `community` or `content_app`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Community => "community",
            Self::ContentApp => "content_app",
        }
    }

    fn world(self) -> &'static World {
        match self {
            Self::Community => &community::WORLD,
            Self::ContentApp => &content_app::WORLD,
        }
    }
}

impl fmt::Display for SampleKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for SampleKind {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
            let hint = name_hint(name, Self::ALL.iter().map(|kind| kind.name()));
            invalid_argument(format!("{name:?} is not a kind of sample{hint}"))
        })
    }
}

/// How large a sample is, when it plays, and which one of many it is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SampleOptions {
    /// Which of the many possible logs.
    pub seed: u64,
    /// Exactly how many users the log has. Some have no event, and are known by their attributes only.
    pub users: u32,
    /// How many local calendar days the log spans, from 1.
    pub days: u16,
    /// The first of these days, in the years 1900 to 2200.
    pub start: Day,
    /// The zone in which users live, and that of the log's calendar.
    pub zone: Zone,
}

impl Default for SampleOptions {
    /// A thousand users over half a year from 2025-01-06, a Monday, in UTC: a log that fits any machine.
    fn default() -> Self {
        Self { seed: 1, users: 1_000, days: 180, start: Day(20_094), zone: Zone::UTC }
    }
}

impl SampleOptions {
    /// Sets which of the many possible logs it is.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// Sets the number of users.
    #[must_use]
    pub fn users(mut self, users: u32) -> Self {
        self.users = users;
        self
    }

    /// Sets the number of days.
    #[must_use]
    pub fn days(mut self, days: u16) -> Self {
        self.days = days;
        self
    }

    /// Sets the first day.
    #[must_use]
    pub fn start(mut self, start: Day) -> Self {
        self.start = start;
        self
    }

    /// Sets the zone.
    #[must_use]
    pub fn zone(mut self, zone: Zone) -> Self {
        self.zone = zone;
        self
    }

    fn check(&self) -> Result<()> {
        if self.days == 0 {
            return Err(invalid_argument("a sample of 0 days has no events; ask for at least 1"));
        }
        let user_days = u64::from(self.users) * u64::from(self.days);
        if user_days > USER_DAYS_MAX {
            return Err(limit_exceeded(format!(
                "{} users over {} days are {user_days} user-days, more than the limit {USER_DAYS_MAX}; \
                 ask for fewer users or days",
                self.users, self.days
            )));
        }
        let year = self.start.month().0.div_euclid(12);
        if !START_YEARS.contains(&year) {
            return Err(invalid_argument(format!(
                "a sample cannot start on {}; it starts in a year from {} to {}",
                self.start,
                START_YEARS.start(),
                START_YEARS.end()
            )));
        }
        Ok(())
    }
}

/// The log of a knowledge community.
///
/// Events: `register`, `login`, `view`, `search`, `follow`, `like`, `comment`, `post_answer`, `ask`, `share`, `invite`,
/// `pay` (with an amount). Properties: `topic` (text) of all but `register`, `login`, `invite` and `pay`; `source`
/// (text) of `login`: `direct`, `push`, or `recall` for the first after a long sleep. Attributes: `channel`, `city`,
/// `gender`, `birth_date`, of which all but the channel are unknown for some users, and `signup`. User ids are texts.
///
/// # Errors
/// `InvalidArgument` for no days or a start outside the years 1900 to 2200; `LimitExceeded` above [`USER_DAYS_MAX`].
pub fn community(options: SampleOptions) -> Result<EventLog> {
    log(SampleKind::Community, options)
}

/// The log of a content app.
///
/// Events: `visit`, `view`, `post`, `like`, `share`, `invite`, `pay` (with an amount). Properties: `category` (text) of
/// `view`, `post`, `like` and `share`; `seconds` (integer) of `view`, the time spent; `premium` (bool) of every event,
/// which is true from a payment on for the days paid, of 24 hours each. Attributes: `channel`, `device`, and `signup`. User ids are
/// integers.
///
/// # Errors
/// As [`community`].
pub fn content_app(options: SampleOptions) -> Result<EventLog> {
    log(SampleKind::ContentApp, options)
}

/// The log of either product.
///
/// Takes time proportional to the events, and memory for the log and one batch of rows.
///
/// # Errors
/// As [`community`].
pub fn log(kind: SampleKind, options: SampleOptions) -> Result<EventLog> {
    options.check()?;
    assemble::log(kind.world(), &options)
}

/// The events of [`log`] one by one, in order of time and, at one instant, of users: what a product's server would
/// have written.
///
/// # Errors
/// As [`community`].
pub fn events(kind: SampleKind, options: SampleOptions) -> Result<Vec<Event>> {
    options.check()?;
    Ok(assemble::events(kind.world(), &options))
}

/// The users of [`log`]: the column `user` and one for each attribute, a row per user.
///
/// # Errors
/// As [`community`].
pub fn users(kind: SampleKind, options: SampleOptions) -> Result<Table> {
    options.check()?;
    assemble::users(kind.world(), &options)
}
