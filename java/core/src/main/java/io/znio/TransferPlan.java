// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** What the builder of {@link Transfer} was told; opens, checks and borrows the ends, and runs. */
final class TransferPlan {
  private final Object source; // channel, ByteBuffer, Mapping or Path
  private final long sourcePosition; // of a file or Path; offset into a Mapping
  Object target; // channel, ByteBuffer or Path
  long targetPosition = Native.CURRENT;
  WritableByteChannel tee;
  TransferPath path = TransferPath.AUTO;
  long count = Long.MAX_VALUE;
  int depth;
  int chunkBytes;

  TransferPlan(Object source, long sourcePosition) {
    this.source = source;
    this.sourcePosition = sourcePosition;
  }

  /** {@link Transfer#transferWithReceipt}. */
  Receipt run() throws IOException {
    JdkChannels.require();
    if (target == null) {
      throw new IllegalStateException("This transfer has no target; call to(...) first");
    }
    if (source instanceof Path file) {
      try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
        return withSource(channel);
      }
    }
    return withSource(source);
  }

  private Receipt withSource(Object openSource) throws IOException {
    if (target instanceof Path file) {
      try (FileChannel channel =
          FileChannel.open(
              file,
              StandardOpenOption.READ,
              StandardOpenOption.WRITE,
              StandardOpenOption.CREATE,
              StandardOpenOption.TRUNCATE_EXISTING)) {
        return withEnds(openSource, channel);
      }
    }
    return withEnds(openSource, target);
  }

  private Receipt withEnds(Object openSource, Object openTarget) throws IOException {
    if (openSource instanceof ByteBuffer && openTarget instanceof ByteBuffer
        || openSource instanceof Mapping && openTarget instanceof ByteBuffer) {
      throw new IllegalArgumentException(
          "A transfer from memory to memory is no work for the kernel; use ByteBuffer.put");
    }
    if (openSource instanceof Channel channel) {
      checkSource(channel);
    }
    if (openTarget instanceof Channel channel) {
      checkTarget(channel);
    }
    if (openSource instanceof ByteBuffer buffer) {
      return fromBuffer(buffer, (Channel) openTarget);
    }
    if (openSource instanceof Mapping mapping) {
      return fromMapping(mapping, (Channel) openTarget);
    }
    if (openTarget instanceof ByteBuffer buffer) {
      return toBuffer((Channel) openSource, buffer);
    }
    return betweenChannels((Channel) openSource, (Channel) openTarget);
  }

  private Receipt betweenChannels(Channel from, Channel to) throws IOException {
    int sourceKind = JdkChannels.kind(from, "Source");
    int targetKind = JdkChannels.kind(to, "Target");
    long most = count;
    if (most == Long.MAX_VALUE && sourceKind == Native.FILE) {
      most = remaining((FileChannel) from);
    }
    return run(
        new TransferEngine(from, sourceKind, sourcePosition, to, targetKind, targetPosition, most));
  }

  /** Bytes from the position to the end; without limit for files that tell no size, as in /proc. */
  private long remaining(FileChannel file) throws IOException {
    long size = file.size();
    if (size == 0) {
      return Long.MAX_VALUE;
    }
    long position = sourcePosition == Native.CURRENT ? file.position() : sourcePosition;
    return Math.max(0, size - position);
  }

  private Receipt fromBuffer(ByteBuffer buffer, Channel to) throws IOException {
    int targetKind = JdkChannels.kind(to, "Target");
    long most = Math.min(count, buffer.remaining());
    if (!buffer.isDirect()) {
      return fromHeap(buffer, to, targetKind, most);
    }
    if (lends() && JdkMemory.isConfined(buffer)) {
      throw new IllegalArgumentException(
          "Memory of a confined arena cannot be lent to the kernel by "
              + path.text()
              + ": its return is seen by another thread; use a shared arena or allocateDirect");
    }
    JdkMemory.acquire(buffer);
    try {
      long address = JdkMemory.address(buffer) + buffer.position();
      TransferEngine engine =
          new TransferEngine(null, Native.MEMORY, address, to, targetKind, targetPosition, most);
      engine.memory = buffer;
      engine.session = buffer;
      engine.flags = JdkMemory.isBlock(buffer) ? Native.COUNTED : 0;
      return runAndAdvance(engine, buffer);
    } finally {
      JdkMemory.release(buffer);
    }
  }

  private Receipt fromHeap(ByteBuffer buffer, Channel to, int targetKind, long most)
      throws IOException {
    checkHeapPath();
    try (Region copy = Region.allocateUninitialized(Math.max(1, most))) {
      ByteBuffer bytes = copy.buffer();
      bytes.put(buffer.duplicate().limit(buffer.position() + (int) most));
      long address = JdkMemory.address(bytes);
      return runAndAdvance(
          new TransferEngine(null, Native.MEMORY, address, to, targetKind, targetPosition, most),
          buffer);
    }
  }

  private Receipt fromMapping(Mapping mapping, Channel to) throws IOException {
    int targetKind = JdkChannels.kind(to, "Target");
    long address = mapping.memory().borrow() + sourcePosition;
    try {
      long most = Math.min(count, mapping.size() - sourcePosition);
      TransferEngine engine =
          new TransferEngine(null, Native.MEMORY, address, to, targetKind, targetPosition, most);
      engine.flags = mapping.transferFlags();
      engine.memory = mapping; // its pages are the kernel's as long as it reads them, also unmapped
      return run(engine);
    } finally {
      mapping.memory().giveBack();
    }
  }

  private Receipt toBuffer(Channel from, ByteBuffer buffer) throws IOException {
    int sourceKind = JdkChannels.kind(from, "Source");
    long most = Math.min(count, buffer.remaining());
    if (sourceKind == Native.FILE) {
      most = Math.min(most, remaining((FileChannel) from));
    }
    if (buffer.isDirect()) {
      JdkMemory.acquire(buffer);
      try {
        long address = JdkMemory.address(buffer) + buffer.position();
        TransferEngine engine =
            new TransferEngine(
                from, sourceKind, sourcePosition, null, Native.MEMORY, address, most);
        engine.memory = buffer;
        return runAndAdvance(engine, buffer);
      } finally {
        JdkMemory.release(buffer);
      }
    }
    checkHeapPath();
    try (Region copy = Region.allocateUninitialized(Math.max(1, most))) {
      ByteBuffer bytes = copy.buffer();
      long address = JdkMemory.address(bytes);
      TransferEngine engine =
          new TransferEngine(from, sourceKind, sourcePosition, null, Native.MEMORY, address, most);
      try {
        return run(engine);
      } finally {
        buffer.put(bytes.limit((int) engine.moved()));
      }
    }
  }

  private void checkHeapPath() {
    if (path != TransferPath.AUTO && path != TransferPath.READ_WRITE) {
      throw new IllegalArgumentException(
          "A heap buffer cannot move by "
              + path.text()
              + ", because the garbage collector moves it; use a direct buffer or a Mapping");
    }
  }

  private Receipt runAndAdvance(TransferEngine engine, ByteBuffer buffer) throws IOException {
    try {
      return run(engine);
    } finally {
      buffer.position(buffer.position() + (int) engine.moved());
    }
  }

  private boolean lends() {
    return path == TransferPath.MSG_ZEROCOPY || path == TransferPath.URING_SEND_ZC;
  }

  private Receipt run(TransferEngine engine) throws IOException {
    if (lends()) {
      Limit.set();
      Housekeeper.start(); // loans have an age
    }
    engine.path = tee != null && path == TransferPath.AUTO ? TransferPath.TEE : path;
    engine.depth = depth;
    engine.chunkBytes = chunkBytes;
    if (tee != null) {
      checkTarget(tee);
      engine.tee = tee;
      engine.teeKind = JdkChannels.kind(tee, "Second target");
      if (tee == target) {
        throw new IllegalArgumentException("The second target is the first one");
      }
    }
    engine.run();
    return engine.receipt();
  }

  // ---- checks

  private static void checkSource(Channel channel) throws ClosedChannelException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
    if (JdkChannels.kind(channel, "Source") == Native.FILE
        && !JdkFiles.isReadable((FileChannel) channel)) {
      throw new NonReadableChannelException();
    }
  }

  private static void checkTarget(Channel channel) throws ClosedChannelException {
    if (!channel.isOpen()) {
      throw new ClosedChannelException();
    }
    if (JdkChannels.kind(channel, "Target") == Native.FILE
        && !JdkFiles.isWritable((FileChannel) channel)) {
      throw new NonWritableChannelException();
    }
  }
}
