//! Tags: what is said of users, by rules and by people.
//!
//! A [`TagDefinition`] is data. Its [`TagKind`] says how it is worked out: a rule that holds or not, the first of
//! several cases, the band of a number, the values that a user prefers, a measure as it is, or by people alone.
//! [`tag_of`] answers for one user and is the definition; [`assign_tags`] gives the same for all users, as columns, and [`build_tags`] does so from a log. A
//! tag is a pure function of what has happened at `as_of`: it comes the moment its rule holds and goes the moment it no
//! longer does.
//!
//! A [`ManualTag`] is a person's word, with author, instant, reason and expiry. Whether it or the rules come first is
//! the tag's [`ManualPolicy`]. [`tag_changes`] tells who gained and lost tags between two instants, [`explain_tag`] why
//! a user has one, and [`next_tag_change_at`] when time alone will change it.

mod assign;
mod change;
mod definition;
mod explain;
mod judge;
mod manual;
mod prefer;
mod preference;
mod rank;
mod table;

pub use assign::{assign_tags, build_tags};
pub use change::{TagChange, TagChanges, TagDiff, TagMovement, tag_changes};
pub use definition::{Band, Bands, Case, Cases, ManualPolicy, TagDefinition, TagKind};
pub use explain::{LOOKAHEAD, explain_tag};
pub use judge::{next_tag_change_at, rank_tag, tag_of};
pub use manual::{ManualAction, ManualReport, ManualTag, ManualTags};
pub use preference::{Preference, TOP_MAX};
pub use table::{TagColumn, TagTable};
