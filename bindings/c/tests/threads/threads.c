/** Threads on frozen handles: the same answers, also while another thread frees what they work on. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "userops.h"

#define TEXT(text) (text), strlen(text)
#define AS_OF INT64_C(1748736000000000)
enum { THREADS = 4, ROUNDS = 20 };

static const char PLAYBOOK[] = "version = 1\nname = 'p'\n[[segments]]\nname = 'active'\nwhen = 'count(last(days(30))) >= 3'\n"
                               "[[tags]]\nname = 'regular'\nkind = { rule = 'active_days() >= 10' }\n";

static userops_log *shared_log;
static userops_playbook *shared_playbook;
/** Freed while other threads read from it. */
static userops_log *doomed;

static void die(const char *what, userops_error *error) {
    fprintf(stderr, "%s: %s\n", what, error ? userops_error_message(error) : "");
    exit(1);
}

static userops_log *sample(void) {
    userops_log *log = NULL;
    userops_error *error = NULL;
    if (userops_log_sample(TEXT("community"), TEXT("{\"users\":300}"), &log, &error)) die("sample", error);
    return log;
}

/** All answers of the playbook as CSV. */
static userops_bytes *answers(void) {
    userops_outcome *outcome = NULL;
    userops_table *table = NULL;
    userops_bytes *csv = NULL;
    userops_error *error = NULL;
    if (userops_playbook_evaluate(shared_playbook, shared_log, AS_OF, NULL, 0, NULL, 0, 0, &outcome, &error) ||
        userops_outcome_to_table(outcome, shared_log, &table, &error) || userops_table_to_bytes(table, TEXT("csv"), &csv, &error)) {
        die("answers", error);
    }
    userops_outcome_free(outcome);
    userops_table_free(table);
    return csv;
}

static void *evaluate(void *context) {
    const char *expected = context;
    for (int round = 0; round < ROUNDS; round++) {
        userops_bytes *csv = answers();
        if (strcmp(expected, userops_bytes_data(csv))) die("two threads get other answers", NULL);
        userops_bytes_free(csv);
        // What another thread may have freed is refused, and never a fault.
        userops_bytes *events = NULL;
        userops_status status = userops_log_events_of(doomed, 0, AS_OF, &events, NULL);
        if (status && status != USEROPS_STATUS_INVALID_HANDLE) die("a freed log is not refused", NULL);
        userops_bytes_free(events);
    }
    return NULL;
}

int main(void) {
    userops_error *error = NULL;
    pthread_t threads[THREADS];
    shared_log = sample();
    doomed = sample();
    if (userops_playbook_from_toml(TEXT(PLAYBOOK), &shared_playbook, &error)) die("playbook", error);
    userops_bytes *expected = answers();
    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, evaluate, (void *)userops_bytes_data(expected))) die("no thread", NULL);
    }
    userops_log_free(doomed);
    for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
    userops_bytes_free(expected);
    userops_log_free(shared_log);
    userops_playbook_free(shared_playbook);
    if (userops_handle_count()) die("handles were not freed", NULL);
    printf("%d threads, %d rounds each\n", THREADS, ROUNDS);
    return 0;
}
