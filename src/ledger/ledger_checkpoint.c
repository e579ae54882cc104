/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: how far each handoff is. Where the target keeps that itself, this is a cache. */
#include "ledger.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/crash.h"
#include "parts.h"

static char *
copy(const char *text)
{
    return text != NULL ? memory_text(text) : NULL;
}

int
ledger_checkpoint_get(struct ledger *ledger, const char *handoff,
                      struct ledger_checkpoint *checkpoint, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query =
        store_query(store, fault,
                    "SELECT epoch, position, released, batch, committed_at_us, state_mark,"
                    " intended_mark FROM checkpoint WHERE handoff = ?",
                    "t", handoff);
    int row;

    if (query == NULL)
        return -1;
    row = store_step(store, query, fault);
    if (row >= 0)
        memset(checkpoint, 0, sizeof(*checkpoint));
    if (row == 1) {
        checkpoint->found = true;
        checkpoint->epoch = sqlite3_column_int64(query, 0);
        checkpoint->position = copy(store_text(query, 1));
        checkpoint->released = sqlite3_column_int64(query, 2);
        checkpoint->batch = sqlite3_column_int64(query, 3);
        checkpoint->committed_at_us = sqlite3_column_int64(query, 4);
        checkpoint->state_mark = copy(store_text(query, 5));
        checkpoint->intended_mark = copy(store_text(query, 6));
    } else if (row == 0) {
        checkpoint->position = memory_text("");
    }
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

void
ledger_checkpoint_fini(struct ledger_checkpoint *checkpoint)
{
    free(checkpoint->position);
    free(checkpoint->state_mark);
    free(checkpoint->intended_mark);
    memset(checkpoint, 0, sizeof(*checkpoint));
}

int
ledger_checkpoint_put(struct ledger *ledger, const char *handoff,
                      const struct ledger_checkpoint *checkpoint, struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    return store_run(&ledger->store, fault,
                     "INSERT INTO checkpoint (handoff, epoch, position, released, batch,"
                     " committed_at_us, state_mark) VALUES (?, ?, ifnull(?, ''), ?, ?, ?, ?)"
                     " ON CONFLICT (handoff) DO UPDATE SET epoch = excluded.epoch,"
                     " position = excluded.position, released = excluded.released,"
                     " batch = excluded.batch, committed_at_us = excluded.committed_at_us,"
                     " state_mark = excluded.state_mark, intended_mark = NULL",
                     "titiiit", handoff, checkpoint->epoch, checkpoint->position,
                     checkpoint->released, checkpoint->batch, checkpoint->committed_at_us,
                     checkpoint->state_mark) < 0
               ? -1
               : 0;
}

int
ledger_checkpoint_intend(struct ledger *ledger, const char *handoff, const char *mark,
                         struct daybreak_fault *fault)
{
    STORE_TURN(&ledger->store);

    CRASH_POINT("ledger.before-intend");
    if (store_run(&ledger->store, fault,
                  "INSERT INTO checkpoint (handoff, intended_mark) VALUES (?, ?)"
                  " ON CONFLICT (handoff) DO UPDATE SET intended_mark = excluded.intended_mark",
                  "tt", handoff, mark) < 0)
        return -1;
    CRASH_POINT("ledger.intended");
    return 0;
}
