/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "mapping_open.h"
#include "mapping_span.h"
#include "overlay.h"
#include "sys.h"
#include "znio/ledger.h"
#include "znio/region.h"

/* Sorted on the stack at a time. */
#define ZN_RELEASE_ITEMS 1024

static _Atomic int64_t s_kept_mappings;
static _Atomic int64_t s_kept_bytes;

static int64_t damaged_pages(const struct zn_mapping *mapping) {
  return atomic_load(&mapping->range->damaged_pages);
}

/* Asked before and after an operation: the last answer counts. */
static int state_of(struct zn_mapping *mapping) {
  if (atomic_load(&mapping->closing)) return ZN_ECLOSED;
  return damaged_pages(mapping) != 0 ? ZN_EDAMAGED : 0;
}

static bool is_within(const struct zn_mapping *mapping, int64_t offset, int64_t size) {
  return offset >= 0 && size >= 0 && offset <= mapping->size && size <= mapping->size - offset;
}

/* returns: 0 with the pages of the range; -EINVAL; ZN_ECLOSED; ZN_EDAMAGED. size > 0. */
static int begin(struct zn_mapping *mapping, int64_t offset, int64_t size,
                 struct zn_page_span *span) {
  if (!is_within(mapping, offset, size)) return -EINVAL;
  int result = state_of(mapping);
  if (result < 0) return result;
  return zn_page_span_of(mapping->address + offset, size, span) ? 0 : -EINVAL;
}

/* An error that a close or a lost page in between explains is that one. */
static int64_t end(struct zn_mapping *mapping, int64_t result) {
  int state = state_of(mapping);
  return state < 0 ? state : result;
}

void *zn_mapping_address(const struct zn_mapping *mapping) { return mapping->address; }

/* After the overlay is in place: a handler that began before may still put a page over it. */
static int close_after_overlay(struct zn_mapping *mapping, int64_t damaged_before) {
  atomic_store(&mapping->range->state, ZN_GUARD_CLOSED);
  (void)zn_guard_range_settle(mapping->range);
  if (damaged_pages(mapping) != damaged_before) {
    /* Its zeros would be silent. If it fails, they stay, and the damage is reported all the same.
     */
    (void)!zn_overlay_put(mapping->base, mapping->bytes);
  }
  mapping->overlaid = true;
  (void)!zn_ledger_died(mapping->record, ZN_CAUSE_CLOSED, 1);
  atomic_fetch_add(&s_kept_mappings, 1);
  atomic_fetch_add(&s_kept_bytes, mapping->bytes);
  return damaged_pages(mapping) != 0 ? ZN_EDAMAGED : 0;
}

int zn_mapping_close(struct zn_mapping *mapping) {
  if (atomic_exchange(&mapping->closing, true)) return ZN_ECLOSED;
  int64_t damaged_before = damaged_pages(mapping);
  int result = zn_overlay_put(mapping->base, mapping->bytes);
  if (result < 0) {
    atomic_store(&mapping->closing, false);
    return result;
  }
  return close_after_overlay(mapping, damaged_before);
}

uint64_t zn_mapping_record(const struct zn_mapping *mapping) { return mapping->record; }

void zn_mapping_set_cause(struct zn_mapping *mapping, int cause) { mapping->cause = cause; }

/* A mapping whose range is hidden, and where its result goes. */
struct leaving {
  struct zn_mapping *mapping;
  int *result;
};

/* What is left to do after munmap's result. */
static int finish_release(struct zn_mapping *mapping, int result) {
  struct zn_guard_range *range = mapping->range;
  if (result < 0) {
    zn_guard_range_show(range, mapping->overlaid ? ZN_GUARD_CLOSED : ZN_GUARD_OPEN);
    return result;
  }
  if (mapping->overlaid) {
    atomic_fetch_sub(&s_kept_mappings, 1);
    atomic_fetch_sub(&s_kept_bytes, mapping->bytes);
    (void)!zn_ledger_forget(mapping->record);
  } else {
    (void)!zn_ledger_died(mapping->record, mapping->cause, 0);
    if (damaged_pages(mapping) != 0) result = ZN_EDAMAGED;
  }
  zn_guard_range_give(range);
  zn_mapping_free(mapping);
  return result;
}

static int unmap(const struct zn_mapping *mapping) {
  return zn_sys_munmap(mapping->base, (size_t)mapping->bytes);
}

/* Neighbours, in one call. If the kernel has no room for that, each alone. */
static void unmap_run(const struct leaving run[], int32_t count) {
  const struct zn_mapping *last = run[count - 1].mapping;
  char *base = run[0].mapping->base;
  int result = zn_sys_munmap(base, (size_t)(last->base + last->bytes - base));
  for (int32_t i = 0; i < count; i++) {
    bool alone = result < 0 && count > 1;
    *run[i].result = finish_release(run[i].mapping, alone ? unmap(run[i].mapping) : result);
  }
}

static bool are_neighbours(const struct leaving pair[2]) {
  return pair[0].mapping->base + pair[0].mapping->bytes == pair[1].mapping->base;
}

static int compare_base(const void *left, const void *right) {
  const char *l = ((const struct leaving *)left)->mapping->base;
  const char *r = ((const struct leaving *)right)->mapping->base;
  return (l > r) - (l < r);
}

static void release_some(struct zn_mapping *const mappings[], int results[], int32_t count) {
  struct leaving leaving[ZN_RELEASE_ITEMS];
  int32_t items = 0;
  for (int32_t i = 0; i < count; i++) {
    results[i] = mappings[i] == NULL ? 0 : zn_guard_range_hide(mappings[i]->range);
    if (mappings[i] != NULL && results[i] == 0) {
      leaving[items++] = (struct leaving){.mapping = mappings[i], .result = &results[i]};
    }
  }
  qsort(leaving, (size_t)items, sizeof *leaving, compare_base);
  for (int32_t first = 0, next; first < items; first = next) {
    for (next = first + 1; next < items && are_neighbours(&leaving[next - 1]);) next++;
    unmap_run(&leaving[first], next - first);
  }
}

void zn_mapping_release_all(struct zn_mapping *const mappings[], int results[], int32_t count) {
  for (int32_t done = 0; done < count; done += ZN_RELEASE_ITEMS) {
    int32_t items = count - done < ZN_RELEASE_ITEMS ? count - done : ZN_RELEASE_ITEMS;
    release_some(mappings + done, results + done, items);
  }
}

int zn_mapping_release(struct zn_mapping *mapping) {
  int result;
  zn_mapping_release_all(&mapping, &result, 1);
  return result;
}

int zn_mapping_force_range(struct zn_mapping *mapping, int64_t offset, int64_t size) {
  if (size == 0 && is_within(mapping, offset, 0)) return state_of(mapping);
  struct zn_page_span span;
  int result = begin(mapping, offset, size, &span);
  if (result < 0) return result;
  return (int)end(mapping, zn_sys_msync(span.base, span.bytes));
}

static int advise(struct zn_mapping *mapping, int64_t offset, int64_t size, int advice) {
  if (size == 0 && is_within(mapping, offset, 0)) return state_of(mapping);
  struct zn_page_span span;
  int result = begin(mapping, offset, size, &span);
  if (result < 0) return result;
  result = zn_sys_madvise(span.base, span.bytes, advice);
  if (result == -EINVAL && advice == MADV_DONTNEED) result = -EBUSY; /* madvise(2): locked pages */
  return (int)end(mapping, result == -EINVAL ? ZN_EKERNEL : result);
}

int zn_mapping_load(struct zn_mapping *mapping, int64_t offset, int64_t size) {
  return advise(mapping, offset, size, MADV_POPULATE_READ);
}

int zn_mapping_advise(struct zn_mapping *mapping, int64_t offset, int64_t size, int advice) {
  int number = zn_mapping_madvice(advice);
  if (number < 0) return -EINVAL;
  bool drops = advice == ZN_ADVICE_DONT_NEED;
  if (drops && (mapping->anonymous || mapping->mode == ZN_MAPPING_PRIVATE)) return -EINVAL;
  return advise(mapping, offset, size, number);
}

int64_t zn_mapping_pages(const struct zn_mapping *mapping, int64_t offset, int64_t size) {
  if (!is_within(mapping, offset, size)) return -EINVAL;
  struct zn_page_span span;
  if (!zn_page_span_of(mapping->address + offset, size, &span)) return 0;
  return (int64_t)span.bytes / zn_sys_page_bytes();
}

int64_t zn_mapping_residency(struct zn_mapping *mapping, int64_t offset, int64_t size,
                             uint64_t *bits, int64_t words) {
  int64_t pages = zn_mapping_pages(mapping, offset, size);
  if (pages < 0) return pages;
  if (bits != NULL) {
    if (words < (pages + 63) / 64) return -EINVAL;
    memset(bits, 0, (size_t)words * sizeof *bits);
  }
  if (pages == 0) return state_of(mapping);
  struct zn_page_span span;
  int result = begin(mapping, offset, size, &span);
  if (result < 0) return result;
  return end(mapping, zn_mapping_count_resident(&span, bits));
}

void zn_mapping_describe(struct zn_mapping *mapping, struct zn_mapping_status *status) {
  struct zn_guard_range *range = mapping->range;
  *status = (struct zn_mapping_status){.size = mapping->size,
                                       .file_offset = mapping->file_offset,
                                       .device = range->device,
                                       .inode = range->inode,
                                       .damaged_offset = atomic_load(&range->damaged_offset),
                                       .damaged_pages = atomic_load(&range->damaged_pages),
                                       .stale_pages = atomic_load(&range->stale_pages),
                                       .mode = mapping->mode,
                                       .closed = atomic_load(&mapping->closing)};
}

void zn_mapping_kept(int64_t *mappings, int64_t *bytes) {
  *mappings = atomic_load(&s_kept_mappings);
  *bytes = atomic_load(&s_kept_bytes);
}
