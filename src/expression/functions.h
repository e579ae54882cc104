/* SPDX-License-Identifier: Apache-2.0 */
#ifndef EXPRESSION_FUNCTIONS_H
#define EXPRESSION_FUNCTIONS_H

#include <string.h>

#include "base/text.h"
#include "function.h"

/*
 * The functions themselves, a file a kind; function_list.h says which is called what. Here is what they share and what the
 * table names.
 */

/** EACH_LANE(call, i): once for every lane i to be computed. */
#define EACH_LANE(call, i) for (uint32_t k_ = 0, i = 0; k_ < (call)->lanes && (i = (call)->lane[k_], 1); k_++)

/** functions_find(in, part): at which byte ${part} first stands in ${in}, -1: nowhere. */
static inline int64_t
functions_find(struct daybreak_text in, struct daybreak_text part)
{
    const char *found;

    if (part.size == 0)
        return 0;
    if (in.size < part.size)
        return -1;
    found = part.size == 1 ? memchr(in.at, part.at[0], in.size) : memmem(in.at, in.size, part.at, part.size);
    return found == NULL ? -1 : found - in.at;
}

/** functions_is_null(check, argument): whether it is a null written down; its type then says nothing. */
static inline bool
functions_is_null(const struct function_check *check, uint32_t argument)
{
    return check->constant[argument] != NULL && check->constant[argument]->nulls[0] != 0;
}

/** functions_given(check, argument): its value where it is there, constant and not null, else NULL. */
static inline const struct cells *
functions_given(const struct function_check *check, uint32_t argument)
{
    return argument >= check->arguments || functions_is_null(check, argument) ? NULL : check->constant[argument];
}

typedef void functions_run(struct function_call *call);
typedef bool functions_check(struct function_check *check);

functions_run functions_text_upper, functions_text_lower, functions_text_initcap, functions_text_trim, functions_text_ltrim,
    functions_text_rtrim,
    functions_text_length, functions_text_octet_length, functions_text_instr, functions_text_position,
        functions_text_starts_with, functions_text_ends_with,
    functions_text_contains, functions_text_unicode, functions_text_char, functions_text_hex, functions_text_unhex;
functions_check functions_text_check_alike;

functions_run functions_slice_substr, functions_slice_left, functions_slice_right, functions_slice_replace,
    functions_slice_translate,
    functions_slice_lpad, functions_slice_rpad, functions_slice_repeat, functions_slice_reverse, functions_slice_split_part,
        functions_slice_concat,
    functions_slice_concat_ws;
functions_check functions_slice_check_same;

functions_run functions_time_field, functions_time_date_trunc, functions_time_date_add, functions_time_date_diff,
    functions_time_last_day,
    functions_time_make_date;
functions_check functions_time_check_field, functions_time_check_trunc, functions_time_check_add, functions_time_check_diff;

functions_run functions_timetext_date, functions_timetext_timestamp, functions_timetext_to_date, functions_timetext_to_timestamp,
    functions_timetext_strftime, functions_timetext_at_zone, functions_timetext_from_epoch;
functions_check functions_timetext_check_date, functions_timetext_check_timestamp, functions_timetext_check_read,
    functions_timetext_check_write,
    functions_timetext_check_at_zone;

functions_run functions_number_abs, functions_number_sign, functions_number_round, functions_number_trunc, functions_number_floor,
    functions_number_ceil, functions_number_sqrt, functions_number_ln, functions_number_log10, functions_number_exp,
    functions_number_power;
functions_check functions_number_check_same, functions_number_check_round;

functions_run functions_hash_md5, functions_hash_sha256, functions_hash_xxh3, functions_hash_crc32;
functions_check functions_hash_check_bytes;

functions_run functions_pattern_like, functions_pattern_replace, functions_pattern_extract;
functions_check functions_pattern_check_regexp, functions_pattern_check_like, functions_pattern_check_replace,
    functions_pattern_check_extract;
void functions_pattern_release(void *state);

functions_run functions_json_extract;
functions_check functions_json_check;
void functions_json_release(void *state);

#endif
