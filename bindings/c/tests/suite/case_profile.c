/** Cases of profiles and of the order ladder; see profile.rs and ladder.rs of the Rust runner. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/** Compares the entries of both that are named; a name pair is what the case calls it and what the library does. */
static void compare(verdict *v, json *expect, json *actual, const char *const names[][2], size_t count) {
    for (size_t i = 0; i < count; i++) {
        equal_json(v, names[i][0], json_get(expect, names[i][0]), json_get(actual, names[i][1]));
    }
}

#define COUNT(list) (sizeof(list) / sizeof *(list))

static const char *const GAPS[][2] = {{"mean_days", "mean_days"}, {"median_days", "median_days"}};

static void judge_orders(verdict *v, json *expect, json *orders) {
    static const char *const NAMES[][2] = {
        {"order_count", "order_count"}, {"purchase_days", "purchase_days"}, {"revenue_minor", "revenue"},
        {"first", "first"},             {"last", "last"},                   {"days_since_last", "days_since_last"},
    };
    compare(v, expect, orders, NAMES, COUNT(NAMES));
    compare(v, json_get(expect, "gaps"), json_get(orders, "gaps"), GAPS, COUNT(GAPS));
    json *average = json_get(expect, "average_order_minor");
    if (average) {
        // The library hands out the two numbers of which this is the quotient.
        double is = json_get(orders, "revenue")->number / json_get(orders, "order_count")->number;
        check(v, fabs(is - average->number) <= 1e-12 * fabs(is), "the average order is %g", is);
    }
}

static int is_unknown(json *profile, const char *part) {
    if (!strncmp(part, "orders.", 7)) {
        json *orders = json_get(profile, "orders");
        if (!strcmp(part, "orders.average_order_minor")) return !json_get(orders, "order_count")->integer;
        return is_unknown(orders, part + 7);
    }
    json *value = json_get(profile, part);
    if (value && value->type == JSON_OBJECT) return !json_get(value, "mean_days") && !json_get(value, "median_days");
    return !value;
}

/** Lists of the same length whose entries are compared by name. */
static void compare_lists(verdict *v, const char *what, json *expected, json *actual, const char *const names[][2], size_t count) {
    if (!expected) return;
    check(v, actual && expected->count == actual->count, "there are %zu %s", actual ? actual->count : 0, what);
    json *is = actual ? actual->first : NULL;
    for (json *part = expected->first; part && is; part = part->next, is = is->next) compare(v, part, is, names, count);
}

static void judge_habits(verdict *v, json *expect, json *habits) {
    equal_json(v, "by_weekday", json_get(expect, "by_weekday"), json_get(habits, "by_weekday"));
    json *hours = json_get(expect, "by_hour");
    int hour = 0;
    for (json *is = hours ? json_get(habits, "by_hour")->first : NULL; is; is = is->next, hour++) {
        char name[12];
        snprintf(name, sizeof name, "%d", hour);
        json *wanted = json_get(hours, name);
        check(v, is->integer == (wanted ? wanted->integer : 0), "hour %d has %lld events", hour, (long long)is->integer);
    }
}

static void judge_one(verdict *v, json *expect, json *profile) {
    static const char *const NAMES[][2] = {
        {"event_count", "event_count"}, {"first_seen", "first_seen"},           {"last_seen", "last_seen"},
        {"active_days", "active_days"}, {"days_since_last", "days_since_last"}, {"amount_minor", "amount"},
        {"channel", "channel"},
    };
    static const char *const EVENTS[][2] = {
        {"name", "name"}, {"count", "count"}, {"amount_minor", "amount"}, {"first", "first"}, {"last", "last"}};
    static const char *const WINDOWS[][2] = {{"days", "days"}, {"event_count", "event_count"}};
    static const char *const ORDERS[][2] = {{"order_count", "order_count"}, {"revenue_minor", "revenue"}};
    compare(v, expect, profile, NAMES, COUNT(NAMES));
    compare_lists(v, "events", json_get(expect, "events"), json_get(profile, "events"), EVENTS, COUNT(EVENTS));
    json *windows = json_get(expect, "windows"), *is = json_get(profile, "windows");
    compare_lists(v, "windows", windows, is, WINDOWS, COUNT(WINDOWS));
    json *actual = is ? is->first : NULL;
    for (json *window = windows ? windows->first : NULL; window && actual; window = window->next, actual = actual->next) {
        compare(v, window, json_get(actual, "orders"), ORDERS, COUNT(ORDERS));
    }
    compare(v, json_get(expect, "gaps"), json_get(profile, "gaps"), GAPS, COUNT(GAPS));
    if (json_get(expect, "orders")) judge_orders(v, json_get(expect, "orders"), json_get(profile, "orders"));
    judge_habits(v, expect, json_get(profile, "habits"));
    json *interests = json_get(expect, "interests"), *pairs = json_get(profile, "interests");
    if (interests) check(v, interests->count == pairs->count, "there are %zu interests", pairs->count);
    json *pair = pairs ? pairs->first : NULL;
    for (json *interest = interests ? interests->first : NULL; interest && pair; interest = interest->next, pair = pair->next) {
        equal_json(v, "a category", json_get(interest, "category"), pair->first);
        equal_json(v, "a weight", json_get(interest, "weight"), pair->first->next);
    }
    json *unknown = json_get(expect, "unknown");
    for (json *part = unknown ? unknown->first : NULL; part; part = part->next) {
        check(v, is_unknown(profile, part->text), "%s is known", part->text);
    }
}

/** The number of the user with the id of a value. */
static int user_of(verdict *v, userops_log *log, json *id, uint32_t *user) {
    char text[200];
    userops_error *error = NULL;
    if (!id) die("an expectation names no user");
    snprintf(text, sizeof text, "%.*s", id->text ? (int)id->text_len : (int)id->raw_len, id->text ? id->text : id->raw);
    return must(v, userops_log_find_user(log, TEXT(text), user, &error), &error);
}

/** The profiles as they were earlier, brought up to date. */
static userops_profiles *update(verdict *v, json *body, userops_log *log, int64_t as_of) {
    json *earlier = json_get(body, "earlier"), *schema = json_get(body, "schema"), *options = json_get(body, "options");
    if (!earlier) return NULL;
    userops_log *previous = NULL;
    userops_profiles *before = NULL, *after = NULL;
    userops_error *error = NULL;
    size_t count = (size_t)json_get(earlier, "events")->integer;
    int64_t then = micros_of(json_text(earlier, "as_of"));
    userops_status status = read_events(schema, json_get(body, "events"), count, NULL, &previous, NULL, &error);
    if (!status) status = userops_profiles_build(previous, then, RAW(options), &before, &error);
    if (!status) status = userops_profiles_update(before, previous, log, as_of, &after, &error);
    must(v, status, &error);
    userops_profiles_free(before), userops_log_free(previous);
    return after;
}

void judge_profile(verdict *v, json *body) {
    json *events = json_get(body, "events"), *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    int64_t as_of = micros_of(json_text(body, "as_of"));
    userops_log *log = NULL;
    userops_profiles *profiles = NULL;
    userops_error *error = NULL;
    userops_status status =
        read_events(json_use(json_get(body, "schema")), events, events->count, NULL, &log, NULL, &error);
    if (!must(v, status, &error)) return;
    if (succeeded(v, expect, userops_profiles_build(log, as_of, RAW(options), &profiles, &error), &error)) {
        userops_profiles *updated = update(v, body, log, as_of);
        json *users = json_get(expect, "profiles");
        for (json *user = users ? users->first : NULL; user; user = user->next) {
            uint32_t number = 0;
            if (!user_of(v, log, json_get(user, "user"), &number)) continue;
            int asserted = v->asserted;
            userops_bytes *bytes = NULL;
            if (must(v, userops_profile_build(log, number, as_of, RAW(options), &bytes, &error), &error)) {
                judge_one(v, user, take_json(v, bytes));
            }
            if (must(v, userops_profiles_of_user(profiles, log, number, &bytes, &error), &error)) {
                judge_one(v, user, take_json(v, bytes));
            }
            if (updated && must(v, userops_profiles_of_user(updated, log, number, &bytes, &error), &error)) {
                judge_one(v, user, take_json(v, bytes));
            }
            if (v->asserted == asserted) fail(v, "asserts nothing of a user");
        }
        userops_profiles_free(updated);
    }
    userops_profiles_free(profiles), userops_log_free(log);
}

static void judge_share(verdict *v, json *expect, json *share) {
    if (!expect) return;
    json *interval = json_get(share, "interval");
    equal_json(v, "of", json_get(expect, "of"), json_get(share, "of_count"));
    equal_json(v, "the ratio", json_get(expect, "ratio"), json_get(share, "ratio"));
    equal_json(v, "low", json_get(expect, "low"), json_get(interval, "low"));
    equal_json(v, "high", json_get(expect, "high"), json_get(interval, "high"));
    equal_bool(v, "undefined", json_get(expect, "undefined"), !json_get(share, "ratio") && !interval);
}

static void judge_rung(verdict *v, json *expect, json *rung, const char *name) {
    static const char *const NAMES[][2] = {{"reached", "reached_count"}, {"standing", "standing_count"}};
    static const char *const DAYS[][2] = {{"users", "user_count"},
                                          {"mean", "mean_days"},
                                          {"quartile_1", "quartile_1_days"},
                                          {"median", "median_days"},
                                          {"quartile_3", "quartile_3_days"}};
    equal_text(v, "the name", json_get(expect, "name"), name);
    compare(v, expect, rung, NAMES, COUNT(NAMES));
    judge_share(v, json_get(expect, "conversion"), json_get(rung, "conversion"));
    judge_share(v, json_get(expect, "share"), json_get(rung, "share"));
    compare(v, json_get(expect, "days"), json_get(rung, "days"), DAYS, COUNT(DAYS));
    equal_bool(v, "no_days", json_get(expect, "no_days"), !json_get(rung, "days"));
}

static void judge_climber(verdict *v, json *expect, json *answer, json *rung) {
    json *climb = json_get(answer, "climb"), *steps = json_get(climb, "steps");
    json *known = json_get(expect, "known");
    equal_json(v, "the rung", json_get(expect, "rung"), json_get(answer, "rung"));
    equal_json(v, "the rung in columns", json_get(expect, "rung"), rung);
    equal_bool(v, "known", known, !!json_get(answer, "rung"));
    equal_bool(v, "known in columns", known, !!rung);
    equal_json(v, "order_count", json_get(expect, "order_count"), json_get(climb, "order_count"));
    const char *names[][2] = {{"days", "day"}, {"days_since_previous", "days_since_previous"}};
    for (size_t i = 0; i < 2; i++) {
        json *list = json_get(expect, names[i][0]);
        if (!list) continue;
        check(v, list->count == steps->count, "there are %zu steps", steps->count);
        for (json *value = list->first, *step = steps->first; value && step; value = value->next, step = step->next) {
            equal_json(v, names[i][0], value, json_get(step, names[i][1]));
        }
    }
}

void judge_ladder(verdict *v, json *body) {
    json *events = json_get(body, "events"), *options = json_use(json_get(body, "options")), *expect = json_get(body, "expect");
    int64_t as_of = micros_of(json_text(body, "as_of"));
    userops_log *log = NULL;
    userops_ladder *ladder = NULL;
    userops_table *table = NULL, *users = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    userops_status status =
        read_events(json_use(json_get(body, "schema")), events, events->count, NULL, &log, NULL, &error);
    if (!must(v, status, &error)) return;
    if (succeeded(v, expect, userops_ladder_build(log, as_of, RAW(options), &ladder, &error), &error)) {
        status = userops_ladder_rungs(ladder, &bytes, &error);
        if (!status) status = userops_ladder_to_table(ladder, &table, &error);
        if (!status) status = userops_ladder_users(ladder, log, &users, &error);
        if (must(v, status, &error)) {
            json *rungs = take_json(v, bytes), *named = take_rows(v, table), *rows = take_rows(v, users);
            json *expected = json_get(expect, "rungs");
            if (expected) check(v, expected->count == rungs->count, "there are %zu rungs", rungs->count);
            json *rung = rungs->first, *row = named->first;
            for (json *one = expected ? expected->first : NULL; one && rung && row; one = one->next) {
                judge_rung(v, one, rung, json_text(row, "name"));
                rung = rung->next, row = row->next;
            }
            json *climbers = json_get(expect, "users");
            for (json *user = climbers ? climbers->first : NULL; user; user = user->next) {
                uint32_t number = 0;
                if (!user_of(v, log, json_get(user, "user"), &number)) continue;
                if (!must(v, userops_ladder_climb(log, number, as_of, RAW(options), &bytes, &error), &error)) continue;
                row = rows->first;
                for (uint32_t i = 0; i < number; i++) row = row->next;
                judge_climber(v, user, take_json(v, bytes), json_get(row, "rung"));
            }
        }
    }
    userops_ladder_free(ladder), userops_log_free(log);
}
