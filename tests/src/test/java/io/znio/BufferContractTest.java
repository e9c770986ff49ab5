// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.lang.ref.Reference;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * What {@link DirectBuffers} and {@link Region} promise at every level, with magazines and without.
 */
@Tag(Levels.EVERY)
@ExtendWith(Leaks.class)
class BufferContractTest {
  private static final int[] SIZES = {
    0,
    1,
    15,
    16,
    17,
    63,
    64,
    100,
    128,
    129,
    1000,
    4095,
    4096,
    4097,
    5000,
    65_536,
    100_000,
    262_144,
    600_000,
    1 << 20,
    (1 << 20) + 1,
    3_000_000
  };

  private static void require(boolean condition, String what) {
    if (!condition) {
      throw new AssertionError(what);
    }
  }

  private static <E extends Throwable> E thrown(Class<E> type, Runnable action) {
    try {
      action.run();
    } catch (Throwable t) {
      if (type.isInstance(t)) {
        return type.cast(t);
      }
      throw new AssertionError("another exception than " + type, t);
    }
    throw new AssertionError("no " + type);
  }

  @Test
  void whatIsWrittenStays() {
    for (int round = 0; round < 3; round++) {
      for (int size : SIZES) {
        ByteBuffer buffer = DirectBuffers.allocate(size);
        require(buffer.isDirect() && buffer.capacity() == size, "capacity");
        require(buffer.position() == 0 && buffer.limit() == size, "position and limit");
        for (int i = 0; i < size; i++) {
          require(buffer.get(i) == 0, "zeroed: byte " + i + " of " + size);
          buffer.put(i, (byte) ~i);
        }
        for (int i = 0; i < size; i += 7) {
          require(buffer.get(i) == (byte) ~i, "holds what was written");
        }
        DirectBuffers.free(buffer);
        ByteBuffer dirty = DirectBuffers.allocateUninitialized(size);
        require(dirty.capacity() == size, "capacity");
        DirectBuffers.free(dirty);
      }
    }
  }

  @Test
  void alignmentsAreKept() {
    for (int alignment = 1; alignment <= 1 << 16; alignment <<= 1) {
      for (int size : SIZES) {
        ByteBuffer buffer =
            (size & 1) == 0
                ? DirectBuffers.allocate(size, alignment)
                : DirectBuffers.allocateUninitialized(size, alignment);
        require(BufferFactory.address(buffer) % alignment == 0, size + " at " + alignment);
        if (size > 0) {
          buffer.put(size - 1, (byte) 1);
        }
        DirectBuffers.free(buffer);
      }
    }
  }

  /** Blocks that live at the same time never overlap. */
  @Test
  void liveBlocksNeverOverlap() {
    List<ByteBuffer> live = new ArrayList<>();
    for (int i = 0; i < 5000; i++) {
      ByteBuffer buffer = DirectBuffers.allocateUninitialized(8 + i % 300);
      buffer.putLong(0, i);
      live.add(buffer);
      if (i % 3 == 2) {
        ByteBuffer old = live.remove(i / 3 % live.size());
        DirectBuffers.free(old);
      }
    }
    List<Long> marks = new ArrayList<>();
    for (ByteBuffer buffer : live) {
      marks.add(buffer.getLong(0));
      DirectBuffers.free(buffer);
    }
    require(marks.stream().distinct().count() == marks.size(), "no block was given out twice");
  }

  @Test
  void anEndIsFinal() {
    for (int size : new int[] {64, 2_000_000}) {
      ByteBuffer buffer = DirectBuffers.allocate(size);
      ByteBuffer slice = buffer.slice();
      ByteBuffer duplicate = buffer.duplicate();
      for (ByteBuffer view : new ByteBuffer[] {slice, duplicate, buffer.asReadOnlyBuffer()}) {
        String message =
            thrown(IllegalArgumentException.class, () -> DirectBuffers.free(view)).getMessage();
        require(message.contains("slice, duplicate"), message);
      }
      buffer.put(0, (byte) 5);
      JdkMemory.acquire(slice);
      String inUse =
          thrown(IllegalStateException.class, () -> DirectBuffers.free(buffer)).getMessage();
      require(inUse.contains("in use"), inUse);
      require(buffer.get(0) == 5, "a refused free frees nothing");
      JdkMemory.release(slice);
      DirectBuffers.free(buffer);
      String twice =
          thrown(IllegalStateException.class, () -> DirectBuffers.free(buffer)).getMessage();
      require(twice.contains("closed already"), twice);
      thrown(IllegalStateException.class, () -> JdkMemory.acquire(duplicate));
      stale(buffer, slice);
      Reference.reachabilityFence(buffer);
    }
  }

  private static void stale(ByteBuffer buffer, ByteBuffer slice) {
    switch (SafetyLevel.CURRENT) {
      case CHECKED -> {
        thrown(IllegalStateException.class, () -> buffer.get(0));
        thrown(IllegalStateException.class, () -> slice.put(0, (byte) 1));
        thrown(IllegalStateException.class, () -> slice.asIntBuffer().get(0));
      }
      case TRACKED -> {
        thrown(IndexOutOfBoundsException.class, () -> buffer.get(0));
        require(buffer.clear().remaining() == 0, "empty for good");
      }
      default -> require(buffer.capacity() > 0, "as it was");
    }
  }

  @Test
  void badInputIsRefused() {
    String negative =
        thrown(IllegalArgumentException.class, () -> DirectBuffers.allocate(-3)).getMessage();
    require(negative.contains("-3"), negative);
    for (int alignment : new int[] {0, -8, 3, 48}) {
      String message =
          thrown(IllegalArgumentException.class, () -> DirectBuffers.allocate(8, alignment))
              .getMessage();
      require(message.contains(Integer.toString(alignment)), message);
    }
    ByteBuffer jdk = ByteBuffer.allocateDirect(8);
    for (ByteBuffer foreign : new ByteBuffer[] {jdk, jdk.slice(), ByteBuffer.allocate(8)}) {
      thrown(IllegalArgumentException.class, () -> DirectBuffers.free(foreign));
    }
    thrown(NullPointerException.class, () -> DirectBuffers.free(null));
    try (Region region = Region.allocate(100)) {
      String message =
          thrown(IllegalArgumentException.class, () -> DirectBuffers.free(region.buffer()))
              .getMessage();
      require(message.contains("Region"), message);
    }
  }

  @Test
  void regionsMayBeLarge() {
    long large = (1L << 31) + 5;
    Region region = Region.allocateUninitialized(large);
    require(region.size() == large, "size");
    thrown(UnsupportedOperationException.class, region::buffer);
    ByteBuffer end = region.slice(large - 8, 8);
    end.putLong(0, 42);
    require(region.slice(large - 16, 16).getLong(8) == 42, "slices show the same memory");
    require(BufferFactory.address(end) == region.address() + large - 8, "address");
    thrown(IndexOutOfBoundsException.class, () -> region.slice(large - 8, 9));
    thrown(IndexOutOfBoundsException.class, () -> region.slice(-1, 1));
    region.close();
    region.close();
    thrown(IllegalStateException.class, () -> region.slice(0, 1));
    thrown(IllegalStateException.class, region::address);
    if (SafetyLevel.IS_CHECKED) {
      thrown(IllegalStateException.class, () -> end.getLong(0));
    }
  }

  @Test
  void ofTwoThreadsOneFrees() throws Exception {
    CyclicBarrier barrier = new CyclicBarrier(2);
    AtomicInteger freed = new AtomicInteger();
    ByteBuffer[] buffers = new ByteBuffer[2000];
    for (int i = 0; i < buffers.length; i++) {
      buffers[i] = DirectBuffers.allocate(64);
    }
    Runnable free =
        () -> {
          try {
            for (ByteBuffer buffer : buffers) {
              barrier.await();
              try {
                DirectBuffers.free(buffer);
                freed.incrementAndGet();
              } catch (IllegalStateException e) {
                // the other one was faster
              }
            }
          } catch (InterruptedException | BrokenBarrierException e) {
            freed.set(-1);
          }
        };
    Thread other = new Thread(free);
    other.start();
    free.run();
    other.join();
    require(freed.get() == buffers.length, freed + " of " + buffers.length + " were freed");
  }

  @Test
  void anyThreadMayFree() throws Exception {
    ByteBuffer[] buffers = new ByteBuffer[1000];
    for (int i = 0; i < buffers.length; i++) {
      buffers[i] = DirectBuffers.allocate(i * 13);
    }
    Thread other =
        new Thread(
            () -> {
              for (ByteBuffer buffer : buffers) {
                DirectBuffers.free(buffer);
              }
            });
    other.start();
    other.join();
    for (ByteBuffer buffer : buffers) {
      thrown(IllegalStateException.class, () -> DirectBuffers.free(buffer));
    }
  }
}
