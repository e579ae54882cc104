/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

struct arena;

/* Memory that ends together. Running out of memory ends the process (a crash is safe); one thread. */
struct arena *arena_new(void);
void arena_free(struct arena *arena);
/** arena_reset(arena): everything given is gone; the largest chunks are kept for the next use. */
void arena_reset(struct arena *arena);
/** arena_alloc(arena, bytes): aligned to 16, not zeroed. arena_zero: zeroed. */
void *arena_alloc(struct arena *arena, size_t bytes);
void *arena_zero(struct arena *arena, size_t bytes);
char *arena_text(struct arena *arena, const char *text);
char *arena_bytes(struct arena *arena, const char *bytes, size_t size); /* NUL added */
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* malloc family that ends the process instead of failing. */
void *memory_need(size_t bytes);
void *memory_zero(size_t bytes);
void *memory_grow(void *old, size_t bytes);
char *memory_text(const char *text);

#endif
