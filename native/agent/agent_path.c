/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which path a transfer went. Of znio's own the receipt tells it. Of the JDK's it is what the
 * release's function does: sendfile, on 17; to what is no file sendfile, on 21 and 25, which try
 * copy_file_range first, and that is for files only; to a file one of the two, which nobody outside
 * can tell: the path's name says so.
 */
#include <stdint.h>

#include "agent.h"
#include "agent_calls.h"
#include "znio/file.h"
#include "znio/transfer.h"

/* What znio's own native did in this thread; AGENT_PATHS: nothing. */
static _Thread_local enum agent_path t_served = AGENT_PATHS;

static const struct {
  enum agent_native native;
  const char *path;
} paths[] = {
    [AGENT_TO_SENDFILE] = {AGENT_TRANSFER_TO, "sendfile"},
    [AGENT_TO_COPY_FILE_RANGE] = {AGENT_TRANSFER_TO, "copy_file_range"},
    [AGENT_TO_EITHER] = {AGENT_TRANSFER_TO, "copy_file_range or sendfile"},
    [AGENT_TO_REFUSED] = {AGENT_TRANSFER_TO, "refused"},
    [AGENT_FROM_COPY_FILE_RANGE] = {AGENT_TRANSFER_FROM, "copy_file_range"},
    [AGENT_FROM_REFUSED] = {AGENT_TRANSFER_FROM, "refused"},
};
_Static_assert(sizeof paths / sizeof paths[0] == AGENT_PATHS, "a name each");

const char *agent_path_name(enum agent_path path) { return paths[path].path; }

enum agent_native agent_path_native(enum agent_path path) { return paths[path].native; }

void agent_path_add(enum agent_path path, int64_t bytes, int64_t wanted) {
  struct zn_meter *meter = zn_meter_own();
  int row = AGENT_NATIVES + (int)path;
  zn_meter_add(meter, row, ZN_METER_CALLS, 1);
  zn_meter_add(meter, row, ZN_METER_BYTES, bytes);
  if (bytes > 0 && bytes < wanted) zn_meter_add(meter, row, ZN_METER_SHORT, 1);
}

void agent_path_served(enum agent_native native, int path) {
  if (path < 0) {
    t_served = AGENT_PATHS;
  } else if (native == AGENT_TRANSFER_FROM) {
    t_served = AGENT_FROM_COPY_FILE_RANGE;
  } else {
    t_served = path == ZN_PATH_SENDFILE ? AGENT_TO_SENDFILE : AGENT_TO_COPY_FILE_RANGE;
  }
}

enum agent_path agent_path_to(JNIEnv *env, jobject target) {
  int fd = agent_fd(env, target);
  return fd >= 0 && zn_file_is_regular(fd) == 0 ? AGENT_TO_SENDFILE : AGENT_TO_EITHER;
}

void agent_path_ended(enum agent_path by_jdk, int64_t result, int64_t wanted) {
  enum agent_path path = t_served == AGENT_PATHS ? by_jdk : t_served;
  t_served = AGENT_PATHS;
  if (result >= 0) {
    agent_path_add(path, result, wanted);
  } else if (result == AGENT_UNSUPPORTED || result == AGENT_UNSUPPORTED_CASE) {
    bool to = paths[path].native == AGENT_TRANSFER_TO;
    agent_path_add(to ? AGENT_TO_REFUSED : AGENT_FROM_REFUSED, 0, 0);
  }
}
