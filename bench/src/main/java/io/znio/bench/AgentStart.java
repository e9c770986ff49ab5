// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/** What a JVM runs whose start is measured: nothing. */
public final class AgentStart {
  private AgentStart() {}

  /** Does nothing. */
  public static void main(String[] arguments) {}
}
