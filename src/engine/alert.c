/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The book of what is told, and who tells it. The book is one small file: read, changed and replaced under a lock of its own, by a run, a
 * follower's thread or a verb. Telling happens outside of the lock: what is being told is put off for a while first, so that nobody else
 * tells it too, and a process that dies over it has it told by the next.
 */
#include "engine/alert.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/state.h"
#include "ledger/lag.h"

#define BOOK_LIMIT (4 << 20)
#define BACKOFF_MS 30000
#define BACKOFF_MAX_MS 3600000
#define THREAD_LOOK_MS 1000

/* What there is to tell by one way of one event. */
struct item {
    char *way, *event, *subject, *text, *next, *id;
    int64_t count, more, since_us, told_us, due_us, tries;
    bool pending, over;
};

struct book {
    struct item *item;
    size_t items, room;
    bool changed;
};

struct alert {
    const struct config *config;
    struct state state;
    char path[PATH_MAX], lock[PATH_MAX];
    uint32_t active;        /* events that were told of and are not over, as far as this life knows; all ones at first */
    bool threaded, stop;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t turn;
};

/* ---- the book ------------------------------------------------------------------------------ */

static char *
dup_text(const char *text)
{
    return memory_text(text == NULL ? "" : text);
}

static void
item_fini(struct item *item)
{
    free(item->way);
    free(item->event);
    free(item->subject);
    free(item->text);
    free(item->next);
    free(item->id);
}

static void
book_fini(struct book *book)
{
    for (size_t i = 0; i < book->items; i++)
        item_fini(&book->item[i]);
    free(book->item);
    *book = (struct book){0};
}

static struct item *
book_add(struct book *book)
{
    if (book->items == book->room) {
        book->room = book->room == 0 ? 16 : book->room * 2;
        book->item = memory_grow(book->item, book->room * sizeof *book->item);
    }
    book->item[book->items] = (struct item){0};
    return &book->item[book->items++];
}

static struct item *
book_find(struct book *book, const char *way, const char *event)
{
    for (size_t i = 0; i < book->items; i++)
        if (strcmp(book->item[i].way, way) == 0 && strcmp(book->item[i].event, event) == 0)
            return &book->item[i];
    return NULL;
}

static char *
member_text(const struct json_tree *tree, uint32_t node, const char *name)
{
    uint32_t member = json_member(tree, node, name);
    struct text text = {0};
    char *copy;

    if (member != 0 && tree->node[member].kind == JSON_STRING)
        json_string(tree, member, &text);
    copy = memory_text(text_end(&text));
    text_fini(&text);
    return copy;
}

static int64_t
member_number(const struct json_tree *tree, uint32_t node, const char *name)
{
    uint32_t member = json_member(tree, node, name);

    return member == 0 ? 0 : json_number(tree, member, 0);
}

/* A book that cannot be read is begun anew: at worst somebody is told twice. */
static void
book_read(const char *path, struct book *book)
{
    struct daybreak_fault fault = {0};
    struct json_tree tree = {0};
    char *bytes;
    size_t size, where;

    *book = (struct book){0};
    if (file_read(path, BOOK_LIMIT, &bytes, &size, &fault) != 0)
        return;
    if (json_parse(&tree, bytes, size, &where) == 0 && tree.node[0].kind == JSON_ARRAY)
        for (uint32_t node = tree.node[0].child; node != 0; node = tree.node[node].next) {
            struct item *item = book_add(book);
            uint32_t pending = json_member(&tree, node, "pending"), over = json_member(&tree, node, "over");

            item->way = member_text(&tree, node, "way");
            item->event = member_text(&tree, node, "event");
            item->subject = member_text(&tree, node, "subject");
            item->text = member_text(&tree, node, "text");
            item->next = member_text(&tree, node, "next");
            item->id = member_text(&tree, node, "id");
            item->count = member_number(&tree, node, "count");
            item->more = member_number(&tree, node, "more");
            item->since_us = member_number(&tree, node, "since_us");
            item->told_us = member_number(&tree, node, "told_us");
            item->due_us = member_number(&tree, node, "due_us");
            item->tries = member_number(&tree, node, "tries");
            item->pending = pending != 0 && tree.node[pending].kind == JSON_TRUE;
            item->over = over != 0 && tree.node[over].kind == JSON_TRUE;
        }
    else
        LOG_WARN("book of alerts cannot be read and is begun anew: path=%s", path);
    json_fini(&tree);
    free(bytes);
}

static void
book_write(const char *path, const struct book *book)
{
    struct daybreak_fault fault = {0};
    struct text out = {0};
    struct json json;

    json_init(&json, &out, false);
    json_array(&json, NULL);
    for (size_t i = 0; i < book->items; i++) {
        const struct item *item = &book->item[i];

        json_object(&json, NULL);
        json_text(&json, "way", item->way);
        json_text(&json, "event", item->event);
        json_text(&json, "subject", item->subject);
        json_text(&json, "text", item->text);
        json_text(&json, "next", item->next);
        json_text(&json, "id", item->id);
        json_int(&json, "count", item->count);
        json_int(&json, "more", item->more);
        json_int(&json, "since_us", item->since_us);
        json_int(&json, "told_us", item->told_us);
        json_int(&json, "due_us", item->due_us);
        json_int(&json, "tries", item->tries);
        json_bool(&json, "pending", item->pending);
        json_bool(&json, "over", item->over);
        json_close(&json);
    }
    json_close(&json);
    if (file_replace(path, text_end(&out), out.size, &fault) != 0)
        LOG_WARN("alerts cannot be kept: path=%s: %s", path, fault.what);
    text_fini(&out);
}

/* The lock is held for as long as a small file takes. */
static int
book_open(const struct alert *alert, struct book *book)
{
    int fd = open(alert->lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    while (fd >= 0 && flock(fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    book_read(alert->path, book);
    return fd;
}

static void
book_close(const struct alert *alert, struct book *book, int fd)
{
    if (book->changed)
        book_write(alert->path, book);
    book_fini(book);
    if (fd >= 0)
        close(fd);
}

/* ---- ways ---------------------------------------------------------------------------------- */

/* Which way of the file it is, whatever its place: by all that it says of where to. */
static void
way_key(const struct config_alert *way, char key[17])
{
    XXH3_state_t hash;

    XXH3_INITSTATE(&hash);
    XXH3_64bits_reset(&hash);
    for (size_t i = 0; i < way->command.count; i++)
        XXH3_64bits_update(&hash, way->command.item[i], strlen(way->command.item[i]) + 1);
    for (size_t i = 0; i < way->mail_to.count; i++)
        XXH3_64bits_update(&hash, way->mail_to.item[i], strlen(way->mail_to.item[i]) + 1);
    if (way->webhook != NULL)
        XXH3_64bits_update(&hash, way->webhook, strlen(way->webhook) + 1);
    if (way->mail_server != NULL)
        XXH3_64bits_update(&hash, way->mail_server, strlen(way->mail_server) + 1);
    snprintf(key, 17, "%016" PRIx64, (uint64_t)XXH3_64bits_digest(&hash));
}

void
alert_way_name(const struct config_alert *alert, struct alert_way *way)
{
    const char *at;

    way->kind = alert->mail_server != NULL ? "mail" : alert->webhook != NULL ? "webhook" : "command";
    if (alert->mail_server != NULL) {
        snprintf(way->to, sizeof way->to, "%s%s", alert->mail_to.item[0], alert->mail_to.count > 1 ? " and others" : "");
    } else if (alert->webhook != NULL) { /* no more than the server: what is behind it may be a token */
        const char *user;

        at = strstr(alert->webhook, "://") + 3;
        user = memchr(at, '@', strcspn(at, "/?#"));
        at = user == NULL ? at : user + 1;
        snprintf(way->to, sizeof way->to, "%.*s", (int)strcspn(at, "/?#"), at);
    } else {
        snprintf(way->to, sizeof way->to, "%s", alert->command.item[0]);
    }
}

/* ---- telling ------------------------------------------------------------------------------- */

static const struct config_alert *
way_of(const struct alert *alert, const struct item *item)
{
    for (uint32_t i = 0; i < alert->config->alert_count; i++) {
        char key[17];

        way_key(&alert->config->alerts[i], key);
        if (strcmp(key, item->way) == 0)
            return &alert->config->alerts[i];
    }
    return NULL;
}

static void
settle(const struct alert *alert, const char *way, const char *event, const char *id, const struct daybreak_fault *failed)
{
    struct book book;
    int fd = book_open(alert, &book);
    struct item *item = book_find(&book, way, event);
    int64_t now = clock_now_us(), wait = BACKOFF_MS;

    if (item != NULL && strcmp(item->id, id) == 0) { /* else it is another one by now, and still to be told */
        book.changed = true;
        if (failed == NULL) {
            item->pending = false;
            item->told_us = now;
            item->tries = item->more = 0;
        } else {
            for (int64_t k = 0; k < item->tries && wait < BACKOFF_MAX_MS; k++)
                wait *= 2;
            item->tries++;
            item->due_us = now + (wait < BACKOFF_MAX_MS ? wait : BACKOFF_MAX_MS) * 1000;
        }
    } else if (item != NULL && failed == NULL) {
        book.changed = true;
        item->told_us = now;
    }
    book_close(alert, &book, fd);
}

/* One that is due; false when none is. */
static bool
tell_one(const struct alert *alert)
{
    struct alert_message message = {.config = alert->config, .at_us = clock_now_us()};
    const struct config_alert *way = NULL;
    struct daybreak_fault fault = {0};
    struct item mine = {0};
    struct text text = {0};
    struct alert_way name;
    struct book book;
    int fd = book_open(alert, &book);

    for (size_t i = 0; i < book.items && way == NULL; i++) {
        struct item *item = &book.item[i];

        if (!item->pending || item->due_us > message.at_us)
            continue;
        way = way_of(alert, item);
        if (way == NULL) { /* nobody is told that way any more */
            item->pending = false;
            book.changed = true;
            continue;
        }
        book.changed = true;
        item->due_us = message.at_us + (way->timeout_ms + BACKOFF_MS) * 1000;
        mine = (struct item){.way = dup_text(item->way), .event = dup_text(item->event), .text = dup_text(item->text),
                             .next = dup_text(item->next), .id = dup_text(item->id), .count = item->count, .more = item->more};
    }
    book_close(alert, &book, fd);
    if (way == NULL)
        return false;
    text_put(&text, mine.text);
    if (mine.more > 0)
        text_printf(&text, " Told together with %" PRId64 " more since it was told last.", mine.more);
    message.event = mine.event;
    message.id = mine.id;
    message.text = text_end(&text);
    message.next = mine.next;
    message.count = mine.count;
    CRASH_POINT("alert.before-send");
    if (alert_send(way, &message, &fault) != 0) {
        alert_way_name(way, &name);
        LOG_WARN("alert cannot be told, tried again later: pipeline=%s event=%s %s=%s: %s", alert->config->name, mine.event, name.kind, name.to,
                 fault.what);
        settle(alert, mine.way, mine.event, mine.id, &fault);
    } else {
        CRASH_POINT("alert.sent");
        settle(alert, mine.way, mine.event, mine.id, NULL);
    }
    text_fini(&text);
    item_fini(&mine);
    return true;
}

static void *
teller(void *context)
{
    struct alert *alert = context;

    pthread_mutex_lock(&alert->mutex);
    while (!alert->stop) {
        struct timespec until;
        bool any;

        pthread_mutex_unlock(&alert->mutex);
        any = tell_one(alert);
        pthread_mutex_lock(&alert->mutex);
        if (any || alert->stop)
            continue;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += THREAD_LOOK_MS / 1000;
        pthread_cond_timedwait(&alert->turn, &alert->mutex, &until);
    }
    pthread_mutex_unlock(&alert->mutex);
    return NULL;
}

/* ---- life ---------------------------------------------------------------------------------- */

static int
alert_place(struct alert *alert, const struct config *config, struct daybreak_fault *fault)
{
    char root[PATH_MAX];

    alert->config = config;
    state_root(config->dir, root);
    if (state_paths(&alert->state, root, config->name, fault) != 0)
        return -1;
    if ((size_t)snprintf(alert->path, sizeof alert->path, "%s/alerts.json", alert->state.dir) >= sizeof alert->path - 8)
        return fault_set(fault, DAYBREAK_HALT, "the state folder's path is too long");
    snprintf(alert->lock, sizeof alert->lock, "%.*s/alerts.lock", (int)(sizeof alert->lock - 16), alert->state.dir);
    return 0;
}

struct alert *
alert_open(const struct config *config, bool follow)
{
    struct daybreak_fault fault = {0};
    struct alert *alert;

    if (config->alert_count == 0)
        return NULL;
    alert = memory_zero(sizeof *alert);
    alert->active = UINT32_MAX;
    if (alert_place(alert, config, &fault) != 0 || file_make_dir(alert->state.dir, &fault) != 0) {
        LOG_WARN("nobody can be told: pipeline=%s: %s", config->name, fault.what);
        free(alert);
        return NULL;
    }
    pthread_mutex_init(&alert->mutex, NULL);
    pthread_cond_init(&alert->turn, NULL);
    alert->threaded = follow && pthread_create(&alert->thread, NULL, teller, alert) == 0;
    return alert;
}

void
alert_close(struct alert *alert)
{
    if (alert == NULL)
        return;
    if (alert->threaded) {
        pthread_mutex_lock(&alert->mutex);
        alert->stop = true;
        pthread_cond_signal(&alert->turn);
        pthread_mutex_unlock(&alert->mutex);
        pthread_join(alert->thread, NULL);
    }
    while (tell_one(alert)) /* what fails is put off, so that each is tried once */
        ;
    pthread_mutex_destroy(&alert->mutex);
    pthread_cond_destroy(&alert->turn);
    free(alert);
}

/* ---- what is to be told -------------------------------------------------------------------- */

static void
item_set(struct item *item, const char *subject, int64_t count, const char *text, const char *next, const char *id)
{
    free(item->subject);
    free(item->text);
    free(item->next);
    free(item->id);
    item->subject = dup_text(subject);
    item->text = dup_text(text);
    item->next = dup_text(next);
    item->id = dup_text(id);
    item->count = count;
}

void
alert_add(struct alert *alert, enum alert_event event, const char *subject, int64_t count, const char *what, const char *next)
{
    const char *name = config_alert_events[event];
    int64_t now = clock_now_us();
    struct text text = {0}, command = {0};
    struct book book;
    int fd;

    if (alert == NULL)
        return;
    alert->active |= 1u << event;
    text_printf(&command, "daybreak -C '%s' %s", alert->config->dir, next);
    text_printf(&text, "%s Type: %s", what, text_end(&command));
    fd = book_open(alert, &book);
    for (uint32_t i = 0; i < alert->config->alert_count; i++) {
        const struct config_alert *way = &alert->config->alerts[i];
        char key[17], id[33], seed[64];
        struct item *item;
        XXH128_canonical_t hash;
        XXH3_state_t state;

        if (!(way->events & 1u << event))
            continue;
        way_key(way, key);
        item = book_find(&book, key, name);
        if (item == NULL) {
            item = book_add(&book);
            item->way = dup_text(key);
            item->event = dup_text(name);
            item_set(item, "", 0, "", "", "");
        }
        if (!item->over && strcmp(item->subject, subject) == 0 && (item->pending || now - item->told_us < way->repeat_ms * 1000))
            continue;
        snprintf(seed, sizeof seed, "%s %s %" PRId64, key, name, now);
        XXH3_INITSTATE(&state);
        XXH3_128bits_reset(&state);
        XXH3_128bits_update(&state, seed, strlen(seed));
        XXH3_128bits_update(&state, subject, strlen(subject));
        XXH3_128bits_update(&state, alert->config->name, strlen(alert->config->name));
        XXH128_canonicalFromHash(&hash, XXH3_128bits_digest(&state));
        text_hex(hash.digest, sizeof hash.digest, id);
        id[32] = '\0';
        item->more += item->pending;
        item_set(item, subject, count, text_end(&text), text_end(&command), id);
        if (!item->pending)
            item->due_us = item->told_us > 0 && item->told_us + way->every_ms * 1000 > now ? item->told_us + way->every_ms * 1000 : now;
        item->since_us = now;
        item->pending = true;
        item->over = false;
        book.changed = true;
    }
    book_close(alert, &book, fd);
    text_fini(&text);
    text_fini(&command);
    if (alert->threaded) {
        pthread_mutex_lock(&alert->mutex);
        pthread_cond_signal(&alert->turn);
        pthread_mutex_unlock(&alert->mutex);
    }
}

/* What is over may be told again when it comes back. */
static void
alert_over(struct alert *alert, enum alert_event event)
{
    struct book book;
    int fd;

    if (!(alert->active & 1u << event))
        return;
    alert->active &= ~(1u << event);
    fd = book_open(alert, &book);
    for (size_t i = 0; i < book.items; i++)
        if (strcmp(book.item[i].event, config_alert_events[event]) == 0 && !book.item[i].over) {
            book.item[i].over = true;
            book.changed = true;
        }
    book_close(alert, &book, fd);
}

void
alert_failing(struct alert *alert, const struct daybreak_fault *fault)
{
    struct text what = {0};
    char next[300];

    if (alert == NULL)
        return;
    if (fault == NULL) {
        alert_over(alert, ALERT_FAILED);
        return;
    }
    text_printf(&what, "Pipeline '%s' failed: %s%s%s.", alert->config->name, fault->what, fault->hint[0] == '\0' ? "" : "; ", fault->hint);
    snprintf(next, sizeof next, "status %s", alert->config->name);
    alert_add(alert, ALERT_FAILED, fault->code[0] != '\0' ? fault->code : fault->what, 1, text_end(&what), next);
    text_fini(&what);
}

static void
tell_guards(struct alert *alert, const struct result *result)
{
    struct text what = {0}, subject = {0};
    char next[300];
    int64_t count = 0;

    for (const struct result_held *held = result->held; held != NULL; held = held->next) {
        text_printf(&subject, "I%" PRId64 " ", held->id);
        count++;
    }
    if (count == 0) {
        alert_over(alert, ALERT_GUARD);
        return;
    }
    text_printf(&what, "%" PRId64 " input%s of pipeline '%s' %s held: %s (%s).", count, count == 1 ? "" : "s", alert->config->name,
                count == 1 ? "is" : "are", result->held->input, result->held->reason);
    snprintf(next, sizeof next, "held --pipeline %s", alert->config->name);
    alert_add(alert, ALERT_GUARD, text_end(&subject), count, text_end(&what), next);
    text_fini(&what);
    text_fini(&subject);
}

static void
tell_counted(struct alert *alert, const struct result *result, enum alert_event event, int64_t count, const char *verb, const char *what)
{
    struct text text = {0};
    char next[300], subject[80];

    if (count <= 0)
        return; /* each run's are news of their own: there is nothing that could be over */
    text_printf(&text, "%" PRId64 " record%s of pipeline '%s' %s %s in run %s.", count, count == 1 ? "" : "s", alert->config->name,
                count == 1 ? "was" : "were", what, result->run);
    snprintf(next, sizeof next, "%s --pipeline %s", verb, alert->config->name);
    snprintf(subject, sizeof subject, "%s %" PRId64, result->run, count);
    alert_add(alert, event, subject, count, text_end(&text), next);
    text_fini(&text);
}

static void
tell_lag(struct alert *alert, const struct result *result)
{
    const struct config *config = alert->config;
    const struct lag *lag = &result->lag.hop[LAG_END_TO_END];
    char seen[CLOCK_TEXT_ROOM], promised[CLOCK_TEXT_ROOM], next[300];
    struct text what = {0};
    int64_t ms;

    if (config->lag_within_ms == 0 || lag_count(lag) == 0)
        return;
    ms = lag_quantile(lag, config->lag_percentile / 100);
    if (ms <= config->lag_within_ms) {
        alert_over(alert, ALERT_LAG);
        return;
    }
    clock_duration(ms, seen);
    clock_duration(config->lag_within_ms, promised);
    text_printf(&what, "Pipeline '%s' is slower than promised: %g %% of %" PRId64 " changes were delivered within %s, promised are %s.", config->name,
                config->lag_percentile, (int64_t)lag_count(lag), seen, promised);
    snprintf(next, sizeof next, "lag %s", config->name);
    alert_add(alert, ALERT_LAG, "lag", lag_count(lag), text_end(&what), next);
    text_fini(&what);
}

void
alert_result(struct alert *alert, const struct result *result)
{
    static const int failed[] = {70, 78, 74, 73, 69, 77, 75};
    bool fails = false;

    if (alert == NULL)
        return;
    for (size_t i = 0; i < sizeof failed / sizeof *failed; i++)
        fails |= result->status == failed[i];
    fails &= strcmp(result->fault.code, "lock-held") != 0 && strcmp(result->fault.code, "stopped") != 0;
    if (fails)
        alert_failing(alert, &result->fault);
    else if (result->status != 75)
        alert_over(alert, ALERT_FAILED);
    tell_guards(alert, result);
    tell_counted(alert, result, ALERT_DEAD_LETTER, result->new_dead, "dead", "set aside");
    tell_counted(alert, result, ALERT_HELD, result->counts.held, "held", "held for a decision");
    if (result->late) {
        char next[300];
        struct text what = {0};

        text_printf(&what, "%s.", strcmp(result->fault.code, "late") == 0 ? result->fault.what : "No new input came in time");
        snprintf(next, sizeof next, "status %s", alert->config->name);
        alert_add(alert, ALERT_LATE, "late", 1, text_end(&what), next);
        text_fini(&what);
    } else {
        alert_over(alert, ALERT_LATE);
    }
    tell_lag(alert, result);
}

/* ---- for verbs ----------------------------------------------------------------------------- */

int
alert_test(const struct config *config, uint32_t i, struct daybreak_fault *fault)
{
    char next[400], id[33], what[600];
    struct alert_message message = {.config = config, .event = "test", .id = id, .text = what, .next = next, .count = 1,
                                    .at_us = clock_now_us(), .test = true};

    snprintf(id, sizeof id, "%016" PRIx64 "%016" PRIx64, (uint64_t)message.at_us, (uint64_t)getpid() << 32 | i);
    snprintf(next, sizeof next, "daybreak -C '%.200s' status %.100s", config->dir, config->name);
    snprintf(what, sizeof what, "This is a test: alerts of pipeline '%.100s' arrive here. Nothing has happened. Type: %.300s", config->name, next);
    return alert_send(&config->alerts[i], &message, fault);
}

void
alert_book(const struct config *config, void (*each)(void *context, const struct alert_line *line), void *context)
{
    struct alert alert = {0};
    struct daybreak_fault fault = {0};
    struct book book;

    if (alert_place(&alert, config, &fault) != 0)
        return;
    book_read(alert.path, &book); /* replaced whole, so that it can be read without its lock */
    for (size_t i = 0; i < book.items; i++) {
        const struct item *item = &book.item[i];
        const struct config_alert *way = way_of(&alert, item);
        struct alert_way name = {.kind = "gone", .to = ""};
        struct alert_line line = {.event = item->event, .text = item->text, .count = item->count, .since_us = item->since_us,
                                  .told_us = item->told_us, .tries = item->tries, .pending = item->pending};

        if (way != NULL)
            alert_way_name(way, &name);
        line.way = name.kind;
        line.to = name.to;
        each(context, &line);
    }
    book_fini(&book);
}
