// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * One row of the chapter "agent".
 *
 * @param op a name of {@link AgentRows}
 * @param mode {@code stock}, without the agent, or its options with + between them
 * @param jdk the version of the JVM
 * @param peer the other end of a transfer; null for the other operations
 * @param size bytes of one operation; 0 where there are none
 */
record AgentRow(String op, String mode, String jdk, String peer, long size) {
  static final String STOCK = "stock";

  /** Rows with the same group are compared with one another, so their rounds are interleaved. */
  record Group(String op, String peer, long size) {
    /** Returns a heading: "transferFrom, tcp, 64 KiB". */
    String title() {
      return Stream.of(op, peer, size > 0 ? Sizes.text(size) : null)
          .filter(word -> word != null)
          .collect(Collectors.joining(", "));
    }
  }

  Group group() {
    return new Group(op, peer, size);
  }

  boolean isStock() {
    return mode.equals(STOCK);
  }

  /** The JVM that runs it: one for each mode. */
  String worker() {
    return "java " + jdk + " agent " + mode + " " + stacks();
  }

  /** The agent's options, in its own words. */
  String options() {
    return mode.replace('+', ',') + stacks();
  }

  private String stacks() {
    return op.equals(AgentRows.COUNTED) ? ",stacks=off" : "";
  }

  /** What loads the agent into a JVM; nothing for the JDK alone. */
  List<String> jvmOptions(String library) {
    return isStock() ? List.of() : List.of("-agentpath:" + library + "=" + options());
  }

  boolean isTransfer() {
    return peer != null;
  }

  /** Whether this is the row of the JDK alone that does the same. */
  boolean isBaselineOf(AgentRow row) {
    return isStock() && jdk.equals(row.jdk) && group().equals(row.group());
  }
}
