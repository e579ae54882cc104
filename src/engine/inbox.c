/* SPDX-License-Identifier: Apache-2.0 */
/* Decisions for a run that holds the lock, as files: written aside, renamed, acted on once, answered beside. */
#include "engine/inbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/feedback.h"
#include "engine/pipeline.h"
#include "engine/retry.h"

#define ANSWER_MS 5000

struct inbox {
    int fd;
};

struct inbox *
inbox_open(struct pipeline *pipeline)
{
    struct inbox *inbox = memory_zero(sizeof *inbox);

    inbox->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (inbox->fd >= 0 && inotify_add_watch(inbox->fd, pipeline->state.inbox, IN_MOVED_TO) < 0) {
        close(inbox->fd);
        inbox->fd = -1;
    }
    return inbox;
}

void
inbox_close(struct inbox *inbox)
{
    if (inbox == NULL)
        return;
    if (inbox->fd >= 0)
        close(inbox->fd);
    free(inbox);
}

int
inbox_fd(const struct inbox *inbox)
{
    return inbox == NULL ? -1 : inbox->fd;
}

static void
copy_member(const struct json_tree *tree, const char *name, char *to, size_t room)
{
    uint32_t member = json_member(tree, 0, name);
    struct text text = {0};

    if (member != 0)
        json_string(tree, member, &text);
    snprintf(to, room, "%s", text_end(&text));
    text_fini(&text);
}

static bool
letter_read(const char *path, struct inbox_letter *letter)
{
    struct daybreak_fault fault = {0};
    struct json_tree tree = {0};
    char *bytes, kind[8];
    size_t size, where;
    bool good;

    memset(letter, 0, sizeof *letter);
    if (file_read(path, 64 << 10, &bytes, &size, &fault) != 0)
        return false;
    good = json_parse(&tree, bytes, size, &where) == 0 && tree.node[0].kind == JSON_OBJECT;
    if (good) {
        copy_member(&tree, "verb", letter->verb, sizeof letter->verb);
        copy_member(&tree, "kind", kind, sizeof kind);
        copy_member(&tree, "actor", letter->actor, sizeof letter->actor);
        copy_member(&tree, "reason", letter->reason, sizeof letter->reason);
        copy_member(&tree, "facts", letter->facts, sizeof letter->facts);
        letter->kind = kind[0];
        letter->id = json_number(&tree, json_member(&tree, 0, "id"), 0);
        good = letter->id > 0;
    }
    json_fini(&tree);
    free(bytes);
    return good;
}

static int
answer_write(const char *path, int status, const char *answer, struct daybreak_fault *fault)
{
    struct text out = {0};
    struct json json;
    int result;

    json_init(&json, &out, false);
    json_object(&json, NULL);
    json_int(&json, "status", status);
    json_text(&json, "answer", answer);
    json_close(&json);
    result = file_replace(path, text_end(&out), out.size, fault);
    text_fini(&out);
    return result;
}

static bool
is_letter(const char *name)
{
    size_t size = strlen(name);

    return name[0] != '.' && size > 5 && strcmp(name + size - 5, ".json") == 0;
}

bool
inbox_take(struct inbox *inbox, struct pipeline *p)
{
    struct dirent **entry;
    char drain[4096];
    bool any_freed = false;
    int found;

    while (inbox != NULL && inbox->fd >= 0 && read(inbox->fd, drain, sizeof drain) > 0)
        continue;
    found = scandir(p->state.inbox, &entry, NULL, alphasort);
    for (int i = 0; i < found; i++) {
        struct daybreak_fault fault = {0};
        struct inbox_letter letter;
        char path[PATH_MAX + 300], answer[PATH_MAX + 320], text[2048] = "this letter cannot be read";
        bool freed = false;
        int status = 64;

        if (is_letter(entry[i]->d_name)) {
            snprintf(path, sizeof path, "%s/%s", p->state.inbox, entry[i]->d_name);
            snprintf(answer, sizeof answer, "%s.answer", path);
            if (letter_read(path, &letter))
                status = inbox_act(p, &letter, text, sizeof text, &freed);
            any_freed |= freed;
            if (answer_write(answer, status, text, &fault) != 0)
                LOG_WARN("cannot answer a decision: %s", fault.what);
            unlink(path); /* after the act: one repeated after a kill is refused as taken before */
        }
        free(entry[i]);
    }
    if (found >= 0)
        free(entry);
    return any_freed;
}

int
inbox_send(const struct state *state, const struct inbox_letter *letter, char *answer, size_t room, int *status,
           struct daybreak_fault *fault)
{
    char path[PATH_MAX + 64], wanted[PATH_MAX + 80], kind[2] = {letter->kind, '\0'};
    int64_t until = clock_steady_ms() + ANSWER_MS;
    struct text out = {0};
    struct json json;
    int result;

    json_init(&json, &out, false);
    json_object(&json, NULL);
    json_text(&json, "verb", letter->verb);
    json_text(&json, "kind", kind);
    json_int(&json, "id", letter->id);
    json_text(&json, "actor", letter->actor);
    json_text(&json, "reason", letter->reason);
    json_text(&json, "facts", letter->facts);
    json_close(&json);
    snprintf(path, sizeof path, "%s/%lld-%ld.json", state->inbox, (long long)clock_now_us(), (long)getpid());
    snprintf(wanted, sizeof wanted, "%s.answer", path);
    result = file_replace(path, text_end(&out), out.size, fault);
    text_fini(&out);
    if (result != 0)
        return -1;
    snprintf(answer, room, "queued");
    *status = 0;
    while (clock_steady_ms() < until) {
        struct timespec pause = {.tv_nsec = 20000000};
        struct json_tree tree = {0};
        char *bytes;
        size_t size, where;

        if (file_read(wanted, 64 << 10, &bytes, &size, &(struct daybreak_fault){0}) != 0) {
            nanosleep(&pause, NULL);
            continue;
        }
        if (json_parse(&tree, bytes, size, &where) == 0) {
            copy_member(&tree, "answer", answer, room);
            *status = (int)json_number(&tree, json_member(&tree, 0, "status"), 70);
        }
        json_fini(&tree);
        free(bytes);
        unlink(wanted);
        return 0;
    }
    return 0;
}

int
inbox_act(struct pipeline *p, const struct inbox_letter *letter, char *answer, size_t room, bool *freed)
{
    struct daybreak_fault fault = {0};
    bool approve = strcmp(letter->verb, "approve") == 0;
    int result = -1;

    *freed = false;
    if (letter->kind == 'I' && (approve || strcmp(letter->verb, "reject") == 0)) {
        result = ledger_input_decide(p->ledger, letter->id, approve ? "approved" : "rejected", letter->actor, letter->reason,
                                     &fault);
        *freed = result == 0;
        snprintf(answer, room, "I%lld %s", (long long)letter->id, approve ? "approved" : "rejected");
    } else if (letter->kind == 'F') {
        result = feedback_act(p->ledger, letter, answer, room, &fault);
    } else if (letter->kind == 'D' && strcmp(letter->verb, "drop") == 0) {
        result = ledger_dead_drop(p->ledger, letter->id, letter->actor, letter->reason, &fault);
        snprintf(answer, room, "D%lld dropped", (long long)letter->id);
    } else if (letter->kind == 'D' && strcmp(letter->verb, "retry") == 0) {
        result = retry_dead(p, letter->id, letter->actor, letter->reason, &fault);
        snprintf(answer, room, "D%lld delivered", (long long)letter->id);
    } else {
        fault_set(&fault, DAYBREAK_HALT, "'%s %c%lld' is no decision", letter->verb, letter->kind, (long long)letter->id);
        fault_exit(&fault, 64, "usage");
    }
    if (result == 0)
        return 0;
    if (fault.hint[0] != '\0')
        snprintf(answer, room, "%s (%s)", fault.what, fault.hint);
    else
        snprintf(answer, room, "%s", fault.what);
    return fault_status(&fault);
}
