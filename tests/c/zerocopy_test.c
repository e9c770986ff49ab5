/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_send */
/* WRAP zn_sys_recvmsg */
/*
 * msg-zerocopy: the bytes arrive whole and once; memory is the caller's again only when the kernel
 * is done with it, also across a closed socket, a wrapped counter and several pins of one socket.
 */
#include "zerocopy.h"

#include "support/check.h"

/* linux/errqueue.h wants struct timespec. */
/* clang-format off */
#include <time.h>
#include <linux/errqueue.h>
/* clang-format on */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/ends.h"
#include "support/stall.h"
#include "znio/znio.h"

static const int64_t s_sizes[] = {1, 4095, 4096, 65537, MIB + 1, 17 * MIB + 4097};

/* Faults: sends fail with ENOBUFS while more than s_send_max bytes are asked for at once; every
 * s_no_room-th send does so too. Reports' numbers are shifted by s_shift, as if so many went
 * before. */
static size_t s_send_max;
static int s_no_room;
static uint32_t s_shift;

int64_t __real_zn_sys_send(int fd, const void *buffer, size_t size, int flags);
int64_t __wrap_zn_sys_send(int fd, const void *buffer, size_t size, int flags);
int64_t __wrap_zn_sys_send(int fd, const void *buffer, size_t size, int flags) {
  static int calls;
  if (s_send_max != 0 && size > s_send_max) return -ENOBUFS;
  if (s_no_room != 0 && ++calls % s_no_room == 0) return -ENOBUFS;
  return __real_zn_sys_send(fd, buffer, size, flags);
}

int64_t __real_zn_sys_recvmsg(int fd, struct msghdr *message, int flags);
int64_t __wrap_zn_sys_recvmsg(int fd, struct msghdr *message, int flags);
int64_t __wrap_zn_sys_recvmsg(int fd, struct msghdr *message, int flags) {
  int64_t result = __real_zn_sys_recvmsg(fd, message, flags);
  struct cmsghdr *c = result >= 0 && s_shift != 0 ? CMSG_FIRSTHDR(message) : NULL;
  if (c != NULL) {
    struct sock_extended_err report;
    memcpy(&report, CMSG_DATA(c), sizeof report);
    report.ee_info += s_shift;
    report.ee_data += s_shift;
    memcpy(CMSG_DATA(c), &report, sizeof report);
  }
  return result;
}

static int64_t zerocopy(struct zn_end source, int fd, int64_t count, struct zn_receipt *receipt) {
  struct zn_transfer_options options = {.path = ZN_PATH_MSG_ZEROCOPY};
  struct zn_end target = end_of(ZN_END_TCP, fd);
  return zn_transfer(&source, &target, count, &options, receipt);
}

static void move(int source_kind, int pair_kind, int64_t size, int64_t offset) {
  uint8_t *bytes = malloc((size_t)(size + offset));
  fill_pattern(bytes, size + offset, 4);
  int file = file_make(size + offset, 4);
  struct zn_end source =
      source_kind == ZN_END_FILE ? end_file(file, offset) : end_memory(bytes + offset);
  struct pair pair = pair_open(pair_kind);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_receipt receipt;
  assert_int_equal(zerocopy(source, pair.writer, size, &receipt), size);
  assert_int_equal(receipt.error, 0);
  assert_int_equal(receipt.path, ZN_PATH_MSG_ZEROCOPY);
  assert_null(receipt.pin); /* a blocking call waits, or has no memory to wait for */
  if (source_kind == ZN_END_MEMORY) assert_int_equal(receipt.kernel_copied, ZN_COPIED_YES);
  assert_int_not_equal(receipt.kernel_copied, ZN_COPIED_NO); /* over loopback */
  end_stream(&pair, &collector, bytes + offset, size);
  close(file);
  free(bytes);
}

static void test_sizes(void **state) {
  for (int kind = PAIR_TCP4; kind <= PAIR_TCP6; kind++) {
    for (size_t s = 0; s < sizeof s_sizes / sizeof *s_sizes; s++) {
      move(ZN_END_FILE, kind, s_sizes[s], s % 2 * 5001);
      move(ZN_END_MEMORY, kind, s_sizes[s], s % 2);
    }
  }
}

static void test_sparse_64_mib(void **state) {
  int64_t size = 64 * MIB;
  uint8_t *expected = calloc(1, (size_t)size);
  fill_pattern(expected + 40 * MIB, 6, 77);
  int file = file_make(0, 0);
  assert_int_equal(ftruncate(file, size), 0);
  assert_int_equal(pwrite(file, expected + 40 * MIB, 6, 40 * MIB), 6);
  struct pair pair = pair_open(PAIR_TCP4);
  struct collector collector;
  collector_start(&collector, pair.reader);
  struct zn_receipt receipt;
  assert_int_equal(zerocopy(end_file(file, 0), pair.writer, INT64_MAX, &receipt), size);
  assert_int_equal(receipt.kernel_copied, ZN_COPIED_YES);
  end_stream(&pair, &collector, expected, size);
  close(file);
  free(expected);
}

static void test_own_position_and_end_of_file(void **state) {
  int file = file_make(10000, 1);
  struct pair pair = pair_open(PAIR_TCP4);
  lseek(file, 4000, SEEK_SET);
  struct zn_end source = end_file(file, ZN_OFFSET_CURRENT);
  assert_int_equal(zerocopy(source, pair.writer, 50000, NULL), 6000);
  assert_int_equal(lseek(file, 0, SEEK_CUR), 10000);
  assert_int_equal(zerocopy(source, pair.writer, 50000, NULL), 0);
  assert_int_equal(zerocopy(end_file(file, 10000), pair.writer, 1, NULL), 0);
  pair_close(&pair);
  close(file);
}

static void test_refusals(void **state) {
  int file = file_make(10000, 1);
  struct pair pair = pair_open(PAIR_UNIX);
  struct zn_transfer_options options = {.path = ZN_PATH_MSG_ZEROCOPY};
  struct zn_end source = end_file(file, 0);
  struct zn_end target = end_of(ZN_END_UNIX, pair.writer);
  assert_int_equal(zn_transfer(&source, &target, 100, &options, NULL), ZN_EPAIR);
  struct zn_end file_target = end_file(file, 0);
  assert_int_equal(zn_transfer(&source, &file_target, 100, &options, NULL), ZN_EOVERLAP);
  pair_close(&pair);
  close(file);
}

static void test_nonblocking_memory_is_pinned(void **state) {
  int64_t size = 24 * MIB;
  uint8_t *bytes = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_receipt receipt;
  int64_t moved = zerocopy(end_memory(bytes), pair.writer, size, &receipt);
  assert_true(moved > 0 && moved < size);
  assert_int_equal(receipt.error, -EAGAIN);
  assert_non_null(receipt.pin);
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  assert_int_equal(totals.pins, balance.totals.pins + 1);
  assert_int_equal(totals.descriptors, balance.totals.descriptors + 1);
  assert_int_equal(zn_pin_poll(receipt.pin, 0), 0);
  assert_int_equal(zn_pin_poll(receipt.pin, 10), 0);
  struct interrupter interrupter;
  interrupter_start(&interrupter);
  assert_int_equal(zn_pin_poll(receipt.pin, -1), -EINTR);
  interrupter_stop(&interrupter);
  /* The network may have made some room meanwhile. */
  struct zn_receipt more;
  struct zn_pin *pins[16] = {receipt.pin};
  int count = 1;
  int64_t again;
  while ((again = zerocopy(end_memory(bytes + moved), pair.writer, size - moved, &more)) > 0) {
    moved += again;
    assert_true(count < 16);
    if (more.pin != NULL) pins[count++] = more.pin;
  }
  assert_int_equal(again, -EAGAIN);
  assert_null(more.pin);
  /* The owner closes; the peer still gets every byte, and then the end. */
  for (int i = 0; i < count; i++) zn_pin_shutdown(pins[i]);
  close(pair.writer);
  pair.writer = -1;
  struct collector collector;
  collector_start(&collector, pair.reader);
  for (int i = 0; i < count; i++) {
    assert_int_equal(zn_pin_poll(pins[i], -1), 1);
    assert_int_equal(zn_pin_copied(pins[i]), 1);
    zn_pin_release(pins[i]);
  }
  collector_assert(&collector, bytes, moved);
  pair_close(&pair);
  free(bytes);
}

/* Several pins of one socket: each is complete with its own sends, whoever reads the reports. */
static void test_pins_of_one_socket(void **state) {
  int64_t size = 307200;
  uint8_t *bytes = malloc((size_t)(size * 64));
  fill_pattern(bytes, size * 64, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_pin *pins[64] = {NULL};
  int count = 0;
  int64_t done = 0;
  for (int i = 0; i < 64; i++) {
    struct zn_receipt receipt;
    int64_t moved = zerocopy(end_memory(bytes + done), pair.writer, size, &receipt);
    if (moved <= 0) break;
    done += moved;
    if (receipt.pin != NULL) pins[count++] = receipt.pin;
  }
  assert_true(count >= 2);
  assert_int_equal(zn_pin_poll(pins[count - 1], 0), 0);
  struct collector collector;
  collector_start(&collector, pair.reader);
  assert_int_equal(zn_pin_poll(pins[count - 1], -1), 1); /* books for the others too */
  for (int i = count - 1; i >= 0; i--) {
    assert_int_equal(zn_pin_poll(pins[i], -1), 1);
    zn_pin_release(pins[i]);
  }
  end_stream(&pair, &collector, bytes, done);
  free(bytes);
}

static void test_an_abandoned_pin_confuses_nobody(void **state) {
  int64_t size = 24 * MIB;
  uint8_t *bytes = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_receipt first;
  int64_t done = zerocopy(end_memory(bytes), pair.writer, size, &first);
  assert_non_null(first.pin);
  zn_pin_release(first.pin); /* incomplete: bytes stays as it is to the end of this test */
  struct collector collector;
  collector_start(&collector, pair.reader);
  while (done < size) {
    struct zn_receipt receipt;
    int64_t moved = zerocopy(end_memory(bytes + done), pair.writer, size - done, &receipt);
    assert_true(moved > 0 || moved == -EAGAIN);
    if (moved > 0) done += moved;
    settle(&receipt);
  }
  end_stream(&pair, &collector, bytes, size);
  free(bytes);
}

/* Somebody else has set SO_ZEROCOPY and sent: the first number is not known, and near the wrap. */
static void test_numbers_wrap_and_start_anywhere(void **state) {
  static const uint32_t shifts[] = {UINT32_MAX - 5, UINT32_MAX, 1u << 31, 12345};
  int64_t size = 20 * MIB;
  uint8_t *bytes = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  for (size_t i = 0; i < sizeof shifts / sizeof *shifts; i++) {
    struct pair pair = pair_open(PAIR_TCP6);
    int on = 1;
    assert_int_equal(setsockopt(pair.writer, SOL_SOCKET, SO_ZEROCOPY, &on, sizeof on), 0);
    assert_int_equal(send(pair.writer, bytes, 1, MSG_ZEROCOPY), 1);
    struct collector collector;
    collector_start(&collector, pair.reader);
    s_shift = shifts[i];
    struct zn_receipt receipt;
    int64_t moved = zerocopy(end_memory(bytes + 1), pair.writer, size - 1, &receipt);
    assert_int_equal(moved, size - 1);
    assert_null(receipt.pin);
    assert_int_equal(receipt.kernel_copied, ZN_COPIED_YES);
    s_shift = 0;
    end_stream(&pair, &collector, bytes, size);
  }
  free(bytes);
}

/* An account that was forgotten while reports were on their way. */
static void test_forgotten_account(void **state) {
  int file = file_make(8 * MIB, 6);
  uint8_t *bytes = malloc(16 * MIB);
  fill_pattern(bytes, 8 * MIB, 6);
  memcpy(bytes + 8 * MIB, bytes, 8 * MIB);
  struct pair pair = pair_open(PAIR_TCP4);
  struct collector collector;
  collector_start(&collector, pair.reader);
  assert_int_equal(zerocopy(end_file(file, 0), pair.writer, 8 * MIB, NULL), 8 * MIB);
  zn_zerocopy_trim();
  struct zn_receipt receipt;
  assert_int_equal(zerocopy(end_memory(bytes), pair.writer, 8 * MIB, &receipt), 8 * MIB);
  assert_null(receipt.pin);
  end_stream(&pair, &collector, bytes, 16 * MIB);
  free(bytes);
  close(file);
}

#define STALLS_MAX 64

static void test_interrupted_in_a_stall(void **state) {
  static const int kinds[] = {ZN_END_FILE, ZN_END_MEMORY};
  int64_t size = 32 * MIB;
  uint8_t *bytes = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  int file = file_make(size, 5);
  for (int k = 0; k < 2; k++) {
    struct zn_end source = kinds[k] == ZN_END_FILE ? end_file(file, 0) : end_memory(bytes);
    struct pair pair = pair_open(PAIR_TCP4);
    struct zn_receipt receipts[STALLS_MAX];
    struct interrupter interrupter;
    interrupter_start(&interrupter);
    int calls = 0;
    int64_t moved = 0;
    int64_t result;
    do { /* TCP may make room after a stall: it is full when a call moves nothing */
      assert_true(calls < STALLS_MAX);
      result = zerocopy(source, pair.writer, size - moved, &receipts[calls]);
      assert_int_equal(receipts[calls].error, -EINTR);
      if (result > 0) {
        assert_true((receipts[calls].pin != NULL) == (kinds[k] == ZN_END_MEMORY));
        moved += result;
        end_advance(&source, result);
      }
      calls++;
    } while (result > 0);
    assert_int_equal(result, -EINTR);
    assert_null(receipts[calls - 1].pin);
    interrupter_stop(&interrupter);
    assert_true(moved > 0 && moved < size);
    struct collector collector;
    collector_start(&collector, pair.reader);
    for (int i = 0; i < calls; i++) settle(&receipts[i]);
    end_stream(&pair, &collector, bytes, moved);
    move(kinds[k], PAIR_TCP4, MIB, 0); /* another socket works as before */
  }
  close(file);
  free(bytes);
}

/* How many bytes fit into the queues of a connection, with some of them not into the peer's. */
static int64_t queue_bytes(uint8_t *bytes, int64_t size) {
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_receipt receipt;
  int64_t fits = zerocopy(end_memory(bytes), pair.writer, size, &receipt);
  assert_true(fits > 0 && fits < size);
  pair_close(&pair);
  settle(&receipt);
  return fits / 4 * 3;
}

/* All is sent, nothing acknowledged: the signal ends the wait for the reports, and a pin remains.
 */
static void test_interrupted_while_waiting_for_reports(void **state) {
  int64_t size = 24 * MIB;
  uint8_t *bytes = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  int64_t part = queue_bytes(bytes, size);
  struct pair pair = pair_open(PAIR_TCP4);
  struct zn_receipt receipt;
  struct interrupter interrupter;
  interrupter_start(&interrupter);
  int64_t moved = zerocopy(end_memory(bytes), pair.writer, part, &receipt);
  interrupter_stop(&interrupter);
  assert_true(moved > 0 && moved <= part);
  if (moved == part) assert_int_equal(receipt.error, 0);
  struct collector collector;
  collector_start(&collector, pair.reader);
  settle(&receipt);
  end_stream(&pair, &collector, bytes, moved);
  free(bytes);
}

/* A JVM closes a channel by putting another descriptor in its place, then signals the thread. Here
 * the signal is lost: the wait must end all the same. */
static void *replace(void *argument) {
  const struct pair *pair = argument;
  int ends[2];
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
  close(ends[1]);
  /* The transfer has a duplicate of its own as soon as something has arrived. */
  struct pollfd ready = {.fd = pair->reader, .events = POLLIN};
  assert_int_equal(poll(&ready, 1, -1), 1);
  assert_int_equal(dup2(ends[0], pair->writer), pair->writer);
  close(ends[0]);
  return NULL;
}

static void test_descriptor_is_replaced_meanwhile(void **state) {
  int64_t size = 24 * MIB;
  uint8_t *bytes = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  int64_t part = queue_bytes(bytes, size);
  struct pair pair = pair_open(PAIR_TCP4);
  pthread_t thread;
  assert_int_equal(pthread_create(&thread, NULL, replace, &pair), 0);
  struct zn_receipt receipt;
  int64_t moved = zerocopy(end_memory(bytes), pair.writer, part, &receipt);
  pthread_join(thread, NULL);
  assert_true(moved > 0);
  struct collector collector;
  collector_start(&collector, pair.reader);
  if (receipt.pin != NULL) zn_pin_shutdown(receipt.pin);
  settle(&receipt);
  end_stream(&pair, &collector, bytes, moved);
  free(bytes);
}

static void test_no_room_for_reports(void **state) {
  s_no_room = 3;
  for (int i = 0; i < 4; i++) move(i % 2 ? ZN_END_FILE : ZN_END_MEMORY, PAIR_TCP4, 9 * MIB, 0);
  s_no_room = 0;
}

static void test_sends_get_smaller_with_the_limit(void **state) {
  s_send_max = 65536;
  move(ZN_END_FILE, PAIR_TCP4, MIB, 0);
  move(ZN_END_MEMORY, PAIR_TCP4, MIB, 0);
  s_send_max = 1;
  uint8_t bytes[8192] = {0};
  struct pair pair = pair_open(PAIR_TCP4);
  assert_int_equal(zerocopy(end_memory(bytes), pair.writer, sizeof bytes, NULL), ZN_EMEMLOCK);
  s_send_max = 0;
  pair_close(&pair);
}

static void *close_after_a_bit(void *argument) {
  int fd = *(int *)argument;
  char bytes[65536];
  for (int i = 0; i < 8; i++) assert_true(read(fd, bytes, sizeof bytes) > 0);
  close(fd); /* with bytes unread: resets the connection */
  return NULL;
}

static void test_peer_closes(void **state) {
  int64_t size = 64 * MIB;
  uint8_t *bytes = calloc(1, (size_t)size);
  int file = file_make(size, 5);
  for (int k = 0; k < 2; k++) {
    struct zn_end source = k == 0 ? end_file(file, 0) : end_memory(bytes);
    struct pair pair = pair_open(PAIR_TCP4);
    pthread_t reader;
    assert_int_equal(pthread_create(&reader, NULL, close_after_a_bit, &pair.reader), 0);
    struct zn_receipt receipt;
    int64_t moved = zerocopy(source, pair.writer, size, &receipt);
    pthread_join(reader, NULL);
    pair.reader = -1;
    assert_true(moved > 0 && moved < size);
    assert_true(receipt.error == -EPIPE || receipt.error == -ECONNRESET);
    settle(&receipt);
    assert_int_equal(zerocopy(source, pair.writer, size, &receipt), -EPIPE);
    pair_close(&pair);
  }
  close(file);
  free(bytes);
}

static void test_nonblocking_file_leaves_no_reports(void **state) {
  int64_t size = 24 * MIB;
  int file = file_make(size, 5);
  uint8_t *bytes = malloc((size_t)size);
  fill_pattern(bytes, size, 5);
  struct pair pair = pair_open(PAIR_TCP4);
  set_nonblocking(pair.writer);
  struct zn_receipt receipt;
  int64_t moved = zerocopy(end_file(file, 0), pair.writer, size, &receipt);
  assert_true(moved > 0 && moved < size);
  assert_int_equal(receipt.error, -EAGAIN);
  struct collector collector;
  collector_start(&collector, pair.reader);
  settle(&receipt);
  struct pollfd poll_fd = {.fd = pair.writer};
  assert_int_equal(poll(&poll_fd, 1, 0), 0); /* no error stays up */
  end_stream(&pair, &collector, bytes, moved);
  free(bytes);
  close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_sizes),
      BALANCED(test_sparse_64_mib),
      BALANCED(test_own_position_and_end_of_file),
      BALANCED(test_refusals),
      BALANCED(test_nonblocking_memory_is_pinned),
      BALANCED(test_pins_of_one_socket),
      BALANCED(test_an_abandoned_pin_confuses_nobody),
      BALANCED(test_numbers_wrap_and_start_anywhere),
      BALANCED(test_forgotten_account),
      BALANCED(test_interrupted_in_a_stall),
      BALANCED(test_interrupted_while_waiting_for_reports),
      BALANCED(test_descriptor_is_replaced_meanwhile),
      BALANCED(test_no_room_for_reports),
      BALANCED(test_sends_get_smaller_with_the_limit),
      BALANCED(test_peer_closes),
      BALANCED(test_nonblocking_file_leaves_no_reports),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
