/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets of formats have in common. Nothing may crash, hang or grow without end. */
#include "format_fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/format_reader.h"

void
format_fuzz_one(const char *const *options, const uint8_t *data, size_t size)
{
    struct format_reading whole = {.type = &daybreak_connector, .options = options},
                          pieces = {.type = &daybreak_connector, .options = options, .block_bytes = 1 + (uint32_t)(size * 7) % 61};
    char *one = format_read(&whole, (const char *)data, size), *other = format_read(&pieces, (const char *)data, size);
    char *cuts[] = {strstr(one, "cut: this is no well-formed XML"), strstr(other, "cut: this is no well-formed XML")};

    for (size_t i = 0; i < 2; i++) /* what is wrong first depends on how far its parser looks ahead; that and where not */
        if (cuts[i] != NULL)
            cuts[i][5] = '\0';
    if (strcmp(one, other) != 0) {
        fprintf(stderr, "not the same in pieces of %u:\n%s\n-- in one piece:\n%s\n", pieces.block_bytes, other, one);
        abort();
    }
    free(one);
    free(other);
}

void
format_fuzz(const char *const *const *options, size_t sets, const uint8_t *data, size_t size)
{
    format_fuzz_one(options[size % sets], data, size);
}
