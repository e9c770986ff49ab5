/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files and mappings by any calls in any order, with any numbers: each call on a file is made once
 * more, on another file of the same bytes, by the system itself. Both must say the same. Mappings
 * end with nothing left over.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fuzz.h"
#include "znio/znio.h"

#define BUFFER_MAX 300
#define FILE_MAX ((int64_t)1 << 20) /* what is written: a memfd is memory */
#define MAP_MAX ((int64_t)1 << 24)
#define MAPPINGS 4

struct state {
  struct fuzz_input in;
  int ours, theirs;
  struct zn_mapping *mappings[MAPPINGS];
  bool closed[MAPPINGS];
};

static int64_t by_system(int64_t result) { return result < 0 ? -errno : result; }

static int make_file(const struct fuzz_input *in) {
  int fd = memfd_create("fuzz", MFD_CLOEXEC);
  FUZZ_CHECK(fd >= 0);
  if (fuzz_left(in) > 0) FUZZ_CHECK(write(fd, in->at, fuzz_left(in)) == (ssize_t)fuzz_left(in));
  FUZZ_EQUAL(lseek(fd, 0, SEEK_SET), 0);
  return fd;
}

/* A place to write to, not so far away that the file needs memory. */
static int64_t any_place(struct state *state) {
  int64_t place = fuzz_number(&state->in);
  return place > FILE_MAX && place < INT64_MAX - FILE_MAX ? place % FILE_MAX : place;
}

/* --- files --- */

static void move_bytes(struct state *state) {
  unsigned char ours[2 * BUFFER_MAX] = {0};
  unsigned char theirs[2 * BUFFER_MAX] = {0};
  int way = fuzz_below(&state->in, 6);
  size_t size = (size_t)fuzz_byte(&state->in);
  size_t more = (size_t)fuzz_byte(&state->in);
  int64_t place = any_place(state);
  memset(ours, (int)size + way, size);
  memset(theirs, (int)size + way, size);
  /* Of just this size: who moves one byte more is caught. */
  unsigned char *just = malloc(size == 0 ? 1 : size);
  memcpy(just, ours, size);
  struct zn_file_part parts[2] = {{just, (int64_t)size}, {ours + BUFFER_MAX, (int64_t)more}};
  struct iovec vector[2] = {{theirs, size}, {theirs + BUFFER_MAX, more}};
  int64_t mine = 0;
  int64_t its = 0;
  if (way == 0) mine = zn_file_read(state->ours, just, (int64_t)size);
  if (way == 0) its = by_system(read(state->theirs, theirs, size));
  if (way == 1) mine = zn_file_pread(state->ours, just, (int64_t)size, place);
  if (way == 1) its = by_system(pread(state->theirs, theirs, size, place));
  if (way == 2) mine = zn_file_write(state->ours, just, (int64_t)size);
  if (way == 2) its = by_system(write(state->theirs, theirs, size));
  if (way == 3) mine = zn_file_pwrite(state->ours, just, (int64_t)size, place);
  if (way == 3) its = by_system(pwrite(state->theirs, theirs, size, place));
  if (way == 4) mine = zn_file_readv(state->ours, parts, 2);
  if (way == 4) its = by_system(readv(state->theirs, vector, 2));
  if (way == 5) mine = zn_file_writev(state->ours, parts, 2);
  if (way == 5) its = by_system(writev(state->theirs, vector, 2));
  FUZZ_EQUAL(mine, its);
  memcpy(ours, just, size);
  FUZZ_CHECK(memcmp(ours, theirs, sizeof ours) == 0);
  free(just);
}

static void move_nothing(struct state *state) {
  char byte = 0;
  int64_t size = fuzz_number(&state->in);
  if (size >= 0) return;
  FUZZ_EQUAL(zn_file_read(state->ours, &byte, size), -EINVAL);
  FUZZ_EQUAL(zn_file_pread(state->ours, &byte, size, 0), -EINVAL);
  FUZZ_EQUAL(zn_file_write(state->ours, &byte, size), -EINVAL);
  FUZZ_EQUAL(zn_file_pwrite(state->ours, &byte, size, 0), -EINVAL);
  FUZZ_EQUAL(zn_file_readv(state->ours, NULL, (int)size | INT32_MIN), -EINVAL);
  FUZZ_EQUAL(zn_file_writev(state->ours, NULL, ZN_FILE_PARTS_MAX + 1), -EINVAL);
}

static void seek(struct state *state) {
  int64_t place = any_place(state);
  FUZZ_EQUAL(zn_file_seek(state->ours, place), by_system(lseek(state->theirs, place, SEEK_SET)));
  FUZZ_EQUAL(zn_file_position(state->ours), lseek(state->theirs, 0, SEEK_CUR));
}

static void cut(struct state *state) {
  int64_t size = any_place(state);
  FUZZ_EQUAL(zn_file_truncate(state->ours, size), by_system(ftruncate(state->theirs, size)));
  FUZZ_EQUAL(zn_file_size(state->ours), lseek(state->theirs, 0, SEEK_END));
  FUZZ_EQUAL(zn_file_seek(state->ours, 0), lseek(state->theirs, 0, SEEK_SET));
}

static void lock(struct state *state) {
  int64_t position = fuzz_number(&state->in);
  int64_t size = fuzz_number(&state->in);
  int locked = zn_file_lock(state->ours, position, size, fuzz_below(&state->in, 2) == 1, false);
  if (position < 0 || size < 0) FUZZ_EQUAL(locked, -EINVAL);
  int unlocked = zn_file_unlock(state->ours, position, size);
  if (locked == 0) FUZZ_EQUAL(unlocked, 0);
}

/* Any descriptor and any flags; the path stays in a directory that is not there. */
static void strangers(struct state *state) {
  int fd;
  char path[64];
  uint64_t device;
  uint64_t inode;
  int other = (int)fuzz_number(&state->in);
  uint32_t flags = (uint32_t)fuzz_number(&state->in);
  snprintf(path, sizeof path, "/proc/self/fuzz/%d", other);
  int result = zn_file_open(path, flags, (uint32_t)fuzz_number(&state->in), &fd);
  FUZZ_CHECK(result < 0 && fd == -1);
  if (flags >= 2048) FUZZ_EQUAL(result, -EINVAL);
  if (other >= 0 && other < 4096) return;
  FUZZ_EQUAL(zn_file_size(other), -EBADF);
  FUZZ_EQUAL(zn_file_type(other), -EBADF);
  FUZZ_EQUAL(zn_file_identify(other, &device, &inode), -EBADF);
  FUZZ_EQUAL(zn_file_sync(other, true), -EBADF);
  FUZZ_EQUAL(zn_file_close(other), -EBADF);
  FUZZ_EQUAL(zn_memfd_close(other), -EBADF);
  FUZZ_EQUAL(zn_memfd_record(other), 0);
}

/* --- mappings --- */

static void open_mapping(struct state *state) {
  int i = fuzz_below(&state->in, MAPPINGS);
  int kind = fuzz_below(&state->in, 8);
  int fd = kind == 0 ? -1 : kind == 1 ? (int)fuzz_number(&state->in) | INT32_MIN : state->ours;
  int64_t offset = fuzz_number(&state->in);
  int64_t size = fuzz_number(&state->in);
  int mode =
      fuzz_below(&state->in, 8) == 0 ? (int)fuzz_number(&state->in) : fuzz_below(&state->in, 3);
  struct zn_mapping_options options = {.flags = (uint32_t)fuzz_number(&state->in),
                                       .advice = (int32_t)fuzz_number(&state->in)};
  /* These bring pages in, and make the file as long as they say. */
  bool eager = (options.flags & (ZN_MAPPING_EXTEND | ZN_MAPPING_PREALLOCATE | ZN_MAPPING_POPULATE |
                                 ZN_MAPPING_POPULATE_WRITE | ZN_MAPPING_LOCK)) != 0;
  if (eager && size > FILE_MAX) size %= FILE_MAX;
  if (eager && offset > FILE_MAX) offset %= FILE_MAX;
  if (state->mappings[i] != NULL) return;
  int result = zn_mapping_open(fd, offset, size, mode, &options, &state->mappings[i]);
  FUZZ_CHECK((result == 0) == (state->mappings[i] != NULL));
  state->closed[i] = false;
  /* The other file does what is done to ours. */
  if (fd == state->ours) FUZZ_CHECK(ftruncate(state->theirs, zn_file_size(fd)) == 0);
  if (result < 0) return;
  FUZZ_CHECK(offset >= 0 && size > 0 && mode >= 0 && mode <= ZN_MAPPING_PRIVATE);
  struct zn_mapping_status status;
  zn_mapping_describe(state->mappings[i], &status);
  FUZZ_EQUAL(status.size, size);
  FUZZ_EQUAL(status.file_offset, offset);
}

static bool is_inside(int64_t offset, int64_t size, int64_t whole) {
  return offset >= 0 && size >= 0 && offset <= whole && size <= whole - offset;
}

static void use_mapping(struct state *state) {
  int i = fuzz_below(&state->in, MAPPINGS);
  int64_t offset = fuzz_number(&state->in);
  int64_t size = fuzz_number(&state->in);
  struct zn_mapping *mapping = state->mappings[i];
  struct zn_mapping_status status;
  uint64_t bits[8];
  if (mapping == NULL) return;
  zn_mapping_describe(mapping, &status);
  int64_t pages = zn_mapping_pages(mapping, offset, size);
  FUZZ_CHECK((pages >= 0) == is_inside(offset, size, status.size));
  bool large = size > MAP_MAX;
  int results[] = {
      large ? -EINVAL : zn_mapping_force_range(mapping, offset, size),
      large ? -EINVAL : zn_mapping_load(mapping, offset, size),
      zn_mapping_advise(mapping, offset, size, fuzz_below(&state->in, 10) - 1),
      (int)zn_mapping_residency(mapping, offset, size, bits, fuzz_below(&state->in, 9))};
  for (size_t r = 0; r < sizeof results / sizeof *results; r++) {
    if (pages < 0) FUZZ_EQUAL(results[r], -EINVAL);
    if (pages > 0 && state->closed[i]) FUZZ_CHECK(results[r] < 0);
  }
}

/* Reads a byte of the mapping by a call, which meets lost pages as an error. */
static void move_mapped(struct state *state) {
  int i = fuzz_below(&state->in, MAPPINGS);
  struct zn_mapping_status status;
  if (state->mappings[i] == NULL) return;
  zn_mapping_describe(state->mappings[i], &status);
  int64_t at = fuzz_number(&state->in);
  if (at < 0 || at >= status.size) return;
  char *address = (char *)zn_mapping_address(state->mappings[i]) + at;
  int sink = memfd_create("sink", MFD_CLOEXEC);
  struct zn_end source = {.kind = ZN_END_MEMORY, .fd = -1, .address = address};
  struct zn_end target = {.kind = ZN_END_FILE, .fd = sink};
  struct zn_receipt receipt;
  int64_t moved = zn_transfer(&source, &target, 1, NULL, &receipt);
  FUZZ_CHECK(moved == 1 || moved == ZN_ELOST || moved == ZN_ECLOSED || moved == ZN_EDAMAGED);
  if (state->closed[i]) FUZZ_CHECK(moved < 0);
  close(sink);
}

static void end_mapping(struct state *state) {
  int i = fuzz_below(&state->in, MAPPINGS);
  bool close_first = fuzz_below(&state->in, 2) == 0;
  if (state->mappings[i] == NULL) return;
  if (close_first) {
    int result = zn_mapping_close(state->mappings[i]);
    if (state->closed[i]) FUZZ_EQUAL(result, ZN_ECLOSED);
    state->closed[i] = true;
    return;
  }
  FUZZ_EQUAL(zn_mapping_release(state->mappings[i]), 0);
  state->mappings[i] = NULL;
}

static void plain_mapping(struct state *state) {
  void *address;
  int64_t offset = fuzz_number(&state->in);
  int64_t size = fuzz_number(&state->in);
  int result = zn_mapping_map(fuzz_below(&state->in, 2) ? state->ours : -1, offset, size,
                              fuzz_below(&state->in, 4), &address);
  FUZZ_CHECK((result == 0) == (address != NULL));
  if (result == 0) FUZZ_EQUAL(zn_mapping_unmap(address, size), 0);
  FUZZ_EQUAL(zn_mapping_unmap(NULL, size), -EINVAL);
  if (size <= 0) FUZZ_EQUAL(zn_mapping_force(&state, size), -EINVAL);
  int fd;
  int64_t length = fuzz_number(&state->in);
  if (length < MAP_MAX) FUZZ_EQUAL(zn_memfd_create(length, &fd) == 0, length > 0);
  if (length > 0 && length < MAP_MAX) FUZZ_EQUAL(zn_memfd_end(fd, 0), 0);
}

static void compare(struct state *state) {
  int64_t size = zn_file_size(state->ours);
  FUZZ_EQUAL(size, lseek(state->theirs, 0, SEEK_END));
  if (size == 0 || size > 2 * FILE_MAX) return;
  void *ours = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, state->ours, 0);
  void *theirs = mmap(NULL, (size_t)size, PROT_READ, MAP_SHARED, state->theirs, 0);
  FUZZ_CHECK(ours != MAP_FAILED && theirs != MAP_FAILED);
  FUZZ_CHECK(memcmp(ours, theirs, (size_t)size) == 0);
  munmap(ours, (size_t)size);
  munmap(theirs, (size_t)size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const steps[])(struct state *) = {
      move_bytes, move_bytes,   move_bytes,  move_nothing, seek,        cut,          lock,
      strangers,  open_mapping, use_mapping, move_mapped,  end_mapping, plain_mapping};
  struct state state = {.in = {data, data + size}};
  state.ours = make_file(&state.in);
  state.theirs = make_file(&state.in);
  for (int i = 0; i < 200 && fuzz_left(&state.in) > 0; i++) {
    steps[fuzz_below(&state.in, (int)(sizeof steps / sizeof steps[0]))](&state);
  }
  compare(&state);
  for (int i = 0; i < MAPPINGS; i++) {
    if (state.mappings[i] != NULL) FUZZ_EQUAL(zn_mapping_release(state.mappings[i]), 0);
  }
  close(state.ours);
  close(state.theirs);
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  FUZZ_EQUAL(totals.mappings, 0);
  FUZZ_EQUAL(totals.mapping_bytes, 0);
  FUZZ_EQUAL(totals.memfds, 0);
  return 0;
}
