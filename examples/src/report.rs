//! The report: what was read, who the customers are, and one of them explained.

use std::fmt::Write as _;
use std::io::Write as _;

use userops::error::{Error, ErrorKind, Result};
use userops::id::UserIx;
use userops::score::contribution::{ContributionTier, share_by_tier};
use userops::score::rfm::ValueGroup;
use userops::score::{Comparison, Direction, MeasureValue};

use crate::analysis::Analysis;
use crate::arguments::Arguments;
use crate::layout::{TextTable, count, heading, money, percent, share};

/// How many of the most distinctive values the portrait names.
const DISTINCTIVE_SHOWN: usize = 3;

/// Prints a text; a reader who has gone away, as `head` does, is no error.
///
/// # Errors
/// `Io` where standard output cannot be written.
pub fn print(text: &str) -> Result<()> {
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Error::new(ErrorKind::Io, format!("standard output: {error}")).caused_by(error))
        }
        _ => Ok(()),
    }
}

/// The whole report.
///
/// # Errors
/// `UnknownName` where the customer to explain is not in the log.
pub fn render(analysis: &Analysis, arguments: &Arguments) -> Result<String> {
    let sections = [
        read_section(analysis),
        portrait_section(analysis),
        ladder_section(analysis),
        grid_section(analysis)?,
        segment_section(analysis),
        group_section(analysis),
        core_section(analysis)?,
        analysis.operations.render(&analysis.log)?,
        analysis.outlook.render(&analysis.log)?,
        customer_section(analysis, analysis.customer_to_explain(arguments.explain.as_deref())?)?,
    ];
    Ok(sections.concat())
}

fn read_section(analysis: &Analysis) -> String {
    let Analysis { log, ingest, as_of, .. } = analysis;
    let calendar = log.calendar(*as_of);
    let currency = log.currency();
    let mut text = heading("What was read");
    let _ = writeln!(text, "  {ingest}");
    if let Some((first, last)) = log.time_span() {
        let (first, last) = (calendar.day(first), calendar.day(last));
        let customers = count(log.user_count() as u64);
        let events = count(log.event_count() as u64);
        let _ = writeln!(text, "  {events} events of {customers} customers, {first} to {last} ({})", log.zone());
    }
    let _ = writeln!(
        text,
        "  {currency} {} in all; as of {}",
        money(currency, log.amount_total().minor()),
        calendar.day(*as_of)
    );
    text
}

/// Core customers against all: how each habit is spread, and what sets them apart most.
fn portrait_section(analysis: &Analysis) -> String {
    let portrait = &analysis.portrait;
    let mut text = heading("Portrait: core customers against everybody");
    let mut last = "";
    let mut table = TextTable::new(&["", "everybody", "share", "core", "share", "lift"]);
    for row in &portrait.rows {
        if row.dimension != last {
            last = &row.dimension;
            table.row([format!("{last}:")]);
        }
        let number = |number: Option<u64>| number.map_or_else(|| "hidden".to_owned(), count);
        table.row([
            format!("  {}", row.value),
            number(row.everyone_count),
            percent(row.everyone_ratio),
            number(row.audience_count),
            percent(row.audience_ratio),
            row.lift.map_or_else(|| "–".to_owned(), |lift| format!("{lift:.2}")),
        ]);
    }
    text += &table.render();
    text += "  Lift: the share among core customers over the share among everybody.\n";
    for row in portrait.most_distinctive(DISTINCTIVE_SHOWN) {
        if let Some(lift) = row.lift {
            let _ = writeln!(text, "  Sets them apart: {} {} (lift {lift:.2})", row.dimension, row.value);
        }
    }
    text
}

fn ladder_section(analysis: &Analysis) -> String {
    format!("{}{}\n", heading("Order ladder"), indent(&analysis.ladder.to_string()))
}

fn indent(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

/// The 25 cells of recency and frequency, with the cuts that make them.
fn grid_section(analysis: &Analysis) -> Result<String> {
    let mut cells = [[0u64; 5]; 5];
    for score in analysis.scores.iter() {
        cells[usize::from(score.recency) - 1][usize::from(score.frequency) - 1] += 1;
    }
    let mut table = TextTable::new(&["customers", "F 1", "F 2", "F 3", "F 4", "F 5"]);
    for recency in (0..5).rev() {
        let row = cells[recency].iter().map(|users| count(*users));
        table.row(std::iter::once(format!("R {}", recency + 1)).chain(row));
    }
    let mut text = heading("RFM: recency against frequency");
    text += &table.render();
    text += "  A score is 1 + floor(5 × the share of buyers who are strictly worse), so equals score the same.\n";
    let model = &analysis.rfm;
    let currency = analysis.log.currency();
    let plain = |value: i64| value.to_string();
    let cuts = [
        ("recency, days since the last purchase", model.recency_cuts(), &plain as &dyn Fn(i64) -> String),
        ("frequency, purchase days", model.frequency_cuts(1), &plain),
        ("monetary, sum of purchases", model.monetary_cuts(1, 1), &|minor| money(currency, minor)),
    ];
    for (name, cuts, format) in cuts {
        let passed = match (cuts.direction(), cuts.comparison()) {
            (Direction::LowerIsBetter, Comparison::Above) => "less than",
            (Direction::LowerIsBetter, Comparison::AtLeast) => "at most",
            (Direction::HigherIsBetter, Comparison::Above) => "more than",
            (Direction::HigherIsBetter, Comparison::AtLeast) => "at least",
        };
        let mut shown = Vec::new();
        for index in 0..cuts.values().len() {
            if let Some(MeasureValue::Integer(cut)) = cuts.values().get(index) {
                shown.push(format!("{} for {}", format(cut), index + 2));
            }
        }
        let _ = writeln!(text, "  {name}, {passed}: {}", shown.join(", "));
    }
    Ok(text)
}

/// The users, share and revenue of each of some named parts of the buyers, by place in `names`.
fn parts_table(analysis: &Analysis, heading: &str, names: &[String], part_of: impl Fn(usize) -> usize) -> String {
    let mut parts = vec![(0u64, 0i64, 0i64); names.len()];
    let orders = analysis.profiles.orders();
    for (row, user) in analysis.buyers.users().iter().enumerate() {
        let part = &mut parts[part_of(row)];
        part.0 += 1;
        part.1 += analysis.revenue_minor()[user.index()];
        part.2 += i64::from(orders[user.index()].order_count);
    }
    let revenue: i64 = parts.iter().map(|part| part.1).sum();
    let buyers = analysis.buyers.users().len();
    let currency = analysis.log.currency();
    let mut table = TextTable::new(&[heading, "customers", "share", "revenue", "share", "orders each", "per order"]);
    for (name, (users, minor, orders)) in names.iter().zip(parts) {
        let per_order = if orders > 0 { money(currency, minor / orders) } else { "–".to_owned() };
        let each = if users > 0 { format!("{:.2}", orders as f64 / users as f64) } else { "–".to_owned() };
        table.row([
            name.clone(),
            count(users),
            share(users as f64, buyers as f64),
            money(currency, minor),
            share(minor as f64, revenue as f64),
            each,
            per_order,
        ]);
    }
    table.render()
}

fn segment_section(analysis: &Analysis) -> String {
    let names = analysis.segments.names();
    let table = parts_table(analysis, "segment", names, |row| usize::from(analysis.segment_of[row]));
    format!("{}{table}", heading("Ten segments by recency and frequency"))
}

fn group_section(analysis: &Analysis) -> String {
    let names = ValueGroup::ALL.map(|group| format!("{} {}", group.chinese_name(), group.name()));
    let place = |row: usize| ValueGroup::ALL.iter().position(|group| *group == analysis.group_of[row]);
    let table = parts_table(analysis, "group", &names, |row| place(row).unwrap_or_default());
    let text = "  High is: bought no longer ago than the median, on more days and for more money than the median.\n";
    format!("{}{table}{text}", heading("Eight value groups (八大客户群)"))
}

fn core_section(analysis: &Analysis) -> Result<String> {
    let tiers: Vec<ContributionTier> = analysis.contributions.iter().map(|score| score.tier).collect();
    let currency = analysis.log.currency();
    let mut table = TextTable::new(&["tier", "customers", "share", "revenue", "share"]);
    for tier in share_by_tier(&tiers, analysis.revenue_minor())? {
        table.row([
            tier.tier.name().to_owned(),
            count(tier.user_count),
            percent(tier.user_ratio),
            money(currency, tier.sum),
            percent(tier.sum_ratio),
        ]);
    }
    let rules = analysis.contribution.rules();
    let mut text = heading("Core, middle and outer customers");
    text += &table.render();
    let _ = writeln!(
        text,
        "  Core: the best {} of buyers by revenue and purchase days who bought in at least {} of the last {} months.",
        percent(rules.core_ratio),
        rules.active_periods_min,
        rules.period_count
    );
    Ok(text)
}

fn customer_section(analysis: &Analysis, user: UserIx) -> Result<String> {
    let id = analysis.log.users().id(user).map(|id| id.to_string()).unwrap_or_default();
    let mut text = heading(&format!("One customer explained: {id}"));
    let order = analysis.profiles.orders().get(user.index()).copied().unwrap_or_default();
    let currency = analysis.log.currency();
    let calendar = analysis.log.calendar(analysis.as_of);
    if let (Some(first), Some(last)) = (order.first, order.last) {
        let _ = writeln!(
            text,
            "  {} orders on {} days from {} to {}, {currency} {} in all",
            count(order.order_count),
            count(order.purchase_days),
            calendar.day(first),
            calendar.day(last),
            money(currency, order.revenue.minor()),
        );
    }
    for explanation in analysis.explanations(user)? {
        text += &indent(&explanation.render());
        text.push('\n');
    }
    text += &indent(&analysis.operations.explain(&analysis.log, user)?);
    text.push('\n');
    Ok(text)
}
