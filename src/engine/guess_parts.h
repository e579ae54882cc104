/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_GUESS_PARTS_H
#define ENGINE_GUESS_PARTS_H

#include "base/arena.h"
#include "engine/guess.h"

struct batch;
struct config;

/* ---- guess_bytes.c: what bytes are ------------------------------------------------------------ */

/* Evidence about bytes, gathered in a stream. */
struct guess_bytes {
    int64_t size, characters, broken; /* characters beyond ASCII that are UTF-8; bytes that are none */
    int64_t zero[2], control;         /* NUL bytes at even and odd places; control characters that no text has */
    int64_t high[256];                /* bytes from 0x80 on behind a letter */
    unsigned char head[4];
    unsigned char held[4];            /* the beginning of a character */
    uint32_t held_size;
    unsigned char last;
};

void guess_bytes_add(struct guess_bytes *bytes, const char *at, size_t size);
/** guess_bytes_encoding(bytes, arena, dialect): encoding, its reason and whether it is doubtful. false: these bytes are no text. */
bool guess_bytes_encoding(const struct guess_bytes *bytes, struct arena *arena, struct guess_dialect *dialect);
/** guess_bytes_decode(encoding, from, size, whole, text): into UTF-8, byte order marks taken off. */
void guess_bytes_decode(const char *encoding, const char *from, size_t size, bool whole, struct text *text);
/** guess_bytes_foreign(at, size): what bytes that are no text are ("a PDF document"); NULL: not known. */
const char *guess_bytes_foreign(const char *at, size_t size);

enum guess_kind { GUESS_ROWS, GUESS_JSONL, GUESS_JSON, GUESS_XML, GUESS_OTHER, GUESS_EMPTY };
/** guess_bytes_kind(text, size, whole, says): *says is what a GUESS_OTHER is: "an HTML page called '404 Not Found'". */
enum guess_kind guess_bytes_kind(const char *text, size_t size, bool whole, struct text *says);

/** guess_json_path(text, size, arena): the path, as the format `json` has it, to the first array of objects; NULL: there is none. */
const char *guess_json_path(const char *text, size_t size, struct arena *arena);
/** guess_xml_look(text, size, arena, d, says): which elements of the document are records, and where their columns are; false: ${says} it is of no
 * use. guess_xml_way(d, column): NULL where only what came behind ${text} has it. */
bool guess_xml_look(const char *text, size_t size, struct arena *arena, struct guess_dialect *d, struct text *says);
const struct guess_way *guess_xml_way(const struct guess_dialect *d, const char *column);

/* ---- guess_split.c: text into records, for the dialect alone ---------------------------------- */

struct guess_style {
    char delimiter[GUESS_DELIMITER_MAX + 1];
    int quote, escape;
    bool trim; /* blanks around are no part of a cell */
};

struct guess_cell {
    uint32_t at, size; /* as it stands there, without its quotes */
    bool quoted;
};

struct guess_record {
    uint32_t at, end;      /* without the line end */
    uint32_t cell, cells;  /* the first, and how many */
    uint32_t line;         /* from 0 */
};

struct guess_split {
    const char *text;      /* lent */
    struct guess_cell *cell;
    struct guess_record *record;
    size_t cells, cells_room, records, records_room;
    bool unclosed;         /* a quote was */
    uint32_t quoted;       /* cells that are */
    uint32_t padded;       /* cells behind a delimiter that begin with a blank */
    uint32_t escaped;      /* quotes inside of quotes that a backslash makes plain, as only an escape explains */
};

/** guess_split_make(style, text, size, whole, most, split): at most ${most} records; the last one only when it is ${whole}. Blank
 * lines are no records. */
void guess_split_make(const struct guess_style *style, const char *text, size_t size, bool whole, size_t most,
                      struct guess_split *split);
void guess_split_fini(struct guess_split *split);
/** guess_split_text(split, style, cell, arena): its text, quotes and escapes taken off. */
char *guess_split_text(const struct guess_split *split, const struct guess_style *style, const struct guess_cell *cell,
                       struct arena *arena);

/* ---- guess_dialect.c -------------------------------------------------------------------------- */

/* A table's columns as the dialect alone tells them. */
struct guess_names {
    const char **name;
    uint32_t count;
    bool own; /* not the header's: `fields` must name them */
};

/** guess_dialect_make(text, size, whole, arena, dialect, names): false: it looks like fixed-width records of names->count characters. */
bool guess_dialect_make(const char *text, size_t size, bool whole, struct arena *arena, struct guess_dialect *dialect,
                        struct guess_names *names);
/** guess_dialect_style(dialect): for splitting. */
struct guess_style guess_dialect_style(const struct guess_dialect *dialect);
/** guess_header_make(split, columns, …): header, skip, ragged and the names; ${columns}: cells that most records have. */
void guess_header_make(const struct guess_split *split, uint32_t columns, struct arena *arena, struct guess_dialect *dialect,
                       struct guess_names *names);

/* ---- guess_word.c: what names say -------------------------------------------------------------- */

/** guess_word_in(name, words): one of the words ('|' between them) is a word of the name: "orderId", "ORDER_ID" and "order id" all
 * have "order" and "id". guess_word_last: its last word is. */
bool guess_word_in(const char *name, const char *words);
bool guess_word_last(const char *name, const char *words);
/** guess_word_code(name): it names numbers that are no quantities: zip codes, account numbers, telephones. */
bool guess_word_code(const char *name);
/** guess_word_key(name, table): up to 100: how much it sounds like a key; negative: like free text. guess_word_changed(name): like the
 * time of a change; negative: like another time. */
int guess_word_key(const char *name, const char *table);
int guess_word_changed(const char *name);

/* ---- guess_time.c: layouts of dates and timestamps ---------------------------------------------- */

#define GUESS_LAYOUTS 8 /* that may hold for one column at the same time */
#define GUESS_LAYOUT_ROOM 40

struct guess_times {
    uint16_t layout[GUESS_LAYOUTS];
    char pattern[GUESS_LAYOUTS][GUESS_LAYOUT_ROOM];
    int64_t fits[GUESS_LAYOUTS];
    int64_t least_us[GUESS_LAYOUTS], most_us[GUESS_LAYOUTS];
    uint32_t layouts;
    uint32_t vain;     /* values that began no layout */
    int64_t zoneless;  /* values with a time and no offset */
};

/** guess_times_add(times, at, size): false: it is no date that any layout knows. */
bool guess_times_add(struct guess_times *times, const char *at, size_t size);
/** guess_times_pattern(layout, pattern): NULL for ISO 8601. guess_times_dated(layout): no time of day in it. */
const char *guess_times_pattern(uint16_t layout, char pattern[GUESS_LAYOUT_ROOM]);
bool guess_times_dated(uint16_t layout);
/** guess_times_compact(layout): digits alone. guess_times_order(layout): 'd' day first, 'm' month first, 0 where none can be doubted. */
bool guess_times_compact(uint16_t layout);
char guess_times_order(uint16_t layout);

/* ---- guess_tally.c: values of one column --------------------------------------------------------- */

#define GUESS_NULLS 11
extern const char *const guess_tally_nulls[GUESS_NULLS]; /* texts that may stand for null */

enum guess_written { GUESS_PLAIN, GUESS_STRING, GUESS_NESTED }; /* a cell of JSON lines may be a string, or an object or array */

struct guess_tally {
    int64_t values, empty, null;    /* values: what is none of the others */
    int64_t token[GUESS_NULLS];     /* of the nulls in disguise; not among values */
    int64_t strings, nested, blanks;
    int64_t integers, zeros, plus;  /* of these with leading zeros; with a plus */
    int64_t wide;                   /* digits that are more than 64 bits hold */
    int64_t point, comma;           /* with a fraction behind a point, a comma */
    int64_t exponent;               /* a point and an exponent */
    int64_t either_point, either_comma; /* 1.234: three digits behind one mark; among point and comma too */
    int64_t group[4];               /* surely grouped, by , . blank and ': 1,234.50 */
    int64_t group_point, group_comma; /* of these, with a fraction behind that mark */
    uint32_t digits, grouped_digits; /* the most in front: with marks for fractions, and for thousands */
    uint32_t point_scale, comma_scale, group_scale; /* and behind */
    uint32_t significant;           /* of one number with a fraction, from the first that is no zero */
    int64_t least, most;            /* integers */
    int64_t words[4];               /* true|false, yes|no, y|n, t|f */
    uint32_t words_seen;            /* bit 2 * pair + which */
    struct guess_times times;
    int64_t dates;                  /* that some layout took */
    uint64_t bytes;                 /* of all values */
    uint32_t longest;
    uint64_t odd_line[2];           /* where a number, a date, was expected and is not; 0: nowhere */
    char odd[2][48];
    char first[48];                 /* the first value */
};

void guess_tally_add(struct guess_tally *tally, const char *at, uint32_t size, enum guess_written written, uint64_t line);

/* ---- guess_type.c: types of a table's columns ------------------------------------------------------ */

/** guess_type_table(table, tally, arena): types, and what of the dialect depends on values. */
void guess_type_table(struct guess_table *table, const struct guess_tally *tally, struct arena *arena);
/** guess_type_changed(table, tally, now_us, arena): the change column. */
void guess_type_changed(struct guess_table *table, const struct guess_tally *tally, int64_t now_us, struct arena *arena);
/** guess_type_instants(column, tally, …): the least and most instant of a column that is a date or timestamp; false: it is none. */
bool guess_type_instants(const struct guess_column *column, const struct guess_tally *tally, int64_t *least_us, int64_t *most_us);

/* ---- guess_key.c: what tells one row from another ---------------------------------------------------- */

struct guess_keys;

/** guess_keys_new(columns, memory): which columns, alone or together, are different in every row; exact as far as ${memory} goes. */
struct guess_keys *guess_keys_new(uint32_t columns, int64_t memory_bytes);
void guess_keys_free(struct guess_keys *keys);
/** guess_keys_try(keys, column, count): count these columns together, from the next row on; what was tried before is forgotten.
 * guess_keys_columns: each column alone. */
void guess_keys_try(struct guess_keys *keys, const uint32_t *const *column, const uint32_t *count, uint32_t tries);
void guess_keys_columns(struct guess_keys *keys);
/** guess_keys_row(keys, cell): the next row. size 0 or DAYBREAK_NULL: nothing is there. */
void guess_keys_row(struct guess_keys *keys, const struct daybreak_text *cell);

struct guess_keys_answer {
    bool counted;      /* to the last row: else it was given up because it came to nothing */
    int64_t twice;     /* rows whose key an earlier, different row had */
    int64_t keyless;   /* rows without the whole of it */
    uint32_t share;    /* one of so many keys was looked at: memory ended; 1: all */
};
void guess_keys_ask(const struct guess_keys *keys, uint32_t try, struct guess_keys_answer *answer);
/** guess_keys_part(keys, part): a further pass looks at that share of the keys; part < share. */
void guess_keys_part(struct guess_keys *keys, uint32_t part);

struct guess_try {
    uint32_t column[4];
    uint32_t columns;
    int score;
};

/** guess_keys_pick(keys, table, tally, tries, room): combinations of columns worth a pass, the likeliest first. */
uint32_t guess_keys_pick(const struct guess_keys *keys, const struct guess_table *table, const struct guess_tally *tally,
                         struct guess_try *tries, uint32_t room);
/** guess_keys_score(table, tally, column): how much this column alone sounds like a key. */
int guess_keys_score(const struct guess_table *table, const struct guess_tally *tally, uint32_t column);

/* ---- guess_sample.c, guess_read.c: the file ------------------------------------------------------------ */

/* A member, or the file itself. */
struct guess_part {
    const char *name;      /* "" for the file itself */
    struct guess_bytes bytes;
    char *head;            /* malloc'ed */
    size_t head_size;
    bool whole;            /* the head is all of it */
    char sha256[65];       /* of a member's bytes; "" when it was not made */
    int64_t time_us;
};

struct guess_sample {
    struct guess_part *part;
    uint32_t parts, parts_room, more; /* more: members beyond those that are looked at */
    const char *name;      /* of the input: the file, where a glob was given */
    int64_t visible_at_us;
    bool packed;
    bool cut_short;        /* the time for it was over */
};

/** guess_sample_read(request, path, arena, sample, fault): all bytes of the input, their beginnings kept. ${path} is a literal name, or
 * a glob. */
int guess_sample_read(const struct guess_request *request, const char *path, struct arena *arena, struct guess_sample *sample,
                      struct daybreak_fault *fault);
void guess_sample_fini(struct guess_sample *sample);
/** guess_sample_matches(path, dir): inputs that this path takes now, relative to ${dir}; *found: ${file} is one of them. */
uint32_t guess_sample_matches(const char *path, const char *dir, const char *file, bool *found);

/* A row as it is read; cells in the order of the table's columns, lent for the call. */
struct guess_row {
    uint32_t table;
    const struct daybreak_text *cell; /* size DAYBREAK_NULL: null */
    const enum guess_written *written;
    uint64_t line;
    bool last;             /* of its block: the next one may be long in coming */
    const char *raw;
    uint32_t raw_size;
    uint32_t bad_column;   /* UINT32_MAX: of no single one */
    const char *bad, *bad_detail; /* NULL: it is good */
};

/* false: enough. */
typedef bool (*guess_row_fn)(void *context, const struct guess_row *row);

/**
 * guess_read(request, guess, typed, each, context, fault): every row of every table, through source/. ${typed}: with the guessed types,
 * so that a row that does not fit is bad. Columns that JSON lines bring are added to their table. fault->kind is ASIDE when the input
 * was cut.
 */
int guess_read(const struct guess_request *request, struct guess *guess, bool typed, guess_row_fn each, void *context,
               struct daybreak_fault *fault);

/* ---- guess_pass.c: what is learned while rows go by --------------------------------- */

/* The last row of a block, kept until it is known whether another follows: a trailer is always last. */
struct guess_held {
    bool there;
    struct guess_row row;
    struct daybreak_text *cell;
    enum guess_written *written;
    uint32_t cells, room;
    struct text bytes;
};

/* What the first pass gathers of a table. */
struct guess_pass {
    struct guess_tally *tally;
    uint32_t tallies;
    struct guess_keys *keys;
    uint32_t keyed;        /* columns that keys looks at */
    struct guess_held held;
};

/** guess_pass_rows(request, guess, pass, fault): all rows as text: tallies, keys of one column, the trailer; then the types. One pass
 * struct a table, zeroed; guess_pass_fini. */
int guess_pass_rows(const struct guess_request *request, struct guess *guess, struct guess_pass *pass, struct daybreak_fault *fault);
void guess_pass_fini(struct guess_pass *pass);

/* ---- guess_prove.c ---------------------------------------------------------------------------------------- */

/** guess_prove(request, guess, pass, fault): all rows with their types; what does not fit becomes text. The preferred of the candidates
 * that holds to the last row becomes the key. */
int guess_prove(const struct guess_request *request, struct guess *guess, struct guess_pass *pass, struct daybreak_fault *fault);

/* ---- guess_manifest.c --------------------------------------------------------------------------------------- */

/** guess_manifest_find(guess, sample): the member that says the rows or the SHA-256 of the data; when all rows are counted. */
void guess_manifest_find(struct guess *guess, const struct guess_sample *sample);

/* ---- guess_path.c: names of files ------------------------------------------------------------------------ */

/** guess_path_literal(path, arena): as `path:` takes it literally: no glob, no %-part. */
const char *guess_path_literal(const char *path, struct arena *arena);
/** guess_path_pattern(path, arena, timed, why): with %-parts where its name tells a time; *timed: also a time of day. NULL: it tells
 * none. */
const char *guess_path_pattern(const char *path, struct arena *arena, bool *timed, const char **why);
/** guess_path_wider(pattern, arena): the same, with * for what stands directly behind its date ("2025-06-09a"); NULL: nothing does. */
const char *guess_path_wider(const char *pattern, struct arena *arena);
/** guess_path_relative(path, folder, arena): ${path}, as seen from ${folder} (both may be relative to the current one). */
const char *guess_path_relative(const char *path, const char *folder, struct arena *arena);
/** guess_path_stem(name, to): without folder, compression and format endings, and times; room 201; may be "". */
void guess_path_stem(const char *name, char to[201]);
/** guess_path_member(name, arena): a glob for a member and its like: folders and numbers may differ. */
const char *guess_path_member(const char *name, struct arena *arena);

/* ---- guess_group.c: members into tables -------------------------------------------------------------------- */

/** guess_group_make(guess, sample, fault): one table for each kind of member, dialects and names known; 65 when there is nothing to
 * read. */
int guess_group_make(struct guess *guess, const struct guess_sample *sample, struct daybreak_fault *fault);

/** guess_yaml_scalar(out, text): as a YAML scalar, quoted where it must be. guess_yaml_quoted: always quoted. */
void guess_yaml_scalar(struct text *out, const char *text);
void guess_yaml_quoted(struct text *out, const char *text, size_t size);
/** guess_tests_put(guess, out): the section `tests`; nothing where no table has a key and a row that can be shown. */
void guess_tests_put(const struct guess *guess, struct text *out);
/** guess_yaml_delimiter(dialect, arena): as the option takes it: "tab", "\t|\t", "\x1f", ";". */
const char *guess_yaml_delimiter(const struct guess_dialect *dialect, struct arena *arena);

/** guess_note(guess, note, …): one more thing to know. */
void guess_note(struct guess *guess, const char *note, ...) __attribute__((format(printf, 2, 3)));

#endif
