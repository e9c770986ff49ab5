/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzzers share: numbers out of the fuzzer's bytes, and the end of a run that found
 * something.
 */
#ifndef ZN_TESTS_FUZZ_H
#define ZN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libFuzzer calls. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libFuzzer keeps the input of a run that aborts, and tells its name. */
#define FUZZ_CHECK(condition)                                                                      \
  do {                                                                                             \
    if (!(condition)) {                                                                            \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                      \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

#define FUZZ_EQUAL(left, right)                                                                    \
  do {                                                                                             \
    long long left_value = (long long)(left), right_value = (long long)(right);                    \
    if (left_value != right_value) {                                                               \
      fprintf(stderr, "%s:%d: %s is %lld, %s is %lld\n", __FILE__, __LINE__, #left, left_value,    \
              #right, right_value);                                                                \
      abort();                                                                                     \
    }                                                                                              \
  } while (0)

/* What is left of the input; behind its end all is 0. */
struct fuzz_input {
  const uint8_t *at, *end;
};

static inline size_t fuzz_left(const struct fuzz_input *in) { return (size_t)(in->end - in->at); }

static inline uint8_t fuzz_byte(struct fuzz_input *in) { return in->at < in->end ? *in->at++ : 0; }

static inline int fuzz_below(struct fuzz_input *in, int limit) { return fuzz_byte(in) % limit; }

static inline uint64_t fuzz_bits(struct fuzz_input *in, int bytes) {
  uint64_t value = 0;
  for (int i = 0; i < bytes; i++) value = value << 8 | fuzz_byte(in);
  return value;
}

/* Any 64 bits, and often those where arithmetic goes wrong: a power of two, give or take little. */
static inline int64_t fuzz_number(struct fuzz_input *in) {
  uint8_t shape = fuzz_byte(in);
  if (shape < 96) return (int8_t)fuzz_byte(in);
  if (shape < 144) return (int64_t)fuzz_bits(in, 2);
  if (shape < 176) return (int64_t)fuzz_bits(in, 3);
  if (shape < 192) return (int64_t)fuzz_bits(in, 8);
  return (int64_t)(((uint64_t)1 << (shape - 192)) + (uint64_t)(int64_t)(int8_t)fuzz_byte(in));
}

/* The next bytes, at most size, as memory of its own of just that size, ended by a zero: who reads
 * beyond it is caught. To be freed. */
static inline char *fuzz_text(struct fuzz_input *in, size_t size) {
  size_t length = size < fuzz_left(in) ? size : fuzz_left(in);
  char *text = malloc(length + 1);
  if (text == NULL) abort();
  if (length > 0) memcpy(text, in->at, length);
  text[length] = '\0';
  in->at += length;
  return text;
}

#endif
