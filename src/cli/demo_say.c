/* SPDX-License-Identifier: Apache-2.0 */
/* How the demo speaks, and what its sections ask of the pipeline more than once. */
#include "cli/demo.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "cli/demo_look.h"

#define DEMO_WIDTH 78

/* ---- how it speaks ----------------------------------------------------------------------------- */

void
demo_heading(struct demo *demo, int number, const char *title)
{
    text_printf(demo->out, "\n%s%d  %s%s\n", cli_paint(demo->cli, 'b'), number, title, cli_paint(demo->cli, '0'));
    cli_flush(demo->cli);
}

/* Words of ${text} in lines of at most DEMO_WIDTH, each behind ${margin}. */
void
demo_wrapped(struct demo *demo, const char *margin, const char *text)
{
    size_t column = 0;

    while (*text != '\0') {
        size_t size = column == 0 && *text == ' ' ? strcspn(text, "\n") : strcspn(text, " \n"); /* indented: as it is */
        size_t shown = text_utf8_count(text, size);

        if (size > 0) {
            if (column > 0 && column + 1 + shown > DEMO_WIDTH - strlen(margin)) {
                text_char(demo->out, '\n');
                column = 0;
            }
            if (column == 0)
                text_put(demo->out, margin);
            else
                text_char(demo->out, ' ');
            text_add(demo->out, text, size);
            column += shown + (column > 0);
        }
        text += size;
        if (*text == '\n' && column > 0) {
            text_char(demo->out, '\n');
            column = 0;
        }
        text += *text != '\0';
    }
    if (column > 0)
        text_char(demo->out, '\n');
}

void
demo_label(struct demo *demo, const char *label)
{
    text_printf(demo->out, "   %-12s", label);
}

void
demo_number(struct demo *demo, int64_t number, int width)
{
    struct text text = {0};

    cli_count(&text, number);
    text_printf(demo->out, "%*s", width, text_end(&text));
    text_fini(&text);
}

void
demo_ms(struct text *out, int64_t us)
{
    if (us < 100000)
        text_printf(out, "%.1f ms", (double)us / 1000);
    else
        text_printf(out, "%" PRId64 " ms", (us + 500) / 1000);
}

/* A promise and whether it held. */
void
demo_proof(struct demo *demo, bool held)
{
    text_printf(demo->out, "%s%s%s", cli_paint(demo->cli, held ? 'g' : 'r'), held ? "yes" : "NO", cli_paint(demo->cli, '0'));
    demo->broken = demo->broken || !held;
}

/* ---- what is asked more than once --------------------------------------------------------------- */

int
demo_bring(struct demo *demo, const char *name, const struct demo_night *night, int64_t bytes)
{
    return demo_folder_bring(&demo->folder, name, night, bytes, true, demo->fault) == 0 &&
                   demo_folder_drop(&demo->folder, name, night, demo->fault) == 0
               ? 0
               : -1;
}

/* One pass from cron over what was dropped; the node of its result. */
uint32_t
demo_pass(struct demo *demo, const char *folder, int expected)
{
    static const char *const words[] = {"--json", "run", "gov.yaml", NULL};

    if (demo_child_call(&demo->child, folder, words, expected, demo->fault) != 0)
        return 0;
    return demo_child_result(&demo->child, demo->fault);
}

/* Of all that a reader of the target can see but the numbers of batches: rows, operations, event ids. */
int
demo_digest(struct demo *demo, const char *folder, char hex[65], int64_t *rows)
{
    char path[PATH_MAX + 16];
    struct demo_look *look;
    int result;

    snprintf(path, sizeof path, "%s/gov.db", folder);
    look = demo_look_open(path);
    result = demo_look_digest(look, "SELECT " DEMO_COLUMNS ", _op, _event_id FROM gov ORDER BY 1", hex, rows, demo->fault);
    demo_look_close(look);
    return result;
}

int64_t
demo_ask(const char *folder, const char *query)
{
    char path[PATH_MAX + 16];
    struct demo_look *look;
    int64_t number;

    snprintf(path, sizeof path, "%s/gov.db", folder);
    look = demo_look_open(path);
    number = demo_look_number(look, query, 0);
    demo_look_close(look);
    return number;
}

/* Does the child hold the lock of the pipeline: has its run begun? */
bool
demo_begun(const struct demo_child *child, const char *folder)
{
    char path[PATH_MAX + 32], *bytes;
    struct daybreak_fault fault = {0};
    bool begun;
    size_t size;

    snprintf(path, sizeof path, "%s/.daybreak/gov/lock", folder);
    if (file_read(path, 4096, &bytes, &size, &fault) != 0)
        return false;
    begun = size > 4 && strncmp(bytes, "pid ", 4) == 0 && strtol(bytes + 4, NULL, 10) == child->pid;
    free(bytes);
    return begun;
}
