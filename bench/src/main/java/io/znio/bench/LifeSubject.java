// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.DirectBuffers;
import io.znio.Ledger;
import io.znio.Mapping;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.BufferPoolMXBean;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Off-heap memory whose life is watched: buffers or mappings, of the JDK or of znio. Items are made
 * and ended by one thread; the counters are read by another, and make next to no garbage.
 */
abstract class LifeSubject {
  /** What a counter says that does not exist. */
  static final long NONE = -1;

  private static final int TOUCH_STRIDE = 4096;

  /** Makes item {@code index} and touches its memory; what is returned keeps it reachable. */
  abstract Object make(int index) throws IOException;

  /** Ends an item by its owner's call. */
  abstract void end(Object item) throws IOException;

  /** Items that live, by the owner's own counter. */
  abstract long liveItems();

  /** Bytes that no item holds any more, and that are not the allocator's again; or NONE. */
  long waitingBytes() {
    return NONE;
  }

  /** Bytes that the allocator has handed out, by its own counter; or NONE. */
  long allocatorBytes() {
    return NONE;
  }

  /** The subject of a command. */
  static LifeSubject of(Wire wire, int size) throws IOException {
    boolean znio = wire.need("impl").equals("znio");
    if (!wire.need("op").equals("mappings")) {
      // At the limit the call itself is timed.
      boolean touches = !wire.need("op").equals("limit");
      return znio ? new ZnioBuffers(size, touches) : new JdkBuffers(size, touches);
    }
    Path file = Path.of(wire.need("file"));
    return znio ? new ZnioMappings(file, size) : new JdkMappings(file, size);
  }

  private static void touch(ByteBuffer buffer) {
    for (int i = 0; i < buffer.capacity(); i += TOUCH_STRIDE) {
      buffer.put(i, (byte) 1);
    }
  }

  private static final class JdkBuffers extends LifeSubject {
    private final int size;
    private final boolean touches;
    private final BufferPoolMXBean pool = pool();

    JdkBuffers(int size, boolean touches) {
      this.size = size;
      this.touches = touches;
    }

    private static BufferPoolMXBean pool() {
      return ManagementFactory.getPlatformMXBeans(BufferPoolMXBean.class).stream()
          .filter(pool -> pool.getName().equals("direct"))
          .findFirst()
          .orElseThrow(() -> new IllegalStateException("this JVM has no buffer pool 'direct'"));
    }

    @Override
    Object make(int index) {
      ByteBuffer buffer = ByteBuffer.allocateDirect(size);
      if (touches) {
        touch(buffer);
      }
      return buffer;
    }

    @Override
    void end(Object item) {
      JdkUnsafe.free((ByteBuffer) item);
    }

    @Override
    long liveItems() {
      return pool.getCount();
    }
  }

  private static final class ZnioBuffers extends LifeSubject {
    private final int size;
    private final boolean touches;

    ZnioBuffers(int size, boolean touches) {
      this.size = size;
      this.touches = touches;
    }

    @Override
    Object make(int index) {
      ByteBuffer buffer = DirectBuffers.allocate(size);
      if (touches) {
        touch(buffer);
      }
      return buffer;
    }

    @Override
    void end(Object item) {
      DirectBuffers.free((ByteBuffer) item);
    }

    @Override
    long liveItems() {
      return Ledger.totals().regions();
    }

    @Override
    long waitingBytes() {
      Ledger.Idle idle = Ledger.idle();
      return idle.magazineBytes() + idle.depotBytes() + idle.quarantineBytes();
    }

    @Override
    long allocatorBytes() {
      return Ledger.heap().allocated();
    }
  }

  /** Counts what the kernel has mapped of the file, not what anybody says of it. */
  private abstract static class Mappings extends LifeSubject {
    final Path path;
    final int size;
    private final byte[] name;
    private final ProcMemory memory = new ProcMemory();

    Mappings(Path path, int size) {
      this.path = path;
      this.size = size;
      this.name = path.toString().getBytes(StandardCharsets.UTF_8);
    }

    @Override
    final long liveItems() {
      try {
        return memory.mappedBytes(name) / size;
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }

  private static final class JdkMappings extends Mappings {
    JdkMappings(Path path, int size) {
      super(path, size);
    }

    @Override
    Object make(int index) throws IOException {
      try (FileChannel file = Run.openForBoth(path)) {
        ByteBuffer buffer = file.map(FileChannel.MapMode.READ_WRITE, (long) index * size, size);
        touch(buffer);
        return buffer;
      }
    }

    @Override
    void end(Object item) {
      JdkUnsafe.free((ByteBuffer) item);
    }
  }

  private static final class ZnioMappings extends Mappings {
    ZnioMappings(Path path, int size) {
      super(path, size);
    }

    @Override
    Object make(int index) throws IOException {
      Mapping mapping =
          Mapping.map(
              path, Mapping.Mode.READ_WRITE, (long) index * size, size, Mapping.Options.NONE);
      touch(mapping.buffer());
      return mapping;
    }

    @Override
    void end(Object item) throws IOException {
      ((Mapping) item).close();
    }

    @Override
    long waitingBytes() {
      return Ledger.idle().keptBytes();
    }
  }
}
