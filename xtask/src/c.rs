//! The C library: its tests in C, its header, its examples, and where it is installed.

mod build;
mod cases;
mod example;
mod install;
mod misuse;
mod signature;
mod thread;

pub(crate) use install::install;

use crate::cargo::cargo;
use crate::process::{Outcome, run};
use crate::step::Step;

/// Everything that must hold of the library as C sees it.
pub(crate) fn steps() -> Vec<Step> {
    vec![
        Step::new("c header", header),
        Step::new("c misuse", misuse::judge),
        Step::new("c threads", thread::judge),
        Step::new("c cases", cases::judge),
        Step::new("c examples", example::judge),
    ]
}

/// The header is that of the sources: everything after it rests on that.
fn header() -> Outcome {
    run(&mut cargo(&["test", "--locked", "--quiet", "--package", "userops-c"]))
}

/// Writes the header anew. The tests compare it with what is committed.
pub(crate) fn write_header() -> Outcome {
    let words = ["test", "--locked", "--quiet", "--package", "userops-c", "--test", "header", "the_header_is"];
    run(cargo(&words).env("USEROPS_WRITE_HEADER", "1"))
}
