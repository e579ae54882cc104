/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTORS_ENVELOPE_PIECE_H
#define CONNECTORS_ENVELOPE_PIECE_H

#include <stddef.h>
#include <stdint.h>

struct line_day;

/* Text that is made rarely: a piece of every line of a batch, padded for line_padded. */
struct envelope_piece {
    char *at;
    size_t size, room;
};

/** envelope_piece_room(piece, more): room for so many bytes and the slack of line_write behind what is there; gives its end. */
char *envelope_piece_room(struct envelope_piece *piece, size_t more);
void envelope_piece_add(struct envelope_piece *piece, const char *text);
void envelope_piece_bytes(struct envelope_piece *piece, const char *at, size_t size);
/** envelope_piece_text: as a JSON string; NULL is null. envelope_piece_instant: ${name} as it stands, then an instant or null. envelope_piece_uri:
 * RFC 3986, everything but unreserved characters by its bytes. */
void envelope_piece_text(struct envelope_piece *piece, const char *text);
void envelope_piece_instant(struct envelope_piece *piece, const char *name, struct line_day *day, int64_t us);
void envelope_piece_uri(struct envelope_piece *piece, const char *text);
void envelope_piece_clear(struct envelope_piece *piece);
void envelope_piece_fini(struct envelope_piece *piece);

#endif
