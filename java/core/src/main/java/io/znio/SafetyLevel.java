// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.util.Locale;

/**
 * What happens when memory is used after its end; chosen for the whole process by {@code
 * -Dio.znio.safety}. At each level a second free is refused, and so is closing what a transfer of
 * znio uses.
 */
public enum SafetyLevel {
  /**
   * Nothing more is checked: a view of freed memory reads and writes whatever is there by then, and
   * a view of a closed {@link Mapping} ends the JVM, as after {@code Unsafe.invokeCleaner}.
   */
  UNCHECKED,

  /**
   * The buffer that was freed is empty from then on, so that access to it throws {@link
   * IndexOutOfBoundsException}; slices and duplicates made before are not checked.
   */
  TRACKED,

  /**
   * Every view throws {@link IllegalStateException} after the end. A racing access from another
   * thread may finish once, and could meet reused memory only if its thread stood inside one
   * accessor (or an allocation slow path) across the whole batch of the quarantine.
   *
   * <p>The default on JDK builds that it was verified on and where its self-test passes; elsewhere
   * {@link #TRACKED} is, and this level cannot be had.
   */
  CHECKED;

  /** The level of this process. */
  static final SafetyLevel CURRENT = choose();

  static final boolean IS_CHECKED = CURRENT == CHECKED;

  private static SafetyLevel choose() {
    String word = Settings.text("io.znio.safety", "", "unchecked", "tracked", "checked");
    if (word.isEmpty()) {
      return TokenSupport.isAvailable() ? CHECKED : TRACKED;
    }
    SafetyLevel level = valueOf(word.toUpperCase(Locale.ROOT));
    if (level == CHECKED && !TokenSupport.isAvailable()) {
      Settings.warn(
          "-Dio.znio.safety=checked is not possible ("
              + TokenSupport.REASON
              + "); tracked is taken");
      return TRACKED;
    }
    return level;
  }
}
