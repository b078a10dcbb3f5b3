#include "arrow.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/** What a stream hands out: the batch until it is taken, and the column's name and format. */
typedef struct source {
    struct ArrowArray batch;
    char *name;
    const char *format;
} source;

static const char *FORMATS[] = {"b", "l", "g", "u", "tdD", "tsu:UTC"};

static void release_array(struct ArrowArray *array) {
    for (int64_t i = 0; i < array->n_children; i++) {
        if (array->children[i]->release) array->children[i]->release(array->children[i]);
        free(array->children[i]);
    }
    for (int64_t i = 0; i < array->n_buffers; i++) free((void *)array->buffers[i]);
    free(array->children);
    free(array->buffers);
    array->release = NULL;
}

static struct ArrowArray new_array(size_t length, int64_t buffers, int64_t children) {
    struct ArrowArray array = {.length = (int64_t)length, .n_buffers = buffers, .n_children = children};
    array.buffers = allocate((size_t)buffers * sizeof(void *));
    array.children = allocate((size_t)children * sizeof(struct ArrowArray *));
    array.release = release_array;
    return array;
}

static void set_bit(uint8_t *bits, size_t index) { bits[index / 8] |= (uint8_t)(1 << index % 8); }

static double number_of(const json *value) {
    return value->type == JSON_TEXT ? strtod(value->text, NULL) : value->number;
}

/** The values of a column of any type but text. */
static void *values_of(const arrow_column *column) {
    size_t widths[] = {1, 8, 8, 0, 4, 8};
    uint8_t *data = allocate(column->count * widths[column->type] + 8);
    size_t row = 0;
    for (const json *value = column->first; row < column->count; value = value->next, row++) {
        double number = value->type == JSON_NULL ? 0 : number_of(value);
        int64_t integer = value->integer;
        int32_t days = (int32_t)integer;
        switch (column->type) {
        case ARROW_BOOL:
            if (value->boolean) set_bit(data, row);
            break;
        case ARROW_FLOAT: memcpy(data + row * 8, &number, 8); break;
        case ARROW_DATE: memcpy(data + row * 4, &days, 4); break;
        default: memcpy(data + row * 8, &integer, 8);
        }
    }
    return data;
}

/** The ends of texts, and the texts. */
static void put_texts(const arrow_column *column, struct ArrowArray *array) {
    int32_t *ends = allocate((column->count + 1) * sizeof *ends);
    builder texts = {0};
    size_t row = 0;
    put(&texts, "", 0);
    for (const json *value = column->first; row < column->count; value = value->next, row++) {
        if (value->type == JSON_TEXT) put(&texts, value->text, value->text_len);
        ends[row + 1] = (int32_t)texts.len;
    }
    array->buffers[1] = ends;
    array->buffers[2] = texts.data;
}

static struct ArrowArray *array_of(const arrow_column *column) {
    struct ArrowArray *array = allocate(sizeof *array);
    *array = new_array(column->count, column->type == ARROW_TEXT ? 3 : 2, 0);
    uint8_t *known = allocate(column->count / 8 + 1);
    size_t row = 0;
    for (const json *value = column->first; row < column->count; value = value->next, row++) {
        if (value->type == JSON_NULL) array->null_count++;
        else set_bit(known, row);
    }
    array->buffers[0] = known;
    if (column->type == ARROW_TEXT) put_texts(column, array);
    else array->buffers[1] = values_of(column);
    return array;
}

static void release_schema(struct ArrowSchema *schema) {
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release) schema->children[i]->release(schema->children[i]);
        free(schema->children[i]);
    }
    free(schema->children);
    free((void *)schema->name);
    schema->release = NULL;
}

static char *copy(const char *text) {
    char *memory = allocate(strlen(text) + 1);
    return strcpy(memory, text);
}

static int get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out) {
    source *from = stream->private_data;
    struct ArrowSchema *child = allocate(sizeof *child);
    *child = (struct ArrowSchema){.format = from->format, .name = copy(from->name), .flags = ARROW_FLAG_NULLABLE};
    child->release = release_schema;
    *out = (struct ArrowSchema){.format = "+s", .name = copy(""), .n_children = 1, .release = release_schema};
    out->children = allocate(sizeof *out->children);
    out->children[0] = child;
    return 0;
}

static int get_next(struct ArrowArrayStream *stream, struct ArrowArray *out) {
    source *from = stream->private_data;
    *out = from->batch;
    memset(&from->batch, 0, sizeof from->batch);
    return 0;
}

static const char *get_last_error(struct ArrowArrayStream *stream) {
    (void)stream;
    return NULL;
}

static void release_stream(struct ArrowArrayStream *stream) {
    source *from = stream->private_data;
    if (from->batch.release) from->batch.release(&from->batch);
    free(from->name);
    free(from);
    stream->release = NULL;
}

void arrow_stream(const arrow_column *column, struct ArrowArrayStream *out) {
    source *from = allocate(sizeof *from);
    *from = (source){new_array(column->count, 1, 1), copy(column->name), FORMATS[column->type]};
    from->batch.children[0] = array_of(column);
    *out = (struct ArrowArrayStream){get_schema, get_next, get_last_error, release_stream, from};
}
