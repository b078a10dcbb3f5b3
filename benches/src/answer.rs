//! The answers that userops gives in the side-by-side runs, as `benches/peers/README.md` defines them.

use serde_json::{Value, json};
use userops::activity::{ActiveUserOptions, count_active_users};
use userops::analytics::growth::account_growth;
use userops::analytics::period::CalendarPeriod;
use userops::error::Result;
use userops::funnel::{Funnel, FunnelStep, measure_conversion};
use userops::id::UserIx;
use userops::log::EventLog;
use userops::profile::{ProfileOptions, ProfileTable, build_profiles};
use userops::retention::{RetentionOptions, measure_retention};
use userops::rule::{Context, Rule, Truths, evaluate_rules};
use userops::score::rfm::{BuyerOptions, FrequencyMeasure, RecencyMeasure, RfmModel, RfmOptions, measure_buyers};
use userops::time::{Day, MICROS_PER_DAY, Span, Timestamp, Weekday};

use crate::generate::{CHANNELS, COUNTRIES, DAYS, DEVICES, EVENT_NAMES, START_MS};
use crate::tag::{TRIPLES, tag_rules};

/// The steps of the funnel, and the days in which they are taken.
const FUNNEL: [&str; 3] = ["view", "add_to_cart", "order_paid"];
const FUNNEL_DAYS: i64 = 7;
/// Days up to each day in which users are counted as active.
const ROLLING_DAYS: [u32; 3] = [1, 7, 30];
/// Weeks of the log begin on the day that it begins on.
const WEEK: CalendarPeriod = CalendarPeriod::Week { week_start: Weekday::Monday };
/// Days back from the end of the log that profiles count events in.
const RECENT_DAYS: [i64; 3] = [7, 30, 90];

/// The last microsecond of the log's 180 days: the end itself is not in it.
#[must_use]
pub fn as_of() -> Timestamp {
    Timestamp::from_micros(START_MS * 1_000 + i64::from(DAYS) * MICROS_PER_DAY - 1)
}

/// The number in a user's id, `uid` or `user_id`.
fn user_number(log: &EventLog, user: usize) -> i64 {
    match (log.users().integers(), log.users().texts()) {
        (Some(ids), _) => ids[user],
        (None, Some(ids)) => ids.get(user).and_then(|id| id.trim_start_matches('u').parse().ok()).unwrap_or(-1),
        (None, None) => -1,
    }
}

/// What a load read, summed up so that any order of rows gives the same.
///
/// # Errors
/// `UnknownName` where the log lacks a column.
pub fn load_digest(log: &EventLog) -> Result<Vec<i64>> {
    let mut digest = vec![log.event_count() as i64, log.amount_minor().known_count() as i64, 0, 0, 0, 0, 0];
    for user in 0..log.user_count() {
        let number = user_number(log, user);
        for row in log.rows(UserIx(user as u32)) {
            let time = log.time_micros()[row] / 1_000 - START_MS;
            let amount = log.amount_minor().get(row).unwrap_or_default();
            digest[2] += number;
            digest[3] += time;
            digest[4] += amount;
            digest[5] += time.rem_euclid(1009) * number.rem_euclid(1009);
            digest[6] += amount.rem_euclid(1009) * number.rem_euclid(1009);
        }
    }
    let codes = log.name_codes().iter().map(|code| u32::from(*code));
    digest.extend(counts(&EVENT_NAMES, codes, |name| log.names().code(name)));
    for (name, values) in [("country", &COUNTRIES[..]), ("channel", &CHANNELS), ("device", &DEVICES)] {
        let column = log.text_property(name)?;
        digest.extend(counts(values, column.codes.iter().flatten(), |text| column.dictionary.code(text)));
    }
    Ok(digest)
}

fn counts(names: &[&str], codes: impl Iterator<Item = u32>, code_of: impl Fn(&str) -> Option<u32>) -> Vec<i64> {
    let mut by_code = std::collections::HashMap::<u32, i64>::new();
    codes.for_each(|code| *by_code.entry(code).or_default() += 1);
    names.iter().map(|name| code_of(name).and_then(|code| by_code.get(&code)).copied().unwrap_or_default()).collect()
}

/// The sizes of the cells of recency, frequency and monetary score, ascending, empty ones left out.
///
/// # Errors
/// `Empty` where nobody bought.
pub fn rfm_cells(log: &EventLog) -> Result<Vec<[u64; 4]>> {
    let options = BuyerOptions::new(["order_paid"]).recency(RecencyMeasure::Micros).frequency(FrequencyMeasure::Orders);
    let buyers = measure_buyers(log, as_of(), options)?;
    let model = RfmModel::fit(&buyers.measures(), RfmOptions::default().frequency_measure(FrequencyMeasure::Orders))?;
    let mut cells = [[[0u64; 5]; 5]; 5];
    for score in model.score_columns(&buyers.measures())?.iter() {
        let [r, f, m] = [score.recency, score.frequency, score.monetary].map(|score| usize::from(score) - 1);
        cells[r][f][m] += 1;
    }
    let mut sizes = Vec::new();
    for (r, plane) in (1..).zip(&cells) {
        for (f, line) in (1..).zip(plane) {
            let filled = (1..).zip(line).filter(|(_, users)| **users > 0);
            sizes.extend(filled.map(|(m, users)| [r, f, m, *users]));
        }
    }
    Ok(sizes)
}

/// The profiles, with the columns that all peers make.
///
/// # Errors
/// Those of [`build_profiles`].
pub fn profiles(log: &EventLog) -> Result<ProfileTable> {
    build_profiles(log, as_of(), ProfileOptions::core())
}

/// The sums, plain and paired with the user's number, of every column of the profiles.
///
/// # Errors
/// `UnknownName` where the log lacks an event.
pub fn profile_digest(log: &EventLog, profiles: &ProfileTable) -> Result<Vec<i64>> {
    let codes = EVENT_NAMES.iter().map(|name| log.name_code(name)).collect::<Result<Vec<u16>>>()?;
    let width = 5 + codes.len() + RECENT_DAYS.len();
    let (mut sums, mut paired) = (vec![0i64; width], vec![0i64; width]);
    for index in 0..profiles.len() {
        let user = UserIx(index as u32);
        let number = user_number(log, index);
        let millis = |instant: Option<Timestamp>| instant.map_or(0, |instant| instant.as_micros() / 1_000);
        let mut row = vec![
            millis(profiles.first_seen(user)),
            millis(profiles.last_seen(user)),
            i64::from(profiles.event_count()[index]),
            i64::from(profiles.active_days()[index]),
        ];
        row.extend(codes.iter().map(|code| i64::from(profiles.counts_by_name(user)[usize::from(*code)])));
        row.push(profiles.amount_minor()[index]);
        row.extend(profiles.window_counts(user).iter().map(|count| i64::from(*count)));
        for (column, value) in row.into_iter().enumerate() {
            sums[column] += value;
            paired[column] += value.rem_euclid(1009) * number.rem_euclid(1009);
        }
    }
    Ok([vec![profiles.len() as i64], sums, paired].concat())
}

/// How many users come to each step of the funnel.
///
/// # Errors
/// `UnknownName` where the log lacks an event.
pub fn funnel_counts(log: &EventLog) -> Result<Vec<u64>> {
    let funnel = Funnel::new(FUNNEL.map(|name| FunnelStep::new([name]))).within(Span::from_days(FUNNEL_DAYS));
    let conversion = measure_conversion(log, as_of(), &funnel)?;
    Ok(conversion.steps().iter().map(|step| step.count).collect())
}

/// First week, weeks since then, and users, where there are any.
///
/// # Errors
/// Those of [`measure_retention`].
pub fn retention_cells(log: &EventLog) -> Result<Vec<[u64; 3]>> {
    let retention = measure_retention(log, as_of(), RetentionOptions::new(WEEK))?;
    let mut cells = Vec::new();
    for cohort in &retention.cohorts {
        let week = (day_number(cohort.first_day) / 7) as u64;
        // The peers count everybody of a cohort in its own week, with the event that begins it.
        let later = cohort.cells.iter().map(|cell| cell.retained_count).skip(1);
        let counts = (0..).zip(std::iter::once(cohort.size_count).chain(later));
        cells.extend(counts.filter(|(_, users)| *users > 0).map(|(offset, users)| [week, offset, users]));
    }
    Ok(cells)
}

/// Day, and the users active on it and in the days before it.
///
/// # Errors
/// Those of [`count_active_users`].
pub fn active_users(log: &EventLog) -> Result<Vec<Vec<u64>>> {
    let options = ActiveUserOptions::default().windows_days(ROLLING_DAYS);
    let active = count_active_users(log, as_of(), &options)?;
    let row = |(day, counts): (Day, Vec<u64>)| [vec![day_number(day) as u64], counts].concat();
    Ok(active.rows.into_iter().map(|day| row((day.day, day.active_counts))).collect())
}

/// Week, and its new, returning, resurrecting and dormant users.
///
/// # Errors
/// Those of [`account_growth`].
pub fn growth_rows(log: &EventLog) -> Result<Vec<[u64; 5]>> {
    let growth = account_growth(log, as_of(), WEEK)?;
    let rows = growth.rows.iter().map(|row| {
        let week = (day_number(row.first_day) / 7) as u64;
        [week, row.new_count, row.returning_count, row.resurrecting_count, row.dormant_count]
    });
    Ok(rows.collect())
}

/// Days since the log begins.
fn day_number(day: Day) -> i32 {
    day.0 - (START_MS * 1_000 / MICROS_PER_DAY) as i32
}

/// The answers of the whole job, and what the digest of profiles is made of.
#[derive(Debug)]
pub struct JobAnswers {
    log: EventLog,
    rfm: Vec<[u64; 4]>,
    profiles: ProfileTable,
    funnel: Vec<u64>,
    retention: Vec<[u64; 3]>,
    activity: Vec<Vec<u64>>,
    growth: Vec<[u64; 5]>,
    tags: Vec<u64>,
}

/// Asks everything of a log that was just read.
///
/// # Errors
/// Those of the parts.
pub fn whole_job(log: EventLog) -> Result<JobAnswers> {
    Ok(JobAnswers {
        rfm: rfm_cells(&log)?,
        profiles: profiles(&log)?,
        funnel: funnel_counts(&log)?,
        retention: retention_cells(&log)?,
        activity: active_users(&log)?,
        growth: growth_rows(&log)?,
        tags: tag_counts(&log)?,
        log,
    })
}

impl JobAnswers {
    /// The answers in the order of the peers.
    ///
    /// # Errors
    /// `UnknownName` where the log lacks an event.
    pub fn to_json(&self) -> Result<Value> {
        let profiles = profile_digest(&self.log, &self.profiles)?;
        Ok(json!([self.rfm, profiles, self.funnel, self.retention, self.activity, self.growth, self.tags]))
    }
}

/// For whom each rule holds: plan, one pass, and the rules over its columns.
///
/// # Errors
/// `UnknownName` where the log lacks a property.
pub fn truths(log: &EventLog, rules: &[Rule]) -> Result<Vec<Truths>> {
    evaluate_rules(log, rules, as_of(), &Context::default())
}

/// How many users have each of the twenty tags, then each of the ten triples.
///
/// # Errors
/// Those of [`truths`].
pub fn tag_counts(log: &EventLog) -> Result<Vec<u64>> {
    let tags = truths(log, &tag_rules())?;
    Ok(tags.iter().map(|tag| tag.true_count() as u64).chain(triple_counts(&tags)).collect())
}

/// How many users have a tag, worked out alone.
///
/// # Errors
/// Those of [`truths`].
pub fn one_tag_count(log: &EventLog, rule: &Rule) -> Result<Vec<u64>> {
    Ok(truths(log, std::slice::from_ref(rule))?.iter().map(|tag| tag.true_count() as u64).collect())
}

/// How many users have the first and the second tag of each triple but not the third.
#[must_use]
pub fn triple_counts(tags: &[Truths]) -> Vec<u64> {
    let count = |[a, b, c]: [usize; 3]| -> u64 {
        let [a, b, c] = [a, b, c].map(|tag| tags[tag].true_words().iter());
        a.zip(b).zip(c).map(|((a, b), c)| u64::from((a & b & !c).count_ones())).sum()
    };
    TRIPLES.map(count).to_vec()
}
