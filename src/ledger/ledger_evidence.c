/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Beside the road: who decided what, when and why. Each line holds a hash over itself and the line
 * before; the last one is kept a second time apart, so that a line changed, taken out or cut off
 * anywhere is found. Whoever can write the file can also forge a whole chain: publish its head
 * elsewhere where that matters.
 */
#include "ledger.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash.h"
#include "base/fault.h"
#include "base/sha256.h"
#include "base/text.h"
#include "parts.h"

#define EVIDENCE_HEAD_ROOM (24 + 2 * SHA256_SIZE)

/* Length first, so that no two lines write the same bytes; all ones: null. */
static void
chain_text(struct sha256 *sha, const char *text)
{
    uint64_t size = text != NULL ? strlen(text) : UINT64_MAX;
    uint8_t length[8];

    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(size >> (8 * i));
    sha256_add(sha, length, sizeof(length));
    if (text != NULL)
        sha256_add(sha, text, (size_t)size);
}

static void
chain(const uint8_t before[SHA256_SIZE], const struct ledger_evidence *line,
      uint8_t hash[SHA256_SIZE])
{
    struct sha256 sha;
    char number[24];

    sha256_init(&sha);
    sha256_add(&sha, before, SHA256_SIZE);
    snprintf(number, sizeof(number), "%" PRId64, line->id);
    chain_text(&sha, number);
    snprintf(number, sizeof(number), "%" PRId64, line->at_us);
    chain_text(&sha, number);
    chain_text(&sha, line->verb);
    chain_text(&sha, line->subject);
    chain_text(&sha, line->actor);
    chain_text(&sha, line->reason);
    chain_text(&sha, line->facts);
    sha256_end(&sha, hash);
}

static int
broken(struct daybreak_fault *fault, int64_t id, const char *how)
{
    fault_set(fault, DAYBREAK_HALT, "evidence line %" PRId64 " %s", id, how);
    return fault_exit(fault, 70, "evidence_broken");
}

/* The head as kept apart: number and hash of the last line; 0 and zeros before the first. */
static int
head_read(struct ledger *ledger, int64_t *id, uint8_t hash[SHA256_SIZE],
          struct daybreak_fault *fault)
{
    char *head = NULL, *colon = NULL;
    int result = 0;

    if (ledger_note_get(ledger, "ledger.evidence", &head, fault) != 0)
        return -1;
    *id = 0;
    memset(hash, 0, SHA256_SIZE);
    if (head[0] != '\0') {
        *id = strtoll(head, &colon, 10);
        if (*id <= 0 || *colon != ':' || strlen(colon + 1) != 2 * SHA256_SIZE ||
            !text_unhex(colon + 1, SHA256_SIZE, hash))
            result = broken(fault, *id, "cannot be found: the head of the chain is damaged");
    }
    free(head);
    return result;
}

static int
head_write(struct ledger *ledger, int64_t id, const uint8_t hash[SHA256_SIZE],
           struct daybreak_fault *fault)
{
    char hex[2 * SHA256_SIZE + 1] = "", head[EVIDENCE_HEAD_ROOM];

    text_hex(hash, SHA256_SIZE, hex);
    snprintf(head, sizeof(head), "%" PRId64 ":%s", id, hex);
    return parts_set(ledger, "ledger.evidence", head, fault);
}

static int
append(struct ledger *ledger, struct ledger_evidence *line, struct daybreak_fault *fault)
{
    uint8_t before[SHA256_SIZE], hash[SHA256_SIZE];

    if (head_read(ledger, &line->id, before, fault) != 0)
        return -1;
    line->id++;
    chain(before, line, hash);
    if (store_run(&ledger->store, fault,
                  "INSERT INTO evidence (id, at_us, verb, subject, actor, reason, facts, chain)"
                  " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                  "iitttttb", line->id, line->at_us, line->verb, line->subject, line->actor,
                  line->reason, line->facts, hash, (uint32_t)SHA256_SIZE) < 0)
        return -1;
    return head_write(ledger, line->id, hash, fault);
}

int
ledger_evidence(struct ledger *ledger, const char *verb, const char *subject, const char *actor,
                const char *reason, const char *facts, struct daybreak_fault *fault)
{
    struct ledger_evidence line = {
        .at_us = clock_now_us(),
        .verb = verb,
        .subject = subject,
        .actor = actor != NULL ? actor : "",
        .reason = reason,
        .facts = facts,
    };
    bool mine;
    int result;

    if (store_begin(&ledger->store, &mine, fault) != 0)
        return -1;
    result = append(ledger, &line, fault);
    CRASH_POINT("ledger.before-evidence");
    if (store_end(&ledger->store, mine, result, fault) != 0)
        return -1;
    CRASH_POINT("ledger.evidence");
    return 0;
}

#define EVIDENCE_COLUMNS "id, at_us, verb, subject, actor, reason, facts"

static void
line_read(sqlite3_stmt *query, struct ledger_evidence *line)
{
    line->id = sqlite3_column_int64(query, 0);
    line->at_us = sqlite3_column_int64(query, 1);
    line->verb = store_text(query, 2);
    line->subject = store_text(query, 3);
    line->actor = store_text(query, 4);
    line->reason = store_text(query, 5);
    line->facts = store_text(query, 6);
}

int
ledger_evidence_list(struct ledger *ledger, const char *subject,
                     bool (*each)(void *context, const struct ledger_evidence *evidence),
                     void *context, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    sqlite3_stmt *query =
        subject != NULL
            ? store_query(store, fault,
                          "SELECT " EVIDENCE_COLUMNS " FROM evidence WHERE subject = ? ORDER BY id",
                          "t", subject)
            : store_query(store, fault, "SELECT " EVIDENCE_COLUMNS " FROM evidence ORDER BY id",
                          "");
    struct ledger_evidence line;
    int row;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1) {
        line_read(query, &line);
        if (!each(context, &line))
            break;
    }
    store_done(store, query);
    return row < 0 ? -1 : 0;
}

static int
verify_lines(struct store *store, int64_t head, uint8_t hash[SHA256_SIZE],
             struct daybreak_fault *fault)
{
    sqlite3_stmt *query = store_query(
        store, fault, "SELECT " EVIDENCE_COLUMNS ", chain FROM evidence ORDER BY id", "");
    struct ledger_evidence line;
    int64_t due = 1;
    int row, result = 0;

    if (query == NULL)
        return -1;
    while ((row = store_step(store, query, fault)) == 1) {
        uint8_t before[SHA256_SIZE];

        line_read(query, &line);
        if (line.id != due) {
            result = broken(fault, due, "is missing");
            break;
        }
        memcpy(before, hash, SHA256_SIZE);
        chain(before, &line, hash);
        if (sqlite3_column_bytes(query, 7) != SHA256_SIZE ||
            memcmp(sqlite3_column_blob(query, 7), hash, SHA256_SIZE) != 0) {
            result = broken(fault, due, "is not what was written");
            break;
        }
        due++;
    }
    store_done(store, query);
    if (row < 0)
        return -1;
    if (result == 0 && due <= head)
        result = broken(fault, due, "is missing");
    if (result == 0 && due > head + 1)
        result = broken(fault, head + 1, "came without its head");
    return result;
}

static int
verify(struct ledger *ledger, struct daybreak_fault *fault)
{
    uint8_t kept[SHA256_SIZE], hash[SHA256_SIZE] = {0};
    int64_t head;

    if (head_read(ledger, &head, kept, fault) != 0 ||
        verify_lines(&ledger->store, head, hash, fault) != 0)
        return -1;
    if (memcmp(kept, hash, SHA256_SIZE) != 0)
        return broken(fault, head, "is not what was written");
    return 0;
}

/* One transaction: the head must be that of the lines it is compared with. */
int
ledger_evidence_verify(struct ledger *ledger, struct daybreak_fault *fault)
{
    struct store *store = &ledger->store;
    STORE_TURN(store);
    struct daybreak_fault ignored;
    bool mine = !store_inside(store);
    int result;

    if (mine && store_run(store, fault, "BEGIN", "") < 0)
        return -1;
    result = verify(ledger, fault);
    if (mine)
        store_run(store, &ignored, "ROLLBACK", "");
    return result;
}
