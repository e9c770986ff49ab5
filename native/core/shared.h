/* SPDX-License-Identifier: Apache-2.0 */
/* Two words that generated code reads at fixed addresses, on a cache line that is hardly ever
 * written. */
#ifndef ZN_CORE_SHARED_H
#define ZN_CORE_SHARED_H

#include <stdatomic.h>
#include <stdint.h>

struct zn_shared {
  _Atomic uint32_t tick;   /* the coarse clock */
  _Atomic uint32_t strict; /* not 0: a birth in a magazine must ask zn_magazine_birth */
} __attribute__((aligned(128)));

extern struct zn_shared zn_shared;

static inline uint32_t zn_shared_tick(void) {
  return atomic_load_explicit(&zn_shared.tick, memory_order_relaxed);
}

#endif
