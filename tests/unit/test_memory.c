/* SPDX-License-Identifier: Apache-2.0 */
/* The memory of a diff against a model of it that is too simple to be wrong, and against what kills and disks do to its files. */
#include "change/memory.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/log.h"
#include "change/memory_parts.h"

#define KEYS 900
#define DEEP 64
#define OK(call) ck_assert_msg((call) == 0, "%s", fault.what)

static char dir[64];
static struct daybreak_fault fault;

static void
folder_new(void)
{
    snprintf(dir, sizeof dir, "memory.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(dir));
    memset(&fault, 0, sizeof fault);
    log_level_set(LOG_LEVEL_ERROR);
}

static void
folder_free(void)
{
    static const char *const names[] = {"t.base", "t.journal", "t.base.damaged", "t.journal.damaged", "kept"};
    char path[128];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    ck_assert_int_eq(rmdir(dir), 0); /* nothing aside is left behind */
}

static const char *
path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof path, "%s/%s", dir, name);
    return path;
}

/* Bytes into a file, with nothing of the care that the memory takes: many of these make a test. */
static void
spoil(const char *name, const char *bytes, size_t size)
{
    int fd = open(path_of(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    OK(file_write_all(fd, bytes, size, name, &fault));
    ck_assert_int_eq(close(fd), 0);
}

static struct memory *
opened(int64_t landed)
{
    struct memory *memory = NULL;
    int result = memory_open(dir, "t", landed, landed > 0, &memory, &fault);

    ck_assert_msg(result == 0, "%s", fault.what);
    return memory;
}

static struct memory_item
text_item(const char *key, uint64_t raw)
{
    return (struct memory_item){.key = key, .key_size = (uint32_t)strlen(key), .route = MEMORY_HOME, .raw = raw, .canon = raw * 7};
}

static struct memory_found
find_text(struct memory *memory, const char *key)
{
    struct memory_item item = text_item(key, 0);
    struct memory_found found;

    memory_find(memory, &item, 1, &found);
    return found;
}

/* ---- the model -------------------------------------------------------------------------------------- */

struct version {
    bool there, open;
    uint8_t route;
    uint64_t raw, canon;
    uint32_t row_size;
};

/* A key: what landed, and versions since, of which some are journalled. */
struct model_key {
    struct version floor, above[DEEP];
    uint32_t depth, journalled;
    bool seen;
};

struct model {
    struct model_key key[KEYS];
    struct version landed[KEYS];
    struct version journalled[KEYS];
    uint8_t seed[16], landed_seed[16], journalled_seed[16];
    int64_t batch, landed_batch;
};

static struct model model;
static char *key_text[KEYS];
static uint32_t key_size[KEYS];
static char row_text[3000];
static uint64_t dice;

static uint32_t
roll(uint32_t sides)
{
    dice ^= dice << 13;
    dice ^= dice >> 7;
    dice ^= dice << 17;
    return (uint32_t)((dice >> 20) % sides);
}

/* Sizes from one byte to the largest; two in three share all but their last bytes. */
static void
keys_new(void)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        uint32_t size = i < 5 ? 65535 - i : i < 10 ? 9000 : i < 30 ? 300 : i < 60 ? 31 + i % 3 : 4 + i % 20;

        key_text[i] = memory_need(size + 8);
        memset(key_text[i], 'k', size);
        memcpy(key_text[i] + size - 4, &(uint32_t){i * 2654435761u}, 4);
        key_size[i] = size;
    }
    key_size[KEYS - 1] = 1;
    for (size_t i = 0; i < sizeof row_text; i++)
        row_text[i] = (char)('a' + i % 23);
}

static void
keys_free(void)
{
    for (uint32_t i = 0; i < KEYS; i++)
        free(key_text[i]);
}

static struct version *
top(uint32_t i)
{
    struct model_key *key = &model.key[i];

    return key->depth == 0 ? &key->floor : &key->above[key->depth - 1];
}

static struct memory_item
item_of(uint32_t i, const struct version *version)
{
    return (struct memory_item){.key = key_text[i], .key_size = key_size[i], .route = version->route, .open = version->open,
                                .raw = version->raw, .canon = version->canon,
                                .row = version->row_size == 0 ? NULL : row_text, .row_size = version->row_size};
}

static int64_t
model_count(void)
{
    int64_t count = 0;

    for (uint32_t i = 0; i < KEYS; i++)
        count += top(i)->there;
    return count;
}

static void
push(uint32_t i, struct version version)
{
    struct model_key *key = &model.key[i];

    ck_assert_uint_lt(key->depth, DEEP);
    key->above[key->depth++] = version;
}

static void
same_version(uint32_t i, const struct memory_found *found)
{
    const struct version *version = top(i);

    ck_assert_msg(found->there == version->there, "key %u: there %d", i, found->there);
    if (!version->there)
        return;
    ck_assert_uint_eq(found->raw, version->raw);
    ck_assert_uint_eq(found->canon, version->canon);
    ck_assert_uint_eq(found->route, version->route);
    ck_assert_uint_eq(found->row_size, version->row_size);
    ck_assert_int_eq(found->seen, model.key[i].seen);
    if (version->row_size > 0)
        ck_assert_int_eq(memcmp(found->row, row_text, version->row_size), 0);
    if (model.key[i].depth == 0)
        ck_assert(!found->staged);
    else
        ck_assert(found->staged);
}

static void
look_at_all(struct memory *memory, bool ordered)
{
    static struct memory_item item[KEYS];
    static struct memory_found found[KEYS];
    static uint32_t order[KEYS];

    for (uint32_t i = 0; i < KEYS; i++)
        order[i] = i;
    for (uint32_t i = KEYS; !ordered && i > 1; i--) {
        uint32_t j = roll(i), swap = order[i - 1];

        order[i - 1] = order[j];
        order[j] = swap;
    }
    for (uint32_t i = 0; i < KEYS; i++)
        item[i] = item_of(order[i], &(struct version){0});
    memory_find(memory, item, KEYS, found);
    for (uint32_t i = 0; i < KEYS; i++)
        same_version(order[i], &found[i]);
    ck_assert_int_eq(memory_count(memory), model_count());
    ck_assert_int_eq(memcmp(memory_seed(memory), model.seed, 16), 0);
    ck_assert_int_eq(memory_batch(memory), model.batch);
}

static uint32_t
key_number(const struct memory_item *item)
{
    for (uint32_t i = 0; i < KEYS; i++)
        if (key_size[i] == item->key_size && memcmp(key_text[i], item->key, item->key_size) == 0)
            return i;
    ck_abort_msg("a key that was never put");
    return 0;
}

struct visit {
    bool visited[KEYS];
};

static bool
visit_one(void *context, const struct memory_item *item)
{
    struct visit *visit = context;
    uint32_t i = key_number(item);

    ck_assert(!visit->visited[i]);
    visit->visited[i] = true;
    ck_assert_uint_eq(item->raw, top(i)->raw);
    ck_assert_uint_eq(item->row_size, top(i)->row_size);
    return true;
}

static void
visit_all(struct memory *memory)
{
    static struct visit all, unseen;

    memset(&all, 0, sizeof all);
    memset(&unseen, 0, sizeof unseen);
    memory_each(memory, visit_one, &all);
    memory_unseen(memory, visit_one, &unseen);
    for (uint32_t i = 0; i < KEYS; i++) {
        ck_assert_int_eq(all.visited[i], top(i)->there);
        ck_assert_int_eq(unseen.visited[i], top(i)->there && !model.key[i].seen);
    }
}

static void
model_unsee(void)
{
    for (uint32_t i = 0; i < KEYS; i++)
        model.key[i].seen = false;
}

/* What the files hold is what is known: the model stands on ${from}. */
static void
model_reset(const struct version *from, const uint8_t *seed, int64_t batch)
{
    for (uint32_t i = 0; i < KEYS; i++)
        model.key[i] = (struct model_key){.floor = from[i], .seen = model.key[i].seen};
    if (from != model.landed)
        memcpy(model.landed, from, sizeof model.landed);
    memcpy(model.seed, seed, 16);
    memcpy(model.landed_seed, model.seed, 16);
    model.batch = model.landed_batch = batch;
}

static void
do_put(struct memory *memory, uint32_t i)
{
    struct version version = {.there = true, .raw = dice | 1, .canon = dice * 3, .route = (uint8_t)(roll(3) == 0 ? roll(256) : MEMORY_HOME),
                              .open = roll(2) == 0, .row_size = roll(4) == 0 ? roll(sizeof row_text) : 0};
    struct memory_item item = item_of(i, &version);

    if (model.key[i].depth == DEEP)
        return;
    memory_put(memory, &item);
    push(i, version);
    model.key[i].seen = true;
}

static void
do_remove(struct memory *memory, uint32_t i)
{
    struct memory_item item = item_of(i, top(i));

    if (model.key[i].depth == DEEP)
        return;
    memory_remove(memory, &item);
    if (top(i)->there)
        push(i, (struct version){.there = false});
}

/* Where it went is told after it was put, and before that is durable. */
static void
do_route(struct memory *memory, uint32_t i)
{
    struct model_key *key = &model.key[i];
    struct memory_item item = item_of(i, top(i));

    if (key->depth <= key->journalled || !top(i)->there || !top(i)->open)
        return;
    item.route = key->above[key->depth - 1].route = (uint8_t)roll(256);
    item.raw = item.canon = 0; /* these are no longer asked for */
    memory_route(memory, &item);
}

static void
do_undo(struct memory *memory, uint32_t i)
{
    struct model_key *key = &model.key[i];
    struct memory_item item = item_of(i, top(i));

    if (key->depth == DEEP)
        return;
    memory_undo(memory, &item);
    if (key->depth == 0)
        return;
    if (key->depth > key->journalled) {
        key->depth--;
    } else {
        struct version below = key->depth == 1 ? key->floor : key->above[key->depth - 2];

        below.open = false; /* what came back stands as it was */
        if (below.there || top(i)->there)
            push(i, below);
    }
    key->seen = true;
}

static void
do_see(struct memory *memory, uint32_t i)
{
    struct memory_item item = item_of(i, top(i));
    struct memory_found found;

    memory_find(memory, &item, 1, &found);
    same_version(i, &found);
    if (!found.there)
        return;
    ck_assert_int_eq(memory_see(memory, found.ref), model.key[i].seen);
    ck_assert(memory_see(memory, found.ref));
    model.key[i].seen = true;
}

static void
do_journal(struct memory *memory)
{
    model.batch += model.batch == model.landed_batch ? 1 + roll(2) : roll(2);
    OK(memory_journal(memory, model.batch, &fault));
    for (uint32_t i = 0; i < KEYS; i++) {
        model.key[i].journalled = model.key[i].depth;
        model.journalled[i] = *top(i);
    }
    memcpy(model.journalled_seed, model.seed, 16);
}

static void
do_landed(struct memory *memory)
{
    memory_landed(memory);
    model.landed_batch = model.batch;
    memcpy(model.landed, model.journalled, sizeof model.landed);
    memcpy(model.landed_seed, model.journalled_seed, 16);
    for (uint32_t i = 0; i < KEYS; i++) {
        struct model_key *key = &model.key[i];

        key->floor = model.journalled[i];
        memmove(key->above, key->above + key->journalled, (key->depth - key->journalled) * sizeof *key->above);
        key->depth -= key->journalled;
        key->journalled = 0;
    }
}

static void
do_revert(struct memory *memory)
{
    OK(memory_revert(memory, &fault));
    model_reset(model.landed, model.landed_seed, model.landed_batch);
    memory_look(memory);
    model_unsee();
}

/* The process ends here; the target has what landed, or also what was journalled. */
static struct memory *
do_reopen(struct memory *memory)
{
    bool target_has = model.batch > model.landed_batch && roll(2) == 0;

    memory_close(memory);
    memory = opened(target_has ? model.batch : model.landed_batch);
    if (target_has)
        model_reset(model.journalled, model.journalled_seed, model.batch);
    else
        model_reset(model.landed, model.landed_seed, model.landed_batch);
    model_unsee();
    return memory;
}

static void
do_clear(struct memory *memory)
{
    OK(memory_clear(memory, &fault));
    for (uint32_t i = 0; i < KEYS; i++) /* nothing of before can be undone any more */
        model.key[i] = (struct model_key){.floor = {.there = false}, .seen = false};
}

static bool
nothing_staged(void)
{
    for (uint32_t i = 0; i < KEYS; i++)
        if (model.key[i].depth > 0)
            return false;
    return model.batch == model.landed_batch;
}

START_TEST(does_what_a_simple_model_does)
{
    struct memory *memory;
    bool cleared = false;

    dice = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(_i + 1);
    memset(&model, 0, sizeof model);
    folder_new();
    keys_new();
    memory = opened(0);
    for (int step = 0; step < 4000; step++) {
        uint32_t what = roll(1000), i = roll(KEYS);

        if (what < 330)
            do_put(memory, i);
        else if (what < 400)
            do_route(memory, i);
        else if (what < 550)
            do_remove(memory, i);
        else if (what < 700 && !cleared)
            do_undo(memory, i);
        else if (what < 930)
            do_see(memory, i);
        else if (what < 935) {
            memory_look(memory);
            model_unsee();
        } else if (what < 940) {
            look_at_all(memory, roll(2) == 0);
            visit_all(memory);
        } else if (what < 960) {
            do_journal(memory);
        } else if (what < 975) {
            do_journal(memory);
            do_landed(memory);
            cleared = false;
        } else if (what < 980) {
            do_revert(memory);
            cleared = false;
        } else if (what < 990) {
            if (!cleared && nothing_staged()) {
                OK(memory_settle(memory, roll(2) == 0, &fault));
                OK(memory_verify(memory, &fault));
                memory_look(memory);
                model_unsee();
            }
        } else if (what < 996) {
            memory = do_reopen(memory);
            cleared = false;
        } else if (what < 997) {
            do_clear(memory);
            cleared = true; /* until it landed or was taken back, so that the model may stay simple */
        } else {
            memset(model.seed, (int)roll(256), 16);
            memory_set_seed(memory, model.seed);
        }
        if (what >= 960)
            look_at_all(memory, roll(2) == 0);
    }
    memory_close(memory);
    keys_free();
    folder_free();
}
END_TEST

/* ---- single truths ---------------------------------------------------------------------------------- */

START_TEST(an_absent_memory_is_empty_or_lost)
{
    struct memory *memory = NULL;

    folder_new();
    memory = opened(0);
    ck_assert_int_eq(memory_count(memory), 0);
    ck_assert_int_eq(memory_batch(memory), 0);
    ck_assert_int_eq(memory_bytes(memory), 0);
    memory_close(memory);
    memory = NULL;
    ck_assert_int_eq(memory_open(dir, "t", 3, true, &memory, &fault), -1);
    ck_assert_ptr_null(memory);
    ck_assert_int_eq(fault_status(&fault), 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "is lost: the target has batches up to 3"));
    ck_assert_ptr_nonnull(strstr(fault.hint, "run --resync"));
    OK(memory_open(dir, "t", 3, false, &memory, &fault));
    ck_assert_int_eq(memory_count(memory), 0);
    memory_close(memory);
    folder_free();
}
END_TEST

START_TEST(where_the_last_version_went_costs_a_byte_only_away_from_home)
{
    struct memory_item home = text_item("home", 1), away = text_item("away", 1);
    struct memory *memory;
    int64_t alone;

    folder_new();
    memory = opened(0);
    home.open = true; /* room for a route that does not come is given back when the memory settles */
    memory_put(memory, &home);
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    alone = memory_bytes(memory);
    away.route = 7;
    memory_put(memory, &away);
    OK(memory_journal(memory, 2, &fault));
    memory_landed(memory);
    ck_assert_int_gt(memory_bytes(memory), alone);
    OK(memory_settle(memory, true, &fault));
    ck_assert_uint_eq(find_text(memory, "home").route, MEMORY_HOME);
    ck_assert_uint_eq(find_text(memory, "away").route, 7);
    ck_assert_uint_eq(find_text(memory, "nobody").route, MEMORY_NOWHERE);
    ck_assert_uint_eq(memory->base.entries[0], 4 << 2);     /* no route */
    ck_assert_uint_eq(memory->base.entries[21], 4 << 2 | 2); /* one, behind the tag */
    ck_assert_uint_eq(memory->base.entries[22], 7);
    memory_close(memory);
    folder_free();
}
END_TEST

START_TEST(a_route_may_be_told_until_its_version_is_journalled)
{
    struct memory_item item = text_item("a", 1);
    struct memory *memory;

    folder_new();
    memory = opened(0);
    item.open = true;
    memory_put(memory, &item);
    memory_route(memory, &(struct memory_item){.key = "a", .key_size = 1, .route = 200});
    ck_assert_uint_eq(find_text(memory, "a").route, 200);
    OK(memory_journal(memory, 1, &fault));
    memory_route(memory, &(struct memory_item){.key = "a", .key_size = 1, .route = 3}); /* too late */
    ck_assert_uint_eq(find_text(memory, "a").route, 200);
    memory_landed(memory);
    item.raw = 2;
    memory_put(memory, &item);
    memory_route(memory, &(struct memory_item){.key = "a", .key_size = 1, .route = 3});
    memory_undo(memory, &item);
    ck_assert_uint_eq(find_text(memory, "a").route, 200);
    memory_close(memory);
    memory = opened(1);
    ck_assert_uint_eq(find_text(memory, "a").route, 200);
    memory_close(memory);
    folder_free();
}
END_TEST

/* Base with batch 1 of ${keys} keys, journal with batches 2 and 3; gives the journal's sizes after each. */
static void
three_batches(int keys, int64_t size[2])
{
    struct memory *memory = opened(0);
    struct stat status;
    char key[16];

    for (int i = 0; i < keys; i++) {
        struct memory_item item;

        snprintf(key, sizeof key, "%06d", i);
        item = text_item(key, (uint64_t)i + 1);
        memory_put(memory, &item);
    }
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    OK(memory_settle(memory, true, &fault));
    for (int batch = 2; batch <= 3; batch++) {
        memory_put(memory, &(struct memory_item){.key = "new", .key_size = 3, .route = MEMORY_HOME, .raw = (uint64_t)batch});
        memory_remove(memory, &(struct memory_item){.key = "000001", .key_size = 6});
        OK(memory_journal(memory, batch, &fault));
        memory_landed(memory);
        ck_assert_int_eq(stat(path_of("t.journal"), &status), 0);
        size[batch - 2] = status.st_size;
    }
    memory_close(memory);
}

/* The files as the version before wrote them: the same, without a route in any entry. */
static void
make_older(const char *name, size_t version_at, size_t sum_at, bool wide)
{
    size_t size = sum_at + (wide ? 16 : 8);
    char *head = memory_need(size);
    uint32_t version = 1;
    int fd = open(path_of(name), O_RDWR | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, head, size, 0), (ssize_t)size);
    ck_assert_int_eq(head[version_at], MEMORY_VERSION);
    memcpy(head + version_at, &version, sizeof version);
    if (wide) {
        XXH128_hash_t sum = XXH3_128bits(head, sum_at);

        memcpy(head + sum_at, &sum, sizeof sum);
    } else {
        XXH64_hash_t sum = XXH3_64bits(head, sum_at);

        memcpy(head + sum_at, &sum, sizeof sum);
    }
    ck_assert_int_eq(pwrite(fd, head, size, 0), (ssize_t)size);
    ck_assert_int_eq(close(fd), 0);
    free(head);
}

static int
version_of(const char *name)
{
    char version = 0;
    int fd = open(path_of(name), O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(pread(fd, &version, 1, 8), 1);
    ck_assert_int_eq(close(fd), 0);
    return version;
}

START_TEST(a_memory_of_the_version_before_has_all_its_keys_at_home)
{
    struct memory_item item = text_item("x", 9);
    struct memory *memory;
    int64_t size[2];

    folder_new();
    three_batches(10, size);
    make_older("t.base", offsetof(struct memory_base_head, version), offsetof(struct memory_base_head, sum), true);
    make_older("t.journal", 8, 32, false);
    ck_assert_int_eq(memory_open_still(dir, "t", 3, true, &memory, &fault), 0); /* who only looks leaves it so */
    ck_assert_uint_eq(find_text(memory, "new").route, MEMORY_HOME);
    memory_close(memory);
    ck_assert_int_eq(version_of("t.journal"), 1);

    memory = opened(3);
    ck_assert_int_eq(memory_count(memory), 10);
    ck_assert_uint_eq(find_text(memory, "000005").route, MEMORY_HOME);
    ck_assert_uint_eq(find_text(memory, "new").route, MEMORY_HOME);
    item.route = 5;
    memory_put(memory, &item);
    OK(memory_journal(memory, 4, &fault));
    memory_close(memory); /* killed before it landed */
    ck_assert_int_eq(version_of("t.journal"), MEMORY_VERSION);
    memory = opened(3);
    ck_assert_int_eq(memory_count(memory), 10);
    ck_assert(!find_text(memory, "x").there);
    ck_assert_uint_eq(find_text(memory, "new").raw, 3);
    memory_put(memory, &item);
    OK(memory_journal(memory, 4, &fault));
    memory_landed(memory);
    OK(memory_verify(memory, &fault));
    OK(memory_settle(memory, true, &fault));
    ck_assert_int_eq(version_of("t.base"), MEMORY_VERSION);
    ck_assert_uint_eq(find_text(memory, "x").route, 5);
    ck_assert_uint_eq(find_text(memory, "000005").route, MEMORY_HOME);
    memory_close(memory);
    folder_free();
}
END_TEST

START_TEST(a_repeated_key_is_seen_within_one_find)
{
    struct memory_item item[2];
    struct memory_found found[2];
    struct memory *memory;

    folder_new();
    memory = opened(0);
    item[0] = item[1] = text_item("a", 1);
    memory_put(memory, item);
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    OK(memory_settle(memory, true, &fault));
    memory_look(memory);
    memory_find(memory, item, 2, found);
    ck_assert(found[0].there && found[1].there && !found[0].seen && !found[1].seen && !found[0].staged);
    ck_assert(!memory_see(memory, found[0].ref));
    ck_assert(memory_see(memory, found[1].ref));
    ck_assert(find_text(memory, "a").seen);
    memory_close(memory);
    folder_free();
}
END_TEST

START_TEST(a_row_lent_by_find_can_be_put_again)
{
    struct memory_item item = text_item("key", 1);
    struct memory_found found;
    struct memory *memory;

    folder_new();
    memory = opened(0);
    item.row = "{\"a\":\"one row\"}";
    item.row_size = (uint32_t)strlen(item.row);
    memory_put(memory, &item);
    for (int i = 0; i < 3000; i++) { /* often enough that the row moves while it is copied */
        found = find_text(memory, "key");
        item.row = found.row;
        item.row_size = found.row_size;
        item.raw++;
        memory_put(memory, &item);
    }
    found = find_text(memory, "key");
    ck_assert_uint_eq(found.raw, 3001);
    ck_assert_uint_eq(found.row_size, 15);
    ck_assert_int_eq(memcmp(found.row, "{\"a\":\"one row\"}", 15), 0);
    memory_close(memory);
    folder_free();
}
END_TEST

static bool
first_only(void *context, const struct memory_item *item)
{
    (void)item;
    return ++*(int *)context < 1;
}

START_TEST(each_stops_when_told)
{
    struct memory *memory;
    int given = 0;

    folder_new();
    memory = opened(0);
    memory_put(memory, &(struct memory_item){.key = "a", .key_size = 1});
    memory_put(memory, &(struct memory_item){.key = "b", .key_size = 1});
    memory_each(memory, first_only, &given);
    ck_assert_int_eq(given, 1);
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    OK(memory_settle(memory, true, &fault));
    given = 0;
    memory_each(memory, first_only, &given);
    ck_assert_int_eq(given, 1);
    memory_close(memory);
    folder_free();
}
END_TEST

START_TEST(a_torn_tail_is_cut_and_damage_below_is_a_halt)
{
    struct memory *memory = NULL;
    int64_t size[2];
    size_t bytes;
    char *journal;

    folder_new();
    three_batches(10, size);
    OK(file_read(path_of("t.journal"), 1 << 20, &journal, &bytes, &fault));
    for (size_t cut = 0; cut <= bytes; cut++) {
        spoil("t.journal", journal, cut);
        if ((int64_t)cut < size[0]) {
            ck_assert_int_eq(memory_open(dir, "t", 2, true, &memory, &fault), -1);
            ck_assert_int_eq(fault_status(&fault), 78);
            ck_assert_ptr_nonnull(strstr(fault.hint, "run --resync"));
            continue;
        }
        memory = opened(2);
        ck_assert_int_eq(memory_batch(memory), 2);
        ck_assert_uint_eq(find_text(memory, "new").raw, 2);
        ck_assert(!find_text(memory, "000001").there);
        memory_put(memory, &(struct memory_item){.key = "new", .key_size = 3, .raw = 30});
        OK(memory_journal(memory, 3, &fault));
        memory_landed(memory);
        memory_close(memory);
        memory = opened(3);
        ck_assert_uint_eq(find_text(memory, "new").raw, 30);
        memory_close(memory);
    }
    free(journal);
    folder_free();
}
END_TEST

START_TEST(no_damaged_byte_of_the_journal_is_believed)
{
    struct memory *memory = NULL;
    int64_t size[2];
    size_t bytes;
    char *journal;

    folder_new();
    three_batches(10, size);
    OK(file_read(path_of("t.journal"), 1 << 20, &journal, &bytes, &fault));
    for (size_t at = 0; at < bytes; at++) {
        journal[at] ^= 0x10;
        spoil("t.journal", journal, bytes);
        ck_assert_msg(memory_open(dir, "t", 3, true, &memory, &fault) == -1, "byte %zu", at);
        ck_assert_int_eq(fault_status(&fault), 78);
        journal[at] ^= 0x10;
    }
    free(journal);
    folder_free();
}
END_TEST

/* A damaged base is found when it is opened, or before anything that was looked up in it becomes durable. */
START_TEST(no_damaged_byte_of_the_base_is_believed)
{
    struct memory *memory = NULL;
    int64_t size[2];
    size_t bytes;
    char *base, key[16];

    folder_new();
    three_batches(700, size);
    OK(file_read(path_of("t.base"), 1 << 24, &base, &bytes, &fault));
    for (size_t at = 0; at < bytes; at += at < 200 || at + 400 > bytes ? 1 : 37) {
        struct memory_item item;
        int result = 0;

        if (at >= 120 && at < 8192)
            continue; /* nothing stands behind the header */
        base[at] ^= 0x04;
        spoil("t.base", base, bytes);
        if (memory_open(dir, "t", 3, true, &memory, &fault) == 0) {
            for (int i = 699; i >= 0; i--) {
                struct memory_found found;

                snprintf(key, sizeof key, "%06d", i);
                item = text_item(key, 0);
                memory_find(memory, &item, 1, &found);
                if (found.there)
                    ck_assert_uint_eq(found.raw, (uint64_t)i + 1);
            }
            result = memory_verify(memory, &fault);
            ck_assert_msg(result == -1, "byte %zu", at);
            memory_put(memory, &(struct memory_item){.key = "x", .key_size = 1});
            ck_assert_int_eq(memory_sound(memory, &fault), -1);
            ck_assert_int_eq(memory_journal(memory, 4, &fault), -1);
            memory_close(memory);
        }
        ck_assert_int_eq(fault_status(&fault), 78);
        ck_assert_ptr_nonnull(strstr(fault.hint, "run --resync"));
        base[at] ^= 0x04;
    }
    for (size_t cut = 0; cut < bytes; cut += 517) {
        spoil("t.base", base, cut);
        ck_assert_int_eq(memory_open(dir, "t", 3, true, &memory, &fault), -1);
        ck_assert_int_eq(fault_status(&fault), 78);
    }
    free(base);
    folder_free();
}
END_TEST

START_TEST(a_resync_begins_anew_over_damage_and_keeps_it)
{
    struct memory *memory = NULL;
    int64_t size[2];

    folder_new();
    three_batches(10, size);
    spoil("t.base", "not a base", 10);
    OK(memory_open(dir, "t", 3, false, &memory, &fault));
    ck_assert_int_eq(memory_count(memory), 0);
    ck_assert_int_eq(access(path_of("t.base.damaged"), F_OK), 0);
    memory_put(memory, &(struct memory_item){.key = "k", .key_size = 1, .raw = 5});
    OK(memory_journal(memory, 4, &fault));
    memory_landed(memory);
    memory_close(memory);
    memory = opened(4);
    ck_assert_int_eq(memory_count(memory), 1);
    memory_close(memory);
    folder_free();
}
END_TEST

START_TEST(memory_and_target_from_different_times_are_a_halt)
{
    struct memory *memory = NULL;
    int64_t size[2];
    size_t bytes;
    char *base;

    folder_new();
    three_batches(10, size);
    ck_assert_int_eq(memory_open(dir, "t", 4, true, &memory, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "ends with batch 3, the target has batches up to 4"));
    OK(file_read(path_of("t.base"), 1 << 24, &base, &bytes, &fault));
    memory = opened(3);
    OK(memory_settle(memory, true, &fault));
    memory_close(memory);
    memory = NULL;
    ck_assert_int_eq(memory_open(dir, "t", 2, true, &memory, &fault), -1);
    ck_assert_int_eq(fault_status(&fault), 78);
    ck_assert_ptr_nonnull(strstr(fault.what, "the target is from an older copy"));
    spoil("t.base", base, bytes); /* yesterday's base beside today's journal */
    ck_assert_int_eq(memory_open(dir, "t", 3, true, &memory, &fault), -1);
    ck_assert_ptr_nonnull(strstr(fault.what, "newer than the base beside it"));
    free(base);
    folder_free();
}
END_TEST

/* The kill came between the new base and the new journal: the old journal is part of the base by then. */
START_TEST(a_journal_that_was_folded_in_is_not_read_again)
{
    struct memory *memory;
    int64_t size[2];
    size_t bytes;
    char *journal;

    folder_new();
    three_batches(10, size);
    OK(file_read(path_of("t.journal"), 1 << 20, &journal, &bytes, &fault));
    memory = opened(3);
    OK(memory_settle(memory, true, &fault));
    memory_close(memory);
    spoil("t.journal", journal, bytes);
    memory = opened(3);
    ck_assert_int_eq(memory_count(memory), 10);
    ck_assert_uint_eq(find_text(memory, "new").raw, 3);
    memory_put(memory, &(struct memory_item){.key = "newer", .key_size = 5, .raw = 9});
    OK(memory_journal(memory, 4, &fault));
    memory_landed(memory);
    memory_close(memory);
    memory = opened(4);
    ck_assert_int_eq(memory_count(memory), 11);
    memory_close(memory);
    free(journal);
    folder_free();
}
END_TEST

/* Five batches as a run lands them; the pipe is the target: what was written to it is there, whatever happens next. */
static void
run_to_its_end(int target, int64_t landed)
{
    struct memory *memory;

    if (memory_open(dir, "t", landed, landed > 0, &memory, &fault) != 0)
        _exit(1);
    for (int64_t batch = landed + 1; batch <= 5; batch++) {
        char key[2] = {(char)('0' + batch), '\0'};
        struct memory_item item = text_item(key, (uint64_t)batch), same = text_item("x", (uint64_t)batch);

        memory_put(memory, &item);
        memory_put(memory, &same);
        if (memory_journal(memory, batch, &fault) != 0 || write(target, &batch, sizeof batch) != sizeof batch)
            _exit(1);
        memory_landed(memory);
        if (memory_settle(memory, batch % 2 == 0, &fault) != 0)
            _exit(1);
    }
    memory_close(memory);
    _exit(0);
}

/* Gives false when the point was not reached so often. */
static bool
killed_at(const char *point, int passage, int64_t *landed)
{
    int64_t batch;
    int ends[2], status;
    char at[64];
    pid_t child;

    ck_assert_int_eq(pipe(ends), 0);
    child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        snprintf(at, sizeof at, "%s:%d", point, passage);
        if (point[0] != '\0')
            setenv("DAYBREAK_CRASH_AT", at, 1);
        crash_init();
        run_to_its_end(ends[1], *landed);
    }
    close(ends[1]);
    while (read(ends[0], &batch, sizeof batch) == sizeof batch)
        *landed = batch;
    close(ends[0]);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    if (WIFSIGNALED(status))
        return true;
    ck_assert_int_eq(WEXITSTATUS(status), 0);
    return false;
}

START_TEST(a_kill_anywhere_leaves_what_the_target_has)
{
    static const char *const points[] = {
        "memory.before-journal", "memory.journal-torn", "memory.journal-written", "memory.journal-synced",
        "memory.journal-begun", "memory.journal-renamed", "memory.base-told", "memory.base-without-header",
        "memory.base-synced", "memory.base-renamed", "memory.before-journal-begin",
    };
    const char *point = points[_i];
    bool more = true;

    for (int passage = 1; more; passage++) {
        struct memory *memory;
        int64_t landed = 0;

        folder_new();
        more = killed_at(point, passage, &landed);
        ck_assert(more || passage > 1);
        memory = opened(landed);
        OK(memory_verify(memory, &fault));
        ck_assert_int_eq(memory_count(memory), landed == 0 ? 0 : landed + 1);
        ck_assert_uint_eq(find_text(memory, "x").raw, (uint64_t)landed);
        memory_close(memory);
        ck_assert(!killed_at("", 0, &landed)); /* the next run goes on from there */
        memory = opened(5);
        ck_assert_int_eq(memory_count(memory), 6);
        ck_assert_uint_eq(find_text(memory, "x").raw, 5);
        memory_close(memory);
        folder_free();
    }
}
END_TEST

START_TEST(a_key_of_eight_bytes_costs_less_than_40_bytes)
{
    struct memory *memory;
    char key[16];

    folder_new();
    memory = opened(0);
    for (int i = 0; i < 50000; i++) {
        struct memory_item item;

        snprintf(key, sizeof key, "%08d", i);
        item = text_item(key, (uint64_t)i + 1);
        memory_put(memory, &item);
    }
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    OK(memory_settle(memory, true, &fault));
    ck_assert_int_lt(memory_bytes(memory), 50000 * 34);
    OK(memory_verify(memory, &fault));
    memory_close(memory);
    folder_free();
}
END_TEST

static uint64_t
any_hash(void *context, const char *key, uint32_t size)
{
    uint64_t hash = 0;

    for (uint32_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)key[i]) * UINT64_C(0x9e3779b97f4a7c15);
    return hash >> *(const int *)context;
}

/* Offsets of five bytes; and with a hash of few bits, whose keys all crowd into the first lines. */
START_TEST(a_directory_leads_to_every_key_in_both_widths)
{
    struct memory_base_head head = {.generation = 1, .count = 700};
    struct memory_base_writer *writer;
    struct memory_base base;
    char path[128], key[16];
    int shift = _i / 2 == 0 ? 0 : 56;
    bool placed, there;

    folder_new();
    snprintf(path, sizeof path, "%s/t.base", dir);
    writer = memory_base_writer_new(path, &head, _i % 2 == 0 ? 0 : UINT64_C(5) << 30, &fault);
    ck_assert_ptr_nonnull(writer);
    for (int i = 0; i < 700; i++) {
        struct memory_item item;

        snprintf(key, sizeof key, "%06d", i);
        item = text_item(key, (uint64_t)i);
        OK(memory_base_writer_add(writer, &item, any_hash(&shift, key, 6), &fault));
    }
    OK(memory_base_writer_end(writer, dir, &placed, &fault));
    memory_base_writer_drop(writer);
    OK(memory_base_open(&base, path, &there, &fault));
    ck_assert(placed && there && base.head.wide == (uint64_t)(_i % 2));
    OK(memory_base_verify(&base, path, any_hash, &shift, &fault));
    for (int i = 700; i < 1400; i++) {
        struct memory_entry entry;

        snprintf(key, sizeof key, "%06d", i);
        ck_assert_uint_eq(memory_base_find(&base, any_hash(&shift, key, 6), key, 6, &entry), MEMORY_NONE);
    }
    memory_base_close(&base);
    folder_free();
}
END_TEST

START_TEST(a_name_of_any_table_is_a_file_of_its_folder)
{
    struct memory *memory = NULL;

    folder_new();
    OK(memory_open(dir, "../a b/.c", 0, false, &memory, &fault));
    memory_put(memory, &(struct memory_item){.key = "k", .key_size = 1});
    OK(memory_journal(memory, 1, &fault));
    memory_close(memory);
    ck_assert_int_eq(unlink(path_of("%2E.%2Fa%20b%2F.c.journal")), 0);
    folder_free();
}
END_TEST

START_TEST(a_full_disk_is_told_and_nothing_is_lost)
{
    struct memory *memory;
    struct memory_item item = text_item("k", 1);

    if (access("/dev/full", W_OK) != 0)
        return;
    folder_new();
    ck_assert_int_eq(symlink("/dev/full", path_of("t.journal")), 0);
    ck_assert_int_eq(memory_open(dir, "t", 0, false, &memory, &fault), -1); /* a link is no journal of ours */
    ck_assert_int_eq(fault_status(&fault), 74);
    unlink(path_of("t.journal"));
    memory = opened(0);
    memory_put(memory, &item);
    ck_assert_int_eq(chmod(dir, 0500), 0);
    if (geteuid() != 0) {
        ck_assert_int_eq(memory_journal(memory, 1, &fault), -1);
        ck_assert_int_eq(fault_status(&fault), 74);
    }
    ck_assert_int_eq(chmod(dir, 0700), 0);
    OK(memory_journal(memory, 1, &fault));
    memory_landed(memory);
    memory_close(memory);
    memory = opened(1);
    ck_assert(find_text(memory, "k").there);
    memory_close(memory);
    folder_free();
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tcase = tcase_create("memory");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 120);
    tcase_add_loop_test(tcase, does_what_a_simple_model_does, 0, 6);
    tcase_add_test(tcase, an_absent_memory_is_empty_or_lost);
    tcase_add_test(tcase, where_the_last_version_went_costs_a_byte_only_away_from_home);
    tcase_add_test(tcase, a_route_may_be_told_until_its_version_is_journalled);
    tcase_add_test(tcase, a_memory_of_the_version_before_has_all_its_keys_at_home);
    tcase_add_test(tcase, a_repeated_key_is_seen_within_one_find);
    tcase_add_test(tcase, a_row_lent_by_find_can_be_put_again);
    tcase_add_test(tcase, each_stops_when_told);
    tcase_add_test(tcase, a_torn_tail_is_cut_and_damage_below_is_a_halt);
    tcase_add_test(tcase, no_damaged_byte_of_the_journal_is_believed);
    tcase_add_test(tcase, no_damaged_byte_of_the_base_is_believed);
    tcase_add_test(tcase, a_resync_begins_anew_over_damage_and_keeps_it);
    tcase_add_test(tcase, memory_and_target_from_different_times_are_a_halt);
    tcase_add_test(tcase, a_journal_that_was_folded_in_is_not_read_again);
    tcase_add_loop_test(tcase, a_kill_anywhere_leaves_what_the_target_has, 0, 11);
    tcase_add_test(tcase, a_key_of_eight_bytes_costs_less_than_40_bytes);
    tcase_add_loop_test(tcase, a_directory_leads_to_every_key_in_both_widths, 0, 4);
    tcase_add_test(tcase, a_name_of_any_table_is_a_file_of_its_folder);
    tcase_add_test(tcase, a_full_disk_is_told_and_nothing_is_lost);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
