//! Which milestones a user has reached, when, and by what; and what the others wait for.

use super::definition::{Milestone, check_milestones};
use super::first_instant::Firsts;
use super::nth::Tally;
use crate::error::Result;
use crate::explanation::Explanation;
use crate::rule::{Subject, explain_rule};
use crate::time::Timestamp;

/// The milestones of one user: a part for each, named as it is. Its value is the instant at which it was reached, with
/// the rule as it was true then; without value it is not reached, and the rule says why.
///
/// # Errors
/// As [`reach_milestones`](super::reach_milestones).
pub fn explain_milestones(milestones: &[Milestone], subject: &Subject<'_>) -> Result<Explanation> {
    check_milestones(milestones)?;
    let (firsts, mut tally) = (Firsts::of(milestones, subject.log()), Tally::default());
    let parts = milestones.iter().zip(firsts.instants(subject, &mut tally)).map(|(milestone, instant)| {
        let node = Explanation::new(milestone.name.as_str());
        Ok(match instant?.map(Timestamp::from_micros) {
            Some(at) => node.value(at).text("reached").part(explain_rule(&milestone.when, &subject.at(at))?),
            None => node.text("not reached").part(explain_rule(&milestone.when, subject)?),
        })
    });
    Ok(Explanation::new("milestones").parts(parts.collect::<Result<Vec<_>>>()?))
}
