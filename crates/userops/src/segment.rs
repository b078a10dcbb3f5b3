//! Segments: named sets of users, their algebra, and who enters and leaves them.
//!
//! A [`Segment`] is a set of users of one log, held as a Roaring bitmap. A [`SegmentDefinition`] says who is in it: a
//! rule, what becomes of users for whom the rule is unknown, and lists of users who are put in or kept out by hand.
//!
//! ```
//! use userops::id::UserIx;
//! use userops::segment::{OverlapMatrix, Segment, diff_segments};
//!
//! let buyers = Segment::of_users(5, [0, 1, 4].map(UserIx))?;
//! let readers = Segment::of_users(5, [1, 2, 4].map(UserIx))?;
//! assert_eq!((&buyers & &readers).len(), 2);
//! assert_eq!((!&buyers).iter().collect::<Vec<_>>(), [UserIx(2), UserIx(3)]);
//! assert_eq!(buyers.and_not_count(&readers), 1);
//! assert_eq!(OverlapMatrix::new([("buyers", &buyers), ("readers", &readers)])?.jaccard_ratio(0, 1), Some(0.5));
//!
//! let moves = diff_segments(&buyers, &readers)?;
//! assert_eq!(moves.entered.iter().collect::<Vec<_>>(), [UserIx(2)]);
//! assert_eq!(Segment::from_bytes(&buyers.to_bytes(), 5)?, buyers);
//! # Ok::<(), userops::error::Error>(())
//! ```

mod algebra;
mod assign;
mod bytes;
mod count;
mod definition;
mod diff;
mod explain;
mod overlap;
mod set;

pub use count::count_users;
pub use definition::SegmentDefinition;
pub use diff::{IdDiff, Movement, SegmentDiff, diff_by_id, diff_segments};
pub use explain::{MoveReason, explain_moves};
pub use overlap::{OVERLAP_SEGMENTS_MAX, OverlapMatrix};
pub use set::{FoundUsers, Segment};
