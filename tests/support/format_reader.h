/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_READER_H
#define FORMAT_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daybreak/connector.h"

/*
 * Drives a format over bytes as the engine does: blocks with what was left over in front, wider blocks for long records, `overlong` at
 * the limit. What comes out is one text, so that a test can say what it expects in one string.
 */
struct format_reading {
    const struct daybreak_connector *type;
    const char *const *options; /* name, value, …, NULL; lists and maps: items separated by '|', maps as name=value */
    uint32_t block_bytes;       /* 0: 1 MiB */
    uint32_t max_record;        /* 0: 16 MiB */
    const char *mark;           /* NULL: from the beginning */
    bool places;                /* rows begin with LINE:BYTE+SIZE of their raw text */
    bool marks;                 /* rows end with the mark behind them */
    bool growing;               /* the input may grow: the last block is not called so */
};

/**
 * format_read(reading, input, size): a line "NAME|NAME" whenever the columns are known or change, a line a row ("cell|cell", ~ for null,
 * \n \r \0 \\ \| \~ escaped, then " !reason@column: detail" when bad), and "end", "cut: WHAT", "fault: WHAT" or "wait". To be freed.
 */
char *format_read(const struct format_reading *reading, const char *input, size_t size);

/** format_reader_host(void): the host that format_read gives; rows passed to it must be those of format_rows. */
const struct daybreak_host *format_reader_host(void);

struct format_bad {
    uint32_t row, column;
    char reason[32], detail[256];
};

/* Rows with the memory behind them. */
struct format_rows {
    struct daybreak_rows rows;
    uint32_t rows_room, spans_room;
    struct format_bad *bad;
    uint32_t bads, bads_room;
};

void format_rows_fini(struct format_rows *rows);

/** format_self(type, options, fault): an opened instance, or NULL with the fault. format_self_free closes it. */
void *format_self(const struct daybreak_connector *type, const char *const *options, struct daybreak_fault *fault);
void format_self_free(const struct daybreak_connector *type, void *self);

#endif
