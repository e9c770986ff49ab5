/* SPDX-License-Identifier: Apache-2.0 */
/* Probe: what the parts of the command probe share. */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

#include "run.h"

#define PROBE_PAGE ((size_t)4096)
#define PROBE_PAGES 16
#define PROBE_BYTES 65536

enum probe_verdict { PROBE_SHARED, PROBE_COPIED, PROBE_NOT_APPLICABLE };

struct probe {
  struct run run;
  char file[4096]; /* the probe's own file, PROBE_BYTES long; "" before it is made */
  char kept[4100]; /* what the peer got */
  enum probe_verdict verdict;
  char how[500];
  unsigned char old_bytes[PROBE_BYTES];
  unsigned char new_bytes[PROBE_BYTES]; /* every byte differs */
};

/* Overwrites the source file with the new bytes. */
int probe_change_file(struct probe *probe, struct bench_fault *fault);

/* Moves the file's PROBE_BYTES to target by the plan's path. */
int probe_move(struct probe *probe, struct zn_end target, struct bench_fault *fault);

/* Sets the verdict from seen, what the target holds after the change. who: "the peer" */
int probe_compare(struct probe *probe, const unsigned char *seen, const char *who,
                  struct bench_fault *fault);

/* Extents of the target file: 1 all shared with another file, 0 not, -errno where the file system
 * does not say. */
int probe_extents_shared(int fd);

/* Pages of the file that are in the page cache; -errno. */
int64_t probe_resident_pages(int fd);

/* Takes the file out of the page cache. */
int probe_drop(int fd, struct bench_fault *fault);

/* Whether the file's pages leave the page cache and direct I/O goes around it: ext4 and XFS. */
bool probe_direct_shows(int fd);

/* The kinds of probe. */
int probe_direct(struct probe *probe, struct bench_fault *fault);
int probe_private_map(struct probe *probe, struct bench_fault *fault);
int probe_memfd(struct probe *probe, struct bench_fault *fault);

#endif
