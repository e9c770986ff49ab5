/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One transfer, or list of regions, between two ends of any kind and with any numbers. What the
 * call says it moved is what has arrived, once and in order, and what it did not move is still
 * there; nothing is left open. Ends that are not what the call is told they are: only no harm.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fuzz.h"
#include "ring.h"
#include "zerocopy.h"
#include "znio/znio.h"

#define BYTES_MAX (160 << 10)
#define STREAM_MAX (24 << 10) /* what every socket and pipe has room for */
#define TARGET_BYTES 5000     /* of a target file, before */
#define REGIONS_MAX 12
#define LIMIT_FD 64

/* Bytes that every source has, and what arrives. */
static unsigned char s_source[BYTES_MAX];
static unsigned char s_arrived[4 * BYTES_MAX];

struct end {
  struct zn_end end;
  int kind;      /* what it really is */
  int other;     /* of streams: where they come from or go to; else -1 */
  int64_t start; /* where it begins, if it is a file */
  bool honest;   /* end says what it is */
};

static int64_t clamp(int64_t number, int64_t max) {
  return number < 0 ? 0 : number > max ? number % (max + 1) : number;
}

static void tcp_pair(int fds[2]) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  FUZZ_EQUAL(bind(listener, (struct sockaddr *)&address, size), 0);
  FUZZ_EQUAL(listen(listener, 1), 0);
  FUZZ_EQUAL(getsockname(listener, (struct sockaddr *)&address, &size), 0);
  fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  FUZZ_EQUAL(connect(fds[1], (struct sockaddr *)&address, size), 0);
  fds[0] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
  FUZZ_CHECK(fds[0] >= 0);
  struct linger reset = {.l_onoff = 1}; /* no ports are left waiting */
  setsockopt(fds[1], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  close(listener);
}

/* fds[0] is read, fds[1] is written. */
static void stream(int kind, int fds[2]) {
  if (kind == ZN_END_TCP) tcp_pair(fds);
  if (kind == ZN_END_UNIX) {
    FUZZ_EQUAL(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
  }
  if (kind == ZN_END_PIPE) FUZZ_EQUAL(pipe2(fds, O_CLOEXEC), 0);
  for (int i = 0; i < 2; i++) fcntl(fds[i], F_SETFL, fcntl(fds[i], F_GETFL) | O_NONBLOCK);
}

static int file_of(int64_t size, bool on_disk) {
  int fd = on_disk ? open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)
                   : memfd_create("fuzz", MFD_CLOEXEC);
  FUZZ_CHECK(fd >= 0);
  FUZZ_EQUAL(pwrite(fd, s_source, (size_t)size, 0), size);
  return fd;
}

static void open_end(struct fuzz_input *in, bool source, int64_t size, struct end *end) {
  int fds[2] = {-1, -1};
  int64_t offset = fuzz_below(in, 3) == 0 ? fuzz_number(in) : clamp(fuzz_number(in), size);
  *end = (struct end){.kind = 1 + fuzz_below(in, 5), .other = -1, .honest = true};
  int fd = -1;
  if (end->kind == ZN_END_FILE) {
    fd = file_of(size, fuzz_below(in, 4) == 0);
    if (!source && fuzz_below(in, 8) == 0) fcntl(fd, F_SETFL, O_APPEND);
    bool append = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
    end->start = append ? size : offset == -1 ? 0 : offset;
  } else if (end->kind != ZN_END_MEMORY) {
    stream(end->kind, fds);
    fd = fds[source ? 0 : 1];
    end->other = fds[source ? 1 : 0];
    if (source) FUZZ_EQUAL(write(end->other, s_source, (size_t)size), size);
  }
  end->end = (struct zn_end){.kind = end->kind, .fd = fd, .offset = offset};
  if (end->kind == ZN_END_MEMORY) end->end.address = malloc((size_t)size + 1);
  if (end->kind == ZN_END_MEMORY && source) memcpy(end->end.address, s_source, (size_t)size);
}

/* Says something else of an end than it is. Memory it is never: a range must be there. */
static void belie(struct fuzz_input *in, struct end *end) {
  if (end->kind == ZN_END_MEMORY) return;
  end->honest = false;
  if (fuzz_below(in, 2) == 0) {
    end->end.kind = (int32_t)fuzz_number(in);
    if (end->end.kind == ZN_END_MEMORY) end->end.kind = ZN_END_FILE;
  } else {
    end->end.fd = (int32_t)(fuzz_number(in) | INT32_MIN);
  }
}

static void close_end(struct end *end, int fd) {
  if (end->kind == ZN_END_MEMORY) {
    free(end->end.address);
  } else {
    close(fd);
  }
  if (end->other >= 0) close(end->other);
}

/* All there is; TCP may take a moment to deliver what is expected. */
static int64_t read_all(int fd, int64_t expected) {
  int64_t size = 0;
  for (;;) {
    ssize_t got = read(fd, s_arrived + size, sizeof s_arrived - (size_t)size);
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    if (got < 0 && size < expected && poll(&readable, 1, 5000) == 1) continue;
    if (got <= 0) return size;
    size += got;
  }
}

/* --- what came of it --- */

/* What the target got of bytes that are expected. */
static void check_target(const struct end *target, int fd, const unsigned char *expected,
                         int64_t moved, int path) {
  if (target->kind == ZN_END_FILE) {
    if (moved > 0) FUZZ_EQUAL(pread(fd, s_arrived, (size_t)moved, target->start), moved);
  } else if (target->kind == ZN_END_MEMORY) {
    memcpy(s_arrived, target->end.address, (size_t)moved);
  } else if (path == ZN_PATH_MEMFD) {
    int memfd;
    int64_t size;
    int result = zn_memfd_receive(target->other, &memfd, &size);
    FUZZ_CHECK((result == 0) == (moved > 0));
    if (result < 0) return;
    FUZZ_EQUAL(size, moved);
    FUZZ_EQUAL(pread(memfd, s_arrived, sizeof s_arrived, 0), moved);
    FUZZ_EQUAL(zn_memfd_close(memfd), 0);
  } else {
    int on = 1; /* what waits for more is sent */
    if (target->kind == ZN_END_TCP) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    FUZZ_EQUAL(read_all(target->other, moved), moved);
  }
  FUZZ_CHECK(moved == 0 || memcmp(s_arrived, expected, (size_t)moved) == 0);
}

/* A stream has what was neither delivered nor stranded. */
static void check_rest(const struct end *source, int fd, int64_t size, int64_t taken) {
  if (source->kind == ZN_END_FILE || source->kind == ZN_END_MEMORY) return;
  int64_t left = read_all(fd, size - taken);
  FUZZ_EQUAL(left + taken, size);
  FUZZ_CHECK(memcmp(s_arrived, s_source + taken, (size_t)left) == 0);
}

static void check_stranded(struct zn_receipt *receipt, int64_t moved) {
  FUZZ_EQUAL(receipt->stranded != NULL, receipt->stranded_bytes > 0);
  if (receipt->stranded == NULL) return;
  FUZZ_EQUAL(zn_pipe_bytes(receipt->stranded), receipt->stranded_bytes);
  FUZZ_EQUAL(zn_pipe_drain(receipt->stranded, s_arrived, sizeof s_arrived),
             receipt->stranded_bytes);
  FUZZ_CHECK(memcmp(s_arrived, s_source + moved, (size_t)receipt->stranded_bytes) == 0);
  zn_pipe_release(receipt->stranded);
}

static void settle(struct zn_receipt *receipt) {
  if (receipt->pin == NULL) return;
  FUZZ_EQUAL(zn_pin_poll(receipt->pin, 5000), 1);
  zn_pin_release(receipt->pin);
}

/* --- a transfer --- */

static struct zn_transfer_options any_options(struct fuzz_input *in) {
  struct zn_transfer_options options = {.path = fuzz_below(in, ZN_PATH_COUNT)};
  if (fuzz_below(in, 8) == 0) options.path = (int32_t)fuzz_number(in);
  if (fuzz_below(in, 3) == 0) options.flags = (uint32_t)fuzz_below(in, 2); /* MORE */
  if (fuzz_below(in, 3) == 0) options.depth = (uint32_t)fuzz_number(in);
  if (fuzz_below(in, 3) == 0) options.chunk_bytes = (uint32_t)fuzz_below(in, 8) * 4096;
  if (fuzz_below(in, 8) == 0) options.chunk_bytes = (uint32_t)fuzz_number(in);
  return options;
}

static void transfer(struct fuzz_input *in) {
  struct end source;
  struct end target;
  int64_t size = clamp(fuzz_number(in), BYTES_MAX);
  int64_t stream_size = size > STREAM_MAX ? size % STREAM_MAX : size;
  const uint8_t *start = in->at;
  open_end(in, true, stream_size, &source);
  if (source.kind == ZN_END_FILE && size != stream_size) { /* once more, with all of it */
    close_end(&source, source.end.fd);
    in->at = start;
    open_end(in, true, size, &source);
  } else {
    size = stream_size;
  }
  int64_t count = fuzz_number(in);
  open_end(in, false, TARGET_BYTES, &target);
  if (source.kind == ZN_END_MEMORY && count > size) count %= size + 1;
  if (target.kind == ZN_END_MEMORY && count > TARGET_BYTES) count %= TARGET_BYTES + 1;
  struct zn_transfer_options options = any_options(in);
  int source_fd = source.end.fd;
  int target_fd = target.end.fd;
  if (fuzz_below(in, 8) == 0) belie(in, &source);
  if (fuzz_below(in, 8) == 0) belie(in, &target);
  bool honest = source.honest && target.honest;
  /* io_uring waits for what comes from a stream, whatever it was told. */
  bool waits = options.path >= ZN_PATH_DIRECT_URING && options.path <= ZN_PATH_URING_SEND_ZC;
  if (!honest && waits) options.path = ZN_PATH_AUTO;
  struct zn_receipt receipt;
  int64_t result = zn_transfer(&source.end, &target.end, count, &options, &receipt);
  int64_t moved = result > 0 ? result : 0;
  FUZZ_CHECK(moved == 0 || moved <= count);
  FUZZ_EQUAL(receipt.bytes, moved);
  if (result < 0) FUZZ_EQUAL(receipt.error, result);
  int64_t from = source.kind == ZN_END_FILE ? source.start : 0;
  if (honest && options.path != ZN_PATH_TEE) {
    FUZZ_CHECK(moved == 0 || (from >= 0 && moved <= size - from));
    check_target(&target, target_fd, s_source + (moved == 0 ? 0 : from), moved, receipt.path);
    check_rest(&source, source_fd, size, moved + receipt.stranded_bytes);
  }
  if (honest) {
    check_stranded(&receipt, moved);
  } else {
    zn_pipe_release(receipt.stranded);
  }
  if (target.other >= 0 && !honest) (void)read_all(target.other, 0);
  settle(&receipt);
  close_end(&source, source_fd);
  close_end(&target, target_fd);
}

/* --- ranges of one file --- */

static void inside_one_file(struct fuzz_input *in) {
  static unsigned char expected[2 * BYTES_MAX];
  int64_t size = 1 + clamp(fuzz_number(in), BYTES_MAX - 1);
  int64_t from = clamp(fuzz_number(in), size);
  int64_t to = clamp(fuzz_number(in), size);
  int64_t count = fuzz_number(in);
  int fd = file_of(size, fuzz_below(in, 2) == 0);
  struct zn_transfer_options options = any_options(in);
  struct zn_end source = {.kind = ZN_END_FILE, .fd = fd, .offset = from};
  struct zn_end target = {.kind = ZN_END_FILE, .fd = fd, .offset = to};
  int64_t result = zn_transfer(&source, &target, count, &options, NULL);
  FUZZ_CHECK(result <= size - from && (result <= 0 || result <= count));
  memcpy(expected, s_source, (size_t)size);
  if (result > 0) memmove(expected + to, expected + from, (size_t)result);
  if (result > 0 && to + result > size) size = to + result;
  if (result >= 0) {
    FUZZ_EQUAL(pread(fd, s_arrived, sizeof s_arrived, 0), size);
    FUZZ_CHECK(memcmp(s_arrived, expected, (size_t)size) == 0);
  }
  close(fd);
}

/* --- regions --- */

/* What can be sent of a list: up to the first that its file does not hold. */
static int64_t join(const struct zn_file_region *regions, size_t count, int64_t size, int fd,
                    unsigned char *out, int64_t filled) {
  for (size_t i = 0; i < count; i++) {
    int64_t offset = regions[i].offset;
    int64_t length = regions[i].length;
    if (length == 0) continue;
    if (regions[i].fd != fd || offset >= size) return filled;
    int64_t there = length < size - offset ? length : size - offset;
    memcpy(out + filled, s_source + offset, (size_t)there);
    filled += there;
    if (there < length) return filled;
  }
  return filled;
}

static void regions(struct fuzz_input *in) {
  static unsigned char expected[4 * BYTES_MAX];
  struct zn_file_region list[REGIONS_MAX];
  struct end target;
  int64_t size = clamp(fuzz_number(in), BYTES_MAX / 4);
  int64_t header_size = clamp(fuzz_number(in), BYTES_MAX / 4);
  size_t count = (size_t)fuzz_below(in, REGIONS_MAX + 1);
  int fd = file_of(size, fuzz_below(in, 4) == 0);
  bool bad = false;
  for (size_t i = 0; i < count; i++) {
    bool any = fuzz_below(in, 8) == 0;
    int64_t offset = fuzz_number(in);
    int64_t length = fuzz_number(in);
    list[i] = (struct zn_file_region){.offset = any ? offset : clamp(offset, size),
                                      .length = any ? length : clamp(length, size),
                                      .fd = fuzz_below(in, 16) == 0 ? -1 : fd};
    bad = bad || list[i].offset < 0 || list[i].length < 0 ||
          list[i].length > INT64_MAX - list[i].offset;
  }
  open_end(in, false, TARGET_BYTES, &target);
  struct zn_transfer_options options = any_options(in);
  int target_fd = target.end.fd;
  if (fuzz_below(in, 8) == 0) belie(in, &target);
  unsigned char *header = malloc((size_t)header_size + 1);
  memcpy(header, s_source, (size_t)header_size);
  struct zn_receipt receipt;
  int64_t sent = zn_transfer_regions(header, (size_t)header_size, list, count, &target.end,
                                     &options, &receipt);
  if (bad) FUZZ_CHECK(sent < 0);
  memcpy(expected, header, (size_t)header_size);
  int64_t whole = bad ? 0 : join(list, count, size, fd, expected, header_size);
  FUZZ_CHECK(sent <= whole);
  if (target.honest) check_target(&target, target_fd, expected, sent > 0 ? sent : 0, 0);
  free(header);
  close(fd);
  close_end(&target, target_fd);
}

static int open_descriptors(void) {
  int count = 0;
  for (int fd = 3; fd < LIMIT_FD; fd++) count += fcntl(fd, F_GETFD) >= 0;
  return count;
}

static void prepare(void) {
  uint32_t state = 1;
  signal(SIGPIPE, SIG_IGN); /* as a JVM does */
  for (size_t i = 0; i < sizeof s_source; i++) {
    state = state * 1664525u + 1013904223u;
    s_source[i] = (unsigned char)(state >> 24);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static void (*const kinds[])(struct fuzz_input *) = {transfer, transfer, regions,
                                                       inside_one_file};
  struct fuzz_input in = {data, data + size};
  if (s_source[0] == 0 && s_source[1] == 0) prepare();
  int before = open_descriptors();
  kinds[fuzz_below(&in, 4)](&in);
  zn_pipe_trim();
  zn_ring_trim();
  zn_zerocopy_trim();
  struct zn_ledger_totals totals;
  zn_ledger_read(&totals);
  FUZZ_EQUAL(totals.pins, 0);
  FUZZ_EQUAL(totals.memfds, 0);
  FUZZ_EQUAL(totals.pipes, 0);
  FUZZ_EQUAL(totals.rings, 0);
  FUZZ_EQUAL(totals.descriptors, 0);
  FUZZ_EQUAL(open_descriptors(), before);
  return 0;
}
