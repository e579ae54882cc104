/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as JSON lines with the columns that a pipeline names. */
#include "format_fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    format_fuzz_one(FORMAT_FUZZ_OPTIONS("names", "a|b|c"), data, size);
    return 0;
}
