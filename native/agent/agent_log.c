/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "znio/file.h"
#include "znio/znio.h"

#define STANDARD_ERROR 2

static _Atomic int s_level = AGENT_LOG_WARN;

void agent_set_log(enum agent_log level) { atomic_store(&s_level, (int)level); }

/* One write, so that lines of several processes do not mix. */
void agent_say(enum agent_log level, const char *format, ...) {
  if ((int)level > atomic_load(&s_level)) return;
  char line[AGENT_MESSAGE_MAX + PATH_MAX];
  const int prefix = snprintf(line, sizeof line, "znio agent: ");
  va_list arguments;
  va_start(arguments, format);
  int length = vsnprintf(line + prefix, sizeof line - (size_t)prefix - 1, format, arguments);
  va_end(arguments);
  if (length < 0) return;
  length += prefix;
  if (length > (int)sizeof line - 2) length = (int)sizeof line - 2;
  line[length] = '\n';
  (void)!zn_file_write(STANDARD_ERROR, line, length + 1); /* if it cannot be said, so be it */
}

int agent_expand(const char *name, char *out, size_t size) {
  size_t length = 0;
  while (*name != '\0') {
    char piece[24] = {*name, '\0'};
    bool process = name[0] == '%' && name[1] == 'p';
    if (process) snprintf(piece, sizeof piece, "%lld", (long long)zn_process_id());
    name += process ? 2 : 1;
    size_t added = strlen(piece);
    if (length + added >= size) return -ENAMETOOLONG;
    memcpy(out + length, piece, added + 1);
    length += added;
  }
  out[length] = '\0';
  return length == 0 ? -ENOENT : 0;
}
