//! The header that is committed is the one that the sources make.

use std::path::Path;

/// Set, by `cargo xtask header`, to write the header instead of comparing it.
const WRITE: &str = "USEROPS_WRITE_HEADER";

#[test]
fn the_header_is_that_of_the_sources() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let config = cbindgen::Config::from_file(here.join("cbindgen.toml")).unwrap();
    let mut sources: Vec<_> = std::fs::read_dir(here.join("src")).unwrap().map(|entry| entry.unwrap().path()).collect();
    // cbindgen follows the modules of a library's root, and would meet everything twice.
    sources.retain(|path| !path.ends_with("lib.rs"));
    sources.sort();
    let builder = sources.iter().fold(cbindgen::Builder::new().with_config(config), cbindgen::Builder::with_src);
    let mut made = Vec::new();
    builder.generate().unwrap().write(&mut made);
    let made = String::from_utf8(made).unwrap();

    let path = here.join("include/userops.h");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, made).unwrap();
        return;
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        committed == made,
        "include/userops.h is not what the sources make: run `cargo xtask header` and look at it"
    );
}

#[test]
fn every_function_of_the_header_is_documented() {
    let header = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("include/userops.h")).unwrap();
    let lines: Vec<&str> = header.lines().collect();
    let is_function =
        |line: &str| !line.starts_with([' ', '*', '/']) && line.contains("userops_") && line.contains('(');
    let functions =
        (0..lines.len()).filter(|index| is_function(lines[*index]) && !lines[*index].starts_with("typedef"));
    let bare: Vec<&str> = functions.clone().filter(|at| lines[at - 1].trim() != "*/").map(|at| lines[at]).collect();
    assert!(bare.is_empty(), "{bare:?}");
    assert!(functions.count() > 100);
}
