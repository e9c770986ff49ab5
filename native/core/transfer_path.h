/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One function per transfer path. transfer.c checks the arguments, chooses and calls them; they
 * call the kernel through sys.h.
 *
 * A path function moves up to count > 0 bytes. It returns bytes moved > 0, 0 at the end of the
 * source, or a negative code with nothing moved. After a partial transfer it returns the bytes
 * moved and sets job->error. ZN_EPAIR, ZN_EFILESYSTEM, ZN_EKERNEL, ZN_EFORBIDDEN, ZN_EAPPEND,
 * ZN_EMEMLOCK and ZN_EALIGN mean "not by this path": AUTO then tries the next one.
 */
#ifndef ZN_CORE_TRANSFER_PATH_H
#define ZN_CORE_TRANSFER_PATH_H

#include <stdbool.h>

#include "znio/pin.h"
#include "znio/pipe.h"
#include "znio/transfer.h"

/* One transfer on its way: copies of the ends, whose offsets advance as bytes move. */
struct zn_job {
  struct zn_end source;
  struct zn_end target;
  struct zn_end tee; /* tee only */
  int64_t count;
  uint32_t flags;
  uint32_t depth;       /* 1...64 */
  uint32_t chunk_bytes; /* multiple of 4096, up to 1 MiB */
  int32_t error;        /* why it stopped early, or 0 */
  int32_t kernel_copied;
  int64_t stranded_bytes;
  struct zn_pipe *stranded; /* set by a path, handed to the receipt */
  struct zn_pin *pin;       /* likewise */
  bool can_hand_out;        /* the caller has a receipt: stranded and pin may be handed to it */
};

int64_t zn_path_read_write(struct zn_job *job);       /* transfer_copy.c */
int64_t zn_path_mmap_write(struct zn_job *job);       /* transfer_copy.c */
int64_t zn_path_private_map(struct zn_job *job);      /* transfer_copy.c */
int64_t zn_path_sendfile(struct zn_job *job);         /* transfer_sendfile.c */
int64_t zn_path_splice(struct zn_job *job);           /* transfer_splice.c */
int64_t zn_path_vmsplice(struct zn_job *job);         /* transfer_splice.c */
int64_t zn_path_tee(struct zn_job *job);              /* transfer_splice.c */
int64_t zn_path_copy_file_range(struct zn_job *job);  /* transfer_clone.c */
int64_t zn_path_reflink(struct zn_job *job);          /* transfer_clone.c */
int64_t zn_path_msg_zerocopy(struct zn_job *job);     /* transfer_zerocopy.c */
int64_t zn_path_direct_uring(struct zn_job *job);     /* transfer_uring.c */
int64_t zn_path_uring_registered(struct zn_job *job); /* transfer_uring.c */
int64_t zn_path_uring_send_zc(struct zn_job *job);    /* transfer_uring.c */
int64_t zn_path_memfd(struct zn_job *job);            /* transfer_memfd.c */

static inline bool zn_end_is_socket(const struct zn_end *end) {
  return end->kind == ZN_END_TCP || end->kind == ZN_END_UNIX;
}

/* Whether bytes read from a descriptor can be read once more: only from a file at an offset. */
static inline bool zn_end_can_read_again(const struct zn_end *end) {
  return end->kind == ZN_END_FILE && end->offset >= 0;
}

static inline int64_t zn_smaller(int64_t a, int64_t b) { return a < b ? a : b; }

/* Moves the job's offsets past bytes that were moved, and its count. */
static inline void zn_job_advance(struct zn_job *job, int64_t bytes) {
  if (job->source.kind == ZN_END_FILE && job->source.offset >= 0) job->source.offset += bytes;
  if (job->source.kind == ZN_END_MEMORY) job->source.address = (char *)job->source.address + bytes;
  if (job->target.kind == ZN_END_FILE && job->target.offset >= 0) job->target.offset += bytes;
  if (job->target.kind == ZN_END_MEMORY) job->target.address = (char *)job->target.address + bytes;
  job->count -= bytes;
}

/* What the caller says of an end. returns: 0; -EINVAL; -EBADF. In transfer.c. */
int zn_end_check(const struct zn_end *end);

/* Writes size bytes of memory to a descriptor, in full if it is a blocking one. In transfer_copy.c.
 * returns: bytes written > 0; or a negative code with nothing written. Advances the end's offset.
 */
int64_t zn_end_write(struct zn_end *end, const void *buffer, size_t size, uint32_t flags);

/* Reads up to size bytes from a descriptor, one call. Advances the end's offset. 0 at the end. */
int64_t zn_end_read(struct zn_end *end, void *buffer, size_t size);

/* Copies job->count bytes between overlapping ranges of one file, both offsets known and the
 * target's the larger, as memmove does. returns: job->count or a negative code. In transfer_copy.c.
 */
int64_t zn_copy_backward(struct zn_job *job);

/* A piece of a source file mapped read-only, for the kernel to read from. In transfer_copy.c. */
struct zn_map_window {
  void *base;          /* page-aligned start of the mapping */
  size_t mapped_bytes; /* its length */
  char *address;       /* the byte at the source's offset */
  int64_t bytes;       /* usable from there */
};

/* Maps up to count bytes (at most 8 MiB) at the source's offset; map_flags: MAP_SHARED or
 * MAP_PRIVATE. returns: 0; ZN_EFILESYSTEM when the file cannot be mapped; -ENOMEM. */
int zn_map_window_open(const struct zn_end *source, int64_t count, int map_flags,
                       struct zn_map_window *window);
void zn_map_window_close(struct zn_map_window *window);

/* returns: bytes between offset and the end of the file, or -errno. */
int64_t zn_file_bytes_from(int fd, int64_t offset);

/* Lowers job->count to what the source file holds from its offset. returns: 0 or -errno. */
int zn_job_clamp_to_file(struct zn_job *job);

/* Why a path that gave EINVAL, EBADF or EOPNOTSUPP between these ends cannot work: ZN_EAPPEND,
 * ZN_EOVERLAP or ZN_EFILESYSTEM. In transfer.c. */
int zn_job_refusal(const struct zn_job *job);

/* What an errno of sendfile or splice means for the path: man 2 sendfile, man 2 splice. In
 * transfer.c. */
int zn_job_splice_refusal(const struct zn_job *job, int error);

/* Empties a pipe into an end; more: other bytes follow at once; wait: for a non-blocking end.
 * returns: bytes delivered; *error says why not all. In transfer_splice.c. */
int64_t zn_pipe_empty(struct zn_pipe *pipe, struct zn_end *target, bool more, bool wait,
                      int32_t *error);

/* Whether both ends are overlapping ranges of one file. In transfer.c. */
bool zn_job_overlaps(const struct zn_job *job);

/* Whether both ends are in one file: then a source that has met its end must not go on with what
 * was written behind it meanwhile. In transfer.c. */
bool zn_job_is_in_one_file(const struct zn_job *job);

#endif
