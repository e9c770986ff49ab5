// SPDX-License-Identifier: Apache-2.0
package io.znio;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Locks: among the channels of this JVM, whoever made them, and against another process. */
@ExtendWith(Leaks.class)
@Timeout(60)
@SuppressWarnings("try") // channels are closed in the middle of their blocks: that is the subject
abstract class LockContract {
  private final FileChannels channels;

  @TempDir Path directory;

  private Path file;

  LockContract(FileChannels channels) {
    this.channels = channels;
  }

  @BeforeEach
  void writeFile() throws IOException {
    file = TestFiles.of(directory, TestFiles.bytes(100));
  }

  private FileChannel open() throws IOException {
    return channels.open(file, READ, WRITE);
  }

  private static void assertOverlaps(FileChannel channel, long position, long size) {
    for (boolean shared : new boolean[] {false, true}) {
      assertThatThrownBy(() -> channel.lock(position, size, shared))
          .isExactlyInstanceOf(OverlappingFileLockException.class);
      assertThatThrownBy(() -> channel.tryLock(position, size, shared))
          .isExactlyInstanceOf(OverlappingFileLockException.class);
    }
  }

  @Test
  void aLockTellsItsRange() throws IOException {
    try (FileChannel channel = open();
        FileLock lock = channel.lock(10, 20, true)) {
      assertThat(lock.position()).isEqualTo(10);
      assertThat(lock.size()).isEqualTo(20);
      assertThat(lock.isShared()).isTrue();
      assertThat(lock.isValid()).isTrue();
      assertThat(lock.channel()).isSameAs(channel);
      assertThat(lock.acquiredBy()).isSameAs(channel);
      assertThat(lock.overlaps(29, 1)).isTrue();
      assertThat(lock.overlaps(30, 1)).isFalse();
      FileLock other = channel.tryLock(30, 1, false);
      assertThat(other.isShared()).isFalse();
      assertThat(other.isValid()).isTrue();
    }
  }

  @Test
  void withoutARangeAllIsLocked() throws IOException {
    try (FileChannel channel = open()) {
      FileLock lock = channel.lock();
      assertThat(lock.size()).isEqualTo(Long.MAX_VALUE);
      assertOverlaps(channel, 1L << 40, 1);
      lock.release();
      assertThat(channel.tryLock().isValid()).isTrue();
    }
  }

  /** Until JDK 21 a lock of size 0 was one of nothing. */
  @Test
  void aSizeOfZeroReachesToTheEnd() throws IOException {
    try (FileChannel channel = open();
        FileLock lock = channel.lock(10, 0, false)) {
      boolean toTheEnd = channels.isSince(21);
      assertThat(lock.size()).isEqualTo(toTheEnd ? Long.MAX_VALUE - 10 : 0);
      if (toTheEnd) {
        assertOverlaps(channel, 1000, 1);
        assertThat(channel.tryLock(0, 10, false).isValid()).isTrue();
      }
    }
  }

  @Test
  void theLastByteThereCanBe() throws IOException {
    try (FileChannel channel = open();
        FileLock lock = channel.lock(Long.MAX_VALUE, 0, false)) {
      assertThat(lock.size()).isZero();
      assertThat(lock.isValid()).isTrue();
      assertThat(channel.tryLock(0, Long.MAX_VALUE, true).isValid()).isTrue();
    }
  }

  /** Who else has the file open. */
  enum Other {
    SAME,
    OF_THE_JDK,
    OF_ZNIO,
    ASYNCHRONOUS
  }

  @ParameterizedTest
  @EnumSource(Other.class)
  void overlapsAreFoundInTheWholeJvm(Other other) throws Exception {
    try (FileChannel channel = open()) {
      if (other == Other.ASYNCHRONOUS) {
        try (AsynchronousFileChannel second = AsynchronousFileChannel.open(file, READ, WRITE)) {
          FileLock lock = second.tryLock(50, 10, false);
          assertOverlaps(channel, 59, 100);
          lock.release();
          channel.lock(59, 100, false);
          assertThatThrownBy(() -> second.tryLock(50, 10, false))
              .isExactlyInstanceOf(OverlappingFileLockException.class);
        }
        return;
      }
      FileChannels who = other == Other.OF_THE_JDK ? FileChannels.JDK : FileChannels.ZNIO;
      try (FileChannel second = other == Other.SAME ? channel : who.open(file, READ, WRITE)) {
        FileLock lock = second.lock(50, 10, true);
        assertOverlaps(channel, 50, 10);
        assertOverlaps(channel, 0, 51);
        assertOverlaps(channel, 59, Long.MAX_VALUE - 59);
        FileLock beside = channel.lock(60, 10, false);
        lock.release();
        assertThat(channel.tryLock(0, 60, false).isValid()).isTrue();
        assertOverlaps(second, 55, 1);
        assertThat(beside.isValid()).isTrue();
      }
    }
  }

  @Test
  void closingTheChannelFreesItsLocks() throws IOException {
    FileChannel first = open();
    FileLock lock = first.lock(0, 10, false);
    FileLock more = first.lock(20, 10, true);
    try (FileChannel second = open()) {
      assertOverlaps(second, 5, 1);
      first.close();
      assertThat(lock.isValid()).isFalse();
      assertThat(more.isValid()).isFalse();
      assertThatThrownBy(lock::release).isExactlyInstanceOf(ClosedChannelException.class);
      assertThat(second.lock(0, 100, false).isValid()).isTrue();
    }
  }

  @Test
  void releasingTwiceDoesNothing() throws IOException {
    try (FileChannel channel = open()) {
      FileLock lock = channel.lock(0, 10, false);
      lock.release();
      assertThat(lock.isValid()).isFalse();
      FileLock again = channel.lock(0, 10, false);
      lock.release();
      lock.close();
      assertThat(again.isValid()).isTrue();
      assertOverlaps(channel, 0, 1);
    }
  }

  @Test
  void refusals() throws IOException {
    try (FileChannel reader = channels.open(file, READ);
        FileChannel writer = channels.open(file, WRITE);
        FileChannel appender = channels.open(file, APPEND)) {
      assertThatThrownBy(() -> reader.lock(0, 1, false))
          .isExactlyInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> reader.tryLock())
          .isExactlyInstanceOf(NonWritableChannelException.class);
      assertThatThrownBy(() -> writer.lock(0, 1, true))
          .isExactlyInstanceOf(NonReadableChannelException.class);
      assertThatThrownBy(() -> writer.tryLock(0, 1, true))
          .isExactlyInstanceOf(NonReadableChannelException.class);
      reader.lock(0, 1, true).release();
      appender.lock(0, 1, false).release();
      long[][] ranges = {{-1, 1}, {0, -1}, {Long.MAX_VALUE, 1}, {1, Long.MAX_VALUE}};
      for (long[] range : ranges) {
        assertThatThrownBy(() -> writer.lock(range[0], range[1], false))
            .isExactlyInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> writer.tryLock(range[0], range[1], false))
            .isExactlyInstanceOf(IllegalArgumentException.class);
      }
      writer.close();
      assertThatThrownBy(() -> writer.lock(-1, 1, true))
          .isExactlyInstanceOf(ClosedChannelException.class);
      assertThatThrownBy(writer::tryLock).isExactlyInstanceOf(ClosedChannelException.class);
    }
  }

  @RepeatedTest(20)
  void releaseAndCloseDoNotBlockEachOther() throws Exception {
    FileChannel channel = open();
    List<FileLock> locks = new ArrayList<>();
    for (int i = 0; i < 100; i++) {
      locks.add(channel.lock(i, 1, true));
    }
    Threads.Started<Void> releaser =
        Threads.call(
            "releaser",
            () -> {
              try {
                for (FileLock lock : locks) {
                  lock.release();
                }
              } catch (ClosedChannelException e) {
                // the closer was faster
              }
              return null;
            });
    channel.close();
    releaser.get();
    assertThat(locks).noneMatch(FileLock::isValid);
  }

  // ---- another process

  /** Holds a lock of the file until its input ends. */
  public static final class Holder {
    private Holder() {}

    public static void main(String[] args) throws IOException {
      try (FileChannel channel = FileChannel.open(Path.of(args[0]), READ, WRITE);
          FileLock lock = channel.lock(10, 10, Boolean.parseBoolean(args[1]))) {
        System.out.println(lock.isValid());
        System.in.read();
      }
    }
  }

  private Process hold(boolean shared) throws IOException {
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xshare:auto",
                "-cp",
                Child.classPath(LockContract.class),
                Holder.class.getName(),
                file.toString(),
                Boolean.toString(shared))
            .redirectErrorStream(true)
            .start();
    BufferedReader output = process.inputReader();
    assertThat(output.readLine()).isEqualTo("true");
    return process;
  }

  private static void end(Process process) throws Exception {
    process.destroyForcibly();
    assertThat(process.waitFor(Await.LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
    process.inputReader().close();
    process.outputWriter().close();
    process.errorReader().close();
  }

  @ParameterizedTest
  @CsvSource({"true", "false"})
  void anotherProcessExcludes(boolean shared) throws Exception {
    Process holder = hold(shared);
    try (FileChannel channel = open()) {
      assertThat(channel.tryLock(15, 1, false)).isNull();
      FileLock sharedLock = channel.tryLock(15, 1, true);
      assertThat(sharedLock != null).isEqualTo(shared);
      if (shared) {
        sharedLock.release();
      }
      assertThat(channel.tryLock(20, 10, false).isValid()).isTrue();
      Threads.Started<FileLock> waiter = Threads.call("waiter", () -> channel.lock(0, 15, false));
      waiter.awaitStalled();
      end(holder);
      assertThat(waiter.get().isValid()).isTrue();
    } finally {
      end(holder);
    }
  }

  /** Ends a wait for a lock. */
  interface Disturbance {
    void on(FileChannel channel, Thread waiter) throws IOException;
  }

  private void disturb(Class<? extends Throwable> expected, Disturbance disturbance)
      throws Exception {
    Process holder = hold(true);
    try (FileChannel channel = open();
        FileChannel other = open()) {
      Threads.Started<FileLock> waiter = Threads.call("waiter", () -> channel.lock(0, 15, false));
      waiter.awaitStalled();
      assertOverlaps(other, 14, 1); // the one that waits counts
      disturbance.on(channel, waiter.thread());
      assertThat(waiter.failure()).isExactlyInstanceOf(expected);
      assertThat(channel.isOpen()).isFalse();
      assertThat(other.tryLock(0, 5, false).isValid()).isTrue();
    } finally {
      end(holder);
    }
  }

  @Test
  void closingWakesAWaiter() throws Exception {
    disturb(AsynchronousCloseException.class, (channel, waiter) -> channel.close());
  }

  @Test
  void interruptingWakesAWaiter() throws Exception {
    disturb(FileLockInterruptionException.class, (channel, waiter) -> waiter.interrupt());
  }

  @Test
  void anInterruptedThreadDoesNotLock() throws Exception {
    try (FileChannel channel = open()) {
      Thread.currentThread().interrupt();
      assertThatThrownBy(() -> channel.lock(0, 1, false))
          .isExactlyInstanceOf(FileLockInterruptionException.class);
      assertThat(Thread.interrupted()).isTrue();
      assertThat(channel.isOpen()).isFalse();
    } finally {
      Thread.interrupted();
    }
  }

  @Test
  void tryLockDoesNotLookForInterrupts() throws Exception {
    try (FileChannel channel = open()) {
      Thread.currentThread().interrupt();
      assertThat(channel.tryLock(0, 1, false).isValid()).isTrue();
      assertThat(channel.isOpen()).isTrue();
    } finally {
      assertThat(Thread.interrupted()).isTrue();
    }
  }
}
