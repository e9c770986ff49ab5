// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;

/**
 * What the kernel says of this process's memory, read without making garbage: whoever watches for a
 * garbage collection must not cause one. One thread.
 */
final class ProcMemory {
  private static final byte[] RESIDENT = "VmRSS:".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] ANONYMOUS = "RssAnon:".getBytes(StandardCharsets.US_ASCII);
  private static final int FIRST_BYTES = 64 * 1024;

  private byte[] text = new byte[FIRST_BYTES];
  private int length;

  /** Resident bytes, of whatever kind. */
  long residentBytes() throws IOException {
    read("/proc/self/status");
    return parseResident(text, length);
  }

  /** Resident bytes that no file backs: of the heap, and of memory outside of it. */
  long anonymousBytes() throws IOException {
    read("/proc/self/status");
    return parse(text, length, ANONYMOUS);
  }

  /** Bytes of address space that show the file of that name, as {@code /proc/self/maps} has it. */
  long mappedBytes(byte[] file) throws IOException {
    read("/proc/self/maps");
    return parseMapped(text, length, file);
  }

  private void read(String file) throws IOException {
    length = 0;
    try (FileInputStream in = new FileInputStream(file)) {
      while (true) {
        int count = in.read(text, length, text.length - length);
        if (count < 0) {
          return;
        }
        length += count;
        if (length == text.length) {
          text = java.util.Arrays.copyOf(text, 2 * text.length);
        }
      }
    }
  }

  /** The number behind "VmRSS:", which is in kB; 0 if it is not there. */
  static long parseResident(byte[] text, int length) {
    return parse(text, length, RESIDENT);
  }

  private static long parse(byte[] text, int length, byte[] name) {
    int at = find(text, 0, length, name);
    long kib = 0;
    for (int i = Math.max(at, 0); at >= 0 && i < length && text[i] != '\n'; i++) {
      kib = text[i] >= '0' && text[i] <= '9' ? 10 * kib + text[i] - '0' : kib;
    }
    return kib * Sizes.KIB;
  }

  /** The sum of the ranges of all lines that name the file. */
  static long parseMapped(byte[] text, int length, byte[] file) {
    long sum = 0;
    int line = 0;
    while (line < length) {
      int end = line;
      while (end < length && text[end] != '\n') {
        end++;
      }
      if (find(text, line, end, file) >= 0) {
        sum += range(text, line);
      }
      line = end + 1;
    }
    return sum;
  }

  /** The size of "BEGIN-END " in hexadecimal digits. */
  private static long range(byte[] text, int at) {
    long begin = 0;
    long number = 0;
    for (int i = at; text[i] != ' '; i++) {
      if (text[i] == '-') {
        begin = number;
        number = 0;
      } else {
        number = number << 4 | Character.digit(text[i], 16);
      }
    }
    return number - begin;
  }

  private static int find(byte[] text, int from, int to, byte[] word) {
    for (int i = from; i + word.length <= to; i++) {
      int same = 0;
      while (same < word.length && text[i + same] == word[same]) {
        same++;
      }
      if (same == word.length) {
        return i;
      }
    }
    return -1;
  }
}
