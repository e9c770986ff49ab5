/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_splice */
/* WRAP zn_sys_write */
/* WRAP zn_sys_pwrite */
/* WRAP zn_sys_send */
/* WRAP zn_sys_sendfile */
/* WRAP zn_sys_pread */
/* WRAP zn_sys_read */
/* WRAP zn_sys_copy_file_range */
/*
 * Nothing is lost and nothing doubled: every path that reads from a file, socket or pipe, with a
 * fault or a short count at the n-th system call, for every n until the transfer no longer meets
 * it. The caller goes on from what the receipt says; at the end the target holds every byte once.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/check.h"
#include "support/ends.h"
#include "sys.h"
#include "znio/znio.h"

/* The fault: at call number s_at give this error, or move this many bytes only. */
static int s_calls;
static int s_at;
static int s_error;
static int64_t s_short;
static bool s_met;

/* returns: true when this call must fail; else *size may be cut. */
static bool fault(size_t *size) {
  if (++s_calls != s_at) return false;
  s_met = true;
  if (s_short > 0 && (int64_t)*size > s_short) *size = (size_t)s_short;
  return s_error != 0;
}

#define WRAP(result, name, parameters, arguments)                                                  \
  result __real_##name parameters;                                                                 \
  result __wrap_##name parameters;                                                                 \
  result __wrap_##name parameters {                                                                \
    if (fault(&size)) return s_error;                                                              \
    return __real_##name arguments;                                                                \
  }

WRAP(int64_t, zn_sys_splice,
     (int source, int64_t *source_offset, int target, int64_t *target_offset, size_t size,
      unsigned flags),
     (source, source_offset, target, target_offset, size, flags))
WRAP(int64_t, zn_sys_write, (int fd, const void *buffer, size_t size), (fd, buffer, size))
WRAP(int64_t, zn_sys_pwrite, (int fd, const void *buffer, size_t size, int64_t offset),
     (fd, buffer, size, offset))
WRAP(int64_t, zn_sys_send, (int fd, const void *buffer, size_t size, int flags),
     (fd, buffer, size, flags))
WRAP(int64_t, zn_sys_sendfile, (int target, int source, int64_t *offset, size_t size),
     (target, source, offset, size))
WRAP(int64_t, zn_sys_pread, (int fd, void *buffer, size_t size, int64_t offset),
     (fd, buffer, size, offset))
WRAP(int64_t, zn_sys_read, (int fd, void *buffer, size_t size), (fd, buffer, size))
WRAP(int64_t, zn_sys_copy_file_range,
     (int source, int64_t *source_offset, int target, int64_t *target_offset, size_t size),
     (source, source_offset, target, target_offset, size))

#define SIZE ((int64_t)700001)

static void arm(int at, int error, int64_t short_bytes) {
  s_calls = 0;
  s_at = at;
  s_error = error;
  s_short = short_bytes;
  s_met = false;
}

/* What a careful caller does with stranded bytes: takes them and writes them itself. */
static int64_t recover_stranded(struct zn_receipt *receipt, int target, int64_t offset) {
  int64_t recovered = 0;
  char buffer[4096];
  s_at = 0;
  while (receipt->stranded != NULL && zn_pipe_bytes(receipt->stranded) > 0) {
    int64_t got = zn_pipe_drain(receipt->stranded, buffer, sizeof buffer);
    assert_true(got > 0);
    assert_int_equal(pwrite(target, buffer, (size_t)got, offset + recovered), got);
    recovered += got;
  }
  assert_int_equal(recovered, receipt->stranded_bytes);
  zn_pipe_release(receipt->stranded);
  return recovered;
}

/* Repeats a transfer until all bytes are in the target file; only the armed fault may stop it. */
static void move_all_to_file(int path, struct zn_end source, int target) {
  int64_t done = 0;
  for (int calls = 0; done < SIZE; calls++) {
    assert_true(calls < 1000);
    struct zn_transfer_options options = {.path = path};
    struct zn_end end = end_file(target, done);
    if (source.kind == ZN_END_FILE) source.offset = done;
    struct zn_receipt receipt;
    int64_t moved = zn_transfer(&source, &end, SIZE - done, &options, &receipt);
    if (moved < 0) assert_int_equal(moved, s_error);
    if (moved > 0) done += moved;
    done += recover_stranded(&receipt, target, done);
  }
  assert_int_equal(done, SIZE);
}

static const int s_errors[] = {0, -EINTR, -EIO, -ENOSPC};
static const int64_t s_shorts[] = {1, 0, 0, 0};

/* Every n until the transfer ends without meeting the fault; each must be met at least once. */
static void every_fault_to_file(int path, int pair_kind) {
  uint8_t *expected = malloc((size_t)SIZE);
  fill_pattern(expected, SIZE, 31);
  int source_file = file_make(SIZE, 31);
  for (size_t e = 0; e < sizeof s_errors / sizeof *s_errors; e++) {
    bool met = true;
    int at;
    for (at = 1; met && at <= 60; at++) {
      int target = file_make(0, 0);
      struct pair pair = {.writer = -1, .reader = -1};
      struct feeder feeder;
      struct zn_end source = end_file(source_file, 0);
      if (pair_kind < PAIR_KINDS) {
        pair = pair_open(pair_kind);
        feeder_start(&feeder, pair.writer, expected, SIZE);
        source = end_of(pair.kind, pair.reader);
      }
      arm(at, s_errors[e], s_shorts[e]);
      move_all_to_file(path, source, target);
      met = s_met;
      arm(0, 0, 0);
      if (pair_kind < PAIR_KINDS) feeder_join(&feeder);
      pair.writer = -1;
      assert_file_holds(target, 0, expected, SIZE);
      pair_close(&pair);
      close(target);
    }
    assert_true(at > 2);
  }
  close(source_file);
  free(expected);
}

static void test_streams_to_file(void **state) {
  for (int kind = 0; kind < PAIR_KINDS; kind++) {
    every_fault_to_file(ZN_PATH_AUTO, kind);
    every_fault_to_file(ZN_PATH_READ_WRITE, kind);
  }
}

static void test_file_to_file(void **state) {
  static const int paths[] = {ZN_PATH_AUTO, ZN_PATH_READ_WRITE, ZN_PATH_SENDFILE, ZN_PATH_SPLICE,
                              ZN_PATH_MMAP_WRITE};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++)
    every_fault_to_file(paths[p], PAIR_KINDS);
}

static void test_file_to_streams(void **state) {
  static const int paths[] = {ZN_PATH_AUTO,   ZN_PATH_READ_WRITE, ZN_PATH_SENDFILE,
                              ZN_PATH_SPLICE, ZN_PATH_MMAP_WRITE, ZN_PATH_VMSPLICE};
  static const int errors[] = {0, -EINTR, -EAGAIN};
  uint8_t *expected = malloc((size_t)SIZE);
  fill_pattern(expected, SIZE, 32);
  int file = file_make(SIZE, 32);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
        bool met = true;
        for (int at = 1; met && at <= 40; at++) {
          struct pair pair = pair_open(kind);
          struct collector collector;
          collector_start(&collector, pair.reader);
          arm(at, errors[e], errors[e] == 0 ? 1 : 0);
          for (int64_t done = 0; done < SIZE;) {
            struct zn_transfer_options options = {.path = paths[p]};
            struct zn_end source = end_file(file, done);
            struct zn_end target = end_of(pair.kind, pair.writer);
            int64_t moved = zn_transfer(&source, &target, SIZE - done, &options, NULL);
            if (moved < 0) assert_int_equal(moved, s_error);
            if (moved > 0) done += moved;
          }
          met = s_met;
          arm(0, 0, 0);
          close(pair.writer);
          pair.writer = -1;
          collector_assert(&collector, expected, SIZE);
          pair_close(&pair);
        }
      }
    }
  }
  close(file);
  free(expected);
}

enum { REGIONS = 300, HEADER_BYTES = 8 };

/* A list of regions of all lengths, empty and large ones among them, and what it must send. */
struct region_list {
  int file;
  struct zn_file_region regions[REGIONS];
  uint8_t *expected;
  int64_t total;
};

static void region_list_make(struct region_list *list) {
  int64_t file_size = 2 << 20;
  uint8_t *bytes = malloc((size_t)file_size);
  fill_pattern(bytes, file_size, 33);
  list->file = file_make(file_size, 33);
  list->expected = malloc((size_t)file_size * 4);
  memcpy(list->expected, "header--", HEADER_BYTES);
  list->total = HEADER_BYTES;
  for (int i = 0; i < REGIONS; i++) {
    int64_t length = i % 50 == 0 ? 100000 : i % 7 == 0 ? 0 : 1 + (i * 37) % 5000;
    int64_t offset = (i * 7919) % 1000000;
    list->regions[i] =
        (struct zn_file_region){.fd = list->file, .offset = offset, .length = length};
    memcpy(list->expected + list->total, bytes + offset, (size_t)length);
    list->total += length;
  }
  free(bytes);
}

/* Sends what is left of the list after done bytes: it goes on in the middle of a region if need be.
 */
static int64_t send_rest(const struct region_list *list, int64_t done, const struct zn_end *target,
                         int path) {
  struct zn_file_region left[REGIONS];
  int64_t skip = done - HEADER_BYTES;
  for (int i = 0; i < REGIONS; i++) {
    int64_t length = list->regions[i].length;
    int64_t cut = skip > length ? length : skip > 0 ? skip : 0;
    skip -= length;
    left[i] = list->regions[i];
    left[i].offset += cut;
    left[i].length -= cut;
  }
  size_t header = done < HEADER_BYTES ? (size_t)(HEADER_BYTES - done) : 0;
  struct zn_transfer_options options = {.path = path};
  return zn_transfer_regions(list->expected + HEADER_BYTES - header, header, left, REGIONS, target,
                             &options, NULL);
}

/* returns: whether the armed fault was met. */
static bool send_list(const struct region_list *list, int path, int pair_kind) {
  struct pair pair = pair_open(pair_kind);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_end target = end_of(pair.kind, pair.writer);
  for (int64_t done = 0; done < list->total;) {
    int64_t moved = send_rest(list, done, &target, path);
    if (moved < 0) assert_int_equal(moved, s_error);
    if (moved > 0) done += moved;
  }
  bool met = s_met;
  arm(0, 0, 0);
  close(pair.writer);
  pair.writer = -1;
  collector_assert(&collector, list->expected, list->total);
  pair_close(&pair);
  return met;
}

static void test_regions(void **state) {
  static const int paths[] = {ZN_PATH_AUTO, ZN_PATH_READ_WRITE, ZN_PATH_SENDFILE, ZN_PATH_SPLICE};
  static const int errors[] = {0, -EINTR, -EAGAIN};
  struct region_list list;
  region_list_make(&list);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = 0; kind < PAIR_KINDS; kind++) {
      if (kind == PAIR_PIPE && paths[p] == ZN_PATH_SPLICE) continue;
      for (size_t e = 0; e < sizeof errors / sizeof *errors; e++) {
        bool met = true;
        for (int at = 1; met && at <= 12; at++) {
          arm(at, errors[e], errors[e] == 0 ? 1 : 0);
          met = send_list(&list, paths[p], kind);
        }
      }
    }
  }
  close(list.file);
  free(list.expected);
}

static void test_region_past_the_end(void **state) {
  struct region_list list;
  region_list_make(&list);
  struct zn_file_region past = {.fd = list.file, .offset = (2 << 20) - 10, .length = 100};
  struct zn_file_region regions[2] = {list.regions[1], past};
  int target_file = file_make(0, 0);
  struct zn_end target = end_file(target_file, 0);
  struct zn_receipt receipt;
  assert_int_equal(zn_transfer_regions(NULL, 0, regions, 2, &target, NULL, &receipt),
                   list.regions[1].length + 10);
  assert_int_equal(receipt.error, ZN_ETRUNCATED);
  close(target_file);
  close(list.file);
  free(list.expected);
}

int main(void) {
  signal(SIGPIPE, SIG_IGN);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_streams_to_file), cmocka_unit_test(test_file_to_file),
      cmocka_unit_test(test_file_to_streams), cmocka_unit_test(test_regions),
      cmocka_unit_test(test_region_past_the_end)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
