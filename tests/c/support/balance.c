/* SPDX-License-Identifier: Apache-2.0 */
#include "support/balance.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include "ring.h"
#include "support/check.h"
#include "zerocopy.h"

struct balance balance;

static void read_balance(struct balance *now) {
  zn_pipe_trim();
  zn_ring_trim();
  zn_zerocopy_trim();
  zn_ledger_read(&now->totals);
  now->descriptors = open_descriptors();
}

int balance_setup(void **state) {
  signal(SIGPIPE, SIG_DFL);
  read_balance(&balance);
  return 0;
}

int balance_teardown(void **state) {
  struct balance after;
  read_balance(&after);
  assert_int_equal(after.totals.rings, balance.totals.rings);
  assert_int_equal(after.totals.pipes, balance.totals.pipes);
  assert_int_equal(after.totals.pins, balance.totals.pins);
  assert_int_equal(after.totals.pin_bytes, balance.totals.pin_bytes);
  assert_int_equal(after.totals.memfds, balance.totals.memfds);
  assert_int_equal(after.totals.mappings, balance.totals.mappings);
  assert_int_equal(after.totals.mapping_bytes, balance.totals.mapping_bytes);
  assert_int_equal(after.totals.descriptors, balance.totals.descriptors);
  assert_int_equal(after.descriptors, balance.descriptors);
  return 0;
}

int64_t move_by(int path, struct zn_end source, struct zn_end target, int64_t count,
                struct zn_receipt *receipt) {
  struct zn_transfer_options options = {.path = path};
  return zn_transfer(&source, &target, count, &options, receipt);
}

void settle(struct zn_receipt *receipt) {
  if (receipt->pin == NULL) return;
  assert_int_equal(zn_pin_poll(receipt->pin, -1), 1);
  receipt->kernel_copied = zn_pin_copied(receipt->pin);
  zn_pin_release(receipt->pin);
  receipt->pin = NULL;
}

struct source source_open(int kind, int64_t size, int64_t offset, uint32_t seed) {
  struct source source = {.bytes = malloc((size_t)(size + offset))};
  fill_pattern(source.bytes, size + offset, seed);
  source.end = kind == ZN_END_FILE ? end_file(file_make(size + offset, seed), offset)
                                   : end_memory(source.bytes + offset);
  return source;
}

void source_close(struct source *source) {
  if (source->end.fd >= 0) close(source->end.fd);
  free(source->bytes);
}

void end_advance(struct zn_end *end, int64_t bytes) {
  if (end->kind == ZN_END_FILE) end->offset += bytes;
  if (end->kind == ZN_END_MEMORY) end->address = (char *)end->address + bytes;
}

void end_stream(struct pair *pair, struct collector *collector, const uint8_t *expected,
                int64_t size) {
  close(pair->writer);
  pair->writer = -1;
  collector_assert(collector, expected, size);
  pair_close(pair);
}
