//! The examples in C and other languages: their answers are those of the Rust example, byte for byte.

use std::path::Path;
use std::process::Command;

use super::build::{self, Flavour};
use crate::process::{Outcome, read, root};
use crate::tables::{self, LOG, PLAYBOOK};

/// The tables that the example in C writes.
const TABLES: [&str; 11] = [
    "contribution",
    "ladder",
    "milestones",
    "moved",
    "operations",
    "operations_summary",
    "portrait",
    "profiles",
    "rejections",
    "segments",
    "stages_over_time",
];

/// The main job in C writes the tables that the main job in Rust writes, and callers in other languages print one of them.
pub(crate) fn judge() -> Outcome {
    let library = build::library()?;
    let wanted = tables::of_rust()?;
    let made = build::scratch("tables")?;
    let program = build::scratch("programs")?.join("cdnow");
    build::compile(&[root().join("examples/c/cdnow.c")], &library, &program, Flavour::Plain)?;
    read(Command::new(&program).args([LOG, PLAYBOOK]).arg(&made))?;
    tables::judge(&TABLES, &wanted, &made)?;
    println!("{} tables in C are those in Rust", TABLES.len());
    let summary = tables::read_file(&wanted.join("operations_summary.csv"))?;
    let callers: [(&str, &str, Caller); 2] = [("go", "version", go), ("php", "--version", php)];
    for (name, version, caller) in callers {
        if !build::is_installed(name, version) {
            println!("1 skipped: {name} is not installed");
            continue;
        }
        tables::compare(&format!("what {name} prints"), &summary, &caller(&library)?)?;
        println!("{name} prints the summary of Rust");
    }
    Ok(())
}

/// Runs a caller of the library, and hands out what it prints.
type Caller = fn(&Path) -> Result<String, String>;

fn go(library: &Path) -> Result<String, String> {
    let folder = build::scratch("go")?;
    let program = folder.join("summary");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&program).arg(".").env("CGO_ENABLED", "1").env("GOFLAGS", "-mod=mod");
    build.env("CGO_CFLAGS", format!("-I{}", root().join("bindings/c/include").display()));
    build.env("CGO_LDFLAGS", format!("-L{0} -luserops -Wl,-rpath,{0}", library.display()));
    build.env("GOCACHE", folder.join("cache")).env("GOPATH", folder.join("path"));
    let said =
        build.current_dir(root().join("examples/go")).output().map_err(|error| format!("cannot run go: {error}"))?;
    if !said.status.success() {
        return Err(format!("go build ended with {}: {}", said.status, String::from_utf8_lossy(&said.stderr).trim()));
    }
    read(Command::new(program).args([LOG, PLAYBOOK]))
}

fn php(library: &Path) -> Result<String, String> {
    let library = library.join(format!("{}userops{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX));
    read(Command::new("php").arg("examples/php/summary.php").arg(library).args([LOG, PLAYBOOK]))
}
