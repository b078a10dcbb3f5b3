//! Whose first steps can be laid beside what came of them.

use std::ops::Range;

use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::options::{DriverOptions, ObservationStart};
use crate::error::Result;
use crate::id::UserIx;
use crate::log::EventLog;
use crate::rule::{EventMasks, MaskScratch};
use crate::time::Timestamp;

/// How many users there are of each kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DriverPopulation {
    /// Users who count.
    pub user_count: u64,
    /// Those of them who reached the target.
    pub hit_count: u64,
    /// Left out: the time in which the target counts is not over as of the instant of evaluation.
    pub open_count: u64,
    /// Left out: no event, or none before the end of the observation.
    pub absent_count: u64,
    /// Left out: they did the target's events while observed, where newcomers only are asked for.
    pub early_count: u64,
}

/// What a user comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Absent,
    Open,
    Early,
    Miss,
    Hit,
}

/// The users' fates.
#[derive(Debug)]
pub(super) struct Population {
    pub(super) fates: Vec<Fate>,
    pub(super) counts: DriverPopulation,
}

/// The time in which a user is observed, `[start, end)`.
pub(super) fn observation(times: &[i64], options: &DriverOptions) -> Option<Range<i64>> {
    let long = options.observation.as_micros();
    match options.start {
        ObservationStart::FirstEvent => times.first().map(|first| *first..first.saturating_add(long)),
        ObservationStart::Until(end) => {
            let end = end.as_micros();
            times.first().filter(|first| **first < end).map(|_| end.saturating_sub(long)..end)
        }
    }
}

impl Population {
    pub(super) fn new(log: &EventLog, as_of: Timestamp, options: &DriverOptions) -> Result<Self> {
        let masks = EventMasks::new(log, &log.calendar(as_of), std::slice::from_ref(&options.target))?;
        let fates_of = |users: Range<usize>| -> Vec<Fate> {
            let (mut scratch, mut words) = (MaskScratch::default(), Vec::new());
            let mut fate = |user: usize| {
                let events = log.events_of(UserIx(user as u32)).until(as_of);
                let times = events.time_micros();
                let Some(observed) = observation(times, options) else { return Fate::Absent };
                let end = observed.end.saturating_add(options.within.as_micros());
                if end > as_of.as_micros().saturating_add(1) {
                    return Fate::Open;
                }
                masks.fill(events.rows(), &mut scratch, &mut words);
                let count = |window: Range<i64>| {
                    let from = times.partition_point(|time| *time < window.start);
                    let until = times.partition_point(|time| *time < window.end);
                    words[from..until.max(from)].iter().sum::<u64>()
                };
                if options.newcomers_only && count(observed.clone()) > 0 {
                    return Fate::Early;
                }
                let is_done = count(observed.end..end) >= u64::from(options.target_count_min);
                if is_done != options.target_absent { Fate::Hit } else { Fate::Miss }
            };
            users.map(&mut fate).collect()
        };
        let parts: Vec<Vec<Fate>> = log.thread_ranges().into_par_iter().map(fates_of).collect();
        let fates = parts.concat();
        let count = |fate| fates.iter().filter(|known| **known == fate).count() as u64;
        let hit_count = count(Fate::Hit);
        let counts = DriverPopulation {
            user_count: count(Fate::Miss) + hit_count,
            hit_count,
            open_count: count(Fate::Open),
            absent_count: count(Fate::Absent),
            early_count: count(Fate::Early),
        };
        Ok(Self { fates, counts })
    }

    /// Whether a user reached the target; none for users who do not count.
    #[inline]
    pub(super) fn is_hit(&self, user: usize) -> Option<bool> {
        match self.fates[user] {
            Fate::Hit => Some(true),
            Fate::Miss => Some(false),
            Fate::Absent | Fate::Open | Fate::Early => None,
        }
    }
}
