// SPDX-License-Identifier: Apache-2.0
package io.znio.bench.jmh;

import io.znio.Mapping;
import io.znio.bench.Allocator;
import io.znio.bench.JdkUnsafe;
import io.znio.bench.MapAllocators;
import io.znio.bench.SkippedException;
import java.io.Closeable;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.IntBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import net.openhft.chronicle.bytes.MappedBytes;
import net.openhft.chronicle.core.OS;
import one.nio.mem.MappedFile;
import one.nio.util.JavaInternals;
import org.agrona.IoUtil;
import org.lwjgl.system.MemoryUtil;
import org.lwjgl.system.linux.FCNTL;
import org.lwjgl.system.linux.MMAN;
import org.lwjgl.system.linux.UNISTD;

/** Who maps files, by the names that the rows have, each as its own programs do it. */
final class PeerMaps {
  private PeerMaps() {}

  /** A file that is open, and the way to map it. */
  record Source(Closeable file, Allocator<?> allocator) implements Closeable {
    @Override
    public void close() throws IOException {
      file.close();
    }
  }

  /**
   * Opens a file for whoever maps open ones.
   *
   * @throws SkippedException if this JDK or this machine has no such thing
   */
  static Source open(String by, SparseFile file) throws IOException, SkippedException {
    if (by.equals("lwjgl")) {
      Lwjgl lwjgl = Lwjgl.open(file.path());
      return new Source(lwjgl, lwjgl);
    }
    if (by.equals("one-nio")) {
      RandomAccessFile opened = new RandomAccessFile(file.path().toFile(), "r");
      return new Source(opened, new OneNio(opened, file.size()));
    }
    if (Levels.isZnio(by)) {
      Levels.choose(by);
    }
    FileChannel opened = FileChannel.open(file.path());
    if (by.equals("chronicle")) {
      return new Source(opened, requireWorking(by, new Chronicle(opened, file.size()), file));
    }
    String impl = Levels.isZnio(by) ? "znio" : by.equals("jdk") ? "jdk-clean" : by;
    return new Source(opened, MapAllocators.of(impl, opened));
  }

  /**
   * Who opens, maps and closes.
   *
   * @throws SkippedException if this JDK or this machine has no such thing
   */
  static Allocator<?> closed(String by, SparseFile file) throws SkippedException {
    if (Levels.isZnio(by)) {
      Levels.choose(by);
      return new ZnioPath(file.path());
    }
    return switch (by) {
      case "jdk" -> new JdkPath(file.path());
      case "agrona" -> new Agrona(file.path());
      case "chronicle" -> requireWorking(by, new ChronicleBytes(file.path()), file);
      case "one-nio" -> new OneNioPath(file.path());
      default -> throw new IllegalArgumentException("there is no '" + by + "' that opens and maps");
    };
  }

  /** Chronicle finds the JDK's natives by reflection, and not on every JDK. */
  private static <H> Allocator<H> requireWorking(String by, Allocator<H> from, SparseFile file)
      throws SkippedException {
    try {
      from.free(from.allocate(file.size()));
      return from;
    } catch (LinkageError | RuntimeException e) {
      throw new SkippedException(by + " does not map on JDK " + Runtime.version() + ": " + e);
    }
  }

  private interface Work<T> {
    T run() throws IOException;
  }

  private static <T> T unchecked(Work<T> work) {
    try {
      return work.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What is held is the buffer. */
  private interface OfBuffers extends Allocator<ByteBuffer> {
    @Override
    default ByteBuffer buffer(ByteBuffer held) {
      return held;
    }
  }

  private record JdkPath(Path path) implements OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return unchecked(
          () -> {
            try (FileChannel file = FileChannel.open(path)) {
              return file.map(MapMode.READ_ONLY, 0, size);
            }
          });
    }

    @Override
    public void free(ByteBuffer held) {
      JdkUnsafe.free(held);
    }
  }

  /** A mapping and its one buffer. */
  private record Held(Mapping mapping, ByteBuffer buffer) {}

  private record ZnioPath(Path path) implements Allocator<Held> {
    @Override
    public Held allocate(int size) {
      Mapping mapping =
          unchecked(() -> Mapping.map(path, Mapping.Mode.READ_ONLY, 0, size, Mapping.Options.NONE));
      return new Held(mapping, mapping.buffer());
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

  private record Agrona(Path path) implements OfBuffers {
    @Override
    public ByteBuffer allocate(int size) {
      return IoUtil.mapExistingFile(path.toFile(), MapMode.READ_ONLY, "benchmark", 0, size);
    }

    @Override
    public void free(ByteBuffer held) {
      IoUtil.unmap((MappedByteBuffer) held);
    }
  }

  /** What gives addresses gives no buffer. */
  private interface OfAddresses extends Allocator<Long> {
    @Override
    default ByteBuffer buffer(Long held) {
      throw new UnsupportedOperationException("an address is no buffer");
    }
  }

  private record Chronicle(FileChannel file, int size) implements OfAddresses {
    @Override
    public Long allocate(int ignored) {
      return unchecked(() -> OS.map(file, MapMode.READ_ONLY, 0, size));
    }

    @Override
    public byte get(Long held, int index) {
      return OS.memory().readByte(held + index);
    }

    @Override
    public void free(Long held) {
      unchecked(
          () -> {
            OS.unmap(held, size);
            return null;
          });
    }
  }

  /**
   * One chunk: {@code singleMappedBytes} leaves its mapping behind. The forks are told {@code
   * -Dbackground.releaser=false}, without which another thread unmaps some time after the release.
   */
  private record ChronicleBytes(Path path) implements Allocator<MappedBytes> {
    @Override
    public MappedBytes allocate(int size) {
      return unchecked(() -> MappedBytes.mappedBytes(path.toFile(), size, 0, true));
    }

    @Override
    public ByteBuffer buffer(MappedBytes held) {
      throw new UnsupportedOperationException("Chronicle's bytes are no buffer");
    }

    @Override
    public byte get(MappedBytes held, int index) {
      return held.readByte((long) index);
    }

    @Override
    public void free(MappedBytes held) {
      held.releaseLast();
    }
  }

  @SuppressWarnings("removal") // of Unsafe: it is how its users reach the memory
  private record OneNio(RandomAccessFile file, int size) implements OfAddresses {
    @Override
    public Long allocate(int ignored) {
      return unchecked(() -> MappedFile.map(file, MappedFile.MAP_RO, 0, size));
    }

    @Override
    public byte get(Long held, int index) {
      return JavaInternals.unsafe.getByte(held + index);
    }

    @Override
    public void free(Long held) {
      MappedFile.unmap(held, size);
    }
  }

  @SuppressWarnings("removal") // of Unsafe: it is how its users reach the memory
  private record OneNioPath(Path path) implements Allocator<MappedFile> {
    @Override
    public MappedFile allocate(int size) {
      return unchecked(() -> new MappedFile(path.toString(), size, MappedFile.MAP_RO));
    }

    @Override
    public ByteBuffer buffer(MappedFile held) {
      throw new UnsupportedOperationException("a mapping of one-nio is no buffer");
    }

    @Override
    public byte get(MappedFile held, int index) {
      return JavaInternals.unsafe.getByte(held.getAddr() + index);
    }

    @Override
    public void free(MappedFile held) {
      held.close();
    }
  }

  /** mmap and munmap themselves, of a file that LWJGL has opened. */
  private record Lwjgl(int file, IntBuffer error) implements OfBuffers, Closeable {
    static Lwjgl open(Path path) throws IOException {
      IntBuffer error = MemoryUtil.memCallocInt(1);
      int file = FCNTL.open(error, path.toString(), FCNTL.O_RDONLY, 0);
      if (file < 0) {
        throw new IOException("open " + path + ": error " + error.get(0));
      }
      return new Lwjgl(file, error);
    }

    @Override
    public ByteBuffer allocate(int size) {
      long at = MMAN.mmap(error, 0, size, MMAN.PROT_READ, MMAN.MAP_SHARED, file, 0);
      if (at == MMAN.MAP_FAILED) {
        throw new IllegalStateException("mmap: error " + error.get(0));
      }
      return MemoryUtil.memByteBuffer(at, size);
    }

    @Override
    public void free(ByteBuffer held) {
      if (MMAN.munmap(error, held) != 0) {
        throw new IllegalStateException("munmap: error " + error.get(0));
      }
    }

    @Override
    public void close() {
      UNISTD.close(error, file);
      MemoryUtil.memFree(error);
    }
  }
}
