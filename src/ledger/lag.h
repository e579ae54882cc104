/* SPDX-License-Identifier: Apache-2.0 */
#ifndef LEDGER_LAG_H
#define LEDGER_LAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/text.h"

#define LAG_MOST_MS INT64_C(34560000000) /* 400 d */
#define LAG_BUCKETS 3713                 /* up to the one that holds LAG_MOST_MS */

/*
 * How long something took, over many records. Log-linear buckets (the layout of HdrHistogram with two
 * significant digits): every ms up to 255, then 128 buckets for each doubling up to 400 d, so that a
 * figure is at most 1/128 off. What took longer is counted in the last bucket. Zeroed is empty; owns nothing.
 */
struct lag {
    int64_t count;         /* records in the buckets */
    int64_t skewed;        /* records of negative lag: in no bucket */
    int64_t skew_worst_ms; /* the most negative of them, 0 when none */
    int64_t max_ms;        /* exact */
    int64_t bucket[LAG_BUCKETS];
};

/**
 * lag_note(lag, seen_at_us, landed_at_us):
 * Count one record in ${lag}. Times are Unix microseconds, UTC; ${seen_at_us} is the source's own clock
 * where it has one. Negative lag is counted in lag->skewed with its worst value and not put into the
 * buckets: two clocks disagree. Parts of a millisecond are rounded down. Cannot fail or allocate; writer
 * thread only.
 */
void lag_note(struct lag *lag, int64_t seen_at_us, int64_t landed_at_us);
/** lag_merge(into, from): as if every record of ${from} had been noted in ${into}. */
void lag_merge(struct lag *into, const struct lag *from);
/** lag_count(lag): records in the buckets; those of negative lag are not among them. */
int64_t lag_count(const struct lag *lag);
/** lag_empty(lag): nothing was noted, not even a skewed one. */
bool lag_empty(const struct lag *lag);
/** lag_quantile(lag, quantile): ms within which the share ${quantile} (0..1) of the records was done: the upper end
 * of the bucket, never more than the exact maximum, which 1.0 gives. -1 when nothing was counted. */
int64_t lag_quantile(const struct lag *lag, double quantile);

/** lag_encode(lag, out): appended to ${out} for storing, some two bytes for each bucket in use. */
void lag_encode(const struct lag *lag, struct text *out);
/** lag_decode(lag, bytes, size): 0, or -1 when ${bytes} are not what lag_encode gives; ${lag} is then as before. */
int lag_decode(struct lag *lag, const void *bytes, size_t size);

#endif
