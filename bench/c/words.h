/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Words: the command lines of PROTOCOL.md, "verb key=value key=value", values percent-encoded, and
 * the line reader of both ends.
 */
#ifndef BENCH_WORDS_H
#define BENCH_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "fault.h"

#define BENCH_LINE_MAX 16384
#define BENCH_WORDS_MAX 32

struct bench_words {
  const char *verb;
  int count;
  struct {
    const char *key;
    const char *value;
  } pairs[BENCH_WORDS_MAX];
};

/* Takes a line apart in place: words points into line. returns: 0; -1 not a command line. */
int bench_words_parse(char *line, struct bench_words *words, struct bench_fault *fault);

/* Returns the decoded value of a key, or NULL. */
const char *bench_words_get(const struct bench_words *words, const char *key);

/* Returns the value of a key that must be there, or NULL with the fault written. */
const char *bench_words_need(const struct bench_words *words, const char *key,
                             struct bench_fault *fault);

/* Reads a whole number >= 0; fallback where the key is missing, unless that is -1: then a fault. */
int bench_words_number(const struct bench_words *words, const char *key, int64_t fallback,
                       int64_t *out, struct bench_fault *fault);

/* Percent-encodes a value into out. returns: 0; -1 it does not fit. */
int bench_words_encode(const char *value, char *out, size_t size);

/* Reads lines from a descriptor. */
struct bench_reader {
  int fd;
  size_t used; /* bytes in buffer */
  size_t line; /* bytes of the line handed out last, its newline included */
  char buffer[BENCH_LINE_MAX];
};

/*
 * Hands out the next line without its newline; it stays valid until the next call. timeout_ms -1:
 * waits for ever. returns: 1 a line; 0 end of stream; -1 time is up, the line is too long, or a
 * read failed.
 */
int bench_reader_line(struct bench_reader *reader, int timeout_ms, char **line);

#endif
