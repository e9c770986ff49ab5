// SPDX-License-Identifier: Apache-2.0
package io.znio.tools;

/**
 * What a look at the machine found.
 *
 * @param grade whether it limits znio
 * @param subject what was looked at
 * @param found what it is
 * @param fix what helps, or what to know; empty: nothing needs to be done
 */
record Finding(Grade grade, String subject, String found, String fix) {
  /** Whether a finding limits znio. */
  enum Grade {
    OK,
    /** Worth knowing; nothing is wrong. */
    NOTE,
    LIMIT
  }

  static Finding ok(String subject, String found) {
    return new Finding(Grade.OK, subject, found, "");
  }

  static Finding note(String subject, String found, String advice) {
    return new Finding(Grade.NOTE, subject, found, advice);
  }

  static Finding limit(String subject, String found, String fix) {
    return new Finding(Grade.LIMIT, subject, found, fix);
  }
}
