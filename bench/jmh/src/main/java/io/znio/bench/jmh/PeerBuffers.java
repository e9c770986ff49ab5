// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.znio.bench.Allocator;
import java.nio.ByteBuffer;
import one.nio.mem.MallocMT;
import one.nio.util.JavaInternals;
import org.agrona.BufferUtil;
import org.apache.arrow.memory.ArrowBuf;
import org.apache.arrow.memory.BufferAllocator;
import org.apache.arrow.memory.RootAllocator;

/**
 * The libraries beside us as ways to get memory, each used as its own programs use it: with its own
 * buffers and accessors, with the checks that it has by default.
 */
final class PeerBuffers {
  private PeerBuffers() {}

  /** Zeroes only when told to. */
  record Netty(ByteBufAllocator from, boolean zeroed) implements Allocator<ByteBuf> {
    @Override
    public ByteBuf allocate(int size) {
      ByteBuf held = from.directBuffer(size, size);
      return zeroed ? held.setZero(0, size) : held;
    }

    @Override
    public ByteBuffer buffer(ByteBuf held) {
      return held.nioBuffer(0, held.capacity());
    }

    @Override
    public void put(ByteBuf held, int index, byte value) {
      held.setByte(index, value);
    }

    @Override
    public byte get(ByteBuf held, int index) {
      return held.getByte(index);
    }

    @Override
    public void free(ByteBuf held) {
      held.release();
    }
  }

  /**
   * The JDK's buffers, freed at once. Those of {@code allocateDirectAligned} are slices, which
   * {@code BufferUtil.free} refuses (IllegalArgumentException: "duplicate or slice").
   */
  record Agrona() implements Allocator<ByteBuffer> {
    @Override
    public ByteBuffer allocate(int size) {
      return ByteBuffer.allocateDirect(size);
    }

    @Override
    public ByteBuffer buffer(ByteBuffer held) {
      return held;
    }

    @Override
    public void free(ByteBuffer held) {
      BufferUtil.free(held);
    }
  }

  /** Zeroes only when told to; rounds sizes up to a power of two. */
  record Arrow(BufferAllocator from, boolean zeroed) implements Allocator<ArrowBuf> {
    /** Chooses the manager for this JVM, as Arrow's users do. */
    static Arrow of(String manager, boolean zeroed) {
      System.setProperty("arrow.allocation.manager.type", manager);
      return new Arrow(new RootAllocator(), zeroed);
    }

    @Override
    public ArrowBuf allocate(int size) {
      ArrowBuf held = from.buffer(size);
      if (zeroed) {
        held.setZero(0, size);
      }
      return held;
    }

    @Override
    public ByteBuffer buffer(ArrowBuf held) {
      return held.nioBuffer(0, (int) held.capacity());
    }

    @Override
    public void put(ArrowBuf held, int index, byte value) {
      held.setByte(index, value);
    }

    @Override
    public byte get(ArrowBuf held, int index) {
      return held.getByte(index);
    }

    @Override
    public void free(ArrowBuf held) {
      held.close();
    }
  }

  /**
   * An own allocator in one range of memory; it gives addresses, which nothing guards. A boxed one
   * is no object where the JIT sees it all.
   */
  @SuppressWarnings("removal") // of Unsafe: it is how its users reach the memory
  record OneNio(MallocMT from, boolean zeroed) implements Allocator<Long> {
    private static final long CAPACITY = 1L << 29;

    static OneNio of(boolean zeroed) {
      return new OneNio(new MallocMT(CAPACITY), zeroed);
    }

    @Override
    public Long allocate(int size) {
      return zeroed ? from.calloc(size) : from.malloc(size);
    }

    @Override
    public ByteBuffer buffer(Long held) {
      throw new UnsupportedOperationException("one-nio gives addresses, no buffers");
    }

    @Override
    public void put(Long held, int index, byte value) {
      JavaInternals.unsafe.putByte(held + index, value);
    }

    @Override
    public byte get(Long held, int index) {
      return JavaInternals.unsafe.getByte(held + index);
    }

    @Override
    public void free(Long held) {
      from.free(held);
    }
  }
}
