/* SPDX-License-Identifier: Apache-2.0 */
/* Lanes over one libcurl multi handle, which keeps connections and shares one HTTP/2 connection among them. */
#include "http_send.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <curl/curl.h>

#define ANSWER_MAX (INT64_C(1) << 20) /* a server that says more is not listened to any longer */
#define LOOK_MS 250
#define WAIT_MAX_MS (INT64_C(3600) * 1000)

struct lane {
    CURL *easy;
    struct http_send *send;
    struct http_request request;
    bool busy;
    char error[CURL_ERROR_SIZE], body[HTTP_ANSWER];
    size_t kept;
    int64_t got;
};

struct http_send {
    const struct daybreak_host *host;
    const struct http_settings *settings;
    CURLM *multi;
    uint32_t lanes;
    struct lane lane[HTTP_LANES];
};

static size_t
body_take(char *at, size_t one, size_t size, void *context)
{
    struct lane *lane = context;
    size_t more = HTTP_ANSWER - lane->kept;

    size *= one;
    lane->got += (int64_t)size;
    if (lane->got > ANSWER_MAX)
        return 0;
    if (more > size)
        more = size;
    memcpy(lane->body + lane->kept, at, more);
    lane->kept += more;
    return size;
}

/* What never changes from request to request. */
static int
lane_open(struct lane *lane, struct daybreak_fault *fault)
{
    const struct http_settings *s = lane->send->settings;
    CURL *easy = curl_easy_init();
    CURLcode wrong = CURLE_OK;

    if (easy == NULL)
        abort(); /* no memory: any crash is safe */
    lane->easy = easy;
#define SET(option, value) (wrong = wrong == CURLE_OK ? curl_easy_setopt(easy, option, value) : wrong)
    SET(CURLOPT_URL, s->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_CUSTOMREQUEST, s->method);
    SET(CURLOPT_USERAGENT, "daybreak");
    SET(CURLOPT_WRITEFUNCTION, body_take);
    SET(CURLOPT_WRITEDATA, lane);
    SET(CURLOPT_ERRORBUFFER, lane->error);
    SET(CURLOPT_PRIVATE, lane);
    SET(CURLOPT_TIMEOUT_MS, (long)s->timeout_ms);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)s->connect_ms);
    SET(CURLOPT_FOLLOWLOCATION, s->redirects > 0 ? 1L : 0L);
    SET(CURLOPT_MAXREDIRS, (long)s->redirects);
    SET(CURLOPT_POSTREDIR, (long)CURL_REDIR_POST_ALL);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_PIPEWAIT, 1L);
    SET(CURLOPT_TCP_KEEPALIVE, 1L);
    SET(CURLOPT_SSL_VERIFYPEER, s->verify ? 1L : 0L);
    SET(CURLOPT_SSL_VERIFYHOST, s->verify ? 2L : 0L);
    if (s->proxy == NULL || strcmp(s->proxy, "environment") != 0)
        SET(CURLOPT_PROXY, s->proxy == NULL ? "" : s->proxy); /* "": none, also where the environment names one */
    if (s->ca_file != NULL)
        SET(CURLOPT_CAINFO, s->ca_file);
    if (s->certificate != NULL)
        SET(CURLOPT_SSLCERT, s->certificate);
    if (s->key != NULL)
        SET(CURLOPT_SSLKEY, s->key);
#undef SET
    if (wrong == CURLE_OK)
        return 0;
    lane->send->host->fault(fault, DAYBREAK_HALT, "cannot set up requests: %s", curl_easy_strerror(wrong));
    return lane->send->host->hint(fault, "this libcurl is %s", curl_version());
}

int
http_send_new(const struct daybreak_host *host, const struct http_settings *settings, uint32_t lanes, struct http_send **out,
              struct daybreak_fault *fault)
{
    struct http_send *send = calloc(1, sizeof *send);

    if (send == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
    send->host = host;
    send->settings = settings;
    send->lanes = lanes;
    send->multi = curl_multi_init();
    if (send->multi == NULL)
        abort();
    curl_multi_setopt(send->multi, CURLMOPT_MAXCONNECTS, (long)lanes + 1);
    curl_multi_setopt(send->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_MULTIPLEX);
    for (uint32_t i = 0; i < lanes; i++) {
        send->lane[i].send = send;
        if (lane_open(&send->lane[i], fault) != 0) {
            http_send_free(send);
            return -1;
        }
    }
    *out = send;
    return 0;
}

static void
lane_end(struct lane *lane)
{
    if (!lane->busy)
        return;
    curl_multi_remove_handle(lane->send->multi, lane->easy);
    curl_easy_setopt(lane->easy, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(lane->request.headers);
    lane->request = (struct http_request){0};
    lane->busy = false;
}

void
http_send_free(struct http_send *send)
{
    if (send == NULL)
        return;
    for (uint32_t i = 0; i < send->lanes; i++) {
        lane_end(&send->lane[i]);
        curl_easy_cleanup(send->lane[i].easy);
    }
    curl_multi_cleanup(send->multi);
    curl_global_cleanup();
    free(send);
}

static bool
lane_start(struct lane *lane)
{
    lane->busy = true;
    lane->kept = 0;
    lane->got = 0;
    lane->error[0] = '\0';
    if (curl_easy_setopt(lane->easy, CURLOPT_HTTPHEADER, lane->request.headers) != CURLE_OK ||
        curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)lane->request.size) != CURLE_OK ||
        curl_easy_setopt(lane->easy, CURLOPT_POSTFIELDS, lane->request.body) != CURLE_OK)
        return false;
    return curl_multi_add_handle(lane->send->multi, lane->easy) == CURLM_OK;
}

static void
answer_make(struct lane *lane, CURLcode wrong, struct http_answer *answer)
{
    curl_off_t wait = 0;

    *answer = (struct http_answer){.body = lane->body, .size = lane->kept};
    curl_easy_getinfo(lane->easy, CURLINFO_RESPONSE_CODE, &answer->status);
    if (curl_easy_getinfo(lane->easy, CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0)
        answer->wait_ms = wait > WAIT_MAX_MS / 1000 ? WAIT_MAX_MS : (int64_t)wait * 1000;
    if (wrong == CURLE_OK || (wrong == CURLE_WRITE_ERROR && lane->got > ANSWER_MAX))
        return; /* its status says it, however long it goes on talking */
    answer->status = 0;
    answer->why = lane->error[0] != '\0' ? lane->error : curl_easy_strerror(wrong);
}

int
http_send_all(struct http_send *send, const struct http_source *source, struct daybreak_fault *fault)
{
    bool more = true;
    uint32_t busy = 0;

    for (;;) {
        CURLMsg *message;
        int running, left;

        for (uint32_t i = 0; i < send->lanes && more; i++) {
            struct lane *lane = &send->lane[i];

            if (lane->busy || !source->next(source->context, i, &lane->request))
                continue;
            if (!lane_start(lane))
                abort(); /* no memory */
            busy++;
        }
        if (busy == 0)
            return 0;
        if (curl_multi_perform(send->multi, &running) != CURLM_OK)
            abort();
        while ((message = curl_multi_info_read(send->multi, &left)) != NULL) {
            struct http_answer answer;
            struct lane *lane = NULL;

            if (message->msg != CURLMSG_DONE)
                continue;
            curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&lane);
            answer_make(lane, message->data.result, &answer);
            more &= source->answered(source->context, (uint32_t)(lane - send->lane), &lane->request, &answer);
            lane_end(lane);
            busy--;
        }
        if (send->host->stopping(send->host)) {
            for (uint32_t i = 0; i < send->lanes; i++)
                lane_end(&send->lane[i]);
            return send->host->fault(fault, DAYBREAK_RETRY, "stopped while '%s' was told", send->settings->url);
        }
        if (running > 0 && curl_multi_poll(send->multi, NULL, 0, LOOK_MS, NULL) != CURLM_OK)
            abort();
    }
}
