/* SPDX-License-Identifier: Apache-2.0 */
/* Feedback as lines of evidence: subject F1, verbs feedback, answer and close-feedback. */
#include "engine/feedback.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/alert.h"
#include "engine/inbox.h"

#define VERB_SAID "feedback"
#define VERB_ANSWERED "answer"
#define VERB_CLOSED "close-feedback"

struct gathering {
    struct arena *arena;
    struct feedback *item;
    size_t items, room;
};

static const char *
fact(struct arena *arena, const struct json_tree *tree, const char *name)
{
    uint32_t member = json_member(tree, 0, name);
    struct text text = {0};
    const char *copy;

    if (member == 0 || tree->node[member].kind == JSON_NULL)
        return NULL;
    if (tree->node[member].kind != JSON_STRING)
        return arena_bytes(arena, tree->source + tree->node[member].at, tree->node[member].size);
    json_string(tree, member, &text);
    copy = arena_bytes(arena, text_end(&text), text.size);
    text_fini(&text);
    return copy;
}

static const char *
kept(struct arena *arena, const char *text)
{
    return arena_text(arena, text == NULL ? "" : text);
}

static bool
gather(void *context, const struct ledger_evidence *line)
{
    struct gathering *all = context;
    struct json_tree tree = {0};
    struct feedback *item = NULL;
    size_t where;
    int64_t id;

    if (line->subject[0] != 'F' || (id = strtoll(line->subject + 1, NULL, 10)) <= 0)
        return true;
    if (strcmp(line->verb, VERB_SAID) == 0) {
        if (all->items == all->room) {
            all->room = all->room == 0 ? 16 : all->room * 2;
            all->item = memory_grow(all->item, all->room * sizeof *all->item);
        }
        item = &all->item[all->items++];
        *item = (struct feedback){.id = id, .text = kept(all->arena, line->reason), .by = kept(all->arena, line->actor), .state = "open",
                                  .said_at_us = line->at_us, .answered_at_us = DAYBREAK_NO_TIME, .closed_at_us = DAYBREAK_NO_TIME, .key = ""};
        if (line->facts != NULL && json_parse(&tree, line->facts, strlen(line->facts), &where) == 0) {
            item->key = kept(all->arena, fact(all->arena, &tree, "key"));
            item->trace = fact(all->arena, &tree, "trace");
        }
        json_fini(&tree);
        return true;
    }
    for (size_t i = 0; i < all->items && item == NULL; i++)
        item = all->item[i].id == id ? &all->item[i] : NULL;
    if (item == NULL)
        return true;
    if (strcmp(line->verb, VERB_ANSWERED) == 0) {
        item->state = "answered";
        item->answer = kept(all->arena, line->reason); /* the last one holds; when it was first answered counts */
        item->answered_by = kept(all->arena, line->actor);
        if (item->answered_at_us == DAYBREAK_NO_TIME)
            item->answered_at_us = line->at_us;
    } else if (strcmp(line->verb, VERB_CLOSED) == 0) {
        item->state = "closed";
        item->closed_by = kept(all->arena, line->actor);
        item->closed_for = kept(all->arena, line->reason);
        item->closed_at_us = line->at_us;
    }
    return true;
}

static int
gather_all(struct ledger *ledger, struct gathering *all, struct daybreak_fault *fault)
{
    *all = (struct gathering){.arena = arena_new()};
    return ledger_evidence_list(ledger, NULL, gather, all, fault);
}

static void
gathering_fini(struct gathering *all)
{
    free(all->item);
    arena_free(all->arena);
}

int
feedback_each(struct ledger *ledger, int64_t id, bool (*each)(void *context, const struct feedback *feedback), void *context,
              struct daybreak_fault *fault)
{
    struct gathering all;
    int result = gather_all(ledger, &all, fault);

    for (size_t i = 0; i < all.items && result == 0; i++)
        if ((id == 0 || all.item[i].id == id) && !each(context, &all.item[i]))
            break;
    gathering_fini(&all);
    return result;
}

int
feedback_answers(struct ledger *ledger, struct lag *lag, int64_t *waiting, struct daybreak_fault *fault)
{
    struct gathering all;
    int result = gather_all(ledger, &all, fault);

    *waiting = 0;
    for (size_t i = 0; i < all.items && result == 0; i++) {
        const struct feedback *item = &all.item[i];
        int64_t end = item->answered_at_us != DAYBREAK_NO_TIME ? item->answered_at_us : item->closed_at_us;

        if (end == DAYBREAK_NO_TIME)
            ++*waiting;
        else
            lag_note(lag, item->said_at_us, end);
    }
    gathering_fini(&all);
    return result;
}

/* ---- steps --------------------------------------------------------------------------------- */

static int
impossible(struct daybreak_fault *fault, const char *before, int64_t id, const char *behind)
{
    fault_set(fault, DAYBREAK_ASIDE, "%sF%" PRId64 "%s", before, id, behind);
    fault_hint(fault, "daybreak feedback list shows them");
    return fault_exit(fault, 1, "no-feedback");
}

int
feedback_act(struct ledger *ledger, const struct inbox_letter *letter, char *answer, size_t room, struct daybreak_fault *fault)
{
    bool add = strcmp(letter->verb, "add") == 0, closes = strcmp(letter->verb, "close") == 0;
    const struct feedback *item = NULL;
    struct gathering all;
    char subject[24] = "F";
    int64_t id = 1;
    int result = -1;

    if (gather_all(ledger, &all, fault) != 0)
        goto done;
    for (size_t i = 0; i < all.items; i++) {
        id = all.item[i].id >= id ? all.item[i].id + 1 : id;
        if (all.item[i].id == letter->id)
            item = &all.item[i];
    }
    id = add ? id : letter->id;
    if (!add && item == NULL) {
        impossible(fault, "there is no ", id, "");
        goto done;
    }
    if (!add && item->closed_at_us != DAYBREAK_NO_TIME) {
        impossible(fault, "", id, " is closed");
        goto done;
    }
    snprintf(subject, sizeof subject, "F%" PRId64, id);
    result = ledger_evidence(ledger, add ? VERB_SAID : closes ? VERB_CLOSED : VERB_ANSWERED, subject, letter->actor, letter->reason,
                             add ? letter->facts : NULL, fault);
    snprintf(answer, room, "%s %s", subject, add ? "noted" : closes ? "closed" : "answered");
done:
    gathering_fini(&all);
    return result;
}

void
feedback_tell(const struct config *config, const char *answer, const char *key, const char *text, const char *by)
{
    char next[300], subject[24];
    struct text what = {0}, shown = {0};
    struct alert *alert;

    if (config == NULL || (alert = alert_open(config, false)) == NULL)
        return;
    snprintf(subject, sizeof subject, "%.*s", (int)strcspn(answer, " "), answer);
    text_printable(text, strlen(text), 1000, &shown);
    text_printf(&what, "%s says of record %s of pipeline '%s' (%s): %s.", by, key, config->name, subject, text_end(&shown));
    snprintf(next, sizeof next, "feedback list --pipeline %s", config->name);
    alert_add(alert, ALERT_FEEDBACK, subject, 1, text_end(&what), next);
    alert_close(alert);
    text_fini(&what);
    text_fini(&shown);
}
