/* SPDX-License-Identifier: Apache-2.0 */
#include "fault.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int bench_fault_set(struct bench_fault *fault, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fault->skipped = false;
  vsnprintf(fault->text, sizeof fault->text, format, arguments);
  va_end(arguments);
  return -1;
}

int bench_fault_skip(struct bench_fault *fault, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fault->skipped = true;
  vsnprintf(fault->text, sizeof fault->text, format, arguments);
  va_end(arguments);
  return -1;
}

int bench_fault_errno(struct bench_fault *fault, int error, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  fault->skipped = error == ENOSPC || error == EDQUOT;
  int used = vsnprintf(fault->text, sizeof fault->text, format, arguments);
  va_end(arguments);
  if (used >= 0 && (size_t)used < sizeof fault->text) {
    snprintf(fault->text + used, sizeof fault->text - (size_t)used, ": %s", strerror(error));
  }
  return -1;
}
