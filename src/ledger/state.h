/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_STATE_H
#define LEDGER_STATE_H

#include <stdbool.h>

#include "daybreak/connector.h"

/* Where a record stands that is stored by itself: dead, held, waiting. One that passes straight
 * through has no state; its batch has. */
enum state {
    STATE_PENDING, /* set aside in a batch that has not landed: "provisional" */
    STATE_HELD,
    STATE_WAITING,
    STATE_RELEASED,
    STATE_DELIVERED,
    STATE_CONFIRMED,
    STATE_MISSED,
    STATE_REJECTED,
    STATE_EXPIRED,
    STATE_DEAD,
    STATE_DROPPED,
    STATE_SUPERSEDED,
    STATE_WITHDRAWN,
    STATE_HEALED,
    STATES,
};

enum state_verb {
    STATE_HOLD,
    STATE_REFUSE,
    STATE_PARK,
    STATE_DIVERT,
    STATE_APPROVE,
    STATE_REJECT,
    STATE_EXPIRE,
    STATE_FREE,
    STATE_DELIVER,
    STATE_CONFIRM,
    STATE_MISS,
    STATE_RETRY,
    STATE_DROP,
    STATE_SUPERSEDE,
    STATE_WITHDRAW,
    STATE_HEAL,
    STATE_VERBS,
};

extern const char *const state_name[STATES];           /* "provisional", "held", … */
extern const char *const state_verb_name[STATE_VERBS]; /* "hold", "refuse", … */

/** state_of(name, state): false when no state is called so. */
bool state_of(const char *name, enum state *state);
/** state_move(state, verb, fault): the one function that moves: ${state} becomes what the table says;
 * a move that is not in it is ASIDE status 1 and changes nothing. */
int state_move(enum state *state, enum state_verb verb, struct daybreak_fault *fault);
/** state_may(state, verb): whether it would move; for lists of allowed actions. */
bool state_may(enum state state, enum state_verb verb);

#endif
