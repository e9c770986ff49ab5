/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Class files, as far as one method's body must be known and replaced (The Java Virtual Machine
 * Specification, chapter 4). Numbers are big-endian. A file that is not what it says is never read
 * beyond its end: it has hash 0.
 */
#include <string.h>

#include "agent_fast.h"

enum constant {
  UTF8 = 1,
  INTEGER = 3,
  FLOAT,
  LONG,
  DOUBLE,
  CLASS,
  STRING,
  FIELD,
  METHOD,
  INTERFACE_METHOD,
  NAME_AND_TYPE,
  METHOD_HANDLE = 15,
  METHOD_TYPE,
  DYNAMIC,
  INVOKE_DYNAMIC,
  MODULE,
  PACKAGE
};

#define POOL_START 10  /* behind magic, versions and the count */
#define CODE_HEADER 14 /* name, length, stack, locals, length of the code */
#define DEPTH_MAX 4    /* method, name and type, text */
#define ADDED_CONSTANTS 6

/* --- reading --- */

struct reader {
  const unsigned char *at, *end;
  bool bad; /* beyond the end was asked for: what was read is 0 */
};

static const unsigned char *take(struct reader *r, size_t size) {
  if ((size_t)(r->end - r->at) < size) r->bad = true;
  if (r->bad) return NULL;
  const unsigned char *at = r->at;
  r->at += size;
  return at;
}

static uint32_t take_number(struct reader *r, size_t size) {
  const unsigned char *at = take(r, size);
  uint32_t value = 0;
  for (size_t i = 0; at != NULL && i < size; i++) value = value << 8 | at[i];
  return value;
}

/* --- constants --- */

/* Bytes of a constant after its tag, of which the first two of text are read already. */
static size_t constant_size(uint32_t tag, struct reader *r) {
  switch (tag) {
    case UTF8:
      return take_number(r, 2);
    case CLASS:
    case STRING:
    case METHOD_TYPE:
    case MODULE:
    case PACKAGE:
      return 2;
    case METHOD_HANDLE:
      return 3;
    case LONG:
    case DOUBLE:
      return 8;
    case INTEGER:
    case FLOAT:
    case FIELD:
    case METHOD:
    case INTERFACE_METHOD:
    case NAME_AND_TYPE:
    case DYNAMIC:
    case INVOKE_DYNAMIC:
      return 4;
    default:
      r->bad = true;
      return 0;
  }
}

struct class_file {
  struct reader all;
  uint32_t constants;
};

static struct class_file open_class(const unsigned char *bytes, size_t size) {
  struct class_file file = {.all = {bytes, bytes + size, false}};
  (void)take(&file.all, POOL_START - 2);
  file.constants = take_number(&file.all, 2);
  return file;
}

/* A constant's tag, and a reader of what follows; of the last but one: the end of the pool. */
static uint32_t find_constant(const struct class_file *file, uint32_t index, struct reader *out) {
  struct reader r = file->all;
  for (uint32_t i = 1; i < file->constants && !r.bad; i++) {
    uint32_t tag = take_number(&r, 1);
    size_t size = constant_size(tag, &r);
    *out = (struct reader){r.at, r.at, false};
    (void)take(&r, size);
    out->end = r.at;
    if (i == index && !r.bad) return tag;
    if (tag == LONG || tag == DOUBLE) i++; /* they count twice */
  }
  *out = r;
  return 0;
}

/* returns: the index of a text, or 0. */
static uint32_t find_text(const struct class_file *file, const char *text) {
  struct reader r = file->all;
  size_t length = strlen(text);
  for (uint32_t i = 1; i < file->constants && !r.bad; i++) {
    uint32_t tag = take_number(&r, 1);
    size_t size = constant_size(tag, &r);
    const unsigned char *value = take(&r, size);
    if (tag == UTF8 && value != NULL && size == length && memcmp(value, text, length) == 0) {
      return i;
    }
    if (tag == LONG || tag == DOUBLE) i++;
  }
  return 0;
}

/* --- the method --- */

/* The Code of a method. */
struct found {
  size_t pool_end;  /* where constants can be added */
  size_t attribute; /* where it begins, and its size with its header */
  size_t size;
  const unsigned char *code;
  uint32_t length;
  struct reader handlers;
};

static void skip_attributes(struct reader *r) {
  uint32_t count = take_number(r, 2);
  for (uint32_t i = 0; i < count && !r->bad; i++) {
    (void)take(r, 2);
    (void)take(r, take_number(r, 4));
  }
}

/* Of the method whose attributes come next. returns: is there a Code? */
static bool find_code(struct reader *r, uint32_t name, const unsigned char *start,
                      struct found *found) {
  uint32_t count = take_number(r, 2);
  for (uint32_t i = 0; i < count && !r->bad; i++) {
    const unsigned char *attribute = r->at;
    bool is_code = take_number(r, 2) == name;
    (void)take(r, take_number(r, 4));
    if (!is_code || r->bad) continue;
    struct reader code = {attribute, r->at, false};
    (void)take(&code, CODE_HEADER - 4);
    found->attribute = (size_t)(attribute - start);
    found->size = (size_t)(r->at - attribute);
    found->length = take_number(&code, 4);
    found->code = take(&code, found->length);
    found->handlers = code;
    return !code.bad;
  }
  return false;
}

static bool find_method(const struct class_file *file, const unsigned char *start,
                        const struct agent_method *method, struct found *found) {
  uint32_t name = find_text(file, method->name);
  uint32_t descriptor = find_text(file, method->descriptor);
  uint32_t code = find_text(file, "Code");
  struct reader r;
  if (name == 0 || descriptor == 0 || code == 0) return false;
  (void)find_constant(file, UINT32_MAX, &r);
  found->pool_end = (size_t)(r.at - start);
  (void)take(&r, 6); /* access, this, super */
  (void)take(&r, (size_t)take_number(&r, 2) * 2);
  for (uint32_t fields = take_number(&r, 2); fields > 0 && !r.bad; fields--) {
    (void)take(&r, 6);
    skip_attributes(&r);
  }
  for (uint32_t methods = take_number(&r, 2); methods > 0 && !r.bad; methods--) {
    (void)take(&r, 2);
    uint32_t its_name = take_number(&r, 2);
    uint32_t its_descriptor = take_number(&r, 2);
    if (its_name == name && its_descriptor == descriptor) return find_code(&r, code, start, found);
    skip_attributes(&r);
  }
  return false;
}

/* --- the hash --- */

struct hash {
  const struct class_file *file;
  uint64_t value; /* FNV-1a */
  bool bad;
};

static void add(struct hash *hash, const unsigned char *bytes, size_t size) {
  for (size_t i = 0; i < size; i++) hash->value = (hash->value ^ bytes[i]) * 1099511628211ULL;
}

/* By value: the texts that it is made of. */
static void add_constant(struct hash *hash, uint32_t index, int depth) {
  struct reader r;
  unsigned char tag = (unsigned char)find_constant(hash->file, index, &r);
  size_t references = tag == CLASS || tag == STRING || tag == METHOD_TYPE ? 1
                      : tag >= FIELD && tag <= NAME_AND_TYPE              ? 2
                                                                          : 0;
  if (tag == 0 || tag >= DYNAMIC || tag == METHOD_HANDLE || depth == 0) hash->bad = true;
  if (hash->bad) return;
  add(hash, &tag, 1);
  if (references == 0) add(hash, r.at, (size_t)(r.end - r.at));
  for (size_t i = 0; i < references; i++) add_constant(hash, take_number(&r, 2), depth - 1);
}

/* returns: bytes of an instruction, or 0: they vary, or nobody knows it. */
static size_t instruction_size(unsigned char op) {
  if (op == 0xaa || op == 0xab || op == 0xc4 || op > 0xc9) return 0; /* switches, wide */
  if (op == 0xb9 || op == 0xba || op == 0xc8 || op == 0xc9) return 5;
  if (op == 0xc5) return 4;
  if (op == 0x11 || op == 0x13 || op == 0x14 || op == 0x84) return 3;
  if ((op >= 0x99 && op <= 0xa8) || (op >= 0xb2 && op <= 0xb8)) return 3;
  if (op == 0xbb || op == 0xbd || op == 0xc0 || op == 0xc1 || op == 0xc6 || op == 0xc7) return 3;
  if (op == 0x10 || op == 0x12 || (op >= 0x15 && op <= 0x19)) return 2;
  return (op >= 0x36 && op <= 0x3a) || op == 0xa9 || op == 0xbc ? 2 : 1;
}

/* returns: bytes of an instruction's operand that name a constant. */
static size_t constant_operand(unsigned char op) {
  if (op == 0x12) return 1;
  bool wide = op == 0x13 || op == 0x14 || (op >= 0xb2 && op <= 0xbb) || op == 0xbd || op == 0xc0 ||
              op == 0xc1 || op == 0xc5;
  return wide ? 2 : 0;
}

static void add_code(struct hash *hash, struct reader code) {
  while (code.at < code.end && !hash->bad) {
    unsigned char op = *code.at;
    size_t size = instruction_size(op);
    size_t named = constant_operand(op);
    add(hash, code.at, 1);
    (void)take(&code, 1);
    if (named > 0) add_constant(hash, take_number(&code, named), DEPTH_MAX);
    size_t rest = size == 0 ? 0 : size - 1 - named;
    const unsigned char *operands = take(&code, rest);
    if (size == 0 || code.bad) hash->bad = true;
    if (!hash->bad) add(hash, operands, rest);
  }
}

static void add_handlers(struct hash *hash, struct reader handlers) {
  for (uint32_t count = take_number(&handlers, 2); count > 0 && !hash->bad; count--) {
    const unsigned char *range = take(&handlers, 6);
    uint32_t type = take_number(&handlers, 2);
    if (handlers.bad) hash->bad = true;
    if (!hash->bad) add(hash, range, 6);
    if (type != 0) add_constant(hash, type, DEPTH_MAX);
  }
}

uint64_t agent_class_hash(const unsigned char *bytes, size_t size,
                          const struct agent_method *method) {
  struct class_file file = open_class(bytes, size);
  struct found found;
  if (!find_method(&file, bytes, method, &found)) return 0;
  struct hash hash = {.file = &file, .value = 14695981039346656037ULL};
  add_code(&hash, (struct reader){found.code, found.code + found.length, false});
  add_handlers(&hash, found.handlers);
  return hash.bad ? 0 : hash.value;
}

/* --- replacing --- */

struct writer {
  unsigned char *out; /* NULL: only the size counts */
  size_t size;
};

static void put(struct writer *w, const void *bytes, size_t size) {
  if (w->out != NULL) memcpy(w->out + w->size, bytes, size);
  w->size += size;
}

static void put_number(struct writer *w, uint32_t value, int size) {
  while (size-- > 0) {
    unsigned char byte = (unsigned char)(value >> (8 * size));
    put(w, &byte, 1);
  }
}

static void put_text(struct writer *w, const char *text) {
  put_number(w, UTF8, 1);
  put_number(w, (uint32_t)strlen(text), 2);
  put(w, text, strlen(text));
}

/* returns: the number of the method that is called. */
static uint32_t put_constants(struct writer *w, uint32_t next, const struct agent_body *body) {
  put_text(w, body->helper);           /* next */
  put_text(w, body->calls.name);       /* next + 1 */
  put_text(w, body->calls.descriptor); /* next + 2 */
  put_number(w, CLASS, 1);             /* next + 3 */
  put_number(w, next, 2);
  put_number(w, NAME_AND_TYPE, 1); /* next + 4 */
  put_number(w, next + 1, 2);
  put_number(w, next + 2, 2);
  put_number(w, METHOD, 1); /* next + 5 */
  put_number(w, next + 3, 2);
  put_number(w, next + 4, 2);
  return next + 5;
}

static void put_code(struct writer *w, const unsigned char *old, uint32_t called,
                     const struct agent_body *body) {
  put(w, old, 2); /* the name */
  put_number(w, CODE_HEADER - 6 + body->size + 4U, 4);
  put_number(w, body->stack, 2);
  put_number(w, body->locals, 2);
  put_number(w, body->size, 4);
  put(w, body->code, body->size - 3U);
  put_number(w, called, 2);
  put(w, body->code + body->size - 1, 1);
  put_number(w, 0, 4); /* no handlers, no attributes */
}

size_t agent_class_replace(const unsigned char *bytes, size_t size,
                           const struct agent_method *method, const struct agent_body *body,
                           unsigned char *out) {
  struct class_file file = open_class(bytes, size);
  struct found found;
  if (!find_method(&file, bytes, method, &found)) return 0;
  if (file.constants + ADDED_CONSTANTS > UINT16_MAX) return 0;
  struct writer w = {.out = out};
  size_t rest = found.attribute + found.size;
  put(&w, bytes, POOL_START - 2);
  put_number(&w, file.constants + ADDED_CONSTANTS, 2);
  put(&w, bytes + POOL_START, found.pool_end - POOL_START);
  uint32_t called = put_constants(&w, file.constants, body);
  put(&w, bytes + found.pool_end, found.attribute - found.pool_end);
  put_code(&w, bytes + found.attribute, called, body);
  put(&w, bytes + rest, size - rest);
  return w.size;
}
