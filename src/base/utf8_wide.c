/* SPDX-License-Identifier: Apache-2.0 */
/*
 * UTF-8 checked 32 bytes at a time, where the processor has AVX2: everything that is read passes here once, and text with accents
 * in every line would otherwise be looked at character by character. What is wrong with a character always shows in its first two
 * bytes, or in a byte two or three places behind a lead byte that is (or is not) a continuation: three table look-ups by half
 * bytes find the first kind, two saturated subtractions the second.
 * Keiser and Lemire, Validating UTF-8 in less than one instruction per byte, 2020 (arXiv:2010.03090).
 */
#include "utf8_wide.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* What two neighbouring bytes can do wrong; CARRY: what a low half alone says nothing about. */
#define TOO_SHORT 0x01  /* a lead byte, then no continuation */
#define TOO_LONG 0x02   /* ASCII, then a continuation */
#define OVERLONG_3 0x04
#define TOO_LARGE 0x08
#define SURROGATE 0x10
#define OVERLONG_2 0x20
#define OVERLONG_4 0x40 /* also: above U+10FFFF by a lead byte from F5 on, before a second byte of 8x */
#define TWO_CONTS 0x80  /* right only as the third or fourth byte of a character */
#define CARRY (TOO_SHORT | TOO_LONG | TWO_CONTS)

static const uint8_t first_high[16] = {
    TOO_LONG,  TOO_LONG,  TOO_LONG,  TOO_LONG,  TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG,
    TWO_CONTS, TWO_CONTS, TWO_CONTS, TWO_CONTS, TOO_SHORT | OVERLONG_2, TOO_SHORT,
    TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | OVERLONG_4,
};
static const uint8_t first_low[16] = {
    CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, CARRY | OVERLONG_2, CARRY, CARRY, CARRY | TOO_LARGE,
    CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4,
    CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4,
    CARRY | TOO_LARGE | OVERLONG_4 | SURROGATE, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4,
};
static const uint8_t second_high[16] = {
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | OVERLONG_4, TOO_LONG | OVERLONG_2 | TWO_CONTS | OVERLONG_3 | TOO_LARGE,
    TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE, TOO_LONG | OVERLONG_2 | TWO_CONTS | SURROGATE | TOO_LARGE,
    TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
};

/* A lead byte in one of the last three places whose character goes on in the next 32 bytes. */
static const uint8_t unfinished[32] = {
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xef, 0xdf, 0xbf,
};

#define WIDE __attribute__((target("avx2")))

struct wide {
    __m256i first_high, first_low, second_high, unfinished;
    __m256i before, open; /* the 32 bytes before; not zero: they end within a character */
    __m256i wrong;
};

WIDE static inline __m256i
table(const uint8_t of[16])
{
    return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)(const void *)of));
}

WIDE static inline __m256i
high_half(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(15));
}

WIDE static inline void
take(struct wide *w, __m256i bytes)
{
    __m256i between, one, two, three, pairs, third, fourth;

    w->wrong = _mm256_or_si256(w->wrong, _mm256_cmpeq_epi8(bytes, _mm256_setzero_si256())); /* a NUL is no text here */
    if (_mm256_movemask_epi8(bytes) == 0) {
        w->wrong = _mm256_or_si256(w->wrong, w->open);
        w->open = _mm256_setzero_si256();
        w->before = bytes;
        return;
    }
    between = _mm256_permute2x128_si256(w->before, bytes, 0x21);
    one = _mm256_alignr_epi8(bytes, between, 15);
    two = _mm256_alignr_epi8(bytes, between, 14);
    three = _mm256_alignr_epi8(bytes, between, 13);
    pairs = _mm256_and_si256(_mm256_shuffle_epi8(w->first_high, high_half(one)),
                             _mm256_shuffle_epi8(w->first_low, _mm256_and_si256(one, _mm256_set1_epi8(15))));
    pairs = _mm256_and_si256(pairs, _mm256_shuffle_epi8(w->second_high, high_half(bytes)));
    third = _mm256_subs_epu8(two, _mm256_set1_epi8(0xe0 - 0x80));
    fourth = _mm256_subs_epu8(three, _mm256_set1_epi8(0xf0 - 0x80));
    third = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    w->wrong = _mm256_or_si256(w->wrong, _mm256_xor_si256(third, pairs));
    w->open = _mm256_subs_epu8(bytes, w->unfinished);
    w->before = bytes;
}

WIDE static bool
wide_check(const char *bytes, size_t size)
{
    struct wide w = {
        .first_high = table(first_high), .first_low = table(first_low), .second_high = table(second_high),
        .unfinished = _mm256_loadu_si256((const __m256i *)(const void *)unfinished),
        .before = _mm256_setzero_si256(), .open = _mm256_setzero_si256(), .wrong = _mm256_setzero_si256(),
    };
    char tail[32];
    size_t i = 0;

    for (; i + 32 <= size; i += 32)
        take(&w, _mm256_loadu_si256((const __m256i *)(const void *)(bytes + i)));
    memset(tail, ' ', sizeof tail);
    if (i < size)
        memcpy(tail, bytes + i, size - i);
    take(&w, _mm256_loadu_si256((const __m256i *)(const void *)tail)); /* spaces behind the end: a character cut off shows */
    w.wrong = _mm256_or_si256(w.wrong, w.open);
    return _mm256_testz_si256(w.wrong, w.wrong) == 1;
}

bool
utf8_wide_can(void)
{
    return __builtin_cpu_supports("avx2");
}

bool
utf8_wide(const char *bytes, size_t size)
{
    return wide_check(bytes, size);
}

#else

bool
utf8_wide_can(void)
{
    return false;
}

bool
utf8_wide(const char *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return false;
}

#endif
