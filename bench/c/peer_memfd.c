/* SPDX-License-Identifier: Apache-2.0 */
/* The command receive kind=memfd: shared memory whose descriptors come over a unix socket. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "hash.h"
#include "peer.h"

#define MESSAGE_BYTES_MAX 64

/* Receives one message's descriptor. returns: it; -1 with an empty fault at the end of stream. */
static int receive_descriptor(int socket, struct bench_fault *fault) {
  char text[MESSAGE_BYTES_MAX];
  union {
    struct cmsghdr align;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control;
  struct iovec vector = {.iov_base = text, .iov_len = sizeof text};
  struct msghdr message = {.msg_iov = &vector,
                           .msg_iovlen = 1,
                           .msg_control = control.bytes,
                           .msg_controllen = sizeof control.bytes};
  ssize_t got;
  do {
    got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
  } while (got < 0 && errno == EINTR);
  fault->text[0] = '\0';
  if (got == 0) return -1;
  if (got < 0) return bench_fault_errno(fault, errno, "receiving a descriptor");
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) {
    return bench_fault_set(fault, "a message without a descriptor came");
  }
  int fd;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return fd;
}

/* A slice of the memory, mapped. */
struct slice {
  void *base;
  size_t base_bytes;
  const char *bytes;
  size_t size;
};

static int slice_map(int fd, int64_t index, int64_t size, int64_t left, struct slice *slice,
                     struct bench_fault *fault) {
  struct stat status;
  if (fstat(fd, &status) != 0) return bench_fault_errno(fault, errno, "asking for a size");
  int64_t slots = status.st_size / size;
  int64_t offset = slots > 1 ? index % slots * size : 0;
  int64_t length = size < left ? size : left;
  if (offset + length > status.st_size) {
    return bench_fault_set(fault, "the memory that came is too small: %" PRId64 " bytes",
                           (int64_t)status.st_size);
  }
  int64_t slack = offset % sysconf(_SC_PAGESIZE);
  slice->base_bytes = (size_t)(length + slack);
  slice->base =
      mmap(NULL, slice->base_bytes, PROT_READ, MAP_SHARED | MAP_POPULATE, fd, offset - slack);
  if (slice->base == MAP_FAILED) return bench_fault_errno(fault, errno, "mapping what came");
  slice->bytes = (const char *)slice->base + slack;
  slice->size = (size_t)length;
  return 0;
}

struct memfd_stream {
  int socket;
  int64_t size;
  int64_t wanted;
  int64_t got;
  struct bench_hash *hash;
};

static int hash_messages(struct memfd_stream *stream, struct bench_fault *fault) {
  for (int64_t index = 0; stream->got < stream->wanted; index++) {
    int fd = receive_descriptor(stream->socket, fault);
    if (fd < 0) return fault->text[0] == '\0' ? 0 : -1;
    struct slice slice = {0};
    int status = slice_map(fd, index, stream->size, stream->wanted - stream->got, &slice, fault);
    close(fd);
    if (status != 0) return -1;
    bench_hash_update(stream->hash, slice.bytes, slice.size);
    stream->got += (int64_t)slice.size;
    munmap(slice.base, slice.base_bytes);
  }
  return 0;
}

/* The probe: one mapping, hashed before and after the worker's "go". */
static int hash_twice(struct peer *peer, struct memfd_stream *stream, struct bench_fault *fault) {
  int fd = receive_descriptor(stream->socket, fault);
  if (fd < 0) {
    return fault->text[0] == '\0' ? bench_fault_set(fault, "no descriptor came") : -1;
  }
  struct slice slice = {0};
  int status = slice_map(fd, 0, stream->size, stream->wanted, &slice, fault);
  close(fd);
  if (status != 0) return -1;
  struct bench_hash *before = bench_hash_new(false);
  bench_hash_update(before, slice.bytes, slice.size);
  peer_say("mapped hash=%016" PRIx64, bench_hash_value(before));
  bench_hash_free(before);
  status = peer_wait_go(peer, fault);
  if (status == 0) bench_hash_update(stream->hash, slice.bytes, slice.size);
  stream->got = (int64_t)slice.size;
  munmap(slice.base, slice.base_bytes);
  return status;
}

int peer_receive_memfd(struct peer *peer, const struct bench_words *words,
                       struct bench_fault *fault) {
  struct memfd_stream stream = {0};
  int64_t hold;
  int64_t flip;
  if (bench_words_number(words, "bytes", -1, &stream.wanted, fault) != 0) return -1;
  if (bench_words_number(words, "size", -1, &stream.size, fault) != 0) return -1;
  if (bench_words_number(words, "hold", 0, &hold, fault) != 0) return -1;
  if (bench_words_number(words, "flip", 0, &flip, fault) != 0) return -1;
  if (stream.size == 0) return bench_fault_set(fault, "size is 1 or more");
  struct peer_ends ends;
  int status = peer_ends_open(peer, words, 1, false, &ends, fault);
  if (status == 0) {
    stream.socket = ends.fds[0];
    stream.hash = bench_hash_new(flip != 0);
    int64_t start_ns = bench_clock_now();
    int64_t start_cpu_ns = bench_clock_cpu();
    status = hold ? hash_twice(peer, &stream, fault) : hash_messages(&stream, fault);
    if (status == 0) {
      peer_say("done bytes=%" PRId64 " hash=%016" PRIx64 " cpu_ns=%" PRId64 " nanos=%" PRId64,
               stream.got, bench_hash_value(stream.hash), bench_clock_cpu() - start_cpu_ns,
               bench_clock_now() - start_ns);
    }
    bench_hash_free(stream.hash);
  }
  peer_ends_close(&ends);
  return status;
}
