/* SPDX-License-Identifier: Apache-2.0 */
/* A new connector begins as a copy of a template with another name. The templates are real connectors of this tree, built and tested with it. */
#include "cli/template.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/template_text.inc"
#include "connector/module.h"

const struct template_file *
template_files(enum daybreak_role role)
{
    static const struct template_file extract[] = {
        {"extract_template.c", template_extract_c}, {"kit.yaml", template_extract_kit}, {"check.sh", template_extract_check},
        {"Makefile", template_makefile}, {"README.md", template_readme_md}, {NULL, NULL}};
    static const struct template_file format[] = {
        {"format_template.c", template_format_c}, {"kit.yaml", template_format_kit}, {"check.sh", template_format_check},
        {"Makefile", template_makefile}, {"README.md", template_readme_md}, {NULL, NULL}};
    static const struct template_file load[] = {
        {"load_template.c", template_load_c}, {"kit.yaml", template_load_kit}, {"check.sh", template_load_check},
        {"Makefile", template_makefile}, {"README.md", template_readme_md}, {NULL, NULL}};
    static const struct template_file transform[] = {
        {"transform_template.c", template_transform_c}, {"kit.yaml", template_transform_kit}, {"check.sh", template_transform_check},
        {"Makefile", template_makefile}, {"README.md", template_readme_md}, {NULL, NULL}};
    static const struct template_file *const of[] = {
        [DAYBREAK_EXTRACT] = extract, [DAYBREAK_FORMAT] = format, [DAYBREAK_LOAD] = load, [DAYBREAK_TRANSFORM] = transform};

    return of[role];
}

/* `template` becomes the name, `@ROLE@` the role. */
static void
fill(const char *from, enum daybreak_role role, const char *name, struct text *out)
{
    while (*from != '\0')
        if (strncmp(from, "template", 8) == 0) {
            text_put(out, name);
            from += 8;
        } else if (strncmp(from, "@ROLE@", 6) == 0) {
            text_put(out, module_role_name[role]);
            from += 6;
        } else {
            text_char(out, *from++);
        }
}

void
template_name(enum daybreak_role role, const char *name, const char *file, char to[128])
{
    struct text out = {0};

    fill(file, role, name, &out);
    snprintf(to, 128, "%s", text_end(&out));
    text_fini(&out);
}

static int
file_write(enum daybreak_role role, const char *name, const char *folder, const struct template_file *file, struct daybreak_fault *fault)
{
    bool runs = strcmp(file->name, "check.sh") == 0;
    char base[128], path[PATH_MAX];
    struct text out = {0};
    int fd, result;

    template_name(role, name, file->name, base);
    snprintf(path, sizeof path, "%s/%s", folder, base);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, runs ? 0777 : 0666);
    if (fd < 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot create '%s': %s", path, strerror(errno));
        return fault_exit(fault, 73, "no-folder");
    }
    fill(file->text, role, name, &out);
    result = file_write_all(fd, text_end(&out), out.size, path, fault);
    text_fini(&out);
    if (close(fd) != 0 && result == 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot write '%s': %s", path, strerror(errno));
        result = fault_exit(fault, 74, "no-folder");
    }
    return result;
}

int
template_write(enum daybreak_role role, const char *name, const char *folder, struct daybreak_fault *fault)
{
    if (mkdir(folder, 0777) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot make folder '%s': %s", folder, strerror(errno));
        if (errno == EEXIST)
            fault_hint(fault, "nothing is overwritten: take another name, or remove the folder");
        return fault_exit(fault, 73, "no-folder");
    }
    for (const struct template_file *file = template_files(role); file->name != NULL; file++)
        if (file_write(role, name, folder, file, fault) != 0)
            return -1;
    return 0;
}
