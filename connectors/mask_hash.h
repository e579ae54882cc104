/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CONNECTORS_MASK_HASH_H
#define CONNECTORS_MASK_HASH_H

#include <stddef.h>
#include <stdint.h>

/* HMAC-SHA-256 (FIPS 198-1, FIPS 180-4) of short texts with one key: what the key makes of both hashes is computed once. */
struct mask_hash {
    uint32_t inner[8], outer[8]; /* states behind the first block */
};

void mask_hash_key(struct mask_hash *hash, const void *key, size_t size);
void mask_hash_text(const struct mask_hash *hash, const void *text, size_t size, uint8_t mac[32]);

#endif
