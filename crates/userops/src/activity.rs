//! Activity: how many users are there on each day, how often they come, and how often each of them came lately.
//!
//! A user is active on a local calendar day with an event that counts. [`count_active_users`] counts, for each day, the users
//! who were active on any of the last n days, for any n at once: daily, weekly and monthly active users.
//! [`measure_stickiness`] says on how many days of a week or month its users were active. [`count_active_days`] says on how
//! many of the last days each user was, and draws the power-user curve. Growth accounting is
//! [`analytics::growth`](crate::analytics::growth).

mod active_days;
mod active_users;
mod event_choice;
mod stickiness;

pub use active_days::{ACTIVE_DAYS_WINDOW, ActiveDayCounts, ActiveDayOptions, PowerPoint, count_active_days};
pub use active_users::{ActiveUserOptions, ActiveUsers, ActiveUsersRow, WINDOWS_DAYS, WINDOWS_MAX, count_active_users};
pub(crate) use event_choice::{ChoiceScratch, EventChoice};
pub use stickiness::{Stickiness, StickinessOptions, StickinessRow, measure_stickiness};
