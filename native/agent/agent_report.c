/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_report.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "agent_json.h"
#include "znio/file.h"
#include "znio/meter.h"
#include "znio/timeline.h"
#include "znio/znio.h"

#define OWNER_ONLY 0600

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static char s_files[AGENT_FORMS][PATH_MAX]; /* empty: none */
static char s_jdk[128];
static char s_options[1024]; /* as they were written */
static uint32_t s_stacks;

static void write_native(struct agent_json *json, const struct agent_row *row,
                         const int64_t *sums) {
  agent_json_open(json, NULL, '{');
  agent_json_string(json, "class", row->type);
  agent_json_string(json, "name", row->name);
  agent_json_string(json, "served_by", agent_serves(row->native) ? "znio" : "jdk");
  for (int i = 0; i < ZN_METER_COLUMNS; i++) {
    agent_json_number(json, zn_meter_column_name(i), sums[i]);
  }
  agent_json_close(json, '}');
}

/* What was born since we look, and has not died. */
static void write_live(struct agent_json *json, agent_sums sums) {
  struct agent_live memory = agent_live_memory(sums);
  struct agent_live mapped = agent_live_mapped(sums);
  agent_json_open(json, "live", '{');
  agent_report_amount(json, "unsafe", memory.items, memory.bytes);
  agent_report_amount(json, "mapped", mapped.items, mapped.bytes);
  agent_json_close(json, '}');
}

/* As the JDK counts them itself. Its code may run here: no lock of a sample's is held. */
static void write_pools(struct agent_json *json) {
  struct agent_pool pools[AGENT_POOLS];
  int count = agent_pools_read(pools);
  if (count == 0) return;
  agent_json_open(json, "pools", '[');
  for (int i = 0; i < count; i++) {
    agent_json_open(json, NULL, '{');
    agent_json_string(json, "name", pools[i].name);
    agent_json_number(json, "items", pools[i].items);
    agent_json_number(json, "bytes", pools[i].bytes);
    agent_json_close(json, '}');
  }
  agent_json_close(json, ']');
}

static void write_transfers(struct agent_json *json) {
  agent_json_open(json, "transfers", '[');
  for (int i = 0; i < AGENT_PATHS; i++) {
    int64_t sums[ZN_METER_COLUMNS];
    if (zn_meter_read(AGENT_NATIVES + i, sums) < 0 || sums[ZN_METER_CALLS] == 0) continue;
    agent_json_open(json, NULL, '{');
    agent_json_string(json, "native", agent_path_native((enum agent_path)i));
    agent_json_string(json, "path", agent_path_name((enum agent_path)i));
    agent_json_number(json, "calls", sums[ZN_METER_CALLS]);
    agent_json_number(json, "bytes", sums[ZN_METER_BYTES]);
    agent_json_number(json, "short", sums[ZN_METER_SHORT]);
    agent_json_close(json, '}');
  }
  agent_json_close(json, ']');
}

static void write_natives(struct agent_json *json, agent_sums sums) {
  agent_json_open(json, "natives", '[');
  for (int i = 0; i < AGENT_NATIVES; i++) {
    const struct agent_row *row = agent_bound_row((enum agent_native)i);
    if (row != NULL) write_native(json, row, sums[i]);
  }
  agent_json_close(json, ']');
}

static void write_report(struct agent_json *json, const char *why) {
  agent_sums sums;
  agent_read_sums(sums);
  agent_add_point(sums);
  agent_json_open(json, NULL, '{');
  agent_json_string(json, "znio", zn_version());
  agent_json_number(json, "format", 2);
  agent_json_string(json, "why", why);
  agent_json_number(json, "process", zn_process_id());
  agent_json_string(json, "jdk", s_jdk);
  agent_json_string(json, "options", s_options);
  agent_json_number(json, "began_unix_ms", zn_timeline_unix_ms());
  agent_json_ms(json, "age_ms", zn_timeline_now());
  write_live(json, sums);
  write_pools(json);
  agent_report_times(json);
  agent_report_lives(json, s_stacks);
  agent_json_number(json, "stacks", s_stacks);
  agent_report_sites(json);
  write_transfers(json);
  write_natives(json, sums);
  agent_json_close(json, '}');
}

/* READ, so that a FIFO does not make us wait for somebody who reads it. */
static int open_report(const char *file, uint32_t more, int *fd) {
  uint32_t flags = ZN_FILE_READ | ZN_FILE_WRITE | ZN_FILE_CREATE | ZN_FILE_NO_FOLLOW | more;
  return zn_file_open(file, flags, OWNER_ONLY, fd);
}

int agent_report_check(const struct agent_options *options, enum agent_form form, char *message,
                       size_t size) {
  static const char *const names[] = {"json", "html"};
  const char *report = options->reports[form];
  char file[PATH_MAX];
  int fd;
  if (report[0] == '\0') return 0;
  if (form != AGENT_JSON && strcmp(report, options->reports[AGENT_JSON]) == 0) {
    snprintf(message, size, "json and html name the same file %s: name another by html=FILE",
             report);
    return -EINVAL;
  }
  int result = agent_expand(report, file, sizeof file);
  if (result == 0) result = open_report(file, 0, &fd);
  if (result == 0) {
    (void)!zn_file_close(fd);
    return 0;
  }
  snprintf(message, size, "no report can be written to %s (%s, %s): name another file by %s=FILE",
           report, zn_error_name(result), zn_error_text(result), names[form]);
  return result;
}

void agent_report_set(const struct agent_options *options, const char *text, const char *jdk) {
  pthread_mutex_lock(&s_mutex);
  snprintf(s_jdk, sizeof s_jdk, "%s", jdk);
  snprintf(s_options, sizeof s_options, "%s", text);
  s_stacks = options->stacks;
  for (int form = 0; form < AGENT_FORMS; form++) {
    int result = agent_expand(options->reports[form], s_files[form], sizeof s_files[form]);
    if (result < 0) s_files[form][0] = '\0';
  }
  pthread_mutex_unlock(&s_mutex);
}

static int write_file(const char *file, bool page, const char *why) {
  int fd;
  int result = open_report(file, ZN_FILE_TRUNCATE, &fd);
  if (result < 0) return result;
  struct agent_json json;
  agent_json_begin(&json, fd, page);
  write_report(&json, why);
  result = agent_json_end(&json);
  int closed = zn_file_close(fd);
  return result < 0 ? result : closed;
}

void agent_report_write(const char *why) {
  pthread_mutex_lock(&s_mutex);
  for (int form = 0; form < AGENT_FORMS; form++) {
    const char *file = s_files[form];
    int result = file[0] == '\0' ? 0 : write_file(file, form == AGENT_HTML, why);
    if (result < 0) {
      agent_say(AGENT_LOG_WARN, "the report could not be written to %s: %s, %s", file,
                zn_error_name(result), zn_error_text(result));
    }
  }
  pthread_mutex_unlock(&s_mutex);
}
