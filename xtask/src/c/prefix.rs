//! An installed library as a program outside finds it: by what pkg-config says, and by nothing else.

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::build::{is_installed, scratch};
use super::install::{Libraries, install_under};
use crate::process::{Outcome, read, root, run};
use crate::tables::{LOG, PLAYBOOK};

const EXAMPLE: &str = "examples/c/cdnow.c";

/// The example in C is compiled against an installed library, once shared and once static, and runs to its end.
pub(super) fn judge() -> Outcome {
    let kinds: [(&str, Libraries, &[&str]); 2] =
        [("shared", Libraries::Both, &[]), ("static", Libraries::Static, &["--static"])];
    for (name, libraries, words) in kinds {
        let prefix = scratch("prefix")?.join(name);
        if prefix.exists() {
            fs::remove_dir_all(&prefix).map_err(|error| format!("cannot empty {}: {error}", prefix.display()))?;
        }
        install_under(&prefix, libraries)?;
        if !is_installed("pkg-config", "--version") {
            println!("1 skipped: pkg-config is not installed");
            continue;
        }
        let program = scratch("programs")?.join(format!("cdnow_{name}"));
        compile(&prefix, words, &program)?;
        let made = scratch("installed-tables")?;
        // No path is written into the program, and a static one needs none.
        let mut example = Command::new(&program);
        if libraries == Libraries::Both {
            example.env("LD_LIBRARY_PATH", prefix.join("lib")).env("DYLD_LIBRARY_PATH", prefix.join("lib"));
        }
        read(example.args([LOG, PLAYBOOK]).arg(&made))?;
        println!("the example runs with the installed {name} library");
    }
    Ok(())
}

fn compile(prefix: &Path, words: &[&str], program: &Path) -> Outcome {
    let mut ask = Command::new("pkg-config");
    ask.env("PKG_CONFIG_PATH", prefix.join("lib/pkgconfig")).args(["--cflags", "--libs"]).args(words).arg("userops");
    let flags = read(&mut ask)?;
    let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| OsString::from("cc")));
    compiler.arg("-o").arg(program).arg(root().join(EXAMPLE)).args(flags.split_whitespace());
    run(&mut compiler)
}
