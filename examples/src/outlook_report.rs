//! The outlook's sections of the report.

use std::fmt::Write as _;

use userops::churn::{ChurnStandard, ReturnCurve};
use userops::error::Result;
use userops::log::EventLog;
use userops::table::Table;
use userops::value::ValueRef;
use userops::warning::WarningRanking;

use crate::layout::{TextTable, count, decimal, heading, percent, percent_range, share};
use crate::outlook::{ForecastReview, Outlook, Told, Warning, Worth};

/// Every so many points of the return curve are shown.
const POINTS_STEP: usize = 4;

/// What a part says, or why it says nothing.
fn section<T>(title: &str, part: &Told<T>, render: impl FnOnce(&T) -> Result<String>) -> Result<String> {
    let text = match part {
        Ok(part) => render(part)?,
        Err(reason) => format!("  The log does not tell: {reason}.\n"),
    };
    Ok(heading(title) + &text)
}

impl Outlook {
    /// The sections: churn standard, fit quality, values, watch-list, win-back.
    ///
    /// # Errors
    /// Those of the tables.
    pub fn render(&self, log: &EventLog) -> Result<String> {
        let sections = [
            section("Churn standard: after how much silence a customer is lost", &self.churn, |standard| {
                Ok(churn_section(standard))
            })?,
            section("Forecast quality: the second half, told from the first", &self.review, |review| {
                Ok(review_section(review))
            })?,
            section("Value to come, by segment", &self.worth, |worth| worth_section(log, worth))?,
            section("Watch-list: whom to look after first", &self.warning, |warning| warning_section(log, warning))?,
            section("Win-back: the lost who are most worth it", &self.worth, |worth| Ok(win_back_section(log, worth)))?,
        ];
        Ok(sections.concat())
    }
}

fn churn_section(standard: &ChurnStandard) -> String {
    let mut text = format!(
        "  Lost is who has been silent for more than {} days: {} of {} customers ({}).\n",
        standard.threshold_days,
        count(standard.lost_count),
        count(standard.user_count),
        share(standard.lost_count as f64, standard.user_count as f64),
    );
    let [(_, fewer), _, (_, more)] = standard.shifted;
    let days = standard.options.shift_days;
    let _ = writeln!(
        text,
        "  {days} days less would lose {} of them, {days} days more {}. Half of all gaps last at most {} days, open ones counted.",
        count(fewer),
        count(more),
        decimal(standard.median_days, 0),
    );
    for weakness in &standard.weaknesses {
        let _ = writeln!(text, "  Read with care: {}.", weakness.name().replace('_', " "));
    }
    let mut curve =
        TextTable::new(&["silent for", "times", "ended in a return", "back within the horizon", "both errors"]);
    let shown =
        standard.points.iter().enumerate().filter(|(place, point)| {
            (place + 1) % POINTS_STEP == 0 || point.days.abs_diff(standard.threshold_days) == 0
        });
    for (_, point) in shown {
        let mark = if point.days == standard.threshold_days { " ←" } else { "" };
        curve.row([
            format!("{} days{mark}", point.days),
            count(point.silent_count),
            percent(point.ratio(ReturnCurve::Episode)),
            percent(point.ratio(ReturnCurve::SurvivalWithin)),
            decimal(point.error_ratio(), 3),
        ]);
    }
    text += &curve.render();
    let mut rules = TextTable::new(&["rule", "days", "lost", "share"]);
    for rule in &standard.rules {
        rules.row([
            rule.rule.to_string(),
            rule.threshold_days.map_or_else(|| "–".to_owned(), |days| days.to_string()),
            rule.lost_count.map_or_else(|| "–".to_owned(), count),
            percent(rule.lost_ratio),
        ]);
    }
    text + &rules.render()
}

fn review_section(review: &ForecastReview) -> String {
    let actual: u64 = review.classes.iter().map(|class| class.actual).sum();
    let customers: u64 = review.classes.iter().map(|class| class.customer_count).sum();
    let mut text = format!(
        "  {} customers had bought by {}; in the {} weeks after it they bought on {} days. Purchases per customer:\n",
        count(customers),
        review.last_day,
        review.holdout_days / 7,
        count(actual),
    );
    let names: Vec<&str> = review.fits.iter().map(|fit| fit.options.model.name()).collect();
    let mut table = TextTable::new(&[&["had bought again", "customers", "actual"], names.as_slice()].concat());
    let each = |sum: f64, customers: u64| decimal((customers > 0).then(|| sum / customers as f64), 3);
    let last = review.classes.len() - 1;
    for (place, class) in review.classes.iter().enumerate() {
        let name = format!("{}{}", class.repeats, if place == last { " times or more" } else { " times" });
        let cells = [name, count(class.customer_count), each(class.actual as f64, class.customer_count)];
        table.row(cells.into_iter().chain(class.expected.iter().map(|sum| each(*sum, class.customer_count))));
    }
    let sum = |place: usize| review.classes.iter().map(|class| class.expected[place]).sum::<f64>();
    let cells = ["purchases in all".to_owned(), count(customers), count(actual)];
    table.row(cells.into_iter().chain((0..names.len()).map(|place| count(sum(place).round() as u64))));
    let off = |place: usize| percent((actual > 0).then(|| sum(place) / actual as f64 - 1.0));
    let cells = ["off by".to_owned(), String::new(), String::new()];
    table.row(cells.into_iter().chain((0..names.len()).map(off)));
    text += &table.render();
    for fit in &review.fits {
        for note in &fit.notes {
            let _ = writeln!(text, "  {} is weak: {}", fit.options.model.name(), note.message);
        }
    }
    let next = &review.next;
    let _ = writeln!(
        text,
        "  The next purchase, by {}: {} customers were to buy again, {} did; {} of those within their {} interval ({}).",
        names[review.nearest],
        count(next.expected_return_count.round() as u64),
        count(next.return_count),
        percent(next.coverage_ratio()),
        percent(next.options.confidence),
        percent_range(next.coverage_interval()),
    );
    text
}

/// The id of a customer, as the log has it.
fn id(table: &Table, row: usize) -> String {
    table.get(row, "user").map(|id| id.to_string()).unwrap_or_default()
}

/// A number of a table with so many decimals, thousands set apart where there are none.
fn cell(table: &Table, row: usize, name: &str, decimals: usize) -> String {
    match table.get(row, name) {
        Some(ValueRef::Float(value)) if decimals == 0 => count(value.round().max(0.0) as u64),
        Some(ValueRef::Float(value)) => decimal(value, decimals),
        Some(ValueRef::Integer(value)) => count(value.unsigned_abs()),
        Some(other) => other.to_string(),
        None => "–".to_owned(),
    }
}

fn worth_section(log: &EventLog, worth: &Worth) -> Result<String> {
    let currency = log.currency();
    let summary = worth.forecast.to_summary_table()?;
    let mut text = format!(
        "  Within a year, {currency} {} ({} to {}) of {} customers.\n  A value is {}.\n",
        cell(&summary, 0, "predicted_value", 0),
        cell(&summary, 0, "predicted_low", 0),
        cell(&summary, 0, "predicted_high", 0),
        cell(&summary, 0, "customer_count", 0),
        worth.forecast.model.options.formula(),
    );
    let _ = writeln!(
        text,
        "  Purchases by {}, spend by gamma_gamma; 95 % intervals of what is expected.",
        worth.model().kind().name()
    );
    for note in &worth.forecast.notes {
        let _ = writeln!(text, "  Weak: {}", note.message);
    }
    let mut table = TextTable::new(&["segment", "customers", "so far", "to come", "from", "to", "each"]);
    for row in 0..worth.by_segment.row_count() {
        let cell = |name: &str, decimals: usize| cell(&worth.by_segment, row, name, decimals);
        table.row([
            cell("group", 0),
            cell("customer_count", 0),
            cell("historic_value", 0),
            cell("predicted_value", 0),
            cell("predicted_low", 0),
            cell("predicted_high", 0),
            cell("mean_value", 2),
        ]);
    }
    text += &table.render();
    let mut shares = TextTable::new(&["of the most valuable", "customers", "value to come", "share", "each at least"]);
    for one in &worth.shares {
        shares.row([
            percent(one.customer_ratio),
            count(one.customer_count),
            count(one.value.round().max(0.0) as u64),
            percent(one.value_ratio),
            decimal(one.value_min, 2),
        ]);
    }
    Ok(text + &shares.render())
}

fn warning_section(log: &EventLog, warning: &Warning) -> Result<String> {
    let Warning { fit, watch_list } = warning;
    let days = fit.model.options.horizon_days;
    let mut text = format!(
        "  {} customers are at risk: silent for at most {} days. How likely is it that they buy nothing within {days} days?\n",
        count(watch_list.at_risk_count),
        fit.model.options.silence_days_max,
    );
    let mut table = TextTable::new(&[
        "ranked by",
        "customers",
        "lost",
        "AUC",
        "PR-AUC",
        "lift of the first tenth",
        "calibration error",
    ]);
    for one in &fit.evaluations {
        let name = match one.ranking {
            WarningRanking::Model => "the model",
            WarningRanking::SilenceDays => "days since the last purchase",
            WarningRanking::GoneProbability => "1 − P(there), MBG/NBD",
            WarningRanking::NoActivityProbability => "P(no purchase), MBG/NBD",
            WarningRanking::BaseRatio => "one probability for all",
        };
        let evaluation = &one.evaluation;
        let tenth = evaluation.top_shares.iter().find(|top| top.top_ratio == 0.1).and_then(|top| top.lift);
        table.row([
            name.to_owned(),
            count(evaluation.user_count),
            percent(evaluation.positive_count as f64 / evaluation.user_count as f64),
            decimal(evaluation.auc, 3),
            decimal(evaluation.average_precision, 3),
            decimal(tenth, 2),
            decimal(evaluation.expected_calibration_error, 3),
        ]);
    }
    text += &table.render();
    let _ = writeln!(text, "  Judged on the last {days} days, which no model had seen.");
    for note in &fit.notes {
        let _ = writeln!(text, "  Weak: {}", note.message);
    }
    let _ = writeln!(
        text,
        "  The {} first carry {} {} of the loss to expect, {} of all:",
        watch_list.scores.scores.len(),
        log.currency(),
        count(watch_list.expected_loss.round().max(0.0) as u64),
        percent(watch_list.expected_loss_ratio),
    );
    let listed = watch_list.to_table(log)?;
    let mut table = TextTable::new(&["customer", "probability", "worth", "loss to expect", "because"]).words_last();
    for row in 0..listed.row_count() {
        let cell = |name: &str, decimals: usize| cell(&listed, row, name, decimals);
        let reasons = [cell("reason_1", 0), cell("reason_2", 0)];
        let reasons: Vec<&str> = reasons.iter().map(String::as_str).filter(|reason| *reason != "–").collect();
        table.row([
            id(&listed, row),
            cell("probability", 2),
            cell("value", 2),
            cell("expected_loss", 2),
            reasons.join("; "),
        ]);
    }
    Ok(text + &table.render())
}

fn win_back_section(log: &EventLog, worth: &Worth) -> String {
    let mut text = format!(
        "  Of those who are lost {} can be valued. These are worth the most, in {}, with their chance of a return within 90 days:\n",
        count(worth.lost_count as u64),
        log.currency(),
    );
    let mut table =
        TextTable::new(&["customer", "silent for", "chance of a return", "worth if back", "worth to expect"]);
    for row in 0..worth.win_back.row_count() {
        let cell = |name: &str, decimals: usize| cell(&worth.win_back, row, name, decimals);
        table.row([
            id(&worth.win_back, row),
            format!("{} weeks", cell("silent_for", 1)),
            percent(match worth.win_back.get(row, "return_probability") {
                Some(ValueRef::Float(value)) => Some(value),
                _ => None,
            }),
            cell("value_if_back", 2),
            cell("expected_value", 2),
        ]);
    }
    text += &table.render();
    text += "  Whether speaking to them changes that, only a group that is left alone can tell.\n";
    text
}
