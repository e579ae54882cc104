/* SPDX-License-Identifier: Apache-2.0 */
/* An extract whose inputs are texts in memory: the nights of a test. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "engine/trial.h"

static _Thread_local const struct trial_inputs *given;

struct nights {
    const struct trial_inputs *inputs;
    char name[32];
    uint32_t next;          /* the input that comes */
    uint32_t part;          /* of the one under way, the one that comes */
    size_t at;
};

void
trial_source_give(const struct trial_inputs *inputs)
{
    given = inputs;
}

static int
nights_open(void *self, const struct daybreak_host *host, struct daybreak_fault *fault)
{
    struct nights *nights = self;

    (void)host;
    (void)fault;
    nights->inputs = given;
    return 0;
}

static void
nights_close(void *self)
{
    (void)self;
}

static int
nights_next_input(void *self, struct daybreak_input *input, struct daybreak_wait *wait, enum daybreak_next *next,
                  struct daybreak_fault *fault)
{
    struct nights *nights = self;

    (void)fault;
    wait->matched = nights->inputs->count;
    if (nights->next == nights->inputs->count) {
        *next = DAYBREAK_IDLE;
        return 0;
    }
    snprintf(nights->name, sizeof nights->name, "night %u", nights->next);
    input->name = input->fingerprint = nights->name;
    input->time_us = INT64_C(86400000000) * nights->next;
    input->visible_at_us = clock_now_us();
    input->packed = true;
    nights->next++;
    nights->part = 0;
    *next = DAYBREAK_MORE;
    return 0;
}

static int
nights_digest(void *self, uint8_t digest[16], struct daybreak_fault *fault)
{
    const struct nights *nights = self;

    (void)fault;
    memset(digest, 0, 16);
    memcpy(digest, &nights->next, sizeof nights->next);
    return 0;
}

static int
nights_next_part(void *self, struct daybreak_part *part, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct nights *nights = self;

    (void)fault;
    *next = nights->inputs->part[nights->part] == NULL ? DAYBREAK_INPUT_END : DAYBREAK_MORE;
    if (*next == DAYBREAK_INPUT_END)
        return 0;
    part->name = nights->inputs->part[nights->part++];
    nights->at = 0;
    return 0;
}

static int
nights_read(void *self, char *buffer, size_t room, size_t *got, enum daybreak_next *next, struct daybreak_fault *fault)
{
    struct nights *nights = self;
    const struct text *input = &nights->inputs->input[nights->next - 1];
    size_t left = nights->part - 1 == nights->inputs->filled ? input->size - nights->at : 0;

    (void)fault;
    *got = left < room ? left : room;
    if (*got > 0)
        memcpy(buffer, input->at + nights->at, *got);
    nights->at += *got;
    *next = *got > 0 ? DAYBREAK_MORE : DAYBREAK_PART_END;
    return 0;
}

static bool
nights_changed_since(void *self)
{
    (void)self;
    return false;
}

static int
nights_finish(void *self, struct daybreak_fault *fault)
{
    (void)self;
    (void)fault;
    return 0;
}

static void
nights_abandon(void *self)
{
    (void)self;
}

const struct daybreak_connector trial_source = {
    .abi = DAYBREAK_ABI,
    .size = sizeof(struct daybreak_connector),
    .role = DAYBREAK_EXTRACT,
    .name = TRIAL_CONNECTOR,
    .help = "Records of a test.",
    .abilities = DAYBREAK_GIVES_BYTES,
    .self_size = sizeof(struct nights),
    .open = nights_open,
    .close = nights_close,
    .next_input = nights_next_input,
    .digest = nights_digest,
    .next_part = nights_next_part,
    .read = nights_read,
    .changed_since = nights_changed_since,
    .finish = nights_finish,
    .abandon = nights_abandon,
};
