// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

/** What is known of a row of the chapter "channel" so far. One thread. */
final class ChannelResult extends Timed {
  final ChannelRow row;

  ChannelResult(ChannelRow row) {
    this.row = row;
  }
}
