/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of formats: blocks of any size, every mark, order of marks, END against CUT, hostile input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "kit_parts.h"
#include "record/batch.h"

#define MARK_ROOM 64
#define MOST_ROWS 4096

/* What reading gave: rows as text, the mark behind each, and how it ended. */
struct reading {
    struct text rows;            /* "column=cell|…[!reason]\n" a row */
    size_t *row_end;             /* offsets into rows */
    char (*mark)[MARK_ROOM];
    size_t count, room;
    size_t bad;
    uint64_t first_end;          /* where the first row ends */
    enum daybreak_next end;      /* PART_END or INPUT_CUT; MORE: a fault */
    struct daybreak_fault fault;
};

static void
reading_fini(struct reading *reading)
{
    text_fini(&reading->rows);
    free(reading->row_end);
    free(reading->mark);
}

static int
column_order(const char *const *names, uint32_t a, uint32_t b)
{
    int order = strcmp(names[a], names[b]);

    return order != 0 ? order : (a > b) - (a < b);
}

static void
row_write(struct reading *reading, struct batch *batch, const char *const *names, uint32_t row)
{
    const struct daybreak_rows *rows = &batch->rows;
    const struct batch_bad *bad = batch_bad_of(batch, row);

    /* columns may come in another order, or not at all where they are null: begun at a mark a format has seen other rows */
    for (uint32_t done = 0, last = UINT32_MAX; done < rows->columns; done++) {
        uint32_t next = UINT32_MAX;
        const struct daybreak_span *span;

        for (uint32_t i = 0; i < rows->columns; i++)
            if ((last == UINT32_MAX || column_order(names, i, last) > 0) && (next == UINT32_MAX || column_order(names, i, next) < 0))
                next = i;
        last = next;
        span = &rows->spans[(size_t)row * rows->columns + next];
        if (span->size == DAYBREAK_NULL)
            continue;
        text_put(&reading->rows, names[next]);
        text_char(&reading->rows, '=');
        json_quote(&reading->rows, rows->block + span->at, span->size);
        text_char(&reading->rows, '|');
    }
    if (bad != NULL)
        text_printf(&reading->rows, "!%s", bad->reason);
    reading->bad += bad != NULL;
    text_printf(&reading->rows, "@%llu:%llu\n", (unsigned long long)batch_line(batch, row), (unsigned long long)batch_byte(batch, row));
    if (reading->count == reading->room) {
        reading->room = reading->room == 0 ? 64 : reading->room * 2;
        reading->row_end = memory_grow(reading->row_end, reading->room * sizeof *reading->row_end);
        reading->mark = memory_grow(reading->mark, reading->room * sizeof *reading->mark);
    }
    if (reading->count == 0)
        reading->first_end = rows->byte + rows->end[row];
    reading->mark[reading->count][0] = '\0';
    reading->row_end[reading->count++] = reading->rows.size;
}

/* What a feed may leave behind. */
static bool
rows_sane(struct kit *kit, const struct batch *batch)
{
    const struct daybreak_rows *rows = &batch->rows;

    if (rows->consumed > rows->block_size) {
        kit_fail(kit, "feed consumed %u of %u bytes", rows->consumed, rows->block_size);
        return false;
    }
    if (rows->block_used < rows->block_size || rows->block_used > rows->block_room) {
        kit_fail(kit, "feed left block_used at %u: it lies between block_size %u and block_room %u", rows->block_used, rows->block_size,
                 rows->block_room);
        return false;
    }
    for (uint32_t row = 0; row < rows->rows; row++) {
        if (rows->start[row] > rows->end[row] || rows->end[row] > rows->block_size) {
            kit_fail(kit, "row %u goes from %u to %u in a block of %u bytes", row, rows->start[row], rows->end[row], rows->block_size);
            return false;
        }
        for (uint32_t i = 0; i < rows->columns; i++) {
            const struct daybreak_span *span = &rows->spans[(size_t)row * rows->columns + i];

            if (span->size == DAYBREAK_NULL)
                continue;
            if (span->at > rows->block_used || span->size > rows->block_used - span->at) {
                kit_fail(kit, "cell %u of row %u lies outside of its block", i, row);
                return false;
            }
        }
    }
    return true;
}

struct feeding {
    uint32_t block;        /* bytes a block */
    const char *mark;      /* NULL: from the beginning */
    uint32_t most;         /* a longer record is overlong; 0: none is */
    bool no_marks;
};

/* false: the kit's verdict is given, the module broke a rule. A fault is a reading that did not end. */
static bool
feed_all(struct kit *kit, struct instance *instance, const char *bytes, size_t size, const struct feeding *how, struct reading *out)
{
    const struct daybreak_connector *type = instance->type;
    const struct daybreak_part part = {.size = sizeof part, .name = "", .bytes = (int64_t)size, .time_us = DAYBREAK_NO_TIME};
    uint32_t most = how->most == 0 ? (uint32_t)size + 1 : how->most, block = how->block < most ? how->block : most;
    struct batch *batch = batch_new();
    uint64_t byte = 0, line = 1, rounds = 0;
    bool sane = true;

    *out = (struct reading){.end = DAYBREAK_MORE};
    if (type->begin(instance->self, &part, how->mark, &out->fault) != 0) {
        sane = kit_fault_sane(kit, &out->fault, "begin");
        batch_free(batch);
        return sane;
    }
    while (sane && out->end == DAYBREAK_MORE) {
        uint64_t left = byte > size ? 0 : size - byte;
        uint32_t given = left < block ? (uint32_t)left : block, columns = 0;
        struct daybreak_rows *rows = &batch->rows;
        enum daybreak_next next = DAYBREAK_IDLE;
        const char *const *names = NULL;

        batch_reset(batch);
        batch_block(batch, given);
        if (given > 0)
            memcpy(rows->block, bytes + byte, given);
        rows->block_size = rows->block_used = given;
        rows->byte = byte;
        rows->line = rows->next_line = line;
        rows->last = given == left;
        rows->overlong = !rows->last && given >= most;
        if (type->feed(instance->self, rows, &next, &out->fault) != 0) {
            sane = kit_fault_sane(kit, &out->fault, "feed");
            break;
        }
        sane = rows_sane(kit, batch);
        if (sane && next != DAYBREAK_MORE && next != DAYBREAK_PART_END && next != DAYBREAK_INPUT_CUT) {
            kit_fail(kit, "feed says %d: MORE, PART_END or INPUT_CUT are what a format can say", (int)next);
            sane = false;
        }
        if (sane && (rows->rows > 0 || next == DAYBREAK_PART_END)) {
            if (type->columns(instance->self, &names, &columns, &out->fault) != 0) {
                sane = kit_fault_sane(kit, &out->fault, "columns");
                break;
            }
            if (rows->rows > 0 && columns != rows->columns) {
                kit_fail(kit, "rows have %u columns, columns says %u", rows->columns, columns);
                sane = false;
            }
        }
        for (uint32_t row = 0; sane && row < rows->rows && out->count < MOST_ROWS; row++) {
            struct daybreak_fault fault = {0};

            row_write(out, batch, names, row);
            if (how->no_marks)
                continue;
            if (type->mark(instance->self, rows, row, out->mark[out->count - 1], MARK_ROOM, &fault) != 0 ||
                memchr(out->mark[out->count - 1], '\0', MARK_ROOM) == NULL) {
                kit_fail(kit, "no mark behind row %zu: %.300s", out->count, fault.what);
                sane = false;
            }
        }
        if (next == DAYBREAK_INPUT_CUT && sane)
            sane = kit_fault_sane(kit, &(struct daybreak_fault){.kind = DAYBREAK_HALT, .what = {out->fault.what[0]}}, "INPUT_CUT");
        if (next != DAYBREAK_MORE) {
            out->end = next;
            break;
        }
        if (rows->last && rows->skip_to == 0 && rows->consumed == given) {
            kit_fail(kit, "the last block was consumed, and feed said MORE: PART_END or INPUT_CUT ends a part");
            sane = false;
        } else if (rows->skip_to > 0) {
            if (how->mark == NULL || rows->skip_to > size) {
                kit_fail(kit, "feed skips to byte %llu of %zu%s", (unsigned long long)rows->skip_to, size,
                         how->mark == NULL ? " without a mark" : "");
                sane = false;
            }
            byte = rows->skip_to;
            line = rows->next_line;
        } else if (rows->consumed == 0 && rows->rows == 0) {
            if (rows->last || (rows->overlong && rounds > 4)) {
                kit_fail(kit, "feed makes no progress at byte %llu%s", (unsigned long long)byte, rows->last ? " of the last block" : "");
                sane = false;
            }
            block = block >= most / 2 ? most : block * 2;
        } else {
            byte += rows->consumed;
            line = rows->next_line;
            block = how->block < most ? how->block : most;
        }
        if (++rounds > size * 4 + 1000) {
            kit_fail(kit, "feed goes on for ever at byte %llu", (unsigned long long)byte);
            sane = false;
        }
    }
    batch_free(batch);
    return sane;
}

/* ---- what is read ---------------------------------------------------------------------------- */

/* When nothing is given: of each of these the one that gives most good rows. */
static const char *const samples[] = {
    "id,name,note\n1,Ann,\"a \"\"quoted\"\" one\"\n2,\"Bo\nb\",\n3,C\xc3\xa9line,\"x,y\"\n4,Dee,last\n",
    "{\"id\":1,\"name\":\"Ann\",\"price\":19.90}\n{\"id\":2,\"name\":\"B\\u00e9\\n\",\"tags\":[1,{\"a\":2}]}\n{\"id\":3,\"name\":null}\n",
    "[{\"id\":1,\"name\":\"Ann\"},{\"id\":2,\"name\":\"B\\\"ob\",\"in\":{\"a\":[1,2]}},\n {\"id\":3,\"name\":null}]\n",
    "<rows><row id=\"1\"><name>Ann &amp; Bo</name></row><row id=\"2\"><name><![CDATA[<b>]]></name></row><row id=\"3\"/></rows>\n",
    "id=1\nname=Ann\n\nid=2\nname=Bo\nnote=has = in it\n\nid=3\nname=Cy\n",
};

struct sample {
    const char *at;
    size_t size;
};

/* The sample, and what it gives when read in one block. */
static bool
sample_find(struct kit *kit, struct instance **instance, struct sample *sample, struct reading *whole)
{
    size_t best = SIZE_MAX, most = 0;

    *instance = kit_open(kit, NULL);
    if (*instance == NULL)
        return false;
    *sample = (struct sample){kit->request->sample, kit->request->sample_size};
    for (size_t i = 0; sample->at == NULL && i <= sizeof samples / sizeof *samples; i++) {
        struct reading reading = {0};
        struct instance *own;
        size_t good;

        if (i == sizeof samples / sizeof *samples) {
            if (best == SIZE_MAX) {
                kit_skip(kit, "none of the kit's samples gives rows: give one with `sample:` in --with FILE, or --sample FILE");
                instance_close(*instance);
                return false;
            }
            *sample = (struct sample){samples[best], strlen(samples[best])};
            break;
        }
        own = kit_open(kit, NULL);
        if (own == NULL || !feed_all(kit, own, samples[i], strlen(samples[i]), &(struct feeding){.block = 1 << 20}, &reading)) {
            instance_close(own);
            reading_fini(&reading);
            instance_close(*instance);
            return false;
        }
        instance_close(own);
        good = reading.end == DAYBREAK_PART_END ? reading.count - reading.bad : 0;
        if (good > most) {
            most = good;
            best = i;
        }
        reading_fini(&reading);
    }
    if (!feed_all(kit, *instance, sample->at, sample->size, &(struct feeding){.block = (uint32_t)sample->size + 1}, whole)) {
        instance_close(*instance);
        reading_fini(whole);
        return false;
    }
    if (whole->end == DAYBREAK_PART_END && whole->count > 0)
        return true;
    kit_skip(kit, whole->end == DAYBREAK_PART_END ? "the sample gives no row" : "the sample cannot be read to its end: %.300s", whole->fault.what);
    instance_close(*instance);
    reading_fini(whole);
    return false;
}

int
kit_exercise_format(struct kit *kit, struct instance *instance, struct text *out, struct daybreak_fault *fault)
{
    struct reading whole, again;
    struct instance *first;
    struct sample sample;
    int result = -1;

    if (!sample_find(kit, &first, &sample, &whole))
        return fault_set(fault, DAYBREAK_HALT, "%s", kit->result.detail);
    instance_close(first);
    reading_fini(&whole);
    for (uint32_t block = 3; block <= 4096; block = block == 3 ? 4096 : 8192) { /* two parts, one after the other */
        if (!feed_all(kit, instance, sample.at, sample.size, &(struct feeding){.block = block}, &again))
            result = fault_set(fault, DAYBREAK_HALT, "%s", kit->result.detail);
        else if (again.end != DAYBREAK_PART_END)
            result = fault_set(fault, DAYBREAK_HALT, "the sample cannot be read to its end: %.300s", again.fault.what);
        else
            result = 0;
        text_add(out, text_end(&again.rows), again.rows.size);
        reading_fini(&again);
        if (result != 0)
            break;
    }
    return result;
}

/* ---- properties ------------------------------------------------------------------------------- */

static bool
same_rows(const struct reading *a, const struct reading *b)
{
    return a->rows.size == b->rows.size && (a->rows.size == 0 || memcmp(a->rows.at, b->rows.at, a->rows.size) == 0);
}

static void
property_blocks(struct kit *kit)
{
    struct reading whole, pieces;
    struct instance *instance;
    struct sample sample;
    uint32_t tried = 0;
    bool good = true;

    if (!sample_find(kit, &instance, &sample, &whole))
        return;
    for (uint32_t block = 1; good && block <= sample.size; block = block < 64 ? block + 1 : block * 2, tried++) {
        good = feed_all(kit, instance, sample.at, sample.size, &(struct feeding){.block = block}, &pieces);
        if (good && (pieces.end != whole.end || !same_rows(&whole, &pieces))) {
            kit_fail(kit, "in blocks of %u bytes it gives %zu rows%s, in one block %zu", block, pieces.count,
                     pieces.count == whole.count ? " (others)" : "", whole.count);
            good = false;
        }
        reading_fini(&pieces);
    }
    if (good)
        kit_pass(kit, "%u sizes of blocks give the same %zu rows", tried, whole.count);
    instance_close(instance);
    reading_fini(&whole);
}

static void
property_resume(struct kit *kit)
{
    struct instance *instance, *other;
    struct reading whole, rest;
    struct sample sample;
    bool good = true;
    size_t step;

    if (!sample_find(kit, &instance, &sample, &whole))
        return;
    step = whole.count / 200 + 1;
    for (size_t r = 0; good && r < whole.count; r += step)
        for (uint32_t block = 5; good && block <= 1u << 20; block *= 4096) {
            size_t from = whole.row_end[r], left = whole.rows.size - from;

            other = kit_open(kit, NULL); /* the mark is all that another process has */
            good = other != NULL &&
                   feed_all(kit, other, sample.at, sample.size, &(struct feeding){.block = block, .mark = whole.mark[r]}, &rest);
            if (other == NULL)
                break;
            if (good && (rest.end != whole.end || rest.rows.size != left || memcmp(text_end(&rest.rows), whole.rows.at + from, left) != 0)) {
                kit_fail(kit, "begun at the mark behind row %zu ('%s') it gives %zu rows%s%.200s; %zu were left", r + 1, whole.mark[r],
                         rest.count, rest.count == whole.count - r - 1 ? " (others)" : "", rest.end == DAYBREAK_MORE ? rest.fault.what : "",
                         whole.count - r - 1);
                good = false;
            }
            reading_fini(&rest);
            instance_close(other);
        }
    if (good)
        kit_pass(kit, "begun at each of %zu marks it gives the rest", (whole.count + step - 1) / step);
    instance_close(instance);
    reading_fini(&whole);
}

static void
property_order(struct kit *kit)
{
    struct instance *instance;
    struct reading whole;
    struct sample sample;
    int (*compare)(const char *, const char *);
    size_t count;

    if (!sample_find(kit, &instance, &sample, &whole))
        return;
    compare = instance->type->compare;
    count = whole.count < 64 ? whole.count : 64;
    for (size_t a = 0; a < count; a++)
        for (size_t b = 0; b < count; b++) {
            int found = compare(whole.mark[a], whole.mark[b]), back = compare(whole.mark[b], whole.mark[a]);

            if ((found > 0) != (back < 0) || (found < 0) != (back > 0))
                kit_fail(kit, "'%s' against '%s' is %d, the other way round %d", whole.mark[a], whole.mark[b], found, back);
            if (a == b && found != 0)
                kit_fail(kit, "'%s' is not equal to itself", whole.mark[a]);
            if (a < b && found >= 0)
                kit_fail(kit, "the mark behind row %zu ('%s') does not come before that behind row %zu ('%s')", a + 1, whole.mark[a], b + 1,
                         whole.mark[b]);
            for (size_t c = 0; c < count; c++)
                if (found < 0 && compare(whole.mark[b], whole.mark[c]) < 0 && compare(whole.mark[a], whole.mark[c]) >= 0)
                    kit_fail(kit, "'%s' < '%s' < '%s', but the first is not before the last", whole.mark[a], whole.mark[b], whole.mark[c]);
        }
    kit_pass(kit, "the marks of %zu rows are in the order of their rows", count);
    instance_close(instance);
    reading_fini(&whole);
}

/*
 * A line ends a record, and nobody sees that lines are missing: there an END is right, and what proves it is the extract's. A document that
 * says where it ends is another thing: without its last bytes that count, it is cut.
 */
static void
property_cut(struct kit *kit)
{
    struct instance *instance;
    struct reading whole, part;
    struct sample sample;
    size_t size, cuts = 0, ends = 0;
    bool good = true, closed;

    if (!sample_find(kit, &instance, &sample, &whole))
        return;
    size = sample.size;
    while (size > 1 && strchr(" \r\n\t", sample.at[size - 1]) != NULL)
        size--;
    good = feed_all(kit, instance, sample.at, (size_t)whole.first_end, &(struct feeding){.block = 1 << 20}, &part);
    closed = kit->request->closed || (good && whole.count > 1 && part.end == DAYBREAK_INPUT_CUT); /* behind a whole record, too */
    reading_fini(&part);
    for (size_t at = 1; good && at < size; at += 1 + size / 2000) {
        good = feed_all(kit, instance, sample.at, at, &(struct feeding){.block = at % 2 ? 7 : 1 << 20}, &part);
        if (good && closed && part.end == DAYBREAK_PART_END) {
            kit_fail(kit, "cut after %zu of %zu bytes it says END: half an input would be taken for a whole one", at, sample.size);
            good = false;
        }
        if (good && part.count > 1) { /* all but a torn last row are rows of the whole */
            size_t same = part.row_end[part.count - 2];

            if (same > whole.rows.size || memcmp(part.rows.at, whole.rows.at, same) != 0) {
                kit_fail(kit, "cut after %zu of %zu bytes its rows before the last are not those of the whole", at, sample.size);
                good = false;
            }
        }
        cuts += part.end == DAYBREAK_INPUT_CUT;
        ends += part.end == DAYBREAK_PART_END;
        reading_fini(&part);
    }
    if (good && closed)
        kit_pass(kit, "cut at any of %zu places it never says END", cuts + ends);
    else if (good)
        kit_pass(kit, "cut inside of a record %zu times; a line ends its record, so the extract proves the end", cuts);
    instance_close(instance);
    reading_fini(&whole);
}

/* Any bytes: some verdict, in time, inside of the memory that is lent. */
static bool
hostile_give(struct kit *kit, const char *bytes, size_t size, uint32_t block)
{
    struct instance *instance = kit_open(kit, NULL);
    struct reading reading = {0};
    bool good;

    if (instance == NULL)
        return false;
    good = feed_all(kit, instance, bytes, size, &(struct feeding){.block = block, .most = 1 << 16, .no_marks = false}, &reading);
    reading_fini(&reading);
    instance_close(instance);
    return good;
}

static void
property_hostile(struct kit *kit)
{
    struct instance *instance;
    struct reading whole;
    struct sample sample;
    uint64_t state = 7;
    size_t large = 300000, tried = 0;
    char *bytes;
    bool good = true;

    if (!sample_find(kit, &instance, &sample, &whole))
        return;
    instance_close(instance);
    reading_fini(&whole);
    bytes = memory_need(large + sample.size + 16);
    for (int round = 0; good && round < 300; round++, tried++) { /* the sample with wounds */
        size_t size = sample.size;

        memcpy(bytes, sample.at, size);
        for (uint64_t wounds = 1 + kit_random(&state) % 4; wounds > 0; wounds--) {
            static const char sharp[] = {'\0', '"', '\n', '\r', ',', '\xff', '{', '}', '[', ']', '<', '>', '&', '\\', '=', '\x80', '\xc3', ' '};
            size_t at = kit_random(&state) % size;

            if (round % 3 == 2 && at + 8 < size) /* bytes that are not there */
                memmove(bytes + at, bytes + at + 3, size - at - 3), size -= 3;
            else
                bytes[at] = round % 3 == 0 ? (char)kit_random(&state) : sharp[kit_random(&state) % sizeof sharp];
        }
        good = hostile_give(kit, bytes, size, (uint32_t)(1 + kit_random(&state) % 64));
    }
    for (int round = 0; good && round < 40; round++, tried++) { /* nothing but noise */
        size_t size = 1 + kit_random(&state) % 3000;

        for (size_t i = 0; i < size; i++)
            bytes[i] = (char)kit_random(&state);
        good = hostile_give(kit, bytes, size, 512);
    }
    for (int round = 0; good && round < 10; round++, tried++) { /* one thing for ever: a huge field, deep nesting, NULs */
        static const char *const one[] = {"x", "\"", "{\"a\":", "[", "<a>", "\n", "\\", "=", ",", "\xe2\x80"};
        size_t size = strlen(one[round]), head = round % 2 == 0 ? sample.size / 2 : 0;

        memcpy(bytes, sample.at, head);
        for (size_t at = head; at + size < large; at += size)
            memcpy(bytes + at, one[round], size);
        good = hostile_give(kit, bytes, large - 16, 1 << 15);
    }
    if (good)
        good = hostile_give(kit, "", 0, 16) && hostile_give(kit, memset(bytes, 0, large), large, 1 << 15) &&
               hostile_give(kit, "\xef\xbb\xbf", 3, 1);
    if (good)
        kit_pass(kit, "%zu hostile inputs: each ended, none crashed", tried + 3);
    free(bytes);
}

const struct kit_property kit_format[] = {
    {"blocks", property_blocks, 30, 0}, {"resume", property_resume, 30, 0}, {"order", property_order, 10, 0},
    {"cut", property_cut, 30, 0},       {"hostile", property_hostile, 30, 512}, {NULL, NULL, 0, 0},
};
