//! The tables behind the report, written side by side into a folder.

use std::path::Path;

use userops::column::Column;
use userops::error::{Error, ErrorKind, Result};
use userops::id::UserIx;
use userops::table::{Table, user_column};
use userops_io::{TableFormat, write_table_as};

use crate::analysis::Analysis;
use crate::report;

/// Writes every table of the purchase report, see [`write_tables`].
///
/// # Errors
/// Those of [`write_tables`].
pub fn write(analysis: &Analysis, folder: &Path, format: TableFormat) -> Result<()> {
    let tables = [
        ("profiles", analysis.profiles.to_table(&analysis.log)?),
        ("ladder", analysis.ladder.to_table()?),
        ("portrait", analysis.portrait.to_table()?),
        ("segments", segments(analysis)?),
        ("contribution", contribution(analysis)?),
        ("rejections", analysis.ingest.rejections_table()?),
        ("operations", analysis.operations.outcome.to_table(analysis.log.users())?),
        ("operations_summary", analysis.operations.outcome.summary()?),
    ];
    let mut tables = Vec::from(tables);
    if let Some(moved) = &analysis.operations.moved {
        tables.push(("moved", moved.to_table(analysis.log.users())?));
    }
    if let Some(mix) = &analysis.operations.mix {
        tables.push(("stages_over_time", mix.to_table()?));
    }
    if let Some(milestones) = &analysis.operations.outcome.milestones {
        tables.push(("milestones", milestones.to_table(&analysis.log)?));
    }
    let outlook = &analysis.outlook;
    if let Ok(standard) = &outlook.churn {
        tables.push(("return_curve", standard.to_table()?));
        tables.push(("churn_thresholds", standard.to_threshold_table()?));
    }
    if let Ok(review) = &outlook.review {
        tables.push(("forecast_quality", review.to_table()?));
    }
    if let Ok(worth) = &outlook.worth {
        tables.push(("lifetime_values", worth.forecast.to_table()?));
        tables.push(("lifetime_values_by_segment", worth.by_segment.clone()));
        tables.push(("win_back", worth.win_back.clone()));
    }
    if let Ok(warning) = &outlook.warning {
        tables.push(("watch_list", warning.watch_list.to_table(&analysis.log)?));
        tables.push(("warning_evaluation", warning.fit.to_evaluation_table()?));
    }
    write_tables(tables, folder, format)
}

/// Writes tables under their names into `folder`, which is made where it is missing, and says what was written.
///
/// # Errors
/// `Io` where a folder or file cannot be written.
pub fn write_tables(tables: Vec<(&'static str, Table)>, folder: &Path, format: TableFormat) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Error::new(ErrorKind::Io, format!("{}: cannot make the folder: {error}", folder.display())).caused_by(error)
    })?;
    let extension = match format {
        TableFormat::Parquet => "parquet",
        TableFormat::JsonLines => "jsonl",
        _ => "csv",
    };
    report::print("\n")?;
    for (name, table) in tables {
        let path = folder.join(format!("{name}.{extension}"));
        write_table_as(&table, &path, format)?;
        report::print(&format!("wrote {} rows to {}\n", table.row_count(), path.display()))?;
    }
    Ok(())
}

/// A row per buyer: measures, scores, segment and group.
fn segments(analysis: &Analysis) -> Result<Table> {
    let buyers = &analysis.buyers;
    let scores = &analysis.scores;
    let orders = |user: &UserIx| analysis.profiles.orders()[user.index()];
    let users = buyers.users();
    let segment = |place: &u16| analysis.segments.names().get(usize::from(*place)).map(String::as_str);
    let groups = |name: fn(userops::score::rfm::ValueGroup) -> &'static str| {
        Column::texts(analysis.group_of.iter().map(|group| Some(name(*group))))
    };
    Table::new(users.len())
        .with("user", user_column(analysis.log.users(), users.iter().copied()))?
        .with("recency_days", users.iter().map(|user| orders(user).days_since_last).collect::<Vec<_>>())?
        .with("purchase_days", users.iter().map(|user| orders(user).purchase_days).collect::<Vec<_>>())?
        .with("revenue_minor", users.iter().map(|user| orders(user).revenue.minor()).collect::<Vec<_>>())?
        .with("recency_score", scores.recency.clone())?
        .with("frequency_score", scores.frequency.clone())?
        .with("monetary_score", scores.monetary.clone())?
        .with("segment", Column::texts(analysis.segment_of.iter().map(segment)))?
        .with("value_group", groups(|group| group.name()))?
        .with("value_group_zh", groups(|group| group.chinese_name()))
}

/// A row per customer: contribution score and tier.
fn contribution(analysis: &Analysis) -> Result<Table> {
    let scores = &analysis.contributions;
    let users = (0..scores.len()).map(|user| UserIx(user as u32));
    Table::new(scores.len())
        .with("user", user_column(analysis.log.users(), users))?
        .with("revenue_minor", analysis.revenue_minor().to_vec())?
        .with("score", scores.iter().map(|score| score.score).collect::<Vec<f64>>())?
        .with("tier", Column::texts(scores.iter().map(|score| Some(score.tier.name()))))
}
