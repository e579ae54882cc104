/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ROW_FOLD_H
#define ROW_FOLD_H

#include <daybreak/connector.h>

#define NO_CHANGE UINT32_MAX

enum row_state {
    CHANGE_LAST,
    CHANGE_OUT,    /* refused, or of no concern: an upsert's delete */
    CHANGE_PASSED, /* superseded within the batch */
};

/* Changes of one batch, folded. Lists are change numbers. */
struct row_fold {
    uint32_t room, slots;
    uint64_t seed;      /* drawn, so that crafted keys cannot all meet in one slot */
    uint32_t *slot;     /* hash table: change number + 1 */
    uint64_t *hash;     /* [change] of its key */
    uint32_t *previous; /* [change] the one of the same key before it */
    uint32_t *put, *gone, *passed;
    uint32_t puts, gones, passeds;
    uint8_t *state;     /* [change] enum row_state */
    struct daybreak_view *key;
    uint32_t keys;
};

/* By what a batch is folded: the key, and what becomes of changes that are not rows. */
struct row_rule {
    const struct daybreak_host *host;
    const char *table;   /* for messages */
    const uint32_t *key; /* columns of the batch */
    uint32_t keys;
    bool deletes;        /* a delete concerns this table; an upsert's does not */
    bool marks;          /* the row stays under a mark */
    enum daybreak_history history;
};

/** row_fold_keys(fold, rule, batch): fill the lists; a key without one of its parts is refused. put: rows to write, gone: keys to delete
 * or mark, passed: what the history keeps of superseded changes. Under `deletes: mark` the version that stays is put, too. */
void row_fold_keys(struct row_fold *fold, const struct row_rule *rule, const struct daybreak_batch *batch);
/** row_fold_none(fold, batch): every change is a row. */
void row_fold_none(struct row_fold *fold, const struct daybreak_batch *batch);
void row_fold_fini(struct row_fold *fold);

#endif
