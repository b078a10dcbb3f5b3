/**
 * The main job in C: reads the CDNOW purchase log, and writes the tables behind the report.
 *
 *     cc cdnow.c $(pkg-config --cflags --libs userops) -o cdnow
 *     ./cdnow ../data/cdnow_master.txt ../playbooks/cdnow.toml tables
 *
 * The folder of the tables must be there. `cargo run --example cdnow -- --out tables` writes the same tables.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userops.h"

/* Customers bought in at least 3 of the last 12 months to be core customers. */
#define CORE_MONTHS 12
#define MONTHS_SHOWN 8
#define MICROS_PER_DAY INT64_C(86400000000)

static const char SCHEMA[] = "{\"zone\": \"UTC\", \"currency\": \"USD\"}";
static const char MAPPING[] =
    "{\"user\": \"customer_id\", \"time\": {\"column\": \"date\", \"format\": \"compact_date\"}, \"event\": {\"constant\": \"purchase\"},"
    " \"amount\": {\"column\": \"dollar_value\"}, \"properties\": {\"listed\": [{\"column\": \"number_of_cds\", \"type\": \"integer\"}]}}";
static const char ORDERS[] = "{\"orders\": [\"purchase\"]}";
static const char GROUPS[] =
    "{\"value_groups\": {"
    "\"recency\": {\"name\": \"recency\", \"direction\": \"lower_is_better\", \"threshold\": \"median\"},"
    "\"frequency\": {\"name\": \"frequency\", \"direction\": \"higher_is_better\", \"threshold\": \"median\", \"comparison\": \"above\"},"
    "\"monetary\": {\"name\": \"monetary\", \"direction\": \"higher_is_better\", \"threshold\": \"median\", \"comparison\": \"above\"}}}";
static const char CONTRIBUTION[] =
    "{\"contribution\": {\"dimensions\": [{\"name\": \"revenue\", \"weight\": 1.0}, {\"name\": \"purchase days\", \"weight\": 1.0}],"
    " \"active_periods_min\": 3, \"period_count\": 12}}";

#define TEXT(text) (text), strlen(text)

static userops_error *error;

/** Ends the program where a call failed, with what the library says. */
static void must(userops_status status) {
    if (status == USEROPS_STATUS_OK) return;
    fprintf(stderr, "error: %s: %s\n", userops_error_kind(error), userops_error_message(error));
    userops_error_free(error);
    exit(1);
}

/** Writes a table as CSV, and frees it. */
static void write_table(const char *folder, const char *name, userops_table *table) {
    char path[1024];
    size_t rows;
    snprintf(path, sizeof path, "%s/%s.csv", folder, name);
    must(userops_table_write(table, TEXT(path), &error));
    must(userops_table_row_count(table, &rows, &error));
    printf("wrote %zu rows to %s\n", rows, path);
    userops_table_free(table);
}

/** Puts the columns of a table behind those of another, and frees it. */
static void append(userops_table **table, userops_table *more) {
    userops_table *joined;
    must(userops_table_beside(*table, more, &joined, &error));
    userops_table_free(*table);
    userops_table_free(more);
    *table = joined;
}

/** Takes the place of a table by some of its columns, renamed. */
static void keep_columns(userops_table **table, const char *columns) {
    userops_table *selected;
    must(userops_table_select(*table, TEXT(columns), &selected, &error));
    userops_table_free(*table);
    *table = selected;
}

static char *read_text(const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file) {
        fprintf(stderr, "error: cannot open %s\n", path);
        exit(1);
    }
    fseek(file, 0, SEEK_END);
    long len = ftell(file);
    char *text = calloc((size_t)len + 1, 1);
    rewind(file);
    if (!text || fread(text, 1, (size_t)len, file) != (size_t)len) exit(1);
    fclose(file);
    return text;
}

/** Reads the log; says what became of its rows, and writes those that were rejected. */
static userops_log *read_log(const char *path, const char *folder) {
    userops_reader *reader;
    userops_log *log;
    userops_report *report;
    userops_bytes *text;
    userops_table *rejections;
    must(userops_reader_new(TEXT(SCHEMA), TEXT(MAPPING), &reader, &error));
    must(userops_reader_add_file(reader, TEXT(path), TEXT("{\"csv\": {\"delimiter\": \"blanks\"}}"), &error));
    must(userops_reader_read(reader, &log, &report, &error));
    must(userops_report_to_text(report, &text, &error));
    must(userops_report_rejections(report, &rejections, &error));
    printf("%s\n", userops_bytes_data(text));
    write_table(folder, "rejections", rejections);
    userops_bytes_free(text);
    userops_report_free(report);
    userops_reader_free(reader);
    return log;
}

/** Scores, segments and value groups of the buyers. */
static void write_segments(const userops_log *log, int64_t as_of, const char *folder) {
    userops_table *table, *scores, *segments, *groups;
    userops_bytes *definition;
    userops_model *rfm, *ten, *eight;
    must(userops_log_buyers(log, as_of, TEXT(ORDERS), &table, &definition, &error));
    must(userops_model_fit(table, userops_bytes_data(definition), userops_bytes_len(definition), &rfm, &error));
    must(userops_model_fit(table, TEXT(GROUPS), &eight, &error));
    must(userops_model_ten_segments(&ten, &error));
    must(userops_model_score_table(rfm, table, &scores, &error));
    must(userops_model_score_table(ten, scores, &segments, &error));
    must(userops_model_score_table(eight, table, &groups, &error));
    keep_columns(&table, "[[\"user\", \"user\"], [\"recency\", \"recency_days\"], [\"frequency\", \"purchase_days\"],"
                         " [\"monetary\", \"revenue_minor\"]]");
    append(&table, scores);
    append(&table, segments);
    append(&table, groups);
    write_table(folder, "segments", table);
    userops_bytes_free(definition);
    userops_model_free(rfm);
    userops_model_free(ten);
    userops_model_free(eight);
}

/** The batch of a table, whose first column is then in its first child; the caller releases it. */
static struct ArrowArray batch_of(const userops_table *table) {
    struct ArrowArrayStream stream;
    struct ArrowArray batch;
    must(userops_table_to_stream(table, &stream, &error));
    if (stream.get_next(&stream, &batch)) {
        fprintf(stderr, "error: %s\n", stream.get_last_error(&stream));
        exit(1);
    }
    stream.release(&stream);
    return batch;
}

/** The users whose tier is core. */
static userops_segment *core_customers(const userops_table *tiers) {
    userops_table *tier;
    userops_segment *core;
    must(userops_table_select(tiers, TEXT("[[\"tier\", \"tier\"]]"), &tier, &error));
    struct ArrowArray batch = batch_of(tier);
    const int32_t *ends = batch.children[0]->buffers[1];
    const char *texts = batch.children[0]->buffers[2];
    uint32_t *users = malloc((size_t)batch.length * sizeof *users + 1);
    size_t count = 0;
    if (!users) exit(1);
    for (uint32_t user = 0; user < batch.length; user++)
        if (ends[user + 1] - ends[user] == 4 && !memcmp(texts + ends[user], "core", 4)) users[count++] = user;
    must(userops_segment_of_users(users, count, (size_t)batch.length, &core, &error));
    free(users);
    batch.release(&batch);
    userops_table_free(tier);
    return core;
}

/** A customer's money per order in dollars, as a table of one column. */
static userops_table *dollars_per_order(const userops_table *profiles) {
    userops_table *cents, *dollars;
    must(userops_table_select(profiles, TEXT("[[\"average_order_minor\", \"cents\"]]"), &cents, &error));
    struct ArrowArray batch = batch_of(cents);
    const uint8_t *known = batch.children[0]->buffers[0];
    const double *values = batch.children[0]->buffers[1];
    /* A double has at most 24 characters, and a comma follows. */
    char *json = malloc((size_t)batch.length * 25 + 100), *end = json;
    if (!json) exit(1);
    end += sprintf(end, "{\"row_count\": %lld, \"columns\": [[\"USD per order\", {\"float\": [", (long long)batch.length);
    for (int64_t row = 0; row < batch.length; row++) {
        if (row) *end++ = ',';
        if (known && !(known[row / 8] >> row % 8 & 1)) end += sprintf(end, "null");
        else end += sprintf(end, "%.17g", values[row] / 100.0);
    }
    strcpy(end, "]}]]}");
    must(userops_table_from_json(TEXT(json), &dollars, &error));
    free(json);
    batch.release(&batch);
    userops_table_free(cents);
    return dollars;
}

/** Core customers against everybody: orders, money per order, silence, and when they came. */
static void write_portrait(const userops_table *profiles, const userops_table *tiers, const char *folder) {
    userops_table *dimensions, *rest, *table;
    userops_portrait *portrait;
    userops_segment *core = core_customers(tiers);
    must(userops_table_select(profiles, TEXT("[[\"order_count\", \"orders\"]]"), &dimensions, &error));
    append(&dimensions, dollars_per_order(profiles));
    must(userops_table_select(profiles, TEXT("[[\"days_since_last_order\", \"days since the last order\"],"
                                             " [\"first_order\", \"month of the first order\"]]"), &rest, &error));
    append(&dimensions, rest);
    /* Nothing is hidden for being rare: the tables name single customers to a reader who may see them. */
    must(userops_portrait_build(core, dimensions, NULL, 0, TEXT("{\"small_cells\": \"show\"}"), &portrait, &error));
    must(userops_portrait_to_table(portrait, &table, &error));
    write_table(folder, "portrait", table);
    userops_portrait_free(portrait);
    userops_table_free(dimensions);
    userops_segment_free(core);
}

/** Core, middle and outer customers, by revenue and purchase days. The log has no refunds, so no revenue is below zero. */
static void write_contribution(const userops_log *log, int64_t as_of, const userops_table *profiles, const char *folder) {
    userops_table *measures, *months, *table, *tiers;
    userops_model *model;
    must(userops_table_select(profiles, TEXT("[[\"revenue_minor\", \"revenue\"], [\"purchase_days\", \"purchase days\"]]"),
                              &measures, &error));
    must(userops_log_active_months(log, as_of, TEXT("[\"purchase\"]"), CORE_MONTHS, &months, &error));
    keep_columns(&months, "[[\"active_months\", \"active_periods\"]]");
    append(&measures, months);
    must(userops_model_fit(measures, TEXT(CONTRIBUTION), &model, &error));
    must(userops_model_score_table(model, measures, &tiers, &error));
    keep_columns(&tiers, "[[\"score\", \"score\"], [\"tier\", \"tier\"]]");
    must(userops_table_select(profiles, TEXT("[[\"user\", \"user\"], [\"revenue_minor\", \"revenue_minor\"]]"), &table, &error));
    append(&table, tiers);
    write_portrait(profiles, table, folder);
    write_table(folder, "contribution", table);
    userops_table_free(measures);
    userops_model_free(model);
}

/** What the playbook says now, who moved in a month, and the stages at the ends of months. */
static void write_operations(const userops_log *log, const char *playbook_path, int64_t first, int64_t as_of, const char *folder) {
    userops_playbook *playbook;
    userops_outcome *now, *earlier;
    userops_bytes *calibration, *lifecycle;
    userops_table *table;
    int64_t instants[MONTHS_SHOWN + 1];
    size_t count;
    char *text = read_text(playbook_path);
    must(userops_playbook_from_toml(TEXT(text), &playbook, &error));
    must(userops_playbook_evaluate(playbook, log, as_of, NULL, 0, NULL, 0, 0, &now, &error));
    /* By the cuts and thresholds of today: only users move. */
    must(userops_calibration_of_outcome(now, &calibration, &error));
    must(userops_playbook_evaluate(playbook, log, as_of - 30 * MICROS_PER_DAY, NULL, 0, userops_bytes_data(calibration),
                                   userops_bytes_len(calibration), 0, &earlier, &error));
    userops_bytes_free(calibration);
    must(userops_outcome_to_table(now, log, &table, &error));
    write_table(folder, "operations", table);
    must(userops_outcome_summary(now, &table, &error));
    write_table(folder, "operations_summary", table);
    must(userops_outcome_milestones(now, log, &table, &error));
    write_table(folder, "milestones", table);
    must(userops_outcome_compare(earlier, now, log, &table, &error));
    write_table(folder, "moved", table);

    must(userops_outcome_lifecycle(now, &lifecycle, &error));
    must(userops_period_ends(TEXT("\"month\""), TEXT("UTC"), first, as_of, MONTHS_SHOWN, instants, &count, &error));
    instants[count++] = as_of;
    must(userops_lifecycle_mix(log, userops_bytes_data(lifecycle), userops_bytes_len(lifecycle), instants, count, &table, &error));
    write_table(folder, "stages_over_time", table);
    userops_bytes_free(lifecycle);
    userops_outcome_free(earlier);
    userops_outcome_free(now);
    userops_playbook_free(playbook);
    free(text);
}

int main(int count, char **arguments) {
    if (count != 4) {
        fprintf(stderr, "usage: %s LOG PLAYBOOK FOLDER\n", arguments[0]);
        return 2;
    }
    if (userops_abi_version() != USEROPS_ABI_VERSION) {
        fprintf(stderr, "error: the library is of another ABI than the header\n");
        return 1;
    }
    const char *folder = arguments[3];
    userops_log *log = read_log(arguments[1], folder);
    int64_t first, as_of;
    must(userops_log_time_span(log, &first, &as_of, &error));

    userops_profiles *profiles;
    userops_ladder *ladder;
    userops_table *table, *rungs;
    must(userops_profiles_build(log, as_of, TEXT(ORDERS), &profiles, &error));
    must(userops_profiles_to_table(profiles, log, &table, &error));
    must(userops_ladder_build(log, as_of, TEXT(ORDERS), &ladder, &error));
    must(userops_ladder_to_table(ladder, &rungs, &error));
    write_contribution(log, as_of, table, folder);
    write_table(folder, "profiles", table);
    write_table(folder, "ladder", rungs);
    write_segments(log, as_of, folder);
    write_operations(log, arguments[2], first, as_of, folder);
    userops_ladder_free(ladder);
    userops_profiles_free(profiles);
    userops_log_free(log);
    if (userops_handle_count()) fprintf(stderr, "%zu handles were not freed\n", userops_handle_count());
    return userops_handle_count() != 0;
}
