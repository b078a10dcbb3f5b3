//! Long histories in a live engine: what it forgets is what no answer needs any more, however the clock goes.

use proptest::prelude::*;
use userops::event::Event;
use userops::live::{Engine, LiveOptions};
use userops::log::EventLog;
use userops::money::Money;
use userops::playbook::Playbook;
use userops::time::{MICROS_PER_DAY, MICROS_PER_HOUR, Span, Timestamp};

/// Tags whose windows let go of events that no answer hangs on, so that nobody looks when they do.
const TAGS: [(&str, &str); 9] = [
    ("often", r#"{ rule = 'count("view", last(days(9))) >= 2' }"#),
    ("binge", r#"{ rule = 'count("view", last(days(3))) >= 3' }"#),
    ("quiet", r#"{ rule = 'count("order", last(days(20)), observed()) == 0' }"#),
    ("buys", r#"{ rule = 'sum(event.amount, "order", last(days(10))) >= 500' }"#),
    ("curious", r#"{ rule = 'distinct(event.sku, "view", last(days(5))) >= 2' }"#),
    ("regular", r#"{ rule = 'active_days("view", calendar_days(14)) >= 4' }"#),
    ("lapsed", r#"{ rule = 'days_since_last("order") >= 15' }"#),
    ("spent", r#"{ value = 'sum(event.amount, "order", last(days(7)))' }"#),
    (
        "favourite",
        r#"{ preference = { property = "sku", half_life = "4d", top = 2, over = { events = ["view"], window = { window = { rolling = { span = "12d" } } } } } }"#,
    ),
];

/// A playbook of the tags whose bit is set.
fn playbook(bits: u16) -> Playbook {
    let schema = r#"
        version = 1
        name = "forgetting"
        [schema]
        zone = "America/New_York"
        currency = "USD"
        events = ["view", "order", "other"]
        properties = [{ name = "sku", type = "text" }]
    "#;
    let tags = TAGS.iter().enumerate().filter(|(bit, _)| bits >> bit & 1 == 1);
    let tags = tags.map(|(_, (name, kind))| format!("[[tags]]\nname = \"{name}\"\nkind = {kind}\n"));
    Playbook::from_toml(&format!("{schema}\n{}", tags.collect::<String>())).unwrap()
}

/// One thing that happens: hours go by, and then there are events in a row, each some minutes after the one before.
type Spell = (i64, Vec<(u8, u8, i64)>);

fn spells() -> impl Strategy<Value = Vec<Spell>> {
    let hours = prop_oneof![4 => 0i64..30, 2 => 30i64..400, 1 => 400i64..1_500];
    let event = (0u8..7, 0u8..4, prop_oneof![3 => 0i64..90, 1 => 90i64..3_000]);
    prop::collection::vec((hours, prop::collection::vec(event, 0..40)), 1..12)
}

fn event(user: i64, at: Timestamp, kind: u8, sku: u8) -> Event {
    match kind {
        0..4 => Event::new(user, at, "view").with_property("sku", ["a", "b", "c", "d"][usize::from(sku)]),
        4..6 => Event::new(user, at, "order").with_amount(Money::from_minor(i64::from(sku) * 150)),
        _ => Event::new(user, at, "other"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Days may go by in one step or hour by hour, events come late or in order: the engine's answers are the batch's.
    #[test]
    fn what_is_forgotten_is_not_missed(
        bits in 1u16..1 << TAGS.len(),
        spells in spells(),
        lateness_hours in prop::sample::select(vec![0i64, 1, 30]),
        late in 0i64..60,
        in_one_step in any::<bool>(),
    ) {
        let playbook = playbook(bits);
        let options = LiveOptions { lateness: Span::from_hours(lateness_hours), ..LiveOptions::default() };
        let mut engine = Engine::new(&playbook, options).unwrap();
        let mut events: Vec<Event> = Vec::new();
        let mut now = Timestamp::from_micros(1_760_000_000_000_000);
        for (hours, coming) in spells {
            let then = now.plus(Span::from_hours(hours));
            while !in_one_step && now < then {
                now = now.plus(Span::from_hours(17)).min(then);
                engine.advance_to(now).unwrap();
            }
            now = then;
            engine.advance_to(now).unwrap();
            for (index, (kind, sku, minutes)) in coming.into_iter().enumerate() {
                now = now.plus(Span::from_micros(minutes * MICROS_PER_HOUR / 60));
                let behind = if index % 5 == 4 { late.min(lateness_hours) * MICROS_PER_HOUR } else { 0 };
                let event = event(i64::from(index % 3 == 2), now.plus(Span::from_micros(-behind)), kind, sku);
                engine.advance_to(now).unwrap();
                engine.observe(&event).unwrap();
                events.push(event);
            }
            let (log, _) = EventLog::from_events(playbook.schema.clone(), &events).unwrap();
            prop_assert_eq!(engine.verify(&log).unwrap(), []);
        }
        let (log, _) = EventLog::from_events(playbook.schema.clone(), &events).unwrap();
        for days in [1, 4, 30] {
            now = now.plus(Span::from_micros(days * MICROS_PER_DAY));
            engine.advance_to(now).unwrap();
            prop_assert_eq!(engine.verify(&log).unwrap(), []);
        }
    }
}
