/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"

#define AGENT_STACKS 64 /* some 10 ns a birth, on an average */
#define AGENT_OPTION_MAX (PATH_MAX + 16)

void agent_options_default(struct agent_options *options) {
  memset(options, 0, sizeof *options);
  options->log = AGENT_LOG_WARN;
  options->stacks = AGENT_STACKS;
}

static bool is(const char *text, const char *wanted) { return strcmp(text, wanted) == 0; }

/* Later ones add to earlier ones, but for observe, which takes them back. */
static bool set_mode(const char *option, struct agent_options *options) {
  static const struct {
    const char *name;
    uint32_t bits;
  } modes[] = {
      {"io", AGENT_IO}, {"unsafe", AGENT_IO | AGENT_UNSAFE}, {"fast", AGENT_IO | AGENT_FAST}};
  if (is(option, "observe")) {
    options->mode = AGENT_OBSERVE;
    return true;
  }
  for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
    if (!is(option, modes[i].name)) continue;
    options->mode |= modes[i].bits;
    return true;
  }
  return false;
}

static int set_log(const char *value, struct agent_options *options) {
  static const char *const names[] = {"off", "warn", "info"};
  for (int i = 0; i < 3; i++) {
    if (is(value, names[i])) {
      options->log = (enum agent_log)i;
      return 1;
    }
  }
  return -EINVAL;
}

static int set_stacks(const char *value, struct agent_options *options) {
  bool named = is(value, "off") || is(value, "all");
  char *end;
  unsigned long every = named ? is(value, "all") : strtoul(value, &end, 10);
  if (!named && (value[0] < '1' || value[0] > '9' || *end != '\0' || every > INT32_MAX)) {
    return -EINVAL;
  }
  options->stacks = (uint32_t)every;
  return 1;
}

static int set_report(const char *value, char *report) {
  if (value[0] == '\0' || strlen(value) >= PATH_MAX) return -EINVAL;
  snprintf(report, PATH_MAX, "%s", value);
  return 1;
}

static int set(const char *option, struct agent_options *options, char *message, size_t size) {
  if (set_mode(option, options)) return 1;
  if (strncmp(option, "json=", 5) == 0 || strncmp(option, "html=", 5) == 0) {
    enum agent_form form = option[0] == 'j' ? AGENT_JSON : AGENT_HTML;
    if (set_report(option + 5, options->reports[form]) == 1) return 1;
    snprintf(message, size, "\"%.*s\" names no file: write %.5sFILE", 200, option, option);
    return -EINVAL;
  }
  if (strncmp(option, "stacks=", 7) == 0) {
    if (set_stacks(option + 7, options) == 1) return 1;
    snprintf(message, size,
             "\"%.*s\": write stacks=off, stacks=all, or stacks=N for one of N births", 200,
             option);
    return -EINVAL;
  }
  if (strncmp(option, "log=", 4) == 0) {
    if (set_log(option + 4, options) == 1) return 1;
    snprintf(message, size, "\"%.*s\" is no level: write log=off, log=warn or log=info", 200,
             option);
    return -EINVAL;
  }
  snprintf(message, size,
           "there is no option \"%.*s\": write observe, io, unsafe, fast, stacks=N, json=FILE, "
           "html=FILE or log=LEVEL, with commas between them",
           200, option);
  return -EINVAL;
}

int agent_options_next(const char **cursor, struct agent_options *options, char *message,
                       size_t size) {
  while (*cursor != NULL && **cursor == ',') (*cursor)++;
  if (*cursor == NULL || **cursor == '\0') return 0;
  size_t length = strcspn(*cursor, ",");
  const char *start = *cursor;
  *cursor += length;
  char option[AGENT_OPTION_MAX];
  if (length >= sizeof option) {
    snprintf(message, size, "an option has %zu characters: at most %zu are possible", length,
             sizeof option - 1);
    return -EINVAL;
  }
  memcpy(option, start, length);
  option[length] = '\0';
  return set(option, options, message, size);
}
