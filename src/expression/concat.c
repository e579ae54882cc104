/* SPDX-License-Identifier: Apache-2.0 */
/* Part of checker and evaluator: the operator ||. */
#include "concat.h"

#include <string.h>

#include "check.h"
#include "evaluation.h"
#include "function.h"

static void
join(struct evaluation *evaluation, const struct cells *in, uint32_t count, uint32_t i, struct cells *out)
{
    uint64_t size = 0;
    char *to;

    for (uint32_t n = 0; n < count; n++)
        size += in[n].text[i & in[n].mask].size;
    if (size > FUNCTION_TEXT_MAX) {
        evaluation_fail(evaluation, i, out, "text_too_long", "a text of %llu bytes: at most 16 MiB can be made",
                        (unsigned long long)size);
        return;
    }
    to = evaluation_room(evaluation, size);
    out->text[i] = (struct daybreak_text){to, (uint32_t)size};
    for (uint32_t n = 0; n < count; n++) {
        const struct daybreak_text text = in[n].text[i & in[n].mask];

        if (text.size > 0)
            memcpy(to, text.at, text.size);
        to += text.size;
    }
    evaluation->room = to;
}

EVALUATION_COMPUTE(concat_compute)
{
    EVALUATION_EACH(i, if (!out->nulls[i]) join(evaluation, in, term->count, i, out););
}

bool
concat_check(struct checker *checker, struct term *term)
{
    const struct term *bytes = NULL, *other = NULL;

    for (uint32_t i = 0; i < term->count; i++)
        if (term->part[i]->type.type == DAYBREAK_TYPE_BYTES)
            bytes = term->part[i];
        else if (!term->part[i]->nothing)
            other = term->part[i];
    if (bytes != NULL && other != NULL) {
        check_error(checker, term, "cannot join bytes with %s", check_named(checker, &other->type));
        check_remedy(checker, "hex(%s), or cast(%s as text)", check_shown(checker, bytes), check_shown(checker, bytes));
        return false;
    }
    term->type = (struct value_type){.type = bytes != NULL ? DAYBREAK_TYPE_BYTES : DAYBREAK_TYPE_TEXT};
    term->compute = concat_compute;
    for (uint32_t i = 0; i < term->count; i++)
        if (!check_convert(checker, &term->part[i], term->type))
            return false;
    return true;
}
