//! Activity: active users by day, week and month, growth accounting, and how often each user comes.

use std::fmt::Write as _;

use userops::activity::{
    ActiveDayCounts, ActiveDayOptions, ActiveUserOptions, ActiveUsers, Stickiness, count_active_days,
    count_active_users, measure_stickiness,
};
use userops::analytics::growth::{Growth, GrowthOptions, GrowthRow, NewUser, account_growth};
use userops::analytics::interval::Share;
use userops::error::Result;
use userops::log::EventLog;
use userops::time::Timestamp;

use super::{NamedTable, SIGNUP, WEEK, WEEKS_SHOWN, knows_signup, tail};
use crate::layout::{TextTable, count, decimal, heading, percent, starred};

/// The days that are printed: each weekday once.
const DAYS_SHOWN: usize = 7;
/// How many days of the last 28 a user was there, in groups that people use: hardly, weekly, half of them, daily.
const DAY_GROUPS: [(u32, u32); 6] = [(1, 1), (2, 3), (4, 7), (8, 14), (15, 21), (22, 28)];

/// The answers about activity.
#[derive(Debug)]
pub struct ActivityPart {
    /// DAU, WAU and MAU.
    pub active: ActiveUsers,
    /// New, returning, resurrecting and dormant users by week.
    pub growth: Growth,
    /// On how many days of the last 28 each user was there.
    pub days: ActiveDayCounts,
    /// On how many days of a week its users were there.
    pub stickiness: Stickiness,
}

impl ActivityPart {
    pub(super) fn new(log: &EventLog, as_of: Timestamp) -> Result<Self> {
        let new_user = if knows_signup(log) { NewUser::Attribute(SIGNUP.to_owned()) } else { NewUser::FirstEvent };
        Ok(Self {
            active: count_active_users(log, as_of, &ActiveUserOptions::default())?,
            growth: account_growth(log, as_of, GrowthOptions::new(WEEK).new_user(new_user))?,
            days: count_active_days(log, as_of, &ActiveDayOptions::default())?,
            stickiness: measure_stickiness(log, as_of, WEEK)?,
        })
    }

    pub(super) fn tables(&self) -> Result<Vec<NamedTable>> {
        Ok(vec![
            ("active_users", self.active.to_table()?),
            ("growth", self.growth.to_table()?),
            ("power_curve", self.days.power_curve_table()?),
            ("stickiness", self.stickiness.to_table()?),
        ])
    }

    pub(super) fn render(&self) -> String {
        [self.active_section(), self.growth_section(), self.power_section()].concat()
    }

    fn active_section(&self) -> String {
        let Some(last) = self.active.rows.last() else { return String::new() };
        let mut text = heading("Active users: DAU, WAU, MAU");
        let _ = writeln!(
            text,
            "  On {} there were {} active users, {} in the 7 days and {} in the 28 days up to then: DAU/MAU {}.",
            last.day,
            count(last.active_counts[0]),
            count(last.active_counts[1]),
            count(last.active_counts[2]),
            percent(last.stickiness_ratio),
        );
        let weeks = self.stickiness.rows.iter().filter(|row| row.complete);
        if let Some(week) = weeks.map(|row| row.first_day).max() {
            let of_week = self.stickiness.rows.iter().filter(|row| row.first_day == week);
            let days: u64 = of_week.clone().map(|row| u64::from(row.day_count) * row.exactly_count).sum();
            let users: u64 = of_week.map(|row| row.exactly_count).sum();
            let mean = (users > 0).then(|| days as f64 / users as f64);
            let _ = writeln!(text, "  In the week of {week} its users came on {} days on average.", decimal(mean, 1));
        }
        let mut table = TextTable::new(&["day", "DAU", "WAU", "MAU (28 days)", "DAU/MAU "]);
        for row in tail(&self.active.rows, DAYS_SHOWN) {
            let mut cells = vec![format!("{} {:?}", row.day, row.day.weekday())];
            cells.extend(row.active_counts.iter().map(|users| count(*users)));
            // Before 28 days have passed there is less than a month to count.
            cells.push(starred(&percent(row.stickiness_ratio), row.complete && row.full));
            table.row(cells);
        }
        text + &table.render()
    }

    fn growth_section(&self) -> String {
        let mut text = heading("Growth accounting by week");
        if let Some(last) = self.growth.rows.iter().rfind(|row| row.complete) {
            let won = last.new_count + last.resurrecting_count;
            let _ = writeln!(
                text,
                "  {} users were won (new or back again) and {} fell asleep in the week of {}: quick ratio {}.",
                count(won),
                count(last.dormant_count),
                last.first_day,
                decimal(last.quick_ratio(), 2),
            );
        }
        let headings =
            ["week of", "active", "new", "returning", "resurrecting", "dormant", "net", "retained", "quick ratio "];
        let mut table = TextTable::new(&headings);
        for row in tail(&self.growth.rows, WEEKS_SHOWN) {
            table.row(growth_cells(row));
        }
        text + &table.render()
    }

    fn power_section(&self) -> String {
        let curve = self.days.power_curve();
        let of = |(low, high): (u32, u32)| {
            let meant = curve.iter().filter(|point| (low..=high).contains(&point.day_count));
            meant.map(|point| point.exactly_count).sum::<u64>()
        };
        let all = of((1, self.days.options.days));
        if all == 0 {
            return String::new();
        }
        let [weekly, once] = [of((8, self.days.options.days)), of((1, 1))].map(|users| Share::new(users, all));
        let mut text = heading("Power users: days of the last 28 on which a user was there");
        let _ = writeln!(
            text,
            "  Of {} users, {} came on more than 7 days, and {} on one only.",
            count(all),
            percent(weekly.ratio),
            percent(once.ratio),
        );
        let mut table = TextTable::new(&["days", "users", "share", "at least so many", "share"]);
        for (low, high) in DAY_GROUPS {
            let [exactly, at_least] =
                [of((low, high)), of((low, self.days.options.days))].map(|users| Share::new(users, all));
            table.row([
                if low == high { low.to_string() } else { format!("{low}–{high}") },
                count(exactly.count),
                percent(exactly.ratio),
                count(at_least.count),
                percent(at_least.ratio),
            ]);
        }
        text + &table.render()
    }
}

fn growth_cells(row: &GrowthRow) -> [String; 9] {
    [
        row.first_day.to_string(),
        count(row.active_count),
        count(row.new_count),
        count(row.returning_count),
        count(row.resurrecting_count),
        count(row.dormant_count),
        format!("{:+}", row.net_count()),
        percent(row.retention_ratio()),
        starred(&decimal(row.quick_ratio(), 2), row.complete),
    ]
}
