/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings: any offset, three modes, what the ledger knows, what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "znio/znio.h"

static void test_any_offset_and_size(void **state) {
  static const int64_t offsets[] = {0, 1, 4095, 4096, 4097, 65535};
  static const int64_t sizes[] = {1, 4095, 4096, 5000, 300000};
  uint8_t *bytes = malloc(400000);
  fill_pattern(bytes, 400000, 1);
  int file = file_make(400000, 1);
  for (size_t o = 0; o < sizeof offsets / sizeof *offsets; o++) {
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
      void *address;
      int mode = (int)(s % 3);
      assert_int_equal(zn_mapping_map(file, offsets[o], sizes[s], mode, &address), 0);
      assert_memory_equal(address, bytes + offsets[o], (size_t)sizes[s]);
      struct zn_ledger_totals totals;
      zn_ledger_read(&totals);
      assert_int_equal(totals.mappings, balance.totals.mappings + 1);
      assert_int_equal(totals.mapping_bytes, balance.totals.mapping_bytes + sizes[s]);
      int64_t page_bytes = sysconf(_SC_PAGESIZE);
      int64_t first = offsets[o] / page_bytes;
      int64_t last = (offsets[o] + sizes[s] - 1) / page_bytes;
      assert_int_equal(zn_mapping_resident_pages(address, sizes[s]), last - first + 1);
      assert_int_equal(zn_mapping_force(address, sizes[s]), 0);
      assert_int_equal(zn_mapping_unmap(address, sizes[s]), 0);
      /* All of its pages are gone, the one before the address too. */
      unsigned char page;
      uintptr_t inside = (uintptr_t)address % (uintptr_t)page_bytes;
      assert_int_equal(mincore((char *)address - inside, 1, &page), -1);
      assert_int_equal(errno, ENOMEM);
      assert_int_equal(zn_mapping_resident_pages(address, sizes[s]), -ENOMEM);
      assert_int_equal(zn_mapping_force(address, sizes[s]), -ENOMEM);
    }
  }
  close(file);
  free(bytes);
}

static void test_modes(void **state) {
  int file = file_make(10000, 1);
  void *shared;
  void *copy;
  assert_int_equal(zn_mapping_map(file, 100, 5000, ZN_MAPPING_READ_WRITE, &shared), 0);
  assert_int_equal(zn_mapping_map(file, 100, 5000, ZN_MAPPING_PRIVATE, &copy), 0);
  memcpy(shared, "shared", 6);
  assert_memory_equal(copy, "shared", 6); /* not yet written to: still the file's page */
  memcpy((char *)copy, "copied", 6);
  char bytes[6];
  assert_int_equal(pread(file, bytes, 6, 100), 6);
  assert_memory_equal(bytes, "shared", 6);
  memcpy(shared, "SHARED", 6);
  assert_memory_equal(copy, "copied", 6);
  assert_int_equal(zn_mapping_unmap(copy, 5000), 0);
  close(file); /* the mapping outlives it */
  assert_memory_equal(shared, "SHARED", 6);
  assert_int_equal(zn_mapping_unmap(shared, 5000), 0);
}

static void test_anonymous(void **state) {
  void *address;
  int64_t size = 5 << 20;
  assert_int_equal(zn_mapping_map(-1, 0, size, ZN_MAPPING_READ_WRITE, &address), 0);
  for (int64_t i = 0; i < size; i += 512) assert_int_equal(((char *)address)[i], 0);
  memset(address, 1, (size_t)size);
  assert_int_equal(zn_mapping_resident_pages(address, size), size / sysconf(_SC_PAGESIZE));
  assert_int_equal(zn_mapping_unmap(address, size), 0);
}

static void test_resident_pages_of_a_large_mapping(void **state) {
  int64_t size = (int64_t)100 << 20; /* several calls of mincore */
  int file = file_make(0, 0);
  assert_int_equal(ftruncate(file, size), 0);
  void *address;
  assert_int_equal(zn_mapping_map(file, 0, size, ZN_MAPPING_READ_ONLY, &address), 0);
  assert_int_equal(zn_mapping_resident_pages(address, size), 0);
  char byte;
  assert_int_equal(posix_fadvise(file, 0, 0, POSIX_FADV_RANDOM), 0); /* no read-ahead */
  assert_int_equal(pread(file, &byte, 1, (int64_t)50 << 20), 1);
  assert_int_equal(pread(file, &byte, 1, size - 1), 1);
  assert_int_equal(zn_mapping_resident_pages(address, size), 2);
  assert_int_equal(zn_mapping_unmap(address, size), 0);
  close(file);
}

static void test_offsets_over_4_gib(void **state) {
  int file = file_make(0, 0);
  int64_t offset = ((int64_t)5 << 30) + 77;
  assert_int_equal(pwrite(file, "far", 3, offset), 3);
  void *address;
  assert_int_equal(zn_mapping_map(file, offset, 3, ZN_MAPPING_READ_ONLY, &address), 0);
  assert_memory_equal(address, "far", 3);
  assert_int_equal(zn_mapping_unmap(address, 3), 0);
  close(file);
}

static void test_refusals(void **state) {
  int file = file_make(10000, 1);
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  int read_only = open(path, O_RDONLY | O_CLOEXEC);
  int pipe_fds[2];
  assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
  void *address = &file;
  int rw = ZN_MAPPING_READ_WRITE;
  assert_int_equal(zn_mapping_map(file, 0, 0, rw, &address), -EINVAL);
  assert_null(address);
  assert_int_equal(zn_mapping_map(file, 0, -1, rw, &address), -EINVAL);
  assert_int_equal(zn_mapping_map(file, -1, 10, rw, &address), -EINVAL);
  assert_int_equal(zn_mapping_map(file, 0, 10, 3, &address), -EINVAL);
  assert_int_equal(zn_mapping_map(file, 0, 10, -1, &address), -EINVAL);
  assert_int_equal(zn_mapping_map(-1, 0, 10, ZN_MAPPING_READ_ONLY, &address), -EINVAL);
  assert_int_equal(zn_mapping_map(-1, 4096, 10, rw, &address), -EINVAL);
  assert_int_equal(zn_mapping_map(-2, 0, 10, rw, &address), -EINVAL);
  assert_int_equal(zn_mapping_map(file, 10, INT64_MAX, rw, &address), -EOVERFLOW);
  assert_int_equal(zn_mapping_map(file, INT64_MAX - 5, 10, rw, &address), -EOVERFLOW);
  assert_int_equal(zn_mapping_map(file, 0, (int64_t)1 << 60, rw, &address), -ENOMEM);
  assert_int_equal(zn_mapping_map(read_only, 0, 10, rw, &address), -EACCES);
  assert_int_equal(zn_mapping_map(pipe_fds[0], 0, 10, ZN_MAPPING_READ_ONLY, &address), -ENODEV);
  assert_int_equal(zn_mapping_unmap(NULL, 10), -EINVAL);
  assert_int_equal(zn_mapping_unmap(&file, 0), -EINVAL);
  assert_int_equal(zn_mapping_unmap((void *)(UINTPTR_MAX - 5), 10), -EINVAL);
  assert_int_equal(zn_mapping_force(&file, -1), -EINVAL);
  assert_int_equal(zn_mapping_resident_pages(NULL, 1), -EINVAL);
  close(pipe_fds[0]);
  close(pipe_fds[1]);
  close(read_only);
  close(file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_any_offset_and_size), BALANCED(test_modes),
      BALANCED(test_anonymous),           BALANCED(test_resident_pages_of_a_large_mapping),
      BALANCED(test_offsets_over_4_gib),  BALANCED(test_refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
