/* SPDX-License-Identifier: Apache-2.0 */
#ifndef JSONL_VALUE_H
#define JSONL_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h> /* it includes others, which are not to be hidden */
#endif

#pragma GCC visibility push(hidden)

#define JSONL_DEPTH 64 /* the record itself is the first level */

/*
 * Strict RFC 8259, over a text in which a line feed stands somewhere behind `at`: none can stand inside of a string, and outside of
 * one it ends the record, so nothing else needs to be asked for the end.
 */
struct jsonl_text {
    const char *block;
    uint32_t at;
    uint32_t room;     /* bytes of the block that may be read, the line feed included */
    bool feeds;        /* line ends are white space: the end of the value is known otherwise */
    const char *wrong; /* what is wrong with the byte `at`, after false */
};

enum jsonl_kind { JSONL_NULL, JSONL_WORD, JSONL_NUMBER, JSONL_STRING, JSONL_NESTED };

struct jsonl_value {
    enum jsonl_kind kind;
    uint32_t at, size; /* without the quotes */
    bool loose;        /* strings: has escapes; nested: has white space outside of strings */
};

/** jsonl_stop(text, at): the next quote, backslash or control character from ${at} on. */
static inline uint32_t jsonl_stop(const struct jsonl_text *text, uint32_t at);

/** jsonl_string(text, value): at the opening quote; then behind the closing one. */
bool jsonl_string(struct jsonl_text *text, struct jsonl_value *value);

/** jsonl_value(text, value): the value that begins at the byte `at`; then behind it. */
bool jsonl_value(struct jsonl_text *text, struct jsonl_value *value);

/** jsonl_unescape(from, size, to): the text of a string that was found right; never longer than ${size}; returns its length. */
uint32_t jsonl_unescape(const char *from, uint32_t size, char *to);

/** jsonl_compact(from, size, to): a nested value without white space; returns its length. */
uint32_t jsonl_compact(const char *from, uint32_t size, char *to);

static inline bool
jsonl_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

#if defined(__SSE2__)
static inline uint32_t
jsonl_stop(const struct jsonl_text *text, uint32_t at)
{
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), control = _mm_set1_epi8(0x1f);

    for (; text->room - at >= 16; at += 16) {
        __m128i part = _mm_loadu_si128((const __m128i *)(const void *)(text->block + at));
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(part, quote), _mm_cmpeq_epi8(part, slash)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(part, control), part));
        uint32_t bits = (uint32_t)_mm_movemask_epi8(hit);

        if (bits != 0)
            return at + (uint32_t)__builtin_ctz(bits);
    }
    while (text->block[at] != '"' && text->block[at] != '\\' && (unsigned char)text->block[at] > 0x1f)
        at++;
    return at;
}
#else
static inline uint32_t
jsonl_stop(const struct jsonl_text *text, uint32_t at)
{
    while (text->block[at] != '"' && text->block[at] != '\\' && (unsigned char)text->block[at] > 0x1f)
        at++;
    return at;
}
#endif

#pragma GCC visibility pop

#endif
