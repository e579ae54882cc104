/* SPDX-License-Identifier: Apache-2.0 */
#ifndef RECORD_DIGITS_H
#define RECORD_DIGITS_H

#include <string.h>

/* Digits one and two at a time, for the loops that run once a cell. */
static const char digit_pairs[201] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748495051525354555657585960"
    "616263646566676869707172737475767778798081828384858687888990919293949596979899";

static inline unsigned
digit_of(char c)
{
    return (unsigned)(unsigned char)c - '0'; /* above 9: no digit */
}

static inline char *
put_two(char *to, unsigned number)
{
    memcpy(to, digit_pairs + 2 * number, 2);
    return to + 2;
}

#endif
