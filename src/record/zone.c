/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wall clock to UTC and back. The C library's own conversions go through one global zone and are of no use to two threads, so
 * the compiled tz files are read here: the transitions they list, and for the time after them the rule in their
 * footer, laid out for one 400 year cycle of the calendar. A zone is two sorted arrays, of wall clock boundaries and of
 * the instants of the changes; converting is one binary search.
 */
#include "record/zone.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "record/value.h"

#define ZONE_FILE_LIMIT 262144
#define ZONE_NAME_LIMIT 64
#define TRANSITIONS_LIMIT 20000
#define CYCLE_YEARS 400
#define CYCLE_SECONDS (INT64_C(146097) * 86400)
#define INSTANT_LIMIT (INT64_C(1) << 40) /* some 35,000 years */
#define YEAR_END_SLACK (INT64_C(30) * 86400) /* more than an offset and a rule's hours (RFC 8536: 167) together */
#define OFFSET_LIMIT (26 * 3600) /* RFC 8536: strictly less than 26 hours */

/* From the wall clock time, or from the instant `from` on, local time is `offset` ahead of UTC. */
struct boundary {
    int64_t from;
    int32_t offset;
};

struct zone {
    uint64_t serial;       /* tells it from another one at the same address */
    char name[ZONE_NAME_LIMIT + 1];
    struct boundary *boundary; /* by wall clock */
    size_t count;
    struct boundary *change;   /* by instant: these are never merged */
    size_t changes;
    int32_t first_offset;  /* before all boundaries */
    int64_t cycle_end;     /* wall clock: from here on the last 400 years repeat; INT64_MAX: they do not */
    struct zone *next;
};

/* ---- the rule of the footer --------------------------------------------------------------- */

/* POSIX TZ: when in the year the clocks change. */
struct rule_day {
    char kind; /* M, J, or 0 for a day from 0 that counts 29 February */
    int month, week, day;
    int32_t seconds; /* after midnight, local time; may be negative or beyond a day */
};

struct rule {
    int32_t standard, summer; /* offsets east of UTC */
    bool has_summer;
    struct rule_day start, end;
};

static bool
rule_name(const char **at)
{
    const char *from = *at;

    if (**at == '<') {
        while (**at != '\0' && **at != '>')
            (*at)++;
        if (**at != '>')
            return false;
        (*at)++;
        return true;
    }
    while ((**at >= 'A' && **at <= 'Z') || (**at >= 'a' && **at <= 'z'))
        (*at)++;
    return *at - from >= 3;
}

static bool
rule_number(const char **at, int low, int high, int *number)
{
    int value = 0;

    if (**at < '0' || **at > '9')
        return false;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        value = value * 10 + (**at - '0');
        if (value > high)
            return false;
    }
    *number = value;
    return value >= low;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool
rule_time(const char **at, int hours_limit, int32_t *seconds)
{
    int sign = **at == '-' ? -1 : 1, hours, minutes = 0, rest = 0;

    if (**at == '-' || **at == '+')
        (*at)++;
    if (!rule_number(at, 0, hours_limit, &hours))
        return false;
    if (**at == ':' && ((*at)++, !rule_number(at, 0, 59, &minutes)))
        return false;
    if (**at == ':' && ((*at)++, !rule_number(at, 0, 59, &rest)))
        return false;
    *seconds = sign * (hours * 3600 + minutes * 60 + rest);
    return true;
}

static bool
rule_day(const char **at, struct rule_day *day)
{
    *day = (struct rule_day){.kind = 0, .seconds = 7200};
    if (**at == 'M') {
        (*at)++;
        day->kind = 'M';
        if (!rule_number(at, 1, 12, &day->month) || **at != '.' || ((*at)++, !rule_number(at, 1, 5, &day->week)) || **at != '.' ||
            ((*at)++, !rule_number(at, 0, 6, &day->day)))
            return false;
    } else {
        if (**at == 'J') {
            (*at)++;
            day->kind = 'J';
        }
        if (!rule_number(at, day->kind == 'J', 365, &day->day))
            return false;
    }
    return **at != '/' || ((*at)++, rule_time(at, 167, &day->seconds));
}

static bool
rule_parse(const char *at, struct rule *rule)
{
    memset(rule, 0, sizeof *rule);
    if (!rule_name(&at) || !rule_time(&at, 24, &rule->standard))
        return false;
    rule->standard = -rule->standard; /* POSIX counts to the west */
    if (*at == '\0')
        return true;
    rule->has_summer = true;
    rule->summer = rule->standard + 3600;
    if (!rule_name(&at))
        return false;
    if (*at != ',' && *at != '\0') {
        if (!rule_time(&at, 24, &rule->summer))
            return false;
        rule->summer = -rule->summer;
    }
    return *at == ',' && (at++, rule_day(&at, &rule->start)) && *at == ',' && (at++, rule_day(&at, &rule->end)) && *at == '\0';
}

/* Seconds since 1970, as the wall clock before the change shows them. */
static int64_t
rule_moment(const struct rule_day *day, int year)
{
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    int64_t days;

    if (day->kind == 'M') {
        static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
        int64_t first = value_days(year, day->month, 1);
        int weekday = (int)(((first + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
        int of_month = 1 + (day->day - weekday + 7) % 7 + (day->week - 1) * 7;
        int length = lengths[day->month - 1] + (day->month == 2 && leap);

        while (of_month > length)
            of_month -= 7;
        days = first + of_month - 1;
    } else {
        days = value_days(year, 1, 1) + day->day;
        if (day->kind == 'J')
            days += leap && day->day > 59 ? 0 : -1; /* J60 is always 1 March */
    }
    return days * 86400 + day->seconds;
}

/* ---- boundaries --------------------------------------------------------------------------- */

/*
 * At the instant ${at} local time goes from ${before} to ${after} ahead of UTC. Whether it jumps over a gap or comes
 * back to a fold, wall clock times up to the later of both readings still count with the offset before: that moves a
 * time in the gap forward by the gap, and takes the first of two.
 */
static void
boundary_add(struct zone *zone, int64_t at, int32_t before, int32_t after)
{
    int64_t from = at + (before > after ? before : after);

    zone->change[zone->changes++] = (struct boundary){at, after};
    if (zone->count > 0 && from <= zone->boundary[zone->count - 1].from) { /* two changes within one gap: the later one counts */
        zone->boundary[zone->count - 1].offset = after;
        return;
    }
    zone->boundary[zone->count++] = (struct boundary){from, after};
}

static int32_t
last_offset(const struct zone *zone)
{
    return zone->count == 0 ? zone->first_offset : zone->boundary[zone->count - 1].offset;
}

/* The years after the instant ${last}, by the rule: one cycle, which then repeats. */
static void
rule_lay_out(struct zone *zone, const struct rule *rule, int64_t last)
{
    int32_t before = last_offset(zone);
    int year, month, day;

    if (!rule->has_summer) {
        if (before != rule->standard && last != INT64_MIN)
            boundary_add(zone, last, before, rule->standard);
        else if (last == INT64_MIN)
            zone->first_offset = rule->standard;
        return;
    }
    value_civil((int32_t)((last < 0 ? 0 : last) / 86400), &year, &month, &day);
    for (int until = year + CYCLE_YEARS + 1; year <= until; year++) {
        int64_t start = rule_moment(&rule->start, year) - rule->standard, end = rule_moment(&rule->end, year) - rule->summer;
        bool start_first = start < end;

        for (int half = 0; half < 2; half++) {
            bool starts = (half == 0) == start_first;
            int64_t at = starts ? start : end;
            int32_t after = starts ? rule->summer : rule->standard;

            if (at <= last || after == before)
                continue;
            boundary_add(zone, at, before, after);
            before = after;
        }
    }
    zone->cycle_end = (int64_t)value_days(year, 1, 1) * 86400;
}

/* ---- TZif --------------------------------------------------------------------------------- */

struct tzif {
    const unsigned char *at;
    size_t size;
    uint32_t times, types, chars, leaps, walls, utcs;
    int width; /* bytes of a time: 4 in version 1, 8 after it */
};

static uint32_t
big32(const unsigned char *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int64_t
big_time(const unsigned char *at, int width)
{
    return width == 4 ? (int32_t)big32(at) : (int64_t)((uint64_t)big32(at) << 32 | big32(at + 4));
}

/* The header and how large its data is; false when it is none or more is promised than there is. */
static bool
tzif_head(const unsigned char *at, size_t size, int width, struct tzif *head, size_t *data)
{
    if (size < 44 || memcmp(at, "TZif", 4) != 0)
        return false;
    *head = (struct tzif){.at = at + 44, .size = size - 44, .utcs = big32(at + 20), .walls = big32(at + 24),
                          .leaps = big32(at + 28), .times = big32(at + 32), .types = big32(at + 36), .chars = big32(at + 40),
                          .width = width};
    if (head->types == 0 || head->types > 256 || head->times > TRANSITIONS_LIMIT || head->chars > 4096 || head->leaps > 1000 ||
        head->walls > 256 || head->utcs > 256)
        return false;
    *data = (size_t)head->times * (size_t)(width + 1) + (size_t)head->types * 6 + head->chars +
            (size_t)head->leaps * (size_t)(width + 4) + head->walls + head->utcs;
    return *data <= head->size;
}

static bool
tzif_type(const struct tzif *tzif, uint32_t type, int32_t *offset)
{
    const unsigned char *at = tzif->at + (size_t)tzif->times * (size_t)(tzif->width + 1) + (size_t)type * 6;

    if (type >= tzif->types)
        return false;
    *offset = (int32_t)big32(at);
    return *offset > -OFFSET_LIMIT && *offset < OFFSET_LIMIT;
}

struct zone *
zone_parse(const char *bytes, size_t size, const char *name)
{
    const unsigned char *at = (const unsigned char *)bytes;
    char footer[256] = "";
    static atomic_uint_fast64_t serial;
    struct zone *zone;
    struct rule rule;
    struct tzif tzif;
    int64_t last = INT64_MIN;
    size_t data;

    if (!tzif_head(at, size, 4, &tzif, &data))
        return NULL;
    if (at[4] >= '2') { /* the same once more in 64 bits, and a footer */
        const unsigned char *second = tzif.at + data;
        size_t left = tzif.size - data;

        if (!tzif_head(second, left, 8, &tzif, &data))
            return NULL;
        left = tzif.size - data;
        second = tzif.at + data;
        if (left >= 2 && second[0] == '\n') {
            const unsigned char *end = memchr(second + 1, '\n', left - 1);
            size_t length = end == NULL ? 0 : (size_t)(end - second) - 1;

            if (end == NULL || length >= sizeof footer)
                return NULL;
            memcpy(footer, second + 1, length);
            footer[length] = '\0';
        }
    }
    if (tzif.leaps > 0)
        return NULL; /* "right/…" zones count leap seconds: their instants are not Unix time */

    zone = memory_zero(sizeof *zone);
    snprintf(zone->name, sizeof zone->name, "%s", name);
    zone->serial = atomic_fetch_add(&serial, 1) + 1;
    zone->cycle_end = INT64_MAX;
    zone->boundary = memory_need((tzif.times + 2 * (CYCLE_YEARS + 3)) * sizeof *zone->boundary);
    zone->change = memory_need((tzif.times + 2 * (CYCLE_YEARS + 3)) * sizeof *zone->change);
    if (!tzif_type(&tzif, 0, &zone->first_offset))
        goto free_zone;
    for (uint32_t i = 0; i < tzif.times; i++) {
        int64_t instant = big_time(tzif.at + (size_t)i * (size_t)tzif.width, tzif.width);
        int32_t before = last_offset(zone), after;

        if (!tzif_type(&tzif, tzif.at[(size_t)tzif.times * (size_t)tzif.width + i], &after) || instant > INSTANT_LIMIT ||
            (i > 0 && instant <= last))
            goto free_zone;
        last = instant;
        if (instant < -INSTANT_LIMIT) { /* "since the big bang" */
            zone->first_offset = after;
            continue;
        }
        boundary_add(zone, instant, before, after);
    }
    if (footer[0] != '\0') {
        if (!rule_parse(footer, &rule))
            goto free_zone;
        rule_lay_out(zone, &rule, last);
    }
    return zone;

free_zone:
    zone_free(zone);
    return NULL;
}

void
zone_free(struct zone *zone)
{
    if (zone == NULL)
        return;
    free(zone->boundary);
    free(zone->change);
    free(zone);
}

const char *
zone_name(const struct zone *zone)
{
    return zone->name;
}

/* ---- finding and asking ------------------------------------------------------------------- */

static bool
name_is_safe(const char *name)
{
    size_t size = strlen(name);

    if (size == 0 || size > ZONE_NAME_LIMIT || name[0] == '/' || name[0] == '.' || strstr(name, "..") != NULL)
        return false;
    for (; *name != '\0'; name++)
        if (!((*name >= 'a' && *name <= 'z') || (*name >= 'A' && *name <= 'Z') || (*name >= '0' && *name <= '9') ||
              *name == '/' || *name == '_' || *name == '-' || *name == '+'))
            return false;
    return true;
}

static struct zone *
zone_load(const char *name)
{
    const char *dir = getenv("TZDIR");
    char path[512], *bytes;
    struct zone *zone = NULL;
    struct stat status;
    size_t size = 0;
    int fd;

    if ((size_t)snprintf(path, sizeof path, "%s/%s", dir != NULL && dir[0] != '\0' ? dir : "/usr/share/zoneinfo",
                         name) >= sizeof path)
        return NULL;
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return NULL;
    if (fstat(fd, &status) == 0 && S_ISREG(status.st_mode) && status.st_size <= ZONE_FILE_LIMIT) {
        bytes = memory_need(ZONE_FILE_LIMIT);
        for (;;) {
            ssize_t got = read(fd, bytes + size, ZONE_FILE_LIMIT - size);

            if (got <= 0)
                break;
            size += (size_t)got;
        }
        zone = zone_parse(bytes, size, name);
        free(bytes);
    }
    close(fd);
    return zone;
}

const struct zone *
zone_find(const char *name)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct zone *zones; /* never freed: values lend them for as long as the process lives */
    static _Thread_local const struct zone *latest;
    struct zone *zone;

    if (latest != NULL && strcmp(latest->name, name) == 0)
        return latest;
    if (!name_is_safe(name))
        return NULL;
    pthread_mutex_lock(&lock);
    for (zone = zones; zone != NULL && strcmp(zone->name, name) != 0; zone = zone->next)
        ;
    if (zone == NULL && (zone = zone_load(name)) != NULL) {
        zone->next = zones;
        zones = zone;
    }
    pthread_mutex_unlock(&lock);
    if (zone != NULL)
        latest = zone;
    return zone;
}

/* A stretch of time with one offset. */
struct stretch {
    uint64_t serial; /* of the zone it was found in */
    int64_t from, until;
    int32_t offset;
};

/* The stretch that ${asked} lies in; ${until} ends the last one. */
static void
stretch_find(const struct zone *zone, const struct boundary *list, size_t count, int64_t asked, int64_t until,
             struct stretch *stretch)
{
    size_t low = 0, high = count;

    while (low < high) { /* the first boundary beyond */
        size_t middle = low + (high - low) / 2;

        if (list[middle].from <= asked)
            low = middle + 1;
        else
            high = middle;
    }
    stretch->serial = zone->serial;
    stretch->from = low == 0 ? INT64_MIN : list[low - 1].from;
    stretch->until = low == count ? until : list[low].from;
    stretch->offset = low == 0 ? zone->first_offset : list[low - 1].offset;
}

/* Back by whole cycles of the calendar, into what is laid out. */
static int64_t
cycle_back(int64_t asked, int64_t end)
{
    return asked < end ? asked : asked - ((asked - end) / CYCLE_SECONDS + 1) * CYCLE_SECONDS;
}

int64_t
zone_utc(const struct zone *zone, int64_t local_s)
{
    static _Thread_local struct stretch latest; /* records come in order of time: most ask for the same as the one before */

    if (latest.serial != zone->serial || local_s < latest.from || local_s >= latest.until)
        stretch_find(zone, zone->boundary, zone->count, cycle_back(local_s, zone->cycle_end), zone->cycle_end, &latest);
    return local_s - latest.offset;
}

int64_t
zone_local(const struct zone *zone, int64_t utc_s)
{
    static _Thread_local struct stretch latest;

    if (latest.serial != zone->serial || utc_s < latest.from || utc_s >= latest.until) {
        /* a change of the first days of the year after the last one laid out may come before its end in UTC */
        int64_t end = zone->cycle_end == INT64_MAX ? INT64_MAX : zone->cycle_end - YEAR_END_SLACK;

        stretch_find(zone, zone->change, zone->changes, cycle_back(utc_s, end), end, &latest);
    }
    return utc_s + latest.offset;
}
