/* SPDX-License-Identifier: Apache-2.0 */
/* JSON values: found, checked, and turned into text. Decides nothing about records. */
#include "jsonl_value.h"

#include <string.h>

static bool
wrong(struct jsonl_text *text, uint32_t at, const char *what)
{
    text->at = at;
    text->wrong = what;
    return false;
}

/* Four hexadecimal digits at ${at}, or -1. */
static int
hex4(const char *at)
{
    int number = 0;

    for (int i = 0; i < 4; i++) {
        char c = at[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;

        if (digit < 0)
            return -1; /* a line feed ends here too */
        number = number * 16 + digit;
    }
    return number;
}

/* An escape at ${at}: how many bytes it takes, 0: it is none. */
static uint32_t
escape_size(const char *at, const char **what)
{
    int unit;

    *what = "unknown escape";
    if (at[1] == '\0' || strchr("\"\\/bfnrtu", at[1]) == NULL)
        return 0;
    if (at[1] != 'u')
        return 2;
    *what = "an escape of four hexadecimal digits is expected";
    unit = hex4(at + 2);
    if (unit < 0)
        return 0;
    if (unit < 0xd800 || unit > 0xdfff)
        return 6;
    *what = "half a surrogate pair";
    if (unit > 0xdbff || at[6] != '\\' || at[7] != 'u')
        return 0;
    unit = hex4(at + 8);
    return unit >= 0xdc00 && unit <= 0xdfff ? 12 : 0;
}

bool
jsonl_string(struct jsonl_text *text, struct jsonl_value *value)
{
    uint32_t from = text->at + 1, at = from;

    value->kind = JSONL_STRING;
    value->loose = false;
    for (;;) {
        const char *what;
        uint32_t size;

        at = jsonl_stop(text, at);
        if (text->block[at] == '"')
            break;
        if (text->block[at] != '\\')
            return wrong(text, at, text->block[at] == '\n' && !text->feeds ? "the string has no end" : "a control character in a string");
        size = escape_size(text->block + at, &what);
        if (size == 0)
            return wrong(text, at, what);
        value->loose = true;
        at += size;
    }
    value->at = from;
    value->size = at - from;
    text->at = at + 1;
    return true;
}

static inline bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool
number(struct jsonl_text *text, struct jsonl_value *value)
{
    const char *from = text->block + text->at, *at = from;

    at += *at == '-';
    if (!is_digit(*at))
        return wrong(text, (uint32_t)(at - text->block), "a digit is expected");
    if (*at++ != '0')
        while (is_digit(*at))
            at++;
    if (*at == '.') {
        if (!is_digit(*++at))
            return wrong(text, (uint32_t)(at - text->block), "a digit is expected");
        while (is_digit(*at))
            at++;
    }
    if (*at == 'e' || *at == 'E') {
        at++;
        at += *at == '+' || *at == '-';
        if (!is_digit(*at))
            return wrong(text, (uint32_t)(at - text->block), "a digit is expected");
        while (is_digit(*at))
            at++;
    }
    *value = (struct jsonl_value){JSONL_NUMBER, text->at, (uint32_t)(at - from), false};
    text->at += value->size;
    return true;
}

static bool
word(struct jsonl_text *text, const char *what, uint32_t size, enum jsonl_kind kind, struct jsonl_value *value)
{
    if (text->room - text->at < size || memcmp(text->block + text->at, what, size) != 0)
        return wrong(text, text->at, "a value is expected");
    *value = (struct jsonl_value){kind, text->at, size, false};
    text->at += size;
    return true;
}

static bool
plain(struct jsonl_text *text, struct jsonl_value *value)
{
    switch (text->block[text->at]) {
    case '"':
        return jsonl_string(text, value);
    case 't':
        return word(text, "true", 4, JSONL_WORD, value);
    case 'f':
        return word(text, "false", 5, JSONL_WORD, value);
    case 'n':
        return word(text, "null", 4, JSONL_NULL, value);
    case '-': case '0': case '1': case '2': case '3': case '4': case '5': case '6': case '7': case '8': case '9':
        return number(text, value);
    default:
        return wrong(text, text->at, "a value is expected");
    }
}

static char
blanks(struct jsonl_text *text, bool *loose)
{
    while (jsonl_is_blank(text->block[text->at]) || (text->feeds && text->block[text->at] == '\n')) {
        text->at++;
        *loose = true;
    }
    return text->block[text->at];
}

/* A member's name and its colon. */
static bool
name(struct jsonl_text *text, bool *loose)
{
    struct jsonl_value value;

    if (text->block[text->at] != '"')
        return wrong(text, text->at, "a name is expected");
    if (!jsonl_string(text, &value))
        return false;
    if (blanks(text, loose) != ':')
        return wrong(text, text->at, "':' is expected");
    text->at++;
    blanks(text, loose);
    return true;
}

static bool
nested(struct jsonl_text *text, struct jsonl_value *value)
{
    uint64_t objects = 0; /* one bit a level, the innermost lowest */
    uint32_t depth = 0, from = text->at;
    bool loose = false;

    do {
        char c = text->block[text->at];
        bool opened = c == '{' || c == '[';

        if (opened) {
            if (++depth >= JSONL_DEPTH)
                return wrong(text, text->at, "nested deeper than 64");
            objects = objects << 1 | (c == '{');
            text->at++;
            c = blanks(text, &loose);
        } else if (!plain(text, value)) {
            return false;
        }
        /* behind a value, or an opening bracket */
        for (; depth > 0; opened = false) {
            bool object = objects & 1;

            if (!opened)
                c = blanks(text, &loose);
            if (c == (object ? '}' : ']')) {
                text->at++;
                objects >>= 1;
                depth--;
                continue;
            }
            if (!opened) {
                if (c != ',')
                    return wrong(text, text->at, object ? "',' or '}' is expected" : "',' or ']' is expected");
                text->at++;
                blanks(text, &loose);
            }
            if (object && !name(text, &loose))
                return false;
            break;
        }
    } while (depth > 0);
    *value = (struct jsonl_value){JSONL_NESTED, from, text->at - from, loose};
    return true;
}

bool
jsonl_value(struct jsonl_text *text, struct jsonl_value *value)
{
    char c = text->block[text->at];

    return c == '{' || c == '[' ? nested(text, value) : plain(text, value);
}

static char *
utf8_put(char *to, uint32_t code)
{
    if (code < 0x80) {
        *to++ = (char)code;
    } else if (code < 0x800) {
        *to++ = (char)(0xc0 | code >> 6);
        *to++ = (char)(0x80 | (code & 0x3f));
    } else if (code < 0x10000) {
        *to++ = (char)(0xe0 | code >> 12);
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    } else {
        *to++ = (char)(0xf0 | code >> 18);
        *to++ = (char)(0x80 | (code >> 12 & 0x3f));
        *to++ = (char)(0x80 | (code >> 6 & 0x3f));
        *to++ = (char)(0x80 | (code & 0x3f));
    }
    return to;
}

uint32_t
jsonl_unescape(const char *from, uint32_t size, char *to)
{
    static const char name_of[] = "\"\\/bfnrt", byte_of[] = "\"\\/\b\f\n\r\t";
    const char *end = from + size, *begin = to;

    while (from < end) {
        const char *slash = memchr(from, '\\', (size_t)(end - from));
        size_t plain_size = (size_t)((slash == NULL ? end : slash) - from);

        memcpy(to, from, plain_size);
        to += plain_size;
        from += plain_size;
        if (slash == NULL)
            break;
        if (from[1] == 'u') {
            uint32_t code = (uint32_t)hex4(from + 2);

            from += 6;
            if (code >= 0xd800 && code <= 0xdbff) {
                code = 0x10000 + ((code - 0xd800) << 10) + ((uint32_t)hex4(from + 2) - 0xdc00);
                from += 6;
            }
            to = utf8_put(to, code);
        } else {
            *to++ = byte_of[strchr(name_of, from[1]) - name_of];
            from += 2;
        }
    }
    return (uint32_t)(to - begin);
}

uint32_t
jsonl_compact(const char *from, uint32_t size, char *to)
{
    const char *end = from + size, *begin = to;
    bool inside = false;

    for (; from < end; from++) {
        if (!inside && (jsonl_is_blank(*from) || *from == '\n'))
            continue;
        if (inside && *from == '\\')
            *to++ = *from++;
        else if (*from == '"')
            inside = !inside;
        *to++ = *from;
    }
    return (uint32_t)(to - begin);
}
