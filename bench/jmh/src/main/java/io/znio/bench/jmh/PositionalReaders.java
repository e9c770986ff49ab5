// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.Mapping;
import io.znio.NativeFileChannel;
import io.znio.bench.JdkUnsafe;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import one.nio.mem.DirectMemory;
import one.nio.mem.MappedFile;
import one.nio.util.JavaInternals;
import org.agrona.concurrent.UnsafeBuffer;

/** The ways to get bytes that lie somewhere in a file into a buffer, by the names of the rows. */
final class PositionalReaders {
  private PositionalReaders() {}

  /** Fills a buffer, from index 0 to its capacity; its position means nothing. */
  interface Reader extends Closeable {
    /** From that place of the file. */
    void read(int at) throws IOException;
  }

  static Reader open(String by, Path file, ByteBuffer into) throws IOException {
    return switch (by) {
      case "jdk" -> new OfChannel(FileChannel.open(file), into);
      case "znio-channel" -> new OfChannel(NativeFileChannel.open(file), into);
      case "jdk-map" -> JdkMap.open(file, into);
      case "znio-map" -> new ZnioMap(Mapping.map(file, Mapping.Mode.READ_ONLY), into);
      case "agrona" -> Agrona.open(file, into);
      case "one-nio" -> new OneNio(new MappedFile(file.toString(), 0, MappedFile.MAP_RO), into);
      default -> throw new IllegalArgumentException("there is no '" + by + "'");
    };
  }

  private record OfChannel(FileChannel channel, ByteBuffer into) implements Reader {
    @Override
    public void read(int at) throws IOException {
      into.clear();
      int got = channel.read(into, at);
      if (got != into.capacity()) {
        throw new IOException("read " + got + " bytes, and not " + into.capacity());
      }
    }

    @Override
    public void close() throws IOException {
      channel.close();
    }
  }

  private record JdkMap(MappedByteBuffer mapped, ByteBuffer into) implements Reader {
    static Reader open(Path file, ByteBuffer into) throws IOException {
      return new JdkMap(map(file), into);
    }

    static MappedByteBuffer map(Path file) throws IOException {
      try (FileChannel channel = FileChannel.open(file)) {
        return channel.map(FileChannel.MapMode.READ_ONLY, 0, Files.size(file));
      }
    }

    @Override
    public void read(int at) {
      into.put(0, mapped, at, into.capacity());
    }

    @Override
    public void close() {
      JdkUnsafe.free(mapped);
    }
  }

  private static final class ZnioMap implements Reader {
    private final Mapping mapping;
    private final MappedByteBuffer mapped;
    private final ByteBuffer into;

    ZnioMap(Mapping mapping, ByteBuffer into) {
      this.mapping = mapping;
      this.mapped = mapping.buffer(); // each call makes a new one
      this.into = into;
    }

    @Override
    public void read(int at) {
      into.put(0, mapped, at, into.capacity());
    }

    @Override
    public void close() {
      mapping.close();
    }
  }

  private record Agrona(MappedByteBuffer mapped, UnsafeBuffer buffer, ByteBuffer into)
      implements Reader {
    static Reader open(Path file, ByteBuffer into) throws IOException {
      MappedByteBuffer mapped = JdkMap.map(file);
      return new Agrona(mapped, new UnsafeBuffer(mapped), into);
    }

    @Override
    public void read(int at) {
      buffer.getBytes(at, into, 0, into.capacity());
    }

    @Override
    public void close() {
      JdkUnsafe.free(mapped);
    }
  }

  @SuppressWarnings("removal") // of Unsafe: it is how its users reach the memory
  private record OneNio(MappedFile mapped, ByteBuffer into) implements Reader {
    @Override
    public void read(int at) {
      Object target = into.isDirect() ? null : into.array();
      long start =
          into.isDirect()
              ? DirectMemory.getAddress(into)
              : JavaInternals.unsafe.arrayBaseOffset(byte[].class);
      JavaInternals.unsafe.copyMemory(null, mapped.getAddr() + at, target, start, into.capacity());
    }

    @Override
    public void close() {
      mapped.close();
    }
  }
}
