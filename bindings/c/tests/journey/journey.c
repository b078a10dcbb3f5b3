/**
 * A way through the whole library with what comes out at each step: logs from structs, streams and tables, segments and their
 * algebra, rules, lifecycles, milestones, playbooks; and misuse that depends on what was done before.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userops.h"

#define TEXT(text) (text), strlen(text)
#define DAY INT64_C(86400000000)

static userops_error *error;
static int failures;

static void note(int line, const char *what, const char *found) {
    failures++;
    fprintf(stderr, "line %d: %s: %s\n", line, what, found);
}

/** A call that must succeed. */
#define OK(call)                                                                         \
    do {                                                                                 \
        if (call) {                                                                      \
            note(__LINE__, #call, userops_error_message(error));                         \
            userops_error_free(error);                                                   \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

/** A call that must fail with this status, and say this. */
#define FAILS(call, wanted, said)                                                        \
    do {                                                                                 \
        userops_status status = (call);                                                  \
        if (status != (wanted)) note(__LINE__, #call, "another status");                 \
        if (status && !strstr(userops_error_message(error), said)) note(__LINE__, said, userops_error_message(error)); \
        if (status) userops_error_free(error);                                           \
    } while (0)

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) note(__LINE__, #condition, "does not hold");                   \
    } while (0)

/** Compares bytes with a text, and frees them. */
#define SAYS(bytes, wanted) says(__LINE__, bytes, wanted)

static void says(int line, userops_bytes *bytes, const char *wanted) {
    if (strcmp(userops_bytes_data(bytes), wanted)) note(line, wanted, userops_bytes_data(bytes));
    if (userops_bytes_len(bytes) != strlen(wanted)) note(line, wanted, "another length");
    userops_bytes_free(bytes);
}

static void contains(int line, userops_bytes *bytes, const char *part) {
    if (!strstr(userops_bytes_data(bytes), part)) note(line, part, userops_bytes_data(bytes));
    userops_bytes_free(bytes);
}
#define CONTAINS(bytes, part) contains(__LINE__, bytes, part)

/** Compares a table as CSV, and frees it. */
static void is_csv(int line, userops_table *table, const char *wanted) {
    userops_bytes *csv;
    OK(userops_table_to_bytes(table, TEXT("csv"), &csv, &error));
    says(line, csv, wanted);
    userops_table_free(table);
}
#define CSV(table, wanted) is_csv(__LINE__, table, wanted)

static int64_t instant(const char *text) {
    int64_t micros;
    OK(userops_instant_parse(TEXT(text), NULL, 0, NULL, 0, &micros, &error));
    return micros;
}

static userops_event event(const char *user, const char *day, const char *name, int64_t amount) {
    userops_event made = {.user = user, .user_len = strlen(user), .time_micros = instant(day), .name = name, .name_len = strlen(name)};
    made.has_amount = amount != 0, made.amount_minor = amount;
    return made;
}

/** Ann orders twice and bob once; cai only looks. */
static userops_log *make_log(void) {
    userops_event events[] = {event("ann", "2026-01-05", "order", 1250), event("ann", "2026-02-20", "order", 4000),
                              event("bob", "2026-01-12", "order", 900), event("cai", "2026-02-25", "view", 0)};
    userops_log *log;
    userops_report *report;
    userops_bytes *text;
    events[3].properties = "{\"page\":\"home\",\"seconds\":3}", events[3].properties_len = strlen(events[3].properties);
    events[0].id = "o-1", events[0].id_len = 3;
    OK(userops_log_from_events(NULL, 0, events, 4, &log, &report, &error));
    OK(userops_report_to_text(report, &text, &error));
    CONTAINS(text, "read 4 = accepted 4 + duplicate 0 + rejected 0");
    userops_report_free(report);

    userops_log *none = NULL;
    events[1].has_amount = 2;
    FAILS(userops_log_from_events(NULL, 0, events, 4, &none, NULL, &error), USEROPS_STATUS_INVALID_ARGUMENT, "event 2: has_amount is 2");
    events[1].has_amount = 0, events[2].name = NULL;
    FAILS(userops_log_from_events(NULL, 0, events, 4, &none, NULL, &error), USEROPS_STATUS_NULL_ARGUMENT, "event 3: name is NULL");
    CHECK(!none);
    return log;
}

static void judge_log(const userops_log *log) {
    userops_bytes *bytes;
    userops_log *twice;
    userops_table *table;
    size_t count;
    uint32_t user;
    int64_t first, last, total;
    OK(userops_log_user_count(log, &count, &error));
    CHECK(count == 3);
    OK(userops_log_time_span(log, &first, &last, &error));
    CHECK(first == instant("2026-01-05") && last == instant("2026-02-25"));
    OK(userops_log_amount_total(log, &total, &error));
    CHECK(total == 6150);
    OK(userops_log_find_user(log, TEXT("bob"), &user, &error));
    CHECK(user == 1);
    FAILS(userops_log_find_user(log, TEXT("zoe"), &user, &error), USEROPS_STATUS_UNKNOWN_NAME, "\"zoe\"");
    FAILS(userops_log_user_id(log, 3, &bytes, &error), USEROPS_STATUS_INVALID_ARGUMENT, "no user 3 among the log's 3");
    OK(userops_log_user_id(log, 2, &bytes, &error));
    SAYS(bytes, "cai");
    OK(userops_log_event_names(log, &bytes, &error));
    SAYS(bytes, "[\"order\",\"view\"]");
    OK(userops_log_events_of(log, 2, last, &bytes, &error));
    SAYS(bytes, "[{\"user\":\"cai\",\"time\":\"2026-02-25T00:00:00Z\",\"name\":\"view\",\"properties\":{\"page\":\"home\",\"seconds\":3}}]");
    OK(userops_log_events_of(log, 2, last - 1, &bytes, &error));
    SAYS(bytes, "[]");
    FAILS(userops_log_events_of(log, 2, INT64_MAX, &bytes, &error), USEROPS_STATUS_INVALID_TIME, "outside the years 1 to 9999");
    OK(userops_log_users(log, &table, &error));
    CSV(table, "user\nann\nbob\ncai\n");
    OK(userops_log_merge(log, log, &twice, &error));
    OK(userops_log_event_count(twice, &count, &error));
    // Only the event with an id is known to be a copy.
    CHECK(count == 7);
    userops_log_free(twice);
}

static const char ROWS[] = "{\"row_count\":2,\"columns\":[[\"user\",{\"integer\":[7,8]}],[\"time\",{\"time\":[0,86400000000]}],"
                           "[\"amount\",{\"float\":[1.5,null]}],[\"note\",{\"text\":{\"codes\":[0,null],\"dictionary\":[\"a,b\"]}}]]}";
static const char MAPPING[] = "{\"user\":\"user\",\"time\":{\"column\":\"time\"},\"event\":{\"constant\":\"order\"},"
                              "\"amount\":{\"column\":\"amount\"}}";

static int32_t count_rows(void *context, const userops_progress *progress) {
    *(uint64_t *)context = progress->rows_read;
    CHECK(progress->source_len == 6 && !memcmp(progress->source, "orders", 6));
    return 0;
}

static int32_t stop(void *context, const userops_progress *progress) {
    (void)context, (void)progress;
    return 1;
}

static int refuse_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    (void)stream, (void)out;
    return 22;
}
static const char *say_why(struct ArrowArrayStream *stream) {
    (void)stream;
    return "no schema today";
}
static void release(struct ArrowArrayStream *stream) { stream->release = NULL; }

static void judge_streams(void) {
    struct ArrowArrayStream stream;
    userops_table *table, *again;
    userops_reader *reader;
    userops_log *log = NULL;
    userops_bytes *bytes;
    uint64_t rows = 0;
    OK(userops_table_from_json(TEXT(ROWS), &table, &error));
    OK(userops_table_to_stream(table, &stream, &error));
    OK(userops_table_from_stream(&stream, &again, &error));
    CHECK(!stream.release);
    CSV(again, "user,time,amount,note\n7,1970-01-01T00:00:00Z,1.5,\"a,b\"\n8,1970-01-02T00:00:00Z,,\n");
    FAILS(userops_table_from_stream(&stream, &again, &error), USEROPS_STATUS_INVALID_FORMAT, "Arrow stream");
    struct ArrowArrayStream broken = {.get_schema = refuse_schema, .get_last_error = say_why, .release = release};
    FAILS(userops_table_from_stream(&broken, &again, &error), USEROPS_STATUS_INVALID_FORMAT, "Arrow stream");
    CHECK(!broken.release);

    OK(userops_table_to_stream(table, &stream, &error));
    OK(userops_reader_new(NULL, 0, TEXT(MAPPING), &reader, &error));
    OK(userops_reader_set_progress(reader, count_rows, &rows, &error));
    OK(userops_reader_add_stream(reader, TEXT("orders"), &stream, &error));
    OK(userops_reader_read(reader, &log, NULL, &error));
    CHECK(rows == 2);
    OK(userops_log_events_of(log, 0, DAY, &bytes, &error));
    SAYS(bytes, "[{\"user\":7,\"time\":\"1970-01-01T00:00:00Z\",\"name\":\"order\",\"amount\":150}]");
    userops_log_free(log);
    FAILS(userops_reader_read(reader, &log, NULL, &error), USEROPS_STATUS_USED_UP, "make a new one");
    FAILS(userops_reader_add_table(reader, TEXT("x"), table, &error), USEROPS_STATUS_USED_UP, "make a new one");
    userops_reader_free(reader);

    OK(userops_reader_new(NULL, 0, TEXT(MAPPING), &reader, &error));
    OK(userops_reader_set_progress(reader, stop, NULL, &error));
    OK(userops_reader_add_table(reader, TEXT("orders"), table, &error));
    log = NULL;
    FAILS(userops_reader_read(reader, &log, NULL, &error), USEROPS_STATUS_CANCELLED, "stopped after 2 rows");
    CHECK(!log);
    userops_reader_free(reader);
    // A stream that nobody reads is released with its reader.
    OK(userops_reader_new(NULL, 0, TEXT(MAPPING), &reader, &error));
    OK(userops_table_to_stream(table, &stream, &error));
    OK(userops_reader_add_attributes_stream(reader, TEXT("users"), &stream, TEXT("{\"user\":\"user\"}"), &error));
    userops_reader_free(reader);
    userops_table_free(table);
}

static userops_segment *of_ids(const userops_log *log, const char *ids) {
    userops_segment *segment;
    OK(userops_segment_of_ids(log, TEXT(ids), &segment, &error));
    return segment;
}

static size_t take_len(userops_segment *segment) {
    size_t len;
    OK(userops_segment_len(segment, &len, &error));
    userops_segment_free(segment);
    return len;
}

static void judge_segments(const userops_log *log) {
    userops_segment *a = of_ids(log, "[\"ann\",\"bob\"]"), *b = of_ids(log, "[\"bob\",\"cai\"]"), *c, *other;
    const userops_segment *both[2] = {a, b};
    userops_table *table;
    OK(userops_segment_and(a, b, &c, &error));
    OK(userops_segment_users(c, log, &table, &error));
    CSV(table, "user\nbob\n");
    CHECK(take_len(c) == 1);
    OK(userops_segment_or(a, b, &c, &error));
    CHECK(take_len(c) == 3);
    OK(userops_segment_without(a, b, &c, &error));
    OK(userops_segment_users(c, log, &table, &error));
    CSV(table, "user\nann\n");
    CHECK(take_len(c) == 1);
    OK(userops_segment_xor(a, b, &c, &error));
    CHECK(take_len(c) == 2);
    OK(userops_segment_not(a, &c, &error));
    CHECK(take_len(c) == 1);
    OK(userops_segment_at_least(2, both, 2, &c, &error));
    CHECK(take_len(c) == 1);
    OK(userops_segment_overlap(TEXT("[\"a\",\"b\"]"), both, 2, &table, &error));
    size_t rows;
    OK(userops_table_row_count(table, &rows, &error));
    CHECK(rows > 0);
    userops_table_free(table);
    FAILS(userops_segment_overlap(TEXT("[\"a\"]"), both, 2, &table, &error), USEROPS_STATUS_INVALID_ARGUMENT, "1 names");
    both[1] = NULL;
    FAILS(userops_segment_at_least(1, both, 2, &c, &error), USEROPS_STATUS_NULL_ARGUMENT, "segments[1] is NULL");
    OK(userops_segment_movements(a, b, log, &table, &error));
    CSV(table, "user,movement\nann,left\ncai,entered\n");
    OK(userops_segment_of_users((const uint32_t[]){4}, 1, 5, &other, &error));
    FAILS(userops_segment_and(a, other, &c, &error), USEROPS_STATUS_INVALID_ARGUMENT, "not of one log");
    FAILS(userops_segment_users(other, log, &table, &error), USEROPS_STATUS_INVALID_ARGUMENT, "not of one log");
    FAILS(userops_segment_of_users((const uint32_t[]){5}, 1, 5, &c, &error), USEROPS_STATUS_INVALID_ARGUMENT, "user 5");
    FAILS(userops_segment_from_bytes((const uint8_t *)"nonsense", 8, 5, &c, &error), USEROPS_STATUS_INVALID_FORMAT, "");
    userops_segment_free(a), userops_segment_free(b), userops_segment_free(other);
}

static void judge_rules(const userops_log *log, int64_t as_of) {
    userops_bytes *bytes;
    userops_segment *segment;
    OK(userops_rule_next_change(log, TEXT("count(\"order\", last(days(30))) >= 1"), 0, as_of, as_of + 60 * DAY, &bytes, &error));
    SAYS(bytes, "[\"2026-03-22T00:00:00Z\",\"false\"]");
    OK(userops_rule_next_change(log, TEXT("count(\"order\") >= 1"), 0, as_of, as_of + 60 * DAY, &bytes, &error));
    SAYS(bytes, "null");
    OK(userops_rule_check(log, TEXT("count(\"order\") >= 1"), &error));
    FAILS(userops_rule_check(log, TEXT("event.pages == 1"), &error), USEROPS_STATUS_INVALID_DEFINITION, "");
    FAILS(userops_rule_judge(log, TEXT("has_tag(\"vip\")"), 0, as_of, &bytes, &error), USEROPS_STATUS_UNKNOWN_NAME, "vip");
    OK(userops_rule_segment(log, TEXT("sum(event.amount, \"order\") > 10"), as_of, 0, &segment, &error));
    CHECK(take_len(segment) == 1);
}

static void judge_lifecycle(const userops_log *log, int64_t as_of) {
    static const char ONE[] = "{\"stages\":[{\"name\":\"buyer\",\"when\":\"count(\\\"order\\\") >= 1\"},{\"name\":\"other\",\"when\":\"true\"}]}";
    int64_t instants[3] = {instant("2026-01-10"), instant("2026-02-10"), as_of};
    userops_bytes *bytes;
    userops_table *table;
    OK(userops_lifecycle_standard(NULL, 0, &bytes, &error));
    OK(userops_lifecycle_stages(log, userops_bytes_data(bytes), userops_bytes_len(bytes), as_of, &table, &error));
    CSV(table, "user,stage\nann,growth\nbob,dormancy\ncai,introduction\n");
    userops_bytes_free(bytes);
    FAILS(userops_lifecycle_derive(log, as_of, NULL, 0, NULL, 0, &bytes, &error), USEROPS_STATUS_EMPTY, "gaps");
    OK(userops_lifecycle_stages(log, TEXT(ONE), as_of, &table, &error));
    CSV(table, "user,stage\nann,buyer\nbob,buyer\ncai,other\n");
    OK(userops_lifecycle_history_of(log, TEXT(ONE), 0, as_of, &bytes, &error));
    CONTAINS(bytes, "\"buyer\"");
    OK(userops_lifecycle_mix(log, TEXT(ONE), instants, 3, &table, &error));
    userops_bytes *csv;
    OK(userops_table_to_bytes(table, TEXT("csv"), &csv, &error));
    CONTAINS(csv, "2026-01-10T00:00:00Z,buyer,1");
    userops_table_free(table);
    OK(userops_lifecycle_forecast(log, TEXT(ONE), instants, 3, 2, TEXT("\"none\""), &table, &error));
    size_t rows;
    OK(userops_table_row_count(table, &rows, &error));
    CHECK(rows > 0);
    userops_table_free(table);
    FAILS(userops_lifecycle_forecast(log, TEXT(ONE), instants, 1, 2, NULL, 0, &table, &error), USEROPS_STATUS_EMPTY, "two instants");
    FAILS(userops_lifecycle_mix(log, TEXT("{}"), instants, 3, &table, &error), USEROPS_STATUS_INVALID_DEFINITION, "definition");
}

static void judge_growth_and_milestones(const userops_log *log, int64_t as_of) {
    userops_table *table, *summary;
    userops_bytes *csv;
    OK(userops_milestones_reach(log, TEXT("[{\"name\":\"first\",\"when\":\"count(\\\"order\\\") >= 1\"},"
                                          "{\"name\":\"second\",\"when\":\"count(\\\"order\\\") >= 2\"}]"),
                                as_of, &table, &summary, &error));
    CSV(table, "user,first,second\nann,2026-01-05T00:00:00Z,2026-02-20T00:00:00Z\nbob,2026-01-12T00:00:00Z,\ncai,,\n");
    userops_table_free(summary);
    OK(userops_log_growth(log, as_of, TEXT("{\"period\":\"month\"}"), &table, &error));
    OK(userops_table_to_bytes(table, TEXT("csv"), &csv, &error));
    CONTAINS(csv, "2026-01-01");
    userops_table_free(table);
    OK(userops_log_active_months(log, as_of, TEXT("[\"order\"]"), 12, &table, &error));
    CSV(table, "user,active_months\nann,2\nbob,1\ncai,0\n");
}

static void judge_playbook(const userops_log *log, int64_t as_of) {
    static const char DOCUMENT[] = "version = 1\nname = 'p'\nlifecycle = { standard = {} }\n"
                                   "[[segments]]\nname = 'recent'\nwhen = 'days_since_last() <= 10'\n";
    userops_playbook *playbook, *again;
    userops_outcome *before, *after;
    userops_bytes *json, *print, *other, *bytes;
    userops_table *table;
    userops_segment *segment;
    OK(userops_playbook_from_toml(TEXT(DOCUMENT), &playbook, &error));
    OK(userops_playbook_to_json(playbook, &json, &error));
    OK(userops_playbook_from_json(userops_bytes_data(json), userops_bytes_len(json), &again, &error));
    OK(userops_playbook_fingerprint(playbook, &print, &error));
    OK(userops_playbook_fingerprint(again, &other, &error));
    SAYS(other, userops_bytes_data(print));
    FAILS(userops_playbook_from_toml(TEXT("version = 1\nname = 'p'\nx = 1\n"), &again, &error), USEROPS_STATUS_INVALID_DEFINITION, "line 3, column 1");

    OK(userops_playbook_evaluate(playbook, log, as_of, NULL, 0, NULL, 0, 1, &after, &error));
    OK(userops_calibration_of_outcome(after, &bytes, &error));
    OK(userops_calibration_own(playbook, &other, &error));
    SAYS(other, userops_bytes_data(bytes));
    OK(userops_calibration_check(playbook, userops_bytes_data(bytes), userops_bytes_len(bytes), &error));
    OK(userops_playbook_evaluate(playbook, log, as_of - 30 * DAY, NULL, 0, userops_bytes_data(bytes), userops_bytes_len(bytes), 1,
                                 &before, &error));
    userops_bytes_free(bytes);
    FAILS(userops_calibration_check(playbook, TEXT("{}"), &error), USEROPS_STATUS_INVALID_DEFINITION, "calibration: line 1");
    OK(userops_outcome_to_table(after, log, &table, &error));
    CSV(table, "user,stage,segment.recent\nann,growth,true\nbob,dormancy,false\ncai,introduction,true\n");
    OK(userops_outcome_compare(before, after, log, &table, &error));
    OK(userops_table_to_bytes(table, TEXT("csv"), &bytes, &error));
    CONTAINS(bytes, "segment,recent,cai,out,in");
    userops_table_free(table);
    FAILS(userops_outcome_segment(after, TEXT("recnt"), &segment, &error), USEROPS_STATUS_UNKNOWN_NAME, "did you mean \"recent\"?");
    FAILS(userops_outcome_milestones(after, log, &table, &error), USEROPS_STATUS_UNKNOWN_NAME, "declares none");
    OK(userops_playbook_explain_move(playbook, log, before, again, after, 1, NULL, 0, &bytes, &error));
    userops_bytes *text;
    OK(userops_explanation_render(userops_bytes_data(bytes), userops_bytes_len(bytes), &text, &error));
    CONTAINS(text, "dormancy");
    userops_bytes_free(bytes), userops_bytes_free(json), userops_bytes_free(print);
    userops_outcome_free(before), userops_outcome_free(after), userops_playbook_free(playbook), userops_playbook_free(again);
}

static void judge_definitions(const userops_log *log, int64_t as_of) {
    static const char tags[] = "[{\"name\":\"buyer\",\"kind\":{\"rule\":\"count(\\\"order\\\") >= 1\"}},"
                               "{\"name\":\"again\",\"kind\":{\"rule\":\"has_tag(\\\"buyer\\\") && count(\\\"order\\\") >= 2\"}}]";
    static const char recent[] = "{\"name\":\"recent\",\"when\":\"count(last(days(30))) >= 1\"}";
    static const char act[] = "[{\"user\":\"zoe\",\"tag\":\"buyer\",\"action\":\"add\",\"author\":\"eve\",\"at\":\"2026-01-01T00:00:00Z\",\"reason\":\"x\"}]";
    userops_table *table, *counts;
    userops_segment *segment;
    userops_bytes *bytes;
    OK(userops_tags_assign(log, TEXT(tags), as_of, NULL, 0, NULL, &table, &counts, &error));
    CSV(table, "user,buyer,again\nann,true,true\nbob,true,false\ncai,false,false\n");
    OK(userops_table_to_bytes(counts, TEXT("csv"), &bytes, &error));
    CONTAINS(bytes, "buyer");
    userops_table_free(counts);
    OK(userops_tags_explain(log, TEXT(tags), as_of, NULL, 0, NULL, TEXT("again"), 1, &bytes, &error));
    CONTAINS(bytes, "\"label\":\"again\"");
    FAILS(userops_tags_explain(log, TEXT(tags), as_of, NULL, 0, NULL, TEXT("agin"), 1, &bytes, &error), USEROPS_STATUS_UNKNOWN_NAME, "again");
    FAILS(userops_tags_assign(log, TEXT(tags), as_of, TEXT(act), NULL, &table, NULL, &error), USEROPS_STATUS_UNKNOWN_NAME, "zoe");

    OK(userops_segment_assign(log, TEXT(recent), as_of, NULL, &segment, &error));
    OK(userops_segment_users(segment, log, &table, &error));
    CSV(table, "user\nann\ncai\n");
    userops_segment_free(segment);
    OK(userops_segment_explain(log, TEXT(recent), as_of, NULL, 1, &bytes, &error));
    CONTAINS(bytes, "\"label\":\"recent\"");
    OK(userops_segment_explain_moves(log, TEXT(recent), instant("2026-01-15"), NULL, as_of, NULL, 1, &bytes, &error));
    CONTAINS(bytes, "\"user\":1");
    OK(userops_segment_explain_moves(log, TEXT(recent), as_of, NULL, as_of, NULL, 10, &bytes, &error));
    SAYS(bytes, "[]");

    OK(userops_segment_find_ids(log, TEXT("[\"ann\",\"zoe\"]"), &segment, &bytes, &error));
    SAYS(bytes, "[\"zoe\"]");
    userops_segment *bob = of_ids(log, "[\"bob\"]");
    OK(userops_segment_diff_by_id(segment, log, bob, log, &bytes, &error));
    CONTAINS(bytes, "\"entered\":[\"bob\"]");
    userops_segment_free(segment), userops_segment_free(bob);
    OK(userops_segment_find_ids(log, TEXT("[]"), &segment, NULL, &error));
    CHECK(take_len(segment) == 0);
    OK(userops_lifecycle_furthest(log, TEXT("{\"stages\":[{\"name\":\"all\",\"when\":\"true\"}],\"ladder\":[\"all\"]}"), as_of, &table, &error));
    userops_table_free(table);

    OK(userops_log_order_totals(log, as_of, TEXT("[\"order\"]"), 1, &table, &error));
    CSV(table, "user,last_order,order_count,purchase_days,revenue_minor\nann,2026-02-20T00:00:00Z,2,2,5250\nbob,2026-01-12T00:00:00Z,1,1,900\n");
    FAILS(userops_log_order_totals(log, as_of, TEXT("[]"), 0, &table, &error), USEROPS_STATUS_INVALID_ARGUMENT, "orders is empty");
    OK(userops_measure_values(log, TEXT("count(\"order\")"), as_of, &table, &error));
    CSV(table, "user,value\nann,2\nbob,1\ncai,0\n");
    FAILS(userops_measure_values(log, TEXT("tag(\"buyer\")"), as_of, &table, &error), USEROPS_STATUS_UNKNOWN_NAME, "buyer");
    OK(userops_lifecycle_explain(log, TEXT("{\"stages\":[{\"name\":\"all\",\"when\":\"true\"}]}"), 0, as_of, &bytes, &error));
    CONTAINS(bytes, "\"all\"");
    OK(userops_milestones_explain(log, TEXT("[{\"name\":\"first\",\"when\":\"count(\\\"order\\\") >= 1\"}]"), as_of, 2, &bytes, &error));
    CONTAINS(bytes, "not reached");
    // Newcombe 1998, Statistics in Medicine 17, table I, method 3: 81 of 263 is from 0.2553 to 0.3662.
    OK(userops_wilson_interval(81, 263, &bytes, &error));
    CONTAINS(bytes, "\"high\":0.3662");
    OK(userops_wilson_interval(0, 0, &bytes, &error));
    SAYS(bytes, "null");
    FAILS(userops_wilson_interval(3, 2, &bytes, &error), USEROPS_STATUS_INVALID_ARGUMENT, "3 is more than the 2");
}

static void judge_live(void) {
    static const char DOCUMENT[] = "version = 1\nname = 'p'\n[schema]\nevents = ['visit']\n"
                                   "[[tags]]\nname = 'active'\nkind = { rule = 'count(\"visit\", last(hours(24))) >= 2' }\n"
                                   "[[segments]]\nname = 'here'\nwhen = 'has_tag(\"active\")'\n";
    static const char ENTRIES[] = "[{\"event\":{\"user\":\"ann\",\"time\":\"2026-03-01T10:00:00Z\",\"name\":\"visit\",\"id\":\"a\"}},"
                                  "{\"event\":{\"user\":\"ann\",\"time\":\"2026-03-01T11:00:00Z\",\"name\":\"visit\"}},"
                                  "{\"event\":{\"user\":\"ann\",\"time\":\"2026-03-01T10:00:00Z\",\"name\":\"visit\",\"id\":\"a\"}},"
                                  "{\"event\":{\"user\":\"ann\",\"time\":\"2026-02-01T10:00:00Z\",\"name\":\"visit\"}}]";
    userops_playbook *playbook;
    userops_live *live;
    userops_bytes *bytes;
    userops_table *table;
    OK(userops_playbook_from_toml(TEXT(DOCUMENT), &playbook, &error));
    OK(userops_live_open(NULL, 0, playbook, NULL, 0, TEXT("{\"lateness\":\"2h\"}"), &live, &error));
    userops_playbook_free(playbook);
    OK(userops_live_apply(live, TEXT(ENTRIES), &bytes, &error));
    CHECK(strstr(userops_bytes_data(bytes), "{\"fates\":[{\"fate\":\"taken\"},{\"fate\":\"taken\"},{\"fate\":\"duplicate\"},{"));
    CHECK(strstr(userops_bytes_data(bytes), "`lateness` is 2h"));
    CONTAINS(bytes, "\"name\":\"active\",\"from\":null,\"to\":true,\"effective_at\":\"2026-03-01T11:00:00Z\"");
    OK(userops_live_state(live, TEXT("\"ann\""), &bytes, &error));
    CONTAINS(bytes, "\"segments\":[\"here\"]");
    OK(userops_live_explain(live, TEXT("\"ann\""), &bytes, &error));
    CONTAINS(bytes, "active");
    OK(userops_live_membership(live, TEXT("here"), &bytes, &error));
    SAYS(bytes, "[\"ann\"]");
    OK(userops_live_table(live, &table, &error));
    CSV(table, "user,tag.active,segment.here\nann,true,true\n");
    OK(userops_live_advance_to(live, instant("2026-03-05"), &bytes, &error));
    CONTAINS(bytes, "\"from\":true,\"to\":null");
    FAILS(userops_live_advance_to(live, instant("2026-03-04"), &bytes, &error), USEROPS_STATUS_INVALID_ARGUMENT, "does not go back");
    FAILS(userops_live_state(live, TEXT("\"bob\""), &bytes, &error), USEROPS_STATUS_UNKNOWN_NAME, "bob");
    FAILS(userops_live_verify(live, NULL, &bytes, &error), USEROPS_STATUS_INVALID_ARGUMENT, "in memory");
    FAILS(userops_live_snapshot(live, &error), USEROPS_STATUS_INVALID_ARGUMENT, "in memory");
    userops_live_free(live);
}

static void judge_errors(void) {
    userops_table *table = NULL;
    CHECK(userops_table_from_json(TEXT("nonsense"), &table, NULL) == USEROPS_STATUS_INVALID_DEFINITION);
    CHECK(!table);
    FAILS(userops_table_from_json(TEXT("{\"row_count\":1,\"columns\":[[\"a\",{\"text\":{\"codes\":[1],\"dictionary\":[\"x\"]}}]]}"),
                                  &table, &error),
          USEROPS_STATUS_INVALID_DEFINITION, "the code 1 is past the 1 texts");
    CHECK(userops_table_from_json(TEXT("nonsense"), &table, &error) == USEROPS_STATUS_INVALID_DEFINITION);
    CHECK(!strcmp(userops_error_kind(error), "invalid_definition"));
    CHECK(userops_error_status(error) == USEROPS_STATUS_INVALID_DEFINITION);
    userops_error_free(error);
    userops_error_free(error);
    CHECK(!userops_error_message(error) && !userops_error_kind(error));
    CHECK(userops_error_status(error) == USEROPS_STATUS_INVALID_HANDLE);
    CHECK(!userops_bytes_data(NULL) && !userops_bytes_len(NULL));
    CHECK(userops_abi_version() == USEROPS_ABI_VERSION && *userops_version());
}

int main(void) {
    int64_t as_of = instant("2026-03-01");
    userops_log *log = make_log();
    judge_log(log);
    judge_streams();
    judge_segments(log);
    judge_rules(log, as_of);
    judge_lifecycle(log, as_of);
    judge_growth_and_milestones(log, as_of);
    judge_playbook(log, as_of);
    judge_definitions(log, as_of);
    judge_live();
    judge_errors();
    userops_log_free(log);
    userops_log_free(log);
    if (userops_handle_count()) note(__LINE__, "handles", "were not freed");
    printf("the journey ends with %d failures\n", failures);
    return !!failures;
}
