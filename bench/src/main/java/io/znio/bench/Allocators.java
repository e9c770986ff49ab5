// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.DirectBuffers;
import java.nio.ByteBuffer;
import org.lwjgl.system.MemoryUtil;

/** The ways to get memory that the chapter "memory" compares. */
public final class Allocators {
  private Allocators() {}

  /**
   * The one of that name.
   *
   * @param impl as in {@link MemoryRow#impl}
   * @param zeroed whether its memory must be zero; what always zeroes does so in either case
   * @throws SkippedException if this JDK or this machine has no such thing
   */
  public static Allocator<?> of(String impl, boolean zeroed) throws SkippedException {
    return switch (impl) {
      case "znio" -> zeroed ? new ZnioZeroed() : new Znio();
      case "jdk-clean" -> {
        requireCleaner();
        yield new JdkClean();
      }
      case "jdk-gc" -> new JdkDropped();
      case "arena-confined" -> new Arenas.Memory(Arenas.require().confined());
      case "arena-shared" -> new Arenas.Memory(Arenas.require().shared());
      case "arena-auto" -> Arenas.require().automatic();
      case "lwjgl" -> lwjgl(zeroed);
      default -> throw new IllegalArgumentException("there is no impl '" + impl + "'");
    };
  }

  static void requireCleaner() throws SkippedException {
    if (!JdkUnsafe.isThere()) {
      throw new SkippedException("this JDK has no Unsafe.invokeCleaner");
    }
  }

  private static Allocator<?> lwjgl(boolean zeroed) throws SkippedException {
    try {
      MemoryUtil.memFree(MemoryUtil.memAlloc(1));
    } catch (LinkageError e) {
      throw new SkippedException("LWJGL has no natives for this machine: " + e.getMessage());
    }
    return zeroed ? new LwjglZeroed() : new Lwjgl();
  }

  /** What is held is the buffer. */
  private abstract static class OfBuffers implements Allocator<ByteBuffer> {
    @Override
    public final ByteBuffer buffer(ByteBuffer held) {
      return held;
    }
  }

  private static final class Znio extends OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return DirectBuffers.allocateUninitialized(size);
    }

    @Override
    public void free(ByteBuffer held) {
      DirectBuffers.free(held);
    }
  }

  private static final class ZnioZeroed extends OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return DirectBuffers.allocate(size);
    }

    @Override
    public void free(ByteBuffer held) {
      DirectBuffers.free(held);
    }
  }

  private static final class JdkClean extends OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return ByteBuffer.allocateDirect(size);
    }

    @Override
    public void free(ByteBuffer held) {
      JdkUnsafe.free(held);
    }
  }

  private static final class JdkDropped extends OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return ByteBuffer.allocateDirect(size);
    }

    @Override
    public void free(ByteBuffer held) {
      // The garbage collector finds it.
    }
  }

  private static final class Lwjgl extends OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return MemoryUtil.memAlloc(size);
    }

    @Override
    public void free(ByteBuffer held) {
      MemoryUtil.memFree(held);
    }
  }

  private static final class LwjglZeroed extends OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return MemoryUtil.memCalloc(size);
    }

    @Override
    public void free(ByteBuffer held) {
      MemoryUtil.memFree(held);
    }
  }
}
