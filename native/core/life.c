/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/life.h"

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "heap.h"
#include "znio/ledger.h"
#include "znio/timeline.h"

#define ZN_LIFE_BUCKETS ZN_LIFE_RECORDS
#define ZN_LIFE_RESERVED (ZN_LIFE_RECORDS / 8)

/* A place of the pool. Places are numbered from 1; 0 is none. */
struct place {
  struct zn_life life;
  uint32_t next; /* in its bucket, or in the list of free ones */
};

/* The kept of one rank, in no order. */
struct best {
  struct zn_life lives[ZN_LIFE_KEPT];
  int count;
  int least; /* which one goes first, once there are so many */
};

struct pool {
  struct place places[ZN_LIFE_RECORDS + 1]; /* memory that is never touched costs none */
  uint32_t buckets[ZN_LIFE_BUCKETS];
  struct zn_life_site sites[ZN_SITES_MAX + 1];
  uint32_t touched; /* places that were ever used */
  uint32_t free;    /* the first of the list */
  uint32_t live;
  int64_t born; /* counts births */
  struct zn_life_totals totals[ZN_LIFE_KINDS];
  struct best largest;
  struct best longest;
};

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct pool *s_pool; /* never given back; under the mutex, as what it points to */

int zn_life_begin(void) {
  pthread_mutex_lock(&s_mutex);
  if (s_pool == NULL) s_pool = zn_heap_allocate_zeroed(sizeof *s_pool, _Alignof(struct pool));
  int result = s_pool == NULL ? -ENOMEM : 0;
  pthread_mutex_unlock(&s_mutex);
  return result;
}

/* --- the pool; all with the mutex held --- */

static uint32_t *bucket_of(struct pool *pool, uint64_t address) {
  return &pool->buckets[(address >> 4) * 0x9e3779b97f4a7c15u >> 48];
}
_Static_assert(ZN_LIFE_BUCKETS == 1 << 16, "16 bits of the hash");

static uint32_t take_place(struct pool *pool) {
  uint32_t place = pool->free;
  if (place != 0) {
    pool->free = pool->places[place].next;
  } else if (pool->touched < ZN_LIFE_RECORDS) {
    place = ++pool->touched;
  }
  return place;
}

/* returns: false: there is no room for it. */
static bool put(struct pool *pool, const struct zn_life *life) {
  bool large = life->bytes >= ZN_LIFE_LARGE;
  if (!large && pool->live >= ZN_LIFE_RECORDS - ZN_LIFE_RESERVED) return false;
  uint32_t number = take_place(pool);
  if (number == 0) return false;
  uint32_t *bucket = bucket_of(pool, life->address);
  pool->places[number].life = *life;
  pool->places[number].next = *bucket;
  *bucket = number;
  pool->live++;
  return true;
}

static bool take(struct pool *pool, uint64_t address, struct zn_life *life) {
  for (uint32_t *link = bucket_of(pool, address); *link != 0; link = &pool->places[*link].next) {
    struct place *place = &pool->places[*link];
    uint32_t number = *link;
    if (place->life.address != address) continue;
    *life = place->life;
    *link = place->next;
    place->life.number = 0;
    place->next = pool->free;
    pool->free = number;
    pool->live--;
    return true;
  }
  return false;
}

/* --- what is kept of the dead --- */

typedef int64_t rank_of(const struct zn_life *life, int64_t now);

static int64_t bytes_of(const struct zn_life *life, int64_t now) { return life->bytes; }

static int64_t age_of(const struct zn_life *life, int64_t now) {
  return (life->died_us < 0 ? now : life->died_us) - life->born_us;
}

static void find_least(struct best *best, rank_of *rank, int64_t now) {
  best->least = 0;
  for (int i = 1; i < best->count; i++) {
    if (rank(&best->lives[i], now) < rank(&best->lives[best->least], now)) best->least = i;
  }
}

static void offer(struct best *best, const struct zn_life *life, rank_of *rank, int64_t now) {
  if (best->count < ZN_LIFE_KEPT) {
    best->lives[best->count++] = *life;
  } else if (rank(life, now) > rank(&best->lives[best->least], now)) {
    best->lives[best->least] = *life;
  } else {
    return;
  }
  if (best->count == ZN_LIFE_KEPT) find_least(best, rank, now);
}

static int bucket_of_age(int64_t us) {
  int age = 0;
  for (; us >= 10 && age < ZN_LIFE_AGES - 1; us /= 10) age++;
  return age;
}

static void sum_up(struct pool *pool, const struct zn_life *life) {
  struct zn_life_totals *totals = &pool->totals[life->kind];
  totals->ended[life->end]++;
  if (life->number == 0) return;
  int64_t us = age_of(life, life->died_us);
  int age = bucket_of_age(us);
  totals->ages[age].items++;
  totals->ages[age].bytes += life->bytes;
  struct zn_life_site *site = &pool->sites[life->site];
  if (us > site->longest_us) site->longest_us = us;
  offer(&pool->largest, life, bytes_of, life->died_us);
  offer(&pool->longest, life, age_of, life->died_us);
}

/* --- births and deaths --- */

static void set_name(char *name, const char *text) {
  size_t length = text == NULL ? 0 : strlen(text);
  if (length > ZN_LIFE_NAME_SIZE - 1) length = ZN_LIFE_NAME_SIZE - 1;
  if (length > 0) memcpy(name, text, length);
  name[length] = '\0';
}

void zn_life_born(const struct zn_life *birth) {
  if (birth->site > ZN_SITES_MAX || birth->kind >= ZN_LIFE_KINDS) return;
  struct zn_life life = *birth;
  life.born_us = zn_timeline_now();
  life.died_us = -1;
  life.last_pause_us = -1;
  life.end = ZN_LIFE_LIVES;
  life.died_thread[0] = '\0';
  pthread_mutex_lock(&s_mutex);
  if (s_pool != NULL) {
    struct zn_life_totals *totals = &s_pool->totals[life.kind];
    totals->born_items++;
    totals->born_bytes += life.bytes;
    s_pool->sites[life.site].born_items++;
    s_pool->sites[life.site].born_bytes += life.bytes;
    life.number = ++s_pool->born;
    if (!put(s_pool, &life)) totals->unrecorded++;
  }
  pthread_mutex_unlock(&s_mutex);
}

void zn_life_take(uint64_t address, enum zn_life_kind kind, int64_t bytes, uint32_t site,
                  struct zn_life *life) {
  memset(life, 0, sizeof *life);
  life->address = address;
  life->bytes = bytes;
  life->site = site;
  life->kind = (uint8_t)kind;
  pthread_mutex_lock(&s_mutex);
  if (s_pool != NULL) (void)take(s_pool, address, life);
  pthread_mutex_unlock(&s_mutex);
}

void zn_life_died(struct zn_life *life, enum zn_life_end end, const char *thread) {
  life->last_pause_us = zn_timeline_last_pause();
  life->died_us = zn_timeline_now();
  life->end = (uint8_t)end;
  set_name(life->died_thread, thread);
  pthread_mutex_lock(&s_mutex);
  if (s_pool != NULL) sum_up(s_pool, life);
  pthread_mutex_unlock(&s_mutex);
}

void zn_life_put_back(const struct zn_life *life) {
  if (life->number == 0) return;
  pthread_mutex_lock(&s_mutex);
  /* Others may have taken the room meanwhile: then its lifetime will not be known. */
  if (s_pool != NULL && !put(s_pool, life)) s_pool->totals[life->kind].unrecorded++;
  pthread_mutex_unlock(&s_mutex);
}

/* --- what is asked --- */

int zn_life_read(enum zn_life_kind kind, struct zn_life_totals *totals) {
  memset(totals, 0, sizeof *totals);
  if ((int)kind < 0 || kind >= ZN_LIFE_KINDS) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  if (s_pool != NULL) *totals = s_pool->totals[kind];
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

int zn_life_site(uint32_t site, struct zn_life_site *totals) {
  memset(totals, 0, sizeof *totals);
  if (site > ZN_SITES_MAX) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  if (s_pool != NULL) *totals = s_pool->sites[site];
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

int64_t zn_life_next(uint64_t *cursor, struct zn_life *lives, int64_t capacity) {
  if (capacity <= 0) return -EINVAL;
  int64_t copied = 0;
  pthread_mutex_lock(&s_mutex);
  for (; s_pool != NULL && *cursor < s_pool->touched && copied < capacity; (*cursor)++) {
    const struct zn_life *life = &s_pool->places[*cursor + 1].life;
    if (life->number != 0) lives[copied++] = *life;
  }
  pthread_mutex_unlock(&s_mutex);
  return copied;
}

static bool holds(const struct best *best, int64_t number) {
  for (int i = 0; i < best->count; i++) {
    if (best->lives[i].number == number) return true;
  }
  return false;
}

static int larger(const void *a, const void *b) {
  int64_t first = ((const struct zn_life *)a)->bytes;
  int64_t second = ((const struct zn_life *)b)->bytes;
  return first > second ? -1 : first < second;
}

/* best[0]: the largest; best[1]: the longest-lived. The mutex is held. */
static void select_all(struct pool *pool, struct best *best) {
  int64_t now = zn_timeline_now();
  best[0] = pool->largest;
  best[1] = pool->longest;
  for (uint32_t i = 1; i <= pool->touched; i++) {
    const struct zn_life *life = &pool->places[i].life;
    if (life->number == 0) continue;
    offer(&best[0], life, bytes_of, now);
    offer(&best[1], life, age_of, now);
  }
}

int64_t zn_life_select(struct zn_life *lives) {
  struct best *best = zn_heap_allocate_zeroed(2 * sizeof *best, _Alignof(struct best));
  if (best == NULL) return -ENOMEM;
  pthread_mutex_lock(&s_mutex);
  if (s_pool != NULL) select_all(s_pool, best);
  pthread_mutex_unlock(&s_mutex);
  int64_t count = 0;
  for (; count < best[0].count; count++) lives[count] = best[0].lives[count];
  for (int i = 0; i < best[1].count; i++) {
    if (!holds(&best[0], best[1].lives[i].number)) lives[count++] = best[1].lives[i];
  }
  zn_heap_free(best, 2 * sizeof *best, _Alignof(struct best));
  qsort(lives, (size_t)count, sizeof *lives, larger);
  return count;
}
