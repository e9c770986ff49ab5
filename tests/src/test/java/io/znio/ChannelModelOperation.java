// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;

/** What {@link ChannelModel} does, how often of a hundred, and with which results. */
enum ChannelModelOperation {
  READ(9, (side, draw, text) -> move(side, draw, text, false, false)),
  READ_AT(9, (side, draw, text) -> move(side, draw, text, false, true)),
  READ_SCATTERING(5, (side, draw, text) -> moveSeveral(side, draw, text, false)),
  WRITE(9, (side, draw, text) -> move(side, draw, text, true, false)),
  WRITE_AT(9, (side, draw, text) -> move(side, draw, text, true, true)),
  WRITE_GATHERING(5, (side, draw, text) -> moveSeveral(side, draw, text, true)),
  POSITION(3, ChannelModelOperation::position),
  SEEK(5, ChannelModelOperation::seek),
  SIZE(3, ChannelModelOperation::size),
  TRUNCATE(4, ChannelModelOperation::truncate),
  FORCE(2, ChannelModelOperation::force),
  LOCK(6, ChannelModelOperation::lock),
  RELEASE(4, ChannelModelOperation::release),
  MAP(4, ChannelModelOperation::map),
  MAPPED(4, ChannelModelOperation::access),
  TO_FILE(3, ChannelModelTransfers::toFile),
  TO_STREAM(3, ChannelModelTransfers::toStream),
  TO_ANY(2, ChannelModelTransfers::toAny),
  FROM_FILE(3, ChannelModelTransfers::fromFile),
  FROM_STREAM(3, ChannelModelTransfers::fromStream),
  FROM_ANY(2, ChannelModelTransfers::fromAny),
  REOPEN(3, (side, draw, text) -> side.reopen(draw, text));

  /** Does it on one side, and tells with what and with which result; an exception is one too. */
  interface Body {
    void run(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text) throws Exception;
  }

  private static final MapMode[] MODES = {MapMode.READ_ONLY, MapMode.READ_WRITE, MapMode.PRIVATE};
  private static final int MAPPED_MAX = 40_000;

  final int weight;
  final Body body;

  ChannelModelOperation(int weight, Body body) {
    this.weight = weight;
    this.body = body;
  }

  // ---- reads and writes

  private static void move(
      ChannelModelSide side,
      ChannelModelDraw draw,
      StringBuilder text,
      boolean write,
      boolean positional)
      throws IOException {
    ChannelModelSide.Opened on = side.any(draw, text);
    FileChannel channel = on.channel;
    ByteBuffer buffer = side.buffers.one(draw, !write, text);
    long position = positional ? draw.position(on.size()) : 0;
    text.append(positional ? " at " + position : "");
    try {
      int n;
      if (write) {
        n = positional ? channel.write(buffer, position) : channel.write(buffer);
      } else {
        n = positional ? channel.read(buffer, position) : channel.read(buffer);
      }
      text.append(" -> ").append(n);
    } finally {
      side.buffers.tell(text);
    }
  }

  private static void moveSeveral(
      ChannelModelSide side, ChannelModelDraw draw, StringBuilder text, boolean write)
      throws IOException {
    FileChannel channel = side.any(draw, text).channel;
    ByteBuffer[] buffers = side.buffers.several(draw, !write, text);
    int offset = draw.once(4) ? draw.below(buffers.length + 2) - 1 : 0;
    int length = draw.once(4) ? draw.below(buffers.length + 2) - 1 : buffers.length - offset;
    text.append(" from ").append(offset).append(", ").append(length);
    try {
      long n =
          write ? channel.write(buffers, offset, length) : channel.read(buffers, offset, length);
      text.append(" -> ").append(n);
    } finally {
      side.buffers.tell(text);
    }
  }

  // ---- position, size

  private static void position(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    text.append(" -> ").append(side.any(draw, text).channel.position());
  }

  private static void seek(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened on = side.any(draw, text);
    long drawn = draw.position(on.size());
    long position = ChannelModel.Difference.APPENDED.position(drawn, on.appends);
    text.append(position);
    text.append(on.channel.position(position) == on.channel ? " -> itself" : " -> another");
  }

  private static void size(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    text.append(" -> ").append(side.any(draw, text).channel.size());
  }

  private static void truncate(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened on = side.any(draw, text);
    long size = draw.position(on.size());
    text.append(size);
    text.append(on.channel.truncate(size) == on.channel ? " -> itself" : " -> another");
  }

  private static void force(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    boolean metadata = draw.once(2);
    side.any(draw, text.append(metadata ? "all" : "data")).channel.force(metadata);
  }

  // ---- locks

  private static void lock(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Opened on = side.any(draw, text);
    long position = draw.position(on.size());
    long size = draw.count(5000);
    boolean shared = draw.once(2);
    boolean wait = draw.once(2); // for nobody: other processes have no locks
    text.append(wait ? "wait " : "try ").append(shared ? "shared " : "exclusive ");
    text.append(position).append('+').append(size);
    long asked =
        on.maker.isSince(21) ? size : ChannelModel.Difference.LOCK_OF_0.size(position, size);
    FileLock lock =
        wait
            ? on.channel.lock(position, asked, shared)
            : on.channel.tryLock(position, asked, shared);
    side.add(lock);
    tell(lock, on.channel, text);
  }

  private static void tell(FileLock lock, FileChannel channel, StringBuilder text) {
    text.append(" -> ").append(lock.position()).append('+').append(lock.size());
    text.append(lock.isShared() ? " shared" : " exclusive");
    text.append(lock.isValid() ? " valid" : " invalid");
    text.append(lock.acquiredBy() == channel ? "" : " of another channel");
  }

  private static void release(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    FileLock lock = side.takeLock(draw);
    if (lock == null) {
      text.append(" none");
      return;
    }
    tell(lock, lock.channel(), text);
    int at = draw.below(30_000);
    text.append(lock.overlaps(at, 100) ? " overlaps " : " is away from ").append(at);
    if (draw.once(2)) {
      lock.close();
    } else {
      lock.release();
    }
    lock.release(); // does nothing
    text.append(lock.isValid() ? " valid" : " invalid");
  }

  // ---- mappings

  private static void map(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws Exception {
    ChannelModelSide.Opened on = side.any(draw, text);
    MapMode mode = draw.once(50) ? null : draw.of(MODES);
    long position = draw.position(on.size());
    boolean large = position == Long.MAX_VALUE || draw.once(50); // refused, never extended to
    long size = large ? 1L << 31 : draw.count(MAPPED_MAX);
    text.append(mode).append(' ').append(position).append('+').append(size);
    MappedByteBuffer buffer = on.channel.map(mode, position, size);
    text.append(" -> ").append(buffer.capacity()).append(buffer.isReadOnly() ? " read-only" : "");
    text.append(" sum ").append(ChannelModelBuffers.sum(buffer.duplicate()));
    side.add(new ChannelModelSide.Mapped(buffer, position, on));
  }

  private static void access(ChannelModelSide side, ChannelModelDraw draw, StringBuilder text)
      throws IOException {
    ChannelModelSide.Mapped mapped = side.mapping(draw);
    int accessible = mapped == null ? 0 : mapped.accessible();
    if (accessible == 0) {
      text.append(" none");
      return;
    }
    MappedByteBuffer buffer = mapped.buffer();
    int at = draw.below(accessible);
    text.append(' ').append(at).append(" of ").append(accessible);
    switch (draw.below(64)) {
      case 0, 1, 2, 3 -> text.append(" -> ").append(buffer.get(buffer.capacity()));
      case 4 -> text.append(buffer.force() == buffer ? " forced" : " another"); // slow on a disk
      case 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20 -> {
        ByteBuffer noise = ChannelModelBuffers.noise(draw, draw.below(accessible - at));
        buffer.put(at, noise, noise.position(), noise.remaining());
        text.append(" <- ").append(noise.remaining());
      }
      default -> {
        int size = draw.below(accessible - at);
        text.append(" -> ").append(size).append(' ');
        text.append(ChannelModelBuffers.sum(buffer.slice(at, size)));
      }
    }
  }
}
