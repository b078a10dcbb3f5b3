//! Works on the parts of a source side by side, and hands over what comes of them in order.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::Duration;

use userops::error::Result;

use crate::failure::lock;

/// How long a thread of the pool that has nothing to do waits for the others.
const IDLE_PAUSE: Duration = Duration::from_micros(100);

/// Pulls items from `next` until there is none, works on them on rayon's threads, and hands the results to `sink` on the
/// calling thread, in order of the items.
///
/// Each thread holds one item at a time. The first error in order of the items is the one that is returned.
pub(crate) fn map_in_order<T, R: Send>(
    next: impl FnMut() -> Result<Option<T>> + Send,
    work: impl Fn(T) -> Result<R> + Sync,
    mut sink: impl FnMut(R) -> Result<()>,
) -> Result<()> {
    let stop = AtomicBool::new(false);
    let queue = Mutex::new(Queue { next, index: 0, ended: false });
    let (sender, results) = channel();
    let (stop, queue, work) = (&stop, &queue, &work);
    rayon::in_place_scope(|scope| {
        for _ in 0..rayon::current_num_threads() {
            let sender = sender.clone();
            scope.spawn(move |_| {
                loop {
                    // A guard in the head of a `while let` would live through its body, and let one thread work at a time.
                    let pulled = lock(queue).pull(stop);
                    let Some((index, item)) = pulled else { return };
                    let result = item.and_then(work);
                    if result.is_err() {
                        stop.store(true, Ordering::Relaxed);
                    }
                    if sender.send((index, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        let outcome = drain(&results, &mut sink);
        if outcome.is_err() {
            stop.store(true, Ordering::Relaxed);
        }
        outcome
    })
}

struct Queue<N> {
    next: N,
    index: usize,
    ended: bool,
}

impl<N> Queue<N> {
    fn pull<T>(&mut self, stop: &AtomicBool) -> Option<(usize, Result<T>)>
    where
        N: FnMut() -> Result<Option<T>>,
    {
        if self.ended || stop.load(Ordering::Relaxed) {
            return None;
        }
        let item = (self.next)().transpose();
        self.ended = !matches!(item, Some(Ok(_)));
        self.index += 1;
        item.map(|item| (self.index - 1, item))
    }
}

/// Hands over results in order until all senders are gone.
fn drain<R>(results: &Receiver<(usize, Result<R>)>, sink: &mut impl FnMut(R) -> Result<()>) -> Result<()> {
    let mut early = BTreeMap::new();
    let mut expected = 0;
    while let Some((index, result)) = receive(results) {
        early.insert(index, result);
        while let Some(result) = early.remove(&expected) {
            sink(result?)?;
            expected += 1;
        }
    }
    Ok(())
}

/// Waits for a result. A thread of the pool must not block, or the work that it waits for might never begin.
fn receive<R>(results: &Receiver<R>) -> Option<R> {
    if rayon::current_thread_index().is_none() {
        return results.recv().ok();
    }
    loop {
        match results.try_recv() {
            Ok(result) => return Some(result),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => {
                if rayon::yield_now() != Some(rayon::Yield::Executed) {
                    std::thread::sleep(IDLE_PAUSE);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use userops::error::{Error, ErrorKind};

    use super::*;

    fn run(items: u64, failing: Option<u64>) -> (Vec<u64>, Result<()>) {
        let mut given = 0..items;
        let mut seen = Vec::new();
        let work = |item: u64| match failing {
            Some(failing) if item >= failing => Err(Error::new(ErrorKind::Empty, item.to_string())),
            _ => Ok(item * 2),
        };
        let outcome = map_in_order(
            || Ok(given.next()),
            work,
            |result| {
                seen.push(result);
                Ok(())
            },
        );
        (seen, outcome)
    }

    #[test]
    fn results_come_in_order_and_the_first_error_counts() {
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            for inside in [false, true] {
                let run =
                    |items, failing| if inside { pool.install(|| run(items, failing)) } else { run(items, failing) };
                let (seen, outcome) = run(1000, None);
                assert!(outcome.is_ok() && seen.into_iter().eq((0..1000).map(|item| item * 2)));
                let (seen, outcome) = run(1000, Some(70));
                assert_eq!(seen.len(), 70);
                assert_eq!(outcome.unwrap_err().to_string(), "70");
            }
        }
    }
}
