// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/** What is known of a row of the chapter "agent" so far. One thread. */
final class AgentResult extends Timed {
  final AgentRow row;

  AgentResult(AgentRow row) {
    this.row = row;
  }
}
