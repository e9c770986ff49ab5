/* SPDX-License-Identifier: Apache-2.0 */
/* WRAP zn_sys_write */
/*
 * Transfers from and to a mapping that has lost pages: every path that takes memory says which page
 * of which file cannot be had, puts nothing in its place, and moves what lies before it; a mapping
 * in which a page was put in place is refused. Each test runs in a child of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "support/check.h"
#include "support/child.h"
#include "support/ends.h"
#include "znio/znio.h"

#define FOREIGN __attribute__((noinline, no_sanitize("address", "undefined", "thread")))

#define PAGES 8
#define PAGES_LEFT 4

static int64_t s_page;
static int s_file;
static struct stat s_status;
static struct zn_mapping *s_mapping;
static char *s_address;
static int64_t s_size;

/* All but the first page of a file, which is cut short later. */
static void map_file(void) {
  s_page = sysconf(_SC_PAGESIZE);
  s_file = file_make(PAGES * s_page, 1);
  CHECK_EQUAL(fstat(s_file, &s_status), 0);
  s_size = (PAGES - 1) * s_page;
  CHECK_EQUAL(zn_mapping_open(s_file, s_page, s_size, ZN_MAPPING_READ_WRITE, NULL, &s_mapping), 0);
  s_address = zn_mapping_address(s_mapping);
}

static void map_and_lose(void) {
  map_file();
  truncate_elsewhere(s_file, (long)(PAGES_LEFT * s_page));
}

static void end_mapping(int expected) {
  CHECK_EQUAL(zn_mapping_close(s_mapping), expected);
  CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
  close(s_file);
}

FOREIGN static int foreign_read(const char *address) { return *(const volatile char *)address; }

static void assert_lost(const struct zn_receipt *receipt, int64_t offset) {
  CHECK_EQUAL(receipt->lost_offset, offset);
  CHECK_EQUAL(receipt->lost_device, s_status.st_dev);
  CHECK_EQUAL(receipt->lost_inode, s_status.st_ino);
}

static void assert_untouched(void) {
  struct zn_guard_totals totals;
  zn_guard_read(&totals);
  CHECK_EQUAL(totals.rescued, 0);
  CHECK_EQUAL(zn_mapping_force_range(s_mapping, 0, s_size), 0);
}

/* Goes on until it fails. returns: the error; *moved: the bytes before. */
static int64_t move_all(struct zn_end source, struct zn_end target, int path, int64_t *moved,
                        struct zn_receipt *receipt) {
  const struct zn_transfer_options options = {.path = path, .flags = ZN_TRANSFER_PAGES};
  int64_t result;
  *moved = 0;
  do {
    CHECK(*moved < s_size);
    result = zn_transfer(&source, &target, s_size - *moved, &options, receipt);
    if (receipt->pin != NULL) {
      CHECK_EQUAL(zn_pin_poll(receipt->pin, -1), 1);
      zn_pin_release(receipt->pin);
    }
    if (result < 0) continue;
    CHECK(receipt->error == 0 || receipt->error == ZN_ELOST);
    *moved += result;
    if (source.kind == ZN_END_MEMORY) source.address = (char *)source.address + result;
    if (target.kind == ZN_END_MEMORY) target.address = (char *)target.address + result;
    if (source.kind == ZN_END_FILE && source.offset >= 0) source.offset += result;
    if (target.kind == ZN_END_FILE && target.offset >= 0) target.offset += result;
  } while (result >= 0);
  CHECK_EQUAL(receipt->error, result);
  CHECK_EQUAL(receipt->bytes, 0);
  return result;
}

/* --- out of memory --- */

static const struct {
  int path;
  int pair; /* -1: a file */
} s_out[] = {
    {ZN_PATH_AUTO, PAIR_TCP4},
    {ZN_PATH_AUTO, PAIR_UNIX},
    {ZN_PATH_AUTO, PAIR_PIPE},
    {ZN_PATH_AUTO, -1},
    {ZN_PATH_VMSPLICE, PAIR_PIPE},
    {ZN_PATH_VMSPLICE, PAIR_UNIX},
    {ZN_PATH_MSG_ZEROCOPY, PAIR_TCP4},
    {ZN_PATH_URING_REGISTERED, -1},
    {ZN_PATH_URING_REGISTERED, PAIR_TCP4},
    {ZN_PATH_URING_SEND_ZC, PAIR_TCP4},
    {ZN_PATH_MEMFD, PAIR_UNIX},
};

static void out_by(int path, int pair_kind) {
  map_and_lose();
  struct pair pair = {.writer = -1, .reader = -1};
  int copy = -1;
  struct zn_end target;
  if (pair_kind < 0) {
    copy = file_make(0, 0);
    target = end_file(copy, 0);
  } else {
    pair = pair_open(pair_kind);
    target = end_of(pair.kind, pair.writer);
  }
  int64_t moved;
  struct zn_receipt receipt;
  int64_t result = move_all(end_memory(s_address), target, path, &moved, &receipt);
  if (result == ZN_EKERNEL || result == ZN_EFORBIDDEN) _exit(CHILD_SKIP);
  CHECK_EQUAL(result, ZN_ELOST);
  assert_lost(&receipt, PAGES_LEFT * s_page);
  CHECK(moved <= (PAGES_LEFT - 1) * s_page);
  assert_untouched();
  pair_close(&pair);
  if (copy >= 0) close(copy);
  end_mapping(0);
}

static void out_of_memory(void) {
  for (size_t i = 0; i < sizeof s_out / sizeof *s_out; i++) {
    fprintf(stderr, "%s\n", zn_path_name(s_out[i].path));
    out_by(s_out[i].path, s_out[i].pair);
  }
}

/* --- into memory --- */

static void into_by(int path, int pair_kind) {
  map_and_lose();
  struct pair pair = {.writer = -1, .reader = -1};
  int from = file_make(s_size, 7);
  struct zn_end source = end_file(from, 0);
  uint8_t *bytes = malloc((size_t)s_size);
  if (pair_kind >= 0) {
    pair = pair_open(pair_kind);
    source = end_of(pair.kind, pair.reader);
    CHECK_EQUAL(write(pair.writer, bytes, (size_t)s_size), s_size);
  }
  int64_t moved;
  struct zn_receipt receipt;
  int64_t result = move_all(source, end_memory(s_address), path, &moved, &receipt);
  if (result == ZN_EKERNEL || result == ZN_EFORBIDDEN || result == ZN_EFILESYSTEM) {
    _exit(CHILD_SKIP);
  }
  CHECK_EQUAL(result, ZN_ELOST);
  assert_lost(&receipt, PAGES_LEFT * s_page);
  CHECK(moved <= (PAGES_LEFT - 1) * s_page);
  if (pair_kind >= 0) { /* what did not go there is still in the stream */
    int64_t left = recv(pair.reader, bytes, (size_t)s_size, MSG_DONTWAIT | MSG_TRUNC);
    if (pair_kind == PAIR_PIPE) left = read(pair.reader, bytes, (size_t)s_size);
    if (pair_kind != PAIR_TCP4) CHECK_EQUAL(left, s_size - moved);
  }
  assert_untouched();
  free(bytes);
  pair_close(&pair);
  close(from);
  end_mapping(0);
}

static void into_memory(void) {
  into_by(ZN_PATH_AUTO, -1);
  into_by(ZN_PATH_AUTO, PAIR_TCP4);
  into_by(ZN_PATH_AUTO, PAIR_UNIX);
  into_by(ZN_PATH_AUTO, PAIR_PIPE);
  into_by(ZN_PATH_URING_REGISTERED, -1);
}

static void into_memory_direct(void) { into_by(ZN_PATH_DIRECT_URING, -1); }

/* --- what is refused --- */

static int64_t to_pipe(struct zn_receipt *receipt, char *address, int64_t size) {
  struct pair pair = pair_open(PAIR_PIPE);
  struct zn_end source = end_memory(address);
  struct zn_end target = end_of(pair.kind, pair.writer);
  int64_t result = zn_transfer(&source, &target, size, NULL, receipt);
  pair_close(&pair);
  return result;
}

static int64_t from_file(struct zn_receipt *receipt, char *address, int64_t size) {
  int file = file_make(size, 5);
  struct zn_end source = end_file(file, 0);
  struct zn_end target = end_memory(address);
  int64_t result = zn_transfer(&source, &target, size, NULL, receipt);
  close(file);
  return result;
}

static void damaged_and_closed(void) {
  map_and_lose();
  struct zn_receipt receipt;
  CHECK_EQUAL(foreign_read(s_address + 5 * s_page), 0);
  truncate_elsewhere(s_file, (long)(PAGES * s_page)); /* long again */
  CHECK_EQUAL(to_pipe(&receipt, s_address + 100, 10), ZN_EDAMAGED);
  CHECK_EQUAL(receipt.error, ZN_EDAMAGED);
  CHECK_EQUAL(receipt.bytes, 0);
  assert_lost(&receipt, 6 * s_page);
  CHECK_EQUAL(from_file(&receipt, s_address + 100, 10), ZN_EDAMAGED);
  assert_lost(&receipt, 6 * s_page);
  CHECK_EQUAL(zn_mapping_close(s_mapping), ZN_EDAMAGED);
  CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
  map_file();
  CHECK_EQUAL(zn_mapping_close(s_mapping), 0);
  CHECK_EQUAL(to_pipe(&receipt, s_address, 10), ZN_ECLOSED);
  CHECK_EQUAL(receipt.lost_offset, -1);
  CHECK_EQUAL(from_file(&receipt, s_address, 10), ZN_ECLOSED);
  CHECK_EQUAL(zn_mapping_release(s_mapping), 0);
}

/* Memory that is no mapping of ours, or not mapped for it: the kernel's own word. */
static void other_faults(void) {
  map_and_lose();
  struct zn_receipt receipt;
  CHECK_EQUAL(to_pipe(&receipt, (char *)16, 10), -EFAULT);
  CHECK_EQUAL(receipt.lost_offset, -1);
  char *strange = mmap(NULL, (size_t)s_page, PROT_READ, MAP_SHARED, s_file, 6 * s_page);
  CHECK(strange != MAP_FAILED);
  CHECK_EQUAL(to_pipe(&receipt, strange, 10), -EFAULT);
  end_mapping(0);
  s_file = file_make(s_page, 1);
  CHECK_EQUAL(zn_mapping_open(s_file, 0, s_page, ZN_MAPPING_READ_ONLY, NULL, &s_mapping), 0);
  CHECK_EQUAL(from_file(&receipt, zn_mapping_address(s_mapping), 10), -EFAULT);
  CHECK_EQUAL(receipt.lost_offset, -1);
  end_mapping(0);
}

/* --- while it runs --- */

static char *s_touched; /* by foreign code, after the bytes have gone */

int64_t __real_zn_sys_write(int fd, const void *buffer, size_t size);
int64_t __wrap_zn_sys_write(int fd, const void *buffer, size_t size);
int64_t __wrap_zn_sys_write(int fd, const void *buffer, size_t size) {
  int64_t result = __real_zn_sys_write(fd, buffer, size);
  if (s_touched != NULL) CHECK_EQUAL(foreign_read(s_touched), 0);
  return result;
}

static void damaged_meanwhile(void) {
  map_and_lose();
  s_touched = s_address + 5 * s_page;
  struct zn_receipt receipt;
  CHECK_EQUAL(to_pipe(&receipt, s_address, s_page), ZN_EDAMAGED);
  CHECK_EQUAL(receipt.bytes, s_page); /* have gone all the same */
  assert_lost(&receipt, 6 * s_page);
  end_mapping(ZN_EDAMAGED);
}

/* --- reads and writes of a file --- */

static void assert_refused(int64_t result) { CHECK_EQUAL(result, ZN_EDAMAGED); }

static void reads_and_writes(void) {
  map_and_lose();
  char own[10] = "own";
  struct zn_file_part parts[] = {{own, sizeof own}, {s_address, 10}};
  int file = file_make(100, 5);
  CHECK_EQUAL(zn_file_writev(file, parts, 2), 20);
  CHECK_EQUAL(zn_file_readv(file, parts, 2), 20);
  CHECK_EQUAL(foreign_read(s_address + 5 * s_page), 0);
  assert_refused(zn_file_write(file, s_address, 10));
  assert_refused(zn_file_pwrite(file, s_address, 10, 0));
  assert_refused(zn_file_writev(file, parts, 2));
  assert_refused(zn_file_read(file, s_address, 10));
  assert_refused(zn_file_pread(file, s_address, 10, 0));
  assert_refused(zn_file_readv(file, parts, 2));
  CHECK_EQUAL(zn_file_position(file), 40);
  CHECK_EQUAL(zn_file_write(file, own, 10), 10);
  CHECK_EQUAL(zn_file_readv(file, parts, 1), 10);
  close(file);
  end_mapping(ZN_EDAMAGED);
}

static void write_damaged_meanwhile(void) {
  map_and_lose();
  s_touched = s_address + 5 * s_page;
  int file = file_make(100, 5);
  assert_refused(zn_file_write(file, s_address, 10));
  CHECK_EQUAL(zn_file_position(file), 10); /* have gone all the same */
  close(file);
  end_mapping(ZN_EDAMAGED);
}

/* --- headers --- */

static int64_t send_header(int path, char *header, int64_t size, struct zn_receipt *receipt) {
  struct pair pair = pair_open(PAIR_UNIX);
  struct zn_end target = end_of(pair.kind, pair.writer);
  const struct zn_transfer_options options = {.path = path};
  const struct zn_file_region region = {.offset = 0, .length = 100, .fd = s_file};
  int64_t result =
      zn_transfer_regions(header, (size_t)size, &region, 1, &target, &options, receipt);
  char byte;
  if (result < 0) CHECK_EQUAL(recv(pair.reader, &byte, 1, MSG_DONTWAIT), -1);
  pair_close(&pair);
  return result;
}

static void header_of_regions(void) {
  static const int paths[] = {ZN_PATH_AUTO, ZN_PATH_READ_WRITE, ZN_PATH_SENDFILE, ZN_PATH_SPLICE};
  map_and_lose();
  struct zn_receipt receipt;
  char *lost = s_address + (PAGES_LEFT - 1) * s_page;
  for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
    CHECK_EQUAL(send_header(paths[i], s_address, 50, &receipt), 150);
    CHECK_EQUAL(receipt.error, 0);
    CHECK_EQUAL(send_header(paths[i], lost - 10, 20, &receipt), ZN_ELOST);
    CHECK_EQUAL(receipt.error, ZN_ELOST);
    assert_lost(&receipt, PAGES_LEFT * s_page);
  }
  char *strange = mmap(NULL, (size_t)s_page, PROT_READ, MAP_SHARED, s_file, 6 * s_page);
  CHECK(strange != MAP_FAILED);
  CHECK_EQUAL(send_header(ZN_PATH_AUTO, strange, 20, &receipt), -EFAULT);
  assert_untouched();
  CHECK_EQUAL(foreign_read(lost), 0);
  CHECK_EQUAL(send_header(ZN_PATH_AUTO, s_address, 50, &receipt), ZN_EDAMAGED);
  assert_lost(&receipt, PAGES_LEFT * s_page);
  end_mapping(ZN_EDAMAGED);
}

/* The same with the guard switched off: the kernel copies. */
static void header_without_guard(void) {
  CHECK_EQUAL(zn_guard_disable(), 0);
  map_and_lose();
  struct zn_receipt receipt;
  char *lost = s_address + (PAGES_LEFT - 1) * s_page;
  CHECK_EQUAL(send_header(ZN_PATH_AUTO, s_address, 50, &receipt), 150);
  CHECK_EQUAL(send_header(ZN_PATH_AUTO, lost - 10, 20, &receipt), ZN_ELOST);
  assert_lost(&receipt, PAGES_LEFT * s_page);
  end_mapping(0);
}

#define CHILD_TEST(body)                                                                           \
  static void test_##body(void **state) { child_assert(body); }

CHILD_TEST(out_of_memory)
CHILD_TEST(into_memory)
CHILD_TEST(into_memory_direct)
CHILD_TEST(damaged_and_closed)
CHILD_TEST(other_faults)
CHILD_TEST(damaged_meanwhile)
CHILD_TEST(reads_and_writes)
CHILD_TEST(write_damaged_meanwhile)
CHILD_TEST(header_of_regions)
CHILD_TEST(header_without_guard)

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_out_of_memory),      cmocka_unit_test(test_into_memory),
      cmocka_unit_test(test_into_memory_direct), cmocka_unit_test(test_damaged_and_closed),
      cmocka_unit_test(test_other_faults),       cmocka_unit_test(test_damaged_meanwhile),
      cmocka_unit_test(test_reads_and_writes),   cmocka_unit_test(test_write_damaged_meanwhile),
      cmocka_unit_test(test_header_of_regions),  cmocka_unit_test(test_header_without_guard),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
