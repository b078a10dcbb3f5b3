#include "misuse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "arrow.h"

unsigned char outputs[OUTPUTS][OUTPUT_BYTES];
const char INVALID_UTF8[] = "\xff\xfe";

static const char PLAYBOOK[] = "{\"version\":1,\"name\":\"p\",\"segments\":[{\"name\":\"s\",\"when\":\"count() >= 1\"}],"
                               "\"milestones\":[{\"name\":\"m\",\"when\":\"count() >= 1\"}],\"lifecycle\":{\"standard\":{}},"
                               "\"scores\":[{\"name\":\"r\",\"kind\":{\"value\":{\"measure\":\"count()\"}}}]}";
static const char MEASURES[] = "{\"row_count\":2,\"columns\":[[\"recency\",{\"integer\":[1,2]}],[\"frequency\",{\"integer\":[1,2]}],"
                               "[\"monetary\",{\"integer\":[1,2]}]]}";
static const char OTHER[] = "{\"row_count\":2,\"columns\":[[\"other\",{\"integer\":[1,2]}]]}";
static const char LIVES[] = "{\"row_count\":4,\"columns\":[[\"duration\",{\"integer\":[1,2,3,4]}],[\"event\",{\"integer\":[1,1,1,0]}],"
                            "[\"x\",{\"integer\":[0,1,1,0]}]]}";
static const char CUSTOMERS[] = "{\"row_count\":4,\"columns\":[[\"x\",{\"integer\":[0,1,2,0]}],[\"t_x\",{\"integer\":[0,9,3,0]}],"
                                "[\"T\",{\"integer\":[20,15,30,9]}],[\"mean_spend\",{\"integer\":[0,4,6,0]}],"
                                "[\"holdout_next\",{\"integer\":[3,1,2,9]}]]}";
static const char RANKING[] = "{\"row_count\":2,\"columns\":[[\"score\",{\"float\":[0.2,0.8]}],[\"outcome\",{\"integer\":[0,1]}]]}";
static const char WARNING_MODEL[] = "{\"options\":{},\"population\":{\"gap_weight\":1},\"intercept\":0,\"coefficients\":[{\"feature\":\"silence_days\","
                                    "\"mean\":0,\"scale\":1,\"coefficient\":1}],\"calibration\":{\"intercept\":0,\"slope\":1}}";
static const char FEATURES[] = "{\"silence_days\":1,\"recent_active_day_count\":1,\"before_active_day_count\":1,\"recent_kind_count\":1,"
                               "\"before_kind_count\":1,\"is_comparable\":true,\"refund_count\":0,\"tenure_days\":9,\"active_day_count\":2}";
static const char LOGISTIC_FIT[] = "{\"options\":{\"outcome\":\"event\"},\"coefficients\":[{\"name\":\"intercept\",\"value\":0},{\"name\":\"duration\","
                                   "\"value\":1}],\"log_likelihood\":-1,\"row_count\":4,\"left_out_count\":0,\"positive_count\":3,"
                                   "\"iteration_count\":3,\"converged\":true,\"separated\":false}";
static const char EVENT_ROWS[] = "{\"row_count\":1,\"columns\":[[\"user\",{\"integer\":[1]}],[\"time\",{\"time\":[0]}]]}";
static const char ENTRIES[] = "[{\"event\":{\"user\":\"ann\",\"time\":\"1970-01-01T00:00:00Z\",\"name\":\"view\"}}]";
static const char USER[] = "{\"recency\":1,\"frequency\":1,\"monetary\":1}";
#define ANSWER_AT INT64_C(1748736000000000)

const userops_event EVENTS[1] = {{.user = "ann", .user_len = 3, .time_micros = 1, .name = "view", .name_len = 4}};
const int64_t INSTANTS[3] = {INT64_C(1740787200000000), INT64_C(1743465600000000), ANSWER_AT};
const uint32_t USERS[1] = {0};

/** One of each type. */
typedef struct handles {
    userops_log *log;
    userops_report *report;
    userops_table *measures, *other, *events, *users, *lives, *customers, *ranking;
    userops_playbook *playbook;
    userops_outcome *outcome;
    userops_bytes *calibration;
    /** Looked up once: a call that is to panic must not be one of the setup. */
    const char *calibration_text;
    userops_profiles *profiles;
    userops_ladder *ladder;
    userops_segment *segment, *nobody;
    userops_model *model;
    userops_portrait *portrait;
    userops_bytes *bytes;
    userops_error *error;
    userops_reader *reader;
    userops_live *live;
} handles;

static handles alive, freed;
static int failures, calls;
static const char *current_function, *current_misuse;

#define TEXT(text) (text), strlen(text)
#define OR_DIE(call)                                                                        \
    do {                                                                                    \
        userops_error *error = NULL;                                                        \
        if (call) {                                                                         \
            fprintf(stderr, "%s: %s\n", #call, userops_error_message(error));               \
            exit(2);                                                                        \
        }                                                                                   \
    } while (0)

static userops_reader *new_reader(void) {
    userops_reader *reader = NULL;
    OR_DIE(userops_reader_new(NULL, 0, TEXT("{\"user\":\"user\",\"time\":{\"column\":\"time\"},\"event\":{\"constant\":\"view\"}}"),
                              &reader, &error));
    return reader;
}

/** A folder that is not there yet, for an engine. */
static const char *new_folder(void) {
    static char folder[80];
    static int count;
    snprintf(folder, sizeof folder, "target/c/misuse/live-%ld-%d", (long)time(NULL), count++);
    return folder;
}

/** The folder of the call that is judged; a right call finds one that nobody else has open. */
static const char *opened_folder(void) {
    static char folder[80];
    if (!*folder) strcpy(folder, new_folder());
    return folder;
}

static void make(handles *h) {
    userops_log *few = NULL;
    OR_DIE(userops_log_sample(TEXT("community"), TEXT("{\"users\":200}"), &h->log, &error));
    OR_DIE(userops_log_from_events(NULL, 0, EVENTS, 1, &few, &h->report, &error));
    userops_log_free(few);
    OR_DIE(userops_table_from_json(TEXT(MEASURES), &h->measures, &error));
    OR_DIE(userops_table_from_json(TEXT(OTHER), &h->other, &error));
    OR_DIE(userops_table_from_json(TEXT(EVENT_ROWS), &h->events, &error));
    OR_DIE(userops_table_from_json(TEXT(LIVES), &h->lives, &error));
    OR_DIE(userops_table_from_json(TEXT(CUSTOMERS), &h->customers, &error));
    OR_DIE(userops_table_from_json(TEXT(RANKING), &h->ranking, &error));
    OR_DIE(userops_log_users(h->log, &h->users, &error));
    OR_DIE(userops_playbook_from_json(TEXT(PLAYBOOK), &h->playbook, &error));
    OR_DIE(userops_playbook_evaluate(h->playbook, h->log, ANSWER_AT, NULL, 0, NULL, 0, 0, &h->outcome, &error));
    OR_DIE(userops_calibration_of_outcome(h->outcome, &h->calibration, &error));
    h->calibration_text = (const char *)userops_bytes_data(h->calibration);
    OR_DIE(userops_profiles_build(h->log, ANSWER_AT, NULL, 0, &h->profiles, &error));
    OR_DIE(userops_ladder_build(h->log, ANSWER_AT, TEXT("{\"orders\":[\"pay\"]}"), &h->ladder, &error));
    OR_DIE(userops_outcome_segment(h->outcome, TEXT("s"), &h->segment, &error));
    OR_DIE(userops_segment_of_ids(h->log, TEXT("[]"), &h->nobody, &error));
    OR_DIE(userops_model_fit(h->measures, TEXT("{\"rfm\":{}}"), &h->model, &error));
    OR_DIE(userops_portrait_build(h->segment, h->users, NULL, 0, NULL, 0, &h->portrait, &error));
    OR_DIE(userops_instant_format(0, &h->bytes, &error));
    userops_playbook_from_toml(TEXT("x"), NULL, &h->error);
    h->reader = new_reader();
    const char *folder = new_folder();
    uint64_t sequence;
    uint32_t index;
    userops_bytes *result;
    OR_DIE(userops_live_open(folder, strlen(folder), h->playbook, TEXT(h->calibration_text), NULL, 0, &h->live, &error));
    OR_DIE(userops_live_apply(h->live, TEXT(ENTRIES), &result, &error));
    userops_bytes_free(result);
    OR_DIE(userops_live_subscribe(h->live, TEXT("s"), &sequence, &index, &error));
}

static void unmake(handles *h) {
    userops_log_free(h->log), userops_report_free(h->report), userops_table_free(h->measures), userops_table_free(h->other);
    userops_table_free(h->events), userops_table_free(h->users), userops_playbook_free(h->playbook);
    userops_outcome_free(h->outcome), userops_profiles_free(h->profiles), userops_ladder_free(h->ladder);
    userops_segment_free(h->nobody), userops_table_free(h->lives), userops_table_free(h->customers);
    userops_table_free(h->ranking);
    userops_segment_free(h->segment), userops_model_free(h->model), userops_portrait_free(h->portrait);
    userops_bytes_free(h->calibration), userops_bytes_free(h->bytes), userops_error_free(h->error), userops_reader_free(h->reader);
    userops_live_free(h->live);
}

static void *handle_of(const handles *h, const char *type) {
    struct {
        const char *type;
        void *handle;
    } all[] = {
        {"userops_log", h->log},           {"userops_report", h->report},     {"userops_table", h->measures},
        {"userops_playbook", h->playbook}, {"userops_outcome", h->outcome},   {"userops_profiles", h->profiles},
        {"userops_ladder", h->ladder},     {"userops_segment", h->segment},   {"userops_model", h->model},
        {"userops_portrait", h->portrait}, {"userops_bytes", h->bytes},       {"userops_error", h->error},       {"userops_live", h->live},
        {"userops_reader", h->reader},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!strcmp(all[i].type, type)) return all[i].handle;
    }
    fprintf(stderr, "%s is a type of handles that the tests do not know: add it to setup.c\n", type);
    exit(2);
}

static struct ArrowArrayStream stream;
static char user_id[64];

static void release_stream(void) {
    if (stream.release) stream.release(&stream);
}

void set_up(void) {
    make(&alive);
    make(&freed);
    unmake(&freed);
    userops_bytes *id = NULL;
    OR_DIE(userops_log_user_id(alive.log, 0, &id, &error));
    snprintf(user_id, sizeof user_id, "%s", userops_bytes_data(id));
    userops_bytes_free(id);
}

void tear_down(void) {
    unmake(&alive);
    release_stream();
    size_t left = userops_handle_count();
    if (left) failures++, fprintf(stderr, "%zu handles were not freed\n", left);
    printf("%d calls, %d failed\n", calls, failures);
    exit(!!failures);
}

void *freed_handle(const char *type) { return handle_of(&freed, type); }
void *other_handle(const char *type) {
    return handle_of(&alive, strcmp(type, "userops_log") ? "userops_log" : "userops_report");
}
void *foreign_handle(void) {
    static long long memory[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    return memory;
}

void *valid_handle(const char *function, const char *parameter, const char *type) {
    if (!strcmp(function, "userops_table_beside") && !strcmp(parameter, "other")) return alive.other;
    if (!strcmp(function, "userops_reader_add_table") && !strcmp(parameter, "table")) return alive.events;
    if (!strcmp(function, "userops_funnel_compare") && !strcmp(parameter, "second")) return alive.nobody;
    if (!strcmp(parameter, "dimensions")) return alive.users;
    if (!strcmp(parameter, "lives")) return alive.lives;
    if (!strcmp(parameter, "customers")) return alive.customers;
    if (!strcmp(parameter, "ranking")) return alive.ranking;
    if (!strncmp(function, "userops_logistic_", 17) && !strcmp(parameter, "table")) return alive.lives;
    return handle_of(&alive, type);
}

static const char *const TEXTS[][3] = {
    // A function, or none for all others, a parameter, and its text.
    {"userops_period_ends", "period", "\"month\""},
    {"userops_log_growth", "options", "{\"period\":\"month\"}"},
    {"userops_log_series", "options", "{\"period\":\"month\"}"},
    {"userops_log_portrait_series", "options", "{\"period\":\"month\",\"attribute\":\"city\"}"},
    {"userops_log_drivers", "options", "{\"target\":{\"events\":[\"pay\"]}}"},
    {"userops_log_attribution", "options",
     "{\"conversion\":{\"events\":[\"pay\"]},\"touches\":{\"patterns\":[{\"channel\":\"a\",\"events\":[\"view\"]}]}}"},
    {"userops_btyd_fit", "options", "{\"model\":\"mbg_nbd\",\"ridge\":0.1}"},
    {"", "btyd_model", "{\"model\":\"bg_nbd\",\"r\":0.24,\"alpha\":4.4,\"a\":0.79,\"b\":2.4}"},
    {"", "horizons", "[1, 52]"},
    {"userops_btyd_predict_next_purchase", "options", "{\"horizon\":4}"},
    {"userops_btyd_review_next_purchase", "options", "{\"horizon\":4}"},
    {"", "value_model", "{\"purchases\":{\"model\":\"bg_nbd\",\"r\":0.24,\"alpha\":4.4,\"a\":0.79,\"b\":2.4},\"spend\":{\"p\":6.25,\"q\":3.74,\"v\":15.4}}"},
    {"userops_lifetime_value_rank_win_back", "options", "{\"silent_at_least\":4}"},
    {"", "purchases_fit", "{\"options\":{\"model\":\"bg_nbd\"},\"model\":{\"model\":\"bg_nbd\",\"r\":0.24,\"alpha\":4.4,\"a\":0.79,\"b\":2.4},\"parameters\":[],\"log_likelihood\":-1.0,\"customer_count\":9,\"group_count\":9,\"left_out_count\":0,\"iteration_count\":5,\"converged\":true,\"notes\":[]}"},
    {"", "spend_fit", "{\"options\":{\"model\":\"gamma_gamma\"},\"model\":{\"model\":\"gamma_gamma\",\"p\":6.25,\"q\":3.74,\"v\":15.4},\"parameters\":[],\"log_likelihood\":-1.0,\"customer_count\":9,\"group_count\":9,\"left_out_count\":0,\"iteration_count\":5,\"converged\":true,\"notes\":[]}"},
    {"userops_lifetime_value_forecast", "options", "{\"period_count\":4}"},
    {"userops_lifetime_value_forecast", "groups", "{\"by\":\"x\"}"},
    {"userops_share_of_top", "values", "[1, 2, null]"},
    {"", "customer_ratios", "[0.5]"},
    {"", "warning_model", WARNING_MODEL},
    {"", "features", FEATURES},
    {"", "list", "{\"capacity\":3}"},
    {"userops_warning_fit", "options", "{\"horizon_days\":14}"},
    {"userops_logistic_fit", "options", "{\"outcome\":\"event\",\"columns\":[\"duration\"],\"ridge\":1}"},
    {"", "logistic_fit", LOGISTIC_FIT},
    {"userops_survival_compare", "options", "{\"group\":\"x\"}"},
    {"userops_log_retention", "options", "{\"period\":\"month\"}"},
    {"userops_log_stickiness", "options", "{\"period\":\"month\"}"},
    {"", "funnel", "{\"steps\":[\"view\",\"pay\"]}"},
    {"", "period", "\"month\""},
    {"userops_funnel_break_down", "breakdown", "{\"attribute\":\"city\"}"},
    {"userops_funnel_preset", "preset", "clickhouse"},
    {"userops_funnel_preset", "steps", "[\"view\"]"},
    {"userops_funnel_preset", "window", "7d"},
    {"", "bin", "1h"},
    {"", "pattern", "{\"pattern\":\"(?1)\",\"conditions\":[{\"events\":[\"view\"]}]}"},
    {"", "query", "{\"chain\":[{\"events\":[\"view\"]}]}"},
    {"userops_ladder_", "options", "{\"orders\":[\"pay\"]}"},
    {"userops_log_buyers", "options", "{\"orders\":[\"pay\"]}"},
    {"userops_log_sample", "kind", "community"},
    {"userops_log_active_months", "events", "[\"pay\"]"},
    {"userops_milestones_aarrr", "events", "{\"acquisition\":[\"register\"],\"activation\":[\"view\"],\"retention\":[\"view\"],\"retention_days\":2,\"revenue\":[\"pay\"],\"referral\":[\"invite\"]}"},
    {"userops_outcome_score_model", "name", "r"},
    {"userops_outcome_segment", "name", "s"},
    {"userops_reader_add_attributes", "mapping", "{\"user\":\"user\"}"},
    {"userops_table_select", "columns", "[[\"recency\",\"r\"]]"},
    {"userops_table_to_bytes", "format", "csv"},
    {"userops_instant", "format", "date"},
    {"userops_instant_from_number", "format", "epoch_seconds"},
    {"userops_live_", "user", "\"ann\""},
    {"userops_live_", "name", "s"},
    {"", "entries", "[]"},
    {"", "ids", "[]"},
    {"userops_portrait_build", "options", "{}"},
    {"", "format", "\"auto\""},
    {"", "mapping", "{\"user\":\"user\",\"time\":{\"column\":\"time\"},\"event\":{\"constant\":\"view\"}}"},
    {"", "zone", "UTC"},
    {"", "window", "\"all\""},
    {"", "week_start", "monday"},
    {"", "day", "2025-01-31"},
    {"", "anniversary", "{\"origin\":\"1990-02-28\"}"},
    {"", "instant_text", "2025-01-31"},
    {"", "currency", "USD"},
    {"", "explanation", "{\"label\":\"x\"}"},
    {"", "definition", "{\"stages\":[{\"name\":\"all\",\"when\":\"true\"}]}"},
    {"", "newcomers", "\"none\""},
    {"", "milestones", "[{\"name\":\"m\",\"when\":\"count() >= 1\"}]"},
    {"", "model_json", "{\"cells\":{\"segments\":[{\"name\":\"all\"}]}}"},
    {"", "user_json", USER},
    {"", "rule", "count() >= 1"},
    {"", "tree", "{\"all\":[]}"},
    {"", "playbook_toml", "version = 1\nname = \"p\"\n"},
    {"", "playbook_json", PLAYBOOK},
    {"", "manual_tags", "[]"},
    {"", "table_json", OTHER},
    {"userops_tags_", "tags", "[{\"name\":\"t\",\"kind\":{\"rule\":\"count() >= 1\"}}]"},
    {"userops_tags_explain", "name", "t"},
    {"", "lead_json", "{\"engagement\":{\"groups\":[{\"name\":\"g\",\"events\":[{\"name\":\"e\",\"points\":1}]}]}}"},
    {"", "segment_json", "{\"name\":\"s\",\"when\":\"count() >= 1\"}"},
    {"", "measure", "count()"},
    {"userops_log_order_totals", "orders", "[\"pay\"]"},
    {"", "names", "[\"a\"]"},
    {"", "data", ""},
    {"", "path", "/nonexistent/file.csv"},
};

const char *valid_text(const char *function, const char *parameter) {
    const char *found = NULL;
    if (!strcmp(function, "userops_model_fit") && !strcmp(parameter, "definition")) return "{\"rfm\":{}}";
    if (!strcmp(parameter, "folder")) return opened_folder();
    if (!strcmp(parameter, "calibration")) return alive.calibration_text;
    if (!strcmp(function, "userops_log_find_user")) {
        return user_id;
    }
    if (!strcmp(function, "userops_segment_from_bytes")) return "\x3a\x30\0\0\0\0\0\0";
    size_t best = 0;
    for (size_t i = 0; i < sizeof TEXTS / sizeof *TEXTS; i++) {
        size_t len = strlen(TEXTS[i][0]);
        int fits = !strncmp(TEXTS[i][0], function, len) && !strcmp(TEXTS[i][1], parameter);
        if (fits && (!found || len > best)) found = TEXTS[i][2], best = len;
    }
    return found ? found : "{}";
}

size_t valid_text_len(const char *function, const char *parameter) {
    if (!strcmp(function, "userops_segment_from_bytes")) return 8;
    return strlen(valid_text(function, parameter));
}

const userops_segment *const *valid_segments(void) {
    static const userops_segment *segments[1];
    segments[0] = alive.segment;
    return segments;
}

struct ArrowArrayStream *valid_stream(void) {
    json value = {.type = JSON_INTEGER, .integer = 1, .number = 1};
    arrow_column column = {"user", ARROW_INTEGER, &value, 1};
    release_stream();
    arrow_stream(&column, &stream);
    return &stream;
}

int32_t valid_progress(void *context, const userops_progress *progress) {
    (void)context, (void)progress;
    return 0;
}

void begin(const char *function, const char *misuse) {
    current_function = function, current_misuse = misuse;
    calls++;
    // One that was read from is used up. No argument is made by the library later on: the panic is for the call itself.
    userops_reader_free(alive.reader);
    alive.reader = new_reader();
    memset(outputs, 0xaa, sizeof outputs);
}

static void complain(const char *what, userops_status status, userops_error *error) {
    const char *message = error ? userops_error_message(error) : NULL;
    failures++;
    fprintf(stderr, "%s, %s: %s (status %d, %s)\n", current_function, current_misuse, what, status, message ? message : "no message");
}

static int is_untouched(void) {
    for (int i = 0; i < OUTPUTS; i++) {
        for (int j = 0; j < OUTPUT_BYTES; j++) {
            if (outputs[i][j] != 0xaa) return 0;
        }
    }
    return 1;
}

void expect_status(userops_status status, userops_status wanted, userops_error *error, const char *named) {
    if (status != wanted) complain("another status was to be", status, error);
    if (status != USEROPS_STATUS_OK) {
        if (!is_untouched()) complain("an output was written", status, error);
        if (!error || userops_error_status(error) != status) complain("the error is not that of the call", status, error);
        if (error && named && !strstr(userops_error_message(error), named)) complain("the message names no argument", status, error);
    }
    userops_error_free(error);
}

void expect_other(userops_status status, userops_status unwanted, userops_error *error) {
    if (status == unwanted) complain("this status was not to be", status, error);
    if (status && !is_untouched()) complain("an output was written", status, error);
    userops_error_free(error);
}

void expect_answer(bool is_right) {
    if (!is_right) complain("another answer was to be", USEROPS_STATUS_OK, NULL);
}

void free_output(int index, const char *type) {
    void *handle;
    memcpy(&handle, outputs[index], sizeof handle);
    static unsigned char untouched[sizeof handle];
    memset(untouched, 0xaa, sizeof untouched);
    if (!memcmp(outputs[index], untouched, sizeof untouched)) return;
    if (!strcmp(type, "stream")) {
        struct ArrowArrayStream *out = (struct ArrowArrayStream *)(void *)outputs[index];
        out->release(out);
        return;
    }
    // Only the function of its own type frees a handle.
    userops_log_free(handle), userops_report_free(handle), userops_table_free(handle), userops_playbook_free(handle);
    userops_outcome_free(handle), userops_profiles_free(handle), userops_ladder_free(handle), userops_segment_free(handle);
    userops_model_free(handle), userops_portrait_free(handle), userops_bytes_free(handle), userops_reader_free(handle);
    userops_live_free(handle);
}
