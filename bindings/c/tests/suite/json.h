/**
 * A small reader of JSON, for the tests alone: so that they need nothing but a C compiler. It reads what serde_json writes.
 *
 * Every value remembers whether somebody asked for it, so that a runner can refuse the keys that it did not know, and where
 * it stands in the text, so that a definition can be handed on as it is.
 */
#ifndef USEROPS_TESTS_JSON_H
#define USEROPS_TESTS_JSON_H

#include <stddef.h>
#include <stdint.h>

typedef enum json_type { JSON_NULL, JSON_BOOL, JSON_INTEGER, JSON_FLOAT, JSON_TEXT, JSON_ARRAY, JSON_OBJECT } json_type;

typedef struct json json;
struct json {
    json_type type;
    /** Whether json_get() or json_use() met it. */
    int used;
    /** Of an entry of an object: its name, with a NUL byte behind it. */
    char *key;
    int boolean;
    int64_t integer;
    /** Of integers and floats. */
    double number;
    /** Of texts: with a NUL byte behind it. */
    char *text;
    size_t text_len;
    /** Of arrays and objects: the first part, how many there are, and of a part the next one. */
    json *first;
    json *next;
    size_t count;
    /** The value as it stands in the text. */
    const char *raw;
    size_t raw_len;
};

/** Reads a text, which must outlive the value. Ends the program where it is no JSON. */
json *json_read(const char *text, size_t len);
void json_free(json *value);

/** The entry of an object, or NULL where there is none or `value` is NULL; null counts as none. Marks it as used. */
json *json_get(json *value, const char *key);
/** Marks a value and all its parts as used. */
json *json_use(json *value);
/** The path to the first part that nobody asked for, written to `path`; 0 where there is none. */
int json_unused(const json *value, char *path, size_t path_len);

/** The text of an entry; ends the program where it is of another type. NULL where there is none. */
const char *json_text(json *value, const char *key);

/** Whether two values are equal. Numbers of which one is a float agree to one part in 10^12. */
int json_equal(const json *a, const json *b);

/** A text that grows. */
typedef struct builder {
    char *data;
    size_t len;
    size_t capacity;
} builder;

void put(builder *out, const char *data, size_t len);
void put_text(builder *out, const char *text);
void put_format(builder *out, const char *format, ...);
/** A text as JSON, quoted. */
void put_quoted(builder *out, const char *data, size_t len);

/** Memory, or the end of the program. */
void *allocate(size_t size);
/** Ends the program with a message. */
void die(const char *format, ...);

#endif
