/* SPDX-License-Identifier: Apache-2.0 */
/* How the paths make pins. They make one before they send: afterwards is too late to run out of
 * memory. */
#ifndef ZN_CORE_PIN_MAKE_H
#define ZN_CORE_PIN_MAKE_H

#include "ring.h"
#include "zerocopy.h"
#include "znio/pin.h"

/* Makes an empty pin. End it with zn_pin_discard, or fill it and hand it out. NULL: no memory. */
struct zn_pin *zn_pin_new(void);

/* Frees a pin that holds nothing. NULL does nothing. */
void zn_pin_discard(struct zn_pin *pin);

/* Fills a pin with a ring whose notifications are outstanding; the ring is the pin's. */
void zn_pin_fill_ring(struct zn_pin *pin, struct zn_ring *ring);

/* Fills a pin with the sends of a watch, and a duplicate of their socket; both are the pin's. */
void zn_pin_fill_socket(struct zn_pin *pin, struct zn_zerocopy_watch *watch, int socket);

#endif
