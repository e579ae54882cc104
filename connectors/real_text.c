/* SPDX-License-Identifier: Apache-2.0 */
/* Under loads into tables: a real as a batch would show it. */
#include "real_text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
real_text(double value, char *room)
{
    char text[40], digits[20];
    int count = 0, exponent, size = 0;

    if (!isfinite(value))
        return (size_t)snprintf(room, REAL_TEXT_ROOM, "%s", isnan(value) ? "nan" : value < 0 ? "-inf" : "inf");
    for (int precision = 14; precision <= 16; precision++) {
        snprintf(text, sizeof text, "%.*e", precision, fabs(value));
        if (strtod(text, NULL) == fabs(value))
            break;
    }
    for (const char *at = text; *at != 'e'; at++)
        if (*at >= '0' && *at <= '9')
            digits[count++] = *at;
    while (count > 1 && digits[count - 1] == '0')
        count--;
    exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    if (signbit(value))
        room[size++] = '-';
    if (exponent >= 21 || exponent < -6)
        return (size_t)(size + snprintf(room + size, REAL_TEXT_ROOM - (size_t)size, "%c%s%.*se%+03d", digits[0],
                                        count > 1 ? "." : "",
                                        count - 1, digits + 1, exponent));
    if (exponent < 0)
        size += snprintf(room + size, REAL_TEXT_ROOM - (size_t)size, "0.%.*s", -1 - exponent, "00000");
    for (int i = 0; i <= exponent || i < count; i++) {
        if (i > 0 && i == exponent + 1)
            room[size++] = '.';
        room[size++] = i < count ? digits[i] : '0';
    }
    return (size_t)size;
}
