/* SPDX-License-Identifier: Apache-2.0 */
/* What all messages of a batch have in common in the forms of others: Debezium's source, the attributes of CloudEvents. */
#include "envelope_foreign.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "line_write.h"

/*
 * Debezium's change event without its schema: before, after, op, ts_ms, source. What of our envelope has no place there
 * stands in source, where Debezium lets a connector put its own.
 */
void
envelope_foreign_debezium(struct envelope_piece *piece, const struct daybreak_story *story)
{
    char number[24];

    envelope_piece_clear(piece);
    envelope_piece_add(piece, ",\"ts_ms\":");
    envelope_piece_bytes(piece, number, (size_t)(line_int(number, story->loaded_at / 1000) - number));
    envelope_piece_add(piece, ",\"source\":{\"version\":");
    envelope_piece_text(piece, story->pipeline_version);
    envelope_piece_add(piece, ",\"connector\":\"daybreak\",\"name\":");
    envelope_piece_text(piece, story->pipeline);
    envelope_piece_add(piece, ",\"db\":\"\",\"table\":");
    envelope_piece_text(piece, story->table);
    envelope_piece_add(piece, ",\"file\":");
    envelope_piece_text(piece, story->source);
    envelope_piece_add(piece, ",\"object\":");
    envelope_piece_text(piece, story->part == NULL ? "" : story->part);
    envelope_piece_room(piece, 0);
}

/* CloudEvents 1.0 in JSON, structured: its attributes around our envelope, which is the data. */
void
envelope_foreign_cloudevents(struct envelope_piece *piece, const struct daybreak_story *story)
{
    envelope_piece_clear(piece);
    envelope_piece_add(piece, "{\"specversion\":\"1.0\",\"datacontenttype\":\"application/json\",\"source\":\"/daybreak/");
    envelope_piece_uri(piece, story->pipeline);
    if (story->trace != NULL) {
        envelope_piece_add(piece, "\",\"traceparent\":\"");
        envelope_piece_add(piece, story->trace);
    }
    envelope_piece_add(piece, "\",\"id\":\"");
    envelope_piece_room(piece, 0);
}

const char *
envelope_foreign_type(char op)
{
    switch (op) {
    case 'c':
        return "daybreak.created";
    case 'u':
        return "daybreak.updated";
    case 'd':
        return "daybreak.deleted";
    default:
        return "daybreak.loaded";
    }
}
