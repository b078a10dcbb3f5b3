//! Instants, calendars, windows and dates that come back.

use std::ffi::c_char;

use userops_core::error::{Error, ErrorKind};
use userops_core::time::{Anniversary, Calendar, Day, TimeFormat, Timestamp, WeekStart, Window, Zone};

use crate::boundary::{Outcome, guard, instant, json, optional_text, required, text};
use crate::bytes::{issue_bytes, issue_json, userops_bytes};
use crate::error::userops_error;
use crate::status::userops_status;

fn no_instant(what: &str, format: TimeFormat) -> Error {
    let message = format!("{what} is no instant in the format {format}, which is like {}", format.example());
    Error::new(ErrorKind::InvalidTime, message)
}

/// Reads an instant: in the format "auto" (ISO 8601), "rfc3339", "date", "compact_date", "epoch_seconds", "epoch_millis" or
/// "epoch_micros", in a zone where it states no offset. `format` may be NULL for "auto", and `zone` may be NULL for "UTC".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_instant_parse(
    instant_text: *const c_char,
    instant_text_len: usize,
    format: *const c_char,
    format_len: usize,
    zone: *const c_char,
    zone_len: usize,
    out_micros: *mut i64,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![instant_text, out_micros], || {
            let given = text(instant_text, instant_text_len, "instant_text")?;
            let format: TimeFormat = optional_text(format, format_len, "format")?.unwrap_or("auto").parse()?;
            let zone = optional_text(zone, zone_len, "zone")?.unwrap_or("UTC").parse()?;
            let read = format.parse_text(given, &Calendar::new(zone, Timestamp::default(), Timestamp::default()));
            out_micros.write(read.ok_or_else(|| no_instant(&format!("{given:?}"), format))?.as_micros());
            Ok(())
        })
    }
}

/// Reads an instant that is written as a number, such as 20260301 in the format "compact_date". `zone` may be NULL for "UTC".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_instant_from_number(
    number: i64,
    format: *const c_char,
    format_len: usize,
    zone: *const c_char,
    zone_len: usize,
    out_micros: *mut i64,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![format, out_micros], || {
            let format: TimeFormat = text(format, format_len, "format")?.parse()?;
            let zone = optional_text(zone, zone_len, "zone")?.unwrap_or("UTC").parse()?;
            let read = format.parse_integer(number, &Calendar::new(zone, Timestamp::default(), Timestamp::default()));
            out_micros.write(read.ok_or_else(|| no_instant(&number.to_string(), format))?.as_micros());
            Ok(())
        })
    }
}

/// An instant as text, as RFC 3339 in UTC: "2026-03-01T09:30:00Z".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_instant_format(
    micros: i64,
    out_text: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![out_text], || {
            out_text.write(issue_bytes(instant(micros, "micros")?.to_string()));
            Ok(())
        })
    }
}

/// The first instant inside a window and the first after it, as of an instant in a zone. `window` is JSON, such as
/// {"rolling": {"span": "30d"}}. They are equal where the window is empty.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_window_range(
    window: *const c_char,
    window_len: usize,
    as_of_micros: i64,
    zone: *const c_char,
    zone_len: usize,
    out_start_micros: *mut i64,
    out_end_micros: *mut i64,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![window, zone, out_start_micros, out_end_micros], || {
            let window: Window = json(window, window_len, "window")?;
            let as_of = instant(as_of_micros, "as_of_micros")?;
            let zone: Zone = text(zone, zone_len, "zone")?.parse()?;
            let range = window.range(as_of, &Calendar::new(zone, as_of, as_of))?;
            out_start_micros.write(range.start.as_micros());
            out_end_micros.write(range.end.as_micros());
            Ok(())
        })
    }
}

/// What calendar and clock of a zone show at an instant, as a JSON object: `day`, `hour`, `weekday`, `week` (its first day)
/// and `month`. `week_start` is a weekday such as "sunday", and may be NULL for "monday".
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_calendar_at(
    zone: *const c_char,
    zone_len: usize,
    micros: i64,
    week_start: *const c_char,
    week_start_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![zone, out_json], || {
            let zone: Zone = text(zone, zone_len, "zone")?.parse()?;
            let at = instant(micros, "micros")?;
            let week_start = weekday(optional_text(week_start, week_start_len, "week_start")?)?;
            let calendar = Calendar::new(zone, at, at);
            let day = calendar.day(at);
            out_json.write(issue_json(&serde_json::json!({
                "day": day,
                "hour": calendar.hour(at),
                "weekday": calendar.weekday(at),
                "week": day.week_start(week_start),
                "month": day.month(),
            }))?);
            Ok(())
        })
    }
}

/// When a day, such as "2026-03-01", begins in a zone, as a JSON object: `start` and `next` (the first instants of the day and
/// of the one after it), `weekday`, `week` (its first day) and `month`. `week_start` as in userops_calendar_at(), and may be
/// NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_calendar_day(
    zone: *const c_char,
    zone_len: usize,
    day: *const c_char,
    day_len: usize,
    week_start: *const c_char,
    week_start_len: usize,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![zone, day, out_json], || {
            let zone: Zone = text(zone, zone_len, "zone")?.parse()?;
            let day: Day = text(day, day_len, "day")?.parse()?;
            let week_start = weekday(optional_text(week_start, week_start_len, "week_start")?)?;
            let calendar = Calendar::new(zone, Timestamp::default(), Timestamp::default());
            out_json.write(issue_json(&serde_json::json!({
                "start": calendar.day_start(day),
                "next": calendar.day_start(Day(day.0 + 1)),
                "weekday": day.weekday(),
                "week": day.week_start(week_start),
                "month": day.month(),
            }))?);
            Ok(())
        })
    }
}

fn weekday(name: Option<&str>) -> Outcome<WeekStart> {
    let Some(name) = name else { return Ok(WeekStart::default()) };
    let quoted = serde_json::Value::from(name);
    Ok(serde_json::from_value(quoted).map_err(|error| {
        Error::new(ErrorKind::InvalidArgument, format!("week_start cannot be {name:?}: {error}")).caused_by(error)
    })?)
}

/// The day so many months after another, or before it for a negative number. A day that the month lacks becomes its last.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_day_plus_months(
    day: *const c_char,
    day_len: usize,
    months: i32,
    out_day: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![day, out_day], || {
            let day: Day = text(day, day_len, "day")?.parse()?;
            out_day.write(issue_bytes(day.plus_months(months).to_string()));
            Ok(())
        })
    }
}

/// The date of an anniversary in a year, as a JSON string; null where that year has none. `anniversary` is JSON:
/// {"origin": "1990-02-29", "leap_day": "february28"}.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_anniversary_in_year(
    anniversary: *const c_char,
    anniversary_len: usize,
    year: i32,
    out_json: *mut *mut userops_bytes,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![anniversary, out_json], || {
            let anniversary: Anniversary = json(anniversary, anniversary_len, "anniversary")?;
            out_json.write(issue_json(&anniversary.in_year(year))?);
            Ok(())
        })
    }
}

/// Whether a day lies at most so many days before or after an anniversary: 0 or 1.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_anniversary_is_within(
    anniversary: *const c_char,
    anniversary_len: usize,
    day: *const c_char,
    day_len: usize,
    days: u16,
    out_is_within: *mut u8,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![anniversary, day, out_is_within], || {
            let anniversary: Anniversary = json(anniversary, anniversary_len, "anniversary")?;
            let day: Day = text(day, day_len, "day")?.parse()?;
            out_is_within.write(u8::from(anniversary.is_within(day, days)));
            Ok(())
        })
    }
}

/// How many years are completed on a day.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn userops_anniversary_years_on(
    anniversary: *const c_char,
    anniversary_len: usize,
    day: *const c_char,
    day_len: usize,
    out_years: *mut i32,
    out_error: *mut *mut userops_error,
) -> userops_status {
    // SAFETY: the pointers are as the header asks.
    unsafe {
        guard(out_error, required![anniversary, day, out_years], || {
            let anniversary: Anniversary = json(anniversary, anniversary_len, "anniversary")?;
            let day: Day = text(day, day_len, "day")?.parse()?;
            out_years.write(anniversary.years_on(day));
            Ok(())
        })
    }
}
