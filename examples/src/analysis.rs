//! Everything that the report says, computed once.

use userops::analytics::ladder::{Ladder, LadderOptions, build_ladder};
use userops::column::{Bitmap, Column};
use userops::error::{Error, ErrorKind, Result};
use userops::id::UserIx;
use userops::ingest::IngestReport;
use userops::log::EventLog;
use userops::portrait::{Dimension, Portrait, PortraitOptions, SmallCells, build_portrait};
use userops::profile::{OrderProfile, ProfileOptions, ProfileTable, build_profiles, count_active_months};
use userops::score::contribution::{
    ContributionColumns, ContributionModel, ContributionRules, ContributionScore, ContributionTier, UserContribution,
};
use userops::score::rfm::{
    BuyerOptions, Buyers, CellScheme, EightGroupOptions, EightGroupScheme, MeasureOptions, RfmModel, RfmOptions,
    RfmScores, ThresholdKind, UserMeasures, ValueGroup, measure_buyers,
};
use userops::score::{Comparison, Direction, Explanation};
use userops::time::Timestamp;

use crate::arguments::Arguments;
use crate::operations::Operations;
use crate::outlook::Outlook;

/// A core customer bought in at least this many of the last twelve months. Records are bought far less often than a
/// feed is read, so that half of all months would leave nobody.
const CORE_MONTHS_MIN: u32 = 3;
/// The months looked at: a year, so that every season counts once.
const CORE_MONTHS: u32 = 12;

/// A purchase log and all that was found in it, as of one instant.
#[derive(Debug)]
pub struct Analysis {
    /// The log.
    pub log: EventLog,
    /// What became of each row that was read.
    pub ingest: IngestReport,
    /// The instant of the report.
    pub as_of: Timestamp,
    /// Every customer's profile.
    pub profiles: ProfileTable,
    /// Registered, first-order, second-order… customers.
    pub ladder: Ladder,
    /// Buyers and their measures.
    pub buyers: Buyers,
    /// The cuts of recency, frequency and monetary value.
    pub rfm: RfmModel,
    /// Each buyer's scores.
    pub scores: RfmScores,
    /// The ten segments by recency and frequency.
    pub segments: CellScheme,
    /// Each buyer's segment: a place in the scheme's names.
    pub segment_of: Vec<u16>,
    /// The eight groups.
    pub groups: EightGroupScheme,
    /// Each buyer's group.
    pub group_of: Vec<ValueGroup>,
    /// How contribution is scored.
    pub contribution: ContributionModel,
    /// Each customer's contribution.
    pub contributions: Vec<ContributionScore>,
    /// Core customers against everybody.
    pub portrait: Portrait,
    /// What the playbook says.
    pub operations: Operations,
    /// What customers will do.
    pub outlook: Outlook,
    revenue_minor: Vec<i64>,
    purchase_days: Vec<i64>,
    active_months: Vec<i64>,
}

/// The default options, with measures named so that explanations tell their units.
fn rfm_options(log: &EventLog, buyers: &Buyers) -> RfmOptions {
    let measure = |name: String, direction| MeasureOptions::new(name, direction);
    let unit = format!("revenue in 1/{} {}", log.currency().minor_per_major(), log.currency());
    buyers
        .rfm_options()
        .recency(measure("days since the last purchase".to_owned(), Direction::LowerIsBetter))
        .frequency(measure("purchase days".to_owned(), Direction::HigherIsBetter))
        .monetary(measure(unit, Direction::HigherIsBetter))
}

/// What the portrait looks at, a value per customer: orders, money per order, silence, and when they came.
fn dimensions(log: &EventLog, profiles: &ProfileTable) -> Vec<Dimension<'static>> {
    let orders = profiles.orders();
    let major = log.currency().minor_per_major() as f64;
    let average = |order: &OrderProfile| order.average_order_minor().map(|minor| minor / major);
    let first = orders.iter().map(|order| order.first.map(Timestamp::as_micros));
    vec![
        Dimension::new("orders", orders.iter().map(|order| order.order_count).collect::<Vec<u32>>()),
        Dimension::new(format!("{} per order", log.currency()), orders.iter().map(average).collect::<Vec<_>>()),
        Dimension::new(
            "days since the last order",
            orders.iter().map(|order| order.days_since_last).collect::<Vec<_>>(),
        ),
        Dimension::new("month of the first order", Column::Time(first.collect())).in_zone(log.zone()),
    ]
}

impl Analysis {
    /// Analyses a log.
    ///
    /// # Errors
    /// `Empty` without any event; `UnknownName` where the log has no such order event.
    pub fn new(log: EventLog, ingest: IngestReport, arguments: &Arguments) -> Result<Self> {
        let Some((_, last)) = log.time_span() else {
            let message = format!("there is no event to report on: {ingest}");
            return Err(Error::new(ErrorKind::Empty, message));
        };
        let as_of = arguments.as_of(last)?;
        let order = arguments.order.as_str();
        let profiles = build_profiles(&log, as_of, ProfileOptions::default().orders([order]))?;
        let ladder = build_ladder(&log, as_of, LadderOptions::new([order]))?;

        let buyers = measure_buyers(&log, as_of, BuyerOptions::new([order]))?;
        let rfm = RfmModel::fit(&buyers.measures(), rfm_options(&log, &buyers))?;
        let scores = rfm.score_columns(&buyers.measures())?;
        let segments = CellScheme::ten_segments();
        let segment_of = segments.segments(&scores)?;
        // More than half of the customers bought once: only above the median is their frequency worth calling high.
        let options = EightGroupOptions::default().threshold(ThresholdKind::Median).comparison(Comparison::Above);
        let groups = EightGroupScheme::fit(&buyers.measures(), options)?;
        let group_of = groups.groups(&buyers.measures())?;

        // A refund larger than all purchases is no contribution, and not less than none.
        let revenue_minor: Vec<i64> = profiles.orders().iter().map(|order| order.revenue.minor().max(0)).collect();
        let purchase_days: Vec<i64> = profiles.orders().iter().map(|order| i64::from(order.purchase_days)).collect();
        let active_months = count_active_months(&log, as_of, &[log.name_code(order)?], CORE_MONTHS)?;
        let columns = ContributionColumns::new()
            .dimension("revenue", &revenue_minor)
            .dimension("purchase days", &purchase_days)
            .active_periods(&active_months);
        let rules =
            ContributionRules::new([("revenue", 1.0), ("purchase days", 1.0)]).sustained(CORE_MONTHS_MIN, CORE_MONTHS);
        let contribution = ContributionModel::fit(&columns, rules)?;
        let contributions = contribution.score_columns(&columns)?;
        let core: Bitmap = contributions.iter().map(|score| score.tier == ContributionTier::Core).collect();
        // The report names single customers to a reader who may see them: nothing is hidden for being rare.
        let shown = PortraitOptions::default().small_cells(SmallCells::Show);
        let portrait = build_portrait(&core, &dimensions(&log, &profiles), shown)?;
        let operations = Operations::new(&log, &arguments.playbook, as_of)?;
        let segment = |user: UserIx| {
            let place = buyers.row(user).map(|row| usize::from(segment_of[row]));
            place.and_then(|place| segments.names().get(place)).cloned().unwrap_or_default()
        };
        let outlook = Outlook::new(&log, order, as_of, segment)?;
        Ok(Self {
            portrait,
            operations,
            outlook,
            log,
            ingest,
            as_of,
            profiles,
            ladder,
            buyers,
            rfm,
            scores,
            segments,
            segment_of,
            groups,
            group_of,
            contribution,
            contributions,
            revenue_minor,
            purchase_days,
            active_months,
        })
    }

    /// Each customer's revenue in minor units, negative sums as zero.
    #[must_use]
    pub fn revenue_minor(&self) -> &[i64] {
        &self.revenue_minor
    }

    /// The measures of a buyer by row.
    ///
    /// # Errors
    /// `InvalidArgument` where there is no such row.
    pub fn buyer(&self, row: usize) -> Result<UserMeasures> {
        self.buyers.measures().get(row).ok_or_else(|| {
            Error::new(ErrorKind::InvalidArgument, format!("there is no buyer {row} of {}", self.buyers.users().len()))
        })
    }

    /// The customer to explain: the one asked for, or the most valuable of those about to be lost, or of all.
    ///
    /// # Errors
    /// `UnknownName` where the log has no such customer.
    pub fn customer_to_explain(&self, asked: Option<&str>) -> Result<UserIx> {
        if let Some(id) = asked {
            return self.log.users().find_text(id).ok_or_else(|| {
                Error::new(ErrorKind::UnknownName, format!("--explain {id:?}: the log has no such customer"))
            });
        }
        let name_of = |row: usize| self.segments.names().get(usize::from(self.segment_of[row])).map(String::as_str);
        let value = |row: &usize| {
            let user = self.buyers.users()[*row];
            (name_of(*row) == Some("cant_lose"), self.revenue_minor[user.index()], std::cmp::Reverse(user))
        };
        let row = (0..self.buyers.users().len()).max_by_key(value).unwrap_or_default();
        Ok(self.buyers.users()[row])
    }

    /// Why a customer is where they are: scores, segment, group and contribution, each with what it rests on.
    ///
    /// # Errors
    /// As the models.
    pub fn explanations(&self, user: UserIx) -> Result<Vec<Explanation>> {
        let mut explanations = Vec::new();
        if let Some(row) = self.buyers.row(user) {
            let measures = self.buyer(row)?;
            explanations.push(self.rfm.explain(&measures)?);
            explanations.push(self.segments.explain(self.rfm.score(&measures)?)?);
            explanations.push(self.groups.explain(&measures)?);
        }
        let index = user.index();
        let contribution = UserContribution::new([self.revenue_minor[index], self.purchase_days[index]])
            .active_periods(self.active_months[index]);
        explanations.push(self.contribution.explain(&contribution)?);
        Ok(explanations)
    }
}
