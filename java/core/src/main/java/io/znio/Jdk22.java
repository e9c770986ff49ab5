// SPDX-License-Identifier: Apache-2.0
package io.znio;

/**
 * What {@link ArenaFileChannel} needs of JDK 22, in outline: the names that its one method has in
 * its signature. As in {@link Jdk17}, nothing here is ever run.
 */
final class Jdk22 {
  /** Binary name of each type here and of the channel, and what stands in its place. */
  static final String[][] NAMES = {
    {Arena.class.getName(), "java.lang.foreign.Arena"},
    {MemorySegment.class.getName(), "java.lang.foreign.MemorySegment"},
    {ArenaFileChannel.class.getName(), "io.znio.NativeFileChannel22"},
  };

  private Jdk22() {}

  /** Decides how long memory lives, and who may touch it. */
  interface Arena {}

  /** Memory with bounds and a life. */
  interface MemorySegment {}
}
