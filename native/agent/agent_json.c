/* SPDX-License-Identifier: Apache-2.0 */
#include "agent_json.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "agent.h"
#include "znio/file.h"

static void flush(struct agent_json *json) {
  size_t written = 0;
  while (json->error == 0 && written < json->length) {
    int64_t result =
        zn_file_write(json->fd, json->buffer + written, (int64_t)(json->length - written));
    if (result > 0) {
      written += (size_t)result;
    } else if (result != -EINTR) {
      json->error = result == 0 ? -EIO : (int)result;
    }
  }
  json->length = 0;
}

static void put(struct agent_json *json, char c) {
  if (json->length == sizeof json->buffer) flush(json);
  json->buffer[json->length++] = c;
}

static void put_text(struct agent_json *json, const char *text) {
  while (*text != '\0') put(json, *text++);
}

static void put_all(struct agent_json *json, const char *text, size_t size) {
  for (size_t i = 0; i < size; i++) put(json, text[i]);
}

static void put_escaped(struct agent_json *json, unsigned unit) {
  char escaped[8];
  snprintf(escaped, sizeof escaped, "\\u%04x", unit & 0xffff);
  put_text(json, escaped);
}

static unsigned continuation(const char *text) {
  unsigned char c = (unsigned char)*text;
  return (c & 0xc0) == 0x80 ? c & 0x3fu : UINT_MAX;
}

/*
 * One character that is no ASCII. The JVM's UTF-8 has characters beyond 16 bits in two halves of
 * three bytes each, which is how JSON escapes them; what was cut in the middle is put as U+FFFD.
 * returns: its last byte.
 */
static const char *put_unit(struct agent_json *json, const char *text) {
  unsigned lead = (unsigned char)*text;
  unsigned second = continuation(text + 1);
  unsigned third = second == UINT_MAX ? UINT_MAX : continuation(text + 2);
  if (lead >= 0xc0 && lead < 0xe0 && second != UINT_MAX) {
    put_escaped(json, (lead & 0x1f) << 6 | second);
    return text + 1;
  }
  if (lead >= 0xe0 && lead < 0xf0 && third != UINT_MAX) {
    put_escaped(json, (lead & 0x0f) << 12 | second << 6 | third);
    return text + 2;
  }
  put_escaped(json, 0xfffd);
  return text;
}

static void put_quoted(struct agent_json *json, const char *text) {
  put(json, '"');
  for (; *text != '\0'; text++) {
    unsigned char c = (unsigned char)*text;
    if (c >= 0x80) {
      text = put_unit(json, text);
    } else if (c < ' ' || (c == '<' && json->page)) { /* no string ends the page's script */
      put_escaped(json, c);
    } else {
      if (c == '"' || c == '\\') put(json, '\\');
      put(json, *text);
    }
  }
  put(json, '"');
}

static void start(struct agent_json *json, const char *name) {
  if (json->separator != '\0') put(json, json->separator);
  json->separator = ',';
  if (name == NULL) return;
  put(json, '\n');
  put_quoted(json, name);
  put_text(json, ": ");
}

void agent_json_open(struct agent_json *json, const char *name, char bracket) {
  start(json, name);
  put(json, bracket);
  json->separator = '\0';
}

void agent_json_close(struct agent_json *json, char bracket) {
  put(json, bracket);
  json->separator = ',';
}

void agent_json_string(struct agent_json *json, const char *name, const char *value) {
  start(json, name);
  put_quoted(json, value);
}

void agent_json_number(struct agent_json *json, const char *name, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%lld", (long long)value);
  start(json, name);
  put_text(json, text);
}

void agent_json_null(struct agent_json *json, const char *name) {
  start(json, name);
  put_text(json, "null");
}

void agent_json_ms(struct agent_json *json, const char *name, int64_t us) {
  if (us < 0) {
    agent_json_null(json, name);
    return;
  }
  char text[32];
  snprintf(text, sizeof text, "%lld.%03d", (long long)(us / 1000), (int)(us % 1000));
  start(json, name);
  put_text(json, text);
}

void agent_json_begin(struct agent_json *json, int fd, bool page) {
  json->fd = fd;
  json->error = 0;
  json->page = page;
  json->separator = '\0';
  json->length = 0;
  if (!page) return;
  size_t size;
  const char *head = agent_page_head(&size);
  put_all(json, head, size);
}

int agent_json_end(struct agent_json *json) {
  put(json, '\n');
  if (json->page) {
    size_t size;
    const char *tail = agent_page_tail(&size);
    put_all(json, tail, size);
  }
  flush(json);
  return json->error;
}
