//! Fuzzing with libFuzzer, on the stable toolchain.

use std::fs;
use std::process::Command;

use crate::cargo::{cargo, host_triple, target_folder};
use crate::process::{Outcome, root, run};

const TARGETS: [&str; 2] = ["csv", "jsonl"];
const SECONDS: u32 = 60;

/// What the compiler has to note for libFuzzer to tell new paths from known ones.
const FLAGS: &str = "--cfg fuzzing -Cdebug-assertions -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// `cargo xtask fuzz [SECONDS]`: each target for so long, on its seeds and on what earlier runs found worth keeping. What
/// makes a target fail is written to `fuzz/regressions`, from where the tests replay it.
pub(crate) fn fuzz(words: &[String]) -> Outcome {
    let seconds = match words {
        [] => SECONDS,
        [text] => text.parse().map_err(|error| format!("fuzz cannot take {text:?} seconds: {error}"))?,
        [_, extra, ..] => return Err(format!("fuzz takes one number of seconds, but got {extra:?} too")),
    };
    let (folder, host, work) = (root().join("fuzz"), host_triple()?, target_folder()?.join("fuzz"));
    // With a target stated, build scripts and macros are built without the flags.
    let mut build = cargo(&["build", "--release", "--target", &host]);
    build.arg("--manifest-path").arg(folder.join("Cargo.toml")).arg("--target-dir").arg(&work);
    run(build.env("RUSTFLAGS", FLAGS))?;
    for target in TARGETS {
        let found = work.join("corpus").join(target);
        fs::create_dir_all(&found).map_err(|error| format!("cannot make {}: {error}", found.display()))?;
        let failures = folder.join("regressions").join(target);
        let mut fuzzer = Command::new(work.join(&host).join("release").join(target));
        fuzzer.arg(&found).arg(folder.join("corpus").join(target)).arg(&failures);
        fuzzer.arg(format!("-artifact_prefix={}/", failures.display()));
        run(fuzzer.args([&format!("-max_total_time={seconds}"), "-timeout=20", "-print_final_stats=1"]))?;
    }
    Ok(())
}
