/* SPDX-License-Identifier: Apache-2.0 */
#include "meter_page.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "sys.h"

#define SLOTS_OFFSET 8192
#define START_FIELD 22 /* of /proc/self/stat */

_Static_assert(sizeof(struct zn_meter_page) <= SLOTS_OFFSET, "slots come after it");
_Static_assert(ZN_METER_COLUMNS <= ZN_METER_PAGE_COLUMNS, "a name each");

static struct zn_meter_page *s_page; /* stays mapped, and its descriptor open */

bool zn_meter_page_is_there(void) { return s_page != NULL; }

/* Pages are had now, where it is an error, and not by a fault, where it would be a signal. Before
 * Linux 5.14 they come by the fault. */
static int populate(const char *address, size_t size) {
  const uintptr_t page = (uintptr_t)zn_sys_page_bytes();
  uintptr_t from = (uintptr_t)address & ~(page - 1);
  uintptr_t to = ((uintptr_t)address + size + page - 1) & ~(page - 1);
  int result = zn_sys_madvise((void *)from, to - from, MADV_POPULATE_WRITE);
  return result == -EINVAL ? 0 : result;
}

/* In ticks since the system started; 0: nobody says so. The second field is a name, which may hold
 * anything but ends with the last bracket. */
static uint64_t read_start(void) {
  char text[1024];
  int fd = zn_sys_open("/proc/self/stat", O_RDONLY | O_CLOEXEC, 0);
  if (fd < 0) return 0;
  int64_t size = zn_sys_read(fd, text, sizeof text - 1);
  (void)zn_sys_close(fd);
  text[size < 0 ? 0 : size] = '\0';
  const char *at = strrchr(text, ')');
  for (int field = 2; at != NULL && field < START_FIELD; field++) at = strchr(at + 1, ' ');
  return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

static void fill(struct zn_meter_page *page, const struct zn_meter_row *rows, int count,
                 size_t slot_bytes) {
  memcpy(page->magic, ZN_METER_PAGE_MAGIC, sizeof page->magic);
  page->slots_offset = SLOTS_OFFSET;
  page->slot_bytes = (uint32_t)slot_bytes;
  page->slots = ZN_METER_SLOTS;
  page->rows = ZN_METER_ROWS;
  page->columns = ZN_METER_COLUMNS;
  page->process = zn_sys_process_id();
  page->process_start = read_start();
  for (int i = 0; i < ZN_METER_COLUMNS; i++) {
    const char *name = zn_meter_column_name(i);
    memcpy(page->column_names[i], name, strlen(name));
  }
  memcpy(page->row, rows, (size_t)count * sizeof *rows);
  for (int i = 0; i < count; i++) { /* whatever the caller wrote */
    page->row[i].name[ZN_METER_NAME_MAX - 1] = '\0';
    page->row[i].kind[ZN_METER_KIND_MAX - 1] = '\0';
  }
  /* Last: who finds the layout finds the rest. */
  __atomic_store_n(&page->layout, ZN_METER_PAGE_LAYOUT, __ATOMIC_RELEASE);
}

/* Mapped and sealed. From Linux 5.1 on nobody else can write it. */
static int map_sealed(int fd, size_t size, size_t slot_bytes, void **out) {
  int result = zn_sys_mmap(fd, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, out);
  if (result < 0) return result;
  result = zn_sys_memfd_seal(fd, true);
  if (result == -EINVAL) result = zn_sys_memfd_seal(fd, false);
  if (result == 0) result = populate(*out, SLOTS_OFFSET + slot_bytes);
  if (result < 0) (void)zn_sys_munmap(*out, size);
  return result;
}

int zn_meter_page_make(const struct zn_meter_row *rows, int count, size_t slot_bytes) {
  const size_t size = SLOTS_OFFSET + ZN_METER_SLOTS * slot_bytes;
  int fd = zn_sys_memfd_create(ZN_METER_PAGE_NAME, (int64_t)size);
  if (fd < 0) return fd;
  void *address;
  int result = map_sealed(fd, size, slot_bytes, &address);
  if (result < 0) {
    (void)zn_sys_close(fd);
    return result;
  }
  fill(address, rows, count, slot_bytes);
  s_page = address;
  return 0;
}

static char *place(uint32_t i) {
  return (char *)s_page + SLOTS_OFFSET + (size_t)i * s_page->slot_bytes;
}

void *zn_meter_page_slot(uint32_t i) {
  return s_page == NULL || i >= s_page->used ? NULL : place(i);
}

void *zn_meter_page_take(void) {
  if (s_page == NULL || s_page->used == s_page->slots) return NULL;
  char *slot = place(s_page->used);
  if (populate(slot, s_page->slot_bytes) < 0) return NULL;
  __atomic_store_n(&s_page->used, s_page->used + 1, __ATOMIC_RELEASE);
  return slot;
}

void zn_meter_page_begin(void) {
  if (s_page != NULL) (void)__atomic_fetch_add(&s_page->changes, 1, __ATOMIC_SEQ_CST);
}

void zn_meter_page_end(void) { zn_meter_page_begin(); /* even again */ }

void zn_meter_page_count_unseen(int threads) {
  if (s_page == NULL) return;
  __atomic_store_n(&s_page->unseen, s_page->unseen + (uint32_t)threads, __ATOMIC_RELEASE);
}

void zn_meter_page_set_text(const char *text, size_t size) {
  if (s_page == NULL) return;
  zn_meter_page_begin();
  memset(s_page->text, 0, sizeof s_page->text);
  memcpy(s_page->text, text, size);
  zn_meter_page_end();
}

void zn_meter_page_leave(void) { s_page = NULL; }
