/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The mark of target files as text: a line that names the format, for an intended commit its batch and release, a line a file,
 * and last the intended position, which may hold anything.
 */
#include "target_mark.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 100000 /* tables of one pipeline are far fewer */

bool
target_mark_clean(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < 0x20 || *text == 0x7f)
            return false;
    return true;
}

void
target_mark_write(const struct target_mark *mark, FILE *out)
{
    fputs("daybreak files 1\n", out);
    if (mark->intended)
        fprintf(out, "commit\t%" PRId64 "\t%" PRId64 "\n", mark->batch, mark->released);
    if (mark->done != NULL && mark->done[0] != '\0')
        fprintf(out, "done\t%s\n", mark->done);
    for (uint32_t i = 0; i < mark->files; i++) {
        const struct target_mark_file *file = &mark->file[i];

        if (file->state == TARGET_NONE)
            continue;
        fprintf(out, "file\t%d\t%d\t%" PRIu64 "\t%" PRIu64 "\t%" PRId64 "\t", (int)file->state, file->at_end, file->device,
                file->inode, file->length);
        for (size_t k = 0; k < sizeof file->tail; k++)
            fprintf(out, "%02x", file->tail[k]);
        fprintf(out, "\t%" PRIu64 "\t%" PRId64 "\t%s\t%s\t%s\n", file->shape, file->serial, file->table, file->run, file->path);
    }
    if (mark->intended)
        fprintf(out, "position\t%s", mark->position);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* The next field of a line, ended in place; NULL when there is none. */
static char *
field(char **at)
{
    char *begin = *at, *end;

    if (begin == NULL)
        return NULL;
    end = strchr(begin, '\t');
    if (end != NULL)
        *end++ = '\0';
    *at = end;
    return begin;
}

static bool
number(char **at, uint64_t max, uint64_t *value)
{
    char *text = field(at), *end;

    if (text == NULL || *text < '0' || *text > '9')
        return false;
    errno = 0;
    *value = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' && *value <= max;
}

static bool
tail(char **at, uint8_t bytes[16])
{
    const char *text = field(at);
    uint8_t half[32];

    if (text == NULL || strlen(text) != sizeof half)
        return false;
    for (size_t i = 0; i < sizeof half; i++) {
        const char *digits = "0123456789abcdef", *digit = strchr(digits, text[i]);

        if (digit == NULL)
            return false;
        half[i] = (uint8_t)(digit - digits);
    }
    for (size_t i = 0; i < 16; i++)
        bytes[i] = (uint8_t)(half[i * 2] << 4 | half[i * 2 + 1]);
    return true;
}

static bool
copied(char **at, char **to)
{
    const char *text = field(at);

    if (text == NULL)
        return false;
    *to = strdup(text);
    if (*to == NULL)
        abort(); /* any crash is safe */
    return true;
}

static bool
file_read(char *line, struct target_mark *mark)
{
    struct target_mark_file *file;
    uint64_t state, at_end, length, serial;

    if (mark->files == FILES_MAX)
        return false;
    mark->file = realloc(mark->file, (mark->files + (size_t)1) * sizeof *mark->file);
    if (mark->file == NULL)
        abort();
    file = &mark->file[mark->files++];
    *file = (struct target_mark_file){0};
    if (!number(&line, TARGET_ENDS, &state) || state == TARGET_NONE || !number(&line, 1, &at_end) ||
        !number(&line, UINT64_MAX, &file->device) || !number(&line, UINT64_MAX, &file->inode) ||
        !number(&line, INT64_MAX, &length) || !tail(&line, file->tail) || !number(&line, UINT64_MAX, &file->shape) ||
        !number(&line, INT64_MAX, &serial) || !copied(&line, &file->table) || !copied(&line, &file->run) ||
        !copied(&line, &file->path) || line != NULL)
        return false;
    file->state = (enum target_state)state;
    file->at_end = at_end != 0;
    file->length = (int64_t)length;
    file->serial = (int64_t)serial;
    return true;
}

static bool
line_read(char *line, struct target_mark *mark)
{
    char *kind = field(&line);
    uint64_t batch, released;

    if (strcmp(kind, "file") == 0 && line != NULL)
        return file_read(line, mark);
    if (strcmp(kind, "commit") == 0) {
        if (!number(&line, INT64_MAX, &batch) || !number(&line, INT64_MAX, &released) || line != NULL)
            return false;
        mark->batch = (int64_t)batch;
        mark->released = (int64_t)released;
        mark->intended = true;
        return true;
    }
    if (strcmp(kind, "done") == 0 && mark->done == NULL)
        return copied(&line, &mark->done) && line == NULL;
    return false;
}

bool
target_mark_read(const char *text, struct target_mark *mark)
{
    char *copy = strdup(text), *at = copy, *end;
    bool good = false;

    *mark = (struct target_mark){0};
    if (copy == NULL)
        abort();
    end = strchr(at, '\n');
    if (end == NULL)
        goto done;
    *end = '\0';
    if (strcmp(at, "daybreak files 1") != 0)
        goto done;
    for (at = end + 1; *at != '\0'; at = end + 1) {
        if (strncmp(at, "position\t", 9) == 0) {
            mark->position = strdup(at + 9);
            if (mark->position == NULL)
                abort();
            break;
        }
        end = strchr(at, '\n');
        if (end == NULL)
            goto done;
        *end = '\0';
        if (!line_read(at, mark))
            goto done;
    }
    good = mark->intended == (mark->position != NULL);
done:
    free(copy);
    return good;
}

void
target_mark_file_fini(struct target_mark_file *file)
{
    free(file->table);
    free(file->run);
    free(file->path);
    *file = (struct target_mark_file){0};
}

void
target_mark_fini(struct target_mark *mark)
{
    for (uint32_t i = 0; i < mark->files; i++)
        target_mark_file_fini(&mark->file[i]);
    free(mark->file);
    free(mark->position);
    free(mark->done);
    *mark = (struct target_mark){0};
}
