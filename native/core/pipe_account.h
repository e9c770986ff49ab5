/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a zn_pipe, for the paths that fill and empty it. */
#ifndef ZN_CORE_PIPE_ACCOUNT_H
#define ZN_CORE_PIPE_ACCOUNT_H

#include <stdbool.h>

#include "znio/pipe.h"

struct zn_pipe {
  int fds[2];       /* read end, write end */
  int64_t bytes;    /* what was put in and not yet taken out */
  int64_t capacity; /* bytes, if every page is full */
  char *spill;      /* bytes that never were in the kernel's pipe, or NULL; read after it */
  int64_t spill_bytes;
  int64_t spill_read_bytes;
};

/* Puts count bytes behind what *pipe holds; acquires a pipe if *pipe is NULL.
 * returns: 0, -ENOMEM, -EMFILE. */
int zn_pipe_spill(struct zn_pipe **pipe, const char *bytes, int64_t count);

#endif
