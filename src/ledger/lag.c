/* SPDX-License-Identifier: Apache-2.0 */
/* Beside the road: one histogram of durations. Who keeps how many of them, and for how long, is not known here. */
#include "lag.h"

#include <string.h>

#define LINEAR 256 /* values below have a bucket each */
#define HALF 128   /* buckets for each doubling above */
#define HALF_BITS 7

static size_t
bucket_of(int64_t ms)
{
    int shift;

    if (ms < LINEAR)
        return (size_t)ms;
    if (ms > LAG_MOST_MS)
        ms = LAG_MOST_MS;
    shift = 63 - __builtin_clzll((unsigned long long)ms) - HALF_BITS;
    return ((size_t)shift << HALF_BITS) + (size_t)(ms >> shift);
}

/* The largest value that falls into the bucket. */
static int64_t
upper_ms(size_t bucket)
{
    size_t shift;

    if (bucket < LINEAR)
        return (int64_t)bucket;
    shift = (bucket >> HALF_BITS) - 1;
    return ((int64_t)((bucket & (HALF - 1)) + HALF + 1) << shift) - 1;
}

void
lag_note(struct lag *lag, int64_t seen_at_us, int64_t landed_at_us)
{
    int64_t us, ms;

    if (__builtin_sub_overflow(landed_at_us, seen_at_us, &us))
        us = landed_at_us < seen_at_us ? INT64_MIN : INT64_MAX;
    ms = us / 1000 - (us % 1000 < 0);
    if (ms < 0) {
        lag->skewed++;
        if (ms < lag->skew_worst_ms)
            lag->skew_worst_ms = ms;
        return;
    }
    lag->count++;
    if (ms > lag->max_ms)
        lag->max_ms = ms;
    lag->bucket[bucket_of(ms)]++;
}

void
lag_merge(struct lag *into, const struct lag *from)
{
    into->skewed += from->skewed;
    if (from->skew_worst_ms < into->skew_worst_ms)
        into->skew_worst_ms = from->skew_worst_ms;
    if (from->count == 0)
        return;
    into->count += from->count;
    if (from->max_ms > into->max_ms)
        into->max_ms = from->max_ms;
    for (size_t i = 0, end = bucket_of(from->max_ms); i <= end; i++)
        into->bucket[i] += from->bucket[i];
}

int64_t
lag_count(const struct lag *lag)
{
    return lag->count;
}

bool
lag_empty(const struct lag *lag)
{
    return lag->count == 0 && lag->skewed == 0;
}

int64_t
lag_quantile(const struct lag *lag, double quantile)
{
    int64_t rank, sum = 0;
    double exact;
    size_t bucket = 0;

    if (lag->count == 0)
        return -1;
    exact = quantile * (double)lag->count;
    if (!(exact < (double)lag->count))
        return lag->max_ms;
    rank = exact > 0 ? (int64_t)exact : 0; /* rounded up to a whole record, the first at least */
    if (rank == 0 || (double)rank < exact)
        rank++;
    while (sum + lag->bucket[bucket] < rank)
        sum += lag->bucket[bucket++];
    if (bucket == LAG_BUCKETS - 1 || upper_ms(bucket) > lag->max_ms)
        return lag->max_ms;
    return upper_ms(bucket);
}

/* ---- storing ------------------------------------------------------------------------------ */
/*
 * One byte of version, then LEB128 numbers: count, skewed, worst skew (its sign turned), maximum, and for
 * each bucket in use how many empty ones were passed and its count.
 */
#define VERSION 1
#define COUNT_MOST (INT64_C(1) << 48) /* more is damage, and could run over when histograms are merged */

static void
put_number(struct text *out, uint64_t number)
{
    char *to = text_room(out, 10);
    size_t size = 0;

    for (; number >= 0x80; number >>= 7)
        to[size++] = (char)(number | 0x80);
    to[size++] = (char)number;
    out->size += size;
}

void
lag_encode(const struct lag *lag, struct text *out)
{
    size_t passed = 0;

    text_char(out, VERSION);
    put_number(out, (uint64_t)lag->count);
    put_number(out, (uint64_t)lag->skewed);
    put_number(out, (uint64_t)-lag->skew_worst_ms);
    put_number(out, (uint64_t)lag->max_ms);
    for (size_t i = 0; i < LAG_BUCKETS; i++) {
        if (lag->bucket[i] == 0) {
            passed++;
            continue;
        }
        put_number(out, passed);
        put_number(out, (uint64_t)lag->bucket[i]);
        passed = 0;
    }
}

/* Nothing that is stored is negative; one that does not end or does not fit is damage. */
static bool
take_number(const uint8_t **at, const uint8_t *end, int64_t *number)
{
    uint64_t value = 0;

    for (int shift = 0; *at < end && shift < 63; shift += 7) {
        uint8_t byte = *(*at)++;

        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte < 0x80) {
            *number = (int64_t)value;
            return true;
        }
    }
    return false;
}

int
lag_decode(struct lag *lag, const void *bytes, size_t size)
{
    const uint8_t *at = bytes, *end = at + size;
    struct lag read = {0};
    int64_t skew, sum = 0, passed, in_bucket;
    size_t bucket = 0, last = 0;

    if (size == 0 || *at++ != VERSION || !take_number(&at, end, &read.count) ||
        !take_number(&at, end, &read.skewed) || !take_number(&at, end, &skew) ||
        !take_number(&at, end, &read.max_ms))
        return -1;
    read.skew_worst_ms = -skew;
    while (at < end) {
        if (!take_number(&at, end, &passed) || !take_number(&at, end, &in_bucket) || in_bucket == 0 ||
            passed >= (int64_t)(LAG_BUCKETS - bucket) || __builtin_add_overflow(sum, in_bucket, &sum))
            return -1;
        last = bucket + (size_t)passed;
        read.bucket[last] = in_bucket;
        bucket = last + 1;
    }
    /* The parts must tell one story, for quantile and merge walk by the count and the maximum. */
    if (sum != read.count || sum > COUNT_MOST || read.skewed > COUNT_MOST ||
        (skew > 0) != (read.skewed > 0) || bucket_of(read.max_ms) != last || (sum == 0 && read.max_ms > 0))
        return -1;
    *lag = read;
    return 0;
}
