/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/pipe.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "fork.h"
#include "heap.h"
#include "ledger_count.h"
#include "pipe_account.h"
#include "sys.h"

#define ZN_PIPE_CAPACITY_MAX ((int64_t)1 << 20)
#define ZN_PIPE_IDLE_MAX 16

static struct zn_pipe *s_idle[ZN_PIPE_IDLE_MAX];
static int s_idle_count;
static pthread_mutex_t s_idle_lock = PTHREAD_MUTEX_INITIALIZER;

/* Halves the wish until the kernel grants it: each user has a budget of pipe pages. */
static int64_t grow(int fd) {
  for (int64_t bytes = ZN_PIPE_CAPACITY_MAX; bytes > zn_sys_page_bytes(); bytes /= 2) {
    int64_t granted = zn_sys_pipe_resize(fd, bytes);
    if (granted > 0) return granted;
  }
  int64_t capacity = zn_sys_pipe_capacity(fd);
  return capacity > 0 ? capacity : zn_sys_page_bytes();
}

static int create(struct zn_pipe **out) {
  int watched = zn_fork_watch();
  if (watched < 0) return watched;
  struct zn_pipe *pipe = zn_heap_allocate(sizeof *pipe, _Alignof(struct zn_pipe));
  if (pipe == NULL) return -ENOMEM;
  int result = zn_sys_pipe(pipe->fds);
  if (result < 0) {
    zn_heap_free(pipe, sizeof *pipe, _Alignof(struct zn_pipe));
    return result;
  }
  pipe->bytes = 0;
  pipe->spill = NULL;
  pipe->spill_bytes = pipe->spill_read_bytes = 0;
  pipe->capacity = grow(pipe->fds[1]);
  zn_ledger_count(ZN_LEDGER_PIPE, 1);
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, 2);
  *out = pipe;
  return 0;
}

static void destroy(struct zn_pipe *pipe) {
  zn_heap_free(pipe->spill, (size_t)pipe->spill_bytes, 1);
  (void)zn_sys_close(pipe->fds[0]);
  (void)zn_sys_close(pipe->fds[1]);
  zn_ledger_count(ZN_LEDGER_PIPE, -1);
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, -2);
  zn_heap_free(pipe, sizeof *pipe, _Alignof(struct zn_pipe));
}

static struct zn_pipe *take_idle(void) {
  pthread_mutex_lock(&s_idle_lock);
  struct zn_pipe *pipe = s_idle_count > 0 ? s_idle[--s_idle_count] : NULL;
  pthread_mutex_unlock(&s_idle_lock);
  return pipe;
}

int zn_pipe_acquire(struct zn_pipe **out) {
  *out = take_idle();
  return *out != NULL ? 0 : create(out);
}

void zn_pipe_release(struct zn_pipe *pipe) {
  if (pipe == NULL) return;
  bool kept = false;
  if (zn_pipe_bytes(pipe) == 0) { /* INV-3: an idle pipe is empty */
    pthread_mutex_lock(&s_idle_lock);
    kept = s_idle_count < ZN_PIPE_IDLE_MAX;
    if (kept) s_idle[s_idle_count++] = pipe;
    pthread_mutex_unlock(&s_idle_lock);
  }
  if (!kept) destroy(pipe);
}

void zn_pipe_trim(void) {
  for (struct zn_pipe *pipe = take_idle(); pipe != NULL; pipe = take_idle()) destroy(pipe);
}

int zn_pipe_spill(struct zn_pipe **pipe, const char *bytes, int64_t count) {
  if (*pipe == NULL) {
    int result = zn_pipe_acquire(pipe);
    if (result < 0) return result;
  }
  struct zn_pipe *to = *pipe;
  int64_t unread = to->spill_bytes - to->spill_read_bytes;
  char *spill = zn_heap_allocate((size_t)(unread + count), 1);
  if (spill == NULL) return -ENOMEM;
  if (unread > 0) memcpy(spill, to->spill + to->spill_read_bytes, (size_t)unread);
  memcpy(spill + unread, bytes, (size_t)count);
  zn_heap_free(to->spill, (size_t)to->spill_bytes, 1);
  to->spill = spill;
  to->spill_bytes = unread + count;
  to->spill_read_bytes = 0;
  return 0;
}

static int64_t drain_spill(struct zn_pipe *pipe, void *buffer, size_t size) {
  int64_t unread = pipe->spill_bytes - pipe->spill_read_bytes;
  int64_t count = unread < (int64_t)size ? unread : (int64_t)size;
  if (count == 0) return 0;
  memcpy(buffer, pipe->spill + pipe->spill_read_bytes, (size_t)count);
  pipe->spill_read_bytes += count;
  if (count == unread) {
    zn_heap_free(pipe->spill, (size_t)pipe->spill_bytes, 1);
    pipe->spill = NULL;
    pipe->spill_bytes = pipe->spill_read_bytes = 0;
  }
  return count;
}

int64_t zn_pipe_drain(struct zn_pipe *pipe, void *buffer, size_t size) {
  if (size == 0) return 0;
  if (pipe->bytes == 0) return drain_spill(pipe, buffer, size); /* an empty pipe would block */
  int64_t result = zn_sys_read(pipe->fds[0], buffer, size);
  if (result > 0) pipe->bytes -= result;
  return result;
}

int64_t zn_pipe_bytes(const struct zn_pipe *pipe) {
  return pipe->bytes + pipe->spill_bytes - pipe->spill_read_bytes;
}

int zn_pipe_write_fd(const struct zn_pipe *pipe) { return pipe->fds[1]; }

int zn_pipe_read_fd(const struct zn_pipe *pipe) { return pipe->fds[0]; }

int64_t zn_pipe_capacity(const struct zn_pipe *pipe) { return pipe->capacity; }

void zn_pipe_fork_begin(void) { pthread_mutex_lock(&s_idle_lock); }

/* What the parent puts into an idle pipe must not come out in the child. */
void zn_pipe_fork_end(bool child) {
  pthread_mutex_unlock(&s_idle_lock);
  if (child) zn_pipe_trim();
}
