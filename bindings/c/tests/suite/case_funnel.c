/** Cases of funnels and sequences; see funnel.rs of the Rust runner. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

/** Compares the cells of a table that are expected, row by row. */
static void compare_rows(verdict *v, const char *what, json *expected, userops_table *table) {
    json *rows = take_rows(v, table);
    if (!expected) return;
    check(v, rows && rows->count == expected->count, "there are %zu %s", rows ? rows->count : 0, what);
    json *row = rows ? rows->first : NULL;
    for (json *expect = expected->first; expect && row; expect = expect->next, row = row->next) {
        for (json *cell = json_use(expect)->first; cell; cell = cell->next) {
            char name[80];
            snprintf(name, sizeof name, "%s of %s", cell->key, what);
            equal_json(v, name, cell, json_get(row, cell->key));
        }
    }
}

static int find(verdict *v, userops_log *log, json *id, uint32_t *out_user) {
    userops_error *error = NULL;
    char number[24];
    const char *text = id->text;
    if (id->type == JSON_INTEGER) {
        snprintf(number, sizeof number, "%lld", (long long)id->integer);
        text = number;
    }
    return must(v, userops_log_find_user(log, TEXT(text), out_user, &error), &error);
}

static void judge_trace(verdict *v, json *expect, json *trace) {
    static const char *const KEYS[] = {"level", "status", "reason", "start", "end"};
    for (size_t i = 0; i < sizeof KEYS / sizeof *KEYS; i++) equal_json(v, KEYS[i], json_get(expect, KEYS[i]), json_get(trace, KEYS[i]));
    json *times = json_get(expect, "times");
    if (!times) return;
    json *event = json_get(trace, "events");
    check(v, event->count == times->count, "there are %zu events", event->count);
    event = event->first;
    for (json *time = times->first; time && event; time = time->next, event = event->next) {
        equal_json(v, "time", time, json_get(event, "time"));
    }
}

void judge_funnel(verdict *v, json *body) {
    json *events = json_get(body, "events"), *funnel = json_use(json_get(body, "funnel")), *expect = json_get(body, "expect");
    int64_t as_of = micros_of(json_text(body, "as_of"));
    userops_log *log = NULL;
    userops_table *table = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    userops_status status = read_events(json_use(json_get(body, "schema")), events, events->count, NULL, &log, NULL, &error);
    if (!must(v, status, &error)) return;
    if (succeeded(v, expect, userops_funnel_measure(log, as_of, RAW(funnel), &table, &error), &error)) {
        compare_rows(v, "steps", json_get(expect, "steps"), table);
        json *levels = NULL;
        if (must(v, userops_funnel_levels(log, as_of, RAW(funnel), &table, &error), &error)) levels = take_rows(v, table);
        json *users = json_get(expect, "users");
        for (json *user = users ? users->first : NULL; user && levels; user = user->next) {
            uint32_t number = 0;
            if (!find(v, log, json_get(user, "user"), &number)) continue;
            if (!must(v, userops_funnel_trace(log, number, as_of, RAW(funnel), &bytes, &error), &error)) continue;
            json *traces = take_json(v, bytes), *entries = json_get(user, "entries"), *row = levels->first;
            for (uint32_t i = 0; i < number; i++) row = row->next;
            check(v, traces->count == entries->count, "there are %zu entries", traces->count);
            int64_t level = 0;
            json *entry = entries->first;
            for (json *trace = traces->first; trace; trace = trace->next) {
                int64_t one = json_get(trace, "level")->integer;
                level = one > level ? one : level;
                if (entry) judge_trace(v, entry, trace), entry = entry->next;
            }
            equal_integer(v, "the level", json_get(row, "level"), level);
        }
    }
    userops_log_free(log);
}

void judge_sequence(verdict *v, json *body) {
    json *events = json_get(body, "events"), *expect = json_get(body, "expect");
    json *pattern = json_get(body, "pattern"), *query = json_get(body, "next");
    int64_t as_of = micros_of(json_text(body, "as_of"));
    userops_log *log = NULL;
    userops_table *table = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    userops_status status = read_events(json_use(json_get(body, "schema")), events, events->count, NULL, &log, NULL, &error);
    if (!must(v, status, &error)) return;
    if (pattern) json_use(pattern);
    if (query) json_use(query);
    if (pattern && succeeded(v, expect, userops_sequence_count(log, as_of, RAW(pattern), &table, &error), &error)) {
        compare_rows(v, "counts", json_get(expect, "counts"), table);
        json *counts = NULL;
        if (must(v, userops_sequence_users(log, as_of, RAW(pattern), &table, &error), &error)) counts = take_rows(v, table);
        json *users = json_get(expect, "users");
        for (json *user = users ? users->first : NULL; user && counts; user = user->next) {
            uint32_t number = 0;
            if (!find(v, log, json_get(user, "user"), &number)) continue;
            if (!must(v, userops_sequence_trace(log, number, as_of, RAW(pattern), &bytes, &error), &error)) continue;
            json *row = counts->first, *expected = json_get(user, "match_count");
            for (uint32_t i = 0; i < number; i++) row = row->next;
            equal_json(v, "match_count", expected, json_get(row, "match_count"));
            equal_integer(v, "the matches", expected, (int64_t)take_json(v, bytes)->count);
        }
    }
    if (query && succeeded(v, expect, userops_sequence_next(log, as_of, RAW(query), &table, &error), &error)) {
        compare_rows(v, "next events", json_get(expect, "next"), table);
    }
    userops_log_free(log);
}
