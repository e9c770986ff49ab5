// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.Arrays;
import java.util.List;

/** Whose memory it is. */
enum FaultImpl {
  /** znio, at its default level. */
  ZNIO("znio", "checked", 17),
  /** {@code allocateDirect} and {@code FileChannel.map}, ended by {@code invokeCleaner}. */
  JDK("jdk", null, 17),
  /** {@code Arena.ofShared}, which ends by {@code close}. */
  ARENA("arena-shared", null, 22),
  ZNIO_TRACKED("znio-tracked", "tracked", 17),
  ZNIO_UNCHECKED("znio-unchecked", "unchecked", 17);

  /** As the report has it. */
  final String word;

  /** Safety level of znio; null: no znio in this process. */
  final String level;

  private final int since;

  FaultImpl(String word, String level, int since) {
    this.word = word;
    this.level = level;
    this.since = since;
  }

  boolean isZnio() {
    return level != null;
  }

  /** What a JDK of this feature release has. */
  static List<FaultImpl> on(int feature) {
    return Arrays.stream(values()).filter(impl -> feature >= impl.since).toList();
  }

  /** Makes it, in the child. */
  FaultMemory open() {
    return switch (this) {
      case JDK -> new FaultMemoryJdk();
      case ARENA -> new FaultMemoryArena();
      default -> new FaultMemoryZnio();
    };
  }
}
