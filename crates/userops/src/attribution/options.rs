//! What converts, what touches, and how credit is given.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Result, invalid_argument, invalid_definition};
use crate::rule::{EventPattern, Filter};
use crate::time::{Span, Window};

/// Days before a conversion in which touches count unless asked otherwise: about a month, a common window.
pub const LOOKBACK_DAYS: i64 = 30;
/// The share of the first touch by position, unless asked otherwise: the rule known as 40/20/40.
pub const FIRST_RATIO: f64 = 0.4;
/// The share of the last touch by position, unless asked otherwise.
pub const LAST_RATIO: f64 = 0.4;
/// Days in which a touch loses half its weight unless asked otherwise: a week, the usual default of time decay.
pub const HALF_LIFE_DAYS: i64 = 7;
/// The channel of visits that nothing led to, unless asked otherwise.
pub const DIRECT: &str = "direct";

/// How a conversion is shared out over the touches before it, in order of time and arrival.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum AttributionModel {
    /// All to the first touch.
    First,
    /// All to the last touch.
    Last,
    /// All to the last touch that is not of a direct channel; to the last one where all are.
    LastNonDirect,
    /// To all touches alike.
    Linear,
    /// Shares to the first and to the last touch, the rest to those between alike. Of two touches the shares are in the
    /// proportion of `first_ratio` to `last_ratio`; a single one has all.
    Position {
        /// The share of the first touch, 0 to 1.
        #[serde(default = "first_ratio")]
        first_ratio: f64,
        /// The share of the last touch, 0 to 1; with the first at most 1, and more than 0.
        #[serde(default = "last_ratio")]
        last_ratio: f64,
    },
    /// Touches weigh 2^(−age / half-life), their age that at the conversion.
    TimeDecay {
        /// Positive.
        #[serde(default = "half_life")]
        half_life: Span,
    },
    /// All conversions together are shared out by how much less likely one is without the channel: the removal effects of a
    /// Markov chain of order 1.
    Markov,
    /// The Shapley value of the game in which channels work together.
    Shapley {
        /// What a coalition of channels is worth.
        #[serde(default)]
        coalition: Coalition,
    },
}

/// What a set S of channels is worth by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Coalition {
    /// The conversions whose touches are all of channels in S. Each conversion is then shared alike by its channels,
    /// whatever their number of touches; for any number of channels.
    #[default]
    Conversions,
    /// The conversion rate of the journeys whose touches are all of channels in S, 0 where there are none. A channel that is
    /// seen where others convert less can have a negative credit.
    Rate,
}

fn first_ratio() -> f64 {
    FIRST_RATIO
}

fn last_ratio() -> f64 {
    LAST_RATIO
}

fn half_life() -> Span {
    Span::from_days(HALF_LIFE_DAYS)
}

impl AttributionModel {
    /// The rules that look at one conversion at a time, with their defaults.
    pub const RULES: [Self; 6] = [
        Self::First,
        Self::Last,
        Self::LastNonDirect,
        Self::Linear,
        Self::Position { first_ratio: FIRST_RATIO, last_ratio: LAST_RATIO },
        Self::TimeDecay { half_life: Span::from_days(HALF_LIFE_DAYS) },
    ];

    /// The stable name of the model, in `snake_case`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Last => "last",
            Self::LastNonDirect => "last_non_direct",
            Self::Linear => "linear",
            Self::Position { .. } => "position",
            Self::TimeDecay { .. } => "time_decay",
            Self::Markov => "markov",
            Self::Shapley { coalition: Coalition::Conversions } => "shapley",
            Self::Shapley { coalition: Coalition::Rate } => "shapley_rate",
        }
    }

    /// Whether each conversion has its own shares; else all of them are shared out together.
    pub(super) fn is_by_conversion(&self) -> bool {
        !matches!(self, Self::Markov | Self::Shapley { coalition: Coalition::Rate })
    }

    fn check(&self) -> Result<()> {
        match *self {
            Self::Position { first_ratio, last_ratio } => {
                let (first, last) = (first_ratio, last_ratio);
                let sum = first + last;
                if !(first >= 0.0 && last >= 0.0 && sum > 0.0 && sum <= 1.0) {
                    return Err(invalid_argument(format!(
                        "first_ratio = {first} and last_ratio = {last} are not shares of 0 or more that come to 1 at most, \
                         and to more than 0"
                    )));
                }
                Ok(())
            }
            Self::TimeDecay { half_life } if half_life.as_micros() <= 0 => {
                Err(invalid_argument(format!("half_life = {half_life} is not positive; take a span such as 7d")))
            }
            _ => Ok(()),
        }
    }
}

/// Events that are touches of a channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TouchChannel {
    /// The channel. Several patterns may be of one channel.
    pub channel: String,
    /// The names that match, any of them; empty for every event.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<String>,
    /// What the properties must be besides.
    #[serde(default, rename = "where", skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
}

impl TouchChannel {
    /// These events as touches of a channel.
    #[must_use]
    pub fn new(channel: impl Into<String>, pattern: EventPattern) -> Self {
        Self { channel: channel.into(), events: pattern.events, filter: pattern.filter }
    }

    pub(super) fn pattern(&self) -> EventPattern {
        EventPattern { events: self.events.clone(), filter: self.filter.clone() }
    }
}

/// Where touches and their channels come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum TouchSource {
    /// A property of the events says the channel; an event of which it is unknown is no touch.
    Property {
        /// A property of texts, integers or booleans.
        property: String,
        /// Which events are touches.
        #[serde(default)]
        touch: EventPattern,
    },
    /// Patterns say the channel; an event is a touch of the first that it matches.
    Patterns(Vec<TouchChannel>),
}

impl TouchSource {
    /// Touches are these events, of the channel that this property says.
    #[must_use]
    pub fn property(property: impl Into<String>, touch: EventPattern) -> Self {
        Self::Property { property: property.into(), touch }
    }
}

/// How conversions are attributed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributionOptions {
    /// The events that are conversions; what they are worth is their amount, 0 where it is unknown.
    pub conversion: EventPattern,
    /// Where touches come from. An event that is both is a conversion first, then a touch of what comes after.
    pub touches: TouchSource,
    /// How credit is given; each model once.
    #[serde(default = "models")]
    pub models: Vec<AttributionModel>,
    /// Which conversions count, as seen from `as_of`.
    #[serde(default)]
    pub window: Window,
    /// How far back from a conversion touches count, that far included; positive.
    #[serde(default = "lookback")]
    pub lookback: Span,
    /// Whether a touch counts for every conversion that follows it in time; else for the next one only.
    #[serde(default)]
    pub touches_reused: bool,
    /// The channels that are direct.
    #[serde(default = "direct_channels")]
    pub direct_channels: Vec<String>,
    /// What channels cost, in minor units; not negative. A channel without touches may have a cost.
    #[serde(default)]
    pub cost_minor: BTreeMap<String, i64>,
}

fn models() -> Vec<AttributionModel> {
    AttributionModel::RULES.to_vec()
}

fn lookback() -> Span {
    Span::from_days(LOOKBACK_DAYS)
}

fn direct_channels() -> Vec<String> {
    vec![DIRECT.to_owned()]
}

impl AttributionOptions {
    /// All [`AttributionModel::RULES`], over 30 days, every conversion.
    #[must_use]
    pub fn new(conversion: EventPattern, touches: TouchSource) -> Self {
        Self {
            conversion,
            touches,
            models: models(),
            window: Window::All,
            lookback: lookback(),
            touches_reused: false,
            direct_channels: direct_channels(),
            cost_minor: BTreeMap::new(),
        }
    }

    /// The same by these models.
    #[must_use]
    pub fn models(mut self, models: impl IntoIterator<Item = AttributionModel>) -> Self {
        self.models = models.into_iter().collect();
        self
    }

    /// The same with touches of this long before a conversion.
    #[must_use]
    pub fn lookback(mut self, span: Span) -> Self {
        self.lookback = span;
        self
    }

    /// The same with a cost of a channel.
    #[must_use]
    pub fn cost(mut self, channel: impl Into<String>, cost_minor: i64) -> Self {
        self.cost_minor.insert(channel.into(), cost_minor);
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if self.models.is_empty() {
            return Err(invalid_argument("models is empty; name one, such as \"last\""));
        }
        for (index, model) in self.models.iter().enumerate() {
            model.check()?;
            if self.models[..index].iter().any(|before| before.name() == model.name()) {
                return Err(invalid_definition(format!("the model {:?} is asked for twice", model.name())));
            }
        }
        if self.lookback.as_micros() <= 0 {
            let message = format!("lookback = {} is not positive; take a span such as 30d", self.lookback);
            return Err(invalid_argument(message));
        }
        match self.cost_minor.iter().find(|(_, cost)| **cost < 0) {
            Some((channel, cost)) => {
                Err(invalid_argument(format!("the cost of {channel:?} is {cost}; a cost is 0 or more minor units")))
            }
            None => Ok(()),
        }
    }
}
