// SPDX-License-Identifier: Apache-2.0
package io.znio.bench;

import io.znio.Mapping;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/** The ways to map a file for reading that the chapter "memory" compares. */
public final class MapAllocators {
  private MapAllocators() {}

  /**
   * The one of that name.
   *
   * @param impl as in {@link MemoryRow#impl}
   * @param file what is mapped, for reading, from its first byte
   * @throws SkippedException if this JDK has no such thing
   */
  public static Allocator<?> of(String impl, FileChannel file) throws SkippedException {
    return switch (impl) {
      case "znio" -> new Znio(file);
      case "jdk-clean" -> {
        Allocators.requireCleaner();
        yield new Jdk(file);
      }
      case "arena-confined" -> new Arenas.Files(Arenas.require().confined(), file);
      case "arena-shared" -> new Arenas.Files(Arenas.require().shared(), file);
      default -> throw new IllegalArgumentException("impl '" + impl + "' does not map");
    };
  }

  /** A mapping and its one buffer: each call of buffer() would make a new one. */
  private record Held(Mapping mapping, ByteBuffer buffer) {}

  private record Znio(FileChannel file) implements Allocator<Held> {
    @Override
    public Held allocate(int size) {
      try {
        Mapping mapping = Mapping.map(file, Mapping.Mode.READ_ONLY, 0, size);
        return new Held(mapping, mapping.buffer());
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public ByteBuffer buffer(Held held) {
      return held.buffer;
    }

    @Override
    public void free(Held held) {
      held.mapping.close();
    }
  }

  private record Jdk(FileChannel file) implements Allocator<ByteBuffer> {
    @Override
    public ByteBuffer allocate(int size) {
      try {
        return file.map(FileChannel.MapMode.READ_ONLY, 0, size);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    @Override
    public ByteBuffer buffer(ByteBuffer held) {
      return held;
    }

    @Override
    public void free(ByteBuffer held) {
      JdkUnsafe.free(held);
    }
  }
}
