/* SPDX-License-Identifier: Apache-2.0 */
#include "memfd_table.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>

#include "fork.h"
#include "heap.h"

#define ZN_MEMFD_CHAINS 64u

struct zn_memfd_place {
  uint64_t record;
  struct zn_memfd_place *next;
  int fd;
};

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct zn_memfd_place *s_chains[ZN_MEMFD_CHAINS];

/* The link that leads to fd, or the end of its chain. The mutex is held. */
static struct zn_memfd_place **find(int fd) {
  struct zn_memfd_place **link = &s_chains[(unsigned)fd % ZN_MEMFD_CHAINS];
  while (*link != NULL && (*link)->fd != fd) link = &(*link)->next;
  return link;
}

void zn_memfd_table_fork_begin(void) { pthread_mutex_lock(&s_mutex); }

void zn_memfd_table_fork_end(bool child) { pthread_mutex_unlock(&s_mutex); }

int zn_memfd_table_put(int fd, uint64_t record) {
  int watched = zn_fork_watch();
  if (watched < 0) return watched;
  struct zn_memfd_place *place = zn_heap_allocate(sizeof *place, _Alignof(struct zn_memfd_place));
  if (place == NULL) return -ENOMEM;
  *place = (struct zn_memfd_place){.record = record, .fd = fd};
  pthread_mutex_lock(&s_mutex);
  struct zn_memfd_place **link = find(fd);
  place->next = *link; /* one of the same number was closed past us: it is out of sight now */
  *link = place;
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

uint64_t zn_memfd_table_take(int fd) {
  pthread_mutex_lock(&s_mutex);
  struct zn_memfd_place **link = find(fd);
  struct zn_memfd_place *place = *link;
  if (place != NULL) *link = place->next;
  pthread_mutex_unlock(&s_mutex);
  uint64_t record = place == NULL ? 0 : place->record;
  zn_heap_free(place, sizeof *place, _Alignof(struct zn_memfd_place));
  return record;
}

uint64_t zn_memfd_table_get(int fd) {
  pthread_mutex_lock(&s_mutex);
  struct zn_memfd_place *place = *find(fd);
  uint64_t record = place == NULL ? 0 : place->record;
  pthread_mutex_unlock(&s_mutex);
  return record;
}
