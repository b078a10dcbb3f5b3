//! Benches: criterion on this workspace, or the same work on other engines side by side.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{cargo, target_folder};
use crate::process::{Outcome, root, run};
use crate::surface;
use crate::venv::Venv;

/// A log large enough that reading it costs more than starting a process.
const EVENTS: u32 = 10_000_000;
const PEERS: &str = "benches/peers";

/// `cargo xtask bench [--peers [--events N] | --surfaces [--events N] | live [EVENTS]] [ARGS]`.
pub(crate) fn bench(words: &[String]) -> Outcome {
    match words.split_first() {
        Some((first, rest)) if first == "--peers" => bench_peers(rest),
        Some((first, rest)) if first == "--surfaces" => bench_surfaces(rest),
        Some((first, rest)) if first == "live" => bench_live(rest),
        _ => run(cargo(&["bench", "--locked", "--package", "userops-benches"]).args(words)),
    }
}

/// Times the live engine, and names the machine.
fn bench_live(words: &[String]) -> Outcome {
    let target = target_folder()?;
    let program = ["build", "--release", "--locked", "--package", "userops-benches", "--bin", "live_times"];
    run(cargo(&program).arg("--target-dir").arg(&target))?;
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name));
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{} with {cores} cores, {}", model.unwrap_or("an unnamed processor"), std::env::consts::OS);
    let name = format!("live_times{}", std::env::consts::EXE_SUFFIX);
    run(Command::new(target.join("release").join(name)).args(words))
}

fn bench_surfaces(words: &[String]) -> Outcome {
    match split_events(words)? {
        (events, rest) if rest.is_empty() => surface::bench(events),
        (_, rest) => Err(format!("bench --surfaces knows --events alone, not {:?}", rest[0])),
    }
}

fn bench_peers(words: &[String]) -> Outcome {
    let (events, words) = split_events(words)?;
    let target = target_folder()?;
    let venv = Venv::prepare(&target, "peers-venv", "benches/peers/requirements.txt")?;
    let build = target.join("peers/build");
    run(&mut build_programs(&build))?;
    let data = prepare_log(&target, &build, events)?;
    let script = root().join(PEERS).join("run.py");
    run(venv.python(&[]).arg(script).arg("--events").arg(events.to_string()).arg("--data").arg(data).args(words))
}

/// Builds our programs for the instructions that the peers' packages choose at run time or are built for. A folder of
/// its own keeps these flags from building everything else anew.
fn build_programs(folder: &Path) -> Command {
    let mut command = cargo(&["build", "--release", "--locked", "--package", "userops-benches", "--bins"]);
    command.arg("--target-dir").arg(folder);
    if cfg!(target_arch = "x86_64") {
        command.env("RUSTFLAGS", "-C target-cpu=x86-64-v3");
    }
    command
}

/// The number of events, and the words left for the runner.
fn split_events(words: &[String]) -> Result<(u32, Vec<&String>), String> {
    let Some(at) = words.iter().position(|word| word == "--events") else {
        return Ok((EVENTS, words.iter().collect()));
    };
    let text = words.get(at + 1).ok_or("--events needs a number")?;
    let events = text.parse().map_err(|error| format!("--events cannot be {text:?}: {error}"))?;
    Ok((events, words[..at].iter().chain(&words[at + 2..]).collect()))
}

/// The folder with a log of this many events, generated where it is missing by the program in a target folder.
pub(crate) fn prepare_log(target: &Path, build: &Path, events: u32) -> Result<PathBuf, String> {
    let data = target.join("peers/data");
    let is_there = |ending: &str| data.join(format!("ev_{events}.{ending}")).exists();
    if !["parquet", "csv", "meta.json"].into_iter().all(is_there) {
        let generator = build.join("release").join(format!("generate_log{}", std::env::consts::EXE_SUFFIX));
        run(Command::new(generator).arg(events.to_string()).arg("--csv").arg("--out").arg(&data))?;
    }
    Ok(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn events_are_taken_out_of_the_words() {
        let given = words("--only rfm --events 5000 --repeat 3");
        let (events, rest) = split_events(&given).unwrap();
        assert_eq!(events, 5000);
        assert_eq!(rest, ["--only", "rfm", "--repeat", "3"]);
    }

    #[test]
    fn events_have_a_default_and_must_be_a_number() {
        assert_eq!(split_events(&[]).unwrap().0, EVENTS);
        assert!(split_events(&words("--events")).is_err());
        assert!(split_events(&words("--events many")).unwrap_err().contains("\"many\""));
    }
}
