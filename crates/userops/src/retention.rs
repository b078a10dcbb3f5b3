//! Retention: of the users who started together, how many came back, when, and with how much money.
//!
//! [`RetentionOptions`] are data: what starts a user, what is a return, how periods are counted and how a return is measured.
//! [`measure_retention`] gives the matrix of cohorts and periods with a curve of averages; [`retention_of_users`] tells the
//! same user by user. Everything is exact.
//!
//! # Meaning
//!
//! A user's *start* puts the user in the cohort of the calendar period that it is in. A *return* is a matching event strictly
//! later than the start. Its period counts from the user's own start: calendar periods from the one of the start, which is 0,
//! or rolling ones of a fixed length from the instant of the start. Where a clock that is set back shows an earlier period
//! again after the start, the event is in period 0.
//!
//! A *cell* is a cohort and a period. It is complete once the period is over for whoever started last in the cohort; averages
//! are taken over complete cells alone, numerator and denominator.

mod cohort;
mod columns;
mod definition;
mod frame;
mod group;
mod plain;
mod start;
mod tally;
mod user;
mod walk;

pub use cohort::{Cohort, CurvePoint, Retention, RetentionCell};
pub use columns::PeriodRange;
pub use definition::{CohortStart, RetentionOptions, ReturnMeasure, ReturnPeriod, RevenueScope};
pub use frame::CELLS_MAX;
pub use group::GROUPS_MAX;
pub use user::retention_of_users;
pub use walk::measure_retention;
