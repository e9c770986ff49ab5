/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/pin.h"

#include <string.h>
#include <sys/socket.h>

#include "heap.h"
#include "ledger_count.h"
#include "pin_make.h"
#include "sys.h"

struct zn_pin {
  struct zn_ring *ring; /* SEND_ZC; or NULL */
  int socket;           /* MSG_ZEROCOPY: a duplicate; or -1 */
  struct zn_zerocopy_watch watch;
};

struct zn_pin *zn_pin_new(void) {
  struct zn_pin *pin = zn_heap_allocate(sizeof *pin, _Alignof(struct zn_pin));
  if (pin == NULL) return NULL;
  memset(pin, 0, sizeof *pin);
  pin->socket = -1;
  return pin;
}

void zn_pin_discard(struct zn_pin *pin) { zn_heap_free(pin, sizeof *pin, _Alignof(struct zn_pin)); }

void zn_pin_fill_ring(struct zn_pin *pin, struct zn_ring *ring) {
  pin->ring = ring;
  zn_ledger_count(ZN_LEDGER_PIN, 1, 0);
}

void zn_pin_fill_socket(struct zn_pin *pin, struct zn_zerocopy_watch *watch, int socket) {
  zn_zerocopy_move(watch, &pin->watch);
  pin->socket = socket;
  zn_ledger_count(ZN_LEDGER_PIN, 1, 0);
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, 1, 0);
}

int zn_pin_poll(struct zn_pin *pin, int timeout_ms) {
  if (pin->ring != NULL) return zn_ring_drain(pin->ring, timeout_ms);
  return zn_zerocopy_await(&pin->watch, 0, pin->socket, pin->socket, timeout_ms);
}

void zn_pin_shutdown(struct zn_pin *pin) {
  /* A ring holds no socket: what it sends belongs to the queue of a socket that its owner closes.
   */
  if (pin->ring == NULL) (void)zn_sys_shutdown(pin->socket, SHUT_WR);
}

int zn_pin_copied(const struct zn_pin *pin) {
  if (pin->ring == NULL) return zn_zerocopy_copied(&pin->watch);
  if (pin->ring->copied) return 1;
  return pin->ring->notifications == 0 && !pin->ring->silent ? 0 : -1;
}

void zn_pin_release(struct zn_pin *pin) {
  if (pin == NULL) return;
  if (pin->ring != NULL) {
    zn_ring_release(pin->ring);
  } else {
    zn_zerocopy_end(&pin->watch);
    (void)zn_sys_close(pin->socket);
    zn_ledger_count(ZN_LEDGER_DESCRIPTOR, -1, 0);
  }
  zn_ledger_count(ZN_LEDGER_PIN, -1, 0);
  zn_pin_discard(pin);
}
