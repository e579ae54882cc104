/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's side of a format, small enough to see through, and strict about the memory it lends. */
#include "format_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct lent {
    struct lent *next;
    void *memory;
};

/* An instance and what its options point to. */
struct holder {
    struct lent *lent;
    char self[] __attribute__((aligned(16)));
};

static void *
need(void *old, size_t size)
{
    void *memory = realloc(old, size > 0 ? size : 1);

    if (memory == NULL)
        abort();
    return memory;
}

static int __attribute__((format(printf, 3, 4)))
host_fault(struct daybreak_fault *fault, enum daybreak_fault_kind kind, const char *what, ...)
{
    va_list args;

    fault->kind = kind;
    va_start(args, what);
    vsnprintf(fault->what, sizeof fault->what, what, args);
    va_end(args);
    return -1;
}

static int __attribute__((format(printf, 2, 3)))
host_hint(struct daybreak_fault *fault, const char *hint, ...)
{
    va_list args;

    va_start(args, hint);
    vsnprintf(fault->hint, sizeof fault->hint, hint, args);
    va_end(args);
    return -1;
}

static int __attribute__((format(printf, 2, 3)))
host_within(struct daybreak_fault *fault, const char *where, ...)
{
    char front[256], what[sizeof fault->what];
    va_list args;

    va_start(args, where);
    vsnprintf(front, sizeof front, where, args);
    va_end(args);
    snprintf(what, sizeof what, "%s: %.700s", front, fault->what);
    memcpy(fault->what, what, sizeof what);
    return -1;
}

static void
host_reserve(struct daybreak_rows *rows, uint32_t count)
{
    struct format_rows *of = (struct format_rows *)rows;
    uint64_t cells = (uint64_t)count * rows->columns;

    if (count > of->rows_room) {
        of->rows_room = count + count / 2;
        rows->start = need(rows->start, (size_t)of->rows_room * sizeof *rows->start);
        rows->end = need(rows->end, (size_t)of->rows_room * sizeof *rows->end);
        rows->lines = need(rows->lines, (size_t)of->rows_room * sizeof *rows->lines);
    }
    if (cells > of->spans_room) {
        of->spans_room = (uint32_t)(cells + cells / 2);
        rows->spans = need(rows->spans, (size_t)of->spans_room * sizeof *rows->spans);
    }
}

static void __attribute__((format(printf, 5, 6)))
host_bad(struct daybreak_rows *rows, uint32_t row, uint32_t column, const char *reason, const char *detail, ...)
{
    struct format_rows *of = (struct format_rows *)rows;
    struct format_bad *bad;
    va_list args;

    if (of->bads == of->bads_room) {
        of->bads_room = of->bads_room == 0 ? 16 : of->bads_room * 2;
        of->bad = need(of->bad, of->bads_room * sizeof *of->bad);
    }
    bad = &of->bad[of->bads++];
    bad->row = row;
    bad->column = column;
    snprintf(bad->reason, sizeof bad->reason, "%s", reason);
    va_start(args, detail);
    vsnprintf(bad->detail, sizeof bad->detail, detail, args);
    va_end(args);
}

const struct daybreak_host *
format_reader_host(void)
{
    static const struct daybreak_host host = {
        .size = sizeof host, .fault = host_fault, .within = host_within, .hint = host_hint, .reserve = host_reserve, .bad = host_bad,
    };

    return &host;
}

void
format_rows_fini(struct format_rows *rows)
{
    free(rows->rows.spans);
    free(rows->rows.start);
    free(rows->rows.end);
    free(rows->rows.lines);
    free(rows->bad);
}

/* ---- options ------------------------------------------------------------------------------ */

static void *
lend(struct holder *holder, size_t size)
{
    struct lent *lent = need(NULL, sizeof *lent);

    *lent = (struct lent){holder->lent, need(NULL, size)};
    holder->lent = lent;
    return memset(lent->memory, 0, size > 0 ? size : 1);
}

static char *
lend_text(struct holder *holder, const char *at, size_t size)
{
    char *text = lend(holder, size + 1);

    memcpy(text, at, size);
    return text;
}

static size_t
split(struct holder *holder, const char *value, char by, const char ***item)
{
    size_t count = 0;

    *item = lend(holder, (strlen(value) + 1) * sizeof **item);
    while (*value != '\0') {
        size_t size = strcspn(value, (char[]){by, '\0'});

        (*item)[count++] = lend_text(holder, value, size);
        value += size + (value[size] == by);
    }
    return count;
}

static bool
option_set(struct holder *holder, const struct daybreak_option *option, const char *value)
{
    void *field = holder->self + option->at;
    const char **item, **half;
    size_t count;

    switch (option->type) {
    case DAYBREAK_TEXT:
        *(const char **)field = value == NULL ? NULL : lend_text(holder, value, strlen(value));
        return true;
    case DAYBREAK_BOOLEAN:
        *(bool *)field = value != NULL && strcmp(value, "true") == 0;
        return true;
    case DAYBREAK_INTEGER:
        *(int64_t *)field = value == NULL ? 0 : strtoll(value, NULL, 10);
        return true;
    case DAYBREAK_CHOICE:
        count = split(holder, option->choices, '|', &item);
        for (size_t i = 0; value != NULL && i < count; i++)
            if (strcmp(item[i], value) == 0)
                *(int *)field = (int)i;
        return true;
    case DAYBREAK_LIST:
        count = value == NULL ? 0 : split(holder, value, '|', &item);
        *(struct daybreak_list *)field = (struct daybreak_list){count == 0 ? NULL : item, count};
        return true;
    case DAYBREAK_MAP: {
        struct daybreak_map *map = field;

        count = value == NULL ? 0 : split(holder, value, '|', &item);
        *map = (struct daybreak_map){0};
        if (count == 0)
            return true;
        map->name = lend(holder, count * sizeof *map->name);
        map->value = lend(holder, count * sizeof *map->value);
        map->count = count;
        for (size_t i = 0; i < count; i++) {
            size_t halves = split(holder, item[i], '=', &half);

            ((const char **)map->name)[i] = half[0];
            ((const char **)map->value)[i] = halves > 1 ? half[1] : "";
        }
        return true;
    }
    default:
        return false;
    }
}

void *
format_self(const struct daybreak_connector *type, const char *const *options, struct daybreak_fault *fault)
{
    struct holder *holder = need(NULL, sizeof *holder + type->self_size);

    memset(holder, 0, sizeof *holder + type->self_size);
    for (const struct daybreak_option *option = type->options; option->name != NULL; option++) {
        const char *value = option->preset;

        for (size_t i = 0; options != NULL && options[i] != NULL; i += 2)
            if (strcmp(options[i], option->name) == 0)
                value = options[i + 1];
        if (!option_set(holder, option, value))
            abort();
    }
    if (type->open(holder->self, format_reader_host(), fault) == 0)
        return holder->self;
    while (holder->lent != NULL) {
        struct lent *lent = holder->lent;

        holder->lent = lent->next;
        free(lent->memory);
        free(lent);
    }
    free(holder);
    return NULL;
}

void
format_self_free(const struct daybreak_connector *type, void *self)
{
    struct holder *holder = (struct holder *)((char *)self - offsetof(struct holder, self));

    type->close(self);
    while (holder->lent != NULL) {
        struct lent *lent = holder->lent;

        holder->lent = lent->next;
        free(lent->memory);
        free(lent);
    }
    free(holder);
}

/* ---- reading ------------------------------------------------------------------------------ */

struct dump {
    FILE *out;
    char *columns; /* as printed last */
};

static void
cell_print(FILE *out, const char *at, uint32_t size)
{
    if (size == DAYBREAK_NULL) {
        fputc('~', out);
        return;
    }
    for (uint32_t i = 0; i < size; i++)
        switch (at[i]) {
        case '\n': fputs("\\n", out); break;
        case '\r': fputs("\\r", out); break;
        case '\0': fputs("\\0", out); break;
        case '\\':
        case '|':
        case '~': fputc('\\', out); /* fall through */
        default: fputc(at[i], out);
        }
}

static int
columns_print(struct dump *dump, const struct format_reading *reading, void *self, uint32_t *count,
              struct daybreak_fault *fault)
{
    const char *const *names;
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    if (reading->type->columns(self, &names, count, fault) != 0) {
        fclose(out);
        free(text);
        return -1;
    }
    for (uint32_t i = 0; i < *count; i++) {
        fputs(i > 0 ? "|" : "", out);
        cell_print(out, names[i], (uint32_t)strlen(names[i]));
    }
    fclose(out);
    if (dump->columns == NULL || strcmp(dump->columns, text) != 0)
        fprintf(dump->out, "%s\n", text);
    free(dump->columns);
    dump->columns = text;
    return 0;
}

static void
rows_print(struct dump *dump, const struct format_reading *reading, void *self, const struct format_rows *of)
{
    const struct daybreak_rows *rows = &of->rows;

    for (uint32_t row = 0; row < rows->rows; row++) {
        if (reading->places)
            fprintf(dump->out, "%llu:%llu+%u ", (unsigned long long)(rows->line + rows->lines[row]),
                    (unsigned long long)(rows->byte + rows->start[row]), rows->end[row] - rows->start[row]);
        for (uint32_t i = 0; i < rows->columns; i++) {
            const struct daybreak_span *span = &rows->spans[(size_t)row * rows->columns + i];

            fputs(i > 0 ? "|" : "", dump->out);
            cell_print(dump->out, rows->block + span->at, span->size);
        }
        for (uint32_t i = 0; i < of->bads; i++)
            if (of->bad[i].row == row && of->bad[i].column == UINT32_MAX)
                fprintf(dump->out, " !%s: %s", of->bad[i].reason, of->bad[i].detail);
            else if (of->bad[i].row == row)
                fprintf(dump->out, " !%s@%u: %s", of->bad[i].reason, of->bad[i].column, of->bad[i].detail);
        if (reading->marks) {
            char mark[64];
            struct daybreak_fault fault = {0};

            if (reading->type->mark(self, rows, row, mark, sizeof mark, &fault) == 0)
                fprintf(dump->out, " @%s", mark);
            else
                fprintf(dump->out, " @fault: %s", fault.what);
        }
        fputc('\n', dump->out);
    }
}

static void
feed_all(struct dump *dump, const struct format_reading *reading, void *self, const char *input, size_t size)
{
    const uint32_t small = reading->block_bytes > 0 ? reading->block_bytes : 1u << 20;
    const uint32_t most = reading->max_record > 0 ? reading->max_record : 16u << 20;
    uint32_t block = small;
    uint64_t byte = 0, line = 1;
    struct format_rows of = {.rows = {.size = sizeof of.rows}};
    struct daybreak_rows *rows = &of.rows;
    struct daybreak_fault fault = {0};

    for (;;) {
        uint64_t left = byte > size ? 0 : size - byte;
        uint32_t given = left < block ? (uint32_t)left : block, columns;
        enum daybreak_next next = DAYBREAK_IDLE;
        bool end = given == left;

        *rows = (struct daybreak_rows){.size = sizeof *rows, .spans = rows->spans, .start = rows->start,
                                       .end = rows->end, .lines = rows->lines};
        of.bads = 0;
        rows->block = need(NULL, (size_t)given * 2); /* exactly what is promised */
        if (given > 0)
            memcpy(rows->block, input + byte, given);
        rows->block_size = rows->block_used = given;
        rows->block_room = given * 2;
        rows->byte = byte;
        rows->next_line = rows->line = line;
        rows->last = end && !reading->growing;
        rows->overlong = !end && given == block && block >= most;
        if (reading->type->feed(self, rows, &next, &fault) != 0) {
            fprintf(dump->out, "fault: %s\n", fault.what);
            break;
        }
        if (rows->consumed > given || rows->block_used > rows->block_room) {
            fprintf(dump->out, "took more than there was\n");
            break;
        }
        if ((rows->rows > 0 || next == DAYBREAK_PART_END) &&
            (columns_print(dump, reading, self, &columns, &fault) != 0 || (rows->rows > 0 && columns != rows->columns))) {
            fprintf(dump->out, "columns do not fit their rows\n");
            break;
        }
        rows_print(dump, reading, self, &of);
        if (next == DAYBREAK_PART_END || next == DAYBREAK_INPUT_CUT) {
            fprintf(dump->out, next == DAYBREAK_PART_END ? "end\n" : "cut: %s\n", fault.what);
            break;
        }
        byte += rows->consumed;
        line = rows->next_line;
        if (rows->skip_to > 0) {
            byte = rows->skip_to;
        } else if (rows->consumed == 0 && rows->rows == 0) {
            if (end) {
                fprintf(dump->out, reading->growing ? "wait\n" : "stuck\n");
                break;
            }
            block = block < most ? (block * 2 < most ? block * 2 : most) : block;
        } else if (rows->rows > 0) {
            block = small;
        }
        free(rows->block);
        rows->block = NULL;
    }
    free(rows->block);
    format_rows_fini(&of);
}

char *
format_read(const struct format_reading *reading, const char *input, size_t size)
{
    struct daybreak_fault fault = {0};
    struct daybreak_part part = {.size = sizeof part, .name = "", .bytes = (int64_t)size,
                                 .time_us = DAYBREAK_NO_TIME};
    struct dump dump = {0};
    char *text;
    size_t text_size;
    void *self;

    dump.out = open_memstream(&text, &text_size);
    self = format_self(reading->type, reading->options, &fault);
    if (self == NULL || reading->type->begin(self, &part, reading->mark, &fault) != 0)
        fprintf(dump.out, "fault: %s\n", fault.what);
    else
        feed_all(&dump, reading, self, input, size);
    if (self != NULL)
        format_self_free(reading->type, self);
    fclose(dump.out);
    free(dump.columns);
    return text;
}
