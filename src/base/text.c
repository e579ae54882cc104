/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: texts that grow, and what is asked of bytes that should be text. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "utf8.h"
#include "utf8_wide.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

/* ---- a text that grows -------------------------------------------------------------------- */

void
text_fini(struct text *text)
{
    free(text->at);
    memset(text, 0, sizeof(*text));
}

void
text_clear(struct text *text)
{
    text->size = 0;
    if (text->at != NULL)
        text->at[0] = '\0';
}

char *
text_room(struct text *text, size_t more)
{
    if (more >= text->room - text->size) { /* one is for the NUL */
        size_t room = text->room < 32 ? 32 : text->room + text->room / 2;
        size_t need = more < PTRDIFF_MAX - text->size ? text->size + more + 1 : SIZE_MAX; /* none such */

        text->room = room > need ? room : need;
        text->at = memory_grow(text->at, text->room);
    }
    return text->at + text->size;
}

void
text_add(struct text *text, const char *bytes, size_t size)
{
    char *to = text_room(text, size);

    if (size > 0)
        memcpy(to, bytes, size);
    to[size] = '\0';
    text->size += size;
}

void
text_put(struct text *text, const char *string)
{
    text_add(text, string, strlen(string));
}

void
text_char(struct text *text, char c)
{
    char *to = text_room(text, 1);

    to[0] = c;
    to[1] = '\0';
    text->size++;
}

void
text_int(struct text *text, int64_t value)
{
    char *to = text_room(text, 24);
    size_t size = text_number(value, to);

    to[size] = '\0';
    text->size += size;
}

void
text_printf(struct text *text, const char *format, ...)
{
    va_list args;
    int size;

    text_room(text, 96); /* most fit at once */
    va_start(args, format);
    size = vsnprintf(text->at + text->size, text->room - text->size, format, args);
    va_end(args);
    if (size < 0) {
        text->at[text->size] = '\0';
        return;
    }
    if ((size_t)size >= text->room - text->size) {
        text_room(text, (size_t)size);
        va_start(args, format);
        vsnprintf(text->at + text->size, text->room - text->size, format, args);
        va_end(args);
    }
    text->size += (size_t)size;
}

const char *
text_end(struct text *text)
{
    if (text->at == NULL)
        return "";
    *text_room(text, 0) = '\0';
    return text->at;
}

/* ---- digits ------------------------------------------------------------------------------- */

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

size_t
text_number(int64_t value, char *to)
{
    uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;
    char digits[20], *at = digits + sizeof(digits);
    size_t size;

    while (left >= 100) {
        at -= 2;
        memcpy(at, pairs + left % 100 * 2, 2);
        left /= 100;
    }
    if (left >= 10) {
        at -= 2;
        memcpy(at, pairs + left * 2, 2);
    } else {
        *--at = (char)('0' + left);
    }
    if (value < 0)
        *to++ = '-';
    size = (size_t)(digits + sizeof(digits) - at);
    memcpy(to, at, size);
    return size + (value < 0);
}

void
text_hex(const void *bytes, size_t size, char *to)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++) {
        to[2 * i] = digit[at[i] >> 4];
        to[2 * i + 1] = digit[at[i] & 15];
    }
}

static int
hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool
text_unhex(const char *hex, size_t size, void *bytes)
{
    uint8_t *to = bytes;

    for (size_t i = 0; i < size; i++) {
        int high = hex_value(hex[2 * i]), low;

        if (high < 0 || (low = hex_value(hex[2 * i + 1])) < 0)
            return false; /* a NUL too: nothing behind it is looked at */
        to[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

/* ---- UTF-8 -------------------------------------------------------------------------------- */

/* Length of the run of bytes 0x01..0x7f at ${at}. Signed, these are exactly the bytes above zero, so one
 * comparison finds both a NUL and whatever is not ASCII. */
static size_t
ascii_run(const char *at, size_t size)
{
    size_t i = 0;

#ifdef __SSE2__
    const __m128i zero = _mm_setzero_si128();

    for (; i + 64 <= size; i += 64) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(at + i + 16));
        __m128i c = _mm_loadu_si128((const __m128i *)(const void *)(at + i + 32));
        __m128i d = _mm_loadu_si128((const __m128i *)(const void *)(at + i + 48));
        __m128i all = _mm_and_si128(_mm_and_si128(_mm_cmpgt_epi8(a, zero), _mm_cmpgt_epi8(b, zero)),
                                    _mm_and_si128(_mm_cmpgt_epi8(c, zero), _mm_cmpgt_epi8(d, zero)));

        if (_mm_movemask_epi8(all) != 0xffff)
            break;
    }
    for (; i + 16 <= size; i += 16) {
        __m128i block = _mm_loadu_si128((const __m128i *)(const void *)(at + i));
        unsigned good = (unsigned)_mm_movemask_epi8(_mm_cmpgt_epi8(block, zero));

        if (good != 0xffff)
            return i + (size_t)__builtin_ctz(~good);
    }
#else
    for (; i + 8 <= size; i += 8) {
        uint64_t word;

        memcpy(&word, at + i, sizeof(word));
        if (((word - UINT64_C(0x0101010101010101)) | word) & UINT64_C(0x8080808080808080))
            break;
    }
#endif
    while (i < size && (signed char)at[i] > 0)
        i++;
    return i;
}

bool
text_utf8(const char *bytes, size_t size)
{
    size_t i = 0, bad;

    if (size == 0) /* bytes may be NULL, with which one does not count */
        return true;
    if (size >= 256 && utf8_wide_can())
        return utf8_wide(bytes, size);
    for (;;) {
        i += ascii_run(bytes + i, size - i);
        if (i == size)
            return true;
        if (bytes[i] == '\0')
            return false;
        do { /* what is not ASCII comes in runs too */
            size_t length = utf8_char(bytes + i, size - i, &bad);

            if (length == 0)
                return false;
            i += length;
        } while (i < size && (unsigned char)bytes[i] >= 0x80);
    }
}

size_t
text_utf8_count(const char *bytes, size_t size)
{
    size_t count = 0;

    for (size_t i = 0; i < size; i++)
        count += ((unsigned char)bytes[i] & 0xc0) != 0x80;
    return count;
}

size_t
text_width(const char *string)
{
    return text_utf8_count(string, strlen(string));
}

size_t
text_utf8_cut(const char *bytes, size_t size, size_t limit)
{
    size_t cut = limit;

    if (size <= limit)
        return size;
    while (cut > 0 && limit - cut < 3 && ((unsigned char)bytes[cut] & 0xc0) == 0x80)
        cut--;
    /* Three bytes back and still no beginning: this was no UTF-8, any place is as good. */
    return ((unsigned char)bytes[cut] & 0xc0) == 0x80 ? limit : cut;
}

/* Control (C0, DEL, C1), line and paragraph separators, and what turns the direction of writing. */
static bool
is_unprintable(unsigned code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x61c || code == 0x200e ||
           code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

void
text_printable(const char *bytes, size_t size, size_t limit, struct text *out)
{
    size_t i = 0, given = 0;

    while (i < size) {
        size_t bad = 0, length = utf8_char(bytes + i, size - i, &bad);
        bool escape = length == 0 || is_unprintable(utf8_code(bytes + i, length));
        size_t take = length == 0 ? bad : length;
        size_t room = escape ? 4 * take : take;

        if (room > limit - given) {
            text_put(out, "…");
            return;
        }
        given += room;
        if (!escape) {
            text_add(out, bytes + i, take);
        } else {
            for (size_t k = 0; k < take; k++) {
                char escaped[4] = "\\x";

                text_hex(bytes + i + k, 1, escaped + 2);
                text_add(out, escaped, sizeof(escaped));
            }
        }
        i += take;
    }
}

/* ---- names -------------------------------------------------------------------------------- */

/* One character of a NUL-ended name; a byte that is none stands for itself, out of the way of all code points. */
static unsigned
name_char(const char *at, size_t *length)
{
    size_t bad;

    *length = utf8_char(at, strnlen(at, 4), &bad);
    if (*length == 0) {
        *length = 1;
        return 0x110000u + (unsigned char)*at;
    }
    return utf8_code(at, *length);
}

/* A bracket expression at ${at}, behind '['. Its end, behind ']', is given back, or NULL: then '[' is itself. */
static const char *
bracket(const char *at, unsigned code, bool *holds)
{
    bool negated = *at == '!' || *at == '^', found = false, first = true;
    size_t length;

    if (negated)
        at++;
    for (; *at != '\0' && (*at != ']' || first); first = false) {
        unsigned low = name_char(at, &length), high = low;

        at += length;
        if (at[0] == '-' && at[1] != ']' && at[1] != '\0') {
            high = name_char(at + 1, &length);
            at += 1 + length;
        }
        found |= code >= low && code <= high;
    }
    if (*at != ']')
        return NULL;
    *holds = found != negated;
    return at + 1;
}

/* One step of ${pattern} (not '*') against the character at ${name}: where the pattern goes on, or NULL. */
static const char *
glob_step(const char *pattern, const char *name, bool slash, size_t *length)
{
    unsigned code = name_char(name, length);
    const char *end;
    bool holds;

    if (*pattern == '?')
        return code == '/' && !slash ? NULL : pattern + 1;
    if (*pattern == '[' && (end = bracket(pattern + 1, code, &holds)) != NULL)
        return holds && (code != '/' || slash) ? end : NULL;
    return strncmp(pattern, name, *length) == 0 ? pattern + *length : NULL;
}

bool
text_glob(const char *pattern, const char *name, bool slash)
{
    const char *star = NULL, *from = NULL; /* behind the last '*', and where it stopped taking */

    while (*name != '\0') {
        const char *next = NULL;
        size_t length = 1;

        if (*pattern == '*') {
            star = ++pattern;
            from = name;
            continue;
        }
        if (*pattern != '\0')
            next = glob_step(pattern, name, slash, &length);
        if (next != NULL) {
            pattern = next;
            name += length;
        } else if (star != NULL && (slash || *from != '/')) {
            name_char(from, &length); /* the last '*' takes one more; an earlier one could not do better */
            from += length;
            name = from;
            pattern = star;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

#define NEAREST_MAX 64

static char
fold(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* Optimal string alignment: insert, remove, replace or swap neighbours, each piece touched once. */
static size_t
distance(const char *a, size_t a_size, const char *b, size_t b_size)
{
    size_t rows[3][NEAREST_MAX + 1];
    size_t *before = rows[0], *above = rows[1], *row = rows[2];

    for (size_t j = 0; j <= b_size; j++)
        above[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t *free_row = before;

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t best = above[j - 1] + (fold(a[i - 1]) != fold(b[j - 1]));

            best = above[j] + 1 < best ? above[j] + 1 : best;
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]) &&
                before[j - 2] + 1 < best)
                best = before[j - 2] + 1;
            row[j] = best;
        }
        before = above;
        above = row;
        row = free_row;
    }
    return above[b_size];
}

const char *
text_nearest(const char *word, const char *const *choices, size_t count)
{
    size_t word_size = strnlen(word, NEAREST_MAX + 1), best = SIZE_MAX;
    const char *nearest = NULL;

    if (word_size > NEAREST_MAX)
        return NULL;
    for (size_t i = 0; i < count; i++) {
        size_t size, longer, off;

        if (choices[i] == NULL)
            continue;
        size = strnlen(choices[i], NEAREST_MAX + 1);
        longer = size > word_size ? size : word_size;
        if (size > NEAREST_MAX || longer - (size < word_size ? size : word_size) > longer / 3)
            continue;
        off = distance(word, word_size, choices[i], size);
        if (off <= longer / 3 && off < best) {
            best = off;
            nearest = choices[i];
        }
    }
    return nearest;
}
