//! What the log knows of each user's days gives the answers that the events give.
//!
//! The days serve where every event has happened. One event more, of the next instant, is not seen by any answer, but takes them away:
//! then all is found from the events, which other laws hold to naive readings.

use proptest::prelude::*;
use userops::activity::{ActiveUserOptions, StickinessOptions, count_active_users, measure_stickiness};
use userops::analytics::growth::{GrowthOptions, NewUser, account_growth};
use userops::analytics::period::CalendarPeriod;
use userops::profile::{ProfileOptions, build_profiles};
use userops::retention::{RetentionOptions, measure_retention};
use userops::time::{Timestamp, Weekday};

use crate::world::{Happening, World, worlds};

fn periods() -> impl Strategy<Value = CalendarPeriod> {
    let week = prop::sample::select(Weekday::ALL.to_vec()).prop_map(|week_start| CalendarPeriod::Week { week_start });
    prop_oneof![Just(CalendarPeriod::Day), week, Just(CalendarPeriod::Month)]
}

fn retentions() -> impl Strategy<Value = RetentionOptions> {
    let by = prop::option::weighted(0.3, prop::sample::select(vec!["plan", "level"]));
    (periods(), prop::option::of(periods()), prop::option::of(0u32..40), by).prop_map(|(period, cohort, last, by)| {
        let mut options = RetentionOptions::new(period);
        (options.cohort, options.period_last, options.by) = (cohort, last, by.map(str::to_owned));
        options
    })
}

/// The same world with an event at the instant after `as_of`.
fn with_future(world: &World, as_of: Timestamp) -> World {
    let mut world = world.clone();
    let user = world.events[0].user;
    world.events.push(Happening { user, time: as_of.as_micros() + 1, name: "view", minor: None });
    world
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_500))]
    #[test]
    fn days_give_the_answers_of_events(
        world in worlds(40),
        late in prop_oneof![Just(0i64), 0i64..60 * 86_400_000_000],
        asked in prop::collection::vec((retentions(), periods(), any::<bool>(), 1u32..60), 7),
    ) {
        let Some(last) = world.events.iter().map(|event| event.time).max() else { return Ok(()) };
        let as_of = Timestamp::from_micros(last + late);
        let (log, other) = (world.log(), with_future(&world, as_of).log());
        for (retention, period, by_activity, window) in asked {
            let kept = measure_retention(&log, as_of, retention.clone()).unwrap();
            prop_assert_eq!(kept, measure_retention(&other, as_of, retention).unwrap());

            let new_user = if by_activity { NewUser::FirstActivity } else { NewUser::FirstEvent };
            let growth = GrowthOptions::new(period).new_user(new_user);
            let grown = account_growth(&log, as_of, growth.clone()).unwrap();
            prop_assert_eq!(grown, account_growth(&other, as_of, growth).unwrap());

            let active = ActiveUserOptions::default().windows_days([window, window + 1, 1].into_iter().skip(usize::from(window == 1)));
            let counted = count_active_users(&log, as_of, &active).unwrap();
            prop_assert_eq!(counted, count_active_users(&other, as_of, &active).unwrap());
            if period != CalendarPeriod::Day {
                let sticky = measure_stickiness(&log, as_of, StickinessOptions::new(period)).unwrap();
                prop_assert_eq!(sticky, measure_stickiness(&other, as_of, StickinessOptions::new(period)).unwrap());
            }
        }
        let days = |log| build_profiles(log, as_of, ProfileOptions::core()).unwrap().active_days().to_vec();
        prop_assert_eq!(days(&log), days(&other));
    }
}
