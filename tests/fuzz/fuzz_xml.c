/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an XML document; what stands before a first NUL is the path of a field besides. */
#include <stdlib.h>
#include <string.h>

#include "../support/format_reader.h"
#include "format_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const repeated[] = {"first", "json", "join=+"};
    const uint8_t *nul = size > 0 ? memchr(data, 0, size < 200 ? size : 200) : NULL;
    struct format_reading found = {.type = &daybreak_connector, .options = FORMAT_FUZZ_OPTIONS("record", "//r"), .block_bytes = 1 + (uint32_t)size % 50};
    char paths[300] = "@id|../@id|a|/x/a|";
    size_t length = strlen(paths);

    if (nul != NULL) {
        for (const uint8_t *at = data; at < nul; at++)
            paths[length++] = *at == '|' ? '/' : (char)*at; /* a | is between two of them */
        paths[length] = '\0';
        size -= (size_t)(nul + 1 - data);
        data = nul + 1;
    }
    format_fuzz_one(FORMAT_FUZZ_OPTIONS("record", size % 2 == 0 ? "//r" : "/x/r", "names", "id|of|a|top|path", "paths", paths, "repeated",
                                        repeated[size % 3], "space", size % 5 == 0 ? "normalize" : "keep", "namespaces", "p=urn:p"), data, size);
    free(format_read(&found, (const char *)data, size)); /* where pieces end decides when columns are met */
    return 0;
}
