/* SPDX-License-Identifier: Apache-2.0 */
/* How the paths make pins. They make one before they send: afterwards is too late to run out of
 * memory, or to be refused by the limit. */
#ifndef ZN_CORE_PIN_MAKE_H
#define ZN_CORE_PIN_MAKE_H

#include <stdint.h>

#include "ring.h"
#include "transfer_path.h"
#include "zerocopy.h"
#include "znio/pin.h"

/*
 * Makes an empty pin for a job whose caller takes one, and counts its memory as lent (of a file
 * there is none). *lent: of job->count, how many bytes may be sent; fewer than all where the limit
 * has no room for more. End the pin with zn_pin_discard, or fill it and hand it out.
 * returns: 0; ZN_ELIMIT no room; -ENOMEM.
 */
ZN_MUST_CHECK int zn_pin_new(const struct zn_job *job, int64_t *lent, struct zn_pin **out);

/* Frees a pin that holds nothing: the memory, of which sent bytes were lent, is the caller's again.
 * With 0 it is as if there had been no pin. NULL does nothing. */
void zn_pin_discard(struct zn_pin *pin, int64_t sent);

/* Fills a pin with a ring whose notifications are outstanding; the ring is the pin's. Of the memory
 * size bytes were sent. */
void zn_pin_fill_ring(struct zn_pin *pin, struct zn_ring *ring, int64_t size);

/* Fills a pin with the sends of a watch, and a duplicate of their socket; both are the pin's. */
void zn_pin_fill_socket(struct zn_pin *pin, struct zn_zerocopy_watch *watch, int socket,
                        int64_t size);

#endif
