/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Class files: what the agent reads of them and how it replaces a method. The file is memory of
 * just its size.
 */
#include "agent_fast.h"
#include "fuzz.h"

static const struct agent_method s_method = {"move", "(JJ)J"};

static const unsigned char s_code[] = {
    0x1e, 0x20,    /* lload_0, lload_2 */
    0xb8, 0,    0, /* invokestatic */
    0xad,          /* lreturn */
};
static const struct agent_body s_body = {
    .calls = {"from", "(JJ)J"},
    .helper = "io/znio/Helper",
    .code = s_code,
    .size = sizeof s_code,
    .stack = 4,
    .locals = 5,
};

/* The new body is the same whatever the file: so is its hash, if our texts are found first. */
static void check_replaced(const unsigned char *bytes, size_t size) {
  size_t room = agent_class_replace(bytes, size, &s_method, &s_body, NULL);
  if (room == 0) return;
  unsigned char *out = malloc(room);
  unsigned char *again = malloc(room);
  FUZZ_EQUAL(agent_class_replace(bytes, size, &s_method, &s_body, out), room);
  FUZZ_CHECK(agent_class_hash(out, room, &s_method) != 0);
  size_t larger = agent_class_replace(out, room, &s_method, &s_body, NULL);
  FUZZ_CHECK(larger == 0 || larger > room);
  FUZZ_EQUAL(agent_class_replace(bytes, size, &s_method, &s_body, again), room);
  FUZZ_CHECK(memcmp(out, again, room) == 0);
  static uint64_t hash;
  if (hash == 0) hash = agent_class_hash(out, room, &s_method);
  FUZZ_CHECK(agent_class_hash(out, room, &s_method) == hash);
  free(again);
  free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  unsigned char *bytes = malloc(size == 0 ? 1 : size);
  if (size > 0) memcpy(bytes, data, size);
  uint64_t hash = agent_class_hash(bytes, size, &s_method);
  FUZZ_CHECK(agent_class_hash(bytes, size, &s_method) == hash);
  check_replaced(bytes, size);
  free(bytes);
  return 0;
}
