/**
 * The case suite judged through the C API: what the kinds of cases share.
 */
#ifndef USEROPS_TESTS_SUITE_H
#define USEROPS_TESTS_SUITE_H

#include "json.h"
#include "userops.h"

/** What became of one case. */
typedef struct verdict {
    const char *file;
    const char *name;
    int asserted;
    int failed;
    /** What is freed at the end of the case. */
    struct keepsake *kept;
} verdict;

/** Notes that the case does not hold, or makes no sense. */
void fail(verdict *v, const char *format, ...);
/** Asserts something that the case expects. */
void check(verdict *v, int holds, const char *format, ...);

/** Each compares where `expected` is there. */
void equal_json(verdict *v, const char *what, json *expected, json *actual);
void equal_integer(verdict *v, const char *what, json *expected, int64_t actual);
void equal_number(verdict *v, const char *what, json *expected, json *actual);
void equal_text(verdict *v, const char *what, json *expected, const char *actual);
void equal_bool(verdict *v, const char *what, json *expected, int actual);

/**
 * Judges how a call ended, and frees its error, which is behind a pointer since C does not say which argument it looks at first: 1 where it succeeded, and was to. Where `expect` has `refused` the kind of the
 * error is compared with it, and where it has `message` (a text, or several) the message must contain it.
 */
int succeeded(verdict *v, json *expect, userops_status status, userops_error **error);
/** A call that must succeed whatever the case expects: 1 where it did. */
int must(verdict *v, userops_status status, userops_error **error);

/** Reads JSON of the library and frees its bytes; the value lives until the case ends. NULL where there is nothing. */
json *take_json(verdict *v, userops_bytes *bytes);
/** A text of the library, which lives until the case ends. */
const char *take_text(verdict *v, userops_bytes *bytes);
/** The rows of a table as an array of objects, and frees the table. Unknown values are null. */
json *take_rows(verdict *v, userops_table *table);
/** Frees memory when the case ends. */
void *keep(verdict *v, void *memory);
/** JSON of the runner's own, read; it lives until the case ends. */
json *made(verdict *v, builder *text);

/** Pointer and length. */
#define TEXT(text) (text), strlen(text)
#define RAW(value) ((value) ? (value)->raw : NULL), ((value) ? (value)->raw_len : 0)

/** An instant of the case in microseconds; ends the program where there is none. */
int64_t micros_of(const char *text);

/**
 * A log of the first `count` of `events` as plain data, and of `attributes`, both arrays of objects, of which the second may be
 * NULL. The report may be NULL.
 */
userops_status read_events(json *schema, json *events, size_t count, json *attributes, userops_log **out_log,
                           userops_report **out_report, userops_error **out_error);

/** A table of columns: an object of arrays of numbers. Texts such as "NaN" are floats too. */
userops_status table_of_numbers(json *columns, userops_table **out_table, userops_error **out_error);

/** The rows of a table, all of them in order, of each the columns that are named. Either may be NULL. */
void judge_rows(verdict *v, const char *what, json *expected, json *rows);

/** The kinds of cases. */
void judge_active_days(verdict *v, json *body);
void judge_active_users(verdict *v, json *body);
void judge_anniversary(verdict *v, json *body);
void judge_calendar(verdict *v, json *body);
void judge_contribution(verdict *v, json *body);
void judge_event_log(verdict *v, json *body);
void judge_funnel(verdict *v, json *body);
void judge_ingest(verdict *v, json *body);
void judge_ladder(verdict *v, json *body);
void judge_live(verdict *v, json *body);
void judge_money(verdict *v, json *body);
void judge_month_arithmetic(verdict *v, json *body);
void judge_playbook(verdict *v, json *body);
void judge_portrait(verdict *v, json *body);
void judge_profile(verdict *v, json *body);
void judge_retention(verdict *v, json *body);
void judge_rfm(verdict *v, json *body);
void judge_rfm_scheme(verdict *v, json *body);
void judge_rule_text(verdict *v, json *body);
void judge_survival(verdict *v, json *body);
void judge_btyd(verdict *v, json *body);
void judge_lifetime_value(verdict *v, json *body);
void judge_ranking(verdict *v, json *body);
void judge_table(verdict *v, json *body);
void judge_session(verdict *v, json *body);
void judge_lead(verdict *v, json *body);
void judge_stickiness(verdict *v, json *body);
void judge_sequence(verdict *v, json *body);
void judge_time_format(verdict *v, json *body);
void judge_time_window(verdict *v, json *body);
void judge_value_group(verdict *v, json *body);

#endif
