//! The same kernels called from Rust, Python and C, side by side: what the bindings cost.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::bench::prepare_log;
use crate::c;
use crate::cargo::{cargo, target_folder};
use crate::process::{Outcome, read, root, run};
use crate::python;
use crate::venv::Venv;

const FOLDER: &str = "benches/surfaces";
/// Times that each program is started, all three by turns, so that a slow minute of the machine meets all of them.
const ROUNDS: usize = 7;
const REPS: &str = "15";

/// The programs that time calls, and the environment that they run in.
struct Surfaces {
    folder: PathBuf,
    rust: PathBuf,
    c: PathBuf,
    python: Venv,
}

/// `cargo xtask bench --surfaces [--events N]`.
pub(crate) fn bench(events: u32) -> Outcome {
    let target = target_folder()?;
    let surfaces = Surfaces::build(&target)?;
    let log = prepare_log(&target, &target, events)?.join(format!("ev_{events}.parquet"));
    println!("{events} events; milliseconds a call, the least of {ROUNDS} rounds of {REPS}\n");
    println!("| kernel | Rust | Python | C | Python / Rust | C / Rust |\n| --- | --- | --- | --- | --- | --- |");
    for (kernel, options) in kernels()? {
        let [mut rust, mut python, mut c] = [f64::INFINITY; 3];
        for _ in 0..ROUNDS {
            let words = [log.as_os_str(), OsStr::new(&kernel), OsStr::new(&options), OsStr::new(REPS)];
            rust = rust.min(least(Command::new(&surfaces.rust).args(words))?);
            python = python.min(least(surfaces.python("surface_times.py").args(words))?);
            c = c.min(least(Command::new(&surfaces.c).args(words))?);
        }
        println!("| {kernel} | {rust:.2} | {python:.2} | {c:.2} | {:.3} | {:.3} |", python / rust, c / rust);
    }
    println!("\nAn Arrow table of these events, read in Python:");
    print!("{}", read(surfaces.python("arrow_import.py").arg(&log))?);
    Ok(())
}

impl Surfaces {
    /// Builds all three as they are released.
    fn build(target: &Path) -> Result<Self, String> {
        run(&mut cargo(&["build", "--release", "--locked", "--package", "userops-benches", "--bins"]))?;
        let folder = target.join("surfaces");
        let wheel = python::build_wheel(target)?;
        let python = Venv::prepare(target, "peers-venv", "benches/peers/requirements.txt")?;
        let install =
            ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--upgrade", "--target"];
        run(python.python(&install).arg(folder.join("python")).arg(wheel))?;
        let c = folder.join("surface_times");
        c::compile_released(&root().join(FOLDER).join("surface_times.c"), &c)?;
        let rust = target.join("release").join(format!("surface_times{}", std::env::consts::EXE_SUFFIX));
        Ok(Self { folder, rust, c, python })
    }

    /// A script in an environment that has the wheel.
    fn python(&self, script: &str) -> Command {
        let mut command = self.python.python(&[]);
        command.arg(root().join(FOLDER).join(script)).env("PYTHONPATH", self.folder.join("python"));
        command
    }
}

/// The kernels and their options as JSON, the same for all.
fn kernels() -> Result<BTreeMap<String, String>, String> {
    let path = root().join(FOLDER).join("kernels.json");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let kernels: BTreeMap<String, serde_json::Value> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(kernels.into_iter().map(|(kernel, options)| (kernel, options.to_string())).collect())
}

/// The least of the milliseconds that a program prints.
fn least(command: &mut Command) -> Result<f64, String> {
    let said = read(command)?;
    let times = said.lines().map(|line| line.parse::<f64>().map_err(|error| format!("{line:?} is no time: {error}")));
    times.collect::<Result<Vec<_>, _>>()?.into_iter().reduce(f64::min).ok_or_else(|| "no time was printed".to_owned())
}
