//! Programs in C that judge themselves: each runs with sanitizers, and plain under valgrind.

use std::process::Command;

use super::build::{self, Flavour};
use super::misuse::under_valgrind;
use crate::process::{Outcome, run};

/// A way through the library, with what comes out at each step.
pub(crate) fn journey() -> Outcome {
    judge("journey")
}

/// Threads on one frozen log, and on one that is freed meanwhile.
pub(crate) fn threads() -> Outcome {
    judge("threads")
}

/// Compiles and runs the program of a folder of the tests.
fn judge(name: &str) -> Outcome {
    let library = build::library()?;
    let sources = build::sources(name)?;
    let programs = build::scratch("programs")?;
    let plain = programs.join(name);
    build::compile(&sources, &library, &plain, Flavour::Plain)?;
    if build::has_sanitizers(&library)? {
        let sanitized = programs.join(format!("{name}-sanitized"));
        build::compile(&sources, &library, &sanitized, Flavour::Sanitized)?;
        run(&mut Command::new(sanitized))?;
    }
    under_valgrind(&plain)
}
