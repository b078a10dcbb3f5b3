//! The next change by time alone, held against the naive judge at many instants.

use proptest::prelude::*;
use userops::event::Event;
use userops::id::{UserId, UserIx};
use userops::rule::{Context, EventQuery, Measure, Rule, Subject, Truth, judge, next_change_at};
use userops::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Span, Timestamp, Window, Zone};

use super::generate::{arbitrary_case, log_of, schema};
use super::scalar::each_subject;

const HORIZON_DAYS: i64 = 45;

fn after(instant: Timestamp, micros: i64) -> Timestamp {
    Timestamp::from_micros(instant.as_micros() + micros)
}

proptest! {
    #[test]
    fn the_answer_stays_until_the_next_change_and_is_another_then(
        case in arbitrary_case(),
        waits in prop::collection::vec((0..=HORIZON_DAYS * 24, -1i64..2), 12),
    ) {
        let until = after(case.as_of, HORIZON_DAYS * MICROS_PER_DAY);
        each_subject(&case, |user, subject, naive| {
            for rule in &case.rules {
                let now = naive.judge(rule);
                let next = next_change_at(rule, &subject, until).unwrap();
                let end = match next {
                    Some((next, truth)) => {
                        prop_assert!(subject.as_of() < next && next <= until);
                        prop_assert_ne!(truth, now);
                        let then = naive.waiting_until(next);
                        prop_assert_eq!(then.judge(rule), truth, "user {} at {}: {:#?}", user, next, rule);
                        after(next, -1)
                    }
                    None => until,
                };
                // Whole hours after `as_of` and after the midnight before it, and a microsecond beside each.
                let midnight = case.log.calendar(end).day_start(case.log.calendar(end).day(case.as_of));
                let waits = waits.iter().flat_map(|(hours, odd)| {
                    [case.as_of, midnight].map(|from| after(from, hours * MICROS_PER_HOUR + odd))
                });
                for instant in waits.chain([end]).filter(|instant| *instant > case.as_of && *instant <= end) {
                    let truth = naive.waiting_until(instant).judge(rule);
                    prop_assert_eq!(truth, now, "user {} at {}, next {:?}: {:#?}", user, instant, next, rule);
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn waiting_is_asking_later_as_if_nothing_had_happened(case in arbitrary_case(), hours in 0i64..2_000) {
        let later = after(case.as_of, hours * MICROS_PER_HOUR);
        each_subject(&case, |_, subject, naive| {
            for rule in &case.rules {
                let waited = judge(rule, &subject.at(later)).unwrap();
                prop_assert_eq!(waited, naive.waiting_until(later).judge(rule), "{:#?}", rule);
            }
            Ok(())
        })?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_hour_until_the_next_change_says_otherwise(case in arbitrary_case()) {
        let until = after(case.as_of, HORIZON_DAYS * MICROS_PER_DAY);
        each_subject(&case, |user, subject, naive| {
            for rule in case.rules.iter().take(6) {
                let now = naive.judge(rule);
                let end = next_change_at(rule, &subject, until).unwrap().map_or(until, |(next, _)| after(next, -1));
                for hours in 1..=HORIZON_DAYS * 24 {
                    let instant = after(case.as_of, hours * MICROS_PER_HOUR);
                    if instant <= end {
                        let truth = naive.waiting_until(instant).judge(rule);
                        prop_assert_eq!(truth, now, "user {} at {}: {:#?}", user, instant, rule);
                    }
                }
            }
            Ok(())
        })?;
    }
}

fn next_of(rule: &Rule, zone: &str, event: &str, as_of: &str, until: &str) -> Option<(String, Truth)> {
    let event = Event::new(7, event.parse().unwrap(), "order");
    let zone: Zone = zone.parse().unwrap();
    let log = log_of(schema(zone), &[event], &[UserId::from(7)], &[[].into()]);
    let as_of: Timestamp = as_of.parse().unwrap();
    let (calendar, context) = (log.calendar(as_of), Context::default());
    let subject = Subject::new(&log, UserIx(0), as_of, &calendar, &context);
    let next = next_change_at(rule, &subject, until.parse().unwrap()).unwrap();
    next.map(|(instant, truth)| (instant.to_string(), truth))
}

#[test]
fn the_next_change_is_exact() {
    let changes = |instant: &str, truth| Some((instant.to_owned(), truth));
    let over = |window: Window| EventQuery::new(["order"]).window(window);
    let ordered = |window: Window| Measure::count(over(window)).at_least(1i64);
    let rolling = ordered(Window::Rolling { span: Span::from_days(30) });
    let at = "2025-03-01T12:00:00.000001Z";
    let (now, late) = ("2025-03-02T00:00:00Z", "2026-01-01T00:00:00Z");
    let zone = "America/New_York";
    assert_eq!(next_of(&rolling, zone, at, now, late), changes("2025-03-31T12:00:00.000001Z", Truth::False));
    assert_eq!(
        next_of(&rolling, zone, at, now, "2025-03-31T12:00:00.000001Z"),
        changes("2025-03-31T12:00:00.000001Z", Truth::False)
    );
    assert_eq!(next_of(&rolling, zone, at, now, "2025-03-31T12:00:00Z"), None);
    assert_eq!(next_of(&rolling, zone, at, now, now), None);
    // Nine local days later, the last of them of 23 hours: midnight of 10 March is 04:00 UTC.
    let days = ordered(Window::CalendarDays { n: 9, include_today: true });
    assert_eq!(next_of(&days, zone, at, now, late), changes("2025-03-10T04:00:00Z", Truth::False));
    let since = Measure::days_since_last("order").above(8i64);
    assert_eq!(next_of(&since, zone, at, now, late), changes("2025-03-10T04:00:00Z", Truth::True));
    let month = ordered(Window::CalendarMonths { n: 1, include_current: false });
    assert_eq!(next_of(&month, zone, at, now, late), changes("2025-04-01T04:00:00Z", Truth::True));
    assert_eq!(next_of(&month, zone, at, "2025-04-15T00:00:00Z", late), changes("2025-05-01T04:00:00Z", Truth::False));
    let far = Measure::days_since_last("order").above(100_000i64);
    assert_eq!(next_of(&far, zone, at, now, late), None);
    assert_eq!(next_of(&ordered(Window::All), zone, at, now, late), None);
}

/// The clock of St John's was set back from 00:01 to 23:01, so that the date went back as well.
#[test]
fn a_date_that_shows_twice_changes_the_answer_twice() {
    let rule = Measure::days_since_last("order").above(0i64);
    let (zone, at, until) = ("America/St_Johns", "1996-10-26T12:00:00Z", "1996-10-29T00:00:00Z");
    let next = |as_of: &str| next_of(&rule, zone, at, as_of, until);
    assert_eq!(next("1996-10-26T13:00:00Z"), Some(("1996-10-27T02:30:00Z".to_owned(), Truth::True)));
    assert_eq!(next("1996-10-27T02:30:00Z"), Some(("1996-10-27T02:31:00Z".to_owned(), Truth::False)));
    assert_eq!(next("1996-10-27T02:31:00Z"), Some(("1996-10-27T03:30:00Z".to_owned(), Truth::True)));
    assert_eq!(next("1996-10-27T03:30:00Z"), None);
}
