//! Windows and calendars against chrono-tz, asked instant by instant and day by day.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Days, NaiveDate, Timelike};
use chrono_tz::Tz;
use proptest::prelude::*;
use userops::error::ErrorKind;
use userops::time::{
    Anniversary, Calendar, Day, LeapDayPolicy, MICROS_PER_DAY, MICROS_PER_HOUR, Month, Span, TimeFormat, TimeRange,
    Timestamp, WeekStart, Weekday, Window, Zone,
};

const ZONES: [Tz; 4] =
    [chrono_tz::America::New_York, chrono_tz::Africa::Cairo, chrono_tz::Asia::Shanghai, chrono_tz::Pacific::Apia];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

/// 1990 to 2035, with every third instant near a change of clocks, a month's end or a year's.
fn arbitrary_instant() -> impl Strategy<Value = Timestamp> {
    let near = [
        "2025-03-09T07:00:00Z",
        "2025-11-02T06:00:00Z",
        "2024-04-25T22:00:00Z",
        "2024-10-31T21:00:00Z",
        "1991-04-13T18:00:00Z",
        "2011-12-30T10:00:00Z",
        "2024-02-29T12:00:00Z",
        "2025-01-01T00:00:00Z",
    ];
    let anywhere = 631_152_000_000_000i64..2_051_222_400_000_000;
    let nearby = (0..near.len(), -40 * MICROS_PER_HOUR..40 * MICROS_PER_HOUR)
        .prop_map(move |(index, offset)| at(near[index]).as_micros() + offset);
    prop_oneof![2 => anywhere, 1 => nearby].prop_map(Timestamp::from_micros)
}

fn arbitrary_window() -> impl Strategy<Value = Window> {
    let week_start = prop::sample::select(&Weekday::ALL[..]);
    let span = prop_oneof![Just(1i64), Just(MICROS_PER_HOUR), Just(MICROS_PER_DAY), 1..100 * MICROS_PER_DAY];
    prop_oneof![
        Just(Window::All),
        span.prop_map(|span| Window::Rolling { span: Span::from_micros(span) }),
        (1u32..60, any::<bool>()).prop_map(|(n, include_today)| Window::CalendarDays { n, include_today }),
        (1u32..9, any::<bool>(), week_start).prop_map(|(n, include_current, week_start)| Window::CalendarWeeks {
            n,
            include_current,
            week_start
        }),
        (1u32..26, any::<bool>()).prop_map(|(n, include_current)| Window::CalendarMonths { n, include_current }),
        arbitrary_instant().prop_map(|start| Window::Since { start }),
        (arbitrary_instant(), arbitrary_instant())
            .prop_map(|(a, b)| Window::Between { start: a.min(b), end: a.max(b) }),
    ]
}

fn local(tz: Tz, instant: Timestamp) -> chrono::NaiveDateTime {
    DateTime::from_timestamp_micros(instant.as_micros()).unwrap().with_timezone(&tz).naive_local()
}

/// The first day of a day's week, one step back at a time.
fn first_of_week(mut date: NaiveDate, week_start: WeekStart) -> NaiveDate {
    while date.weekday().num_days_from_monday() != week_start as u32 {
        date = date.pred_opt().unwrap();
    }
    date
}

/// Whether an instant counts, from what a local clock shows at that instant and at `as_of`.
fn counts(window: Window, tz: Tz, as_of: Timestamp, instant: Timestamp) -> bool {
    let (today, date) = (local(tz, as_of).date(), local(tz, instant).date());
    let periods_ago = match window {
        Window::All => return instant <= as_of,
        Window::Rolling { span } => {
            let age = as_of.as_micros() - instant.as_micros();
            return 0 <= age && age < span.as_micros();
        }
        Window::Since { start } => return start <= instant && instant <= as_of,
        Window::Between { start, end } => return start <= instant && instant < end && instant <= as_of,
        Window::CalendarDays { n, include_today } => (n, include_today, today.signed_duration_since(date).num_days()),
        Window::CalendarWeeks { n, include_current, week_start } => {
            let apart = first_of_week(today, week_start).signed_duration_since(first_of_week(date, week_start));
            (n, include_current, apart.num_weeks())
        }
        Window::CalendarMonths { n, include_current } => {
            let months = |date: NaiveDate| i64::from(date.year()) * 12 + i64::from(date.month());
            (n, include_current, months(today) - months(date))
        }
        _ => panic!("{window:?} has no oracle"),
    };
    let (n, include_current, ago) = periods_ago;
    let newest = i64::from(!include_current);
    instant <= as_of && (newest..newest + i64::from(n)).contains(&ago)
}

/// The calendar of a zone that covers some of the instants that are asked for, so that both of its ways are taken.
fn calendar(tz: Tz) -> &'static Calendar {
    static CALENDARS: LazyLock<[Calendar; 4]> = LazyLock::new(|| {
        ZONES.map(|tz| Calendar::new(Zone::from(tz), at("2009-06-01T00:00:00Z"), at("2026-01-01T00:00:00Z")))
    });
    CALENDARS.iter().find(|calendar| calendar.zone() == Zone::from(tz)).unwrap()
}

proptest! {
    #[test]
    fn a_window_holds_what_the_local_clock_says(
        zone in 0..ZONES.len(),
        as_of in arbitrary_instant(),
        window in arbitrary_window(),
        probes in prop::collection::vec(arbitrary_instant(), 12),
    ) {
        let tz = ZONES[zone];
        let calendar = calendar(tz);
        let range = window.range(as_of, calendar).unwrap();
        let edges = [range.start, range.end, as_of].into_iter().flat_map(|edge| {
            [-MICROS_PER_DAY, -1, 0, 1, MICROS_PER_DAY].map(|step| edge.as_micros().saturating_add(step))
        });
        let edges = edges.filter_map(Timestamp::checked);
        for instant in probes.into_iter().chain(edges) {
            prop_assert_eq!(
                range.contains(instant), counts(window, tz, as_of, instant),
                "{} as of {} in {}: {} to {} at {}", serde_json::to_string(&window).unwrap(), as_of, tz, range.start,
                range.end, instant
            );
        }
    }

    #[test]
    fn no_window_reaches_beyond_as_of(
        zone in 0..ZONES.len(),
        as_of in arbitrary_instant(),
        window in arbitrary_window(),
    ) {
        let calendar = calendar(ZONES[zone]);
        let range = window.range(as_of, calendar).unwrap();
        prop_assert!(range.end.as_micros() <= as_of.as_micros() + 1);
        let excludes_today = matches!(
            window,
            Window::CalendarDays { include_today: false, .. }
                | Window::CalendarWeeks { include_current: false, .. }
                | Window::CalendarMonths { include_current: false, .. }
                | Window::Since { .. }
                | Window::Between { .. }
        );
        prop_assert!(excludes_today || range.contains(as_of), "as_of itself counts");
    }

    #[test]
    fn windows_of_adjoining_periods_adjoin(
        zone in 0..ZONES.len(),
        as_of in arbitrary_instant(),
        n in 1u32..40,
        week_start in prop::sample::select(&Weekday::ALL[..]),
    ) {
        let calendar = calendar(ZONES[zone]);
        let range = |window: Window| window.range(as_of, calendar).unwrap();
        let days = |n, include_today| range(Window::CalendarDays { n, include_today });
        let weeks = |n, include_current| range(Window::CalendarWeeks { n, include_current, week_start });
        let months = |n, include_current| range(Window::CalendarMonths { n, include_current });
        for of in [&days as &dyn Fn(u32, bool) -> TimeRange, &weeks, &months] {
            prop_assert_eq!(of(n, false).end, of(1, true).start, "what was ends where today begins");
            prop_assert_eq!(of(n, false).start, of(n + 1, true).start);
            prop_assert!(of(n + 1, false).start <= of(n, false).start);
        }
    }

    #[test]
    fn every_window_reads_what_it_writes(window in arbitrary_window()) {
        #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
        struct Rules {
            window: Window,
        }
        let rules = Rules { window };
        let json = serde_json::to_string(&rules).unwrap();
        prop_assert_eq!(&serde_json::from_str::<Rules>(&json).unwrap(), &rules);
        let toml = toml::to_string(&rules).unwrap();
        prop_assert_eq!(&toml::from_str::<Rules>(&toml).unwrap(), &rules);
    }

    #[test]
    fn a_day_begins_at_the_first_instant_that_shows_its_date(zone in 0..ZONES.len(), days in 7_400i32..23_700) {
        let tz = ZONES[zone];
        let date = Day(days).to_chrono();
        let start = calendar(tz).day_start(Day(days));
        prop_assert!(local(tz, start).date() >= date);
        prop_assert!(local(tz, Timestamp::from_micros(start.as_micros() - 1)).date() < date);
        if date != NaiveDate::from_ymd_opt(2011, 12, 30).unwrap() || tz != chrono_tz::Pacific::Apia {
            prop_assert_eq!(local(tz, start).date(), date);
        }
    }

    #[test]
    fn parts_of_the_date_are_those_of_the_local_clock(
        zone in 0..ZONES.len(),
        instant in arbitrary_instant(),
        week_start in prop::sample::select(&Weekday::ALL[..]),
    ) {
        let tz = ZONES[zone];
        let calendar = calendar(tz);
        let shown = local(tz, instant);
        let day = calendar.day(instant);
        prop_assert_eq!(day, Day::from(shown.date()));
        prop_assert_eq!(u32::from(calendar.hour(instant)), shown.hour());
        prop_assert_eq!(calendar.weekday(instant) as u32, shown.weekday().num_days_from_monday());
        prop_assert_eq!(day.week_start(week_start), Day::from(first_of_week(shown.date(), week_start)));
        prop_assert_eq!(day.month().first_day(), Day::from(shown.date().with_day(1).unwrap()));
        prop_assert_eq!(calendar.offset_micros(instant), (shown.and_utc().timestamp_micros()) - instant.as_micros());
    }

    #[test]
    fn a_local_time_is_read_as_the_clock_shows_it(
        zone in 0..ZONES.len(),
        instant in arbitrary_instant(),
    ) {
        use chrono::{LocalResult, TimeZone};
        let tz = ZONES[zone];
        let calendar = calendar(tz);
        // The instant's number, read as what a clock on the wall shows.
        let shown = DateTime::from_timestamp_micros(instant.as_micros()).unwrap().naive_utc();
        let expected = match tz.from_local_datetime(&shown) {
            LocalResult::Single(time) => time,
            LocalResult::Ambiguous(earlier, _) => earlier,
            // Within a gap the time goes on as the clock before the gap would have.
            LocalResult::None => {
                let mut before = shown;
                while tz.from_local_datetime(&before).latest().is_none() {
                    before -= chrono::TimeDelta::hours(1);
                }
                tz.from_local_datetime(&before).latest().unwrap() + (shown - before)
            }
        };
        let expected = Timestamp::from(expected.to_utc());
        prop_assert_eq!(calendar.instant_of_local(instant.as_micros()), expected);
        let text = shown.format("%Y-%m-%d %H:%M:%S%.6f").to_string();
        prop_assert_eq!(TimeFormat::Auto.parse_text(&text, calendar), Some(expected), "{}", text);
    }

    #[test]
    fn a_month_later_is_the_same_day_or_the_month_s_last(days in -700_000i32..2_900_000, months in -500i32..500) {
        let date = Day(days).to_chrono();
        let index = date.year() * 12 + date.month0() as i32 + months;
        let (year, month) = (index.div_euclid(12), index.rem_euclid(12) as u32 + 1);
        let clamped = (1..=date.day()).rev().find_map(|day| NaiveDate::from_ymd_opt(year, month, day)).unwrap();
        prop_assert_eq!(Day(days).plus_months(months), Day::from(clamped));
    }

    #[test]
    fn an_anniversary_is_near_where_some_year_s_is(
        origin in -30_000i32..30_000,
        is_leap_day in any::<bool>(),
        day in -30_000i32..60_000,
        within in prop_oneof![0u16..20, 0u16..2_000],
        leap_day in prop::sample::select(&[LeapDayPolicy::February28, LeapDayPolicy::March1, LeapDayPolicy::Skip][..]),
    ) {
        let leap = Day::from_ymd((origin / 1_461) * 4 + 1972, 2, 29).unwrap_or(self::day("2000-02-29"));
        let anniversary = Anniversary { origin: if is_leap_day { leap } else { Day(origin) }, leap_day };
        // Every anniversary of four centuries, against every distance.
        let near = (1800..2200).filter_map(|year| anniversary.in_year(year)).any(|day_of| {
            (day_of.0 - day).unsigned_abs() <= u32::from(within)
        });
        prop_assert_eq!(anniversary.is_within(Day(day), within), near);

        let day = Day(day);
        let year = day.to_chrono().year();
        let born = anniversary.origin.to_chrono();
        let birthday = anniversary.in_year(year).or(Day::from_ymd(year, 3, 1)).unwrap();
        prop_assert_eq!(anniversary.years_on(day), year - born.year() - i32::from(day < birthday));
    }

    #[test]
    fn no_day_month_or_window_makes_it_panic(
        days in any::<i32>(),
        months in any::<i32>(),
        micros in any::<i64>(),
        n in any::<u32>(),
        flag in any::<bool>(),
        zone in 0..ZONES.len(),
    ) {
        let calendar = calendar(ZONES[zone]);
        let _ = (Day(days).weekday(), Day(days).week_start(Weekday::Sunday), Day(days).month(), Day(days).to_string());
        let _ = (Day(days).plus_months(months), Month(months).first_day(), Month(months).to_string());
        let _ = (calendar.day_start(Day(days)), calendar.instant_of_local(micros));
        let instant = Timestamp::from_micros(micros);
        let _ = (calendar.day(instant), calendar.hour(instant), calendar.stretch(instant), instant.to_string());
        for window in [
            Window::CalendarDays { n, include_today: flag },
            Window::CalendarWeeks { n, include_current: flag, week_start: Weekday::Sunday },
            Window::CalendarMonths { n, include_current: flag },
            Window::Rolling { span: Span::from_micros(micros) },
        ] {
            for as_of in [instant, Timestamp::MIN, Timestamp::MAX, at("2025-01-15T00:00:00Z")] {
                if let Ok(range) = window.range(as_of, calendar)
                    && Timestamp::checked(as_of.as_micros()).is_some()
                {
                    prop_assert!(range.start <= as_of, "{:?} as of {} starts at {}", window, as_of, range.start);
                }
            }
        }
        let anniversary = Anniversary { origin: Day(days), leap_day: LeapDayPolicy::Skip };
        let _ = (anniversary.is_within(Day(months), n as u16), anniversary.years_on(Day(months)));
    }
}

#[test]
fn every_day_around_a_change_of_clocks_adjoins_the_next() {
    for (tz, first, seconds) in [
        (chrono_tz::America::New_York, "2025-03-08", [86_400, 82_800, 86_400]),
        (chrono_tz::America::New_York, "2025-11-01", [86_400, 90_000, 86_400]),
        (chrono_tz::Africa::Cairo, "2024-04-25", [86_400, 82_800, 86_400]),
        (chrono_tz::Africa::Cairo, "2024-10-31", [90_000, 86_400, 86_400]),
        (chrono_tz::Asia::Shanghai, "1991-04-13", [86_400, 82_800, 86_400]),
        (chrono_tz::Pacific::Apia, "2011-12-29", [86_400, 0, 86_400]),
    ] {
        let calendar = calendar(tz);
        let first: NaiveDate = first.parse().unwrap();
        for (index, expected) in seconds.into_iter().enumerate() {
            let date = first + Days::new(index as u64);
            let length = calendar.day_start(date.succ_opt().unwrap().into()).since(calendar.day_start(date.into()));
            assert_eq!(length.as_micros(), expected * 1_000_000, "{tz} {date}");
        }
    }
}

#[test]
fn as_of_counts_and_the_far_edge_of_a_rolling_window_does_not() {
    let as_of = at("2025-03-09T16:00:00Z");
    let new_york = calendar(chrono_tz::America::New_York);
    let range = Window::rolling_days(1).range(as_of, new_york).unwrap();
    assert!(range.contains(as_of));
    assert!(!range.contains(at("2025-03-08T16:00:00Z")));
    assert!(range.contains(at("2025-03-08T16:00:00.000001Z")), "24 hours are 24 hours on the day that has 23");
}

#[test]
fn a_window_longer_than_history_starts_before_all_of_it() {
    let calendar = calendar(chrono_tz::Asia::Shanghai);
    let n = u32::MAX;
    for window in [
        Window::CalendarDays { n, include_today: true },
        Window::CalendarWeeks { n, include_current: true, week_start: Weekday::Monday },
        Window::CalendarMonths { n, include_current: true },
        Window::Rolling { span: Span::from_micros(i64::MAX) },
    ] {
        let range = window.range(at("2025-06-01T00:00:00Z"), calendar).unwrap();
        assert!(range.start <= Timestamp::MIN, "{window:?} starts at {}", range.start);
    }
}

#[test]
fn a_window_that_nothing_can_be_in_is_refused() {
    let calendar = calendar(chrono_tz::Asia::Shanghai);
    let (start, end) = (at("2025-01-02T00:00:00Z"), at("2025-01-01T00:00:00Z"));
    for (window, part) in [
        (Window::rolling_days(0), "positive span"),
        (Window::rolling_days(-1), "-1d"),
        (Window::CalendarDays { n: 0, include_today: true }, "at least 1"),
        (Window::CalendarWeeks { n: 0, include_current: true, week_start: Weekday::Monday }, "at least 1"),
        (Window::CalendarMonths { n: 0, include_current: false }, "at least 1"),
        (Window::Between { start, end }, "before it starts (2025-01-02T00:00:00Z)"),
    ] {
        let error = window.range(start, calendar).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains(part), "{error}");
    }
    let empty = Window::Between { start, end: start }.range(start, calendar).unwrap();
    assert!(empty.is_empty());
    let later = Window::Since { start }.range(end, calendar).unwrap();
    assert!(!later.contains(start) && !later.contains(end));
}

#[test]
fn a_window_with_a_slip_of_the_pen_is_refused() {
    for text in
        [r#"{"rolling":{"span":"30d","days":30}}"#, r#"{"calendar_days":{"n":1}}"#, r#"{"rolling":{"span":30}}"#]
    {
        assert!(serde_json::from_str::<Window>(text).is_err(), "{text}");
    }
    let weeks: Window = serde_json::from_str(r#"{"calendar_weeks":{"n":1,"include_current":true}}"#).unwrap();
    assert_eq!(weeks, Window::CalendarWeeks { n: 1, include_current: true, week_start: Weekday::Monday });
}

#[test]
fn a_date_is_written_one_way() {
    assert_eq!(day("2026-03-01").to_string(), "2026-03-01");
    for text in ["2026-3-1", "+2026-03-01", " 2026-03-01", "2026-03-01 ", "12026-03-01", "0000-01-01", "2026-02-29", ""]
    {
        let error = text.parse::<Day>().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidTime);
    }
    let utc = Calendar::new(Zone::UTC, at("2025-01-01T00:00:00Z"), at("2025-12-31T00:00:00Z"));
    for text in ["2026301", "2020101", "020260301", "+20260301", "260301"] {
        assert_eq!(TimeFormat::CompactDate.parse_text(text, &utc), None, "{text}");
    }
    assert_eq!(TimeFormat::CompactDate.parse_integer(2_020_101, &utc), None, "a digit is missing");
    assert_eq!(TimeFormat::CompactDate.parse_integer(20_201_001, &utc), Some(at("2020-10-01T00:00:00Z")));
}
