/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The edges of transfers: refusals name the reason; append mode, overlaps, huge offsets, /proc,
 * files cut short and peers that have gone end as documented; bad input is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "znio/znio.h"

static void test_refusals_name_the_reason(void **state) {
  int file = file_make(100000, 1);
  int other = file_make(0, 0);
  struct pair tcp = pair_open(PAIR_TCP4);
  struct pair unix_pair = pair_open(PAIR_UNIX);
  struct zn_receipt receipt;
  struct zn_end tcp_end = end_of(ZN_END_TCP, tcp.writer);
  struct zn_end source = end_file(file, 0);
  assert_int_equal(
      move_by(ZN_PATH_SENDFILE, end_of(ZN_END_TCP, tcp.reader), end_file(other, 0), 10, &receipt),
      ZN_EPAIR);
  assert_int_equal(receipt.error, ZN_EPAIR);
  assert_int_equal(receipt.path, ZN_PATH_SENDFILE);
  assert_int_equal(move_by(ZN_PATH_COPY_FILE_RANGE, source, tcp_end, 10, &receipt), ZN_EPAIR);
  assert_int_equal(move_by(ZN_PATH_REFLINK, source, tcp_end, 10, &receipt), ZN_EPAIR);
  assert_int_equal(move_by(ZN_PATH_MSG_ZEROCOPY, source, end_file(other, 0), 10, &receipt),
                   ZN_EPAIR);
  assert_int_equal(
      move_by(ZN_PATH_MSG_ZEROCOPY, source, end_of(ZN_END_UNIX, unix_pair.writer), 10, &receipt),
      ZN_EPAIR);
  assert_int_equal(
      move_by(ZN_PATH_MMAP_WRITE, end_of(ZN_END_TCP, tcp.reader), end_file(other, 0), 10, &receipt),
      ZN_EPAIR);
  /* AUTO never fails for such a reason; the bytes go another way. */
  assert_string_equal(zn_error_name(ZN_EPAIR), "ZN_EPAIR");
  assert_string_equal(zn_error_name(-EPIPE), "EPIPE");
  assert_string_equal(zn_error_name(-100000), "EUNKNOWN");
  assert_non_null(strstr(zn_error_text(ZN_EAPPEND), "append"));
  pair_close(&tcp);
  pair_close(&unix_pair);
  close(file);
  close(other);
}

static void test_append_target(void **state) {
  int64_t size = 200000;
  uint8_t *expected = malloc((size_t)size);
  fill_pattern(expected, size, 1);
  int source = file_make(size, 1);
  static const int refused[] = {ZN_PATH_SENDFILE, ZN_PATH_SPLICE, ZN_PATH_COPY_FILE_RANGE};
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    int target = file_make(10, 6);
    assert_int_equal(fcntl(target, F_SETFL, O_APPEND), 0);
    struct zn_receipt receipt;
    struct zn_end end = end_file(target, ZN_OFFSET_CURRENT);
    assert_int_equal(move_by(refused[i], end_file(source, 0), end, size, &receipt), ZN_EAPPEND);
    assert_int_equal(lseek(target, 0, SEEK_END), 10);
    struct zn_end at_start = end_file(target, 0); /* an offset does not make it overwrite */
    assert_int_equal(move_by(refused[i], end_file(source, 0), at_start, size, &receipt),
                     ZN_EAPPEND);
    assert_int_equal(lseek(target, 0, SEEK_END), 10);
    assert_int_equal(move_by(ZN_PATH_AUTO, end_file(source, 0), end, size, &receipt), size);
    assert_int_equal(receipt.path, ZN_PATH_READ_WRITE);
    assert_int_equal(receipt.declined_reason, ZN_EAPPEND);
    assert_file_holds(target, 10, expected, size);
    close(target);
  }
  /* From a pipe the bytes are already taken when the target refuses: they are copied, not lost. */
  struct pair pipe = pair_open(PAIR_PIPE);
  int target = file_make(0, 0);
  assert_int_equal(fcntl(target, F_SETFL, O_APPEND), 0);
  struct pair unix_pair = pair_open(PAIR_UNIX);
  struct feeder feeder;
  feeder_start(&feeder, unix_pair.writer, expected, size);
  struct zn_receipt receipt;
  struct zn_end end = end_file(target, ZN_OFFSET_CURRENT);
  assert_int_equal(
      move_by(ZN_PATH_AUTO, end_of(ZN_END_UNIX, unix_pair.reader), end, size, &receipt), size);
  feeder_join(&feeder);
  assert_file_holds(target, 0, expected, size);
  unix_pair.writer = -1;
  pair_close(&unix_pair);
  pair_close(&pipe);
  close(target);
  close(source);
  free(expected);
}

static void test_overlap_is_a_memmove(void **state) {
  int64_t size = 1000000;
  static const int64_t counts[] = {1000, 60000, 700000};
  for (int small = 0; small < 3; small++) {
    for (int forward = 0; forward < 2; forward++) {
      uint8_t *expected = malloc((size_t)size);
      fill_pattern(expected, size, 8);
      int64_t from = forward ? 100 : 300;
      int64_t to = forward ? 300 : 100;
      memmove(expected + to, expected + from, (size_t)counts[small]);
      int file = file_make(size, 8);
      struct zn_receipt receipt;
      assert_int_equal(
          move_by(ZN_PATH_AUTO, end_file(file, from), end_file(file, to), counts[small], &receipt),
          counts[small]);
      assert_int_equal(receipt.declined_reason, counts[small] < 65536 ? ZN_ESMALL : ZN_EOVERLAP);
      assert_file_holds(file, 0, expected, size);
      static const int refused[] = {ZN_PATH_SENDFILE, ZN_PATH_SPLICE, ZN_PATH_COPY_FILE_RANGE,
                                    ZN_PATH_MMAP_WRITE};
      for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        assert_int_equal(
            move_by(refused[i], end_file(file, from), end_file(file, to), counts[small], &receipt),
            ZN_EOVERLAP);
      }
      assert_file_holds(file, 0, expected, size);
      close(file);
      free(expected);
    }
  }
}

/* More is asked for than the file holds behind the source's place: what the transfer itself writes
 * there is not read again. */
static void test_a_file_behind_itself(void **state) {
  static const int64_t sizes[] = {100, 70000, 300000};
  static const int paths[] = {ZN_PATH_AUTO,     ZN_PATH_READ_WRITE,      ZN_PATH_SENDFILE,
                              ZN_PATH_SPLICE,   ZN_PATH_COPY_FILE_RANGE, ZN_PATH_MMAP_WRITE,
                              ZN_PATH_VMSPLICE, ZN_PATH_PRIVATE_MAP};
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    for (int small = 0; small < 3; small++) {
      int64_t size = sizes[small];
      uint8_t *expected = malloc((size_t)(2 * size));
      fill_pattern(expected, size, 9);
      memcpy(expected + size, expected, (size_t)size);
      int file = file_make(size, 9);
      struct zn_receipt receipt;
      int64_t moved =
          move_by(paths[i], end_file(file, 0), end_file(file, size), 5 * size, &receipt);
      if (moved >= 0) assert_int_equal(moved, size);
      if (paths[i] == ZN_PATH_AUTO) assert_int_equal(moved, size);
      assert_file_holds(file, 0, expected, moved < 0 ? size : 2 * size);
      close(file);
      free(expected);
    }
  }
}

static void test_a_short_file_onto_itself(void **state) {
  int file = file_make(100, 10);
  uint8_t expected[110];
  struct zn_receipt receipt;
  fill_pattern(expected, 100, 10);
  memmove(expected + 10, expected, 100);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_file(file, 0), end_file(file, 10), 1000, &receipt),
                   100);
  assert_file_holds(file, 0, expected, sizeof expected);
  close(file);
}

static void test_sparse_file_past_4_gib(void **state) {
  int file = file_make(0, 0);
  int64_t offset = ((int64_t)4 << 30) + 4096 + 7;
  uint8_t expected[5000];
  fill_pattern(expected, sizeof expected, 12);
  assert_int_equal(pwrite(file, expected, sizeof expected, offset), sizeof expected);
  static const int paths[] = {ZN_PATH_AUTO,     ZN_PATH_READ_WRITE, ZN_PATH_MMAP_WRITE,
                              ZN_PATH_SENDFILE, ZN_PATH_SPLICE,     ZN_PATH_VMSPLICE};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    struct pair pair = pair_open(PAIR_UNIX);
    struct collector collector;
    collector_start(&collector, pair.reader);
    struct zn_receipt receipt;
    /* More than there is: ends at the end of the file. */
    assert_int_equal(move_by(paths[p], end_file(file, offset), end_of(ZN_END_UNIX, pair.writer),
                             INT64_MAX, &receipt),
                     sizeof expected);
    assert_int_equal(move_by(paths[p], end_file(file, offset + 9000),
                             end_of(ZN_END_UNIX, pair.writer), 100, &receipt),
                     0);
    close(pair.writer);
    pair.writer = -1;
    collector_assert(&collector, expected, sizeof expected);
    pair_close(&pair);
  }
  close(file);
}

/* More than one system call can move: the JDK stops at 2 GiB, this does not. */
static void test_more_than_2_gib_to_file(void **state) {
  int source = file_make(0, 0);
  int64_t size = ((int64_t)2 << 30) + 12345;
  uint8_t tail[345];
  fill_pattern(tail, sizeof tail, 13);
  assert_int_equal(pwrite(source, tail, sizeof tail, size - (int64_t)sizeof tail), sizeof tail);
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  struct zn_receipt receipt;
  assert_int_equal(
      move_by(ZN_PATH_SENDFILE, end_file(source, 0), end_of(ZN_END_FILE, null), size, &receipt),
      size);
  assert_true(receipt.system_calls >= 2);
  close(null);
  close(source);
}

/* A size of 0 does not mean empty, and copy_file_range gives 0 here: all must arrive all the same.
 */
static void test_proc_file(void **state) {
  int source = open("/proc/kallsyms", O_RDONLY | O_CLOEXEC);
  int64_t size = 200000;
  uint8_t *expected = malloc((size_t)size);
  for (int64_t got, done = 0; done < size; done += got) {
    got = read(source, expected + done, (size_t)(size - done));
    assert_true(got > 0);
  }
  for (int own_position = 0; own_position < 2; own_position++) {
    int target = file_make(0, 0);
    struct zn_end end = end_file(target, own_position ? ZN_OFFSET_CURRENT : 0);
    struct zn_receipt receipt;
    assert_int_equal(move_by(ZN_PATH_AUTO, end_file(source, 0), end, size, &receipt), size);
    assert_file_holds(target, 0, expected, size);
    close(target);
  }
  free(expected);
  close(source);
}

static void test_truncated_while_reading(void **state) {
  static const int paths[] = {ZN_PATH_AUTO,     ZN_PATH_READ_WRITE, ZN_PATH_MMAP_WRITE,
                              ZN_PATH_SENDFILE, ZN_PATH_SPLICE,     ZN_PATH_VMSPLICE};
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    int file = file_make(65536, 14);
    uint8_t expected[65536];
    fill_pattern(expected, sizeof expected, 14);
    assert_int_equal(ftruncate(file, 5000), 0);
    struct pair pair = pair_open(PAIR_UNIX);
    struct collector collector;
    collector_start(&collector, pair.reader);
    struct zn_receipt receipt;
    int64_t moved =
        move_by(paths[p], end_file(file, 0), end_of(ZN_END_UNIX, pair.writer), 65536, &receipt);
    assert_int_equal(moved, 5000);
    close(pair.writer);
    pair.writer = -1;
    collector_assert(&collector, expected, 5000);
    pair_close(&pair);
    close(file);
  }
}

static void test_peer_gone(void **state) {
  signal(SIGPIPE, SIG_IGN); /* as the API asks of a C program */
  static const int paths[] = {ZN_PATH_AUTO,     ZN_PATH_READ_WRITE, ZN_PATH_MMAP_WRITE,
                              ZN_PATH_SENDFILE, ZN_PATH_SPLICE,     ZN_PATH_VMSPLICE};
  int file = file_make(1 << 20, 15);
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int kind = PAIR_UNIX; kind < PAIR_KINDS; kind++) {
      struct pair pair = pair_open(kind);
      close(pair.reader);
      pair.reader = -1;
      struct zn_receipt receipt;
      assert_int_equal(
          move_by(paths[p], end_file(file, 0), end_of(pair.kind, pair.writer), 1 << 20, &receipt),
          -EPIPE);
      pair_close(&pair);
    }
  }
  close(file);
}

static void test_regions_to_file(void **state) {
  static const int paths[] = {ZN_PATH_AUTO, ZN_PATH_READ_WRITE, ZN_PATH_SENDFILE, ZN_PATH_SPLICE};
  int64_t size = 1 << 20;
  uint8_t *bytes = malloc((size_t)size);
  uint8_t *expected = malloc((size_t)size);
  fill_pattern(bytes, size, 17);
  int source = file_make(size, 17);
  static const int64_t lengths[] = {100, 70000, 5, 200000, 4096};
  struct zn_file_region regions[5];
  int64_t total = 0;
  for (int64_t i = 0; i < 5; i++) {
    regions[i] = (struct zn_file_region){.fd = source, .offset = i * 1000, .length = lengths[i]};
    memcpy(expected + total, bytes + i * 1000, (size_t)lengths[i]);
    total += lengths[i];
  }
  for (size_t p = 0; p < sizeof paths / sizeof *paths; p++) {
    for (int own_position = 0; own_position < 2; own_position++) {
      int target = file_make(0, 0);
      if (own_position) lseek(target, 50, SEEK_SET);
      struct zn_end end = end_file(target, own_position ? ZN_OFFSET_CURRENT : 50);
      struct zn_transfer_options options = {.path = paths[p]};
      struct zn_receipt receipt;
      assert_int_equal(zn_transfer_regions(NULL, 0, regions, 5, &end, &options, &receipt), total);
      if (paths[p] == ZN_PATH_AUTO) assert_int_equal(receipt.path, ZN_PATH_SENDFILE);
      assert_file_holds(target, 50, expected, total);
      close(target);
    }
  }
  close(source);
  free(bytes);
  free(expected);
}

static void test_bad_arguments(void **state) {
  int file = file_make(10, 1);
  struct zn_receipt receipt;
  struct zn_end good = end_file(file, 0);
  struct zn_end to = end_file(file, 100);
  assert_int_equal(move_by(ZN_PATH_AUTO, good, to, -1, &receipt), -EINVAL);
  assert_int_equal(move_by(99, good, to, 1, &receipt), -EINVAL);
  assert_int_equal(move_by(-1, good, to, 1, &receipt), -EINVAL);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_file(file, -2), to, 1, &receipt), -EINVAL);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_file(-1, 0), to, 1, &receipt), -EBADF);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_memory(NULL), to, 1, &receipt), -EINVAL);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_of(9, file), to, 1, &receipt), -EINVAL);
  assert_int_equal(move_by(ZN_PATH_AUTO, good, to, 0, &receipt), 0);
  assert_int_equal(receipt.system_calls, 0);
  assert_int_equal(move_by(ZN_PATH_AUTO, good, end_file(file, INT64_MAX), 1, &receipt), -EFBIG);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_file(file, INT64_MAX), to, 1, &receipt), 0);
  struct pair pair = pair_open(PAIR_PIPE);
  assert_int_equal(move_by(ZN_PATH_AUTO, end_of(ZN_END_PIPE, pair.reader), to, 1, NULL), -EINVAL);
  struct zn_transfer_options options = {.depth = 65};
  assert_int_equal(zn_transfer(&good, &to, 1, &options, &receipt), -EINVAL);
  options = (struct zn_transfer_options){.chunk_bytes = 4097};
  assert_int_equal(zn_transfer(&good, &to, 1, &options, &receipt), -EINVAL);
  struct zn_end end;
  assert_int_equal(zn_end_init(&end, pair.reader), 0);
  assert_int_equal(end.kind, ZN_END_PIPE);
  assert_int_equal(zn_end_init(&end, file), 0);
  assert_int_equal(end.kind, ZN_END_FILE);
  int directory = open("/", O_RDONLY | O_CLOEXEC);
  assert_int_equal(zn_end_init(&end, directory), ZN_EPAIR);
  assert_int_equal(zn_end_init(&end, -1), -EBADF);
  close(directory);
  pair_close(&pair);
  close(file);
}

static int64_t send_regions(struct zn_end target, int path, const void *header, size_t header_size,
                            const struct zn_file_region *regions) {
  struct zn_receipt receipt;
  struct zn_transfer_options options = {.path = path};
  int64_t sent = zn_transfer_regions(header, header_size, regions, 1, &target, &options, &receipt);
  assert_int_equal(receipt.error, sent < 0 ? sent : 0);
  return sent;
}

static void test_regions_with_bad_arguments(void **state) {
  int file = file_make(10, 1);
  struct zn_end to = end_file(file, 100);
  struct zn_file_region list = {.offset = 0, .length = 5, .fd = file};
  struct zn_file_region beyond = {.offset = 1, .length = INT64_MAX, .fd = file};
  assert_int_equal(send_regions(end_file(file, -2), ZN_PATH_AUTO, NULL, 0, &list), -EINVAL);
  assert_int_equal(send_regions(end_file(-1, 0), ZN_PATH_AUTO, NULL, 0, &list), -EBADF);
  assert_int_equal(send_regions(end_of(9, file), ZN_PATH_AUTO, NULL, 0, &list), -EINVAL);
  assert_int_equal(send_regions(end_memory(&list), ZN_PATH_AUTO, NULL, 0, &list), ZN_EPAIR);
  assert_int_equal(send_regions(to, ZN_PATH_COUNT, NULL, 0, &list), -EINVAL);
  assert_int_equal(send_regions(to, -1, NULL, 0, &list), -EINVAL);
  assert_int_equal(send_regions(to, ZN_PATH_TEE, NULL, 0, &list), ZN_EPAIR);
  assert_int_equal(send_regions(to, ZN_PATH_AUTO, NULL, 5, &list), -EINVAL);
  assert_int_equal(send_regions(to, ZN_PATH_AUTO, "header", SIZE_MAX, &list), -EINVAL);
  assert_int_equal(send_regions(to, ZN_PATH_AUTO, NULL, 0, NULL), -EINVAL);
  assert_int_equal(send_regions(to, ZN_PATH_AUTO, NULL, 0, &beyond), -EINVAL);
  assert_int_equal(send_regions(to, ZN_PATH_AUTO, NULL, 0, &list), 5);
  close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_refusals_name_the_reason),
      BALANCED(test_append_target),
      BALANCED(test_a_file_behind_itself),
      BALANCED(test_a_short_file_onto_itself),
      BALANCED(test_overlap_is_a_memmove),
      BALANCED(test_sparse_file_past_4_gib),
      BALANCED(test_more_than_2_gib_to_file),
      BALANCED(test_proc_file),
      BALANCED(test_truncated_while_reading),
      BALANCED(test_peer_gone),
      BALANCED(test_regions_to_file),
      BALANCED(test_bad_arguments),
      BALANCED(test_regions_with_bad_arguments),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
