/* SPDX-License-Identifier: Apache-2.0 */
/* Text that lines of a batch share, made once. */
#include "envelope_piece.h"

#include <stdlib.h>
#include <string.h>

#include "envelope_json.h"

char *
envelope_piece_room(struct envelope_piece *piece, size_t more)
{
    size_t need = piece->size + more + LINE_SLACK;

    if (need > piece->room) {
        piece->room = need * 2;
        piece->at = realloc(piece->at, piece->room);
        if (piece->at == NULL)
            abort(); /* any crash is safe, and a branch nobody tests is not */
    }
    return piece->at + piece->size;
}

void
envelope_piece_add(struct envelope_piece *piece, const char *text)
{
    size_t size = strlen(text);

    memcpy(envelope_piece_room(piece, size), text, size);
    piece->size += size;
}

void
envelope_piece_bytes(struct envelope_piece *piece, const char *at, size_t size)
{
    memcpy(envelope_piece_room(piece, size), at, size);
    piece->size += size;
}

/* A text as JSON string; NULL is null. */
void
envelope_piece_text(struct envelope_piece *piece, const char *text)
{
    char *to, *end;

    if (text == NULL) {
        envelope_piece_add(piece, "null");
        return;
    }
    to = envelope_piece_room(piece, strlen(text) * 6 + 2);
    end = envelope_json_text(to, text, strlen(text));
    piece->size += (size_t)(end - to);
}

void
envelope_piece_instant(struct envelope_piece *piece, const char *name, struct line_day *day, int64_t us)
{
    char text[LINE_INSTANT + 2 + LINE_SLACK];
    char *end = line_instant(text + 1, day, us);

    envelope_piece_add(piece, name);
    if (end == text + 1) {
        envelope_piece_add(piece, "null");
        return;
    }
    text[0] = *end = '"';
    envelope_piece_bytes(piece, text, (size_t)(end + 1 - text));
}

void
envelope_piece_clear(struct envelope_piece *piece)
{
    piece->size = 0;
    envelope_piece_room(piece, 0);
}

void
envelope_piece_fini(struct envelope_piece *piece)
{
    free(piece->at);
    *piece = (struct envelope_piece){0};
}

/* RFC 3986: everything but unreserved characters by its bytes. */
void
envelope_piece_uri(struct envelope_piece *piece, const char *text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

    for (; *text != '\0'; text++) {
        char code[3] = {'%'};

        if (strchr(plain, *text) != NULL) {
            envelope_piece_bytes(piece, text, 1);
        } else {
            line_hex(code + 1, &(uint8_t){(uint8_t)*text}, 1);
            envelope_piece_bytes(piece, code, sizeof code);
        }
    }
}
