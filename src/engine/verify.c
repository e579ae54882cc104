/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger counted anew, and held against what the target says of the same batches. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "engine/view.h"
#include "sink/sink.h"

/* Batches of one side, by number. */
struct side {
    int64_t *number;
    struct daybreak_counts *counts;
    int64_t *changes;
    size_t count, room;
    int64_t after;      /* those up to here cannot be compared any more */
};

static bool
side_add(void *context, const struct daybreak_batch_row *row)
{
    struct side *side = context;

    if (row->story->batch <= side->after)
        return true;
    if (side->count == side->room) {
        side->room = side->room == 0 ? 256 : side->room * 2;
        side->number = memory_grow(side->number, side->room * sizeof *side->number);
        side->counts = memory_grow(side->counts, side->room * sizeof *side->counts);
        side->changes = memory_grow(side->changes, side->room * sizeof *side->changes);
    }
    side->number[side->count] = row->story->batch;
    side->counts[side->count] = row->counts;
    side->counts[side->count].size = sizeof row->counts;
    side->changes[side->count++] = row->changes;
    return true;
}

static void
side_fini(struct side *side)
{
    free(side->number);
    free(side->counts);
    free(side->changes);
}

static const char *
first_difference(const struct daybreak_counts *a, const struct daybreak_counts *b, int64_t *left, int64_t *right)
{
#define X(name)                                                                                    \
    if (a->name != b->name) {                                                                      \
        *left = a->name;                                                                           \
        *right = b->name;                                                                          \
        return #name;                                                                              \
    }
    DAYBREAK_COUNTS(X)
#undef X
    return NULL;
}

static int
compare(const struct side *ours, const struct side *theirs, struct view_verify *verify, struct daybreak_fault *fault)
{
    size_t i = 0, k = 0;

    while (i < ours->count || k < theirs->count) {
        int64_t mine = i < ours->count ? ours->number[i] : INT64_MAX, other = k < theirs->count ? theirs->number[k] : INT64_MAX;
        const char *name;
        int64_t left, right;

        if (mine < other) {
            fault_set(fault, DAYBREAK_HALT, "batch %" PRId64 " is in the ledger, but not in the target", mine);
            return fault_exit(fault, 70, "batch-missing");
        }
        if (other < mine) {
            if (i == ours->count) { /* killed between the target's commit and the ledger's */
                verify->not_taken_over++;
                k++;
                continue;
            }
            fault_set(fault, DAYBREAK_HALT, "batch %" PRId64 " is in the target, but not in the ledger", other);
            return fault_exit(fault, 70, "batch-missing");
        }
        name = first_difference(&ours->counts[i], &theirs->counts[k], &left, &right);
        if (name != NULL) {
            fault_set(fault, DAYBREAK_HALT, "batch %" PRId64 " counts %" PRId64 " %s in the ledger, %" PRId64 " in the target", mine,
                      left, name, right);
            return fault_exit(fault, 70, "batch-differs");
        }
        i++;
        k++;
    }
    return 0;
}

static bool
count_evidence(void *context, const struct ledger_evidence *evidence)
{
    (void)evidence;
    ++*(int64_t *)context;
    return true;
}

static int
against_target(struct view *view, const struct side *ours, struct view_verify *verify, struct daybreak_fault *fault)
{
    struct side theirs = {.after = ours->after};
    struct ledger_identity identity;
    struct sink *sink = NULL;
    volatile int never = 0;
    int result = -1;

    if (ledger_identity(view->ledger, view->name, &identity, fault) != 0 || sink_open(view->config, &never, &sink, fault) != 0)
        return -1;
    if (!sink_transactional(sink)) {
        sink_close(sink);
        return 0;
    }
    if (sink_look(sink, view->ledger, &identity, fault) == 0 && sink_audit(sink, side_add, &theirs, fault) == 0) {
        verify->target_asked = true;
        result = compare(ours, &theirs, verify, fault);
    }
    sink_close(sink);
    side_fini(&theirs);
    return result;
}

int
view_verify(struct view *view, struct view_verify *verify, struct daybreak_fault *fault)
{
    struct side ours = {0};
    char *after;
    int result;

    memset(verify, 0, sizeof *verify);
    verify->counts.size = sizeof verify->counts;
    if (ledger_check(view->ledger, fault) != 0 || ledger_evidence_verify(view->ledger, fault) != 0 ||
        ledger_evidence_list(view->ledger, NULL, count_evidence, &verify->evidence, fault) != 0 ||
        ledger_recount(view->ledger, &verify->counts, fault) != 0 ||
        ledger_note_get(view->ledger, SINK_VERIFY_AFTER, &after, fault) != 0)
        return -1;
    ours.after = strtoll(after, NULL, 10);
    free(after);
    result = ledger_batches(view->ledger, 0, side_add, &ours, fault);
    verify->batches = (int64_t)ours.count;
    if (result == 0 && view->config != NULL)
        result = against_target(view, &ours, verify, fault);
    side_fini(&ours);
    return result;
}
