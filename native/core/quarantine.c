/* SPDX-License-Identifier: Apache-2.0 */
#include "quarantine.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>

#include "depot.h"
#include "fork.h"
#include "heap.h"
#include "record.h"

/* Records of one piece of the list: with the rest of it, 32 KiB. */
#define ZN_PIECE_ITEMS 4094

struct piece {
  struct piece *next; /* older */
  int64_t count;
  struct zn_record *records[ZN_PIECE_ITEMS];
};

struct batch {
  struct piece *first;
  int64_t items;
  int64_t bytes;
};

static pthread_mutex_t s_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct batch s_waiting;
static struct batch s_open;
static int64_t s_number; /* of the open batch, or the last one */
static bool s_is_open;
static int64_t s_items_max = ZN_QUARANTINE_ITEMS_MAX;
static int64_t s_bytes_max = ZN_QUARANTINE_BYTES_MAX;

/* Times in a row that a batch was put back: the more, the more must wait before the next is tried.
 * A try costs microseconds and a failed one is in vain; but what comes back soon is still in the
 * processor's cache. */
#define ZN_PATIENCE_MAX 2
static int s_patience;

/* Fewer are not worth a try before the full caps: who uses a block as large as that spends more
 * than a try on filling it, warm or not. */
#define ZN_FEW_ITEMS 8

/* The caps in force: the full ones, or a 4th or 16th of them. The mutex is held. */
static int64_t in_force(int64_t cap) {
  int64_t part = cap >> (2 * (ZN_PATIENCE_MAX - s_patience));
  return part > 0 ? part : 1;
}

/* The mutex is held. */
static bool is_full(const struct batch *batch) {
  return batch->items >= s_items_max || batch->bytes >= s_bytes_max;
}

/* The mutex is held. */
static int urgency(void) {
  if (s_waiting.items < ZN_FEW_ITEMS && !is_full(&s_waiting)) return 0;
  int64_t items = s_waiting.items / in_force(s_items_max);
  int64_t bytes = s_waiting.bytes / in_force(s_bytes_max);
  int64_t times = items > bytes ? items : bytes;
  return times > 2 ? 2 : (int)times;
}

/* From RETIRED to QUARANTINED, so that no block comes here twice. If one is not retired, all before
 * it are made RETIRED again. */
static bool accept(int count, const uint64_t *numbers, int64_t *bytes) {
  *bytes = 0;
  for (int i = 0; i < count; i++) {
    struct zn_record *record = zn_record_find(numbers[i]);
    uint64_t word = record != NULL ? zn_record_word(record) : 0;
    bool retired = zn_word_state(word) == ZN_STATE_RETIRED &&
                   atomic_compare_exchange_strong(&record->word, &word,
                                                  zn_word_with_state(word, ZN_STATE_QUARANTINED));
    if (retired) {
      *bytes += zn_record_block_bytes(record);
      continue;
    }
    while (i-- > 0) {
      record = zn_record_of(numbers[i]);
      zn_record_set_word(record, zn_word_with_state(zn_record_word(record), ZN_STATE_RETIRED));
    }
    return false;
  }
  return true;
}

static void reject(int count, const uint64_t *numbers) {
  for (int i = 0; i < count; i++) {
    struct zn_record *record = zn_record_of(numbers[i]);
    zn_record_set_word(record, zn_word_with_state(zn_record_word(record), ZN_STATE_RETIRED));
  }
}

/* Pieces with room for count more, in front of the list. The mutex is held. */
static bool make_room(int count) {
  int64_t room = s_waiting.first != NULL ? ZN_PIECE_ITEMS - s_waiting.first->count : 0;
  struct piece *made = NULL;
  for (; room < count; room += ZN_PIECE_ITEMS) {
    struct piece *piece = zn_heap_allocate(sizeof *piece, _Alignof(struct piece));
    if (piece == NULL) break;
    piece->count = 0;
    piece->next = made;
    made = piece;
  }
  bool enough = room >= count;
  while (made != NULL) { /* used from the front on, so that full pieces lie behind */
    struct piece *next = made->next;
    if (enough) {
      made->next = s_waiting.first;
      s_waiting.first = made;
    } else {
      zn_heap_free(made, sizeof *made, _Alignof(struct piece));
    }
    made = next;
  }
  return enough;
}

/* The mutex is held, and there is room somewhere. */
static void append(int count, const uint64_t *numbers) {
  struct piece *piece = s_waiting.first;
  for (int i = 0; i < count; i++) {
    while (piece->count == ZN_PIECE_ITEMS) piece = piece->next;
    piece->records[piece->count++] = zn_record_of(numbers[i]);
  }
}

int zn_quarantine_add(int count, const uint64_t *records) {
  if (count < 0 || count > ZN_QUARANTINE_ITEMS_MAX) return -EINVAL;
  int64_t bytes;
  if (!accept(count, records, &bytes)) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  int result = -ENOMEM;
  if (make_room(count)) {
    append(count, records);
    s_waiting.items += count;
    s_waiting.bytes += bytes;
    result = urgency();
  }
  pthread_mutex_unlock(&s_mutex);
  if (result < 0) reject(count, records);
  return result;
}

int64_t zn_quarantine_begin(int64_t *batch, bool *full) {
  int64_t result = -EBUSY;
  *batch = 0;
  *full = false;
  pthread_mutex_lock(&s_mutex);
  if (!s_is_open) {
    result = s_waiting.items;
    if (result > 0) {
      s_open = s_waiting;
      *full = is_full(&s_open);
      memset(&s_waiting, 0, sizeof s_waiting);
      s_is_open = true;
      *batch = ++s_number;
    }
  }
  pthread_mutex_unlock(&s_mutex);
  return result;
}

/* Blocks on their way to the depot, by class: one visit for many. */
struct sorter {
  int count[ZN_REGION_CLASSES];
  struct zn_record *records[ZN_REGION_CLASSES][32];
};

static void sorter_put(struct sorter *sorter, struct zn_record *record) {
  int region_class = zn_traits_class(atomic_load_explicit(&record->traits, memory_order_relaxed));
  uint64_t word = zn_record_word(record);
  if (region_class == ZN_RECORD_CLASS_NONE) {
    zn_depot_give_block(record, zn_word_size(word));
    return;
  }
  zn_record_set_word(record, zn_word_with_state(word, ZN_STATE_FREE));
  int *count = &sorter->count[region_class];
  sorter->records[region_class][(*count)++] = record;
  if (*count < 32) return;
  zn_depot_give(region_class, *count, sorter->records[region_class]);
  *count = 0;
}

static void release(struct piece *piece) {
  struct sorter sorter;
  memset(sorter.count, 0, sizeof sorter.count);
  while (piece != NULL) {
    struct piece *next = piece->next;
    for (int64_t i = 0; i < piece->count; i++) {
      if (i + 8 < piece->count) __builtin_prefetch(piece->records[i + 8], 1);
      sorter_put(&sorter, piece->records[i]);
    }
    zn_heap_free(piece, sizeof *piece, _Alignof(struct piece));
    piece = next;
  }
  for (int i = 0; i < ZN_REGION_CLASSES; i++) {
    if (sorter.count[i] > 0) zn_depot_give(i, sorter.count[i], sorter.records[i]);
  }
}

int zn_quarantine_end(int64_t batch) {
  struct piece *first = NULL;
  pthread_mutex_lock(&s_mutex);
  bool ours = s_is_open && batch == s_number;
  if (ours) {
    first = s_open.first;
    s_is_open = false;
    s_patience = 0;
    memset(&s_open, 0, sizeof s_open);
  }
  pthread_mutex_unlock(&s_mutex);
  if (!ours) return -EINVAL;
  release(first);
  return 0;
}

/* The mutex is held. */
static void put_back(void) {
  struct piece **last = &s_waiting.first;
  while (*last != NULL) last = &(*last)->next;
  *last = s_open.first;
  s_waiting.items += s_open.items;
  s_waiting.bytes += s_open.bytes;
  memset(&s_open, 0, sizeof s_open);
  s_is_open = false;
}

int zn_quarantine_defer(int64_t batch) {
  pthread_mutex_lock(&s_mutex);
  bool ours = s_is_open && batch == s_number;
  if (ours) {
    put_back();
    if (s_patience < ZN_PATIENCE_MAX) s_patience++;
  }
  pthread_mutex_unlock(&s_mutex);
  return ours ? 0 : -EINVAL;
}

int zn_quarantine_set_caps(int64_t items, int64_t bytes) {
  if (items <= 0 || bytes <= 0) return -EINVAL;
  pthread_mutex_lock(&s_mutex);
  s_items_max = items;
  s_bytes_max = bytes;
  pthread_mutex_unlock(&s_mutex);
  return 0;
}

void zn_quarantine_read(int64_t *items, int64_t *bytes) {
  pthread_mutex_lock(&s_mutex);
  *items = s_waiting.items + s_open.items;
  *bytes = s_waiting.bytes + s_open.bytes;
  pthread_mutex_unlock(&s_mutex);
}

void zn_quarantine_fork_begin(void) { pthread_mutex_lock(&s_mutex); }

/* Who would end an open batch is not in the child. */
void zn_quarantine_fork_end(bool child) {
  if (child && s_is_open) put_back();
  pthread_mutex_unlock(&s_mutex);
}
