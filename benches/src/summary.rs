//! The facts about a log that stand beside its files.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::generate::{EVENT_NAMES, LogColumns, LogOptions, ORDER_PAID};

/// Counts what a reader of a measurement asks about the log: users, buyers, skew, events by name,
/// time span.
///
/// Quantiles are those of the events per user with at least one event, at position floor(q ×
/// users).
pub fn summarize(options: &LogOptions, log: &LogColumns) -> Value {
    let mut counts = vec![0_u32; options.users as usize];
    let mut buys = vec![false; options.users as usize];
    let mut events = [0_u64; EVENT_NAMES.len()];
    for (&uid, &event) in log.uid.iter().zip(&log.event) {
        counts[uid as usize] += 1;
        buys[uid as usize] |= event == ORDER_PAID;
        events[usize::from(event)] += 1;
    }
    counts.retain(|&count| count > 0);
    counts.sort_unstable();
    let quantile = |percent: usize| counts.get(counts.len() * percent / 100);
    let events: BTreeMap<&str, u64> = EVENT_NAMES.into_iter().zip(events).collect();
    json!({
        "events": log.len(),
        "seed": options.seed,
        "users_possible": options.users,
        "users_present": counts.len(),
        "buyers": buys.iter().filter(|&&buys| buys).count(),
        "events_per_user_p50": quantile(50),
        "events_per_user_p90": quantile(90),
        "events_per_user_p99": quantile(99),
        "events_per_user_max": counts.last(),
        "events_by_name": events,
        "ts_ms_first": log.ts_ms.first(),
        "ts_ms_last": log.ts_ms.last(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::generate_log;

    #[test]
    fn counts_sum_to_the_events() {
        let options = LogOptions::new(5_000);
        let summary = summarize(&options, &generate_log(&options));
        let by_name = EVENT_NAMES.map(|name| summary["events_by_name"][name].as_u64());
        assert_eq!(by_name.into_iter().flatten().sum::<u64>(), 5_000);
        assert_eq!(summary["events"], 5_000);
    }

    #[test]
    fn an_empty_log_has_no_quantiles() {
        let options = LogOptions::new(0);
        let summary = summarize(&options, &generate_log(&options));
        assert_eq!(summary["users_present"], 0);
        assert!(summary["events_per_user_p50"].is_null());
    }
}
