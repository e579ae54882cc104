/* SPDX-License-Identifier: Apache-2.0 */
/* Functions that give a text or bytes a short name: for keys made of several columns, and for what must be told apart but
 * not shown. */
#include "functions.h"

#define XXH_INLINE_ALL
#include <xxhash.h>
#include <zlib.h>

#include "base/md5.h"
#include "base/sha256.h"

/* Bytes as they are, everything else by its canonical text. */
bool
functions_hash_check_bytes(struct function_check *check)
{
    if (check->type[0].type != DAYBREAK_TYPE_BYTES)
        check->type[0] = (struct value_type){.type = DAYBREAK_TYPE_TEXT};
    return true;
}

static void
give_hex(struct function_call *call, uint32_t lane, const uint8_t *hash, uint32_t size)
{
    char *to = function_room(call, 2 * (size_t)size);

    text_hex(hash, size, to);
    call->out->text[lane] = (struct daybreak_text){to, 2 * size};
    function_took(call, to + 2 * (size_t)size);
}

void
functions_hash_md5(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        uint8_t hash[MD5_SIZE];

        md5_of(in.at, in.size, hash);
        give_hex(call, i, hash, sizeof hash);
    }
}

void
functions_hash_sha256(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        uint8_t hash[SHA256_SIZE];
        struct sha256 sha;

        sha256_init(&sha);
        sha256_add(&sha, in.at, in.size);
        sha256_end(&sha, hash);
        give_hex(call, i, hash, sizeof hash);
    }
}

void
functions_hash_xxh3(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];
        XXH64_canonical_t canonical;

        XXH64_canonicalFromHash(&canonical, XXH3_64bits(in.at, in.size));
        give_hex(call, i, canonical.digest, sizeof canonical.digest);
    }
}

void
functions_hash_crc32(struct function_call *call)
{
    EACH_LANE(call, i) {
        struct daybreak_text in = call->in[0].text[i & call->in[0].mask];

        call->out->number[i] = (int64_t)crc32_z(0, (const unsigned char *)(in.size > 0 ? in.at : ""), in.size);
    }
}
