/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a module is found, checked and loaded. All checks that need no code of the module run before dlopen, because constructors run
 * inside it.
 */
#include "connector/module.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/fault.h"
#include "base/text.h"

#ifndef DAYBREAK_CONNECTOR_DIR
#define DAYBREAK_CONNECTOR_DIR "/usr/lib/daybreak/connectors"
#endif

const char *const module_role_name[] = {
    [0] = "module",
    [DAYBREAK_EXTRACT] = "extract",
    [DAYBREAK_FORMAT] = "format",
    [DAYBREAK_LOAD] = "load",
    [DAYBREAK_TRANSFORM] = "transform",
};

struct loaded {
    struct daybreak_connector connector; /* a copy: what an older module does not know of is zero in it */
    char path[PATH_MAX];
    struct loaded *next;
};

#define OWN_MOST 8

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const struct daybreak_connector *own[OWN_MOST]; /* of this binary */
static struct loaded *modules;
static char folder[PATH_MAX];

void
module_folder_set(const char *dir)
{
    snprintf(folder, sizeof folder, "%s", dir);
}

/* Beside the binary lies the build tree's own folder: it works without being installed. */
static bool
folder_of_build(void)
{
    char self[PATH_MAX - 64];
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    char *slash;

    if (size <= 0)
        return false;
    self[size] = '\0';
    slash = strrchr(self, '/');
    if (slash == NULL)
        return false;
    *slash = '\0';
    for (int up = 0; up < 2; up++) { /* a libtool or test program may stand one folder deeper */
        snprintf(folder, sizeof folder, "%s/connectors/extract_file.so", self);
        if (access(folder, R_OK) == 0) {
            snprintf(folder, sizeof folder, "%s/connectors", self);
            return true;
        }
        slash = strrchr(self, '/');
        if (slash == NULL || slash == self)
            break;
        *slash = '\0';
    }
    return false;
}

const char *
module_folder(void)
{
    const char *given = getenv("DAYBREAK_CONNECTORS");

    if (folder[0] != '\0')
        return folder;
    if (given != NULL && given[0] != '\0')
        snprintf(folder, sizeof folder, "%s", given);
    else if (!folder_of_build())
        snprintf(folder, sizeof folder, "%s", DAYBREAK_CONNECTOR_DIR);
    return folder;
}

/* Who may have written what we are about to run: root, the caller, or the owner of this binary. */
static int
check_owner(const struct stat *st, const char *path, struct daybreak_fault *fault)
{
    struct stat self;
    bool trusted = st->st_uid == 0 || st->st_uid == geteuid();

    if (!trusted && stat("/proc/self/exe", &self) == 0)
        trusted = st->st_uid == self.st_uid;
    if (!S_ISREG(st->st_mode))
        return fault_set(fault, DAYBREAK_HALT, "cannot load module '%s': it is no regular file", path);
    if (!trusted)
        return fault_set(fault, DAYBREAK_HALT,
                         "cannot load module '%s': it belongs to user %u, neither root, you nor the owner of daybreak",
                         path, (unsigned)st->st_uid);
    if ((st->st_mode & S_IWOTH) || ((st->st_mode & S_IWGRP) && st->st_gid != getegid())) {
        fault_set(fault, DAYBREAK_HALT, "cannot load module '%s': others may write it", path);
        return fault_hint(fault, "chmod go-w '%s'", path);
    }
    return 0;
}

static bool
calls_complete(const struct daybreak_connector *c)
{
    if (c->open == NULL || c->close == NULL)
        return false;
    switch (c->role) {
    case DAYBREAK_EXTRACT:
        if (c->abilities & DAYBREAK_GIVES_RECORDS)
            return c->pull != NULL && !(c->abilities & DAYBREAK_GIVES_BYTES);
        return c->next_input != NULL && c->digest != NULL && c->next_part != NULL && c->read != NULL &&
               c->changed_since != NULL && c->finish != NULL && c->abandon != NULL &&
               (c->seek != NULL || !(c->abilities & DAYBREAK_RESUMES));
    case DAYBREAK_FORMAT:
        return c->begin != NULL && c->feed != NULL && c->columns != NULL && c->mark != NULL &&
               c->compare != NULL;
    case DAYBREAK_LOAD:
        return c->claim != NULL && c->prepare != NULL && c->stage != NULL && c->commit != NULL &&
               c->rollback != NULL &&
               ((c->abilities & DAYBREAK_TRANSACTIONAL) || c->state_mark != NULL) &&
               (!(c->abilities & DAYBREAK_READS_BACK) || (c->scan != NULL && c->find != NULL));
    case DAYBREAK_TRANSFORM:
        return c->apply != NULL;
    }
    return false;
}

static int
check_symbol(const struct daybreak_connector *c, const char *path, enum daybreak_role role,
             const char *name, struct daybreak_fault *fault)
{
    if (c->abi != DAYBREAK_ABI)
        return fault_set(fault, DAYBREAK_HALT,
                         "cannot load module '%s': it was built for ABI %u, this daybreak speaks %u", path,
                         c->abi, DAYBREAK_ABI);
    if (c->size < offsetof(struct daybreak_connector, intend)) /* what every module of this ABI has */
        return fault_set(fault, DAYBREAK_HALT,
                         "cannot load module '%s': its table is %u bytes, %zu are needed", path, c->size,
                         offsetof(struct daybreak_connector, intend));
    if (c->role != role || c->name == NULL || strcmp(c->name, name) != 0)
        return fault_set(fault, DAYBREAK_HALT,
                         "cannot load module '%s': it calls itself '%s', its file says '%s_%s'", path,
                         c->name == NULL ? "" : c->name, module_role_name[role], name);
    if (!calls_complete(c))
        return fault_set(fault, DAYBREAK_HALT,
                         "cannot load module '%s': calls that its role or abilities need are missing", path);
    return 0;
}

static int
load(const char *path, enum daybreak_role role, const char *name, const struct daybreak_connector **out,
     struct daybreak_fault *fault)
{
    const struct daybreak_connector *connector;
    struct loaded *entry;
    struct stat st;
    char opened[64];
    void *handle;
    int fd;

    for (entry = modules; entry != NULL; entry = entry->next)
        if (strcmp(entry->path, path) == 0) {
            *out = &entry->connector;
            return 0;
        }
    fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return fault_set(fault, DAYBREAK_HALT, "cannot open module '%s': %s", path, strerror(errno));
    if (fstat(fd, &st) != 0) {
        fault_set(fault, DAYBREAK_HALT, "cannot look at module '%s': %s", path, strerror(errno));
        goto close_fd;
    }
    if (check_owner(&st, path, fault) != 0)
        goto close_fd;
    snprintf(opened, sizeof opened, "/proc/self/fd/%d", fd);
    handle = dlopen(opened, RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        fault_set(fault, DAYBREAK_HALT, "cannot load module '%s': %s", path, dlerror());
        goto close_fd;
    }
    connector = dlsym(handle, "daybreak_connector");
    if (connector == NULL) {
        fault_set(fault, DAYBREAK_HALT, "cannot load module '%s': it exports no 'daybreak_connector'", path);
        goto close_fd;
    }
    if (check_symbol(connector, path, role, name, fault) != 0)
        goto close_fd;
    entry = memory_zero(sizeof *entry);
    memcpy(&entry->connector, connector, connector->size < sizeof entry->connector ? connector->size : sizeof entry->connector);
    snprintf(entry->path, sizeof entry->path, "%s", path);
    entry->next = modules;
    modules = entry;
    /* The descriptor stays open: the loader names a library by this path, and a reused number would be taken for it. */
    *out = &entry->connector;
    return 0;

close_fd:
    close(fd);
    return -1;
}

/* ROLE_NAME.so: which role, and where the name begins. */
static enum daybreak_role
role_of_file(const char *file, char name[128])
{
    for (int role = DAYBREAK_EXTRACT; role <= DAYBREAK_TRANSFORM; role++) {
        size_t prefix = strlen(module_role_name[role]), size = strlen(file);

        if (strncmp(file, module_role_name[role], prefix) == 0 && file[prefix] == '_' &&
            size > prefix + 4 && size - prefix - 4 < 128 && strcmp(file + size - 3, ".so") == 0) {
            memcpy(name, file + prefix + 1, size - prefix - 4);
            name[size - prefix - 4] = '\0';
            return (enum daybreak_role)role;
        }
    }
    return 0;
}

static void
hint_modules(enum daybreak_role role, const char *name, struct daybreak_fault *fault)
{
    struct dirent **entry;
    struct text list = {0};
    const char *names[64];
    size_t count = 0;
    int found = scandir(module_folder(), &entry, NULL, alphasort);
    const char *nearest;

    for (int i = 0; i < found; i++) {
        char buffer[128];

        if (role_of_file(entry[i]->d_name, buffer) == role && count < 64) {
            names[count] = memory_text(buffer);
            text_printf(&list, "%s%s", count == 0 ? "" : ", ", buffer);
            count++;
        }
        free(entry[i]);
    }
    if (found >= 0)
        free(entry);
    nearest = text_nearest(name, names, count);
    if (nearest != NULL)
        fault_hint(fault, "did you mean '%s'? there are: %s", nearest, text_end(&list));
    else if (count > 0)
        fault_hint(fault, "there are: %s", text_end(&list));
    else
        fault_hint(fault, "no module of this role lies in '%s'; see --connectors", module_folder());
    for (size_t i = 0; i < count; i++)
        free((char *)names[i]);
    text_fini(&list);
}

void
module_add(const struct daybreak_connector *connector)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < OWN_MOST; i++)
        if (own[i] == NULL || own[i] == connector) {
            own[i] = connector;
            break;
        }
    pthread_mutex_unlock(&lock);
}

/* One of this binary's own; NULL: there is none of that name. */
static const struct daybreak_connector *
own_find(enum daybreak_role role, const char *name)
{
    for (size_t i = 0; i < OWN_MOST && own[i] != NULL; i++)
        if (own[i]->role == role && strcmp(own[i]->name, name) == 0)
            return own[i];
    return NULL;
}

int
module_find(enum daybreak_role role, const char *name, const struct daybreak_connector **connector,
            struct daybreak_fault *fault)
{
    char path[PATH_MAX];
    int result;

    if (strlen(name) > 64 || strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen(name))
        return fault_set(fault, DAYBREAK_HALT, "'%s' is no name of a connector: a-z, 0-9 and _ are", name);
    if ((size_t)snprintf(path, sizeof path, "%s/%s_%s.so", module_folder(), module_role_name[role], name) >=
        sizeof path)
        return fault_set(fault, DAYBREAK_HALT, "the folder of modules has too long a name: '%s'",
                         module_folder());
    pthread_mutex_lock(&lock);
    *connector = own_find(role, name);
    if (*connector != NULL) {
        result = 0;
    } else if (access(path, F_OK) != 0) {
        result = fault_set(fault, DAYBREAK_HALT, "there is no %s connector '%s'", module_role_name[role], name);
        hint_modules(role, name, fault);
    } else {
        result = load(path, role, name, connector, fault);
    }
    pthread_mutex_unlock(&lock);
    if (result != 0)
        fault_exit(fault, 78, "no-connector");
    return result;
}

void
module_each(void (*each)(void *context, const char *file, const struct daybreak_connector *connector,
                         const struct daybreak_fault *fault),
            void *context)
{
    struct dirent **entry;
    int found = scandir(module_folder(), &entry, NULL, alphasort);

    for (int i = 0; i < found; i++) {
        const struct daybreak_connector *connector = NULL;
        struct daybreak_fault fault = {0};
        char name[128];
        enum daybreak_role role = role_of_file(entry[i]->d_name, name);

        if (role != 0) {
            if (module_find(role, name, &connector, &fault) == 0)
                each(context, entry[i]->d_name, connector, NULL);
            else
                each(context, entry[i]->d_name, NULL, &fault);
        }
        free(entry[i]);
    }
    if (found >= 0)
        free(entry);
}
