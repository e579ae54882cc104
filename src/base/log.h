/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdarg.h>

/* ERROR: a person is needed. WARN: soon. INFO: a few lines a batch. DEBUG: each record. */
enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/*
 * To stderr: plain "daybreak: …" lines on a terminal or from cron, `level=… ts=… msg="…" k=v` (logfmt)
 * with DAYBREAK_LOG=logfmt. Control, C1 and bidi characters are escaped, a line is cut at 4 KiB.
 * Default level WARN; -v INFO, -vv DEBUG, -q ERROR. Any thread.
 */
void log_level_set(enum log_level level);
enum log_level log_level_get(void);
void log_write(enum log_level level, const char *phrase, ...) __attribute__((format(printf, 2, 3)));
void log_writev(enum log_level level, const char *phrase, va_list args) __attribute__((format(printf, 2, 0)));
/** log_line_hook(hook): called before a line is printed, so that a progress bar can clear itself. */
void log_line_hook(void (*hook)(void));

#define LOG_ERROR(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define LOG_WARN(...) log_write(LOG_LEVEL_WARN, __VA_ARGS__)
#define LOG_INFO(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define LOG_DEBUG(...)                                                                             \
    do {                                                                                           \
        if (log_level_get() >= LOG_LEVEL_DEBUG)                                                    \
            log_write(LOG_LEVEL_DEBUG, __VA_ARGS__);                                               \
    } while (0)

#endif
