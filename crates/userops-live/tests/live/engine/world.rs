//! A small playbook, and batches of events that make its answers move.

use userops::event::Event;
use userops::live::{Engine, LiveOptions};
use userops::money::Money;
use userops::playbook::Playbook;
use userops::time::{MICROS_PER_HOUR, Span, Timestamp};
use userops_live::store::Entry;

pub(super) const PLAYBOOK: &str = r#"
version = 1
name = "small"

[schema]
zone = "Asia/Shanghai"
events = ["visit", "pay"]
attributes = [{ name = "city", type = "text" }]

[[tags]]
name = "active"
kind = { rule = 'count("visit", last(days(2))) >= 3' }

[[tags]]
name = "payer"
kind = { rule = 'sum(event.amount, "pay", last(days(5))) > 0' }

[[segments]]
name = "near"
when = 'user.city == "Hangzhou" && has_tag("active")'

[lifecycle.standard]
activity = ["visit"]
dormant_days = 3
churn_days = 6
"#;

pub(super) fn instant(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn playbook() -> Playbook {
    Playbook::from_toml(PLAYBOOK).unwrap()
}

pub(super) fn engine() -> Engine {
    let options = LiveOptions { lateness: Span::from_days(1), ..LiveOptions::default() };
    Engine::new(&playbook(), options).unwrap()
}

/// The batch of a number: some events of a few hours, now and then late, attributes, and steps of the clock.
pub(super) fn batch(number: u64) -> Vec<Entry> {
    let start = instant("2026-03-01T00:00:00Z").as_micros();
    let mut entries = Vec::new();
    for index in 0..1 + number % 9 {
        let mixed = (number * 31 + index * 17) % 101;
        let late = if mixed.is_multiple_of(11) { 9 } else { 0 };
        let hours = 3 * number as i64 + index as i64 % 3 - late;
        let time = Timestamp::from_micros(start + hours * MICROS_PER_HOUR + mixed as i64);
        let name = if mixed.is_multiple_of(5) { "pay" } else { "visit" };
        let event = Event::new((mixed % 12) as i64, time, name).with_id(format!("{number}-{index}"));
        let event = if name == "pay" { event.with_amount(Money::from_minor(100 + mixed as i64)) } else { event };
        entries.push(Entry::Event(event));
    }
    if number % 4 == 1 {
        let time = Timestamp::from_micros(start + (3 * number as i64 + 4) * MICROS_PER_HOUR);
        entries.push(Entry::Advance(time));
        let city = if number % 8 == 1 { "Hangzhou" } else { "Ningbo" };
        let attributes = [("city".to_owned(), city.into())].into_iter().collect();
        entries.push(Entry::Attributes { user: ((number % 12) as i64).into(), attributes });
    }
    entries
}
