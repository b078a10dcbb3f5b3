//! A disk in memory that fails when it is told to, and forgets on a power cut what no flush has covered.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

/// What a disk writes whole or not at all.
const SECTOR_BYTES: usize = 512;

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fault {
    /// One operation fails.
    Once(io::ErrorKind),
    /// Every operation fails that changes anything.
    FromThenOn(io::ErrorKind),
}

#[derive(Debug, Clone)]
enum Operation {
    Write(usize, Vec<u8>),
    Resize(usize),
}

#[derive(Debug, Default)]
struct State {
    /// What a power cut leaves in any case.
    flushed: Vec<u8>,
    /// What is read.
    current: Vec<u8>,
    /// What was done since the last flush.
    pending: Vec<Operation>,
    operation_count: u64,
    flush_count: u64,
    resize_count: u64,
    fault: Option<(u64, Fault)>,
}

impl State {
    /// Counts an operation, and says whether it fails.
    fn step(&mut self) -> io::Result<()> {
        let number = self.operation_count;
        self.operation_count += 1;
        match self.fault {
            Some((at, Fault::Once(kind))) if number == at => Err(kind.into()),
            Some((at, Fault::FromThenOn(kind))) if number >= at => Err(kind.into()),
            _ => Ok(()),
        }
    }

    fn take(&mut self, operation: Operation) {
        apply(&mut self.current, &operation);
        self.pending.push(operation);
    }
}

fn apply(bytes: &mut Vec<u8>, operation: &Operation) {
    match operation {
        Operation::Resize(len) => bytes.resize(*len, 0),
        Operation::Write(at, data) => {
            if bytes.len() < at + data.len() {
                bytes.resize(at + data.len(), 0);
            }
            bytes[*at..at + data.len()].copy_from_slice(data);
        }
    }
}

/// The disk; copies are the same one.
#[derive(Debug, Clone)]
pub(super) struct SimulatedDisk(Arc<Mutex<State>>);

impl SimulatedDisk {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(State { flushed: bytes.clone(), current: bytes, ..State::default() })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// Lets so many more operations pass before the fault.
    pub(super) fn fail_after(&self, operations: u64, fault: Fault) {
        let mut state = self.state();
        state.fault = Some((state.operation_count + operations, fault));
    }

    /// Writes, flushes and changes of length so far.
    pub(super) fn operation_count(&self) -> u64 {
        self.state().operation_count
    }

    pub(super) fn flush_count(&self) -> u64 {
        self.state().flush_count
    }

    pub(super) fn resize_count(&self) -> u64 {
        self.state().resize_count
    }

    /// What the file holds, as another process would read it.
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.state().current.clone()
    }

    /// What the file may hold after a power cut: of what no flush has covered any part, sector by sector, in no order.
    pub(super) fn bytes_after_power_cut(&self, seed: u64) -> Vec<u8> {
        let state = self.state();
        let mut bytes = state.flushed.clone();
        let mut random = seed;
        let mut is_kept = || {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            random >> 63 == 0
        };
        for operation in &state.pending {
            match operation {
                Operation::Resize(_) if is_kept() => apply(&mut bytes, operation),
                Operation::Resize(_) => {}
                Operation::Write(at, data) => {
                    for (index, sector) in data.chunks(SECTOR_BYTES).enumerate() {
                        if is_kept() {
                            apply(&mut bytes, &Operation::Write(at + index * SECTOR_BYTES, sector.to_vec()));
                        }
                    }
                }
            }
        }
        bytes
    }
}

impl StorageBackend for SimulatedDisk {
    fn len(&self) -> io::Result<u64> {
        Ok(self.state().current.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let state = self.state();
        let start = offset as usize;
        let bytes = state.current.get(start..start + out.len()).ok_or(io::ErrorKind::UnexpectedEof)?;
        out.copy_from_slice(bytes);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.resize_count += 1;
        state.take(Operation::Resize(len as usize));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut state = self.state();
        state.step()?;
        state.flush_count += 1;
        state.flushed = state.current.clone();
        state.pending.clear();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        let done = state.step();
        // A write that fails has come half way.
        let written = if done.is_ok() { data } else { &data[..data.len() / 2] };
        state.take(Operation::Write(offset as usize, written.to_vec()));
        done
    }
}
