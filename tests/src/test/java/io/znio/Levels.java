// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * Tests of memory run at each level of safety, with magazines and without: both are a matter of the
 * whole process, so Maven runs the classes with the tag {@link #EVERY} in a JVM for each.
 */
final class Levels {
  /** The tag; the JVMs are listed in this module's pom.xml. */
  static final String EVERY = "every-level";

  private Levels() {}
}
