// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static io.znio.SoakWorker.require;

import io.znio.SoakWorker.Cut;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;

/** The work of {@link Soak} on files and mappings. */
final class SoakFiles {
  private static final List<TransferPath> PATHS =
      List.of(
          TransferPath.AUTO,
          TransferPath.READ_WRITE,
          TransferPath.MMAP_WRITE,
          TransferPath.SENDFILE,
          TransferPath.SPLICE,
          TransferPath.VMSPLICE,
          TransferPath.COPY_FILE_RANGE,
          TransferPath.PRIVATE_MAP);

  private static final int PAGE = 4096;
  private static final int MODEL_OPERATIONS = 64;

  private SoakFiles() {}

  /** Map, touch, force, unmap; and what was written is in the file. */
  static boolean map(SoakWorker worker) throws IOException {
    int size = worker.size();
    int at = worker.random.nextInt(3 * PAGE);
    Mapping.Options options =
        switch (worker.random.nextInt(3)) {
          case 0 -> Mapping.Options.NONE.preallocate();
          case 1 -> Mapping.Options.NONE.extend().advice(Mapping.Advice.SEQUENTIAL);
          default -> Mapping.Options.NONE.extend().populate();
        };
    Path path = worker.directory.resolve("mapped");
    byte[] content = worker.shared.content();
    int position = worker.position(size);
    try (FileChannel file = NativeFileChannel.open(path, created());
        Mapping mapping = Mapping.map(file, Mapping.Mode.READ_WRITE, at, size, options)) {
      MappedByteBuffer buffer = mapping.buffer();
      buffer.put(0, content, position, size);
      mapping.force(0, worker.random.nextInt(size + 1));
      require(mapping.residentPages() > 0, "what was written is there");
      SoakMemory.keep(worker, buffer.slice());
    }
    ByteBuffer found = ByteBuffer.allocate(size);
    try (NativeFileChannel file = NativeFileChannel.open(path)) {
      while (found.hasRemaining() && file.read(found, at + found.position()) >= 0) {
        continue;
      }
    }
    require(found.flip().equals(ByteBuffer.wrap(content, position, size)), "the file differs");
    worker.tally.verified(size);
    Files.delete(path);
    return true;
  }

  /** A file that is cut short by this or another thread while it is mapped, touched and sent. */
  static boolean mapShort(SoakWorker worker) throws IOException {
    Path path = worker.shared.cut();
    int size = worker.random.nextInt(1, 4 * PAGE);
    boolean writes = worker.random.nextBoolean();
    Mapping.Mode mode = writes ? Mapping.Mode.READ_WRITE : Mapping.Mode.READ_ONLY;
    Mapping mapping = Mapping.map(path, mode, 0, size, extendIf(writes));
    boolean lost = false;
    try {
      if (worker.random.nextInt(4) == 0) {
        try (FileChannel file = FileChannel.open(path, StandardOpenOption.WRITE)) {
          file.truncate(worker.random.nextInt(size));
        }
      }
      lost = isLost(worker, mapping, writes);
      if (writes) {
        mapping.force();
      }
      lost |= sendShort(worker, mapping, size);
    } catch (DamagedMappingException damaged) {
      lost = true;
    } finally {
      try {
        mapping.close();
      } catch (UncheckedIOException damaged) {
        require(damaged.getCause() instanceof DamagedMappingException, "" + damaged);
        lost = true;
      }
    }
    if (lost) {
      worker.tally.met(SoakTally.Fault.CUT);
    }
    return !lost;
  }

  private static Mapping.Options extendIf(boolean writes) {
    return writes ? Mapping.Options.NONE.extend() : Mapping.Options.NONE;
  }

  /** Touches each page from Java: bytes, or an InternalError. */
  private static boolean isLost(SoakWorker worker, Mapping mapping, boolean writes) {
    MappedByteBuffer buffer = mapping.buffer();
    try {
      try {
        for (int i = 0; i < buffer.capacity(); i += PAGE / 2) {
          if (writes) {
            buffer.put(i, (byte) 1);
          } else {
            buffer.get(i);
          }
        }
      } finally {
        Stress.awaitInternalError();
      }
      return false;
    } catch (InternalError lost) {
      return true;
    }
  }

  /** The kernel meets the lost page: an exception that says where, or a shorter count. */
  private static boolean sendShort(SoakWorker worker, Mapping mapping, int size)
      throws IOException {
    try (FileChannel target = FileChannel.open(worker.scratch(), writing())) {
      return Transfer.from(mapping, 0).to(target, 0).transfer() < size;
    } catch (LostPageException lost) {
      return true;
    }
  }

  private static StandardOpenOption[] created() {
    return new StandardOpenOption[] {
      StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ
    };
  }

  private static StandardOpenOption[] writing() {
    return new StandardOpenOption[] {
      StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE
    };
  }

  /** All operations of a channel, beside the JDK's own: {@link ChannelModel}. */
  static boolean channel(SoakWorker worker) throws Exception {
    Path directory = Files.createTempDirectory(worker.directory, "model");
    try (ChannelModel model = new ChannelModel(worker.random.nextLong(), directory)) {
      model.run(MODEL_OPERATIONS);
    } finally {
      Soak.delete(directory);
    }
    return true;
  }

  /** Writes and reads until another thread closes the channel, or interrupts. */
  static boolean channelClosed(SoakWorker worker) throws IOException {
    Cut cut = worker.random.nextBoolean() ? Cut.CLOSE : Cut.INTERRUPT;
    int size = Math.min(worker.size(), 1 << 16);
    int position = worker.position(size);
    NativeFileChannel channel = NativeFileChannel.open(worker.scratch(), created());
    ChannelCloser closer = new ChannelCloser(channel, cut, worker.random.nextInt(20));
    closer.start();
    long laps = 0;
    try (channel) {
      ByteBuffer sent = ByteBuffer.wrap(worker.shared.content(), position, size);
      ByteBuffer found = ByteBuffer.allocate(size);
      while (true) {
        require(channel.write(sent.duplicate(), 0) == size, "a write to a file is whole");
        require(channel.read(found.clear(), 0) == size, "what was written can be read");
        require(found.flip().equals(sent), "another's bytes");
        closer.laps = ++laps;
      }
    } catch (java.nio.channels.ClosedChannelException closed) {
      worker.count(cut);
    } finally {
      closer.end();
    }
    worker.tally.verified(laps * size);
    require(!channel.isOpen(), "it is closed");
    return true;
  }

  /** Ends a channel under a thread that uses it. */
  private static final class ChannelCloser extends SoakWorker.Peer {
    private final NativeFileChannel channel;
    private final Cut cut;
    private final int after;
    volatile long laps;

    ChannelCloser(NativeFileChannel channel, Cut cut, int after) {
      super(null);
      this.channel = channel;
      this.cut = cut;
      this.after = after;
    }

    @Override
    void exchange() throws IOException {
      Await.until("laps", () -> laps >= after || !channel.isOpen());
      if (cut == Cut.CLOSE) {
        channel.close();
      } else {
        interrupt();
      }
    }
  }

  /** All threads lock ranges of one file, each by a channel of its own. */
  static boolean lock(SoakWorker worker) throws IOException {
    try (FileChannel file =
        NativeFileChannel.open(
            worker.shared.locked(), StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      int place = worker.random.nextInt(100);
      long size = 1 + worker.random.nextInt(100 - place);
      boolean isShared = worker.random.nextBoolean();
      FileLock lock =
          worker.random.nextBoolean()
              ? file.tryLock(place, size, isShared)
              : file.lock(place, size, isShared);
      if (lock == null) {
        worker.tally.met(SoakTally.Fault.LOCKED);
        return false;
      }
      require(lock.isValid() && lock.overlaps(place, 1), "" + lock);
      if (!isShared) {
        mark(file, place, (int) size);
      }
      if (worker.random.nextBoolean()) {
        lock.release(); // else by the close
      }
      return true;
    } catch (OverlappingFileLockException others) {
      worker.tally.met(SoakTally.Fault.LOCKED);
      return false;
    }
  }

  /** Nobody else writes here while the lock is held. */
  private static void mark(FileChannel file, int place, int size) throws IOException {
    ByteBuffer mark = ByteBuffer.allocate(size);
    long number = Thread.currentThread().hashCode();
    for (int i = 0; i < size; i++) {
      mark.put((byte) (number + i));
    }
    file.write(mark.flip(), place);
    Thread.yield();
    ByteBuffer found = ByteBuffer.allocate(size);
    file.read(found, place);
    require(found.flip().equals(mark.rewind()), "two have one lock");
  }

  static boolean copy(SoakWorker worker) throws IOException {
    int size = worker.size();
    int position = worker.position(size);
    TransferPath path = PATHS.get(worker.random.nextInt(PATHS.size()));
    long moved;
    try (FileChannel source = FileChannel.open(worker.shared.source());
        FileChannel target = NativeFileChannel.open(worker.scratch(), writing())) {
      moved = Transfer.from(source, position).to(target, 0).via(path).count(size).transfer();
    }
    require(moved == size, path + " moved " + moved + " of " + size);
    byte[] found = Files.readAllBytes(worker.scratch());
    ByteBuffer expected = ByteBuffer.wrap(worker.shared.content(), position, size);
    require(ByteBuffer.wrap(found).equals(expected), path + " moved other bytes");
    worker.tally.verified(size);
    return true;
  }

  /** Out of the file that others cut short: so many bytes as are told, or an exception. */
  static boolean copyShort(SoakWorker worker) throws IOException {
    TransferPath path = PATHS.get(worker.random.nextInt(PATHS.size()));
    int size = worker.random.nextInt(1, 8 * PAGE);
    long moved;
    try (FileChannel source = FileChannel.open(worker.shared.cut());
        FileChannel target = FileChannel.open(worker.scratch(), writing())) {
      moved = Transfer.from(source, 0).to(target, 0).via(path).count(size).transfer();
      require(target.size() >= moved, "told " + moved + ", and there are " + target.size());
    } catch (TransferException e) {
      require(e.codeName().equals("ZN_ETRUNCATED") || e.codeName().equals("ZN_ELOST"), "" + e);
      moved = 0;
    }
    if (moved < size) {
      worker.tally.met(SoakTally.Fault.CUT);
    }
    return moved == size;
  }

  /** Direct I/O, and registered buffers. */
  static boolean uring(SoakWorker worker) throws IOException {
    int size = (1 + worker.random.nextInt(64)) * PAGE;
    int position = worker.position(size) / PAGE * PAGE;
    TransferPath path =
        worker.random.nextBoolean() ? TransferPath.DIRECT_URING : TransferPath.URING_REGISTERED;
    Files.deleteIfExists(worker.scratch());
    long moved;
    try {
      moved =
          Transfer.from(worker.shared.source(), position)
              .to(worker.scratch())
              .via(path)
              .depth(1 + worker.random.nextInt(8))
              .chunk(PAGE << worker.random.nextInt(5))
              .count(size)
              .transfer();
    } catch (TransferException e) {
      if (List.of("ZN_EKERNEL", "ZN_EFORBIDDEN", "ZN_EMEMLOCK").contains(e.codeName())) {
        worker.tally.impossible(SoakTally.Operation.URING);
        return false;
      }
      throw e;
    }
    require(moved == size, path + " moved " + moved + " of " + size);
    byte[] found = Files.readAllBytes(worker.scratch());
    ByteBuffer expected = ByteBuffer.wrap(worker.shared.content(), position, size);
    require(ByteBuffer.wrap(found, 0, size).equals(expected), path + " moved other bytes");
    worker.tally.verified(size);
    return true;
  }
}
