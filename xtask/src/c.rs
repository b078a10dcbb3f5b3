//! The C library: its tests in C, its header, its examples, and where it is installed.

mod build;
mod cases;
mod example;
mod install;
mod misuse;
mod prefix;
mod program;
mod signature;

pub(crate) use build::compile_released;
pub(crate) use install::install;

use crate::cargo::cargo;
use crate::process::{Outcome, run};
use crate::step::Step;

/// Everything that must hold of the library as C sees it.
pub(crate) fn steps() -> Vec<Step> {
    vec![
        Step::new("c header", header),
        Step::new("c misuse", misuse::judge),
        Step::new("c journey", program::journey),
        Step::new("c threads", program::threads),
        Step::new("c cases", cases::judge),
        Step::new("c examples", example::judge),
        Step::new("c install", prefix::judge),
    ]
}

/// The same on their own: first the tests in Rust, which `cargo xtask test` has run with those of all other packages.
pub(crate) fn steps_alone() -> Vec<Step> {
    let mut all =
        vec![Step::new("c crate", || run(&mut cargo(&["test", "--locked", "--quiet", "--package", "userops-c"])))];
    all.extend(steps());
    all
}

/// The header is C and C++ to a compiler that takes the standards at their word.
fn header() -> Outcome {
    build::check_header("c", "c99")?;
    build::check_header("c++", "c++11")
}

/// Writes the header anew. The tests compare it with what is committed.
pub(crate) fn write_header() -> Outcome {
    let words = ["test", "--locked", "--quiet", "--package", "userops-c", "--test", "header", "the_header_is"];
    run(cargo(&words).env("USEROPS_WRITE_HEADER", "1"))
}
