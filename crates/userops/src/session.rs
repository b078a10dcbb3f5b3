//! Sessions: visits of a user, cut out of the events by silence and other bounds.
//!
//! [`find_sessions`] cuts; [`Sessions`] has a row per session, [`Sessions::summary`] their number, length and depth,
//! [`Sessions::trend`] the same by day, and [`Sessions::user_table`] by user.

mod definition;
mod find;
mod summary;
mod table;
mod trend;

pub use definition::{GAP_MINUTES, SessionOptions};
pub use find::{Session, Sessions, find_sessions};
pub use summary::{SessionSummary, Spread};
pub use trend::SessionDay;
