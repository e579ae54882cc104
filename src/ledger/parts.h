/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_PARTS_H
#define LEDGER_PARTS_H

#include "ledger.h"
#include "store.h"

/* What the ledger's own files share. Private to this folder. */
struct ledger {
    struct store store;
    char run[40];          /* the one that is going on, or "" */
    bool provisional;      /* between ledger_provisional_begin and its commit or drop */
    int64_t rolled_at_us;  /* when the histograms were last rolled up */
};

/** parts_dead_land(ledger, handoff, batch, fault): the provisional letters and closings of ${batch} are
 * final from here on. Inside the transaction that counts it. */
int parts_dead_land(struct ledger *ledger, const char *handoff, int64_t batch,
                    struct daybreak_fault *fault);
/** parts_decide(ledger, verb, subject, handoff, counts, fault): a decision counted as a batch of its own
 * kind. Inside the transaction that takes it. */
int parts_decide(struct ledger *ledger, const char *verb, const char *subject, const char *handoff,
                 const struct daybreak_counts *counts, struct daybreak_fault *fault);
/** parts_lag_merge: ${set} into the minute of ${at_us}, rolling up what is old now and then. */
int parts_lag_merge(struct ledger *ledger, int64_t at_us, const struct lag_set *set,
                    struct daybreak_fault *fault);
/** parts_set(ledger, name, value, fault): a note of the ledger's own; its name begins with "ledger.". */
int parts_set(struct ledger *ledger, const char *name, const char *value,
              struct daybreak_fault *fault);

#endif
