/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors of the znio C API.
 *
 * A function returns a value >= 0, or a negative error code:
 *   -4095 ... -1   a kernel errno, negated (-EPIPE, -EAGAIN, ...)
 *   below -4095    one of the private codes below, which name a reason the kernel has no errno for
 *
 * EINTR is never repeated inside znio: it goes up to the caller, because a JVM closes and
 * interrupts blocked threads by a signal. -EAGAIN means a non-blocking end is not ready and nothing
 * was moved.
 */
#ifndef ZNIO_ERROR_H
#define ZNIO_ERROR_H

#ifdef __cplusplus
extern "C" {
#endif

#define ZN_API __attribute__((visibility("default")))
#define ZN_MUST_CHECK __attribute__((warn_unused_result))

/* X(name, number, text). The text completes the sentence "<path> from <source> to <target>: ...".
 */
#define ZN_ERROR_MAP(X)                                                                            \
  X(ZN_EPAIR, -5001, "this path cannot join these two kinds of ends")                              \
  X(ZN_EFILESYSTEM, -5002, "the file system of these files cannot do it")                          \
  X(ZN_EKERNEL, -5003, "this kernel lacks the system call or the flag")                            \
  X(ZN_EFORBIDDEN, -5004, "the system's policy forbids it to this process")                        \
  X(ZN_EALIGN, -5005, "offset, address and length must be multiples of the block size")            \
  X(ZN_EAPPEND, -5006, "the target is open in append mode")                                        \
  X(ZN_EOVERLAP, -5007, "source and target are overlapping ranges of one file")                    \
  X(ZN_EPAGES, -5008, "only whole pages of a mapping made by znio may be lent to a pipe")          \
  X(ZN_ETRUNCATED, -5009, "the file was cut short while it was being read")                        \
  X(ZN_ETEE, -5010, "tee needs a second target")                                                   \
  X(ZN_ESECOND, -5011, "another copy of libznio is already loaded in this process")                \
  X(ZN_ESMALL, -5012, "the transfer is too small for it to pay")                                   \
  X(ZN_EMEMLOCK, -5013,                                                                            \
    "the limit on locked memory (RLIMIT_MEMLOCK) is too low: raise it by ulimit -l")               \
  X(ZN_ELIMIT, -5014, "the limit set for off-heap memory would be passed")                         \
  X(ZN_EDAMAGED, -5021,                                                                            \
    "a lost page of the mapping was replaced: writes to it are not in the file")                   \
  X(ZN_EUNGUARDED, -5022, "the SIGBUS guard is switched off")                                      \
  X(ZN_ECLOSED, -5023, "the mapping is closed")                                                    \
  X(ZN_ELOST, -5024,                                                                               \
    "a page of the mapped memory cannot be had: its file was cut short, or its disk is full")

enum zn_error {
#define ZN_ERROR_ENUM(name, number, text) name = number,
  ZN_ERROR_MAP(ZN_ERROR_ENUM)
#undef ZN_ERROR_ENUM
};

/*
 * Returns the symbolic name of an error code, "EPIPE" or "ZN_EPAIR"; "EUNKNOWN" for an unknown one.
 * The string is static. Any thread.
 */
ZN_API const char *zn_error_name(int code);

/*
 * Returns one sentence that explains an error code. The string is static. Any thread.
 */
ZN_API const char *zn_error_text(int code);

#ifdef __cplusplus
}
#endif
#endif
