//! Funnels that mean what those of other tools mean.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::definition::{EventUse, Funnel, FunnelStep, Noise, NoiseKind, Repetition, StepOrder, TiePolicy};
use crate::error::{Error, Result, name_list, unknown_name};
use crate::time::Span;

/// A funnel of another tool.
///
/// ClickHouse's are those of `windowFunnel(window, mode)`: a user's level is what the function returns. PostHog's are
/// its three orders of steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FunnelPreset {
    /// `windowFunnel(window)`: one event may serve several steps, and at one instant steps come in their order.
    Clickhouse,
    /// Mode `strict_order`: the first event of no step, or of a step out of turn, ends the search.
    ClickhouseStrictOrder,
    /// Mode `strict_deduplication`: a step that comes a second time ends the search. Older releases
    /// of the function returned the number of the step of the event before that one.
    ClickhouseStrictDeduplication,
    /// Mode `strict_increase`: a step comes at a later instant than the one before it. ClickHouse keeps one instant
    /// for each step and misses chains among ties and behind events of two steps; this is exact.
    ClickhouseStrictIncrease,
    /// Mode `strict_once`: one event serves one step.
    ClickhouseStrictOnce,
    /// Modes `strict_order` and `allow_reentry`: steps out of turn are passed over, and events of no step end the
    /// search.
    ClickhouseAllowReentry,
    /// Steps in sequence, other events between them; one event serves one step.
    PosthogOrdered,
    /// Steps one right after the other; the step taken last may come again. At an instant of several events PostHog lets
    /// strictness rest, where here the order of arrival tells; the ties `step_order` let it rest where a step is taken.
    PosthogStrict,
    /// Steps in any order. Where an event matches several steps PostHog gives it to one of them as it comes; here it
    /// goes where it helps most.
    PosthogUnordered,
}

impl FunnelPreset {
    /// Every preset, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::Clickhouse,
        Self::ClickhouseStrictOrder,
        Self::ClickhouseStrictDeduplication,
        Self::ClickhouseStrictIncrease,
        Self::ClickhouseStrictOnce,
        Self::ClickhouseAllowReentry,
        Self::PosthogOrdered,
        Self::PosthogStrict,
        Self::PosthogUnordered,
    ];

    /// The stable name, in `snake_case`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clickhouse => "clickhouse",
            Self::ClickhouseStrictOrder => "clickhouse_strict_order",
            Self::ClickhouseStrictDeduplication => "clickhouse_strict_deduplication",
            Self::ClickhouseStrictIncrease => "clickhouse_strict_increase",
            Self::ClickhouseStrictOnce => "clickhouse_strict_once",
            Self::ClickhouseAllowReentry => "clickhouse_allow_reentry",
            Self::PosthogOrdered => "posthog_ordered",
            Self::PosthogStrict => "posthog_strict",
            Self::PosthogUnordered => "posthog_unordered",
        }
    }

    /// The funnel of these steps within a window, as data to look at and to change.
    pub fn funnel<S: Into<FunnelStep>>(self, steps: impl IntoIterator<Item = S>, window: Span) -> Funnel {
        let base = Funnel::new(steps).within(window);
        let clickhouse = Funnel { ties: TiePolicy::StepOrder, event_use: EventUse::Reuse, ..base.clone() };
        match self {
            Self::Clickhouse => clickhouse,
            Self::ClickhouseStrictOrder => Funnel { noise: Noise::End, ..clickhouse },
            Self::ClickhouseStrictDeduplication => Funnel { repetition: Repetition::End, ..clickhouse },
            Self::ClickhouseStrictIncrease => Funnel { ties: TiePolicy::StrictlyLater, ..clickhouse },
            Self::ClickhouseStrictOnce => Funnel { event_use: EventUse::Once, ..clickhouse },
            Self::ClickhouseAllowReentry => Funnel { noise: Noise::End, noise_kind: NoiseKind::NoStep, ..clickhouse },
            Self::PosthogOrdered => Funnel { ties: TiePolicy::StepOrder, ..base },
            Self::PosthogStrict => Funnel { noise: Noise::Restart, noise_kind: NoiseKind::OtherStep, ..base },
            Self::PosthogUnordered => Funnel { order: StepOrder::Any, ..base },
        }
    }
}

impl fmt::Display for FunnelPreset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for FunnelPreset {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == text).ok_or_else(|| {
            let known = name_list(Self::ALL.into_iter().map(Self::name), Self::ALL.len());
            unknown_name(format!("there is no preset {text:?} of funnels; there are {known}"))
        })
    }
}
