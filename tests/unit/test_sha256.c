/* SPDX-License-Identifier: Apache-2.0 */
#include "base/sha256.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The examples NIST publishes for FIPS 180-4, and the edges of a block. */
static const struct vector {
    const char *piece;
    int times;
    const char *hash;
} vectors[] = {
    {"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopq"
     "rsmnopqrstnopqrstu",
     1, "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
    {"aaaaaaaaaa", 100000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static const char *
hex(struct sha256 *sha)
{
    static char text[2 * SHA256_SIZE + 1];
    uint8_t hash[SHA256_SIZE];

    sha256_end(sha, hash);
    for (int i = 0; i < SHA256_SIZE; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    return text;
}

START_TEST(gives_the_published_hashes)
{
    struct sha256 sha;

    sha256_init(&sha);
    for (int i = 0; i < vectors[_i].times; i++)
        sha256_add(&sha, vectors[_i].piece, strlen(vectors[_i].piece));
    ck_assert_str_eq(hex(&sha), vectors[_i].hash);
}
END_TEST

START_TEST(pieces_do_not_matter)
{
    char text[200], whole[2 * SHA256_SIZE + 1];
    struct sha256 sha;

    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7 + 1);
    sha256_init(&sha);
    sha256_add(&sha, text, sizeof(text));
    memcpy(whole, hex(&sha), sizeof(whole));
    for (size_t cut = 0; cut <= sizeof(text); cut++) {
        sha256_init(&sha);
        sha256_add(&sha, text, cut);
        sha256_add(&sha, text + cut, sizeof(text) - cut);
        ck_assert_str_eq(hex(&sha), whole);
    }
}
END_TEST

/* Each test is a process of its own, so what the first call finds out holds for that test alone. */
START_TEST(processors_with_and_without_rounds_of_their_own_agree)
{
    static uint8_t bytes[70000];
    static char with[200][2 * SHA256_SIZE + 1];
    struct sha256 sha;
    uint64_t state = 88172645463325252u;
    size_t sizes[200];
    int tell[2];

    for (size_t i = 0; i < sizeof bytes; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes[i] = (uint8_t)(state >> 33);
    }
    for (size_t i = 0; i < 200; i++)
        sizes[i] = i < 150 ? i : i * 347 % sizeof bytes;
    ck_assert_int_eq(pipe(tell), 0);
    if (fork() == 0) {
        setenv("DAYBREAK_CPU", "scalar", 1);
        for (size_t i = 0; i < 200; i++) {
            sha256_init(&sha);
            sha256_add(&sha, bytes, sizes[i]);
            if (write(tell[1], hex(&sha), 2 * SHA256_SIZE + 1) != 2 * SHA256_SIZE + 1)
                _exit(1);
        }
        _exit(0);
    }
    for (size_t i = 0; i < 200; i++) {
        size_t got = 0;

        while (got < sizeof with[i]) {
            ssize_t more = read(tell[0], with[i] + got, sizeof with[i] - got);

            ck_assert_int_gt(more, 0);
            got += (size_t)more;
        }
        sha256_init(&sha);
        sha256_add(&sha, bytes, sizes[i]);
        ck_assert_str_eq(hex(&sha), with[i]);
    }
    wait(NULL);
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("sha256");
    TCase *tcase = tcase_create("sha256");
    SRunner *runner = srunner_create(suite);
    int failed;

    suite_add_tcase(suite, tcase);
    tcase_set_timeout(tcase, 120); /* a machine may have much else to do */
    tcase_add_loop_test(tcase, gives_the_published_hashes, 0,
                        (int)(sizeof(vectors) / sizeof(vectors[0])));
    tcase_add_test(tcase, pieces_do_not_matter);
    tcase_add_test(tcase, processors_with_and_without_rounds_of_their_own_agree);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
