/* SPDX-License-Identifier: Apache-2.0 */
#include <stdint.h>

#include "agent.h"
#include "agent_report.h"

static const char *const kinds[ZN_LIFE_KINDS] = {"unsafe", "mapped"};
static const char *const ends[ZN_LIFE_ENDS] = {"explicit", "cleaner"};

static void write_ages(struct agent_json *json, const char *name,
                       const struct zn_life_totals *totals) {
  int64_t below = 10;
  agent_json_open(json, name, '[');
  for (int i = 0; i < ZN_LIFE_AGES; i++, below *= 10) {
    agent_json_open(json, NULL, '{');
    if (i < ZN_LIFE_AGES - 1) {
      agent_json_number(json, "below_us", below);
    } else {
      agent_json_null(json, "below_us");
    }
    agent_json_number(json, "items", totals->ages[i].items);
    agent_json_number(json, "bytes", totals->ages[i].bytes);
    agent_json_close(json, '}');
  }
  agent_json_close(json, ']');
}

static void write_ends(struct agent_json *json, const char *name,
                       const struct zn_life_totals *totals) {
  int64_t lives = totals->born_items;
  agent_json_open(json, name, '{');
  for (int i = 0; i < ZN_LIFE_ENDS; i++) {
    agent_json_number(json, ends[i], totals->ended[i]);
    lives -= totals->ended[i];
  }
  agent_json_number(json, "never", lives);
  agent_json_close(json, '}');
}

static void write_totals(struct agent_json *json) {
  struct zn_life_totals totals[ZN_LIFE_KINDS];
  for (int i = 0; i < ZN_LIFE_KINDS; i++) (void)!zn_life_read((enum zn_life_kind)i, &totals[i]);
  agent_json_open(json, "lifetimes", '{');
  for (int i = 0; i < ZN_LIFE_KINDS; i++) write_ages(json, kinds[i], &totals[i]);
  agent_json_close(json, '}');
  agent_json_open(json, "ends", '{');
  for (int i = 0; i < ZN_LIFE_KINDS; i++) write_ends(json, kinds[i], &totals[i]);
  agent_json_close(json, '}');
  agent_json_open(json, "not_recorded", '{');
  for (int i = 0; i < ZN_LIFE_KINDS; i++) {
    agent_json_number(json, kinds[i], totals[i].unrecorded);
  }
  agent_json_close(json, '}');
}

/* From the end of the last collection, if that can have found it, to the release by a Cleaner. */
static void write_release(struct agent_json *json, const struct zn_life *life) {
  bool found = life->end == ZN_LIFE_CLEANED && life->last_pause_us >= life->born_us;
  if (found) {
    agent_json_number(json, "gc_to_release_us", life->died_us - life->last_pause_us);
  } else {
    agent_json_null(json, "gc_to_release_us");
  }
}

static void write_record(struct agent_json *json, const struct zn_life *life) {
  bool dead = life->end < ZN_LIFE_ENDS;
  int site = agent_report_place(life->site);
  agent_json_open(json, NULL, '{');
  agent_json_string(json, "kind", kinds[life->kind]);
  agent_json_number(json, "bytes", life->bytes);
  agent_json_ms(json, "born_ms", life->born_us);
  agent_json_ms(json, "died_ms", life->died_us);
  agent_json_string(json, "thread", life->thread);
  if (dead) {
    agent_json_string(json, "died_thread", life->died_thread);
    agent_json_string(json, "end", ends[life->end]);
  } else {
    agent_json_null(json, "died_thread");
    agent_json_null(json, "end");
  }
  agent_json_ms(json, "last_gc_ms", life->last_pause_us);
  write_release(json, life);
  if (site < 0) {
    agent_json_null(json, "site");
  } else {
    agent_json_number(json, "site", site);
  }
  agent_json_close(json, '}');
}

void agent_report_lives(struct agent_json *json, uint32_t every) {
  static struct zn_life lives[2 * ZN_LIFE_KEPT]; /* one report at a time */
  uint32_t sites[2 * ZN_LIFE_KEPT];
  int64_t count = zn_life_select(lives);
  for (int64_t i = 0; i < count; i++) sites[i] = lives[i].site;
  agent_report_choose_sites(sites, count, every);
  write_totals(json);
  agent_json_open(json, "records", '[');
  for (int64_t i = 0; i < count; i++) write_record(json, &lives[i]);
  agent_json_close(json, ']');
}
