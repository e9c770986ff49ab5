/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: natives of the JDK are bound anew to functions of ours, which count and then call
 * what does the work: the JDK's own function, or one of znio's.
 *
 * Nothing here calls into the application, makes threads, or ends the process. What goes wrong is
 * said in one line on the standard error, and the rest is left to the JDK.
 */
#ifndef ZN_AGENT_H
#define ZN_AGENT_H

#include <jni.h>
#include <jvmti.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "znio/error.h"
#include "znio/life.h"
#include "znio/meter.h"

/* --- agent.c --- */

/*
 * What io.znio.Agent.install does: all or nothing. text: options. returns: how many natives are
 * bound; or -errno, with the message: -EINVAL a wrong option, ZN_ESECOND, -ENOTSUP no JVMTI, or why
 * the report's file cannot be written.
 */
ZN_MUST_CHECK int agent_install(JNIEnv *env, const char *text, char *message, size_t size);

/* What io.znio.Agent.check does. returns: 0; -EINVAL, and message says what the first wrong option
 * is, and what helps. */
ZN_MUST_CHECK int agent_check(const char *text, char *message, size_t size);

/* --- agent_options.c --- */

/* What znio serves; the rest is the JDK's. Bits: of unsafe and fast, io is a part. */
enum agent_mode {
  AGENT_OBSERVE = 0,
  AGENT_IO = 1,
  AGENT_UNSAFE = 2,
  AGENT_FAST = 4,
};
enum agent_log { AGENT_LOG_OFF, AGENT_LOG_WARN, AGENT_LOG_INFO };

/* The forms of the report: JSON, and a page that shows it. */
enum agent_form { AGENT_JSON, AGENT_HTML, AGENT_FORMS };

struct agent_options {
  uint32_t mode; /* of enum agent_mode */
  enum agent_log log;
  uint32_t stacks;                     /* the stack of every such birth is taken: 0 none, 1 all */
  char reports[AGENT_FORMS][PATH_MAX]; /* empty: none of that form */
};

#define AGENT_MESSAGE_MAX 1024

void agent_options_default(struct agent_options *options);

/*
 * Takes one option from *cursor (a list with commas; NULL or empty: none) and moves it. returns: 1
 * taken; 0 there is none left; -EINVAL the option is wrong and skipped, message says why and what
 * helps.
 */
ZN_MUST_CHECK int agent_options_next(const char **cursor, struct agent_options *options,
                                     char *message, size_t size);

/* --- agent_log.c --- */

/* Copies a name in which %p stands for the number of this process. returns: 0; -ENAMETOOLONG. */
ZN_MUST_CHECK int agent_expand(const char *name, char *out, size_t size);

/* One line on the standard error, "znio agent: ..."; nothing if the level is above the option's. */
void agent_say(enum agent_log level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void agent_set_log(enum agent_log level);

/* --- agent_natives.c --- */

/* The rows of the meter. Deaths come before births, so that a report counts no death without its
 * birth. */
enum agent_native {
  AGENT_FREE,
  AGENT_REALLOCATE,
  AGENT_ALLOCATE,
  AGENT_UNMAP,
  AGENT_MAP,
  AGENT_TRANSFER_TO,
  AGENT_TRANSFER_FROM,
  AGENT_READ,
  AGENT_PREAD,
  AGENT_READV,
  AGENT_WRITE,
  AGENT_PWRITE,
  AGENT_WRITEV,
  AGENT_FORCE,
  AGENT_SEEK,
  AGENT_TRUNCATE,
  AGENT_SIZE,
  AGENT_LOCK,
  AGENT_RELEASE,
  AGENT_NATIVES
};

/* One native of the JDK, in the releases first to last. */
struct agent_row {
  enum agent_native native;
  int first, last;
  const char *type; /* as FindClass wants it */
  const char *name;
  const char *signature;
  const void *count; /* counts, and calls the target */
  const void *serve; /* znio's own, or NULL */
};

#define AGENT_JDK_FIRST 17
#define AGENT_JDK_LAST 25

/* Has this release been looked at? */
bool agent_is_known(int jdk);

/* The i-th row, or NULL after the last. */
const struct agent_row *agent_row(size_t i);

/* --- agent_meter.c --- */

/* The meters are in memory that the owner of the process can read from now on, if the system lets
 * us; a reader is told which file the report goes to. Before the first native is bound. */
void agent_share_meters(const struct agent_options *options);

/* --- agent_count.c --- */

/* What does the work of a native. Set before the native is bound; may change while it is called. */
void agent_set_target(enum agent_native native, const void *function);

/* --- agent_bind.c --- */

/* Clears what is pending. returns: was there anything? */
bool agent_threw(JNIEnv *env);

/* A class of the JDK's own loader, not initialised for it; a local reference, or NULL: there is
 * none. After agent_bind; leaves no exception. */
jclass agent_find_class(JNIEnv *env, const char *type);

/* Does znio serve a native that is bound, or the JDK? */
bool agent_serves(enum agent_native native);

/* The JDK's function that a native was bound to; not NULL once it is bound. */
const void *agent_original(enum agent_native native);

/* The row that a native is bound by, or NULL. */
const struct agent_row *agent_bound_row(enum agent_native native);

/*
 * Binds what the running JDK has of the table and is not bound yet, then sets who serves. jdk: its
 * release; one that is not known is served by itself. One call at a time, in the live phase, with
 * no exception pending; leaves none. returns: how many are bound.
 */
int agent_bind(JNIEnv *env, jvmtiEnv *jvmti, int jdk, uint32_t mode);

/* --- agent_site.c --- */

/* The stack of every such birth in a thread is taken from now on, and of each of ZN_LIFE_LARGE
 * bytes; 0: of none. */
void agent_site_set(jvmtiEnv *jvmti, uint32_t every);

/*
 * Is this one of every (1 and more) that is looked at? By chance, one of every on average: by
 * counting, a program that does the same things by turns would be met at one of them always. left:
 * the thread's own, 0 at first.
 */
bool agent_draws(uint32_t *left, uint32_t every);

/* The site of a birth that happens now in the native that the calling thread is in; 0 if it is not
 * sampled. No exception may be pending; leaves none. */
uint32_t agent_site(JNIEnv *env, int64_t size);

/* --- agent_life.c --- */

/* Before the first birth, and as often as one likes. has_pauses: the JVM tells of its pauses. */
void agent_life_prepare(jvmtiEnv *jvmti, bool has_pauses);
bool agent_life_has_pauses(void);

/* Something was born in the native that the calling thread is in, and nobody else knows its address
 * yet. No exception may be pending; leaves none. */
void agent_life_born(JNIEnv *env, enum zn_life_kind kind, jlong address, jlong size);

/*
 * Memory goes back right after this, and nobody can keep it from that. returns: its size; -ENOENT:
 * it is not known. No exception may be pending; leaves none.
 */
int64_t agent_life_died(JNIEnv *env, enum zn_life_kind kind, jlong address);

struct agent_death {
  int64_t size; /* -ENOENT: it is not known */
  uint32_t site;
  bool sampled;
  struct zn_life life; /* if it is sampled */
};

/* Before memory goes back that may stay after all: another thread may get the same address right
 * after that. One of the next two must follow. returns: its size, or -ENOENT. */
int64_t agent_life_take(enum zn_life_kind kind, jlong address, struct agent_death *death);

/* It goes back, or has gone. No exception may be pending; leaves none. */
void agent_life_end(JNIEnv *env, struct agent_death *death);

/* It could not be given back. Makes no call of JNI. */
void agent_life_put_back(jlong address, const struct agent_death *death);

/* --- agent_sums.c --- */

typedef int64_t agent_sums[AGENT_NATIVES][ZN_METER_COLUMNS];

/* Deaths come first in the enumeration. */
void agent_read_sums(agent_sums sums);

/* What was born since we look, and has not died. */
struct agent_live {
  int64_t items;
  int64_t bytes;
};
struct agent_live agent_live_memory(agent_sums sums);
struct agent_live agent_live_mapped(agent_sums sums);

/* The values of a point: bytes. */
enum { AGENT_POINT_MEMORY, AGENT_POINT_MAPPED, AGENT_POINT_TRANSFERRED };

/* Adds a point to the series; the second, if it is time for one. Without JNI: a collector's pause
 * calls it, too. */
void agent_add_point(agent_sums sums);
void agent_point(void);

/* --- agent_pools.c --- */

#define AGENT_POOLS 3

struct agent_pool {
  const char *name; /* as BufferPoolMXBean has it */
  int64_t items;
  int64_t bytes;
};

void agent_pools_prepare(JavaVM *vm, jvmtiEnv *jvmti);

/* Reads the JDK's own counts. No exception may be pending; leaves none. pools: room for
 * AGENT_POOLS. returns: how many this JDK has; 0 in a thread that is none of the JVM's. */
int agent_pools_read(struct agent_pool *pools);

/* --- agent_path.c --- */

/* Paths of transfers; each has a row of the meter after those of the natives. */
enum agent_path {
  AGENT_TO_SENDFILE,
  AGENT_TO_COPY_FILE_RANGE,
  AGENT_TO_EITHER,  /* one of the two */
  AGENT_TO_REFUSED, /* the JDK goes on in Java */
  AGENT_TO_MMAP,    /* calls are windows, bytes are mapped ones, from the start of a page */
  AGENT_TO_COPY,    /* calls are pieces; of samples, times how many each stands for */
  AGENT_FROM_COPY_FILE_RANGE,
  AGENT_FROM_REFUSED,
  AGENT_FROM_MMAP,
  AGENT_FROM_COPY,
  AGENT_FAST_SPLICE, /* of the option fast: transferFrom of sockets and pipes, */
  AGENT_FAST_COPY,   /* or to a file that cannot be spliced to */
  AGENT_PATHS
};

const char *agent_path_name(enum agent_path path);

/* The native that went it, or the method that did it in Java. */
const char *agent_path_native(enum agent_path path);

/* One transfer of the calling thread moved bytes of wanted that way. */
void agent_path_add(enum agent_path path, int64_t bytes, int64_t wanted);

/* Which way the JDK's transferTo0 of 21 and 25 will go. To be asked before it: afterwards the
 * target's descriptor may be closed. */
enum agent_path agent_path_to(JNIEnv *env, jobject target);

/* A native of ours did the transfer of the call that the thread is in; path: enum zn_path; -1: it
 * did not, after all. */
void agent_path_served(enum agent_native native, int path);

/* A native of ours leaves the call of the JDK's transferTo0 of 21 and 25 to it. type: enum
 * zn_file_type of the target, or -errno. */
void agent_path_left(int type);

/* The call is over, by one of ours or else by_jdk. result: the native's. */
void agent_path_ended(enum agent_native native, enum agent_path by_jdk, int64_t result,
                      int64_t wanted);

/* every: one in so many reads and writes that may be a piece of a copy is looked at; 0: none. */
void agent_path_prepare(jvmtiEnv *jvmti, uint32_t every);

/* The thread is in a native that mapped, read by pread, or wrote by pwrite: was it for a transfer?
 * No exception may be pending where result or size is above 0; leaves none. */
void agent_path_mapped(JNIEnv *env, bool read_only, int64_t size);
void agent_path_read(JNIEnv *env, int64_t size, int64_t result);
void agent_path_written(JNIEnv *env, int64_t size, int64_t result);

/* --- agent_serve.c --- */

/* The descriptor in a java.io.FileDescriptor; -1 before agent_serve_prepare. */
int agent_fd(JNIEnv *env, jobject file);

/* Before the first of its functions is called. returns: false: this JDK is not what we know. */
ZN_MUST_CHECK bool agent_serve_prepare(JNIEnv *env);

/* Throws an IOException with the system's text. returns: AGENT_THROWN. */
int agent_throw(JNIEnv *env, int64_t error);

/* --- agent_unsafe.c --- */

/* The same; says why not. */
ZN_MUST_CHECK bool agent_unsafe_prepare(void);

/* --- agent_report.c --- */

/* Writes the report, in each form that is wanted. why: "exit", "dump". Any thread. */
void agent_report_write(const char *why);

/* Can the file of a form be written, if one is wanted? Makes it, and changes nothing else.
 * returns: 0; or -errno, with the message. */
ZN_MUST_CHECK int agent_report_check(const struct agent_options *options, enum agent_form form,
                                     char *message, size_t size);

/* From now on reports go where the options say, which have been checked. text: the options as they
 * were written; jdk: its version; both are told by reports. */
void agent_report_set(const struct agent_options *options, const char *text, const char *jdk);

/* --- agent_page.c --- */

/* The page, as it is before its data and after; not terminated. */
const char *agent_page_head(size_t *size);
const char *agent_page_tail(size_t *size);

#endif
