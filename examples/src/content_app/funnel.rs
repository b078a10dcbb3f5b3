//! The funnel from a visit to a payment: how far users come, when, by what, who, and one of them in particular.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use userops::analytics::interval::Share;
use userops::column::Bitmap;
use userops::error::Result;
use userops::funnel::{
    Breakdown, Conversion, ConversionBreakdown, ConversionComparison, ConversionTimes, ConversionTrend, EntryChoice,
    EntryStatus, Funnel, FunnelStep, LevelTally, StopReason, Trace, break_down_conversion, compare_conversion,
    measure_conversion, time_conversion, trace_funnel, trend_conversion,
};
use userops::id::UserIx;
use userops::log::EventLog;
use userops::time::{Span, Timestamp};
use userops::value::ValueRef;

use super::{LIKE, NamedTable, PAY, POST, SHARE, VIEW, VISIT, WEEK, WEEKS_SHOWN, tail};
use crate::layout::{TextTable, clock, count, duration, heading, percent, percent_range, probability, starred};

/// The days that users have from the visit on.
const WINDOW_DAYS: i64 = 7;
/// The steps by number, from 1.
const VIEWED: usize = 2;
const REACTED: usize = 3;
const PAID: usize = 4;
/// The property that conversion is broken down by, of the event of step [`VIEWED`].
const CATEGORY: &str = "category";
/// A difference less likely than this by chance alone is told as more than chance.
const P_VALUE_MAX: f64 = 0.05;
/// Of the users who came to the last step but one, so many are looked at for one who came too late.
const TRACED_MAX: usize = 200;

/// The answers about the funnel.
#[derive(Debug)]
pub struct FunnelPart {
    /// How many come how far.
    pub conversion: Conversion,
    /// How long it takes them.
    pub times: ConversionTimes,
    /// Every attempt by the week in which it began.
    pub trend: ConversionTrend,
    /// By the category of what was viewed.
    pub by_category: ConversionBreakdown,
    /// Those who liked something on their first day against the others.
    pub audiences: ConversionComparison,
    /// One user who did not come to the end, and why.
    pub traced: Option<(UserIx, Trace)>,
    as_of: Timestamp,
}

/// A visit, a view, something shared or posted, and a payment, within a week.
#[must_use]
pub fn definition() -> Funnel {
    let steps = [FunnelStep::from(VISIT), FunnelStep::from(VIEW), FunnelStep::new([SHARE, POST]), PAY.into()];
    Funnel::new(steps).within(Span::from_days(WINDOW_DAYS))
}

/// Those who liked something on the first day that the log has them, and the others who were ever there.
#[must_use]
pub fn audiences(log: &EventLog, as_of: Timestamp) -> (Bitmap, Bitmap) {
    let calendar = log.calendar(as_of);
    let likes_at_once = |events: &userops::log::UserEvents<'_>| {
        let Some(first) = events.time(0).map(|time| calendar.day(time)) else { return false };
        let instants = events.time_micros().iter().map(|micros| Timestamp::from_micros(*micros));
        let mut of_first_day = instants.take_while(|instant| calendar.day(*instant) == first).enumerate();
        of_first_day.any(|(index, _)| events.name(index) == Some(LIKE))
    };
    let liked: Bitmap = log.iter().map(|events| likes_at_once(&events)).collect();
    let others = log.iter().map(|events| !events.is_empty() && !liked.get(events.user().index())).collect();
    (liked, others)
}

impl FunnelPart {
    pub(super) fn new(log: &EventLog, as_of: Timestamp) -> Result<Self> {
        let funnel = definition();
        // A user's best attempt is in one week only; by weeks every attempt counts.
        let attempts = Funnel { entry: EntryChoice::Every, ..funnel.clone() };
        let category = Breakdown::Step { property: CATEGORY.to_owned(), step: VIEWED as u32 };
        let (liked, others) = audiences(log, as_of);
        let conversion = measure_conversion(log, as_of, &funnel)?;
        Ok(Self {
            times: time_conversion(log, as_of, &funnel)?,
            trend: trend_conversion(log, as_of, &attempts, WEEK)?,
            by_category: break_down_conversion(log, as_of, &funnel, &category)?,
            audiences: compare_conversion(log, as_of, &funnel, &liked, &others)?,
            traced: find_stopped(log, &conversion)?,
            conversion,
            as_of,
        })
    }

    pub(super) fn tables(&self) -> Result<Vec<NamedTable>> {
        Ok(vec![
            ("funnel", self.conversion.to_table()?),
            ("funnel_times", self.times.to_table()?),
            ("funnel_curve", self.times.curve_table()?),
            ("funnel_by_week", self.trend.to_table()?),
            ("funnel_by_category", self.by_category.to_table()?),
            ("funnel_by_audience", self.audiences.to_table()?),
        ])
    }

    pub(super) fn render(&self, log: &EventLog) -> Result<String> {
        if self.conversion.entry_count() == 0 {
            return Ok(String::new());
        }
        let sections = [
            self.steps_section()?,
            self.week_section(),
            self.category_section(),
            self.audience_section(),
            self.user_section(log),
        ];
        Ok(sections.concat())
    }

    fn steps_section(&self) -> Result<String> {
        let steps = self.conversion.steps();
        let (all, converted) = (self.conversion.entry_count(), self.conversion.converted());
        let mut text = heading(&format!("Funnel: from a visit to a payment within {WINDOW_DAYS} days"));
        let _ = writeln!(
            text,
            "  Of {} users who visited, {} ({}) went through all steps to a payment; {} more still have time.",
            count(all),
            count(converted.count),
            percent(converted.ratio),
            count(self.conversion.pending_count()),
        );
        if let Some(lossy) = steps.iter().max_by_key(|step| step.stopped.dropped_count) {
            let stopped = lossy.stopped.dropped_count;
            let _ = writeln!(text, "  The most drop off after the step {:?}: {} users.", lossy.name, count(stopped));
        }
        let times = self.times.to_table()?;
        let median = |row: usize| match times.get(row, "median_seconds") {
            Some(ValueRef::Float(seconds)) => Some(seconds),
            _ => None,
        };
        if let Some(whole) = median(0) {
            let _ = writeln!(text, "  Half of those who paid did so within {} of the visit.", duration(whole));
        }
        let mut table = TextTable::new(&[
            "step",
            "users",
            "of all",
            "95 % interval",
            "of step before",
            "dropped off",
            "pending",
            "median time",
        ]);
        for (index, step) in steps.iter().enumerate() {
            let stops = |number: u64| if index + 1 < steps.len() { count(number) } else { "–".to_owned() };
            table.row([
                step.name.clone(),
                count(step.count),
                percent(step.of_entries.ratio),
                percent_range(step.of_entries.interval),
                if index > 0 { percent(step.from_previous.ratio) } else { "–".to_owned() },
                stops(step.stopped.dropped_count),
                stops(step.stopped.pending_count),
                // The first row of the times is the whole, in place of the first step, which takes none.
                duration(if index > 0 { median(index) } else { None }),
            ]);
        }
        Ok(text + &table.render())
    }

    fn week_section(&self) -> String {
        let rows = tail(&self.trend.rows, WEEKS_SHOWN);
        let mut text = heading("The funnel by week");
        if let Some(settled) = self.trend.rows.iter().rfind(|row| pending(&row.tallies) == 0) {
            let paid = reached(&settled.tallies, PAID);
            let _ = writeln!(
                text,
                "  Of {} attempts in the week of {}, the last whose time is over, {} ({}) ended with a payment.",
                count(paid.of_count),
                settled.first_day,
                count(paid.count),
                percent(paid.ratio),
            );
        }
        text += "  A user may try again: behind the last event of an attempt the next visit begins another.\n";
        let mut table = TextTable::new(&["week of", "attempts", VIEW, "share or post", PAY, "of attempts ", "pending"]);
        for row in rows {
            let at = |step| reached(&row.tallies, step);
            let open = pending(&row.tallies);
            table.row([
                row.first_day.to_string(),
                count(at(PAID).of_count),
                count(at(VIEWED).count),
                count(at(REACTED).count),
                count(at(PAID).count),
                starred(&percent(at(PAID).ratio), row.complete && open == 0),
                count(open),
            ]);
        }
        text + &table.render()
    }

    fn category_section(&self) -> String {
        let mut shares = BTreeMap::new();
        for group in &self.by_category.groups {
            if let Some(value) = &group.value {
                shares.insert(value.to_string(), [REACTED, PAID].map(|step| reached(&group.tallies, step)));
            }
        }
        let ratio = |(_, shares): &(&String, &[Share; 2])| shares[0].ratio.unwrap_or(0.0);
        let best = shares.iter().max_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        let least = shares.iter().min_by(|a, b| ratio(a).total_cmp(&ratio(b)));
        let (Some((best, of_best)), Some((least, of_least))) = (best, least) else { return String::new() };
        let overlap = match (of_best[0].interval, of_least[0].interval) {
            (Some(best), Some(least)) if best.low > least.high => "do not overlap",
            _ => "overlap: it may be chance",
        };
        let mut text = heading("The funnel by category of the view");
        let _ = writeln!(
            text,
            "  Viewers of {best} share or post most often ({}), of {least} least ({}); the intervals {overlap}.",
            percent(of_best[0].ratio),
            percent(of_least[0].ratio),
        );
        let headings = ["category", "viewers", "share or post", "of viewers", "95 % interval", PAY, "of viewers"];
        let mut table = TextTable::new(&headings);
        for (category, [reacted, paid]) in &shares {
            table.row([
                category.clone(),
                count(reacted.of_count),
                count(reacted.count),
                percent(reacted.ratio),
                percent_range(reacted.interval),
                count(paid.count),
                percent(paid.ratio),
            ]);
        }
        text + &table.render()
    }

    fn audience_section(&self) -> String {
        let steps = &self.audiences.steps;
        let (Some(all), Some(last)) = (steps.first(), steps.last()) else { return String::new() };
        if all.first.count == 0 || all.second.count == 0 {
            return String::new();
        }
        let mut text = heading("The funnel of two audiences: liked something on the first day or not");
        let _ = writeln!(
            text,
            "  Of {} users who did {} paid, of the {} others {}: {} (p {}).",
            count(all.first.count),
            percent(last.first.of_entries.ratio),
            count(all.second.count),
            percent(last.second.of_entries.ratio),
            if last.p_value.is_some_and(|p_value| p_value < P_VALUE_MAX) {
                "more than chance"
            } else {
                "may be chance"
            },
            probability(last.p_value),
        );
        text += "  Who likes may be keener to begin with: only an experiment tells whether liking makes users pay.\n";
        let mut table = TextTable::new(&["step", "liked", "share", "others", "share", "points", "95 % interval", "p"]);
        let points = |ratio: f64| format!("{:+.1}", ratio * 100.0);
        for step in steps.iter().skip(1) {
            table.row([
                step.first.name.clone(),
                count(step.first.count),
                percent(step.first.of_entries.ratio),
                count(step.second.count),
                percent(step.second.of_entries.ratio),
                step.difference.map_or_else(|| "–".to_owned(), points),
                step.interval.map_or_else(|| "–".to_owned(), |of| format!("{} to {}", points(of.low), points(of.high))),
                probability(step.p_value),
            ]);
        }
        text + &table.render()
    }

    fn user_section(&self, log: &EventLog) -> String {
        let Some((user, trace)) = &self.traced else { return String::new() };
        let calendar = log.calendar(self.as_of);
        let steps = &self.conversion.funnel.steps;
        let id = log.users().id(*user).map(|id| id.to_string()).unwrap_or_default();
        let mut text = heading(&format!("One user in the funnel: {id}"));
        let next = steps.get(trace.level as usize).map(FunnelStep::label).unwrap_or_default();
        let reason = match trace.reason {
            StopReason::TooLate => format!("{next:?} came too late: after more than {WINDOW_DAYS} days"),
            _ => format!("{next:?} did not happen afterwards"),
        };
        let _ = writeln!(text, "  The user came to step {} of {}; {reason}.", trace.level, steps.len());
        let mut table = TextTable::new(&["step", "event", "at", "after the visit"]);
        for event in &trace.events {
            let name = log.events_of(*user).iter().nth(event.row as usize - log.rows(*user).start);
            table.row([
                event.step.to_string(),
                name.map(|event| event.name).unwrap_or_default(),
                clock(&calendar, event.time),
                duration(event.time.since(trace.start).as_days() * 86_400.0),
            ]);
        }
        text + &table.render()
    }
}

/// Of all entries those that came to a step, counted from 1.
fn reached(tallies: &[LevelTally], step: usize) -> Share {
    let sum = |tallies: &[LevelTally]| tallies.iter().map(LevelTally::count).sum();
    Share::new(sum(&tallies[step - 1..]), sum(tallies))
}

fn pending(tallies: &[LevelTally]) -> u64 {
    tallies.iter().map(|tally| tally.pending_count).sum()
}

/// Of the users who stopped before the last step one who did it too late; else the first who stopped there.
fn find_stopped(log: &EventLog, conversion: &Conversion) -> Result<Option<(UserIx, Trace)>> {
    let levels = conversion.levels.iter().enumerate();
    let near = levels.filter(|(_, level)| usize::from(**level) == REACTED).map(|(user, _)| UserIx(user as u32));
    let mut found = None;
    for user in near.take(TRACED_MAX) {
        let traces = trace_funnel(log, user, conversion.as_of, &conversion.funnel)?;
        let Some(trace) = traces.into_iter().find(|trace| trace.status == EntryStatus::Dropped) else { continue };
        let is_late = trace.reason == StopReason::TooLate;
        if is_late || found.is_none() {
            found = Some((user, trace));
        }
        if is_late {
            break;
        }
    }
    Ok(found)
}
