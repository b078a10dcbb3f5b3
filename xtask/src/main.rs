//! The project's own commands; `cargo xtask help` lists them.

// A command line tool prints: that is how it answers.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod api;
mod bench;
mod c;
mod cargo;
mod differential;
mod example;
mod fuzz;
mod process;
mod python;
mod step;
mod surface;
mod tables;
mod test;
mod tidy;
mod venv;

use std::env;
use std::process::ExitCode;

use process::Outcome;

const HELP: &str = "\
cargo xtask <command>

  test            everything that must hold before a change is merged, in order:
                  fmt, clippy, tidy, tests, doc tests, docs, the examples, the
                  Python package, and that beside ClickHouse
  check           the quick part of it: fmt, clippy, tidy
  tidy            layers, sizes, module docs, words, white space, links, licences
  api             writes docs/api anew: what the library crates make public
  bench [ARGS]    the criterion benches; ARGS go to `cargo bench`
  bench --peers [--events N] [ARGS]
                  the same work on other engines, side by side; makes a Python
                  environment and a log of N events under target/ where they are
                  missing; ARGS go to benches/peers/run.py
  bench --surfaces [--events N]
                  the same kernels called from Rust, Python and C
  soak [ROUNDS]   the Rust tests on other random cases than `test` takes
  fuzz [SECONDS]  libFuzzer on the readers of files, 60 seconds each unless told
  test-c          the part of it that is about the C library
  test-python     the part of it that is about the Python package
  test-differential
                  the part of it that compares answers with ClickHouse's (chDB);
                  skipped where pip cannot install that
  header          writes bindings/c/include/userops.h anew from the sources
  install-c --prefix DIR [--static]
                  builds the C library and puts it, its header and its
                  pkg-config file under DIR; the static one alone if asked
  wheel           a release wheel of the Python package, in target/wheels
  help            this text
";

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    match words.split_first() {
        Some((command, rest)) => dispatch(command, rest),
        None => misuse("a command is missing"),
    }
}

fn dispatch(command: &str, rest: &[String]) -> ExitCode {
    match (command, rest) {
        ("install-c", rest) => exit_code(c::install(rest)),
        ("test-c", []) => step::run_steps(&c::steps_alone()),
        ("test-python", []) => exit_code(python::test()),
        ("test-differential", []) => step::run_steps(&[differential::STEP]),
        ("header", []) => exit_code(c::write_header()),
        ("bench", rest) => exit_code(bench::bench(rest)),
        ("fuzz", rest) => exit_code(fuzz::fuzz(rest)),
        ("soak", rest) => exit_code(test::soak(rest)),
        ("test", []) => step::run_steps(&test::test_steps()),
        ("check", []) => step::run_steps(&test::check_steps()),
        ("api", []) => exit_code(api::write()),
        ("tidy", []) => exit_code(tidy::tidy()),
        ("wheel", []) => exit_code(python::wheel()),
        ("help" | "--help" | "-h", _) => {
            print!("{HELP}");
            ExitCode::SUCCESS
        }
        (
            "test" | "check" | "tidy" | "api" | "test-c" | "test-python" | "test-differential" | "header" | "wheel",
            [extra, ..],
        ) => misuse(&format!("{command} takes no argument, but got {extra:?}")),
        _ => misuse(&format!("{command:?} is no command")),
    }
}

fn exit_code(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

fn misuse(message: &str) -> ExitCode {
    eprint!("error: {message}\n\n{HELP}");
    ExitCode::from(2)
}
