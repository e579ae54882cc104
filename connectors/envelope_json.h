/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A change as one line of JSON: the row and the story around it (DESIGN 8), in our form or that of Debezium or CloudEvents, or the row
 * alone. What a batch shares is rendered once; a row is then copies of constant pieces with its own values between them.
 */
#ifndef CONNECTORS_ENVELOPE_JSON_H
#define CONNECTORS_ENVELOPE_JSON_H

#include <daybreak/connector.h>

#include "envelope_piece.h"
#include "line_write.h"

struct envelope_column {
    struct envelope_piece name;     /* "name": */
    enum daybreak_type type;
    bool key;
    struct daybreak_view view;      /* of the batch under way */
};

struct envelope_json {
    const struct daybreak_host *host;
    enum daybreak_envelope form;    /* NONE: the row without its story */
    struct envelope_column *column;
    uint32_t columns, keys;
    size_t constant;                /* bytes a row has at most beside its values */
    const struct daybreak_batch *batch;
    struct envelope_piece before_position, behind_changed_at, behind_no_time, context, trace, outer;
    struct daybreak_text last_context; /* what `context` was made of; lent until the batch ends */
    bool context_made;
    struct line_day day;
};

void envelope_json_init(struct envelope_json *envelope, const struct daybreak_host *host, enum daybreak_envelope form);
void envelope_json_fini(struct envelope_json *envelope);
/** envelope_json_columns(envelope, column, count): the row's members, in this order from now on. */
void envelope_json_columns(struct envelope_json *envelope, const struct daybreak_column *column, uint32_t count);
/** envelope_json_begin(envelope, batch): asks for its views and renders what its changes share. */
void envelope_json_begin(struct envelope_json *envelope, const struct daybreak_batch *batch);
/** envelope_json_room(envelope, i): bytes that change ${i} needs at most, slack included. */
size_t envelope_json_room(const struct envelope_json *envelope, uint32_t i);
/** envelope_json_write(envelope, i, to): the line of change ${i}, line feed included; gives its end. */
char *envelope_json_write(struct envelope_json *envelope, uint32_t i, char *to);

/** envelope_json_text(to, at, size): a JSON string with its quotes; at most 6 * size + 2 bytes. */
char *envelope_json_text(char *to, const char *at, size_t size);

#endif
