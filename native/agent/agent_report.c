/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "agent_json.h"
#include "znio/file.h"
#include "znio/foreign.h"
#include "znio/ledger.h"
#include "znio/meter.h"
#include "znio/znio.h"

#define OWNER_ONLY 0600
#define SITES_WRITTEN 100

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static char s_file[PATH_MAX]; /* empty: none */
static char s_jdk[128];
static uint32_t s_stacks;

typedef int64_t agent_sums[AGENT_NATIVES][ZN_METER_COLUMNS];
_Static_assert(AGENT_NATIVES <= ZN_METER_ROWS, "a row each");

/* Deaths come first in the enumeration. */
static void read_all(agent_sums sums) {
  for (int i = 0; i < AGENT_NATIVES; i++) (void)!zn_meter_read(i, sums[i]);
}

static void write_native(struct agent_json *json, const struct agent_row *row,
                         const int64_t *sums) {
  static const char *const columns[] = {"calls",       "bytes", "released",    "unknown",
                                        "short",       "end",   "unavailable", "interrupted",
                                        "unsupported", "failed"};
  _Static_assert(sizeof columns / sizeof columns[0] == ZN_METER_COLUMNS, "a name each");
  agent_json_open(json, NULL, '{');
  agent_json_string(json, "class", row->type);
  agent_json_string(json, "name", row->name);
  agent_json_string(json, "served_by", agent_serves(row->native) ? "znio" : "jdk");
  for (int i = 0; i < ZN_METER_COLUMNS; i++) agent_json_number(json, columns[i], sums[i]);
  agent_json_close(json, '}');
}

static void write_live(struct agent_json *json, const char *name, int64_t items, int64_t bytes) {
  agent_json_open(json, name, '{');
  agent_json_number(json, "items", items);
  agent_json_number(json, "bytes", bytes);
  agent_json_close(json, '}');
}

static int64_t succeeded(const int64_t *sums) {
  return sums[ZN_METER_CALLS] - sums[ZN_METER_FAILED];
}

/* What was born since we look, and has not died. */
static void write_all_live(struct agent_json *json, agent_sums sums) {
  const int64_t *allocated = sums[AGENT_ALLOCATE];
  const int64_t *reallocated = sums[AGENT_REALLOCATE];
  const int64_t *freed = sums[AGENT_FREE];
  const int64_t *mapped = sums[AGENT_MAP];
  const int64_t *unmapped = sums[AGENT_UNMAP];
  agent_json_open(json, "live", '{');
  write_live(json, "unsafe",
             succeeded(allocated) + reallocated[ZN_METER_UNKNOWN] - succeeded(freed) +
                 freed[ZN_METER_UNKNOWN],
             allocated[ZN_METER_BYTES] + reallocated[ZN_METER_BYTES] -
                 reallocated[ZN_METER_RELEASED] - freed[ZN_METER_RELEASED]);
  write_live(json, "mapped", succeeded(mapped) - succeeded(unmapped) + unmapped[ZN_METER_UNKNOWN],
             mapped[ZN_METER_BYTES] - unmapped[ZN_METER_RELEASED]);
  agent_json_close(json, '}');
}

/* --- sites --- */

static struct {
  int64_t items;
  int64_t bytes;
} s_sites[ZN_SITES_MAX + 1]; /* under the mutex; 0: what was not sampled */

static uint32_t sum_sites(void) {
  struct zn_foreign_entry entries[256];
  uint64_t cursor = 0;
  uint32_t last = 0;
  memset(s_sites, 0, sizeof s_sites[0]);
  for (int64_t count; (count = zn_foreign_next(&cursor, entries, 256)) > 0;) {
    for (int64_t i = 0; i < count; i++) {
      while (last < entries[i].site) memset(&s_sites[++last], 0, sizeof s_sites[0]);
      s_sites[entries[i].site].items++;
      s_sites[entries[i].site].bytes += entries[i].size;
    }
  }
  return last;
}

/* The site with most bytes, of those not written yet; 0: there is none. */
static uint32_t largest(uint32_t last) {
  uint32_t found = 0;
  int64_t most = -1;
  for (uint32_t site = 1; site <= last; site++) {
    if (s_sites[site].items == 0 || s_sites[site].bytes <= most) continue;
    most = s_sites[site].bytes;
    found = site;
  }
  return found;
}

static void write_site(struct agent_json *json, uint32_t site) {
  char text[ZN_SITE_TEXT_MAX + 1];
  int64_t length = zn_site_text(site, text, ZN_SITE_TEXT_MAX);
  text[length < 0 ? 0 : length] = '\0';
  agent_json_open(json, NULL, '{');
  agent_json_number(json, "items", s_sites[site].items);
  agent_json_number(json, "bytes", s_sites[site].bytes);
  agent_json_open(json, "stack", '[');
  for (char *frame = text, *rest; *frame != '\0'; frame = rest) {
    rest = frame + strcspn(frame, "\n");
    if (*rest != '\0') *rest++ = '\0';
    agent_json_string(json, NULL, frame);
  }
  agent_json_close(json, ']');
  agent_json_close(json, '}');
}

/* Where what is live was born: sampled births only. */
static void write_sites(struct agent_json *json) {
  uint32_t last = sum_sites();
  agent_json_number(json, "stacks", s_stacks);
  write_live(json, "not_sampled", s_sites[0].items, s_sites[0].bytes);
  agent_json_open(json, "sites", '[');
  for (int i = 0; i < SITES_WRITTEN; i++) {
    uint32_t site = largest(last);
    if (site == 0) break;
    write_site(json, site);
    s_sites[site].items = 0;
  }
  agent_json_close(json, ']');
}

static void write_report(struct agent_json *json, const char *why) {
  agent_sums sums;
  read_all(sums);
  agent_json_open(json, NULL, '{');
  agent_json_string(json, "znio", zn_version());
  agent_json_number(json, "format", 1);
  agent_json_string(json, "why", why);
  agent_json_number(json, "process", zn_process_id());
  agent_json_string(json, "jdk", s_jdk);
  write_all_live(json, sums);
  write_sites(json);
  agent_json_open(json, "natives", '[');
  for (int i = 0; i < AGENT_NATIVES; i++) {
    const struct agent_row *row = agent_bound_row((enum agent_native)i);
    if (row != NULL) write_native(json, row, sums[i]);
  }
  agent_json_close(json, ']');
  agent_json_close(json, '}');
}

/* READ, so that a FIFO does not make us wait for somebody who reads it. */
static int open_report(uint32_t more, int *fd) {
  uint32_t flags = ZN_FILE_READ | ZN_FILE_WRITE | ZN_FILE_CREATE | ZN_FILE_NO_FOLLOW | more;
  return zn_file_open(s_file, flags, OWNER_ONLY, fd);
}

int agent_report_prepare(const struct agent_options *options, const char *jdk) {
  int fd;
  pthread_mutex_lock(&s_mutex);
  snprintf(s_jdk, sizeof s_jdk, "%s", jdk);
  s_stacks = options->stacks;
  s_file[0] = '\0';
  int result = options->json[0] == '\0' ? 0 : agent_expand(options->json, s_file, sizeof s_file);
  if (result == 0 && s_file[0] != '\0') {
    result = open_report(0, &fd);
    if (result == 0) (void)!zn_file_close(fd);
    if (result < 0) s_file[0] = '\0';
  }
  pthread_mutex_unlock(&s_mutex);
  return result;
}

static int write_file(const char *why) {
  int fd;
  int result = open_report(ZN_FILE_TRUNCATE, &fd);
  if (result < 0) return result;
  struct agent_json json;
  agent_json_begin(&json, fd);
  write_report(&json, why);
  result = agent_json_end(&json);
  int closed = zn_file_close(fd);
  return result < 0 ? result : closed;
}

void agent_report_write(const char *why) {
  pthread_mutex_lock(&s_mutex);
  int result = s_file[0] == '\0' ? 0 : write_file(why);
  if (result < 0) {
    agent_say(AGENT_LOG_WARN, "the report could not be written to %s: %s, %s", s_file,
              zn_error_name(result), zn_error_text(result));
  }
  pthread_mutex_unlock(&s_mutex);
}
