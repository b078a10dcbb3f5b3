//! A lead score as data: who fits, who is engaged, and what becomes of each pair of grades.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::grade::{Grades, LeadGroup};
use crate::rule::{self, EventPattern, EventQuery, Filter, Rule, UnknownFold};
use crate::time::{Span, Timestamp, Window};

/// The least and the most points of a dimension unless told otherwise: a percentage of what there is to get.
const SCALE_DEFAULT: (i64, i64) = (0, 100);

/// A lead score: points for what someone is (fit) and for what someone does (engagement), a grade for each, and a group
/// of leads for each pair of grades.
///
/// Points are added up in this order: the events and rules of a group, kept within the limits of the group; the groups
/// of a dimension, kept within the limits of the dimension; both dimensions, kept within the limits of the whole. Nothing is
/// rounded: points of rules are whole numbers and their sums are exact, and only decay brings in decimals. Grades begin at
/// whole points, so that points shown rounded down stand in the same grade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct LeadDefinition {
    /// What someone is.
    pub fit: FitRules,
    /// What someone does.
    pub engagement: EngagementRules,
    /// The least points of fit and engagement together; without it they are not kept above anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_min: Option<i64>,
    /// The most points of fit and engagement together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub points_max: Option<i64>,
    /// The groups of leads: each cell of the matrix in exactly one. See [`LeadGroup::standard`] for those there are
    /// without a word.
    pub groups: Vec<LeadGroup>,
    /// Who is put into a group whatever the grades say; the first that holds counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<LeadOverride>,
}

/// Points for what someone is: rules over attributes, tags, stages, and whatever else a rule may ask for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct FitRules {
    /// Groups of rules, none of which has events.
    pub groups: Vec<PointGroup>,
    /// The least points there are.
    pub points_min: i64,
    /// The most points there are.
    pub points_max: i64,
    /// The grades; A from 75 points, B from 50, C from 25, else D.
    pub grades: Grades,
}

/// Points for what someone does: rules, and events that count one by one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct EngagementRules {
    /// Groups of rules and events.
    pub groups: Vec<PointGroup>,
    /// The least points there are.
    pub points_min: i64,
    /// The most points there are.
    pub points_max: i64,
    /// The grades; 1 from 75 points, 2 from 50, 3 from 25, else 4.
    pub grades: Grades,
}

/// Rules and events whose points are added up and kept within limits together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PointGroup {
    /// The name, unique within the dimension.
    pub name: String,
    /// The least points that the group gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_min: Option<i64>,
    /// The most points that the group gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_max: Option<i64>,
    /// Points for whom a rule holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<LeadRule>,
    /// Points for each event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<EventRule>,
}

/// Points for whom a rule holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadRule {
    /// The name, unique within the group.
    pub name: String,
    /// When the points are given.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::rule_schema")]
    pub when: Rule,
    /// The points; below zero to take some away.
    pub points: i64,
    /// Whether the points are given where the rule cannot be told.
    #[serde(default, skip_serializing_if = "UnknownFold::is_out")]
    pub unknown: UnknownFold,
}

/// Points for each event of a kind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EventRule {
    /// The name, unique within the group.
    pub name: String,
    /// The names of the events, any of them; empty for every event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the properties must be besides.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// The points of one event at the instant it happens; below zero to take some away.
    pub points: i64,
    /// How many events count, the latest; all where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
    /// After how long an event is worth half of what it was: it gives points · 2^(−age / half-life). Without it an event
    /// keeps its worth.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_life: Option<Span>,
    /// How far back events count: those later than `as_of` less this span. Without it all do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub within: Option<Span>,
}

/// A group for whom a rule holds, whatever their grades: customers, competitors, those who asked to be left alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LeadOverride {
    /// The group; it may be one that no cell is in.
    pub group: String,
    /// When the user is put there.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::rule_schema")]
    pub when: Rule,
    /// Whether users for whom the rule cannot be told are put there.
    #[serde(default, skip_serializing_if = "UnknownFold::is_out")]
    pub unknown: UnknownFold,
}

impl Default for FitRules {
    fn default() -> Self {
        let (points_min, points_max) = SCALE_DEFAULT;
        Self { groups: Vec::new(), points_min, points_max, grades: Grades::letters() }
    }
}

impl Default for EngagementRules {
    fn default() -> Self {
        let (points_min, points_max) = SCALE_DEFAULT;
        Self { groups: Vec::new(), points_min, points_max, grades: Grades::digits() }
    }
}

impl Default for LeadDefinition {
    fn default() -> Self {
        Self::new([], [])
    }
}

impl LeadDefinition {
    /// These groups of points, with the usual grades (A to D, 1 to 4) and the usual groups of leads.
    pub fn new(fit: impl IntoIterator<Item = PointGroup>, engagement: impl IntoIterator<Item = PointGroup>) -> Self {
        Self {
            fit: FitRules { groups: fit.into_iter().collect(), ..FitRules::default() },
            engagement: EngagementRules { groups: engagement.into_iter().collect(), ..EngagementRules::default() },
            points_min: None,
            points_max: None,
            groups: LeadGroup::standard(),
            overrides: Vec::new(),
        }
    }

    /// The same, with users for whom the rule holds in this group whatever their grades; after other overrides.
    #[must_use]
    pub fn override_group(mut self, group: impl Into<String>, when: Rule) -> Self {
        self.overrides.push(LeadOverride { group: group.into(), when, unknown: UnknownFold::default() });
        self
    }

    /// All rules that have to be judged, those of overrides last.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        let of_points = self.dimensions().into_iter().flat_map(|dimension| dimension.groups);
        let of_points = of_points.flat_map(|group| &group.rules).map(|rule| &rule.when);
        of_points.chain(self.overrides.iter().map(|given| &given.when))
    }

    /// All rules over events, in order.
    pub(crate) fn event_rules(&self) -> impl Iterator<Item = &EventRule> {
        self.dimensions().into_iter().flat_map(|dimension| dimension.groups).flat_map(|group| &group.events)
    }

    /// Fit and engagement, in this order.
    pub(crate) fn dimensions(&self) -> [Dimension<'_>; 2] {
        let (fit, engagement) = (&self.fit, &self.engagement);
        [
            Dimension {
                name: "fit",
                groups: &fit.groups,
                points_min: fit.points_min,
                points_max: fit.points_max,
                grades: &fit.grades,
            },
            Dimension {
                name: "engagement",
                groups: &engagement.groups,
                points_min: engagement.points_min,
                points_max: engagement.points_max,
                grades: &engagement.grades,
            },
        ]
    }

    /// Both dimensions together, kept within the limits of the whole.
    pub(super) fn points(&self, fit: f64, engagement: f64) -> f64 {
        keep_within(fit + engagement, self.points_min, self.points_max)
    }
}

/// Fit or engagement, as both have it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Dimension<'a> {
    pub(crate) name: &'static str,
    pub(crate) groups: &'a [PointGroup],
    pub(super) points_min: i64,
    pub(super) points_max: i64,
    pub(super) grades: &'a Grades,
}

impl Dimension<'_> {
    /// The sum of what the groups give, kept within the limits of the dimension.
    pub(super) fn keep(&self, sum: f64) -> f64 {
        keep_within(sum, Some(self.points_min), Some(self.points_max))
    }
}

impl PointGroup {
    /// A group of this name with nothing in it.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// The same group, which gives so many points at most.
    #[must_use]
    pub fn points_max(mut self, points_max: i64) -> Self {
        self.points_max = Some(points_max);
        self
    }

    /// The same group, which gives so many points at least.
    #[must_use]
    pub fn points_min(mut self, points_min: i64) -> Self {
        self.points_min = Some(points_min);
        self
    }

    /// The same group with points for whom a rule holds.
    #[must_use]
    pub fn rule(mut self, name: impl Into<String>, points: i64, when: Rule) -> Self {
        self.rules.push(LeadRule { name: name.into(), when, points, unknown: UnknownFold::default() });
        self
    }

    /// The same group with points for each event of a kind.
    #[must_use]
    pub fn event(mut self, rule: EventRule) -> Self {
        self.events.push(rule);
        self
    }

    /// The sum of what rules and events give, kept within the limits of the group.
    pub(super) fn keep(&self, sum: f64) -> f64 {
        keep_within(sum, self.points_min, self.points_max)
    }
}

impl EventRule {
    /// So many points for each event of this kind, at any time.
    pub fn new(name: impl Into<String>, points: i64, over: impl Into<EventPattern>) -> Self {
        let EventPattern { events, filter } = over.into();
        Self { name: name.into(), events, filter, points, at_most: None, half_life: None, within: None }
    }

    /// The same, with only so many events counted, the latest.
    #[must_use]
    pub fn at_most(mut self, at_most: u32) -> Self {
        self.at_most = Some(at_most);
        self
    }

    /// The same, with events worth half after this span.
    #[must_use]
    pub fn half_life(mut self, half_life: Span) -> Self {
        self.half_life = Some(half_life);
        self
    }

    /// The same, with only events of the last span counted.
    #[must_use]
    pub fn within(mut self, within: Span) -> Self {
        self.within = Some(within);
        self
    }

    /// The kind of event.
    pub(super) fn pattern(&self) -> EventPattern {
        EventPattern { events: self.events.clone(), filter: self.filter.clone() }
    }

    /// The events that count, all of them where there are more than [`EventRule::at_most`].
    pub(crate) fn query(&self) -> EventQuery {
        let window = self.within.map_or(Window::All, |span| Window::Rolling { span });
        EventQuery { events: self.events.clone(), filter: self.filter.clone(), ..EventQuery::default() }.window(window)
    }

    /// What an event is worth at `as_of`, as a share of its points.
    #[inline]
    pub(super) fn weight(half_life: Option<Span>, time: i64, as_of: Timestamp) -> f64 {
        half_life.map_or(1.0, |half_life| {
            let age = as_of.since(Timestamp::from_micros(time)).as_micros() as f64;
            // That of libm is the same on every machine.
            libm::exp2(-age / half_life.as_micros() as f64)
        })
    }
}

/// Points kept within limits that are whole numbers far below 2^53, which floats hold exactly.
pub(super) fn keep_within(points: f64, min: Option<i64>, max: Option<i64>) -> f64 {
    let points = max.map_or(points, |max| points.min(max as f64));
    min.map_or(points, |min| points.max(min as f64))
}
