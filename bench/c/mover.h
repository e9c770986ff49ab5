/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mover: calls zn_transfer until all is moved, adds up the receipts, and holds the pins of memory
 * that the kernel still reads.
 */
#ifndef BENCH_MOVER_H
#define BENCH_MOVER_H

#include <stdbool.h>
#include <stdint.h>

#include "fault.h"
#include "znio/znio.h"

/* Transfers whose memory may be on its way at once: enough to keep a socket busy. */
#define MOVER_PINS_MAX 16

struct mover {
  struct zn_transfer_options options;
  const char *label; /* "sendfile from file to tcp", for sentences */
  int path_ran;      /* of the last call that moved something, or -1 */
  int kernel_copied; /* enum zn_kernel_copied, over all calls */
  int declined_path;
  int declined_reason; /* 0: none */
  struct zn_pin *pins[MOVER_PINS_MAX];
  int pins_first;
  int pins_count;
};

void mover_init(struct mover *mover, int path, const char *label);

/* Moves exactly count bytes. */
int mover_move(struct mover *mover, struct zn_end source, struct zn_end target, int64_t count,
               struct bench_fault *fault);

/* Sends the header and the regions, all of them. The array is used up. */
int mover_move_regions(struct mover *mover, const void *header, size_t header_size,
                       struct zn_file_region *regions, size_t count, struct zn_end target,
                       struct bench_fault *fault);

/* Waits until the kernel has let go of all memory. */
int mover_settle(struct mover *mover, struct bench_fault *fault);

/* Gives up what is still pinned. */
void mover_clear(struct mover *mover);

/* Writes the sentence for an error of the library: a skip where the path cannot do it. Returns -1.
 */
int mover_fault(const char *label, int64_t error, struct bench_fault *fault);

#endif
