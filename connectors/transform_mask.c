/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hides what a target need not know: columns with personal data become pseudonyms that can still be joined and counted, or are blacked
 * out whole or up to their last characters. The module owns nothing but its options.
 */
#include <daybreak/connector.h>

#include <stdlib.h>
#include <string.h>

#include "mask_hash.h"

#define PSEUDONYM 32 /* hex digits: 128 bits of the hash */

enum mask_method { MASK_HASH, MASK_REDACT, MASK_LAST };

struct mask {
    const struct daybreak_host *host;
    struct daybreak_list columns;
    int method;
    const char *secret, *text;
    int64_t keep;
    struct mask_hash hash;
    struct daybreak_column *gives; /* [columns.count] */
    uint32_t *from;
};

static const struct daybreak_option options[] = {
    {.name = "columns", .type = DAYBREAK_LIST, .at = offsetof(struct mask, columns), .required = true, .example = "[email, phone]",
     .help = "The columns to hide. They become texts; nulls and empty texts stay as they are."},
    {.name = "method", .type = DAYBREAK_CHOICE, .at = offsetof(struct mask, method), .preset = "hash", .choices = "hash|redact|last",
     .help = "hash: a pseudonym of 32 hex digits, the same for the same value; redact: `text` instead; last: all but the last "
             "characters become stars."},
    {.name = "secret", .type = DAYBREAK_TEXT, .at = offsetof(struct mask, secret), .secret = true, .example = "{secret: pepper}",
     .help = "hash: the key of HMAC-SHA-256, without which nobody can try out values. Another secret, other pseudonyms."},
    {.name = "text", .type = DAYBREAK_TEXT, .at = offsetof(struct mask, text), .preset = "***", .help = "redact: what stands instead."},
    {.name = "keep", .type = DAYBREAK_INTEGER, .at = offsetof(struct mask, keep), .preset = "4", .min = 0, .max = 64,
     .help = "last: how many characters stay."},
    {.name = NULL},
};

static void
mask_check(const void *of, daybreak_wrong_fn wrong, void *context)
{
    const struct mask *mask = of;

    if (mask->method == MASK_HASH && (mask->secret == NULL || mask->secret[0] == '\0'))
        wrong(context, "method", "hashes need a secret: without one, values that are known can be tried out", "secret: {secret: NAME}");
    if (mask->method != MASK_HASH && mask->secret != NULL)
        wrong(context, "secret", "only hashes have a secret", "method: hash");
    if (mask->columns.count == 0)
        wrong(context, "columns", "no column is named", "columns: [email]");
}

static int
mask_open(void *of, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct mask *mask = of;

    mask->host = host;
    mask->gives = calloc(mask->columns.count + 1, sizeof *mask->gives);
    mask->from = calloc(mask->columns.count + 1, sizeof *mask->from);
    if (mask->gives == NULL || mask->from == NULL) {
        free(mask->gives);
        free(mask->from);
        return host->fault(fault, DAYBREAK_RETRY, "out of memory");
    }
    if (mask->secret != NULL)
        mask_hash_key(&mask->hash, mask->secret, strlen(mask->secret));
    return 0;
}

static void
mask_close(void *of)
{
    struct mask *mask = of;

    free(mask->gives);
    free(mask->from);
}

static int
mask_gives(void *of, const struct daybreak_column *column, uint32_t columns, const struct daybreak_column **gives, uint32_t *count,
           struct daybreak_fault *fault)
{
    struct mask *mask = of;

    for (size_t i = 0; i < mask->columns.count; i++) {
        uint32_t c = 0;

        while (c < columns && strcmp(column[c].name, mask->columns.item[i]) != 0)
            c++;
        if (c == columns) {
            mask->host->fault(fault, DAYBREAK_ASIDE, "cannot mask column '%s': there is none of that name here", mask->columns.item[i]);
            return mask->host->hint(fault, "columns that transforms before it renamed or dropped have other names, or none");
        }
        mask->from[i] = c;
        mask->gives[i] = (struct daybreak_column){.name = mask->columns.item[i], .type = DAYBREAK_TYPE_TEXT};
    }
    *gives = mask->gives;
    *count = (uint32_t)mask->columns.count;
    return 0;
}

/* Where the last ${keep} characters of a text begin. */
static uint32_t
tail_at(const char *text, uint32_t size, int64_t keep)
{
    while (size > 0 && keep > 0) {
        size--;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
        keep--;
    }
    return size;
}

/* The masked text behind *to, which moves on; never longer than the text itself, or than PSEUDONYM for a hash. */
static struct daybreak_text
hide(const struct mask *mask, const char *text, uint32_t size, char **to)
{
    static const char digits[] = "0123456789abcdef";
    struct daybreak_text out = {*to, 0};
    uint32_t tail;
    uint8_t mac[32];

    if (size == 0)
        return out;
    if (mask->method == MASK_REDACT)
        return (struct daybreak_text){mask->text, (uint32_t)strlen(mask->text)};
    if (mask->method == MASK_HASH) {
        mask_hash_text(&mask->hash, text, size, mac);
        for (int i = 0; i < PSEUDONYM; i++)
            *(*to)++ = digits[mac[i / 2] >> (i % 2 == 0 ? 4 : 0) & 15];
        out.size = PSEUDONYM;
        return out;
    }
    tail = tail_at(text, size, mask->keep);
    for (uint32_t i = 0; i < tail; i++)
        if (((unsigned char)text[i] & 0xc0) != 0x80)
            *(*to)++ = '*';
    memcpy(*to, text + tail, size - tail);
    *to += size - tail;
    out.size = (uint32_t)(*to - out.at);
    return out;
}

static int
mask_apply(void *of, struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    const struct mask *mask = of;

    (void)fault;
    for (size_t c = 0; c < mask->columns.count; c++) {
        struct daybreak_text *text = mask->host->alloc(batch, ((size_t)batch->rows + 1) * sizeof *text);
        struct daybreak_view view;
        size_t room = 1;
        char *to;

        mask->host->view(batch, mask->from[c], DAYBREAK_AS_TEXT, &view);
        for (uint32_t i = 0; i < batch->changes; i++) {
            const struct daybreak_span *span = (const struct daybreak_span *)(view.data + (size_t)batch->pick[i] * view.stride);

            room += span->size == DAYBREAK_NULL ? 0 : mask->method == MASK_HASH ? PSEUDONYM : span->size;
        }
        to = mask->host->alloc(batch, room);
        for (uint32_t i = 0; i < batch->changes; i++) {
            const struct daybreak_span *span = (const struct daybreak_span *)(view.data + (size_t)batch->pick[i] * view.stride);

            text[batch->pick[i]] = span->size == DAYBREAK_NULL ? (struct daybreak_text){"", DAYBREAK_NULL}
                                                               : hide(mask, view.base + span->at, span->size, &to);
        }
        mask->host->give(batch, (uint32_t)c, &(struct daybreak_cells){.size = sizeof(struct daybreak_cells), .text = text});
    }
    return 0;
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_TRANSFORM,
    .name = "mask",
    .help = "Hides columns with personal data: pseudonyms, a fixed text, or all but the last characters.",
    .self_size = sizeof(struct mask),
    .options = options,
    .open = mask_open,
    .close = mask_close,
    .apply = mask_apply,
    .check = mask_check,
    .gives = mask_gives,
};
