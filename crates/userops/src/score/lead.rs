//! Lead scores: points for what someone is and does, two grades, and the group of leads that both lead to.
//!
//! Relationship sales cannot talk to everybody. A lead score says to whom it should: *fit* is how much someone looks like
//! a customer, *engagement* how much they have shown of late that they might become one. Each is a sum of points by rules
//! that people write; each sum is graded (A to D, 1 to 4); and each pair of grades, a cell such as `B2`, is in one group of
//! leads: keep in touch, call, leave alone. What someone did may lose its worth with time, so that who was keen a year ago
//! is not called today.
//!
//! Nothing here is fitted: the points are a team's judgement, written down, and the answer says which rule gave what.
//!
//! ```
//! use userops::event::{Event, EventSchema};
//! use userops::log::EventLog;
//! use userops::rule::{Context, Rule};
//! use userops::score::lead::{EventRule, LeadDefinition, PointGroup, score_leads};
//! use userops::time::Span;
//!
//! let month = Span::from_days(30);
//! let definition = LeadDefinition::new(
//!     [PointGroup::new("firm").rule("large", 60, Rule::parse(r#"count("seat_added") >= 10"#)?)],
//!     [PointGroup::new("trial")
//!         .points_max(80)
//!         .event(EventRule::new("demo", 60, "demo_watched").half_life(month))
//!         .event(EventRule::new("visit", 5, "visit").at_most(4).within(month))],
//! );
//! let event = |name: &str, time: &str| Ok(Event::new("ann", time.parse()?, name));
//! let mut events = vec![event("demo_watched", "2026-03-01T00:00:00Z")?, event("visit", "2026-03-30T00:00:00Z")?];
//! for _ in 0..10 {
//!     events.push(event("seat_added", "2026-03-02T00:00:00Z")?);
//! }
//! let schema = EventSchema { events: vec!["seat_added".into(), "demo_watched".into(), "visit".into()], ..Default::default() };
//! let (log, _) = EventLog::from_events(schema, &events)?;
//!
//! // A demo of thirty days ago is worth half of 60, and a visit of yesterday 5.
//! let scores = score_leads(&log, &definition, "2026-03-31T00:00:00Z".parse()?, &Context::default())?;
//! assert_eq!((scores.fit_points[0], scores.engagement_points[0]), (60, 35.0));
//! assert_eq!(scores.group(userops::id::UserIx(0)), Some("nurturing"), "fit B, engagement 3");
//! # Ok::<(), userops::error::Error>(())
//! ```

mod assign;
mod check;
mod definition;
mod explain;
mod grade;
mod kernel;
mod next_change;
mod scalar;
mod table;

pub use assign::{LeadScores, score_leads};
pub use definition::{EngagementRules, EventRule, FitRules, LeadDefinition, LeadOverride, LeadRule, PointGroup};
pub use explain::explain_lead;
pub use grade::{Grades, LeadGroup};
pub use next_change::{list_lead_changes, next_lead_change_at};
pub use scalar::{LeadGroupPoints, LeadPart, LeadRulePoints, LeadScore, score_lead};
pub use table::list_lead_points;
