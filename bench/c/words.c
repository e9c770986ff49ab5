/* SPDX-License-Identifier: Apache-2.0 */
#include "words.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

static int decode(char *text) {
  char *to = text;
  for (char *from = text; *from != '\0'; from++) {
    if (*from != '%') {
      *to++ = *from;
      continue;
    }
    int high = hex_digit(from[1]);
    int low = high < 0 ? -1 : hex_digit(from[2]);
    if (low < 0 || high + low == 0) return -1;
    *to++ = (char)(high * 16 + low);
    from += 2;
  }
  *to = '\0';
  return 0;
}

int bench_words_parse(char *line, struct bench_words *words, struct bench_fault *fault) {
  char *rest = line;
  words->verb = strsep(&rest, " ");
  words->count = 0;
  char *word;
  while ((word = strsep(&rest, " ")) != NULL) {
    if (*word == '\0') continue;
    char *value = strchr(word, '=');
    if (value == NULL) return bench_fault_set(fault, "'%s' is not of the form key=value", word);
    if (words->count == BENCH_WORDS_MAX) {
      return bench_fault_set(fault, "a command has at most %d words", BENCH_WORDS_MAX);
    }
    *value++ = '\0';
    if (decode(value) != 0) {
      return bench_fault_set(fault, "the value of %s is not percent-encoded", word);
    }
    words->pairs[words->count].key = word;
    words->pairs[words->count].value = value;
    words->count++;
  }
  return 0;
}

const char *bench_words_get(const struct bench_words *words, const char *key) {
  for (int i = 0; i < words->count; i++) {
    if (strcmp(words->pairs[i].key, key) == 0) return words->pairs[i].value;
  }
  return NULL;
}

const char *bench_words_need(const struct bench_words *words, const char *key,
                             struct bench_fault *fault) {
  const char *value = bench_words_get(words, key);
  if (value == NULL) bench_fault_set(fault, "%s needs %s=", words->verb, key);
  return value;
}

int bench_words_number(const struct bench_words *words, const char *key, int64_t fallback,
                       int64_t *out, struct bench_fault *fault) {
  const char *value = bench_words_get(words, key);
  if (value == NULL) {
    *out = fallback;
    return fallback == -1 ? bench_fault_set(fault, "%s needs %s=", words->verb, key) : 0;
  }
  char *end;
  errno = 0;
  long long number = strtoll(value, &end, 10);
  if (errno != 0 || end == value || *end != '\0' || number < 0) {
    return bench_fault_set(fault, "%s=%s is not a whole number of 0 or more", key, value);
  }
  *out = number;
  return 0;
}

int bench_words_encode(const char *value, char *out, size_t size) {
  size_t used = 0;
  for (const unsigned char *from = (const unsigned char *)value; *from != '\0'; from++) {
    if (used + 4 > size) return -1;
    if (*from <= ' ' || *from == '%' || *from == 0x7f) {
      snprintf(out + used, 4, "%%%02X", *from);
      used += 3;
    } else {
      out[used++] = (char)*from;
    }
  }
  if (used + 1 > size) return -1;
  out[used] = '\0';
  return 0;
}

static int wait_readable(int fd, int64_t deadline_ns) {
  for (;;) {
    int64_t left = deadline_ns < 0 ? -1 : (deadline_ns - bench_clock_now()) / 1000000;
    if (deadline_ns >= 0 && left < 0) left = 0;
    struct pollfd wanted = {.fd = fd, .events = POLLIN};
    int ready = poll(&wanted, 1, (int)left);
    if (ready > 0) return 0;
    if (ready == 0) return -1;
    if (errno != EINTR) return -1;
  }
}

int bench_reader_line(struct bench_reader *reader, int timeout_ms, char **line) {
  reader->used -= reader->line;
  memmove(reader->buffer, reader->buffer + reader->line, reader->used);
  reader->line = 0;
  int64_t deadline_ns = timeout_ms < 0 ? -1 : bench_clock_now() + timeout_ms * INT64_C(1000000);
  for (;;) {
    char *newline = memchr(reader->buffer, '\n', reader->used);
    if (newline != NULL) {
      *newline = '\0';
      reader->line = (size_t)(newline - reader->buffer) + 1;
      *line = reader->buffer;
      return 1;
    }
    if (reader->used == sizeof reader->buffer) return -1;
    if (deadline_ns >= 0 && wait_readable(reader->fd, deadline_ns) != 0) return -1;
    ssize_t got =
        read(reader->fd, reader->buffer + reader->used, sizeof reader->buffer - reader->used);
    if (got == 0) return 0;
    if (got < 0 && errno != EINTR) return -1;
    if (got > 0) reader->used += (size_t)got;
  }
}
