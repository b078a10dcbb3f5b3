/** Cases of retention, activity, sessions and lead scores; see presence.rs of the Rust runner. */
#include <stdio.h>
#include <string.h>

#include "suite.h"

/** The part of an object that a name such as "bounces.ratio" leads to, where none has that name itself. */
static json *part_of(json *row, const char *name) {
    const char *dot = strchr(name, '.');
    char first[64];
    json *whole = json_get(row, name);
    if (whole || !dot) return whole;
    snprintf(first, sizeof first, "%.*s", (int)(dot - name), name);
    json *part = json_get(row, first);
    return part ? json_get(part, dot + 1) : NULL;
}

static void compare_row(verdict *v, json *expected, json *row) {
    for (json *part = expected->first; part; part = part->next) {
        if (strcmp(part->key, "unknown")) {
            equal_json(v, part->key, part, part_of(row, part->key));
            continue;
        }
        json_use(part);
        for (json *name = part->first; name; name = name->next) {
            check(v, !json_get(row, name->text), "%s is known", name->text);
        }
    }
}

/** Compares the rows of a table with those that the case expects of it, where it does, and frees the table. */
static void compare_table(verdict *v, json *expect, const char *name, userops_table *table) {
    json *rows = take_rows(v, table), *expected = json_get(expect, name);
    if (!expected || !rows) return;
    json_use(expected);
    check(v, expected->count == rows->count, "there are %zu %s, not %zu", rows->count, name, expected->count);
    json *row = rows->first;
    for (json *one = expected->first; one && row; one = one->next, row = row->next) compare_row(v, one, row);
}

/** The log of a case and the instant; 0 where it cannot be read. */
static int begin(verdict *v, json *body, userops_log **log, int64_t *as_of) {
    json *events = json_get(body, "events");
    userops_error *error = NULL;
    *as_of = micros_of(json_text(body, "as_of"));
    userops_status status = read_events(json_use(json_get(body, "schema")), events, events->count,
                                        json_get(body, "attributes"), log, NULL, &error);
    return must(v, status, &error);
}

void judge_retention(verdict *v, json *body) {
    json *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    userops_log *log = NULL;
    userops_table *cells = NULL, *curve = NULL, *users = NULL;
    userops_error *error = NULL;
    int64_t as_of = 0;
    if (!begin(v, body, &log, &as_of)) return;
    if (succeeded(v, expect, userops_log_retention(log, as_of, RAW(options), &cells, &curve, &error), &error)) {
        compare_table(v, expect, "cells", cells);
        compare_table(v, expect, "curve", curve);
        if (must(v, userops_log_retention_of_users(log, as_of, RAW(options), &users, &error), &error)) {
            compare_table(v, expect, "users", users);
        }
    }
    userops_log_free(log);
}

void judge_active_users(verdict *v, json *body) {
    json *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    userops_log *log = NULL;
    userops_table *days = NULL;
    userops_error *error = NULL;
    int64_t as_of = 0;
    if (!begin(v, body, &log, &as_of)) return;
    if (succeeded(v, expect, userops_log_active_users(log, as_of, RAW(options), &days, &error), &error)) {
        compare_table(v, expect, "days", days);
    }
    userops_log_free(log);
}

void judge_stickiness(verdict *v, json *body) {
    json *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    userops_log *log = NULL;
    userops_table *rows = NULL;
    userops_error *error = NULL;
    int64_t as_of = 0;
    if (!begin(v, body, &log, &as_of)) return;
    if (succeeded(v, expect, userops_log_stickiness(log, as_of, RAW(options), &rows, &error), &error)) {
        compare_table(v, expect, "rows", rows);
    }
    userops_log_free(log);
}

void judge_active_days(verdict *v, json *body) {
    json *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    userops_log *log = NULL;
    userops_table *users = NULL, *curve = NULL;
    userops_error *error = NULL;
    int64_t as_of = 0;
    if (!begin(v, body, &log, &as_of)) return;
    if (succeeded(v, expect, userops_log_active_days(log, as_of, RAW(options), &users, &curve, &error), &error)) {
        compare_table(v, expect, "users", users);
        compare_table(v, expect, "curve", curve);
    }
    userops_log_free(log);
}

void judge_session(verdict *v, json *body) {
    json *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    userops_log *log = NULL;
    userops_table *sessions = NULL, *days = NULL, *users = NULL;
    userops_bytes *summary = NULL;
    userops_error *error = NULL;
    int64_t as_of = 0;
    if (!begin(v, body, &log, &as_of)) return;
    userops_status status =
        userops_log_sessions(log, as_of, RAW(options), &sessions, &days, &users, &summary, &error);
    if (succeeded(v, expect, status, &error)) {
        compare_table(v, expect, "sessions", sessions);
        compare_table(v, expect, "days", days);
        compare_table(v, expect, "users", users);
        json *is = take_json(v, summary), *expected = json_get(expect, "summary");
        if (expected) compare_row(v, json_use(expected)->first, is);
    }
    userops_log_free(log);
}

#define YEAR_MICROS (INT64_C(365) * 86400 * 1000000)

void judge_lead(verdict *v, json *body) {
    json *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    userops_log *log = NULL;
    userops_table *users = NULL, *cells = NULL, *groups = NULL, *points = NULL, *changes = NULL, *moves = NULL;
    userops_error *error = NULL;
    int64_t as_of = 0;
    if (!begin(v, body, &log, &as_of)) return;
    int64_t year = as_of + YEAR_MICROS;
    userops_status status =
        userops_leads_score(log, RAW(options), as_of, NULL, &users, &cells, &groups, &points, &error);
    if (succeeded(v, expect, status, &error)) {
        compare_table(v, expect, "users", users);
        compare_table(v, expect, "cells", cells);
        compare_table(v, expect, "groups", groups);
        compare_table(v, expect, "points", points);
        if (must(v, userops_leads_changes(log, RAW(options), as_of, year, NULL, &changes, &error), &error)) {
            compare_table(v, expect, "changes", changes);
        }
        if (must(v, userops_leads_moves(log, RAW(options), as_of, NULL, year, NULL, &moves, &error), &error)) {
            compare_table(v, expect, "moves", moves);
        }
    }
    userops_log_free(log);
}
