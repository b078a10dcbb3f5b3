//! Cases of the order ladder: its rungs, and how far each user has climbed.

use serde::Deserialize;
use userops::analytics::interval::Share;
use userops::analytics::ladder::{LadderOptions, LadderPart, LadderRules, Rung, build_ladder, climb};
use userops::event::EventSchema;
use userops::id::UserId;
use userops::time::{Day, Timestamp};

use super::ingest::{EventInput, read_events};
use super::{Judge, Verdict};

/// Events as plain data, and the ladder as of an instant.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LadderCase {
    #[serde(default)]
    schema: EventSchema,
    events: Vec<EventInput>,
    as_of: Timestamp,
    options: LadderOptions,
    expect: LadderExpect,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LadderExpect {
    rungs: Option<Vec<RungExpect>>,
    #[serde(default)]
    users: Vec<UserExpect>,
    refused: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RungExpect {
    name: Option<String>,
    reached: Option<u64>,
    standing: Option<u64>,
    conversion: Option<ShareExpect>,
    share: Option<ShareExpect>,
    days: Option<DaysExpect>,
    /// Whether nobody took the step.
    no_days: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareExpect {
    of: Option<u64>,
    ratio: Option<f64>,
    low: Option<f64>,
    high: Option<f64>,
    /// Whether there is no ratio.
    undefined: Option<bool>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct DaysExpect {
    users: Option<u64>,
    mean: Option<f64>,
    quartile_1: Option<f64>,
    median: Option<f64>,
    quartile_3: Option<f64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct UserExpect {
    user: UserId,
    rung: Option<u8>,
    /// Whether the user is known at all.
    known: Option<bool>,
    order_count: Option<u64>,
    /// The local date of each rung reached.
    days: Option<Vec<Day>>,
    /// The days that each step took.
    days_since_previous: Option<Vec<f64>>,
}

impl Judge for LadderCase {
    fn judge(self, verdict: &mut Verdict) {
        let (log, _) = read_events(self.schema, &self.events).unwrap();
        let built = build_ladder(&log, self.as_of, self.options.clone());
        let Some(ladder) = verdict.result(self.expect.refused.as_deref(), built) else { return };
        let rules = LadderRules::new(&log, self.options).unwrap();
        let part = LadderPart::build(&log, self.as_of, &rules).rungs();
        if let Some(rungs) = &self.expect.rungs {
            for actual in [ladder.rungs(), &part] {
                judge_rungs(rungs, actual, verdict);
            }
        }
        for expect in &self.expect.users {
            let what = |what: &str| format!("{what} of user {:?}", expect.user);
            let asserted = verdict.asserted;
            let Some(user) = log.users().find(expect.user.as_ref()) else {
                verdict.fail(what("no row"));
                continue;
            };
            let climb = climb(log.events_of(user), self.as_of, &rules);
            for rung in [climb.rung(), ladder.user_rungs().get(user.index())] {
                verdict.equal(&what("the rung"), expect.rung.map(Some), rung);
                verdict.equal(&what("known"), expect.known, rung.is_some());
            }
            verdict.equal(&what("order_count"), expect.order_count, climb.order_count);
            let days = climb.steps.iter().map(|step| step.day).collect();
            verdict.equal(&what("days"), expect.days.as_ref(), &days);
            if let Some(expected) = &expect.days_since_previous {
                verdict.equal(&what("the number of steps"), Some(expected.len()), climb.steps.len());
                for (expected, step) in expected.iter().zip(&climb.steps) {
                    verdict.close(&what("days_since_previous"), Some(*expected), Some(step.days_since_previous));
                }
            }
            if verdict.asserted == asserted {
                verdict.fail(what("nothing is asserted"));
            }
        }
    }
}

fn judge_rungs(expected: &[RungExpect], rungs: &[Rung], verdict: &mut Verdict) {
    verdict.equal("the number of rungs", Some(expected.len()), rungs.len());
    for (expect, rung) in expected.iter().zip(rungs) {
        let what = |what: &str| format!("{what} of rung {}", rung.number);
        verdict.equal(&what("the name"), expect.name.as_ref(), &rung.name());
        verdict.equal(&what("reached"), expect.reached, rung.reached_count);
        verdict.equal(&what("standing"), expect.standing, rung.standing_count);
        judge_share(&what("conversion"), expect.conversion.as_ref(), rung.conversion, verdict);
        judge_share(&what("share"), expect.share.as_ref(), Some(rung.share), verdict);
        verdict.equal(&what("no_days"), expect.no_days, rung.days.is_none());
        let Some(expect) = &expect.days else { continue };
        verdict.equal(&what("users"), expect.users.map(Some), rung.days.map(|days| days.user_count));
        for (name, expected, actual) in [
            ("mean", expect.mean, rung.days.map(|days| days.mean_days)),
            ("quartile_1", expect.quartile_1, rung.days.map(|days| days.quartile_1_days)),
            ("median", expect.median, rung.days.map(|days| days.median_days)),
            ("quartile_3", expect.quartile_3, rung.days.map(|days| days.quartile_3_days)),
        ] {
            verdict.close(&what(name), expected, actual);
        }
    }
}

fn judge_share(what: &str, expect: Option<&ShareExpect>, share: Option<Share>, verdict: &mut Verdict) {
    let Some(expect) = expect else { return };
    let interval = share.and_then(|share| share.interval);
    verdict.equal(&format!("{what}, of"), expect.of.map(Some), share.map(|share| share.of_count));
    verdict.close(&format!("{what}, ratio"), expect.ratio, share.and_then(|share| share.ratio));
    verdict.close(&format!("{what}, low"), expect.low, interval.map(|interval| interval.low));
    verdict.close(&format!("{what}, high"), expect.high, interval.map(|interval| interval.high));
    let undefined = share.is_some_and(|share| share.ratio.is_none() && share.interval.is_none());
    verdict.equal(&format!("{what}, undefined"), expect.undefined, undefined);
}
