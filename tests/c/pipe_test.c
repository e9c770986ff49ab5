/* SPDX-License-Identifier: Apache-2.0 */
/* A pooled pipe that is filled and poured by hand: what comes of signals, refusals and ends. */
/* WRAP zn_sys_splice */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/balance.h"
#include "support/check.h"
#include "support/ends.h"
#include "znio/znio.h"

#define SIZE ((int64_t)60000)

/* What the next splices do: fail so, or take at most this much; 0: as ever. */
static int64_t s_faults[2];

int64_t __real_zn_sys_splice(int source, int64_t *source_offset, int target, int64_t *target_offset,
                             size_t size, unsigned flags);
int64_t __wrap_zn_sys_splice(int source, int64_t *source_offset, int target, int64_t *target_offset,
                             size_t size, unsigned flags);
int64_t __wrap_zn_sys_splice(int source, int64_t *source_offset, int target, int64_t *target_offset,
                             size_t size, unsigned flags) {
  int64_t fault = s_faults[0];
  s_faults[0] = s_faults[1];
  s_faults[1] = 0;
  if (fault < 0) return fault;
  if (fault > 0 && fault < (int64_t)size) size = (size_t)fault;
  return __real_zn_sys_splice(source, source_offset, target, target_offset, size, flags);
}

static void then(int64_t first, int64_t second) {
  s_faults[0] = first;
  s_faults[1] = second;
}

/* A pipe with SIZE bytes of a pattern, which came through a pair. */
static struct zn_pipe *filled(int pair_kind, const uint8_t *bytes) {
  struct zn_pipe *pipe;
  struct pair pair = pair_open(pair_kind);
  assert_int_equal(zn_pipe_acquire(&pipe), 0);
  struct feeder feeder;
  feeder_start(&feeder, pair.writer, bytes, SIZE);
  for (int64_t sum = 0; sum < SIZE;) {
    int64_t got = zn_pipe_fill(pipe, pair.reader, SIZE - sum);
    assert_true(got > 0);
    sum += got;
    assert_int_equal(zn_pipe_bytes(pipe), sum);
  }
  assert_int_equal(zn_pipe_fill(pipe, pair.reader, SIZE), 0);
  feeder_join(&feeder);
  close(pair.reader);
  return pipe;
}

static void test_from_each_stream_to_a_file(void **state) {
  uint8_t *bytes = malloc((size_t)SIZE);
  fill_pattern(bytes, SIZE, 1);
  for (int kind = 0; kind < PAIR_KINDS; kind++) {
    struct zn_pipe *pipe = filled(kind, bytes);
    int file = file_make(100, 2);
    assert_int_equal(zn_pipe_pour(pipe, file, 7), SIZE);
    assert_int_equal(zn_pipe_bytes(pipe), 0);
    assert_file_holds(file, 7, bytes, SIZE);
    assert_int_equal(lseek(file, 0, SEEK_CUR), 0);
    assert_int_equal(zn_pipe_pour(pipe, file, 7), 0);
    close(file);
    zn_pipe_release(pipe);
  }
  free(bytes);
}

static void test_nothing_there(void **state) {
  for (int kind = 0; kind < PAIR_KINDS; kind++) {
    struct pair pair = pair_open(kind);
    struct zn_pipe *pipe;
    assert_int_equal(zn_pipe_acquire(&pipe), 0);
    set_nonblocking(pair.reader);
    assert_int_equal(zn_pipe_fill(pipe, pair.reader, SIZE), -EAGAIN);
    assert_int_equal(write(pair.writer, "abc", 3), 3);
    assert_int_equal(zn_pipe_fill(pipe, pair.reader, 2), 2);
    assert_int_equal(zn_pipe_bytes(pipe), 2);
    zn_pipe_release(pipe);
    pair_close(&pair);
  }
}

/* What an error leaves behind is poured by the next call, or drained. */
static void test_errors_lose_nothing(void **state) {
  uint8_t *bytes = malloc((size_t)SIZE);
  uint8_t *drained = malloc((size_t)SIZE);
  fill_pattern(bytes, SIZE, 1);
  struct zn_pipe *pipe = filled(PAIR_PIPE, bytes);
  int file = file_make(0, 0);
  then(-EINTR, 0);
  assert_int_equal(zn_pipe_pour(pipe, file, 0), -EINTR);
  assert_int_equal(zn_pipe_bytes(pipe), SIZE);
  assert_int_equal(fcntl(file, F_SETFL, O_APPEND), 0);
  assert_int_equal(zn_pipe_pour(pipe, file, 0), -EINVAL);
  assert_int_equal(fcntl(file, F_SETFL, 0), 0);
  assert_int_equal(zn_pipe_drain(pipe, drained, 5000), 5000);
  assert_memory_equal(drained, bytes, 5000);
  then(1000, -ENOSPC);
  assert_int_equal(zn_pipe_pour(pipe, file, 5000), 1000);
  assert_int_equal(zn_pipe_bytes(pipe), SIZE - 6000);
  then(-ENOSPC, 0);
  assert_int_equal(zn_pipe_pour(pipe, file, 6000), -ENOSPC);
  then(1000, 0); /* a short count is no error: it goes on */
  assert_int_equal(zn_pipe_pour(pipe, file, 6000), SIZE - 6000);
  assert_file_holds(file, 5000, bytes + 5000, SIZE - 5000);
  zn_pipe_release(pipe);
  close(file);
  free(drained);
  free(bytes);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      BALANCED(test_from_each_stream_to_a_file),
      BALANCED(test_nothing_there),
      BALANCED(test_errors_lose_nothing),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
