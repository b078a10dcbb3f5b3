/** Cases of RFM, its schemes, value groups and contribution; see rfm.rs and contribution.rs of the Rust runner. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

/** {"kind": options} */
static json *definition_of(verdict *v, const char *kind, json *options) {
    builder text = {0};
    put_format(&text, "{\"%s\":", kind);
    if (options) put(&text, options->raw, options->raw_len);
    else put_text(&text, "{}");
    put_text(&text, "}");
    return made(v, &text);
}

/** The columns with their rows in reverse order. */
static json *reversed(verdict *v, json *columns) {
    builder text = {0};
    put_text(&text, "{");
    for (json *column = columns->first; column; column = column->next) {
        put_format(&text, "%s\"%s\":[", column == columns->first ? "" : ",", column->key);
        for (size_t row = column->count; row > 0; row--) {
            json *value = column->first;
            for (size_t i = 1; i < row; i++) value = value->next;
            put(&text, value->raw, value->raw_len);
            put_text(&text, row > 1 ? "," : "");
        }
        put_text(&text, "]");
    }
    put_text(&text, "}");
    return made(v, &text);
}

/** Columns of some entries of rows. */
static json *columns_of(verdict *v, json *rows, const char *const *names, size_t count) {
    builder text = {0};
    for (size_t i = 0; i < count; i++) {
        put_format(&text, "%s\"%s\":[", i ? "," : "{", names[i]);
        for (json *row = rows->first; row; row = row->next) {
            json *value = json_get(row, names[i]);
            put_text(&text, row == rows->first ? "" : ",");
            put(&text, value->raw, value->raw_len);
        }
        put_text(&text, "]");
    }
    put_text(&text, "}");
    return made(v, &text);
}

/** Fits a model on columns, scores them, and scores them row by row; what is not wanted may be NULL. 1 where it is done. */
static int fit(verdict *v, json *expect, json *columns, json *definition, json **out_model, json **out_rows, userops_model **kept) {
    userops_table *table = NULL, *scored = NULL;
    userops_model *model = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    userops_status status = table_of_numbers(columns, &table, &error);
    if (!status) status = userops_model_fit(table, RAW(definition), &model, &error);
    int is_fit = succeeded(v, expect, status, &error);
    if (is_fit) {
        status = userops_model_to_json(model, &bytes, &error);
        if (!status) status = userops_model_score_table(model, table, &scored, &error);
        is_fit = must(v, status, &error);
    }
    if (is_fit) {
        *out_model = take_json(v, bytes);
        *out_rows = take_rows(v, scored);
        // A model that is read back is the same model.
        userops_model *again = NULL;
        status = userops_model_from_json(RAW(*out_model), &again, &error);
        if (!status) status = userops_model_to_json(again, &bytes, &error);
        if (must(v, status, &error) && strcmp((*out_model)->raw, take_text(v, bytes))) fail(v, "the model is read back otherwise");
        userops_model_free(again);
    }
    userops_table_free(table);
    if (is_fit && kept) *kept = model;
    else userops_model_free(model);
    return is_fit;
}

/** What the model says of one user. */
static json *score(verdict *v, const userops_model *model, const char *user, size_t len) {
    userops_bytes *bytes = NULL, *explanation = NULL, *text = NULL;
    userops_error *error = NULL;
    if (!must(v, userops_model_score(model, user, len, &bytes, &error), &error)) return NULL;
    // Whoever is scored is explained as well.
    userops_status status = userops_model_explain(model, user, len, &explanation, &error);
    if (!status) {
        json *tree = take_json(v, explanation);
        status = userops_explanation_render(RAW(tree), &text, &error);
        if (!status && !*take_text(v, text)) fail(v, "the explanation is empty");
    }
    must(v, status, &error);
    return take_json(v, bytes);
}

/** "545", or "10-4-5", of the three entries of an object. */
static const char *score_text(verdict *v, json *scores, const char *suffix) {
    static const char *const NAMES[] = {"recency", "frequency", "monetary"};
    int64_t of[3];
    for (size_t i = 0; i < 3; i++) {
        char name[40];
        snprintf(name, sizeof name, "%s%s", NAMES[i], suffix);
        json *part = json_get(scores, name);
        of[i] = part ? part->integer : -1;
    }
    const char *format = of[0] > 9 || of[1] > 9 || of[2] > 9 ? "%" PRId64 "-%" PRId64 "-%" PRId64 : "%" PRId64 "%" PRId64 "%" PRId64;
    char *text = keep(v, allocate(80));
    snprintf(text, 80, format, of[0], of[1], of[2]);
    return text;
}

/** One row of columns as a user: {"recency": 3, …}. */
static builder user_of_row(json *columns, size_t row) {
    builder text = {0};
    for (json *column = columns->first; column; column = column->next) {
        json *value = column->first;
        for (size_t i = 0; i < row; i++) value = value->next;
        put_format(&text, "%s\"%s\":", column == columns->first ? "{" : ",", column->key);
        put(&text, value->raw, value->raw_len);
    }
    put_text(&text, "}");
    return text;
}

static json *cuts_of(json *cuts) { return json_get(cuts, "values")->first; }

static void judge_cuts(verdict *v, json *expect, json *model) {
    json *recency = json_get(model, "recency"), *frequency = json_get(model, "frequency"), *monetary = json_get(model, "monetary");
    json *cuts = json_get(expect, "cuts");
    equal_json(v, "the cuts of recency", json_get(cuts, "recency"), cuts_of(recency));
    equal_json(v, "the cuts of frequency", json_get(cuts, "frequency"), cuts_of(frequency->first));
    equal_json(v, "the cuts of money", json_get(cuts, "monetary"), cuts_of(monetary->first->first));
    json *nested = json_get(expect, "nested_frequency_cuts"), *deep = json_get(expect, "nested_monetary_cuts");
    if (nested) check(v, nested->count == frequency->count, "there are %zu recency scores", frequency->count);
    json *is = frequency->first;
    for (json *part = nested ? nested->first : NULL; part && is; part = part->next, is = is->next) {
        equal_json(v, "the cuts of frequency within recency", part, cuts_of(is));
    }
    if (deep) check(v, deep->count == monetary->count, "there are %zu recency scores of money", monetary->count);
    is = monetary->first;
    for (json *list = deep ? deep->first : NULL; list && is; list = list->next, is = is->next) {
        check(v, list->count == is->count, "there are %zu frequency scores", is->count);
        json *inner = is->first;
        for (json *part = list->first; part && inner; part = part->next, inner = inner->next) {
            equal_json(v, "the cuts of money within frequency", part, cuts_of(inner));
        }
    }
}

/** Names of scores by the ten segments, in columns; the table is that of an RFM model. */
static void judge_ten_segments(verdict *v, json *expected, json *rows) {
    static const char *const NAMES[] = {"recency_score", "frequency_score", "monetary_score"};
    userops_model *scheme = NULL;
    userops_table *table = NULL, *named = NULL;
    userops_error *error = NULL;
    if (!expected) return;
    userops_status status = userops_model_ten_segments(&scheme, &error);
    if (!status) status = table_of_numbers(columns_of(v, rows, NAMES, 3), &table, &error);
    if (!status) status = userops_model_score_table(scheme, table, &named, &error);
    if (must(v, status, &error)) {
        json *segments = take_rows(v, named);
        check(v, segments->count == expected->count, "there are %zu segments", segments->count);
        json *row = rows->first, *wanted = expected->first;
        for (json *is = segments->first; is && wanted; is = is->next, wanted = wanted->next, row = row->next) {
            builder user = {0};
            put_format(&user, "{\"recency\":%" PRId64 ",\"frequency\":%" PRId64 ",\"monetary\":%" PRId64 "}",
                       json_get(row, NAMES[0])->integer, json_get(row, NAMES[1])->integer, json_get(row, NAMES[2])->integer);
            keep(v, user.data);
            equal_json(v, "the segment in columns", wanted, json_get(is, "segment"));
            equal_json(v, "the segment by user", wanted, score(v, scheme, user.data, user.len));
        }
    }
    userops_model_free(scheme), userops_table_free(table);
}

/** The measures of the buyers of a log; sets the definition to what was measured where the case states no options. */
static json *measure(verdict *v, json *body, json *expect, json **definition) {
    static const char *const NAMES[] = {"recency", "frequency", "monetary"};
    json *events = json_get(body, "events"), *buyers = json_use(json_get(body, "buyers")), *measures = NULL;
    userops_log *log = NULL;
    userops_table *table = NULL;
    userops_bytes *measured = NULL;
    userops_error *error = NULL;
    int64_t as_of = micros_of(json_text(body, "as_of"));
    userops_status status =
        read_events(json_use(json_get(body, "schema")), events, events->count, NULL, &log, NULL, &error);
    if (must(v, status, &error)) {
        status = userops_log_buyers(log, as_of, RAW(buyers), &table, &measured, &error);
        // Where there are no buyers, it is the model that is refused.
        if (status ? succeeded(v, expect, status, &error) : 1) {
            json *rows = take_rows(v, table), *users = json_get(expect, "users");
            *definition = take_json(v, measured);
            if (users) check(v, users->count == rows->count, "there are %zu buyers", rows->count);
            json *row = rows->first;
            for (json *user = users ? users->first : NULL; user && row; user = user->next, row = row->next) {
                equal_json(v, "a buyer", user, json_get(row, "user"));
            }
            measures = columns_of(v, rows, NAMES, 3);
        }
    }
    userops_log_free(log);
    return measures;
}

/** The users in reverse order make the same model and the same scores. */
static void judge_order(verdict *v, json *measures, json *definition, json *model, json *rows) {
    json *other = NULL, *backwards = NULL;
    if (!fit(v, NULL, reversed(v, measures), definition, &other, &backwards, NULL)) return;
    if (!json_equal(model, other)) fail(v, "the model depends on the order of users");
    json *row = rows->first;
    for (size_t last = backwards->count; row && last > 0; last--, row = row->next) {
        json *is = backwards->first;
        for (size_t i = 1; i < last; i++) is = is->next;
        if (!json_equal(row, is)) fail(v, "the scores depend on the order of users");
    }
}

void judge_rfm(verdict *v, json *body) {
    json *expect = json_get(body, "expect"), *measures = json_use(json_get(body, "measures")), *measured = NULL;
    json *options = json_use(json_get(body, "options")), *newcomers = json_use(json_get(body, "newcomers"));
    if (!!measures == !!json_get(body, "events")) {
        fail(v, "states not one of measures and events");
        return;
    }
    if (!measures && !(measures = measure(v, body, expect, &measured))) return;
    equal_json(v, "the measures", json_get(expect, "measures"), measures);
    json *definition = options || !measured ? definition_of(v, "rfm", options) : measured, *model = NULL, *rows = NULL;
    userops_model *kept = NULL;
    if (!fit(v, expect, measures, definition, &model, &rows, &kept)) return;
    json *parts = json_get(model, "rfm");
    judge_cuts(v, expect, parts);
    const char *stated[] = {"frequency_measure", "monetary_measure"};
    for (size_t i = 0; i < 2; i++) {
        equal_json(v, stated[i], json_get(expect, stated[i]), json_get(json_get(parts, "options"), stated[i]));
    }
    json *scores = json_get(expect, "scores"), *row = rows->first;
    if (scores) check(v, scores->count == rows->count, "there are %zu scores", rows->count);
    size_t index = 0;
    for (json *wanted = scores ? scores->first : NULL; wanted && row; wanted = wanted->next, row = row->next, index++) {
        builder user = user_of_row(measures, index);
        keep(v, user.data);
        equal_text(v, "the score in columns", wanted, score_text(v, row, "_score"));
        equal_text(v, "the score by user", wanted, score_text(v, score(v, kept, user.data, user.len), ""));
    }
    json *wanted = json_get(expect, "newcomers");
    if (wanted) check(v, newcomers && wanted->count == newcomers->count, "not every newcomer has a score");
    wanted = wanted ? wanted->first : NULL;
    for (json *user = newcomers ? newcomers->first : NULL; user; user = user->next, wanted = wanted ? wanted->next : NULL) {
        equal_text(v, "the score of a newcomer", wanted, score_text(v, score(v, kept, RAW(user)), ""));
    }
    judge_ten_segments(v, json_get(expect, "segments"), rows);
    judge_order(v, measures, definition, model, rows);
    userops_model_free(kept);
}

/** A user of a scheme from a text such as "545" or "10-4-5". */
static builder user_of_text(const char *text) {
    int of[3] = {0}, part = 0;
    for (const char *at = text; *at && part < 3; at++) {
        if (*at == '-') part++;
        else if (strchr(text, '-')) of[part] = of[part] * 10 + (*at - '0');
        else of[part++] = *at - '0';
    }
    builder user = {0};
    put_format(&user, "{\"recency\":%d,\"frequency\":%d,\"monetary\":%d}", of[0], of[1], of[2]);
    return user;
}

/** How many of the cells of recency and frequency each segment has; the names of the segments are all there are. */
static void judge_cells(verdict *v, json *expected, const userops_model *scheme, json *definition) {
    json *bins = json_get(json_get(definition, "cells"), "bins");
    int64_t of[2] = {5, 5};
    if (bins) of[0] = bins->first->integer, of[1] = bins->first->next->integer;
    json_use(expected);
    for (json *segment = expected->first; segment; segment = segment->next) {
        int64_t cells = 0;
        for (int64_t cell = 0; cell < of[0] * of[1]; cell++) {
            builder user = {0};
            put_format(&user, "{\"recency\":%" PRId64 ",\"frequency\":%" PRId64 ",\"monetary\":1}", cell / of[1] + 1, cell % of[1] + 1);
            keep(v, user.data);
            json *name = score(v, scheme, user.data, user.len);
            cells += name && name->text && !strcmp(name->text, segment->key);
        }
        equal_integer(v, segment->key, segment, cells);
    }
}

/** The names of a scheme: those of its rules, each once, and the remainder. */
static void judge_names(verdict *v, json *expected, json *definition) {
    json *cells = json_get(definition, "cells"), *rules = json_get(cells, "segments");
    builder names = {0};
    put_text(&names, "[");
    for (json *rule = rules->first; rule; rule = rule->next) {
        builder quoted = {0};
        put_quoted(&quoted, TEXT(json_text(rule, "name")));
        if (!strstr(names.data, quoted.data)) {
            put_text(&names, names.len > 1 ? "," : "");
            put(&names, quoted.data, quoted.len);
        }
        free(quoted.data);
    }
    const char *remainder = json_text(cells, "remainder");
    if (remainder) put_format(&names, ",\"%s\"", remainder);
    put_text(&names, "]");
    equal_json(v, "the names", expected, made(v, &names));
}

void judge_rfm_scheme(verdict *v, json *body) {
    json *given = json_use(json_get(body, "scheme")), *expect = json_get(body, "expect");
    userops_model *scheme = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    json *definition = definition_of(v, "cells", given);
    int is_named = given->type == JSON_TEXT;
    if (is_named && strcmp(given->text, "ten_segments")) fail(v, "%s is no scheme", given->text);
    userops_status status = is_named ? userops_model_ten_segments(&scheme, &error)
                                     : userops_model_from_json(RAW(definition), &scheme, &error);
    if (!succeeded(v, expect, status, &error)) return;
    if (must(v, userops_model_to_json(scheme, &bytes, &error), &error)) {
        json *written = take_json(v, bytes), *segments = json_get(expect, "segments"), *outside = json_get(expect, "outside");
        if (json_get(expect, "names")) judge_names(v, json_get(expect, "names"), written);
        if (json_get(expect, "cells")) judge_cells(v, json_get(expect, "cells"), scheme, written);
        for (json *segment = segments ? json_use(segments)->first : NULL; segment; segment = segment->next) {
            builder user = user_of_text(segment->key);
            keep(v, user.data);
            equal_json(v, segment->key, segment, score(v, scheme, user.data, user.len));
        }
        for (json *text = outside ? outside->first : NULL; text; text = text->next) {
            builder user = user_of_text(text->text);
            keep(v, user.data);
            error = NULL;
            status = userops_model_score(scheme, user.data, user.len, &bytes, &error);
            check(v, status == USEROPS_STATUS_INVALID_ARGUMENT, "%s is refused as %d", text->text, status);
            userops_error_free(error);
        }
    }
    userops_model_free(scheme);
}

void judge_value_group(verdict *v, json *body) {
    json *measures = json_use(json_get(body, "measures")), *options = json_use(json_get(body, "options"));
    json *newcomers = json_use(json_get(body, "newcomers")), *expect = json_get(body, "expect");
    json *definition = definition_of(v, "value_groups", options), *model = NULL, *rows = NULL;
    userops_model *kept = NULL;
    if (!fit(v, expect, measures, definition, &model, &rows, &kept)) return;
    const char *names[][3] = {{"groups", "value_group", "name"}, {"chinese", "value_group_zh", "chinese_name"}};
    for (size_t i = 0; i < 2; i++) {
        json *list = json_get(expect, names[i][0]), *row = rows->first;
        if (list) check(v, list->count == rows->count, "there are %zu groups", rows->count);
        size_t index = 0;
        for (json *wanted = list ? list->first : NULL; wanted && row; wanted = wanted->next, row = row->next, index++) {
            builder user = user_of_row(measures, index);
            keep(v, user.data);
            equal_json(v, "the group in columns", wanted, json_get(row, names[i][1]));
            equal_json(v, "the group by user", wanted, json_get(score(v, kept, user.data, user.len), names[i][2]));
        }
    }
    json *wanted = json_get(expect, "newcomers");
    if (wanted) check(v, newcomers && wanted->count == newcomers->count, "not every newcomer has a group");
    wanted = wanted ? wanted->first : NULL;
    for (json *user = newcomers ? newcomers->first : NULL; user; user = user->next, wanted = wanted ? wanted->next : NULL) {
        equal_json(v, "the group of a newcomer", wanted, json_get(score(v, kept, RAW(user)), "name"));
    }
    json *thresholds = json_get(expect, "thresholds"), *scheme = json_get(model, "value_groups");
    const char *parts[] = {"recency", "frequency", "monetary"};
    for (size_t i = 0; i < 3; i++) {
        json *is = json_get(json_get(scheme, parts[i]), "threshold");
        equal_number(v, parts[i], json_get(thresholds, parts[i]), is && is->type == JSON_OBJECT ? is->first : is);
    }
    judge_order(v, measures, definition, model, rows);
    userops_model_free(kept);
}

/** All columns of a case of contribution, and for a row the user by itself. */
static builder contribution_user(json *body, size_t row) {
    builder user = {0};
    put_text(&user, "{\"values\":[");
    json *rules = json_get(json_get(body, "rules"), "dimensions"), *dimensions = json_get(body, "dimensions");
    for (json *rule = rules->first; rule; rule = rule->next) {
        json *value = json_get(dimensions, json_text(rule, "name"))->first;
        for (size_t i = 0; i < row; i++) value = value->next;
        put_text(&user, rule == rules->first ? "" : ",");
        put(&user, value->raw, value->raw_len);
    }
    put_text(&user, "]");
    const char *others[] = {"active_periods", "cost"};
    for (size_t i = 0; i < 2; i++) {
        json *column = json_get(body, others[i]), *value = column ? column->first : NULL;
        for (size_t j = 0; value && j < row; j++) value = value->next;
        if (value) put_format(&user, ",\"%s\":%.*s", others[i], (int)value->raw_len, value->raw);
    }
    put_text(&user, "}");
    return user;
}

void judge_contribution(verdict *v, json *body) {
    json *dimensions = json_use(json_get(body, "dimensions")), *rules = json_use(json_get(body, "rules"));
    json *newcomers = json_use(json_get(body, "newcomers")), *expect = json_get(body, "expect"), *model = NULL, *rows = NULL;
    json *others[] = {json_use(json_get(body, "active_periods")), json_use(json_get(body, "cost"))};
    builder columns = {0};
    put(&columns, dimensions->raw, dimensions->raw_len - 1);
    for (size_t i = 0; i < 2; i++) {
        if (!others[i]) continue;
        put_format(&columns, "%s\"%s\":", columns.len > 1 ? "," : "", others[i]->key);
        put(&columns, others[i]->raw, others[i]->raw_len);
    }
    put_text(&columns, "}");
    userops_model *kept = NULL;
    if (!fit(v, expect, made(v, &columns), definition_of(v, "contribution", rules), &model, &rows, &kept)) return;
    json *parts = json_get(model, "contribution");
    equal_json(v, "the contributors", json_get(expect, "contributors"), json_get(parts, "contributor_count"));
    equal_json(v, "core_cut", json_get(expect, "core_cut"), json_get(parts, "core_cut"));
    equal_json(v, "middle_cut", json_get(expect, "middle_cut"), json_get(parts, "middle_cut"));
    const char *names[][3] = {{"tiers", "tier", "tier"}, {"chinese", "tier_zh", "chinese_name"}, {"scores", "score", "score"}};
    for (size_t i = 0; i < 3; i++) {
        json *list = json_get(expect, names[i][0]), *row = rows->first;
        if (list) check(v, list->count == rows->count, "there are %zu %s", rows->count, names[i][0]);
        size_t index = 0;
        for (json *wanted = list ? list->first : NULL; wanted && row; wanted = wanted->next, row = row->next, index++) {
            builder user = contribution_user(body, index);
            keep(v, user.data);
            equal_json(v, names[i][0], wanted, json_get(row, names[i][1]));
            equal_json(v, names[i][0], wanted, json_get(score(v, kept, user.data, user.len), names[i][2]));
        }
    }
    json *wanted = json_get(expect, "newcomers");
    if (wanted) check(v, newcomers && wanted->count == newcomers->count, "not every newcomer has a tier");
    wanted = wanted ? wanted->first : NULL;
    for (json *user = newcomers ? newcomers->first : NULL; user; user = user->next, wanted = wanted ? wanted->next : NULL) {
        equal_json(v, "the tier of a newcomer", wanted, json_get(score(v, kept, RAW(user)), "tier"));
    }
    userops_model_free(kept);
}
