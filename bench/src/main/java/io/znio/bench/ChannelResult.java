// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import com.fasterxml.jackson.databind.JsonNode;

/** What is known of a row of the chapter "channel" so far. One thread. */
final class ChannelResult extends Timed {
  final ChannelRow row;

  ChannelResult(ChannelRow row) {
    this.row = row;
  }

  /** Takes in an answer to so many operations; round 0 is the warm-up. */
  void take(JsonNode answer, long count, int round) {
    if (acceptWithProblem(answer) && round > 0) {
      putNanos(round, answer, count);
    }
  }
}
