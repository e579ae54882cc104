/* SPDX-License-Identifier: Apache-2.0 */
/* HMAC-SHA-256, for pseudonyms that nobody can make without the secret. */
#include "mask_hash.h"

#include <string.h>

#define BLOCK 64

static const uint32_t first[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t
turn(uint32_t x, int by)
{
    return x >> by | x << (32 - by);
}

static void
block_take(uint32_t state[8], const uint8_t *block)
{
    uint32_t word[64], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];

    for (int i = 0; i < 16; i++)
        word[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (int i = 16; i < 64; i++) {
        uint32_t x = word[i - 15], y = word[i - 2];

        word[i] = word[i - 16] + (turn(x, 7) ^ turn(x, 18) ^ x >> 3) + word[i - 7] + (turn(y, 17) ^ turn(y, 19) ^ y >> 10);
    }
    for (int i = 0; i < 64; i++) {
        uint32_t one = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i] + word[i];
        uint32_t two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));

        h = g;
        g = f;
        f = e;
        e = d + one;
        d = c;
        c = b;
        b = a;
        a = one + two;
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

/* The rest of a message of which ${before} bytes were taken, with its padding. */
static void
finish(uint32_t state[8], const uint8_t *bytes, size_t size, uint64_t before, uint8_t digest[32])
{
    uint64_t bits = (before + size) * 8;
    uint8_t tail[2 * BLOCK] = {0};
    size_t left, whole;

    for (; size >= BLOCK; bytes += BLOCK, size -= BLOCK)
        block_take(state, bytes);
    left = size;
    if (left > 0)
        memcpy(tail, bytes, left);
    tail[left] = 0x80;
    whole = left + 9 <= BLOCK ? BLOCK : 2 * BLOCK;
    for (int i = 0; i < 8; i++)
        tail[whole - 1 - (size_t)i] = (uint8_t)(bits >> (8 * i));
    for (size_t at = 0; at < whole; at += BLOCK)
        block_take(state, tail + at);
    for (int i = 0; i < 32; i++)
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

void
mask_hash_key(struct mask_hash *hash, const void *key, size_t size)
{
    uint8_t short_key[BLOCK] = {0}, pad[BLOCK];

    if (size > BLOCK) {
        uint32_t state[8];

        memcpy(state, first, sizeof state);
        finish(state, key, size, 0, short_key);
    } else if (size > 0) {
        memcpy(short_key, key, size);
    }
    memcpy(hash->inner, first, sizeof first);
    memcpy(hash->outer, first, sizeof first);
    for (int i = 0; i < BLOCK; i++)
        pad[i] = short_key[i] ^ 0x36;
    block_take(hash->inner, pad);
    for (int i = 0; i < BLOCK; i++)
        pad[i] = short_key[i] ^ 0x5c;
    block_take(hash->outer, pad);
}

void
mask_hash_text(const struct mask_hash *hash, const void *text, size_t size, uint8_t mac[32])
{
    uint32_t state[8];
    uint8_t inner[32];

    memcpy(state, hash->inner, sizeof state);
    finish(state, text, size, BLOCK, inner);
    memcpy(state, hash->outer, sizeof state);
    finish(state, inner, sizeof inner, BLOCK, mac);
}
