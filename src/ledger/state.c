/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: what may become of a record that is stored by itself. The only copy in code. */
#include "state.h"

#include <stddef.h>
#include <string.h>

#include "base/fault.h"

const char *const state_name[STATES] = {
    [STATE_PENDING] = "provisional",  [STATE_HELD] = "held",
    [STATE_WAITING] = "waiting",      [STATE_RELEASED] = "released",
    [STATE_DELIVERED] = "delivered",  [STATE_CONFIRMED] = "confirmed",
    [STATE_MISSED] = "missed",        [STATE_REJECTED] = "rejected",
    [STATE_EXPIRED] = "expired",      [STATE_DEAD] = "dead",
    [STATE_DROPPED] = "dropped",      [STATE_SUPERSEDED] = "superseded",
    [STATE_WITHDRAWN] = "withdrawn",  [STATE_HEALED] = "healed",
};

const char *const state_verb_name[STATE_VERBS] = {
    [STATE_HOLD] = "hold",           [STATE_REFUSE] = "refuse",     [STATE_PARK] = "park",
    [STATE_DIVERT] = "divert",       [STATE_APPROVE] = "approve",   [STATE_REJECT] = "reject",
    [STATE_EXPIRE] = "expire",       [STATE_FREE] = "free",         [STATE_DELIVER] = "deliver",
    [STATE_CONFIRM] = "confirm",     [STATE_MISS] = "miss",         [STATE_RETRY] = "retry",
    [STATE_DROP] = "drop",           [STATE_SUPERSEDE] = "supersede",
    [STATE_WITHDRAW] = "withdraw",   [STATE_HEAL] = "heal",
};

static const struct state_rule {
    enum state from;
    enum state_verb verb;
    enum state to;
} rules[] = {
    {STATE_PENDING, STATE_HOLD, STATE_HELD},
    {STATE_PENDING, STATE_REFUSE, STATE_DEAD},
    {STATE_PENDING, STATE_PARK, STATE_WAITING},
    {STATE_PENDING, STATE_DIVERT, STATE_RELEASED},
    {STATE_HELD, STATE_APPROVE, STATE_RELEASED},
    {STATE_HELD, STATE_REJECT, STATE_REJECTED},
    {STATE_HELD, STATE_EXPIRE, STATE_EXPIRED},
    {STATE_HELD, STATE_DIVERT, STATE_RELEASED},
    {STATE_HELD, STATE_SUPERSEDE, STATE_SUPERSEDED},
    {STATE_HELD, STATE_WITHDRAW, STATE_WITHDRAWN},
    {STATE_WAITING, STATE_FREE, STATE_RELEASED},
    {STATE_WAITING, STATE_SUPERSEDE, STATE_SUPERSEDED},
    {STATE_WAITING, STATE_WITHDRAW, STATE_WITHDRAWN},
    {STATE_RELEASED, STATE_DELIVER, STATE_DELIVERED},
    {STATE_RELEASED, STATE_REFUSE, STATE_DEAD},
    {STATE_RELEASED, STATE_SUPERSEDE, STATE_SUPERSEDED}, /* retried only, never approved */
    {STATE_DELIVERED, STATE_CONFIRM, STATE_CONFIRMED},
    {STATE_DELIVERED, STATE_MISS, STATE_MISSED},
    {STATE_DEAD, STATE_RETRY, STATE_RELEASED},
    {STATE_DEAD, STATE_DROP, STATE_DROPPED},
    {STATE_DEAD, STATE_SUPERSEDE, STATE_SUPERSEDED},
    {STATE_DEAD, STATE_WITHDRAW, STATE_WITHDRAWN},
    {STATE_DEAD, STATE_HEAL, STATE_HEALED},
};

static const struct state_rule *
rule_of(enum state state, enum state_verb verb)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].from == state && rules[i].verb == verb)
            return &rules[i];
    return NULL;
}

bool
state_of(const char *name, enum state *state)
{
    for (int i = 0; name != NULL && i < STATES; i++)
        if (strcmp(state_name[i], name) == 0) {
            *state = (enum state)i;
            return true;
        }
    return false;
}

int
state_move(enum state *state, enum state_verb verb, struct daybreak_fault *fault)
{
    const struct state_rule *rule = rule_of(*state, verb);

    if (rule == NULL) {
        fault_set(fault, DAYBREAK_ASIDE, "cannot %s a record that is %s", state_verb_name[verb],
                  state_name[*state]);
        return fault_exit(fault, 1, "decided_before");
    }
    *state = rule->to;
    return 0;
}

bool
state_may(enum state state, enum state_verb verb)
{
    return rule_of(state, verb) != NULL;
}
