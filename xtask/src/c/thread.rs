//! Threads that share handles, with sanitizers and under valgrind.

use std::process::Command;

use super::build::{self, Flavour};
use super::misuse::under_valgrind;
use crate::process::{Outcome, run};

/// Threads on one frozen log, and on one that is freed meanwhile.
pub(crate) fn judge() -> Outcome {
    let library = build::library()?;
    let sources = build::sources("threads")?;
    let programs = build::scratch("programs")?;
    let plain = programs.join("threads");
    build::compile(&sources, &library, &plain, Flavour::Plain)?;
    if build::has_sanitizers(&library)? {
        let sanitized = programs.join("threads-sanitized");
        build::compile(&sources, &library, &sanitized, Flavour::Sanitized)?;
        run(&mut Command::new(sanitized))?;
    }
    under_valgrind(&plain)
}
