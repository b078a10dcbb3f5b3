//! RFM and contribution: golden values of the CDNOW sample, and laws against oracles that count.

#[path = "rfm/contribution.rs"]
mod contribution;
#[path = "rfm/golden.rs"]
mod golden;
#[path = "rfm/refusals.rs"]
mod refusals;
#[path = "rfm/scheme.rs"]
mod scheme;
#[path = "rfm/score.rs"]
mod score;

use proptest::prelude::*;
use userops::score::rfm::UserMeasures;

/// Users with whole measures, of which many are equal.
fn users() -> impl Strategy<Value = Vec<(i64, i64, i64)>> {
    prop::collection::vec((0i64..40, 1i64..8, -50i64..500), 1..120)
}

/// Three columns from rows.
fn columns<T: Copy>(users: &[(T, T, T)]) -> [Vec<T>; 3] {
    [
        users.iter().map(|user| user.0).collect(),
        users.iter().map(|user| user.1).collect(),
        users.iter().map(|user| user.2).collect(),
    ]
}

fn user((recency, frequency, monetary): (i64, i64, i64)) -> UserMeasures {
    UserMeasures::new(recency, frequency, monetary)
}
