/* SPDX-License-Identifier: Apache-2.0 */
/* Properties of every role: the table, options, life, globals, threads, leaks. */
#include <dirent.h>
#include <dlfcn.h>
#include <link.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/finding.h"
#include "config/option.h"
#include "connector/module.h"
#include "kit_parts.h"

int
kit_exercise(struct kit *kit, struct instance *instance, uint64_t seed, struct text *out, struct daybreak_fault *fault)
{
    switch (kit->type->role) {
    case DAYBREAK_EXTRACT:
        return kit_exercise_extract(kit, instance, out, fault);
    case DAYBREAK_FORMAT:
        return kit_exercise_format(kit, instance, out, fault);
    case DAYBREAK_LOAD:
        return kit_exercise_load(kit, instance, seed, out, fault);
    case DAYBREAK_TRANSFORM:
        return kit_exercise_transform(kit, instance, out, fault);
    }
    return -1;
}

/* ---- the table ------------------------------------------------------------------------------- */

static size_t
field_size(enum daybreak_option_type type)
{
    switch (type) {
    case DAYBREAK_TEXT:
        return sizeof(const char *);
    case DAYBREAK_BOOLEAN:
        return sizeof(bool);
    case DAYBREAK_INTEGER:
    case DAYBREAK_DURATION:
    case DAYBREAK_SIZE:
    case DAYBREAK_TIME:
        return sizeof(int64_t);
    case DAYBREAK_PERCENT:
        return sizeof(double);
    case DAYBREAK_CHOICE:
        return sizeof(int);
    case DAYBREAK_LIST:
        return sizeof(struct daybreak_list);
    case DAYBREAK_MAP:
        return sizeof(struct daybreak_map);
    }
    return 0;
}

static void
option_table(struct kit *kit, const struct daybreak_option *option)
{
    const struct daybreak_option *table = kit->type->options;
    size_t size = field_size(option->type);

    if (size == 0)
        kit_fail(kit, "option '%s' has no known type", option->name);
    else if (option->at + size > kit->type->self_size)
        kit_fail(kit, "option '%s' lies outside of self: its field ends at %zu, self_size is %u", option->name, option->at + size,
                 kit->type->self_size);
    else if (option->help == NULL || option->help[0] == '\0')
        kit_fail(kit, "option '%s' has no help", option->name);
    else if (option->name[0] == '\0' || strspn(option->name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(option->name))
        kit_fail(kit, "option '%s' is no snake_case", option->name);
    else if (option->type == DAYBREAK_CHOICE && (option->choices == NULL || strchr(option->choices, '|') == NULL))
        kit_fail(kit, "option '%s' is a choice of nothing", option->name);
    else if (option->min > option->max)
        kit_fail(kit, "option '%s' has a least value above its greatest", option->name);
    else if (option->required && option->preset != NULL)
        kit_fail(kit, "option '%s' is required, and has a preset all the same", option->name);
    for (const struct daybreak_option *other = table; other != option; other++) {
        size_t others = field_size(other->type);

        if (strcmp(other->name, option->name) == 0)
            kit_fail(kit, "option '%s' is there twice", option->name);
        else if (option->at < other->at + others && other->at < option->at + size)
            kit_fail(kit, "options '%s' and '%s' fill the same field", other->name, option->name);
    }
}

static void
property_table(struct kit *kit)
{
    static const uint32_t allowed[] = {
        [DAYBREAK_EXTRACT] = DAYBREAK_GIVES_BYTES | DAYBREAK_GIVES_RECORDS | DAYBREAK_RESUMES | DAYBREAK_SEES_DELETES |
                             DAYBREAK_SEES_BEFORE | DAYBREAK_ORDERED | DAYBREAK_LATE_SAFE | DAYBREAK_LIVE,
        [DAYBREAK_FORMAT] = DAYBREAK_RESUMES | DAYBREAK_ORDERED | DAYBREAK_EMPTY_IS_NULL | DAYBREAK_NAMES_ALL,
        [DAYBREAK_LOAD] = DAYBREAK_ORDERED | DAYBREAK_TRANSACTIONAL | DAYBREAK_IDEMPOTENT | DAYBREAK_MIRRORS | DAYBREAK_READS_BACK | DAYBREAK_TELLS,
        [DAYBREAK_TRANSFORM] = 0};
    static const uint32_t known = (DAYBREAK_LIVE << 1) - 1; /* what a newer header may add is not judged */
    struct daybreak_fault fault = {0};
    const struct daybreak_connector *c;
    uint32_t options = 0;

    if (module_find(kit->request->role, kit->request->name, &c, &fault) != 0) {
        kit_fail(kit, "%.500s", fault.what);
        return;
    }
    kit->type = c;
    if (c->help == NULL || c->help[0] == '\0')
        kit_fail(kit, "the connector has no help: one sentence for `daybreak connectors`");
    if (c->abilities & known & ~allowed[c->role])
        kit_fail(kit, "it claims abilities (0x%x) that a connector of this role cannot have", c->abilities & known & ~allowed[c->role]);
    if (c->role == DAYBREAK_EXTRACT && !(c->abilities & (DAYBREAK_GIVES_BYTES | DAYBREAK_GIVES_RECORDS)))
        kit_fail(kit, "it gives neither bytes nor records");
    if (c->role == DAYBREAK_LOAD && (c->abilities & DAYBREAK_TRANSACTIONAL) && c->audit == NULL)
        kit_fail(kit, "a transactional load without audit: after a crash the ledger's counts are made anew from it");
    if (c->size > 2 * sizeof *c)
        kit_fail(kit, "its table says it is %u bytes long", c->size);
    for (const struct daybreak_option *option = c->options; option != NULL && option->name != NULL; option++, options++) {
        if (options == 1000) {
            kit_fail(kit, "the table of options has no end: a last one with .name = NULL");
            return;
        }
        option_table(kit, option);
    }
    kit_pass(kit, "ABI %u, %u option%s", c->abi, options, options == 1 ? "" : "s");
}

/* ---- options --------------------------------------------------------------------------------- */

/* The request's options but for one that has another value; ${value} NULL: without it. */
static const struct config_node *
options_with(struct kit *kit, const char *name, const char *value)
{
    struct kit_request copy = *kit->request;
    const struct config_node **from;
    struct config_node *all;

    kit_option(kit->arena, &copy, name, value == NULL ? "" : value);
    if (value == NULL) { /* it is the first */
        all = (struct config_node *)copy.options;
        from = &all->child;
        *from = all->child->next;
        all->children--;
    }
    return copy.options;
}

/* What the engine says of options that are wrong by themselves. */
static bool
refused_as(struct kit *kit, const struct daybreak_option *option, const char *value, const char *why)
{
    struct daybreak_fault fault = {0};
    struct instance *instance = kit_try(kit, options_with(kit, option->name, value), &fault);

    if (instance != NULL) {
        instance_close(instance);
        kit_fail(kit, "option '%s' is %s, and it opens all the same", option->name, why);
        return false;
    }
    return kit_fault_sane(kit, &fault, "open");
}

/* Texts, lists and maps can be anything: open takes them or says what is wrong. */
static void
garbage_give(struct kit *kit, const struct daybreak_option *option)
{
    static const char *const garbage[] = {"", " ", "\xff\xfe\x80", "../../../../etc/passwd", "%s%n%d%99999d", "{", "'\"`$(id)", "\n\r\t",
                                          "999999999999999999999999", "-1", "a\x01z", "=", "|", "%", "{run", "//", "[", "(", "\\"};
    char *longest = arena_alloc(kit->arena, 70000);

    memset(longest, 'x', 69999);
    longest[69999] = '\0';
    for (size_t i = 0; i <= sizeof garbage / sizeof *garbage; i++) {
        const char *value = i == sizeof garbage / sizeof *garbage ? longest : garbage[i];
        struct daybreak_fault fault = {0};
        struct instance *instance = kit_try(kit, options_with(kit, option->name, value), &fault);

        if (instance != NULL)
            instance_close(instance);
        else if (!kit_fault_sane(kit, &fault, "open"))
            return;
    }
}

static void
bounds_give(struct kit *kit, const struct daybreak_option *option)
{
    static const char *const unit[] = {[DAYBREAK_DURATION] = "ms", [DAYBREAK_SIZE] = "", [DAYBREAK_INTEGER] = ""};
    const int64_t number[] = {option->min, option->max, 0, INT64_MAX, INT64_MIN};
    char value[40];

    for (size_t i = 0; i < sizeof number / sizeof *number; i++) {
        struct daybreak_fault fault = {0};
        struct instance *instance;

        snprintf(value, sizeof value, "%lld%s", (long long)number[i], unit[option->type]);
        instance = kit_try(kit, options_with(kit, option->name, value), &fault);
        if (instance != NULL)
            instance_close(instance);
        else if (!kit_fault_sane(kit, &fault, "open"))
            return;
        if (instance != NULL && (option->min != 0 || option->max != 0) && (number[i] < option->min || number[i] > option->max))
            kit_fail(kit, "option '%s' takes %s, which is out of its bounds", option->name, value);
    }
}

static void
property_options(struct kit *kit)
{
    uint32_t tried = 0;

    if (!kit_loaded(kit))
        return;
    if (kit_files(kit) != 0)
        return;
    for (const struct daybreak_option *option = kit->type->options; option != NULL && option->name != NULL; option++, tried++) {
        if (option->required)
            refused_as(kit, option, NULL, "required and not there");
        switch (option->type) {
        case DAYBREAK_INTEGER:
        case DAYBREAK_DURATION:
        case DAYBREAK_SIZE:
            bounds_give(kit, option); /* fall through */
        case DAYBREAK_BOOLEAN:
        case DAYBREAK_CHOICE:
        case DAYBREAK_PERCENT:
        case DAYBREAK_TIME:
            refused_as(kit, option, "no such value", "garbage");
            break;
        default:
            garbage_give(kit, option);
        }
    }
    if (tried == 0)
        kit_skip(kit, "it has no options");
    else
        kit_pass(kit, "%u option%s: missing, garbage and out of bounds are told, nothing crashes", tried, tried == 1 ? "" : "s");
}

/* ---- life ------------------------------------------------------------------------------------ */

static void
property_life(struct kit *kit)
{
    struct daybreak_fault fault = {0};
    struct instance *one, *two;
    struct text out = {0};

    if (!kit_loaded(kit) || kit_files(kit) != 0)
        return;
    one = kit_try(kit, NULL, &fault);
    if (one == NULL) {
        kit_fail(kit, "it does not open: %.400s; --option NAME=VALUE or --with FILE gives options", fault.what);
        return;
    }
    instance_close(one);                                  /* opened, never used */
    one = kit_try(kit, NULL, &fault);
    two = kit_try(kit, NULL, &fault);
    if (one == NULL || two == NULL)
        kit_fail(kit, "it does not open %s: %.400s", one == NULL ? "a second time" : "twice at once", fault.what);
    else if (kit_exercise(kit, one, 1, &out, &fault) != 0)
        kit_fail(kit, "it does not do its work: %.450s", fault.what);
    instance_close(two);
    instance_close(one);
    kit_pass(kit, "opens, works and closes; %zu bytes of result", out.size);
    text_fini(&out);
}

/* ---- globals --------------------------------------------------------------------------------- */

struct segments {
    const char *base; /* of the module */
    struct {
        const char *at;
        size_t size;
        char *copy;
    } part[16];
    size_t parts;
};

/* What of a module may be written once it is loaded: its writable segments but for what the loader made read-only. */
static int
segments_find(struct dl_phdr_info *info, size_t size, void *context)
{
    struct segments *segments = context;
    uintptr_t calm_at = 0, calm_end = 0;

    (void)size;
    if ((const char *)info->dlpi_addr != segments->base)
        return 0;
    for (int i = 0; i < info->dlpi_phnum; i++)
        if (info->dlpi_phdr[i].p_type == PT_GNU_RELRO) {
            long page = sysconf(_SC_PAGESIZE);

            calm_at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            calm_end = (calm_at + info->dlpi_phdr[i].p_memsz) & ~((uintptr_t)page - 1);
        }
    for (int i = 0; i < info->dlpi_phnum && segments->parts < 16; i++) {
        uintptr_t at = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr, end = at + info->dlpi_phdr[i].p_memsz;

        if (info->dlpi_phdr[i].p_type != PT_LOAD || !(info->dlpi_phdr[i].p_flags & PF_W))
            continue;
        if (calm_at >= at && calm_at < end && calm_end > calm_at)
            at = calm_end < end ? calm_end : end; /* relro comes first in its segment */
        if (end <= at)
            continue;
        segments->part[segments->parts].at = (const char *)at;
        segments->part[segments->parts++].size = end - at;
    }
    return 1;
}

/* A sanitizer keeps ground between globals that nobody may touch; here all of it is looked at, byte by byte and not through memcpy or
 * memcmp, which it watches. */
#define UNWATCHED __attribute__((no_sanitize("address")))

UNWATCHED static void
segment_copy(const volatile char *from, size_t size, char *to)
{
    for (size_t at = 0; at < size; at++)
        to[at] = from[at];
}

/* How many bytes are not what they were; ${first}: the first of them. */
UNWATCHED static size_t
segment_changed(const volatile char *now, const char *was, size_t size, size_t *first)
{
    size_t changed = 0;

    for (size_t at = 0; at < size; at++)
        if (now[at] != was[at] && changed++ == 0)
            *first = at;
    return changed;
}

static void
property_globals(struct kit *kit)
{
    struct segments segments = {0};
    struct daybreak_fault fault = {0};
    struct instance *instance;
    struct text out = {0};
    size_t bytes = 0, changed = 0, first = 0;
    Dl_info where;

    if (!kit_loaded(kit) || kit_files(kit) != 0)
        return;
    if (dladdr((const void *)(uintptr_t)kit->type->open, &where) == 0) {
        kit_skip(kit, "the loader does not say where the module lies");
        return;
    }
    segments.base = where.dli_fbase;
    dl_iterate_phdr(segments_find, &segments);
    for (size_t i = 0; i < segments.parts; i++) {
        segments.part[i].copy = arena_alloc(kit->arena, segments.part[i].size);
        segment_copy(segments.part[i].at, segments.part[i].size, segments.part[i].copy);
        bytes += segments.part[i].size;
    }
    instance = kit_open(kit, NULL);
    if (instance == NULL)
        return;
    if (kit_exercise(kit, instance, 1, &out, &fault) != 0)
        kit_skip(kit, "it does not do its work: %.400s", fault.what);
    instance_close(instance);
    text_fini(&out);
    for (size_t i = 0; i < segments.parts; i++) {
        size_t at = 0, here = segment_changed(segments.part[i].at, segments.part[i].copy, segments.part[i].size, &at);

        if (here > 0 && changed == 0)
            first = (size_t)(segments.part[i].at + at - segments.base);
        changed += here;
    }
    if (changed > 0)
        kit_fail(kit, "it wrote %zu bytes of its globals, the first at offset 0x%zx (`nm -n` names it): two instances would share them",
                 changed, first);
    if (kit->result.verdict == KIT_PASS)
        kit_pass(kit, "none of %zu writable bytes was written", bytes);
}

/* ---- threads --------------------------------------------------------------------------------- */

struct worker {
    struct kit kit; /* a verdict of its own */
    uint64_t seed;
    struct text out;
    char what[300];
    bool failed;
    pthread_t thread;
};

static void *
worker_run(void *context)
{
    struct worker *worker = context;

    for (int round = 0; round < 8 && !worker->failed; round++) {
        struct daybreak_fault fault = {0};
        struct instance *instance = kit_try(&worker->kit, NULL, &fault);
        struct text out = {0};

        if (instance == NULL || kit_exercise(&worker->kit, instance, worker->seed + (uint64_t)round * 100, &out, &fault) != 0) {
            worker->failed = true;
            snprintf(worker->what, sizeof worker->what, "%.290s", fault.what);
        }
        instance_close(instance);
        if (round == 0) {
            worker->out = out;
            continue;
        }
        if (!worker->failed && (out.size != worker->out.size || memcmp(text_end(&out), text_end(&worker->out), out.size) != 0)) {
            worker->failed = true;
            snprintf(worker->what, sizeof worker->what, "another life gave another result");
        }
        text_fini(&out);
    }
    return NULL;
}

static void
property_threads(struct kit *kit)
{
    struct worker worker[4] = {0};
    struct worker alone = {.kit = *kit, .seed = 1000};
    size_t started = 0;

    if (!kit_loaded(kit) || kit_files(kit) != 0)
        return;
    alone.kit = *kit;
    worker_run(&alone);
    if (alone.failed) {
        kit_skip(kit, "it does not do its work alone: %s", alone.what);
        return;
    }
    for (; started < 4; started++) {
        worker[started].kit = *kit;
        worker[started].kit.arena = arena_new();
        worker[started].seed = 2000 + started * 1000;
        if (pthread_create(&worker[started].thread, NULL, worker_run, &worker[started]) != 0)
            break;
    }
    for (size_t i = 0; i < started; i++) {
        pthread_join(worker[i].thread, NULL);
        if (worker[i].failed)
            kit_fail(kit, "instances on other threads disturb each other: %s", worker[i].what);
        else if (worker[i].out.size != alone.out.size || memcmp(text_end(&worker[i].out), text_end(&alone.out), alone.out.size) != 0)
            kit_fail(kit, "an instance beside others gives another result than alone");
        text_fini(&worker[i].out);
        arena_free(worker[i].kit.arena);
    }
    if (started < 2)
        kit_skip(kit, "there are no threads to be had");
    else
        kit_pass(kit, "%zu instances at once, 8 lives each, give what one alone gives", started);
    text_fini(&alone.out);
}

/* ---- leaks ----------------------------------------------------------------------------------- */

static size_t
entries_of(const char *path)
{
    DIR *dir = opendir(path);
    size_t count = 0;

    while (dir != NULL && readdir(dir) != NULL)
        count++;
    if (dir != NULL)
        closedir(dir);
    return count;
}

#define LIVES 24
#define SPANS 8

struct span {
    struct kit *kit;
    uint64_t first;
    bool failed;
};

/* A span of lives on a thread of its own: with its end malloc takes back what it had put by for that thread. */
static void *
span_run(void *context)
{
    struct span *span = context;
    struct kit *kit = span->kit;

    for (uint64_t life = span->first; life < span->first + LIVES; life++) {
        struct daybreak_fault fault = {0};
        struct instance *instance = kit_try(kit, NULL, &fault);
        struct text out = {0};
        int result = instance == NULL ? -1 : kit_exercise(kit, instance, 1000 + life, &out, &fault);

        instance_close(instance);
        text_fini(&out);
        arena_reset(kit->arena);
        if (result == 0)
            continue;
        if (life == 0)
            kit_skip(kit, "it does not do its work: %.400s", fault.what);
        else
            kit_fail(kit, "life %llu does not do what the first did: %.400s", (unsigned long long)life + 1, fault.what);
        span->failed = true;
        break;
    }
    return NULL;
}

/* Libraries keep things for ever, but not more with every life. A leak grows in every span. */
static void
property_leaks(struct kit *kit)
{
    size_t bytes[SPANS] = {0}, files[SPANS] = {0}, threads[SPANS] = {0}, least = SIZE_MAX;

    if (!kit_loaded(kit) || kit_files(kit) != 0)
        return;
    mallopt(M_ARENA_MAX, 1); /* one heap for all threads, so that it can be measured */
    for (uint64_t i = 0; i < SPANS; i++) {
        struct span span = {.kit = kit, .first = i * LIVES};
        struct mallinfo2 now;
        pthread_t thread;

        if (pthread_create(&thread, NULL, span_run, &span) != 0 || pthread_join(thread, NULL) != 0) {
            kit_skip(kit, "there are no threads to be had");
            return;
        }
        if (span.failed)
            return;
        now = mallinfo2();
        bytes[i] = now.uordblks + now.hblkhd;
        files[i] = entries_of("/proc/self/fd");
        threads[i] = entries_of("/proc/self/task");
    }
    for (size_t i = 1; i < SPANS; i++) {
        size_t grown = bytes[i] > bytes[i - 1] ? bytes[i] - bytes[i - 1] : 0;

        least = grown < least ? grown : least;
    }
    if (files[SPANS - 1] > files[0])
        kit_fail(kit, "%zu descriptors stay open after %d lives", files[SPANS - 1] - files[0], LIVES * (SPANS - 1));
    if (threads[SPANS - 1] > threads[1] + 1)
        kit_fail(kit, "%zu threads go on after %d lives", threads[SPANS - 1] - threads[1], LIVES * (SPANS - 2));
    if (least >= LIVES * 32) /* malloc's least block, once a life */
        kit_fail(kit, "memory grows by %zu bytes every %d lives", least, LIVES);
    kit_pass(kit, bytes[0] == 0 ? "descriptors and threads of %d lives are given back; a sanitizer counts memory itself"
                                : "memory, descriptors and threads of %d lives are given back", LIVES * SPANS);
}

const struct kit_property kit_common[] = {
    {"table", property_table, 10, 0},     {"options", property_options, 20, 0}, {"life", property_life, 20, 0},
    {"globals", property_globals, 20, 0}, {"threads", property_threads, 40, 0}, {"leaks", property_leaks, 40, 0},
    {NULL, NULL, 0, 0},
};
