/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FILE_MATCH_H
#define FILE_MATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "daybreak/connector.h"

/* Globs over one name, and the time that %-parts find in it. */

enum file_time_part { FILE_YEAR, FILE_MONTH, FILE_DAY, FILE_HOUR, FILE_MINUTE, FILE_SECOND, FILE_YEAR_DAY, FILE_TIME_PARTS };

struct file_time {
    uint16_t part[FILE_TIME_PARTS];
    uint8_t seen; /* bit 1 << part */
};

/**
 * file_match(pattern, name, time): * ? [a-z] [!a-z]; with ${time}, %Y %y %m %d %H %M %S %j stand for that many
 * digits, are added to
 * ${time} (a part that comes twice must be the same twice), and %% is a percent sign. Without, % is a character like others.
 */
bool file_match(const char *pattern, const char *name, struct file_time *time);
/** file_match_wild(pattern): it is no plain name. */
bool file_match_wild(const char *pattern);
/** file_match_problem(pattern, times): what is wrong with the %-parts of a path, or NULL; *times: it has some. */
const char *file_match_problem(const char *pattern, bool *times);

/* Which members of an archive are wanted. */
struct file_select {
    const char *member;          /* a glob; NULL: any */
    struct daybreak_list beside; /* globs of those that are given besides, by their whole name or the last part of it */
};

/** file_match_select(select, name): this member is wanted. */
bool file_match_select(const struct file_select *select, const char *name);

#define FILE_TIME_ROOM 40
/** file_time_text(time, at_s, to): "2026-03-29T02:10:00"; without %H the time of day is ${at_s}. false: no such day. */
bool file_time_text(const struct file_time *time, int64_t at_s, char to[FILE_TIME_ROOM]);

#endif
