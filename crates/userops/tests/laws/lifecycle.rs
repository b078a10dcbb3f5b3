//! Lifecycles: stages, histories, transitions, forecasts and thresholds, each against a naive one.

mod definition;
mod forecast;
mod history;
pub(crate) mod sample;
mod threshold;
