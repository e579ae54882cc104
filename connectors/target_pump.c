/* SPDX-License-Identifier: Apache-2.0 */
/* The thread that writes one buffer of a target file behind the one that fills the next. Owns the spare buffer. */
#include "target_pump.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "target_parts.h"

struct target_pump {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool running, ending;
    bool failed;                  /* and not yet told */
    struct target_set *set;
    struct target_file *file;     /* what is being written; NULL: nothing */
    target_pump_fn write;
    char *buffer;                 /* being written, or spare */
    size_t used, room;
    struct daybreak_fault fault;
};

static void *
pump_run(void *context)
{
    struct target_pump *pump = context;

    pthread_mutex_lock(&pump->lock);
    for (;;) {
        struct daybreak_fault fault = {0};
        int result;

        while (pump->file == NULL && !pump->ending)
            pthread_cond_wait(&pump->moved, &pump->lock);
        if (pump->file == NULL)
            break;
        pthread_mutex_unlock(&pump->lock);
        result = pump->write(pump->set, pump->file, pump->buffer, pump->used, &fault);
        pthread_mutex_lock(&pump->lock);
        if (result != 0) {
            pump->failed = true;
            pump->fault = fault;
        }
        pump->file = NULL;
        pthread_cond_broadcast(&pump->moved);
    }
    pthread_mutex_unlock(&pump->lock);
    return NULL;
}

static struct target_pump *
pump_new(void)
{
    struct target_pump *pump = target_grow(NULL, sizeof *pump);
    sigset_t all, before;

    *pump = (struct target_pump){.running = false};
    pthread_mutex_init(&pump->lock, NULL);
    pthread_cond_init(&pump->moved, NULL);
    sigfillset(&all); /* signals are for the thread that knows what they mean */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pump->running = pthread_create(&pump->thread, NULL, pump_run, pump) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return pump;
}

int
target_pump_give(struct target_pump **at, struct target_set *set, struct target_file *file, target_pump_fn write,
                 struct daybreak_fault *fault)
{
    struct target_pump *pump;
    char *buffer;
    size_t room;

    if (*at == NULL)
        *at = pump_new();
    pump = *at;
    if (target_pump_wait(pump, fault) != 0)
        return -1;
    if (!pump->running) {
        if (write(set, file, file->buffer, file->used, fault) != 0)
            return -1;
        file->used = 0;
        return 0;
    }
    pthread_mutex_lock(&pump->lock);
    buffer = pump->buffer;
    room = pump->room;
    pump->buffer = file->buffer;
    pump->room = file->room;
    pump->used = file->used;
    pump->set = set;
    pump->write = write;
    pump->file = file;
    pthread_cond_broadcast(&pump->moved);
    pthread_mutex_unlock(&pump->lock);
    file->buffer = buffer;
    file->room = room;
    file->used = 0;
    return 0;
}

int
target_pump_wait(struct target_pump *pump, struct daybreak_fault *fault)
{
    bool failed;

    if (pump == NULL)
        return 0;
    pthread_mutex_lock(&pump->lock);
    while (pump->file != NULL)
        pthread_cond_wait(&pump->moved, &pump->lock);
    failed = pump->failed;
    pump->failed = false;
    if (failed)
        *fault = pump->fault;
    pthread_mutex_unlock(&pump->lock);
    return failed ? -1 : 0;
}

void
target_pump_free(struct target_pump *pump)
{
    if (pump == NULL)
        return;
    if (pump->running) {
        pthread_mutex_lock(&pump->lock);
        pump->ending = true;
        pthread_cond_broadcast(&pump->moved);
        pthread_mutex_unlock(&pump->lock);
        pthread_join(pump->thread, NULL);
    }
    pthread_cond_destroy(&pump->moved);
    pthread_mutex_destroy(&pump->lock);
    free(pump->buffer);
    free(pump);
}
