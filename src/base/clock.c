/* SPDX-License-Identifier: Apache-2.0 */
/* Under everything: what time it is, and how an instant and a span are written. */
#include "clock.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "text.h"

#define SECOND_US INT64_C(1000000)
#define DAY_S INT64_C(86400)

/* Two clocks of tests: the environment's is read once, the set one wins. */
static _Atomic int64_t env_us, set_us;
static _Atomic int env_state; /* 0: not read, 1: none, 2: env_us is the time */

static int
env_read(void)
{
    const char *from = getenv("DAYBREAK_NOW_US");
    char *end;
    int64_t us;
    int state = 1;

    if (from != NULL && from[0] != '\0') {
        errno = 0;
        us = strtoll(from, &end, 10);
        if (errno == 0 && *end == '\0') {
            atomic_store(&env_us, us);
            state = 2;
        }
    }
    atomic_store(&env_state, state); /* two threads at once read the same */
    return state;
}

int64_t
clock_now_us(void)
{
    int64_t set = atomic_load_explicit(&set_us, memory_order_relaxed);
    int state = atomic_load_explicit(&env_state, memory_order_acquire);
    struct timespec now;

    if (set != 0)
        return set;
    if (state == 0)
        state = env_read();
    if (state == 2)
        return atomic_load_explicit(&env_us, memory_order_relaxed);
    clock_gettime(CLOCK_REALTIME, &now);
    return now.tv_sec * SECOND_US + now.tv_nsec / 1000;
}

void
clock_set_us(int64_t now_us)
{
    atomic_store(&set_us, now_us);
}

int64_t
clock_steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- writing ------------------------------------------------------------------------------ */

/* ${value} in exactly ${digits} digits. */
static char *
put_digits(char *to, int64_t value, int digits)
{
    for (int i = digits - 1; i >= 0; i--, value /= 10)
        to[i] = (char)('0' + value % 10);
    return to + digits;
}

/* Days since 1970-01-01 as year, month, day (H. Hinnant, "chrono-compatible low-level date algorithms"). */
static void
civil(int64_t days, int64_t *year, int *month, int *day)
{
    int64_t shifted = days + 719468;
    int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
    int64_t of_era = shifted - era * 146097;
    int64_t year_of_era = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t from_march = (5 * of_year + 2) / 153;

    *day = (int)(of_year - (153 * from_march + 2) / 5 + 1);
    *month = (int)(from_march < 10 ? from_march + 3 : from_march - 9);
    *year = year_of_era + era * 400 + (*month <= 2);
}

int
clock_text(int64_t us, char text[CLOCK_TEXT_ROOM])
{
    int64_t part_us = us % SECOND_US, second = us / SECOND_US, days, of_day, year;
    int month, day;
    char *at = text;

    if (part_us < 0) {
        part_us += SECOND_US;
        second--;
    }
    days = second / DAY_S;
    of_day = second % DAY_S;
    if (of_day < 0) {
        of_day += DAY_S;
        days--;
    }
    civil(days, &year, &month, &day);
    if (year >= 0 && year <= 9999) {
        at = put_digits(at, year, 4);
    } else { /* outside RFC 3339; ISO 8601 writes it with its sign */
        *at++ = year < 0 ? '-' : '+';
        year = year < 0 ? -year : year;
        at = put_digits(at, year, year > 99999 ? 6 : year > 9999 ? 5 : 4);
    }
    *at++ = '-';
    at = put_digits(at, month, 2);
    *at++ = '-';
    at = put_digits(at, day, 2);
    *at++ = 'T';
    at = put_digits(at, of_day / 3600, 2);
    *at++ = ':';
    at = put_digits(at, of_day / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, of_day % 60, 2);
    *at++ = '.';
    at = put_digits(at, part_us, 6);
    *at++ = 'Z';
    *at = '\0';
    return (int)(at - text);
}

/* "14 h" */
static char *
put_unit(char *to, uint64_t count, const char *name)
{
    to += text_number((int64_t)count, to);
    *to++ = ' ';
    while (*name != '\0')
        *to++ = *name++;
    return to;
}

char *
clock_duration(int64_t ms, char text[CLOCK_TEXT_ROOM])
{
    static const struct unit {
        uint64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}, {1000, "s"}, {1, "ms"}};
    uint64_t left = ms < 0 ? -(uint64_t)ms : (uint64_t)ms;
    const struct unit *unit = units;
    char *at = text;

    while (unit < units + 4 && left < unit->ms)
        unit++;
    if (ms < 0)
        *at++ = '-';
    at = put_unit(at, left / unit->ms, unit->name);
    left %= unit->ms;
    if (unit < units + 3 && left >= unit[1].ms) { /* from a minute on two units, the second not when it is 0 */
        *at++ = ' ';
        at = put_unit(at, left / unit[1].ms, unit[1].name);
    }
    *at = '\0'; /* the longest is "-106751991167 d 23 h" */
    return text;
}
