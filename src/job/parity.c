/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off the road: are two dumps the same rows? Both sides are read at once, a thread each, into records of key and
 * row hash thrown into partitions; these are joined one by one. Where rows differ both sides are read once more,
 * and only those rows kept, to learn which columns. Memory is bounded by the request; the rest lies in temporary
 * files.
 */
#include "job/parity.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "parity_columns.h"
#include "parity_join.h"
#include "parity_side.h"
#include "parity_spool.h"

#define SECRET_BYTES 192
#define BADS_SHOWN 5
#define SAMPLE_BYTES 128
#define PARTITION_BYTES (1 << 20) /* a join stays in the nearer caches */

struct parity {
    const struct parity_request *request;
    struct parity_columns columns;
    struct parity_side side[2];
    struct parity_findings findings;
    uint8_t secret[SECRET_BYTES];
    bool null_is_empty;
    atomic_bool stop; /* the other side failed */
};

/* One reading of one side: what a thread has. */
struct reading {
    struct parity *parity;
    int which;
    struct parity_spool *spool;
    bool second;
    int64_t rows, bad;
    bool limited;
    struct parity_bad bads[BADS_SHOWN];
    struct text key, cells;
    int result;
    struct daybreak_fault fault;
};

/* ---- one row -------------------------------------------------------------------------------------- */

/* A single key is its text; of several each has its size in front, so that no two rows of keys look alike. */
static const char *
encode_key(struct reading *reading, const struct parity_row *row)
{
    size_t count = reading->parity->request->key.count;
    uint64_t total = 0;

    text_clear(&reading->key);
    for (size_t k = 0; k < count; k++) {
        const struct daybreak_text *cell = &row->cell[k];

        if (k >= row->cells || cell->size == DAYBREAK_NULL || cell->size == 0)
            return "its key is empty";
        total += cell->size + sizeof cell->size;
        if (total > PARITY_KEY_MAX)
            return "its key is too long";
        if (count > 1)
            text_add(&reading->key, (const char *)&cell->size, sizeof cell->size);
        text_add(&reading->key, cell->at, cell->size);
    }
    return NULL;
}

static int
encode_cells(struct reading *reading, const struct parity_side *side, const struct parity_row *row)
{
    bool null_is_empty = reading->parity->null_is_empty;
    uint64_t total = 0;
    char *to;

    for (uint32_t i = 0; i < row->cells; i++)
        total += 8 + (row->cell[i].size == DAYBREAK_NULL ? 0 : row->cell[i].size);
    if (total > UINT32_MAX)
        return -1;
    text_clear(&reading->cells);
    to = text_room(&reading->cells, total);
    for (uint32_t i = 0; i < row->cells; i++) {
        const struct daybreak_text *cell = &row->cell[i];

        if (cell->size == DAYBREAK_NULL || (cell->size == 0 && null_is_empty) || !side->column[i]->compared)
            continue;
        memcpy(to, &i, 4);
        memcpy(to + 4, &cell->size, 4);
        if (cell->size > 0)
            memcpy(to + 8, cell->at, cell->size);
        to += 8 + (size_t)cell->size;
    }
    reading->cells.size = (size_t)(to - reading->cells.at);
    return 0;
}

static void
note_bad(struct reading *reading, const char *reason)
{
    if (reading->bad < BADS_SHOWN)
        reading->bads[reading->bad] = (struct parity_bad){reading->which, reading->rows + 1, reason};
    reading->bad++;
}

static int
take_row(struct reading *reading, struct parity_side *side, const struct parity_row *row)
{
    const uint8_t *secret = reading->parity->secret;
    const char *keyless = encode_key(reading, row);
    struct parity_record record = {.ordinal = reading->rows, .bad = row->bad != NULL};
    uint64_t hash;

    if (record.bad || keyless != NULL)
        note_bad(reading, record.bad ? row->bad : keyless);
    if (keyless != NULL)
        return 0;
    if (encode_cells(reading, side, row) != 0) {
        fault_set(&reading->fault, DAYBREAK_HALT, "cannot read '%s': row %lld is longer than 4 GiB", side->name,
                  (long long)reading->rows + 1);
        return fault_exit(&reading->fault, 65, "row_too_long");
    }
    hash = XXH3_64bits_withSecret(reading->key.at, reading->key.size, secret, SECRET_BYTES);
    record.hash = (uint32_t)hash;
    record.key = reading->key.at;
    record.key_size = (uint32_t)reading->key.size;
    if (reading->second) {
        record.cells = reading->cells.at;
        record.cells_size = (uint32_t)reading->cells.size;
    } else {
        XXH128_hash_t whole = XXH3_128bits_withSecret(reading->cells.at, reading->cells.size, secret, SECRET_BYTES);

        record.row[0] = whole.low64;
        record.row[1] = whole.high64;
    }
    return parity_spool_add(reading->spool, hash, &record, &reading->fault);
}

/* ---- a side, from its first row to its last ----------------------------------------------------------- */

static int
read_rows(struct reading *reading)
{
    struct parity *parity = reading->parity;
    struct parity_side *side = &parity->side[reading->which];
    const uint8_t *differs = parity->findings.differs[reading->which];
    int64_t last = parity->findings.last[reading->which];
    int64_t limit = parity->request->limit;

    for (;; reading->rows++) {
        struct parity_row row = {0};
        bool more;

        if ((reading->rows & 1023) == 0 && atomic_load(&parity->stop))
            return 0;
        if (reading->second && reading->rows > last) /* there is no bit for rows that came since */
            break;
        row.skip = reading->second && (differs[reading->rows >> 3] >> (reading->rows & 7) & 1) == 0;
        if (parity_side_next(side, &row, &more, &reading->fault) != 0)
            return -1;
        if (!more)
            break;
        if (limit > 0 && reading->rows == limit) {
            reading->limited = true;
            return 0;
        }
        if (!row.skip && take_row(reading, side, &row) != 0)
            return -1;
    }
    return parity_side_finish(side, &reading->fault);
}

static void *
reading_run(void *context)
{
    struct reading *reading = context;
    struct parity_side *side = &reading->parity->side[reading->which];

    reading->result = reading->second ? parity_side_rewind(side, &reading->fault) : 0;
    if (reading->result == 0)
        reading->result = read_rows(reading);
    if (reading->result != 0)
        atomic_store(&reading->parity->stop, true);
    text_fini(&reading->key);
    text_fini(&reading->cells);
    return NULL;
}

static int
read_both(struct parity *parity, struct reading reading[2], struct daybreak_fault *fault)
{
    pthread_t thread;
    bool threaded;

    for (int s = 0; s < 2; s++) {
        reading[s].parity = parity;
        reading[s].which = s;
    }
    threaded = pthread_create(&thread, NULL, reading_run, &reading[1]) == 0;
    reading_run(&reading[0]);
    if (threaded)
        pthread_join(thread, NULL);
    else
        reading_run(&reading[1]);
    for (int s = 0; s < 2; s++)
        if (reading[s].result != 0) {
            *fault = reading[s].fault;
            return -1;
        }
    return 0;
}

/* ---- the two passes -------------------------------------------------------------------------------------- */

/* So many that one partition is small, but each block of both sides' is in memory. */
static uint32_t
partition_bits(const struct parity *parity)
{
    int64_t left = parity_side_estimate(&parity->side[0]), right = parity_side_estimate(&parity->side[1]);
    int64_t bytes = (left > right ? left : right) / 2;
    uint32_t bits = 0;

    while (bits < 12 && bytes >> bits > PARTITION_BYTES && parity->request->memory_bytes >> (bits + 1) > 16 << 10)
        bits++;
    return bits;
}

typedef int (*join_fn)(struct parity_spool *const spools[2], uint32_t partition, int64_t memory_bytes,
                       struct parity_findings *findings, struct daybreak_fault *fault);

/* Memory: three eighths for the records of each side, a quarter for the join. */
static int
pass(struct parity *parity, struct reading reading[2], bool second, struct daybreak_fault *fault)
{
    int64_t memory = parity->request->memory_bytes;
    uint32_t bits = partition_bits(parity);
    struct parity_spool *spools[2];
    join_fn join = second ? parity_join_cells : parity_join_rows;
    int result;

    for (int s = 0; s < 2; s++) {
        spools[s] = reading[s].spool = parity_spool_new(bits, memory / 8 * 3, second);
        reading[s].second = second;
    }
    result = read_both(parity, reading, fault);
    for (int s = 0; s < 2 && result == 0 && !second; s++)
        parity->findings.differs[s] = memory_zero((size_t)(reading[s].rows / 8) + 1);
    for (uint32_t p = 0; p < 1u << bits && result == 0; p++)
        result = join(spools, p, memory / 4, &parity->findings, fault);
    for (int s = 0; s < 2; s++)
        parity_spool_free(spools[s]);
    return result;
}

static int
second_pass(struct parity *parity, struct daybreak_fault *fault)
{
    struct reading reading[2] = {0};

    parity->findings.column = memory_zero(parity->columns.count * sizeof *parity->findings.column);
    if (parity->findings.different == 0)
        return 0;
    if (pass(parity, reading, true, fault) != 0)
        return -1;
    if (parity->findings.compared == parity->findings.different)
        return 0;
    fault_set(fault, DAYBREAK_HALT, "cannot compare '%s' with '%s': one of them changed while it was read",
              parity->request->side[0], parity->request->side[1]);
    return fault_exit(fault, 65, "side_changed");
}

/* ---- the result --------------------------------------------------------------------------------------------- */

static int
by_weight(const void *a, const void *b)
{
    const struct parity_column *left = a, *right = b;

    if (left->different != right->different)
        return left->different < right->different ? 1 : -1;
    return strcmp(left->name, right->name);
}

static void
result_columns(const struct parity *parity, struct parity_result *result)
{
    struct parity_column *column = arena_zero(result->arena, (parity->columns.count + 1) * sizeof *column);

    for (uint32_t i = 0; i < parity->columns.count; i++) {
        const struct parity_name *name = parity->columns.entry[i];

        if (name->compared)
            column[result->columns++] = (struct parity_column){.name = arena_bytes(result->arena, name->name, name->size),
                                                               .different = parity->findings.column[i],
                                                               .seen = {name->seen[0], name->seen[1]}};
    }
    qsort(column, result->columns, sizeof *column, by_weight);
    result->column = column;
}

static struct daybreak_text *
sample_key(const struct parity *parity, struct arena *arena, const struct parity_pick *pick)
{
    size_t count = parity->request->key.count;
    struct daybreak_text *key = arena_zero(arena, count * sizeof *key);
    const char *at = pick->key;

    for (size_t k = 0; k < count; k++) {
        uint32_t size = pick->key_size;

        if (count > 1) {
            memcpy(&size, at, sizeof size);
            at += sizeof size;
        }
        key[k] = (struct daybreak_text){arena_bytes(arena, at, size), size};
        at += size;
    }
    return key;
}

struct shown {
    const struct parity *parity;
    struct arena *arena;
    struct parity_value *value;
    uint32_t count;
};

/* What is seen of a long value is where it begins to differ. */
static struct daybreak_text
cut(struct shown *shown, const struct parity_cell *cell, uint32_t same)
{
    struct text text = {0};
    struct daybreak_text result = {NULL, shown->parity->null_is_empty ? 0 : DAYBREAK_NULL};
    uint32_t from = 0, size;

    if (cell == NULL) {
        result.at = "";
        return result;
    }
    if (cell->size > SAMPLE_BYTES && same > SAMPLE_BYTES / 2) {
        from = same - SAMPLE_BYTES / 4;
        while (from > 0 && ((unsigned char)cell->at[from] & 0xc0) == 0x80)
            from--;
        text_put(&text, "…");
    }
    size = (uint32_t)text_utf8_cut(cell->at + from, cell->size - from, SAMPLE_BYTES);
    text_add(&text, cell->at + from, size);
    if (from + size < cell->size)
        text_put(&text, "…");
    result.at = arena_bytes(shown->arena, text_end(&text), text.size);
    result.size = (uint32_t)text.size;
    text_fini(&text);
    return result;
}

static void
show_column(void *context, uint32_t column, const struct parity_cell *left, const struct parity_cell *right)
{
    struct shown *shown = context;
    struct parity_value *value = &shown->value[shown->count++];
    uint32_t same = 0;

    if (left != NULL && right != NULL)
        while (same < left->size && same < right->size && left->at[same] == right->at[same])
            same++;
    value->column = arena_text(shown->arena, shown->parity->columns.entry[column]->name);
    value->side[0] = cut(shown, left, same);
    value->side[1] = cut(shown, right, same);
}

static void
result_samples(struct parity *parity, struct parity_result *result)
{
    struct parity_picks *picks = parity->findings.picks;
    struct parity_sample *sample;

    sample = arena_zero(result->arena, (picks[0].count + picks[1].count + picks[2].count + 1) * sizeof *sample);
    result->sample = sample;
    for (int class = 0; class < PARITY_CLASSES; class++)
        for (uint32_t i = 0; i < picks[class].count; i++, sample++) {
            const struct parity_pick *pick = &picks[class].pick[i];
            struct shown shown = {.parity = parity, .arena = result->arena};

            sample->class = (enum parity_class)class;
            sample->row[0] = class == PARITY_EXTRA ? 0 : pick->ordinal[0] + 1;
            sample->row[1] = class == PARITY_MISSING ? 0 : pick->ordinal[1] + 1;
            sample->key = sample_key(parity, result->arena, pick);
            if (pick->cells[0] != NULL) {
                shown.value = arena_zero(result->arena, parity->columns.count * sizeof *shown.value);
                parity_cells_differ(pick->cells[0], pick->cells_size[0], pick->cells[1], pick->cells_size[1],
                                    show_column, &shown);
            }
            sample->value = shown.value;
            sample->values = shown.count;
            result->samples++;
        }
}

static void
result_fill(struct parity *parity, const struct reading reading[2], struct parity_result *result)
{
    const struct parity_findings *findings = &parity->findings;
    struct parity_bad *bads;
    bool unclear = false;

    *result = (struct parity_result){.arena = arena_new(), .equal = findings->equal, .missing = findings->missing,
                                     .extra = findings->extra, .different = findings->different, .unclear = findings->unclear};
    bads = arena_zero(result->arena, 2 * BADS_SHOWN * sizeof *bads);
    result->bads = bads;
    for (int s = 0; s < 2; s++) {
        result->rows[s] = reading[s].rows;
        result->bad[s] = reading[s].bad;
        result->limited[s] = reading[s].limited;
        result->repeated[s] = findings->repeated[s];
        result->duplicate[s] = findings->duplicate[s];
        unclear |= result->bad[s] > 0 || result->limited[s] || result->duplicate[s] > 0;
        for (int64_t i = 0; i < BADS_SHOWN && i < reading[s].bad; i++)
            bads[result->bad_count++] = reading[s].bads[i];
    }
    result_columns(parity, result);
    result_samples(parity, result);
    result->verdict = unclear                                                       ? PARITY_INCONCLUSIVE
                      : findings->missing + findings->extra + findings->different > 0 ? PARITY_DIFFERENT
                                                                                    : PARITY_EQUAL;
}

/* ---- the whole ------------------------------------------------------------------------------------------------ */

static int
compare(struct parity *parity, struct reading reading[2], struct daybreak_fault *fault)
{
    const struct parity_request *request = parity->request;

    if (getrandom(parity->secret, sizeof parity->secret, 0) != (ssize_t)sizeof parity->secret) {
        fault_set(fault, DAYBREAK_HALT, "cannot draw a secret: %s", strerror(errno));
        return fault_exit(fault, 70, "no_random");
    }
    for (int s = 0; s < 2; s++)
        if (parity_side_open(&parity->side[s], request, &parity->columns, s, fault) != 0)
            return -1;
    parity->null_is_empty = !parity->side[0].reader->nulls || !parity->side[1].reader->nulls;
    if (parity->side[0].reader->fixed && parity->side[1].reader->fixed && parity_columns_check(&parity->columns, fault) != 0)
        return -1;
    if (pass(parity, reading, false, fault) != 0 || parity_columns_check(&parity->columns, fault) != 0)
        return -1;
    return second_pass(parity, fault);
}

int
parity_compare(const struct parity_request *request, struct parity_result *result, struct daybreak_fault *fault)
{
    struct parity *parity = memory_zero(sizeof *parity);
    struct reading reading[2] = {0};
    int answer;

    parity->request = request;
    for (int class = 0; class < PARITY_CLASSES; class++)
        parity->findings.picks[class].most = request->samples;
    parity_columns_init(&parity->columns, request);
    answer = compare(parity, reading, fault);
    if (answer == 0)
        result_fill(parity, reading, result);
    for (int s = 0; s < 2; s++) {
        parity_side_close(&parity->side[s]);
        free(parity->findings.differs[s]);
    }
    for (int class = 0; class < PARITY_CLASSES; class++) {
        struct parity_picks *picks = &parity->findings.picks[class];

        for (uint32_t i = 0; i < picks->count; i++) {
            free(picks->pick[i].key);
            free(picks->pick[i].cells[0]);
            free(picks->pick[i].cells[1]);
        }
        free(picks->pick);
    }
    free(parity->findings.column);
    parity_columns_fini(&parity->columns);
    free(parity);
    return answer;
}

void
parity_fini(struct parity_result *result)
{
    if (result->arena != NULL)
        arena_free(result->arena);
    *result = (struct parity_result){0};
}
