/* SPDX-License-Identifier: Apache-2.0 */
/* The line that moves while an input is read. */
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/cli.h"

#define BAR 24

static int64_t drawn_at_ms, began_ms, rows_before;
static bool drawn;

void
progress_clear(void)
{
    if (drawn)
        fputs("\r\033[K", stderr);
    drawn = false;
}

static int
width_of_terminal(void)
{
    struct winsize size;

    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 20 ? size.ws_col : 80;
}

void
progress_show(struct pipeline *pipeline, const struct daybreak_input *input, int64_t bytes, int64_t rows)
{
    int64_t now = clock_steady_ms();
    const char *name = strrchr(input->name, '/') == NULL ? input->name : strrchr(input->name, '/') + 1;
    struct text line = {0};
    int width;

    (void)pipeline;
    if (rows < rows_before)
        began_ms = 0;
    rows_before = rows;
    if (began_ms == 0)
        began_ms = now;
    if (now - drawn_at_ms < 100)
        return;
    drawn_at_ms = now;
    text_printf(&line, "%.60s  ", name);
    if (!input->packed && input->bytes > 0) {
        int full = (int)(bytes * BAR / input->bytes);

        full = full < 0 ? 0 : full > BAR ? BAR : full;
        text_char(&line, '[');
        for (int i = 0; i < BAR; i++)
            text_char(&line, i < full ? '#' : '.');
        text_printf(&line, "] %lld %%  ", (long long)(bytes >= input->bytes ? 100 : bytes * 100 / input->bytes));
    }
    cli_count(&line, rows);
    text_put(&line, " rows");
    if (now > began_ms + 300) {
        text_put(&line, "  ");
        cli_count(&line, rows * 1000 / (now - began_ms));
        text_put(&line, " rows/s");
    }
    width = width_of_terminal() - 1;
    fprintf(stderr, "\r\033[K%.*s", (int)(line.size < (size_t)width ? line.size : (size_t)width), text_end(&line));
    drawn = true;
    text_fini(&line);
}
