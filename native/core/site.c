/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "fork.h"
#include "heap.h"
#include "record.h"

/* Twice as many places as sites, so that a search is short. */
#define ZN_SITE_PLACES ((uint32_t)131072)
#define ZN_SITE_TOTALS_MAX 1024

struct site {
  uint64_t hash;
  int64_t length;
  char text[];
};

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct site **s_sites; /* [1 .. s_count] */
static uint32_t *s_places;    /* number of a site, or 0 */
static uint32_t s_count;

/* FNV-1a. */
static uint64_t hash_of(const char *text, int64_t length) {
  uint64_t hash = 14695981039346656037ULL;
  for (int64_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 1099511628211ULL;
  return hash;
}

/* The mutex is held. */
static bool make_tables(void) {
  if (s_sites != NULL) return true;
  if (s_places == NULL) {
    s_places = zn_heap_allocate_zeroed(ZN_SITE_PLACES * sizeof *s_places, sizeof *s_places);
  }
  if (s_places == NULL) return false;
  s_sites = zn_heap_allocate_zeroed((ZN_SITES_MAX + 1) * sizeof(void *), sizeof(void *));
  return s_sites != NULL;
}

/* The place of a text, or the free one where it belongs. The mutex is held. */
static uint32_t *find(const char *text, int64_t length, uint64_t hash) {
  for (uint32_t i = (uint32_t)hash % ZN_SITE_PLACES;; i = (i + 1) % ZN_SITE_PLACES) {
    if (s_places[i] == 0) return &s_places[i];
    struct site *site = s_sites[s_places[i]];
    if (site->hash == hash && site->length == length &&
        memcmp(site->text, text, (size_t)length) == 0) {
      return &s_places[i];
    }
  }
}

/* The mutex is held. */
static int intern(const char *text, int64_t length) {
  if (!make_tables()) return -ENOMEM;
  uint64_t hash = hash_of(text, length);
  uint32_t *place = find(text, length, hash);
  if (*place != 0) return (int)*place;
  if (s_count == ZN_SITES_MAX) return -ENOSPC;
  struct site *site = zn_heap_allocate(sizeof *site + (size_t)length, _Alignof(struct site));
  if (site == NULL) return -ENOMEM;
  site->hash = hash;
  site->length = length;
  memcpy(site->text, text, (size_t)length);
  s_sites[++s_count] = site;
  *place = s_count;
  return (int)s_count;
}

int zn_site_intern(const char *text, int64_t length) {
  if (text == NULL || length < 1 || length > ZN_SITE_TEXT_MAX) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  int result = intern(text, length);
  pthread_mutex_unlock(&s_mutex);
  return result;
}

int64_t zn_site_text(uint32_t site, char *text, int64_t capacity) {
  if (capacity < 0) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  struct site *found = site >= 1 && site <= s_count ? s_sites[site] : NULL;
  pthread_mutex_unlock(&s_mutex);
  if (found == NULL) return -EINVAL;
  int64_t copied = found->length < capacity ? found->length : capacity;
  if (copied > 0) memcpy(text, found->text, (size_t)copied); /* sites never change and never go */
  return found->length;
}

static void add_all(unsigned kinds, struct zn_site_total *sums, uint32_t sites) {
  uint64_t count = zn_record_count();
  for (uint64_t i = 0; i < count; i++) {
    struct zn_ledger_entry entry;
    if (!zn_record_copy(zn_record_at(i), 1U << ZN_STATE_LIVE, &entry)) continue;
    if ((kinds >> entry.kind & 1) == 0) continue;
    /* A number that nobody has given, or one given since, counts as not sampled. */
    struct zn_site_total *sum = &sums[entry.site <= sites ? entry.site : 0];
    sum->items++;
    sum->bytes += entry.size;
  }
}

int zn_site_largest(unsigned kinds, struct zn_site_total *totals, int capacity) {
  if (capacity < 1 || capacity > ZN_SITE_TOTALS_MAX) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  uint32_t sites = s_count;
  pthread_mutex_unlock(&s_mutex);
  size_t bytes = (sites + (size_t)1) * sizeof(struct zn_site_total);
  struct zn_site_total *sums = zn_heap_allocate_zeroed(bytes, _Alignof(struct zn_site_total));
  if (sums == NULL) return -ENOMEM;
  add_all(kinds, sums, sites);
  int count = 0;
  for (uint32_t site = 0; site <= sites; site++) {
    sums[site].site = site;
    if (sums[site].items == 0) continue;
    int place = count < capacity ? count++ : capacity;
    while (place > 0 && totals[place - 1].bytes < sums[site].bytes) {
      if (place < capacity) totals[place] = totals[place - 1];
      place--;
    }
    if (place < capacity) totals[place] = sums[site];
  }
  zn_heap_free(sums, bytes, _Alignof(struct zn_site_total));
  return count;
}

void zn_site_fork_begin(void) { pthread_mutex_lock(&s_mutex); }

void zn_site_fork_end(bool child) { pthread_mutex_unlock(&s_mutex); }
