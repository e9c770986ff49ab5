/* SPDX-License-Identifier: Apache-2.0 */
/* What a reader of the shared meters is told about their rows. */
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "znio/error.h"
#include "znio/meter.h"

static const struct {
  enum agent_native native;
  enum zn_meter_role role;
  const char *kind;
} s_lives[] = {
    {AGENT_ALLOCATE, ZN_METER_BIRTH, "unsafe"}, {AGENT_REALLOCATE, ZN_METER_REBIRTH, "unsafe"},
    {AGENT_FREE, ZN_METER_DEATH, "unsafe"},     {AGENT_MAP, ZN_METER_BIRTH, "mapped"},
    {AGENT_UNMAP, ZN_METER_DEATH, "mapped"},
};

#define ROWS ((int)AGENT_NATIVES + (int)AGENT_PATHS)
_Static_assert(AGENT_NATIVES + AGENT_PATHS <= ZN_METER_ROWS, "a row each");

/* As "transferTo0/sendfile", in one word. */
static void name_path(struct zn_meter_row *rows, enum agent_path path) {
  char *name = rows[AGENT_NATIVES + (int)path].name;
  snprintf(name, ZN_METER_NAME_MAX, "%s/%s", agent_path_native(path), agent_path_name(path));
  for (char *at = name; (at = strchr(at, ' ')) != NULL;) *at = '_';
}

/* A native has the same name in all releases. */
static void name_rows(struct zn_meter_row *rows) {
  const struct agent_row *row;
  memset(rows, 0, ROWS * sizeof *rows);
  for (size_t i = 0; (row = agent_row(i)) != NULL; i++) {
    snprintf(rows[row->native].name, sizeof rows[0].name, "%s", row->name);
  }
  for (int i = 0; i < AGENT_PATHS; i++) name_path(rows, (enum agent_path)i);
  for (size_t i = 0; i < sizeof s_lives / sizeof s_lives[0]; i++) {
    struct zn_meter_row *life = &rows[s_lives[i].native];
    life->role = s_lives[i].role;
    snprintf(life->kind, sizeof life->kind, "%s", s_lives[i].kind);
  }
}

/* A line for each file that a report goes to. */
static void tell_file(const char *name) {
  char file[PATH_MAX];
  char text[PATH_MAX + sizeof "json=\n"] = "";
  if (name[0] != '\0' && agent_expand(name, file, sizeof file) == 0) {
    snprintf(text, sizeof text, "json=%s\n", file);
  }
  (void)!zn_meter_set_text(text); /* PATH_MAX fits */
}

void agent_share_meters(const struct agent_options *options) {
  struct zn_meter_row rows[ROWS];
  name_rows(rows);
  int result = zn_meter_share(rows, ROWS);
  if (result < 0) {
    agent_say(AGENT_LOG_INFO, "the counters cannot be read from outside: %s, %s",
              zn_error_name(result), zn_error_text(result));
  }
  tell_file(options->reports[AGENT_JSON]);
}
