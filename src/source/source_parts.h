/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SOURCE_PARTS_H
#define SOURCE_PARTS_H

#include "record/value.h"
#include "source/proof.h"
#include "source/source.h"

struct arena;
struct batch_layout;
struct decode;
struct instance;

#define BLOCK_BYTES (256u << 10) /* with what is made of it some 2 MiB; four of them are under way, and stay in the caches */
#define RAW_BYTES (256u << 10)

struct table_state {
    const struct config_table *config;
    struct instance **formats; /* by config format; opened with the first part that needs it */
    struct batch_layout *layout;
    uint32_t parts;
    bool names_all;
};

/* A table whose records stand in a part together with those of others: where its format stands in that part. */
struct stream {
    uint32_t table;
    struct instance *format;
    struct value_style style;
    char *part;                /* as its batches are called: no two tables have one position */
    uint64_t byte, line;       /* what its format has not taken begins here */
    bool dry, ended;           /* it takes no more of what is there; nor of anything */
};

struct source {
    const struct config *config;
    volatile int *stop;
    struct instance *extract;
    struct table_state *tables;
    struct arena *arena;       /* layouts: lent to batches, so they live as long as the source */
    bool proves;               /* a guard asks what was read */
    struct proof proof;

    /* the input being read */
    struct source_start start;
    char *start_part, *start_mark;
    char *input_name;
    bool resumed;              /* the part of start.part was reached */
    bool probed;               /* its only part is open already */

    /* the part being read */
    bool part_open, part_done;
    bool feed_last;            /* the block given last was the part's end */
    char *part_name;
    uint32_t table;
    struct instance *format;
    struct decode *decode;
    struct value_style style;  /* how numbers of this part are written */
    bool decode_asked;         /* the encoding was settled: declared, or by its BOM */
    char *raw;                 /* bytes before decoding */
    size_t raw_size, raw_at;
    char *left;                /* unconsumed bytes, decoded */
    size_t left_size, left_room;
    uint64_t byte, line;       /* of left[0] */
    uint64_t skip;             /* decoded bytes still to throw away, after a mark */
    uint32_t block_bytes;
    bool overlong;             /* in the middle of swallowing one */

    /* a part that several tables share: `left` is then what one of them may still need of it */
    struct stream *stream;
    uint32_t streams, stream_at, stream_room;
};

/* ---- source.c ------------------------------------------------------------------------------- */
/** source_layout(source, batch, fault): the columns of the table and the format at hand. source_encoding(batch): rows whose bytes are no text are
 * bad. source_cut(batch, fault): the batch says that the input is cut off. */
int source_layout(struct source *source, struct batch *batch, struct daybreak_fault *fault);
void source_encoding(struct batch *batch);
int source_cut(struct batch *batch, const struct daybreak_fault *fault);

/* ---- source_shared.c: several tables in one part --------------------------------------------- */
/** source_shared_begin(source, part, fault): when tables behind the one at hand take their records from this part, too, formats of theirs are
 * begun; source->streams is then more than 1. source_shared_read: as source_read, of such a part. */
int source_shared_begin(struct source *source, const struct daybreak_part *part, struct daybreak_fault *fault);
int source_shared_read(struct source *source, struct batch *batch, struct daybreak_fault *fault);
void source_shared_end(struct source *source);


/* ---- source_bytes.c: from the extract into blocks, decoded ---------------------------------- */
/** source_bytes_begin(source, format): a part begins, in the encoding that its format declares. */
void source_bytes_begin(struct source *source, const struct config_connector *format);
/** source_bytes_fill(source, batch, next, fault): its block: what was left over, then new bytes until it is full or the part ends. */
int source_bytes_fill(struct source *source, struct batch *batch, enum daybreak_next *next, struct daybreak_fault *fault);
/** source_bytes_more(source, to, room, got, next, fault): more decoded bytes; *got is 0 only at the end of the part or at a cut. */
int source_bytes_more(struct source *source, char *to, size_t room, size_t *got, enum daybreak_next *next, struct daybreak_fault *fault);
/** source_bytes_full(source, size): a block of ${size} bytes takes no more. */
bool source_bytes_full(const struct source *source, size_t size);
/** source_bytes_keep(source, batch): what the format did not take stays for the next block. */
void source_bytes_keep(struct source *source, struct batch *batch);
/** source_bytes_skip(source, batch, fault): behind a header that was read for its names, go on at the mark. */
int source_bytes_skip(struct source *source, struct batch *batch, struct daybreak_fault *fault);

#endif
