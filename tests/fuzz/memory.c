/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Off-heap memory by any calls in any order, with any numbers: sizes, alignments, handles of blocks
 * that live, that are dead, and of none. A model knows what lives and what it holds; a block that
 * is asked for with zeros holds none of what others wrote.
 */
#include <errno.h>
#include <stdbool.h>

#include "fuzz.h"
#include "znio/znio.h"

#define BLOCKS 64
#define EDGE 64                       /* bytes at both ends of a large block that are looked at */
#define WHOLE_MAX ((int64_t)64 << 10) /* smaller ones are looked at whole */
#define SIZE_MAX_TRIED ((int64_t)8 << 20)

struct block {
  uint64_t handle; /* 0: of zn_region_allocate */
  unsigned char *address;
  int64_t size, alignment;
  bool live;
};

struct state {
  struct fuzz_input in;
  struct block blocks[BLOCKS];
  struct zn_magazine *magazine;
  int64_t items, bytes; /* that live */
};

static unsigned char pattern_of(const struct block *block) {
  return (unsigned char)(0xa5 ^ ((uintptr_t)block >> 5));
}

/* Looks at every byte of a small block, and at the ends of a large one. */
static void each_byte(struct block *block, bool write, unsigned char expected) {
  int64_t size = block->size;
  for (int64_t i = 0; i < size; i++) {
    if (size > WHOLE_MAX && i == EDGE) i = size - EDGE;
    if (write) {
      block->address[i] = expected;
    } else {
      FUZZ_EQUAL(block->address[i], expected);
    }
  }
}

static struct block *any(struct state *state) {
  return &state->blocks[fuzz_below(&state->in, BLOCKS)];
}

/* Small ones often, any number sometimes. */
static int64_t any_size(struct state *state) {
  int64_t size = fuzz_number(&state->in);
  return size > SIZE_MAX_TRIED && size <= ZN_REGION_SIZE_MAX ? size % SIZE_MAX_TRIED : size;
}

static void born(struct state *state, struct block *block, bool zeroed) {
  FUZZ_CHECK(block->address != NULL);
  FUZZ_EQUAL((uintptr_t)block->address % (uintptr_t)block->alignment, 0);
  block->live = true;
  state->items++;
  state->bytes += block->size;
  if (zeroed) each_byte(block, false, 0);
  each_byte(block, true, pattern_of(block));
}

static void died(struct state *state, struct block *block) {
  block->live = false;
  state->items--;
  state->bytes -= block->size;
}

static void open_block(struct state *state) {
  struct block *block = any(state);
  int64_t size = any_size(state);
  int64_t alignment = fuzz_number(&state->in);
  unsigned flags = (unsigned)fuzz_below(&state->in, 5);
  uint64_t handle;
  if (block->live) return;
  int result = zn_region_open(size, alignment, flags, 1, 0, &handle);
  bool shaped = size >= 0 && size <= ZN_REGION_SIZE_MAX && alignment >= 0 &&
                alignment <= ZN_REGION_ALIGNMENT_MAX && (alignment & (alignment - 1)) == 0 &&
                flags < 4;
  if (!shaped) FUZZ_EQUAL(result, -EINVAL);
  if (result < 0) {
    FUZZ_EQUAL(handle, 0);
    if (shaped) FUZZ_CHECK(result == -ENOMEM || result == ZN_ELIMIT);
    return;
  }
  FUZZ_CHECK(shaped);
  *block = (struct block){.handle = handle,
                          .address = zn_region_address(handle),
                          .size = size,
                          .alignment = alignment == 0 ? 16 : alignment};
  born(state, block, (flags & ZN_REGION_ZEROED) != 0);
}

static void allocate_plain(struct state *state) {
  struct block *block = any(state);
  int64_t size = any_size(state);
  int64_t alignment = fuzz_number(&state->in);
  void *address;
  if (block->live) return;
  if (zn_region_allocate(size, alignment, &address) < 0) {
    FUZZ_CHECK(address == NULL);
    return;
  }
  FUZZ_CHECK(size > 0);
  *block = (struct block){
      .address = address, .size = size, .alignment = alignment == 0 ? 16 : alignment};
  born(state, block, false);
}

static void allocate_small(struct state *state) {
  struct block *block = any(state);
  int64_t size = fuzz_number(&state->in);
  uint64_t handle;
  if (block->live) return;
  int result = zn_magazine_allocate(state->magazine, size, 0, &handle);
  if (size < 0 || size > ZN_REGION_CLASS_BYTES_MAX) FUZZ_EQUAL(result, -EINVAL);
  if (result < 0) return;
  int64_t room = zn_region_class_bytes(zn_region_class(size));
  FUZZ_CHECK(room >= size);
  int64_t alignment = room & -room;
  *block = (struct block){.handle = handle,
                          .address = zn_region_address(handle),
                          .size = size,
                          .alignment = alignment < 4096 ? alignment : 4096};
  born(state, block, false);
}

/* Ends a block in one of the ways there are; once only. */
static int end_by(struct state *state, uint64_t handle, int way, int cause) {
  switch (way) {
    case 0:
      return zn_region_close(handle, cause);
    case 1:
      return zn_region_retire(handle, cause);
    case 2:
      return zn_magazine_free(state->magazine, handle, cause);
    default:
      return zn_magazine_retire(state->magazine, handle, cause);
  }
}

static void end_block(struct state *state) {
  struct block *block = any(state);
  int way = fuzz_below(&state->in, 4);
  int cause = fuzz_below(&state->in, 4);
  if (block->address == NULL) return;
  if (block->live) each_byte(block, false, pattern_of(block));
  if (block->handle == 0) {
    if (block->live) {
      zn_region_free(block->address, block->size, block->alignment);
      died(state, block);
    }
    return;
  }
  int result = end_by(state, block->handle, way, cause);
  if (cause > ZN_CAUSE_LEAKED) {
    FUZZ_EQUAL(result, -EINVAL);
  } else if (block->live) {
    FUZZ_CHECK(result >= 0 && result <= 2);
    died(state, block);
  } else {
    FUZZ_EQUAL(result, -EALREADY);
  }
  if (!block->live) FUZZ_CHECK(zn_region_address(block->handle) == NULL);
}

static bool is_live(const struct state *state, uint64_t handle) {
  for (int i = 0; i < BLOCKS; i++) {
    if (state->blocks[i].live && state->blocks[i].handle == handle) return true;
  }
  return false;
}

/* A handle that nobody gave out, often near one that somebody did. */
static void forge(struct state *state) {
  uint64_t handle = any(state)->handle ^ (uint64_t)fuzz_number(&state->in);
  if (is_live(state, handle)) return;
  FUZZ_CHECK(zn_region_address(handle) == NULL);
  int result = end_by(state, handle, fuzz_below(&state->in, 4), ZN_CAUSE_CLOSED);
  FUZZ_CHECK(result == -EINVAL || result == -EALREADY);
}

/* Lists of records that are no free blocks are refused whole. */
static void hand_over(struct state *state) {
  uint64_t records[4];
  int region_class = (int)fuzz_number(&state->in);
  int count = fuzz_below(&state->in, 5);
  for (int i = 0; i < count; i++) {
    const struct block *block = any(state);
    records[i] = (block->live ? block->handle & (((uint64_t)1 << 48) - 1) : 0) ^
                 (uint64_t)fuzz_number(&state->in);
  }
  int flushed = count == 0 ? -EINVAL : zn_quarantine_add(count, records);
  FUZZ_EQUAL(flushed, -EINVAL);
  if (count == 0 || region_class < 0 || region_class >= ZN_REGION_CLASSES) {
    count = count == 0 ? -1 : count;
    FUZZ_EQUAL(zn_region_flush(region_class, count, records), -EINVAL);
  }
  (void)zn_region_class_bytes(region_class);
}

static void refill(struct state *state) {
  uint64_t records[64];
  int region_class = (int)fuzz_number(&state->in);
  int count = (int)fuzz_number(&state->in);
  if (count > 64) count %= 64;
  int got = zn_region_refill(region_class, count, records);
  if (got < 0) return;
  FUZZ_CHECK(got >= 1 && got <= count);
  FUZZ_EQUAL(zn_region_flush(region_class, got, records), 0);
}

static void quarantine(struct state *state) {
  int64_t batch;
  bool full;
  int64_t items = fuzz_number(&state->in);
  int64_t bytes = fuzz_number(&state->in);
  int result = zn_quarantine_set_caps(items, bytes);
  FUZZ_EQUAL(result, items > 0 && bytes > 0 ? 0 : -EINVAL);
  (void)!zn_magazine_publish(state->magazine);
  int64_t count = zn_quarantine_begin(&batch, &full);
  FUZZ_CHECK(count >= 0);
  FUZZ_EQUAL(zn_quarantine_end(items == batch ? -1 : items), -EINVAL);
  if (count == 0) return;
  bool ends = fuzz_below(&state->in, 2) == 0;
  FUZZ_EQUAL(ends ? zn_quarantine_end(batch) : zn_quarantine_defer(batch), 0);
}

static void limit(struct state *state) {
  int64_t memory = fuzz_number(&state->in);
  int64_t mapped = fuzz_number(&state->in);
  (void)!zn_limit_set(memory, mapped);
  struct zn_limit_state read;
  zn_limit_read(&read);
  FUZZ_EQUAL(read.memory_live, state->bytes);
  FUZZ_CHECK(read.memory_taken >= state->bytes);
}

static void housekeeping(struct state *state) {
  int region_class = (int)fuzz_number(&state->in);
  zn_ledger_advance((uint32_t)fuzz_number(&state->in));
  (void)!zn_magazine_refill(state->magazine, region_class);
  (void)!zn_magazine_flush(state->magazine, region_class);
  zn_magazine_trim(state->magazine, fuzz_number(&state->in));
  switch (fuzz_below(&state->in, 4)) {
    case 0:
      zn_region_trim();
      break;
    case 1:
      zn_region_decay();
      break;
    default:
      zn_region_thread_flush();
  }
}

/* Of any bytes as a place of birth, and of any number as one. */
static void site(struct state *state) {
  char read[32];
  char *text = fuzz_text(&state->in, (size_t)fuzz_byte(&state->in));
  int64_t length = (int64_t)strlen(text);
  static int made; /* there may be 65,535, and they stay */
  int number = made++ < 10000 ? zn_site_intern(text, length) : -ENOSPC;
  if (number > 0) {
    FUZZ_EQUAL(zn_site_text((uint32_t)number, read, sizeof read), length);
    FUZZ_CHECK(memcmp(read, text, (size_t)(length < 32 ? length : 32)) == 0);
  }
  (void)!zn_site_text((uint32_t)fuzz_number(&state->in), read, sizeof read);
  FUZZ_EQUAL(zn_site_intern(text, -1), -EINVAL);
  free(text);
}

static void finish(struct state *state) {
  int64_t batch;
  bool full;
  (void)!zn_limit_set(ZN_LIMIT_NONE, ZN_LIMIT_NONE);
  (void)!zn_quarantine_set_caps(ZN_QUARANTINE_ITEMS_MAX, ZN_QUARANTINE_BYTES_MAX);
  for (int i = 0; i < BLOCKS; i++) {
    struct block *block = &state->blocks[i];
    if (!block->live) continue;
    each_byte(block, false, pattern_of(block));
    if (block->handle == 0) {
      zn_region_free(block->address, block->size, block->alignment);
    } else {
      FUZZ_EQUAL(zn_region_close(block->handle, ZN_CAUSE_CLOSED), 0);
    }
    died(state, block);
  }
  zn_magazine_close(state->magazine);
  if (zn_quarantine_begin(&batch, &full) > 0) FUZZ_EQUAL(zn_quarantine_end(batch), 0);
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  FUZZ_EQUAL(state->items, 0);
  FUZZ_EQUAL(totals.regions, 0);
  FUZZ_EQUAL(totals.region_bytes, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const steps[])(struct state *) = {
      open_block, allocate_plain, allocate_small, end_block,    end_block, forge,
      hand_over,  refill,         quarantine,     housekeeping, limit,     site};
  static struct state state;
  state = (struct state){.in = {data, data + size}};
  FUZZ_EQUAL(zn_magazine_open(1, &state.magazine), 0);
  for (int i = 0; i < 400 && fuzz_left(&state.in) > 0; i++) {
    steps[fuzz_below(&state.in, (int)(sizeof steps / sizeof steps[0]))](&state);
  }
  finish(&state);
  return 0;
}
