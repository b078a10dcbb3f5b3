//! What a tag is made of.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::preference::Preference;
use crate::error::{Error, Result, invalid_definition};
use crate::rule::{self, Measure, Rule, Test, UnknownFold};
use crate::value::{Value, ValueType};

/// A tag: its name, how it is worked out, and what a person may do to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TagDefinition {
    /// The name, by which rules speak of it and under which it stands in tables.
    pub name: String,
    /// What it is for, for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// How it is worked out.
    pub kind: TagKind,
    /// What becomes of users for whom a rule of the tag is unknown; for tags made of rules and of cases.
    #[serde(default, skip_serializing_if = "UnknownFold::is_out")]
    pub unknown: UnknownFold,
    /// Which comes first, a person's word or the rules.
    #[serde(default, skip_serializing_if = "ManualPolicy::is_default")]
    pub manual: ManualPolicy,
}

/// How a tag is worked out.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TagKind {
    /// The user has it while the rule holds. The value is true or false.
    Rule(
        #[serde(with = "rule::form")]
        #[schemars(schema_with = "rule::form::schema")]
        Rule,
    ),
    /// One of several texts: that of the first case that holds.
    Cases(Cases),
    /// One of several texts: the band that a number lies in.
    Bands(Bands),
    /// What the user cares for most.
    Preference(Preference),
    /// The value of a measure as it is; unknown where that is.
    Value(
        #[serde(with = "rule::form")]
        #[schemars(schema_with = "rule::form::schema")]
        Measure,
    ),
    /// Put on by people alone. With values, it is one of these texts; without, true or false.
    Manual {
        /// The texts it can be.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        values: Vec<String>,
    },
}

/// Ordered cases.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Cases {
    /// The cases; the first that holds counts.
    pub cases: Vec<Case>,
    /// The value where none holds; without it such a user does not have the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub otherwise: Option<String>,
}

/// One case: a value and when it holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The value of the tag.
    pub value: String,
    /// When it holds.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::schema")]
    pub when: Rule,
}

/// Bands of a number: each from its lower bound, inclusive, up to the next band's, exclusive; the last has no end.
///
/// A user for whom the measure is unknown does not have the tag.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bands {
    /// The number.
    #[serde(with = "rule::form")]
    #[schemars(schema_with = "rule::form::schema")]
    pub measure: Measure,
    /// The bands, ascending.
    pub bands: Vec<Band>,
    /// What numbers below the first band are called; without it such a user does not have the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
}

/// One band.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Band {
    /// The value of the tag.
    pub label: String,
    /// The least number in it, an integer or a float; of money, in major units.
    pub from: Value,
}

/// Which comes first where a person and the rules disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ManualPolicy {
    /// The person: what was put on stays on, what was taken off stays off, until it expires or is taken back.
    #[default]
    ManualFirst,
    /// The rules: a person's value counts only while the rules give none.
    RuleFirst,
}

impl ManualPolicy {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Band {
    /// A band from this number on.
    pub fn new(label: impl Into<String>, from: impl Into<Value>) -> Self {
        Self { label: label.into(), from: from.into() }
    }
}

impl Cases {
    /// The same cases with one more, put last.
    #[must_use]
    pub fn case(mut self, value: impl Into<String>, when: Rule) -> Self {
        self.cases.push(Case { value: value.into(), when });
        self
    }

    /// The same cases with a value where none holds.
    #[must_use]
    pub fn otherwise(mut self, value: impl Into<String>) -> Self {
        self.otherwise = Some(value.into());
        self
    }
}

impl Bands {
    /// The bands as cases of rules, from the highest down, which are their meaning.
    #[must_use]
    pub fn to_cases(&self) -> Cases {
        let is = |test: Test| self.measure.clone().is(test);
        let mut cases = Cases::default();
        for band in self.bands.iter().rev() {
            cases = cases.case(&band.label, is(Test::Ge(band.from.clone())));
        }
        match (&self.below, self.bands.first()) {
            (Some(below), Some(first)) => cases.case(below, is(Test::Lt(first.from.clone()))),
            _ => cases,
        }
    }
}

impl TagDefinition {
    /// A tag of this kind.
    pub fn new(name: impl Into<String>, kind: TagKind) -> Self {
        Self {
            name: name.into(),
            description: String::new(),
            kind,
            unknown: UnknownFold::default(),
            manual: ManualPolicy::default(),
        }
    }

    /// A tag that the user has while the rule holds.
    pub fn rule(name: impl Into<String>, when: Rule) -> Self {
        Self::new(name, TagKind::Rule(when))
    }

    /// The same tag, with a decision about users for whom its rules are unknown.
    #[must_use]
    pub fn unknown(mut self, unknown: UnknownFold) -> Self {
        self.unknown = unknown;
        self
    }

    /// The same tag, with an order between people and rules.
    #[must_use]
    pub fn manual(mut self, manual: ManualPolicy) -> Self {
        self.manual = manual;
        self
    }

    /// The rules and measures that the tag is worked out from, for a [`Plan`](crate::rule::Plan) and for checks.
    ///
    /// A preference reads events by itself and needs neither.
    #[must_use]
    pub fn needs(&self) -> (Vec<&Rule>, Vec<&Measure>) {
        match &self.kind {
            TagKind::Rule(rule) => (vec![rule], Vec::new()),
            TagKind::Cases(cases) => (cases.cases.iter().map(|case| &case.when).collect(), Vec::new()),
            TagKind::Bands(bands) => (Vec::new(), vec![&bands.measure]),
            TagKind::Value(measure) => (Vec::new(), vec![measure]),
            TagKind::Preference(_) | TagKind::Manual { .. } => (Vec::new(), Vec::new()),
        }
    }

    /// The type of the tag's values, where its measure, if it is a measure as it is, has this type.
    #[must_use]
    pub fn value_type(&self, measure: Option<ValueType>) -> ValueType {
        match &self.kind {
            TagKind::Rule(_) => ValueType::Bool,
            TagKind::Manual { values } if values.is_empty() => ValueType::Bool,
            TagKind::Value(_) => measure.unwrap_or(ValueType::Float),
            TagKind::Cases(_) | TagKind::Bands(_) | TagKind::Preference(_) | TagKind::Manual { .. } => ValueType::Text,
        }
    }

    /// The texts that the tag can be, where they are stated.
    #[must_use]
    pub fn labels(&self) -> Option<Vec<&str>> {
        match &self.kind {
            TagKind::Cases(cases) => {
                let values = cases.cases.iter().map(|case| &case.value);
                Some(values.chain(&cases.otherwise).map(String::as_str).collect())
            }
            TagKind::Bands(bands) => {
                let labels = bands.bands.iter().map(|band| &band.label);
                Some(bands.below.iter().chain(labels).map(String::as_str).collect())
            }
            TagKind::Manual { values } if !values.is_empty() => Some(values.iter().map(String::as_str).collect()),
            _ => None,
        }
    }

    /// Refuses a tag that contradicts itself.
    ///
    /// # Errors
    /// `InvalidDefinition`, naming the tag and what is wrong: an empty name, no case or band, a value that is empty or
    /// occurs twice, bands that do not ascend or are no finite numbers, a preference for 0 values or with a half-life
    /// that is not positive, `unknown` where no rule could be.
    pub fn check(&self) -> Result<()> {
        if self.name.trim().is_empty() {
            return Err(invalid_definition("a tag has an empty name"));
        }
        self.check_kind().map_err(|error| error.at(format_args!("tag {:?}", self.name)))
    }

    fn check_kind(&self) -> Result<()> {
        match &self.kind {
            TagKind::Cases(cases) if cases.cases.is_empty() => {
                return Err(invalid_definition("there is no case: give at least one, or a rule or a measure instead"));
            }
            TagKind::Bands(bands) => check_ascending(&bands.bands)?,
            TagKind::Preference(preference) => preference.check()?,
            _ => {}
        }
        if let Some(labels) = self.labels() {
            check_labels(&labels)?;
        }
        if self.unknown == UnknownFold::In && !matches!(self.kind, TagKind::Rule(_) | TagKind::Cases(_)) {
            return Err(invalid_definition(
                "`unknown` is for tags made of a rule or of cases; this one is absent where its value is unknown",
            ));
        }
        Ok(())
    }
}

fn check_labels(labels: &[&str]) -> Result<()> {
    let mut seen = BTreeSet::new();
    for label in labels {
        if label.trim().is_empty() {
            return Err(invalid_definition("a value is the empty text: name it, or leave it out"));
        }
        // Two cases may well lead to the same value; but then an `or` says so, and a slip of the pen is found.
        if !seen.insert(label) {
            return Err(invalid_definition(format!(
                "the value {label:?} occurs twice: join what leads to it, or name one differently"
            )));
        }
    }
    Ok(())
}

fn check_ascending(bands: &[Band]) -> Result<()> {
    if bands.is_empty() {
        return Err(invalid_definition("there is no band: give at least one"));
    }
    let bounds = bands.iter().map(bound).collect::<Result<Vec<_>>>()?;
    match bounds.windows(2).position(|pair| pair[0] >= pair[1]) {
        Some(at) => Err(invalid_definition(format!(
            "band {:?} begins at {} and the next, {:?}, at {}: bands ascend",
            bands[at].label,
            bands[at].from,
            bands[at + 1].label,
            bands[at + 1].from
        ))),
        None => Ok(()),
    }
}

/// The bound as a number that orders integers and floats alike; integers beyond 2⁵³ keep what a float can hold.
fn bound(band: &Band) -> Result<f64> {
    let refuse = || -> Error {
        invalid_definition(format!("band {:?} begins at {}, which is no finite number", band.label, band.from))
    };
    match band.from {
        Value::Integer(from) => Ok(from as f64),
        Value::Float(from) if from.is_finite() => Ok(from),
        _ => Err(refuse()),
    }
}
