/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that grow. The position names each by what was taken of it: how many bytes, a hash of its beginning and of the bytes
 * before the mark. So rotation (another name, same bytes), truncation and replacement (same name, other bytes) are told apart by
 * content; names and inodes only help people.
 */
#include "engine/append.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/dead.h"
#include "engine/pipeline.h"
#include "record/batch.h"
#include "sink/sink.h"
#include "source/source.h"

#define PIECE 4096
#define FILES_KEPT 1000

struct append_file {
    char head[PIECE];     /* the file's first bytes, as they lie there */
    size_t head_size;
    char digest[33];
    int64_t at;           /* its place in position.file, -1: none yet */
};

static void
hash_text(const char *bytes, size_t size, char to[48])
{
    XXH128_canonical_t canonical;
    char hex[33];

    XXH128_canonicalFromHash(&canonical, XXH3_128bits(bytes, size));
    text_hex(canonical.digest, 16, hex);
    hex[32] = '\0';
    snprintf(to, 48, "%zu %s", size, hex);
}

/* Does the file begin with what `file` says was taken? 1 yes, 0 no, -1 fault. */
static int
same_content(struct pipeline *p, const struct append_file *now, const struct position_file *file, int64_t size,
             struct daybreak_fault *fault)
{
    size_t head = strtoul(file->head, NULL, 10), tail = strtoul(file->tail, NULL, 10), got;
    char piece[PIECE], text[48];

    if ((int64_t)file->bytes > size || head > now->head_size || tail > PIECE || tail > file->bytes)
        return 0;
    hash_text(now->head, head, text);
    if (strcmp(text, file->head) != 0)
        return 0;
    if (tail == 0)
        return 1;
    if (source_probe(p->source, file->bytes - tail, piece, tail, &got, fault) != 0)
        return -1;
    hash_text(piece, got, text);
    return got == tail && strcmp(text, file->tail) == 0;
}

int
append_begin(struct pipeline *p, const struct daybreak_input *input, char digest[33], struct daybreak_fault *fault)
{
    struct append_file *now;
    struct text seed = {0};
    char id[48];

    if (p->growing == NULL)
        p->growing = arena_zero(p->arena, sizeof *p->growing);
    now = p->growing;
    now->at = -1;
    if (source_probe(p->source, 0, now->head, PIECE, &now->head_size, fault) != 0)
        return -1;
    for (uint32_t i = p->position.files; i > 0 && now->at < 0; i--) {
        int same = same_content(p, now, &p->position.file[i - 1], input->bytes, fault);

        if (same < 0)
            return -1;
        if (same)
            now->at = i - 1;
    }
    if (now->at >= 0) {
        snprintf(digest, 33, "%s", p->position.file[now->at].id);
    } else {
        for (uint32_t i = 0; i < p->position.files; i++)
            if (strcmp(p->position.file[i].name, input->name) == 0)
                LOG_INFO("file was truncated or replaced, it is read from its beginning: input=%s", input->name);
        text_put(&seed, input->name);
        text_char(&seed, '\0');
        text_add(&seed, now->head, now->head_size);
        hash_text(seed.at, seed.size, id);
        text_fini(&seed);
        snprintf(digest, 33, "%s", strchr(id, ' ') + 1);
    }
    snprintf(now->digest, sizeof now->digest, "%s", digest);
    return 0;
}

void
append_start(struct pipeline *p, const struct daybreak_input *input, const char *digest, struct source_start *start)
{
    if (input->packed) { /* read whole once; a killed run goes on where it stood */
        if (strcmp(p->position.digest, digest) == 0 && !position_finished(&p->position)) {
            start->part = p->position.part;
            start->mark = p->position.mark;
        }
        return;
    }
    start->growing = true;
    if (p->growing->at >= 0) {
        start->mark = p->position.file[p->growing->at].mark;
        p->position.file[p->growing->at].name = arena_text(p->position_arena, input->name);
    }
}

static struct position_file *
file_add(struct pipeline *p)
{
    struct position *position = &p->position;

    if (position->files == FILES_KEPT) { /* the one not written to for longest */
        memmove(position->file, position->file + 1, (FILES_KEPT - 1) * sizeof *position->file);
        position->files--;
    }
    if (position->files == position->room) {
        uint32_t room = position->room == 0 ? 16 : position->room * 2;
        struct position_file *wider = arena_zero(p->position_arena, room * sizeof *wider);

        if (position->files > 0)
            memcpy(wider, position->file, position->files * sizeof *wider);
        position->file = wider;
        position->room = room;
    }
    return &position->file[position->files++];
}

void
append_note(struct pipeline *p, const struct batch *batch)
{
    struct append_file *now = p->growing;
    const struct daybreak_rows *rows = &batch->rows;
    struct position_file *file;
    size_t tail = rows->consumed < PIECE ? rows->consumed : PIECE;

    if (now == NULL || now->digest[0] == '\0' || strcmp(now->digest, p->position.digest) != 0)
        return; /* a packed input */
    if (now->at < 0) {
        file = file_add(p);
        memset(file, 0, sizeof *file);
        memcpy(file->id, now->digest, sizeof file->id);
        file->name = arena_text(p->position_arena, batch->story.source == NULL ? "" : batch->story.source);
        now->at = (int64_t)(file - p->position.file);
    }
    file = &p->position.file[now->at];
    file->bytes = rows->byte + rows->consumed;
    snprintf(file->mark, sizeof file->mark, "%s", batch->last);
    hash_text(now->head, now->head_size < file->bytes ? now->head_size : (size_t)file->bytes, file->head);
    if (source_decodes(p->source))
        snprintf(file->tail, sizeof file->tail, "0 -");
    else
        hash_text(rows->block + rows->consumed - tail, tail, file->tail);
}

int
append_unreadable(struct pipeline *p, const struct daybreak_input *input, int64_t id, const char *reason,
                  struct daybreak_fault *fault)
{
    struct batch *batch = batch_new();
    struct aside aside = {.reason = "unreadable", .detail = reason, .line = -1, .byte = -1, .member = ""};
    int result;

    batch->story.part = "";
    batch->counts.read = batch->counts.invalid = batch->counts.dead = 1;
    snprintf(batch->last, sizeof batch->last, "end");
    p->position.part = "";
    p->position.mark = "end";
    result = land_batch(p, input, batch, fault);
    if (result == 0) {
        asides_push(&p->table[0].change.asides, &aside);
        dead_asides(p, input, &p->table[0]);
        result = land_commit(p, true, fault);
    }
    if (result == 0)
        result = ledger_input_end(p->ledger, id, "skipped", "unreadable", reason, NULL, 0, p->sink->batch, fault);
    if (result == 0)
        p->result.inputs++;
    batch_free(batch);
    return result;
}
