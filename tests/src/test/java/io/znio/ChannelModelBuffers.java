// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32;

/**
 * Buffers of every kind for the operations of one side of {@link ChannelModel}, cut out of memory
 * that is kept: what lies beside them must not change. Good for one operation.
 */
final class ChannelModelBuffers implements AutoCloseable {
  private static final int CAPACITY = 1 << 18;
  private static final int MARGIN = 16;
  private static final byte[] NOISE = TestFiles.bytes(CAPACITY);

  /** Where a buffer lies. */
  private enum Kind {
    HEAP,
    HEAP_READ_ONLY,
    DIRECT,
    DIRECT_READ_ONLY,
    OF_ZNIO;

    boolean isReadOnly() {
      return this == HEAP_READ_ONLY || this == DIRECT_READ_ONLY;
    }
  }

  private static final Kind[] WRITABLE = {Kind.HEAP, Kind.HEAP, Kind.DIRECT, Kind.OF_ZNIO};

  /** Memory, and what of it is not yet used by this operation. */
  private static final class Memory {
    final ByteBuffer all;
    int used;

    Memory(ByteBuffer all) {
      this.all = all;
    }
  }

  private record Piece(ByteBuffer buffer, Memory memory, int from, int to) {}

  private final Memory heap = new Memory(ByteBuffer.allocate(CAPACITY));
  private final Memory direct = new Memory(ByteBuffer.allocateDirect(CAPACITY));
  private final Memory own = new Memory(DirectBuffers.allocate(CAPACITY));
  private final List<Piece> pieces = new ArrayList<>();

  /** Forgets the buffers of the last operation. */
  void begin() {
    pieces.clear();
    heap.used = 0;
    direct.used = 0;
    own.used = 0;
  }

  /** Bytes that look like no others, to be written. */
  static ByteBuffer noise(ChannelModelDraw draw, int size) {
    return ByteBuffer.wrap(NOISE, draw.below(CAPACITY - size), size);
  }

  /** A checksum of what lies between position and limit. */
  static String sum(ByteBuffer bytes) {
    CRC32 sum = new CRC32();
    sum.update(bytes);
    return Long.toHexString(sum.getValue());
  }

  /** One buffer, which rarely is null. */
  ByteBuffer one(ChannelModelDraw draw, boolean forReading, StringBuilder text) {
    if (draw.once(50)) {
      text.append("null");
      return null;
    }
    return add(draw, forReading, draw.size(), text);
  }

  /** Some buffers, rarely very many, or one of them null. */
  ByteBuffer[] several(ChannelModelDraw draw, boolean forReading, StringBuilder text) {
    boolean many = draw.once(50);
    ByteBuffer[] all = new ByteBuffer[many ? 1000 + draw.below(100) : draw.below(6)];
    for (int i = 0; i < all.length; i++) {
      if (many) {
        all[i] = add(draw, forReading, draw.below(3), new StringBuilder());
      } else {
        all[i] = one(draw, forReading, text.append(i == 0 ? "" : ", "));
      }
    }
    text.append(many ? all.length + " small ones" : "");
    return all;
  }

  private ByteBuffer add(
      ChannelModelDraw draw, boolean forReading, int remaining, StringBuilder text) {
    boolean any = !forReading || draw.once(16);
    Kind kind = any ? draw.of(Kind.values()) : draw.of(WRITABLE);
    Memory memory = memory(kind);
    int before = draw.once(2) ? draw.below(20) : 0;
    int after = draw.once(2) ? draw.below(20) : 0;
    int from = memory.used + MARGIN;
    int to = from + before + remaining + after;
    memory.used = to + MARGIN;
    memory.all.put(from - MARGIN, NOISE, draw.below(CAPACITY / 2), memory.used - from + MARGIN);
    ByteBuffer buffer = memory.all.slice(from, to - from);
    buffer.position(before).limit(before + remaining);
    if (kind.isReadOnly()) {
      buffer = buffer.asReadOnlyBuffer();
    }
    pieces.add(new Piece(buffer, memory, from - MARGIN, memory.used));
    text.append(kind).append(' ').append(before).append('+').append(remaining);
    return buffer;
  }

  private Memory memory(Kind kind) {
    return switch (kind) {
      case HEAP, HEAP_READ_ONLY -> heap;
      case DIRECT, DIRECT_READ_ONLY -> direct;
      case OF_ZNIO -> own;
    };
  }

  /** Positions, limits, and all bytes of the buffers and beside them. */
  void tell(StringBuilder text) {
    CRC32 sum = new CRC32();
    int positions = 0;
    for (Piece piece : pieces) {
      positions = 31 * positions + piece.buffer.position();
      positions = 31 * positions + piece.buffer.limit();
      sum.update(piece.memory.all.slice(piece.from, piece.to - piece.from));
    }
    text.append(" at ").append(pieces.size() == 1 ? pieces.get(0).buffer.position() : positions);
    text.append(" sum ").append(Long.toHexString(sum.getValue()));
  }

  @Override
  public void close() {
    DirectBuffers.free(own.all);
  }
}
