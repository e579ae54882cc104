/* SPDX-License-Identifier: Apache-2.0 */
/* Three processors' worth of one loop, and the lists it fills. */
#include "csv_scan.h"

#include <stdlib.h>
#include <string.h>

#include "line_mark.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#define SLACK 80 /* one chunk, and what is written eagerly */

struct scan_masks {
    uint64_t delimiter, quote, lf, cr, nul;
};

static inline uint64_t
prefix_xor(uint64_t bits)
{
    for (int shift = 1; shift < 64; shift *= 2)
        bits ^= bits << shift;
    return bits;
}

/* Which of the eight bytes of ${word} are ${byte}: exact, without carries between bytes; one bit each. */
static inline uint64_t
word_equal(uint64_t word, unsigned char byte)
{
    const uint64_t low = UINT64_C(0x7f7f7f7f7f7f7f7f);
    uint64_t other = word ^ (UINT64_C(0x0101010101010101) * byte);
    uint64_t zero = ~(((other & low) + low) | other | low); /* 0x80 in each byte that is equal */

    return ((zero >> 7) * UINT64_C(0x0102040810204080)) >> 56;
}

static inline uint64_t
word_load(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

#define SCALAR_MASKS(chunk, mask)                                                                  \
    do {                                                                                           \
        (mask) = (struct scan_masks){0};                                                           \
        for (int i = 0; i < 64; i += 8) {                                                          \
            uint64_t word = word_load((chunk) + i);                                                \
            (mask).delimiter |= word_equal(word, (unsigned char)delimiter) << i;             \
            (mask).lf |= word_equal(word, '\n') << i;                                              \
            (mask).cr |= word_equal(word, '\r') << i;                                              \
            (mask).nul |= word_equal(word, 0) << i;                                                \
            if (quoting != 0)                                                                      \
                (mask).quote |= word_equal(word, (unsigned char)quote) << i;                 \
        }                                                                                          \
    } while (0)

#define SCAN_NAME scan_scalar
#define SCAN_TARGET
#define SCAN_MASKS SCALAR_MASKS
#define SCAN_PREFIX(bits) prefix_xor(bits)
#define SCAN_LOW(bits) __builtin_ctzll(bits)
#define SCAN_EAGER 0
#include "csv_scan_loop.h"
#undef SCAN_NAME
#undef SCAN_TARGET
#undef SCAN_MASKS
#undef SCAN_PREFIX
#undef SCAN_LOW
#undef SCAN_EAGER

#if defined(__x86_64__)

#define SSE2_EQUAL(part, byte)                                                                     \
    ((uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8((part), _mm_set1_epi8(byte))))

#define SSE2_MASKS(chunk, mask)                                                                    \
    do {                                                                                           \
        (mask) = (struct scan_masks){0};                                                           \
        for (int i = 0; i < 64; i += 16) {                                                         \
            __m128i part = _mm_loadu_si128((const __m128i *)(const void *)((chunk) + i));          \
            (mask).delimiter |= SSE2_EQUAL(part, delimiter) << i;                            \
            (mask).lf |= SSE2_EQUAL(part, '\n') << i;                                              \
            (mask).cr |= SSE2_EQUAL(part, '\r') << i;                                              \
            (mask).nul |= SSE2_EQUAL(part, 0) << i;                                                \
            (mask).quote |= SSE2_EQUAL(part, quote) << i;                                    \
        }                                                                                          \
        (mask).quote &= quoting;                                                  \
    } while (0)

#define SCAN_NAME scan_sse2
#define SCAN_TARGET
#define SCAN_MASKS SSE2_MASKS
#define SCAN_PREFIX(bits) prefix_xor(bits)
#define SCAN_LOW(bits) __builtin_ctzll(bits)
#define SCAN_EAGER 0
#include "csv_scan_loop.h"
#undef SCAN_NAME
#undef SCAN_TARGET
#undef SCAN_MASKS
#undef SCAN_PREFIX
#undef SCAN_LOW
#undef SCAN_EAGER

#define AVX2_EQUAL(byte)                                                                           \
    ((uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, _mm256_set1_epi8(byte))) |    \
     (uint64_t)(uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, _mm256_set1_epi8(byte))) << 32)

#define AVX2_MASKS(chunk, mask)                                                                    \
    do {                                                                                           \
        __m256i low = _mm256_loadu_si256((const __m256i *)(const void *)(chunk));                  \
        __m256i high = _mm256_loadu_si256((const __m256i *)(const void *)((chunk) + 32));          \
        (mask).delimiter = AVX2_EQUAL(delimiter);                                            \
        (mask).lf = AVX2_EQUAL('\n');                                                              \
        (mask).cr = AVX2_EQUAL('\r');                                                              \
        (mask).nul = AVX2_EQUAL(0);                                                                \
        (mask).quote = AVX2_EQUAL(quote) & quoting;                         \
    } while (0)

#define SCAN_NAME scan_avx2
#define SCAN_TARGET __attribute__((target("avx2,pclmul,bmi,popcnt")))
#define SCAN_MASKS AVX2_MASKS
#define SCAN_PREFIX(bits)                                                                          \
    ((uint64_t)_mm_cvtsi128_si64(                                                                  \
        _mm_clmulepi64_si128(_mm_set_epi64x(0, (long long)(bits)), _mm_set1_epi8(-1), 0)))
#define SCAN_LOW(bits) _tzcnt_u64(bits)
#define SCAN_EAGER 1
#include "csv_scan_loop.h"

#endif

enum csv_scan_how
csv_scan_best(void)
{
    const char *asked = getenv("DAYBREAK_CPU");

    if (asked != NULL && strcmp(asked, "scalar") == 0)
        return CSV_SCAN_SCALAR;
#if defined(__x86_64__)
    if ((asked == NULL || strcmp(asked, "sse2") != 0) && __builtin_cpu_supports("avx2") &&
        __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("popcnt"))
        return CSV_SCAN_AVX2;
    return CSV_SCAN_SSE2;
#else
    return CSV_SCAN_SCALAR;
#endif
}

void
csv_scan_init(struct csv_scan *scan, char delimiter, int quote, enum csv_scan_how how)
{
    *scan = (struct csv_scan){.delimiter = delimiter, .quote = (char)quote, .quoting = quote >= 0, .run = scan_scalar};
#if defined(__x86_64__)
    if (how == CSV_SCAN_AVX2)
        scan->run = scan_avx2;
    else if (how == CSV_SCAN_SSE2)
        scan->run = scan_sse2;
#else
    (void)how;
#endif
}

void
csv_scan_fini(struct csv_scan *scan)
{
    free(scan->cell.at);
    free(scan->record.at);
    free(scan->quoted.at);
    free(scan->doubled.at);
    free(scan->soft.at);
}

static void
list_need(struct csv_list *list, uint32_t more)
{
    if (list->room - list->count >= more)
        return;
    list->room = list->count + list->count / 2 + more;
    list->at = line_grow(list->at, (size_t)list->room * sizeof *list->at);
}

void
csv_scan_begin(struct csv_scan *scan, uint32_t at)
{
    list_need(&scan->cell, 1);
    scan->cell.at[0] = at - 1; /* wraps at 0, and back again where one is added */
    scan->cell.count = scan->record.count = scan->quoted.count = scan->doubled.count = scan->soft.count = 0;
    scan->at = at;
    scan->odd = false;
    scan->in_quote = scan->closed = 0;
    scan->begins = 1;
}

void
csv_scan_window(struct csv_scan *scan, const char *block, uint32_t limit, uint32_t size)
{
    list_need(&scan->cell, CSV_SCAN_WINDOW + SLACK);
    list_need(&scan->record, CSV_SCAN_WINDOW + SLACK);
    list_need(&scan->quoted, CSV_SCAN_WINDOW + SLACK);
    list_need(&scan->doubled, CSV_SCAN_WINDOW + SLACK);
    list_need(&scan->soft, CSV_SCAN_WINDOW + SLACK);
    scan->run(scan, block, limit, size);
}

static void
list_forget(struct csv_list *list, uint32_t below, uint32_t shift)
{
    uint32_t from = 0, kept;

    while (from < list->count && list->at[from] < below)
        from++;
    kept = list->count - from;
    for (uint32_t i = 0; i < kept; i++)
        list->at[i] = list->at[from + i] - shift;
    list->count = kept;
}

void
csv_scan_forget(struct csv_scan *scan, uint32_t cells)
{
    scan->record.count = 0;
    if (cells == 0)
        return; /* a record longer than a window: nothing is moved until it ends */
    list_forget(&scan->quoted, cells, cells);
    list_forget(&scan->doubled, cells, cells);
    list_forget(&scan->soft, scan->cell.at[cells], 0);
    scan->cell.count -= cells;
    memmove(scan->cell.at, scan->cell.at + cells, ((size_t)scan->cell.count + 1) * sizeof *scan->cell.at);
}

void
csv_scan_spans(const uint32_t *cell, uint32_t count, struct daybreak_span *span)
{
    uint32_t i = 0;

#if defined(__x86_64__)
    const __m128i one = _mm_set1_epi32(1);

    for (; i + 4 <= count; i += 4) {
        __m128i at = _mm_add_epi32(_mm_loadu_si128((const __m128i *)(const void *)(cell + i)), one);
        __m128i end = _mm_loadu_si128((const __m128i *)(const void *)(cell + i + 1));
        __m128i size = _mm_sub_epi32(end, at);

        _mm_storeu_si128((__m128i *)(void *)(span + i), _mm_unpacklo_epi32(at, size));
        _mm_storeu_si128((__m128i *)(void *)(span + i + 2), _mm_unpackhi_epi32(at, size));
    }
#endif
    for (; i < count; i++)
        span[i] = (struct daybreak_span){cell[i] + 1, cell[i + 1] - cell[i] - 1};
}
