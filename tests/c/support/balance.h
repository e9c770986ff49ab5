/* SPDX-License-Identifier: Apache-2.0 */
/* What tests of the asynchronous paths share: sources, pins, and a balance of what is open. */
#ifndef ZN_TESTS_BALANCE_H
#define ZN_TESTS_BALANCE_H

#include <stdint.h>

#include "support/ends.h"
#include "znio/znio.h"

#define MIB ((int64_t)1 << 20)

/* What was open when the test began. */
struct balance {
  struct zn_ledger_totals totals;
  int descriptors;
};
extern struct balance balance;

/* Setup and teardown of a test: nothing may be open at its end that was not open at its start.
 * SIGPIPE ends the test. Idle rings and accounts of sockets are given back first. */
int balance_setup(void **state);
int balance_teardown(void **state);
#define BALANCED(name) cmocka_unit_test_setup_teardown(name, balance_setup, balance_teardown)

int64_t move_by(int path, struct zn_end source, struct zn_end target, int64_t count,
                struct zn_receipt *receipt);

/* Waits for a transfer's pin, if it has one, takes its verdict into the receipt and releases it. */
void settle(struct zn_receipt *receipt);

/* size bytes of a pattern behind offset others, in a file or in memory; bytes has them all. */
struct source {
  struct zn_end end;
  uint8_t *bytes;
};
struct source source_open(int kind, int64_t size, int64_t offset, uint32_t seed);
void source_close(struct source *source);

/* Moves a source's or target's offset or address. */
void end_advance(struct zn_end *end, int64_t bytes);

/* Closes the writer and expects exactly these bytes to have arrived; closes the reader. */
void end_stream(struct pair *pair, struct collector *collector, const uint8_t *expected,
                int64_t size);

#endif
