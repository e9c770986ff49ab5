/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The memory limit of the control groups we are in. /proc/self/cgroup has our group's path,
 * mountinfo the place where its hierarchy is mounted and which part of it. A limit anywhere on the
 * way up counts.
 */
#include "container.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "heap.h"
#include "sys.h"

#define ZN_PROC_BYTES_MAX ((size_t)1 << 20)

/* Version 1 has no word for "no limit": it is a number of this order. */
#define ZN_CGROUP_V1_NONE ((int64_t)1 << 62)

struct hierarchy {
  int version;
  char group[PATH_MAX]; /* our group, as /proc/self/cgroup has it */
  char mount[PATH_MAX];
  char mount_root[PATH_MAX]; /* the group that is mounted there */
};

/* Reads a file from its beginning, and ends it with a zero. Returns its length, or -errno. */
static int64_t read_text(const char *root, const char *path, char *text, size_t capacity) {
  char full[PATH_MAX];
  int length = snprintf(full, sizeof full, "%s%s", root, path);
  if (length < 0 || (size_t)length >= sizeof full) return -ENAMETOOLONG;
  int fd = zn_sys_open(full, O_RDONLY, 0);
  if (fd < 0) return fd;
  size_t size = 0;
  int64_t result;
  do { /* small files of the kernel: nothing blocks here, so a signal may be passed over */
    result = zn_sys_read(fd, text + size, capacity - 1 - size);
    if (result > 0) size += (size_t)result;
  } while (result > 0 || result == -EINTR);
  (void)zn_sys_close(fd);
  text[size] = '\0';
  return result < 0 ? result : (int64_t)size;
}

/* The number a text begins with; -1: none, or it is too large. */
static int64_t parse_number(const char *text) {
  int64_t number = 0;
  if (*text < '0' || *text > '9') return -1;
  for (; *text >= '0' && *text <= '9'; text++) {
    if (__builtin_mul_overflow(number, 10, &number)) return -1;
    if (__builtin_add_overflow(number, *text - '0', &number)) return -1;
  }
  return number;
}

static int64_t read_number(const char *root, const char *folder, const char *name) {
  char path[PATH_MAX];
  char text[64];
  int length = snprintf(path, sizeof path, "%s/%s", folder, name);
  if (length < 0 || (size_t)length >= sizeof path) return -1;
  return read_text(root, path, text, sizeof text) > 0 ? parse_number(text) : -1;
}

/* Whether a list with commas has a word. */
static bool has_word(const char *list, const char *word) {
  size_t length = strlen(word);
  for (const char *at = list; (at = strstr(at, word)) != NULL; at += length) {
    bool starts = at == list || at[-1] == ',';
    if (starts && (at[length] == ',' || at[length] == '\0')) return true;
  }
  return false;
}

static bool copy_text(char *to, size_t capacity, const char *from) {
  size_t length = strlen(from);
  if (length >= capacity) return false;
  memcpy(to, from, length + 1);
  return true;
}

/* Lines are number:controllers:path. Version 2 has no controllers, and is used if version 1 does
 * not have the memory. */
static void find_group(char *text, struct hierarchy *found) {
  char *rest = text;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    (void)strsep(&line, ":");
    const char *controllers = strsep(&line, ":");
    if (controllers == NULL || line == NULL) continue;
    int version = has_word(controllers, "memory") ? 1 : *controllers == '\0' ? 2 : 0;
    if (version == 0 || (version == 2 && found->version == 1)) continue;
    if (copy_text(found->group, sizeof found->group, line)) found->version = version;
  }
}

/* Blanks in paths of mountinfo are \040. */
static void unescape(char *text) {
  char *to = text;
  for (const char *from = text; *from != '\0'; to++) {
    bool octal = from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
                 from[2] <= '7' && from[3] >= '0' && from[3] <= '7';
    *to = octal ? (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + from[3] - '0') : *from;
    from += octal ? 4 : 1;
  }
  *to = '\0';
}

/* Lines are id parent device root mount options... - type source options (proc(5)). */
static bool parse_mount(char *line, struct hierarchy *found) {
  char *tail = strstr(line, " - ");
  if (tail == NULL) return false;
  *tail = '\0';
  tail += 3;
  const char *type = strsep(&tail, " ");
  (void)strsep(&tail, " ");
  if (tail == NULL) return false;
  bool ours = found->version == 1 ? strcmp(type, "cgroup") == 0 && has_word(tail, "memory")
                                  : strcmp(type, "cgroup2") == 0;
  if (!ours) return false;
  for (int i = 0; i < 3; i++) (void)strsep(&line, " ");
  char *mount_root = strsep(&line, " ");
  char *mount = strsep(&line, " ");
  if (mount_root == NULL || mount == NULL) return false;
  unescape(mount_root);
  unescape(mount);
  return copy_text(found->mount_root, sizeof found->mount_root, mount_root) &&
         copy_text(found->mount, sizeof found->mount, mount);
}

static bool find_mount(char *text, struct hierarchy *found) {
  char *rest = text;
  for (char *line; (line = strsep(&rest, "\n")) != NULL;) {
    if (parse_mount(line, found)) return true;
  }
  return false;
}

/* Our group's path below the mount. A container may see its host's path, or one that climbs out of
 * its namespace: then what is mounted is all we can see. */
static const char *path_below(const struct hierarchy *found) {
  const char *group = found->group;
  size_t root_length = strlen(found->mount_root);
  if (strstr(group, "/..") != NULL) return "";
  if (strcmp(found->mount_root, "/") == 0) return strcmp(group, "/") == 0 ? "" : group;
  if (strncmp(group, found->mount_root, root_length) != 0) return "";
  group += root_length;
  return *group == '\0' || *group == '/' ? group : "";
}

static void read_limits(const char *root, const struct hierarchy *found,
                        struct zn_limit_machine *machine) {
  const char *limit_name = found->version == 1 ? "memory.limit_in_bytes" : "memory.max";
  const char *used_name = found->version == 1 ? "memory.usage_in_bytes" : "memory.current";
  char folder[2 * PATH_MAX];
  int length = snprintf(folder, sizeof folder, "%s%s", found->mount, path_below(found));
  if (length < 0 || (size_t)length >= sizeof folder) return;
  size_t mount_length = strlen(found->mount);
  for (;;) {
    int64_t limit = read_number(root, folder, limit_name);
    if (limit >= 0 && limit < ZN_CGROUP_V1_NONE && limit < machine->container_bytes) {
      int64_t used = read_number(root, folder, used_name);
      machine->container_bytes = limit;
      machine->container_used = used > 0 ? used : 0;
    }
    char *last = strrchr(folder + mount_length, '/');
    if (last == NULL) return;
    *last = '\0';
  }
}

static void read_physical(const char *root, char *text, struct zn_limit_machine *machine) {
  static const char *const name = "MemTotal:";
  if (read_text(root, "/proc/meminfo", text, ZN_PROC_BYTES_MAX) <= 0) return;
  const char *at = strstr(text, name);
  if (at == NULL) return;
  at += strlen(name);
  while (*at == ' ') at++;
  int64_t kibibytes = parse_number(at);
  if (kibibytes > 0 && kibibytes < INT64_MAX / 1024) machine->physical_bytes = kibibytes * 1024;
}

int zn_container_read(const char *root, struct zn_limit_machine *machine) {
  *machine =
      (struct zn_limit_machine){.physical_bytes = ZN_LIMIT_NONE, .container_bytes = ZN_LIMIT_NONE};
  struct hierarchy *found = zn_heap_allocate_zeroed(sizeof *found, _Alignof(struct hierarchy));
  char *text = zn_heap_allocate(ZN_PROC_BYTES_MAX, 1);
  int result = found != NULL && text != NULL ? 0 : -ENOMEM;
  if (result == 0) {
    read_physical(root, text, machine);
    if (read_text(root, "/proc/self/cgroup", text, ZN_PROC_BYTES_MAX) > 0) find_group(text, found);
    if (found->version != 0 &&
        read_text(root, "/proc/self/mountinfo", text, ZN_PROC_BYTES_MAX) > 0 &&
        find_mount(text, found)) {
      machine->container_version = found->version;
      read_limits(root, found, machine);
    }
  }
  zn_heap_free(text, ZN_PROC_BYTES_MAX, 1);
  zn_heap_free(found, sizeof *found, _Alignof(struct hierarchy));
  return result;
}

int zn_limit_read_machine(struct zn_limit_machine *machine) {
  return zn_container_read("", machine);
}
