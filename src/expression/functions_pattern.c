/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions, by PCRE2. A pattern that is written down is compiled once with the expression; patterns that come from
 * columns are kept in a few places. No pattern may run away with a row: matching has limits, and a row that reaches one fails
 * with `match_limit`.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "functions.h"

#include <pcre2.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "characters.h"

#define MATCH_LIMIT 1000000 /* steps of one match */
#define DEPTH_LIMIT 10000
#define HEAP_LIMIT_KIB 8192
#define STACK_FIRST 32768   /* of compiled matching; what needs more is matched by the interpreter, under the same limits */
#define STACK_MOST 524288
#define LARGE 65536         /* bytes; the limits begin anew at every byte, so they do not bound the whole of larger texts */
#define WINDOW 4096         /* places of these at which a match is looked for before the time is looked at */
#define LARGE_SECONDS 5     /* of the processor's time, for one match in such a text */
#define KEPT 8              /* patterns of columns */
#define PATTERN_MAX 4096    /* bytes of one of these */

struct kept {
    pcre2_code *code;
    char *pattern;
    uint32_t size;
};

struct pattern_state {
    pcre2_match_context *context;
    pcre2_match_data *data;      /* of one pair of offsets a group that is needed */
    pcre2_jit_stack *stack;
    pcre2_code *constant;        /* NULL: the pattern comes from a column */
    struct kept kept[KEPT];
    uint32_t options;            /* the flags */
    uint32_t pattern, subject;   /* which arguments they are */
    uint32_t pairs;              /* offsets of the last match: itself and its groups up to the last that took part */
    struct text scratch;         /* a replaced text while it grows */
};

/* ---- compiling ---------------------------------------------------------------------------- */

static pcre2_code *
compile(struct daybreak_text pattern, uint32_t options, int *error, size_t *where)
{
    /* \C would cut characters; bytes that are no UTF-8 in a subject match nothing instead of being a fault */
    const uint32_t always = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_USE_OFFSET_LIMIT;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)(pattern.size > 0 ? pattern.at : ""), pattern.size, always | options, error, where, NULL);

    if (code != NULL)
        pcre2_jit_compile(code, PCRE2_JIT_COMPLETE); /* where there is none, the interpreter works */
    return code;
}

static void
error_text(int error, char *text, size_t room)
{
    if (pcre2_get_error_message(error, (PCRE2_UCHAR *)text, room) < 0)
        snprintf(text, room, "PCRE2 error %d", error);
}

void
functions_pattern_release(void *given)
{
    struct pattern_state *state = given;

    if (state == NULL)
        return;
    pcre2_code_free(state->constant);
    for (int i = 0; i < KEPT; i++) {
        pcre2_code_free(state->kept[i].code);
        free(state->kept[i].pattern);
    }
    pcre2_match_data_free(state->data);
    pcre2_jit_stack_free(state->stack);
    pcre2_match_context_free(state->context);
    text_fini(&state->scratch);
    free(state);
}

/* Letters behind the pattern, as databases have them. */
static bool
check_flags(struct function_check *check, uint32_t argument, bool all, uint32_t *options)
{
    const struct cells *given = functions_given(check, argument);

    *options = 0;
    if (argument >= check->arguments)
        return true;
    if (given == NULL)
        return function_error(check, argument, "the flags of %s must be a 'quoted' text", check->function->name);
    for (uint32_t i = 0; i < given->text[0].size; i++) {
        char flag = given->text[0].at[i];

        if (flag == 'i')
            *options |= PCRE2_CASELESS;
        else if (flag == 'm')
            *options |= PCRE2_MULTILINE;
        else if (flag == 's')
            *options |= PCRE2_DOTALL;
        else if (flag == 'x')
            *options |= PCRE2_EXTENDED;
        else if (flag != 'g' || !all) {
            function_error(check, argument, "%s knows no flag '%c'", check->function->name, flag > ' ' &&
                           flag < 0x7f ? flag : '?');
            snprintf(check->error->suggestion, sizeof check->error->suggestion,
                     "flags are i (any case), m (^ and $ at lines), s (. matches a line end), x (blanks in the pattern do not "
                     "count)");
            return false;
        }
    }
    return true;
}

static uint32_t
groups_of(const struct pattern_state *state)
{
    uint32_t groups = 0;

    pcre2_pattern_info(state->constant, PCRE2_INFO_CAPTURECOUNT, &groups);
    return groups;
}

static bool
check_pattern(struct function_check *check, uint32_t pattern, uint32_t subject, uint32_t flags, bool all)
{
    const struct cells *given = functions_given(check, pattern);
    struct pattern_state *state;
    uint32_t options;
    char why[160];
    size_t where;
    int error;

    if (!check_flags(check, flags, all, &options))
        return false;
    state = memory_zero(sizeof *state);
    state->pattern = pattern;
    state->subject = subject;
    state->options = options;
    if (given != NULL && (state->constant = compile(given->text[0], options, &error, &where)) == NULL) {
        free(state);
        error_text(error, why, sizeof why);
        return function_error(check, pattern, "this is no regular expression: %s at byte %zu of it", why, where + 1);
    }
    state->context = pcre2_match_context_create(NULL);
    state->data = pcre2_match_data_create(state->constant == NULL ? 100 : groups_of(state) + 1, NULL);
    state->stack = pcre2_jit_stack_create(STACK_FIRST, STACK_MOST, NULL);
    if (state->context == NULL || state->data == NULL)
        abort(); /* memory ran out */
    pcre2_set_match_limit(state->context, MATCH_LIMIT);
    pcre2_set_depth_limit(state->context, DEPTH_LIMIT);
    pcre2_set_heap_limit(state->context, HEAP_LIMIT_KIB);
    if (state->stack != NULL)
        pcre2_jit_stack_assign(state->context, NULL, state->stack);
    check->state = state;
    return true;
}

/* A later fault of the same check. */
static bool
check_undo(struct function_check *check)
{
    functions_pattern_release(check->state);
    check->state = NULL;
    return false;
}

bool
functions_pattern_check_regexp(struct function_check *check)
{
    return check_pattern(check, 0, 1, UINT32_MAX, false);
}

bool
functions_pattern_check_like(struct function_check *check)
{
    return check_pattern(check, 1, 0, 2, false);
}

bool
functions_pattern_check_extract(struct function_check *check)
{
    const struct cells *group = functions_given(check, 2);
    const struct pattern_state *state;

    if (!check_pattern(check, 1, 0, 3, false))
        return false;
    state = check->state;
    if (group == NULL || state->constant == NULL || (group->number[0] >= 0 && group->number[0] <= groups_of(state)))
        return true;
    function_error(check, 2, "the pattern has %u group%s, there is no group %lld", groups_of(state),
                   groups_of(state) == 1 ? "" : "s",
                   (long long)group->number[0]);
    return check_undo(check);
}

/* The group that a backslash and a digit name at at[0..left); -1: it is text. */
static int
reference(const char *at, size_t left)
{
    return left >= 2 && at[0] == '\\' && at[1] >= '0' && at[1] <= '9' ? at[1] - '0' : -1;
}

bool
functions_pattern_check_replace(struct function_check *check)
{
    const struct cells *by = functions_given(check, 2);
    const struct pattern_state *state;

    if (!check_pattern(check, 1, 0, 3, true))
        return false;
    state = check->state;
    if (by == NULL || state->constant == NULL)
        return true;
    for (uint32_t i = 0; i < by->text[0].size; i++) {
        int group = reference(by->text[0].at + i, by->text[0].size - i);

        if (group > (int)groups_of(state)) {
            function_error(check, 2, "the pattern has %u group%s, there is no \\%d", groups_of(state),
                           groups_of(state) == 1 ? "" : "s", group);
            return check_undo(check);
        }
        i += by->text[0].at[i] == '\\';
    }
    return true;
}

/* ---- matching ----------------------------------------------------------------------------- */

/* The pattern of a lane; NULL: the lane failed. */
static const pcre2_code *
pattern_of(struct function_call *call, uint32_t lane)
{
    struct pattern_state *state = call->state;
    const struct cells *in = &call->in[state->pattern];
    struct daybreak_text pattern;
    struct kept *kept;
    uint32_t hash = 0;
    size_t where;
    int error;

    if (state->constant != NULL)
        return state->constant;
    pattern = in->text[lane & in->mask];
    for (uint32_t i = 0; i < pattern.size && i < PATTERN_MAX; i++)
        hash = hash * 31 + (unsigned char)pattern.at[i];
    kept = &state->kept[hash % KEPT];
    if (kept->code != NULL && kept->size == pattern.size && memcmp(kept->pattern, pattern.at, pattern.size) == 0)
        return kept->code;
    if (pattern.size > PATTERN_MAX) {
        function_fail(call, lane, "bad_argument", "a regular expression out of a column may have %d bytes, this one has %u",
                      PATTERN_MAX, pattern.size);
        return NULL;
    }
    pcre2_code_free(kept->code);
    free(kept->pattern);
    kept->pattern = memory_need(pattern.size + 1);
    if (pattern.size > 0)
        memcpy(kept->pattern, pattern.at, pattern.size);
    kept->size = pattern.size;
    kept->code = compile(pattern, state->options, &error, &where);
    if (kept->code == NULL) {
        char why[160];

        error_text(error, why, sizeof why);
        function_fail(call, lane, "bad_argument", "%s is no regular expression: %s at byte %zu", function_shown(call, pattern),
                      why, where + 1);
    }
    return kept->code;
}

enum outcome { FAILED, NOTHING, FOUND };

/* As pcre2_match, in a text of any size. */
static int
search(struct pattern_state *state, const pcre2_code *code, struct daybreak_text in, size_t from, uint32_t options)
{
    struct timespec begun, now;
    int found;

    pcre2_set_offset_limit(state->context, PCRE2_UNSET);
    if (in.size - from <= LARGE || (options & PCRE2_ANCHORED) != 0)
        return pcre2_match(code, (PCRE2_SPTR)in.at, in.size, from, options, state->data, state->context);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begun);
    for (;;) {
        size_t until = in.size - from > WINDOW ? from + WINDOW : in.size;

        while (until < in.size && characters_goes_on(in.at[until])) /* the next window begins with a character */
            until++;
        pcre2_set_offset_limit(state->context, until);
        found = pcre2_match(code, (PCRE2_SPTR)in.at, in.size, from, options, state->data, state->context);
        if (found != PCRE2_ERROR_NOMATCH || until == in.size)
            return found;
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        if (now.tv_sec - begun.tv_sec > LARGE_SECONDS)
            return PCRE2_ERROR_MATCHLIMIT;
        from = until;
    }
}

/* The first match in ${in} from byte ${from} on; its offsets are in state->data. */
static enum outcome
match(struct function_call *call, uint32_t lane, const pcre2_code *code, struct daybreak_text in, size_t from, uint32_t options)
{
    struct pattern_state *state = call->state;
    int found = search(state, code, in, from, options);

    if (found == PCRE2_ERROR_JIT_STACKLIMIT)
        found = search(state, code, in, from, options | PCRE2_NO_JIT);
    if (found >= 0) {
        /* 0: it has more groups than there is room */
        state->pairs = found > 0 ? (uint32_t)found : pcre2_get_ovector_count(state->data);
        return FOUND;
    }
    if (found == PCRE2_ERROR_NOMATCH)
        return NOTHING;
    if (found == PCRE2_ERROR_MATCHLIMIT || found == PCRE2_ERROR_DEPTHLIMIT || found == PCRE2_ERROR_HEAPLIMIT) {
        function_fail(call, lane, "match_limit", "matching %s takes more steps than a row may have", function_shown(call, in));
    } else {
        char why[160];

        error_text(found, why, sizeof why);
        function_fail(call, lane, "match_limit", "matching %s was given up: %s", function_shown(call, in), why);
    }
    return FAILED;
}

static struct daybreak_text
subject_of(const struct function_call *call, uint32_t lane)
{
    const struct pattern_state *state = call->state;
    const struct cells *in = &call->in[state->subject];

    return in->text[lane & in->mask].size == 0 ? (struct daybreak_text){"", 0} : in->text[lane & in->mask];
}

void
functions_pattern_like(struct function_call *call)
{
    EACH_LANE(call, i) {
        const pcre2_code *code = pattern_of(call, i);

        if (code != NULL)
            call->out->number[i] = match(call, i, code, subject_of(call, i), 0, 0) == FOUND;
    }
}

/* Group ${group} of the last match; size DAYBREAK_NULL: it took no part in it. */
static struct daybreak_text
group_of(const struct pattern_state *state, struct daybreak_text in, int64_t group)
{
    const PCRE2_SIZE *at = pcre2_get_ovector_pointer(state->data);

    if (group < 0 || group >= state->pairs || at[2 * group] == PCRE2_UNSET || at[2 * group] > at[2 * group + 1])
        return (struct daybreak_text){NULL, DAYBREAK_NULL};
    return (struct daybreak_text){in.at + at[2 * group], (uint32_t)(at[2 * group + 1] - at[2 * group])};
}

void
functions_pattern_extract(struct function_call *call)
{
    struct pattern_state *state = call->state;

    EACH_LANE(call, i) {
        const pcre2_code *code = pattern_of(call, i);
        struct daybreak_text in = subject_of(call, i);
        int64_t group = call->arguments > 2 ? call->in[2].number[i & call->in[2].mask] : 0;
        enum outcome outcome;

        if (code == NULL || (outcome = match(call, i, code, in, 0, 0)) == FAILED)
            continue;
        if (outcome == FOUND)
            call->out->text[i] = group_of(state, in, group);
        if (outcome == NOTHING || call->out->text[i].size == DAYBREAK_NULL)
            call->out->nulls[i] = 1;
    }
}

/* What takes the place of the last match. */
static void
put_replacement(struct pattern_state *state, struct daybreak_text in, struct daybreak_text by)
{
    for (uint32_t i = 0; i < by.size;) {
        const char *slash = memchr(by.at + i, '\\', by.size - i);
        uint32_t until = slash == NULL ? by.size : (uint32_t)(slash - by.at);
        int group;

        text_add(&state->scratch, by.at + i, until - i);
        if (slash == NULL)
            return;
        group = reference(slash, by.size - until);
        if (group >= 0) {
            struct daybreak_text part = group_of(state, in, group);

            if (part.size != DAYBREAK_NULL)
                text_add(&state->scratch, part.at, part.size);
            i = until + 2;
        } else { /* a doubled backslash is one, before anything else it is itself */
            text_char(&state->scratch, '\\');
            i = until + (until + 1 < by.size && slash[1] == '\\' ? 2 : 1);
        }
    }
}

/* One text with all matches replaced, into the scratch; false: the lane failed. */
static enum outcome
replace_all(struct function_call *call, uint32_t lane, const pcre2_code *code, struct daybreak_text in, struct daybreak_text by)
{
    struct pattern_state *state = call->state;
    const PCRE2_SIZE *span = pcre2_get_ovector_pointer(state->data);
    size_t from = 0, kept = 0; /* where to look, and up to where the text was copied */
    enum outcome outcome, any = NOTHING;
    uint32_t options = 0;

    text_clear(&state->scratch);
    while (from <= in.size) {
        outcome = match(call, lane, code, in, from, options);
        if (outcome == FAILED)
            return FAILED;
        if (outcome == NOTHING) {
            size_t bad, size;

            if (options == 0 || from == in.size)
                break;
            /* behind an empty match there was no other at its place: on by one character */
            size = utf8_char(in.at + from, in.size - from, &bad);
            from += size > 0 ? size : bad;
            options = 0;
            continue;
        }
        if (span[1] < span[0] || span[0] < kept) { /* \K in a lookaround can turn a match around */
            function_fail(call, lane, "bad_argument", "the pattern matches backwards");
            return FAILED;
        }
        any = FOUND;
        text_add(&state->scratch, in.at + kept, span[0] - kept);
        put_replacement(state, in, by);
        if (!function_fits(call, lane, state->scratch.size, FUNCTION_TEXT_MAX))
            return FAILED;
        kept = from = span[1];
        options = span[0] == span[1] ? PCRE2_NOTEMPTY_ATSTART | PCRE2_ANCHORED : 0;
    }
    if (any == FOUND && kept < in.size)
        text_add(&state->scratch, in.at + kept, in.size - kept);
    return any;
}

void
functions_pattern_replace(struct function_call *call)
{
    struct pattern_state *state = call->state;

    EACH_LANE(call, i) {
        const pcre2_code *code = pattern_of(call, i);
        struct daybreak_text in = subject_of(call, i);
        enum outcome outcome = code == NULL ? FAILED : replace_all(call, i, code, in, call->in[2].text[i & call->in[2].mask]);

        if (outcome == NOTHING) {
            call->out->text[i] = in;
        } else if (outcome == FOUND && function_fits(call, i, state->scratch.size, FUNCTION_TEXT_MAX)) {
            char *to = function_room(call, state->scratch.size);

            if (state->scratch.size > 0)
                memcpy(to, state->scratch.at, state->scratch.size);
            call->out->text[i] = (struct daybreak_text){to, (uint32_t)state->scratch.size};
            function_took(call, to + state->scratch.size);
        }
    }
}
