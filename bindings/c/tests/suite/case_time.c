/** Cases of windows, calendars, months, anniversaries and the ways instants are written; see time.rs of the Rust runner. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "suite.h"

static void equal_instant(verdict *v, const char *what, json *expected, int64_t micros) {
    if (expected) equal_integer(v, what, &(json){.type = JSON_INTEGER, .integer = micros_of(expected->text)}, micros);
}

void judge_time_window(verdict *v, json *body) {
    const char *zone = json_text(body, "zone");
    int64_t as_of = micros_of(json_text(body, "as_of")), start = 0, end = 0;
    json *window = json_use(json_get(body, "window")), *expect = json_get(body, "expect");
    userops_error *error = NULL;
    userops_status status = userops_window_range(RAW(window), as_of, TEXT(zone), &start, &end, &error);
    if (!succeeded(v, expect, status, &error)) return;
    equal_instant(v, "the start", json_get(expect, "start"), start);
    equal_instant(v, "the end", json_get(expect, "end"), end);
    equal_bool(v, "emptiness", json_get(expect, "is_empty"), start >= end);
    json *seconds = json_get(expect, "seconds");
    if (seconds) equal_integer(v, "the length in seconds", seconds, (end - start) / 1000000);
    for (int inside = 0; inside < 2; inside++) {
        json *list = json_get(expect, inside ? "includes" : "excludes");
        for (json *text = list ? list->first : NULL; text; text = text->next) {
            int64_t instant = micros_of(text->text);
            check(v, (start <= instant && instant < end) == inside, "%s is on the wrong side", text->text);
        }
    }
}

void judge_calendar(verdict *v, json *body) {
    const char *zone = json_text(body, "zone"), *instant = json_text(body, "instant"), *day = json_text(body, "day");
    const char *week_start = json_text(body, "week_start");
    size_t week_start_len = week_start ? strlen(week_start) : 0;
    json *expect = json_get(body, "expect");
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    if (!instant == !day) {
        fail(v, "states not one of instant and day");
        return;
    }
    userops_status status =
        instant ? userops_calendar_at(TEXT(zone), micros_of(instant), week_start, week_start_len, &bytes, &error)
                : userops_calendar_day(TEXT(zone), TEXT(day), week_start, week_start_len, &bytes, &error);
    if (!must(v, status, &error)) return;
    json *shown = take_json(v, bytes);
    const char *names[] = {"day", "hour", "weekday", "week", "month", "start"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        equal_json(v, names[i], json_get(expect, names[i]), json_get(shown, names[i]));
    }
    if (json_get(expect, "seconds")) {
        int64_t micros = micros_of(json_text(shown, "next")) - micros_of(json_text(shown, "start"));
        equal_integer(v, "the length in seconds", json_get(expect, "seconds"), micros / 1000000);
    }
}

void judge_month_arithmetic(verdict *v, json *body) {
    const char *day = json_text(body, "day");
    json *months = json_get(body, "months"), *expect = json_get(body, "expect");
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    if (!must(v, userops_day_plus_months(TEXT(day), (int32_t)months->integer, &bytes, &error), &error)) return;
    equal_text(v, "the day", json_get(expect, "day"), take_text(v, bytes));
}

void judge_anniversary(verdict *v, json *body) {
    json *year = json_get(body, "year"), *days = json_get(body, "days"), *expect = json_get(body, "expect");
    const char *day = json_text(body, "day");
    builder anniversary = {0};
    put_format(&anniversary, "{\"origin\":\"%s\",\"leap_day\":\"%s\"}", json_text(body, "origin"), json_text(body, "leap_day"));
    keep(v, anniversary.data);
    userops_error *error = NULL;
    json *date = json_get(expect, "date"), *has_date = json_get(expect, "has_date");
    if (!!year != (date || has_date)) fail(v, "a date goes with a year");
    if (year) {
        userops_bytes *bytes = NULL;
        userops_status status =
            userops_anniversary_in_year(anniversary.data, anniversary.len, (int32_t)year->integer, &bytes, &error);
        if (!must(v, status, &error)) return;
        json *actual = take_json(v, bytes);
        equal_json(v, "the date", date, actual);
        equal_bool(v, "whether there is a date", has_date, actual->type == JSON_TEXT);
    }
    if (json_get(expect, "is_within")) {
        uint8_t is_within = 9;
        if (!must(v, userops_anniversary_is_within(anniversary.data, anniversary.len, TEXT(day), (uint16_t)days->integer,
                                                   &is_within, &error), &error)) return;
        equal_bool(v, "whether it is near", json_get(expect, "is_within"), is_within);
    }
    if (json_get(expect, "years")) {
        int32_t years = 0;
        if (!must(v, userops_anniversary_years_on(anniversary.data, anniversary.len, TEXT(day), &years, &error), &error)) return;
        equal_integer(v, "the years", json_get(expect, "years"), years);
    }
}

void judge_time_format(verdict *v, json *body) {
    const char *format = json_text(body, "format"), *zone = json_text(body, "zone");
    json *text = json_get(body, "text"), *number = json_get(body, "number"), *expect = json_get(body, "expect");
    json *refused = json_get(expect, "refused");
    int64_t micros = 0;
    userops_error *error = NULL;
    if (!text == !number) {
        fail(v, "states not one of text and number");
        return;
    }
    userops_status status =
        text ? userops_instant_parse(text->text, text->text_len, TEXT(format), TEXT(zone), &micros, &error)
             : userops_instant_from_number(number->integer, TEXT(format), TEXT(zone), &micros, &error);
    equal_bool(v, "whether it is refused", refused, status != USEROPS_STATUS_OK);
    if (refused && refused->boolean) {
        check(v, status == USEROPS_STATUS_INVALID_TIME, "refused as %s", userops_error_kind(error));
        userops_error_free(error);
    } else if (must(v, status, &error)) {
        equal_instant(v, "the instant", json_get(expect, "instant"), micros);
    }
}

void judge_money(verdict *v, json *body) {
    const char *currency = json_text(body, "currency"), *unit = json_text(body, "unit"), *rounding = json_text(body, "rounding");
    json *text = json_get(body, "text"), *integer = json_get(body, "integer"), *number = json_get(body, "float");
    json *expect = json_get(body, "expect"), *value = text ? text : integer ? integer : number;
    if (!!text + !!integer + !!number != 1) {
        fail(v, "states not one of text, integer and float");
        return;
    }
    builder table_json = {0}, schema = {0}, mapping = {0};
    put_format(&table_json, "{\"row_count\":1,\"columns\":[[\"user\",{\"integer\":[1]}],[\"event\",{\"text\":{\"codes\":[0],"
                            "\"dictionary\":[\"order\"]}}],[\"time\",{\"time\":[0]}],[\"amount\",");
    if (text) put_text(&table_json, "{\"text\":{\"codes\":[0],\"dictionary\":[");
    else put_text(&table_json, integer ? "{\"integer\":[" : "{\"float\":[");
    put(&table_json, value->raw, value->raw_len);
    put_text(&table_json, text ? "]}}]]}" : "]}]]}");
    put_format(&schema, "{\"currency\":\"%s\"}", currency);
    put_format(&mapping, "{\"user\":\"user\",\"time\":{\"column\":\"time\"},\"event\":{\"column\":\"event\"},"
                         "\"amount\":{\"column\":\"amount\",\"unit\":\"%s\",\"rounding\":\"%s\"}}",
               unit ? unit : "major", rounding ? rounding : "refuse");
    keep(v, table_json.data), keep(v, schema.data), keep(v, mapping.data);

    userops_table *table = NULL;
    userops_reader *reader = NULL;
    userops_log *log = NULL;
    userops_report *report = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    userops_status status = userops_table_from_json(table_json.data, table_json.len, &table, &error);
    if (!status) status = userops_reader_new(schema.data, schema.len, mapping.data, mapping.len, &reader, &error);
    if (!status) status = userops_reader_add_table(reader, TEXT("case"), table, &error);
    if (!status) status = userops_reader_read(reader, &log, &report, &error);
    if (!status) status = userops_report_to_json(report, &bytes, &error);
    userops_table_free(table), userops_reader_free(reader), userops_report_free(report);
    if (!must(v, status, &error)) return;

    json *rejections = json_get(take_json(v, bytes), "rejections"), *refused = json_get(expect, "refused");
    const char *reason = rejections->first ? json_text(rejections->first, "reason") : NULL;
    if (refused || reason) {
        equal_text(v, "the reason for refusal", refused ? refused : &(json){.type = JSON_TEXT, .text = "none", .raw = "none"},
                   reason ? reason : "none");
    } else if (must(v, userops_log_events_of(log, 0, 0, &bytes, &error), &error)) {
        json *amount = json_get(take_json(v, bytes)->first, "amount");
        equal_json(v, "the amount", json_get(expect, "minor"), amount);
        equal_bool(v, "whether it is unknown", json_get(expect, "unknown"), !amount);
        if (amount && must(v, userops_money_format(amount->integer, TEXT(currency), &bytes, &error), &error)) {
            equal_text(v, "the amount as written", json_get(expect, "written"), take_text(v, bytes));
        }
    }
    userops_log_free(log);
}
