/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench_data ROWS [--night N] [--shuffle | --xml]: writes the order dump that scripts/bench measures with to stdout, always the same bytes for
 * the same arguments. Ten columns, some 102 bytes a row: integers, a decimal, instants, and text with commas, doubled quotes and UTF-8.
 *
 * --night 1 is the dump of the night after: of 1000 rows 3 have other values, 1 is gone, and 1 is new (0.5 % differ). --shuffle gives
 * the same rows in an order that has nothing to do with their keys, and needs no memory for it: row i of a dump of n rows is row
 * i * step mod n, step a prime that does not divide n.
 * --xml gives the first night as an XML document, some 330 bytes a record.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_KEY 10000000
#define STEP UINT64_C(2654435761)
#define ROW_ROOM 512

static const char *const status[] = {"new", "paid", "packed", "shipped", "delivered", "returned"};
static const char *const city[] = {"Oslo", "Zürich", "København", "Lyon", "Gdańsk", "Porto", "Graz", "Malmö"};
static const char *const note[] = {"", "", "", "", "", "leave at door", "\"ring twice, then wait\"", "\"says \"\"fragile\"\"\"",
                                   "gift", "naïve café"};

/* SplitMix64: every field of a row is a bit field of one number made of its key. */
static uint64_t
mixed(uint64_t x)
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
    return x ^ x >> 31;
}

static char *
digits(char *to, uint64_t value, unsigned width)
{
    for (unsigned i = width; i > 0; i--, value /= 10)
        to[i - 1] = (char)('0' + value % 10);
    return to + width;
}

static char *
number(char *to, uint64_t value)
{
    unsigned width = 1;

    for (uint64_t rest = value; rest >= 10; rest /= 10)
        width++;
    return digits(to, value, width);
}

static char *
text(char *to, const char *from)
{
    size_t size = strlen(from);

    memcpy(to, from, size);
    return to + size;
}

/* 2026-03-DDTHH:MM:SSZ */
static char *
instant(char *to, unsigned day, uint64_t second)
{
    to = text(to, "2026-03-");
    to = digits(to, day, 2);
    *to++ = 'T';
    to = digits(to, second / 3600, 2);
    *to++ = ':';
    to = digits(to, second / 60 % 60, 2);
    *to++ = ':';
    to = digits(to, second % 60, 2);
    *to++ = 'Z';
    return to;
}

static char *
row(char *to, uint64_t key, bool changed)
{
    uint64_t a = mixed(key), b = mixed(a), qty = 1 + a % 20, cents = 99 + (a >> 8) % 200000;

    to = number(to, key);
    to = text(to, ",C");
    to = digits(to, (a >> 20) % 1000000, 6);
    *to++ = ',';
    to = text(to, status[(b + changed) % 6]);
    to = text(to, ",SKU-");
    to = digits(to, (b >> 8) % 100000, 5);
    *to++ = ',';
    to = number(to, qty + changed);
    *to++ = ',';
    to = number(to, cents / 100);
    *to++ = '.';
    to = digits(to, cents % 100, 2);
    *to++ = ',';
    to = text(to, city[(b >> 32) % 8]);
    *to++ = ',';
    to = text(to, note[(b >> 40) % 10]);
    *to++ = ',';
    to = instant(to, 1 + (unsigned)((b >> 48) % 27), (a >> 44) % 86400);
    *to++ = ',';
    to = changed ? instant(to, 29, (b >> 20) % 86400) : instant(to, 28, (b >> 24) % 86400);
    *to++ = '\n';
    return to;
}

static char *
element(char *to, const char *name, const char *value)
{
    to = text(text(text(to, "<"), name), ">");
    to = text(to, value);
    return text(text(text(to, "</"), name), ">\n");
}

/* The same as an element of a document, without what CSV has to quote. */
static char *
record(char *to, uint64_t key)
{
    static const char *const said[] = {"", "", "", "", "", "leave at door", "ring twice, then wait", "says &quot;fragile&quot;", "gift &amp; card", "naïve café"};
    uint64_t a = mixed(key), b = mixed(a), cents = 99 + (a >> 8) % 200000;
    char value[64];

    to = text(number(text(to, "  <order id=\""), key), "\">\n");
    *digits(text(value, "C"), (a >> 20) % 1000000, 6) = '\0';
    to = element(to, "customer_id", value);
    to = element(to, "status", status[b % 6]);
    *digits(text(value, "SKU-"), (b >> 8) % 100000, 5) = '\0';
    to = element(to, "sku", value);
    *number(value, 1 + a % 20) = '\0';
    to = element(to, "qty", value);
    *digits(text(number(value, cents / 100), "."), cents % 100, 2) = '\0';
    to = element(to, "unit_price", value);
    to = element(to, "city", city[(b >> 32) % 8]);
    to = element(to, "note", said[(b >> 40) % 10]);
    *instant(value, 1 + (unsigned)((b >> 48) % 27), (a >> 44) % 86400) = '\0';
    to = element(to, "created_at", value);
    *instant(value, 28, (b >> 24) % 86400) = '\0';
    to = element(to, "updated_at", value);
    return text(to, "  </order>\n");
}

/* The row at ${place} of the dump of ${night}; nothing when it is gone. */
static char *
row_of_night(char *to, uint64_t place, unsigned night)
{
    uint64_t of_thousand = place % 1000;

    if (night == 0)
        return row(to, FIRST_KEY + 2 * place, false);
    if (of_thousand == 500) /* gone, and a new key in its neighbourhood */
        return row(to, FIRST_KEY + 2 * place + 1, false);
    return row(to, FIRST_KEY + 2 * place, of_thousand == 100 || of_thousand == 400 || of_thousand == 900);
}

int
main(int argc, char **argv)
{
    static char buffer[1 << 18];
    char *to = buffer;
    uint64_t rows = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
    unsigned night = 0;
    bool shuffle = false, xml = false;

    for (int i = 2; i < argc; i++) {
        if (strcmp(argv[i], "--shuffle") == 0)
            shuffle = true;
        else if (strcmp(argv[i], "--xml") == 0)
            xml = true;
        else if (strcmp(argv[i], "--night") == 0 && i + 1 < argc)
            night = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            rows = 0;
    }
    if (rows == 0 || rows % STEP == 0) {
        fprintf(stderr, "usage: bench_data ROWS [--night N] [--shuffle | --xml]\n");
        return 64;
    }
    to = xml ? text(to, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<orders>\n") : text(to, "order_id,customer_id,status,sku,qty,unit_price,city,note,created_at,updated_at\n");
    for (uint64_t i = 0; i < rows; i++) {
        if (to > buffer + sizeof buffer - ROW_ROOM) {
            if (fwrite(buffer, 1, (size_t)(to - buffer), stdout) != (size_t)(to - buffer))
                return 74;
            to = buffer;
        }
        to = xml ? record(to, FIRST_KEY + 2 * i) : row_of_night(to, shuffle ? (uint64_t)((unsigned __int128)i * STEP % rows) : i, night);
    }
    if (xml)
        to = text(to, "</orders>\n");
    fwrite(buffer, 1, (size_t)(to - buffer), stdout);
    return fflush(stdout) == 0 && !ferror(stdout) ? 0 : 74;
}
