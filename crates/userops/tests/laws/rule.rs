//! Rules against the naive judge.

pub(crate) mod any;
mod check;
mod forms;
mod generate;
mod kernel;
mod naive;

use proptest::prelude::*;

use generate::arbitrary_case;
use naive::Naive;

proptest! {
    #[test]
    fn smoke(case in arbitrary_case()) {
        for user in 0..case.users.len() {
            let naive = Naive::new(&case, user);
            for rule in &case.rules {
                naive.judge(rule);
            }
        }
    }
}
