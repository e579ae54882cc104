/* SPDX-License-Identifier: Apache-2.0 */
/* At the first station: rows and bytes of each part counted on their way, where somebody will ask for them. */
#include "source/proof.h"

#include <stdlib.h>

#include "base/arena.h"

void
proof_clear(struct proof *proof)
{
    for (uint32_t i = 0; i < proof->parts; i++)
        free(proof->part[i].name);
    for (uint32_t i = 0; i < proof->notes; i++) {
        free(proof->note[i].name);
        text_fini(&proof->note[i].text);
    }
    proof->parts = proof->notes = 0;
}

void
proof_fini(struct proof *proof)
{
    proof_clear(proof);
    free(proof->part);
    free(proof->note);
}

void
proof_begin(struct proof *proof, const char *name, uint32_t table, bool whole, bool sums)
{
    struct proof_part *part;

    if (proof->parts == proof->parts_room) {
        proof->parts_room = proof->parts_room == 0 ? 8 : proof->parts_room * 2;
        proof->part = memory_grow(proof->part, proof->parts_room * sizeof *proof->part);
    }
    part = &proof->part[proof->parts++];
    *part = (struct proof_part){.name = memory_text(name), .table = table, .whole = whole, .sums = sums};
    if (sums)
        sha256_init(&part->sum);
}

void
proof_bytes(struct proof *proof, const char *bytes, size_t size)
{
    if (proof->parts > 0 && proof->part[proof->parts - 1].sums)
        sha256_add(&proof->part[proof->parts - 1].sum, bytes, size);
}

void
proof_rows(struct proof *proof, int64_t rows)
{
    if (proof->parts > 0)
        proof->part[proof->parts - 1].rows += rows;
}

void
proof_end(struct proof *proof)
{
    struct proof_part *part = proof->parts == 0 ? NULL : &proof->part[proof->parts - 1];

    if (part == NULL || part->ended)
        return;
    part->ended = true;
    if (part->sums)
        sha256_end(&part->sum, part->sha256);
}

struct proof_note *
proof_note_new(struct proof *proof, const char *name)
{
    if (proof->notes == proof->notes_room) {
        proof->notes_room = proof->notes_room == 0 ? 4 : proof->notes_room * 2;
        proof->note = memory_grow(proof->note, proof->notes_room * sizeof *proof->note);
    }
    proof->note[proof->notes] = (struct proof_note){.name = memory_text(name)};
    return &proof->note[proof->notes++];
}
