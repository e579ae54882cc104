/* SPDX-License-Identifier: Apache-2.0 */
#ifndef BASE_MD5_H
#define BASE_MD5_H

#include <stddef.h>
#include <stdint.h>

#define MD5_SIZE 16

/** md5_of(bytes, size, hash): MD5 (RFC 1321), which older systems make keys of. It protects nothing. */
void md5_of(const void *bytes, size_t size, uint8_t hash[MD5_SIZE]);

#endif
