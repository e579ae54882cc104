/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_PROOF_H
#define SOURCE_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/sha256.h"
#include "base/text.h"

/* A part of an input as it was read. */
struct proof_part {
    char *name;               /* of a plain file "" */
    uint32_t table;
    int64_t rows;             /* bad ones too */
    bool whole;               /* read from its first byte */
    bool ended, sums;         /* ended: sha256 is that of its bytes, where it sums them */
    struct sha256 sum;
    uint8_t sha256[SHA256_SIZE];
};

/* What came along that is no data: a manifest, as it stands. */
struct proof_note {
    char *name;
    struct text text;
    bool too_large;           /* the text is only its beginning */
};

/*
 * What was read of an input, so that it can be held against what its sender says. Belongs to the reading thread until it is joined.
 */
struct proof {
    struct proof_part *part;
    uint32_t parts, parts_room;
    struct proof_note *note;
    uint32_t notes, notes_room;
};

/** proof_clear(proof): an input begins. proof_fini gives the memory back. */
void proof_clear(struct proof *proof);
void proof_fini(struct proof *proof);

/** proof_begin(proof, name, table, whole, sums): a part begins; proof_bytes: its next bytes; proof_rows: rows were made of it; proof_end: it is whole. */
void proof_begin(struct proof *proof, const char *name, uint32_t table, bool whole, bool sums);
void proof_bytes(struct proof *proof, const char *bytes, size_t size);
void proof_rows(struct proof *proof, int64_t rows);
void proof_end(struct proof *proof);

/** proof_note_new(proof, name): a new note, empty; lent until the next one. */
struct proof_note *proof_note_new(struct proof *proof, const char *name);

#endif
