// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.SoakWorker.require;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.SocketChannel;

/** The work of {@link Soak} on memory. */
final class SoakMemory {
  private static final int STALE_MAX = 64;

  private SoakMemory() {}

  /** The steps of {@link Stress}: all sizes, zeroed or not, freed by whoever comes by. */
  static boolean exchange(SoakWorker worker) throws IOException {
    for (int i = 0; i < 32; i++) {
      Stress.act(worker.random, worker.shared.source(), worker.seen);
    }
    return true;
  }

  /** Views of all kinds are kept and used after the end, for as long as this thread lives. */
  static boolean view(SoakWorker worker) {
    int size = worker.size();
    ByteBuffer root = DirectBuffers.allocate(size);
    byte value = (byte) worker.random.nextInt();
    root.put(size - 1, value);
    ByteBuffer view =
        switch (worker.random.nextInt(4)) {
          case 0 -> root;
          case 1 -> root.duplicate();
          case 2 -> root.slice(size - 1, 1);
          default -> root.asReadOnlyBuffer();
        };
    require(view.get(view.capacity() - 1) == value, "a view shows its owner's bytes");
    DirectBuffers.free(root);
    try {
      DirectBuffers.free(root);
      throw new AssertionError("freed twice");
    } catch (IllegalStateException twice) {
      keep(worker, view);
    }
    useStale(worker);
    return true;
  }

  static void keep(SoakWorker worker, ByteBuffer view) {
    if (worker.stale.size() >= STALE_MAX) {
      worker.stale.removeFirst();
    }
    worker.stale.addLast(view);
  }

  /** One of what was closed long ago; below checked nothing is promised of views. */
  private static void useStale(SoakWorker worker) {
    ByteBuffer stale = worker.stale.removeFirst();
    worker.stale.addLast(stale);
    if (!SafetyLevel.IS_CHECKED) {
      return;
    }
    try {
      stale.get(0);
    } catch (IllegalStateException closed) {
      worker.tally.met(SoakTally.Fault.STALE);
      return;
    }
    throw new AssertionError("a stale view was read: " + stale);
  }

  /** More than there is: refused at once, and nothing is left of it. */
  static boolean limit(SoakWorker worker) {
    long most = Ledger.limits().memoryMax();
    try {
      Region.allocateUninitialized(most - worker.random.nextInt(1 << 12)).close();
    } catch (OutOfMemoryError e) {
      require(e.getMessage().contains("the limit is"), e.getMessage());
      worker.tally.met(SoakTally.Fault.LIMIT);
    }
    // So often in a row that it is more than all, if a refusal left anything behind.
    Region.allocateUninitialized(1 << 16, 4096).close();
    return true;
  }

  /** A segment over a region: its owner's close ends it and the buffers made from it. */
  static boolean segment(SoakWorker worker) throws ReflectiveOperationException {
    if (!SoakTally.Operation.SEGMENT.isThere()) {
      return false;
    }
    Region region = Region.allocate(worker.size());
    Object segment = region.segment();
    ByteBuffer view = (ByteBuffer) onSegment(segment, "asByteBuffer");
    region.buffer().put(0, (byte) 7);
    require(view.get(0) == 7, "a segment shows its region's bytes");
    region.close();
    try {
      view.get(0);
      throw new AssertionError("a buffer of a closed segment was read");
    } catch (IllegalStateException closed) {
      worker.tally.met(SoakTally.Fault.STALE);
    }
    try {
      onSegment(segment, "fill", byte.class, (byte) 1);
      throw new AssertionError("a closed segment was written");
    } catch (InvocationTargetException e) {
      require(e.getCause() instanceof IllegalStateException, "" + e.getCause());
    }
    return true;
  }

  private static Object onSegment(Object segment, String method)
      throws ReflectiveOperationException {
    return Class.forName("java.lang.foreign.MemorySegment").getMethod(method).invoke(segment);
  }

  private static void onSegment(Object segment, String method, Class<?> type, Object argument)
      throws ReflectiveOperationException {
    Class.forName("java.lang.foreign.MemorySegment")
        .getMethod(method, type)
        .invoke(segment, argument);
  }

  /** Memory is passed over a unix socket, and both sides map it; or the peer is gone. */
  static boolean memfd(SoakWorker worker) throws IOException {
    try (Ends.Pair pair = Ends.UNIX.open();
        Memfd memfd = Memfd.create(worker.size());
        Mapping mine = memfd.map()) {
      if (worker.random.nextInt(4) == 0) {
        pair.reader.close();
        return passedToNobody(worker, memfd, (SocketChannel) pair.writer);
      }
      require(memfd.send((SocketChannel) pair.writer), "a blocking send is whole");
      mine.buffer().put(0, (byte) 42);
      try (Memfd received = Memfd.receive((SocketChannel) pair.reader);
          Mapping theirs = received.map()) {
        require(received.size() == memfd.size(), "a memfd keeps its size");
        require(theirs.buffer().get(0) == 42, "both sides see one memory");
      }
    }
    return true;
  }

  private static boolean passedToNobody(SoakWorker worker, Memfd memfd, SocketChannel socket) {
    try {
      memfd.send(socket);
    } catch (IOException e) {
      worker.tally.met(SoakTally.Fault.PEER_CLOSED);
      return false;
    }
    throw new AssertionError("a memfd went to a socket that nobody has");
  }

  /** A mapping without a file; its buffer is kept after the end. */
  static boolean anonymous(SoakWorker worker) throws IOException {
    Mapping mapping = Mapping.anonymous(worker.size());
    MappedByteBuffer buffer = mapping.buffer();
    require(buffer.get(buffer.capacity() - 1) == 0, "new pages are zero");
    buffer.put(0, (byte) 1);
    mapping.close();
    mapping.close();
    keep(worker, buffer);
    useStale(worker);
    return true;
  }
}
