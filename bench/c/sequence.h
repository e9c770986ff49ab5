/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sequence: which pieces of the file a run moves, in which order. The sender walks it, and so does
 * the peer when it computes the expected hash (PROTOCOL.md).
 */
#ifndef BENCH_SEQUENCE_H
#define BENCH_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "hash.h"

struct bench_piece {
  int64_t offset;
  int64_t length;
};

/* splitmix64 */
uint64_t bench_random_next(uint64_t *state);

struct bench_sequence {
  int64_t size;   /* bytes a piece */
  int64_t slots;  /* K: pieces the file holds */
  int64_t left;   /* bytes still to come */
  int64_t index;  /* of the next piece */
  bool regions;   /* random slots, else one after the other */
  uint64_t state; /* of the generator */
};

/* pre: size > 0. slots_max 0: no limit. */
void bench_sequence_init(struct bench_sequence *sequence, int64_t file_bytes, int64_t size,
                         int64_t total, int64_t slots_max, bool regions);

/* Fills piece with the next one. Returns false at the end. */
bool bench_sequence_next(struct bench_sequence *sequence, struct bench_piece *piece);

/* Hashes the rest of the sequence from a file. returns: 0; -ENODATA, -errno. */
int bench_sequence_hash(struct bench_sequence *sequence, int fd, struct bench_hash *hash);

#define BENCH_FETCH_HEADER 64
#define BENCH_FETCH_REGIONS 16
#define BENCH_FETCH_SEED 2
#define BENCH_FETCH_FILE_MIN 65536 /* 64 KiB */

/* One fetch of the workload kafka-fetch. */
struct bench_fetch {
  unsigned char header[BENCH_FETCH_HEADER];
  struct bench_piece regions[BENCH_FETCH_REGIONS];
  int64_t bytes; /* header and regions */
};

/* Makes fetch number index. state: the generator, BENCH_FETCH_SEED before the first fetch. */
void bench_fetch_make(struct bench_fetch *fetch, uint64_t *state, int64_t index,
                      int64_t file_bytes);

#endif
