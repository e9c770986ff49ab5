/* SPDX-License-Identifier: Apache-2.0 */
#include "znio/pin.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "heap.h"
#include "ledger_count.h"
#include "pin_make.h"
#include "sys.h"
#include "znio/ledger.h"
#include "znio/region.h"

/* Near the limit the caller gets what there is room for, but no crumbs. */
#define ZN_PIN_PART_BYTES_MIN ((int64_t)64 << 10)

struct zn_pin {
  uint64_t record;
  struct zn_ring *ring; /* SEND_ZC; or NULL */
  int socket;           /* MSG_ZEROCOPY: a duplicate; or -1 */
  struct zn_zerocopy_watch watch;
  bool complete; /* the kernel has said that it is done */
};

/* Counts the memory as lent: all of it, or half, or a quarter... */
static int lend(const struct zn_job *job, int64_t *lent, uint64_t *record) {
  struct zn_birth birth = {.kind = ZN_KIND_PIN, .counted = (job->flags & ZN_TRANSFER_COUNTED) != 0};
  *lent = job->count;
  if (job->source.kind != ZN_END_MEMORY) return zn_ledger_open(&birth, record);
  birth.address = (uint64_t)(uintptr_t)job->source.address;
  for (;;) {
    birth.size = *lent;
    int result = birth.size > ZN_REGION_SIZE_MAX ? ZN_ELIMIT : zn_ledger_open(&birth, record);
    if (result != ZN_ELIMIT || *lent / 2 < ZN_PIN_PART_BYTES_MIN) return result;
    *lent /= 2;
  }
}

int zn_pin_new(const struct zn_job *job, int64_t *lent, struct zn_pin **out) {
  *out = NULL;
  struct zn_pin *pin = zn_heap_allocate(sizeof *pin, _Alignof(struct zn_pin));
  if (pin == NULL) return -ENOMEM;
  memset(pin, 0, sizeof *pin);
  pin->socket = -1;
  int result = lend(job, lent, &pin->record);
  if (result < 0) {
    zn_heap_free(pin, sizeof *pin, _Alignof(struct zn_pin));
    return result;
  }
  *out = pin;
  return 0;
}

static void end(struct zn_pin *pin, int cause) {
  (void)!zn_ledger_died(pin->record, cause, 0); /* fails only for one that is cancelled */
  zn_heap_free(pin, sizeof *pin, _Alignof(struct zn_pin));
}

void zn_pin_discard(struct zn_pin *pin, int64_t sent) {
  if (pin == NULL) return;
  zn_ledger_shrink(pin->record, sent);
  if (sent == 0) zn_ledger_cancel(pin->record);
  end(pin, ZN_CAUSE_CLOSED);
}

void zn_pin_fill_ring(struct zn_pin *pin, struct zn_ring *ring, int64_t size) {
  pin->ring = ring;
  zn_ledger_shrink(pin->record, size);
}

void zn_pin_fill_socket(struct zn_pin *pin, struct zn_zerocopy_watch *watch, int socket,
                        int64_t size) {
  zn_zerocopy_move(watch, &pin->watch);
  pin->socket = socket;
  zn_ledger_shrink(pin->record, size);
  zn_ledger_count(ZN_LEDGER_DESCRIPTOR, 1);
}

uint64_t zn_pin_record(const struct zn_pin *pin) { return pin->record; }

int zn_pin_poll(struct zn_pin *pin, int timeout_ms) {
  int result = pin->ring != NULL
                   ? zn_ring_drain(pin->ring, timeout_ms)
                   : zn_zerocopy_await(&pin->watch, 0, pin->socket, pin->socket, timeout_ms);
  if (result == 1) pin->complete = true;
  return result;
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
    zn_ledger_count(ZN_LEDGER_DESCRIPTOR, -1);
  }
  end(pin, pin->complete ? ZN_CAUSE_CLOSED : ZN_CAUSE_LEAKED);
}
