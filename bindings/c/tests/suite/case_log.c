/** Cases of logs: from the texts of a file with a mapping, and from events as plain data; see ingest.rs of the Rust runner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

static void judge_report(verdict *v, json *expect, userops_report *report) {
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    if (!must(v, userops_report_to_json(report, &bytes, &error), &error)) return;
    json *said = take_json(v, bytes);
    const char *counts[] = {"read", "accepted", "duplicate", "conflicting", "rejected", "late", "attributes_read",
                            "attributes_rejected"};
    int64_t count_of[8];
    for (size_t i = 0; i < 8; i++) {
        json *count = json_get(said, counts[i]);
        count_of[i] = count ? count->integer : -1;
        equal_integer(v, counts[i], json_get(expect, counts[i]), count_of[i]);
    }
    if (count_of[0] != count_of[1] + count_of[2] + count_of[4]) fail(v, "rows are not accounted for");
    json *rejections = json_get(expect, "rejections"), *actual = json_get(said, "rejections");
    if (!rejections) return;
    check(v, rejections->count == actual->count, "%zu rows are rejected, not %zu", actual->count, rejections->count);
    for (json *row = rejections->first, *is = actual->first; row && is; row = row->next, is = is->next) {
        const char *names[] = {"row", "field", "reason", "text"};
        for (size_t i = 0; i < 4; i++) {
            if (!json_get(row, names[i])) fail(v, "a rejection states no %s", names[i]);
            equal_json(v, names[i], json_get(row, names[i]), json_get(is, names[i]));
        }
    }
}

/** All events of all users up to an instant. */
static json *events_of(verdict *v, userops_log *log, size_t users, int64_t as_of) {
    builder text = {0};
    put_text(&text, "[");
    for (size_t user = 0; user < users; user++) {
        userops_bytes *bytes = NULL;
        userops_error *error = NULL;
        if (!must(v, userops_log_events_of(log, (uint32_t)user, as_of, &bytes, &error), &error)) break;
        size_t len = userops_bytes_len(bytes);
        if (len > 2) {
            put_text(&text, text.len > 1 ? "," : "");
            put(&text, userops_bytes_data(bytes) + 1, len - 2);
        }
        userops_bytes_free(bytes);
    }
    put_text(&text, "]");
    return made(v, &text);
}

static void judge_events(verdict *v, json *expected, json *events) {
    check(v, expected->count == events->count, "there are %zu events, not %zu", events->count, expected->count);
    const char *names[][2] = {{"user", "user"}, {"time", "time"}, {"event", "name"}, {"amount_minor", "amount"},
                              {"id", "id"}, {"properties", "properties"}};
    for (json *row = expected->first, *is = events->first; row && is; row = row->next, is = is->next) {
        for (size_t i = 0; i < 6; i++) {
            json *wanted = json_get(row, names[i][0]), *found = json_get(is, names[i][1]);
            // The library leaves out properties where none is known.
            if (wanted && wanted->type == JSON_OBJECT && !wanted->count && !found) continue;
            equal_json(v, names[i][0], wanted, found);
        }
    }
}

/** What is known of a user: the entries that are not null. */
static void judge_attributes(verdict *v, json *expected, json *users) {
    check(v, expected->count == users->count, "there are %zu users, not %zu", users->count, expected->count);
    for (json *row = expected->first, *is = users->first; row && is; row = row->next, is = is->next) {
        size_t known = 0;
        for (json *part = is->first; part; part = part->next) known += part->type != JSON_NULL;
        json_use(row);
        check(v, known == row->count, "%zu attributes are known, not %zu", known, row->count);
        for (json *part = row->first; part; part = part->next) equal_json(v, part->key, part, json_get(is, part->key));
    }
}

static void judge_log(verdict *v, json *expect, const char *as_of, userops_log *log, userops_report *report) {
    userops_bytes *bytes = NULL;
    userops_table *table = NULL;
    userops_error *error = NULL;
    size_t count = 0, events = 0;
    int64_t until = micros_of(as_of ? as_of : "9999-12-31T00:00:00Z");
    judge_report(v, expect, report);
    userops_status status = userops_log_users(log, &table, &error);
    if (!status) status = userops_log_event_names(log, &bytes, &error);
    if (!status) status = userops_log_user_count(log, &count, &error);
    if (!status) status = userops_log_event_count(log, &events, &error);
    if (!must(v, status, &error)) return;
    json *users = take_rows(v, table), *names = take_json(v, bytes);
    if (users->count != count) fail(v, "%zu users are in the table of %zu", users->count, count);
    equal_json(v, "the names", json_get(expect, "event_names"), names);
    json *expected = json_get(expect, "users");
    if (expected) {
        check(v, expected->count == count, "there are %zu users, not %zu", count, expected->count);
        for (json *id = expected->first, *row = users->first; id && row; id = id->next, row = row->next) {
            equal_json(v, "a user", id, json_get(row, "user"));
        }
    }
    json *all = events_of(v, log, count, until);
    if (!as_of && all->count != events) fail(v, "%zu events are in the log of %zu", all->count, events);
    if (json_get(expect, "events")) judge_events(v, json_get(expect, "events"), all);
    if (json_get(expect, "attributes")) judge_attributes(v, json_get(expect, "attributes"), users);
}

void judge_event_log(verdict *v, json *body) {
    json *schema = json_use(json_get(body, "schema")), *events = json_get(body, "events");
    const char *as_of = json_text(body, "as_of");
    userops_log *log = NULL;
    userops_report *report = NULL;
    userops_error *error = NULL;
    json *expect = json_get(body, "expect");
    userops_status status = read_events(schema, events, events->count, NULL, &log, &report, &error);
    if (succeeded(v, expect, status, &error)) judge_log(v, expect, as_of, log, report);
    userops_log_free(log), userops_report_free(report);
}

/** Rows of texts as CSV in which every field is quoted, so that an empty one is an empty text. */
static builder csv_of(json *table) {
    builder csv = {0};
    json *columns = json_use(json_get(table, "columns")), *rows = json_use(json_get(table, "rows"));
    for (json *row = columns; row; row = row == columns ? rows->first : row->next) {
        for (json *field = row->first; field; field = field->next) {
            put_text(&csv, field == row->first ? "\"" : ",\"");
            for (size_t i = 0; i < field->text_len; i++) {
                put(&csv, field->text + i, 1);
                if (field->text[i] == '"') put_text(&csv, "\"");
            }
            put_text(&csv, "\"");
        }
        put_text(&csv, "\n");
    }
    return csv;
}

void judge_ingest(verdict *v, json *body) {
    json *schema = json_use(json_get(body, "schema")), *mapping = json_use(json_get(body, "mapping"));
    json *attributes = json_get(body, "attributes"), *expect = json_get(body, "expect");
    const char *format = "{\"csv\":{\"delimiter\":\",\"}}";
    builder rows = csv_of(body);
    userops_reader *reader = NULL;
    userops_log *log = NULL;
    userops_report *report = NULL;
    userops_error *error = NULL;
    keep(v, rows.data);
    userops_status status = userops_reader_new(RAW(schema), RAW(mapping), &reader, &error);
    if (!status) {
        status = userops_reader_add_bytes(reader, TEXT("rows"), (const uint8_t *)rows.data, rows.len, TEXT(format), &error);
    }
    for (json *table = attributes ? attributes->first : NULL; table && !status; table = table->next) {
        builder users = csv_of(table);
        keep(v, users.data);
        json *columns = json_use(json_get(table, "mapping"));
        status = userops_reader_add_attributes_bytes(reader, TEXT("attributes"), (const uint8_t *)users.data, users.len,
                                                     RAW(columns), TEXT(format), &error);
    }
    if (!status) status = userops_reader_read(reader, &log, &report, &error);
    if (succeeded(v, expect, status, &error)) judge_log(v, expect, NULL, log, report);
    userops_reader_free(reader), userops_log_free(log), userops_report_free(report);
}
