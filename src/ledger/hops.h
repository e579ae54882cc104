/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_HOPS_H
#define LEDGER_HOPS_H

#include <stdint.h>

#include "lag.h"
#include "ledger.h"

/* Why a change counts, or does not count, in the percentiles. */
enum lag_kind {
    LAG_NORMAL,
    LAG_FIRST_LOAD,
    LAG_RESYNC,
    LAG_BACKLOG, /* was there before the first run */
    LAG_RELEASE, /* waited for a person, or was retried */
    LAG_KINDS,
};
extern const char *const lag_kind_name[]; /* "normal", "first_loads", "resyncs", "backlog", "releases" */

/* The instants of one change: Unix µs, UTC; DAYBREAK_NO_TIME where one is not known. */
struct lag_change {
    enum lag_kind kind;
    enum lag_basis basis;  /* of changed_at_us */
    int64_t changed_at_us; /* with LAG_BOUNDED not looked at */
    int64_t since_us;      /* LAG_BOUNDED: the look before, when it had not happened yet */
    int64_t visible_at_us, read_at_us, ready_at_us, loaded_at_us;
};

/*
 * The lag figures of one landing, one run, or one span of time. Zeroed is empty; it owns nothing.
 * Only normal changes are in the histograms; the others are counted beside them.
 */
struct lag_set {
    struct lag hop[LAG_HOPS];
    int64_t basis[LAG_BASES]; /* normal changes by basis */
    int64_t kind[LAG_KINDS];  /* changes by kind; kind[LAG_NORMAL]: those in the histograms */
};

void lag_set_clear(struct lag_set *set);
/**
 * lag_set_note(set, change):
 * Count one landed change. A hop of which one end is not known is left out. LAG_BOUNDED happened
 * between since_us and visible_at_us and is judged by its worse end: production and end to end are
 * taken from since_us, so [addressable, end to end] is the interval; without since_us it has no end
 * to end. LAG_FILE_TIME says when the file was there, not when the record changed: addressable only.
 */
void lag_set_note(struct lag_set *set, const struct lag_change *change);
/** lag_set_beside(set, kind, count): ${count} changes at once that are not normal. */
void lag_set_beside(struct lag_set *set, enum lag_kind kind, int64_t count);
void lag_set_merge(struct lag_set *into, const struct lag_set *from);
/** lag_set_basis(set): what most normal changes are based on, the weaker one when equal; LAG_BASES when
 * there is none. */
enum lag_basis lag_set_basis(const struct lag_set *set);

#endif
