// SPDX-License-Identifier: Apache-2.0
package io.znio;

import java.io.FileInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;

/**
 * A process that has reached a limit of the system. Each mode: all works; the limit is reached, and
 * what cannot be had is a clear exception; then the limit is out of the way, all works again, and
 * nothing is left over. Arguments: the mode, a directory of its own.
 */
final class PressureMain {
  private static final int SIZE = 100_000;
  private static final byte[] CONTENT = TestFiles.bytes(SIZE);
  private static final int PAGE = 4096;
  private static final long LARGE = 8L << 30;
  private static final int FILE_LIMIT = 1 << 20;

  private final Path directory;
  private final Path source;

  private PressureMain(Path directory) throws IOException {
    this.directory = directory;
    this.source = Files.write(directory.resolve("source"), CONTENT);
  }

  public static void main(String[] arguments) throws Exception {
    PressureMain main = new PressureMain(Path.of(arguments[1]));
    if (arguments[0].equals("threads")) {
      main.threads();
      return;
    }
    main.allWorks();
    Ledger.trim();
    Ledger.Totals before = Ledger.totals();
    switch (arguments[0]) {
      case "descriptors" -> main.descriptors();
      case "memlock" -> main.memlock();
      case "addresses" -> main.addresses();
      case "file-size" -> main.fileSize();
      default -> throw new IllegalArgumentException(arguments[0]);
    }
    main.allWorks();
    Ledger.trim();
    Ledger.Totals after = Ledger.totals();
    check(after.regions() == before.regions(), "regions: " + after);
    check(after.mappings() == before.mappings(), "mappings: " + after);
    check(after.memfds() == before.memfds() && after.pins() == 0, "" + after);
    check(
        after.descriptors() - after.rings() == before.descriptors() - before.rings(),
        "descriptors: " + after + ", before: " + before);
    System.out.println("nothing is left over");
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  private interface Action {
    void run() throws Exception;
  }

  /** Must fail, by an exception that says this. */
  private static <T extends Throwable> T fails(Class<T> type, String said, Action action) {
    try {
      action.run();
    } catch (Throwable t) {
      if (type.isInstance(t) && String.valueOf(t.getMessage()).contains(said)) {
        System.out.println(t);
        return type.cast(t);
      }
      throw new AssertionError("another failure than \"" + said + "\"", t);
    }
    throw new AssertionError("it did not fail by \"" + said + "\"");
  }

  /** Memory, a mapping, a memfd, a channel, and a transfer by each kind of path. */
  private void allWorks() throws Exception {
    try (Region region = Region.allocate(SIZE);
        Mapping mapping = Mapping.map(source, Mapping.Mode.READ_ONLY);
        Memfd memfd = Memfd.create(PAGE);
        Mapping shared = memfd.map()) {
      region.buffer().put(0, CONTENT);
      check(mapping.buffer().mismatch(region.buffer()) < 0, "the mapping shows the file");
      shared.buffer().put(0, (byte) 1);
    }
    fromStream(TransferPath.AUTO);
  }

  private void fromStream(TransferPath path) throws Exception {
    Path copy = directory.resolve("copy");
    try (Ends.Pair pair = Ends.UNIX.open();
        FileChannel target = FileChannel.open(copy, created())) {
      fromStream(path, pair, target);
    }
    check(java.util.Arrays.equals(Files.readAllBytes(copy), CONTENT), "the copy is whole");
  }

  private static StandardOpenOption[] created() {
    return new StandardOpenOption[] {
      StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE
    };
  }

  private static void fromStream(TransferPath path, Ends.Pair pair, FileChannel target)
      throws Exception {
    Thread sender = pair.send(CONTENT);
    long moved = 0;
    while (moved < SIZE) {
      moved += Transfer.from(pair.reader).to(target, moved).via(path).transfer();
    }
    Await.end(sender);
  }

  /** No descriptor is to be had. */
  private void descriptors() throws Exception {
    List<FileInputStream> eaten = new ArrayList<>();
    Path copy = directory.resolve("copy");
    try (Ends.Pair pair = Ends.UNIX.open();
        Ends.Pair other = Ends.UNIX.open();
        FileChannel target = FileChannel.open(copy, created());
        Mapping mapping = Mapping.map(source, Mapping.Mode.READ_ONLY)) {
      other.write(new byte[10]);
      loadAll(pair, target, other);
      try {
        while (true) {
          eaten.add(new FileInputStream("/dev/null"));
        }
      } catch (IOException full) {
        check(full.getMessage().contains("Too many open files"), "" + full);
      }
      fails(FileSystemException.class, "Too many open files", () -> NativeFileChannel.open(source));
      fails(IOException.class, "ulimit -n", () -> Memfd.create(PAGE));
      fails(
          IOException.class,
          "Too many open files",
          () -> Mapping.map(source, Mapping.Mode.READ_ONLY));
      TransferException refused =
          fails(
              TransferException.class,
              "ulimit -n",
              () ->
                  Transfer.from(other.reader)
                      .to(target, 0)
                      .via(TransferPath.SPLICE)
                      .count(10)
                      .transfer());
      check(refused.bytes() == 0 && refused.stranded().remaining() == 0, "nothing was taken");
      check(other.reader.read(ByteBuffer.allocate(20)) == 10, "all is still in the socket");
      fromStream(TransferPath.AUTO, pair, target); // without a pipe: by reads and writes
      mapping.close();
      Mapping.anonymous(PAGE).close();
      DirectBuffers.free(DirectBuffers.allocate(SIZE));
      for (FileInputStream one : eaten) {
        one.close();
      }
    }
    check(java.util.Arrays.equals(Files.readAllBytes(copy), CONTENT), "the copy is whole");
  }

  /** Classes are loaded from files: those of failures, before there are no descriptors. */
  private void loadAll(Ends.Pair pair, FileChannel target, Ends.Pair other) throws Exception {
    fails(IOException.class, "", () -> NativeFileChannel.open(directory.resolve("none")));
    fails(
        TransferException.class,
        "",
        () -> Transfer.from(other.reader).to(target, 0).via(TransferPath.SENDFILE).transfer());
    fails(IOException.class, "", () -> Memfd.create(Long.MAX_VALUE));
    fails(
        IOException.class, "", () -> Mapping.map(directory.resolve("none"), Mapping.Mode.PRIVATE));
    ((java.nio.channels.SelectableChannel) pair.reader).configureBlocking(true);
    Ledger.trim();
  }

  /** No memory may be locked; the parent has taken the privilege. */
  private void memlock() throws Exception {
    IOException refused =
        fails(
            IOException.class,
            "RLIMIT_MEMLOCK",
            () -> Mapping.anonymous(1 << 20, Mapping.Options.NONE.lock()).close());
    check(refused.getMessage().contains("ulimit -l"), "the remedy: " + refused.getMessage());
    fromStream(TransferPath.AUTO);
    try (Ends.Pair pair = Ends.TCP4.open()) {
      Ends.Collector collector = pair.collect();
      ByteBuffer direct = DirectBuffers.allocate(SIZE);
      direct.put(0, CONTENT);
      long sent = 0;
      try {
        sent = Transfer.from(direct).to(pair.writer).via(TransferPath.MSG_ZEROCOPY).transfer();
      } catch (TransferException e) {
        check(e.codeName().equals("ZN_EMEMLOCK"), "" + e);
        check(e.getMessage().contains("ulimit -l"), "" + e);
      }
      DirectBuffers.free(direct);
      pair.writer.close();
      check(collector.toEnd().length == sent, "told and received");
    }
  }

  /** No address space is left (RLIMIT_AS). */
  private void addresses() throws Exception {
    limit("--as=" + (sizeKib() * 1024 + (512L << 20)));
    fails(
        OutOfMemoryError.class,
        "Cannot allocate",
        () -> Region.allocateUninitialized(LARGE).close());
    fails(IOException.class, "vm.max_map_count", () -> Mapping.anonymous(LARGE).close());
    Path hole = directory.resolve("hole");
    try (FileChannel file =
        FileChannel.open(
            hole, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      Mapping.Options longer = Mapping.Options.NONE.extend();
      fails(
          IOException.class,
          "ENOMEM",
          () -> Mapping.map(file, Mapping.Mode.READ_WRITE, 0, LARGE, longer).close());
    }
    allWorks();
    limit("--as=unlimited");
  }

  /** A file may not become larger (RLIMIT_FSIZE): as a full disk. */
  private void fileSize() throws Exception {
    limit("--fsize=" + FILE_LIMIT);
    Path small = directory.resolve("small");
    try (NativeFileChannel file = NativeFileChannel.open(small, created())) {
      int whole = FILE_LIMIT - SIZE / 2;
      check(file.write(ByteBuffer.allocate(whole)) == whole, "there was room");
      check(file.write(ByteBuffer.wrap(CONTENT)) == SIZE / 2, "as much as there is room for");
      fails(IOException.class, "File too large", () -> file.write(ByteBuffer.wrap(CONTENT)));
      file.truncate(whole);
      strandedAtTheEnd(file, whole);
    }
    try (FileChannel file =
        FileChannel.open(small, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      Mapping.Options room = Mapping.Options.NONE.preallocate();
      fails(
          IOException.class,
          "EFBIG",
          () -> Mapping.map(file, Mapping.Mode.READ_WRITE, 0, 2L * FILE_LIMIT, room).close());
    }
    limit("--fsize=unlimited");
  }

  /** What did not fit is handed out, or still in the stream: no byte is lost. */
  private static void strandedAtTheEnd(NativeFileChannel file, int position) throws Exception {
    ByteBuffer all = ByteBuffer.allocate(SIZE);
    try (Ends.Pair pair = Ends.UNIX.open()) {
      Thread sender = pair.send(CONTENT);
      long told = 0;
      try {
        while (told < SIZE) {
          told += Transfer.transferFrom(file, pair.reader, position + told, SIZE - told);
        }
        throw new AssertionError("all fitted");
      } catch (TransferException e) {
        check(e.codeName().equals("EFBIG"), "" + e);
        told += e.bytes();
        all.put(CONTENT, 0, (int) told).put(e.stranded());
      }
      check(told == SIZE / 2, "told " + told);
      while (all.hasRemaining() && pair.reader.read(all) >= 0) {
        continue;
      }
      Await.end(sender);
    }
    check(all.flip().equals(ByteBuffer.wrap(CONTENT)), "no byte is lost");
  }

  private static long sizeKib() throws IOException {
    return Files.readAllLines(Path.of("/proc/self/status")).stream()
        .filter(line -> line.startsWith("VmSize:"))
        .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
        .sum();
  }

  private static void limit(String option) throws Exception {
    long pid = ProcessHandle.current().pid();
    Child set =
        Child.command(List.of("prlimit", "--pid", Long.toString(pid), option.concat(":unlimited")));
    check(set.status() == 0, set.output());
  }

  /**
   * The first use of znio in a process that may not have another thread. Whatever comes of that, it
   * is no end: when there is room for a thread, all works.
   */
  private void threads() throws Exception {
    CountDownLatch enough = new CountDownLatch(1);
    List<Thread> threads = new ArrayList<>();
    try {
      while (true) {
        Thread thread =
            new Thread(
                () -> {
                  try {
                    enough.await();
                  } catch (InterruptedException e) {
                    return;
                  }
                });
        thread.setDaemon(true);
        thread.start();
        threads.add(thread);
      }
    } catch (OutOfMemoryError full) {
      System.out.println(threads.size() + " threads, then: " + full.getMessage());
    }
    ByteBuffer buffer = DirectBuffers.allocate(SIZE);
    try (Mapping mapping = Mapping.map(source, Mapping.Mode.READ_ONLY);
        NativeFileChannel file = NativeFileChannel.open(source)) {
      check(file.read(buffer) == SIZE, "a channel reads");
      check(mapping.buffer().mismatch(buffer.flip()) < 0, "the mapping shows the file");
    }
    DirectBuffers.free(buffer);
    enough.countDown();
    for (Thread thread : threads) {
      Await.end(thread);
    }
    allWorks();
    check(
        Thread.getAllStackTraces().keySet().stream()
            .anyMatch(thread -> thread.getName().equals("znio-housekeeper")),
        "it runs by now");
    System.out.println("nothing is left over");
  }
}
