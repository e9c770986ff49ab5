/* SPDX-License-Identifier: Apache-2.0 */
/*
 * direct-uring, uring-registered and uring-send-zc between every pair of ends they serve: the bytes
 * arrive whole, in order and once; rings are pooled, and memory that is still being sent is pinned.
 */

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ring.h"
#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "support/stall.h"
#include "znio/znio.h"

static const int64_t s_sizes[] = {1, 4095, 4096, 65537, MIB + 1, 9 * MIB + 4097};

static void move_to_pair(int path, int source_kind, int pair_kind, int64_t size, int64_t offset) {
  struct source source = source_open(source_kind, size, offset, 7);
  struct pair pair = pair_open(pair_kind);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_receipt receipt;
  int64_t moved = move_by(path, source.end, end_of(pair.kind, pair.writer), size, &receipt);
  assert_int_equal(moved, size);
  assert_int_equal(receipt.bytes, size);
  assert_int_equal(receipt.error, 0);
  assert_int_equal(receipt.path, path);
  assert_true(receipt.system_calls > 0);
  assert_null(receipt.stranded);
  settle(&receipt);
  if (path == ZN_PATH_URING_SEND_ZC && receipt.kernel_copied != ZN_COPIED_UNKNOWN) {
    assert_int_equal(receipt.kernel_copied, ZN_COPIED_YES); /* over loopback */
  }
  if (source.end.fd >= 0) assert_int_equal(lseek(source.end.fd, 0, SEEK_CUR), 0);
  end_stream(&pair, &collector, source.bytes + offset, size);
  source_close(&source);
}

static void test_file_to_sockets_and_pipes(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED,
                              ZN_PATH_URING_SEND_ZC};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      bool tcp = kind == PAIR_TCP4 || kind == PAIR_TCP6;
      if (paths[p] == ZN_PATH_URING_SEND_ZC && !tcp) continue;
      for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
        int64_t odd = paths[p] == ZN_PATH_DIRECT_URING ? 8192 : 5001;
        move_to_pair(paths[p], ZN_END_FILE, kind, s_sizes[s], s % 2 == 0 ? 0 : odd);
      }
    }
  }
}

static void test_memory_to_sockets_and_pipes(void **state) {
  for (int kind = 0; kind < PAIR_KINDS; kind++) {
    bool tcp = kind == PAIR_TCP4 || kind == PAIR_TCP6;
    for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
      move_to_pair(ZN_PATH_URING_REGISTERED, ZN_END_MEMORY, kind, s_sizes[s], s % 2);
      if (tcp) move_to_pair(ZN_PATH_URING_SEND_ZC, ZN_END_MEMORY, kind, s_sizes[s], s % 2);
    }
  }
}

static void move_to_file(int path, int source_kind, int64_t size, bool own_positions) {
  struct source source = source_open(source_kind, size, 4096, 3);
  int target = file_make(100, 1);
  if (own_positions && source.end.fd >= 0) {
    lseek(source.end.fd, 4096, SEEK_SET);
    source.end.offset = ZN_OFFSET_CURRENT;
  }
  if (own_positions) lseek(target, 8192, SEEK_SET);
  int64_t offset = own_positions ? ZN_OFFSET_CURRENT : 8192;
  struct zn_receipt receipt;
  assert_int_equal(move_by(path, source.end, end_file(target, offset), size, &receipt), size);
  assert_int_equal(receipt.error, 0);
  if (source.end.fd >= 0) {
    assert_int_equal(lseek(source.end.fd, 0, SEEK_CUR), own_positions ? 4096 + size : 0);
  }
  assert_int_equal(lseek(target, 0, SEEK_CUR), own_positions ? 8192 + size : 0);
  assert_file_holds(target, 8192, source.bytes + 4096, size);
  close(target);
  source_close(&source);
}

static void test_to_files(void **state) {
  for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
    for (int own = 0; own < 2; own++) {
      move_to_file(ZN_PATH_DIRECT_URING, ZN_END_FILE, s_sizes[s], own);
      move_to_file(ZN_PATH_URING_REGISTERED, ZN_END_FILE, s_sizes[s], own);
      move_to_file(ZN_PATH_URING_REGISTERED, ZN_END_MEMORY, s_sizes[s], own);
    }
  }
}

static void test_to_memory(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
      for (int shift = 0; shift < 2; shift++) { /* an aligned address, and one that is not */
        int64_t size = s_sizes[s];
        struct source source = source_open(ZN_END_FILE, size, 4096, 11);
        uint8_t *memory = aligned_alloc(4096, (size_t)(size / 4096 + 3) * 4096);
        memset(memory, 0xee, (size_t)size + 2);
        struct zn_receipt receipt;
        int64_t moved = move_by(paths[p], source.end, end_memory(memory + shift), size, &receipt);
        assert_int_equal(moved, size);
        assert_memory_equal(memory + shift, source.bytes + 4096, (size_t)size);
        assert_int_equal(memory[size + shift], 0xee); /* no byte behind the end */
        free(memory);
        source_close(&source);
      }
    }
  }
}

static void test_end_of_file_comes_first(void **state) {
  int64_t size = 3 * MIB + 777;
  uint8_t *memory = malloc((size_t)size + 1);
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    struct source source = source_open(ZN_END_FILE, size, 0, 2);
    int target = file_make(0, 0);
    struct zn_receipt receipt;
    int64_t huge = INT64_MAX - 8192;
    assert_int_equal(move_by(paths[p], source.end, end_file(target, 0), huge, &receipt), size);
    assert_int_equal(receipt.error, 0);
    assert_file_holds(target, 0, source.bytes, size);
    memory[size] = 0xee;
    assert_int_equal(move_by(paths[p], source.end, end_memory(memory), size + 1, &receipt), size);
    assert_memory_equal(memory, source.bytes, (size_t)size);
    struct zn_end behind = end_file(source.end.fd, 16 * MIB);
    assert_int_equal(move_by(paths[p], behind, end_file(target, 0), 100, &receipt), 0);
    assert_int_equal(receipt.error, 0);
    close(target);
    source_close(&source);
  }
  free(memory);
}

static void test_sparse_64_mib(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED,
                              ZN_PATH_URING_SEND_ZC};
  int64_t size = 64 * MIB;
  uint8_t *expected = calloc(1, (size_t)size);
  fill_pattern(expected + 40 * MIB, 6, 77);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    int file = file_make(0, 0);
    assert_int_equal(ftruncate(file, size), 0);
    assert_int_equal(pwrite(file, expected + 40 * MIB, 6, 40 * MIB), 6);
    struct pair pair = pair_open(PAIR_TCP4);
    struct collector collector;
    collector_start(&collector, pair.reader);
    struct zn_receipt receipt;
    struct zn_end target = end_of(pair.kind, pair.writer);
    struct zn_transfer_options options = {.path = paths[p], .depth = 64, .chunk_bytes = 1 << 20};
    struct zn_end source = end_file(file, 0);
    assert_int_equal(zn_transfer(&source, &target, size, &options, &receipt), size);
    if (paths[p] == ZN_PATH_URING_SEND_ZC) {
      assert_int_equal(receipt.kernel_copied, ZN_COPIED_YES);
    }
    end_stream(&pair, &collector, expected, size);
    close(file);
  }
  free(expected);
}

static void test_smallest_depth_and_chunk(void **state) {
  static const int paths[] = {ZN_PATH_DIRECT_URING, ZN_PATH_URING_REGISTERED,
                              ZN_PATH_URING_SEND_ZC};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (uint32_t depth = 1; depth <= 3; depth++) {
      struct source source = source_open(ZN_END_FILE, 300001, 0, depth);
      struct pair pair = pair_open(PAIR_TCP6);
      struct collector collector;
      collector_start(&collector, pair.reader);
      struct zn_transfer_options options = {.path = paths[p], .depth = depth, .chunk_bytes = 4096};
      struct zn_end target = end_of(pair.kind, pair.writer);
      assert_int_equal(zn_transfer(&source.end, &target, 300001, &options, NULL), 300001);
      end_stream(&pair, &collector, source.bytes, 300001);
      source_close(&source);
    }
  }
}

/* ------------------------------------------------------------------ rings and pins */

static void test_rings_are_reused(void **state) {
  struct source source = source_open(ZN_END_FILE, 100000, 0, 5);
  int target = file_make(0, 0);
  struct zn_ledger_totals totals;
  for (int i = 0; i < 20; i++) {
    int64_t moved =
        move_by(ZN_PATH_URING_REGISTERED, source.end, end_file(target, 0), 100000, NULL);
    assert_int_equal(moved, 100000);
    zn_ledger_read(&totals);
    assert_int_equal(totals.rings, balance.totals.rings + 1);
  }
  close(target);
  source_close(&source);
}

static void test_draining_ring_comes_back(void **state) {
  int64_t size = 16 * MIB;
  struct source source = source_open(ZN_END_FILE, size, 0, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_end from = source.end;
  struct zn_end target = end_of(pair.kind, pair.writer);
  struct zn_receipt receipt;
  int64_t done = 0;
  int64_t moved;
  while ((moved = move_by(ZN_PATH_URING_SEND_ZC, from, target, size - done, &receipt)) > 0) {
    done += moved;
    end_advance(&from, moved);
    assert_null(receipt.pin); /* the bytes are in a ring's own buffers */
  }
  assert_int_equal(moved, -EAGAIN);
  zn_ring_trim();
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_true(totals.rings > balance.totals.rings); /* what is not acknowledged keeps its ring */
  struct collector collector;
  collector_start(&collector, pair.reader);
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, source.bytes, done);
  /* Everything was read, so the notifications are there, or will be at once. */
  do {
    zn_ring_trim();
    zn_ledger_read(&totals);
  } while (totals.rings > balance.totals.rings);
  pair_close(&pair);
  source_close(&source);
}

static void test_pin_of_a_stalled_send(void **state) {
  int64_t size = 32 * MIB;
  struct source source = source_open(ZN_END_MEMORY, size, 0, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_receipt receipt;
  struct zn_end target = end_of(pair.kind, pair.writer);
  int64_t moved = move_by(ZN_PATH_URING_SEND_ZC, source.end, target, size, &receipt);
  assert_true(moved > 0 && moved < size);
  assert_non_null(receipt.pin);
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.pins, balance.totals.pins + 1);
  assert_int_equal(zn_pin_poll(receipt.pin, 0), 0);
  assert_int_equal(zn_pin_poll(receipt.pin, 10), 0);
  struct interrupter interrupter;
  interrupter_start(&interrupter);
  assert_int_equal(zn_pin_poll(receipt.pin, -1), -EINTR);
  interrupter_stop(&interrupter);
  zn_pin_shutdown(receipt.pin);
  close(pair.writer); /* the memory is still being sent */
  pair.writer = -1;
  struct collector collector;
  collector_start(&collector, pair.reader);
  assert_int_equal(zn_pin_poll(receipt.pin, -1), 1);
  assert_int_equal(zn_pin_copied(receipt.pin), 1);
  zn_pin_release(receipt.pin);
  collector_assert(&collector, source.bytes, moved);
  pair_close(&pair);
  source_close(&source);
}

static void test_without_a_receipt_the_call_waits(void **state) {
  struct source source = source_open(ZN_END_MEMORY, 3 * MIB, 0, 6);
  struct pair pair = pair_open(PAIR_TCP4);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_end target = end_of(pair.kind, pair.writer);
  assert_int_equal(move_by(ZN_PATH_URING_SEND_ZC, source.end, target, 3 * MIB, NULL), 3 * MIB);
  uint8_t *expected = malloc((size_t)(3 * MIB));
  memcpy(expected, source.bytes, (size_t)(3 * MIB));
  memset(source.bytes, 0, (size_t)(3 * MIB)); /* nothing of it may still be on its way */
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, expected, 3 * MIB);
  free(expected);
  pair_close(&pair);
  source_close(&source);
}

static void test_mapped_file_as_memory(void **state) {
  int64_t size = 2 * MIB;
  struct source source = source_open(ZN_END_FILE, size, 0, 8);
  void *mapping = NULL;
  assert_int_equal(zn_mapping_map(source.end.fd, 0, size, ZN_MAPPING_READ_ONLY, &mapping), 0);
  int target = file_make(0, 0);
  int64_t moved =
      move_by(ZN_PATH_URING_REGISTERED, end_memory(mapping), end_file(target, 0), size, NULL);
  assert_int_equal(moved, size);
  assert_file_holds(target, 0, source.bytes, size);
  /* Cut short: an error, not a SIGBUS. */
  assert_int_equal(ftruncate(source.end.fd, MIB), 0);
  struct zn_receipt receipt;
  moved =
      move_by(ZN_PATH_URING_REGISTERED, end_memory(mapping), end_file(target, 0), size, &receipt);
  assert_true(moved < size);
  assert_int_equal(moved < 0 ? moved : receipt.error, -EFAULT);
  assert_int_equal(zn_mapping_unmap(mapping, size), 0);
  close(target);
  source_close(&source);
}

static void *move_in_thread(void *argument) {
  uint32_t seed = *(uint32_t *)argument;
  for (int i = 0; i < 8; i++) {
    int path = i % 2 == 0 ? ZN_PATH_DIRECT_URING : ZN_PATH_URING_REGISTERED;
    struct source source = source_open(ZN_END_FILE, 700001, 0, seed);
    uint8_t *memory = malloc(700001);
    struct zn_receipt receipt;
    assert_int_equal(move_by(path, source.end, end_memory(memory), 700001, &receipt), 700001);
    assert_memory_equal(memory, source.bytes, 700001);
    free(memory);
    source_close(&source);
  }
  return NULL;
}

static void test_many_threads(void **state) {
  pthread_t threads[8];
  uint32_t seeds[8];
  for (uint32_t i = 0; i < 8; i++) {
    seeds[i] = i;
    assert_int_equal(pthread_create(&threads[i], NULL, move_in_thread, &seeds[i]), 0);
  }
  for (int i = 0; i < 8; i++) pthread_join(threads[i], NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_file_to_sockets_and_pipes),
      BALANCED(test_memory_to_sockets_and_pipes),
      BALANCED(test_to_files),
      BALANCED(test_to_memory),
      BALANCED(test_end_of_file_comes_first),
      BALANCED(test_sparse_64_mib),
      BALANCED(test_smallest_depth_and_chunk),
      BALANCED(test_rings_are_reused),
      BALANCED(test_draining_ring_comes_back),
      BALANCED(test_pin_of_a_stalled_send),
      BALANCED(test_without_a_receipt_the_call_waits),
      BALANCED(test_mapped_file_as_memory),
      BALANCED(test_many_threads),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
