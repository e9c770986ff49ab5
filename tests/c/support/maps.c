/* SPDX-License-Identifier: Apache-2.0 */
#include "support/maps.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/check.h"
#include "znio/ledger.h"

int64_t page_bytes;
static struct zn_ledger_totals s_before;

int maps_before(void **state) {
  page_bytes = sysconf(_SC_PAGESIZE);
  zn_ledger_read(&s_before);
  return 0;
}

int maps_after(void **state) {
  struct zn_ledger_totals after;
  int64_t kept;
  int64_t kept_bytes;
  zn_ledger_read(&after);
  zn_mapping_kept(&kept, &kept_bytes);
  assert_int_equal(after.mappings, s_before.mappings);
  assert_int_equal(after.mapping_bytes, s_before.mapping_bytes);
  assert_int_equal(kept, 0);
  assert_int_equal(kept_bytes, 0);
  return 0;
}

struct zn_mapping *open_mapping(int fd, int64_t offset, int64_t size, int mode, uint32_t flags) {
  struct zn_mapping_options options = {.flags = flags};
  struct zn_mapping *mapping;
  assert_int_equal(zn_mapping_open(fd, offset, size, mode, &options, &mapping), 0);
  assert_non_null(mapping);
  return mapping;
}

int maps_with(const char *text) {
  char line[512];
  int count = 0;
  FILE *maps = fopen("/proc/self/maps", "re");
  assert_non_null(maps);
  while (fgets(line, sizeof line, maps) != NULL) count += strstr(line, text) != NULL;
  fclose(maps);
  return count;
}

int maps_of(int fd) {
  struct stat status;
  char text[32];
  assert_int_equal(fstat(fd, &status), 0);
  snprintf(text, sizeof text, " %llu ", (unsigned long long)status.st_ino);
  return maps_with(text);
}
