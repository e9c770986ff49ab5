/* SPDX-License-Identifier: Apache-2.0 */
#include "mapping_open.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/mman.h>

#include "heap.h"
#include "ledger_count.h"
#include "mapping_span.h"
#include "overlay.h"
#include "sys.h"
#include "znio/guard.h"
#include "znio/ledger.h"
#include "znio/region.h"

#define ZN_MAPPING_FLAGS                                                                           \
  (ZN_MAPPING_EXTEND | ZN_MAPPING_PREALLOCATE | ZN_MAPPING_POPULATE | ZN_MAPPING_POPULATE_WRITE |  \
   ZN_MAPPING_LOCK | ZN_MAPPING_LOCK_ON_FAULT | ZN_MAPPING_HUGE | ZN_MAPPING_SYNC)

/* A mapping being made. */
struct zn_mapping_plan {
  int fd;
  int mode;
  int64_t offset;
  int64_t size;
  uint32_t flags;
  int advice;
  int64_t page_bytes; /* of the file's pages */
  int64_t inside;     /* of the first byte in its page */
  struct stat status; /* of the file */
  char *base;
  int64_t bytes;
};

int zn_mapping_madvice(int advice) {
  static const int numbers[] = {
      [ZN_ADVICE_NORMAL] = MADV_NORMAL,
      [ZN_ADVICE_SEQUENTIAL] = MADV_SEQUENTIAL,
      [ZN_ADVICE_RANDOM] = MADV_RANDOM,
      [ZN_ADVICE_WILL_NEED] = MADV_WILLNEED,
      [ZN_ADVICE_DONT_NEED] = MADV_DONTNEED,
      [ZN_ADVICE_HUGE_PAGES] = MADV_HUGEPAGE,
      [ZN_ADVICE_NO_HUGE_PAGES] = MADV_NOHUGEPAGE,
      [ZN_ADVICE_COLD] = MADV_COLD,
      [ZN_ADVICE_PAGE_OUT] = MADV_PAGEOUT,
  };
  if (advice < 0 || advice >= (int)(sizeof numbers / sizeof *numbers)) return -1;
  return numbers[advice];
}

void zn_mapping_free(struct zn_mapping *mapping) {
  zn_heap_free(mapping, sizeof *mapping, _Alignof(struct zn_mapping));
}

static int check(const struct zn_mapping_plan *plan) {
  uint32_t flags = plan->flags;
  int result = zn_mapping_check(plan->fd, plan->offset, plan->size, plan->mode);
  if (result < 0) return result;
  if ((flags & ~(uint32_t)ZN_MAPPING_FLAGS) != 0) return -EINVAL;
  if (zn_mapping_madvice(plan->advice) < 0) return -EINVAL;
  if (plan->mode == ZN_MAPPING_READ_ONLY && (flags & ZN_MAPPING_POPULATE_WRITE) != 0)
    return -EINVAL;
  if (plan->fd < 0 && (flags & (ZN_MAPPING_EXTEND | ZN_MAPPING_PREALLOCATE)) != 0) return -EINVAL;
  bool shared = plan->fd >= 0 && plan->mode != ZN_MAPPING_PRIVATE;
  if (!shared && (flags & ZN_MAPPING_SYNC) != 0) return -EINVAL;
  /* Both would drop the pages that the other flags have just brought in, or what is not in a file.
   */
  return plan->advice == ZN_ADVICE_DONT_NEED || plan->advice == ZN_ADVICE_PAGE_OUT ? -EINVAL : 0;
}

/* What kind of file it is. */
static int look(struct zn_mapping_plan *plan) {
  plan->page_bytes = zn_sys_page_bytes();
  memset(&plan->status, 0, sizeof plan->status);
  if (plan->fd >= 0) {
    int result = zn_sys_fstat(plan->fd, &plan->status);
    if (result < 0) return result;
    if (plan->status.st_blksize > plan->page_bytes) {
      int64_t type = 0;
      int64_t block_bytes = zn_sys_block_bytes(plan->fd, &type);
      if (block_bytes > plan->page_bytes && type == HUGETLBFS_MAGIC) plan->page_bytes = block_bytes;
    }
  }
  plan->inside = plan->offset % plan->page_bytes;
  if (plan->size > INT64_MAX - plan->inside - plan->page_bytes) return -EOVERFLOW;
  int64_t pages = (plan->inside + plan->size + plan->page_bytes - 1) / plan->page_bytes;
  plan->bytes = pages * plan->page_bytes;
  return 0;
}

/* What mmap would refuse later, before the file is changed. */
static int check_access(const struct zn_mapping_plan *plan) {
  int flags = zn_sys_status_flags(plan->fd);
  if (flags < 0) return flags;
  return (flags & O_ACCMODE) == O_RDWR ? 0 : -EACCES;
}

static int preallocate(const struct zn_mapping_plan *plan) {
  /* First the blocks, then the length: without room the file is as long as before. */
  int result = zn_sys_fallocate(plan->fd, FALLOC_FL_KEEP_SIZE, plan->offset, plan->size);
  if (result == 0) result = zn_sys_fallocate(plan->fd, 0, plan->offset, plan->size);
  return result == -EOPNOTSUPP || result == -ENOSYS ? ZN_EFILESYSTEM : result;
}

static int make_long(const struct zn_mapping_plan *plan) {
  if ((plan->flags & ZN_MAPPING_PREALLOCATE) != 0) {
    int result = check_access(plan);
    return result < 0 ? result : preallocate(plan);
  }
  if ((plan->flags & ZN_MAPPING_EXTEND) == 0 || !S_ISREG(plan->status.st_mode)) return 0;
  if (plan->status.st_size >= plan->offset + plan->size) return 0;
  int result = check_access(plan);
  return result < 0 ? result : zn_sys_truncate(plan->fd, plan->offset + plan->size);
}

/* What one entry of the second lowest page table maps. */
static int64_t huge_bytes(const struct zn_mapping_plan *plan) {
  return plan->page_bytes * (plan->page_bytes / (int64_t)sizeof(void *));
}

static int map_flags(const struct zn_mapping_plan *plan) {
  /* The older MAP_SHARED takes flags that it does not know without a word. */
  if ((plan->flags & ZN_MAPPING_SYNC) != 0) return MAP_SHARED_VALIDATE | MAP_SYNC;
  return zn_mapping_map_flags(plan->fd, plan->mode);
}

static int map_at(const struct zn_mapping_plan *plan, char *base, int extra_flags) {
  return zn_sys_mmap_fixed(base, plan->fd, plan->offset - plan->inside, (size_t)plan->bytes,
                           zn_mapping_protection(plan->mode), map_flags(plan) | extra_flags);
}

/* Where address and file offset agree in what is left of a huge page. */
static int map_aligned(struct zn_mapping_plan *plan) {
  int64_t huge = huge_bytes(plan);
  if (plan->bytes > INT64_MAX - huge) return -EOVERFLOW;
  void *reserved;
  int result = zn_sys_mmap(-1, 0, (size_t)(plan->bytes + huge), PROT_NONE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, &reserved);
  if (result < 0) return result;
  char *start = reserved;
  int64_t wanted = (plan->offset - plan->inside) % huge;
  int64_t before = (wanted - (int64_t)((uintptr_t)start % (uintptr_t)huge) + huge) % huge;
  result = map_at(plan, start + before, 0);
  if (result < 0) {
    (void)zn_sys_munmap(start, (size_t)(plan->bytes + huge));
    return result;
  }
  int64_t after = huge - before;
  if (before > 0) (void)zn_sys_munmap(start, (size_t)before);
  if (after > 0) (void)zn_sys_munmap(start + before + plan->bytes, (size_t)after);
  plan->base = start + before;
  return 0;
}

static int map(struct zn_mapping_plan *plan) {
  if ((plan->flags & ZN_MAPPING_HUGE) != 0 && plan->page_bytes == zn_sys_page_bytes()) {
    return map_aligned(plan);
  }
  void *base;
  int result = zn_sys_mmap(plan->fd, plan->offset - plan->inside, (size_t)plan->bytes,
                           zn_mapping_protection(plan->mode), map_flags(plan), &base);
  plan->base = base;
  return result;
}

static int advise(const struct zn_mapping_plan *plan, int advice) {
  int result = zn_sys_madvise(plan->base, (size_t)plan->bytes, advice);
  return result == -EINVAL ? ZN_EKERNEL : result;
}

static int populate(const struct zn_mapping_plan *plan) {
  if ((plan->flags & ZN_MAPPING_POPULATE_WRITE) != 0) return advise(plan, MADV_POPULATE_WRITE);
  if ((plan->flags & ZN_MAPPING_POPULATE) == 0) return 0;
  int result = advise(plan, MADV_POPULATE_READ);
  /* Before 5.14: nobody knows of the mapping yet, so it can be made once more. Tells of no failure.
   */
  return result == ZN_EKERNEL ? map_at(plan, plan->base, MAP_POPULATE) : result;
}

static int lock(const struct zn_mapping_plan *plan) {
  bool on_fault = (plan->flags & ZN_MAPPING_LOCK_ON_FAULT) != 0;
  if (!on_fault && (plan->flags & ZN_MAPPING_LOCK) == 0) return 0;
  int result = zn_sys_mlock(plan->base, (size_t)plan->bytes, on_fault);
  if (result == -ENOSYS) return ZN_EKERNEL;
  if (result == -EPERM) return ZN_EMEMLOCK;
  if (result == -EAGAIN) return -ENOMEM; /* mlock(2): no memory for some pages */
  if (result != -ENOMEM) return result;
  /* mlock(2): over the limit, or a page cannot be had. */
  struct stat status;
  bool lost = plan->fd >= 0 && zn_sys_fstat(plan->fd, &status) == 0 && S_ISREG(status.st_mode) &&
              status.st_size < plan->offset + plan->size;
  return lost ? ZN_ETRUNCATED : ZN_EMEMLOCK;
}

static int prepare(const struct zn_mapping_plan *plan) {
  int result = 0;
  if ((plan->flags & ZN_MAPPING_HUGE) != 0 && plan->page_bytes == zn_sys_page_bytes()) {
    result = advise(plan, MADV_HUGEPAGE);
  }
  if (result == 0 && plan->advice != ZN_ADVICE_NORMAL) {
    result = advise(plan, zn_mapping_madvice(plan->advice));
  }
  if (result == 0) result = populate(plan);
  return result == 0 ? lock(plan) : result;
}

/* Writes down what has been mapped: from here on it cannot fail. */
static void fill(const struct zn_mapping_plan *plan, struct zn_mapping *mapping) {
  struct zn_guard_span span = {.base = plan->base,
                               .bytes = plan->bytes,
                               .page_bytes = plan->page_bytes,
                               .device = plan->status.st_dev,
                               .inode = plan->status.st_ino,
                               .file_offset = plan->offset - plan->inside,
                               .writable = plan->mode != ZN_MAPPING_READ_ONLY};
  mapping->address = plan->base + plan->inside;
  (void)!zn_ledger_set_address(mapping->record, (uint64_t)(uintptr_t)mapping->address);
  mapping->size = plan->size;
  mapping->base = plan->base;
  mapping->bytes = plan->bytes;
  mapping->file_offset = plan->offset;
  mapping->mode = plan->mode;
  mapping->anonymous = plan->fd < 0;
  mapping->overlaid = false;
  mapping->cause = ZN_CAUSE_CLOSED;
  atomic_init(&mapping->closing, false);
  zn_guard_range_open(mapping->range, &span);
}

static int make(struct zn_mapping_plan *plan, struct zn_mapping *mapping) {
  int result = look(plan);
  if (result == 0) result = make_long(plan);
  if (result == 0) result = map(plan);
  if (result < 0) return result;
  result = prepare(plan);
  if (result < 0) {
    (void)zn_sys_munmap(plan->base, (size_t)plan->bytes);
    return result;
  }
  fill(plan, mapping);
  return 0;
}

/* With its place in the table and in the ledger, before anything is mapped. */
static int make_counted(struct zn_mapping_plan *plan, const struct zn_birth *birth,
                        struct zn_mapping *mapping) {
  mapping->range = zn_guard_range_take();
  if (mapping->range == NULL) return -ENOMEM;
  int result = zn_ledger_open(birth, &mapping->record);
  if (result == 0) {
    result = make(plan, mapping);
    if (result < 0) zn_ledger_cancel(mapping->record);
  }
  if (result < 0) zn_guard_range_give(mapping->range);
  return result;
}

int zn_mapping_open(int fd, int64_t offset, int64_t size, int mode,
                    const struct zn_mapping_options *options, struct zn_mapping **out) {
  *out = NULL;
  struct zn_mapping_plan plan = {.fd = fd, .mode = mode, .offset = offset, .size = size};
  struct zn_birth birth = {.kind = ZN_KIND_MAPPING, .size = size};
  if (options != NULL) {
    plan.flags = options->flags;
    plan.advice = options->advice;
    birth.thread = options->thread;
    birth.site = options->site;
  }
  int result = check(&plan);
  if (result < 0) return result;
  if (size > ZN_REGION_SIZE_MAX) return -ENOMEM; /* what a record can say, and an address space */
  result = zn_guard_install();
  if (result < 0 && result != ZN_EUNGUARDED) return result;
  result = zn_overlay_ready();
  if (result < 0) return result;
  struct zn_mapping *mapping = zn_heap_allocate(sizeof *mapping, _Alignof(struct zn_mapping));
  if (mapping == NULL) return -ENOMEM;
  result = make_counted(&plan, &birth, mapping);
  if (result < 0) {
    zn_mapping_free(mapping);
    return result;
  }
  *out = mapping;
  return 0;
}
