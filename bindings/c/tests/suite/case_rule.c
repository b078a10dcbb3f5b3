/** Cases of rules and playbooks: what each user is told; see rule_text.rs and playbook.rs of the Rust runner. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"

void judge_rule_text(verdict *v, json *body) {
    json *text = json_get(body, "text"), *tree = json_use(json_get(body, "tree")), *expect = json_get(body, "expect");
    userops_bytes *written = NULL, *parsed = NULL;
    userops_error *error = NULL;
    userops_status status;
    if (!text == !tree) {
        fail(v, "states not one of text and tree");
        return;
    }
    if (text) {
        status = userops_rule_parse(text->text, text->text_len, &parsed, &error);
    } else {
        status = userops_rule_write(RAW(tree), &written, &error);
    }
    if (!succeeded(v, expect, status, &error)) return;
    // What was not asked for yet follows from what was.
    if (text) {
        json *made = take_json(v, parsed);
        if (!must(v, userops_rule_write(RAW(made), &written, &error), &error)) return;
        equal_json(v, "the tree", json_get(expect, "tree"), made);
        equal_text(v, "the text", json_get(expect, "written"), take_text(v, written));
    } else {
        const char *made = take_text(v, written);
        equal_text(v, "the text", json_get(expect, "written"), made);
        if (!must(v, userops_rule_parse(TEXT(made), &parsed, &error), &error)) return;
        equal_json(v, "the tree", json_get(expect, "tree"), take_json(v, parsed));
    }
}

/** A playbook of a document, a file or rules by name, each rule as two segments. */
static userops_status read_playbook(verdict *v, json *body, userops_playbook **out, userops_error **error) {
    json *document = json_get(body, "playbook"), *rules = json_use(json_get(body, "rules")), *file = json_get(body, "file");
    if (!!document + !!rules + !!file != 1) die("%s states not one of playbook, file and rules", v->name);
    // The text of a file stands in the case's place for it.
    if (!rules) return userops_playbook_from_toml((document ? document : file)->text, (document ? document : file)->text_len, out, error);
    json *schema = json_use(json_get(body, "schema"));
    builder text = {0};
    put_text(&text, "{\"version\":1,\"name\":\"rules\",\"schema\":");
    put(&text, schema ? schema->raw : "{}", schema ? schema->raw_len : 2);
    put_text(&text, ",\"segments\":[");
    for (json *rule = rules->first; rule; rule = rule->next) {
        for (int folds_in = 0; folds_in < 2; folds_in++) {
            put_format(&text, "%s{\"name\":\"%s%s\",\"unknown\":\"%s\",\"when\":", rule == rules->first && !folds_in ? "" : ",",
                       folds_in ? "not out:" : "in:", rule->key, folds_in ? "in" : "out");
            put(&text, rule->raw, rule->raw_len);
            put_text(&text, "}");
        }
    }
    put_text(&text, "]}");
    keep(v, text.data);
    return userops_playbook_from_json(text.data, text.len, out, error);
}

/** The log of a case, its outcome, and a row per user with all answers. */
typedef struct answers {
    userops_log *log;
    userops_outcome *outcome;
    json *rows;
    json *described;
} answers;

/** The id of a row's user as text. */
static const char *id_of(verdict *v, json *row) {
    json *id = json_get(row, "user");
    char *text = keep(v, allocate(id->raw_len + 1));
    return strncpy(text, id->text ? id->text : id->raw, id->text ? id->text_len + 1 : id->raw_len);
}

static int has(json *list, const char *id) {
    for (json *part = list ? list->first : NULL; part; part = part->next) {
        if (part->text && !strcmp(part->text, id)) return 1;
    }
    return 0;
}

/** The members of a segment, by its handle, against those of one list or of two. */
static void judge_segment(verdict *v, answers *a, const char *name, json *expected, json *more) {
    userops_segment *segment = NULL, *again = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    size_t len = 0, universe = 0;
    userops_status status = userops_outcome_segment(a->outcome, TEXT(name), &segment, &error);
    if (!status) status = userops_segment_len(segment, &len, &error);
    if (!status) status = userops_segment_user_count(segment, &universe, &error);
    // A segment that went through its bytes is the same segment.
    if (!status) status = userops_segment_to_bytes(segment, &bytes, &error);
    if (!status) {
        status = userops_segment_from_bytes((const uint8_t *)userops_bytes_data(bytes), userops_bytes_len(bytes), universe, &again, &error);
    }
    if (must(v, status, &error)) {
        size_t members = 0;
        uint32_t user = 0;
        for (json *row = a->rows->first; row; row = row->next, user++) {
            uint8_t is_in = 9, is_again = 9;
            const char *id = id_of(v, row);
            int wanted = has(expected, id) || has(more, id);
            userops_segment_contains(segment, user, &is_in, NULL);
            userops_segment_contains(again, user, &is_again, NULL);
            check(v, is_in == wanted && is_again == wanted, "%s is%s in %s", id, wanted ? " not" : "", name);
            members += (size_t)wanted;
        }
        check(v, len == members, "%s has %zu members, not %zu", name, len, members);
    }
    userops_bytes_free(bytes), userops_segment_free(segment), userops_segment_free(again);
}

/** One rule: what it is for each user, and for all at once under both readings of what is unknown. */
static void judge_truths(verdict *v, answers *a, json *body, json *truth, int64_t as_of) {
    json *rule = json_get(json_get(body, "rules"), truth->key), *yes = json_use(json_get(truth, "yes"));
    json *unknown = json_use(json_get(truth, "unknown"));
    char name[200];
    if (!rule) {
        fail(v, "there is no rule %s", truth->key);
        return;
    }
    uint32_t user = 0;
    for (json *row = a->rows->first; row; row = row->next, user++) {
        userops_bytes *bytes = NULL, *explanation = NULL;
        userops_error *error = NULL;
        const char *id = id_of(v, row);
        userops_status status = userops_rule_judge(a->log, rule->text, rule->text_len, user, as_of, &bytes, &error);
        if (!status) status = userops_rule_explain(a->log, rule->text, rule->text_len, user, as_of, &explanation, &error);
        if (!must(v, status, &error)) return;
        userops_bytes_free(explanation);
        const char *wanted = has(yes, id) ? "true" : has(unknown, id) ? "unknown" : "false", *is = take_json(v, bytes)->text;
        check(v, !strcmp(is, wanted), "%s is %s of %s, not %s", truth->key, is, id, wanted);
    }
    snprintf(name, sizeof name, "in:%s", truth->key);
    judge_segment(v, a, name, yes, NULL);
    snprintf(name, sizeof name, "not out:%s", truth->key);
    judge_segment(v, a, name, yes, unknown);
}

/** A column of the answers: the values of those who are named, and nobody else has one. */
static void judge_column(verdict *v, answers *a, const char *prefix, json *expected) {
    char name[200];
    snprintf(name, sizeof name, "%s%s", prefix, expected->key);
    json_use(expected);
    size_t found = 0;
    int is_there = 0;
    for (json *row = a->rows->first; row; row = row->next) {
        const char *id = id_of(v, row);
        json *value = json_get(row, name), *wanted = json_get(expected, id);
        for (json *part = row->first; part; part = part->next) is_there |= !strcmp(part->key, name);
        // A tag that is false is one that the user does not have.
        if (value && value->type == JSON_BOOL && !value->boolean && !strncmp(prefix, "tag", 3)) value = NULL;
        check(v, value || wanted ? json_equal(wanted, value) : 1, "%s of %s is %.*s", name, id, value ? (int)value->raw_len : 4,
              value ? value->raw : "none");
        found += !!wanted;
    }
    if (!is_there && a->rows->count) fail(v, "there is no column %s", name);
    check(v, found == expected->count, "%s names users who are not there", name);
}

static void judge_milestones(verdict *v, answers *a, json *expected) {
    userops_table *table = NULL;
    userops_error *error = NULL;
    if (!expected || !expected->count) return;
    if (!must(v, userops_outcome_milestones(a->outcome, a->log, &table, &error), &error)) return;
    answers rows = {a->log, a->outcome, take_rows(v, table), NULL};
    for (json *part = expected->first; part; part = part->next) judge_column(v, &rows, "", part);
}

static void judge_answers(verdict *v, answers *a, json *body, json *expect, int64_t as_of) {
    json *truths = json_use(json_get(expect, "truths")), *tags = json_get(expect, "tags"), *scores = json_get(expect, "scores");
    json *segments = json_use(json_get(expect, "segments")), *stages = json_get(expect, "stages");
    for (json *part = truths ? truths->first : NULL; part; part = part->next) judge_truths(v, a, body, part, as_of);
    for (json *part = segments ? segments->first : NULL; part; part = part->next) judge_segment(v, a, part->key, part, NULL);
    for (json *part = tags ? tags->first : NULL; part; part = part->next) json_use(part), judge_column(v, a, "tag.", part);
    for (json *part = scores ? scores->first : NULL; part; part = part->next) json_use(part), judge_column(v, a, "score.", part);
    if (stages) {
        json column = *stages;
        column.key = "stage";
        json_use(stages);
        judge_column(v, a, "", &column);
    }
    judge_milestones(v, a, json_use(json_get(expect, "milestones")));
}

void judge_playbook(verdict *v, json *body) {
    json *expect = json_get(body, "expect"), *events = json_use(json_get(body, "events")), *schema = NULL;
    json *attributes = json_use(json_get(body, "attributes")), *manual = json_use(json_get(body, "manual_tags"));
    const char *as_of_text = json_text(body, "as_of"), *calibrated_text = json_text(body, "calibrated_at");
    int64_t as_of = as_of_text ? micros_of(as_of_text) : 0;
    json calibration = {0};
    userops_playbook *playbook = NULL;
    userops_table *table = NULL;
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    answers a = {0};
    userops_status status = read_playbook(v, body, &playbook, &error);
    if (!status) status = userops_playbook_schema(playbook, &bytes, &error);
    if (!status) schema = take_json(v, bytes);
    if (!status && as_of_text) {
        status = read_events(schema, events, events ? events->count : 0, attributes, &a.log, NULL, &error);
        if (!status && calibrated_text) {
            status = userops_calibration_fit(playbook, a.log, micros_of(calibrated_text), RAW(manual), &bytes, &error);
            if (!status) calibration.raw = take_text(v, bytes), calibration.raw_len = strlen(calibration.raw);
        }
        const json *given = calibration.raw ? &calibration : NULL;
        if (!status) status = userops_playbook_evaluate(playbook, a.log, as_of, RAW(manual), RAW(given), 0, &a.outcome, &error);
    }
    if (succeeded(v, expect, status, &error)) {
        if (!as_of_text) fail(v, "states no as_of, and is not refused");
        else if (must(v, userops_outcome_to_table(a.outcome, a.log, &table, &error), &error)) {
            a.rows = take_rows(v, table);
            judge_answers(v, &a, body, expect, as_of);
            for (uint32_t user = 0; user < a.rows->count; user++) {
                status = userops_playbook_explain(playbook, a.log, a.outcome, user, RAW(manual), &bytes, &error);
                if (must(v, status, &error)) userops_bytes_free(bytes);
            }
        }
    }
    userops_playbook_free(playbook), userops_log_free(a.log), userops_outcome_free(a.outcome);
}
