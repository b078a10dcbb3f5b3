//! The knowledge community: a few answer, some react, most read.

use super::world::{Attribute, Persona, Price, Property, World};

const REGISTER: usize = 0;
const LOGIN: usize = 1;
const VIEW: usize = 2;
const SEARCH: usize = 3;
const FOLLOW: usize = 4;
const LIKE: usize = 5;
const COMMENT: usize = 6;
const POST_ANSWER: usize = 7;
const ASK: usize = 8;
const SHARE: usize = 9;
const PAY: usize = 11;

pub(super) static WORLD: World = World {
    salt: 1,
    names: &[
        "register",
        "login",
        "view",
        "search",
        "follow",
        "like",
        "comment",
        "post_answer",
        "ask",
        "share",
        "invite",
        "pay",
    ],
    join: Some(REGISTER),
    open: LOGIN,
    pay: PAY,
    timed: None,
    about: &[VIEW, SEARCH, FOLLOW, LIKE, COMMENT, POST_ANSWER, ASK, SHARE],
    personas: &[CREATOR, REACTOR, READER, ASKER],
    channels: &[("organic", 34), ("search", 26), ("app_store", 16), ("social", 14), ("referral", 10)],
    subjects: &[
        ("technology", 24),
        ("career", 18),
        ("science", 14),
        ("health", 12),
        ("finance", 12),
        ("history", 8),
        ("film", 7),
        ("travel", 5),
    ],
    // A question to an expert, then a month, a quarter and a year of membership.
    prices: &[
        Price { minor: 500, weight: 40, premium_days: 0 },
        Price { minor: 1_900, weight: 38, premium_days: 30 },
        Price { minor: 4_800, weight: 15, premium_days: 90 },
        Price { minor: 16_800, weight: 7, premium_days: 365 },
    ],
    properties: &[Property::Source, Property::Topic],
    attributes: &[Attribute::BirthDate, Attribute::Channel, Attribute::City, Attribute::Gender, Attribute::Signup],
    integer_ids: false,
};

const CREATOR: Persona = Persona {
    weight: 5,
    activates: 800,
    comes: 620,
    falls_asleep: 5,
    wakes: 30,
    leaves: 6,
    session_events_max: 16,
    events: &[0, 0, 420, 90, 40, 150, 110, 120, 15, 30, 8, 6],
};
const REACTOR: Persona = Persona {
    weight: 20,
    activates: 600,
    comes: 380,
    falls_asleep: 10,
    wakes: 20,
    leaves: 12,
    session_events_max: 12,
    events: &[0, 0, 520, 110, 50, 190, 80, 6, 10, 30, 6, 5],
};
const READER: Persona = Persona {
    weight: 60,
    activates: 400,
    comes: 220,
    falls_asleep: 18,
    wakes: 12,
    leaves: 18,
    session_events_max: 9,
    events: &[0, 0, 720, 170, 35, 60, 8, 0, 4, 12, 2, 2],
};
const ASKER: Persona = Persona {
    weight: 15,
    activates: 500,
    comes: 150,
    falls_asleep: 22,
    wakes: 16,
    leaves: 14,
    session_events_max: 8,
    events: &[0, 0, 520, 260, 30, 40, 30, 2, 90, 8, 2, 9],
};
