/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_CHANGE_H
#define CHANGE_CHANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"
#include "change/aside.h"
#include "change/key.h"
#include "config/config.h"
#include "daybreak/connector.h"

struct batch;
struct keyset;
struct memory;
struct spool;

/*
 * Capture for one table: which records of an input are changes. key_make (reading thread) comes before; everything here belongs to
 * the writing thread.
 *
 * A diff with a predecessor compares the whole input first: its changes go to the spool, and only change_take hands them out again
 * as batches. A first load and append mark changes in the very batch they came in.
 */
struct change {
    const struct config *config;
    const struct config_table *table;
    uint32_t index;                 /* of the table */
    struct memory *memory;          /* diff, and append with again: dead_letter; else NULL */
    struct spool *spool;
    struct asides asides;           /* rows set aside since change_aside_clear */
    struct keyset *ambiguous;       /* keys that came twice with different rows in this input */
    struct keyset *kept;            /* remembered keys that a bad row was the first to name in this input */
    struct keyset *settled;         /* of these, those with a good row since, equal to the version remembered */
    struct keyset *dead;            /* keys with open dead letters */
    struct keyset *met;             /* of these, those that a row of this input names */
    struct keyset *missed;          /* of these, those that no row names and the memory never knew: their rows are gone */
    struct keyset *healed;          /* of these, those with a new version in this input; their dead letters close as the batch lands */
    struct keyset *same;            /* of these, those whose good row is the version remembered: only their invalid rows are healed */
    struct keyset *gone;            /* of these, deleted in this input */
    struct keyset *withdrawn;       /* of those, never delivered: nothing is deleted anywhere */
    struct keyset *staged;          /* of `dead`: keys whose spooled change was taken since the last commit */
    struct keyset *closed;          /* of these, those that landed with an earlier commit of this input, and their dead letters' ends with them */
    struct keyset *pending;         /* keys of spooled changes; the index of a key is the index of its record */
    struct keyset *back;            /* keys of this first load to be taken back */
    struct text back_was;           /* of each, where its row went */
    bool open;                      /* set by the engine: a version may go elsewhere than to the first route, memory_route says so then */
    const bool *taken;              /* set by the engine, by route: some handoff took what went there; NULL: each of them did */

    /* this input */
    bool first;                     /* a first load: changes are loaded as they come */
    bool resync;                    /* its changes are r; unknown keys too */
    const bool *reaching;           /* the memory was made from the target: columns of the layout that it could tell */
    struct daybreak_counts night;   /* of the whole input so far; held until landing when not `first` */
    int64_t keyless;
    int64_t before_count;           /* keys remembered when it began */
    const struct batch_layout *layout[64]; /* of spooled records, by number; lent from the source */
    uint32_t layout_count;
    const struct batch_layout *last_layout; /* the columns a delete by absence is told in; preset by the engine */
    const char *held_record;        /* a record read from the spool that did not fit the batch before */
    size_t held_size;
};

/** change_open(change, config, index, state_dir, still, landed, needed, fault): remembers; ${landed} as in memory_open, ${needed}: the target says
 * that batches landed. ${still} not NULL: nothing in ${state_dir} is touched, and what does not fit into memory goes into a nameless file of the
 * folder ${still}. change_close gives all back. */
int change_open(struct change *change, const struct config *config, uint32_t index, const char *state_dir, const char *still,
                int64_t landed, bool needed, struct daybreak_fault *fault);
void change_close(struct change *change);

/** change_begin(change, first): a new input. */
void change_begin(struct change *change, bool first);
/** change_compare_with_target(change, reaching): the memory was made anew from the target; only the columns ${reaching} are compared until the
 * next change_begin. Lent until then. */
void change_compare_with_target(struct change *change, const bool *reaching);
/** change_capture(change, batch, fault): every row of ${batch} is accounted for: unchanged, repeated, set aside, or a change (in the batch when
 * first or append, else in the spool). In the first case batch->counts gets this batch's counts. */
int change_capture(struct change *change, struct batch *batch, struct daybreak_fault *fault);
/* Under `first: skip` the rows remembered are marked r all the same where change->open: fate_skipped takes them out of the batch again. */
/** change_absent(change, fault): the input ended whole: keys not seen become deletes in the spool. Gives their number. */
int change_absent(struct change *change, int64_t *absent, struct daybreak_fault *fault);
/** change_missing(change, i, key): is key ${i} of `dead` one that the input does not name and no version of which ever landed? change_miss(change, key,
 * fault): it is taken for deleted: a delete in the spool, which ends as withdrawn together with its dead letters. */
bool change_missing(const struct change *change, uint32_t i, struct daybreak_text *key);
int change_miss(struct change *change, struct daybreak_text key, struct daybreak_fault *fault);
/** change_withhold_absent: as if the deletes had not been found: their keys stay remembered. */
int change_withhold_absent(struct change *change, struct daybreak_fault *fault);
/** change_more(change, more, fault): will change_take give another one? Touches neither batch nor memory. */
int change_more(struct change *change, bool *more, struct daybreak_fault *fault);
/** change_take(change, batch, fault): the next spooled changes, at most a block, as a batch with op, pick, position and a layout; changes is 0 at
 * the end. */
int change_take(struct change *change, struct batch *batch, struct daybreak_fault *fault);
/** change_withdraw(change, batch): deletes of keys in `withdrawn` leave a batch that change_take gave. */
void change_withdraw(const struct change *change, struct batch *batch);
/** change_closes(change, key, last): does what this input said of the key, which has open dead letters, land with the commit at hand (${last}: of the
 * whole input)? change_landed(change, last): that commit has happened. */
bool change_closes(const struct change *change, struct daybreak_text key, bool last);
void change_landed(struct change *change, bool last);
/** change_drop(change, fault): nothing of this input lands (held): memory, spool and asides as before it. */
int change_drop(struct change *change, struct daybreak_fault *fault);
/** change_taken_back(change, batch): rows that landed earlier in this first load and turned out ambiguous, as a batch of deletes that
 * the sink must take back; changes is 0 when there are none. */
int change_taken_back(struct change *change, struct batch *batch, struct daybreak_fault *fault);

/* A set of byte strings; used for the few keys that need a second look. */
struct keyset *keyset_new(void);
void keyset_free(struct keyset *set);
bool keyset_add(struct keyset *set, const char *key, uint32_t size); /* false when it was there */
bool keyset_has(const struct keyset *set, const char *key, uint32_t size);
uint32_t keyset_index(const struct keyset *set, const char *key, uint32_t size); /* UINT32_MAX: not there */
uint32_t keyset_count(const struct keyset *set);
void keyset_get(const struct keyset *set, uint32_t i, struct daybreak_text *key);
void keyset_clear(struct keyset *set);

#endif
