//! Who is to be looked at when: one ordered set of timers.

/// The sign bit: with it turned, instants are in the order of unsigned numbers.
const SIGN: u64 = 1 << 63;
/// One bucket for the floor itself, and one for each bit in which an instant can first differ from it.
const BUCKETS: usize = 65;

/// A timer: the instant, and whom it wakes.
pub(super) type Timer = (i64, u32);

/// Timers that are taken in order of instants, those of one instant in order of users.
///
/// A radix heap (Ahuja, Mehlhorn, Orlin and Tarjan: Faster algorithms for the shortest path problem, 1990): it rests on
/// that nothing is put before what was taken last, the floor. A timer lies in the bucket of the highest bit in which it differs
/// from the floor, and moves to a lower one as the floor comes nearer: at most 64 times, from one end of a list to
/// another's, where a binary heap jumps through all its memory for every timer that is taken.
#[derive(Debug, Clone)]
pub(super) struct TimerQueue {
    /// The instant of the last timer that was taken, as an unsigned number.
    floor: u64,
    /// The first one's timers are those of the floor, the last user's first.
    buckets: Vec<Vec<Timer>>,
    /// The earliest instant in each bucket.
    earliest: [i64; BUCKETS],
    /// Those of a bucket that is shared out.
    moving: Vec<Timer>,
}

impl TimerQueue {
    pub(super) fn new() -> Self {
        Self { floor: 0, buckets: vec![Vec::new(); BUCKETS], earliest: [i64::MAX; BUCKETS], moving: Vec::new() }
    }

    /// Puts a timer in. One before the floor is due at once.
    pub(super) fn push(&mut self, (at, user): Timer) {
        let key = (at as u64 ^ SIGN).max(self.floor);
        let bucket = (u64::BITS - (key ^ self.floor).leading_zeros()) as usize;
        self.earliest[bucket] = self.earliest[bucket].min(at);
        if bucket > 0 {
            return self.buckets[bucket].push((at, user));
        }
        let due = &mut self.buckets[0];
        let place = due.partition_point(|timer| *timer > (at, user));
        due.insert(place, (at, user));
    }

    /// Takes the first timer, if its instant is not after this one.
    pub(super) fn pop_until(&mut self, instant: i64) -> Option<Timer> {
        if self.buckets[0].is_empty() {
            // The first filled bucket holds the earliest of all.
            let first = (1..BUCKETS).find(|bucket| !self.buckets[*bucket].is_empty())?;
            let earliest = self.earliest[first];
            if earliest > instant {
                return None;
            }
            self.share_out(first, earliest);
        }
        self.buckets[0].pop_if(|(at, _)| *at <= instant)
    }

    /// Who is woken after so many others, where that is at the instant of the last timer.
    pub(super) fn later(&self, others: usize) -> Option<u32> {
        let due = &self.buckets[0];
        due.len().checked_sub(others + 1).map(|place| due[place].1)
    }

    /// Raises the floor to the earliest instant of a bucket, and shares its timers out to those below.
    fn share_out(&mut self, bucket: usize, earliest: i64) {
        let mut moving = std::mem::replace(&mut self.buckets[bucket], std::mem::take(&mut self.moving));
        (self.floor, self.earliest[bucket]) = (earliest as u64 ^ SIGN, i64::MAX);
        // In bucket 0, which is empty, all are of one instant.
        for (at, user) in moving.drain(..) {
            let bucket = (u64::BITS - (at as u64 ^ SIGN ^ self.floor).leading_zeros()) as usize;
            self.earliest[bucket] = self.earliest[bucket].min(at);
            self.buckets[bucket].push((at, user));
        }
        self.buckets[0].sort_unstable_by(|a, b| b.cmp(a));
        self.moving = moving;
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        /// Timers are set from the clock on, and taken up to it; equal ones, and instants before 1970, among them.
        #[test]
        fn timers_are_taken_in_order(
            start in prop::sample::select(vec![i64::MIN, -1_000, 0, 1_700_000_000_000_000]),
            steps in prop::collection::vec((0u32..40, prop::collection::vec((0u32..40, 0i64..6, 0u32..5), 0..6)), 1..30),
        ) {
            let (mut queue, mut heap) = (TimerQueue::new(), BinaryHeap::new());
            let mut now = start;
            for (bits, timers) in steps {
                for (bits, share, user) in timers {
                    let timer = (now.saturating_add(share << bits), user);
                    queue.push(timer);
                    heap.push(Reverse(timer));
                }
                now = now.saturating_add(1 << bits >> 3);
                while let Some(Reverse(timer)) = heap.peek().copied().filter(|Reverse((at, _))| *at <= now) {
                    heap.pop();
                    prop_assert_eq!(queue.pop_until(now), Some(timer));
                }
                prop_assert_eq!(queue.pop_until(now), None);
            }
        }
    }
}
