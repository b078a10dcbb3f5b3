/**
 * Every function against every misuse that can be defined. The calls themselves are generated from the header; here are the
 * arguments that they begin from, each of which is right.
 */
#ifndef USEROPS_TESTS_MISUSE_H
#define USEROPS_TESTS_MISUSE_H

#include <stdbool.h>

#include "userops.h"

/** Makes the next call on this thread panic inside. Only a library that is built for the tests has it. */
void userops_test_panic_next(void);

/** Outputs are written here: a function that fails leaves them as they were. */
enum { OUTPUTS = 7, OUTPUT_BYTES = 64 };
extern unsigned char outputs[OUTPUTS][OUTPUT_BYTES];

void set_up(void);
void tear_down(void);

/** A handle that is right for the parameter of a function. */
void *valid_handle(const char *function, const char *parameter, const char *type);
/** A handle of the type that was freed, one of another type, and a pointer that is no handle. */
void *freed_handle(const char *type);
void *other_handle(const char *type);
void *foreign_handle(void);

/** A text that is right for the parameter of a function. */
const char *valid_text(const char *function, const char *parameter);
size_t valid_text_len(const char *function, const char *parameter);
extern const char INVALID_UTF8[];

/** Arrays that are right, each of one item but for the instants. */
extern const userops_event EVENTS[1];
extern const int64_t INSTANTS[3];
extern const uint32_t USERS[1];
const userops_segment *const *valid_segments(void);
struct ArrowArrayStream *valid_stream(void);
int32_t valid_progress(void *context, const userops_progress *progress);

/** Before and after a call: what it must come to, and that it left the outputs alone or that they are freed. */
void begin(const char *function, const char *misuse);
void expect_status(userops_status status, userops_status wanted, userops_error *error, const char *named);
void expect_other(userops_status status, userops_status unwanted, userops_error *error);
/** Whether a function without a status answered as it should. */
void expect_answer(bool is_right);
/** Frees what the call put out, as the type says. */
void free_output(int index, const char *type);

#endif
