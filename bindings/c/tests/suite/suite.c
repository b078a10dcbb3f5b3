#include "suite.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arrow.h"

typedef struct keepsake {
    void *memory;
    json *value;
    struct keepsake *next;
} keepsake;

static void note(verdict *v, const char *format, va_list arguments) {
    v->failed++;
    fprintf(stderr, "%s: %s: ", v->file, v->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
}

void fail(verdict *v, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    note(v, format, arguments);
    va_end(arguments);
}

void check(verdict *v, int holds, const char *format, ...) {
    v->asserted++;
    if (holds) return;
    va_list arguments;
    va_start(arguments, format);
    note(v, format, arguments);
    va_end(arguments);
}

void equal_json(verdict *v, const char *what, json *expected, json *actual) {
    if (!expected) return;
    json_use(expected);
    check(v, actual && json_equal(expected, actual), "%s is %.*s, not %.*s", what, actual ? (int)actual->raw_len : 4,
          actual ? actual->raw : "none", (int)expected->raw_len, expected->raw);
}

void equal_integer(verdict *v, const char *what, json *expected, int64_t actual) {
    if (!expected) return;
    check(v, expected->type == JSON_INTEGER && expected->integer == actual, "%s is %" PRId64 ", not %.*s", what, actual,
          (int)expected->raw_len, expected->raw);
}

void equal_number(verdict *v, const char *what, json *expected, json *actual) {
    if (!expected) return;
    int is_number = actual && (actual->type == JSON_INTEGER || actual->type == JSON_FLOAT);
    int is_close = is_number && fabs(actual->number - expected->number) <= 1e-12 * fabs(expected->number);
    check(v, is_close, "%s is %.*s, not %.*s", what, actual ? (int)actual->raw_len : 4, actual ? actual->raw : "none",
          (int)expected->raw_len, expected->raw);
}

void equal_text(verdict *v, const char *what, json *expected, const char *actual) {
    if (!expected) return;
    int is_equal = actual && expected->type == JSON_TEXT && !strcmp(expected->text, actual);
    check(v, is_equal, "%s is %s, not %.*s", what, actual ? actual : "none", (int)expected->raw_len, expected->raw);
}

void equal_bool(verdict *v, const char *what, json *expected, int actual) {
    if (!expected) return;
    check(v, expected->type == JSON_BOOL && expected->boolean == !!actual, "%s is %s", what, actual ? "true" : "false");
}

int must(verdict *v, userops_status status, userops_error **error) {
    if (status == USEROPS_STATUS_OK) return 1;
    fail(v, "refused as %s: %s", userops_error_kind(*error), userops_error_message(*error));
    userops_error_free(*error);
    return 0;
}

int succeeded(verdict *v, json *expect, userops_status status, userops_error **error) {
    json *refused = json_get(expect, "refused"), *message = json_get(expect, "message");
    if (!refused) return must(v, status, error);
    if (status == USEROPS_STATUS_OK) {
        fail(v, "not refused, which %.*s was to be", (int)refused->raw_len, refused->raw);
        return 0;
    }
    equal_text(v, "the error", refused, userops_error_kind(*error));
    const char *said = userops_error_message(*error);
    if (!said || !*said) fail(v, "the error says nothing");
    if (userops_error_status(*error) != status) fail(v, "the error has another status than the call");
    for (json *part = message && message->type == JSON_ARRAY ? message->first : message; part; part = part->next) {
        check(v, part->text && strstr(said, part->text), "%s does not say %s", said, part->text);
        if (message->type != JSON_ARRAY) break;
    }
    userops_error_free(*error);
    return 0;
}

void *keep(verdict *v, void *memory) {
    keepsake *kept = allocate(sizeof *kept);
    *kept = (keepsake){memory, NULL, v->kept};
    v->kept = kept;
    return memory;
}

json *made(verdict *v, builder *text) {
    keep(v, text->data);
    v->kept->value = json_read(text->data, text->len);
    return v->kept->value;
}

const char *take_text(verdict *v, userops_bytes *bytes) {
    size_t len = userops_bytes_len(bytes);
    char *text = keep(v, allocate(len + 1));
    memcpy(text, userops_bytes_data(bytes), len);
    userops_bytes_free(bytes);
    return text;
}

json *take_json(verdict *v, userops_bytes *bytes) {
    size_t len = userops_bytes_len(bytes);
    const char *text = take_text(v, bytes);
    v->kept->value = json_read(text, len);
    return v->kept->value;
}

json *take_rows(verdict *v, userops_table *table) {
    userops_bytes *bytes = NULL;
    userops_error *error = NULL;
    json *rows = NULL;
    if (must(v, userops_table_to_bytes(table, TEXT("jsonl"), &bytes, &error), &error)) {
        const char *line = userops_bytes_data(bytes), *end = line + userops_bytes_len(bytes);
        builder text = {0};
        put_text(&text, "[");
        for (const char *next; line < end; line = next + 1) {
            next = memchr(line, '\n', (size_t)(end - line));
            if (!next) next = end;
            if (text.len > 1) put_text(&text, ",");
            put(&text, line, (size_t)(next - line));
        }
        put_text(&text, "]");
        userops_bytes_free(bytes);
        rows = made(v, &text);
    }
    userops_table_free(table);
    return rows;
}

int64_t micros_of(const char *text) {
    int64_t micros = 0;
    if (!text) die("an instant is missing");
    if (userops_instant_parse(TEXT(text), NULL, 0, NULL, 0, &micros, NULL)) die("%s is no instant", text);
    return micros;
}

/** Rows as JSON Lines, entries of `properties` under names of their own. Adds names that are new to `listed`. */
static void put_row(builder *lines, json *event, builder *listed) {
    put_text(lines, "{");
    int count = 0;
    for (json *part = event->first; part; part = part->next) {
        int is_properties = !strcmp(part->key, "properties");
        part->used = 1;
        for (json *entry = is_properties ? part->first : part; entry; entry = entry->next) {
            char name[200];
            entry->used = 1;
            snprintf(name, sizeof name, "%s%s", is_properties ? "properties." : "", entry->key);
            put_text(lines, count++ ? "," : "");
            put_quoted(lines, name, strlen(name));
            put_text(lines, ":");
            put(lines, entry->raw, entry->raw_len);
            if (!is_properties) break;
            builder column = {0};
            put_format(&column, "{\"column\":\"%s\",\"name\":\"%s\"}", name, entry->key);
            if (!listed->data || !strstr(listed->data, column.data)) {
                put_text(listed, listed->len ? "," : "");
                put(listed, column.data, column.len);
            }
            free(column.data);
        }
    }
    put_text(lines, "}\n");
}

/** Whether one of the first `count` rows has an entry of this name. */
static int any_has(json *rows, size_t count, const char *key) {
    for (json *row = rows ? rows->first : NULL; row && count > 0; row = row->next, count--) {
        if (json_get(row, key)) return 1;
    }
    return 0;
}

userops_status read_events(json *schema, json *events, size_t count, json *attributes, userops_log **out_log,
                           userops_report **out_report, userops_error **out_error) {
    builder lines = {0}, listed = {0}, mapping = {0}, users = {0}, none = {0};
    size_t events_count = count;
    put_text(&lines, ""), put_text(&users, ""), put_text(&listed, "");
    for (json *event = events ? events->first : NULL; event && count > 0; event = event->next, count--) {
        put_row(&lines, event, &listed);
    }
    for (json *user = attributes ? attributes->first : NULL; user; user = user->next) {
        put_row(&users, json_use(user), &none);
    }
    put_text(&mapping, "{\"user\":\"user\",\"time\":{\"column\":\"time\"},\"event\":{\"column\":\"event\"},");
    if (any_has(events, events_count, "amount")) put_text(&mapping, "\"amount\":{\"column\":\"amount\"},");
    if (any_has(events, events_count, "id")) put_text(&mapping, "\"id\":\"id\",");
    put_text(&mapping, "\"properties\":{\"listed\":[");
    put(&mapping, listed.data, listed.len);
    put_text(&mapping, "]}}");

    userops_reader *reader = NULL;
    const char *rows = "\"json_lines\"";
    userops_status status = userops_reader_new(RAW(schema), mapping.data, mapping.len, &reader, out_error);
    if (!status) {
        status = userops_reader_add_bytes(reader, TEXT("events"), (const uint8_t *)lines.data, lines.len, TEXT(rows), out_error);
    }
    if (!status && attributes && attributes->count) {
        status = userops_reader_add_attributes_bytes(reader, TEXT("attributes"), (const uint8_t *)users.data, users.len,
                                                     TEXT("{\"user\":\"user\"}"), TEXT(rows), out_error);
    }
    if (!status) status = userops_reader_read(reader, out_log, out_report, out_error);
    userops_reader_free(reader);
    free(lines.data), free(listed.data), free(mapping.data), free(users.data), free(none.data);
    return status;
}

userops_status table_of_numbers(json *columns, userops_table **out_table, userops_error **out_error) {
    userops_table *table = NULL;
    userops_status status = USEROPS_STATUS_OK;
    for (json *column = columns->first; column && !status; column = column->next) {
        // A column is of floats where one of its numbers is.
        int is_float = 0;
        json_use(column);
        for (json *value = column->first; value; value = value->next) is_float |= value->type != JSON_INTEGER;
        arrow_column made = {column->key, is_float ? ARROW_FLOAT : ARROW_INTEGER, column->first, column->count};
        struct ArrowArrayStream stream;
        userops_table *next = NULL;
        arrow_stream(&made, &stream);
        status = userops_table_from_stream(&stream, &next, out_error);
        if (status || !table) {
            userops_table *first = table;
            table = status ? NULL : next;
            userops_table_free(first);
            continue;
        }
        userops_table *joined = NULL;
        status = userops_table_beside(table, next, &joined, out_error);
        userops_table_free(table), userops_table_free(next);
        table = joined;
    }
    if (!status) *out_table = table;
    return status;
}

static void judge(const char *kind, verdict *v, json *body) {
    static const struct {
        const char *kind;
        void (*judge)(verdict *, json *);
    } KINDS[] = {
        {"anniversary", judge_anniversary}, {"calendar", judge_calendar},   {"contribution", judge_contribution},
        {"event_log", judge_event_log},     {"ingest", judge_ingest},       {"ladder", judge_ladder},
        {"funnel", judge_funnel},           {"sequence", judge_sequence},
        {"money", judge_money},             {"playbook", judge_playbook},   {"month_arithmetic", judge_month_arithmetic},
        {"portrait", judge_portrait},       {"profile", judge_profile},     {"rfm", judge_rfm},
        {"rfm_scheme", judge_rfm_scheme},   {"rule_text", judge_rule_text}, {"time_format", judge_time_format},
        {"time_window", judge_time_window}, {"value_group", judge_value_group},
        {"attribution", judge_table},       {"driver", judge_table},        {"path", judge_table},
        {"series", judge_table},            {"churn", judge_table},
                  {"survival", judge_survival},
                  {"btyd", judge_btyd},
                  {"lifetime_value", judge_lifetime_value},
                  {"purchase", judge_table},
                  {"ranking", judge_ranking},
                  {"warning", judge_table},
        {"active_days", judge_active_days}, {"active_users", judge_active_users},
        {"retention", judge_retention},     {"session", judge_session},     {"stickiness", judge_stickiness},
        {"lead", judge_lead},               {"live", judge_live},
    };
    for (size_t i = 0; i < sizeof KINDS / sizeof *KINDS; i++) {
        if (!strcmp(KINDS[i].kind, kind)) {
            KINDS[i].judge(v, body);
            return;
        }
    }
    fail(v, "\"%s\" is no kind of case", kind);
}

/** Judges a case; how many of its assertions failed. */
static int run_case(const char *file, const char *kind, json *body) {
    verdict v = {.file = file, .name = json_text(body, "name")};
    size_t handles = userops_handle_count();
    const char *description = json_text(body, "description");
    if (!v.name) v.name = "a case without a name", fail(&v, "states no name");
    if (!description || !*description) fail(&v, "states no description");
    json *expect = json_get(body, "expect");
    if (!expect) fail(&v, "expects nothing");
    judge(kind, &v, body);
    char path[500] = "";
    if (json_unused(body, path, sizeof path)) fail(&v, "nobody knows the key %s", path);
    if (!v.asserted && !v.failed) fail(&v, "asserts nothing");
    handles = userops_handle_count() - handles;
    if (handles && !v.failed) fail(&v, "%zu handles were not freed", handles);
    while (v.kept) {
        keepsake *kept = v.kept;
        v.kept = kept->next;
        json_free(kept->value);
        free(kept->memory);
        free(kept);
    }
    return v.failed;
}

static char *read_file(const char *path, size_t *len) {
    FILE *file = fopen(path, "rb");
    if (!file) die("cannot open %s", path);
    builder text = {0};
    char part[4096];
    put(&text, "", 0);
    for (size_t count; (count = fread(part, 1, sizeof part, file)) > 0;) put(&text, part, count);
    fclose(file);
    *len = text.len;
    return text.data;
}

/** Judges the files that are named; succeeds where all cases of all files hold, and says how many there were. */
int main(int count, char **files) {
    int cases = 0, failures = 0;
    if (count < 2) die("name the files of cases");
    for (int i = 1; i < count; i++) {
        size_t len;
        char *text = read_file(files[i], &len);
        json *document = json_read(text, len);
        const char *kind = json_text(document, "kind");
        json *list = json_get(document, "case");
        if (!kind || !list || list->type != JSON_ARRAY || !list->count || document->count != 2) {
            die("%s has not a kind and a list of cases, and no more", files[i]);
        }
        const char *name = strrchr(files[i], '/');
        for (json *body = list->first; body; body = body->next) {
            for (json *before = list->first; before != body; before = before->next) {
                if (json_equal(json_get(before, "name"), json_get(body, "name"))) die("%s: two cases of one name", files[i]);
            }
            cases++;
            failures += !!run_case(name ? name + 1 : files[i], kind, body);
        }
        json_free(document);
        free(text);
    }
    printf("%d files, %d cases, %d failed\n", count - 1, cases, failures);
    return !!failures;
}
