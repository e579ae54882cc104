/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The connector ABI: the one header a connector sees, and the one that is installed.
 *
 * A connector is one C file that exports one const symbol, `daybreak_connector`. It links to nothing
 * of ours: what it needs it calls through `struct daybreak_host`. Read connectors/README.md first.
 *
 * History
 *   1  first light: extract (bytes or records), format, load, transform
 *      grown since, each at an end: intend, older, check, beside; and what makes a transform whole: gives, host->give, host->filter;
 *      DAYBREAK_LIVE and evidence; DAYBREAK_TELLS
 *
 * Rules of growth: structs grow only at their end and carry their size first; anything else raises
 * DAYBREAK_ABI. Zero is the value of what an older side does not know.
 */
#ifndef DAYBREAK_CONNECTOR_H
#define DAYBREAK_CONNECTOR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAYBREAK_ABI 1

/* ---- faults ------------------------------------------------------------------------------- */

/* What the caller may do next. */
enum daybreak_fault_kind {
    DAYBREAK_NO_FAULT = 0,
    DAYBREAK_RETRY, /* nothing changed, the same call may work later */
    DAYBREAK_ASIDE, /* this record is set aside, the rest goes on */
    DAYBREAK_HALT,  /* stop, a person must look */
};

#define DAYBREAK_WHAT_MAX 1024
#define DAYBREAK_HINT_MAX 512

/* Zeroed by whoever owns it; written only on failure, through host->fault or fault_set. */
struct daybreak_fault {
    enum daybreak_fault_kind kind;
    int status;                   /* sysexits code that fits best, 0 when the kind alone decides */
    char code[32];                /* stable short name for `daybreak explain`, may be empty */
    char what[DAYBREAK_WHAT_MAX]; /* lower case, no full stop: cannot VERB 'THING': CAUSE */
    char hint[DAYBREAK_HINT_MAX]; /* what the person can do; empty when nothing */
};

/* ---- options ------------------------------------------------------------------------------ */

enum daybreak_option_type {
    DAYBREAK_TEXT = 1, /* const char *, lent until close */
    DAYBREAK_BOOLEAN,  /* bool: true|false|yes|no */
    DAYBREAK_INTEGER,  /* int64_t within min..max */
    DAYBREAK_DURATION, /* int64_t milliseconds: 250ms 2s 5m 1h 3d */
    DAYBREAK_SIZE,     /* int64_t bytes: 4096 16MiB 1GiB 1M (= 10^6) */
    DAYBREAK_PERCENT,  /* double 0..1: 20% or 0.2 */
    DAYBREAK_CHOICE,   /* int: index into choices, separated by | */
    DAYBREAK_LIST,     /* struct daybreak_list; a single scalar is a list of one */
    DAYBREAK_MAP,      /* struct daybreak_map: text to text, in file order; a single scalar is a name with value "" */
    DAYBREAK_TIME,     /* int64_t seconds since midnight: "02:10" or "02:10:30" */
};

struct daybreak_list {
    const char *const *item;
    size_t count;
};

struct daybreak_map {
    const char *const *name;
    const char *const *value;
    size_t count;
};

/* One option; a table ends with .name = NULL. It parses, checks, fills, documents, hides. */
struct daybreak_option {
    const char *name;
    enum daybreak_option_type type;
    size_t at;           /* offsetof the field in self */
    bool required;
    bool secret;         /* never printed, logged or served */
    const char *preset;  /* default, as it would be written in the file; NULL: zero */
    int64_t min, max;    /* for numbers; both 0: no bounds but the type's */
    const char *choices; /* DAYBREAK_CHOICE: "keep|delete|move" */
    const char *help;    /* one sentence */
    const char *example; /* for the manual; may be NULL */
};

/* ---- records ------------------------------------------------------------------------------ */

enum daybreak_type {
    DAYBREAK_TYPE_TEXT = 0, /* UTF-8, no NUL */
    DAYBREAK_TYPE_BOOLEAN,
    DAYBREAK_TYPE_INTEGER, /* 64 bit signed */
    DAYBREAK_TYPE_DECIMAL, /* exact; precision at most 38, scale at most precision */
    DAYBREAK_TYPE_REAL,
    DAYBREAK_TYPE_BYTES,
    DAYBREAK_TYPE_TIMESTAMP, /* microseconds since 1970, UTC */
    DAYBREAK_TYPE_DATE,      /* days since 1970-01-01 */
};

#define DAYBREAK_NULL UINT32_MAX     /* in span.size: the cell is null */
#define DAYBREAK_NO_TIME INT64_MIN   /* an instant that is not known */

/* A piece of a block. */
struct daybreak_span {
    uint32_t at;   /* offset from the block's (or view's) base */
    uint32_t size; /* bytes; DAYBREAK_NULL for a null cell */
};

struct daybreak_text {
    const char *at;
    uint32_t size;
};

struct daybreak_column {
    const char *name;
    enum daybreak_type type;
    uint8_t precision, scale; /* decimals */
    bool key;
};

/* What comes next from an extract or a format. */
enum daybreak_next {
    DAYBREAK_MORE = 0,  /* call again */
    DAYBREAK_PART_END,  /* this member or table is complete and proven */
    DAYBREAK_INPUT_END, /* the whole input is complete and proven: length, CRC, trailer */
    DAYBREAK_INPUT_CUT, /* ended badly; fault->what says how */
    DAYBREAK_IDLE,      /* looked, nothing new; struct daybreak_wait says what to wait for */
};

/*
 * What a format (or an extract that gives records) fills: records over one block, row by row.
 * The cell of row r, column c is spans[r * columns + c], its text block[at .. at + size). Text that
 * had to be decoded (doubled quotes, escapes) is written behind block_size, from block_used on, up
 * to block_room; the engine guarantees block_room >= 2 * block_size.
 * A bad row (host->bad) keeps whatever cells could be read, so that its key still counts as seen.
 */
struct daybreak_rows {
    uint32_t size;
    /* given */
    char *block;
    uint32_t block_size; /* bytes of input in the block */
    uint32_t block_room; /* bytes allocated */
    uint64_t byte;       /* offset of block[0] in the part (in decoded bytes) */
    uint64_t line;       /* line number of block[0], from 1 */
    bool last;           /* nothing follows this block */
    bool overlong;       /* the block is at max_record and held no whole record: give what was read
                            of it as one bad row, swallow the rest of it in the next calls */
    /* taken */
    uint32_t block_used; /* starts at block_size; the end of decoded text */
    uint32_t consumed;   /* bytes of the block that need not be given again */
    uint64_t next_line;  /* line number at block[consumed] */
    uint64_t skip_to;    /* after begin with a mark: go on at this offset of the part; 0: no skip */
    uint32_t columns;
    uint32_t rows;
    struct daybreak_span *spans; /* room for host->reserve'd rows */
    uint32_t *start;             /* [rows]: where the record begins in the block */
    uint32_t *end;               /* [rows]: where it ends, line end excluded */
    uint32_t *lines;             /* [rows]: lines after `line` at which it begins */
};

/* How a view shows a column. */
enum daybreak_as {
    DAYBREAK_AS_TEXT = 0, /* struct daybreak_span over base: canonical text of any type: decimals with
                             their scale, timestamps RFC 3339 UTC with µs, dates ISO, booleans
                             true|false, bytes as they are */
    DAYBREAK_AS_INTEGER,  /* int64_t: integers, booleans 0|1, dates in days, timestamps in µs, decimals of at most 18
                             digits times ten to their scale */
    DAYBREAK_AS_REAL,     /* double */
};

/* Row r stands at data + r * stride. For text a null cell has size DAYBREAK_NULL; else nulls[r]. */
struct daybreak_view {
    const char *base;
    const char *data;
    const uint8_t *nulls; /* NULL: text, or no null in this column */
    uint32_t stride;
};

/* The part of the envelope that a batch shares. Texts are lent until the batch ends. */
struct daybreak_story {
    uint32_t size;
    const char *pipeline, *pipeline_id, *pipeline_version, *handoff, *run;
    const char *connector; /* of the source: "file" */
    const char *source;    /* the input's name: a path */
    const char *input;     /* the input's position: order and digest */
    const char *part;      /* member or table; "" for a plain file */
    const char *table;     /* the pipeline's name of the table */
    const char *time_basis;
    const char *trace;     /* W3C traceparent of the run */
    int64_t batch;         /* number, rising by one, per pipeline */
    int64_t visible_at, read_at, ready_at, loaded_at; /* µs; loaded_at: set before stage */
};

/*
 * What a load and a transform see: `changes` changes over `rows` rows. Change i is op[i], its cells
 * are row pick[i] of each view. A delete has its key columns, and all others null unless `before`.
 */
struct daybreak_batch {
    uint32_t size;
    uint32_t rows;
    uint32_t changes;
    uint32_t columns;
    const struct daybreak_column *column;
    const uint32_t *pick;
    const char *op; /* c u d r */
    const uint8_t (*event_id)[16];
    const int64_t *changed_at; /* µs or DAYBREAK_NO_TIME */
    const struct daybreak_text *position; /* "line:byte" for files */
    const struct daybreak_text *context;  /* JSON of reason, actor, related; size 0 when empty */
    const struct daybreak_story *story;
    const struct daybreak_text *before;   /* JSON of the old row, or size 0; NULL: none has one */
};

/* ---- the ledger's equation, as counted for one batch -------------------------------------- */
#define DAYBREAK_COUNTS(X)                                                                         \
    X(read) X(unchanged) X(repeated) X(captured) X(created) X(updated) X(deleted) X(loaded)        \
    X(absent) X(invalid) X(copied) X(filtered) X(delivered) X(held) X(waiting) X(dead)             \
    X(rejected) X(expired) X(dropped) X(superseded) X(withdrawn) X(healed)

struct daybreak_counts {
    uint32_t size;
#define X(name) int64_t name;
    DAYBREAK_COUNTS(X)
#undef X
};

/* ---- extract ------------------------------------------------------------------------------ */

/* One content to read. Texts are lent until the next call of `next`. */
struct daybreak_input {
    uint32_t size;
    const char *name;        /* path as configured, relative paths kept relative */
    const char *fingerprint; /* cheap identity of this state of it: device, inode, size, times */
    int64_t time_us;         /* from the name's %-parts, or DAYBREAK_NO_TIME */
    int64_t visible_at_us;   /* when it was complete: rename, .done, or last write */
    int64_t bytes;           /* its size as it lies there, -1 unknown */
    bool packed;             /* compressed or archived: its end is proven, and it cannot be resumed
                                in the middle of a growing file */
};

struct daybreak_part {
    uint32_t size;
    const char *name;  /* member; "" for a plain file */
    int64_t bytes;     /* -1 unknown */
    int64_t time_us;
};

/* What to wait for after IDLE: a descriptor that becomes readable, or a time, whichever is first. */
struct daybreak_wait {
    uint32_t size;
    int fd;             /* -1: none */
    int64_t wait_ms;    /* look again after this long at the latest */
    int64_t clock_us;   /* the source's clock when it looked, DAYBREAK_NO_TIME */
    bool proves;        /* nothing new proves the source idle (a database), not: an empty folder */
    uint32_t matched;   /* how many things matched at all in this look */
    uint32_t unsettled; /* of these, how many are still being written */
};

/* What stands beside an input: a manifest, a checksum; or a file of the input itself. Texts taken are lent until the next call. */
struct daybreak_beside {
    uint32_t size;
    /* given */
    uint32_t file;         /* which file of the input, from 0 */
    const char *name;      /* in its folder; {name} stands for the file's own name, {stem} for that without its endings; NULL: itself */
    uint64_t offset;
    /* taken */
    const char *file_name; /* the file's own name, without its folder */
    const char *found;     /* what was asked for, as a person would look for it */
};

/* ---- load --------------------------------------------------------------------------------- */

enum daybreak_write { DAYBREAK_MIRROR = 0, DAYBREAK_UPSERT, DAYBREAK_APPEND };
enum daybreak_existing { DAYBREAK_EXISTING_REFUSE = 0, DAYBREAK_EXISTING_ADOPT };
enum daybreak_history { DAYBREAK_HISTORY_GONE = 0, DAYBREAK_HISTORY_ALL, DAYBREAK_HISTORY_NONE };
enum daybreak_envelope {
    DAYBREAK_ENVELOPE_DAYBREAK = 0, DAYBREAK_ENVELOPE_SIDE, DAYBREAK_ENVELOPE_NONE,
    DAYBREAK_ENVELOPE_DEBEZIUM, DAYBREAK_ENVELOPE_CLOUDEVENTS,
};

/* How rows of one table land; the keys of `sink` that the engine reads for every load. */
struct daybreak_target {
    uint32_t size;
    const char *table; /* target's name for it, {table} filled in */
    const struct daybreak_column *column;
    uint32_t columns;
    enum daybreak_write write;
    enum daybreak_existing existing;
    enum daybreak_history history;
    enum daybreak_envelope envelope;
    bool mark_deletes;   /* deletes: mark */
    bool first_run;      /* no checkpoint of ours was ever there */
    int64_t keep_ms;     /* of history */
    const char *prefix;  /* of the envelope's columns; "" by default */
    const char *done;    /* suffix of the marker beside a whole file; NULL: none */
};

/* Where a route stands, as its target says. */
struct daybreak_checkpoint {
    uint32_t size;
    int64_t epoch;      /* the writer's, after claim */
    const char *position; /* lent until the next call; "" before the first commit */
    int64_t released;
    int64_t batch;      /* of the last commit, 0 before the first */
    bool found;         /* false: this pipeline never wrote here */
};

struct daybreak_claim {
    uint32_t size;
    const char *pipeline, *pipeline_id, *handoff;
    const char *was;        /* run --was OLDNAME; NULL */
    const char *state_mark; /* loads without DAYBREAK_TRANSACTIONAL: what their last commit gave */
    const struct daybreak_checkpoint *state; /* the same loads: the checkpoint as the ledger has it */
    bool read_only;         /* look, do not raise the epoch, create nothing */
    bool rehearses;         /* read_only, for a dry run: leave no trace at all, and let prepare refuse what it would refuse a writer */
};

/* One batch of a commit: what goes into _daybreak_batch. */
struct daybreak_batch_row {
    uint32_t size;
    const struct daybreak_story *story;
    const char *first, *last; /* marks */
    int64_t changes;
    struct daybreak_counts counts;
};

struct daybreak_commit {
    uint32_t size;
    const char *old_position, *new_position;
    int64_t epoch, released_old, released_new;
    const struct daybreak_batch_row *batch; /* every batch staged since the last commit */
    uint32_t batches;
    bool input_end; /* the input ends with this commit */
    const char *run;
    bool file_end;  /* a file that stands for a run is whole with this commit: of a follower at each input's end, else at the run's */
};

/* ---- transform ------------------------------------------------------------------------------ */

/*
 * What a transform gives for one column, indexed by row; the rows that changes pick must be defined. Exactly one of text, number and
 * real is set: text for a column of any type, written as a file would write it ("19.90", "2026-01-31", "true"; bytes as they are); number as
 * DAYBREAK_AS_INTEGER shows it; real for reals.
 */
struct daybreak_cells {
    uint32_t size;
    const uint8_t *nulls;             /* 1: null; NULL: none is, but a text of size DAYBREAK_NULL */
    const struct daybreak_text *text;
    const int64_t *number;
    const double *real;
};

/* ---- the host ----------------------------------------------------------------------------- */

/* What a module may call. Every function is safe on the instance's own thread. */
struct daybreak_host {
    uint32_t size;
    void *context; /* the engine's */

    /* Both give -1, so that `return host->fault(…)` reads well. within adds where, in front. */
    int (*fault)(struct daybreak_fault *fault, enum daybreak_fault_kind kind, const char *what, ...)
        __attribute__((format(printf, 3, 4)));
    int (*within)(struct daybreak_fault *fault, const char *where, ...)
        __attribute__((format(printf, 2, 3)));
    int (*hint)(struct daybreak_fault *fault, const char *hint, ...)
        __attribute__((format(printf, 2, 3)));
    void (*log)(const struct daybreak_host *host, char level, const char *phrase, ...)
        __attribute__((format(printf, 3, 4))); /* level: E W I D */

    /* formats and record extracts: room for `rows` rows of rows->columns cells; never fails */
    void (*reserve)(struct daybreak_rows *rows, uint32_t count);
    /* row `row` cannot be read: column UINT32_MAX when no single one; reason: stable_snake_case */
    void (*bad)(struct daybreak_rows *rows, uint32_t row, uint32_t column, const char *reason,
                const char *detail, ...) __attribute__((format(printf, 5, 6)));

    /* loads and transforms */
    void (*view)(const struct daybreak_batch *batch, uint32_t column, enum daybreak_as as,
                 struct daybreak_view *view);
    /* change i is refused by the target; it becomes a dead letter of stage sink */
    void (*refuse)(const struct daybreak_batch *batch, uint32_t i, const char *rule,
                   const char *reason, ...) __attribute__((format(printf, 4, 5)));
    /* memory that ends with the batch */
    void *(*alloc)(const struct daybreak_batch *batch, size_t bytes);

    const char *base_dir; /* folder of the pipeline file: what relative paths are relative to */
    void (*crash_point)(const char *name); /* a place where tests may kill the process */
    bool (*stopping)(const struct daybreak_host *host); /* SIGTERM came: give IDLE or RETRY soon */
    /* an instant as people write it ("2026-03-29T02:10:00"), local to a tzdata zone (NULL: UTC): µs; false: it is none, or no such zone */
    bool (*instant)(const char *text, const char *zone, int64_t *us);

    /* transforms, in apply: the cells of the column-th of the columns that `gives` declared, lent until the batch ends (host->alloc) */
    void (*give)(const struct daybreak_batch *batch, uint32_t column, const struct daybreak_cells *cells);
    /* transforms, in apply: change i goes no further, and is counted as filtered */
    void (*filter)(const struct daybreak_batch *batch, uint32_t i);
};

/* ---- the connector ------------------------------------------------------------------------ */

enum daybreak_role { DAYBREAK_EXTRACT = 1, DAYBREAK_FORMAT, DAYBREAK_LOAD, DAYBREAK_TRANSFORM };

/* Abilities, or-ed. lint computes guarantees from them. */
#define DAYBREAK_GIVES_BYTES (1u << 0)     /* extract: next_input, next_part, read */
#define DAYBREAK_GIVES_RECORDS (1u << 1)   /* extract: pull */
#define DAYBREAK_RESUMES (1u << 2)         /* extract: goes on in the middle of an input (seek) */
#define DAYBREAK_SEES_DELETES (1u << 3)
#define DAYBREAK_SEES_BEFORE (1u << 4)
#define DAYBREAK_ORDERED (1u << 5)         /* positions are ordered */
#define DAYBREAK_LATE_SAFE (1u << 6)       /* late commits are not missed */
#define DAYBREAK_TRANSACTIONAL (1u << 7)   /* load: rows and checkpoint in one transaction */
#define DAYBREAK_IDEMPOTENT (1u << 8)      /* load: the same rows twice change nothing */
#define DAYBREAK_MIRRORS (1u << 9)         /* load: can delete and replace by key */
#define DAYBREAK_READS_BACK (1u << 10)     /* load: scan and find */
#define DAYBREAK_EMPTY_IS_NULL (1u << 11)  /* format: an empty field of a typed column is null */
#define DAYBREAK_NAMES_ALL (1u << 12)      /* format: its header names every column, so that one not named is gone */
#define DAYBREAK_LIVE (1u << 13)           /* extract: an input is made when it is asked for: it is the newest, whatever it is like, and
                                              cannot be had again when this process is gone */
#define DAYBREAK_TELLS (1u << 14)          /* load: what is staged has been told at once and cannot be taken back: at least once */

/* Called for each thing that is wrong: ${option} is its name ("trailer.count" for a member of a map), ${hint} what to do, or NULL. */
typedef void (*daybreak_wrong_fn)(void *context, const char *option, const char *what, const char *hint);
/* Called for each row of a scan, cells in the order of target->column; false stops the scan. */
typedef bool (*daybreak_scan_fn)(void *context, const struct daybreak_text *cell, bool ours);
typedef bool (*daybreak_audit_fn)(void *context, const struct daybreak_batch_row *row);

/*
 * Life: open, any number of calls of its role, then close if and only if open gave 0. self is made
 * zeroed by the engine (self_size), its option fields filled; one instance stays on one thread, two
 * may run at once, so a connector keeps no writable globals. Every int call gives 0, or -1 with the
 * fault set.
 */
struct daybreak_connector {
    uint32_t abi;
    uint32_t size;
    enum daybreak_role role;
    const char *name;
    const char *help; /* one sentence */
    uint32_t abilities;
    uint32_t self_size;
    const struct daybreak_option *options;

    int (*open)(void *self, const struct daybreak_host *host, struct daybreak_fault *fault);
    void (*close)(void *self);

    /*
     * extract, bytes. A look: next_input gives MORE with one complete input after the other, in time
     * then name order, until IDLE ends the look; the next call begins a new look. The engine skips
     * those it has taken. For the input given last: digest reads it whole beforehand (16 bytes over
     * the bytes as they lie there); next_part opens its next member (MORE, INPUT_END or INPUT_CUT);
     * read gives bytes of that part (MORE with *got > 0, PART_END, INPUT_CUT); seek goes to an offset
     * of the part (plain files only). finish says the input is durably done: `after` may now move or
     * delete it; abandon says it is not. changed_since gives true when the input was altered while
     * it was read: nothing of it may be used.
     */
    int (*next_input)(void *self, struct daybreak_input *input, struct daybreak_wait *wait,
                      enum daybreak_next *next, struct daybreak_fault *fault);
    int (*digest)(void *self, uint8_t digest[16], struct daybreak_fault *fault);
    int (*next_part)(void *self, struct daybreak_part *part, enum daybreak_next *next,
                     struct daybreak_fault *fault);
    int (*read)(void *self, char *buffer, size_t room, size_t *got, enum daybreak_next *next,
                struct daybreak_fault *fault);
    int (*seek)(void *self, uint64_t offset, struct daybreak_fault *fault);
    bool (*changed_since)(void *self);
    int (*finish)(void *self, struct daybreak_fault *fault);
    void (*abandon)(void *self);

    /* extract, records: fills rows after `position`; part names the table */
    int (*pull)(void *self, const char *position, struct daybreak_rows *rows,
                struct daybreak_wait *wait, enum daybreak_next *next, struct daybreak_fault *fault);

    /*
     * format. begin starts a part; mark NULL: at its beginning, else where an earlier run stopped
     * (feed is still given the part's first block, for its header, and answers with skip_to). feed
     * takes whole records out of rows->block and stops before the first that is not whole. The
     * answer to the last block is PART_END or INPUT_CUT. columns are known after the first feed that
     * gave rows or PART_END; when they change, feed stops before the record that changed them.
     * mark writes the restart point behind record r of the rows just fed; position that of record
     * r itself, for people: "line:byte". compare orders two marks: <0 0 >0.
     */
    int (*begin)(void *self, const struct daybreak_part *part, const char *mark,
                 struct daybreak_fault *fault);
    int (*feed)(void *self, struct daybreak_rows *rows, enum daybreak_next *next,
                struct daybreak_fault *fault);
    int (*columns)(void *self, const char *const **names, uint32_t *count,
                   struct daybreak_fault *fault);
    int (*mark)(void *self, const struct daybreak_rows *rows, uint32_t row, char *mark, size_t room,
                struct daybreak_fault *fault);
    int (*compare)(const char *mark_a, const char *mark_b);

    /*
     * load. prepare is given every table before the first stage, and again when columns came; claim
     * raises the epoch and says where the route stands; stage writes rows into the open transaction
     * (beginning it), refusing single changes with host->refuse; commit makes them durable together
     * with the new position, comparing epoch, old position and released; rollback forgets what was
     * staged. state_mark, for loads without transactions, gives what the ledger must keep with the
     * position (lent until the next call). scan and find read the target back; audit lists the
     * batches of a pipeline.
     */
    int (*claim)(void *self, const struct daybreak_claim *claim, struct daybreak_checkpoint *now,
                 struct daybreak_fault *fault);
    int (*prepare)(void *self, const struct daybreak_target *target, uint32_t targets,
                   struct daybreak_fault *fault);
    int (*stage)(void *self, uint32_t target, const struct daybreak_batch *batch,
                 struct daybreak_fault *fault);
    int (*commit)(void *self, const struct daybreak_commit *commit, struct daybreak_fault *fault);
    void (*rollback)(void *self);
    const char *(*state_mark)(void *self);
    int (*scan)(void *self, uint32_t target, daybreak_scan_fn each, void *context,
                struct daybreak_fault *fault);
    /* JSON {"row":{…}|null,"provenance":{…}|null,"history":[…]} of a key, malloc'ed; cells in key order */
    int (*find)(void *self, uint32_t target, const struct daybreak_text *key, char **json,
                struct daybreak_fault *fault);
    int (*audit)(void *self, const char *pipeline_id, daybreak_audit_fn each, void *context,
                 struct daybreak_fault *fault);

    /*
     * transform: one batch. Reads cells with host->view by number of the column (columns are those that `gives` was told), gives each of its own
     * with host->give, takes changes out with host->filter and sets them aside with host->refuse. Deletes are not shown: of a record that
     * is gone nothing but its key is known. event_id, changed_at and context of the batch are NULL: they are made later.
     */
    int (*apply)(void *self, struct daybreak_batch *batch, struct daybreak_fault *fault);

    /*
     * load, without transactions: the first half of a commit. Makes all that is staged durable and gives the mark that the commit
     * will leave, with its batch, position and released in it (lent until the next call). The ledger keeps the mark before commit is
     * called: from then on the commit has happened, and a claim that is given this mark ends it. NULL: nothing is left to be told.
     */
    int (*intend)(void *self, const struct daybreak_commit *commit, const char **mark, struct daybreak_fault *fault);
    /*
     * load: how many rows of a target still stand as another version of the pipeline file (story.pipeline_version) wrote them; -1: it
     * cannot tell. Optional; after a claim that only reads.
     */
    int (*older)(void *self, uint32_t target, const char *pipeline_version, int64_t *rows, struct daybreak_fault *fault);
    /*
     * every role: what is wrong with options that are each right by themselves: a delimiter that is the quote. Asked by lint, which opens
     * nothing, and before every open; self has its options and nothing else. Optional.
     */
    void (*check)(const void *self, daybreak_wrong_fn wrong, void *context);
    /*
     * extract, bytes: bytes of what stands beside the input given last, or of its files as they lie there. MORE with *got > 0, PART_END behind
     * the last byte; IDLE: nothing of that name is there; INPUT_END: the input has no such file. Optional.
     */
    int (*beside)(void *self, struct daybreak_beside *beside, char *to, size_t room, size_t *got, enum daybreak_next *next,
                  struct daybreak_fault *fault);
    /*
     * transform: told once what columns there are at its place among the transforms (numbers of host->view in apply), it says which it gives in
     * apply: one whose name is there takes its place, a new one comes last. A key column cannot be given, nor one that was looked up. Lent until
     * close; asked again, perhaps with other columns, before any later apply. NULL: it gives none.
     */
    int (*gives)(void *self, const struct daybreak_column *column, uint32_t columns, const struct daybreak_column **gives, uint32_t *count,
                 struct daybreak_fault *fault);
    /*
     * extract, bytes: what else there is to say of the input given last, such as the stderr of a program; kept with it when it is cut off.
     * UTF-8, lent until the next call; "": nothing. Optional.
     */
    const char *(*evidence)(void *self);
};

/** The one symbol of a module. Declared here because modules are compiled with everything else hidden. */
extern const struct daybreak_connector daybreak_connector __attribute__((visibility("default")));

#endif
