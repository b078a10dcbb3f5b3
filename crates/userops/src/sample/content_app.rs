//! The content app: most come to read, some share, a few post, and some pay to read without limits.

use super::world::{Attribute, Persona, Price, Property, World};

const VISIT: usize = 0;
const VIEW: usize = 1;
const POST: usize = 2;
const LIKE: usize = 3;
const SHARE: usize = 4;
const PAY: usize = 6;

pub(super) static WORLD: World = World {
    salt: 2,
    names: &["visit", "view", "post", "like", "share", "invite", "pay"],
    join: None,
    open: VISIT,
    pay: PAY,
    timed: Some(VIEW),
    about: &[VIEW, POST, LIKE, SHARE],
    personas: &[AUTHOR, SHARER, READER],
    channels: &[("organic", 30), ("feed_ads", 28), ("app_store", 20), ("referral", 12), ("preinstalled", 10)],
    subjects: &[
        ("news", 26),
        ("comedy", 22),
        ("sport", 16),
        ("food", 12),
        ("music", 10),
        ("games", 9),
        ("parenting", 5),
    ],
    // A month, a quarter and a year.
    prices: &[
        Price { minor: 1_200, weight: 70, premium_days: 30 },
        Price { minor: 3_000, weight: 20, premium_days: 90 },
        Price { minor: 9_800, weight: 10, premium_days: 365 },
    ],
    properties: &[Property::Category, Property::Premium, Property::Seconds],
    attributes: &[Attribute::Channel, Attribute::Device, Attribute::Signup],
    integer_ids: true,
};

const AUTHOR: Persona = Persona {
    weight: 4,
    activates: 780,
    comes: 600,
    falls_asleep: 6,
    wakes: 28,
    leaves: 8,
    session_events_max: 20,
    events: &[0, 640, 90, 200, 40, 6, 3],
};
const SHARER: Persona = Persona {
    weight: 16,
    activates: 560,
    comes: 420,
    falls_asleep: 11,
    wakes: 20,
    leaves: 12,
    session_events_max: 18,
    events: &[0, 700, 4, 170, 100, 16, 4],
};
const READER: Persona = Persona {
    weight: 80,
    activates: 420,
    comes: 300,
    falls_asleep: 20,
    wakes: 12,
    leaves: 18,
    session_events_max: 16,
    events: &[0, 880, 1, 80, 16, 1, 2],
};
