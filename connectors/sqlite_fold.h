/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SQLITE_FOLD_H
#define SQLITE_FOLD_H

#include "sqlite_table.h"

#define NO_CHANGE UINT32_MAX

enum sqlite_state {
    CHANGE_LAST,
    CHANGE_OUT,    /* refused, or of no concern: an upsert's delete */
    CHANGE_PASSED, /* superseded within the batch */
};

/* Changes of one batch, folded. Lists are change numbers. */
struct sqlite_fold {
    uint32_t room, slots;
    uint64_t seed;      /* drawn, so that crafted keys cannot all meet in one slot */
    uint32_t *slot;     /* hash table: change number + 1 */
    uint64_t *hash;     /* [change] of its key */
    uint32_t *previous; /* [change] the one of the same key before it */
    uint32_t *put, *gone, *passed;
    uint32_t puts, gones, passeds;
    uint8_t *state;     /* [change] enum sqlite_state */
    struct daybreak_view *key;
    uint32_t keys;
};

/** sqlite_fold_keys(file, fold, table, batch): fill the lists; a key without one of its parts is refused. put:
 * rows to write, gone: keys to delete or mark, passed: what the history keeps of superseded changes. Under
 * `deletes: mark` the version that stays is put, too. */
void sqlite_fold_keys(struct sqlite_file *file, struct sqlite_fold *fold, const struct sqlite_table *table,
                      const struct daybreak_batch *batch);
/** sqlite_fold_none(fold, batch): every change is a row. */
void sqlite_fold_none(struct sqlite_fold *fold, const struct daybreak_batch *batch);
void sqlite_fold_fini(struct sqlite_fold *fold);

#endif
