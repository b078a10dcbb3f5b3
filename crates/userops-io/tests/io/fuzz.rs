//! The fuzz targets' seeds and finds, replayed, and a short run of mutations where there is no fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

#[path = "../../../../fuzz/check.rs"]
mod check;

/// The seeds and past finds of a target.
fn inputs(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    let folders = [fuzz.join("corpus").join(target), fuzz.join("regressions").join(target)];
    let entries = folders.iter().flat_map(|folder| fs::read_dir(folder).unwrap());
    let mut inputs: Vec<_> =
        entries.map(|entry| entry.unwrap().path()).map(|path| (path.clone(), fs::read(path).unwrap())).collect();
    inputs.sort();
    inputs
}

#[test]
fn seeds_and_finds_hold() {
    for (target, check) in [("csv", check::csv as fn(&[u8])), ("jsonl", check::jsonl)] {
        let inputs = inputs(target);
        assert!(inputs.len() >= 3, "{target}");
        inputs.iter().for_each(|(_, bytes)| check(bytes));
    }
}

/// A seed with some bytes replaced, repeated or cut out.
fn mutated(target: &str) -> impl Strategy<Value = Vec<u8>> + use<> {
    let seeds: Vec<Vec<u8>> = inputs(target).into_iter().map(|(_, bytes)| bytes).collect();
    let byte = prop_oneof![any::<u8>(), prop::sample::select(b"\n\r\t \",;#'{}[]:\\\xff".to_vec())];
    let change = (any::<prop::sample::Index>(), 0usize..6, prop::collection::vec(byte, 0..6));
    (prop::sample::select(seeds), prop::collection::vec(change, 0..8)).prop_map(|(mut bytes, changes)| {
        for (at, cut, inserted) in changes {
            let at = at.index(bytes.len() + 1);
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, inserted);
        }
        bytes
    })
}

proptest! {
    #[test]
    fn mutated_csv_holds(bytes in mutated("csv")) {
        check::csv(&bytes);
    }

    #[test]
    fn mutated_json_lines_hold(bytes in mutated("jsonl")) {
        check::jsonl(&bytes);
    }

    #[test]
    fn any_bytes_hold(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        check::csv(&bytes);
        check::jsonl(&bytes);
    }
}
