/* SPDX-License-Identifier: Apache-2.0 */
/* The layout, for generated code: the one place from which others have it. */
#include <stddef.h>

#include "magazine.h"
#include "record.h"
#include "shared.h"

/* Changes when the meaning of a constant, or a step of zn_magazine_allocate or _free, changes. */
#define ZN_LAYOUT 1

int zn_region_constants(int64_t *values, int count) {
  const int64_t all[ZN_REGION_CONSTANTS] = {
      [ZN_REGION_LAYOUT] = ZN_LAYOUT,
      [ZN_REGION_CLASSES_COUNT] = ZN_REGION_CLASSES,
      [ZN_REGION_CLASS_SIZE_MAX] = ZN_REGION_CLASS_BYTES_MAX,
      [ZN_REGION_SIZE_LIMIT] = ZN_REGION_SIZE_MAX,
      [ZN_REGION_HANDLE_RECORD_BITS] = ZN_HANDLE_RECORD_BITS,
      [ZN_REGION_RECORD_BYTES] = sizeof(struct zn_record),
      [ZN_REGION_RECORD_ADDRESS] = offsetof(struct zn_record, address),
      [ZN_REGION_RECORD_WORD] = offsetof(struct zn_record, word),
      [ZN_REGION_RECORD_BIRTH] = offsetof(struct zn_record, birth),
      [ZN_REGION_RECORD_SITE] = offsetof(struct zn_record, site),
      [ZN_REGION_RECORD_TRAITS] = offsetof(struct zn_record, traits),
      [ZN_REGION_WORD_STATE_MASK] = ZN_WORD_STATE_MASK,
      [ZN_REGION_WORD_GENERATION_SHIFT] = ZN_WORD_GENERATION_SHIFT,
      [ZN_REGION_WORD_GENERATION_MASK] = ZN_WORD_GENERATION_MASK,
      [ZN_REGION_WORD_SIZE_SHIFT] = ZN_WORD_SIZE_SHIFT,
      [ZN_REGION_BIRTH_THREAD_SHIFT] = 32,
      [ZN_REGION_TICK_ADDRESS] = (int64_t)(uintptr_t)&zn_shared.tick,
      [ZN_REGION_STRICT_ADDRESS] = (int64_t)(uintptr_t)&zn_shared.strict,
      [ZN_REGION_MAGAZINE_BYTES_MAX] = ZN_MAGAZINE_BYTES_MAX,
      [ZN_REGION_MAGAZINE_THREAD] = offsetof(struct zn_magazine, thread),
      [ZN_REGION_MAGAZINE_CACHED] = offsetof(struct zn_magazine, cached),
      [ZN_REGION_MAGAZINE_BORN_ITEMS] = offsetof(struct zn_magazine, tally.born_items),
      [ZN_REGION_MAGAZINE_BORN_BYTES] = offsetof(struct zn_magazine, tally.born_bytes),
      [ZN_REGION_MAGAZINE_DIED_BYTES] = offsetof(struct zn_magazine, tally.died_bytes),
      [ZN_REGION_MAGAZINE_CLEANED] = offsetof(struct zn_magazine, tally.cleaned),
      [ZN_REGION_MAGAZINE_LEAKED] = offsetof(struct zn_magazine, tally.leaked),
      [ZN_REGION_MAGAZINE_AGES] = offsetof(struct zn_magazine, tally.ages),
      [ZN_REGION_MAGAZINE_AGE_COUNT] = ZN_LEDGER_AGES,
      [ZN_REGION_MAGAZINE_STACKS] = offsetof(struct zn_magazine, stacks),
      [ZN_REGION_STACK_BYTES] = sizeof(struct zn_magazine_stack),
      [ZN_REGION_STACK_COUNT] = offsetof(struct zn_magazine_stack, count),
      [ZN_REGION_STACK_CAPACITY] = offsetof(struct zn_magazine_stack, capacity),
      [ZN_REGION_STACK_SLOTS] = offsetof(struct zn_magazine_stack, slots),
      [ZN_REGION_STACK_CLASS_BYTES] = offsetof(struct zn_magazine_stack, class_bytes),
      [ZN_REGION_RETIRED_COUNT] = offsetof(struct zn_magazine, retired_count),
      [ZN_REGION_RETIRED_BYTES] = offsetof(struct zn_magazine, retired_bytes),
      [ZN_REGION_RETIRED_SLOTS] = offsetof(struct zn_magazine, retired),
      [ZN_REGION_RETIRED_COUNT_LIMIT] = ZN_RETIRED_COUNT_MAX,
      [ZN_REGION_RETIRED_BYTES_LIMIT] = ZN_RETIRED_BYTES_MAX,
  };
  for (int i = 0; i < count && i < ZN_REGION_CONSTANTS; i++) values[i] = all[i];
  return ZN_REGION_CONSTANTS;
}

const char *zn_region_constant_name(int constant) {
  static const char *const names[] = {
#define ZN_REGION_CONSTANT_TEXT(name) #name,
      ZN_REGION_CONSTANT_MAP(ZN_REGION_CONSTANT_TEXT)
#undef ZN_REGION_CONSTANT_TEXT
  };
  return constant >= 0 && constant < ZN_REGION_CONSTANTS ? names[constant] : NULL;
}
