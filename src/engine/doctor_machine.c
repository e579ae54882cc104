/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every pipeline of this machine: libraries, modules, clock, zones, limits. */
#include "engine/doctor.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/timex.h>
#include <unistd.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <archive.h>
#include <pcre2.h>
#include <sqlite3.h>
#include <yaml.h>
#include <zlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"
#include "base/text.h"
#include "connector/module.h"
#include "record/zone.h"

#define DAY_US (INT64_C(86400) * 1000000)
#define TEMPORARY_LEAST (INT64_C(64) << 20)

static void
libraries(struct doctor *doctor)
{
    char pcre2[64] = "0", archive[32];
    int number = archive_version_number();

    snprintf(archive, sizeof archive, "%d.%d.%d", number / 1000000, number / 1000 % 1000, number % 1000);
    pcre2_config(PCRE2_CONFIG_VERSION, pcre2);
    doctor_version(doctor, "sqlite", sqlite3_libversion(), "3.37.0", "3.38.0", "update it");
    if (sqlite3_libversion_number() < 3051003)
        doctor_note(doctor, DOCTOR_OK, 0, "sqlite_wal_reset",
                    "nothing, as long as Daybreak alone writes its targets; where other programs write the same WAL database, "
                    "run SQLite 3.51.3 or newer in all of them",
                    "SQLite before 3.51.3 can lose pages when two writers reset one WAL at once: Daybreak writes each file "
                    "from one connection");
    doctor_version(doctor, "libarchive", archive, "3.4.0", "3.6.2",
                   "versions before 3.6.2 have published faults in reading hostile archives: update it");
    doctor_version(doctor, "zlib", zlibVersion(), "1.2.9", "1.2.12", "versions before 1.2.12 have published faults: update it");
    doctor_version(doctor, "libyaml", yaml_get_version_string(), "0.1.6", "0.2.2",
                   "versions before 0.2.2 have published faults: update it");
    doctor_version(doctor, "pcre2", pcre2, "10.30", "10.40",
                   "versions before 10.40 have published faults in compiled patterns: update it");
}

struct modules {
    struct doctor *doctor;
    uint32_t good;
};

static void
module_one(void *context, const char *file, const struct daybreak_connector *connector, const struct daybreak_fault *fault)
{
    struct modules *modules = context;

    if (connector != NULL) {
        modules->good++;
        return;
    }
    doctor_note(modules->doctor, DOCTOR_FAIL, 1, "module",
                fault->hint[0] != '\0' ? fault->hint
                : "a module must belong to root or to you, not be writable by others, and fit this version",
                "%s: %s", file, fault->what);
}

static void
module_folder_look(struct doctor *doctor)
{
    struct modules modules = {.doctor = doctor};
    const char *folder = module_folder();
    struct stat st;

    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode)) {
        doctor_note(doctor, DOCTOR_FAIL, 1, "modules", "name the folder with --connectors DIR or $DAYBREAK_CONNECTORS",
                    "there is no module folder '%s'", folder);
        return;
    }
    if (st.st_mode & S_IWOTH)
        doctor_note(doctor, DOCTOR_FAIL, 77, "modules", "chmod o-w on it: who can write there runs code as you",
                    "'%s' is writable by everybody",
                    folder);
    module_each(module_one, &modules);
    if (modules.good == 0)
        doctor_note(doctor, DOCTOR_FAIL, 1, "modules", "name the folder with --connectors DIR or $DAYBREAK_CONNECTORS",
                    "no module can be used of those in '%s'", folder);
    else
        doctor_note(doctor, DOCTOR_OK, 0, "modules", NULL, "%u in '%s'", modules.good, folder);
}

static void
clocks(struct doctor *doctor)
{
    struct timex timex = {.modes = 0};
    int state = adjtimex(&timex);
    char now[CLOCK_TEXT_ROOM];
    struct stat st;

    if (state < 0)
        doctor_note(doctor, DOCTOR_OK, 0, "clock_sync", NULL, "whether the clock is synchronised cannot be asked here: %s",
                    strerror(errno));
    else
        doctor_clock(doctor, state, timex.status);
    clock_text(clock_now_us(), now);
    if (stat("/proc/self/exe", &st) == 0 && (int64_t)st.st_mtim.tv_sec * 1000000 > clock_now_us() + DAY_US)
        doctor_note(doctor, DOCTOR_FAIL, 1, "clock_now", "set the clock: inputs would be taken for files of the future",
                    "it is %.19s UTC, which is before this program was built", now);
    else
        doctor_note(doctor, DOCTOR_OK, 0, "clock_now", NULL, "it is %.19s UTC", now);
}

static void
zones(struct doctor *doctor)
{
    const char *folder = getenv("TZDIR"), *local = getenv("TZ");
    char link[256] = "";
    ssize_t size = readlink("/etc/localtime", link, sizeof link - 1);

    if (size > 0)
        link[size] = '\0';
    if (local == NULL || local[0] == '\0')
        local = strstr(link, "zoneinfo/") == NULL ? "UTC or unknown" : strstr(link, "zoneinfo/") + strlen("zoneinfo/");
    if (zone_find("Europe/Paris") == NULL)
        doctor_note(doctor, DOCTOR_FAIL, 1, "time_zones",
                    folder == NULL ? "install tzdata: `timezone:` and expressions need it"
                    : "unset TZDIR, or let it name a folder of compiled zones",
                    "there are no time zones in '%s'", folder == NULL ? "/usr/share/zoneinfo" : folder);
    else
        doctor_note(doctor, DOCTOR_OK, 0, "time_zones", NULL,
                    "time zones are there; this machine's own is %s, pipelines count in UTC", local);
}

static int64_t
limit_of(int resource)
{
    struct rlimit limit;

    return getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY || limit.rlim_cur > INT64_MAX ? -1
    : (int64_t)limit.rlim_cur;
}

/* A number alone in a file of /proc; -1 when it cannot be read. */
static int64_t
number_in(const struct doctor *doctor, const char *path)
{
    struct daybreak_fault fault = {0};
    int64_t number = -1;
    char *bytes, *end;
    size_t size;

    if (file_read(arena_printf(doctor->arena, "%s%s", doctor->root, path), 64, &bytes, &size, &fault) != 0)
        return -1;
    number = strtoll(bytes, &end, 10);
    if (end == bytes)
        number = -1;
    free(bytes);
    return number;
}

static void
limits(struct doctor *doctor)
{
    int64_t fsize = limit_of(RLIMIT_FSIZE), instances = number_in(doctor, "/proc/sys/fs/inotify/max_user_instances");
    char bytes[32];
    int fd;

    doctor_limit(doctor, "open_files", "open files (ulimit -n)", limit_of(RLIMIT_NOFILE), 64, 256,
                 "raise it: `ulimit -n 1024`, or LimitNOFILE= of the unit");
    doctor_limit(doctor, "address_space", "bytes of address space (ulimit -v)", limit_of(RLIMIT_AS), INT64_C(256) << 20,
                 INT64_C(1) << 30,
                 "raise it: a run that gets no memory ends at once (which is safe, but helps nobody)");
    if (fsize >= 0)
        doctor_note(doctor, fsize < (INT64_C(64) << 20) ? DOCTOR_FAIL : DOCTOR_WARN, 1, "file_size",
                    "lift it with `ulimit -f unlimited`: a target that grows beyond it stops a run",
                    "files may have %s at most (ulimit -f)",
                    doctor_bytes(fsize, bytes));
    else
        doctor_note(doctor, DOCTOR_OK, 0, "file_size", NULL, "size of a file (ulimit -f): no limit");
    fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0)
        doctor_note(doctor, DOCTOR_WARN, 0, "inotify",
                    "raise fs.inotify.max_user_instances with sysctl; until then --follow looks again and again",
                    "no folder can be watched: %s", strerror(errno));
    else if (instances >= 0 && instances < 16)
        doctor_note(doctor, DOCTOR_WARN, 0, "inotify",
                    "raise fs.inotify.max_user_instances with sysctl: each pipeline that follows takes two",
                    "a user may have %lld watchers (fs.inotify.max_user_instances)", (long long)instances);
    else
        doctor_note(doctor, DOCTOR_OK, 0, "inotify", NULL, "folders can be watched");
    if (fd >= 0)
        close(fd);
}

static void
temporary(struct doctor *doctor)
{
    const char *folder = getenv("TMPDIR");
    char bytes[32];
    int64_t free;

    if (folder == NULL || folder[0] == '\0')
        folder = "/tmp";
    free = file_free_bytes(folder);
    if (eaccess(folder, W_OK | X_OK) != 0)
        doctor_note(doctor, DOCTOR_WARN, 0, "temporary",
                    "let TMPDIR name a folder that you may write: compare and dry runs need one for large inputs",
                    "cannot write in '%s': %s", folder, strerror(errno));
    else if (free >= 0 && free < TEMPORARY_LEAST)
        doctor_note(doctor, DOCTOR_WARN, 0, "temporary", "free some space, or let TMPDIR name another folder",
                    "'%s' has %s left", folder,
                    doctor_bytes(free, bytes));
    else
        doctor_note(doctor, DOCTOR_OK, 0, "temporary", NULL, "'%s' can be written", folder);
}

void
doctor_machine(struct doctor *doctor)
{
    const struct passwd *user = getpwuid(geteuid());

    doctor->pipeline = NULL;
    libraries(doctor);
    module_folder_look(doctor);
    clocks(doctor);
    zones(doctor);
    limits(doctor);
    temporary(doctor);
    doctor_note(doctor, DOCTOR_OK, 0, "user", NULL, "%s%s", user == NULL ? "a user without a name" : user->pw_name,
                geteuid() == 0 ? ", for whom no permission says no: ask again as the user who runs the pipelines" : "");
}
