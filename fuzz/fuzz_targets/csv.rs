//! Reads any bytes as CSV: nothing panics, and every row is accounted for.

#![no_main]

#[path = "../check.rs"]
#[allow(dead_code)]
mod check;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::csv(data));
