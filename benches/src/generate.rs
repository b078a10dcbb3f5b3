//! The log of an app: skewed users, sessions, lifetimes, buyers.
//!
//! The shape, and why: activity falls as 1/(rank + 100), as in most consumer logs, so that one user
//! holds about a thousandth of the log and half of the users a handful of events; two users in five
//! were there before the log began, the others sign up inside it, more of them late than early;
//! active users stay longer; three users in ten are inclined to buy, which the short lives of most
//! leave at one in ten who do, each with a spending level of their own; hours have a noon and an
//! evening peak. A kernel that is fast only on uniform users, or only on users of one event, shows
//! it here.

use crate::random::Random;

/// Names of the events, by their code.
pub const EVENT_NAMES: [&str; 12] = [
    "register",
    "login",
    "view",
    "search",
    "favorite",
    "add_to_cart",
    "order_paid",
    "share",
    "invite",
    "post",
    "like",
    "checkin",
];
/// Countries of users, by their code.
pub const COUNTRIES: [&str; 8] = ["CN", "US", "JP", "ID", "VN", "TH", "MY", "SG"];
/// Channels by which users came, by their code.
pub const CHANNELS: [&str; 6] = ["organic", "ads_douyin", "ads_wechat", "referral", "seo", "push"];
/// Devices of sessions, by their code.
pub const DEVICES: [&str; 4] = ["android", "ios", "miniapp", "web"];

/// Code of the only event that carries an amount.
pub const ORDER_PAID: u8 = 6;
const REGISTER: u8 = 0;
const LOGIN: u8 = 1;

/// First instant of the log, 2025-01-06 00:00 UTC, a Monday, in milliseconds since 1970.
pub const START_MS: i64 = 1_736_121_600_000;
/// Number of days that the log spans.
pub const DAYS: u16 = 180;
/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;
const HOUR_MS: f64 = 3_600_000.0;
const SPAN_MS: i64 = DAYS as i64 * DAY_MS;

/// Weights of the event names of a buyer and of another user, in thousandths.
const BUYER_EVENTS: [u32; 12] = [0, 20, 420, 120, 50, 130, 55, 20, 5, 20, 110, 50];
const VISITOR_EVENTS: [u32; 12] = [0, 30, 470, 140, 50, 25, 0, 20, 5, 20, 170, 70];
const COUNTRY_WEIGHTS: [u32; 8] = [55, 12, 8, 8, 6, 5, 4, 2];
const CHANNEL_WEIGHTS: [u32; 6] = [35, 20, 18, 12, 10, 5];
const DEVICE_WEIGHTS: [u32; 4] = [45, 30, 15, 10];

/// Flattens the top of the activity law, so that no single user dominates.
const RANK_OFFSET: f64 = 100.0;
const EVENTS_PER_USER: u32 = 20;
const EVENTS_PER_SESSION: u32 = 6;
const EVENT_GAP_MS_MEAN: f64 = 25_000.0;
const PRE_EXISTING_RATIO: f64 = 0.4;
const BUYER_RATIO: f64 = 0.3;
const EVENING_RATIO: f64 = 0.55;
const LOGIN_FIRST_RATIO: f64 = 0.6;
/// Sign-up day is uniform^0.8 of the span: sign-ups grow slowly over the log.
const SIGN_UP_EXPONENT: f64 = 0.8;
/// Logarithms of the order value: mean 4.2 (about 67 units of currency), deviation 0.9 by order and
/// 0.5 by user.
const ORDER_LN_MEAN: f64 = 4.2;
const ORDER_LN_DEVIATION: f64 = 0.9;
const SPEND_LN_DEVIATION: f64 = 0.5;

/// What to generate. The same options give the same log, on every machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogOptions {
    /// Number of events.
    pub events: u32,
    /// Number of users who may have events; the least active of them have none.
    pub users: u32,
    /// Start of the random stream.
    pub seed: u64,
}

impl LogOptions {
    /// A log of so many events, one possible user per twenty events, and the seed of the published
    /// numbers.
    pub fn new(events: u32) -> Self {
        Self { events, users: (events / EVENTS_PER_USER).max(1), seed: 7 }
    }

    /// Sets the number of possible users; zero counts as one.
    #[must_use]
    pub fn users(mut self, users: u32) -> Self {
        self.users = users.max(1);
        self
    }

    /// Sets the start of the random stream.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }
}

/// A log as columns of one length, rows in order of time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogColumns {
    /// User as a number below [`LogOptions::users`]; its text form is [`user_id`](crate::user_id).
    pub uid: Vec<i64>,
    /// Instant in milliseconds since 1970 UTC. No two events of a user share one.
    pub ts_ms: Vec<i64>,
    /// Position in [`EVENT_NAMES`].
    pub event: Vec<u8>,
    /// Paid amount in cents, positive; present exactly for [`ORDER_PAID`].
    pub amount_cents: Vec<Option<i64>>,
    /// Position in [`COUNTRIES`], one per user.
    pub country: Vec<u8>,
    /// Position in [`CHANNELS`], one per user.
    pub channel: Vec<u8>,
    /// Position in [`DEVICES`], one per session.
    pub device: Vec<u8>,
}

impl LogColumns {
    /// Number of events.
    pub fn len(&self) -> usize {
        self.uid.len()
    }

    /// Whether there is no event.
    pub fn is_empty(&self) -> bool {
        self.uid.is_empty()
    }

    fn with_capacity(events: usize) -> Self {
        Self {
            uid: Vec::with_capacity(events),
            ts_ms: Vec::with_capacity(events),
            event: Vec::with_capacity(events),
            amount_cents: Vec::with_capacity(events),
            country: Vec::with_capacity(events),
            channel: Vec::with_capacity(events),
            device: Vec::with_capacity(events),
        }
    }

    fn push(&mut self, uid: u32, user: &User, draft: &Draft) {
        self.uid.push(i64::from(uid));
        self.ts_ms.push(START_MS + draft.offset_ms);
        self.event.push(draft.event);
        self.amount_cents.push(draft.amount_cents);
        self.country.push(user.country);
        self.channel.push(user.channel);
        self.device.push(draft.device);
    }
}

/// Generates a log; see the fields of [`LogColumns`] for what holds of it.
///
/// Takes time proportional to the events, but for one sort of them by time, and about 60 bytes of
/// memory an event.
pub fn generate_log(options: &LogOptions) -> LogColumns {
    let mut random = Random::new(options.seed);
    let mut log = LogColumns::with_capacity(options.events as usize);
    let mut drafts = Vec::new();
    for (uid, events) in (0_u32..).zip(draw_activity(options, &mut random)) {
        if events == 0 {
            continue;
        }
        let user = User::draw(events, &mut random);
        draw_events(&user, events, &mut random, &mut drafts);
        separate_instants(&mut drafts);
        for draft in &drafts {
            log.push(uid, &user, draft);
        }
    }
    order_by_arrival(&mut log);
    log
}

/// Returns the number of events of each user; they sum to `options.events`.
///
/// A rank is drawn from the density 1/(rank + offset) by inverting its integral, then mapped to a
/// random user, so that a user's number says nothing about their activity.
fn draw_activity(options: &LogOptions, random: &mut Random) -> Vec<u32> {
    let mut user_of_rank: Vec<u32> = (0..options.users).collect();
    random.shuffle(&mut user_of_rank);
    let ln_span = libm::log((f64::from(options.users) + RANK_OFFSET) / RANK_OFFSET);
    let mut counts = vec![0; user_of_rank.len()];
    for _ in 0..options.events {
        let rank = RANK_OFFSET * libm::exp(random.unit() * ln_span) - RANK_OFFSET;
        let rank = (rank as usize).min(user_of_rank.len() - 1);
        counts[user_of_rank[rank] as usize] += 1;
    }
    counts
}

/// What stays the same over all events of a user.
#[derive(Debug)]
struct User {
    signs_up: bool,
    buys: bool,
    /// Days since the start of the log between which the sessions fall.
    start_days: f64,
    end_days: f64,
    spend_factor: f64,
    country: u8,
    channel: u8,
}

impl User {
    fn draw(events: u32, random: &mut Random) -> Self {
        let span_days = f64::from(DAYS);
        let signs_up = !random.chance(PRE_EXISTING_RATIO);
        let start_days = if signs_up { libm::pow(random.unit(), SIGN_UP_EXPONENT) * span_days } else { 0.0 };
        let lifetime_days_mean = 20.0 + 40.0 * libm::log1p(f64::from(events) / 4.0);
        let lifetime_days = random.exponential(lifetime_days_mean).max(0.05);
        let end_days = (start_days + lifetime_days).min(span_days - 0.01);
        Self {
            signs_up,
            buys: random.chance(BUYER_RATIO),
            start_days: start_days.min(end_days - 0.005),
            end_days,
            spend_factor: libm::exp(random.normal(0.0, SPEND_LN_DEVIATION)),
            country: random.weighted(&COUNTRY_WEIGHTS),
            channel: random.weighted(&CHANNEL_WEIGHTS),
        }
    }

    /// Draws the start of a session, never before the user's own start.
    fn draw_session_ms(&self, random: &mut Random) -> i64 {
        let day = libm::floor(self.start_days + random.unit() * (self.end_days - self.start_days));
        let hour = if random.chance(EVENING_RATIO) { random.normal(20.5, 2.0) } else { random.normal(12.5, 3.0) };
        let session_ms = day as i64 * DAY_MS + (hour.rem_euclid(24.0) * HOUR_MS) as i64;
        session_ms.max(self.start_ms())
    }

    fn start_ms(&self) -> i64 {
        (self.start_days * DAY_MS as f64) as i64
    }

    fn draw_amount_cents(&self, random: &mut Random) -> i64 {
        let value = libm::exp(random.normal(ORDER_LN_MEAN, ORDER_LN_DEVIATION)) * self.spend_factor;
        (value * 100.0) as i64 + 1
    }
}

/// One event of the user at hand.
#[derive(Debug)]
struct Draft {
    offset_ms: i64,
    event: u8,
    amount_cents: Option<i64>,
    device: u8,
}

/// Replaces `drafts` by the events of one user, session by session.
fn draw_events(user: &User, events: u32, random: &mut Random, drafts: &mut Vec<Draft>) {
    drafts.clear();
    let mut events_of_session = vec![0_u32; events.div_ceil(EVENTS_PER_SESSION) as usize];
    // The first session is never empty: there a new user signs up.
    events_of_session[0] = 1;
    for _ in 1..events {
        events_of_session[random.below(events.div_ceil(EVENTS_PER_SESSION)) as usize] += 1;
    }
    for (session, &session_events) in events_of_session.iter().enumerate() {
        let signs_up = user.signs_up && session == 0;
        let mut offset_ms = if signs_up { user.start_ms() } else { user.draw_session_ms(random) };
        let device = random.weighted(&DEVICE_WEIGHTS);
        for position in 0..session_events {
            if position > 0 {
                offset_ms += random.exponential(EVENT_GAP_MS_MEAN) as i64 + 1;
            }
            let event = draw_event(user, position == 0, signs_up, random);
            let amount_cents = (event == ORDER_PAID).then(|| user.draw_amount_cents(random));
            drafts.push(Draft { offset_ms, event, amount_cents, device });
        }
    }
}

fn draw_event(user: &User, opens_session: bool, signs_up: bool, random: &mut Random) -> u8 {
    if opens_session && signs_up {
        REGISTER
    } else if opens_session && random.chance(LOGIN_FIRST_RATIO) {
        LOGIN
    } else {
        random.weighted(if user.buys { &BUYER_EVENTS } else { &VISITOR_EVENTS })
    }
}

/// Orders one user's events by time and moves them apart, so that no two share a millisecond and
/// all are in the log's span.
fn separate_instants(drafts: &mut [Draft]) {
    // Stable: at equal instants the sign-up stays first.
    drafts.sort_by_key(|draft| draft.offset_ms);
    let mut earliest_ms = 0;
    for draft in drafts.iter_mut() {
        draft.offset_ms = draft.offset_ms.max(earliest_ms);
        earliest_ms = draft.offset_ms + 1;
    }
    let mut latest_ms = SPAN_MS - 1;
    for draft in drafts.iter_mut().rev() {
        draft.offset_ms = draft.offset_ms.min(latest_ms);
        latest_ms = draft.offset_ms - 1;
    }
}

/// Orders all rows by time; rows of one instant by user.
fn order_by_arrival(log: &mut LogColumns) {
    // Rows are in order of user so far, hence the row number orders equal instants.
    let mut order: Vec<(i64, u32)> = log.ts_ms.iter().copied().zip(0..).collect();
    order.sort_unstable();
    gather(&mut log.uid, &order);
    gather(&mut log.ts_ms, &order);
    gather(&mut log.event, &order);
    gather(&mut log.amount_cents, &order);
    gather(&mut log.country, &order);
    gather(&mut log.channel, &order);
    gather(&mut log.device, &order);
}

fn gather<T: Copy>(column: &mut Vec<T>, order: &[(i64, u32)]) {
    *column = order.iter().map(|&(_, row)| column[row as usize]).collect();
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use super::*;

    fn fnv_1a(log: &LogColumns) -> u64 {
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        let mut add = |bytes: &[u8]| {
            for &byte in bytes {
                hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
            }
        };
        for row in 0..log.len() {
            add(&log.uid[row].to_le_bytes());
            add(&log.ts_ms[row].to_le_bytes());
            add(&log.amount_cents[row].unwrap_or(-1).to_le_bytes());
            add(&[log.event[row], log.country[row], log.channel[row], log.device[row]]);
        }
        hash
    }

    /// A change of this number changes every published measurement: measure again and say so in the
    /// changelog.
    #[test]
    fn the_log_never_changes() {
        assert_eq!(fnv_1a(&generate_log(&LogOptions::new(10_000))), 0xca9f_551a_6b11_559b);
    }

    #[test]
    fn the_seed_changes_the_log() {
        let options = LogOptions::new(1_000);
        assert_eq!(generate_log(&options), generate_log(&options));
        assert_ne!(generate_log(&options), generate_log(&options.seed(8)));
    }

    #[test]
    fn rows_are_in_order_of_time_and_inside_the_span() {
        let log = generate_log(&LogOptions::new(50_000));
        assert_eq!(log.len(), 50_000);
        assert!(log.ts_ms.is_sorted());
        assert!(log.ts_ms.iter().all(|ts| (START_MS..START_MS + SPAN_MS).contains(ts)));
    }

    #[test]
    fn no_user_has_two_events_at_one_instant() {
        // Two users: their days are so full that many events must be moved apart.
        for options in [LogOptions::new(50_000), LogOptions::new(50_000).users(2)] {
            let log = generate_log(&options);
            let distinct: HashSet<_> = log.uid.iter().zip(&log.ts_ms).collect();
            assert_eq!(distinct.len(), log.len());
        }
    }

    #[test]
    fn exactly_orders_have_a_positive_amount() {
        let log = generate_log(&LogOptions::new(50_000));
        for (event, amount) in log.event.iter().zip(&log.amount_cents) {
            assert_eq!(*event == ORDER_PAID, amount.is_some_and(|cents| cents > 0));
        }
    }

    #[test]
    fn a_sign_up_is_the_first_event_of_its_user() {
        let log = generate_log(&LogOptions::new(50_000));
        let mut seen = HashSet::new();
        for (uid, event) in log.uid.iter().zip(&log.event) {
            assert!(seen.insert(uid) || *event != REGISTER);
        }
    }

    #[test]
    fn the_shape_is_as_described() {
        let log = generate_log(&LogOptions::new(200_000));
        let mut events_of_user: HashMap<i64, u32> = HashMap::new();
        let mut buyers = HashSet::new();
        let mut new_users = HashSet::new();
        for row in 0..log.len() {
            *events_of_user.entry(log.uid[row]).or_default() += 1;
            if log.event[row] == ORDER_PAID {
                buyers.insert(log.uid[row]);
            }
            if log.event[row] == REGISTER {
                new_users.insert(log.uid[row]);
            }
        }
        let users = events_of_user.len() as f64;
        assert!((0.50..0.65).contains(&(new_users.len() as f64 / users)));
        assert!((0.10..0.30).contains(&(buyers.len() as f64 / users)));
        let mut counts: Vec<u32> = events_of_user.into_values().collect();
        counts.sort_unstable();
        assert!(counts[counts.len() - 1] > 20 * counts[counts.len() / 2], "a few users do most of the work");
    }
}
