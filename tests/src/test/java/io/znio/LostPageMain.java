// SPDX-License-Identifier: Apache-2.0
package io.znio;

import io.znio.LostPageAccess.End;
import io.znio.Mapping.Mode;
import io.znio.Mapping.Options;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32;

/**
 * Run by {@link LostPageTest} in a JVM of its own, because what goes wrong there ends the JVM:
 * touches pages that cannot be had, and checks what comes of it, in that moment and later. Prints a
 * line for each thing it has done; anything unexpected is an exception, and status 1.
 */
final class LostPageMain {
  private static final int PAGE = 4096;
  private static final int PAGES = 8;
  private static final int SIZE = PAGES * PAGE;
  private static final int LOST = 5 * PAGE + 128; // the position that is touched
  private static final int KEPT = 3 * PAGE; // what is left of the file

  private static volatile byte[] allocated;

  private final Path directory;
  private final Path path;
  private final boolean disk;
  private final LostPageTools tools;

  private LostPageMain(Path directory, boolean disk) throws IOException {
    this.directory = directory;
    this.path = directory.resolve("mapped");
    this.disk = disk;
    this.tools = new LostPageTools(directory);
  }

  /**
   * Arguments: a directory, what to do, and for {@code accesses} and {@code disk} which (or all).
   */
  public static void main(String[] arguments) throws Exception {
    Path directory = Path.of(arguments[0]);
    boolean disk = arguments[1].equals("disk");
    LostPageMain main = new LostPageMain(directory, disk);
    try (main.tools) {
      switch (arguments[1]) {
        case "accesses", "disk" -> main.accesses(arguments);
        case "threads" -> main.threads();
        case "races" -> main.races();
        case "jdk" -> main.mappingOfTheJdk(arguments.length > 2);
        default -> throw new IllegalArgumentException(arguments[1]);
      }
    }
    System.out.println("done");
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  // ---- losing pages

  /** Another process cuts the file short; or the disk is full, and the page is in a hole. */
  private void lose() throws Exception {
    if (disk) {
      fill();
    } else {
      truncate(KEPT);
    }
  }

  private void restore() throws Exception {
    if (disk) {
      Files.delete(directory.resolve("filler"));
    } else {
      truncate(SIZE);
    }
  }

  private void truncate(long size) throws Exception {
    Child child = Child.command(List.of("truncate", "-s", Long.toString(size), path.toString()));
    check(child.status() == 0, child.output());
  }

  private void fill() throws IOException {
    ByteBuffer zeros = ByteBuffer.allocate(PAGE);
    try (FileChannel filler =
        FileChannel.open(
            directory.resolve("filler"), StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      while (true) {
        filler.write(zeros.clear());
      }
    } catch (IOException e) {
      check(e.getMessage().contains("No space left"), e.toString());
    }
  }

  private Mapping map() throws IOException {
    Files.deleteIfExists(path);
    Files.write(path, disk ? new byte[0] : TestFiles.bytes(SIZE));
    return Mapping.map(path, Mode.READ_WRITE, 0, SIZE, Options.NONE.extend());
  }

  // ---- one access after the other

  private void accesses(String[] arguments) throws Exception {
    int warm = Integer.getInteger("warm", 0);
    if (System.getProperty("handler") != null) {
      map().close(); // the guard is there
      System.load(System.getProperty("handler"));
    }
    for (LostPageAccess access : LostPageAccess.values()) {
      boolean wanted = arguments.length == 2 || List.of(arguments).contains(access.name());
      if (wanted) {
        System.out.println(access + ": " + access(access, warm));
      }
    }
  }

  private String access(LostPageAccess access, int warm) throws Exception {
    Mapping mapping = map();
    MappedByteBuffer buffer = mapping.buffer();
    boolean quick = access.end == End.ERROR || access.end == End.ERROR_OR_RESCUE;
    for (int i = 0; i < (quick ? warm : warm / 20); i++) {
      access.touch(tools, buffer.slice(disk ? 0 : 128, LostPageTools.BYTES));
    }
    lose();
    Guard.Totals before = Guard.totals();
    int reports = Guard.faults().size();
    End end = touch(access, buffer);
    Guard.Totals after = Guard.totals();
    List<Guard.Fault> faults = Guard.faults();
    faults = faults.subList(reports, faults.size());
    boolean rescued = end == End.RESCUE;
    long rescues = after.rescued() - before.rescued();
    check(rescues == (rescued ? 1 : 0), end + " with " + rescues + " rescues");
    check(after.passedOn() == before.passedOn(), "passed on: " + after);
    boolean first =
        System.getenv("LD_PRELOAD") == null || !System.getenv("LD_PRELOAD").contains("jsig");
    if (Guard.isInstalled() && (rescued || end == End.ERROR && first)) {
      check(faults.size() == 1, "reports: " + faults);
      checkFault(faults.get(0), rescued);
    } else {
      check(faults.isEmpty(), "reports: " + faults);
    }
    restore();
    if (rescued) {
      checkDamaged(mapping, buffer);
    } else {
      checkSound(access, mapping, buffer);
    }
    return end.toString();
  }

  /** How one access ends; an error that comes late is waited for. */
  private End touch(LostPageAccess access, MappedByteBuffer buffer) throws Exception {
    long rescued = Guard.totals().rescued();
    try {
      access.touch(tools, buffer.slice(LOST, LostPageTools.BYTES));
      awaitError();
    } catch (InternalError e) {
      check(access.end == End.ERROR || access.end == End.ERROR_OR_RESCUE, access + ": " + e);
      return End.ERROR;
    } catch (LostPageException e) {
      check(access.end == End.LOST, access + ": " + e);
      check(e.getClass() == LostPageException.class, access + ": " + e);
      check(e.offset() == LOST / PAGE * PAGE && e.file().equals(path.toString()), e.getMessage());
      check(e.getMessage().contains(path + " (device "), e.getMessage());
      return End.LOST;
    } catch (IOException e) {
      check(access.end == End.BAD_ADDRESS, access + ": " + e);
      check(e.getMessage().contains("Bad address"), access + ": " + e);
      return End.BAD_ADDRESS;
    }
    check(access.end == End.RESCUE || access.end == End.ERROR_OR_RESCUE, access + " was silent");
    check(Guard.totals().rescued() > rescued, access + " was silent");
    return End.RESCUE;
  }

  /**
   * JDK 17 throws when the thread next calls into the VM, as for an array too large for its TLAB.
   */
  static void awaitError() {
    for (int i = 0; i < 10; i++) {
      allocated = new byte[4 << 20];
    }
  }

  private void checkFault(Guard.Fault fault, boolean rescued) throws IOException {
    check(fault.file().equals(path.toString()), fault.toString());
    check(fault.offset() == LOST / PAGE * PAGE, fault.toString());
    check(fault.inode() == (long) Files.getAttribute(path, "unix:ino"), fault.toString());
    check(fault.device() == (long) Files.getAttribute(path, "unix:dev"), fault.toString());
    check(fault.replaced() == rescued && !fault.stale(), fault.toString());
  }

  /** The file is as long as before: a write to a sound mapping reaches it, and force says so. */
  private void checkSound(LostPageAccess access, Mapping mapping, MappedByteBuffer buffer)
      throws Exception {
    if (access.end == End.LOST) {
      access.touch(tools, buffer.slice(LOST, LostPageTools.BYTES)); // now it works
    }
    buffer.put(LOST, (byte) 77);
    mapping.force();
    mapping.close();
    check(fileByte() == 77, "the write to a page that was not replaced is not in the file");
  }

  /** A write to a page that was replaced is not in the file: nobody may say it is. */
  private void checkDamaged(Mapping mapping, MappedByteBuffer buffer) throws Exception {
    buffer.put(LOST, (byte) 77);
    buffer.force(); // the JDK's, which cannot know
    check(fileByte() != 77, "a write went through a page that was replaced");
    expectDamage(mapping::force);
    expectDamage(() -> mapping.force(0, 1));
    expectDamage(() -> mapping.load(0, 1));
    expectDamage(() -> mapping.residency(0, SIZE));
    expectDamage(() -> mapping.advise(0, 1, Mapping.Advice.RANDOM));
    expectDamage(() -> Transfer.from(mapping, 0).to(tools.file, 0).transfer());
    expectDamage(() -> Transfer.from(buffer.slice(0, 1)).to(tools.socket.writer).transfer());
    expectDamage(() -> Transfer.from(tools.file, 0).to(buffer.slice(0, 1)).transfer());
    expectDamage(
        () -> {
          try {
            mapping.close();
          } catch (UncheckedIOException e) {
            throw e.getCause();
          }
        });
    check(!mapping.isOpen(), "still open");
    check(fileByte() != 77, "a write went through a page that was replaced");
  }

  private interface Action {
    void run() throws IOException;
  }

  private static void expectDamage(Action action) {
    try {
      action.run();
    } catch (DamagedMappingException e) {
      check(e.offset() == LOST / PAGE * PAGE, e.getMessage());
      return;
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    throw new AssertionError("A damaged mapping was used in silence");
  }

  private byte fileByte() throws IOException {
    return Files.readAllBytes(path)[LOST];
  }

  // ---- many threads

  private static void runAll(int count, Action action) throws Exception {
    Throwable[] failure = new Throwable[1];
    Thread[] threads = new Thread[count];
    CountDownLatch start = new CountDownLatch(count);
    for (int i = 0; i < count; i++) {
      threads[i] =
          new Thread(
              () -> {
                try {
                  start.countDown();
                  start.await();
                  action.run();
                } catch (Throwable t) {
                  failure[0] = t;
                }
              });
      threads[i].start();
    }
    for (Thread thread : threads) {
      thread.join(TimeUnit.SECONDS.toMillis(40));
      check(!thread.isAlive(), "A thread hangs");
    }
    if (failure[0] != null) {
      throw new AssertionError(failure[0]);
    }
  }

  /** All at once: native code gets each page once, Java code its error, transfers theirs. */
  private void threads() throws Exception {
    for (int lap = 0; lap < 30; lap++) {
      Mapping mapping = map();
      MappedByteBuffer buffer = mapping.buffer();
      truncate(KEPT);
      runAll(4, () -> expectLost(buffer));
      runAll(4, () -> expectErrors(buffer));
      long rescued = Guard.totals().rescued();
      runAll(
          8,
          () -> {
            for (int page = 0; page < PAGES; page++) {
              CRC32 crc = new CRC32();
              crc.update(buffer.slice(page * PAGE, PAGE));
            }
          });
      long rescues = Guard.totals().rescued() - rescued;
      check(rescues == PAGES - KEPT / PAGE, rescues + " pages were put in place");
      try {
        mapping.close();
        throw new AssertionError("A damaged mapping was closed in silence");
      } catch (UncheckedIOException e) {
        check(e.getCause() instanceof DamagedMappingException, e.toString());
      }
    }
    check(Guard.totals().passedOn() == 0, Guard.totals().toString());
  }

  private void expectLost(MappedByteBuffer buffer) throws IOException {
    for (int i = 0; i < 20; i++) {
      try {
        Transfer.from(buffer.slice(LOST, 10)).to(tools.file, 0).transfer();
        throw new AssertionError("A lost page was sent");
      } catch (LostPageException e) {
        check(e.offset() == LOST / PAGE * PAGE, e.getMessage());
      }
    }
  }

  private static void expectErrors(MappedByteBuffer buffer) {
    for (int i = 0; i < 20; i++) {
      try {
        buffer.put(LOST, (byte) 1);
        awaitError();
      } catch (InternalError e) {
        continue;
      }
      throw new AssertionError("A lost page was written");
    }
  }

  /**
   * The file is cut short and made long again while others work: whatever they meet, the JVM lives,
   * and the mapping is damaged if and only if a page was put in place.
   */
  private void races() throws Exception {
    Mapping mapping = map();
    MappedByteBuffer buffer = mapping.buffer();
    int[] finished = new int[1];
    Thread cutter = new Thread(() -> cut(finished));
    cutter.setDaemon(true);
    cutter.start();
    for (LostPageAccess access : LostPageAccess.values()) {
      runAll(3, () -> race(access, buffer));
    }
    synchronized (finished) {
      finished[0] = 1;
    }
    cutter.join();
    Guard.Totals totals = Guard.totals();
    check(totals.passedOn() == 0, totals.toString());
    check(
        totals.faults() == totals.byJvm() + totals.guarded() + totals.rescued() + totals.repeated(),
        totals.toString());
    boolean damaged = false;
    try {
      mapping.close();
    } catch (UncheckedIOException e) {
      damaged = e.getCause() instanceof DamagedMappingException;
    }
    check(damaged == totals.rescued() > 0, totals + ", damaged: " + damaged);
  }

  private void cut(int[] finished) {
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      while (true) {
        channel.truncate(KEPT);
        channel.write(ByteBuffer.allocate(1), SIZE - 1);
        synchronized (finished) {
          if (finished[0] != 0) {
            return;
          }
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void race(LostPageAccess access, MappedByteBuffer buffer) throws IOException {
    int[] left = {1000};
    try (LostPageTools own = new LostPageTools(Files.createTempDirectory(directory, "own"))) {
      while (left[0] > 0) {
        try {
          touchOften(access, own, buffer, left);
        } catch (InternalError | IOException e) {
          continue;
        } catch (Exception e) {
          throw new AssertionError(e);
        }
      }
    }
  }

  private static void touchOften(
      LostPageAccess access, LostPageTools own, MappedByteBuffer buffer, int[] left)
      throws Exception {
    while (left[0]-- > 0) {
      access.touch(own, buffer.slice(LOST, LostPageTools.BYTES));
    }
    awaitError();
  }

  // ---- memory that is not ours

  /** A mapping of the JDK keeps what HotSpot does: InternalError; in native code the JVM ends. */
  private void mappingOfTheJdk(boolean natively) throws Exception {
    map().close(); // the guard is there
    check(Guard.isInstalled(), "not installed");
    Files.write(path, TestFiles.bytes(SIZE));
    try (FileChannel channel =
        FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      MappedByteBuffer buffer = channel.map(FileChannel.MapMode.READ_WRITE, 0, SIZE);
      truncate(KEPT);
      End end = natively ? touchNatively(buffer) : touch(LostPageAccess.GET, buffer);
      System.out.println("JDK: " + end + ", passed on: " + (Guard.totals().passedOn() > 0));
      check(Guard.faults().isEmpty(), Guard.faults().toString());
    }
  }

  private End touchNatively(MappedByteBuffer buffer) throws Exception {
    LostPageAccess.CRC.touch(tools, buffer.slice(LOST, LostPageTools.BYTES));
    return End.RESCUE; // by another handler
  }
}
