/* SPDX-License-Identifier: Apache-2.0 */
/* Pipelines by name or file, for those who only look. */
#include "engine/view.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"
#include "config/finding.h"
#include "engine/lint.h"

int
view_config(const char *path, struct config **config, struct daybreak_fault *fault)
{
    struct findings findings;
    int result = -1;

    findings_init(&findings);
    *config = config_read(path, &findings);
    if (*config != NULL && lint_bind(*config, &findings) == 0) {
        result = 0;
    } else {
        const struct finding *first = findings.item;
        size_t i = 0;

        while (i + 1 < findings.count && findings.item[i].severity != FINDING_ERROR)
            i++;
        first = findings.count == 0 ? NULL : &findings.item[i];
        if (first == NULL || first->place.line == 0)
            fault_set(fault, DAYBREAK_HALT, "%s: %s", path, first == NULL ? "cannot be read" : first->message);
        else
            fault_set(fault, DAYBREAK_HALT, "%s:%u:%u: %s", path, first->place.line, first->place.column, first->message);
        if (findings.errors > 1)
            fault_hint(fault, "%zu errors in all: daybreak lint %s", findings.errors, path);
        else if (first != NULL && first->suggestion != NULL)
            fault_hint(fault, "%s", first->suggestion);
        fault_exit(fault, findings.status == 66 ? 66 : 78, first == NULL ? "lint" : first->code);
        config_free(*config);
        *config = NULL;
    }
    findings_fini(&findings);
    return result;
}

static void
root_of(const char *dir, char root[PATH_MAX])
{
    char here[PATH_MAX];

    if (dir == NULL && getcwd(here, sizeof here) == NULL)
        snprintf(here, sizeof here, ".");
    state_root(dir == NULL ? here : dir, root);
}

static bool
is_file(const char *name)
{
    struct stat st;
    size_t size = strlen(name);

    return (size > 5 && strcmp(name + size - 5, ".yaml") == 0) || (size > 4 && strcmp(name + size - 4, ".yml") == 0) ||
           strchr(name, '/') != NULL || (stat(name, &st) == 0 && S_ISREG(st.st_mode));
}

static void
file_of_note(struct view *view)
{
    struct daybreak_fault fault = {0};
    struct findings findings;
    char *note;

    if (ledger_note_get(view->ledger, "file", &note, &fault) != 0)
        return;
    snprintf(view->file, sizeof view->file, "%s", note);
    free(note);
    if (view->file[0] == '\0')
        return;
    findings_init(&findings);
    view->config = config_read(view->file, &findings);
    if (view->config != NULL && (lint_bind(view->config, &findings) != 0 || strcmp(view->config->name, view->name) != 0)) {
        config_free(view->config);
        view->config = NULL;
    }
    findings_fini(&findings);
}

int
view_open(const char *name, struct view *view, struct daybreak_fault *fault)
{
    char root[PATH_MAX];

    memset(view, 0, sizeof *view);
    if (is_file(name)) {
        if (view_config(name, &view->config, fault) != 0)
            return -1;
        snprintf(view->file, sizeof view->file, "%s", name);
        snprintf(view->name, sizeof view->name, "%s", view->config->name);
        root_of(view->config->dir, root);
    } else {
        snprintf(view->name, sizeof view->name, "%s", name);
        root_of(NULL, root);
    }
    if (state_paths(&view->state, root, view->name, fault) != 0)
        goto fail;
    if (ledger_open(view->state.ledger, false, &view->ledger, fault) != 0) {
        if (fault->status == 66 && view->config != NULL) {
            memset(fault, 0, sizeof *fault); /* a file that was never run */
            return 0;
        }
        if (fault->status == 66) {
            fault_set(fault, DAYBREAK_HALT, "there is no pipeline '%s' in '%s'", name, root);
            fault_hint(fault, "name a pipeline file, or the folder of the state with --state; `daybreak status` lists what is here");
            fault_exit(fault, 66, "no-pipeline");
        }
        goto fail;
    }
    if (view->config == NULL)
        file_of_note(view);
    return 0;

fail:
    config_free(view->config);
    view->config = NULL;
    return -1;
}

void
view_close(struct view *view)
{
    ledger_close(view->ledger);
    config_free(view->config);
    memset(view, 0, sizeof *view);
}

int
view_names(char ***names, size_t *count, struct daybreak_fault *fault)
{
    struct dirent **entry;
    char root[PATH_MAX], path[PATH_MAX + 300];
    int found;

    *names = NULL;
    *count = 0;
    root_of(NULL, root);
    found = scandir(root, &entry, NULL, alphasort);
    if (found < 0 && errno != ENOENT) {
        fault_set(fault, DAYBREAK_HALT, "cannot look into '%s': %s", root, strerror(errno));
        return fault_exit(fault, errno == EACCES ? 77 : 66, "no-state");
    }
    if (found > 0)
        *names = memory_zero((size_t)found * sizeof **names);
    for (int i = 0; i < found; i++) {
        snprintf(path, sizeof path, "%s/%s/ledger.db", root, entry[i]->d_name);
        if (entry[i]->d_name[0] != '.' && access(path, F_OK) == 0)
            (*names)[(*count)++] = memory_text(entry[i]->d_name);
        free(entry[i]);
    }
    if (found >= 0)
        free(entry);
    if (*count > 0)
        return 0;
    free(*names);
    *names = NULL;
    fault_set(fault, DAYBREAK_HALT, "no pipeline has run here: '%s' holds none", root);
    fault_hint(fault, "daybreak run FILE, or name the folder of the state with --state");
    return fault_exit(fault, 66, "no-pipeline");
}

void
view_names_free(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

bool
view_running(const struct view *view)
{
    return state_running(&view->state);
}
