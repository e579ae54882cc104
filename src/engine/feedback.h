/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_FEEDBACK_H
#define ENGINE_FEEDBACK_H

#include <stdbool.h>
#include <stdint.h>

#include "engine/view.h"
#include "ledger/lag.h"

struct inbox_letter;

/*
 * What people say of a record, and what became of it: F1 is open, answered or closed. There is no table of it: each step is a line of
 * evidence, so that nobody can have said something else later, and a feedback is what its lines tell.
 */
struct feedback {
    int64_t id;
    const char *key, *text, *by, *state;  /* open answered closed */
    const char *trace;                    /* JSON: where the record was when it was said; NULL: nobody knew it */
    const char *answer, *answered_by, *closed_by, *closed_for;
    int64_t said_at_us, answered_at_us, closed_at_us; /* DAYBREAK_NO_TIME: not yet */
};

/** feedback_each(ledger, id, each, context, fault): all of them, oldest first, or the one of that ${id} (0: all). Texts are lent for the call. */
int feedback_each(struct ledger *ledger, int64_t id, bool (*each)(void *context, const struct feedback *feedback), void *context,
                  struct daybreak_fault *fault);
/** feedback_answers(ledger, lag, waiting, fault): time from a feedback to its answer (or its end without one), as a lag; ${waiting}: how many
 * have none yet. */
int feedback_answers(struct ledger *ledger, struct lag *lag, int64_t *waiting, struct daybreak_fault *fault);
/** feedback_act(ledger, letter, answer, room, fault): letter kind F: add | answer | close, by the holder of the lock. ASIDE 1 where that cannot
 * be done (any more). */
int feedback_act(struct ledger *ledger, const struct inbox_letter *letter, char *answer, size_t room, struct daybreak_fault *fault);
/** feedback_tell(config, answer, key, text, by): the owner is told, as the file says. ${answer}: what feedback_act answered. */
void feedback_tell(const struct config *config, const char *answer, const char *key, const char *text, const char *by);

#endif
