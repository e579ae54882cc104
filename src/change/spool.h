/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CHANGE_SPOOL_H
#define CHANGE_SPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * The changes of one compared input before they land: records of any length, appended, voided by index, read back in order. In
 * memory up to 32 MiB, then in an unlinked temporary file of the state folder. Nothing is synced: after a crash the input is
 * compared again. One thread.
 */
struct spool;

struct spool *spool_new(const char *dir);
void spool_free(struct spool *spool);
/** spool_add(spool, bytes, size, index, fault): append; ${index} counts from 0. A full disk is HALT status 74. */
int spool_add(struct spool *spool, const void *bytes, size_t size, uint64_t *index, struct daybreak_fault *fault);
/** spool_void(spool, index): the record is passed over from now on. spool_get: one record, lent until the next call. */
void spool_void(struct spool *spool, uint64_t index);
int spool_get(struct spool *spool, uint64_t index, const char **bytes, size_t *size, struct daybreak_fault *fault);
/** spool_rewind, spool_next: in order, voided ones left out; ${bytes} lent until the next call, NULL at the end. */
void spool_rewind(struct spool *spool);
int spool_next(struct spool *spool, const char **bytes, size_t *size, struct daybreak_fault *fault);
uint64_t spool_count(const struct spool *spool); /* voided ones left out */
uint64_t spool_bytes(const struct spool *spool);
void spool_clear(struct spool *spool);

#endif
