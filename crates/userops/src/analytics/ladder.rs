//! The order ladder: registered, first-order, second-order, third-order… users, and what lies between the rungs.
//!
//! [`climb`] says how far one user has come and is the definition; [`build_ladder`] does the same for all users of a
//! log. A [`LadderPart`] is the answer for some users: parts of one population merge, in any order, into the whole.

mod build;
mod climb;
mod explain;
mod options;
mod part;
mod table;

pub use build::{Ladder, build_ladder};
pub use climb::{Climb, Step, climb};
pub use explain::ClimbExplanation;
pub use options::{LadderOptions, LadderRules, OrderUnit, RUNGS_MAX};
pub use part::{DaySpread, LadderPart, Rung, rung_name};
