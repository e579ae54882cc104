/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: lines for people and for collectors, on stderr, one write each. */
#include "log.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "text.h"

#define LINE_MOST 4096
#define FACTS_MOST 16
#define MARK '\xff' /* stands in no UTF-8 text */

static _Atomic int level_now = LOG_LEVEL_WARN;
static _Atomic int mode; /* 0: not looked up, 1: plain, 2: logfmt */
static void (*line_hook)(void);
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

void
log_level_set(enum log_level level)
{
    atomic_store(&level_now, (int)level);
}

enum log_level
log_level_get(void)
{
    return (enum log_level)atomic_load_explicit(&level_now, memory_order_relaxed);
}

void
log_line_hook(void (*hook)(void))
{
    pthread_mutex_lock(&turn);
    line_hook = hook;
    pthread_mutex_unlock(&turn);
}

static bool
is_logfmt(void)
{
    int is = atomic_load_explicit(&mode, memory_order_relaxed);

    if (is == 0) {
        const char *wish = getenv("DAYBREAK_LOG");

        is = wish != NULL && strcmp(wish, "logfmt") == 0 ? 2 : 1;
        atomic_store(&mode, is);
    }
    return is == 2;
}

/* ---- phrase, then facts ------------------------------------------------------------------- */

/* A format "phrase: key=%d other=%s: rest", taken apart. Keys point into the format. */
struct parts {
    struct text format; /* the same without the keys, each value and the rest behind a MARK */
    const char *key[FACTS_MOST];
    size_t key_size[FACTS_MOST];
    size_t count;
    bool rest;
};

/* Length of a key with '=' behind it, else 0. */
static size_t
key_length(const char *at)
{
    size_t size = strspn(at, "abcdefghijklmnopqrstuvwxyz_");

    return at[size] == '=' ? size : 0;
}

/* Where the facts begin, behind the ": " of the phrase; NULL: it has none. */
static const char *
facts_of(const char *format)
{
    for (const char *at = strstr(format, ": "); at != NULL; at = strstr(at + 1, ": "))
        if (key_length(at + 2) > 0)
            return at + 2;
    return NULL;
}

/* The keys are found in the format, not in the line: a value cannot pretend to be another fact. */
static bool
take_apart(const char *format, struct parts *parts)
{
    const char *at = facts_of(format);

    if (at == NULL)
        return false;
    text_add(&parts->format, format, (size_t)(at - 2 - format));
    while (parts->count < FACTS_MOST && key_length(at) > 0) {
        const char *end;

        parts->key[parts->count] = at;
        parts->key_size[parts->count] = key_length(at);
        at += parts->key_size[parts->count++] + 1;
        for (end = at; *end != '\0' && strncmp(end, ": ", 2) != 0; end++)
            if (*end == ' ' && key_length(end + 1) > 0)
                break;
        text_char(&parts->format, MARK);
        text_add(&parts->format, at, (size_t)(end - at));
        at = *end == ' ' ? end + 1 : end;
    }
    parts->rest = *at == ':';
    if (parts->rest) {
        text_char(&parts->format, MARK);
        text_put(&parts->format, at + 2);
    }
    return parts->rest || *at == '\0';
}

static void
put_value(struct text *line, const char *value, size_t size)
{
    bool bare = size > 0;

    for (size_t i = 0; i < size && bare; i++)
        bare = value[i] > ' ' && value[i] < 0x7f && value[i] != '"' && value[i] != '=' && value[i] != '\\';
    if (bare) {
        text_add(line, value, size);
        return;
    }
    text_char(line, '"');
    for (size_t i = 0; i < size;) {
        size_t run = 0;

        while (i + run < size && value[i + run] != '"' && value[i + run] != '\\')
            run++;
        text_printable(value + i, run, SIZE_MAX, line);
        i += run;
        if (i < size) {
            text_char(line, '\\');
            text_char(line, value[i++]);
        }
    }
    text_char(line, '"');
}

static void
put_fact(struct text *line, const char *key, size_t key_size, const char *value, size_t size)
{
    text_char(line, ' ');
    text_add(line, key, key_size);
    text_char(line, '=');
    put_value(line, value, size);
}

/* What the marked format gave; false when its marks are not ours alone. */
static bool
put_facts(struct text *line, const struct parts *parts, const char *message, size_t size)
{
    size_t marks = 0;
    const char *at = message, *end = message + size;

    for (size_t i = 0; i < size; i++)
        marks += message[i] == MARK;
    if (marks != parts->count + parts->rest)
        return false;
    for (size_t i = 0; i <= marks; i++) {
        const char *stop = memchr(at, MARK, (size_t)(end - at));
        size_t length = (size_t)((stop == NULL ? end : stop) - at);

        if (i == 0)
            put_fact(line, "msg", 3, at, length);
        else if (i <= parts->count)
            put_fact(line, parts->key[i - 1], parts->key_size[i - 1], at, length);
        else
            put_fact(line, "error", 5, at, length);
        at += length + 1;
    }
    return true;
}

/* ---- the line ----------------------------------------------------------------------------- */

/* Formatted text of at most LINE_MOST bytes, so that one that is longer shows it by being at its limit. */
__attribute__((format(printf, 2, 0))) static size_t
format_to(char to[LINE_MOST + 1], const char *format, va_list args)
{
    int size = vsnprintf(to, LINE_MOST + 1, format, args);

    return size < 0 ? 0 : size < LINE_MOST ? (size_t)size : LINE_MOST;
}

__attribute__((format(printf, 3, 0))) static void
logfmt_line(struct text *line, enum log_level level, const char *phrase, va_list args)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    char ts[CLOCK_TEXT_ROOM], message[LINE_MOST + 1];
    struct parts parts = {.count = 0};
    bool done = false;
    va_list again;

    clock_text(clock_now_us(), ts);
    text_printf(line, "level=%s ts=%s", names[level], ts);
    va_copy(again, args);
    if (take_apart(phrase, &parts)) {
/* The marked format has the conversions of the checked one, in their order. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        size_t size = format_to(message, text_end(&parts.format), args);
#pragma GCC diagnostic pop

        done = put_facts(line, &parts, message, size);
    }
    if (!done)
        put_fact(line, "msg", 3, message, format_to(message, phrase, again));
    va_end(again);
    text_fini(&parts.format);
}

__attribute__((format(printf, 2, 0))) static void
plain_line(struct text *line, const char *phrase, va_list args)
{
    char message[LINE_MOST + 1];
    size_t size = format_to(message, phrase, args);

    text_put(line, "daybreak: ");
    text_printable(message, size, LINE_MOST, line);
}

static void
give(const char *at, size_t size)
{
    while (size > 0) {
        ssize_t done = write(STDERR_FILENO, at, size);

        if (done <= 0 && errno != EINTR)
            return; /* nowhere left to say it */
        if (done > 0) {
            at += done;
            size -= (size_t)done;
        }
    }
}

void
log_writev(enum log_level level, const char *phrase, va_list args)
{
    struct text line = {0};
    int error = errno; /* who logs may still want it */

    if (level > log_level_get())
        return;
    if (is_logfmt())
        logfmt_line(&line, level, phrase, args);
    else
        plain_line(&line, phrase, args);
    if (line.size >= LINE_MOST) {
        line.size = text_utf8_cut(line.at, line.size, LINE_MOST - sizeof("…"));
        text_put(&line, "…");
    }
    text_char(&line, '\n');
    pthread_mutex_lock(&turn);
    if (line_hook != NULL)
        line_hook();
    give(line.at, line.size);
    pthread_mutex_unlock(&turn);
    text_fini(&line);
    errno = error;
}

void
log_write(enum log_level level, const char *phrase, ...)
{
    va_list args;

    va_start(args, phrase);
    log_writev(level, phrase, args);
    va_end(args);
}
