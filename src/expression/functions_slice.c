/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that cut texts and put them together. What is cut points into its argument; what is put together is written
 * once, at its size. */
#include "functions.h"

#include "characters.h"

/* ---- cutting ------------------------------------------------------------------------------ */

/* The result is of the first argument's kind: bytes of bytes, else text. */
bool
functions_slice_check_same(struct function_check *check)
{
    if (check->type[0].type == DAYBREAK_TYPE_BYTES)
        check->gives = (struct value_type){.type = DAYBREAK_TYPE_BYTES};
    return true;
}

static int64_t
clamp(int64_t value)
{
    return value > INT32_MAX ? INT32_MAX : value < -INT32_MAX ? -INT32_MAX : value;
}

/* Characters from..from+count of a text, or bytes. */
static struct daybreak_text
cut(struct daybreak_text in, bool bytes, int64_t from, int64_t count)
{
    const char *end = in.at + in.size, *at, *stop;

    if (from < 0 || count <= 0 || from >= (int64_t)in.size)
        return (struct daybreak_text){"", 0};
    if (bytes || characters_ascii(in.at, in.size)) {
        at = in.at + from;
        stop = count < end - at ? at + count : end;
    } else {
        at = characters_skip(in.at, end, (size_t)from);
        stop = count < end - at ? characters_skip(at, end, (size_t)count) : end;
    }
    return (struct daybreak_text){at, (uint32_t)(stop - at)};
}

/* SQLite's rules: from the end for a negative place, what comes before it for a negative length, and a place 0 before the
 * first character. */
void
functions_slice_substr(struct function_call *call)
{
    bool bytes = call->in[0].type.type == DAYBREAK_TYPE_BYTES;

    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        int64_t from = clamp(call->in[1].number[i & call->in[1].mask]), count = INT32_MAX;
        bool before = false;

        if (call->arguments > 2) {
            count = clamp(call->in[2].number[i & call->in[2].mask]);
            before = count < 0;
            if (before)
                count = -count;
        }
        if (from < 0) {
            from += (int64_t)(bytes ? in.size : characters_count(in.at, in.size));
            if (from < 0) {
                count = count + from < 0 ? 0 : count + from;
                from = 0;
            }
        } else if (from > 0) {
            from--;
        } else if (count > 0) {
            count--;
        }
        if (before) {
            from -= count;
            if (from < 0) {
                count += from;
                from = 0;
            }
        }
        call->out->text[i] = cut(in, bytes, from, count);
    }
}

void
functions_slice_left(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        int64_t count = clamp(call->in[1].number[i & call->in[1].mask]);

        if (count < 0)
            count += (int64_t)characters_count(in.at, in.size);
        call->out->text[i] = cut(in, false, 0, count);
    }
}

void
functions_slice_right(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        int64_t count = clamp(call->in[1].number[i & call->in[1].mask]);
        int64_t all = (int64_t)characters_count(in.at, in.size);
        int64_t from = count < 0 ? -count : all - count;

        call->out->text[i] = cut(in, false, from < 0 ? 0 : from, all);
    }
}

/* The ${n}th part between separators, from 1, or from the end for a negative one; beyond the last: empty. */
static struct daybreak_text
part_of(struct daybreak_text in, struct daybreak_text separator, int64_t n)
{
    const char *at = in.at, *end = in.at + in.size;

    if (separator.size == 0)
        return n == 1 || n == -1 ? in : (struct daybreak_text){"", 0};
    if (n < 0) {
        int64_t parts = 1;
        struct daybreak_text rest = in;

        for (int64_t found; (found = functions_find(rest, separator)) >= 0; parts++) {
            rest.at += found + separator.size;
            rest.size -= (uint32_t)found + separator.size;
        }
        n += parts + 1;
        if (n <= 0)
            return (struct daybreak_text){"", 0};
    }
    for (;; n--) {
        int64_t found = functions_find((struct daybreak_text){at, (uint32_t)(end - at)}, separator);

        if (n == 1)
            return (struct daybreak_text){at, found < 0 ? (uint32_t)(end - at) : (uint32_t)found};
        if (found < 0)
            return (struct daybreak_text){"", 0};
        at += found + separator.size;
    }
}

void
functions_slice_split_part(struct function_call *call)
{
    EACH_LANE(call, i) {
        int64_t n = clamp(call->in[2].number[i & call->in[2].mask]);

        if (n == 0)
            function_fail(call, i, "bad_argument", "split_part counts from 1, or from -1 for the last part: there is no part 0");
        else
            call->out->text[i] = part_of(call->in[0].text[i & call->in[0].mask], call->in[1].text[i & call->in[1].mask], n);
    }
}

/* ---- changing ----------------------------------------------------------------------------- */

static char *
put(char *to, struct daybreak_text text)
{
    if (text.size > 0)
        memcpy(to, text.at, text.size);
    return to + text.size;
}

void
functions_slice_replace(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask], from = call->in[1].text[i & call->in[1].mask];
        struct daybreak_text by = call->in[2].text[i & call->in[2].mask], rest = in;
        uint64_t times = 0, size;
        char *to, *start;

        if (from.size > 0)
            for (int64_t found; (found = functions_find(rest, from)) >= 0; times++) {
                rest.at += found + from.size;
                rest.size -= (uint32_t)found + from.size;
            }
        if (times == 0) {
            call->out->text[i] = in;
            continue;
        }
        size = in.size - times * from.size + times * by.size;
        if (!function_fits(call, i, size, FUNCTION_TEXT_MAX))
            continue;
        start = to = function_room(call, size);
        for (rest = in; times > 0; times--) {
            int64_t found = functions_find(rest, from);

            to = put(to, (struct daybreak_text){rest.at, (uint32_t)found});
            to = put(to, by);
            rest.at += found + from.size;
            rest.size -= (uint32_t)found + from.size;
        }
        to = put(to, rest);
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)size};
        function_took(call, to);
    }
}

/* Which character of ${set} is at[0..size), from 0; -1: none. */
static int64_t
place_in(struct daybreak_text set, const char *at, size_t size)
{
    const char *one = set.at, *end = set.at + set.size;

    for (int64_t place = 0; one < end; place++) {
        const char *next = characters_next(one, end);

        if ((size_t)(next - one) == size && memcmp(one, at, size) == 0)
            return place;
        one = next;
    }
    return -1;
}

/* Where both lists are ASCII and the same for all, one look at a table for each byte. True: that was done. */
static bool
translate_bytes(struct function_call *call)
{
    const struct cells *in = &call->in[0], *from = &call->in[1], *by = &call->in[2];
    int16_t map[256];

    if (from->mask != 0 || by->mask != 0 || call->lanes == 0 || !characters_ascii(from->text->at, from->text->size) ||
        !characters_ascii(by->text->at, by->text->size))
        return false;
    for (int i = 0; i < 256; i++)
        map[i] = (int16_t)i;
    for (uint32_t i = from->text->size; i-- > 0;) /* of a character that comes twice the first counts */
        map[(unsigned char)from->text->at[i]] = i < by->text->size ? by->text->at[i] : -1;
    EACH_LANE(call, i) {
        struct daybreak_text text = in->text[i & in->mask];
        char *start = function_room(call, text.size), *to = start;

        for (uint32_t k = 0; k < text.size; k++)
            if (map[(unsigned char)text.at[k]] >= 0)
                *to++ = (char)map[(unsigned char)text.at[k]];
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
    return true;
}

void
functions_slice_translate(struct function_call *call)
{
    if (translate_bytes(call))
        return;
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask], from = call->in[1].text[i & call->in[1].mask];
        struct daybreak_text by = call->in[2].text[i & call->in[2].mask];
        const char *at = in.at, *end = in.at + in.size, *by_end = by.at + by.size;
        /* a byte may become a character of four */
        uint64_t room = (uint64_t)in.size * (characters_ascii(by.at, by.size) ? 1 : 4);
        char *to, *start;

        if (!function_fits(call, i, room, FUNCTION_TEXT_MAX))
            continue;
        start = to = function_room(call, room);
        while (at < end) {
            const char *next = characters_next(at, end), *one;
            int64_t place = place_in(from, at, (size_t)(next - at));

            if (place < 0) {
                to = put(to, (struct daybreak_text){at, (uint32_t)(next - at)});
            } else if ((one = characters_skip(by.at, by_end, (size_t)place)) < by_end) {
                size_t size = (size_t)(characters_next(one, by_end) - one);

                to = put(to, (struct daybreak_text){one, (uint32_t)(size > 4 ? 4 : size)}); /* more is no UTF-8 */
            }
            at = next;
        }
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
}

static void
pad(struct function_call *call, bool left)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask], fill = {" ", 1};
        int64_t wide = call->in[1].number[i & call->in[1].mask], missing, fills;
        const char *fill_end;
        uint64_t size;
        char *to, *start;

        if (call->arguments > 2)
            fill = call->in[2].text[i & call->in[2].mask];
        missing = wide - (int64_t)characters_count(in.at, in.size);
        if (wide <= 0 || missing <= 0 || fill.size == 0) {
            call->out->text[i] = cut(in, false, 0, clamp(wide));
            continue;
        }
        if (!function_fits(call, i, (uint64_t)missing, FUNCTION_GROWN_MAX)) /* so that the product below is small */
            continue;
        fills = (int64_t)characters_count(fill.at, fill.size);
        fill_end = characters_skip(fill.at, fill.at + fill.size, (size_t)(missing % fills));
        size = (uint64_t)(missing / fills) * fill.size + (uint64_t)(fill_end - fill.at);
        if (!function_fits(call, i, in.size + size, FUNCTION_GROWN_MAX))
            continue;
        start = to = function_room(call, in.size + size);
        if (!left)
            to = put(to, in);
        for (int64_t n = missing / fills; n > 0; n--)
            to = put(to, fill);
        to = put(to, (struct daybreak_text){fill.at, (uint32_t)(fill_end - fill.at)});
        if (left)
            to = put(to, in);
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
}

void
functions_slice_lpad(struct function_call *call)
{
    pad(call, true);
}

void
functions_slice_rpad(struct function_call *call)
{
    pad(call, false);
}

void
functions_slice_repeat(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        int64_t times = call->in[1].number[i & call->in[1].mask];
        char *to, *start;

        if (times <= 0 || in.size == 0) {
            call->out->text[i] = (struct daybreak_text){"", 0};
            continue;
        }
        if (!function_fits(call, i, (uint64_t)times, FUNCTION_GROWN_MAX) || /* so that the product is small */
            !function_fits(call, i, (uint64_t)times * in.size, FUNCTION_GROWN_MAX))
            continue;
        start = to = function_room(call, (size_t)times * in.size);
        while (times-- > 0)
            to = put(to, in);
        call->out->text[i] = (struct daybreak_text){start, (uint32_t)(to - start)};
        function_took(call, to);
    }
}

void
functions_slice_reverse(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        const char *at = in.at, *end = in.at + in.size;
        char *to = function_room(call, in.size), *back = to + in.size;

        while (at < end) {
            const char *next = characters_next(at, end);

            back -= next - at;
            memcpy(back, at, (size_t)(next - at));
            at = next;
        }
        call->out->text[i] = (struct daybreak_text){to, in.size};
        function_took(call, to + in.size);
    }
}

/* ---- putting together --------------------------------------------------------------------- */

/* Arguments from ${first} on that are not null, ${between} them. */
static void
join(struct function_call *call, uint32_t lane, uint32_t first, struct daybreak_text between)
{
    uint64_t size = 0;
    bool any = false;
    char *to, *start;

    for (uint32_t a = first; a < call->arguments; a++) {
        const struct cells *in = &call->in[a];

        if (in->nulls[lane & in->mask])
            continue;
        size += in->text[lane & in->mask].size + (any ? between.size : 0);
        any = true;
    }
    if (!function_fits(call, lane, size, FUNCTION_TEXT_MAX))
        return;
    start = to = function_room(call, size);
    any = false;
    for (uint32_t a = first; a < call->arguments; a++) {
        const struct cells *in = &call->in[a];

        if (in->nulls[lane & in->mask])
            continue;
        if (any)
            to = put(to, between);
        to = put(to, in->text[lane & in->mask]);
        any = true;
    }
    call->out->text[lane] = (struct daybreak_text){start, (uint32_t)size};
    function_took(call, to);
}

void
functions_slice_concat(struct function_call *call)
{
    EACH_LANE(call, i)
        join(call, i, 0, (struct daybreak_text){"", 0});
}

void
functions_slice_concat_ws(struct function_call *call)
{
    const struct cells *between = &call->in[0];

    EACH_LANE(call, i) {
        if (between->nulls[i & between->mask])
            call->out->nulls[i] = 1;
        else
            join(call, i, 1, between->text[i & between->mask]);
    }
}
