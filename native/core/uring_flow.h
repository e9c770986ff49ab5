/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Flow: one transfer through an io_uring ring, in chunks, several of them on their way at a time.
 *
 *   FREE -> READING -> READY -> WRITING -> DONE -> FREE
 *
 * Chunks are numbered; they are read in any order, written in the order of their numbers (a file
 * target that takes them in any order: begun in order), and they are done in order: what a flow has
 * moved is always a prefix of the source.
 *
 * INV-FLOW-1: no request waits on a socket or a pipe. Sends are non-blocking requests; when the
 * target is full the thread itself polls it. So a signal always ends a wait, the descriptor is
 * looked up anew after one that was replaced meanwhile (as a JVM does to close a channel), and
 * every request in flight ends by itself: reaping them is bounded by the disk, never by the peer.
 * INV-FLOW-2: zn_flow_run returns with no request in flight. Only notifications may be outstanding.
 * INV-FLOW-3: bytes count as moved when the completion of their write says so, and only then.
 */
#ifndef ZN_CORE_URING_FLOW_H
#define ZN_CORE_URING_FLOW_H

#include "ring.h"
#include "transfer_path.h"

#define ZN_FLOW_SLOTS_MAX 64u

/* Data that lie in no registered buffer. */
#define ZN_FLOW_UNREGISTERED (-1)

enum zn_flow_write {
  ZN_FLOW_WRITE_NONE,    /* memory target: the read put the bytes there */
  ZN_FLOW_WRITE_FILE,    /* at an offset */
  ZN_FLOW_WRITE_PIPE,    /* RWF_NOWAIT */
  ZN_FLOW_WRITE_SOCKET,  /* send, MSG_DONTWAIT */
  ZN_FLOW_WRITE_SEND_ZC, /* IORING_OP_SEND_ZC, MSG_DONTWAIT */
};

enum zn_flow_state { ZN_FLOW_READING, ZN_FLOW_READY, ZN_FLOW_WRITING, ZN_FLOW_DONE };

struct zn_flow_slot {
  char *data;
  int64_t number;   /* of the chunk in it */
  int64_t position; /* of its first byte, from the start of the flow */
  uint32_t wanted;  /* bytes */
  uint32_t filled;
  uint32_t written;
  uint32_t notifications;
  int32_t buffer; /* the registered buffer data lies in, or ZN_FLOW_UNREGISTERED */
  int32_t error;  /* of the read */
  uint8_t state;  /* enum zn_flow_state */
  bool last;      /* the source ends in it */
};

struct zn_flow {
  /* Set by the path before zn_flow_run. */
  struct zn_ring *ring;
  enum zn_flow_write write; /* how */
  int source_fd;            /* -1: memory, at memory */
  int64_t source_offset;
  int target_fd;
  int64_t target_offset; /* file */
  int tail_fd;           /* file: takes the end that is shorter than write_block, or -1 */
  char *memory;          /* the memory end, or NULL */
  int32_t memory_buffer; /* the registered buffer it is, or ZN_FLOW_UNREGISTERED */
  int64_t total;         /* bytes to move */
  uint32_t depth;
  uint32_t chunk_bytes;
  uint32_t read_block;   /* reads are rounded up to it */
  uint32_t memory_block; /* reads straight to memory need addresses that are multiples of it */
  uint32_t write_block;  /* file writes are rounded down to it */
  bool any_order;        /* file: several writes at a time */
  bool blocking;         /* wait when the target is full */
  bool more;             /* MSG_MORE */

  /* The flow's own. */
  bool plain_pipe; /* the pipe knows no RWF_NOWAIT (before Linux 6.4) */
  bool no_report;  /* the kernel knows no IORING_SEND_ZC_REPORT_USAGE (before Linux 6.2) */
  bool target_full;
  bool need_notification; /* no more pages may be pinned before one has come */
  bool stopped;
  bool ended;
  int32_t error;
  int64_t moved;
  int64_t next_position;
  int64_t head;       /* the first chunk that is not done */
  int64_t write_next; /* the first chunk whose write has not begun */
  int64_t tail;       /* one past the last chunk read or being read */
  uint32_t in_flight; /* requests without their completion; notifications are not counted */
  uint32_t writes;    /* those of them that write */
  struct zn_flow_slot slots[ZN_FLOW_SLOTS_MAX];
};

/*
 * Runs the flow to its end. returns: bytes moved >= 0; flow->error says why it ended early: -EINTR,
 * -EAGAIN (a non-blocking target is full), or what failed; 0 with fewer than total bytes is the end
 * of the source.
 */
ZN_MUST_CHECK int64_t zn_flow_run(struct zn_flow *flow);

#endif
