// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * One command line of bench/PROTOCOL.md: a verb and {@code key=value} words, separated by blanks.
 *
 * <p>Values have their blanks, {@code %} and control characters percent-encoded, so that a line is
 * always one command. Instances are mutable and belong to one thread.
 */
final class Wire {
  private final String verb;
  private final Map<String, String> values = new LinkedHashMap<>();

  Wire(String verb) {
    this.verb = verb;
  }

  /** Parses a line that {@link #line()} or a C program made. Unknown keys are kept. */
  static Wire parse(String line) {
    String[] words = line.strip().split(" +");
    Wire wire = new Wire(words[0]);
    for (int i = 1; i < words.length; i++) {
      int equals = words[i].indexOf('=');
      if (equals <= 0) {
        throw new IllegalArgumentException("'" + words[i] + "' is no key=value word");
      }
      wire.values.put(words[i].substring(0, equals), decode(words[i].substring(equals + 1)));
    }
    return wire;
  }

  String verb() {
    return verb;
  }

  /** Sets a value; null leaves the key out. */
  Wire with(String key, Object value) {
    if (value != null) {
      values.put(key, value.toString());
    }
    return this;
  }

  boolean has(String key) {
    return values.containsKey(key);
  }

  /** Returns a value, or null. */
  String get(String key) {
    return values.get(key);
  }

  /** Returns a value that must be there. */
  String need(String key) {
    String value = values.get(key);
    if (value == null) {
      throw new IllegalArgumentException("the command '" + verb + "' needs " + key + "=");
    }
    return value;
  }

  long needLong(String key) {
    String value = need(key);
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw new IllegalArgumentException(key + "=" + value + " is not a whole number", e);
    }
  }

  String line() {
    StringBuilder line = new StringBuilder(verb);
    values.forEach((key, value) -> line.append(' ').append(key).append('=').append(encode(value)));
    return line.toString();
  }

  static String encode(String value) {
    StringBuilder out = new StringBuilder(value.length());
    for (byte b : value.getBytes(StandardCharsets.UTF_8)) {
      int c = b & 0xff;
      if (c <= ' ' || c == '%' || c >= 0x7f) {
        out.append(String.format(Locale.ROOT, "%%%02X", c));
      } else {
        out.append((char) c);
      }
    }
    return out.toString();
  }

  static String decode(String value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(value.length());
    byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] != '%') {
        out.write(bytes[i]);
        continue;
      }
      int high = i + 2 < bytes.length ? Character.digit(bytes[i + 1], 16) : -1;
      int low = i + 2 < bytes.length ? Character.digit(bytes[i + 2], 16) : -1;
      if (high < 0 || low < 0) {
        throw new IllegalArgumentException(
            "'" + value + "' has a % without two hexadecimal digits");
      }
      out.write(high << 4 | low);
      i += 2;
    }
    return out.toString(StandardCharsets.UTF_8);
  }
}
