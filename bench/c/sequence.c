/* SPDX-License-Identifier: Apache-2.0 */
#include "sequence.h"

#include <endian.h>
#include <string.h>

#define REGIONS_SEED 1

uint64_t bench_random_next(uint64_t *state) {
  uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

void bench_sequence_init(struct bench_sequence *sequence, int64_t file_bytes, int64_t size,
                         int64_t total, int64_t slots_max, bool regions) {
  int64_t slots = file_bytes / size;
  if (slots_max > 0 && slots > slots_max) slots = slots_max;
  if (slots < 1) slots = 1;
  *sequence = (struct bench_sequence){
      .size = size, .slots = slots, .left = total, .regions = regions, .state = REGIONS_SEED};
}

bool bench_sequence_next(struct bench_sequence *sequence, struct bench_piece *piece) {
  if (sequence->left == 0) return false;
  int64_t slot = sequence->regions
                     ? (int64_t)(bench_random_next(&sequence->state) % (uint64_t)sequence->slots)
                     : sequence->index % sequence->slots;
  piece->offset = slot * sequence->size;
  piece->length = sequence->size < sequence->left ? sequence->size : sequence->left;
  sequence->left -= piece->length;
  sequence->index++;
  return true;
}

int bench_sequence_hash(struct bench_sequence *sequence, int fd, struct bench_hash *hash) {
  struct bench_piece piece;
  while (bench_sequence_next(sequence, &piece)) {
    int status = bench_hash_file(hash, fd, piece.offset, piece.length);
    if (status != 0) return status;
  }
  return 0;
}

void bench_fetch_make(struct bench_fetch *fetch, uint64_t *state, int64_t index,
                      int64_t file_bytes) {
  int64_t sum = 0;
  for (int i = 0; i < BENCH_FETCH_REGIONS; i++) {
    struct bench_piece *region = &fetch->regions[i];
    region->length = 4096 * (int64_t)(1 + bench_random_next(state) % 16);
    uint64_t places = (uint64_t)((file_bytes - region->length) / 4096 + 1);
    region->offset = 4096 * (int64_t)(bench_random_next(state) % places);
    sum += region->length;
  }
  uint64_t numbers[2] = {htobe64((uint64_t)index), htobe64((uint64_t)sum)};
  memset(fetch->header, 0, sizeof fetch->header);
  memcpy(fetch->header, numbers, sizeof numbers);
  fetch->bytes = sum + BENCH_FETCH_HEADER;
}
