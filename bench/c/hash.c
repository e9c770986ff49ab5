/* SPDX-License-Identifier: Apache-2.0 */
#include "hash.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

struct bench_hash {
  XXH3_state_t *state;
  bool flip;
};

struct bench_hash *bench_hash_new(bool flip) {
  struct bench_hash *hash = malloc(sizeof *hash);
  if (hash == NULL) abort();
  hash->state = XXH3_createState();
  if (hash->state == NULL) abort();
  XXH3_64bits_reset(hash->state);
  hash->flip = flip;
  return hash;
}

void bench_hash_update(struct bench_hash *hash, const void *bytes, size_t size) {
  if (size == 0) return;
  if (hash->flip) {
    unsigned char turned = *(const unsigned char *)bytes ^ 1;
    XXH3_64bits_update(hash->state, &turned, 1);
    bytes = (const char *)bytes + 1;
    size--;
    hash->flip = false;
  }
  XXH3_64bits_update(hash->state, bytes, size);
}

uint64_t bench_hash_value(const struct bench_hash *hash) { return XXH3_64bits_digest(hash->state); }

void bench_hash_free(struct bench_hash *hash) {
  if (hash == NULL) return;
  XXH3_freeState(hash->state);
  free(hash);
}

int bench_hash_file(struct bench_hash *hash, int fd, int64_t offset, int64_t length) {
  static _Thread_local char buffer[256 * 1024];
  while (length > 0) {
    size_t wanted = length < (int64_t)sizeof buffer ? (size_t)length : sizeof buffer;
    ssize_t got = pread(fd, buffer, wanted, offset);
    if (got == 0) return -ENODATA;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    bench_hash_update(hash, buffer, (size_t)got);
    offset += got;
    length -= got;
  }
  return 0;
}
