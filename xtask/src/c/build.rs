//! The library as the tests use it, and programs in C that are linked with it.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{cargo, target_folder};
use crate::process::{Outcome, capture, root, run};

const WARNINGS: [&str; 5] = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-g"];
/// What finds faults in memory and undefined behaviour while a program runs.
const SANITIZERS: [&str; 3] = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-fno-omit-frame-pointer"];

/// Which program is made of the same sources.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flavour {
    /// As anybody would compile it.
    Plain,
    /// With sanitizers.
    Sanitized,
}

/// The folder with the library, built for the tests: a call can be made to panic inside.
pub(crate) fn library() -> Result<PathBuf, String> {
    run(&mut cargo(&["build", "--locked", "--package", "userops-c", "--features", "panic-hook"]))?;
    Ok(target_folder()?.join("debug"))
}

/// A folder of its own for what the tests make.
pub(crate) fn scratch(name: &str) -> Result<PathBuf, String> {
    let folder = target_folder()?.join("c").join(name);
    std::fs::create_dir_all(&folder).map_err(|error| format!("cannot make {}: {error}", folder.display()))?;
    Ok(folder)
}

/// Compiles a program, and links it with the library in a folder.
pub(crate) fn compile(sources: &[PathBuf], library: &Path, program: &Path, flavour: Flavour) -> Outcome {
    run(&mut compiler(sources, library, program, flavour))
}

/// Builds the library for release, and a program that is linked with it.
pub(crate) fn compile_released(source: &Path, program: &Path) -> Outcome {
    run(&mut cargo(&["build", "--release", "--locked", "--package", "userops-c"]))?;
    let library = target_folder()?.join("release");
    run(compiler(&[source.to_path_buf()], &library, program, Flavour::Plain).arg("-O2"))
}

fn compiler(sources: &[PathBuf], library: &Path, program: &Path, flavour: Flavour) -> Command {
    let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| OsString::from("cc")));
    command.args(WARNINGS);
    if flavour == Flavour::Sanitized {
        command.args(SANITIZERS);
    }
    let bindings = root().join("bindings/c");
    for folder in ["include", "tests/suite", "tests/misuse"] {
        command.arg("-I").arg(bindings.join(folder));
    }
    command.args(sources).arg("-o").arg(program).arg("-L").arg(library).args(["-luserops", "-lm", "-lpthread"]);
    command.arg(format!("-Wl,-rpath,{}", library.display()));
    command
}

/// The header alone, as a language and a standard of it.
pub(crate) fn check_header(language: &str, standard: &str) -> Outcome {
    let mut command = Command::new(std::env::var_os("CC").unwrap_or_else(|| OsString::from("cc")));
    if language == "c++" && !is_installed("c++", "--version") {
        println!("1 skipped: there is no C++ compiler");
        return Ok(());
    }
    command.arg(format!("-std={standard}")).args([
        "-Wall",
        "-Wextra",
        "-Werror",
        "-pedantic",
        "-fsyntax-only",
        "-x",
        language,
    ]);
    run(command.arg(root().join("bindings/c/include/userops.h")))
}

/// Whether the compiler can make programs with sanitizers: not every one brings their libraries.
pub(crate) fn has_sanitizers(library: &Path) -> Result<bool, String> {
    let folder = scratch("probe")?;
    let source = folder.join("probe.c");
    std::fs::write(&source, "int main(void) { return 0; }\n")
        .map_err(|error| format!("cannot write a probe: {error}"))?;
    let made = capture(&mut compiler(&[source], library, &folder.join("probe"), Flavour::Sanitized))?;
    Ok(made.status.success())
}

/// The sources in a folder of the tests, in order of their names.
pub(crate) fn sources(folder: &str) -> Result<Vec<PathBuf>, String> {
    files_with(&root().join("bindings/c/tests").join(folder), "c")
}

/// The files of a folder with this extension, in order of their names.
pub(crate) fn files_with(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| error.to_string()));
    let mut paths: Vec<PathBuf> = paths.collect::<Result<_, _>>()?;
    paths.retain(|path| path.extension().is_some_and(|found| found == extension));
    paths.sort();
    Ok(paths)
}

/// Whether a program is on the path.
pub(crate) fn is_installed(program: &str, version: &str) -> bool {
    capture(Command::new(program).arg(version)).is_ok_and(|output| output.status.success())
}
