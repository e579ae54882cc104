/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a file that lies in a folder: what packs it is found, its members are walked and read to their ends. What is given is bounded,
 * however much an archive promises.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../support/extract_reader.h"

#define MOST (4u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char folder[64];

static void
folder_remove(void)
{
    rmdir(folder);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"a.csv", "a.csv.gz", "a.tar", "a.tar.gz", "a.zip", "a.7z", "a.tar.zst", "a.bz2", "a.xz", "a.lz4"};
    /* bytes say what a file is; a name only promises, and is believed when they say nothing else */
    const char *name = size % 4 == 0 ? names[size / 4 % (sizeof names / sizeof *names)] : names[0];
    struct daybreak_fault fault = {0};
    char path[128];
    void *self;
    int fd;

    if (folder[0] == '\0') {
        snprintf(folder, sizeof folder, "%s/fuzz_archive.XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
        if (mkdtemp(folder) == NULL || atexit(folder_remove) != 0)
            abort();
    }
    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0)
        abort();
    self = extract_open(&daybreak_connector, (const char *const[]){"path", name, "settle", "0s", "max_member", "4194304", "max_ratio", "1000",
                                                                   "max_members", "50", NULL}, folder, &fault);
    if (self == NULL)
        abort();
    if (extract_take(&daybreak_connector, self, name)) {
        enum daybreak_next next = DAYBREAK_MORE;
        struct daybreak_part part = {.size = sizeof part, .name = ""};
        char block[4096];
        uint64_t all = 0;

        while (daybreak_connector.next_part(self, &part, &next, &fault) == 0 && next == DAYBREAK_MORE) {
            size_t got = 0;

            if (part.name[0] == '/' || strncmp(part.name, "../", 3) == 0 || strstr(part.name, "/../") != NULL)
                abort(); /* such a member holds the input */
            while (next == DAYBREAK_MORE && daybreak_connector.read(self, block, sizeof block, &got, &next, &fault) == 0)
                all += got;
            if (all > 50ull * (MOST + sizeof block) || next == DAYBREAK_INPUT_CUT)
                break;
        }
        if (all > 50ull * (MOST + sizeof block))
            abort();
        daybreak_connector.abandon(self);
    }
    free(extract_log());
    extract_close(&daybreak_connector, self);
    unlink(path);
    return 0;
}
