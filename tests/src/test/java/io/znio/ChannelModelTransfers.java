// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.ChannelModel.Difference.APPENDED;
import static io.znio.ChannelModel.Difference.CHUNKS;
import static io.znio.ChannelModel.Difference.NOTHING_LEFT;
import static io.znio.ChannelModel.Difference.OVERLAPPING;
import static io.znio.ChannelModel.Difference.PAST_THE_END;
import static io.znio.ChannelModel.Difference.SOURCE_FIRST;

import io.znio.ChannelModelStreams.Sink;
import io.znio.ChannelModelStreams.Spring;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;

/** The transfers of {@link ChannelModelOperation}. */
final class ChannelModelTransfers {
  /** How many bytes the smallest of all loops moves at a time. */
  private static final int CHUNK_BYTES = 8192;

  private ChannelModelTransfers() {}

  private static long count(ChannelModelDraw draw) {
    return draw.once(16)
        ? Long.MAX_VALUE - draw.below(5)
        : draw.count(ChannelModelStreams.BYTES_MAX);
  }

  // ---- to

  static void toFile(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened from = side.own(draw, text);
    long position = draw.position(from.size());
    long count = count(draw);
    ChannelModelSide.Opened to = side.peer(draw, text.append(" to"));
    long at = to.channel.isOpen() ? to.channel.position() : 0;
    if (at == Long.MAX_VALUE && (count == 0 || position >= from.size())) {
      count = NOTHING_LEFT.one();
      position = 0;
    } else if (from.isSameFile(to) && to.channel.isOpen()) {
      count = OVERLAPPING.clamp(position, at, count);
    }
    text.append(position).append('+').append(count);
    long n = from.channel.transferTo(position, count, to.channel);
    text.append(" -> ").append(n);
  }

  static void toStream(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened from = side.own(draw, text);
    long position = draw.position(from.size());
    long count = Math.min(count(draw), ChannelModelStreams.BYTES_MAX);
    text.append(position).append('+').append(count).append(" to ");
    boolean moves = count > 0 && position < from.size();
    side.streams.to(
        draw, moves, text, (target, none) -> from.channel.transferTo(position, count, target));
  }

  static void toAny(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened from = side.own(draw, text);
    long position = draw.position(from.size());
    long count = count(draw);
    text.append(position).append('+').append(count);
    if (draw.once(32)) {
      text.append(" to null -> ").append(from.channel.transferTo(position, count, null));
      return;
    }
    int most = draw.once(2) ? Integer.MAX_VALUE : CHUNKS.below(1 + draw.below(CHUNK_BYTES));
    Sink sink = new Sink(most, failure(draw));
    text.append(" to a sink of ").append(most);
    try {
      long n = from.channel.transferTo(position, count, sink);
      text.append(" -> ").append(n);
    } finally {
      text.append(" sum ").append(ChannelModelBuffers.sum(sink.taken.flip()));
    }
  }

  private static Exception failure(ChannelModelDraw draw) {
    return switch (draw.below(16)) {
      case 0 -> new IOException(ChannelModel.OWN);
      case 1 -> new IllegalStateException(ChannelModel.OWN);
      default -> null;
    };
  }

  // ---- from

  static void fromFile(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened to = side.own(draw, text);
    long position = APPENDED.position(draw.position(to.size()), to.appends);
    long count = count(draw);
    ChannelModelSide.Opened from = side.peer(draw, text.append(" from"));
    if (from.channel.isOpen()) {
      count = NOTHING_LEFT.none(count, from.channel.position() == Long.MAX_VALUE);
      boolean none = count == 0 || from.channel.position() >= from.size();
      position = NOTHING_LEFT.position(position, none);
      if (from.isSameFile(to)) {
        long end = to.appends ? from.size() : position;
        count = OVERLAPPING.clamp(from.channel.position(), end, count);
      }
    }
    text.append(position).append('+').append(count);
    long n = transferFrom(side, to, from.channel, position, count);
    text.append(" -> ").append(n);
  }

  static void fromStream(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened to = side.own(draw, text);
    long position = APPENDED.position(draw.position(to.size()), to.appends);
    long count = Math.min(count(draw), ChannelModelStreams.BYTES_MAX);
    text.append(position).append('+').append(count).append(" from ");
    side.streams.from(
        draw, count, text, (none, source) -> transferFrom(side, to, source, position, count));
  }

  static void fromAny(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened to = side.own(draw, text);
    long position = APPENDED.position(draw.position(to.size()), to.appends);
    long count = count(draw);
    text.append(position).append('+').append(count);
    if (draw.once(32)) {
      text.append(" from null -> ").append(to.channel.transferFrom(null, position, count));
      return;
    }
    int size = 1 + draw.below(ChannelModelStreams.BYTES_MAX - 1);
    ByteBuffer noise = ChannelModelBuffers.noise(draw, size);
    Spring spring = new Spring(noise, 1 + draw.below(ChannelModelStreams.BYTES_MAX), failure(draw));
    text.append(" from a spring of ").append(size);
    long n = transferFrom(side, to, spring, position, count);
    text.append(" -> ").append(n);
    text.append(" left ").append(spring.left());
  }

  private static long transferFrom(
      ChannelModelSide side,
      ChannelModelSide.Opened to,
      ReadableByteChannel source,
      long position,
      long count)
      throws IOException {
    long size = to.size();
    if (!to.maker.isSince(21)) {
      SOURCE_FIRST.ask(source, to.channel);
    }
    long n = to.channel.transferFrom(source, position, count);
    if (n == 0 && position > size && !to.maker.isSince(21)) {
      n = PAST_THE_END.copy(source, to.channel, position, count);
    }
    return n;
  }
}
