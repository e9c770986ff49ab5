/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts from outside: the agent's options, the name of a report, what JSON is written of, and what
 * the kernel says of limits. The linker's --wrap puts the files of the kernel, and the file that
 * JSON goes to, in place of the system's.
 */
#include <errno.h>

#include "agent.h"
#include "agent_json.h"
#include "container.h"
#include "fuzz.h"
#include "sys.h"
#include "znio/file.h"
#include "znio/limit.h"

/* --- options --- */

static void check_text(const char *text, size_t size) {
  FUZZ_CHECK(memchr(text, '\0', size) != NULL);
}

static void options(struct fuzz_input *in) {
  char *text = fuzz_text(in, SIZE_MAX);
  const char *cursor = text;
  struct agent_options read;
  agent_options_default(&read);
  for (int result = 1; result == 1;) {
    const char *before = cursor;
    char message[AGENT_MESSAGE_MAX] = "";
    result = agent_options_next(&cursor, &read, message, sizeof message);
    FUZZ_CHECK(cursor >= before && cursor <= text + strlen(text));
    FUZZ_CHECK(result == 1 || result == 0 || result == -EINVAL);
    FUZZ_CHECK((result < 0) == (message[0] != '\0'));
    check_text(message, sizeof message);
  }
  FUZZ_CHECK(read.mode <= (AGENT_IO | AGENT_UNSAFE | AGENT_FAST));
  FUZZ_CHECK(read.mode == AGENT_OBSERVE || (read.mode & AGENT_IO) != 0);
  FUZZ_CHECK(read.stacks <= INT32_MAX && read.log <= AGENT_LOG_INFO);
  for (int form = 0; form < AGENT_FORMS; form++) check_text(read.reports[form], PATH_MAX);
  free(text);
}

static void expand(struct fuzz_input *in) {
  size_t room = 1 + (size_t)fuzz_byte(in);
  char *out = malloc(room);
  char *text = fuzz_text(in, SIZE_MAX);
  int result = agent_expand(text, out, room);
  FUZZ_CHECK(result == 0 || result == -ENOENT || result == -ENAMETOOLONG);
  if (result == 0) check_text(out, room);
  if (result == 0 && strstr(text, "%p") == NULL) FUZZ_CHECK(strcmp(text, out) == 0);
  free(text);
  free(out);
}

/* --- JSON --- */

static char s_json[1 << 17];
static size_t s_json_size;

int64_t __wrap_zn_file_write(int fd, const void *buffer, int64_t size);
int64_t __wrap_zn_file_write(int fd, const void *buffer, int64_t size) {
  int64_t part = size > 1000 ? 1000 : size; /* short, as a pipe may be */
  FUZZ_CHECK(s_json_size + (size_t)part <= sizeof s_json);
  memcpy(s_json + s_json_size, buffer, (size_t)part);
  s_json_size += (size_t)part;
  return part;
}

static const char *skip_string(const char *at) {
  FUZZ_CHECK(*at == '"');
  for (at++; *at != '"'; at++) {
    FUZZ_CHECK(*at >= ' '); /* of char, which is signed or not: */
    FUZZ_CHECK((unsigned char)*at < 0x80);
    if (*at != '\\') continue;
    at++;
    if (*at == 'u') {
      for (int i = 0; i < 4; i++) FUZZ_CHECK(strchr("0123456789abcdef", *++at) != NULL);
    } else {
      FUZZ_CHECK(*at == '"' || *at == '\\');
    }
  }
  return at + 1;
}

static void json(struct fuzz_input *in) {
  size_t head = 0;
  size_t tail = 0;
  bool page = fuzz_below(in, 2) == 1;
  char *name = fuzz_text(in, fuzz_byte(in));
  char *value = fuzz_text(in, 8192);
  if (page) (void)agent_page_head(&head);
  if (page) (void)agent_page_tail(&tail);
  struct agent_json writer;
  s_json_size = 0;
  agent_json_begin(&writer, -1, page);
  agent_json_open(&writer, NULL, '{');
  agent_json_string(&writer, name, value);
  agent_json_ms(&writer, "ms", (int64_t)strlen(value));
  agent_json_close(&writer, '}');
  FUZZ_EQUAL(agent_json_end(&writer), 0);
  FUZZ_CHECK(s_json_size >= head + tail);
  s_json_size -= tail;
  s_json[s_json_size] = '\0';
  const char *at = s_json + head;
  if (page) FUZZ_CHECK(strchr(at, '<') == NULL); /* nothing in it ends the script it stands in */
  FUZZ_CHECK(at[0] == '{' && at[1] == '\n');
  at = skip_string(at + 2);
  FUZZ_CHECK(at[0] == ':' && at[1] == ' ');
  at = skip_string(at + 2);
  FUZZ_CHECK(strncmp(at, ",\n\"ms\": ", 8) == 0);
  free(value);
  free(name);
}

/* --- the kernel's files --- */

enum { GROUP, MOUNTS, MEMORY, NUMBER, FILES };
#define FIRST_FD 1000
static struct fuzz_input s_files[FILES];

int __wrap_zn_sys_open(const char *path, int flags, unsigned mode);
int __wrap_zn_sys_open(const char *path, int flags, unsigned mode) {
  int file = strcmp(path, "/proc/self/cgroup") == 0      ? GROUP
             : strcmp(path, "/proc/self/mountinfo") == 0 ? MOUNTS
             : strcmp(path, "/proc/meminfo") == 0        ? MEMORY
                                                         : NUMBER;
  return fuzz_left(&s_files[file]) == 0 ? -ENOENT : FIRST_FD + file;
}

int64_t __wrap_zn_sys_read(int fd, void *buffer, size_t size);
int64_t __wrap_zn_sys_read(int fd, void *buffer, size_t size) {
  struct fuzz_input *file = &s_files[fd - FIRST_FD];
  size_t part = size < fuzz_left(file) ? size : fuzz_left(file);
  if (part > 37) part = 37;
  memcpy(buffer, file->at, part);
  file->at += part;
  return (int64_t)part;
}

int __wrap_zn_sys_close(int fd);
int __wrap_zn_sys_close(int fd) { return 0; }

/* Files are parted by a byte that no text has. */
static void limits(struct fuzz_input *in) {
  for (int i = 0; i < FILES; i++) {
    const uint8_t *end = memchr(in->at, 0xff, fuzz_left(in));
    if (end == NULL) end = in->end;
    s_files[i] = (struct fuzz_input){in->at, end};
    in->at = end < in->end ? end + 1 : end;
  }
  struct zn_limit_machine machine;
  FUZZ_EQUAL(zn_limit_read_machine(&machine), 0);
  FUZZ_CHECK(machine.physical_bytes > 0 && machine.container_bytes >= 0);
  FUZZ_CHECK(machine.container_used >= 0);
  FUZZ_CHECK(machine.container_version >= 0 && machine.container_version <= 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const kinds[])(struct fuzz_input *) = {options, expand, json, limits};
  struct fuzz_input in = {data, data + size};
  kinds[fuzz_below(&in, 4)](&in);
  return 0;
}
