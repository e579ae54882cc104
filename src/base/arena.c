/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: memory that ends together. An arena owns its chunks; nothing is freed one by one. */
#include "arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef __has_include
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#endif
#endif
#ifndef ASAN_POISON_MEMORY_REGION
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define ALIGN ((size_t)16)
#define CHUNK_FIRST ((size_t)64 << 10)
#define CHUNK_MOST ((size_t)1 << 20)
#define KEEP_MOST ((size_t)64 << 20) /* what a reset keeps, so that one huge batch does not stay for ever */

struct chunk {
    struct chunk *next;
    size_t size; /* bytes behind the header */
};

#define HEADER ((sizeof(struct chunk) + ALIGN - 1) / ALIGN * ALIGN)

struct arena {
    char *at, *end;       /* what is left of the chunk that is filled now */
    struct chunk *used;   /* all that hold something */
    struct chunk *spare;  /* kept by a reset, largest first */
    size_t grow;          /* size of the next chunk */
};

/* ---- the malloc family -------------------------------------------------------------------- */

static _Noreturn void
memory_is_out(size_t bytes)
{
    char line[80];
    int size = snprintf(line, sizeof(line), "daybreak: out of memory: cannot get %zu bytes\n", bytes);

    /* Nothing is unwound: what is half done is what a kill would leave, and that is provided for. */
    if (write(STDERR_FILENO, line, (size_t)size) < 0)
        _exit(EXIT_FAILURE);
    _exit(70);
}

void *
memory_need(size_t bytes)
{
    void *memory = malloc(bytes > 0 ? bytes : 1);

    if (memory == NULL)
        memory_is_out(bytes);
    return memory;
}

void *
memory_zero(size_t bytes)
{
    void *memory = calloc(1, bytes > 0 ? bytes : 1);

    if (memory == NULL)
        memory_is_out(bytes);
    return memory;
}

void *
memory_grow(void *old, size_t bytes)
{
    void *memory = realloc(old, bytes > 0 ? bytes : 1);

    if (memory == NULL)
        memory_is_out(bytes);
    return memory;
}

char *
memory_text(const char *text)
{
    size_t size = strlen(text) + 1;

    return memcpy(memory_need(size), text, size);
}

/* ---- chunks ------------------------------------------------------------------------------- */

static char *
chunk_bytes(struct chunk *chunk)
{
    return (char *)chunk + HEADER;
}

static void
chunks_free(struct chunk *chunk)
{
    while (chunk != NULL) {
        struct chunk *next = chunk->next;

        ASAN_UNPOISON_MEMORY_REGION(chunk_bytes(chunk), chunk->size);
        free(chunk);
        chunk = next;
    }
}

/* The smallest spare chunk that fits, but not one that ${bytes} would waste; else a new one. */
static struct chunk *
chunk_take(struct arena *arena, size_t bytes)
{
    struct chunk **fit = NULL, *chunk;

    for (struct chunk **at = &arena->spare; *at != NULL && (*at)->size >= bytes; at = &(*at)->next)
        fit = at;
    if (fit != NULL && (*fit)->size / 4 <= bytes) {
        chunk = *fit;
        *fit = chunk->next;
    } else {
        if (bytes > SIZE_MAX - HEADER)
            memory_is_out(bytes);
        chunk = memory_need(HEADER + bytes);
        chunk->size = bytes;
        ASAN_POISON_MEMORY_REGION(chunk_bytes(chunk), chunk->size);
    }
    chunk->next = arena->used;
    arena->used = chunk;
    return chunk;
}

/* Merges two lists, each largest first. */
static struct chunk *
chunks_merge(struct chunk *a, struct chunk *b)
{
    struct chunk *merged = NULL, **end = &merged;

    while (a != NULL && b != NULL) {
        struct chunk **larger = a->size >= b->size ? &a : &b;

        *end = *larger;
        *larger = (*larger)->next;
        end = &(*end)->next;
    }
    *end = a != NULL ? a : b;
    return merged;
}

static struct chunk *
chunks_sort(struct chunk *list)
{
    struct chunk *half[2] = {NULL, NULL};
    int turn = 0;

    if (list == NULL || list->next == NULL)
        return list;
    while (list != NULL) {
        struct chunk *next = list->next;

        list->next = half[turn];
        half[turn] = list;
        turn = !turn;
        list = next;
    }
    return chunks_merge(chunks_sort(half[0]), chunks_sort(half[1]));
}

/* ---- the arena ---------------------------------------------------------------------------- */

struct arena *
arena_new(void)
{
    struct arena *arena = memory_zero(sizeof(*arena));

    arena->grow = CHUNK_FIRST;
    return arena;
}

void
arena_free(struct arena *arena)
{
    if (arena == NULL)
        return;
    chunks_free(arena->used);
    chunks_free(arena->spare);
    free(arena);
}

void
arena_reset(struct arena *arena)
{
    size_t kept = 0;
    struct chunk **at = &arena->spare;

    for (struct chunk *chunk = arena->used; chunk != NULL; chunk = chunk->next)
        ASAN_POISON_MEMORY_REGION(chunk_bytes(chunk), chunk->size);
    arena->spare = chunks_merge(arena->spare, chunks_sort(arena->used));
    arena->used = NULL;
    arena->at = arena->end = NULL;
    while (*at != NULL) {
        struct chunk *chunk = *at;

        if (chunk->size <= KEEP_MOST - kept) {
            kept += chunk->size;
            at = &chunk->next;
        } else {
            *at = chunk->next;
            chunk->next = NULL;
            chunks_free(chunk);
        }
    }
}

void *
arena_alloc(struct arena *arena, size_t bytes)
{
    size_t room;
    char *at;

    if (bytes > SIZE_MAX - ALIGN - HEADER)
        memory_is_out(bytes);
    room = bytes == 0 ? ALIGN : (bytes + ALIGN - 1) / ALIGN * ALIGN;
    if (room <= (size_t)(arena->end - arena->at)) {
        at = arena->at;
        arena->at += room;
    } else if (room > arena->grow / 4) { /* a chunk of its own; the one at hand goes on being filled */
        at = chunk_bytes(chunk_take(arena, room));
    } else {
        struct chunk *chunk = chunk_take(arena, arena->grow);

        at = chunk_bytes(chunk);
        arena->at = at + room;
        arena->end = at + chunk->size;
        if (arena->grow < CHUNK_MOST)
            arena->grow *= 2;
    }
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
    return at;
}

void *
arena_zero(struct arena *arena, size_t bytes)
{
    return memset(arena_alloc(arena, bytes), 0, bytes);
}

char *
arena_text(struct arena *arena, const char *text)
{
    return arena_bytes(arena, text, strlen(text));
}

char *
arena_bytes(struct arena *arena, const char *bytes, size_t size)
{
    char *copy;

    if (size == SIZE_MAX)
        memory_is_out(size);
    copy = arena_alloc(arena, size + 1);
    if (size > 0)
        memcpy(copy, bytes, size);
    copy[size] = '\0';
    return copy;
}

char *
arena_printf(struct arena *arena, const char *format, ...)
{
    char some[256], *text;
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(some, sizeof(some), format, args);
    va_end(args);
    if (size < 0) /* cannot be with the formats we write; an empty text is no lie about memory */
        return arena_bytes(arena, NULL, 0);
    if ((size_t)size < sizeof(some))
        return arena_bytes(arena, some, (size_t)size);
    text = arena_alloc(arena, (size_t)size + 1);
    va_start(args, format);
    vsnprintf(text, (size_t)size + 1, format, args);
    va_end(args);
    return text;
}
