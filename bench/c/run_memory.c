/* SPDX-License-Identifier: Apache-2.0 */
/* file to the worker's own memory. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "hash.h"
#include "run.h"

#define OTHER_BYTES 0x5a

/* Hashes a mapping of a file through the kernel: a file cut short gives an error, not SIGBUS. */
static int hash_mapping(struct bench_hash *hash, void *address, int64_t size,
                        struct bench_fault *fault) {
  static char buffer[256 * 1024];
  for (int64_t done = 0; done < size;) {
    int64_t left = size - done;
    struct iovec local = {.iov_base = buffer,
                          .iov_len = left < (int64_t)sizeof buffer ? (size_t)left : sizeof buffer};
    struct iovec remote = {.iov_base = (char *)address + done, .iov_len = local.iov_len};
    ssize_t got = process_vm_readv(getpid(), &local, 1, &remote, 1, 0);
    if (got <= 0) return bench_fault_errno(fault, got < 0 ? errno : EFAULT, "reading the mapping");
    bench_hash_update(hash, buffer, (size_t)got);
    done += got;
  }
  return 0;
}

/* Path private-map: a transfer maps the piece copy-on-write and gets its pages; nothing is copied.
 * The clocks stand still while the mapping is hashed. */
static int map_pieces(struct run *run, struct bench_hash *hash, struct bench_fault *fault) {
  struct bench_sequence sequence;
  struct bench_piece piece;
  int status = 0;
  bench_sequence_init(&sequence, run->file_bytes, run->plan.size, run->plan.total, 0, false);
  meter_mark("begin", run->plan.mark);
  while (status == 0 && bench_sequence_next(&sequence, &piece)) {
    void *mapped;
    meter_start(&run->meter);
    int result =
        zn_mapping_map(run->file_fd, piece.offset, piece.length, ZN_MAPPING_PRIVATE, &mapped);
    int64_t slack = piece.offset % sysconf(_SC_PAGESIZE);
    if (result == 0 &&
        madvise((char *)mapped - slack, (size_t)(piece.length + slack), MADV_POPULATE_READ) != 0) {
      status = bench_fault_errno(fault, errno, "populating the mapping");
    }
    meter_stop(&run->meter);
    if (result < 0) return mover_fault(run->plan.label, result, fault);
    if (status == 0) status = hash_mapping(hash, mapped, piece.length, fault);
    meter_start(&run->meter);
    result = zn_mapping_unmap(mapped, piece.length);
    meter_stop(&run->meter);
    if (result < 0) return mover_fault(run->plan.label, result, fault);
  }
  meter_mark("end", run->plan.mark);
  run->mover.path_ran = ZN_PATH_PRIVATE_MAP;
  return status;
}

/* Hashes what a pass has brought and spoils it, so that the next pass cannot pass by it. */
static void check_pass(struct run *run, struct bench_hash *hash, int64_t bytes) {
  bench_hash_update(hash, run->memory, (size_t)bytes);
  memset(run->memory, OTHER_BYTES, (size_t)run->memory_bytes);
}

static int fill_memory(struct run *run, struct bench_hash *hash, struct bench_fault *fault) {
  struct bench_sequence sequence;
  struct bench_piece piece;
  bench_sequence_init(&sequence, run->file_bytes, run->plan.size, run->plan.total, 0, false);
  int64_t pass = sequence.slots * sequence.size;
  run->memory_bytes = pass < run->plan.total ? pass : run->plan.total;
  int result = zn_mapping_map(-1, 0, run->memory_bytes, ZN_MAPPING_READ_WRITE, &run->memory);
  if (result < 0) {
    run->memory = NULL;
    return mover_fault("getting memory", result, fault);
  }
  memset(run->memory, OTHER_BYTES, (size_t)run->memory_bytes);
  meter_mark("begin", run->plan.mark);
  meter_start(&run->meter);
  while (bench_sequence_next(&sequence, &piece)) {
    struct zn_end source = run_file_end(run->file_fd, piece.offset);
    struct zn_end target = {
        .kind = ZN_END_MEMORY, .fd = -1, .address = (char *)run->memory + piece.offset};
    if (mover_move(&run->mover, source, target, piece.length, fault) != 0) return -1;
    if (piece.offset + piece.length == run->memory_bytes || sequence.left == 0) {
      meter_stop(&run->meter);
      check_pass(run, hash, piece.offset + piece.length);
      meter_start(&run->meter);
    }
  }
  meter_stop(&run->meter);
  meter_mark("end", run->plan.mark);
  return 0;
}

int run_to_memory(struct run *run, struct bench_fault *fault) {
  struct bench_hash *hash = bench_hash_new(run->plan.flip);
  int status = run->plan.path == ZN_PATH_PRIVATE_MAP ? map_pieces(run, hash, fault)
                                                     : fill_memory(run, hash, fault);
  run->verified = status == 0 && bench_hash_value(hash) == run->expected;
  bench_hash_free(hash);
  return status;
}
