/* SPDX-License-Identifier: Apache-2.0 */
/* Guessing, first: what bytes are. The encoding from evidence over all of them, the kind of content from how it begins. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/utf8.h"
#include "guess_parts.h"
#include "source/decode.h"

/* ---- evidence ----------------------------------------------------------------------------- */

static bool
is_letter(unsigned char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

/* Separators of old, which some exports use as delimiters, are no sign of binary data. */
static bool
is_control(unsigned char c)
{
    return c < 0x20 && c != '\t' && c != '\n' && c != '\r' && c != '\f' && c != '\v' && c != 0x1a && c > 2 && c < 0x1c;
}

static void
add_high(struct guess_bytes *bytes, unsigned char c)
{
    if (is_letter(bytes->last))
        bytes->high[c]++;
}

/* One character that began with ${held_size} bytes, or the bytes that stand for none. */
static void
held_settle(struct guess_bytes *bytes, bool ended)
{
    while (bytes->held_size > 0) {
        size_t bad, size = utf8_char((const char *)bytes->held, bytes->held_size, &bad);
        bool cut = size == 0 && bad == bytes->held_size && bytes->held_size < 4 && bytes->held[0] >= 0xc2 && bytes->held[0] < 0xf5;

        if (cut && !ended)
            return;
        if (size > 0)
            bytes->characters += size > 1;
        else
            bytes->broken += (int64_t)bad;
        size = size > 0 ? size : bad;
        bytes->held_size -= (uint32_t)size;
        memmove(bytes->held, bytes->held + size, bytes->held_size);
    }
}

/* Eight bytes, all of them printable ASCII? (A byte is below 0x20 when taking that away borrows.) */
static bool
is_plain(const char *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof word);
    return (((word - UINT64_C(0x2020202020202020)) | word) & UINT64_C(0x8080808080808080)) == 0;
}

void
guess_bytes_add(struct guess_bytes *bytes, const char *at, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)at[i];

        while (bytes->held_size == 0 && bytes->size >= (int64_t)sizeof bytes->head && size - i > 8 && is_plain(at + i)) {
            i += 8;
            bytes->size += 8;
            bytes->last = (unsigned char)at[i - 1];
            c = (unsigned char)at[i];
        }

        if (bytes->size < (int64_t)sizeof bytes->head)
            bytes->head[bytes->size] = c;
        if (c >= 0x80) {
            add_high(bytes, c);
            bytes->held[bytes->held_size++] = c;
            held_settle(bytes, false);
        } else {
            if (bytes->held_size > 0)
                held_settle(bytes, true);
            if (c < 0x20) {
                bytes->zero[bytes->size & 1] += c == 0;
                bytes->control += is_control(c);
            }
        }
        bytes->last = c;
        bytes->size++;
    }
}

/* ---- encodings ---------------------------------------------------------------------------- */

/* Where letters stand in the code pages of Western Europe: Windows' and that of DOS. */
static bool
letter_1252(unsigned c)
{
    return (c >= 0xc0 && c != 0xd7 && c != 0xf7) || c == 0x8a || c == 0x8c || c == 0x8e || c == 0x9a || c == 0x9c || c == 0x9e ||
           c == 0x9f || c == 0x92 || c == 0xb4; /* an apostrophe stands behind letters too */
}

static bool
letter_850(unsigned c)
{
    return (c >= 0x80 && c <= 0x9b) || c == 0x9d || (c >= 0xa0 && c <= 0xa5) || (c >= 0xb5 && c <= 0xb7) || c == 0xc6 || c == 0xc7 ||
           (c >= 0xd0 && c <= 0xd8 && c != 0xd9) || c == 0xde || (c >= 0xe0 && c <= 0xe5 && c != 0xe6) || (c >= 0xe7 && c <= 0xed);
}

static const char *
bytes_are(const struct guess_bytes *bytes, struct arena *arena)
{
    return arena_printf(arena, "%lld byte%s", (long long)bytes->broken, bytes->broken == 1 ? " is" : "s are");
}

static void
encoding_legacy(const struct guess_bytes *bytes, struct arena *arena, struct guess_dialect *dialect)
{
    int64_t windows = 0, dos = 0, undefined = 0, controls = 0;

    for (unsigned c = 0x80; c < 0x100; c++) {
        windows += letter_1252(c) ? bytes->high[c] : 0;
        dos += letter_850(c) ? bytes->high[c] : 0;
        controls += c < 0xa0 ? bytes->high[c] : 0;
        undefined += c == 0x81 || c == 0x8d || c == 0x8f || c == 0x90 || c == 0x9d ? bytes->high[c] : 0;
    }
    dialect->encoding_doubt = true;
    if (dos > windows && controls > 0 && (undefined > 0 || dos > windows * 2)) {
        dialect->encoding = "IBM850";
        dialect->encoding_why = arena_printf(arena, "%s no UTF-8, and stand%s where the code page of DOS has letters: a guess",
                                             bytes_are(bytes, arena), bytes->broken == 1 ? "s" : "");
        return;
    }
    dialect->encoding = undefined > 0 ? "ISO-8859-1" : "WINDOWS-1252";
    dialect->encoding_why = arena_printf(arena, "%s no UTF-8: a guess, the likeliest of the one-byte encodings", bytes_are(bytes, arena));
}

static bool
encoding_find(const struct guess_bytes *given, struct arena *arena, struct guess_dialect *dialect)
{
    struct guess_bytes copy = *given, *bytes = &copy;
    const unsigned char *head = bytes->head;
    int64_t zeros, half = bytes->size / 2;

    held_settle(bytes, true);
    zeros = bytes->zero[0] + bytes->zero[1];
    dialect->encoding = NULL;
    dialect->encoding_is = "UTF-8";
    dialect->encoding_doubt = false;
    if (bytes->size >= 2 && ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff))) {
        dialect->encoding_is = "UTF-16";
        dialect->encoding_why = "UTF-16, as its byte order mark says";
        return true;
    }
    if (zeros > 0 && bytes->size >= 8 && (bytes->zero[0] * 50 < zeros || bytes->zero[1] * 50 < zeros) && zeros * 10 > half * 4) {
        dialect->encoding = bytes->zero[1] > bytes->zero[0] ? "UTF-16LE" : "UTF-16BE";
        dialect->encoding_why = "every second byte is zero: UTF-16 without a byte order mark";
        dialect->encoding_doubt = true;
        return true;
    }
    if (zeros * 1000 > bytes->size || bytes->control * 100 > bytes->size)
        return false;
    if (bytes->size >= 3 && head[0] == 0xef && head[1] == 0xbb && head[2] == 0xbf) {
        dialect->encoding_why = "UTF-8, as its byte order mark says";
        if (bytes->broken > 0)
            dialect->encoding_why = arena_printf(arena, "UTF-8 by its byte order mark, but %s none", bytes_are(bytes, arena));
        dialect->encoding_doubt = bytes->broken > 0;
    } else if (bytes->broken == 0) {
        dialect->encoding_why = "all of it is ASCII: read as UTF-8";
        if (bytes->characters > 0)
            dialect->encoding_why = arena_printf(arena, "UTF-8: %lld character%s beyond ASCII, all valid", (long long)bytes->characters,
                                                 bytes->characters == 1 ? "" : "s");
    } else if (bytes->characters >= bytes->broken * 4) {
        dialect->encoding_why = arena_printf(arena, "UTF-8, but %s none: such rows are set aside", bytes_are(bytes, arena));
        dialect->encoding_doubt = true;
    } else {
        encoding_legacy(bytes, arena, dialect);
    }
    return true;
}

bool
guess_bytes_encoding(const struct guess_bytes *bytes, struct arena *arena, struct guess_dialect *dialect)
{
    bool text = encoding_find(bytes, arena, dialect);

    if (dialect->encoding != NULL)
        dialect->encoding_is = dialect->encoding;
    return text;
}

void
guess_bytes_decode(const char *encoding, const char *from, size_t size, bool whole, struct text *text)
{
    const unsigned char *head = (const unsigned char *)from;
    struct decode *decode = NULL;
    size_t taken;

    if (size >= 3 && memcmp(from, "\xef\xbb\xbf", 3) == 0 && encoding == NULL) {
        from += 3;
        size -= 3;
    } else if (encoding == NULL && size >= 2 && ((head[0] == 0xff && head[1] == 0xfe) || (head[0] == 0xfe && head[1] == 0xff))) {
        encoding = head[0] == 0xff ? "UTF-16LE" : "UTF-16BE";
        from += 2;
        size -= 2;
    }
    if (encoding != NULL)
        decode = decode_new(encoding);
    if (decode == NULL) {
        text_add(text, from, size);
        return;
    }
    while (size > 0) {
        text->size += decode_push(decode, from, size, whole, text_room(text, 65536), 65536, &taken);
        if (taken == 0)
            break;
        from += taken;
        size -= taken;
    }
    decode_free(decode);
}

/* ---- kinds -------------------------------------------------------------------------------- */

const char *
guess_bytes_foreign(const char *at, size_t size)
{
    static const struct {
        const char *bytes;
        uint8_t size;
        const char *says;
    } known[] = {
        {"SQLite format 3", 16, "an SQLite database"}, {"%PDF", 4, "a PDF document"},       {"PAR1", 4, "a Parquet file"},
        {"Obj\x01", 4, "an Avro file"},                {"ORC", 3, "an ORC file"},           {"\x89PNG", 4, "a PNG picture"},
        {"\xff\xd8\xff", 3, "a JPEG picture"},         {"GIF8", 4, "a GIF picture"},        {"\x7f" "ELF", 4, "a program"},
        {"\xd0\xcf\x11\xe0", 4, "an old Excel or Word file: save it as CSV"},
        {"PGDMP", 5, "a dump of pg_dump in its own format"},
        {"Rar!", 4, "a RAR archive"},                  {"ARROW1", 6, "an Arrow file"},      {"RIFF", 4, "a sound or picture file"},
    };

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (size >= known[i].size && memcmp(at, known[i].bytes, known[i].size) == 0)
            return known[i].says;
    return NULL;
}

static bool
begins(const char *at, size_t size, const char *word)
{
    return size >= strlen(word) && strncasecmp(at, word, strlen(word)) == 0;
}

/* What stands between <title> and </title>, on one line. */
static void
put_title(const char *at, size_t size, struct text *says)
{
    for (size_t i = 0; i + 7 < size && i < 16384; i++) {
        size_t from = i + 7, to;

        if (!begins(at + i, size - i, "<title>"))
            continue;
        while (from < size && strchr(" \t\r\n", at[from]) != NULL)
            from++;
        for (to = from; to < size && at[to] != '<' && at[to] != '\n' && at[to] != '\r';)
            to++;
        if (to == from)
            return;
        text_put(says, " called '");
        text_printable(at + from, to - from, 60, says);
        text_char(says, '\'');
        return;
    }
}

/* Is the first line a JSON object of its own? */
static bool
is_object_line(const char *at, size_t size)
{
    const char *end = memchr(at, '\n', size);
    struct json_tree tree = {0};
    size_t where;
    bool is = json_parse(&tree, at, end == NULL ? size : (size_t)(end - at), &where) == 0 && tree.node[0].kind == JSON_OBJECT;

    json_fini(&tree);
    return is;
}

static const char *
sql_dump(const char *at, size_t size)
{
    static const char *const begin[] = {"-- MySQL dump", "-- MariaDB dump", "-- PostgreSQL database dump", "--\n-- PostgreSQL",
                                        "CREATE TABLE ", "INSERT INTO ", "BEGIN TRANSACTION;", "PRAGMA foreign_keys", "SET NAMES "};

    for (size_t i = 0; i < sizeof begin / sizeof *begin; i++)
        if (begins(at, size, begin[i]))
            return "a dump of SQL statements: export the table as CSV instead";
    return NULL;
}

enum guess_kind
guess_bytes_kind(const char *text, size_t size, bool whole, struct text *says)
{
    const char *at = text, *sql;
    size_t left = size;

    while (left > 0 && strchr(" \t\r\n", *at) != NULL && *at != '\0') {
        at++;
        left--;
    }
    if (left == 0)
        return GUESS_EMPTY;
    if (begins(at, left, "<!doctype html") || begins(at, left, "<html") || begins(at, left, "<head") || begins(at, left, "<body")) {
        text_put(says, "an HTML page");
        put_title(at, left, says);
        text_put(says, ": most likely an error or login page that was saved in place of the data");
        return GUESS_OTHER;
    }
    if (begins(at, left, "<?xml") || (*at == '<' && left > 1 && (is_letter((unsigned char)at[1]) || at[1] == '!')))
        return GUESS_XML;
    sql = sql_dump(at, left);
    if (sql != NULL) {
        text_put(says, sql);
        return GUESS_OTHER;
    }
    if (*at == '{') {
        if (is_object_line(at, left) || (!whole && memchr(at, '\n', left) == NULL))
            return GUESS_JSONL;
        return GUESS_JSON;
    }
    if (*at == '[') {
        size_t next = 1;

        while (next < left && strchr(" \t\r\n", at[next]) != NULL && at[next] != '\0')
            next++;
        if (next < left && strchr("{[]\"-0123456789", at[next]) != NULL)
            return GUESS_JSON;
    }
    return GUESS_ROWS;
}
