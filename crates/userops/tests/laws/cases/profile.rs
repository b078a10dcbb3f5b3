//! Cases of profiles: what a user has done, by the scalar definition, in columns, and brought up to date.

use std::collections::BTreeMap;

use serde::Deserialize;
use userops::event::EventSchema;
use userops::id::UserId;
use userops::profile::{
    Gaps, OrderProfile, Profile, ProfileOptions, ProfileRules, WindowProfile, build_profile, build_profiles,
};
use userops::time::Timestamp;

use super::ingest::{EventInput, read_events};
use super::{Judge, Verdict};

/// Events as plain data, and the profiles as of an instant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProfileCase {
    #[serde(default)]
    schema: EventSchema,
    events: Vec<EventInput>,
    as_of: Timestamp,
    #[serde(default)]
    options: ProfileOptions,
    /// Profiles that are brought up to date.
    earlier: Option<Earlier>,
    expect: ProfileExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Earlier {
    as_of: Timestamp,
    /// How many of the events had arrived.
    events: usize,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileExpect {
    #[serde(default)]
    profiles: Vec<UserExpect>,
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserExpect {
    user: UserId,
    event_count: Option<u32>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    active_days: Option<u32>,
    days_since_last: Option<u32>,
    amount_minor: Option<i64>,
    windows: Option<Vec<WindowExpect>>,
    events: Option<Vec<NameExpect>>,
    gaps: Option<GapsExpect>,
    orders: Option<OrdersExpect>,
    /// Every hour with an event, and how many it has.
    by_hour: Option<BTreeMap<String, u32>>,
    by_weekday: Option<[u32; 7]>,
    channel: Option<String>,
    interests: Option<Vec<InterestExpect>>,
    /// The parts of the profile that are not known.
    #[serde(default)]
    unknown: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowExpect {
    days: u32,
    event_count: Option<u32>,
    order_count: Option<u32>,
    revenue_minor: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NameExpect {
    name: String,
    count: Option<u32>,
    amount_minor: Option<i64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct GapsExpect {
    mean_days: Option<f64>,
    median_days: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrdersExpect {
    order_count: Option<u32>,
    purchase_days: Option<u32>,
    revenue_minor: Option<i64>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    days_since_last: Option<u32>,
    gaps: Option<GapsExpect>,
    average_order_minor: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct InterestExpect {
    category: String,
    weight: Option<f64>,
}

impl Judge for ProfileCase {
    fn judge(self, verdict: &mut Verdict) {
        let (log, _) = read_events(self.schema.clone(), &self.events).unwrap();
        let built = build_profiles(&log, self.as_of, self.options.clone());
        let Some(table) = verdict.result(self.expect.refused.as_deref(), built) else { return };
        let rules = ProfileRules::new(&log, self.options.clone()).unwrap();
        let updated = self.earlier.map(|earlier| {
            let (previous, _) = read_events(self.schema, &self.events[..earlier.events]).unwrap();
            let table = build_profiles(&previous, earlier.as_of, self.options).unwrap();
            table.update(&previous, &log, self.as_of).unwrap()
        });
        for expect in &self.expect.profiles {
            let (id, asserted) = (&expect.user, verdict.asserted);
            let Some(user) = log.users().find(id.as_ref()) else {
                verdict.fail(format!("there is no user {id:?}"));
                continue;
            };
            let scalar = build_profile(log.events_of(user), self.as_of, &rules, &log.calendar(self.as_of));
            judge_profile(&format!("by itself, user {id:?}"), expect, &scalar, verdict);
            let columns = table.profile(&log, user).unwrap();
            judge_profile(&format!("in columns, user {id:?}"), expect, &columns, verdict);
            if let Some(updated) = &updated {
                let updated = updated.profile(&log, user).unwrap();
                judge_profile(&format!("brought up to date, user {id:?}"), expect, &updated, verdict);
            }
            if verdict.asserted == asserted {
                verdict.fail(format!("asserts nothing of user {id:?}"));
            }
        }
    }
}

fn judge_profile(user: &str, expect: &UserExpect, profile: &Profile, verdict: &mut Verdict) {
    let what = |what: &str| format!("{user}: {what}");
    verdict.equal(&what("event_count"), expect.event_count, profile.event_count);
    verdict.equal(&what("first_seen"), expect.first_seen.map(Some), profile.first_seen);
    verdict.equal(&what("last_seen"), expect.last_seen.map(Some), profile.last_seen);
    verdict.equal(&what("active_days"), expect.active_days, profile.active_days);
    verdict.equal(&what("days_since_last"), expect.days_since_last.map(Some), profile.days_since_last);
    verdict.equal(&what("amount_minor"), expect.amount_minor, profile.amount.minor());
    if let Some(windows) = &expect.windows {
        judge_windows(user, windows, &profile.windows, verdict);
    }
    if let Some(events) = &expect.events {
        let names: Vec<&str> = profile.events.iter().map(|event| event.name.as_str()).collect();
        verdict.equal(&what("the names"), Some(events.iter().map(|event| event.name.as_str()).collect()), names);
        for (expect, event) in events.iter().zip(&profile.events) {
            let what = |what: &str| format!("{user}: {what} of {}", event.name);
            verdict.equal(&what("count"), expect.count, event.count);
            verdict.equal(&what("amount_minor"), expect.amount_minor, event.amount.minor());
            verdict.equal(&what("first"), expect.first.map(Some), event.first);
            verdict.equal(&what("last"), expect.last.map(Some), event.last);
        }
    }
    judge_gaps(&what("gaps"), expect.gaps.as_ref(), profile.gaps, verdict);
    if let Some(orders) = &expect.orders {
        judge_orders(user, orders, &profile.orders, verdict);
    }
    if let Some(hours) = &expect.by_hour {
        let by_hour = profile.habits.by_hour.iter().enumerate().filter(|(_, count)| **count > 0);
        let by_hour = by_hour.map(|(hour, count)| (hour.to_string(), *count)).collect();
        verdict.equal(&what("by_hour"), Some(hours), &by_hour);
    }
    verdict.equal(&what("by_weekday"), expect.by_weekday, profile.habits.by_weekday);
    verdict.equal(&what("channel"), expect.channel.as_deref().map(Some), profile.channel.as_deref());
    if let Some(interests) = &expect.interests {
        let expected = interests.iter().map(|interest| interest.category.as_str()).collect();
        let categories: Vec<&str> = profile.interests.iter().map(|(category, _)| category.as_str()).collect();
        verdict.equal(&what("interests"), Some(expected), categories);
        for (interest, (category, weight)) in interests.iter().zip(&profile.interests) {
            verdict.close(&what(category), interest.weight, Some(*weight));
        }
    }
    for part in &expect.unknown {
        verdict.equal(&what(part), Some(true), is_unknown(part, profile));
    }
}

fn judge_windows(user: &str, expected: &[WindowExpect], windows: &[WindowProfile], verdict: &mut Verdict) {
    let lengths = windows.iter().map(|window| window.days).collect::<Vec<_>>();
    verdict.equal(&format!("{user}: windows"), Some(expected.iter().map(|window| window.days).collect()), lengths);
    for (expect, window) in expected.iter().zip(windows) {
        let what = |what: &str| format!("{user}: {what} of {} days", window.days);
        verdict.equal(&what("event_count"), expect.event_count, window.event_count);
        verdict.equal(&what("order_count"), expect.order_count, window.orders.order_count);
        verdict.equal(&what("revenue_minor"), expect.revenue_minor, window.orders.revenue.minor());
    }
}

fn judge_orders(user: &str, expect: &OrdersExpect, orders: &OrderProfile, verdict: &mut Verdict) {
    let what = |what: &str| format!("{user}: {what} of orders");
    verdict.equal(&what("order_count"), expect.order_count, orders.order_count);
    verdict.equal(&what("purchase_days"), expect.purchase_days, orders.purchase_days);
    verdict.equal(&what("revenue_minor"), expect.revenue_minor, orders.revenue.minor());
    verdict.equal(&what("first"), expect.first.map(Some), orders.first);
    verdict.equal(&what("last"), expect.last.map(Some), orders.last);
    verdict.equal(&what("days_since_last"), expect.days_since_last.map(Some), orders.days_since_last);
    judge_gaps(&what("gaps"), expect.gaps.as_ref(), orders.gaps, verdict);
    verdict.close(&what("average_order_minor"), expect.average_order_minor, orders.average_order_minor());
}

fn judge_gaps(what: &str, expect: Option<&GapsExpect>, gaps: Gaps, verdict: &mut Verdict) {
    let Some(expect) = expect else { return };
    verdict.close(&format!("{what}, mean_days"), expect.mean_days, gaps.mean_days);
    verdict.close(&format!("{what}, median_days"), expect.median_days, gaps.median_days);
}

fn is_unknown(part: &str, profile: &Profile) -> bool {
    let has_gaps = |gaps: Gaps| gaps.mean_days.is_some() || gaps.median_days.is_some();
    match part {
        "first_seen" => profile.first_seen.is_none(),
        "last_seen" => profile.last_seen.is_none(),
        "days_since_last" => profile.days_since_last.is_none(),
        "gaps" => !has_gaps(profile.gaps),
        "channel" => profile.channel.is_none(),
        "orders.first" => profile.orders.first.is_none(),
        "orders.last" => profile.orders.last.is_none(),
        "orders.days_since_last" => profile.orders.days_since_last.is_none(),
        "orders.gaps" => !has_gaps(profile.orders.gaps),
        "orders.average_order_minor" => profile.orders.average_order_minor().is_none(),
        _ => panic!("{part:?} is no part of a profile that can be unknown"),
    }
}
