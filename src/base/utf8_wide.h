/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_UTF8_WIDE_H
#define BASE_UTF8_WIDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** utf8_wide(bytes, size): what text_utf8 says of ${bytes}, 32 bytes at a time; only where utf8_wide_can() is true. */
bool utf8_wide(const char *bytes, size_t size);
bool utf8_wide_can(void);

#endif
