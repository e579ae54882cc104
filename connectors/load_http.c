/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Changes as requests to a server (a webhook): at least once, the event id in every message and as its idempotency key. A server that
 * cannot take it now is asked again later; what it refuses becomes a dead letter with its answer.
 */
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <daybreak/connector.h>

#include "envelope_foreign.h"
#include "http_send.h"
#include "mask_hash.h"
#include "tell.h"

enum { MODE_STRUCTURED, MODE_BINARY };

struct http {
    const struct daybreak_host *host;
    struct http_settings settings;
    struct daybreak_map headers;
    const char *signing, *idempotency;
    int64_t batch, parallel, max_message;
    int mode;
    struct tell tell;
    struct http_send *send;
    struct mask_hash mac;
    enum daybreak_envelope form;
    int64_t quiet_until_ms;         /* the server asked for silence until then, on the steady clock */
    char **body;                    /* by lane: what is under way */
    size_t *room;
    /* of the batch under way */
    const struct daybreak_batch *now;
    uint32_t table;
    uint32_t *lane_first, *next;    /* changes of each lane as a chain; UINT32_MAX ends it */
    uint32_t *alone_end;            /* by lane: up to there each goes alone, because together they were refused; ALONE_NOT: none does */
    struct daybreak_fault *fault;
    bool failed;
};

#define ALONE_NOT (UINT32_MAX - 1)

/* Changes of one request, as a chain that next[] continues: first up to and without `end`. */
struct span {
    uint32_t first, end;
};

static const struct daybreak_option options[] = {
    {.name = "url", .type = DAYBREAK_TEXT, .at = offsetof(struct http, settings.url), .required = true, .secret = true,
     .help = "Where to; http or https. {secret: NAME} keeps one that carries a token out of sight.", .example = "https://hooks.example.org/orders"},
    {.name = "method", .type = DAYBREAK_TEXT, .at = offsetof(struct http, settings.method), .preset = "POST", .help = "POST, PUT or PATCH."},
    {.name = "headers", .type = DAYBREAK_MAP, .at = offsetof(struct http, headers), .secret = true, .example = "{Authorization: {secret: token}}",
     .help = "Headers of every request."},
    {.name = "sign", .type = DAYBREAK_TEXT, .at = offsetof(struct http, signing), .secret = true, .example = "{secret: hook}",
     .help = "Signs each request: X-Daybreak-Signature: t=SECONDS,v1=HEX, the HMAC-SHA-256 with this key over SECONDS, a dot and the body."},
    {.name = "idempotency", .type = DAYBREAK_TEXT, .at = offsetof(struct http, idempotency), .preset = "Idempotency-Key",
     .help = "The header that names the message: the event id; told again, it is the same."},
    {.name = "batch", .type = DAYBREAK_INTEGER, .at = offsetof(struct http, batch), .preset = "1", .min = 1, .max = 10000,
     .help = "How many changes one request carries; more than 1 make an array. Of an array that is refused each goes again alone."},
    {.name = "mode", .type = DAYBREAK_CHOICE, .at = offsetof(struct http, mode), .preset = "structured", .choices = "structured|binary",
     .help = "With `envelope: cloudevents`: the attributes around the data, or as ce- headers beside it."},
    {.name = "parallel", .type = DAYBREAK_INTEGER, .at = offsetof(struct http, parallel), .preset = "4", .min = 1, .max = HTTP_LANES,
     .help = "How many requests are under way at once; changes of one key never are."},
    {.name = "timeout", .type = DAYBREAK_DURATION, .at = offsetof(struct http, settings.timeout_ms), .preset = "30s", .min = 1, .max = 86400000,
     .help = "How long a request may take, its answer included."},
    {.name = "connect_timeout", .type = DAYBREAK_DURATION, .at = offsetof(struct http, settings.connect_ms), .preset = "10s", .min = 1,
     .max = 86400000, .help = "How long a connection may take to come about."},
    {.name = "redirects", .type = DAYBREAK_INTEGER, .at = offsetof(struct http, settings.redirects), .preset = "0", .min = 0, .max = 20,
     .help = "How many redirects are followed."},
    {.name = "max_message", .type = DAYBREAK_SIZE, .at = offsetof(struct http, max_message), .preset = "1MiB", .min = 1, .max = INT64_C(1) << 30,
     .help = "A change that makes a larger message is refused."},
    {.name = "proxy", .type = DAYBREAK_TEXT, .at = offsetof(struct http, settings.proxy), .secret = true, .example = "environment",
     .help = "A proxy's URL, or `environment` for what http_proxy and its like name; none otherwise."},
    {.name = "verify", .type = DAYBREAK_BOOLEAN, .at = offsetof(struct http, settings.verify), .preset = "true",
     .help = "Whether the server must prove who it is."},
    {.name = "ca_file", .type = DAYBREAK_TEXT, .at = offsetof(struct http, settings.ca_file), .help = "Certificates that are believed instead of the system's."},
    {.name = "certificate", .type = DAYBREAK_TEXT, .at = offsetof(struct http, settings.certificate), .help = "Our own certificate, where the server asks for one."},
    {.name = "certificate_key", .type = DAYBREAK_TEXT, .at = offsetof(struct http, settings.key), .help = "The file of its private key."},
    {.name = NULL},
};

/* ---- options ------------------------------------------------------------------------------- */

/* RFC 9110: a header's name is a token, its value has no line end in it. */
static bool
is_token(const char *text)
{
    for (const char *at = text; *at != '\0'; at++)
        if (!isalnum((unsigned char)*at) && strchr("!#$%&'*+-.^_`|~", *at) == NULL)
            return false;
    return text[0] != '\0';
}

static bool
is_line(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 && *text != '\t')
            return false;
    return true;
}

static void
http_check(const void *of, daybreak_wrong_fn wrong, void *context)
{
    const struct http *http = of;
    const char *url = http->settings.url == NULL ? "" : http->settings.url;

    if ((strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0) || !is_line(url) || strchr(url, ' ') != NULL)
        wrong(context, "url", "it is no http:// or https:// address", "url: https://hooks.example.org/orders");
    if (strcmp(http->settings.method, "POST") != 0 && strcmp(http->settings.method, "PUT") != 0 && strcmp(http->settings.method, "PATCH") != 0)
        wrong(context, "method", "a message is sent with POST, PUT or PATCH", NULL);
    if (!is_token(http->idempotency))
        wrong(context, "idempotency", "it is no name of a header", "idempotency: Idempotency-Key");
    for (size_t i = 0; i < http->headers.count; i++) {
        if (!is_token(http->headers.name[i]))
            wrong(context, "headers", "one of them has a name that no header can have", NULL);
        if (!is_line(http->headers.value[i]))
            wrong(context, "headers", "one of them has a line end or control character in its value", NULL);
    }
    if (http->mode == MODE_BINARY && http->batch > 1)
        wrong(context, "mode", "binary has the attributes of one event as headers: a request cannot carry several", "batch: 1");
}

static int64_t
steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int
http_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct http *http = self;

    http->host = host;
    if (http_send_new(host, &http->settings, (uint32_t)http->parallel, &http->send, fault) != 0)
        return -1;
    tell_open(&http->tell, host);
    if (http->signing != NULL)
        mask_hash_key(&http->mac, http->signing, strlen(http->signing));
    http->body = calloc((size_t)http->parallel, sizeof *http->body);
    http->room = calloc((size_t)http->parallel, sizeof *http->room);
    if (http->body == NULL || http->room == NULL)
        abort(); /* any crash is safe */
    return 0;
}

static void
http_close(void *self)
{
    struct http *http = self;

    http_send_free(http->send);
    for (int64_t i = 0; i < http->parallel; i++)
        free(http->body[i]);
    free(http->body);
    free(http->room);
    tell_close(&http->tell);
}

/* ---- a request ----------------------------------------------------------------------------- */

static void
header_add(struct curl_slist **list, const char *name, const char *value)
{
    size_t size = strlen(name) + strlen(value) + 3;
    char *line = malloc(size);
    struct curl_slist *longer;

    if (line == NULL)
        abort();
    snprintf(line, size, value[0] == '\0' ? "%s;" : "%s: %s", name, value); /* how libcurl wants an empty one */
    longer = curl_slist_append(*list, line);
    free(line);
    if (longer == NULL)
        abort();
    *list = longer;
}

static const char *
content_type(const struct http *http)
{
    if (http->form != DAYBREAK_ENVELOPE_CLOUDEVENTS || http->mode == MODE_BINARY)
        return "application/json";
    return http->batch > 1 ? "application/cloudevents-batch+json" : "application/cloudevents+json";
}

static void
cloud_headers(const struct http *http, uint32_t i, struct curl_slist **list)
{
    const struct daybreak_batch *batch = http->now;
    int64_t at_us = batch->changed_at[i] == DAYBREAK_NO_TIME ? batch->story->visible_at : batch->changed_at[i];
    char text[LINE_INSTANT + LINE_SLACK + 1], id[33];
    struct envelope_piece source = {0};
    struct line_day day = {.known = false};

    *line_hex(id, batch->event_id[i], 16) = '\0';
    header_add(list, "ce-specversion", "1.0");
    header_add(list, "ce-id", id);
    header_add(list, "ce-type", envelope_foreign_type(batch->op[i]));
    envelope_piece_add(&source, ENVELOPE_FOREIGN_SOURCE);
    envelope_piece_uri(&source, batch->story->pipeline);
    envelope_piece_bytes(&source, "", 1);
    header_add(list, "ce-source", source.at);
    envelope_piece_fini(&source);
    *line_instant(text, &day, at_us) = '\0';
    if (text[0] != '\0')
        header_add(list, "ce-time", text);
    if (batch->story->trace != NULL)
        header_add(list, "ce-traceparent", batch->story->trace);
}

/* Its id: of several, one that the same ones always have. */
static void
name_make(const struct http *http, const struct span *span, char id[33])
{
    if (http->batch == 1) {
        *line_hex(id, http->now->event_id[span->first], 16) = '\0';
        return;
    }
    XXH3_state_t hash;
    XXH128_canonical_t name;

    XXH3_INITSTATE(&hash);
    XXH3_128bits_reset(&hash);
    for (uint32_t i = span->first; i != span->end; i = http->next[i])
        XXH3_128bits_update(&hash, http->now->event_id[i], 16);
    XXH128_canonicalFromHash(&name, XXH3_128bits_digest(&hash));
    *line_hex(id, name.digest, 16) = '\0';
}

static void
body_add(struct http *http, uint32_t lane, size_t *used, const char *at, size_t size)
{
    if (http->room[lane] < *used + size) {
        http->room[lane] = (*used + size) * 2;
        http->body[lane] = realloc(http->body[lane], http->room[lane]);
        if (http->body[lane] == NULL)
            abort();
    }
    memcpy(http->body[lane] + *used, at, size);
    *used += size;
}

static struct curl_slist *
headers_make(struct http *http, const struct span *span, const char *body, size_t size)
{
    struct curl_slist *list = NULL;
    char id[33], number[24], signature[128];
    uint8_t mac[32];

    header_add(&list, "Content-Type", content_type(http));
    header_add(&list, "Expect", ""); /* no round trip before each body */
    name_make(http, span, id);
    header_add(&list, http->idempotency, id);
    if (http->now->story->trace != NULL)
        header_add(&list, "traceparent", http->now->story->trace);
    if (http->form == DAYBREAK_ENVELOPE_CLOUDEVENTS && http->mode == MODE_BINARY)
        cloud_headers(http, span->first, &list);
    if (http->signing != NULL) {
        int digits = snprintf(number, sizeof number, "%" PRId64 ".", (int64_t)time(NULL));
        char *signedtext = malloc((size_t)digits + size);

        if (signedtext == NULL)
            abort();
        memcpy(signedtext, number, (size_t)digits);
        memcpy(signedtext + digits, body, size);
        mask_hash_text(&http->mac, signedtext, (size_t)digits + size, mac);
        free(signedtext);
        snprintf(signature, sizeof signature, "t=%.*s,v1=", digits - 1, number);
        *line_hex(signature + strlen(signature), mac, 32) = '\0';
        header_add(&list, "X-Daybreak-Signature", signature);
    }
    for (size_t i = 0; i < http->headers.count; i++)
        header_add(&list, http->headers.name[i], http->headers.value[i]);
    return list;
}

static bool
request_next(void *context, uint32_t lane, struct http_request *request)
{
    struct http *http = context;
    struct span *span = http->host->alloc(http->now, sizeof *span);
    size_t used = 0;
    int64_t count = 0, most;
    uint32_t i = http->lane_first[lane];

    if (i == UINT32_MAX)
        return false;
    span->first = i;
    if (i == http->alone_end[lane])
        http->alone_end[lane] = ALONE_NOT;
    most = http->alone_end[lane] == ALONE_NOT ? http->batch : 1;
    for (; i != UINT32_MAX && count < most; i = http->next[i]) {
        size_t size;
        const char *message = tell_message(&http->tell, http->table, i, &size);

        if (count > 0 && (int64_t)(used + size + 2) > http->max_message)
            break;
        if (http->batch > 1)
            body_add(http, lane, &used, count == 0 ? "[" : ",", 1);
        body_add(http, lane, &used, message, size);
        count++;
    }
    if (http->batch > 1)
        body_add(http, lane, &used, "]", 1);
    span->end = http->lane_first[lane] = i;
    *request = (struct http_request){.body = http->body[lane], .size = used, .about = span};
    request->headers = headers_make(http, span, http->body[lane], used);
    http->host->crash_point("tell.before-send");
    return true;
}

/* ---- an answer ----------------------------------------------------------------------------- */

static void
failed(struct http *http, enum daybreak_fault_kind kind, const char *what, const char *hint)
{
    if (http->failed)
        return; /* the first one counts */
    http->failed = true;
    if (kind == DAYBREAK_HALT)
        tell_halt(http->host, http->fault, 78, "http-answer", hint, "%s", what);
    else
        http->host->fault(http->fault, kind, "%s", what);
}

/* The server's name, as far as it may be shown: never what may be a token behind it. */
static const char *
server(const struct http *http, char to[256])
{
    const char *at = strstr(http->settings.url, "://") + 3, *end = at + strcspn(at, "/?#");
    const char *user = memchr(at, '@', (size_t)(end - at));

    snprintf(to, 256, "%.*s%.*s", (int)(at - http->settings.url), http->settings.url,
             (int)(user == NULL ? end - at : end - user - 1), user == NULL ? at : user + 1);
    return to;
}

static bool
answer_take(void *context, uint32_t lane, const struct http_request *request, const struct http_answer *answer)
{
    struct http *http = context;
    const struct span *span = request->about;
    char said[HTTP_ANSWER + 8], what[900], name[256];
    long status = answer->status;

    http->host->crash_point("tell.answered");
    if (status >= 200 && status < 300) {
        for (uint32_t i = span->first; i != span->end; i = http->next[i])
            tell_answered(&http->tell, http->now->event_id[i]);
        return !http->failed;
    }
    tell_printable(said, sizeof said, answer->body, answer->size);
    if (status >= 400 && status < 500 && status != 408 && status != 425 && status != 429) {
        if (http->next[span->first] != span->end) { /* which of them it does not want shows when each goes alone */
            http->lane_first[lane] = span->first;
            http->alone_end[lane] = span->end;
            return !http->failed;
        }
        for (uint32_t i = span->first; i != span->end; i = http->next[i])
            http->host->refuse(http->now, i, "refused_by_server", "HTTP status %ld%s%s", status, said[0] == '\0' ? "" : ": ", said);
        return !http->failed;
    }
    if (status == 0) {
        snprintf(what, sizeof what, "%s cannot be told: %s", server(http, name), answer->why);
        failed(http, DAYBREAK_RETRY, what, NULL);
    } else if (status < 400) {
        snprintf(what, sizeof what, "%s answered with HTTP status %ld, which is neither yes nor no", server(http, name), status);
        failed(http, DAYBREAK_HALT, what, status >= 300 ? "give the url it redirects to, or `redirects: 5` to follow it" : NULL);
    } else {
        if (answer->wait_ms > 0)
            http->quiet_until_ms = steady_ms() + answer->wait_ms;
        snprintf(what, sizeof what, "%s answered with HTTP status %ld%s%s", server(http, name), status, said[0] == '\0' ? "" : ": ", said);
        failed(http, DAYBREAK_RETRY, what, NULL);
    }
    return false;
}

/* ---- stages -------------------------------------------------------------------------------- */

/* Each change joins the chain of its lane. */
static bool
lanes_make(struct http *http, const struct daybreak_batch *batch)
{
    uint32_t lanes = (uint32_t)http->parallel, last[HTTP_LANES];
    bool any = false;

    http->lane_first = http->host->alloc(batch, lanes * sizeof *http->lane_first);
    http->alone_end = http->host->alloc(batch, lanes * sizeof *http->alone_end);
    http->next = http->host->alloc(batch, (batch->changes + (size_t)1) * sizeof *http->next);
    for (uint32_t i = 0; i < lanes; i++)
        http->lane_first[i] = last[i] = UINT32_MAX;
    for (uint32_t i = 0; i < lanes; i++)
        http->alone_end[i] = ALONE_NOT;
    for (uint32_t i = 0; i < batch->changes; i++) {
        uint32_t lane;
        size_t size;

        if (!tell_due(&http->tell, http->table, batch, i))
            continue;
        tell_message(&http->tell, http->table, i, &size);
        if ((int64_t)size + 2 > http->max_message) {
            http->host->refuse(batch, i, "message_too_large", "its message has %zu bytes, more than `max_message`", size);
            continue;
        }
        lane = tell_lane(&http->tell, http->table, batch, i, lanes);
        http->next[i] = UINT32_MAX;
        if (last[lane] == UINT32_MAX)
            http->lane_first[lane] = i;
        else
            http->next[last[lane]] = i;
        last[lane] = i;
        any = true;
    }
    return any;
}

static int
http_stage(void *self, uint32_t table, const struct daybreak_batch *batch, struct daybreak_fault *fault)
{
    struct http *http = self;
    struct http_source source = {.next = request_next, .answered = answer_take, .context = http};
    int64_t quiet = http->quiet_until_ms - steady_ms();
    char name[256];

    if (quiet > 0)
        return http->host->fault(fault, DAYBREAK_RETRY, "%s asked to be left alone for %" PRId64 " s more", server(http, name),
                                 (quiet + 999) / 1000);
    http->now = batch;
    http->table = table;
    http->fault = fault;
    http->failed = false;
    tell_begin(&http->tell, table, batch);
    if (!lanes_make(http, batch))
        return 0;
    if (http_send_all(http->send, &source, fault) != 0)
        return -1;
    return http->failed ? -1 : 0;
}

static int
http_claim(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now, struct daybreak_fault *fault)
{
    struct http *http = self;

    return tell_claim(&http->tell, claim, now, fault);
}

static int
http_prepare(void *self, const struct daybreak_target *target, uint32_t targets, struct daybreak_fault *fault)
{
    struct http *http = self;

    http->form = targets > 0 ? target[0].envelope : DAYBREAK_ENVELOPE_DAYBREAK;
    for (uint32_t i = 0; i < targets; i++)
        if (target[i].column != NULL)
            http->form = target[i].envelope;
    return tell_prepare(&http->tell, target, targets, http->form == DAYBREAK_ENVELOPE_CLOUDEVENTS && http->mode == MODE_BINARY, fault);
}

static int
http_intend(void *self, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault)
{
    struct http *http = self;

    return tell_intend(&http->tell, commit, mark, fault);
}

static int
http_commit(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault)
{
    struct http *http = self;

    return tell_commit(&http->tell, commit, fault);
}

static void
http_rollback(void *self)
{
    (void)self; /* what was told cannot be taken back; what was answered is not told again */
}

static const char *
http_state_mark(void *self)
{
    struct http *http = self;

    return tell_state_mark(&http->tell);
}

const struct daybreak_connector daybreak_connector = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_LOAD,
    .name = "http",
    .help = "Sends changes to a server as JSON: a webhook, at least once, with the event id in every message.",
    .abilities = DAYBREAK_TELLS,
    .options = options,
    .self_size = sizeof(struct http),
    .open = http_open,
    .close = http_close,
    .check = http_check,
    .claim = http_claim,
    .prepare = http_prepare,
    .stage = http_stage,
    .intend = http_intend,
    .commit = http_commit,
    .rollback = http_rollback,
    .state_mark = http_state_mark,
};
