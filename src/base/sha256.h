/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_SHA256_H
#define BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32

/* SHA-256 (FIPS 180-4) in pieces. Not for secrets: its time is not hidden. */
struct sha256 {
    uint32_t state[8];
    uint64_t size; /* bytes added so far */
    uint8_t block[64];
};

void sha256_init(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t size);
/** sha256_end(sha, hash): ${sha} must be initialised anew before it is used again. */
void sha256_end(struct sha256 *sha, uint8_t hash[SHA256_SIZE]);

#endif
