// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.nio.Buffer;

/** Defines the class of the token of JDK 17 into java.nio. */
final class TokenClasses {
  private TokenClasses() {}

  /**
   * Defines {@link EscapeToken}.
   *
   * @param trusted a lookup that may define classes in java.base
   * @return the class in java.nio
   * @throws IllegalAccessException if the lookup may not
   * @throws IOException if the class files are not beside this one
   */
  static Class<?> define(MethodHandles.Lookup trusted) throws IllegalAccessException, IOException {
    byte[] classFile = Outlines.fill(EscapeToken.class, Jdk17.NAMES);
    try {
      return trusted.in(Buffer.class).defineClass(classFile);
    } catch (LinkageError e) {
      // Defined before, by a copy of znio whose class loader is gone; the JVM keeps boot classes.
      try {
        return Class.forName(Outlines.nameInside(EscapeToken.class, Jdk17.NAMES), false, null);
      } catch (ClassNotFoundException never) {
        throw e;
      }
    }
  }
}
