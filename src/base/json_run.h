/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_JSON_RUN_H
#define BASE_JSON_RUN_H

#include <stddef.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/** json_plain_run(at, size): length of the run of ASCII that stands in a JSON string as it is. */
static inline size_t
json_plain_run(const char *at, size_t size)
{
    size_t i = 0;

#ifdef __SSE2__
    const __m128i quote = _mm_set1_epi8('"'), backslash = _mm_set1_epi8('\\'), space = _mm_set1_epi8(' ');

    for (; i + 16 <= size; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        /* compared as signed bytes: what is not ASCII is below the space too */
        __m128i stops = _mm_or_si128(_mm_cmplt_epi8(block, space),
                                     _mm_or_si128(_mm_cmpeq_epi8(block, quote), _mm_cmpeq_epi8(block, backslash)));
        unsigned mask = (unsigned)_mm_movemask_epi8(stops);

        if (mask != 0)
            return i + (size_t)__builtin_ctz(mask);
    }
#endif
    while (i < size && (signed char)at[i] >= ' ' && at[i] != '"' && at[i] != '\\')
        i++;
    return i;
}

#endif
