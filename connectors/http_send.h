/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests of one batch on their way to one server: in lanes, one request of a lane at a time, so that what shares a lane arrives in its
 * order. Connections stay open from batch to batch. Nothing here knows what the requests say.
 */
#ifndef CONNECTORS_HTTP_SEND_H
#define CONNECTORS_HTTP_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <daybreak/connector.h>

#define HTTP_ANSWER 512 /* bytes of an answer's body that are kept */
#define HTTP_LANES 64

struct curl_slist;

struct http_request {
    const char *body;               /* lent until it is answered */
    size_t size;
    struct curl_slist *headers;     /* taken over */
    void *about;                    /* the caller's */
};

struct http_answer {
    long status;                    /* 0: there was none, `why` says so */
    int64_t wait_ms;                /* how long it asks to be left alone; 0: it does not */
    const char *why;
    const char *body;
    size_t size;
};

struct http_settings {
    const char *url, *method, *proxy, *ca_file, *certificate, *key;
    int64_t timeout_ms, connect_ms, redirects;
    bool verify;
};

struct http_send;

/** http_send_new(host, settings, lanes, sender, fault): nothing is contacted yet. Texts of ${settings} are lent until free. */
int http_send_new(const struct daybreak_host *host, const struct http_settings *settings, uint32_t lanes, struct http_send **send,
                  struct daybreak_fault *fault);
void http_send_free(struct http_send *send);

struct http_source {
    /* The next request of a lane; false: it has none (for now). */
    bool (*next)(void *context, uint32_t lane, struct http_request *request);
    /* What became of it; false: no more is sent, what is under way is still waited for. */
    bool (*answered)(void *context, uint32_t lane, const struct http_request *request, const struct http_answer *answer);
    void *context;
};

/** http_send_all(send, source, fault): until no lane has a request, or an answer ended it. -1 (RETRY) when the run is to stop. */
int http_send_all(struct http_send *send, const struct http_source *source, struct daybreak_fault *fault);

#endif
