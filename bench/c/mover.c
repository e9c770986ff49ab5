/* SPDX-License-Identifier: Apache-2.0 */
#include "mover.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "net.h"

void mover_init(struct mover *mover, int path, const char *label) {
  *mover = (struct mover){.options = {.path = path},
                          .label = label,
                          .path_ran = -1,
                          .kernel_copied = ZN_COPIED_UNKNOWN};
}

/* Codes that say "not here", as the library's own AUTO understands them. */
static bool is_refusal(int64_t error) {
  switch (error) {
    case ZN_EPAIR:
    case ZN_EFILESYSTEM:
    case ZN_EKERNEL:
    case ZN_EFORBIDDEN:
    case ZN_EALIGN:
    case ZN_EPAGES:
    case ZN_ESMALL:
    case ZN_EMEMLOCK:
    case -ENOSPC:
    case -EDQUOT:
      return true;
    default:
      return false;
  }
}

int mover_fault(const char *label, int64_t error, struct bench_fault *fault) {
  if (is_refusal(error)) {
    return bench_fault_skip(fault, "%s: %s", label, zn_error_text((int)error));
  }
  if (error == -EAGAIN) {
    return bench_fault_set(fault, "%s: the other end was not ready for %d s", label,
                           BENCH_TIMEOUT_MS / 1000);
  }
  return bench_fault_set(fault, "%s: %s (%s)", label, zn_error_text((int)error),
                         zn_error_name((int)error));
}

static void note_copied(struct mover *mover, int copied) {
  if (copied > mover->kernel_copied) mover->kernel_copied = copied;
}

static int release_oldest(struct mover *mover, struct bench_fault *fault) {
  struct zn_pin *pin = mover->pins[mover->pins_first];
  int done;
  do {
    done = zn_pin_poll(pin, BENCH_TIMEOUT_MS);
  } while (done == -EINTR);
  if (done < 0) return mover_fault(mover->label, done, fault);
  if (done == 0) return bench_fault_set(fault, "%s: no completion for 60 s", mover->label);
  note_copied(mover, zn_pin_copied(pin));
  zn_pin_release(pin);
  mover->pins_first = (mover->pins_first + 1) % MOVER_PINS_MAX;
  mover->pins_count--;
  return 0;
}

static int hold_pin(struct mover *mover, struct zn_pin *pin, struct bench_fault *fault) {
  int status = 0;
  if (mover->pins_count == MOVER_PINS_MAX) status = release_oldest(mover, fault);
  if (status != 0) {
    zn_pin_release(pin); /* the run fails, and its memory is never written again */
    return -1;
  }
  mover->pins[(mover->pins_first + mover->pins_count++) % MOVER_PINS_MAX] = pin;
  return 0;
}

static int account(struct mover *mover, int64_t result, struct zn_receipt *receipt,
                   struct bench_fault *fault) {
  if (result > 0) mover->path_ran = receipt->path;
  note_copied(mover, receipt->kernel_copied);
  if (mover->declined_reason == 0 && receipt->declined_reason != 0) {
    mover->declined_path = receipt->declined_path;
    mover->declined_reason = receipt->declined_reason;
  }
  int64_t stranded = receipt->stranded_bytes;
  zn_pipe_release(receipt->stranded);
  if (receipt->pin != NULL && hold_pin(mover, receipt->pin, fault) != 0) return -1;
  if (stranded > 0) {
    return bench_fault_set(fault, "%s: %" PRId64 " bytes were stranded (%s)", mover->label,
                           stranded, zn_error_text(receipt->error));
  }
  return 0;
}

static void advance(struct zn_end *end, int64_t bytes) {
  if (end->kind == ZN_END_FILE && end->offset >= 0) end->offset += bytes;
  if (end->kind == ZN_END_MEMORY) end->address = (char *)end->address + bytes;
}

int mover_move(struct mover *mover, struct zn_end source, struct zn_end target, int64_t count,
               struct bench_fault *fault) {
  int64_t stopped_by = 0; /* what ended the call before, if it moved a part */
  while (count > 0) {
    struct zn_receipt receipt = {0};
    int64_t moved = zn_transfer(&source, &target, count, &mover->options, &receipt);
    if (account(mover, moved, &receipt, fault) != 0) return -1;
    if (moved == -EINTR) continue;
    /* A path that lends whole pages only may refuse the rest: the reason is what came before. */
    if (moved < 0) return mover_fault(mover->label, stopped_by < 0 ? stopped_by : moved, fault);
    stopped_by = receipt.error;
    if (moved == 0) {
      return bench_fault_set(fault, "%s: the source ended %" PRId64 " bytes early", mover->label,
                             count);
    }
    advance(&source, moved);
    advance(&target, moved);
    count -= moved;
  }
  return 0;
}

/* Takes bytes that were sent off the front of a header and its regions. */
static void take_off(int64_t bytes, const char **header, size_t *header_size,
                     struct zn_file_region **regions, size_t *count) {
  size_t of_header = (size_t)bytes < *header_size ? (size_t)bytes : *header_size;
  *header += of_header;
  *header_size -= of_header;
  bytes -= (int64_t)of_header;
  while (*count > 0 && bytes >= (*regions)->length) {
    bytes -= (*regions)->length;
    (*regions)++;
    (*count)--;
  }
  if (*count > 0) {
    (*regions)->offset += bytes;
    (*regions)->length -= bytes;
  }
}

int mover_move_regions(struct mover *mover, const void *header, size_t header_size,
                       struct zn_file_region *regions, size_t count, struct zn_end target,
                       struct bench_fault *fault) {
  const char *front = header;
  while (header_size > 0 || count > 0) {
    struct zn_receipt receipt = {0};
    int64_t moved =
        zn_transfer_regions(front, header_size, regions, count, &target, &mover->options, &receipt);
    if (account(mover, moved, &receipt, fault) != 0) return -1;
    if (moved == -EINTR) continue;
    if (moved < 0) return mover_fault(mover->label, moved, fault);
    if (moved == 0) return bench_fault_set(fault, "%s: a region ended early", mover->label);
    advance(&target, moved);
    take_off(moved, &front, &header_size, &regions, &count);
  }
  return 0;
}

int mover_settle(struct mover *mover, struct bench_fault *fault) {
  while (mover->pins_count > 0) {
    if (release_oldest(mover, fault) != 0) return -1;
  }
  return 0;
}

void mover_clear(struct mover *mover) {
  while (mover->pins_count > 0) {
    struct zn_pin *pin = mover->pins[mover->pins_first];
    /* The link is closed by now, so this ends soon; the mapping is only ever read, whatever comes.
     */
    (void)!zn_pin_poll(pin, 1000);
    zn_pin_release(pin);
    mover->pins_first = (mover->pins_first + 1) % MOVER_PINS_MAX;
    mover->pins_count--;
  }
}
