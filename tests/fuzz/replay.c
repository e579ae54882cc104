/* SPDX-License-Identifier: Apache-2.0 */
/* A fuzz target without the fuzzer: gives it the files that are named, or those of the folders that are, one after the other. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define FILE_MOST (64 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static long replayed;

static int
replay_file(const char *path)
{
    uint8_t *bytes = malloc(FILE_MOST), *data;
    FILE *file = fopen(path, "rb");
    size_t size;

    if (file == NULL || bytes == NULL) {
        perror(path);
        free(bytes);
        return 1;
    }
    size = fread(bytes, 1, FILE_MOST, file);
    fclose(file);
    data = realloc(bytes, size > 0 ? size : 1); /* so that a sanitizer sees what reads beyond it */
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    replayed++;
    return 0;
}

int
main(int count, char **words)
{
    int bad = 0;

    for (int i = 1; i < count; i++) {
        struct dirent *entry;
        struct stat status;
        char path[4096];
        DIR *folder;

        if (stat(words[i], &status) != 0 || !S_ISDIR(status.st_mode)) {
            bad += replay_file(words[i]);
            continue;
        }
        folder = opendir(words[i]);
        while (folder != NULL && (entry = readdir(folder)) != NULL)
            if (entry->d_name[0] != '.' && (size_t)snprintf(path, sizeof path, "%s/%s", words[i], entry->d_name) < sizeof path)
                bad += replay_file(path);
        if (folder != NULL)
            closedir(folder);
    }
    printf("%ld inputs\n", replayed);
    return bad == 0 && replayed > 0 ? 0 : 1;
}
