/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pin: memory that the kernel may still read after a transfer has returned.
 *
 * MSG_ZEROCOPY (Linux 4.14) and io_uring SEND_ZC (Linux 6.0) send from the caller's pages. Until
 * the completion has come, those pages must be neither changed nor given back to an allocator, even
 * if the socket is closed meanwhile: retransmissions read them. A pin holds what is needed to see
 * the completion: a duplicate of the socket, or the io_uring instance.
 *
 * MSG_ZEROCOPY on a non-blocking socket also hands out a pin for a file source, though no memory
 * hangs on it: its completions lie in the socket's error queue, and until zn_pin_poll (or the next
 * such transfer) has read them, poll and selectors report POLLERR.
 *
 * Pins are in the ledger, and their bytes count against the limit of memory (znio/limit.h) from
 * before the first send on. Where the limit has room for a part only, that part is sent.
 *
 * The kernel numbers a socket's MSG_ZEROCOPY sends, and znio keeps the account: nobody else may
 * send with MSG_ZEROCOPY, or read the error queue, on a socket while a pin of it is alive.
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
 * Looks for completions, waiting up to about timeout_ms (0: not at all; -1: for ever). They come
 * when the peer's system has acknowledged the bytes, or the connection is lost. returns: 1 all
 * complete, the memory is free again; 0 not yet; -EINTR. One thread at a time; other threads may
 * use the socket and other pins of it meanwhile.
 */
ZN_API ZN_MUST_CHECK int zn_pin_poll(struct zn_pin *pin, int timeout_ms);

/*
 * The owner has closed its socket: shuts the pin's duplicate down for writing, so that the peer
 * sees the end of the stream as soon as the queued bytes are sent. The pin stays valid.
 */
ZN_API void zn_pin_shutdown(struct zn_pin *pin);

/* returns: 1 the kernel copied after all, 0 it did not, -1 not yet known. */
ZN_API int zn_pin_copied(const struct zn_pin *pin);

/*
 * Returns the handle of the pin's record in the ledger (kind PIN): its address and size are those
 * of the memory, as far as it was sent; 0 bytes for a file. zn_ledger_set_birth says who lent it.
 */
ZN_API uint64_t zn_pin_record(const struct zn_pin *pin);

/*
 * Frees a pin whose zn_pin_poll returned 1. Freeing an incomplete one abandons the knowledge: the
 * caller must then never reuse the memory, and the ledger counts a leak. NULL does nothing.
 */
ZN_API void zn_pin_release(struct zn_pin *pin);

#ifdef __cplusplus
}
#endif
#endif
