/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: what may become of a record that is stored by itself. The only copy in code. */
#include "stored.h"

#include <stddef.h>
#include <string.h>

#include "base/fault.h"

const char *const stored_state_name[STORED_STATES] = {
    [STORED_PENDING] = "provisional",  [STORED_HELD] = "held",
    [STORED_WAITING] = "waiting",      [STORED_RELEASED] = "released",
    [STORED_DELIVERED] = "delivered",  [STORED_CONFIRMED] = "confirmed",
    [STORED_MISSED] = "missed",        [STORED_REJECTED] = "rejected",
    [STORED_EXPIRED] = "expired",      [STORED_DEAD] = "dead",
    [STORED_DROPPED] = "dropped",      [STORED_SUPERSEDED] = "superseded",
    [STORED_WITHDRAWN] = "withdrawn",  [STORED_HEALED] = "healed",
    [STORED_FILTERED] = "filtered",
};

const char *const stored_verb_name[STORED_VERBS] = {
    [STORED_HOLD] = "hold",           [STORED_REFUSE] = "refuse",     [STORED_PARK] = "park",
    [STORED_DIVERT] = "divert",       [STORED_APPROVE] = "approve",   [STORED_REJECT] = "reject",
    [STORED_EXPIRE] = "expire",       [STORED_FREE] = "free",         [STORED_DELIVER] = "deliver",
    [STORED_CONFIRM] = "confirm",     [STORED_MISS] = "miss",         [STORED_RETRY] = "retry",
    [STORED_DROP] = "drop",           [STORED_SUPERSEDE] = "supersede",
    [STORED_WITHDRAW] = "withdraw",   [STORED_HEAL] = "heal",        [STORED_FILTER] = "filter",
};

static const struct stored_rule {
    enum stored_state from;
    enum stored_verb verb;
    enum stored_state to;
} rules[] = {
    {STORED_PENDING, STORED_HOLD, STORED_HELD},
    {STORED_PENDING, STORED_REFUSE, STORED_DEAD},
    {STORED_PENDING, STORED_PARK, STORED_WAITING},
    {STORED_PENDING, STORED_DIVERT, STORED_RELEASED},
    {STORED_HELD, STORED_APPROVE, STORED_RELEASED},
    {STORED_HELD, STORED_REJECT, STORED_REJECTED},
    {STORED_HELD, STORED_EXPIRE, STORED_EXPIRED},
    {STORED_HELD, STORED_DIVERT, STORED_RELEASED},
    {STORED_HELD, STORED_SUPERSEDE, STORED_SUPERSEDED},
    {STORED_HELD, STORED_WITHDRAW, STORED_WITHDRAWN},
    {STORED_WAITING, STORED_FREE, STORED_RELEASED},
    {STORED_WAITING, STORED_SUPERSEDE, STORED_SUPERSEDED},
    {STORED_WAITING, STORED_WITHDRAW, STORED_WITHDRAWN},
    {STORED_RELEASED, STORED_DELIVER, STORED_DELIVERED},
    {STORED_RELEASED, STORED_REFUSE, STORED_DEAD},
    {STORED_RELEASED, STORED_FILTER, STORED_FILTERED},
    {STORED_RELEASED, STORED_SUPERSEDE, STORED_SUPERSEDED}, /* retried only, never approved */
    {STORED_DELIVERED, STORED_CONFIRM, STORED_CONFIRMED},
    {STORED_DELIVERED, STORED_MISS, STORED_MISSED},
    {STORED_DEAD, STORED_RETRY, STORED_RELEASED},
    {STORED_DEAD, STORED_DROP, STORED_DROPPED},
    {STORED_DEAD, STORED_SUPERSEDE, STORED_SUPERSEDED},
    {STORED_DEAD, STORED_WITHDRAW, STORED_WITHDRAWN},
    {STORED_DEAD, STORED_HEAL, STORED_HEALED},
};

static const struct stored_rule *
rule_of(enum stored_state state, enum stored_verb verb)
{
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
        if (rules[i].from == state && rules[i].verb == verb)
            return &rules[i];
    return NULL;
}

bool
stored_state_of(const char *name, enum stored_state *state)
{
    for (int i = 0; name != NULL && i < STORED_STATES; i++)
        if (strcmp(stored_state_name[i], name) == 0) {
            *state = (enum stored_state)i;
            return true;
        }
    return false;
}

int
stored_move(enum stored_state *state, enum stored_verb verb, struct daybreak_fault *fault)
{
    const struct stored_rule *rule = rule_of(*state, verb);

    if (rule == NULL) {
        fault_set(fault, DAYBREAK_ASIDE, "cannot %s a record that is %s", stored_verb_name[verb],
                  stored_state_name[*state]);
        return fault_exit(fault, 1, "decided_before");
    }
    *state = rule->to;
    return 0;
}

bool
stored_may(enum stored_state state, enum stored_verb verb)
{
    return rule_of(state, verb) != NULL;
}
