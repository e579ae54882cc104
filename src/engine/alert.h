/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_ALERT_H
#define ENGINE_ALERT_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "engine/result.h"

struct json;
struct text;

/*
 * Telling people. What is to be told goes into a book in the pipeline's state folder (alerts.json), which remembers what was told to whom, and
 * from there to each way of the file; what fails is told later, by whoever looks into the book next. None of it touches data: a run
 * tells when its data is done, a follower on a thread of its own. The book is no part of the ledger, because that the ledger cannot be
 * opened is also told.
 */
struct alert;

/* By number as in config_alert_events. */
enum alert_event { ALERT_LAG, ALERT_LATE, ALERT_DEAD_LETTER, ALERT_HELD, ALERT_GUARD, ALERT_FAILED, ALERT_MISSED, ALERT_AUDIT, ALERT_FEEDBACK, ALERT_EVENTS };

/** alert_open(config, follow): NULL when the file tells nobody (all calls take that). With ${follow} a thread tells. */
struct alert *alert_open(const struct config *config, bool follow);
/** alert_result(alert, result): what a run did, so far: new ones are told, those that are over may be told again. */
void alert_result(struct alert *alert, const struct result *result);
/** alert_failing(alert, fault): a follower's route has been failing for longer than it should; fault NULL: it works again. */
void alert_failing(struct alert *alert, const struct daybreak_fault *fault);
/** alert_add(alert, event, subject, count, what, next): one thing to be told. ${subject} is what it is about: the same one is not told again
 * before `repeat`. ${what} is a sentence, ${next} a command to type behind `daybreak`. */
void alert_add(struct alert *alert, enum alert_event event, const char *subject, int64_t count, const char *what, const char *next);
/** alert_close(alert): tells what is due, once, and gives all back. */
void alert_close(struct alert *alert);

/* One way to somebody, and what came of it. */
struct alert_way {
    const char *kind;          /* command, webhook, mail */
    char to[256];              /* as far as it may be shown */
};
void alert_way_name(const struct config_alert *alert, struct alert_way *way);
/** alert_test(config, i, fault): tells way ${i} of the file a marked test, now. */
int alert_test(const struct config *config, uint32_t i, struct daybreak_fault *fault);
/** alert_book(config, each, context): what the book has: a line for each way and event. */
struct alert_line {
    const char *event, *way, *to, *text;
    int64_t count, since_us, told_us, tries;
    bool pending;
};
void alert_book(const struct config *config, void (*each)(void *context, const struct alert_line *line), void *context);

/* ---- alert_send.c -------------------------------------------------------------------------- */
struct alert_message {
    const struct config *config;
    const char *event, *id, *text, *next; /* ${text}: the whole paragraph */
    int64_t count, at_us;
    bool test;
};
/** alert_send(way, message, fault): tells it, within the way's `timeout`. RETRY for all that may be otherwise later. */
int alert_send(const struct config_alert *way, const struct alert_message *message, struct daybreak_fault *fault);

#endif
