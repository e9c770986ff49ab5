/* SPDX-License-Identifier: Apache-2.0 */
/* Mappings with an owner: options, operations on ranges, close and release. */
/* WRAP zn_sys_mmap */
/* WRAP zn_sys_mmap_fixed */
/* WRAP zn_sys_munmap */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "support/check.h"
#include "support/child.h"
#include "support/ends.h"
#include "support/maps.h"
#include "sys.h"
#include "znio/znio.h"

static int s_fail_map_fixed;
static int s_fail_unmap;
static int s_fail_map;
static bool s_dax;
static int s_map_flags; /* of the last mmap */

int __real_zn_sys_mmap_fixed(void *, int, int64_t, size_t, int, int);
int __wrap_zn_sys_mmap_fixed(void *, int, int64_t, size_t, int, int);
int __wrap_zn_sys_mmap_fixed(void *address, int fd, int64_t offset, size_t size, int protection,
                             int flags) {
  if (s_fail_map_fixed != 0) return s_fail_map_fixed;
  return __real_zn_sys_mmap_fixed(address, fd, offset, size, protection, flags);
}

/* As if the file system had DAX, and what it was asked for. */
int __real_zn_sys_mmap(int, int64_t, size_t, int, int, void **);
int __wrap_zn_sys_mmap(int, int64_t, size_t, int, int, void **);
int __wrap_zn_sys_mmap(int fd, int64_t offset, size_t size, int protection, int flags, void **out) {
  s_map_flags = flags;
  if (s_fail_map != 0) {
    *out = NULL;
    return s_fail_map;
  }
  if (s_dax && (flags & MAP_SYNC) != 0) flags = MAP_SHARED;
  return __real_zn_sys_mmap(fd, offset, size, protection, flags, out);
}

int __real_zn_sys_munmap(void *, size_t);
int __wrap_zn_sys_munmap(void *, size_t);
int __wrap_zn_sys_munmap(void *address, size_t size) {
  return s_fail_unmap != 0 ? s_fail_unmap : __real_zn_sys_munmap(address, size);
}

static void end_mapping(struct zn_mapping *mapping) {
  assert_int_equal(zn_mapping_close(mapping), 0);
  assert_int_equal(zn_mapping_release(mapping), 0);
}

/* How the mapping's page shows in /proc/self/smaps. */
static long smaps_kb(const void *address, const char *field) {
  char line[512];
  long kb = -1;
  bool inside = false;
  FILE *maps = fopen("/proc/self/smaps", "re");
  assert_non_null(maps);
  while (fgets(line, sizeof line, maps) != NULL) {
    unsigned long begin;
    unsigned long end;
    if (sscanf(line, "%lx-%lx ", &begin, &end) == 2) {
      inside = (uintptr_t)address >= begin && (uintptr_t)address < end;
    }
    if (inside && strncmp(line, field, strlen(field)) == 0) kb = atol(line + strlen(field));
  }
  fclose(maps);
  return kb;
}

/* By the kernel: cmocka takes the guard's handler away with every test. guard_test asks the guard.
 */
static void assert_lost(int fd, void *address) {
  assert_int_equal(pwrite(fd, address, 1, 0), -1);
  assert_int_equal(errno, EFAULT);
  assert_int_equal(pread(fd, address, 1, 0), -1);
  assert_int_equal(errno, EFAULT);
}

static void test_close_unmaps_and_keeps_the_range(void **state) {
  int64_t size = 10 * page_bytes;
  int file = file_make(size, 1);
  uint8_t *expected = malloc((size_t)size);
  fill_pattern(expected, size, 1);
  for (int mode = 0; mode < 3; mode++) {
    struct zn_mapping *mapping = open_mapping(file, 77, size - 77, mode, 0);
    char *address = zn_mapping_address(mapping);
    assert_memory_equal(address, expected + 77, (size_t)size - 77);
    assert_int_equal(maps_of(file), 1);
    assert_int_equal(zn_mapping_close(mapping), 0);
    assert_int_equal(maps_of(file), 0);
    /* Nobody else can get the addresses, and nothing can be read or written there. */
    for (int i = 0; i < 50; i++) {
      char *other = mmap(NULL, (size_t)page_bytes, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
      assert_true(other + page_bytes <= address - 77 || other >= address - 77 + size);
    }
    for (int64_t i = 0; i < 10; i++) assert_lost(file, address - 77 + i * page_bytes);
    struct zn_mapping_status status;
    zn_mapping_describe(mapping, &status);
    assert_true(status.closed);
    assert_int_equal(status.stale_pages, 0);
    int64_t kept;
    int64_t kept_bytes;
    zn_mapping_kept(&kept, &kept_bytes);
    assert_int_equal(kept, 1);
    assert_int_equal(kept_bytes, size);
    assert_int_equal(zn_mapping_release(mapping), 0);
    assert_int_equal(msync(address - 77, (size_t)size, MS_SYNC), -1); /* the addresses are free */
    assert_int_equal(errno, ENOMEM);
  }
  free(expected);
  close(file);
}

static void test_operations_after_close(void **state) {
  int file = file_make(4 * page_bytes, 1);
  struct zn_mapping *mapping = open_mapping(file, 0, 4 * page_bytes, ZN_MAPPING_READ_WRITE, 0);
  assert_int_equal(zn_mapping_close(mapping), 0);
  assert_int_equal(zn_mapping_close(mapping), ZN_ECLOSED);
  assert_int_equal(zn_mapping_force_range(mapping, 0, 1), ZN_ECLOSED);
  assert_int_equal(zn_mapping_force_range(mapping, 0, 0), ZN_ECLOSED);
  assert_int_equal(zn_mapping_load(mapping, 0, 1), ZN_ECLOSED);
  assert_int_equal(zn_mapping_advise(mapping, 0, 1, ZN_ADVICE_RANDOM), ZN_ECLOSED);
  assert_int_equal(zn_mapping_residency(mapping, 0, 1, NULL, 0), ZN_ECLOSED);
  /* Of the owner alone: the plain function must not take it away under him. */
  assert_int_equal(zn_mapping_unmap(zn_mapping_address(mapping), 4 * page_bytes), -EINVAL);
  assert_int_equal(zn_mapping_release(mapping), 0);
  assert_int_equal(zn_mapping_release(NULL), 0);
  mapping = open_mapping(file, 0, 4 * page_bytes, ZN_MAPPING_READ_WRITE, 0);
  assert_int_equal(zn_mapping_release(mapping), 0); /* without a close */
  assert_int_equal(maps_of(file), 0);
  close(file);
}

static void test_what_fails_changes_nothing(void **state) {
  int file = file_make(4 * page_bytes, 1);
  struct zn_mapping *mapping = open_mapping(file, 0, 4 * page_bytes, ZN_MAPPING_READ_WRITE, 0);
  char *address = zn_mapping_address(mapping);
  s_fail_map_fixed = -ENOMEM;
  assert_int_equal(zn_mapping_close(mapping), -ENOMEM);
  s_fail_map_fixed = 0;
  address[0] = 'k'; /* still open */
  assert_int_equal(zn_mapping_force_range(mapping, 0, 4 * page_bytes), 0);
  s_fail_unmap = -ENOMEM;
  assert_int_equal(zn_mapping_release(mapping), -ENOMEM);
  s_fail_unmap = 0;
  assert_int_equal(zn_mapping_close(mapping), 0);
  s_fail_unmap = -ENOMEM;
  assert_int_equal(zn_mapping_release(mapping), -ENOMEM);
  s_fail_unmap = 0;
  struct zn_guard_place place;
  assert_int_equal(zn_guard_locate(address, &place), 0); /* still ours */
  assert_true(place.closed);
  assert_int_equal(zn_mapping_release(mapping), 0);
  close(file);
}

/* A program that closes every descriptor there is, and opens a file in the place of ours. */
static void descriptors_taken_away(void) {
  int file = file_make(4 * page_bytes, 1);
  struct zn_mapping *mapping;
  CHECK_EQUAL(zn_mapping_open(file, 0, page_bytes, 1, NULL, &mapping), 0);
  for (int fd = 3; fd < 100; fd++) close(fd);
  for (int i = 0; i < 50; i++) file = file_make(4 * page_bytes, 1);
  CHECK_EQUAL(zn_mapping_close(mapping), 0);
  CHECK_EQUAL(pwrite(file, zn_mapping_address(mapping), 1, 0), -1);
  CHECK_EQUAL(errno, EFAULT);
  CHECK_EQUAL(zn_mapping_release(mapping), 0);
}

static void test_descriptors_taken_away(void **state) { child_assert(descriptors_taken_away); }

static void test_extend_and_preallocate(void **state) {
  struct stat status;
  int file = file_make(100, 1);
  struct zn_mapping *mapping = open_mapping(file, 50, 5 * page_bytes, 1, ZN_MAPPING_EXTEND);
  assert_int_equal(fstat(file, &status), 0);
  assert_int_equal(status.st_size, 50 + 5 * page_bytes);
  ((char *)zn_mapping_address(mapping))[5 * page_bytes - 1] = 'e';
  end_mapping(mapping);
  char byte;
  assert_int_equal(pread(file, &byte, 1, 50 + 5 * page_bytes - 1), 1);
  assert_int_equal(byte, 'e');
  /* Never shorter. */
  end_mapping(open_mapping(file, 0, 10, 1, ZN_MAPPING_EXTEND | ZN_MAPPING_PREALLOCATE));
  assert_int_equal(fstat(file, &status), 0);
  assert_int_equal(status.st_size, 50 + 5 * page_bytes);
  end_mapping(open_mapping(file, 0, 1 << 20, 1, ZN_MAPPING_PREALLOCATE));
  assert_int_equal(fstat(file, &status), 0);
  assert_int_equal(status.st_size, 1 << 20);
  assert_true(status.st_blocks * 512 >= 1 << 20);
  /* Who may not write may not make it longer, and learns so before anything happens. */
  char path[64];
  snprintf(path, sizeof path, "/proc/self/fd/%d", file);
  struct zn_mapping_options options = {.flags = ZN_MAPPING_EXTEND};
  for (int access = O_RDONLY; access <= O_WRONLY; access++) {
    int other = open(path, access | O_CLOEXEC);
    assert_int_equal(zn_mapping_open(other, 0, 2 << 20, 0, &options, &mapping), -EACCES);
    assert_null(mapping);
    options.flags = ZN_MAPPING_PREALLOCATE;
    assert_int_equal(zn_mapping_open(other, 0, 2 << 20, 0, &options, &mapping), -EACCES);
    close(other);
  }
  assert_int_equal(fstat(file, &status), 0);
  assert_int_equal(status.st_size, 1 << 20);
  close(file);
}

static void test_populate_residency_advice(void **state) {
  int64_t pages = 200;
  int file = file_make(0, 0);
  assert_int_equal(ftruncate(file, pages * page_bytes), 0);
  struct zn_mapping *mapping = open_mapping(file, 3, pages * page_bytes - 3, 1, 0);
  uint64_t bits[4];
  assert_int_equal(zn_mapping_pages(mapping, 0, pages * page_bytes - 3), pages);
  assert_int_equal(zn_mapping_residency(mapping, 0, pages * page_bytes - 3, bits, 4), 0);
  assert_int_equal(zn_mapping_advise(mapping, 0, pages * page_bytes - 3, ZN_ADVICE_RANDOM), 0);
  ((char *)zn_mapping_address(mapping))[70 * page_bytes] = 1;
  assert_int_equal(zn_mapping_residency(mapping, 0, pages * page_bytes - 3, bits, 4), 1);
  assert_int_equal(bits[0], 0);
  assert_int_equal(bits[1], (uint64_t)1 << (70 - 64));
  assert_int_equal(zn_mapping_residency(mapping, 60 * page_bytes, 20 * page_bytes, bits, 1), 1);
  assert_int_equal(bits[0], 1 << 10);
  assert_int_equal(zn_mapping_residency(mapping, 0, pages * page_bytes - 3, bits, 3), -EINVAL);
  assert_int_equal(zn_mapping_load(mapping, 100 * page_bytes, 10 * page_bytes - 3), 0);
  assert_int_equal(zn_mapping_residency(mapping, 100 * page_bytes, 10 * page_bytes - 3, bits, 4),
                   10);
  /* Out of the mapping, and still in the file. */
  assert_int_equal(zn_mapping_advise(mapping, 0, pages * page_bytes - 3, ZN_ADVICE_DONT_NEED), 0);
  assert_int_equal(smaps_kb(zn_mapping_address(mapping), "Rss:"), 0);
  assert_int_equal(((char *)zn_mapping_address(mapping))[70 * page_bytes], 1);
  for (int advice = ZN_ADVICE_NORMAL; advice <= ZN_ADVICE_PAGE_OUT; advice++) {
    int result = zn_mapping_advise(mapping, page_bytes, 2 * page_bytes, advice);
    assert_true(result == 0 || result == ZN_EKERNEL);
  }
  assert_int_equal(zn_mapping_advise(mapping, 0, 1, 9), -EINVAL);
  assert_int_equal(zn_mapping_advise(mapping, 0, 1, -1), -EINVAL);
  end_mapping(mapping);
  mapping = open_mapping(file, 0, pages * page_bytes, ZN_MAPPING_PRIVATE, ZN_MAPPING_POPULATE);
  assert_int_equal(smaps_kb(zn_mapping_address(mapping), "Rss:"), pages * page_bytes / 1024);
  assert_int_equal(zn_mapping_advise(mapping, 0, 1, ZN_ADVICE_DONT_NEED), -EINVAL);
  end_mapping(mapping);
  struct zn_mapping_options options = {.flags = ZN_MAPPING_POPULATE};
  assert_int_equal(zn_mapping_open(file, 0, 201 * page_bytes, 0, &options, &mapping), -EFAULT);
  options.flags = ZN_MAPPING_LOCK;
  assert_int_equal(zn_mapping_open(file, 0, 201 * page_bytes, 0, &options, &mapping),
                   ZN_ETRUNCATED);
  assert_int_equal(maps_of(file), 0);
  close(file);
}

static void test_lock(void **state) {
  int file = file_make(16 * page_bytes, 1);
  struct zn_mapping *mapping = open_mapping(file, 0, 16 * page_bytes, 1, ZN_MAPPING_LOCK);
  assert_int_equal(smaps_kb(zn_mapping_address(mapping), "Locked:"), 16 * page_bytes / 1024);
  assert_int_equal(zn_mapping_advise(mapping, 0, page_bytes, ZN_ADVICE_DONT_NEED), -EBUSY);
  assert_int_equal(zn_mapping_close(mapping), 0);
  assert_int_equal(smaps_kb(zn_mapping_address(mapping), "Locked:"), 0);
  assert_int_equal(zn_mapping_release(mapping), 0);
  mapping = open_mapping(file, 0, 16 * page_bytes, 1, ZN_MAPPING_LOCK_ON_FAULT);
  assert_int_equal(smaps_kb(zn_mapping_address(mapping), "Rss:"), 0);
  end_mapping(mapping);
  close(file);
}

static void lock_too_much(void) {
  int file = file_make(64 * page_bytes, 1);
  struct rlimit limit = {.rlim_cur = (rlim_t)page_bytes, .rlim_max = (rlim_t)page_bytes};
  CHECK_EQUAL(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
  if (geteuid() == 0) CHECK_EQUAL(setuid(65534), 0);
  struct zn_mapping *mapping;
  struct zn_mapping_options options = {.flags = ZN_MAPPING_LOCK};
  CHECK_EQUAL(zn_mapping_open(file, 0, 64 * page_bytes, 1, &options, &mapping), ZN_EMEMLOCK);
  CHECK_EQUAL(zn_mapping_open(file, 0, page_bytes, 1, &options, &mapping), 0);
  CHECK_EQUAL(zn_mapping_close(mapping), 0);
  CHECK_EQUAL(zn_mapping_release(mapping), 0);
}

static void test_lock_too_much(void **state) { child_assert(lock_too_much); }

static void test_5_gib(void **state) {
  int64_t size = ((int64_t)5 << 30) + 123;
  int file = file_make(0, 0);
  struct zn_mapping *mapping = open_mapping(file, 5000, size, 1, ZN_MAPPING_EXTEND);
  char *address = zn_mapping_address(mapping);
  address[size - 1] = 'z';
  address[0] = 'a';
  assert_int_equal(zn_mapping_force_range(mapping, size - 1, 1), 0);
  char byte;
  assert_int_equal(pread(file, &byte, 1, 5000 + size - 1), 1);
  assert_int_equal(byte, 'z');
  int64_t pages = zn_mapping_pages(mapping, 0, size);
  uint64_t *bits = malloc((size_t)(pages + 63) / 64 * 8);
  int64_t resident = zn_mapping_residency(mapping, 0, size, bits, (pages + 63) / 64);
  assert_true(resident >= 2 && resident < pages / 100); /* and what was read ahead */
  assert_true((bits[0] & 1) != 0);
  assert_true((bits[(pages - 1) / 64] >> ((pages - 1) % 64) & 1) != 0);
  free(bits);
  struct zn_guard_place place;
  assert_int_equal(zn_guard_locate(address + size - 1, &place), 0);
  assert_int_equal(place.file_offset, 5000 + size - 1);
  end_mapping(mapping);
  close(file);
}

static void test_huge_pages(void **state) {
  int64_t huge = page_bytes * (page_bytes / 8);
  int file = file_make(0, 0);
  assert_int_equal(ftruncate(file, 3 * huge), 0);
  struct zn_mapping_options options = {.flags = ZN_MAPPING_HUGE};
  struct zn_mapping *mapping;
  int64_t offset = page_bytes + 9;
  int result = zn_mapping_open(file, offset, 2 * huge, 1, &options, &mapping);
  if (result == ZN_EKERNEL) skip(); /* no transparent huge pages in this kernel */
  assert_int_equal(result, 0);
  uintptr_t address = (uintptr_t)zn_mapping_address(mapping);
  assert_int_equal(address % (uintptr_t)huge, offset % huge);
  assert_int_equal(maps_of(file), 1);
  end_mapping(mapping);
  assert_int_equal(mmap((void *)(address - 9), (size_t)page_bytes, PROT_READ,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED,
                   false); /* no reservation is left */
  assert_int_equal(munmap((void *)(address - 9), (size_t)page_bytes), 0);
  mapping = open_mapping(-1, 0, 3 * huge, 1, ZN_MAPPING_HUGE | ZN_MAPPING_POPULATE_WRITE);
  assert_int_equal((uintptr_t)zn_mapping_address(mapping) % (uintptr_t)huge, 0);
  end_mapping(mapping);
  close(file);
}

static void test_sync(void **state) {
  struct zn_mapping_options options = {.flags = ZN_MAPPING_SYNC};
  struct zn_mapping *mapping;
  int file = file_make(10, 1);
  for (int mode = 0; mode < 2; mode++) {
    assert_int_equal(zn_mapping_open(file, 3, 7, mode, &options, &mapping), -EOPNOTSUPP);
    assert_null(mapping);
    s_dax = true;
    assert_int_equal(zn_mapping_open(file, 3, 7, mode, &options, &mapping), 0);
    s_dax = false;
    assert_int_equal(s_map_flags, MAP_SHARED_VALIDATE | MAP_SYNC);
    end_mapping(mapping);
  }
  assert_int_equal(zn_mapping_open(file, 0, 7, ZN_MAPPING_PRIVATE, &options, &mapping), -EINVAL);
  assert_int_equal(zn_mapping_open(-1, 0, 7, ZN_MAPPING_READ_WRITE, &options, &mapping), -EINVAL);
  close(file);
}

/* No address space, vm.max_map_count, a lock of the file: nothing is left of it. */
static void test_no_room(void **state) {
  static const int errors[] = {-ENOMEM, -EAGAIN, -EPERM, -ENFILE, -ENODEV};
  int file = file_make(10, 1);
  for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++) {
    struct zn_mapping *mapping = (struct zn_mapping *)&file;
    s_fail_map = errors[i];
    assert_int_equal(zn_mapping_open(file, 0, 10, 0, NULL, &mapping), errors[i]);
    assert_null(mapping);
    s_fail_map = 0;
    mapping = open_mapping(file, 0, 10, 0, 0);
    end_mapping(mapping);
  }
  close(file);
}

static void test_refusals(void **state) {
  int file = file_make(2 * page_bytes, 1);
  struct zn_mapping *mapping = (struct zn_mapping *)&file;
  struct zn_mapping_options options = {.flags = 256};
  assert_int_equal(zn_mapping_open(file, 0, 1, 1, &options, &mapping), -EINVAL);
  assert_null(mapping);
  options = (struct zn_mapping_options){.advice = 9};
  assert_int_equal(zn_mapping_open(file, 0, 1, 1, &options, &mapping), -EINVAL);
  options = (struct zn_mapping_options){.advice = ZN_ADVICE_DONT_NEED};
  assert_int_equal(zn_mapping_open(file, 0, 1, 1, &options, &mapping), -EINVAL);
  options = (struct zn_mapping_options){.flags = ZN_MAPPING_POPULATE_WRITE};
  assert_int_equal(zn_mapping_open(file, 0, 1, 0, &options, &mapping), -EINVAL);
  options = (struct zn_mapping_options){.flags = ZN_MAPPING_EXTEND};
  assert_int_equal(zn_mapping_open(-1, 0, 1, 1, &options, &mapping), -EINVAL);
  assert_int_equal(zn_mapping_open(file, 0, 0, 1, NULL, &mapping), -EINVAL);
  assert_int_equal(zn_mapping_open(file, -1, 1, 1, NULL, &mapping), -EINVAL);
  assert_int_equal(zn_mapping_open(file, 10, INT64_MAX - 5, 1, NULL, &mapping), -EOVERFLOW);
  assert_int_equal(zn_mapping_open(file, 0, (int64_t)1 << 60, 1, NULL, &mapping), -ENOMEM);
  assert_int_equal(zn_mapping_open(9999, 0, 1, 1, NULL, &mapping), -EBADF);
  mapping = open_mapping(file, 10, page_bytes, 1, 0);
  assert_int_equal(zn_mapping_force_range(mapping, -1, 1), -EINVAL);
  assert_int_equal(zn_mapping_force_range(mapping, 0, page_bytes + 1), -EINVAL);
  assert_int_equal(zn_mapping_force_range(mapping, page_bytes + 1, 0), -EINVAL);
  assert_int_equal(zn_mapping_force_range(mapping, INT64_MAX, INT64_MAX), -EINVAL);
  assert_int_equal(zn_mapping_force_range(mapping, page_bytes, 0), 0);
  assert_int_equal(zn_mapping_pages(mapping, 1, -1), -EINVAL);
  end_mapping(mapping);
  close(file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, maps_before, maps_after)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(test_close_unmaps_and_keeps_the_range),
      TEST(test_operations_after_close),
      TEST(test_what_fails_changes_nothing),
      TEST(test_descriptors_taken_away),
      TEST(test_extend_and_preallocate),
      TEST(test_populate_residency_advice),
      TEST(test_lock),
      TEST(test_lock_too_much),
      TEST(test_5_gib),
      TEST(test_huge_pages),
      TEST(test_sync),
      TEST(test_no_room),
      TEST(test_refusals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
