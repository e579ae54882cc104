/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as CSV, in several dialects. */
#include "format_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *const *const sets[] = {
        FORMAT_FUZZ_OPTIONS("header", "true"),
        FORMAT_FUZZ_OPTIONS("header", "false", "names", "a|b|c", "delimiter", ";", "ragged", "pad"),
        FORMAT_FUZZ_OPTIONS("header", "true", "quote", "none", "escape", "\\", "trim", "true", "null_text", "NULL"),
        FORMAT_FUZZ_OPTIONS("header", "false", "names", "a|b", "quote", "'", "comment", "#", "skip", "1", "ragged", "cut"),
        FORMAT_FUZZ_OPTIONS("header", "true", "delimiter", "||", "trailer", "starts=T|count=2"),
    };

    format_fuzz(sets, sizeof sets / sizeof *sets, data, size);
    return 0;
}
