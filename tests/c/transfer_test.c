/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every synchronous path between every pair of ends it serves: the bytes arrive whole, in order and
 * once; the receipt is true; refusals name the reason; bad input is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "znio/znio.h"

static const int s_synchronous_paths[] = {
    ZN_PATH_AUTO,   ZN_PATH_READ_WRITE, ZN_PATH_MMAP_WRITE, ZN_PATH_SENDFILE,
    ZN_PATH_SPLICE, ZN_PATH_VMSPLICE,   ZN_PATH_PRIVATE_MAP};
static const int64_t s_sizes[] = {1, 4095, 4096, 65536, 1048577, 9437185};

static void move_from_file(int path, int pair_kind, int64_t size, int64_t offset) {
  uint8_t *expected = malloc((size_t)(size + offset));
  fill_pattern(expected, size + offset, 7);
  int file = file_make(size + offset, 7);
  struct pair pair = pair_open(pair_kind);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_receipt receipt;
  int64_t moved =
      move_by(path, end_file(file, offset), end_of(pair.kind, pair.writer), size, &receipt);
  assert_int_equal(moved, size);
  assert_int_equal(receipt.bytes, size);
  assert_int_equal(receipt.error, 0);
  assert_true(receipt.system_calls > 0);
  if (path != ZN_PATH_AUTO) assert_int_equal(receipt.path, path);
  assert_null(receipt.stranded);
  assert_int_equal(lseek(file, 0, SEEK_CUR), 0); /* an explicit offset leaves the position alone */
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, expected + offset, size);
  pair_close(&pair);
  close(file);
  free(expected);
}

static void test_file_to_sockets_and_pipes(void **state) {
  for (size_t p = 0; p < sizeof s_synchronous_paths / sizeof *s_synchronous_paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
        move_from_file(s_synchronous_paths[p], kind, s_sizes[s], s % 2 == 0 ? 0 : 5000);
      }
    }
  }
}

static void test_sockets_and_pipes_to_file(void **state) {
  static const int paths[] = {ZN_PATH_AUTO, ZN_PATH_READ_WRITE, ZN_PATH_SPLICE};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      int64_t size = 3 * 1048576 + 17;
      uint8_t *expected = malloc((size_t)size);
      fill_pattern(expected, size, 9);
      struct pair pair = pair_open(kind);
      int file = file_make(0, 0);
      struct feeder feeder;
      feeder_start(&feeder, pair.writer, expected, size);
      struct zn_receipt receipt;
      /* Asks for more than comes: ends at the end of the stream. */
      int64_t moved = move_by(paths[p], end_of(pair.kind, pair.reader), end_file(file, 4000),
                              size + 99, &receipt);
      assert_int_equal(moved, size);
      assert_int_equal(receipt.error, 0);
      feeder_join(&feeder);
      pair.writer = -1;
      assert_file_holds(file, 4000, expected, size);
      pair_close(&pair);
      close(file);
      free(expected);
    }
  }
}

static void test_file_to_file(void **state) {
  static const int paths[] = {ZN_PATH_AUTO,     ZN_PATH_READ_WRITE, ZN_PATH_MMAP_WRITE,
                              ZN_PATH_SENDFILE, ZN_PATH_SPLICE,     ZN_PATH_COPY_FILE_RANGE,
                              ZN_PATH_VMSPLICE, ZN_PATH_PRIVATE_MAP};
  int64_t size = 2 * 1048576 + 5;
  uint8_t *expected = malloc((size_t)size);
  fill_pattern(expected, size, 3);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int own_position = 0; own_position < 2; own_position++) {
      int source = file_make(size, 3);
      int target = file_make(0, 0);
      if (own_position) lseek(target, 123, SEEK_SET);
      int64_t offset = own_position ? ZN_OFFSET_CURRENT : 123;
      struct zn_receipt receipt;
      assert_int_equal(
          move_by(paths[p], end_file(source, 0), end_file(target, offset), size, &receipt), size);
      assert_int_equal(receipt.error, 0);
      assert_int_equal(lseek(target, 0, SEEK_CUR), own_position ? 123 + size : 0);
      assert_file_holds(target, 123, expected, size);
      close(source);
      close(target);
    }
  }
  free(expected);
}

static void test_memory_ends(void **state) {
  int64_t size = 300000;
  uint8_t *bytes = malloc((size_t)size);
  uint8_t *back = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  int file = file_make(0, 0);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_memory(bytes), end_file(file, 0), size, NULL), size);
  assert_file_holds(file, 0, bytes, size);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_file(file, 0), end_memory(back), size, NULL), size);
  assert_memory_equal(bytes, back, (size_t)size);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_memory(bytes), end_memory(back), size, NULL),
                   ZN_EPAIR);
  close(file);
  free(bytes);
  free(back);
}

static void test_lent_pages_survive_unmapping(void **state) {
  int64_t size = 16 * sysconf(_SC_PAGESIZE);
  void *pages;
  assert_int_equal(zn_mapping_map(-1, 0, size, ZN_MAPPING_READ_WRITE, &pages), 0);
  fill_pattern(pages, size, 4);
  uint8_t *expected = malloc((size_t)size);
  memcpy(expected, pages, (size_t)size);
  struct pair pair = pair_open(PAIR_PIPE);
  struct zn_transfer_options options = {.path = ZN_PATH_VMSPLICE, .flags = ZN_TRANSFER_PAGES};
  struct zn_end source = end_memory(pages);
  struct zn_end target = end_of(ZN_END_PIPE, pair.writer);
  assert_int_equal(zn_transfer(&source, &target, size, &options, NULL), size);
  assert_int_equal(zn_mapping_unmap(pages, size), 0);
  void *other; /* would land on the same pages if an allocator had them back */
  assert_int_equal(zn_mapping_map(-1, 0, size, ZN_MAPPING_READ_WRITE, &other), 0);
  memset(other, 0xee, (size_t)size);
  struct collector collector;
  collector_start(&collector, pair.reader);
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, expected, size);
  assert_int_equal(zn_mapping_unmap(other, size), 0);
  options.flags = 0;
  assert_int_equal(zn_transfer(&source, &target, size, &options, NULL), ZN_EPAGES);
  pair_close(&pair);
  free(expected);
}

static void test_tee_feeds_both_targets(void **state) {
  for (int kind = 0; kind < PAIR_KINDS; kind++) {
    int64_t size = 2 * 1048576 + 77;
    uint8_t *expected = malloc((size_t)size);
    fill_pattern(expected, size, 11);
    int file = file_make(size, 11);
    struct pair first = pair_open(kind);
    struct pair second = pair_open(PAIR_PIPE);
    struct collector collectors[2];
    collector_start(&collectors[0], first.reader);
    collector_start(&collectors[1], second.reader);
    struct zn_end tee = end_of(second.kind, second.writer);
    struct zn_transfer_options options = {.path = ZN_PATH_TEE, .tee = &tee};
    struct zn_end source = end_file(file, 0);
    struct zn_end target = end_of(first.kind, first.writer);
    struct zn_receipt receipt;
    assert_int_equal(zn_transfer(&source, &target, size, &options, &receipt), size);
    close(first.writer);
    close(second.writer);
    first.writer = second.writer = -1;
    collector_assert(&collectors[0], expected, size);
    collector_assert(&collectors[1], expected, size);
    options.tee = NULL;
    assert_int_equal(zn_transfer(&source, &target, size, &options, NULL), ZN_ETEE);
    pair_close(&first);
    pair_close(&second);
    close(file);
    free(expected);
  }
}

/* Sends until the target is full, reads, and goes on: every byte once. */
static void test_nonblocking_targets(void **state) {
  static const int paths[] = {ZN_PATH_AUTO,     ZN_PATH_READ_WRITE, ZN_PATH_MMAP_WRITE,
                              ZN_PATH_SENDFILE, ZN_PATH_SPLICE,     ZN_PATH_VMSPLICE};
  int64_t size = 6 * 1048576 + 3;
  uint8_t *expected = malloc((size_t)size);
  uint8_t *got = malloc((size_t)size + 1);
  fill_pattern(expected, size, 21);
  int file = file_make(size, 21);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      struct pair pair = pair_open(kind);
      set_nonblocking(pair.writer);
      set_nonblocking(pair.reader);
      int64_t sent = 0;
      int64_t received = 0;
      bool was_full = false;
      while (received < size) {
        struct zn_receipt receipt;
        int64_t moved = move_by(paths[p], end_file(file, sent), end_of(pair.kind, pair.writer),
                                size - sent, &receipt);
        if (moved < size - sent) was_full = true;
        if (moved < 0) assert_int_equal(moved, sent == size ? 0 : -EAGAIN);
        if (moved > 0) sent += moved;
        ssize_t read_bytes = read(pair.reader, got + received, (size_t)(size + 1 - received));
        if (read_bytes < 0) assert_int_equal(errno, EAGAIN);
        if (read_bytes > 0) received += read_bytes;
      }
      assert_int_equal(received, size);
      assert_true(was_full);
      assert_memory_equal(got, expected, (size_t)size);
      pair_close(&pair);
    }
  }
  close(file);
  free(expected);
  free(got);
}

static void test_nonblocking_sources(void **state) {
  static const int paths[] = {ZN_PATH_AUTO, ZN_PATH_READ_WRITE, ZN_PATH_SPLICE};
  uint8_t expected[10000];
  fill_pattern(expected, sizeof expected, 2);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      struct pair pair = pair_open(kind);
      set_nonblocking(pair.reader);
      int file = file_make(0, 0);
      struct zn_receipt receipt;
      struct zn_end source = end_of(pair.kind, pair.reader);
      assert_int_equal(move_by(paths[p], source, end_file(file, 0), 20000, &receipt), -EAGAIN);
      assert_int_equal(write(pair.writer, expected, sizeof expected), sizeof expected);
      assert_int_equal(move_by(paths[p], source, end_file(file, 0), 20000, &receipt),
                       sizeof expected);
      assert_int_equal(receipt.error, -EAGAIN);
      close(pair.writer);
      pair.writer = -1;
      assert_int_equal(move_by(paths[p], source, end_file(file, 0), 20000, &receipt), 0);
      assert_file_holds(file, 0, expected, sizeof expected);
      close(file);
      pair_close(&pair);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_file_to_sockets_and_pipes),
      BALANCED(test_sockets_and_pipes_to_file),
      BALANCED(test_file_to_file),
      BALANCED(test_memory_ends),
      BALANCED(test_lent_pages_survive_unmapping),
      BALANCED(test_tee_feeds_both_targets),
      BALANCED(test_nonblocking_targets),
      BALANCED(test_nonblocking_sources),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
