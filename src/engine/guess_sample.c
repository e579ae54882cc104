/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing: the bytes of an input, read once to their end by the file extract; the beginnings of its members are kept. */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/sha256.h"
#include "config/config.h"
#include "connector/instance.h"
#include "guess_parts.h"

#define HEAD_BYTES (1u << 20)  /* of the first members */
#define SMALL_BYTES (16u << 10)
#define LARGE_HEADS 64
#define PARTS_MAX 20000
#define READ_BYTES (256u << 10)
#define TIME_MS 300000

static struct config_node *
option(struct config_node *node, const char *key, const char *text, struct config_node **end)
{
    *node = (struct config_node){.kind = CONFIG_SCALAR, .key = key, .text = text, .quoted = true};
    (*end)->next = node;
    *end = node;
    return node;
}

/* The extract as a pipeline would have it, but for what is still being written: that is read as far as it goes. */
static int
extract_open(const char *path, const char *dir, volatile int *stop, struct instance **extract, struct daybreak_fault *fault)
{
    struct config_node members[3], first = {0}, *end = &first;
    struct config_node node = {.kind = CONFIG_MAPPING, .children = 3};
    struct instance_request request = {.role = DAYBREAK_EXTRACT, .name = "file", .node = &node, .ignore = config_source_keys,
                                       .file = "init", .base_dir = dir, .stop = stop};

    option(&members[0], "type", "file", &end);
    option(&members[1], "path", path, &end);
    option(&members[2], "settle", "0s", &end);
    node.child = first.next;
    return instance_open(&request, extract, fault);
}

static int
look(struct instance *extract, struct daybreak_input *input, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct daybreak_wait wait = {.size = sizeof wait, .fd = -1};

    *input = (struct daybreak_input){.size = sizeof *input, .time_us = DAYBREAK_NO_TIME, .bytes = -1};
    return extract->type->next_input(extract->self, input, &wait, next, fault);
}

/* The last input in order, which is the newest where names tell a time. */
static int
look_last(struct instance *extract, struct daybreak_input *input, bool *found, struct daybreak_fault *fault)
{
    enum daybreak_next next;
    uint32_t count = 0;

    while (look(extract, input, &next, fault) == 0 && next == DAYBREAK_MORE)
        count++;
    if (fault->kind != DAYBREAK_NO_FAULT)
        return -1;
    *found = count > 0;
    for (uint32_t i = 0; i < count; i++)
        if (look(extract, input, &next, fault) != 0)
            return -1;
        else if (next != DAYBREAK_MORE)
            return fault_set(fault, DAYBREAK_RETRY, "the files changed while they were looked at");
    return 0;
}

static struct guess_part *
part_new(struct guess_sample *sample, const struct daybreak_part *given, struct arena *arena)
{
    struct guess_part *part;

    if (sample->parts == sample->parts_room) {
        sample->parts_room = sample->parts_room == 0 ? 16 : sample->parts_room * 2;
        sample->part = memory_grow(sample->part, sample->parts_room * sizeof *sample->part);
    }
    part = &sample->part[sample->parts++];
    *part = (struct guess_part){.name = arena_text(arena, given->name), .time_us = given->time_us};
    part->head = memory_need(sample->parts <= LARGE_HEADS ? HEAD_BYTES : SMALL_BYTES);
    return part;
}

static int
cut(const char *name, const struct guess_part *part, struct daybreak_fault *fault)
{
    fault->kind = DAYBREAK_HALT;
    if (strstr(fault->what, name) == NULL)
        fault_within(fault, "cannot read '%s'", name);
    if (part != NULL && part->name[0] != '\0' && strstr(fault->what, part->name) == NULL)
        fault_within(fault, "member '%s'", part->name);
    if (fault->hint[0] == '\0')
        fault_hint(fault, "it is cut off or damaged: fetch it again");
    return fault_exit(fault, 65, "unreadable-input");
}

static int
part_read(const struct guess_request *request, struct instance *extract, const struct daybreak_input *input, struct guess_sample *sample,
          uint32_t index, char *buffer, int64_t until_ms, struct daybreak_fault *fault)
{
    struct guess_part *part = &sample->part[index];
    size_t room = index < LARGE_HEADS ? HEAD_BYTES : SMALL_BYTES;
    enum daybreak_next next = DAYBREAK_MORE;
    bool hashed = part->name[0] != '\0' && index < LARGE_HEADS; /* a manifest beside it may name its hash */
    uint8_t hash[SHA256_SIZE];
    struct sha256 sha;

    sha256_init(&sha);
    while (next == DAYBREAK_MORE) {
        size_t got = 0, keep;

        if (extract->type->read(extract->self, buffer, READ_BYTES, &got, &next, fault) != 0)
            return fault->kind == DAYBREAK_ASIDE ? cut(input->name, part, fault) : -1;
        if (next == DAYBREAK_INPUT_CUT)
            return cut(input->name, part, fault);
        guess_bytes_add(&part->bytes, buffer, got);
        if (hashed)
            sha256_add(&sha, buffer, got);
        keep = got < room - part->head_size ? got : room - part->head_size;
        memcpy(part->head + part->head_size, buffer, keep);
        part->head_size += keep;
        if (request->progress != NULL)
            request->progress(request->context, input, input->packed ? -1 : part->bytes.size, 0);
        if (request->stop != NULL && *request->stop)
            return fault_set(fault, DAYBREAK_RETRY, "stopped");
        if (clock_steady_ms() > until_ms) {
            sample->cut_short = true;
            return 0;
        }
    }
    part->whole = part->head_size == (size_t)part->bytes.size;
    if (hashed) {
        sha256_end(&sha, hash);
        text_hex(hash, sizeof hash, part->sha256);
    }
    return 0;
}

int
guess_sample_read(const struct guess_request *request, const char *path, struct arena *arena, struct guess_sample *sample,
                  struct daybreak_fault *fault)
{
    int64_t until_ms = clock_steady_ms() + TIME_MS;
    struct instance *extract;
    struct daybreak_input input;
    char *buffer = memory_need(READ_BYTES);
    bool found;
    int result = -1;

    *sample = (struct guess_sample){.parts = 0};
    if (extract_open(path, ".", request->stop, &extract, fault) != 0) {
        free(buffer);
        return -1;
    }
    if (look_last(extract, &input, &found, fault) != 0)
        goto close;
    if (!found) {
        fault_set(fault, DAYBREAK_HALT, "no file matches '%s'", request->from);
        fault_hint(fault, "it is relative to the current folder; quote it, so that the shell leaves it alone");
        fault_exit(fault, 66, "no-file");
        goto close;
    }
    sample->name = arena_text(arena, input.name);
    input.name = sample->name;
    sample->visible_at_us = input.visible_at_us;
    sample->packed = input.packed;
    for (;;) {
        struct daybreak_part part = {.size = sizeof part, .name = "", .bytes = -1, .time_us = DAYBREAK_NO_TIME};
        enum daybreak_next next;

        if (extract->type->next_part(extract->self, &part, &next, fault) != 0) {
            result = fault->kind == DAYBREAK_ASIDE ? cut(input.name, NULL, fault) : -1;
            goto close;
        }
        if (next == DAYBREAK_INPUT_CUT) {
            cut(input.name, NULL, fault);
            goto close;
        }
        if (next != DAYBREAK_MORE || sample->cut_short)
            break;
        if (sample->parts == PARTS_MAX) {
            sample->more++;
            continue;
        }
        part_new(sample, &part, arena);
        if (part_read(request, extract, &input, sample, sample->parts - 1, buffer, until_ms, fault) != 0)
            goto close;
    }
    result = 0;
close:
    instance_close(extract);
    free(buffer);
    if (result != 0)
        guess_sample_fini(sample);
    return result;
}

void
guess_sample_fini(struct guess_sample *sample)
{
    for (uint32_t i = 0; i < sample->parts; i++)
        free(sample->part[i].head);
    free(sample->part);
    *sample = (struct guess_sample){.parts = 0};
}

uint32_t
guess_sample_matches(const char *path, const char *dir, const char *file, bool *found)
{
    struct instance *extract;
    struct daybreak_fault fault = {0};
    struct daybreak_input input;
    enum daybreak_next next;
    uint32_t count = 0;

    *found = false;
    if (extract_open(path, dir, NULL, &extract, &fault) != 0)
        return 0;
    while (look(extract, &input, &next, &fault) == 0 && next == DAYBREAK_MORE) {
        *found |= strcmp(input.name, file) == 0;
        count++;
    }
    instance_close(extract);
    return count;
}
