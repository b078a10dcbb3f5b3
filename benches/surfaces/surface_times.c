/** Times calls of a kernel in C: `surface_times FILE KERNEL OPTIONS REPS` prints milliseconds. */
#define _POSIX_C_SOURCE 199309L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "userops.h"

#define TEXT(text) (text), strlen(text)

static const char MAPPING[] =
    "{\"user\": \"uid\", \"user_type\": \"integer\", \"time\": {\"column\": \"ts\"}, \"event\": {\"column\": \"event\"},"
    " \"amount\": {\"column\": \"amount\", \"unit\": \"minor\"}}";

static userops_error *error;

static void must(userops_status status) {
    if (status == USEROPS_STATUS_OK) return;
    fprintf(stderr, "error: %s: %s\n", userops_error_kind(error), userops_error_message(error));
    exit(1);
}

static double now_ms(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

/** One call, and what it made is freed. */
static void call(const userops_log *log, int64_t as_of, const char *kernel, const char *options) {
    userops_profiles *profiles;
    userops_table *table;
    if (strcmp(kernel, "profiles") == 0) {
        must(userops_profiles_build(log, as_of, TEXT(options), &profiles, &error));
        userops_profiles_free(profiles);
        return;
    }
    if (strcmp(kernel, "retention") == 0) {
        must(userops_log_retention(log, as_of, TEXT(options), &table, NULL, &error));
    } else if (strcmp(kernel, "growth") == 0) {
        must(userops_log_growth(log, as_of, TEXT(options), &table, &error));
    } else if (strcmp(kernel, "funnel") == 0) {
        must(userops_funnel_measure(log, as_of, TEXT(options), &table, &error));
    } else {
        fprintf(stderr, "error: \"%s\" is no kernel\n", kernel);
        exit(1);
    }
    userops_table_free(table);
}

int main(int argc, char **argv) {
    userops_reader *reader;
    userops_log *log;
    int64_t first, last;
    if (argc != 5) {
        fprintf(stderr, "error: give FILE KERNEL OPTIONS REPS\n");
        return 1;
    }
    must(userops_reader_new(NULL, 0, MAPPING, strlen(MAPPING), &reader, &error));
    must(userops_reader_add_file(reader, TEXT(argv[1]), NULL, 0, &error));
    must(userops_reader_read(reader, &log, NULL, &error));
    must(userops_log_time_span(log, &first, &last, &error));
    for (long rep = 0; rep < atol(argv[4]); rep++) {
        double start = now_ms();
        call(log, last, argv[2], argv[3]);
        printf("%.4f\n", now_ms() - start);
    }
    userops_log_free(log);
    userops_reader_free(reader);
    return 0;
}
