/* SPDX-License-Identifier: Apache-2.0 */
/* Where memory was born: of samples only. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "agent_report.h"
#include "znio/foreign.h"
#include "znio/ledger.h"
#include "znio/timeline.h"

#define SITES_WRITTEN 100 /* besides those that records name */

/* By site; 0: what was not sampled. One report at a time. */
static struct {
  int64_t items; /* live */
  int64_t bytes;
  int64_t estimated_items; /* live, with those that its samples stand for */
  int64_t estimated_bytes;
  int64_t longest_us;
  int place; /* in s_chosen, from 1 on */
} s_sites[ZN_SITES_MAX + 1];

struct chosen {
  uint32_t site;
  int64_t estimated_bytes;
  struct zn_life_site born;
};
static struct chosen s_chosen[SITES_WRITTEN + 2 * ZN_LIFE_KEPT];
static int s_count;

/* Who wanted the memory: of the first frames of its stack one begins like this. The first row that
 * fits; DirectByteBuffer is what BufferPoolMXBean counts as direct, temporary buffers of JDK 17 are
 * in that, too. */
static const struct {
  const char *name;
  const char *frame;
} s_users[] = {
    {"temporary buffers of channels", "sun.nio.ch.Util.getTemporary"},
    {"arenas", "jdk.internal.foreign."},
    {"direct buffers", "java.nio.DirectByteBuffer.<init>"},
    {"mappings", "sun.nio.ch.FileChannelImpl.map"},
    {"others", ""},
};
enum { USERS = sizeof s_users / sizeof s_users[0], USER_FRAMES = 6 };

static struct {
  int64_t items;
  int64_t bytes;
  int64_t estimated_bytes;
} s_sums[USERS];

static bool begins(const char *stack, const char *frame) {
  for (int i = 0; i < USER_FRAMES; i++) {
    if (strncmp(stack, frame, strlen(frame)) == 0) return true;
    stack += strcspn(stack, "\n");
    if (*stack++ == '\0') return false;
  }
  return false;
}

/* text: room for ZN_SITE_TEXT_MAX + 1. */
static void read_text(uint32_t site, char *text) {
  int64_t length = zn_site_text(site, text, ZN_SITE_TEXT_MAX);
  text[length < 0 ? 0 : length] = '\0';
}

static void sum_users(void) {
  char text[ZN_SITE_TEXT_MAX + 1];
  memset(s_sums, 0, sizeof s_sums);
  for (uint32_t site = 1; site <= ZN_SITES_MAX; site++) {
    if (s_sites[site].items == 0) continue;
    int user = 0;
    read_text(site, text);
    while (!begins(text, s_users[user].frame)) user++; /* the last fits all */
    s_sums[user].items += s_sites[site].items;
    s_sums[user].bytes += s_sites[site].bytes;
    s_sums[user].estimated_bytes += s_sites[site].estimated_bytes;
  }
}

static void write_users(struct agent_json *json) {
  agent_json_open(json, "users", '[');
  for (int i = 0; i < USERS; i++) {
    agent_json_open(json, NULL, '{');
    agent_json_string(json, "name", s_users[i].name);
    agent_json_number(json, "items", s_sums[i].items);
    agent_json_number(json, "bytes", s_sums[i].bytes);
    agent_json_number(json, "estimated_bytes", s_sums[i].estimated_bytes);
    agent_json_close(json, '}');
  }
  agent_json_close(json, ']');
}

/* every: how many small births a sample stands for. */
static void sum_live(uint32_t every) {
  struct zn_foreign_entry entries[256];
  uint64_t cursor = 0;
  for (int64_t count; (count = zn_foreign_next(&cursor, entries, 256)) > 0;) {
    for (int64_t i = 0; i < count; i++) {
      int64_t weight = entries[i].size >= ZN_LIFE_LARGE ? 1 : every;
      s_sites[entries[i].site].items++;
      s_sites[entries[i].site].bytes += entries[i].size;
      s_sites[entries[i].site].estimated_items += weight;
      s_sites[entries[i].site].estimated_bytes += weight * entries[i].size;
    }
  }
}

/* How old what lives is already. */
static void find_oldest(void) {
  struct zn_life lives[64];
  uint64_t cursor = 0;
  int64_t now = zn_timeline_now();
  for (int64_t count; (count = zn_life_next(&cursor, lives, 64)) > 0;) {
    for (int64_t i = 0; i < count; i++) {
      int64_t *longest = &s_sites[lives[i].site].longest_us;
      if (now - lives[i].born_us > *longest) *longest = now - lives[i].born_us;
    }
  }
}

/* Most live bytes first, as far as samples tell; then most bytes born. */
static int before(const void *a, const void *b) {
  const struct chosen *x = a;
  const struct chosen *y = b;
  if (x->estimated_bytes != y->estimated_bytes) {
    return x->estimated_bytes > y->estimated_bytes ? -1 : 1;
  }
  if (x->born.born_bytes != y->born.born_bytes) {
    return x->born.born_bytes > y->born.born_bytes ? -1 : 1;
  }
  return x->site < y->site ? -1 : x->site > y->site;
}

static struct chosen read_site(uint32_t site) {
  struct chosen read = {.site = site, .estimated_bytes = s_sites[site].estimated_bytes};
  (void)!zn_life_site(site, &read.born);
  return read;
}

/* The first SITES_WRITTEN in that order: each is put in its place among those that were read. */
static void choose_largest(void) {
  for (uint32_t site = 1; site <= ZN_SITES_MAX && zn_site_text(site, NULL, 0) >= 0; site++) {
    struct chosen read = read_site(site);
    if (s_sites[site].items == 0 && read.born.born_items == 0) continue;
    if (s_count == SITES_WRITTEN) {
      if (before(&read, &s_chosen[s_count - 1]) >= 0) continue;
      s_count--;
    }
    int at = s_count++;
    for (; at > 0 && before(&read, &s_chosen[at - 1]) < 0; at--) s_chosen[at] = s_chosen[at - 1];
    s_chosen[at] = read;
  }
}

void agent_report_choose_sites(const uint32_t *wanted, int64_t count, uint32_t every) {
  memset(s_sites, 0, sizeof s_sites);
  s_count = 0;
  sum_live(every);
  sum_users();
  find_oldest();
  choose_largest();
  for (int i = 0; i < s_count; i++) s_sites[s_chosen[i].site].place = 1;
  for (int64_t i = 0; i < count; i++) {
    if (wanted[i] == 0 || s_sites[wanted[i]].place != 0) continue;
    s_sites[wanted[i]].place = 1;
    s_chosen[s_count++] = read_site(wanted[i]);
  }
  qsort(s_chosen, (size_t)s_count, sizeof s_chosen[0], before);
  for (int i = 0; i < s_count; i++) s_sites[s_chosen[i].site].place = i + 1;
}

int agent_report_place(uint32_t site) { return s_sites[site].place - 1; }

static void write_stack(struct agent_json *json, uint32_t site) {
  char text[ZN_SITE_TEXT_MAX + 1];
  read_text(site, text);
  agent_json_open(json, "stack", '[');
  for (char *frame = text, *rest; *frame != '\0'; frame = rest) {
    rest = frame + strcspn(frame, "\n");
    if (*rest != '\0') *rest++ = '\0';
    agent_json_string(json, NULL, frame);
  }
  agent_json_close(json, ']');
}

static void write_site(struct agent_json *json, const struct chosen *chosen) {
  int64_t longest = s_sites[chosen->site].longest_us;
  if (chosen->born.longest_us > longest) longest = chosen->born.longest_us;
  agent_json_open(json, NULL, '{');
  agent_json_number(json, "items", s_sites[chosen->site].items);
  agent_json_number(json, "bytes", s_sites[chosen->site].bytes);
  agent_json_number(json, "estimated_items", s_sites[chosen->site].estimated_items);
  agent_json_number(json, "estimated_bytes", chosen->estimated_bytes);
  agent_json_number(json, "born_items", chosen->born.born_items);
  agent_json_number(json, "born_bytes", chosen->born.born_bytes);
  agent_json_ms(json, "longest_ms", longest);
  write_stack(json, chosen->site);
  agent_json_close(json, '}');
}

void agent_report_amount(struct agent_json *json, const char *name, int64_t items, int64_t bytes) {
  agent_json_open(json, name, '{');
  agent_json_number(json, "items", items);
  agent_json_number(json, "bytes", bytes);
  agent_json_close(json, '}');
}

void agent_report_sites(struct agent_json *json) {
  agent_report_amount(json, "not_sampled", s_sites[0].items, s_sites[0].bytes);
  write_users(json);
  agent_json_open(json, "sites", '[');
  for (int i = 0; i < s_count; i++) write_site(json, &s_chosen[i]);
  agent_json_close(json, ']');
}
