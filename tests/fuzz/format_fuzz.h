/* SPDX-License-Identifier: Apache-2.0 */
#ifndef FORMAT_FUZZ_H
#define FORMAT_FUZZ_H

#include <stddef.h>
#include <stdint.h>

#define FORMAT_FUZZ_OPTIONS(...) ((const char *const[]){__VA_ARGS__, NULL})

/** format_fuzz(options, sets, data, size): the bytes through the format that is linked in, with one of ${sets} rows of options (which one, its size
 * says). What comes out must be the same whatever pieces it is fed in, but for where columns change: ${options} must name all of them. */
void format_fuzz(const char *const *const *options, size_t sets, const uint8_t *data, size_t size);

/** format_fuzz_one(options, data, size): the same with these options. */
void format_fuzz_one(const char *const *options, const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
