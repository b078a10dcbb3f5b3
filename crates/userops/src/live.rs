//! The same playbook, event by event: a tag comes and goes with the behaviour, to the microsecond.
//!
//! An [`Engine`] is given events one after the other ([`Engine::observe`]) and told the time ([`Engine::advance_to`]), and answers
//! with the changes that both make: tags gained and lost, segments entered and left, moves between stages, each with the instant from
//! which it holds, to the microsecond. It does no I/O and has no clock; crate `userops-live` makes it durable.
//!
//! Its answers are those of [`Playbook::evaluate`](crate::playbook::Playbook::evaluate) over all events so far, as of the engine's
//! instant, with the same [`Calibration`](crate::playbook::Calibration), for every user and to the last bit:
//! [`Engine::verify`] tells. What a playbook takes from a population (the cuts of scores, derived thresholds) is taken once, from
//! a log, and kept, so that one user's event never changes another user's answers.
//!
//! # What is kept
//! For each user and aggregate the least that will do: a count over all of history is a number; a count over a window is a number and
//! the events of the widest window, of which only the patterns that they match and the properties that are read are kept. Events are
//! kept for [`LiveOptions::lateness`] longer, so that one that comes late finds the past as it was. Different values,
//! sequences and preferences over all of history, windows around attributes, and guarded lifecycles keep every event that they look
//! at: give them a window.
//!
//! # Time
//! Of each user the next instant is known at which time alone can change an answer: an event leaves a window, a day begins on which a
//! silence is long enough, a guard or a tag by hand runs out. These instants are in one ordered set.

mod answer;
mod change;
mod compile;
mod engine;
mod explain;
mod fold;
mod job;
mod late;
mod look;
mod node;
mod plan;
mod queue;
mod read;
mod row;
mod slot;
mod snapshot;
mod state;
mod timer;
mod user;
mod verify;
mod wake;
mod work;

pub use change::{Arrival, Change, ChangeKind, Observed};
pub use engine::Engine;
pub use plan::{LiveOptions, LivePlan};
pub use state::UserState;
pub use verify::Difference;
