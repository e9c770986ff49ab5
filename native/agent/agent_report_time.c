/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "agent.h"
#include "agent_report.h"
#include "znio/timeline.h"

static void write_series(struct agent_json *json) {
  static struct zn_point points[ZN_TIMELINE_POINTS]; /* one report at a time */
  int64_t count = zn_timeline_points(points, ZN_TIMELINE_POINTS);
  agent_json_open(json, "series", '[');
  for (int64_t i = 0; i < count; i++) {
    agent_json_open(json, NULL, '{');
    agent_json_ms(json, "ms", points[i].at_us);
    agent_json_number(json, "unsafe_bytes", points[i].values[AGENT_POINT_MEMORY]);
    agent_json_number(json, "mapped_bytes", points[i].values[AGENT_POINT_MAPPED]);
    agent_json_number(json, "transferred_bytes", points[i].values[AGENT_POINT_TRANSFERRED]);
    agent_json_close(json, '}');
  }
  agent_json_close(json, ']');
}

static void write_pauses(struct agent_json *json) {
  static struct zn_pause pauses[ZN_TIMELINE_PAUSES];
  int64_t all;
  int64_t us;
  int64_t count = zn_timeline_pauses(pauses, ZN_TIMELINE_PAUSES, &all, &us);
  agent_json_open(json, "gc", '{');
  agent_json_number(json, "pauses", all);
  agent_json_number(json, "pause_us", us);
  agent_json_open(json, "marks", '[');
  for (int64_t i = 0; i < count; i++) {
    agent_json_open(json, NULL, '{');
    agent_json_ms(json, "ms", pauses[i].at_us);
    agent_json_number(json, "us", pauses[i].us);
    agent_json_close(json, '}');
  }
  agent_json_close(json, ']');
  agent_json_close(json, '}');
}

void agent_report_times(struct agent_json *json) {
  write_series(json);
  if (agent_life_has_pauses()) write_pauses(json);
}
