/* SPDX-License-Identifier: Apache-2.0 */
/* SHA-256 as FIPS 180-4 writes it down (sections 4.1.2, 5, 6.2), by the processor's own rounds where it has them. */
#include "sha256.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>
#endif

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t k[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

#define ROTR(x, n) ((x) >> (n) | (x) << (32 - (n)))

/* One round; the eight variables change places by their order in the call, not by being moved. */
#define ROUND(a, b, c, d, e, f, g, h, t)                                                                                            \
    do {                                                                                                                            \
        uint32_t t1 = (h) + (ROTR(e, 6) ^ ROTR(e, 11) ^ ROTR(e, 25)) + (((e) & (f)) ^ (~(e) & (g))) + k[t] + w[t];                  \
        uint32_t t2 = (ROTR(a, 2) ^ ROTR(a, 13) ^ ROTR(a, 22)) + (((a) & (b)) ^ ((a) & (c)) ^ ((b) & (c)));                         \
                                                                                                                                    \
        (d) += t1;                                                                                                                  \
        (h) = t1 + t2;                                                                                                              \
    } while (0)

static void
take_plainly(uint32_t state[8], const uint8_t *at, size_t blocks)
{
    for (; blocks > 0; blocks--, at += 64) {
        uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
        uint32_t w[64];

        for (int t = 0; t < 16; t++)
            w[t] = (uint32_t)at[4 * t] << 24 | (uint32_t)at[4 * t + 1] << 16 | (uint32_t)at[4 * t + 2] << 8 | at[4 * t + 3];
        for (int t = 16; t < 64; t++)
            w[t] = (ROTR(w[t - 2], 17) ^ ROTR(w[t - 2], 19) ^ w[t - 2] >> 10) + w[t - 7] +
                   (ROTR(w[t - 15], 7) ^ ROTR(w[t - 15], 18) ^ w[t - 15] >> 3) + w[t - 16];
        for (int t = 0; t < 64; t += 8) {
            ROUND(a, b, c, d, e, f, g, h, t);
            ROUND(h, a, b, c, d, e, f, g, t + 1);
            ROUND(g, h, a, b, c, d, e, f, t + 2);
            ROUND(f, g, h, a, b, c, d, e, t + 3);
            ROUND(e, f, g, h, a, b, c, d, t + 4);
            ROUND(d, e, f, g, h, a, b, c, t + 5);
            ROUND(c, d, e, f, g, h, a, b, t + 6);
            ROUND(b, c, d, e, f, g, h, a, t + 7);
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }
}

#if defined(__x86_64__)
/* The processor's own rounds, two at a time: it wants the state as (a b e f) and (c d g h), the highest lane first. */
__attribute__((target("sha,sse4.1,ssse3"))) static void
take_by_processor(uint32_t state[8], const uint8_t *at, size_t blocks)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0bll, 0x0405060700010203ll);
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)state), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(state + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(low, high, 8), cdgh = _mm_blend_epi16(high, low, 0xf0);

    for (; blocks > 0; blocks--, at += 64) {
        const __m128i abef_before = abef, cdgh_before = cdgh;
        __m128i w[4];

#pragma GCC unroll 16
        for (int i = 0; i < 16; i++) { /* four rounds each; w[i % 4] are the words of these, the others those before */
            __m128i words;

            if (i < 4) {
                words = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)(at + 16 * i)), big_endian);
            } else {
                words = _mm_add_epi32(_mm_sha256msg1_epu32(w[i % 4], w[(i + 1) % 4]), _mm_alignr_epi8(w[(i + 3) % 4], w[(i + 2) % 4], 4));
                words = _mm_sha256msg2_epu32(words, w[(i + 3) % 4]);
            }
            w[i % 4] = words;
            words = _mm_add_epi32(words, _mm_loadu_si128((const __m128i *)(const void *)(k + 4 * i)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, words);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(words, 0x0e));
        }
        abef = _mm_add_epi32(abef, abef_before);
        cdgh = _mm_add_epi32(cdgh, cdgh_before);
    }
    low = _mm_shuffle_epi32(abef, 0x1b);
    high = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)state, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(state + 4), _mm_alignr_epi8(high, low, 8));
}
#endif

/* Has this processor rounds of its own? Asked once: under a hypervisor the question is dear. DAYBREAK_CPU=scalar or sse2 says no. */
static bool
processor_can(void)
{
#if defined(__x86_64__)
    static _Atomic int known; /* 0: not asked yet, 1: no, 2: yes */
    unsigned a, b, c, d;

    if (known == 0) {
        bool can = getenv("DAYBREAK_CPU") == NULL && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 29) != 0 &&
                   __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3");

        known = can ? 2 : 1;
    }
    return known == 2;
#else
    return false;
#endif
}

static void
take_blocks(uint32_t state[8], const uint8_t *at, size_t blocks)
{
#if defined(__x86_64__)
    if (processor_can()) {
        take_by_processor(state, at, blocks);
        return;
    }
#endif
    take_plainly(state, at, blocks);
}

void
sha256_init(struct sha256 *sha)
{
    static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

    memcpy(sha->state, start, sizeof(start));
    sha->size = 0;
}

void
sha256_add(struct sha256 *sha, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    size_t have = sha->size % sizeof(sha->block);

    if (size == 0)
        return;
    sha->size += size;
    if (have > 0) {
        size_t part = sizeof(sha->block) - have;

        part = part < size ? part : size;
        memcpy(sha->block + have, at, part);
        at += part;
        size -= part;
        if (have + part < sizeof(sha->block))
            return;
        take_blocks(sha->state, sha->block, 1);
    }
    take_blocks(sha->state, at, size / sizeof(sha->block));
    memcpy(sha->block, at + size / sizeof(sha->block) * sizeof(sha->block), size % sizeof(sha->block));
}

void
sha256_end(struct sha256 *sha, uint8_t hash[SHA256_SIZE])
{
    static const uint8_t padding[64] = {0x80};
    uint64_t bits = sha->size * 8;
    size_t have = sha->size % sizeof(sha->block);
    uint8_t length[8];

    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(sha, padding, have < 56 ? 56 - have : 120 - have);
    sha256_add(sha, length, sizeof(length));
    for (int i = 0; i < 32; i++)
        hash[i] = (uint8_t)(sha->state[i / 4] >> (24 - 8 * (i % 4)));
}
