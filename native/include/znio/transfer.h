/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Transfer: bytes from one end to another, by the path the caller names or by the best one.
 *
 * An end is a file, a TCP or unix stream socket, a pipe, or a range of memory. The caller owns
 * every descriptor and keeps it open for the whole call. All functions may be called from any
 * thread; two transfers that share a socket, a pipe or a file position must be serialised by the
 * caller.
 */
#ifndef ZNIO_TRANSFER_H
#define ZNIO_TRANSFER_H

#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * X(name, number, text). The numbers are part of the ABI: Java's TransferPath has the
 * same ones.
 */
#define ZN_PATH_MAP(X)                                                                             \
  X(ZN_PATH_AUTO, 0, "auto")                                                                       \
  X(ZN_PATH_READ_WRITE, 1, "read-write")                                                           \
  X(ZN_PATH_MMAP_WRITE, 2, "mmap-write")                                                           \
  X(ZN_PATH_SENDFILE, 3, "sendfile")                                                               \
  X(ZN_PATH_SPLICE, 4, "splice")                                                                   \
  X(ZN_PATH_VMSPLICE, 5, "vmsplice")                                                               \
  X(ZN_PATH_TEE, 6, "tee")                                                                         \
  X(ZN_PATH_COPY_FILE_RANGE, 7, "copy-file-range")                                                 \
  X(ZN_PATH_REFLINK, 8, "reflink")                                                                 \
  X(ZN_PATH_MSG_ZEROCOPY, 9, "msg-zerocopy")                                                       \
  X(ZN_PATH_DIRECT_URING, 10, "direct-uring")                                                      \
  X(ZN_PATH_URING_REGISTERED, 11, "uring-registered")                                              \
  X(ZN_PATH_URING_SEND_ZC, 12, "uring-send-zc")                                                    \
  X(ZN_PATH_PRIVATE_MAP, 13, "private-map")                                                        \
  X(ZN_PATH_MEMFD, 14, "memfd")

enum zn_path {
#define ZN_PATH_ENUM(name, number, text) name = number,
  ZN_PATH_MAP(ZN_PATH_ENUM)
#undef ZN_PATH_ENUM
      ZN_PATH_COUNT
};

/* What an end is. The caller says it, so that no system call is spent on finding out. */
enum zn_end_kind {
  ZN_END_FILE = 1,   /* regular file or block device */
  ZN_END_TCP = 2,    /* TCP socket, v4 or v6 */
  ZN_END_UNIX = 3,   /* unix stream socket */
  ZN_END_PIPE = 4,   /* one end of a pipe or FIFO */
  ZN_END_MEMORY = 5, /* a range of this process's memory */
};

/* Use and advance the descriptor's own position. Sockets and pipes always do. */
#define ZN_OFFSET_CURRENT ((int64_t)-1)

struct zn_end {
  int32_t kind;   /* enum zn_end_kind */
  int32_t fd;     /* -1 for memory */
  int64_t offset; /* file: byte offset >= 0, or ZN_OFFSET_CURRENT; memory: unused */
  void *address;  /* memory: first byte; it must hold count bytes. Else unused. */
};

/* Flags of zn_transfer_options. */
#define ZN_TRANSFER_MORE 1u  /* more data follows at once: sockets may wait for it (MSG_MORE) */
#define ZN_TRANSFER_PAGES 2u /* memory source: whole pages of a zn_mapping, so they may be lent */
/* Memory source: lies in a live block of znio, which outlives the pin: while it is lent, it counts
 * against the limit of memory as a block, not twice. */
#define ZN_TRANSFER_COUNTED 4u

struct zn_transfer_options {
  int32_t path;         /* enum zn_path; ZN_PATH_AUTO chooses */
  uint32_t flags;       /* ZN_TRANSFER_... */
  uint32_t depth;       /* io_uring: requests in flight, 1...64; 0 = 8 */
  uint32_t chunk_bytes; /* io_uring: bytes a request, multiple of 4096 up to 1 MiB; 0 = 256 KiB */
  const struct zn_end *tee; /* tee: the second target, else NULL */
};

/* Whether the kernel copied although the path promises not to. */
enum zn_kernel_copied {
  ZN_COPIED_UNKNOWN = -1, /* the path has no way to tell */
  ZN_COPIED_NO = 0,
  ZN_COPIED_YES = 1, /* reported by the completions of MSG_ZEROCOPY or SEND_ZC */
};

struct zn_pipe; /* znio/pipe.h */
struct zn_pin;  /* znio/pin.h */

/*
 * What a transfer did. Filled on success and on failure.
 *
 * stranded: bytes that were taken from a socket or pipe and could not be delivered, because the
 * target failed. They lie in the pipe, which now belongs to the caller: zn_pipe_drain them, then
 * zn_pipe_release it. NULL when there are none.
 * pin: memory of the caller that the kernel may still read after the return (MSG_ZEROCOPY,
 * SEND_ZC): keep it alive and unchanged until zn_pin_poll says so, then zn_pin_release. May also be
 * there for a file as source (see znio/pin.h). NULL when there is none. Memory that may end in a
 * pin counts against the limit of memory: where that has room for a part only, the part is sent and
 * error is ZN_ELIMIT.
 * lost_...: of ZN_ELOST and ZN_EDAMAGED, where in its file the page lies that could not be had.
 */
struct zn_receipt {
  int64_t bytes;           /* bytes that reached the target */
  int64_t system_calls;    /* system calls made, failed ones included */
  int64_t stranded_bytes;  /* bytes in *stranded */
  int32_t path;            /* the path that moved the bytes (the last one, if several did) */
  int32_t declined_path;   /* a better path that did not run, or ZN_PATH_AUTO when there is none */
  int32_t declined_reason; /* why: an error code */
  int32_t error;           /* why fewer than count bytes were moved: an error code, or 0 */
  int32_t kernel_copied;   /* enum zn_kernel_copied */
  int32_t reserved;
  int64_t lost_offset;  /* -1: none */
  uint64_t lost_device; /* st_dev */
  uint64_t lost_inode;  /* st_ino */
  struct zn_pipe *stranded;
  struct zn_pin *pin;
};

/*
 * Moves up to count bytes from source to target.
 *
 * Blocking ends: returns when count bytes were moved, at the end of the source, at a signal, or at
 * an error. Non-blocking ends: also when an end is not ready. A partial transfer returns the bytes
 * moved; what stopped it is in receipt->error, and the next call meets it again. A target file's
 * bytes are in the page cache, not on disk.
 *
 * With sendfile, splice, vmsplice and tee the target receives references to the source's pages: a
 * change of the source after the return may still reach the peer (verified by the mutation probe).
 *
 * options: NULL for ZN_PATH_AUTO. receipt: may be NULL when the source is a file or memory: then
 * the call waits until nothing is pinned any more, and a signal does not end that wait. A socket or
 * pipe as source needs one (-EINVAL otherwise), because bytes taken from it exist nowhere else if
 * the target fails.
 *
 * direct-uring: the source's offset, and a target file's, must be multiples of the file's direct
 * I/O block (ZN_EALIGN); lengths need not be, a target file's last bytes go through the page cache.
 * If writing a target file fails in the middle, bytes behind those reported may have been written,
 * with the values they should have.
 *
 * Memory in a mapping of zn_mapping_open: a page that cannot be had ends the transfer with
 * ZN_ELOST; no page is put in its place. A mapping in which one was put in place before is refused,
 * with ZN_EDAMAGED; so is one in which that happened meanwhile: then receipt->bytes bytes were
 * moved all the same, and may be zeros instead of the file's.
 *
 * SIGPIPE: sendfile, splice and write to a pipe or socket whose peer has gone raise it besides
 * returning -EPIPE. A JVM ignores it; a C program must ignore it too.
 *
 * pre: count >= 0; offsets >= 0 or ZN_OFFSET_CURRENT; both ends open for the call.
 * returns: bytes moved; 0 at the end of the source, for count 0, or when all that was taken from a
 *   stream is stranded (receipt->error then says why); -EAGAIN an end is not ready, nothing moved;
 *   -EINTR a signal came first, nothing moved; -EINVAL a bad argument; -EFBIG no file has a byte
 *   at the target's offset; ZN_ELOST a page of memory cannot be had, nothing moved; ZN_ECLOSED its
 *   mapping is closed; ZN_EDAMAGED, see above;
 * ZN_EPAIR and the other private codes when the named path cannot do it, nothing moved; any errno
 * of the system calls.
 *
 * Mirrors FileChannel.transferTo and transferFrom; differs: counts over 2 GiB are moved whole, a
 * refusal holds for one call only, sockets and pipes to files are spliced.
 */
ZN_API ZN_MUST_CHECK int64_t zn_transfer(const struct zn_end *source, const struct zn_end *target,
                                         int64_t count, const struct zn_transfer_options *options,
                                         struct zn_receipt *receipt);

/* One piece of a file for zn_transfer_regions. */
struct zn_file_region {
  int64_t offset; /* bytes, >= 0 */
  int64_t length; /* bytes, >= 0 */
  int32_t fd;     /* a file open for reading */
  int32_t reserved;
};

/*
 * Sends header (header_size bytes, may be 0) and then count regions, in order, to a socket, pipe or
 * file, with as few system calls as the path allows.
 *
 * Paths: READ_WRITE gathers by pread into one buffer and writes it (one copy each way, large
 * segments); SENDFILE sends each region inside TCP_CORK without a copy; SPLICE gathers references
 * in a pipe (not to a pipe: ZN_EPAIR); AUTO gathers short regions and sends long ones by sendfile
 * between them. A region that reaches past the end of its file sends what is there and ends the
 * call with receipt->error = ZN_ETRUNCATED. A header in a mapped file that was cut short, or whose
 * disk is full, is no danger once the guard is installed or switched off (znio/guard.h), as it is
 * from the first zn_mapping_open on: ZN_ELOST, in memory of strangers -EFAULT.
 *
 * returns: bytes sent, header included; errors as zn_transfer.
 */
ZN_API ZN_MUST_CHECK int64_t zn_transfer_regions(const void *header, size_t header_size,
                                                 const struct zn_file_region *regions, size_t count,
                                                 const struct zn_end *target,
                                                 const struct zn_transfer_options *options,
                                                 struct zn_receipt *receipt);

/*
 * Fills an end from a descriptor: kind by fstat and getsockopt, offset ZN_OFFSET_CURRENT.
 * returns: 0; -EBADF; ZN_EPAIR for a descriptor that no path serves (a directory, a datagram
 * socket).
 */
ZN_API ZN_MUST_CHECK int zn_end_init(struct zn_end *end, int fd);

/* Returns the name of a path ("sendfile"), NULL for an unknown number. Static string. */
ZN_API const char *zn_path_name(int path);

/* Returns the name of an end's kind ("file", "tcp", ...), NULL for an unknown number. Static
 * string. */
ZN_API const char *zn_end_kind_name(int kind);

#ifdef __cplusplus
}
#endif
#endif
