/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions of texts that keep their length or ask about it: case, blanks, lengths, what a text begins with or contains, code
 * points, hex. What cuts and builds texts stands in functions_slice.c.
 */
#include "functions.h"

#include <string.h>

#include "base/utf8.h"
#include "characters.h"
#include "letters.h"

/* ---- case --------------------------------------------------------------------------------- */

/* The ASCII letters of eight bytes to capitals (add is '0x80 - first letter') or to small ones. Bytes above 0x7f pass. */
static inline uint64_t
eight_letters(uint64_t word, char first)
{
    const uint64_t ones = UINT64_C(0x0101010101010101), high = ones * 0x80;
    uint64_t low = word & ~high;
    uint64_t from = low + ones * (uint64_t)(0x80 - first), beyond = low + ones * (uint64_t)(0x80 - first - 26);

    return word ^ ((from & ~beyond & ~word & high) >> 2); /* 0x80 >> 2 is the bit that tells capital from small */
}

/* ASCII letters in their other form; true when that was all there was. What is shorter than a word is put together from its two ends, which
 * may overlap. */
static inline bool
ascii_case(const char *at, size_t size, char first, char *to)
{
    uint64_t all = 0, word, last;
    size_t i;

    if (size >= 8) {
        for (i = 0; i + 8 < size; i += 8) {
            memcpy(&word, at + i, 8);
            all |= word;
            word = eight_letters(word, first);
            memcpy(to + i, &word, 8);
        }
        memcpy(&word, at + size - 8, 8);
        all |= word;
        word = eight_letters(word, first);
        memcpy(to + size - 8, &word, 8);
    } else if (size >= 4) {
        uint32_t head, tail;

        memcpy(&head, at, 4);
        memcpy(&tail, at + size - 4, 4);
        all = (uint64_t)tail << 32 | head;
        word = eight_letters(all, first);
        head = (uint32_t)word;
        tail = (uint32_t)(word >> 32);
        memcpy(to, &head, 4);
        memcpy(to + size - 4, &tail, 4);
    } else if (size > 0) {
        word = (unsigned char)at[0];
        word |= (uint64_t)(unsigned char)at[size / 2] << 8;
        last = (unsigned char)at[size - 1];
        all = word | last << 16;
        word = eight_letters(all, first);
        to[0] = (char)word;
        to[size / 2] = (char)(word >> 8);
        to[size - 1] = (char)(word >> 16);
    }
    return (all & UINT64_C(0x8080808080808080)) == 0;
}

/* One character in the form that ${form} gives; what is no UTF-8 stays. */
static inline char *
put_form(const char **at, const char *end, unsigned (*form)(unsigned code), char *to)
{
    size_t bad, size;

    if ((unsigned char)**at < 0x80) {
        *to = (char)form((unsigned char)*(*at)++);
        return to + 1;
    }
    size = utf8_char(*at, (size_t)(end - *at), &bad);
    if (size == 0) {
        memcpy(to, *at, bad);
        *at += bad;
        return to + bad;
    }
    to = characters_put(form(utf8_code(*at, size)), to);
    *at += size;
    return to;
}

static inline void
change_case(struct function_call *call, char first, unsigned (*form)(unsigned code))
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        const char *at = in.at, *end = in.at + in.size;
        char *to = function_room(call, in.size + in.size / 2 + 4), *start = to;

        if (__builtin_expect(ascii_case(at, in.size, first, to), 1)) {
            to += in.size;
        } else {
            while (at < end && (signed char)*at >= 0) { /* done already */
                at++;
                to++;
            }
            while (at < end)
                to = put_form(&at, end, form, to);
        }
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
}

void
functions_text_upper(struct function_call *call)
{
    change_case(call, 'a', letters_upper);
}

void
functions_text_lower(struct function_call *call)
{
    change_case(call, 'A', letters_lower);
}

/* Letters, digits and marks make words. Outside ASCII everything is taken for one but the blanks and punctuation of Latin-1 and
 * of the two blocks that hold them for most scripts. */
static bool
is_of_word(unsigned code)
{
    if (code < 0x80)
        return (code | 0x20) - 'a' < 26 || code - '0' < 10;
    if (code < 0xc0)
        return code == 0xaa || code == 0xb5 || code == 0xba;
    return code != 0xd7 && code != 0xf7 && !(code >= 0x2000 && code <= 0x206f) && !(code >= 0x3000 && code <= 0x303f);
}

void
functions_text_initcap(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        const char *at = in.at, *end = in.at + in.size;
        char *to = function_room(call, in.size + in.size / 2 + 4), *start = to;
        bool within = false;

        while (at < end) {
            size_t bad, size = utf8_char(at, (size_t)(end - at), &bad);
            bool word = size > 0 && is_of_word(utf8_code(at, size));

            to = put_form(&at, end, within ? letters_lower : letters_upper, to);
            within = word;
        }
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
}

/* ---- blanks ------------------------------------------------------------------------------- */

/* Whether the character at[0..size) is one of ${set}. */
static bool
is_among(const char *at, size_t size, struct daybreak_text set)
{
    const char *one = set.at, *end = set.at + set.size;

    if (size == 1)
        return set.size > 0 && memchr(set.at, *at, set.size) != NULL;
    while (one < end) {
        const char *next = characters_next(one, end);

        if ((size_t)(next - one) == size && memcmp(one, at, size) == 0)
            return true;
        one = next;
    }
    return false;
}

static struct daybreak_text
trimmed_of(struct daybreak_text in, struct daybreak_text set, bool left, bool right)
{
    const char *at = in.at, *end = in.at + in.size;

    while (left && at < end) {
        const char *next = characters_next(at, end);

        if (!is_among(at, (size_t)(next - at), set))
            break;
        at = next;
    }
    while (right && at < end) {
        const char *last = end - 1;

        while (last > at && characters_goes_on(*last))
            last--;
        if (!is_among(last, (size_t)(end - last), set))
            break;
        end = last;
    }
    return (struct daybreak_text){at, (uint32_t)(end - at)};
}

static inline void
trim_run(struct function_call *call, bool left, bool right)
{
    const struct cells *in = &call->in[0], *set = &call->in[1];

    if (call->arguments > 1) {
        EACH_LANE(call, i)
            call->out->text[i] = trimmed_of(in->text[i & in->mask], set->text[i & set->mask], left, right);
        return;
    }
    EACH_LANE(call, i) {
        struct daybreak_text text = in->text[i & in->mask];

        while (left && text.size > 0 && *text.at == ' ') {
            text.at++;
            text.size--;
        }
        while (right && text.size > 0 && text.at[text.size - 1] == ' ')
            text.size--;
        call->out->text[i] = text;
    }
}

void
functions_text_trim(struct function_call *call)
{
    trim_run(call, true, true);
}

void
functions_text_ltrim(struct function_call *call)
{
    trim_run(call, true, false);
}

void
functions_text_rtrim(struct function_call *call)
{
    trim_run(call, false, true);
}

/* ---- how long, what is in it -------------------------------------------------------------- */

void
functions_text_length(struct function_call *call)
{
    bool bytes = call->in[0].type.type == DAYBREAK_TYPE_BYTES;

    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];

        call->out->number[i] = (int64_t)(bytes ? in.size : characters_count(in.at, in.size));
    }
}

void
functions_text_octet_length(struct function_call *call)
{
    EACH_LANE(call, i)
        call->out->number[i] = call->in[0].text[i & call->in[0].mask].size;
}

void
functions_text_instr(struct function_call *call)
{
    bool bytes = call->in[0].type.type == DAYBREAK_TYPE_BYTES;

    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask], part = call->in[1].text[i & call->in[1].mask];
        int64_t found = functions_find(in, part);

        call->out->number[i] = bytes || found <= 0 ? found + 1 : (int64_t)characters_count(in.at, (size_t)found) + 1;
    }
}

/* The part comes first. */
void
functions_text_position(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[1].text[i & call->in[1].mask], part = call->in[0].text[i & call->in[0].mask];
        int64_t found = functions_find(in, part);

        call->out->number[i] = found <= 0 ? found + 1 : (int64_t)characters_count(in.at, (size_t)found) + 1;
    }
}

bool
functions_text_check_alike(struct function_check *check)
{
    if (!functions_is_null(check, 0) && !functions_is_null(check, 1) && check->type[0].type != check->type[1].type)
        return function_error(check, 1, "%s needs two texts or two bytes, not one of each", check->function->name);
    return true;
}

void
functions_text_starts_with(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask], part = call->in[1].text[i & call->in[1].mask];

        call->out->number[i] = part.size <= in.size && (part.size == 0 || memcmp(in.at, part.at, part.size) == 0);
    }
}

void
functions_text_ends_with(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask], part = call->in[1].text[i & call->in[1].mask];

        call->out->number[i] =
            part.size <= in.size && (part.size == 0 || memcmp(in.at + in.size - part.size, part.at, part.size) == 0);
    }
}

void
functions_text_contains(struct function_call *call)
{
    EACH_LANE(call, i)
        call->out->number[i] =
            functions_find(call->in[0].text[i & call->in[0].mask], call->in[1].text[i & call->in[1].mask]) >= 0;
}

/* ---- code points and hex ------------------------------------------------------------------ */

void
functions_text_unicode(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        size_t bad, size;

        if (in.size == 0) {
            call->out->nulls[i] = 1;
            continue;
        }
        size = utf8_char(in.at, in.size, &bad);
        call->out->number[i] = size > 0 ? utf8_code(in.at, size) : 0xfffd;
    }
}

void
functions_text_char(struct function_call *call)
{
    EACH_LANE(call, i) {
        char *to = function_room(call, (size_t)call->arguments * 4), *start = to;
        bool good = true;

        for (uint32_t a = 0; a < call->arguments && good; a++) {
            int64_t code = call->in[a].number[i & call->in[a].mask];

            good = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
            if (good)
                to = characters_put((unsigned)code, to);
            else
                function_fail(call, i, "bad_argument", "there is no character %lld", (long long)code);
        }
        if (good) {
            call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
            function_took(call, to);
        }
    }
}

void
functions_text_hex(struct function_call *call)
{
    static const char digits[16] = "0123456789ABCDEF";

    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        char *to, *start;

        if (!function_fits(call, i, (uint64_t)in.size * 2, FUNCTION_TEXT_MAX))
            continue;
        start = to = function_room(call, (size_t)in.size * 2);
        for (uint32_t k = 0; k < in.size; k++) {
            *to++ = digits[(unsigned char)in.at[k] >> 4];
            *to++ = digits[in.at[k] & 15];
        }
        call->out->text[i] = (struct daybreak_text){start, in.size * 2};
        function_took(call, to);
    }
}

void
functions_text_unhex(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        char *to = function_room(call, in.size / 2 + 1);

        if (in.size % 2 != 0 || !text_unhex(in.at, in.size / 2, to)) {
            function_fail(call, i, "bad_argument", "%s is no hex text", function_shown(call, in));
            continue;
        }
        call->out->text[i] = (struct daybreak_text){to, in.size / 2};
        function_took(call, to + in.size / 2);
    }
}
