/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_MEMORY_H
#define CHANGE_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * The memory of a diff for one table: per key the hashes of its last delivered version (and the row itself
 * where `before: true` asks for it). On disk: NAME.base, a file that is only ever replaced whole (aside,
 * fsync, rename), and NAME.journal, the entries of every batch since, appended and synced before that
 * batch's target commit. In memory: the base mapped read-only, and an overlay of the journal and of what
 * is staged.
 *
 * The base keeps its keys in the order of the last whole input, so that a dump which comes in any order it
 * came in before is compared like a merge: the entry that should be next is tried first. For all else a
 * directory by key hash leads to an entry with two cache misses, which memory_find overlaps over a batch.
 * A key of 8 bytes costs 25 bytes in the base (raw hash 8, canonical hash 8, length 1, key; a byte more where
 * its route is not MEMORY_HOME, and its row where rows are kept) and 7 in the directory. Every block of 8 KiB
 * has a checksum, compared when it is first used: a memory that is damaged fails the next memory_journal (HALT 78), so that nothing it said
 * can land.
 *
 * The overlay costs the same bytes a key and 11 to 21 for its table: some 45 bytes a key while a first
 * load builds up, another 7 while it settles. Bytes in memory beyond the base: 2 bits per 16 bytes of it.
 * One thread. Keys are compared by bytes: equal hashes are not equal keys.
 */
struct memory;

/* Where the last version of a key went: the number of a set of handoffs; which sets there are is kept elsewhere. */
#define MEMORY_NOWHERE 0     /* no version of it is anywhere */
#define MEMORY_HOME 1        /* the first set that was ever seen: costs no byte, and is what an older memory says of every key */

struct memory_found {
    bool there;
    bool seen;         /* memory_see was called for it since memory_look */
    bool staged;       /* this version is not landed yet */
    uint8_t route;
    uint64_t ref;      /* for memory_see */
    uint64_t raw;      /* XXH3_64 of the row's raw bytes, 0: none */
    uint64_t canon;    /* hash of its typed cells by name */
    const char *row;   /* with `before`: the old row; lent until the next put, remove or settle (it may be put again) */
    uint32_t row_size;
};

struct memory_item {
    const char *key;
    uint32_t key_size; /* 1 byte to 64 KiB; a key of 0 is never there */
    uint8_t route;
    bool open;         /* of a put: memory_route may come, room is kept for it while this version is staged */
    uint64_t raw, canon;
    const char *row;
    uint32_t row_size;
};

/**
 * memory_open(dir, name, landed, memory, fault): open or begin the memory ${name} in folder ${dir}.
 * ${landed} is the number of the last batch that the target says it has: journal batches above it are cut
 * off, those up to it folded in. HALT (78) when base or journal are damaged, of another version, or end
 * before ${landed} although ${landed} > 0 (lost or restored from an older copy): the hint says `run
 * --resync`; also when the base is beyond ${landed}, which only an older copy of the target can be.
 * ${needed} false (a resync, or nothing landed): an absent memory is an empty one, and one that would be a
 * HALT is set aside (NAME.base.damaged) with a warning and begun anew.
 */
int memory_open(const char *dir, const char *name, int64_t landed, bool needed, struct memory **memory,
                struct daybreak_fault *fault);
/** memory_open_still: the same for a run that must leave no trace: no file is made, cut, renamed or written; what is journalled and lands is
 * kept in memory alone. */
int memory_open_still(const char *dir, const char *name, int64_t landed, bool needed, struct memory **memory,
                      struct daybreak_fault *fault);
void memory_close(struct memory *memory);

int64_t memory_count(const struct memory *memory);  /* keys, staged ones included */
int64_t memory_batch(const struct memory *memory);  /* last batch folded in or journalled */
/** memory_seed: 16 bytes the caller keeps with the memory (digest of what raw hashes depend on); staged
 * like an entry. */
const uint8_t *memory_seed(const struct memory *memory);
void memory_set_seed(struct memory *memory, const uint8_t seed[16]);

/** memory_find(memory, item, count, found): look up ${count} keys (key and key_size are read), prefetching. */
void memory_find(struct memory *memory, const struct memory_item *item, uint32_t count, struct memory_found *found);
/** memory_put: this version replaces what the key had; marks it seen; gives the ref. memory_remove: the key
 * is gone. Both staged. */
uint64_t memory_put(struct memory *memory, const struct memory_item *item);
void memory_remove(struct memory *memory, const struct memory_item *item);
/** memory_route(memory, item): the version of this key that was put last, and is not journalled yet, went to
 * item->route; that put was ${open}. All else is left as it is. */
void memory_route(struct memory *memory, const struct memory_item *item);
/** memory_undo(memory, item): the last staged put or remove of this key never was; the version below it
 * counts again (still seen). What was journalled and has not landed is undone by staging the version
 * below. */
void memory_undo(struct memory *memory, const struct memory_item *item);

/** memory_look: a new look at a whole input begins: nothing is seen. memory_see: this key was there; gives
 * true when it had been seen before in this look (a repeated key, also within one memory_find). */
void memory_look(struct memory *memory);
bool memory_see(struct memory *memory, uint64_t ref);
/** memory_unseen(memory, each, context): every key not seen since memory_look; ${each} gives false to stop;
 * it may not call memory_remove (collect first). Texts are lent for the call. */
void memory_unseen(struct memory *memory, bool (*each)(void *context, const struct memory_item *item), void *context);
/** memory_each: all keys. */
void memory_each(struct memory *memory, bool (*each)(void *context, const struct memory_item *item), void *context);

/** memory_journal(memory, batch, fault): all that is staged belongs to batches up to ${batch}: append,
 * checksum, fsync. May be called several times before one landing; ${batch} never falls and is above all
 * that landed. A record is written also when nothing is staged: it says how far the memory is. A full disk
 * is RETRY (74), a failed sync HALT (74) for good. */
int memory_journal(struct memory *memory, int64_t batch, struct daybreak_fault *fault);
/** memory_landed: the target has all that was journalled. memory_revert: it has not: staged and journalled
 * are undone, the journal file is cut back. */
void memory_landed(struct memory *memory);
int memory_revert(struct memory *memory, struct daybreak_fault *fault);
/** memory_settle(memory, force, fault): when the journal is larger than a quarter of the base and 16 KiB
 * (or ${force}), base and journal become a new base. Called when an input ended; does nothing while
 * something is staged or has not landed. Ends the look. Bytes of state per key stay below 48 for keys of 8
 * bytes. */
int memory_settle(struct memory *memory, bool force, struct daybreak_fault *fault);
/** memory_verify: whole-file checksums and structure; memory_clear: begin anew (resync), staged until
 * memory_landed. */
int memory_verify(struct memory *memory, struct daybreak_fault *fault);
int memory_clear(struct memory *memory, struct daybreak_fault *fault);
/** memory_sound: HALT (78) when a block that was looked up turned out damaged: what the memory said of this
 * input is worth nothing. Asked by memory_journal too; earlier it spares an input a wrong judgement. */
int memory_sound(const struct memory *memory, struct daybreak_fault *fault);
/** memory_bytes: what base and journal take on disk. */
int64_t memory_bytes(const struct memory *memory);

#endif
