/* SPDX-License-Identifier: Apache-2.0 */
#include "mask_hash.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The test cases of RFC 4231, and lengths on both sides of a block. */
static void
is_mac(const char *key, size_t key_size, const char *text, size_t size, const char *expected)
{
    struct mask_hash hash;
    uint8_t mac[32];
    char hex[65];

    mask_hash_key(&hash, key, key_size);
    mask_hash_text(&hash, text, size, mac);
    for (int i = 0; i < 32; i++)
        snprintf(hex + 2 * i, 3, "%02x", mac[i]);
    ck_assert_str_eq(hex, expected);
}

START_TEST(pseudonyms_are_the_hmac_of_the_standard)
{
    char long_key[131], fifty[50];

    memset(long_key, 0xaa, sizeof long_key);
    memset(fifty, 0xdd, sizeof fifty);
    is_mac("\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b\x0b", 20, "Hi There", 8,
           "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    is_mac("Jefe", 4, "what do ya want for nothing?", 28, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    is_mac(long_key, 20, fifty, sizeof fifty, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
    is_mac(long_key, sizeof long_key, "Test Using Larger Than Block-Size Key - Hash Key First", 54,
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}
END_TEST

START_TEST(texts_of_every_length_around_a_block_differ)
{
    struct mask_hash hash;
    uint8_t mac[200][32];
    char text[200];

    memset(text, 'a', sizeof text);
    mask_hash_key(&hash, "k", 1);
    for (size_t i = 0; i < 200; i++) {
        mask_hash_text(&hash, text, i, mac[i]);
        for (size_t k = 0; k < i; k++)
            ck_assert(memcmp(mac[i], mac[k], 32) != 0);
    }
}
END_TEST

int
main(void)
{
    Suite *suite = suite_create("mask_hash");
    TCase *tcase = tcase_create("mask_hash");
    SRunner *runner;
    int failed;

    tcase_add_test(tcase, pseudonyms_are_the_hmac_of_the_standard);
    tcase_add_test(tcase, texts_of_every_length_around_a_block_differ);
    suite_add_tcase(suite, tcase);
    runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
