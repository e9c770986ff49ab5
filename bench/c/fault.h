/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fault: one sentence that says why a command did not do its work. A function that can fail takes a
 * struct bench_fault last, returns 0 (or a descriptor) or -1, and has then written the sentence.
 */
#ifndef BENCH_FAULT_H
#define BENCH_FAULT_H

#include <stdbool.h>

struct bench_fault {
  bool skipped; /* the machine or the library cannot do it: no defect */
  char text[600];
};

/* Writes a sentence for a defect. Returns -1. */
int bench_fault_set(struct bench_fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes a sentence for what this machine or library cannot do. Returns -1. */
int bench_fault_skip(struct bench_fault *fault, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Writes "what: <text of errno>". A full disk or a refused right is a skip. Returns -1. */
int bench_fault_errno(struct bench_fault *fault, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
