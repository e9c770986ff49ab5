/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pin: memory that the kernel may still read after a transfer has returned.
 *
 * MSG_ZEROCOPY (Linux 4.14) and io_uring SEND_ZC (Linux 6.0) send from the caller's pages. Until the
 * completion has come, those pages must be neither changed nor given back to an allocator, even if
 * the socket is closed meanwhile: retransmissions read them. A pin holds what is needed to see the
 * completion: a duplicate of the socket, or the io_uring instance.
 */
#ifndef ZNIO_PIN_H
#define ZNIO_PIN_H

#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

struct zn_pin;

/*
 * Looks for completions, waiting up to timeout_ms (0: not at all; -1: for ever).
 * returns: 1 all complete, the memory is free again; 0 not yet; -EINTR. Not thread-safe.
 */
ZN_API ZN_MUST_CHECK int zn_pin_poll(struct zn_pin *pin, int timeout_ms);

/*
 * The owner has closed its socket: shuts the pin's duplicate down for writing, so that the peer sees
 * the end of the stream as soon as the queued bytes are sent. The pin stays valid.
 */
ZN_API void zn_pin_shutdown(struct zn_pin *pin);

/* returns: 1 the kernel copied after all, 0 it did not, -1 not yet known. */
ZN_API int zn_pin_copied(const struct zn_pin *pin);

/*
 * Frees a pin whose zn_pin_poll returned 1. Freeing an incomplete one abandons the knowledge: the
 * caller must then never reuse the memory. NULL does nothing.
 */
ZN_API void zn_pin_release(struct zn_pin *pin);

#ifdef __cplusplus
}
#endif
#endif
