/* SPDX-License-Identifier: Apache-2.0 */
/* The commands receive (tcp, unix, pipe) of the peer. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"
#include "hash.h"
#include "peer.h"

/* One stream on its way into a hash. */
struct stream {
  int fd;
  int keep; /* a file that also gets the bytes, or -1 */
  bool flip;
  int64_t wanted;
  int64_t got;
  uint64_t hash;
  char *buffer;
  bool failed;
  struct bench_fault fault;
};

static void fail(struct stream *stream, int error) {
  if (error == EAGAIN) {
    bench_fault_set(&stream->fault, "no byte came for 60 s");
  } else {
    bench_fault_errno(&stream->fault, error, "reading from the worker");
  }
  stream->failed = true;
}

static int keep_bytes(struct stream *stream, size_t size) {
  size_t done = 0;
  while (stream->keep >= 0 && done < size) {
    ssize_t written = write(stream->keep, stream->buffer + done, size - done);
    if (written < 0 && errno != EINTR) {
      bench_fault_errno(&stream->fault, errno, "writing what came");
      stream->failed = true;
      return -1;
    }
    if (written > 0) done += (size_t)written;
  }
  return 0;
}

static void *read_stream(void *argument) {
  struct stream *stream = argument;
  struct bench_hash *hash = bench_hash_new(stream->flip);
  while (stream->got < stream->wanted) {
    int64_t left = stream->wanted - stream->got;
    size_t most = left < PEER_BUFFER_BYTES ? (size_t)left : PEER_BUFFER_BYTES;
    ssize_t got = read(stream->fd, stream->buffer, most);
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      fail(stream, errno);
      break;
    }
    if (keep_bytes(stream, (size_t)got) != 0) break;
    bench_hash_update(hash, stream->buffer, (size_t)got);
    stream->got += got;
  }
  stream->hash = bench_hash_value(hash);
  bench_hash_free(hash);
  return NULL;
}

static int read_both(struct stream *streams, struct bench_fault *fault) {
  pthread_t thread;
  int error = pthread_create(&thread, NULL, read_stream, &streams[1]);
  if (error != 0) return bench_fault_errno(fault, error, "starting a thread");
  read_stream(&streams[0]);
  pthread_join(thread, NULL);
  return 0;
}

static int read_all(struct peer *peer, struct stream *streams, int count, bool hold,
                    struct bench_fault *fault) {
  if (hold && peer_wait_go(peer, fault) != 0) return -1;
  int64_t start_ns = bench_clock_now();
  int64_t start_cpu_ns = bench_clock_cpu();
  if (count == 1) read_stream(&streams[0]);
  if (count == 2 && read_both(streams, fault) != 0) return -1;
  int64_t cpu_ns = bench_clock_cpu() - start_cpu_ns;
  int64_t nanos = bench_clock_now() - start_ns;
  for (int i = 0; i < count; i++) {
    if (!streams[i].failed) continue;
    *fault = streams[i].fault;
    return -1;
  }
  if (count == 1) {
    peer_say("done bytes=%" PRId64 " hash=%016" PRIx64 " cpu_ns=%" PRId64 " nanos=%" PRId64,
             streams[0].got, streams[0].hash, cpu_ns, nanos);
  } else {
    peer_say("done bytes=%" PRId64 " hash=%016" PRIx64 " cpu_ns=%" PRId64 " nanos=%" PRId64
             " bytes2=%" PRId64 " hash2=%016" PRIx64,
             streams[0].got, streams[0].hash, cpu_ns, nanos, streams[1].got, streams[1].hash);
  }
  return 0;
}

static char *stream_buffer(int index) {
  static char *buffers[PEER_ENDS_MAX];
  if (buffers[index] == NULL) {
    buffers[index] = malloc(PEER_BUFFER_BYTES);
    if (buffers[index] == NULL) abort();
    memset(buffers[index], 1, PEER_BUFFER_BYTES); /* no page faults inside the clock */
  }
  return buffers[index];
}

int peer_receive(struct peer *peer, const struct bench_words *words, struct bench_fault *fault) {
  int64_t bytes;
  int64_t hold;
  int64_t flip;
  int64_t copies;
  if (bench_words_number(words, "bytes", -1, &bytes, fault) != 0) return -1;
  if (bench_words_number(words, "hold", 0, &hold, fault) != 0) return -1;
  if (bench_words_number(words, "flip", 0, &flip, fault) != 0) return -1;
  if (bench_words_number(words, "copies", 1, &copies, fault) != 0) return -1;
  if (copies < 1 || copies > PEER_ENDS_MAX) return bench_fault_set(fault, "copies is 1 or 2");
  const char *keep_path = bench_words_get(words, "keep");
  int keep = -1;
  if (keep_path != NULL) {
    keep = open(keep_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (keep < 0) return bench_fault_errno(fault, errno, "making %s", keep_path);
  }
  struct peer_ends ends;
  int status = peer_ends_open(peer, words, (int)copies, false, &ends, fault);
  if (status == 0) {
    struct stream streams[PEER_ENDS_MAX];
    for (int i = 0; i < (int)copies; i++) {
      streams[i] = (struct stream){.fd = ends.fds[i],
                                   .keep = i == 0 ? keep : -1,
                                   .flip = flip != 0,
                                   .wanted = bytes,
                                   .buffer = stream_buffer(i)};
    }
    status = read_all(peer, streams, (int)copies, hold != 0, fault);
  }
  peer_ends_close(&ends);
  if (keep >= 0) close(keep);
  return status;
}
