/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON, written to a descriptor as it is told: no tree of it in memory, whatever its size; alone or
 * inside the page that shows it. The library links nothing but jemalloc and liburing; of JSON it
 * needs numbers and short names.
 */
#ifndef ZN_AGENT_JSON_H
#define ZN_AGENT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"

struct agent_json {
  int fd;
  int error; /* the first that a write met; nothing is written after it */
  bool page;
  char separator;
  size_t length;
  char buffer[4096];
};

/* page: the JSON is the data of the page, which is written around it. */
void agent_json_begin(struct agent_json *json, int fd, bool page);

/* name: the member's, or NULL in an array and at the top. bracket: '{' or '['. */
void agent_json_open(struct agent_json *json, const char *name, char bracket);
void agent_json_close(struct agent_json *json, char bracket);
void agent_json_string(struct agent_json *json, const char *name, const char *value);
void agent_json_number(struct agent_json *json, const char *name, int64_t value);
void agent_json_null(struct agent_json *json, const char *name);

/* us: microseconds, written as milliseconds with three decimals. Below 0: null. */
void agent_json_ms(struct agent_json *json, const char *name, int64_t us);

/* Writes what is left. returns: 0, or -errno of the first write that failed. */
ZN_MUST_CHECK int agent_json_end(struct agent_json *json);

#endif
