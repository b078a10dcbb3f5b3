//! What customers will do: who is lost, who is about to be, what they will bring, and how far such forecasts held.

use userops::btyd::{
    BtydFit, BtydModel, BtydModelKind, BtydOptions, BtydScoreOptions, NextPurchaseOptions, NextPurchaseReview,
    PurchaseOptions, PurchaseSummary, fit_btyd, summarise_purchases,
};
use userops::churn::{ChurnOptions, ChurnStandard, set_churn_standard};
use userops::column::Column;
use userops::error::{ErrorKind, Result};
use userops::id::UserIx;
use userops::lifetime_value::{
    LifetimeValueForecast, LifetimeValueOptions, ValueShare, WinBackOptions, forecast_lifetime_value, share_of_top,
};
use userops::log::EventLog;
use userops::table::Table;
use userops::time::{Day, Timestamp};
use userops::value::ValueRef;
use userops::warning::{
    WarningFit, WarningOptions, WarningScoreOptions, WatchList, WatchListOptions, WatchOrder, fit_warning,
};

/// Times are told in weeks.
const WEEK_DAYS: f64 = 7.0;
/// Values look a year ahead.
const YEAR_WEEKS: u32 = 52;
/// A return counts within a quarter, and so does a loss where the log is long enough.
const QUARTER_DAYS: u32 = 90;
/// With this many repeats and more, customers are one class.
const REPEATS_SHOWN: u32 = 7;
/// How many customers can be looked after, or won back.
const CAPACITY: u64 = 10;
/// The shares of the customers whose value is told.
const TOP_RATIOS: [f64; 5] = [0.01, 0.05, 0.1, 0.2, 0.5];
/// The models that are held against what was held out.
const MODELS: [BtydModelKind; 3] = [BtydModelKind::BgNbd, BtydModelKind::MbgNbd, BtydModelKind::ParetoNbd];

/// A part of the outlook, or why the log does not tell it.
pub type Told<T> = std::result::Result<T, String>;

/// What customers will do, as far as the log tells.
#[derive(Debug)]
pub struct Outlook {
    /// After how much silence a customer is lost.
    pub churn: Told<ChurnStandard>,
    /// How the second half of the log was foretold from the first.
    pub review: Told<ForecastReview>,
    /// What customers will bring.
    pub worth: Told<Worth>,
    /// Who is about to be lost.
    pub warning: Told<Warning>,
}

/// Forecasts of purchases that were held out.
#[derive(Debug)]
pub struct ForecastReview {
    /// The last day that the models saw.
    pub last_day: Day,
    /// How many days were held out.
    pub holdout_days: u32,
    /// The models, in the order of [`ForecastClass::expected`].
    pub fits: Vec<BtydFit>,
    /// Customers by how often they had bought again.
    pub classes: Vec<ForecastClass>,
    /// Which of the models comes nearest to the number of purchases.
    pub nearest: usize,
    /// How the nearest one told the next purchase of each customer.
    pub next: NextPurchaseReview,
}

/// Customers who had bought again equally often, and what they bought in the time held out.
#[derive(Debug, Clone, PartialEq)]
pub struct ForecastClass {
    /// How often; the last class holds those who did more often as well.
    pub repeats: u32,
    /// How many customers.
    pub customer_count: u64,
    /// Purchase days in the time held out.
    pub actual: u64,
    /// What each model expected.
    pub expected: Vec<f64>,
}

/// What customers will bring.
#[derive(Debug)]
pub struct Worth {
    /// Every customer's value, in the rows of `customers`.
    pub forecast: LifetimeValueForecast,
    /// The customers, with their segments.
    pub customers: Table,
    /// Value by segment.
    pub by_segment: Table,
    /// How few carry how much of it.
    pub shares: Vec<ValueShare>,
    /// The lost who are most worth winning back.
    pub win_back: Table,
    /// How many are lost.
    pub lost_count: usize,
}

/// Who is about to be lost.
#[derive(Debug)]
pub struct Warning {
    /// The model, and how well it did on a time that it had not seen.
    pub fit: WarningFit,
    /// Whom to look after first.
    pub watch_list: WatchList,
}

/// What a log is too short or too thin for is said, not failed on.
fn told<T>(answer: Result<T>) -> Result<Told<T>> {
    match answer {
        Err(error) if matches!(error.kind(), ErrorKind::Empty | ErrorKind::InvalidArgument) => {
            Ok(Err(error.to_string()))
        }
        answer => answer.map(Ok),
    }
}

impl Outlook {
    /// Looks ahead from `as_of`; a segment is the label of a customer.
    ///
    /// # Errors
    /// Those of the log; what cannot be told of a sound log is said in its part.
    pub fn new(log: &EventLog, order: &str, as_of: Timestamp, segment: impl Fn(UserIx) -> String) -> Result<Self> {
        let churn = told(set_churn_standard(log, as_of, ChurnOptions::default().activity(order)))?;
        let silence_days = churn.as_ref().map_or(QUARTER_DAYS, |standard| standard.threshold_days);
        Ok(Self {
            review: told(ForecastReview::new(log, order, as_of))?,
            worth: told(Worth::new(log, order, as_of, silence_days, segment))?,
            warning: told(Warning::new(log, order, as_of, silence_days))?,
            churn,
        })
    }
}

fn number(table: &Table, row: usize, name: &str) -> f64 {
    match table.get(row, name) {
        Some(ValueRef::Float(value)) => value,
        Some(ValueRef::Integer(value)) => value as f64,
        _ => 0.0,
    }
}

impl ForecastReview {
    fn new(log: &EventLog, order: &str, as_of: Timestamp) -> Result<Self> {
        let summary = summarise_purchases(log, as_of, Self::options(log, order, as_of))?;
        let customers = summary.to_table(log)?;
        let fits = MODELS
            .iter()
            .map(|kind| fit_btyd(&customers, BtydOptions::new(*kind).time_unit("week")))
            .collect::<Result<Vec<_>>>()?;
        let weeks = f64::from(summary.holdout_days) / WEEK_DAYS;
        let classes = Self::classes(&summary, &customers, &fits, weeks)?;
        let actual: f64 = classes.iter().map(|class| class.actual as f64).sum();
        let miss =
            |model: &usize| -> f64 { (classes.iter().map(|class| class.expected[*model]).sum::<f64>() - actual).abs() };
        let nearest = (0..fits.len()).min_by(|one, other| miss(one).total_cmp(&miss(other))).unwrap_or(0);
        let next = fits[nearest].model.review_next_purchase(&customers, &NextPurchaseOptions::new(weeks))?;
        let PurchaseSummary { last_day, holdout_days, .. } = summary;
        Ok(Self { last_day, holdout_days, fits, classes, nearest, next })
    }

    /// The second half of the log's days is held out.
    fn options(log: &EventLog, order: &str, as_of: Timestamp) -> PurchaseOptions {
        let calendar = log.calendar(as_of);
        let (today, first) = (calendar.day(as_of), log.time_span().map(|(first, _)| calendar.day(first)));
        let days = first.map_or(0, |first| today.0.saturating_sub(first.0).max(0));
        PurchaseOptions::new(order).unit_days(WEEK_DAYS).calibrate_until(Day(today.0 - (days + 1) / 2))
    }

    fn classes(
        summary: &PurchaseSummary,
        customers: &Table,
        fits: &[BtydFit],
        weeks: f64,
    ) -> Result<Vec<ForecastClass>> {
        let none = |repeats| ForecastClass { repeats, customer_count: 0, actual: 0, expected: vec![0.0; fits.len()] };
        let mut classes: Vec<ForecastClass> = (0..=REPEATS_SHOWN).map(none).collect();
        let class_of = |repeats: u32| repeats.min(REPEATS_SHOWN) as usize;
        for customer in &summary.customers {
            let class = &mut classes[class_of(customer.repeat_count)];
            class.customer_count += 1;
            class.actual += u64::from(customer.holdout_count);
        }
        for (place, fit) in fits.iter().enumerate() {
            let scores = fit.model.score(customers, BtydScoreOptions::default().horizon(weeks))?;
            for (row, customer) in summary.customers.iter().enumerate() {
                classes[class_of(customer.repeat_count)].expected[place] += number(&scores, row, "expected_purchases");
            }
        }
        Ok(classes)
    }

    /// A row per class: `repeats`, `customer_count`, `actual`, and what each model expected.
    ///
    /// # Errors
    /// None in practice: the columns have one length and distinct names.
    pub fn to_table(&self) -> Result<Table> {
        let rows = &self.classes;
        let mut table = Table::new(rows.len())
            .with("repeats", rows.iter().map(|class| class.repeats).collect::<Vec<_>>())?
            .with("customer_count", rows.iter().map(|class| class.customer_count as i64).collect::<Vec<_>>())?
            .with("actual", rows.iter().map(|class| class.actual as i64).collect::<Vec<_>>())?;
        for (place, kind) in MODELS.iter().enumerate() {
            table = table.with(kind.name(), rows.iter().map(|class| class.expected[place]).collect::<Vec<_>>())?;
        }
        Ok(table)
    }
}

impl Worth {
    fn new(
        log: &EventLog,
        order: &str,
        as_of: Timestamp,
        silence_days: u32,
        segment: impl Fn(UserIx) -> String,
    ) -> Result<Self> {
        let summary = summarise_purchases(log, as_of, PurchaseOptions::new(order).unit_days(WEEK_DAYS))?;
        let segments: Vec<String> = summary.customers.iter().map(|customer| segment(customer.user)).collect();
        let segments = Column::texts(segments.iter().map(|name| Some(name.as_str())));
        let customers = summary.to_table(log)?.with("segment", segments)?;
        let purchases = fit_btyd(&customers, BtydOptions::new(BtydModelKind::ParetoNbd).time_unit("week"))?;
        let spend = fit_btyd(&customers, BtydModelKind::GammaGamma)?;
        let options = LifetimeValueOptions::new(YEAR_WEEKS);
        let forecast = forecast_lifetime_value(&customers, &purchases, &spend, options)?;
        let values: Vec<Option<f64>> = forecast
            .customers
            .iter()
            .map(|customer| customer.predicted.and_then(|predicted| predicted.predicted_value))
            .collect();
        let lost =
            WinBackOptions::new(f64::from(silence_days + 1) / WEEK_DAYS).horizon(f64::from(QUARTER_DAYS) / WEEK_DAYS);
        let lost_count = forecast.model.rank_win_back(&customers, &lost)?.row_count();
        let win_back = forecast.model.rank_win_back(&customers, &lost.capacity(CAPACITY))?;
        Ok(Self {
            by_segment: forecast.to_group_table(&customers, "segment")?,
            shares: share_of_top(&values, &TOP_RATIOS)?,
            win_back,
            lost_count,
            forecast,
            customers,
        })
    }

    /// The model of purchases that values rest on.
    #[must_use]
    pub fn model(&self) -> &BtydModel {
        &self.forecast.model.purchases
    }
}

impl Warning {
    fn new(log: &EventLog, order: &str, as_of: Timestamp, silence_days: u32) -> Result<Self> {
        let calendar = log.calendar(as_of);
        let days = log.time_span().map_or(0, |(first, _)| calendar.day(as_of).0 - calendar.day(first).0);
        // Three horizons back there must be something to learn from: half as much time again.
        let horizon_days = (days.max(0) as u32 / 5).clamp(1, QUARTER_DAYS);
        let options = WarningOptions::new(order).horizon_days(horizon_days).silence_days_max(silence_days.max(1));
        let fit = fit_warning(log, as_of, options)?;
        let scores = fit.model.score(log, as_of, WarningScoreOptions::default())?;
        let watch_list = scores.watch_list(WatchListOptions { capacity: CAPACITY, order: WatchOrder::ExpectedLoss })?;
        Ok(Self { fit, watch_list })
    }
}
