/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Eight threads do everything that can be done with off-heap memory, at random, and die and are
 * born again; blocks and mappings pass from one to the other. Meanwhile one thread walks the
 * ledger, changes the limit and gives idle memory back. At the end each birth and each death has
 * been counted, with its bytes and its cause, and nothing lives.
 *
 * ZNIO_STRESS_SECONDS (default 2) is how long, ZNIO_STRESS_SEED where the random numbers begin.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/blocks.h"
#include "support/check.h"
#include "support/child.h"
#include "support/ends.h"
#include "znio/limit.h"
#include "znio/mapping.h"
#include "znio/quarantine.h"
#include "znio/region.h"

enum { THREADS = 8, SLOTS = 512, STAYING = 1000, STAYING_THREAD = 1000, CAUSES = 3 };

/* Ends the process in any thread, where cmocka cannot. */
#define MUST CHECK

enum item_kind { BLOCK, PLAIN, MAPPED };

/* A thing with one owner: whoever has taken it out of the exchange. */
struct item {
  enum item_kind kind;
  uint64_t handle; /* of its record; of a PLAIN none */
  char *address;
  int64_t size;
  int64_t alignment;
  uint64_t seed; /* no two things have the same */
  struct zn_mapping *mapping;
};

static struct item *_Atomic s_exchange[SLOTS];
static atomic_bool s_stop;
static _Atomic uint64_t s_seed;
static _Atomic int64_t s_born[ZN_KINDS], s_born_bytes[ZN_KINDS];
static _Atomic int64_t s_died[ZN_KINDS][CAUSES], s_died_bytes[ZN_KINDS];
static _Atomic int64_t s_refused;
static int s_file;

struct worker {
  uint64_t random;
  uint32_t thread;
  struct zn_magazine *magazine;
};

/* splitmix64 */
static uint64_t mix(uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

static uint64_t next(uint64_t *state) { return mix(*state += 0x9e3779b97f4a7c15ULL); }

static int64_t below(struct worker *worker, int64_t bound) {
  return (int64_t)(next(&worker->random) % (uint64_t)bound);
}

/* All of a small thing; of a large one the ends and a byte of each page. */
static int64_t step_at(int64_t offset, int64_t size) {
  return offset < 512 || offset > size - 512 ? 1 : 4093;
}

static char byte_at(uint64_t seed, int64_t offset) {
  return (char)(mix(seed ^ (uint64_t)offset / 8) >> (offset % 8 * 8));
}

static void fill(const struct item *item) {
  for (int64_t i = 0; i < item->size; i += step_at(i, item->size)) {
    item->address[i] = byte_at(item->seed, i);
  }
}

/* Anybody else's writing shows. */
static void verify(const struct item *item) {
  for (int64_t i = 0; i < item->size; i += step_at(i, item->size)) {
    if (item->address[i] == byte_at(item->seed, i)) continue;
    fprintf(stderr, "byte %lld of %lld of item %llu, kind %d, is somebody else's\n", (long long)i,
            (long long)item->size, (unsigned long long)item->seed, item->kind);
    abort();
  }
}

/* --- births --- */

static bool allocate_block(struct worker *worker, struct item *item) {
  uint32_t site = (uint32_t)item->size; /* what the walk compares */
  bool small = item->size <= ZN_REGION_CLASS_BYTES_MAX && below(worker, 16) != 0;
  int result;
  unsigned flags = 0;
  if (small) {
    result = zn_magazine_allocate(worker->magazine, item->size, site, &item->handle);
  } else {
    flags = below(worker, 2) == 0 ? ZN_REGION_ZEROED : 0;
    item->alignment = (int64_t)1 << below(worker, 14);
    result =
        zn_region_open(item->size, item->alignment, flags, worker->thread, site, &item->handle);
  }
  MUST(result == 0 || result == ZN_ELIMIT);
  if (result != 0) return false;
  item->address = zn_region_address(item->handle);
  for (int64_t i = 0; flags != 0 && i < item->size; i += step_at(i, item->size)) {
    MUST(item->address[i] == 0);
  }
  return true;
}

static bool allocate_plain(struct worker *worker, struct item *item) {
  item->size++;
  item->alignment = (int64_t)16 << below(worker, 9);
  void *address;
  int result = zn_region_allocate(item->size, item->alignment, &address);
  MUST(result == 0 || result == ZN_ELIMIT);
  item->address = address;
  return result == 0;
}

static bool map(struct worker *worker, struct item *item) {
  item->size = 1 + below(worker, 100000);
  int file = below(worker, 2) == 0 ? s_file : -1;
  int mode = file >= 0 ? ZN_MAPPING_PRIVATE : ZN_MAPPING_READ_WRITE;
  struct zn_mapping_options options = {.thread = worker->thread, .site = (uint32_t)item->size};
  int result = zn_mapping_open(file, 0, item->size, mode, &options, &item->mapping);
  MUST(result == 0 || result == ZN_ELIMIT);
  if (result != 0) return false;
  item->handle = zn_mapping_record(item->mapping);
  item->address = zn_mapping_address(item->mapping);
  return true;
}

static int kind_of(const struct item *item) {
  return item->kind == MAPPED ? ZN_KIND_MAPPING : ZN_KIND_REGION;
}

/* Sizes of all magnitudes, small ones most often. NULL: the limit does not allow it. */
static struct item *be_born(struct worker *worker) {
  int64_t kind = below(worker, 64);
  int64_t magnitude = below(worker, below(worker, 8) == 0 ? 22 : 12);
  struct item made = {
      .kind = kind == 0  ? MAPPED
              : kind < 4 ? PLAIN
                         : BLOCK,
      .size = below(worker, (int64_t)1 << magnitude),
      .seed = atomic_fetch_add(&s_seed, 1),
  };
  bool is_made = made.kind == MAPPED  ? map(worker, &made)
                 : made.kind == PLAIN ? allocate_plain(worker, &made)
                                      : allocate_block(worker, &made);
  if (!is_made) {
    atomic_fetch_add(&s_refused, 1);
    return NULL;
  }
  atomic_fetch_add(&s_born[kind_of(&made)], 1);
  atomic_fetch_add(&s_born_bytes[kind_of(&made)], made.size);
  fill(&made);
  struct item *item = malloc(sizeof *item);
  MUST(item != NULL);
  *item = made;
  return item;
}

/* --- deaths --- */

static void end_block(struct worker *worker, uint64_t handle, int cause) {
  int result = 0;
  switch (below(worker, 8)) {
    case 0:
      result = zn_region_close(handle, cause);
      break;
    case 1:
      result = zn_region_retire(handle, cause);
      break;
    case 2:
    case 3:
      result = zn_magazine_retire(worker->magazine, handle, cause);
      break;
    default:
      result = zn_magazine_free(worker->magazine, handle, cause);
  }
  MUST(result >= 0);
  /* A second end is seen, whoever has the memory by now. */
  MUST(zn_magazine_free(worker->magazine, handle, cause) == -EALREADY);
}

static void unmap(struct worker *worker, const struct item *item, int cause) {
  if (cause == ZN_CAUSE_LEAKED) {
    zn_mapping_set_cause(item->mapping, cause);
  } else if (below(worker, 2) == 0) {
    MUST(zn_mapping_close(item->mapping) == 0);
    MUST(zn_mapping_close(item->mapping) == ZN_ECLOSED);
  }
  MUST(zn_mapping_release(item->mapping) == 0);
  MUST(zn_ledger_died(item->handle, cause, 0) == -EALREADY);
}

/* Mappings know no ZN_CAUSE_CLEANED, and plain regions only one. */
static int cause_of_death(struct worker *worker, const struct item *item) {
  if (item->kind == PLAIN) return ZN_CAUSE_CLOSED;
  if (item->kind == BLOCK) return (int)below(worker, CAUSES);
  return below(worker, 2) == 0 ? ZN_CAUSE_CLOSED : ZN_CAUSE_LEAKED;
}

static void die(struct worker *worker, struct item *item) {
  verify(item);
  int cause = cause_of_death(worker, item);
  if (item->kind == BLOCK) end_block(worker, item->handle, cause);
  if (item->kind == PLAIN) zn_region_free(item->address, item->size, item->alignment);
  if (item->kind == MAPPED) unmap(worker, item, cause);
  atomic_fetch_add(&s_died[kind_of(item)][cause], 1);
  atomic_fetch_add(&s_died_bytes[kind_of(item)], item->size);
  free(item);
}

/* What comes by is looked at, and goes on or ends. */
static void act(struct worker *worker) {
  struct item *item = below(worker, 2) == 0 ? be_born(worker) : NULL;
  item = atomic_exchange(&s_exchange[below(worker, SLOTS)], item);
  if (item == NULL) return;
  verify(item);
  if (below(worker, 4) == 0) {
    item->seed = atomic_fetch_add(&s_seed, 1);
    fill(item);
    item = atomic_exchange(&s_exchange[below(worker, SLOTS)], item);
  }
  if (item != NULL) die(worker, item);
}

/* --- threads --- */

static void *live(void *argument) {
  struct worker *worker = argument;
  for (int64_t i = below(worker, 20000); i > 0 && !atomic_load(&s_stop); i--) act(worker);
  return NULL;
}

/* One life after the other; what a dead thread had in its magazine is given back by another. */
static void *lives(void *argument) {
  struct worker *worker = argument;
  while (!atomic_load(&s_stop)) {
    MUST(zn_magazine_open(worker->thread, &worker->magazine) == 0);
    pthread_t thread;
    MUST(pthread_create(&thread, NULL, live, worker) == 0);
    MUST(pthread_join(thread, NULL) == 0);
    zn_magazine_close(worker->magazine);
  }
  return NULL;
}

/* Each entry is whole, and what lives all the time is seen once. */
static void walk(void) {
  struct zn_ledger_entry entries[512];
  uint64_t cursor = 0;
  int seen = 0;
  int64_t count;
  while ((count = zn_ledger_next(&cursor, 1U << ZN_STATE_LIVE, entries, 512)) > 0) {
    for (int64_t i = 0; i < count; i++) {
      if (entries[i].thread == STAYING_THREAD) seen++;
      MUST(entries[i].site == (uint32_t)entries[i].size);
      MUST(entries[i].address != 0 || entries[i].kind == ZN_KIND_MAPPING);
    }
  }
  MUST(seen == STAYING);
}

static void set_limit(struct worker *worker) {
  int64_t limit = below(worker, 2) == 0 ? (int64_t)1 << (16 + below(worker, 7)) : ZN_LIMIT_NONE;
  int64_t mapped = below(worker, 4) == 0 ? 1 << 20 : ZN_LIMIT_NONE;
  MUST(zn_limit_set(limit, mapped) == 0);
}

/* What a housekeeper does, and more. */
static void keep_house(struct worker *worker) {
  walk();
  zn_ledger_advance((uint32_t)below(worker, 3));
  if (below(worker, 4) == 0) set_limit(worker);
  if (below(worker, 4) == 0) zn_region_decay();
  if (below(worker, 64) == 0) zn_region_trim();
  int64_t batch;
  bool full;
  if (zn_quarantine_begin(&batch, &full) > 0) {
    bool defer = below(worker, 4) == 0;
    MUST((defer ? zn_quarantine_defer(batch) : zn_quarantine_end(batch)) == 0);
  }
  struct zn_ledger_kind totals;
  MUST(zn_ledger_read_kind(ZN_KIND_REGION, &totals) == 0);
  MUST(totals.born_items - totals.died_items >= STAYING);
}

/* --- the balance --- */

static struct zn_ledger_kind read_kind(int kind) {
  struct zn_ledger_kind totals;
  assert_int_equal(zn_ledger_read_kind(kind, &totals), 0);
  return totals;
}

static void assert_exact(int kind, const struct zn_ledger_kind *start) {
  struct zn_ledger_kind end = read_kind(kind);
  int64_t died = s_died[kind][0] + s_died[kind][1] + s_died[kind][2];
  assert_int_equal(end.born_items - start->born_items, s_born[kind]);
  assert_int_equal(end.born_bytes - start->born_bytes, s_born_bytes[kind]);
  assert_int_equal(end.died_items - start->died_items, died);
  assert_int_equal(end.died_bytes - start->died_bytes, s_died_bytes[kind]);
  assert_int_equal(end.cleaned - start->cleaned, s_died[kind][ZN_CAUSE_CLEANED]);
  assert_int_equal(end.leaked - start->leaked, s_died[kind][ZN_CAUSE_LEAKED]);
  int64_t aged = 0;
  for (int i = 0; i < ZN_LEDGER_AGES; i++) aged += end.ages[i] - start->ages[i];
  assert_int_equal(aged, died);
  assert_int_equal(s_born[kind], died); /* nothing lives */
  assert_true(died > 0);
}

static uint64_t number_of(const char *variable, uint64_t otherwise) {
  const char *value = getenv(variable);
  return value != NULL ? strtoull(value, NULL, 0) : otherwise;
}

static void run(uint64_t seconds, uint64_t seed) {
  struct worker workers[THREADS];
  pthread_t threads[THREADS];
  struct worker keeper = {.random = seed};
  time_t end = time(NULL) + (time_t)seconds;
  assert_int_equal(zn_limit_set(1 << 18, 1 << 18), 0);
  for (int i = 0; i < THREADS; i++) {
    workers[i] = (struct worker){.random = mix(seed + (uint64_t)i), .thread = (uint32_t)i + 1};
    assert_int_equal(pthread_create(&threads[i], NULL, lives, &workers[i]), 0);
  }
  while (time(NULL) < end) keep_house(&keeper);
  atomic_store(&s_stop, true);
  for (int i = 0; i < THREADS; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
  keeper.magazine = magazine_open(STAYING_THREAD);
  for (int i = 0; i < SLOTS; i++) {
    struct item *item = atomic_exchange(&s_exchange[i], NULL);
    if (item != NULL) die(&keeper, item);
  }
  zn_magazine_close(keeper.magazine);
}

static void test_the_ledger_is_exact(void **state) {
  uint64_t seconds = number_of("ZNIO_STRESS_SECONDS", 2);
  uint64_t seed = number_of("ZNIO_STRESS_SEED", (uint64_t)time(NULL) << 20 ^ (uint64_t)clock());
  printf("ZNIO_STRESS_SEED=%llu for %llu s\n", (unsigned long long)seed,
         (unsigned long long)seconds);
  fflush(stdout);
  s_file = file_make(100000, 1);
  uint64_t staying[STAYING];
  struct zn_magazine *magazine = magazine_open(STAYING_THREAD);
  for (int i = 0; i < STAYING; i++) {
    assert_int_equal(zn_magazine_allocate(magazine, 100, 100, &staying[i]), 0);
  }
  struct zn_ledger_kind regions = read_kind(ZN_KIND_REGION);
  struct zn_ledger_kind mappings = read_kind(ZN_KIND_MAPPING);
  run(seconds, seed);
  assert_exact(ZN_KIND_REGION, &regions);
  assert_exact(ZN_KIND_MAPPING, &mappings);
  assert_true(s_refused > 0);
  printf("%lld blocks, %lld mappings, %lld refused\n", (long long)s_born[ZN_KIND_REGION],
         (long long)s_born[ZN_KIND_MAPPING], (long long)s_refused);
  for (int i = 0; i < STAYING; i++) {
    assert_int_equal(zn_magazine_free(magazine, staying[i], ZN_CAUSE_CLOSED), 0);
  }
  zn_magazine_close(magazine);
  assert_int_equal(zn_limit_set(ZN_LIMIT_NONE, ZN_LIMIT_NONE), 0);
  int64_t kept, bytes;
  zn_mapping_kept(&kept, &bytes);
  assert_int_equal(kept, 0);
  close(s_file);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(test_the_ledger_is_exact, blocks_before, blocks_after),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
