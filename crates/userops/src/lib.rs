//! User operations as a library: who the users are, what they have done, and how they are graded.
//!
//! A host hands over events (who, when, what, how much) and gets answers about users: profiles, scores, groups. Events
//! are frozen into an [`EventLog`](log::EventLog), in columns, with each user's events side by side in order of time.
//! Every answer about a user is a pure function of that user's events, the user's attributes, and the instant of
//! evaluation, `as_of`. Every answer about a population is made of answers about users.
//!
//! The crate does no I/O and reads no clock. Data and `as_of` are arguments, so that the same arguments give the same
//! answer, to the last bit, on any machine and with any number of threads. Files are the business of `userops-io`.
//!
//! # Example
//!
//! Three users, as of the first of March: a log, profiles, and the grades of those who bought.
//!
//! ```
//! use userops::error::{Error, Result};
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//! use userops::money::Money;
//! use userops::profile::{ProfileOptions, build_profiles};
//! use userops::score::rfm::{BuyerOptions, CellScheme, RfmModel, RfmOptions, UserMeasures, measure_buyers};
//! use userops::time::Timestamp;
//!
//! let order = |user: &str, time: &str, minor: i64| -> Result<Event> {
//!     Ok(Event::new(user, time.parse()?, "order_paid").with_amount(Money::from_minor(minor)))
//! };
//! let events = [
//!     order("ann", "2026-01-05T10:00:00Z", 1_250)?,
//!     order("ann", "2026-02-20T18:30:00Z", 4_000)?,
//!     order("bob", "2026-01-12T09:00:00Z", 900)?,
//!     Event::new("cai", "2026-02-25T08:00:00Z".parse()?, "view"),
//! ];
//!
//! // Freeze the events. Every row is accounted for: read = accepted + duplicate + rejected.
//! let (log, report) = EventLog::from_events(EventSchema::default(), &events)?;
//! assert_eq!((report.read, report.accepted, report.rejected), (4, 4, 0));
//!
//! // What each user has done: a row per user, in the order of the log's directory.
//! let as_of: Timestamp = "2026-03-01T00:00:00Z".parse()?;
//! let profiles = build_profiles(&log, as_of, ProfileOptions::default().orders(["order_paid"]))?;
//! let ann = log.users().find("ann").map(|ann| profiles.orders()[ann.index()]);
//! assert_eq!(ann.map(|orders| orders.revenue), Some(Money::from_minor(5_250)));
//! assert_eq!(ann.and_then(|orders| orders.days_since_last), Some(9));
//!
//! // Grade the buyers by recency, frequency and monetary value, and name the grades.
//! let buyers = measure_buyers(&log, as_of, BuyerOptions::new(["order_paid"]))?;
//! let model = RfmModel::fit(&buyers.measures(), RfmOptions::default())?;
//! let scores: Vec<String> = model.score_columns(&buyers.measures())?.iter().map(|score| score.to_string()).collect();
//! assert_eq!(scores, ["333", "111"], "ann outdoes one buyer of two: 1 + ⌊5 · 1 / 2⌋ = 3");
//!
//! // The model scores anybody, seen or not, and says why.
//! let newcomer = UserMeasures::new(0, 1, 9_900);
//! assert_eq!(CellScheme::ten_segments().segment(model.score(&newcomer)?)?, "new_customers");
//! println!("{}", model.explain(&newcomer)?);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Reading order
//!
//! A module uses itself and those before it in this list, never one after it.
//!
//! 1. [`error`]: one opaque error with a kind.
//! 2. [`id`], [`time`], [`money`], [`value`]: what a user, an instant, a window, an amount and a value are.
//! 3. [`mod@column`]: bitmaps, dictionaries and typed columns, in which an unknown value takes no room.
//! 4. [`table`], [`explanation`]: answers as named columns, and why an answer is what it is.
//! 5. [`event`], [`attribute`]: one event, the schema of a log, and what is known of users beside their events.
//! 6. [`log`]: the frozen log, and one user's slice of it.
//! 7. [`ingest`]: from raw columns to a log, and the account of every row.
//! 8. [`analytics`]: answers about the population, such as the order ladder.
//! 9. [`sample`]: invented logs for tutorials and tests.
//! 10. [`profile`]: what each user has done, as of an instant.
//! 11. [`rule`]: questions about one user that are true, false or unknown; in code, as data and as text.
//! 12. [`activity`], [`retention`], [`session`]: who is there when, who comes back, and in which visits.
//! 13. [`funnel`], [`sequence`], [`path`]: how far users come through steps in some order, how often, and by which ways.
//! 14. [`driver`], [`attribution`], [`series`]: what goes with a target, what brought it about, and what is out of the ordinary.
//! 15. [`survival`], [`churn`]: how long lives last that may not have ended yet, and after how much silence a user is lost.
//! 16. [`btyd`], [`lifetime_value`]: how often customers will buy again, who has left without saying so, and what they
//!     are worth.
//! 17. [`warning`]: who is about to leave, how likely, why, and what it will cost.
//! 18. [`score`]: models that are fitted on a population and score one user at a time.
//! 19. [`lifecycle`], [`milestone`]: the stage each user is in and has been in, and when each first came how far.
//! 20. [`tag`]: what is said of users, by rules and by people.
//! 21. [`segment`]: named sets of users, their algebra, and who enters and leaves them.
//! 22. [`portrait`]: who the users of an audience are, beside everybody.
//! 23. [`playbook`]: one document that declares all of these, and their answers as of an instant.
//!
//! In each domain a scalar function is the definition, and a kernel over columns gives the same for all users.

#![forbid(unsafe_code)]

pub mod activity;
pub mod analytics;
pub mod attribute;
pub mod attribution;
pub mod btyd;
pub mod churn;
pub mod column;
pub mod driver;
pub mod error;
pub mod event;
pub mod explanation;
pub mod funnel;
pub mod id;
pub mod ingest;
pub mod lifecycle;
pub mod lifetime_value;
pub mod live;
pub mod log;
pub mod milestone;
pub mod money;
pub mod path;
pub mod playbook;
pub mod portrait;
pub mod profile;
pub mod retention;
pub mod rule;
pub mod sample;
pub mod score;
pub mod segment;
pub mod sequence;
pub mod series;
pub mod session;
pub mod survival;
pub mod table;
pub mod tag;
pub mod time;
pub mod value;
pub mod warning;
