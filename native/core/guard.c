/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The SIGBUS handler and the calls it guards.
 *
 * What runs in the handler (on_fault and all below it) is async-signal-safe: it reads and writes
 * atomics that are lock-free, calls what sys_signal.h marks so, and pthread_getspecific, which
 * glibc and musl answer from the thread's own block (a thread-local variable of this library would
 * be allocated at its first touch). The one thing that may run long is HotSpot's own handler; no
 * pin is held then. Faults are synchronous: the code they interrupt touched a mapping, so it is
 * inside no lock of ours.
 */
#include "znio/guard.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>

#include "fork.h"
#include "guard_copy.h"
#include "guard_range.h"
#include "guard_report.h"
#include "sys.h"
#include "sys_signal.h"

/* Bytes that one memcpy of a guarded copy takes: what is copied twice after a fault, at most. */
#define ZN_GUARD_COPY_BYTES ((int64_t)64 << 10)

/* Threads that HotSpot is being asked for at a time; with more, a page is put in place unasked. */
#define ZN_GUARD_OFFERS_MAX 64

_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2 && ATOMIC_INT_LOCK_FREE == 2 &&
                   ATOMIC_POINTER_LOCK_FREE == 2,
               "a lock in a signal handler would be a deadlock");

enum { ZN_GUARD_OUT, ZN_GUARD_IN, ZN_GUARD_OFF };

/* A guarded call on its way. */
struct zn_guard_frame {
  struct zn_sys_signal_jump jump;
  struct zn_guard_frame *outer;
  uintptr_t begin[2]; /* the ranges whose pages may be lost */
  uintptr_t end[2];
  uintptr_t fault;
};

/* A thread that HotSpot is being asked for. Its own chaining may lead back to our handler. */
struct zn_guard_offer {
  _Atomic int thread; /* 0: none */
  bool came_back;     /* by that thread */
};

static pthread_mutex_t s_lock = PTHREAD_MUTEX_INITIALIZER; /* of installing */
static _Atomic int s_state;
static pthread_key_t s_frames; /* struct zn_guard_frame: the innermost of this thread */
static struct sigaction s_before;
static zn_sys_signal_jvm *s_jvm;
static struct zn_guard_offer s_offers[ZN_GUARD_OFFERS_MAX];

static struct {
  _Atomic int64_t faults;
  _Atomic int64_t by_jvm;
  _Atomic int64_t guarded;
  _Atomic int64_t rescued;
  _Atomic int64_t repeated;
  _Atomic int64_t passed_on;
} s_totals;

static void count(_Atomic int64_t *counter, int64_t faults) {
  atomic_fetch_add_explicit(counter, faults, memory_order_relaxed);
}

/* --- in the handler --- */

/* Not alignment, which no page mends, nor what another process sent, nor an early warning of bad
 * memory that nobody has touched yet. */
static bool is_lost_page(const siginfo_t *info) {
  return info->si_code == BUS_ADRERR || info->si_code == BUS_OBJERR ||
         info->si_code == BUS_MCEERR_AR;
}

static struct zn_guard_frame *frame_of(uintptr_t address) {
  struct zn_guard_frame *frame = pthread_getspecific(s_frames);
  for (; frame != NULL; frame = frame->outer) {
    for (int i = 0; i < 2; i++) {
      if (address >= frame->begin[i] && address < frame->end[i]) return frame;
    }
  }
  return NULL;
}

static struct zn_guard_offer *offer_of(int thread) {
  for (int i = 0; i < ZN_GUARD_OFFERS_MAX; i++) {
    if (atomic_load_explicit(&s_offers[i].thread, memory_order_relaxed) == thread) {
      return &s_offers[i];
    }
  }
  return NULL;
}

static struct zn_guard_offer *offer_begin(int thread) {
  for (int i = 0; i < ZN_GUARD_OFFERS_MAX; i++) {
    int nobody = 0;
    if (atomic_compare_exchange_strong(&s_offers[i].thread, &nobody, thread)) return &s_offers[i];
  }
  return NULL;
}

static uintptr_t page_of(const struct zn_guard_range *range, uintptr_t address) {
  return address - address % (uintptr_t)range->page_bytes;
}

static int64_t file_offset_of(struct zn_guard_range *range, uintptr_t page) {
  return range->file_offset + (int64_t)(page - atomic_load(&range->begin));
}

static void report(struct zn_guard_range *range, uintptr_t address, bool closed, bool replaced) {
  struct zn_guard_fault fault = {.device = range->device,
                                 .inode = range->inode,
                                 .file_offset = file_offset_of(range, page_of(range, address)),
                                 .address = (int64_t)address,
                                 .thread = zn_sys_signal_thread(),
                                 .closed = closed,
                                 .replaced = replaced};
  zn_guard_report(&fault);
}

/* HotSpot's error names neither file nor offset. Compiled loops touch a page thousands of times
 * before they throw: once is enough. */
static void report_thrown(uintptr_t address) {
  struct zn_guard_range *range = zn_guard_range_pin(address);
  if (range == NULL) return;
  uintptr_t page = page_of(range, address);
  if (atomic_exchange(&range->thrown_page, page) != page) {
    report(range, address, atomic_load(&range->state) == ZN_GUARD_CLOSED, false);
  }
  zn_guard_range_unpin(range);
}

enum zn_guard_answer {
  ZN_GUARD_NOT_JVM,
  ZN_GUARD_BY_JVM,
  ZN_GUARD_BY_OTHER, /* a handler that HotSpot chains to */
};

/*
 * Offers the fault to HotSpot. Where HotSpot's handler comes first (libjsig, or a JVM started after
 * the guard) it has refused already, and calls whom it chains to, us, from inside this call too:
 * then the inner handler does the work, and the outer one has nothing left to do. It may also chain
 * to a handler that was there before the JVM, which knows nothing of our mappings. HotSpot's own
 * error always changes where the code goes on.
 */
static enum zn_guard_answer ask_jvm(int signal, siginfo_t *info, void *context) {
  if (s_jvm == NULL) return ZN_GUARD_NOT_JVM;
  int thread = zn_sys_signal_thread();
  struct zn_guard_offer *offer = offer_of(thread);
  if (offer != NULL) {
    offer->came_back = true;
    count(&s_totals.faults, -1); /* seen by the outer handler */
    return ZN_GUARD_NOT_JVM;
  }
  offer = offer_begin(thread);
  if (offer == NULL) return ZN_GUARD_NOT_JVM;
  offer->came_back = false;
  uintptr_t pc = zn_sys_signal_pc(context);
  enum zn_guard_answer answer = ZN_GUARD_NOT_JVM;
  if (s_jvm(signal, info, context, 0) != 0) answer = ZN_GUARD_BY_JVM;
  if (answer == ZN_GUARD_BY_JVM && !offer->came_back) {
    if (zn_sys_signal_pc(context) == pc) {
      answer = ZN_GUARD_BY_OTHER;
    } else {
      count(&s_totals.by_jvm, 1);
      report_thrown((uintptr_t)info->si_addr);
    }
  }
  atomic_store(&offer->thread, 0);
  return answer;
}

/* Puts a page in place, in a pinned range, unless another handler has done so. returns: whether the
 * access can be repeated. */
static bool replace_page(struct zn_guard_range *range, uintptr_t address, bool by_other) {
  bool closed = atomic_load(&range->state) == ZN_GUARD_CLOSED;
  bool writable = range->writable || closed;
  uintptr_t page = page_of(range, address);
  size_t bytes = (size_t)range->page_bytes;
  /* Another thread may have put it in place since, and written to it; or the file is long again. */
  bool there = zn_sys_signal_can_touch((void *)page, bytes, writable);
  if (there && !by_other) {
    count(&s_totals.repeated, 1);
    return true;
  }
  closed = zn_guard_range_record(range, file_offset_of(range, page));
  if (!there && !zn_sys_signal_zero_pages((void *)page, bytes, writable || closed)) return false;
  report(range, address, closed, true);
  count(&s_totals.rescued, 1);
  return true;
}

static bool rescue(uintptr_t address, bool by_other) {
  struct zn_guard_range *range = zn_guard_range_pin(address);
  if (range == NULL) return false;
  /* Whoever holds it is in a handler too, with signals blocked, in a few system calls. */
  while (atomic_flag_test_and_set(&range->rescuing)) continue;
  bool done = replace_page(range, address, by_other);
  atomic_flag_clear(&range->rescuing);
  zn_guard_range_unpin(range);
  return done;
}

static bool is_ours(uintptr_t address) {
  struct zn_guard_range *range = zn_guard_range_pin(address);
  if (range == NULL) return false;
  zn_guard_range_unpin(range);
  return true;
}

/* A lost page of ours that no guarded call watches. returns: whether the code can go on. */
static bool deal_with(uintptr_t address, int signal, siginfo_t *info, void *context) {
  enum zn_guard_answer answer = ask_jvm(signal, info, context);
  return answer == ZN_GUARD_BY_JVM || rescue(address, answer == ZN_GUARD_BY_OTHER);
}

static void on_fault(int signal, siginfo_t *info, void *context) {
  int saved_errno = zn_sys_errno();
  count(&s_totals.faults, 1);
  uintptr_t address = (uintptr_t)info->si_addr;
  bool done = false;
  if (is_lost_page(info)) {
    struct zn_guard_frame *frame = frame_of(address);
    if (frame != NULL) {
      count(&s_totals.guarded, 1);
      frame->fault = address;
      zn_sys_errno_restore(saved_errno);
      zn_sys_signal_leave(&frame->jump, context);
    }
    done = is_ours(address) && deal_with(address, signal, info, context);
  }
  if (!done) {
    count(&s_totals.passed_on, 1);
    zn_sys_errno_restore(saved_errno);
    zn_sys_signal_forward(&s_before, signal, info, context);
  }
  zn_sys_errno_restore(saved_errno);
}

/* --- installing --- */

void zn_guard_fork_begin(void) { pthread_mutex_lock(&s_lock); }

void zn_guard_fork_end(bool child) {
  if (child) {
    for (int i = 0; i < ZN_GUARD_OFFERS_MAX; i++) atomic_store(&s_offers[i].thread, 0);
    zn_guard_report_after_fork();
  }
  pthread_mutex_unlock(&s_lock);
}

/* With the lock. What the handler reads is there before the handler is. */
static int install(void) {
  int result = -pthread_key_create(&s_frames, NULL);
  if (result < 0) return result;
  s_jvm = zn_sys_signal_find_jvm();
  result = zn_sys_signal_install(SIGBUS, on_fault, &s_before);
  if (result < 0) (void)pthread_key_delete(s_frames);
  return result;
}

int zn_guard_install(void) {
  int state = atomic_load_explicit(&s_state, memory_order_acquire);
  if (state == ZN_GUARD_IN) return 0;
  int result = zn_fork_watch();
  if (result < 0) return result;
  pthread_mutex_lock(&s_lock);
  state = atomic_load(&s_state);
  if (state == ZN_GUARD_OFF) result = ZN_EUNGUARDED;
  if (state == ZN_GUARD_OUT) {
    result = install();
    if (result == 0) atomic_store(&s_state, ZN_GUARD_IN);
  }
  pthread_mutex_unlock(&s_lock);
  return result;
}

int zn_guard_disable(void) {
  pthread_mutex_lock(&s_lock);
  bool installed = atomic_load(&s_state) == ZN_GUARD_IN;
  if (!installed) atomic_store(&s_state, ZN_GUARD_OFF);
  pthread_mutex_unlock(&s_lock);
  return installed ? -EBUSY : 0;
}

bool zn_guard_is_installed(void) { return atomic_load(&s_state) == ZN_GUARD_IN; }

/* --- guarded calls --- */

static void watch(struct zn_guard_frame *frame, int index, const void *address, int64_t size) {
  frame->begin[index] = (uintptr_t)address;
  frame->end[index] = (uintptr_t)address + (uintptr_t)size;
}

/* returns: 0, -EFAULT with frame->fault, or -errno with body not run. */
static int run_in(struct zn_guard_frame *frame, void (*body)(void *), void *argument) {
  frame->outer = pthread_getspecific(s_frames);
  int result = pthread_setspecific(s_frames, frame);
  if (result != 0) return -result;
  if (!zn_sys_signal_try(&frame->jump, body, argument)) result = -EFAULT;
  (void)pthread_setspecific(s_frames, frame->outer); /* there is room: it was set before */
  return result;
}

int zn_guard_run(void (*body)(void *), void *argument, const void *address, int64_t size,
                 int64_t *fault) {
  *fault = -1;
  if (size < 0 || (uint64_t)size > UINTPTR_MAX - (uintptr_t)address) return -EINVAL;
  int result = zn_guard_install();
  if (result < 0) return result;
  struct zn_guard_frame frame = {.fault = 0};
  watch(&frame, 0, address, size);
  result = run_in(&frame, body, argument);
  if (frame.fault != 0) *fault = (int64_t)(frame.fault - (uintptr_t)address);
  return result;
}

struct zn_guard_copying {
  char *target;
  const char *source;
  int64_t size;
  bool by_pages; /* no memcpy crosses a page */
  volatile int64_t done;
};

/* Bytes to the end of the page that comes first, of either side. */
static int64_t to_page_end(const struct zn_guard_copying *copying, int64_t done) {
  int64_t page_bytes = zn_sys_page_bytes();
  int64_t source = page_bytes - (int64_t)((uintptr_t)(copying->source + done) % page_bytes);
  int64_t target = page_bytes - (int64_t)((uintptr_t)(copying->target + done) % page_bytes);
  return source < target ? source : target;
}

static void copy_pieces(void *argument) {
  struct zn_guard_copying *copying = argument;
  while (copying->done < copying->size) {
    int64_t done = copying->done;
    int64_t bytes = copying->by_pages ? to_page_end(copying, done) : ZN_GUARD_COPY_BYTES;
    if (bytes > copying->size - done) bytes = copying->size - done;
    __builtin_memcpy(copying->target + done, copying->source + done, (size_t)bytes);
    copying->done = done + bytes;
  }
}

/* The kernel copies up to the page it cannot have. */
static int copy_by_kernel(char *target, const char *source, int64_t size, int64_t *copied) {
  while (*copied < size) {
    int64_t bytes = size - *copied < ZN_SYS_IO_MAX ? size - *copied : ZN_SYS_IO_MAX;
    int64_t moved = zn_sys_process_vm_writev(target + *copied, source + *copied, (size_t)bytes);
    if (moved == -EPERM || moved == -ENOSYS) return ZN_EFORBIDDEN;
    if (moved <= 0) return moved == 0 ? -EFAULT : (int)moved;
    *copied += moved;
  }
  return 0;
}

int zn_guard_copy(void *target, const void *source, int64_t size, int64_t *copied) {
  *copied = 0;
  if (size < 0 || (uint64_t)size > UINTPTR_MAX - (uintptr_t)source ||
      (uint64_t)size > UINTPTR_MAX - (uintptr_t)target) {
    return -EINVAL;
  }
  int result = zn_guard_install();
  if (result == ZN_EUNGUARDED) return copy_by_kernel(target, source, size, copied);
  if (result < 0) return result;
  struct zn_guard_frame frame = {.fault = 0};
  watch(&frame, 0, source, size);
  watch(&frame, 1, target, size);
  struct zn_guard_copying copying = {.target = target, .source = source, .size = size};
  result = run_in(&frame, copy_pieces, &copying);
  if (result == -EFAULT) {
    /* memcpy goes through a piece in an order of its own: page by page, to find the first lost one.
     */
    copying.by_pages = true;
    result = run_in(&frame, copy_pieces, &copying);
  }
  *copied = copying.done;
  return result;
}

int zn_guard_copy_in(void *target, const void *source, int64_t size, int64_t *copied) {
  if (atomic_load_explicit(&s_state, memory_order_acquire) != ZN_GUARD_OUT) {
    return zn_guard_copy(target, source, size, copied);
  }
  __builtin_memcpy(target, source, (size_t)size);
  *copied = size;
  return 0;
}

/* --- what is known --- */

int zn_guard_locate(const void *address, struct zn_guard_place *place) {
  struct zn_guard_range *range = zn_guard_range_pin((uintptr_t)address);
  if (range == NULL) return -ENOENT;
  int64_t inside = (int64_t)((uintptr_t)address - atomic_load(&range->begin));
  *place = (struct zn_guard_place){.device = range->device,
                                   .inode = range->inode,
                                   .file_offset = range->file_offset + inside,
                                   .damaged_offset = atomic_load(&range->damaged_offset),
                                   .damaged_pages = atomic_load(&range->damaged_pages),
                                   .stale_pages = atomic_load(&range->stale_pages),
                                   .closed = atomic_load(&range->state) == ZN_GUARD_CLOSED,
                                   .writable = range->writable};
  zn_guard_range_unpin(range);
  return 0;
}

int zn_guard_check(const void *address, int64_t size, int64_t *file_offset) {
  *file_offset = -1;
  if (size <= 0 || zn_guard_range_damaged() == 0) return 0;
  uintptr_t begin = (uintptr_t)address;
  uintptr_t end = (uint64_t)size > UINTPTR_MAX - begin ? UINTPTR_MAX : begin + (uintptr_t)size;
  *file_offset = zn_guard_range_damage_in(begin, end);
  return *file_offset < 0 ? 0 : ZN_EDAMAGED;
}

static int64_t count_of(_Atomic int64_t *counter) {
  return atomic_load_explicit(counter, memory_order_relaxed);
}

void zn_guard_read(struct zn_guard_totals *totals) {
  *totals = (struct zn_guard_totals){.faults = count_of(&s_totals.faults),
                                     .by_jvm = count_of(&s_totals.by_jvm),
                                     .guarded = count_of(&s_totals.guarded),
                                     .rescued = count_of(&s_totals.rescued),
                                     .repeated = count_of(&s_totals.repeated),
                                     .passed_on = count_of(&s_totals.passed_on),
                                     .damaged = zn_guard_range_damaged()};
}
