/* SPDX-License-Identifier: Apache-2.0 */
/* The commands send and hash of the peer. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "hash.h"
#include "peer.h"
#include "sequence.h"

static int open_source(const struct bench_words *words, struct stat *status,
                       struct bench_fault *fault) {
  const char *path = bench_words_need(words, "file", fault);
  if (path == NULL) return -1;
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return bench_fault_errno(fault, errno, "opening %s", path);
  if (fstat(fd, status) == 0) return fd;
  bench_fault_errno(fault, errno, "asking for the size of %s", path);
  close(fd);
  return -1;
}

static int send_piece(int target, int file, struct bench_piece piece, struct bench_fault *fault) {
  off_t offset = piece.offset;
  int64_t left = piece.length;
  while (left > 0) {
    ssize_t sent = sendfile(target, file, &offset, (size_t)left);
    if (sent > 0) left -= sent;
    if (sent == 0) return bench_fault_set(fault, "the file to send is too short");
    if (sent < 0 && errno == EAGAIN)
      return bench_fault_set(fault, "the worker read nothing for 60 s");
    if (sent < 0 && errno != EINTR) return bench_fault_errno(fault, errno, "sending");
  }
  return 0;
}

static int send_sequence(int target, int file, struct bench_sequence *sequence,
                         struct bench_fault *fault) {
  int64_t start_cpu_ns = bench_clock_cpu();
  int64_t bytes = sequence->left;
  struct bench_piece piece;
  while (bench_sequence_next(sequence, &piece)) {
    if (send_piece(target, file, piece, fault) != 0) return -1;
  }
  peer_say("done bytes=%" PRId64 " cpu_ns=%" PRId64, bytes, bench_clock_cpu() - start_cpu_ns);
  return 0;
}

int peer_send(struct peer *peer, const struct bench_words *words, struct bench_fault *fault) {
  int64_t bytes = 0;
  int64_t size = 0;
  int64_t hold = 0;
  if (bench_words_number(words, "bytes", -1, &bytes, fault) != 0) return -1;
  if (bench_words_number(words, "size", -1, &size, fault) != 0) return -1;
  if (bench_words_number(words, "hold", 0, &hold, fault) != 0) return -1;
  if (size == 0) return bench_fault_set(fault, "size is 1 or more");
  struct stat status = {0};
  int file = open_source(words, &status, fault);
  if (file < 0) return -1;
  struct bench_sequence sequence;
  bench_sequence_init(&sequence, status.st_size, size, bytes, 0, false);
  struct peer_ends ends;
  int result = peer_ends_open(peer, words, 1, true, &ends, fault);
  if (result == 0 && hold) result = peer_wait_go(peer, fault);
  if (result == 0) result = send_sequence(ends.fds[0], file, &sequence, fault);
  peer_ends_close(&ends);
  close(file);
  return result;
}

/* What a hash was made of: equal keys have equal hashes. */
struct hash_key {
  uint64_t device;
  uint64_t inode;
  int64_t file_bytes;
  int64_t modified_ns;
  int64_t changed_ns;
  int64_t bytes;
  int64_t size;
  int64_t slots;
  int64_t fetches;
  int64_t regions;
};

#define CACHE_ENTRIES 64
static struct {
  struct hash_key key;
  uint64_t hash;
} cache[CACHE_ENTRIES];
static unsigned cache_used;

static int hash_fetches(int file, const struct hash_key *key, struct bench_hash *hash) {
  uint64_t state = BENCH_FETCH_SEED;
  for (int64_t i = 0; i < key->fetches; i++) {
    struct bench_fetch fetch;
    bench_fetch_make(&fetch, &state, i, key->file_bytes);
    bench_hash_update(hash, fetch.header, sizeof fetch.header);
    for (int r = 0; r < BENCH_FETCH_REGIONS; r++) {
      int status = bench_hash_file(hash, file, fetch.regions[r].offset, fetch.regions[r].length);
      if (status != 0) return status;
    }
  }
  return 0;
}

static int hash_source(int file, const struct hash_key *key, bool flip, uint64_t *out) {
  struct bench_hash *hash = bench_hash_new(flip);
  int status;
  if (key->fetches > 0) {
    status = hash_fetches(file, key, hash);
  } else if (key->size > 0) {
    struct bench_sequence sequence;
    bench_sequence_init(&sequence, key->file_bytes, key->size, key->bytes, key->slots,
                        key->regions != 0);
    status = bench_sequence_hash(&sequence, file, hash);
  } else {
    status = bench_hash_file(hash, file, 0, key->bytes);
  }
  *out = bench_hash_value(hash);
  bench_hash_free(hash);
  return status;
}

static bool cache_find(const struct hash_key *key, uint64_t *hash) {
  for (unsigned i = 0; i < CACHE_ENTRIES && i < cache_used; i++) {
    if (memcmp(&cache[i].key, key, sizeof *key) != 0) continue;
    *hash = cache[i].hash;
    return true;
  }
  return false;
}

static int read_key(const struct bench_words *words, const struct stat *status,
                    struct hash_key *key, struct bench_fault *fault) {
  int64_t wrap;
  memset(key, 0, sizeof *key); /* keys are compared with memcmp */
  if (bench_words_number(words, "kafka", 0, &key->fetches, fault) != 0) return -1;
  int64_t no_bytes = key->fetches > 0 ? 0 : -1;
  if (bench_words_number(words, "bytes", no_bytes, &key->bytes, fault) != 0) return -1;
  if (bench_words_number(words, "wrap", 0, &wrap, fault) != 0) return -1;
  if (bench_words_number(words, "size", 0, &key->size, fault) != 0) return -1;
  if (bench_words_number(words, "slots", 0, &key->slots, fault) != 0) return -1;
  if (bench_words_number(words, "regions", 0, &key->regions, fault) != 0) return -1;
  if ((wrap || key->regions) && key->size == 0) return bench_fault_set(fault, "hash needs size=");
  if (!wrap && !key->regions) key->size = 0;
  if (key->fetches > 0 && status->st_size < BENCH_FETCH_FILE_MIN) {
    return bench_fault_set(fault, "fetches need a file of 64 KiB or more");
  }
  key->device = status->st_dev;
  key->inode = status->st_ino;
  key->file_bytes = status->st_size;
  key->modified_ns = status->st_mtim.tv_sec * INT64_C(1000000000) + status->st_mtim.tv_nsec;
  key->changed_ns = status->st_ctim.tv_sec * INT64_C(1000000000) + status->st_ctim.tv_nsec;
  return 0;
}

int peer_hash(const struct bench_words *words, struct bench_fault *fault) {
  struct hash_key key;
  struct stat status = {0};
  int64_t flip;
  if (bench_words_number(words, "flip", 0, &flip, fault) != 0) return -1;
  int file = open_source(words, &status, fault);
  if (file < 0) return -1;
  uint64_t hash;
  int result = read_key(words, &status, &key, fault);
  /* A target file may be new under an old file's inode and clock tick: plain hashes are never kept.
   */
  bool keeps = key.size > 0 || key.fetches > 0;
  if (result == 0 && (flip || !keeps || !cache_find(&key, &hash))) {
    int error = hash_source(file, &key, flip != 0, &hash);
    if (error == -ENODATA) {
      result = bench_fault_set(fault, "%s has fewer bytes than asked for",
                               bench_words_get(words, "file"));
    } else if (error < 0) {
      result = bench_fault_errno(fault, -error, "reading %s", bench_words_get(words, "file"));
    } else if (keeps && !flip) {
      cache[cache_used % CACHE_ENTRIES].key = key;
      cache[cache_used++ % CACHE_ENTRIES].hash = hash;
    }
  }
  close(file);
  if (result == 0) peer_say("done hash=%016" PRIx64, hash);
  return result;
}
