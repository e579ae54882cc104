/* SPDX-License-Identifier: Apache-2.0 */
/* The engine's side of an extract, small enough to see through. */
#include "extract_reader.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

static char *log_text;
static size_t log_size;
static FILE *log_file;
static bool stopped;

/* An instance, its host, and what its options point to. */
struct holder {
    struct daybreak_host host;
    void **lent;
    size_t lents;
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

__attribute__((format(printf, 3, 4))) static int
host_fault(struct daybreak_fault *fault, enum daybreak_fault_kind kind, const char *what, ...)
{
    va_list args;

    *fault = (struct daybreak_fault){.kind = kind};
    va_start(args, what);
    vsnprintf(fault->what, sizeof fault->what, what, args);
    va_end(args);
    return -1;
}

__attribute__((format(printf, 2, 3))) static int
host_hint(struct daybreak_fault *fault, const char *hint, ...)
{
    va_list args;

    va_start(args, hint);
    vsnprintf(fault->hint, sizeof fault->hint, hint, args);
    va_end(args);
    return -1;
}

__attribute__((format(printf, 3, 4))) static void
host_log(const struct daybreak_host *host, char level, const char *phrase, ...)
{
    va_list args;

    (void)host;
    if (log_file == NULL)
        log_file = open_memstream(&log_text, &log_size);
    fprintf(log_file, "%c ", level);
    va_start(args, phrase);
    vfprintf(log_file, phrase, args);
    va_end(args);
    fputc('\n', log_file);
}

static void
host_crash_point(const char *name)
{
    (void)name;
}

static bool
host_stopping(const struct daybreak_host *host)
{
    (void)host;
    return stopped;
}

/* UTC, and one zone an hour ahead of it. */
static bool
host_instant(const char *text, const char *zone, int64_t *us)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

    if (end == NULL || *end != '\0' || (strcmp(zone, "UTC") != 0 && strcmp(zone, "Test/Ahead") != 0))
        return false;
    *us = ((int64_t)timegm(&tm) - (strcmp(zone, "UTC") != 0 ? 3600 : 0)) * 1000000;
    return true;
}

char *
extract_log(void)
{
    char *text;

    if (log_file == NULL)
        return strdup("");
    fclose(log_file);
    log_file = NULL;
    text = log_text;
    log_text = NULL;
    return text;
}

void
extract_stop(bool stop)
{
    stopped = stop;
}

/* ---- options ------------------------------------------------------------------------------ */

static void *
lend(struct holder *holder, size_t size)
{
    void *memory = need(NULL, size);

    holder->lent = need(holder->lent, (holder->lents + 1) * sizeof *holder->lent);
    holder->lent[holder->lents++] = memory;
    return memset(memory, 0, size > 0 ? size : 1);
}

static char *
lend_text(struct holder *holder, const char *at, size_t size)
{
    return memcpy(lend(holder, size + 1), at, size);
}

static int64_t
number(const char *value)
{
    char *unit;
    int64_t whole = strtoll(value, &unit, 10);

    if (strcmp(unit, "s") == 0)
        return whole * 1000;
    if (strcmp(unit, "GiB") == 0)
        return whole << 30;
    if (*unit == ':')
        return whole * 3600 + strtoll(unit + 1, NULL, 10) * 60;
    return whole;
}

static void
option_set(struct holder *holder, const struct daybreak_option *option, const char *value)
{
    void *field = holder->self + option->at;
    size_t count = 0, room = strlen(value) + 1;
    const char **name, **of;

    switch (option->type) {
    case DAYBREAK_TEXT:
        *(const char **)field = lend_text(holder, value, strlen(value));
        return;
    case DAYBREAK_BOOLEAN:
        *(bool *)field = strcmp(value, "true") == 0;
        return;
    case DAYBREAK_LIST:
    case DAYBREAK_MAP:
        name = lend(holder, room * sizeof *name);
        of = lend(holder, room * sizeof *of);
        while (*value != '\0') {
            size_t size = strcspn(value, "|"), half = strcspn(value, "=|");

            if (option->type == DAYBREAK_LIST)
                half = size;
            name[count] = lend_text(holder, value, half);
            of[count++] = lend_text(holder, value + half + (half < size), size - half - (half < size));
            value += size + (value[size] == '|');
        }
        if (option->type == DAYBREAK_LIST)
            *(struct daybreak_list *)field = (struct daybreak_list){name, count};
        else
            *(struct daybreak_map *)field = (struct daybreak_map){name, of, count};
        return;
    default:
        *(int64_t *)field = number(value);
    }
}

static void
holder_free(struct holder *holder)
{
    for (size_t i = 0; i < holder->lents; i++)
        free(holder->lent[i]);
    free(holder->lent);
    free(holder);
}

void *
extract_open(const struct daybreak_connector *type, const char *const *options, const char *base_dir,
             struct daybreak_fault *fault)
{
    struct holder *holder = need(NULL, sizeof *holder + type->self_size);

    memset(holder, 0, sizeof *holder + type->self_size);
    holder->host = (struct daybreak_host){
        .size = sizeof holder->host, .fault = host_fault, .hint = host_hint, .log = host_log, .crash_point = host_crash_point,
        .stopping = host_stopping, .instant = host_instant};
    holder->host.base_dir = lend_text(holder, base_dir, strlen(base_dir));
    for (const struct daybreak_option *option = type->options; option->name != NULL; option++) {
        const char *value = option->preset;

        for (size_t i = 0; options != NULL && options[i] != NULL; i += 2)
            if (strcmp(options[i], option->name) == 0)
                value = options[i + 1];
        if (value != NULL)
            option_set(holder, option, value);
    }
    if (type->open(holder->self, &holder->host, fault) == 0)
        return holder->self;
    holder_free(holder);
    return NULL;
}

void
extract_close(const struct daybreak_connector *type, void *self)
{
    type->close(self);
    holder_free((struct holder *)(void *)((char *)self - offsetof(struct holder, self)));
}

/* ---- looking and reading ------------------------------------------------------------------ */

char *
extract_look(const struct daybreak_connector *type, void *self, struct daybreak_wait *wait)
{
    struct daybreak_wait last = {.size = sizeof last, .fd = -1};
    enum daybreak_next next = DAYBREAK_MORE;
    struct daybreak_fault fault = {0};
    char *text;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    while (next == DAYBREAK_MORE) {
        struct daybreak_input input = {.size = sizeof input, .time_us = DAYBREAK_NO_TIME, .bytes = -1};

        if (type->next_input(self, &input, &last, &next, &fault) != 0) {
            fprintf(out, "fault: %s\n", fault.what);
            break;
        }
        if (next != DAYBREAK_MORE)
            break;
        fprintf(out, "%s", input.name);
        if (input.time_us == DAYBREAK_NO_TIME) {
            fprintf(out, " -");
        } else {
            time_t seconds = input.time_us / 1000000;
            char instant[40];
            struct tm tm;

            strftime(instant, sizeof instant, "%Y-%m-%dT%H:%M:%S", gmtime_r(&seconds, &tm));
            fprintf(out, " %s", instant);
        }
        fprintf(out, input.packed ? " packed\n" : "\n");
        type->abandon(self);
    }
    fclose(out);
    if (wait != NULL)
        *wait = last;
    return text;
}

bool
extract_take(const struct daybreak_connector *type, void *self, const char *name)
{
    for (;;) {
        struct daybreak_input input = {.size = sizeof input, .time_us = DAYBREAK_NO_TIME, .bytes = -1};
        struct daybreak_wait wait = {.size = sizeof wait};
        struct daybreak_fault fault = {0};
        enum daybreak_next next;

        if (type->next_input(self, &input, &wait, &next, &fault) != 0 || next != DAYBREAK_MORE)
            return false;
        if (strcmp(input.name, name) == 0)
            return true;
        type->abandon(self);
    }
}

char *
extract_hash(const char *bytes, size_t size)
{
    char *text = NULL;

    if (asprintf(&text, "#%zu:%016llx", size, (unsigned long long)XXH3_64bits(bytes, size)) < 0)
        abort();
    return text;
}

char *
extract_input(const struct daybreak_connector *type, void *self, size_t room)
{
    char *buffer = need(NULL, room), *text;
    enum daybreak_next next = DAYBREAK_MORE;
    size_t size;
    FILE *out = open_memstream(&text, &size);

    while (next == DAYBREAK_MORE) {
        struct daybreak_part part = {.size = sizeof part, .name = "", .bytes = -1};
        struct daybreak_fault fault = {0};
        char *bytes = NULL;
        size_t bytes_size = 0, bytes_room = 0;

        if (type->next_part(self, &part, &next, &fault) != 0) {
            fprintf(out, "fault: %s", fault.what);
            break;
        }
        if (next == DAYBREAK_MORE) {
            fprintf(out, "[%s]", part.name);
            while (next == DAYBREAK_MORE) {
                size_t got = 0;

                if (type->read(self, buffer, room, &got, &next, &fault) != 0) {
                    fprintf(out, "fault: %s", fault.what);
                    next = DAYBREAK_IDLE;
                    break;
                }
                if (bytes_size + got > bytes_room) {
                    bytes_room = (bytes_size + got) * 2;
                    bytes = need(bytes, bytes_room);
                }
                if (got > 0)
                    memcpy(bytes + bytes_size, buffer, got);
                bytes_size += got;
            }
            if (next == DAYBREAK_PART_END) {
                if (bytes_size > 200) {
                    char *hash = extract_hash(bytes, bytes_size);

                    fputs(hash, out);
                    free(hash);
                } else if (bytes_size > 0) {
                    fwrite(bytes, 1, bytes_size, out);
                }
                next = DAYBREAK_MORE;
            }
            free(bytes);
        }
        if (next == DAYBREAK_INPUT_END)
            fprintf(out, "end");
        else if (next == DAYBREAK_INPUT_CUT)
            fprintf(out, fault.kind == DAYBREAK_ASIDE ? "cut: %s" : "cut of no kind: %s", fault.what);
    }
    fclose(out);
    free(buffer);
    return text;
}
