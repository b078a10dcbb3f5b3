/** Cases of portraits: an audience and all others, counted by the values of dimensions; see portrait.rs of the Rust runner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrow.h"
#include "suite.h"

static arrow_type type_of(const char *name) {
    static const char *const NAMES[] = {"bool", "integer", "float", "text", "date", "time"};
    for (int type = 0; type < 6; type++) {
        if (!strcmp(NAMES[type], name)) return (arrow_type)type;
    }
    die("%s is no type of a dimension", name);
    return ARROW_BOOL;
}

/** Days since 1970 of a date, by way of the instant at which it begins in UTC. */
static int64_t days_of(const char *date) { return micros_of(date) / 86400 / 1000000; }

static void put_value(builder *out, json *value, arrow_type type) {
    if (!value) put_text(out, "null");
    else if (type == ARROW_DATE) put_format(out, "%lld", (long long)days_of(value->text));
    else if (type == ARROW_TIME) put_format(out, "%lld", (long long)micros_of(value->text));
    else put(out, value->raw, value->raw_len);
}

/** The values of all users, those of the audience first. */
static json *values_of(verdict *v, json *dimension, arrow_type type) {
    static const char *const WHO[] = {"audience", "outside"};
    json *cells = json_use(json_get(dimension, "cells"));
    builder values = {0};
    put_text(&values, "[");
    for (size_t i = 0; i < 2; i++) {
        for (json *cell = cells->first; cell; cell = cell->next) {
            json *count = json_get(cell, WHO[i]), *value = json_get(cell, "value");
            for (int64_t user = 0; count && user < count->integer; user++) {
                put_text(&values, values.len > 1 ? "," : "");
                put_value(&values, value, type);
            }
        }
    }
    put_text(&values, "]");
    return made(v, &values);
}

/** A table with a column per dimension, joined to what is there. */
static userops_status add_dimension(verdict *v, json *dimension, userops_table **table, userops_error **error) {
    arrow_type type = type_of(json_text(dimension, "type"));
    json *values = values_of(v, dimension, type);
    arrow_column column = {json_text(dimension, "name"), type, values->first, values->count};
    struct ArrowArrayStream stream;
    userops_table *next = NULL, *joined = NULL;
    arrow_stream(&column, &stream);
    userops_status status = userops_table_from_stream(&stream, &next, error);
    if (!status && *table) {
        status = userops_table_beside(*table, next, &joined, error);
        userops_table_free(next), userops_table_free(*table);
        *table = joined;
    } else if (!status) {
        *table = next;
    }
    return status;
}

static void judge_row(verdict *v, json *expect, json *row) {
    static const char *const NAMES[][2] = {
        {"value", "value"},
        {"dimension", "dimension"},
        {"kind", "kind"},
        {"audience", "audience_count"},
        {"everyone", "everyone_count"},
        {"audience_ratio", "audience_ratio"},
        {"everyone_ratio", "everyone_ratio"},
        {"lift", "lift"},
    };
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        equal_json(v, NAMES[i][0], json_get(expect, NAMES[i][0]), json_get(row, NAMES[i][1]));
    }
    json *interval = json_get(row, "audience_interval"), *suppressed = json_get(expect, "suppressed");
    equal_json(v, "low", json_get(expect, "low"), json_get(interval, "low"));
    equal_json(v, "high", json_get(expect, "high"), json_get(interval, "high"));
    int is_suppressed = suppressed && suppressed->boolean;
    check(v, json_get(row, "suppressed")->boolean == is_suppressed, "a row is %ssuppressed", is_suppressed ? "not " : "");
    for (size_t i = 3; is_suppressed && i < sizeof NAMES / sizeof *NAMES; i++) {
        check(v, !json_get(row, NAMES[i][1]) && !interval, "%s is not kept from view", NAMES[i][1]);
    }
    int is_undefined = !json_get(row, "audience_ratio") && !interval && !json_get(row, "lift");
    equal_bool(v, "undefined", json_get(expect, "undefined"), is_undefined);
}

static void judge_summary(verdict *v, json *expect, json *summary) {
    static const char *const NAMES[] = {"dimension", "audience_mean", "audience_median", "everyone_mean", "everyone_median"};
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        equal_json(v, NAMES[i], json_get(expect, NAMES[i]), json_get(summary, NAMES[i]));
    }
    json *suppressed = json_get(expect, "suppressed");
    int is_suppressed = suppressed && suppressed->boolean;
    check(v, json_get(summary, "suppressed")->boolean == is_suppressed, "a summary's suppression");
    if (is_suppressed) check(v, !json_get(summary, NAMES[1]) && !json_get(summary, NAMES[2]), "a mean is not kept from view");
}

static void judge_parts(verdict *v, json *expect, json *portrait, json *distinctive) {
    json *rows = json_get(expect, "rows"), *is = json_get(portrait, "rows");
    if (rows) check(v, rows->count == is->count, "there are %zu rows", is->count);
    is = is->first;
    for (json *row = rows ? rows->first : NULL; row && is; row = row->next, is = is->next) judge_row(v, row, is);
    json *summaries = json_get(expect, "summaries");
    is = json_get(portrait, "summaries");
    if (summaries) check(v, summaries->count == is->count, "there are %zu summaries", is->count);
    is = is->first;
    for (json *part = summaries ? summaries->first : NULL; part && is; part = part->next, is = is->next) judge_summary(v, part, is);
    json *values = json_get(expect, "distinctive");
    if (values) check(v, values->count == distinctive->count, "%zu rows are distinctive", distinctive->count);
    is = distinctive->first;
    for (json *value = values ? values->first : NULL; value && is; value = value->next, is = is->next) {
        equal_json(v, "a distinctive row", value, json_get(is, "value"));
    }
}

void judge_portrait(verdict *v, json *body) {
    json *audience = json_get(body, "audience"), *outside = json_get(body, "outside"), *expect = json_get(body, "expect");
    json *dimensions = json_get(body, "dimensions"), *options = json_use(json_get(body, "options"));
    size_t members = (size_t)audience->integer, everyone = members + (size_t)outside->integer;
    userops_segment *segment = NULL;
    userops_table *table = NULL;
    userops_portrait *portrait = NULL;
    userops_bytes *bytes = NULL, *most = NULL;
    userops_error *error = NULL;
    builder zones = {0};
    uint32_t *users = keep(v, allocate(members * sizeof *users));
    for (size_t user = 0; user < members; user++) users[user] = (uint32_t)user;
    userops_status status = userops_segment_of_users(users, members, everyone, &segment, &error);
    put_text(&zones, "{");
    for (json *part = dimensions->first; part && !status; part = part->next) {
        const char *zone = json_text(part, "zone");
        if (zone) put_format(&zones, "%s\"%s\":\"%s\"", zones.len > 1 ? "," : "", json_text(part, "name"), zone);
        status = add_dimension(v, part, &table, &error);
    }
    put_text(&zones, "}");
    keep(v, zones.data);
    if (!status && !table) status = userops_table_from_json(TEXT("{\"row_count\":0,\"columns\":[]}"), &table, &error);
    if (!status) status = userops_portrait_build(segment, table, zones.data, zones.len, RAW(options), &portrait, &error);
    if (succeeded(v, expect, status, &error)) {
        status = userops_portrait_to_json(portrait, &bytes, &error);
        if (!status) status = userops_portrait_most_distinctive(portrait, SIZE_MAX, &most, &error);
        if (must(v, status, &error)) {
            json *said = take_json(v, bytes);
            if (json_get(said, "audience_count")->integer != (int64_t)members) fail(v, "the audience is of another size");
            if (json_get(said, "everyone_count")->integer != (int64_t)everyone) fail(v, "there are other users");
            judge_parts(v, expect, said, take_json(v, most));
        }
    }
    userops_portrait_free(portrait), userops_segment_free(segment), userops_table_free(table);
}
