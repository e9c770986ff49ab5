/* SPDX-License-Identifier: Apache-2.0 */
/* What the meters tell, of all threads. */
#include <stdint.h>

#include "agent.h"
#include "znio/timeline.h"

_Static_assert(AGENT_NATIVES + AGENT_PATHS <= ZN_METER_ROWS, "a row each");

void agent_read_sums(agent_sums sums) {
  for (int i = 0; i < AGENT_NATIVES; i++) (void)!zn_meter_read(i, sums[i]);
}

static int64_t succeeded(const int64_t *sums) {
  return sums[ZN_METER_CALLS] - sums[ZN_METER_FAILED];
}

struct agent_live agent_live_memory(agent_sums sums) {
  const int64_t *allocated = sums[AGENT_ALLOCATE];
  const int64_t *reallocated = sums[AGENT_REALLOCATE];
  const int64_t *freed = sums[AGENT_FREE];
  struct agent_live live;
  live.items = succeeded(allocated) + reallocated[ZN_METER_UNKNOWN] - succeeded(freed) +
               freed[ZN_METER_UNKNOWN];
  live.bytes = allocated[ZN_METER_BYTES] + reallocated[ZN_METER_BYTES] -
               reallocated[ZN_METER_RELEASED] - freed[ZN_METER_RELEASED];
  return live;
}

struct agent_live agent_live_mapped(agent_sums sums) {
  const int64_t *mapped = sums[AGENT_MAP];
  const int64_t *unmapped = sums[AGENT_UNMAP];
  struct agent_live live;
  live.items = succeeded(mapped) - succeeded(unmapped) + unmapped[ZN_METER_UNKNOWN];
  live.bytes = mapped[ZN_METER_BYTES] - unmapped[ZN_METER_RELEASED];
  return live;
}

/* What fast has moved, which is in no row of a native. */
static int64_t moved_fast(void) {
  int64_t splice[ZN_METER_COLUMNS];
  int64_t copy[ZN_METER_COLUMNS];
  (void)!zn_meter_read(AGENT_NATIVES + AGENT_FAST_SPLICE, splice);
  (void)!zn_meter_read(AGENT_NATIVES + AGENT_FAST_COPY, copy);
  return splice[ZN_METER_BYTES] + copy[ZN_METER_BYTES];
}

void agent_add_point(agent_sums sums) {
  int64_t values[ZN_TIMELINE_VALUES] = {
      [AGENT_POINT_MEMORY] = agent_live_memory(sums).bytes,
      [AGENT_POINT_MAPPED] = agent_live_mapped(sums).bytes,
      [AGENT_POINT_TRANSFERRED] = sums[AGENT_TRANSFER_TO][ZN_METER_BYTES] +
                                  sums[AGENT_TRANSFER_FROM][ZN_METER_BYTES] + moved_fast()};
  zn_timeline_add(values);
}

void agent_point(void) {
  agent_sums sums;
  if (!zn_timeline_is_due()) return;
  agent_read_sums(sums);
  agent_add_point(sums);
}
