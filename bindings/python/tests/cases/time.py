"""Cases of windows, calendars, months, anniversaries and the ways instants are written."""

from __future__ import annotations

from datetime import date, timedelta

import userops as uo

from cases.case import Case, instant


def judge_time_window(case: Case) -> None:
    calendar = uo.Calendar(case.take("zone"))
    window, as_of = case.take("window"), case.take("as_of")
    window_range = case.attempt(lambda: calendar.window_range(window, as_of=as_of))
    if window_range is None:
        return
    start, end = window_range
    for key, is_inside in (("includes", True), ("excludes", False)):
        for text in case.expected(key, []):
            counts = (start is None or start <= instant(text)) and (end is None or instant(text) < end)
            case.equal(f"whether {text} counts", is_inside, counts)
    seconds = case.expected("seconds")
    if seconds is not None:
        assert start is not None
        assert end is not None
        case.equal("the length", timedelta(seconds=seconds), end - start)
    is_empty = start is not None and end is not None and start >= end
    case.rest("the window", {"start": start, "end": end, "is_empty": is_empty})


def judge_calendar(case: Case) -> None:
    calendar = uo.Calendar(case.take("zone"))
    first = case.take("week_start", None)
    text, day_text = case.take("instant", None), case.take("day", None)
    assert (text is None) != (day_text is None), "states not one of instant and day"
    actual: dict[str, object] = {}
    if text is not None:
        day = calendar.day(text)
        actual |= {"day": day, "hour": calendar.hour(text)}
    else:
        day = date.fromisoformat(day_text)
        start, following = calendar.day_start(day), calendar.day_start(day + timedelta(days=1))
        actual |= {"start": start, "seconds": int((following - start).total_seconds())}
    actual |= {"weekday": day.strftime("%A").lower(), "week": uo.week_start(day, week_start=first)}
    actual["month"] = day.isoformat()[:7]
    case.rest("the day", actual)


def judge_month_arithmetic(case: Case) -> None:
    case.rest("the day", {"day": uo.plus_months(case.take("day"), case.take("months"))})


def judge_anniversary(case: Case) -> None:
    origin, leap_day = case.take("origin"), case.take("leap_day")
    year, day, days = case.take("year", None), case.take("day", None), case.take("days", None)
    actual: dict[str, object] = {}
    if year is not None:
        found = uo.anniversary_in_year(origin, year, leap_day=leap_day)
        actual |= {"date": found, "has_date": found is not None}
    if day is not None:
        actual["years"] = uo.years_on(origin, day, leap_day=leap_day)
    if day is not None and days is not None:
        actual["is_within"] = uo.is_anniversary_within(origin, day, days, leap_day=leap_day)
    case.rest("the anniversary", actual)


def judge_time_format(case: Case) -> None:
    calendar = uo.Calendar(case.take("zone"))
    text, number = case.take("text", None), case.take("number", None)
    assert (text is None) != (number is None), "states not one of text and number"
    found = calendar.parse(case.take("format"), number if text is None else text)
    case.rest("what is read", {"instant": found, "refused": found is None})
