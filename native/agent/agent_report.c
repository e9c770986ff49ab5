/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "agent_json.h"
#include "znio/file.h"
#include "znio/meter.h"
#include "znio/znio.h"

#define OWNER_ONLY 0600

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static char s_file[PATH_MAX]; /* empty: none */
static char s_jdk[128];

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
