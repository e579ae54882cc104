/* SPDX-License-Identifier: Apache-2.0 */
/* The list of what was looked at, and what is said of a figure. */
#include "engine/doctor.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timex.h>

#include "base/arena.h"
#include "base/text.h"

void
doctor_init(struct doctor *doctor)
{
    const char *root = getenv("DAYBREAK_DOCTOR_ROOT");

    memset(doctor, 0, sizeof *doctor);
    doctor->arena = arena_new();
    doctor->root = root == NULL ? "" : root;
}

void
doctor_fini(struct doctor *doctor)
{
    arena_free(doctor->arena);
    free(doctor->check);
    memset(doctor, 0, sizeof *doctor);
}

void
doctor_note(struct doctor *doctor, enum doctor_level level, int status, const char *name, const char *advice,
            const char *found, ...)
{
    struct doctor_check *check;
    struct text text = {0};
    char line[2048];
    va_list args;

    va_start(args, found);
    vsnprintf(line, sizeof line, found, args);
    va_end(args);
    text_printable(line, strlen(line), sizeof line, &text); /* names of files and lines of a crontab are anybody's */
    if (doctor->count == doctor->room) {
        doctor->room = doctor->room == 0 ? 32 : doctor->room * 2;
        doctor->check = memory_grow(doctor->check, doctor->room * sizeof *doctor->check);
    }
    check = &doctor->check[doctor->count++];
    *check = (struct doctor_check){.name = arena_text(doctor->arena, name), .level = level,
                                   .found = arena_text(doctor->arena, text_end(&text)),
                                   .pipeline = doctor->pipeline == NULL ? NULL : arena_text(doctor->arena, doctor->pipeline),
                                   .advice = advice == NULL ? NULL : arena_text(doctor->arena, advice),
                                   .status = level == DOCTOR_FAIL ? status : 0};
    text_fini(&text);
}

const char *
doctor_bytes(int64_t bytes, char text[32])
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    double value = (double)bytes;
    size_t i = 0;

    while (value >= 1024 && i + 1 < sizeof unit / sizeof *unit) {
        value /= 1024;
        i++;
    }
    snprintf(text, 32, value < 10 && i > 0 ? "%.1f %s" : "%.0f %s", value, unit[i]);
    return text;
}

/* Parts of a version are compared as numbers; what is no digit ends one. */
static int
version_compare(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        char *end_a, *end_b;
        long part_a = strtol(a, &end_a, 10), part_b = strtol(b, &end_b, 10);

        if (part_a != part_b)
            return part_a < part_b ? -1 : 1;
        if (end_a == a && end_b == b)
            return 0;
        a = *end_a == '.' ? end_a + 1 : "";
        b = *end_b == '.' ? end_b + 1 : "";
    }
    return 0;
}

void
doctor_version(struct doctor *doctor, const char *library, const char *version, const char *least, const char *sound,
               const char *why)
{
    char advice[512];

    if (version_compare(version, least) < 0) {
        snprintf(advice, sizeof advice, "daybreak needs %s %s or newer", library, least);
        doctor_note(doctor, DOCTOR_FAIL, 1, library, advice, "%s", version);
    } else if (version_compare(version, sound) < 0) {
        doctor_note(doctor, DOCTOR_WARN, 0, library, why, "%s, before %s", version, sound);
    } else {
        doctor_note(doctor, DOCTOR_OK, 0, library, NULL, "%s", version);
    }
}

void
doctor_clock(struct doctor *doctor, int state, int status)
{
    if (state == TIME_ERROR || (status & STA_UNSYNC) != 0)
        doctor_note(doctor, DOCTOR_WARN, 0, "clock_sync",
                    "run chrony or systemd-timesyncd: lag, and whether an input is late, are read from this clock",
                    "the system clock is not synchronised");
    else
        doctor_note(doctor, DOCTOR_OK, 0, "clock_sync", NULL, "the system clock is synchronised");
}

void
doctor_filesystem(struct doctor *doctor, const char *name, const char *path, uint32_t magic, bool state)
{
    static const struct {
        uint32_t magic;
        char kind;           /* g good, n network, f FUSE, m memory, o overlay, p poor */
        const char *name;
    } known[] = {
        {0xef53, 'g', "ext4"},      {0x58465342, 'g', "XFS"},   {0x9123683e, 'g', "Btrfs"}, {0x2fc12fc1, 'g', "ZFS"},
        {0xf2f52010, 'g', "F2FS"},  {0xca451a4e, 'g', "bcachefs"}, {0x6969, 'n', "NFS"},    {0xff534d42, 'n', "CIFS"},
        {0xfe534d42, 'n', "SMB"},   {0x517b, 'n', "SMB"},       {0x01021997, 'n', "9p"},    {0x00c36400, 'n', "Ceph"},
        {0x5346414f, 'n', "AFS"},   {0x0bd00bd0, 'n', "Lustre"}, {0x65735546, 'f', "FUSE"}, {0x01021994, 'm', "tmpfs"},
        {0x858458f6, 'm', "ramfs"}, {0x794c7630, 'o', "overlay"}, {0x4d44, 'p', "FAT"},     {0x2011bab0, 'p', "exFAT"},
    };
    size_t i = 0;

    while (i < sizeof known / sizeof *known && known[i].magic != magic)
        i++;
    if (i == sizeof known / sizeof *known) {
        doctor_note(doctor, DOCTOR_OK, 0, name, NULL, "'%s' is on a file system of kind 0x%" PRIx32, path, magic);
        return;
    }
    switch (known[i].kind) {
    case 'n':
    case 'f':
        doctor_note(doctor, state ? DOCTOR_FAIL : DOCTOR_WARN, 78, name,
                    state ? "locks and syncs cannot be trusted there: keep the state on a local disk with --state DIR"
                          : "locks and syncs cannot be trusted there: a local disk is the safer target",
                    "'%s' is on %s", path, known[i].name);
        break;
    case 'm':
        doctor_note(doctor, DOCTOR_WARN, 0, name,
                    state ? "it is gone when the machine restarts, and then the next run stops: keep the state on a disk with "
                            "--state DIR"
                          : "it is gone when the machine restarts",
                    "'%s' is on %s, in memory", path, known[i].name);
        break;
    case 'o':
        doctor_note(doctor, DOCTOR_WARN, 0, name,
                    state ? "in a container it goes with the container: mount a volume there, or name one with --state DIR"
                          : "in a container it goes with the container: mount a volume there",
                    "'%s' is on an %s", path, known[i].name);
        break;
    case 'p':
        doctor_note(doctor, DOCTOR_WARN, 0, name,
                    "it knows no owners and keeps poorly what a power cut interrupts: use another disk",
                    "'%s' is on %s", path, known[i].name);
        break;
    default:
        doctor_note(doctor, DOCTOR_OK, 0, name, NULL, "'%s' is on %s", path, known[i].name);
    }
}

#define SPACE_LEAST (INT64_C(64) << 20)
#define INODES_LEAST 100

void
doctor_space(struct doctor *doctor, const char *name, const char *path, int64_t free, int64_t inodes, int64_t need)
{
    char have[32], want[32];

    if (free < 0) {
        doctor_note(doctor, DOCTOR_WARN, 0, name, NULL, "how much room '%s' has cannot be told", path);
        return;
    }
    doctor_bytes(free, have);
    doctor_bytes(need, want);
    if (inodes >= 0 && inodes < INODES_LEAST)
        doctor_note(doctor, DOCTOR_FAIL, 1, name, "remove files there, or use another disk",
                    "'%s' has room for %" PRId64 " more files", path, inodes);
    else if (free < need)
        doctor_note(doctor, DOCTOR_FAIL, 1, name, "free some space: a run would stop with 74 and change nothing",
                    "'%s' has %s left, the largest input may need %s", path, have, want);
    else if (free / 2 < need || free < SPACE_LEAST)
        doctor_note(doctor, DOCTOR_WARN, 0, name, "free some space before it stops a run",
                    "'%s' has %s left, the largest input may need %s", path, have, want);
    else
        doctor_note(doctor, DOCTOR_OK, 0, name, NULL, "'%s' has %s left", path, have);
}

void
doctor_limit(struct doctor *doctor, const char *name, const char *what, int64_t value, int64_t fail, int64_t warn,
             const char *advice)
{
    if (value < 0)
        doctor_note(doctor, DOCTOR_OK, 0, name, NULL, "%s: no limit", what);
    else
        doctor_note(doctor, value < fail ? DOCTOR_FAIL : value < warn ? DOCTOR_WARN : DOCTOR_OK, 1, name, value < warn ? advice
                    : NULL,
                    "%s: %" PRId64, what, value);
}
