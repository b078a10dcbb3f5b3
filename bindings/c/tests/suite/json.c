#include "json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void die(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "error: ");
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    exit(2);
}

void *allocate(size_t size) {
    void *memory = calloc(1, size ? size : 1);
    if (!memory) die("out of memory");
    return memory;
}

void put(builder *out, const char *data, size_t len) {
    if (out->len + len + 1 > out->capacity) {
        out->capacity = (out->len + len + 1) * 2;
        out->data = realloc(out->data, out->capacity);
        if (!out->data) die("out of memory");
    }
    if (len) memcpy(out->data + out->len, data, len);
    out->len += len;
    out->data[out->len] = 0;
}

void put_text(builder *out, const char *text) { put(out, text, strlen(text)); }

void put_format(builder *out, const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (len < 0 || (size_t)len >= sizeof text) die("a text of the tests is too long");
    put(out, text, (size_t)len);
}

void put_quoted(builder *out, const char *data, size_t len) {
    put_text(out, "\"");
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)data[i];
        if (byte == '"' || byte == '\\') put_format(out, "\\%c", byte);
        else if (byte < 0x20) put_format(out, "\\u%04x", byte);
        else put(out, data + i, 1);
    }
    put_text(out, "\"");
}

typedef struct reader {
    const char *at;
    const char *end;
} reader;

static json *read_value(reader *in);

static void skip(reader *in) {
    while (in->at < in->end && strchr(" \t\r\n", *in->at)) in->at++;
}

static void expect(reader *in, const char *word) {
    size_t len = strlen(word);
    if ((size_t)(in->end - in->at) < len || memcmp(in->at, word, len)) die("no JSON: %s is missing", word);
    in->at += len;
}

static unsigned read_hex(reader *in) {
    unsigned code = 0;
    for (int i = 0; i < 4; i++) {
        if (in->at >= in->end) die("no JSON: a text ends early");
        char digit = *in->at++;
        code = code * 16 + (unsigned)(digit <= '9' ? digit - '0' : (digit | 32) - 'a' + 10);
    }
    return code;
}

static void put_code(builder *out, unsigned code) {
    char bytes[4];
    size_t len;
    if (code < 0x80) {
        bytes[0] = (char)code, len = 1;
    } else if (code < 0x800) {
        bytes[0] = (char)(0xc0 | code >> 6), bytes[1] = (char)(0x80 | (code & 63)), len = 2;
    } else if (code < 0x10000) {
        bytes[0] = (char)(0xe0 | code >> 12), bytes[1] = (char)(0x80 | (code >> 6 & 63));
        bytes[2] = (char)(0x80 | (code & 63)), len = 3;
    } else {
        bytes[0] = (char)(0xf0 | code >> 18), bytes[1] = (char)(0x80 | (code >> 12 & 63));
        bytes[2] = (char)(0x80 | (code >> 6 & 63)), bytes[3] = (char)(0x80 | (code & 63)), len = 4;
    }
    put(out, bytes, len);
}

static char *read_text(reader *in, size_t *len) {
    builder out = {0};
    expect(in, "\"");
    put(&out, "", 0);
    for (;;) {
        if (in->at >= in->end) die("no JSON: a text does not end");
        char byte = *in->at++;
        if (byte == '"') break;
        if (byte != '\\') {
            put(&out, &byte, 1);
            continue;
        }
        char escape = in->at < in->end ? *in->at++ : '"';
        const char *plain = strchr("\"\"\\\\//b\bf\fn\nr\rt\t", escape);
        if (escape == 'u') {
            unsigned code = read_hex(in);
            if (code >= 0xd800 && code < 0xdc00) {
                expect(in, "\\u");
                code = 0x10000 + ((code - 0xd800) << 10) + (read_hex(in) - 0xdc00);
            }
            put_code(&out, code);
        } else if (plain) {
            put(&out, plain + 1, 1);
        } else {
            die("no JSON: an unknown escape");
        }
    }
    *len = out.len;
    return out.data;
}

static void read_number(reader *in, json *value) {
    const char *start = in->at;
    int is_float = 0;
    while (in->at < in->end && strchr("+-.eE0123456789", *in->at)) is_float |= !!strchr(".eE", *in->at++);
    char digits[64];
    size_t len = (size_t)(in->at - start);
    if (!len || len >= sizeof digits) die("no JSON: no number at %.20s", start);
    memcpy(digits, start, len);
    digits[len] = 0;
    value->type = is_float ? JSON_FLOAT : JSON_INTEGER;
    value->number = strtod(digits, NULL);
    if (!is_float) value->integer = strtoll(digits, NULL, 10);
}

/** Reads the parts of an array or object up to its end. */
static void read_parts(reader *in, json *value, const char *end) {
    json **last = &value->first;
    in->at++;
    for (skip(in); in->at < in->end && *in->at != *end; skip(in)) {
        if (value->count) expect(in, ","), skip(in);
        char *key = NULL;
        size_t key_len;
        if (value->type == JSON_OBJECT) {
            key = read_text(in, &key_len);
            skip(in), expect(in, ":");
        }
        *last = read_value(in);
        (*last)->key = key;
        last = &(*last)->next;
        value->count++;
    }
    expect(in, end);
}

static json *read_value(reader *in) {
    json *value = allocate(sizeof *value);
    skip(in);
    value->raw = in->at;
    switch (in->at < in->end ? *in->at : 0) {
    case '{': value->type = JSON_OBJECT, read_parts(in, value, "}"); break;
    case '[': value->type = JSON_ARRAY, read_parts(in, value, "]"); break;
    case '"': value->type = JSON_TEXT, value->text = read_text(in, &value->text_len); break;
    case 't': expect(in, "true"), value->type = JSON_BOOL, value->boolean = 1; break;
    case 'f': expect(in, "false"), value->type = JSON_BOOL; break;
    case 'n': expect(in, "null"); break;
    default: read_number(in, value);
    }
    value->raw_len = (size_t)(in->at - value->raw);
    return value;
}

json *json_read(const char *text, size_t len) {
    reader in = {text, text + len};
    json *value = read_value(&in);
    skip(&in);
    if (in.at != in.end) die("no JSON: more follows after its end");
    return value;
}

void json_free(json *value) {
    while (value) {
        json *next = value->next;
        json_free(value->first);
        free(value->key);
        free(value->text);
        free(value);
        value = next;
    }
}

json *json_get(json *value, const char *key) {
    if (!value || value->type != JSON_OBJECT) return NULL;
    for (json *part = value->first; part; part = part->next) {
        if (!strcmp(part->key, key)) {
            part->used = 1;
            return part->type == JSON_NULL ? NULL : part;
        }
    }
    return NULL;
}

json *json_use(json *value) {
    if (!value) return value;
    value->used = 1;
    for (json *part = value->first; part; part = part->next) json_use(part);
    return value;
}

int json_unused(const json *value, char *path, size_t path_len) {
    for (const json *part = value->first; part; part = part->next) {
        size_t len = strlen(path);
        snprintf(path + len, path_len - len, "%s%s", len ? "." : "", part->key ? part->key : "[]");
        // The items of an array are asked for by walking over them; what counts are entries.
        if ((part->key && !part->used) || json_unused(part, path, path_len)) return 1;
        path[len] = 0;
    }
    return 0;
}

const char *json_text(json *value, const char *key) {
    json *part = json_get(value, key);
    if (part && part->type != JSON_TEXT) die("%s is no text: %.*s", key, (int)part->raw_len, part->raw);
    return part ? part->text : NULL;
}

int json_equal(const json *a, const json *b) {
    if (!a || !b) return a == b;
    int a_is_number = a->type == JSON_INTEGER || a->type == JSON_FLOAT;
    int b_is_number = b->type == JSON_INTEGER || b->type == JSON_FLOAT;
    if (a_is_number && b_is_number) {
        if (a->type == JSON_INTEGER && b->type == JSON_INTEGER) return a->integer == b->integer;
        return fabs(a->number - b->number) <= 1e-12 * fabs(a->number);
    }
    if (a->type != b->type || a->count != b->count) return 0;
    if (a->type == JSON_TEXT) return a->text_len == b->text_len && !memcmp(a->text, b->text, a->text_len);
    if (a->type == JSON_BOOL) return a->boolean == b->boolean;
    const json *other = b->first;
    for (const json *part = a->first; part; part = part->next) {
        if (a->type == JSON_OBJECT) {
            for (other = b->first; other && strcmp(other->key, part->key);) other = other->next;
            if (!other) return 0;
        }
        if (!json_equal(part, other)) return 0;
        other = other->next;
    }
    return 1;
}
