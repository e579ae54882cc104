/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as one JSON document whose records lie at some path. */
#include "format_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const *const sets[] = {
        FORMAT_FUZZ_OPTIONS("names", "a|a.b|c"),
        FORMAT_FUZZ_OPTIONS("path", "a.b", "names", "a|a.b|c"),
        FORMAT_FUZZ_OPTIONS("path", "/a/0", "names", "a|b"),
    };

    format_fuzz(sets, sizeof sets / sizeof *sets, data, size);
    return 0;
}
