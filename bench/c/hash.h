/* SPDX-License-Identifier: Apache-2.0 */
/* Hash: XXH3, 64 bits, over a stream of bytes. */
#ifndef BENCH_HASH_H
#define BENCH_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bench_hash;

/* flip: one bit of the first byte is turned over before it is hashed. Free with bench_hash_free.
 * Never NULL: the process ends when memory is exhausted. */
struct bench_hash *bench_hash_new(bool flip);
void bench_hash_update(struct bench_hash *hash, const void *bytes, size_t size);
uint64_t bench_hash_value(const struct bench_hash *hash);
void bench_hash_free(struct bench_hash *hash);

/* Hashes length bytes of a file from offset, by pread. returns: 0; -ENODATA the file is too short;
 * -errno. */
int bench_hash_file(struct bench_hash *hash, int fd, int64_t offset, int64_t length);

#endif
