/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a pipeline file: it is read, or findings say what is wrong and where. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "config/config.h"
#include "config/finding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int fd = memfd_create("pipeline", MFD_CLOEXEC);
    struct findings findings;
    struct config *config;
    struct text out = {0};
    char path[64];

    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    findings_init(&findings);
    config = config_read_all(path, &findings);
    if (config == NULL && findings.errors == 0)
        abort();
    findings_print(&findings, &out, false);
    config_free(config);
    findings_fini(&findings);
    text_fini(&out);
    close(fd);
    return 0;
}
