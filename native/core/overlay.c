/* SPDX-License-Identifier: Apache-2.0 */
#include "overlay.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>

#include "fork.h"
#include "shared.h"
#include "sys.h"

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER;
static int s_fd = -1;
static uint64_t s_device;
static uint64_t s_inode;
static uint32_t s_looked_at; /* tick: a look costs a system call, and each close would have one */

/* Mappings of nothing, which wait until the process may have no more (vm.max_map_count): then they
 * go, and what takes a file's place has room. Replacing a part of what the kernel has merged makes
 * two more; shared anonymous memory is never merged. Guarded by s_lock. */
#define RESERVED 4
static void *s_reserved[RESERVED];

static void reserve(void) {
  for (int i = 0; i < RESERVED; i++) {
    if (s_reserved[i] != NULL) continue;
    /* Without it a close may fail, and is tried again: no error. */
    if (zn_sys_mmap(-1, 0, (size_t)zn_sys_page_bytes(), PROT_NONE,
                    MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, &s_reserved[i]) < 0) {
      s_reserved[i] = NULL;
      return;
    }
  }
}

/* returns: whether there is room that was not there before. */
static bool make_room(void) {
  bool made = false;
  for (int i = 0; i < RESERVED; i++) {
    if (s_reserved[i] == NULL) continue;
    made |= zn_sys_munmap(s_reserved[i], (size_t)zn_sys_page_bytes()) == 0;
    s_reserved[i] = NULL;
  }
  return made;
}

/* A program may close descriptors that are not its own, and get the number back for a file. A view
 * of a closed mapping must not show that file. */
static bool is_still_there(void) {
  struct stat status;
  return s_fd >= 0 && zn_sys_fstat(s_fd, &status) == 0 && status.st_dev == s_device &&
         status.st_ino == s_inode;
}

/* With the lock. */
static int make(void) {
  if (is_still_there()) return 0;
  s_fd = -1;
  int fd = zn_sys_memfd_create("znio", 0);
  if (fd < 0) return fd;
  struct stat status = {0};
  int result = zn_sys_memfd_seal(fd, false); /* nobody can make it longer */
  if (result == 0) result = zn_sys_fstat(fd, &status);
  if (result < 0) {
    (void)zn_sys_close(fd);
    return result;
  }
  s_fd = fd;
  s_device = status.st_dev;
  s_inode = status.st_ino;
  return 0;
}

int zn_overlay_ready(void) {
  int result = zn_fork_watch();
  if (result < 0) return result;
  pthread_mutex_lock(&s_lock);
  result = s_fd >= 0 ? 0 : make();
  if (result == 0) reserve();
  pthread_mutex_unlock(&s_lock);
  return result;
}

/* The address as the file's offset: neighbours merge into one mapping of the kernel's, so that many
 * closed mappings do not use up vm.max_map_count; and far behind the end of whatever other file has
 * got the descriptor since the last look. */
static int put(void *base, int64_t bytes) {
  return zn_sys_mmap_fixed(base, s_fd, (int64_t)(intptr_t)base, (size_t)bytes,
                           PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE);
}

int zn_overlay_put(void *base, int64_t bytes) {
  pthread_mutex_lock(&s_lock);
  uint32_t tick = zn_shared_tick();
  bool looked = tick != s_looked_at;
  s_looked_at = tick;
  int result = looked ? make() : 0;
  if (result == 0) result = put(base, bytes);
  if (result < 0 && result != -ENOMEM && !looked) {
    result = make();
    if (result == 0) result = put(base, bytes);
  }
  if (result == -ENOMEM && make_room()) {
    result = put(base, bytes);
    reserve();
  }
  pthread_mutex_unlock(&s_lock);
  return result;
}

void zn_overlay_fork_begin(void) { pthread_mutex_lock(&s_lock); }

void zn_overlay_fork_end(bool child) { pthread_mutex_unlock(&s_lock); }
