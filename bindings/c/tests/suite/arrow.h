/**
 * Arrow streams of one column, for the tests.
 */
#ifndef USEROPS_TESTS_ARROW_H
#define USEROPS_TESTS_ARROW_H

#include "json.h"
#include "userops.h"

typedef enum arrow_type { ARROW_BOOL, ARROW_INTEGER, ARROW_FLOAT, ARROW_TEXT, ARROW_DATE, ARROW_TIME } arrow_type;

/** A column of values that follow each other. Dates are days and instants microseconds; null is unknown. */
typedef struct arrow_column {
    const char *name;
    arrow_type type;
    const json *first;
    size_t count;
} arrow_column;

/** A stream of one batch with the column. It does not depend on the column any more. */
void arrow_stream(const arrow_column *column, struct ArrowArrayStream *out);

#endif
