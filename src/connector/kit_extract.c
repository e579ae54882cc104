/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of extracts: looks repeat, bytes are the same however they are asked for, a file that shrinks is no whole one. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit_parts.h"

#define MOST_INPUTS 64
#define MOST_PARTS 256

/* Everything of bytes is asked of these alone. */
static struct instance *
bytes_open(struct kit *kit)
{
    if (!kit_loaded(kit) || kit_files(kit) != 0)
        return NULL;
    if (!(kit->type->abilities & DAYBREAK_GIVES_BYTES)) {
        kit_skip(kit, "it gives records, not bytes");
        return NULL;
    }
    return kit_open(kit, NULL);
}

static int
look(struct instance *instance, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next,
     struct daybreak_fault *fault)
{
    *input = (struct daybreak_input){.size = sizeof *input, .time_us = DAYBREAK_NO_TIME, .visible_at_us = DAYBREAK_NO_TIME, .bytes = -1};
    *wait = (struct daybreak_wait){.size = sizeof *wait, .fd = -1, .wait_ms = -1, .clock_us = DAYBREAK_NO_TIME};
    *next = DAYBREAK_MORE;
    return instance->type->next_input(instance->self, input, wait, next, fault);
}

/* The bytes of the input given last in reads of ${room} bytes: "[part]bytes" for each part. What is said of its end comes back. */
static int
input_read(const struct instance *instance, size_t room, struct text *out, enum daybreak_next *end, struct daybreak_fault *fault)
{
    const struct daybreak_connector *type = instance->type;
    char *buffer = memory_need(room);
    int result = 0;

    *end = DAYBREAK_MORE;
    for (uint32_t parts = 0; result == 0 && *end == DAYBREAK_MORE; parts++) {
        struct daybreak_part part = {.size = sizeof part, .bytes = -1, .time_us = DAYBREAK_NO_TIME};
        enum daybreak_next next = DAYBREAK_IDLE;

        if (parts == MOST_PARTS) {
            result = fault_set(fault, DAYBREAK_HALT, "it gives parts for ever");
            break;
        }
        result = type->next_part(instance->self, &part, &next, fault);
        if (result != 0)
            break;
        if (next != DAYBREAK_MORE) {
            *end = next;
            break;
        }
        text_printf(out, "[%s]", part.name == NULL ? "" : part.name);
        while (result == 0 && next == DAYBREAK_MORE) {
            size_t got = 0;

            result = type->read(instance->self, buffer, room, &got, &next, fault);
            if (result != 0)
                break;
            if (got > room || (got == 0 && next == DAYBREAK_MORE))
                result = fault_set(fault, DAYBREAK_HALT, "read gave %zu bytes of at most %zu and said MORE", got, room);
            else
                text_add(out, buffer, got);
            if (out->size > (64u << 20))
                result = fault_set(fault, DAYBREAK_HALT, "it gives bytes for ever");
        }
        if (next == DAYBREAK_INPUT_CUT)
            *end = next;
        else if (result == 0 && next != DAYBREAK_PART_END)
            result = fault_set(fault, DAYBREAK_HALT, "read ended a part with %d: PART_END or INPUT_CUT are", (int)next);
    }
    free(buffer);
    return result;
}

/* One look: every input with its digest and bytes. */
static int
look_read(struct instance *instance, size_t room, struct text *out, size_t *inputs, struct daybreak_fault *fault)
{
    const struct daybreak_connector *type = instance->type;

    for (*inputs = 0;; ++*inputs) {
        struct daybreak_input input;
        struct daybreak_wait wait;
        enum daybreak_next next, end;
        uint8_t digest[16];
        char hex[33] = "";

        if (look(instance, &input, &wait, &next, fault) != 0)
            return -1;
        if (next == DAYBREAK_IDLE) {
            if (wait.fd < 0 && wait.wait_ms < 0)
                return fault_set(fault, DAYBREAK_HALT, "IDLE without a word on what to wait for: wait->fd or wait->wait_ms");
            return 0;
        }
        if (next != DAYBREAK_MORE || *inputs == MOST_INPUTS)
            return fault_set(fault, DAYBREAK_HALT, next == DAYBREAK_MORE ? "a look has no end" : "a look gives MORE or IDLE");
        if (input.name == NULL || input.name[0] == '\0' || input.fingerprint == NULL)
            return fault_set(fault, DAYBREAK_HALT, "an input without name or fingerprint");
        text_printf(out, "%s %lld ", input.name, (long long)input.time_us);
        if (type->digest(instance->self, digest, fault) != 0)
            return -1;
        text_hex(digest, sizeof digest, hex);
        text_printf(out, "%s\n", hex);
        if (input_read(instance, room, out, &end, fault) != 0)
            return -1;
        text_put(out, end == DAYBREAK_INPUT_END ? "\nend\n" : "\ncut\n");
        type->abandon(instance->self);
    }
}

int
kit_exercise_extract(struct kit *kit, struct instance *instance, struct text *out, struct daybreak_fault *fault)
{
    size_t inputs;

    if (!(kit->type->abilities & DAYBREAK_GIVES_BYTES))
        return 0; /* records: the engine alone reads them */
    if (look_read(instance, 4096, out, &inputs, fault) != 0)
        return -1;
    return inputs > 0 ? 0 : fault_set(fault, DAYBREAK_HALT, "it gives no input: `files:` in --with FILE makes some");
}

/* ---- properties ------------------------------------------------------------------------------- */

static void
property_looks(struct kit *kit)
{
    struct instance *instance = bytes_open(kit);
    struct text one = {0}, two = {0};
    struct daybreak_fault fault = {0};
    size_t inputs, again;

    if (instance == NULL)
        return;
    if (look_read(instance, 4096, &one, &inputs, &fault) != 0 || look_read(instance, 4096, &two, &again, &fault) != 0)
        kit_fail(kit, "%.450s", fault.what);
    else if (inputs == 0)
        kit_skip(kit, "it gives no input: `files:` in --with FILE makes some");
    else if (one.size != two.size || memcmp(one.at, two.at, one.size) != 0)
        kit_fail(kit, "a second look over the same %zu inputs gives others, in another order, or with another digest", inputs);
    else
        kit_pass(kit, "two looks give the same %zu inputs with the same digests", inputs);
    instance_close(instance);
    text_fini(&one);
    text_fini(&two);
}

static void
property_blocks(struct kit *kit)
{
    static const size_t rooms[] = {1, 2, 3, 7, 64, 4096, 1 << 20};
    struct instance *instance = bytes_open(kit);
    struct text whole = {0};
    struct daybreak_fault fault = {0};
    size_t inputs = 0;

    if (instance == NULL)
        return;
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++) {
        struct text pieces = {0};

        if (look_read(instance, rooms[i], i == 0 ? &whole : &pieces, &inputs, &fault) != 0)
            kit_fail(kit, "read in pieces of %zu bytes: %.400s", rooms[i], fault.what);
        else if (i > 0 && (pieces.size != whole.size || memcmp(text_end(&pieces), text_end(&whole), whole.size) != 0))
            kit_fail(kit, "read in pieces of %zu bytes it gives other bytes than one by one", rooms[i]);
        text_fini(&pieces);
    }
    if (inputs == 0)
        kit_skip(kit, "it gives no input");
    kit_pass(kit, "%zu inputs are the same bytes in pieces of 1 to 1048576", inputs);
    instance_close(instance);
    text_fini(&whole);
}

/* From each offset of the first input's only part. */
static void
property_resume(struct kit *kit)
{
    struct instance *instance = bytes_open(kit);
    struct text whole = {0};
    struct daybreak_fault fault = {0};
    struct daybreak_input input;
    struct daybreak_wait wait;
    enum daybreak_next next, end;
    size_t tried = 0;

    if (instance == NULL)
        return;
    if (!(kit->type->abilities & DAYBREAK_RESUMES)) {
        kit_skip(kit, "it does not claim to resume in the middle of an input");
        goto close;
    }
    if (look(instance, &input, &wait, &next, &fault) != 0 || next != DAYBREAK_MORE || input.packed) {
        kit_skip(kit, "the first input is none that can be begun in the middle");
        goto close;
    }
    if (input_read(instance, 4096, &whole, &end, &fault) != 0 || whole.size < 3) {
        kit_skip(kit, "the first input has nothing in it");
        goto close;
    }
    kit->type->abandon(instance->self);
    for (size_t at = 0, size = whole.size - 2; at <= size; at += 1 + size / 64, tried++) { /* behind its "[]" */
        struct daybreak_part part = {.size = sizeof part, .bytes = -1};
        char buffer[4096];
        size_t given = 0, got = 0;
        struct instance *other = kit_open(kit, NULL);

        if (other == NULL || look(other, &input, &wait, &next, &fault) != 0 || next != DAYBREAK_MORE ||
            kit->type->next_part(other->self, &part, &next, &fault) != 0 || kit->type->seek(other->self, at, &fault) != 0) {
            kit_fail(kit, "cannot begin at byte %zu: %.400s", at, fault.what);
            instance_close(other);
            break;
        }
        for (next = DAYBREAK_MORE; next == DAYBREAK_MORE; given += got) {
            got = 0;
            if (kit->type->read(other->self, buffer, sizeof buffer, &got, &next, &fault) != 0 || given + got > size - at ||
                memcmp(buffer, whole.at + 2 + at + given, got) != 0) {
                kit_fail(kit, "begun at byte %zu it gives other bytes than the rest: %.300s", at, fault.what);
                break;
            }
        }
        if (given != size - at)
            kit_fail(kit, "begun at byte %zu it gives %zu bytes, %zu were left", at, given, size - at);
        instance_close(other);
    }
    kit_pass(kit, "begun at %zu offsets it gives the rest", tried);
close:
    instance_close(instance);
    text_fini(&whole);
}

/* Every file of the kit's folder loses half of what it has. Gives how many did. */
static size_t
files_halve(const char *path, int depth)
{
    DIR *dir = depth > 8 ? NULL : opendir(path);
    const struct dirent *entry;
    size_t halved = 0;

    while (dir != NULL && (entry = readdir(dir)) != NULL) {
        char name[PATH_MAX + 256];
        struct stat st;

        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        snprintf(name, sizeof name, "%s/%s", path, entry->d_name);
        if (lstat(name, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            halved += files_halve(name, depth + 1);
        else if (S_ISREG(st.st_mode) && st.st_size > 1 && truncate(name, st.st_size / 2) == 0)
            halved++;
    }
    if (dir != NULL)
        closedir(dir);
    return halved;
}

/* What was seen whole and shrinks while it is read must not come out as whole. */
static void
property_cut(struct kit *kit)
{
    struct instance *instance = bytes_open(kit);
    struct daybreak_fault fault = {0};
    struct daybreak_input input;
    struct daybreak_wait wait;
    enum daybreak_next next, end = DAYBREAK_MORE;
    struct text out = {0};

    if (instance == NULL)
        return;
    if (look(instance, &input, &wait, &next, &fault) != 0 || next != DAYBREAK_MORE)
        kit_skip(kit, "it gives no input");
    else if (files_halve(kit->dir, 0) == 0)
        kit_skip(kit, "its input is no file of the kit's that could be cut");
    else if (input_read(instance, 16, &out, &end, &fault) != 0)
        kit_fault_sane(kit, &fault, "reading a file that was cut");
    else if (end == DAYBREAK_INPUT_END && !kit->type->changed_since(instance->self))
        kit_fail(kit, "a file that lost its second half after it was found came out as INPUT_END, and changed_since says no");
    kit_pass(kit, end == DAYBREAK_INPUT_CUT ? "a file that shrinks is INPUT_CUT" : "a file that shrinks is said to have changed");
    instance_close(instance);
    text_fini(&out);
}

static void
property_idle(struct kit *kit)
{
    struct instance *instance;
    struct daybreak_fault fault = {0};
    struct text out = {0};
    size_t inputs;

    if (!kit_loaded(kit)) /* no files are made */
        return;
    if (!(kit->type->abilities & DAYBREAK_GIVES_BYTES)) {
        kit_skip(kit, "it gives records, not bytes");
        return;
    }
    instance = kit_open(kit, NULL);
    if (instance == NULL)
        return;
    for (int round = 0; round < 3; round++)
        if (look_read(instance, 64, &out, &inputs, &fault) != 0 && fault.kind != DAYBREAK_RETRY) {
            kit_fail(kit, "with nothing there a look gives: %.400s", fault.what);
            break;
        }
    kit_pass(kit, "with nothing there a look ends with IDLE or RETRY and a time or descriptor");
    instance_close(instance);
    text_fini(&out);
}

/* Noise where text was, and names nobody expects. */
static void
property_hostile(struct kit *kit)
{
    static const char *const names[] = {"\xff\xfe", "new\nline", "%s%n", "-rf", "a b", "..hidden", "\xe2\x80\xae_fdp", "*", "'\"`"};
    struct instance *instance = bytes_open(kit);
    const struct config_node *file = kit->request->files == NULL ? NULL : kit->request->files->child;
    struct daybreak_fault fault = {0};
    struct text out = {0};
    uint64_t state = 11;
    size_t inputs = 0, made = 0;

    if (instance == NULL)
        return;
    if (file == NULL) {
        kit_skip(kit, "no files were given that it reads");
        goto close;
    }
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) { /* beside the first, with its ending */
        const char *slash = strrchr(file->key, '/'), *dot = strrchr(slash == NULL ? file->key : slash, '.');
        char *path = arena_printf(kit->arena, "%.*s%s%s", slash == NULL ? 0 : (int)(slash - file->key + 1), file->key, names[i],
                                  dot == NULL ? "" : dot);
        FILE *to = fopen(path, "we");

        for (int k = 0; to != NULL && k < 3000; k++)
            fputc((int)(kit_random(&state) & 255), to);
        made += to != NULL;
        if (to != NULL)
            fclose(to);
        if (symlink("/etc/passwd", arena_printf(kit->arena, "%s.%s", path, dot == NULL ? "x" : dot + 1)) != 0 && errno != EEXIST)
            break;
    }
    if (look_read(instance, 500, &out, &inputs, &fault) != 0)
        kit_fault_sane(kit, &fault, "a look at hostile files");
    else if (memmem(text_end(&out), out.size, "root:", 5) != NULL)
        kit_fail(kit, "it follows a link out of its folder");
    kit_pass(kit, "%zu files of noise with hostile names, and links: no crash, no link followed", made);
close:
    instance_close(instance);
    text_fini(&out);
}

const struct kit_property kit_extract[] = {
    {"looks", property_looks, 20, 0}, {"blocks", property_blocks, 20, 0}, {"resume", property_resume, 20, 0},
    {"cut", property_cut, 20, 0},     {"idle", property_idle, 20, 0},     {"hostile", property_hostile, 20, 512},
    {NULL, NULL, 0, 0},
};
